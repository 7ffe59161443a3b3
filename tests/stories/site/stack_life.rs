//! What both sides read on their pages while a stack lives: updates, deletes, rollbacks and failures,
//! each by the real handler.

use anyhow::Result;
use aws_sdk_s3::types::{
    Event, NotificationConfiguration, QueueConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use harness::{
    cloudformation::{Answer, Lab, Launch, Stack, fresh_account},
    customer::Clients,
    emulators::{self, Kind},
    site::{Site, Visitor},
};
use http::StatusCode;
use serde_json::{Value, json};
use templates::quick_create;

/// A customer on the site, and its account with the strict CloudFormation.
struct Story {
    lab: Lab,
    site: Site,
    staff: Visitor,
    id: String,
    page: String,
    token: String,
}

impl Story {
    async fn of(load_balancers: &str) -> Result<Self> {
        let lab = Lab::new().await?;
        lab.customer.application_load_balancer("web").await?;
        let site = Site::start(&[]).await?;
        let staff = site.admin().await?;
        let fields = [
            ("name", "Acme Stores"),
            ("email", "ops@acme.test"),
            ("account", lab.customer.account.as_str()),
            ("load_balancers", load_balancers),
        ];
        let id = staff.add_customer(&fields).await?;
        let page = staff.customer_page(&id).await?;
        let link = staff.links(&page).await?.remove(0);
        let parsed = quick_create::parse(&link)?;
        let token = parsed.parameters.into_iter().find(|(name, _)| name == "OnboardingToken");
        let token = token.map(|(_, token)| token).unwrap_or_default();
        Ok(Self { lab, site, staff, id, page, token })
    }

    fn launch(&self, load_balancers: &[&str]) -> Launch {
        let reports = format!("{}/reports", self.site.url);
        Launch::of(load_balancers).reporting(&reports, &self.token)
    }

    async fn create(&self, stack: &mut Stack, launch: &Launch) -> Result<Answer> {
        self.lab.create(stack, launch).await
    }

    /// What the customer and staff read now.
    async fn both(&self) -> Result<[String; 2]> {
        let customer = self.site.anyone().get(&self.page).await?;
        assert_eq!(customer.status, StatusCode::OK);
        let staff = self.staff.get(&format!("/customers/{}", self.id)).await?;
        assert_eq!(staff.status, StatusCode::OK);
        Ok([words(&customer.text), words(&staff.text)])
    }

    async fn both_read(&self, expected: &[&str]) -> Result<()> {
        for page in self.both().await? {
            for words in expected {
                assert!(page.contains(words), "'{words}' is not on the page: {page}");
            }
        }
        Ok(())
    }
}

/// The words of a page, without its tags.
fn words(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for letter in html.chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => text.push(letter),
            _ => {}
        }
    }
    let text = text.replace("&#39;", "'").replace("&#34;", "\"").replace("&#38;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn created_updated_and_deleted() -> Result<()> {
    let story = Story::of("eu-west-1 all").await?;
    let mut stack = story.lab.stack("logs-analysis-acme");
    story.create(&mut stack, &story.launch(&["all"])).await?;
    story.both_read(&["Connected. Logging is on", "Everything checked"]).await?;

    let arn = story.lab.customer.application_load_balancer("shop").await?;
    let answer = story.lab.update(&mut stack, &story.launch(&[&arn])).await?;
    assert!(!answer.failed(), "{}", answer.reason);
    story.both_read(&["Connected. Logging is on"]).await?;

    story.lab.delete(&stack).await?;
    story.both_read(&["The stack was deleted and everything was put back", "Removed"]).await?;
    let list = story.staff.get("/customers?state=removed").await?.text;
    assert!(list.contains("Acme Stores"));
    Ok(())
}

