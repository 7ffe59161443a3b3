//! Whatever anybody changes in the template, the comparison with the wiki finds it and says where, and
//! the account that launched it shows it.

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    account::Account,
    launched::is_what_the_wiki_says,
    template::{differences, document},
};

/// What somebody does to the template, where, and what stands there afterwards; `null` for nothing.
type Mutation = (&'static str, &'static str, Value);

const SQS: &str = "/Resources/SQSEditor/Properties/PolicyDocument/Statement/0";
const ROLE: &str = "/Resources/ReaperRole/Properties";

fn at(start: &str, rest: &str) -> &'static str {
    Box::leak(format!("{start}{rest}").into_boxed_str())
}

fn another_role() -> Value {
    let mut role = document()["Resources"]["ReaperRole"].clone();
    role["Properties"]["RoleName"] = json!("POP.Retry.app");
    role
}

fn permissions() -> Vec<Mutation> {
    let tables = "/Resources/DynamoDBEditor/Properties/PolicyDocument/Statement/0/Action/0";
    let actions = at(SQS, "/Action");
    let queues = ["sqs:ChangeMessage*", "sqs:GetQueue*", "sqs:*Message", "sqs:*MessageBatch"];
    let documents = "/Resources/SQSEditor/Properties/PolicyDocument";
    let anything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let two = [document().pointer(SQS).cloned().unwrap_or_default(), anything];
    vec![
        ("drop an action", actions, json!(queues[..3])),
        ("add an action", at(SQS, "/Action/4"), json!("sqs:PurgeQueue")),
        ("widen an action", tables, json!("dynamodb:*")),
        ("narrow an action", tables, json!("dynamodb:DescribeTable")),
        ("turn Allow into Deny", at(SQS, "/Effect"), json!("Deny")),
        ("turn Action round", at(SQS, "/NotAction"), json!("iam:*")),
        ("turn Resource round", at(SQS, "/NotResource"), json!("arn:aws:sqs:*:*:secret")),
        ("fix a resource", at(SQS, "/Resource"), json!("*")),
        ("narrow by another parameter", at(SQS, "/Resource/Ref"), json!("TableArns")),
        (
            "add a condition to a statement",
            at(SQS, "/Condition"),
            json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
        ),
        ("add a statement", at(documents, "/Statement"), json!(two)),
        ("drop all statements", at(documents, "/Statement"), json!([])),
        ("change the version", at(documents, "/Version"), json!("2008-10-17")),
        ("drop a policy", "/Resources/LambdaLauncher", Value::Null),
        (
            "give a policy to one more role",
            "/Resources/LambdaLauncher/Properties/Roles",
            json!([{"Ref": "ReaperRole"}]),
        ),
        ("make a policy inline", "/Resources/LambdaLauncher/Type", json!("AWS::IAM::Policy")),
        (
            "rename a policy",
            "/Resources/LambdaLauncher/Properties/ManagedPolicyName",
            json!("LambdaLauncher"),
        ),
        ("hide a policy", "/Resources/LambdaLauncher/Condition", json!("HasPermissionsBoundary")),
        ("keep a policy", "/Resources/LambdaLauncher/DeletionPolicy", json!("Retain")),
    ]
}

fn roles() -> Vec<Mutation> {
    let trust = at(ROLE, "/AssumeRolePolicyDocument/Statement/0");
    let vpc = json!("arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole");
    vec![
        ("add a role", "/Resources/RetryRole", another_role()),
        ("drop a role", "/Resources/ReaperRole", Value::Null),
        ("rename a role", at(ROLE, "/RoleName"), json!("POP.Reaper.app")),
        ("hide a role", "/Resources/ReaperRole/Condition", json!("HasPermissionsBoundary")),
        (
            "attach a policy of AWS's",
            at(ROLE, "/ManagedPolicyArns/2"),
            json!("arn:aws:iam::aws:policy/AdministratorAccess"),
        ),
        (
            "attach a policy of another role",
            at(ROLE, "/ManagedPolicyArns/2"),
            json!({"Ref": "SQSEditor"}),
        ),
        ("detach a policy", at(ROLE, "/ManagedPolicyArns"), json!([vpc])),
        ("fix the partition", at(ROLE, "/ManagedPolicyArns/0"), vpc),
        (
            "add an inline policy",
            at(ROLE, "/Policies"),
            json!([{"PolicyName": "x", "PolicyDocument": {"Statement": []}}]),
        ),
        ("change the principal", at(trust, "/Principal/Service"), json!("ec2.amazonaws.com")),
        (
            "add a service to the principal",
            at(trust, "/Principal/Service"),
            json!(["lambda.amazonaws.com", "ec2.amazonaws.com"]),
        ),
        ("add an account to the principal", at(trust, "/Principal/AWS"), json!("111122223333")),
        ("let anybody in", at(trust, "/Principal"), json!("*")),
        (
            "let sessions be tagged",
            at(trust, "/Action"),
            json!(["sts:AssumeRole", "sts:TagSession"]),
        ),
        ("let nobody in", at(trust, "/Effect"), json!("Deny")),
        (
            "add a trust statement",
            at(ROLE, "/AssumeRolePolicyDocument/Statement/1"),
            json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}),
        ),
        ("drop the boundary", at(ROLE, "/PermissionsBoundary"), Value::Null),
        ("move a role", at(ROLE, "/Path"), json!("/pop/")),
        ("lengthen sessions", at(ROLE, "/MaxSessionDuration"), json!(43200)),
    ]
}

