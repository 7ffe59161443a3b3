//! Everything that was found, as one document.

use serde::Serialize;

use crate::error::AwsError;

/// What a preflight found. The names of the fields are a promise to whoever reads the JSON.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Findings {
    /// Whether the stack would work, as far as can be told.
    pub would_work: bool,
    /// 12 digits.
    pub account: String,
    /// For instance `eu-west-1`.
    pub region: String,
    /// What the stack is to be called.
    pub stack_name: String,
    /// The template's version.
    pub template_version: String,
    /// Whose credentials were used.
    pub signed_in_as: String,
    /// What would be changed, in order; nothing if anything is refused.
    pub changes: Vec<Change>,
    /// What stays as it is.
    pub untouched: Vec<String>,
    /// What a person should know.
    pub attention: Vec<String>,
    /// What would be refused, why, and what to do.
    pub refused: Vec<String>,
    /// Who may do what.
    pub permissions: Permissions,
}

/// One change: an AWS operation on one thing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The operation's name in the AWS API.
    pub operation: String,
    /// The ARN of what it changes; `…` is the stack's id, which nobody knows yet.
    pub resource: String,
    /// What that does, in sentences.
    pub does: Vec<String>,
}

/// What was asked of IAM, and what it said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Permissions {
    /// Whose permissions were looked at.
    pub principals: Vec<String>,
    /// How many pairs of action and resource were.
    pub checked: usize,
    /// Those that are missing.
    pub lacking: Vec<Lack>,
    /// What to do about those.
    pub advice: Option<String>,
    /// Why not everything was looked at.
    pub not_checked: Vec<String>,
}

/// A permission that is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Lack {
    /// Who lacks it.
    pub principal: String,
    /// For instance `iam:CreateRole`.
    pub action: String,
    /// On what.
    pub resource: String,
    /// What stands in the way.
    pub because: String,
}

impl Findings {
    /// Concludes from the rest whether the stack would work.
    #[must_use]
    pub fn concluded(mut self) -> Self {
        self.would_work = self.refused.is_empty() && self.permissions.lacking.is_empty();
        self
    }
}

/// Why nothing could be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The program was not told what it needs.
    Usage(String),
    /// AWS did not let it look.
    Aws(AwsError),
}

impl From<AwsError> for Trouble {
    fn from(error: AwsError) -> Self {
        Self::Aws(error)
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let error = match self {
            Self::Usage(why) => return f.write_str(why),
            Self::Aws(error) => error,
        };
        let AwsError { operation, subject, action, code, message, .. } = error;
        if error.is_denied() {
            write!(
                f,
                "Your credentials may not look: {operation} on {subject} needs {action} ({code}). Use \
                 credentials that may read, such as those with AWS's managed policy ReadOnlyAccess"
            )
        } else if code.is_empty() {
            let said = if message.is_empty() { "AWS gave no readable answer" } else { message };
            write!(
                f,
                "{operation} on {subject} failed: {said}. Look whether \
                 this shell is signed in: aws sts get-caller-identity. With single sign-on, run first: \
                 eval \"$(aws configure export-credentials --format env)\""
            )
        } else {
            write!(f, "{operation} on {subject} failed: {message} ({code})")
        }
    }
}
