//! Which load balancers are turned on, adopted, missing or put back.

use super::{
    scenes::{
        API, OLD, THEIRS, WEB, customers_bucket, neighbour, our_topic, refusal, steps, unsubscribed,
    },
    *,
};

const NET: &str = "net/tcp/5e6f";

/// The account of a stack that was created for these load balancers.
fn created(paths: &[&str]) -> (Desired, Account) {
    let id = identity();
    let wanted = desired(&id, paths);
    let mut account = Account::with(paths);
    account.carry_out(&id, &planned(&id, &wanted, &account, paths).stages);
    (wanted, account)
}

/// What a plan says of load balancers that are selected and do not exist.
fn without(missing: &[&str], record: &Record) -> Result<Converged, String> {
    let id = identity();
    let mut seen = Account::default().observe(&id, missing);
    seen.topic = our_topic(record, Vec::new());
    converge(&id, &desired(&id, missing), &seen).map_err(|why| match why {
        Error::Refused(why) => why,
        other => panic!("{other:?}"),
    })
}

/// The services that a plan lets write to buckets.
fn writers(plan: &Converged) -> BTreeSet<String> {
    let mut services = BTreeSet::new();
    for step in steps(&plan.stages) {
        if let Step::EditPolicy { edit, .. } = step {
            let named = edit.put.iter().filter_map(|one| one["Principal"]["Service"].as_str());
            services.extend(named.map(str::to_owned));
        }
    }
    services
}

fn turned_on(plan: &Converged, path: &str) -> BTreeSet<LogKind> {
    plan.turned_on[&load_balancer(&identity().home, path)].clone()
}

#[test]
fn four_refusals_are_told_in_full_and_the_rest_are_counted() {
    let paths = ["app/a/1", "app/b/2", "app/c/3", "app/d/4", "app/e/5", "app/f/6"];
    let why = |count: usize| without(&paths[..count], &Record::default()).unwrap_err();
    assert!(!why(4).contains("more of the kind"), "{}", why(4));
    assert!(paths[..4].iter().all(|path| why(4).contains(path)));
    assert!(why(5).ends_with("And 1 more of the kind"), "{}", why(5));
    assert!(why(6).ends_with("And 2 more of the kind"), "{}", why(6));
}

#[test]
fn of_a_network_load_balancer_only_access_logs_are_turned_on() {
    let id = identity();
    let mut seen = Account::with(&[WEB, NET]).observe(&id, &[WEB, NET]);
    // Should it ever list more, what we are to let write there is not known.
    let net = seen.load_balancers.get_mut(&load_balancer(&id.home, NET)).unwrap();
    write(&mut net.as_mut().unwrap().0, LogKind::Connection, &Setting::default());
    let plan = converge(&id, &desired(&id, &[WEB, NET]), &seen).unwrap();
    assert_eq!(turned_on(&plan, WEB), BTreeSet::from(LogKind::ALL));
    assert_eq!(turned_on(&plan, NET), BTreeSet::from([LogKind::Access]));
}

#[test]
fn only_the_services_of_the_load_balancers_that_we_turn_on_may_write() {
    let id = identity();
    let application = "logdelivery.elasticloadbalancing.amazonaws.com";
    let network = "delivery.logs.amazonaws.com";
    let cases = [
        (&[WEB][..], &[application][..]),
        (&[WEB, API], &[application]),
        (&[NET], &[network]),
        (&[WEB, NET], &[application, network]),
    ];
    for (paths, services) in cases {
        let plan = planned(&id, &desired(&id, paths), &Account::with(paths), paths);
        let expected: BTreeSet<String> = services.iter().map(|&one| one.to_owned()).collect();
        assert_eq!(writers(&plan), expected, "{paths:?}");
    }
}

#[test]
fn a_load_balancer_that_logs_already_is_noted_as_left_alone() {
    let id = identity();
    let mut account = Account::with(&[WEB, API]);
    let theirs = Target { bucket: THEIRS.into(), prefix: String::new() };
    for kind in LogKind::ALL {
        account.set(WEB, kind, &Setting::on(&theirs));
    }
    account.buckets.insert(THEIRS.into(), (None, Notifications::default(), None));
    let plan = planned(&id, &desired(&id, &[WEB, API]), &account, &[WEB, API]);
    assert_eq!(plan.record.left_alone, BTreeSet::from([WEB.to_owned()]));
    let changed: BTreeSet<&str> =
        plan.record.load_balancers.keys().map(|(path, _)| path.as_str()).collect();
    assert_eq!(changed, BTreeSet::from([API]));
}

