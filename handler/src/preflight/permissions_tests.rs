use super::*;

fn home() -> Home {
    Home { partition: "aws".into(), region: "eu-west-1".into(), account: "111122223333".into() }
}

#[test]
fn every_action_of_the_launch_role_is_asked_for_on_something_definite() {
    let release = Release {
        code_bucket_prefix: "vendor-code".into(),
        code_key: "logs-analysis/1/bootstrap.zip".into(),
        ..Release::default()
    };
    let all = of_cloudformation(&home(), "logs-acme", &release).unwrap();
    let of = |action: &str| {
        all.iter().find(|one| one.actions.iter().any(|name| name == action)).unwrap()
    };
    let role = "arn:aws:iam::111122223333:role/logs-acme-preflight";
    assert_eq!(of("iam:DeleteRolePolicy").resource, role);
    assert_eq!(of("iam:PassRole").context[0].1, "lambda.amazonaws.com");
    assert_eq!(
        of("lambda:InvokeFunction").resource,
        "arn:aws:lambda:eu-west-1:111122223333:function:logs-acme-preflight"
    );
    assert_eq!(
        of("s3:GetObject").resource,
        "arn:aws:s3:::vendor-code-eu-west-1/logs-analysis/1/bootstrap.zip"
    );
    assert!(all.iter().all(|one| one.resource == "*" || !one.resource.contains('*')));
}

#[test]
fn the_person_needs_to_pass_a_launch_role_only_if_there_is_one() {
    let actions = |role| {
        of_person(&home(), "logs", role).into_iter().flat_map(|one| one.actions).collect::<Vec<_>>()
    };
    assert_eq!(actions(None), ["cloudformation:CreateStack"]);
    assert_eq!(actions(Some("arn")), ["cloudformation:CreateStack", "iam:PassRole"]);
}

#[test]
fn whoever_is_signed_in_is_found_in_iam() {
    for (arn, expected) in [
        ("arn:aws:iam::111122223333:root", Principal::Root),
        (
            "arn:aws:iam::111122223333:user/team/anna",
            Principal::Known("arn:aws:iam::111122223333:user/team/anna".into()),
        ),
        (
            "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_1/anna@x.test",
            Principal::Role("AWSReservedSSO_Admin_1".into()),
        ),
        ("arn:aws:sts::111122223333:federated-user/anna", Principal::Unknown),
        ("", Principal::Unknown),
    ] {
        assert_eq!(Principal::of(arn), expected, "{arn}");
    }
}

#[test]
fn what_stands_in_the_way_is_named() {
    let no = Verdict { action: "iam:CreateRole".into(), ..Verdict::default() };
    let because = |verdict: Verdict| lack("me", &verdict).map(|lack| lack.because);
    assert_eq!(because(Verdict { decision: Decision::Allowed, ..no.clone() }), None);
    for (verdict, words) in [
        (no.clone(), "no policy allows it"),
        (
            Verdict { decision: Decision::Denied, policies: vec!["NoIam".into()], ..no.clone() },
            "it (NoIam)",
        ),
        (Verdict { outside_boundary: true, ..no.clone() }, "permissions boundary"),
        (
            Verdict { outside_organisation: true, decision: Decision::Denied, ..no },
            "service control policy",
        ),
    ] {
        let said = because(verdict).unwrap();
        assert!(said.contains(words), "{said}");
    }
}
