//! What stands in a template beside its parameters: the release's constants, and what a role may do.

use serde_norway::Value;

use crate::declared::{ReadError, read};

/// The constants of an onboarding template that was published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// The template's version.
    pub version: String,
    /// The vendor's account.
    pub account_id: String,
    /// Who is told of new logs.
    pub notification_endpoint: String,
    /// The code buckets are named `<prefix>-<region>`.
    pub code_bucket_prefix: String,
    /// Where the function's code is in them.
    pub code_key: String,
    /// Which logs are turned on.
    pub log_kinds: String,
    /// Below which folder.
    pub log_prefix: String,
}

/// Statements of a role's inline policy, functions resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// What is allowed.
    pub actions: Vec<String>,
    /// On what; may hold `*`.
    pub resources: Vec<String>,
    /// Which values the request has to carry: condition key and value.
    pub context: Vec<(String, String)>,
}

/// The constants that hold in a partition.
pub fn release(body: &str, partition: &str) -> Result<Release, ReadError> {
    let document = read(body)?;
    let mappings = &document["Mappings"];
    let vendor = &mappings["Vendor"][partition];
    let handler = &mappings["Release"]["Handler"];
    let text = |from: &Value, name: &str, of: &'static str| {
        from[name].as_str().map(str::to_owned).ok_or(ReadError::Section(of))
    };
    let of_vendor = |name| text(vendor, name, "The mapping Vendor");
    let of_release = |name| text(handler, name, "The mapping Release");
    Ok(Release {
        version: of_release("Version")?,
        account_id: of_vendor("AccountId")?,
        notification_endpoint: of_vendor("NotificationEndpoint")?,
        code_bucket_prefix: of_vendor("CodeBucketPrefix")?,
        code_key: of_release("CodeKey")?,
        log_kinds: of_release("LogKinds")?,
        log_prefix: of_release("LogPrefix")?,
    })
}

/// What a role of a template may do. `values` are those of parameters, pseudo parameters and the
/// variables of `!Sub`.
pub fn role_statements(
    body: &str,
    role: &str,
    values: &[(&str, &str)],
) -> Result<Vec<Statement>, ReadError> {
    let document = read(body)?;
    let policies = &document["Resources"][role]["Properties"]["Policies"];
    let unreadable = || ReadError::Section("The role's policy");
    let mut all = Vec::new();
    for policy in policies.as_sequence().ok_or_else(unreadable)? {
        let statements = &policy["PolicyDocument"]["Statement"];
        for one in statements.as_sequence().ok_or_else(unreadable)? {
            all.push(Statement {
                actions: texts(&one["Action"], values).ok_or_else(unreadable)?,
                resources: texts(&one["Resource"], values).ok_or_else(unreadable)?,
                context: context(&one["Condition"], values).ok_or_else(unreadable)?,
            });
        }
    }
    Ok(all)
}

fn texts(value: &Value, values: &[(&str, &str)]) -> Option<Vec<String>> {
    match value {
        Value::Sequence(items) => items.iter().map(|item| resolved(item, values)).collect(),
        one => resolved(one, values).map(|text| vec![text]),
    }
}

/// Only equality: what else a request carries cannot be told from a condition.
fn context(condition: &Value, values: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
    let Some(equal) = condition["StringEquals"].as_mapping() else { return Some(Vec::new()) };
    let pair = |(key, value): (&Value, &Value)| {
        Some((key.as_str()?.to_owned(), texts(value, values)?.into_iter().next()?))
    };
    equal.iter().map(pair).collect()
}

/// Text, or `!Sub` of text whose every variable has a value.
fn resolved(value: &Value, values: &[(&str, &str)]) -> Option<String> {
    let tagged = match value {
        Value::String(text) => return Some(text.clone()),
        Value::Tagged(tagged) if tagged.tag == "Sub" => tagged,
        _ => return None,
    };
    let pattern = match &tagged.value {
        Value::Sequence(parts) => parts.first()?.as_str()?,
        text => text.as_str()?,
    };
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}')?;
        text.push_str(before);
        text.push_str(values.iter().find(|(known, _)| *known == name)?.1);
        rest = after;
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{LOGS_ANALYSIS_ONBOARDING, STACK_LAUNCH_ROLE};

    const VALUES: [(&str, &str); 5] = [
        ("AWS::Partition", "aws"),
        ("AWS::AccountId", "111122223333"),
        ("AWS::Region", "eu-west-1"),
        ("StackName", "logs"),
        ("Prefix", "code"),
    ];

    #[test]
    fn the_release_is_what_the_template_says() {
        let release = release(LOGS_ANALYSIS_ONBOARDING.body, "aws-cn").unwrap();
        assert_eq!(release.version, LOGS_ANALYSIS_ONBOARDING.version);
        assert_eq!(release.log_kinds, "access,connection,health-check");
        assert_eq!(release.code_key, "logs-analysis/0.1.0/bootstrap.zip");
    }

    #[test]
    fn a_partition_that_the_template_does_not_know_is_said() {
        let error = release(LOGS_ANALYSIS_ONBOARDING.body, "aws-iso").unwrap_err();
        assert!(error.to_string().contains("mapping Vendor"), "{error}");
    }

    #[test]
    fn the_launch_role_is_read_with_resources_and_conditions() {
        let all = role_statements(STACK_LAUNCH_ROLE.body, "StackLaunchRole", &VALUES).unwrap();
        let of = |action: &str| {
            let has = |one: &&Statement| one.actions.iter().any(|name| name == action);
            all.iter().find(has).unwrap().clone()
        };
        let pass = of("iam:PassRole");
        assert_eq!(pass.resources, ["arn:aws:iam::111122223333:role/logs*"]);
        let to = ("iam:PassedToService".to_owned(), "lambda.amazonaws.com".to_owned());
        assert_eq!(pass.context, [to]);
        assert_eq!(of("s3:GetObject").resources, ["arn:aws:s3:::code-*/logs-analysis/*"]);
        assert_eq!(of("logs:DescribeLogGroups").resources, ["*"]);
    }

    #[test]
    fn a_variable_without_a_value_is_no_text() {
        let refused = role_statements(STACK_LAUNCH_ROLE.body, "StackLaunchRole", &VALUES[..3]);
        assert_eq!(refused, Err(ReadError::Section("The role's policy")));
    }
}
