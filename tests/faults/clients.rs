//! The SDK's clients on the model, with secrets that must show up nowhere.

use aws_sdk_s3::config::{
    Credentials,
    retry::{RetryPartition, TokenBucket},
};
use handler::aws::Clients;
use harness::model::Aws;

/// What must show up nowhere: in a URL, a token, and the function's credentials.
pub(crate) const CANARIES: [&str; 5] =
    ["CANARYSIGNATURE", "CANARYTOKEN", "CANARYKEYID", "CANARYSECRET", "CANARYSESSION"];

/// The SDK's clients on the model, as the function has them, but for where they lead.
pub(crate) fn clients(aws: &Aws) -> Clients {
    let [_, _, key, secret, session] = CANARIES;
    let credentials = Credentials::new(key, secret, Some(session.to_owned()), None, "model");
    let config = aws.sdk_config(credentials);
    // The SDK's allowance for retries is the whole process's; a function has its own.
    let partition = || RetryPartition::custom("model").token_bucket(TokenBucket::default()).build();
    let elb = aws_sdk_elasticloadbalancingv2::config::Builder::from(&config);
    let s3 = aws_sdk_s3::config::Builder::from(&config);
    let sns = aws_sdk_sns::config::Builder::from(&config);
    Clients {
        elb: aws_sdk_elasticloadbalancingv2::Client::from_conf(
            elb.retry_partition(partition()).build(),
        ),
        s3: aws_sdk_s3::Client::from_conf(s3.retry_partition(partition()).build()),
        sns: aws_sdk_sns::Client::from_conf(sns.retry_partition(partition()).build()),
    }
}
