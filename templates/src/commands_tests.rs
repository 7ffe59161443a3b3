use std::process::Command;

use proptest::prelude::*;

use super::*;

const URL: &str = "https://code-eu-west-1.s3.eu-west-1.amazonaws.com/logs-analysis/0.1.0/logs-analysis-onboarding.yaml";

fn launch<'a>(parameters: &'a [(&'a str, &'a str)]) -> Launch<'a> {
    let stack_name = "logs-analysis-acme-1a2b";
    Launch { region: "eu-west-1", template_url: URL, stack_name, parameters }
}

/// The words that a shell makes of commands, one program call a list.
fn words(text: &str) -> Vec<Vec<String>> {
    let script = format!("aws() {{ printf '%s\\0' $# \"$@\"; }}\n{text}");
    let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let output = String::from_utf8(output.stdout).unwrap();
    let mut words = output.split_terminator('\0').map(str::to_owned);
    let mut calls = Vec::new();
    while let Some(count) = words.next() {
        calls.push(words.by_ref().take(count.parse().unwrap()).collect());
    }
    calls
}

/// The value of an option.
fn option<'a>(words: &'a [String], name: &str) -> &'a str {
    let index = words.iter().position(|word| word == name).unwrap();
    &words[index + 1]
}

#[test]
fn the_cli_command_is_readable() {
    let launch = launch(&[("LoadBalancers", "tag:team=web,all"), ("OnboardingToken", "t0ken")]);
    assert_eq!(
        aws_cli(&launch, true),
        r#"aws cloudformation create-stack \
  --region eu-west-1 \
  --stack-name logs-analysis-acme-1a2b \
  --template-url https://code-eu-west-1.s3.eu-west-1.amazonaws.com/logs-analysis/0.1.0/logs-analysis-onboarding.yaml \
  --capabilities CAPABILITY_IAM \
  --role-arn REPLACE_WITH_LaunchRoleArn \
  --parameters '[
    {"ParameterKey":"LoadBalancers","ParameterValue":"tag:team=web,all"},
    {"ParameterKey":"OnboardingToken","ParameterValue":"t0ken"}
  ]'
"#
    );
    assert!(!aws_cli(&launch, false).contains("role-arn"));
}

#[test]
fn the_preflight_fetches_program_and_template_and_gets_the_stacks_values() {
    let launch = launch(&[
        ("LoadBalancers", "tag:team=web's,all"),
        ("OnboardingToken", "t0ken"),
        ("LogRetentionDays", "90"),
    ]);
    let expected = r"mkdir -p preflight && cd preflight
aws s3 cp --region eu-west-1 s3://code-eu-west-1/logs-analysis/0.1.0/preflight.zip preflight.zip \
  && aws s3 cp --region eu-west-1 s3://code-eu-west-1/logs-analysis/0.1.0/logs-analysis-onboarding.yaml template.yaml \
  && unzip -oq preflight.zip
./preflight \
  --region eu-west-1 \
  --stack-name logs-analysis-acme-1a2b \
  --template template.yaml \
  --load-balancers 'tag:team=web'\''s,all' \
  --log-retention-days 90
";
    assert_eq!(preflight(&launch), expected);
}

#[test]
fn a_launch_without_parameters_has_no_empty_list() {
    assert!(aws_cli(&launch(&[]), false).ends_with("CAPABILITY_IAM\n"));
}

#[test]
fn waiting_and_deleting_name_region_and_stack() {
    let launch = launch(&[]);
    let end = "\\\n  --region eu-west-1 \\\n  --stack-name logs-analysis-acme-1a2b\n";
    let expected = format!("aws cloudformation wait stack-create-complete {end}");
    assert_eq!(aws_cli_wait(&launch), expected);
    let expected = format!(
        "aws cloudformation delete-stack {end}aws cloudformation wait stack-delete-complete {end}"
    );
    assert_eq!(delete(&launch), expected);
}

