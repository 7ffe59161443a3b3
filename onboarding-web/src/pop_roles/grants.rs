//! Policy documents, taken apart: in IAM the same can be written in many ways.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// One thing that a document says, without on what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// Not `Allow`.
    pub denies: bool,
    /// Who, for instance `Service lambda.amazonaws.com`; empty where the document has no principals.
    pub who: String,
    /// The action, in small letters: IAM does not tell them apart.
    key: String,
    /// The `Condition` as it stands; empty without.
    pub only_if: String,
}

/// What a document says: the action as it is written, and on which resources.
pub type Grants = BTreeMap<Grant, (String, BTreeSet<String>)>;

/// Takes a document apart.
pub fn grants(document: &Value) -> Grants {
    let mut grants = Grants::new();
    for statement in items(&document["Statement"]) {
        let denies = statement["Effect"].as_str() != Some("Allow");
        let only_if = match &statement["Condition"] {
            Value::Object(map) if !map.is_empty() => statement["Condition"].to_string(),
            _ => String::new(),
        };
        let resources = listed(statement, "Resource", "NotResource");
        for who in principals(statement) {
            for action in listed(statement, "Action", "NotAction") {
                let grant = Grant {
                    denies,
                    who: who.clone(),
                    key: action.to_lowercase(),
                    only_if: only_if.clone(),
                };
                let (_, on) = grants.entry(grant).or_insert_with(|| (action, BTreeSet::new()));
                on.extend(resources.iter().cloned());
            }
        }
    }
    grants
}

/// A text and a list of that one text are the same to IAM.
fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        Value::Null => Vec::new(),
        other => vec![other],
    }
}

fn texts(value: &Value) -> Vec<String> {
    items(value).into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn listed(statement: &Value, name: &str, but: &str) -> Vec<String> {
    let mut all = texts(&statement[name]);
    let but = texts(&statement[but]);
    if !but.is_empty() {
        all.push(format!("everything but {}", but.join(" and ")));
    }
    all
}

fn principals(statement: &Value) -> Vec<String> {
    let mut all = named(&statement["Principal"]);
    let but = named(&statement["NotPrincipal"]);
    if !but.is_empty() {
        all.push(format!("everybody but {}", but.join(" and ")));
    }
    // Policies of a role name nobody: they are about the role.
    if all.is_empty() {
        all.push(String::new());
    }
    all
}

fn named(principal: &Value) -> Vec<String> {
    match principal {
        Value::Object(map) => {
            let of = |(kind, names): (&String, &Value)| {
                let name = |name: String| format!("{kind} {name}");
                texts(names).into_iter().map(name).collect::<Vec<_>>()
            };
            map.iter().flat_map(of).collect()
        }
        Value::String(anybody) if anybody == "*" => vec!["AWS *".to_owned()],
        Value::String(other) => vec![other.clone()],
        _ => Vec::new(),
    }
}
