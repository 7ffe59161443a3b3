//! What Delete puts back, and what it leaves because it cannot know whose it is.

use super::{
    scenes::{
        OLD, THEIRS, TOPIC, WEB, customers_bucket, neighbour, our_topic, pending, policy_of,
        record_of_listening, steps, subscription, unsubscribed,
    },
    *,
};
use crate::observed::TAG_RELEASED;

/// A load balancer with one setting, a bucket with a policy, and no topic that knows of either.
fn forgotten(setting: &Setting, bucket: &str, policy: Option<Value>) -> Observed {
    let id = identity();
    let mut account = Account::with(&[WEB]);
    account.set(WEB, LogKind::Access, setting);
    let mut seen = account.observe(&id, &[]);
    seen.buckets.insert(bucket.into(), customers_bucket(policy, Vec::new()));
    seen
}

fn logs_to(bucket: &str) -> Setting {
    Setting::on(&Target { bucket: bucket.into(), prefix: String::new() })
}

fn sids_in(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().unwrap();
    statements.iter().map(|one| one["Sid"].as_str().unwrap().to_owned()).collect()
}

/// The Sids that a plan takes out of bucket policies.
fn taken_out(plan: &Undo) -> BTreeSet<String> {
    steps(&plan.stages)
        .into_iter()
        .flat_map(|step| match step {
            Step::EditPolicy { edit, .. } => edit.remove.clone(),
            _ => BTreeSet::new(),
        })
        .collect()
}

/// A topic of somebody else's with our present address, our former one, one that waits, and one that
/// is not ours.
fn topic_of(tags: Vec<(String, String)>) -> TopicFacts {
    let present = desired(&identity(), &[]).endpoint.address;
    let subscriptions = vec![
        subscription("present", &present),
        subscription("old", OLD),
        pending(OLD),
        subscription("customers", "https://customer.test/"),
    ];
    TopicFacts { tags, subscriptions, ..TopicFacts::default() }
}

/// The plan of a stack that listens to a topic, to which `policy` is the bucket's.
fn after_listening(removable: bool, facts: TopicFacts, policy: Option<Value>) -> Undo {
    let mut seen = forgotten(&Setting::default(), THEIRS, policy);
    seen.topic = our_topic(&record_of_listening(removable), Vec::new());
    seen.other_topics.insert(TOPIC.into(), facts);
    undo(&identity(), None, &seen)
}

/// Our topic while a neighbour listens to it, perhaps with more tags.
fn listened_to(more: &[(&str, &str)]) -> Observed {
    let mut seen = forgotten(&Setting::default(), THEIRS, None);
    let mut topic = our_topic(&Record::default(), Vec::new());
    let Topic::Ours(facts) = &mut topic else { panic!("no topic") };
    facts.tags.push((neighbour().listener_tag(), neighbour().stack_id));
    facts.tags.extend(more.iter().map(|(key, value)| ((*key).into(), (*value).into())));
    seen.topic = topic;
    seen
}

#[test]
fn while_another_stack_listens_the_topic_is_released_and_nothing_undone() {
    let id = identity();
    let plan = undo(&id, None, &listened_to(&[]));
    let tags = vec![(TAG_RELEASED.to_owned(), "true".to_owned())];
    assert_eq!(steps(&plan.stages), [&Step::TagTopic { topic: id.topic_arn(), tags }]);
    assert!(plan.closing.is_empty());
    assert_eq!(plan.released_to, [neighbour().stack_id]);
}

#[test]
fn a_topic_is_released_once() {
    let plan = undo(&identity(), None, &listened_to(&[(TAG_RELEASED, "true")]));
    assert!(plan.stages.is_empty());
    assert_eq!(plan.released_to, [neighbour().stack_id]);
}

#[test]
fn without_a_record_a_load_balancer_that_logs_to_a_bucket_we_opened_is_reported_not_changed() {
    let id = identity();
    let ours = Some(policy_of(&id, ""));
    let seen = forgotten(&logs_to(THEIRS), THEIRS, ours);
    let plan = undo(&id, None, &seen);
    assert_eq!(plan.unknown, [load_balancer(&id.home, WEB)]);
    assert!(plan.stages.is_empty(), "{:?}", plan.stages);
}

#[test]
fn without_a_record_only_load_balancers_that_we_may_have_turned_on_are_reported() {
    let id = identity();
    let ours = || Some(policy_of(&id, ""));
    let off = Setting { enabled: false, ..logs_to(THEIRS) };
    let own = id.bucket_name(0);
    let cases = [
        ("it is off", forgotten(&off, THEIRS, ours())),
        ("the bucket is closed to us", forgotten(&logs_to(THEIRS), THEIRS, None)),
        ("a neighbour's", forgotten(&logs_to(THEIRS), THEIRS, Some(policy_of(&neighbour(), "")))),
        ("it logs elsewhere", forgotten(&logs_to("elsewhere"), THEIRS, ours())),
        ("the name says enough", forgotten(&logs_to(&own), &own, ours())),
    ];
    for (why, seen) in cases {
        assert_eq!(undo(&id, None, &seen).unknown, [], "{why}");
    }
}

