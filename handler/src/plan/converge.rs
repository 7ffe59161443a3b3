//! From what is there to what is desired.

use std::collections::{BTreeMap, BTreeSet};

use super::{Stage, Step, compact, is_ours, restorations};
use crate::{
    arn::{LoadBalancerArn, LoadBalancerKind},
    desired::{Desired, LogKind},
    error::Error,
    identity::Identity,
    observed::{Bucket, Observed, Topic},
    policy::Grants,
    record::{Record, Setting, Target},
};

/// A plan, and what will be so once it is carried out.
#[derive(Debug, Clone, Default)]
pub struct Converged {
    /// What to do, in order.
    pub stages: Vec<Stage>,
    /// What to do at the very end, once what other stacks left to us is undone.
    pub closing: Vec<Stage>,
    /// Every bucket that logs go to.
    pub buckets: BTreeSet<String>,
    /// The topics that tell the vendor.
    pub topics: BTreeSet<String>,
    /// Load balancers whose logging we turned on, and kinds.
    pub turned_on: BTreeMap<LoadBalancerArn, BTreeSet<LogKind>>,
    /// Load balancers that logged already, and where to.
    pub adopted: BTreeMap<LoadBalancerArn, BTreeSet<String>>,
    /// Load balancers that are gone.
    pub missing: Vec<LoadBalancerArn>,
    /// The bucket we made, if we did.
    pub own_bucket: Option<String>,
    /// Our own topic, which also keeps the record.
    pub own_topic: Option<String>,
    /// What was before us, before and after the plan.
    pub record: Record,
    /// Topics of other stacks that we leave, and whose they are.
    pub left: Vec<(String, Identity)>,
}

/// Decides what Create and Update do. Everything that stands in the way is found here, before the
/// first change.
pub fn converge(id: &Identity, desired: &Desired, seen: &Observed) -> Result<Converged, Error> {
    judge(id, desired, seen).map_err(|refusals| Error::Refused(joined(&refusals)))
}

/// The same decision, with every refusal for itself.
pub fn judge(
    id: &Identity,
    desired: &Desired,
    seen: &Observed,
) -> Result<Converged, BTreeSet<String>> {
    let alone = |why: String| BTreeSet::from([why]);
    if matches!(seen.topic, Topic::Foreign) {
        return Err(alone(format!(
            "SNS topic {} exists and was not made by this stack. Remove it, then try again",
            id.topic_name()
        )));
    }
    if seen.own_topic().is_some_and(|facts| facts.record().is_none()) {
        return Err(alone(format!(
            "The tags of SNS topic {}, in which this stack keeps what was before it, were changed or \
             removed. Delete the stack and launch it again",
            id.topic_name()
        )));
    }
    let mut work = Work::new(id, desired, seen).map_err(alone)?;
    work.choose_settings();
    work.wire_buckets();
    if work.refusals.is_empty() { work.finish().map_err(alone) } else { Err(work.refusals) }
}

/// The customer mends everything at once rather than one refusal a try.
fn joined(refusals: &BTreeSet<String>) -> String {
    const SHOWN: usize = 4;
    let mut shown: Vec<String> = refusals.iter().take(SHOWN).cloned().collect();
    if refusals.len() > SHOWN {
        shown.push(format!("And {} more of the kind", refusals.len() - SHOWN));
    }
    shown.join(". ")
}

pub(super) struct Work<'a> {
    pub(super) id: &'a Identity,
    pub(super) desired: &'a Desired,
    pub(super) seen: &'a Observed,
    /// What was before us, as last recorded.
    pub(super) before: Record,
    /// What the record will say.
    pub(super) after: Record,
    /// Where load balancers that log nowhere yet are to log.
    pub(super) target: Target,
    /// Per bucket and prefix, who is to write and that the vendor is to read.
    pub(super) grants: BTreeMap<String, BTreeMap<String, Grants>>,
    pub(super) set: BTreeMap<LoadBalancerArn, Vec<(LogKind, Setting)>>,
    pub(super) add: Stage,
    pub(super) remove: Stage,
    /// Buckets with a rule that sends to our topic.
    pub(super) publishers: BTreeSet<String>,
    pub(super) listen: BTreeSet<String>,
    pub(super) refusals: BTreeSet<String>,
    pub(super) result: Converged,
}

impl<'a> Work<'a> {
    fn new(id: &'a Identity, desired: &'a Desired, seen: &'a Observed) -> Result<Self, String> {
        let before = seen.record();
        let bucket = match &desired.existing_bucket {
            Some(bucket) => bucket.clone(),
            None => own_bucket(id, seen, &before)?,
        };
        let target = Target { bucket, prefix: desired.prefix.clone() };
        let after = Record { own_bucket: before.own_bucket.clone(), ..Record::default() };
        Ok(Self {
            id,
            desired,
            seen,
            before,
            after,
            target,
            grants: BTreeMap::new(),
            set: BTreeMap::new(),
            add: Vec::new(),
            remove: Vec::new(),
            publishers: BTreeSet::new(),
            listen: BTreeSet::new(),
            refusals: BTreeSet::new(),
            result: Converged::default(),
        })
    }

