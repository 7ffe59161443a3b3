//! The way to what is not AWS's API: CloudFormation's answer and the reports.
//!
//! A trait, so that the tests can let years of failing connections pass in virtual time: a real socket
//! and a clock that jumps do not go together.

use std::fmt::Debug;

use futures_util::future::BoxFuture;
pub use reqwest::{Request, StatusCode};

/// Sends a request and says how it was taken. What the other side writes is never of interest.
pub trait Sender: Debug + Send + Sync {
    /// The status of the answer.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<StatusCode, Unsent>>;
}

/// No answer came. Says nothing about the address, which may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsent {
    /// Whether there was not even a connection.
    pub connecting: bool,
}

impl Sender for reqwest::Client {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<StatusCode, Unsent>> {
        Box::pin(async move {
            match self.execute(request).await {
                Ok(response) => Ok(response.status()),
                // reqwest's error text holds the address; only what kind it was is said.
                Err(error) => Err(Unsent { connecting: error.is_connect() }),
            }
        })
    }
}
