//! `onboarding-web`: the site, and what is done from the shell.

use std::{
    io::{Write, stderr, stdout},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use clap::Parser;
use onboarding_web::{
    password,
    serve::{self, Welcome},
    settings::{self, AuditCommand, Cli, Command, Serve, StaffCommand, Storage},
    store::{Actor, Chain, Role},
    token::random_password,
};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let arguments: Vec<String> = arguments();
    if let Err(error) = settings::read_file(&arguments) {
        return failed(&error, 2);
    }
    let cli = Cli::parse();
    start_logging(match &cli.command {
        Command::Serve(settings) => &settings.log,
        _ => "warn",
    });
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string(), 1),
    };
    match runtime.block_on(run(cli)) {
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

fn say(words: &str) {
    let _ = writeln!(stdout(), "{words}");
}

async fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Serve(settings) => site(&cli.storage, &settings).await,
        Command::Staff(command) => staff(&cli.storage, command).await,
        Command::Audit(AuditCommand::Verify) => verify(&cli.storage).await,
    }
}

async fn site(storage: &Storage, settings: &Serve) -> Result<ExitCode> {
    let store = serve::open(storage).await?;
    let app = serve::app(store, settings).await?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    serve::serve(app, settings, welcome, stop).await?;
    Ok(ExitCode::SUCCESS)
}

fn welcome(Welcome { url, account, missing }: Welcome) {
    say(&format!("The site is at {url}"));
    for setting in missing {
        say(&format!("Before customers come, set {setting}."));
    }
    if let Some((email, password)) = account {
        say(&format!(
            "Sign in at {url}/sign-in as {email} with the password {password}\nIt is shown this once, and \
             you choose your own at the first sign-in."
        ));
    }
}

async fn staff(storage: &Storage, command: StaffCommand) -> Result<ExitCode> {
    let store = serve::open_existing(storage).await?;
    let password = random_password();
    let hash = password::hash(password.clone()).await?;
    let actor = Actor::of("command line");
    let email = match command {
        StaffCommand::Add { email, role } => {
            let role = Role::from_name(&role).context("there is no such role")?;
            let name = email.split('@').next().unwrap_or_default();
            if !store.add_staff(&actor, (&email, name), role, &hash).await? {
                bail!(
                    "there is an account for {email} already; reset-password gives it a new password"
                );
            }
            email
        }
        StaffCommand::ResetPassword { email } => {
            let found = store.staff_by_email(&email).await?;
            let staff = found.with_context(|| format!("there is no account for {email}"))?;
            if staff.disabled != 0 {
                bail!(
                    "the account {email} is switched off; an admin can switch it on under Settings"
                );
            }
            store.set_password(&actor, &staff, &hash, true).await?;
            email
        }
    };
    say(&format!("{email} signs in with the password {password}, once, and then chooses another."));
    Ok(ExitCode::SUCCESS)
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

/// JSON lines on stderr: message and fields, never a token or an address with one.
fn start_logging(level: &str) {
    let filter = tracing_subscriber::EnvFilter::new(format!("warn,onboarding_web={level}"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(stderr).init();
}
