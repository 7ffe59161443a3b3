//! What is done with customers, whoever asks: pages, API, shell. Here what was entered meets what is
//! known of templates and other customers.

use std::sync::Arc;

use templates::catalog::LOGS_ANALYSIS_ONBOARDING;

use crate::{
    app::App,
    catalogue::{OnOffer, Template},
    customer_form::{self, FieldError, RawCustomer, Rules},
    email,
    error::Problem,
    import::{self, DryRun},
    links::{self, StackLaunch},
    load_balancers::{self, overlap},
    store::{Actor, Customer, NewCustomer, Once, Region, StoreError},
};

const ONBOARDING: &str = LOGS_ANALYSIS_ONBOARDING.id;

/// What was done, or what is wrong with what was entered.
pub type Outcome<T> = Result<Result<T, Vec<FieldError>>, Problem>;

/// The default lifetime of links, in days.
pub async fn default_expiry(app: &App) -> Result<u16, Problem> {
    let set = app.store.setting("link_days").await?;
    Ok(set.and_then(|days| days.parse().ok()).unwrap_or(14))
}

/// The record to keep of what was checked. `typed` is what was entered as load balancers.
pub fn record(checked: customer_form::Customer, typed: &str) -> NewCustomer {
    let region = |one: &load_balancers::Region| {
        (one.region.clone(), load_balancers::parameter(one), one.selectors.len())
    };
    NewCustomer {
        regions: checked.regions.iter().map(region).collect(),
        name: checked.name,
        email: checked.email,
        account: checked.account,
        partition: checked.partition,
        existing_bucket: checked.existing_bucket.unwrap_or_default(),
        retention_days: checked.retention_days.into(),
        template_version: checked.template_version,
        owner: checked.owner,
        notes: checked.notes,
        load_balancers: typed.to_owned(),
        expires_days: checked.expires_days.into(),
    }
}

/// Checks what was entered; `customer` is the one that is being changed.
async fn check(app: &App, raw: &RawCustomer, customer: Option<&Customer>) -> Outcome<NewCustomer> {
    let mut versions = app.catalogue.offered().await?;
    // A customer may stay on a version that is no longer offered.
    if customer.is_some() && !versions.contains(&raw.template_version) {
        let known = app.catalogue.template(ONBOARDING, &raw.template_version).await;
        if known?.is_some() {
            versions.push(raw.template_version.clone());
        }
    }
    let default_expiry_days = default_expiry(app).await?;
    let checked = match check_alone(app, raw, &versions, default_expiry_days) {
        Ok(checked) => checked,
        Err(errors) => return Ok(Err(errors)),
    };
    let bound = |one: &Customer| one.regions.iter().any(|region| region.onboarding.stack.is_some());
    if customer.is_some_and(|one| bound(one) && checked.account != one.account) {
        let message = "A stack runs in the account that is set. Add another customer for this one";
        return Ok(Err(vec![FieldError { field: "account", message: message.to_owned() }]));
    }
    let new = record(checked, raw.load_balancers.trim());
    let template = app.catalogue.template(ONBOARDING, &new.template_version).await;
    let template = template?.ok_or(Problem::NotFound)?;
    let published = app.store.published_in(ONBOARDING, &new.template_version).await?;
    // What a customer has stays, also where it was put there by hand before anything was published.
    let kept = |one: &Customer| {
        let has = |name: &str| one.regions.iter().any(|region| region.region == name);
        one.template_version == new.template_version
            && new.regions.iter().all(|(name, ..)| has(name))
    };
    let published = published.filter(|_| !customer.is_some_and(kept));
    Ok(can_launch(app, &template, &new, published.as_deref())
        .map(|()| new)
        .map_err(|words| vec![of_load_balancers(words)]))
}

fn check_alone(
    app: &App,
    raw: &RawCustomer,
    template_versions: &[String],
    default_expiry_days: u16,
) -> Result<customer_form::Customer, Vec<FieldError>> {
    let known_region = |region: &str| app.site.offers(region);
    let rules = Rules { known_region: &known_region, template_versions, default_expiry_days };
    customer_form::check(raw, &rules)
}

