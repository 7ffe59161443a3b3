//! S3: the vendor's buckets. Every call that takes it says which account the bucket must belong to.

use aws_config::{Region, SdkConfig};
use aws_sdk_s3::{
    Client,
    types::{
        BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration,
        ObjectOwnership, PublicAccessBlockConfiguration, ServerSideEncryption,
        VersioningConfiguration,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use sha2::{Digest, Sha256};
use templates::digest::sha256;

use super::{AwsError, Call};
use crate::publish::{Bucket, artefacts::Artefact, policy::PublicAccess};

/// A bucket, or the place where it will be.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    client: Client,
    bucket: &'a Bucket,
}

/// What is under a bucket's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// Nothing.
    Absent,
    /// A bucket in another region.
    Elsewhere(String),
    /// The bucket.
    Here,
}

type Result<T> = std::result::Result<T, AwsError>;

impl<'a> Place<'a> {
    /// Calls the bucket's own region.
    pub fn new(config: &SdkConfig, bucket: &'a Bucket) -> Self {
        let region = Region::new(bucket.region.clone());
        let config = config.to_builder().region(region).build();
        // A name below an endpoint of one's own, such as an emulator's, leads nowhere.
        let own = config.endpoint_url().is_some();
        let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(own).build();
        Self { client: Client::from_conf(config), bucket }
    }

