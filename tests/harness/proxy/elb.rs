//! Elastic Load Balancing: it looks at the bucket before it takes a setting, and lists its attributes.

use std::collections::BTreeMap;

use axum::response::Response;
use serde_json::Value;

use super::{Message, Shared, failure, respond};
use crate::{
    checks::{self, Writer},
    emulators::Kind,
    model::{
        account::{KINDS, LoadBalancer},
        changes,
    },
    wire::{self, Call},
};

impl Shared {
    /// Elastic Load Balancing looks at the bucket and writes a test object before it takes a setting.
    pub(super) async fn modify_attributes(&self, call: &Call, message: &Message) -> Response {
        let arn = call.parameter("LoadBalancerArn").unwrap_or_default().to_owned();
        if !self.exists(&arn).await {
            let words = "One or more load balancers not found";
            return failure(call, 400, "LoadBalancerNotFound", words);
        }
        if matches!(self.kind, Kind::Ministack { auth: true }) {
            let allowed = self.forward(call, message).await;
            if !allowed.is_success() {
                return allowed.into_response(false);
            }
        }
        let mut after = self.attributes(&arn);
        after.extend(changes(call));
        if let Err((code, words)) = self.check_buckets(&arn, call, &after).await {
            return failure(call, 400, code, &words);
        }
        let body = attribute_list("ModifyLoadBalancerAttributes", &after);
        self.state().attributes.insert(arn, after);
        respond(200, body)
    }

    pub(super) async fn describe_attributes(&self, call: &Call, message: &Message) -> Response {
        let existing = self.forward(call, message).await;
        if !existing.is_success() {
            return existing.into_response(false);
        }
        let arn = call.parameter("LoadBalancerArn").unwrap_or_default();
        respond(200, attribute_list("DescribeLoadBalancerAttributes", &self.attributes(arn)))
    }

    /// Asked of the emulator without changing anything.
    pub(super) async fn exists(&self, arn: &str) -> bool {
        let network: Vec<String> = self.state().network.iter().cloned().collect();
        let known_as = network.iter().fold(arn.to_owned(), |arn, name| {
            arn.replace(&format!("/net/{name}/"), &format!("/app/{name}/"))
        });
        self.root.elb.describe_load_balancers().load_balancer_arns(known_as).send().await.is_ok()
    }

    /// What a load balancer says, with the keys that AWS lists from the beginning.
    pub(super) fn attributes(&self, arn: &str) -> BTreeMap<String, String> {
        if let Some(known) = self.state().attributes.get(arn) {
            return known.clone();
        }
        LoadBalancer::new(arn).attributes
    }

    pub(super) async fn check_buckets(
        &self,
        arn: &str,
        call: &Call,
        after: &BTreeMap<String, String>,
    ) -> Result<(), (&'static str, String)> {
        let writer = if arn.contains("/net/") { Writer::Network } else { Writer::Application };
        let changed = changes(call);
        for kind in KINDS.into_iter().filter(|kind| changed.keys().any(|key| key.starts_with(kind)))
        {
            let text =
                |name: &str| after.get(&format!("{kind}.{name}")).cloned().unwrap_or_default();
            if writer == Writer::Network && kind != KINDS[0] {
                return Err((
                    "InvalidConfigurationRequest",
                    format!("Key {kind}.enabled not valid"),
                ));
            }
            let named = changed.get(&format!("{kind}.bucket"));
            if self.state().refuses_empty_bucket && named.is_some_and(String::is_empty) {
                let words = format!("The value of '{kind}.bucket' cannot be empty");
                return Err(("InvalidConfigurationRequest", words));
            }
            if text("enabled") == "true" {
                self.check_bucket(kind, writer, &text("bucket"), &text("prefix")).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn check_bucket(
        &self,
        kind: &str,
        writer: Writer,
        bucket: &str,
        prefix: &str,
    ) -> Result<(), (&'static str, String)> {
        let refused = |words: String| Err(("InvalidConfigurationRequest", words));
        if bucket.is_empty() {
            return refused(format!("The value of '{kind}.bucket' cannot be empty"));
        }
        if prefix.contains("AWSLogs") {
            return refused("The prefix cannot contain AWSLogs".to_owned());
        }
        let s3 = &self.root.s3;
        match s3.head_bucket().bucket(bucket).send().await {
            Ok(head) if head.bucket_region().is_some_and(|region| region != self.region) => {
                return refused(format!("S3 bucket {bucket} is not in the load balancer's region"));
            }
            // A bucket of another account can still have a policy that lets us write; not told here.
            Ok(_) => {}
            Err(_) => return refused(format!("S3 bucket {bucket} does not exist")),
        }
        let denied =
            format!("Access Denied for bucket: {bucket}. Please check S3bucket permission");
        let encryption = s3.get_bucket_encryption().bucket(bucket).send().await;
        let kms = encryption.is_ok_and(|answer| format!("{answer:?}").contains("AwsKms"));
        let policy = s3.get_bucket_policy().bucket(bucket).send().await.ok();
        let policy: Option<Value> = policy
            .and_then(|answer| serde_json::from_str(answer.policy().unwrap_or_default()).ok());
        let file = match kind {
            "access_logs.s3" => "ELBAccessLogTestFile",
            "connection_logs.s3" => "ELBConnectionLogTestFile",
            _ => "ELBHealthCheckLogTestFile",
        };
        let slash = if prefix.is_empty() { "" } else { "/" };
        let key = format!("{prefix}{slash}AWSLogs/{}/{file}", self.account);
        let may = checks::lets_write(policy.as_ref(), writer, bucket, &key, &self.account);
        if kms && writer == Writer::Application || !may {
            return refused(denied);
        }
        // moto takes the Deny of plain http for a Deny of everything.
        let moto = self.kind == Kind::Moto;
        if moto {
            let _ = s3.delete_bucket_policy().bucket(bucket).send().await;
        }
        let put = s3.put_object().bucket(bucket).key(key).body(Vec::new().into()).send().await;
        if let Some(policy) = policy.filter(|_| moto) {
            let _ = s3.put_bucket_policy().bucket(bucket).policy(policy.to_string()).send().await;
        }
        if put.is_err() { refused(denied) } else { Ok(()) }
    }
}

fn attribute_list(operation: &str, attributes: &BTreeMap<String, String>) -> String {
    let member = |(key, value): (&String, &String)| {
        format!(
            "<member><Key>{}</Key><Value>{}</Value></member>",
            wire::escape(key),
            wire::escape(value)
        )
    };
    let members: String = attributes.iter().map(member).collect();
    format!(
        "<{operation}Response xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\">\
         <{operation}Result><Attributes>{members}</Attributes></{operation}Result>\
         <ResponseMetadata><RequestId>p</RequestId></ResponseMetadata></{operation}Response>"
    )
}
