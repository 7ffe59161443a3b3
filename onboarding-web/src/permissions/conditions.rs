//! A statement's conditions in words.

use serde_norway::Value;

use super::{
    document::{fields, items},
    text::Reader,
    words,
};

/// The condition that keeps S3 actions within the customer's own account.
pub(super) const OWN_BUCKETS: &str = "only buckets of your own account";

/// Operators in words; the second text is for several values. Source: the IAM User Guide's
/// condition operators.
const OPERATORS: [(&str, &str, &str); 26] = [
    ("StringEquals", "is", "is one of"),
    ("StringNotEquals", "is not", "is none of"),
    ("StringEqualsIgnoreCase", "is, in any case,", "is, in any case, one of"),
    ("StringNotEqualsIgnoreCase", "is not, in any case,", "is, in any case, none of"),
    ("StringLike", "is like", "is like one of"),
    ("StringNotLike", "is not like", "is like none of"),
    ("ArnEquals", "is the ARN", "is one of the ARNs"),
    ("ArnNotEquals", "is not the ARN", "is none of the ARNs"),
    ("ArnLike", "is an ARN like", "is an ARN like one of"),
    ("ArnNotLike", "is not an ARN like", "is an ARN like none of"),
    ("NumericEquals", "equals", "equals one of"),
    ("NumericNotEquals", "does not equal", "equals none of"),
    ("NumericLessThan", "is less than", "is less than one of"),
    ("NumericLessThanEquals", "is at most", "is at most one of"),
    ("NumericGreaterThan", "is greater than", "is greater than one of"),
    ("NumericGreaterThanEquals", "is at least", "is at least one of"),
    ("DateEquals", "is the time", "is one of the times"),
    ("DateNotEquals", "is not the time", "is none of the times"),
    ("DateLessThan", "is before", "is before one of"),
    ("DateLessThanEquals", "is not after", "is not after one of"),
    ("DateGreaterThan", "is after", "is after one of"),
    ("DateGreaterThanEquals", "is not before", "is not before one of"),
    ("Bool", "is", "is one of"),
    ("BinaryEquals", "is, in Base64,", "is, in Base64, one of"),
    ("IpAddress", "is in", "is in one of"),
    ("NotIpAddress", "is not in", "is in none of"),
];

/// Every condition of a block, in the template's order.
pub(super) fn words(reader: Reader<'_>, block: &Value) -> Vec<String> {
    items(block)
        .into_iter()
        .flat_map(|item| {
            let lines: Vec<String> = fields(item.value)
                .flat_map(|(operator, keys)| {
                    fields(keys).map(move |(key, values)| line(reader, operator, key, values))
                })
                .collect();
            let unread = format!("only if {} holds", reader.text(item.value));
            let lines = if lines.is_empty() { vec![unread] } else { lines };
            lines.into_iter().chain(item.conditions)
        })
        .collect()
}

fn line(reader: Reader<'_>, operator: &str, key: &str, values: &Value) -> String {
    let values: Vec<String> =
        items(values).into_iter().map(|item| reader.text(item.value)).collect();
    let (bare, if_exists) = match operator.strip_suffix("IfExists") {
        Some(bare) => (bare, true),
        None => (operator, false),
    };
    let known = if bare == "StringEquals" { familiar(key, &values) } else { None };
    let sentence = known.unwrap_or_else(|| sentence(bare, key, &values));
    if if_exists { format!("{sentence}, where the request states it") } else { sentence }
}

/// The conditions that have words of their own.
fn familiar(key: &str, values: &[String]) -> Option<String> {
    let [value] = values else { return None };
    match (key.to_lowercase().as_str(), value.as_str()) {
        ("s3:resourceaccount", "${AWS::AccountId}") => Some(OWN_BUCKETS.to_owned()),
        ("aws:sourceaccount", "${AWS::AccountId}") => {
            Some("only on behalf of your own account".to_owned())
        }
        ("iam:passedtoservice", service) => {
            let name = words::service(service.split('.').next().unwrap_or_default())?;
            Some(format!("only to be handed to {name} ({service})"))
        }
        ("sns:endpoint", endpoint) => Some(format!("only for the subscriber {endpoint}")),
        ("sts:externalid", id) => Some(format!("only with the external ID {id}")),
        _ => None,
    }
}

fn sentence(operator: &str, key: &str, values: &[String]) -> String {
    let (subject, bare) = match operator.split_once(':') {
        Some(("ForAllValues", bare)) => (format!("every value of {key}"), bare),
        Some(("ForAnyValue", bare)) => (format!("some value of {key}"), bare),
        _ => (key.to_owned(), operator),
    };
    let list = values.join(", ");
    if bare == "Null" {
        let state = match list.as_str() {
            "true" => "is absent".to_owned(),
            "false" => "is present".to_owned(),
            other => format!("is absent or present ({other})"),
        };
        return format!("only if {subject} {state}");
    }
    let known = OPERATORS.iter().find(|(name, ..)| *name == bare);
    let verb = match known {
        Some((_, one, _)) if values.len() == 1 => one,
        Some((_, _, several)) => several,
        None => bare,
    };
    format!("only if {subject} {verb} {list}")
}
