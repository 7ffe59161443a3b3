use anyhow::Result;
use templates::catalog::{LOGS_ANALYSIS_ONBOARDING, program_key};

use super::bench::{Bench, REGIONS};

/// Every object has just one version: it was put there once, whatever happened in between.
async fn once_each(bench: &Bench) -> Result<()> {
    for region in REGIONS {
        let aws = bench.clients(&bench.account, region).await?;
        let all = aws.s3.list_object_versions().bucket(bench.bucket(region)).send().await?;
        let mut keys: Vec<_> = all.versions().iter().filter_map(|one| one.key()).collect();
        assert_eq!(keys.len(), 5, "{region}: {keys:?}");
        keys.dedup();
        assert_eq!(keys.len(), 5, "{region}: {keys:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_run_that_was_killed_is_taken_up() -> Result<()> {
    for at in [&program_key("bootstrap"), &LOGS_ANALYSIS_ONBOARDING.key(), "?policy", "?versioning"]
    {
        let bench = Bench::new().await?;
        bench.gate.hold([&bench.bucket("us-east-1"), at]);
        let mut child = bench.start(&REGIONS)?;
        bench.gate.held().await;
        child.kill()?;
        child.wait()?;
        bench.gate.open();
        bench.published(&REGIONS).await?;
        once_each(&bench).await?;
        let again = bench.published(&REGIONS).await?;
        assert!(again.out.contains("Nothing to do"), "{}", again.out);
    }
    Ok(())
}

#[tokio::test]
async fn a_region_that_fails_does_not_hold_up_the_others_and_is_taken_up() -> Result<()> {
    let bench = Bench::new().await?;
    let failing = bench.bucket("us-east-1");
    bench.gate.deny(&format!("{failing}/{}", LOGS_ANALYSIS_ONBOARDING.key()));
    let ran = bench.publish(&REGIONS, &[]).await?;
    assert_eq!(ran.code, 1, "{ran:?}");
    let words = format!(
        "error: us-east-1: PutObject on {failing}/{} failed: not allowed (AccessDenied). The \
         credentials need s3:PutObject",
        LOGS_ANALYSIS_ONBOARDING.key()
    );
    assert!(ran.err.contains(&words), "{}", ran.err);
    bench.gate.open();
    bench.gate.writes();
    bench.published(&REGIONS).await?;
    let rest = bench.gate.writes();
    assert_eq!(rest.len(), 3, "{rest:?}");
    once_each(&bench).await
}
