//! SNS: what a topic is made with counts, and a subscription has its ARN at once if asked.

use std::collections::BTreeMap;

use axum::response::Response;
use http::HeaderValue;

use super::{Message, Shared, failure, rules::replace};
use crate::{emulators::Kind, wire::Call};

impl Shared {
    /// ministack holds calls about a topic's tags against the resource `*`, so that a role for topics
    /// alone is denied. The account's root asks in its place; that the role may ask is held against
    /// the template by every story on the strict driver.
    pub(super) async fn topic_tags(&self, call: &Call, message: &Message) -> Response {
        let reply = self.forward(call, message).await;
        if reply.status != 403 || !matches!(self.kind, Kind::Ministack { auth: true }) {
            return reply.into_response(false);
        }
        let (mut parts, body) = (message.parts.clone(), message.body.clone());
        let scope = format!("{}/20260101/{}/sns/aws4_request", self.account, call.region);
        let root = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x");
        parts.headers.remove("x-amz-security-token");
        if let Ok(root) = HeaderValue::from_str(&root) {
            parts.headers.insert("authorization", root);
        }
        self.forward(call, &Message { parts, body }).await.into_response(false)
    }

    /// SNS gives the ARN at once if asked to; ministack does not.
    pub(super) async fn subscribe(&self, call: &Call, message: &Message) -> Response {
        let mut reply = self.forward(call, message).await;
        let asked = call.parameter("ReturnSubscriptionArn") == Some("true");
        let pending = "pending confirmation";
        if asked && String::from_utf8_lossy(&reply.body).contains(pending) {
            let topic = call.parameter("TopicArn").unwrap_or_default();
            let all = self.root.sns.list_subscriptions_by_topic().topic_arn(topic).send().await;
            let arn = all.ok().and_then(|all| {
                let wanted = call.parameter("Endpoint");
                let one = all.subscriptions().iter().find(|one| one.endpoint() == wanted)?;
                one.subscription_arn().map(str::to_owned)
            });
            reply.body = replace(&reply.body, pending, &arn.unwrap_or_default());
        }
        reply.into_response(false)
    }

    /// SNS gives an existing topic back only if tags and attributes are the same.
    pub(super) async fn create_topic(&self, call: &Call, message: &Message) -> Response {
        let name = call.parameter("Name").unwrap_or_default();
        let arn = format!("arn:aws:sns:{}:{}:{name}", call.region, self.account);
        if let Ok(there) = self.root.sns.list_tags_for_resource().resource_arn(&arn).send().await {
            let tags: BTreeMap<&str, &str> =
                there.tags().iter().map(|tag| (tag.key(), tag.value())).collect();
            let mut asked = BTreeMap::new();
            for index in 1.. {
                let Some(key) = call.parameter(&format!("Tags.member.{index}.Key")) else { break };
                let value = call.parameter(&format!("Tags.member.{index}.Value"));
                asked.insert(key, value.unwrap_or_default());
            }
            if !asked.is_empty() && asked != tags {
                let words =
                    "Invalid parameter: Tags Reason: Topic already exists with different tags";
                return failure(call, 400, "InvalidParameter", words);
            }
        }
        self.forward(call, message).await.into_response(false)
    }
}
