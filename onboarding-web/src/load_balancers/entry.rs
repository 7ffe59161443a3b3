//! One entry of any kind, read.

use super::{
    Selector, arn, partition_of, shown,
    split::{is_tag_item, is_what, looks_like_region},
};

const MAX_TAG_KEY: usize = 128;
const MAX_TAG_VALUE: usize = 256;

/// Where people find an ARN.
pub(super) const WHERE_TO_FIND: &str = "Copy the ARN from the load balancer's page in the EC2 \
     console; it begins with arn:aws:elasticloadbalancing:";
const EXAMPLES: &str = "eu-west-1 all, or eu-west-1 tag:Team=shop";

/// Reads an entry. The error says what is wrong with it, and what to do.
pub(super) fn read(
    item: &str,
    account: Option<&str>,
    known_region: &dyn Fn(&str) -> bool,
) -> Result<Selector, String> {
    if item.contains(|c: char| c.is_control() && !c.is_whitespace()) {
        return Err(format!("'{}' has characters that cannot be read. Type it again", shown(item)));
    }
    if item.starts_with("arn:") {
        return arn::read(item, account, known_region);
    }
    if is_what(item) || is_tag_item(item.split_whitespace().next().unwrap_or_default()) {
        return Err(format!(
            "'{}' has no region. Put the region before it: {EXAMPLES}",
            shown(item)
        ));
    }
    let (region, what) = item.split_once(char::is_whitespace).unwrap_or((item, ""));
    let (region, what) = (region.to_ascii_lowercase(), what.trim());
    if !looks_like_region(&region) {
        return Err(not_understood(item));
    }
    check_region(item, &region, known_region)?;
    match what.strip_prefix("tag:") {
        Some(tag) => read_tag(item, region, tag),
        None if what.eq_ignore_ascii_case("all") => Ok(Selector::All { region }),
        None => Err(format!(
            "'{}' should say which load balancers of {region}: {EXAMPLES}",
            shown(item)
        )),
    }
}

fn not_understood(item: &str) -> String {
    let item = shown(item);
    let lower = item.to_ascii_lowercase();
    let is = if lower.starts_with("https://") || lower.starts_with("http://") {
        "is the address of a web page, not the ARN of a load balancer"
    } else if lower.contains(".elb.") || lower.contains(".amazonaws.") {
        "is the DNS name of a load balancer, not its ARN"
    } else {
        "is not the ARN of a load balancer"
    };
    format!("'{item}' {is}. {WHERE_TO_FIND} – or enter a region with all or a tag: {EXAMPLES}")
}

/// Refuses regions that nothing can be set up in.
pub(super) fn check_region(
    item: &str,
    region: &str,
    known_region: &dyn Fn(&str) -> bool,
) -> Result<(), String> {
    let partition = partition_of(region);
    if partition.starts_with("aws-iso") {
        return Err(format!(
            "'{}' is in partition {partition}, which is cut off from the internet. Logs cannot be \
             read from there. Remove it",
            shown(item)
        ));
    }
    if !known_region(region) {
        return Err(format!(
            "'{}' is in region {}, which is not a region that is known here. Check the spelling; \
             regions look like eu-west-1",
            shown(item),
            shown(region)
        ));
    }
    Ok(())
}

/// The characters are those of Elastic Load Balancing's own tags (its API reference, `Tag`).
fn read_tag(item: &str, region: String, tag: &str) -> Result<Selector, String> {
    let wrong = |why: &str| Err(format!("'{}': {why}", shown(item)));
    let Some((key, value)) = tag.split_once('=') else {
        return wrong("the tag should read tag:Key=Value, for instance tag:Team=shop");
    };
    let (key, value) = (key.trim(), value.trim());
    if key.is_empty() || key.chars().count() > MAX_TAG_KEY {
        return wrong("the key of a tag, before the =, has 1 to 128 characters");
    }
    if value.chars().count() > MAX_TAG_VALUE {
        return wrong("the value of a tag, after the =, has at most 256 characters");
    }
    if key.contains([',', ';']) || value.contains([',', ';']) {
        return wrong(
            "a tag cannot have a comma or semicolon in it. If these are several entries, put each \
             on a line of its own, with its region",
        );
    }
    if value.contains(" tag:") {
        return wrong(
            "put each tag on a line of its own, with its region: eu-west-1 tag:Team=shop",
        );
    }
    let allowed = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    if let Some(other) = tag.chars().find(|c| !allowed(*c)) {
        let other = shown(&other.to_string());
        return wrong(&format!(
            "a tag cannot have {other} in it. Tags are letters, digits, spaces and _ . : / = + - @"
        ));
    }
    Ok(Selector::Tag { region, key: key.to_owned(), value: value.to_owned() })
}
