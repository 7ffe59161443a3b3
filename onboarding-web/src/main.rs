//! `onboarding-web`: the site, and what is done from the shell.

use std::{
    io::{Write, stderr},
    process::ExitCode,
};

use clap::Parser;
use mimalloc::MiMalloc;
use onboarding_web::{
    command_line::{self, Cli},
    settings,
};

/// glibc's keeps the 19 MiB that each password takes to hash, and soon cannot use them again: small things
/// lie in them by then.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<String> = arguments();
    if let Err(error) = settings::read_file(&arguments) {
        return failed(&error, 2);
    }
    let cli = Cli::parse();
    start_logging(cli.command.log_level());
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string(), 1),
    };
    match runtime.block_on(command_line::run(cli)) {
        Ok(code) => code,
        Err(error) => failed(&format!("{error:#}"), 1),
    }
}

fn arguments() -> Vec<String> {
    std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect()
}

fn failed(words: &str, code: u8) -> ExitCode {
    let _ = writeln!(stderr(), "error: {words}");
    ExitCode::from(code)
}

/// JSON lines on stderr: message and fields, never a token or an address with one.
fn start_logging(level: &str) {
    let filter = tracing_subscriber::EnvFilter::new(format!("warn,onboarding_web={level}"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(stderr).init();
}
