//! What lies in the vendor's buckets, region by region.

use super::{Actor, NewAudit, Result, Store};

/// Something that was read back from a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// A template's id, or `bootstrap` for the function's code.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its bytes.
    pub digest: String,
}

impl Store {
    /// Keeps what a region's bucket holds. What is known already is left as it is.
    pub async fn add_artefacts(
        &self,
        actor: &Actor,
        (region, bucket): (&str, &str),
        all: &[Kept],
    ) -> Result<()> {
        let mut tx = self.write().await?;
        let insert = "INSERT INTO artefacts \
             (region, template_id, version, bucket, digest, published_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (region, template_id, version) DO UPDATE \
             SET bucket = excluded.bucket, digest = excluded.digest, \
             published_at = excluded.published_at \
             WHERE artefacts.bucket <> excluded.bucket OR artefacts.digest <> excluded.digest";
        let mut new = Vec::new();
        for one in all {
            let query = sqlx::query(insert).bind(region).bind(&one.id).bind(&one.version);
            let query = query.bind(bucket).bind(&one.digest).bind(self.now());
            if query.execute(&mut *tx).await?.rows_affected() > 0 {
                new.push(format!("{} {} {}", one.id, one.version, one.digest));
            }
        }
        if !new.is_empty() {
            let entry = NewAudit {
                action: "publish",
                subject: bucket.to_owned(),
                after: new.join("\n"),
                ..NewAudit::default()
            };
            self.audit(&mut tx, actor, &entry).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The regions whose bucket holds a version of a template; `None` if nothing was ever published
    /// from here.
    pub async fn published_in(&self, id: &str, version: &str) -> Result<Option<Vec<String>>> {
        // One empty row says that something was published.
        let regions = "SELECT region FROM artefacts WHERE template_id = $1 AND version = $2 \
             UNION ALL SELECT '' WHERE EXISTS (SELECT 1 FROM artefacts) ORDER BY region";
        let query = sqlx::query_scalar(regions).bind(id).bind(version);
        let mut regions: Vec<String> = query.fetch_all(&self.pool).await?;
        if regions.is_empty() {
            return Ok(None);
        }
        regions.retain(|region| !region.is_empty());
        Ok(Some(regions))
    }

    /// Whether a bucket holds this version with other bytes.
    pub(super) async fn is_published_otherwise(
        &self,
        id: &str,
        version: &str,
        digest: &str,
    ) -> Result<bool> {
        let count = "SELECT COUNT(*) FROM artefacts \
             WHERE template_id = $1 AND version = $2 AND digest <> $3";
        let query = sqlx::query_scalar::<_, i64>(count).bind(id).bind(version).bind(digest);
        Ok(query.fetch_one(&self.pool).await? > 0)
    }
}
