//! What an account holds that launched the template, read back from IAM.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use aws_sdk_cloudformation::{error::ProvideErrorMetadata, types::Capability};
use harness::{iam::texts, template::Template};
use serde_json::{Map, Value, json};
use templates::catalog::AWS_ROLES;

use super::{
    account::{Account, Outputs, Role},
    template::document,
    wiki,
};

/// `NamePrefix` and `PolicyPrefix` of a stack.
const PLAIN: (&str, &str) = ("", wiki::POLICY_PREFIX);
const OTHER: (&str, &str) = ("test-", "Own-");

/// The six roles of the wiki, as an account holds them.
fn roles(
    account: &Account,
    (name, policy): (&str, &str),
    limit: Option<&str>,
) -> BTreeMap<String, Role> {
    let trust = json!({"Version": "2012-10-17", "Statement": [wiki::trust()]});
    let arn = |one: &str| match one.strip_prefix(wiki::POLICY_PREFIX) {
        Some(own) => format!("arn:aws:iam::{}:policy/{name}{policy}{own}", account.id),
        None => format!("arn:aws:iam::aws:policy/service-role/{one}"),
    };
    let role = |policies: BTreeSet<&str>| Role {
        policies: policies.into_iter().map(arn).collect(),
        trust: trust.clone(),
        boundary: limit.map(str::to_owned),
    };
    wiki::roles()
        .into_iter()
        .map(|(one, policies)| (format!("{name}{one}"), role(policies)))
        .collect()
}

/// The three policies of the wiki.
fn policies((name, policy): (&str, &str)) -> BTreeMap<String, Value> {
    let called = |one: &str| one.replacen(wiki::POLICY_PREFIX, &format!("{name}{policy}"), 1);
    wiki::policies().into_iter().map(|(one, document)| (called(one), plain(document))).collect()
}

/// To IAM a text and a list of that one text are the same.
fn plain(mut document: Value) -> Value {
    let statements = document["Statement"].as_array_mut();
    for statement in statements.into_iter().flatten() {
        for list in ["Action", "Resource"] {
            statement[list] = json!(texts(&statement[list]));
        }
    }
    document
}

async fn held(account: &Account) -> Result<BTreeMap<String, Value>> {
    let policies = account.policies().await?;
    Ok(policies.into_iter().map(|(name, document)| (name, plain(document))).collect())
}

fn outputs(account: &Account, prefix: &str) -> Outputs {
    let arn = |name: &str| format!("arn:aws:iam::{}:role/{prefix}{name}", account.id);
    let roles = wiki::OUTPUTS.iter().map(|(output, role)| ((*output).to_owned(), arn(role)));
    let version = ("TemplateVersion".to_owned(), AWS_ROLES.version.to_owned());
    roles.chain([version]).collect()
}

/// Whether an account that launched with no parameters holds what the wiki lists and nothing else.
pub(super) async fn is_what_the_wiki_says(account: &Account, told: &Outputs) -> Result<bool> {
    Ok(*told == outputs(account, "")
        && account.roles().await? == roles(account, PLAIN, None)
        && held(account).await? == policies(PLAIN))
}

#[tokio::test]
async fn a_launched_account_holds_what_the_wiki_lists_and_nothing_else() -> Result<()> {
    let account = Account::new().await?;
    let told = account.launch("pop", &[]).await?;
    assert_eq!(told, outputs(&account, ""));
    assert_eq!(account.roles().await?, roles(&account, PLAIN, None));
    assert_eq!(held(&account).await?, policies(PLAIN));
    Ok(())
}

/// Not only the roles' side: no user and no group has one of the policies either.
#[tokio::test]
async fn the_policies_are_attached_to_the_six_roles_alone() -> Result<()> {
    let account = Account::new().await?;
    account.launch("pop", &[]).await?;
    for (policy, _) in wiki::policies() {
        let arn = format!("arn:aws:iam::{}:policy/{policy}", account.id);
        let entities = account.root.iam.list_entities_for_policy().policy_arn(arn).send().await?;
        assert!(entities.policy_users().is_empty() && entities.policy_groups().is_empty());
        let attached: BTreeSet<&str> =
            entities.policy_roles().iter().filter_map(|one| one.role_name()).collect();
        let all = wiki::roles().into_iter();
        let listed = all.filter(|(_, policies)| policies.contains(policy)).map(|(role, _)| role);
        assert_eq!(attached, listed.collect(), "{policy}");
    }
    Ok(())
}

