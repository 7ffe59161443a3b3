//! CloudFormation gets exactly one answer, whatever happens.

use std::time::Duration;

use anyhow::Result;
use harness::cloudformation::{AnswerFault, Lab, Launch};
use serde_json::json;

use crate::{bucket_of, failed_with, is_change, succeeded};

async fn create_with(faults: Vec<AnswerFault>) -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    lab.spoil_answers(faults);
    succeeded(&lab.create(&mut lab.stack("logs"), &Launch::of(&[&web])).await?);
    Ok(())
}

#[tokio::test]
async fn the_answer_is_sent_again_after_four_times_503() -> Result<()> {
    create_with(vec![AnswerFault::Status(503); 4]).await
}

#[tokio::test]
async fn the_answer_is_sent_again_when_the_connection_breaks() -> Result<()> {
    create_with(vec![AnswerFault::Reset, AnswerFault::Reset]).await
}

#[tokio::test]
async fn the_answer_is_sent_again_when_nothing_comes_back() -> Result<()> {
    create_with(vec![AnswerFault::Hang]).await
}

/// Regression of other products: 403 on the answer was taken as sent. Lambda's retry is the last hope,
/// so the function has to fail; the retry then finds everything done.
#[tokio::test]
async fn an_answer_that_was_refused_is_not_taken_as_sent() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let mut stack = lab.stack("logs");
    let event = lab.create_event(&mut stack, &Launch::of(&[&web]))?;
    lab.spoil_answers(vec![AnswerFault::Status(403)]);
    let error = lab.send_unanswerable(&event).await?;
    assert!(error.contains("refused with HTTP status 403"), "{error}");
    succeeded(&lab.send(&event).await?);
    assert_eq!(lab.customer.topics().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn the_same_event_twice_in_a_row_makes_one_of_everything() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let mut stack = lab.stack("logs");
    let event = lab.create_event(&mut stack, &Launch::of(&[&web]))?;
    let first = lab.send(&event).await?;
    let after = lab.customer.snapshot().await?;
    lab.proxy.forget_calls();
    let mut again = event.clone();
    again["ResponseURL"] =
        lab.create_event(&mut stack, &Launch::of(&[&web]))?["ResponseURL"].clone();
    let second = lab.send(&again).await?;
    assert_eq!(first, second);
    assert_eq!(lab.customer.snapshot().await?, after);
    let calls = lab.proxy.calls();
    let changes: Vec<_> = calls.iter().filter(|call| is_change(&call.operation)).collect();
    assert!(changes.is_empty(), "{changes:?}");
    Ok(())
}

#[tokio::test]
async fn the_same_event_twice_at_once_makes_one_of_everything() -> Result<()> {
    for _ in 0..5 {
        let mut lab = Lab::new().await?;
        lab.scale_out()?;
        let web = lab.customer.application_load_balancer("web").await?;
        let before = lab.customer.attributes(&web).await?;
        let mut stack = lab.stack("logs");
        let event = lab.create_event(&mut stack, &Launch::of(&[&web]))?;
        let mut twin = event.clone();
        twin["ResponseURL"] =
            lab.create_event(&mut stack, &Launch::of(&[&web]))?["ResponseURL"].clone();
        let (one, two) = tokio::join!(lab.send(&event), lab.send(&twin));
        let (one, two) = (one?, two?);
        succeeded(&one);
        assert_eq!(bucket_of(&one), bucket_of(&two));
        let topics = lab.customer.topics().await?;
        assert_eq!(topics.len(), 1);
        assert_eq!(lab.customer.subscribers(&topics[0]).await.len(), 1);
        assert_eq!(lab.customer.notifications(bucket_of(&one)).await.len(), 1);
        stack.physical_id = Some(one.physical_id);
        succeeded(&lab.delete(&stack).await?);
        assert_eq!(lab.customer.attributes(&web).await?, before);
    }
    Ok(())
}

/// Regression of other products: an id from the log stream changed with the container, and
/// CloudFormation deleted the live resource.
#[tokio::test]
async fn the_id_is_the_same_in_every_answer_of_every_container() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let mut stack = lab.stack("logs");
    let created = lab.create(&mut stack, &Launch::of(&[&web])).await?;
    let other = Lab::for_account(
        harness::emulators::shared(harness::emulators::Kind::Ministack { auth: false }),
        &lab.customer.account,
        "eu-west-1",
    )
    .await?;
    let updated = other.update(&mut stack, &Launch::of(&[&web]).only("access")).await?;
    assert_eq!(created.physical_id, updated.physical_id);
    let failed = lab.create_only(&mut stack, &Launch::of(&["nonsense"])).await?;
    assert_eq!(failed.physical_id, created.physical_id);
    Ok(())
}

