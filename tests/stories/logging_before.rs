//! What a load balancer logged before the stack came is what it logs after the stack has gone.

use anyhow::Result;
use harness::{
    cloudformation::{Lab, Launch},
    customer::elb_may_write,
};
use serde_json::json;

use crate::{bucket_of, failed_with, on_both, succeeded};

const REMEMBERED: [(&str, &str); 6] = [
    ("access_logs.s3.enabled", "false"),
    ("access_logs.s3.bucket", "an-old-bucket"),
    ("access_logs.s3.prefix", "an/old_prefix.x"),
    ("connection_logs.s3.enabled", "false"),
    ("connection_logs.s3.bucket", "another-old-bucket"),
    ("connection_logs.s3.prefix", ""),
];

async fn own_bucket(lab: &Lab, name: &str) -> Result<String> {
    let bucket = format!("{name}-{}", lab.customer.account);
    lab.customer.bucket(&bucket).await?;
    let may_write = elb_may_write(&bucket, "", &lab.customer.account);
    lab.customer
        .set_policy(&bucket, &json!({"Version": "2012-10-17", "Statement": [may_write]}))
        .await?;
    Ok(bucket)
}

#[tokio::test]
async fn logging_that_was_off_with_a_remembered_bucket_is_put_back_exactly() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        lab.customer.set_attributes(&web, &REMEMBERED).await?;
        let before = lab.customer.attributes(&web).await?;
        let mut stack = lab.stack("logs");
        succeeded(&lab.create(&mut stack, &Launch::of(&[&web])).await?);
        assert_ne!(lab.customer.attributes(&web).await?, before);
        succeeded(&lab.delete(&stack).await?);
        assert_eq!(lab.customer.attributes(&web).await?, before);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn it_is_put_back_when_the_launch_fails_half_way_and_rolls_back() -> Result<()> {
    let lab = Lab::new().await?;
    let first = lab.customer.application_load_balancer("first").await?;
    let second = lab.customer.application_load_balancer("second").await?;
    lab.customer.set_attributes(&first, &REMEMBERED).await?;
    let before = lab.customer.snapshot().await?;
    // One of the two load balancers fails for good.
    lab.proxy.fail("ModifyLoadBalancerAttributes", 1, 400, "OperationNotPermitted", "not now");
    let answer = lab.create(&mut lab.stack("logs"), &Launch::of(&[&first, &second])).await?;
    failed_with(&answer, "not now");
    let mut after = lab.customer.snapshot().await?;
    // The other one's test objects are logs to us: their bucket is kept.
    let kept: Vec<String> = lab.customer.buckets().await?;
    for bucket in kept {
        after.as_object_mut().unwrap().remove(&format!("bucket {bucket}"));
    }
    assert_eq!(after, before);
    Ok(())
}

#[tokio::test]
async fn logging_to_another_bucket_and_prefix_is_never_touched() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let theirs = own_bucket(lab, "theirs").await?;
        let wanted = own_bucket(lab, "wanted").await?;
        lab.customer.log_to(&web, &theirs, "").await?;
        let before = lab.customer.snapshot().await?;
        let mut stack = lab.stack("logs");
        let launch = Launch::of(&[&web]).only("access").into_bucket(&wanted);
        let answer = lab.create(&mut stack, &launch).await?;
        succeeded(&answer);
        assert_eq!(bucket_of(&answer), theirs);
        succeeded(&lab.delete(&stack).await?);
        assert_eq!(lab.customer.snapshot().await?, before);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn logging_that_the_customer_changed_meanwhile_is_his() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let mut stack = lab.stack("logs");
        succeeded(&lab.create(&mut stack, &Launch::of(&[&web])).await?);
        let theirs = own_bucket(lab, "theirs").await?;
        lab.customer.log_to(&web, &theirs, "").await?;
        succeeded(&lab.delete(&stack).await?);
        let after = lab.customer.attributes(&web).await?;
        assert_eq!(after["access_logs.s3.enabled"], "true");
        assert_eq!(after["access_logs.s3.bucket"], theirs);
        assert_eq!(after["connection_logs.s3.enabled"], "false");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn where_aws_takes_no_empty_bucket_name_logging_is_off_all_the_same() -> Result<()> {
    let lab = Lab::new().await?;
    lab.proxy.refuse_empty_bucket();
    let web = lab.customer.application_load_balancer("web").await?;
    let mut stack = lab.stack("logs");
    succeeded(&lab.create(&mut stack, &Launch::of(&[&web])).await?);
    succeeded(&lab.delete(&stack).await?);
    let after = lab.customer.attributes(&web).await?;
    for kind in ["access_logs", "connection_logs", "health_check_logs"] {
        assert_eq!(after[&format!("{kind}.s3.enabled")], "false");
    }
    Ok(())
}

/// Regression of another product: deleting a stack switched logging off for every load balancer of
/// the region.
#[tokio::test]
async fn load_balancers_that_the_stack_does_not_name_keep_logging() -> Result<()> {
    on_both(async |lab| {
        let ours = lab.customer.application_load_balancer("ours").await?;
        let other = lab.customer.application_load_balancer("other").await?;
        let theirs = own_bucket(lab, "theirs").await?;
        lab.customer.log_to(&other, &theirs, "").await?;
        let before = lab.customer.attributes(&other).await?;
        let mut stack = lab.stack("logs");
        succeeded(&lab.create(&mut stack, &Launch::of(&[&ours])).await?);
        succeeded(&lab.delete(&stack).await?);
        assert_eq!(lab.customer.attributes(&other).await?, before);
        Ok(())
    })
    .await
}
