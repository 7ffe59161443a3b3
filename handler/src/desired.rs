//! Properties → [`Desired`]: checked once here, trusted afterwards.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use templates::properties as names;

use crate::arn::{Home, LoadBalancerArn};

/// What the customer wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// Which load balancers.
    pub selectors: Vec<Selector>,
    /// Which of their logs.
    pub kinds: BTreeSet<LogKind>,
    /// The folder in the bucket below which logs go; may be empty.
    pub prefix: String,
    /// The customer's bucket, or none for one of ours.
    pub existing_bucket: Option<String>,
    /// Days after which logs expire in a bucket of ours.
    pub retention_days: u16,
    /// The account that may read.
    pub vendor_account: String,
    /// Who is told of new logs.
    pub endpoint: Endpoint,
}

/// One entry of `LoadBalancers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// This one.
    Arn(LoadBalancerArn),
    /// Every one with this tag.
    Tag(String, String),
    /// Every one of the region.
    All,
}

/// A kind of log that a load balancer can write to S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogKind {
    /// Requests.
    Access,
    /// Connections; application load balancers only.
    Connection,
    /// Health checks; application load balancers only.
    HealthCheck,
}

impl LogKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Access, Self::Connection, Self::HealthCheck];

    /// What the load balancer's attributes for this kind begin with.
    pub fn attribute(self) -> &'static str {
        match self {
            Self::Access => "access_logs.s3",
            Self::Connection => "connection_logs.s3",
            Self::HealthCheck => "health_check_logs.s3",
        }
    }

    /// The word for it in `LogKinds`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Connection => "connection",
            Self::HealthCheck => "health-check",
        }
    }
}

/// Where notifications go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// SNS's word: `https`, `sqs` (or `http`, against an emulator).
    pub protocol: &'static str,
    /// The URL or the queue's ARN.
    pub address: String,
}

/// Where progress is reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reporting {
    /// An `https://` URL.
    pub url: String,
    /// Sent as bearer token; no Debug output of the program prints it.
    pub token: Token,
}

/// The onboarding token; it never shows in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token itself, for the one header it goes into.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Reads the properties. The error names the property and says what it should be.
///
/// `on_emulator` also lets plain http on loopback through, which no event can ask for.
pub fn check(raw: &Map<String, Value>, home: &Home, on_emulator: bool) -> Result<Desired, String> {
    let endpoint = check_endpoint(&text(raw, names::NOTIFICATION_ENDPOINT)?, home, on_emulator)?;
    Ok(Desired {
        selectors: check_selectors(raw, home)?,
        kinds: check_kinds(raw)?,
        prefix: check_prefix(&text(raw, names::LOG_PREFIX)?)?,
        existing_bucket: check_bucket(text(raw, names::EXISTING_BUCKET_NAME)?)?,
        retention_days: check_retention(&text(raw, names::LOG_RETENTION_DAYS)?)?,
        vendor_account: check_account(text(raw, names::VENDOR_ACCOUNT_ID)?)?,
        endpoint,
    })
}

/// The ARNs among the selectors, whatever else is wrong: a Delete must not depend on properties that
/// an older release let through.
pub fn named_load_balancers(raw: &Map<String, Value>, home: &Home) -> Vec<LoadBalancerArn> {
    let entries = list(raw, names::LOAD_BALANCERS).unwrap_or_default();
    entries.iter().filter_map(|entry| LoadBalancerArn::parse(entry, home).ok()).collect()
}

/// The existing bucket, if the properties name one that can be one.
pub fn named_bucket(raw: &Map<String, Value>) -> Option<String> {
    check_bucket(text(raw, names::EXISTING_BUCKET_NAME).ok()?).ok().flatten()
}

/// Where to report, if the properties say so. A report is never worth a stack: an address or a token that
/// cannot be used turns reports off.
pub fn reporting(raw: &Map<String, Value>, on_emulator: bool) -> Option<Reporting> {
    check_reporting(raw, on_emulator).ok().flatten()
}

/// A scalar as text; CloudFormation sends every scalar as a string. Absent counts as empty, and so
/// does the sign for "none" in a mapping.
fn text(raw: &Map<String, Value>, name: &str) -> Result<String, String> {
    let value = match raw.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(format!("Property {name} must be a single text value")),
    };
    if value.chars().any(char::is_control) {
        return Err(format!("Property {name} contains control characters"));
    }
    Ok(if value == names::NONE { String::new() } else { value })
}

/// A list of texts, or one text with commas.
fn list(raw: &Map<String, Value>, name: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("Property {name} must be a list of text values");
    let entries: Vec<String> = match raw.get(name) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) => text.split(',').map(|entry| entry.trim().to_owned()).collect(),
        Some(Value::Array(entries)) => entries
            .iter()
            .map(|entry| entry.as_str().map(|text| text.trim().to_owned()).ok_or_else(wrong))
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(wrong()),
    };
    Ok(entries.into_iter().filter(|entry| !entry.is_empty()).collect())
}

