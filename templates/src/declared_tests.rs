use super::*;
use crate::catalog::{LOGS_ANALYSIS_ONBOARDING, STACK_LAUNCH_ROLE, Template};

const ARN: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0123456789abcdef";

fn one(template: &Template, name: &str) -> Declared {
    let all = parameters(template.body).unwrap();
    all.into_iter().find(|parameter| parameter.name == name).unwrap()
}

/// The only parameter of a template with these attributes.
fn declaring(attributes: &str) -> Result<Declared, ReadError> {
    let body = format!("Parameters: {{Value: {{{attributes}}}}}");
    parameters(&body).map(|mut all| all.remove(0))
}

fn reason(attributes: &str, value: &str) -> String {
    declaring(attributes).unwrap().check(value).unwrap_err()
}

fn fits(attributes: &str, value: &str) -> bool {
    declaring(attributes).unwrap().check(value).is_ok()
}

#[test]
fn the_onboarding_template_declares_what_the_contract_names_in_its_order() {
    let all = parameters(LOGS_ANALYSIS_ONBOARDING.body).unwrap();
    let names: Vec<&str> = all.iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(names, crate::parameters::ALL.map(|parameter| parameter.name));
    assert_eq!(all[0].kind, Kind::CommaDelimitedList);
    assert_eq!(all[0].default, None);
    assert_eq!(all[1].default.as_deref(), Some(""));
    assert!(all.iter().all(|parameter| !parameter.no_echo && !parameter.description.is_empty()));
    assert_eq!(all[3].kind, Kind::Number);
    assert_eq!(all[3].default.as_deref(), Some("365"));
    assert_eq!((all[3].min_value, all[3].max_value), (Some(1.0), Some(3650.0)));
}

#[test]
fn the_launch_role_declares_the_stack_name() {
    let all = parameters(STACK_LAUNCH_ROLE.body).unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].name, crate::parameters::LAUNCH_ROLE_STACK_NAME);
    assert_eq!(all[0].check("logs-analysis"), Ok(()));
    assert!(all[0].check("lo").is_err());
}

#[test]
fn every_default_of_the_templates_fits() {
    for template in crate::catalog::ALL {
        for parameter in parameters(template.body).unwrap() {
            if let Some(default) = &parameter.default {
                assert_eq!(parameter.check(default), Ok(()), "{}", parameter.name);
            }
        }
    }
}

#[test]
fn load_balancers_are_checked_entry_by_entry() {
    let load_balancers = one(&LOGS_ANALYSIS_ONBOARDING, "LoadBalancers");
    for value in ["all", "tag:team=web", ARN, &format!("{ARN},{ARN}"), &format!("{ARN}, tag:a=b")] {
        assert_eq!(load_balancers.check(value), Ok(()), "{value}");
    }
    for value in ["", "web", "arn:aws:s3:::bucket", &format!("{ARN},"), "tag:team", "all\n"] {
        assert!(load_balancers.check(value).is_err(), "{value:?}");
    }
    let many = vec![ARN; 60].join(",");
    assert!(load_balancers.check(&many).unwrap_err().contains("4096 bytes"));
    assert_eq!(
        load_balancers.check(&format!("{ARN},web")).unwrap_err(),
        "must be ARNs of application or network load balancers, tag:Key=Value, or all (entry 2 of \
         the list)"
    );
}

#[test]
fn a_reason_never_repeats_the_value() {
    let token = one(&LOGS_ANALYSIS_ONBOARDING, "OnboardingToken");
    let reason = token.check("secret token").unwrap_err();
    assert_eq!(reason, "must be at most 128 letters, digits, underscores and hyphens");
}

#[test]
fn a_pattern_is_for_the_whole_value() {
    let attributes = "Type: String, AllowedPattern: 'a|bc'";
    assert!(fits(attributes, "a") && fits(attributes, "bc"));
    for value in ["abc", "ac", "a\n", "xa", ""] {
        assert!(!fits(attributes, value), "{value:?}");
    }
    assert_eq!(reason(attributes, "x"), "must be of the form a|bc");
}

