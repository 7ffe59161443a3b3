mod account;
mod buckets_tests;
mod converge_tests;
mod scenes;
mod step_tests;
mod topics_tests;
mod undo_tests;

use std::collections::BTreeMap;

use proptest::prelude::*;

use self::account::{Account, OwnBucket, write};
use super::*;
use crate::{
    arn::Home,
    desired::{Desired, Selector},
    error::Error,
    notification::{Destination, Notifications, Rule},
    observed::{Attributes, Bucket, BucketFacts, OwnBucketFacts, Subscription, Topic, TopicFacts},
    policy::Grants,
    record::Target,
};

const GUID: &str = "51af3dc0-da77-11e4-872e-1234567db123";

fn identity_in(partition: &str, region: &str) -> Identity {
    let stack = format!("arn:{partition}:cloudformation:{region}:111122223333:stack/logs/{GUID}");
    Identity::new(&stack, "InvokeLambdaFunction").unwrap()
}

fn identity() -> Identity {
    identity_in("aws", "eu-west-1")
}

fn load_balancer(home: &Home, path: &str) -> LoadBalancerArn {
    LoadBalancerArn::from_path(path, home).unwrap()
}

fn desired(id: &Identity, paths: &[&str]) -> Desired {
    Desired {
        selectors: paths.iter().map(|path| Selector::Arn(load_balancer(&id.home, path))).collect(),
        kinds: LogKind::ALL.into_iter().collect(),
        prefix: String::new(),
        existing_bucket: None,
        retention_days: 365,
        vendor_account: "222233334444".into(),
        endpoint: Endpoint { protocol: "https", address: "https://intake.vendor.test/sns".into() },
    }
}

fn planned(id: &Identity, desired: &Desired, account: &Account, paths: &[&str]) -> Converged {
    converge(id, desired, &account.observe(id, paths)).unwrap()
}

/// Every partition and a region that has no account-regional buckets: names, principals and ARNs.
#[test]
fn the_plan_is_complete_in_every_partition() {
    let places = [
        ("aws", "us-east-1"),
        ("aws", "me-south-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-cn", "cn-north-1"),
        ("aws-eusc", "eusc-de-east-1"),
        ("aws-iso", "us-iso-east-1"),
    ];
    for (partition, region) in places {
        let id = identity_in(partition, region);
        let paths = ["app/web/1a2b", "net/tcp/3c4d"];
        let mut account = Account::with(&paths);
        let before = account.clone();
        let wanted = desired(&id, &paths);
        let plan = planned(&id, &wanted, &account, &paths);
        let text = format!("{:?}", plan.stages);
        assert!(text.contains(&format!("arn:{partition}:s3:::dtlogs-")), "{partition}");
        assert!(partition == "aws" || !text.contains("arn:aws:"), "{partition}: {text}");
        account.carry_out(&id, &plan.stages);
        assert!(planned(&id, &wanted, &account, &paths).stages.is_empty(), "{partition}");
        account.undo(&id, &wanted);
        assert_eq!(account, before, "{partition}");
    }
}

#[test]
fn the_record_is_written_before_anything_is_changed_and_the_load_balancer_comes_last() {
    let id = identity();
    let paths = ["app/web/1a2b"];
    let plan = planned(&id, &desired(&id, &paths), &Account::with(&paths), &paths);
    assert!(matches!(plan.stages[0][0][0], Step::CreateTopic { .. }));
    let last = plan.stages.last().unwrap();
    assert!(matches!(last[0][0], Step::SetLogging { .. }));
    let Step::CreateTopic { tags, .. } = &plan.stages[0][0][0] else { panic!("no topic") };
    let record = Record::from_tags(tags).unwrap();
    assert_eq!(record.load_balancers.len(), 3);
}

