//! `pop-roles`: the ARNs of a deployed stack's six roles, and where a role differs from the template.

use std::{
    fs,
    io::{Read, stdin},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use aws_config::SdkConfig;
use clap::{Args, CommandFactory, error::ErrorKind};
use serde_json::{Value, json};
use templates::partition::Partition;

use super::{Cli, complain, json_or, say, table};
use crate::{
    aws,
    pop_roles::{
        compare::{Deployed, Findings, boundaries, compare},
        outputs::{self, Arns, role_name},
        sheet::{self, Sheet},
    },
};

/// Which stack, and how it is printed.
#[derive(Debug, Clone, Args)]
#[command(after_help = AFTER)]
pub struct PopRoles {
    /// The stack that was launched from the template; its roles are looked at too.
    #[arg(long, value_name = "NAME", requires = "region", required_unless_present = "outputs")]
    pub stack_name: Option<String>,
    /// Where the stack is, for instance eu-west-1.
    #[arg(long, requires = "stack_name")]
    pub region: Option<String>,
    /// Instead: a file with the stack's outputs, - for what is piped in. AWS is not asked, and so the
    /// roles are not looked at.
    #[arg(long, value_name = "FILE", conflicts_with = "stack_name")]
    pub outputs: Option<PathBuf>,
    /// Prints one JSON document instead of a table.
    #[arg(long, conflicts_with = "parameters")]
    pub json: bool,
    /// Prints the parameters of POP's main template, as the AWS CLI takes them from a file.
    #[arg(long)]
    pub parameters: bool,
}

const AFTER: &str = "Outputs are taken as `aws cloudformation describe-stacks` prints them, as copied from \
     the console, or as lines Key=Value. Reading a stack needs cloudformation:DescribeStacks, \
     iam:GetRole, iam:ListAttachedRolePolicies, iam:ListRolePolicies, iam:GetRolePolicy, iam:GetPolicy \
     and iam:GetPolicyVersion; nothing is changed.\n\nExit codes: 0 printed, and no role differs; 1 \
     failed, or a role differs; 2 wrong use.";

/// What is printed.
struct Report {
    arns: Arns,
    /// One for each role; none if nobody looked.
    roles: Vec<Findings>,
    /// What is about all of them.
    common: Option<String>,
    compared: bool,
}

/// Prints it.
pub async fn run(wanted: &PopRoles) -> Result<ExitCode> {
    let report = match (&wanted.stack_name, &wanted.region) {
        (Some(stack), Some(region)) => {
            if Partition::of_region(region).is_none() {
                let words = format!("{region} is not an AWS region. Use a code like eu-west-1");
                Cli::command().error(ErrorKind::ValueValidation, words).print()?;
                return Ok(ExitCode::from(2));
            }
            deployed(stack, region).await?
        }
        _ => pasted(wanted.outputs.as_deref().context("--stack-name or --outputs is needed")?)?,
    };
    report.print(wanted)?;
    Ok(if report.is_equal() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn pasted(file: &Path) -> Result<Report> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        stdin().read_to_string(&mut text).context("what was piped in could not be read")?;
        text
    } else {
        fs::read_to_string(file).with_context(|| format!("--outputs: {}", file.display()))?
    };
    let arns = outputs::read(&text).map_err(|problems| in_words(&problems))?;
    Ok(Report { arns, roles: Vec::new(), common: None, compared: false })
}

fn in_words(problems: &[String]) -> anyhow::Error {
    anyhow::Error::msg(problems.join("\n"))
}

async fn deployed(stack: &str, region: &str) -> Result<Report> {
    let config = aws::from_environment(region).await;
    let found = aws::cloudformation::stack(&config, stack).await;
    let found = found.map_err(|error| anyhow::Error::msg(error.words()))?;
    let Some(found) = found else {
        bail!(
            "there is no stack {stack} in {region}, in the account of these credentials. Check the name \
             and the region"
        );
    };
    let arns = outputs::arns(&found.outputs).map_err(|problems| {
        in_words(&problems).context(format!("the stack {stack} in {region} is {}", found.status))
    })?;
    let sheet = sheet::own().map_err(anyhow::Error::msg)?;
    look(&config, &sheet, arns).await
}

/// Looks at each role.
async fn look(config: &SdkConfig, sheet: &Sheet, arns: Arns) -> Result<Report> {
    let iam = aws::iam::Roles::new(config);
    let (mut all, mut roles): (Vec<Deployed>, Vec<Findings>) = (Vec::new(), Vec::new());
    for (role, (_, arn)) in sheet.roles.iter().zip(&arns.all) {
        let there = iam.role(role_name(arn)).await;
        let there = there.map_err(|error| anyhow::Error::msg(error.words()))?;
        roles.push(match there {
            Some(there) if there.arn == *arn => {
                let found = compare(sheet, role, &there);
                all.push(there);
                found
            }
            _ => {
                let words =
                    "is not there: it was deleted, or replaced under another ARN".to_owned();
                Findings { differences: vec![words], notes: Vec::new() }
            }
        });
    }
    Ok(Report { arns, roles, common: boundaries(all.iter()), compared: true })
}

impl Report {
    fn is_equal(&self) -> bool {
        self.common.is_none() && self.roles.iter().all(|one| one.differences.is_empty())
    }

    fn print(&self, wanted: &PopRoles) -> Result<()> {
        if wanted.parameters {
            say(&self.arns.parameters_text());
        } else {
            json_or(wanted.json, &self.json(), || self.table())?;
        }
        // JSON has it all; parameters are piped on.
        if !wanted.json {
            let tell: fn(&str) = if wanted.parameters { complain } else { say };
            self.findings().iter().for_each(|line| tell(line));
        }
        Ok(())
    }

    fn table(&self) -> String {
        let row = |(output, arn): &(&'static str, String)| {
            [role_name(arn).to_owned(), (*output).to_owned(), arn.clone()]
        };
        table(["ROLE", "PARAMETER", "ARN"], self.arns.all.iter().map(row)) + "\n"
    }

    /// In sentences.
    fn findings(&self) -> Vec<String> {
        if !self.compared {
            return vec!["The roles themselves were not looked at.".to_owned()];
        }
        let mut lines = Vec::new();
        for ((_, arn), found) in self.arns.all.iter().zip(&self.roles) {
            let name = role_name(arn);
            let line = |words: &String| format!("{name}: {words}.");
            lines.extend(found.differences.iter().map(line));
        }
        lines.extend(self.common.iter().map(|words| format!("{words}.")));
        if lines.is_empty() {
            lines.push("The six roles are as the template makes them.".to_owned());
        }
        for ((_, arn), found) in self.arns.all.iter().zip(&self.roles) {
            let name = role_name(arn);
            let line = |words: &String| format!("No difference, but to know: {name}: {words}.");
            lines.extend(found.notes.iter().map(line));
        }
        lines
    }

    fn json(&self) -> Value {
        let role = |(at, (output, arn)): (usize, &(&'static str, String))| {
            let mut one = json!({"role": role_name(arn), "parameter": output, "arn": arn});
            if let Some(found) = self.roles.get(at) {
                one["differences"] = json!(found.differences);
                one["notes"] = json!(found.notes);
            }
            one
        };
        json!({
            "account": self.arns.account,
            "roles": self.arns.all.iter().enumerate().map(role).collect::<Vec<_>>(),
            "compared": self.compared,
            "equal": if self.compared { json!(self.is_equal()) } else { Value::Null },
            "common_differences": self.common.iter().collect::<Vec<_>>(),
        })
    }
}