/// Lambda would stop the function; it answers before that, with the reason.
#[tokio::test]
async fn when_time_runs_out_the_answer_says_so() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let mut stack = lab.stack("logs");
    let event = lab.create_event(&mut stack, &Launch::of(&[&web]))?;
    lab.proxy.slow("CreateBucket", 5, Duration::from_mins(1));
    let answer = lab.send_within(&event, Duration::from_secs(25)).await?;
    failed_with(&answer, "Time ran out while waiting for: AWS to answer");
    Ok(())
}

/// With less time than a change needs, none is begun.
#[tokio::test]
async fn no_change_is_begun_when_the_deadline_is_near() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let mut stack = lab.stack("logs");
    let event = lab.create_event(&mut stack, &Launch::of(&[&web]))?;
    let answer = lab.send_within(&event, Duration::from_secs(19)).await?;
    failed_with(&answer, "Time ran out while waiting for: create the SNS topic");
    assert!(lab.customer.topics().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_event_without_an_address_is_nobodys() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let mut stack = lab.stack("logs");
    let event = lab.create_event(&mut stack, &Launch::of(&[&web]))?;
    for address in
        [json!(null), json!(""), json!("http://192.0.2.1/x"), json!("https://vendor.test/x")]
    {
        let mut event = event.clone();
        event["ResponseURL"] = address;
        let error = lab.send_unanswerable(&event).await?;
        assert!(error.contains("cannot be answered"), "{error}");
    }
    assert!(lab.proxy.calls().is_empty());
    Ok(())
}

/// Somebody who may invoke the function cannot have it work for another account's stack.
#[tokio::test]
async fn an_event_of_another_account_or_region_is_not_worked_on() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let mut stack = lab.stack("logs");
    let event = lab.create_event(&mut stack, &Launch::of(&[&web]))?;
    for (from, to) in [(lab.customer.account.as_str(), "999999999999"), ("eu-west-1", "us-east-1")]
    {
        let mut event = event.clone();
        event["StackId"] = json!(stack.id.replace(from, to));
        let error = lab.send_unanswerable(&event).await?;
        assert!(error.contains("StackId names another account or region"), "{error}");
    }
    assert!(lab.proxy.calls().is_empty());
    Ok(())
}

#[tokio::test]
async fn an_envelope_with_holes_is_still_answered() -> Result<()> {
    let lab = Lab::new().await?;
    let stack = lab.stack("logs");
    let event = lab.event("Resurrect", &stack, &[]);
    failed_with(&lab.send(&event).await?, "RequestType is none of");
    let mut event = lab.event("Create", &stack, &[]);
    event["StackId"] = json!("not-an-arn");
    failed_with(&lab.send(&event).await?, "is not the ARN of a stack");
    Ok(())
}

/// Whoever has the address can answer in our place, so it is in no log, at any level; nor are the
/// token and the keys.
#[tokio::test]
async fn no_secret_is_ever_logged() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let mut stack = lab.stack("logs");
    let mut event = lab.create_event(&mut stack, &Launch::of(&[&web]))?;
    event["ResourceProperties"]["OnboardingToken"] = json!("canary-token");
    event["ResourceProperties"]["ReportUrl"] = json!("http://127.0.0.1:9/reports?canary-query");
    lab.spoil_answers(vec![AnswerFault::Status(503), AnswerFault::Reset]);
    lab.proxy.fail("CreateTopic", 1, 500, "InternalError", "trouble");
    succeeded(&lab.send(&event).await?);
    event["ResponseURL"] = json!("https://vendor.test/?X-Amz-Signature=canary");
    lab.send_unanswerable(&event).await?;
    let logs = lab.logs();
    assert!(logs.contains("answering"), "nothing was logged at all: {logs}");
    for secret in ["canary", "X-Amz-Signature", "secret"] {
        assert!(!logs.contains(secret), "{secret} is in the log:\n{logs}");
    }
    Ok(())
}
