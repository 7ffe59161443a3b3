//! Customers, their links, and the onboarding of each of their regions.

use sqlx::{Any, AnyConnection, FromRow, Row as _, Transaction};

use super::{
    Actor, Event, NewAudit, Result, Store, VersionPlace, from_json,
    template_versions::version_places, to_json,
};
use crate::{
    clock::{DAY, MINUTE, Millis},
    onboarding::{self, Onboarding, State},
    token::{digest, random_id},
};

/// What staff say about a customer, checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewCustomer {
    /// As people call it.
    pub name: String,
    /// Whom to write to.
    pub email: String,
    /// 12 digits.
    pub account: String,
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// A bucket of the customer's; empty for a new one.
    pub existing_bucket: String,
    /// Days.
    pub retention_days: i64,
    /// The version that links pin.
    pub template_version: String,
    /// Who looks after this customer.
    pub owner: String,
    /// For staff only.
    pub notes: String,
    /// As staff typed them.
    pub load_balancers: String,
    /// How long links live.
    pub expires_days: i64,
    /// Region, value of the stack's parameter, number of entries.
    pub regions: Vec<(String, String, usize)>,
}

/// A customer as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, FromRow)]
pub struct Customer {
    /// In addresses.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Whom to write to.
    pub email: String,
    /// 12 digits.
    pub account: String,
    /// `aws`, `aws-cn`, …
    #[sqlx(rename = "aws_partition")]
    pub partition: String,
    /// A bucket of the customer's; empty for a new one.
    pub existing_bucket: String,
    /// Days.
    pub retention_days: i64,
    /// The version that links pin.
    pub template_version: String,
    /// Who looks after this customer.
    pub owner: String,
    /// For staff only.
    pub notes: String,
    /// As staff typed them.
    pub load_balancers: String,
    /// Which link is the present one, from 1.
    pub generation: i64,
    /// How long links live.
    pub expires_days: i64,
    /// When the present link expires.
    pub expires_at: Millis,
    /// When it was revoked; 0 if it was not.
    pub revoked_at: Millis,
    /// How many visits the page had with the present link; what is opened again within a minute is one.
    pub opened_count: i64,
    /// When the last of them began; 0 for none.
    pub opened_at: Millis,
    /// When staff began to take the customer off; 0 if they did not.
    pub offboarded_at: Millis,
    /// When the record was made.
    pub created_at: Millis,
    /// When anything last changed.
    pub changed_at: Millis,
    /// Its regions, in the order of their names.
    #[sqlx(skip)]
    pub regions: Vec<Region>,
}

/// One region of a customer: one stack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Region {
    /// For instance `eu-west-1`.
    pub region: String,
    /// The value of the stack's parameter `LoadBalancers`.
    pub selectors: String,
    /// What the stack is to be called.
    pub stack_name: String,
    /// Where it stands.
    pub onboarding: Onboarding,
    /// When staff last changed what the stack is to do.
    pub asked_at: Millis,
    /// When staff took the region off the list, while a stack is there; 0 if they did not.
    pub dropped_at: Millis,
}

impl Region {
    /// Whether a stack is there that does what was asked before the last change.
    pub fn wants_update(&self) -> bool {
        let stack = self.onboarding.stack.as_ref();
        let set_up = stack.filter(|stack| stack.standing().set_up);
        set_up.is_some_and(|stack| stack.standing().set_up_at < self.asked_at)
    }
}

/// What comes of a signal, to be kept in one piece.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The new status, if it changes.
    pub onboarding: Option<Onboarding>,
    /// What people read of it.
    pub events: Vec<Event>,
    /// What the audit log gets.
    pub audit: Option<NewAudit>,
    /// Nobody needs to look: neither the state nor the timeline changes.
    pub quiet: bool,
}

impl Customer {
    /// Where the present link stands.
    pub fn link_is_valid(&self, now: Millis) -> bool {
        self.revoked_at == 0 && now < self.expires_at
    }

    /// Whether the page was opened so lately, for all regions, that opening it again is the same visit.
    pub fn is_visited(&self, now: Millis) -> bool {
        now - self.opened_at < MINUTE && self.regions.iter().all(|one| one.onboarding.opened != 0)
    }

    /// Where the customer stands.
    pub fn state(&self, now: Millis) -> State {
        onboarding::overall(self.regions.iter().map(|region| region.onboarding.state(now)))
    }
}

/// A customer with its regions, a row each: in one question, since each costs a way to the database.
const COLUMNS: &str = "SELECT c.id, name, email, account, aws_partition, existing_bucket, \
     retention_days, template_version, owner, notes, load_balancers, generation, expires_days, expires_at, \
     revoked_at, opened_count, opened_at, offboarded_at, created_at, changed_at, region, selectors, \
     stack_name, status, asked_at, dropped_at \
     FROM customers c LEFT JOIN onboardings o ON o.customer_id = c.id";

