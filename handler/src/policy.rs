//! Bucket policies: what we need in one, and how to put it in and take it out without touching a
//! statement that is not ours.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    arn::Home,
    identity::{Identity, is_product_sid},
};

/// A bucket policy has at most 20 KB (S3 user guide, "Bucket policies").
pub const MAX_BYTES: usize = 20 * 1024;

/// What is to be allowed below one prefix of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grants {
    /// The folder; may be empty.
    pub prefix: String,
    /// Application load balancers write here because we told them to.
    pub application_writes: bool,
    /// Network load balancers write here because we told them to.
    pub network_writes: bool,
}

/// A change of the statements that are ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyEdit {
    /// To be there, whatever was there under the same Sid.
    pub put: Vec<Value>,
    /// Sids to be gone.
    pub remove: BTreeSet<String>,
}

/// `[prefix/]AWSLogs/<account>`, the folder that Elastic Load Balancing writes to.
pub fn log_folder(prefix: &str, home: &Home) -> String {
    let slash = if prefix.is_empty() { "" } else { "/" };
    format!("{prefix}{slash}AWSLogs/{}", home.account)
}

/// The statement that refuses plain http, for buckets of ours.
pub fn tls_only(id: &Identity, bucket: &str) -> Value {
    let arn = bucket_arn(id, bucket);
    json!({
        "Sid": id.sid("TlsOnly", ""),
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, format!("{arn}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    })
}

/// The statements that let load balancers write and the vendor read below one prefix.
pub fn statements(id: &Identity, bucket: &str, vendor: &str, grants: &Grants) -> Vec<Value> {
    let mut all = Vec::new();
    let folder = log_folder(&grants.prefix, &id.home);
    let objects = format!("{}/{folder}/*", bucket_arn(id, bucket));
    if grants.application_writes {
        all.extend(application_writes(id, &objects, grants));
    }
    if grants.network_writes {
        all.extend(network_writes(id, bucket, &objects, grants));
    }
    all.extend(vendor_reads(id, bucket, vendor, grants));
    all
}

/// ELB user guide, "Enable access logs": one policy for access, connection and health-check logs,
/// scoped by the account in the path and without a condition, which the service does not send.
fn application_writes(id: &Identity, objects: &str, grants: &Grants) -> Vec<Value> {
    let statement = |purpose: &str, principal: Value| {
        json!({
            "Sid": id.sid(purpose, &grants.prefix),
            "Effect": "Allow",
            "Principal": principal,
            "Action": "s3:PutObject",
            "Resource": objects,
        })
    };
    let service = json!({"Service": "logdelivery.elasticloadbalancing.amazonaws.com"});
    let mut all = vec![statement("ElbWrite", service)];
    if let Some(account) = id.home.legacy_elb_account() {
        let arn = format!("arn:{}:iam::{account}:root", id.home.partition);
        all.push(statement("ElbWriteLegacy", json!({"AWS": arn})));
    }
    all
}

/// NLB user guide, "Access logs": the delivery service checks the bucket's ACL, then writes.
fn network_writes(id: &Identity, bucket: &str, objects: &str, grants: &Grants) -> Vec<Value> {
    let Home { partition, region, account } = &id.home;
    let service = json!({"Service": "delivery.logs.amazonaws.com"});
    let source = json!({"aws:SourceArn": format!("arn:{partition}:logs:{region}:{account}:*")});
    vec![
        json!({
            "Sid": id.sid("NlbAclCheck", &grants.prefix),
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:GetBucketAcl",
            "Resource": bucket_arn(id, bucket),
            "Condition": {"StringEquals": {"aws:SourceAccount": account}, "ArnLike": source},
        }),
        json!({
            "Sid": id.sid("NlbWrite", &grants.prefix),
            "Effect": "Allow",
            "Principal": service,
            "Action": "s3:PutObject",
            "Resource": objects,
            "Condition": {
                "StringEquals": {
                    "s3:x-amz-acl": "bucket-owner-full-control",
                    "aws:SourceAccount": account,
                },
                "ArnLike": source,
            },
        }),
    ]
}

/// Read-only, and only what load balancers wrote: the same folder may hold CloudTrail and others.
fn vendor_reads(id: &Identity, bucket: &str, vendor: &str, grants: &Grants) -> Vec<Value> {
    let arn = bucket_arn(id, bucket);
    let logs = format!("{}/elasticloadbalancing/*", log_folder(&grants.prefix, &id.home));
    let principal = json!({"AWS": format!("arn:{}:iam::{vendor}:root", id.home.partition)});
    vec![
        json!({
            "Sid": id.sid("VendorRead", &grants.prefix),
            "Effect": "Allow",
            "Principal": principal,
            "Action": "s3:GetObject",
            "Resource": format!("{arn}/{logs}"),
        }),
        json!({
            "Sid": id.sid("VendorList", &grants.prefix),
            "Effect": "Allow",
            "Principal": principal,
            "Action": "s3:ListBucket",
            "Resource": arn,
            "Condition": {"StringLike": {"s3:prefix": logs}},
        }),
    ]
}

fn bucket_arn(id: &Identity, bucket: &str) -> String {
    format!("arn:{}:s3:::{bucket}", id.home.partition)
}

/// The statements of a policy; a lone one may stand without a list.
fn all_statements(policy: Option<&Value>) -> Vec<Value> {
    match policy.and_then(|document| document.get("Statement")) {
        Some(Value::Array(statements)) => statements.clone(),
        Some(statement @ Value::Object(_)) => vec![statement.clone()],
        _ => Vec::new(),
    }
}

fn sid(statement: &Value) -> Option<&str> {
    statement.get("Sid").and_then(Value::as_str)
}

/// The Sids of a policy that belong to this stack.
pub fn own_sids(id: &Identity, policy: Option<&Value>) -> BTreeSet<String> {
    let statements = all_statements(policy);
    statements.iter().filter_map(sid).filter(|sid| id.owns_sid(sid)).map(str::to_owned).collect()
}

/// Whether another onboarding stack has statements in a policy.
pub fn is_shared(id: &Identity, policy: Option<&Value>) -> bool {
    let statements = all_statements(policy);
    statements.iter().filter_map(sid).any(|sid| is_product_sid(sid) && !id.owns_sid(sid))
}

/// A policy after an edit; `None` if nothing is left of it. Foreign statements keep their place and
/// their every byte.
pub fn merge(policy: Option<&Value>, edit: &PolicyEdit) -> Option<Value> {
    let mut put: Vec<&Value> = edit.put.iter().collect();
    let mut statements: Vec<Value> = Vec::new();
    for statement in all_statements(policy) {
        let name = sid(&statement);
        if name.is_some_and(|name| edit.remove.contains(name)) {
            continue;
        }
        let replacement = put.iter().position(|wanted| name.is_some() && sid(wanted) == name);
        statements.push(match replacement {
            Some(index) => put.remove(index).clone(),
            None => statement,
        });
    }
    statements.extend(put.into_iter().cloned());
    if statements.is_empty() {
        return None;
    }
    let mut document = policy.and_then(Value::as_object).cloned().unwrap_or_else(|| {
        json!({"Version": "2012-10-17"}).as_object().cloned().unwrap_or_default()
    });
    document.insert("Statement".to_owned(), Value::Array(statements));
    Some(Value::Object(document))
}

/// Whether an edit would change anything. S3 gives a list of one back as the one, and IAM does not
/// mind the order of a list.
pub fn changes(policy: Option<&Value>, edit: &PolicyEdit) -> bool {
    let there = all_statements(policy);
    let gone = !there.iter().filter_map(sid).any(|sid| edit.remove.contains(sid));
    let put =
        edit.put.iter().all(|wanted| there.iter().any(|one| canonical(one) == canonical(wanted)));
    !(gone && put)
}

/// The same statement in one spelling: lists of one are the one, other lists sorted.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(canonical).collect();
            items.sort_by_key(Value::to_string);
            if items.len() == 1 { items.remove(0) } else { Value::Array(items) }
        }
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, item)| (key.clone(), canonical(item))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
