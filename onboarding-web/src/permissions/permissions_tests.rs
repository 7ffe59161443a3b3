use templates::catalog::{LOGS_ANALYSIS_ONBOARDING, STACK_LAUNCH_ROLE};

use super::*;

/// A role template in JSON, indented with tabs, with a customer managed policy and wildcards.
const POP: &str = r#"{
	"Parameters": {"Prefix": {"Type": "String", "Default": "pop"}},
	"Resources": {
		"Scheduler": {
			"Type": "AWS::IAM::Role",
			"Properties": {
				"AssumeRolePolicyDocument": {"Statement": {
					"Effect": "Allow", "Action": "sts:AssumeRole",
					"Principal": {"Service": ["lambda.amazonaws.com", "unheard.amazonaws.com"]}
				}},
				"PermissionsBoundary": {"Ref": "Boundary"},
				"ManagedPolicyArns": [
					{"Fn::Join": [":", ["arn", {"Ref": "AWS::Partition"}, "iam::aws:policy/VPC"]]},
					{"Ref": "Queues"}
				]
			}
		},
		"Queues": {
			"Type": "AWS::IAM::ManagedPolicy",
			"Properties": {"PolicyDocument": {"Statement": [
				{"Effect": "Allow", "Action": "sqs:*",
				 "Resource": {"Fn::Sub": "arn:${AWS::Partition}:sqs:*:${AWS::AccountId}:${Prefix}*"}},
				{"Effect": "Deny", "NotAction": ["dynamodb:Get*"], "NotResource": "*"}
			]}}
		},
		"Lone": {
			"Type": "AWS::IAM::Policy",
			"Properties": {"PolicyDocument": {"Statement": []}, "Roles": ["somebody-elses"]}
		}
	}
}"#;

fn only(body: &str) -> RolePermissions {
    let mut roles = read(body).unwrap();
    assert_eq!(roles.len(), 1);
    roles.remove(0)
}

/// A role with one statement, given as YAML of two more indents.
fn statement(yaml: &str) -> Statement {
    let body = format!(
        "Parameters: {{P: {{Type: String}}}}\nResources:\n  R:\n    Type: AWS::IAM::Role\n    \
         Properties:\n      Policies: [{{PolicyName: p, PolicyDocument: {{Statement: [{yaml}]}}}}]\n"
    );
    only(&body).statements.remove(0)
}

fn of(sid: &str) -> Statement {
    let roles = [LOGS_ANALYSIS_ONBOARDING, STACK_LAUNCH_ROLE].map(|template| only(template.body));
    let mut all = roles.into_iter().flat_map(|role| role.statements);
    all.find(|statement| statement.sid == sid).unwrap()
}

#[test]
fn the_onboarding_template_has_one_execution_role_that_lambda_alone_may_use() {
    let role = only(LOGS_ANALYSIS_ONBOARDING.body);
    assert_eq!(role.label(), "Execution role DTLogsAnalysisLambdaExecutionRole");
    assert_eq!(
        role.trusted,
        ["AWS Lambda (lambda.amazonaws.com), only on behalf of your own account"]
    );
    assert!(role.managed.is_empty() && role.boundary.is_none());
    assert_eq!(role.statements.len(), 11);
    assert!(role.statements.iter().all(|statement| statement.allow));
}

#[test]
fn the_launch_role_is_for_cloudformation() {
    let role = only(STACK_LAUNCH_ROLE.body);
    assert_eq!(role.label(), "Role StackLaunchRole");
    assert_eq!(role.trusted, ["AWS CloudFormation (cloudformation.amazonaws.com)"]);
}

#[test]
fn every_resource_of_the_templates_has_words() {
    for template in [LOGS_ANALYSIS_ONBOARDING, STACK_LAUNCH_ROLE] {
        for statement in only(template.body).statements {
            for resource in statement.resources {
                assert!(!resource.words.is_empty(), "{}", resource.arn);
            }
        }
    }
}

#[test]
fn buckets_are_told_by_name_and_owner() {
    let [resource] = of("ManageOnboardingBuckets").resources.try_into().unwrap();
    assert_eq!(resource.arn, "arn:${AWS::Partition}:s3:::dtlogs-*");
    assert_eq!(resource.words, "buckets of your account whose name begins with dtlogs-");
    assert_eq!(of("ManageOnboardingBuckets").conditions, ["only buckets of your own account"]);
    assert_eq!(of("ConnectLogBucket").resources[0].words, "any bucket of your account");
}

