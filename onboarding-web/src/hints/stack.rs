//! What CloudFormation says of the stack, its template and its parameters.

use super::{Hint, Left};

pub(super) const STACK: &[Hint] = &[
    Hint {
        code: "capabilities",
        title: "The box that lets the stack create IAM resources was not ticked.",
        customer: "Open the link again, tick the box about IAM resources at the bottom of the AWS \
            page, and create the stack.",
        support: "The stack makes one role for its function. On the command line it is \
            --capabilities CAPABILITY_IAM.",
        left: Left::AsBefore,
        signals: &[&["requires capabilities"], &["insufficientcapabilities"]],
    },
    Hint {
        code: "template-url",
        title: "CloudFormation does not accept the address of the template.",
        customer: "Copy the whole link from our page and open it again; it may have been cut. If \
            it happens again, tell us.",
        support: "The address must be that of an object in S3 over https. Check the template's \
            address in the settings; websites and custom domains do not work.",
        left: Left::AsBefore,
        signals: &[&["templateurl must be a supported url"]],
    },
    Hint {
        code: "code-unreadable",
        title: "AWS could not fetch the program of our function in this region.",
        customer: "There is nothing for you to correct, unless your organisation limits reading \
            from S3 buckets of other accounts. Send us the event; we check our side.",
        support: "The zip must lie in our code bucket of the same region and be readable for the \
            customer's account. Check that region's bucket and this version's key. The launch role \
            needs s3:GetObject on it.",
        left: Left::TakenBack,
        signals: &[&["error occurred while getobject"], &["permission to getobject for"]],
    },
    Hint {
        code: "template-unreadable",
        title: "CloudFormation could not read our template.",
        customer: "There is nothing for you to correct, unless your organisation limits reading \
            from S3 buckets of other accounts. Tell us the region and the time, and we check our \
            side.",
        support: "This template version cannot be read from that region or account: the object is \
            missing, its permission is wrong, or a presigned address has expired.",
        left: Left::AsBefore,
        signals: &[&["s3 error:"], &["templateurl must reference a valid s3 object"]],
    },
    Hint {
        code: "role-not-visible-yet",
        title: "AWS did not see the stack's new role in time.",
        customer: "Wait a minute and launch again with the same link. New roles take a moment to \
            be known everywhere in AWS.",
        support: "IAM shows new roles late. It passes by itself; if it comes back each time, ask \
            whether something changes or deletes new roles in that account.",
        left: Left::TakenBack,
        signals: &[&["cannot be assumed by lambda"], &["role with name", "cannot be found"]],
    },
    Hint {
        code: "launch-role-unusable",
        title: "CloudFormation cannot use the role that was picked under Permissions.",
        customer: "Pick the role that our launch role template made (its output LaunchRoleArn) and \
            try again. If it was made a minute ago, wait a little first. To delete a stack, its \
            role must still exist.",
        support: "The role must trust cloudformation.amazonaws.com and exist. A stack keeps its \
            role for good, so the launch role stack must be deleted after the onboarding stack.",
        left: Left::AsBefore,
        signals: &[&["is invalid or cannot be assumed"]],
    },
    Hint {
        code: "rollback-complete",
        title: "A failed stack of an earlier try is still listed.",
        customer: "Open CloudFormation in this region, delete the stack that is in \
            ROLLBACK_COMPLETE, and then use the same link again.",
        support: "A stack in this state can only be deleted. It holds nothing any more. Look for \
            the first failed event of the earlier try before it is deleted.",
        left: Left::AsBefore,
        signals: &[&["is in rollback_complete state"], &["rollback_complete state and can not be"]],
    },
    Hint {
        code: "stack-busy",
        title: "CloudFormation is still working on this stack.",
        customer: "Wait until the stack's status no longer ends in IN_PROGRESS, which takes ten \
            minutes at most for our part, and try again.",
        support: "While an answer is outstanding, a stack accepts nothing else. Our resource gives \
            up after 600 seconds.",
        left: Left::AsBefore,
        signals: &[
            &["_in_progress state and can not be"],
            &["operationinprogress"],
            &["_in_progress state and cannot be"],
        ],
    },
    Hint {
        code: "stack-exists",
        title: "A stack with this name exists already, probably from an earlier try.",
        customer: "If that stack has failed, delete it and use the same link again. If it is \
            complete, you are already set up; ask us before you change it.",
        support: "Compare with the customer's region state. For a change of a running stack, send \
            the update steps instead of a launch link.",
        left: Left::AsBefore,
        signals: &[&["stack [", "] already exists"], &["alreadyexistsexception"]],
    },
    Hint {
        code: "name-taken",
        title: "Something that the stack wants to create exists already, from an earlier try or \
            another stack.",
        customer: "The event names it. If it belongs to an earlier try, delete that stack, or the \
            thing itself if the stack is gone, and launch again with the same link.",
        support: "Our template gives no fixed names to role, function and log group, so look for a \
            changed template or a hand-made resource. Check in which region and stack it lives.",
        left: Left::TakenBack,
        signals: &[&["entityalreadyexists"], &["already exists"], &["resourceexistencecheck"]],
    },
    Hint {
        code: "no-response",
        title: "CloudFormation got no answer from our function.",
        customer: "Launch again with the same link. If it happens again, send us the event with \
            its request id.",
        support: "The function did not start, was stopped, or its answer did not arrive. Ask for \
            its log. Check that the function was not put into a VPC and that nothing blocks S3 for \
            it.",
        left: Left::TakenBack,
        signals: &[
            &["did not receive a response from your custom resource"],
            &["custom resource failed to stabilize"],
            &["failed to receive response"],
        ],
    },
    Hint {
        code: "answer-invalid",
        title: "CloudFormation did not accept the answer of our function.",
        customer: "There is nothing for you to correct. Send us the event; we look into it.",
        support: "A fault of ours or a changed template: answer over 4,096 bytes, a missing output \
            or id, or a renamed function. Pass it to engineering with the template version.",
        left: Left::TakenBack,
        signals: &[
            &["response object is too long"],
            &["invalid physicalresourceid"],
            &["vendor response doesn't contain"],
            &["modifying service token is not allowed"],
        ],
    },
    Hint {
        code: "partition-not-covered",
        title: "The template does not cover this part of AWS.",
        customer: "Launch in an account of the commercial AWS regions, GovCloud, China or the \
            European Sovereign Cloud. Tell us if you need another one.",
        support: "The template's Mappings have no entry for that partition. The isolated \
            partitions cannot reach our endpoint.",
        left: Left::AsBefore,
        signals: &[&["unable to get mapping for vendor"]],
    },
    Hint {
        code: "parameter-invalid",
        title: "CloudFormation does not accept a parameter of the stack.",
        customer: "Open the link again and leave the parameters as the link fills them in. If you \
            change one, follow the description beside its field.",
        support: "The text names the parameter. Names are case-sensitive; a template of another \
            version may have other parameters.",
        left: Left::AsBefore,
        signals: &[
            &["failed to satisfy constraint"],
            &["must match pattern"],
            &["parameter validation failed"],
            &["parameters: [", "must have values"],
            &["parameters: [", "do not exist in the template"],
        ],
    },
    Hint {
        code: "template-broken",
        title: "CloudFormation refuses our template as it is.",
        customer: "There is nothing for you to correct if you used our link. Send us the text; we \
            check the template.",
        support: "Retire this version if it is ours unchanged, and tell engineering. A template \
            that the customer has edited is the other cause; compare the sha256.",
        left: Left::AsBefore,
        signals: &[
            &["template format error"],
            &["template validation error"],
            &["template error:"],
            &["malformedpolicydocument"],
            &["propertyvalidation"],
        ],
    },
    Hint {
        code: "hook-refused",
        title: "A check that your organisation runs on CloudFormation stacks refused this one.",
        customer: "Send the text of the event to the team that runs your AWS organisation. It \
            names the check and often the rule. Once they allow it, launch again.",
        support: "CloudFormation hooks run in the customer's account and can refuse functions, \
            roles or custom resources. Ask for the rule's text; engineering may be able to meet \
            it.",
        left: Left::TakenBack,
        signals: &[&["hook(s) failed"], &["hook failed with message"]],
    },
];
