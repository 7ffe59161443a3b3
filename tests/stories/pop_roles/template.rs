//! The template's text, held against the wiki. The one thing that is not compared is what
//! descriptions say.

use anyhow::Result;
use serde_json::{Map, Value, json};
use templates::{
    catalog::AWS_ROLES,
    declared::{self, Declared},
};

use super::wiki;

/// The template as it stands in the repository.
pub(super) fn document() -> Value {
    serde_json::from_str(AWS_ROLES.body).expect("the template is JSON")
}

/// Where a template is not what the wiki's tables say, in either direction; empty if nowhere.
pub(super) fn differences(template: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", &expected(), &comparable(template), &mut found);
    found
}

/// What the template has to be, made from the wiki's tables.
fn expected() -> Value {
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {
            "QueueArns": {"Type": "CommaDelimitedList", "Default": "*"},
            "TableArns": {"Type": "CommaDelimitedList", "Default": "*"},
            "FunctionArns": {"Type": "CommaDelimitedList", "Default": "*"},
            "PermissionsBoundary": {"Type": "String", "Default": ""},
            "PolicyPrefix": {"Type": "String", "Default": wiki::POLICY_PREFIX},
            "NamePrefix": {"Type": "String", "Default": ""},
        },
        "Conditions": {
            "HasPermissionsBoundary":
                {"Fn::Not": [{"Fn::Equals": [{"Ref": "PermissionsBoundary"}, ""]}]},
        },
        "Resources": resources(),
        "Outputs": outputs(),
    })
}

fn resources() -> Map<String, Value> {
    let mut all = Map::new();
    for (name, document) in wiki::policies() {
        all.insert(logical_id(name).to_owned(), policy(name, document));
    }
    for (output, name) in wiki::OUTPUTS {
        all.insert(output.to_owned(), role(name));
    }
    all
}

/// A policy is called in the template what the wiki calls it, without `CustomerManaged-POP.`.
fn logical_id(policy: &str) -> &str {
    policy.rsplit('.').next().unwrap_or_default()
}

fn policy(name: &str, mut document: Value) -> Value {
    let resource = match logical_id(name) {
        "SQSEditor" => "QueueArns",
        "DynamoDBEditor" => "TableArns",
        _ => "FunctionArns",
    };
    // Every `*` of the wiki can be narrowed; what it says is the parameter's default.
    document["Statement"][0]["Resource"] = json!({ "Ref": resource });
    let name = name.trim_start_matches(wiki::POLICY_PREFIX);
    json!({
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "ManagedPolicyName": {"Fn::Sub": format!("${{NamePrefix}}${{PolicyPrefix}}{name}")},
            "PolicyDocument": document,
        },
    })
}

fn role(name: &str) -> Value {
    let policies = wiki::roles().remove(name).unwrap_or_default();
    let aws = format!("arn:${{AWS::Partition}}:iam::aws:policy/service-role/{}", wiki::VPC_ACCESS);
    let own = policies.into_iter().filter(|one| *one != wiki::VPC_ACCESS);
    let own = own.map(|one| json!({"Ref": logical_id(one)}));
    let attached: Vec<Value> = [json!({ "Fn::Sub": aws })].into_iter().chain(own).collect();
    let boundary = [
        json!("HasPermissionsBoundary"),
        json!({"Ref": "PermissionsBoundary"}),
        json!({"Ref": "AWS::NoValue"}),
    ];
    json!({
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": {"Fn::Sub": format!("${{NamePrefix}}{name}")},
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [wiki::trust()]},
            "ManagedPolicyArns": sorted(attached),
            "PermissionsBoundary": {"Fn::If": boundary},
        },
    })
}

fn outputs() -> Map<String, Value> {
    let arn = |name: &str| json!({"Value": {"Fn::GetAtt": [name, "Arn"]}});
    let mut all: Map<String, Value> =
        wiki::OUTPUTS.iter().map(|(name, _)| ((*name).to_owned(), arn(name))).collect();
    all.insert("TemplateVersion".to_owned(), json!({"Value": AWS_ROLES.version}));
    all
}

/// The template without what is only said about it, and its attachments in one order.
fn comparable(template: &Value) -> Value {
    let mut template = template.clone();
    for section in ["Description", "Metadata"] {
        template.as_object_mut().map(|all| all.remove(section));
    }
    for section in ["Parameters", "Resources", "Outputs"] {
        for (_, one) in template[section].as_object_mut().into_iter().flatten() {
            for said in ["Description", "ConstraintDescription", "AllowedPattern", "MaxLength"] {
                one.as_object_mut().map(|all| all.remove(said));
            }
            // Nobody but people and cfn-lint reads it.
            one.as_object_mut().map(|all| all.remove("Metadata"));
            if let Some(properties) = one.get_mut("Properties").and_then(Value::as_object_mut) {
                properties.remove("Description");
            }
            if let Some(Value::Array(attached)) = one.pointer_mut("/Properties/ManagedPolicyArns") {
                *attached = sorted(std::mem::take(attached));
            }
        }
    }
    template
}

fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by_key(Value::to_string);
    values
}

