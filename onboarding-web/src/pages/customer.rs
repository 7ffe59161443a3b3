//! One customer as staff see them, and the pages that ask before something is taken away.

use askama::Template;

use super::{
    customers::Moment,
    frame::{Frame, Tag},
    progress::Progress,
};

/// `GET /customers/{id}`.
#[derive(Template)]
#[template(path = "customer.html")]
pub struct Customer {
    /// Around the page; its title is the customer's name.
    pub frame: Frame,
    /// This page, without a slash at the end; everything else lies below it.
    pub url: String,
    /// The state most in need of attention.
    pub tag: Tag,
    /// For a customer link that no longer opens.
    pub link_tag: Option<Tag>,
    /// What to do now.
    pub next: NextStep,
    /// A newer template version, if the customer's stacks run an older one.
    pub update: Option<UpdateNotice>,
    /// That the template is missing in regions of this customer's, in a sentence.
    pub unpublished: Option<String>,
    /// The customer's page; `None` when the link is revoked, or for those who may not hand it out.
    pub link: Option<CustomerLink>,
    /// What can be launched, by region; empty for those who may not hand it out.
    pub regions: Vec<RegionLinks>,
    /// The e-mail to send; `None` when there is no link to put into it.
    pub email: Option<EmailText>,
    /// For customers whose people may not create roles; empty if not offered.
    pub launch_roles: Vec<LaunchRole>,
    /// The eight steps of each region, with what is set up.
    pub progress: Progress,
    /// The newest first: staff, stacks and logs together.
    pub timeline: Vec<TimelineEntry>,
    /// Whether older entries were left out; they are in the audit.
    pub timeline_more: Option<String>,
    /// Facts that are on record.
    pub details: Details,
    /// Whether the customer has been offboarded; then nothing can be launched or taken away.
    pub offboarded: bool,
}

/// What to do now, in one sentence with one button.
#[derive(Debug, Clone)]
pub struct NextStep {
    /// The sentence.
    pub sentence: String,
    /// The button.
    pub offer: Offer,
}

/// What the next step's button does.
#[derive(Debug, Clone)]
pub enum Offer {
    /// There is nothing to do.
    Nothing,
    /// Opens a page.
    Open {
        /// The button's words.
        label: String,
        /// The page.
        url: String,
    },
    /// Copies a text that stands on this page.
    Copy {
        /// The button's words, such as `Copy the reply`.
        label: String,
        /// The text's id: `page-link`, `email-body`, or `reply-REGION` of the progress.
        target: String,
    },
}

/// A newer template version than the one the customer's stacks run.
#[derive(Debug, Clone)]
pub struct UpdateNotice {
    /// Such as `Version 0.2.0 is out. The stack in eu-west-1 runs 0.1.0.`
    pub words: String,
    /// What changed between the two.
    pub diff_url: String,
}

/// The address of the customer's page.
#[derive(Debug, Clone)]
pub struct CustomerLink {
    /// With the token: whoever has it sees the page.
    pub url: String,
    /// Such as `Works until 6 December 2026, 13 days more`.
    pub expiry: String,
    /// Such as `Opened twice, last 3 minutes ago`.
    pub opened: String,
}

/// What can be launched in one region.
#[derive(Debug, Clone)]
pub struct RegionLinks {
    /// Such as `eu-west-1`; also part of ids.
    pub region: String,
    /// The region's state.
    pub tag: Tag,
    /// Such as `shop, shop-api`.
    pub load_balancers: String,
    /// The AWS page with everything filled in.
    pub aws: String,
    /// For the AWS command line.
    pub cli: String,
    /// For Terraform.
    pub terraform: String,
    /// For all accounts of an organisation.
    pub stackset: String,
}

/// The e-mail to the customer, ready to send.
#[derive(Debug, Clone)]
pub struct EmailText {
    /// To whom.
    pub to: String,
    /// The subject line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// The same as a `mailto:` address; empty if it would be too long for one.
    pub mailto: String,
}

