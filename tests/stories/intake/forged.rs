//! More than 200 messages that SNS did not send so, each with a name.

use anyhow::Result;
use base64::{Engine, engine::general_purpose::STANDARD};
use harness::sns::{Signer, confirmation, notification, s3_event, timestamp};
use serde_json::{Value, json};

use super::{
    bench::{Bench, count, own_topic, topic},
    certificates,
    urls::hostile,
};
use crate::site::access::world::{REGION, new_account};

type Case = (String, Vec<u8>);

const KINDS: [&str; 3] = ["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"];

fn case(name: impl Into<String>, message: &Value) -> Case {
    (name.into(), message.to_string().into_bytes())
}

fn of_kind(bench: &Bench, kind: &str, topic: &str) -> Value {
    let url = bench.sns.certificate_url();
    match kind {
        "Notification" => notification(topic, &s3_event("acme-logs", "x"), &url),
        _ => confirmation(kind, topic, &url),
    }
}

/// Somebody's own key and certificate, wherever he may keep it.
fn own_keys(bench: &Bench, topic: &str) -> Result<Vec<Case>> {
    let own = Signer::of_sns()?;
    let mut all = Vec::new();
    let urls: Vec<String> = hostile(9).into_iter().step_by(5).collect();
    assert!(urls.len() >= 30);
    for url in &urls {
        let mut message = notification(topic, "hello", url);
        own.sign(&mut message)?;
        all.push(case(format!("own key at {url:?}"), &message));
    }
    for kind in KINDS {
        let mut message = of_kind(bench, kind, topic);
        own.sign(&mut message)?;
        all.push(case(format!("{kind} by an own key under SNS's address"), &message));
    }
    Ok(all)
}

/// Every field that is signed, altered in every way after it was signed.
fn altered(bench: &Bench, topic: &str) -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for kind in KINDS {
        let fields: &[&str] = match kind {
            "Notification" => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
            _ => {
                &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
            }
        };
        for field in fields {
            let message = bench.signed(of_kind(bench, kind, topic))?;
            let text = message[*field].as_str().unwrap_or_default().to_owned();
            let swapped: String = text.chars().rev().collect();
            for (how, value) in [
                ("longer", json!(format!("{text}x"))),
                ("with a blank", json!(format!("{text} "))),
                ("with a line", json!(format!("{text}\nx"))),
                ("backwards", json!(swapped)),
                ("empty", json!("")),
                ("null", Value::Null),
                ("a number", json!(1)),
                ("a list", json!([text])),
            ] {
                let mut other = message.clone();
                other[*field] = value;
                all.push(case(format!("{kind} with {field} {how}"), &other));
            }
            let mut without = message.clone();
            without.as_object_mut().expect("an object").remove(*field);
            all.push(case(format!("{kind} without {field}"), &without));
            let twice = message.to_string().replacen('{', &format!("{{\"{field}\":\"x\","), 1);
            all.push((format!("{kind} with {field} twice"), twice.into_bytes()));
        }
    }
    Ok(all)
}

/// One customer's message under another customer's name, and one kind for another.
fn exchanged(bench: &Bench, topic: &str, other: &str) -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for kind in KINDS {
        for become_kind in KINDS.into_iter().filter(|one| *one != kind) {
            let mut message = bench.signed(of_kind(bench, kind, topic))?;
            message["Type"] = become_kind.into();
            message["Token"] = "token".into();
            message["SubscribeURL"] = "https://sns.eu-west-1.amazonaws.com/".into();
            all.push(case(format!("{kind} as {become_kind}"), &message));
        }
        let mut message = bench.signed(of_kind(bench, kind, other))?;
        message["TopicArn"] = topic.into();
        all.push(case(
            format!("{kind} of another customer's topic under this one's name"),
            &message,
        ));
        let mut message = bench.signed(of_kind(bench, kind, topic))?;
        message["Timestamp"] = timestamp(-1).into();
        all.push(case(format!("{kind} with another time"), &message));
    }
    Ok(all)
}

