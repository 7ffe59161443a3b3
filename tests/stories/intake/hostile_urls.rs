//! Addresses in messages: none of them is ever called.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use anyhow::Result;
use harness::sns::{Trap, confirmation, notification};
use onboarding_web::intake::{
    certificates::{Certificates, NoCertificate},
    topic::Topic,
};
use reqwest::dns::{Name, Resolve, Resolving};
use serde_json::json;

use super::{
    bench::{Bench, count, topic},
    urls::hostile,
};

/// Counts what is looked up, and finds nothing.
#[derive(Default)]
struct Lookups(AtomicUsize);

impl Resolve for Lookups {
    fn resolve(&self, _: Name) -> Resolving {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Err("nobody".into()) })
    }
}

/// Every message is signed by SNS, so that only the address is wrong.
#[tokio::test]
async fn no_hostile_address_of_a_certificate_gets_a_connection() -> Result<()> {
    let bench = Bench::new().await?;
    let trap = Trap::start().await?;
    let topic = topic(&bench.acme);
    let all = hostile(trap.port);
    let mut accepted = Vec::new();
    for url in &all {
        let mut message = notification(&topic, "hello", url);
        bench.sns.signer().sign(&mut message)?;
        let (status, why) = bench.deliver(&message).await?;
        if status != 403 || !why.contains("SigningCertURL") {
            accepted.push(format!("{url}: {status} {why}"));
        }
    }
    assert_eq!(accepted, Vec::<String>::new());
    let connected = bench.sns.asked() + trap.connections();
    count("hostile_urls", &json!({ "cases": all.len(), "connected": connected }))?;
    assert_eq!(connected, 0);
    // The same message with the right address, so that nothing else was what was refused.
    assert_eq!(bench.deliver(&bench.says(&topic, "hello")?).await?.0, 200);
    assert_eq!((bench.sns.asked(), bench.taken().await?), (1, 1));
    Ok(())
}

/// As in production: no emulator stands in for SNS, and not even a name is looked up.
#[tokio::test]
async fn no_hostile_address_is_even_looked_up() -> Result<()> {
    let lookups = Arc::new(Lookups::default());
    let certificates = Certificates::resolving(None, Arc::clone(&lookups))?;
    let trap = Trap::start().await?;
    let topic = Topic::parse("arn:aws:sns:eu-west-1:111122223333:t").expect("a topic");
    let asked_by = "192.0.2.1";
    for url in hostile(trap.port) {
        let found = certificates.get(&url, &topic, asked_by, 0).await;
        assert!(matches!(found, Err(NoCertificate::Refused(_))), "{url}");
    }
    assert_eq!((lookups.0.load(Ordering::SeqCst), trap.connections()), (0, 0));
    let good = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5ca.pem";
    let found = certificates.get(good, &topic, asked_by, 0).await;
    assert!(matches!(found, Err(NoCertificate::Later(_))), "{found:?}");
    assert_eq!(lookups.0.load(Ordering::SeqCst), 1);
    Ok(())
}

/// Of a message that SNS signed, no address is called: neither the one that confirms, which is
/// signed, nor the one that unsubscribes, which is not.
#[tokio::test]
async fn no_address_of_a_genuine_message_is_called() -> Result<()> {
    let trap = Trap::start().await?;
    // The site's AWS is the trap's neighbour: confirmations fail there, and are tried again.
    let bench = Bench::new().await?;
    let topic = topic(&bench.acme);
    for url in hostile(trap.port).iter().filter(|url| url.contains(&trap.port.to_string())) {
        let mut said = notification(&topic, "hello", &bench.sns.certificate_url());
        said["UnsubscribeURL"] = url.as_str().into();
        let said = bench.signed(said)?;
        assert_eq!(bench.deliver(&said).await?.0, 200, "{url}");
        for kind in ["SubscriptionConfirmation", "UnsubscribeConfirmation"] {
            let mut asked = confirmation(kind, &topic, &bench.sns.certificate_url());
            asked["SubscribeURL"] = url.replace('\n', "").into();
            assert_eq!(bench.deliver(&bench.signed(asked)?).await?.0, 200, "{url}");
        }
    }
    bench.set_up(&bench.acme, "acme-logs", &["app/web/50dc6c495c0c9188"]).await?;
    bench.worked().await?;
    assert_eq!(trap.connections(), 0);
    Ok(())
}
