//! What AWS does, operation by operation, where the emulators do something else.

use axum::{body::Body, response::Response};
use http::{HeaderValue, Method, StatusCode};

use super::{Message, Shared};
use crate::wire::Call;

/// What an emulator answered.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: http::HeaderMap,
    pub(super) body: bytes::Bytes,
}

impl Reply {
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(super) fn into_response(self, head: bool) -> Response {
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
    /// Sends a request on as it came, with the Host that it was signed for.
    pub(super) async fn forward(&self, call: &Call, message: &Message) -> Reply {
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

pub(super) fn replace(body: &bytes::Bytes, from: &str, to: &str) -> bytes::Bytes {
    String::from_utf8_lossy(body).replace(from, to).into()
}
