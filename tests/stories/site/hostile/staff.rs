//! What is kept of staff.

use anyhow::Result;
use http::StatusCode;
use onboarding_web::store::{Actor, Role};

use super::{Faults, inert, texts};
use crate::site::access::world::World;

#[tokio::test]
async fn no_text_about_staff_becomes_a_part_of_a_page() -> Result<()> {
    let world = World::start().await?;
    let (url, mut faults) = (world.site.url.clone(), Faults::default());
    let actor = Actor::of("test");
    let (mut stored, mut by_form) = (0, 0);
    for (at, text) in texts::all().iter().enumerate() {
        let address = format!("{at}@vendor.test");
        let takes = |name: &str| {
            let name = name.trim();
            !name.is_empty() && name.chars().count() <= 120 && !name.chars().any(char::is_control)
        };
        // Hashing a password takes long: the form for some, the store's own way for the others.
        let fields = [("email", address.as_str()), ("name", text), ("role", "viewer")];
        if !takes(text) || at % 12 == 0 {
            let answer = world.admin.post("/settings/staff", &fields).await?;
            faults.check("a name", text, &answer, &url);
            let refused = answer.status == StatusCode::UNPROCESSABLE_ENTITY;
            assert_eq!(refused, !takes(text), "{text:?}: {}", answer.status);
            by_form += 1;
        } else {
            let who = (address.as_str(), text.trim());
            assert!(world.store.add_staff(&actor, who, Role::Viewer, "-").await?);
            stored += 1;
        }
        let address = format!("{text}@vendor.test");
        let fields = [("email", address.as_str()), ("name", ""), ("role", text)];
        let answer = world.admin.post("/settings/staff", &fields).await?;
        faults.check("an address", text, &answer, &url);
        if !address.contains(|c: char| c.is_whitespace() || c.is_control()) && address.len() < 254 {
            world.store.add_staff(&actor, (&address, "Somebody"), Role::Viewer, "-").await?;
        }
    }
    assert!(stored > 50 && by_form > 10, "{stored} {by_form}");
    for path in ["/settings", "/customers/new", "/audit?action=add+staff", "/audit?page=2"] {
        let answer = world.admin.get(path).await?;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        for text in texts::all() {
            faults.check(path, &text, &answer, &url);
        }
    }
    let filtered = world.admin.get("/audit/export.csv?action=add+staff").await?.text;
    inert("/audit/export.csv", &filtered, &mut faults);
    faults.none()
}
