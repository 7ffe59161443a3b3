//! What follows from the messages that were kept.
//!
//! Each account and region is worked on by a task of its own: one that is slow, or floods, holds up nobody
//! else. All of it may happen twice, since a program can end between doing and noting.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_config::{SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use tokio::sync::{OnceCell, Semaphore};

use super::{
    belongs::{self, Asked, Owned, Owner},
    log_key::{Key, LogKey},
    message::Kind,
    object::{Object, new_objects},
    proof,
    stream::LogEvent,
    told,
    topic::Topic,
};
use crate::{
    app::App,
    aws,
    clock::{DAY, HOUR, MINUTE, Millis},
    onboarding::{
        Signal,
        logs::{Heard, Trouble, TroubleKind},
        next,
    },
    store::{Actor, Arrived, Change, Customer},
};

/// So many messages are taken in hand at once.
const AT_ONCE: i64 = 256;
/// So many accounts and regions are worked on at once.
const PLACES: usize = 16;
/// Whoever takes some in hand and dies leaves them to the others after this.
const IN_HAND: Millis = 2 * MINUTE;
/// After each attempt that came to nothing, so long until the next; the last one stays.
const WAITS: [Millis; 6] = [5_000, 15_000, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR];
/// A message that comes to nothing for so long is given up. The token of a confirmation holds two days.
const GIVEN_UP: Millis = 2 * DAY;

/// Does the work.
#[derive(Debug, Clone)]
pub struct Worker {
    app: App,
    aws: Arc<Aws>,
    busy: Arc<Mutex<HashSet<(String, String)>>>,
    turns: Arc<Semaphore>,
}

/// The vendor's credentials, looked for when they are first needed.
#[derive(Debug, Default)]
pub struct Aws(OnceCell<SdkConfig>);

impl Aws {
    /// Calls with these have less patience than a person at a terminal.
    pub async fn get(&self) -> &SdkConfig {
        let load = async || {
            let timeouts = TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(3))
                // SQS may take 20 seconds to find nothing.
                .operation_attempt_timeout(Duration::from_secs(25))
                .operation_timeout(Duration::from_secs(40))
                .build();
            // The queue tries again anyway.
            let retries = RetryConfig::standard().with_max_attempts(2);
            let config = aws::from_environment("us-east-1").await;
            config.to_builder().timeout_config(timeouts).retry_config(retries).build()
        };
        self.0.get_or_init(load).await
    }
}

/// What becomes of one message.
enum Next {
    Done,
    Later,
}

/// What was found out by reading.
#[derive(Debug, Clone, Copy)]
enum Proof {
    /// A log was read.
    Read,
    /// Logs cannot be read now.
    Later,
    /// So many were gone or none at all; the next may be one.
    Failed(u8),
}

/// After so many of a batch that were none, the others wait for the next one.
const FAILED_AT_MOST: u8 = 10;

/// What a batch comes to.
#[derive(Default)]
struct Outcome {
    heard: BTreeMap<String, Vec<Heard>>,
    /// What was found out in this batch about the logs of a load balancer in a bucket.
    proofs: HashMap<String, Proof>,
    /// What the analysis is told, as id and body.
    events: Vec<(String, String)>,
}

impl Worker {
    /// Somebody who works.
    pub fn new(app: App, aws: Arc<Aws>) -> Self {
        let turns = Arc::new(Semaphore::new(PLACES));
        Self { app, aws, busy: Arc::default(), turns }
    }

    fn busy(&self) -> MutexGuard<'_, HashSet<(String, String)>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins on every account and region with something due that is not being worked on.
    pub async fn begin(&self) -> crate::store::Result<()> {
        for place in self.app.store.places_with_due().await? {
            if !self.busy().insert(place.clone()) {
                continue;
            }
            let worker = self.clone();
            tokio::spawn(async move {
                let _turn = worker.turns.acquire().await;
                if let Err(error) = worker.work(&place).await {
                    tracing::error!(%error, "messages could not be worked on");
                }
                worker.busy().remove(&place);
            });
        }
        Ok(())
    }

