//! The words for actions, statements and services. Source: the Service Authorization Reference, and
//! what the templates use each action for. A test keeps the tables and the templates in step.

use std::borrow::Cow;

/// The kind of access that an action gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Looks at settings or names, and changes nothing.
    Read,
    /// Creates or changes something.
    Write,
    /// Removes something.
    Delete,
    /// Sets or removes tags.
    Tags,
    /// Decides what somebody may do.
    Permissions,
    /// A wildcard: all that the service knows, or all that matches.
    Everything,
    /// An action that these tables do not know.
    Unknown,
}

impl Access {
    /// The word that people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Write",
            Self::Delete => "Delete",
            Self::Tags => "Tags",
            Self::Permissions => "Permissions",
            Self::Everything => "Everything that matches",
            Self::Unknown => "Not classified",
        }
    }
}

use Access::{Delete, Permissions, Read, Tags, Write};

/// What each action of the templates can do.
const ACTIONS: &[(&str, Access, &str)] = &[
    (
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        Read,
        "Read a load balancer's attributes, among them where it logs",
    ),
    ("elasticloadbalancing:DescribeLoadBalancers", Read, "List load balancers"),
    ("elasticloadbalancing:DescribeTags", Read, "Read load balancers' tags"),
    (
        "elasticloadbalancing:ModifyLoadBalancerAttributes",
        Write,
        "Change a load balancer's attributes, among them where it logs; AWS has no narrower action",
    ),
    ("iam:CreateRole", Write, "Create a role and say who may use it"),
    ("iam:DeleteRole", Delete, "Delete a role"),
    (
        "iam:DeleteRolePolicy",
        Permissions,
        "Take a policy away from a role, as must be done before the role can be deleted",
    ),
    ("iam:GetRole", Read, "Read a role's settings"),
    ("iam:GetRolePolicy", Read, "Read a role's inline policy"),
    ("iam:ListAttachedRolePolicies", Read, "List the managed policies of a role"),
    ("iam:ListRolePolicies", Read, "List the inline policies of a role"),
    ("iam:ListRoleTags", Read, "Read a role's tags"),
    ("iam:PassRole", Permissions, "Hand a role to a service, which then acts with its permissions"),
    (
        "iam:PutRolePolicy",
        Permissions,
        "Write a role's inline policy, that is, what the role may do",
    ),
    ("iam:TagRole", Tags, "Set a role's tags"),
    ("iam:UntagRole", Tags, "Remove a role's tags"),
    ("iam:UpdateAssumeRolePolicy", Permissions, "Change who may use a role"),
    ("iam:UpdateRole", Write, "Change a role's description or how long a session lasts"),
    ("iam:UpdateRoleDescription", Write, "Change a role's description"),
    ("lambda:CreateFunction", Write, "Create a function"),
    ("lambda:DeleteFunction", Delete, "Delete a function"),
    ("lambda:DeleteFunctionEventInvokeConfig", Delete, "Remove a function's retry settings"),
    ("lambda:GetFunction", Read, "Read a function's settings and fetch its code"),
    ("lambda:GetFunctionCodeSigningConfig", Read, "Read whether a function's code must be signed"),
    ("lambda:GetFunctionEventInvokeConfig", Read, "Read a function's retry settings"),
    (
        "lambda:GetFunctionRecursionConfig",
        Read,
        "Read whether Lambda stops a function that calls itself without end",
    ),
    ("lambda:GetFunctionScalingConfig", Read, "Read a function's scaling settings"),
    ("lambda:GetRuntimeManagementConfig", Read, "Read when a function's runtime is updated"),
    ("lambda:InvokeFunction", Write, "Call a function"),
    ("lambda:ListTags", Read, "Read a function's tags"),
    ("lambda:PutFunctionEventInvokeConfig", Write, "Set a function's retry settings"),
    ("lambda:TagResource", Tags, "Set a function's tags"),
    ("lambda:UntagResource", Tags, "Remove a function's tags"),
    ("lambda:UpdateFunctionCode", Write, "Replace a function's code"),
    (
        "lambda:UpdateFunctionConfiguration",
        Write,
        "Change a function's settings, among them its role",
    ),
    ("lambda:UpdateFunctionEventInvokeConfig", Write, "Change a function's retry settings"),
    ("logs:CreateLogGroup", Write, "Create a log group"),
    ("logs:CreateLogStream", Write, "Begin a new log stream"),
    ("logs:DeleteLogGroup", Delete, "Delete a log group with the messages in it"),
    ("logs:DescribeIndexPolicies", Read, "Read which fields of a log group are indexed"),
    ("logs:DescribeLogGroups", Read, "List log groups by name, without their messages"),
    ("logs:DescribeResourcePolicies", Read, "Read which services may write to log groups"),
    ("logs:GetDataProtectionPolicy", Read, "Read which data a log group masks"),
    ("logs:ListTagsForResource", Read, "Read a log group's tags"),
    ("logs:PutLogEvents", Write, "Write log messages"),
    ("logs:PutRetentionPolicy", Write, "Set after how many days a log group's messages expire"),
    ("logs:TagResource", Tags, "Set a log group's tags"),
    ("logs:UntagResource", Tags, "Remove a log group's tags"),
    ("s3:CreateBucket", Write, "Create a bucket"),
    ("s3:DeleteBucket", Delete, "Delete a bucket; S3 refuses that while anything is in it"),
    ("s3:DeleteBucketPolicy", Permissions, "Remove a bucket's policy"),
    ("s3:GetBucketNotification", Read, "Read whom a bucket notifies"),
    ("s3:GetBucketPolicy", Read, "Read a bucket's policy"),
    ("s3:GetBucketPublicAccessBlock", Read, "Read whether a bucket's public access is blocked"),
    ("s3:GetBucketTagging", Read, "Read a bucket's tags"),
    ("s3:GetEncryptionConfiguration", Read, "Read how a bucket is encrypted"),
    ("s3:GetLifecycleConfiguration", Read, "Read when a bucket's objects expire"),
    ("s3:GetObject", Read, "Read an object"),
    ("s3:ListBucket", Read, "List the names of a bucket's objects, not what is in them"),
    ("s3:PutBucketNotification", Write, "Set whom a bucket notifies of new objects"),
    ("s3:PutBucketOwnershipControls", Write, "Set that a bucket's owner owns every object in it"),
    (
        "s3:PutBucketPolicy",
        Permissions,
        "Change a bucket's policy, that is, who may read it or write to it",
    ),
    (
        "s3:PutBucketPublicAccessBlock",
        Permissions,
        "Block a bucket's public access, or lift the block",
    ),
    ("s3:PutLifecycleConfiguration", Write, "Set when a bucket's objects expire"),
    ("s3:TagResource", Tags, "Set a bucket's tags"),
    ("sns:CreateTopic", Write, "Create a topic"),
    ("sns:DeleteTopic", Delete, "Delete a topic with its subscriptions"),
    ("sns:GetTopicAttributes", Read, "Read a topic's settings"),
    ("sns:ListSubscriptionsByTopic", Read, "List who is subscribed to a topic"),
    ("sns:ListTagsForResource", Read, "Read a topic's tags"),
    (
        "sns:SetTopicAttributes",
        Permissions,
        "Change a topic's settings, among them who may send to it",
    ),
    ("sns:Subscribe", Write, "Subscribe somebody to a topic"),
    ("sns:TagResource", Tags, "Set a topic's tags"),
    ("sns:UntagResource", Tags, "Remove a topic's tags"),
    ("sns:Unsubscribe", Delete, "End a subscription"),
    ("sts:AssumeRole", Permissions, "Use a role"),
];

