//! Customers whose stacks are set up, and what their topics say.

use anyhow::{Context, Result, ensure};
use onboarding_web::{
    clock::Clock,
    store::{Actor, NewCustomer, Store},
    token::{Key, digest},
};
use templates::{
    catalog::LOGS_ANALYSIS_ONBOARDING,
    report::{Phase, Report},
};

use crate::{
    site::Site,
    sns::{Sns, notification, s3_event},
};

/// The one load balancer of every customer.
pub const LOAD_BALANCER: &str = "app/web/50dc6c495c0c9188";
const REGION: &str = "eu-west-1";
const STACK: &str = "51af3dc0-da77-11e4-872e-1234567db123";

/// A signed message.
#[derive(Debug)]
pub struct Message {
    /// As it is sent.
    pub body: String,
    /// What the intake knows it by.
    pub id: String,
}

fn topic(account: &str) -> String {
    format!("arn:aws:sns:{REGION}:{account}:DTLogsAnalysis-{STACK}-InvokeLambdaFunction")
}

/// The accounts of so many customers.
pub fn accounts(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("{}", 100_000_000_001_usize + at)).collect()
}

/// A record of a customer as the form would make it.
pub fn new_customer(name: &str, account: &str) -> NewCustomer {
    NewCustomer {
        name: name.to_owned(),
        email: "ops@customer.test".to_owned(),
        account: account.to_owned(),
        partition: "aws".to_owned(),
        retention_days: 365,
        template_version: LOGS_ANALYSIS_ONBOARDING.version.to_owned(),
        load_balancers: format!("{REGION} all"),
        expires_days: 14,
        regions: vec![(REGION.to_owned(), "all".to_owned(), 1)],
        ..NewCustomer::default()
    }
}

/// Adds customers in these accounts, and has their stacks say that they are set up.
pub async fn set_up(site: &Site, accounts: &[String]) -> Result<()> {
    let key = Key::load(&site.folder().join("onboarding.key"))?;
    let store = Store::open(&site.database(), key, Clock::system()).await?;
    let new = |account: &String| new_customer(&format!("Customer {account}"), account);
    let all: Vec<NewCustomer> = accounts.iter().map(new).collect();
    let ids = store.add_customers(&Actor::of("load"), &all, None).await?;
    for (id, account) in ids.iter().zip(accounts) {
        let token = store.key().stack_token(id, REGION, 1);
        let body = serde_json::to_string(&report(account))?;
        let answer = site.anyone().report(&token, &body).await?;
        ensure!(answer.status == 204, "{answer:?}");
    }
    store.close().await;
    Ok(())
}

/// Signs so many messages, on all cores.
pub async fn sign(accounts: &[String], sns: &Sns, count: usize) -> Result<Vec<Message>> {
    let mut tasks = Vec::new();
    let workers = 4;
    for worker in 0..workers {
        let (accounts, sns) = (accounts.to_vec(), sns.clone());
        tasks.push(tokio::task::spawn_blocking(move || {
            let mine = (worker..count).step_by(workers);
            mine.map(|at| one(&accounts, &sns, at)).collect::<Result<Vec<_>>>()
        }));
    }
    let mut all = Vec::with_capacity(count);
    for task in tasks {
        all.extend(task.await.context("signing")??);
    }
    Ok(all)
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
    let text = |name: &str| message[name].as_str().unwrap_or_default();
    let id = digest(&format!("{}\n{}", text("TopicArn"), text("MessageId")));
    Ok(Message { body: message.to_string(), id })
}

/// What the stack of such a customer reports when it is set up.
pub fn report(account: &str) -> Report {
    report_of(account, &format!("logs-of-{account}"), &topic(account), &[LOAD_BALANCER])
}

/// The same of a stack with these resources.
pub fn report_of(account: &str, bucket: &str, topic: &str, load_balancers: &[&str]) -> Report {
    let turned_on = |name: &&str| format!("{name}: turned on access");
    let load_balancers: Vec<String> = load_balancers.iter().map(turned_on).collect();
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
            output("Buckets", bucket.to_owned()),
            output("TopicArn", topic.to_owned()),
            output("LoadBalancers", load_balancers.join(", ")),
        ],
    }
}
