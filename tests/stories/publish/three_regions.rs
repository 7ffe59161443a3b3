use anyhow::{Context, Result};
use aws_sdk_s3::types::BucketVersioningStatus;
use harness::site::Site;
use templates::{
    catalog::{ALL, AWS_ROLES, program_key},
    digest::sha256,
    vendor::render,
};

use super::bench::{Bench, REGIONS, zip};

/// Key and bytes of everything that has to be in each bucket.
fn wanted(bench: &Bench) -> Result<Vec<(String, Vec<u8>)>> {
    let mut all = vec![
        (program_key("bootstrap"), zip("bootstrap", "first")),
        (program_key("preflight"), zip("preflight", "first")),
        (AWS_ROLES.key(), AWS_ROLES.body.as_bytes().to_vec()),
    ];
    for template in ALL {
        let body = render(template.body, &bench.constants())?;
        all.push((template.key(), body.into_bytes()));
    }
    Ok(all)
}

#[tokio::test]
async fn a_dry_run_says_what_it_would_do_and_does_nothing() -> Result<()> {
    let bench = Bench::new().await?;
    let ran = bench.publish(&REGIONS, &["--dry-run"]).await?;
    assert_eq!(ran.code, 0, "{ran:?}");
    for region in REGIONS {
        let line = format!("{region} ({}): 5 to upload; to set: bucket", bench.bucket(region));
        assert!(ran.out.contains(&line), "{}", ran.out);
    }
    assert!(ran.out.contains("This was a dry run: nothing was changed."));
    assert_eq!(bench.gate.writes(), Vec::<String>::new());
    assert_eq!(bench.buckets().await?, Vec::<String>::new());
    assert!(!bench.folder.join("onboarding.db").exists());
    Ok(())
}

#[tokio::test]
async fn everything_is_where_links_and_stacks_look_for_it_in_every_region() -> Result<()> {
    let bench = Bench::new().await?;
    let ran = bench.published(&REGIONS).await?;
    assert!(ran.out.contains("Published to 3 regions, and read back."), "{}", ran.out);
    for region in REGIONS {
        for (key, bytes) in wanted(&bench)? {
            let there = bench.object(region, &key).await?;
            assert!(there == bytes, "{key} in {region}");
            let line = format!("{region}: {key}: uploaded and read back");
            assert!(ran.out.contains(&line), "{}", ran.out);
        }
        let aws = bench.clients(&bench.account, region).await?;
        let versioning = aws.s3.get_bucket_versioning().bucket(bench.bucket(region)).send().await?;
        assert_eq!(versioning.status(), Some(&BucketVersioningStatus::Enabled));
        let access = aws.s3.get_public_access_block().bucket(bench.bucket(region)).send().await?;
        let access = access.public_access_block_configuration().context("no settings")?;
        let all = (access.block_public_acls(), access.ignore_public_acls());
        assert_eq!(all, (Some(true), Some(true)));
        let place = aws.s3.head_bucket().bucket(bench.bucket(region)).send().await?;
        assert_eq!(place.bucket_region(), Some(region));
    }
    Ok(())
}

#[tokio::test]
async fn a_second_run_has_nothing_to_do_and_one_with_more_regions_does_those() -> Result<()> {
    let bench = Bench::new().await?;
    bench.published(&REGIONS[..2]).await?;
    bench.gate.writes();
    let again = bench.published(&REGIONS[..2]).await?;
    assert!(again.out.contains("Nothing to do: 2 regions had all of it already"), "{}", again.out);
    assert_eq!(bench.gate.writes(), Vec::<String>::new());
    bench.published(&REGIONS).await?;
    let third = bench.bucket(REGIONS[2]);
    let writes = bench.gate.writes();
    assert!(writes.iter().all(|write| write.contains(&third)), "{writes:?}");
    assert_eq!(writes.len(), 9, "{writes:?}");
    Ok(())
}

#[tokio::test]
async fn a_program_can_read_what_was_done() -> Result<()> {
    let bench = Bench::new().await?;
    let told = bench.publish(&REGIONS[..1], &["--json"]).await?.json()?;
    assert_eq!(told["problems"], serde_json::json!([]));
    let bucket = &told["buckets"][0];
    assert_eq!((&bucket["region"], &bucket["complete"]), (&"eu-west-1".into(), &true.into()));
    let code = &bucket["objects"][0];
    assert_eq!(code["key"], program_key("bootstrap"));
    assert_eq!(code["sha256"], sha256(zip("bootstrap", "first")));
    assert_eq!(code["state"], "uploaded");
    let again = bench.publish(&REGIONS[..1], &["--json"]).await?.json()?;
    assert_eq!(again["buckets"][0]["objects"][0]["state"], "same");
    Ok(())
}

#[tokio::test]
async fn a_site_that_serves_what_was_published_starts_on_the_same_database() -> Result<()> {
    let mut bench = Bench::new().await?;
    let flags = bench.vendor();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let mut site = Site::start(&flags).await?;
    bench.beside(&site);
    bench.published(&REGIONS).await?;
    site.kill();
    site.restart().await?;
    let (code, text) = site.run(&["audit", "verify"])?;
    assert_eq!(code, 0, "{text}");
    // With other constants, the same version would be another text.
    let mut arguments =
        vec!["serve", "--listen=127.0.0.1:0", "--notification-endpoint=https://x.test/"];
    arguments.extend(&flags[2..]);
    let (code, text) = site.run(&arguments)?;
    assert!(code == 1 && text.contains("was published with another text"), "{text}");
    Ok(())
}
