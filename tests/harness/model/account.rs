//! An account as plain data: what a person would see in the console.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::checks::Notifications;

/// The kinds of logs that an application load balancer offers; a network load balancer has the first.
pub const KINDS: [&str; 3] = ["access_logs.s3", "connection_logs.s3", "health_check_logs.s3"];

/// Names and values of tags.
pub type Tags = BTreeMap<String, String>;

/// Everything that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// By ARN.
    pub load_balancers: BTreeMap<String, LoadBalancer>,
    /// By name; also other accounts', since names are global.
    pub buckets: BTreeMap<String, Bucket>,
    /// By ARN.
    pub topics: BTreeMap<String, Topic>,
}

/// A load balancer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadBalancer {
    /// As it lists them.
    pub attributes: BTreeMap<String, String>,
    /// Its tags.
    pub tags: Tags,
}

/// A bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bucket {
    /// The account that it belongs to.
    pub owner: String,
    /// Where it is.
    pub region: String,
    /// Its policy.
    pub policy: Option<Value>,
    /// Its notifications.
    pub notifications: Notifications,
    /// Its tags.
    pub tags: Tags,
    /// Whether all public access is blocked.
    pub blocked: bool,
    /// Its lifecycle rules, as XML.
    pub lifecycle: Option<String>,
    /// Whether it is encrypted with a key of KMS.
    pub kms: bool,
    /// Keys of what is in it.
    pub objects: BTreeSet<String>,
}

/// A topic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Topic {
    /// Its tags.
    pub tags: Tags,
    /// Who may publish and subscribe.
    pub policy: Option<Value>,
    /// `1` or `2`.
    pub signature_version: String,
    /// Who listens, by subscription ARN.
    pub subscriptions: BTreeMap<String, Subscription>,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// `https`, `sqs`, …
    pub protocol: String,
    /// Whom it tells.
    pub endpoint: String,
    /// Whether he said that he wants to be told.
    pub confirmed: bool,
}

impl LoadBalancer {
    /// With the attributes that a load balancer of this ARN has from the beginning.
    pub fn new(arn: &str) -> Self {
        let kinds = if arn.contains("/net/") { &KINDS[..1] } else { &KINDS[..] };
        let mut attributes = BTreeMap::from([
            ("deletion_protection.enabled".to_owned(), "false".to_owned()),
            ("load_balancing.cross_zone.enabled".to_owned(), "true".to_owned()),
        ]);
        for kind in kinds {
            attributes.insert(format!("{kind}.enabled"), "false".to_owned());
            attributes.insert(format!("{kind}.bucket"), String::new());
            attributes.insert(format!("{kind}.prefix"), String::new());
        }
        Self { attributes, tags: Tags::new() }
    }

    /// Has it log to a bucket.
    #[must_use]
    pub fn logging(mut self, kind: &str, bucket: &str, prefix: &str) -> Self {
        for (name, value) in [("enabled", "true"), ("bucket", bucket), ("prefix", prefix)] {
            self.attributes.insert(format!("{kind}.{name}"), value.to_owned());
        }
        self
    }

    /// Where it logs a kind to: bucket and prefix.
    pub fn target(&self, kind: &str) -> Option<(&str, &str)> {
        let text = |name: &str| self.attributes.get(&format!("{kind}.{name}")).map(String::as_str);
        (text("enabled") == Some("true"))
            .then(|| (text("bucket").unwrap_or_default(), text("prefix").unwrap_or_default()))
    }
}

impl Bucket {
    /// An empty bucket of an account.
    pub fn of(owner: &str, region: &str) -> Self {
        let (owner, region) = (owner.to_owned(), region.to_owned());
        Self { owner, region, blocked: true, ..Self::default() }
    }

    /// With one more statement in its policy.
    pub fn allow(&mut self, statement: Value) {
        let policy =
            self.policy.get_or_insert_with(|| json!({"Version": "2012-10-17", "Statement": []}));
        if let Some(all) = policy["Statement"].as_array_mut() {
            all.push(statement);
        }
    }
}

impl Account {
    /// The names of everything in which two accounts differ, each with both sides.
    pub fn differences(&self, other: &Self) -> Map<String, Value> {
        let mut found = Map::new();
        differing(&self.load_balancers, &other.load_balancers, &mut found);
        differing(&self.buckets, &other.buckets, &mut found);
        differing(&self.topics, &other.topics, &mut found);
        found
    }
}

fn differing<T: std::fmt::Debug + PartialEq>(
    one: &BTreeMap<String, T>,
    two: &BTreeMap<String, T>,
    found: &mut Map<String, Value>,
) {
    let names: BTreeSet<&String> = one.keys().chain(two.keys()).collect();
    for name in names.into_iter().filter(|name| one.get(*name) != two.get(*name)) {
        let text = |of: &BTreeMap<String, T>| of.get(name).map(|it| format!("{it:?}"));
        found.insert(name.clone(), json!([text(one), text(two)]));
    }
}
