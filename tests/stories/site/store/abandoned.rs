//! Work that is given up half-way, as when a visitor goes away, leaves nothing behind.

use std::time::Duration;

use anyhow::{Context, Result};
use onboarding_web::store::{AuditFilter, Chain, ListFilter, NewCustomer, Sort, Store};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{customer, on_both, region, rosa};

/// Two customers with two regions each: some thirty statements.
fn pair(number: u64) -> Vec<NewCustomer> {
    let regions = vec![region("eu-west-1"), region("us-east-1")];
    let one = |half: u64| NewCustomer {
        regions: regions.clone(),
        ..customer(&format!("{number}"), &format!("{:012}", 2 * number + half))
    };
    vec![one(0), one(1)]
}

/// Each task is dropped at some moment, wherever it is then.
async fn give_up(store: &Store, rounds: u64) -> Result<()> {
    for round in 0..rounds {
        let mut tasks = JoinSet::new();
        for task in 0..4 {
            let store = store.clone();
            tasks.spawn(async move {
                store.add_customers(&rosa(), &pair(4 * round + task), None).await
            });
        }
        sleep(Duration::from_micros(fastrand::u64(0..25_000))).await;
        tasks.shutdown().await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn work_that_is_given_up_leaves_neither_halves_nor_locks() -> Result<()> {
    on_both(async |store, _| {
        give_up(store, 60).await?;
        // Nothing is locked: sixteen at once is every connection there is.
        let others = (1000..1016)
            .map(|number| async move { store.add_customers(&rosa(), &pair(number), None).await });
        let others = futures_util::future::join_all(others);
        let others = timeout(Duration::from_secs(20), others);
        for added in others.await.context("something is still locked")? {
            added?;
        }
        let list = store.list(&ListFilter::default(), Sort::Name, 10_000, 0).await?;
        let added = AuditFilter { action: "add customer".to_owned(), ..AuditFilter::default() };
        assert_eq!(store.audit_rows(&added, 1, 0).await?.1, list.total);
        assert!(matches!(store.verify_audit().await?, Chain::Whole { .. }));
        for name in list.rows.iter().map(|row| &row.name) {
            let both = list.rows.iter().filter(|row| row.name == *name).count();
            assert_eq!(both, 2, "{name} is there by half");
        }
        assert!(list.rows.iter().all(|row| row.regions == "eu-west-1 · 1, us-east-1 · 1"));
        assert!(list.total > 32, "nothing was done in time");
        assert!(list.total < 32 + 480, "nothing was given up");
        Ok(())
    })
    .await
}
