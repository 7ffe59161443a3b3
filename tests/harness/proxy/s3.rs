//! S3: it refuses notifications that overlap or cannot be sent, and knows regions.

use axum::response::Response;
use http::HeaderValue;

use super::{Message, Shared, failure, rules::replace};
use crate::{
    checks::{self, Notifications},
    emulators::Kind,
    wire::Call,
};

impl Shared {
    /// S3 refuses rules that overlap or share an id, and tests every topic.
    pub(super) async fn put_notifications(&self, call: &Call, message: &Message) -> Response {
        let wanted = match Notifications::parse(&message.body) {
            Ok(wanted) => wanted,
            Err(error) => return failure(call, 400, "MalformedXML", &error),
        };
        if let Some(why) = wanted.refusal() {
            return failure(call, 400, "InvalidArgument", why);
        }
        let skip = message.header("x-amz-skip-destination-validation") == Some("true");
        for topic in wanted.topics() {
            if skip {
                break;
            }
            let attributes =
                self.root.sns.get_topic_attributes().topic_arn(topic).send().await.ok();
            let policy = attributes
                .and_then(|answer| serde_json::from_str(answer.attributes()?.get("Policy")?).ok());
            if !checks::lets_publish(policy.as_ref(), topic, &call.bucket, &self.account) {
                let words = "Unable to validate the following destination configurations";
                return failure(call, 400, "InvalidArgument", words);
            }
        }
        self.forward(call, message).await.into_response(false)
    }

    /// moto gives the element another name where there are no notifications.
    pub(super) async fn get_notifications(&self, call: &Call, message: &Message) -> Response {
        let mut reply = self.forward(call, message).await;
        reply.body =
            replace(&reply.body, "GetBucketNotificationResponse", "NotificationConfiguration");
        reply.into_response(false)
    }

    /// moto loses the tags that a bucket is made with.
    pub(super) async fn create_bucket(&self, call: &Call, message: &Message) -> Response {
        let reply = self.forward(call, message).await;
        let text = String::from_utf8_lossy(&message.body).into_owned();
        if self.kind == Kind::Moto
            && reply.is_success()
            && let Some(tags) = section(&text, "Tags")
        {
            self.root.tag_bucket(&call.bucket, &pairs(tags)).await;
        }
        reply.into_response(false)
    }

    /// S3 sends who asks in the wrong region on, and says where.
    pub(super) async fn head_bucket(&self, call: &Call, message: &Message) -> Response {
        let mut reply = self.forward(call, message).await;
        let region = reply.headers.get("x-amz-bucket-region").cloned();
        let elsewhere = region.as_ref().is_some_and(|region| region != call.region.as_str());
        if reply.is_success() && elsewhere {
            reply.status = 301;
        }
        if reply.is_success()
            && region.is_none()
            && let Ok(here) = HeaderValue::from_str(&call.region)
        {
            reply.headers.insert("x-amz-bucket-region", here);
        }
        reply.into_response(true)
    }
}

/// Keys and values of `<Tag>` elements; the handler's tags need no unescaping.
fn pairs(tags: &str) -> Vec<(String, String)> {
    let tag =
        |text: &str| Some((section(text, "Key")?.to_owned(), section(text, "Value")?.to_owned()));
    tags.split("<Tag>").filter_map(tag).collect()
}

/// What stands between the tags of an element.
fn section<'t>(text: &'t str, element: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{element}>"))?;
    rest.split_once(&format!("</{element}>")).map(|(inner, _)| inner)
}
