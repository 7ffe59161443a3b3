//! The checks that AWS makes and emulators leave out, written from AWS's documentation and without
//! any of the handler's code.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    iam::{matches, texts},
    wire::Call,
};

/// What the handler must not do, whatever its role allows.
pub(crate) fn offences(call: &Call, expected_owner: Option<&str>, account: &str) -> Vec<String> {
    let mut found = Vec::new();
    let owned = call.service == "s3" && call.operation != "CreateBucket";
    if owned && expected_owner != Some(account) {
        found.push(format!("{} without ExpectedBucketOwner", call.operation));
    }
    if call.operation == "Object" {
        found.push(format!("touched an object: {}", call.resource));
    }
    if call.actions.is_empty() || call.operation == "Unknown" {
        found.push(format!("a call that nobody knows: {call:?}"));
    }
    if call.operation == "ModifyLoadBalancerAttributes" {
        let keys = call.form.iter().filter(|(name, _)| name.ends_with(".Key"));
        let others = keys.filter(|(_, key)| !key.contains("_logs.s3."));
        found.extend(others.map(|(_, key)| format!("set the load balancer attribute {key}")));
    }
    found
}

/// Who asks to write logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// An application load balancer.
    Application,
    /// A network load balancer.
    Network,
}

/// Whether a bucket's policy lets load balancers write `key`.
pub fn lets_write(
    policy: Option<&Value>,
    writer: Writer,
    bucket: &str,
    key: &str,
    account: &str,
) -> bool {
    let object = format!("arn:aws:s3:::{bucket}/{key}");
    let itself = format!("arn:aws:s3:::{bucket}");
    match writer {
        Writer::Application => {
            let service = "logdelivery.elasticloadbalancing.amazonaws.com";
            allows(policy, service, "s3:PutObject", &object, account)
        }
        Writer::Network => {
            let service = "delivery.logs.amazonaws.com";
            allows(policy, service, "s3:GetBucketAcl", &itself, account)
                && allows(policy, service, "s3:PutObject", &object, account)
        }
    }
}

/// Whether a resource policy lets a service act: an Allow that matches and no Deny that does.
fn allows(
    policy: Option<&Value>,
    service: &str,
    action: &str,
    resource: &str,
    account: &str,
) -> bool {
    let matching = |effect: &str| {
        statements(policy).into_iter().any(|one| {
            let principal = &one["Principal"];
            let named =
                principal == "*" || texts(&principal["Service"]).iter().any(|name| name == service);
            one["Effect"] == effect
                && named
                && texts(&one["Action"]).iter().any(|pattern| matches(pattern, action))
                && texts(&one["Resource"]).iter().any(|pattern| matches(pattern, resource))
                && conditions_hold(&one["Condition"], service, account)
        })
    };
    matching("Allow") && !matching("Deny")
}

/// What each service sends: load balancers of type application send no condition key at all; the
/// delivery service of the others sends account, source and ACL.
fn conditions_hold(condition: &Value, service: &str, account: &str) -> bool {
    let Some(operators) = condition.as_object() else { return true };
    operators.values().filter_map(Value::as_object).flatten().all(|(key, wanted)| {
        let sent = match (key.as_str(), service) {
            ("aws:SecureTransport", _) => "true".to_owned(),
            ("aws:SourceAccount", "delivery.logs.amazonaws.com") => account.to_owned(),
            ("s3:x-amz-acl", "delivery.logs.amazonaws.com") => {
                "bucket-owner-full-control".to_owned()
            }
            ("aws:SourceArn", "delivery.logs.amazonaws.com") => {
                return texts(wanted).iter().any(|one| one.contains(&format!(":{account}:")));
            }
            _ => return false,
        };
        texts(wanted).contains(&sent)
    })
}

fn statements(policy: Option<&Value>) -> Vec<Value> {
    match policy.map(|document| &document["Statement"]) {
        Some(Value::Array(all)) => all.clone(),
        Some(one @ Value::Object(_)) => vec![one.clone()],
        _ => Vec::new(),
    }
}

