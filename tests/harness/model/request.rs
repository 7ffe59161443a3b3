//! A request as it comes over the wire, in AWS's terms.

use http::{HeaderMap, Method, Uri};

use crate::wire::{self, Call};

/// A request of the handler.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// In AWS's terms.
    pub call: Call,
    /// As it came.
    pub headers: HeaderMap,
    /// As it came.
    pub body: String,
}

impl Request {
    /// Reads a request that `account` sends.
    pub fn read(
        method: &Method,
        uri: &Uri,
        headers: HeaderMap,
        body: &[u8],
        account: &str,
    ) -> Self {
        let call = wire::parse(method, uri, &headers, body, account);
        Self { call, headers, body: String::from_utf8_lossy(body).into_owned() }
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// What it is about: a bucket's name or an ARN.
    pub(super) fn about(&self) -> String {
        let named = ["TopicArn", "ResourceArn", "LoadBalancerArn"];
        match named.into_iter().find_map(|name| self.call.parameter(name)) {
            Some(arn) => arn.to_owned(),
            None if !self.call.bucket.is_empty() => self.call.bucket.clone(),
            None => self.call.resource.clone(),
        }
    }
}
