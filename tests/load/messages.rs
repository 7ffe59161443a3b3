//! Customers whose stacks are set up, and what their topics say.

use anyhow::{Context, Result, ensure};
use harness::{
    site::Site,
    sns::{Sns, notification, s3_event},
};
use onboarding_web::{
    clock::Clock,
    store::{Actor, NewCustomer, Store},
    token::{Key, digest},
};
use serde_json::Value;
use templates::{
    catalog::LOGS_ANALYSIS_ONBOARDING,
    report::{Phase, Report},
};

/// The one load balancer of every customer.
pub(crate) const LOAD_BALANCER: &str = "app/web/50dc6c495c0c9188";
const REGION: &str = "eu-west-1";
const STACK: &str = "51af3dc0-da77-11e4-872e-1234567db123";

/// The accounts.
pub(crate) struct Customers(Vec<String>);

/// A signed message: what makes it different from the others.
pub(crate) struct Message(Value);

impl Message {
    /// As it is sent.
    pub(crate) fn body(&self) -> String {
        self.0.to_string()
    }

    /// What the intake knows it by.
    pub(crate) fn digest(&self) -> String {
        let text = |name: &str| self.0[name].as_str().unwrap_or_default().to_owned();
        digest(&format!("{}\n{}", text("TopicArn"), text("MessageId")))
    }
}

fn topic(account: &str) -> String {
    format!("arn:aws:sns:{REGION}:{account}:DTLogsAnalysis-{STACK}-InvokeLambdaFunction")
}

impl Customers {
    /// Adds customers, and has their stacks say that they are set up.
    pub(crate) async fn set_up(site: &Site, count: usize) -> Result<Self> {
        let key = Key::load(&site.folder().join("onboarding.key"))?;
        let store = Store::open(&site.database(), key, Clock::system()).await?;
        let accounts: Vec<String> =
            (0..count).map(|at| format!("{}", 100_000_000_001 + at)).collect();
        let new = |account: &String| NewCustomer {
            name: format!("Customer {account}"),
            email: "ops@customer.test".to_owned(),
            account: account.clone(),
            partition: "aws".to_owned(),
            retention_days: 365,
            template_version: LOGS_ANALYSIS_ONBOARDING.version.to_owned(),
            load_balancers: format!("{REGION} all"),
            expires_days: 14,
            regions: vec![(REGION.to_owned(), "all".to_owned(), 1)],
            ..NewCustomer::default()
        };
        let all: Vec<NewCustomer> = accounts.iter().map(new).collect();
        let ids = store.add_customers(&Actor::of("load"), &all, None).await?;
        for (id, account) in ids.iter().zip(&accounts) {
            let token = store.key().stack_token(id, REGION, 1);
            let body = serde_json::to_string(&report(account))?;
            let answer = site.anyone().report(&token, &body).await?;
            ensure!(answer.status == 204, "{answer:?}");
        }
        store.close().await;
        Ok(Self(accounts))
    }

    /// Signs so many messages, on all cores.
    pub(crate) async fn sign(&self, sns: &Sns, count: usize) -> Result<Vec<Message>> {
        let mut tasks = Vec::new();
        let workers = 4;
        for worker in 0..workers {
            let (accounts, sns) = (self.0.clone(), sns.clone());
            tasks.push(tokio::task::spawn_blocking(move || {
                (worker..count)
                    .step_by(workers)
                    .map(|at| one(&accounts, &sns, at))
                    .collect::<Result<Vec<_>>>()
            }));
        }
        let mut all = Vec::with_capacity(count);
        for task in tasks {
            all.extend(task.await.context("signing")??);
        }
        Ok(all)
    }
}

fn one(accounts: &[String], sns: &Sns, at: usize) -> Result<Message> {
    let account = &accounts[at % accounts.len()];
    let name = LOAD_BALANCER.replace('/', ".");
    let key = format!(
        "AWSLogs/{account}/elasticloadbalancing/{REGION}/2026/11/21/{account}_elasticloadbalancing_{REGION}_\
         {name}_20261121T2340Z_192.0.2.10_{at:08}.log.gz"
    );
    let event = s3_event(&format!("logs-of-{account}"), &key);
    let mut message = notification(&topic(account), &event, &sns.certificate_url());
    sns.signer().sign(&mut message)?;
    Ok(Message(message))
}

fn report(account: &str) -> Report {
    let output = |name: &str, value: String| (name.to_owned(), value);
    Report {
        stack_id: format!("arn:aws:cloudformation:{REGION}:{account}:stack/logs-analysis/{STACK}"),
        request_id: "request-1".to_owned(),
        request_type: "Create".to_owned(),
        phase: Phase::Succeeded,
        step: None,
        reason: String::new(),
        begun: 0,
        version: "0.1.0".to_owned(),
        configuration: "first".to_owned(),
        outputs: vec![
            output("Buckets", format!("logs-of-{account}")),
            output("TopicArn", topic(account)),
            output("LoadBalancers", format!("{LOAD_BALANCER}: turned on access")),
        ],
    }
}
