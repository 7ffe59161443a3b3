//! Whether whoever launches, or the launch role, may do what CloudFormation will have to.

use anyhow::{Context, Result};
use harness::{
    cloudformation::{Lab, Launch},
    customer::Keys,
    emulators::{self, Kind},
    preflight::Preflight,
    template::Template,
};
use serde_json::{Value, json};
use templates::catalog::STACK_LAUNCH_ROLE;

use super::{lines, only_looked, says};

const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
    "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#;

/// What the launch role's template grants, for the vendor's code of the stories. Without conditions,
/// since the emulator's simulation is not told what a request would carry.
fn of_the_template(lab: &Lab, without: &str) -> Result<Value> {
    let text = STACK_LAUNCH_ROLE.body.replace("example-log-analysis-code", "vendor-code");
    let template = Template::new(&text, &lab.stack("logs-analysis").id, &[])?;
    let policy = template.role_policy("StackLaunchRole")?.without(without);
    let mut statements = policy.statements;
    for statement in &mut statements {
        statement.as_object_mut().context("a statement")?.remove("Condition");
    }
    statements.retain(|one| one["Action"].as_array().is_some_and(|all| !all.is_empty()));
    Ok(json!({"Version": "2012-10-17", "Statement": statements}))
}

async fn role(lab: &Lab, policy: &Value) -> Result<String> {
    let iam = &lab.customer.aws.iam;
    let request = iam.create_role().role_name("launch").assume_role_policy_document(TRUST);
    let made = request.send().await?;
    let request = iam.put_role_policy().role_name("launch").policy_name("p");
    request.policy_document(policy.to_string()).send().await?;
    Ok(made.role().context("no role")?.arn().to_owned())
}

/// Somebody of the customer's who works with a role.
async fn session_of(lab: &Lab, role: &str) -> Result<Keys> {
    let request = lab.customer.aws.sts.assume_role().role_arn(role).role_session_name("anna");
    let given = request.send().await?;
    let keys = given.credentials().context("no credentials")?;
    let token = Some(keys.session_token().to_owned());
    Ok((keys.access_key_id().to_owned(), keys.secret_access_key().to_owned(), token))
}

/// Somebody who may do what the policy says.
async fn person(lab: &Lab, policy: &Value) -> Result<Keys> {
    session_of(lab, &role(lab, policy).await?).await
}

fn nothing() -> Value {
    let deny = json!({"Effect": "Deny", "Action": "ec2:RunInstances", "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [deny]})
}

fn lacking(document: &Value) -> Vec<&str> {
    let all = document["permissions"]["lacking"].as_array();
    all.into_iter().flatten().filter_map(|one| one["action"].as_str()).collect()
}

#[tokio::test]
async fn the_templates_launch_role_lacks_nothing() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let role = role(&lab, &of_the_template(&lab, "")?).await?;
    let launch = Launch::of(&[&web]);
    let (status, document) =
        Preflight::of(&lab, &launch).with("--launch-role", &role).json().await?;
    assert_eq!(lacking(&document), Vec::<&str>::new(), "{document:#}");
    assert_eq!(status, 0, "{document:#}");
    assert_eq!(document["permissions"]["principals"], json!([role]));
    assert!(document["permissions"]["checked"].as_u64() > Some(40), "{document:#}");
    only_looked(&lab);
    Ok(())
}

#[tokio::test]
async fn a_launch_role_without_one_action_is_told_which() -> Result<()> {
    for action in ["iam:DeleteRolePolicy", "lambda:InvokeFunction", "s3:GetObject"] {
        let lab = Lab::new().await?;
        let web = lab.customer.application_load_balancer("web").await?;
        let role = role(&lab, &of_the_template(&lab, action)?).await?;
        let launch = Launch::of(&[&web]);
        let run = Preflight::of(&lab, &launch).with("--launch-role", &role);
        let (status, document) = run.json().await?;
        assert_eq!((status, lacking(&document)), (1, vec![action]), "{document:#}");
        let said = run.text().await?;
        let line = format!("{role} lacks {action} on ");
        assert!(said.text.contains(&line), "{}", said.text);
        assert!(said.text.contains("no policy allows it"), "{}", said.text);
        assert!(said.text.contains("The stack would fail: permissions are missing"));
        only_looked(&lab);
    }
    Ok(())
}

#[tokio::test]
async fn whoever_may_only_read_is_told_to_ask_for_the_launch_role() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Resource": "*", "Action": ["iam:Simulate*", "s3:Get*", "s3:List*"]},
        {"Effect": "Deny", "Resource": "*", "Action": "iam:PassRole"},
    ]});
    let anna = person(&lab, &policy).await?;
    let launch = Launch::of(&[&web]);
    let (status, document) = Preflight::of(&lab, &launch).signed_in(&anna).json().await?;
    assert_eq!(status, 1, "{document:#}");
    let lacking = lacking(&document);
    for action in ["cloudformation:CreateStack", "iam:CreateRole", "lambda:CreateFunction"] {
        assert!(lacking.contains(&action), "{lacking:?}");
    }
    assert!(!lacking.contains(&"s3:GetObject"), "{lacking:?}");
    let denied = document["permissions"]["lacking"].as_array().into_iter().flatten();
    let pass: Vec<&Value> = denied.filter(|one| one["action"] == "iam:PassRole").collect();
    assert_eq!(pass[0]["because"], "a statement denies it", "{document:#}");
    let advice = document["permissions"]["advice"].as_str().unwrap_or_default();
    assert!(advice.contains("administrator") && advice.contains("launch role"), "{advice}");
    only_looked(&lab);
    Ok(())
}

#[tokio::test]
async fn where_iam_may_not_be_asked_the_rest_is_told_all_the_same() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let anna = person(&lab, &nothing()).await?;
    let words = "is not authorized to perform: iam:SimulatePrincipalPolicy";
    lab.proxy.fail("SimulatePrincipalPolicy", 20, 403, "AccessDenied", words);
    let launch = Launch::of(&[&web]);
    let (status, document) = Preflight::of(&lab, &launch).signed_in(&anna).json().await?;
    assert_eq!(status, 0, "{document:#}");
    let why = lines(&document["permissions"], "not_checked");
    says(&why, "because your credentials may not do iam:SimulatePrincipalPolicy");
    assert_eq!(why.len(), 1, "{why:#?}");
    assert!(document["changes"].as_array().is_some_and(|all| !all.is_empty()));
    Ok(())
}

/// A session's ARN leaves out the path of its role, so IAM is asked for the role.
#[tokio::test]
async fn a_session_is_checked_by_its_role() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let role = role(&lab, &of_the_template(&lab, "")?).await?;
    let keys = session_of(&lab, &role).await?;
    let launch = Launch::of(&[&web]);
    let (_, document) = Preflight::of(&lab, &launch).signed_in(&keys).json().await?;
    assert_eq!(document["permissions"]["principals"], json!([role]), "{document:#}");
    assert_eq!(lacking(&document), ["cloudformation:CreateStack"], "{document:#}");
    Ok(())
}

/// An emulator that knows no simulation stands for whatever else IAM may answer.
#[tokio::test]
async fn an_iam_that_does_not_answer_stops_nothing() -> Result<()> {
    let lab = Lab::on(emulators::shared(Kind::Moto), "eu-west-1").await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let anna = person(&lab, &nothing()).await?;
    let launch = Launch::of(&[&web]);
    let (status, document) = Preflight::of(&lab, &launch).signed_in(&anna).json().await?;
    assert_eq!(status, 0, "{document:#}");
    says(&lines(&document["permissions"], "not_checked"), "SimulatePrincipalPolicy failed");
    Ok(())
}
