//! A customer deletes the stack, and the account is as before.

use anyhow::Result;
use harness::cloudformation::{Lab, Launch, Stack};
use serde_json::json;

use crate::{bucket_of, failed_with, is_change, on_both, succeeded};

async fn launched(lab: &Lab) -> Result<(Stack, String, String)> {
    let web = lab.customer.application_load_balancer("web").await?;
    let mut stack = lab.stack("logs");
    let answer = lab.create(&mut stack, &Launch::of(&[&web])).await?;
    succeeded(&answer);
    Ok((stack, web, bucket_of(&answer).to_owned()))
}

#[tokio::test]
async fn logs_are_kept_and_the_answer_names_their_bucket() -> Result<()> {
    on_both(async |lab| {
        let (stack, _, bucket) = launched(lab).await?;
        let log =
            format!("AWSLogs/{0}/elasticloadbalancing/eu-west-1/x.log.gz", lab.customer.account);
        // As Elastic Load Balancing writes it, which the policy allows.
        lab.customer.put(&bucket, &log, b"log".to_vec()).await?;
        let answer = lab.delete(&stack).await?;
        succeeded(&answer);
        assert!(answer.reason.contains(&bucket), "{}", answer.reason);
        assert!(lab.customer.keys(&bucket).await?.contains(&log));
        let policy = lab.customer.policy(&bucket).await.to_string();
        assert!(!policy.contains("VendorRead") && !policy.contains("ElbWrite"), "{policy}");
        assert!(lab.customer.topics().await?.is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_bucket_without_logs_is_removed() -> Result<()> {
    on_both(async |lab| {
        let before = lab.customer.snapshot().await?;
        let (stack, web, bucket) = launched(lab).await?;
        lab.customer.empty(&bucket).await?;
        let answer = lab.delete(&stack).await?;
        succeeded(&answer);
        assert_eq!(answer.reason, "");
        lab.customer.aws.elb.delete_load_balancer().load_balancer_arn(&web).send().await?;
        assert_eq!(lab.customer.snapshot().await?, before);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn deleting_twice_is_deleting_once() -> Result<()> {
    on_both(async |lab| {
        let (stack, ..) = launched(lab).await?;
        succeeded(&lab.delete(&stack).await?);
        let after = lab.customer.snapshot().await?;
        succeeded(&lab.delete(&stack).await?);
        assert_eq!(lab.customer.snapshot().await?, after);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_id_that_is_not_ours_touches_nothing() -> Result<()> {
    on_both(async |lab| {
        let (stack, ..) = launched(lab).await?;
        let before = lab.customer.snapshot().await?;
        lab.proxy.forget_calls();
        for id in
            ["", "2026/11/21/[$LATEST]0123456789abcdef", "somebody-elses-id", "logs-Other-1AB"]
        {
            succeeded(&lab.delete_as(&stack, id).await?);
        }
        assert!(lab.proxy.calls().is_empty());
        assert_eq!(lab.customer.snapshot().await?, before);
        Ok(())
    })
    .await
}

/// CloudFormation invents an id when a Create never answered; what that Create made is still found.
#[tokio::test]
async fn an_id_that_cloudformation_invented_undoes_what_was_made() -> Result<()> {
    on_both(async |lab| {
        let (stack, web, _) = launched(lab).await?;
        succeeded(&lab.delete_invented(&stack).await?);
        assert!(lab.customer.topics().await?.is_empty());
        assert_eq!(lab.customer.attributes(&web).await?["access_logs.s3.enabled"], "false");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_failed_create_is_cleaned_up() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let before = lab.customer.snapshot().await?;
        let operations = [
            "CreateTopic",
            "CreateBucket",
            "Subscribe",
            "PutPublicAccessBlock",
            "PutBucketLifecycleConfiguration",
            "PutBucketPolicy",
            "PutBucketNotificationConfiguration",
            "ModifyLoadBalancerAttributes",
        ];
        for operation in operations {
            lab.proxy.fail(operation, 1, 400, "Refused", "refused for good");
            let answer = lab.create(&mut lab.stack("logs"), &Launch::of(&[&web])).await?;
            failed_with(&answer, operation);
            assert_eq!(lab.customer.snapshot().await?, before, "after {operation}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_the_customer_deleted_by_hand_is_not_missed() -> Result<()> {
    on_both(async |lab| {
        let customer = &lab.customer;
        let (stack, web, bucket) = launched(lab).await?;
        customer.empty(&bucket).await?;
        customer.aws.s3.delete_bucket().bucket(&bucket).send().await?;
        customer.aws.elb.delete_load_balancer().load_balancer_arn(&web).send().await?;
        succeeded(&lab.delete(&stack).await?);
        assert_eq!(customer.snapshot().await?, json!({}));
        Ok(())
    })
    .await
}

/// Without the topic there is no record of what was before; what provably points at our own bucket is
/// turned off, and what is provably ours in other buckets is taken out.
#[tokio::test]
async fn without_the_topic_logging_is_still_turned_off() -> Result<()> {
    on_both(async |lab| {
        let customer = &lab.customer;
        let (stack, web, bucket) = launched(lab).await?;
        let topic = customer.topics().await?[0].clone();
        customer.aws.sns.delete_topic().topic_arn(&topic).send().await?;
        succeeded(&lab.delete(&stack).await?);
        assert_eq!(customer.attributes(&web).await?["access_logs.s3.enabled"], "false");
        assert!(!customer.policy(&bucket).await.to_string().contains("VendorRead"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn without_the_topic_the_customers_bucket_is_still_cleared() -> Result<()> {
    on_both(async |lab| {
        let customer = &lab.customer;
        let web = customer.application_load_balancer("web").await?;
        let bucket = format!("theirs-{}", customer.account);
        customer.bucket(&bucket).await?;
        let mut stack = lab.stack("logs");
        succeeded(&lab.create(&mut stack, &Launch::of(&[&web]).into_bucket(&bucket)).await?);
        let topic = customer.topics().await?[0].clone();
        customer.aws.sns.delete_topic().topic_arn(&topic).send().await?;
        succeeded(&lab.delete(&stack).await?);
        assert!(!customer.policy(&bucket).await.to_string().contains("VendorRead"));
        assert!(customer.notifications(&bucket).await.is_empty());
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_same_stack_launched_again_gets_a_bucket_of_its_own() -> Result<()> {
    on_both(async |lab| {
        let (stack, web, first) = launched(lab).await?;
        succeeded(&lab.delete(&stack).await?);
        let mut again = lab.stack("logs");
        let answer = lab.create(&mut again, &Launch::of(&[&web])).await?;
        succeeded(&answer);
        assert_ne!(bucket_of(&answer), first);
        assert!(bucket_of(&answer).starts_with("dtlogs-"));
        Ok(())
    })
    .await
}

/// The same request once more, after its rollback left a bucket with test objects behind.
#[tokio::test]
async fn its_own_kept_bucket_is_found_again() -> Result<()> {
    on_both(async |lab| {
        let (mut stack, web, first) = launched(lab).await?;
        succeeded(&lab.delete(&stack).await?);
        let answer = lab.create(&mut stack, &Launch::of(&[&web])).await?;
        succeeded(&answer);
        assert_eq!(bucket_of(&answer), first);
        Ok(())
    })
    .await
}

/// After `DELETE_FAILED`, CloudFormation may have taken the role away: only what still sends data to the
/// vendor is worth that.
#[tokio::test]
async fn what_cannot_be_undone_is_named_and_the_rest_is_undone() -> Result<()> {
    let lab = Lab::new().await?;
    let (stack, web, bucket) = launched(&lab).await?;
    lab.proxy.fail("ModifyLoadBalancerAttributes", 1, 400, "OperationNotPermitted", "locked");
    let answer = lab.delete(&stack).await?;
    succeeded(&answer);
    assert!(answer.reason.contains(&web) && answer.reason.contains("locked"), "{}", answer.reason);
    let policy = lab.customer.policy(&bucket).await.to_string();
    // The load balancer still writes there: its bucket and permission stay, the vendor's go.
    assert!(policy.contains("ElbWrite") && !policy.contains("VendorRead"), "{policy}");
    assert!(lab.customer.topics().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn while_the_vendor_could_still_read_deleting_fails_and_can_be_tried_again() -> Result<()> {
    let lab = Lab::new().await?;
    let (stack, web, bucket) = launched(&lab).await?;
    lab.proxy.fail("PutBucketPolicy", 1, 400, "Refused", "not today");
    failed_with(&lab.delete(&stack).await?, "not today");
    assert_eq!(lab.customer.attributes(&web).await?["access_logs.s3.enabled"], "false");
    succeeded(&lab.delete(&stack).await?);
    assert!(!lab.customer.policy(&bucket).await.to_string().contains("VendorRead"));
    assert!(lab.customer.topics().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_read_does_not_keep_the_rest_from_being_undone() -> Result<()> {
    let lab = Lab::new().await?;
    let (stack, web, _) = launched(&lab).await?;
    lab.proxy.fail("GetBucketNotificationConfiguration", 1, 400, "Refused", "unreadable");
    failed_with(&lab.delete(&stack).await?, "unreadable");
    assert_eq!(lab.customer.attributes(&web).await?["access_logs.s3.enabled"], "false");
    succeeded(&lab.delete(&stack).await?);
    assert!(lab.customer.topics().await?.is_empty());
    Ok(())
}

/// Order: the load balancer first, the topic with the record last.
#[tokio::test]
async fn the_load_balancer_is_put_back_first_and_the_topic_goes_last() -> Result<()> {
    let lab = Lab::new().await?;
    let (stack, ..) = launched(&lab).await?;
    lab.proxy.forget_calls();
    succeeded(&lab.delete(&stack).await?);
    let calls = lab.proxy.calls();
    let changes: Vec<&str> =
        calls.iter().map(|call| call.operation.as_str()).filter(|name| is_change(name)).collect();
    assert_eq!(changes.first(), Some(&"ModifyLoadBalancerAttributes"), "{changes:?}");
    assert_eq!(changes.last(), Some(&"DeleteTopic"), "{changes:?}");
    Ok(())
}

/// A bucket that the customer closed to us may still be open to the vendor: that is said, and the rest
/// is undone.
#[tokio::test]
async fn a_bucket_that_may_not_be_looked_at_any_more_is_named() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let bucket = format!("theirs-{}", lab.customer.account);
    lab.customer.bucket(&bucket).await?;
    let mut stack = lab.stack("logs");
    succeeded(&lab.create(&mut stack, &Launch::of(&[&web]).into_bucket(&bucket)).await?);
    lab.proxy.fail("HeadBucket", 40, 403, "AccessDenied", "");
    failed_with(&lab.delete(&stack).await?, &bucket);
    assert_eq!(lab.customer.attributes(&web).await?["access_logs.s3.enabled"], "false");
    Ok(())
}
