use serde_json::json;

use super::*;
use crate::pop_roles::sheet;

const ACCOUNT: &str = "arn:aws:iam::111122223333";

/// What an account has that launched the template.
fn launched(sheet: &Sheet, role: &Role, prefix: &str) -> Deployed {
    let attached = |name: &String| {
        let policy = sheet.policy(name).unwrap();
        let arn = match policy.document {
            None => format!("arn:aws:iam::aws:policy/{}", policy.path),
            Some(_) => format!("{ACCOUNT}:policy/{prefix}CustomerManaged-{name}"),
        };
        Attached { arn, document: policy.document.clone() }
    };
    Deployed {
        arn: format!("{ACCOUNT}:role/{prefix}{}", role.name),
        trust: role.trust.clone(),
        attached: role.policies.iter().map(attached).collect(),
        ..Deployed::default()
    }
}

/// What is found about the scheduler's role after a change.
fn after(change: impl Fn(&mut Deployed)) -> Findings {
    let sheet = sheet::own().unwrap();
    let role = &sheet.roles[1];
    let mut deployed = launched(&sheet, role, "");
    change(&mut deployed);
    compare(&sheet, role, &deployed)
}

/// The scheduler's policies: VPC access, SQS, `DynamoDB`, Lambda.
fn statement(deployed: &mut Deployed, policy: usize) -> &mut Value {
    &mut deployed.attached[policy].document.as_mut().unwrap()["Statement"][0]
}

#[test]
fn what_the_template_made_is_no_difference() {
    let sheet = sheet::own().unwrap();
    for role in &sheet.roles {
        assert_eq!(compare(&sheet, role, &launched(&sheet, role, "")), Findings::default());
    }
    assert_eq!(
        boundaries(
            sheet.roles.iter().map(|role| launched(&sheet, role, "")).collect::<Vec<_>>().iter()
        ),
        None
    );
}

type Change = (&'static str, fn(&mut Deployed));

/// What it is called, and who may assume it.
fn of_trust() -> [Change; 8] {
    [
        ("is called Mine; the template's name for it ends with POP.Scheduler.app", |one| {
            one.arn = format!("{ACCOUNT}:role/Mine");
        }),
        ("its trust lets AWS arn:aws:iam::444455556666:root do sts:AssumeRole, which the", |one| {
            one.trust["Statement"][0]["Principal"]["AWS"] = json!("arn:aws:iam::444455556666:root");
        }),
        ("its trust lets Service ec2.amazonaws.com do sts:AssumeRole", |one| {
            one.trust["Statement"][0]["Principal"]["Service"] = json!("ec2.amazonaws.com");
        }),
        (
            "the template's trust lets Service lambda.amazonaws.com do sts:AssumeRole, and its own",
            |one| {
                one.trust["Statement"] = json!([]);
            },
        ),
        ("its trust lets AWS * do sts:AssumeRole", |one| {
            one.trust["Statement"][0]["Principal"] = json!("*");
        }),
        ("its trust keeps Service lambda.amazonaws.com from sts:AssumeRole", |one| {
            one.trust["Statement"][0]["Effect"] = json!("Deny");
        }),
        ("do sts:AssumeRole only if {\"StringEquals\":{\"aws:SourceAccount\":\"1\"}}", |one| {
            one.trust["Statement"][0]["Condition"] =
                json!({"StringEquals": {"aws:SourceAccount": "1"}});
        }),
        ("do sts:TagSession", |one| {
            one.trust["Statement"][0]["Action"] = json!(["sts:AssumeRole", "sts:TagSession"]);
        }),
    ]
}

/// What it may do.
fn of_policies() -> [Change; 9] {
    [
        ("the policy AWSLambdaVPCAccessExecutionRole is not attached", |one| {
            one.attached.remove(0);
        }),
        ("the policy POP.LambdaLauncher is not attached", |one| {
            one.attached.remove(3);
        }),
        ("has the policy arn:aws:iam::aws:policy/AdministratorAccess, which", |one| {
            let arn = "arn:aws:iam::aws:policy/AdministratorAccess".to_owned();
            one.attached.push(Attached { arn, document: None });
        }),
        ("CustomerManaged-POP.SQSEditor allows sqs:*, which the template's POP.SQSEditor", |one| {
            statement(one, 1)["Action"] = json!("sqs:*");
        }),
        ("the template's POP.LambdaLauncher allows lambda:InvokeFunction, and CustomerM", |one| {
            statement(one, 3)["Action"] = json!([]);
        }),
        ("CustomerManaged-POP.DynamoDBEditor denies dynamodb:Scan, which", |one| {
            let document = one.attached[2].document.as_mut().unwrap();
            let deny = json!({"Effect": "Deny", "Action": "dynamodb:Scan", "Resource": "*"});
            document["Statement"].as_array_mut().unwrap().push(deny);
        }),
        ("allows everything but iam:*, which", |one| {
            statement(one, 3)["NotAction"] = json!("iam:*");
        }),
        ("the text of the policy CustomerManaged-POP.LambdaLauncher could not be read", |one| {
            one.attached[3].document = None;
        }),
        ("has the inline policy more, which the template does not have; it allows s3:*", |one| {
            let document =
                json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}});
            one.inline.push(("more".to_owned(), document));
        }),
    ]
}

#[test]
fn every_difference_is_named() {
    for (told, change) in of_trust().into_iter().chain(of_policies()) {
        let found = after(change).differences.join("\n");
        assert!(found.contains(told), "'{told}' is not in: {found}");
    }
}

#[test]
fn the_same_in_other_words_is_no_difference() {
    let found = after(|one| {
        let trust = &mut one.trust["Statement"];
        let mut only = trust[0].take();
        only["Action"] = json!(["STS:AssumeRole"]);
        only["Principal"]["Service"] = json!(["lambda.amazonaws.com"]);
        *trust = only;
        let on = |action: &str| json!({"Effect": "Allow", "Action": action, "Resource": ["*"]});
        let document = one.attached[1].document.as_mut().unwrap();
        document["Statement"] = json!([
            on("sqs:*MessageBatch"),
            on("sqs:*Message"),
            on("SQS:getqueue*"),
            on("sqs:ChangeMessage*"),
        ]);
        one.attached.reverse();
    });
    assert_eq!(found, Findings::default());
}

#[test]
fn what_the_parameters_leave_open_is_told_only() {
    let sheet = sheet::own().unwrap();
    let mut one = launched(&sheet, &sheet.roles[1], "test-");
    statement(&mut one, 1)["Resource"] = json!(["arn:aws:sqs:eu-west-1:111122223333:a"]);
    one.boundary = Some(format!("{ACCOUNT}:policy/limit"));
    let found = compare(&sheet, &sheet.roles[1], &one);
    assert!(found.differences.is_empty(), "{found:?}");
    let notes = found.notes.join("\n");
    for told in [
        "its name begins with test-",
        "test-CustomerManaged-POP.SQSEditor is narrowed to arn:aws:sqs:eu-west-1:111122223333:a",
        "its permissions boundary is arn:aws:iam::111122223333:policy/limit",
    ] {
        assert!(notes.contains(told), "'{told}' is not in: {notes}");
    }
    let other = launched(&sheet, &sheet.roles[2], "test-");
    let why = boundaries([&one, &other].into_iter()).unwrap();
    assert!(why.contains("(arn:aws:iam::111122223333:policy/limit, none)"), "{why}");
}
