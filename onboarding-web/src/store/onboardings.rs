//! The onboarding of each region of a customer: tokens of its stacks, signals, what the list shows.

use super::{
    Actor, Event, Result, Store,
    customers::{Change, Customer, NewCustomer, Region, Tx, load, lock},
    events, to_json,
};
use crate::{
    clock,
    onboarding::{self, Onboarding, Stack, State},
    token::{digest, random_id},
};

impl Store {
    /// Whose stack reports with a token: customer, region, generation of the link.
    pub async fn stack_token(&self, token: &str) -> Result<Option<(String, String, i64)>> {
        let query = "SELECT customer_id, region, generation FROM stack_tokens WHERE digest = $1";
        Ok(sqlx::query_as(query).bind(digest(token)).fetch_optional(&self.pool).await?)
    }

    /// `other` says whether something else that the stack is asked for has changed.
    pub(super) async fn write_regions(
        &self,
        tx: &mut Tx,
        id: &str,
        (generation, other): (i64, bool),
        new: &NewCustomer,
    ) -> Result<()> {
        for (region, selectors, _) in &new.regions {
            let stack_name = templates::quick_create::stack_name(&new.name, &id[..6]);
            sqlx::query(
                "INSERT INTO onboardings \
                 (customer_id, region, selectors, stack_name, status, asked_at, dropped_at) \
                 VALUES ($1, $2, $3, $4, '{}', $5, 0) ON CONFLICT (customer_id, region) \
                 DO UPDATE SET selectors = excluded.selectors, dropped_at = 0, asked_at = CASE \
                 WHEN $6 = 1 OR onboardings.selectors <> excluded.selectors \
                 THEN excluded.asked_at ELSE onboardings.asked_at END",
            )
            .bind(id)
            .bind(region)
            .bind(selectors)
            .bind(stack_name)
            .bind(self.now())
            .bind(i64::from(other))
            .execute(&mut **tx)
            .await?;
            self.add_stack_token(tx, id, region, generation).await?;
        }
        Ok(())
    }

