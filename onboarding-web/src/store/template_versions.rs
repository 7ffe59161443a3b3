//! The versions of the templates that links may pin, as they were published.

use sqlx::{AnyConnection, FromRow};
use templates::digest;

use super::{Actor, NewAudit, Result, Store};
use crate::clock::Millis;

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct TemplateVersion {
    /// As in the catalogue.
    pub template_id: String,
    /// As the template states it.
    pub version: String,
    /// The text with the vendor's constants in it.
    pub body: String,
    /// SHA-256 of the text.
    pub digest: String,
    /// What changed.
    pub notes: String,
    /// When this service first had it.
    pub published_at: Millis,
    /// When it was taken out of use for new links; 0 if it was not.
    pub retired_at: Millis,
}

/// A version, and one region where it lies.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct VersionPlace {
    /// As in the catalogue.
    pub template_id: String,
    /// As the template states it.
    pub version: String,
    /// When it was taken out of use for new links; 0 if it was not.
    pub retired_at: Millis,
    /// One of the regions that were asked for; empty if it lies in none of them.
    pub region: String,
    /// Not 0 if it lies in any region at all.
    pub somewhere: i64,
    /// Not 0 if anything was ever published from here.
    pub anything: i64,
}

const COLUMNS: &str = "SELECT template_id, version, body, digest, notes, published_at, retired_at \
     FROM template_versions";

/// Every version of every template without its text, and in which of some regions it lies.
pub(super) async fn version_places(
    connection: &mut AnyConnection,
    regions: &[&str],
) -> Result<Vec<VersionPlace>> {
    let places: Vec<String> = (1..=regions.len()).map(|at| format!("${at}")).collect();
    let here = if places.is_empty() {
        "1 = 0".to_owned()
    } else {
        format!("a.region IN ({})", places.join(", "))
    };
    let query = format!(
        "SELECT v.template_id, v.version, v.retired_at, COALESCE(a.region, '') AS region, \
             CAST(CASE WHEN EXISTS (SELECT 1 FROM artefacts b WHERE b.template_id = v.template_id \
             AND b.version = v.version) THEN 1 ELSE 0 END AS BIGINT) AS somewhere, \
             CAST(CASE WHEN EXISTS (SELECT 1 FROM artefacts) THEN 1 ELSE 0 END AS BIGINT) AS anything \
             FROM template_versions v LEFT JOIN artefacts a \
             ON a.template_id = v.template_id AND a.version = v.version AND {here}"
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(query));
    let query = regions.iter().fold(query, |query, region| query.bind(*region));
    Ok(query.fetch_all(connection).await?)
}

impl Store {
    /// Every version of every template, newest first.
    pub async fn template_versions(&self) -> Result<Vec<TemplateVersion>> {
        let query = format!("{COLUMNS} ORDER BY template_id, published_at DESC, version DESC");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_all(&self.pool).await?)
    }

    /// Every version of every template without its text, and in which of some regions it lies.
    pub async fn version_places(&self, regions: &[&str]) -> Result<Vec<VersionPlace>> {
        version_places(&mut *self.pool.acquire().await?, regions).await
    }

    /// One version.
    pub async fn template_version(
        &self,
        id: &str,
        version: &str,
    ) -> Result<Option<TemplateVersion>> {
        let query = format!("{COLUMNS} WHERE template_id = $1 AND version = $2");
        let query = sqlx::query_as(sqlx::AssertSqlSafe(query)).bind(id).bind(version);
        Ok(query.fetch_optional(&self.pool).await?)
    }

    /// Whether a version may be taken in: not where the same version is known with another text, and
    /// customers have links to it or it lies in the vendor's buckets.
    pub async fn may_take(&self, id: &str, version: &str, digest: &str) -> Result<bool> {
        match self.template_version(id, version).await? {
            Some(known) if known.digest != digest => {
                let elsewhere = self.is_published_otherwise(id, version, digest).await?;
                Ok(!elsewhere && self.customers_on(version).await? == 0)
            }
            _ => Ok(!self.is_published_otherwise(id, version, digest).await?),
        }
    }

    /// Takes a version in. Says `false`, and changes nothing, where the same version is known with
    /// another text and customers may have links to it: what a customer was shown must not change.
    pub async fn add_template_version(
        &self,
        id: &str,
        version: &str,
        body: &str,
        notes: &str,
    ) -> Result<bool> {
        let digest = digest::sha256(body);
        if !self.may_take(id, version, &digest).await? {
            return Ok(false);
        }
        if let Some(known) = self.template_version(id, version).await?
            && known.digest == digest
        {
            if known.notes.is_empty() && !notes.is_empty() {
                let update = "UPDATE template_versions SET notes = $1 \
                     WHERE template_id = $2 AND version = $3";
                sqlx::query(update).bind(notes).bind(id).bind(version).execute(&self.pool).await?;
            }
            return Ok(true);
        }
        sqlx::query(
            "INSERT INTO template_versions \
             (template_id, version, body, digest, notes, published_at, retired_at) \
             VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (template_id, version) DO UPDATE \
             SET body = excluded.body, digest = excluded.digest",
        )
        .bind(id)
        .bind(version)
        .bind(body)
        .bind(digest)
        .bind(notes)
        .bind(self.now())
        .execute(&self.pool)
        .await?;
        Ok(true)
    }

    /// How many customers' links pin a version.
    pub async fn customers_on(&self, version: &str) -> Result<i64> {
        let count = "SELECT COUNT(*) FROM customers WHERE template_version = $1";
        Ok(sqlx::query_scalar(count).bind(version).fetch_one(&self.pool).await?)
    }

    /// Takes a version out of use for new links, or back into it.
    pub async fn retire_template(
        &self,
        actor: &Actor,
        (id, version): (&str, &str),
        retired: bool,
    ) -> Result<()> {
        let mut tx = self.write().await?;
        let update = "UPDATE template_versions SET retired_at = $1 \
             WHERE template_id = $2 AND version = $3";
        let at = if retired { self.now() } else { 0 };
        sqlx::query(update).bind(at).bind(id).bind(version).execute(&mut *tx).await?;
        let entry = NewAudit {
            action: if retired { "retire template" } else { "restore template" },
            subject: format!("{id} {version}"),
            ..NewAudit::default()
        };
        self.audit(&mut tx, actor, &entry).await?;
        tx.commit().await?;
        Ok(())
    }
}
