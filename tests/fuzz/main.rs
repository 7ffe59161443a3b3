//! What comes from outside, damaged at random: the event, a bucket's policy, a bucket's notifications.
//!
//! Runs for a moment with the tests, and for as long as one likes with
//! `BOLERO_RANDOM_TEST_TIME_MS=600000 cargo test -p tests --test fuzz`.

#![expect(
    clippy::unwrap_used,
    reason = "what a test cannot do without has to stop it; clippy knows that of tests only"
)]

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use aws_sdk_s3::config::Credentials;
use bolero::{TypeGenerator, check};
use handler::{
    Function, World,
    aws::Clients,
    handle,
    identity::Identity,
    notification::{self, Destination, NotificationEdit, Notifications, Rule},
    policy::{self, Grants, PolicyEdit},
};
use harness::{
    cloudformation::Answer,
    model::{Aws, Rules, account::Account},
};
use serde_json::{Value, json};
use tokio::{runtime, time::Instant};

const STACK: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/logs/\
                     0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0";

fn identity() -> Identity {
    Identity::new(STACK, "InvokeLambdaFunction").unwrap()
}

/// Damage to a text: at a place, something goes and something comes.
#[derive(Debug, TypeGenerator)]
struct Damage {
    at: u16,
    gone: u8,
    new: Vec<u8>,
}

fn damaged(text: &str, damages: &[Damage]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for Damage { at, gone, new } in damages.iter().take(8) {
        let at = usize::from(*at) % (bytes.len() + 1);
        let end = (at + usize::from(*gone % 16)).min(bytes.len());
        bytes.splice(at..end, new.iter().take(16).copied());
    }
    bytes
}

/// Whatever arrives, the handler ends; and whoever can be answered is answered once, as
/// CloudFormation wants it.
#[test]
fn any_event_is_answered_once_or_cannot_be_answered() {
    let event = json!({
        "RequestType": "Create",
        "ResponseURL": "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/x?y=z",
        "StackId": STACK,
        "RequestId": "00000000-0000-4000-8000-000000000001",
        "LogicalResourceId": "InvokeLambdaFunction",
        "PhysicalResourceId": "DTLogsAnalysis-0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0-InvokeLambdaFunction",
        "ResourceProperties": {
            "LoadBalancers": ["arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/a/1"],
            "LogKinds": "access", "LogPrefix": "-", "LogRetentionDays": "90",
            "ExistingBucketName": "", "VendorAccountId": "222233334444",
            "NotificationEndpoint": "https://intake.vendor.test/sns", "Version": "0.1.0",
        },
    })
    .to_string();
    check!().with_type::<Vec<Damage>>().for_each(|damages| {
        if let Ok(event) = serde_json::from_slice::<Value>(&damaged(&event, damages)) {
            deliver(&event);
        }
    });
}

fn deliver(event: &Value) {
    let rules = Rules {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        ..Rules::default()
    };
    let aws = Aws::new(Account::default(), rules, 1);
    let credentials = Credentials::new("key", "secret", None, None, "model");
    let runtime =
        runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let outcome = runtime.block_on(async {
        let world = World {
            aws: Clients::new(&aws.sdk_config(credentials)),
            http: Arc::new(aws.clone()),
            on_emulator: false,
        };
        let function =
            Function::from_arn("arn:aws:lambda:eu-west-1:111122223333:function:handler").unwrap();
        handle(&world, &function, event, Instant::now() + Duration::from_mins(4)).await
    });
    let state = aws.state();
    assert_eq!(state.answers.len(), usize::from(outcome.is_ok()), "{event}");
    for taken in &state.answers {
        let checked = Answer::check(&taken.content_type, &taken.body, event);
        assert!(checked.is_ok(), "{checked:?} of {event}");
    }
}

/// Whatever a policy looks like, going in and out again leaves every foreign statement as it was.
#[test]
fn any_policy_is_as_before_when_we_have_come_and_gone() {
    let id = identity();
    let there = json!({"Version": "2012-10-17", "Id": "x", "Statement": [
        {"Sid": "Own", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["s3:GetObject"],
         "Resource": "arn:aws:s3:::b/*", "Condition": {"StringLike": {"aws:Referer": "x"}}},
        {"Sid": "DTLogsAnalysis0", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
         "Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]},
    ]})
    .to_string();
    let grants = Grants { prefix: String::new(), application_writes: true, network_writes: true };
    let put = policy::statements(&id, "b", "222233334444", &grants);
    let come = PolicyEdit { put, remove: BTreeSet::new() };
    check!().with_type::<Vec<Damage>>().for_each(|damages| {
        let Ok(before) = serde_json::from_slice::<Value>(&damaged(&there, damages)) else { return };
        let Some(with) = policy::merge(Some(&before), &come) else { return };
        assert!(!policy::changes(Some(&with), &come), "not there after coming: {with}");
        let go = PolicyEdit { put: Vec::new(), remove: policy::own_sids(&id, Some(&with)) };
        let after = policy::merge(Some(&with), &go);
        assert_eq!(foreign(&id, after.as_ref()), foreign(&id, Some(&before)), "{before}");
    });
}

fn foreign(id: &Identity, policy: Option<&Value>) -> Vec<Value> {
    let all = match policy.map(|policy| policy["Statement"].clone()) {
        Some(Value::Array(all)) => all,
        Some(Value::Null) | None => Vec::new(),
        Some(one) => vec![one],
    };
    all.into_iter().filter(|one| !id.owns_sid(one["Sid"].as_str().unwrap_or_default())).collect()
}

#[derive(Debug, TypeGenerator)]
struct AnyRule {
    id: Option<String>,
    destination: u8,
    arn: String,
    events: Vec<String>,
    filter: Option<Vec<(bool, String)>>,
}

impl AnyRule {
    fn rule(&self) -> Rule {
        let part = |(prefix, value): &(bool, String)| {
            (if *prefix { "Prefix" } else { "suffix" }.to_owned(), value.clone())
        };
        Rule {
            id: self.id.clone(),
            destination: match self.destination % 3 {
                0 => Destination::Topic,
                1 => Destination::Queue,
                _ => Destination::Function,
            },
            arn: self.arn.clone(),
            events: self.events.clone(),
            filter: self.filter.as_ref().map(|all| all.iter().map(part).collect()),
        }
    }
}

/// The same of a bucket's notifications.
#[test]
fn any_notifications_are_as_before_when_we_have_come_and_gone() {
    let id = identity();
    let wanted = notification::rule(&id, "prefix");
    check!().with_type::<(Vec<AnyRule>, bool)>().for_each(|(rules, event_bridge)| {
        let rules: Vec<Rule> = rules.iter().map(AnyRule::rule).collect();
        let before = Notifications { rules, event_bridge: *event_bridge };
        let _ = notification::clash(&id, "b", &before, &wanted);
        let come = NotificationEdit { put: vec![wanted.clone()], remove: BTreeSet::new() };
        let with = notification::merge(&before, &come);
        assert!(!notification::changes(&with, &come), "not there after coming: {with:?}");
        let go = NotificationEdit { put: Vec::new(), remove: notification::own_ids(&id, &with) };
        assert_eq!(notification::merge(&with, &go), before);
    });
}
