//! Who a stack is, and every name that follows from it.
//!
//! All names derive from StackId and LogicalResourceId, so that a second try, a duplicate event and a
//! Delete that knows nothing find what the first try made, and so that nothing else is taken for ours.

use templates::digest::sha256;

use crate::arn::Home;

/// The beginning of every topic, statement and rule that an onboarding stack makes.
pub const PRODUCT: &str = "DTLogsAnalysis";

/// Tag of what a stack made: the stack's ARN.
pub const TAG_STACK: &str = "logs-analysis:stack-id";
/// Tag of what a stack made: the custom resource's logical id.
pub const TAG_LOGICAL: &str = "logs-analysis:logical-id";

/// One custom resource in one stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Where the stack lives.
    pub home: Home,
    /// The stack's ARN.
    pub stack_id: String,
    /// The custom resource's name in the template.
    pub logical_id: String,
    stack_name: String,
    guid: String,
    digest: String,
}

impl Identity {
    /// Reads `arn:P:cloudformation:R:A:stack/NAME/GUID`. The error is for the customer.
    pub fn new(stack_id: &str, logical_id: &str) -> Result<Self, String> {
        let unreadable = || format!("StackId '{stack_id}' is not the ARN of a stack");
        let parts: Vec<&str> = stack_id.splitn(6, ':').collect();
        let &["arn", partition, "cloudformation", region, account, resource] = parts.as_slice()
        else {
            return Err(unreadable());
        };
        let segments: Vec<&str> = resource.split('/').collect();
        let &["stack", stack_name, guid] = segments.as_slice() else {
            return Err(unreadable());
        };
        let is_guid = guid.len() == 36
            && guid.split('-').map(str::len).eq([8, 4, 4, 4, 12])
            && guid.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        if !is_guid || !is_account || region.is_empty() || logical_id.is_empty() {
            return Err(unreadable());
        }
        let home = Home {
            partition: partition.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
        };
        Ok(Self {
            home,
            stack_id: stack_id.to_owned(),
            logical_id: logical_id.to_owned(),
            stack_name: stack_name.to_owned(),
            guid: guid.to_ascii_lowercase(),
            digest: short_digest(&format!("{stack_id}|{logical_id}"), 8),
        })
    }

    /// The PhysicalResourceId: the same in every answer, so that CloudFormation never takes an
    /// Update for a replacement and deletes a live resource.
    pub fn physical_id(&self) -> String {
        self.topic_name()
    }

    /// Whether a Delete with this id is about this resource: our own id, or one that CloudFormation
    /// invented because no Create ever answered (`<stack>-<logical id>-<suffix>`).
    pub fn is_named_by(&self, physical_id: &str) -> bool {
        physical_id == self.physical_id() || self.was_invented(physical_id)
    }

    /// Whether CloudFormation invented this id: a Create may then still be running.
    pub fn was_invented(&self, physical_id: &str) -> bool {
        // CloudFormation may shorten a long stack name inside the names that it makes up.
        let Some((front, suffix)) = physical_id.rsplit_once('-') else { return false };
        let stack = front.strip_suffix(&self.logical_id).and_then(|rest| rest.strip_suffix('-'));
        !suffix.is_empty()
            && stack.is_some_and(|name| !name.is_empty() && self.stack_name.starts_with(name))
    }

    /// The topic's name. SNS takes 256 characters; a logical id may have 255.
    pub fn topic_name(&self) -> String {
        let mut name = format!("{PRODUCT}-{}-{}", self.guid, self.logical_id);
        name.truncate(256);
        name
    }

    /// The topic's ARN.
    pub fn topic_arn(&self) -> String {
        let Home { partition, region, account } = &self.home;
        format!("arn:{partition}:sns:{region}:{account}:{}", self.topic_name())
    }

    /// The name of the bucket we make. In the account's own namespace nobody else can take it;
    /// elsewhere the guid makes it unguessable, and `attempt` gives the next name if it is taken.
    pub fn bucket_name(&self, attempt: u8) -> String {
        let Home { region, account, .. } = &self.home;
        if self.home.offers_account_regional_buckets() {
            let (first, last) = (&self.guid[..8], &self.guid[24..]);
            format!("dtlogs-{first}-{last}-{account}-{region}-an")
        } else {
            format!("dtlogs-{}-{attempt}", self.guid)
        }
    }

