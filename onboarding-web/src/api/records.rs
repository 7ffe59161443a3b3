//! A customer as programs see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    clock::{self, Millis},
    store::{Customer as Record, ListRow, Region as RegionRecord},
};

/// A customer in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerRow {
    /// In addresses.
    id: String,
    /// What the customer is called.
    name: String,
    /// The AWS account.
    account: String,
    /// `sent`, `opened`, `running`, `waiting`, `active`, `silent`, `unreadable`, `failed`, `stale` or
    /// `removed`.
    state: String,
    /// The version that links pin.
    template_version: String,
    /// Who looks after the customer.
    owner: String,
    /// When the link ends.
    link_expires_at: String,
    /// Whether it was revoked.
    link_revoked: bool,
    /// When anything last changed.
    changed_at: String,
}

/// A customer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Customer {
    /// In addresses.
    id: String,
    /// What the customer is called.
    name: String,
    /// Whom to write to.
    email: String,
    /// The AWS account.
    account: String,
    /// `sent`, `opened`, `running`, `waiting`, `active`, `silent`, `unreadable`, `failed`, `stale` or
    /// `removed`.
    state: String,
    /// One stack each.
    regions: Vec<Region>,
    /// A bucket of the customer's; none: the one in use, or a new one.
    existing_bucket: Option<String>,
    /// Days after which logs expire in a new bucket.
    retention_days: i64,
    /// The version that links pin.
    template_version: String,
    /// Who looks after the customer.
    owner: String,
    /// For staff only.
    notes: String,
    /// The link, without its address.
    link: Link,
    /// When staff began to take the customer off.
    offboarded_at: Option<String>,
    /// When the record was made.
    created_at: String,
    /// When anything last changed.
    changed_at: String,
}

/// A region of a customer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Region {
    /// For instance `eu-west-1`.
    #[serde(rename = "region")]
    name: String,
    /// The value of the stack's parameter `LoadBalancers`.
    load_balancers: String,
    /// As the customer's.
    state: String,
    /// The stack's ARN, once it has reported.
    stack_id: Option<String>,
    /// Whether its load balancers were taken off the list, and its stack is still there.
    dropped: bool,
}

/// A customer's link.
#[derive(Debug, Serialize, ToSchema)]
pub struct Link {
    /// Which one it is, from 1.
    generation: i64,
    /// When it ends.
    expires_at: String,
    /// Whether it was revoked.
    revoked: bool,
    /// How many visits the page had with it; what is opened again within a minute is one.
    opened_count: i64,
    /// When the last of them began.
    opened_at: Option<String>,
}

fn time(at: Millis) -> Option<String> {
    (at != 0).then(|| clock::rfc3339(at))
}

fn region(one: &RegionRecord, now: Millis) -> Region {
    Region {
        name: one.region.clone(),
        load_balancers: one.selectors.clone(),
        state: one.onboarding.state(now).name().to_owned(),
        stack_id: one.onboarding.stack.as_ref().map(|stack| stack.id.clone()),
        dropped: one.dropped_at != 0,
    }
}

/// A record, as programs see it.
pub fn view(app: &App, record: Record) -> Customer {
    let now = app.store.now();
    Customer {
        state: record.state(now).name().to_owned(),
        regions: record.regions.iter().map(|one| region(one, now)).collect(),
        existing_bucket: (!record.existing_bucket.is_empty()).then_some(record.existing_bucket),
        link: Link {
            generation: record.generation,
            expires_at: clock::rfc3339(record.expires_at),
            revoked: record.revoked_at != 0,
            opened_count: record.opened_count,
            opened_at: time(record.opened_at),
        },
        offboarded_at: time(record.offboarded_at),
        created_at: clock::rfc3339(record.created_at),
        changed_at: clock::rfc3339(record.changed_at),
        id: record.id,
        name: record.name,
        email: record.email,
        account: record.account,
        retention_days: record.retention_days,
        template_version: record.template_version,
        owner: record.owner,
        notes: record.notes,
    }
}

/// A row of the list, as programs see it.
pub fn row(one: ListRow) -> CustomerRow {
    CustomerRow {
        id: one.id,
        name: one.name,
        account: one.account,
        state: one.state,
        template_version: one.template_version,
        owner: one.owner,
        link_expires_at: clock::rfc3339(one.expires_at),
        link_revoked: one.revoked_at != 0,
        changed_at: clock::rfc3339(one.changed_at),
    }
}
