use templates::catalog::{LOGS_ANALYSIS_ONBOARDING, STACK_LAUNCH_ROLE};

use super::*;

fn role(statements: &str) -> Limits {
    let body = format!(
        "Resources: {{R: {{Type: AWS::IAM::Role, Properties: {{Policies: [{{PolicyName: p, \
         PolicyDocument: {{Statement: [{statements}]}}}}]}}}}}}"
    );
    never(&body).unwrap().remove(0)
}

fn allow(action: &str) -> Limits {
    role(&format!("{{Effect: Allow, Action: {action}, Resource: '*'}}"))
}

fn says(limits: &Limits, what: &str) -> bool {
    limits.cannot.iter().any(|cannot| cannot.what == what)
}

const READ: &str = "read what is in your buckets, logs included";
const IAM: &str = "create or change users, roles or their permissions";

#[test]
fn the_execution_role_can_do_none_of_what_people_fear() {
    let limits = never(LOGS_ANALYSIS_ONBOARDING.body).unwrap().remove(0);
    assert_eq!(limits.cannot.len(), FEARS.len());
    assert_eq!(limits.cannot[0].what, READ);
    assert_eq!(
        limits.cannot[0].because,
        "It has no s3:GetObject, s3:GetObjectVersion or s3:GetObjectVersionForReplication."
    );
}

#[test]
fn what_the_execution_role_can_bring_about_in_a_roundabout_way_is_said() {
    let limits = never(LOGS_ANALYSIS_ONBOARDING.body).unwrap().remove(0);
    assert_eq!(
        limits.but,
        [
            "It has s3:PutBucketPolicy on any bucket of your account: a bucket's policy decides who \
             else may read, write or delete what is in it.",
            "It has s3:PutLifecycleConfiguration on buckets of your account whose name begins with \
             dtlogs-: by these rules S3 itself expires objects.",
        ]
    );
}

#[test]
fn the_launch_role_reads_code_alone_and_its_power_over_roles_is_said() {
    let limits = never(STACK_LAUNCH_ROLE.body).unwrap().remove(0);
    assert!(!says(&limits, READ) && !says(&limits, IAM));
    assert!(says(
        &limits,
        "read what is in a bucket anywhere but at \
         arn:${AWS::Partition}:s3:::example-log-analysis-code-*/logs-analysis/*"
    ));
    assert!(says(&limits, "delete what is in your buckets, logs included"));
    assert!(limits.but.iter().any(|line| line.starts_with("It has iam:PutRolePolicy on roles")));
}

#[test]
fn wildcards_are_taken_for_all_that_they_match() {
    assert!(says(&allow("s3:GetBucketTagging"), READ));
    for action in
        ["s3:GetObject", "S3:getobject", "s3:Get*", "s3:*", "'*'", "'s3:Get?bject'", "!Ref P"]
    {
        assert!(!says(&allow(action), READ), "{action}");
    }
    for action in ["iam:ListRoles", "iam:*", "'i*:*'", "'*'", "!Sub '${P}:x'"] {
        assert!(!says(&allow(action), IAM), "{action}");
    }
}

#[test]
fn all_actions_but_some_are_taken_for_all_others() {
    let but =
        |action: &str| role(&format!("{{Effect: Allow, NotAction: {action}, Resource: '*'}}"));
    assert!(says(&but("'iam:*'"), IAM));
    assert!(!says(&but("iam:CreateUser"), IAM));
    assert!(!says(&but("!Sub '${P}*'"), IAM));
    assert!(!says(&but("'iam:*'"), READ));
}

#[test]
fn a_denial_allows_nothing_and_takes_nothing_back() {
    let denied = "{Effect: Deny, Action: 's3:*', Resource: '*'}";
    assert!(says(&role(denied), READ));
    let both = format!("{denied}, {{Effect: Allow, Action: 's3:*', Resource: '*'}}");
    assert!(!says(&role(&both), READ));
}

#[test]
fn reading_is_bound_to_a_place_only_if_the_bucket_is_named() {
    let at = |resource: &str| {
        let limits =
            role(&format!("{{Effect: Allow, Action: s3:GetObject, Resource: {resource}}}"));
        limits.cannot.iter().any(|cannot| cannot.what.starts_with("read what is in a bucket any"))
    };
    assert!(at("'arn:aws:s3:::code-*/x/*'"));
    assert!(!at("'arn:aws:s3:::*/x/*'"));
    assert!(!at("!Sub 'arn:aws:s3:::${P}/x/*'"));
    assert!(!at("'*'"));
}

#[test]
fn nothing_is_promised_about_a_role_with_a_managed_policy_from_elsewhere() {
    let body = "Resources: {R: {Type: AWS::IAM::Role, Properties: {ManagedPolicyArns: ['arn:x']}}}";
    let limits = never(body).unwrap().remove(0);
    assert!(limits.cannot.is_empty());
    assert_eq!(limits.but, ["It also has arn:x, and this template does not say what that allows."]);
}

#[test]
fn every_service_that_is_feared_has_a_name() {
    for action in FEARS.iter().flat_map(|(_, actions)| *actions) {
        if let Some(prefix) = action.strip_suffix(":*") {
            assert!(words::service(prefix).is_some(), "{action}");
        }
    }
}
