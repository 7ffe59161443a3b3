//! `import`: many customers from a CSV file.

use std::{fs, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{ACTOR, complain, json_or, open, refused};
use crate::{
    app::App,
    csv_text, customers,
    import::{self, DryRun},
    settings::Storage,
    store::Actor,
};

/// What to import, and how.
#[derive(Debug, Args)]
pub struct Import {
    /// The file; - reads from standard input.
    file: PathBuf,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Add the good rows and leave the others out; otherwise one bad row stops all.
    #[arg(long)]
    only_good_rows: bool,
    /// For programs: one JSON object. Otherwise a CSV file of the links is printed.
    #[arg(long)]
    json: bool,
}

/// Shown while something takes long; nothing where nobody looks.
fn waiting(words: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg} {elapsed}");
    let bar = ProgressBar::new_spinner().with_message(words);
    bar.enable_steady_tick(Duration::from_millis(100));
    style.map(|style| bar.clone().with_style(style)).unwrap_or(bar)
}

/// Imports. Exit code 1 if a row is bad, even where the others were added.
pub async fn run(storage: &Storage, how: Import) -> Result<ExitCode> {
    let app = open(storage).await?;
    let bytes = if how.file.as_os_str() == "-" {
        use std::io::Read;
        let mut bytes = Vec::new();
        let most = u64::try_from(import::MAX_BYTES).unwrap_or(u64::MAX) + 1;
        std::io::stdin().take(most).read_to_end(&mut bytes)?;
        bytes
    } else {
        fs::read(&how.file).with_context(|| format!("{} cannot be read", how.file.display()))?
    };
    let bar = waiting("Checking every row");
    let run = customers::dry_run(&app, bytes).await.map_err(refused)?;
    bar.finish_and_clear();
    let run = run.map_err(anyhow::Error::msg)?;
    for error in &run.errors {
        let column = if error.column.is_empty() { "row" } else { error.column };
        complain(&format!("row {}, {column}: {}", error.row, error.message));
    }
    let (rows, good, errors) = (run.rows, run.good.len(), errors_of(&run));
    let stopped = !run.errors.is_empty() && !how.only_good_rows;
    let code = if run.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    let added = if how.dry_run || stopped || good == 0 {
        let why = if how.dry_run { "would be" } else { "could be" };
        complain(&format!("{good} of {rows} rows {why} added. Nothing was added."));
        Vec::new()
    } else {
        let bar = waiting("Adding customers");
        let new = customers::records(run);
        let added = app.store.add_customers(&Actor::of(ACTOR), &new, None).await?;
        bar.finish_and_clear();
        complain(&format!("{} of {rows} rows were added.", added.len()));
        added
    };
    let object = json!({
        "dry_run": how.dry_run, "rows": rows, "good": good, "errors": errors, "added": added,
    });
    let links = links(&app, &added).await?;
    json_or(how.json, &object, || links.trim_end().to_owned())?;
    Ok(code)
}

fn errors_of(run: &DryRun) -> Vec<serde_json::Value> {
    let error = |one: &import::RowError| json!({ "row": one.row, "column": one.column, "value": one.value, "message": one.message });
    run.errors.iter().map(error).collect()
}

async fn links(app: &App, added: &[String]) -> Result<String> {
    if added.is_empty() {
        return Ok(String::new());
    }
    let mut lines = Vec::new();
    for id in added {
        let Some(customer) = app.store.customer(id).await? else { continue };
        let link = customers::page_url(app, &customer);
        lines.push(vec![customer.name, customer.email, customer.account, link]);
    }
    Ok(csv_text::write(&["name", "email", "account", "link"], lines.into_iter()))
}
