//! The API's description says what the API does.

use std::{collections::BTreeSet, process::Command};

use anyhow::Result;
use harness::{emulators, root};
use onboarding_web::api::{Description, caller::Scope};
use serde_json::Value;
use tokio::task::spawn_blocking;
use utoipa::OpenApi;

use super::{Program, customer};
use crate::site::access::{rows::API, world::World};

fn description() -> Result<Value> {
    Ok(serde_json::from_str(&Description::openapi().to_json()?)?)
}

#[test]
fn every_route_is_described_with_its_scope_and_nothing_else_is() -> Result<()> {
    let document = description()?;
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let scope = operation["security"][0]["token"][0].as_str().unwrap_or_default();
            described.insert(format!("{} {path} {scope}", method.to_uppercase()));
            for words in ["summary", "operationId"] {
                let words = operation[words].as_str().unwrap_or_default();
                assert!(!words.is_empty(), "{method} {path} has no words");
            }
        }
    }
    let all: BTreeSet<String> = API
        .iter()
        .map(|(method, path, scope)| format!("{method} {path} {}", scope.name()))
        .collect();
    assert_eq!(described, all);
    Ok(())
}

/// Schemathesis makes requests out of the description, sound and unsound ones, and holds every answer
/// against it: no fault of ours, no status, header or field that is not described, nothing taken that
/// should not be. So many that the limit of calls per minute is not reached.
#[tokio::test]
async fn requests_of_all_kinds_are_answered_as_described() -> Result<()> {
    let world = World::start().await?;
    let program = Program::with(&world, &Scope::ALL).await?;
    for _ in 0..3 {
        program.send("POST", "/api/v1/customers", &customer()).await?;
    }
    let python = spawn_blocking(|| emulators::environment("api")).await??;
    let mut run = Command::new(python.with_file_name("schemathesis"));
    run.arg("--config-file")
        .arg(root().join("tests/api/schemathesis.toml"))
        .arg("run")
        .arg(format!("{}/api/openapi.json", world.site.url))
        .args(["-H", &format!("Authorization: Bearer {}", program.token)])
        .args(["--max-examples", "12", "--seed", "7", "--no-color", "--max-failures", "40"])
        .args(["--generation-database", "none"])
        .current_dir(world.site.folder());
    let output = spawn_blocking(move || run.output()).await??;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}{errors}");
    assert!(text.contains("Tested: 20"), "{text}");
    assert!(!text.contains("Unresolvable"), "{text}");
    Ok(())
}