fn compare(path: &str, expected: &Value, actual: &Value, found: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(given)) => {
            for (name, value) in wanted {
                match given.get(name) {
                    Some(other) => compare(&format!("{path}/{name}"), value, other, found),
                    None => found.push(format!("{path}/{name} is missing")),
                }
            }
            for (name, value) in given.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
                found.push(format!("{path}/{name} is not in the wiki: {value}"));
            }
        }
        (expected, actual) if expected != actual => {
            found.push(format!("{path} is {actual}, and not {expected}"));
        }
        _ => {}
    }
}

#[test]
fn the_template_says_what_the_wiki_says_and_nothing_else() {
    assert_eq!(differences(&document()), Vec::<String>::new());
}

#[test]
fn no_parameter_is_hidden_and_all_have_defaults() -> Result<()> {
    for parameter in declared::parameters(AWS_ROLES.body)? {
        assert!(!parameter.no_echo, "a link cannot carry {}", parameter.name);
        let default = parameter.default.as_deref().expect("a default");
        assert_eq!(parameter.check(default), Ok(()), "{}", parameter.name);
        assert!(!parameter.description.is_empty(), "{}", parameter.name);
    }
    Ok(())
}

/// IAM takes 64 characters for a role's name and 128 for a policy's.
#[test]
fn no_name_can_become_too_long_for_iam() -> Result<()> {
    let most = |name| Ok::<_, anyhow::Error>(parameter(name)?.max_length.expect("a MaxLength"));
    let longest = |names: Vec<&str>| names.into_iter().map(str::len).max().unwrap_or_default();
    let role = longest(wiki::roles().into_keys().collect());
    assert_eq!(most("NamePrefix")? + role, 64);
    let policy = longest(wiki::policies().into_keys().collect()) - wiki::POLICY_PREFIX.len();
    assert!(most("NamePrefix")? + most("PolicyPrefix")? + policy <= 128);
    Ok(())
}

fn parameter(name: &str) -> Result<Declared> {
    let all = declared::parameters(AWS_ROLES.body)?;
    Ok(all.into_iter().find(|one| one.name == name).expect("the parameter"))
}

/// CloudFormation may check a list entry by entry or as one text: the pattern must be right for both.
fn takes(name: &str, value: &str) -> Result<bool> {
    let entries = parameter(name)?;
    let whole = Declared { kind: declared::Kind::String, ..entries.clone() };
    Ok(entries.check(value).is_ok() && whole.check(value).is_ok())
}

#[test]
fn a_star_can_be_narrowed_to_arns_and_to_nothing_else() -> Result<()> {
    const ACCOUNT: &str = "eu-west-1:111122223333";
    for (name, service, resource) in [
        ("QueueArns", "sqs", "POP-agendas"),
        ("TableArns", "dynamodb", "table/POP-agendas"),
        ("FunctionArns", "lambda", "function:POP-scheduler"),
    ] {
        let arn = format!("arn:aws:{service}:{ACCOUNT}:{resource}");
        for right in [
            "*".to_owned(),
            arn.clone(),
            format!("{arn}, {arn}-2,{arn}-3"),
            format!("{arn}*"),
            format!("arn:aws-us-gov:{service}:us-gov-west-1:111122223333:{resource}"),
            format!("arn:aws-iso-b:{service}:*:*:{resource}"),
        ] {
            assert!(takes(name, &right)?, "{name} refuses {right}");
        }
        for wrong in [
            String::new(),
            "agendas".to_owned(),
            format!("{arn},agendas"),
            format!("{arn},,{arn}"),
            "**".to_owned(),
            "arn:aws:*:*:*:*".to_owned(),
            format!("arn:aws:s3:{ACCOUNT}:{resource}"),
            format!("arn:aws:{service}:eu-west-1:1111:{resource}"),
            format!("{arn}\"}}"),
        ] {
            assert!(!takes(name, &wrong)?, "{name} takes {wrong}");
        }
    }
    assert!(takes("TableArns", "arn:aws:dynamodb:eu-west-1:111122223333:table/a/stream/*")?);
    assert!(takes("FunctionArns", "arn:aws:lambda:eu-west-1:111122223333:function:a:$LATEST")?);
    Ok(())
}

#[test]
fn prefixes_and_boundary_take_what_iam_takes() -> Result<()> {
    for (name, value, right) in [
        ("NamePrefix", "", true),
        ("NamePrefix", "Two_2+=,.@-", true),
        ("NamePrefix", "with space", false),
        ("NamePrefix", "path/", false),
        ("NamePrefix", &"x".repeat(42), false),
        ("PolicyPrefix", "", true),
        ("PolicyPrefix", &"x".repeat(65), false),
        ("PermissionsBoundary", "", true),
        ("PermissionsBoundary", "arn:aws:iam::111122223333:policy/path/Limit", true),
        ("PermissionsBoundary", "arn:aws-cn:iam::aws:policy/PowerUserAccess", true),
        ("PermissionsBoundary", "arn:aws:iam::111122223333:role/Limit", false),
        ("PermissionsBoundary", "Limit", false),
    ] {
        assert_eq!(parameter(name)?.check(value).is_ok(), right, "{name} {value}");
    }
    Ok(())
}
