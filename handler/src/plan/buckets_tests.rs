//! What is done to buckets, and which are refused.

use super::{
    scenes::{THEIRS, TOPIC, WEB, customers_bucket, policy_of, refusal, rule_to, steps},
    *,
};
use crate::policy::MAX_BYTES;

/// A stack that is to use the customer's bucket, and what was found there.
fn using(bucket: Bucket) -> (Desired, Observed) {
    let id = identity();
    let wanted = Desired { existing_bucket: Some(THEIRS.into()), ..desired(&id, &[WEB]) };
    let mut seen = Account::with(&[WEB]).observe(&id, &[WEB]);
    seen.buckets.insert(THEIRS.into(), bucket);
    (wanted, seen)
}

fn refused(scene: &(Desired, Observed)) -> String {
    refusal(&scene.0, &scene.1)
}

/// The plan of a stack whose bucket is in this state.
fn mending(own: OwnBucket) -> Converged {
    let id = identity();
    let mut account = Account::with(&[WEB]);
    let state = (None, Notifications::default(), Some(own));
    account.buckets.insert(id.bucket_name(0), state);
    planned(&id, &desired(&id, &[WEB]), &account, &[WEB])
}

fn edits_of_policy(plan: &Converged) -> Vec<&PolicyEdit> {
    steps(&plan.stages)
        .into_iter()
        .filter_map(|step| match step {
            Step::EditPolicy { edit, .. } => Some(edit),
            _ => None,
        })
        .collect()
}

#[test]
fn a_bucket_of_ours_is_closed_to_the_public_and_has_logs_expire_before_anybody_may_write() {
    let id = identity();
    let plan = planned(&id, &desired(&id, &[WEB]), &Account::with(&[WEB]), &[WEB]);
    let bucket = id.bucket_name(0);
    let chain = plan.stages.iter().flatten().find(|chain| chain.len() > 3).unwrap();
    assert_eq!(
        chain[..3],
        [
            Step::CreateBucket(bucket.clone()),
            Step::BlockPublicAccess(bucket.clone()),
            Step::SetLifecycle { bucket, days: 365, fresh: true },
        ]
    );
    assert!(matches!(chain[3..], [Step::EditPolicy { .. }, Step::EditNotifications { .. }]));
}

#[test]
fn what_was_changed_in_a_bucket_of_ours_is_mended_and_what_is_right_is_left() {
    let bucket = identity().bucket_name(0);
    let block = Step::BlockPublicAccess(bucket.clone());
    let expire = Step::SetLifecycle { bucket, days: 365, fresh: false };
    for (blocked, days) in
        [(true, Some(365)), (true, Some(30)), (true, None), (false, Some(365)), (false, None)]
    {
        let plan = mending(OwnBucket { blocked, days });
        let steps = steps(&plan.stages);
        assert_eq!(steps.contains(&&block), !blocked, "{steps:?}");
        assert_eq!(steps.contains(&&expire), days != Some(365), "{steps:?}");
    }
}

#[test]
fn a_bucket_of_ours_refuses_plain_http_and_the_customers_policy_is_not_tightened() {
    let id = identity();
    let denies = |plan: &Converged| {
        let edits = edits_of_policy(plan);
        edits.iter().flat_map(|edit| &edit.put).filter(|one| one["Effect"] == "Deny").count()
    };
    assert_eq!(denies(&mending(OwnBucket::default())), 1);
    let (wanted, seen) = using(customers_bucket(None, Vec::new()));
    let plan = converge(&id, &wanted, &seen).unwrap();
    assert_eq!(denies(&plan), 0);
    let purposes = ["ElbWrite", "VendorRead", "VendorList"].map(|what| id.sid(what, ""));
    let edits = edits_of_policy(&plan);
    let sids: Vec<&str> = edits[0].put.iter().filter_map(|one| one["Sid"].as_str()).collect();
    assert_eq!(sids, purposes);
}

#[test]
fn statements_with_our_sids_that_nobody_recorded_and_that_read_otherwise_are_refused() {
    let id = identity();
    let mut altered = policy_of(&id, "");
    altered["Statement"].as_array_mut().unwrap().retain(|one| one["Action"] == "s3:GetObject");
    let same = altered.clone();
    altered["Statement"][0]["Principal"] = json!("*");
    for (policy, sid) in [
        (altered, id.sid("VendorRead", "")),
        (policy_of(&id, "other"), id.sid("ElbWrite", "other")),
    ] {
        let why = refused(&using(customers_bucket(Some(policy), Vec::new())));
        assert!(why.contains(&format!("has a statement with Sid {sid}")), "{why}");
    }
    let (wanted, seen) = using(customers_bucket(Some(same), Vec::new()));
    assert!(converge(&id, &wanted, &seen).is_ok(), "an earlier try of ours wrote it");
}

