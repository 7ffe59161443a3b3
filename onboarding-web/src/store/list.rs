//! The list of customers.

use sqlx::FromRow;

use super::{Result, Store, anywhere};
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

const WHERE: &str = " FROM customers c WHERE ($1 = '' OR search LIKE $2 ESCAPE '\\') \
     AND ($3 = '' OR state = $3) AND ($4 = '' OR template_version = $4) AND ($5 = '' OR owner = $5) \
     AND ($6 = '' OR EXISTS (SELECT 1 FROM onboardings o WHERE o.customer_id = c.id \
     AND o.region = $6 AND o.dropped_at = 0))";

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
        let rows = format!(
            "SELECT id, name, account, state, regions, generation, expires_at, revoked_at, \
             template_version, owner, changed_at{WHERE} ORDER BY {order} LIMIT $7 OFFSET $8"
        );
        let query = filter.query.trim().to_lowercase();
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(rows))
            .bind(&query)
            .bind(anywhere(&query))
            .bind(&filter.state)
            .bind(&filter.version)
            .bind(&filter.owner)
            .bind(&filter.region)
            .bind(limit)
            .bind(offset)
            .fetch_all(&self.pool)
            .await?;
        let (total, attention) = self.count(filter, &query).await?;
        Ok(ListPage { rows, total, attention })
    }

    async fn count(&self, filter: &ListFilter, query: &str) -> Result<(i64, i64)> {
        let counts = format!(
            "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN rank <= $7 THEN 1 ELSE 0 END), 0) AS BIGINT)\
             {WHERE}"
        );
        let counts = sqlx::query_as(sqlx::AssertSqlSafe(counts))
            .bind(query)
            .bind(anywhere(query))
            .bind(&filter.state)
            .bind(&filter.version)
            .bind(&filter.owner)
            .bind(&filter.region)
            .bind(State::Stale.rank())
            .fetch_one(&self.pool)
            .await?;
        Ok(counts)
    }

    /// What the filters offer: regions, template versions, owners.
    pub async fn filter_values(&self) -> Result<[Vec<String>; 3]> {
        let queries = [
            "SELECT DISTINCT region FROM onboardings WHERE dropped_at = 0 ORDER BY region",
            "SELECT DISTINCT template_version FROM customers ORDER BY template_version",
            "SELECT DISTINCT owner FROM customers WHERE owner <> '' ORDER BY owner",
        ];
        let mut values: [Vec<String>; 3] = Default::default();
        for (found, query) in values.iter_mut().zip(queries) {
            *found = sqlx::query_scalar(query).fetch_all(&self.pool).await?;
        }
        Ok(values)
    }
}