/// Where an administrator makes the role that others then launch the stack with.
#[derive(Debug, Clone)]
pub struct LaunchRole {
    /// The region; also part of ids.
    pub region: String,
    /// The AWS page with everything filled in.
    pub aws: String,
    /// For the AWS command line.
    pub cli: String,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub struct TimelineEntry {
    /// When.
    pub at: Moment,
    /// `ok`, `warn`, `bad` or empty: the colour of its dot; the words say it too.
    pub class: &'static str,
    /// What, such as `The stack in eu-west-1 failed`.
    pub what: String,
    /// Who: a name, `the customer` or `the stack`.
    pub who: String,
    /// More about it; may be empty.
    pub note: String,
}

/// What is on record about a customer.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// Contact e-mail.
    pub email: String,
    /// `1234 5678 9012`.
    pub account: String,
    /// Load balancers as asked for, one each.
    pub load_balancers: Vec<String>,
    /// Bucket to use; empty for a new one.
    pub bucket: String,
    /// Such as `365 days`.
    pub retention: String,
    /// The template version of the links.
    pub version: String,
    /// That version's page.
    pub version_url: String,
    /// SHA-256 of that version's text, hexadecimal.
    pub digest: String,
    /// Who looks after the customer; may be empty.
    pub owner: String,
    /// Such as `20 November 2026, by Rosa Lindqvist`.
    pub added: String,
    /// For staff only.
    pub notes: String,
}

/// `GET` and `POST` of `/customers/{id}/rotate`, `/revoke` and `/offboard`.
#[derive(Template)]
#[template(path = "customer_confirm.html")]
pub struct Confirm {
    /// Around the page; its title is the question.
    pub frame: Frame,
    /// The customer's name.
    pub customer: String,
    /// Where "Cancel" leads: the customer's page.
    pub cancel: String,
    /// Where the form is sent.
    pub action: String,
    /// What it does, a sentence each.
    pub happens: Vec<String>,
    /// Who or what notices, and how.
    pub affected: Vec<String>,
    /// What stays as it is; may be empty.
    pub stays: Vec<String>,
    /// Why it was not done, if it was tried.
    pub problem: Option<String>,
    /// The button's words.
    pub button: String,
    /// Whether it cannot be undone.
    pub danger: bool,
}

impl Confirm {
    /// Asks before the customer link and the onboarding tokens are replaced by new ones; `url` is the
    /// customer's page for staff.
    pub fn rotate(frame: Frame, customer: &str, url: &str) -> Self {
        let happens = [
            "The customer gets a new link, and you send it again.",
            "The old link stops working at once. Whoever opens it reads that it is no longer valid.",
        ];
        let affected = [
            "Anyone at the customer’s who kept the old link, for example in an e-mail or a ticket.",
            "A stack launched from the old link that has not reported yet. Its progress may not show here.",
        ];
        let stays = ["Stacks that are connected already go on working. No log is lost."];
        let words = (&happens[..], &affected[..], &stays[..]);
        Self::of(frame, customer, format!("{url}/rotate"), words, "Make a new link")
    }

    /// Asks before the customer link is switched off.
    pub fn revoke(frame: Frame, customer: &str, url: &str) -> Self {
        let happens = [
            "The link stops working at once, and none takes its place.",
            "You can make a new link later with “Make a new link”.",
        ];
        let affected = [
            "Anyone at the customer’s who opens the link reads that it is no longer valid, and whom to ask.",
            "Somebody who has the AWS page open already can still press Create there.",
        ];
        let stays = ["Stacks that are connected already go on working. No log is lost."];
        let words = (&happens[..], &affected[..], &stays[..]);
        Self {
            danger: true,
            ..Self::of(frame, customer, format!("{url}/revoke"), words, "Revoke the link")
        }
    }

    /// Asks before the customer is let go.
    pub fn offboard(frame: Frame, customer: &str, url: &str) -> Self {
        let happens = [
            "The customer’s page turns into one that explains how to delete the stack.",
            "No new stack can be launched for this customer.",
        ];
        let affected = [
            "The customer has to delete the stack in AWS themselves; nobody else can. Until then their logs \
             still reach us.",
            "Deleting the stack turns logging back to what it was before and ends our access.",
        ];
        let stays = [
            "The customer’s bucket and the logs in it. The stack never deletes a log; the customer pays for \
             keeping them until they delete them.",
            "The customer’s entry here and the audit.",
        ];
        let words = (&happens[..], &affected[..], &stays[..]);
        let action = format!("{url}/offboard");
        Self { danger: true, ..Self::of(frame, customer, action, words, "Offboard this customer") }
    }