    /// How many names there are to try for the bucket.
    pub fn bucket_names(&self) -> Vec<String> {
        let attempts = if self.home.offers_account_regional_buckets() { 1 } else { 3 };
        (0..attempts).map(|attempt| self.bucket_name(attempt)).collect()
    }

    /// The Sid of a bucket-policy statement: for what, below which prefix.
    pub fn sid(&self, purpose: &str, prefix: &str) -> String {
        format!("{PRODUCT}{}{purpose}{}", self.digest, short_digest(prefix, 4))
    }

    /// Whether a Sid is one of this stack's.
    pub fn owns_sid(&self, sid: &str) -> bool {
        sid.starts_with(&format!("{PRODUCT}{}", self.digest))
    }

    /// The id of the notification rule below a prefix.
    pub fn rule_id(&self, prefix: &str) -> String {
        format!("{PRODUCT}-{}-{}", self.digest, short_digest(prefix, 4))
    }

    /// Whether a notification rule is one of this stack's.
    pub fn owns_rule(&self, id: &str) -> bool {
        id.starts_with(&format!("{PRODUCT}-{}-", self.digest))
    }

    /// The key of the tag with which another stack says that it listens to this stack's topic.
    pub fn listener_tag(&self) -> String {
        format!("logs-analysis:listener:{}", self.digest)
    }

    /// The tags that prove that a topic or bucket is ours.
    pub fn tags(&self) -> Vec<(String, String)> {
        vec![
            (TAG_STACK.to_owned(), self.stack_id.clone()),
            (TAG_LOGICAL.to_owned(), self.logical_id.clone()),
        ]
    }

    /// Whether these tags say that the thing is ours.
    pub fn owns(&self, tags: &[(String, String)]) -> bool {
        self.tags().iter().all(|tag| tags.contains(tag))
    }
}

/// Whether a Sid belongs to any onboarding stack.
pub fn is_product_sid(sid: &str) -> bool {
    sid.strip_prefix(PRODUCT)
        .is_some_and(|rest| rest.len() > 16 && rest.bytes().take(16).all(|b| b.is_ascii_hexdigit()))
}

