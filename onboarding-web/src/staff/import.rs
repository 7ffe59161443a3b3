//! Many customers at once, from a CSV file: upload, dry run, confirmation, result.

use axum::{
    Form,
    extract::{Multipart, Path, State},
    http::{
        StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use templates::catalog::LOGS_ANALYSIS_ONBOARDING;

use super::form::{default_expiry, record};
use crate::{
    access::SignedIn,
    app::App,
    clock::{self, DAY},
    csv_text,
    customer_form::Rules,
    error::{Problem, page},
    import::{self, DryRun},
    links,
    load_balancers::overlap,
    pages::{
        frame::FieldError,
        import::{Column, Import as Page, ImportCheck, ImportDone, RowError},
    },
    store::{Import, StoreError},
};

/// So many problems are shown on the page; all are in the download.
const SHOWN: usize = 200;

fn columns() -> Vec<Column> {
    let about = [
        ("name", true, "What you call the customer"),
        ("email", true, "Whom to write to"),
        ("account", true, "The 12 digits of the AWS account"),
        (
            "load_balancers",
            true,
            "ARNs, or eu-west-1 all, or eu-west-1 tag:Team=shop; several with a semicolon between them",
        ),
        ("existing_bucket", false, "A bucket of the customer's to use; empty for a new one"),
        ("retention_days", false, "Days to keep logs in a new bucket; empty for 365"),
        ("expires_days", false, "Days that the link works; empty for the default"),
        ("owner", false, "Who of you looks after the customer"),
        ("notes", false, "For staff only"),
    ];
    let column = |(name, required, about): (&str, bool, &str)| Column {
        name: name.to_owned(),
        required,
        about: about.to_owned(),
    };
    about.into_iter().map(column).collect()
}

fn form(app: &App, signed: &SignedIn, errors: Vec<FieldError>) -> Result<Response, Problem> {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let shown = page(&Page {
        frame: signed.frame(app, "Import customers", "customers"),
        errors,
        columns: columns(),
        limit: "2 MB and 5,000 rows at most".to_owned(),
    })?;
    Ok((status, shown).into_response())
}

/// `GET /customers/import`
pub async fn show(State(app): State<App>, signed: SignedIn) -> Result<Response, Problem> {
    form(&app, &signed, Vec::new())
}

/// `GET /customers/import/sample.csv`
pub async fn sample() -> Response {
    file("sample.csv", import::SAMPLE.to_owned())
}

fn file(name: &str, text: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers =
        [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, disposition)];
    (headers, text).into_response()
}

/// `POST /customers/import`
pub async fn upload(
    State(app): State<App>,
    signed: SignedIn,
    mut sent: Multipart,
) -> Result<Response, Problem> {
    let refuse = |why: String| form(&app, &signed, vec![FieldError::new("file", why)]);
    let unread = "The file did not arrive whole. Choose it again and send it once more".to_owned();
    let (mut name, mut bytes) = (String::new(), None);
    loop {
        match sent.next_field().await {
            Ok(Some(field)) if field.name() == Some("file") => {
                name = field.file_name().unwrap_or("customers.csv").chars().take(200).collect();
                match field.bytes().await {
                    Ok(content) => bytes = Some(content),
                    Err(_) => return refuse(unread),
                }
            }
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(_) => return refuse(unread),
        }
    }
    let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) else {
        return refuse("Choose a CSV file".to_owned());
    };
    if let Err(error) = dry_run(&app, bytes.to_vec()).await? {
        return refuse(error);
    }
    let Ok(content) = String::from_utf8(bytes.to_vec()) else {
        return refuse("Save the file as UTF-8 and choose it again".to_owned());
    };
    let id = app.store.keep_import(&signed.staff.id, &name, &content).await?;
    Ok(Redirect::to(&format!("/customers/import/{id}")).into_response())
}

/// What the file would do; nothing is saved.
async fn dry_run(app: &App, bytes: Vec<u8>) -> Result<Result<DryRun, String>, Problem> {
    let versions = app.catalogue.offered().await?;
    let days = default_expiry(app).await?;
    let taken = app.store.all_taken().await?;
    let (site, key) = (app.site.clone(), app.store.key().clone());
    let newest = versions.first().cloned().unwrap_or_default();
    let template = app.catalogue.template(LOGS_ANALYSIS_ONBOARDING.id, &newest).await;
    let template = template?.ok_or(Problem::NotFound)?;
    let published = app.store.published_in(LOGS_ANALYSIS_ONBOARDING.id, &newest).await?;
    let run = tokio::task::spawn_blocking(move || {
        let known_region = |region: &str| site.offers(region);
        let rules = Rules {
            known_region: &known_region,
            template_versions: &versions,
            default_expiry_days: days,
        };
        let exists = |account: &str, region: &str, wanted: &str| {
            let there = taken.get(&(account.to_owned(), region.to_owned()))?;
            there.iter().find(|(has, _)| overlap(has, wanted)).map(|(_, name)| name.clone())
        };
        let mut run = import::read(&bytes, &rules, &exists).map_err(|error| error.to_string())?;
        run.good.retain(|(row, customer)| {
            let new = record(customer.clone(), "");
            let outcome = links::check(&site, &key, &template, &new)
                .map_err(|error| error.to_string())
                .and_then(|()| links::check_published(&new, published.as_deref()));
            let refused = outcome.err().map(|error| import::RowError {
                row: *row,
                column: "load_balancers",
                value: new.regions.first().map(|(_, list, _)| list.clone()).unwrap_or_default(),
                message: error,
            });
            let good = refused.is_none();
            run.errors.extend(refused);
            good
        });
        run.errors.sort_by_key(|error| error.row);
        Ok(run)
    });
    run.await.map_err(|error| Problem::internal(&error))
}

