//! IAM: what roles are.

use aws_config::SdkConfig;
use aws_sdk_iam::{Client, error::ProvideErrorMetadata};
use serde_json::Value;

use super::{AwsError, Call};
use crate::pop_roles::compare::{Attached, Deployed};

/// Where a role's policies are read from.
#[derive(Debug)]
pub struct Roles {
    client: Client,
}

impl Roles {
    /// With these credentials.
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: Client::new(config) }
    }

    /// The role of this name, if there is one.
    pub async fn role(&self, name: &str) -> Result<Option<Deployed>, AwsError> {
        let subject = format!("the role {name}");
        let call = Call { operation: "GetRole", action: "iam:GetRole", subject: &subject };
        let answer = match self.client.get_role().role_name(name).send().await {
            Err(error) if error.code().is_some_and(|code| code.starts_with("NoSuchEntity")) => {
                return Ok(None);
            }
            other => other.map_err(|error| call.failed(&error))?,
        };
        let Some(role) = answer.role() else { return Ok(None) };
        let boundary = role.permissions_boundary().and_then(|one| one.permissions_boundary_arn());
        let trust = role.assume_role_policy_document().unwrap_or_default();
        Ok(Some(Deployed {
            arn: role.arn().to_owned(),
            trust: document(trust).unwrap_or_default(),
            boundary: boundary.map(str::to_owned),
            attached: self.attached(name, &subject).await?,
            inline: self.inline(name, &subject).await?,
        }))
    }

    async fn attached(&self, name: &str, subject: &str) -> Result<Vec<Attached>, AwsError> {
        let call = Call {
            operation: "ListAttachedRolePolicies",
            action: "iam:ListAttachedRolePolicies",
            subject,
        };
        let pages = self.client.list_attached_role_policies().role_name(name).into_paginator();
        let mut pages = pages.items().send();
        let mut all = Vec::new();
        while let Some(one) = pages.next().await {
            let one = one.map_err(|error| call.failed(&error))?;
            let arn = one.policy_arn().unwrap_or_default().to_owned();
            let of_aws = arn.contains(":iam::aws:policy/");
            let document = if of_aws { None } else { self.policy(&arn).await? };
            all.push(Attached { arn, document });
        }
        Ok(all)
    }

    async fn inline(&self, name: &str, subject: &str) -> Result<Vec<(String, Value)>, AwsError> {
        let call = Call { operation: "ListRolePolicies", action: "iam:ListRolePolicies", subject };
        let pages = self.client.list_role_policies().role_name(name).into_paginator();
        let mut pages = pages.items().send();
        let mut all = Vec::new();
        while let Some(policy) = pages.next().await {
            let policy = policy.map_err(|error| call.failed(&error))?;
            let call = Call { operation: "GetRolePolicy", action: "iam:GetRolePolicy", subject };
            let got = self.client.get_role_policy().role_name(name).policy_name(&policy).send();
            let got = got.await.map_err(|error| call.failed(&error))?;
            all.push((policy, document(got.policy_document()).unwrap_or_default()));
        }
        Ok(all)
    }

    /// The document of a policy's default version.
    async fn policy(&self, arn: &str) -> Result<Option<Value>, AwsError> {
        let subject = format!("the policy {arn}");
        let call = Call { operation: "GetPolicy", action: "iam:GetPolicy", subject: &subject };
        let got = self.client.get_policy().policy_arn(arn).send().await;
        let got = got.map_err(|error| call.failed(&error))?;
        let Some(id) = got.policy().and_then(|one| one.default_version_id()) else {
            return Ok(None);
        };
        let (operation, action) = ("GetPolicyVersion", "iam:GetPolicyVersion");
        let call = Call { operation, action, subject: &subject };
        let got = self.client.get_policy_version().policy_arn(arn).version_id(id).send().await;
        let got = got.map_err(|error| call.failed(&error))?;
        Ok(got.policy_version().and_then(|one| one.document()).and_then(document))
    }
}

/// A document as IAM hands it out: percent-encoded.
fn document(text: &str) -> Option<Value> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).ok();
    }
    let query = format!("document={text}");
    let (_, document) = url::form_urlencoded::parse(query.as_bytes()).next()?;
    serde_json::from_str(&document).ok()
}
