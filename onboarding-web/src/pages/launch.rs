//! What a customer opens: what will change, the launch buttons, progress, the other ways.

use askama::Template;

use super::{frame::Frame, progress::Progress};

/// `/c/{token}`.
#[derive(Debug, Template)]
#[template(path = "launch.html")]
pub struct LaunchPage {
    /// Without navigation.
    pub frame: Frame,
    /// Who asks, as the customer knows them.
    pub vendor: String,
    /// The e-mail address or the name of a support page.
    pub contact: String,
    /// `mailto:` or `https://`.
    pub contact_url: String,
    /// The customer.
    pub customer_name: String,
    /// The account, as `1234 5678 9012`.
    pub account_grouped: String,
    /// Until when the link works, such as "3 December 2026 (11 days)".
    pub expires: String,
    /// One section each; never empty.
    pub regions: Vec<LaunchRegion>,
    /// The template's version, pinned in the links.
    pub template_version: String,
    /// Its digest in hexadecimal.
    pub template_sha256: String,
    /// Where this site hands the template out.
    pub template_url_page: String,
    /// A sentence, if a newer version is published.
    pub newer: Option<String>,
    /// What the stack does, in plain words.
    pub changes: Changes,
    /// The page for the security team.
    pub permissions_url: String,
    /// The page that explains errors.
    pub explain_url: String,
    /// Live.
    pub progress: Progress,
    /// Something has happened already, so progress stands before the launching.
    pub progress_first: bool,
    /// For those who may not create roles.
    pub launch_role: LaunchRole,
    /// The customer is being taken off: the page says how to delete the stacks, and nothing else.
    pub offboarded: bool,
}

/// One region's button and its other ways.
#[derive(Debug, Clone)]
pub struct LaunchRegion {
    /// Such as `eu-west-1`; also part of ids.
    pub region: String,
    /// Names, or what picks them ("all", a tag).
    pub load_balancers: Vec<String>,
    /// The quick-create link.
    pub url: String,
    /// As the link fills it in.
    pub stack_name: String,
    /// The template's address that AWS shows.
    pub template_url: String,
    /// Label and value of each parameter that AWS shows; a blank value is said to be blank.
    pub parameters: Vec<(String, String)>,
    /// `aws cloudformation deploy` or the like.
    pub cli: String,
    /// A resource to paste.
    pub terraform: String,
    /// Commands for an organisation.
    pub stack_set: String,
    /// Commands that only look what the stack would change.
    pub preflight: String,
    /// How to delete the stack by command.
    pub delete_cli: String,
    /// The template lies where the links lead; no button otherwise.
    pub published: bool,
    /// The stack stands; no button then.
    pub connected: bool,
    /// The AWS CLI command that updates the stack, if what it is to do has changed since.
    pub update_cli: Option<String>,
}

/// Plain sentences for the table of changes; one of a kind stands alone, several become a list.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// What is new.
    pub created: Vec<String>,
    /// What is there and becomes different.
    pub changed: Vec<String>,
    /// What stays as it is.
    pub never: Vec<String>,
    /// Who pays what.
    pub cost: Vec<String>,
    /// What deleting the stack does, and what stays.
    pub undo: Vec<String>,
}

/// The stack that an administrator launches first where people may not create roles.
#[derive(Debug, Clone, Default)]
pub struct LaunchRole {
    /// The quick-create link.
    pub url: String,
    /// Where the link leads; the role itself is for all regions.
    pub region: String,
    /// What AWS shows, stack name and template URL among them.
    pub parameters: Vec<(String, String)>,
    /// The same by command.
    pub cli: String,
    /// With what the onboarding stack's name must begin.
    pub stack_name_prefix: String,
    /// By what the role is found in the list, `StackLaunchRole`.
    pub role_name_part: String,
    /// Where this site hands its template out.
    pub download_url: String,
    /// Its digest.
    pub sha256: String,
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;
    use crate::pages::progress::samples as progress;