    async fn work(&self, (account, region): &(String, String)) -> crate::store::Result<()> {
        let store = &self.app.store;
        loop {
            let until = store.now() + IN_HAND;
            let arrived = store.take_arrived((account, region), until, AT_ONCE).await?;
            if arrived.is_empty() {
                return Ok(());
            }
            let customers = store.customers_at(account, region).await?;
            self.batch(region, &customers, &arrived).await?;
        }
    }

    async fn batch(
        &self,
        region: &str,
        customers: &[Customer],
        arrived: &[Arrived],
    ) -> crate::store::Result<()> {
        let owners = belongs::owners(customers, region);
        let (mut outcome, now) = (Outcome::default(), self.app.store.now());
        let (mut done, mut later) = (Vec::new(), Vec::new());
        for one in arrived {
            match self.one(&owners, one, &mut outcome).await {
                Next::Later if now - one.received_at < GIVEN_UP => {
                    let tried = usize::try_from(one.attempts).unwrap_or(usize::MAX);
                    later.push((one.id.as_str(), now + WAITS[tried.min(WAITS.len() - 1)]));
                }
                Next::Later => {
                    tracing::warn!(topic = one.topic, kind = one.kind, "a message was given up");
                    done.push(one.id.as_str());
                }
                Next::Done => done.push(one.id.as_str()),
            }
        }
        for (customer, heard) in std::mem::take(&mut outcome.heard) {
            note(&self.app, (&customer, region), heard).await?;
        }
        self.app.store.worked_on(&done, &later, &outcome.events).await
    }

