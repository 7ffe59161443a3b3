//! What a program asks for twice, because it did not hear the answer, and gets once.

use super::{Actor, NewCustomer, Result, Store, StoreError, customers::Tx, from_json, to_json};
use crate::clock::DAY;

/// A request that is to be done once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Whose key it is.
    pub token_id: String,
    /// The key that the program chose.
    pub key: String,
    /// The digest of what it asked for.
    pub request_digest: String,
}

impl Store {
    /// Adds customers as [`Store::add_customers`] does, or says which ones the same request made
    /// before. The second value tells which of the two it was.
    pub async fn add_customers_once(
        &self,
        actor: &Actor,
        all: &[NewCustomer],
        once: &Once,
    ) -> Result<(Vec<String>, bool)> {
        let mut tx = self.write().await?;
        if let Some(ids) = self.begin_once(&mut tx, once).await? {
            return Ok((from_json(&ids)?, true));
        }
        let mut ids = Vec::new();
        for new in all {
            ids.push(self.add_within(&mut tx, actor, new).await?);
        }
        let update = "UPDATE idempotency_keys SET customer_ids = $1 \
             WHERE token_id = $2 AND idempotency_key = $3";
        let update = sqlx::query(update).bind(to_json(&ids)?).bind(&once.token_id).bind(&once.key);
        update.execute(&mut *tx).await?;
        tx.commit().await?;
        Ok((ids, false))
    }

    /// Which customers a request made before, if it was done before.
    pub async fn done_before(&self, once: &Once) -> Result<Option<Vec<String>>> {
        let mut tx = self.write().await?;
        let known = known(&mut tx, once).await?;
        known.map(|ids| from_json(&ids)).transpose()
    }

    /// Takes the key, or says what came of the request before. Who asks meanwhile waits.
    async fn begin_once(&self, tx: &mut Tx, once: &Once) -> Result<Option<String>> {
        let inserted = sqlx::query(
            "INSERT INTO idempotency_keys \
             (token_id, idempotency_key, request_digest, customer_ids, created_at) \
             VALUES ($1, $2, $3, '[]', $4) ON CONFLICT (token_id, idempotency_key) DO NOTHING",
        )
        .bind(&once.token_id)
        .bind(&once.key)
        .bind(&once.request_digest)
        .bind(self.now())
        .execute(&mut **tx)
        .await?;
        if inserted.rows_affected() == 1 { Ok(None) } else { known(tx, once).await }
    }

    /// Forgets keys after a day.
    pub async fn forget_old_idempotency_keys(&self) -> Result<()> {
        let delete = "DELETE FROM idempotency_keys WHERE created_at < $1";
        sqlx::query(delete).bind(self.now() - DAY).execute(&self.pool).await?;
        Ok(())
    }
}

async fn known(tx: &mut Tx, once: &Once) -> Result<Option<String>> {
    let query = "SELECT request_digest, customer_ids FROM idempotency_keys \
         WHERE token_id = $1 AND idempotency_key = $2";
    let query = sqlx::query_as(query).bind(&once.token_id).bind(&once.key);
    let found: Option<(String, String)> = query.fetch_optional(&mut **tx).await?;
    match found {
        Some((digest, _)) if digest != once.request_digest => Err(StoreError::OtherRequest),
        Some((_, ids)) => Ok(Some(ids)),
        None => Ok(None),
    }
}
