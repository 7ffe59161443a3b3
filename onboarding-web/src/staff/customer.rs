//! One customer: what to do next, links, progress, what happened; and what takes something away.

use axum::{
    Form,
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;

use super::{moment, next_step};
use crate::{
    access::SignedIn,
    app::App,
    catalogue::{OnOffer, Template},
    clock,
    customer_form::grouped,
    customers,
    error::{Problem, page},
    event_stream::{self, Watcher},
    launch,
    links::{self, StackLaunch},
    pages::{
        customer::{
            Confirm, Customer as Page, CustomerLink, Details, EmailText, LaunchRole, RegionLinks,
            TimelineEntry, UpdateNotice,
        },
        frame::Tag,
        progress::ProgressFragment,
    },
    progress,
    store::{Customer, Event, Region, StoreError},
    words,
};

const TIMELINE: i64 = 100;

/// `GET /customers/{id}`
pub async fn show(
    State(app): State<App>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let customer = customers::find(&app, &id).await?;
    let (now, template) = (app.store.now(), customers::pinned(&app, &customer).await?);
    let (url, valid) = (format!("/customers/{id}"), customer.link_is_valid(now));
    let frame = signed.frame(&app, &customer.name, "customers");
    let may_edit = frame.can_edit();
    let link = customers::page_url(&app, &customer);
    let standing = customer.state(now);
    let link_tag = match () {
        () if customer.revoked_at != 0 => Some(Tag::of_link("revoked")),
        () if !valid => Some(Tag::of_link("expired")),
        () => None,
    };
    // Links are what a viewer may not have.
    let shares = may_edit && valid;
    let regions = if shares { regions(&app, &customer, &template)? } else { Vec::new() };
    let email = if shares { Some(email_text(&app, &customer).await?) } else { None };
    let events = app.store.events(&id, TIMELINE).await?;
    let on_offer = app.catalogue.on_offer_to(&customer).await?;
    page(&Page {
        tag: Tag::of_state(standing.name()),
        link_tag,
        next: next_step::of(&app, &customer, standing, shares),
        update: update(&on_offer, &customer),
        unpublished: unpublished(&on_offer, &customer),
        link: shares.then(|| customer_link(&customer, link, now)),
        regions,
        email,
        launch_roles: if shares {
            launch_roles(&app, &on_offer, &customer).await?
        } else {
            Vec::new()
        },
        progress: progress::of(&app.site, &customer, now, true, &url),
        timeline: events.iter().map(|event| entry(event, now)).collect(),
        timeline_more: None,
        details: details(&customer, &template),
        offboarded: customer.offboarded_at != 0,
        frame,
        url,
    })
}

fn customer_link(customer: &Customer, url: String, now: clock::Millis) -> CustomerLink {
    let opened = match customer.opened_count {
        0 => "not opened yet".to_owned(),
        1 => format!("opened once, {}", clock::ago(customer.opened_at, now)),
        count => format!("opened {count} times, last {}", clock::ago(customer.opened_at, now)),
    };
    let left = clock::left(customer.expires_at - now);
    let expiry = format!("expires in {left}, on {}", clock::day(customer.expires_at));
    CustomerLink { url, expiry, opened }
}

fn regions(
    app: &App,
    customer: &Customer,
    template: &Template,
) -> Result<Vec<RegionLinks>, Problem> {
    let launches = customers::launches(app, customer, template)?;
    let listed = customer.regions.iter().filter(|region| region.dropped_at == 0);
    let one = |(region, launch): (&Region, StackLaunch)| RegionLinks {
        region: region.region.clone(),
        tag: Tag::of_state(region.onboarding.state(app.store.now()).name()),
        load_balancers: words::load_balancers(&region.selectors).join(", "),
        aws: launch.url,
        cli: launch.cli,
        terraform: launch.terraform,
        stackset: launch.stack_set,
    };
    Ok(listed.zip(launches).map(one).collect())
}

async fn email_text(app: &App, customer: &Customer) -> Result<EmailText, Problem> {
    let (subject, body) = customers::email(app, customer).await?;
    let encoded = |text: &str| -> String {
        // Mail programs do not know the plus sign for a space.
        url::form_urlencoded::byte_serialize(text.as_bytes())
            .collect::<String>()
            .replace('+', "%20")
    };
    let to = encoded(&customer.email).replace("%40", "@");
    let mailto = format!("mailto:{to}?subject={}&body={}", encoded(&subject), encoded(&body));
    Ok(EmailText { to: customer.email.clone(), subject, body, mailto })
}

async fn launch_roles(
    app: &App,
    on_offer: &OnOffer,
    customer: &Customer,
) -> Result<Vec<LaunchRole>, Problem> {
    let launch = customers::launch_role(app, on_offer, customer).await?.map(|(_, launch)| launch);
    let role = |one: StackLaunch| LaunchRole { region: one.region, aws: one.url, cli: one.cli };
    Ok(launch.into_iter().map(role).collect())
}

/// That the customer cannot launch in some regions, since the template does not lie there.
fn unpublished(on_offer: &OnOffer, customer: &Customer) -> Option<String> {
    let version = &customer.template_version;
    let id = templates::catalog::LOGS_ANALYSIS_ONBOARDING.id;
    let published = on_offer.published_in(id, version);
    let listed = customer.regions.iter().filter(|region| region.dropped_at == 0);
    let without: Vec<&str> = listed
        .map(|region| region.region.as_str())
        .filter(|region| !links::is_published(region, published.as_deref()))
        .collect();
    let regions = without.join(", ");
    (!without.is_empty()).then(|| {
        format!(
            "Template {version} is not published in {regions}: the customer cannot launch there, and \
             their page says so. Have it published there, or take these load balancers off."
        )
    })
}

fn update(on_offer: &OnOffer, customer: &Customer) -> Option<UpdateNotice> {
    let id = templates::catalog::LOGS_ANALYSIS_ONBOARDING.id;
    let newest = words::newer(&on_offer.versions(id), &customer.template_version)?;
    let from = &customer.template_version;
    Some(UpdateNotice {
        words: format!(
            "Template {newest} is there; this customer's links pin {from}. Choose it under Change, then \
             send the link again: the customer's page says how to update the stack."
        ),
        diff_url: format!("/templates/{id}/diff?from={from}&to={newest}"),
    })
}

fn entry(event: &Event, now: clock::Millis) -> TimelineEntry {
    let class = match event.what.as_str() {
        what if what.ends_with("succeeded") => "ok",
        what if what.ends_with("failed") || what.ends_with("wrong place") => "bad",
        what if what.ends_with("began") => "running",
        _ => "neutral",
    };
    TimelineEntry {
        at: moment(event.at, now),
        class,
        what: event.what.clone(),
        who: event.who.clone(),
        note: event.detail.clone(),
    }
}

fn details(customer: &Customer, template: &Template) -> Details {
    let listed = customer.regions.iter().filter(|region| region.dropped_at == 0);
    let load_balancers = listed.flat_map(|region| {
        let all = words::load_balancers(&region.selectors).into_iter();
        all.map(|one| format!("{}: {one}", region.region)).collect::<Vec<_>>()
    });
    Details {
        email: customer.email.clone(),
        account: grouped(&customer.account),
        load_balancers: load_balancers.collect(),
        bucket: if customer.existing_bucket.is_empty() {
            "the one in use, or a new one".to_owned()
        } else {
            customer.existing_bucket.clone()
        },
        retention: format!("{} days in a new bucket", customer.retention_days),
        version: template.row.version.clone(),
        version_url: format!("/templates/{}/{}", template.row.template_id, template.row.version),
        digest: template.row.digest.clone(),
        owner: customer.owner.clone(),
        added: clock::words(customer.created_at),
        notes: customer.notes.clone(),
    }
}

/// `GET /customers/{id}/progress`
pub async fn fragment(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let customer = customers::find(&app, &id).await?;
    let base = format!("/customers/{id}");
    let progress = progress::of(&app.site, &customer, app.store.now(), true, &base);
    page(&ProgressFragment { progress: &progress })
}

/// `GET /customers/{id}/events`
pub async fn events(
    State(app): State<App>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    customers::find(&app, &id).await?;
    event_stream::open(&app, &id, Watcher::Staff(signed.session), format!("/customers/{id}"))
}

/// `GET /customers/{id}/preview`: as the customer sees it; not counted as opened.
pub async fn preview(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let customer = customers::find(&app, &id).await?;
    if !customer.link_is_valid(app.store.now()) {
        return Err(Problem::LinkGone);
    }
    let token = app.store.key().page_token(&customer.id, customer.generation);
    let on_offer = app.catalogue.on_offer_to(&customer).await?;
    page(&launch::view(&app, &customer, &on_offer, &token).await?)
}

/// Notes of staff.
#[derive(Debug, Deserialize)]
pub struct Notes {
    notes: String,
}

/// `POST /customers/{id}/notes`
pub async fn notes(
    State(app): State<App>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(sent): Form<Notes>,
) -> Result<Response, Problem> {
    let customer = customers::find(&app, &id).await?;
    let url = format!("/customers/{id}");
    if sent.notes.chars().count() > 2000 {
        return signed
            .refused(&url, "Notes may have 2,000 characters at most. Nothing was saved.")
            .await;
    }
    let notes = sent.notes.replace("\r\n", "\n");
    app.store.set_notes(&signed.actor(), &id, &customer.owner, notes.trim()).await?;
    signed.done(&url, "The notes were saved.").await
}

/// Asks before something is taken away, and does it.
macro_rules! confirmed {
    ($ask:ident, $do:ident, $title:literal, $page:ident, $act:ident, $done:literal) => {
        #[doc = concat!("`GET`: asks. ", $title)]
        pub async fn $ask(
            State(app): State<App>,
            signed: SignedIn,
            Path(id): Path<String>,
        ) -> Result<Response, Problem> {
            let customer = customers::find(&app, &id).await?;
            let frame = signed.frame(&app, $title, "customers");
            page(&Confirm::$page(frame, &customer.name, &format!("/customers/{id}")))
        }

        #[doc = concat!("`POST`: does it. ", $title)]
        pub async fn $do(
            State(app): State<App>,
            signed: SignedIn,
            Path(id): Path<String>,
        ) -> Result<Response, Problem> {
            customers::find(&app, &id).await?;
            app.store.$act(&signed.actor(), &id).await?;
            app.live.changed(&id);
            signed.done(&format!("/customers/{id}"), $done).await
        }
    };
}

confirmed!(
    ask_rotate,
    rotate,
    "Make a new link",
    rotate,
    rotate_link,
    "There is a new link. The old one does not work any more."
);
confirmed!(
    ask_revoke,
    revoke,
    "Revoke the link",
    revoke,
    revoke_link,
    "The link was revoked. It does not work any more."
);
confirmed!(
    ask_offboard,
    offboard,
    "Offboard this customer",
    offboard,
    offboard,
    "Offboarding has begun. The customer's page now says how to delete the stack."
);

/// `POST /customers/{id}/reinstate`
pub async fn reinstate(
    State(app): State<App>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    customers::find(&app, &id).await?;
    match app.store.reinstate(&signed.actor(), &id).await {
        Err(error @ StoreError::Taken(_)) => {
            return signed.refused(&format!("/customers/{id}"), &format!("{error}.")).await;
        }
        outcome => outcome?,
    }
    app.live.changed(&id);
    let told = "The customer is no longer being taken off. Their page shows how to launch again.";
    signed.done(&format!("/customers/{id}"), told).await
}
