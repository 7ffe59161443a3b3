//! The account: what is read from it and what is written to it. One file per service, each with its
//! reads and its writes; nothing is decided in here.

pub mod elb;
pub mod iam;
pub mod s3;
pub mod sns;
pub mod sts;

mod apply;
mod connect;
mod documents;
mod observe;
mod read_only;

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use std::time::Duration;

pub use self::{
    apply::{Applied, apply, apply_after, apply_all},
    connect::Connections,
    observe::{Scope, observe},
    read_only::Readers,
};
use crate::error::AwsError;

/// Calls that run at once, at most: enough for an organisation's load balancers, below what Elastic
/// Load Balancing throttles.
const SIDE_BY_SIDE: usize = 8;

/// One client per service, all on one HTTP client.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Elastic Load Balancing, version 2.
    pub elb: aws_sdk_elasticloadbalancingv2::Client,
    /// S3.
    pub s3: aws_sdk_s3::Client,
    /// SNS.
    pub sns: aws_sdk_sns::Client,
}

impl Clients {
    /// Builds the clients from the function's environment.
    pub async fn from_env(connections: &Connections) -> Self {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(connections.http_client())
            .timeout_config(timeouts())
            .retry_config(retries())
            .load()
            .await;
        Self::new(&config)
    }

    /// Builds the clients from a configuration.
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            elb: aws_sdk_elasticloadbalancingv2::Client::new(config),
            s3: aws_sdk_s3::Client::new(config),
            sns: aws_sdk_sns::Client::new(config),
        }
    }
}

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long one attempt of a call may take.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(Duration::from_secs(15))
        .build()
}

/// How often a call is tried before its failure counts.
pub fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(5)
}

/// A call, for the words of its failure.
#[derive(Debug, Clone)]
struct Call<'a> {
    operation: &'static str,
    action: &'static str,
    subject: &'a str,
}

impl Call<'_> {
    /// The failure of this call, in terms that are the same for all services.
    fn failed<E: ProvideErrorMetadata>(&self, error: &SdkError<E>) -> AwsError {
        let meta = error.meta();
        let response = error.raw_response();
        let header = response.and_then(|response| response.headers().get("x-amz-bucket-region"));
        let message = match (meta.message(), error) {
            (Some(message), _) => message.to_owned(),
            (None, SdkError::TimeoutError(_)) => "AWS did not answer in time".to_owned(),
            (None, SdkError::DispatchFailure(_)) => "AWS could not be reached".to_owned(),
            (None, SdkError::ResponseError(_)) => "AWS's answer could not be read".to_owned(),
            (None, _) => String::new(),
        };
        AwsError {
            operation: self.operation,
            subject: self.subject.to_owned(),
            action: self.action,
            code: meta.code().unwrap_or_default().to_owned(),
            message,
            status: response.map_or(0, |response| response.status().as_u16()),
            bucket_region: header.map(str::to_owned),
        }
    }
}
