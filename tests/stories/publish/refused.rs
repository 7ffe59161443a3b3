use anyhow::Result;
use harness::cloudformation::fresh_account;
use serde_json::json;
use templates::{catalog::program_key, digest::sha256};

use super::bench::{Bench, REGIONS, run, zip};

/// A run that is refused changes nothing; what it said.
async fn refused(bench: &Bench, regions: &[&str], extra: &[&str]) -> Result<String> {
    bench.gate.writes();
    let ran = bench.publish(regions, extra).await?;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(bench.gate.writes(), Vec::<String>::new());
    Ok(ran.err)
}

#[tokio::test]
async fn other_bytes_under_a_published_version_are_refused_before_anything_is_written() -> Result<()>
{
    let bench = Bench::new().await?;
    bench.published(&REGIONS[1..2]).await?;
    std::fs::write(bench.folder.join("bootstrap.zip"), zip("bootstrap", "second"))?;
    let other_database = format!("sqlite://{}", bench.folder.join("other.db").display());
    // Whether the database knows of it or only the bucket.
    for extra in [vec![], vec!["--database-url", &other_database]] {
        let said = refused(&bench, &REGIONS, &extra).await?;
        for part in [
            "error: us-east-1: ",
            &program_key("bootstrap"),
            &bench.bucket("us-east-1"),
            &sha256(zip("bootstrap", "first")),
            &sha256(zip("bootstrap", "second")),
            "Raise the version",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    let said = refused(&bench, &REGIONS, &["--dry-run"]).await?;
    assert!(said.contains("A published version never changes"), "{said}");
    assert_eq!(bench.buckets().await?, [bench.bucket("us-east-1")]);
    assert!(
        bench.object("us-east-1", &program_key("bootstrap")).await? == zip("bootstrap", "first")
    );
    Ok(())
}

#[tokio::test]
async fn a_strangers_bucket_is_left_alone() -> Result<()> {
    let bench = Bench::new().await?;
    let stranger = bench.clients(&fresh_account(), "us-east-1").await?.s3;
    stranger.create_bucket().bucket(bench.bucket("us-east-1")).send().await?;
    let said = refused(&bench, &REGIONS, &[]).await?;
    let words = format!("there is a bucket {} that these", bench.bucket("us-east-1"));
    assert!(said.contains(&words) && said.contains("--code-bucket-prefix"), "{said}");
    assert_eq!(bench.buckets().await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_bucket_with_a_policy_of_somebody_elses_is_left_alone() -> Result<()> {
    let bench = Bench::new().await?;
    let own = bench.clients(&bench.account, "us-east-1").await?.s3;
    let bucket = bench.bucket("us-east-1");
    own.create_bucket().bucket(&bucket).send().await?;
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "Backup", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{bucket}")
    }]});
    own.put_bucket_policy().bucket(&bucket).policy(policy.to_string()).send().await?;
    let said = refused(&bench, &REGIONS, &[]).await?;
    assert!(said.contains("the statement Backup"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_bucket_in_another_region_is_left_alone() -> Result<()> {
    let bench = Bench::new().await?;
    let own = bench.clients(&bench.account, "us-east-1").await?.s3;
    own.create_bucket().bucket(bench.bucket("eu-west-1")).send().await?;
    let said = refused(&bench, &REGIONS, &[]).await?;
    assert!(said.contains("is in us-east-1, and Lambda takes code"), "{said}");
    Ok(())
}

#[tokio::test]
async fn credentials_that_will_not_do_are_refused_in_words() -> Result<()> {
    let bench = Bench::new().await?;
    let mut none = bench.command(&REGIONS, &[])?;
    none.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let ran = run(none).await?;
    assert!(ran.code == 1 && ran.err.contains("no credentials for AWS were found"), "{ran:?}");
    let mut other = bench.command(&REGIONS, &[])?;
    other.env("AWS_ACCESS_KEY_ID", "111122223333");
    let ran = run(other).await?;
    assert!(ran.code == 1 && ran.err.contains("belong to the account 111122223333"), "{ran:?}");
    let mut nobody = bench.command(&REGIONS, &[])?;
    nobody.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let ran = run(nobody).await?;
    assert!(ran.code == 1 && ran.err.contains("Check the network"), "{ran:?}");
    assert_eq!(bench.gate.writes(), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_zip_that_lambda_could_not_run_is_refused() -> Result<()> {
    let bench = Bench::new().await?;
    std::fs::write(bench.folder.join("bootstrap.zip"), "no zip")?;
    let said = refused(&bench, &REGIONS, &[]).await?;
    assert!(said.contains("the zip of bootstrap is no good"), "{said}");
    let said = refused(&bench, &REGIONS, &["--dry-run"]).await?;
    assert!(said.contains("cannot be read as a zip"), "{said}");
    std::fs::remove_file(bench.folder.join("bootstrap.zip"))?;
    let said = refused(&bench, &REGIONS, &[]).await?;
    assert!(said.contains("--handler-zip: ") && said.contains("No such file"), "{said}");
    Ok(())
}

#[tokio::test]
async fn wrong_use_is_told_from_failure() -> Result<()> {
    let bench = Bench::new().await?;
    for (regions, extra, words) in [
        (vec![], vec![], "--regions is needed"),
        (vec!["eu-west-1", "cn-north-1"], vec![], "different partitions"),
        (vec!["atlantis-1"], vec![], "is not a region"),
        (vec!["eu-west-1"], vec!["--bucket-owner=12"], "12 digits"),
    ] {
        let ran = bench.publish(&regions, &extra).await?;
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(words), "{}", ran.err);
    }
    let mut bare = std::process::Command::new(harness::site::program()?);
    bare.args(["publish", "--regions=eu-west-1", "--handler-zip=x.zip", "--preflight-zip=x.zip"])
        .env_clear();
    let ran = run(bare).await?;
    assert_eq!(ran.code, 2, "{ran:?}");
    for flag in
        ["--vendor-account-id", "--notification-endpoint", "--code-bucket-prefix", "--public-url"]
    {
        assert!(ran.err.contains(flag), "{flag}: {}", ran.err);
    }
    Ok(())
}
