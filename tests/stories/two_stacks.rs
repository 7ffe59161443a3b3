//! Two stacks in one account and region.

use std::collections::BTreeSet;

use anyhow::Result;
use aws_sdk_s3::types::{Event, NotificationConfiguration, TopicConfiguration};
use harness::cloudformation::{ENDPOINT, Lab, Launch, Stack};
use serde_json::{Value, json};

use crate::{on_both, succeeded};

/// Where the vendor moves to.
const NEW: &str = "https://new.vendor.test/sns";

async fn launched(lab: &Lab, name: &str, launch: &Launch) -> Result<Stack> {
    let mut stack = lab.stack(name);
    succeeded(&lab.create(&mut stack, launch).await?);
    Ok(stack)
}

/// The account without the objects in its buckets.
async fn apart_from_logs(lab: &Lab) -> Result<Value> {
    let mut all = lab.customer.snapshot().await?;
    for (name, state) in all.as_object_mut().unwrap() {
        if name.starts_with("bucket ") {
            state["objects"] = json!([]);
        }
    }
    Ok(all)
}

#[tokio::test]
async fn each_with_its_own_load_balancer_do_not_know_of_each_other() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let api = lab.customer.application_load_balancer("api").await?;
        let first = launched(lab, "first", &Launch::of(&[&web])).await?;
        let second = launched(lab, "second", &Launch::of(&[&api])).await?;
        succeeded(&lab.delete(&first).await?);
        assert_eq!(lab.customer.attributes(&api).await?["access_logs.s3.enabled"], "true");
        assert_eq!(lab.customer.topics().await?.len(), 1);
        succeeded(&lab.delete(&second).await?);
        assert!(lab.customer.topics().await?.is_empty());
        Ok(())
    })
    .await
}

/// Events of one bucket can go to one topic only: the second stack listens to the first one's. The
/// first may be deleted first; the second goes on, and puts everything back when it goes.
#[tokio::test]
async fn on_the_same_bucket_the_first_to_go_does_not_cut_the_other_off() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let api = lab.customer.application_load_balancer("api").await?;
        let bucket = format!("shared-{}", lab.customer.account);
        lab.customer.bucket(&bucket).await?;
        let before = apart_from_logs(lab).await?;
        let first = launched(lab, "first", &Launch::of(&[&web]).into_bucket(&bucket)).await?;
        let alone = apart_from_logs(lab).await?;
        let second = launched(lab, "second", &Launch::of(&[&api]).into_bucket(&bucket)).await?;

        let answer = lab.delete(&first).await?;
        succeeded(&answer);
        assert!(answer.reason.contains(&second.id), "{}", answer.reason);
        assert_eq!(lab.customer.notifications(&bucket).await.len(), 1);
        assert_eq!(lab.customer.attributes(&api).await?["access_logs.s3.enabled"], "true");
        succeeded(&lab.delete(&second).await?);
        assert_eq!(apart_from_logs(lab).await?, before);

        // And the other way round.
        let first = launched(lab, "first", &Launch::of(&[&web]).into_bucket(&bucket)).await?;
        let second = launched(lab, "second", &Launch::of(&[&api]).into_bucket(&bucket)).await?;
        succeeded(&lab.delete(&second).await?);
        assert_eq!(apart_from_logs(lab).await?.to_string().len(), alone.to_string().len());
        succeeded(&lab.delete(&first).await?);
        assert_eq!(apart_from_logs(lab).await?, before);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn on_the_same_load_balancer_it_logs_until_both_are_gone() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let before = lab.customer.attributes(&web).await?;
        let first = launched(lab, "first", &Launch::of(&[&web])).await?;
        let second = launched(lab, "second", &Launch::of(&[&web])).await?;
        let logging = lab.customer.attributes(&web).await?;
        succeeded(&lab.delete(&first).await?);
        assert_eq!(lab.customer.attributes(&web).await?, logging);
        succeeded(&lab.delete(&second).await?);
        assert_eq!(lab.customer.attributes(&web).await?, before);
        assert!(lab.customer.topics().await?.is_empty());
        for bucket in lab.customer.buckets().await? {
            assert!(!lab.customer.policy(&bucket).await.to_string().contains("VendorRead"));
        }
        Ok(())
    })
    .await
}

/// A bucket of the customer's, and the topic of his that it tells of every object.
async fn bucket_that_tells_a_topic(lab: &Lab) -> Result<(String, String)> {
    let bucket = format!("shared-{}", lab.customer.account);
    lab.customer.bucket(&bucket).await?;
    let topic = lab.customer.topic("theirs").await?;
    let rule = TopicConfiguration::builder().id("theirs").topic_arn(&topic);
    let rule = rule.events(Event::S3ObjectCreated).build()?;
    let all = NotificationConfiguration::builder().topic_configurations(rule).build();
    lab.customer.set_notifications(&bucket, all).await?;
    Ok((bucket, topic))
}

/// A bucket named by both, whose notifications go to a topic of the customer's: one subscription
/// serves both, and the last to go removes it.
#[tokio::test]
async fn on_a_topic_of_the_customers_the_last_to_go_ends_the_subscription() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let api = lab.customer.application_load_balancer("api").await?;
        let (bucket, topic) = bucket_that_tells_a_topic(lab).await?;
        let first = launched(lab, "first", &Launch::of(&[&web]).into_bucket(&bucket)).await?;
        let second = launched(lab, "second", &Launch::of(&[&api]).into_bucket(&bucket)).await?;
        succeeded(&lab.delete(&first).await?);
        assert_eq!(lab.customer.subscribers(&topic).await.len(), 1);
        succeeded(&lab.delete(&second).await?);
        assert!(lab.customer.subscribers(&topic).await.is_empty());
        Ok(())
    })
    .await
}

