//! What takes in: reports of stacks, messages of SNS.

use anyhow::{Result, ensure};
use harness::{log_bucket, messages, site::Site, sns::Sns};
use templates::report::{Phase, Report, Step};

use super::{
    Bench, Endpoint, Engine, Measured,
    customers::{Customer, FIRST},
    wrk::{Load, Request, Wrk},
};

/// Stacks that report.
pub(super) async fn reports(
    wrk: &Wrk,
    engine: Engine,
    database: &str,
    rounds: u16,
) -> Result<Endpoint> {
    let bench = Bench::new(wrk, engine, database).await?;
    // A stack says where it is, step by step, and twice in a row never the same.
    let one = |(at, customer): (usize, &Customer)| {
        let step = if (at / FIRST).is_multiple_of(2) { Step::Look } else { Step::Finish };
        let report = Report {
            phase: Phase::Progress,
            step: Some(step),
            outputs: Vec::new(),
            ..messages::report(&customer.account)
        };
        let body = serde_json::to_string(&report)?;
        Ok(("/reports".to_owned(), customer.stack_token.clone(), body))
    };
    let all: Result<Vec<Request>> =
        bench.customers.iter().cycle().take(2 * FIRST).enumerate().map(one).collect();
    wrk.keep("reports", &all?)?;
    let load = bench.load(&bench.site.url, "reports");
    let load = Load { cookie: "", connections: 16, seconds: 1, ..load };
    let (served, _) = Measured::go_on(wrk, load, bench.site.pid(), rounds)?;
    Ok(Endpoint { name: "report of a stack".to_owned(), engine, served })
}

/// SNS that tells of logs: signed, each message once.
pub(super) async fn intake(
    wrk: &Wrk,
    engine: Engine,
    database: &str,
    rounds: u16,
) -> Result<Endpoint> {
    let sns = Sns::start("eu-west-1").await?;
    let aws = log_bucket::start().await?;
    let certificates = format!("--intake-certificates={}", sns.url());
    let endpoint = format!("--notification-endpoint={}", sns.endpoint());
    let arguments = ["--intake=https", &endpoint, &certificates, "--log=error"];
    let site = Site::with_aws(database, &arguments, (aws, "111122223333")).await?;
    let accounts = messages::accounts(FIRST);
    messages::set_up(&site, &accounts).await?;
    let all = messages::sign(&accounts, &sns, 3000 * usize::from(rounds + 1)).await?;
    let request =
        |one: &messages::Message| ("/intake/sns".to_owned(), String::new(), one.body.clone());
    wrk.keep("intake", &all.iter().map(request).collect::<Vec<_>>())?;
    let (url, requests) = (site.url.as_str(), "intake");
    let load = Load { url, requests, first: 0, cookie: "", connections: 16, seconds: 1 };
    let (served, sent) = Measured::go_on(wrk, load, site.pid(), rounds)?;
    #[expect(clippy::cast_precision_loss, reason = "messages")]
    let fresh = sent < all.len() as f64;
    ensure!(fresh, "every message was sent, some twice");
    Ok(Endpoint { name: "message of SNS".to_owned(), engine, served })
}
