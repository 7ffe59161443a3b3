//! Who is told of changes.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{caller::Caller, failure::Failure, request::Json};
use crate::{
    app::App,
    clock,
    store::{Delivery as Record, Webhook as WebhookRecord},
    webhooks,
};

/// Somebody who is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct Webhook {
    /// In addresses.
    id: String,
    /// Where it is told.
    url: String,
    /// Who added it.
    created_by: String,
    /// When.
    created_at: String,
    /// What deliveries are signed with (Standard Webhooks); shown when the webhook is made.
    secret: Option<String>,
}

fn view(one: WebhookRecord, secret: Option<String>) -> Webhook {
    let created_at = clock::rfc3339(one.created_at);
    Webhook { id: one.id, url: one.url, created_by: one.created_by, created_at, secret }
}

/// Everybody who is told.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks",
    security(("token" = ["webhooks:write"])),
    responses((status = 200, body = Vec<Webhook>), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn list(State(app): State<App>) -> Result<axum::Json<Vec<Webhook>>, Failure> {
    let all = app.store.webhooks().await?;
    Ok(axum::Json(all.into_iter().map(|one| view(one, None)).collect()))
}

/// A webhook to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// An https address that is reached from anywhere.
    #[schema(example = "https://crm.vendor.example/onboarding")]
    url: String,
}

/// Adds somebody who is told of every change of a customer's state: with the customer's id, name,
/// account and regions. There may be 20.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "webhooks", request_body = NewWebhook,
    security(("token" = ["webhooks:write"])),
    responses((status = 201, body = Webhook), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn add(
    State(app): State<App>,
    caller: Caller,
    Json(NewWebhook { url }, _): Json<NewWebhook>,
) -> Result<Response, Failure> {
    let url = webhooks::check_url(&url, &app.site.webhook_hosts)
        .map_err(|why| Failure::of_field("url", why))?;
    let added = app.store.add_webhook(&caller.actor(), url.as_str()).await?;
    let id = added.ok_or_else(|| {
        let detail = "Remove one that is no longer needed.";
        Failure::new(StatusCode::CONFLICT, "There are 20 webhooks already", detail)
    })?;
    let secret = app.store.key().webhook_secret(&id);
    let made = app.store.webhook(&id).await?.ok_or_else(Failure::not_found)?;
    Ok((StatusCode::CREATED, axum::Json(view(made, Some(secret)))).into_response())
}

/// Tells somebody no more. What was not delivered yet is forgotten.
#[utoipa::path(delete, path = "/api/v1/webhooks/{id}", tag = "webhooks",
    params(("id" = String, Path,)), security(("token" = ["webhooks:write"])),
    responses((status = 204), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let removed = app.store.remove_webhook(&caller.actor(), &id).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(Failure::not_found()) }
}

/// Sends something, to see whether it arrives; look at the deliveries a little later.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/test", tag = "webhooks",
    params(("id" = String, Path,)), security(("token" = ["webhooks:write"])),
    responses((status = 202), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn test(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    app.store.webhook(&id).await?.ok_or_else(Failure::not_found)?;
    if !app.store.test_webhook(&id).await? {
        return Err(Failure::too_many(60));
    }
    Ok(StatusCode::ACCEPTED)
}

/// One thing that is told.
#[derive(Debug, Serialize, ToSchema)]
pub struct Delivery {
    /// The header `webhook-id`, the same at every attempt.
    id: String,
    /// Such as `customer.state_changed`.
    event: String,
    /// `waiting`, `delivered` or `failed`.
    status: String,
    /// How often it was tried.
    attempts: i64,
    /// What came of the last attempt, in words.
    outcome: String,
    /// When it happened.
    created_at: String,
    /// When it is tried next.
    next_at: Option<String>,
}

fn delivery(one: Record) -> Delivery {
    Delivery {
        next_at: (one.status == "waiting").then(|| clock::rfc3339(one.next_at)),
        created_at: clock::rfc3339(one.created_at),
        id: one.id,
        event: one.event,
        status: one.status,
        attempts: one.attempts,
        outcome: one.outcome,
    }
}

/// The last 100 things that somebody was told, the newest first.
#[utoipa::path(get, path = "/api/v1/webhooks/{id}/deliveries", tag = "webhooks",
    params(("id" = String, Path,)), security(("token" = ["webhooks:write"])),
    responses((status = 200, body = Vec<Delivery>), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn deliveries(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<axum::Json<Vec<Delivery>>, Failure> {
    app.store.webhook(&id).await?.ok_or_else(Failure::not_found)?;
    let all = app.store.deliveries(&id, 100).await?;
    Ok(axum::Json(all.into_iter().map(delivery).collect()))
}
