//! `onboarding-web pop-roles`: the ARNs of a launched stack, and where its roles are no longer those of
//! the template.

use std::{io::Write, process::Stdio};

use anyhow::{Context, Result};
use harness::site::program;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use super::{
    account::{Account, Outputs, REGION},
    wiki,
};

/// Exit code, and what was written where.
type Ran = (i32, String, String);

/// Runs it with the credentials of an account, and something piped in.
async fn run(account: &Account, arguments: &[&str], piped: &str) -> Result<Ran> {
    let (key, secret, token) = account.keys.clone();
    let mut command = std::process::Command::new(program()?);
    command.arg("pop-roles").args(arguments).current_dir(std::env::temp_dir());
    let endpoint = format!("http://127.0.0.1:{}", account.port);
    command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_ACCESS_KEY_ID", key);
    command.env("AWS_SECRET_ACCESS_KEY", secret).env("AWS_EC2_METADATA_DISABLED", "true");
    match token {
        Some(token) => command.env("AWS_SESSION_TOKEN", token),
        None => command.env_remove("AWS_SESSION_TOKEN"),
    };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let piped = piped.to_owned();
    let output = spawn_blocking(move || -> Result<_> {
        let mut child = command.spawn()?;
        // Whoever reads a file does not read this.
        let _ = child.stdin.take().context("no pipe")?.write_all(piped.as_bytes());
        Ok(child.wait_with_output()?)
    });
    let output = output.await??;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let errors = text(&output.stderr);
    anyhow::ensure!(!errors.contains("panicked"), "{errors}");
    Ok((output.status.code().unwrap_or(-1), text(&output.stdout), errors))
}

/// About the stack `pop`.
async fn of_stack(account: &Account, more: &[&str]) -> Result<Ran> {
    run(account, &[&["--stack-name", "pop", "--region", REGION], more].concat(), "").await
}

/// What POP's main template is given.
fn parameters(outputs: &Outputs) -> Value {
    let one =
        |(name, _): &(&str, &str)| json!({"ParameterKey": name, "ParameterValue": outputs[*name]});
    wiki::OUTPUTS.iter().map(one).collect()
}

#[tokio::test]
async fn the_arns_of_a_launched_stack_are_printed_and_nothing_differs() -> Result<()> {
    let account = Account::new().await?;
    let outputs = account.launch("pop", &[]).await?;
    let (code, out, errors) = of_stack(&account, &[]).await?;
    assert_eq!(code, 0, "{out}{errors}");
    assert!(out.starts_with("ROLE "), "{out}");
    for (output, role) in wiki::OUTPUTS {
        let row = |line: &str| line.split_whitespace().eq([role, output, outputs[output].as_str()]);
        assert!(out.lines().any(row), "{role}: {out}");
    }
    assert!(out.ends_with("The six roles are as the template makes them.\n"), "{out}");

    let (code, out, _) = of_stack(&account, &["--parameters"]).await?;
    assert_eq!(code, 0);
    assert_eq!(serde_json::from_str::<Value>(&out)?, parameters(&outputs));
    let (code, out, _) = of_stack(&account, &["--json"]).await?;
    let told: Value = serde_json::from_str(&out)?;
    assert_eq!((code, &told["equal"], &told["account"]), (0, &json!(true), &json!(account.id)));
    assert_eq!(told["roles"].as_array().map(Vec::len), Some(6));
    assert_eq!(told["roles"][5]["arn"], outputs["AuthorizerRole"]);
    assert_eq!(told["roles"][5]["parameter"], "AuthorizerRole");
    Ok(())
}

#[tokio::test]
async fn prefixes_narrowed_resources_and_a_boundary_are_told_but_are_no_difference() -> Result<()> {
    let account = Account::new().await?;
    let queue = "arn:aws:sqs:eu-west-1:111122223333:a";
    let limit = "arn:aws:iam::aws:policy/PowerUserAccess";
    account.launch("pop", &[("NamePrefix", "test-"), ("QueueArns", queue)]).await?;
    for (at, (_, role)) in wiki::OUTPUTS.iter().enumerate() {
        let put = account.root.iam.put_role_permissions_boundary();
        put.role_name(format!("test-{role}")).permissions_boundary(limit).send().await?;
        let (code, out, _) = of_stack(&account, &[]).await?;
        let told = out.contains("the roles have different permissions boundaries (");
        assert_eq!((code, told), if at == 5 { (0, false) } else { (1, true) }, "{out}");
    }
    let (code, out, errors) = of_stack(&account, &[]).await?;
    assert_eq!(code, 0, "{out}{errors}");
    for words in [
        "The six roles are as the template makes them.",
        "test-POP.Scheduler.app: its name begins with test-.",
        "test-CustomerManaged-POP.SQSEditor is narrowed to arn:aws:sqs:eu-west-1:111122223333:a.",
        "its permissions boundary is arn:aws:iam::aws:policy/PowerUserAccess.",
    ] {
        assert!(out.contains(words), "'{words}' is not in {out}");
    }
    Ok(())
}

