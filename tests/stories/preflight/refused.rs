//! What the stack would refuse, in the stack's own words.

use anyhow::Result;
use aws_sdk_s3::types::{
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule,
};
use harness::{
    cloudformation::{Lab, Launch, fresh_account},
    preflight::Preflight,
};
use serde_json::{Value, json};

use super::{lines, only_looked, says};
use crate::on_both;

/// It would be refused with these words, and the stack, if launched all the same, says them too.
async fn as_the_stack(lab: &Lab, launch: &Launch, words: &str) -> Result<()> {
    let document = refused(lab, launch, words).await?;
    let answer = lab.create(&mut lab.stack("logs-analysis"), launch).await?;
    assert!(answer.failed() && answer.reason.contains(words), "{}", answer.reason);
    let refused = lines(&document, "refused");
    assert!(refused.iter().any(|why| answer.reason.contains(why.as_str())), "{refused:#?}");
    Ok(())
}

async fn refused(lab: &Lab, launch: &Launch, words: &str) -> Result<Value> {
    let (status, document) = Preflight::of(lab, launch).json().await?;
    assert_eq!((status, &document["would_work"]), (1, &json!(false)), "{document:#}");
    says(&lines(&document, "refused"), words);
    assert_eq!(document["changes"], json!([]), "nothing would be changed");
    only_looked(lab);
    Ok(document)
}

#[tokio::test]
async fn a_gateway_load_balancer() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let gateway = web.replace("/app/", "/gwy/");
        as_the_stack(lab, &Launch::of(&[&web, &gateway]), "is a gateway load balancer").await
    })
    .await
}

#[tokio::test]
async fn a_load_balancer_that_is_not_there() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let gone = web.replace("/web/", "/gone/");
        as_the_stack(lab, &Launch::of(&[&web, &gone]), "gone/").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_bucket_in_another_region() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let bucket = format!("far-{}", lab.customer.account);
        lab.customer.bucket_in(&bucket, "us-west-2").await?;
        let launch = Launch::of(&[&web]).into_bucket(&bucket);
        as_the_stack(lab, &launch, "is in region us-west-2").await
    })
    .await
}

#[tokio::test]
async fn a_bucket_with_a_kms_key() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let bucket = format!("sealed-{}", lab.customer.account);
    lab.customer.bucket(&bucket).await?;
    let by = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::AwsKms);
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(by.build()?)
        .build();
    let all = ServerSideEncryptionConfiguration::builder().rules(rule).build()?;
    let request = lab.customer.aws.s3.put_bucket_encryption().bucket(&bucket);
    request.server_side_encryption_configuration(all).send().await?;
    as_the_stack(&lab, &Launch::of(&[&web]).into_bucket(&bucket), "encrypted with a KMS key").await
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let gateway = web.replace("/app/", "/gwy/");
    let gone = web.replace("/web/", "/gone/");
    let launch = Launch::of(&[&web, &gateway, &gone, "web"]).into_bucket("no-such-bucket-anywhere");
    let document = refused(&lab, &launch, "is a gateway load balancer").await?;
    let all = lines(&document, "refused");
    says(&all, "'web' is not the ARN of a load balancer");
    says(&all, "gone/");
    says(&all, "Bucket no-such-bucket-anywhere does not exist");
    Ok(())
}

#[tokio::test]
async fn load_balancers_of_another_account_than_the_credentials() -> Result<()> {
    let lab = Lab::new().await?;
    let other = fresh_account();
    let theirs = format!(
        "arn:aws:elasticloadbalancing:eu-west-1:{other}:loadbalancer/app/web/50dc6c495c0c9188"
    );
    let words = format!("You are signed in to account {}", lab.customer.account);
    let document = refused(&lab, &Launch::of(&[&theirs]), &words).await?;
    says(&lines(&document, "refused"), &format!("Sign in to account {other}"));
    Ok(())
}

#[tokio::test]
async fn what_cloudformation_itself_would_not_take() -> Result<()> {
    let lab = Lab::new().await?;
    let many: Vec<String> = (0..60)
        .map(|number| {
            format!(
                "arn:aws:elasticloadbalancing:eu-west-1:{}:loadbalancer/app/web/{number:016x}",
                lab.customer.account
            )
        })
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    refused(&lab, &Launch::of(&many), "Parameter LoadBalancers must be at most 4096 bytes").await?;
    Ok(())
}
