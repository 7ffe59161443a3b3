//! Who is told when a customer's state changes, and the queue of what they are told. What changes a
//! state puts it there in the same step: nothing is told that did not happen, and nothing is lost.

use sqlx::FromRow;

use super::{Actor, NewAudit, Result, Store, customers::Tx};
use crate::{
    clock::{DAY, Millis},
    token::random_id,
};

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Webhook {
    /// In addresses; its secret is derived from it.
    pub id: String,
    /// Where it is told.
    pub url: String,
    /// Who added it.
    pub created_by: String,
    /// When.
    pub created_at: Millis,
}

/// One thing that is told.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Delivery {
    /// The same at every attempt.
    pub id: String,
    /// Such as `customer.state_changed`.
    pub event: String,
    /// `waiting`, `delivered` or `failed`.
    pub status: String,
    /// How often it was tried.
    pub attempts: i64,
    /// What came of the last attempt, in words.
    pub outcome: String,
    /// When it happened.
    pub created_at: Millis,
    /// When it is tried next.
    pub next_at: Millis,
}

/// A delivery to make now.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Due {
    /// The same at every attempt.
    pub id: String,
    /// Whose.
    pub webhook_id: String,
    /// Where to.
    pub url: String,
    /// What.
    pub body: String,
    /// How often it was tried before.
    pub attempts: i64,
}

/// So many are told at most: every change of a customer writes down one delivery for each.
const MOST: i64 = 20;
/// So many tests wait for one at most.
const MOST_TESTS: i64 = 10;

/// The address without its path, for the log: paths of webhooks are often secrets.
fn origin(url: &str) -> String {
    url::Url::parse(url).map_or_else(|_| "-".to_owned(), |url| url.origin().ascii_serialization())
}

/// Deliveries are kept for so long.
const KEPT: Millis = 30 * DAY;

