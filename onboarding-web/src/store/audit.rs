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
     AND (LOWER(subject) LIKE $3 ESCAPE '\\' OR customer_id LIKE $3 ESCAPE '\\' \
     OR customer_id IN (SELECT id FROM customers WHERE search LIKE $3 ESCAPE '\\')) \
     AND at >= $4 AND at < $5 ORDER BY seq DESC LIMIT $6 OFFSET $7";
const COUNT: &str = "SELECT COUNT(*) \
     FROM audit WHERE LOWER(actor) LIKE $1 ESCAPE '\\' AND LOWER(action) LIKE $2 ESCAPE '\\' \
     AND (LOWER(subject) LIKE $3 ESCAPE '\\' OR customer_id LIKE $3 ESCAPE '\\' \
     OR customer_id IN (SELECT id FROM customers WHERE search LIKE $3 ESCAPE '\\')) \
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
        let head = "SELECT seq, hash FROM audit_head WHERE id = 1";
        let head = sqlx::query_as::<_, (i64, String)>(head).fetch_optional(&self.pool).await;
        let Some((last, head)) = if_readable(head)?.flatten() else {
            return Ok(Chain::Broken { seq: 0, why: "what was recorded of the log's end is gone" });
        };
        let (mut seq, mut hash, mut limit) = (0, String::new(), 1000);
        while seq < last {
            let Some(rows) = self.audit_after(seq, last, limit).await? else {
                if limit == 1 {
                    return Ok(Chain::Broken { seq: seq + 1, why: "it cannot be read" });
                }
                // One by one, to name it.
                limit = 1;
                continue;
            };
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
        let beyond =
            "SELECT MIN(a.seq) FROM audit a, audit_head h WHERE a.seq > h.seq OR a.seq < 1";
        let beyond: Option<i64> = sqlx::query_scalar(beyond).fetch_one(&self.pool).await?;
        if let Some(seq) = beyond {
            return Ok(Chain::Broken { seq, why: "it was not written by this service" });
        }
        if hash != head {
            let why = "the log's end does not match what was recorded of it";
            return Ok(Chain::Broken { seq: last, why });
        }
        Ok(Chain::Whole { rows: last, head })
    }

    /// Some rows in the order of the chain; `None` if one of them cannot be read.
    async fn audit_after(&self, seq: i64, last: i64, limit: i64) -> Result<Option<Vec<AuditRow>>> {
        let rows = sqlx::query_as(
            "SELECT seq, at, actor, ip, action, customer_id, subject, before, after, hash \
             FROM audit WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3",
        )
        .bind(seq)
        .bind(last)
        .bind(limit)
        .fetch_all(&self.pool)
        .await;
        if_readable(rows)
    }
}

/// `None` where the database has something else than was written: bytes that are no text, a number of
/// another kind.
fn if_readable<T>(outcome: std::result::Result<T, sqlx::Error>) -> Result<Option<T>> {
    use sqlx::Error::{AnyDriverError, ColumnDecode, Decode};
    match outcome {
        Ok(found) => Ok(Some(found)),
        Err(ColumnDecode { .. } | Decode(_) | AnyDriverError(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