#[test]
fn the_stacks_own_id_is_recognised_within_names() {
    let [whole, start] = of("CreateOwnBucket").resources.try_into().unwrap();
    assert_eq!(
        whole.arn,
        "arn:${AWS::Partition}:s3:::dtlogs-${stack id, part 1}-${stack id, part 5}\
         -${AWS::AccountId}-${AWS::Region}-an"
    );
    assert_eq!(start.arn, "arn:${AWS::Partition}:s3:::dtlogs-${stack id}-*");
    let words = "buckets whose name begins with dtlogs- and goes on with this stack's own id";
    assert_eq!((whole.words.as_str(), start.words.as_str()), (words, words));
}

#[test]
fn what_a_mapping_says_is_filled_in() {
    assert_eq!(
        of("SubscribeVendor").conditions,
        [
            "only for the subscriber https://logs-intake.example.com/sns, where the request states it"
        ]
    );
    assert_eq!(
        of("FunctionCode").resources[0].words,
        "objects below logs-analysis/ in buckets whose name begins with example-log-analysis-code-"
    );
}

#[test]
fn a_mapping_whose_entries_differ_stays_open() {
    let root = document::parse(
        "Mappings: {M: {aws: {X: a}, aws-cn: {X: b}}}\nResources: {}\n\
         V: !FindInMap [M, !Ref AWS::Partition, X]\nW: !FindInMap [M, aws-cn, X]",
    )
    .unwrap();
    let reader = Reader::new(&root);
    assert_eq!(reader.text(&root["V"]), "${M.AWS::Partition.X}");
    assert_eq!(reader.text(&root["W"]), "b");
}

#[test]
fn a_parameter_in_a_name_is_told_with_its_default() {
    assert_eq!(
        of("ExecutionRole").resources[0].words,
        "roles of your account whose name begins with the parameter StackName \
         (logs-analysis unless you change it)"
    );
    assert_eq!(
        of("PassExecutionRoleToLambda").conditions,
        ["only to be handed to AWS Lambda (lambda.amazonaws.com)"]
    );
}

#[test]
fn actions_have_words_and_a_kind_of_access() {
    let delete = of("ManageOnboardingBuckets").actions.pop().unwrap();
    assert_eq!((delete.name.as_str(), delete.access), ("s3:DeleteBucket", Access::Delete));
    assert_eq!(delete.does, "Delete a bucket; S3 refuses that while anything is in it");
}

#[test]
fn json_is_read_and_a_policy_of_the_template_is_told_with_its_role() {
    let [role, lone] = read(POP).unwrap().try_into().unwrap();
    assert_eq!(
        role.trusted,
        ["AWS Lambda (lambda.amazonaws.com)", "the AWS service unheard.amazonaws.com"]
    );
    assert_eq!(role.managed, ["arn:${AWS::Partition}:iam::aws:policy/VPC"]);
    assert_eq!(role.boundary.as_deref(), Some("${Boundary}"));
    let [queues, denied] = role.statements.try_into().unwrap();
    assert_eq!((queues.policy.as_str(), queues.actions[0].name.as_str()), ("Queues", "sqs:*"));
    assert_eq!(queues.actions[0].does, "Every action of Amazon SQS");
    assert_eq!(
        queues.resources[0].words,
        "queues of your account in every region whose name begins with the parameter Prefix (pop \
         unless you change it)"
    );
    assert!(!denied.allow && denied.all_actions_but && denied.all_resources_but);
    assert_eq!((lone.label().as_str(), lone.statements.len()), ("Policy Lone", 0));
}

#[test]
fn a_managed_policy_that_nobody_is_given_stands_alone() {
    let body = "Resources: {M: {Type: AWS::IAM::ManagedPolicy, Properties: {PolicyDocument: \
                {Statement: {Effect: Allow, Action: 'x:y', Resource: '*'}}}}}";
    assert_eq!(only(body).holder, Holder::Policy);
}

#[test]
fn both_branches_of_a_condition_are_told() {
    let found = statement(
        "{Effect: Allow, Action: !If [C, 'a:b', 'a:c'], Resource: [!If [C, '*', !Ref AWS::NoValue]]}",
    );
    let names: Vec<&str> = found.actions.iter().map(|action| action.name.as_str()).collect();
    assert_eq!(names, ["a:b", "a:c"]);
    assert_eq!(found.resources.len(), 1);
    let found =
        statement("!If [C, {Effect: Allow, Action: 'a:b', Resource: '*'}, !Ref AWS::NoValue]");
    assert_eq!(found.conditions, ["only where the template's condition C holds"]);
}