/// Add before remove: wiring, then load balancers, then what nobody uses any more.
#[test]
fn a_move_to_another_bucket_never_leaves_logs_untold() {
    let id = identity();
    let paths = ["app/web/1a2b"];
    let mut account = Account::with(&paths);
    let wanted = desired(&id, &paths);
    account.carry_out(&id, &planned(&id, &wanted, &account, &paths).stages);
    account.buckets.insert("theirs".into(), (None, Notifications::default(), None));
    let moved = Desired { existing_bucket: Some("theirs".into()), ..wanted };
    let plan = planned(&id, &moved, &account, &paths);
    for stage in plan.stages.iter().chain(&plan.closing) {
        for step in stage.iter().flatten() {
            account.step(&id, step);
            for attributes in account.load_balancers.values() {
                let bucket = &attributes["access_logs.s3.bucket"];
                let (_, notifications, _) = &account.buckets[bucket];
                assert_eq!(notifications.rules.len(), 1, "{bucket} tells nobody after {step:?}");
                let topic = account.topic.as_ref().unwrap();
                let policy = topic.1.as_ref().unwrap().to_string();
                assert!(policy.contains(bucket.as_str()), "S3 may not publish after {step:?}");
            }
        }
    }
    assert!(planned(&id, &moved, &account, &paths).stages.is_empty());
}

#[test]
fn logging_that_is_on_elsewhere_is_adopted_and_never_in_the_record() {
    let id = identity();
    let paths = ["app/web/1a2b", "app/off/3c4d"];
    let mut account = Account::with(&paths);
    account.buckets.insert("theirs".into(), (None, Notifications::default(), None));
    let theirs = Target { bucket: "theirs".into(), prefix: "x".into() };
    account.set(paths[0], LogKind::Access, &Setting::on(&theirs));
    // The customer names the very bucket and prefix that one of them logs to already.
    let mut wanted = desired(&id, &paths);
    wanted.existing_bucket = Some("theirs".into());
    wanted.prefix = "x".into();
    for _ in 0..3 {
        let plan = planned(&id, &wanted, &account, &paths);
        let key = (paths[0].to_owned(), LogKind::Access);
        assert!(!plan.record.load_balancers.contains_key(&key));
        account.carry_out(&id, &plan.stages);
    }
    let before = account.load_balancers[paths[0]].clone();
    account.undo(&id, &wanted);
    let after = &account.load_balancers[paths[0]];
    assert_eq!(after["access_logs.s3.enabled"], before["access_logs.s3.enabled"]);
    assert_eq!(account.load_balancers[paths[1]]["access_logs.s3.enabled"], "false");
}

#[test]
fn a_subscription_that_waits_for_the_vendor_is_asked_for_again() {
    let id = identity();
    let paths = ["app/web/1a2b"];
    let mut account = Account::with(&paths);
    let wanted = desired(&id, &paths);
    account.carry_out(&id, &planned(&id, &wanted, &account, &paths).stages);
    let mut seen = account.observe(&id, &paths);
    let Topic::Ours(facts) = &mut seen.topic else { panic!("no topic") };
    for gone in ["PendingConfirmation", "Deleted"] {
        facts.subscriptions[0].arn = gone.into();
    }
    let plan = converge(&id, &wanted, &seen).unwrap();
    assert!(matches!(plan.stages[0][0][0], Step::Subscribe { .. }), "{:?}", plan.stages);
}

#[test]
fn tags_that_somebody_changed_are_not_taken_for_an_empty_record() {
    let id = identity();
    let paths = ["app/web/1a2b"];
    let mut account = Account::with(&paths);
    let wanted = desired(&id, &paths);
    account.carry_out(&id, &planned(&id, &wanted, &account, &paths).stages);
    let (tags, ..) = account.topic.as_mut().unwrap();
    tags.retain(|key, _| !key.contains("record"));
    let seen = account.observe(&id, &paths);
    let Err(Error::Refused(why)) = converge(&id, &wanted, &seen) else { panic!("not refused") };
    assert!(why.contains("were changed or removed"), "{why}");
    account.carry_out(&id, &undo(&id, Some(&wanted), &seen).stages);
    assert_eq!(account.load_balancers[paths[0]]["access_logs.s3.enabled"], "false");
}

