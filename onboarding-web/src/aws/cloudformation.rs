//! CloudFormation: what stacks put out.

use aws_config::SdkConfig;
use aws_sdk_cloudformation::{Client, error::ProvideErrorMetadata, types::StackStatus};

use super::{AwsError, Call};

/// What there is of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// For instance `CREATE_COMPLETE`.
    pub status: String,
    /// Name and value.
    pub outputs: Vec<(String, String)>,
}

/// The stack of this name or ARN, if there is one in the configuration's region.
pub async fn stack(config: &SdkConfig, name: &str) -> Result<Option<Stack>, AwsError> {
    let call = Call {
        operation: "DescribeStacks",
        action: "cloudformation:DescribeStacks",
        subject: &format!("the stack {name}"),
    };
    let answer = Client::new(config).describe_stacks().stack_name(name).send().await;
    let answer = match answer {
        Err(error)
            if error.code() == Some("ValidationError")
                && error.message().is_some_and(|words| words.contains("does not exist")) =>
        {
            return Ok(None);
        }
        other => other.map_err(|error| call.failed(&error))?,
    };
    let output = |one: &aws_sdk_cloudformation::types::Output| {
        Some((one.output_key()?.to_owned(), one.output_value()?.to_owned()))
    };
    Ok(answer.stacks().first().map(|stack| Stack {
        status: stack.stack_status().map(StackStatus::as_str).unwrap_or_default().to_owned(),
        outputs: stack.outputs().iter().filter_map(output).collect(),
    }))
}
