//! Accounts of a company beside local ones: neither becomes the other by itself.

use anyhow::{Context, Result};
use harness::{
    oidc::SECRET,
    site::{PASSWORD, Visitor},
};
use http::StatusCode;
use serde_json::json;

use super::{Company, people, refused, role_of};

/// The id that an account has in addresses.
async fn id_of(company: &Company, email: &str) -> Result<String> {
    let staff = company.store().await?.staff_by_email(email).await?;
    Ok(staff.with_context(|| format!("nobody is {email}"))?.id)
}

/// What the site says after somebody was sent on.
async fn told(visitor: &Visitor, answer: &harness::site::Answered) -> Result<String> {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    Ok(visitor.get(&answer.location).await?.text.replace("&#39;", "'"))
}

#[tokio::test]
async fn an_account_with_the_same_address_is_not_taken_over() -> Result<()> {
    let (company, mut provider) = Company::start().await?;
    let admin = company.site.admin().await?;
    let thief = |email: &str| json!({ "email": email, "name": "X", "groups": ["admins"] });
    provider.tell(&people(&[
        ("thief", thief("Admin@LOCALHOST")),
        ("late", thief("adam@vendor.test")),
    ]))?;
    for who in ["thief", "late"] {
        if who == "late" {
            company.site.anyone().sign_in_as("/", "adam").await?;
        }
        let mut visitor = company.site.anyone();
        let way = visitor.sign_in_as("/", who).await?;
        refused(&way.answer, 409, "another account with your e-mail address");
        assert_eq!(role_of(&visitor).await?, "");
        let entry = company.audit(1).await?.remove(0);
        assert!(entry.after.ends_with("another account has the address"), "{}", entry.after);
    }
    assert_eq!(role_of(&admin).await?, "admin", "the owner's session ended");
    let mut again = company.site.anyone();
    assert_eq!(again.sign_in("admin@localhost", PASSWORD).await?.status, StatusCode::SEE_OTHER);
    Ok(())
}

#[tokio::test]
async fn a_password_is_of_no_use_to_a_company_account() -> Result<()> {
    let (company, _provider) = Company::start().await?;
    let site = &company.site;
    let mut edda = site.anyone();
    edda.sign_in_as("/", "edda").await?;
    for password in ["", " ", PASSWORD] {
        let answer = site.anyone().sign_in("edda@vendor.test", password).await?;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text.contains("The e-mail or the password is not right"));
    }
    assert!(!edda.get("/settings").await?.text.contains("/settings/password"));
    let own = edda.get("/settings/password").await?;
    assert!(told(&edda, &own).await?.contains("Change its password there"));
    let change = [("current", ""), ("new", "another horse, other batteries")];
    let own = edda.post("/settings/password", &change).await?;
    assert!(told(&edda, &own).await?.contains("Change its password there"));

    let admin = site.admin().await?;
    let id = id_of(&company, "edda@vendor.test").await?;
    let page = admin.get("/settings").await?.text;
    assert!(page.contains("From your company’s groups"), "{page}");
    for form in [&[("action", "role"), ("role", "admin")][..], &[("action", "password")]] {
        let answer = admin.post(&format!("/settings/staff/{id}"), form).await?;
        assert!(told(&admin, &answer).await?.contains("are kept by your company's sign-in"));
    }
    assert_eq!(role_of(&edda).await?, "editor");
    let (code, text) = site.run(&["staff", "reset-password", "edda@vendor.test"])?;
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("unlink makes it a local one"), "{text}");
    Ok(())
}

#[tokio::test]
async fn an_account_that_is_switched_off_stays_so() -> Result<()> {
    let (company, _provider) = Company::start().await?;
    let site = &company.site;
    let mut edda = site.anyone();
    edda.sign_in_as("/", "edda").await?;
    let admin = site.admin().await?;
    let path = format!("/settings/staff/{}", id_of(&company, "edda@vendor.test").await?);
    admin.post(&path, &[("action", "disable")]).await?;
    assert_eq!(role_of(&edda).await?, "");
    let way = edda.sign_in_as("/", "edda").await?;
    refused(&way.answer, 403, "is switched off");
    let entry = company.audit(1).await?.remove(0);
    assert!(entry.after.ends_with("switched off"), "{}", entry.after);
    admin.post(&path, &[("action", "enable")]).await?;
    edda.sign_in_as("/", "edda").await?;
    assert_eq!(role_of(&edda).await?, "editor");
    Ok(())
}

#[tokio::test]
async fn names_and_addresses_follow_the_company() -> Result<()> {
    let (company, mut provider) = Company::start().await?;
    let site = &company.site;
    site.anyone().sign_in_as("/", "edda").await?;
    site.anyone().sign_in_as("/", "adam").await?;
    let before = id_of(&company, "edda@vendor.test").await?;
    let edda = |email: &str| json!({ "email": email, "name": "Edda Neu", "groups": ["support"] });
    provider.tell(&people(&[("edda", edda("edda.neu@vendor.test"))]))?;
    site.anyone().sign_in_as("/", "edda").await?;
    assert_eq!(id_of(&company, "edda.neu@vendor.test").await?, before);
    assert_eq!(company.store().await?.staff_by_email("edda@vendor.test").await?, None);

    // Somebody else's address is not taken over, and locks nobody out.
    provider.tell(&people(&[("edda", edda("adam@vendor.test"))]))?;
    let mut visitor = site.anyone();
    visitor.sign_in_as("/", "edda").await?;
    assert_eq!(role_of(&visitor).await?, "editor");
    assert_eq!(id_of(&company, "edda.neu@vendor.test").await?, before);
    Ok(())
}

