//! AWS, with the credentials of whoever runs the program: what is read there and what is written. One
//! file per service; nothing is decided in here, and no page waits for it.

pub mod cloudformation;
pub mod iam;
pub mod logs;
pub mod publish;
pub mod s3;
pub mod sns;
pub mod sqs;
pub mod sts;

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// The credentials and endpoints that AWS's own tools would use here, for a region to begin with.
pub async fn from_environment(region: &str) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_mins(1))
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(4))
        .load()
        .await
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AwsError {
    /// The operation, as AWS writes it.
    pub operation: &'static str,
    /// The IAM action that allows it.
    pub action: &'static str,
    /// What it was about.
    pub subject: String,
    /// AWS's error code; empty if no answer came.
    pub code: String,
    /// AWS's own words, or what stood in the way of the call.
    pub message: String,
    /// The HTTP status; 0 if no answer came.
    pub status: u16,
    /// Where S3 says that the bucket is.
    pub bucket_region: Option<String>,
}

/// A call, for the words of its failure.
#[derive(Debug, Clone, Copy)]
struct Call<'a> {
    operation: &'static str,
    action: &'static str,
    subject: &'a str,
}

impl Call<'_> {
    fn failed<E>(&self, error: &SdkError<E>) -> AwsError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let response = error.raw_response();
        let header = response.and_then(|response| response.headers().get("x-amz-bucket-region"));
        let message = error.meta().message().map(str::to_owned);
        AwsError {
            operation: self.operation,
            action: self.action,
            subject: self.subject.to_owned(),
            code: error.meta().code().unwrap_or_default().to_owned(),
            message: message.unwrap_or_else(|| match response {
                Some(_) => String::new(),
                None => with_causes(error),
            }),
            status: response.map_or(0, |response| response.status().as_u16()),
            bucket_region: header.map(str::to_owned),
        }
    }
}

/// The SDK's words and those of everything behind them, each once.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.iter().any(|known| known.contains(&more)) {
            words.push(more);
        }
        cause = error.source();
    }
    words.join(": ")
}

impl AwsError {
    /// Not allowed, in any of the spellings.
    pub fn is_denied(&self) -> bool {
        ["AccessDenied", "Forbidden", "AllAccessDisabled"].contains(&self.code.as_str())
            || (self.code.is_empty() && self.status == 403)
    }

    /// The credentials themselves are of no use.
    fn is_not_known(&self) -> bool {
        const CODES: [&str; 7] = [
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "SignatureDoesNotMatch",
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidToken",
            "UnrecognizedClientException",
        ];
        CODES.contains(&self.code.as_str())
    }

    /// What failed, why, and what to do.
    pub fn words(&self) -> String {
        let Self { operation, action, subject, code, message, status, .. } = self;
        if *status == 0 && message.to_lowercase().contains("credential") {
            return format!(
                "no credentials for AWS were found. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY; for a profile that signs in elsewhere, `aws configure \
                 export-credentials --format env` gives them ({operation} on {subject})"
            );
        }
        let said = match (message.is_empty(), code.is_empty()) {
            (false, false) => format!("{message} ({code})"),
            (false, true) => message.clone(),
            (true, false) => code.clone(),
            (true, true) => format!("status {status}"),
        };
        let hint = if self.is_not_known() {
            "AWS does not take these credentials there. Renew them, and see that the region is switched \
             on in the account"
                .to_owned()
        } else if message.contains("BlockPublicPolicy") || message.contains("Block Public Access") {
            "Block Public Access of the whole account, or of the organisation, refuses a policy that \
             lets customers read. Use an account for publishing where BlockPublicPolicy and \
             RestrictPublicBuckets are off"
                .to_owned()
        } else if code == "BucketAlreadyExists" {
            "Somebody else has a bucket of this name. Choose another --code-bucket-prefix"
                .to_owned()
        } else if code.starts_with("IllegalLocationConstraint") {
            "See that the region is switched on in the account".to_owned()
        } else if self.is_denied() {
            format!(
                "The credentials need {action}. If they have it, a policy of the organisation or a \
                 permissions boundary forbids it"
            )
        } else if *status == 0 {
            "Check the network and the region's name, then try again".to_owned()
        } else {
            "Try again; what is done already is not done twice".to_owned()
        };
        format!("{operation} on {subject} failed: {}. {hint}", said.trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(code: &str, message: &str, status: u16) -> String {
        let (operation, action) = ("PutObject", "s3:PutObject");
        let (code, message, subject) = (code.to_owned(), message.to_owned(), "a/b".to_owned());
        let error =
            AwsError { operation, action, subject, code, message, status, ..AwsError::default() };
        error.words()
    }

    #[test]
    fn every_failure_says_what_to_do() {
        for (code, message, status, told) in [
            ("", "the credential provider was not enabled", 0, "Set AWS_PROFILE"),
            ("", "dns error", 0, "Check the network"),
            ("AccessDenied", "User x may not", 403, "need s3:PutObject"),
            ("", "", 403, "status 403. The credentials need s3:PutObject"),
            ("ExpiredToken", "The token has expired.", 400, "Renew them"),
            ("AccessDenied", "by the BlockPublicPolicy setting", 403, "of the whole account"),
            ("BucketAlreadyExists", "not available", 409, "another --code-bucket-prefix"),
            ("IllegalLocationConstraintException", "no", 400, "switched on"),
            ("SlowDown", "Reduce your rate", 503, "not done twice"),
        ] {
            let words = words(code, message, status);
            assert!(words.contains(told), "{words}");
            assert!(words.contains("PutObject on a/b"), "{words}");
        }
    }
}
