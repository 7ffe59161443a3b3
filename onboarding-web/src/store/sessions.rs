//! Where tower-sessions keeps sessions. Of a session's id only the digest is stored.

use async_trait::async_trait;
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store,
};

use super::{Result, Store};
use crate::token::digest;

/// The sessions in a store.
#[derive(Debug, Clone)]
pub struct Sessions(pub Store);

fn failed(error: impl std::fmt::Display) -> session_store::Error {
    session_store::Error::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        let data = serde_json::to_string(&record.data).map_err(failed)?;
        // Two sessions of one name cannot be: it is 128 random bits, and taken is an error.
        sqlx::query("INSERT INTO sessions (digest, data, expires_at) VALUES ($1, $2, $3)")
            .bind(digest(&record.id.to_string()))
            .bind(data)
            .bind(record.expiry_date.unix_timestamp())
            .execute(&self.0.pool)
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// A session that was ended meanwhile stays ended.
    async fn save(&self, record: &Record) -> session_store::Result<()> {
        let data = serde_json::to_string(&record.data).map_err(failed)?;
        sqlx::query("UPDATE sessions SET data = $2, expires_at = $3 WHERE digest = $1")
            .bind(digest(&record.id.to_string()))
            .bind(data)
            .bind(record.expiry_date.unix_timestamp())
            .execute(&self.0.pool)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let found: Option<(String, i64)> =
            sqlx::query_as("SELECT data, expires_at FROM sessions WHERE digest = $1")
                .bind(digest(&id.to_string()))
                .fetch_optional(&self.0.pool)
                .await
                .map_err(failed)?;
        let Some((data, expires_at)) = found else { return Ok(None) };
        if expires_at * 1000 <= self.0.now() {
            return Ok(None);
        }
        let expiry_date = OffsetDateTime::from_unix_timestamp(expires_at).map_err(failed)?;
        let data = serde_json::from_str(&data).map_err(failed)?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        let delete = "DELETE FROM sessions WHERE digest = $1";
        let query = sqlx::query(delete).bind(digest(&id.to_string()));
        query.execute(&self.0.pool).await.map_err(failed)?;
        Ok(())
    }
}

impl Store {
    /// Forgets sessions that are over.
    pub async fn forget_old_sessions(&self) -> Result<()> {
        let delete = "DELETE FROM sessions WHERE expires_at < $1";
        sqlx::query(delete).bind(self.now() / 1000).execute(&self.pool).await?;
        Ok(())
    }
}
