//! Wrong use, and credentials that cannot look: neither is a finding.

use anyhow::Result;
use harness::{
    cloudformation::{Lab, Launch},
    preflight::Preflight,
};

use super::only_looked;

#[tokio::test]
async fn credentials_that_may_not_look_are_told_what_they_lack() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    let words = "is not authorized to perform";
    lab.proxy.fail("DescribeLoadBalancerAttributes", 9, 403, "AccessDenied", words);
    let launch = Launch::of(&[&web]);
    let said = Preflight::of(&lab, &launch).text().await?;
    assert_eq!((said.status, said.text.as_str()), (2, ""));
    assert!(said.complaint.contains("Your credentials may not look"), "{}", said.complaint);
    let action = "needs elasticloadbalancing:DescribeLoadBalancerAttributes";
    assert!(said.complaint.contains(action), "{}", said.complaint);
    let (status, document) = Preflight::of(&lab, &launch).json().await?;
    assert_eq!(status, 2);
    assert!(document["error"].as_str().is_some_and(|words| words.contains(action)));
    only_looked(&lab);
    Ok(())
}

/// A stack that is not there yet has no bucket, even for somebody whom S3 tells nothing.
#[tokio::test]
async fn credentials_that_may_not_list_buckets_do_not_look_like_a_taken_name() -> Result<()> {
    let lab = Lab::new().await?;
    let web = lab.customer.application_load_balancer("web").await?;
    lab.proxy.fail("HeadBucket", 9, 403, "AccessDenied", "");
    let (status, document) = Preflight::of(&lab, &Launch::of(&[&web])).json().await?;
    assert_eq!(status, 0, "{document:#}");
    Ok(())
}

#[tokio::test]
async fn wrong_use_is_neither_a_yes_nor_a_no() -> Result<()> {
    let lab = Lab::new().await?;
    let launch = Launch::of(&["all"]);
    for (option, value, words) in [
        ("--template", "/nowhere/template.yaml", "cannot be read"),
        ("--launch-role", "the-launch-role", "is not the ARN of a role"),
        ("--stack-name", "a/b", "cannot be the name of a stack"),
        ("--colour", "blue", "unexpected argument"),
    ] {
        let launch = if option == "--template" {
            Preflight::bare(&lab, &launch)
        } else {
            Preflight::of(&lab, &launch)
        };
        let said = launch.with(option, value).text().await?;
        assert_eq!(said.status, 2, "{option}: {said:?}");
        assert!(said.complaint.contains(words), "{option}: {}", said.complaint);
    }
    Ok(())
}

#[tokio::test]
async fn without_the_vendors_template_it_says_what_is_a_placeholder() -> Result<()> {
    let lab = Lab::new().await?;
    let launch = Launch::of(&["all"]);
    let said = Preflight::bare(&lab, &launch).text().await?;
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.text.contains("The template names no vendor"), "{}", said.text);
    assert!(said.text.contains("No load balancer is chosen"), "{}", said.text);
    let account = "222233334444";
    let told = Preflight::bare(&lab, &launch)
        .with("--vendor-account-id", account)
        .with("--notification-endpoint", "https://intake.vendor.test/x")
        .text()
        .await?;
    assert!(told.text.contains("https://intake.vendor.test/x"), "{}", told.text);
    assert!(!told.text.contains("names no vendor"), "{}", told.text);
    Ok(())
}
