use proptest::prelude::*;

use super::*;
use crate::{
    catalog::{self, LOGS_ANALYSIS_ONBOARDING},
    declared::Kind,
    parameters::{LOAD_BALANCERS, LOG_RETENTION_DAYS, ONBOARDING_TOKEN},
};

const URL: &str = "https://code-eu-west-1.s3.eu-west-1.amazonaws.com/logs-analysis/0.1.0/logs-analysis-onboarding.yaml";

/// Takes every value.
fn anything(name: &str) -> Declared {
    Declared {
        name: name.to_owned(),
        kind: Kind::String,
        no_echo: false,
        default: None,
        allowed_pattern: None,
        allowed_values: Vec::new(),
        min_length: None,
        max_length: None,
        min_value: None,
        max_value: None,
        description: String::new(),
        constraint_description: String::new(),
    }
}

fn onboarding() -> Vec<Declared> {
    declared::parameters(LOGS_ANALYSIS_ONBOARDING.body).unwrap()
}

fn launch<'a>(parameters: &'a [(&'a str, &'a str)]) -> Launch<'a> {
    let stack_name = "logs-analysis-acme-1a2b";
    Launch { region: "eu-west-1", template_url: URL, stack_name, parameters }
}

/// Why the launch gets no link.
fn refused(launch: &Launch<'_>) -> LinkError {
    link(launch, &onboarding()).unwrap_err()
}

