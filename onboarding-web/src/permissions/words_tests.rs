use std::collections::BTreeSet;

use templates::catalog::{LOGS_ANALYSIS_ONBOARDING, STACK_LAUNCH_ROLE, Template};

use super::{
    super::{Statement, document, field, read},
    *,
};

const BOTH: [Template; 2] = [LOGS_ANALYSIS_ONBOARDING, STACK_LAUNCH_ROLE];

fn statements() -> Vec<Statement> {
    let roles = BOTH.iter().flat_map(|template| read(template.body).unwrap());
    roles.flat_map(|role| role.statements).collect()
}

/// The actions of the trust policies: they are told as people, not as statements.
fn trust_actions() -> Vec<String> {
    let of = |body: &str| {
        let root = document::parse(body).unwrap();
        let resources = root.get("Resources").unwrap().clone();
        document::fields(&resources)
            .filter_map(|(_, resource)| resource.get("Properties")?.get("AssumeRolePolicyDocument"))
            .flat_map(|trust| trust.get("Statement").unwrap().as_sequence().unwrap().clone())
            .map(|statement| field(&statement, "Action"))
            .collect::<Vec<_>>()
    };
    BOTH.iter().flat_map(|template| of(template.body)).collect()
}

#[test]
fn every_action_of_the_templates_has_words_and_no_words_are_left_over() {
    let used: BTreeSet<String> = statements()
        .iter()
        .flat_map(|statement| &statement.actions)
        .map(|action| action.name.clone())
        .chain(trust_actions())
        .collect();
    let known: BTreeSet<String> = ACTIONS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(known, used);
    assert_eq!(known.len(), ACTIONS.len(), "an action stands twice");
}

#[test]
fn every_statement_of_the_templates_has_a_purpose_and_none_is_left_over() {
    let used: BTreeSet<String> = statements().into_iter().map(|statement| statement.sid).collect();
    let known: BTreeSet<String> = PURPOSES.iter().map(|(sid, ..)| (*sid).to_owned()).collect();
    assert_eq!(known, used);
    assert_eq!(known.len(), PURPOSES.len(), "a purpose stands twice");
}

#[test]
fn words_begin_with_a_capital_and_end_as_their_kind_does() {
    for (name, _, does) in ACTIONS {
        assert!(does.starts_with(|first: char| first.is_ascii_uppercase()), "{name}");
        assert!(!does.ends_with('.'), "{name}");
    }
    for (sid, purpose, why) in PURPOSES {
        assert!(!purpose.ends_with('.'), "{sid}");
        assert!(why.is_empty() || why.ends_with('.'), "{sid}");
    }
}

#[test]
fn an_action_is_known_in_any_case() {
    assert_eq!(action_words("S3:getobject"), action_words("s3:GetObject"));
    assert_eq!(action_words("s3:PutObject"), None);
}

#[test]
fn unknown_actions_and_wildcards_get_neutral_words() {
    let check = |action: &str, does: &str, access| {
        assert_eq!(describe(action), (does.to_owned().into(), access));
    };
    check("sqs:*", "Every action of Amazon SQS", Access::Everything);
    check("sqs:SendMessage", "Action of Amazon SQS", Access::Unknown);
    check(
        "dynamodb:Batch*",
        "Every action of Amazon DynamoDB whose name begins with Batch",
        Access::Everything,
    );
    check(
        "s3:Get*Tagging",
        "Every action of Amazon S3 whose name is like Get*Tagging",
        Access::Everything,
    );
    check("quantum:Entangle", "Action of quantum", Access::Unknown);
    check("*", "Every action of every service", Access::Everything);
}

#[test]
fn a_sid_without_a_purpose_speaks_for_itself() {
    assert_eq!(spelt_out("ReadLoadBalancers"), "Read load balancers");
    assert_eq!(spelt_out("SQSEditor"), "SQS editor");
    assert_eq!(spelt_out(""), "");
}
