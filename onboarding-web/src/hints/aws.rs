//! What AWS's services say, from the special to the general; the last ones only tell where to look.

use super::{Hint, Left};

pub(super) const AWS: &[Hint] = &[
    Hint {
        code: "quota",
        title: "A limit of your AWS account is reached.",
        customer: "The event names the limit, such as buckets, topics or roles. Delete what you no \
            longer need, or ask for more under Service Quotas in the AWS console. Then launch \
            again.",
        support: "For buckets, an existing one as ExistingBucketName avoids a new one. The stack \
            makes one role, one function, one log group, one topic and at most one bucket.",
        left: Left::TakenBack,
        signals: &[
            &["limitexceeded"],
            &["limit exceeded"],
            &["toomanybuckets"],
            &["more buckets than"],
            &["exceed quota"],
            &["quotaexceeded"],
            &["quota exceeded"],
            &["maximum number of"],
        ],
    },
    Hint {
        code: "change-conflict",
        title: "Another change was running on the same bucket or topic.",
        customer: "Wait until other deployments on this bucket are over, and launch again with the \
            same link.",
        support: "AWS refuses two changes of one thing at once. We tried again with growing \
            pauses. Something else keeps writing, or a bucket of the same name was just deleted.",
        left: Left::TakenBack,
        signals: &[
            &["operationaborted"],
            &["conflicting conditional operation"],
            &["concurrentaccess"],
            &["staletag"],
        ],
    },
    Hint {
        code: "throttled",
        title: "AWS was asked too often in this account at that moment.",
        customer: "Wait a few minutes and launch again with the same link. Do not launch several \
            stacks at the same moment.",
        support: "The limit is per account and region and shared with everything else there. We \
            tried several times with pauses.",
        left: Left::TakenBack,
        signals: &[
            &["rate exceeded"],
            &["throttl"],
            &["toomanyrequests"],
            &["slowdown"],
            &["reduce your request rate"],
        ],
    },
    Hint {
        code: "aws-no-answer",
        title: "A service of AWS did not give a usable answer.",
        customer: "Wait a few minutes and launch again with the same link. If it happens again, \
            send us the event.",
        support: "We tried several times. Look at AWS's health page for the region and the service \
            that the text names.",
        left: Left::TakenBack,
        signals: &[
            &["no readable answer came from aws"],
            &["aws did not answer in time"],
            &["aws could not be reached"],
            &["aws's answer could not be read"],
            &["internal failure"],
            &["internalfailure"],
            &["internalerror"],
            &["serviceunavailable"],
            &["service unavailable"],
        ],
    },
    Hint {
        code: "bucket-policy-invalid",
        title: "S3 did not accept the bucket's policy.",
        customer: "Open the bucket's policy in the S3 console and save it without a change. If S3 \
            refuses that too, correct what it names, such as a user or role that no longer exists. \
            Then launch again.",
        support: "The whole policy is written anew, so an old statement with a deleted principal \
            stops ours. If the old policy saves fine, check that our account id is right for this \
            partition.",
        left: Left::TakenBack,
        signals: &[
            &["malformedpolicy"],
            &["invalid principal in policy"],
            &["the bucket's policy is not json"],
        ],
    },
    Hint {
        code: "load-balancer-refused",
        title: "The load balancer did not accept the settings for logging.",
        customer: "Send us the event; it holds the reason in AWS's words. Nothing else about the \
            load balancer was changed.",
        support: "Only the log settings are sent. Look for a bucket in another region, a prefix \
            with AWSLogs in it, or a kind of log that this load balancer does not offer.",
        left: Left::TakenBack,
        signals: &[
            &["invalidconfigurationrequest"],
            &["modifyloadbalancerattributes", "validationerror"],
        ],
    },
    Hint {
        code: "session-expired",
        title: "Your sign-in to AWS has expired.",
        customer: "Sign in to AWS again, then open the link again.",
        support: "Temporary credentials on the command line end as well; the customer gets new \
            ones in the usual way.",
        left: Left::AsBefore,
        signals: &[
            &["security token included in the request is expired"],
            &["expiredtoken"],
            &["session has expired"],
            &["token has expired"],
        ],
    },
    Hint {
        code: "region-not-enabled",
        title: "This region is not enabled in your AWS account.",
        customer: "Ask your administrator to enable the region for the account, wait until AWS has \
            done so, and open the link again.",
        support: "Some regions must be enabled first, such as af-south-1, ap-east-1, eu-south-1, \
            il-central-1, me-south-1. A load balancer there means that it was enabled once; check \
            the account too.",
        left: Left::AsBefore,
        signals: &[
            &["optinrequired"],
            &["region", "is not enabled"],
            &["region", "opt-in"],
            &["region", "is disabled"],
        ],
    },
    Hint {
        code: "credentials-invalid",
        title: "AWS did not accept the sign-in.",
        customer: "Sign out of AWS, sign in to the right account again, and open the link again. \
            On the command line, get new credentials.",
        support: "Deleted keys and regions that are not enabled for the account both look like \
            this.",
        left: Left::AsBefore,
        signals: &[
            &["security token included in the request is invalid"],
            &["invalidclienttokenid"],
            &["unrecognizedclient"],
        ],
    },
    Hint {
        code: "subscription-pending",
        title: "Our service has not confirmed the subscription yet.",
        customer: "There is nothing for you to do. We confirm it on our side, usually at once.",
        support: "The request to confirm is valid for two days. If it stays pending, check our \
            notification endpoint; an update of the stack asks again.",
        left: Left::Fine,
        signals: &[&["pending confirmation"], &["pendingconfirmation"]],
    },
    Hint {
        code: "not-authorized",
        title: "You, or the role you picked, are not allowed to do one of the steps.",
        customer: "Send the text of the event to your administrator: it names the action that is \
            missing. Or let an administrator launch the stack with the same link.",
        support: "The text says who was refused what. With the launch role picked under \
            Permissions, the person needs only iam:PassRole on it and CloudFormation itself.",
        left: Left::TakenBack,
        signals: &[
            &["not authorized to perform"],
            &["accessdenied"],
            &["access denied"],
            &["authorizationerror"],
            &["unauthorizedoperation"],
        ],
    },
    Hint {
        code: "aws-call-failed",
        title: "AWS refused one of the steps, for a reason that it gives in its own words.",
        customer: "Launch again with the same link. If it fails again, send us the event.",
        support: "The text names the call, the thing and AWS's error code. Add a hint for this \
            code if it comes up again.",
        left: Left::TakenBack,
        signals: &[&["failed:", "if it fails again, send this event to the vendor"]],
    },
    Hint {
        code: "update-rollback-failed",
        title: "The stack could neither be updated nor taken back to what it was.",
        customer: "Do not delete the stack yet. Send us its events; we tell you how to continue.",
        support: "Find the first failed event and mend its cause, then continue the update \
            rollback in CloudFormation. As a last resort it can skip a resource.",
        left: Left::Partly,
        signals: &[&["update_rollback_failed"]],
    },
    Hint {
        code: "delete-failed",
        title: "CloudFormation could not delete everything of the stack.",
        customer: "Look for the first DELETE_FAILED event and send it to us. Once its cause is \
            mended, delete the stack once more.",
        support: "If the custom resource failed, data could still flow to us: see its reason \
            first. A role without iam:DeleteRole or lambda:DeleteFunction is the other cause. \
            CloudFormation can retain a resource that will not go.",
        left: Left::Partly,
        signals: &[&["failed to delete"], &["delete_failed"], &["is in rollback_failed state"]],
    },
    Hint {
        code: "not-the-cause",
        title: "This event is a consequence; the cause stands in an earlier one.",
        customer: "Open the stack's Events in CloudFormation, scroll down to the first event that \
            ends in FAILED, and send us its status reason.",
        support: "One resource failed and CloudFormation cancelled the others. The cause is the \
            oldest FAILED event.",
        left: Left::TakenBack,
        signals: &[
            &["resource creation cancelled"],
            &["resource update cancelled"],
            &["failed to create:"],
            &["failed to update:"],
            &["rollback requested by user"],
        ],
    },
];
