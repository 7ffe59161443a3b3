use std::collections::BTreeSet;

use super::*;

/// Codes, and texts that must lead to them: the function's own with example values, and AWS's.
const TEXTS: &[(&str, &[&str])] = &[
    (
        "wrong-account",
        &[
            "the stack is in account 222233334444, the link is for 111122223333",
            "You are signed in to another account",
        ],
    ),
    ("wrong-region", &["the stack is in region us-east-1, the link is for eu-west-1"]),
    (
        "load-balancer-other-account",
        &[
            "Property LoadBalancers: Load balancer 'arn:aws:elasticloadbalancing:eu-west-1:999999999999:loadbalancer/app/web/50dc6c495c0c9188' is in account 999999999999, but this stack is in account 111122223333. Launch the stack once in each account and region that has load balancers.",
        ],
    ),
    (
        "load-balancer-other-region",
        &[
            "Property LoadBalancers: Load balancer 'arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188' is in region us-east-1, but this stack is in region eu-west-1. Launch the stack once in each account and region that has load balancers.",
        ],
    ),
    (
        "load-balancer-other-partition",
        &[
            "Property LoadBalancers: Load balancer 'arn:aws-cn:elasticloadbalancing:cn-north-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188' is in partition aws-cn, but this stack is in partition aws. Launch the stack once in each account and region that has load balancers.",
        ],
    ),
    (
        "load-balancer-gateway",
        &[
            "Property LoadBalancers: 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/gwy/fw/50dc6c495c0c9188' is a gateway load balancer, which writes no access logs. Remove it from LoadBalancers.",
        ],
    ),
    (
        "load-balancer-classic",
        &[
            "Property LoadBalancers: 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/web' is a classic load balancer, which this stack does not cover. Remove it from LoadBalancers, or migrate it to an application load balancer.",
        ],
    ),
    (
        "load-balancer-arn",
        &[
            "Property LoadBalancers: 'web' is not the ARN of a load balancer. Copy the ARN from the load balancer's page in the EC2 console; it begins with arn:aws:elasticloadbalancing:.",
            "Property LoadBalancers: 'arn:aws:s3:eu-west-1:111122223333:loadbalancer/app/web/1' is an ARN, but not that of a load balancer.",
            "Property LoadBalancers: 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/' is not a complete load balancer ARN.",
        ],
    ),
    ("load-balancer-tag-form", &["Property LoadBalancers: 'tag:team' should read tag:Key=Value."]),
    (
        "load-balancers-empty",
        &[
            "Property LoadBalancers is empty. Give load balancer ARNs, tag:Key=Value, or all.",
            "Parameters: [LoadBalancers] must have values",
        ],
    ),
    (
        "load-balancers-form",
        &[
            "Parameter LoadBalancers failed to satisfy constraint: must be ARNs of application or network load balancers, tag:Key=Value, or all.",
            "Template validation error: Parameter 'LoadBalancers' must match pattern ^(all|tag:[^=]{1,128}=.{0,256})$",
        ],
    ),
    (
        "load-balancer-not-found",
        &[
            "Load balancer arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/50dc6c495c0c9188 does not exist. Copy its ARN from the EC2 console, or remove it from LoadBalancers.",
            "An error occurred (LoadBalancerNotFound) when calling the DescribeLoadBalancers operation: One or more load balancers not found",
        ],
    ),
    (
        "no-load-balancer-matched",
        &["no load balancer has the tag team=web", "No load balancer found."],
    ),
    (
        "too-many-load-balancers",
        &[
            "400 load balancers are more than one stack can keep account of. Launch several stacks, each with a part of them, chosen by tag.",
        ],
    ),
    (
        "template-fault",
        &[
            "Property VendorAccountId: '0' is not a 12-digit account id. This is a fault of the template, not yours: tell the vendor.",
            "Property NotificationEndpoint is neither an https:// address nor the ARN of a queue. This is a fault of the template, not yours: tell the vendor.",
            "Property LogKinds: 'all' is none of access, connection, health-check.",
            "Property LogPrefix may not contain AWSLogs: Elastic Load Balancing adds that folder itself.",
            "Property LogPrefix: 'a//b' should be letters, digits and !-_.'() with single slashes between folders, at most 256 characters.",
            "Property ReportUrl: not an https:// address.",
        ],
    ),
    (
        "bucket-name-form",
        &[
            "Property ExistingBucketName: 's3://logs' is not the name of an S3 bucket. Give the name alone, without s3:// and without a folder, or leave it blank.",
            "Parameter ExistingBucketName failed to satisfy constraint: must be the name of an S3 bucket (not its ARN), or blank.",
        ],
    ),
    (
        "retention-form",
        &[
            "Property LogRetentionDays: '0' should be a number of days from 1 to 3650.",
            "Parameter 'LogRetentionDays' must be a number not greater than 3650",
        ],
    ),
    (
        "token-form",
        &[
            "Property OnboardingToken should be letters, digits, - and _, at most 128 of them.",
            "Parameter OnboardingToken failed to satisfy constraint: must be at most 128 letters, digits, underscores and hyphens.",
        ],
    ),
    (
        "parameter-unreadable",
        &[
            "Property LogRetentionDays must be a single text value.",
            "Property LoadBalancers must be a list of text values.",
            "Property ExistingBucketName contains control characters.",
            "Property LoadBalancers has an entry that is not readable text.",
        ],
    ),
    (
        "stack-name-form",
        &[
            "1 validation error detected: Value 'logs_analysis' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
            "Parameter StackName failed to satisfy constraint: must be 4 to 24 letters, digits and hyphens, and begin with a letter.",
        ],
    ),
    (
        "left-behind",
        &[
            "Kept, because logs are in it: bucket dtlogs-1. Could not put back logging of load balancer arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/1: ModifyLoadBalancerAttributes on arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/1 failed: Access Denied for bucket: old. Please check S3bucket permission (InvalidConfigurationRequest). Elastic Load Balancing may not write there. Look for a Deny statement in the bucket's policy, and for encryption other than SSE-S3.",
            "Could not change the notifications of bucket logs: Somebody else keeps changing the notifications of bucket logs. Try again when that is over.",
            "The stack was deleted while this was running; what had been made was removed again. Could not remove bucket dtlogs-1: Time ran out while waiting for: remove bucket dtlogs-1. CloudFormation now takes back what was begun. Try again; if it fails again, AWS may be slow or one of the load balancers busy.",
        ],
    ),
    (
        "stack-deleted-meanwhile",
        &[
            "The stack was deleted while this was running; what had been made was removed again.",
            "The stack was deleted while this was running; what had been made was removed again. Kept, because logs are in it: bucket dtlogs-1.",
        ],
    ),
    (
        "shared-with-other-stacks",
        &[
            "Logging stays as it is, because other stacks rely on it and will put it back when the last of them is deleted: arn:aws:cloudformation:eu-west-1:111122223333:stack/logs/51af3dc0-da77-11e4-872e-1234567db123",
        ],
    ),
    (
        "bucket-kept",
        &[
            "Kept, because logs are in it: bucket dtlogs-51af3dc0-1234567db123-111122223333-eu-west-1-an",
            "The bucket you tried to delete is not empty (Service: S3, Status Code: 409)",
        ],
    ),
    ("nothing-to-undo", &["Nothing of this stack has this id"]),
    (
        "load-balancer-deleted",
        &[
            "Somebody else changed the account while this was running: load balancer arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/1 was deleted. Try again when that is over.",
        ],
    ),
    (
        "bucket-name-taken",
        &[
            "Somebody else changed the account while this was running: bucket dtlogs-1 was taken by somebody else. Try again when that is over.",
            "CreateBucket on dtlogs-1 failed: The requested bucket name is not available. (BucketAlreadyExists). Try again; if it fails again, send this event to the vendor.",
        ],
    ),
    (
        "changed-by-others",
        &[
            "Somebody else changed the account while this was running: topic DTLogsAnalysis-x appeared. Try again when that is over.",
            "Somebody else changed the account while this was running: the notifications of bucket logs changed. Try again when that is over.",
            "Somebody else changed the account while this was running: somebody undid: change the policy of bucket logs. Try again when that is over.",
            "Somebody else keeps changing the policy of bucket logs. Try again when that is over.",
        ],
    ),
    (
        "out-of-time",
        &[
            "Time ran out while waiting for: AWS to answer. CloudFormation now takes back what was begun. Try again; if it fails again, AWS may be slow or one of the load balancers busy.",
            "Time ran out while waiting for: change the policy of bucket logs. CloudFormation now takes back what was begun.",
        ],
    ),
    (
        "handler-fault",
        &[
            "A fault in the handler stopped it (index 7 out of range). CloudFormation now takes back what was begun. Tell the vendor.",
            "The handler gave no reason",
            "/lib64/libc.so.6: version 'GLIBC_2.38' not found (required by /var/task/bootstrap)",
        ],
    ),
    (
        "event-unreadable",
        &[
            "StackId 'x' is not the ARN of a stack.",
            "RequestType is none of Create, Update, Delete.",
            "the event cannot be answered: StackId names another account or region than the function's own",
            "the event cannot be answered: the event has no ResponseURL",
        ],
    ),
    (
        "notification-overlap-foreign-topic",
        &[
            "Bucket logs has the event notification 'siem' (s3:ObjectCreated:* below 'AWSLogs/', to topic arn:aws:sns:eu-west-1:999999999999:siem), which sends to a topic of another account or region, which this stack may not subscribe to; S3 allows only one. Ways out: send that notification to an SNS topic of this account and region.",
        ],
    ),
    (
        "notification-overlap-part",
        &[
            "Bucket logs has the event notification 'a' (s3:ObjectCreated:Put below 'AWSLogs/', to topic arn:aws:sns:eu-west-1:111122223333:a), which tells its topic of only a part of the load balancer logs; S3 allows only one. Ways out: or choose another bucket.",
        ],
    ),
    (
        "notification-overlap",
        &[
            "Bucket logs has the event notification 'q' (s3:ObjectCreated:* below '', to queue arn:aws:sqs:eu-west-1:111122223333:q), which already takes the same events; S3 allows only one. Ways out: send that notification to an SNS topic of this account and region for s3:ObjectCreated:* below a prefix that covers the logs, and this stack will listen to that topic; or choose another bucket.",
            "Bucket logs has the event notification 'f' (s3:ObjectCreated:* below '', to Lambda function arn:aws:lambda:eu-west-1:111122223333:function:f), which already takes the same events; S3 allows only one.",
            "PutBucketNotificationConfiguration on logs failed: Configurations overlap. Configurations on the same bucket cannot share a common event type. (InvalidArgument). Try again; if it fails again, send this event to the vendor.",
        ],
    ),
    (
        "notification-topic-gone",
        &[
            "Bucket logs has an event notification for the same logs to topic arn:aws:sns:eu-west-1:111122223333:gone, which does not exist any more. Remove that notification, then try again.",
        ],
    ),
    (
        "bucket-kms",
        &[
            "Bucket logs (load balancer arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/1 logs to it) is encrypted with a KMS key. Elastic Load Balancing writes only to buckets with SSE-S3, and the vendor could not read the logs. Change the bucket's default encryption to SSE-S3 (AES256), or choose another bucket.",
        ],
    ),
    (
        "bucket-other-region",
        &[
            "Bucket logs is in region us-east-1. It must be in the region of the load balancers: choose another bucket, or leave ExistingBucketName blank.",
        ],
    ),
    (
        "bucket-other-account",
        &[
            "Bucket logs belongs to another account, or this stack may not look at it (its function's role needs s3:ListBucket). This stack changes nothing in other accounts: the bucket's owner must let the vendor read it and notify the vendor of new logs. Or choose a bucket of this account, or leave ExistingBucketName blank.",
        ],
    ),
    (
        "bucket-not-found",
        &[
            "Bucket logs does not exist. Check the name, or leave ExistingBucketName blank to have a bucket made.",
            "PutBucketPolicy on logs failed: The specified bucket does not exist (NoSuchBucket). Try again; if it fails again, send this event to the vendor.",
        ],
    ),
    (
        "topic-not-ours",
        &[
            "SNS topic DTLogsAnalysis-51af3dc0-da77-11e4-872e-1234567db123-InvokeLambdaFunction exists and was not made by this stack. Remove it, then try again.",
        ],
    ),
    (
        "bucket-not-ours",
        &[
            "Bucket dtlogs-1 exists and was not made by this stack.",
            "Bucket dtlogs-1 exists and was not made by this stack, or this stack may not look at it (its function's role needs s3:ListBucket). Remove it, or give the bucket to use as ExistingBucketName.",
        ],
    ),
    (
        "record-lost",
        &[
            "The tags of SNS topic DTLogsAnalysis-1, in which this stack keeps what was before it, were changed or removed. Delete the stack and launch it again.",
        ],
    ),
    (
        "policy-sid-taken",
        &[
            "The policy of bucket logs has a statement with Sid DTLogsAnalysis0011VendorRead, which this stack needs and did not write. Give that statement another Sid.",
        ],
    ),
    (
        "policy-too-large",
        &[
            "The policy of bucket logs would have 20613 bytes, and S3 takes 20480. Shorten the policy, or choose another bucket.",
        ],
    ),
    (
        "block-public-policy",
        &[
            "User: arn:aws:sts::111122223333:assumed-role/logs-analysis-x/fn is not authorized to perform: s3:PutBucketPolicy on resource: \"arn:aws:s3:::logs\" because public policies are blocked by the BlockPublicPolicy block public access setting. (AccessDenied). The function's role needs s3:PutBucketPolicy.",
        ],
    ),
    (
        "scp-deny",
        &[
            "CreateTopic on DTLogsAnalysis-1 failed: User: arn:aws:sts::111122223333:assumed-role/logs-analysis-x/fn is not authorized to perform: SNS:CreateTopic on resource: arn:aws:sns:eu-west-1:111122223333:DTLogsAnalysis-1 with an explicit deny in a service control policy: arn:aws:organizations::999999999999:policy/o-1/service_control_policy/p-1 (AuthorizationError). The function's role needs sns:CreateTopic.",
        ],
    ),
    (
        "permissions-boundary",
        &[
            "User: arn:aws:iam::111122223333:user/anna is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::111122223333:role/x because no permissions boundary allows the iam:CreateRole action",
        ],
    ),
    (
        "bucket-not-visible",
        &[
            "HeadBucket on logs failed: the bucket's policy, or its new owner, does not let this account look (AccessDenied). The function's role needs s3:ListBucket. If the template's role was not changed, a service control policy or permissions boundary of your organisation forbids it: ask who runs it.",
        ],
    ),
    (
        "bucket-write-denied",
        &[
            "ModifyLoadBalancerAttributes on arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/web/1 failed: Access Denied for bucket: logs. Please check S3bucket permission (InvalidConfigurationRequest). Elastic Load Balancing may not write there. Look for a Deny statement in the bucket's policy, and for encryption other than SSE-S3.",
            "ModifyLoadBalancerAttributes on x failed: Access Denied for bucket: logs. Please check S3bucket permission (ValidationError).",
        ],
    ),
    (
        "notification-target-invalid",
        &[
            "PutBucketNotificationConfiguration on logs failed: Unable to validate the following destination configurations (InvalidArgument). S3 may not publish to one of the bucket's notification targets. Remove notifications whose topic, queue or function is gone, then try again.",
        ],
    ),
    (
        "topic-gone",
        &[
            "PutBucketNotificationConfiguration on logs failed: the topic is gone (InvalidArgument). Try again; if it fails again, send this event to the vendor.",
        ],
    ),
    (
        "function-role-denied",
        &[
            "PutBucketPolicy on logs failed: Access Denied (AccessDenied). The function's role needs s3:PutBucketPolicy. If the template's role was not changed, a service control policy or permissions boundary of your organisation forbids it: ask who runs it.",
            "DescribeLoadBalancers on eu-west-1 failed: The security token included in the request is invalid (InvalidClientTokenId). The function's role needs elasticloadbalancing:DescribeLoadBalancers.",
            "Subscribe on arn:aws:sns:eu-west-1:111122223333:t failed: User: arn:aws:sts::111122223333:assumed-role/r/f is not authorized to perform: SNS:Subscribe on resource: t because no identity-based policy allows the SNS:Subscribe action (AuthorizationError). The function's role needs sns:Subscribe.",
        ],
    ),
    (
        "launch-role-lacks",
        &[
            "API: iam:CreateRole User: arn:aws:sts::111122223333:assumed-role/stack-launch/AWSCloudFormation is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::111122223333:role/acme-DTLogsAnalysisLambdaExecutionRole-1",
        ],
    ),
    (
        "pass-role",
        &[
            "User: arn:aws:iam::111122223333:user/anna is not authorized to perform: iam:PassRole on resource: arn:aws:iam::111122223333:role/stack-launch/x",
        ],
    ),
    (
        "may-not-manage-roles",
        &[
            "API: iam:CreateRole User: arn:aws:iam::111122223333:user/anna is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::111122223333:role/x because no identity-based policy allows the iam:CreateRole action",
            "User: arn:aws:iam::111122223333:user/anna is not authorized to perform: iam:DeleteRole on resource: role x",
        ],
    ),
    (
        "may-not-launch",
        &[
            "User: arn:aws:iam::111122223333:user/anna is not authorized to perform: cloudformation:CreateStack on resource: arn:aws:cloudformation:eu-west-1:111122223333:stack/logs-analysis/*",
        ],
    ),
    (
        "capabilities",
        &[
            "Requires capabilities : [CAPABILITY_IAM]",
            "An error occurred (InsufficientCapabilitiesException) when calling the CreateStack operation: Requires capabilities : [CAPABILITY_IAM]",
        ],
    ),
    ("template-url", &["TemplateURL must be a supported URL."]),
    (
        "code-unreadable",
        &[
            "Resource handler returned message: \"Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist (Service: Lambda, Status Code: 400)\" (HandlerErrorCode: InvalidRequest)",
            "Error occurred while GetObject. S3 Error Code: AccessDenied. S3 Error Message: Access Denied",
        ],
    ),
    (
        "template-unreadable",
        &[
            "S3 error: Access Denied For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
        ],
    ),
    (
        "role-not-visible-yet",
        &[
            "Resource handler returned message: \"The role defined for the function cannot be assumed by Lambda. (Service: Lambda, Status Code: 400)\"",
            "The role with name logs-analysis-x cannot be found.",
        ],
    ),
    (
        "launch-role-unusable",
        &["Role arn:aws:iam::111122223333:role/stack-launch/x is invalid or cannot be assumed"],
    ),
    (
        "rollback-complete",
        &[
            "Stack:arn:aws:cloudformation:eu-west-1:111122223333:stack/logs-analysis/1 is in ROLLBACK_COMPLETE state and can not be updated.",
        ],
    ),
    (
        "stack-busy",
        &[
            "Stack:arn:aws:cloudformation:eu-west-1:111122223333:stack/logs-analysis/1 is in UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS state and can not be updated.",
        ],
    ),
    ("stack-exists", &["Stack [logs-analysis-acme] already exists"]),
    (
        "name-taken",
        &[
            "logs-analysis-x already exists in stack arn:aws:cloudformation:eu-west-1:111122223333:stack/other/1",
            "Role with name x already exists. (Service: Iam, Status Code: 409) (EntityAlreadyExists)",
            "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]",
        ],
    ),
    (
        "no-response",
        &[
            "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId [7c1e]. If you are using the Python cfn-response module, you may need to update your Lambda function code so that CloudFormation can attach the updated version.",
            "Custom Resource failed to stabilize in expected time",
        ],
    ),
    (
        "answer-invalid",
        &[
            "Response object is too long.",
            "Invalid PhysicalResourceId",
            "CustomResource attribute error: Vendor response doesn't contain TopicArn attribute in object arn:aws:cloudformation:eu-west-1:111122223333:stack/l/1|InvokeLambdaFunction|2",
            "Vendor response doesn’t contain Buckets attribute",
            "Modifying service token is not allowed.",
        ],
    ),
    (
        "partition-not-covered",
        &["Template error: Unable to get mapping for Vendor::aws-iso::AccountId"],
    ),
    (
        "parameter-invalid",
        &[
            "Parameters: [Prefix] do not exist in the template",
            "Parameter validation failed: parameter value for parameter name X does not exist",
        ],
    ),
    (
        "template-broken",
        &[
            "Template format error: unsupported structure.",
            "Invalid principal in policy: \"AWS\":\"x\" (Service: Iam; Error Code: MalformedPolicyDocument)",
            "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]",
        ],
    ),
    (
        "hook-refused",
        &[
            "The following hook(s) failed: [AWS::ControlTower::Hook] : Hook failed with message: ValidationError [CT.LAMBDA.PR.3]",
        ],
    ),
    (
        "quota",
        &[
            "Cannot exceed quota for RolesPerAccount: 1000 (Service: Iam, Status Code: 409) (LimitExceeded)",
            "CreateBucket on dtlogs-1 failed: You have attempted to create more buckets than allowed (TooManyBuckets). Try again; if it fails again, send this event to the vendor.",
            "CreateTopic on DTLogsAnalysis-1 failed: Topic limit exceeded (TopicLimitExceeded). Try again; if it fails again, send this event to the vendor.",
        ],
    ),
    (
        "change-conflict",
        &[
            "PutBucketPolicy on logs failed: A conflicting conditional operation is currently in progress against this resource. Please try again. (OperationAborted). Try again; if it fails again, send this event to the vendor.",
        ],
    ),
    (
        "throttled",
        &[
            "DescribeTags on the load balancers of the region failed: Rate exceeded (Throttling). Try again; if it fails again, send this event to the vendor.",
        ],
    ),
    (
        "aws-no-answer",
        &[
            "CreateTopic on DTLogsAnalysis-1 failed: AWS did not answer in time (). No readable answer came from AWS. Try again.",
            "CreateTopic on DTLogsAnalysis-1 failed: AWS could not be reached (). No readable answer came from AWS. Try again.",
            "Internal Failure",
        ],
    ),
    (
        "bucket-policy-invalid",
        &[
            "GetBucketPolicy on logs failed: the bucket's policy is not JSON (MalformedPolicy). Try again; if it fails again, send this event to the vendor.",
            "PutBucketPolicy on logs failed: Invalid principal in policy (MalformedPolicy). Try again; if it fails again, send this event to the vendor.",
        ],
    ),
    (
        "load-balancer-refused",
        &[
            "ModifyLoadBalancerAttributes on arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/web/1 failed: Key health_check_logs.s3.enabled not valid (InvalidConfigurationRequest). Try again; if it fails again, send this event to the vendor.",
        ],
    ),
    (
        "session-expired",
        &[
            "An error occurred (ExpiredToken): The security token included in the request is expired",
        ],
    ),
    (
        "region-not-enabled",
        &["The region af-south-1 is not enabled for this account", "OptInRequired"],
    ),
    (
        "credentials-invalid",
        &[
            "An error occurred (InvalidClientTokenId) when calling the CreateStack operation: The security token included in the request is invalid.",
        ],
    ),
    ("subscription-pending", &["SubscriptionArn: pending confirmation", "PendingConfirmation"]),
    (
        "not-authorized",
        &[
            "User: arn:aws:iam::111122223333:user/anna is not authorized to perform: lambda:CreateFunction on resource: arn:aws:lambda:eu-west-1:111122223333:function:x",
            "Access Denied",
        ],
    ),
    (
        "aws-call-failed",
        &[
            "SetTopicAttributes on arn:aws:sns:eu-west-1:111122223333:t failed: Invalid parameter: Policy Error: null (InvalidParameter). Try again; if it fails again, send this event to the vendor.",
        ],
    ),
    (
        "update-rollback-failed",
        &[
            "Stack:arn:aws:cloudformation:eu-west-1:111122223333:stack/logs-analysis/1 is in UPDATE_ROLLBACK_FAILED state and can not be updated.",
        ],
    ),
    (
        "delete-failed",
        &[
            "The following resource(s) failed to delete: [InvokeLambdaFunction].",
            "logs-analysis DELETE_FAILED",
        ],
    ),
    (
        "not-the-cause",
        &[
            "Resource creation cancelled",
            "The following resource(s) failed to create: [InvokeLambdaFunction]. Rollback requested by user.",
            "The following resource(s) failed to update: [InvokeLambdaFunction].",
        ],
    ),
];

