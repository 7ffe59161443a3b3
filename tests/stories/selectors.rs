//! Load balancers by tag, or all of a region.

use anyhow::Result;
use aws_sdk_elasticloadbalancingv2::types::Tag;
use harness::cloudformation::{Lab, Launch};

use crate::{on_both, succeeded};

#[tokio::test]
async fn all_load_balancers_of_the_region() -> Result<()> {
    on_both(async |lab| {
        let mut arns = Vec::new();
        for index in 0..4 {
            arns.push(lab.customer.application_load_balancer(&format!("web-{index}")).await?);
        }
        succeeded(&lab.create(&mut lab.stack("logs"), &Launch::of(&["all"])).await?);
        for arn in arns {
            assert_eq!(lab.customer.attributes(&arn).await?["access_logs.s3.enabled"], "true");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn only_those_with_a_tag() -> Result<()> {
    on_both(async |lab| {
        let customer = &lab.customer;
        let with = customer.application_load_balancer("with").await?;
        let without = customer.application_load_balancer("without").await?;
        let tag = Tag::builder().key("logs").value("yes").build();
        customer.aws.elb.add_tags().resource_arns(&with).tags(tag).send().await?;
        succeeded(&lab.create(&mut lab.stack("logs"), &Launch::of(&["tag:logs=yes"])).await?);
        assert_eq!(customer.attributes(&with).await?["access_logs.s3.enabled"], "true");
        assert_eq!(customer.attributes(&without).await?["access_logs.s3.enabled"], "false");
        Ok(())
    })
    .await
}

/// An organisation-wide `StackSet` reaches regions that have none.
#[tokio::test]
async fn a_region_without_load_balancers_succeeds_and_gets_no_bucket() -> Result<()> {
    let lab = Lab::new().await?;
    let mut stack = lab.stack("logs");
    let answer = lab.create(&mut stack, &Launch::of(&["all"])).await?;
    succeeded(&answer);
    assert_eq!(answer.attribute("LoadBalancers"), "none");
    assert!(lab.customer.buckets().await?.is_empty());
    succeeded(&lab.delete(&stack).await?);
    assert!(lab.customer.topics().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn twenty_five_load_balancers_do_not_take_twenty_five_turns() -> Result<()> {
    let lab = Lab::new().await?;
    for index in 0..25 {
        lab.customer.application_load_balancer(&format!("web-{index}")).await?;
    }
    let pause = std::time::Duration::from_millis(200);
    lab.proxy.slow("ModifyLoadBalancerAttributes", 25, pause);
    let mut stack = lab.stack("logs");
    succeeded(&lab.create(&mut stack, &Launch::of(&["all"]).only("access")).await?);
    let calls = lab.proxy.calls();
    let changes: Vec<_> =
        calls.into_iter().filter(|call| call.operation == "ModifyLoadBalancerAttributes").collect();
    assert_eq!(changes.len(), 25);
    assert!(
        harness::proxy::depth(changes.iter().map(harness::proxy::Seen::span)) <= 5,
        "{}",
        harness::proxy::depth(changes.iter().map(harness::proxy::Seen::span))
    );
    succeeded(&lab.delete(&stack).await?);
    Ok(())
}
