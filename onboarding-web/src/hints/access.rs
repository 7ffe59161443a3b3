//! What AWS or the organisation does not allow.

use super::{Hint, Left};

pub(super) const ACCESS: &[Hint] = &[
    Hint {
        code: "block-public-policy",
        title: "S3 refused the bucket's policy, because it counts as public and the account blocks \
            that.",
        customer: "Look in the bucket's policy for a statement that lets everybody in, and remove \
            or narrow it; or choose another bucket. Then launch again.",
        support: "Our statements name an account or a service and do not count as public. The \
            refusal is about a statement that was there before: the whole policy is written \
            anew.",
        left: Left::TakenBack,
        signals: &[&["blockpublicpolicy"]],
    },
    Hint {
        code: "scp-deny",
        title: "Your organisation blocks an action that the stack needs.",
        customer: "Send the text of the event to the team that runs your AWS organisation. It \
            names the action and the service control policy that forbids it. Once they allow it, \
            launch again.",
        support: "Common: s3:CreateBucket, s3:PutBucketPolicy, iam:CreateRole, or a whole region. \
            A rule may also demand buckets of the account's own namespace. An existing bucket \
            helps against the first.",
        left: Left::TakenBack,
        signals: &[
            &["explicit deny in a service control policy"],
            &["no service control policy allows"],
        ],
    },
    Hint {
        code: "permissions-boundary",
        title: "A permissions boundary in your account blocks an action that the stack needs.",
        customer: "Send the text of the event to whoever administers your AWS account. The \
            boundary has to allow the action that the text names. Then launch again.",
        support: "The boundary belongs to the person, the launch role, or is put on new roles by \
            the customer's own automation. The text says whose it is.",
        left: Left::TakenBack,
        signals: &[
            &["explicit deny in a permissions boundary"],
            &["no permissions boundary allows"],
        ],
    },
    Hint {
        code: "bucket-not-visible",
        title: "The stack may no longer look at a bucket that it had set up.",
        customer: "Check that the bucket is still yours and that its policy has no Deny for the \
            stack's function. Then delete the stack again. If the bucket is not yours any more, \
            send us the event.",
        support: "Our read permission may still stand in that bucket's policy, so the Delete says \
            FAILED. If the name went to another account, there is nothing of the customer's left \
            to undo.",
        left: Left::Partly,
        signals: &[&["does not let this account look"]],
    },
    Hint {
        code: "bucket-write-denied",
        title: "AWS does not let the load balancer write to the bucket.",
        customer: "Check the bucket: default encryption SSE-S3, and no Deny statement in its \
            policy that keeps Elastic Load Balancing out. If both are right, launch again: AWS can \
            be slow to accept a new permission.",
        support: "We waited about 100 seconds. Causes: KMS encryption, a Deny, another prefix. \
            Application load balancers write as logdelivery.elasticloadbalancing.amazonaws.com, \
            network ones as delivery.logs.amazonaws.com.",
        left: Left::TakenBack,
        signals: &[&["access denied for bucket"], &["elastic load balancing may not write there"]],
    },
    Hint {
        code: "notification-target-invalid",
        title: "S3 cannot send to one of the bucket's notification targets.",
        customer: "Open the bucket's event notifications in the S3 console and remove those whose \
            topic, queue or function is gone or does not let S3 send. Then launch again.",
        support: "S3 tests every target when notifications are written. An encrypted topic or \
            queue whose key shuts S3 out may fail as well.",
        left: Left::TakenBack,
        signals: &[
            &["unable to validate the following destination"],
            &["may not publish to one of the bucket's notification targets"],
        ],
    },
    Hint {
        code: "topic-gone",
        title: "The stack's topic was removed while the stack was being set up.",
        customer: "If you deleted the stack, there is nothing to do. Otherwise find out what \
            removes new SNS topics, and launch again.",
        support: "The stack was deleted meanwhile, or somebody removed the topic by hand or by a \
            clean-up script.",
        left: Left::TakenBack,
        signals: &[&["failed: the topic is gone"]],
    },
    Hint {
        code: "function-role-denied",
        title: "The stack's function was not allowed to do one of its steps.",
        customer: "Ask who runs your AWS organisation about the action that the event names: a \
            service control policy, a permissions boundary or a Deny in the bucket's policy \
            forbids it. Once it is allowed, launch again.",
        support: "The template's role has the action. Check that nobody changed the role. New \
            roles need a moment in AWS; we wait for that, so a passing delay is unlikely.",
        left: Left::TakenBack,
        signals: &[&["the function's role needs"]],
    },
    Hint {
        code: "launch-role-lacks",
        title: "The role that was picked under Permissions lacks a right that CloudFormation \
            needs.",
        customer: "Check that the stack's name begins with the StackName of the launch role, and \
            that the role you picked is the one from our launch role template. Then launch \
            again.",
        support: "The role reaches only names that begin with its StackName (logs-analysis by \
            default). A role of the customer's own needs the action that the text names, for \
            create and for delete.",
        left: Left::TakenBack,
        signals: &[&["assumed-role/", "/awscloudformation is not authorized to perform"]],
    },
    Hint {
        code: "pass-role",
        title: "You are not allowed to hand the role on: iam:PassRole is missing.",
        customer: "Ask your administrator for iam:PassRole on the role that the event names, or \
            let an administrator launch the stack with the same link.",
        support: "Whoever launches needs iam:PassRole on the launch role, with iam:PassedToService \
            cloudformation.amazonaws.com. Without the launch role, it is the function's role and \
            lambda.amazonaws.com.",
        left: Left::TakenBack,
        signals: &[&["not authorized to perform", "iam:passrole"]],
    },
    Hint {
        code: "may-not-manage-roles",
        title: "You are not allowed to create or change IAM roles, and the stack needs one.",
        customer: "Let an administrator launch the stack with the same link; or ask an \
            administrator to launch our launch role template once, then pick that role under \
            Permissions when you launch.",
        support: "Send the link of the launch role template. Rolling back needs iam:DeleteRole and \
            iam:DeleteRolePolicy as well; without them a failed stack cannot be cleaned up.",
        left: Left::TakenBack,
        signals: &[&["not authorized to perform: iam:", "role"]],
    },
    Hint {
        code: "may-not-launch",
        title: "You are not allowed to use CloudFormation in this account.",
        customer: "Forward the link to somebody who may create CloudFormation stacks in this \
            account, such as an administrator.",
        support: "The launch role does not help here: the person still needs the right to create \
            and look at stacks.",
        left: Left::AsBefore,
        signals: &[&["not authorized to perform: cloudformation:"]],
    },
];
