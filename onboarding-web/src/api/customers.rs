//! Customers and their links.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    caller::Caller,
    failure::Failure,
    records::{Customer, CustomerRow, row, view},
    request::{IdempotencyKey, Json, List, Part, Query, once, whole_or_none},
};
use crate::{
    app::App,
    clock,
    customer_form::RawCustomer,
    customers,
    store::{ListFilter, Sort},
};

/// What is entered about a customer. The rules are those of the form that staff fill in.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerFields {
    /// What the customer is called.
    #[schema(example = "Acme Stores", min_length = 1, max_length = 120)]
    name: String,
    /// Whom to write to.
    #[schema(example = "cloud-team@acme.example")]
    email: String,
    /// The AWS account: 12 digits.
    #[schema(example = "111122223333")]
    account: String,
    /// ARNs of load balancers, or `eu-west-1 all`, or `eu-west-1 tag:Team=shop`.
    #[schema(example = json!(["eu-west-1 all"]), min_items = 1)]
    load_balancers: Vec<String>,
    /// A bucket of the customer's to keep the logs in; none: the one in use, or a new one.
    #[serde(default)]
    existing_bucket: Option<String>,
    /// Days after which logs expire in a new bucket; 365 if not given.
    #[serde(default, deserialize_with = "whole_or_none")]
    #[schema(minimum = 1, maximum = 3650)]
    retention_days: Option<u16>,
    /// Days that the link works; as set under Settings if not given.
    #[serde(default, deserialize_with = "whole_or_none")]
    #[schema(minimum = 1, maximum = 90)]
    expires_days: Option<u16>,
    /// The version of the onboarding template that links pin; the newest if not given.
    #[serde(default)]
    template_version: Option<String>,
    /// Who looks after the customer.
    #[serde(default)]
    owner: Option<String>,
    /// For staff only.
    #[serde(default)]
    notes: Option<String>,
}

impl CustomerFields {
    fn raw(self) -> RawCustomer {
        let number = |days: Option<u16>| days.map(|days| days.to_string()).unwrap_or_default();
        RawCustomer {
            name: self.name,
            email: self.email,
            account: self.account,
            load_balancers: self.load_balancers.join("\n"),
            existing_bucket: self.existing_bucket.unwrap_or_default(),
            retention_days: number(self.retention_days),
            expires_days: number(self.expires_days),
            template_version: self.template_version.unwrap_or_default(),
            owner: self.owner.unwrap_or_default(),
            notes: self.notes.unwrap_or_default(),
        }
    }
}

/// Which customers.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// A part of the name, account, contact, load balancers, or the end of the link.
    #[param(max_length = 200)]
    q: Option<String>,
    /// A state.
    state: Option<StateName>,
    /// For instance `eu-west-1`.
    region: Option<String>,
    /// A template's version.
    version: Option<String>,
    /// Who looks after the customer.
    owner: Option<String>,
    /// What comes first.
    sort: Option<SortName>,
    /// From 1.
    #[param(minimum = 1, maximum = 1_000_000)]
    page: Option<u32>,
    /// How many on a page; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    per_page: Option<u32>,
}

/// A state.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StateName {
    /// The link was made.
    Sent,
    /// The customer has seen the page.
    Opened,
    /// The stack is at work.
    Running,
    /// The last thing that was tried failed.
    Failed,
    /// Logging is set up.
    Active,
    /// Running, and not heard of for too long.
    Stale,
    /// The stack was deleted.
    Removed,
}

/// What comes first.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SortName {
    /// What needs attention.
    #[default]
    Attention,
    /// By name.
    Name,
    /// What changed last.
    Changed,
}

