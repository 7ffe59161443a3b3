//! `token`: what programs call the API with.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::json;

use super::{ACTOR, json_or, table};
use crate::{
    api::caller::Scope,
    clock::{self, DAY},
    serve,
    settings::Storage,
    staff::integrations::check_name,
    store::{Actor, ApiToken},
};

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// Makes a token and prints it; it is not to be had again.
    Add {
        /// What it is for; it stands in the audit log.
        name: String,
        /// customers:read, customers:write, templates:read, audit:read or webhooks:write; may be
        /// given several times.
        #[arg(long = "scope", required = true, value_parser = scope)]
        scopes: Vec<String>,
        /// When it ends: 1 to 365 days from now.
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=365))]
        days: u16,
        /// For programs: one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Lists tokens, without the tokens.
    List {
        /// For programs: one JSON list.
        #[arg(long)]
        json: bool,
    },
    /// Ends a token at once.
    Revoke {
        /// Its id, or its name where only one valid token has it.
        token: String,
    },
}

fn scope(text: &str) -> Result<String, String> {
    let all = Scope::ALL.map(Scope::name).join(", ");
    Scope::from_name(text)
        .map(|scope| scope.name().to_owned())
        .ok_or(format!("must be one of {all}"))
}

/// Whether it still does anything: whoever made it may have lost what it takes.
fn works(token: &ApiToken, now: clock::Millis) -> bool {
    token.is_valid(now) && Scope::of(token).any(|scope| token.is_backed(scope.role()))
}

fn list(all: &[ApiToken], now: clock::Millis, json: bool) -> Result<()> {
    let object = |one: &ApiToken| {
        json!({
            "id": one.id, "name": one.name, "valid": works(one, now),
            "scopes": one.scopes.split(' ').collect::<Vec<_>>(),
            "created_by": one.created_by, "expires_at": clock::rfc3339(one.expires_at),
        })
    };
    let objects: Vec<_> = all.iter().map(object).collect();
    json_or(json, &json!(objects), || {
        let line = |one: &ApiToken| {
            let state = match (one.is_valid(now), works(one, now)) {
                (false, _) => "over",
                (true, false) => "stopped",
                (true, true) => "valid",
            };
            let ends = clock::day(one.expires_at);
            [one.id.clone(), one.name.clone(), state.to_owned(), one.scopes.clone(), ends]
        };
        table(["ID", "NAME", "STATE", "SCOPES", "ENDS"], all.iter().map(line))
    })
}

/// Does it.
pub async fn run(storage: &Storage, command: Token) -> Result<ExitCode> {
    let store = serve::open_existing(storage).await?;
    let (actor, now) = (Actor::of(ACTOR), store.now());
    match command {
        Token::Add { name, scopes, days, json } => {
            let name = check_name(&name).map_err(anyhow::Error::msg)?;
            let ends = now + i64::from(days) * DAY;
            let token = store.add_api_token(&actor, None, (name, &scopes.join(" ")), ends).await?;
            let object = json!({
                "name": name, "token": token, "scopes": scopes, "expires_at": clock::rfc3339(ends),
            });
            json_or(json, &object, || token.clone())?;
        }
        Token::List { json } => list(&store.api_tokens().await?, now, json)?,
        Token::Revoke { token } => {
            let all = store.api_tokens().await?;
            let named: Vec<&ApiToken> = all
                .iter()
                .filter(|one| one.is_valid(now) && (one.id == token || one.name == token))
                .collect();
            match named.as_slice() {
                [one] => store.revoke_api_token(&actor, &one.id).await?,
                [] => bail!("there is no valid token {token}"),
                _ => bail!(
                    "several valid tokens are called {token}; give the id, as `token list` shows it"
                ),
            };
        }
    }
    Ok(ExitCode::SUCCESS)
}
