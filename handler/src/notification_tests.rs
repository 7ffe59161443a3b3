use proptest::prelude::*;

use super::*;

const STACK: &str =
    "arn:aws:cloudformation:eu-west-1:111122223333:stack/logs/51af3dc0-da77-11e4-872e-1234567db123";
const LOGS: &str = "AWSLogs/111122223333/elasticloadbalancing/eu-west-1/";

fn identity() -> Identity {
    Identity::new(STACK, "InvokeLambdaFunction").unwrap()
}

fn foreign(destination: Destination, events: &[&str], prefix: &str, suffix: &str) -> Rule {
    let service = match destination {
        Destination::Topic => "sns",
        Destination::Queue => "sqs",
        Destination::Function => "lambda",
    };
    Rule {
        id: Some("theirs".into()),
        destination,
        arn: format!("arn:aws:{service}:eu-west-1:111122223333:theirs"),
        events: events.iter().map(|&event| event.into()).collect(),
        filter: Some(vec![("Prefix".into(), prefix.into()), ("Suffix".into(), suffix.into())]),
    }
}

fn clash_with(rule: Rule) -> Option<Clash> {
    let id = identity();
    let there = Notifications { rules: vec![rule], event_bridge: false };
    clash(&id, "b", &there, &super::rule(&id, ""))
}

#[test]
fn overlap_is_what_s3_says_it_is() {
    let created = &["s3:ObjectCreated:*"][..];
    let cases = [
        (created, "", "", true),
        (created, "AWSLogs/", "", true),
        (created, LOGS, ".gz", true),
        (created, &format!("{LOGS}2026/")[..], "", true),
        (created, "", ".log.gz", true),
        (created, "", "x.log.gz", true),
        (created, "", ".json", false),
        (created, "images/", "", false),
        (created, "AWSLogs/111122223333/CloudTrail/", "", false),
        (created, "web/AWSLogs/", "", false),
        (&["s3:ObjectCreated:Put"], "", "", true),
        (&["s3:ObjectRemoved:*", "s3:ObjectCreated:Copy"], "", "", true),
        (&["s3:ObjectRemoved:*"], "", "", false),
        (&["s3:ObjectTagging:*"], "", "", false),
    ];
    for (events, prefix, suffix, expected) in cases {
        let rule = foreign(Destination::Queue, events, prefix, suffix);
        let found = rule.overlaps(&super::rule(&identity(), ""));
        assert_eq!(found, expected, "{events:?} {prefix} {suffix}");
    }
}

#[test]
fn a_topic_that_hears_of_every_log_is_listened_to() {
    let rule = foreign(Destination::Topic, &["s3:ObjectCreated:*"], "AWSLogs/", ".gz");
    assert_eq!(clash_with(rule.clone()), Some(Clash::Listen(rule.arn)));
    let both = ["s3:ObjectCreated:Put", "s3:ObjectCreated:CompleteMultipartUpload"];
    assert!(matches!(
        clash_with(foreign(Destination::Topic, &both, "", "")),
        Some(Clash::Listen(_))
    ));
}

#[test]
fn a_rule_that_cannot_be_joined_is_named_with_the_ways_out() {
    let created = ["s3:ObjectCreated:*"];
    let mut far = foreign(Destination::Topic, &created, "", "");
    far.arn = "arn:aws:sns:us-east-1:111122223333:theirs".into();
    let cases = [
        (foreign(Destination::Queue, &created, "", ""), "already takes the same events"),
        (foreign(Destination::Function, &created, "", ""), "Lambda function arn:aws:lambda"),
        (foreign(Destination::Topic, &["s3:ObjectCreated:Put"], "", ""), "only a part"),
        (
            foreign(
                Destination::Topic,
                &["s3:ObjectCreated:Post", "s3:ObjectCreated:Copy"],
                "",
                "",
            ),
            "only a part",
        ),
        (foreign(Destination::Topic, &created, &format!("{LOGS}2026/"), ""), "only a part"),
        (far, "another account or region"),
    ];
    for (rule, words) in cases {
        let Some(Clash::Refuse(reason)) = clash_with(rule) else { panic!("{words}: not refused") };
        assert!(reason.contains(words) && reason.contains("'theirs'"), "{reason}");
        assert!(reason.contains("Ways out"), "{reason}");
    }
}

