//! `staff`: accounts.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Subcommand;

use super::say;
use crate::{
    password, serve,
    settings::Storage,
    store::{Actor, Role},
    token::random_password,
};

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub enum Staff {
    /// Adds an account and prints its first password.
    Add {
        /// What to sign in with.
        email: String,
        /// viewer, editor or admin.
        #[arg(long, default_value = "viewer", value_parser = ["viewer", "editor", "admin"])]
        role: String,
    },
    /// Gives an account a new password, prints it, and ends the account's sessions.
    ResetPassword {
        /// What to sign in with.
        email: String,
    },
}

/// Does it.
pub async fn run(storage: &Storage, command: Staff) -> Result<ExitCode> {
    let store = serve::open_existing(storage).await?;
    let password = random_password();
    let hash = password::hash(password.clone()).await?;
    let actor = Actor::of("command line");
    let email = match command {
        Staff::Add { email, role } => {
            let role = Role::from_name(&role).context("there is no such role")?;
            let name = email.split('@').next().unwrap_or_default();
            if !store.add_staff(&actor, (&email, name), role, &hash).await? {
                bail!(
                    "there is an account for {email} already; reset-password gives it a new password"
                );
            }
            email
        }
        Staff::ResetPassword { email } => {
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
