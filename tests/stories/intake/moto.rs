//! What moto sends: a signer that is not ours, with keys and certificates of its own.

use anyhow::Result;
use harness::{
    customer::Clients,
    emulators::{Kind, shared},
};
use serde_json::json;
use tokio::time::{Duration, Instant, sleep};

use super::{
    bench::{Bench, count},
    genuine,
};
use crate::site::access::world::REGION;

/// moto does not sign the subject, and has no certificate until a message was published.
#[tokio::test]
async fn what_sns_and_moto_send_is_taken() -> Result<()> {
    let bench = Bench::new().await?;
    let ours = genuine::taken(&bench).await?;
    let moto = tokio::task::spawn_blocking(|| shared(Kind::Moto).port).await?;
    bench.sns.of_moto(moto);
    let customer = Clients::new(moto, Kind::Moto, &bench.acme.account, REGION).await?;
    let topic = customer.sns.create_topic().name("bucket-events").send().await?;
    let topic = topic.topic_arn().unwrap_or_default();
    let subscribe = customer.sns.subscribe().topic_arn(topic).protocol("http");
    subscribe.endpoint(bench.sns.endpoint()).send().await?;
    let texts = ["hello", "Grüße 日本語", "a\nb\n", "{\"Records\":[]}", "Type\nNotification\n"];
    for text in texts {
        customer.sns.publish().topic_arn(topic).message(text).send().await?;
    }
    let (all, until) = (ours + texts.len(), Instant::now() + Duration::from_secs(30));
    while usize::try_from(bench.taken().await?)? < all {
        assert!(Instant::now() < until, "{:?}", bench.sns.passed());
        sleep(Duration::from_millis(50)).await;
    }
    let accepted = usize::try_from(bench.taken().await?)?;
    count("genuine", &json!({ "cases": all, "accepted": accepted }))?;
    assert!(all >= 20 && accepted == all, "{accepted} of {all}");
    Ok(())
}