#[test]
fn our_own_rule_is_no_clash_and_a_strangers_rule_with_our_id_is_not_ours() {
    let id = identity();
    assert_eq!(clash_with(rule(&id, "")), None);
    let mut stranger = rule(&id, "");
    stranger.arn = "arn:aws:sns:eu-west-1:111122223333:theirs".into();
    assert!(!is_own(&id, &stranger));
}

#[test]
fn our_rule_takes_the_place_of_its_former_self_and_of_no_other() {
    let id = identity();
    let ours = rule(&id, "");
    let former = Rule { events: vec!["s3:ObjectCreated:Put".into()], ..ours.clone() };
    let same_id = Rule { arn: "arn:aws:sns:eu-west-1:111122223333:theirs".into(), ..ours.clone() };
    let same_topic = Rule { id: Some("theirs".into()), ..ours.clone() };
    let edit = NotificationEdit { put: vec![ours.clone()], ..NotificationEdit::default() };
    let rules = vec![former, same_id.clone(), same_topic.clone()];
    let merged = merge(&Notifications { rules, event_bridge: false }, &edit);
    assert_eq!(merged.rules, [same_id, same_topic, ours]);
}

#[test]
fn a_rule_that_differs_in_anything_is_to_be_written_again() {
    let ours = rule(&identity(), "");
    let changed = |there: Rule| {
        let there = Notifications { rules: vec![there], event_bridge: false };
        let put = vec![ours.clone()];
        changes(&there, &NotificationEdit { put, ..NotificationEdit::default() })
    };
    let differing = [
        Rule { id: Some("other".into()), ..ours.clone() },
        Rule { arn: "arn:aws:sns:eu-west-1:111122223333:other".into(), ..ours.clone() },
        Rule { events: vec!["s3:ObjectCreated:Put".into()], ..ours.clone() },
        Rule { filter: None, ..ours.clone() },
    ];
    for there in differing {
        assert!(changed(there.clone()), "{there:?}");
    }
    // S3 gives the names of filter rules back with a capital, and in an order of its own.
    let mut respelt = ours.clone();
    for (name, _) in respelt.filter.as_mut().unwrap() {
        *name = name.replace("prefix", "Prefix").replace("suffix", "Suffix");
    }
    respelt.filter.as_mut().unwrap().reverse();
    assert!(!changed(respelt));
}

#[test]
fn two_prefixes_of_one_stack_stand_side_by_side() {
    let id = identity();
    assert!(!rule(&id, "").overlaps(&rule(&id, "web")));
    assert_ne!(id.rule_id(""), id.rule_id("web"));
}

proptest! {
    #[test]
    fn overlap_is_the_same_from_both_sides(
        a in "[ab/]{0,4}", b in "[ab/]{0,4}", x in "[ab.]{0,3}", y in "[ab.]{0,3}",
    ) {
        let one = foreign(Destination::Topic, &["s3:ObjectCreated:*"], &a, &x);
        let two = foreign(Destination::Queue, &["s3:ObjectCreated:Put"], &b, &y);
        prop_assert_eq!(one.overlaps(&two), two.overlaps(&one));
        prop_assert!(one.overlaps(&one));
        // A key that both would match proves an overlap.
        let key = format!("{}{}", if a.len() > b.len() { &a } else { &b }, if x.len() > y.len() { &x } else { &y });
        let both = key.starts_with(&a) && key.ends_with(&x) && key.starts_with(&b) && key.ends_with(&y);
        prop_assert!(!both || one.overlaps(&two));
    }

    #[test]
    fn foreign_rules_survive_and_leaving_undoes_coming(
        names in proptest::collection::vec("[a-z]{1,8}", 0..5), event_bridge: bool, prefix in "[a-z]{0,6}",
    ) {
        let id = identity();
        let theirs: Vec<Rule> = names
            .iter()
            .map(|name| Rule { id: Some(name.clone()), ..foreign(Destination::Queue, &["s3:ObjectRemoved:*"], name, "") })
            .collect();
        let before = Notifications { rules: theirs.clone(), event_bridge };
        let edit = NotificationEdit { put: vec![rule(&id, &prefix)], ..NotificationEdit::default() };
        let with = merge(&before, &edit);
        prop_assert_eq!(&with.rules[..theirs.len()], &theirs[..]);
        prop_assert_eq!(with.event_bridge, event_bridge);
        prop_assert!(!changes(&with, &edit));
        prop_assert_eq!(&merge(&with, &edit), &with);
        let remove = own_ids(&id, &with);
        prop_assert_eq!(merge(&with, &NotificationEdit { put: vec![], remove }), before);
    }
}
