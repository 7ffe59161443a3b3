//! What admins set up for programs: tokens for the API, webhooks.

use std::collections::HashMap;

use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::moment;
use crate::{
    access::SignedIn,
    api::caller::Scope,
    app::App,
    clock::{self, DAY},
    error::{Problem, page},
    pages::{
        customers::Choice,
        frame::{FieldError, Tag},
        integrations::{
            ApiTokens, DeliveryRow, MadeToken, NewToken, TokenRow, WebhookRow, Webhooks,
        },
    },
    store::{ApiToken, Delivery},
    webhooks,
};

/// How long a token may live, in days.
pub const LIFETIMES: [u16; 4] = [7, 30, 90, 365];
const SHOWN: i64 = 20;

/// The name of a token, or what is wrong with it.
pub fn check_name(name: &str) -> Result<&str, &'static str> {
    let name = name.trim();
    let fits = (1..=60).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name) } else { Err("Enter what it is for, in at most 60 characters") }
}

/// The form as it is sent: a box that is ticked has the scope's name.
pub type Sent = HashMap<String, String>;

fn view(token: &ApiToken, now: clock::Millis) -> TokenRow {
    let valid = token.is_valid(now);
    let scopes: Vec<(String, bool)> = Scope::of(token)
        .map(|scope| (scope.name().to_owned(), token.is_backed(scope.role())))
        .collect();
    let stopped = scopes.iter().filter(|(_, works)| !works).count();
    let tag = match () {
        () if token.revoked_at != 0 => Tag::new("neutral", "lock", "Revoked"),
        () if !valid => Tag::new("neutral", "clock", "Expired"),
        () if stopped == scopes.len() => Tag::new("bad", "lock", "Stopped"),
        () if stopped > 0 => Tag::new("warn", "lock", "Partly stopped"),
        () => Tag::new("ok", "check", "Valid"),
    };
    let used = if token.used_at == 0 { "never".to_owned() } else { clock::ago(token.used_at, now) };
    TokenRow {
        name: token.name.clone(),
        tag,
        scopes,
        stopped: valid && stopped > 0,
        id: token.id.clone(),
        by: token.created_by.clone(),
        made: clock::ago(token.created_at, now),
        used,
        ends: clock::day(token.expires_at),
        revoke_url: valid.then(|| format!("/settings/tokens/{}/revoke", token.id)),
    }
}

async fn tokens_page(
    app: &App,
    signed: &SignedIn,
    (sent, made): (&Sent, Option<MadeToken>),
    errors: Vec<FieldError>,
) -> Result<Response, Problem> {
    let now = app.store.now();
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let text = |name: &str| sent.get(name).cloned().unwrap_or_default();
    let scope = |scope: Scope| Choice {
        value: scope.name().to_owned(),
        label: scope.words().to_owned(),
        selected: sent.contains_key(scope.name()),
    };
    let days = text("days");
    let days = if days.is_empty() { "90" } else { days.as_str() };
    let words = |days: u16| (days.to_string(), format!("{days} days"));
    let shown = page(&ApiTokens {
        frame: signed.frame(app, "API tokens", "settings"),
        errors,
        made,
        tokens: app.store.api_tokens().await?.iter().map(|one| view(one, now)).collect(),
        new: NewToken {
            name: text("name"),
            scopes: Scope::ALL.map(scope).to_vec(),
            days: Choice::list(LIFETIMES.map(words), days),
        },
    })?;
    Ok((status, shown).into_response())
}

/// `GET /settings/tokens`
pub async fn tokens(State(app): State<App>, signed: SignedIn) -> Result<Response, Problem> {
    tokens_page(&app, &signed, (&Sent::new(), None), Vec::new()).await
}

/// `POST /settings/tokens`
pub async fn make_token(
    State(app): State<App>,
    signed: SignedIn,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let mut errors = Vec::new();
    let typed = sent.get("name").map_or("", String::as_str);
    let name = check_name(typed);
    if let Err(why) = name {
        errors.push(FieldError::new("name", why));
    }
    let scopes = Scope::ALL.into_iter().filter(|scope| sent.contains_key(scope.name()));
    let scopes: Vec<&str> = scopes.map(Scope::name).collect();
    if scopes.is_empty() {
        errors.push(FieldError::new("scopes", "Choose at least one thing that it may do"));
    }
    let days = sent.get("days").and_then(|days| days.parse().ok());
    let days = days.filter(|days| LIFETIMES.contains(days));
    if days.is_none() {
        errors.push(FieldError::new("days", "Choose when it ends"));
    }
    let (Ok(name), Some(days), true) = (name, days, errors.is_empty()) else {
        return tokens_page(&app, &signed, (&sent, None), errors).await;
    };
    let ends = app.store.now() + i64::from(days) * DAY;
    let (actor, scopes) = (signed.actor(), scopes.join(" "));
    let token = app.store.add_api_token(&actor, Some(&signed.staff), (name, &scopes), ends).await?;
    let made = Some(MadeToken { name: name.to_owned(), token });
    tokens_page(&app, &signed, (&Sent::new(), made), Vec::new()).await
}

