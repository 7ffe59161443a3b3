//! The audit log: who did what, and whether the record is whole.

use std::sync::PoisonError;

use axum::{
    extract::{Query, State},
    http::{
        StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{address, moment, page_of};
use crate::{
    access::SignedIn,
    app::App,
    clock::{self, DAY},
    csv_text,
    error::{Problem, page},
    pages::{
        audit::{Audit, AuditFilters, AuditRow as Row, Chain as ChainWords, Change},
        customers::Choice,
        frame::{FieldError, Pager, Tag},
    },
    store::{AuditFilter, AuditRow, Chain},
};

const PAGE: i64 = 100;
/// An export holds so many rows at most; with more, it is refused and narrower filters are asked for.
const EXPORT: i64 = 100_000;

/// What the log knows of.
const ACTIONS: [&str; 22] = [
    "add customer",
    "add staff",
    "add webhook",
    "change customer",
    "change notes",
    "change setting",
    "change sign-in",
    "change staff",
    "fail to sign in",
    "make API token",
    "offboard customer",
    "publish",
    "refuse report",
    "reinstate customer",
    "remove webhook",
    "replace link",
    "restore template",
    "retire template",
    "revoke API token",
    "revoke link",
    "set password",
    "sign in",
];

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    actor: String,
    action: String,
    customer: String,
    from: String,
    to: String,
    page: String,
}

impl Asked {
    fn filter(&self) -> (AuditFilter, Vec<FieldError>) {
        let mut errors = Vec::new();
        let mut day = |field: &str, text: &str| match clock::parse_day(text) {
            Some(at) => at,
            None if text.is_empty() => 0,
            None => {
                errors.push(FieldError::new(field, "Enter a day as 2026-11-22"));
                0
            }
        };
        let (from, to) = (day("from", &self.from), day("to", &self.to));
        let filter = AuditFilter {
            actor: self.actor.clone(),
            action: self.action.clone(),
            customer: self.customer.clone(),
            from,
            until: if to == 0 { 0 } else { to + DAY },
        };
        (filter, errors)
    }

    fn filters(&self) -> [(&str, &str); 5] {
        [
            ("actor", &self.actor),
            ("action", &self.action),
            ("customer", &self.customer),
            ("from", &self.from),
            ("to", &self.to),
        ]
    }
}

/// `GET /audit`
pub async fn list(
    State(app): State<App>,
    signed: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let (filter, errors) = asked.filter();
    let wanted: i64 = asked.page.parse().unwrap_or(1).max(1);
    let offset = (wanted - 1).saturating_mul(PAGE);
    let (mut rows, total) = app.store.audit_rows(&filter, PAGE, offset).await?;
    let (current, last) = page_of(&asked.page, total, PAGE);
    if current != wanted {
        rows = app.store.audit_rows(&filter, PAGE, (current - 1) * PAGE).await?.0;
    }
    let active = asked.filters().iter().any(|(_, value)| !value.is_empty());
    let pages = |number: i64| usize::try_from(number).unwrap_or(1);
    let number = |at: usize| {
        let at = at.to_string();
        let filters = asked.filters().into_iter().chain([("page", at.as_str())]);
        address("/audit", &filters.collect::<Vec<_>>())
    };
    page(&Audit {
        frame: signed.frame(&app, "Audit", "audit"),
        errors,
        empty: total == 0 && !active,
        filters: filters(&app, &asked, active).await?,
        chain: chain(&app),
        caption: format!("{total} {}", if total == 1 { "entry" } else { "entries" }),
        rows: rows.into_iter().map(|row| view(&app, row)).collect(),
        pager: Pager::new(pages(current), pages(last), number),
        export_query: address("", &asked.filters()),
    })
}

async fn filters(app: &App, asked: &Asked, active: bool) -> Result<AuditFilters, Problem> {
    let staff = app.store.all_staff().await?.into_iter().map(|one| one.email);
    let others = ["stack", "command line", "service"].map(str::to_owned);
    let any = |label: &str, values: Vec<String>, selected: &str| {
        let all = std::iter::once((String::new(), label.to_owned()));
        Choice::list(all.chain(values.into_iter().map(|one| (one.clone(), one))), selected)
    };
    Ok(AuditFilters {
        actors: any("Anyone", staff.chain(others).collect(), &asked.actor),
        actions: any("Anything", ACTIONS.map(str::to_owned).to_vec(), &asked.action),
        customer: asked.customer.clone(),
        from: asked.from.clone(),
        to: asked.to.clone(),
        active,
    })
}

fn chain(app: &App) -> ChainWords {
    let found = app.chain.read().unwrap_or_else(PoisonError::into_inner).clone();
    match found {
        Some((Chain::Whole { rows, .. }, at)) => ChainWords {
            tag: Tag::new("ok", "check", "Whole"),
            words: format!(
                "Every entry up to {rows} is as it was written. Checked {}.",
                clock::words(at)
            ),
        },
        Some((Chain::Broken { seq, why }, at)) => ChainWords {
            tag: Tag::new("bad", "alert", "Broken"),
            words: format!(
                "Entry {seq} cannot be trusted: {why}. Found {}. Keep a copy of the database and find out \
                 who had access to it.",
                clock::words(at)
            ),
        },
        None => ChainWords {
            tag: Tag::new("neutral", "clock", "Not checked yet"),
            words: "The check runs in the background; look again in a minute.".to_owned(),
        },
    }
}

fn view(app: &App, row: AuditRow) -> Row {
    let has_customer = !row.customer_id.is_empty();
    Row {
        number: row.seq.to_string(),
        at: moment(row.at, app.store.now()),
        actor: row.actor,
        address: row.ip,
        action: row.action,
        customer_url: has_customer.then(|| format!("/customers/{}", row.customer_id)),
        customer: row.subject,
        changes: if row.before.is_empty() && row.after.is_empty() {
            Vec::new()
        } else {
            changes(&row.before, &row.after)
        },
        hash: row.hash,
    }
}

/// Line by line, since that is how both are written.
fn changes(before: &str, after: &str) -> Vec<Change> {
    let (before, after): (Vec<&str>, Vec<&str>) =
        (before.lines().collect(), after.lines().collect());
    let pairs = (0..before.len().max(after.len())).map(|at| {
        let (before, after) = (before.get(at).copied(), after.get(at).copied());
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        let (field, before, after) =
            named(before, after).unwrap_or_else(|| (format!("Line {}", at + 1), before, after));
        Change { field, before: before.to_owned(), after: after.to_owned() }
    });
    pairs.filter(|change| change.before != change.after).collect()
}

/// The name of a field that both lines begin with, or the only one there is, and what follows it.
fn named<'a>(before: &'a str, after: &'a str) -> Option<(String, &'a str, &'a str)> {
    let (name, _) = after.split_once(": ").or_else(|| before.split_once(": "))?;
    let rest = |line: &'a str| match line.strip_prefix(name) {
        Some(rest) => rest.strip_prefix(": "),
        None => line.is_empty().then_some(line),
    };
    let mut title = name.to_owned();
    title.get_mut(..1)?.make_ascii_uppercase();
    Some((title, rest(before)?, rest(after)?))
}

