//! A customer changes the stack.

use std::time::Duration;

use anyhow::Result;
use harness::{
    cloudformation::{ENDPOINT, Lab, Launch, Stack},
    customer::elb_may_write,
    proxy,
};
use serde_json::json;

use crate::{bucket_of, failed_with, is_change, on_both, succeeded};

async fn launched(lab: &Lab, launch: &Launch) -> Result<(Stack, String)> {
    let mut stack = lab.stack("logs");
    let answer = lab.create(&mut stack, launch).await?;
    succeeded(&answer);
    Ok((stack, bucket_of(&answer).to_owned()))
}

async fn own_bucket(lab: &Lab, name: &str) -> Result<String> {
    let bucket = format!("{name}-{}", lab.customer.account);
    lab.customer.bucket(&bucket).await?;
    Ok(bucket)
}

/// Positions of the calls of an operation, in the order in which they were made.
fn positions(lab: &Lab, operation: &str) -> Vec<usize> {
    let calls = lab.proxy.calls();
    let matching = calls.iter().enumerate().filter(|(_, call)| call.operation == operation);
    matching.map(|(index, _)| index).collect()
}

#[tokio::test]
async fn load_balancers_are_added_and_removed() -> Result<()> {
    on_both(async |lab| {
        let old = lab.customer.application_load_balancer("old").await?;
        let stays = lab.customer.application_load_balancer("stays").await?;
        let new = lab.customer.network_load_balancer("new").await?;
        let before = lab.customer.attributes(&old).await?;
        let (mut stack, bucket) = launched(lab, &Launch::of(&[&old, &stays])).await?;
        let answer = lab.update(&mut stack, &Launch::of(&[&stays, &new])).await?;
        succeeded(&answer);
        assert_eq!(bucket_of(&answer), bucket);
        assert_eq!(lab.customer.attributes(&old).await?, before);
        assert_eq!(lab.customer.attributes(&stays).await?["access_logs.s3.enabled"], "true");
        assert_eq!(lab.customer.attributes(&new).await?["access_logs.s3.bucket"], bucket);
        succeeded(&lab.delete(&stack).await?);
        assert_eq!(lab.customer.attributes(&new).await?["access_logs.s3.enabled"], "false");
        Ok(())
    })
    .await
}

/// The new bucket notifies before a load balancer writes to it, and the old one until none does.
#[tokio::test]
async fn the_bucket_changes_and_events_never_pause() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let (one, two) = (own_bucket(lab, "one").await?, own_bucket(lab, "two").await?);
        let (mut stack, _) = launched(lab, &Launch::of(&[&web]).into_bucket(&one)).await?;
        lab.proxy.forget_calls();
        let answer = lab.update(&mut stack, &Launch::of(&[&web]).into_bucket(&two)).await?;
        succeeded(&answer);
        assert_eq!(bucket_of(&answer), two);
        let notified = positions(lab, "PutBucketNotificationConfiguration");
        let moved = positions(lab, "ModifyLoadBalancerAttributes");
        assert!(notified[0] < moved[0] && moved[0] < notified[1], "{notified:?} {moved:?}");
        assert!(positions(lab, "Subscribe").is_empty() && positions(lab, "Unsubscribe").is_empty());
        assert!(lab.customer.notifications(&one).await.is_empty());
        assert!(lab.customer.policy(&one).await.is_null());
        assert_eq!(lab.customer.notifications(&two).await.len(), 1);
        succeeded(&lab.delete(&stack).await?);
        assert!(lab.customer.policy(&two).await.is_null());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn from_the_stacks_own_bucket_to_the_customers_and_back() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let theirs = own_bucket(lab, "theirs").await?;
        let (mut stack, own) = launched(lab, &Launch::of(&[&web])).await?;
        succeeded(&lab.update(&mut stack, &Launch::of(&[&web]).into_bucket(&theirs)).await?);
        let left = lab.customer.policy(&own).await.to_string();
        assert!(!left.contains("VendorRead") && left.contains("TlsOnly"), "{left}");
        let answer = lab.update(&mut stack, &Launch::of(&[&web])).await?;
        succeeded(&answer);
        assert_eq!(bucket_of(&answer), own);
        assert!(lab.customer.policy(&theirs).await.is_null());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_prefix_changes_and_events_never_pause() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let (mut stack, bucket) = launched(lab, &Launch::of(&[&web])).await?;
        lab.proxy.forget_calls();
        succeeded(&lab.update(&mut stack, &Launch::of(&[&web]).below("alb")).await?);
        let notified = positions(lab, "PutBucketNotificationConfiguration");
        let moved = positions(lab, "ModifyLoadBalancerAttributes");
        assert!(notified[0] < moved[0] && moved[0] < notified[1], "{notified:?} {moved:?}");
        assert_eq!(lab.customer.attributes(&web).await?["access_logs.s3.prefix"], "alb");
        let rules = lab.customer.notifications(&bucket).await;
        assert!(rules.len() == 1 && rules[0].contains("\"alb/AWSLogs/"), "{rules:?}");
        let policy = lab.customer.policy(&bucket).await.to_string();
        assert!(!policy.contains(&format!("{bucket}/AWSLogs/")), "{policy}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_retention_changes() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let (mut stack, bucket) = launched(lab, &Launch::of(&[&web])).await?;
        let mut launch = Launch::of(&[&web]);
        launch.retention = "7".to_owned();
        succeeded(&lab.update(&mut stack, &launch).await?);
        let s3 = &lab.customer.aws.s3;
        let lifecycle = s3.get_bucket_lifecycle_configuration().bucket(&bucket).send().await?;
        assert_eq!(
            lifecycle.rules()[0]
                .expiration()
                .and_then(aws_sdk_s3::types::LifecycleExpiration::days),
            Some(7)
        );
        Ok(())
    })
    .await
}

