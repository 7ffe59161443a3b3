//! What programs call the API with. Of a token only the digest is stored.

use sqlx::FromRow;

use super::{Actor, NewAudit, Result, Store};
use crate::{
    clock::{MINUTE, Millis},
    token::{digest, random_id, random_token},
};

/// A token, without the token.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ApiToken {
    /// In addresses.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What it may do, separated by blanks.
    pub scopes: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Millis,
    /// When it ends.
    pub expires_at: Millis,
    /// When it was last used, to the minute; 0 for never.
    pub used_at: Millis,
    /// When it was revoked; 0 if it was not.
    pub revoked_at: Millis,
}

impl ApiToken {
    /// Whether it opens anything.
    pub fn is_valid(&self, now: Millis) -> bool {
        self.revoked_at == 0 && now < self.expires_at
    }

    /// As whom things are done with it.
    pub fn actor(&self, ip: &str) -> Actor {
        Actor { name: format!("token {}", self.name), ip: ip.to_owned() }
    }
}

const COLUMNS: &str = "SELECT id, name, scopes, created_by, created_at, expires_at, used_at, revoked_at \
     FROM api_tokens";

impl Store {
    /// Makes a token; it is not to be had again.
    pub async fn add_api_token(
        &self,
        actor: &Actor,
        (name, scopes): (&str, &str),
        expires_at: Millis,
    ) -> Result<String> {
        let token = random_token();
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO api_tokens (id, digest, name, scopes, created_by, created_at, expires_at, \
             used_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0)",
        )
        .bind(random_id())
        .bind(digest(&token))
        .bind(name)
        .bind(scopes)
        .bind(&actor.name)
        .bind(self.now())
        .bind(expires_at)
        .execute(&mut *tx)
        .await?;
        let after = format!("scopes: {scopes}\nexpires: {}", crate::clock::rfc3339(expires_at));
        let subject = name.to_owned();
        let entry = NewAudit { action: "make API token", subject, after, ..NewAudit::default() };
        self.audit(&mut tx, actor, &entry).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// All tokens, the newest first.
    pub async fn api_tokens(&self) -> Result<Vec<ApiToken>> {
        let query = format!("{COLUMNS} ORDER BY created_at DESC, id");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_all(&self.pool).await?)
    }

    /// The token that somebody shows, whether it is still valid or not.
    pub async fn api_token(&self, token: &str) -> Result<Option<ApiToken>> {
        let query = format!("{COLUMNS} WHERE digest = $1");
        let query = sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(digest(token));
        Ok(query.fetch_optional(&self.pool).await?)
    }

    /// Notes that a token was used; once a minute is enough.
    pub async fn api_token_used(&self, token: &ApiToken) -> Result<()> {
        let now = self.now();
        if now - token.used_at < MINUTE {
            return Ok(());
        }
        let update = "UPDATE api_tokens SET used_at = $1 WHERE id = $2";
        sqlx::query(update).bind(now).bind(&token.id).execute(&self.pool).await?;
        Ok(())
    }

    /// Ends a token; whether there was one that was not ended yet.
    pub async fn revoke_api_token(&self, actor: &Actor, id: &str) -> Result<bool> {
        let mut tx = self.write().await?;
        let update = "UPDATE api_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at = 0 \
             RETURNING name";
        let name: Option<String> =
            sqlx::query_scalar(update).bind(self.now()).bind(id).fetch_optional(&mut *tx).await?;
        let Some(subject) = name else { return Ok(false) };
        let entry = NewAudit { action: "revoke API token", subject, ..NewAudit::default() };
        self.audit(&mut tx, actor, &entry).await?;
        tx.commit().await?;
        Ok(true)
    }
}