#[tokio::test]
async fn it_can_be_launched_twice_in_one_account_and_deleted_apart() -> Result<()> {
    let account = Account::new().await?;
    account.launch("pop", &[]).await?;
    let told = account.launch("test", &[("NamePrefix", "test-"), ("PolicyPrefix", "Own-")]).await?;
    assert_eq!(told, outputs(&account, "test-"));
    let (mut both, mut all) = (roles(&account, PLAIN, None), held(&account).await?);
    both.extend(roles(&account, OTHER, None));
    assert_eq!(account.roles().await?, both);
    let mut expected = policies(PLAIN);
    expected.extend(policies(OTHER));
    assert_eq!(all, expected);

    account.delete("pop").await?;
    assert_eq!(account.roles().await?, roles(&account, OTHER, None));
    all.retain(|name, _| name.starts_with("test-"));
    assert_eq!(held(&account).await?, all);
    account.delete("test").await?;
    assert!(account.roles().await?.is_empty());
    assert!(account.policies().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn every_star_can_be_narrowed() -> Result<()> {
    let account = Account::new().await?;
    let (sqs, dynamodb, lambda) = (
        ["arn:aws:sqs:eu-west-1:111122223333:a", "arn:aws:sqs:eu-west-1:111122223333:b-*"],
        ["arn:aws:dynamodb:*:111122223333:table/a", "arn:aws:dynamodb:*:111122223333:table/a/*"],
        ["arn:aws:lambda:eu-west-1:111122223333:function:a"],
    );
    let given = [
        ("QueueArns", sqs.join(",")),
        ("TableArns", dynamodb.join(", ")),
        ("FunctionArns", lambda.join(",")),
    ];
    let given: Vec<(&str, &str)> = given.iter().map(|(name, list)| (*name, &**list)).collect();
    account.launch("pop", &given).await?;
    let mut expected = policies(PLAIN);
    for (name, resources) in [
        ("CustomerManaged-POP.SQSEditor", json!(sqs)),
        ("CustomerManaged-POP.DynamoDBEditor", json!(dynamodb)),
        ("CustomerManaged-POP.LambdaLauncher", json!(lambda)),
    ] {
        expected.get_mut(name).expect("a policy")["Statement"][0]["Resource"] = resources;
    }
    assert_eq!(held(&account).await?, expected);
    assert_eq!(account.roles().await?, roles(&account, PLAIN, None));
    Ok(())
}

/// What a role's handler gets, in a partition, read as CloudFormation reads it.
fn properties(role: &str, partition: &str, limit: &str) -> Result<Map<String, Value>> {
    let mut template = document();
    let place = &mut template["Resources"][role]["Properties"];
    // The comparison with the wiki holds the condition to: the parameter is not blank.
    let chosen = if limit.is_empty() { 2 } else { 1 };
    let boundary = place["PermissionsBoundary"]["Fn::If"][chosen].take();
    match boundary["Ref"].as_str() {
        Some("AWS::NoValue") => drop(place["PermissionsBoundary"].take()),
        _ => place["PermissionsBoundary"] = boundary,
    }
    let stack = format!("arn:{partition}:cloudformation:eu-west-1:111122223333:stack/pop/1");
    let parameters = [("PermissionsBoundary", limit)];
    Template::new(&template.to_string(), &stack, &parameters)?.properties(role)
}

#[test]
fn in_every_partition_the_policy_of_aws_is_that_partitions() -> Result<()> {
    for partition in ["aws", "aws-cn", "aws-us-gov", "aws-eusc"] {
        let arn = format!("arn:{partition}:iam::aws:policy/service-role/{}", wiki::VPC_ACCESS);
        for (output, _) in wiki::OUTPUTS {
            let attached = &properties(output, partition, "")?["ManagedPolicyArns"];
            assert!(texts(attached).contains(&arn), "{output}: {attached}");
        }
    }
    Ok(())
}

/// Launches with a boundary. The emulator's CloudFormation leaves this one property out, so it is set
/// here as the template says.
pub(super) async fn launch_within(account: &Account, limit: &str) -> Result<Outputs> {
    let outputs = account.launch("pop", &[("PermissionsBoundary", limit)]).await?;
    for (output, name) in wiki::OUTPUTS {
        let properties = properties(output, "aws", limit)?;
        let boundary = properties["PermissionsBoundary"].as_str().expect("a boundary");
        let request = account.root.iam.put_role_permissions_boundary().role_name(name);
        request.permissions_boundary(boundary).send().await?;
    }
    Ok(outputs)
}

#[tokio::test]
async fn a_permissions_boundary_is_on_all_six_roles_or_on_none() -> Result<()> {
    let account = Account::new().await?;
    let limit = "arn:aws:iam::aws:policy/PowerUserAccess";
    launch_within(&account, limit).await?;
    assert_eq!(account.roles().await?, roles(&account, PLAIN, Some(limit)));
    for (output, _) in wiki::OUTPUTS {
        assert_eq!(properties(output, "aws", "")?["PermissionsBoundary"], Value::Null);
    }
    Ok(())
}

/// Its names are fixed, so that CloudFormation asks for more than for other IAM resources.
#[tokio::test]
async fn whoever_launches_it_has_to_agree_to_named_roles() -> Result<()> {
    let account = Account::new().await?;
    let request = account.root.cloudformation.create_stack().stack_name("pop");
    let request = request.template_body(AWS_ROLES.body).capabilities(Capability::CapabilityIam);
    let refused = request.send().await.expect_err("it was launched");
    assert_eq!(refused.code(), Some("InsufficientCapabilitiesException"));
    assert!(account.roles().await?.is_empty());
    Ok(())
}
