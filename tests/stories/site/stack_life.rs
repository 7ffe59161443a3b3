//! What both sides read on their pages while a stack lives: updates, deletes, rollbacks and failures,
//! each by the real handler.

use anyhow::Result;
use harness::{
    cloudformation::{Answer, Lab, Launch, Stack},
    site::{Site, Visitor},
};
use http::StatusCode;
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
    failing(&[&arn], "", nothing, "region").await
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