/// Counted on the wire: what is there, and then everything about it at once.
#[tokio::test]
async fn an_update_looks_at_everything_side_by_side() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let mut launch = Launch::of(&[&web]);
    let (mut stack, _) = launched(&lab, &launch).await?;
    lab.proxy.forget_calls();
    let about_the_bucket = ["Encryption", "LifecycleConfiguration", "Policy", "Tagging"];
    let mut reads: Vec<String> =
        about_the_bucket.iter().map(|what| format!("GetBucket{what}")).collect();
    reads.extend(
        [
            "GetBucketNotificationConfiguration",
            "GetPublicAccessBlock",
            "GetTopicAttributes",
            "HeadBucket",
            "ListSubscriptionsByTopic",
            "ListTagsForResource",
        ]
        .map(str::to_owned),
    );
    for operation in &reads {
        lab.proxy.slow(operation, 1, Duration::from_millis(200));
    }
    launch.retention = "7".to_owned();
    succeeded(&lab.update(&mut stack, &launch).await?);
    let calls = lab.proxy.calls();
    let first = |operation: &String| calls.iter().find(|call| call.operation == *operation);
    let first: Vec<_> = reads.iter().filter_map(first).collect();
    assert_eq!(first.len(), reads.len(), "{calls:?}");
    assert_eq!(proxy::depth(first.iter().map(|call| call.span())), 2, "{first:?}");
    Ok(())
}

#[tokio::test]
async fn the_vendors_endpoint_changes_and_events_never_pause() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let (mut stack, _) = launched(lab, &Launch::of(&[&web])).await?;
        let topic = lab.customer.topics().await?[0].clone();
        let sns = &lab.customer.aws.sns;
        sns.subscribe()
            .topic_arn(&topic)
            .protocol("email")
            .endpoint("ops@customer.test")
            .send()
            .await?;
        lab.proxy.forget_calls();
        let mut launch = Launch::of(&[&web]);
        launch.endpoint = "https://new.vendor.test/sns".to_owned();
        succeeded(&lab.update(&mut stack, &launch).await?);
        let listening = lab.customer.subscribers(&topic).await;
        assert_eq!(listening, ["https://new.vendor.test/sns", "ops@customer.test"]);
        assert!(positions(lab, "Subscribe")[0] < positions(lab, "Unsubscribe")[0]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn fewer_kinds_of_logs_are_wanted() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let (mut stack, _) = launched(lab, &Launch::of(&[&web])).await?;
        succeeded(&lab.update(&mut stack, &Launch::of(&[&web]).only("access")).await?);
        let attributes = lab.customer.attributes(&web).await?;
        assert_eq!(attributes["access_logs.s3.enabled"], "true");
        assert_eq!(attributes["connection_logs.s3.enabled"], "false");
        assert_eq!(attributes["connection_logs.s3.bucket"], "");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_update_that_changes_nothing_changes_nothing() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let tcp = lab.customer.network_load_balancer("tcp").await?;
        let launch = Launch::of(&[&web, &tcp]);
        let (mut stack, _) = launched(lab, &launch).await?;
        lab.proxy.forget_calls();
        succeeded(&lab.update(&mut stack, &launch).await?);
        let calls = lab.proxy.calls();
        // moto does not tell a topic's signature version, so it is set again.
        let changes = calls.iter().filter(|call| is_change(&call.operation));
        let changes: Vec<_> =
            changes.filter(|call| call.operation != "SetTopicAttributes").collect();
        assert!(changes.is_empty(), "{changes:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_update_that_fails_half_way_is_rolled_back() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let api = lab.customer.application_load_balancer("api").await?;
        let two = own_bucket(lab, "two").await?;
        let (mut stack, _) = launched(lab, &Launch::of(&[&web])).await?;
        let before = lab.customer.snapshot().await?;
        lab.proxy.fail("ModifyLoadBalancerAttributes", 1, 400, "OperationNotPermitted", "not now");
        let launch = Launch::of(&[&web, &api]).into_bucket(&two);
        failed_with(&lab.update(&mut stack, &launch).await?, "not now");
        let mut after = lab.customer.snapshot().await?;
        after[format!("bucket {two}")]["objects"] = json!([]);
        let own = lab.customer.buckets().await?.into_iter().find(|name| name.starts_with("dtlogs"));
        let own = format!("bucket {}", own.unwrap_or_default());
        after[&own]["objects"] = before[&own]["objects"].clone();
        assert_eq!(after, before);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_update_that_is_refused_leaves_everything_as_it_is() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let (mut stack, _) = launched(lab, &Launch::of(&[&web])).await?;
        let before = lab.customer.snapshot().await?;
        let launch = Launch::of(&[&web]).into_bucket("nobody-has-this-bucket-1b2c");
        failed_with(&lab.update(&mut stack, &launch).await?, "does not exist");
        assert_eq!(lab.customer.snapshot().await?, before);
        Ok(())
    })
    .await
}

