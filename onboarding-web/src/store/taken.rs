//! Which load balancers are taken care of by whose stack: each by one only.

use std::collections::HashMap;

use sqlx::FromRow;

use super::{Result, Store, StoreError, customers::Tx};
use crate::load_balancers::overlap;

/// A region of an account that a customer has.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Taken {
    /// For instance `eu-west-1`.
    pub region: String,
    /// The value of the stack's parameter `LoadBalancers`.
    pub selectors: String,
    /// The customer's name.
    pub name: String,
    /// The customer's id.
    pub customer_id: String,
}

/// Who has what of each region of each account: (account, region) → (`LoadBalancers`, name).
pub type AllTaken = HashMap<(String, String), Vec<(String, String)>>;

const OF_ACCOUNT: &str = "SELECT o.region, o.selectors, c.name, c.id AS customer_id FROM customers c \
     JOIN onboardings o ON o.customer_id = c.id \
     WHERE c.account = $1 AND o.dropped_at = 0 AND c.offboarded_at = 0";

impl Store {
    /// Which regions of an account are taken, by whom and for what.
    pub async fn regions_of_account(&self, account: &str) -> Result<Vec<Taken>> {
        Ok(sqlx::query_as(OF_ACCOUNT).bind(account).fetch_all(&self.pool).await?)
    }

    /// Everything that is taken.
    pub async fn all_taken(&self) -> Result<AllTaken> {
        let query = "SELECT c.account, o.region, o.selectors, c.name FROM customers c \
             JOIN onboardings o ON o.customer_id = c.id WHERE o.dropped_at = 0 AND c.offboarded_at = 0";
        let rows: Vec<(String, String, String, String)> =
            sqlx::query_as(query).fetch_all(&self.pool).await?;
        let mut all = AllTaken::new();
        for (account, region, selectors, name) in rows {
            all.entry((account, region)).or_default().push((selectors, name));
        }
        Ok(all)
    }

    /// Refuses what a customer was just given if another one has it. It comes after the entry in the
    /// audit log, which lets one transaction at a time through: two cannot both find it free.
    pub(super) async fn check_free(&self, tx: &mut Tx, id: &str) -> Result<()> {
        let account = "SELECT account FROM customers WHERE id = $1 AND offboarded_at = 0";
        let account: Option<String> =
            sqlx::query_scalar(account).bind(id).fetch_optional(&mut **tx).await?;
        let Some(account) = account else { return Ok(()) };
        let taken: Vec<Taken> =
            sqlx::query_as(OF_ACCOUNT).bind(account).fetch_all(&mut **tx).await?;
        let (own, others): (Vec<Taken>, Vec<Taken>) =
            taken.into_iter().partition(|one| one.customer_id == id);
        let clash = |other: &Taken| {
            let same = |own: &&Taken| own.region == other.region;
            own.iter().filter(same).any(|own| overlap(&own.selectors, &other.selectors))
        };
        match others.into_iter().find(clash) {
            Some(other) => Err(StoreError::Taken(Box::new(other))),
            None => Ok(()),
        }
    }
}
