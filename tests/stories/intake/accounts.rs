//! Customers' accounts on the emulator: a bucket that tells a topic, and load balancers that write logs.

use std::io::Write;

use anyhow::{Context, Result};
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, Event, NotificationConfiguration,
    TopicConfiguration,
};
use flate2::{Compression, write::GzEncoder};
use harness::{
    customer::Clients,
    emulators::{Emulator, Kind},
};
use serde_json::json;

use super::bench::{Bench, topic};
use crate::site::access::world::{REGION, Subject};

/// A customer's account, set up as the stack does it.
pub(super) struct Account {
    pub(super) customer: Subject,
    pub(super) bucket: String,
    pub(super) aws: Clients,
}

/// Compressed as logs are.
pub(super) fn packed(text: &str) -> Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes())?;
    Ok(packed.finish()?)
}

/// A line as an application load balancer writes it.
pub(super) fn line(load_balancer: &str) -> String {
    format!(
        "https 2026-11-21T23:39:43.945958Z {load_balancer} 192.0.2.77:46532 10.0.1.12:443 0.001 0.014 0.000 \
         200 200 132 1071 \"GET https://shop.test:443/ HTTP/2.0\" \"curl/8.5.0\" - -\n"
    )
}

/// Where a load balancer of an account writes its `number`th log.
pub(super) fn key(account: &str, load_balancer: &str, number: u64) -> String {
    let name = load_balancer.replace('/', ".");
    format!(
        "AWSLogs/{account}/elasticloadbalancing/{REGION}/2026/11/21/{account}_elasticloadbalancing_{REGION}_\
         {name}_20261121T2340Z_192.0.2.10_{number:08}.log.gz"
    )
}

impl Account {
    /// Makes bucket, topic, notification and subscription, and lets the vendor read. The stack has not
    /// said so yet.
    pub(super) async fn new(
        bench: &Bench,
        emulator: &Emulator,
        customer: Subject,
        vendor: &str,
    ) -> Result<Self> {
        let account = customer.account.clone();
        let aws = Clients::new(emulator.port, emulator.kind, &account, REGION).await?;
        let bucket = format!("logs-of-{account}");
        let place = CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(REGION))
            .build();
        let create = aws.s3.create_bucket().bucket(&bucket);
        create.create_bucket_configuration(place).send().await?;
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{vendor}:root") },
            "Action": "s3:GetObject",
            "Resource": format!("arn:aws:s3:::{bucket}/AWSLogs/{account}/*"),
        }]});
        aws.s3.put_bucket_policy().bucket(&bucket).policy(policy.to_string()).send().await?;
        let arn = topic(&customer);
        let name = arn.rsplit(':').next().context("no name")?;
        aws.sns.create_topic().name(name).send().await?;
        let subscribe = aws.sns.subscribe().topic_arn(&arn).protocol("http");
        subscribe.endpoint(bench.sns.endpoint()).send().await?;
        let rule = TopicConfiguration::builder().topic_arn(&arn).events(Event::S3ObjectCreated);
        let rules =
            NotificationConfiguration::builder().topic_configurations(rule.build()?).build();
        let put = aws.s3.put_bucket_notification_configuration().bucket(&bucket);
        put.notification_configuration(rules).send().await?;
        Ok(Self { customer, bucket, aws })
    }

    /// Writes an object.
    pub(super) async fn put(&self, key: &str, body: Vec<u8>) -> Result<()> {
        self.aws.s3.put_object().bucket(&self.bucket).key(key).body(body.into()).send().await?;
        Ok(())
    }

    /// A load balancer of the account writes a log; its key.
    pub(super) async fn log(&self, load_balancer: &str, number: u64) -> Result<String> {
        let key = key(&self.customer.account, load_balancer, number);
        self.put(&key, packed(&line(load_balancer))?).await?;
        Ok(key)
    }

    /// Says through the account's own topic whatever it wants.
    pub(super) async fn publish(&self, text: &str) -> Result<()> {
        let topic = topic(&self.customer);
        self.aws.sns.publish().topic_arn(topic).message(text).send().await?;
        Ok(())
    }
}

/// An emulator that enforces bucket policies.
pub(super) async fn emulator() -> Result<Emulator> {
    let kind = Kind::Ministack { auth: true };
    tokio::task::spawn_blocking(move || Emulator::start(kind)).await?
}
