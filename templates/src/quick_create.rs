//! The link that opens CloudFormation's *Quick create stack* page with everything filled in.
//!
//! The only place that builds console links. The console is forgiving where that hurts: it ignores a
//! misspelt or `NoEcho` parameter without a word. So whatever it would not take is refused here.
//!
//! Form of the link: AWS CloudFormation User Guide, "Create quick-create links for stacks". Region
//! apart, everything is in the fragment, which browsers do not send to servers.

use std::fmt::Write as _;

use url::{Host, Url, form_urlencoded};

use crate::{
    catalog::{PREFIX, STACK_LAUNCH_ROLE},
    declared::{self, Declared, MAX_VALUE_BYTES, ReadError},
    parameters::{self, FilledBy},
    partition::Partition,
};

/// A link may have this many characters; longer ones get lost in mail programs and chats.
pub const MAX_LINK_LENGTH: usize = 8_000;

/// Stack names made here have at most this many characters (AWS would take 128), so that they stay
/// readable.
pub const MAX_STACK_NAME_LENGTH: usize = 60;

/// The console's page for a stack with everything filled in.
const PAGE: &str = "/stacks/create/review";
const PATH: &str = "/cloudformation/home";

/// What every stack's name begins with; the launch role reaches just those.
const STACK_NAME_START: &str = "logs-analysis";

/// One launch of a template: what the link, or a command, carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Launch<'a> {
    /// Where the stack will be, such as `eu-west-1`.
    pub region: &'a str,
    /// The template's address in S3, as [`template_url`] makes it.
    pub template_url: &'a str,
    /// The stack's name, as [`stack_name`] makes it.
    pub stack_name: &'a str,
    /// Names and values, in the order in which they are to appear.
    pub parameters: &'a [(&'a str, &'a str)],
}

/// What a link carries, as the console reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The region of the console page, and so of the stack.
    pub region: String,
    /// The template's address.
    pub template_url: String,
    /// The stack's name.
    pub stack_name: String,
    /// Names, without `param_`, and values, in the order in which they stand.
    pub parameters: Vec<(String, String)>,
}

/// Why there is no link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Not the form of any region's code, or a region of an isolated partition.
    #[error(
        "{0:?} is not an AWS region that stacks can be launched in. Use a code like eu-west-1."
    )]
    UnknownRegion(String),
    /// A part of a template's address would not work there.
    #[error(
        "The template's address cannot be made: the {part} {value:?} {rule}. Correct the {part}."
    )]
    Address {
        /// Which part: code bucket prefix, template id or version.
        part: &'static str,
        /// As it was given.
        value: String,
        /// What is wrong with it.
        rule: &'static str,
    },
    /// CloudFormation takes templates from S3 only.
    #[error(
        "CloudFormation in {region} will not take a template from {url:?}. Use an address of the \
         form https://<bucket>.s3.<region>.{suffix}/<key>."
    )]
    TemplateUrl {
        /// As it was given.
        url: String,
        /// Where the stack is to be.
        region: String,
        /// What S3's names end with there.
        suffix: &'static str,
    },
    /// CloudFormation would refuse the name.
    #[error(
        "{0:?} cannot be the name of a stack. Use at most 128 letters, digits and hyphens (a to z, \
         0 to 9), with a letter first."
    )]
    StackName(String),
    /// The console would drop the value.
    #[error(
        "The template has no parameter {0}. Leave it out, or use a template version that has it."
    )]
    NotDeclared(String),
    /// The console would drop the value.
    #[error(
        "A link cannot fill in parameter {0}, because the template hides it (NoEcho). Leave it out, \
         or use a template version that does not hide it."
    )]
    NoEcho(String),
    /// The console would take one of the two.
    #[error("Parameter {0} has two values. Give it one.")]
    Twice(String),
    /// CloudFormation would refuse the value. The value is not repeated: it may be a token.
    #[error("The value of parameter {name} does not fit: it {reason}. Correct the value.")]
    Value {
        /// Which parameter.
        name: String,
        /// What it must be.
        reason: String,
    },
    /// CloudFormation would refuse the value.
    #[error(
        "The load balancers' ARNs have {0} bytes together, and CloudFormation takes at most \
         {MAX_VALUE_BYTES}. Give the load balancers a tag and use tag:Key=Value, or use all."
    )]
    TooManyLoadBalancers(usize),
    /// The link would not survive being sent.
    #[error(
        "The link would have {0} characters, and more than {MAX_LINK_LENGTH} do not get through. \
         There are too many load balancers to name each: give them a tag and use tag:Key=Value, or \
         use all."
    )]
    TooLong(usize),
    /// The template itself cannot be read.
    #[error(transparent)]
    Template(#[from] ReadError),
    /// Given to [`parse`], and no link of ours.
    #[error("This is not a quick-create link: {0}. Copy the whole link again.")]
    NotALink(String),
}

