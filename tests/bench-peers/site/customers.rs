//! A database full of customers.

use anyhow::Result;
use harness::{messages, site::Site};
use onboarding_web::{
    clock::Clock,
    store::{Actor, NewCustomer, Store},
    token::Key,
};
use sqlx::{AnyPool, Executor};

/// Of every list of customers, so many are made one by one; the others are copies of them.
pub(crate) const FIRST: usize = 1000;
/// Where the first thousand have their load balancers.
pub(crate) const REGION: &str = "eu-west-1";
/// Where the copies have theirs, in turns.
const REGIONS: [&str; 4] = ["eu-west-1", "eu-central-1", "us-east-1", "us-west-2"];

/// A customer with a page.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    /// In addresses of staff.
    pub(crate) id: String,
    /// As people call it.
    pub(crate) name: String,
    /// 12 digits.
    pub(crate) account: String,
    /// In the address of its page.
    pub(crate) page_token: String,
    /// What its stack reports with.
    pub(crate) stack_token: String,
}

fn new(at: usize) -> NewCustomer {
    let account = format!("{}", 200_000_000_001_usize + at);
    NewCustomer {
        owner: format!("owner{}@vendor.test", at % 5),
        ..messages::new_customer(&format!("Customer {at:06}"), &account)
    }
}

/// Adds the first thousand customers of a site, each of whom has opened the page.
pub(crate) async fn add(site: &Site) -> Result<Vec<Customer>> {
    // All at one moment, so that every row of the list says the same.
    let clock = Clock::standing_at(Clock::system().now());
    let key = Key::load(&site.folder().join("onboarding.key"))?;
    let store = Store::open(&site.database(), key, clock).await?;
    let all: Vec<NewCustomer> = (0..FIRST).map(new).collect();
    let ids = store.add_customers(&Actor::of("benchmark"), &all, None).await?;
    let mut customers = Vec::new();
    for (id, new) in ids.into_iter().zip(all) {
        store.page_opened(&id).await?;
        customers.push(Customer {
            page_token: store.key().page_token(&id, 1),
            stack_token: store.key().stack_token(&id, REGION, 1),
            name: new.name,
            account: new.account,
            id,
        });
    }
    store.gather_counts().await?;
    store.close().await;
    // Openings are on record, so that the pages are read and nothing else.
    let rows = AnyPool::connect(&site.database()).await?;
    rows.execute("UPDATE customers SET opened_at = opened_at + 86400000").await?;
    rows.close().await;
    Ok(customers)
}

/// Copies the first thousand until there are so many.
pub(crate) async fn multiply(url: &str, to: usize) -> Result<()> {
    let rows = AnyPool::connect(url).await?;
    let columns = "email, aws_partition, existing_bucket, retention_days, template_version, owner, notes, \
         load_balancers, generation, expires_days, expires_at, revoked_at, opened_count, opened_at, \
         offboarded_at, state, rank, news_at, created_at, changed_at";
    for copy in 1..to / FIRST {
        let region = REGIONS[copy % REGIONS.len()];
        // A copy's name sorts and is found like a real one; its tokens open nothing.
        let customers = format!(
            "INSERT INTO customers (id, name, account, page_digest, search, regions, {columns}) \
             SELECT 'copy{copy}-' || id, 'Copy {copy} of ' || name, account, 'copy{copy}-' || page_digest, \
             'copy {copy} of ' || replace(search, '{REGION}', '{region}'), \
             replace(regions, '{REGION}', '{region}'), {columns} \
             FROM customers WHERE id NOT LIKE 'copy%'"
        );
        let onboardings = format!(
            "INSERT INTO onboardings \
             (customer_id, region, selectors, stack_name, status, asked_at, dropped_at) \
             SELECT 'copy{copy}-' || customer_id, '{region}', selectors, stack_name, status, asked_at, \
             dropped_at FROM onboardings WHERE customer_id NOT LIKE 'copy%'"
        );
        let mut transaction = rows.begin().await?;
        transaction.execute(sqlx::AssertSqlSafe(customers)).await?;
        transaction.execute(sqlx::AssertSqlSafe(onboardings)).await?;
        transaction.commit().await?;
    }
    let copies = to / FIRST - 1;
    let counts = format!(
        "INSERT INTO customer_counts (id, state, change) \
         SELECT 'copies of ' || state, state, SUM(change) * {copies} FROM customer_counts GROUP BY state"
    );
    rows.execute(sqlx::AssertSqlSafe(counts)).await?;
    if url.starts_with("postgres") {
        // What PostgreSQL does by itself within a minute or so.
        rows.execute("VACUUM ANALYZE").await?;
    }
    rows.close().await;
    Ok(())
}
