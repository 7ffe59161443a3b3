//! Staff sign in with their company's accounts, at a real provider and at one that lies.

mod accounts;
mod lies;
mod provider_down;
mod seen;
mod states;

use std::{fs, path::PathBuf};

use anyhow::Result;
use harness::{
    oidc::{Place, Provider, SECRET},
    site::{Answered, Site, Visitor},
    target,
};
use http::StatusCode;
use onboarding_web::{
    clock::Clock,
    store::{AuditFilter, AuditRow, Store},
    token::Key,
};
use serde_json::{Value, json};
use uuid::Uuid;

const NOT_IN: &str = "You were not signed in";
const DOES_NOT_ANSWER: &str = "sign-in does not answer";

/// A site, and the company whose accounts it takes.
struct Company {
    place: Place,
    site: Site,
    secret: PathBuf,
}

impl Drop for Company {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.secret);
    }
}

/// What a site with single sign-on is started with.
fn settings(place: &Place, client: &str, secret: Option<&PathBuf>) -> Vec<String> {
    let mut all = vec![
        format!("--oidc-issuer={}", place.issuer),
        format!("--oidc-client-id={client}"),
        "--oidc-viewer-groups=readers,all staff".to_owned(),
        "--oidc-editor-groups=support".to_owned(),
        "--oidc-admin-groups=admins".to_owned(),
        "--oidc-name=a Northlight account".to_owned(),
        "--log=trace".to_owned(),
    ];
    all.extend(secret.map(|path| format!("--oidc-client-secret-file={}", path.display())));
    all
}

impl Company {
    /// The site runs; the provider does not yet.
    async fn without_provider(client: &str, secret: &str, more: &[&str]) -> Result<Self> {
        let place = Place::new()?;
        fs::create_dir_all(target().join("sites"))?;
        let file = target().join("sites").join(format!("{}.secret", Uuid::new_v4()));
        fs::write(&file, format!("{secret}\n"))?;
        let all = settings(&place, client, (!secret.is_empty()).then_some(&file));
        let all: Vec<&str> = all.iter().map(String::as_str).chain(more.iter().copied()).collect();
        let site = Site::start(&all).await?;
        Ok(Self { place, site, secret: file })
    }

    /// With the real provider.
    async fn start() -> Result<(Self, Provider)> {
        let company = Self::without_provider("site", SECRET, &[]).await?;
        let mut provider = company.place.provider(&company.site.url).await?;
        provider.tell(&people(&[]))?;
        Ok((company, provider))
    }

    /// With the one that lies.
    async fn of_liars() -> Result<(Self, Provider)> {
        let company = Self::without_provider("site", SECRET, &[]).await?;
        let liar = company.place.liar().await?;
        Ok((company, liar))
    }

    async fn store(&self) -> Result<Store> {
        let key = Key::load(&self.site.folder().join("onboarding.key"))?;
        let file = format!("sqlite://{}", self.site.folder().join("onboarding.db").display());
        Ok(Store::open(&file, key, Clock::system()).await?)
    }

    /// The newest entries of the audit log.
    async fn audit(&self, most: i64) -> Result<Vec<AuditRow>> {
        Ok(self.store().await?.audit_rows(&AuditFilter::default(), most, 0).await?.0)
    }
}

/// One person for each role, one in no group, and whoever else is given.
fn people(more: &[(&str, Value)]) -> Value {
    let person = |name: &str, groups: &[&str]| {
        let email = format!("{name}@vendor.test");
        json!({ "email": email, "name": format!("{name} <b>"), "groups": groups })
    };
    let mut all = json!({
        "vera": person("vera", &["unknown", "all staff"]),
        "edda": person("edda", &["readers", "support"]),
        "adam": person("adam", &["admins", "readers", "support"]),
        "nora": person("nora", &["Admins", "admin"]),
    });
    for (name, person) in more {
        all[name] = person.clone();
    }
    json!({ "people": all })
}

