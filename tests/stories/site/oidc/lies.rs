//! A token that is not what it should be is worth nothing, and neither is what goes with it.

use anyhow::Result;
use harness::oidc::{Provider, SECRET};
use http::StatusCode;
use serde_json::{Value, json};

use super::{Company, NOT_IN, assert_silent, parameter, refused, role_of};

fn now() -> i64 {
    onboarding_web::clock::Clock::system().now() / 1000
}

/// Signs in while the provider lies.
async fn try_it(company: &Company, liar: &mut Provider, lie: &Value) -> Result<String> {
    liar.tell(lie)?;
    let mut visitor = company.site.anyone();
    let way = visitor.sign_in_as("/", "rosa").await?;
    let role = role_of(&visitor).await?;
    if role.is_empty() {
        refused(&way.answer, 403, NOT_IN);
    } else {
        assert_eq!(way.answer.status, StatusCode::SEE_OTHER);
    }
    Ok(role)
}

/// What is wrong with a token, and what the audit log says of it.
fn lies() -> Vec<(Value, &'static str)> {
    vec![
        (json!({ "sign": "other" }), "signature"),
        (json!({ "sign": "other", "header": { "kid": "unheard-of" } }), "No matching key"),
        (json!({ "sign": "other", "header": { "kid": null } }), "signature"),
        (json!({ "sign": "nothing" }), "signature"),
        (json!({ "sign": "none" }), "No signature"),
        (json!({ "sign": "none", "header": { "alg": "NONE" } }), "cannot be read"),
        (json!({ "sign": "secret" }), "Disallowed signature algorithm"),
        (json!({ "sign": "public" }), "Disallowed signature algorithm"),
        (json!({ "header": { "alg": "RS384" } }), "No matching key"),
        (json!({ "header": { "alg": "ES256" } }), "No matching key"),
        (json!({ "header": { "crit": ["exp"] } }), "critical"),
        (json!({ "header": { "typ": "at+jwt" } }), "unsupported JWT type"),
        (json!({ "claims": { "iss": "https://evil.test" } }), "Invalid issuer"),
        (json!({ "claims": { "iss": null } }), "cannot be read"),
        (json!({ "claims": { "aud": "another-site" } }), "Invalid audience"),
        (json!({ "claims": { "aud": ["site", "another-site"] } }), "not a trusted audience"),
        (json!({ "claims": { "aud": [] } }), "Invalid audience"),
        (json!({ "claims": { "aud": null } }), "Invalid audience"),
        (json!({ "claims": { "azp": "another-site" } }), "another client"),
        (json!({ "claims": { "exp": now() - 1 } }), "Expired"),
        (json!({ "claims": { "exp": null } }), "cannot be read"),
        (json!({ "claims": { "iat": now() + 3600, "exp": now() + 7200 } }), "in the future"),
        (json!({ "claims": { "nonce": "another" } }), "nonce mismatch"),
        (json!({ "claims": { "nonce": null } }), "missing nonce"),
        (json!({ "claims": { "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" } }), "another access token"),
        (json!({ "claims": { "sub": "" } }), "whom it is about"),
        (json!({ "claims": { "sub": null } }), "cannot be read"),
    ]
}

/// The same of what a token says about somebody.
fn lies_about_people() -> Vec<(Value, &'static str)> {
    vec![
        (json!({ "claims": { "email_verified": false } }), "e-mail address that was checked"),
        (json!({ "claims": { "email_verified": null } }), "--oidc-trust-email"),
        (
            json!({ "claims": { "email": null }, "user": { "email": "rosa@vendor.test" } }),
            "e-mail address that was checked",
        ),
        (
            json!({
                "claims": { "email_verified": null },
                "user": { "email": "else@vendor.test", "email_verified": true },
            }),
            "e-mail address that was checked",
        ),
        (json!({ "claims": { "email_verified": "false" } }), "e-mail address that was checked"),
        (json!({ "claims": { "email": "rosa" } }), "e-mail address that was checked"),
        (json!({ "claims": { "email": null } }), "e-mail address that was checked"),
        (
            json!({ "claims": { "email": null }, "user": { "sub": "adam", "email": "a@b.test" } }),
            "Invalid subject",
        ),
        (json!({ "claims": { "groups": null } }), "in no group that counts"),
        (
            json!({ "claims": { "groups": null }, "user": { "sub": "adam", "groups": ["admins"] } }),
            "Invalid subject",
        ),
        (json!({ "claims": { "groups": { "admins": true } } }), "in no group that counts"),
        (json!({ "claims": { "groups": "admins,x" } }), "in no group that counts"),
    ]
}

#[tokio::test]
async fn no_lie_lets_anybody_in() -> Result<()> {
    for some in [lies(), lies_about_people()].concat().chunks(20) {
        // Each with a site of its own: from one address, no more than sixty ways a minute are taken.
        none_lets_in(some).await?;
    }
    Ok(())
}

