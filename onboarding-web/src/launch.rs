//! The customer's side: the page behind the link, and what hangs on it.

use std::sync::Arc;

use axum::{
    extract::{Path, Query, State},
    http::{
        HeaderMap,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use crate::{
    access::{Ip, network},
    app::App,
    catalogue::{OnOffer, Template},
    clock,
    customer_form::grouped,
    customers,
    error::{Problem, page},
    event_stream::{self, Watcher},
    hints, links,
    onboarding::State as Standing,
    pages::{
        explain::{ExplainPage, Explained, Outcome},
        launch::{Changes, LaunchPage, LaunchRegion, LaunchRole},
        permissions::PermissionsPage,
        progress::ProgressFragment,
    },
    progress,
    store::{Customer, Region},
    words,
};

/// The customer whose page this is, if the link is valid. Unknown, expired and revoked links look
/// the same.
async fn customer(app: &App, ip: Ip, token: &str) -> Result<Customer, Problem> {
    let found = app.store.customer_by_page(token).await?;
    valid(app, ip, found, |customer| customer)
}

/// What was found by a token, unless it is no valid link.
fn valid<T>(
    app: &App,
    ip: Ip,
    found: Option<T>,
    customer: impl Fn(&T) -> &Customer,
) -> Result<T, Problem> {
    match found.filter(|found| customer(found).link_is_valid(app.store.now())) {
        Some(found) => Ok(found),
        None if app.limits.unknown_tokens.check_key(&network(ip.0)).is_err() => {
            Err(Problem::TooMany(60))
        }
        None => Err(Problem::LinkGone),
    }
}

async fn template(app: &App, customer: &Customer) -> Result<Arc<Template>, Problem> {
    let id = templates::catalog::LOGS_ANALYSIS_ONBOARDING.id;
    let found = app.catalogue.template(id, &customer.template_version).await;
    let missing = format!("template version {} is not known", customer.template_version);
    found?.ok_or_else(|| Problem::internal(&missing))
}

async fn launch_role(app: &App) -> Result<Arc<Template>, Problem> {
    let found = app.catalogue.launch_role(&app.catalogue.on_offer(&[]).await?).await?;
    found.ok_or_else(|| Problem::internal(&"there is no launch role"))
}

/// `GET /c/{token}`
pub async fn show(
    State(app): State<App>,
    ip: Ip,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let found = app.catalogue.customer_by_page(&token).await?;
    let (mut customer, on_offer) = valid(&app, ip, found, |(customer, _)| customer)?;
    // A script that looks again, or a mail program that looks ahead, is no person.
    let kind = headers.get("sec-fetch-dest");
    let ahead = headers.contains_key("sec-purpose");
    let opened = kind.is_none_or(|kind| kind == "document") && !ahead;
    if opened && !customer.is_visited(app.store.now()) {
        if app.store.page_opened(&customer.id).await? {
            app.live.changed(&customer.id);
        }
        customer = app.store.customer(&customer.id).await?.ok_or(Problem::NotFound)?;
    }
    page(&view(&app, &customer, &on_offer, &token).await?)
}

/// The page as the customer sees it; staff look at it in a preview.
pub async fn view(
    app: &App,
    customer: &Customer,
    on_offer: &OnOffer,
    token: &str,
) -> Result<LaunchPage, Problem> {
    let (now, site) = (app.store.now(), &app.site);
    let template = template(app, customer).await?;
    let listed = customer.regions.iter().filter(|region| region.dropped_at == 0);
    let row = &template.row;
    let published = on_offer.published_in(&row.template_id, &row.version);
    let regions = listed.map(|region| {
        let there = links::is_published(&region.region, published.as_deref());
        launch_region(app, &template, customer, (region, there))
    });
    let regions = regions.collect::<Result<_, _>>()?;
    let offered = on_offer.versions(&row.template_id);
    let base = format!("/c/{token}");
    let offboarded = customer.offboarded_at != 0;
    let title = if offboarded {
        "Disconnect your load balancer logs"
    } else {
        "Connect your load balancer logs"
    };
    Ok(LaunchPage {
        frame: site.frame(title),
        vendor: site.vendor.clone(),
        contact: site.contact.clone(),
        contact_url: site.contact_url(),
        customer_name: customer.name.clone(),
        account_grouped: grouped(&customer.account),
        expires: clock::day(customer.expires_at),
        regions,
        template_version: template.row.version.clone(),
        template_sha256: template.row.digest.clone(),
        template_url_page: links::download_path(token, &template),
        newer: words::newer(&offered, &customer.template_version),
        changes: changes(&site.vendor, customer),
        permissions_url: format!("{base}/permissions"),
        explain_url: format!("{base}/explain"),
        progress_first: !matches!(customer.state(now), Standing::Sent | Standing::Opened),
        progress: progress::of(site, customer, now, false, &base),
        launch_role: launch_role_view(app, on_offer, customer, token).await?,
        offboarded,
    })
}

fn launch_region(
    app: &App,
    template: &Template,
    customer: &Customer,
    (region, published): (&Region, bool),
) -> Result<LaunchRegion, Problem> {
    let launch = links::onboarding(&app.site, app.store.key(), template, customer, region)
        .map_err(|error| Problem::internal(&error))?;
    Ok(LaunchRegion {
        region: launch.region,
        load_balancers: words::load_balancers(&region.selectors),
        url: launch.url,
        stack_name: launch.stack_name,
        template_url: launch.template_url,
        parameters: words::parameters(&launch.parameters),
        cli: launch.cli,
        terraform: launch.terraform,
        stack_set: launch.stack_set,
        preflight: launch.preflight,
        delete_cli: launch.delete,
        update_cli: region.wants_update().then_some(launch.update),
        published,
        connected: region.onboarding.state(app.store.now()) == Standing::Active,
    })
}

async fn launch_role_view(
    app: &App,
    on_offer: &OnOffer,
    customer: &Customer,
    token: &str,
) -> Result<LaunchRole, Problem> {
    let launch = customers::launch_role(app, on_offer, customer).await?;
    let missing = || Problem::internal(&"there is no launch role, or no region is left");
    let (role, launch) = launch.ok_or_else(missing)?;
    let place = [("Template URL", launch.template_url), ("Stack name", launch.stack_name)];
    let place = place.map(|(name, value)| (name.to_owned(), value));
    Ok(LaunchRole {
        url: launch.url,
        region: launch.region,
        parameters: place.into_iter().chain(words::parameters(&launch.parameters)).collect(),
        cli: launch.cli,
        stack_name_prefix: links::STACK_NAME_PREFIX.to_owned(),
        role_name_part: "StackLaunchRole".to_owned(),
        download_url: links::download_path(token, &role),
        sha256: role.row.digest.clone(),
    })
}

fn changes(vendor: &str, customer: &Customer) -> Changes {
    let lines = |all: &[&str]| all.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let days = customer.retention_days;
    let bucket = if customer.existing_bucket.is_empty() {
        format!(
            "An S3 bucket for the logs, closed to the public, unless your load balancers log to one \
             already. Logs in it expire after {days} days."
        )
    } else {
        format!("No bucket: logs go to yours, {}.", customer.existing_bucket)
    };
    let mut created = vec![bucket];
    created.push(format!("An SNS topic that tells {vendor} of each new log."));
    created.extend(lines(&[
        "A Lambda function that does this work and runs only when you change the stack, with a role and \
         a log of its own.",
    ]));
    Changes {
        created,
        changed: vec![
            "Logging is turned on for the load balancers listed below. Where it is on already, it stays as \
             it is."
                .to_owned(),
            format!(
                "The bucket's policy: load balancers may write logs, {vendor} may read those logs and \
                 nothing else. Your own statements stay."
            ),
        ],
        never: lines(&[
            "No log is ever deleted by the stack.",
            "No traffic, no listener, no certificate and no rule of a load balancer is touched.",
            "Policies, notifications and tags that are yours stay as they are.",
        ]),
        cost: lines(&[
            "S3 storage and requests for the logs, charged by AWS to your account. How much depends on your \
             traffic.",
            "Next to nothing for the topic and the function.",
        ]),
        undo: lines(&[
            "Delete the stack. Logging goes back to what it was, and our access ends.",
            "Logs stay: a bucket that has logs in it is kept, and you decide about it.",
        ]),
    }
}

/// `GET /c/{token}/progress`
pub async fn fragment(
    State(app): State<App>,
    ip: Ip,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let customer = customer(&app, ip, &token).await?;
    let base = format!("/c/{token}");
    let progress = progress::of(&app.site, &customer, app.store.now(), false, &base);
    page(&ProgressFragment { progress: &progress })
}

/// `GET /c/{token}/events`
pub async fn events(
    State(app): State<App>,
    ip: Ip,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let customer = customer(&app, ip, &token).await?;
    event_stream::open(&app, &customer.id, Watcher::Link, format!("/c/{token}"))
}

/// `GET /c/{token}/permissions`
pub async fn permissions(
    State(app): State<App>,
    ip: Ip,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let customer = customer(&app, ip, &token).await?;
    let template = template(&app, &customer).await?;
    let site = &app.site;
    let region = customer.regions.first().map_or("us-east-1", |region| region.region.as_str());
    let url = templates::quick_create::template_url(
        &site.constants.code_bucket_prefix,
        region,
        &template.row.template_id,
        &template.row.version,
    );
    page(&PermissionsPage {
        frame: site.frame("What the stack may do in your account"),
        vendor: site.vendor.clone(),
        account_grouped: grouped(&customer.account),
        template_name: words::template_name(&template.row.template_id).to_owned(),
        template_version: template.row.version.clone(),
        template_sha256: template.row.digest.clone(),
        template_url: url.map_err(|error| Problem::internal(&error))?,
        made: clock::day(app.store.now()),
        never: words::cannot(&template.limits),
        but: template.limits.iter().flat_map(|one| one.but.clone()).collect(),
        roles: template.roles.iter().map(words::role).collect(),
        back_url: format!("/c/{token}"),
    })
}

/// What AWS said.
#[derive(Debug, Deserialize)]
pub struct Said {
    #[serde(default)]
    text: String,
}

/// `GET /c/{token}/explain`
pub async fn explain(
    State(app): State<App>,
    ip: Ip,
    Path(token): Path<String>,
    Query(said): Query<Said>,
) -> Result<Response, Problem> {
    customer(&app, ip, &token).await?;
    let site = &app.site;
    let outcome = match hints::explain(&said.text) {
        _ if said.text.trim().is_empty() => Outcome::NotAsked,
        Some(hint) => Outcome::Known(Explained {
            title: hint.title.to_owned(),
            next: hint.customer.to_owned(),
            code: hint.code.to_owned(),
        }),
        None => Outcome::Unknown,
    };
    page(&ExplainPage {
        frame: site.frame("What did AWS say?"),
        vendor: site.vendor.clone(),
        contact: site.contact.clone(),
        contact_url: site.contact_url(),
        action_url: format!("/c/{token}/explain"),
        back_url: format!("/c/{token}"),
        text: said.text,
        outcome,
    })
}

/// `GET /c/{token}/template.yaml`
pub async fn download(
    State(app): State<App>,
    ip: Ip,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let customer = customer(&app, ip, &token).await?;
    Ok(file(&*template(&app, &customer).await?))
}

/// `GET /c/{token}/launch-role.yaml`
pub async fn download_launch_role(
    State(app): State<App>,
    ip: Ip,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    customer(&app, ip, &token).await?;
    Ok(file(&*launch_role(&app).await?))
}

/// A template as a file.
pub fn file(template: &Template) -> Response {
    let name = format!("{}-{}.yaml", template.row.template_id, template.row.version);
    let headers = [
        (CONTENT_TYPE, "application/yaml".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, template.row.body.clone()).into_response()
}
