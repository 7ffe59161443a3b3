//! To whom a topic and a new object belong, decided without I/O.

use super::{log_key::LogKey, object::Object, topic::Topic};
use crate::{
    onboarding::{Standing, logs},
    store::{Customer, Region},
};

/// What may be done with a topic that wants to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It is that of a customer's stack.
    Confirm,
    /// It may come to be that: the stack has not said yet what it made or found.
    Wait,
}

/// A customer's onboarding in a region.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// Whose.
    pub customer: &'a Customer,
    /// Where.
    pub region: &'a Region,
}

/// The onboardings in a region, of customers in one account.
pub fn owners<'a>(customers: &'a [Customer], region: &str) -> Vec<Owner<'a>> {
    let here = |customer: &'a Customer| {
        let region = customer.regions.iter().find(|one| one.region == region)?;
        Some(Owner { customer, region })
    };
    customers.iter().filter_map(here).collect()
}

impl Owner<'_> {
    /// What its stack has set up.
    pub fn standing(&self) -> Standing {
        let stack = self.region.onboarding.stack.as_ref();
        stack.map(crate::onboarding::Stack::standing).unwrap_or_default()
    }

    /// Whether its stack has said that a topic is what it uses.
    fn uses(&self, topic: &Topic) -> bool {
        logs::names(&self.standing().outputs, "TopicArn", &topic.arn)
    }

    /// Whether its stack made a topic, by the topic's name: the stack's id stands in it.
    fn made(&self, topic: &Topic) -> bool {
        let Some(stack) = &self.region.onboarding.stack else { return false };
        let id = stack.id.rsplit('/').next().unwrap_or_default().to_lowercase();
        topic.is_ours() && topic.arn.contains(&format!(":DTLogsAnalysis-{id}-"))
    }
}

/// Whose topic wants to send, and whether it may.
pub fn asked<'a>(owners: &[Owner<'a>], topic: &Topic) -> (Asked, Option<Owner<'a>>) {
    let own = |owner: &&Owner<'a>| {
        let over =
            owner.region.onboarding.stack.as_ref().is_some_and(crate::onboarding::Stack::is_over);
        !over && (owner.uses(topic) || owner.made(topic))
    };
    match owners.iter().find(own) {
        Some(owner) => (Asked::Confirm, Some(*owner)),
        None => (Asked::Wait, None),
    }
}

/// Whose topic it is or was, for what is said of a subscription's end.
pub fn whose<'a>(owners: &[Owner<'a>], topic: &Topic) -> Option<Owner<'a>> {
    owners.iter().find(|owner| owner.uses(topic) || owner.made(topic)).copied()
}

/// What a new object is to us.
#[derive(Debug, Clone, Copy)]
pub enum Owned<'a> {
    /// A log of this onboarding.
    By(Owner<'a>),
    /// The topic's own stack has not said yet what it set up.
    NotYet,
    /// Nothing that anybody asked for.
    Nobody,
    /// Something that the topic has no business with.
    Foreign(Owner<'a>),
}

/// Whose log an object is. The topic's account is proved by the signature; all else is what somebody in
/// that account says, and has to agree with what the account's stacks set up.
pub fn owner<'a>(owners: &[Owner<'a>], topic: &Topic, object: &Object, key: &LogKey) -> Owned<'a> {
    let of_topic: Vec<&Owner<'a>> = owners.iter().filter(|owner| owner.uses(topic)).collect();
    let Some(first) = of_topic.first() else {
        let early = owners.iter().any(|owner| owner.made(topic) && !owner.standing().removed);
        return if early { Owned::NotYet } else { Owned::Nobody };
    };
    if key.account != topic.account || key.region != topic.region {
        return Owned::Foreign(**first);
    }
    let mut bucket_known = false;
    for owner in &of_topic {
        let outputs = owner.standing().outputs;
        if !logs::names(&outputs, "Buckets", &object.bucket) {
            continue;
        }
        bucket_known = true;
        let listed = logs::load_balancers(&outputs);
        if listed.is_none_or(|all| all.contains(&key.load_balancer)) {
            return Owned::By(**owner);
        }
    }
    if bucket_known { Owned::Nobody } else { Owned::Foreign(**first) }
}
