//! What AWS does, operation by operation, where the emulators do something else.

use std::collections::BTreeMap;

use axum::{body::Body, response::Response};
use http::{HeaderValue, Method, StatusCode};
use serde_json::Value;

use super::{Message, Shared, failure, respond};
use crate::{
    checks::{self, Notifications, Writer},
    emulators::Kind,
    wire::{self, Call},
};

const KINDS: [&str; 3] = ["access_logs.s3", "connection_logs.s3", "health_check_logs.s3"];

/// What an emulator answered.
struct Reply {
    status: u16,
    headers: http::HeaderMap,
    body: bytes::Bytes,
}

impl Reply {
    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    fn into_response(self, head: bool) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or_default();
        for (name, value) in &self.headers {
            let hop = ["transfer-encoding", "connection"].contains(&name.as_str());
            let counted = name == "content-length" && !head;
            if !hop && !counted {
                response.headers_mut().append(name, value.clone());
            }
        }
        response
    }
}

impl Shared {
    /// Answers as AWS would.
    pub(super) async fn answer(&self, call: &Call, message: &Message) -> Response {
        match call.operation.as_str() {
            "ModifyLoadBalancerAttributes" => self.modify_attributes(call, message).await,
            "DescribeLoadBalancerAttributes" => self.describe_attributes(call, message).await,
            "PutBucketNotificationConfiguration" => self.put_notifications(call, message).await,
            "ListTagsForResource" | "TagResource" | "UntagResource" => {
                self.topic_tags(call, message).await
            }
            "Subscribe" => self.subscribe(call, message).await,
            "CreateTopic" => self.create_topic(call, message).await,
            "CreateBucket" => self.create_bucket(call, message).await,
            "HeadBucket" => self.head_bucket(call, message).await,
            "GetBucketNotificationConfiguration" => self.get_notifications(call, message).await,
            _ => self
                .forward(call, message)
                .await
                .into_response(message.parts.method == Method::HEAD),
        }
    }

    /// ministack holds calls about a topic's tags against the resource `*`, so that a role for topics
    /// alone is denied. The account's root asks in its place; that the role may ask is held against
    /// the template by every story on the strict driver.
    async fn topic_tags(&self, call: &Call, message: &Message) -> Response {
        let reply = self.forward(call, message).await;
        if reply.status != 403 || !matches!(self.kind, Kind::Ministack { auth: true }) {
            return reply.into_response(false);
        }
        let Message { mut parts, body } =
            Message { parts: message.parts.clone(), body: message.body.clone() };
        let scope = format!("{}/20260101/{}/sns/aws4_request", self.account, call.region);
        let root = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x");
        parts.headers.remove("x-amz-security-token");
        if let Ok(root) = HeaderValue::from_str(&root) {
            parts.headers.insert("authorization", root);
        }
        self.forward(call, &Message { parts, body }).await.into_response(false)
    }

    /// Sends a request on as it came, with the Host that it was signed for.
    async fn forward(&self, call: &Call, message: &Message) -> Reply {
        let url = format!("http://127.0.0.1:{}{}", self.upstream, message.parts.uri);
        let network: Vec<String> = self.state().network.iter().cloned().collect();
        let balancing = call.service == "elasticloadbalancing";
        let body =
            if balancing { to_application(&message.body, &network) } else { message.body.clone() };
        let mut headers = message.parts.headers.clone();
        headers.remove("content-length");
        // AWS is spoken to over TLS; a bucket that takes nothing else would refuse everybody here.
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        let request =
            self.http.request(message.parts.method.clone(), url).headers(headers).body(body);
        let Ok(answer) = request.send().await else {
            return Reply {
                status: 502,
                headers: http::HeaderMap::new(),
                body: bytes::Bytes::new(),
            };
        };
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut body = answer.bytes().await.unwrap_or_default();
        if balancing {
            body = to_network(&body, &network);
        }
        if call.service == "sns" && status == 404 {
            body = replace(&body, "ResourceNotFoundException", "ResourceNotFound");
        }
        Reply { status, headers, body }
    }

    /// Elastic Load Balancing looks at the bucket and writes a test object before it takes a setting.
    async fn modify_attributes(&self, call: &Call, message: &Message) -> Response {
        let arn = call.parameter("LoadBalancerArn").unwrap_or_default().to_owned();
        if !self.exists(&arn).await {
            let words = "One or more load balancers not found";
            return failure(call, 400, "LoadBalancerNotFound", words);
        }
        if matches!(self.kind, Kind::Ministack { auth: true }) {
            let allowed = self.forward(call, message).await;
            if !allowed.is_success() {
                return allowed.into_response(false);
            }
        }
        let mut after = self.attributes(&arn);
        after.extend(changes(call));
        if let Err((code, words)) = self.check_buckets(&arn, call, &after).await {
            return failure(call, 400, code, &words);
        }
        let body = attribute_list("ModifyLoadBalancerAttributes", &after);
        self.state().attributes.insert(arn, after);
        respond(200, body)
    }

