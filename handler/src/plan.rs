//! What to do, decided without any I/O.
//!
//! [`converge()`] brings the account to what is desired, for Create and Update alike; [`undo()`] puts it
//! back. Both are functions of what was observed, so a repeated event gives an empty plan, and what is
//! promised about Create, Update and Delete is a table of tests.

mod buckets;
mod converge;
mod topics;
mod undo;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use templates::report;

pub use self::{
    converge::{Converged, converge, judge},
    undo::{Undo, undo},
};
use crate::{
    arn::LoadBalancerArn,
    desired::{Endpoint, LogKind},
    identity::Identity,
    notification::NotificationEdit,
    observed::Observed,
    policy::PolicyEdit,
    record::{Record, Setting},
};

/// Steps that follow one another, on one thing.
pub type Chain = Vec<Step>;

/// Chains that may run side by side, since no two of them write to the same thing.
pub type Stage = Vec<Chain>;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make our topic, tagged as ours and with the record in its tags.
    CreateTopic {
        /// Who may publish.
        policy: Option<Value>,
        /// Ownership and record.
        tags: Vec<(String, String)>,
    },
    /// Set tags of a topic of an onboarding stack.
    TagTopic {
        /// Which topic.
        topic: String,
        /// Which tags.
        tags: Vec<(String, String)>,
    },
    /// Take a tag off a topic of an onboarding stack.
    UntagTopic {
        /// Which topic.
        topic: String,
        /// Which tag.
        key: String,
    },
    /// Say who may publish to our topic.
    SetTopicPolicy(Value),
    /// Have messages signed with SHA-256.
    SetSignatureVersion,
    /// Make a bucket of ours.
    CreateBucket(String),
    /// Block all public access to a bucket of ours.
    BlockPublicAccess(String),
    /// Have logs expire in a bucket of ours.
    SetLifecycle {
        /// Which bucket.
        bucket: String,
        /// After how many days.
        days: u16,
        /// Whether the bucket is new: it has no rules of the customer's.
        fresh: bool,
    },
    /// Change our statements in a bucket's policy.
    EditPolicy {
        /// Which bucket.
        bucket: String,
        /// What to change.
        edit: PolicyEdit,
        /// Whether the bucket is new: nobody else can have written its policy.
        fresh: bool,
    },
    /// Change our rules in a bucket's notifications.
    EditNotifications {
        /// Which bucket.
        bucket: String,
        /// What to change.
        edit: NotificationEdit,
        /// Whether the bucket is new.
        fresh: bool,
    },
    /// Tell the vendor of a topic's messages.
    Subscribe {
        /// Which topic.
        topic: String,
        /// Whom.
        endpoint: Endpoint,
    },
    /// Stop telling.
    Unsubscribe {
        /// The subscription's ARN.
        subscription: String,
    },
    /// Have a load balancer write logs.
    SetLogging {
        /// Which one.
        load_balancer: LoadBalancerArn,
        /// What each kind is to say.
        settings: Vec<(LogKind, Setting)>,
    },
    /// Have a load balancer say what it said before us.
    RestoreLogging {
        /// Which one.
        load_balancer: LoadBalancerArn,
        /// What each kind said.
        settings: Vec<(LogKind, Setting)>,
    },
    /// Remove a bucket of ours if nothing is in it.
    DeleteBucketIfEmpty(String),
    /// Remove our topic and with it all its subscriptions.
    DeleteTopic(String),
}

impl Step {
    /// What a person would call it.
    pub fn label(&self) -> String {
        match self {
            Self::CreateTopic { .. } => "create the SNS topic".to_owned(),
            Self::TagTopic { topic, .. } | Self::UntagTopic { topic, .. } => {
                format!("keep account on topic {topic}")
            }
            Self::SetTopicPolicy(_) => "let S3 publish to the topic".to_owned(),
            Self::SetSignatureVersion => "have messages signed with SHA-256".to_owned(),
            Self::CreateBucket(bucket) => format!("create bucket {bucket}"),
            Self::BlockPublicAccess(bucket) => format!("block public access to bucket {bucket}"),
            Self::SetLifecycle { bucket, .. } => format!("set log retention of bucket {bucket}"),
            Self::EditPolicy { bucket, .. } => format!("change the policy of bucket {bucket}"),
            Self::EditNotifications { bucket, .. } => {
                format!("change the notifications of bucket {bucket}")
            }
            Self::Subscribe { topic, .. } => format!("subscribe the vendor to topic {topic}"),
            Self::Unsubscribe { subscription } => format!("remove subscription {subscription}"),
            Self::SetLogging { load_balancer, .. } => {
                format!("turn on logging of load balancer {load_balancer}")
            }
            Self::RestoreLogging { load_balancer, .. } => {
                format!("put back logging of load balancer {load_balancer}")
            }
            Self::DeleteBucketIfEmpty(bucket) => format!("remove bucket {bucket}"),
            Self::DeleteTopic(topic) => format!("remove topic {topic}"),
        }
    }

