//! A customer's account: what he has before he launches anything, and what he finds afterwards.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_elasticloadbalancingv2::types::{LoadBalancerAttribute, LoadBalancerTypeEnum};
use aws_sdk_s3::{
    config::Credentials,
    types::{
        BucketLocationConstraint, CreateBucketConfiguration, NotificationConfiguration, Tag,
        Tagging,
    },
};
use serde_json::{Map, Value, json};

use crate::{emulators::Kind, proxy::Proxy};

/// Clients that act as the root of one account.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Elastic Load Balancing.
    pub elb: aws_sdk_elasticloadbalancingv2::Client,
    /// S3.
    pub s3: aws_sdk_s3::Client,
    /// SNS.
    pub sns: aws_sdk_sns::Client,
    /// CloudFormation.
    pub cloudformation: aws_sdk_cloudformation::Client,
    /// IAM.
    pub iam: aws_sdk_iam::Client,
    /// STS.
    pub sts: aws_sdk_sts::Client,
}

/// Access key, secret and session token that act for an account.
pub type Keys = (String, String, Option<String>);

impl Clients {
    /// Clients for the root of an account, by way of a port on loopback.
    pub async fn new(port: u16, kind: Kind, account: &str, region: &str) -> Result<Self> {
        Ok(Self::with_keys(port, &keys(port, kind, account).await?, region))
    }

    /// Clients for whoever holds the keys.
    pub fn with_keys(port: u16, keys: &Keys, region: &str) -> Self {
        let config = config(port, keys, region);
        Self {
            elb: aws_sdk_elasticloadbalancingv2::Client::new(&config),
            s3: aws_sdk_s3::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
            cloudformation: aws_sdk_cloudformation::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
        }
    }

    /// Sets the tags of a bucket.
    pub async fn tag_bucket(&self, bucket: &str, tags: &[(String, String)]) {
        let tag =
            |(key, value): &(String, String)| Tag::builder().key(key).value(value).build().ok();
        let tags = Tagging::builder().set_tag_set(Some(tags.iter().filter_map(tag).collect()));
        if let Ok(tagging) = tags.build() {
            let _ = self.s3.put_bucket_tagging().bucket(bucket).tagging(tagging).send().await;
        }
    }
}