#[test]
fn a_rule_to_a_topic_that_is_gone_is_refused_before_any_change() {
    let id = identity();
    let paths = ["app/web/1a2b"];
    let mut account = Account::with(&paths);
    let rule = Rule {
        id: Some("stale".into()),
        destination: Destination::Topic,
        arn: "arn:aws:sns:eu-west-1:111122223333:gone".into(),
        events: vec!["s3:ObjectCreated:*".into()],
        filter: None,
    };
    let notifications = Notifications { rules: vec![rule], event_bridge: false };
    account.buckets.insert("theirs".into(), (None, notifications, None));
    let mut wanted = desired(&id, &paths);
    wanted.existing_bucket = Some("theirs".into());
    let seen = account.observe(&id, &paths);
    let Err(Error::Refused(why)) = converge(&id, &wanted, &seen) else { panic!("not refused") };
    assert!(why.contains("does not exist any more"), "{why}");
}

/// Where names are global, a stranger may have taken one between our look and our try.
#[test]
fn a_bucket_name_that_a_stranger_took_gives_way_to_the_next() {
    let id = identity_in("aws", "me-south-1");
    let paths = ["app/web/1a2b"];
    let mut account = Account::with(&paths);
    let wanted = desired(&id, &paths);
    let first = planned(&id, &wanted, &account, &paths);
    account.carry_out(&id, &first.stages[..1]);
    let mut seen = account.observe(&id, &paths);
    seen.buckets.insert(id.bucket_name(0), Bucket::Denied);
    let plan = converge(&id, &wanted, &seen).unwrap();
    assert_eq!(plan.own_bucket, Some(id.bucket_name(1)));
}

#[test]
fn several_refusals_are_told_at_once() {
    let id = identity();
    let wanted = desired(&id, &["app/one/1", "app/two/2"]);
    let mut seen = Account::default().observe(&id, &["app/one/1", "app/two/2"]);
    seen.load_balancers.clear();
    let Err(Error::Refused(why)) = converge(&id, &wanted, &seen) else { panic!("not refused") };
    assert!(why.contains("app/one/1") && why.contains("app/two/2"), "{why}");
}

fn setting() -> impl Strategy<Value = Setting> {
    ("(|old-bucket|dtlogs-x)", "(|a|a/b)").prop_map(|(bucket, prefix)| {
        let bucket = if bucket.is_empty() { String::new() } else { bucket };
        Setting { enabled: false, bucket, prefix }
    })
}

proptest! {
    /// f(f(x)) = f(x), and undo(do(x)) = x, whatever was there before and however often it changed.
    #[test]
    fn doing_twice_is_doing_once_and_undoing_is_as_before(
        settings in proptest::collection::vec(setting(), 6),
        prefixes in proptest::collection::vec("(|one|two/x)", 1..4),
        theirs: bool,
        chosen in proptest::collection::vec(proptest::bool::ANY, 3),
    ) {
        let id = identity();
        let paths = ["app/web/1a2b", "app/api/3c4d", "net/tcp/5e6f"];
        let mut account = Account::with(&paths);
        account.set(paths[0], LogKind::Access, &settings[0]);
        account.set(paths[0], LogKind::Connection, &settings[1]);
        account.set(paths[0], LogKind::HealthCheck, &settings[2]);
        account.set(paths[1], LogKind::Access, &settings[3]);
        account.set(paths[2], LogKind::Access, &settings[4]);
        account.buckets.insert("theirs".into(), (None, Notifications::default(), None));
        let before = account.clone();
        let mut wanted = desired(&id, &paths);
        for (round, prefix) in prefixes.iter().enumerate() {
            let selected: Vec<&str> = paths
                .iter()
                .zip(chosen.iter().cycle().skip(round))
                .filter(|(_, yes)| **yes)
                .map(|(path, _)| *path)
                .collect();
            wanted.prefix.clone_from(prefix);
            wanted.existing_bucket = (theirs ^ (round % 2 == 1)).then(|| "theirs".to_owned());
            let plan = planned(&id, &wanted, &account, &selected);
            account.carry_out(&id, &plan.stages);
            account.carry_out(&id, &plan.closing);
            let again = planned(&id, &wanted, &account, &selected);
            prop_assert!(again.stages.is_empty() && again.closing.is_empty(), "{again:?}");
        }
        account.undo(&id, &wanted);
        prop_assert_eq!(account, before);
    }
}
