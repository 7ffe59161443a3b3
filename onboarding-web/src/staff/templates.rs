//! The templates: versions, text, permissions, what changed between two.

use axum::{
    extract::{Path, Query, State},
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use templates::catalog;

use super::{address, moment};
use crate::{
    access::SignedIn,
    app::App,
    catalogue::{self, OnOffer},
    error::{Problem, page},
    pages::{
        customers::Choice,
        frame::Tag,
        templates::{
            DiffLine, TemplateCard, TemplateDiff, TemplateText, Templates, VersionRow, WordedChange,
        },
    },
    permissions::changes::{Change, Direction},
    store::TemplateVersion,
    template_diff::{self, Kind},
    words,
};

/// The versions of one template, newest first.
fn of<'a>(all: &'a [TemplateVersion], id: &str) -> Vec<&'a TemplateVersion> {
    let mut versions: Vec<_> = all.iter().filter(|one| one.template_id == id).collect();
    versions.sort_by_key(|one| std::cmp::Reverse(catalogue::parts(&one.version)));
    versions
}

/// How a version stands: new links get the current one.
fn tag(version: &TemplateVersion, on_offer: &OnOffer, published_in: Option<&[String]>) -> Tag {
    if version.retired_at != 0 {
        return Tag::new("neutral", "minus", "Retired");
    }
    if on_offer.newest(&version.template_id).is_some_and(|newest| newest == version.version) {
        return Tag::new("ok", "check", "Current");
    }
    if published_in.is_none_or(|regions| !regions.is_empty()) {
        Tag::new("info", "dot", "Available")
    } else {
        Tag::new("warn", "clock", "Not published")
    }
}

fn choices(versions: &[&TemplateVersion], selected: &str) -> Vec<Choice> {
    Choice::list(versions.iter().map(|one| (one.version.clone(), one.version.clone())), selected)
}

/// `GET /templates`
pub async fn list(State(app): State<App>, signed: SignedIn) -> Result<Response, Problem> {
    let all = app.store.template_versions().await?;
    let frame = signed.frame(&app, "Templates", "templates");
    let admin = frame.is_admin();
    let on_offer = app.catalogue.on_offer(&[]).await?;
    let mut cards = Vec::new();
    for template in catalog::ALL {
        let versions = of(&all, template.id);
        let mut rows = Vec::new();
        for version in &versions {
            rows.push(row(&app, version, &on_offer, admin).await?);
        }
        let name = |at: usize| versions.get(at).map_or("", |one| one.version.as_str());
        cards.push(TemplateCard {
            id: template.id.to_owned(),
            name: words::template_name(template.id).to_owned(),
            purpose: words::template_purpose(template.id).to_owned(),
            from: choices(&versions, name(1)),
            to: choices(&versions, name(0)),
            versions: rows,
        });
    }
    page(&Templates { frame, templates: cards })
}

async fn row(
    app: &App,
    version: &TemplateVersion,
    on_offer: &OnOffer,
    admin: bool,
) -> Result<VersionRow, Problem> {
    let url = format!("/templates/{}/{}", version.template_id, version.version);
    let onboarding = version.template_id == catalog::LOGS_ANALYSIS_ONBOARDING.id;
    let customers = if onboarding { app.store.customers_on(&version.version).await? } else { 0 };
    let published_in = app.store.published_in(&version.template_id, &version.version).await?;
    let regions = match &published_in {
        None => String::new(),
        Some(regions) if regions.is_empty() => "in no region yet".to_owned(),
        Some(regions) => format!("in {}", regions.join(", ")),
    };
    Ok(VersionRow {
        regions,
        tag: tag(version, on_offer, published_in.as_deref()),
        digest: version.digest.clone(),
        published: moment(version.published_at, app.store.now()),
        customers: usize::try_from(customers).unwrap_or(0),
        customers_url: address("/customers", &[("version", &version.version)]),
        notes: version.notes.clone(),
        raw_url: format!("{url}/raw"),
        retire_url: (admin && onboarding && version.retired_at == 0)
            .then(|| format!("{url}/retire")),
        restore_url: (admin && version.retired_at != 0).then(|| format!("{url}/restore")),
        version: version.version.clone(),
        url,
    })
}

async fn find(
    app: &App,
    id: &str,
    version: &str,
) -> Result<std::sync::Arc<catalogue::Template>, Problem> {
    app.catalogue.template(id, version).await?.ok_or(Problem::NotFound)
}