async fn told(lab: &Lab, topic: &str) -> BTreeSet<String> {
    lab.customer.subscribers(topic).await.into_iter().collect()
}

/// The same when the first moves to another bucket instead of going, or hears of another address.
#[tokio::test]
async fn on_a_topic_of_the_customers_an_update_leaves_the_other_its_subscription() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let api = lab.customer.application_load_balancer("api").await?;
        let other = format!("other-{}", lab.customer.account);
        lab.customer.bucket(&other).await?;
        let (bucket, topic) = bucket_that_tells_a_topic(lab).await?;
        let (one, two) =
            (Launch::of(&[&web]).into_bucket(&bucket), Launch::of(&[&api]).into_bucket(&bucket));
        let mut first = launched(lab, "first", &one).await?;
        let mut second = launched(lab, "second", &two).await?;
        let at_new_address = |mut launch: Launch| {
            NEW.clone_into(&mut launch.endpoint);
            launch
        };
        succeeded(&lab.update(&mut first, &at_new_address(one)).await?);
        assert_eq!(told(lab, &topic).await, [NEW, ENDPOINT].map(str::to_owned).into());
        let away = at_new_address(Launch::of(&[&web]).into_bucket(&other));
        succeeded(&lab.update(&mut first, &away).await?);
        assert!(told(lab, &topic).await.contains(ENDPOINT));
        succeeded(&lab.update(&mut second, &at_new_address(two)).await?);
        assert_eq!(told(lab, &topic).await, [NEW.to_owned()].into());
        succeeded(&lab.delete(&second).await?);
        succeeded(&lab.delete(&first).await?);
        assert!(told(lab, &topic).await.is_empty());
        Ok(())
    })
    .await
}

/// An update takes away what the stack itself no longer needs, but not what another one listens to.
#[tokio::test]
async fn an_update_of_the_first_does_not_cut_the_second_off() -> Result<()> {
    on_both(async |lab| {
        let web = lab.customer.application_load_balancer("web").await?;
        let api = lab.customer.application_load_balancer("api").await?;
        let (one, two) =
            (format!("one-{}", lab.customer.account), format!("two-{}", lab.customer.account));
        lab.customer.bucket(&one).await?;
        lab.customer.bucket(&two).await?;
        let before = apart_from_logs(lab).await?;
        let mut first = launched(lab, "first", &Launch::of(&[&web]).into_bucket(&one)).await?;
        let second = launched(lab, "second", &Launch::of(&[&api]).into_bucket(&one)).await?;
        let topic = lab
            .customer
            .topics()
            .await?
            .into_iter()
            .find(|arn| first.id.rsplit('/').next().is_some_and(|guid| arn.contains(guid)));
        let topic = topic.unwrap_or_default();
        let listening = lab.customer.subscribers(&topic).await;
        for _ in 0..2 {
            succeeded(&lab.update(&mut first, &Launch::of(&[&web]).into_bucket(&two)).await?);
            assert_eq!(lab.customer.notifications(&one).await.len(), 1);
            assert_eq!(lab.customer.subscribers(&topic).await, listening);
            let policy = lab.customer.policy(&one).await.to_string();
            assert!(policy.contains("ElbWrite"), "{policy}");
        }
        succeeded(&lab.delete(&second).await?);
        succeeded(&lab.delete(&first).await?);
        assert_eq!(apart_from_logs(lab).await?, before);
        Ok(())
    })
    .await
}

/// The last of three listens to the second, which listened to the first.
#[tokio::test]
async fn the_last_of_three_in_a_row_puts_everything_back() -> Result<()> {
    let lab = Lab::new().await?;
    let customer = &lab.customer;
    let (one, two) = (format!("one-{}", customer.account), format!("two-{}", customer.account));
    customer.bucket(&one).await?;
    customer.bucket(&two).await?;
    let statement = harness::customer::elb_may_write(&two, "", &customer.account);
    customer.set_policy(&two, &json!({"Version": "2012-10-17", "Statement": [statement]})).await?;
    let mut arns = Vec::new();
    for name in ["x", "y", "z", "w"] {
        arns.push(customer.application_load_balancer(name).await?);
    }
    customer.log_to(&arns[1], &two, "").await?;
    let before = apart_from_logs(&lab).await?;
    let a = launched(&lab, "a", &Launch::of(&[&arns[0]]).into_bucket(&one).only("access")).await?;
    // Its own rule on the second bucket, and an ear on the first one's topic for the other.
    let both = Launch::of(&[&arns[1], &arns[2]]).into_bucket(&one).only("access");
    let b = launched(&lab, "b", &both).await?;
    let c = launched(&lab, "c", &Launch::of(&[&arns[3]]).into_bucket(&two).only("access")).await?;
    for stack in [&a, &b, &c] {
        succeeded(&lab.delete(stack).await?);
    }
    assert_eq!(apart_from_logs(&lab).await?, before);
    Ok(())
}
