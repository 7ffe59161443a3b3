//! How many customers are in each state, without counting them each time.
//!
//! Every change of a state adds rows, so that no two writers wait for one number. Now and then the rows
//! are put together.

use std::collections::BTreeMap;

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

impl Store {
    /// A customer is in another state now; `before` is empty for a new one.
    pub(super) async fn count_state(
        &self,
        tx: &mut Tx,
        before: &str,
        state: State,
    ) -> Result<()> {
        if !before.is_empty() {
            add(tx, before, -1).await?;
        }
        add(tx, state.name(), 1).await
    }

    /// All customers, or those in one state.
    pub(super) async fn counts(&self, only: Option<State>) -> Result<Counts> {
        let query = "SELECT state, CAST(SUM(change) AS BIGINT) FROM customer_counts GROUP BY state";
        let rows: Vec<(String, i64)> = sqlx::query_as(query).fetch_all(&self.pool).await?;
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

    /// Puts the changes together. Of two copies of the service that do it at once, one gives way.
    pub async fn gather_counts(&self) -> Result<()> {
        let mut tx = self.write().await?;
        let query = "SELECT id, state, change FROM customer_counts ORDER BY id LIMIT 5000";
        let rows: Vec<(String, String, i64)> = sqlx::query_as(query).fetch_all(&mut *tx).await?;
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        for (_, state, change) in &rows {
            *sums.entry(state).or_default() += change;
        }
        if sums.len() == rows.len() {
            return Ok(());
        }
        for (id, ..) in &rows {
            let delete = sqlx::query("DELETE FROM customer_counts WHERE id = $1").bind(id);
            if delete.execute(&mut *tx).await?.rows_affected() == 0 {
                return Ok(());
            }
        }
        for (state, sum) in sums.into_iter().filter(|(_, sum)| *sum != 0) {
            add(&mut tx, state, sum).await?;
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
