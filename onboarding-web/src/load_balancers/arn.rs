//! The ARN of a load balancer, taken apart and held against the customer's account.

use super::{Kind, Selector, entry, partition_of, shown, split::looks_like_region};

/// The partitions that the onboarding template takes; the isolated ones are told about by region.
const PARTITIONS: [&str; 4] = ["aws", "aws-us-gov", "aws-cn", "aws-eusc"];

/// Reads an ARN. The error says what is wrong with it, and what to do.
pub(super) fn read(
    item: &str,
    account: Option<&str>,
    known_region: &dyn Fn(&str) -> bool,
) -> Result<Selector, String> {
    let wrong = |why: &str| format!("'{}' {why}", shown(item));
    let parts: Vec<&str> = item.splitn(6, ':').collect();
    let &["arn", partition, service, region, owner, resource] = parts.as_slice() else {
        return Err(wrong(&format!("is not a complete ARN. {}", entry::WHERE_TO_FIND)));
    };
    if service != "elasticloadbalancing" {
        return Err(wrong(&format!(
            "is an ARN, but not that of a load balancer. {}",
            entry::WHERE_TO_FIND
        )));
    }
    let (kind, name) = read_resource(resource).map_err(|why| wrong(&why))?;
    if !looks_like_region(region) {
        return Err(wrong(&format!("has no region in it. {}", entry::WHERE_TO_FIND)));
    }
    entry::check_region(item, region, known_region)?;
    check_partition(partition, region).map_err(|why| wrong(&why))?;
    if !is_account(owner) {
        return Err(wrong("has no account of 12 digits in it. Copy the whole ARN again"));
    }
    if let Some(account) = account.filter(|account| *account != owner) {
        return Err(wrong(&format!(
            "is in account {owner}, but this customer's account is {account}. Correct the account, \
             or add the load balancers of {owner} as a customer of their own"
        )));
    }
    Ok(Selector::Arn {
        arn: item.to_owned(),
        partition: partition.to_owned(),
        region: region.to_owned(),
        account: owner.to_owned(),
        kind,
        name: name.to_owned(),
    })
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn check_partition(partition: &str, region: &str) -> Result<(), String> {
    let actual = partition_of(region);
    if !PARTITIONS.contains(&partition) {
        return Err(format!(
            "begins with arn:{}:, which is no partition of AWS known here. Copy the ARN again",
            shown(partition)
        ));
    }
    if partition != actual {
        return Err(format!(
            "is of partition {partition}, but {region} belongs to {actual}. Copy the ARN again"
        ));
    }
    Ok(())
}

/// Lengths and characters as in the template's `AllowedPattern`.
fn read_resource(resource: &str) -> Result<(Kind, &str), String> {
    let segments: Vec<&str> = resource.split('/').collect();
    let name_is_good = |name: &str| {
        (1..=32).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let id_is_good = |id: &str| {
        (1..=32).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    match segments.as_slice() {
        ["loadbalancer", "app", name, id] if name_is_good(name) && id_is_good(id) => {
            Ok((Kind::Application, name))
        }
        ["loadbalancer", "net", name, id] if name_is_good(name) && id_is_good(id) => {
            Ok((Kind::Network, name))
        }
        ["loadbalancer", "gwy", ..] => {
            Err("is a gateway load balancer, which writes no access logs. Remove it".to_owned())
        }
        ["loadbalancer", name] if !matches!(*name, "" | "app" | "net") => Err(
            "is a classic load balancer, whose logs are not analysed. Remove it, or replace it by \
             an application load balancer first"
                .to_owned(),
        ),
        ["listener" | "listener-rule", ..] => {
            Err("is the ARN of a listener. Enter the ARN of its load balancer".to_owned())
        }
        ["targetgroup", ..] => {
            Err("is the ARN of a target group. Enter the ARN of its load balancer".to_owned())
        }
        _ => Err(format!("is not a complete load balancer ARN. {}", entry::WHERE_TO_FIND)),
    }
}
