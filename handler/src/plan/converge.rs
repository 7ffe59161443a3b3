//! From what is there to what is desired.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Chain, Stage, Step, compact, is_ours, restorations, topic_policy};
use crate::{
    arn::{LoadBalancerArn, LoadBalancerKind},
    desired::{Desired, LogKind},
    error::Error,
    identity::Identity,
    notification::{self, Clash, NotificationEdit},
    observed::{Bucket, BucketFacts, Observed, Topic},
    policy::{self, Grants, PolicyEdit},
    record::{Record, Setting, Target},
};

/// A plan, and what will be so once it is carried out.
#[derive(Debug, Clone, Default)]
pub struct Converged {
    /// What to do, in order.
    pub stages: Vec<Stage>,
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
    if matches!(seen.topic, Topic::Foreign) {
        return Err(Error::Refused(format!(
            "SNS topic {} exists and was not made by this stack. Remove it, then try again",
            id.topic_name()
        )));
    }
    if seen.own_topic().is_some_and(|facts| facts.record().is_none()) {
        return Err(Error::Refused(format!(
            "The tags of SNS topic {}, in which this stack keeps what was before it, were changed or \
             removed. Delete the stack and launch it again",
            id.topic_name()
        )));
    }
    let mut work = Work::new(id, desired, seen)?;
    work.choose_settings();
    work.wire_buckets();
    if work.refusals.is_empty() {
        work.finish()
    } else {
        Err(Error::Refused(joined(&work.refusals)))
    }
}

/// The customer mends everything at once rather than one refusal a try.
fn joined(refusals: &BTreeSet<String>) -> String {
    const SHOWN: usize = 4;
    let mut text = refusals.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(". ");
    if refusals.len() > SHOWN {
        text.push_str(&format!(". And {} more of the kind", refusals.len() - SHOWN));
    }
    text
}

struct Work<'a> {
    id: &'a Identity,
    desired: &'a Desired,
    seen: &'a Observed,
    /// What was before us, as last recorded.
    before: Record,
    /// What the record will say.
    after: Record,
    /// Where load balancers that log nowhere yet are to log.
    target: Target,
    /// Per bucket and prefix, who is to write and that the vendor is to read.
    grants: BTreeMap<String, BTreeMap<String, Grants>>,
    set: BTreeMap<LoadBalancerArn, Vec<(LogKind, Setting)>>,
    add: Stage,
    remove: Stage,
    /// Buckets with a rule that sends to our topic.
    publishers: BTreeSet<String>,
    listen: BTreeSet<String>,
    refusals: BTreeSet<String>,
    result: Converged,
}

