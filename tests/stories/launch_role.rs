//! The launch role has what CloudFormation's own resource handlers need for the resources of the
//! stack, on create, update, rollback and delete, and nothing else.
//!
//! The lists that it is held against ship in public packages of CloudFormation's resource schemas,
//! read by `tests/emulators/permissions.py`.

use std::{collections::BTreeSet, process::Command};

use anyhow::{Result, ensure};
use harness::{cloudformation::Launch, emulators, iam::texts, root, template::Template};
use serde_json::Value;
use templates::catalog::{LOGS_ANALYSIS_ONBOARDING, STACK_LAUNCH_ROLE, VENDOR_INTAKE};

const STACK: &str =
    "arn:aws:cloudformation:eu-west-1:111122223333:stack/logs/51af3dc0-da77-11e4-872e-1234567db123";

/// What the schemas name and this stack does not need, and why not.
const NOT_NEEDED: [(&str, &[&str]); 15] = [
    (
        "no DataProtectionPolicy",
        &[
            "firehose:TagDeliveryStream",
            "logs:CreateLogDelivery",
            "s3:REST.PUT.OBJECT",
            "logs:PutDataProtectionPolicy",
            "logs:DeleteDataProtectionPolicy",
        ],
    ),
    (
        "no resource policy on the log group",
        &["logs:PutResourcePolicy", "logs:DeleteResourcePolicy"],
    ),
    ("no FieldIndexPolicies", &["logs:PutIndexPolicy", "logs:DeleteIndexPolicy"]),
    (
        "no key of the customer's",
        &[
            "logs:AssociateKmsKey",
            "logs:DisassociateKmsKey",
            "kms:CreateGrant",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey",
        ],
    ),
    ("RetentionInDays is always set", &["logs:DeleteRetentionPolicy"]),
    (
        "properties of log groups that are not set",
        &["logs:PutBearerTokenAuthentication", "logs:PutLogGroupDeletionProtection"],
    ),
    ("the role's policy is inline", &["iam:AttachRolePolicy", "iam:DetachRolePolicy"]),
    (
        "no permissions boundary",
        &["iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary"],
    ),
    (
        "no VpcConfig",
        &[
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "ec2:DescribeNetworkInterfaces",
        ],
    ),
    (
        "no FileSystemConfigs",
        &["elasticfilesystem:DescribeMountTargets", "s3files:ListMountTargets"],
    ),
    (
        "no code signing",
        &[
            "lambda:GetCodeSigningConfig",
            "lambda:PutFunctionCodeSigningConfig",
            "lambda:DeleteFunctionCodeSigningConfig",
        ],
    ),
    (
        "no ReservedConcurrentExecutions",
        &["lambda:PutFunctionConcurrency", "lambda:DeleteFunctionConcurrency"],
    ),
    (
        "no Layers, RecursiveLoop or RuntimeManagementConfig",
        &[
            "lambda:GetLayerVersion",
            "lambda:PutFunctionRecursionConfig",
            "lambda:PutRuntimeManagementConfig",
        ],
    ),
    (
        "properties of functions that are not set",
        &[
            "lambda:AssociateRuntimeAlias",
            "lambda:PublishVersion",
            "lambda:PassCapacityProvider",
            "lambda:PutFunctionScalingConfig",
        ],
    ),
    ("code has a key of its own for every version", &["s3:GetObjectVersion"]),
];

fn granted() -> Result<BTreeSet<String>> {
    let template = Template::new(STACK_LAUNCH_ROLE.body, STACK, &[])?;
    Ok(template.role_policy("StackLaunchRole")?.actions().into_iter().collect())
}

/// Every action that the schemas name for the resource types of the stack.
fn named_by_schemas() -> Result<BTreeSet<String>> {
    let types = resource_types()?;
    let python = emulators::environment("checks")?;
    let script = root().join("tests/emulators/permissions.py");
    let output = Command::new(python).arg(script).args(&types).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let all: Value = serde_json::from_slice(&output.stdout)?;
    let mut actions = BTreeSet::new();
    for kind in &types {
        let phases = all[kind].as_object().cloned().unwrap_or_default();
        ensure!(!phases.is_empty(), "no schema of {kind}");
        actions.extend(phases.values().flat_map(texts));
    }
    Ok(actions)
}

fn resource_types() -> Result<Vec<String>> {
    let template = Launch::of(&["all"]).template(STACK)?;
    let resources = template.document()["Resources"].as_object().cloned().unwrap_or_default();
    let kinds = resources.values().filter_map(|one| one["Type"].as_str());
    Ok(kinds.filter(|kind| kind.starts_with("AWS::")).map(str::to_owned).collect())
}

#[test]
fn it_has_everything_that_cloudformation_needs_for_the_stack() -> Result<()> {
    let not_needed: BTreeSet<&str> =
        NOT_NEEDED.iter().flat_map(|(_, all)| all.iter().copied()).collect();
    let granted = granted()?;
    let missing: Vec<String> = named_by_schemas()?
        .into_iter()
        .filter(|action| !granted.contains(action) && !not_needed.contains(action.as_str()))
        .collect();
    assert!(missing.is_empty(), "CloudFormation could not do its work without {missing:?}");
    Ok(())
}