#[tokio::test]
async fn a_failed_update_is_rolled_back_and_both_read_why() -> Result<()> {
    let story = Story::of("eu-west-1 all").await?;
    let mut stack = story.lab.stack("logs-analysis-acme");
    story.create(&mut stack, &story.launch(&["all"])).await?;
    let elsewhere =
        "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/far/50dc6c495c0c9188";
    // The driver plays the rollback: an Update with the old properties.
    let answer = story.lab.update(&mut stack, &story.launch(&[elsewhere])).await?;
    assert!(answer.failed());
    story
        .both_read(&["Connected. The last change did not work", "AWS put back what was before"])
        .await?;
    story.both_read(&["is in region us-east-1"]).await
}

/// A failure: what is wrong, and the words that both sides read.
async fn failing(
    load_balancers: &[&str],
    bucket: &str,
    prepare: impl AsyncFn(&Lab) -> Result<()>,
    expected: &str,
) -> Result<()> {
    let story = Story::of("eu-west-1 all").await?;
    prepare(&story.lab).await?;
    let account = &story.lab.customer.account;
    let named: Vec<String> =
        load_balancers.iter().map(|one| one.replace("ACCOUNT", account)).collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    let launch = story.launch(&named).into_bucket(bucket);
    let mut stack = story.lab.stack("logs-analysis-acme");
    let answer = story.create(&mut stack, &launch).await?;
    assert!(answer.failed(), "it did not fail: {expected}");
    story.both_read(&[expected, "It did not work. What was begun has been put back"]).await?;
    let [_, staff] = story.both().await?;
    assert!(staff.contains("Hello Acme Stores"), "no reply for the customer: {staff}");
    let list = story.staff.get("/customers").await?.text;
    assert!(words(&list).contains("1 customer, 1 needs attention"), "{}", words(&list));
    Ok(())
}

const ARN: &str =
    "arn:aws:elasticloadbalancing:eu-west-1:ACCOUNT:loadbalancer/app/web/50dc6c495c0c9188";

async fn nothing(_: &Lab) -> Result<()> {
    Ok(())
}

#[tokio::test]
async fn a_load_balancer_of_another_region() -> Result<()> {
    let arn = ARN.replace("eu-west-1", "us-east-1");
    failing(&[&arn], "", nothing, "is in another region than the stack").await
}

#[tokio::test]
async fn a_load_balancer_of_another_account() -> Result<()> {
    let arn = ARN.replace("ACCOUNT", "999999999999");
    failing(&[&arn], "", nothing, "belongs to another AWS account than the stack").await
}

#[tokio::test]
async fn a_gateway_load_balancer() -> Result<()> {
    let arn = ARN.replace("/app/", "/gwy/");
    failing(&[&arn], "", nothing, "those write no access logs").await
}

#[tokio::test]
async fn a_classic_load_balancer() -> Result<()> {
    let arn = ARN.replace("app/web/50dc6c495c0c9188", "web");
    failing(&[&arn], "", nothing, "a classic load balancer, which this setup does not cover").await
}

#[tokio::test]
async fn what_is_no_load_balancer() -> Result<()> {
    failing(&["web"], "", nothing, "is not the complete ARN of a load balancer").await
}

#[tokio::test]
async fn a_load_balancer_that_is_gone() -> Result<()> {
    let arn = ARN.replace("web/50dc6c495c0c9188", "gone/00dc6c495c0c9188");
    failing(&[&arn], "", nothing, "does not exist in this account and region").await
}

#[tokio::test]
async fn a_bucket_that_does_not_exist() -> Result<()> {
    failing(&["all"], "nobody-has-this-bucket-1b2c", nothing, "The bucket does not exist").await
}

#[tokio::test]
async fn a_bucket_of_another_region() -> Result<()> {
    let bucket = format!("far-{}", fresh_account());
    let far = async |lab: &Lab| lab.customer.bucket_in(&bucket, "us-west-2").await;
    failing(&["all"], &bucket, far, "in another region than the load balancers").await
}

#[tokio::test]
async fn a_bucket_of_another_account() -> Result<()> {
    let bucket = format!("theirs-{}", fresh_account());
    let foreign = async |_: &Lab| {
        let kind = Kind::Ministack { auth: false };
        let port = emulators::shared(kind).port;
        let theirs = Clients::new(port, kind, &fresh_account(), "us-east-1").await?;
        theirs.s3.create_bucket().bucket(&bucket).send().await?;
        Ok(())
    };
    failing(&["all"], &bucket, foreign, "The bucket belongs to another AWS account").await
}

