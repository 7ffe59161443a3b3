//! The findings for people.

use std::fmt::{Display, Formatter, Result};

use super::findings::{Findings, Permissions};

impl Display for Findings {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { account, region, stack_name, template_version, signed_in_as, .. } = self;
        writeln!(f, "Stack {stack_name}, template version {template_version}")?;
        writeln!(f, "Account {account}, region {region}, signed in as {signed_in_as}")?;
        writeln!(f, "Nothing was changed; this only looked.")?;
        if !self.changes.is_empty() {
            writeln!(f, "\nWhat the stack would change, in this order")?;
            for (number, change) in (1..).zip(&self.changes) {
                for (index, line) in change.does.iter().enumerate() {
                    match index {
                        0 => writeln!(f, "{number:4}. {line}")?,
                        _ => writeln!(f, "      {line}")?,
                    }
                }
            }
        }
        list(f, "What would stay as it is", &self.untouched)?;
        list(f, "What to know", &self.attention)?;
        list(f, "What would be refused, before anything is changed", &self.refused)?;
        permissions(f, &self.permissions)?;
        writeln!(f, "\n{}", self.conclusion())
    }
}

fn list(f: &mut Formatter<'_>, title: &str, lines: &[String]) -> Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    lines.iter().try_for_each(|line| writeln!(f, "  - {line}."))
}

fn permissions(f: &mut Formatter<'_>, all: &Permissions) -> Result {
    if !all.principals.is_empty() || !all.not_checked.is_empty() {
        writeln!(f, "\nPermissions")?;
    }
    let of = all.principals.join(" and ");
    if all.checked > 0 {
        writeln!(f, "  {} checked of {of}: {} missing.", all.checked, all.lacking.len())?;
    }
    for lack in &all.lacking {
        let (who, action) = (&lack.principal, &lack.action);
        writeln!(f, "  - {who} lacks {action} on {}: {}.", lack.resource, lack.because)?;
    }
    if let Some(advice) = &all.advice {
        writeln!(f, "  {advice}.")?;
    }
    all.not_checked.iter().try_for_each(|why| writeln!(f, "  - Not checked: {why}."))
}

impl Findings {
    fn conclusion(&self) -> &'static str {
        match (self.refused.is_empty(), self.permissions.lacking.is_empty()) {
            (true, true) => "The stack would work, as far as can be told from here.",
            (true, false) => "The stack would fail: permissions are missing.",
            (false, true) => "The stack would be refused. Nothing would be changed.",
            (false, false) => "The stack would be refused, and permissions are missing.",
        }
    }
}
