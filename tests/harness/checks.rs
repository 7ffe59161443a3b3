//! The checks that AWS makes and emulators leave out, written from AWS's documentation and without
//! any of the handler's code.

use serde::Deserialize;
use serde_json::Value;

use crate::iam::{matches, texts};

/// Who asks to write logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    Application,
    Network,
}

/// Whether a bucket's policy lets load balancers write `key`.
pub(crate) fn lets_write(
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
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Notifications {
    #[serde(rename = "TopicConfiguration", default)]
    topics: Vec<Rule>,
    #[serde(rename = "QueueConfiguration", default)]
    queues: Vec<Rule>,
    #[serde(rename = "CloudFunctionConfiguration", default)]
    functions: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
struct Rule {
    #[serde(rename = "Id")]
    id: Option<String>,
    #[serde(rename = "Topic")]
    topic: Option<String>,
    #[serde(rename = "Event", default)]
    events: Vec<String>,
    #[serde(rename = "Filter")]
    filter: Option<Filter>,
}

#[derive(Debug, Deserialize)]
struct Filter {
    #[serde(rename = "S3Key")]
    key: Option<Key>,
}

#[derive(Debug, Deserialize)]
struct Key {
    #[serde(rename = "FilterRule", default)]
    rules: Vec<FilterRule>,
}

#[derive(Debug, Deserialize)]
struct FilterRule {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Value", default)]
    value: String,
}

impl Rule {
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