#[test]
fn a_statement_that_is_filled_in_later_may_be_anything() {
    for yaml in ["!Ref P", "{Fn::Transform: {Name: AWS::Include}}"] {
        let found = statement(yaml);
        assert!(found.allow && found.actions[0].access == Access::Everything, "{yaml}");
    }
}

#[test]
fn conditions_are_sentences() {
    let check = |condition: &str, words: &str| {
        let yaml =
            format!("{{Effect: Allow, Action: 'a:b', Resource: '*', Condition: {condition}}}");
        assert_eq!(statement(&yaml).conditions, [words], "{condition}");
    };
    check("{StringEquals: {s3:prefix: [a, b]}}", "only if s3:prefix is one of a, b");
    check("{StringEquals: {S3:resourceAccount: !Ref AWS::AccountId}}", conditions::OWN_BUCKETS);
    check("{StringEquals: {s3:ResourceAccount: '1'}}", "only if s3:ResourceAccount is 1");
    check("{Bool: {aws:SecureTransport: true}}", "only if aws:SecureTransport is true");
    check("{'Null': {aws:TagKeys: true}}", "only if aws:TagKeys is absent");
    check(
        "{ForAnyValue:StringLikeIfExists: {aws:TagKeys: x*}}",
        "only if some value of aws:TagKeys is like x*, where the request states it",
    );
    check("{NewOperator: {k: v}}", "only if k NewOperator v");
}

#[test]
fn everyone_who_may_use_a_role_is_told() {
    let check = |principal: &str, words: &str| {
        let body = format!(
            "Resources: {{R: {{Type: AWS::IAM::Role, Properties: {{AssumeRolePolicyDocument: \
             {{Statement: [{{Effect: Allow, Action: sts:AssumeRole, {principal}}}]}}}}}}}}"
        );
        assert_eq!(only(&body).trusted, [words], "{principal}");
    };
    check("Principal: '*'", "anyone, in any AWS account");
    check(
        "Principal: {AWS: 'arn:aws:iam::123456789012:root'}",
        "whomever AWS account 123456789012 permits",
    );
    check(
        "Principal: {AWS: !Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}:root'}",
        "whomever your own account permits",
    );
    check("Principal: {AWS: 'arn:aws:iam::1:role/x'}", "arn:aws:iam::1:role/x");
    check("NotPrincipal: {AWS: '*'}", "anyone but anyone, in any AWS account");
    check(
        "Principal: {AWS: '1'}, Condition: {StringEquals: {sts:ExternalId: e}}",
        "whomever AWS account 1 permits, only with the external ID e",
    );
}

#[test]
fn a_text_that_is_no_template_says_so() {
    assert_eq!(read("a: 1"), Err(ReadError::NotATemplate));
    assert_eq!(read("Resources: []"), Err(ReadError::NotATemplate));
    let Err(ReadError::Syntax(why)) = read("a: [") else { panic!("read") };
    assert!(why.contains("line"), "{why}");
}

#[test]
fn values_within_values_do_not_multiply_and_mappings_do_not_go_round() {
    let mut value = "x".repeat(20);
    for _ in 0..18 {
        value = format!("{{'Fn::Sub': ['${{A}}${{A}}', {{A: {value}}}]}}");
    }
    let found = statement(&format!("{{Effect: Allow, Action: {value}, Resource: '*'}}"));
    assert!(found.actions[0].name.len() < 50_000);
    let round = "Mappings: {M: {a: {b: !FindInMap [M, a, b]}}}\nResources: {R: {Type: \
                 AWS::IAM::Role, Properties: {ManagedPolicyArns: [!FindInMap [M, a, b]]}}}";
    assert_eq!(only(round).managed, ["${M.a.b}"]);
}

#[test]
fn patterns_cover_what_iam_says_they_do() {
    let check = |pattern: &str, name: &str, covered| {
        assert_eq!(text::covers(pattern, name), covered, "{pattern} {name}");
    };
    check("*", "", true);
    check("s3:Get*", "S3:GetObject", true);
    check("s3:Get?bject", "s3:GetObject", true);
    check("s3:*Object", "s3:GetObjectAcl", false);
    check("s3:*Object*", "s3:GetObjectAcl", true);
    check("s3:Get*", "s3:*", false);
    check("?", "*", false);
    assert_eq!(text::pattern("a${b ${c} d}e${f"), "a*e*");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(body in "\\PC{0,80}", action in "[a-z:*?${}!]{0,20}") {
        let _ = read(&body);
        let found = statement(&format!("{{Effect: Allow, Action: '{action}', Resource: !Sub '{action}'}}"));
        proptest::prop_assert!(found.allow);
        let _ = text::pattern(&action);
    }
}
