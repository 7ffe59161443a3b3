//! How the provider is spoken to: briefly, never beyond what it names itself, and only so much is read.

use std::{future::Future, pin::Pin, time::Duration};

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

/// A provider that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than any provider's keys and any token need.
const MOST_BYTES: usize = 1024 * 1024;

/// Follows no redirect: what the provider's own description names is where things are.
#[derive(Debug, Clone)]
pub(super) struct Http {
    client: reqwest::Client,
    /// For a provider on this machine.
    plain: bool,
}

/// Why there is no answer. No address and nothing that was sent is in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    /// The address is not one that may be asked.
    #[error("it names an address without https")]
    Plain,
    /// The network, or the time that it took.
    #[error("{0}")]
    Network(#[from] reqwest::Error),
    /// The answer has no end.
    #[error("its answer is too long")]
    TooLong,
}

impl Http {
    /// `plain`: http will do.
    pub(super) fn new(plain: bool) -> Result<Self, HttpError> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()?;
        Ok(Self { client, plain })
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        if !(parts.uri.scheme_str() == Some("https") || self.plain) {
            return Err(HttpError::Plain);
        }
        let request = self.client.request(parts.method, parts.uri.to_string());
        let request = request.headers(parts.headers).body(body);
        let mut answer = request.send().await.map_err(reqwest::Error::without_url)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut read = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
            if read.len() + chunk.len() > MOST_BYTES {
                return Err(HttpError::TooLong);
            }
            read.extend_from_slice(&chunk);
        }
        let mut response = HttpResponse::new(read);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
