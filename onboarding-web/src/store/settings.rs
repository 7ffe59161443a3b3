//! What admins set on the settings page.

use super::{Actor, NewAudit, Result, Store};

impl Store {
    /// A setting, if it was ever set.
    pub async fn setting(&self, name: &str) -> Result<Option<String>> {
        let value = sqlx::query_scalar::<_, String>("SELECT value FROM settings WHERE name = $1")
            .bind(name)
            .fetch_optional(&self.pool)
            .await?;
        Ok(value)
    }

    /// Keeps what the program itself notes; nobody changed it, so it is in no log.
    pub async fn note_setting(&self, name: &str, value: &str) -> Result<()> {
        let upsert = "INSERT INTO settings (name, value) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        sqlx::query(upsert).bind(name).bind(value).execute(&self.pool).await?;
        Ok(())
    }

    /// Sets it.
    pub async fn set_setting(&self, actor: &Actor, name: &str, value: &str) -> Result<()> {
        let mut tx = self.write().await?;
        // What was before, and nobody else changes it meanwhile.
        let before: String = sqlx::query_scalar(
            "INSERT INTO settings (name, value) VALUES ($1, '') \
             ON CONFLICT (name) DO UPDATE SET value = settings.value RETURNING value",
        )
        .bind(name)
        .fetch_one(&mut *tx)
        .await?;
        let update = "UPDATE settings SET value = $2 WHERE name = $1";
        sqlx::query(update).bind(name).bind(value).execute(&mut *tx).await?;
        let entry = NewAudit {
            action: "change setting",
            subject: name.to_owned(),
            before,
            after: value.to_owned(),
            ..NewAudit::default()
        };
        self.audit(&mut tx, actor, &entry).await?;
        tx.commit().await?;
        Ok(())
    }
}