    pub(super) async fn add_stack_token(
        &self,
        tx: &mut Tx,
        id: &str,
        region: &str,
        generation: i64,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO stack_tokens (digest, customer_id, region, generation) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (digest) DO NOTHING",
        )
        .bind(digest(&self.key.stack_token(id, region, generation)))
        .bind(id)
        .bind(region)
        .bind(generation)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }

    /// A region without a stack is forgotten; one with a stack stays to be seen until it is deleted.
    pub(super) async fn drop_region(&self, tx: &mut Tx, id: &str, region: &Region) -> Result<()> {
        if region.onboarding.stack.as_ref().is_none_or(Stack::is_over) {
            return forget(tx, id, &region.region).await;
        }
        let update =
            "UPDATE onboardings SET dropped_at = $1 WHERE customer_id = $2 AND region = $3";
        let query = sqlx::query(update).bind(self.now()).bind(id).bind(&region.region);
        query.execute(&mut **tx).await?;
        Ok(())
    }

    /// Counts that the page was opened; the first time is a signal for every region. Whether it was.
    pub async fn page_opened(&self, id: &str) -> Result<bool> {
        let mut tx = self.write().await?;
        let Some(customer) = lock(&mut tx, id).await? else { return Ok(false) };
        let now = self.now();
        let update =
            "UPDATE customers SET opened_count = opened_count + 1, opened_at = $1 WHERE id = $2";
        sqlx::query(update).bind(now).bind(id).execute(&mut *tx).await?;
        let unopened: Vec<Region> =
            customer.regions.into_iter().filter(|region| region.onboarding.opened == 0).collect();
        let first = !unopened.is_empty();
        for region in unopened {
            let onboarding = onboarding::next(region.onboarding, &onboarding::Signal::Opened, now);
            write_status(&mut tx, id, &region.region, &onboarding).await?;
        }
        if first {
            let event = Event {
                id: random_id(),
                at: now,
                who: "Customer".to_owned(),
                what: "opened the page".to_owned(),
                detail: String::new(),
            };
            events::append(&mut tx, id, &[event]).await?;
            let update = "UPDATE customers SET changed_at = $1 WHERE id = $2";
            sqlx::query(update).bind(now).bind(id).execute(&mut *tx).await?;
            self.refresh(&mut tx, id).await?;
        }
        tx.commit().await?;
        Ok(first)
    }

    /// Takes a signal for one region: `decide` sees what is there and says what comes of it. Nobody
    /// else changes the customer meanwhile. `None` if there is no such region any more.
    pub async fn change_onboarding<T>(
        &self,
        actor: &Actor,
        (id, region): (&str, &str),
        decide: impl FnOnce(&Customer, &Region) -> (T, Change) + Send,
    ) -> Result<Option<T>> {
        let mut tx = self.write().await?;
        let Some(customer) = lock(&mut tx, id).await? else { return Ok(None) };
        let Some(found) = customer.regions.iter().find(|one| one.region == region) else {
            return Ok(None);
        };
        let (outcome, change) = decide(&customer, found);
        let Change { onboarding, events, audit, quiet } = change;
        if let Some(onboarding) = onboarding {
            if found.dropped_at != 0 && onboarding.stack.as_ref().is_none_or(Stack::is_over) {
                // Off the list, and its stack is gone: nothing is left to be seen.
                forget(&mut tx, id, region).await?;
            } else {
                write_status(&mut tx, id, region, &onboarding).await?;
            }
            let update = if quiet {
                "UPDATE customers SET changed_at = $1 WHERE id = $2"
            } else {
                "UPDATE customers SET changed_at = $1, news_at = $1 WHERE id = $2"
            };
            sqlx::query(update).bind(self.now()).bind(id).execute(&mut *tx).await?;
            if !quiet {
                self.refresh(&mut tx, id).await?;
            }
        }
        events::append(&mut tx, id, &events).await?;
        if let Some(entry) = audit {
            self.audit(&mut tx, actor, &entry).await?;
        }
        tx.commit().await?;
        Ok(Some(outcome))
    }

    /// Marks customers whose stack has not been heard of for too long; which.
    pub async fn mark_stale(&self) -> Result<Vec<String>> {
        let running = "SELECT id FROM customers WHERE rank = $1";
        let running: Vec<String> =
            sqlx::query_scalar(running).bind(State::Running.rank()).fetch_all(&self.pool).await?;
        let mut stale = Vec::new();
        for id in running {
            let mut tx = self.write().await?;
            let now = self.now();
            let customer = lock(&mut tx, &id).await?;
            if customer.is_some_and(|customer| customer.state(now) == State::Stale) {
                let update = "UPDATE customers SET changed_at = $1 WHERE id = $2";
                sqlx::query(update).bind(now).bind(&id).execute(&mut *tx).await?;
                self.refresh(&mut tx, &id).await?;
                tx.commit().await?;
                stale.push(id);
            }
        }
        Ok(stale)
    }

    /// Forgets that a stack reported from the wrong place: the place was corrected, or a new link made.
    pub(super) async fn clear_misdirected(
        &self,
        tx: &mut Tx,
        id: &str,
        region: &Region,
    ) -> Result<()> {
        if region.onboarding.misdirected.is_some() {
            let signal = onboarding::Signal::Cleared;
            let onboarding = onboarding::next(region.onboarding.clone(), &signal, self.now());
            write_status(tx, id, &region.region, &onboarding).await?;
        }
        Ok(())
    }

    /// Writes what the list searches and sorts by.
    pub(super) async fn refresh(&self, tx: &mut Tx, id: &str) -> Result<()> {
        let Some(customer) = load(tx, "id", id).await? else { return Ok(()) };
        let state = customer.state(self.now());
        let count = |region: &Region| region.selectors.split(',').count();
        let listed = customer.regions.iter().filter(|region| region.dropped_at == 0);
        let regions: Vec<String> =
            listed.map(|region| format!("{} · {}", region.region, count(region))).collect();
        let token = self.key.page_token(id, customer.generation);
        let Customer { name, email, account, load_balancers, .. } = &customer;
        let search = [name, email, account, load_balancers, &token[37..], &regions.join(" ")];
        let search = search.map(str::to_lowercase).join("\n");
        self.tell_of_state(tx, &customer, state).await?;
        sqlx::query(
            "UPDATE customers SET state = $1, rank = $2, regions = $3, search = $4 WHERE id = $5",
        )
        .bind(state.name())
        .bind(state.rank())
        .bind(regions.join(", "))
        .bind(search)
        .bind(id)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}

impl Store {
    /// Counts a customer's state, and tells webhooks of it, if it is another one.
    async fn tell_of_state(&self, tx: &mut Tx, customer: &Customer, state: State) -> Result<()> {
        let before = "SELECT state FROM customers WHERE id = $1";
        let before: String =
            sqlx::query_scalar(before).bind(&customer.id).fetch_one(&mut **tx).await?;
        if before == state.name() {
            return Ok(());
        }
        self.count_state(tx, &before, state).await?;
        let now = self.now();
        let region = |one: &Region| {
            let state = one.onboarding.state(now).name();
            serde_json::json!({ "region": one.region, "state": state })
        };
        let body = serde_json::json!({
            "type": STATE_CHANGED,
            "timestamp": clock::rfc3339(now),
            "data": {
                "customer": { "id": customer.id, "name": customer.name, "account": customer.account },
                "from": (!before.is_empty()).then_some(before),
                "to": state.name(),
                "regions": customer.regions.iter().map(region).collect::<Vec<_>>(),
            },
        });
        self.tell_all(tx, STATE_CHANGED, &body.to_string()).await
    }
}

const STATE_CHANGED: &str = "customer.state_changed";

async fn write_status(tx: &mut Tx, id: &str, region: &str, status: &Onboarding) -> Result<()> {
    let update = "UPDATE onboardings SET status = $1 WHERE customer_id = $2 AND region = $3";
    let query = sqlx::query(update).bind(to_json(status)?).bind(id).bind(region);
    query.execute(&mut **tx).await?;
    Ok(())
}

async fn forget(tx: &mut Tx, id: &str, region: &str) -> Result<()> {
    let delete = "DELETE FROM onboardings WHERE customer_id = $1 AND region = $2";
    sqlx::query(delete).bind(id).bind(region).execute(&mut **tx).await?;
    Ok(())
}
