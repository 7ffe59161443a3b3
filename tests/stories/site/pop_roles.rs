//! The page of POP's roles: who has which policy, the launch, and the ARNs of a stack.

use anyhow::Result;
use harness::site::{Answered, Site};
use serde_json::Value;
use templates::{catalog::AWS_ROLES, digest::sha256, quick_create};

const PAGE: &str = "/templates/pop-roles";
const VPC: &str = "AWSLambdaVPCAccessExecutionRole";
const SQS: &str = "POP.SQSEditor";
const TABLES: &str = "POP.DynamoDBEditor";
const CALL: &str = "POP.LambdaLauncher";

/// Output, role, policies.
const ROLES: [(&str, &str, &[&str]); 6] = [
    ("UnifiedEndpointRole", "POP.UnifiedEndpoint.app", &[VPC, SQS, TABLES]),
    ("SchedulerRole", "POP.Scheduler.app", &[VPC, SQS, TABLES, CALL]),
    ("CallbackRole", "POP.Callback.trigger", &[VPC, TABLES]),
    ("ReclaimerRole", "POP.Reclaimer.app", &[VPC, TABLES]),
    ("ReaperRole", "POP.Reaper.app", &[VPC, TABLES]),
    ("AuthorizerRole", "POP.authorizer", &[VPC]),
];

/// Text of a page, as people read it.
fn plain(html: &str) -> String {
    let mut text = html.to_owned();
    for (entity, letter) in
        [("&#34;", "\""), ("&#38;", "&"), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">")]
    {
        text = text.replace(entity, letter);
    }
    text
}

fn arn(role: &str) -> String {
    format!("arn:aws:iam::111122223333:role/{role}")
}

/// As copied from the console.
fn copied() -> String {
    let line = |(output, role, _): &(&str, &str, &[&str])| {
        format!("{output}\t{}\tARN of the role\t-\n", arn(role))
    };
    ROLES.iter().map(line).collect()
}

/// What stands between two texts.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).map_or("", |(part, _)| part)
}

#[tokio::test]
async fn the_matrix_is_that_of_the_template() -> Result<()> {
    let site = Site::start(&[]).await?;
    let viewer = site.staff("viewer").await?;
    assert!(viewer.get("/templates").await?.text.contains(&format!("href=\"{PAGE}\"")));
    let Answered { status, text, .. } = viewer.get(PAGE).await?;
    assert_eq!(status, 200);
    let template: Value = serde_json::from_str(AWS_ROLES.body)?;
    for (output, role, policies) in ROLES {
        let row = between(&text, &format!("<th scope=\"row\" class=\"lead\">{role}<"), "</tr>");
        for policy in [VPC, SQS, TABLES, CALL] {
            let cell = between(row, &format!("data-label=\"{policy}\">"), "</td>");
            assert_eq!(cell.contains("Yes"), policies.contains(&policy), "{role} {policy}");
            assert_eq!(cell.contains("No<"), !policies.contains(&policy), "{role} {policy}");
        }
        // The texts can be read, as JSON.
        let trust = between(&text, &format!("<pre id=\"trust-{output}\""), "</pre>");
        let trust: Value =
            serde_json::from_str(plain(trust).split_once('>').map_or("", |at| at.1))?;
        let properties = &template["Resources"][output]["Properties"];
        assert_eq!(trust, properties["AssumeRolePolicyDocument"], "{role}");
        let shown = text.matches(&format!("<pre id=\"policy-{output}-")).count();
        assert_eq!(shown, policies.len() - 1, "{role}");
    }
    assert!(text.contains(&sha256(AWS_ROLES.body)));
    assert!(plain(&text).contains(AWS_ROLES.body.trim()));
    Ok(())
}

