//! What programs call the API with. Of a token only the digest is stored.

use sqlx::FromRow;

use super::{Actor, NewAudit, Result, Role, Staff, Store};
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
    /// The account of whoever made it; empty for the command line.
    pub maker: String,
    /// What that account may do now; empty if there is none.
    pub maker_role: String,
    /// 1 if that account is switched off.
    pub maker_disabled: i64,
}

impl ApiToken {
    /// Whether it opens anything.
    pub fn is_valid(&self, now: Millis) -> bool {
        self.revoked_at == 0 && now < self.expires_at
    }

    /// Whether whoever made it may still do what takes this role: a token lets nobody keep what they
    /// lost. Whoever has the command line has everything anyway, so what was made there stays.
    pub fn is_backed(&self, role: Role) -> bool {
        let has = Role::from_name(&self.maker_role);
        self.maker.is_empty() || (self.maker_disabled == 0 && has.is_some_and(|has| has >= role))
    }

    /// Name and id: names repeat.
    pub fn title(&self) -> String {
        title(&self.name, &self.id)
    }

    /// As whom things are done with it.
    pub fn actor(&self, ip: &str) -> Actor {
        Actor { name: format!("token {}", self.title()), ip: ip.to_owned() }
    }
}

const COLUMNS: &str = "SELECT api_tokens.id, api_tokens.name, scopes, created_by, api_tokens.created_at, \
     expires_at, used_at, revoked_at, maker, COALESCE(staff.role, '') AS maker_role, \
     COALESCE(staff.disabled, 0) AS maker_disabled \
     FROM api_tokens LEFT JOIN staff ON staff.id = maker";

fn title(name: &str, id: &str) -> String {
    format!("{name} ({id})")
}

impl Store {
    /// Makes a token, which has the rights of its maker at most; it is not to be had again.
    pub async fn add_api_token(
        &self,
        actor: &Actor,
        maker: Option<&Staff>,
        (name, scopes): (&str, &str),
        expires_at: Millis,
    ) -> Result<String> {
        let (token, id) = (random_token(), random_id());
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO api_tokens (id, digest, name, scopes, created_by, created_at, expires_at, \
             used_at, revoked_at, maker) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8)",
        )
        .bind(&id)
        .bind(digest(&token))
        .bind(name)
        .bind(scopes)
        .bind(&actor.name)
        .bind(self.now())
        .bind(expires_at)
        .bind(maker.map_or("", |maker| maker.id.as_str()))
        .execute(&mut *tx)
        .await?;
        let after = format!("scopes: {scopes}\nexpires: {}", crate::clock::rfc3339(expires_at));
        let subject = title(name, &id);
        let entry = NewAudit { action: "make API token", subject, after, ..NewAudit::default() };
        self.audit(&mut tx, actor, &entry).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// All tokens, the newest first.
    pub async fn api_tokens(&self) -> Result<Vec<ApiToken>> {
        let query = format!("{COLUMNS} ORDER BY api_tokens.created_at DESC, api_tokens.id");
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
        let Some(name) = name else { return Ok(false) };
        let subject = title(&name, id);
        let entry = NewAudit { action: "revoke API token", subject, ..NewAudit::default() };
        self.audit(&mut tx, actor, &entry).await?;
        tx.commit().await?;
        Ok(true)
    }
}
