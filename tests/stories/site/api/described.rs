//! The API's description says what the API does.

use std::collections::BTreeSet;

use anyhow::Result;
use onboarding_web::api::Description;
use serde_json::Value;
use utoipa::OpenApi;

use crate::site::access::rows::API;

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
