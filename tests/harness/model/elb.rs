//! Elastic Load Balancing: it looks at the bucket and writes a test object before it takes a setting.

use std::collections::BTreeMap;

use super::{
    account::{Account, KINDS},
    reply::{Reply, element, members, pair},
    world::Rules,
};
use crate::{
    checks::{self, Writer},
    wire::Call,
};

pub(super) fn answer(account: &mut Account, rules: &Rules, call: &Call) -> Reply {
    match call.operation.as_str() {
        "DescribeLoadBalancers" => list(account),
        "DescribeTags" => tags(account, call),
        "DescribeLoadBalancerAttributes" => attributes(account, call),
        "ModifyLoadBalancerAttributes" => modify(account, rules, call),
        other => error("InvalidAction", &format!("{other} is not in the model")),
    }
}

fn error(code: &str, message: &str) -> Reply {
    Reply::error("elasticloadbalancing", 400, code, message)
}

fn not_found(arn: &str) -> Reply {
    error("LoadBalancerNotFound", &format!("Load balancer '{arn}' not found"))
}

fn list(account: &Account) -> Reply {
    let one = |arn: &String| {
        let kind = if arn.contains("/net/") { "network" } else { "application" };
        element("LoadBalancerArn", arn) + &element("Type", kind)
    };
    let all = members(account.load_balancers.keys().map(one));
    Reply::result("DescribeLoadBalancers", &format!("<LoadBalancers>{all}</LoadBalancers>"))
}

fn tags(account: &Account, call: &Call) -> Reply {
    let named = call.form.iter().filter(|(key, _)| key.starts_with("ResourceArns.member."));
    let mut described = Vec::new();
    for (_, arn) in named {
        let Some(found) = account.load_balancers.get(arn) else { return not_found(arn) };
        let tag = |(key, value): (&String, &String)| pair(("Key", "Value"), (key, value));
        let tags = members(found.tags.iter().map(tag));
        described.push(format!("{}<Tags>{tags}</Tags>", element("ResourceArn", arn)));
    }
    let all = members(described.into_iter());
    Reply::result("DescribeTags", &format!("<TagDescriptions>{all}</TagDescriptions>"))
}

fn attributes(account: &Account, call: &Call) -> Reply {
    let arn = call.parameter("LoadBalancerArn").unwrap_or_default();
    match account.load_balancers.get(arn) {
        Some(found) => attribute_list(&call.operation, &found.attributes),
        None => not_found(arn),
    }
}

fn attribute_list(operation: &str, all: &BTreeMap<String, String>) -> Reply {
    let one = |(key, value): (&String, &String)| pair(("Key", "Value"), (key, value));
    let all = members(all.iter().map(one));
    Reply::result(operation, &format!("<Attributes>{all}</Attributes>"))
}

fn modify(account: &mut Account, rules: &Rules, call: &Call) -> Reply {
    let arn = call.parameter("LoadBalancerArn").unwrap_or_default();
    let Some(found) = account.load_balancers.get(arn) else { return not_found(arn) };
    let changes = changes(call);
    if let Some(unknown) = changes.keys().find(|key| !found.attributes.contains_key(*key)) {
        let words = format!("Load balancer attribute key '{unknown}' is not recognized");
        return error("InvalidConfigurationRequest", &words);
    }
    let mut after = found.attributes.clone();
    after.extend(changes.clone());
    let touched = KINDS.iter().filter(|kind| changes.keys().any(|key| key.starts_with(*kind)));
    for kind in touched {
        match look_at_bucket(account, rules, arn, kind, &after) {
            Ok(Some((bucket, key))) => {
                account.buckets.entry(bucket).or_default().objects.insert(key);
            }
            Ok(None) => {}
            Err(refused) => return refused,
        }
    }
    if let Some(found) = account.load_balancers.get_mut(arn) {
        found.attributes.clone_from(&after);
    }
    attribute_list(&call.operation, &after)
}

/// The test object to write, if logging is on; or why the bucket will not do.
fn look_at_bucket(
    account: &Account,
    rules: &Rules,
    arn: &str,
    kind: &str,
    after: &BTreeMap<String, String>,
) -> Result<Option<(String, String)>, Reply> {
    let text = |name: &str| after.get(&format!("{kind}.{name}")).cloned().unwrap_or_default();
    if text("enabled") != "true" {
        let nameless = rules.refuses_empty_bucket && text("bucket").is_empty();
        let words = "The value of 'access_logs.s3.bucket' cannot be empty";
        return if nameless { Err(error("ValidationError", words)) } else { Ok(None) };
    }
    let (bucket, prefix) = (text("bucket"), text("prefix"));
    let refused = |words: String| Err(error("InvalidConfigurationRequest", &words));
    if prefix.contains("AWSLogs") {
        return refused("The prefix cannot contain AWSLogs".to_owned());
    }
    let Some(found) = account.buckets.get(&bucket) else {
        return refused(format!("S3 bucket {bucket} does not exist"));
    };
    if found.region != rules.region {
        return refused(format!("S3 bucket {bucket} is not in the load balancer's region"));
    }
    let writer = if arn.contains("/net/") { Writer::Network } else { Writer::Application };
    let file = match kind {
        "access_logs.s3" => "ELBAccessLogTestFile",
        "connection_logs.s3" => "ELBConnectionLogTestFile",
        _ => "ELBHealthCheckLogTestFile",
    };
    let slash = if prefix.is_empty() { "" } else { "/" };
    let key = format!("{prefix}{slash}AWSLogs/{}/{file}", rules.account);
    let policy = if rules.shows(&bucket) { found.policy.as_ref() } else { None };
    let may = checks::lets_write(policy, writer, &bucket, &key, &rules.account);
    if !may || (found.kms && writer == Writer::Application) {
        return refused(format!(
            "Access Denied for bucket: {bucket}. Please check S3bucket permission"
        ));
    }
    Ok(Some((bucket, key)))
}

/// The attributes that a call sets.
pub(crate) fn changes(call: &Call) -> BTreeMap<String, String> {
    let mut set = BTreeMap::new();
    for index in 1.. {
        let start = format!("Attributes.member.{index}");
        let Some(key) = call.parameter(&format!("{start}.Key")) else { break };
        let value = call.parameter(&format!("{start}.Value")).unwrap_or_default();
        set.insert(key.to_owned(), value.to_owned());
    }
    set
}