/// The first `bytes` of a text's SHA-256, in hexadecimal.
fn short_digest(text: &str, bytes: usize) -> String {
    let mut digest = sha256(text);
    digest.truncate(2 * bytes);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    const STACK: &str = "arn:aws:cloudformation:ap-southeast-1:111122223333:stack/logs/\
                         51af3dc0-da77-11e4-872e-1234567db123";

    fn identity() -> Identity {
        Identity::new(STACK, "InvokeLambdaFunction").unwrap()
    }

    #[test]
    fn names_fit_what_aws_takes() {
        let id = identity();
        assert!(id.bucket_name(0).len() <= 63, "{}", id.bucket_name(0));
        assert_eq!(
            id.bucket_name(0),
            "dtlogs-51af3dc0-1234567db123-111122223333-ap-southeast-1-an"
        );
        assert!(id.sid("VendorRead", "").bytes().all(|b| b.is_ascii_alphanumeric()));
        let long = Identity::new(STACK, &"L".repeat(255)).unwrap();
        assert!(long.topic_name().len() <= 256);
    }

    #[test]
    fn where_no_own_namespace_is_offered_the_bucket_has_names_to_fall_back_on() {
        let id = Identity::new(&STACK.replace("ap-southeast-1", "me-south-1"), "L").unwrap();
        assert_eq!(id.bucket_names().len(), 3);
        assert!(id.bucket_names().iter().all(|name| name.len() <= 63));
    }

    #[test]
    fn another_stack_or_another_resource_shares_no_name() {
        let id = identity();
        let other =
            Identity::new(&STACK.replace("db123", "db124"), "InvokeLambdaFunction").unwrap();
        let sibling = Identity::new(STACK, "Second").unwrap();
        for stranger in [&other, &sibling] {
            assert!(!id.owns_sid(&stranger.sid("VendorRead", "")));
            assert!(!id.owns_rule(&stranger.rule_id("")));
            assert_ne!(id.topic_name(), stranger.topic_name());
            assert!(!id.owns(&stranger.tags()));
        }
        assert!(is_product_sid(&other.sid("VendorRead", "")));
        assert!(!is_product_sid("DTLogsAnalysis"));
    }

    #[test]
    fn what_has_both_our_tags_is_ours_whatever_else_it_is_tagged_with() {
        let id = identity();
        let mut tags = id.tags();
        tags.push(("team".into(), "web".into()));
        assert!(id.owns(&tags));
        tags.remove(0);
        assert!(!id.owns(&tags));
        assert!(!id.owns(&[]));
    }

    #[test]
    fn each_listener_has_a_tag_of_its_own() {
        let tag = |logical| Identity::new(STACK, logical).unwrap().listener_tag();
        assert_eq!(tag("L"), tag("L"));
        assert_ne!(tag("L"), tag("Second"));
        assert!(tag("L").starts_with("logs-analysis:listener:"));
        // A tag's key has at most 128 characters.
        assert!(tag(&"L".repeat(255)).len() <= 128);
    }

    #[test]
    fn a_sid_is_a_products_only_if_it_says_whose_and_what_for() {
        let whose = format!("{PRODUCT}0123456789abcdef");
        assert!(is_product_sid(&format!("{whose}V")));
        for other in [whose.clone(), format!("{PRODUCT}ReadersOfTheCustomer"), whose.to_lowercase()]
        {
            assert!(!is_product_sid(&other), "{other}");
        }
    }

    #[test]
    fn an_invented_id_is_known_by_its_form() {
        let id = identity();
        assert!(id.is_named_by("logs-InvokeLambdaFunction-1ABCDEF"));
        assert!(id.is_named_by("lo-InvokeLambdaFunction-1ABCDEF"));
        assert!(id.is_named_by(&id.physical_id()));
        for foreign in [
            "",
            "logs-InvokeLambdaFunction-",
            "other-InvokeLambdaFunction-1",
            "-InvokeLambdaFunction-1",
            "2024/x",
        ] {
            assert!(!id.is_named_by(foreign), "{foreign}");
        }
    }

    #[test]
    fn what_is_no_stack_arn_is_refused() {
        for text in ["", "arn:aws:cloudformation:x", "arn:aws:s3:::b", &STACK.replace('-', "")] {
            assert!(Identity::new(text, "L").is_err(), "{text}");
        }
        assert!(Identity::new(STACK, "").is_err());
    }

    proptest! {
        /// The id is the same in every answer, fits CloudFormation, and no two resources share a name.
        #[test]
        fn every_resource_has_names_of_its_own(
            name in "[A-Za-z][A-Za-z0-9-]{0,127}",
            guid in "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            other in "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            logical in "[A-Za-z0-9]{1,255}",
            prefix in "[ -~]{0,40}",
        ) {
            let stack = |guid: &str| {
                format!("arn:aws:cloudformation:eu-west-1:111122223333:stack/{name}/{guid}")
            };
            let id = Identity::new(&stack(&guid), &logical).unwrap();
            prop_assert_eq!(&id, &Identity::new(&stack(&guid), &logical).unwrap());
            prop_assert!((1..=1024).contains(&id.physical_id().len()));
            prop_assert!(id.is_named_by(&id.physical_id()));
            prop_assert!(id.bucket_names().iter().all(|name| (3..=63).contains(&name.len())));
            prop_assert!(id.owns_sid(&id.sid("VendorRead", &prefix)));
            prop_assert!(id.owns_rule(&id.rule_id(&prefix)));
            prop_assume!(guid != other);
            let other = Identity::new(&stack(&other), &logical).unwrap();
            prop_assert!(!id.is_named_by(&other.physical_id()));
            prop_assert!(!id.owns_sid(&other.sid("VendorRead", &prefix)));
            prop_assert!(!id.owns_rule(&other.rule_id(&prefix)));
            prop_assert!(!id.owns(&other.tags()));
        }
    }
}