fn code(reason: &str) -> &'static str {
    explain(reason).map_or("none", |hint| hint.code)
}

#[test]
fn every_text_leads_to_its_cause() {
    for (wanted, texts) in TEXTS {
        for text in *texts {
            assert_eq!(code(text), *wanted, "{text}");
        }
    }
}

#[test]
fn every_cause_has_a_text() {
    let tried: BTreeSet<&str> = TEXTS.iter().map(|(code, _)| *code).collect();
    for hint in ALL {
        assert!(tried.contains(hint.code), "{}", hint.code);
    }
    assert_eq!(tried.len(), TEXTS.len());
    assert_eq!(ALL.len(), TEXTS.len());
}

#[test]
fn the_words_that_cloudformation_puts_around_a_reason_change_nothing() {
    for (wanted, texts) in TEXTS {
        for text in *texts {
            let event = format!(
                "Received response status [FAILED] from custom resource. Message returned: {text} \
                 (RequestId: 3f0c2f0e-8a53-4a3b-9d0f-1c1d3cf3a8b1)"
            );
            assert_eq!(code(&event), *wanted, "{event}");
        }
    }
}

#[test]
fn a_paste_may_break_lines_and_shout() {
    for (wanted, texts) in TEXTS {
        for text in *texts {
            let pasted = text.to_ascii_uppercase().replace(' ', "\r\n\u{a0} ").replace('\'', "’");
            assert_eq!(code(&pasted), *wanted, "{pasted}");
        }
    }
}

