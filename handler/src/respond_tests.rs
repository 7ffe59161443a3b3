use proptest::prelude::*;

use super::*;

fn answer(status: Status, reason: &str, data: Vec<(&'static str, String)>) -> Answer {
    Answer {
        status,
        reason: reason.to_owned(),
        physical_resource_id: "id".to_owned(),
        stack_id: "s".repeat(300),
        request_id: "r".repeat(36),
        logical_resource_id: "l".repeat(255),
        data,
    }
}

fn home(partition: &str) -> Home {
    Home { partition: partition.into(), region: "r".into(), account: "1".repeat(12) }
}

#[test]
fn an_answer_goes_to_s3_of_the_stacks_partition_and_nowhere_else() {
    let path = "/arn%3Aaws%3Acloudformation%7CInvoke%7Cguid?X-Amz-Signature=x";
    let cases = [
        ("aws", "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com", true),
        (
            "aws",
            "https://cloudformation-custom-resource-response-useast2.s3-us-east-2.amazonaws.com",
            true,
        ),
        ("aws", "https://bucket.s3.eu-west-1.amazonaws.com", true),
        ("aws-cn", "https://bucket.s3.cn-north-1.amazonaws.com.cn", true),
        ("aws-us-gov", "https://bucket.s3-us-gov-west-1.amazonaws.com", true),
        ("aws-eusc", "https://bucket.s3.eusc-de-east-1.amazonaws.eu", true),
        ("aws", "https://bucket.s3.cn-north-1.amazonaws.com.cn", false),
        ("aws-cn", "https://bucket.s3.amazonaws.com", false),
        ("aws", "http://bucket.s3.amazonaws.com", false),
        ("aws", "https://bucket.s3.amazonaws.com:8443", false),
        ("aws", "https://user@bucket.s3.amazonaws.com", false),
        ("aws", "https://s3.amazonaws.com.evil.test", false),
        ("aws", "https://evil.test#.s3.amazonaws.com", false),
        ("aws", "https://ec2.amazonaws.com", false),
        ("aws", "https://x.execute-api.us-east-1.amazonaws.com", false),
        ("aws", "https://169.254.169.254", false),
        ("aws", "http://127.0.0.1:80", false),
        ("aws", "file:///etc/passwd", false),
        ("aws", "", false),
    ];
    for (partition, base, expected) in cases {
        let url = ResponseUrl::new(format!("{base}{path}"));
        assert_eq!(url.is_answerable(&home(partition), false), expected, "{partition} {base}");
    }
}

#[test]
fn loopback_is_answered_only_on_an_emulator() {
    for (text, expected) in [
        ("http://127.0.0.1:4566/x", true),
        ("http://[::1]:4566/x", true),
        ("http://10.0.0.1/x", false),
        ("http://localhost.evil.test/x", false),
        ("http://169.254.169.254/latest", false),
    ] {
        let url = ResponseUrl::new(text.to_owned());
        assert_eq!(url.is_answerable(&home("aws"), true), expected, "{text}");
        assert!(!url.is_answerable(&home("aws"), false), "{text}");
    }
}

#[test]
fn a_signed_address_is_sent_byte_for_byte() {
    let signed = "https://bucket.s3.amazonaws.com/arn%3Aaws%3Acloudformation%3Aus-east-1%3A1\
                  %3Astack/a/b%7CInvokeLambdaFunction%7Cguid?X-Amz-Credential=A%2F2026%2Fus-east-1\
                  &X-Amz-Signature=ab%2B";
    assert_eq!(Url::parse(signed).unwrap().as_str(), signed);
}

#[test]
fn the_address_does_not_show_in_debug_output() {
    let url = ResponseUrl::new("https://canary.test/?X-Amz-Signature=canary".into());
    assert!(!format!("{url:?}").contains("canary"));
}

#[test]
fn a_failure_without_words_still_has_a_reason_and_an_id() {
    let mut empty = answer(Status::Failed, "", vec![]);
    empty.physical_resource_id.clear();
    let body: serde_json::Value = serde_json::from_slice(&empty.body()).unwrap();
    assert_eq!(body["Status"], "FAILED");
    assert_eq!(body["Reason"], "The handler gave no reason");
    assert_eq!(body["PhysicalResourceId"], "unknown");
}

proptest! {
    #[test]
    fn an_answer_is_never_too_long_and_always_valid(
        reason in "(\\PC|[\u{0}-\u{1f}\"\\\\]){0,6000}",
        value in "\\PC{0,3000}",
    ) {
        let data = vec![("Buckets", value.clone()), ("TopicArn", value)];
        let body = answer(Status::Failed, &reason, data).body();
        prop_assert!(body.len() <= MAX_BODY);
        let parsed: serde_json::Value = serde_json::from_slice(&body).unwrap();
        prop_assert!(!parsed["Reason"].as_str().unwrap().is_empty());
        prop_assert!(parsed["Data"]["Buckets"].is_string());
        prop_assert!(parsed["Data"]["TopicArn"].is_string());
    }

    #[test]
    fn a_short_answer_is_sent_whole(reason in "[a-z ]{1,500}") {
        let body = answer(Status::Failed, &reason, vec![]).body();
        let parsed: serde_json::Value = serde_json::from_slice(&body).unwrap();
        prop_assert_eq!(parsed["Reason"].as_str().unwrap(), reason);
    }
}
