//! SNS: topics that are made twice are the same, subscriptions wait for whom they tell.

use super::{
    account::{Account, Subscription, Tags, Topic},
    reply::{Reply, element, members, pair},
    world::Rules,
};
use crate::wire::Call;

/// The most tags that a topic may have (SNS developer guide, "Amazon SNS topic tagging").
const TAG_LIMIT: usize = 50;

pub(super) fn answer(account: &mut Account, rules: &Rules, call: &Call) -> Reply {
    match call.operation.as_str() {
        "CreateTopic" => return create(account, rules, call),
        "DeleteTopic" => {
            account.topics.remove(call.parameter("TopicArn").unwrap_or_default());
            return Reply::result("DeleteTopic", "");
        }
        "Unsubscribe" => return unsubscribe(account, call),
        _ => {}
    }
    let named = call.parameter("TopicArn").or_else(|| call.parameter("ResourceArn"));
    let arn = named.unwrap_or_default().to_owned();
    let Some(topic) = account.topics.get_mut(&arn) else { return missing(call) };
    match call.operation.as_str() {
        "ListTagsForResource" => {
            let tag = |(key, value): (&String, &String)| pair(("Key", "Value"), (key, value));
            let all = members(topic.tags.iter().map(tag));
            Reply::result(&call.operation, &format!("<Tags>{all}</Tags>"))
        }
        "TagResource" => tag(topic, call),
        "UntagResource" => {
            for (_, key) in call.form.iter().filter(|(name, _)| name.starts_with("TagKeys.")) {
                topic.tags.remove(key);
            }
            Reply::result(&call.operation, "")
        }
        "GetTopicAttributes" => attributes(topic, &arn),
        "SetTopicAttributes" => set_attribute(topic, call),
        "Subscribe" => subscribe(topic, &arn, rules, call),
        "ListSubscriptionsByTopic" => subscriptions(topic, &arn, rules),
        other => error(400, "InvalidAction", &format!("{other} is not in the model")),
    }
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::error("sns", status, code, message)
}

fn missing(call: &Call) -> Reply {
    let about_tags = call.operation.contains("Resource");
    let code = if about_tags { "ResourceNotFound" } else { "NotFound" };
    error(404, code, "Topic does not exist")
}

/// `NAME.member.N.Key` with `NAME.member.N.Value`.
fn tags(call: &Call) -> Tags {
    let mut found = Tags::new();
    for index in 1.. {
        let Some(key) = call.parameter(&format!("Tags.member.{index}.Key")) else { break };
        let value = call.parameter(&format!("Tags.member.{index}.Value")).unwrap_or_default();
        found.insert(key.to_owned(), value.to_owned());
    }
    found
}

fn create(account: &mut Account, rules: &Rules, call: &Call) -> Reply {
    let name = call.parameter("Name").unwrap_or_default();
    let arn = format!("arn:aws:sns:{}:{}:{name}", rules.region, rules.account);
    let wanted = tags(call);
    if wanted.len() > TAG_LIMIT {
        return error(400, "TagLimitExceeded", "Could not complete request: tag quota of 50");
    }
    let done = Reply::result("CreateTopic", &element("TopicArn", &arn));
    if let Some(there) = account.topics.get(&arn) {
        let words = "Invalid parameter: Tags Reason: Topic already exists with different tags";
        return if there.tags == wanted { done } else { error(400, "InvalidParameter", words) };
    }
    let mut topic = Topic { tags: wanted, signature_version: "1".to_owned(), ..Topic::default() };
    for index in 1.. {
        let start = format!("Attributes.entry.{index}");
        let Some(key) = call.parameter(&format!("{start}.key")) else { break };
        let value = call.parameter(&format!("{start}.value")).unwrap_or_default();
        if !set(&mut topic, key, value) {
            return error(400, "InvalidParameter", &format!("Invalid parameter: {key}"));
        }
    }
    account.topics.insert(arn, topic);
    done
}