impl<'a> Work<'a> {
    fn new(id: &'a Identity, desired: &'a Desired, seen: &'a Observed) -> Result<Self, Error> {
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
            if !self.set_or_known(arn) {
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

    fn set_or_known(&self, arn: &LoadBalancerArn) -> bool {
        self.result.turned_on.contains_key(arn)
    }

    fn grants_for(&mut self, target: &Target) -> &mut Grants {
        let prefixes = self.grants.entry(target.bucket.clone()).or_default();
        prefixes.entry(target.prefix.clone()).or_insert_with(|| Grants {
            prefix: target.prefix.clone(),
            application_writes: false,
            network_writes: false,
        })
    }

    fn wire_buckets(&mut self) {
        let grants = std::mem::take(&mut self.grants);
        for (bucket, prefixes) in &grants {
            if let Err(why) = self.wire_bucket(bucket, prefixes) {
                self.refusals.insert(why);
            }
        }
        let no_longer: Vec<String> = self
            .before
            .buckets
            .iter()
            .filter(|name| !grants.contains_key(*name))
            .cloned()
            .collect();
        for bucket in no_longer {
            self.unwire_bucket(&bucket);
        }
        self.result.buckets = grants.into_keys().collect();
    }

    fn wire_bucket(
        &mut self,
        bucket: &str,
        prefixes: &BTreeMap<String, Grants>,
    ) -> Result<(), String> {
        let own = self.id.bucket_names().iter().any(|name| name == bucket);
        let absent = BucketFacts::default();
        let fresh = own && matches!(self.seen.buckets.get(bucket), Some(Bucket::Absent));
        let facts = if fresh { &absent } else { usable(self.seen, bucket, own)? };
        let mut chain: Chain = Vec::new();
        if own {
            self.after.own_bucket = Some(bucket.to_owned());
            self.result.own_bucket = Some(bucket.to_owned());
            chain.extend(self.make_bucket(bucket, facts, fresh));
        }
        let wanted = self.statements(bucket, own, prefixes.values());
        self.check_policy(bucket, facts, &wanted)?;
        let rules = self.rules(bucket, facts, prefixes.keys())?;
        self.after.buckets.insert(bucket.to_owned());
        if !rules.is_empty() {
            self.publishers.insert(bucket.to_owned());
        }

        let put = PolicyEdit { put: wanted.clone(), remove: BTreeSet::new() };
        if policy::changes(facts.policy.as_ref(), &put) {
            chain.push(Step::EditPolicy { bucket: bucket.to_owned(), edit: put, fresh });
        }
        let notify = NotificationEdit { put: rules.clone(), remove: BTreeSet::new() };
        if notification::changes(&facts.notifications, &notify) {
            chain.push(Step::EditNotifications { bucket: bucket.to_owned(), edit: notify, fresh });
        }
        self.add.push(chain);
        let sids = wanted.iter().filter_map(|one| one["Sid"].as_str().map(str::to_owned)).collect();
        let ids = rules.into_iter().filter_map(|rule| rule.id).collect();
        self.remove.push(removals(self.id, bucket, facts, &sids, &ids));
        Ok(())
    }

    fn make_bucket(&self, bucket: &str, facts: &BucketFacts, fresh: bool) -> Chain {
        let own = facts.own.clone().unwrap_or_default();
        let days = self.desired.retention_days;
        let mut chain = Vec::new();
        if fresh {
            chain.push(Step::CreateBucket(bucket.to_owned()));
        }
        if !own.blocked {
            chain.push(Step::BlockPublicAccess(bucket.to_owned()));
        }
        if own.retention_days != Some(days) {
            chain.push(Step::SetLifecycle { bucket: bucket.to_owned(), days });
        }
        chain
    }

    fn statements<'g>(
        &self,
        bucket: &str,
        own: bool,
        grants: impl Iterator<Item = &'g Grants>,
    ) -> Vec<Value> {
        let mut wanted = Vec::new();
        if own {
            wanted.push(policy::tls_only(self.id, bucket));
        }
        for grant in grants {
            wanted.extend(policy::statements(self.id, bucket, &self.desired.vendor_account, grant));
        }
        wanted
    }

    /// Nothing foreign may carry our Sids, and everything has to fit.
    fn check_policy(
        &self,
        bucket: &str,
        facts: &BucketFacts,
        wanted: &[Value],
    ) -> Result<(), String> {
        let theirs = policy::own_sids(self.id, facts.policy.as_ref());
        let recorded = self.before.buckets.contains(bucket);
        for sid in if recorded { BTreeSet::new() } else { theirs } {
            let same = wanted.iter().filter(|one| one["Sid"] == sid.as_str()).cloned().collect();
            let edit = PolicyEdit { put: same, remove: BTreeSet::new() };
            if edit.put.is_empty() || policy::changes(facts.policy.as_ref(), &edit) {
                return Err(format!(
                    "The policy of bucket {bucket} has a statement with Sid {sid}, which this stack \
                     needs and did not write. Give that statement another Sid"
                ));
            }
        }
        let edit = PolicyEdit { put: wanted.to_vec(), remove: BTreeSet::new() };
        let size =
            policy::merge(facts.policy.as_ref(), &edit).map_or(0, |all| all.to_string().len());
        if size > policy::MAX_BYTES {
            return Err(format!(
                "The policy of bucket {bucket} would have {size} bytes, and S3 takes {}. Shorten the \
                 policy, or choose another bucket",
                policy::MAX_BYTES
            ));
        }
        Ok(())
    }

    fn rules<'p>(
        &mut self,
        bucket: &str,
        facts: &BucketFacts,
        prefixes: impl Iterator<Item = &'p String>,
    ) -> Result<Vec<notification::Rule>, String> {
        let mut rules = Vec::new();
        for prefix in prefixes {
            let wanted = notification::rule(self.id, prefix);
            match notification::clash(self.id, bucket, &facts.notifications, &wanted) {
                None => rules.push(wanted),
                Some(Clash::Listen(topic)) if self.seen.other_topics.contains_key(&topic) => {
                    self.listen.insert(topic);
                }
                Some(Clash::Listen(topic)) => {
                    return Err(format!(
                        "Bucket {bucket} has an event notification for the same logs to topic {topic}, \
                         which does not exist any more. Remove that notification, then try again"
                    ));
                }
                Some(Clash::Refuse(why)) => return Err(why),
            }
        }
        Ok(rules)
    }

