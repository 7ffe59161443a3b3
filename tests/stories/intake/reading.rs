//! A page is green when the vendor has read a log, and says what is wrong until then.

use anyhow::Result;
use futures_util::future::join_all;
use harness::sns::s3_event;

use super::{
    accounts::{key, line, packed},
    bench::topic,
    gate::{DENIED, KMS},
    scene::{Scene, on_both_databases},
};
use crate::site::access::world::Subject;

const WEB: &str = "app/web/50dc6c495c0c9188";
const SHOP: &str = "app/shop/60dc6c495c0c9199";

#[tokio::test]
async fn the_first_log_that_was_read_turns_the_page_green() -> Result<()> {
    on_both_databases(async |scene| {
        let acme = scene.account(scene.bench.acme.clone()).await?;
        // The subscription waits for the stack to say whose it is.
        scene.bench.set_up(&acme.customer, &acme.bucket, &[WEB, SHOP]).await?;
        scene.both_say(&acme.customer, "waits for the first log").await?;
        scene.confirmed(&acme.customer).await?;
        let account = &acme.customer.account;
        let before = scene.bench.taken().await?;
        for test in ["ELBAccessLogTestFile", "ELBConnectionLogTestFile"] {
            let test = format!("AWSLogs/{account}/{test}");
            acme.put(&test, b"Enable AccessLog for ELB".to_vec()).await?;
        }
        scene.bench.arrived(before + 2).await?;
        scene.bench.worked().await?;
        scene.both_say(&acme.customer, "waits for the first log").await?;
        assert_eq!(scene.gate.read(), Vec::<String>::new());

        let first = acme.log(WEB, 1).await?;
        scene.both_say(&acme.customer, "reads the logs").await?;
        scene.both_say(&acme.customer, &format!("{SHOP}Waiting for the first log")).await?;
        assert_eq!(scene.gate.read(), [format!("/{}/{first}", acme.bucket)]);
        acme.log(SHOP, 1).await?;
        scene.both_say(&acme.customer, &format!("{SHOP}Read last log")).await?;
        // Later ones are not read again, only noted.
        let before = scene.bench.taken().await?;
        acme.log(WEB, 2).await?;
        scene.bench.arrived(before + 1).await?;
        scene.bench.worked().await?;
        assert_eq!(scene.gate.read().len(), 2);
        assert_eq!(scene.gate.without_owner(), Vec::<String>::new());

        // Somebody ends the subscription, and a log that comes all the same puts it right.
        let ended = scene.bench.asks("UnsubscribeConfirmation", &topic(&acme.customer))?;
        assert_eq!(scene.bench.deliver(&ended).await?.0, 200);
        scene.both_say(&acme.customer, "The subscription was ended").await?;
        acme.log(WEB, 3).await?;
        scene.both_say(&acme.customer, "reads the logs").await
    })
    .await
}

