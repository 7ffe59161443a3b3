//! How many customers are in each state, without counting them each time.
//!
//! Every change of a state adds rows, so that no two writers wait for one number. Now and then the rows
//! are put together.

use std::collections::BTreeMap;

use sqlx::AnyConnection;

use super::{Result, Store, customers::Tx};
use crate::{onboarding::State, token::random_id};

/// Customers in all, and those that need attention.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// In all.
    pub(super) total: i64,
    /// Of those, who needs attention.
    pub(super) attention: i64,
}

/// All customers, or those in one state.
pub(super) async fn counts(connection: &mut AnyConnection, only: Option<State>) -> Result<Counts> {
    let query = "SELECT state, CAST(SUM(change) AS BIGINT) FROM customer_counts GROUP BY state";
    let rows: Vec<(String, i64)> = sqlx::query_as(query).fetch_all(connection).await?;
    let mut counts = Counts::default();
    for (state, count) in rows {
        let Some(state) = State::from_name(&state) else { continue };
        if only.is_none_or(|only| only == state) {
            counts.total += count;
            counts.attention += if state.needs_attention() { count } else { 0 };
        }
    }
    Ok(counts)
}

impl Store {
    /// A customer is in another state now; `before` is empty for a new one.
    pub(super) async fn count_state(&self, tx: &mut Tx, before: &str, state: State) -> Result<()> {
        if !before.is_empty() {
            add(tx, before, -1).await?;
        }
        add(tx, state.name(), 1).await
    }

    /// Puts the changes together. Two copies of the service that do it at once get different rows.
    pub async fn gather_counts(&self) -> Result<()> {
        let rows = "SELECT COUNT(*), COUNT(DISTINCT state) FROM customer_counts";
        let (rows, states): (i64, i64) = sqlx::query_as(rows).fetch_one(&self.pool).await?;
        if rows == states {
            return Ok(());
        }
        let mut tx = self.write().await?;
        let taken = "DELETE FROM customer_counts RETURNING state, change";
        let taken: Vec<(String, i64)> = sqlx::query_as(taken).fetch_all(&mut *tx).await?;
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for (state, change) in taken {
            *sums.entry(state).or_default() += change;
        }
        for (state, sum) in sums.into_iter().filter(|(_, sum)| *sum != 0) {
            add(&mut tx, &state, sum).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Counts all customers, and makes up for what was not counted: a copy of the service of an earlier
    /// release, which may run beside this one during an upgrade, does not know of counting.
    pub async fn correct_counts(&self) -> Result<()> {
        let mut tx = self.write().await?;
        // One copy at a time: two would make up for the same twice.
        let lock = "INSERT INTO settings (name, value) VALUES ('counts', '') \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        sqlx::query(lock).execute(&mut *tx).await?;
        // In one question, which sees one moment: what is changed and counted since is right by itself.
        let wrong = "SELECT state, CAST(SUM(there) AS BIGINT) FROM \
             (SELECT state, 1 AS there FROM customers \
             UNION ALL SELECT state, -change AS there FROM customer_counts) every_one \
             GROUP BY state HAVING SUM(there) <> 0";
        let wrong: Vec<(String, i64)> = sqlx::query_as(wrong).fetch_all(&mut *tx).await?;
        for (state, difference) in wrong {
            add(&mut tx, &state, difference).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

async fn add(tx: &mut Tx, state: &str, change: i64) -> Result<()> {
    let insert = "INSERT INTO customer_counts (id, state, change) VALUES ($1, $2, $3)";
    let query = sqlx::query(insert).bind(random_id()).bind(state).bind(change);
    query.execute(&mut **tx).await?;
    Ok(())
}
