//! What POP's wiki page `InstallAWSRoles` says, as it stands there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// "Role / Policies": a role begins a line, its further policies follow.
const ROLES: &str = "
POP.UnifiedEndpoint.app AWSLambdaVPCAccessExecutionRole
CustomerManaged-POP.SQSEditor
CustomerManaged-POP.DynamoDBEditor
POP.Scheduler.app AWSLambdaVPCAccessExecutionRole
CustomerManaged-POP.SQSEditor
CustomerManaged-POP.DynamoDBEditor
CustomerManaged-POP.LambdaLauncher
POP.Callback.trigger AWSLambdaVPCAccessExecutionRole
CustomerManaged-POP.DynamoDBEditor
POP.Reclaimer.app AWSLambdaVPCAccessExecutionRole
CustomerManaged-POP.DynamoDBEditor
POP.Reaper.app AWSLambdaVPCAccessExecutionRole
CustomerManaged-POP.DynamoDBEditor
POP.authorizer AWSLambdaVPCAccessExecutionRole
";

/// "Trust Relationship".
const TRUST: &str = r#"
    {
      "Effect": "Allow",
      "Principal": {
        "Service": "lambda.amazonaws.com"
      },
      "Action": "sts:AssumeRole"
    }
"#;

/// "Policies".
const POLICIES: [(&str, &str); 3] = [
    (
        "CustomerManaged-POP.SQSEditor",
        r#"
{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "sqs:ChangeMessage*",
                "sqs:GetQueue*",
                "sqs:*Message",
                "sqs:*MessageBatch"
            ],
            "Resource": [
                "*"
            ]
        }
    ]
}"#,
    ),
    (
        "CustomerManaged-POP.DynamoDBEditor",
        r#"
{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "dynamodb:*Table",
                "dynamodb:*Item",
                "dynamodb:Get*",
                "dynamodb:Query",
                "dynamodb:Scan",
                "dynamodb:DescribeStream",
                "dynamodb:Put*",
                "dynamodb:List*"
            ],
            "Resource": [
                "*"
            ]
        }
    ]
}"#,
    ),
    (
        "CustomerManaged-POP.LambdaLauncher",
        r#"
{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": "*"
        }
    ]
}"#,
    ),
];

/// The policy of AWS's own that every role has.
pub(super) const VPC_ACCESS: &str = "AWSLambdaVPCAccessExecutionRole";
/// What the policies' names begin with, unless somebody chooses otherwise.
pub(super) const POLICY_PREFIX: &str = "CustomerManaged-";

/// Under which name POP's main template asks for the ARN of each role.
pub(super) const OUTPUTS: [(&str, &str); 6] = [
    ("UnifiedEndpointRole", "POP.UnifiedEndpoint.app"),
    ("SchedulerRole", "POP.Scheduler.app"),
    ("CallbackRole", "POP.Callback.trigger"),
    ("ReclaimerRole", "POP.Reclaimer.app"),
    ("ReaperRole", "POP.Reaper.app"),
    ("AuthorizerRole", "POP.authorizer"),
];

/// Each role and its policies.
pub(super) fn roles() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut roles = BTreeMap::new();
    let mut role = "";
    for line in ROLES.lines().filter(|line| !line.is_empty()) {
        let policy = match line.split_once(' ') {
            Some((name, policy)) => {
                role = name;
                policy
            }
            None => line,
        };
        roles.entry(role).or_insert_with(BTreeSet::new).insert(policy);
    }
    roles
}

/// Each policy of the customer's own and its document.
pub(super) fn policies() -> BTreeMap<&'static str, Value> {
    POLICIES.into_iter().map(|(name, text)| (name, json(text))).collect()
}

/// The statement that lets Lambda assume a role.
pub(super) fn trust() -> Value {
    json(TRUST)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("the wiki's JSON")
}

#[test]
fn the_wikis_tables_are_read_whole() {
    let attached: Vec<usize> = roles().values().map(BTreeSet::len).collect();
    assert_eq!(attached, [2, 2, 2, 4, 3, 1], "in the order of the names");
    assert!(roles().values().all(|policies| policies.contains(VPC_ACCESS)));
    let named: BTreeSet<&str> = OUTPUTS.iter().map(|(_, role)| *role).collect();
    assert_eq!(named, roles().into_keys().collect());
    let attached: BTreeSet<&str> = roles().into_values().flatten().collect();
    assert_eq!(attached, policies().into_keys().chain([VPC_ACCESS]).collect());
}
