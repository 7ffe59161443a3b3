use templates::report::Step;

use super::*;
use crate::onboarding::Onboarding;

const ACCOUNT: &str = "111122223333";

fn stack(region: &str, account: &str, id: &str) -> String {
    format!("arn:aws:cloudformation:{region}:{account}:stack/logs-analysis-acme/{id}")
}

fn report(stack_id: &str, request: &str, phase: Phase) -> Report {
    Report {
        stack_id: stack_id.to_owned(),
        request_id: request.to_owned(),
        request_type: "Create".to_owned(),
        phase,
        step: None,
        reason: String::new(),
        begun: 1000,
        version: "0.1.0".to_owned(),
        configuration: "c".to_owned(),
        outputs: Vec::new(),
    }
}

fn customer() -> Customer {
    let region = Region {
        region: "eu-west-1".to_owned(),
        selectors: "all".to_owned(),
        stack_name: "logs-analysis-acme".to_owned(),
        onboarding: Onboarding::default(),
        asked_at: 0,
        dropped_at: 0,
    };
    Customer {
        account: ACCOUNT.to_owned(),
        partition: "aws".to_owned(),
        generation: 2,
        expires_at: 1_000_000,
        regions: vec![region],
        ..Customer::default()
    }
}

fn verdict(customer: &Customer, generation: i64, stack_id: &str, now: Millis) -> Verdict {
    judge(customer, &customer.regions[0], generation, &report(stack_id, "1", Phase::Started), now)
}

#[test]
fn a_stack_in_the_customers_account_and_region_is_believed() {
    let own = stack("eu-west-1", ACCOUNT, "1");
    assert_eq!(verdict(&customer(), 2, &own, 5), Verdict::Accepted);
}

#[test]
fn a_stack_elsewhere_is_not_and_both_places_are_named() {
    let elsewhere = stack("eu-west-1", "222233334444", "1");
    let Verdict::Misdirected(why) = verdict(&customer(), 2, &elsewhere, 5) else { panic!() };
    assert_eq!(why, "The stack is in account 222233334444, the link is for 111122223333");
    assert_eq!(crate::hints::explain(&why).map(|hint| hint.code), Some("wrong-account"));
    let elsewhere = stack("us-east-1", ACCOUNT, "1");
    let Verdict::Misdirected(why) = verdict(&customer(), 2, &elsewhere, 5) else { panic!() };
    assert_eq!(crate::hints::explain(&why).map(|hint| hint.code), Some("wrong-region"));
}

#[test]
fn what_is_no_stack_is_refused() {
    for id in [
        "",
        "arn:aws:s3:::bucket",
        "arn:aws:cloudformation:eu-west-1:111122223333:stack/only-a-name",
        "arn:aws:cloudformation:eu-west-1:111122223333:stack/a/b/c",
        "arn:aws:cloudformation:eu-west-1:111122223333:stack/a\n/b",
    ] {
        assert!(matches!(verdict(&customer(), 2, id, 5), Verdict::Refused(_)), "{id}");
    }
}

#[test]
fn a_link_that_is_over_binds_no_new_stack_and_keeps_the_bound_one() {
    let own = stack("eu-west-1", ACCOUNT, "1");
    let mut revoked = customer();
    revoked.revoked_at = 5;
    let late = 1_000_000 + GRACE + 1;
    let refused = |verdict| matches!(verdict, Verdict::Refused(_));
    assert!(refused(verdict(&revoked, 2, &own, 6)));
    assert!(refused(verdict(&customer(), 1, &own, 6)));
    assert!(refused(verdict(&customer(), 2, &own, late)));
    assert_eq!(verdict(&customer(), 2, &own, 1_000_000 + 5), Verdict::Accepted);
    let begun = Signal::Reported(report(&own, "1", Phase::Started));
    revoked.regions[0].onboarding = next(Onboarding::default(), &begun, 7);
    assert_eq!(verdict(&revoked, 1, &own, late), Verdict::Accepted);
    let other = stack("eu-west-1", ACCOUNT, "2").replace("acme", "other");
    assert!(refused(verdict(&revoked, 2, &other, 8)));
    let mut leaving = customer();
    leaving.offboarded_at = 5;
    assert!(refused(verdict(&leaving, 2, &own, 6)));
}

#[test]
fn a_stack_elsewhere_does_no_harm_to_one_that_works() {
    let mut customer = customer();
    let own = report(&stack("eu-west-1", ACCOUNT, "1"), "1", Phase::Succeeded);
    customer.regions[0].onboarding = next(Onboarding::default(), &Signal::Reported(own), 7);
    let forged = report(&stack("eu-west-1", "222233334444", "9"), "9", Phase::Failed);
    let region = &customer.regions[0];
    let verdict = judge(&customer, region, 2, &forged, 9);
    let change = change(&verdict, &customer, region, &forged, 9);
    assert_eq!(change.onboarding, None);
    assert_eq!(change.audit.unwrap().action, "refuse report");
}

#[test]
fn a_repeated_report_is_one_event_and_a_step_is_none() {
    let customer = customer();
    let region = &customer.regions[0];
    let own = report(&stack("eu-west-1", ACCOUNT, "1"), "1", Phase::Started);
    let events = |report: &Report| change(&Verdict::Accepted, &customer, region, report, 9).events;
    assert_eq!(events(&own)[0].id, events(&own)[0].id);
    let step = Report { phase: Phase::Progress, step: Some(Step::Topic), ..own };
    assert_eq!(events(&step), []);
}

#[test]
fn what_is_too_long_or_does_not_print_is_cut() {
    let mut long = report("s", "r", Phase::Failed);
    long.reason = format!("a\u{7}{}", "x".repeat(10_000));
    long.outputs = vec![("k".to_owned(), "v".to_owned()); 50];
    let tidy = tidy(long);
    assert_eq!(tidy.reason.len(), LONGEST);
    assert!(tidy.reason.starts_with("ax") && tidy.outputs.len() == 20);
}

#[test]
fn a_stack_that_was_launched_in_the_wrong_place_and_deleted_is_forgotten() {
    let mut customer = customer();
    let elsewhere = stack("eu-west-1", "222233334444", "9");
    let wrong = report(&elsewhere, "1", Phase::Failed);
    let keep = |customer: &mut Customer, report: &Report| {
        let region = customer.regions[0].clone();
        let verdict = judge(customer, &region, 2, report, 9);
        let change = change(&verdict, customer, &region, report, 9);
        if let Some(onboarding) = change.onboarding {
            customer.regions[0].onboarding = onboarding;
        }
    };
    keep(&mut customer, &wrong);
    assert!(customer.regions[0].onboarding.failure().is_some());
    let mut gone = report(&elsewhere, "2", Phase::Succeeded);
    gone.request_type = "Delete".to_owned();
    keep(&mut customer, &gone);
    assert_eq!(customer.regions[0].onboarding.failure(), None);
}
