//! Templates, and what changed between them.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{failure::Failure, request::Query};
use crate::{
    app::App, catalogue::Template as Read, clock, error::Problem, permissions::changes::Change,
    store::TemplateVersion, template_diff,
};

/// A version of a template.
#[derive(Debug, Serialize, ToSchema)]
pub struct Template {
    /// For instance `logs-analysis-onboarding`.
    id: String,
    /// For instance `0.1.0`.
    version: String,
    /// SHA-256 of the text, 64 hexadecimal digits.
    sha256: String,
    /// When this service first had it.
    published_at: String,
    /// When it was taken out of use for new links.
    retired_at: Option<String>,
    /// How many customers' links pin it; for templates of the onboarding stack.
    customers: i64,
}

async fn view(app: &App, one: TemplateVersion) -> Result<Template, Failure> {
    Ok(Template {
        customers: app.store.customers_on(&one.version).await?,
        published_at: clock::rfc3339(one.published_at),
        retired_at: (one.retired_at != 0).then(|| clock::rfc3339(one.retired_at)),
        id: one.template_id,
        version: one.version,
        sha256: one.digest,
    })
}

/// All versions of all templates.
#[utoipa::path(get, path = "/api/v1/templates", tag = "templates",
    security(("token" = ["templates:read"])),
    responses((status = 200, body = Vec<Template>), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn list(State(app): State<App>) -> Result<axum::Json<Vec<Template>>, Failure> {
    let mut all = Vec::new();
    for one in app.store.template_versions().await? {
        all.push(view(&app, one).await?);
    }
    Ok(axum::Json(all))
}

/// A template's text.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateText {
    /// For instance `logs-analysis-onboarding`.
    id: String,
    /// For instance `0.1.0`.
    version: String,
    /// SHA-256 of the text, 64 hexadecimal digits.
    sha256: String,
    /// The text, with the vendor's constants in it.
    body: String,
}

async fn find(app: &App, id: &str, version: &str) -> Result<std::sync::Arc<Read>, Failure> {
    Ok(app.catalogue.template(id, version).await?.ok_or(Problem::NotFound)?)
}

/// One version of a template, with its text.
#[utoipa::path(get, path = "/api/v1/templates/{id}/{version}", tag = "templates",
    params(("id" = String, Path,), ("version" = String, Path,)),
    security(("token" = ["templates:read"])),
    responses((status = 200, body = TemplateText), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn show(
    State(app): State<App>,
    Path((id, version)): Path<(String, String)>,
) -> Result<axum::Json<TemplateText>, Failure> {
    let row = find(&app, &id, &version).await?.row.clone();
    Ok(axum::Json(TemplateText { id, version, sha256: row.digest, body: row.body }))
}

/// Which two.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Two {
    /// The older version.
    #[param(example = "0.1.0")]
    from: String,
    /// The newer version.
    #[param(example = "0.1.0")]
    to: String,
}

/// What changed between two versions.
#[derive(Debug, Serialize, ToSchema)]
pub struct Difference {
    /// What the roles may do now and could not before, or the other way round; a sentence each.
    permissions: Vec<String>,
    /// What is asked when launching; a sentence each.
    parameters: Vec<String>,
}

/// What changed between two versions of a template, in words.
#[utoipa::path(get, path = "/api/v1/templates/{id}/diff", tag = "templates",
    params(("id" = String, Path,), Two), security(("token" = ["templates:read"])),
    responses((status = 200, body = Difference), (status = "4XX", body = Failure, content_type = "application/problem+json")))]
pub async fn diff(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(two): Query<Two>,
) -> Result<axum::Json<Difference>, Failure> {
    let (from, to) = (find(&app, &id, &two.from).await?, find(&app, &id, &two.to).await?);
    let (old, new) = (from.row.body.clone(), to.row.body.clone());
    let found = tokio::task::spawn_blocking(move || template_diff::diff(&old, &new)).await;
    let found = found.map_err(|error| Problem::internal(&error))?;
    let words = |all: Vec<Change>| all.into_iter().map(|one| one.words).collect();
    Ok(axum::Json(Difference {
        permissions: words(found.permissions),
        parameters: words(found.parameters),
    }))
}