#[test]
fn the_link_is_the_documented_one_in_every_partition() {
    let parameters = [(LOAD_BALANCERS, "tag:team=web, all"), (ONBOARDING_TOKEN, "t0ken_-")];
    for (region, console, s3) in [
        ("eu-west-1", "console.aws.amazon.com", "amazonaws.com"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com", "amazonaws.com"),
        ("cn-north-1", "console.amazonaws.cn", "amazonaws.com.cn"),
        ("eusc-de-east-1", "console.amazonaws-eusc.eu", "amazonaws.eu"),
    ] {
        let url = template_url("code", region, "logs-analysis-onboarding", "0.1.0").unwrap();
        let launch = Launch { region, template_url: &url, ..launch(&parameters) };
        assert_eq!(
            link(&launch, &onboarding()).unwrap_or_else(|error| panic!("{error}")),
            format!(
                "https://{region}.{console}/cloudformation/home?region={region}\
                 #/stacks/create/review?templateURL=https%3A%2F%2Fcode-{region}.s3.{region}.{s3}\
                 %2Flogs-analysis%2F0.1.0%2Flogs-analysis-onboarding.yaml\
                 &stackName=logs-analysis-acme-1a2b&param_LoadBalancers=tag%3Ateam%3Dweb%2C%20all\
                 &param_OnboardingToken=t0ken_-"
            )
        );
    }
}

fn round_trip(values: &[String]) -> Result<(), TestCaseError> {
    let names: Vec<String> = (0..values.len()).map(|index| format!("X{index}")).collect();
    let declared: Vec<Declared> = names.iter().map(|name| anything(name)).collect();
    let parameters: Vec<(&str, &str)> =
        names.iter().zip(values).map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let link = link(&launch(&parameters), &declared).unwrap();
    let expected = Parsed {
        region: "eu-west-1".to_owned(),
        template_url: URL.to_owned(),
        stack_name: "logs-analysis-acme-1a2b".to_owned(),
        parameters: names.iter().cloned().zip(values.iter().cloned()).collect(),
    };
    prop_assert_eq!(parse(&link).unwrap(), expected);
    let fragment = link.split_once('#').map(|(_, fragment)| fragment).unwrap();
    let fields = fragment.split_once('?').map(|(_, fields)| fields).unwrap();
    prop_assert_eq!(fields.matches('&').count(), values.len() + 1);
    prop_assert_eq!(fields.matches('=').count(), values.len() + 2);
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._%&=".contains(&byte);
    prop_assert!(fields.bytes().all(harmless), "{}", fields);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever the values, the console reads back just them, and nothing besides.
    #[test]
    fn what_goes_into_a_link_comes_out_of_it(
        values in proptest::collection::vec("(\\PC|[\u{0}-\u{1f}&=#?%+*/ ]|param_X=|%26){0,40}", 0..4),
    ) {
        round_trip(&values)?;
    }

    #[test]
    fn every_name_gives_a_valid_stack_name(customer in "(\\PC|[a-z -]){0,80}", unique in "\\PC{0,40}") {
        let name = stack_name(&customer, &unique);
        prop_assert!(is_stack_name(&name), "{}", name);
        prop_assert!(name.len() <= MAX_STACK_NAME_LENGTH, "{}", name);
        prop_assert!(name.starts_with("logs-analysis"));
        prop_assert!(!name.contains("--") && !name.ends_with('-'), "{}", name);
    }

    #[test]
    fn reading_a_link_never_panics(text in "\\PC{0,200}", fields in "[a-zA-Z_=&%?#/]{0,80}") {
        let _ = parse(&text);
        let _ = parse(&format!(
            "https://eu-west-1.console.aws.amazon.com/cloudformation/home?region=eu-west-1#{fields}"
        ));
    }
}

#[test]
fn no_value_can_smuggle_in_another_parameter() {
    for value in [
        "a&param_X1=1",
        "#",
        "?a",
        "%26param_X1%3D1",
        "line\nbreak\r\n",
        "a b+c*d~e",
        "",
        "\u{0}",
        "日本語 \u{1f600} \u{202e}",
        "&templateURL=https://evil.example/",
    ] {
        round_trip(&[value.to_owned()]).unwrap();
    }
}

#[test]
fn a_region_must_be_one() {
    for region in ["", "eu-west", "us-iso-east-1", "evil.example/?", "EU-WEST-1"] {
        let error = refused(&Launch { region, ..launch(&[]) });
        assert_eq!(error, LinkError::UnknownRegion(region.to_owned()));
    }
}

#[test]
fn a_template_must_lie_in_s3_of_the_partition() {
    for url in [
        "https://s3.eu-west-1.amazonaws.com/code/logs.yaml",
        "https://code.s3.us-east-1.amazonaws.com/logs.yaml",
        "https://code.s3.us-east-1.amazonaws.com/logs.yaml?versionId=a",
    ] {
        let launch = Launch { template_url: url, ..launch(&[]) };
        assert!(parse(&link(&launch, &[]).unwrap()).unwrap().template_url == url);
    }
    for url in [
        "",
        "logs.yaml",
        "http://code.s3.eu-west-1.amazonaws.com/logs.yaml",
        "https://code.s3.eu-west-1.amazonaws.com/",
        "https://s3.eu-west-1.amazonaws.com/code",
        "https://s3.eu-west-1.amazonaws.com/code/",
        "https://code.s3.cn-north-1.amazonaws.com.cn/logs.yaml",
        "https://code.s3.cn-north-1.amazonaws.com/logs.yaml",
        "https://code.s3.us-gov-west-1.amazonaws.com/logs.yaml",
        "https://code.s3.eu-west-1.amazonaws.com.evil.example/logs.yaml",
        "https://code.s3.eu-west-1.evilamazonaws.com/logs.yaml",
        "https://code.s3.eu-west-1.amazonaws.com@evil.example/logs.yaml",
        "https://user@code.s3.eu-west-1.amazonaws.com/logs.yaml",
        "https://code.s3.eu-west-1.amazonaws.com:8443/logs.yaml",
        "https://code.s3.eu-west-1.amazonaws.com/logs.yaml#a",
        "https://code.s3.eu-west-1.amazonaws.com\\logs.yaml",
        "https://code.s3.eu-west-1.amazonaws.com/logs .yaml",
        "https://code.s3.eu-west-1.amazonaws.com/a/../logs.yaml",
        "https://CODE.s3.eu-west-1.amazonaws.com/logs.yaml",
        "https://code.s3-website.eu-west-1.amazonaws.com/logs.yaml",
        "https://ec2.eu-west-1.amazonaws.com/code/logs.yaml",
        "https://eu-west-1.amazonaws.com/code/logs.yaml",
        "https://amazonaws.com/code/logs.yaml",
        "https://127.0.0.1/code/logs.yaml",
        "https://raw.githubusercontent.com/vendor/logs.yaml",
    ] {
        let error = refused(&Launch { template_url: url, ..launch(&[]) });
        assert!(matches!(error, LinkError::TemplateUrl { .. }), "{url}: {error}");
    }
}

#[test]
fn a_stack_name_must_be_one_that_cloudformation_takes() {
    let long = "a".repeat(129);
    for stack_name in ["", "1a", "-a", "a_b", "a b", "a&stackName=b", "é", &long] {
        let error = refused(&Launch { stack_name, ..launch(&[]) });
        assert_eq!(error, LinkError::StackName(stack_name.to_owned()));
    }
    assert!(link(&Launch { stack_name: &long[1..], ..launch(&[]) }, &[]).is_ok());
}

#[test]
fn what_the_console_would_drop_is_refused() {
    for name in ["Loadbalancers", "", "LoadBalancers&param_X"] {
        assert_eq!(refused(&launch(&[(name, "all")])), LinkError::NotDeclared(name.to_owned()));
    }
    let hidden = Declared { no_echo: true, ..anything("Password") };
    let error = link(&launch(&[("Password", "")]), &[hidden]).unwrap_err();
    assert_eq!(error, LinkError::NoEcho("Password".to_owned()));
    let twice = [(LOAD_BALANCERS, "all"), (ONBOARDING_TOKEN, "a"), (LOAD_BALANCERS, "all")];
    assert_eq!(refused(&launch(&twice)), LinkError::Twice(LOAD_BALANCERS.to_owned()));
}

#[test]
fn a_value_must_fit_and_is_not_repeated() {
    let error = refused(&launch(&[(ONBOARDING_TOKEN, "not a token")]));
    assert_eq!(
        error.to_string(),
        "The value of parameter OnboardingToken does not fit: it must be at most 128 letters, \
         digits, underscores and hyphens. Correct the value."
    );
    let error = refused(&launch(&[(LOG_RETENTION_DAYS, "0")]));
    assert!(error.to_string().contains("must be 1 or more"), "{error}");
}

#[test]
fn too_many_load_balancers_are_refused_with_a_way_out() {
    let arn =
        "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/0123456789abcdef";
    let some = vec![arn; 40].join(",");
    assert!(link(&launch(&[(LOAD_BALANCERS, &some)]), &onboarding()).is_ok());
    let many = vec![arn; 50].join(",");
    let error = refused(&launch(&[(LOAD_BALANCERS, &many)]));
    assert_eq!(error, LinkError::TooManyLoadBalancers(many.len()));
    assert!(error.to_string().contains("tag:Key=Value"));
}

#[test]
fn a_link_that_is_too_long_is_refused_with_a_way_out() {
    let signs = "&".repeat(3_000);
    let error = link(&launch(&[("X", &signs)]), &[anything("X")]).unwrap_err();
    assert!(matches!(error, LinkError::TooLong(length) if length > 9_000), "{error}");
    assert!(error.to_string().contains("tag:Key=Value"));
    let just = "a".repeat(4_000);
    let length = link(&launch(&[("X", &just), ("Y", "")]), &[anything("X"), anything("Y")]);
    let rest = "a".repeat(MAX_LINK_LENGTH - length.unwrap().len());
    let full = [("X", just.as_str()), ("Y", rest.as_str())];
    let full = link(&launch(&full), &[anything("X"), anything("Y")]).unwrap();
    assert_eq!(full.len(), MAX_LINK_LENGTH);
}

#[test]
fn a_template_address_is_made_of_plain_parts_only() {
    for (prefix, id, version, part) in [
        ("", "id", "1.0.0", "code bucket prefix"),
        ("-code", "id", "1.0.0", "code bucket prefix"),
        ("Code", "id", "1.0.0", "code bucket prefix"),
        ("co.de", "id", "1.0.0", "code bucket prefix"),
        ("evil.example/", "id", "1.0.0", "code bucket prefix"),
        (&"a".repeat(54), "id", "1.0.0", "code bucket prefix"),
        ("code", "", "1.0.0", "template id"),
        ("code", "../id", "1.0.0", "template id"),
        ("code", "id", "", "version"),
        ("code", "id", "../1", "version"),
        ("code", "id", "1/2", "version"),
    ] {
        let error = template_url(prefix, "eu-west-1", id, version).unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
    let longest = template_url(&"a".repeat(53), "eu-west-1", "id", "1.0.0-beta.1").unwrap();
    assert!(link(&Launch { template_url: &longest, ..launch(&[]) }, &[]).is_ok());
    assert!(template_url("code", "nowhere", "id", "1.0.0").is_err());
}

#[test]
fn what_is_no_link_is_not_read_as_one() {
    let good = link(&launch(&[]), &[]).unwrap();
    for (from, to) in [
        ("https://", "http://"),
        ("https://", "https://evil.example/"),
        ("console.aws", "console.evil"),
        ("https://eu-west-1.", "https://us-east-1."),
        ("region=eu-west-1", "region=nowhere"),
        ("?region=eu-west-1", ""),
        ("?region=eu-west-1", "?region=eu-west-1&a=b"),
        ("#", ""),
        ("cloudformation/home", "ec2/home"),
        ("create/review", "create/template"),
        ("templateURL", "templateurl"),
        ("&stackName", "&param_X=1&StackName"),
        ("&stackName", "&stackName=a&stackName"),
    ] {
        assert!(parse(&good.replacen(from, to, 1)).is_err(), "{from} -> {to}");
    }
    assert!(parse(&good).is_ok());
}

#[test]
fn a_stack_name_says_whose_it_is() {
    for (customer, unique, name) in [
        ("Acme Ltd.", "1a2b", "logs-analysis-acme-ltd-1a2b"),
        ("  --A & B--  ", "X9", "logs-analysis-a-b-X9"),
        ("日本語", "1a2b", "logs-analysis-1a2b"),
        ("", "", "logs-analysis"),
        ("Müller", "1", "logs-analysis-m-ller-1"),
    ] {
        assert_eq!(stack_name(customer, unique), name);
    }
    let long = stack_name(&"very long name ".repeat(9), "1a2b3c4d");
    assert!(long.ends_with("-1a2b3c4d") && long.len() <= MAX_STACK_NAME_LENGTH, "{long}");
}

#[test]
fn the_templates_take_what_links_fill_in() {
    for template in &catalog::ALL {
        check_contract(template.id, template.body).unwrap();
    }
}

#[test]
fn a_template_that_does_not_take_it_is_refused() {
    let id = LOGS_ANALYSIS_ONBOARDING.id;
    let with = |body| check_contract(id, body);
    assert_eq!(with("Resources: {}"), Err(LinkError::NotDeclared(LOAD_BALANCERS.to_owned())));
    let hidden = "Parameters: {LoadBalancers: {Type: String}, OnboardingToken: {Type: String, NoEcho: true}}";
    assert_eq!(with(hidden), Err(LinkError::NoEcho(ONBOARDING_TOKEN.to_owned())));
    assert!(matches!(with("a: ["), Err(LinkError::Template(_))));
}
