//! Every parameter of the onboarding stack, named once.

/// Who gives a parameter its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilledBy {
    /// The vendor's quick-create link carries it.
    Link,
    /// The customer may set it on the console page; it has a default.
    Customer,
}

/// A stack parameter of `logs-analysis-onboarding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// The name in the template, case-sensitive (a misspelt `param_` is dropped silently by AWS).
    pub name: &'static str,
    /// Who gives the value.
    pub filled_by: FilledBy,
}

/// Load-balancer ARNs, `tag:Key=Value`, or `all`; comma-separated.
pub const LOAD_BALANCERS: &str = "LoadBalancers";
/// The customer's token at the onboarding service; blank when nobody watches.
pub const ONBOARDING_TOKEN: &str = "OnboardingToken";
/// A bucket of the customer's to use instead of a new one; blank for a new one.
pub const EXISTING_BUCKET_NAME: &str = "ExistingBucketName";
/// Days after which logs expire in the bucket that the stack makes.
pub const LOG_RETENTION_DAYS: &str = "LogRetentionDays";

/// The one parameter of `stack-launch-role`: what the onboarding stack's name begins with.
pub const LAUNCH_ROLE_STACK_NAME: &str = "StackName";

/// All parameters of the onboarding stack, in the order in which the console shows them. A quick-create page hides nothing,
/// so there are at most four.
pub const ALL: [Parameter; 4] = [
    Parameter { name: LOAD_BALANCERS, filled_by: FilledBy::Link },
    Parameter { name: ONBOARDING_TOKEN, filled_by: FilledBy::Link },
    Parameter { name: EXISTING_BUCKET_NAME, filled_by: FilledBy::Customer },
    Parameter { name: LOG_RETENTION_DAYS, filled_by: FilledBy::Customer },
];
