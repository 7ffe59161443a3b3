//! What SNS sends is taken, whatever it looks like.

use anyhow::Result;
use harness::sns::{Signer, confirmation, notification, s3_event, timestamp};
use serde_json::{Value, json};

use super::bench::{Bench, own_topic, topic};

/// Messages that SNS sends, with a name each.
fn cases(bench: &Bench) -> Result<Vec<(String, Value)>> {
    let (ours, own) = (topic(&bench.acme), own_topic(&bench.acme));
    let url = bench.sns.certificate_url();
    let with = |name: &str, change: &dyn Fn(&mut Value)| -> Result<(String, Value)> {
        let mut message = notification(&ours, &s3_event("acme-logs", "x"), &url);
        change(&mut message);
        Ok((name.to_owned(), bench.signed(message)?))
    };
    let drop = |message: &mut Value, field: &str| {
        message.as_object_mut().map(|fields| fields.remove(field));
    };
    let mut all = vec![
        with("a notification", &|_| {})?,
        with("without a subject", &|one| drop(one, "Subject"))?,
        with("without UnsubscribeURL", &|one| drop(one, "UnsubscribeURL"))?,
        with("with another UnsubscribeURL", &|one| {
            one["UnsubscribeURL"] = "http://127.0.0.1:1/".into();
        })?,
        with("with attributes", &|one| {
            one["MessageAttributes"] = json!({"a": {"Type": "String", "Value": "b"}});
        })?,
        with("with a field that nobody knows", &|one| one["SequenceNumber"] = "1".into())?,
        with("of many lines", &|one| one["Message"] = "a\nb\r\nType\nNotification\n".into())?,
        with("of other letters", &|one| one["Message"] = "Grüße 日本語 🎉 \u{202e}x".into())?,
        with("with quotation marks", &|one| one["Message"] = "\"\\\"\u{8}\t/".into())?,
        with("with a zero byte", &|one| one["Message"] = "a\0b".into())?,
        with("empty", &|one| one["Message"] = "".into())?,
        with("large", &|one| one["Message"] = "x".repeat(200_000).into())?,
        with("of 59 minutes ago", &|one| one["Timestamp"] = timestamp(-3540).into())?,
        with("of a clock that is ahead", &|one| one["Timestamp"] = timestamp(200).into())?,
        with("S3's trial", &|one| one["Message"] = r#"{"Event":"s3:TestEvent"}"#.into())?,
    ];
    for kind in ["SubscriptionConfirmation", "UnsubscribeConfirmation"] {
        all.push((kind.to_owned(), bench.asks(kind, &ours)?));
        for version in ["1", "2"] {
            let mut message = confirmation(kind, &own, &url);
            message["SignatureVersion"] = version.into();
            let name = format!("{kind} of a topic from before, version {version}");
            all.push((name, bench.signed(message)?));
        }
    }
    for version in ["1", "2"] {
        let mut message = notification(&own, "hello", &url);
        message["SignatureVersion"] = version.into();
        all.push((format!("of a topic from before, version {version}"), bench.signed(message)?));
    }
    Ok(all)
}

/// Messages of the same topic in the partitions that have names of their own for SNS.
async fn of_other_partitions(bench: &Bench) -> Result<Vec<(String, Value)>> {
    let mut all = Vec::new();
    for (partition, region, suffix) in [
        ("aws-cn", "cn-north-1", "amazonaws.com.cn"),
        ("aws-us-gov", "us-gov-west-1", "amazonaws.com"),
        ("aws", "ap-southeast-2", "amazonaws.com"),
    ] {
        let customer = bench.customer_in(partition, region).await?;
        let signer = Signer::new(&format!("sns.{region}.{suffix}"), (-30, 300))?;
        let file = format!("SimpleNotificationService-{}.pem", "ab".repeat(8 + region.len()));
        bench.sns.give_out(&file, signer.pem.as_bytes());
        let topic = format!("arn:{partition}:sns:{region}:{}:logs", customer.account);
        let mut message =
            notification(&topic, "hello", &format!("https://sns.{region}.{suffix}/{file}"));
        signer.sign(&mut message)?;
        all.push((format!("of {region}"), message));
    }
    Ok(all)
}

/// Takes all of them; how many.
pub(super) async fn taken(bench: &Bench) -> Result<usize> {
    let mut all = cases(bench)?;
    all.extend(of_other_partitions(bench).await?);
    let mut refused = Vec::new();
    for (name, message) in &all {
        let (status, why) = bench.deliver(message).await?;
        if status != 200 {
            refused.push(format!("{name}: {status} {why}"));
        }
    }
    assert_eq!(refused, Vec::<String>::new());
    Ok(all.len())
}
