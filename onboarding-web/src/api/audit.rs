//! The audit log.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    failure::Failure,
    request::{List, Part, Query},
};
use crate::{
    app::App,
    clock::{self, DAY},
    store::{AuditFilter, AuditRow},
};

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// A part of who.
    actor: Option<String>,
    /// A part of what was done.
    action: Option<String>,
    /// A part of the customer's name or id.
    customer: Option<String>,
    /// The first day, as 2026-11-22.
    #[param(format = Date)]
    from: Option<String>,
    /// The last day, as 2026-11-22.
    #[param(format = Date)]
    to: Option<String>,
    /// From 1.
    #[param(minimum = 1, maximum = 1_000_000)]
    page: Option<u32>,
    /// How many on a page; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    per_page: Option<u32>,
}

/// An entry.
#[derive(Debug, Serialize, ToSchema)]
pub struct Entry {
    /// From 1, without gaps.
    seq: i64,
    /// When.
    at: String,
    /// Who.
    actor: String,
    /// From where.
    ip: String,
    /// What was done.
    action: String,
    /// To which customer; may be empty.
    customer_id: String,
    /// To what.
    subject: String,
    /// What was before.
    before: String,
    /// What is now.
    after: String,
    /// The chain's link: it covers this entry and the one before it.
    hash: String,
}

fn view(row: AuditRow) -> Entry {
    let AuditRow { seq, at, actor, ip, action, customer_id, subject, before, after, hash } = row;
    let at = clock::rfc3339(at);
    Entry { seq, at, actor, ip, action, customer_id, subject, before, after, hash }
}

fn day(field: &'static str, text: Option<&str>) -> Result<i64, Failure> {
    let wrong = || Failure::of_field(field, "Write a day as 2026-11-22");
    text.map_or(Ok(0), |text| clock::parse_day(text).ok_or_else(wrong))
}

/// Lists entries of the audit log, the newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(Asked),
    security(("token" = ["audit:read"])),
    responses((status = 200, body = List<Entry>), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn list(
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<axum::Json<List<Entry>>, Failure> {
    let part = Part::new(asked.page, asked.per_page)?;
    let to = day("to", asked.to.as_deref())?;
    let filter = AuditFilter {
        actor: asked.actor.unwrap_or_default(),
        action: asked.action.unwrap_or_default(),
        customer: asked.customer.unwrap_or_default(),
        from: day("from", asked.from.as_deref())?,
        until: if to == 0 { 0 } else { to + DAY },
    };
    let (rows, total) = app.store.audit_rows(&filter, part.limit(), part.offset()).await?;
    let items = rows.into_iter().map(view).collect();
    Ok(axum::Json(List { items, total, next_page: part.next(total) }))
}
