//! The company's sign-in is down, slow, or something else: the site says so, and goes on without it.

use std::time::{Duration, Instant};

use anyhow::Result;
use harness::{oidc::SECRET, site::Visitor};
use serde_json::json;

use super::{Company, DOES_NOT_ANSWER, people, refused, role_of};

/// Local accounts sign in all the same.
async fn local_accounts_get_in(company: &Company) -> Result<()> {
    let admin = company.site.admin().await?;
    assert_eq!(role_of(&admin).await?, "admin");
    Ok(())
}

async fn is_told(visitor: &Visitor, path: &str) -> Result<Duration> {
    let begun = Instant::now();
    refused(&visitor.get(path).await?, 502, DOES_NOT_ANSWER);
    Ok(begun.elapsed())
}

#[tokio::test]
async fn a_site_starts_and_goes_on_without_its_provider() -> Result<()> {
    let company = Company::without_provider("site", SECRET, &[]).await?;
    let site = &company.site;
    is_told(&site.anyone(), "/sign-in/oidc").await?;
    local_accounts_get_in(&company).await?;

    let mut provider = company.place.provider(&site.url).await?;
    provider.tell(&people(&[]))?;
    let mut adam = site.anyone();
    adam.sign_in_as("/", "adam").await?;
    assert_eq!(role_of(&adam).await?, "admin");

    // It goes down while somebody is there; whoever is in stays in.
    let mut edda = site.anyone();
    let (_, back) = edda.go_to_provider("/", "edda").await?;
    drop(provider);
    is_told(&edda, &back).await?;
    assert_eq!(role_of(&edda).await?, "");
    assert_eq!(role_of(&adam).await?, "admin");
    local_accounts_get_in(&company).await?;

    // It comes back with new keys.
    let mut provider = company.place.provider(&site.url).await?;
    provider.tell(&people(&[]))?;
    edda.sign_in_as("/", "edda").await?;
    assert_eq!(role_of(&edda).await?, "editor");
    Ok(())
}

#[tokio::test]
async fn a_provider_that_hangs_is_not_waited_for() -> Result<()> {
    let (company, mut liar) = Company::of_liars().await?;
    liar.tell(&json!({ "hang": "all" }))?;
    let (first, second) = (company.site.anyone(), company.site.anyone());
    let both =
        tokio::try_join!(is_told(&first, "/sign-in/oidc"), is_told(&second, "/sign-in/oidc"))?;
    assert!(both.0.max(both.1) < Duration::from_secs(15), "{both:?}");

    liar.tell(&json!({ "hang": "/token" }))?;
    let mut visitor = company.site.anyone();
    let (_, back) = visitor.go_to_provider("/", "rosa").await?;
    let local = local_accounts_get_in(&company);
    let (took, ()) = tokio::try_join!(is_told(&visitor, &back), local)?;
    assert!(took < Duration::from_secs(15), "{took:?}");
    Ok(())
}

#[tokio::test]
async fn a_provider_that_says_something_else_is_down() -> Result<()> {
    for place in ["/.well-known/openid-configuration", "/keys"] {
        let (company, mut liar) = Company::of_liars().await?;
        liar.tell(&json!({ "break": place }))?;
        is_told(&company.site.anyone(), "/sign-in/oidc").await?;
        liar.tell(&json!({}))?;
        let mut visitor = company.site.anyone();
        visitor.sign_in_as("/", "rosa").await?;
        assert_eq!(role_of(&visitor).await?, "admin");
    }
    let (company, mut liar) = Company::of_liars().await?;
    for lie in
        [json!({ "break": "/token" }), json!({ "break": "/user", "claims": { "groups": null } })]
    {
        liar.tell(&lie)?;
        let way = company.site.anyone().sign_in_as("/", "rosa").await?;
        refused(&way.answer, 502, DOES_NOT_ANSWER);
        assert!(!way.answer.text.contains("Maintenance"), "{lie}");
    }
    Ok(())
}