    fn of(
        frame: Frame,
        customer: &str,
        action: String,
        (happens, affected, stays): (&[&str], &[&str], &[&str]),
        button: &str,
    ) -> Self {
        let words = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect();
        let cancel = action.rsplit_once('/').map_or_else(String::new, |(url, _)| url.to_owned());
        Self {
            frame,
            customer: customer.to_owned(),
            cancel,
            action,
            happens: words(happens),
            affected: words(affected),
            stays: words(stays),
            problem: None,
            button: button.to_owned(),
            danger: false,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::pages::{
        customers::tests::{HOSTILE, LONG, moment, rendered},
        progress::samples,
    };

    const LINK: &str =
        "https://onboarding.example.com/c/Xk3v9Qw2rT7uY1pL5sD8fG0hJ4kZ6xC2vB9nM3qW7eR";

    fn region(region: &str, state: &str) -> RegionLinks {
        RegionLinks {
            region: region.into(),
            tag: Tag::of_state(state),
            load_balancers: "shop, shop-api".into(),
            aws: format!(
                "https://{region}.console.aws.amazon.com/cloudformation/home?region={region}#/stacks/quickcreate\
                 ?templateURL=https%3A%2F%2Fexample-log-analysis-code-{region}.s3.amazonaws.com%2F0.1.0.yaml\
                 &stackName=logs-analysis-harbour&param_OnboardingToken=f3Qa"
            ),
            cli: format!(
                "aws cloudformation create-stack \\\n  --region {region} \\\n  --stack-name \
                 logs-analysis-harbour \\\n  --capabilities CAPABILITY_IAM"
            ),
            terraform: "resource \"aws_cloudformation_stack\" \"logs_analysis\" {\n  name = \
                        \"logs-analysis-harbour\"\n}\n"
                .into(),
            stackset: "aws cloudformation create-stack-set \\\n  --stack-set-name logs-analysis"
                .into(),
        }
    }

    fn entry(class: &'static str, what: &str, who: &str, note: &str) -> TimelineEntry {
        TimelineEntry {
            at: moment("22 Nov 2026, 10:31 UTC"),
            class,
            what: what.into(),
            who: who.into(),
            note: note.into(),
        }
    }

    fn details() -> Details {
        Details {
            email: "ops@harbour-books.example".into(),
            account: "1234 5678 9012".into(),
            load_balancers: vec![
                "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/50dc6c495c0c9188".into(),
                "us-east-1 all".into(),
            ],
            bucket: String::new(),
            retention: "365 days".into(),
            version: "0.1.0".into(),
            version_url: "/templates/logs-analysis-onboarding/0.1.0".into(),
            digest: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
            owner: "Rosa Lindqvist".into(),
            added: "20 November 2026, by Rosa Lindqvist".into(),
            notes: "Their security team answers on Thursdays.".into(),
        }
    }

    fn timeline() -> Vec<TimelineEntry> {
        vec![
            entry(
                "bad",
                "The stack in us-east-1 failed",
                "the stack",
                "Its bucket already sends a notice.",
            ),
            entry("", "Opened the link", "the customer", ""),
            entry("ok", "The first log arrived from eu-west-1", "the stack", ""),
            entry("", "Added the customer", "Rosa Lindqvist", "2 regions, link for 14 days"),
        ]
    }

    fn failed() -> Customer {
        let reply =
            Offer::Copy { label: "Copy the reply".into(), target: "reply-us-east-1".into() };
        let email = EmailText {
            to: "ops@harbour-books.example".into(),
            subject: "Connect your load balancer logs".into(),
            body: format!(
                "Hello,\n\nplease open this link as an administrator of account 1234 5678 9012:\n\n{LINK}\n"
            ),
            mailto: "mailto:ops@harbour-books.example?subject=Connect".into(),
        };
        let role = LaunchRole {
            region: "eu-west-1".into(),
            aws: region("eu-west-1", "").aws,
            cli: region("eu-west-1", "").cli,
        };
        Customer {
            frame: Frame::staff_sample("Harbour Books", "customers"),
            url: "/customers/7c9e".into(),
            tag: Tag::of_state("failed"),
            link_tag: None,
            next: NextStep {
                sentence: "The stack in us-east-1 failed 3 minutes ago: the bucket already has a notice for \
                           these files. Send the customer this reply."
                    .into(),
                offer: reply,
            },
            unpublished: None,
            update: Some(UpdateNotice {
                words: "Version 0.2.0 is out. The stack in eu-west-1 runs 0.1.0.".into(),
                diff_url: "/templates/logs-analysis-onboarding/diff?from=0.1.0&to=0.2.0".into(),
            }),
            link: Some(CustomerLink {
                url: LINK.into(),
                expiry: "Works until 6 December 2026, 13 days more".into(),
                opened: "Opened twice, last 3 minutes ago".into(),
            }),
            regions: vec![region("eu-west-1", "active"), region("us-east-1", "failed")],
            email: Some(email),
            launch_roles: vec![role],
            progress: samples::staff(),
            timeline: timeline(),
            timeline_more: Some("/audit?customer=7c9e".into()),
            details: details(),
            offboarded: false,
        }
    }

    fn revoked() -> Customer {
        Customer {
            link_tag: Some(Tag::of_link("revoked")),
            tag: Tag::of_state("sent"),
            next: NextStep {
                sentence: "The link is revoked. Make a new one when the customer needs it.".into(),
                offer: Offer::Open {
                    label: "Make a new link".into(),
                    url: "/customers/7c9e/rotate".into(),
                },
            },
            unpublished: None,
            update: None,
            link: None,
            email: None,
            launch_roles: vec![],
            progress: samples::not_started(),
            timeline_more: None,
            ..failed()
        }
    }

    fn viewer() -> Customer {
        let mut sample = Customer {
            next: NextStep {
                sentence: "Nothing to do: logs arrive.".into(),
                offer: Offer::Nothing,
            },
            tag: Tag::of_state("active"),
            regions: vec![],
            ..revoked()
        };
        sample.frame.staff = sample.frame.staff.map(|mut signed| {
            (signed.role, signed.can_edit, signed.is_admin) = ("viewer", false, false);
            signed
        });
        sample
    }

    fn hostile() -> Customer {
        let mut sample = failed();
        sample.frame.title = format!("{HOSTILE}{LONG}");
        sample.next.sentence = HOSTILE.into();
        sample.details.notes = format!("</textarea>{HOSTILE}");
        sample.details.load_balancers = vec![HOSTILE.into(), LONG.into()];
        sample.timeline = vec![entry("bad", HOSTILE, HOSTILE, LONG)];
        sample.regions[0].cli = HOSTILE.into();
        sample.email = sample.email.map(|mut email| {
            (email.subject, email.body) = (HOSTILE.into(), HOSTILE.into());
            email
        });
        sample
    }

    fn confirms() -> Vec<(&'static str, Confirm)> {
        let frame = |title| Frame::staff_sample(title, "customers");
        let url = "/customers/7c9e";
        let mut refused = Confirm::revoke(frame("Revoke the link?"), HOSTILE, url);
        refused.problem =
            Some("Nothing was changed: somebody else has just made a new link.".into());
        vec![
            ("customer-rotate", Confirm::rotate(frame("Make a new link?"), "Harbour Books", url)),
            ("customer-revoke-error", refused),
            (
                "customer-offboard",
                Confirm::offboard(frame("Offboard Harbour Books?"), "Harbour Books", url),
            ),
        ]
    }

    /// Every sample of this module, rendered.
    pub(crate) fn samples() -> Vec<(&'static str, String)> {
        let mut all = rendered(vec![
            ("customer", failed()),
            ("customer-revoked", revoked()),
            ("customer-offboarded", Customer { offboarded: true, ..viewer() }),
            ("customer-viewer", viewer()),
            ("customer-hostile", hostile()),
        ]);
        all.extend(rendered(confirms()));
        all
    }

    #[test]
    fn every_sample_is_sound() {
        assert_eq!(samples().len(), 8);
    }

    #[test]
    fn a_viewer_gets_no_link_and_no_way_to_take_one_away() {
        let html = viewer().render().expect("a page");
        for hidden in ["/c/X", "/rotate", "/revoke", "/offboard", "/notes", "/edit"] {
            assert!(!html.contains(hidden), "{hidden}");
        }
    }

    #[test]
    fn cancel_leads_back_to_the_customer() {
        let frame = Frame::staff_sample("Make a new link?", "customers");
        let page = Confirm::rotate(frame, "Harbour Books", "/customers/7c9e");
        assert_eq!(
            (page.cancel.as_str(), page.action.as_str()),
            ("/customers/7c9e", "/customers/7c9e/rotate")
        );
    }
}
