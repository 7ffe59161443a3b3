//! S3: names are the world's, every call may name the owner it expects, documents are replaced whole.

use serde::Deserialize;
use serde_json::Value;

use super::{
    account::{Account, Bucket, Tags},
    reply::{Reply, element},
    request::Request,
    world::Rules,
};
use crate::checks::{self, Notifications};

/// The most that a bucket's policy may have, in bytes (S3 user guide, "Bucket policies").
const POLICY_LIMIT: usize = 20 << 10;

pub(super) fn answer(account: &mut Account, rules: &Rules, request: &Request) -> Reply {
    let name = request.call.bucket.as_str();
    if request.call.operation == "CreateBucket" {
        return create(account, rules, request);
    }
    let Some(found) = account.buckets.get(name) else { return missing(request) };
    let expected = request.header("x-amz-expected-bucket-owner").unwrap_or(&rules.account);
    if found.owner != rules.account || expected != found.owner {
        return denied();
    }
    if found.region != rules.region {
        let mut moved = error(301, "PermanentRedirect", "The bucket is in another region");
        moved.headers.push(("x-amz-bucket-region", found.region.clone()));
        return moved;
    }
    match request.call.operation.as_str() {
        "HeadBucket" => Reply {
            headers: vec![("x-amz-bucket-region", found.region.clone())],
            ..Reply::nothing()
        },
        "DeleteBucket" if !found.objects.is_empty() => {
            error(409, "BucketNotEmpty", "The bucket you tried to delete is not empty")
        }
        "DeleteBucket" => {
            account.buckets.remove(name);
            Reply { status: 204, ..Reply::default() }
        }
        read if read.starts_with("Get") => get(found, read),
        write => match account.buckets.get_mut(name) {
            Some(found) => {
                let publishable = |topic: &str| {
                    let policy = account.topics.get(topic).and_then(|topic| topic.policy.as_ref());
                    checks::lets_publish(policy, topic, name, &rules.account)
                };
                put(found, request, write, publishable)
            }
            None => missing(request),
        },
    }
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::error("s3", status, code, message)
}

fn denied() -> Reply {
    error(403, "AccessDenied", "Access Denied")
}

fn missing(request: &Request) -> Reply {
    // An answer to HEAD has no body and so no code.
    if request.call.operation == "HeadBucket" {
        return Reply { status: 404, ..Reply::default() };
    }
    error(404, "NoSuchBucket", "The specified bucket does not exist")
}

fn get(found: &Bucket, operation: &str) -> Reply {
    let none = |code: &str| error(404, code, "There is none");
    match operation {
        "GetBucketPolicy" => match &found.policy {
            Some(policy) => Reply::of(policy.to_string()),
            None => none("NoSuchBucketPolicy"),
        },
        "GetBucketNotificationConfiguration" => {
            Reply::of(quick_xml::se::to_string(&found.notifications).unwrap_or_default())
        }
        "GetBucketEncryption" => Reply::of(encryption(found.kms)),
        "GetBucketTagging" if found.tags.is_empty() => none("NoSuchTagSet"),
        "GetBucketTagging" => {
            let tag = |(key, value): (&String, &String)| {
                format!("<Tag>{}{}</Tag>", element("Key", key), element("Value", value))
            };
            let all: String = found.tags.iter().map(tag).collect();
            Reply::of(format!("<Tagging><TagSet>{all}</TagSet></Tagging>"))
        }
        "GetPublicAccessBlock" if !found.blocked => none("NoSuchPublicAccessBlockConfiguration"),
        "GetPublicAccessBlock" => {
            let names = [
                "BlockPublicAcls",
                "IgnorePublicAcls",
                "BlockPublicPolicy",
                "RestrictPublicBuckets",
            ];
            let all: String = names.iter().map(|name| element(name, "true")).collect();
            let root = "PublicAccessBlockConfiguration";
            Reply::of(format!("<{root}>{all}</{root}>"))
        }
        "GetBucketLifecycleConfiguration" => match &found.lifecycle {
            Some(rules) => Reply::of(rules.clone()),
            None => none("NoSuchLifecycleConfiguration"),
        },
        other => error(501, "NotImplemented", &format!("{other} is not in the model")),
    }
}