#[test]
fn of_all_events_of_a_stack_the_cause_wins_over_its_consequences() {
    let events = "logs-analysis ROLLBACK_IN_PROGRESS The following resource(s) failed to create: \
                  [InvokeLambdaFunction]. Rollback requested by user.\n\
                  DTLogsAnalysisLambdaRetries CREATE_FAILED Resource creation cancelled\n\
                  InvokeLambdaFunction CREATE_FAILED Received response status [FAILED] from custom \
                  resource. Message returned: Bucket logs is encrypted with a KMS key.\n\
                  InvokeLambdaFunction DELETE_FAILED";
    assert_eq!(code(events), "bucket-kms");
}

#[test]
fn codes_are_unique_and_kebab_case() {
    let codes: BTreeSet<&str> = ALL.iter().map(|hint| hint.code).collect();
    assert_eq!(codes.len(), ALL.len());
    for code in codes {
        let kebab = code.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        });
        assert!(kebab, "{code}");
    }
}

#[test]
fn every_field_is_a_short_text_that_begs_nobody() {
    for hint in ALL {
        for text in [hint.title, hint.customer, hint.support] {
            assert!(text.len() > 10 && text.chars().count() <= 300, "{}: {text}", hint.code);
            assert!(!text.to_lowercase().contains("please"), "{}: {text}", hint.code);
            assert!(text.ends_with('.') && !text.contains("  "), "{}: {text}", hint.code);
        }
    }
}

