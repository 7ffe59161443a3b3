//! Whatever the properties hold, the answer names what is wrong and nothing is changed.

use anyhow::Result;
use harness::cloudformation::{Lab, Launch};
use serde_json::{Value, json};

use crate::{failed_with, is_change, succeeded};

fn hostile() -> Vec<Value> {
    vec![
        json!(""),
        json!([]),
        json!({}),
        json!({"Fn::Sub": "x"}),
        json!([["nested"]]),
        json!([null]),
        json!("../../etc/passwd"),
        json!("'; DROP TABLE customers; --"),
        json!("<script>alert(1)</script>"),
        json!("${jndi:ldap://x.test/a}"),
        json!("line\nbreak\u{0}"),
        json!("\u{202e}gnp.exe"),
        json!("x".repeat(5000)),
        json!("*"),
    ]
}

#[tokio::test]
async fn every_property_missing_empty_of_the_wrong_shape_or_hostile() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let before = lab.customer.snapshot().await?;
    let needed = ["LoadBalancers", "VendorAccountId", "NotificationEndpoint"];
    for name in templates::properties::ALL {
        for value in hostile().into_iter().chain([Value::Null]) {
            let mut stack = lab.stack("logs");
            let mut event = lab.create_event(&mut stack, &Launch::of(&[&web]))?;
            event["ResourceProperties"][name] = value.clone();
            let optional = !needed.contains(&name);
            let blank = value == json!("") || value.is_null() || value == json!([]);
            // A report is never worth a stack.
            let free = ["Version", "ReportUrl", "OnboardingToken"].contains(&name);
            if optional && (blank || free) {
                continue;
            }
            let answer = lab.send(&event).await?;
            assert!(answer.failed(), "{name} was taken: {value}");
            failed_with(&answer, &format!("Property {name}"));
        }
    }
    assert_eq!(lab.customer.snapshot().await?, before);
    let changes = lab.proxy.calls().iter().any(|call| is_change(&call.operation));
    assert!(!changes, "something was changed");
    Ok(())
}

#[tokio::test]
async fn no_properties_at_all() -> Result<()> {
    let lab = Lab::new().await?;
    let stack = lab.stack("logs");
    for fields in [
        vec![],
        vec![("ResourceProperties", json!("text"))],
        vec![("ResourceProperties", json!([]))],
    ] {
        let answer = lab.send(&lab.event("Create", &stack, &fields)).await?;
        failed_with(&answer, "Property");
    }
    Ok(())
}

/// Regression of another product: "false" as text counted as true. The properties have no boolean for
/// that reason; what comes as text, number or list is understood alike.
#[tokio::test]
async fn scalars_arrive_as_text_and_are_understood() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    for days in [json!("30"), json!(30)] {
        let mut stack = lab.stack("logs");
        let mut event = lab.create_event(&mut stack, &Launch::of(&[&web]))?;
        event["ResourceProperties"]["LogRetentionDays"] = days;
        event["ResourceProperties"]["SomethingNew"] = json!("false");
        let answer = lab.send(&event).await?;
        succeeded(&answer);
        stack.physical_id = Some(answer.physical_id.clone());
        let bucket = crate::bucket_of(&answer);
        let s3 = &lab.customer.aws.s3;
        let lifecycle = s3.get_bucket_lifecycle_configuration().bucket(bucket).send().await?;
        assert_eq!(
            lifecycle.rules()[0]
                .expiration()
                .and_then(aws_sdk_s3::types::LifecycleExpiration::days),
            Some(30)
        );
        succeeded(&lab.delete(&stack).await?);
    }
    Ok(())
}

/// And the text "false" of a load balancer's attribute is false.
#[tokio::test]
async fn logging_that_says_false_in_any_spelling_is_off() -> Result<()> {
    let lab = Lab::new().await?;
    for (index, off) in ["false", "False", "FALSE"].into_iter().enumerate() {
        let web = lab.customer.application_load_balancer(&format!("web-{index}")).await?;
        lab.customer.set_attributes(&web, &[("access_logs.s3.enabled", off)]).await?;
        succeeded(&lab.create(&mut lab.stack("logs"), &Launch::of(&[&web])).await?);
        assert_eq!(lab.customer.attributes(&web).await?["access_logs.s3.enabled"], "true");
    }
    Ok(())
}
