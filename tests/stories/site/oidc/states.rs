//! What comes back with a browser counts once, for that browser, and for ten minutes.

use anyhow::{Context, Result};
use clap::Parser;
use harness::site::Visitor;
use http::StatusCode;
use onboarding_web::clock::{Clock, MINUTE};

use super::{Company, NOT_IN, parameter, people, refused, role_of};
use crate::site::access::world::{Inside, read, set_cookie};

const BEGIN_AGAIN: &str =
    "Signing in took too long, was done already, or was begun in another browser";

async fn is_refused(visitor: &Visitor, back: &str) -> Result<()> {
    let answer = visitor.get(back).await?;
    refused(&answer, 400, NOT_IN);
    assert!(answer.text.contains(BEGIN_AGAIN), "{}", answer.text);
    Ok(())
}

#[tokio::test]
async fn a_state_counts_once() -> Result<()> {
    let (company, _provider) = Company::start().await?;
    let mut adam = company.site.anyone();
    let (there, back) = adam.go_to_provider("/", "adam").await?;
    let before = adam.clone();
    assert_eq!(adam.come_back(&back).await?.status, StatusCode::SEE_OTHER);
    // In the session that it became, in the one that it was, and in none.
    for visitor in [&adam, &before, &company.site.anyone()] {
        is_refused(visitor, &back).await?;
    }
    assert_eq!(role_of(&adam).await?, "admin", "a replay ended the session");
    assert_eq!(role_of(&before).await?, "", "the session kept its name");
    assert_ne!(adam.cookie(), before.cookie());
    assert_eq!(parameter(&there.location, "state"), parameter(&back, "state"));
    Ok(())
}

#[tokio::test]
async fn a_state_that_came_to_nothing_is_gone_too() -> Result<()> {
    let (company, _provider) = Company::start().await?;
    let mut adam = company.site.anyone();
    let (_, back) = adam.go_to_provider("/", "adam").await?;
    let state = parameter(&back, "state");
    let cancelled = format!("/sign-in/oidc/return?error=access_denied&state={state}");
    refused(&adam.get(&cancelled).await?, 403, "It was cancelled at your company's sign-in");
    is_refused(&adam, &back).await?;
    assert_eq!(role_of(&adam).await?, "");
    Ok(())
}

#[tokio::test]
async fn a_state_counts_in_the_browser_that_it_was_made_for() -> Result<()> {
    let (company, _provider) = Company::start().await?;
    let (mut adam, mut mallory) = (company.site.anyone(), company.site.anyone());
    let (_, of_adam) = adam.go_to_provider("/", "adam").await?;
    let (_, of_mallory) = mallory.go_to_provider("/", "vera").await?;
    // Somebody is to be signed in as another without noticing, or a code is to be used elsewhere.
    is_refused(&adam, &of_mallory).await?;
    is_refused(&mallory, &of_adam).await?;
    let code = |back: &str| parameter(back, "code");
    let mixed = of_adam.replace(&code(&of_adam), &code(&of_mallory));
    // Adam's state with Mallory's code: it was made for another challenge.
    refused(&adam.get(&mixed).await?, 403, "could not be believed");
    assert_eq!(role_of(&adam).await?, "");
    Ok(())
}