/// Whether links can be made, and lead to a template that is there; in words if not.
fn can_launch(
    app: &App,
    template: &Template,
    new: &NewCustomer,
    published: Option<&[String]>,
) -> Result<(), String> {
    let made = links::check(&app.site, app.store.key(), template, new);
    made.map_err(|error| error.to_string())?;
    links::check_published(new, published)
}

fn of_load_balancers(message: String) -> FieldError {
    FieldError { field: "load_balancers", message }
}

/// What the store has to say about load balancers of somebody else, beside the field.
fn kept<T>(outcome: Result<T, StoreError>) -> Outcome<T> {
    match outcome {
        Ok(kept) => Ok(Ok(kept)),
        Err(error @ StoreError::Taken(_)) => {
            Ok(Err(vec![of_load_balancers(format!("{error}. Change them there"))]))
        }
        Err(error) => Err(error.into()),
    }
}

/// Adds a customer and makes the link; the id.
pub async fn add(app: &App, actor: &Actor, raw: &RawCustomer) -> Outcome<String> {
    let new = match check(app, raw, None).await? {
        Ok(new) => new,
        Err(errors) => return Ok(Err(errors)),
    };
    let ids = kept(app.store.add_customers(actor, &[new], None).await)?;
    Ok(ids.map(|ids| ids.into_iter().next().unwrap_or_default()))
}

/// Adds a customer as [`add`] does, or finds the one that the same request made before.
pub async fn add_once(app: &App, actor: &Actor, raw: &RawCustomer, once: &Once) -> Outcome<String> {
    let first = |ids: Vec<String>| ids.into_iter().next().unwrap_or_default();
    // First, because what was made then is in the way now.
    if let Some(ids) = app.store.done_before(once).await? {
        return Ok(Ok(first(ids)));
    }
    let new = match check(app, raw, None).await? {
        Ok(new) => new,
        Err(errors) => return Ok(Err(errors)),
    };
    let added = kept(app.store.add_customers_once(actor, &[new], once).await)?;
    Ok(added.map(|(ids, _)| first(ids)))
}

/// Changes what is known of a customer. The link stays the same.
pub async fn change(
    app: &App,
    actor: &Actor,
    customer: &Customer,
    raw: &RawCustomer,
) -> Outcome<()> {
    let new = match check(app, raw, Some(customer)).await? {
        Ok(new) => new,
        Err(errors) => return Ok(Err(errors)),
    };
    let changed = kept(app.store.change_customer(actor, &customer.id, &new).await)?;
    app.live.changed(&customer.id);
    Ok(changed)
}

/// What a CSV file would do; nothing is saved. The inner error tells why it cannot be read at all.
pub async fn dry_run(app: &App, bytes: Vec<u8>) -> Result<Result<DryRun, String>, Problem> {
    let versions = app.catalogue.offered().await?;
    let days = default_expiry(app).await?;
    let taken = app.store.all_taken().await?;
    let (site, one) = (app.site.clone(), app.clone());
    let newest = versions.first().cloned().unwrap_or_default();
    let template = app.catalogue.template(ONBOARDING, &newest).await;
    let template = template?.ok_or(Problem::NotFound)?;
    let published = app.store.published_in(ONBOARDING, &newest).await?;
    let run = tokio::task::spawn_blocking(move || {
        let known_region = |region: &str| site.offers(region);
        let rules = Rules {
            known_region: &known_region,
            template_versions: &versions,
            default_expiry_days: days,
        };
        let exists = |account: &str, region: &str, wanted: &str| {
            let there = taken.get(&(account.to_owned(), region.to_owned()))?;
            there.iter().find(|(has, _)| overlap(has, wanted)).map(|(_, name)| name.clone())
        };
        let mut run = import::read(&bytes, &rules, &exists).map_err(|error| error.to_string())?;
        run.good.retain(|(row, customer)| {
            let new = record(customer.clone(), "");
            let outcome = can_launch(&one, &template, &new, published.as_deref());
            let refused = outcome.err().map(|message| import::RowError {
                row: *row,
                column: "load_balancers",
                value: new.regions.first().map(|(_, list, _)| list.clone()).unwrap_or_default(),
                message,
            });
            let good = refused.is_none();
            run.errors.extend(refused);
            good
        });
        run.errors.sort_by_key(|error| error.row);
        Ok(run)
    });
    run.await.map_err(|error| Problem::internal(&error))
}