    fn unwire_bucket(&mut self, bucket: &str) {
        let Some(facts) = self.seen.bucket(bucket) else { return };
        let mut sids = BTreeSet::new();
        if facts.own.is_some() {
            sids.insert(self.id.sid("TlsOnly", ""));
        }
        self.remove.push(removals(self.id, bucket, facts, &sids, &BTreeSet::new()));
    }

    fn finish(mut self) -> Result<Converged, Error> {
        let topic_chain = self.subscriptions();
        let union = self.before.union(&self.after);
        let first = self.topic_first(&union)?;
        let restored = self.restorations();
        let last = self.topic_last(&union)?;
        let mut wiring = std::mem::take(&mut self.add);
        wiring.extend(topic_chain);
        let set = std::mem::take(&mut self.set).into_iter();
        let set =
            set.map(|(load_balancer, settings)| vec![Step::SetLogging { load_balancer, settings }]);
        let mut unwiring = std::mem::take(&mut self.remove);
        unwiring.extend(self.stale_subscriptions());
        self.result.own_topic = Some(self.id.topic_arn());
        self.result.record = union;
        self.result.stages =
            compact(vec![vec![first], wiring, set.collect(), restored, unwiring, vec![last]]);
        Ok(self.result)
    }

    /// The record is written before anything is changed.
    fn topic_first(&self, union: &Record) -> Result<Chain, Error> {
        let tags = union.to_tags().map_err(Error::Refused)?;
        let mut buckets = self.publishers.clone();
        let Some(topic) = self.seen.own_topic() else {
            let policy = topic_policy(self.id, &buckets);
            let tags = self.id.tags().into_iter().chain(tags).collect();
            return Ok(vec![Step::CreateTopic { policy, tags }]);
        };
        let mut chain = Vec::new();
        if *union != self.before {
            chain.push(Step::TagTopic { topic: self.id.topic_arn(), tags });
        }
        buckets.extend(self.before.buckets.iter().cloned());
        let wide = topic_policy(self.id, &buckets);
        let narrow = topic_policy(self.id, &self.publishers);
        if let Some(wide) =
            wide.filter(|_| narrow.is_some() && !same_policy(topic, narrow.as_ref()))
        {
            chain.push(Step::SetTopicPolicy(wide));
        }
        Ok(chain)
    }

    /// What is no longer so leaves the record last.
    fn topic_last(&self, union: &Record) -> Result<Chain, Error> {
        let mut chain = Vec::new();
        let Some(topic) = self.seen.own_topic() else { return Ok(chain) };
        if let Some(narrow) = topic_policy(self.id, &self.publishers) {
            if !same_policy(topic, Some(&narrow)) {
                chain.push(Step::SetTopicPolicy(narrow));
            }
        }
        if *union != self.after {
            let tags = self.after.to_tags().map_err(Error::Refused)?;
            chain.push(Step::TagTopic { topic: self.id.topic_arn(), tags });
        }
        Ok(chain)
    }

    fn restorations(&self) -> Stage {
        let no_longer = self
            .before
            .load_balancers
            .iter()
            .filter(|(key, _)| !self.after.load_balancers.contains_key(*key));
        restorations(self.id, self.seen, &self.before, no_longer)
    }

