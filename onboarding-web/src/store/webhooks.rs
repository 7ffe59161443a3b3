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

/// Deliveries are kept for so long.
const KEPT: Millis = 30 * DAY;

impl Store {
    /// Adds somebody who is told; the id.
    pub async fn add_webhook(&self, actor: &Actor, url: &str) -> Result<String> {
        let (id, mut tx) = (random_id(), self.write().await?);
        sqlx::query(
            "INSERT INTO webhooks (id, url, created_by, created_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(&id)
        .bind(url)
        .bind(&actor.name)
        .bind(self.now())
        .execute(&mut *tx)
        .await?;
        let subject = url.to_owned();
        let entry = NewAudit { action: "add webhook", subject, ..NewAudit::default() };
        self.audit(&mut tx, actor, &entry).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Tells somebody no more; whether there was one.
    pub async fn remove_webhook(&self, actor: &Actor, id: &str) -> Result<bool> {
        let mut tx = self.write().await?;
        let delete = "DELETE FROM webhooks WHERE id = $1 RETURNING url";
        let url: Option<String> =
            sqlx::query_scalar(delete).bind(id).fetch_optional(&mut *tx).await?;
        let Some(subject) = url else { return Ok(false) };
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

    /// Puts something into the queue of one, to see whether it arrives.
    pub async fn test_webhook(&self, id: &str) -> Result<()> {
        let mut tx = self.write().await?;
        let at = crate::clock::rfc3339(self.now());
        let body = serde_json::json!({ "type": "webhook.test", "timestamp": at, "data": {} });
        self.enqueue(&mut tx, id, ("webhook.test", &body.to_string())).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes what is due in hand until `until`; another copy of the service leaves it alone until then.
    pub async fn take_due_deliveries(&self, until: Millis, limit: i64) -> Result<Vec<Due>> {
        let query = "SELECT d.id, d.webhook_id, w.url, d.body, d.attempts FROM webhook_deliveries d \
             JOIN webhooks w ON w.id = d.webhook_id WHERE d.status = 'waiting' AND d.next_at <= $1 \
             ORDER BY d.next_at, d.id LIMIT $2";
        let now = self.now();
        let due: Vec<Due> =
            sqlx::query_as(query).bind(now).bind(limit).fetch_all(&self.pool).await?;
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
        Ok(())
    }
}
