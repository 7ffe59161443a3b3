//! What happened to a customer, for people to read.

use sqlx::{Any, FromRow, Transaction};

use super::{Result, Store};
use crate::clock::Millis;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Event {
    /// What makes a repeated event the same.
    pub id: String,
    /// When.
    pub at: Millis,
    /// A staff member's name, `Customer`, or `AWS`.
    pub who: String,
    /// In a few words.
    pub what: String,
    /// The rest, verbatim.
    pub detail: String,
}

/// Writes events within a transaction; one that is there already is left as it is.
pub(super) async fn append(
    tx: &mut Transaction<'static, Any>,
    customer_id: &str,
    events: &[Event],
) -> Result<()> {
    for event in events {
        sqlx::query(
            "INSERT INTO events (id, customer_id, at, who, what, detail) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
        )
        .bind(&event.id)
        .bind(customer_id)
        .bind(event.at)
        .bind(&event.who)
        .bind(&event.what)
        .bind(&event.detail)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

impl Store {
    /// The last events of a customer, newest first.
    pub async fn events(&self, customer_id: &str, limit: i64) -> Result<Vec<Event>> {
        let events = sqlx::query_as(
            "SELECT id, at, who, what, detail FROM events WHERE customer_id = $1 \
             ORDER BY at DESC, id LIMIT $2",
        )
        .bind(customer_id)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        Ok(events)
    }
}
