//! A deployed role against the template, in sentences.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    grants::{Grant, Grants, grants},
    outputs::role_name,
    sheet::{Policy, Role, Sheet},
};

/// What IAM has of a role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deployed {
    /// Its ARN.
    pub arn: String,
    /// Who may assume it.
    pub trust: Value,
    /// The permissions boundary's ARN.
    pub boundary: Option<String>,
    /// Managed policies that are attached.
    pub attached: Vec<Attached>,
    /// Policies within the role: name and document.
    pub inline: Vec<(String, Value)>,
}

/// A managed policy, in its default version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attached {
    /// Its ARN.
    pub arn: String,
    /// What it says; AWS's own are known without.
    pub document: Option<Value>,
}

/// What was found about one role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// Where it is not what the template makes. Empty: it is.
    pub differences: Vec<String>,
    /// What the template's parameters leave open: prefixes, narrowed resources, a boundary.
    pub notes: Vec<String>,
}

/// Holds a deployed role against the template's.
pub fn compare(sheet: &Sheet, role: &Role, deployed: &Deployed) -> Findings {
    let mut found = Findings::default();
    name(role, deployed, &mut found);
    trust(role, deployed, &mut found);
    attached(sheet, role, deployed, &mut found);
    for (name, document) in &deployed.inline {
        let says = grants(document);
        let says: Vec<String> =
            says.iter().map(|(grant, (action, _))| said(grant, action)).collect();
        let says = if says.is_empty() { "nothing".to_owned() } else { says.join(", ") };
        found.differences.push(format!(
            "has the inline policy {name}, which the template does not have; it {says}"
        ));
    }
    if let Some(boundary) = &deployed.boundary {
        found.notes.push(format!("its permissions boundary is {boundary}"));
    }
    found
}

/// The template gives all six roles the same permissions boundary, or none: what is wrong if they do
/// not have that.
pub fn boundaries<'a>(deployed: impl Iterator<Item = &'a Deployed>) -> Option<String> {
    let all: BTreeSet<&str> =
        deployed.map(|role| role.boundary.as_deref().unwrap_or("none")).collect();
    let all: Vec<&str> = all.into_iter().collect();
    (all.len() > 1).then(|| {
        format!(
            "the roles have different permissions boundaries ({}); the template gives all the same",
            all.join(", ")
        )
    })
}

fn name(role: &Role, deployed: &Deployed, found: &mut Findings) {
    let name = role_name(&deployed.arn);
    match name.strip_suffix(&role.name) {
        Some("") => {}
        Some(prefix) => found.notes.push(format!("its name begins with {prefix}")),
        None => found
            .differences
            .push(format!("is called {name}; the template's name for it ends with {}", role.name)),
    }
}

fn trust(role: &Role, deployed: &Deployed, found: &mut Findings) {
    let (wanted, there) = (grants(&role.trust), grants(&deployed.trust));
    let words = |grant: &Grant, action: &str| {
        let who = if grant.who.is_empty() { "nobody" } else { &grant.who };
        let if_so = only_if(grant);
        if grant.denies {
            format!("keeps {who} from {action}{if_so}")
        } else {
            format!("lets {who} do {action}{if_so}")
        }
    };
    for (grant, (action, _)) in there.iter().filter(|(grant, _)| !wanted.contains_key(grant)) {
        let words = words(grant, action);
        found.differences.push(format!("its trust {words}, which the template's does not"));
    }
    for (grant, (action, _)) in wanted.iter().filter(|(grant, _)| !there.contains_key(grant)) {
        let words = words(grant, action);
        found.differences.push(format!("the template's trust {words}, and its own does not"));
    }
}

fn attached(sheet: &Sheet, role: &Role, deployed: &Deployed, found: &mut Findings) {
    let mut known: Vec<&str> = Vec::new();
    for policy in role.policies.iter().filter_map(|name| sheet.policy(name)) {
        let mut same = deployed.attached.iter().filter(|one| is(policy, &one.arn));
        let Some(attached) = same.next() else {
            found.differences.push(format!("the policy {} is not attached", policy.name));
            continue;
        };
        known.push(&attached.arn);
        if let Some(document) = &policy.document {
            documents(policy, document, attached, found);
        }
    }
    for more in deployed.attached.iter().filter(|one| !known.contains(&one.arn.as_str())) {
        found
            .differences
            .push(format!("has the policy {}, which the template does not give it", more.arn));
    }
}

/// Whether a policy of the account is that of the template, under any prefix.
fn is(policy: &Policy, arn: &str) -> bool {
    let Some((owner, path)) = arn.split_once(":policy/") else { return false };
    let of_aws = owner.ends_with(":iam::aws");
    match policy.document {
        None => of_aws && path == policy.path,
        Some(_) => !of_aws && path.ends_with(&policy.name),
    }
}

fn documents(policy: &Policy, wanted: &Value, attached: &Attached, found: &mut Findings) {
    let (name, wanted) = (&policy.name, grants(wanted));
    let called = role_name(&attached.arn);
    let Some(there) = &attached.document else {
        found.differences.push(format!("the text of the policy {called} could not be read"));
        return;
    };
    let there = grants(there);
    let but = |one: &Grants, other: &Grants| {
        let all = one.iter().filter(|(grant, _)| !other.contains_key(grant));
        all.map(|(grant, (action, _))| said(grant, action)).collect::<Vec<_>>().join(", ")
    };
    let (more, less) = (but(&there, &wanted), but(&wanted, &there));
    if !more.is_empty() {
        found.differences.push(format!("{called} {more}, which the template's {name} does not"));
    }
    if !less.is_empty() {
        found.differences.push(format!("the template's {name} {less}, and {called} does not"));
    }
    narrowed(called, &wanted, &there, found);
}

/// On what the template lets people decide.
fn narrowed(called: &str, wanted: &Grants, there: &Grants, found: &mut Findings) {
    let mut to = BTreeSet::new();
    for (grant, (_, resources)) in there.iter().filter(|(grant, _)| wanted.contains_key(grant)) {
        if !grant.denies && !resources.contains("*") {
            to.insert(resources.iter().map(String::as_str).collect::<Vec<_>>().join(", "));
        }
    }
    for resources in to {
        let on = if resources.is_empty() { "nothing".to_owned() } else { resources };
        found.notes.push(format!("{called} is narrowed to {on}"));
    }
}

fn said(grant: &Grant, action: &str) -> String {
    let verb = if grant.denies { "denies" } else { "allows" };
    format!("{verb} {action}{}", only_if(grant))
}

fn only_if(grant: &Grant) -> String {
    if grant.only_if.is_empty() { String::new() } else { format!(" only if {}", grant.only_if) }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