/// Changes what somebody might change by hand.
async fn meddle(account: &Account) -> Result<()> {
    let iam = &account.root.iam;
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    iam.attach_role_policy().role_name("POP.Reaper.app").policy_arn(admin).send().await?;
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    });
    let inline = iam.put_role_policy().role_name("POP.Reclaimer.app").policy_name("more");
    inline.policy_document(document.to_string()).send().await?;
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }],
    });
    let change = iam.update_assume_role_policy().role_name("POP.authorizer");
    change.policy_document(trust.to_string()).send().await?;
    let launcher = format!("arn:aws:iam::{}:policy/CustomerManaged-POP.LambdaLauncher", account.id);
    let all = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}],
    });
    let version = iam.create_policy_version().policy_arn(&launcher).set_as_default(true);
    version.policy_document(all.to_string()).send().await?;
    let editor = format!("arn:aws:iam::{}:policy/CustomerManaged-POP.DynamoDBEditor", account.id);
    iam.detach_role_policy().role_name("POP.Callback.trigger").policy_arn(editor).send().await?;
    Ok(())
}

#[tokio::test]
async fn what_was_changed_since_is_named() -> Result<()> {
    let account = Account::new().await?;
    let outputs = account.launch("pop", &[]).await?;
    meddle(&account).await?;
    let (code, out, errors) = of_stack(&account, &[]).await?;
    assert_eq!(code, 1, "{out}{errors}");
    let sentences = [
        "POP.Reaper.app: has the policy arn:aws:iam::aws:policy/AdministratorAccess, which the template \
         does not give it.",
        "POP.Reclaimer.app: has the inline policy more, which the template does not have; it allows s3:*.",
        "POP.authorizer: its trust lets Service ec2.amazonaws.com do sts:AssumeRole, which the template's \
         does not.",
        "POP.Scheduler.app: CustomerManaged-POP.LambdaLauncher allows lambda:*, which the template's \
         POP.LambdaLauncher does not.",
        "POP.Callback.trigger: the policy POP.DynamoDBEditor is not attached.",
    ];
    for words in sentences {
        assert!(out.lines().any(|line| line == words), "'{words}' is not in {out}");
    }
    assert!(!out.contains("POP.UnifiedEndpoint.app:"), "{out}");

    // Where the parameters are piped on, what differs stands beside them.
    let (code, out, errors) = of_stack(&account, &["--parameters"]).await?;
    assert_eq!((code, serde_json::from_str::<Value>(&out)?), (1, parameters(&outputs)));
    assert!(errors.contains(sentences[0]), "{errors}");
    let (code, out, _) = of_stack(&account, &["--json"]).await?;
    let told: Value = serde_json::from_str(&out)?;
    assert_eq!((code, &told["equal"]), (1, &json!(false)));
    assert_eq!(told["roles"][0]["differences"], json!([]));
    assert_eq!(told["roles"][4]["differences"].as_array().map(Vec::len), Some(1), "{out}");
    Ok(())
}

#[tokio::test]
async fn outputs_are_read_from_a_pipe_without_aws() -> Result<()> {
    let account = Account::new().await?;
    let outputs = account.launch("pop", &[]).await?;
    let lines = outputs.iter().map(|(name, arn)| format!("{name}={arn}"));
    let lines = lines.collect::<Vec<_>>().join("\n");
    let (code, out, errors) = run(&account, &["--outputs", "-", "--parameters"], &lines).await?;
    assert_eq!(code, 0, "{errors}");
    assert_eq!(serde_json::from_str::<Value>(&out)?, parameters(&outputs));
    assert_eq!(errors, "The roles themselves were not looked at.\n");
    let (code, out, errors) = run(&account, &["--outputs", "-"], "SchedulerRole=hello").await?;
    assert_eq!((code, out.as_str()), (1, ""));
    for words in ["SchedulerRole is hello, which is no ARN of a role", "Not there: UnifiedEndpoint"]
    {
        assert!(errors.contains(words), "{errors}");
    }
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_done_is_said() -> Result<()> {
    let account = Account::new().await?;
    let (code, out, errors) = of_stack(&account, &[]).await?;
    assert_eq!((code, out.as_str()), (1, ""), "{errors}");
    assert!(errors.contains("there is no stack pop in eu-west-1"), "{errors}");
    let other = r#"{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}"#;
    account.launch_text("other", other, &[]).await?;
    let (code, _, errors) =
        run(&account, &["--stack-name", "other", "--region", REGION], "").await?;
    assert_eq!(code, 1);
    assert!(errors.contains("CREATE_COMPLETE: None of the six outputs is there"), "{errors}");

    account.launch("pop", &[]).await?;
    let iam = &account.root.iam;
    let vpc = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole";
    iam.detach_role_policy().role_name("POP.authorizer").policy_arn(vpc).send().await?;
    iam.delete_role().role_name("POP.authorizer").send().await?;
    let (code, out, _) = of_stack(&account, &[]).await?;
    assert_eq!(code, 1);
    assert!(out.contains("POP.authorizer: is not there: it was deleted"), "{out}");

    for wrong in [
        &[][..],
        &["--stack-name", "pop"],
        &["--region", REGION],
        &["--stack-name", "pop", "--region", "atlantis"],
        &["--stack-name", "pop", "--region", REGION, "--outputs", "-"],
        &["--outputs", "-", "--json", "--parameters"],
    ] {
        let (code, out, errors) = run(&account, wrong, "").await?;
        assert_eq!((code, out.as_str()), (2, ""), "{wrong:?}: {errors}");
    }
    Ok(())
}
