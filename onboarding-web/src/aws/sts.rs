//! STS: whose credentials these are.

use aws_config::SdkConfig;
use aws_sdk_sts::Client;

use super::{AwsError, Call};

/// The account that the credentials belong to. Everybody may ask that.
pub async fn account(config: &SdkConfig) -> Result<String, AwsError> {
    let call = Call {
        operation: "GetCallerIdentity",
        action: "sts:GetCallerIdentity",
        subject: "these credentials",
    };
    let answer = Client::new(config).get_caller_identity().send().await;
    let answer = answer.map_err(|error| call.failed(&error))?;
    Ok(answer.account().unwrap_or_default().to_owned())
}
