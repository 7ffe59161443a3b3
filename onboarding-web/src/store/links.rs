//! What happens to a customer's link, and to the customer as a whole.

use super::{
    Actor, Event, NewAudit, Result, Store,
    customers::{Customer, Tx, lock},
    events,
};
use crate::{
    clock::DAY,
    token::{digest, random_id},
};

impl Store {
    /// Makes a new link; the old one stops working at once, stacks that were launched with it go on
    /// reporting.
    pub async fn rotate_link(&self, actor: &Actor, id: &str) -> Result<()> {
        self.rotate(actor, id, None).await.map(drop)
    }

    /// The same, if the present link is still the one that is to be replaced; whether it was.
    pub async fn rotate_link_of(&self, actor: &Actor, id: &str, generation: i64) -> Result<bool> {
        self.rotate(actor, id, Some(generation)).await
    }

    async fn rotate(&self, actor: &Actor, id: &str, replaced: Option<i64>) -> Result<bool> {
        let mut tx = self.write().await?;
        let Some(customer) = lock(&mut tx, id).await? else { return Ok(false) };
        if replaced.is_some_and(|generation| generation != customer.generation) {
            return Ok(false);
        }
        let (generation, now) = (customer.generation + 1, self.now());
        sqlx::query(
            "UPDATE customers SET generation = $1, page_digest = $2, expires_at = $3, revoked_at = 0, \
             opened_count = 0, opened_at = 0, changed_at = $4 WHERE id = $5",
        )
        .bind(generation)
        .bind(digest(&self.key.page_token(id, generation)))
        .bind(now + customer.expires_days * DAY)
        .bind(now)
        .bind(id)
        .execute(&mut *tx)
        .await?;
        for region in &customer.regions {
            self.add_stack_token(&mut tx, id, &region.region, generation).await?;
            self.clear_misdirected(&mut tx, id, region).await?;
        }
        self.refresh(&mut tx, id).await?;
        self.told(&mut tx, actor, &customer, ("replace link", "made a new link")).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Stops the link. Stacks that were launched with it go on reporting.
    pub async fn revoke_link(&self, actor: &Actor, id: &str) -> Result<()> {
        let sql = "UPDATE customers SET revoked_at = $1, changed_at = $1 WHERE id = $2";
        self.mark(actor, id, sql, ("revoke link", "revoked the link")).await
    }

    /// Begins to take a customer off: its page says how to delete the stacks.
    pub async fn offboard(&self, actor: &Actor, id: &str) -> Result<()> {
        let sql = "UPDATE customers SET offboarded_at = $1, changed_at = $1 WHERE id = $2";
        let what = ("offboard customer", "began to take the customer off");
        self.mark(actor, id, sql, what).await
    }

    /// Takes a customer back who was being taken off.
    pub async fn reinstate(&self, actor: &Actor, id: &str) -> Result<()> {
        let sql = "UPDATE customers SET offboarded_at = 0, changed_at = $1 WHERE id = $2";
        self.mark(actor, id, sql, ("reinstate customer", "took the customer back")).await
    }

    async fn mark(
        &self,
        actor: &Actor,
        id: &str,
        sql: &'static str,
        what: (&'static str, &str),
    ) -> Result<()> {
        let mut tx = self.write().await?;
        let Some(customer) = lock(&mut tx, id).await? else { return Ok(()) };
        sqlx::query(sql).bind(self.now()).bind(id).execute(&mut *tx).await?;
        self.told(&mut tx, actor, &customer, what).await?;
        // Somebody else may have got the load balancers of one who is taken back.
        if customer.offboarded_at != 0 {
            self.check_free(&mut tx, id).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Changes what only staff see.
    pub async fn set_notes(&self, actor: &Actor, id: &str, owner: &str, notes: &str) -> Result<()> {
        let mut tx = self.write().await?;
        let Some(old) = lock(&mut tx, id).await? else { return Ok(()) };
        sqlx::query("UPDATE customers SET owner = $1, notes = $2, changed_at = $3 WHERE id = $4")
            .bind(owner)
            .bind(notes)
            .bind(self.now())
            .bind(id)
            .execute(&mut *tx)
            .await?;
        self.refresh(&mut tx, id).await?;
        let entry = NewAudit {
            action: "change notes",
            customer_id: id.to_owned(),
            subject: old.name,
            before: format!("owner: {}\n{}", old.owner, old.notes),
            after: format!("owner: {owner}\n{notes}"),
        };
        self.audit(&mut tx, actor, &entry).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(super) async fn told(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        customer: &Customer,
        (action, what): (&'static str, &str),
    ) -> Result<()> {
        self.note(tx, actor, &customer.id, what).await?;
        let entry = NewAudit {
            action,
            customer_id: customer.id.clone(),
            subject: customer.name.clone(),
            ..NewAudit::default()
        };
        self.audit(tx, actor, &entry).await
    }

    pub(super) async fn note(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: &str,
        what: &str,
    ) -> Result<()> {
        let event = Event {
            id: random_id(),
            at: self.now(),
            who: actor.name.clone(),
            what: what.to_owned(),
            detail: String::new(),
        };
        events::append(tx, id, &[event]).await
    }
}