/// The role that somebody has, as their pages say; empty if they are not in.
async fn role_of(visitor: &Visitor) -> Result<String> {
    let page = visitor.get("/customers").await?;
    if page.status != StatusCode::OK {
        return Ok(String::new());
    }
    let shown = page.text.split("Signed in as </span>").nth(1).unwrap_or_default();
    let role = shown.split("class=\"muted\">").nth(1).unwrap_or_default();
    Ok(role.split('<').next().unwrap_or_default().to_owned())
}

/// A page that says in words that somebody is not in, and has a way on.
fn refused(answer: &Answered, status: u16, words: &str) {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    let text = answer.text.replace("&#39;", "'");
    assert!(text.contains(words), "{words}: {text}");
    assert!(text.contains("href=\"/sign-in\""), "no way on: {text}");
}

/// Nothing that is secret is in the log, however much is logged.
fn assert_silent(site: &Site, secrets: &[&str]) {
    let log = site.log();
    assert!(log.contains("/sign-in/oidc/return"), "nothing is logged");
    for secret in secrets {
        assert!(!secret.is_empty() && !log.contains(secret), "{secret} is in the log: {log}");
    }
}

/// A parameter of an address.
fn parameter(address: &str, name: &str) -> String {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    let mut all = url::form_urlencoded::parse(query.as_bytes());
    all.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[tokio::test]
async fn groups_at_the_company_say_what_somebody_may_do() -> Result<()> {
    let (company, _provider) = Company::start().await?;
    for (who, role) in [("vera", "viewer"), ("edda", "editor"), ("adam", "admin")] {
        let mut visitor = company.site.anyone();
        let way = visitor.sign_in_as("/customers?q=x", who).await?;
        assert_eq!(way.answer.status, StatusCode::SEE_OTHER, "{}", way.answer.text);
        assert_eq!(way.answer.location, "/customers?q=x");
        assert_eq!(role_of(&visitor).await?, role, "{who}");
        let address = &way.there.location;
        assert_eq!(parameter(address, "code_challenge_method"), "S256");
        assert_eq!(parameter(address, "response_type"), "code");
        assert_eq!(parameter(address, "scope"), "openid email profile");
        let secrets = ["state", "nonce", "code_challenge"].map(|name| parameter(address, name));
        let code = parameter(&way.back, "code");
        assert!(secrets.iter().chain([&code]).all(|secret| secret.len() >= 22), "{address}");
        let secrets = secrets.iter().chain([&code]).map(String::as_str).collect::<Vec<_>>();
        assert_silent(&company.site, &secrets);
        assert_silent(&company.site, &[SECRET, "eyJ"]);
        let log = company.audit(2).await?;
        let entry = |at: usize| (log[at].action.as_str(), log[at].subject.as_str());
        let email = format!("{who}@vendor.test");
        assert_eq!(entry(0), ("sign in", email.as_str()));
        assert_eq!((&log[0].actor, &log[0].after), (&email, &company.place.issuer));
        assert_eq!(entry(1), ("add staff", email.as_str()));
        assert_eq!(log[1].after, format!("{role}, {who} at {}", company.place.issuer));
    }
    Ok(())
}

#[tokio::test]
async fn whoever_is_in_no_group_that_counts_stays_outside() -> Result<()> {
    let (company, _provider) = Company::start().await?;
    let mut nora = company.site.anyone();
    let way = nora.sign_in_as("/", "nora").await?;
    refused(&way.answer, 403, "you are in no group that may use this site");
    assert_eq!(role_of(&nora).await?, "");
    assert_eq!(company.store().await?.staff_by_email("nora@vendor.test").await?, None);
    let entry = company.audit(1).await?.remove(0);
    assert_eq!(
        (entry.action.as_str(), entry.subject.as_str()),
        ("fail to sign in", "nora@vendor.test")
    );
    assert!(entry.after.contains("in no group that counts"), "{}", entry.after);
    Ok(())
}

#[tokio::test]
async fn groups_that_change_count_at_the_next_sign_in() -> Result<()> {
    let (company, mut provider) = Company::start().await?;
    let site = &company.site;
    let edda = |groups: &[&str]| {
        let person = json!({ "email": "edda@vendor.test", "name": "Edda", "groups": groups });
        people(&[("edda", person)])
    };
    let (mut first, mut second) = (site.anyone(), site.anyone());
    first.sign_in_as("/", "edda").await?;
    assert_eq!(role_of(&first).await?, "editor");

    provider.tell(&edda(&["readers"]))?;
    second.sign_in_as("/", "edda").await?;
    assert_eq!(role_of(&second).await?, "viewer");
    assert_eq!(role_of(&first).await?, "", "the editor's session goes on");
    let log = company.audit(4).await?;
    let changed = log.iter().find(|row| row.after.starts_with("viewer")).expect("an entry");
    assert_eq!((changed.action.as_str(), changed.before.as_str()), ("change staff", "editor"));
    assert_eq!(changed.actor, "service");

    // Signing in again without a change ends nothing.
    first.sign_in_as("/", "edda").await?;
    assert_eq!(role_of(&second).await?, "viewer");

    provider.tell(&edda(&[]))?;
    let way = site.anyone().sign_in_as("/", "edda").await?;
    refused(&way.answer, 403, "you are in no group");
    for session in [&first, &second] {
        assert_eq!(role_of(session).await?, "", "a session of somebody without a group");
    }
    Ok(())
}

#[tokio::test]
async fn a_client_without_a_secret_proves_itself_by_pkce() -> Result<()> {
    let company = Company::without_provider("public", "", &[]).await?;
    let mut provider = company.place.provider(&company.site.url).await?;
    provider.tell(&people(&[]))?;
    let mut visitor = company.site.anyone();
    visitor.sign_in_as("/", "adam").await?;
    assert_eq!(role_of(&visitor).await?, "admin");

    // Whoever steals the code has no use for it: the verifier never left the site.
    let mut victim = company.site.anyone();
    let (_, back) = victim.go_to_provider("/", "adam").await?;
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    let redirect = format!("{}/sign-in/oidc/return", company.site.url);
    body.append_pair("grant_type", "authorization_code")
        .append_pair("client_id", "public")
        .append_pair("redirect_uri", &redirect)
        .append_pair("code", &parameter(&back, "code"));
    let theft = reqwest::Client::builder().build()?;
    let theft = theft.post(format!("{}/token", company.place.issuer));
    let kind = "application/x-www-form-urlencoded";
    let theft = theft.header("content-type", kind).body(body.finish()).send().await?;
    assert_eq!(theft.status(), StatusCode::BAD_REQUEST);
    assert!(theft.text().await?.contains("invalid_grant"));
    Ok(())
}

#[tokio::test]
async fn a_secret_goes_the_way_that_the_provider_takes() -> Result<()> {
    let company = Company::without_provider("posting", "another", &[]).await?;
    let (place, site) = (&company.place, &company.site);
    let mut provider = place.provider_that_takes(&site.url, &["client_secret_post"]).await?;
    provider.tell(&people(&[]))?;
    let mut visitor = site.anyone();
    visitor.sign_in_as("/", "adam").await?;
    assert_eq!(role_of(&visitor).await?, "admin");
    Ok(())
}

#[tokio::test]
async fn a_wrong_secret_lets_nobody_in() -> Result<()> {
    let company = Company::without_provider("site", "another", &[]).await?;
    let mut provider = company.place.provider(&company.site.url).await?;
    provider.tell(&people(&[]))?;
    let way = company.site.anyone().sign_in_as("/", "adam").await?;
    refused(&way.answer, 403, "could not be believed");
    assert!(company.site.log().contains("invalid_client"), "{}", company.site.log());
    Ok(())
}
