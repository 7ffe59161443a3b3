//! The same launch as [`crate::quick_create`] makes a link for, as text for other tools.
//!
//! Commands are for a POSIX shell. They hold no comments, which some shells do not take when pasted;
//! what a person has to fill in begins with `REPLACE_WITH_`. Values are quoted whatever is in them,
//! but not checked: make the link first, which does.

use std::fmt::Write as _;

use serde_json::json;

use crate::{
    parameters::{EXISTING_BUCKET_NAME, LOAD_BALANCERS, LOG_RETENTION_DAYS},
    quick_create::Launch,
};

/// Stands for the output `LaunchRoleArn` of the launch role's stack.
pub const ROLE_ARN_PLACEHOLDER: &str = "REPLACE_WITH_LaunchRoleArn";

/// Stands for the organizational unit whose accounts get stacks.
pub const OU_PLACEHOLDER: &str = "REPLACE_WITH_OU_ID";

/// The AWS CLI command that creates the stack; with a place for the launch role if asked for.
pub fn aws_cli(launch: &Launch<'_>, role_arn_placeholder: bool) -> String {
    let mut options = stack(launch);
    options.push(("template-url", quoted(launch.template_url)));
    options.push(("capabilities", "CAPABILITY_IAM".to_owned()));
    if role_arn_placeholder {
        options.push(("role-arn", ROLE_ARN_PLACEHOLDER.to_owned()));
    }
    options.extend(parameters(launch.parameters));
    command("create-stack", &options)
}

/// The AWS CLI command that creates a stack whose template gives its roles names of their own.
pub fn aws_cli_named(launch: &Launch<'_>) -> String {
    let mut options = stack(launch);
    options.push(("template-url", quoted(launch.template_url)));
    options.push(("capabilities", "CAPABILITY_NAMED_IAM".to_owned()));
    options.extend(parameters(launch.parameters));
    command("create-stack", &options)
}

/// The AWS CLI commands that bring a stack that is there to this template and these values, and return
/// once that is done.
pub fn aws_cli_update(launch: &Launch<'_>) -> String {
    let mut options = stack(launch);
    options.push(("template-url", quoted(launch.template_url)));
    options.push(("capabilities", "CAPABILITY_IAM".to_owned()));
    options.extend(parameters(launch.parameters));
    command("update-stack", &options) + &command("wait stack-update-complete", &stack(launch))
}

/// The commands that look what the stack would change in the account, and change nothing.
///
/// The program and the template lie in the same folder of the vendor's bucket, which any AWS account may
/// read. They are fetched into a folder of their own with the AWS CLI and its credentials, in AWS
/// `CloudShell` for instance, and run with them; the program is for Linux on x86-64.
pub fn preflight(launch: &Launch<'_>) -> String {
    let template = s3_uri(launch.template_url);
    let folder = template.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (program, template) = (quoted(&format!("{folder}/preflight.zip")), quoted(&template));
    let region = quoted(launch.region);
    let mut options = vec![
        ("region", quoted(launch.region)),
        ("stack-name", quoted(launch.stack_name)),
        ("template", "template.yaml".to_owned()),
    ];
    let value = |name: &str| launch.parameters.iter().find(|(known, _)| *known == name);
    for (parameter, option) in [
        (LOAD_BALANCERS, "load-balancers"),
        (EXISTING_BUCKET_NAME, "existing-bucket"),
        (LOG_RETENTION_DAYS, "log-retention-days"),
    ] {
        options.extend(value(parameter).map(|(_, value)| (option, quoted(value))));
    }
    format!(
        "mkdir -p preflight && cd preflight\naws s3 cp --region {region} {program} preflight.zip \\\n  \
         && aws s3 cp --region {region} {template} template.yaml \\\n  && unzip -oq \
         preflight.zip\n{}",
        options_of("./preflight", &options)
    )
}

/// `s3://BUCKET/KEY` of an object's address, whose host begins with the bucket's name.
fn s3_uri(url: &str) -> String {
    let rest = url.trim_start_matches("https://");
    let (host, key) = rest.split_once('/').unwrap_or((rest, ""));
    let bucket = host.split_once(".s3.").map_or(host, |(bucket, _)| bucket);
    format!("s3://{bucket}/{key}")
}

/// The AWS CLI command that returns once the stack is complete, or has failed.
pub fn aws_cli_wait(launch: &Launch<'_>) -> String {
    command("wait stack-create-complete", &stack(launch))
}

/// The AWS CLI commands that delete the stack, and return once it is gone.
pub fn delete(launch: &Launch<'_>) -> String {
    let options = stack(launch);
    command("delete-stack", &options) + &command("wait stack-delete-complete", &options)
}

