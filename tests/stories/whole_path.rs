//! The customer launches the real templates, and the release zip does the work under its own role.

use std::sync::OnceLock;

use anyhow::Result;
use harness::{
    package::{self, Package},
    whole_path::WholePath,
};
use templates::catalog::{LOGS_ANALYSIS_ONBOARDING, STACK_LAUNCH_ROLE};

fn packaged() -> &'static Package {
    static PACKAGE: OnceLock<Package> = OnceLock::new();
    PACKAGE.get_or_init(|| package::build().expect("the handler is packaged"))
}

#[test]
fn the_zip_is_small_and_starts_on_amazon_linux_2023() {
    let package = packaged();
    assert!(package.zip_bytes <= package::MAX_ZIP, "{} bytes", package.zip_bytes);
    assert!(package.glibc <= package::MAX_GLIBC, "{:?}", package.glibc);
}

/// No name of the call that deletes objects is in what runs in the customer's account.
#[test]
fn the_binary_cannot_delete_an_object() -> Result<()> {
    packaged();
    let binary = std::fs::read(harness::target().join("release/bootstrap"))?;
    let has = |text: &str| binary.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("DeleteTopic"), "the binary's names cannot be read this way");
    assert!(!has("DeleteObject"), "the call that deletes objects is in the binary");
    Ok(())
}

#[tokio::test]
async fn launched_updated_and_deleted_through_the_launch_role() -> Result<()> {
    let path = WholePath::start(packaged()).await?;
    let customer = &path.customer;
    let web = customer.application_load_balancer("web").await?;
    let before = customer.snapshot().await?;
    let role = path.launch("launch-role", STACK_LAUNCH_ROLE, &[], None, |_| {}).await?;
    assert_eq!(role.status, "CREATE_COMPLETE");
    let roles = path.roles().await?;

    let parameters = [("LoadBalancers", web.as_str())];
    let role = role.outputs.get("LaunchRoleArn").map(String::as_str);
    let name = "logs-analysis-acme";
    let stack = path.launch(name, LOGS_ANALYSIS_ONBOARDING, &parameters, role, |_| {}).await?;
    assert_eq!(stack.status, "CREATE_COMPLETE", "{:#?}", path.proxy.calls());
    for attribute in templates::properties::ATTRIBUTES {
        assert!(stack.outputs.contains_key(attribute), "no output {attribute}");
    }
    assert_eq!(customer.attributes(&web).await?["access_logs.s3.enabled"], "true");

    let bucket = stack.outputs["Buckets"].clone();
    let topic = path.vendor.confirm().await?;
    assert_eq!(topic, stack.outputs["TopicArn"]);
    let folder = format!("AWSLogs/{}/elasticloadbalancing/eu-west-1", customer.account);
    let key = format!("{folder}/2026/11/21/x.log.gz");
    customer.put(&bucket, &key, b"log".to_vec()).await?;
    assert_eq!(path.vendor.hears_of(&key).await?, (bucket.clone(), key.clone()));
    assert_eq!(path.vendor.read(&bucket, &key).await?, b"log");
    let s3 = &path.vendor.aws.s3;
    let put = s3.put_object().bucket(&bucket).key(&key).body(Vec::new().into()).send().await;
    assert!(put.is_err(), "the vendor may write");
    assert!(s3.list_objects_v2().bucket(&bucket).send().await.is_err(), "the vendor may list all");
    let within = s3.list_objects_v2().bucket(&bucket).prefix(format!("{folder}/")).send().await;
    assert!(within.is_ok(), "the vendor may not list logs");

    let parameters = [("LoadBalancers", web.as_str()), ("LogRetentionDays", "30")];
    let updated = path.update(name, LOGS_ANALYSIS_ONBOARDING, &parameters).await?;
    assert_eq!(updated.status, "UPDATE_COMPLETE", "{updated:?}");
    let deleted = path.delete(name, |_| {}).await?;
    assert_eq!(deleted.status, "DELETE_COMPLETE");
    assert!(path.vendor.read(&bucket, &key).await.is_err(), "the vendor may still read");
    let mut after = customer.snapshot().await?;
    after.as_object_mut().unwrap().remove(&format!("bucket {bucket}"));
    assert_eq!(after, before);
    assert_eq!(path.roles().await?, roles);
    assert_eq!(path.proxy.violations(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn what_is_refused_is_read_in_the_stack_event() -> Result<()> {
    let path = WholePath::start(packaged()).await?;
    let gone = path.customer.application_load_balancer("gone").await?;
    let elb = &path.customer.aws.elb;
    elb.delete_load_balancer().load_balancer_arn(&gone).send().await?;
    let before = path.customer.snapshot().await?;
    let mut reasons = Vec::new();
    let parameters = [("LoadBalancers", gone.as_str())];
    let stack = path
        .launch("logs-analysis", LOGS_ANALYSIS_ONBOARDING, &parameters, None, |event| {
            reasons.extend(event.resource_status_reason().map(str::to_owned));
        })
        .await?;
    assert_eq!(stack.status, "ROLLBACK_COMPLETE");
    let said = reasons.iter().any(|reason| reason.contains("does not exist. Copy its ARN"));
    assert!(said, "{reasons:?}");
    assert_eq!(path.customer.snapshot().await?, before);
    Ok(())
}
