//! What it says would be changed is what the stack then changes.

use anyhow::Result;
use harness::{
    cloudformation::{ENDPOINT, Lab, Launch, Stack, VENDOR},
    customer::elb_may_write,
    preflight::Preflight,
};
use serde_json::{Value, json};

use super::{lines, only_looked, says};
use crate::{is_change, on_both, succeeded};

/// Operation and thing, in an order of their own.
fn told(document: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = document["changes"].as_array().cloned().unwrap_or_default();
    let mut all: Vec<_> =
        all.iter().map(|one| (text(&one["operation"]), text(&one["resource"]))).collect();
    all.sort();
    all
}

/// What the handler sent, with the stack's own id left out.
fn done(lab: &Lab, stack: &Stack) -> Vec<(String, String)> {
    let guid = stack.id.rsplit('/').next().unwrap_or_default();
    let ends = format!("{}-{}", &guid[..8], &guid[24..]);
    let shown = |text: &str| text.replace(guid, "…").replace(&ends, "…");
    let calls = lab.proxy.calls();
    // What AWS refused, for the bucket was too new for it, was sent again.
    let taken = calls.iter().filter(|call| call.status < 300);
    let changes = taken.filter(|call| is_change(&call.operation));
    let mut all: Vec<_> =
        changes.map(|call| (call.operation.clone(), shown(&call.resource))).collect();
    all.sort();
    all
}

/// Looks, launches, and holds one against the other; the document.
async fn as_told(lab: &Lab, launch: &Launch) -> Result<Value> {
    let before = lab.customer.snapshot().await?;
    let (status, document) = Preflight::of(lab, launch).json().await?;
    assert_eq!((status, &document["would_work"]), (0, &json!(true)), "{document:#}");
    only_looked(lab);
    assert_eq!(lab.customer.snapshot().await?, before);
    lab.proxy.forget_calls();
    let mut stack = lab.stack("logs-analysis");
    succeeded(&lab.create(&mut stack, launch).await?);
    assert_eq!(told(&document), done(lab, &stack));
    Ok(document)
}

fn sentences(document: &Value) -> Vec<String> {
    let all = document["changes"].as_array().cloned().unwrap_or_default();
    all.iter().flat_map(|one| lines(one, "does")).collect()
}

#[tokio::test]
async fn a_new_bucket_with_everything_that_belongs_to_it() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let tcp = lab.customer.network_load_balancer("tcp").await?;
        let mut launch = Launch::of(&[&web, &tcp]).below("elb");
        "42".clone_into(&mut launch.retention);
        let document = as_told(lab, &launch).await?;
        let account = &lab.customer.account;
        let bucket = format!("dtlogs-…-{account}-eu-west-1-an");
        let said = sentences(&document);
        says(&said, &format!("Bucket {bucket}: would be created"));
        says(&said, &format!("Bucket {bucket}: logs would expire after 42 days"));
        says(&said, "SNS topic DTLogsAnalysis-…-InvokeLambdaFunction: would be created");
        says(&said, &format!("the vendor would be subscribed ({ENDPOINT})"));
        says(&said, &format!("arn:aws:iam::{VENDOR}:root may do s3:GetObject on arn:aws:s3:::"));
        says(
            &said,
            &format!(
                "Load balancer web (application): access logs off → on, to bucket {bucket}, prefix elb"
            ),
        );
        says(&said, "Load balancer web (application): health-check logs off → on");
        says(&said, "Load balancer tcp (network): access logs off → on");
        says(&said, &format!("(prefix elb/AWSLogs/{account}/elasticloadbalancing/eu-west-1/"));
        says(&lines(&document, "attention"), "Load balancer tcp (network) has no TLS listener");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_customers_own_bucket() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let bucket = format!("theirs-{}", lab.customer.account);
        lab.customer.bucket(&bucket).await?;
        let mine = elb_may_write(&bucket, "x", &lab.customer.account);
        let policy = json!({"Version": "2012-10-17", "Statement": [mine]});
        lab.customer.set_policy(&bucket, &policy).await?;
        let document = as_told(lab, &Launch::of(&[&web]).into_bucket(&bucket)).await?;
        let said = sentences(&document);
        says(&said, &format!("Policy of bucket {bucket}: 1 that are there stay as they are"));
        says(&said, &format!("Policy of bucket {bucket}: one statement added: logdelivery."));
        assert!(!said.iter().any(|line| line.contains("expire")), "{said:#?}");
        says(&lines(&document, "attention"), &format!("Bucket {bucket} is there already"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn logging_that_is_on_elsewhere_is_adopted() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let bucket = format!("old-{}", lab.customer.account);
        lab.customer.bucket(&bucket).await?;
        let may_write = elb_may_write(&bucket, "team", &lab.customer.account);
        let policy = json!({"Version": "2012-10-17", "Statement": [may_write]});
        lab.customer.set_policy(&bucket, &policy).await?;
        lab.customer.log_to(&web, &bucket, "team").await?;
        let document = as_told(lab, &Launch::of(&["all"]).only("access")).await?;
        let on = format!("access logs are on already, to bucket {bucket}, prefix team");
        says(&lines(&document, "untouched"), &on);
        let operations: Vec<String> = told(&document).into_iter().map(|(name, _)| name).collect();
        assert!(!operations.iter().any(|name| name == "ModifyLoadBalancerAttributes"));
        assert!(!operations.iter().any(|name| name == "CreateBucket"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_bucket_that_another_stack_uses_already() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let api = lab.customer.application_load_balancer("api").await?;
    let bucket = format!("shared-{}", lab.customer.account);
    lab.customer.bucket(&bucket).await?;
    let mut first = lab.stack("first");
    succeeded(&lab.create(&mut first, &Launch::of(&[&web]).into_bucket(&bucket)).await?);
    lab.proxy.allow_everything();
    lab.proxy.forget_calls();
    let document = as_told(&lab, &Launch::of(&[&api]).into_bucket(&bucket)).await?;
    says(&lines(&document, "attention"), "S3 allows one such notification only");
    Ok(())
}

#[tokio::test]
async fn text_and_json_say_the_same() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let launch = Launch::of(&[&web]);
    let (_, document) = Preflight::of(&lab, &launch).json().await?;
    let said = Preflight::of(&lab, &launch).text().await?;
    assert_eq!((said.status, said.complaint.as_str()), (0, ""));
    let mut all = sentences(&document);
    for name in ["untouched", "attention", "refused"] {
        all.extend(lines(&document, name));
    }
    all.extend(lines(&document["permissions"], "not_checked"));
    for name in ["account", "region", "stack_name", "template_version", "signed_in_as"] {
        all.push(document[name].as_str().unwrap_or_default().to_owned());
    }
    for line in all {
        assert!(
            !line.is_empty() && said.text.contains(&line),
            "'{line}' is not in:\n{}",
            said.text
        );
    }
    assert!(said.text.contains("Nothing was changed; this only looked."), "{}", said.text);
    assert!(said.text.contains("The stack would work"), "{}", said.text);
    Ok(())
}
