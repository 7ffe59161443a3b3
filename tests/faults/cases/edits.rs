//! The customer changes the same things while the handler works. What he writes stays.
//!
//! One gap cannot be closed: S3 knows no conditional write of a policy or of notifications, so what
//! somebody writes in the moments between our read and our write is lost. Those two requests are left
//! out here; `docs/reliability.md` says so.

use harness::{
    checks::{Empty, Filter, Rule},
    model::{
        account::Account,
        fault::{Kind, Site, Times},
    },
};
use serde_json::json;

use super::{Case, Expect, sites};
use crate::worlds::{self, THEIRS, load_balancer};

type Edit = (&'static str, fn(&mut Account));

/// What the customer does.
const EDITS: [Edit; 6] = [
    ("adds a statement to his bucket's policy", |account| {
        if let Some(bucket) = account.buckets.get_mut(THEIRS) {
            bucket.allow(json!({
                "Sid": "New", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
                "Action": "s3:ListBucket", "Resource": format!("arn:aws:s3:::{THEIRS}"),
            }));
        }
    }),
    ("removes a statement from his bucket's policy", |account| {
        let policy = account.buckets.get_mut(THEIRS).and_then(|bucket| bucket.policy.as_mut());
        if let Some(statements) = policy.and_then(|policy| policy["Statement"].as_array_mut()) {
            statements.retain(|one| one["Sid"] != "Auditors");
        }
    }),
    ("adds a notification to his bucket", |account| {
        if let Some(bucket) = account.buckets.get_mut(THEIRS) {
            bucket.notifications.functions.push(Rule {
                id: Some("thumbnails".to_owned()),
                function: Some("arn:aws:lambda:eu-west-1:111122223333:function:thumbs".to_owned()),
                events: vec!["s3:ObjectCreated:Put".to_owned()],
                filter: Some(Filter::of("images/", ".png")),
                ..Rule::default()
            });
        }
    }),
    ("turns EventBridge off and on for his bucket", |account| {
        if let Some(bucket) = account.buckets.get_mut(THEIRS) {
            let notifications = &mut bucket.notifications;
            let off = notifications.event_bridge.is_none();
            notifications.event_bridge = off.then(Empty::default);
        }
    }),
    ("tags his bucket", |account| {
        if let Some(bucket) = account.buckets.get_mut(THEIRS) {
            bucket.tags.insert("cost-centre".to_owned(), "42".to_owned());
        }
    }),
    ("protects his load balancer", |account| {
        let web = load_balancer("app/web/50dc6c495c0c9188");
        if let Some(found) = account.load_balancers.get_mut(&web) {
            let attributes = &mut found.attributes;
            attributes.insert("deletion_protection.enabled".to_owned(), "true".to_owned());
        }
    }),
];

pub(super) fn cases() -> Vec<Case> {
    let world = worlds::with_own_bucket();
    let mut all = Vec::new();
    for phase in ["Create", "Update", "Delete"] {
        for site in sites::of(&world, phase) {
            if reads_again(&site) {
                all.push(Case {
                    group: "foreign edit",
                    name: format!(
                        "at {} {} of {phase}, somebody writes back what he read before",
                        site.operation, site.nth
                    ),
                    faults: vec![sites::fault(&site, Kind::WrittenBack, Times::Once)],
                    ..sites::calm(&world)
                });
            }
            if loses_edits(&site.operation) {
                continue;
            }
            for (words, edit) in EDITS {
                all.push(Case {
                    group: "foreign edit",
                    name: format!(
                        "before {} {} of {phase}, the customer {words}",
                        site.operation, site.nth
                    ),
                    faults: vec![sites::fault(&site, Kind::Edited, Times::Once)],
                    edit: Some(edit),
                    expect: vec![("Create", Expect::Succeeds)],
                    ..sites::calm(&world)
                });
            }
        }
    }
    all
}

/// Whether a request looks at a document that we have written, or writes one that others write too.
fn reads_again(site: &Site) -> bool {
    match site.operation.as_str() {
        "GetBucketPolicy" | "GetBucketNotificationConfiguration" => site.nth > 1,
        // The first of an Update is about a bucket that was just made: nobody else knows it.
        "PutBucketPolicy" | "PutBucketNotificationConfiguration" => {
            site.phase != "Update" || site.nth > 1
        }
        _ => false,
    }
}

/// Whether a request replaces a whole document that was read just before, or runs beside one that does.
pub(super) fn loses_edits(operation: &str) -> bool {
    matches!(
        operation,
        "PutBucketPolicy"
            | "DeleteBucketPolicy"
            | "PutBucketNotificationConfiguration"
            | "Subscribe"
            | "SetTopicAttributes"
            | "Answer"
    )
}