/// The address of a published template, in the vendor's code bucket of the stack's own region.
///
/// The handler's zip lies beside it: `logs-analysis/<version>/bootstrap.zip`.
pub fn template_url(
    code_bucket_prefix: &str,
    region: &str,
    template_id: &str,
    version: &str,
) -> Result<String, LinkError> {
    object_url(code_bucket_prefix, region, "")?;
    let plain = |text: &str| {
        text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let refuse = |part, value: &str, rule| LinkError::Address { part, value: value.into(), rule };
    if template_id.is_empty() || !plain(template_id) {
        let rule = "must be lower-case letters, digits and hyphens";
        return Err(refuse("template id", template_id, rule));
    }
    let in_version = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
    if !version.starts_with(|first: char| first.is_ascii_digit())
        || !version.bytes().all(in_version)
    {
        let rule = "must be like 1.2.3 or 1.2.3-beta.1";
        return Err(refuse("version", version, rule));
    }
    object_url(code_bucket_prefix, region, &format!("{PREFIX}{version}/{template_id}.yaml"))
}

/// The address of an object in the vendor's code bucket of a region, by a key of letters, digits and
/// `-./`, such as [`crate::catalog::Template::key`] makes.
pub fn object_url(code_bucket_prefix: &str, region: &str, key: &str) -> Result<String, LinkError> {
    let suffix = partition_of(region)?.dns_suffix();
    let bucket = format!("{code_bucket_prefix}-{region}");
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    // No dots: S3's certificate would not cover the bucket's name.
    if code_bucket_prefix.is_empty()
        || code_bucket_prefix.starts_with('-')
        || !code_bucket_prefix.bytes().all(plain)
        || bucket.len() > 63
    {
        let rule = "must be lower-case letters, digits and hyphens, not begin with a hyphen, and \
                    have at most 63 characters together with a hyphen and the region";
        let (part, value) = ("code bucket prefix", code_bucket_prefix.to_owned());
        return Err(LinkError::Address { part, value, rule });
    }
    Ok(format!("https://{bucket}.s3.{region}.{suffix}/{key}"))
}

/// The link for a launch. `declared` is what the template at the address declares.
///
/// Every value is percent-encoded, so that it stays one value whatever is in it.
pub fn link(launch: &Launch<'_>, declared: &[Declared]) -> Result<String, LinkError> {
    let partition = partition_of(launch.region)?;
    check_template_url(launch, partition)?;
    if !is_stack_name(launch.stack_name) {
        return Err(LinkError::StackName(launch.stack_name.to_owned()));
    }
    check_parameters(launch.parameters, declared)?;
    let Launch { region, template_url, stack_name, parameters } = launch;
    let mut link = format!(
        "https://{}{PATH}?region={region}#{PAGE}?templateURL={}&stackName={}",
        partition.console_host(region),
        encode(template_url),
        encode(stack_name),
    );
    for (name, value) in *parameters {
        // Writing to a String cannot fail.
        let _ = write!(link, "&param_{}={}", encode(name), encode(value));
    }
    if link.len() > MAX_LINK_LENGTH { Err(LinkError::TooLong(link.len())) } else { Ok(link) }
}

/// What the console makes of a link. Stricter than the console in one thing: what it would ignore is
/// an error here.
pub fn parse(link: &str) -> Result<Parsed, LinkError> {
    let not = |what: &str| LinkError::NotALink(what.to_owned());
    let url = Url::parse(link).map_err(|error| LinkError::NotALink(error.to_string()))?;
    let query: Vec<_> = url.query_pairs().into_owned().collect();
    let [(key, region)] = query.as_slice() else {
        return Err(not("the region is missing, or not alone, before the #"));
    };
    let partition = partition_of(region)?;
    let host = partition.console_host(region);
    if key != "region" || url.scheme() != "https" || url.host_str() != Some(host.as_str()) {
        return Err(not("it does not lead to the AWS console of its region"));
    }
    let fragment = url.fragment().unwrap_or_default();
    let fields = fragment.strip_prefix(PAGE).and_then(|rest| rest.strip_prefix('?'));
    let Some(fields) = fields.filter(|_| url.path() == PATH && url.port().is_none()) else {
        return Err(not("it does not lead to the page that creates a stack"));
    };
    let (mut template_url, mut stack_name, mut parameters) = (None, None, Vec::new());
    for (key, value) in form_urlencoded::parse(fields.as_bytes()).into_owned() {
        match (key.as_str(), key.strip_prefix("param_")) {
            ("templateURL", _) if template_url.is_none() => template_url = Some(value),
            ("stackName", _) if stack_name.is_none() => stack_name = Some(value),
            (_, Some(name)) => parameters.push((name.to_owned(), value)),
            _ => return Err(LinkError::NotALink(format!("{key:?} is unknown or there twice"))),
        }
    }
    Ok(Parsed {
        region: region.clone(),
        template_url: template_url.ok_or_else(|| not("it names no template"))?,
        stack_name: stack_name.ok_or_else(|| not("it names no stack"))?,
        parameters,
    })
}

/// A stack's name: `logs-analysis-<customer>-<unique>`, of letters, digits and single hyphens.
///
/// Whatever the customer's name is written in, the result is valid; `unique` keeps it apart from
/// others, and should be at most 30 ASCII letters and digits.
pub fn stack_name(customer: &str, unique: &str) -> String {
    let unique: String = hyphenated(unique).chars().take(30).collect();
    let taken = STACK_NAME_START.len() + unique.len() + 2;
    let room = MAX_STACK_NAME_LENGTH.saturating_sub(taken);
    let customer: String = hyphenated(customer).to_ascii_lowercase().chars().take(room).collect();
    // Once more, for a hyphen that stands last where a name was cut.
    hyphenated(&[STACK_NAME_START, &customer, &unique].join("-"))
}

/// Checks, when a program starts, that a template takes what links fill in. A link would otherwise
/// lose a value without anybody noticing.
pub fn check_contract(id: &str, body: &str) -> Result<(), LinkError> {
    let declared = declared::parameters(body)?;
    let filled: Vec<&str> = if id == STACK_LAUNCH_ROLE.id {
        vec![parameters::LAUNCH_ROLE_STACK_NAME]
    } else {
        let by_link = parameters::ALL.iter().filter(|one| one.filled_by == FilledBy::Link);
        by_link.map(|one| one.name).collect()
    };
    filled.into_iter().try_for_each(|name| fillable(name, &declared).map(|_| ()))
}

fn partition_of(region: &str) -> Result<Partition, LinkError> {
    Partition::of_region(region).ok_or_else(|| LinkError::UnknownRegion(region.to_owned()))
}

/// The parameter, if a link can fill it in.
fn fillable<'a>(name: &str, declared: &'a [Declared]) -> Result<&'a Declared, LinkError> {
    let parameter = declared.iter().find(|one| one.name == name);
    let parameter = parameter.ok_or_else(|| LinkError::NotDeclared(name.to_owned()))?;
    if parameter.no_echo { Err(LinkError::NoEcho(name.to_owned())) } else { Ok(parameter) }
}

