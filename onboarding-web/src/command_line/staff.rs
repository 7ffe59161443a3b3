//! `staff`: accounts.

use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Subcommand;

use super::say;
use crate::{
    password, serve,
    settings::{self, Storage},
    store::{self, Actor, Role, Store},
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
    /// Gives an account to somebody at your company's sign-in. Its password is gone then.
    Link {
        /// The account's e-mail.
        email: String,
        /// The provider, as --oidc-issuer says it.
        #[arg(value_parser = settings::issuer)]
        issuer: String,
        /// Whom the provider means: the claim `sub`, which the audit log shows of whoever was refused.
        #[arg(value_parser = settings::some_text)]
        subject: String,
    },
    /// Makes an account of your company's sign-in a local one, with a password, which is printed.
    Unlink {
        /// The account's e-mail.
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
            let staff = account(&store, &email).await?;
            ensure!(
                !staff.is_managed(),
                "the account {email} has its password at {}; unlink makes it a local one",
                staff.issuer
            );
            ensure!(
                staff.disabled == 0,
                "the account {email} is switched off; an admin can switch it on under Settings"
            );
            store.set_password(&actor, &staff, &hash, true).await?;
            email
        }
        Staff::Link { email, issuer, subject } => {
            let staff = account(&store, &email).await?;
            let linked = store.link(&actor, &staff, (&issuer, &subject)).await?;
            ensure!(linked, "{subject} at {issuer} has another account already");
            say(&format!("{email} signs in as {subject} at {issuer} from now on."));
            return Ok(ExitCode::SUCCESS);
        }
        Staff::Unlink { email } => {
            let staff = account(&store, &email).await?;
            ensure!(staff.is_managed(), "the account {email} is a local one already");
            store.unlink(&actor, &staff, &hash).await?;
            email
        }
    };
    say(&format!("{email} signs in with the password {password}, once, and then chooses another."));
    Ok(ExitCode::SUCCESS)
}

async fn account(store: &Store, email: &str) -> Result<store::Staff> {
    let found = store.staff_by_email(email).await?;
    found.with_context(|| format!("there is no account for {email}"))
}