#[tokio::test]
async fn what_is_wrong_is_told_and_ends_by_itself() -> Result<()> {
    on_both_databases(async |scene| {
        let acme = scene.account(scene.bench.acme.clone()).await?;
        scene.bench.set_up(&acme.customer, &acme.bucket, &[WEB]).await?;
        scene.confirmed(&acme.customer).await?;
        for (number, (body, said)) in
            [(DENIED, "we may not read them"), (KMS, "a key that we may not use")]
                .into_iter()
                .enumerate()
        {
            scene.gate.refuse(&acme.bucket, body);
            acme.log(WEB, u64::try_from(number)?).await?;
            scene.both_say(&acme.customer, said).await?;
        }
        scene.gate.allow(&acme.bucket);
        // The messages are still there: nobody needs to write another log.
        scene.both_say(&acme.customer, "reads the logs").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn what_is_no_log_of_the_load_balancer_does_not_turn_the_page_green() -> Result<()> {
    on_both_databases(async |scene| {
        let acme = scene.account(scene.bench.acme.clone()).await?;
        scene.bench.set_up(&acme.customer, &acme.bucket, &[WEB]).await?;
        scene.confirmed(&acme.customer).await?;
        let account = acme.customer.account.clone();
        for (number, body) in
            [b"<html>".to_vec(), packed("hello\n")?, packed(&line(SHOP))?, Vec::new()]
                .into_iter()
                .enumerate()
        {
            acme.put(&key(&account, WEB, u64::try_from(number)?), body).await?;
            scene.both_say(&acme.customer, "is no log of this load balancer").await?;
        }
        scene.bench.worked().await?;
        assert!(
            !scene.timeline(&acme.customer).await?.iter().any(|what| what.contains("first log"))
        );
        acme.log(WEB, 9).await?;
        scene.both_say(&acme.customer, "reads the logs").await
    })
    .await
}

/// Of many logs at once, those that are none do not take the others with them.
#[tokio::test]
async fn a_log_beside_others_that_are_none_is_found() -> Result<()> {
    on_both_databases(async |scene| {
        let acme = scene.account(scene.bench.acme.clone()).await?;
        scene.bench.set_up(&acme.customer, &acme.bucket, &[WEB]).await?;
        scene.confirmed(&acme.customer).await?;
        let account = acme.customer.account.clone();
        let before = scene.bench.taken().await?;
        let puts = (0..8).map(async |number| {
            let text = if number == 5 { line(WEB) } else { "hello\n".to_owned() };
            acme.put(&key(&account, WEB, number), packed(&text)?).await
        });
        futures_util::future::try_join_all(puts).await?;
        scene.bench.arrived(before + 8).await?;
        scene.bench.worked().await?;
        let timeline = scene.timeline(&acme.customer).await?;
        assert!(timeline.iter().any(|what| what.contains("the first log")), "{timeline:#?}");
        Ok(())
    })
    .await
}

/// Whoever was believed once says that his logs are in a stranger's bucket, too: it has to be his own.
#[tokio::test]
async fn another_bucket_of_a_customer_is_read_before_its_logs_count() -> Result<()> {
    on_both_databases(async |scene| {
        let mallory = scene.account(scene.bench.acme.clone()).await?;
        let strangers = "somebody-elses-bucket";
        scene.gate.owns("999900001111", strangers);
        let buckets = format!("{}, {strangers}", mallory.bucket);
        scene.bench.set_up(&mallory.customer, &buckets, &[WEB]).await?;
        scene.confirmed(&mallory.customer).await?;
        let first = mallory.log(WEB, 1).await?;
        scene.both_say(&mallory.customer, "reads the logs").await?;
        let key = key(&mallory.customer.account, WEB, 2);
        mallory.publish(&s3_event(strangers, &key)).await?;
        scene.both_say(&mallory.customer, "we may not read them").await?;
        assert_eq!(scene.gate.read(), [format!("/{}/{first}", mallory.bucket)]);
        Ok(())
    })
    .await
}

/// Mallory is a customer too, with a real account, a real stack token, and topics that SNS signs for.
#[tokio::test]
async fn a_malicious_customer_gains_nothing_and_the_other_notices_nothing() -> Result<()> {
    on_both_databases(async |scene| {
        let acme = scene.account(scene.bench.acme.clone()).await?;
        scene.bench.set_up(&acme.customer, &acme.bucket, &[WEB, SHOP]).await?;
        scene.confirmed(&acme.customer).await?;
        acme.log(WEB, 1).await?;
        let mallory = scene.account(scene.bench.world.customer("Mallory Ltd").await?).await?;
        // His stack claims the other customer's bucket beside his own.
        let buckets = format!("{}, {}", mallory.bucket, acme.bucket);
        scene.bench.set_up(&mallory.customer, &buckets, &[WEB, SHOP]).await?;
        scene.confirmed(&mallory.customer).await?;
        scene.both_say(&acme.customer, "reads the logs").await?;
        scene.bench.worked().await?;
        let (own, theirs) = (mallory.customer.account.as_str(), acme.customer.account.as_str());
        let before = (scene.gate.read(), scene.timeline(&acme.customer).await?);

        // The other's log, by its true key; the other's bucket, with a key of his own; strangers' buckets.
        mallory.publish(&s3_event(&acme.bucket, &key(theirs, WEB, 1))).await?;
        mallory.publish(&s3_event(&acme.bucket, &key(own, WEB, 1))).await?;
        mallory.publish(&s3_event(&mallory.bucket, &key(theirs, WEB, 1))).await?;
        mallory.publish(&s3_event("somebody-elses-bucket", &key(own, WEB, 1))).await?;
        // His page without a log: a test file, a text, a log that is another's.
        mallory.put(&format!("AWSLogs/{own}/ELBAccessLogTestFile"), b"x".to_vec()).await?;
        mallory.put(&key(own, WEB, 2), b"x".to_vec()).await?;
        mallory.put(&key(own, WEB, 3), packed(&line("app/other/70dc6c495c0c9100"))?).await?;
        // The other's topic, by a message of his own.
        let mut forged =
            scene.bench.says(&topic(&mallory.customer), &s3_event(&acme.bucket, "x"))?;
        forged["TopicArn"] = topic(&acme.customer).into();
        assert_eq!(scene.bench.deliver(&forged).await?.0, 403);

        flood(scene, &mallory.customer).await?;
        // In the middle of it, the other customer's second load balancer writes its first log.
        acme.log(SHOP, 1).await?;
        scene.both_say(&acme.customer, &format!("{SHOP}Read last log")).await?;
        scene.bench.worked().await?;
        for page in scene.pages(&mallory.customer).await? {
            assert!(!page.contains("reads the logs"), "{page}");
        }
        let mut reads = before.0;
        reads.push(format!("/{}/{}", acme.bucket, key(theirs, SHOP, 1)));
        let of_acme = format!("/{}/", acme.bucket);
        let read: Vec<String> =
            scene.gate.read().into_iter().filter(|path| path.starts_with(&of_acme)).collect();
        assert_eq!(read, reads);
        let new = format!("Logs in eu-west-1: the first log of {SHOP} was read");
        let timeline = scene.timeline(&acme.customer).await?;
        assert_eq!(timeline, [vec![new], before.1].concat());
        let foreign = scene.timeline(&mallory.customer).await?;
        assert!(foreign.iter().any(|what| what.contains("not this stack's")), "{foreign:?}");
        Ok(())
    })
    .await
}

/// Thousands of messages that SNS signs, as fast as the site takes them; some are put off.
async fn flood(scene: &Scene, customer: &Subject) -> Result<()> {
    let topic = topic(customer);
    let mut put_off = 0;
    for _ in 0..300 {
        let messages: Result<Vec<_>> =
            (0..100).map(|_| scene.bench.says(&topic, "flood")).collect();
        let messages = messages?;
        for answer in join_all(messages.iter().map(|one| scene.bench.deliver(one))).await {
            put_off += usize::from(answer?.0 == 503);
        }
        if put_off > 200 {
            break;
        }
    }
    assert!(put_off > 0, "one customer may send as much as it wants");
    Ok(())
}