async fn none_lets_in(lies: &[(Value, &str)]) -> Result<()> {
    let (company, mut liar) = Company::of_liars().await?;
    for (lie, words) in lies {
        let before = company.audit(1).await?.first().map_or(0, |row| row.seq);
        assert_eq!(try_it(&company, &mut liar, lie).await?, "", "{lie}");
        let entry = company.audit(1).await?.remove(0);
        assert_eq!((entry.seq, entry.action.as_str()), (before + 1, "fail to sign in"), "{lie}");
        assert!(entry.after.contains(words), "{lie}: {}", entry.after);
        assert!(!entry.after.contains("eyJ"), "a token is in the audit log: {}", entry.after);
    }
    assert_eq!(company.store().await?.staff_by_email("rosa@vendor.test").await?, None);
    assert_silent(&company.site, &["eyJ", "access_token", harness::oidc::SECRET]);
    Ok(())
}

#[tokio::test]
async fn what_is_odd_but_true_is_believed() -> Result<()> {
    let (company, mut liar) = Company::of_liars().await?;
    let truths = [
        json!({}),
        json!({ "header": { "kid": null, "typ": null } }),
        json!({ "claims": { "aud": ["site"], "azp": "site", "at_hash": null } }),
        json!({ "claims": { "name": null } }),
        json!({
            "claims": { "email_verified": null },
            "user": { "email": "rosa@vendor.test", "email_verified": true },
        }),
        json!({ "claims": { "email_verified": "true" } }),
        json!({ "claims": { "groups": "admins" } }),
        json!({ "claims": { "groups": null }, "user": { "groups": ["admins"] } }),
        json!({
            "claims": { "email": null },
            "user": { "email": "rosa@vendor.test", "email_verified": true },
        }),
    ];
    for truth in truths {
        assert_eq!(try_it(&company, &mut liar, &truth).await?, "admin", "{truth}");
    }
    Ok(())
}

#[tokio::test]
async fn a_provider_that_checks_no_addresses_is_believed_where_the_vendor_says_so() -> Result<()> {
    let company = Company::without_provider("site", SECRET, &["--oidc-trust-email=on"]).await?;
    let mut liar = company.place.liar().await?;
    let silent = json!({ "claims": { "email_verified": null } });
    assert_eq!(try_it(&company, &mut liar, &silent).await?, "admin");
    let denied = json!({ "claims": { "email_verified": false } });
    assert_eq!(try_it(&company, &mut liar, &denied).await?, "");
    Ok(())
}

#[tokio::test]
async fn providers_sign_in_different_ways() -> Result<()> {
    let (company, mut liar) = Company::of_liars().await?;
    for algorithm in ["RS256", "RS512", "PS256", "ES256", "ES384", "EdDSA"] {
        let honest = json!({ "algorithm": algorithm, "rotate": true });
        assert_eq!(try_it(&company, &mut liar, &honest).await?, "admin", "{algorithm}");
        let lie = json!({ "algorithm": algorithm, "sign": "other" });
        assert_eq!(try_it(&company, &mut liar, &lie).await?, "", "{algorithm}");
    }
    Ok(())
}

#[tokio::test]
async fn a_description_of_somebody_else_is_not_believed() -> Result<()> {
    for metadata in [
        json!({ "issuer": "https://evil.test" }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
        json!({ "jwks_uri": "file:///etc/passwd" }),
    ] {
        let (company, mut liar) = Company::of_liars().await?;
        liar.tell(&json!({ "metadata": metadata }))?;
        let answer = company.site.anyone().get("/sign-in/oidc").await?;
        refused(&answer, 502, super::DOES_NOT_ANSWER);
        assert_eq!(answer.location, "", "{metadata}");
    }
    Ok(())
}

#[tokio::test]
async fn changed_keys_are_learned_at_the_next_sign_in() -> Result<()> {
    let (company, mut liar) = Company::of_liars().await?;
    assert_eq!(try_it(&company, &mut liar, &json!({})).await?, "admin");
    assert_eq!(try_it(&company, &mut liar, &json!({ "rotate": true })).await?, "admin");
    // Also where tokens do not say which key it is.
    let unnamed = json!({ "rotate": true, "header": { "kid": null } });
    assert_eq!(try_it(&company, &mut liar, &unnamed).await?, "admin");
    Ok(())
}

#[tokio::test]
async fn whoever_goes_to_and_fro_waits() -> Result<()> {
    let (company, _liar) = Company::of_liars().await?;
    let mut last = company.site.anyone().get("/sign-in/oidc").await?;
    assert!(!parameter(&last.location, "state").is_empty());
    for _ in 0..70 {
        last = company.site.anyone().get("/sign-in/oidc/return?state=x&code=y").await?;
    }
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    let begin = company.site.anyone().get("/sign-in/oidc").await?;
    assert_eq!(begin.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(company.site.anyone().get("/sign-in").await?.status, StatusCode::OK);
    Ok(())
}
