//! What to do to each bucket that logs go to, or went to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Chain, Step, converge::Work, take_out};
use crate::{
    desired::LogKind,
    identity::Identity,
    notification::{self, Clash, NotificationEdit},
    observed::{Bucket, BucketFacts, Observed},
    policy::{self, Grants, PolicyEdit},
};

impl Work<'_> {
    pub(super) fn wire_buckets(&mut self) {
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
            chain.push(Step::SetLifecycle { bucket: bucket.to_owned(), days, fresh });
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
        if matches!(self.seen.buckets.get(bucket), Some(Bucket::Denied)) {
            // Not ours to forget: what we wrote there may still be there.
            self.after.buckets.insert(bucket.to_owned());
        }
        let Some(facts) = self.seen.bucket(bucket) else { return };
        let mut sids = BTreeSet::new();
        if facts.own.is_some() {
            sids.insert(self.id.sid("TlsOnly", ""));
        }
        self.remove.push(removals(self.id, bucket, facts, &sids, &BTreeSet::new()));
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
    let there = notification::own_ids(id, &facts.notifications);
    let stale_rules = there.difference(ids).cloned().collect();
    let there = policy::own_sids(id, facts.policy.as_ref());
    let stale_statements = there.difference(sids).cloned().collect();
    take_out(bucket, stale_rules, stale_statements)
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
