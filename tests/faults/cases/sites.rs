//! Every request that the handler makes when all goes well, by world and phase.

use harness::model::fault::{Fault, Kind, Site, Times};

use super::{Case, Story};
use crate::worlds::World;

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
        seed: 1,
    }
}

/// Every request of a phase, in order.
pub(super) fn of(world: &World, phase: &str) -> Vec<Site> {
    let stage = calm(world).play();
    let state = stage.aws.state();
    let mut counts = std::collections::BTreeMap::new();
    let mine =
        state.calls.iter().filter(|seen| &*seen.phase == phase && seen.operation != "Report");
    mine.map(|seen| {
        let count = counts.entry(seen.operation.clone()).or_insert(0);
        *count += 1;
        Site { phase: phase.to_owned(), operation: seen.operation.clone(), nth: *count }
    })
    .collect()
}

/// Whether an operation only looks.
pub(super) fn is_read(operation: &str) -> bool {
    ["Describe", "Get", "List", "Head"].iter().any(|start| operation.starts_with(start))
}

/// One fault at a site.
pub(super) fn fault(site: &Site, kind: Kind, times: Times) -> Fault {
    Fault { site: site.clone(), kind, times }
}