    async fn describe_attributes(&self, call: &Call, message: &Message) -> Response {
        let existing = self.forward(call, message).await;
        if !existing.is_success() {
            return existing.into_response(false);
        }
        let arn = call.parameter("LoadBalancerArn").unwrap_or_default();
        respond(200, attribute_list("DescribeLoadBalancerAttributes", &self.attributes(arn)))
    }

    /// Asked of the emulator without changing anything.
    async fn exists(&self, arn: &str) -> bool {
        let network: Vec<String> = self.state().network.iter().cloned().collect();
        let known_as = network.iter().fold(arn.to_owned(), |arn, name| {
            arn.replace(&format!("/net/{name}/"), &format!("/app/{name}/"))
        });
        self.root.elb.describe_load_balancers().load_balancer_arns(known_as).send().await.is_ok()
    }

    /// What a load balancer says, with the keys that AWS lists from the beginning.
    fn attributes(&self, arn: &str) -> BTreeMap<String, String> {
        if let Some(known) = self.state().attributes.get(arn) {
            return known.clone();
        }
        let kinds = if arn.contains("/net/") { &KINDS[..1] } else { &KINDS[..] };
        let mut all = BTreeMap::from([
            ("deletion_protection.enabled".to_owned(), "false".to_owned()),
            ("load_balancing.cross_zone.enabled".to_owned(), "true".to_owned()),
        ]);
        for kind in kinds {
            all.insert(format!("{kind}.enabled"), "false".to_owned());
            all.insert(format!("{kind}.bucket"), String::new());
            all.insert(format!("{kind}.prefix"), String::new());
        }
        all
    }

    async fn check_buckets(
        &self,
        arn: &str,
        call: &Call,
        after: &BTreeMap<String, String>,
    ) -> Result<(), (&'static str, String)> {
        let writer = if arn.contains("/net/") { Writer::Network } else { Writer::Application };
        let changed = changes(call);
        for kind in KINDS.into_iter().filter(|kind| changed.keys().any(|key| key.starts_with(kind)))
        {
            let text =
                |name: &str| after.get(&format!("{kind}.{name}")).cloned().unwrap_or_default();
            if writer == Writer::Network && kind != KINDS[0] {
                return Err((
                    "InvalidConfigurationRequest",
                    format!("Key {kind}.enabled not valid"),
                ));
            }
            let named = changed.get(&format!("{kind}.bucket"));
            if self.state().refuses_empty_bucket && named.is_some_and(String::is_empty) {
                let words = format!("The value of '{kind}.bucket' cannot be empty");
                return Err(("InvalidConfigurationRequest", words));
            }
            if text("enabled") == "true" {
                self.check_bucket(kind, writer, &text("bucket"), &text("prefix")).await?;
            }
        }
        Ok(())
    }

    async fn check_bucket(
        &self,
        kind: &str,
        writer: Writer,
        bucket: &str,
        prefix: &str,
    ) -> Result<(), (&'static str, String)> {
        let refused = |words: String| Err(("InvalidConfigurationRequest", words));
        if bucket.is_empty() {
            return refused(format!("The value of '{kind}.bucket' cannot be empty"));
        }
        if prefix.contains("AWSLogs") {
            return refused("The prefix cannot contain AWSLogs".to_owned());
        }
        let s3 = &self.root.s3;
        match s3.head_bucket().bucket(bucket).send().await {
            Ok(head) if head.bucket_region().is_some_and(|region| region != self.region) => {
                return refused(format!("S3 bucket {bucket} is not in the load balancer's region"));
            }
            // A bucket of another account can still have a policy that lets us write; not told here.
            Ok(_) => {}
            Err(_) => return refused(format!("S3 bucket {bucket} does not exist")),
        }
        let denied =
            format!("Access Denied for bucket: {bucket}. Please check S3bucket permission");
        let encryption = s3.get_bucket_encryption().bucket(bucket).send().await;
        let kms = encryption.is_ok_and(|answer| format!("{answer:?}").contains("AwsKms"));
        let policy = s3.get_bucket_policy().bucket(bucket).send().await.ok();
        let policy: Option<Value> = policy
            .and_then(|answer| serde_json::from_str(answer.policy().unwrap_or_default()).ok());
        let file = match kind {
            "access_logs.s3" => "ELBAccessLogTestFile",
            "connection_logs.s3" => "ELBConnectionLogTestFile",
            _ => "ELBHealthCheckLogTestFile",
        };
        let slash = if prefix.is_empty() { "" } else { "/" };
        let key = format!("{prefix}{slash}AWSLogs/{}/{file}", self.account);
        let may = checks::lets_write(policy.as_ref(), writer, bucket, &key, &self.account);
        if kms && writer == Writer::Application || !may {
            return refused(denied);
        }
        // moto takes the Deny of plain http for a Deny of everything.
        let moto = self.kind == Kind::Moto;
        if moto {
            let _ = s3.delete_bucket_policy().bucket(bucket).send().await;
        }
        let put = s3.put_object().bucket(bucket).key(key).body(Vec::new().into()).send().await;
        if let Some(policy) = policy.filter(|_| moto) {
            let _ = s3.put_bucket_policy().bucket(bucket).policy(policy.to_string()).send().await;
        }
        if put.is_err() { refused(denied) } else { Ok(()) }
    }

