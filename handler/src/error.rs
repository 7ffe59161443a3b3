//! What can go wrong, in the words that the customer reads in the stack event.

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Found out before anything was changed.
    Refused(String),
    /// An AWS call failed for good.
    Aws(AwsError),
    /// Somebody changed something between our look and our step; worth another look.
    Changed(String),
    /// The function would have been stopped before the work was done.
    OutOfTime(String),
    /// The stack was deleted while the work was going on; what was left behind of it, if anything.
    Superseded(String),
    /// A fault of ours.
    Panicked(String),
}

/// A failed AWS call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AwsError {
    /// The operation, as AWS writes it.
    pub operation: &'static str,
    /// What it was about: a name or an ARN.
    pub subject: String,
    /// The IAM action that allows it.
    pub action: &'static str,
    /// AWS's error code; empty if no answer came.
    pub code: String,
    /// AWS's own words.
    pub message: String,
    /// The HTTP status; 0 if no answer came.
    pub status: u16,
    /// `x-amz-bucket-region` of S3's answer.
    pub bucket_region: Option<String>,
}

impl AwsError {
    /// No such thing, in any of the services' spellings.
    pub fn is_absent(&self) -> bool {
        const CODES: [&str; 8] = [
            "NotFound",
            "NotFoundException",
            "NoSuchBucket",
            "LoadBalancerNotFound",
            "LoadBalancerNotFoundException",
            "NoSuchBucketPolicy",
            "NoSuchTagSet",
            "ResourceNotFound",
        ];
        CODES.contains(&self.code.as_str()) || (self.code.is_empty() && self.status == 404)
    }

    /// Not allowed, in any of the services' spellings.
    pub fn is_denied(&self) -> bool {
        const CODES: [&str; 7] = [
            "AccessDenied",
            "AccessDeniedException",
            "AuthorizationError",
            "AuthorizationErrorException",
            "Forbidden",
            "InvalidClientTokenId",
            "UnauthorizedOperation",
        ];
        CODES.contains(&self.code.as_str()) || (self.code.is_empty() && self.status == 403)
    }

    /// Elastic Load Balancing could not write its test object; matched by its words, because the code
    /// differs between application and network load balancers.
    pub fn is_bucket_denied(&self) -> bool {
        self.message.contains("Access Denied for bucket")
    }

    /// S3 could not publish its test message to a destination of the notifications.
    pub fn is_destination_invalid(&self) -> bool {
        self.message.contains("Unable to validate the following destination")
    }

    /// Another change of the same thing is under way.
    pub fn is_conflict(&self) -> bool {
        const CODES: [&str; 5] = [
            "OperationAborted",
            "ConcurrentAccess",
            "ConcurrentAccessException",
            "StaleTag",
            "StaleTagException",
        ];
        CODES.contains(&self.code.as_str())
    }

    /// The sentence for the customer: what failed, why, what to do.
    pub fn words(&self) -> String {
        let Self { operation, subject, action, code, message, .. } = self;
        let said = match (message.as_str(), code.as_str()) {
            ("", "") => String::new(),
            (said, "") | ("", said) => format!(": {said}"),
            (message, code) => format!(": {message} ({code})"),
        };
        let hint = if self.is_denied() {
            format!(
                "The function's role needs {action}. If the template's role was not changed, a service \
                 control policy or permissions boundary of your organisation forbids it: ask who runs it"
            )
        } else if self.is_bucket_denied() {
            "Elastic Load Balancing may not write there. Look for a Deny statement in the bucket's \
             policy, and for encryption other than SSE-S3"
                .to_owned()
        } else if self.is_destination_invalid() {
            "S3 may not publish to one of the bucket's notification targets. Remove notifications whose \
             topic, queue or function is gone, then try again"
                .to_owned()
        } else if code.is_empty() {
            "No readable answer came from AWS. Try again".to_owned()
        } else {
            "Try again; if it fails again, send this event to the vendor".to_owned()
        };
        format!("{operation} on {subject} failed{said}. {hint}.")
    }
}

impl Error {
    /// What the customer reads in the stack event.
    pub fn reason(&self) -> String {
        match self {
            Self::Refused(why) => with_stop(why),
            Self::Aws(error) => error.words(),
            Self::Changed(what) => format!(
                "Somebody else changed the account while this was running: {what}. Try again when that \
                 is over."
            ),
            Self::OutOfTime(step) => format!(
                "Time ran out while waiting for: {step}. CloudFormation now takes back what was begun. Try \
                 again; if it fails again, AWS may be slow or one of the load balancers busy."
            ),
            Self::Superseded(left) => {
                let undone = "The stack was deleted while this was running; what had been made was \
                              removed again";
                if left.is_empty() {
                    format!("{undone}.")
                } else {
                    with_stop(&format!("{undone}. {left}"))
                }
            }
            Self::Panicked(what) => format!(
                "A fault in the handler stopped it ({what}). CloudFormation now takes back what was begun. \
                 Tell the vendor."
            ),
        }
    }
}

fn with_stop(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

impl From<AwsError> for Error {
    fn from(error: AwsError) -> Self {
        Self::Aws(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_names_the_action_and_who_to_ask() {
        let error = AwsError {
            operation: "PutBucketPolicy",
            subject: "bucket b".into(),
            action: "s3:PutBucketPolicy",
            code: "AccessDenied".into(),
            message: "Access Denied".into(),
            status: 403,
            ..AwsError::default()
        };
        let words = error.words();
        assert!(words.contains("needs s3:PutBucketPolicy"), "{words}");
        assert!(words.contains("service control policy"), "{words}");
    }

    #[test]
    fn an_error_says_what_is_known_of_it() {
        let told = |code: &str, message: &str| {
            let (code, message) = (code.to_owned(), message.to_owned());
            let operation = "CreateTopic";
            AwsError { operation, code, message, subject: "t".into(), ..AwsError::default() }
                .words()
        };
        assert!(told("", "").starts_with("CreateTopic on t failed. No readable answer"));
        assert!(
            told("", "timed out").starts_with("CreateTopic on t failed: timed out. No readable")
        );
        assert!(told("Odd", "").starts_with("CreateTopic on t failed: Odd. Try again"));
        assert!(told("Odd", "Why").starts_with("CreateTopic on t failed: Why (Odd). Try again"));
    }

    #[test]
    fn every_reason_ends_in_a_full_stop() {
        let errors = [
            Error::Refused("no".into()),
            Error::Aws(AwsError::default()),
            Error::Changed("x".into()),
            Error::OutOfTime("x".into()),
            Error::Superseded(String::new()),
            Error::Superseded("Kept: x".into()),
            Error::Panicked("x".into()),
        ];
        for error in errors {
            assert!(error.reason().ends_with('.'), "{}", error.reason());
        }
    }
}