    /// Which of the steps that people watch this belongs to.
    pub fn reported_as(&self) -> report::Step {
        match self {
            Self::CreateTopic { .. }
            | Self::TagTopic { .. }
            | Self::UntagTopic { .. }
            | Self::SetTopicPolicy(_)
            | Self::SetSignatureVersion
            | Self::DeleteTopic(_) => report::Step::Topic,
            Self::CreateBucket(_)
            | Self::BlockPublicAccess(_)
            | Self::SetLifecycle { .. }
            | Self::DeleteBucketIfEmpty(_) => report::Step::Bucket,
            Self::EditPolicy { .. } => report::Step::Policy,
            Self::EditNotifications { .. } => report::Step::Notification,
            Self::Subscribe { .. } | Self::Unsubscribe { .. } => report::Step::Subscription,
            Self::SetLogging { .. } | Self::RestoreLogging { .. } => report::Step::LoadBalancers,
        }
    }
}

/// Lets S3 publish the events of these buckets, and nobody else anything; the account's own
/// identities keep what their IAM policies give them. `None` where no bucket is to publish.
fn topic_policy(id: &Identity, buckets: &BTreeSet<String>) -> Option<Value> {
    let partition = &id.home.partition;
    let sources: Vec<String> =
        buckets.iter().map(|bucket| format!("arn:{partition}:s3:::{bucket}")).collect();
    (!sources.is_empty()).then(|| {
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "S3Publishes",
                "Effect": "Allow",
                "Principal": {"Service": "s3.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": id.topic_arn(),
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": id.home.account},
                    "ArnEquals": {"aws:SourceArn": sources},
                },
            }],
        })
    })
}

/// Whether a setting is one that this stack wrote: the record knows that it changed it and that it
/// points load balancers there, or it names a bucket that only we can have named.
fn is_ours(id: &Identity, record: &Record, key: &(String, LogKind), setting: &Setting) -> bool {
    let recorded =
        record.load_balancers.contains_key(key) && record.targets.contains(&setting.target());
    setting.enabled && (recorded || id.bucket_names().contains(&setting.bucket))
}

/// The load balancers among `keys` to put back: those that still say what we wrote.
fn restorations<'a>(
    id: &Identity,
    seen: &Observed,
    record: &Record,
    keys: impl Iterator<Item = (&'a (String, LogKind), &'a Setting)>,
) -> Stage {
    let mut by_load_balancer: std::collections::BTreeMap<LoadBalancerArn, Vec<(LogKind, Setting)>> =
        std::collections::BTreeMap::new();
    for (key, before) in keys {
        let (path, kind) = key;
        let Some(arn) = LoadBalancerArn::from_path(path, &id.home) else { continue };
        let now = seen.setting(&arn, *kind);
        if now.is_some_and(|now| is_ours(id, record, key, &now)) {
            by_load_balancer.entry(arn).or_default().push((*kind, before.clone()));
        }
    }
    let step = |(load_balancer, settings)| vec![Step::RestoreLogging { load_balancer, settings }];
    by_load_balancer.into_iter().map(step).collect()
}

/// Takes rules and statements of ours out of a bucket: no event is sent any more before the permission
/// to read goes.
fn take_out(bucket: &str, rules: BTreeSet<String>, statements: BTreeSet<String>) -> Chain {
    let mut chain = Vec::new();
    if !rules.is_empty() {
        let edit = NotificationEdit { put: Vec::new(), remove: rules };
        chain.push(Step::EditNotifications { bucket: bucket.to_owned(), edit, fresh: false });
    }
    if !statements.is_empty() {
        let edit = PolicyEdit { put: Vec::new(), remove: statements };
        chain.push(Step::EditPolicy { bucket: bucket.to_owned(), edit, fresh: false });
    }
    chain
}

/// Leaves out what is empty.
fn compact(stages: Vec<Stage>) -> Vec<Stage> {
    let full =
        |stage: Stage| -> Stage { stage.into_iter().filter(|chain| !chain.is_empty()).collect() };
    stages.into_iter().map(full).filter(|stage| !stage.is_empty()).collect()
}

#[cfg(test)]
#[path = "plan/tests.rs"]
mod tests;