/// All rows of an export, or why there is none.
async fn exported(app: &App, asked: &Asked) -> Result<Vec<AuditRow>, Problem> {
    let (filter, errors) = asked.filter();
    let refuse = |why: String| Problem::Bad(StatusCode::BAD_REQUEST, "There is no export", why);
    if let Some(error) = errors.into_iter().next() {
        return Err(refuse(error.message));
    }
    let (rows, total) = app.store.audit_rows(&filter, EXPORT, 0).await?;
    if total > EXPORT {
        return Err(refuse(format!(
            "{total} entries are too many. Choose fewer days and try again."
        )));
    }
    Ok(rows)
}

fn download(kind: &'static str, name: &str, body: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, disposition)], body).into_response()
}

/// `GET /audit/export.csv`
pub async fn csv(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let rows = exported(&app, &asked).await?;
    let header =
        ["seq", "at", "actor", "ip", "action", "customer_id", "subject", "before", "after", "hash"];
    let lines = rows.into_iter().map(|row| {
        let (seq, at) = (row.seq.to_string(), clock::rfc3339(row.at));
        let AuditRow { actor, ip, action, customer_id, subject, before, after, hash, .. } = row;
        vec![seq, at, actor, ip, action, customer_id, subject, before, after, hash]
    });
    let text = csv_text::write(&header, lines);
    Ok(download("text/csv; charset=utf-8", "audit.csv", text))
}

/// `GET /audit/export.json`
pub async fn json(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let rows = exported(&app, &asked).await?;
    let text = serde_json::to_string_pretty(&rows).map_err(|error| Problem::internal(&error))?;
    Ok(download("application/json", "audit.json", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_tells_the_field_and_both_values() {
        let before = "name: Acme\nnotes: \nfree text\nsame";
        let after = "name: Acme & Co: Ltd\nnotes: a: b\nother text\nsame\nbucket: logs";
        let told: Vec<String> = changes(before, after)
            .into_iter()
            .map(|one| format!("{}|{}|{}", one.field, one.before, one.after))
            .collect();
        assert_eq!(
            told,
            [
                "Name|Acme|Acme & Co: Ltd",
                "Notes||a: b",
                "Line 3|free text|other text",
                "Bucket||logs"
            ]
        );
    }
}
