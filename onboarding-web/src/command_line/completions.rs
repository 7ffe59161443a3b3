//! `completions`: what shells complete.

use std::{io::stdout, process::ExitCode};

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;

/// For which shell.
#[derive(Debug, Args)]
pub struct Completions {
    /// bash, elvish, fish, powershell or zsh.
    shell: Shell,
}

/// Prints the script that the shell reads.
pub fn run(Completions { shell }: &Completions) -> Result<ExitCode> {
    clap_complete::generate(*shell, &mut Cli::command(), "onboarding-web", &mut stdout());
    Ok(ExitCode::SUCCESS)
}
