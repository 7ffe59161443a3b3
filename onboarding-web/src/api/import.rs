//! Many customers at once, from CSV.

use axum::{extract::State, http::HeaderMap};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    caller::Caller,
    failure::Failure,
    request::{IdempotencyKey, Query, Text, once},
};
use crate::{
    app::App,
    customers,
    import::{DryRun, RowError},
    store::Once,
};

/// How to import.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct How {
    /// Only say what would be done; this is so unless you say `false`.
    dry_run: Option<bool>,
    /// Add the good rows and leave the others out; otherwise one bad row stops all.
    only_good_rows: Option<bool>,
}

/// What an import does, or would do.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Import {
    /// Whether nothing was saved.
    dry_run: bool,
    /// How many rows there are, good and bad; none is counted when an answer is given again.
    rows: usize,
    /// How many can be added.
    good: usize,
    /// What is wrong with the others.
    errors: Vec<RowProblem>,
    /// The ids of the customers that were added.
    added: Vec<String>,
}

/// What is wrong with a row.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowProblem {
    /// As a spreadsheet program numbers it; the header is row 1.
    row: usize,
    /// The column; empty if the whole row is meant.
    column: String,
    /// What the cell says, cut short.
    value: String,
    /// What is wrong, and what to do.
    message: String,
}

fn problem(one: &RowError) -> RowProblem {
    RowProblem {
        row: one.row,
        column: one.column.to_owned(),
        value: one.value.clone(),
        message: one.message.clone(),
    }
}

fn view(run: &DryRun) -> Import {
    Import {
        dry_run: true,
        rows: run.rows,
        good: run.good.len(),
        errors: run.errors.iter().map(problem).collect(),
        added: Vec::new(),
    }
}

/// Reads a CSV file of customers: the columns are those of the page for importing, at most 5,000 rows.
#[utoipa::path(post, path = "/api/v1/customers/import", tag = "customers",
    params(How, IdempotencyKey), request_body(content = String, content_type = "text/csv"),
    security(("token" = ["customers:write"])),
    responses((status = 200, body = Import), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn run(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Query(how): Query<How>,
    Text(bytes, digest): Text,
) -> Result<axum::Json<Import>, Failure> {
    let only_good = how.only_good_rows.unwrap_or(false);
    let once = once(&headers, &caller, &format!("import {only_good} {digest}"))?;
    let dry = how.dry_run.unwrap_or(true);
    if let Some(added) = before(&app, once.as_ref().filter(|_| !dry)).await? {
        return Ok(axum::Json(Import { good: added.len(), added, ..Import::default() }));
    }
    let run = customers::dry_run(&app, bytes).await?;
    let run = run.map_err(|why| Failure::of_field("", why))?;
    let mut import = view(&run);
    if dry {
        return Ok(axum::Json(import));
    }
    // The first request may have been done meanwhile: then its rows are in the way of this one's.
    if !run.errors.is_empty()
        && let Some(added) = before(&app, once.as_ref()).await?
    {
        return Ok(axum::Json(Import { good: added.len(), added, ..Import::default() }));
    }
    if run.good.is_empty() || (!run.errors.is_empty() && !only_good) {
        let field = |one: &RowError| crate::customer_form::FieldError {
            field: one.column,
            message: format!("Row {}: {}", one.row, one.message),
        };
        return Err(Failure::of_fields(run.errors.iter().take(1000).map(field).collect()));
    }
    let new = customers::records(run);
    import.added = match once {
        Some(once) => app.store.add_customers_once(&caller.actor(), &new, &once).await?.0,
        None => app.store.add_customers(&caller.actor(), &new, None).await?,
    };
    Ok(axum::Json(Import { dry_run: false, ..import }))
}

async fn before(app: &App, once: Option<&Once>) -> Result<Option<Vec<String>>, Failure> {
    let Some(once) = once else { return Ok(None) };
    Ok(app.store.done_before(once).await?)
}