/// The customer's policy with one statement of their own, so long that ours makes it `bytes` long.
fn policy_that_grows_to(bytes: usize) -> Value {
    let padded = |padding: usize| {
        let statement = json!({"Sid": "x".repeat(padding), "Effect": "Deny"});
        json!({"Version": "2012-10-17", "Statement": [statement]})
    };
    let (wanted, seen) = using(customers_bucket(Some(padded(0)), Vec::new()));
    let plan = converge(&identity(), &wanted, &seen).unwrap();
    let merged = crate::policy::merge(Some(&padded(0)), edits_of_policy(&plan)[0]).unwrap();
    padded(bytes - merged.to_string().len())
}

#[test]
fn a_policy_may_grow_to_what_s3_takes_and_no_further() {
    let using_policy = |bytes| using(customers_bucket(Some(policy_that_grows_to(bytes)), vec![]));
    let (wanted, seen) = using_policy(MAX_BYTES);
    assert!(converge(&identity(), &wanted, &seen).is_ok());
    for bytes in [MAX_BYTES + 1, MAX_BYTES + 1000] {
        let why = refused(&using_policy(bytes));
        assert!(why.contains(&format!("would have {bytes} bytes")), "{why}");
    }
}

#[test]
fn a_topic_that_another_rule_tells_is_listened_to_only_if_it_exists() {
    let (wanted, mut seen) = using(customers_bucket(None, vec![rule_to(TOPIC)]));
    assert!(refusal(&wanted, &seen).contains("does not exist any more"));
    seen.other_topics.insert(TOPIC.into(), TopicFacts::default());
    let plan = converge(&identity(), &wanted, &seen).unwrap();
    assert_eq!(plan.topics, BTreeSet::from([TOPIC.to_owned()]));
}

#[test]
fn a_bucket_that_cannot_be_used_is_refused_in_words() {
    let kms = BucketFacts { kms: true, ..BucketFacts::default() };
    let cases = [
        (Bucket::Here(Box::new(kms)), "is encrypted with a KMS key"),
        (Bucket::Elsewhere("us-east-1".into()), "is in region us-east-1"),
        (Bucket::Denied, "belongs to another account"),
        (Bucket::Absent, "does not exist"),
    ];
    for (bucket, words) in cases {
        let why = refused(&using(bucket));
        assert!(why.contains(&format!("Bucket {THEIRS} {words}")), "{why}");
    }
}

#[test]
fn a_bucket_with_our_name_that_this_stack_did_not_make_is_refused() {
    let name = identity().bucket_name(0);
    let untagged = BucketFacts { own: Some(OwnBucketFacts::default()), ..BucketFacts::default() };
    for facts in [untagged, BucketFacts::default()] {
        let (mut wanted, mut seen) = using(Bucket::Absent);
        seen.buckets.insert(name.clone(), Bucket::Here(Box::new(facts)));
        wanted.existing_bucket = Some(name.clone());
        let why = refusal(&wanted, &seen);
        assert!(why.contains("exists and was not made by this stack"), "{why}");
    }
}

#[test]
fn a_refused_bucket_is_named_with_the_load_balancer_that_logs_there() {
    let id = identity();
    let there = Target { bucket: THEIRS.into(), prefix: String::new() };
    let (wanted, unused) = using(Bucket::Denied);
    let cases = [
        (Setting::on(&there), true),
        (Setting { enabled: false, ..Setting::on(&there) }, false),
        (Setting::on(&Target { bucket: "elsewhere".into(), ..there }), false),
    ];
    for (setting, named) in cases {
        let mut account = Account::with(&[WEB]);
        account.set(WEB, LogKind::Access, &setting);
        let mut seen = account.observe(&id, &[WEB]);
        seen.buckets.extend(unused.buckets.clone());
        seen.buckets.insert("elsewhere".into(), customers_bucket(None, Vec::new()));
        let words = format!("(load balancer {} logs to it)", load_balancer(&id.home, WEB));
        let why = refusal(&wanted, &seen);
        assert_eq!(why.contains(&words), named, "{why}");
    }
}
