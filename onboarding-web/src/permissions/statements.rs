//! One policy document, statement by statement.

use serde_norway::Value;

use super::{
    Action, Resource, Statement, conditions,
    document::{Item, function, items, items_at},
    field, places,
    text::Reader,
    words,
};

/// The statements of a policy document.
pub(super) fn read(reader: Reader<'_>, policy: &str, document: &Value) -> Vec<Statement> {
    items(document)
        .into_iter()
        .flat_map(|document| match (function(document.value), document.value.get("Statement")) {
            (None, Some(list)) => items(list)
                .into_iter()
                .map(|item| statement(reader, policy, &item, &document.conditions))
                .collect(),
            _ => vec![unreadable(reader, policy, document.value)],
        })
        .collect()
}

fn statement(reader: Reader<'_>, policy: &str, item: &Item<'_>, outer: &[String]) -> Statement {
    let value = item.value;
    if function(value).is_some() || !value.is_mapping() {
        return unreadable(reader, policy, value);
    }
    let sid = field(value, "Sid");
    let (purpose, why) = words::purpose(&sid);
    let (all_actions_but, actions) = either(reader, value, "Action", "NotAction");
    let (all_resources_but, resources) = either(reader, value, "Resource", "NotResource");
    let own = value.get("Condition").map(|block| conditions::words(reader, block));
    let mut conditions = own.unwrap_or_default();
    conditions.extend(outer.iter().chain(&item.conditions).cloned());
    let resource = |arn: String| Resource { words: places::words(reader, &arn, &conditions), arn };
    let resources = resources.into_iter().map(resource).collect();
    Statement {
        sid,
        policy: policy.to_owned(),
        // What is not plainly a denial is told as a permission.
        allow: field(value, "Effect") != "Deny",
        purpose,
        why: why.to_owned(),
        actions: actions.into_iter().map(action).collect(),
        all_actions_but,
        resources,
        all_resources_but,
        conditions,
    }
}

/// The list below one key or below its negation, and whether it was the negation.
fn either(reader: Reader<'_>, value: &Value, key: &str, negated: &str) -> (bool, Vec<String>) {
    let is_negated = value.get(negated).is_some();
    let found = items_at(value, if is_negated { negated } else { key });
    (is_negated, found.into_iter().map(|item| reader.text(item.value)).collect())
}

fn action(name: String) -> Action {
    let (does, access) = words::describe(&name);
    Action { name, does, access }
}

/// A statement whose text is made only when the stack is launched: it may allow anything.
pub(super) fn unreadable(reader: Reader<'_>, policy: &str, value: &Value) -> Statement {
    let text = match reader.text(value) {
        text if text.starts_with("${") => text,
        text => format!("${{{text}}}"),
    };
    Statement {
        sid: String::new(),
        policy: policy.to_owned(),
        allow: true,
        purpose: "Not known before the stack is launched".to_owned(),
        why: String::new(),
        actions: vec![Action {
            name: text.clone(),
            does: "Whatever is filled in when the stack is launched".into(),
            access: words::Access::Everything,
        }],
        all_actions_but: false,
        resources: vec![Resource { arn: text, words: String::new() }],
        all_resources_but: false,
        conditions: Vec::new(),
    }
}
