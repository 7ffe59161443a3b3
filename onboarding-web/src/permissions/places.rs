//! What an ARN covers, in words.

use super::{
    conditions::OWN_BUCKETS,
    field,
    text::{Reader, only_value, split_outside},
};

/// Kinds of resource by service and by what their ARN's last part begins with.
const KINDS: [(&str, &str, &str); 8] = [
    ("elasticloadbalancing", "loadbalancer/app/", "Application Load Balancers"),
    ("elasticloadbalancing", "loadbalancer/net/", "Network Load Balancers"),
    ("iam", "role/", "roles"),
    ("lambda", "function:", "Lambda functions"),
    ("logs", "log-group:", "log groups"),
    ("dynamodb", "table/", "tables"),
    ("sns", "", "topics"),
    ("sqs", "", "queues"),
];

/// The resource in words, given the statement's conditions; empty where it is not recognised.
pub(super) fn words(reader: Reader<'_>, arn: &str, conditions: &[String]) -> String {
    if arn == "*" {
        return "anything that these actions can be used on".to_owned();
    }
    if let Some(value) = only_value(arn) {
        return own(reader, value);
    }
    let parts = split_outside(arn, ':', 6);
    let ["arn", _, service, region, account, rest] = parts.as_slice() else {
        return String::new();
    };
    if *service == "s3" {
        return bucket(reader, rest, conditions);
    }
    let kind = KINDS.iter().find(|(of, prefix, _)| of == service && rest.starts_with(prefix));
    let Some((_, prefix, noun)) = kind else { return String::new() };
    let name = rest.strip_prefix(prefix).unwrap_or(rest);
    // The streams of a log group are part of it.
    let name = if *service == "logs" { name.strip_suffix(":*").unwrap_or(name) } else { name };
    format!("{noun}{}{}{}", owner(account), place(region), named(reader, name))
}

/// A resource of the template itself, by `Ref` or by its ARN.
fn own(reader: Reader<'_>, value: &str) -> String {
    let id = value.strip_suffix(".Arn").unwrap_or(value);
    match reader.resource_type(id) {
        Some("AWS::Logs::LogGroup") => format!("this stack's own log group, {id}"),
        Some("AWS::S3::Bucket") => format!("this stack's own bucket, {id}"),
        Some("AWS::SNS::Topic") => format!("this stack's own topic, {id}"),
        Some("AWS::SQS::Queue") => format!("this stack's own queue, {id}"),
        Some("AWS::Lambda::Function") => format!("this stack's own function, {id}"),
        Some("AWS::DynamoDB::Table") => format!("this stack's own table, {id}"),
        Some("AWS::IAM::Role") => format!("this stack's own role, {id}"),
        Some(kind) => format!("this stack's own {id} ({kind})"),
        None if reader.parameter(id).is_some() => format!("what the parameter {id} names"),
        None => String::new(),
    }
}

fn bucket(reader: Reader<'_>, rest: &str, conditions: &[String]) -> String {
    let is_own = conditions.iter().any(|condition| condition == OWN_BUCKETS);
    let owner = if is_own { " of your account" } else { "" };
    let pieces = split_outside(rest, '/', 2);
    match pieces.as_slice() {
        [name, key] => {
            let which = match key.strip_suffix('*') {
                Some("") => "objects".to_owned(),
                Some(prefix) => format!("objects below {prefix}"),
                None => format!("the object {key}"),
            };
            format!("{which} in buckets{owner}{}", named(reader, name))
        }
        ["*"] if is_own => "any bucket of your account".to_owned(),
        ["*"] => "any bucket".to_owned(),
        _ => format!("buckets{owner}{}", named(reader, rest)),
    }
}

fn owner(account: &str) -> String {
    match account {
        "${AWS::AccountId}" => " of your account".to_owned(),
        "*" => " of any account".to_owned(),
        "" => String::new(),
        other => format!(" of account {other}"),
    }
}

fn place(region: &str) -> String {
    match region {
        "${AWS::Region}" => " in the stack's region".to_owned(),
        "*" => " in every region".to_owned(),
        "" => String::new(),
        other => format!(" in {other}"),
    }
}

/// Which of them, by name.
fn named(reader: Reader<'_>, name: &str) -> String {
    let (start, open) = match name.strip_suffix('*') {
        Some(start) => (start, true),
        None => (name, false),
    };
    if start.is_empty() {
        return String::new();
    }
    let relation = if open { "begins with" } else { "is" };
    if let Some(parameter) = only_value(start) {
        return format!(" whose name {relation} {}", given(reader, parameter));
    }
    match start.split_once("${stack id") {
        Some((before, _)) if !before.contains(['$', '*', '?']) => {
            format!(" whose name begins with {before} and goes on with this stack's own id")
        }
        _ if start.contains(['*', '?']) => format!(" whose name is like {name}"),
        _ => format!(" whose name {relation} {start}"),
    }
}

fn given(reader: Reader<'_>, parameter: &str) -> String {
    match reader.parameter(parameter).map(|declared| field(declared, "Default")) {
        Some(default) if default.is_empty() => format!("the parameter {parameter}"),
        Some(default) => format!("the parameter {parameter} ({default} unless you change it)"),
        None => format!("${{{parameter}}}"),
    }
}