/// Lists customers.
#[utoipa::path(get, path = "/api/v1/customers", tag = "customers", params(Asked),
    security(("token" = ["customers:read"])),
    responses((status = 200, body = List<CustomerRow>), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn list(
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<axum::Json<List<CustomerRow>>, Failure> {
    let part = Part::new(asked.page, asked.per_page)?;
    let query = asked.q.unwrap_or_default();
    if query.chars().count() > 200 {
        return Err(Failure::of_field("q", "Search for at most 200 characters"));
    }
    let state = asked.state.map(|state| format!("{state:?}").to_lowercase());
    let filter = ListFilter {
        query: query.chars().filter(|c| !c.is_control()).collect(),
        state: state.unwrap_or_default(),
        region: asked.region.unwrap_or_default(),
        version: asked.version.unwrap_or_default(),
        owner: asked.owner.unwrap_or_default(),
    };
    let sort = match asked.sort.unwrap_or_default() {
        SortName::Attention => Sort::Attention,
        SortName::Name => Sort::Name,
        SortName::Changed => Sort::Changed,
    };
    let found = app.store.list(&filter, sort, part.limit(), part.offset()).await?;
    Ok(axum::Json(List {
        items: found.rows.into_iter().map(row).collect(),
        total: found.total,
        next_page: part.next(found.total),
    }))
}

/// Adds a customer and makes the link.
#[utoipa::path(post, path = "/api/v1/customers", tag = "customers", params(IdempotencyKey),
    request_body = CustomerFields, security(("token" = ["customers:write"])),
    responses((status = 201, body = Customer, headers(("Location" = String))),
        (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn add(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(fields, digest): Json<CustomerFields>,
) -> Result<Response, Failure> {
    let (actor, raw) = (caller.actor(), fields.raw());
    let added = match once(&headers, &caller, &format!("add customer {digest}"))? {
        Some(once) => customers::add_once(&app, &actor, &raw, &once).await?,
        None => customers::add(&app, &actor, &raw).await?,
    };
    let id = added.map_err(Failure::of_fields)?;
    let customer = view(&app, customers::find(&app, &id).await?);
    let location = [(LOCATION, format!("/api/v1/customers/{id}"))];
    Ok((StatusCode::CREATED, location, axum::Json(customer)).into_response())
}

/// One customer.
#[utoipa::path(get, path = "/api/v1/customers/{id}", tag = "customers",
    params(("id" = String, Path,)), security(("token" = ["customers:read"])),
    responses((status = 200, body = Customer), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<axum::Json<Customer>, Failure> {
    Ok(axum::Json(view(&app, customers::find(&app, &id).await?)))
}

/// Changes what is known of a customer: all of it at once. The link stays the same.
#[utoipa::path(put, path = "/api/v1/customers/{id}", tag = "customers",
    params(("id" = String, Path,)), request_body = CustomerFields,
    security(("token" = ["customers:write"])),
    responses((status = 200, body = Customer), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(fields, _): Json<CustomerFields>,
) -> Result<axum::Json<Customer>, Failure> {
    let customer = customers::find(&app, &id).await?;
    let changed = customers::change(&app, &caller.actor(), &customer, &fields.raw()).await?;
    changed.map_err(Failure::of_fields)?;
    Ok(axum::Json(view(&app, customers::find(&app, &id).await?)))
}

/// Begins to take a customer off: its page then says how to delete the stacks. Logs stay.
#[utoipa::path(post, path = "/api/v1/customers/{id}/offboard", tag = "customers",
    params(("id" = String, Path,)), security(("token" = ["customers:write"])),
    responses((status = 200, body = Customer), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn offboard(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<Customer>, Failure> {
    customers::find(&app, &id).await?;
    app.store.offboard(&caller.actor(), &id).await?;
    app.live.changed(&id);
    Ok(axum::Json(view(&app, customers::find(&app, &id).await?)))
}

/// Takes a customer back who was being taken off.
#[utoipa::path(post, path = "/api/v1/customers/{id}/reinstate", tag = "customers",
    params(("id" = String, Path,)), security(("token" = ["customers:write"])),
    responses((status = 200, body = Customer), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn reinstate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<axum::Json<Customer>, Failure> {
    customers::find(&app, &id).await?;
    app.store.reinstate(&caller.actor(), &id).await?;
    app.live.changed(&id);
    Ok(axum::Json(view(&app, customers::find(&app, &id).await?)))
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct Event {
    /// When.
    at: String,
    /// A member of staff, `Customer`, or `AWS`.
    who: String,
    /// In a few words.
    what: String,
    /// The rest, verbatim.
    detail: String,
}

/// What happened to a customer: the last 200 events, the newest first.
#[utoipa::path(get, path = "/api/v1/customers/{id}/events", tag = "customers",
    params(("id" = String, Path,)), security(("token" = ["customers:read"])),
    responses((status = 200, body = Vec<Event>), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn events(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<axum::Json<Vec<Event>>, Failure> {
    customers::find(&app, &id).await?;
    let event = |one: crate::store::Event| Event {
        at: clock::rfc3339(one.at),
        who: one.who,
        what: one.what,
        detail: one.detail,
    };
    let events = app.store.events(&id, 200).await?;
    Ok(axum::Json(events.into_iter().map(event).collect()))
}
