//! The load balancers of a customer, as people write them down, and the `LoadBalancers` parameter
//! of each region's stack.
//!
//! One entry a line: the ARN of a load balancer, `eu-west-1 all`, or `eu-west-1 tag:Team=shop`.
//! What is pasted from elsewhere is read too: commas, semicolons, spaces, quotation marks, brackets.

mod arn;
mod entry;
mod split;

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    fmt,
};

/// The kinds of load balancer whose logs are analysed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `loadbalancer/app/…`
    Application,
    /// `loadbalancer/net/…`
    Network,
}

/// One entry: which load balancers of which region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector {
    /// This one.
    Arn {
        /// The whole ARN.
        arn: String,
        /// `aws`, `aws-cn`, `aws-us-gov` or `aws-eusc`.
        partition: String,
        /// For instance `eu-west-1`.
        region: String,
        /// 12 digits.
        account: String,
        /// Application or network.
        kind: Kind,
        /// The load balancer's name.
        name: String,
    },
    /// Every one of the region.
    All {
        /// For instance `eu-west-1`.
        region: String,
    },
    /// Every one of the region with this tag.
    Tag {
        /// For instance `eu-west-1`.
        region: String,
        /// 1 to 128 characters.
        key: String,
        /// At most 256 characters; may be empty.
        value: String,
    },
}

/// An entry as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The line of the text that it stands in, from 1. Entries with a comma between them share one.
    pub number: usize,
    /// The entry itself.
    pub text: String,
    /// What it selects, or in words: what is wrong and what to do.
    pub outcome: Result<Selector, String>,
}

/// What one onboarding stack covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// For instance `eu-west-1`.
    pub region: String,
    /// ARNs before tags, otherwise in the order in which they were written.
    pub selectors: Vec<Selector>,
}

/// CloudFormation takes parameter values of at most this many bytes ("CloudFormation quotas").
pub const MAX_PARAMETER_BYTES: usize = 4096;

/// The template's `AllowedPattern` lets this many characters follow the first `=` of a list that
/// begins with a tag.
const MAX_AFTER_FIRST_TAG_KEY: usize = 256;

impl Selector {
    /// The region that it selects in.
    pub fn region(&self) -> &str {
        match self {
            Self::Arn { region, .. } | Self::All { region } | Self::Tag { region, .. } => region,
        }
    }

    /// The partition that the region belongs to.
    pub fn partition(&self) -> &str {
        match self {
            Self::Arn { partition, .. } => partition,
            Self::All { region } | Self::Tag { region, .. } => partition_of(region),
        }
    }

    /// The entry for it in the `LoadBalancers` parameter, which has no region.
    pub fn entry(&self) -> String {
        match self {
            Self::Arn { arn, .. } => arn.clone(),
            Self::All { .. } => "all".to_owned(),
            Self::Tag { key, value, .. } => format!("tag:{key}={value}"),
        }
    }
}

/// As [`read`] takes it.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arn { arn, .. } => f.write_str(arn),
            Self::All { region } | Self::Tag { region, .. } => {
                write!(f, "{region} {}", self.entry())
            }
        }
    }
}

/// Reads the entries of a text, in its order. Blank lines are left out; a second entry for the same
/// is an error. `account` is the customer's account (12 digits), if it is known already.
pub fn read(text: &str, account: Option<&str>, known_region: &dyn Fn(&str) -> bool) -> Vec<Line> {
    // Mail programs and web pages put invisible characters into long words.
    let text: String = text.chars().filter(|c| !split::is_zero_width(*c)).collect();
    let mut first_lines: HashMap<Selector, usize> = HashMap::new();
    let mut lines = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        let number = index + 1;
        for item in split::items(line) {
            let item = item.trim_matches(split::is_wrapping);
            if item.is_empty() {
                continue;
            }
            let outcome = entry::read(item, account, known_region).and_then(|selector| {
                match first_lines.entry(selector) {
                    Entry::Occupied(first) => Err(repeated(item, *first.get(), number)),
                    Entry::Vacant(place) => {
                        let selector = place.key().clone();
                        place.insert(number);
                        Ok(selector)
                    }
                }
            });
            lines.push(Line { number, text: item.to_owned(), outcome });
        }
    }
    lines
}

