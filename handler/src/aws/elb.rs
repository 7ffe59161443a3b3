//! Elastic Load Balancing: which load balancers there are, what they log, what they are to log.

use aws_sdk_elasticloadbalancingv2::{
    Client,
    types::{Listener, LoadBalancer, LoadBalancerAttribute, ProtocolEnum},
};

use super::Call;
use crate::{
    arn::{Home, LoadBalancerArn},
    desired::LogKind,
    error::AwsError,
    observed::Attributes,
    record::Setting,
};

/// DescribeTags takes at most 20 ARNs.
const TAGS_AT_ONCE: usize = 20;

/// Every application and network load balancer of the region that works or is about to.
pub async fn list(client: &Client, home: &Home) -> Result<Vec<LoadBalancerArn>, AwsError> {
    let call = Call {
        operation: "DescribeLoadBalancers",
        action: "elasticloadbalancing:DescribeLoadBalancers",
        subject: &home.region,
    };
    let pages = client.describe_load_balancers().into_paginator().items().send();
    let found: Vec<LoadBalancer> =
        pages.collect::<Result<_, _>>().await.map_err(|error| call.failed(&error))?;
    let arns = found.iter().filter_map(LoadBalancer::load_balancer_arn);
    Ok(arns.filter_map(|arn| LoadBalancerArn::parse(arn, home).ok()).collect())
}

/// Those of `arns` that have a tag.
pub async fn tagged(
    client: &Client,
    arns: &[LoadBalancerArn],
    key: &str,
    value: &str,
) -> Result<Vec<LoadBalancerArn>, AwsError> {
    let mut found = Vec::new();
    for some in arns.chunks(TAGS_AT_ONCE) {
        let call = Call {
            operation: "DescribeTags",
            action: "elasticloadbalancing:DescribeTags",
            subject: "the load balancers of the region",
        };
        let names = some.iter().map(|arn| arn.as_str().to_owned()).collect();
        let answer = match client.describe_tags().set_resource_arns(Some(names)).send().await {
            Ok(answer) => answer,
            Err(error) => {
                let error = call.failed(&error);
                // One of them was deleted since it was listed; the others still count.
                if error.is_absent() && some.len() > 1 {
                    for one in some {
                        let one = std::slice::from_ref(one);
                        found.extend(Box::pin(tagged(client, one, key, value)).await?);
                    }
                }
                if error.is_absent() {
                    continue;
                }
                return Err(error);
            }
        };
        for described in answer.tag_descriptions() {
            let has = |tag: &aws_sdk_elasticloadbalancingv2::types::Tag| {
                tag.key() == Some(key) && tag.value().unwrap_or_default() == value
            };
            let arn = some.iter().find(|arn| described.resource_arn() == Some(arn.as_str()));
            found.extend(arn.filter(|_| described.tags().iter().any(has)).cloned());
        }
    }
    Ok(found)
}

/// What a load balancer says; `None` if it does not exist.
pub async fn attributes(
    client: &Client,
    arn: &LoadBalancerArn,
) -> Result<Option<Attributes>, AwsError> {
    let call = Call {
        operation: "DescribeLoadBalancerAttributes",
        action: "elasticloadbalancing:DescribeLoadBalancerAttributes",
        subject: arn.as_str(),
    };
    let request = client.describe_load_balancer_attributes().load_balancer_arn(arn.as_str());
    match request.send().await {
        Ok(answer) => Ok(Some(read(answer.attributes()))),
        Err(error) => {
            let error = call.failed(&error);
            if error.is_absent() { Ok(None) } else { Err(error) }
        }
    }
}

/// Whether a load balancer has a listener that speaks TLS: a network load balancer without one writes
/// no access logs. Only asked before the stack; its role has no such action.
pub async fn listens_with_tls(client: &Client, arn: &LoadBalancerArn) -> Result<bool, AwsError> {
    let call = Call {
        operation: "DescribeListeners",
        action: "elasticloadbalancing:DescribeListeners",
        subject: arn.as_str(),
    };
    let pages = client.describe_listeners().load_balancer_arn(arn.as_str()).into_paginator();
    let found: Vec<Listener> = pages
        .items()
        .send()
        .collect::<Result<_, _>>()
        .await
        .map_err(|error| call.failed(&error))?;
    Ok(found.iter().any(|one| one.protocol() == Some(&ProtocolEnum::Tls)))
}

/// Has a load balancer log as told. Only log keys are ever sent, so nothing else of it changes.
pub async fn set(
    client: &Client,
    arn: &LoadBalancerArn,
    settings: &[(LogKind, Setting)],
) -> Result<(), AwsError> {
    let attributes = settings.iter().flat_map(|(kind, setting)| write(*kind, setting)).collect();
    modify(client, arn, attributes).await
}

/// Has a load balancer say what it said before.
///
/// Elastic Load Balancing was seen to refuse an empty
/// bucket name even with logging off (aws-load-balancer-controller #2965); then the name stays, and
/// logging is off all the same.
pub async fn restore(
    client: &Client,
    arn: &LoadBalancerArn,
    settings: &[(LogKind, Setting)],
) -> Result<(), AwsError> {
    let Err(error) = set(client, arn, settings).await else { return Ok(()) };
    let nameless = settings.iter().any(|(_, setting)| setting.bucket.is_empty());
    if !nameless || !error.message.contains("cannot be empty") {
        return Err(error);
    }
    let kept = |(kind, setting): &(LogKind, Setting)| {
        let whole = write(*kind, setting);
        whole.into_iter().filter(|one| one.value().is_some_and(|value| !value.is_empty())).collect()
    };
    let attributes: Vec<Vec<LoadBalancerAttribute>> = settings.iter().map(kept).collect();
    modify(client, arn, attributes.concat()).await
}

async fn modify(
    client: &Client,
    arn: &LoadBalancerArn,
    attributes: Vec<LoadBalancerAttribute>,
) -> Result<(), AwsError> {
    let call = Call {
        operation: "ModifyLoadBalancerAttributes",
        action: "elasticloadbalancing:ModifyLoadBalancerAttributes",
        subject: arn.as_str(),
    };
    let request = client
        .modify_load_balancer_attributes()
        .load_balancer_arn(arn.as_str())
        .set_attributes(Some(attributes));
    request.send().await.map(drop).map_err(|error| call.failed(&error))
}

fn read(attributes: &[LoadBalancerAttribute]) -> Attributes {
    let pair = |one: &LoadBalancerAttribute| {
        Some((one.key()?.to_owned(), one.value().unwrap_or_default().to_owned()))
    };
    Attributes(attributes.iter().filter_map(pair).collect())
}

fn write(kind: LogKind, setting: &Setting) -> Vec<LoadBalancerAttribute> {
    let start = kind.attribute();
    [
        ("enabled", setting.enabled.to_string()),
        ("bucket", setting.bucket.clone()),
        ("prefix", setting.prefix.clone()),
    ]
    .into_iter()
    .map(|(name, value)| {
        LoadBalancerAttribute::builder().key(format!("{start}.{name}")).value(value).build()
    })
    .collect()
}
