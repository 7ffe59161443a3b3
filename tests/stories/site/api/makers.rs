//! A token lets nobody keep what they lost.

use anyhow::{Context, Result};
use http::StatusCode;
use onboarding_web::store::{Actor, Role, Staff};
use serde_json::json;

use super::{super::access::world::World, Program};

/// A token for reading and for webhooks, made on the page by an admin of its own; and that admin.
async fn made_by_an_admin(world: &World) -> Result<(Program<'_>, Staff)> {
    let before = world.store.all_staff().await?;
    let boss = world.staff(Role::Admin).await?;
    let all = world.store.all_staff().await?;
    let staff = all.into_iter().find(|one| before.iter().all(|known| known.id != one.id));
    let scopes = [("customers:read", "on"), ("webhooks:write", "on")];
    let form = [("name", "CRM"), ("days", "30"), scopes[0], scopes[1]];
    let made = boss.post("/settings/tokens", &form).await?;
    let token = made.text.split("id=\"one-time-token\">").nth(1).context("no token")?;
    let token = token.split('<').next().unwrap_or_default().to_owned();
    Ok((Program { world, token }, staff.context("nobody was added")?))
}

#[tokio::test]
async fn a_token_stops_with_the_rights_of_whoever_made_it() -> Result<()> {
    let world = World::start().await?;
    let (program, boss) = made_by_an_admin(&world).await?;
    let (customers, webhooks) = ("/api/v1/customers", "/api/v1/webhooks");
    assert_eq!(program.get(customers).await?.status, 200);
    assert_eq!(program.get(webhooks).await?.status, 200);

    let by = Actor::of("test");
    assert!(world.store.change_staff(&by, &boss, Role::Editor, false).await?);
    assert_eq!(program.get(customers).await?.status, 200);
    let refused = program.get(webhooks).await?;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert_eq!(refused.body["title"], "The token has stopped");
    let page = world.admin.get("/settings/tokens").await?.text;
    assert!(page.contains("Partly stopped"), "{page}");
    assert!(page.contains(&format!("{} may no longer do what is struck out", boss.email)));

    assert!(world.store.change_staff(&by, &boss, Role::Editor, true).await?);
    assert_eq!(program.get(customers).await?.status, StatusCode::FORBIDDEN);
    assert!(world.admin.get("/settings/tokens").await?.text.contains("Stopped</span>"));
    let (_, listed) = world.site.run(&["token", "list"])?;
    assert!(listed.contains("stopped"), "{listed}");

    assert!(world.store.change_staff(&by, &boss, Role::Admin, false).await?);
    assert_eq!(program.get(webhooks).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn the_audit_log_tells_two_tokens_of_one_name_apart() -> Result<()> {
    let world = World::start().await?;
    let (first, _) = made_by_an_admin(&world).await?;
    let (second, _) = made_by_an_admin(&world).await?;
    let webhook = json!({"url": "https://a.example/"});
    for program in [&first, &second] {
        let added = program.send("POST", "/api/v1/webhooks", &webhook).await?;
        assert_eq!(added.status, StatusCode::CREATED);
    }
    let mut ids = Vec::new();
    for token in world.store.api_tokens().await? {
        let page = world.admin.get(&format!("/audit?actor={}", token.id)).await?.text;
        assert!(page.contains(&format!("token CRM ({})", token.id)), "{page}");
        let made = world.admin.get("/audit?action=make+API+token").await?.text;
        assert!(made.contains(&format!("CRM ({})", token.id)), "{made}");
        ids.push(token.id);
    }
    assert_ne!(ids[0], ids[1]);
    Ok(())
}