#[tokio::test]
async fn the_roles_are_launched_in_a_region_that_has_the_template() -> Result<()> {
    let arguments = ["--regions=eu-west-1,us-east-1", "--code-bucket-prefix=acme-code"];
    let site = Site::start(&arguments).await?;
    let viewer = site.staff("viewer").await?;
    let page = viewer.get(PAGE).await?.text;
    assert_eq!(page.matches("<option").count(), 2, "{page}");
    assert!(!page.contains("button launch"));
    let page = viewer.get(&format!("{PAGE}?region=us-east-1")).await?.text;
    let link = plain(between(between(&page, "button launch\"", ">"), "href=\"", "\""));
    let read = quick_create::parse(&link)?;
    let url = format!("https://acme-code-us-east-1.s3.us-east-1.amazonaws.com/{}", AWS_ROLES.key());
    assert_eq!((read.region.as_str(), read.template_url.as_str()), ("us-east-1", url.as_str()));
    assert_eq!((read.stack_name.as_str(), read.parameters.len()), ("pop-roles", 0));
    let cli = plain(between(&page, "<pre id=\"cli\"", "</pre>"));
    for words in [
        "aws cloudformation create-stack",
        "--region us-east-1",
        "--stack-name pop-roles",
        &format!("--template-url {url}"),
        "--capabilities CAPABILITY_NAMED_IAM",
    ] {
        assert!(cli.contains(words), "'{words}' is not in {cli}");
    }
    let other = viewer.get(&format!("{PAGE}?region=eu-north-1")).await?;
    assert_eq!(other.status, 422);
    assert!(
        other.text.contains("The template is not in eu-north-1. It is in eu-west-1, us-east-1.")
    );
    let none = viewer.get(&format!("{PAGE}?region=%3Cb%3E")).await?;
    assert_eq!(none.status, 422);
    assert!(none.text.contains("is not an AWS region") && !none.text.contains("<b>"));
    Ok(())
}

#[tokio::test]
async fn pasted_outputs_become_the_parameters_of_the_main_template() -> Result<()> {
    let site = Site::start(&[]).await?;
    let viewer = site.staff("viewer").await?;
    let page = viewer.post(PAGE, &[("outputs", &copied())]).await?;
    assert_eq!(page.status, 200);
    for (output, role, _) in ROLES {
        let code = format!("<code id=\"arn-{output}\">{}</code>", arn(role));
        assert!(page.text.contains(&code), "{output}");
        assert!(page.text.contains(&format!("data-copy=\"#arn-{output}\"")));
    }
    let json = plain(between(&page.text, "<pre id=\"parameters-json\"", "</pre>"));
    let json: Value = serde_json::from_str(json.split_once('>').map_or("", |at| at.1))?;
    for (at, (output, role, _)) in ROLES.iter().enumerate() {
        assert_eq!(json[at]["ParameterKey"], *output);
        assert_eq!(json[at]["ParameterValue"], arn(role));
    }
    // Nothing of it is kept.
    assert!(!viewer.get(PAGE).await?.text.contains("111122223333:role/POP"));
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_with_a_paste_is_said_and_its_text_is_only_text() -> Result<()> {
    let site = Site::start(&[]).await?;
    let viewer = site.staff("viewer").await?;
    let hostile = "\"><script>alert(1)</script>' onfocus='alert(2)</textarea><b>";
    let without = copied().replace("ReaperRole\t", "Other\t");
    for (pasted, told) in [
        (String::new(), "Paste the outputs of the stack."),
        (hostile.to_owned(), "None of the six outputs is there."),
        (format!("SchedulerRole={hostile}"), "which is no ARN of a role"),
        (without, "Not there: ReaperRole."),
        (copied().replacen("111122223333", "444455556666", 1), "The roles are in several accounts"),
        ("x".repeat(210_000), "This is too long"),
    ] {
        let page = viewer.post(PAGE, &[("outputs", &pasted)]).await?;
        assert_eq!(page.status, 422, "{told}");
        let summary = between(&page.text, "class=\"error-summary\"", "</ul>");
        assert!(summary.contains(told) && summary.contains("href=\"#outputs\""), "{summary}");
        for tag in ["<script>", "<b>", "onfocus='"] {
            assert!(!page.text.contains(tag), "{tag}");
        }
        assert!(!page.text.contains("id=\"arns-heading\""));
    }
    let page = viewer.post(PAGE, &[("outputs", hostile)]).await?.text;
    assert!(plain(between(&page, "<textarea", "</textarea>")).contains(hostile));
    Ok(())
}
