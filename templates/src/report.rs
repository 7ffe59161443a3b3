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
    /// What is being done; with [`Phase::Progress`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// What the stack event says, where there is something to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// When the handler took up the request, in milliseconds since 1970. Requests of one stack never
    /// overlap, so this orders them, however late a report arrives. 0 if not known.
    #[serde(default)]
    pub begun: u64,
    /// The release that the stack runs; empty if not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// A digest of what the stack is asked for. An Update that brings back the digest of the last
    /// success, right after a failure, is CloudFormation's rollback.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub configuration: String,
    /// What is set up, name and value, as the stack's outputs show it; with [`Phase::Succeeded`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<(String, String)>,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The handler has begun.
    Started,
    /// The handler is at a step.
    Progress,
    /// The handler has answered SUCCESS.
    Succeeded,
    /// The handler has answered FAILED.
    Failed,
}

/// What the handler does, in the order of a Create. A Delete goes through them the other way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Reads load balancers, buckets and topics; decides.
    Look,
    /// The SNS topic, and who may publish to it.
    Topic,
    /// The bucket: made, closed to the public, expiry of logs.
    Bucket,
    /// The bucket's policy: who may write, who may read.
    Policy,
    /// The bucket's notification of new logs.
    Notification,
    /// The vendor's subscription to the topic.
    Subscription,
    /// The load balancers' logging.
    LoadBalancers,
    /// A last look, and the answer.
    Finish,
}

impl Step {
    /// All steps, in the order of a Create.
    pub const ALL: [Self; 8] = [
        Self::Look,
        Self::Topic,
        Self::Bucket,
        Self::Policy,
        Self::Notification,
        Self::Subscription,
        Self::LoadBalancers,
        Self::Finish,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_an_earlier_release_can_be_read() {
        let text =
            r#"{"stack_id":"arn","request_id":"r","request_type":"Create","phase":"started"}"#;
        let report: Report = serde_json::from_str(text).unwrap();
        assert_eq!((report.step, report.begun), (None, 0));
        assert_eq!(report.outputs, []);
    }
}