/// The AWS CLI commands for a stack in every account of an organizational unit.
///
/// In each of `regions` (only the launch's own if there are none), and for all load balancers. To be
/// run in the organization's management account. Accounts that join the unit later get a stack too. AWS makes none in the management account. One
/// account that fails does not stop the others.
pub fn stack_set(launch: &Launch<'_>, regions: &[&str]) -> String {
    let set = || {
        let name = ("stack-set-name", quoted(launch.stack_name));
        vec![("region", quoted(launch.region)), name]
    };
    // Each account has load balancers of its own, so only a value that suits every account will do.
    let mut values = vec![(LOAD_BALANCERS, "all")];
    values.extend(launch.parameters.iter().filter(|(name, _)| *name != LOAD_BALANCERS));
    let mut create = set();
    create.push(("template-url", quoted(launch.template_url)));
    create.push(("capabilities", "CAPABILITY_IAM".to_owned()));
    create.push(("permission-model", "SERVICE_MANAGED".to_owned()));
    let for_new_accounts = "Enabled=true,RetainStacksOnAccountRemoval=false";
    create.push(("auto-deployment", for_new_accounts.to_owned()));
    create.extend(parameters(&values));

    let own = [launch.region];
    let regions = if regions.is_empty() { &own } else { regions };
    let regions: Vec<String> = regions.iter().map(|region| quoted(region)).collect();
    let mut instances = set();
    instances.push(("deployment-targets", format!("OrganizationalUnitIds={OU_PLACEHOLDER}")));
    instances.push(("regions", regions.join(" ")));
    let all_the_same = "FailureTolerancePercentage=100,MaxConcurrentPercentage=100";
    instances.push(("operation-preferences", all_the_same.to_owned()));
    command("create-stack-set", &create) + &command("create-stack-instances", &instances)
}

/// The stack as Terraform, with a provider of its own for the region.
pub fn terraform(launch: &Launch<'_>) -> String {
    let label = terraform_label(launch.stack_name);
    let region = terraform_text(launch.region);
    let name = terraform_text(launch.stack_name);
    let template_url = terraform_text(launch.template_url);
    let names: Vec<String> =
        launch.parameters.iter().map(|(name, _)| terraform_text(name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let mut values = String::new();
    for (name, (_, value)) in names.iter().zip(launch.parameters) {
        // Writing to a String cannot fail.
        let _ = writeln!(values, "    {name:width$} = {}", terraform_text(value));
    }
    format!(
        r#"provider "aws" {{
  alias  = "{label}"
  region = {region}
}}

resource "aws_cloudformation_stack" "{label}" {{
  provider     = aws.{label}
  name         = {name}
  template_url = {template_url}
  capabilities = ["CAPABILITY_IAM"]

  parameters = {{
{values}  }}
}}
"#
    )
}

type CliOption = (&'static str, String);

/// Which stack a command is about.
fn stack(launch: &Launch<'_>) -> Vec<CliOption> {
    vec![("region", quoted(launch.region)), ("stack-name", quoted(launch.stack_name))]
}

/// Parameters as JSON: in the AWS CLI's shorthand, commas in values would need escapes of their own.
fn parameters(values: &[(&str, &str)]) -> Option<CliOption> {
    let one = |(name, value): &(&str, &str)| {
        json!({"ParameterKey": name, "ParameterValue": value}).to_string()
    };
    let list = values.iter().map(one).collect::<Vec<_>>().join(",\n    ");
    (!values.is_empty()).then(|| ("parameters", quoted(&format!("[\n    {list}\n  ]"))))
}

/// One command, an option a line.
fn command(operation: &str, options: &[CliOption]) -> String {
    options_of(&format!("aws cloudformation {operation}"), options)
}

fn options_of(program: &str, options: &[CliOption]) -> String {
    let mut text = program.to_owned();
    for (name, value) in options {
        text.push_str(" \\\n  --");
        text.push_str(name);
        text.push(' ');
        text.push_str(value);
    }
    text.push('\n');
    text
}

/// The text as one word of a POSIX shell. Between single quotes nothing means anything but a single
/// quote, which therefore stands outside of them.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The text as a string of HCL, Terraform's language, in which `${` and `%{` begin templates.
fn terraform_text(text: &str) -> String {
    let mut quoted = String::from('"');
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '$' | '%' if letters.peek() == Some(&'{') => quoted.extend([letter, letter]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ if letter.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(letter));
            }
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// A label that Terraform takes, from a stack's name.
fn terraform_label(stack_name: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '_' };
    stack_name.chars().map(letter).collect()
}

#[cfg(test)]
#[path = "commands_tests.rs"]
mod tests;
