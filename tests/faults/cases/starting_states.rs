//! What may be there before the stack: every mixture is onboarded and put back, or refused before the
//! first change.

use std::time::Duration;

use harness::{
    checks::{Empty, Filter, Rule},
    cloudformation::ENDPOINT,
    model::account::{Bucket, KINDS, LoadBalancer, Subscription, Topic},
};
use serde_json::json;

use super::{Case, Expect, sites};
use crate::worlds::{self, ACCOUNT, REGION, THEIR_TOPIC, THEIRS, World, load_balancer};

/// Where the load balancer logs before the stack.
const LOGGING: [&str; 4] =
    ["off", "to the bucket", "to a stranger's bucket", "to a bucket that is gone"];

/// The customer's bucket.
const BUCKETS: [&str; 7] = [
    "none",
    "plain",
    "with a policy",
    "encrypted by KMS",
    "in another region",
    "somebody else's",
    "named and not there",
];

/// The notifications of the customer's bucket.
const NOTIFICATIONS: [&str; 6] = [
    "none",
    "of other keys",
    "of all keys to a queue",
    "of all keys to a topic",
    "of all keys to a topic that tells the vendor already",
    "to EventBridge",
];

/// How AWS behaves that day.
const WEATHER: [&str; 4] = ["fair", "slow to show policies", "slow to know the role", "picky"];

pub(super) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for logging in LOGGING {
        for bucket in BUCKETS {
            for notifications in NOTIFICATIONS {
                if bucket == "none" && (notifications != "none" || logging == "to the bucket") {
                    continue;
                }
                let weather = WEATHER[all.len() % WEATHER.len()];
                let world = world(logging, bucket, notifications, weather);
                all.push(Case {
                    group: "starting state",
                    name: format!(
                        "logging {logging}, bucket {bucket}, notifications {notifications}, AWS {weather}"
                    ),
                    expect: vec![("Create", expected(logging, bucket, notifications))],
                    ..sites::calm(&world)
                });
            }
        }
    }
    all
}

/// What design.md and the README promise for it.
fn expected(logging: &str, bucket: &str, notifications: &str) -> Expect {
    let usable = ["none", "plain", "with a policy"].contains(&bucket);
    let in_the_way = notifications == "of all keys to a queue" && bucket != "none";
    let astray = logging == "to a stranger's bucket" || logging == "to a bucket that is gone";
    if usable && !in_the_way && !astray { Expect::Succeeds } else { Expect::Refuses }
}

fn world(logging: &str, bucket: &str, notifications: &str, weather: &str) -> World {
    let mut world = worlds::plain();
    let web = load_balancer("app/web/50dc6c495c0c9188");
    if let Some(mut made) = the_bucket(bucket) {
        notify(&mut world, &mut made, notifications);
        world.account.buckets.insert(THEIRS.to_owned(), made);
    }
    if bucket != "none" {
        world.launch = world.launch.into_bucket(THEIRS);
        world.update = world.update.into_bucket(THEIRS);
    }
    let to = match logging {
        "off" => None,
        "to the bucket" => Some(THEIRS),
        "to a stranger's bucket" => Some("strangers-bucket"),
        _ => Some("bucket-that-is-gone"),
    };
    let stranger = Bucket::of("999988887777", REGION);
    world.account.buckets.insert("strangers-bucket".to_owned(), stranger);
    if let Some(to) = to {
        let logging = LoadBalancer::new(&web).logging(KINDS[0], to, "");
        world.account.load_balancers.insert(web, logging);
    }
    match weather {
        "slow to show policies" => world.rules.policy_shows_after = Duration::from_secs(85),
        "slow to know the role" => world.rules.role_known_after = Duration::from_secs(12),
        "picky" => {
            world.rules.refuses_empty_bucket = true;
            world.rules.public_buckets = true;
        }
        _ => {}
    }
    world
}

fn the_bucket(kind: &str) -> Option<Bucket> {
    let mut bucket = Bucket::of(ACCOUNT, REGION);
    bucket.allow(harness::customer::elb_may_write(THEIRS, "", ACCOUNT));
    match kind {
        "none" | "named and not there" => return None,
        "plain" => bucket.policy = None,
        "with a policy" => bucket.allow(json!({
            "Sid": "Auditors", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
            "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{THEIRS}/audit/*"),
        })),
        "encrypted by KMS" => bucket.kms = true,
        "in another region" => "us-west-2".clone_into(&mut bucket.region),
        _ => "999988887777".clone_into(&mut bucket.owner),
    }
    Some(bucket)
}

fn notify(world: &mut World, bucket: &mut Bucket, kind: &str) {
    let rule = |filter: Option<Filter>| Rule {
        id: Some("theirs".to_owned()),
        events: vec!["s3:ObjectCreated:*".to_owned()],
        filter,
        ..Rule::default()
    };
    let queue = Some(format!("arn:aws:sqs:{REGION}:{ACCOUNT}:theirs"));
    let notifications = &mut bucket.notifications;
    match kind {
        "of other keys" => {
            let filter = Some(Filter::of("audit/", ""));
            notifications.queues.push(Rule { queue, ..rule(filter) });
        }
        "of all keys to a queue" => notifications.queues.push(Rule { queue, ..rule(None) }),
        "to EventBridge" => notifications.event_bridge = Some(Empty::default()),
        "of all keys to a topic" | "of all keys to a topic that tells the vendor already" => {
            let topic = Some(THEIR_TOPIC.to_owned());
            notifications.topics.push(Rule { topic, ..rule(None) });
            let mut theirs = Topic { signature_version: "1".to_owned(), ..Topic::default() };
            if kind.ends_with("already") {
                let one = Subscription {
                    protocol: "https".to_owned(),
                    endpoint: ENDPOINT.to_owned(),
                    confirmed: true,
                };
                theirs.subscriptions.insert(format!("{THEIR_TOPIC}:theirs"), one);
            }
            world.account.topics.insert(THEIR_TOPIC.to_owned(), theirs);
        }
        _ => {}
    }
}
