//! What must be so after every single change, whatever goes wrong: I4 to I7 of the list in
//! `docs/reliability.md`; and how an account is to look when all is over.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use harness::{
    checks::{self, Notifications, Rule, Writer},
    model::{
        Seen, State, Watch,
        account::{Account, Bucket, KINDS, LoadBalancer},
    },
    wire::is_read,
};
use serde_json::Value;

use crate::worlds::{ACCOUNT, REGION, endpoint};

/// The beginning of every name that an onboarding stack gives to statements, rules and topics.
const OURS: &str = "DTLogsAnalysis";
/// The beginning of the name of a bucket of ours.
const OUR_BUCKET: &str = "dtlogs-";

/// What was found wrong, and on whose account it goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// Something of the customer's changed.
    pub foreign: Vec<String>,
    /// An object was touched.
    pub objects: Vec<String>,
    /// Anything else.
    pub other: Vec<String>,
}

/// Shared with the watch.
pub(crate) type Findings = Arc<Mutex<Found>>;

/// Which load balancers must be told of without a gap, while CloudFormation does this.
#[derive(Debug, Clone, Default)]
pub(crate) struct NoGap(pub Arc<Mutex<bool>>);

impl NoGap {
    /// From now on, or no more.
    pub(crate) fn set(&self, on: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = on;
    }

