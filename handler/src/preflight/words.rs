//! The plan in sentences: each step's change, what stays, what to know. Decides nothing.

use serde_json::Value;

use super::findings::Change;
use crate::{
    arn::{LoadBalancerArn, LoadBalancerKind},
    desired::{Desired, LogKind},
    identity::Identity,
    notification::{self, NotificationEdit, Rule},
    observed::{Bucket, Observed},
    plan::{Converged, Step},
    policy::{self, PolicyEdit},
    record::Setting,
};

/// Every step of a plan, in order.
pub fn changes(id: &Identity, seen: &Observed, planned: &Converged) -> Vec<Change> {
    let stages = planned.stages.iter().chain(&planned.closing);
    stages.flatten().flatten().map(|step| change(id, seen, step)).collect()
}

fn change(id: &Identity, seen: &Observed, step: &Step) -> Change {
    let (operation, resource, does) = match step {
        Step::CreateTopic { .. }
        | Step::TagTopic { .. }
        | Step::UntagTopic { .. }
        | Step::SetTopicPolicy(_)
        | Step::SetSignatureVersion
        | Step::Subscribe { .. }
        | Step::Unsubscribe { .. }
        | Step::DeleteTopic(_) => of_topic(id, step),
        Step::SetLogging { load_balancer, settings }
        | Step::RestoreLogging { load_balancer, settings } => (
            "ModifyLoadBalancerAttributes",
            load_balancer.to_string(),
            settings.iter().map(|(kind, to)| logging(seen, load_balancer, *kind, to)).collect(),
        ),
        _ => of_bucket(id, seen, step),
    };
    Change { operation: operation.to_owned(), resource, does }
}

type Told = (&'static str, String, Vec<String>);

fn of_topic(id: &Identity, step: &Step) -> Told {
    let own = id.topic_arn();
    match step {
        Step::CreateTopic { policy, .. } => {
            let mut does = vec![format!("SNS topic {}: would be created", id.topic_name())];
            does.extend(policy.as_ref().map(|_| {
                "Its policy: S3 may publish the events of the buckets below, nobody else".to_owned()
            }));
            does.push("Its tags: whose it is, and what was before it".to_owned());
            ("CreateTopic", own, does)
        }
        Step::SetSignatureVersion => {
            let does = "its messages would be signed with SHA-256";
            ("SetTopicAttributes", own, vec![format!("SNS topic {}: {does}", id.topic_name())])
        }
        Step::TagTopic { topic, .. } => {
            let does = "a tag would say that this stack listens to it";
            ("TagResource", topic.clone(), vec![format!("SNS topic {topic}: {does}")])
        }
        Step::Subscribe { topic, endpoint } => {
            let to = &endpoint.address;
            let does = format!("SNS topic {topic}: the vendor would be subscribed ({to})");
            ("Subscribe", topic.clone(), vec![does])
        }
        other => ("SetTopicAttributes", own, vec![other.label()]),
    }
}

fn of_bucket(id: &Identity, seen: &Observed, step: &Step) -> Told {
    let arn = |bucket: &String| format!("arn:{}:s3:::{bucket}", id.home.partition);
    match step {
        Step::CreateBucket(bucket) => {
            let what = "would be created, for this account alone to own, encrypted with SSE-S3";
            ("CreateBucket", arn(bucket), vec![format!("Bucket {bucket}: {what}")])
        }
        Step::BlockPublicAccess(bucket) => {
            let what = "all public access would be blocked, where it is not from the beginning";
            ("PutPublicAccessBlock", arn(bucket), vec![format!("Bucket {bucket}: {what}")])
        }
        Step::SetLifecycle { bucket, days, .. } => {
            let does = format!("Bucket {bucket}: logs would expire after {days} days");
            ("PutBucketLifecycleConfiguration", arn(bucket), vec![does])
        }
        Step::EditPolicy { bucket, edit, .. } => {
            ("PutBucketPolicy", arn(bucket), statements(seen, bucket, edit))
        }
        Step::EditNotifications { bucket, edit, .. } => {
            ("PutBucketNotificationConfiguration", arn(bucket), rules(seen, bucket, edit))
        }
        other => ("", String::new(), vec![other.label()]),
    }
}

fn statements(seen: &Observed, bucket: &str, edit: &PolicyEdit) -> Vec<String> {
    let there = seen.bucket(bucket).and_then(|facts| facts.policy.as_ref());
    let is_new = |statement: &&Value| {
        let alone = PolicyEdit { put: vec![(*statement).clone()], ..PolicyEdit::default() };
        policy::changes(there, &alone)
    };
    let new = edit.put.iter().filter(is_new);
    let mut lines: Vec<String> = new
        .map(|one| format!("Policy of bucket {bucket}: one statement added: {}", statement(one)))
        .collect();
    let kept = match there.map(|document| &document["Statement"]) {
        Some(Value::Array(all)) => all.len(),
        Some(Value::Object(_)) => 1,
        _ => 0,
    };
    if kept > 0 {
        lines.push(format!("Policy of bucket {bucket}: {kept} that are there stay as they are"));
    }
    lines
}

/// Who may do what, in a line.
fn statement(one: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned).unwrap_or_default();
    let principal = &one["Principal"];
    let who = match principal {
        Value::String(_) => "everybody".to_owned(),
        other => text(if other["Service"].is_null() { &other["AWS"] } else { &other["Service"] }),
    };
    let on = match &one["Resource"] {
        Value::Array(all) => all.iter().map(text).collect::<Vec<_>>().join(" and "),
        other => text(other),
    };
    let (may, how) = if one["Effect"] == "Deny" {
        ("may not do", " without TLS")
    } else if one["Condition"].is_null() {
        ("may do", "")
    } else {
        ("may do", ", under conditions")
    };
    format!("{who} {may} {} on {on}{how} (Sid {})", text(&one["Action"]), text(&one["Sid"]))
}

