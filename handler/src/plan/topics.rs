//! What to do to our topic, to the topics of other people, and to the subscriptions on them.

use serde_json::Value;
use std::collections::BTreeSet;

use super::{Chain, Stage, Step, converge::Work, topic_policy};
use crate::{
    identity::Identity,
    observed::{Observed, Subscription, TopicFacts},
    policy::{self, PolicyEdit},
    record::Record,
};

impl Work<'_> {
    /// The record is written before anything is changed.
    pub(super) fn topic_first(&self, union: &Record) -> Result<Chain, String> {
        let tags = union.to_tags()?;
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
    pub(super) fn topic_last(&self, union: &Record) -> Result<Chain, String> {
        let mut chain = Vec::new();
        let Some(topic) = self.seen.own_topic() else { return Ok(chain) };
        if let Some(narrow) = topic_policy(self.id, &self.publishers)
            && !same_policy(topic, Some(&narrow))
        {
            chain.push(Step::SetTopicPolicy(narrow));
        }
        if *union != self.after {
            let tags = self.after.to_tags()?;
            // A shorter record needs fewer tags than the longer one that was there meanwhile.
            let meanwhile = union.to_tags()?;
            let there = topic.tags.iter().chain(&meanwhile).map(|(key, _)| key);
            let stale: BTreeSet<&String> = there
                .filter(|key| Record::is_part(key) && !tags.iter().any(|(kept, _)| kept == *key))
                .collect();
            let stale = stale
                .into_iter()
                .map(|key| Step::UntagTopic { topic: self.id.topic_arn(), key: key.clone() });
            let stale: Chain = stale.collect();
            chain.push(Step::TagTopic { topic: self.id.topic_arn(), tags });
            chain.extend(stale);
        }
        Ok(chain)
    }

    /// One chain per topic: ours, and those of other people that we listen to.
    pub(super) fn subscriptions(&mut self) -> Stage {
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
        let shared = || is_shared(self.id, self.seen, &self.after.buckets);
        let recorded = self.before.topics.get(topic).copied();
        let ours = !there || recorded.unwrap_or_else(|| !of_a_stack && shared());
        self.after.topics.insert(topic.to_owned(), ours);
        if needs_subscription(facts, &endpoint.address) {
            chain.push(Step::Subscribe { topic: topic.to_owned(), endpoint: endpoint.clone() });
        }
        chain
    }

    /// Subscriptions of ours that nobody wants any more: another address, or a topic we have left.
    pub(super) fn stale_subscriptions(&mut self) -> Stage {
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
        let shared = is_shared(self.id, self.seen, self.seen.buckets.keys());
        for (topic, removable) in &self.before.topics {
            let Some(facts) = self.seen.other_topics.get(topic) else { continue };
            let left = !self.result.topics.contains(topic);
            let mut chain = Vec::new();
            // As on Delete: another onboarding stack may rely on the same subscription.
            let removable = *removable && (facts.owner().is_some() || !shared);
            for one in &facts.subscriptions {
                let stale = one.endpoint != *wanted || left;
                if removable && ours(&one.endpoint) && stale && !one.is_pending() {
                    chain.push(Step::Unsubscribe { subscription: one.arn.clone() });
                }
            }
            if left {
                self.result.left.extend(facts.owner().map(|owner| (topic.clone(), owner)));
            }
            if left && facts.tag(&self.id.listener_tag()).is_some() {
                chain.push(Step::UntagTopic { topic: topic.clone(), key: self.id.listener_tag() });
            }
            chains.push(chain);
        }
        chains
    }
}

/// Whether another onboarding stack has its statements on one of these buckets.
pub(super) fn is_shared<'a>(
    id: &Identity,
    seen: &Observed,
    buckets: impl IntoIterator<Item = &'a String>,
) -> bool {
    let mut facts = buckets.into_iter().filter_map(|name| seen.bucket(name));
    facts.any(|facts| policy::is_shared(id, facts.policy.as_ref()))
}

/// Nobody is subscribed, or the vendor did not confirm: subscribing again sends a new request.
fn needs_subscription(facts: &TopicFacts, endpoint: &str) -> bool {
    facts.subscription(endpoint).is_none_or(Subscription::is_pending)
}

fn same_policy(topic: &TopicFacts, wanted: Option<&Value>) -> bool {
    let statement = |policy: Option<&Value>| policy.map(|all| all["Statement"].clone());
    let (there, wanted) = (statement(topic.policy.as_ref()), statement(wanted));
    let Some(Value::Array(wanted)) = wanted else { return false };
    let there = there.map(|statements| serde_json::json!({"Statement": statements}));
    !policy::changes(there.as_ref(), &PolicyEdit { put: wanted, remove: BTreeSet::new() })
}