fn the_rest() -> Vec<Mutation> {
    let condition = "/Conditions/HasPermissionsBoundary";
    vec![
        ("default to fewer queues", "/Parameters/QueueArns/Default", json!("arn:aws:sqs:*:*:x")),
        ("change the prefix", "/Parameters/PolicyPrefix/Default", json!("")),
        ("hide a parameter", "/Parameters/TableArns/NoEcho", json!(true)),
        ("drop a parameter", "/Parameters/NamePrefix", Value::Null),
        ("add a parameter", "/Parameters/Account", json!({"Type": "String"})),
        ("drop the condition", condition, Value::Null),
        ("turn the condition round", condition, json!({"Fn::Equals": ["", ""]})),
        ("add a condition", "/Conditions/Never", json!({"Fn::Equals": ["a", "b"]})),
        ("add a transform", "/Transform", json!("AWS::Serverless-2016-10-31")),
        ("add rules", "/Rules", json!({})),
        ("drop an output", "/Outputs/ReaperRole", Value::Null),
        ("swap an output", "/Outputs/ReaperRole/Value/Fn::GetAtt/0", json!("SchedulerRole")),
        ("add an output", "/Outputs/RetryRole", json!({"Value": "x"})),
        ("hide an output", "/Outputs/ReaperRole/Condition", json!("HasPermissionsBoundary")),
    ]
}

/// Puts a value at a path, or takes away what is there.
fn mutate(document: &mut Value, path: &str, value: Value) {
    let (parent, last) = path.rsplit_once('/').expect("a path");
    match document.pointer_mut(parent).expect("the mutation's parent is there") {
        Value::Object(fields) if value.is_null() => {
            fields.remove(last).expect("there is something to drop");
        }
        Value::Object(fields) => {
            fields.insert(last.to_owned(), value);
        }
        Value::Array(items) => {
            let index: usize = last.parse().expect("an index");
            if index == items.len() { items.push(value) } else { items[index] = value }
        }
        other => panic!("{path} leads into {other}"),
    }
}

#[test]
fn every_mutation_of_the_template_is_found_and_named() {
    let all: Vec<Mutation> = [permissions(), roles(), the_rest()].concat();
    assert!(all.len() >= 12);
    for (what, path, value) in all {
        let mut mutated = document();
        mutate(&mut mutated, path, value);
        assert_ne!(mutated, document(), "nothing was done: {what}");
        let found = differences(&mutated);
        // What is found may lie above the mutation (lists are compared as a whole) or below it.
        let named = found.iter().any(|one| {
            let place = one.split(' ').next().unwrap_or_default();
            path.starts_with(place) || place.starts_with(path)
        });
        assert!(named, "nobody notices: {what}; found {found:#?}");
    }
}

/// What makes no difference to an account that launches with no parameters in the partition `aws`.
const NOT_SEEN: [&str; 7] = [
    "fix a resource",
    "narrow by another parameter",
    "keep a policy",
    "rename a role",
    "fix the partition",
    "drop the boundary",
    "lengthen sessions",
];

#[tokio::test]
async fn an_account_that_launched_a_mutation_shows_it() -> Result<()> {
    for (what, path, value) in [permissions(), roles()].concat() {
        let mut mutated = document();
        mutate(&mut mutated, path, value);
        let account = Account::new().await?;
        let launched = account.launch_text("pop", &mutated.to_string(), &[]).await;
        let right = match launched {
            Ok(outputs) => is_what_the_wiki_says(&account, &outputs).await.unwrap_or(false),
            Err(_) => false,
        };
        assert_eq!(right, NOT_SEEN.contains(&what), "{what}");
    }
    Ok(())
}
