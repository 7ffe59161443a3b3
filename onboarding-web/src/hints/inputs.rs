//! What was asked for: the account, the region, the load balancers and the other parameters.

use super::{Hint, Left};

pub(super) const INPUTS: &[Hint] = &[
    Hint {
        code: "wrong-account",
        title: "The stack was launched in another AWS account than the one the link is for.",
        customer: "Delete that stack. Sign in to the account that the link names, check the \
            account number on the AWS page, and launch again. If the other account is the right \
            one, ask us for a link for it.",
        support: "Compare the account in the stack's ARN with the customer's record. If the record \
            is wrong, correct it and send a new link.",
        left: Left::Partly,
        signals: &[
            &["the stack is in account", "the link is for"],
            &["signed in to", "another account"],
            &["signed in to account", "the link is for"],
            &["signed in to the wrong account"],
        ],
    },
    Hint {
        code: "wrong-region",
        title: "The stack was launched in another AWS region than the one the link is for.",
        customer: "Delete that stack and open the link again without changing the region on the \
            AWS page. There is one link per region that has load balancers.",
        support: "Bucket, topic and function are regional: one stack covers the load balancers of \
            its own region only. If the customer wants the other region too, add its load \
            balancers and send that region's link.",
        left: Left::Partly,
        signals: &[&["the stack is in region", "the link is for"]],
    },
    Hint {
        code: "load-balancer-other-account",
        title: "A load balancer in the list belongs to another AWS account than the stack.",
        customer: "Launch the stack in the account that has the load balancer, or take its ARN out \
            of LoadBalancers and launch again. Each account needs a link of its own; ask us for \
            one.",
        support: "The account is the fifth field of the ARN. Check the account and the ARNs in the \
            customer's record.",
        left: Left::TakenBack,
        signals: &[&["load balancer", "is in account", "but this stack is in account"]],
    },
    Hint {
        code: "load-balancer-other-region",
        title: "A load balancer in the list is in another region than the stack.",
        customer: "Use the link for the region that the ARN names, or take that ARN out of \
            LoadBalancers and launch again. There is one link per region; ask us for one that is \
            missing.",
        support: "The region is the fourth field of the ARN. A link whose list was edited on the \
            AWS page is the usual cause.",
        left: Left::TakenBack,
        signals: &[&["load balancer", "is in region", "but this stack is in region"]],
    },
    Hint {
        code: "load-balancer-other-partition",
        title: "A load balancer in the list belongs to another AWS partition, such as China or \
            GovCloud.",
        customer: "Take that ARN out of LoadBalancers and launch again. Ask us for a link for the \
            other partition; it needs an account and a stack there.",
        support: "The partition is the second field of the ARN (aws, aws-cn, aws-us-gov, \
            aws-eusc). Nothing can be shared between partitions.",
        left: Left::TakenBack,
        signals: &[&["load balancer", "is in partition", "but this stack is in partition"]],
    },
    Hint {
        code: "load-balancer-gateway",
        title: "The list names a gateway load balancer, and those write no access logs.",
        customer: "Take it out of LoadBalancers and launch again.",
        support: "Its ARN has loadbalancer/gwy/. Correct the customer's list and send the link \
            again.",
        left: Left::TakenBack,
        signals: &[&["is a gateway load balancer"]],
    },
    Hint {
        code: "load-balancer-classic",
        title: "The list names a classic load balancer, which this setup does not cover.",
        customer: "Take it out of LoadBalancers and launch again. To have its logs analysed, \
            migrate it to an application load balancer first.",
        support: "The ARN of a classic one has a name right after loadbalancer/, without app/ or \
            net/. Correct the customer's list and send the link again.",
        left: Left::TakenBack,
        signals: &[&["is a classic load balancer"]],
    },
    Hint {
        code: "load-balancer-arn",
        title: "An entry in LoadBalancers is not the complete ARN of a load balancer.",
        customer: "Copy the ARN from the load balancer's page in the EC2 console; it begins with \
            arn: and contains elasticloadbalancing. Put it into LoadBalancers and launch again.",
        support: "Look for a name or a DNS name in place of an ARN, a cut end, a listener's or \
            target group's ARN, or a space inside.",
        left: Left::TakenBack,
        signals: &[
            &["is not the arn of a load balancer"],
            &["is an arn, but not that of a load balancer"],
            &["is not a complete load balancer arn"],
        ],
    },
    Hint {
        code: "load-balancer-tag-form",
        title: "A tag in LoadBalancers is not written in the form that is understood.",
        customer: "Write it as tag:Key=Value, for instance tag:team=web, with the exact upper and \
            lower case of the tag, and launch again.",
        support: "Key and value are compared exactly; an empty key is refused. Correct the \
            customer's list and send the link again.",
        left: Left::TakenBack,
        signals: &[&["should read tag:key=value"]],
    },
    Hint {
        code: "load-balancers-empty",
        title: "The list of load balancers is empty.",
        customer: "Fill in LoadBalancers: ARNs separated by commas, tag:Key=Value, or the word \
            all. The link fills it in by itself; open the link again and leave the field as it \
            is.",
        support: "The field was emptied on the AWS page, or the template was launched without the \
            link.",
        left: Left::TakenBack,
        signals: &[
            &["property loadbalancers is empty"],
            &["parameters: [loadbalancers", "must have values"],
        ],
    },
    Hint {
        code: "load-balancers-form",
        title: "CloudFormation does not accept what stands in LoadBalancers.",
        customer: "Open the link again and leave LoadBalancers as the link fills it in. If you \
            change it: ARNs of application or network load balancers separated by commas, \
            tag:Key=Value, or the word all.",
        support: "The template's own check refused it. Classic and gateway load balancers do not \
            pass. A parameter takes 4,096 bytes, which is about 30 ARNs; use a tag beyond that.",
        left: Left::AsBefore,
        signals: &[
            &["must be arns of application or network load balancers"],
            &["parameter", "loadbalancers", "must match pattern"],
        ],
    },
    Hint {
        code: "load-balancer-not-found",
        title: "A load balancer in the list does not exist in this account and region.",
        customer: "Open the load balancer in the EC2 console, check account and region, copy its \
            ARN into LoadBalancers and launch again. If it was deleted, take it out of the list.",
        support: "The ARN ends in an id that changes when a load balancer is made anew under the \
            same name. Ask for the present ARN and correct the customer's list.",
        left: Left::TakenBack,
        signals: &[
            &["load balancer", "does not exist. copy its arn"],
            &["loadbalancernotfound"],
            &["load balancers not found"],
        ],
    },
    Hint {
        code: "no-load-balancer-matched",
        title: "No load balancer of this region has the tag that was given.",
        customer: "Check the tag on your load balancers in the EC2 console, with its exact upper \
            and lower case, and the region. Then tell us the right tag, or the ARNs, and we send a \
            new link.",
        support: "The stack's output LoadBalancers says none. The stack is complete but nothing \
            logs; an update with the right list is enough.",
        left: Left::Fine,
        signals: &[
            &["no load balancer found"],
            &["no load balancer was found"],
            &["no load balancer", "has the tag"],
            &["no load balancer", "matched"],
        ],
    },
    Hint {
        code: "too-many-load-balancers",
        title: "The list has more load balancers than one stack can keep account of.",
        customer: "Tag your load balancers in groups, for instance group=1 and group=2, and tell \
            us the tags. We send one link per group.",
        support: "The stack keeps what was before it in the tags of its topic, and those are full. \
            Several stacks in one region work side by side, each with tag:Key=Value.",
        left: Left::TakenBack,
        signals: &[&["more than one stack can keep account of"]],
    },
    Hint {
        code: "template-fault",
        title: "The template carries a value of ours that is wrong.",
        customer: "There is nothing for you to correct. Send us this text; we publish a corrected \
            template and send you a new link.",
        support: "A constant in the template's Mappings is wrong: vendor account, notification \
            endpoint, report address, log kinds or log prefix. Stop sending links to this version \
            and tell engineering.",
        left: Left::TakenBack,
        signals: &[
            &["this is a fault of the template"],
            &["property logkinds"],
            &["property logprefix"],
            &["property reporturl"],
        ],
    },
    Hint {
        code: "bucket-name-form",
        title: "ExistingBucketName does not hold the name of an S3 bucket.",
        customer: "Give the name alone, without s3://, without arn:aws:s3::: and without a folder; \
            or leave the field blank to have a bucket made. Then launch again.",
        support: "Names have 3 to 63 lower-case letters, digits, dots and hyphens. Correct the \
            customer's options and send the link again.",
        left: Left::TakenBack,
        signals: &[
            &["existingbucketname", "is not the name of an s3 bucket"],
            &["must be the name of an s3 bucket (not its arn)"],
            &["parameter", "existingbucketname", "must match pattern"],
        ],
    },
    Hint {
        code: "retention-form",
        title: "LogRetentionDays is not a number of days that is accepted.",
        customer: "Open the link again and leave LogRetentionDays as it is, or give a whole number \
            from 1 to 3650.",
        support: "The value counts only for a bucket that the stack makes; a bucket of the \
            customer's keeps its own rules.",
        left: Left::TakenBack,
        signals: &[&["logretentiondays", "number"], &["logretentiondays", "constraint"]],
    },
    Hint {
        code: "token-form",
        title: "The onboarding token is damaged.",
        customer: "Open the link again and leave the onboarding token as the link fills it in.",
        support: "The token was edited or cut on its way. It holds letters, digits, - and _, at \
            most 128. Copy the link anew; check whether a mail program breaks long links.",
        left: Left::TakenBack,
        signals: &[
            &["property onboardingtoken"],
            &["must be at most 128 letters, digits, underscores and hyphens"],
            &["parameter", "onboardingtoken", "must match pattern"],
        ],
    },
    Hint {
        code: "parameter-unreadable",
        title: "A parameter of the stack holds something that cannot be read.",
        customer: "Open the link again and leave the parameters as the link fills them in. If you \
            type one yourself, type it rather than paste it, so that no invisible characters come \
            along.",
        support: "The text names the property. Control characters come from copying out of a \
            document; a list in place of one value comes from a changed template.",
        left: Left::TakenBack,
        signals: &[
            &["property", "must be a single text value"],
            &["property", "must be a list of text values"],
            &["property", "contains control characters"],
            &["property", "that is not readable text"],
        ],
    },
    Hint {
        code: "stack-name-form",
        title: "AWS does not accept the name of the stack.",
        customer: "Open the link again and leave the stack's name as the link fills it in. For the \
            launch role, StackName is 4 to 24 letters, digits and hyphens and begins with a \
            letter.",
        support: "A stack's name begins with a letter and has letters, digits and hyphens only, at \
            most 128. With the launch role, the onboarding stack's name must begin with the role's \
            StackName.",
        left: Left::AsBefore,
        signals: &[
            &["at 'stackname'", "failed to satisfy constraint"],
            &["must be 4 to 24 letters, digits and hyphens"],
        ],
    },
];
