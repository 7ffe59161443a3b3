//! S3: buckets, their policies and notifications. Every call that takes it says which account the
//! bucket must belong to. There is no call in here that touches an object, and none that could.

use aws_sdk_s3::{
    Client,
    types::{
        AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLocationConstraint,
        BucketNamespace, CreateBucketConfiguration, ExpirationStatus, LifecycleExpiration,
        LifecycleRule, LifecycleRuleFilter, NotificationConfiguration, ObjectOwnership,
        PublicAccessBlockConfiguration, ServerSideEncryption, Tag,
    },
};
use serde_json::Value;

use super::Call;
use crate::{
    arn::Home,
    error::AwsError,
    identity::Identity,
    notification::Notifications,
    observed::{Bucket, OwnBucketFacts},
};

#[path = "s3_notifications.rs"]
mod wire;

/// The name of the rule with which logs expire in a bucket of ours.
const LIFECYCLE_RULE: &str = "logs-analysis-retention";

/// The failure of looking at a bucket that exists and that we may not look at.
pub fn not_allowed_to_look(bucket: &str) -> AwsError {
    AwsError {
        operation: "HeadBucket",
        action: "s3:ListBucket",
        subject: bucket.to_owned(),
        code: "AccessDenied".to_owned(),
        message: "the bucket's policy, or its new owner, does not let this account look".to_owned(),
        status: 403,
        bucket_region: None,
    }
}

/// Reads and writes the buckets of one account and region.
#[derive(Debug, Clone, Copy)]
pub struct Buckets<'a> {
    /// The client.
    pub client: &'a Client,
    /// Where every bucket must be.
    pub home: &'a Home,
}