impl Store {
    /// Adds somebody who is told; the id. `None` if there are 20 already.
    pub async fn add_webhook(&self, actor: &Actor, url: &str) -> Result<Option<String>> {
        let (id, mut tx) = (random_id(), self.write().await?);
        let count = "SELECT COUNT(*) FROM webhooks";
        if sqlx::query_scalar::<_, i64>(count).fetch_one(&mut *tx).await? >= MOST {
            return Ok(None);
        }
        sqlx::query(
            "INSERT INTO webhooks (id, url, created_by, created_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(&id)
        .bind(url)
        .bind(&actor.name)
        .bind(self.now())
        .execute(&mut *tx)
        .await?;
        let subject = origin(url);
        let entry = NewAudit { action: "add webhook", subject, ..NewAudit::default() };
        self.audit(&mut tx, actor, &entry).await?;
        tx.commit().await?;
        Ok(Some(id))
    }

    /// Tells somebody no more; whether there was one.
    pub async fn remove_webhook(&self, actor: &Actor, id: &str) -> Result<bool> {
        let mut tx = self.write().await?;
        let delete = "DELETE FROM webhooks WHERE id = $1 RETURNING url";
        let url: Option<String> =
            sqlx::query_scalar(delete).bind(id).fetch_optional(&mut *tx).await?;
        let Some(url) = url else { return Ok(false) };
        let delete = "DELETE FROM webhook_deliveries WHERE webhook_id = $1";
        sqlx::query(delete).bind(id).execute(&mut *tx).await?;
        let subject = origin(&url);
        let entry = NewAudit { action: "remove webhook", subject, ..NewAudit::default() };
        self.audit(&mut tx, actor, &entry).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Everybody who is told.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>> {
        let query = "SELECT id, url, created_by, created_at FROM webhooks ORDER BY created_at, id";
        Ok(sqlx::query_as(query).fetch_all(&self.pool).await?)
    }

    /// One of them.
    pub async fn webhook(&self, id: &str) -> Result<Option<Webhook>> {
        let query = "SELECT id, url, created_by, created_at FROM webhooks WHERE id = $1";
        Ok(sqlx::query_as(query).bind(id).fetch_optional(&self.pool).await?)
    }

    /// The last things that one was told, the newest first.
    pub async fn deliveries(&self, webhook: &str, limit: i64) -> Result<Vec<Delivery>> {
        let query = "SELECT id, event, status, attempts, outcome, created_at, next_at \
             FROM webhook_deliveries WHERE webhook_id = $1 ORDER BY created_at DESC, id LIMIT $2";
        Ok(sqlx::query_as(query).bind(webhook).bind(limit).fetch_all(&self.pool).await?)
    }

    /// Puts something into the queue of everybody who is told.
    pub(super) async fn tell_all(&self, tx: &mut Tx, event: &str, body: &str) -> Result<()> {
        let ids: Vec<String> =
            sqlx::query_scalar("SELECT id FROM webhooks").fetch_all(&mut **tx).await?;
        for id in ids {
            self.enqueue(tx, &id, (event, body)).await?;
        }
        Ok(())
    }

    async fn enqueue(&self, tx: &mut Tx, id: &str, (event, body): (&str, &str)) -> Result<()> {
        sqlx::query(
            "INSERT INTO webhook_deliveries (id, webhook_id, event, body, status, attempts, outcome, \
             created_at, next_at, done_at) VALUES ($1, $2, $3, $4, 'waiting', 0, '', $5, $5, 0)",
        )
        .bind(format!("msg_{}", random_id()))
        .bind(id)
        .bind(event)
        .bind(body)
        .bind(self.now())
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// Puts something into the queue of one, to see whether it arrives; whether it was put there.
    pub async fn test_webhook(&self, id: &str) -> Result<bool> {
        let mut tx = self.write().await?;
        let waiting = "SELECT COUNT(*) FROM webhook_deliveries \
             WHERE webhook_id = $1 AND event = 'webhook.test' AND status = 'waiting'";
        let waiting: i64 = sqlx::query_scalar(waiting).bind(id).fetch_one(&mut *tx).await?;
        if waiting >= MOST_TESTS {
            return Ok(false);
        }
        let at = crate::clock::rfc3339(self.now());
        let body = serde_json::json!({ "type": "webhook.test", "timestamp": at, "data": {} });
        self.enqueue(&mut tx, id, ("webhook.test", &body.to_string())).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Who is to be told something now.
    pub async fn webhooks_with_due(&self) -> Result<Vec<String>> {
        let query = "SELECT DISTINCT webhook_id FROM webhook_deliveries \
             WHERE status = 'waiting' AND next_at <= $1";
        Ok(sqlx::query_scalar(query).bind(self.now()).fetch_all(&self.pool).await?)
    }

    /// Takes what is due for one in hand until `until`; another copy of the service leaves it alone
    /// until then.
    pub async fn take_due_deliveries(
        &self,
        webhook: &str,
        until: Millis,
        limit: i64,
    ) -> Result<Vec<Due>> {
        let query = "SELECT d.id, d.webhook_id, w.url, d.body, d.attempts FROM webhook_deliveries d \
             JOIN webhooks w ON w.id = d.webhook_id WHERE d.status = 'waiting' AND d.next_at <= $1 \
             AND d.webhook_id = $3 ORDER BY d.next_at, d.id LIMIT $2";
        let now = self.now();
        let due: Vec<Due> =
            sqlx::query_as(query).bind(now).bind(limit).bind(webhook).fetch_all(&self.pool).await?;
        let mut taken = Vec::new();
        for one in due {
            let update = "UPDATE webhook_deliveries SET next_at = $1 \
                 WHERE id = $2 AND status = 'waiting' AND next_at <= $3";
            let update = sqlx::query(update).bind(until).bind(&one.id).bind(now);
            if update.execute(&self.pool).await?.rows_affected() == 1 {
                taken.push(one);
            }
        }
        Ok(taken)
    }

    /// Notes what came of an attempt: when it is tried again, or that it is over.
    pub async fn delivery_tried(
        &self,
        id: &str,
        (status, outcome): (&str, &str),
        next_at: Millis,
    ) -> Result<()> {
        let now = self.now();
        sqlx::query(
            "UPDATE webhook_deliveries SET status = $1, outcome = $2, attempts = attempts + 1, \
             next_at = $3, done_at = CASE WHEN $1 = 'waiting' THEN 0 ELSE $4 END WHERE id = $5",
        )
        .bind(status)
        .bind(outcome)
        .bind(next_at)
        .bind(now)
        .bind(id)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Forgets deliveries that are long over.
    pub async fn forget_old_deliveries(&self) -> Result<()> {
        let delete = "DELETE FROM webhook_deliveries WHERE status <> 'waiting' AND created_at < $1";
        sqlx::query(delete).bind(self.now() - KEPT).execute(&self.pool).await?;
        // Of those that were removed while something was written down for them.
        let orphans = "DELETE FROM webhook_deliveries \
             WHERE webhook_id NOT IN (SELECT id FROM webhooks)";
        sqlx::query(orphans).execute(&self.pool).await?;
        Ok(())
    }
}