fn check_parameters(given: &[(&str, &str)], declared: &[Declared]) -> Result<(), LinkError> {
    for (index, (name, value)) in given.iter().enumerate() {
        if given[..index].iter().any(|(earlier, _)| earlier == name) {
            return Err(LinkError::Twice((*name).to_owned()));
        }
        let parameter = fillable(name, declared)?;
        if *name == parameters::LOAD_BALANCERS && value.len() > MAX_VALUE_BYTES {
            return Err(LinkError::TooManyLoadBalancers(value.len()));
        }
        parameter
            .check(value)
            .map_err(|reason| LinkError::Value { name: (*name).to_owned(), reason })?;
    }
    Ok(())
}

/// The address must be an object's in S3, in one of the two forms that AWS documents, and in the
/// stack's partition.
fn check_template_url(launch: &Launch<'_>, partition: Partition) -> Result<(), LinkError> {
    if is_s3_object(launch.template_url, partition) {
        return Ok(());
    }
    Err(LinkError::TemplateUrl {
        url: launch.template_url.to_owned(),
        region: launch.region.to_owned(),
        suffix: partition.dns_suffix(),
    })
}

fn is_s3_object(text: &str, partition: Partition) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    // Reading an address repairs it; only one that needed no repair is what it was checked to be.
    let as_written = url.as_str() == text;
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.port().is_none()
        && url.fragment().is_none();
    let Some(Host::Domain(host)) = url.host() else { return false };
    let endpoint = host
        .strip_suffix(partition.dns_suffix())
        .and_then(|rest| rest.strip_suffix('.'))
        .and_then(|rest| rest.rsplit_once('.'));
    let Some((service, region)) = endpoint else { return false };
    // The bucket stands before the endpoint's name, or else first in the path.
    let path = url.path().trim_start_matches('/');
    let (bucket, service, key) = match service.rsplit_once('.') {
        Some((bucket, service)) => (bucket, service, path),
        None => path.split_once('/').map_or(("", "", ""), |(bucket, key)| (bucket, service, key)),
    };
    let is_object = service == "s3" && !bucket.is_empty() && !key.is_empty();
    let in_partition = Partition::of_region(region) == Some(partition);
    url.scheme() == "https" && as_written && bare && in_partition && is_object
}

/// AWS: a letter, then up to 127 letters, digits and hyphens.
fn is_stack_name(name: &str) -> bool {
    name.len() <= 128
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// ASCII letters and digits, with one hyphen for whatever else stands between them.
fn hyphenated(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

/// Percent-encodes everything but ASCII letters, digits, `-`, `.` and `_`.
fn encode(value: &str) -> String {
    // The form encoding is that, but for two: a space is `+` in it (a plus sign is `%2B` already),
    // which is not a space everywhere, and it leaves `*` as it is.
    let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    encoded.replace('+', "%20").replace('*', "%2A")
}

#[cfg(test)]
#[path = "quick_create_tests.rs"]
mod tests;