/// `GET /templates/{id}/{version}`
pub async fn show(
    State(app): State<App>,
    signed: SignedIn,
    Path((id, version)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let template = find(&app, &id, &version).await?;
    let all = app.store.template_versions().await?;
    let versions = of(&all, &id);
    // What was read once does not know that it was retired since.
    let row = versions.iter().find(|one| one.version == version).ok_or(Problem::NotFound)?;
    let before = versions.iter().skip_while(|one| one.version != version).nth(1);
    let on_offer = app.catalogue.on_offer(&[]).await?;
    let published_in = app.store.published_in(&id, &version).await?;
    let title = format!("{} {version}", words::template_name(&id));
    let diff = |before: &&TemplateVersion| {
        let filters = [("from", before.version.as_str()), ("to", version.as_str())];
        address(&format!("/templates/{id}/diff"), &filters)
    };
    page(&TemplateText {
        frame: signed.frame(&app, &title, "templates"),
        name: title,
        tag: tag(row, &on_offer, published_in.as_deref()),
        digest: template.row.digest.clone(),
        raw_url: format!("/templates/{id}/{version}/raw"),
        diff_url: before.map(diff),
        roles: template.roles.iter().map(words::role).collect(),
        lines: template.row.body.lines().map(str::to_owned).collect(),
    })
}

/// `GET /templates/{id}/{version}/raw`
pub async fn raw(
    State(app): State<App>,
    Path((id, version)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let template = find(&app, &id, &version).await?;
    let plain = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((plain, template.row.body.clone()).into_response())
}

/// Which two.
#[derive(Debug, Deserialize)]
pub struct Two {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

/// `GET /templates/{id}/diff`
pub async fn diff(
    State(app): State<App>,
    signed: SignedIn,
    Path(id): Path<String>,
    Query(two): Query<Two>,
) -> Result<Response, Problem> {
    let (from, to) = (find(&app, &id, &two.from).await?, find(&app, &id, &two.to).await?);
    let all = app.store.template_versions().await?;
    let versions = of(&all, &id);
    let (old, new) = (from.row.body.clone(), to.row.body.clone());
    let found = tokio::task::spawn_blocking(move || template_diff::diff(&old, &new)).await;
    let found = found.map_err(|error| Problem::internal(&error))?;
    let name = words::template_name(&id).to_owned();
    page(&TemplateDiff {
        frame: signed.frame(&app, &format!("{name}: {} and {}", two.from, two.to), "templates"),
        id,
        name,
        from: choices(&versions, &two.from),
        to: choices(&versions, &two.to),
        same: from.row.digest == to.row.digest,
        permissions: found.permissions.into_iter().map(worded).collect(),
        parameters: found.parameters.into_iter().map(worded).collect(),
        lines: found.lines.into_iter().map(line).collect(),
    })
}

fn worded(change: Change) -> WordedChange {
    match change.direction {
        Direction::Added => WordedChange::added(change.words, ""),
        Direction::Removed => WordedChange::removed(change.words, ""),
        Direction::Changed => WordedChange::changed(change.words, ""),
    }
}

fn line(line: template_diff::Line) -> DiffLine {
    let number = |at: Option<usize>| at.map(|at| at.to_string()).unwrap_or_default();
    let (class, text) = match line.kind {
        Kind::Same => ("", line.text),
        Kind::Added => ("added", line.text),
        Kind::Removed => ("removed", line.text),
        Kind::Skipped(1) => ("skipped", "1 line that is the same".to_owned()),
        Kind::Skipped(count) => ("skipped", format!("{count} lines that are the same")),
    };
    DiffLine { class, old: number(line.old), new: number(line.new), text }
}

/// `POST /templates/{id}/{version}/retire`
pub async fn retire(
    State(app): State<App>,
    signed: SignedIn,
    Path((id, version)): Path<(String, String)>,
) -> Result<Response, Problem> {
    find(&app, &id, &version).await?;
    if id != catalog::LOGS_ANALYSIS_ONBOARDING.id {
        return Err(Problem::NotFound);
    }
    let offered = app.catalogue.offered().await?;
    if offered.len() < 2 {
        let why = "This is the only version on offer; without it no link can be made.";
        return signed.refused("/templates", why).await;
    }
    app.store.retire_template(&signed.actor(), (&id, &version), true).await?;
    let told =
        format!("Version {version} is retired: new links no longer pin it, old ones still work.");
    signed.done("/templates", &told).await
}

/// `POST /templates/{id}/{version}/restore`
pub async fn restore(
    State(app): State<App>,
    signed: SignedIn,
    Path((id, version)): Path<(String, String)>,
) -> Result<Response, Problem> {
    find(&app, &id, &version).await?;
    app.store.retire_template(&signed.actor(), (&id, &version), false).await?;
    signed.done("/templates", &format!("Version {version} can be used for new links again.")).await
}