fn config(port: u16, (key, secret, token): &Keys, region: &str) -> SdkConfig {
    let credentials = Credentials::new(key, secret, token.clone(), None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(aws_sdk_s3::config::SharedCredentialsProvider::new(credentials))
        .endpoint_url(format!("http://127.0.0.1:{port}"))
        .build()
}

/// Keys that act for an account: ministack takes the account's number, moto hands out a role's.
pub async fn keys(port: u16, kind: Kind, account: &str) -> Result<Keys> {
    let plain = (account.to_owned(), "secret".to_owned(), None);
    if kind != Kind::Moto {
        return Ok(plain);
    }
    let sts = aws_sdk_sts::Client::new(&config(port, &plain, "us-east-1"));
    let role = format!("arn:aws:iam::{account}:role/root");
    let answer = sts.assume_role().role_arn(role).role_session_name("root").send().await?;
    let given = answer.credentials().context("no credentials")?;
    let token = Some(given.session_token().to_owned());
    Ok((given.access_key_id().to_owned(), given.secret_access_key().to_owned(), token))
}

/// The customer.
#[derive(Debug, Clone)]
pub struct Customer {
    /// 12 digits.
    pub account: String,
    /// Where his load balancers are.
    pub region: String,
    /// Which program plays AWS.
    pub kind: Kind,
    /// He acts as the account's root.
    pub aws: Clients,
    proxy: Proxy,
}

impl Customer {
    /// A customer behind a proxy.
    pub async fn new(proxy: &Proxy, kind: Kind, account: &str, region: &str) -> Result<Self> {
        Ok(Self {
            account: account.to_owned(),
            region: region.to_owned(),
            kind,
            aws: Clients::new(proxy.customer_port, kind, account, region).await?,
            proxy: proxy.clone(),
        })
    }

    /// Makes an application load balancer; its ARN.
    pub async fn application_load_balancer(&self, name: &str) -> Result<String> {
        self.load_balancer(name, LoadBalancerTypeEnum::Application).await
    }

    /// Makes a network load balancer; its ARN.
    pub async fn network_load_balancer(&self, name: &str) -> Result<String> {
        self.proxy.is_network(name);
        self.load_balancer(name, LoadBalancerTypeEnum::Network).await
    }

    async fn load_balancer(&self, name: &str, kind: LoadBalancerTypeEnum) -> Result<String> {
        let mut request = self.aws.elb.create_load_balancer().name(name).r#type(kind);
        if self.kind == Kind::Moto {
            request = request.set_subnets(Some(self.subnets().await?));
        }
        let made = request.send().await?;
        let arn = made.load_balancers().first().and_then(|one| one.load_balancer_arn());
        Ok(arn.context("no load balancer")?.to_owned())
    }

    /// moto wants subnets that exist; every account has some from the beginning.
    async fn subnets(&self) -> Result<Vec<String>> {
        let url = format!("http://127.0.0.1:{}/", self.proxy.customer_port);
        let (key, _, _) = keys(self.proxy.customer_port, self.kind, &self.account).await?;
        let scope = format!("{key}/20260101/{}/ec2/aws4_request", self.region);
        let http = reqwest::Client::builder().build()?;
        let text = http
            .post(url)
            .header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, Signature=x"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("Action=DescribeSubnets&Version=2016-11-15")
            .send()
            .await?
            .text()
            .await?;
        let ids = text.split("<subnetId>").skip(1).filter_map(|rest| rest.split('<').next());
        Ok(ids.take(2).map(str::to_owned).collect())
    }

    /// What a load balancer says.
    pub async fn attributes(&self, arn: &str) -> Result<BTreeMap<String, String>> {
        let request = self.aws.elb.describe_load_balancer_attributes().load_balancer_arn(arn);
        let answer = request.send().await?;
        let pair = |one: &LoadBalancerAttribute| {
            Some((one.key()?.to_owned(), one.value().unwrap_or_default().to_owned()))
        };
        Ok(answer.attributes().iter().filter_map(pair).collect())
    }

    /// Has a load balancer say something.
    pub async fn set_attributes(&self, arn: &str, attributes: &[(&str, &str)]) -> Result<()> {
        let one = |(key, value): &(&str, &str)| {
            LoadBalancerAttribute::builder().key(*key).value(*value).build()
        };
        let request = self.aws.elb.modify_load_balancer_attributes().load_balancer_arn(arn);
        request.set_attributes(Some(attributes.iter().map(one).collect())).send().await?;
        Ok(())
    }

    /// Has a load balancer write access logs to a bucket of his own, with the policy that this takes.
    pub async fn log_to(&self, arn: &str, bucket: &str, prefix: &str) -> Result<()> {
        self.set_attributes(
            arn,
            &[
                ("access_logs.s3.enabled", "true"),
                ("access_logs.s3.bucket", bucket),
                ("access_logs.s3.prefix", prefix),
            ],
        )
        .await
    }

    /// Makes a bucket in his region.
    pub async fn bucket(&self, name: &str) -> Result<()> {
        self.bucket_in(name, &self.region).await
    }

    /// Makes a bucket in a region.
    pub async fn bucket_in(&self, name: &str, region: &str) -> Result<()> {
        let keys = keys(self.proxy.customer_port, self.kind, &self.account).await?;
        let there = Clients::with_keys(self.proxy.customer_port, &keys, region);
        let place = CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(region))
            .build();
        let place = (region != "us-east-1").then_some(place);
        there.s3.create_bucket().bucket(name).set_create_bucket_configuration(place).send().await?;
        Ok(())
    }

    /// Sets a bucket's policy.
    pub async fn set_policy(&self, bucket: &str, policy: &Value) -> Result<()> {
        let request = self.aws.s3.put_bucket_policy().bucket(bucket).policy(policy.to_string());
        request.send().await?;
        Ok(())
    }

    /// A bucket's policy; null if it has none.
    pub async fn policy(&self, bucket: &str) -> Value {
        let answer = self.aws.s3.get_bucket_policy().bucket(bucket).send().await;
        let text = answer.ok().and_then(|answer| answer.policy().map(str::to_owned));
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Sets a bucket's notifications, whether or not their targets exist.
    pub async fn set_notifications(
        &self,
        bucket: &str,
        all: NotificationConfiguration,
    ) -> Result<()> {
        let request = self.aws.s3.put_bucket_notification_configuration().bucket(bucket);
        let request = request.notification_configuration(all).skip_destination_validation(true);
        request.send().await?;
        Ok(())
    }

    /// A bucket's notifications, as text for comparison.
    pub async fn notifications(&self, bucket: &str) -> Vec<String> {
        let request = self.aws.s3.get_bucket_notification_configuration().bucket(bucket);
        let Ok(answer) = request.send().await else { return Vec::new() };
        let mut all: Vec<String> = Vec::new();
        all.extend(answer.topic_configurations().iter().map(|one| format!("{one:?}")));
        all.extend(answer.queue_configurations().iter().map(|one| format!("{one:?}")));
        all.extend(answer.lambda_function_configurations().iter().map(|one| format!("{one:?}")));
        all.extend(answer.event_bridge_configuration().map(|one| format!("{one:?}")));
        all
    }

    /// Names of his buckets.
    pub async fn buckets(&self) -> Result<Vec<String>> {
        let answer = self.aws.s3.list_buckets().send().await?;
        let names = answer.buckets().iter().filter_map(|bucket| bucket.name());
        Ok(names.map(str::to_owned).collect())
    }

    /// Keys of a bucket's objects.
    pub async fn keys(&self, bucket: &str) -> Result<Vec<String>> {
        // A bucket in another region is listed by nobody here.
        let Ok(answer) = self.aws.s3.list_objects_v2().bucket(bucket).send().await else {
            return Ok(Vec::new());
        };
        Ok(answer.contents().iter().filter_map(|one| one.key()).map(str::to_owned).collect())
    }

    /// Removes all objects of a bucket.
    pub async fn empty(&self, bucket: &str) -> Result<()> {
        self.past_moto(bucket, async || {
            for key in self.keys(bucket).await? {
                self.aws.s3.delete_object().bucket(bucket).key(key).send().await?;
            }
            Ok(())
        })
        .await
    }

    /// moto takes the Deny of plain http for a Deny of everything, so the policy steps aside.
    async fn past_moto(&self, bucket: &str, act: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
        let policy = self.policy(bucket).await;
        if self.kind != Kind::Moto || policy.is_null() {
            return act().await;
        }
        self.aws.s3.delete_bucket_policy().bucket(bucket).send().await?;
        act().await?;
        self.set_policy(bucket, &policy).await
    }

    /// Puts an object.
    pub async fn put(&self, bucket: &str, key: &str, body: Vec<u8>) -> Result<()> {
        self.past_moto(bucket, async || {
            self.aws.s3.put_object().bucket(bucket).key(key).body(body.into()).send().await?;
            Ok(())
        })
        .await
    }

    /// Makes a topic; its ARN.
    pub async fn topic(&self, name: &str) -> Result<String> {
        let made = self.aws.sns.create_topic().name(name).send().await?;
        Ok(made.topic_arn().context("no topic")?.to_owned())
    }

    /// ARNs of his topics.
    pub async fn topics(&self) -> Result<Vec<String>> {
        let answer = self.aws.sns.list_topics().send().await?;
        Ok(answer
            .topics()
            .iter()
            .filter_map(|topic| topic.topic_arn())
            .map(str::to_owned)
            .collect())
    }

    /// Who listens to a topic.
    pub async fn subscribers(&self, topic: &str) -> Vec<String> {
        let request = self.aws.sns.list_subscriptions_by_topic().topic_arn(topic);
        let Ok(answer) = request.send().await else { return Vec::new() };
        let all = answer.subscriptions().iter().filter_map(|one| one.endpoint());
        let mut all: Vec<String> = all.map(str::to_owned).collect();
        all.sort();
        all
    }

    /// Everything that a stack could change, for comparison.
    pub async fn snapshot(&self) -> Result<Value> {
        let mut all = Map::new();
        let balancers = self.aws.elb.describe_load_balancers().send().await?;
        for one in balancers.load_balancers() {
            let arn = one.load_balancer_arn().unwrap_or_default();
            all.insert(format!("load balancer {arn}"), json!(self.attributes(arn).await?));
        }
        for bucket in self.buckets().await? {
            all.insert(format!("bucket {bucket}"), self.bucket_state(&bucket).await?);
        }
        for topic in self.topics().await? {
            let attributes = self.aws.sns.get_topic_attributes().topic_arn(&topic).send().await?;
            let policy = attributes.attributes().and_then(|all| all.get("Policy")).cloned();
            let tags = self.aws.sns.list_tags_for_resource().resource_arn(&topic).send().await?;
            let mut tags: Vec<String> = tags.tags().iter().map(|tag| format!("{tag:?}")).collect();
            tags.sort();
            let state = json!({"policy": policy, "subscribers": self.subscribers(&topic).await, "tags": tags});
            all.insert(format!("topic {topic}"), state);
        }
        Ok(Value::Object(all))
    }

    async fn bucket_state(&self, bucket: &str) -> Result<Value> {
        let tags = self.aws.s3.get_bucket_tagging().bucket(bucket).send().await;
        let tags = tags.map(|answer| {
            let mut tags: Vec<String> =
                answer.tag_set().iter().map(|tag| format!("{tag:?}")).collect();
            tags.sort();
            tags
        });
        Ok(json!({
            "policy": self.policy(bucket).await,
            "notifications": self.notifications(bucket).await,
            "tags": tags.unwrap_or_default(),
            "objects": self.keys(bucket).await?,
        }))
    }
}

/// The statement that lets application load balancers write to a bucket of the customer's own.
pub fn elb_may_write(bucket: &str, prefix: &str, account: &str) -> Value {
    let slash = if prefix.is_empty() { "" } else { "/" };
    json!({
        "Sid": "CustomersOwn",
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": format!("arn:aws:s3:::{bucket}/{prefix}{slash}AWSLogs/{account}/*"),
    })
}
