//! The bucket is the customer's, and so is everything in its policy and notifications.

use anyhow::Result;
use aws_sdk_s3::types::{
    Event, EventBridgeConfiguration, FilterRule, FilterRuleName, LambdaFunctionConfiguration,
    NotificationConfiguration, NotificationConfigurationFilter, QueueConfiguration, S3KeyFilter,
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule, TopicConfiguration,
};
use harness::{
    cloudformation::{ENDPOINT, Lab, Launch, Stack, fresh_account},
    customer::{Clients, elb_may_write},
    emulators::{self, Kind},
};
use serde_json::{Value, json};

use crate::{failed_with, is_change, on_both, succeeded};

async fn bucket(lab: &Lab) -> Result<String> {
    let name = format!("central-logs-{}", lab.customer.account);
    lab.customer.bucket(&name).await?;
    Ok(name)
}

fn filter(prefix: &str, suffix: &str) -> NotificationConfigurationFilter {
    let mut key = S3KeyFilter::builder();
    for (name, value) in [(FilterRuleName::Prefix, prefix), (FilterRuleName::Suffix, suffix)] {
        if !value.is_empty() {
            key = key.filter_rules(FilterRule::builder().name(name).value(value).build());
        }
    }
    NotificationConfigurationFilter::builder().key(key.build()).build()
}

fn filter_if_any(prefix: &str, suffix: &str) -> Option<NotificationConfigurationFilter> {
    let any = !prefix.is_empty() || !suffix.is_empty();
    any.then(|| filter(prefix, suffix))
}

fn to_topic(id: &str, arn: &str, prefix: &str) -> TopicConfiguration {
    let rule = TopicConfiguration::builder().id(id).topic_arn(arn);
    rule.events(Event::S3ObjectCreated).set_filter(filter_if_any(prefix, "")).build().unwrap()
}

fn to_queue(id: &str, arn: &str, prefix: &str) -> QueueConfiguration {
    let rule = QueueConfiguration::builder().id(id).queue_arn(arn);
    rule.events(Event::S3ObjectCreated).set_filter(filter_if_any(prefix, "")).build().unwrap()
}

fn to_function(id: &str, arn: &str, prefix: &str) -> LambdaFunctionConfiguration {
    let rule = LambdaFunctionConfiguration::builder().id(id).lambda_function_arn(arn);
    rule.events(Event::S3ObjectCreated).set_filter(filter_if_any(prefix, ".json")).build().unwrap()
}

fn arn(lab: &Lab, service: &str, name: &str) -> String {
    format!("arn:aws:{service}:eu-west-1:{}:{name}", lab.customer.account)
}

async fn refused(lab: &Lab, launch: &Launch, words: &str) -> Result<()> {
    let before = lab.customer.snapshot().await?;
    lab.proxy.forget_calls();
    let answer = lab.create(&mut lab.stack("logs"), launch).await?;
    failed_with(&answer, words);
    assert_eq!(lab.customer.snapshot().await?, before);
    let calls = lab.proxy.calls();
    assert!(!calls.iter().any(|call| is_change(&call.operation)), "something was changed");
    Ok(())
}

