//! The vendor's queues, as its template makes them: what comes in by one, and what the analysis reads from the other.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, ensure};
use aws_sdk_cloudformation::types::{Capability, Parameter};
use aws_sdk_sqs::{Client, config::Credentials, types::QueueAttributeName};
use harness::{
    cloudformation::fresh_account, customer::Clients, emulators::Emulator, sns::s3_event,
    whole_path::come_to_rest,
};
use serde_json::Value;
use templates::catalog::VENDOR_INTAKE;
use tokio::time::Instant;

use super::{
    accounts::{Account, emulator, key},
    bench::{Bench, topic},
    gate::Gate,
};

const WEB: &str = "app/web/50dc6c495c0c9188";
/// Where the vendor's queues are.
const HOME: &str = "us-east-1";

/// A vendor whose queues the template made.
struct Vendor {
    account: String,
    emulator: Emulator,
    gate: Gate,
    cloudformation: aws_sdk_cloudformation::Client,
    sqs: Client,
    outputs: BTreeMap<String, String>,
}

impl Vendor {
    async fn new() -> Result<Self> {
        let (emulator, account) = (emulator().await?, fresh_account());
        let gate = Gate::start(emulator.port).await?;
        let aws = Clients::new(emulator.port, emulator.kind, &account, HOME).await?;
        let create = aws.cloudformation.create_stack().stack_name("vendor-intake");
        let create = create.template_body(VENDOR_INTAKE.body);
        let made = create.capabilities(Capability::CapabilityIam).send().await?;
        let id = made.stack_id().context("no stack id")?;
        let state = come_to_rest(&aws.cloudformation, id, 0, |_| {}).await?;
        ensure!(state.status == "CREATE_COMPLETE", "{state:?}");
        let credentials = Credentials::new(&account, "secret", None, None, "test");
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_sqs::config::Region::new(HOME))
            .credentials_provider(credentials)
            .endpoint_url(format!("http://127.0.0.1:{}", emulator.port))
            .build();
        let sqs = Client::from_conf(config);
        let cloudformation = aws.cloudformation;
        Ok(Self { account, emulator, gate, cloudformation, sqs, outputs: state.outputs })
    }

    /// Lists the accounts whose topics may send. (The emulator cannot tell an empty list in a condition:
    /// AWS takes every account's if none is listed.)
    async fn list(&self, accounts: &str) -> Result<()> {
        let accounts =
            Parameter::builder().parameter_key("CustomerAccounts").parameter_value(accounts);
        let update = self.cloudformation.update_stack().stack_name("vendor-intake");
        let update = update.use_previous_template(true).parameters(accounts.build());
        let made = update.capabilities(Capability::CapabilityIam).send().await?;
        let id = made.stack_id().context("no stack id")?;
        let state = come_to_rest(&self.cloudformation, id, 0, |_| {}).await?;
        ensure!(state.status == "UPDATE_COMPLETE", "{state:?}");
        Ok(())
    }

    /// A site that reads the one queue with four consumers and tells by the other, and a customer whose
    /// topic sends to the queue.
    async fn customer(&self) -> Result<(Bench, Account)> {
        let from = format!("--intake-queue={}", self.queue("IntakeQueue")?);
        let to = format!("--events-to={}", self.queue("EventsTo")?);
        let aws = (self.gate.port, self.account.as_str());
        let more = ["--intake=queue", from.as_str(), to.as_str(), "--intake-consumers=4"];
        let bench = Bench::on("", aws, &more).await?;
        self.gate.sign_with(&bench.sns);
        let acme = Account::new(&bench, &self.emulator, bench.acme.clone(), &self.account).await?;
        self.gate.owns(&acme.customer.account, &acme.bucket);
        self.list(&acme.customer.account).await?;
        self.subscribe(&acme, &topic(&acme.customer)).await?;
        bench.set_up(&acme.customer, &acme.bucket, &[WEB]).await?;
        Ok((bench, acme))
    }

    /// Has a topic send to the vendor's queue.
    async fn subscribe(&self, account: &Account, topic: &str) -> Result<()> {
        let subscribe = account.aws.sns.subscribe().topic_arn(topic).protocol("sqs");
        subscribe.endpoint(&self.outputs["NotificationEndpoint"]).send().await?;
        Ok(())
    }

    /// What the analysis is told, by key, until it was told of so many logs.
    async fn told(&self, bench: &Bench, count: usize) -> Result<BTreeMap<String, Value>> {
        let mut told: BTreeMap<String, Value> = BTreeMap::new();
        let until = Instant::now() + Duration::from_mins(1);
        while told.len() < count {
            let log = bench.world.site.log();
            let log: Vec<&str> = log.lines().filter(|line| !line.contains("\"INFO\"")).collect();
            ensure!(Instant::now() < until, "{} of {count}: {log:#?}", told.len());
            for body in self.next("EventsTo").await? {
                let event: Value = serde_json::from_str(&body)?;
                told.insert(event["key"].as_str().unwrap_or_default().to_owned(), event);
            }
        }
        Ok(told)
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
    let (bench, acme) = vendor.customer().await?;
    let arn = topic(&acme.customer);
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

    let told = vendor.told(&bench, keys.len()).await?;
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
    bench.arrived(31).await?;
    bench.worked().await?;
    assert_eq!(bench.taken().await?, 31, "30 logs and one that is not ours");
    Ok(())
}