    /// One chain per topic: ours, and those of other people that we listen to.
    fn subscriptions(&mut self) -> Stage {
        let endpoint = &self.desired.endpoint;
        self.after.endpoints.insert(endpoint.address.clone());
        let own = self.id.topic_arn();
        let mut chains = Vec::new();
        let facts = self.seen.own_topic();
        let mut chain = Vec::new();
        if facts.is_none_or(|facts| facts.signature_version != "2") {
            chain.push(Step::SetSignatureVersion);
        }
        if !self.publishers.is_empty() || self.listen.is_empty() {
            self.result.topics.insert(own.clone());
            if facts.is_none_or(|facts| needs_subscription(facts, &endpoint.address)) {
                chain.push(Step::Subscribe { topic: own, endpoint: endpoint.clone() });
            }
        }
        chains.push(chain);
        for topic in std::mem::take(&mut self.listen) {
            chains.push(self.listen_to(&topic));
            self.result.topics.insert(topic);
        }
        chains
    }

    fn listen_to(&mut self, topic: &str) -> Chain {
        let endpoint = &self.desired.endpoint;
        let mut chain = Vec::new();
        let Some(facts) = self.seen.other_topics.get(topic) else { return chain };
        let of_a_stack = facts.owner().is_some();
        let tag = self.id.listener_tag();
        if of_a_stack && facts.tag(&tag).is_none() {
            let tags = vec![(tag, self.id.stack_id.clone())];
            chain.push(Step::TagTopic { topic: topic.to_owned(), tags });
        }
        let there = facts.subscription(&endpoint.address).is_some();
        // The subscription is ours to remove if we make it, or if another onboarding stack did that
        // shares the bucket: the last one to leave removes it.
        let shared = || {
            let mut buckets = self.after.buckets.iter().filter_map(|name| self.seen.bucket(name));
            buckets.any(|facts| policy::is_shared(self.id, facts.policy.as_ref()))
        };
        let recorded = self.before.topics.get(topic).copied();
        let ours = !there || recorded.unwrap_or_else(|| !of_a_stack && shared());
        self.after.topics.insert(topic.to_owned(), ours);
        if needs_subscription(facts, &endpoint.address) {
            chain.push(Step::Subscribe { topic: topic.to_owned(), endpoint: endpoint.clone() });
        }
        chain
    }

    /// Subscriptions of ours that nobody wants any more: another address, or a topic we have left.
    fn stale_subscriptions(&mut self) -> Stage {
        let mut chains = Vec::new();
        let wanted = &self.desired.endpoint.address;
        let ours = |endpoint: &String| self.before.endpoints.contains(endpoint);
        let listening = self.result.topics.contains(&self.id.topic_arn());
        for one in self.seen.own_topic().map_or(&[][..], |facts| &facts.subscriptions) {
            let stale = one.endpoint != *wanted || !listening;
            if ours(&one.endpoint) && stale && !one.is_pending() {
                chains.push(vec![Step::Unsubscribe { subscription: one.arn.clone() }]);
            }
        }
        for (topic, removable) in &self.before.topics {
            let Some(facts) = self.seen.other_topics.get(topic) else { continue };
            let left = !self.result.topics.contains(topic);
            let mut chain = Vec::new();
            for one in &facts.subscriptions {
                let stale = one.endpoint != *wanted || left;
                if *removable && ours(&one.endpoint) && stale && !one.is_pending() {
                    chain.push(Step::Unsubscribe { subscription: one.arn.clone() });
                }
            }
            if left && facts.tag(&self.id.listener_tag()).is_some() {
                self.result.left.extend(facts.owner().map(|owner| (topic.clone(), owner)));
                chain.push(Step::UntagTopic { topic: topic.clone(), key: self.id.listener_tag() });
            }
            chains.push(chain);
        }
        chains
    }
}

/// What is ours in a bucket and not wanted any more.
fn removals(
    id: &Identity,
    bucket: &str,
    facts: &BucketFacts,
    sids: &BTreeSet<String>,
    ids: &BTreeSet<String>,
) -> Chain {
    let mut chain = Vec::new();
    let stale: BTreeSet<String> =
        notification::own_ids(id, &facts.notifications).difference(ids).cloned().collect();
    if !stale.is_empty() {
        let edit = NotificationEdit { put: Vec::new(), remove: stale };
        chain.push(Step::EditNotifications { bucket: bucket.to_owned(), edit, fresh: false });
    }
    let stale: BTreeSet<String> =
        policy::own_sids(id, facts.policy.as_ref()).difference(sids).cloned().collect();
    if !stale.is_empty() {
        let edit = PolicyEdit { put: Vec::new(), remove: stale };
        chain.push(Step::EditPolicy { bucket: bucket.to_owned(), edit, fresh: false });
    }
    chain
}