#[tokio::test]
async fn a_bucket_with_a_kms_key() -> Result<()> {
    let bucket = format!("kms-{}", fresh_account());
    let encrypted = async |lab: &Lab| {
        lab.customer.bucket(&bucket).await?;
        let by =
            ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::AwsKms);
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(by.build()?)
            .build();
        let all = ServerSideEncryptionConfiguration::builder().rules(rule).build()?;
        let request = lab.customer.aws.s3.put_bucket_encryption().bucket(&bucket);
        request.server_side_encryption_configuration(all).send().await?;
        Ok(())
    };
    failing(&["all"], &bucket, encrypted, "The bucket is encrypted with a KMS key").await
}

#[tokio::test]
async fn a_bucket_that_tells_somebody_else_of_new_logs() -> Result<()> {
    let bucket = format!("taken-{}", fresh_account());
    let taken = async |lab: &Lab| {
        lab.customer.bucket(&bucket).await?;
        let queue = format!("arn:aws:sqs:eu-west-1:{}:theirs", lab.customer.account);
        let rule = QueueConfiguration::builder().id("theirs").queue_arn(queue);
        let rule = rule.events(Event::S3ObjectCreated).build()?;
        let all = NotificationConfiguration::builder().queue_configurations(rule);
        lab.customer.set_notifications(&bucket, all.build()).await
    };
    failing(&["all"], &bucket, taken, "already sends a notice for these files to a queue").await
}

#[tokio::test]
async fn a_bucket_whose_policy_is_full() -> Result<()> {
    let bucket = format!("full-{}", fresh_account());
    let full = async |lab: &Lab| {
        lab.customer.bucket(&bucket).await?;
        let statement = |n: usize| {
            json!({"Sid": format!("Long{n}"), "Effect": "Deny", "Principal": "*", "Action": "s3:Put*",
                   "Resource": format!("arn:aws:s3:::{bucket}/{}/*", "x".repeat(400))})
        };
        let size = statement(10).to_string().len() + 1;
        let statements: Vec<Value> = (0..20_400 / size).map(statement).collect();
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        lab.customer.set_policy(&bucket, &policy).await
    };
    failing(&["all"], &bucket, full, "policy would become larger than S3 allows").await
}

#[tokio::test]
async fn a_stack_in_the_wrong_account_is_named_to_both() -> Result<()> {
    let story = Story::of("eu-west-1 all").await?;
    let other = Lab::new().await?;
    other.customer.application_load_balancer("web").await?;
    let mut stack = other.stack("logs-analysis-acme");
    other.create(&mut stack, &story.launch(&["all"])).await?;
    let account = &other.customer.account;
    let said = format!("The stack is in account {account}, the link is for");
    story.both_read(&[&said, "A stack was launched in the wrong place"]).await?;

    let mut right = story.lab.stack("logs-analysis-acme");
    story.create(&mut right, &story.launch(&["all"])).await?;
    story.both_read(&["Connected. Logging is on"]).await?;
    let audit = story.staff.get("/audit?action=refuse+report").await?.text;
    assert!(audit.contains(account.as_str()), "the refused report is not in the audit log");
    Ok(())
}

#[tokio::test]
async fn a_form_of_the_console_has_what_the_page_says() -> Result<()> {
    let story = Story::of("eu-west-1 all\nus-east-1 tag:Team=shop").await?;
    let links = story.staff.links(&story.page).await?;
    assert_eq!(links.len(), 2);
    let [customer, _] = story.both().await?;
    for link in links {
        let parsed = quick_create::parse(&link)?;
        assert!(customer.contains(&parsed.stack_name) && customer.contains(&parsed.template_url));
        for (_, value) in parsed.parameters {
            assert!(customer.contains(&value), "{value}");
        }
    }
    Ok(())
}
