use proptest::prelude::*;
use serde_json::json;

use super::*;

fn home() -> Home {
    Home { partition: "aws".into(), region: "eu-west-1".into(), account: "111122223333".into() }
}

const ALB: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188";

fn properties() -> Map<String, Value> {
    json!({
        "ServiceToken": "arn:aws:lambda:eu-west-1:111122223333:function:f",
        "LoadBalancers": [ALB],
        "LogKinds": "access,connection,health-check",
        "LogPrefix": "-",
        "ExistingBucketName": "",
        "LogRetentionDays": "90",
        "VendorAccountId": "222233334444",
        "NotificationEndpoint": "https://intake.vendor.test/sns",
        "OnboardingToken": "tok_1",
        "ReportUrl": "https://onboarding.vendor.test/reports",
        "Version": "0.1.0",
    })
    .as_object()
    .unwrap()
    .clone()
}

fn with(name: &str, value: Value) -> Result<Desired, String> {
    let mut raw = properties();
    raw.insert(name.to_owned(), value);
    check(&raw, &home(), false)
}

#[test]
fn what_the_template_sends_is_understood() {
    let desired = check(&properties(), &home(), false).unwrap();
    assert_eq!(desired.kinds.len(), 3);
    assert_eq!(desired.prefix, "");
    assert_eq!(desired.existing_bucket, None);
    assert_eq!(desired.retention_days, 90);
    assert_eq!(desired.endpoint.protocol, "https");
    assert!(reporting(&properties(), false).is_some());
}

#[test]
fn every_property_that_is_wrong_is_named() {
    let wrong = [
        ("LoadBalancers", json!([])),
        ("LoadBalancers", json!("")),
        ("LoadBalancers", json!({"a": "b"})),
        ("LoadBalancers", json!([["nested"]])),
        ("LoadBalancers", json!(["tag:=x"])),
        ("LoadBalancers", json!(["<script>alert(1)</script>"])),
        ("LoadBalancers", json!([format!("{ALB}\n") + "x"])),
        ("LogKinds", json!("access,flow")),
        ("LogKinds", json!({"a": 1})),
        ("LogPrefix", json!("x/AWSLogs")),
        ("LogPrefix", json!("/x")),
        ("LogPrefix", json!("x/")),
        ("LogPrefix", json!("a b")),
        ("LogPrefix", json!("../up")),
        ("LogPrefix", json!("*")),
        ("LogPrefix", json!(["x"])),
        ("ExistingBucketName", json!("s3://bucket")),
        ("ExistingBucketName", json!("Bucket")),
        ("ExistingBucketName", json!("192.168.0.1")),
        ("ExistingBucketName", json!("a")),
        ("ExistingBucketName", json!("bucket/../other")),
        ("LogRetentionDays", json!("0")),
        ("LogRetentionDays", json!("3651")),
        ("LogRetentionDays", json!("soon")),
        ("LogRetentionDays", json!(["30"])),
        ("VendorAccountId", json!("")),
        ("VendorAccountId", json!("*")),
        ("NotificationEndpoint", json!("")),
        ("NotificationEndpoint", json!("http://intake.vendor.test/sns")),
        ("NotificationEndpoint", json!("http://127.0.0.1:1/sns")),
        ("NotificationEndpoint", json!("https://user:pw@vendor.test/")),
        ("NotificationEndpoint", json!("arn:aws:sqs:eu-west-1::q")),
        ("NotificationEndpoint", json!("arn:aws-cn:sqs:cn-north-1:1:q")),
    ];
    for (name, value) in wrong {
        let reason = with(name, value.clone()).unwrap_err();
        assert!(reason.contains(name), "{name}={value}: {reason}");
    }
}

#[test]
fn every_property_that_is_missing_or_null_is_either_named_or_has_a_default() {
    let needed = ["LoadBalancers", "VendorAccountId", "NotificationEndpoint"];
    for name in names::ALL {
        let mut raw = properties();
        raw.remove(name);
        for result in [check(&raw, &home(), false), with(name, Value::Null)] {
            match result {
                Ok(_) => assert!(!needed.contains(&name), "{name} went unnoticed"),
                Err(reason) => {
                    assert!(needed.contains(&name) && reason.contains(name), "{name}: {reason}");
                }
            }
        }
    }
}

#[test]
fn numbers_may_come_as_numbers_and_lists_as_text() {
    assert_eq!(with("LogRetentionDays", json!(30)).unwrap().retention_days, 30);
    let desired = with("LoadBalancers", json!(format!(" {ALB} , tag:team=web,all,{ALB}"))).unwrap();
    assert_eq!(desired.selectors.len(), 3);
    assert_eq!(desired.selectors[1], Selector::Tag("team".into(), "web".into()));
}

#[test]
fn loopback_is_for_emulators_only() {
    let mut raw = properties();
    raw.insert("NotificationEndpoint".into(), json!("http://127.0.0.1:9/sns"));
    assert!(check(&raw, &home(), false).is_err());
    assert_eq!(check(&raw, &home(), true).unwrap().endpoint.protocol, "http");
    raw.insert("NotificationEndpoint".into(), json!("http://127.0.0.1.vendor.test/sns"));
    assert!(check(&raw, &home(), true).is_err());
}

#[test]
fn reports_are_off_without_an_address_and_token_that_can_be_used() {
    let off = [
        ("ReportUrl", "-"),
        ("ReportUrl", "http://onboarding.vendor.test/reports"),
        ("ReportUrl", "nonsense"),
        ("OnboardingToken", ""),
        ("OnboardingToken", "not a token"),
    ];
    for (name, value) in off {
        let mut raw = properties();
        raw.insert(name.to_owned(), json!(value));
        assert_eq!(reporting(&raw, false), None, "{name} {value}");
        assert!(check(&raw, &home(), false).is_ok(), "a report is never worth a stack");
    }
}

#[test]
fn a_token_does_not_show_in_debug_output() {
    let reporting = reporting(&properties(), false).unwrap();
    assert!(!format!("{reporting:?}").contains("tok_1"));
}

proptest! {
    /// Whatever is written there: either it is understood, or the words say which property is wrong.
    #[test]
    fn any_selectors_are_understood_or_refused_by_name(
        entries in proptest::collection::vec("[ -~]{0,60}|tag:[a-z]{1,5}=[a-z]{0,5}|all", 1..5),
    ) {
        match with("LoadBalancers", json!(entries)) {
            Ok(desired) => prop_assert!(!desired.selectors.is_empty()),
            Err(why) => prop_assert!(why.contains("LoadBalancers") || why.contains("oad balancer"), "{why}"),
        }
    }

    /// Keys and values of tags come through as they were given.
    #[test]
    fn a_tag_selector_is_taken_as_it_is(key in "[A-Za-z0-9:_-]{1,20}", value in "[A-Za-z0-9:_-]{0,20}") {
        let desired = with("LoadBalancers", json!([format!("tag:{key}={value}")])).unwrap();
        prop_assert_eq!(desired.selectors, vec![Selector::Tag(key, value)]);
    }
}