#[test]
fn with_a_record_nothing_is_unknown() {
    let id = identity();
    let mut seen = forgotten(&logs_to(THEIRS), THEIRS, Some(policy_of(&id, "")));
    seen.topic = our_topic(&Record::default(), Vec::new());
    assert_eq!(undo(&id, None, &seen).unknown, []);
}

#[test]
fn without_a_record_what_logs_to_our_bucket_was_off_before() {
    let id = identity();
    let own = id.bucket_name(0);
    let plan = undo(&id, None, &forgotten(&logs_to(&own), &own, None));
    let load_balancer = load_balancer(&id.home, WEB);
    let settings = vec![(LogKind::Access, Setting::default())];
    assert_eq!(steps(&plan.stages), [&Step::RestoreLogging { load_balancer, settings }]);
}

#[test]
fn with_a_record_every_statement_of_ours_goes_whatever_it_says_by_now() {
    let id = identity();
    let former = policy_of(&id, "former");
    let mut seen = forgotten(&Setting::default(), THEIRS, Some(former.clone()));
    seen.topic = our_topic(&Record::default(), Vec::new());
    assert_eq!(taken_out(&undo(&id, None, &seen)), sids_in(&former));
}

#[test]
fn without_a_record_only_statements_that_read_as_we_write_them_go() {
    let id = identity();
    let mut policy = policy_of(&id, "");
    let mut expected = sids_in(&policy);
    // Somebody made it theirs.
    policy["Statement"][0]["Principal"] = json!("*");
    expected.remove(policy["Statement"][0]["Sid"].as_str().unwrap());
    let seen = forgotten(&Setting::default(), THEIRS, Some(policy));
    let wanted = desired(&id, &[]);
    assert_eq!(taken_out(&undo(&id, Some(&wanted), &seen)), expected);
    assert!(taken_out(&undo(&id, None, &seen)).is_empty(), "nobody knows how they should read");
}

#[test]
fn without_a_record_a_bucket_that_is_tagged_as_ours_is_cleared_but_still_refuses_plain_http() {
    let id = identity();
    let own = id.bucket_name(0);
    let mut policy = policy_of(&id, "former");
    let expected = sids_in(&policy);
    let tls_only = crate::policy::tls_only(&id, &own);
    policy["Statement"].as_array_mut().unwrap().push(tls_only);
    let mut account = Account::default();
    let state = (Some(policy), Notifications::default(), Some(OwnBucket::default()));
    account.buckets.insert(own.clone(), state);
    let plan = undo(&id, None, &account.observe(&id, &[]));
    assert_eq!(taken_out(&plan), expected);
    assert_eq!(steps(&plan.stages).last(), Some(&&Step::DeleteBucketIfEmpty(own)));
}

#[test]
fn somebody_elses_topic_loses_the_subscriptions_that_are_ours_to_remove() {
    let removed =
        |removable| unsubscribed_in(&after_listening(removable, topic_of(Vec::new()), None));
    assert_eq!(removed(true), ["arn:present", "arn:old"]);
    assert!(removed(false).is_empty(), "they were there before us");
}

#[test]
fn a_customers_topic_stays_subscribed_while_another_stack_uses_the_bucket() {
    let shared = || Some(policy_of(&neighbour(), ""));
    let of_customer = topic_of(Vec::new());
    assert!(unsubscribed_in(&after_listening(true, of_customer, shared())).is_empty());
    // An onboarding stack looks after its own topic.
    let of_neighbour = topic_of(neighbour().tags());
    assert_eq!(
        unsubscribed_in(&after_listening(true, of_neighbour, shared())),
        ["arn:present", "arn:old"]
    );
}

#[test]
fn another_stack_is_told_that_we_leave_and_is_looked_after() {
    let id = identity();
    let mut facts = topic_of(neighbour().tags());
    let left = [(TOPIC.to_owned(), neighbour())];
    // An earlier try may have been cut off right after the tag was taken off.
    let again = after_listening(false, facts.clone(), None);
    assert!(again.stages.is_empty());
    assert_eq!(again.left, left);

    facts.tags.push((id.listener_tag(), id.stack_id.clone()));
    let plan = after_listening(false, facts, None);
    let key = id.listener_tag();
    assert_eq!(steps(&plan.stages), [&Step::UntagTopic { topic: TOPIC.into(), key }]);
    assert_eq!(plan.left, left);
}

fn unsubscribed_in(plan: &Undo) -> Vec<String> {
    unsubscribed(&plan.stages).into_iter().map(str::to_owned).collect()
}
