//! Load balancers that this stack cannot serve are refused before anything is changed.

use anyhow::Result;
use aws_sdk_sns::types::Tag;
use harness::cloudformation::{Lab, Launch};
use serde_json::json;

use crate::{failed_with, is_change, on_both, succeeded};

async fn refused(lab: &Lab, load_balancer: &str, words: &str) -> Result<()> {
    let before = lab.customer.snapshot().await?;
    let mut stack = lab.stack("logs");
    // Past the template's own pattern, as an older template or a direct call would come.
    let mut event = lab.create_event(&mut stack, &Launch::of(&["all"]))?;
    event["ResourceProperties"]["LoadBalancers"] = json!([load_balancer]);
    let answer = lab.send(&event).await?;
    failed_with(&answer, words);
    stack.physical_id = Some(answer.physical_id);
    succeeded(&lab.delete(&stack).await?);
    assert_eq!(lab.customer.snapshot().await?, before);
    let changed = lab.proxy.calls().iter().any(|call| is_change(&call.operation));
    assert!(!changed, "something was changed");
    Ok(())
}

fn arn(account: &str, region: &str, path: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/{path}")
}

#[tokio::test]
async fn one_in_another_region() -> Result<()> {
    let lab = Lab::new().await?;
    let far = arn(&lab.customer.account, "us-east-1", "app/web/50dc6c495c0c9188");
    refused(&lab, &far, "is in region us-east-1, but this stack is in region eu-west-1").await
}

#[tokio::test]
async fn one_in_another_account() -> Result<()> {
    let lab = Lab::new().await?;
    let foreign = arn("999999999999", "eu-west-1", "app/web/50dc6c495c0c9188");
    refused(&lab, &foreign, "is in account 999999999999").await
}

#[tokio::test]
async fn one_that_was_deleted() -> Result<()> {
    on_both(async |lab| {
        let gone = lab.customer.application_load_balancer("gone").await?;
        let elb = &lab.customer.aws.elb;
        elb.delete_load_balancer().load_balancer_arn(&gone).send().await?;
        refused(lab, &gone, "does not exist").await
    })
    .await
}

#[tokio::test]
async fn a_classic_one() -> Result<()> {
    let lab = Lab::new().await?;
    refused(&lab, &arn(&lab.customer.account, "eu-west-1", "web"), "classic load balancer").await
}

#[tokio::test]
async fn a_gateway_one() -> Result<()> {
    let lab = Lab::new().await?;
    let gateway = arn(&lab.customer.account, "eu-west-1", "gwy/web/50dc6c495c0c9188");
    refused(&lab, &gateway, "gateway load balancer").await
}

#[tokio::test]
async fn what_is_no_arn() -> Result<()> {
    let lab = Lab::new().await?;
    refused(&lab, "my-load-balancer", "is not the ARN of a load balancer").await
}

#[tokio::test]
async fn a_topic_of_the_same_name_that_is_not_ours_is_not_touched() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let mut stack = lab.stack("logs");
        let guid = stack.id.rsplit('/').next().unwrap_or_default().to_owned();
        let topic =
            lab.customer.topic(&format!("DTLogsAnalysis-{guid}-InvokeLambdaFunction")).await?;
        let tag = Tag::builder().key("owner").value("somebody").build()?;
        lab.customer.aws.sns.tag_resource().resource_arn(&topic).tags(tag).send().await?;
        let before = lab.customer.snapshot().await?;
        let answer = lab.create(&mut stack, &Launch::of(&[&web])).await?;
        failed_with(&answer, "was not made by this stack");
        assert_eq!(lab.customer.snapshot().await?, before);
        Ok(())
    })
    .await
}
