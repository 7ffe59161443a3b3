//! Who may read what lies in a bucket: its policy and its public access settings.
//!
//! CloudFormation fetches a template, and Lambda a function's code, with the rights of whoever launches
//! the stack, or of the role that they hand to CloudFormation: a principal of the customer's account.
//! Customers are not known when a version is published, and an organisation may roll a stack out to
//! accounts that the vendor never hears of. So every principal of AWS may read, one object at a time, by
//! its key and over TLS; nobody may list, write or look at anything else, and who has no account at all
//! may do nothing. `aws:CalledVia` would be narrower, but it is absent where CloudFormation works with a
//! role of its own, which is what the launch role is for. Nothing secret lies there: customers read the
//! templates before they launch them.
//!
//! What was published stays as it was, whoever of the vendor's own account works there: an object is
//! written only where there is none (S3 tells by `If-None-Match`, which every upload must carry), and
//! nothing is deleted, nor expires. Uploads in parts cannot carry it at their beginning and are thereby
//! refused; ours are not in parts. S3 has no stronger lock that could be opened again: who has to take
//! something away after all removes the statement first, which CloudTrail shows, and the next `publish`
//! puts it back.
//!
//! S3 calls such a policy public. So two of the four settings of Block Public Access are off (those
//! that would refuse it or leave it without effect), and the two on access control lists are on.

use serde_json::{Map, Value, json};
use templates::catalog::PREFIX;

use super::Bucket;

/// What the ids of our statements begin with; a policy of other statements is somebody else's.
const SIDS: &str = "LogsAnalysisArtefacts";

/// The four settings of Block Public Access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "S3 has just these four")]
pub struct PublicAccess {
    /// New access control lists that are public are refused.
    pub block_acls: bool,
    /// Access control lists that are public have no effect.
    pub ignore_acls: bool,
    /// A new policy that is public is refused.
    pub block_policy: bool,
    /// A policy that is public has no effect on other accounts.
    pub restrict_buckets: bool,
}

/// As our buckets have them.
pub const PUBLIC_ACCESS: PublicAccess = PublicAccess {
    block_acls: true,
    ignore_acls: true,
    block_policy: false,
    restrict_buckets: false,
};

/// Where a bucket's policy stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    None,
    /// As it has to be.
    Same,
    /// One of ours that says something else; it may be replaced.
    Ours,
    /// Somebody else's; what in it is not ours.
    Foreign(String),
}

/// A bucket's policy.
pub fn document(bucket: &Bucket) -> Value {
    let arn = format!("arn:{}:s3:::{}", bucket.partition.id(), bucket.name);
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": format!("{SIDS}Read"),
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": "s3:GetObject",
                "Resource": format!("{arn}/{PREFIX}*"),
                "Condition": {
                    "StringNotEquals": {
                        "aws:PrincipalType": "Anonymous",
                        "aws:PrincipalAccount": "anonymous"
                    }
                }
            },
            {
                "Sid": format!("{SIDS}OverTlsOnly"),
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, format!("{arn}/*")],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}}
            },
            {
                "Sid": format!("{SIDS}NeverOverwritten"),
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:PutObject",
                "Resource": format!("{arn}/*"),
                "Condition": {"Null": {"s3:if-none-match": "true"}}
            },
            {
                "Sid": format!("{SIDS}NeverDeleted"),
                "Effect": "Deny",
                "Principal": "*",
                "Action": [
                    "s3:DeleteObject",
                    "s3:DeleteObjectVersion",
                    "s3:PutLifecycleConfiguration"
                ],
                "Resource": [arn, format!("{arn}/*")]
            }
        ]
    })
}

/// Holds a bucket's policy against what it has to be.
pub fn standing(bucket: &Bucket, found: Option<&Value>) -> Standing {
    let Some(found) = found else { return Standing::None };
    if plain(found) == plain(&document(bucket)) {
        return Standing::Same;
    }
    let statements = match &found["Statement"] {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    };
    let foreign: Vec<String> = statements
        .iter()
        .filter(|one| !one["Sid"].as_str().is_some_and(|sid| sid.starts_with(SIDS)))
        .map(|one| match one["Sid"].as_str() {
            Some(sid) => format!("the statement {sid}"),
            None => format!("the statement {}", shortened(&one.to_string())),
        })
        .collect();
    if foreign.is_empty() { Standing::Ours } else { Standing::Foreign(foreign.join(", ")) }
}