#[tokio::test]
async fn what_lacks_something_is_refused() -> Result<()> {
    let (company, _provider) = Company::start().await?;
    let mut adam = company.site.anyone();
    let (_, back) = adam.go_to_provider("/", "adam").await?;
    let (code, state) = (parameter(&back, "code"), parameter(&back, "state"));
    for wrong in [
        String::new(),
        format!("?code={code}"),
        format!("?code={code}&state="),
        format!("?code={code}&state={state}x"),
        format!("?error=access_denied&state={state}x"),
    ] {
        is_refused(&adam, &format!("/sign-in/oidc/return{wrong}")).await?;
    }
    // What is said twice is not read at all.
    let twice = format!("/sign-in/oidc/return?code={code}&state={state}&state={state}");
    assert_eq!(adam.get(&twice).await?.status, StatusCode::BAD_REQUEST);
    // Nothing of that used the state up.
    assert_eq!(adam.come_back(&back).await?.status, StatusCode::SEE_OTHER);

    for more in ["", "&iss=https%3A%2F%2Fevil.test&code=x"] {
        let mut adam = company.site.anyone();
        let (_, back) = adam.go_to_provider("/", "adam").await?;
        let state = parameter(&back, "state");
        is_refused(&adam, &format!("/sign-in/oidc/return?state={state}{more}")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_code_counts_once() -> Result<()> {
    let (company, _provider) = Company::start().await?;
    let mut adam = company.site.anyone();
    let used = adam.sign_in_as("/", "adam").await?.back;
    let mut again = company.site.anyone();
    let (_, back) = again.go_to_provider("/", "adam").await?;
    let replayed = back.replace(&parameter(&back, "code"), &parameter(&used, "code"));
    refused(&again.get(&replayed).await?, 403, "could not be believed");
    assert_eq!(role_of(&again).await?, "");
    let entry = company.audit(1).await?.remove(0);
    assert_eq!(entry.action, "fail to sign in");
    assert!(entry.after.contains("did not take the code: invalid_grant"), "{}", entry.after);
    Ok(())
}

#[tokio::test]
async fn several_windows_sign_in_side_by_side() -> Result<()> {
    let (company, _provider) = Company::start().await?;
    let mut adam = company.site.anyone();
    let (_, first) = adam.go_to_provider("/customers?q=1", "adam").await?;
    let (_, second) = adam.go_to_provider("/customers?q=2", "adam").await?;
    assert_eq!(adam.come_back(&first).await?.location, "/customers?q=1");
    // The second window's state belonged to the session that is over.
    is_refused(&adam, &second).await?;
    assert_eq!(role_of(&adam).await?, "admin");
    let mut adam = company.site.anyone();
    adam.go_to_provider("/customers?q=1", "adam").await?;
    let (_, second) = adam.go_to_provider("/customers?q=2", "adam").await?;
    assert_eq!(adam.come_back(&second).await?.location, "/customers?q=2");
    Ok(())
}

#[tokio::test]
async fn one_is_sent_on_to_pages_of_this_site_only() -> Result<()> {
    let (company, _provider) = Company::start().await?;
    for next in ["https://evil.test", "//evil.test", "/\\evil.test", "javascript:alert(1)", ""] {
        let way = company.site.anyone().sign_in_as(next, "adam").await?;
        assert_eq!(way.answer.location, "/customers", "{next}");
    }
    let page = company.site.anyone().get("/sign-in?next=//evil.test").await?.text;
    assert!(page.contains("/sign-in/oidc?next=%2Fcustomers\""), "{page}");
    Ok(())
}

#[tokio::test]
async fn whoever_takes_longer_than_ten_minutes_begins_again() -> Result<()> {
    let place = harness::oidc::Place::new()?;
    let clock = Clock::standing_at(Clock::system().now());
    let all = super::settings(&place, "public", None);
    let site = Inside::with("", clock.clone(), &all).await?;
    let mut provider = place.provider(&site.url).await?;
    provider.tell(&people(&[]))?;
    for (minutes, status) in [(9, StatusCode::SEE_OTHER), (11, StatusCode::BAD_REQUEST)] {
        let there = read(site.http.get(format!("{}/sign-in/oidc", site.url))).await?;
        let cookie = set_cookie(&there);
        let cookie = cookie.split(';').next().context("no cookie")?;
        let mut at_provider = harness::oidc::AtProvider::default();
        let back = at_provider.sign_in(&there.location, "adam").await?;
        clock.advance(minutes * MINUTE);
        let answer = read(site.http.get(back).header("cookie", cookie)).await?;
        assert_eq!(answer.status, status, "after {minutes} minutes: {}", answer.text);
        clock.advance(-minutes * MINUTE);
    }
    Ok(())
}

#[test]
fn settings_that_let_nobody_in_are_named_at_the_start() {
    let start = |arguments: &[&str]| {
        let all = ["onboarding-web", "serve"].iter().chain(arguments);
        let cli = onboarding_web::command_line::Cli::try_parse_from(all).expect("settings");
        let onboarding_web::command_line::Command::Serve(serve) = cli.command else {
            panic!("not serve")
        };
        let made = onboarding_web::oidc::SingleSignOn::new(&serve.sign_in, "http://127.0.0.1:1");
        made.expect_err("it starts").to_string()
    };
    let issuer = ["--oidc-issuer=https://id.example.com", "--oidc-client-id=site"];
    let with = |more: &[&'static str]| start(&[&issuer[..], more].concat());
    assert!(start(&["--local-sign-in=off"]).starts_with("--local-sign-in: nobody could sign in"));
    assert!(with(&[]).contains("--oidc-admin-groups"));
    assert!(with(&["--oidc-admin-groups= ,"]).contains("nobody could sign in"));
    let file = with(&["--oidc-admin-groups=a", "--oidc-client-secret-file=/nowhere"]);
    assert!(file.starts_with("--oidc-client-secret-file: /nowhere cannot be read"), "{file}");
    let empty = with(&["--oidc-admin-groups=a", "--oidc-client-secret-file=/dev/null"]);
    assert!(empty.contains("/dev/null is empty"), "{empty}");
}