/// Nobody is subscribed, or the vendor did not confirm: subscribing again sends a new request.
fn needs_subscription(facts: &crate::observed::TopicFacts, endpoint: &str) -> bool {
    facts.subscription(endpoint).is_none_or(crate::observed::Subscription::is_pending)
}

fn same_policy(topic: &crate::observed::TopicFacts, wanted: Option<&Value>) -> bool {
    let statement = |policy: Option<&Value>| policy.map(|all| all["Statement"].clone());
    let (there, wanted) = (statement(topic.policy.as_ref()), statement(wanted));
    let Some(Value::Array(wanted)) = wanted else { return false };
    let there = there.map(|statements| serde_json::json!({"Statement": statements}));
    !policy::changes(there.as_ref(), &PolicyEdit { put: wanted, remove: BTreeSet::new() })
}

/// The name of the bucket we have or make: the recorded one, else the first that is free or ours.
fn own_bucket(id: &Identity, seen: &Observed, before: &Record) -> Result<String, Error> {
    let names = id.bucket_names();
    let free = |name: &&String| match seen.buckets.get(*name) {
        None | Some(Bucket::Absent) => true,
        Some(Bucket::Here(facts)) => facts.own.as_ref().is_some_and(|own| own.tagged),
        Some(Bucket::Denied | Bucket::Elsewhere(_)) => false,
    };
    let recorded = before.own_bucket.as_ref().filter(free);
    recorded.or_else(|| names.iter().find(free)).cloned().ok_or_else(|| {
        Error::Refused(format!(
            "Bucket {} exists and was not made by this stack, or this stack may not look at it (its \
             function's role needs s3:ListBucket). Remove it, or give the bucket to use as \
             ExistingBucketName",
            names.first().map_or("", String::as_str)
        ))
    })
}

/// The bucket's facts if logs can go there and be read from there; else why not.
fn usable<'s>(seen: &'s Observed, bucket: &str, own: bool) -> Result<&'s BucketFacts, String> {
    let who = seen
        .load_balancers
        .iter()
        .find(|(arn, _)| {
            LogKind::ALL.iter().any(|kind| {
                seen.setting(arn, *kind).is_some_and(|now| now.enabled && now.bucket == bucket)
            })
        })
        .map_or(String::new(), |(arn, _)| format!(" (load balancer {arn} logs to it)"));
    match seen.buckets.get(bucket) {
        Some(Bucket::Here(facts)) if facts.kms => Err(format!(
            "Bucket {bucket}{who} is encrypted with a KMS key. Elastic Load Balancing writes only to \
             buckets with SSE-S3, and the vendor could not read the logs. Change the bucket's default \
             encryption to SSE-S3 (AES256), or choose another bucket"
        )),
        Some(Bucket::Here(facts)) if own && !facts.own.as_ref().is_some_and(|own| own.tagged) => {
            Err(format!("Bucket {bucket}{who} exists and was not made by this stack"))
        }
        Some(Bucket::Here(facts)) => Ok(facts),
        Some(Bucket::Elsewhere(region)) => Err(format!(
            "Bucket {bucket}{who} is in region {region}. It must be in the region of the load \
             balancers: choose another bucket, or leave ExistingBucketName blank"
        )),
        Some(Bucket::Denied) => Err(format!(
            "Bucket {bucket}{who} belongs to another account, or this stack may not look at it (its \
             function's role needs s3:ListBucket). This stack changes nothing in other accounts: the \
             bucket's owner must let the vendor read it and notify the vendor of new logs. Or choose a \
             bucket of this account, or leave ExistingBucketName blank"
        )),
        Some(Bucket::Absent) | None => Err(format!(
            "Bucket {bucket}{who} does not exist. Check the name, or leave ExistingBucketName blank to \
             have a bucket made"
        )),
    }
}
