//! The stream of clean events: what the analysis is told of logs that are a customer's.
//!
//! An event is written down in the step that takes its message off the queue, and stays until the
//! analysis' queue has it: at least once, in no order.

use std::sync::Arc;

use serde::Serialize;

use super::{
    belongs::Owner,
    log_key::{LogKey, LogKind},
    object::Object,
    work::Aws,
};
use crate::{
    app::App,
    aws::sqs::{self, Queue, Sent},
    clock::{HOUR, MINUTE, Millis},
    token::digest,
};

/// So many events are taken in hand at once.
const AT_ONCE: i64 = 100;
/// Whoever takes some in hand and dies leaves them to the others after this.
const IN_HAND: Millis = 2 * MINUTE;
/// After a failure, so long until the next try.
const AGAIN: Millis = 10_000;
/// And so long for what the queue refuses for what it is.
const REFUSED: Millis = HOUR;

/// An event, as `docs/intake.md` describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogEvent {
    /// The same when it is sent twice.
    pub id: String,
    /// `log.created`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When S3 says that the log was written.
    pub written: String,
    /// The customer's id here.
    pub customer: String,
    /// Its account.
    pub account: String,
    /// Where.
    pub region: String,
    /// `app/NAME/ID` or `net/NAME/ID`.
    pub load_balancer: String,
    /// What it logs.
    pub log: LogKind,
    /// The bucket; it belongs to the account.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
    /// The version; empty in a bucket that keeps none.
    pub version: String,
    /// Bytes.
    pub size: i64,
}

impl LogEvent {
    /// The event of a log; `message` is what it was told by, `number` its place in there.
    pub fn new(
        owner: Owner<'_>,
        object: &Object,
        key: &LogKey,
        (message, number): (&str, usize),
    ) -> Self {
        Self {
            id: digest(&format!("{message}\n{number}")),
            kind: "log.created",
            written: object.written.clone(),
            customer: owner.customer.id.clone(),
            account: key.account.clone(),
            region: key.region.clone(),
            load_balancer: key.load_balancer.clone(),
            log: key.kind,
            bucket: object.bucket.clone(),
            key: object.key.clone(),
            version: object.version.clone(),
            size: object.size,
        }
    }
}

/// Sends events as long as there are some and the queue takes them; whether it does.
pub async fn send(app: &App, aws: &Arc<Aws>) -> crate::store::Result<bool> {
    let Some(to) = app.intake.as_ref().and_then(|intake| intake.settings.events_to.as_ref()) else {
        return Ok(true);
    };
    let mut due = take(app).await?;
    if due.is_empty() {
        return Ok(true);
    }
    let queue = Queue::new(aws.get().await, to.url.as_str(), &to.region);
    while !due.is_empty() {
        let now = app.store.now();
        let batches = due.chunks(sqs::AT_ONCE).map(|some| send_batch(&queue, some));
        let outcomes = futures_util::future::join_all(batches).await;
        let (mut sent, mut again, mut whole) = (Vec::new(), Vec::new(), true);
        for (some, outcome) in due.chunks(sqs::AT_ONCE).zip(outcomes) {
            for ((id, _), outcome) in some.iter().zip(outcome) {
                match outcome {
                    Sent::Taken => sent.push(id.as_str()),
                    Sent::Failed => again.push((id.as_str(), now + AGAIN)),
                    Sent::Refused => again.push((id.as_str(), now + REFUSED)),
                }
                whole &= outcome != Sent::Failed;
            }
        }
        app.store.log_events_sent(&sent, &again).await?;
        count("sent", sent.len());
        count("failed", again.len());
        if !whole {
            return Ok(false);
        }
        due = take(app).await?;
    }
    Ok(true)
}

async fn take(app: &App) -> crate::store::Result<Vec<(String, String)>> {
    app.store.take_log_events(app.store.now() + IN_HAND, AT_ONCE).await
}

fn count(outcome: &'static str, events: usize) {
    let events = u64::try_from(events).unwrap_or(0);
    metrics::counter!("onboarding_log_events_total", "outcome" => outcome).increment(events);
}

/// What became of each.
async fn send_batch(queue: &Queue, some: &[(String, String)]) -> Vec<Sent> {
    let bodies: Vec<&str> = some.iter().map(|(_, body)| body.as_str()).collect();
    queue.send(&bodies).await.unwrap_or_else(|error| {
        tracing::error!(error = error.words(), "events could not be sent");
        vec![Sent::Failed; some.len()]
    })
}