    /// S3 refuses rules that overlap or share an id, and tests every topic.
    async fn put_notifications(&self, call: &Call, message: &Message) -> Response {
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
    async fn get_notifications(&self, call: &Call, message: &Message) -> Response {
        let mut reply = self.forward(call, message).await;
        reply.body =
            replace(&reply.body, "GetBucketNotificationResponse", "NotificationConfiguration");
        reply.into_response(false)
    }

    /// SNS gives the ARN at once if asked to; ministack does not.
    async fn subscribe(&self, call: &Call, message: &Message) -> Response {
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
    async fn create_topic(&self, call: &Call, message: &Message) -> Response {
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

    /// moto loses the tags that a bucket is made with.
    async fn create_bucket(&self, call: &Call, message: &Message) -> Response {
        let reply = self.forward(call, message).await;
        let text = String::from_utf8_lossy(&message.body).into_owned();
        if self.kind == Kind::Moto && reply.is_success() {
            if let Some(tags) = section(&text, "Tags") {
                self.root.tag_bucket(&call.bucket, &pairs(tags)).await;
            }
        }
        reply.into_response(false)
    }

    /// S3 sends who asks in the wrong region on, and says where.
    async fn head_bucket(&self, call: &Call, message: &Message) -> Response {
        let mut reply = self.forward(call, message).await;
        let region = reply.headers.get("x-amz-bucket-region").cloned();
        let elsewhere = region.as_ref().is_some_and(|region| region != call.region.as_str());
        if reply.is_success() && elsewhere {
            reply.status = 301;
        }
        if reply.is_success() && region.is_none() {
            if let Ok(here) = HeaderValue::from_str(&call.region) {
                reply.headers.insert("x-amz-bucket-region", here);
            }
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

/// The attributes that a call sets.
fn changes(call: &Call) -> BTreeMap<String, String> {
    let mut set = BTreeMap::new();
    for index in 1.. {
        let start = format!("Attributes.member.{index}");
        let Some(key) = call.parameter(&format!("{start}.Key")) else { break };
        let value = call.parameter(&format!("{start}.Value")).unwrap_or_default();
        set.insert(key.to_owned(), value.to_owned());
    }
    set
}

fn attribute_list(operation: &str, attributes: &BTreeMap<String, String>) -> String {
    let member = |(key, value): (&String, &String)| {
        format!(
            "<member><Key>{}</Key><Value>{}</Value></member>",
            wire::escape(key),
            wire::escape(value)
        )
    };
    let members: String = attributes.iter().map(member).collect();
    format!(
        "<{operation}Response xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\">\
         <{operation}Result><Attributes>{members}</Attributes></{operation}Result>\
         <ResponseMetadata><RequestId>p</RequestId></ResponseMetadata></{operation}Response>"
    )
}

/// What stands between the tags of an element.
fn section<'t>(text: &'t str, element: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{element}>"))?;
    rest.split_once(&format!("</{element}>")).map(|(inner, _)| inner)
}

fn to_application(body: &bytes::Bytes, network: &[String]) -> bytes::Bytes {
    network.iter().fold(body.clone(), |body, name| {
        replace(&body, &format!("%2Fnet%2F{name}%2F"), &format!("%2Fapp%2F{name}%2F"))
    })
}

fn to_network(body: &bytes::Bytes, network: &[String]) -> bytes::Bytes {
    network.iter().fold(body.clone(), |body, name| {
        replace(&body, &format!("/app/{name}/"), &format!("/net/{name}/"))
    })
}

fn replace(body: &bytes::Bytes, from: &str, to: &str) -> bytes::Bytes {
    String::from_utf8_lossy(body).replace(from, to).into()
}
