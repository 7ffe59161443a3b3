//! Which topics the vendor is subscribed to, and what becomes of that when a stack moves on.

use super::{
    scenes::{
        API, OLD, THEIRS, TOPIC, WEB, customers_bucket, neighbour, our_topic, pending, policy_of,
        record_of_listening, rule_to, steps, subscription, unsubscribed,
    },
    *,
};

const PRESENT: &str = "https://intake.vendor.test/sns";

/// A stack that is to use the customer's bucket, of which a topic of somebody else's hears everything.
fn joining(facts: TopicFacts) -> (Desired, Observed) {
    let id = identity();
    let mut wanted = desired(&id, &[WEB]);
    wanted.existing_bucket = Some(THEIRS.into());
    let mut seen = Account::with(&[WEB]).observe(&id, &[WEB]);
    seen.buckets.insert(THEIRS.into(), customers_bucket(None, vec![rule_to(TOPIC)]));
    seen.other_topics.insert(TOPIC.into(), facts);
    (wanted, seen)
}

/// The same stack some time later: its record says that it listens.
fn listening(removable: bool, facts: TopicFacts) -> (Desired, Observed) {
    let (wanted, mut seen) = joining(facts);
    seen.topic = our_topic(&record_of_listening(removable), Vec::new());
    (wanted, seen)
}

/// The stack as it leaves the customer's bucket, and the topic with it, for one of its own.
fn leaving(removable: bool, facts: TopicFacts) -> (Desired, Observed) {
    let (mut wanted, seen) = listening(removable, facts);
    wanted.existing_bucket = None;
    (wanted, seen)
}

fn plan(scene: &(Desired, Observed)) -> Converged {
    converge(&identity(), &scene.0, &scene.1).unwrap()
}

fn topic_with(subscriptions: Vec<Subscription>) -> TopicFacts {
    TopicFacts { subscriptions, ..TopicFacts::default() }
}

/// The topic of another onboarding stack.
fn neighbours_topic(subscriptions: Vec<Subscription>) -> TopicFacts {
    TopicFacts { tags: neighbour().tags(), ..topic_with(subscriptions) }
}

/// The neighbour's topic after we have said there that we listen.
fn tagged_topic() -> TopicFacts {
    let id = identity();
    let mut facts = neighbours_topic(Vec::new());
    facts.tags.push((id.listener_tag(), id.stack_id));
    facts
}

fn subscribed(plan: &Converged) -> BTreeSet<&str> {
    steps(&plan.stages)
        .into_iter()
        .filter_map(|step| match step {
            Step::Subscribe { topic, .. } => Some(topic.as_str()),
            _ => None,
        })
        .collect()
}

/// What a topic may be subscribed with: two addresses that we recorded, one of them twice, and the
/// customer's own.
fn all_sorts() -> Vec<Subscription> {
    vec![
        subscription("old", OLD),
        pending(OLD),
        subscription("present", PRESENT),
        subscription("customers", "https://customer.test/"),
    ]
}

#[test]
fn a_topic_that_hears_of_every_log_is_subscribed_to_in_place_of_ours() {
    let plan = plan(&joining(TopicFacts::default()));
    assert_eq!(plan.topics, BTreeSet::from([TOPIC.to_owned()]));
    assert_eq!(subscribed(&plan), BTreeSet::from([TOPIC]));
}

#[test]
fn both_topics_are_subscribed_to_where_each_hears_of_a_part() {
    let id = identity();
    let mut account = Account::with(&[WEB, API]);
    let theirs = Target { bucket: THEIRS.into(), prefix: String::new() };
    account.set(WEB, LogKind::Access, &Setting::on(&theirs));
    let (mut wanted, joined) = joining(TopicFacts::default());
    wanted.existing_bucket = None;
    let mut seen = account.observe(&id, &[WEB, API]);
    seen.buckets.extend(joined.buckets);
    seen.other_topics = joined.other_topics;
    let plan = plan(&(wanted, seen));
    assert_eq!(plan.topics, BTreeSet::from([id.topic_arn(), TOPIC.to_owned()]));
    assert_eq!(subscribed(&plan), BTreeSet::from([&*id.topic_arn(), TOPIC]));
}

#[test]
fn a_stack_that_finds_no_load_balancer_yet_has_its_topic_subscribed() {
    let id = identity();
    let wanted = Desired { selectors: vec![Selector::All], ..desired(&id, &[]) };
    let plan = plan(&(wanted, Account::default().observe(&id, &[])));
    assert_eq!(subscribed(&plan), BTreeSet::from([&*id.topic_arn()]));
    assert_eq!(plan.topics, BTreeSet::from([id.topic_arn()]));
}

#[test]
fn a_subscription_that_we_make_is_ours_to_remove() {
    for facts in [TopicFacts::default(), neighbours_topic(Vec::new())] {
        assert!(plan(&joining(facts)).record.topics[TOPIC]);
    }
}

