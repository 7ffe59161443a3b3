//! The form that adds a customer or changes one.

use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use crate::{
    access::SignedIn,
    app::App,
    customer_form::{self, RawCustomer, Rules},
    error::{Problem, page},
    links,
    load_balancers::{self, Kind, Line, Selector},
    pages::{
        customers::{Choice, CustomerForm, Parse, ParseRow, Typed},
        frame::FieldError,
    },
    store::{Customer, NewCustomer, StoreError},
};

/// The form as it is sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    name: String,
    email: String,
    account: String,
    load_balancers: String,
    existing_bucket: String,
    retention_days: String,
    expires_days: String,
    template_version: String,
    owner: String,
    notes: String,
}

impl Sent {
    fn raw(&self) -> RawCustomer {
        let Self { name, email, account, load_balancers, existing_bucket, .. } = self.clone();
        let Self { retention_days, expires_days, template_version, owner, notes, .. } =
            self.clone();
        RawCustomer {
            name,
            email,
            account,
            load_balancers,
            existing_bucket,
            retention_days,
            expires_days,
            template_version,
            owner,
            notes,
        }
    }

    fn of(customer: &Customer) -> Self {
        Self {
            name: customer.name.clone(),
            email: customer.email.clone(),
            account: customer.account.clone(),
            load_balancers: customer.load_balancers.clone(),
            existing_bucket: customer.existing_bucket.clone(),
            retention_days: customer.retention_days.to_string(),
            expires_days: customer.expires_days.to_string(),
            template_version: customer.template_version.clone(),
            owner: customer.owner.clone(),
            notes: customer.notes.clone(),
        }
    }
}

/// The default lifetime of links, in days.
pub async fn default_expiry(app: &App) -> Result<u16, Problem> {
    let set = app.store.setting("link_days").await?;
    Ok(set.and_then(|days| days.parse().ok()).unwrap_or(14))
}

/// The record to keep of a checked form.
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

/// Checks the form; `id` is the one that is being changed.
async fn checked(
    app: &App,
    sent: &Sent,
    id: Option<&str>,
) -> Result<Result<NewCustomer, Vec<FieldError>>, Problem> {
    let mut versions = offered(app).await?;
    // A customer may stay on a version that is no longer offered.
    if id.is_some() && !versions.contains(&sent.template_version) {
        let known = app.catalogue.template(ONBOARDING, &sent.template_version).await;
        if known?.is_some() {
            versions.push(sent.template_version.clone());
        }
    }
    let days = default_expiry(app).await?;
    let customer = match check_alone(app, sent, &versions, days) {
        Ok(customer) => customer,
        Err(errors) => {
            let error = |one: customer_form::FieldError| FieldError::new(one.field, one.message);
            return Ok(Err(errors.into_iter().map(error).collect()));
        }
    };
    let new = record(customer, sent.load_balancers.trim());
    let template = app.catalogue.template(ONBOARDING, &new.template_version).await;
    let template = template?.ok_or(Problem::NotFound)?;
    let published = app.store.published_in(ONBOARDING, &new.template_version).await?;
    Ok(links::check(&app.site, app.store.key(), &template, &new)
        .map_err(|error| error.to_string())
        .and_then(|()| links::check_published(&new, published.as_deref()))
        .map(|()| new)
        .map_err(|words| vec![FieldError::new("load_balancers", words)]))
}

/// What the store has to say about load balancers of somebody else, beside the field.
fn kept<T>(outcome: Result<T, StoreError>) -> Result<Result<T, Vec<FieldError>>, Problem> {
    match outcome {
        Ok(kept) => Ok(Ok(kept)),
        Err(error @ StoreError::Taken(_)) => {
            let message = format!("{error}. Change them there");
            Ok(Err(vec![FieldError::new("load_balancers", message)]))
        }
        Err(error) => Err(error.into()),
    }
}

