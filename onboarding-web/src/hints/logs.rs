//! What the function found in the way: buckets, their policies and notifications, topics.

use super::{Hint, Left};

pub(super) const LOGS: &[Hint] = &[
    Hint {
        code: "notification-overlap-foreign-topic",
        title: "The bucket already reports these logs to a topic in another account or region.",
        customer: "Choose one: another bucket as ExistingBucketName; a narrower prefix for that \
            notification, so that it leaves out the load balancer logs; or a topic of this account \
            and region for it, which we then listen to.",
        support: "S3 allows one notification per event and key. The stack may not subscribe to \
            topics elsewhere. The text names the notification and its topic.",
        left: Left::TakenBack,
        signals: &[&["sends to a topic of another account or region"]],
    },
    Hint {
        code: "notification-overlap-part",
        title: "The bucket already reports a part of these logs to a topic.",
        customer: "Choose one: widen that notification to s3:ObjectCreated:* below a prefix that \
            covers all load balancer logs, and we listen to its topic; or narrow it so that it \
            leaves them out; or use another bucket.",
        support: "The text names the notification, its events and prefix. We join a topic only if \
            it tells of every log.",
        left: Left::TakenBack,
        signals: &[&["tells its topic of only a part"]],
    },
    Hint {
        code: "notification-overlap",
        title: "The bucket already sends a notice for these files to a queue or a function.",
        customer: "Choose one: send that notice to an SNS topic of this account and region \
            instead, which we then listen to; narrow its prefix so that it leaves out the load \
            balancer logs; or use another bucket.",
        support: "S3 allows only one notification per event and key. The text names it and where \
            it sends. A topic can feed their queue or function and us.",
        left: Left::TakenBack,
        signals: &[
            &["already takes the same events"],
            &["configurations overlap"],
            &["ambiguously defined"],
        ],
    },
    Hint {
        code: "notification-topic-gone",
        title: "The bucket has a notification for these logs to a topic that no longer exists.",
        customer: "Open the bucket's event notifications in the S3 console, remove the one to the \
            missing topic, and launch again.",
        support: "The text names bucket and topic. If something else still needs that \
            notification, its topic has to be made anew first.",
        left: Left::TakenBack,
        signals: &[&["event notification for the same logs to topic", "does not exist any more"]],
    },
    Hint {
        code: "bucket-kms",
        title: "The bucket is encrypted with a KMS key, so load balancers cannot write logs we can \
            read.",
        customer: "Change the bucket's default encryption to SSE-S3 in the S3 console, or give \
            another bucket, or leave ExistingBucketName blank. Then launch again.",
        support: "Elastic Load Balancing writes the logs of application load balancers only to \
            buckets with SSE-S3. A grant on the key does not help.",
        left: Left::TakenBack,
        signals: &[&["bucket", "is encrypted with a kms key"]],
    },
    Hint {
        code: "bucket-other-region",
        title: "The bucket is in another region than the load balancers.",
        customer: "Choose a bucket in the load balancers' region, or leave ExistingBucketName \
            blank to have one made. Then launch again.",
        support: "Elastic Load Balancing logs only to buckets of its own region. The text may name \
            a load balancer that logs there already.",
        left: Left::TakenBack,
        signals: &[&["bucket", "it must be in the region of the load balancers"]],
    },
    Hint {
        code: "bucket-other-account",
        title: "The bucket belongs to another AWS account, or the stack may not look at it.",
        customer: "Choose a bucket of this account, or leave ExistingBucketName blank to have one \
            made. If the load balancer must keep logging to the other account, tell us: that \
            bucket's owner has to let us read it.",
        support: "The stack changes nothing in other accounts. If the bucket is the customer's \
            own, its policy denies s3:ListBucket to the function's role.",
        left: Left::TakenBack,
        signals: &[&["bucket", "belongs to another account, or this stack may not look at it"]],
    },
    Hint {
        code: "bucket-not-found",
        title: "The bucket does not exist.",
        customer: "Check the name of the bucket, or leave ExistingBucketName blank to have one \
            made. If a load balancer still logs to a bucket that is gone, turn that logging off \
            first. Then launch again.",
        support: "If the text names a load balancer, it points at a deleted bucket. Somebody else \
            could make a bucket of that name and receive the logs, so it is urgent.",
        left: Left::TakenBack,
        signals: &[&["bucket", "does not exist. check the name"], &["(nosuchbucket)"]],
    },
    Hint {
        code: "topic-not-ours",
        title: "A topic with the name that the stack needs exists and was not made by this stack.",
        customer: "Remove the SNS topic that the event names in the SNS console, if nothing else \
            uses it, and launch again.",
        support: "The name holds the stack's id, so this is a topic made by hand, or ours with its \
            tags removed. We never take over a topic without our tags.",
        left: Left::TakenBack,
        signals: &[&["sns topic", "exists and was not made by this stack"]],
    },
    Hint {
        code: "bucket-not-ours",
        title: "A bucket with the name that the stack needs exists and was not made by this stack.",
        customer: "Remove that bucket if you do not need it, or give a bucket of your own as \
            ExistingBucketName, and launch again.",
        support: "The name holds the stack's id, so this is a bucket made by hand, ours with its \
            tags removed, or one that denies s3:ListBucket to the function's role.",
        left: Left::TakenBack,
        signals: &[&["bucket", "exists and was not made by this stack"]],
    },
    Hint {
        code: "record-lost",
        title: "The tags in which the stack notes how things were before it were changed or \
            removed.",
        customer: "Delete the stack and launch it again with the same link. Then check the logging \
            settings of your load balancers.",
        support: "The tags of the stack's topic hold the record. Without it, the stack puts back \
            only what is provably its own. A tag policy or a clean-up script may have done it.",
        left: Left::Partly,
        signals: &[&["the tags of sns topic", "were changed or removed"]],
    },
    Hint {
        code: "policy-sid-taken",
        title: "The bucket's policy has a statement under a name that the stack needs.",
        customer: "Open the bucket's policy in the S3 console, give the statement that the event \
            names another Sid or remove it, and launch again.",
        support: "The Sid is one that only this stack makes, so it was copied or changed by hand, \
            or the stack's topic, which notes what is its own, was removed.",
        left: Left::TakenBack,
        signals: &[&["which this stack needs and did not write"]],
    },
    Hint {
        code: "policy-too-large",
        title: "The bucket's policy would become larger than S3 allows.",
        customer: "Remove statements that are no longer needed from the bucket's policy, or choose \
            another bucket, or leave ExistingBucketName blank. Then launch again.",
        support: "S3 takes 20 KB of policy per bucket. The text says how many bytes it would be. \
            Other vendors' and deleted accounts' statements are the first to look at.",
        left: Left::TakenBack,
        signals: &[&["the policy of bucket", "and s3 takes"]],
    },
];
