//! What staff enter about a customer, checked once: raw texts in, all errors at once out.

mod fields;

use std::collections::BTreeSet;

use crate::load_balancers::{self, Region, Selector};

/// What was typed, as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawCustomer {
    /// What the customer is called.
    pub name: String,
    /// Where its people are written to.
    pub email: String,
    /// The AWS account; spaces and hyphens do not matter.
    pub account: String,
    /// As [`load_balancers::read`] takes it.
    pub load_balancers: String,
    /// The bucket to keep the logs in; blank for none.
    pub existing_bucket: String,
    /// Days; blank for [`DEFAULT_RETENTION_DAYS`].
    pub retention_days: String,
    /// Days; blank for the default of [`Rules`].
    pub expires_days: String,
    /// Blank for the newest.
    pub template_version: String,
    /// Who looks after the customer; may be blank.
    pub owner: String,
    /// For staff only; may be blank.
    pub notes: String,
}

/// A customer that links can be made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// 1 to 120 characters, of any script.
    pub name: String,
    /// One address, fit for a mail header.
    pub email: String,
    /// 12 digits.
    pub account: String,
    /// The partition that all its regions belong to.
    pub partition: String,
    /// One stack each, sorted by region; at least one.
    pub regions: Vec<Region>,
    /// The customer's bucket, if it wants one to be used.
    pub existing_bucket: Option<String>,
    /// 1 to 3650.
    pub retention_days: u16,
    /// Days until the page's link expires, 1 to 90.
    pub expires_days: u16,
    /// A published version of the onboarding template.
    pub template_version: String,
    /// Who looks after the customer; may be empty.
    pub owner: String,
    /// For staff only; may be empty. Lines end in `\n`.
    pub notes: String,
}

/// What is wrong with a field, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The form field's name, which is also its element's id.
    pub field: &'static str,
    /// In words.
    pub message: String,
}

/// What the rules depend on.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// Whether AWS has this region.
    pub known_region: &'a dyn Fn(&str) -> bool,
    /// Published versions of the onboarding template, newest first.
    pub template_versions: &'a [String],
    /// Days until a link expires where nobody said otherwise, 1 to 90.
    pub default_expiry_days: u16,
}

/// The names of the fields, in the order of the form.
pub const FIELDS: [&str; 10] = [
    "name",
    "email",
    "account",
    "load_balancers",
    "existing_bucket",
    "retention_days",
    "expires_days",
    "template_version",
    "owner",
    "notes",
];

/// Days after which logs expire in a bucket that the stack makes; the template's default.
pub const DEFAULT_RETENTION_DAYS: u16 = 365;
/// The expiries that the form offers, in days; any of 1 to 90 is taken.
pub const OFFERED_EXPIRY_DAYS: [u16; 3] = [7, 14, 30];
/// The most lines of load balancers that are complained about one by one.
const MAX_LINE_ERRORS: usize = 20;

/// Checks everything. The errors are in the order of the form.
pub fn check(raw: &RawCustomer, rules: &Rules<'_>) -> Result<Customer, Vec<FieldError>> {
    let mut errors = Errors(Vec::new());
    let name = errors.take("name", fields::name(&raw.name));
    let email = errors.take("email", fields::email(&raw.email));
    let account = errors.take("account", fields::account(&raw.account));
    let regions = errors.take_all(
        "load_balancers",
        check_load_balancers(&raw.load_balancers, account.as_deref(), rules),
    );
    let bucket = fields::bucket(&raw.existing_bucket).and_then(|bucket| {
        let regions = regions.as_deref().unwrap_or_default();
        fields::bucket_serves(bucket.as_deref(), regions).map(|()| bucket)
    });
    let existing_bucket = errors.take("existing_bucket", bucket);
    let retention_days = errors.take("retention_days", fields::retention(&raw.retention_days));
    let expiry = fields::expiry(&raw.expires_days, rules.default_expiry_days);
    let expires_days = errors.take("expires_days", expiry);
    let version = fields::version(&raw.template_version, rules.template_versions);
    let template_version = errors.take("template_version", version);
    let owner = errors.take("owner", fields::owner(&raw.owner));
    let notes = errors.take("notes", fields::notes(&raw.notes));
    let complete = || {
        let regions = regions?;
        let first = regions.first()?.selectors.first()?;
        Some(Customer {
            partition: first.partition().to_owned(),
            name: name?,
            email: email?,
            account: account?,
            regions,
            existing_bucket: existing_bucket?,
            retention_days: retention_days?,
            expires_days: expires_days?,
            template_version: template_version?,
            owner: owner?,
            notes: notes?,
        })
    };
    complete().ok_or(errors.0)
}

/// An account as people read it: `1234 5678 9012`.
pub fn grouped(account: &str) -> String {
    let mut grouped = String::new();
    for (index, digit) in account.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// Collects what is wrong while the rest is still looked at.
struct Errors(Vec<FieldError>);

impl Errors {
    fn take<T>(&mut self, field: &'static str, outcome: Result<T, String>) -> Option<T> {
        self.take_all(field, outcome.map_err(|message| vec![message]))
    }

    fn take_all<T>(&mut self, field: &'static str, outcome: Result<T, Vec<String>>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(messages) => {
                let told = messages.into_iter().map(|message| FieldError { field, message });
                self.0.extend(told);
                None
            }
        }
    }
}

fn check_load_balancers(
    text: &str,
    account: Option<&str>,
    rules: &Rules<'_>,
) -> Result<Vec<Region>, Vec<String>> {
    let lines = load_balancers::read(text, account, rules.known_region);
    let several = text.trim().contains('\n');
    let mut selectors: Vec<Selector> = Vec::new();
    let mut errors = Vec::new();
    for line in lines {
        match line.outcome {
            Ok(selector) => selectors.push(selector),
            Err(why) if several => errors.push(format!("Line {}: {why}", line.number)),
            Err(why) => errors.push(why),
        }
    }
    if errors.len() > MAX_LINE_ERRORS {
        let more = errors.len() - MAX_LINE_ERRORS;
        errors.truncate(MAX_LINE_ERRORS);
        errors.push(format!("{more} more entries of the load balancers need to be corrected"));
    }
    if selectors.is_empty() && errors.is_empty() {
        errors.push("Enter at least one load balancer".to_owned());
    }
    errors.extend(not_together(&selectors));
    match load_balancers::by_region(&selectors) {
        Ok(regions) if errors.is_empty() => Ok(regions),
        Ok(_) => Err(errors),
        Err(more) => {
            errors.extend(more);
            Err(errors)
        }
    }
}

/// An account lies in one partition, so its load balancers do too.
fn not_together(selectors: &[Selector]) -> Option<String> {
    let partitions: BTreeSet<&str> = selectors.iter().map(Selector::partition).collect();
    if partitions.len() < 2 {
        return None;
    }
    let named: Vec<&str> = partitions.into_iter().collect();
    Some(format!(
        "The load balancers are in different partitions of AWS ({}), which no account can be. Add \
         one customer for each partition",
        named.join(", ")
    ))
}

#[cfg(test)]
#[path = "customer_form_tests.rs"]
mod tests;
