//! IAM: what a user or role may do. Read only, and only before the stack.

use aws_sdk_iam::{
    Client,
    types::{ContextEntry, ContextKeyTypeEnum, EvaluationResult, PolicyEvaluationDecisionType},
};

use super::Call;
use crate::{
    error::AwsError,
    preflight::permissions::{Decision, Question, Verdict},
};

/// The whole ARN of a role, path and all, which the ARN of its sessions leaves out.
pub async fn role_arn(client: &Client, name: &str) -> Result<String, AwsError> {
    let call = Call { operation: "GetRole", action: "iam:GetRole", subject: name };
    let answer = client.get_role().role_name(name).send().await;
    let answer = answer.map_err(|error| call.failed(&error))?;
    Ok(answer.role.map(|role| role.arn).unwrap_or_default())
}

/// What IAM says to each action of a question.
///
/// IAM does not take every combination of actions in
/// one request ("require different authorization information"); then they are asked one by one.
pub async fn simulate(
    client: &Client,
    principal: &str,
    question: &Question,
) -> Result<Vec<Verdict>, AwsError> {
    match ask(client, principal, question, &question.actions).await {
        Err(error) if error.code.starts_with("InvalidInput") && question.actions.len() > 1 => {
            let mut all = Vec::new();
            for action in &question.actions {
                let alone = std::slice::from_ref(action);
                all.extend(ask(client, principal, question, alone).await?);
            }
            Ok(all)
        }
        other => other,
    }
}

async fn ask(
    client: &Client,
    principal: &str,
    question: &Question,
    actions: &[String],
) -> Result<Vec<Verdict>, AwsError> {
    let call = Call {
        operation: "SimulatePrincipalPolicy",
        action: "iam:SimulatePrincipalPolicy",
        subject: principal,
    };
    let entry = |(key, value): &(String, String)| {
        ContextEntry::builder()
            .context_key_name(key)
            .context_key_type(ContextKeyTypeEnum::String)
            .context_key_values(value)
            .build()
    };
    let request = client
        .simulate_principal_policy()
        .policy_source_arn(principal)
        .set_action_names(Some(actions.to_vec()))
        .resource_arns(&question.resource)
        .set_context_entries(Some(question.context.iter().map(entry).collect()));
    let pages = request.into_paginator().items().send();
    let found: Vec<EvaluationResult> =
        pages.collect::<Result<_, _>>().await.map_err(|error| call.failed(&error))?;
    Ok(found.iter().map(|one| read(one, &question.resource)).collect())
}

fn read(one: &EvaluationResult, resource: &str) -> Verdict {
    let boundary = one.permissions_boundary_decision_detail();
    let organisation = one.organizations_decision_detail();
    let statements = one.matched_statements().iter();
    Verdict {
        action: one.eval_action_name().to_owned(),
        resource: resource.to_owned(),
        decision: match one.eval_decision() {
            PolicyEvaluationDecisionType::Allowed => Decision::Allowed,
            PolicyEvaluationDecisionType::ExplicitDeny => Decision::Denied,
            _ => Decision::NotAllowed,
        },
        outside_boundary: boundary.is_some_and(|detail| !detail.allowed_by_permissions_boundary()),
        outside_organisation: organisation.is_some_and(|detail| !detail.allowed_by_organizations()),
        policies: statements.filter_map(|one| one.source_policy_id().map(str::to_owned)).collect(),
    }
}
