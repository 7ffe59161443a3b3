//! One suite for both engines: what the store promises holds in a SQLite file and in PostgreSQL.

mod abandoned;
mod customers;
mod identities;
mod links;
mod list;
mod log;
mod opening;
mod people;
mod stacks;
mod taken;
mod tampering;
mod vendor;

use std::{fs, panic::AssertUnwindSafe, path::PathBuf};

use anyhow::{Context, Result, ensure};
use futures_util::FutureExt;
use harness::{postgres::Postgres, target};
use onboarding_web::{
    clock::{Clock, Millis},
    onboarding::{Signal, next},
    store::{Actor, Change, NewCustomer, Store},
    token::Key,
};
use sqlx::AnyPool;
use templates::report::{Phase, Report};
use uuid::Uuid;

/// 22 November 2026, 08:00 UTC.
const START: Millis = 1_795_334_400_000;

/// A database of a test's own. It is gone with this.
struct Base {
    url: String,
    folder: PathBuf,
    clock: Clock,
    store: Store,
}

impl Drop for Base {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Base {
    async fn new(sqlite: bool) -> Result<Self> {
        let folder = target().join("stores").join(Uuid::new_v4().to_string());
        fs::create_dir_all(&folder)?;
        let url = if sqlite {
            format!("sqlite://{}", folder.join("onboarding.db").display())
        } else {
            Postgres::shared().await?.new_database().await?
        };
        let clock = Clock::standing_at(START);
        let store = Store::open(&url, key(), clock.clone()).await?;
        Ok(Self { url, folder, clock, store })
    }

    /// Past the store, as somebody would who has the database.
    async fn direct(&self) -> Result<AnyPool> {
        Ok(AnyPool::connect(&self.url).await?)
    }

    fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }
}

/// Tells a story on both engines, each with an empty database.
async fn on_both(story: impl AsyncFn(&Store, &Clock) -> Result<()>) -> Result<()> {
    on_databases(async |base| story(&base.store, &base.clock).await).await
}

/// The same for stories that go past the store, too. One engine's failure does not hide the other's.
async fn on_databases(story: impl AsyncFn(&Base) -> Result<()>) -> Result<()> {
    let mut failed = Vec::new();
    for (engine, sqlite) in [("SQLite", true), ("PostgreSQL", false)] {
        let base = Base::new(sqlite).await.context(engine)?;
        match AssertUnwindSafe(story(&base)).catch_unwind().await {
            Ok(outcome) => failed.extend(outcome.err().map(|error| format!("{engine}: {error:#}"))),
            Err(_) => failed.push(format!("{engine}: see above")),
        }
        base.store.close().await;
    }
    ensure!(failed.is_empty(), "{}", failed.join("; "));
    Ok(())
}

fn key() -> Key {
    Key::from_bytes([7; 32])
}

fn rosa() -> Actor {
    Actor { name: "rosa@vendor.test".to_owned(), ip: "192.0.2.7".to_owned() }
}

/// A customer with one region, `eu-west-1`.
fn customer(name: &str, account: &str) -> NewCustomer {
    NewCustomer {
        name: name.to_owned(),
        email: "ops@acme.test".to_owned(),
        account: account.to_owned(),
        partition: "aws".to_owned(),
        existing_bucket: "acme-logs".to_owned(),
        retention_days: 90,
        template_version: "0.1.0".to_owned(),
        owner: "rosa@vendor.test".to_owned(),
        notes: "Calls on Mondays".to_owned(),
        load_balancers: "eu-west-1 all".to_owned(),
        expires_days: 14,
        regions: vec![region("eu-west-1")],
    }
}

fn region(name: &str) -> (String, String, usize) {
    (name.to_owned(), "all".to_owned(), 1)
}

async fn add(store: &Store, new: NewCustomer) -> Result<String> {
    Ok(store.add_customers(&rosa(), &[new], None).await?.remove(0))
}

async fn add_acme(store: &Store) -> Result<String> {
    add(store, customer("Acme Stores", "111122223333")).await
}

fn stack_id(region: &str) -> String {
    format!("arn:aws:cloudformation:{region}:111122223333:stack/logs-analysis-acme/1")
}

fn report(region: &str, request: &str, kind: &str, phase: Phase) -> Report {
    Report {
        stack_id: stack_id(region),
        request_id: request.to_owned(),
        request_type: kind.to_owned(),
        phase,
        step: None,
        reason: String::new(),
        begun: 0,
        version: "0.1.0".to_owned(),
        configuration: String::new(),
        outputs: Vec::new(),
    }
}

/// A stack's report, taken in as the site does.
async fn reported(store: &Store, id: &str, region: &str, report: Report) -> Result<()> {
    let (now, actor) = (store.now(), Actor::of("stack"));
    let taken = store.change_onboarding(&actor, (id, region), |_, region| {
        let signal = Signal::Reported(report);
        let onboarding = next(region.onboarding.clone(), &signal, now);
        ((), Change { onboarding: Some(onboarding), ..Change::default() })
    });
    ensure!(taken.await?.is_some(), "{region} is not known");
    Ok(())
}