impl Buckets<'_> {
    /// Whether there is a bucket of this name, and whose; `Ok(None)` means that it is here.
    pub async fn head(&self, bucket: &str) -> Result<Option<Bucket>, AwsError> {
        let call = Call { operation: "HeadBucket", action: "s3:ListBucket", subject: bucket };
        let request = self.client.head_bucket().bucket(bucket);
        match request.expected_bucket_owner(&self.home.account).send().await {
            Ok(answer) => Ok(match answer.bucket_region() {
                Some(region) if region != self.home.region => {
                    Some(Bucket::Elsewhere(region.to_owned()))
                }
                _ => None,
            }),
            Err(error) => {
                let error = call.failed(&error);
                match (&error.bucket_region, error.status) {
                    (_, 404) => Ok(Some(Bucket::Absent)),
                    (Some(region), 301 | 400) if *region != self.home.region => {
                        Ok(Some(Bucket::Elsewhere(region.clone())))
                    }
                    _ => Err(error),
                }
            }
        }
    }

    /// Whether a bucket's default encryption is anything but SSE-S3.
    pub async fn is_kms(&self, bucket: &str) -> Result<bool, AwsError> {
        let call = Call {
            operation: "GetBucketEncryption",
            action: "s3:GetEncryptionConfiguration",
            subject: bucket,
        };
        let request = self.client.get_bucket_encryption().bucket(bucket);
        match request.expected_bucket_owner(&self.home.account).send().await {
            Ok(answer) => {
                let rules = answer
                    .server_side_encryption_configuration()
                    .map(aws_sdk_s3::types::ServerSideEncryptionConfiguration::rules);
                Ok(rules.unwrap_or_default().iter().any(|rule| {
                    rule.apply_server_side_encryption_by_default()
                        .is_some_and(|by| *by.sse_algorithm() != ServerSideEncryption::Aes256)
                }))
            }
            Err(error) => {
                let error = call.failed(&error);
                let none = error.code == "ServerSideEncryptionConfigurationNotFoundError";
                if none { Ok(false) } else { Err(error) }
            }
        }
    }

    /// A bucket's policy, if it has one.
    pub async fn policy(&self, bucket: &str) -> Result<Option<Value>, AwsError> {
        let call =
            Call { operation: "GetBucketPolicy", action: "s3:GetBucketPolicy", subject: bucket };
        let request = self.client.get_bucket_policy().bucket(bucket);
        match request.expected_bucket_owner(&self.home.account).send().await {
            Ok(answer) => {
                let text = answer.policy().unwrap_or_default();
                serde_json::from_str(text).map(Some).map_err(|_| AwsError {
                    operation: call.operation,
                    subject: bucket.to_owned(),
                    action: call.action,
                    code: "MalformedPolicy".to_owned(),
                    message: "the bucket's policy is not JSON".to_owned(),
                    ..AwsError::default()
                })
            }
            Err(error) => {
                let error = call.failed(&error);
                if error.code == "NoSuchBucketPolicy" { Ok(None) } else { Err(error) }
            }
        }
    }

    /// Writes a bucket's policy, or removes it where there is none left.
    pub async fn put_policy(&self, bucket: &str, policy: Option<&Value>) -> Result<(), AwsError> {
        let owner = &self.home.account;
        if let Some(policy) = policy {
            let call = Call {
                operation: "PutBucketPolicy",
                action: "s3:PutBucketPolicy",
                subject: bucket,
            };
            let request = self.client.put_bucket_policy().bucket(bucket).policy(policy.to_string());
            let sent = request.expected_bucket_owner(owner).send().await;
            return sent.map(drop).map_err(|error| call.failed(&error));
        }
        let call = Call {
            operation: "DeleteBucketPolicy",
            action: "s3:DeleteBucketPolicy",
            subject: bucket,
        };
        let request = self.client.delete_bucket_policy().bucket(bucket);
        let sent = request.expected_bucket_owner(owner).send().await;
        sent.map(drop).map_err(|error| call.failed(&error))
    }

    /// A bucket's notifications.
    pub async fn notifications(&self, bucket: &str) -> Result<Notifications, AwsError> {
        let call = Call {
            operation: "GetBucketNotificationConfiguration",
            action: "s3:GetBucketNotification",
            subject: bucket,
        };
        let request = self.client.get_bucket_notification_configuration().bucket(bucket);
        let answer = request.expected_bucket_owner(&self.home.account).send().await;
        let answer = answer.map_err(|error| call.failed(&error))?;
        Ok(wire::read(&answer))
    }

    /// Writes all notifications of a bucket. `unchecked` leaves out S3's test message, which fails
    /// for all if it fails for one.
    pub async fn put_notifications(
        &self,
        bucket: &str,
        all: &Notifications,
        unchecked: bool,
    ) -> Result<(), AwsError> {
        let call = Call {
            operation: "PutBucketNotificationConfiguration",
            action: "s3:PutBucketNotification",
            subject: bucket,
        };
        let configuration: NotificationConfiguration = wire::write(all);
        let request = self
            .client
            .put_bucket_notification_configuration()
            .bucket(bucket)
            .notification_configuration(configuration)
            .set_skip_destination_validation(unchecked.then_some(true))
            .expected_bucket_owner(&self.home.account);
        request.send().await.map(drop).map_err(|error| call.failed(&error))
    }

    /// What is known of a bucket with one of our names.
    pub async fn own(&self, id: &Identity, bucket: &str) -> Result<OwnBucketFacts, AwsError> {
        let (tags, blocked, retention_days) =
            tokio::try_join!(self.tags(bucket), self.is_blocked(bucket), self.retention(bucket),)?;
        Ok(OwnBucketFacts { tagged: id.owns(&tags), blocked, retention_days })
    }

    async fn tags(&self, bucket: &str) -> Result<Vec<(String, String)>, AwsError> {
        let call =
            Call { operation: "GetBucketTagging", action: "s3:GetBucketTagging", subject: bucket };
        let request = self.client.get_bucket_tagging().bucket(bucket);
        match request.expected_bucket_owner(&self.home.account).send().await {
            Ok(answer) => {
                let pair = |tag: &Tag| (tag.key().to_owned(), tag.value().to_owned());
                Ok(answer.tag_set().iter().map(pair).collect())
            }
            Err(error) => {
                let error = call.failed(&error);
                if error.code == "NoSuchTagSet" { Ok(Vec::new()) } else { Err(error) }
            }
        }
    }

    async fn is_blocked(&self, bucket: &str) -> Result<bool, AwsError> {
        let call = Call {
            operation: "GetPublicAccessBlock",
            action: "s3:GetBucketPublicAccessBlock",
            subject: bucket,
        };
        let request = self.client.get_public_access_block().bucket(bucket);
        match request.expected_bucket_owner(&self.home.account).send().await {
            Ok(answer) => Ok(answer.public_access_block_configuration().is_some_and(|block| {
                let all = [
                    block.block_public_acls(),
                    block.ignore_public_acls(),
                    block.block_public_policy(),
                    block.restrict_public_buckets(),
                ];
                all.iter().all(|one| *one == Some(true))
            })),
            Err(error) => {
                let error = call.failed(&error);
                if error.code == "NoSuchPublicAccessBlockConfiguration" {
                    Ok(false)
                } else {
                    Err(error)
                }
            }
        }
    }

    async fn retention(&self, bucket: &str) -> Result<Option<u16>, AwsError> {
        let rules = self.lifecycle(bucket).await?;
        let rule = rules.iter().find(|rule| rule.id() == Some(LIFECYCLE_RULE));
        let days = rule.and_then(LifecycleRule::expiration).and_then(LifecycleExpiration::days);
        Ok(days.and_then(|days| u16::try_from(days).ok()))
    }

    async fn lifecycle(&self, bucket: &str) -> Result<Vec<LifecycleRule>, AwsError> {
        let call = Call {
            operation: "GetBucketLifecycleConfiguration",
            action: "s3:GetLifecycleConfiguration",
            subject: bucket,
        };
        let request = self.client.get_bucket_lifecycle_configuration().bucket(bucket);
        match request.expected_bucket_owner(&self.home.account).send().await {
            Ok(answer) => Ok(answer.rules().to_vec()),
            Err(error) => {
                let error = call.failed(&error);
                let none = error.code == "NoSuchLifecycleConfiguration";
                if none { Ok(Vec::new()) } else { Err(error) }
            }
        }
    }

    /// Makes a bucket of ours, with its tags from the first moment.
    pub async fn create(&self, id: &Identity, bucket: &str) -> Result<(), AwsError> {
        let call = Call { operation: "CreateBucket", action: "s3:CreateBucket", subject: bucket };
        let tag =
            |(key, value): (String, String)| Tag::builder().key(key).value(value).build().ok();
        let mut configuration = CreateBucketConfiguration::builder()
            .set_tags(Some(id.tags().into_iter().filter_map(tag).collect()));
        // us-east-1 is what no constraint means, and must not be named.
        if self.home.region != "us-east-1" {
            let region = BucketLocationConstraint::from(self.home.region.as_str());
            configuration = configuration.location_constraint(region);
        }
        let namespace =
            self.home.offers_account_regional_buckets().then_some(BucketNamespace::AccountRegional);
        let request = self
            .client
            .create_bucket()
            .bucket(bucket)
            .create_bucket_configuration(configuration.build())
            .object_ownership(ObjectOwnership::BucketOwnerEnforced)
            .set_bucket_namespace(namespace);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let error = call.failed(&error);
                if error.code == "BucketAlreadyOwnedByYou" { Ok(()) } else { Err(error) }
            }
        }
    }

    /// Blocks all public access to a bucket of ours. New buckets are blocked already, and many
    /// organisations forbid the write, so it is looked at first.
    pub async fn block_public_access(&self, bucket: &str) -> Result<(), AwsError> {
        if self.is_blocked(bucket).await? {
            return Ok(());
        }
        let call = Call {
            operation: "PutPublicAccessBlock",
            action: "s3:PutBucketPublicAccessBlock",
            subject: bucket,
        };
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        let request = self.client.put_public_access_block().bucket(bucket);
        let request = request.public_access_block_configuration(block);
        let sent = request.expected_bucket_owner(&self.home.account).send().await;
        sent.map(drop).map_err(|error| call.failed(&error))
    }

    /// Has logs expire in a bucket of ours. Rules that the customer added stay; a fresh bucket has none.
    pub async fn set_lifecycle(
        &self,
        bucket: &str,
        days: u16,
        fresh: bool,
    ) -> Result<(), AwsError> {
        let mut rules = if fresh { Vec::new() } else { self.lifecycle(bucket).await? };
        rules.retain(|rule| rule.id() != Some(LIFECYCLE_RULE));
        let call = Call {
            operation: "PutBucketLifecycleConfiguration",
            action: "s3:PutLifecycleConfiguration",
            subject: bucket,
        };
        let unfinished = AbortIncompleteMultipartUpload::builder().days_after_initiation(7).build();
        let rule = LifecycleRule::builder()
            .id(LIFECYCLE_RULE)
            .status(ExpirationStatus::Enabled)
            .filter(LifecycleRuleFilter::builder().prefix("").build())
            .expiration(LifecycleExpiration::builder().days(i32::from(days)).build())
            .abort_incomplete_multipart_upload(unfinished)
            .build();
        let rule = rule.map_err(|error| AwsError {
            operation: call.operation,
            message: error.to_string(),
            ..AwsError::default()
        })?;
        rules.push(rule);
        let configuration =
            BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().ok();
        let request = self.client.put_bucket_lifecycle_configuration().bucket(bucket);
        let request = request.set_lifecycle_configuration(configuration);
        let sent = request.expected_bucket_owner(&self.home.account).send().await;
        sent.map(drop).map_err(|error| call.failed(&error))
    }

    /// Removes a bucket of ours; `false` if there is something in it, so that it stays.
    pub async fn delete_if_empty(&self, bucket: &str) -> Result<bool, AwsError> {
        let call = Call { operation: "DeleteBucket", action: "s3:DeleteBucket", subject: bucket };
        let request = self.client.delete_bucket().bucket(bucket);
        match request.expected_bucket_owner(&self.home.account).send().await {
            Ok(_) => Ok(true),
            Err(error) => {
                let error = call.failed(&error);
                match error.code.as_str() {
                    "BucketNotEmpty" => Ok(false),
                    _ if error.is_absent() => Ok(true),
                    _ => Err(error),
                }
            }
        }
    }
}
