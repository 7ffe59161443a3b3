//! How a run of the function went, apart from what it found in buckets and topics.

use super::{Hint, Left};

pub(super) const RUN: &[Hint] = &[
    Hint {
        code: "left-behind",
        title: "The stack is gone, but a part of what it changed could not be put back.",
        customer: "Each \"Could not …\" in the event names one thing to put back by hand, such as \
            the logging of a load balancer. Send us the event, and we tell you the steps.",
        support: "The rest was undone. Typical: put back logging of a load balancer (its bucket \
            went or denies), remove a bucket, take out a notification. The topic or the permission \
            to write may still be there.",
        left: Left::Partly,
        signals: &[
            &["could not put back logging"],
            &["could not change the notifications"],
            &["could not change the policy"],
            &["could not remove bucket"],
            &["could not remove topic"],
            &["could not keep account on topic"],
            &["could not remove subscription"],
        ],
    },
    Hint {
        code: "stack-deleted-meanwhile",
        title: "The stack was deleted while it was still being set up.",
        customer: "If you deleted it on purpose, there is nothing to do: what had been made was \
            removed again. Otherwise launch again with the same link.",
        support: "CloudFormation also deletes a stack's resources when another resource of it \
            failed; then look for the first failed event. What was kept is named at the end of the \
            text.",
        left: Left::Fine,
        signals: &[&["the stack was deleted while this was running"]],
    },
    Hint {
        code: "shared-with-other-stacks",
        title: "Logging stays on, because other onboarding stacks of your account rely on it.",
        customer: "There is nothing to do. When the last of those stacks is deleted, everything is \
            put back. The event names them.",
        support: "S3 tells one topic only of each log, so stacks on one bucket share a topic. To \
            stop all of it, the customer deletes all stacks that the event names.",
        left: Left::Fine,
        signals: &[&["because other stacks rely on it"]],
    },
    Hint {
        code: "bucket-kept",
        title: "Your logs are kept on purpose: the bucket that holds them stays.",
        customer: "Nothing is wrong. The stack never deletes a log. When you no longer need the \
            logs, empty and delete the bucket yourself in the S3 console.",
        support: "S3 deletes a bucket only when it is empty, including old versions and delete \
            markers. We have no right to delete an object. The stack itself is gone.",
        left: Left::Fine,
        signals: &[
            &["kept, because logs are in it"],
            &["bucketnotempty"],
            &["the bucket you tried to delete is not empty"],
        ],
    },
    Hint {
        code: "nothing-to-undo",
        title: "There was nothing to take back, because this stack had set up nothing.",
        customer: "There is nothing to do.",
        support: "The Delete named an id that is not the stack's own, so nothing was touched. This \
            is the end of a launch that failed before our function began.",
        left: Left::Fine,
        signals: &[&["nothing of this stack has this id"]],
    },
    Hint {
        code: "load-balancer-deleted",
        title: "A load balancer was deleted while the stack was being set up.",
        customer: "Take the deleted load balancer out of LoadBalancers and launch again. If it was \
            made anew, give its new ARN.",
        support: "The text names it. With a tag or the word all, launching again is enough.",
        left: Left::TakenBack,
        signals: &[&["somebody else changed the account", "load balancer", "was deleted"]],
    },
    Hint {
        code: "bucket-name-taken",
        title: "The name of the bucket that the stack wanted to make is taken by another AWS \
            account.",
        customer: "Launch again with the same link. If it happens again, give a bucket of your own \
            as ExistingBucketName.",
        support: "A bucket of a stranger is never used. The name follows from the stack's id, so a \
            new stack gets a new name. Report it to engineering if it happens twice: somebody may \
            be taking the names.",
        left: Left::TakenBack,
        signals: &[&["bucket", "was taken by somebody else"], &["bucketalreadyexists"]],
    },
    Hint {
        code: "changed-by-others",
        title: "Somebody or something else changed the same settings while the stack was being set \
            up.",
        customer: "Find out who or what else changes this bucket, topic or load balancer, such as \
            Terraform or another stack. Wait until it is done, then launch again.",
        support: "The text names what changed. We looked three times. If an automation puts its \
            own state back each time, the customer has to add our statement or notification \
            there.",
        left: Left::TakenBack,
        signals: &[
            &["somebody else changed the account"],
            &["somebody else keeps changing"],
            &["somebody undid:"],
        ],
    },
    Hint {
        code: "out-of-time",
        title: "AWS took longer than our function may run.",
        customer: "Launch again with the same link. If it happens again, send us the event; it \
            names what we waited for.",
        support: "The function stops with an answer before its 240 seconds are over. Slow \
            permissions on a bucket and very many load balancers are the usual causes; fewer per \
            stack help.",
        left: Left::TakenBack,
        signals: &[&["time ran out while waiting for"]],
    },
    Hint {
        code: "handler-fault",
        title: "Our function stopped because of a fault of ours.",
        customer: "There is nothing for you to correct. Send us the event; we look into it and \
            tell you when to launch again.",
        support: "Ask for the function's log (/aws/lambda or the stack's log group) around that \
            time and pass it to engineering with the template version.",
        left: Left::TakenBack,
        signals: &[
            &["a fault in the handler stopped it"],
            &["the handler gave no reason"],
            &["glibc_"],
        ],
    },
    Hint {
        code: "event-unreadable",
        title: "Our function could not make sense of what it was asked.",
        customer: "There is nothing for you to correct. Send us the event; we look into it.",
        support: "The function was called by something other than CloudFormation, or from another \
            account or region. A function that was called by hand or in a test does this. Pass it \
            to engineering otherwise.",
        left: Left::TakenBack,
        signals: &[
            &["stackid", "is not the arn of a stack"],
            &["requesttype is none of"],
            &["the event cannot be answered"],
            &["stackid names another account or region"],
            &["responseurl is not an https address"],
        ],
    },
];
