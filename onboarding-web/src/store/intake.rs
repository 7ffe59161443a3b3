//! What SNS brought: kept at once, worked on later, by whichever copy of the service comes first.

use std::collections::{HashMap, HashSet};

use sqlx::{AssertSqlSafe, FromRow};

use super::{Engine, Result, Store, customers::Tx};
use crate::{
    clock::{HOUR, Millis},
    intake::{
        message::{Kind, Message},
        topic::Topic,
    },
    store::Customer,
    token::digest,
};

/// That a message came is remembered for so long; SNS tries for an hour.
const SEEN_FOR: Millis = 2 * HOUR;
/// Rows in one statement; with nine values each, below what both engines take.
const ROWS: usize = 64;
/// So many are forgotten in one transaction.
const FORGOTTEN_AT_ONCE: i64 = 5000;

/// A message that is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    id: String,
    topic: Topic,
    kind: Kind,
    body: String,
    received_at: Millis,
}

/// A message to work on.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Arrived {
    /// The same at every attempt of SNS.
    pub id: String,
    /// The topic's ARN.
    pub topic: String,
    /// As [`Kind::name`] has it.
    pub kind: String,
    /// The content, or the token of a confirmation.
    pub body: String,
    /// When it came.
    pub received_at: Millis,
    /// How often it was worked on before.
    pub attempts: i64,
}

impl Incoming {
    /// What is kept of a message.
    pub fn new(message: &Message, received_at: Millis) -> Self {
        let envelope = &message.envelope;
        let body = match envelope.kind {
            Kind::Notification => envelope.message.clone(),
            _ => envelope.token.clone().unwrap_or_default(),
        };
        Self {
            id: digest(&format!("{}\n{}", envelope.topic_arn, envelope.message_id)),
            topic: message.topic.clone(),
            kind: envelope.kind,
            // PostgreSQL keeps no zero byte, and one message must not stop those beside it.
            body: body.replace('\0', ""),
            received_at,
        }
    }
}

