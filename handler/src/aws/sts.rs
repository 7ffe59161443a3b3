//! STS: who is asking.

use aws_sdk_sts::Client;

use super::Call;
use crate::error::AwsError;

/// The ARN of whoever holds the credentials.
pub async fn caller(client: &Client) -> Result<String, AwsError> {
    let call = Call {
        operation: "GetCallerIdentity",
        action: "sts:GetCallerIdentity",
        subject: "your credentials",
    };
    let answer = client.get_caller_identity().send().await.map_err(|error| call.failed(&error))?;
    Ok(answer.arn.unwrap_or_default())
}