#[test]
fn lengths_are_counted_in_characters() {
    let attributes = "Type: String, MinLength: 2, MaxLength: '3'";
    assert!(fits(attributes, "éü") && fits(attributes, "日本語"));
    assert_eq!(reason(attributes, "é"), "must be at least 2 characters long");
    assert_eq!(reason(attributes, "abcd"), "must be at most 3 characters long");
}

#[test]
fn numbers_are_finite_and_in_their_range() {
    let attributes = "Type: Number, MinValue: 1, MaxValue: 2.5";
    assert!(fits(attributes, "1") && fits(attributes, "2.5"));
    for value in ["", "inf", "NaN", "one", "1e999"] {
        assert_eq!(reason(attributes, value), "must be a number", "{value}");
    }
    assert_eq!(reason(attributes, "0"), "must be 1 or more");
    assert_eq!(reason(attributes, "2.51"), "must be 2.5 or less");
    assert!(fits("Type: List<Number>, MaxValue: 3", "1, 2,3"));
    assert!(!fits("Type: List<Number>, MaxValue: 3", "1,4"));
}

#[test]
fn only_allowed_values_fit_where_there_are_any() {
    let attributes = "Type: String, AllowedValues: [one, 2, true]";
    assert!(fits(attributes, "one") && fits(attributes, "2") && fits(attributes, "true"));
    assert_eq!(reason(attributes, "two"), "must be one of one, 2, true");
    assert!(fits("Type: CommaDelimitedList, AllowedValues: [a, b]", "b,a"));
}

#[test]
fn no_echo_may_be_a_text() {
    assert!(declaring("Type: String, NoEcho: true").unwrap().no_echo);
    assert!(declaring("Type: String, NoEcho: 'True'").unwrap().no_echo);
    assert!(!declaring("Type: String, NoEcho: false").unwrap().no_echo);
}

#[test]
fn types_of_aws_are_kept_as_they_are_written() {
    let kind = declaring("Type: 'List<AWS::EC2::Subnet::Id>'").unwrap().kind;
    assert_eq!(kind.name(), "List<AWS::EC2::Subnet::Id>");
    assert!(kind.is_list());
    assert!(!declaring("Type: 'AWS::EC2::VPC::Id'").unwrap().kind.is_list());
}

#[test]
fn a_template_in_json_is_read_with_its_tabs_and_in_its_order() {
    let body = "{\n\t\"Parameters\": {\n\t\t\"Zone\": {\"Type\": \"String\"},\n\t\t\"Age\": {\"Type\": \
         \"Number\", \"Default\": 3, \"NoEcho\": \"true\"}\n\t}\n}";
    let all = parameters(body).unwrap();
    assert_eq!(all[0].name, "Zone");
    assert_eq!(all[1].default.as_deref(), Some("3"));
    assert!(all[1].no_echo);
}

#[test]
fn a_template_needs_no_parameters() {
    assert_eq!(parameters("Resources: {A: !Ref B}"), Ok(Vec::new()));
    assert_eq!(parameters("Parameters:\nResources: {}"), Ok(Vec::new()));
}

#[test]
fn what_cannot_be_read_is_named() {
    for (body, words) in [
        ("", "top level"),
        ("words", "top level"),
        ("a: [", "YAML or JSON"),
        ("{\"a\": ", "YAML or JSON"),
        ("Parameters: {A: {Type: String}, A: {Type: String}}", "duplicate"),
        ("Parameters: [a]", "section Parameters"),
        ("Parameters: {A: {Default: b}}", "Parameter A"),
        ("Parameters: {A: {Type: String, MinLength: many}}", "MinLength"),
        ("Parameters: {A: {Type: String, AllowedPattern: '(?=a)'}}", "AllowedPattern"),
        ("Parameters: {A: {Type: String, AllowedPattern: 'a)(b'}}", "AllowedPattern"),
    ] {
        let message = parameters(body).unwrap_err().to_string();
        assert!(message.contains(words), "{body:?}: {message}");
    }
}
