use proptest::prelude::*;

use super::*;

const STACK: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/logs-analysis-acme/5d1e";

fn report(request: u64, kind: &str, phase: Phase) -> Report {
    Report {
        stack_id: STACK.to_owned(),
        request_id: format!("request-{request}"),
        request_type: kind.to_owned(),
        phase,
        step: None,
        reason: if phase == Phase::Failed { format!("reason {request}") } else { String::new() },
        begun: request * 1000,
        version: "0.1.0".to_owned(),
        configuration: "first".to_owned(),
        outputs: Vec::new(),
    }
}

fn after(reports: &[Report]) -> Onboarding {
    let begin = Onboarding { opened: 1, ..Onboarding::default() };
    reports
        .iter()
        .fold(begin, |onboarding, one| next(onboarding, &Signal::Reported(one.clone()), 1_000_000))
}

fn state(reports: &[Report]) -> State {
    after(reports).state(1_000_000)
}

use Phase::{Failed, Started, Succeeded};

#[test]
fn a_link_is_sent_then_opened() {
    let new = Onboarding::default();
    assert_eq!(new.state(5), State::Sent);
    let opened = next(new, &Signal::Opened, 5);
    assert_eq!((opened.state(5), opened.opened), (State::Opened, 5));
    assert_eq!(next(opened, &Signal::Opened, 9).opened, 5);
}

#[test]
fn a_stack_runs_then_is_connected_or_failed() {
    assert_eq!(state(&[report(1, "Create", Started)]), State::Running);
    let create = [report(1, "Create", Started), report(1, "Create", Succeeded)];
    assert_eq!(state(&create), State::Active);
    assert_eq!(state(&[report(1, "Create", Failed)]), State::Failed);
}

#[test]
fn a_failed_create_that_was_rolled_back_stays_failed_and_says_so() {
    let told = [report(1, "Create", Failed), report(2, "Delete", Succeeded)];
    let onboarding = after(&told);
    assert_eq!(onboarding.state(1_000_000), State::Failed);
    let failure = onboarding.failure().unwrap();
    assert_eq!((failure.reason.as_str(), failure.put_back), ("reason 1", true));
}

#[test]
fn a_failed_update_that_was_rolled_back_leaves_the_customer_connected_with_a_warning() {
    let mut told = vec![
        report(1, "Create", Succeeded),
        Report { configuration: "second".to_owned(), ..report(2, "Update", Failed) },
    ];
    assert_eq!(state(&told), State::Failed);
    told.push(report(3, "Update", Succeeded));
    let onboarding = after(&told);
    assert_eq!(onboarding.state(1_000_000), State::Active);
    assert!(onboarding.failure().unwrap().put_back);
    told.push(Report { configuration: "third".to_owned(), ..report(4, "Update", Succeeded) });
    assert_eq!(after(&told).failure(), None);
}

#[test]
fn a_deleted_stack_is_removed_and_another_one_may_follow() {
    let told = [report(1, "Create", Succeeded), report(2, "Delete", Succeeded)];
    let onboarding = after(&told);
    assert_eq!(onboarding.state(1_000_000), State::Removed);
    assert!(onboarding.accepts(&of_another(), 1_000_000));
}

#[test]
fn a_delete_that_failed_needs_attention() {
    assert_eq!(
        state(&[report(1, "Create", Succeeded), report(2, "Delete", Failed)]),
        State::Failed
    );
}

#[test]
fn another_stack_is_refused_while_the_bound_one_lives() {
    assert!(Onboarding::default().accepts(&of_another(), 5));
    for told in [
        vec![report(1, "Create", Started)],
        vec![report(1, "Create", Succeeded)],
        vec![report(1, "Create", Succeeded), report(2, "Update", Failed)],
    ] {
        assert!(!after(&told).accepts(&of_another(), 1_000_000));
        assert!(after(&told).accepts(&report(9, "Delete", Started), 1_000_000));
    }
    let failed = after(&[report(1, "Create", Failed)]);
    assert!(failed.accepts(&of_another(), 1_000_000));
    let late = Report { request_type: "Delete".to_owned(), ..of_another() };
    assert!(!failed.accepts(&late, 1_000_000));
}

