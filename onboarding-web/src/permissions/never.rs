//! What people fear and a template does not allow, read from its statements.
//!
//! A line is given only when no statement could allow it, wildcards and all; denials are not counted
//! in favour. What could bring it about in a roundabout way is said beside it.

use std::fmt;

use super::{
    ReadError, RolePermissions, Statement, read,
    text::{covers, pattern},
    words,
};

/// What one role cannot do, and what to bear in mind about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The role's name within the template.
    pub logical_id: String,
    /// What to call it, as in [`RolePermissions::label`].
    pub label: String,
    /// What none of its statements allows. Empty if the template does not tell all that it may do.
    pub cannot: Vec<Cannot>,
    /// Actions that it does have and that reach further than their own name says.
    pub but: Vec<String>,
}

/// Something a role cannot do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cannot {
    /// What, in words; reads on from "cannot".
    pub what: String,
    /// The evidence.
    pub because: String,
}

impl fmt::Display for Cannot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "It cannot {}. {}", self.what, self.because)
    }
}

/// What people fear, and the actions that it would take. `iam:*` stands for any action of IAM.
const FEARS: [(&str, &[&str]); 15] = [
    (
        "read what is in your buckets, logs included",
        &["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectVersionForReplication"],
    ),
    ("write into your buckets or overwrite what is there", &["s3:PutObject", "s3:ReplicateObject"]),
    (
        "delete what is in your buckets, logs included",
        &["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ReplicateDelete"],
    ),
    ("create or change users, roles or their permissions", &["iam:*"]),
    ("act with the permissions of another role", &["sts:*", "iam:PassRole"]),
    ("reach your servers, disks or networks", &["ec2:*"]),
    ("use or change your encryption keys", &["kms:*"]),
    (
        "read your secrets",
        &["secretsmanager:*", "ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"],
    ),
    ("reach your databases", &["rds:*", "rds-data:*", "rds-db:*", "dynamodb:*", "redshift:*"]),
    ("change or call your Lambda functions", &["lambda:*"]),
    (
        "read log messages in CloudWatch Logs",
        &[
            "logs:GetLogEvents",
            "logs:FilterLogEvents",
            "logs:GetLogRecord",
            "logs:GetLogObject",
            "logs:StartQuery",
            "logs:GetQueryResults",
            "logs:StartLiveTail",
            "logs:CreateExportTask",
            "logs:PutSubscriptionFilter",
        ],
    ),
    (
        "create or delete a load balancer",
        &["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:DeleteLoadBalancer"],
    ),
    (
        "change where a load balancer sends requests",
        &[
            "elasticloadbalancing:CreateListener",
            "elasticloadbalancing:ModifyListener",
            "elasticloadbalancing:DeleteListener",
            "elasticloadbalancing:CreateRule",
            "elasticloadbalancing:ModifyRule",
            "elasticloadbalancing:DeleteRule",
            "elasticloadbalancing:SetRulePriorities",
            "elasticloadbalancing:ModifyTargetGroup",
            "elasticloadbalancing:RegisterTargets",
            "elasticloadbalancing:DeregisterTargets",
        ],
    ),
    ("send messages to your topics", &["sns:Publish"]),
    (
        "reach your organization or your bills",
        &["organizations:*", "account:*", "billing:*", "ce:*"],
    ),
];

/// Actions by which more can come about than they do themselves.
const ROUNDABOUT: [(&str, &str); 8] = [
    (
        "s3:PutBucketPolicy",
        "a bucket's policy decides who else may read, write or delete what is in it",
    ),
    ("s3:PutLifecycleConfiguration", "by these rules S3 itself expires objects"),
    ("iam:PutRolePolicy", "such a role may then do whatever is written there"),
    ("iam:AttachRolePolicy", "such a role may then do whatever that policy allows"),
    ("iam:CreatePolicyVersion", "whoever has that policy may then do whatever is written there"),
    ("iam:UpdateAssumeRolePolicy", "that decides who may use such a role"),
    ("lambda:UpdateFunctionCode", "a function acts with the permissions of its role"),
    ("iam:PassRole", "the service that is handed a role acts with its permissions"),
];

/// The limits of every role, user, group and policy of a template.
///
/// # Errors
/// When the text cannot be read as a template.
pub fn never(body: &str) -> Result<Vec<Limits>, ReadError> {
    Ok(read(body)?.iter().map(limits).collect())
}