fn encryption(kms: bool) -> String {
    let algorithm = element("SSEAlgorithm", if kms { "aws:kms" } else { "AES256" });
    let rule = "ApplyServerSideEncryptionByDefault";
    format!(
        "<ServerSideEncryptionConfiguration><Rule><{rule}>{algorithm}</{rule}></Rule>\
         </ServerSideEncryptionConfiguration>"
    )
}

fn put(
    found: &mut Bucket,
    request: &Request,
    operation: &str,
    publishable: impl Fn(&str) -> bool,
) -> Reply {
    let malformed = || error(400, "MalformedXML", "The XML you provided was not well-formed");
    match operation {
        "PutBucketPolicy" => put_policy(found, request),
        "DeleteBucketPolicy" => {
            found.policy = None;
            Reply { status: 204, ..Reply::default() }
        }
        "PutBucketNotificationConfiguration" => {
            let Ok(wanted) = Notifications::parse(request.body.as_bytes()) else {
                return malformed();
            };
            if let Some(why) = wanted.refusal() {
                return error(400, "InvalidArgument", why);
            }
            let unchecked = request.header("x-amz-skip-destination-validation") == Some("true");
            if !unchecked && !wanted.topics().into_iter().all(publishable) {
                let words = "Unable to validate the following destination configurations";
                return error(400, "InvalidArgument", words);
            }
            found.notifications = wanted;
            Reply::nothing()
        }
        "PutPublicAccessBlock" => {
            found.blocked = true;
            Reply::nothing()
        }
        "PutBucketLifecycleConfiguration" => {
            found.lifecycle = Some(request.body.clone());
            Reply::nothing()
        }
        other => error(501, "NotImplemented", &format!("{other} is not in the model")),
    }
}

fn put_policy(found: &mut Bucket, request: &Request) -> Reply {
    let policy: Option<Value> = serde_json::from_str(&request.body).ok();
    let statements = policy.as_ref().and_then(|policy| policy["Statement"].as_array());
    if request.body.len() > POLICY_LIMIT || statements.is_none_or(Vec::is_empty) {
        return error(400, "MalformedPolicy", "The policy is not in the valid JSON format");
    }
    found.policy = policy;
    Reply { status: 204, ..Reply::default() }
}

#[derive(Debug, Default, Deserialize)]
struct CreateBucketConfiguration {
    #[serde(rename = "LocationConstraint", default)]
    region: String,
    #[serde(rename = "Tags", default)]
    tags: TagSet,
}

#[derive(Debug, Default, Deserialize)]
struct TagSet {
    #[serde(rename = "Tag", default)]
    all: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
struct Tag {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "Value", default)]
    value: String,
}

fn create(account: &mut Account, rules: &Rules, request: &Request) -> Reply {
    let name = request.call.bucket.as_str();
    if let Some(there) = account.buckets.get(name) {
        let code = if there.owner == rules.account {
            "BucketAlreadyOwnedByYou"
        } else {
            "BucketAlreadyExists"
        };
        return error(409, code, "The requested bucket name is not available");
    }
    let wanted: Result<CreateBucketConfiguration, _> = match request.body.as_str() {
        "" => Ok(CreateBucketConfiguration::default()),
        body => quick_xml::de::from_str(body),
    };
    let Ok(wanted) = wanted else { return error(400, "MalformedXML", "Not well-formed") };
    let region = if wanted.region.is_empty() { "us-east-1" } else { &wanted.region };
    if region != rules.region || wanted.region == "us-east-1" {
        let words = format!("The location constraint {region} is not that of this endpoint");
        return error(400, "IllegalLocationConstraintException", &words);
    }
    let tags: Tags = wanted.tags.all.into_iter().map(|tag| (tag.key, tag.value)).collect();
    let blocked = !rules.public_buckets;
    let made = Bucket { tags, blocked, ..Bucket::of(&rules.account, &rules.region) };
    account.buckets.insert(name.to_owned(), made);
    Reply::nothing()
}
