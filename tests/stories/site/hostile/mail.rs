//! The e-mail that an admin writes, and whom it goes to.

use std::time::Duration;

use anyhow::{Context, Result};
use http::StatusCode;

use super::{Faults, texts};
use crate::site::access::world::{World, new_account};

#[tokio::test]
async fn no_text_of_the_e_mail_does_more_than_fill_in() -> Result<()> {
    let world = World::start().await?;
    let (url, mut faults) = (world.site.url.clone(), Faults::default());
    let customer = world.customer("Acme").await?;
    let key = std::fs::read_to_string(world.site.folder().join("onboarding.key"))?;
    for text in texts::all() {
        let body = format!("{text} {{{{ link }}}}");
        for action in ["preview", "save"] {
            let fields = [("subject", text.as_str()), ("body", &body), ("action", action)];
            let answer = world.admin.post("/settings/email", &fields).await?;
            faults.check("the editor", &text, &answer, &url);
            let own = [200, 303, 422].contains(&answer.status.as_u16());
            assert!(own, "{text:?}: {}", answer.status);
        }
        for path in ["/settings".to_owned(), format!("/customers/{}", customer.id)] {
            let page = world.admin.get(&path).await?;
            assert_eq!(page.status, StatusCode::OK, "{path} with {text:?}");
            faults.check(&path, &text, &page, &url);
            assert!(!page.text.contains(key.trim()) && !page.text.contains("root:"), "{text:?}");
        }
    }
    faults.none()
}

#[tokio::test]
async fn an_e_mail_that_never_ends_is_refused() -> Result<()> {
    let world = World::start().await?;
    let digits = "{% for a in [1,2,3,4,5,6,7,8,9,0] %}";
    let endless = format!("{}{{{{ link }}}}{}", digits.repeat(9), "{% endfor %}".repeat(9));
    let large = format!(
        "{{% set a = '{}' %}}{}{{{{ link }}}}",
        "x".repeat(900),
        "{% set a = a ~ a %}".repeat(30)
    );
    for body in [endless, large] {
        let fields = [("subject", "Hello"), ("body", &body), ("action", "preview")];
        let answer = world.admin.post("/settings/email", &fields);
        let answer = tokio::time::timeout(Duration::from_secs(10), answer).await;
        let answer = answer.context("still filling in the e-mail after 10 seconds")??;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text.len());
    }
    assert_eq!(world.viewer.get("/customers").await?.status, StatusCode::OK);
    Ok(())
}

/// The address of the button that opens a mail program.
fn mailto(page: &str) -> Result<url::Url> {
    let href = page.split("href=\"mailto:").nth(1).and_then(|rest| rest.split('"').next());
    let href = href.context("no mailto on the page")?.replace("&#38;", "&").replace("&#39;", "'");
    Ok(url::Url::parse(&format!("mailto:{href}"))?)
}

#[tokio::test]
async fn the_e_mail_goes_to_the_customers_address_and_to_nobody_else() -> Result<()> {
    let world = World::start().await?;
    let local_parts = [
        "rosa",
        "rosa+aws",
        "o'neil",
        "a?bcc=everybody",
        "a&cc=everybody",
        "a%3Fbcc=everybody",
        "a%0d%0aBcc:b",
        "a#fragment",
        "a/b=c",
        "rosa{x}",
        "jürgen",
    ];
    let mut wrong = Vec::new();
    for local in local_parts {
        let (email, account) = (format!("{local}@customer.test"), new_account());
        let fields = [
            ("name", "Acme"),
            ("email", &email),
            ("account", &account),
            ("load_balancers", "eu-west-1 all"),
        ];
        let answer = world.editor.post("/customers/new", &fields).await?;
        if answer.location.is_empty() {
            assert!(local != "rosa" && local != "rosa+aws" && local != "o'neil", "{local}");
            continue;
        }
        let mailto = mailto(&world.editor.get(&answer.location).await?.text)?;
        let names: Vec<String> = mailto.query_pairs().map(|(name, _)| name.into_owned()).collect();
        // Mail programs decode percent signs and leave the plus sign alone (RFC 6068).
        let path = format!("to={}", mailto.path().replace('+', "%2B"));
        let path =
            url::form_urlencoded::parse(path.as_bytes()).map(|(_, value)| value.into_owned());
        let path: String = path.collect();
        if names != ["subject", "body"] || path != email || mailto.fragment().is_some() {
            wrong.push(format!("{email}: {mailto:.120}"));
        }
        let text = mailto.query().unwrap_or_default();
        assert!(!text.contains('+'), "a mail program shows plus signs: {text}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
