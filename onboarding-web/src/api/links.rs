//! What a customer is sent.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    caller::Caller,
    failure::Failure,
    request::{Json, whole},
};
use crate::{app::App, clock, customers, links::StackLaunch, store::Customer};

/// A customer's link, and what stands behind it for each region.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerLink {
    /// The address of the customer's page: whoever has it may open it.
    page_url: String,
    /// Which link it is, from 1.
    generation: i64,
    /// When it ends.
    expires_at: String,
    /// What to launch, one stack for each region.
    stacks: Vec<Stack>,
    /// For customers whose people may not create roles: what an administrator launches first.
    launch_role: Option<Stack>,
    /// What to write to the customer.
    email: Email,
}

/// A stack to launch.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "AWS's own words")]
pub struct Stack {
    /// For instance `eu-west-1`.
    region: String,
    /// What it is to be called.
    stack_name: String,
    /// Where the template is.
    template_url: String,
    /// Opens the AWS console with everything filled in.
    quick_create_url: String,
    /// The same for a shell.
    aws_cli: String,
    /// The same for Terraform.
    terraform: String,
    /// The same for a whole organisation.
    stack_set: String,
}

/// An e-mail.
#[derive(Debug, Serialize, ToSchema)]
pub struct Email {
    /// To whom.
    to: String,
    /// One line.
    subject: String,
    /// Plain text.
    body: String,
}

fn stack(one: StackLaunch) -> Stack {
    Stack {
        region: one.region,
        stack_name: one.stack_name,
        template_url: one.template_url,
        quick_create_url: one.url,
        aws_cli: one.cli,
        terraform: one.terraform,
        stack_set: one.stack_set,
    }
}

async fn view(app: &App, customer: &Customer) -> Result<CustomerLink, Failure> {
    if !customer.link_is_valid(app.store.now()) {
        let detail = "It expired or was revoked. Make a new one.";
        return Err(Failure::new(StatusCode::GONE, "There is no link that works", detail));
    }
    let template = customers::pinned(app, customer).await?;
    let (subject, body) = customers::email(app, customer).await?;
    let stacks = customers::launches(app, customer, &template)?;
    let on_offer = app.catalogue.on_offer_to(customer).await?;
    let launch_role = customers::launch_role(app, &on_offer, customer).await?;
    Ok(CustomerLink {
        page_url: customers::page_url(app, customer),
        generation: customer.generation,
        expires_at: clock::rfc3339(customer.expires_at),
        stacks: stacks.into_iter().map(stack).collect(),
        launch_role: launch_role.map(|(_, launch)| stack(launch)),
        email: Email { to: customer.email.clone(), subject, body },
    })
}

/// The customer's link. Whoever has it may open the customer's page, hence the scope.
#[utoipa::path(get, path = "/api/v1/customers/{id}/link", tag = "links",
    params(("id" = String, Path,)), security(("token" = ["customers:write"])),
    responses((status = 200, body = CustomerLink), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<axum::Json<CustomerLink>, Failure> {
    Ok(axum::Json(view(&app, &customers::find(&app, &id).await?).await?))
}

/// Which link is to be replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    /// The generation of the present link. So a request that comes twice replaces one link.
    #[serde(deserialize_with = "whole")]
    #[schema(example = 1)]
    generation: i64,
}

/// Makes a new link. The old one stops working at once; stacks that were launched with it go on
/// reporting.
#[utoipa::path(post, path = "/api/v1/customers/{id}/link/rotate", tag = "links",
    params(("id" = String, Path,)), request_body = Replace,
    security(("token" = ["customers:write"])),
    responses((status = 200, body = CustomerLink), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn rotate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(Replace { generation }, _): Json<Replace>,
) -> Result<axum::Json<CustomerLink>, Failure> {
    customers::find(&app, &id).await?;
    if !app.store.rotate_link_of(&caller.actor(), &id, generation).await? {
        let detail = format!("The present link is not of generation {generation}. Read it again.");
        return Err(Failure::new(StatusCode::CONFLICT, "The link was replaced before", detail));
    }
    app.live.changed(&id);
    Ok(axum::Json(view(&app, &customers::find(&app, &id).await?).await?))
}

/// Stops the link. Stacks that were launched with it go on reporting.
#[utoipa::path(post, path = "/api/v1/customers/{id}/link/revoke", tag = "links",
    params(("id" = String, Path,)), security(("token" = ["customers:write"])),
    responses((status = 204), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    customers::find(&app, &id).await?;
    app.store.revoke_link(&caller.actor(), &id).await?;
    app.live.changed(&id);
    Ok(StatusCode::NO_CONTENT)
}