fn check_selectors(raw: &Map<String, Value>, home: &Home) -> Result<Vec<Selector>, String> {
    let name = names::LOAD_BALANCERS;
    let entries = list(raw, name)?;
    if entries.is_empty() {
        return Err(format!(
            "Property {name} is empty. Give load balancer ARNs, tag:Key=Value, or all"
        ));
    }
    let mut selectors = Vec::new();
    for entry in entries {
        if entry.len() > 1024 || entry.chars().any(char::is_control) {
            return Err(format!("Property {name} has an entry that is not readable text"));
        }
        let selector = if entry == "all" {
            Selector::All
        } else if let Some(tag) = entry.strip_prefix("tag:") {
            match tag.split_once('=') {
                Some((key, value)) if !key.is_empty() => {
                    Selector::Tag(key.to_owned(), value.to_owned())
                }
                _ => return Err(format!("Property {name}: '{entry}' should read tag:Key=Value")),
            }
        } else {
            let arn = LoadBalancerArn::parse(&entry, home);
            Selector::Arn(arn.map_err(|why| format!("Property {name}: {why}"))?)
        };
        if !selectors.contains(&selector) {
            selectors.push(selector);
        }
    }
    Ok(selectors)
}

fn check_kinds(raw: &Map<String, Value>) -> Result<BTreeSet<LogKind>, String> {
    let name = names::LOG_KINDS;
    let words = list(raw, name)?;
    if words.is_empty() {
        return Ok(BTreeSet::from([LogKind::Access]));
    }
    let known = |word: &String| LogKind::ALL.into_iter().find(|kind| kind.word() == word);
    words
        .iter()
        .map(|word| {
            known(word).ok_or_else(|| {
                format!("Property {name}: '{word}' is none of access, connection, health-check")
            })
        })
        .collect()
}

/// A prefix must not contain `AWSLogs` (ELB user guide) and has no slash at its ends.
fn check_prefix(text: &str) -> Result<String, String> {
    let name = names::LOG_PREFIX;
    let plain = |c: char| c.is_ascii_alphanumeric() || "!-_.'()/".contains(c);
    if text.contains("AWSLogs") {
        return Err(format!(
            "Property {name} may not contain AWSLogs: Elastic Load Balancing adds that folder itself"
        ));
    }
    let dots = text.split('/').any(|folder| folder == "." || folder == "..");
    let slashes = text.starts_with('/') || text.ends_with('/') || text.contains("//");
    if dots || slashes || text.len() > 256 || !text.chars().all(plain) {
        return Err(format!(
            "Property {name}: '{text}' should be letters, digits and !-_.'() with single slashes \
             between folders, at most 256 characters"
        ));
    }
    Ok(text.to_owned())
}

/// S3 user guide, "General purpose bucket naming rules".
fn check_bucket(text: String) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let good = (3..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
        && edge(text.bytes().next())
        && edge(text.bytes().last())
        && !text.contains("..")
        && text.parse::<std::net::Ipv4Addr>().is_err();
    if good {
        Ok(Some(text))
    } else {
        Err(format!(
            "Property {}: '{text}' is not the name of an S3 bucket. Give the name alone, without \
             s3:// and without a folder, or leave it blank",
            names::EXISTING_BUCKET_NAME
        ))
    }
}

fn check_retention(text: &str) -> Result<u16, String> {
    if text.is_empty() {
        return Ok(365);
    }
    text.parse().ok().filter(|days| (1..=3650).contains(days)).ok_or_else(|| {
        format!(
            "Property {}: '{text}' should be a number of days from 1 to 3650",
            names::LOG_RETENTION_DAYS
        )
    })
}

fn check_account(text: String) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(text);
    }
    Err(format!(
        "Property {}: '{text}' is not a 12-digit account id. This is a fault of the template, not \
         yours: tell the vendor",
        names::VENDOR_ACCOUNT_ID
    ))
}

fn check_endpoint(text: &str, home: &Home, on_emulator: bool) -> Result<Endpoint, String> {
    let queue = text.starts_with(&format!("arn:{}:sqs:", home.partition))
        && text.split(':').count() == 6
        && text.split(':').all(|part| !part.is_empty());
    let protocol = if queue {
        "sqs"
    } else if is_web_address(text, on_emulator) {
        if text.starts_with("https:") { "https" } else { "http" }
    } else {
        return Err(format!(
            "Property {} is neither an https:// address nor the ARN of a queue. This is a fault of the \
             template, not yours: tell the vendor",
            names::NOTIFICATION_ENDPOINT
        ));
    };
    Ok(Endpoint { protocol, address: text.to_owned() })
}

fn check_reporting(
    raw: &Map<String, Value>,
    on_emulator: bool,
) -> Result<Option<Reporting>, String> {
    let url = text(raw, names::REPORT_URL)?;
    let token = text(raw, names::ONBOARDING_TOKEN)?;
    if token.len() > 128 || !token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    {
        return Err(format!(
            "Property {} should be letters, digits, - and _, at most 128 of them",
            names::ONBOARDING_TOKEN
        ));
    }
    if url.is_empty() || token.is_empty() {
        return Ok(None);
    }
    if !is_web_address(&url, on_emulator) {
        return Err(format!("Property {}: not an https:// address", names::REPORT_URL));
    }
    Ok(Some(Reporting { url, token: Token(token) }))
}

/// Https anywhere, or http on loopback where the function talks to an emulator.
fn is_web_address(text: &str, on_emulator: bool) -> bool {
    let Ok(url) = url::Url::parse(text) else { return false };
    let plain = url.username().is_empty() && url.password().is_none() && url.host().is_some();
    let secure = url.scheme() == "https";
    plain && (secure || (on_emulator && crate::respond::is_loopback_http(&url)))
}

#[cfg(test)]
#[path = "desired_tests.rs"]
mod tests;