    fn call(&self, operation: &'static str, action: &'static str) -> Call<'_> {
        Call { operation, action, subject: &self.bucket.name }
    }

    /// Whether there is a bucket of this name.
    pub async fn head(&self) -> Result<Head> {
        let call = self.call("HeadBucket", "s3:ListBucket");
        let Bucket { name, owner, region, .. } = self.bucket;
        let request = self.client.head_bucket().bucket(name).expected_bucket_owner(owner);
        match request.send().await {
            Ok(answer) => Ok(match answer.bucket_region() {
                Some(other) if other != region => Head::Elsewhere(other.to_owned()),
                _ => Head::Here,
            }),
            Err(error) => {
                let error = call.failed(&error);
                match (&error.bucket_region, error.status) {
                    (_, 404) => Ok(Head::Absent),
                    (Some(other), 301 | 400) if other != region => {
                        Ok(Head::Elsewhere(other.clone()))
                    }
                    _ => Err(error),
                }
            }
        }
    }

    /// The bucket's policy.
    pub async fn policy(&self) -> Result<Option<Value>> {
        let call = self.call("GetBucketPolicy", "s3:GetBucketPolicy");
        let Bucket { name, owner, .. } = self.bucket;
        let request = self.client.get_bucket_policy().bucket(name).expected_bucket_owner(owner);
        match request.send().await {
            // What is no JSON cannot be one of ours.
            Ok(answer) => {
                let text = answer.policy().unwrap_or_default();
                Ok(Some(serde_json::from_str(text).unwrap_or_else(|_| text.into())))
            }
            Err(error) => or_none(call.failed(&error), "NoSuchBucketPolicy"),
        }
    }

    /// The bucket's public access settings.
    pub async fn public_access(&self) -> Result<Option<PublicAccess>> {
        let call = self.call("GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock");
        let Bucket { name, owner, .. } = self.bucket;
        let request = self.client.get_public_access_block().bucket(name);
        match request.expected_bucket_owner(owner).send().await {
            Ok(answer) => {
                Ok(answer.public_access_block_configuration().map(|found| PublicAccess {
                    block_acls: found.block_public_acls().unwrap_or_default(),
                    ignore_acls: found.ignore_public_acls().unwrap_or_default(),
                    block_policy: found.block_public_policy().unwrap_or_default(),
                    restrict_buckets: found.restrict_public_buckets().unwrap_or_default(),
                }))
            }
            Err(error) => or_none(call.failed(&error), "NoSuchPublicAccessBlockConfiguration"),
        }
    }

    /// Whether the bucket keeps earlier versions of objects.
    pub async fn keeps_versions(&self) -> Result<bool> {
        let call = self.call("GetBucketVersioning", "s3:GetBucketVersioning");
        let Bucket { name, owner, .. } = self.bucket;
        let request = self.client.get_bucket_versioning().bucket(name).expected_bucket_owner(owner);
        let answer = request.send().await.map_err(|error| call.failed(&error))?;
        Ok(answer.status() == Some(&BucketVersioningStatus::Enabled))
    }

    /// Reads an object whole; the SHA-256 of its bytes.
    pub async fn digest(&self, key: &str) -> Result<Option<String>> {
        let Bucket { name, owner, .. } = self.bucket;
        let subject = format!("{name}/{key}");
        // Without s3:ListBucket, what is absent is forbidden.
        let action = "s3:GetObject and s3:ListBucket";
        let call = Call { operation: "GetObject", action, subject: &subject };
        let request = self.client.get_object().bucket(name).key(key).expected_bucket_owner(owner);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => return or_none(call.failed(&error), "NoSuchKey"),
        };
        match answer.body.collect().await {
            Ok(body) => Ok(Some(sha256(body.into_bytes()))),
            Err(error) => Err(AwsError {
                operation: call.operation,
                action,
                message: format!("the object broke off: {error}"),
                subject: subject.clone(),
                ..AwsError::default()
            }),
        }
    }

    /// Makes the bucket. Nobody's access control lists count in it.
    pub async fn create(&self) -> Result<()> {
        let call = self.call("CreateBucket", "s3:CreateBucket and s3:PutBucketOwnershipControls");
        let Bucket { name, region, .. } = self.bucket;
        // The one region that is the default has no name here.
        let elsewhere = (region != "us-east-1").then(|| {
            CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(region.as_str()))
                .build()
        });
        let request = self.client.create_bucket().bucket(name);
        let request = request.object_ownership(ObjectOwnership::BucketOwnerEnforced);
        let made = request.set_create_bucket_configuration(elsewhere).send().await;
        match made.map_err(|error| call.failed(&error)) {
            Err(error) if error.code != "BucketAlreadyOwnedByYou" => Err(error),
            _ => Ok(()),
        }
    }

    /// Sets the public access settings.
    pub async fn put_public_access(&self, wanted: PublicAccess) -> Result<()> {
        let call = self.call("PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock");
        let Bucket { name, owner, .. } = self.bucket;
        let settings = PublicAccessBlockConfiguration::builder()
            .block_public_acls(wanted.block_acls)
            .ignore_public_acls(wanted.ignore_acls)
            .block_public_policy(wanted.block_policy)
            .restrict_public_buckets(wanted.restrict_buckets)
            .build();
        let request = self.client.put_public_access_block().bucket(name);
        let request = request.expected_bucket_owner(owner);
        let sent = request.public_access_block_configuration(settings).send().await;
        sent.map(drop).map_err(|error| call.failed(&error))
    }

    /// Sets the policy.
    pub async fn put_policy(&self, policy: &Value) -> Result<()> {
        let call = self.call("PutBucketPolicy", "s3:PutBucketPolicy");
        let Bucket { name, owner, .. } = self.bucket;
        let request = self.client.put_bucket_policy().bucket(name).policy(policy.to_string());
        let sent = request.expected_bucket_owner(owner).send().await;
        sent.map(drop).map_err(|error| call.failed(&error))
    }

    /// Has the bucket keep earlier versions of objects.
    pub async fn keep_versions(&self) -> Result<()> {
        let call = self.call("PutBucketVersioning", "s3:PutBucketVersioning");
        let Bucket { name, owner, .. } = self.bucket;
        let status = BucketVersioningStatus::Enabled;
        let settings = VersioningConfiguration::builder().status(status).build();
        let request = self.client.put_bucket_versioning().bucket(name).expected_bucket_owner(owner);
        let sent = request.versioning_configuration(settings).send().await;
        sent.map(drop).map_err(|error| call.failed(&error))
    }

    /// Uploads an object where there is none. Says `false` if there is one, whatever it holds.
    pub async fn upload(&self, artefact: &Artefact) -> Result<bool> {
        let Bucket { name, owner, .. } = self.bucket;
        let subject = format!("{name}/{}", artefact.key);
        let call = Call { operation: "PutObject", action: "s3:PutObject", subject: &subject };
        let request = self
            .client
            .put_object()
            .bucket(name)
            .key(&artefact.key)
            .expected_bucket_owner(owner)
            .if_none_match("*")
            .checksum_sha256(STANDARD.encode(Sha256::digest(&artefact.body)))
            .content_type(artefact.content_type)
            // Not the bucket's default: other accounts cannot read what a key of ours encrypts.
            .server_side_encryption(ServerSideEncryption::Aes256)
            .body(artefact.body.clone().into());
        match request.send().await.map_err(|error| call.failed(&error)) {
            Ok(_) => Ok(true),
            Err(error) if error.status == 412 => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn or_none<T>(error: AwsError, absent: &str) -> Result<Option<T>> {
    if error.code == absent { Ok(None) } else { Err(error) }
}