#[test]
fn a_load_balancer_that_this_stack_knew_may_be_gone_and_one_that_never_was_is_refused() {
    let mut left_alone = Record::default();
    left_alone.left_alone.insert(WEB.into());
    let mut turned_on = Record::default();
    turned_on.load_balancers.insert((WEB.into(), LogKind::Access), Setting::default());
    for record in [left_alone, turned_on] {
        let plan = without(&[WEB], &record).unwrap();
        assert_eq!(plan.missing, [load_balancer(&identity().home, WEB)]);
        assert!(plan.record.left_alone.contains(WEB), "the next Update must know it, too");
        let why = without(&[API], &record).unwrap_err();
        assert!(why.contains(API) && why.contains("does not exist"), "{why}");
    }
}

#[test]
fn logging_to_our_bucket_that_no_record_explains_was_off_before() {
    let (wanted, mut account) = created(&[WEB]);
    account.topic = None;
    let plan = planned(&identity(), &wanted, &account, &[WEB]);
    let before: Vec<&Setting> = plan.record.load_balancers.values().collect();
    assert_eq!(before, [&Setting::default(); 3]);
}

/// A stack that moves to the customer's bucket, takes a new address and turns to another load
/// balancer; perhaps another stack listens to its topic meanwhile.
fn moving(listened: bool) -> Converged {
    let id = identity();
    let (mut wanted, mut account) = created(&[WEB]);
    wanted.existing_bucket = Some(THEIRS.into());
    wanted.endpoint.address = OLD.into();
    account.load_balancers.extend(Account::with(&[API]).load_balancers);
    if listened {
        let (tags, ..) = account.topic.as_mut().unwrap();
        tags.insert(neighbour().listener_tag(), neighbour().stack_id);
    }
    let mut seen = account.observe(&id, &[API]);
    seen.buckets.insert(THEIRS.into(), customers_bucket(None, Vec::new()));
    converge(&id, &wanted, &seen).unwrap()
}

/// Whether a step takes something of ours away.
fn takes_away(step: &Step) -> bool {
    match step {
        Step::RestoreLogging { .. } | Step::Unsubscribe { .. } | Step::UntagTopic { .. } => true,
        Step::EditPolicy { edit, .. } => !edit.remove.is_empty(),
        Step::EditNotifications { edit, .. } => !edit.remove.is_empty(),
        _ => false,
    }
}

#[test]
fn a_stack_that_moves_takes_away_what_it_left_behind() {
    let plan = moving(false);
    let steps = steps(&plan.stages);
    let taken: Vec<&&Step> = steps.iter().filter(|step| takes_away(step)).collect();
    assert!(matches!(
        taken[..],
        [
            Step::RestoreLogging { .. },
            Step::EditNotifications { .. },
            Step::EditPolicy { .. },
            Step::Unsubscribe { .. }
        ]
    ));
    assert_eq!(unsubscribed(&plan.stages).len(), 1);
}

#[test]
fn a_stack_that_another_listens_to_moves_without_taking_anything_away() {
    let id = identity();
    let plan = moving(true);
    let steps: Vec<&Step> =
        [&plan.stages, &plan.closing].into_iter().flat_map(|stages| steps(stages)).collect();
    assert!(!steps.iter().any(|step| takes_away(step)), "{steps:?}");
    // Both buckets go on to publish, and what to undo once nobody listens is known.
    let mut policies = steps.iter().filter_map(|step| match step {
        Step::SetTopicPolicy(policy) => Some(policy.to_string()),
        _ => None,
    });
    assert!(policies.all(|one| one.contains(&id.bucket_name(0)) && one.contains(THEIRS)));
    assert!(plan.record.load_balancers.contains_key(&(WEB.to_owned(), LogKind::Access)));
    assert!(plan.record.buckets.contains(&id.bucket_name(0)));
}

#[test]
fn a_load_balancer_that_is_missing_and_unknown_is_named_with_a_way_out() {
    let id = identity();
    let mut seen = Account::default().observe(&id, &[WEB]);
    seen.load_balancers.insert(load_balancer(&id.home, WEB), None);
    let why = refusal(&desired(&id, &[WEB]), &seen);
    assert!(why.contains("remove it from LoadBalancers"), "{why}");
}
