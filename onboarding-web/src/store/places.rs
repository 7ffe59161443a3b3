//! Where accounts were signed in to before.

use super::{Result, Store};
use crate::clock::{DAY, Millis};

/// After so long without signing in from there, a place is one like any other.
const KNOWN_FOR: Millis = 90 * DAY;

impl Store {
    /// Whether an account was signed in to from a place lately. `place` is a digest of both.
    pub async fn is_known_place(&self, place: &str) -> Result<bool> {
        let count = "SELECT COUNT(*) FROM sign_in_places WHERE place = $1 AND seen_at > $2";
        let query = sqlx::query_scalar::<_, i64>(count).bind(place).bind(self.now() - KNOWN_FOR);
        Ok(query.fetch_one(&self.pool).await? > 0)
    }

    /// Notes that an account was signed in to from a place.
    pub async fn remember_place(&self, place: &str) -> Result<()> {
        let insert = "INSERT INTO sign_in_places (place, seen_at) VALUES ($1, $2) \
             ON CONFLICT (place) DO UPDATE SET seen_at = excluded.seen_at";
        sqlx::query(insert).bind(place).bind(self.now()).execute(&self.pool).await?;
        Ok(())
    }

    /// Forgets places that are known no longer.
    pub async fn forget_old_places(&self) -> Result<()> {
        let delete = "DELETE FROM sign_in_places WHERE seen_at <= $1";
        sqlx::query(delete).bind(self.now() - KNOWN_FOR).execute(&self.pool).await?;
        Ok(())
    }
}