/// S3 may give a list of one back as the value itself, and lists in another order.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(all) => {
            let mut all: Vec<Value> = all.iter().map(plain).collect();
            all.sort_by_key(Value::to_string);
            if let [one] = all.as_slice() { one.clone() } else { Value::Array(all) }
        }
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(k, v)| (k.clone(), plain(v))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn shortened(text: &str) -> String {
    let start: String = text.chars().take(120).collect();
    if start.len() < text.len() { start + "…" } else { start }
}

#[cfg(test)]
mod tests {
    use templates::partition::Partition;

    use super::*;

    fn bucket() -> Bucket {
        Bucket {
            region: "cn-north-1".into(),
            name: "vendor-code-cn-north-1".into(),
            owner: "222233334444".into(),
            partition: Partition::AwsCn,
        }
    }

    #[test]
    fn the_only_thing_that_is_allowed_is_reading_objects_below_the_prefix() {
        let policy = document(&bucket());
        let all = policy["Statement"].as_array().unwrap();
        let allowed: Vec<&Value> = all.iter().filter(|one| one["Effect"] == "Allow").collect();
        assert_eq!(allowed.len(), 1);
        assert_eq!(allowed[0]["Action"], "s3:GetObject");
        let below = "arn:aws-cn:s3:::vendor-code-cn-north-1/logs-analysis/*";
        assert_eq!(allowed[0]["Resource"], below);
        assert_eq!(allowed[0]["Condition"]["StringNotEquals"]["aws:PrincipalType"], "Anonymous");
    }

    /// Word for word: emulators know too little of these conditions.
    #[test]
    fn what_was_published_is_not_overwritten_nor_deleted() {
        let policy = document(&bucket());
        let all = policy["Statement"].as_array().unwrap();
        let denied: Vec<&Value> = all.iter().filter(|one| one["Effect"] == "Deny").collect();
        let arn = "arn:aws-cn:s3:::vendor-code-cn-north-1";
        let all_of_it = json!([arn, format!("{arn}/*")]);
        assert_eq!(
            json!(denied),
            json!([
                {
                    "Sid": "LogsAnalysisArtefactsOverTlsOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": all_of_it,
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}}
                },
                {
                    "Sid": "LogsAnalysisArtefactsNeverOverwritten",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:PutObject",
                    "Resource": format!("{arn}/*"),
                    "Condition": {"Null": {"s3:if-none-match": "true"}}
                },
                {
                    "Sid": "LogsAnalysisArtefactsNeverDeleted",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": [
                        "s3:DeleteObject",
                        "s3:DeleteObjectVersion",
                        "s3:PutLifecycleConfiguration"
                    ],
                    "Resource": all_of_it
                }
            ])
        );
    }

    #[test]
    fn a_policy_as_s3_gives_it_back_is_the_same() {
        let mut found = document(&bucket());
        found["Statement"].as_array_mut().unwrap().reverse();
        found["Statement"][0]["Resource"].as_array_mut().unwrap().reverse();
        found["Statement"][3]["Action"] = json!(["s3:GetObject"]);
        assert_eq!(standing(&bucket(), Some(&found)), Standing::Same);
        assert_eq!(standing(&bucket(), None), Standing::None);
    }

    #[test]
    fn a_policy_of_ours_may_be_replaced_and_another_may_not() {
        let mut found = document(&bucket());
        found["Statement"][0]["Action"] = json!("s3:*");
        assert_eq!(standing(&bucket(), Some(&found)), Standing::Ours);
        found["Statement"][1]["Sid"] = json!("Audit");
        let foreign = standing(&bucket(), Some(&found));
        assert_eq!(foreign, Standing::Foreign("the statement Audit".into()));
        let nameless = json!({"Statement": {"Effect": "Allow"}});
        let foreign = standing(&bucket(), Some(&nameless));
        let words = "the statement {\"Effect\":\"Allow\"}";
        assert_eq!(foreign, Standing::Foreign(words.into()));
    }
}
