//! A customer launches the stack.

use anyhow::Result;
use aws_sdk_s3::types::ObjectOwnership;
use harness::{
    cloudformation::{ENDPOINT, Lab, Launch, VENDOR},
    proxy,
};
use serde_json::Value;

use crate::{bucket_of, on_both, succeeded};

#[tokio::test]
async fn one_load_balancer_whose_logging_is_off_logs_to_a_new_bucket() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let answer = lab.create(&mut lab.stack("logs"), &Launch::of(&[&web])).await?;
        succeeded(&answer);
        let bucket = bucket_of(&answer);
        let attributes = lab.customer.attributes(&web).await?;
        for kind in ["access_logs", "connection_logs", "health_check_logs"] {
            assert_eq!(attributes[&format!("{kind}.s3.enabled")], "true", "{kind}");
            assert_eq!(attributes[&format!("{kind}.s3.bucket")], bucket, "{kind}");
        }
        let topic = answer.attribute("TopicArn");
        assert_eq!(lab.customer.subscribers(topic).await, [ENDPOINT]);
        assert!(lab.customer.notifications(bucket).await[0].contains(topic));
        let created = answer.attribute("Created");
        assert!(created.starts_with(&format!("bucket {bucket} (stays while logs are in it")));
        assert!(created.ends_with(&format!("topic {topic}")), "{created}");
        assert_eq!(answer.attribute("Adopted"), "none");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_new_bucket_is_closed_to_everybody_but_the_vendor() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let mut launch = Launch::of(&[&web]);
        launch.retention = "42".to_owned();
        let answer = lab.create(&mut lab.stack("logs"), &launch).await?;
        let (s3, bucket) = (&lab.customer.aws.s3, bucket_of(&answer));
        let block = s3.get_public_access_block().bucket(bucket).send().await?;
        let block = format!("{:?}", block.public_access_block_configuration());
        assert_eq!(block.matches("Some(true)").count(), 4, "{block}");
        let owner = s3.get_bucket_ownership_controls().bucket(bucket).send().await?;
        let rules = owner.ownership_controls().map(|all| all.rules()[0].object_ownership().clone());
        assert_eq!(rules, Some(ObjectOwnership::BucketOwnerEnforced));
        let lifecycle = s3.get_bucket_lifecycle_configuration().bucket(bucket).send().await?;
        assert_eq!(
            lifecycle.rules()[0]
                .expiration()
                .and_then(aws_sdk_s3::types::LifecycleExpiration::days),
            Some(42)
        );
        for statement in lab.customer.policy(bucket).await["Statement"].as_array().unwrap() {
            match statement["Effect"].as_str() {
                Some("Deny") => {
                    assert_eq!(statement["Condition"]["Bool"]["aws:SecureTransport"], "false");
                }
                _ => assert_is_narrow(statement, bucket),
            }
        }
        Ok(())
    })
    .await
}

fn assert_is_narrow(statement: &Value, bucket: &str) {
    let itself = format!("arn:aws:s3:::{bucket}");
    let resource = statement["Resource"].as_str().unwrap_or_default();
    match statement["Action"].as_str().unwrap_or_default() {
        "s3:PutObject" => assert!(resource.contains("/AWSLogs/"), "{statement}"),
        "s3:GetObject" => {
            assert_eq!(statement["Principal"]["AWS"], format!("arn:aws:iam::{VENDOR}:root"));
            assert!(resource.ends_with("/elasticloadbalancing/*"), "{statement}");
        }
        "s3:ListBucket" => {
            assert_eq!(resource, itself);
            assert!(statement["Condition"]["StringLike"]["s3:prefix"].is_string(), "{statement}");
        }
        other => panic!("nobody needs {other}"),
    }
}

#[tokio::test]
async fn of_three_load_balancers_the_one_that_logs_already_is_left_alone() -> Result<()> {
    on_both(async |lab| {
        let customer = &lab.customer;
        let off = customer.application_load_balancer("off").await?;
        let network = customer.network_load_balancer("tcp").await?;
        let logging = customer.application_load_balancer("logging").await?;
        let own = format!("logs-of-{}", customer.account);
        customer.bucket(&own).await?;
        let may_write = harness::customer::elb_may_write(&own, "team", &customer.account);
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [may_write]});
        customer.set_policy(&own, &policy).await?;
        customer.log_to(&logging, &own, "team").await?;
        let before = customer.attributes(&logging).await?;

        let launch = Launch::of(&[&off, &network, &logging]).only("access");
        let answer = lab.create(&mut lab.stack("logs"), &launch).await?;
        succeeded(&answer);
        assert_eq!(customer.attributes(&logging).await?, before);
        assert_eq!(customer.attributes(&off).await?["access_logs.s3.enabled"], "true");
        assert_eq!(customer.attributes(&network).await?["access_logs.s3.enabled"], "true");
        assert_eq!(answer.attribute("Adopted"), format!("bucket {own}"));
        assert!(bucket_of(&answer).contains(&own));
        let lines = answer.attribute("LoadBalancers");
        assert!(lines.contains(&format!("logged already to {own}")), "{lines}");
        let policy = customer.policy(&own).await.to_string();
        assert!(
            policy.contains(&format!(
                "{own}/team/AWSLogs/{}/elasticloadbalancing/*",
                customer.account
            ))
        );
        Ok(())
    })
    .await
}

#[tokio::test]
async fn all_four_kinds_of_logs_are_turned_on_in_one_stack() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let tcp = lab.customer.network_load_balancer("tcp").await?;
        let answer = lab.create(&mut lab.stack("logs"), &Launch::of(&[&web, &tcp])).await?;
        succeeded(&answer);
        let lines = answer.attribute("LoadBalancers");
        assert!(lines.contains("turned on access+connection+health-check"), "{lines}");
        assert!(
            lines.contains("net/tcp/") && lines.contains(": turned on access,")
                || lines.ends_with("access")
        );
        Ok(())
    })
    .await
}

/// Counted on the wire, so that a later change is held against it.
#[tokio::test]
async fn a_plain_create_makes_few_calls_and_few_of_them_wait() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    for operation in ["CreateTopic", "CreateBucket", "Subscribe", "SetTopicAttributes"] {
        lab.proxy.slow(operation, 1, std::time::Duration::from_millis(100));
    }
    let answer = lab.create(&mut lab.stack("logs"), &Launch::of(&[&web])).await?;
    succeeded(&answer);
    let calls = lab.proxy.calls();
    let names: Vec<&str> = calls.iter().map(|call| call.operation.as_str()).collect();
    // One more than on AWS, where a new bucket is closed to the public from the beginning.
    assert!(calls.len() <= 14, "{} calls: {names:?}", calls.len());
    assert!(
        proxy::depth(calls.iter().map(harness::proxy::Seen::span)) <= 10,
        "{} deep: {names:?}",
        proxy::depth(calls.iter().map(harness::proxy::Seen::span))
    );
    Ok(())
}

#[tokio::test]
async fn logs_of_a_load_balancer_that_is_slow_to_see_its_bucket_are_turned_on_all_the_same()
-> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let words = "Access Denied for bucket: x. Please check S3bucket permission";
    lab.proxy.fail("ModifyLoadBalancerAttributes", 2, 400, "InvalidConfigurationRequest", words);
    lab.proxy.fail("PutBucketPolicy", 1, 409, "OperationAborted", "A conflicting operation");
    lab.proxy.fail("CreateTopic", 1, 403, "AuthorizationError", "the role is new");
    let answer = lab.create(&mut lab.stack("logs"), &Launch::of(&[&web])).await?;
    succeeded(&answer);
    Ok(())
}
