//! `audit`: the log of what was done.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::say;
use crate::{serve, settings::Storage, store::Chain};

/// What can be done with the audit log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Checks that no entry was changed or removed. Exit code 1 names the first bad one.
    Verify,
}

/// Does it.
pub async fn run(storage: &Storage, command: Audit) -> Result<ExitCode> {
    match command {
        Audit::Verify => verify(storage).await,
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
