//! A site that takes logs in and reads them, and customers' accounts on an emulator.

use std::time::Duration;

use anyhow::Result;
use harness::{cloudformation::fresh_account, emulators::Emulator, postgres::Postgres};
use http::Method;
use tokio::time::{Instant, sleep};

use super::{
    accounts::{Account, emulator},
    bench::Bench,
    gate::Gate,
};
use crate::site::access::world::{Subject, read, words};

const PATIENCE: Duration = Duration::from_mins(1);

/// Tells a story with either database.
pub(super) async fn on_both_databases(story: impl AsyncFn(&mut Scene) -> Result<()>) -> Result<()> {
    story(&mut Scene::on("").await?).await?;
    story(&mut Scene::on(&Postgres::shared().await?.new_database().await?).await?).await
}

/// A site, an emulator behind a gate, and the vendor's account.
pub(super) struct Scene {
    pub(super) bench: Bench,
    pub(super) gate: Gate,
    emulator: Emulator,
    vendor: String,
}

impl Scene {
    pub(super) async fn on(database: &str) -> Result<Self> {
        let (emulator, vendor) = (emulator().await?, fresh_account());
        let gate = Gate::start(emulator.port).await?;
        let bench = Bench::on(database, (gate.port, &vendor), &[]).await?;
        Ok(Self { bench, gate, emulator, vendor })
    }

    /// An account with everything made; the stack has not said so yet.
    pub(super) async fn account(&self, customer: Subject) -> Result<Account> {
        let account = Account::new(&self.bench, &self.emulator, customer, &self.vendor).await?;
        self.gate.owns(&account.customer.account, &account.bucket);
        Ok(account)
    }

    /// What both pages say of the progress.
    pub(super) async fn pages(&self, customer: &Subject) -> Result<[String; 2]> {
        let path = format!("/c/{}/progress", customer.page);
        let page = read(self.bench.world.request(Method::GET, &path)).await?;
        let path = format!("/customers/{}/progress", customer.id);
        let staff = self.bench.world.viewer.get(&path).await?;
        Ok([page.text, staff.text].map(|html| words(&html)))
    }

    /// What the site logged that is not about a request.
    fn warnings(&self) -> String {
        let log = self.bench.world.site.log();
        log.lines().filter(|line| !line.contains("\"INFO\"")).collect::<Vec<_>>().join("\n")
    }

    /// Waits until both pages say something.
    pub(super) async fn both_say(&self, customer: &Subject, what: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let pages = self.pages(customer).await?;
            if pages.iter().all(|page| page.contains(what)) {
                return Ok(());
            }
            assert!(Instant::now() < until, "no {what:?} in {pages:#?}\n{}", self.warnings());
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until the vendor has confirmed the subscription; the emulator sends nothing before.
    pub(super) async fn confirmed(&self, customer: &Subject) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while !self.timeline(customer).await?.iter().any(|what| what.contains("was confirmed")) {
            assert!(Instant::now() < until, "{}", self.warnings());
            sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    pub(super) async fn timeline(&self, customer: &Subject) -> Result<Vec<String>> {
        let events = self.bench.world.store.events(&customer.id, 100).await?;
        Ok(events.into_iter().map(|event| event.what).collect())
    }
}
