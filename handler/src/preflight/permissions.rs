//! What CloudFormation needs to run the stack, as questions to IAM, and IAM's verdicts in words.

use templates::{
    catalog::STACK_LAUNCH_ROLE,
    contents::{self, Release},
};

use super::findings::Lack;
use crate::arn::Home;

/// Whether some actions on one thing are allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// IAM's names for them.
    pub actions: Vec<String>,
    /// An ARN, or `*`.
    pub resource: String,
    /// What the request would carry: condition key and value.
    pub context: Vec<(String, String)>,
}

/// What IAM says to one action.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Which action.
    pub action: String,
    /// On what.
    pub resource: String,
    /// Yes or no.
    pub decision: Decision,
    /// The permissions boundary does not allow it.
    pub outside_boundary: bool,
    /// A policy of the organisation does not allow it.
    pub outside_organisation: bool,
    /// The policies that had a say.
    pub policies: Vec<String>,
}

/// IAM's answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Decision {
    /// It is allowed.
    Allowed,
    /// A statement denies it.
    Denied,
    /// Nothing allows it.
    #[default]
    NotAllowed,
}

/// Whose policies IAM can be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A user or role, by its ARN.
    Known(String),
    /// The role of a session, by its name: the session's ARN leaves out the role's path.
    Role(String),
    /// The account's root user, who has every permission that the organisation leaves him.
    Root,
    /// Nobody that IAM can be asked about.
    Unknown,
}

impl Principal {
    /// Reads what `GetCallerIdentity` says, or the ARN of a role.
    pub fn of(arn: &str) -> Self {
        let Some((front, resource)) = arn.rsplit_once(':') else { return Self::Unknown };
        let kind = resource.split('/').next().unwrap_or_default();
        match kind {
            "root" => Self::Root,
            "user" | "role" if front.contains(":iam:") => Self::Known(arn.to_owned()),
            "assumed-role" => {
                resource.split('/').nth(1).map_or(Self::Unknown, |name| Self::Role(name.to_owned()))
            }
            _ => Self::Unknown,
        }
    }
}

/// What whoever runs the stack's operations needs: what the launch role's template grants.
pub fn of_cloudformation(
    home: &Home,
    stack_name: &str,
    release: &Release,
) -> Result<Vec<Question>, String> {
    let values = [
        ("AWS::Partition", home.partition.as_str()),
        ("AWS::AccountId", &home.account),
        ("AWS::Region", &home.region),
        ("StackName", stack_name),
        ("Prefix", &release.code_bucket_prefix),
    ];
    let statements = contents::role_statements(STACK_LAUNCH_ROLE.body, "StackLaunchRole", &values);
    let mut all = Vec::new();
    for statement in statements.map_err(|error| error.to_string())? {
        for pattern in &statement.resources {
            all.push(Question {
                actions: statement.actions.clone(),
                resource: example(pattern, home, release),
                context: statement.context.clone(),
            });
        }
    }
    Ok(all)
}

/// One thing that a pattern means, such as this stack would make or read it.
fn example(pattern: &str, home: &Home, release: &Release) -> String {
    let Home { partition, region, .. } = home;
    if pattern == "*" {
        return pattern.to_owned();
    }
    if pattern.contains(":s3:::") {
        let Release { code_bucket_prefix, code_key, .. } = release;
        return format!("arn:{partition}:s3:::{code_bucket_prefix}-{region}/{code_key}");
    }
    pattern.replace(":*:", &format!(":{region}:")).replace('*', "-preflight")
}

/// What the person who launches needs beside that, whichever role CloudFormation works with. These
/// are of no template: no stack can grant the right to create itself.
pub fn of_person(home: &Home, stack_name: &str, launch_role: Option<&str>) -> Vec<Question> {
    let Home { partition, region, account } = home;
    let stack = Question {
        actions: vec!["cloudformation:CreateStack".to_owned()],
        resource: format!("arn:{partition}:cloudformation:{region}:{account}:stack/{stack_name}/*"),
        context: Vec::new(),
    };
    let pass = launch_role.map(|role| Question {
        actions: vec!["iam:PassRole".to_owned()],
        resource: role.to_owned(),
        context: vec![(
            "iam:PassedToService".to_owned(),
            "cloudformation.amazonaws.com".to_owned(),
        )],
    });
    std::iter::once(stack).chain(pass).collect()
}

/// The verdict in words, if it is not a yes.
pub fn lack(principal: &str, verdict: &Verdict) -> Option<Lack> {
    if verdict.decision == Decision::Allowed {
        return None;
    }
    let denied = verdict.decision == Decision::Denied;
    let policies = verdict.policies.join(", ");
    let because = if verdict.outside_organisation {
        "a service control policy of your organisation does not allow it".to_owned()
    } else if verdict.outside_boundary {
        "the permissions boundary does not allow it".to_owned()
    } else if denied && !policies.is_empty() {
        format!("a statement denies it ({policies})")
    } else if denied {
        "a statement denies it".to_owned()
    } else {
        "no policy allows it".to_owned()
    };
    Some(Lack {
        principal: principal.to_owned(),
        action: verdict.action.clone(),
        resource: verdict.resource.clone(),
        because,
    })
}

/// What to do about permissions that are missing.
pub fn advice(stack_name: &str, launch_role: Option<&str>) -> String {
    if launch_role.is_some() {
        format!(
            "The launch role serves stacks whose name begins as its parameter StackName says; this one \
             is to be called {stack_name}. If that is right, ask the administrator to update the role's \
             stack to version {}, and to let you pass the role",
            STACK_LAUNCH_ROLE.version
        )
    } else {
        "Ask an administrator of the account to create the launch role (template stack-launch-role), \
         choose it under Permissions when you launch, and run this again with --launch-role"
            .to_owned()
    }
}

#[cfg(test)]
#[path = "permissions_tests.rs"]
mod tests;
