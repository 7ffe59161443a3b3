//! Back to what was before us.

use std::collections::BTreeSet;

use super::{Chain, Stage, Step, compact, restorations, take_out, topics::is_shared};
use crate::{
    arn::LoadBalancerArn,
    desired::{Desired, LogKind},
    identity::Identity,
    notification,
    observed::{BucketFacts, Observed, TAG_RELEASED, TopicFacts},
    policy::{self, Grants, PolicyEdit},
    record::{Record, Setting},
};

/// A plan to put things back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undo {
    /// What to do, in order: load balancers first.
    pub stages: Vec<Stage>,
    /// What to do at the very end, once what other stacks left to us is undone: the topic with the
    /// record goes last.
    pub closing: Vec<Stage>,
    /// Other stacks still listen to our topic; everything is left for the last of them to undo.
    pub released_to: Vec<String>,
    /// Load balancers that log to a bucket which we let the vendor read, and of which nobody knows any
    /// more what they said before.
    pub unknown: Vec<LoadBalancerArn>,
    /// Topics of other stacks that we leave, and whose they are: if such a stack was deleted and we were
    /// the last to listen, what it left is ours to undo.
    pub left: Vec<(String, Identity)>,
}

/// Decides what Delete does. `desired` helps where the record was lost with the topic.
pub fn undo(id: &Identity, desired: Option<&Desired>, seen: &Observed) -> Undo {
    let listeners: Vec<String> = seen
        .own_topic()
        .map(|facts| facts.listeners().into_iter().map(|(_, stack)| stack.clone()).collect())
        .unwrap_or_default();
    if !listeners.is_empty() {
        let tags = vec![(TAG_RELEASED.to_owned(), "true".to_owned())];
        let released = seen.own_topic().is_some_and(|facts| facts.tag(TAG_RELEASED).is_some());
        let step = Step::TagTopic { topic: id.topic_arn(), tags };
        let stages = if released { Vec::new() } else { vec![vec![vec![step]]] };
        return Undo { stages, released_to: listeners, ..Undo::default() };
    }
    let record = seen.own_topic().and_then(TopicFacts::record);
    let recorded = record.is_some();
    let unknown = if recorded { Vec::new() } else { unknown(id, seen) };
    let record = record.unwrap_or_else(|| guess(id, seen));
    let load_balancers = restorations(id, seen, &record, record.load_balancers.iter());
    let buckets: Stage = seen
        .buckets
        .keys()
        .filter_map(|name| Some((name, seen.bucket(name)?)))
        .map(|(name, facts)| clear(id, name, facts, removable(id, desired, name, facts, recorded)))
        .collect();
    let (topics, left) = leave_topics(id, seen, &record);
    let own_topic = match seen.own_topic() {
        Some(_) => vec![Step::DeleteTopic(id.topic_arn())],
        None => Vec::new(),
    };
    let mut unwiring = buckets;
    unwiring.extend(topics);
    let stages = compact(vec![load_balancers, unwiring]);
    let closing = compact(vec![vec![own_topic]]);
    Undo { stages, closing, released_to: Vec::new(), unknown, left }
}

/// What was before us if the topic with the record is gone: load balancers that write to a bucket
/// that only we can have named were off.
fn guess(id: &Identity, seen: &Observed) -> Record {
    let names = id.bucket_names();
    let mut record = Record::default();
    for arn in seen.load_balancers.keys() {
        for kind in LogKind::ALL {
            if seen.setting(arn, kind).is_some_and(|now| names.contains(&now.bucket)) {
                let key = (arn.path().to_owned(), kind);
                record.load_balancers.insert(key, Setting::default());
            }
        }
    }
    record
}

/// Load balancers that may have been off before us, where the topic with the record is gone and the
/// bucket's name says nothing.
fn unknown(id: &Identity, seen: &Observed) -> Vec<LoadBalancerArn> {
    let names = id.bucket_names();
    let shared = |setting: &Setting| {
        let facts = seen.bucket(&setting.bucket);
        setting.enabled
            && !names.contains(&setting.bucket)
            && facts.is_some_and(|facts| !policy::own_sids(id, facts.policy.as_ref()).is_empty())
    };
    let logs = |arn: &&LoadBalancerArn| {
        LogKind::ALL.iter().any(|kind| seen.setting(arn, *kind).as_ref().is_some_and(shared))
    };
    seen.load_balancers.keys().filter(logs).cloned().collect()
}

/// The Sids to take out of a bucket's policy. Without a record, only statements that read exactly as
/// we write them: a Sid alone proves nothing.
fn removable(
    id: &Identity,
    desired: Option<&Desired>,
    bucket: &str,
    facts: &BucketFacts,
    recorded: bool,
) -> BTreeSet<String> {
    let sids = policy::own_sids(id, facts.policy.as_ref());
    if recorded || facts.own.as_ref().is_some_and(|own| own.tagged) {
        return sids;
    }
    let Some(desired) = desired else { return BTreeSet::new() };
    let grants =
        Grants { prefix: desired.prefix.clone(), application_writes: true, network_writes: true };
    policy::statements(id, bucket, &desired.vendor_account, &grants)
        .into_iter()
        .filter(|wanted| {
            let edit = PolicyEdit { put: vec![wanted.clone()], remove: BTreeSet::new() };
            !policy::changes(facts.policy.as_ref(), &edit)
        })
        .filter_map(|wanted| wanted["Sid"].as_str().map(str::to_owned))
        .filter(|sid| sids.contains(sid))
        .collect()
}

/// Takes what is ours out of a bucket, and removes the bucket if it is ours and empty. A bucket of
/// ours that is kept still refuses plain http.
fn clear(id: &Identity, bucket: &str, facts: &BucketFacts, mut sids: BTreeSet<String>) -> Chain {
    let ours = facts.own.as_ref().is_some_and(|own| own.tagged);
    if ours {
        sids.remove(&id.sid("TlsOnly", ""));
    }
    let mut chain = take_out(bucket, notification::own_ids(id, &facts.notifications), sids);
    if ours {
        chain.push(Step::DeleteBucketIfEmpty(bucket.to_owned()));
    }
    chain
}

/// Leaves other people's topics.
fn leave_topics(
    id: &Identity,
    seen: &Observed,
    record: &Record,
) -> (Stage, Vec<(String, Identity)>) {
    let mut left = Vec::new();
    let mut chains = Vec::new();
    let shared = is_shared(id, seen, seen.buckets.keys());
    for (topic, facts) in &seen.other_topics {
        let mut chain = Vec::new();
        let removable = record.topics.get(topic).copied().unwrap_or(false);
        let owner = facts.owner();
        // Another onboarding stack that uses the bucket may rely on the same subscription.
        if removable && (owner.is_some() || !shared) {
            for one in &facts.subscriptions {
                if record.endpoints.contains(&one.endpoint) && !one.is_pending() {
                    chain.push(Step::Unsubscribe { subscription: one.arn.clone() });
                }
            }
        }
        let tag = id.listener_tag();
        // Also where the tag is gone already: an earlier try may have been cut off right after that.
        left.extend(owner.map(|owner| (topic.clone(), owner)));
        if facts.tag(&tag).is_some() {
            chain.push(Step::UntagTopic { topic: topic.clone(), key: tag });
        }
        chains.push(chain);
    }
    (chains, left)
}
