//! Situations that tests of several parts of the plan start from.

use super::*;

/// A load balancer.
pub(super) const WEB: &str = "app/web/1a2b";
/// Another one.
pub(super) const API: &str = "app/api/3c4d";
/// A bucket of the customer's.
pub(super) const THEIRS: &str = "theirs";
/// A topic of somebody else's.
pub(super) const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:theirs";
/// An address that the vendor used before.
pub(super) const OLD: &str = "https://old.vendor.test/sns";

/// Another onboarding stack of the account.
pub(super) fn neighbour() -> Identity {
    let stack = identity().stack_id.replace("db123", "db124");
    Identity::new(&stack, "InvokeLambdaFunction").unwrap()
}

/// Every step of a plan, in order.
pub(super) fn steps(stages: &[Stage]) -> Vec<&Step> {
    stages.iter().flatten().flatten().collect()
}

/// The subscriptions that a plan removes.
pub(super) fn unsubscribed(stages: &[Stage]) -> Vec<&str> {
    steps(stages)
        .into_iter()
        .filter_map(|step| match step {
            Step::Unsubscribe { subscription } => Some(subscription.as_str()),
            _ => None,
        })
        .collect()
}

/// The words of a refusal.
pub(super) fn refusal(wanted: &Desired, seen: &Observed) -> String {
    let Err(Error::Refused(why)) = converge(&identity(), wanted, seen) else {
        panic!("not refused")
    };
    why
}

/// A policy with what a stack needs below a prefix.
pub(super) fn policy_of(id: &Identity, prefix: &str) -> Value {
    let (application_writes, network_writes) = (true, true);
    let grants = Grants { prefix: prefix.into(), application_writes, network_writes };
    json!({
        "Version": "2012-10-17",
        "Statement": crate::policy::statements(id, THEIRS, "222233334444", &grants),
    })
}

/// A bucket of this account that no onboarding stack made.
pub(super) fn customers_bucket(policy: Option<Value>, rules: Vec<Rule>) -> Bucket {
    let notifications = Notifications { rules, event_bridge: false };
    Bucket::Here(Box::new(BucketFacts { policy, notifications, ..BucketFacts::default() }))
}

/// A rule of the customer's that tells a topic of every object.
pub(super) fn rule_to(topic: &str) -> Rule {
    Rule {
        id: Some("everything".into()),
        destination: Destination::Topic,
        arn: topic.into(),
        events: vec!["s3:ObjectCreated:*".into()],
        filter: None,
    }
}

/// A confirmed subscription; its ARN ends in the name.
pub(super) fn subscription(name: &str, endpoint: &str) -> Subscription {
    Subscription { arn: format!("arn:{name}"), endpoint: endpoint.into() }
}

/// A subscription that the vendor has not confirmed.
pub(super) fn pending(endpoint: &str) -> Subscription {
    Subscription { arn: "PendingConfirmation".into(), endpoint: endpoint.into() }
}

/// Our topic with a record in its tags.
pub(super) fn our_topic(record: &Record, subscriptions: Vec<Subscription>) -> Topic {
    let tags = identity().tags().into_iter().chain(record.to_tags().unwrap()).collect();
    Topic::Ours(TopicFacts { tags, policy: None, signature_version: "2".into(), subscriptions })
}

/// A record of a stack that subscribed the vendor's present and former address to somebody's topic.
pub(super) fn record_of_listening(removable: bool) -> Record {
    let present = desired(&identity(), &[]).endpoint.address;
    Record {
        topics: BTreeMap::from([(TOPIC.to_owned(), removable)]),
        endpoints: BTreeSet::from([present, OLD.to_owned()]),
        ..Record::default()
    }
}