#[test]
fn a_subscription_that_was_there_is_ours_to_remove_if_a_stack_made_it_that_shares_the_bucket() {
    let there = vec![subscription("present", PRESENT)];
    let cases = [
        // Neither the customer's own subscription nor one that the topic's stack needs itself.
        (topic_with(there.clone()), false, false),
        (topic_with(there.clone()), true, true),
        (neighbours_topic(there.clone()), false, false),
        (neighbours_topic(there), true, false),
    ];
    for (facts, shared, ours) in cases {
        let (wanted, mut seen) = joining(facts);
        let policy = shared.then(|| policy_of(&neighbour(), ""));
        let bucket = customers_bucket(policy, vec![rule_to(TOPIC)]);
        seen.buckets.insert(THEIRS.into(), bucket);
        let tags = &seen.other_topics[TOPIC].tags.clone();
        let plan = plan(&(wanted, seen));
        assert_eq!(plan.record.topics[TOPIC], ours, "shared: {shared}, tags: {tags:?}");
        assert!(subscribed(&plan).is_empty());
    }
}

#[test]
fn whose_a_subscription_is_stays_as_it_was_recorded() {
    for removable in [true, false] {
        let facts = topic_with(vec![subscription("present", PRESENT)]);
        let plan = plan(&listening(removable, facts));
        assert_eq!(plan.record.topics, BTreeMap::from([(TOPIC.to_owned(), removable)]));
    }
}

#[test]
fn only_another_stack_is_told_that_we_listen_and_only_once() {
    let id = identity();
    let tags = vec![(id.listener_tag(), id.stack_id)];
    let says_so = Step::TagTopic { topic: TOPIC.into(), tags };
    let cases =
        [(TopicFacts::default(), false), (neighbours_topic(vec![]), true), (tagged_topic(), false)];
    for (facts, told) in cases {
        let text = format!("{facts:?}");
        let plan = plan(&joining(facts));
        assert_eq!(steps(&plan.stages).contains(&&says_so), told, "{text}");
    }
}

#[test]
fn a_new_address_takes_the_place_of_the_old_one_on_our_topic() {
    let id = identity();
    let mut seen = Account::with(&[WEB]).observe(&id, &[WEB]);
    seen.topic = our_topic(&record_of_listening(true), all_sorts());
    let plan = plan(&(desired(&id, &[WEB]), seen));
    assert_eq!(unsubscribed(&plan.stages), ["arn:old"]);
}

#[test]
fn our_topic_loses_its_subscriptions_once_another_hears_of_everything() {
    let (wanted, mut seen) = listening(true, TopicFacts::default());
    seen.topic = our_topic(&record_of_listening(true), all_sorts());
    let plan = plan(&(wanted, seen));
    assert_eq!(unsubscribed(&plan.stages), ["arn:old", "arn:present"]);
}

#[test]
fn a_new_address_takes_the_place_of_the_old_one_on_a_topic_that_we_listen_to() {
    let plan_of = |removable| plan(&listening(removable, topic_with(all_sorts())));
    assert_eq!(unsubscribed(&plan_of(true).stages), ["arn:old"]);
    assert!(unsubscribed(&plan_of(false).stages).is_empty(), "it was there before us");
}

#[test]
fn a_topic_that_we_leave_loses_the_subscriptions_that_are_ours_to_remove() {
    let plan_of = |removable| plan(&leaving(removable, topic_with(all_sorts())));
    assert_eq!(unsubscribed(&plan_of(true).stages), ["arn:old", "arn:present"]);
    assert!(unsubscribed(&plan_of(false).stages).is_empty(), "they were there before us");
}

/// It may rely on the subscription that we made: the last to go removes it.
#[test]
fn a_topic_that_another_stack_of_the_bucket_needs_keeps_its_subscriptions() {
    let facts = || topic_with(vec![subscription("present", PRESENT), subscription("old", OLD)]);
    for mut scene in [listening(true, facts()), leaving(true, facts())] {
        assert!(!unsubscribed(&plan(&scene).stages).is_empty());
        let shared = customers_bucket(Some(policy_of(&neighbour(), "")), vec![rule_to(TOPIC)]);
        scene.1.buckets.insert(THEIRS.into(), shared);
        assert_eq!(unsubscribed(&plan(&scene).stages), Vec::<&str>::new());
    }
}

#[test]
fn another_stack_is_told_that_we_leave_and_not_before() {
    let key = identity().listener_tag();
    let takes_back = Step::UntagTopic { topic: TOPIC.into(), key };
    let cases = [
        (leaving(true, tagged_topic()), true),
        // An earlier try took it off and was cut off right after that.
        (leaving(true, neighbours_topic(Vec::new())), false),
        (listening(true, tagged_topic()), false),
    ];
    for (scene, told) in cases {
        let plan = plan(&scene);
        assert_eq!(steps(&plan.stages).contains(&&takes_back), told, "{:?}", plan.stages);
    }
}

#[test]
fn a_stack_whose_topic_we_leave_is_remembered_until_we_have_looked_after_it() {
    let theirs = (TOPIC.to_owned(), neighbour());
    assert_eq!(plan(&leaving(true, tagged_topic())).left, [theirs]);
    assert_eq!(plan(&leaving(true, TopicFacts::default())).left, []);
    assert_eq!(plan(&listening(true, tagged_topic())).left, []);
}