fn repeated(item: &str, first: usize, number: usize) -> String {
    let item = shown(item);
    if first == number {
        format!("'{item}' is listed twice. Remove one of the two")
    } else {
        format!("'{item}' is already in line {first}. Remove one of the two")
    }
}

/// One region's stack each, sorted by region. The errors name the region: `all` beside other
/// entries, or more than the stack's parameter can hold.
pub fn by_region(selectors: &[Selector]) -> Result<Vec<Region>, Vec<String>> {
    let mut grouped: BTreeMap<&str, Vec<Selector>> = BTreeMap::new();
    for selector in selectors {
        grouped.entry(selector.region()).or_default().push(selector.clone());
    }
    let mut regions = Vec::new();
    let mut errors = Vec::new();
    for (region, mut selectors) in grouped {
        // The template's AllowedPattern may be held against the whole list: it lets anything
        // follow ARNs, but only a little follow tags.
        selectors.sort_by_key(|selector| !matches!(selector, Selector::Arn { .. }));
        let region = Region { region: region.to_owned(), selectors };
        match why_not_one_stack(&region) {
            None => regions.push(region),
            Some(why) => errors.push(why),
        }
    }
    if errors.is_empty() { Ok(regions) } else { Err(errors) }
}

fn why_not_one_stack(region: &Region) -> Option<String> {
    let Region { region: name, selectors } = region;
    let all = selectors.iter().any(|selector| matches!(selector, Selector::All { .. }));
    if all && selectors.len() > 1 {
        return Some(format!(
            "'{name} all' already covers every load balancer of {name}. Remove it, or remove the \
             other entries of {name}"
        ));
    }
    let value = parameter(region);
    if value.len() > MAX_PARAMETER_BYTES {
        return Some(format!(
            "The {} entries of {name} do not fit into one stack: AWS takes {MAX_PARAMETER_BYTES} \
             characters, and they have {}. Give the load balancers a tag and enter it instead, or \
             enter {name} all",
            selectors.len(),
            value.len()
        ));
    }
    let after_key = value.strip_prefix("tag:").and_then(|rest| rest.split_once('='));
    if after_key.is_some_and(|(_, rest)| rest.chars().count() > MAX_AFTER_FIRST_TAG_KEY) {
        return Some(format!(
            "The tags of {name} are too long for one stack together. Enter fewer tags, or enter \
             {name} all"
        ));
    }
    None
}

/// The value of the `LoadBalancers` stack parameter.
pub fn parameter(region: &Region) -> String {
    let entries: Vec<String> = region.selectors.iter().map(Selector::entry).collect();
    entries.join(",")
}

/// Whether two values of that parameter have a load balancer in common. What a tag or `all` selects is
/// only known in the account, so these overlap with everything.
pub fn overlap(one: &str, other: &str) -> bool {
    let wide = |list: &str| list.split(',').any(|entry| !entry.starts_with("arn:"));
    wide(one) || wide(other) || one.split(',').any(|arn| other.split(',').any(|its| its == arn))
}

/// The partition that a region belongs to, by its name (botocore `partitions.json`); `aws` for
/// names of no other.
pub fn partition_of(region: &str) -> &'static str {
    const BEGINNINGS: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("eusc-", "aws-eusc"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
    ];
    let found = BEGINNINGS.into_iter().find(|(beginning, _)| region.starts_with(beginning));
    found.map_or("aws", |(_, partition)| partition)
}

/// A text of somebody else's for a message: cut short, and without what could disturb the words
/// around it.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 160;
    let readable = |c: char| if is_unreadable(c) { char::REPLACEMENT_CHARACTER } else { c };
    let mut shown: String = text.chars().take(MOST).map(readable).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

/// Control characters, line breaks, and marks that make the text around them read otherwise than it
/// is (Unicode's bidirectional overrides and isolates).
pub(crate) fn is_unreadable(c: char) -> bool {
    let reorders = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || reorders || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
#[path = "load_balancers_tests.rs"]
mod tests;