/// `POST /settings/tokens/{id}/revoke`
pub async fn revoke_token(
    State(app): State<App>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    if !app.store.revoke_api_token(&signed.actor(), &id).await? {
        return Err(Problem::NotFound);
    }
    signed.done("/settings/tokens", "The token was revoked. It does not work any more.").await
}

fn delivery(app: &App, one: Delivery) -> DeliveryRow {
    let now = app.store.now();
    let waiting = one.status == "waiting";
    let tag = match one.status.as_str() {
        "delivered" => Tag::new("ok", "check", "Delivered"),
        "failed" => Tag::new("bad", "cross", "Given up"),
        _ if one.attempts > 0 => Tag::new("warn", "clock", "Trying again"),
        _ => Tag::new("info", "clock", "Waiting"),
    };
    let next = match one.next_at - now {
        _ if !waiting => String::new(),
        soon if soon < clock::MINUTE => "within a minute".to_owned(),
        later => format!("in {}", clock::span(later)),
    };
    DeliveryRow {
        at: moment(one.created_at, now),
        id: one.id,
        event: one.event,
        tag,
        attempts: one.attempts,
        outcome: one.outcome,
        next,
    }
}

async fn webhooks_page(
    app: &App,
    signed: &SignedIn,
    (typed, made): (&str, Option<String>),
    errors: Vec<FieldError>,
) -> Result<Response, Problem> {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let now = app.store.now();
    let mut rows = Vec::new();
    for one in app.store.webhooks().await? {
        let deliveries = app.store.deliveries(&one.id, SHOWN).await?;
        rows.push(WebhookRow {
            made: clock::ago(one.created_at, now),
            deliveries: deliveries.into_iter().map(|one| delivery(app, one)).collect(),
            id: one.id,
            url: one.url,
            by: one.created_by,
        });
    }
    let frame = signed.frame(app, "Webhooks", "settings");
    let shown = page(&Webhooks { frame, errors, made, webhooks: rows, typed: typed.to_owned() })?;
    Ok((status, shown).into_response())
}

/// `GET /settings/webhooks`
pub async fn list_webhooks(State(app): State<App>, signed: SignedIn) -> Result<Response, Problem> {
    webhooks_page(&app, &signed, ("", None), Vec::new()).await
}

/// A webhook to add.
#[derive(Debug, Deserialize)]
pub struct NewWebhook {
    #[serde(default)]
    url: String,
}

/// `POST /settings/webhooks`
pub async fn add_webhook(
    State(app): State<App>,
    signed: SignedIn,
    Form(sent): Form<NewWebhook>,
) -> Result<Response, Problem> {
    match webhooks::check_url(&sent.url, &app.site.webhook_hosts) {
        Ok(url) => {
            let Some(id) = app.store.add_webhook(&signed.actor(), url.as_str()).await? else {
                let why = "There are 20 webhooks already. Remove one that is no longer needed";
                let errors = vec![FieldError::new("url", why)];
                return webhooks_page(&app, &signed, (&sent.url, None), errors).await;
            };
            let secret = app.store.key().webhook_secret(&id);
            webhooks_page(&app, &signed, ("", Some(secret)), Vec::new()).await
        }
        Err(why) => {
            let errors = vec![FieldError::new("url", why)];
            webhooks_page(&app, &signed, (&sent.url, None), errors).await
        }
    }
}

/// `POST /settings/webhooks/{id}/test`
pub async fn test_webhook(
    State(app): State<App>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    app.store.webhook(&id).await?.ok_or(Problem::NotFound)?;
    if !app.store.test_webhook(&id).await? {
        let why = "Ten tests wait already. See below what comes of them.";
        return signed.refused("/settings/webhooks", why).await;
    }
    let told = "A test is on its way. Reload the page in a moment to see what came of it.";
    signed.done("/settings/webhooks", told).await
}

/// `POST /settings/webhooks/{id}/remove`
pub async fn remove_webhook(
    State(app): State<App>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    if !app.store.remove_webhook(&signed.actor(), &id).await? {
        return Err(Problem::NotFound);
    }
    signed.done("/settings/webhooks", "The webhook was removed and is told no more.").await
}