#[test]
fn it_has_nothing_else_but_the_right_to_call_the_function() -> Result<()> {
    let named = named_by_schemas()?;
    let left_over: Vec<String> =
        granted()?.into_iter().filter(|action| !named.contains(action)).collect();
    assert_eq!(left_over, ["lambda:InvokeFunction"]);
    Ok(())
}

#[test]
fn no_reason_is_left_from_an_older_template() -> Result<()> {
    let (named, granted) = (named_by_schemas()?, granted()?);
    for (reason, actions) in NOT_NEEDED {
        for action in actions {
            assert!(named.contains(*action), "{action} ({reason}) is in no schema any more");
            assert!(!granted.contains(*action), "{action} ({reason}) is granted");
        }
    }
    Ok(())
}

/// What the published policy of the original stack lacked: it could neither launch nor delete.
#[test]
fn it_has_what_the_original_policy_lacked() -> Result<()> {
    let granted = granted()?;
    for action in [
        "iam:PassRole",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "lambda:DeleteFunction",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "lambda:InvokeFunction",
        "s3:GetObject",
    ] {
        assert!(granted.contains(action), "{action} is missing");
    }
    Ok(())
}

#[test]
fn it_reaches_only_what_carries_the_stacks_name() -> Result<()> {
    let template = Template::new(STACK_LAUNCH_ROLE.body, STACK, &[])?;
    for statement in template.role_policy("StackLaunchRole")?.statements {
        let reads = texts(&statement["Action"]).iter().all(|action| action.contains(":Describe"));
        for resource in texts(&statement["Resource"]) {
            let scoped =
                resource.contains("logs-analysis*") || resource.ends_with("/logs-analysis/*");
            assert!(scoped || reads, "{resource}");
        }
        let passes = texts(&statement["Action"]).iter().any(|action| action == "iam:PassRole");
        let to = &statement["Condition"]["StringEquals"]["iam:PassedToService"];
        assert!(!passes || to == "lambda.amazonaws.com", "{statement}");
    }
    Ok(())
}

/// A template for which a launch link can be made shows at most four parameters.
#[test]
fn templates_and_contract_name_the_same_things() -> Result<()> {
    let template = Launch::of(&["all"]).template(STACK)?;
    let document = template.document();
    let declared: BTreeSet<&str> = document["Parameters"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    let contract: BTreeSet<&str> = templates::parameters::ALL.iter().map(|one| one.name).collect();
    assert_eq!(declared, contract);
    assert!(declared.len() <= 4);
    for (name, parameter) in document["Parameters"].as_object().into_iter().flatten() {
        assert_ne!(parameter["NoEcho"], true, "a link cannot carry {name}");
    }
    let handed: BTreeSet<String> =
        template.properties("InvokeLambdaFunction")?.into_iter().map(|(name, _)| name).collect();
    let expected =
        templates::properties::ALL.iter().copied().chain(["ServiceToken", "ServiceTimeout"]);
    assert_eq!(handed, expected.map(str::to_owned).collect());
    let outputs = document["Outputs"].as_object().cloned().unwrap_or_default();
    for attribute in templates::properties::ATTRIBUTES {
        assert!(outputs.contains_key(attribute), "{attribute} is not shown");
    }
    Ok(())
}

/// Two runs and the minute between them fit in what CloudFormation waits, and the function has no
/// network that could be taken away before it has answered.
#[test]
fn a_killed_run_can_still_be_answered_by_its_retry() -> Result<()> {
    let template = Launch::of(&["all"]).template(STACK)?;
    let resources = &template.document()["Resources"];
    let function = &resources["DTLogsAnalysisLambdaFunction"]["Properties"];
    let retries = &resources["DTLogsAnalysisLambdaRetries"]["Properties"];
    let timeout = function["Timeout"].as_u64().unwrap_or_default();
    let attempts = retries["MaximumRetryAttempts"].as_u64().unwrap_or_default() + 1;
    let waits = resources["InvokeLambdaFunction"]["Properties"]["ServiceTimeout"].as_u64();
    assert_eq!((timeout, attempts, waits), (240, 2, Some(600)));
    let age = retries["MaximumEventAgeInSeconds"].as_u64().unwrap_or_default();
    assert!(age + timeout <= 600, "a late retry would come back after CloudFormation has given up");
    assert!(function["VpcConfig"].is_null());
    assert_eq!(function["Runtime"], "provided.al2023");
    let resource = &resources["InvokeLambdaFunction"]["DependsOn"];
    assert_eq!(texts(resource).len(), 3);
    Ok(())
}

#[test]
fn every_template_is_named_in_the_catalogue() -> Result<()> {
    let known = [LOGS_ANALYSIS_ONBOARDING.id, STACK_LAUNCH_ROLE.id, VENDOR_INTAKE.id];
    for file in std::fs::read_dir(root().join("templates"))? {
        let name = file?.file_name().to_string_lossy().into_owned();
        if let Some(stem) = name.strip_suffix(".yaml") {
            assert!(known.contains(&stem), "{name} is not in the catalogue");
        }
    }
    Ok(())
}