fn signatures(bench: &Bench, topic: &str) -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for kind in KINDS {
        let good = bench.signed(of_kind(bench, kind, topic))?;
        let text = good["Signature"].as_str().unwrap_or_default().to_owned();
        let mut bytes = STANDARD.decode(&text)?;
        bytes[17] ^= 1;
        let another = bench.signed(of_kind(bench, kind, topic))?;
        for (how, value) in [
            ("empty", json!("")),
            ("no Base64", json!("!!!!")),
            ("cut off", json!(&text[..text.len() - 4])),
            ("longer", json!(format!("AAAA{text}"))),
            ("one bit off", json!(STANDARD.encode(bytes))),
            ("of another message", another["Signature"].clone()),
            ("with a blank", json!(format!("{text} "))),
            ("null", Value::Null),
            ("FAKE", json!("FAKE")),
        ] {
            let mut message = good.clone();
            message["Signature"] = value;
            all.push(case(format!("{kind} with the signature {how}"), &message));
        }
        for version in
            [json!("1"), json!("3"), json!("0"), json!(""), json!(2), json!("02"), Value::Null]
        {
            let mut message = good.clone();
            message["SignatureVersion"] = version.clone();
            all.push(case(format!("{kind} of version {version}"), &message));
        }
        let mut old = of_kind(bench, kind, topic);
        old["SignatureVersion"] = "1".into();
        let name = format!("{kind} signed with version 1 by a topic that a stack made");
        all.push(case(name, &bench.signed(old)?));
    }
    Ok(all)
}

/// Signed by SNS, at a time when it sends nothing.
fn times(bench: &Bench, topic: &str) -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for kind in KINDS {
        for (how, at) in [
            ("of an hour and a minute ago", timestamp(-3660)),
            ("of yesterday", timestamp(-86_400)),
            ("of last year", timestamp(-31_536_000)),
            ("of 1970", "1970-01-01T00:00:00.000Z".to_owned()),
            ("in ten minutes", timestamp(600)),
            ("of tomorrow", timestamp(86_400)),
            ("of the year 9999", "9999-12-31T23:59:59.999Z".to_owned()),
            ("at no time", "yesterday".to_owned()),
        ] {
            let mut message = of_kind(bench, kind, topic);
            message["Timestamp"] = at.into();
            all.push(case(format!("{kind} {how}"), &bench.signed(message)?));
        }
    }
    Ok(all)
}

/// Signed by SNS for topics that are no customer's.
fn strangers(bench: &Bench) -> Result<Vec<Case>> {
    let (account, stranger) = (&bench.acme.account, new_account());
    let mut all = Vec::new();
    for kind in KINDS {
        for topic in [
            format!("arn:aws:sns:{REGION}:{stranger}:DTLogsAnalysis-x"),
            format!("arn:aws:sns:us-east-1:{account}:DTLogsAnalysis-x"),
            format!("arn:aws-cn:sns:cn-north-1:{account}:DTLogsAnalysis-x"),
            format!("arn:aws-us-gov:sns:us-gov-west-1:{account}:DTLogsAnalysis-x"),
            format!("arn:aws:sqs:{REGION}:{account}:queue"),
            format!("arn:aws:sns:{REGION}:{account}"),
            format!("arn:aws:sns:{REGION}:{account}:a:b"),
            format!("arn:aws:sns:{REGION}:{account}:a b"),
            format!("ARN:aws:sns:{REGION}:{account}:a"),
            "*".to_owned(),
        ] {
            let message = bench.signed(of_kind(bench, kind, &topic))?;
            all.push(case(format!("{kind} of {topic}"), &message));
        }
    }
    Ok(all)
}

