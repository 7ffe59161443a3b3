//! CloudFormation cancels a Create when something else in the stack fails: its Delete, under an id that
//! it invented, runs beside the Create. Whichever step they meet at, the account ends as before.

use anyhow::Result;
use harness::cloudformation::{Lab, Launch};
use serde_json::Value;

use crate::{failed_with, succeeded};

/// The account as it is, without what load balancers wrote: a bucket with test objects is kept.
pub(crate) async fn without_kept_buckets(lab: &Lab) -> Result<Value> {
    let mut all = lab.customer.snapshot().await?;
    for bucket in lab.customer.buckets().await? {
        if !lab.customer.keys(&bucket).await?.is_empty() {
            let policy = lab.customer.policy(&bucket).await.to_string();
            assert!(!policy.contains("VendorRead"), "the vendor may still read: {policy}");
            all.as_object_mut().unwrap().remove(&format!("bucket {bucket}"));
        }
    }
    Ok(all)
}

async fn meet_at(operation: &str) -> Result<()> {
    let mut lab = Lab::new().await?;
    lab.scale_out()?;
    let web = lab.customer.application_load_balancer("web").await?;
    let before = without_kept_buckets(&lab).await?;
    let mut stack = lab.stack("logs");
    let create = lab.create_event(&mut stack, &Launch::of(&[&web]))?;
    let mut held = lab.proxy.hold(operation);
    let deletion = async {
        held.reached().await;
        let answer = lab.delete_invented(&stack).await;
        held.release();
        answer
    };
    let (created, deleted) = tokio::join!(lab.send(&create), deletion);
    succeeded(&deleted?);
    failed_with(&created?, "The stack was deleted while this was running");
    assert_eq!(without_kept_buckets(&lab).await?, before, "they met at {operation}");
    Ok(())
}

#[tokio::test]
async fn they_meet_before_the_bucket_is_made() -> Result<()> {
    meet_at("CreateBucket").await
}

#[tokio::test]
async fn they_meet_before_the_vendor_is_subscribed() -> Result<()> {
    meet_at("Subscribe").await
}

#[tokio::test]
async fn they_meet_before_public_access_is_blocked() -> Result<()> {
    meet_at("PutPublicAccessBlock").await
}

#[tokio::test]
async fn they_meet_before_the_policy_is_written() -> Result<()> {
    meet_at("PutBucketPolicy").await
}

#[tokio::test]
async fn they_meet_before_the_notification_is_written() -> Result<()> {
    meet_at("PutBucketNotificationConfiguration").await
}

#[tokio::test]
async fn they_meet_before_logging_is_turned_on() -> Result<()> {
    meet_at("ModifyLoadBalancerAttributes").await
}

/// Nothing is there yet that a Delete could find: it waits for the Create to begin.
#[tokio::test]
async fn the_delete_comes_before_the_create_has_made_anything() -> Result<()> {
    let mut lab = Lab::new().await?;
    lab.scale_out()?;
    let web = lab.customer.application_load_balancer("web").await?;
    let before = without_kept_buckets(&lab).await?;
    let mut stack = lab.stack("logs");
    let create = lab.create_event(&mut stack, &Launch::of(&[&web]))?;
    let mut held = lab.proxy.hold("CreateTopic");
    let late = async {
        held.reached().await;
        let mut looked = lab.proxy.hold("ListTagsForResource");
        let release = async {
            looked.reached().await;
            held.release();
            looked.release();
        };
        tokio::join!(lab.delete_invented(&stack), release).0
    };
    let (created, deleted) = tokio::join!(lab.send(&create), late);
    succeeded(&deleted?);
    // Either the Create was overtaken, or it was done before the Delete began.
    let _ = created?;
    assert_eq!(without_kept_buckets(&lab).await?, before);
    Ok(())
}

/// The customer's own bucket is involved: the record that was lost with the topic is remembered.
#[tokio::test]
async fn what_was_before_is_put_back_by_whoever_comes_last() -> Result<()> {
    let mut lab = Lab::new().await?;
    lab.scale_out()?;
    let web = lab.customer.application_load_balancer("web").await?;
    let remembered = [("access_logs.s3.bucket", "an-old-bucket"), ("access_logs.s3.prefix", "old")];
    lab.customer.set_attributes(&web, &remembered).await?;
    let bucket = format!("theirs-{}", lab.customer.account);
    lab.customer.bucket(&bucket).await?;
    let before = lab.customer.attributes(&web).await?;
    let mut stack = lab.stack("logs");
    let create = lab.create_event(&mut stack, &Launch::of(&[&web]).into_bucket(&bucket))?;
    let mut held = lab.proxy.hold("ModifyLoadBalancerAttributes");
    let deletion = async {
        held.reached().await;
        // The Delete has taken the permission to write away again by the time this goes on.
        let answer = lab.delete_invented(&stack).await;
        lab.customer.set_policy(&bucket, &permission(&bucket, &lab.customer.account)).await?;
        held.release();
        answer
    };
    let (created, deleted) = tokio::join!(lab.send(&create), deletion);
    succeeded(&deleted?);
    failed_with(&created?, "The stack was deleted while this was running");
    assert_eq!(lab.customer.attributes(&web).await?, before);
    Ok(())
}

fn permission(bucket: &str, account: &str) -> Value {
    let statement = harness::customer::elb_may_write(bucket, "", account);
    serde_json::json!({"Version": "2012-10-17", "Statement": [statement]})
}

/// The two overlap in part: the Delete has looked, the Create turns logging on and is done, and the
/// Delete goes on with what it had seen.
#[tokio::test]
async fn what_the_create_did_after_the_delete_had_looked_is_undone_too() -> Result<()> {
    let mut lab = Lab::new().await?;
    lab.scale_out()?;
    let web = lab.customer.application_load_balancer("web").await?;
    let before = without_kept_buckets(&lab).await?;
    let mut stack = lab.stack("logs");
    let event = lab.create_event(&mut stack, &Launch::of(&[&web]))?;
    let mut creating = lab.proxy.hold("ModifyLoadBalancerAttributes");
    let create = lab.send(&event);
    let delete = async {
        creating.reached().await;
        let mut deleting = lab.proxy.hold("PutBucketNotificationConfiguration");
        let overlap = async {
            deleting.reached().await;
            creating.release();
            while lab.customer.attributes(&web).await?["access_logs.s3.enabled"] != "true" {
                tokio::task::yield_now().await;
            }
            deleting.release();
            anyhow::Ok(())
        };
        let (deleted, overlapped) = tokio::join!(lab.delete_invented(&stack), overlap);
        overlapped?;
        deleted
    };
    let (created, deleted) = tokio::join!(create, delete);
    let _ = created?;
    succeeded(&deleted?);
    assert_eq!(without_kept_buckets(&lab).await?, before);
    Ok(())
}
