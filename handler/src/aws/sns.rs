//! SNS: topics, their tags, who may publish and who listens.

use aws_sdk_sns::{Client, types::Tag};
use serde_json::Value;

use super::Call;
use crate::{desired::Endpoint, error::AwsError, observed::Subscription};

/// A topic's tags; `None` if it does not exist.
pub async fn tags(client: &Client, topic: &str) -> Result<Option<Vec<(String, String)>>, AwsError> {
    let call = Call {
        operation: "ListTagsForResource",
        action: "sns:ListTagsForResource",
        subject: topic,
    };
    match client.list_tags_for_resource().resource_arn(topic).send().await {
        Ok(answer) => {
            let pair = |tag: &Tag| (tag.key().to_owned(), tag.value().to_owned());
            Ok(Some(answer.tags().iter().map(pair).collect()))
        }
        Err(error) => {
            let error = call.failed(&error);
            if error.is_absent() { Ok(None) } else { Err(error) }
        }
    }
}

/// A topic's policy and signature version.
pub async fn attributes(client: &Client, topic: &str) -> Result<(Option<Value>, String), AwsError> {
    let call =
        Call { operation: "GetTopicAttributes", action: "sns:GetTopicAttributes", subject: topic };
    let answer = client.get_topic_attributes().topic_arn(topic).send().await;
    let answer = answer.map_err(|error| call.failed(&error))?;
    let text = |key: &str| answer.attributes().and_then(|all| all.get(key)).cloned();
    let policy = text("Policy").and_then(|text| serde_json::from_str(&text).ok());
    Ok((policy, text("SignatureVersion").unwrap_or_default()))
}

/// Who listens to a topic; nobody if it does not exist.
pub async fn subscriptions(client: &Client, topic: &str) -> Result<Vec<Subscription>, AwsError> {
    let call = Call {
        operation: "ListSubscriptionsByTopic",
        action: "sns:ListSubscriptionsByTopic",
        subject: topic,
    };
    let pages =
        client.list_subscriptions_by_topic().topic_arn(topic).into_paginator().items().send();
    match pages.collect::<Result<Vec<_>, _>>().await {
        Ok(found) => Ok(found
            .into_iter()
            .map(|one| Subscription {
                arn: one.subscription_arn.unwrap_or_default(),
                endpoint: one.endpoint.unwrap_or_default(),
            })
            .collect()),
        Err(error) => {
            let error = call.failed(&error);
            if error.is_absent() { Ok(Vec::new()) } else { Err(error) }
        }
    }
}

/// Makes a topic with its tags and policy in one call, so that it is never there without them.
pub async fn create(
    client: &Client,
    name: &str,
    policy: Option<&Value>,
    tags: &[(String, String)],
) -> Result<(), AwsError> {
    let call = Call { operation: "CreateTopic", action: "sns:CreateTopic", subject: name };
    let tags = tags.iter().filter_map(tag).collect();
    let mut request = client.create_topic().name(name).set_tags(Some(tags));
    if let Some(policy) = policy {
        request = request.attributes("Policy", policy.to_string());
    }
    request.send().await.map(drop).map_err(|error| call.failed(&error))
}

/// Sets tags of a topic; others stay.
pub async fn tag_topic(
    client: &Client,
    topic: &str,
    tags: &[(String, String)],
) -> Result<(), AwsError> {
    let call = Call { operation: "TagResource", action: "sns:TagResource", subject: topic };
    let tags = tags.iter().filter_map(tag).collect();
    let request = client.tag_resource().resource_arn(topic).set_tags(Some(tags));
    request.send().await.map(drop).map_err(|error| call.failed(&error))
}

/// Takes a tag off a topic.
pub async fn untag_topic(client: &Client, topic: &str, key: &str) -> Result<(), AwsError> {
    let call = Call { operation: "UntagResource", action: "sns:UntagResource", subject: topic };
    let request = client.untag_resource().resource_arn(topic).tag_keys(key);
    request.send().await.map(drop).map_err(|error| call.failed(&error))
}

/// Sets one attribute of a topic.
pub async fn set_attribute(
    client: &Client,
    topic: &str,
    name: &str,
    value: &str,
) -> Result<(), AwsError> {
    let call =
        Call { operation: "SetTopicAttributes", action: "sns:SetTopicAttributes", subject: topic };
    let request =
        client.set_topic_attributes().topic_arn(topic).attribute_name(name).attribute_value(value);
    request.send().await.map(drop).map_err(|error| call.failed(&error))
}

/// Subscribes an address; the ARN comes back even before the vendor has confirmed.
pub async fn subscribe(
    client: &Client,
    topic: &str,
    endpoint: &Endpoint,
) -> Result<String, AwsError> {
    let call = Call { operation: "Subscribe", action: "sns:Subscribe", subject: topic };
    let request = client
        .subscribe()
        .topic_arn(topic)
        .protocol(endpoint.protocol)
        .endpoint(&endpoint.address)
        .return_subscription_arn(true);
    let answer = request.send().await.map_err(|error| call.failed(&error))?;
    Ok(answer.subscription_arn.unwrap_or_default())
}

/// Removes a subscription; one that is gone, or that was never confirmed and goes by itself, counts
/// as removed.
pub async fn unsubscribe(client: &Client, subscription: &str) -> Result<(), AwsError> {
    let call = Call { operation: "Unsubscribe", action: "sns:Unsubscribe", subject: subscription };
    match client.unsubscribe().subscription_arn(subscription).send().await {
        Ok(_) => Ok(()),
        Err(error) => {
            let error = call.failed(&error);
            let pending = error.code.starts_with("InvalidParameter")
                && error.message.to_lowercase().contains("pending");
            if error.is_absent() || pending { Ok(()) } else { Err(error) }
        }
    }
}

/// Removes a topic and its subscriptions; one that is gone counts as removed.
pub async fn delete(client: &Client, topic: &str) -> Result<(), AwsError> {
    let call = Call { operation: "DeleteTopic", action: "sns:DeleteTopic", subject: topic };
    match client.delete_topic().topic_arn(topic).send().await {
        Ok(_) => Ok(()),
        Err(error) => {
            let error = call.failed(&error);
            if error.is_absent() { Ok(()) } else { Err(error) }
        }
    }
}

fn tag((key, value): &(String, String)) -> Option<Tag> {
    Tag::builder().key(key).value(value).build().ok()
}