#[tokio::test]
async fn accounts_change_hands_from_the_command_line_only() -> Result<()> {
    let (company, mut provider) = Company::start().await?;
    let (site, issuer) = (&company.site, company.place.issuer.as_str());
    let rosa = json!({ "email": "rosa@vendor.test", "name": "Rosa", "groups": ["support"] });
    provider.tell(&people(&[("rosa", rosa)]))?;
    let (code, text) = site.run(&["staff", "add", "rosa@vendor.test", "--role", "viewer"])?;
    assert_eq!(code, 0, "{text}");
    let mut visitor = site.anyone();
    let way = visitor.sign_in_as("/", "rosa").await?;
    refused(&way.answer, 409, "another account with your e-mail address");

    // The audit log has what the command asks for.
    let entry = company.audit(1).await?.remove(0);
    assert!(entry.after.starts_with(&format!("rosa at {issuer}: ")), "{}", entry.after);
    let (code, text) = site.run(&["staff", "link", "rosa@vendor.test", issuer, "rosa"])?;
    assert_eq!(code, 0, "{text}");
    visitor.sign_in_as("/", "rosa").await?;
    assert_eq!(role_of(&visitor).await?, "editor");
    let again = site.run(&["staff", "link", "admin@localhost", issuer, "rosa"])?;
    assert!(again.0 == 1 && again.1.contains("has another account already"), "{}", again.1);

    let (code, text) = site.run(&["staff", "unlink", "rosa@vendor.test"])?;
    assert_eq!(code, 0, "{text}");
    assert_eq!(role_of(&visitor).await?, "", "the session goes on");
    let first = text.split("with the password ").nth(1).context("no password")?;
    let first = first.split(',').next().unwrap_or_default();
    let answer = site.anyone().sign_in("rosa@vendor.test", first).await?;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
    let way = site.anyone().sign_in_as("/", "rosa").await?;
    refused(&way.answer, 409, "another account with your e-mail address");
    Ok(())
}

#[tokio::test]
async fn passwords_can_be_switched_off_and_on_again() -> Result<()> {
    let company = Company::without_provider("site", SECRET, &["--local-sign-in=off"]).await?;
    let site = &company.site;
    assert!(
        !site.log().contains("with the password"),
        "an account that nobody can use: {}",
        site.log()
    );
    let mut provider = company.place.provider(&site.url).await?;
    provider.tell(&people(&[]))?;
    let page = site.anyone().get("/sign-in").await?.text;
    assert!(
        page.contains("Sign in with a Northlight account")
            && !page.contains("<form method=\"post\" action=\"/sign-in\"")
    );
    let (code, text) = site.run(&["staff", "add", "local@vendor.test", "--role", "admin"])?;
    assert_eq!(code, 0, "{text}");
    let first = text.split("with the password ").nth(1).context("no password")?;
    let first = first.split(',').next().unwrap_or_default();
    let answer = site.anyone().sign_in("local@vendor.test", first).await?;
    refused(&answer, 403, "Passwords are not used here");

    let mut adam = site.anyone();
    adam.sign_in_as("/", "adam").await?;
    let page = adam.get("/settings").await?.text;
    assert!(!page.contains("Add and make a password"), "{page}");
    let add = [("email", "x@vendor.test"), ("name", "X"), ("role", "admin")];
    let answer = adam.post("/settings/staff", &add).await?;
    assert!(told(&adam, &answer).await?.contains("Passwords are not used here"));
    Ok(())
}

#[tokio::test]
async fn sessions_end_with_the_way_that_they_began() -> Result<()> {
    let (mut company, _provider) = Company::start().await?;
    let (local, mut adam) = (company.site.admin().await?, company.site.anyone());
    adam.sign_in_as("/", "adam").await?;
    let site = &mut company.site;
    site.restart_with("--local-sign-in", &["--local-sign-in=off"]).await?;
    assert_eq!((role_of(&local).await?, role_of(&adam).await?), (String::new(), "admin".into()));
    site.restart_with("--local-sign-in", &["--local-sign-in=on"]).await?;
    assert_eq!(role_of(&local).await?, "admin");
    site.restart_with("--oidc-", &[]).await?;
    assert_eq!((role_of(&local).await?, role_of(&adam).await?), ("admin".into(), String::new()));
    assert_eq!(adam.get("/sign-in/oidc").await?.status, StatusCode::NOT_FOUND);
    assert!(!adam.get("/sign-in").await?.text.contains("/sign-in/oidc"));
    Ok(())
}
