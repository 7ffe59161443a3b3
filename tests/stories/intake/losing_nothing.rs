//! What was acknowledged is worked on once, whoever dies and however many copies of the service there are.

use anyhow::{Result, ensure};
use futures_util::{StreamExt, stream};
use harness::{postgres::Postgres, sns::s3_event};
use serde_json::Value;

use super::{
    accounts::key,
    bench::topic,
    scene::{Scene, on_both_databases},
};
use crate::site::access::world::Subject;

const WEB: &str = "app/web/50dc6c495c0c9188";

/// What SNS says of so many logs of a customer's.
fn news(scene: &Scene, customer: &Subject, bucket: &str, count: u64) -> Result<Vec<Value>> {
    let one = |number| {
        let log = key(&customer.account, WEB, number);
        scene.bench.says(&topic(customer), &s3_event(bucket, &log))
    };
    (0..count).map(one).collect()
}

#[tokio::test]
async fn a_service_that_is_killed_has_kept_what_it_acknowledged() -> Result<()> {
    on_both_databases(async |scene| {
        let acme = scene.account(scene.bench.acme.clone()).await?;
        scene.bench.set_up(&acme.customer, &acme.bucket, &[WEB]).await?;
        scene.confirmed(&acme.customer).await?;
        acme.log(WEB, 0).await?;
        scene.both_say(&acme.customer, "reads the logs").await?;
        for round in 0..3 {
            let messages = news(scene, &acme.customer, &acme.bucket, 150)?;
            let pid = scene.bench.world.site.pid().to_string();
            let bench = &scene.bench;
            let sent: Vec<(usize, bool)> = stream::iter(messages.iter().enumerate())
                .map(async |(number, one)| {
                    if number == 60 + 20 * round {
                        let killed = std::process::Command::new("kill").args(["-9", &pid]).status();
                        assert!(killed.is_ok_and(|status| status.success()));
                    }
                    (number, bench.deliver(one).await.is_ok_and(|answer| answer.0 == 200))
                })
                .buffer_unordered(16)
                .collect()
                .await;
            let kept: Vec<Value> = sent
                .iter()
                .filter(|(_, acknowledged)| *acknowledged)
                .map(|(number, _)| messages[*number].clone())
                .collect();
            ensure!(!kept.is_empty() && kept.len() < messages.len(), "{} were taken", kept.len());
            scene.bench.world.site.restart_with("none", &[]).await?;
            assert_eq!(
                scene.bench.not_taken(&kept).await?,
                0,
                "of {} in round {round}",
                kept.len()
            );
            // SNS brings the others again, and those whose acknowledgement it did not hear of.
            for one in &messages {
                assert_eq!(scene.bench.deliver(one).await?.0, 200);
            }
            assert_eq!(scene.bench.not_taken(&messages).await?, 0);
        }
        // What the killed one had in hand is anybody's after two minutes.
        scene.bench.nothing_is_in_hand().await?;
        scene.bench.all_worked_off().await?;
        scene.both_say(&acme.customer, "reads the logs").await
    })
    .await
}

/// A request to confirm whose topic no stack has named yet waits for two days; that it came is forgotten
/// earlier, if the queue brought it. Whoever sends it again must not hold up what comes with it.
#[tokio::test]
async fn what_still_waits_may_come_again_and_stops_nobody() -> Result<()> {
    on_both_databases(async |scene| {
        let bench = &scene.bench;
        let waits = bench.asks("SubscriptionConfirmation", &topic(&bench.acme))?;
        assert_eq!(bench.deliver(&waits).await?.0, 200);
        bench.worked().await?;
        bench.forget_what_came().await?;
        let others = news(scene, &bench.acme, "logs", 5)?;
        let all: Vec<&Value> = [&waits].into_iter().chain(&others).collect();
        let sent = futures_util::future::join_all(all.iter().map(|one| bench.deliver(one))).await;
        for answer in sent {
            assert_eq!(answer?.0, 200);
        }
        assert_eq!(bench.not_taken(&others).await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn two_copies_share_the_work_and_tell_each_thing_once() -> Result<()> {
    let scene = Scene::on(&Postgres::shared().await?.new_database().await?).await?;
    let other = scene.bench.world.site.beside().await?;
    let acme = scene.account(scene.bench.acme.clone()).await?;
    scene.bench.set_up(&acme.customer, &acme.bucket, &[WEB]).await?;
    scene.confirmed(&acme.customer).await?;
    acme.log(WEB, 0).await?;
    scene.both_say(&acme.customer, "reads the logs").await?;
    let messages = news(&scene, &acme.customer, &acme.bucket, 300)?;
    // Each comes to both at once, as when an acknowledgement was lost.
    let both = [scene.bench.world.site.url.as_str(), other.url.as_str()];
    let answers: Vec<u16> =
        stream::iter(messages.iter().flat_map(|one| both.map(|url| (url, one))))
            .map(async |(url, one)| {
                let body = one.to_string().into_bytes();
                scene.bench.send_to(url, body).await.map_or(0, |(status, _)| status)
            })
            .buffer_unordered(32)
            .collect()
            .await;
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    assert_eq!(scene.bench.not_taken(&messages).await?, 0);
    scene.bench.all_worked_off().await?;
    let timeline = scene.timeline(&acme.customer).await?;
    let first = timeline.iter().filter(|what| what.contains("the first log of")).count();
    assert_eq!(first, 1, "{timeline:#?}");
    Ok(())
}
