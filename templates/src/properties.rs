//! What `InvokeLambdaFunction` hands to the handler: the names of its properties, and of the
//! attributes that it hands back.
//!
//! Every shape that was ever shipped must stay readable: a Delete, and the Update of a rollback,
//! carry the properties of the version that was deployed before (CDK custom-resources README).

/// A list: load-balancer ARNs, `tag:Key=Value`, `all`.
pub const LOAD_BALANCERS: &str = "LoadBalancers";
/// Comma-separated: `access`, `connection`, `health-check`.
pub const LOG_KINDS: &str = "LogKinds";
/// The folder in the bucket below which logs go; blank for none.
pub const LOG_PREFIX: &str = "LogPrefix";
/// The customer's own bucket; blank for one that the handler makes.
pub const EXISTING_BUCKET_NAME: &str = "ExistingBucketName";
/// Days, as text, as CloudFormation sends every scalar.
pub const LOG_RETENTION_DAYS: &str = "LogRetentionDays";
/// The 12 digits of the account that may read the logs.
pub const VENDOR_ACCOUNT_ID: &str = "VendorAccountId";
/// An `https://` URL or the ARN of an SQS queue, told of every new log.
pub const NOTIFICATION_ENDPOINT: &str = "NotificationEndpoint";
/// The customer's token at the onboarding service.
pub const ONBOARDING_TOKEN: &str = "OnboardingToken";
/// Where progress is reported; blank turns reports off.
pub const REPORT_URL: &str = "ReportUrl";
/// The release; a new value makes CloudFormation call the handler again.
pub const VERSION: &str = "Version";

/// All properties, as the template names them.
pub const ALL: [&str; 10] = [
    LOAD_BALANCERS,
    LOG_KINDS,
    LOG_PREFIX,
    EXISTING_BUCKET_NAME,
    LOG_RETENTION_DAYS,
    VENDOR_ACCOUNT_ID,
    NOTIFICATION_ENDPOINT,
    ONBOARDING_TOKEN,
    REPORT_URL,
    VERSION,
];

/// The attributes that Create and Update both answer with, for `Fn::GetAtt`.
pub const ATTRIBUTES: [&str; 6] =
    ["Buckets", "TopicArn", "SubscriptionArn", "Created", "Adopted", "LoadBalancers"];

/// Stands for "no value" where a mapping may not hold an empty string.
pub const NONE: &str = "-";
