//! The vendor's queues: what comes in by one, and what the analysis reads from the other.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, ensure};
use aws_sdk_sqs::{Client, config::Credentials, types::QueueAttributeName};
use harness::{cloudformation::fresh_account, emulators::Emulator, sns::s3_event};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    accounts::{Account, emulator, key},
    bench::{Bench, topic},
    gate::Gate,
};

const WEB: &str = "app/web/50dc6c495c0c9188";
/// Where the vendor's queues are.
const HOME: &str = "us-east-1";

/// A vendor with queues as the template makes them.
struct Vendor {
    account: String,
    emulator: Emulator,
    gate: Gate,
    sqs: Client,
    outputs: BTreeMap<String, String>,
}

impl Vendor {
    async fn new() -> Result<Self> {
        let (emulator, account) = (emulator().await?, fresh_account());
        let gate = Gate::start(emulator.port).await?;
        let credentials = Credentials::new(&account, "secret", None, None, "test");
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_sqs::config::Region::new(HOME))
            .credentials_provider(credentials)
            .endpoint_url(format!("http://127.0.0.1:{}", emulator.port))
            .build();
        let sqs = Client::from_conf(config);
        let mut outputs = BTreeMap::new();
        for (output, name) in [("IntakeQueue", "notifications"), ("EventsTo", "log-events")] {
            let made = sqs.create_queue().queue_name(name).send().await?;
            outputs.insert(output.to_owned(), made.queue_url().context("no queue")?.to_owned());
        }
        let arn = format!("arn:aws:sqs:{HOME}:{account}:notifications");
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:sns:*:*:DTLogsAnalysis-*" } },
        }]});
        let set = sqs.set_queue_attributes().queue_url(&outputs["IntakeQueue"]);
        set.attributes(QueueAttributeName::Policy, policy.to_string()).send().await?;
        outputs.insert("NotificationEndpoint".to_owned(), arn);
        Ok(Self { account, emulator, gate, sqs, outputs })
    }

    /// One of the queues, as the site reaches it.
    fn queue(&self, output: &str) -> Result<String> {
        let url = url::Url::parse(self.outputs.get(output).context("no such output")?)?;
        Ok(format!("http://127.0.0.1:{}{}", self.gate.port, url.path()))
    }

    /// What is in a queue, waiting a little until there is something.
    async fn next(&self, output: &str) -> Result<Vec<String>> {
        let until = Instant::now() + Duration::from_secs(5);
        loop {
            let url = &self.outputs[output];
            let receive = self.sqs.receive_message().queue_url(url).max_number_of_messages(10);
            let found = receive.wait_time_seconds(1).send().await?;
            let bodies: Vec<String> =
                found.messages().iter().filter_map(|one| one.body().map(str::to_owned)).collect();
            for one in found.messages() {
                let delete = self.sqs.delete_message().queue_url(url);
                delete.set_receipt_handle(one.receipt_handle.clone()).send().await?;
            }
            if !bodies.is_empty() {
                return Ok(bodies);
            }
            if Instant::now() > until {
                return Ok(Vec::new());
            }
        }
    }
}

#[tokio::test]
async fn a_log_comes_in_by_the_queue_and_goes_on_to_the_analysis() -> Result<()> {
    let vendor = Vendor::new().await?;
    let from = format!("--intake-queue={}", vendor.queue("IntakeQueue")?);
    let to = format!("--events-to={}", vendor.queue("EventsTo")?);
    let aws = (vendor.gate.port, vendor.account.as_str());
    let more = ["--intake=queue", from.as_str(), to.as_str(), "--intake-consumers=4"];
    let bench = Bench::on("", aws, &more).await?;
    vendor.gate.sign_with(&bench.sns);
    let acme = bench.acme.clone();
    let acme = Account::new(&bench, &vendor.emulator, acme, &vendor.account).await?;
    vendor.gate.owns(&acme.customer.account, &acme.bucket);
    let arn = topic(&acme.customer);
    let subscribe = acme.aws.sns.subscribe().topic_arn(&arn).protocol("sqs");
    subscribe.endpoint(&vendor.outputs["NotificationEndpoint"]).send().await?;
    bench.set_up(&acme.customer, &acme.bucket, &[WEB]).await?;
    // By HTTPS nothing is taken.
    assert_eq!(bench.deliver(&bench.says(&arn, "hello")?).await?.0, 404);

    let mut keys = Vec::new();
    for number in 0..30 {
        keys.push(acme.log(WEB, number).await?);
    }
    // What is not the customer's, and what is forged, goes no further.
    acme.publish(&s3_event("somebody-elses-bucket", &key(&acme.customer.account, WEB, 99))).await?;
    let mut forged =
        bench.says(&arn, &s3_event(&acme.bucket, &key(&acme.customer.account, WEB, 98)))?;
    forged["MessageId"] = "00000000-0000-0000-0000-000000000000".into();
    let send = vendor.sqs.send_message().queue_url(&vendor.outputs["IntakeQueue"]);
    send.message_body(forged.to_string()).send().await?;

    let mut told: BTreeMap<String, Value> = BTreeMap::new();
    let until = Instant::now() + Duration::from_mins(1);
    while told.len() < keys.len() {
        let log = bench.world.site.log();
        let log: Vec<&str> = log.lines().filter(|line| !line.contains("\"INFO\"")).collect();
        ensure!(Instant::now() < until, "{} of {}: {log:#?}", told.len(), keys.len());
        for body in vendor.next("EventsTo").await? {
            let event: Value = serde_json::from_str(&body)?;
            told.insert(event["key"].as_str().unwrap_or_default().to_owned(), event);
        }
    }
    assert_eq!(told.keys().cloned().collect::<Vec<_>>(), keys);
    let event = &told[&keys[0]];
    for (field, value) in [
        ("type", "log.created"),
        ("customer", acme.customer.id.as_str()),
        ("account", acme.customer.account.as_str()),
        ("region", "eu-west-1"),
        ("load_balancer", WEB),
        ("log", "access"),
        ("bucket", acme.bucket.as_str()),
    ] {
        assert_eq!(event[field], value, "{event}");
    }
    assert!(event["size"].as_i64().is_some_and(|size| size > 100), "{event}");
    bench.worked().await?;
    assert_eq!(bench.taken().await?, 31, "30 logs and one that is not ours");
    Ok(())
}