/// The records of a dry run's good rows.
pub fn records(run: DryRun) -> Vec<NewCustomer> {
    let record = |(_, customer): (usize, customer_form::Customer)| {
        let regions = customer.regions.iter();
        let typed: Vec<String> =
            regions.flat_map(|region| region.selectors.iter().map(ToString::to_string)).collect();
        record(customer, &typed.join("\n"))
    };
    run.good.into_iter().map(record).collect()
}

/// By id.
pub async fn find(app: &App, id: &str) -> Result<Customer, Problem> {
    app.store.customer(id).await?.ok_or(Problem::NotFound)
}

/// The template that a customer's links pin.
pub async fn pinned(app: &App, customer: &Customer) -> Result<Arc<Template>, Problem> {
    let found = app.catalogue.template(ONBOARDING, &customer.template_version).await?;
    let missing = format!("no template {}", customer.template_version);
    found.ok_or_else(|| Problem::internal(&missing))
}

/// The address of a customer's page.
pub fn page_url(app: &App, customer: &Customer) -> String {
    app.site.page_url(&app.store.key().page_token(&customer.id, customer.generation))
}

/// What to launch in each of a customer's regions.
pub fn launches(
    app: &App,
    customer: &Customer,
    template: &Template,
) -> Result<Vec<StackLaunch>, Problem> {
    let listed = customer.regions.iter().filter(|region| region.dropped_at == 0);
    let launch = |region| {
        links::onboarding(&app.site, app.store.key(), template, customer, region)
            .map_err(|error| Problem::internal(&error))
    };
    listed.map(launch).collect()
}

/// The launch role, in the first of a customer's regions that has its template: roles are global, so
/// one will do.
pub async fn launch_role(
    app: &App,
    on_offer: &OnOffer,
    customer: &Customer,
) -> Result<Option<(Arc<Template>, StackLaunch)>, Problem> {
    let Some(template) = app.catalogue.launch_role(on_offer).await? else { return Ok(None) };
    let row = &template.row;
    let published = on_offer.published_in(&row.template_id, &row.version);
    let listed = customer.regions.iter().filter(|region| region.dropped_at == 0);
    let there = |region: &&Region| links::is_published(&region.region, published.as_deref());
    let Some(region) = listed.clone().find(there).or(listed.clone().next()) else {
        return Ok(None);
    };
    let launch = links::launch_role(&app.site, &template, &region.region);
    let launch = launch.map_err(|error| Problem::internal(&error))?;
    Ok(Some((template, launch)))
}

/// Subject and text of the e-mail to a customer.
pub async fn email(app: &App, customer: &Customer) -> Result<(String, String), Problem> {
    let link = page_url(app, customer);
    let (subject, body) = settings_of_email(app).await?;
    // What an admin wrote was tried before it was saved; should it fail all the same, ours will do.
    let fill = |own: &str, ours: &str| {
        email::render(&app.site, customer, &link, own)
            .or_else(|_| email::render(&app.site, customer, &link, ours))
            .map_err(|error| Problem::internal(&error))
    };
    let subject = email::one_line(&fill(&subject, email::SUBJECT)?);
    Ok((subject, fill(&body, email::BODY)?))
}

/// The words of the e-mail as they are set.
pub async fn settings_of_email(app: &App) -> Result<(String, String), Problem> {
    let subject = app.store.setting("email_subject").await?;
    let body = app.store.setting("email_body").await?;
    let own = |value: Option<String>, ours: &str| {
        value.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| ours.to_owned())
    };
    Ok((own(subject, email::SUBJECT), own(body, email::BODY)))
}
