//! Uploaded lists between dry run and confirmation.

use sqlx::FromRow;

use super::{Result, Store};
use crate::{
    clock::{DAY, Millis},
    token::random_id,
};

/// An uploaded list.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Import {
    /// In its address.
    pub id: String,
    /// Who uploaded it; nobody else may confirm it.
    pub staff_id: String,
    /// As it was called.
    pub file_name: String,
    /// As it was sent.
    pub content: String,
    /// JSON list of the ids of the customers that were made; empty before.
    pub done: String,
    /// How many rows were not taken.
    pub left_out: i64,
    /// When.
    pub created_at: Millis,
}

impl Store {
    /// Keeps a list for a day, and forgets older ones.
    pub async fn keep_import(&self, staff_id: &str, name: &str, content: &str) -> Result<String> {
        let id = random_id();
        let now = self.now();
        let mut tx = self.write().await?;
        let old = "DELETE FROM imports WHERE created_at < $1";
        sqlx::query(old).bind(now - DAY).execute(&mut *tx).await?;
        sqlx::query(
            "INSERT INTO imports (id, staff_id, file_name, content, done, left_out, created_at) \
             VALUES ($1, $2, $3, $4, '', 0, $5)",
        )
        .bind(&id)
        .bind(staff_id)
        .bind(name)
        .bind(content)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Forgets lists that nobody confirmed within a day.
    pub async fn forget_old_imports(&self) -> Result<()> {
        let delete = "DELETE FROM imports WHERE created_at < $1";
        sqlx::query(delete).bind(self.now() - DAY).execute(&self.pool).await?;
        Ok(())
    }

    /// Finds a list of somebody's.
    pub async fn import(&self, id: &str, staff_id: &str) -> Result<Option<Import>> {
        let import = sqlx::query_as(
            "SELECT id, staff_id, file_name, content, done, left_out, created_at FROM imports \
             WHERE id = $1 AND staff_id = $2",
        )
        .bind(id)
        .bind(staff_id)
        .fetch_optional(&self.pool)
        .await?;
        Ok(import)
    }
}
