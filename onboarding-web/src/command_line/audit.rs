//! `audit`: the log of what was done.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::{json_or, say, table};
use crate::{
    clock::{self, DAY, Millis},
    serve,
    settings::Storage,
    store::{AuditFilter, AuditRow, Chain},
};

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Checks that no entry was changed or removed. Exit code 1 names the first bad one.
    Verify,
    /// Prints entries, the newest first.
    List(List),
}

/// Which entries.
#[derive(Debug, Args)]
pub struct List {
    /// A part of who.
    #[arg(long, default_value = "")]
    actor: String,
    /// A part of what was done.
    #[arg(long, default_value = "")]
    action: String,
    /// A part of the customer's name or id.
    #[arg(long, default_value = "")]
    customer: String,
    /// The first day, as 2026-11-22.
    #[arg(long, value_parser = day)]
    from: Option<Millis>,
    /// The last day, as 2026-11-22.
    #[arg(long, value_parser = day)]
    to: Option<Millis>,
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// For programs: one JSON list with all there is in the entries.
    #[arg(long)]
    json: bool,
}

fn day(text: &str) -> Result<Millis, String> {
    clock::parse_day(text).ok_or_else(|| "write a day as 2026-11-22".to_owned())
}

/// Does it.
pub async fn run(storage: &Storage, command: Audit) -> Result<ExitCode> {
    match command {
        Audit::Verify => verify(storage).await,
        Audit::List(which) => list(storage, which).await,
    }
}

async fn verify(storage: &Storage) -> Result<ExitCode> {
    match serve::open_existing(storage).await?.verify_audit().await? {
        Chain::Whole { rows, head } => {
            say(&format!(
                "{rows} entries, all as they were written. Head: {head}\nKeep the head elsewhere: a later \
                 check that shows it at entry {rows} proves that none was cut off before."
            ));
            Ok(ExitCode::SUCCESS)
        }
        Chain::Broken { seq, why } => {
            say(&format!("Entry {seq} cannot be trusted: {why}."));
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn list(storage: &Storage, which: List) -> Result<ExitCode> {
    let store = serve::open_existing(storage).await?;
    let filter = AuditFilter {
        actor: which.actor,
        action: which.action,
        customer: which.customer,
        from: which.from.unwrap_or_default(),
        until: which.to.map_or(0, |day| day + DAY),
    };
    let (rows, _) = store.audit_rows(&filter, which.limit.into(), 0).await?;
    json_or(which.json, &serde_json::to_value(&rows)?, || {
        let line = |row: &AuditRow| {
            let at = clock::words(row.at);
            [row.seq.to_string(), at, row.actor.clone(), row.action.clone(), row.subject.clone()]
        };
        table(["ENTRY", "WHEN", "WHO", "WHAT", "TO WHAT"], rows.iter().map(line))
    })?;
    Ok(ExitCode::SUCCESS)
}
