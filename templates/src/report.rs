//! What a stack tells the onboarding service while it runs.

use serde::{Deserialize, Serialize};

/// One report, sent as JSON with the onboarding token as bearer token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The stack's ARN: account, region and name are in it.
    pub stack_id: String,
    /// CloudFormation's request, so that a repeated report is known as one.
    pub request_id: String,
    /// `Create`, `Update` or `Delete`.
    pub request_type: String,
    /// How far it is.
    pub phase: Phase,
    /// What the stack event says, where there is something to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The handler has begun.
    Started,
    /// The handler is about to answer SUCCESS.
    Succeeded,
    /// The handler is about to answer FAILED.
    Failed,
}