/// Regression of other products: notifications wiped on Create or Delete, EventBridge dropped.
#[tokio::test]
async fn everything_foreign_is_equal_afterwards_through_create_update_and_delete() -> Result<()> {
    let lab = Lab::new().await?;
    let customer = &lab.customer;
    let (web, api) = (
        customer.application_load_balancer("web").await?,
        customer.application_load_balancer("api").await?,
    );
    let bucket = bucket(&lab).await?;
    let statements = json!([
        {"Sid": "Theirs", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
         "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": [format!("arn:aws:s3:::{bucket}")]},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject",
         "Resource": format!("arn:aws:s3:::{bucket}/*")},
    ]);
    customer
        .set_policy(&bucket, &json!({"Version": "2008-10-17", "Id": "x", "Statement": statements}))
        .await?;
    customer.topic("images").await?;
    let all = NotificationConfiguration::builder()
        .topic_configurations(to_topic("images", &arn(&lab, "sns", "images"), "images/"))
        .queue_configurations(to_queue("videos", &arn(&lab, "sqs", "videos"), "videos/"))
        .lambda_function_configurations(to_function(
            "json",
            &arn(&lab, "lambda", "function:f"),
            "data/",
        ))
        .event_bridge_configuration(EventBridgeConfiguration::builder().build());
    customer.set_notifications(&bucket, all.build()).await?;
    let before = customer.snapshot().await?;
    let foreign_of = async || -> Result<(Vec<Value>, usize)> {
        let policy = customer.policy(&bucket).await;
        let notifications = customer.notifications(&bucket).await;
        let theirs =
            notifications.iter().filter(|one| before.to_string().contains(&json!(one).to_string()));
        Ok((policy["Statement"].as_array().unwrap()[..2].to_vec(), theirs.count()))
    };
    let untouched = foreign_of().await?;
    assert_eq!(untouched.1, 4);

    let mut stack = lab.stack("logs");
    succeeded(&lab.create(&mut stack, &Launch::of(&[&web]).into_bucket(&bucket)).await?);
    assert_eq!(foreign_of().await?, untouched);
    succeeded(&lab.update(&mut stack, &Launch::of(&[&api]).into_bucket(&bucket).below("x")).await?);
    assert_eq!(foreign_of().await?, untouched);
    succeeded(&lab.delete(&stack).await?);
    let mut after = customer.snapshot().await?;
    // What load balancers wrote is the customer's to keep.
    after[format!("bucket {bucket}")]["objects"] = json!([]);
    assert_eq!(after, before);
    Ok(())
}

#[tokio::test]
async fn a_foreign_statement_that_has_our_sid_is_not_overwritten() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let bucket = bucket(lab).await?;
        // What our Sids will be is known only from a stack that ran: launch one, keep its policy.
        let mut stack = lab.stack("logs");
        succeeded(&lab.create(&mut stack, &Launch::of(&[&web]).into_bucket(&bucket)).await?);
        let mut policy = lab.customer.policy(&bucket).await;
        succeeded(&lab.delete(&stack).await?);
        for statement in policy["Statement"].as_array_mut().unwrap() {
            statement["Principal"] = json!({"AWS": "arn:aws:iam::999999999999:root"});
        }
        lab.customer.set_policy(&bucket, &policy).await?;
        let before = lab.customer.snapshot().await?;
        let answer = lab.create(&mut stack, &Launch::of(&[&web]).into_bucket(&bucket)).await?;
        failed_with(&answer, "which this stack needs and did not write");
        assert_eq!(lab.customer.snapshot().await?, before);
        Ok(())
    })
    .await
}

async fn with_topic_rule(lab: &Lab, prefix: &str) -> Result<(String, String)> {
    let bucket = bucket(lab).await?;
    let topic = lab.customer.topic("their-topic").await?;
    let all = NotificationConfiguration::builder();
    let all = all.topic_configurations(to_topic("theirs", &topic, prefix));
    lab.customer.set_notifications(&bucket, all.build()).await?;
    Ok((bucket, topic))
}

