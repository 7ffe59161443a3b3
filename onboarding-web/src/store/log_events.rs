//! What the analysis is to be told of logs: written down in the step that takes the message off the
//! queue, and kept until it was sent.

use sqlx::AssertSqlSafe;

use super::{
    Engine, Result, Store,
    customers::Tx,
    intake::{delete_by_id, places},
};
use crate::clock::Millis;

/// Rows in one statement.
const ROWS: usize = 100;

impl Store {
    /// Writes events down, as id and body; one that is there already is left as it is.
    pub(super) async fn add_log_events(&self, tx: &mut Tx, all: &[(String, String)]) -> Result<()> {
        let now = self.now();
        for some in all.chunks(ROWS) {
            let insert = format!(
                "INSERT INTO log_events (id, body, next_at) VALUES {} ON CONFLICT (id) DO NOTHING",
                places(some.len(), 3)
            );
            let mut insert = sqlx::query(AssertSqlSafe(insert));
            for (id, body) in some {
                insert = insert.bind(id).bind(body).bind(now);
            }
            insert.execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Takes events that are due in hand until `until`.
    pub async fn take_log_events(
        &self,
        until: Millis,
        limit: i64,
    ) -> Result<Vec<(String, String)>> {
        let others = match self.engine {
            Engine::Sqlite => "",
            Engine::Postgres => "FOR UPDATE SKIP LOCKED",
        };
        let take = format!(
            "UPDATE log_events SET next_at = $1 WHERE id IN (SELECT id FROM log_events \
             WHERE next_at <= $2 ORDER BY next_at LIMIT $3 {others}) AND next_at <= $2 \
             RETURNING id, body"
        );
        let mut tx = self.write().await?;
        let take = sqlx::query_as(AssertSqlSafe(take)).bind(until).bind(self.now()).bind(limit);
        let taken = take.fetch_all(&mut *tx).await?;
        tx.commit().await?;
        Ok(taken)
    }

    /// Forgets what was sent, and puts off what was not, each until a moment.
    pub async fn log_events_sent(&self, sent: &[&str], again: &[(&str, Millis)]) -> Result<()> {
        let mut tx = self.write().await?;
        delete_by_id(&mut tx, "log_events", sent).await?;
        for (id, at) in again {
            let update = "UPDATE log_events SET next_at = $1 WHERE id = $2";
            sqlx::query(update).bind(at).bind(*id).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// How many events wait, for the metrics.
    pub async fn log_events_count(&self) -> Result<i64> {
        Ok(sqlx::query_scalar("SELECT COUNT(*) FROM log_events").fetch_one(&self.pool).await?)
    }
}
