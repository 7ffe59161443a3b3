//! The audit log: appended to only, each row's hash covering the one before it.

use sqlx::{Any, FromRow, Transaction};

use super::{Actor, Result, Store, anywhere};
use crate::clock::Millis;

/// What is written.
#[derive(Debug, Clone, Default)]
pub struct NewAudit {
    /// What was done, as a short phrase: `add customer`.
    pub action: &'static str,
    /// The customer that it is about; may be empty.
    pub customer_id: String,
    /// What it is about, for people.
    pub subject: String,
    /// What was before; never a secret.
    pub before: String,
    /// What is now; never a secret.
    pub after: String,
}

/// A row as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct AuditRow {
    /// From 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Millis,
    /// Who.
    pub actor: String,
    /// From where.
    pub ip: String,
    /// What was done.
    pub action: String,
    /// To which customer.
    pub customer_id: String,
    /// To what.
    pub subject: String,
    /// What was before.
    pub before: String,
    /// What is now.
    pub after: String,
    /// The chain's link.
    pub hash: String,
}

/// A row's part that the hash covers.
pub type AuditEntry = AuditRow;

/// Which rows to show; empty text and 0 for any.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// A part of who.
    pub actor: String,
    /// A part of what was done.
    pub action: String,
    /// A part of the customer's name or id.
    pub customer: String,
    /// Not before.
    pub from: Millis,
    /// Before.
    pub until: Millis,
}

/// What a check of the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chain {
    /// Every row is as it was written.
    Whole {
        /// How many.
        rows: i64,
        /// The last hash; kept elsewhere, it also proves that no rows were cut off the end.
        head: String,
    },
    /// The first row that is not as it was written.
    Broken {
        /// Which.
        seq: i64,
        /// In words.
        why: &'static str,
    },
}

const ROWS: &str = "SELECT seq, at, actor, ip, action, customer_id, subject, before, after, hash \
     FROM audit WHERE LOWER(actor) LIKE $1 ESCAPE '\\' AND LOWER(action) LIKE $2 ESCAPE '\\' \
     AND (LOWER(subject) LIKE $3 ESCAPE '\\' OR customer_id LIKE $3 ESCAPE '\\') \
     AND at >= $4 AND at < $5 ORDER BY seq DESC LIMIT $6 OFFSET $7";
const COUNT: &str = "SELECT COUNT(*) \
     FROM audit WHERE LOWER(actor) LIKE $1 ESCAPE '\\' AND LOWER(action) LIKE $2 ESCAPE '\\' \
     AND (LOWER(subject) LIKE $3 ESCAPE '\\' OR customer_id LIKE $3 ESCAPE '\\') \
     AND at >= $4 AND at < $5";

impl AuditRow {
    fn text(&self) -> String {
        let Self { seq, at, actor, ip, action, customer_id, subject, before, after, .. } = self;
        serde_json::json!([seq, at, actor, ip, action, customer_id, subject, before, after])
            .to_string()
    }
}

impl Store {
    /// Appends a row within a transaction that changes what the row is about.
    pub(super) async fn audit(
        &self,
        tx: &mut Transaction<'static, Any>,
        actor: &Actor,
        new: &NewAudit,
    ) -> Result<()> {
        // The row of the head is locked until the transaction ends, so rows cannot be written side by
        // side.
        let (seq, head): (i64, String) =
            sqlx::query_as("UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, hash")
                .fetch_one(&mut **tx)
                .await?;
        let NewAudit { action, customer_id, subject, before, after } = new.clone();
        let (at, actor, ip) = (self.now(), actor.name.clone(), actor.ip.clone());
        let (action, hash) = (action.to_owned(), String::new());
        let mut row =
            AuditRow { seq, at, actor, ip, action, customer_id, subject, before, after, hash };
        row.hash = self.key.chain(&head, &row.text());
        sqlx::query(
            "INSERT INTO audit (seq, at, actor, ip, action, customer_id, subject, before, after, hash) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(row.seq)
        .bind(row.at)
        .bind(&row.actor)
        .bind(&row.ip)
        .bind(&row.action)
        .bind(&row.customer_id)
        .bind(&row.subject)
        .bind(&row.before)
        .bind(&row.after)
        .bind(&row.hash)
        .execute(&mut **tx)
        .await?;
        let update = "UPDATE audit_head SET hash = $1 WHERE id = 1";
        sqlx::query(update).bind(&row.hash).execute(&mut **tx).await?;
        Ok(())
    }

    /// Appends a row about something that changes nothing else.
    pub async fn record(&self, actor: &Actor, new: &NewAudit) -> Result<()> {
        let mut tx = self.write().await?;
        self.audit(&mut tx, actor, new).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Rows, newest first, and how many there are in all.
    pub async fn audit_rows(
        &self,
        filter: &AuditFilter,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<AuditRow>, i64)> {
        let part = |text: &str| anywhere(&text.to_lowercase());
        let until = if filter.until == 0 { i64::MAX } else { filter.until };
        let (actor, action, customer) =
            (part(&filter.actor), part(&filter.action), part(&filter.customer));
        let rows = sqlx::query_as(ROWS)
            .bind(&actor)
            .bind(&action)
            .bind(&customer)
            .bind(filter.from)
            .bind(until)
            .bind(limit)
            .bind(offset)
            .fetch_all(&self.pool)
            .await?;
        let count = sqlx::query_scalar(COUNT)
            .bind(&actor)
            .bind(&action)
            .bind(&customer)
            .bind(filter.from)
            .bind(until)
            .fetch_one(&self.pool)
            .await?;
        Ok((rows, count))
    }

    /// Walks the whole chain.
    pub async fn verify_audit(&self) -> Result<Chain> {
        // The head first: rows that are appended while we walk are not missed by it.
        let (last, head): (i64, String) =
            sqlx::query_as("SELECT seq, hash FROM audit_head WHERE id = 1")
                .fetch_one(&self.pool)
                .await?;
        let (mut seq, mut hash) = (0, String::new());
        while seq < last {
            let rows: Vec<AuditRow> = sqlx::query_as(
                "SELECT seq, at, actor, ip, action, customer_id, subject, before, after, hash \
                 FROM audit WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT 1000",
            )
            .bind(seq)
            .bind(last)
            .fetch_all(&self.pool)
            .await?;
            if rows.is_empty() {
                return Ok(Chain::Broken { seq: seq + 1, why: "it is missing" });
            }
            for row in rows {
                seq += 1;
                if row.seq != seq {
                    return Ok(Chain::Broken { seq, why: "it is missing" });
                }
                hash = self.key.chain(&hash, &row.text());
                if hash != row.hash {
                    return Ok(Chain::Broken { seq, why: "it was changed after it was written" });
                }
            }
        }
        let beyond = "SELECT COUNT(*) FROM audit a, audit_head h WHERE a.seq > h.seq";
        let beyond: i64 = sqlx::query_scalar(beyond).fetch_one(&self.pool).await?;
        if beyond > 0 {
            return Ok(Chain::Broken { seq: last + 1, why: "it was not written by this service" });
        }
        if hash != head {
            let why = "the log's end does not match what was recorded of it";
            return Ok(Chain::Broken { seq: last, why });
        }
        Ok(Chain::Whole { rows: last, head })
    }
}