/// Each statement's purpose, and why it is as wide as it is where that may surprise.
const PURPOSES: &[(&str, &str, &str)] = &[
    (
        "ConnectLogBucket",
        "Connect the bucket: let load balancers write to it and the vendor read the logs in it, and have it tell of new logs",
        "Which bucket a load balancer already logs to is known only once the function has looked.",
    ),
    (
        "CreateOwnBucket",
        "Create a bucket for the logs where none is in use",
        "S3 cannot check whose bucket it is before there is one; the name carries this stack's own id instead.",
    ),
    (
        "DescribeLogGroup",
        "See whether the function's log group is there",
        "CloudFormation looks at log groups in lists, not one by one.",
    ),
    (
        "ExecutionRole",
        "Create, change and delete the execution role of the onboarding stack",
        "CloudFormation does this with the launch role, so that whoever launches the stack needs no rights on IAM.",
    ),
    (
        "Function",
        "Create, call, change and delete the stack's function",
        "CloudFormation calls the function with this role, and marks what it creates with tags.",
    ),
    (
        "FunctionCode",
        "Fetch the function's code",
        "The code lies in a bucket of the vendor's, one for each region.",
    ),
    ("FunctionLogGroup", "Create and delete the function's own log group", ""),
    (
        "MakeOwnTopic",
        "Create the topic that tells of new logs",
        "Its name carries this stack's own id, so that it can be told from any other.",
    ),
    (
        "ManageOnboardingBuckets",
        "Set up the buckets that onboarding made, and remove one that is empty",
        "Several stacks may share one bucket; the last to be deleted puts back what the others left to it.",
    ),
    (
        "PassExecutionRoleToLambda",
        "Hand the execution role to the function",
        "Lambda runs the function with that role, and AWS asks whether the role may be handed over.",
    ),
    (
        "ReadLoadBalancers",
        "Find the load balancers and see where they log",
        "The function looks at all load balancers of a region, because you may name them by a tag or say all.",
    ),
    (
        "ReadTopics",
        "See who is subscribed to a topic",
        "A bucket that already notifies a topic of yours keeps it, and which topic that is shows only once the function has looked.",
    ),
    (
        "ShareOnboardingTopics",
        "Look after the topics that onboarding made",
        "Stacks on one bucket share a topic, and note in its tags what was there before them, so that it can be put back.",
    ),
    (
        "SubscribeVendor",
        "Subscribe the vendor to notices of new logs",
        "A bucket may already notify a topic of yours, and then the vendor is subscribed there.",
    ),
    (
        "SwitchLogging",
        "Turn logging on and off",
        "Not only the load balancers you name now: an update that drops one must still put it back.",
    ),
    (
        "UnsubscribeVendor",
        "End the vendor's subscription when the stack is deleted",
        "AWS cannot limit this action to one subscription.",
    ),
    ("WriteOwnMessages", "Write the function's own messages", "So that you can see what it did."),
];

