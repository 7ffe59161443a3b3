//! Options → what a stack with these values would want, checked as CloudFormation and the handler
//! would check it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use templates::{
    catalog::LOGS_ANALYSIS_ONBOARDING,
    contents::{self, Release},
    declared, parameters, properties as names,
};

use super::options::Options;
use crate::{
    arn::Home,
    desired::{self, Desired},
    identity::Identity,
};

/// A stack that is not there yet has no id; this one stands for it, and no stack can have it.
const GUID: &str = "00000000-0000-4000-8000-000000000000";
/// The custom resource's name in the template.
const RESOURCE: &str = "InvokeLambdaFunction";
/// The vendor's account in a template that was not published.
const PLACEHOLDER: &str = "000000000000";

/// What the stack would want.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Who the stack would be.
    pub id: Identity,
    /// The template's constants.
    pub release: Release,
    /// What is left of the properties without what is refused; `None` if nothing is.
    pub desired: Option<Desired>,
    /// What CloudFormation or the handler would refuse before looking at anything.
    pub refused: BTreeSet<String>,
    /// Whether some load balancers are in another account than the credentials.
    pub wrong_account: bool,
    /// What a person should know about the values.
    pub attention: Vec<String>,
}

/// Checks the options for a place. The error is one of use.
pub fn wanted(options: &Options, body: Option<&str>, home: &Home) -> Result<Wanted, String> {
    let Home { partition, region, account } = home;
    let name = &options.stack_name;
    let stack = format!("arn:{partition}:cloudformation:{region}:{account}:stack/{name}/{GUID}");
    let id = Identity::new(&stack, RESOURCE)
        .map_err(|_| format!("'{name}' cannot be the name of a stack. Correct --stack-name"))?;
    let body = body.unwrap_or(LOGS_ANALYSIS_ONBOARDING.body);
    let mut release = contents::release(body, partition).map_err(|error| error.to_string())?;
    if let Some(account) = &options.vendor_account_id {
        release.account_id.clone_from(account);
    }
    if let Some(endpoint) = &options.notification_endpoint {
        release.notification_endpoint.clone_from(endpoint);
    }
    let mut attention = Vec::new();
    if release.account_id == PLACEHOLDER {
        attention.push(
            "The template names no vendor, so account and address of the vendor below are \
             placeholders. Give the template that you will launch as --template"
                .to_owned(),
        );
    }
    let (desired, mut refused) = check(options, &release, home);
    let elsewhere = foreign_accounts(options, account);
    let wrong_account = !elsewhere.is_empty();
    refused.extend(elsewhere.iter().map(|other| {
        format!(
            "You are signed in to account {account}, but some of these load balancers are in account \
             {other}. Sign in to account {other} to look there and to launch the stack there"
        )
    }));
    if refused.is_empty() {
        refused.extend(undeclared(options, body)?);
    }
    Ok(Wanted { id, release, desired, refused, wrong_account, attention })
}

/// The properties as the stack would hand them over.
fn raw(options: &Options, release: &Release, entries: &[&str]) -> Map<String, Value> {
    let pairs = [
        (names::LOAD_BALANCERS, json!(entries)),
        (names::LOG_KINDS, json!(release.log_kinds)),
        (names::LOG_PREFIX, json!(release.log_prefix)),
        (names::EXISTING_BUCKET_NAME, json!(options.existing_bucket)),
        (names::LOG_RETENTION_DAYS, json!(options.log_retention_days)),
        (names::VENDOR_ACCOUNT_ID, json!(release.account_id)),
        (names::NOTIFICATION_ENDPOINT, json!(release.notification_endpoint)),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// The handler stops at the first fault; here every entry is held against its rules, and what is good
/// is looked at.
fn check(options: &Options, release: &Release, home: &Home) -> (Option<Desired>, BTreeSet<String>) {
    let entries: Vec<&str> = options.entries().collect();
    let of = |entries: &[&str]| desired::check(&raw(options, release, entries), home, false);
    let mut refused = BTreeSet::new();
    let mut good = Vec::new();
    for entry in &entries {
        match of(&[entry]) {
            Ok(_) => good.push(*entry),
            Err(why) => {
                refused.insert(why);
            }
        }
    }
    if entries.is_empty() {
        refused.extend(of(&[]).err());
    }
    let desired = if good.is_empty() { None } else { of(&good).ok() };
    (desired, refused)
}

fn foreign_accounts(options: &Options, account: &str) -> BTreeSet<String> {
    let of = |entry: &str| {
        let parts: Vec<&str> = entry.splitn(6, ':').collect();
        let &["arn", _, "elasticloadbalancing", _, owner, _] = parts.as_slice() else {
            return None;
        };
        (owner != account).then(|| owner.to_owned())
    };
    options.entries().filter_map(of).collect()
}

/// What CloudFormation itself would not take for a parameter.
fn undeclared(options: &Options, body: &str) -> Result<Vec<String>, String> {
    let all = declared::parameters(body).map_err(|error| error.to_string())?;
    let values = [
        (parameters::LOAD_BALANCERS, &options.load_balancers),
        (parameters::EXISTING_BUCKET_NAME, &options.existing_bucket),
        (parameters::LOG_RETENTION_DAYS, &options.log_retention_days),
    ];
    let refusal = |(name, value): (&str, &String)| {
        let parameter = all.iter().find(|one| one.name == name)?;
        parameter.check(value).err().map(|why| format!("Parameter {name} {why}"))
    };
    Ok(values.into_iter().filter_map(refusal).collect())
}

/// Text for a person, in which the id that nobody knows yet is `…`.
pub fn shown(id: &Identity, text: &str) -> String {
    let (first, last) = (&GUID[..8], &GUID[24..]);
    let tag = id.listener_tag();
    let digest = tag.rsplit(':').next().unwrap_or_default();
    text.replace(GUID, "…").replace(&format!("{first}-{last}"), "…").replace(digest, "…")
}
