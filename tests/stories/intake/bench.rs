//! A site that takes logs in, customers whose stacks are set up, and SNS.

use std::{
    fs,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use harness::{
    messages,
    site::Site,
    sns::{Sns, confirmation, notification},
    target,
};
use onboarding_web::token::digest;
use serde_json::{Map, Value, json};
use sqlx::AnyPool;
use tokio::time::{Instant, sleep};

use crate::site::access::world::{REGION, Subject, World, add, new_customer};

/// The stack's id, as it stands in the names of what the stack makes.
pub(super) const STACK: &str = "51af3dc0-da77-11e4-872e-1234567db123";

/// The site and those around it.
pub(super) struct Bench {
    pub(super) world: World,
    pub(super) sns: Sns,
    pub(super) acme: Subject,
    http: reqwest::Client,
    rows: AnyPool,
}

impl Bench {
    /// A site without AWS behind it.
    pub(super) async fn new() -> Result<Self> {
        Self::on("", (1, "111122223333"), &[]).await
    }

    /// A site on a database, with credentials for an account of an emulator.
    pub(super) async fn on(database: &str, aws: (u16, &str), more: &[&str]) -> Result<Self> {
        let sns = Sns::start(REGION).await?;
        let certificates = format!("--intake-certificates={}", sns.url());
        let endpoint = format!("--notification-endpoint={}", sns.endpoint());
        let mut arguments = vec![certificates.as_str(), endpoint.as_str()];
        if !more.contains(&"--intake=queue") {
            arguments.push("--intake=https");
        }
        arguments.extend(more);
        let site = Site::with_aws(database, &arguments, aws).await?;
        sns.pass_to(&site.url);
        let file = format!("sqlite://{}", site.folder().join("onboarding.db").display());
        let world = World::of(site, database).await?;
        let rows = AnyPool::connect(if database.is_empty() { &file } else { database }).await?;
        let acme = world.customer("Acme Stores").await?;
        let http = reqwest::Client::builder().build()?;
        Ok(Self { world, sns, acme, http, rows })
    }

    /// A customer in another partition or region.
    pub(super) async fn customer_in(&self, partition: &str, region: &str) -> Result<Subject> {
        let mut new = new_customer("Elsewhere Ltd");
        new.partition = partition.to_owned();
        new.regions = vec![(region.to_owned(), "all".to_owned(), 1)];
        add(&self.world.store, new).await
    }

    /// The customer's stack says that it is set up, with one bucket and some load balancers.
    pub(super) async fn set_up(
        &self,
        customer: &Subject,
        bucket: &str,
        load_balancers: &[&str],
    ) -> Result<()> {
        let report =
            messages::report_of(&customer.account, bucket, &topic(customer), load_balancers);
        let body = serde_json::to_string(&report)?;
        let answer = self.world.site.anyone().report(&customer.stack, &body).await?;
        ensure!(answer.status == 204, "{answer:?}");
        Ok(())
    }

    /// Signs a message as SNS does.
    pub(super) fn signed(&self, mut message: Value) -> Result<Value> {
        self.sns.signer().sign(&mut message)?;
        Ok(message)
    }

    /// A notification of a topic, signed.
    pub(super) fn says(&self, topic: &str, message: &str) -> Result<Value> {
        self.signed(notification(topic, message, &self.sns.certificate_url()))
    }

    /// A confirmation of a topic, signed.
    pub(super) fn asks(&self, kind: &str, topic: &str) -> Result<Value> {
        self.signed(confirmation(kind, topic, &self.sns.certificate_url()))
    }

    /// Sends what may be a message; the status, and why if it was refused.
    pub(super) async fn send(&self, body: Vec<u8>) -> Result<(u16, String)> {
        self.send_to(&self.world.site.url, body).await
    }

    /// The same, to another copy of the service.
    pub(super) async fn send_to(&self, url: &str, body: Vec<u8>) -> Result<(u16, String)> {
        let answer = self
            .http
            .post(format!("{url}/intake/sns"))
            .header("content-type", "text/plain; charset=UTF-8")
            .body(body)
            .send()
            .await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// Sends a message.
    pub(super) async fn deliver(&self, message: &Value) -> Result<(u16, String)> {
        self.send(message.to_string().into_bytes()).await
    }

    /// Waits until every message was worked on once, whatever came of it.
    pub(super) async fn worked(&self) -> Result<()> {
        self.wait_for_none("SELECT COUNT(*) FROM intake_queue WHERE attempts = 0").await
    }

    /// Waits until nothing is left to work on.
    pub(super) async fn all_worked_off(&self) -> Result<()> {
        self.wait_for_none("SELECT COUNT(*) FROM intake_queue").await
    }

    /// The time is over for which it is remembered what came.
    pub(super) async fn forget_what_came(&self) -> Result<()> {
        sqlx::query("DELETE FROM intake_seen").execute(&self.rows).await?;
        Ok(())
    }

    /// The time is over that somebody may have a message in hand.
    pub(super) async fn nothing_is_in_hand(&self) -> Result<()> {
        sqlx::query("UPDATE intake_queue SET next_at = 0").execute(&self.rows).await?;
        Ok(())
    }

    async fn wait_for_none(&self, count: &'static str) -> Result<()> {
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            let left: i64 = sqlx::query_scalar(count).fetch_one(&self.rows).await?;
            if left == 0 {
                return Ok(());
            }
            ensure!(Instant::now() < until, "{left} messages were not worked on");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The last log of every load balancer came earlier than it did, by so many milliseconds.
    pub(super) async fn logs_came_earlier_by(&self, customer: &Subject, by: i64) -> Result<()> {
        let query = "SELECT status FROM onboardings WHERE customer_id = $1";
        let status: String =
            sqlx::query_scalar(query).bind(&customer.id).fetch_one(&self.rows).await?;
        let mut status: Value = serde_json::from_str(&status)?;
        let sources = status["logs"]["sources"].as_object_mut().context("no logs")?;
        for source in sources.values_mut() {
            source["last_at"] = (source["last_at"].as_i64().context("no time")? - by).into();
        }
        let update = "UPDATE onboardings SET status = $1 WHERE customer_id = $2";
        let update = sqlx::query(update).bind(status.to_string()).bind(&customer.id);
        ensure!(update.execute(&self.rows).await?.rows_affected() == 1, "not one region");
        Ok(())
    }

    /// How many of these messages are not in the database.
    pub(super) async fn not_taken(&self, messages: &[Value]) -> Result<usize> {
        let query = "SELECT id FROM intake_seen";
        let there: Vec<String> = sqlx::query_scalar(query).fetch_all(&self.rows).await?;
        let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
        let id =
            |one: &Value| digest(&format!("{}\n{}", text(one, "TopicArn"), text(one, "MessageId")));
        Ok(messages.iter().filter(|one| !there.contains(&id(one))).count())
    }

    /// Waits until so many messages were taken, ever.
    pub(super) async fn arrived(&self, count: i64) -> Result<()> {
        let until = Instant::now() + Duration::from_mins(1);
        while self.taken().await? < count {
            ensure!(Instant::now() < until, "{} messages came", self.taken().await?);
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// How many messages were taken for SNS's, ever.
    pub(super) async fn taken(&self) -> Result<i64> {
        let count = "SELECT COUNT(*) FROM intake_seen";
        Ok(sqlx::query_scalar(count).fetch_one(&self.rows).await?)
    }
}

/// The topic that a customer's stack made.
pub(super) fn topic(customer: &Subject) -> String {
    format!("arn:aws:sns:{REGION}:{}:DTLogsAnalysis-{STACK}-InvokeLambdaFunction", customer.account)
}

/// A topic that the customer had before.
pub(super) fn own_topic(customer: &Subject) -> String {
    format!("arn:aws:sns:{REGION}:{}:bucket-events", customer.account)
}

/// Puts counts into `target/reports/intake.json`, beside those of other stories.
pub(super) fn count(name: &str, counts: &Value) -> Result<()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = target().join("reports");
    fs::create_dir_all(&folder)?;
    let file = folder.join("intake.json");
    let text = fs::read_to_string(&file).unwrap_or_else(|_| "{}".to_owned());
    let mut all: Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
    all.insert(name.to_owned(), counts.clone());
    fs::write(&file, serde_json::to_string_pretty(&json!(all))?).context("the report")
}