/// AWS services by the prefix of their actions and of their principals.
const SERVICES: &[(&str, &str)] = &[
    ("account", "AWS Account Management"),
    ("apigateway", "Amazon API Gateway"),
    ("billing", "AWS Billing"),
    ("ce", "AWS Cost Explorer"),
    ("cloudformation", "AWS CloudFormation"),
    ("dynamodb", "Amazon DynamoDB"),
    ("ec2", "Amazon EC2"),
    ("elasticloadbalancing", "Elastic Load Balancing"),
    ("iam", "IAM"),
    ("kinesis", "Amazon Kinesis"),
    ("kms", "AWS KMS"),
    ("lambda", "AWS Lambda"),
    ("logs", "CloudWatch Logs"),
    ("organizations", "AWS Organizations"),
    ("rds", "Amazon RDS"),
    ("rds-data", "the RDS Data API"),
    ("rds-db", "RDS sign-in with IAM"),
    ("redshift", "Amazon Redshift"),
    ("s3", "Amazon S3"),
    ("scheduler", "EventBridge Scheduler"),
    ("secretsmanager", "AWS Secrets Manager"),
    ("sns", "Amazon SNS"),
    ("sqs", "Amazon SQS"),
    ("sts", "AWS STS"),
];

/// What an action can do and what kind of access that is; `None` if no template uses it.
pub fn action_words(action: &str) -> Option<(&'static str, Access)> {
    let known = ACTIONS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(action));
    known.map(|(_, access, does)| (*does, *access))
}

/// The same for any action: neutral words where the table has none.
pub(super) fn describe(action: &str) -> (Cow<'static, str>, Access) {
    if let Some((does, access)) = action_words(action) {
        return (does.into(), access);
    }
    if action == "*" {
        return ("Every action of every service".into(), Access::Everything);
    }
    let Some((prefix, name)) = action.split_once(':') else {
        return ("Not known before the stack is launched".into(), Access::Unknown);
    };
    let service = service(prefix).unwrap_or(prefix);
    let matching = |what: &str| format!("Every action of {service} {what}").into();
    match (name, name.strip_suffix('*')) {
        ("*", _) => (format!("Every action of {service}").into(), Access::Everything),
        (_, Some(start)) if !start.contains(['*', '?']) => {
            (matching(&format!("whose name begins with {start}")), Access::Everything)
        }
        _ if name.contains(['*', '?']) => {
            (matching(&format!("whose name is like {name}")), Access::Everything)
        }
        _ => (format!("Action of {service}").into(), Access::Unknown),
    }
}

/// A statement's purpose and the reason for its width; the Sid's own words where the table has none.
pub(super) fn purpose(sid: &str) -> (String, &'static str) {
    match PURPOSES.iter().find(|(name, ..)| *name == sid) {
        Some((_, purpose, why)) => ((*purpose).to_owned(), why),
        None => (spelt_out(sid), ""),
    }
}

/// A service's name by its prefix: `lambda` is AWS Lambda.
pub(super) fn service(prefix: &str) -> Option<&'static str> {
    SERVICES.iter().find(|(name, _)| *name == prefix).map(|(_, words)| *words)
}

/// `ReadLoadBalancers` as `Read load balancers`; runs of capitals stay together.
fn spelt_out(sid: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    let mut signs = sid.chars().peekable();
    while let Some(sign) = signs.next() {
        let begins_word =
            sign.is_uppercase() && signs.peek().is_some_and(|next| next.is_lowercase());
        if sign.is_uppercase() && !words.is_empty() && (before.is_lowercase() || begins_word) {
            words.push(' ');
        }
        let lower = begins_word && !words.is_empty();
        words.extend(if lower { sign.to_lowercase().collect() } else { vec![sign] });
        before = sign;
    }
    words
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
