use super::{super::read, *};

fn roles(properties: &str) -> Vec<RolePermissions> {
    let body = format!("Resources: {{R: {{Type: AWS::IAM::Role, Properties: {{{properties}}}}}}}");
    read(&body).unwrap()
}

fn policy(statements: &str) -> Vec<RolePermissions> {
    roles(&format!("Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{statements}]}}}}]"))
}

fn words(old: &[RolePermissions], new: &[RolePermissions]) -> Vec<String> {
    changes(old, new).iter().map(ToString::to_string).collect()
}

fn check(old: &str, new: &str, expected: &[&str]) {
    assert_eq!(words(&policy(old), &policy(new)), expected, "{old} -> {new}");
}

const ONE: &str = "{Effect: Allow, Action: s3:GetBucketTagging, Resource: 'arn:aws:s3:::a'}";

#[test]
fn an_action_more_or_less_is_told_with_its_words() {
    let two = "{Effect: Allow, Action: [s3:GetBucketTagging, s3:CreateBucket, s3:DeleteBucketPolicy], \
               Resource: 'arn:aws:s3:::a'}";
    let what = "s3:CreateBucket (create a bucket), s3:DeleteBucketPolicy (remove a bucket's policy) \
                on arn:aws:s3:::a (buckets whose name is a)";
    check(ONE, two, &[&format!("Role R: may now also use {what}")]);
    check(two, ONE, &[&format!("Role R: may no longer use {what}")]);
}

#[test]
fn statements_that_are_renamed_split_or_moved_are_no_change() {
    let old = "{Sid: A, Effect: Allow, Action: ['x:a', 'x:b'], Resource: '*'}";
    let new = "{Effect: Allow, Action: 'x:b', Resource: '*'}, {Effect: Allow, Action: ['x:a'], \
               Resource: ['*']}";
    check(old, new, &[]);
}

#[test]
fn a_changed_resource_is_told_as_such() {
    check(
        ONE,
        &ONE.replace(":a'", ":b*'"),
        &[
            "Role R: may now use s3:GetBucketTagging (read a bucket's tags) on arn:aws:s3:::b* (buckets \
           whose name begins with b), instead of on arn:aws:s3:::a (buckets whose name is a)",
        ],
    );
}

#[test]
fn a_condition_that_comes_or_goes_is_told() {
    let bound = ONE.replace('}', ", Condition: {Bool: {k: true}}}");
    let what = "Role R: s3:GetBucketTagging (read a bucket's tags) on arn:aws:s3:::a (buckets whose \
                name is a)";
    check(ONE, &bound, &[&format!("{what}: now only if k is true")]);
    check(&bound, ONE, &[&format!("{what}: no longer only if k is true")]);
    let other = bound.replace("true", "false");
    check(
        &bound,
        &other,
        &[&format!("{what}: now only if k is false; no longer only if k is true")],
    );
}

#[test]
fn a_permission_that_a_wider_one_takes_in_is_not_said_to_be_lost() {
    let wide = "{Effect: Allow, Action: 's3:*', Resource: 'arn:aws:s3:::a'}";
    let all = "s3:* (every action of Amazon S3) on arn:aws:s3:::a (buckets whose name is a)";
    let one =
        "s3:GetBucketTagging (read a bucket's tags) on arn:aws:s3:::a (buckets whose name is a)";
    check(ONE, wide, &[&format!("Role R: may now also use {all}")]);
    check(
        wide,
        ONE,
        &[
            &format!("Role R: may still use, now by its own name, {one}"),
            &format!("Role R: may no longer use {all}"),
        ],
    );
    let both = format!("{wide}, {ONE}");
    check(wide, &both, &[]);
    check(&both, wide, &[]);
}

#[test]
fn a_wider_permission_under_a_condition_takes_nothing_in() {
    let wide = "{Effect: Allow, Action: 's3:*', Resource: '*', Condition: {Bool: {k: true}}}";
    let lines = words(&policy(ONE), &policy(wide));
    assert!(
        lines.iter().any(|line| line.starts_with("Role R: may no longer use s3:GetBucketTagging"))
    );
}

#[test]
fn denials_are_told_as_denials() {
    let denied = "{Effect: Deny, Action: 'x:a', Resource: '*'}";
    let what = "x:a (action of x) on * (anything that these actions can be used on)";
    check("", denied, &[&format!("Role R: is now denied {what}")]);
    check(denied, "", &[&format!("Role R: is no longer denied {what}")]);
    let allowed = denied.replace("Deny", "Allow");
    check(
        denied,
        &allowed,
        &[
            &format!("Role R: may now also use {what}"),
            &format!("Role R: is no longer denied {what}"),
        ],
    );
}

#[test]
fn all_but_some_is_one_permission() {
    let old = "{Effect: Allow, NotAction: ['iam:*'], NotResource: 'arn:a'}";
    let new = old.replace("'iam:*'", "'iam:*', 'sts:*'");
    check(
        old,
        &new,
        &[
            "Role R: may now also use every action but iam:*, sts:* on anything but arn:a",
            "Role R: may no longer use every action but iam:* on anything but arn:a",
        ],
    );
}

#[test]
fn who_may_use_a_role_and_its_managed_policies_are_compared() {
    let trust = |who: &str| {
        format!(
            "AssumeRolePolicyDocument: {{Statement: [{{Effect: Allow, Action: sts:AssumeRole, \
             Principal: {{Service: {who}.amazonaws.com}}}}]}}"
        )
    };
    let old =
        roles(&format!("{}, ManagedPolicyArns: [m], PermissionsBoundary: b", trust("lambda")));
    let new = roles(&trust("ec2"));
    assert_eq!(
        words(&old, &new),
        [
            "Role R: may no longer be used by AWS Lambda (lambda.amazonaws.com)",
            "Role R: may now also be used by Amazon EC2 (ec2.amazonaws.com)",
            "Role R: no longer has the managed policy m",
            "Role R: no longer has the permissions boundary b",
        ]
    );
}

#[test]
fn a_role_that_comes_or_goes_is_told() {
    assert_eq!(
        words(&[], &policy(ONE)),
        [
            "Role R is new",
            "Role R: may use s3:GetBucketTagging (read a bucket's tags) on arn:aws:s3:::a (buckets whose \
         name is a)",
        ]
    );
    assert_eq!(words(&policy(ONE), &[]), ["Role R is gone, and all its permissions with it"]);
}

#[test]
fn each_change_says_whether_it_is_more_or_less() {
    let direction = |old: &str, new: &str| changes(&policy(old), &policy(new))[0].direction;
    assert_eq!(direction("", ONE), Direction::Added);
    assert_eq!(direction(ONE, ""), Direction::Removed);
    assert_eq!(direction(ONE, &ONE.replace(":a'", ":b'")), Direction::Changed);
    assert_eq!(direction("", &ONE.replace("Allow", "Deny")), Direction::Changed);
}