fn rules(seen: &Observed, bucket: &str, edit: &NotificationEdit) -> Vec<String> {
    let none = notification::Notifications::default();
    let there = seen.bucket(bucket).map_or(&none, |facts| &facts.notifications);
    let is_new = |rule: &&Rule| {
        let alone = NotificationEdit { put: vec![(*rule).clone()], ..NotificationEdit::default() };
        notification::changes(there, &alone)
    };
    let line = |rule: &Rule| {
        let parts = rule.filter.iter().flatten().map(|(name, value)| format!("{name} {value}"));
        let parts: Vec<String> = parts.collect();
        let to = &rule.arn;
        format!(
            "Notification added to bucket {bucket}: new objects ({}) to topic {to}",
            parts.join(", ")
        )
    };
    let mut lines: Vec<String> = edit.put.iter().filter(is_new).map(line).collect();
    if !there.rules.is_empty() {
        let kept = there.rules.len();
        lines.push(format!(
            "Notifications of bucket {bucket}: {kept} that are there stay as they are"
        ));
    }
    lines
}

fn logging(seen: &Observed, arn: &LoadBalancerArn, kind: LogKind, to: &Setting) -> String {
    let on = |enabled: bool| if enabled { "on" } else { "off" };
    let now = seen.setting(arn, kind).is_some_and(|now| now.enabled);
    let place = place(to);
    format!("{}: {} {} → {}, {place}", name(arn), logs(kind), on(now), on(to.enabled))
}

fn place(setting: &Setting) -> String {
    let folder = match setting.prefix.as_str() {
        "" => "no prefix".to_owned(),
        prefix => format!("prefix {prefix}"),
    };
    format!("to bucket {}, {folder}", setting.bucket)
}

/// A load balancer as people call it.
pub fn name(arn: &LoadBalancerArn) -> String {
    let short = arn.path().split('/').nth(1).unwrap_or_default();
    let kind = match arn.kind() {
        LoadBalancerKind::Application => "application",
        LoadBalancerKind::Network => "network",
    };
    format!("Load balancer {short} ({kind})")
}

fn logs(kind: LogKind) -> &'static str {
    match kind {
        LogKind::Access => "access logs",
        LogKind::Connection => "connection logs",
        LogKind::HealthCheck => "health-check logs",
    }
}

/// What stays as it is.
pub fn untouched(seen: &Observed, planned: &Converged) -> Vec<String> {
    let mut lines = Vec::new();
    for (arn, buckets) in &planned.adopted {
        for kind in LogKind::ALL {
            let Some(now) = seen.setting(arn, kind).filter(|now| now.enabled) else { continue };
            if buckets.contains(&now.bucket) {
                let place = place(&now);
                lines.push(format!("{}: {} are on already, {place}", name(arn), logs(kind)));
            }
        }
    }
    let others = "Every other attribute, listener and rule of the load balancers, every log, and every \
                  bucket and topic that is not named above";
    lines.push(others.to_owned());
    lines
}

/// What a person should know of a plan that works.
pub fn attention(desired: &Desired, seen: &Observed, planned: &Converged) -> Vec<String> {
    let mut lines = Vec::new();
    if seen.selected.is_empty() {
        lines.push(
            "No load balancer is chosen: the tag is on none, or there is none in this region. The stack \
             would work and no log would come"
                .to_owned(),
        );
    }
    for bucket in &planned.buckets {
        if planned.own_bucket.as_ref() != Some(bucket) {
            lines.push(format!(
                "Bucket {bucket} is there already and would be used as it is; logs in it do not expire \
                 by this stack, and it stays when the stack is deleted"
            ));
        }
    }
    let unused = |bucket: &&String| !planned.buckets.contains(*bucket) && !seen.selected.is_empty();
    if let Some(bucket) = desired.existing_bucket.as_ref().filter(unused) {
        lines.push(format!(
            "Bucket {bucket} (ExistingBucketName) would not be used: every load balancer logs to another \
             one already"
        ));
    }
    for topic in planned.topics.iter().filter(|topic| planned.own_topic.as_ref() != Some(*topic)) {
        lines.push(format!(
            "A bucket tells topic {topic} of the same logs already, and S3 allows one such notification \
             only: the vendor would be subscribed to that topic"
        ));
    }
    lines
}

/// What a person should know where a bucket may not be looked at.
pub fn denied_buckets(seen: &Observed) -> Vec<String> {
    let denied = seen.buckets.iter().filter(|(_, bucket)| matches!(bucket, Bucket::Denied));
    denied
        .map(|(name, _)| {
            format!(
                "Bucket {name} could not be looked at. If it is a bucket of this account, your own \
                 credentials lack s3:ListBucket on it, and the stack might do better"
            )
        })
        .collect()
}
