//! What narrows the roles narrows what they can do: lists of ARNs, a boundary, and who assumes them.

use anyhow::{Context, Result};
use aws_sdk_iam::error::ProvideErrorMetadata;
use harness::customer::Clients;
use serde_json::json;

use super::{
    account::Account,
    launched::launch_within,
    wiki,
    work::{a_table, call, done, keys, may, rest, run},
};

#[tokio::test]
async fn narrowed_roles_reach_only_what_is_named() -> Result<()> {
    let account = Account::new().await?;
    let id = &account.id;
    let queues = format!("arn:aws:sqs:eu-west-1:{id}:first, arn:aws:sqs:eu-west-1:{id}:second*");
    let tables = format!("arn:aws:dynamodb:eu-west-1:{id}:table/first*");
    let functions = format!("arn:aws:lambda:eu-west-1:{id}:function:POP-ReaperRole");
    let given = [
        ("QueueArns", queues.as_str()),
        ("TableArns", tables.as_str()),
        ("FunctionArns", functions.as_str()),
    ];
    let outputs = account.launch("pop", &given).await?;
    run(&account, &outputs).await?;
    let keys = keys(&account, "SchedulerRole").await?;
    for (name, expected) in [("first", true), ("second-2", true), ("third", false)] {
        let queue = done(&account, &call("sqs:CreateQueue", &json!({"QueueName": name}))).await?;
        let body = json!({"QueueUrl": queue["QueueUrl"], "MessageBody": "agenda"});
        let action = "sqs:SendMessage";
        assert_eq!(may(&account, &keys, action, &call(action, &body)).await?, expected, "{name}");
    }
    for (name, expected) in [("first", true), ("third", false)] {
        done(&account, &call("dynamodb:CreateTable", &a_table(name))).await?;
        let action = "dynamodb:Scan";
        let request = call(action, &json!({"TableName": name}));
        assert_eq!(may(&account, &keys, action, &request).await?, expected, "{name}");
    }
    for (name, expected) in [("POP-ReaperRole", true), ("POP-CallbackRole", false)] {
        let path = format!("/2015-03-31/functions/{name}/invocations");
        let (action, request) = ("lambda:InvokeFunction", rest("lambda", "POST", &path));
        assert_eq!(may(&account, &keys, action, &request).await?, expected, "{name}");
    }
    // What the parameter's description says: only `*` covers a list of all tables.
    let list = call("dynamodb:ListTables", &json!({}));
    assert!(!may(&account, &keys, "dynamodb:ListTables", &list).await?);
    Ok(())
}

#[tokio::test]
async fn a_permissions_boundary_limits_what_the_policies_grant() -> Result<()> {
    let account = Account::new().await?;
    let queues = json!({"Effect": "Allow", "Action": "sqs:*", "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": [queues]}).to_string();
    let request = account.root.iam.create_policy().policy_name("Limit").policy_document(document);
    let made = request.send().await?;
    let limit = made.policy().and_then(|one| one.arn()).context("no policy")?.to_owned();
    let outputs = launch_within(&account, &limit).await?;
    run(&account, &outputs).await?;
    let queue = done(&account, &call("sqs:CreateQueue", &json!({"QueueName": "work"}))).await?;
    done(&account, &call("dynamodb:CreateTable", &a_table("agendas"))).await?;
    let keys = keys(&account, "SchedulerRole").await?;
    for (action, body, expected) in [
        ("sqs:ReceiveMessage", json!({"QueueUrl": queue["QueueUrl"]}), true),
        ("sqs:PurgeQueue", json!({"QueueUrl": queue["QueueUrl"]}), false),
        ("dynamodb:Scan", json!({"TableName": "agendas"}), false),
    ] {
        let request = call(action, &body);
        assert_eq!(may(&account, &keys, action, &request).await?, expected, "{action}");
    }
    Ok(())
}

/// Even somebody who may do everything is not Lambda.
#[tokio::test]
async fn nobody_but_lambda_assumes_the_roles() -> Result<()> {
    let account = Account::new().await?;
    let outputs = account.launch("pop", &[]).await?;
    let iam = &account.root.iam;
    iam.create_user().user_name("admin").send().await?;
    let policy = "arn:aws:iam::aws:policy/AdministratorAccess";
    iam.attach_user_policy().user_name("admin").policy_arn(policy).send().await?;
    let made = iam.create_access_key().user_name("admin").send().await?;
    let key = made.access_key().context("no key")?;
    let keys = (key.access_key_id().to_owned(), key.secret_access_key().to_owned(), None);
    let admin = Clients::with_keys(account.port, &keys, super::account::REGION);
    assert_eq!(admin.iam.list_roles().send().await?.roles().len(), 6);
    for (output, _) in wiki::OUTPUTS {
        let request = admin.sts.assume_role().role_arn(&outputs[output]);
        let refused = request.role_session_name("admin").send().await.expect_err("assumed");
        assert_eq!(refused.code(), Some("AccessDenied"), "{output}");
    }
    Ok(())
}