    pub(crate) const SHA: &str = "9f2c1b7e4d0a865531c0ffee20260119a1b2c3d4e5f60718293a4b5c6d7e8f90";
    const CODE: &str = "https://northlight-log-analysis-code-eu-west-1.s3.eu-west-1.amazonaws.com";

    pub(crate) fn region(region: &str, load_balancers: &[&str]) -> LaunchRegion {
        let arn = format!(
            "arn:aws:elasticloadbalancing:{region}:123456789012:loadbalancer/app/shop/50dc6c495c0c9188"
        );
        let parameters = [
            ("Load balancers", arn.as_str()),
            ("Onboarding token (leave as the link filled it in)", "pX3vQ8y0T1uZ7wLr2mN5kA"),
            ("Existing bucket (leave blank if unsure)", ""),
            ("Days to keep logs in a new bucket", "365"),
        ];
        LaunchRegion {
            region: region.into(),
            load_balancers: load_balancers.iter().map(|&name| name.to_owned()).collect(),
            url: format!("https://{region}.console.aws.amazon.com/cloudformation/home?region={region}#/stacks/create/review?stackName=logs-analysis-acme&param_X=1"),
            stack_name: "logs-analysis-acme".into(),
            template_url: format!("{CODE}/logs-analysis/0.1.0/logs-analysis-onboarding.yaml"),
            parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            cli: format!("aws cloudformation create-stack --region {region} \\\n  --stack-name logs-analysis-acme \\\n  --template-url {CODE}/logs-analysis/0.1.0/logs-analysis-onboarding.yaml \\\n  --capabilities CAPABILITY_IAM"),
            terraform: "resource \"aws_cloudformation_stack\" \"logs_analysis\" {\n  name = \"logs-analysis-acme\"\n}".into(),
            stack_set: "aws cloudformation create-stack-set …".into(),
            preflight: format!("aws s3 cp s3://northlight-log-analysis-code-eu-west-1/logs-analysis/0.1.0/preflight.zip preflight.zip && unzip -oq preflight.zip\n./preflight --load-balancers {arn}"),
            delete_cli: format!("aws cloudformation delete-stack --region {region} --stack-name logs-analysis-acme"),
            published: true,
            connected: false,
            update_cli: None,
        }
    }

    fn changes() -> Changes {
        let lines = |words: &[&str]| words.iter().map(|&line| line.to_owned()).collect();
        Changes {
            created: lines(&[
                "An S3 bucket for the logs, if your load balancers have none yet. Private, encrypted, logs kept for 365 days.",
                "An SNS topic that tells us about each new log.",
                "A Lambda function with its IAM role and log group. It runs only when the stack is created, updated or deleted.",
            ]),
            changed: lines(&[
                "Logging is turned on for the load balancers of each region.",
                "The bucket’s policy lets AWS write logs and lets us read them.",
            ]),
            never: lines(&[
                "Your traffic, listeners and certificates. Other buckets. Existing rules, tags and notices.",
            ]),
            cost: lines(&[
                "S3 storage of the logs, at AWS’s usual price. The rest is next to nothing.",
            ]),
            undo: lines(&[
                "Delete the stack. It puts everything back as it was. Logs stay, and so does a bucket that holds any.",
            ]),
        }
    }

    fn launch_role() -> LaunchRole {
        LaunchRole {
            url: "https://eu-west-1.console.aws.amazon.com/cloudformation/home?region=eu-west-1#/stacks/create/review?stackName=logs-analysis-launch-role".into(),
            region: "eu-west-1".into(),
            parameters: vec![
                ("Template URL".into(), format!("{CODE}/logs-analysis/0.1.0/stack-launch-role.yaml")),
                ("Beginning of the onboarding stack's name".into(), "logs-analysis".into()),
            ],
            cli: "aws cloudformation create-stack --region eu-west-1 --stack-name stack-launch-role --capabilities CAPABILITY_IAM".into(),
            stack_name_prefix: "logs-analysis".into(),
            role_name_part: "StackLaunchRole".into(),
            download_url: "/c/token/launch-role.yaml".into(),
            sha256: SHA.into(),
        }
    }

