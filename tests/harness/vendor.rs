//! The vendor: publishes the code, listens for new logs, reads them.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use axum::{Router, body::Bytes, extract::State, routing::post};
use serde_json::Value;
use templates::vendor::Constants;
use tokio::{net::TcpListener, sync::Notify, time::Instant};

use crate::{customer::Clients, emulators::Kind, package::Package};

/// The vendor's account and endpoint.
#[derive(Debug, Clone)]
pub struct Vendor {
    /// 12 digits.
    pub account: String,
    /// He acts as the account's root.
    pub aws: Clients,
    /// Where SNS sends; plain http on loopback here.
    pub endpoint: String,
    /// Where stacks report; `-` for nowhere.
    pub report_url: String,
    region: String,
    inbox: Arc<Inbox>,
}

#[derive(Debug, Default)]
struct Inbox {
    messages: Mutex<Vec<Value>>,
    arrived: Notify,
}

impl Vendor {
    /// A vendor whose account is on an emulator.
    pub async fn start(port: u16, account: &str, region: &str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let endpoint = format!("http://127.0.0.1:{}/sns", listener.local_addr()?.port());
        let inbox = Arc::new(Inbox::default());
        let app = Router::new().route("/sns", post(take)).with_state(Arc::clone(&inbox));
        tokio::spawn(async move { axum::serve(listener, app).await });
        let kind = Kind::Ministack { auth: true };
        Ok(Self {
            account: account.to_owned(),
            aws: Clients::new(port, kind, account, region).await?,
            endpoint,
            report_url: "-".to_owned(),
            region: region.to_owned(),
            inbox,
        })
    }

    /// What is filled into the templates.
    pub fn constants(&self) -> Constants {
        Constants {
            account_id: self.account.clone(),
            notification_endpoint: self.endpoint.clone(),
            report_url: self.report_url.clone(),
            code_bucket_prefix: format!("code-of-{}", self.account),
        }
    }

    /// Uploads the function's code to where the template looks for it. `holder` is the customer: the
    /// emulator finds code only in buckets of the function's own account, and runs nothing at all
    /// otherwise.
    pub async fn publish(&self, package: &Package, holder: &Clients) -> Result<()> {
        let bucket = format!("code-of-{}-{}", self.account, self.region);
        let place = CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(self.region.as_str()))
            .build();
        let create = holder.s3.create_bucket().bucket(&bucket);
        create.create_bucket_configuration(place).send().await?;
        let body = std::fs::read(&package.zip)?;
        let key = "logs-analysis/0.1.0/bootstrap.zip";
        holder.s3.put_object().bucket(&bucket).key(key).body(body.into()).send().await?;
        Ok(())
    }

    /// Uploads the templates to where links look for them, with this vendor's constants in them.
    pub async fn publish_templates(&self, holder: &Clients) -> Result<()> {
        let bucket = format!("code-of-{}-{}", self.account, self.region);
        for template in templates::catalog::ALL {
            let body = templates::vendor::render(template.body, &self.constants())?;
            let key = format!("logs-analysis/{}/{}.yaml", template.version, template.id);
            let body = body.into_bytes().into();
            holder.s3.put_object().bucket(&bucket).key(key).body(body).send().await?;
        }
        Ok(())
    }

    /// Waits for a message that `wanted` finds something in.
    async fn wait_for<T>(&self, what: &str, wanted: impl Fn(&Value) -> Option<T>) -> Result<T> {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let arrived = self.inbox.arrived.notified();
            {
                let all = self.inbox.messages.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(found) = all.iter().find_map(&wanted) {
                    return Ok(found);
                }
            }
            if tokio::time::timeout_at(until, arrived).await.is_err() {
                bail!("{what} did not come within 30 seconds");
            }
        }
    }

    /// Waits for SNS's question whether this address wants to hear, and answers it by an API call: no
    /// address from a message is ever fetched. The topic's ARN.
    pub async fn confirm(&self) -> Result<String> {
        let (topic, token) = self
            .wait_for("the confirmation request", |message| {
                (message["Type"] == "SubscriptionConfirmation").then(|| {
                    let text = |name: &str| message[name].as_str().unwrap_or_default().to_owned();
                    (text("TopicArn"), text("Token"))
                })
            })
            .await?;
        let request = self.aws.sns.confirm_subscription().topic_arn(&topic).token(token);
        request.send().await?;
        Ok(topic)
    }

    /// Waits for the notification of a new object; its bucket and key.
    pub async fn hears_of(&self, key: &str) -> Result<(String, String)> {
        self.wait_for("the notification", |message| {
            let event: Value = serde_json::from_str(message["Message"].as_str()?).ok()?;
            let object = &event["Records"][0]["s3"];
            let found = object["object"]["key"].as_str()?;
            (found == key).then(|| {
                (object["bucket"]["name"].as_str().unwrap_or_default().to_owned(), found.to_owned())
            })
        })
        .await
    }

    /// Reads an object.
    pub async fn read(&self, bucket: &str, key: &str) -> Result<Vec<u8>> {
        let answer = self.aws.s3.get_object().bucket(bucket).key(key).send().await?;
        Ok(answer.body.collect().await.context("the object broke off")?.to_vec())
    }
}

async fn take(State(inbox): State<Arc<Inbox>>, body: Bytes) {
    if let Ok(message) = serde_json::from_slice(&body) {
        inbox.messages.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        inbox.arrived.notify_waiters();
    }
}