#[tokio::test]
async fn the_queue_takes_topics_of_listed_accounts_and_only_the_stacks_own_counts() -> Result<()> {
    let vendor = Vendor::new().await?;
    let (bench, acme) = vendor.customer().await?;
    let made = acme.aws.sns.create_topic().name("some-topic").send().await?;
    let other = made.topic_arn().context("no topic")?;
    vendor.subscribe(&acme, other).await?;
    let text = s3_event(&acme.bucket, &key(&acme.customer.account, WEB, 1));
    acme.aws.sns.publish().topic_arn(other).message(text).send().await?;
    // A customer here, of whom the queue was not told.
    let late = bench.world.customer("Late Ltd").await?;
    let late = Account::new(&bench, &vendor.emulator, late, &vendor.account).await?;
    vendor.subscribe(&late, &topic(&late.customer)).await?;
    late.log(WEB, 1).await?;

    let log = acme.log(WEB, 2).await?;
    let told = vendor.told(&bench, 1).await?;
    assert_eq!(told.keys().collect::<Vec<_>>(), [&log]);
    bench.arrived(2).await?;
    bench.worked().await?;
    assert_eq!(bench.taken().await?, 2, "the listed account's topics, and not the late one's");
    assert!(vendor.next("EventsTo").await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_service_that_is_killed_loses_nothing_of_the_queue() -> Result<()> {
    let vendor = Vendor::new().await?;
    // Whoever dies with messages in hand leaves them to others after two seconds instead of minutes.
    let patience = vendor.sqs.set_queue_attributes().queue_url(&vendor.outputs["IntakeQueue"]);
    patience.attributes(QueueAttributeName::VisibilityTimeout, "2").send().await?;
    let (mut bench, acme) = vendor.customer().await?;
    let mut keys = vec![acme.log(WEB, 0).await?];
    vendor.told(&bench, 1).await?;
    for round in 1..4 {
        for number in 0..40 {
            keys.push(acme.log(WEB, 100 * round + number).await?);
            if number == 20 {
                bench.world.site.kill();
            }
        }
        bench.world.site.restart().await?;
        bench.nothing_is_in_hand().await?;
    }
    let told = vendor.told(&bench, keys.len() - 1).await?;
    let missing: Vec<_> = keys.iter().skip(1).filter(|key| !told.contains_key(*key)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    Ok(())
}