    fn is_on(&self) -> bool {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at the account after every change.
pub(crate) fn watch(findings: &Findings, no_gap: &NoGap) -> Watch {
    let (findings, no_gap) = (Arc::clone(findings), no_gap.clone());
    let mut last = Account::default();
    Box::new(move |state, seen| {
        if seen.operation == "Object" {
            let mut found = findings.lock().unwrap_or_else(PoisonError::into_inner);
            found.objects.push(format!("{} touched an object", seen.phase));
        }
        if is_read(&seen.operation) || state.account == last {
            return;
        }
        last.clone_from(&state.account);
        let mut found = findings.lock().unwrap_or_else(PoisonError::into_inner);
        check(state, seen, no_gap.is_on(), &mut found);
    })
}

fn check(state: &State, seen: &Seen, no_gap: bool, found: &mut Found) {
    let at = format!("{} {} on {}", seen.phase, seen.operation, seen.about);
    let (now, before) = (foreign(&state.account, state), foreign(&state.baseline, state));
    let changed = before.differences(&now);
    if !changed.is_empty() {
        found.foreign.push(format!("{at} changed what is not ours: {}", Value::Object(changed)));
    }
    for (arn, load_balancer) in &state.account.load_balancers {
        let own = state.baseline.load_balancers.get(arn);
        for kind in KINDS {
            let Some((bucket, prefix)) = load_balancer.target(kind) else { continue };
            if own.is_some_and(|own| own.target(kind).is_some()) {
                continue;
            }
            let there = state.account.buckets.get(bucket);
            let owned = there.is_some_and(|bucket| bucket.owner == ACCOUNT);
            if !owned && !state.removed.contains(bucket) {
                found.other.push(format!("{at}: {arn} logs to {bucket}, which is not there"));
            }
            // Where a Delete overtakes a Create, one takes back what the other is about to take back.
            let alone = !state.faults.iter().any(|fault| fault.kind.holds());
            if alone && state.removed.is_empty() && !may_write(&state.account, arn, bucket, prefix)
            {
                found.other.push(format!("{at}: {arn} may not write to {bucket} any more"));
            }
            if no_gap && state.removed.is_empty() && !is_told(&state.account, bucket, prefix) {
                found.other.push(format!("{at}: nobody is told of logs in {bucket} (a gap)"));
            }
        }
    }
}

/// Whether what a load balancer writes arrives.
fn may_write(account: &Account, arn: &str, bucket: &str, prefix: &str) -> bool {
    let writer = if arn.contains("/net/") { Writer::Network } else { Writer::Application };
    let slash = if prefix.is_empty() { "" } else { "/" };
    let key = format!("{prefix}{slash}AWSLogs/{ACCOUNT}/elasticloadbalancing/x.log.gz");
    let policy = account.buckets.get(bucket).and_then(|bucket| bucket.policy.as_ref());
    checks::lets_write(policy, writer, bucket, &key, ACCOUNT)
}

/// Whether the vendor hears of a log that is written below a prefix.
pub(crate) fn is_told(account: &Account, bucket: &str, prefix: &str) -> bool {
    let Some(found) = account.buckets.get(bucket) else { return false };
    let slash = if prefix.is_empty() { "" } else { "/" };
    let key = format!("{prefix}{slash}AWSLogs/{ACCOUNT}/elasticloadbalancing/{REGION}/x.log.gz");
    found.notifications.topics.iter().any(|rule| {
        let covers = rule.covers(&key) && rule.events.iter().any(|it| it.starts_with("s3:ObjectC"));
        let topic = rule.topic.as_ref().and_then(|arn| account.topics.get(arn));
        let told = topic.is_some_and(|topic| {
            topic.subscriptions.values().any(|one| one.endpoint == endpoint())
        });
        covers && told
    })
}

/// Whether a load balancer logs, the vendor may read what it writes and hears of it.
pub(crate) fn is_onboarded(account: &Account, arn: &str) -> Result<(), String> {
    let found = account.load_balancers.get(arn).ok_or_else(|| format!("{arn} is gone"))?;
    let Some((bucket, prefix)) = found.target(KINDS[0]) else {
        return Err(format!("{arn} does not log"));
    };
    if !is_told(account, bucket, prefix) {
        return Err(format!("nobody is told of the logs of {arn}"));
    }
    let policy = account.buckets.get(bucket).and_then(|bucket| bucket.policy.as_ref());
    let text = policy.map(ToString::to_string).unwrap_or_default();
    if !text.contains(harness::cloudformation::VENDOR) {
        return Err(format!("the vendor may not read the logs of {arn}"));
    }
    Ok(())
}

/// The account without anything that an onboarding stack puts into it.
fn foreign(account: &Account, state: &State) -> Account {
    let mut rest = account.clone();
    rest.topics.retain(|arn, _| !arn.contains(&format!(":{OURS}-")));
    for topic in rest.topics.values_mut() {
        topic.tags.retain(|key, _| !key.starts_with("logs-analysis:listener:"));
        topic.subscriptions.retain(|_, one| one.endpoint != endpoint());
    }
    rest.buckets.retain(|name, bucket| !name.starts_with(OUR_BUCKET) || bucket.owner != ACCOUNT);
    for bucket in rest.buckets.values_mut() {
        strip(bucket);
    }
    for (arn, load_balancer) in &mut rest.load_balancers {
        let own = state.baseline.load_balancers.get(arn);
        for kind in KINDS {
            if own.is_none_or(|own| own.target(kind).is_none()) {
                load_balancer.attributes.retain(|key, _| !key.starts_with(kind));
            }
        }
    }
    rest
}

fn strip(bucket: &mut Bucket) {
    bucket.objects.retain(|key| !key.ends_with("LogTestFile"));
    let ours = |rule: &Rule| rule.id.as_ref().is_some_and(|id| id.starts_with(OURS));
    let Notifications { topics, queues, functions, .. } = &mut bucket.notifications;
    for rules in [topics, queues, functions] {
        rules.retain(|rule| !ours(rule));
    }
    if let Some(statements) =
        bucket.policy.as_mut().and_then(|policy| policy["Statement"].as_array_mut())
    {
        statements.retain(|one| !one["Sid"].as_str().unwrap_or_default().starts_with(OURS));
    }
    let empty = |policy: &Value| policy["Statement"].as_array().is_some_and(Vec::is_empty);
    if bucket.policy.as_ref().is_some_and(empty) {
        bucket.policy = None;
    }
}

/// What a stack left behind, by name: nothing, but for a bucket of ours that has logs.
pub(crate) fn left_behind(state: &State) -> BTreeMap<String, String> {
    let (mut now, mut before) = (state.account.clone(), state.baseline.clone());
    let mut kept = BTreeSet::new();
    for (name, bucket) in &now.buckets {
        let tagged = bucket.tags.values().any(|value| value.starts_with("arn:aws:cloudformation:"));
        if name.starts_with(OUR_BUCKET) && tagged && !bucket.objects.is_empty() && is_closed(bucket)
        {
            kept.insert(name.clone());
        }
    }
    now.buckets.retain(|name, _| !kept.contains(name));
    for account in [&mut now, &mut before] {
        if state.rules.refuses_empty_bucket {
            // AWS does not let go of a bucket's name; logging is off all the same.
            account.load_balancers.values_mut().for_each(forget_names);
        }
        for bucket in account.buckets.values_mut() {
            bucket.objects.retain(|key| !key.ends_with("LogTestFile"));
        }
    }
    let left = before.differences(&now);
    let left = left.into_iter().map(|(name, sides)| (name, sides.to_string()));
    left.chain(kept.into_iter().map(|name| (name, "kept".to_owned()))).collect()
}

fn forget_names(load_balancer: &mut LoadBalancer) {
    for kind in KINDS.iter().filter(|kind| load_balancer.target(kind).is_none()).collect::<Vec<_>>()
    {
        load_balancer.attributes.remove(&format!("{kind}.bucket"));
    }
}

/// Whether nobody but the account itself reads a bucket, and nobody is told of it.
fn is_closed(bucket: &Bucket) -> bool {
    let statements = bucket.policy.as_ref().and_then(|policy| policy["Statement"].as_array());
    let denies = |one: &Value| one["Effect"] == "Deny";
    statements.is_none_or(|all| all.iter().all(denies))
        && bucket.notifications == Notifications::default()
}