pub(super) type Tx = Transaction<'static, Any>;

pub(super) async fn load(
    connection: &mut AnyConnection,
    column: &'static str,
    value: &str,
) -> Result<Option<Customer>> {
    let query = format!("{COLUMNS} WHERE c.{column} = $1 ORDER BY region");
    let query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(value);
    let rows = query.fetch_all(connection).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let mut customer = Customer::from_row(first)?;
    for row in &rows {
        let Some(region) = row.try_get("region")? else { continue };
        let status: String = row.try_get("status")?;
        customer.regions.push(Region {
            region,
            selectors: row.try_get("selectors")?,
            stack_name: row.try_get("stack_name")?,
            onboarding: from_json(&status)?,
            asked_at: row.try_get("asked_at")?,
            dropped_at: row.try_get("dropped_at")?,
        });
    }
    Ok(Some(customer))
}

/// Locks a customer's row until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: &str) -> Result<Option<Customer>> {
    let update = "UPDATE customers SET changed_at = changed_at WHERE id = $1";
    sqlx::query(update).bind(id).execute(&mut **tx).await?;
    load(tx, "id", id).await
}

impl Store {
    /// By id.
    pub async fn customer(&self, id: &str) -> Result<Option<Customer>> {
        load(&mut *self.pool.acquire().await?, "id", id).await
    }

    /// By the token of its page, whether the link is still valid or not.
    pub async fn customer_by_page(&self, token: &str) -> Result<Option<Customer>> {
        load(&mut *self.pool.acquire().await?, "page_digest", &digest(token)).await
    }

    /// The same, with every version of every template, and in which of the customer's regions it lies. On one
    /// connection: each that is handed back is asked whether it is still there.
    pub async fn customer_and_versions(
        &self,
        token: &str,
    ) -> Result<Option<(Customer, Vec<VersionPlace>)>> {
        let mut connection = self.pool.acquire().await?;
        let found = load(&mut connection, "page_digest", &digest(token)).await?;
        let Some(customer) = found else { return Ok(None) };
        let regions: Vec<&str> = customer.regions.iter().map(|one| one.region.as_str()).collect();
        let versions = version_places(&mut connection, &regions).await?;
        Ok(Some((customer, versions)))
    }

    /// Customers that changed after a moment, and when.
    pub async fn changed_since(&self, since: Millis) -> Result<Vec<(String, Millis)>> {
        let query = "SELECT id, changed_at FROM customers WHERE changed_at > $1 \
             ORDER BY changed_at LIMIT 1000";
        Ok(sqlx::query_as(query).bind(since).fetch_all(&self.pool).await?)
    }