fn check_alone(
    app: &App,
    sent: &Sent,
    versions: &[String],
    default_expiry_days: u16,
) -> Result<customer_form::Customer, Vec<customer_form::FieldError>> {
    let known_region = |region: &str| app.site.offers(region);
    let rules =
        Rules { known_region: &known_region, template_versions: versions, default_expiry_days };
    customer_form::check(&sent.raw(), &rules)
}

const ONBOARDING: &str = templates::catalog::LOGS_ANALYSIS_ONBOARDING.id;

async fn offered(app: &App) -> Result<Vec<String>, Problem> {
    Ok(app.catalogue.offered().await?)
}

async fn form(
    app: &App,
    signed: &SignedIn,
    editing: Option<&Customer>,
    sent: &Sent,
    errors: Vec<FieldError>,
) -> Result<Response, Problem> {
    let default = default_expiry(app).await?.to_string();
    let days = if sent.expires_days.is_empty() { &default } else { &sent.expires_days };
    let mut offered_days: Vec<String> =
        customer_form::OFFERED_EXPIRY_DAYS.iter().map(ToString::to_string).collect();
    if !offered_days.contains(days) && days.parse::<u16>().is_ok() {
        offered_days.push(days.clone());
    }
    let mut versions = offered(app).await?;
    if editing.is_some() && !versions.contains(&sent.template_version) {
        versions.push(sent.template_version.clone());
    }
    let newest = versions.first().cloned().unwrap_or_default();
    let version = if sent.template_version.is_empty() { &newest } else { &sent.template_version };
    let people = app.store.all_staff().await?.into_iter().filter(|one| one.disabled == 0);
    let mut owners: Vec<(String, String)> =
        people.map(|one| (one.email.clone(), one.name)).collect();
    owners.insert(0, (String::new(), "Nobody".to_owned()));
    if !owners.iter().any(|(email, _)| *email == sent.owner) {
        owners.push((sent.owner.clone(), sent.owner.clone()));
    }
    let (title, action, cancel) = match editing {
        Some(customer) => {
            let url = format!("/customers/{}", customer.id);
            (format!("Change {}", customer.name), format!("{url}/edit"), url)
        }
        None => ("Add a customer".to_owned(), "/customers/new".into(), "/customers".into()),
    };
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let words = |days: String| (days.clone(), format!("{days} days"));
    let shown = page(&CustomerForm {
        frame: signed.frame(app, &title, "customers"),
        editing: editing.is_some(),
        action,
        cancel,
        errors,
        expires: Choice::list(offered_days.into_iter().map(words), days),
        versions: Choice::list(versions.into_iter().map(|one| (one.clone(), one)), version),
        owners: Choice::list(owners, &sent.owner),
        parse: parsed(app, &sent.load_balancers, &sent.account),
        typed: typed(sent),
    })?;
    Ok((status, shown).into_response())
}

fn typed(sent: &Sent) -> Typed {
    let days = if sent.retention_days.is_empty() {
        customer_form::DEFAULT_RETENTION_DAYS.to_string()
    } else {
        sent.retention_days.clone()
    };
    Typed {
        name: sent.name.clone(),
        email: sent.email.clone(),
        account: sent.account.clone(),
        load_balancers: sent.load_balancers.clone(),
        existing_bucket: sent.existing_bucket.clone(),
        retention_days: days,
        notes: sent.notes.clone(),
    }
}

/// `GET /customers/new`
pub async fn new(State(app): State<App>, signed: SignedIn) -> Result<Response, Problem> {
    let sent = Sent { owner: signed.staff.email.clone(), ..Sent::default() };
    form(&app, &signed, None, &sent, Vec::new()).await
}