    pub(crate) fn page() -> LaunchPage {
        LaunchPage {
            frame: Frame::sample("Connect your load balancer logs"),
            vendor: "Northlight Analytics".into(),
            contact: "onboarding@northlight.example".into(),
            contact_url: "mailto:onboarding@northlight.example".into(),
            customer_name: "Acme Bank".into(),
            account_grouped: "1234 5678 9012".into(),
            expires: "3 December 2026 (11 days)".into(),
            regions: vec![region("eu-west-1", &["shop", "shop-internal"])],
            template_version: "0.1.0".into(),
            template_sha256: SHA.into(),
            template_url_page: "/c/token/template".into(),
            newer: None,
            changes: changes(),
            permissions_url: "/c/token/permissions".into(),
            explain_url: "/c/token/explain".into(),
            progress: progress::not_started(),
            progress_first: false,
            launch_role: launch_role(),
            offboarded: false,
        }
    }

    /// A region in which the template does not lie.
    pub(crate) fn unpublished() -> LaunchPage {
        let there = region("eu-west-1", &["shop"]);
        let missing = LaunchRegion { published: false, ..region("eu-west-3", &["shop-paris"]) };
        LaunchPage { regions: vec![there, missing], ..page() }
    }

    /// Three regions in three states, one of them connected.
    pub(crate) fn busy() -> LaunchPage {
        let connected = LaunchRegion { connected: true, ..region("ap-southeast-2", &["edge"]) };
        LaunchPage {
            regions: vec![region("eu-west-1", &["shop"]), region("us-east-1", &["all"]), connected],
            newer: Some("Version 0.2.0 is published. Ask us for a new link if you want it.".into()),
            progress: progress::mixed(),
            progress_first: true,
            ..page()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_to_do_without_a_script() {
        let html = samples::page().render().expect("renders");
        for words in [
            "Launch stack in AWS (eu-west-1)",
            "Opens AWS in a new tab",
            "I acknowledge that AWS CloudFormation might create IAM resources",
            "StackLaunchRole",
            "Check again",
            "left blank",
            "Check first, change nothing",
            "./preflight --load-balancers",
        ] {
            assert!(html.contains(words), "{words} is missing");
        }
    }

    #[test]
    fn nothing_stands_inline_and_a_hostile_name_is_text() {
        let customer_name = "<script>alert(1)</script>\" onclick=\"x".to_owned();
        let html = LaunchPage { customer_name, ..samples::page() }.render().expect("renders");
        assert!(!html.contains("<script>") && !html.contains(" style="));
        assert_eq!(html.matches("<script").count(), 1);
    }

    #[test]
    fn a_region_without_the_template_has_no_button_and_no_other_way() {
        let html = samples::unpublished().render().expect("renders");
        assert_eq!(html.matches("class=\"button launch\"").count(), 1);
        assert!(html.contains("has not published version 0.1.0 in eu-west-3 yet"), "{html}");
        for way in ["cli", "terraform", "stack-set", "preflight"] {
            assert!(html.contains(&format!("\"{way}-eu-west-1\"")), "{way}");
            assert!(!html.contains(&format!("\"{way}-eu-west-3\"")), "{way}");
        }
    }

    #[test]
    fn a_connected_region_has_no_button() {
        let html = samples::busy().render().expect("renders");
        assert_eq!(html.matches("class=\"button launch\"").count(), 2);
        let at = |words: &str| html.find(words).expect("is there");
        assert!(
            at("id=\"progress\"") < at("id=\"launch\""),
            "progress comes first once there is any"
        );
    }
}