async fn kept(app: &App, signed: &SignedIn, id: &str) -> Result<Import, Problem> {
    app.store.import(id, &signed.staff.id).await?.ok_or(Problem::NotFound)
}

/// `GET /customers/import/{id}`
pub async fn check(
    State(app): State<App>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let kept = kept(&app, &signed, &id).await?;
    let url = format!("/customers/import/{id}");
    if !kept.done.is_empty() {
        return done(&app, &signed, &kept);
    }
    let run = match dry_run(&app, kept.content.into_bytes()).await? {
        Ok(run) => run,
        Err(error) => return form(&app, &signed, vec![FieldError::new("file", error)]),
    };
    let bad = run.rows - run.good.len();
    let row = |one: &import::RowError| RowError {
        row: one.row,
        column: one.column.to_owned(),
        value: one.value.clone(),
        problem: one.message.clone(),
    };
    page(&ImportCheck {
        frame: signed.frame(&app, "Check the file", "customers"),
        file: kept.file_name,
        good: run.good.len(),
        bad,
        errors: run.errors.iter().take(SHOWN).map(row).collect(),
        more_errors: run.errors.len().saturating_sub(SHOWN),
        errors_url: (!run.errors.is_empty()).then(|| format!("{url}/errors.csv")),
        expires: clock::words(kept.created_at + DAY),
        url,
    })
}

/// `GET /customers/import/{id}/errors.csv`
pub async fn errors(
    State(app): State<App>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let kept = kept(&app, &signed, &id).await?;
    let run = dry_run(&app, kept.content.into_bytes()).await?;
    let errors = run.map(|run| run.errors).unwrap_or_default().into_iter();
    let lines =
        errors.map(|one| vec![one.row.to_string(), one.column.to_owned(), one.value, one.message]);
    Ok(file("errors.csv", csv_text::write(&["row", "column", "value", "problem"], lines)))
}

/// All rows, or the good ones only.
#[derive(Debug, Deserialize)]
pub struct Mode {
    mode: String,
}

/// `POST /customers/import/{id}`
pub async fn confirm(
    State(app): State<App>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(Mode { mode }): Form<Mode>,
) -> Result<Response, Problem> {
    let kept = kept(&app, &signed, &id).await?;
    let url = format!("/customers/import/{id}");
    if !kept.done.is_empty() {
        return Ok(Redirect::to(&url).into_response());
    }
    let run = dry_run(&app, kept.content.into_bytes()).await?.map_err(|_| Problem::NotFound)?;
    let whole = run.errors.is_empty();
    if run.good.is_empty() || (!whole && mode != "good") {
        let why = "Nothing was added: some rows cannot be, as listed below.";
        return signed.refused(&url, why).await;
    }
    let new: Vec<_> = run
        .good
        .into_iter()
        .map(|(_, customer)| {
            let typed: Vec<String> = customer
                .regions
                .iter()
                .flat_map(|region| region.selectors.iter().map(ToString::to_string))
                .collect();
            record(customer, &typed.join("\n"))
        })
        .collect();
    let left_out = run.rows - new.len();
    match app.store.add_customers(&signed.actor(), &new, Some((&id, left_out))).await {
        Ok(_) => Ok(Redirect::to(&url).into_response()),
        // Somebody was faster, between the check and now.
        Err(error @ StoreError::Taken(_)) => {
            signed.refused(&url, &format!("Nothing was added: {error}.")).await
        }
        Err(error) => Err(error.into()),
    }
}

fn ids(kept: &Import) -> Result<Vec<String>, Problem> {
    serde_json::from_str(&kept.done).map_err(|error| Problem::internal(&error))
}

fn done(app: &App, signed: &SignedIn, kept: &Import) -> Result<Response, Problem> {
    let added = ids(kept)?.len();
    page(&ImportDone {
        frame: signed.frame(app, "The customers were added", "customers"),
        added,
        left_out: usize::try_from(kept.left_out).unwrap_or(0),
        links_url: format!("/customers/import/{}/links.csv", kept.id),
        customers_url: "/customers?sort=changed".to_owned(),
    })
}

/// `GET /customers/import/{id}/links.csv`
pub async fn links(
    State(app): State<App>,
    signed: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let kept = kept(&app, &signed, &id).await?;
    if kept.done.is_empty() {
        return Err(Problem::NotFound);
    }
    let mut lines = Vec::new();
    for id in ids(&kept)? {
        let Some(customer) = app.store.customer(&id).await? else { continue };
        let token = app.store.key().page_token(&id, customer.generation);
        let expires = clock::rfc3339(customer.expires_at);
        let link = app.site.page_url(&token);
        lines.push(vec![customer.name, customer.email, customer.account, link, expires]);
    }
    let header = ["name", "email", "account", "link", "expires"];
    Ok(file("links.csv", csv_text::write(&header, lines.into_iter())))
}
