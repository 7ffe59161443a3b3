//! The list of customers.

use sqlx::{AnyConnection, FromRow, query::QueryAs};

use super::{
    Result, Store, anywhere,
    counts::{Counts, counts},
};
use crate::{clock::Millis, onboarding::State};

/// Which customers to list; empty text for any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Words that name, e-mail, account, region, load balancers or the link's end contain.
    pub query: String,
    /// A state's name.
    pub state: String,
    /// A region.
    pub region: String,
    /// A template version.
    pub version: String,
    /// An owner.
    pub owner: String,
}

/// The order of the list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// What needs attention first, then the latest change.
    #[default]
    Attention,
    /// By name.
    Name,
    /// The latest change first.
    Changed,
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ListRow {
    /// In addresses.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// 12 digits.
    pub account: String,
    /// A state's name.
    pub state: String,
    /// `eu-west-1 · 2`
    pub regions: String,
    /// Which link is the present one.
    pub generation: i64,
    /// When it expires.
    pub expires_at: Millis,
    /// When it was revoked; 0 if it was not.
    pub revoked_at: Millis,
    /// The version that links pin.
    pub template_version: String,
    /// Who looks after this customer.
    pub owner: String,
    /// When anything last changed.
    pub changed_at: Millis,
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage {
    /// The rows.
    pub rows: Vec<ListRow>,
    /// How many match in all.
    pub total: i64,
    /// How many of those need attention.
    pub attention: i64,
}

/// The conditions of a filter and what they compare with, in the order of their placeholders. Only those
/// that are asked for: what is always true would keep the database from its indexes.
fn conditions(filter: &ListFilter) -> (String, Vec<String>) {
    let (mut parts, mut values) = (Vec::new(), Vec::new());
    let query = filter.query.trim().to_lowercase();
    let query = if query.is_empty() { query } else { anywhere(&query) };
    let all = [
        (&query, "search LIKE $ ESCAPE '\\'"),
        (&filter.version, "template_version = $"),
        (&filter.owner, "owner = $"),
        (
            &filter.region,
            "id IN (SELECT customer_id FROM onboardings WHERE region = $ AND dropped_at = 0)",
        ),
    ];
    for (value, condition) in all {
        if !value.is_empty() {
            values.push(value.clone());
            parts.push(condition.replace('$', &format!("${}", values.len())));
        }
    }
    if !filter.state.is_empty() {
        // Sorted by rank is what the index is; no state has none.
        let rank = State::from_name(&filter.state).map_or(-1, State::rank);
        parts.push(format!("rank = {rank}"));
    }
    if parts.is_empty() {
        return (String::new(), values);
    }
    (format!(" WHERE {}", parts.join(" AND ")), values)
}

impl Store {
    /// A page of the list.
    pub async fn list(
        &self,
        filter: &ListFilter,
        sort: Sort,
        limit: i64,
        offset: i64,
    ) -> Result<ListPage> {
        let order = match sort {
            Sort::Attention => "rank, changed_at DESC, id",
            Sort::Name => "LOWER(name), id",
            Sort::Changed => "changed_at DESC, id",
        };
        let (conditions, values) = conditions(filter);
        let rows = format!(
            "SELECT id, name, account, state, regions, generation, expires_at, revoked_at, \
             template_version, owner, changed_at FROM customers{conditions} ORDER BY {order} \
             LIMIT {limit} OFFSET {offset}"
        );
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(rows));
        let rows = values.iter().fold(rows, QueryAs::bind);
        // One connection for both: each that is handed back is asked whether it is still there.
        let mut connection = self.pool.acquire().await?;
        let rows = rows.fetch_all(&mut *connection).await?;
        let counts = count(&mut connection, filter, (&conditions, &values)).await?;
        Ok(ListPage { rows, total: counts.total, attention: counts.attention })
    }

    /// What the filters offer: regions, template versions, owners.
    pub async fn filter_values(&self) -> Result<[Vec<String>; 3]> {
        let columns = [
            different(0, "region", "onboardings WHERE dropped_at = 0"),
            different(1, "template_version", "customers WHERE 1 = 1"),
            different(2, "owner", "customers WHERE owner <> ''"),
        ];
        let query = format!("{} ORDER BY number, value", columns.join(" UNION ALL "));
        let query = sqlx::query_as(sqlx::AssertSqlSafe(query));
        let found: Vec<(i64, String)> = query.fetch_all(&self.pool).await?;
        let mut values: [Vec<String>; 3] = Default::default();
        for (number, value) in found {
            if let Some(values) = usize::try_from(number).ok().and_then(|at| values.get_mut(at)) {
                values.push(value);
            }
        }
        Ok(values)
    }
}

async fn count(
    connection: &mut AnyConnection,
    filter: &ListFilter,
    (conditions, values): (&str, &[String]),
) -> Result<Counts> {
    if values.is_empty() {
        let state = State::from_name(&filter.state);
        let unknown = state.is_none() && !filter.state.is_empty();
        return if unknown { Ok(Counts::default()) } else { counts(connection, state).await };
    }
    let last = State::Stale.rank();
    let query = format!(
        "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN rank <= {last} THEN 1 ELSE 0 END), 0) AS BIGINT) \
         FROM customers{conditions}"
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(query));
    let query = values.iter().fold(query, QueryAs::bind);
    let (total, attention) = query.fetch_one(connection).await?;
    Ok(Counts { total, attention })
}

/// A column's different values, with a number to tell them by: from each to the next along the index, since
/// there are few of them in many rows.
fn different(number: u8, column: &str, rows: &str) -> String {
    format!(
        "SELECT CAST({number} AS BIGINT) AS number, value FROM (WITH RECURSIVE step (value) AS \
         (SELECT MIN({column}) FROM {rows} \
         UNION ALL SELECT (SELECT MIN({column}) FROM {rows} AND {column} > step.value) FROM step \
         WHERE step.value IS NOT NULL) SELECT value FROM step WHERE value IS NOT NULL) of_{column}"
    )
}
