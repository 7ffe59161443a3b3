//! What is done from the shell: one file per command.

pub mod audit;
pub mod completions;
pub mod customers;
pub mod import;
pub mod link;
pub mod pop_roles;
pub mod publish;
pub mod serve;
pub mod staff;
pub mod token;

use std::{
    io::{Write, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};

use crate::{
    app::{App, Site},
    error::Problem,
    settings::Storage,
    store::{Customer, ListFilter, ListRow, Sort},
};

/// As whom things are done.
const ACTOR: &str = "command line";

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
    /// Prints the ARNs of POP's six roles, and where a deployed role differs from the template.
    PopRoles(pop_roles::PopRoles),
    /// Looks after the accounts of staff.
    #[command(subcommand)]
    Staff(staff::Staff),
    /// Prints a customer's link and nothing else, so that it can be piped.
    Link(link::Link),
    /// Looks after customers.
    #[command(subcommand)]
    Customers(customers::Customers),
    /// Adds many customers from a CSV file.
    Import(import::Import),
    /// Looks after the audit log.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Looks after the tokens of the API.
    #[command(subcommand)]
    Token(token::Token),
    /// Prints a script with which a shell completes this program's commands.
    Completions(completions::Completions),
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
        Command::PopRoles(wanted) => pop_roles::run(&wanted).await,
        Command::Staff(command) => staff::run(&cli.storage, command).await,
        Command::Audit(command) => audit::run(&cli.storage, command).await,
        Command::Link(wanted) => link::run(&cli.storage, wanted).await,
        Command::Customers(command) => customers::run(&cli.storage, command).await,
        Command::Import(how) => import::run(&cli.storage, how).await,
        Command::Token(command) => token::run(&cli.storage, command).await,
        Command::Completions(shell) => completions::run(&shell),
    }
}

/// Prints a line. Whoever reads may have gone away, which is no fault.
fn say(words: &str) {
    let _ = writeln!(stdout(), "{words}");
}

/// Says something that is not the result, where it is not piped.
fn complain(words: &str) {
    let _ = writeln!(stderr(), "{words}");
}

/// For programs or for people.
fn json_or(json: bool, object: &serde_json::Value, words: impl FnOnce() -> String) -> Result<()> {
    let text = if json { serde_json::to_string_pretty(object)? } else { words() };
    if !text.is_empty() {
        say(&text);
    }
    Ok(())
}

/// Columns as wide as what stands in them.
fn table<const N: usize>(head: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The site's work without the site, on the database that a site was started with before: with its
/// settings, so that links are the same.
async fn open(storage: &Storage) -> Result<App> {
    let store = crate::serve::open_existing(storage).await?;
    let site = store.setting("site").await?.context(
        "no site was started with this database yet, so its address is not known; start it once \
         with: onboarding-web serve",
    )?;
    let site: Site = serde_json::from_str(&site)?;
    Ok(App::of_site(store, site))
}

/// What a page would say, for the shell.
fn refused(problem: Problem) -> anyhow::Error {
    match problem {
        Problem::Bad(_, title, next) => anyhow::anyhow!("{title}. {next}"),
        Problem::NotFound | Problem::LinkGone => anyhow::anyhow!("there is no such thing"),
        Problem::Internal(code) => anyhow::anyhow!("something failed; the log has it under {code}"),
        Problem::Forbidden(_) | Problem::TooMany(_) => anyhow::anyhow!("this may not be done now"),
    }
}

/// A customer by id, account or name.
async fn find(app: &App, wanted: &str) -> Result<Customer> {
    if let Some(customer) = app.store.customer(wanted).await? {
        return Ok(customer);
    }
    let digits: String = wanted.chars().filter(char::is_ascii_digit).collect();
    let is = |row: &ListRow| {
        row.name.to_lowercase() == wanted.to_lowercase()
            || (digits.len() == 12 && row.account == digits)
    };
    let query = if digits.len() == 12 { digits.clone() } else { wanted.to_owned() };
    let filter = ListFilter { query, ..ListFilter::default() };
    let found = app.store.list(&filter, Sort::Name, 1000, 0).await?;
    let found: Vec<&ListRow> = found.rows.iter().filter(|row| is(row)).collect();
    match found.as_slice() {
        [one] => app.store.customer(&one.id).await?.context("the customer is gone"),
        [] => bail!("there is no customer with the id, account or name {wanted}"),
        several => {
            let ids: Vec<String> =
                several.iter().map(|one| format!("{} ({})", one.id, one.name)).collect();
            bail!("several customers are meant by {wanted}; give one of the ids {}", ids.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_command_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them() {
        let rows = [["a".to_owned(), "b".to_owned()], ["löng one".to_owned(), String::new()]];
        let text = table(["NAME", "STATE"], rows.into_iter());
        assert_eq!(text, "NAME      STATE\na         b\nlöng one");
    }
}
