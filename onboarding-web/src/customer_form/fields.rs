//! The rule of each field. The errors are messages for the form, in the words of the GOV.UK design
//! system: "Enter …" where something is missing, "… must be …" where it is wrong.

use std::net::Ipv4Addr;

use super::{DEFAULT_RETENTION_DAYS, grouped};
use crate::load_balancers::{Region, is_unreadable, shown};

const MAX_NAME: usize = 120;
const MAX_OWNER: usize = 120;
const MAX_NOTES: usize = 2000;
/// RFC 5321, section 4.5.3.1: a path of 256 with its two brackets, and the part before the @.
const MAX_EMAIL: usize = 254;
const MAX_EMAIL_LOCAL: usize = 64;

/// 1 to 120 characters of any script.
pub(super) fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if !text.chars().any(char::is_alphanumeric) {
        return Err("Enter the name of the customer".to_owned());
    }
    one_line("Name", text, MAX_NAME)
}

/// One address and nothing that could begin another header or another recipient.
pub(super) fn email(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("Enter the contact's email address".to_owned());
    }
    if text.len() > MAX_EMAIL {
        return Err(format!("Email address must be {MAX_EMAIL} characters or less"));
    }
    let separates = |c: char| c.is_whitespace() || ",;:<>()[]\"\\?&#%/".contains(c);
    let well_formed = text.split_once('@').is_some_and(|(local, domain)| {
        let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
        (1..=MAX_EMAIL_LOCAL).contains(&local.len()) && !dots && is_domain(domain)
    });
    if !well_formed || text.contains(separates) || text.contains(is_unreadable) {
        return Err(format!(
            "'{}' must be one email address in the correct format, like name@example.com",
            shown(text)
        ));
    }
    Ok(text.to_owned())
}

fn is_domain(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let is_label = |label: &&str| {
        let plain = label.chars().all(|c| c.is_alphanumeric() || c == '-');
        (1..=63).contains(&label.len()) && plain && !label.starts_with('-') && !label.ends_with('-')
    };
    // The host parser also holds names of other scripts against the rules for them.
    let host = url::Host::parse(domain);
    labels.len() > 1 && labels.iter().all(is_label) && matches!(host, Ok(url::Host::Domain(_)))
}

/// 12 digits; spaces and hyphens between them are left out.
pub(super) fn account(text: &str) -> Result<String, String> {
    let is_hyphen = |c: char| matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && !is_hyphen(*c)).collect();
    if digits.is_empty() {
        return Err("Enter the 12 digits of the AWS account".to_owned());
    }
    let only_digits = digits.bytes().all(|b| b.is_ascii_digit());
    if only_digits && digits.len() == 12 {
        return Ok(digits);
    }
    if only_digits && (9..12).contains(&digits.len()) {
        return Err(format!(
            "AWS account must be 12 digits, and '{digits}' has {}. Spreadsheet programs drop zeros \
             at the beginning: it may be {}",
            digits.len(),
            grouped(&format!("{digits:0>12}"))
        ));
    }
    if only_digits {
        let (shown, length) = (shown(&digits), digits.len());
        return Err(format!("AWS account must be 12 digits, and '{shown}' has {length}"));
    }
    let number = digits.replace(',', ".").parse::<f64>();
    if digits.contains(['e', 'E']) && number.is_ok() {
        return Err(format!(
            "AWS account must be 12 digits, and a spreadsheet program has shortened it to '{}'. \
             Format the cells as text and enter the account again",
            shown(text.trim())
        ));
    }
    Err(format!("AWS account must be 12 digits, and '{}' is not", shown(text.trim())))
}

/// S3 user guide, "General purpose bucket naming rules", as the function in the stack has them.
pub(super) fn bucket(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let good = (3..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
        && edge(text.bytes().next())
        && edge(text.bytes().last())
        && !text.contains("..")
        && text.parse::<Ipv4Addr>().is_err();
    if good {
        return Ok(Some(text.to_owned()));
    }
    let text = shown(text);
    Err(if text.contains([':', '/']) {
        format!(
            "Existing bucket must be the name of an S3 bucket alone, without s3://, without a \
             folder and not its ARN, and '{text}' is not. Leave it blank if unsure"
        )
    } else {
        format!(
            "Existing bucket must be 3 to 63 lower-case letters, digits, hyphens and dots, and \
             '{text}' is not. Leave it blank if unsure"
        )
    })
}

/// Elastic Load Balancing writes only into buckets of the load balancer's own region.
pub(super) fn bucket_serves(bucket: Option<&str>, regions: &[Region]) -> Result<(), String> {
    let (Some(bucket), true) = (bucket, regions.len() > 1) else { return Ok(()) };
    let named: Vec<&str> = regions.iter().map(|region| region.region.as_str()).collect();
    Err(format!(
        "Existing bucket must be blank, because one bucket can only serve one region and the load \
         balancers are in {}. Leave it blank, or enter only the load balancers of the region that \
         '{bucket}' is in",
        named.join(", ")
    ))
}

/// As the template's `LogRetentionDays`.
pub(super) fn retention(text: &str) -> Result<u16, String> {
    days("Days to keep logs", text, 3650, DEFAULT_RETENTION_DAYS)
}

/// How long the customer's page can be opened.
pub(super) fn expiry(text: &str, default: u16) -> Result<u16, String> {
    days("Days until the link expires", text, 90, default)
}

fn days(what: &str, text: &str, most: u16, default: u16) -> Result<u16, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(default);
    }
    let number = Some(text).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let days = number.and_then(|number| number.parse().ok());
    days.filter(|days| (1..=most).contains(days)).ok_or_else(|| {
        format!("{what} must be a whole number from 1 to {most}, and '{}' is not", shown(text))
    })
}

/// One of `versions`; the first of them where none is said.
pub(super) fn version(text: &str, versions: &[String]) -> Result<String, String> {
    let text = text.trim();
    let found = if text.is_empty() {
        versions.first()
    } else {
        versions.iter().find(|version| *version == text)
    };
    found.cloned().ok_or_else(|| {
        if versions.is_empty() {
            return "No version of the template is published yet. Publish one, then save again"
                .to_owned();
        }
        format!(
            "Template version must be one that is published ({}), and '{}' is not",
            versions.join(", "),
            shown(text)
        )
    })
}

/// One line; may be empty.
pub(super) fn owner(text: &str) -> Result<String, String> {
    one_line("Owner", text.trim(), MAX_OWNER)
}

/// Any text; browsers end its lines with `\r\n`, which would count twice.
pub(super) fn notes(text: &str) -> Result<String, String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim();
    if text.contains(|c: char| is_unreadable(c) && c != '\n' && c != '\t') {
        return Err("Notes must not contain invisible characters. Type them again".to_owned());
    }
    no_longer_than("Notes", text, MAX_NOTES)
}

fn one_line(what: &str, text: &str, most: usize) -> Result<String, String> {
    if text.contains(is_unreadable) {
        return Err(format!("{what} must be one line without invisible characters. Type it again"));
    }
    no_longer_than(what, text, most)
}

fn no_longer_than(what: &str, text: &str, most: usize) -> Result<String, String> {
    let length = text.chars().count();
    if length <= most {
        return Ok(text.to_owned());
    }
    Err(format!("{what} must be {most} characters or less, and this has {length}"))
}