/// An Update that rolls back must not fail for what the customer deleted meanwhile.
#[tokio::test]
async fn a_load_balancer_that_the_customer_deleted_does_not_block_updates() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let gone = lab.customer.application_load_balancer("gone").await?;
        let launch = Launch::of(&[&web, &gone]);
        let (mut stack, _) = launched(lab, &launch).await?;
        let elb = &lab.customer.aws.elb;
        elb.delete_load_balancer().load_balancer_arn(&gone).send().await?;
        let mut shorter = launch.clone();
        shorter.retention = "30".to_owned();
        for launch in [&shorter, &launch, &shorter] {
            let answer = lab.update(&mut stack, launch).await?;
            succeeded(&answer);
            assert!(answer.attribute("LoadBalancers").contains("does not exist any more"));
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_topic_that_the_customer_deleted_is_made_again() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let before = lab.customer.attributes(&web).await?;
        let (mut stack, _) = launched(lab, &Launch::of(&[&web])).await?;
        let topic = lab.customer.topics().await?[0].clone();
        lab.customer.aws.sns.delete_topic().topic_arn(&topic).send().await?;
        let mut launch = Launch::of(&[&web]);
        launch.retention = "30".to_owned();
        succeeded(&lab.update(&mut stack, &launch).await?);
        assert_eq!(lab.customer.subscribers(&topic).await, [ENDPOINT]);
        succeeded(&lab.delete(&stack).await?);
        assert_eq!(lab.customer.attributes(&web).await?, before);
        Ok(())
    })
    .await
}

/// The bucket that a customer names may be one that a load balancer logs to already: that one was on
/// before us, and stays on after us, however often the stack is updated.
#[tokio::test]
async fn logging_that_was_on_in_the_named_bucket_stays_on_after_an_update_and_delete() -> Result<()>
{
    on_both(async |lab| {
        let customer = &lab.customer;
        let was_on = customer.application_load_balancer("was-on").await?;
        let was_off = customer.application_load_balancer("was-off").await?;
        let bucket = own_bucket(lab, "shared").await?;
        let may_write = elb_may_write(&bucket, "", &customer.account);
        customer
            .set_policy(&bucket, &json!({"Version": "2012-10-17", "Statement": [may_write]}))
            .await?;
        customer.log_to(&was_on, &bucket, "").await?;
        let before = customer.snapshot().await?;
        let launch = Launch::of(&[&was_on, &was_off]).into_bucket(&bucket).only("access");
        let (mut stack, _) = launched(lab, &launch).await?;
        let mut longer = launch.clone();
        longer.retention = "30".to_owned();
        succeeded(&lab.update(&mut stack, &longer).await?);
        succeeded(&lab.delete(&stack).await?);
        let mut after = customer.snapshot().await?;
        let objects = format!("bucket {bucket}");
        after[&objects]["objects"] = before[&objects]["objects"].clone();
        assert_eq!(after, before);
        Ok(())
    })
    .await
}

/// The bucket is ours, and a rule that the customer put there is his.
#[tokio::test]
async fn a_lifecycle_rule_of_the_customers_stays_when_the_retention_changes() -> Result<()> {
    use aws_sdk_s3::types::{
        BucketLifecycleConfiguration, ExpirationStatus, LifecycleRule, LifecycleRuleFilter,
        NoncurrentVersionExpiration,
    };
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let (mut stack, bucket) = launched(&lab, &Launch::of(&[&web])).await?;
    let s3 = &lab.customer.aws.s3;
    let there = s3.get_bucket_lifecycle_configuration().bucket(&bucket).send().await?;
    let theirs = LifecycleRule::builder()
        .id("theirs")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("old/").build())
        .noncurrent_version_expiration(
            NoncurrentVersionExpiration::builder().noncurrent_days(3).build(),
        )
        .build()?;
    let rules = there.rules().iter().cloned().chain([theirs]).collect();
    let all = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build()?;
    let put = s3.put_bucket_lifecycle_configuration().bucket(&bucket);
    put.lifecycle_configuration(all).send().await?;
    let mut launch = Launch::of(&[&web]);
    launch.retention = "7".to_owned();
    succeeded(&lab.update(&mut stack, &launch).await?);
    let after = s3.get_bucket_lifecycle_configuration().bucket(&bucket).send().await?;
    let names: Vec<_> = after.rules().iter().filter_map(|rule| rule.id()).collect();
    assert!(names.contains(&"theirs") && names.len() == 2, "{names:?}");
    Ok(())
}