/// The limits of one role that has been read.
pub fn limits(role: &RolePermissions) -> Limits {
    let mut but: Vec<String> =
        ROUNDABOUT.iter().filter_map(|(action, why)| caveat(role, action, why)).collect();
    let mut cannot = Vec::new();
    if role.managed.is_empty() {
        cannot.extend(FEARS.iter().filter_map(|(what, actions)| unable(role, what, actions)));
    } else {
        let names = role.managed.join(", ");
        but.push(format!("It also has {names}, and this template does not say what that allows."));
    }
    Limits { logical_id: role.logical_id.clone(), label: role.label(), cannot, but }
}

fn unable(role: &RolePermissions, what: &str, actions: &[&str]) -> Option<Cannot> {
    let found = allowing(role, actions);
    if found.is_empty() {
        let because = format!("It has {}.", none_of(actions));
        return Some(Cannot { what: what.to_owned(), because });
    }
    // Being able to read in one named place is still worth telling: nowhere else.
    let places: Option<Vec<&str>> = found.iter().map(|statement| named_bucket(statement)).collect();
    let places = places.filter(|_| actions.contains(&"s3:GetObject"))?.join(", ");
    Some(Cannot {
        what: format!("read what is in a bucket anywhere but at {places}"),
        because: "It has s3:GetObject there alone.".to_owned(),
    })
}

/// The one place that a statement's S3 objects are bound to, if the bucket's name is not left open.
fn named_bucket(statement: &Statement) -> Option<&str> {
    let [resource] = statement.resources.as_slice() else { return None };
    let pattern = pattern(&resource.arn);
    let (_, name) = pattern.split_once(":s3:::")?;
    let (bucket, _) = name.split_once('/')?;
    let open = bucket.starts_with(['*', '?']) || statement.all_resources_but;
    (!open).then_some(resource.arn.as_str())
}

fn caveat(role: &RolePermissions, action: &str, why: &str) -> Option<String> {
    let places: Vec<String> = allowing(role, &[action]).into_iter().map(reach).collect();
    (!places.is_empty()).then(|| format!("It has {action} on {}: {why}.", places.join(" and on ")))
}

fn allowing<'r>(role: &'r RolePermissions, actions: &[&str]) -> Vec<&'r Statement> {
    let any = |statement: &&Statement| actions.iter().any(|action| may_allow(statement, action));
    role.statements.iter().filter(any).collect()
}

fn reach(statement: &Statement) -> String {
    let places: Vec<&str> = statement
        .resources
        .iter()
        .map(|place| if place.words.is_empty() { &place.arn } else { &place.words }.as_str())
        .collect();
    let but = if statement.all_resources_but { "anything but " } else { "" };
    format!("{but}{}", places.join(", "))
}

/// Whether a statement could allow an action; a wildcard in the action asks for any that matches.
pub(super) fn may_allow(statement: &Statement, action: &str) -> bool {
    if !statement.allow {
        return false;
    }
    if statement.all_actions_but {
        // What is filled in later might not be left out after all.
        return !statement
            .actions
            .iter()
            .any(|but| !but.name.contains("${") && covers(&but.name, action));
    }
    statement.actions.iter().any(|allowed| overlaps(&pattern(&allowed.name), action))
}

fn overlaps(allowed: &str, action: &str) -> bool {
    match action.strip_suffix(":*") {
        // Any action of the service.
        Some(service) => {
            let of = allowed.split_once(':').map_or(allowed, |(service, _)| service);
            covers(of, service)
        }
        None => covers(allowed, action),
    }
}

fn none_of(actions: &[&str]) -> String {
    let (mut services, mut single) = (Vec::new(), Vec::new());
    for action in actions {
        match action.strip_suffix(":*") {
            Some(prefix) => services.push(words::service(prefix).unwrap_or(prefix)),
            None => single.push(*action),
        }
    }
    let service = (!services.is_empty()).then(|| format!("no action of {}", or(&services)));
    let single = (!single.is_empty()).then(|| format!("no {}", or(&single)));
    service.into_iter().chain(single).collect::<Vec<_>>().join(" and ")
}

fn or(words: &[&str]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => words.concat(),
    }
}

#[cfg(test)]
#[path = "never_tests.rs"]
mod tests;