#[tokio::test]
async fn where_a_topic_is_told_of_every_log_already_that_topic_is_used() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let (bucket, topic) = with_topic_rule(lab, "AWSLogs/").await?;
        let before = lab.customer.snapshot().await?;
        let mut stack = lab.stack("logs");
        let answer = lab.create(&mut stack, &Launch::of(&[&web]).into_bucket(&bucket)).await?;
        succeeded(&answer);
        assert_eq!(answer.attribute("TopicArn"), topic);
        assert!(answer.attribute("Adopted").contains(&topic));
        assert_eq!(lab.customer.subscribers(&topic).await, [ENDPOINT]);
        assert_eq!(lab.customer.notifications(&bucket).await.len(), 1);
        succeeded(&lab.delete(&stack).await?);
        let mut after = lab.customer.snapshot().await?;
        after[format!("bucket {bucket}")]["objects"] = json!([]);
        assert_eq!(after, before);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_subscription_that_the_customer_had_made_himself_stays() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let (bucket, topic) = with_topic_rule(lab, "").await?;
        let sns = &lab.customer.aws.sns;
        sns.subscribe().topic_arn(&topic).protocol("https").endpoint(ENDPOINT).send().await?;
        let mut stack = lab.stack("logs");
        succeeded(&lab.create(&mut stack, &Launch::of(&[&web]).into_bucket(&bucket)).await?);
        succeeded(&lab.delete(&stack).await?);
        assert_eq!(lab.customer.subscribers(&topic).await, [ENDPOINT]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_rule_to_a_queue_or_function_in_the_way_is_named_and_nothing_is_changed() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let bucket = bucket(lab).await?;
        let launch = Launch::of(&[&web]).into_bucket(&bucket);
        let queue = NotificationConfiguration::builder().queue_configurations(to_queue(
            "their-queue-rule",
            &arn(lab, "sqs", "q"),
            "AWSLogs/",
        ));
        lab.customer.set_notifications(&bucket, queue.build()).await?;
        refused(lab, &launch, "'their-queue-rule'").await?;
        refused(lab, &launch, "Ways out:").await?;
        let mut rule = to_function("their-function-rule", &arn(lab, "lambda", "function:f"), "");
        rule.filter = None;
        let function = NotificationConfiguration::builder().lambda_function_configurations(rule);
        lab.customer.set_notifications(&bucket, function.build()).await?;
        refused(lab, &launch, "'their-function-rule'").await
    })
    .await
}

#[tokio::test]
async fn a_topic_that_is_told_of_only_some_logs_is_no_use_and_that_is_said() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let prefix = format!("AWSLogs/{}/elasticloadbalancing/eu-west-1/2026/", lab.customer.account);
    let (bucket, _) = with_topic_rule(&lab, &prefix).await?;
    refused(&lab, &Launch::of(&[&web]).into_bucket(&bucket), "only a part").await
}

#[tokio::test]
async fn a_foreign_notification_whose_topic_is_gone_does_not_stand_in_the_way() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let bucket = bucket(&lab).await?;
    let gone = arn(&lab, "sns", "deleted-long-ago");
    let all = NotificationConfiguration::builder();
    let all = all.topic_configurations(to_topic("stale", &gone, "images/"));
    lab.customer.set_notifications(&bucket, all.build()).await?;
    let before = lab.customer.notifications(&bucket).await;
    let mut stack = lab.stack("logs");
    succeeded(&lab.create(&mut stack, &Launch::of(&[&web]).into_bucket(&bucket)).await?);
    assert_eq!(lab.customer.notifications(&bucket).await.len(), 2);
    succeeded(&lab.delete(&stack).await?);
    assert_eq!(lab.customer.notifications(&bucket).await, before);
    Ok(())
}

#[tokio::test]
async fn a_bucket_in_another_account_is_refused_and_its_owners_part_is_told() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let stranger = fresh_account();
    let kind = Kind::Ministack { auth: false };
    let emulator = emulators::shared(kind);
    let theirs = Clients::new(emulator.port, kind, &stranger, "us-east-1").await?;
    let bucket = format!("of-a-stranger-{stranger}");
    theirs.s3.create_bucket().bucket(&bucket).send().await?;
    let launch = Launch::of(&[&web]).into_bucket(&bucket);
    refused(&lab, &launch, "the bucket's owner must let the vendor read it").await
}

