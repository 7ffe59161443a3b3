//! What is done from the shell: one file per command.

pub mod audit;
pub mod publish;
pub mod serve;
pub mod staff;

use std::{
    io::{Write, stdout},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::settings::Storage;

/// Gets customers onto log analysis.
#[derive(Debug, Parser)]
#[command(name = "onboarding-web", version, about, after_help = AFTER)]
pub struct Cli {
    /// A file of settings: lines NAME=value, with the names of the environment.
    #[arg(long, global = true, env = "ONBOARDING_SETTINGS", value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Where things are kept.
    #[command(flatten)]
    pub storage: Storage,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER: &str = "Every setting can be a flag, a variable of the environment, or a line of the file \
     that --settings names; the first of these wins. `onboarding-web serve --help` shows those of the \
     site.\n\nExit codes: 0 done, 1 failed or found something wrong, 2 wrong use.";

/// What the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the site. The first start prints how to sign in.
    Serve(Box<crate::settings::Serve>),
    /// Puts the templates and the handler's zip into the vendor's buckets, one in each region.
    Publish(Box<publish::Publish>),
    /// Looks after the accounts of staff.
    #[command(subcommand)]
    Staff(staff::Staff),
    /// Looks after the audit log.
    #[command(subcommand)]
    Audit(audit::Audit),
}

impl Command {
    /// How much is logged.
    pub fn log_level(&self) -> &str {
        match self {
            Self::Serve(settings) => &settings.log,
            _ => "warn",
        }
    }
}

/// Does what was asked.
pub async fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Serve(settings) => serve::run(&cli.storage, &settings).await,
        Command::Publish(command) => publish::run(&cli.storage, &command).await,
        Command::Staff(command) => staff::run(&cli.storage, command).await,
        Command::Audit(command) => audit::run(&cli.storage, command).await,
    }
}

/// Prints a line. Whoever reads may have gone away, which is no fault.
fn say(words: &str) {
    let _ = writeln!(stdout(), "{words}");
}
