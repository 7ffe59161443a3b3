//! Which AWS operation a request is, on what, and which IAM actions it needs.

use http::{HeaderMap, Method, Uri};
use url::form_urlencoded;

/// A request in AWS's terms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Call {
    /// `s3`, `sns`, `elasticloadbalancing`, …, from the signature.
    pub service: String,
    /// From the signature.
    pub region: String,
    /// The operation's name in the API.
    pub operation: String,
    /// IAM's names for it.
    pub actions: Vec<&'static str>,
    /// The ARN that a policy is held against.
    pub resource: String,
    /// The bucket, for S3.
    pub bucket: String,
    /// The parameters of a query-protocol call.
    pub form: Vec<(String, String)>,
}

impl Call {
    /// A parameter of a query-protocol call.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Whether an operation only looks, by its name.
pub fn is_read(operation: &str) -> bool {
    let reads = ["Describe", "Get", "List", "Head", "Simulate"];
    reads.iter().any(|start| operation.starts_with(start))
}

/// Reads a request; `account` is who sends it.
pub fn parse(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8], account: &str) -> Call {
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok());
    let scope: Vec<&str> = authorization
        .and_then(|text| text.split("Credential=").nth(1))
        .and_then(|text| text.split(',').next())
        .map(|text| text.split('/').collect())
        .unwrap_or_default();
    let mut call = Call {
        region: (*scope.get(2).unwrap_or(&"")).to_owned(),
        service: (*scope.get(3).unwrap_or(&"")).to_owned(),
        ..Call::default()
    };
    if call.service == "s3" {
        read_s3(&mut call, method, uri, headers);
    } else {
        call.form = form_urlencoded::parse(body).into_owned().collect();
        read_query(&mut call, account);
    }
    call
}

fn read_s3(call: &mut Call, method: &Method, uri: &Uri, headers: &HeaderMap) {
    let path = uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    bucket.clone_into(&mut call.bucket);
    call.resource = format!("arn:aws:s3:::{bucket}");
    if !key.is_empty() {
        call.resource = format!("arn:aws:s3:::{bucket}/{key}");
        "Object".clone_into(&mut call.operation);
        call.actions = vec![match *method {
            Method::PUT => "s3:PutObject",
            Method::DELETE => "s3:DeleteObject",
            _ => "s3:GetObject",
        }];
        return;
    }
    let query = uri.query().unwrap_or_default();
    let has = |name: &str| form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key == name);
    let subresource =
        ["policy", "notification", "encryption", "tagging", "publicAccessBlock", "lifecycle"];
    let subresource = subresource.into_iter().find(|name| has(name)).unwrap_or("");
    let (operation, action) = match (method.as_str(), subresource) {
        ("HEAD", _) => ("HeadBucket", "s3:ListBucket"),
        ("GET", "") => ("ListObjectsV2", "s3:ListBucket"),
        ("PUT", "") => ("CreateBucket", "s3:CreateBucket"),
        ("DELETE", "") => ("DeleteBucket", "s3:DeleteBucket"),
        ("GET", "policy") => ("GetBucketPolicy", "s3:GetBucketPolicy"),
        ("PUT", "policy") => ("PutBucketPolicy", "s3:PutBucketPolicy"),
        ("DELETE", "policy") => ("DeleteBucketPolicy", "s3:DeleteBucketPolicy"),
        ("GET", "notification") => {
            ("GetBucketNotificationConfiguration", "s3:GetBucketNotification")
        }
        ("PUT", "notification") => {
            ("PutBucketNotificationConfiguration", "s3:PutBucketNotification")
        }
        ("GET", "encryption") => ("GetBucketEncryption", "s3:GetEncryptionConfiguration"),
        ("GET", "tagging") => ("GetBucketTagging", "s3:GetBucketTagging"),
        ("PUT", "tagging") => ("PutBucketTagging", "s3:PutBucketTagging"),
        ("GET", "publicAccessBlock") => ("GetPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
        ("PUT", "publicAccessBlock") => ("PutPublicAccessBlock", "s3:PutBucketPublicAccessBlock"),
        ("GET", "lifecycle") => ("GetBucketLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
        ("PUT", "lifecycle") => ("PutBucketLifecycleConfiguration", "s3:PutLifecycleConfiguration"),
        _ => ("Unknown", "s3:Unknown"),
    };
    operation.clone_into(&mut call.operation);
    call.actions = vec![action];
    if operation == "CreateBucket" {
        // Tags and object ownership at creation need their own permissions (S3 API, CreateBucket).
        call.actions.push("s3:TagResource");
        if headers.contains_key("x-amz-object-ownership") {
            call.actions.push("s3:PutBucketOwnershipControls");
        }
    }
}

const QUERY_ACTIONS: [&str; 20] = [
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:ModifyLoadBalancerAttributes",
    "sns:CreateTopic",
    "sns:DeleteTopic",
    "sns:GetTopicAttributes",
    "sns:SetTopicAttributes",
    "sns:ListTagsForResource",
    "sns:TagResource",
    "sns:UntagResource",
    "sns:Subscribe",
    "sns:Unsubscribe",
    "sns:ListSubscriptionsByTopic",
    "sns:ConfirmSubscription",
    "sns:Publish",
    // Only before a stack is launched.
    "elasticloadbalancing:DescribeListeners",
    "iam:GetRole",
    "iam:SimulatePrincipalPolicy",
    "sts:GetCallerIdentity",
];

fn read_query(call: &mut Call, account: &str) {
    call.operation = call.parameter("Action").unwrap_or("Unknown").to_owned();
    let name = format!("{}:{}", call.service, call.operation);
    call.actions = QUERY_ACTIONS.into_iter().filter(|action| *action == name).collect();
    if call.operation == "CreateTopic" && call.parameter("Tags.member.1.Key").is_some() {
        call.actions.push("sns:TagResource");
    }
    let named = ["TopicArn", "ResourceArn", "LoadBalancerArn", "SubscriptionArn"];
    let named = named.into_iter().find_map(|name| call.parameter(name));
    call.resource = match (named, call.operation.as_str()) {
        // These know no narrower resource (IAM's service authorization reference).
        (
            _,
            "Unsubscribe"
            | "DescribeLoadBalancers"
            | "DescribeTags"
            | "DescribeLoadBalancerAttributes",
        ) => "*".to_owned(),
        (Some(arn), _) => arn.to_owned(),
        (None, "CreateTopic") => {
            let topic = call.parameter("Name").unwrap_or_default();
            format!("arn:aws:sns:{}:{account}:{topic}", call.region)
        }
        (None, _) => "*".to_owned(),
    };
}

/// The XML of an error, as the service writes it.
pub fn error_body(service: &str, code: &str, message: &str) -> String {
    let (code, message) = (escape(code), escape(message));
    if service == "s3" {
        format!(
            "<Error><Code>{code}</Code><Message>{message}</Message><RequestId>p</RequestId></Error>"
        )
    } else {
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>\
             </Error><RequestId>p</RequestId></ErrorResponse>"
        )
    }
}

/// Text as XML content.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