#[test]
fn signals_are_what_a_text_is_compared_with() {
    for hint in ALL {
        assert!(!hint.signals.is_empty(), "{}", hint.code);
        for parts in hint.signals {
            assert!(!parts.is_empty(), "{}", hint.code);
            for part in *parts {
                assert!(part.len() >= 4 && part.is_ascii(), "{}: {part}", hint.code);
                assert_eq!(readable(part), *part, "{}", hint.code);
            }
        }
    }
}

#[test]
fn what_is_unknown_or_hostile_is_not_explained() {
    let long = "x".repeat(5_000_000);
    let far = format!("{long} access denied");
    for text in [
        "",
        " \n\t\0",
        "It does not work",
        "<script>alert(1)</script>",
        "' OR 1=1 --",
        "{{7*7}} ${jndi:ldap://x} %s%n",
        "\u{202e}\u{0}\u{feff}🦀 ÄÖÜ İ ß",
        &long,
        &far,
    ] {
        assert_eq!(explain(text), None);
        let reply = reply(None, text, text, text, text);
        assert!(reply.split_whitespace().count() <= 120);
        assert!(!reply.chars().any(|c| c.is_control() && c != '\n'), "{reply:?}");
    }
}

#[test]
fn a_reply_has_at_most_120_words() {
    let long = "Very Long Names And Sons Of The Whole Wide World Limited ".repeat(20);
    let some = [None].into_iter().chain(ALL.iter().map(Some));
    for hint in some {
        for name in ["Acme Web Shops Ltd", &long] {
            let reply = reply(hint, &long, name, name, name);
            let words = reply.split_whitespace().count();
            assert!(words <= 120, "{:?}: {words}", hint.map(|hint| hint.code));
        }
    }
}

#[test]
fn a_reply_says_what_happened_and_what_to_do() {
    let hint = explain("Requires capabilities : [CAPABILITY_IAM]");
    let reply = reply(hint, "", "Anna", "Logs Ltd", "help@logs.example");
    assert_eq!(
        reply,
        "Hello Anna,\n\n\
         Your log analysis setup needs a look (code capabilities). The box that lets the stack create \
         IAM resources was not ticked.\n\n\
         Open the link again, tick the box about IAM resources at the bottom of the AWS page, and create \
         the stack.\n\n\
         Nothing was changed in your account, and no log was deleted.\n\n\
         Questions? Write to help@logs.example.\n\n\
         Logs Ltd\n"
    );
}

#[test]
fn a_reply_to_what_nobody_knows_quotes_it_on_one_line() {
    let reply =
        reply(None, "Strange\r\nthing\u{7}", "Anna\nBcc: x", "Logs Ltd", "help@logs.example");
    assert!(reply.starts_with("Hello Anna Bcc: x,\n\n"), "{reply}");
    assert!(reply.contains("\"Strange thing\""), "{reply}");
}