/// Whether a topic's policy lets S3 publish the events of a bucket.
pub(crate) fn lets_publish(
    policy: Option<&Value>,
    topic: &str,
    bucket: &str,
    account: &str,
) -> bool {
    statements(policy).iter().any(|one| {
        let of_s3 =
            texts(&one["Principal"]["Service"]).iter().any(|name| name == "s3.amazonaws.com");
        let source = format!("arn:aws:s3:::{bucket}");
        let condition = one["Condition"].as_object().cloned().unwrap_or_default();
        let holds = condition.values().filter_map(Value::as_object).flatten().all(
            |(key, wanted)| match key.as_str() {
                "aws:SourceAccount" => texts(wanted).iter().any(|one| one == account),
                "aws:SourceArn" => texts(wanted)
                    .iter()
                    .any(|pattern| matches(&pattern.replace(":*:*:", ":::"), &source)),
                _ => false,
            },
        );
        one["Effect"] == "Allow"
            && of_s3
            && texts(&one["Action"]).iter().any(|one| matches(&one.to_lowercase(), "sns:publish"))
            && texts(&one["Resource"]).iter().any(|pattern| matches(pattern, topic))
            && holds
    })
}

/// The body of PutBucketNotificationConfiguration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename = "NotificationConfiguration")]
pub struct Notifications {
    /// To topics.
    #[serde(rename = "TopicConfiguration", default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<Rule>,
    /// To queues.
    #[serde(rename = "QueueConfiguration", default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<Rule>,
    /// To functions.
    #[serde(rename = "CloudFunctionConfiguration", default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<Rule>,
    /// The switch that sends everything to EventBridge.
    #[serde(rename = "EventBridgeConfiguration", skip_serializing_if = "Option::is_none")]
    pub event_bridge: Option<Empty>,
}

/// An element without content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Empty {}

/// One notification.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Rule {
    /// Its name.
    #[serde(rename = "Id", skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// To which topic.
    #[serde(rename = "Topic", skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// To which queue.
    #[serde(rename = "Queue", skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// To which function.
    #[serde(rename = "CloudFunction", skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Of what.
    #[serde(rename = "Event", default)]
    pub events: Vec<String>,
    /// For which keys.
    #[serde(rename = "Filter", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
}

/// Which keys a notification is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Filter {
    #[serde(rename = "S3Key", skip_serializing_if = "Option::is_none")]
    key: Option<Key>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
struct Key {
    #[serde(rename = "FilterRule", default)]
    rules: Vec<FilterRule>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
struct FilterRule {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Value", default)]
    value: String,
}

impl Filter {
    /// Keys that begin and end with something.
    pub fn of(prefix: &str, suffix: &str) -> Self {
        let rule = |name: &str, value: &str| FilterRule { name: name.into(), value: value.into() };
        let both = [("prefix", prefix), ("suffix", suffix)];
        let given = both.into_iter().filter(|(_, value)| !value.is_empty());
        let rules = given.map(|(name, value)| rule(name, value)).collect();
        Self { key: Some(Key { rules }) }
    }
}

impl Rule {
    /// Whether it is about a key.
    pub fn covers(&self, key: &str) -> bool {
        key.starts_with(self.part("prefix")) && key.ends_with(self.part("suffix"))
    }

    fn part(&self, name: &str) -> &str {
        let rules = self.filter.as_ref().and_then(|filter| filter.key.as_ref());
        rules
            .and_then(|key| key.rules.iter().find(|rule| rule.name.eq_ignore_ascii_case(name)))
            .map_or("", |rule| &rule.value)
    }
}

impl Notifications {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, String> {
        quick_xml::de::from_reader(body).map_err(|error| error.to_string())
    }

    /// The topics that S3 will send its test message to.
    pub(crate) fn topics(&self) -> Vec<&str> {
        self.topics.iter().filter_map(|rule| rule.topic.as_deref()).collect()
    }

    /// What S3 refuses the document for, if it does.
    pub(crate) fn refusal(&self) -> Option<&'static str> {
        let all: Vec<&Rule> =
            self.topics.iter().chain(&self.queues).chain(&self.functions).collect();
        for (index, one) in all.iter().enumerate() {
            for other in &all[index + 1..] {
                if one.id.is_some() && one.id == other.id {
                    return Some("Same ID used for multiple configurations. IDs must be unique");
                }
                if overlap(one, other) {
                    return Some(
                        "Configurations overlap. Configurations on the same bucket cannot share a \
                         common event type.",
                    );
                }
            }
        }
        None
    }
}

fn overlap(one: &Rule, other: &Rule) -> bool {
    let general = |event: &str| event.trim_end_matches('*').to_owned();
    let events = one.events.iter().any(|a| {
        other.events.iter().any(|b| {
            let (a, b) = (general(a), general(b));
            a.starts_with(&b) || b.starts_with(&a)
        })
    });
    let nested = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
    let tails = |a: &str, b: &str| a.ends_with(b) || b.ends_with(a);
    events
        && nested(one.part("prefix"), other.part("prefix"))
        && tails(one.part("suffix"), other.part("suffix"))
}