/// A message whose text is chosen so that its signature would fit another one too, if a line break in a
/// field were let through.
fn smuggled(bench: &Bench, victim: &str, other: &str) -> Result<Vec<Case>> {
    let said = s3_event("acme-logs", "x");
    let (id, at) = ("11111111-2222-3333-4444-555555555555", timestamp(0));
    let inner =
        format!("{said}\nMessageId\n{id}\nTimestamp\n{at}\nTopicArn\n{victim}\nType\nNotification");
    let url = bench.sns.certificate_url();
    let mut outer = notification(other, &inner, &url);
    outer.as_object_mut().expect("an object").remove("Subject");
    let outer = bench.signed(outer)?;
    let text = |name: &str| outer[name].as_str().unwrap_or_default().to_owned();
    let rest = format!(
        "\nMessageId\n{}\nTimestamp\n{}\nTopicArn\n{other}\nType\nNotification",
        text("MessageId"),
        text("Timestamp")
    );
    let base = json!({
        "Type": "Notification", "MessageId": id, "TopicArn": victim, "Message": said, "Timestamp": at,
        "SignatureVersion": "2", "Signature": text("Signature"), "SigningCertURL": url,
    });
    let mut all = Vec::new();
    for field in ["Type", "TopicArn", "Timestamp", "MessageId"] {
        let mut message = base.clone();
        let value = message[field].as_str().unwrap_or_default().to_owned();
        message[field] = format!("{value}{rest}").into();
        all.push(case(format!("another topic's message within {field}"), &message));
    }
    let mut message = base.clone();
    message["Subject"] = format!("x{rest}").into();
    all.push(case("another topic's message within Subject", &message));
    Ok(all)
}

fn malformed(bench: &Bench, topic: &str) -> Result<Vec<Case>> {
    let good = bench.says(topic, "hello")?.to_string();
    let raw = |name: &str, body: &[u8]| (format!("no message: {name}"), body.to_vec());
    Ok(vec![
        raw("empty", b""),
        raw("null", b"null"),
        raw("a list", b"[]"),
        raw("an object", b"{}"),
        raw("a text", b"\"hello\""),
        raw("a form", b"Action=Publish"),
        raw("a page", b"<html></html>"),
        raw("cut off", &good.as_bytes()[..good.len() - 1]),
        raw("two", format!("{good}{good}").as_bytes()),
        raw("in a list", format!("[{good}]").as_bytes()),
        raw("no UTF-8", &[0xff; 40]),
        raw("with a mark before it", format!("\u{feff}{good}").as_bytes()),
        raw("nested", "[".repeat(10_000).as_bytes()),
        raw("raw delivery", s3_event("acme-logs", "x").as_bytes()),
        raw("too large", "x".repeat(300_000).as_bytes()),
    ])
}

#[tokio::test]
async fn what_sns_did_not_send_so_is_not_taken() -> Result<()> {
    let bench = Bench::new().await?;
    let other = bench.world.customer("Zenith").await?;
    let (victim, other) = (topic(&bench.acme), own_topic(&other));
    let mut cases = [
        own_keys(&bench, &victim)?,
        altered(&bench, &victim)?,
        exchanged(&bench, &victim, &other)?,
        signatures(&bench, &victim)?,
        times(&bench, &victim)?,
        strangers(&bench)?,
        smuggled(&bench, &victim, &other)?,
        malformed(&bench, &victim)?,
    ]
    .concat();
    let wrong = certificates::wrong(&bench, &victim)?;
    cases.extend(wrong.iter().map(|(name, message)| case(name, message)));
    let mut names: Vec<&String> = cases.iter().map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    assert!(cases.len() >= 200 && names.len() == cases.len(), "{} of {}", names.len(), cases.len());
    let mut taken = Vec::new();
    for (name, body) in &cases {
        let (status, why) = bench.send(body.clone()).await?;
        if ![403, 413].contains(&status) {
            taken.push(format!("{name}: {status} {why}"));
        }
    }
    let replayed = replay(&bench, &victim).await?;
    let accepted = taken.len() + usize::try_from(bench.taken().await?)? - replayed;
    count("forged", &json!({ "cases": cases.len() + replayed, "accepted": accepted }))?;
    assert_eq!(taken, Vec::<String>::new());
    assert_eq!(accepted, 0);
    Ok(())
}

/// The same message again is acknowledged, since SNS may not have heard the first time, and no more than
/// that. How many were sent twice.
async fn replay(bench: &Bench, topic: &str) -> Result<usize> {
    for kind in KINDS {
        let message = bench.signed(of_kind(bench, kind, topic))?;
        let before = bench.taken().await?;
        assert_eq!(bench.deliver(&message).await?.0, 200);
        for _ in 0..3 {
            assert_eq!(bench.deliver(&message).await?.0, 200);
        }
        assert_eq!(bench.taken().await?, before + 1, "{kind} was taken twice");
    }
    Ok(KINDS.len())
}