/// `($1, $2), ($3, $4)`: places for the values of some rows.
pub(super) fn places(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> =
            (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// Deletes rows of a table by their ids.
pub(super) async fn delete_by_id(tx: &mut Tx, table: &'static str, ids: &[&str]) -> Result<()> {
    for some in ids.chunks(ROWS) {
        let places: Vec<String> = (1..=some.len()).map(|at| format!("${at}")).collect();
        let delete = format!("DELETE FROM {table} WHERE id IN ({})", places.join(", "));
        let mut delete = sqlx::query(AssertSqlSafe(delete));
        for id in some {
            delete = delete.bind(*id);
        }
        delete.execute(&mut **tx).await?;
    }
    Ok(())
}

impl Store {
    /// Keeps messages, all or none; which of them are new.
    pub async fn keep_incoming(&self, messages: &[Incoming]) -> Result<Vec<bool>> {
        let mut each: Vec<&Incoming> = messages.iter().collect();
        // In one order everywhere, so that two that keep the same ones do not wait for each other.
        each.sort_by(|one, other| one.id.cmp(&other.id));
        each.dedup_by(|one, other| one.id == other.id);
        let mut tx = self.write().await?;
        let mut new: HashSet<String> = HashSet::new();
        for some in each.chunks(ROWS) {
            let insert = format!(
                "INSERT INTO intake_seen (id, at) VALUES {} ON CONFLICT (id) DO NOTHING RETURNING id",
                places(some.len(), 2)
            );
            let mut insert = sqlx::query_scalar(AssertSqlSafe(insert));
            for one in some {
                insert = insert.bind(&one.id).bind(one.received_at);
            }
            new.extend(insert.fetch_all(&mut *tx).await?);
        }
        let fresh: Vec<&Incoming> = each.into_iter().filter(|one| new.contains(&one.id)).collect();
        for some in fresh.chunks(ROWS) {
            let insert = format!(
                "INSERT INTO intake_queue (id, account, region, topic, kind, body, received_at, \
                 attempts, next_at) VALUES {} ON CONFLICT (id) DO NOTHING",
                places(some.len(), 9)
            );
            let mut insert = sqlx::query(AssertSqlSafe(insert));
            for one in some {
                insert = insert
                    .bind(&one.id)
                    .bind(&one.topic.account)
                    .bind(&one.topic.region)
                    .bind(&one.topic.arn)
                    .bind(one.kind.name())
                    .bind(&one.body)
                    .bind(one.received_at)
                    .bind(0_i64)
                    .bind(one.received_at);
            }
            insert.execute(&mut *tx).await?;
        }
        tx.commit().await?;
        // Of two that are the same, the first is the new one.
        Ok(messages.iter().map(|one| new.remove(&one.id)).collect())
    }

    /// Whether a customer's load balancers are where a topic is.
    pub async fn is_place_of_customer(&self, topic: &Topic) -> Result<bool> {
        let query = "SELECT COUNT(*) FROM customers c JOIN onboardings o ON o.customer_id = c.id \
             WHERE c.aws_partition = $1 AND c.account = $2 AND o.region = $3";
        let query = sqlx::query_scalar::<_, i64>(query);
        let query = query.bind(topic.partition.id()).bind(&topic.account).bind(&topic.region);
        Ok(query.fetch_one(&self.pool).await? > 0)
    }

    /// The customers whose load balancers are in an account and region.
    pub async fn customers_at(&self, account: &str, region: &str) -> Result<Vec<Customer>> {
        let query = "SELECT c.id FROM customers c JOIN onboardings o ON o.customer_id = c.id \
             WHERE c.account = $1 AND o.region = $2 ORDER BY c.id";
        let query = sqlx::query_scalar::<_, String>(query).bind(account).bind(region);
        let mut customers = Vec::new();
        for id in query.fetch_all(&self.pool).await? {
            customers.extend(self.customer(&id).await?);
        }
        Ok(customers)
    }

    /// The accounts and regions of which something is due.
    pub async fn places_with_due(&self) -> Result<Vec<(String, String)>> {
        let query = "SELECT DISTINCT account, region FROM intake_queue WHERE next_at <= $1";
        Ok(sqlx::query_as(query).bind(self.now()).fetch_all(&self.pool).await?)
    }

    /// Takes what is due of one account and region in hand until `until`.
    pub async fn take_arrived(
        &self,
        (account, region): (&str, &str),
        until: Millis,
        limit: i64,
    ) -> Result<Vec<Arrived>> {
        // Another copy at the same work takes the rows after these, instead of waiting for them.
        let others = match self.engine {
            Engine::Sqlite => "",
            Engine::Postgres => "FOR UPDATE SKIP LOCKED",
        };
        let take = format!(
            "UPDATE intake_queue SET next_at = $1 WHERE id IN (SELECT id FROM intake_queue \
             WHERE account = $2 AND region = $3 AND next_at <= $4 ORDER BY next_at LIMIT $5 {others}) \
             AND next_at <= $4 RETURNING id, topic, kind, body, received_at, attempts"
        );
        let mut tx = self.write().await?;
        let take = sqlx::query_as(AssertSqlSafe(take)).bind(until).bind(account).bind(region);
        let mut arrived: Vec<Arrived> =
            take.bind(self.now()).bind(limit).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        arrived
            .sort_by(|one, other| (one.received_at, &one.id).cmp(&(other.received_at, &other.id)));
        Ok(arrived)
    }

    /// Takes off the queue what is done, and puts off what is not; the time is when it is due again. What
    /// the analysis is to be told of it is written down in the same step, as id and body.
    pub async fn worked_on(
        &self,
        done: &[&str],
        later: &[(&str, Millis)],
        events: &[(String, String)],
    ) -> Result<()> {
        let mut tx = self.write().await?;
        self.add_log_events(&mut tx, events).await?;
        delete_by_id(&mut tx, "intake_queue", done).await?;
        for (id, at) in later {
            let update =
                "UPDATE intake_queue SET next_at = $1, attempts = attempts + 1 WHERE id = $2";
            sqlx::query(update).bind(at).bind(*id).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Forgets what came so long ago that SNS does not bring it again, unless it still waits.
    pub async fn forget_old_messages(&self) -> Result<()> {
        let delete = "DELETE FROM intake_seen WHERE id IN (SELECT s.id FROM intake_seen s WHERE s.at < $1 \
             AND NOT EXISTS (SELECT 1 FROM intake_queue q WHERE q.id = s.id) LIMIT $2)";
        let before = self.now() - SEEN_FOR;
        loop {
            let delete = sqlx::query(delete).bind(before).bind(FORGOTTEN_AT_ONCE);
            if delete.execute(&self.pool).await?.rows_affected() == 0 {
                return Ok(());
            }
        }
    }

    /// How many messages wait, for the metrics.
    pub async fn arrived_count(&self) -> Result<i64> {
        Ok(sqlx::query_scalar("SELECT COUNT(*) FROM intake_queue").fetch_one(&self.pool).await?)
    }

    /// Every onboarding that logs are watched for, with its region.
    pub async fn watched(&self) -> Result<HashMap<(String, String), String>> {
        let query = "SELECT customer_id, region, status FROM onboardings WHERE status LIKE $1";
        let rows: Vec<(String, String, String)> =
            sqlx::query_as(query).bind("%\"logs\":{%").fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|(id, region, status)| ((id, region), status)).collect())
    }
}
