//! What somebody writes into an address, and at the door.

use anyhow::Result;
use http::{Method, StatusCode};

use super::{Faults, encoded, on_both, texts};
use crate::site::access::world::{Subject, World, read};

/// No client sends a longer one.
const LONGEST: usize = 65_000;

/// Every page that takes something from its address, with the text in all of it.
fn asked(text: &str, customer: &Subject) -> Vec<String> {
    let text = encoded(text);
    let with = |path: &str, names: &[&str]| {
        let query: Vec<String> = names.iter().map(|name| format!("{name}={text}")).collect();
        format!("{path}?{}", query.join("&"))
    };
    let audit = ["actor", "action", "customer", "from", "to", "page"];
    let mut all = vec![
        with("/customers", &["q", "state", "region", "version", "owner", "sort", "page"]),
        with("/customers", &["q"]),
        with("/customers", &["owner", "sort"]),
        with("/audit", &audit),
        with("/audit", &["customer"]),
        with("/audit/export.csv", &audit),
        with("/audit/export.json", &["actor"]),
        with("/customers/new/parse", &["load_balancers", "account"]),
        with("/templates/logs-analysis-onboarding/diff", &["from", "to"]),
        with("/sign-in", &["next"]),
        with(&format!("/c/{}/explain", customer.page), &["text"]),
    ];
    for path in [
        "/customers/T",
        "/customers/T/progress",
        "/customers/T/events",
        "/customers/T/edit",
        "/customers/T/preview",
        "/customers/T/rotate",
        "/customers/import/T",
        "/customers/import/T/links.csv",
        "/templates/T/T",
        "/templates/T/T/raw",
        "/templates/T/diff",
        "/templates/logs-analysis-onboarding/T",
        "/c/T",
        "/assets/T/T",
        "/T",
    ] {
        all.push(path.replace('T', &text));
    }
    all
}

#[tokio::test]
async fn no_text_in_an_address_becomes_a_part_of_a_page() -> Result<()> {
    on_both(async |world| {
        let mut faults = Faults::default();
        let customer = world.customer("Acme").await?;
        for text in texts::all() {
            for path in asked(&text, &customer).iter().filter(|path| path.len() < LONGEST) {
                let request = world.request(Method::GET, path);
                let answer = read(request.header("cookie", world.editor.cookie())).await?;
                let shown: String = path.chars().take(40).collect();
                faults.check(&shown, &text, &answer, &world.site.url);
            }
        }
        faults.none()
    })
    .await
}

#[tokio::test]
async fn a_very_long_address_is_answered() -> Result<()> {
    on_both(async |world| {
        let mut faults = Faults::default();
        let customer = world.customer("Acme").await?;
        for text in ["_".repeat(30_000), "a".repeat(60_000), "\u{1f9e8}".repeat(4_000)] {
            for path in asked(&text, &customer).iter().filter(|path| path.len() < LONGEST) {
                let request = world.request(Method::GET, path);
                let answer = read(request.header("cookie", world.editor.cookie())).await?;
                let shown: String = path.chars().take(40).collect();
                faults.check(&shown, &text, &answer, &world.site.url);
            }
        }
        faults.none()
    })
    .await
}

#[tokio::test]
async fn no_text_at_the_door_becomes_a_part_of_a_page() -> Result<()> {
    on_both(async |world| {
        let mut faults = Faults::default();
        for text in texts::all() {
            let fields = [("email", text.as_str()), ("password", &text), ("next", &text)];
            let answer = world.site.anyone().post("/sign-in", &fields).await?;
            faults.check("/sign-in", &text, &answer, &world.site.url);
            assert!(answer.status.is_client_error(), "{text:?}: {}", answer.status);
        }
        faults.none()
    })
    .await
}

/// What nobody may be told: whether a page exists below a customer's token or an id.
#[tokio::test]
async fn ids_that_look_alike_are_told_apart() -> Result<()> {
    let world = World::start().await?;
    let id = world.customer("Acme").await?.id;
    let near = [
        id.to_uppercase(),
        format!("{id} "),
        format!("{id}%00"),
        format!("{id}/."),
        format!("{}_", &id[..id.len() - 1]),
        "%25".to_owned(),
        format!("{}%25", &id[..4]),
    ];
    let viewer = &world.viewer;
    assert_eq!(viewer.get(&format!("/customers/{id}")).await?.status, StatusCode::OK);
    for one in near.iter().filter(|one| !one.ends_with("/.") && !one.ends_with(' ')) {
        let answer = viewer.get(&format!("/customers/{one}")).await?;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{one}");
    }
    Ok(())
}
