//! Every request that the handler makes when all goes well, by world and phase.

use std::{collections::BTreeMap, fmt::Write as _};

use harness::model::fault::{Fault, Kind, Site, Times};

use libtest_mimic::Trial;

use super::{Case, Story};
use crate::worlds::{self, World};

/// Every operation that the handler calls, and the answer.
pub(super) const OPERATIONS: [&str; 29] = [
    "Answer",
    "CreateBucket",
    "CreateTopic",
    "DeleteBucket",
    "DeleteBucketPolicy",
    "DeleteTopic",
    "DescribeLoadBalancerAttributes",
    "DescribeLoadBalancers",
    "DescribeTags",
    "GetBucketEncryption",
    "GetBucketLifecycleConfiguration",
    "GetBucketNotificationConfiguration",
    "GetBucketPolicy",
    "GetBucketTagging",
    "GetPublicAccessBlock",
    "GetTopicAttributes",
    "HeadBucket",
    "ListSubscriptionsByTopic",
    "ListTagsForResource",
    "ModifyLoadBalancerAttributes",
    "PutBucketLifecycleConfiguration",
    "PutBucketNotificationConfiguration",
    "PutBucketPolicy",
    "PutPublicAccessBlock",
    "SetTopicAttributes",
    "Subscribe",
    "TagResource",
    "Unsubscribe",
    "UntagResource",
];

/// World, phase, and how often each operation is called in it.
type Row = (&'static str, &'static str, &'static [(&'static str, usize)]);

/// What the handler calls when all goes well.
const TABLE: [Row; 9] = [
    (
        "plain",
        "Create",
        &[
            ("Answer", 1),
            ("CreateBucket", 1),
            ("CreateTopic", 1),
            ("DescribeLoadBalancerAttributes", 1),
            ("GetPublicAccessBlock", 1),
            ("HeadBucket", 1),
            ("ListTagsForResource", 2),
            ("ModifyLoadBalancerAttributes", 1),
            ("PutBucketLifecycleConfiguration", 1),
            ("PutBucketNotificationConfiguration", 1),
            ("PutBucketPolicy", 1),
            ("SetTopicAttributes", 1),
            ("Subscribe", 1),
        ],
    ),
    (
        "plain",
        "Update",
        &[
            ("Answer", 1),
            ("DescribeLoadBalancerAttributes", 2),
            ("GetBucketEncryption", 1),
            ("GetBucketLifecycleConfiguration", 2),
            ("GetBucketNotificationConfiguration", 1),
            ("GetBucketPolicy", 3),
            ("GetBucketTagging", 1),
            ("GetPublicAccessBlock", 1),
            ("GetTopicAttributes", 1),
            ("HeadBucket", 1),
            ("ListSubscriptionsByTopic", 1),
            ("ListTagsForResource", 2),
            ("ModifyLoadBalancerAttributes", 1),
            ("PutBucketLifecycleConfiguration", 1),
            ("PutBucketPolicy", 1),
            ("TagResource", 1),
        ],
    ),
    (
        "plain",
        "Delete",
        &[
            ("Answer", 1),
            ("DeleteBucket", 1),
            ("DeleteTopic", 1),
            ("DescribeLoadBalancerAttributes", 2),
            ("GetBucketLifecycleConfiguration", 1),
            ("GetBucketNotificationConfiguration", 3),
            ("GetBucketPolicy", 3),
            ("GetBucketTagging", 1),
            ("GetPublicAccessBlock", 1),
            ("HeadBucket", 1),
            ("ListTagsForResource", 1),
            ("ModifyLoadBalancerAttributes", 2),
            ("PutBucketNotificationConfiguration", 1),
            ("PutBucketPolicy", 1),
        ],
    ),
    (
        "own bucket",
        "Create",
        &[
            ("Answer", 1),
            ("CreateTopic", 1),
            ("DescribeLoadBalancerAttributes", 4),
            ("GetBucketEncryption", 2),
            ("GetBucketNotificationConfiguration", 4),
            ("GetBucketPolicy", 4),
            ("GetTopicAttributes", 1),
            ("HeadBucket", 4),
            ("ListSubscriptionsByTopic", 1),
            ("ListTagsForResource", 3),
            ("ModifyLoadBalancerAttributes", 2),
            ("PutBucketNotificationConfiguration", 1),
            ("PutBucketPolicy", 1),
            ("SetTopicAttributes", 1),
            ("Subscribe", 1),
        ],
    ),
    (
        "own bucket",
        "Update",
        &[
            ("Answer", 1),
            ("CreateBucket", 1),
            ("DescribeLoadBalancerAttributes", 2),
            ("GetBucketEncryption", 1),
            ("GetBucketNotificationConfiguration", 3),
            ("GetBucketPolicy", 3),
            ("GetPublicAccessBlock", 1),
            ("GetTopicAttributes", 1),
            ("HeadBucket", 2),
            ("ListSubscriptionsByTopic", 1),
            ("ListTagsForResource", 2),
            ("ModifyLoadBalancerAttributes", 2),
            ("PutBucketLifecycleConfiguration", 1),
            ("PutBucketNotificationConfiguration", 2),
            ("PutBucketPolicy", 2),
            ("SetTopicAttributes", 2),
            ("TagResource", 2),
            ("UntagResource", 1),
        ],
    ),
    (
        "own bucket",
        "Delete",
        &[
            ("Answer", 1),
            ("DeleteBucket", 1),
            ("DeleteTopic", 1),
            ("DescribeLoadBalancerAttributes", 1),
            ("GetBucketLifecycleConfiguration", 1),
            ("GetBucketNotificationConfiguration", 3),
            ("GetBucketPolicy", 3),
            ("GetBucketTagging", 1),
            ("GetPublicAccessBlock", 1),
            ("HeadBucket", 1),
            ("ListTagsForResource", 1),
            ("ModifyLoadBalancerAttributes", 1),
            ("PutBucketNotificationConfiguration", 1),
            ("PutBucketPolicy", 1),
        ],
    ),
    (
        "own topic",
        "Create",
        &[
            ("Answer", 1),
            ("CreateTopic", 1),
            ("DescribeLoadBalancerAttributes", 4),
            ("GetBucketEncryption", 2),
            ("GetBucketNotificationConfiguration", 2),
            ("GetBucketPolicy", 4),
            ("GetTopicAttributes", 1),
            ("HeadBucket", 4),
            ("ListSubscriptionsByTopic", 3),
            ("ListTagsForResource", 5),
            ("ModifyLoadBalancerAttributes", 2),
            ("PutBucketPolicy", 1),
            ("SetTopicAttributes", 1),
            ("Subscribe", 1),
        ],
    ),
    (
        "own topic",
        "Update",
        &[
            ("Answer", 1),
            ("CreateBucket", 1),
            ("DescribeLoadBalancerAttributes", 2),
            ("GetBucketEncryption", 1),
            ("GetBucketNotificationConfiguration", 1),
            ("GetBucketPolicy", 3),
            ("GetPublicAccessBlock", 1),
            ("GetTopicAttributes", 1),
            ("HeadBucket", 2),
            ("ListSubscriptionsByTopic", 2),
            ("ListTagsForResource", 3),
            ("ModifyLoadBalancerAttributes", 2),
            ("PutBucketLifecycleConfiguration", 1),
            ("PutBucketNotificationConfiguration", 1),
            ("PutBucketPolicy", 2),
            ("SetTopicAttributes", 2),
            ("Subscribe", 1),
            ("TagResource", 2),
            ("Unsubscribe", 1),
            ("UntagResource", 1),
        ],
    ),
    (
        "own topic",
        "Delete",
        &[
            ("Answer", 1),
            ("DeleteBucket", 1),
            ("DeleteTopic", 1),
            ("DescribeLoadBalancerAttributes", 1),
            ("GetBucketLifecycleConfiguration", 1),
            ("GetBucketNotificationConfiguration", 3),
            ("GetBucketPolicy", 3),
            ("GetBucketTagging", 1),
            ("GetPublicAccessBlock", 1),
            ("HeadBucket", 1),
            ("ListTagsForResource", 1),
            ("ModifyLoadBalancerAttributes", 1),
            ("PutBucketNotificationConfiguration", 1),
            ("PutBucketPolicy", 1),
        ],
    ),
];

