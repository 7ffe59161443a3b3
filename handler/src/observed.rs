//! What was found in the account, as plain data for the plan to decide on.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    arn::LoadBalancerArn,
    desired::LogKind,
    error::AwsError,
    identity::{Identity, TAG_LOGICAL, TAG_STACK},
    notification::Notifications,
    record::{Record, Setting},
};

/// Tag on a topic whose stack was deleted while other stacks listened to it.
pub const TAG_RELEASED: &str = "logs-analysis:released";
const LISTENER: &str = "logs-analysis:listener:";

/// Everything that a plan looks at.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The load balancers that the selectors mean; empty on Delete.
    pub selected: Vec<LoadBalancerArn>,
    /// What each selected, recorded or named load balancer says; `None` if it does not exist.
    pub load_balancers: BTreeMap<LoadBalancerArn, Option<Attributes>>,
    /// Our topic.
    pub topic: Topic,
    /// Every bucket that matters.
    pub buckets: BTreeMap<String, Bucket>,
    /// Other people's topics that matter; absent if they do not exist.
    pub other_topics: BTreeMap<String, TopicFacts>,
    /// What a Delete could not look at, and why; anything else fails at once.
    pub unread: Vec<Unread>,
}

/// What a Delete could not look at: it undoes the rest all the same.
#[derive(Debug, Clone)]
pub enum Unread {
    /// A load balancer: what it logs stays as it is.
    LoadBalancer(LoadBalancerArn, AwsError),
    /// A bucket: the vendor may still be able to read it.
    Bucket(String, AwsError),
    /// A topic of somebody else's: the vendor may still be told by it.
    Topic(String, AwsError),
}

/// A load balancer's attributes as it lists them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes(pub BTreeMap<String, String>);

impl Attributes {
    /// What it says of one kind of log; `None` if it does not offer that kind.
    pub fn setting(&self, kind: LogKind) -> Option<Setting> {
        let text = |name: &str| {
            let value = self.0.get(&format!("{}.{name}", kind.attribute()));
            value.cloned().unwrap_or_default()
        };
        self.0.contains_key(&format!("{}.enabled", kind.attribute())).then(|| Setting {
            enabled: text("enabled").eq_ignore_ascii_case("true"),
            bucket: text("bucket"),
            prefix: text("prefix"),
        })
    }
}

/// The topic with our name.
#[derive(Debug, Clone, Default)]
pub enum Topic {
    /// There is none.
    #[default]
    Absent,
    /// It does not have our tags.
    Foreign,
    /// It is ours.
    Ours(TopicFacts),
}

/// What is known of a topic.
#[derive(Debug, Clone, Default)]
pub struct TopicFacts {
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Who may publish; only read of ours.
    pub policy: Option<Value>,
    /// `1` or `2`; only read of ours.
    pub signature_version: String,
    /// Who listens.
    pub subscriptions: Vec<Subscription>,
}

/// One subscription of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its ARN, or `PendingConfirmation`.
    pub arn: String,
    /// Whom it tells.
    pub endpoint: String,
}

impl Subscription {
    /// Whether there is nothing to remove: the vendor has not confirmed it, or it was removed before.
    pub fn is_pending(&self) -> bool {
        !self.arn.starts_with("arn:")
    }
}

impl TopicFacts {
    /// What was before us, as our topic keeps it; `None` if somebody changed the tags.
    pub fn record(&self) -> Option<Record> {
        Record::from_tags(&self.tags)
    }

    /// Whether the stack that made the topic is gone and nobody listens any more.
    pub fn is_abandoned(&self) -> bool {
        self.tag(TAG_RELEASED).is_some() && self.listeners().is_empty()
    }

    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The onboarding stack that made the topic, if one did.
    pub fn owner(&self) -> Option<Identity> {
        Identity::new(self.tag(TAG_STACK)?, self.tag(TAG_LOGICAL)?).ok()
    }

    /// The onboarding stacks that listen to it, by their tags: key and stack ARN.
    pub fn listeners(&self) -> Vec<&(String, String)> {
        self.tags.iter().filter(|(key, _)| key.starts_with(LISTENER)).collect()
    }

    /// The subscription of an address.
    pub fn subscription(&self, endpoint: &str) -> Option<&Subscription> {
        self.subscriptions.iter().find(|one| one.endpoint == endpoint && one.arn != "Deleted")
    }
}

/// What a bucket's name leads to.
#[derive(Debug, Clone)]
pub enum Bucket {
    /// To nothing.
    Absent,
    /// To a bucket of another account, or one that we may not look at.
    Denied,
    /// To a bucket in another region.
    Elsewhere(String),
    /// To a bucket of this account and region.
    Here(Box<BucketFacts>),
}

/// What is known of a bucket of this account and region.
#[derive(Debug, Clone, Default)]
pub struct BucketFacts {
    /// Encrypted with anything but SSE-S3.
    pub kms: bool,
    /// Its policy, if it has one.
    pub policy: Option<Value>,
    /// Its notifications.
    pub notifications: Notifications,
    /// Only read where the name is one of ours.
    pub own: Option<OwnBucketFacts>,
}

/// What is known of a bucket that has one of our names.
#[derive(Debug, Clone, Default)]
pub struct OwnBucketFacts {
    /// Whether its tags say that we made it.
    pub tagged: bool,
    /// Whether all public access is blocked.
    pub blocked: bool,
    /// Days after which logs expire.
    pub retention_days: Option<u16>,
}

impl Observed {
    /// What is known of our topic, if there is one.
    pub fn own_topic(&self) -> Option<&TopicFacts> {
        match &self.topic {
            Topic::Ours(facts) => Some(facts),
            Topic::Absent | Topic::Foreign => None,
        }
    }

    /// What was before us.
    pub fn record(&self) -> Record {
        self.own_topic().and_then(TopicFacts::record).unwrap_or_default()
    }

    /// What is known of a bucket of this account and region.
    pub fn bucket(&self, name: &str) -> Option<&BucketFacts> {
        match self.buckets.get(name) {
            Some(Bucket::Here(facts)) => Some(facts),
            _ => None,
        }
    }

    /// What a load balancer says of one kind of log.
    pub fn setting(&self, arn: &LoadBalancerArn, kind: LogKind) -> Option<Setting> {
        self.load_balancers.get(arn)?.as_ref()?.setting(kind)
    }
}