    async fn one(&self, owners: &[Owner<'_>], one: &Arrived, outcome: &mut Outcome) -> Next {
        let Some(topic) = Topic::parse(&one.topic) else { return Next::Done };
        match Kind::from_name(&one.kind) {
            Some(Kind::SubscriptionConfirmation) => {
                self.confirm(owners, &topic, &one.body, outcome).await
            }
            Some(Kind::UnsubscribeConfirmation) => {
                if let Some(owner) = belongs::whose(owners, &topic) {
                    outcome.hear(owner, Heard::Lost);
                }
                Next::Done
            }
            Some(Kind::Notification) => {
                let mut next = Next::Done;
                let told = new_objects(&one.body);
                if told.unreadable > 0 {
                    let (topic, records) = (&one.topic, told.unreadable);
                    tracing::warn!(topic, records, "a notification has what S3 does not say");
                }
                for (number, object) in told.objects.into_iter().enumerate() {
                    let from = (one.id.as_str(), number);
                    if matches!(
                        self.object(owners, &topic, &object, from, outcome).await,
                        Next::Later
                    ) {
                        next = Next::Later;
                    }
                }
                next
            }
            None => Next::Done,
        }
    }

    /// Confirms the subscription of a topic that a customer's stack made or found.
    async fn confirm(
        &self,
        owners: &[Owner<'_>],
        topic: &Topic,
        token: &str,
        outcome: &mut Outcome,
    ) -> Next {
        let (Asked::Confirm, Some(owner)) = belongs::asked(owners, topic) else {
            return Next::Later;
        };
        let sent = aws::sns::confirm(self.aws.get().await, &topic.region, &topic.arn, token).await;
        let Err(error) = sent else {
            outcome.hear(owner, Heard::Confirmed);
            return Next::Done;
        };
        tracing::warn!(error = error.words(), "a subscription could not be confirmed");
        outcome.hear(owner, Heard::NotConfirmed(error.words()));
        let over =
            ["NotFound", "InvalidParameter", "InvalidParameterException", "NotFoundException"];
        if over.contains(&error.code.as_str()) { Next::Done } else { Next::Later }
    }

    async fn object(
        &self,
        owners: &[Owner<'_>],
        topic: &Topic,
        object: &Object,
        from: (&str, usize),
        outcome: &mut Outcome,
    ) -> Next {
        let Key::Log(key) = Key::read(&object.key) else { return Next::Done };
        let owner = match belongs::owner(owners, topic, object, &key) {
            Owned::By(owner) => owner,
            Owned::NotYet => return Next::Later,
            Owned::Nobody => return Next::Done,
            Owned::Foreign(owner) => {
                told::foreign(&self.app, owner, topic, object).await;
                return Next::Done;
            }
        };
        let now = self.app.store.now();
        let logs = owner.region.onboarding.logs.as_ref();
        let source = logs.and_then(|logs| logs.sources.get(&key.load_balancer));
        let name = format!("{}\n{}\n{}", owner.customer.id, key.load_balancer, object.bucket);
        if source.is_none_or(|source| source.needs_proof(&object.bucket, now)) {
            let proof = match outcome.proofs.get(&name).copied() {
                Some(Proof::Failed(FAILED_AT_MOST..)) => return Next::Later,
                Some(Proof::Failed(before)) => {
                    self.prove(topic, object, &key, owner, (before, &mut *outcome)).await
                }
                None => self.prove(topic, object, &key, owner, (0, &mut *outcome)).await,
                Some(known) => known,
            };
            outcome.proofs.insert(name, proof);
            match proof {
                Proof::Read => {}
                Proof::Later => return Next::Later,
                Proof::Failed(_) => return Next::Done,
            }
        }
        outcome.hear(owner, Heard::Written(key.load_balancer.clone(), object.key.clone()));
        if self.tells() {
            outcome.tell(&LogEvent::new(owner, object, &key, from));
        }
        Next::Done
    }

    /// Whether the analysis is told of logs.
    fn tells(&self) -> bool {
        self.app.intake.as_ref().is_some_and(|intake| intake.settings.events_to.is_some())
    }

    /// Reads a log where it is said to be; `failed` is how many of the batch were none.
    async fn prove(
        &self,
        topic: &Topic,
        object: &Object,
        key: &LogKey,
        owner: Owner<'_>,
        (failed, outcome): (u8, &mut Outcome),
    ) -> Proof {
        let place = aws::logs::Place {
            region: &topic.region,
            owner: &topic.account,
            bucket: &object.bucket,
            key: &object.key,
        };
        let read = aws::logs::first_bytes(self.aws.get().await, &place, proof::FIRST_BYTES).await;
        let (kind, why) = match read {
            Ok(bytes) => match proof::is_log(&bytes, key) {
                Ok(()) => {
                    let (bucket, log) = (object.bucket.clone(), object.key.clone());
                    outcome.hear(owner, Heard::Read(key.load_balancer.clone(), bucket, log));
                    return Proof::Read;
                }
                Err(why) => (TroubleKind::NotALog, why.to_owned()),
            },
            Err(error) => (proof::trouble_of(&error), error.words()),
        };
        tracing::warn!(customer.id = owner.customer.id, why, "a log could not be read");
        let now = self.app.store.now();
        let trouble: Trouble = proof::trouble(kind, &object.bucket, &object.key, &why, now);
        outcome.hear(owner, Heard::Unreadable(key.load_balancer.clone(), trouble));
        let for_good = matches!(kind, TroubleKind::NotALog | TroubleKind::Gone);
        if for_good { Proof::Failed(failed + 1) } else { Proof::Later }
    }
}

impl Outcome {
    fn hear(&mut self, owner: Owner<'_>, heard: Heard) {
        let all = self.heard.entry(owner.customer.id.clone()).or_default();
        // Of the many logs of a load balancer in one batch, the last is noted.
        if let Heard::Written(load_balancer, _) = &heard {
            all.retain(|one| !matches!(one, Heard::Written(name, _) if name == load_balancer));
        }
        all.push(heard);
    }

    fn tell(&mut self, event: &LogEvent) {
        if let Ok(body) = serde_json::to_string(event) {
            self.events.push((event.id.clone(), body));
        }
    }
}

/// Notes what was heard, tells it in the timeline, and whoever is looking.
pub async fn note(
    app: &App,
    (customer, region): (&str, &str),
    heard: Vec<Heard>,
) -> crate::store::Result<()> {
    let (now, actor) = (app.store.now(), Actor::of("intake"));
    let changed = app.store.change_onboarding(&actor, (customer, region), |_, found| {
        let before = &found.onboarding;
        let signals = heard.into_iter().map(Signal::Logs);
        let after = signals.fold(before.clone(), |one, signal| next(one, &signal, now));
        if after == *before {
            return (false, Change::default());
        }
        let events = told::events(region, before, &after, now);
        let quiet = events.is_empty() && before.state(now) == after.state(now);
        (true, Change { onboarding: Some(after), events, quiet, audit: None })
    });
    if changed.await? == Some(true) {
        app.live.changed(customer);
    }
    Ok(())
}