#[test]
fn a_stack_set_takes_all_load_balancers_of_every_account() {
    let launch = launch(&[("LoadBalancers", "arn:aws:one"), ("OnboardingToken", "t0ken")]);
    assert_eq!(
        stack_set(&launch, &["eu-west-1", "us-east-1"]),
        r#"aws cloudformation create-stack-set \
  --region eu-west-1 \
  --stack-set-name logs-analysis-acme-1a2b \
  --template-url https://code-eu-west-1.s3.eu-west-1.amazonaws.com/logs-analysis/0.1.0/logs-analysis-onboarding.yaml \
  --capabilities CAPABILITY_IAM \
  --permission-model SERVICE_MANAGED \
  --auto-deployment Enabled=true,RetainStacksOnAccountRemoval=false \
  --parameters '[
    {"ParameterKey":"LoadBalancers","ParameterValue":"all"},
    {"ParameterKey":"OnboardingToken","ParameterValue":"t0ken"}
  ]'
aws cloudformation create-stack-instances \
  --region eu-west-1 \
  --stack-set-name logs-analysis-acme-1a2b \
  --deployment-targets OrganizationalUnitIds=REPLACE_WITH_OU_ID \
  --regions eu-west-1 us-east-1 \
  --operation-preferences FailureTolerancePercentage=100,MaxConcurrentPercentage=100
"#
    );
    assert!(stack_set(&launch, &[]).contains("--regions eu-west-1 \\\n"));
}

#[test]
fn terraform_is_readable() {
    let launch = launch(&[("LoadBalancers", "tag:team=web,all"), ("OnboardingToken", "t0ken")]);
    assert_eq!(
        terraform(&launch),
        r#"provider "aws" {
  alias  = "logs_analysis_acme_1a2b"
  region = "eu-west-1"
}

resource "aws_cloudformation_stack" "logs_analysis_acme_1a2b" {
  provider     = aws.logs_analysis_acme_1a2b
  name         = "logs-analysis-acme-1a2b"
  template_url = "https://code-eu-west-1.s3.eu-west-1.amazonaws.com/logs-analysis/0.1.0/logs-analysis-onboarding.yaml"
  capabilities = ["CAPABILITY_IAM"]

  parameters = {
    "LoadBalancers"   = "tag:team=web,all"
    "OnboardingToken" = "t0ken"
  }
}
"#
    );
}

/// Expected results as `terraform console` (1.11) reads them back.
#[test]
fn terraform_reads_a_text_back_as_it_was() {
    for (text, hcl) in [
        ("", r#""""#),
        (r#"say "hi""#, r#""say \"hi\"""#),
        (r"back\slash", r#""back\\slash""#),
        ("a${b}", r#""a$${b}""#),
        ("$${b}", r#""$$${b}""#),
        ("$$$${b}", r#""$$$$${b}""#),
        ("100%{b}%", r#""100%%{b}%""#),
        ("$%{", r#""$%%{""#),
        ("$\"{", r#""$\"{""#),
        ("line\nbreak\r\t\u{0}\u{85}", r#""line\nbreak\r\t\u0000\u0085""#),
        ("日本語", r#""日本語""#),
    ] {
        assert_eq!(terraform_text(text), hcl);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    /// A real shell hands on what was meant, and runs nothing else.
    #[test]
    fn a_shell_takes_every_value_as_it_is(
        values in proptest::collection::vec("(\\PC|['\"`$\\\\!;&|<>()*?~# \n\t-]){0,40}", 1..4),
    ) {
        let names: Vec<String> = (0..values.len()).map(|index| format!("X{index}")).collect();
        let parameters: Vec<(&str, &str)> =
            names.iter().zip(&values).map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let launch = Launch { template_url: &values[0], ..launch(&parameters) };
        let calls = words(&(aws_cli(&launch, true) + &stack_set(&launch, &[]) + &delete(&launch)));
        prop_assert_eq!(calls.len(), 5, "{:?}", calls);
        prop_assert_eq!(&calls[0][..2], ["cloudformation", "create-stack"]);
        prop_assert_eq!(calls[0].len(), 14);
        prop_assert_eq!(option(&calls[0], "--template-url"), &values[0]);
        let read: serde_json::Value =
            serde_json::from_str(option(&calls[0], "--parameters")).unwrap();
        let expected: Vec<_> = parameters
            .iter()
            .map(|(name, value)| json!({"ParameterKey": name, "ParameterValue": value}))
            .collect();
        prop_assert_eq!(read, json!(expected));
    }
}