/// A case without faults.
pub(super) fn calm(world: &World) -> Case {
    Case {
        group: "calm",
        name: "all goes well".to_owned(),
        world: world.clone(),
        story: Story::Life,
        faults: Vec::new(),
        edit: None,
        expect: Vec::new(),
        brief: false,
        seed: 1,
    }
}

/// Every request of a phase when all goes well, as the table has them.
pub(super) fn of(world: &World, phase: &str) -> Vec<Site> {
    let row = TABLE.iter().find(|row| (row.0, row.1) == (world.name, phase));
    let all = row.into_iter().flat_map(|row| row.2);
    let numbered = |(operation, count): &(&str, usize)| {
        let (operation, phase) = ((*operation).to_owned(), phase.to_owned());
        (1..=*count)
            .map(move |nth| Site { phase: phase.clone(), operation: operation.clone(), nth })
            .collect::<Vec<_>>()
    };
    all.flat_map(numbered).collect()
}

/// The table is what the handler does: a new request cannot be forgotten.
pub(super) fn trial() -> Trial {
    Trial::test("the table of call sites is what the handler does", || {
        let mut seen = String::new();
        let mut written = String::new();
        for world in [worlds::plain(), worlds::with_own_bucket(), worlds::with_own_topic()] {
            let stage = calm(&world).play();
            let played = stage.aws.state();
            for phase in ["Create", "Update", "Delete"] {
                let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
                let mine = played.calls.iter().filter(|one| &*one.phase == phase);
                for one in mine.filter(|one| one.operation != "Report") {
                    *counts.entry(&one.operation).or_default() += 1;
                }
                let row: Vec<_> = counts.into_iter().collect();
                let _ = writeln!(seen, "({:?}, {phase:?}, &{row:?}),", world.name);
            }
        }
        for (world, phase, row) in TABLE {
            let _ = writeln!(written, "({world:?}, {phase:?}, &{row:?}),");
        }
        if seen == written { Ok(()) } else { Err(format!("the handler does this:\n{seen}").into()) }
    })
}

/// One fault at a site.
pub(super) fn fault(site: &Site, kind: Kind, times: Times) -> Fault {
    Fault { site: site.clone(), kind, times }
}
