//! Who may use a role, in words.

use serde_norway::Value;

use super::{
    conditions,
    document::{fields, function, items, items_at},
    field,
    text::{Reader, split_outside},
    words,
};

/// Everyone whom a trust policy names, each with the conditions on it.
pub(super) fn words(reader: Reader<'_>, document: Option<&Value>) -> Vec<String> {
    let Some(document) = document else { return Vec::new() };
    let statements = items_at(document, "Statement");
    if statements.is_empty() {
        return vec![format!("whoever {} names when the stack is launched", reader.text(document))];
    }
    statements
        .into_iter()
        .flat_map(|item| {
            let mut conditions = item.conditions;
            if let Some(block) = item.value.get("Condition") {
                conditions.extend(conditions::words(reader, block));
            }
            let denied = field(item.value, "Effect") == "Deny";
            let how = other_ways(reader, item.value);
            let tail: Vec<String> = how.into_iter().chain(conditions).collect();
            let head = if denied { "not " } else { "" };
            principals(reader, item.value)
                .into_iter()
                .map(|who| [&[format!("{head}{who}")], tail.as_slice()].concat().join(", "))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The ways to use the role besides the usual one.
fn other_ways(reader: Reader<'_>, statement: &Value) -> Option<String> {
    let actions = items_at(statement, "Action");
    let names: Vec<String> = actions.iter().map(|item| reader.text(item.value)).collect();
    (names != ["sts:AssumeRole"]).then(|| format!("by {}", names.join(", ")))
}

fn principals(reader: Reader<'_>, statement: &Value) -> Vec<String> {
    let not = statement.get("NotPrincipal");
    let Some(value) = not.or_else(|| statement.get("Principal")) else {
        return vec![format!("whoever {} names", reader.text(statement))];
    };
    let named: Vec<String> = if value.is_mapping() && function(value).is_none() {
        fields(value)
            .flat_map(|(kind, who)| items(who).into_iter().map(move |item| (kind, item)))
            .map(|(kind, item)| principal(kind, &reader.text(item.value)))
            .collect()
    } else {
        items(value).into_iter().map(|item| principal("AWS", &reader.text(item.value))).collect()
    };
    if not.is_some() { vec![format!("anyone but {}", named.join(", "))] } else { named }
}

fn principal(kind: &str, who: &str) -> String {
    match kind {
        "Service" => match words::service(who.split('.').next().unwrap_or_default()) {
            Some(name) => format!("{name} ({who})"),
            None => format!("the AWS service {who}"),
        },
        "AWS" => account(who),
        "Federated" => format!("people signed in through {who}"),
        _ => format!("{kind} {who}"),
    }
}

fn account(who: &str) -> String {
    let parts = split_outside(who, ':', 6);
    let account = match parts.as_slice() {
        ["arn", _, "iam", _, account, "root"] | [account] => *account,
        _ => return who.to_owned(),
    };
    match account {
        "*" => "anyone, in any AWS account".to_owned(),
        "${AWS::AccountId}" => "whomever your own account permits".to_owned(),
        other => format!("whomever AWS account {other} permits"),
    }
}