/// `POST /customers/new`
pub async fn add(
    State(app): State<App>,
    signed: SignedIn,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let added = match checked(&app, &sent, None).await? {
        Ok(new) => kept(app.store.add_customers(&signed.actor(), &[new], None).await)?,
        Err(errors) => Err(errors),
    };
    match added {
        Ok(ids) => {
            let id = ids.first().map_or("", String::as_str);
            let told = "The customer was added and the link is ready. Send it.";
            signed.done(&format!("/customers/{id}"), told).await
        }
        Err(errors) => form(&app, &signed, None, &sent, errors).await,
    }
}

async fn customer(app: &App, id: &str) -> Result<Customer, Problem> {
    app.store.customer(id).await?.ok_or(Problem::NotFound)
}

/// `GET /customers/{id}/edit`
pub async fn edit(
    State(app): State<App>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let customer = customer(&app, &id).await?;
    form(&app, &signed, Some(&customer), &Sent::of(&customer), Vec::new()).await
}

/// `POST /customers/{id}/edit`
pub async fn change(
    State(app): State<App>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let customer = customer(&app, &id).await?;
    let stacks = customer.regions.iter().any(|region| region.onboarding.stack.is_some());
    let mut checked = checked(&app, &sent, Some(&id)).await?;
    if checked.as_ref().is_ok_and(|new| stacks && new.account != customer.account) {
        let message = "A stack runs in the account that is set. Add another customer for this one";
        checked = Err(vec![FieldError::new("account", message)]);
    }
    let changed = match checked {
        Ok(new) => kept(app.store.change_customer(&signed.actor(), &id, &new).await)?,
        Err(errors) => Err(errors),
    };
    match changed {
        Ok(()) => {
            app.live.changed(&id);
            signed.done(&format!("/customers/{id}"), "The changes were saved.").await
        }
        Err(errors) => form(&app, &signed, Some(&customer), &sent, errors).await,
    }
}

/// What is in the form's list so far.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Lines {
    load_balancers: String,
    account: String,
}

/// `GET /customers/new/parse`
pub async fn parse(
    State(app): State<App>,
    Query(lines): Query<Lines>,
) -> Result<Response, Problem> {
    page(&parsed(&app, &lines.load_balancers, &lines.account))
}

fn parsed(app: &App, text: &str, account: &str) -> Parse {
    let digits: String = account.chars().filter(char::is_ascii_digit).collect();
    let whole = (digits.len() == 12).then_some(digits.as_str());
    let lines = load_balancers::read(text, whole, &|region| app.site.offers(region));
    let good = lines.iter().filter(|line| line.outcome.is_ok()).count();
    let regions: std::collections::BTreeSet<&str> =
        lines.iter().filter_map(|line| line.outcome.as_ref().ok()).map(Selector::region).collect();
    let s = |count: usize| if count == 1 { "" } else { "s" };
    let summary = match (lines.len(), lines.len() - good) {
        (0, _) => String::new(),
        (_, 0) => {
            let count = regions.len();
            format!("{good} load balancer{} in {count} region{}", s(good), s(count))
        }
        (_, bad) => format!("{good} can be used, {bad} cannot"),
    };
    Parse {
        account: whole.map(customer_form::grouped).unwrap_or_default(),
        summary,
        rows: lines.iter().map(row).collect(),
    }
}

fn row(line: &Line) -> ParseRow {
    let (region, kind, name, problem) = match &line.outcome {
        Ok(Selector::Arn { region, kind, name, .. }) => {
            let kind = match kind {
                Kind::Application => "Application",
                Kind::Network => "Network",
            };
            (region.as_str(), kind, name.clone(), None)
        }
        Ok(Selector::All { region }) => (region.as_str(), "All", "every one".to_owned(), None),
        Ok(Selector::Tag { region, key, value }) => {
            (region.as_str(), "By tag", format!("{key}={value}"), None)
        }
        Err(problem) => ("", "", line.text.clone(), Some(problem.clone())),
    };
    let (region, kind) = (region.to_owned(), kind.to_owned());
    ParseRow { line: line.number, region, kind, name, problem }
}
