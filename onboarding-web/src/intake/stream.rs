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
    aws::sqs::{self, Queue},
    clock::{MINUTE, Millis},
    token::digest,
};

/// So many events are taken in hand at once.
const AT_ONCE: i64 = 100;
/// Whoever takes some in hand and dies leaves them to the others after this.
const IN_HAND: Millis = 2 * MINUTE;
/// After a failure, so long until the next try.
const AGAIN: Millis = 10_000;

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

/// Sends events as long as there are some.
pub async fn send(app: &App, aws: &Arc<Aws>) -> crate::store::Result<()> {
    let Some(to) = app.intake.as_ref().and_then(|intake| intake.settings.events_to.as_ref()) else {
        return Ok(());
    };
    let queue = Queue::new(aws.get().await, to.url.as_str(), &to.region);
    loop {
        let now = app.store.now();
        let due = app.store.take_log_events(now + IN_HAND, AT_ONCE).await?;
        if due.is_empty() {
            return Ok(());
        }
        let batches = due.chunks(sqs::AT_ONCE).map(|some| send_batch(&queue, some));
        let (mut sent, mut failed) = (Vec::new(), Vec::new());
        for outcome in futures_util::future::join_all(batches).await {
            sent.extend(outcome.0);
            failed.extend(outcome.1);
        }
        app.store.log_events_sent(&sent, (&failed, now + AGAIN)).await?;
        let count = |ids: &[&str]| u64::try_from(ids.len()).unwrap_or(0);
        metrics::counter!("onboarding_log_events_total", "outcome" => "sent")
            .increment(count(&sent));
        metrics::counter!("onboarding_log_events_total", "outcome" => "failed")
            .increment(count(&failed));
        if !failed.is_empty() {
            return Ok(());
        }
    }
}

/// Which were sent, and which were not.
async fn send_batch<'a>(
    queue: &Queue,
    some: &'a [(String, String)],
) -> (Vec<&'a str>, Vec<&'a str>) {
    let bodies: Vec<&str> = some.iter().map(|(_, body)| body.as_str()).collect();
    let left = queue.send(&bodies).await.unwrap_or_else(|error| {
        tracing::error!(error = error.words(), "events could not be sent");
        (0..some.len()).collect()
    });
    let ids = some.iter().enumerate().map(|(at, (id, _))| (left.contains(&at), id.as_str()));
    let (failed, sent): (Vec<_>, Vec<_>) = ids.partition(|(failed, _)| *failed);
    let ids = |all: Vec<(bool, &'a str)>| all.into_iter().map(|(_, id)| id).collect();
    (ids(sent), ids(failed))
}
