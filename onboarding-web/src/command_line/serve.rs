//! `serve`: the site.

use std::process::ExitCode;

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};

use super::say;
use crate::{
    serve::{self, Welcome},
    settings::{Serve, Storage},
};

/// Runs the site until it is told to stop.
pub async fn run(storage: &Storage, settings: &Serve) -> Result<ExitCode> {
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
