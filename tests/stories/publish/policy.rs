use anyhow::Result;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use harness::cloudformation::fresh_account;
use serde_json::json;
use templates::catalog::{ALL, AWS_ROLES, program_key};

use super::bench::Bench;

const REGION: &str = "eu-west-1";

/// The call was not allowed.
fn denied<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    outcome: Result<T, SdkError<E>>,
) {
    let error = outcome.expect_err("it was allowed");
    let status = error.raw_response().map(|response| response.status().as_u16());
    assert_eq!(status, Some(403), "{error:?}");
}

#[tokio::test]
async fn a_customer_may_read_what_was_published_by_its_key_and_do_nothing_else() -> Result<()> {
    let bench = Bench::new().await?;
    bench.published(&[REGION]).await?;
    let bucket = bench.bucket(REGION);
    let own = bench.clients(&bench.account, REGION).await?.s3;
    let notes = own.put_object().bucket(&bucket).key("notes.txt").body(b"own".to_vec().into());
    notes.if_none_match("*").send().await?;
    let customer = bench.clients(&fresh_account(), REGION).await?.s3;
    let keys = ALL.map(|template| template.key());
    for key in keys.into_iter().chain([
        program_key("bootstrap"),
        program_key("preflight"),
        AWS_ROLES.key(),
    ]) {
        customer.get_object().bucket(&bucket).key(&key).send().await?;
    }

    let key = ALL[0].key();
    denied(customer.get_object().bucket(&bucket).key("notes.txt").send().await);
    denied(customer.list_objects_v2().bucket(&bucket).send().await);
    denied(customer.list_object_versions().bucket(&bucket).send().await);
    denied(customer.put_object().bucket(&bucket).key(&key).send().await);
    denied(customer.put_object().bucket(&bucket).key("logs-analysis/new").send().await);
    denied(customer.delete_object().bucket(&bucket).key(&key).send().await);
    denied(customer.get_object_acl().bucket(&bucket).key(&key).send().await);
    denied(customer.get_bucket_policy().bucket(&bucket).send().await);
    denied(customer.delete_bucket_policy().bucket(&bucket).send().await);
    denied(customer.get_bucket_versioning().bucket(&bucket).send().await);
    denied(customer.delete_bucket().bucket(&bucket).send().await);
    Ok(())
}

/// The emulator lets an account's root do anything, and does not know what `s3:if-none-match` is: to it
/// every upload by somebody else lacks it. What AWS makes of it is as the policy's own test has it; that
/// each upload of ours carries the header, the gate checks.
#[tokio::test]
async fn nobody_else_of_the_account_overwrites_or_deletes_what_was_published() -> Result<()> {
    let bench = Bench::new().await?;
    bench.published(&[REGION]).await?;
    let (bucket, key) = (bench.bucket(REGION), ALL[0].key());
    let published = bench.object(REGION, &key).await?;
    let everything = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]
    });
    let colleague = bench.user(REGION, &everything).await?.s3;
    let answer = colleague.get_object().bucket(&bucket).key(&key).send().await?;
    assert!(answer.body.collect().await?.to_vec() == published);
    denied(colleague.put_object().bucket(&bucket).key(&key).send().await);
    denied(colleague.delete_object().bucket(&bucket).key(&key).send().await);
    let versions = colleague.list_object_versions().bucket(&bucket).prefix(&key).send().await?;
    for version in versions.versions() {
        let id = version.version_id().unwrap_or_default();
        denied(colleague.delete_object().bucket(&bucket).key(&key).version_id(id).send().await);
    }
    denied(colleague.delete_bucket_lifecycle().bucket(&bucket).send().await);
    assert!(bench.object(REGION, &key).await? == published);
    Ok(())
}

#[tokio::test]
async fn without_an_account_or_without_tls_nothing_is_read() -> Result<()> {
    let bench = Bench::new().await?;
    bench.published(&[REGION]).await?;
    let (bucket, key) = (bench.bucket(REGION), ALL[0].key());
    let anybody = reqwest::get(format!("http://127.0.0.1:{}/{bucket}/{key}", bench.gate.port));
    assert_eq!(anybody.await?.status(), 403);
    let account = fresh_account();
    let plain = bench.plain(&account, REGION).await?.s3;
    denied(plain.get_object().bucket(&bucket).key(&key).send().await);
    let tls = bench.clients(&account, REGION).await?.s3;
    tls.get_object().bucket(&bucket).key(&key).send().await?;
    Ok(())
}

#[tokio::test]
async fn settings_that_were_loosened_are_set_right() -> Result<()> {
    let bench = Bench::new().await?;
    bench.published(&[REGION]).await?;
    let bucket = bench.bucket(REGION);
    let own = bench.clients(&bench.account, REGION).await?.s3;
    let before = own.get_bucket_policy().bucket(&bucket).send().await?;
    let before = before.policy().unwrap_or_default();
    let loose = before.replace("\"s3:GetObject\"", "[\"s3:GetObject\",\"s3:PutObject\"]");
    assert_ne!(before, loose);
    own.put_bucket_policy().bucket(&bucket).policy(loose).send().await?;
    own.delete_public_access_block().bucket(&bucket).send().await?;
    bench.gate.writes();
    let ran = bench.published(&[REGION]).await?;
    assert!(ran.out.contains("to set: public access settings, policy"), "{}", ran.out);
    assert_eq!(bench.gate.writes().len(), 2);
    let after = own.get_bucket_policy().bucket(&bucket).send().await?;
    assert_eq!(after.policy(), Some(before));
    Ok(())
}