fn set(topic: &mut Topic, key: &str, value: &str) -> bool {
    match key {
        "Policy" => match serde_json::from_str(value) {
            Ok(policy) => topic.policy = Some(policy),
            Err(_) => return false,
        },
        "SignatureVersion" => value.clone_into(&mut topic.signature_version),
        _ => return false,
    }
    true
}

fn set_attribute(topic: &mut Topic, call: &Call) -> Reply {
    let name = call.parameter("AttributeName").unwrap_or_default();
    let value = call.parameter("AttributeValue").unwrap_or_default();
    if set(topic, name, value) {
        Reply::result("SetTopicAttributes", "")
    } else {
        error(400, "InvalidParameter", &format!("Invalid parameter: {name}"))
    }
}

fn tag(topic: &mut Topic, call: &Call) -> Reply {
    let wanted = tags(call);
    let mut all = topic.tags.clone();
    all.extend(wanted);
    if all.len() > TAG_LIMIT {
        return error(400, "TagLimitExceeded", "Could not complete request: tag quota of 50");
    }
    topic.tags = all;
    Reply::result("TagResource", "")
}

fn attributes(topic: &Topic, arn: &str) -> Reply {
    let policy = topic.policy.as_ref().map(ToString::to_string).unwrap_or_default();
    let all = [
        ("TopicArn", arn),
        ("Policy", policy.as_str()),
        ("SignatureVersion", topic.signature_version.as_str()),
    ];
    let entry = |(key, value): &(&str, &str)| {
        format!("<entry>{}</entry>", pair(("key", "value"), (key, value)))
    };
    let all: String = all.iter().filter(|(_, value)| !value.is_empty()).map(entry).collect();
    Reply::result("GetTopicAttributes", &format!("<Attributes>{all}</Attributes>"))
}

fn subscribe(topic: &mut Topic, arn: &str, rules: &Rules, call: &Call) -> Reply {
    let endpoint = call.parameter("Endpoint").unwrap_or_default();
    let there = topic.subscriptions.iter_mut().find(|(_, one)| one.endpoint == endpoint);
    let known = there.map(|(known, one)| {
        // Asked again, the vendor is asked again.
        one.confirmed |= rules.vendor_confirms;
        known.clone()
    });
    let subscription = known.unwrap_or_else(|| {
        let number = topic.subscriptions.len() + 1;
        let made = format!("{arn}:00000000-0000-4000-8000-{number:012}");
        let one = Subscription {
            protocol: call.parameter("Protocol").unwrap_or_default().to_owned(),
            endpoint: endpoint.to_owned(),
            confirmed: rules.vendor_confirms,
        };
        topic.subscriptions.insert(made.clone(), one);
        made
    });
    Reply::result("Subscribe", &element("SubscriptionArn", &subscription))
}

fn subscriptions(topic: &Topic, arn: &str, rules: &Rules) -> Reply {
    let one = |(of, one): (&String, &Subscription)| {
        let shown = if one.confirmed { of.as_str() } else { "PendingConfirmation" };
        [
            ("SubscriptionArn", shown),
            ("Owner", rules.account.as_str()),
            ("Protocol", one.protocol.as_str()),
            ("Endpoint", one.endpoint.as_str()),
            ("TopicArn", arn),
        ]
        .iter()
        .map(|(name, text)| element(name, text))
        .collect::<String>()
    };
    let all = members(topic.subscriptions.iter().map(one));
    let inner = format!("<Subscriptions>{all}</Subscriptions>");
    Reply::result("ListSubscriptionsByTopic", &inner)
}

fn unsubscribe(account: &mut Account, call: &Call) -> Reply {
    let arn = call.parameter("SubscriptionArn").unwrap_or_default();
    let of = account.topics.values_mut().find(|topic| topic.subscriptions.contains_key(arn));
    let Some(topic) = of else { return Reply::result("Unsubscribe", "") };
    if topic.subscriptions.get(arn).is_some_and(|one| !one.confirmed) {
        let words =
            "Invalid parameter: SubscriptionArn Reason: a pending subscription cannot be removed";
        return error(400, "InvalidParameter", words);
    }
    topic.subscriptions.remove(arn);
    Reply::result("Unsubscribe", "")
}