    fn choose_settings(&mut self) {
        for arn in &self.seen.selected {
            let attributes = self.seen.load_balancers.get(arn).and_then(Option::as_ref);
            if attributes.is_none() {
                self.note_missing(arn);
                continue;
            }
            let network = arn.kind() == LoadBalancerKind::Network;
            let kinds =
                self.desired.kinds.iter().filter(|kind| !network || **kind == LogKind::Access);
            for &kind in kinds {
                if let Some(now) = self.seen.setting(arn, kind) {
                    self.choose_setting(arn, kind, &now);
                }
            }
            if !self.result.turned_on.contains_key(arn) {
                self.after.left_alone.insert(arn.path().to_owned());
            }
        }
    }

    /// A load balancer that never was: refused. One that this stack knew: noted, since an Update that
    /// rolls back must not fail for what the customer deleted meanwhile.
    fn note_missing(&mut self, arn: &LoadBalancerArn) {
        let path = arn.path();
        let known = self.before.left_alone.contains(path)
            || self.before.load_balancers.keys().any(|(known, _)| known == path);
        if known {
            self.after.left_alone.insert(path.to_owned());
            self.result.missing.push(arn.clone());
        } else {
            self.refusals.insert(format!(
                "Load balancer {arn} does not exist. Copy its ARN from the EC2 console, or remove it \
                 from LoadBalancers"
            ));
        }
    }

    fn choose_setting(&mut self, arn: &LoadBalancerArn, kind: LogKind, now: &Setting) {
        let network = arn.kind() == LoadBalancerKind::Network;
        let key = (arn.path().to_owned(), kind);
        if now.enabled && !is_ours(self.id, &self.before, &key, now) {
            self.grants_for(&now.target());
            self.result.adopted.entry(arn.clone()).or_default().insert(now.bucket.clone());
            return;
        }
        let before = match self.before.load_balancers.get(&key) {
            Some(recorded) => recorded.clone(),
            // Ours, and no record says what was before: the topic that held it was removed by hand.
            None if now.enabled => Setting::default(),
            None => now.clone(),
        };
        self.after.load_balancers.insert(key, before);
        let target = self.target.clone();
        let grants = self.grants_for(&target);
        grants.application_writes |= !network;
        grants.network_writes |= network;
        let wanted = Setting::on(&target);
        if *now != wanted {
            self.set.entry(arn.clone()).or_default().push((kind, wanted));
        }
        self.after.targets.insert(target);
        self.result.turned_on.entry(arn.clone()).or_default().insert(kind);
    }

    fn grants_for(&mut self, target: &Target) -> &mut Grants {
        let prefixes = self.grants.entry(target.bucket.clone()).or_default();
        prefixes.entry(target.prefix.clone()).or_insert_with(|| Grants {
            prefix: target.prefix.clone(),
            application_writes: false,
            network_writes: false,
        })
    }

    fn finish(mut self) -> Result<Converged, String> {
        let topic_chain = self.subscriptions();
        let listened = self.seen.own_topic().is_some_and(|facts| !facts.listeners().is_empty());
        if listened {
            self.hold_for_listeners();
        }
        let union = self.before.union(&self.after);
        let first = self.topic_first(&union)?;
        let restored = if listened { Vec::new() } else { self.restorations() };
        let last = self.topic_last(&union)?;
        let mut wiring = std::mem::take(&mut self.add);
        wiring.extend(topic_chain);
        let set = std::mem::take(&mut self.set).into_iter();
        let set =
            set.map(|(load_balancer, settings)| vec![Step::SetLogging { load_balancer, settings }]);
        let mut unwiring = std::mem::take(&mut self.remove);
        if !listened {
            unwiring.extend(self.stale_subscriptions());
        }
        self.result.own_topic = Some(self.id.topic_arn());
        self.result.record = union;
        self.result.stages = compact(vec![vec![first], wiring, set.collect(), restored, unwiring]);
        self.result.closing = compact(vec![vec![last]]);
        Ok(self.result)
    }

    /// Other stacks rely on what we set up: nothing of it is taken away, and the record keeps it all.
    fn hold_for_listeners(&mut self) {
        self.remove.clear();
        self.after = self.before.union(&self.after);
        self.publishers.extend(self.before.buckets.iter().cloned());
    }

    fn restorations(&self) -> Stage {
        let no_longer = self
            .before
            .load_balancers
            .iter()
            .filter(|(key, _)| !self.after.load_balancers.contains_key(*key));
        restorations(self.id, self.seen, &self.before, no_longer)
    }
}

/// The name of the bucket we have or make: the recorded one, else the first that is free or ours.
fn own_bucket(id: &Identity, seen: &Observed, before: &Record) -> Result<String, String> {
    let names = id.bucket_names();
    let free = |name: &&String| match seen.buckets.get(*name) {
        None | Some(Bucket::Absent) => true,
        Some(Bucket::Here(facts)) => facts.own.as_ref().is_some_and(|own| own.tagged),
        Some(Bucket::Denied | Bucket::Elsewhere(_)) => false,
    };
    let recorded = before.own_bucket.as_ref().filter(free);
    recorded.or_else(|| names.iter().find(free)).cloned().ok_or_else(|| {
        format!(
            "Bucket {} exists and was not made by this stack, or this stack may not look at it (its \
             function's role needs s3:ListBucket). Remove it, or give the bucket to use as \
             ExistingBucketName",
            names.first().map_or("", String::as_str)
        )
    })
}