#[test]
fn what_became_of_a_stack_whose_last_report_was_lost_shows_by_what_follows() {
    let silent = after(&[report(1, "Create", Started)]);
    assert!(silent.accepts(&of_another(), 1_000_000 + STALE_AFTER + 1));
    let connected = after(&[report(1, "Create", Succeeded)]);
    let again = Report { stack_id: format!("{STACK}-again"), ..report(2, "Create", Started) };
    assert!(connected.accepts(&again, 1_000_000), "the name was given again");

    let rolled_back = after(&[report(1, "Create", Started), report(2, "Delete", Succeeded)]);
    assert_eq!(rolled_back.state(1_000_000), State::Failed);
    assert!(rolled_back.failure().unwrap().put_back);
}

#[test]
fn a_delete_that_works_at_the_second_try_removes() {
    let told =
        [report(1, "Create", Failed), report(2, "Delete", Failed), report(3, "Delete", Succeeded)];
    assert_eq!(state(&told), State::Removed);
}

fn of_another() -> Report {
    let id = "arn:aws:cloudformation:eu-west-1:111122223333:stack/logs-analysis-other/77aa";
    Report { stack_id: id.to_owned(), ..report(9, "Create", Started) }
}

#[test]
fn a_stack_that_is_silent_for_long_is_stale() {
    let onboarding = after(&[report(1, "Create", Started)]);
    assert_eq!(onboarding.state(1_000_000 + STALE_AFTER + 1), State::Stale);
}

#[test]
fn a_stack_in_the_wrong_place_is_a_failure_until_the_right_one_reports() {
    let wrong = Signal::Misdirected("the stack is in account 222233334444".to_owned());
    let onboarding = next(Onboarding::default(), &wrong, 5);
    assert_eq!(onboarding.state(5), State::Failed);
    let right = next(onboarding, &Signal::Reported(report(1, "Create", Started)), 9);
    assert_eq!((right.state(9), right.failure()), (State::Running, None));
}

#[test]
fn a_delete_goes_through_the_steps_backwards() {
    let mut step = report(1, "Delete", Phase::Progress);
    step.step = Some(Step::Policy);
    let onboarding = after(&[step]);
    let request = onboarding.stack.as_ref().unwrap().last().unwrap().clone();
    assert_eq!(request.order()[1], Step::LoadBalancers);
    assert_eq!((request.reached(), request.order()[4]), (5, Step::Policy));
}

#[test]
fn a_clock_far_ahead_does_no_lasting_harm() {
    let mut ahead = report(1, "Create", Succeeded);
    ahead.begun = u64::MAX;
    let onboarding = after(&[ahead]);
    let begun = onboarding.stack.unwrap().last().unwrap().begun;
    assert!(begun <= 1_000_000 + 5 * MINUTE);
}

fn life() -> impl Strategy<Value = Vec<Report>> {
    let one = (
        1_u64..8,
        prop::sample::select(vec!["Create", "Update", "Delete"]),
        prop::sample::select(vec![Started, Phase::Progress, Succeeded, Failed]),
        prop::option::of(prop::sample::select(Step::ALL.to_vec())),
        prop::sample::select(vec!["first", "second"]),
    );
    let one = one.prop_map(|(request, kind, phase, step, configuration)| Report {
        // What a request is does not change between its reports.
        request_type: kind.to_owned(),
        request_id: format!("{request}-{kind}-{configuration}"),
        configuration: configuration.to_owned(),
        step: step.filter(|_| phase == Phase::Progress),
        ..report(request, kind, phase)
    });
    prop::collection::vec(one, 0..20)
}

proptest! {
    #[test]
    fn order_and_repetition_of_reports_make_no_difference(told in life(), seed in any::<u64>()) {
        let mut shuffled = told.clone();
        shuffled.extend(told.iter().take(5).cloned());
        let mut turn = seed;
        for at in (1..shuffled.len()).rev() {
            turn = turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(at, usize::try_from(turn >> 33).unwrap() % (at + 1));
        }
        prop_assert_eq!(after(&told), after(&shuffled));
    }

    #[test]
    fn nothing_that_is_told_makes_it_panic_or_change_names(told in life()) {
        let state = state(&told);
        prop_assert_eq!(State::from_name(state.name()), Some(state));
    }
}