#[tokio::test]
async fn a_bucket_in_another_region_is_refused() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let bucket = format!("far-away-{}", lab.customer.account);
        lab.customer.bucket_in(&bucket, "us-west-2").await?;
        refused(lab, &Launch::of(&[&web]).into_bucket(&bucket), "is in region us-west-2").await
    })
    .await
}

#[tokio::test]
async fn a_bucket_with_a_kms_key_is_refused_with_that_cause() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let bucket = bucket(lab).await?;
        let by =
            ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::AwsKms);
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(by.build()?)
            .build();
        let all = ServerSideEncryptionConfiguration::builder().rules(rule).build()?;
        let request = lab.customer.aws.s3.put_bucket_encryption().bucket(&bucket);
        request.server_side_encryption_configuration(all).send().await?;
        refused(lab, &Launch::of(&[&web]).into_bucket(&bucket), "encrypted with a KMS key").await
    })
    .await
}

#[tokio::test]
async fn a_bucket_that_does_not_exist_is_refused() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let launch = Launch::of(&[&web]).into_bucket("nobody-has-this-bucket-1b2c");
        refused(lab, &launch, "does not exist").await
    })
    .await
}

#[tokio::test]
async fn a_policy_that_would_grow_beyond_what_s3_takes_is_refused() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let bucket = bucket(lab).await?;
        let statement = |n: usize| {
            json!({"Sid": format!("Long{n}"), "Effect": "Deny", "Principal": "*", "Action": "s3:Put*",
                   "Resource": format!("arn:aws:s3:::{bucket}/{}/*", "x".repeat(400))})
        };
        let size = statement(10).to_string().len() + 1;
        let statements: Vec<Value> = (0..20_400 / size).map(statement).collect();
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        assert!(policy.to_string().len() < 20 * 1024);
        lab.customer.set_policy(&bucket, &policy).await?;
        refused(lab, &Launch::of(&[&web]).into_bucket(&bucket), "bytes, and S3 takes 20480").await
    })
    .await
}

/// A policy cannot be written conditionally; what somebody writes right after us is found by reading
/// back, and merged with.
#[tokio::test]
async fn a_policy_that_somebody_rewrites_under_our_hands_ends_with_both() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let bucket = bucket(&lab).await?;
    let theirs = elb_may_write(&bucket, "theirs", &lab.customer.account);
    let policy = json!({"Version": "2012-10-17", "Statement": [theirs]});
    let mut stack = lab.stack("logs");
    let event = lab.create_event(&mut stack, &Launch::of(&[&web]).into_bucket(&bucket))?;
    let mut written = lab.proxy.hold("PutBucketPolicy");
    let story = async {
        written.reached().await;
        // The next read is the one that looks at what was written.
        let mut read_back = lab.proxy.hold("GetBucketPolicy");
        written.release();
        read_back.reached().await;
        lab.customer.set_policy(&bucket, &policy).await?;
        read_back.release();
        anyhow::Ok(())
    };
    let (answer, told) = tokio::join!(lab.send(&event), story);
    told?;
    succeeded(&answer?);
    let after = lab.customer.policy(&bucket).await.to_string();
    assert!(after.contains("CustomersOwn") && after.contains("VendorRead"), "{after}");
    Ok(())
}

#[tokio::test]
async fn what_the_customer_adds_while_the_stack_lives_survives_its_deletion() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let bucket = bucket(lab).await?;
        let mut stack: Stack = lab.stack("logs");
        succeeded(&lab.create(&mut stack, &Launch::of(&[&web]).into_bucket(&bucket)).await?);
        let mut policy = lab.customer.policy(&bucket).await;
        let theirs = elb_may_write(&bucket, "theirs", &lab.customer.account);
        policy["Statement"].as_array_mut().unwrap().insert(0, theirs.clone());
        lab.customer.set_policy(&bucket, &policy).await?;
        succeeded(&lab.delete(&stack).await?);
        assert_eq!(lab.customer.policy(&bucket).await["Statement"], json!([theirs]));
        Ok(())
    })
    .await
}
