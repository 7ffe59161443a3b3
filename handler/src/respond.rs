//! The answer to CloudFormation: one PUT to `ResponseURL`.
//!
//! Rules from the CloudFormation user guide, "Custom resource response objects": the body has at most
//! 4,096 bytes, PhysicalResourceId is never empty, `Content-Type` is the empty string because the
//! address is signed with it.

use std::time::Duration;

use reqwest::{
    Method, Request,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde::Serialize;
use tokio::time::{Instant, sleep, timeout};
use url::{Host, Url};

use crate::{
    arn::Home,
    http::{Sender, Unsent},
    retry::jittered,
};

/// The most that CloudFormation reads of an answer, in bytes.
pub const MAX_BODY: usize = 4096;
const TRIES: u32 = 5;

/// The signed address for the answer. Whoever has it can answer in our place, so it has no Debug and
/// no Display and goes nowhere but into the request.
pub struct ResponseUrl(String);

impl std::fmt::Debug for ResponseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResponseUrl(…)")
    }
}

impl ResponseUrl {
    /// Takes the address as it came.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Whether an answer may be sent there: https on an S3 host of the partition, or, where the
    /// function talks to an emulator, plain http on loopback. No event can choose the latter.
    pub fn is_answerable(&self, home: &Home, on_emulator: bool) -> bool {
        let Ok(url) = Url::parse(&self.0) else { return false };
        if on_emulator && is_loopback_http(&url) {
            return true;
        }
        let bare = url.username().is_empty() && url.password().is_none() && url.port().is_none();
        let host = url.host_str().unwrap_or_default();
        bare && url.scheme() == "https" && is_s3_host(host, home.dns_suffix())
    }
}

/// `BUCKET.s3.SUFFIX`, `BUCKET.s3.REGION.SUFFIX` or `BUCKET.s3-REGION.SUFFIX`.
fn is_s3_host(host: &str, dns_suffix: &str) -> bool {
    let Some(labels) = host.strip_suffix(dns_suffix).and_then(|rest| rest.strip_suffix('.')) else {
        return false;
    };
    let labels: Vec<&str> = labels.split('.').collect();
    let known = labels.iter().all(|label| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    known
        && match labels.as_slice() {
            [_, service] => *service == "s3" || service.starts_with("s3-"),
            [_, service, _region] => *service == "s3",
            _ => false,
        }
}

/// Plain http on this machine, as emulators speak it.
pub fn is_loopback_http(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            _ => false,
        }
}

/// SUCCESS or FAILED.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// What was asked for is so.
    Success,
    /// It is not; Reason says why.
    Failed,
}

/// What CloudFormation is told.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// SUCCESS or FAILED.
    pub status: Status,
    /// What the stack event says.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Never empty; the same in every answer for a resource.
    pub physical_resource_id: String,
    /// As it came.
    pub stack_id: String,
    /// As it came.
    pub request_id: String,
    /// As it came.
    pub logical_resource_id: String,
    /// For `Fn::GetAtt`; the same keys on Create and Update.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_object")]
    pub data: Vec<(&'static str, String)>,
}

fn as_object<S: serde::Serializer>(
    pairs: &[(&'static str, String)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(key, value)| (key, value)))
}

impl Answer {
    /// The body, never longer than CloudFormation reads. Data is shortened before the reason, since
    /// the reason is what a person needs; ids are never cut.
    pub fn body(&self) -> Vec<u8> {
        let mut answer = self.clone();
        if answer.physical_resource_id.is_empty() {
            "unknown".clone_into(&mut answer.physical_resource_id);
        }
        if answer.status == Status::Failed && answer.reason.is_empty() {
            "The handler gave no reason".clone_into(&mut answer.reason);
        }
        loop {
            let body = serde_json::to_vec(&answer).unwrap_or_default();
            let Some(excess) = body.len().checked_sub(MAX_BODY).filter(|excess| *excess > 0) else {
                return body;
            };
            let longest = answer
                .data
                .iter_mut()
                .map(|(_, value)| value)
                .filter(|value| value.len() > 60)
                .max_by_key(|value| value.len());
            match longest {
                Some(value) => shorten(value, excess),
                None if answer.reason.len() > 60 => shorten(&mut answer.reason, excess),
                // Only ids longer than AWS gives are left; they are not ours to cut.
                None => return body,
            }
        }
    }
}

/// Cuts at least one and about `excess` bytes off, on a character's edge, and shows that it did.
fn shorten(text: &mut String, excess: usize) {
    const MARK: &str = " …";
    let mut end = text.len().saturating_sub(excess.min(text.len() / 2) + MARK.len() + 1);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push_str(MARK);
}

/// Why an answer did not arrive. Says nothing about the address.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Undelivered {
    /// CloudFormation's bucket refused it; asking again cannot help.
    #[error("the answer was refused with HTTP status {0}")]
    Refused(u16),
    /// Nobody took it in the time there was.
    #[error("the answer was not taken after {0} tries")]
    NotTaken(u32),
}

/// Sends an answer until it is taken: up to five tries, all before `until`.
pub async fn put(
    http: &dyn Sender,
    url: &ResponseUrl,
    answer: &Answer,
    until: Instant,
) -> Result<(), Undelivered> {
    let body = answer.body();
    // An address that cannot be read was refused before any work was done.
    let address = Url::parse(&url.0).map_err(|_| Undelivered::NotTaken(0))?;
    for attempt in 1..=TRIES {
        let left = until.saturating_duration_since(Instant::now());
        let share = left / (TRIES + 1 - attempt);
        let mut request = Request::new(Method::PUT, address.clone());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(""));
        *request.body_mut() = Some(body.clone().into());
        let outcome = timeout(share.min(Duration::from_secs(10)), http.send(request)).await;
        match outcome {
            Ok(Ok(status)) if status.is_success() => return Ok(()),
            Ok(Ok(status)) => {
                tracing::warn!(attempt, status = status.as_u16(), "answer was not taken");
                let passing = status.is_server_error() || matches!(status.as_u16(), 408 | 429);
                if !passing {
                    return Err(Undelivered::Refused(status.as_u16()));
                }
            }
            Ok(Err(Unsent { connecting })) => {
                tracing::warn!(attempt, connecting, "answer did not arrive");
            }
            Err(_) => tracing::warn!(attempt, "answer was not taken in time"),
        }
        let pause = jittered(Duration::from_millis(200) * 2u32.pow(attempt - 1));
        if attempt < TRIES && pause < until.saturating_duration_since(Instant::now()) {
            sleep(pause).await;
        }
    }
    Err(Undelivered::NotTaken(TRIES))
}

#[cfg(test)]
#[path = "respond_tests.rs"]
mod tests;
