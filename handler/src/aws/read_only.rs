//! Clients for a program that only looks: whatever is asked of them, no call that changes something
//! leaves the machine.

use aws_config::{BehaviorVersion, Region, retry::RetryConfig};
use aws_sdk_s3::config::{
    ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeSerializationInterceptorContextRef,
};
use aws_smithy_runtime_api::{box_error::BoxError, client::orchestrator::Metadata};

use super::{Clients, Connections, timeouts};

/// What the name of an operation that changes nothing begins with.
const READS: [&str; 5] = ["Get", "Head", "List", "Describe", "Simulate"];

/// The customer's own eyes: his credentials, and nothing but reads.
#[derive(Debug, Clone)]
pub struct Readers {
    /// What the handler looks with.
    pub aws: Clients,
    /// Who may do what.
    pub iam: aws_sdk_iam::Client,
    /// Who is asking.
    pub sts: aws_sdk_sts::Client,
    /// The region that the clients look at.
    pub region: Option<String>,
}

impl Readers {
    /// Builds the clients from the environment and the AWS CLI's files; for a region, if one is given.
    pub async fn from_env(region: Option<String>) -> Self {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(Connections::default().http_client())
            .timeout_config(timeouts())
            .retry_config(RetryConfig::standard().with_max_attempts(3));
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        let config = loader.load().await;
        let elb = aws_sdk_elasticloadbalancingv2::config::Builder::from(&config);
        let s3 = aws_sdk_s3::config::Builder::from(&config);
        let sns = aws_sdk_sns::config::Builder::from(&config);
        let iam = aws_sdk_iam::config::Builder::from(&config);
        let sts = aws_sdk_sts::config::Builder::from(&config);
        Self {
            aws: Clients {
                elb: aws_sdk_elasticloadbalancingv2::Client::from_conf(
                    elb.interceptor(OnlyReads).build(),
                ),
                s3: aws_sdk_s3::Client::from_conf(s3.interceptor(OnlyReads).build()),
                sns: aws_sdk_sns::Client::from_conf(sns.interceptor(OnlyReads).build()),
            },
            iam: aws_sdk_iam::Client::from_conf(iam.interceptor(OnlyReads).build()),
            sts: aws_sdk_sts::Client::from_conf(sts.interceptor(OnlyReads).build()),
            region: config.region().map(ToString::to_string),
        }
    }
}

/// Ends every call that is not a read before it is made.
#[derive(Debug)]
struct OnlyReads;

impl Intercept for OnlyReads {
    fn name(&self) -> &'static str {
        "OnlyReads"
    }

    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = config.load::<Metadata>().map_or("", Metadata::name);
        if READS.iter().any(|start| operation.starts_with(start)) {
            Ok(())
        } else {
            Err(format!("{operation} would change something, and this program only looks").into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_that_changes_something_is_not_made() {
        let config = aws_sdk_sns::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .endpoint_url("http://127.0.0.1:9")
            .credentials_provider(aws_sdk_sns::config::Credentials::new("k", "s", None, None, "t"))
            .interceptor(OnlyReads)
            .build();
        let client = aws_sdk_sns::Client::from_conf(config);
        let refused = client.create_topic().name("x").send().await.unwrap_err();
        let words = format!("{refused:?}");
        assert!(words.contains("CreateTopic would change something"), "{words}");
    }
}