    /// Adds customers, all or none, with a link each; their ids. With `import`, that list is marked as
    /// done in the same step.
    pub async fn add_customers(
        &self,
        actor: &Actor,
        all: &[NewCustomer],
        import: Option<(&str, usize)>,
    ) -> Result<Vec<String>> {
        let mut tx = self.write().await?;
        if let Some((import, _)) = import {
            let begin = "UPDATE imports SET done = '[]' WHERE id = $1 AND done = ''";
            let taken = sqlx::query(begin).bind(import).execute(&mut *tx).await?;
            if taken.rows_affected() == 0 {
                return Ok(Vec::new());
            }
        }
        let mut ids = Vec::new();
        for new in all {
            ids.push(self.add_within(&mut tx, actor, new).await?);
        }
        if let Some((import, left_out)) = import {
            let update = "UPDATE imports SET done = $1, left_out = $2 WHERE id = $3";
            let left_out = i64::try_from(left_out).unwrap_or(i64::MAX);
            let update = sqlx::query(update).bind(to_json(&ids)?).bind(left_out).bind(import);
            update.execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(ids)
    }

    pub(super) async fn add_within(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        new: &NewCustomer,
    ) -> Result<String> {
        let (id, now) = (random_id(), self.now());
        sqlx::query(
            "INSERT INTO customers (id, name, email, account, aws_partition, existing_bucket, \
             retention_days, template_version, owner, notes, load_balancers, generation, page_digest, \
             expires_days, expires_at, revoked_at, opened_count, opened_at, offboarded_at, search, \
             regions, state, rank, news_at, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, '', 0, \
             '', '', '', '', 1, $6, $7, $8, 0, 0, 0, 0, '', '', '', 0, $9, $9, $9)",
        )
        .bind(&id)
        .bind(&new.name)
        .bind(&new.email)
        .bind(&new.account)
        .bind(&new.partition)
        .bind(digest(&self.key.page_token(&id, 1)))
        .bind(new.expires_days)
        .bind(now + new.expires_days * DAY)
        .bind(now)
        .execute(&mut **tx)
        .await?;
        self.write_fields(tx, &id, new).await?;
        self.write_regions(tx, &id, (1, false), new).await?;
        self.refresh(tx, &id).await?;
        let what = "added the customer and made the link";
        self.note(tx, actor, &id, what).await?;
        let entry = NewAudit {
            action: "add customer",
            customer_id: id.clone(),
            subject: new.name.clone(),
            after: summary(new),
            ..NewAudit::default()
        };
        self.audit(tx, actor, &entry).await?;
        self.check_free(tx, &id).await?;
        Ok(id)
    }

    /// Changes what staff say about a customer. The link stays the same.
    pub async fn change_customer(&self, actor: &Actor, id: &str, new: &NewCustomer) -> Result<()> {
        let mut tx = self.write().await?;
        let Some(old) = lock(&mut tx, id).await? else { return Ok(()) };
        self.write_fields(&mut tx, id, new).await?;
        let other = old.template_version != new.template_version
            || old.existing_bucket != new.existing_bucket
            || old.retention_days != new.retention_days;
        self.write_regions(&mut tx, id, (old.generation, other), new).await?;
        if old.account != new.account {
            for region in &old.regions {
                self.clear_misdirected(&mut tx, id, region).await?;
            }
        }
        for region in &old.regions {
            if !new.regions.iter().any(|(name, ..)| *name == region.region) {
                self.drop_region(&mut tx, id, region).await?;
            }
        }
        self.refresh(&mut tx, id).await?;
        self.note(&mut tx, actor, id, "changed the customer's details").await?;
        let entry = NewAudit {
            action: "change customer",
            customer_id: id.to_owned(),
            subject: new.name.clone(),
            before: summary(&NewCustomer::from(&old)),
            after: summary(new),
        };
        self.audit(&mut tx, actor, &entry).await?;
        self.check_free(&mut tx, id).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn write_fields(&self, tx: &mut Tx, id: &str, new: &NewCustomer) -> Result<()> {
        sqlx::query(
            "UPDATE customers SET name = $1, email = $2, account = $3, aws_partition = $4, \
             existing_bucket = $5, retention_days = $6, template_version = $7, owner = $8, notes = $9, \
             load_balancers = $10, changed_at = $11, expires_days = $13 WHERE id = $12",
        )
        .bind(&new.name)
        .bind(&new.email)
        .bind(&new.account)
        .bind(&new.partition)
        .bind(&new.existing_bucket)
        .bind(new.retention_days)
        .bind(&new.template_version)
        .bind(&new.owner)
        .bind(&new.notes)
        .bind(&new.load_balancers)
        .bind(self.now())
        .bind(id)
        .bind(new.expires_days)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}

/// All that staff say about a customer, for the audit log: a line each, `field: value`.
fn summary(new: &NewCustomer) -> String {
    let days = |days: i64| format!("{days} days");
    let fields = [
        ("name", new.name.clone()),
        ("e-mail", new.email.clone()),
        ("account", new.account.clone()),
        ("load balancers", new.load_balancers.clone()),
        ("existing bucket", new.existing_bucket.clone()),
        ("logs kept", days(new.retention_days)),
        ("template", new.template_version.clone()),
        ("links live", days(new.expires_days)),
        ("owner", new.owner.clone()),
        ("notes", new.notes.clone()),
    ];
    let line = |(name, value): (&str, String)| {
        let value: Vec<&str> = value.lines().collect();
        format!("{name}: {}", value.join(" / "))
    };
    fields.map(line).join("\n")
}

impl From<&Customer> for NewCustomer {
    fn from(old: &Customer) -> Self {
        let old = old.clone();
        Self {
            name: old.name,
            email: old.email,
            account: old.account,
            partition: old.partition,
            existing_bucket: old.existing_bucket,
            retention_days: old.retention_days,
            template_version: old.template_version,
            owner: old.owner,
            notes: old.notes,
            load_balancers: old.load_balancers,
            expires_days: old.expires_days,
            regions: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_opened_again_within_a_minute_is_one_visit() {
        let now = 10 * DAY;
        let region = |opened: Millis| Region {
            onboarding: Onboarding { opened, ..Onboarding::default() },
            ..Region::default()
        };
        let customer = |opened_at: Millis, regions: Vec<Region>| Customer {
            opened_at,
            regions,
            ..Customer::default()
        };
        assert!(customer(now - MINUTE + 1, vec![region(1)]).is_visited(now));
        assert!(!customer(now - MINUTE, vec![region(1)]).is_visited(now));
        // A new link, and a region that was added since.
        assert!(!customer(0, vec![region(1)]).is_visited(now));
        assert!(!customer(now, vec![region(1), region(0)]).is_visited(now));
    }
}
