//! A day's work of staff, in a browser: keys, copying, forms that were filled in wrong, links, lists of
//! customers, templates, the audit log, settings; and what customers see of it.

use anyhow::{Context, Result, ensure};
use harness::{
    browser::{Browser, Look, Page},
    site::{PASSWORD, Site, Visitor},
};
use onboarding_web::clock::Clock;
use templates::{quick_create, report::Step};
use tokio::sync::Mutex;

use super::pages::{
    seeded::{End, NEWEST, OLDER, Person, add, reports, with_two_versions},
    tab,
};

/// All tabs share one clipboard.
static CLIPBOARD: Mutex<()> = Mutex::const_new(());

const CONTACT: (&str, &str) = ("email", "cloud-team@customer.example");
const ONE_REGION: (&str, &str) = ("load_balancers", "eu-west-1 all");

/// An admin before a browser.
struct Desk {
    site: Site,
    browser: Browser,
    admin: Visitor,
    page: Page,
}

impl Desk {
    async fn new() -> Result<Self> {
        let (site, browser) = (with_two_versions().await?, Browser::start().await?);
        let admin = site.admin().await?;
        let page = tab(&browser, Look::default(), &site.url, &admin).await?;
        Ok(Self { site, browser, admin, page })
    }

    async fn open(&self, path: &str) -> Result<()> {
        let status = self.page.goto(&format!("{}{path}", self.site.url)).await?;
        ensure!(status == 200, "{path}: {status}");
        Ok(())
    }

    async fn customer(&self, name: &str) -> Result<Person> {
        add(&self.admin, &[("name", name), CONTACT, ONE_REGION]).await
    }

    /// The page of a customer, as that customer sees it.
    async fn visit(&self, person: &Person) -> Result<Page> {
        let page = self.browser.page(Look::default()).await?;
        let status = page.goto(&format!("{}{}", self.site.url, person.page)).await?;
        ensure!(status == 200, "{status}");
        Ok(page)
    }

    /// What went wrong in the browser.
    async fn leave(self) -> Result<()> {
        let problems = self.page.problems().await?;
        ensure!(problems.is_empty(), "{problems:?}");
        Ok(())
    }
}

async fn focused(page: &Page) -> Result<String> {
    page.evaluate("(({ id, textContent }) => id || textContent.trim())(document.activeElement)")
        .await
}

async fn at(page: &Page, path: &str) -> Result<()> {
    let url = page.url().await?;
    ensure!(url.ends_with(path), "at {url}, not {path}");
    Ok(())
}

/// Waits longer than the browser does.
async fn sees_by_and_by(page: &Page, words: &str) -> Result<()> {
    match page.sees(words).await {
        Ok(()) => Ok(()),
        Err(_) => page.sees(words).await,
    }
}

/// Presses a copy button; what is on the clipboard then.
async fn copied(page: &Page, button: &str) -> Result<String> {
    page.click(button).await?;
    page.has(&format!("{button}.done")).await.with_context(|| format!("{button} says nothing"))?;
    page.clipboard().await
}

#[tokio::test]
async fn the_list_is_worked_through_with_keys() -> Result<()> {
    let _alone = CLIPBOARD.lock().await;
    let desk = Desk::new().await?;
    for name in ["Alpha", "Beta", "Gamma"] {
        desk.customer(name).await?;
    }
    let page = &desk.page;
    desk.open("/customers?sort=name").await?;
    page.press("/").await?;
    assert_eq!(focused(page).await?, "q");
    page.press("/").await?;
    page.press("n").await?;
    assert_eq!(page.value("#q").await?, "/n", "keys are letters within a field");

    desk.open("/customers?sort=name").await?;
    for (key, expected) in
        [("j", "Alpha"), ("j", "Beta"), ("j", "Gamma"), ("j", "Gamma"), ("k", "Beta")]
    {
        page.press(key).await?;
        assert_eq!(focused(page).await?, expected, "after {key}");
    }
    page.press("c").await?;
    page.sees("Link copied").await?;
    let link = page.clipboard().await?;
    let shown = page.attribute("tr:has-text('Beta')", "data-row").await?;
    assert_eq!(Some(link.clone()), shown);
    assert_eq!(desk.site.anyone().get(link.trim_start_matches(&desk.site.url)).await?.status, 200);
    page.press("Enter").await?;
    page.sees("Next step").await?;
    assert_eq!(page.text_of("h1").await?, "Beta");
    page.back().await?;
    page.press("n").await?;
    page.sees("Add a customer").await?;
    at(page, "/customers/new").await?;
    desk.leave().await
}

#[tokio::test]
async fn keys_are_listed_and_can_be_turned_off() -> Result<()> {
    let desk = Desk::new().await?;
    desk.customer("Alpha").await?;
    let page = &desk.page;
    desk.open("/customers").await?;
    page.press("?").await?;
    page.has("dialog[open]").await?;
    let listed = page.text_of("dialog").await?;
    for words in ["Search", "Add a customer", "Next row", "Row before", "Open the row", "Copy"] {
        assert!(listed.contains(words), "{words}: {listed}");
    }
    assert_eq!(page.axe().await?, vec![], "the list of keys");
    page.press("Escape").await?;
    assert_eq!(page.count("dialog[open]").await?, 0);

    desk.open("/settings").await?;
    page.check("#own-heading ~ form [name=shortcuts]", false).await?;
    page.click("form[action$=preferences] button").await?;
    page.sees("Your settings were saved").await?;
    desk.open("/customers").await?;
    for key in ["/", "j", "n", "?"] {
        page.press(key).await?;
    }
    at(page, "/customers").await?;
    assert_eq!(page.count("dialog[open]").await?, 0);
    assert!(page.evaluate::<bool>("document.activeElement === document.body").await?);
    desk.leave().await
}

#[tokio::test]
async fn every_copy_button_of_a_customer_fills_the_clipboard() -> Result<()> {
    let _alone = CLIPBOARD.lock().await;
    let desk = Desk::new().await?;
    let person = desk.customer("Acme Stores").await?;
    let page = &desk.page;
    desk.open(&format!("/customers/{}", person.id)).await?;
    let link = format!("{}{}", desk.site.url, person.page);
    let token = &person.tokens[0].1;
    for (button, expected) in [
        ("[data-copy='#page-link']", vec![link.as_str()]),
        ("[data-copy='#email-to']", vec!["cloud-team@customer.example"]),
        ("[data-copy='#email-subject']", vec!["Connect your load balancer logs to Northlight"]),
        (".panel.next [data-copy='#email-body']", vec!["Hello Acme Stores", &link, "eu-west-1"]),
        (".panel:not(.next) [data-copy='#email-body']", vec!["Hello Acme Stores", &link]),
        ("p [data-copy='#aws-eu-west-1']", vec!["https://eu-west-1.console.aws.amazon.com", token]),
        ("p [data-copy='#cli-eu-west-1']", vec!["aws cloudformation create-stack", token]),
        ("p [data-copy='#terraform-eu-west-1']", vec!["aws_cloudformation_stack", token]),
        ("p [data-copy='#stackset-eu-west-1']", vec!["create-stack-set"]),
        ("p [data-copy='#role-aws-eu-west-1']", vec!["stack-launch-role"]),
        ("p [data-copy='#role-cli-eu-west-1']", vec!["aws cloudformation create-stack"]),
        ("[data-copy='#account']", vec![&person.account]),
    ] {
        let text = copied(page, button).await?;
        for words in expected {
            assert!(text.contains(words), "{button} copies: {text}");
        }
        page.sees("Copied").await?;
    }
    let aws = copied(page, "p [data-copy='#aws-eu-west-1']").await?;
    assert_eq!(quick_create::parse(&aws)?.region, "eu-west-1");
    let stack_set = copied(page, "p [data-copy='#stackset-eu-west-1']").await?;
    assert!(
        !stack_set.contains(token.as_str()),
        "stacks of other accounts have no business with it"
    );

    // A browser that does not let scripts at the clipboard.
    page.evaluate::<()>("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
        .await
        .ok();
    assert_eq!(copied(page, "[data-copy='#page-link']").await?, link);
    desk.leave().await
}

#[tokio::test]
async fn every_copy_button_of_the_customers_page_fills_the_clipboard() -> Result<()> {
    let _alone = CLIPBOARD.lock().await;
    let desk = Desk::new().await?;
    let person = desk.customer("Acme Stores").await?;
    let page = desk.visit(&person).await?;
    page.click("summary:has-text('Create the launch role')").await?;
    let token = &person.tokens[0].1;
    for (summary, button, expected) in [
        ("AWS CLI", "#cli-eu-west-1", vec!["aws cloudformation create-stack", token]),
        ("Terraform", "#terraform-eu-west-1", vec!["aws_cloudformation_stack", token]),
        ("StackSet", "#stack-set-eu-west-1", vec!["create-stack-set"]),
        ("Delete the stack again", "#delete-eu-west-1", vec!["delete-stack", "eu-west-1"]),
        ("", "#launch-role-cli", vec!["create-stack", "stack-launch-role"]),
        ("", "#template-sha256", vec![]),
    ] {
        if !summary.is_empty() {
            page.click(&format!("#other ~ details > summary:has-text('{summary}')")).await?;
        }
        let text = copied(&page, &format!("[data-copy='{button}']")).await?;
        assert_eq!(
            text,
            page.evaluate::<String>(&format!("document.querySelector('{button}').textContent"))
                .await?
        );
        for words in expected {
            assert!(text.contains(words), "{button} copies: {text}");
        }
    }
    let template = desk.site.anyone().get(&format!("{}/template.yaml", person.page)).await?.text;
    assert_eq!(page.clipboard().await?, templates::digest::sha256(&template));
    desk.leave().await
}

#[tokio::test]
async fn a_form_that_was_filled_in_wrong_says_where_and_keeps_what_was_typed() -> Result<()> {
    let desk = Desk::new().await?;
    let page = &desk.page;
    desk.open("/customers/new").await?;
    let typed = [
        ("#name", "Acme <b>Stores</b>"),
        ("#email", "nobody"),
        ("#account", "1234"),
        ("#load_balancers", "eu-west-1 all\nnonsense"),
        ("#notes", "\nA first line that is blank"),
    ];
    page.click("summary:has-text('Options')").await?;
    for (field, text) in typed {
        page.fill(field, text).await?;
    }
    page.sees("1 can be used, 1 cannot").await?;
    page.click_button("Add customer and make links").await?;
    page.sees("There is a problem").await?;
    assert_eq!(page.status().await?, 422);
    assert!(page.title().await?.starts_with("Error: "));
    let focus = "document.activeElement.matches('.error-summary')";
    assert!(page.evaluate::<bool>(focus).await?, "the summary is not what is read first");
    for (field, text) in typed {
        assert_eq!(page.value(field).await?, text, "{field}");
    }
    for field in ["email", "account", "load_balancers"] {
        let link = format!(".error-summary a[href='#{field}']");
        let words = page.text_of(&link).await?;
        page.click(&link).await?;
        assert_eq!(focused(page).await?, field);
        let beside = page.text_of(&format!("#{field}-error")).await?;
        assert_eq!(beside, format!("Error: {words}"));
        let said = page.attribute(&format!("#{field}"), "aria-describedby").await?;
        assert!(said.is_some_and(|said| said.contains(&format!("{field}-error"))));
    }
    assert_eq!(page.count("#name-error").await?, 0, "a name may be any text");

    page.fill("#email", "ops@acme.test").await?;
    page.fill("#account", "1111-2222-3333").await?;
    page.fill("#load_balancers", "eu-west-1 all").await?;
    page.sees("AWS account 1111 2222 3333").await?;
    page.click_button("Add customer and make links").await?;
    page.sees("The customer was added and the link is ready").await?;
    assert_eq!(page.text_of("h1").await?, "Acme <b>Stores</b>");
    desk.leave().await
}

#[tokio::test]
async fn load_balancers_are_read_while_they_are_typed() -> Result<()> {
    let desk = Desk::new().await?;
    let page = &desk.page;
    desk.open("/customers/new").await?;
    let arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer";
    let lines = [
        format!("{arn}/app/web/50dc6c495c0c9188"),
        format!("{arn}/net/mail/60dc6c495c0c9188"),
        format!("{arn}/classic"),
        format!("{arn}/app/web/50dc6c495c0c9188"),
        "us-east-1 tag:Team=shop".to_owned(),
        "atlantis-1 all".to_owned(),
    ];
    page.fill("#load_balancers", &lines.join("\n")).await?;
    page.sees("Team=shop").await?;
    let rows = page.text_of("#preview").await?;
    for words in ["web", "Application", "mail", "Network", "us-east-1", "By tag", "Problem"] {
        assert!(rows.contains(words), "{words}: {rows}");
    }
    page.fill("#account", "999999999999").await?;
    page.fill("#load_balancers", &lines[0]).await?;
    page.sees("0 can be used, 1 cannot").await?;
    page.fill("#account", "111122223333").await?;
    page.fill("#load_balancers", &format!("{}\n", lines[0])).await?;
    page.sees("1 load balancer in 1 region").await?;
    assert_eq!(page.axe().await?, vec![]);
    desk.leave().await
}

#[tokio::test]
async fn what_is_changed_goes_into_the_customers_links_at_once() -> Result<()> {
    let desk = Desk::new().await?;
    let person = desk.customer("Acme Stores").await?;
    let (page, theirs) = (&desk.page, desk.visit(&person).await?);
    desk.open(&format!("/customers/{}", person.id)).await?;
    page.click_link("Change").await?;
    page.fill("#name", "Acme & Daughters").await?;
    page.fill("#load_balancers", "eu-central-1 tag:Team=Shop").await?;
    page.fill("#retention_days", "30").await?;
    page.select("#template_version", OLDER).await?;
    page.click_button("Save changes").await?;
    page.sees("The changes were saved").await?;
    theirs.reload().await?;
    let seen = theirs.text().await?;
    for words in ["Acme & Daughters", "eu-central-1", "every load balancer with the tag Team=Shop"]
    {
        assert!(seen.contains(words), "{words}: {seen}");
    }
    let link = theirs.attribute("a.launch", "href").await?.context("no link")?;
    let parsed = quick_create::parse(&link)?;
    assert!(parsed.template_url.contains(OLDER), "{link}");
    let days = parsed.parameters.iter().find(|(name, _)| name == "LogRetentionDays");
    assert_eq!(days.map(|(_, days)| days.as_str()), Some("30"));
    // The newer version is offered to staff.
    page.sees(&format!("Template {NEWEST} is there")).await?;
    page.click_link("What changed").await?;
    page.sees("may now also use s3:GetBucketTagging").await?;
    desk.leave().await
}

#[tokio::test]
async fn a_stack_that_runs_is_told_how_to_come_to_a_newer_template() -> Result<()> {
    let _alone = CLIPBOARD.lock().await;
    let desk = Desk::new().await?;
    let fields = [("name", "Acme"), CONTACT, ONE_REGION, ("template_version", OLDER)];
    let person = add(&desk.admin, &fields).await?;
    tell(&desk.admin, &person, "Create", 1, End::Succeeded).await?;
    let (page, theirs) = (&desk.page, desk.visit(&person).await?);
    theirs.sees("This region is connected").await?;
    desk.open(&format!("/customers/{}", person.id)).await?;
    page.sees(&format!("Template {NEWEST} is there")).await?;
    page.click_link("Change").await?;
    page.select("#template_version", NEWEST).await?;
    page.click_button("Save changes").await?;
    page.sees("The changes were saved").await?;
    theirs.reload().await?;
    theirs.sees("What is to be analysed has changed since you launched the stack").await?;
    let update = copied(&theirs, "[data-copy='#update-eu-west-1']").await?;
    for words in ["aws cloudformation update-stack", &person.tokens[0].1, NEWEST] {
        assert!(update.contains(words), "{words}: {update}");
    }
    assert_eq!(theirs.axe().await?, vec![]);
    desk.leave().await
}

#[tokio::test]
async fn a_link_is_replaced_revoked_and_replaced_again() -> Result<()> {
    let desk = Desk::new().await?;
    let mut person = desk.customer("Acme Stores").await?;
    let page = &desk.page;
    let own = format!("/customers/{}", person.id);
    desk.open(&own).await?;
    page.click_link("Make a new link…").await?;
    page.sees("What happens").await?;
    page.sees("Who notices").await?;
    page.click_link("Cancel").await?;
    assert_eq!(desk.admin.customer_page(&person.id).await?, person.page, "nothing was confirmed");

    let theirs = desk.visit(&person).await?;
    theirs.sees("Live").await?;
    page.click_link("Make a new link…").await?;
    page.click("main form button").await?;
    page.sees("There is a new link. The old one does not work any more").await?;
    theirs.sees("Not updated any more").await?;
    theirs.reload().await?;
    theirs.sees("This link does not work any more").await?;
    person.page = desk.admin.customer_page(&person.id).await?;
    desk.visit(&person).await?.sees("Connect your load balancer logs").await?;

    page.click_link("Revoke…").await?;
    page.click("main form button").await?;
    page.sees("The link was revoked").await?;
    page.sees("There is no link that works").await?;
    page.sees("Link revoked").await?;
    assert_eq!(desk.site.anyone().get(&person.page).await?.status, 404);
    desk.open(&format!("{own}/rotate")).await?;
    page.click("main form button").await?;
    person.page = desk.admin.customer_page(&person.id).await?;
    desk.visit(&person).await?.sees("Connect your load balancer logs").await?;
    desk.leave().await
}

#[tokio::test]
async fn an_offboarded_customer_reads_how_to_delete_the_stack() -> Result<()> {
    let desk = Desk::new().await?;
    let person = desk.customer("Acme Stores").await?;
    tell(&desk.admin, &person, "Create", 1, End::Succeeded).await?;
    let (page, theirs) = (&desk.page, desk.visit(&person).await?);
    theirs.sees("This region is connected").await?;
    desk.open(&format!("/customers/{}", person.id)).await?;
    page.click_link("Offboard…").await?;
    page.sees("What stays").await?;
    page.click("main form button").await?;
    page.sees("Offboarding has begun").await?;
    theirs.reload().await?;
    theirs.sees("Disconnect your load balancer logs").await?;
    theirs.sees("aws cloudformation delete-stack").await?;
    assert_eq!(theirs.count("a.launch").await?, 0, "nothing is to be launched any more");
    tell(&desk.admin, &person, "Delete", 2, End::Succeeded).await?;
    theirs.sees("The stack was deleted and everything was put back").await?;
    page.sees("The stack was deleted and everything was put back").await?;
    desk.leave().await
}

/// Sends what a stack reports of the first, the second… request of its life, as far as it is by now.
async fn tell(
    admin: &Visitor,
    person: &Person,
    kind: &str,
    begun: u64,
    end: End<'_>,
) -> Result<()> {
    let begun = u64::try_from(Clock::system().now())? + begun;
    for report in reports(person, 0, kind, (begun, kind), end) {
        let body = serde_json::to_string(&report)?;
        let answer = admin.report(&person.tokens[0].1, &body).await?;
        ensure!(answer.status == 204, "{}", answer.text);
    }
    Ok(())
}

#[tokio::test]
async fn a_failure_comes_with_a_reply_that_can_be_sent() -> Result<()> {
    let _alone = CLIPBOARD.lock().await;
    let desk = Desk::new().await?;
    let person = desk.customer("Acme Stores").await?;
    let (page, theirs) = (&desk.page, desk.visit(&person).await?);
    desk.open(&format!("/customers/{}", person.id)).await?;
    page.sees("Live").await?;
    tell(&desk.admin, &person, "Create", 1, End::At(Step::Bucket)).await?;
    for one in [page, &theirs] {
        one.sees("The stack is being created").await?;
        one.has(".steps .running").await?;
    }
    let said = "Bucket acme-logs is encrypted with a KMS key";
    tell(&desk.admin, &person, "Create", 1, End::Failed(said)).await?;
    theirs.sees("The bucket is encrypted with a KMS key").await?;
    page.sees("Reply to the customer").await?;
    page.reload().await?;
    page.sees("The stack failed. Send the customer the reply").await?;
    page.click_button("Copy the reply").await?;
    page.sees("Copied").await?;
    let reply = page.clipboard().await?;
    for words in ["Hello Acme Stores", "SSE-S3", "bucket-kms", "Northlight Analytics"] {
        assert!(reply.contains(words), "{words}: {reply}");
    }
    let answer = desk.site.anyone().get(&format!("{}/progress", person.page)).await?.text;
    assert!(!answer.contains("Reply to the customer"), "that is for staff");
    assert_eq!(theirs.axe().await?, vec![]);
    desk.leave().await
}

#[tokio::test]
async fn notes_are_kept_for_staff_and_shown_to_nobody_else() -> Result<()> {
    let desk = Desk::new().await?;
    let person = desk.customer("Acme Stores").await?;
    let page = &desk.page;
    let note = "Rang on Monday.\n</textarea><script>window.owned = 1</script>";
    desk.open(&format!("/customers/{}", person.id)).await?;
    page.fill("Notes", note).await?;
    page.click_button("Save notes").await?;
    page.sees("The notes were saved").await?;
    assert_eq!(page.value("Notes").await?, note);
    let viewer = desk.site.staff("viewer").await?;
    let theirs = tab(&desk.browser, Look::default(), &desk.site.url, &viewer).await?;
    theirs.goto(&page.url().await?).await?;
    theirs.sees("Rang on Monday.").await?;
    assert_eq!(theirs.count("textarea, form[action$=notes]").await?, 0, "viewers change nothing");
    let customer = desk.site.anyone().get(&person.page).await?.text;
    assert!(!customer.contains("Rang on Monday"), "the customer reads what staff think");
    assert_eq!(page.evaluate::<Option<u8>>("window.owned ?? null").await?, None);
    desk.leave().await
}

#[tokio::test]
async fn the_sample_of_an_import_goes_in_as_it_is() -> Result<()> {
    let desk = Desk::new().await?;
    let page = &desk.page;
    desk.open("/customers/import").await?;
    let sample = page.download("link", "Download the sample file").await?;
    assert_eq!(sample.name, "sample.csv");
    page.upload("CSV file", &sample.name, &sample.text).await?;
    page.click_button("Check the file").await?;
    page.sees("3 rows can be added").await?;
    assert_eq!(desk.admin.get("/customers").await?.text.matches("<tr data-row").count(), 0);
    page.click_button("Add 3 customers").await?;
    page.sees("3 customers added").await?;
    let links = page.download("link", "Download the links").await?;
    assert_eq!(links.text.lines().count(), 4, "{}", links.text);
    for line in links.text.lines().skip(1) {
        let link = line.split(',').find(|cell| cell.contains("/c/")).context("no link")?;
        let path = link.trim_matches('"').trim_start_matches(&desk.site.url);
        assert_eq!(desk.site.anyone().get(path).await?.status, 200, "{line}");
    }
    page.click_link("See the customers").await?;
    page.sees("3 customers").await?;
    page.sees("Beispiel GmbH").await?;
    desk.leave().await
}

#[tokio::test]
async fn of_an_import_with_bad_rows_the_good_ones_can_be_added() -> Result<()> {
    let desk = Desk::new().await?;
    let person = desk.customer("Acme Stores").await?;
    let page = &desk.page;
    let file = format!(
        "name,email,account,load_balancers\n\
         Good,it@good.example,900000000001,eu-west-1 all\n\
         Bad <b>,nobody,12,eu-west-1 all\n\
         Taken,it@taken.example,{},eu-west-1 all\n",
        person.account
    );
    desk.open("/customers/import").await?;
    page.click_button("Check the file").await?;
    page.sees("Choose a CSV file").await?;
    page.upload("CSV file", "many.csv", &file).await?;
    page.click_button("Check the file").await?;
    for words in ["1 row can be added", "2 rows cannot be added", "belongs to the customer 'Acme"] {
        page.sees(words).await?;
    }
    let errors = page.download("link", "Download all errors as CSV").await?;
    for (row, column) in [("3", "email"), ("3", "account"), ("4", "account")] {
        let found =
            errors.text.lines().any(|line| line.starts_with(&format!("\"{row}\",\"{column}\",")));
        assert!(found, "{row} {column}: {}", errors.text);
    }
    page.click_button("Add only the 1 good row").await?;
    page.sees("1 customer added").await?;
    page.sees("2 rows left out").await?;
    let text = desk.admin.get("/customers").await?.text;
    assert!(text.contains("Good") && !text.contains("Taken") && !text.contains("Bad &#60;b"));
    // A second press of the same button adds nobody twice.
    page.reload().await?;
    page.sees("1 customer added").await?;
    desk.leave().await
}

#[tokio::test]
async fn a_diff_of_two_templates_says_in_words_what_changed() -> Result<()> {
    let desk = Desk::new().await?;
    let page = &desk.page;
    desk.open("/templates").await?;
    page.click_link(&format!("View Onboarding stack {OLDER}")).await?;
    page.sees("What it may do").await?;
    assert!(!page.text_of("main").await?.contains("s3:GetBucketTagging"));
    let raw = page.attribute("a:has-text('Raw text')", "href").await?.context("no raw text")?;
    let raw = desk.admin.get(&raw).await?.text;
    assert_eq!(page.text_of("#digest").await?, templates::digest::sha256(&raw));
    assert_eq!(page.count(".source tr[id]").await?, raw.lines().count());

    desk.open("/templates").await?;
    let compare = "form[aria-label='Compare versions of Onboarding stack']";
    page.select(&format!("css={compare} [name=from]"), OLDER).await?;
    page.select(&format!("css={compare} [name=to]"), NEWEST).await?;
    page.click(&format!("{compare} button")).await?;
    page.sees("Added Execution role DTLogsAnalysisLambdaExecutionRole: may now also use s3:GetBucketTagging")
        .await?;
    page.sees("Parameter LogRetentionDays: default changed from “180” to “365”").await?;
    assert_eq!(page.count("tr.added:has-text('s3:GetBucketTagging')").await?, 1);
    // The other way round it is taken away.
    page.select("#from", NEWEST).await?;
    page.select("#to", OLDER).await?;
    page.click_button("Show what changed").await?;
    page.sees("may no longer use s3:GetBucketTagging").await?;
    desk.leave().await
}

#[tokio::test]
async fn a_retired_template_is_offered_no_more() -> Result<()> {
    let desk = Desk::new().await?;
    let fields = [("name", "Early"), CONTACT, ONE_REGION, ("template_version", OLDER)];
    let person = add(&desk.admin, &fields).await?;
    let page = &desk.page;
    desk.open("/templates").await?;
    let row = format!("tr:has(th:has-text('{OLDER}'))");
    page.click(&format!("{row} >> summary:has-text('Retire')")).await?;
    page.click_button(&format!("Retire {OLDER} of Onboarding stack")).await?;
    page.sees(&format!("Version {OLDER} is retired")).await?;
    assert!(page.text_of(&row).await?.contains("Retired"));
    desk.open("/customers/new").await?;
    assert_eq!(page.count(&format!("#template_version option[value='{OLDER}']")).await?, 0);
    assert_eq!(page.count(&format!("#template_version option[value='{NEWEST}']")).await?, 1);
    // Who has a link to it goes on with it.
    desk.visit(&person).await?.sees(&format!("Download version {OLDER}")).await?;
    desk.open("/templates").await?;
    page.click(&format!("tr:has(th:has-text('{NEWEST}')) >> summary:has-text('Retire')")).await?;
    page.click_button(&format!("Retire {NEWEST} of Onboarding stack")).await?;
    page.sees("This is the only version on offer").await?;
    desk.leave().await
}

#[tokio::test]
async fn the_audit_log_is_searched_unfolded_and_taken_along() -> Result<()> {
    let desk = Desk::new().await?;
    let person = desk.customer("Acme Stores").await?;
    desk.customer("Other Ltd").await?;
    let changed =
        [("name", "Acme & Daughters"), CONTACT, ONE_REGION, ("account", person.account.as_str())];
    let answer = desk.admin.post(&format!("/customers/{}/edit", person.id), &changed).await?;
    ensure!(answer.status == 303, "{}", answer.text);
    let page = &desk.page;
    desk.open("/audit").await?;
    page.sees("Other Ltd").await?;
    page.select("What", "change customer").await?;
    page.click_button("Filter").await?;
    page.sees("1 entry").await?;
    assert!(page.url().await?.contains("action=change"), "filters are not in the address");
    page.click("tbody summary").await?;
    assert_eq!(page.text_of("tbody del").await?, "Acme Stores");
    assert_eq!(page.text_of("tbody ins").await?, "Acme & Daughters");
    let csv = page.download("link", "CSV file").await?;
    assert!(csv.text.lines().count() >= 2 && csv.text.contains("Acme & Daughters"), "{}", csv.text);
    assert!(!csv.text.contains("Other Ltd"), "the filter is forgotten");
    let json = page.download("link", "JSON file").await?;
    let json: serde_json::Value = serde_json::from_str(&json.text)?;
    assert_eq!(json.as_array().map(Vec::len), Some(1));
    assert_eq!(json[0]["actor"], "admin@localhost");
    page.click_link("Clear filters").await?;
    page.fill("Customer", "nobody of this name").await?;
    page.click_button("Filter").await?;
    page.sees("No entry matches these filters").await?;
    desk.leave().await
}

#[tokio::test]
async fn somebody_new_gets_a_password_once_and_a_role() -> Result<()> {
    let desk = Desk::new().await?;
    let page = &desk.page;
    desk.open("/settings").await?;
    page.click("summary:has-text('Add somebody')").await?;
    page.fill("#email", "rosa@vendor.test").await?;
    page.fill("#name", "Rosa").await?;
    page.click_button("Add and make a password").await?;
    let first = page.text_of("#one-time-password").await?;
    desk.open("/settings").await?;
    assert_eq!(page.count("#one-time-password").await?, 0, "it is shown once");
    assert!(!page.html().await?.contains(&first));

    let rosa = desk.browser.page(Look::default()).await?;
    rosa.goto(&format!("{}/audit", desk.site.url)).await?;
    rosa.fill("E-mail", "rosa@vendor.test").await?;
    rosa.fill("Password", &first).await?;
    rosa.click_button("Sign in").await?;
    rosa.sees("The password you have was set by somebody else").await?;
    rosa.fill("Password now", &first).await?;
    rosa.fill("New password", PASSWORD).await?;
    rosa.click_button("Change password").await?;
    rosa.sees("Your password was changed").await?;
    assert_eq!(rosa.count("#staff-heading").await?, 0, "a viewer administers");
    rosa.goto(&format!("{}/customers", desk.site.url)).await?;
    assert_eq!(rosa.count("[data-new]").await?, 0, "a viewer adds customers");

    let row = "css=tr:has-text('rosa@vendor.test')";
    desk.open("/settings").await?;
    page.select(&format!("{row} select"), "editor").await?;
    page.click_button("Save the role of Rosa").await?;
    page.sees("The role was changed").await?;
    rosa.goto(&format!("{}/customers", desk.site.url)).await?;
    if rosa.count("#password").await? == 1 {
        rosa.fill("E-mail", "rosa@vendor.test").await?;
        rosa.fill("Password", PASSWORD).await?;
        rosa.click_button("Sign in").await?;
    }
    rosa.has("[data-new]").await?;
    page.click_button("Disable Rosa").await?;
    page.sees("The account was switched off and signed out").await?;
    rosa.reload().await?;
    rosa.sees("Sign in").await?;
    assert_eq!(rosa.count("#password").await?, 1);
    desk.leave().await
}

#[tokio::test]
async fn the_words_of_the_e_mail_are_tried_and_then_kept() -> Result<()> {
    let desk = Desk::new().await?;
    let person = desk.customer("Acme Stores").await?;
    let page = &desk.page;
    desk.open("/settings").await?;
    page.fill("#subject", "{{ vendor }} and {{ customer }}").await?;
    page.fill("#body", "Dear {{ custmer }}").await?;
    page.click_button("Preview").await?;
    page.sees("There is a problem").await?;
    page.fill("#body", "Dear {{ customer }},\n<b>open</b> {{ link }}").await?;
    page.click_button("Preview").await?;
    page.sees("Preview, not saved yet").await?;
    page.sees("Dear Example Ltd, <b>open</b> http").await?;
    let before = desk.admin.get(&format!("/customers/{}", person.id)).await?.text;
    assert!(!before.contains("Dear Acme Stores"), "a preview was saved");
    page.click("form[action$=email] button[value=save]").await?;
    page.sees("The e-mail was saved").await?;
    desk.open(&format!("/customers/{}", person.id)).await?;
    assert_eq!(page.text_of("#email-subject").await?, "Northlight Analytics and Acme Stores");
    page.click("summary:has-text('Read it')").await?;
    let body = page.text_of("#email-body").await?;
    assert_eq!(body, format!("Dear Acme Stores, <b>open</b> {}{}", desk.site.url, person.page));
    desk.leave().await
}

#[tokio::test]
async fn settings_hold_from_then_on() -> Result<()> {
    let desk = Desk::new().await?;
    let page = &desk.page;
    let background = "getComputedStyle(document.body).backgroundColor";
    desk.open("/settings").await?;
    let light: String = page.evaluate(background).await?;
    page.select("Colours", "Dark").await?;
    page.click("form[action$=preferences] button").await?;
    page.sees("Your settings were saved").await?;
    let dark: String = page.evaluate(background).await?;
    assert_eq!((light.as_str(), dark.as_str()), ("rgb(245, 247, 248)", "rgb(16, 22, 27)"));
    assert_eq!(page.axe().await?, vec![]);
    desk.open("/customers").await?;
    assert_eq!(page.evaluate::<String>(background).await?, dark);

    desk.open("/settings").await?;
    page.select("#expires_days", "7 days").await?;
    page.click("form[action$=links] button").await?;
    page.sees("It counts for links that are made from now on").await?;
    desk.open("/customers/new").await?;
    assert_eq!(page.value("#expires_days").await?, "7");
    let person = desk.customer("Acme Stores").await?;
    let own = desk.admin.get(&format!("/customers/{}", person.id)).await?.text;
    assert!(own.contains("expires in 7 days") || own.contains("expires in 6 days"), "{own}");
    desk.leave().await
}

#[tokio::test]
async fn a_customer_pastes_what_aws_said_and_reads_what_to_do() -> Result<()> {
    let desk = Desk::new().await?;
    let person = desk.customer("Acme Stores").await?;
    let theirs = desk.visit(&person).await?;
    theirs.click_link("Paste it here and see what to do").await?;
    theirs.fill("What AWS said", "Requires capabilities : [CAPABILITY_IAM]").await?;
    theirs.click_button("Explain").await?;
    let answer = theirs.text_of("section.panel").await?;
    assert!(answer.contains("I acknowledge") || answer.contains("tick"), "{answer}");
    assert_eq!(theirs.value("What AWS said").await?, "Requires capabilities : [CAPABILITY_IAM]");
    theirs.fill("What AWS said", "<i>The moon is full</i>").await?;
    theirs.click_button("Explain").await?;
    theirs.sees("We do not know this one").await?;
    assert_eq!(theirs.value("What AWS said").await?, "<i>The moon is full</i>");
    assert_eq!(theirs.problems().await?, vec![]);
    desk.leave().await
}

#[tokio::test]
async fn a_page_asks_by_itself_when_the_lasting_connection_breaks() -> Result<()> {
    let mut desk = Desk::new().await?;
    let person = desk.customer("Acme Stores").await?;
    let theirs = desk.visit(&person).await?;
    desk.open(&format!("/customers/{}", person.id)).await?;
    for page in [&theirs, &desk.page] {
        page.sees("Live").await?;
    }
    desk.site.kill();
    for page in [&theirs, &desk.page] {
        page.sees("Checking every").await?;
    }
    desk.site.restart().await?;
    tell(&desk.admin, &person, "Create", 1, End::At(Step::Topic)).await?;
    for page in [&theirs, &desk.page] {
        sees_by_and_by(page, "The stack is being created").await?;
        page.sees("Checking every 5 seconds").await?;
    }
    tell(&desk.admin, &person, "Create", 1, End::Succeeded).await?;
    for page in [&theirs, &desk.page] {
        page.sees("Connected. Logging is on").await?;
    }
    Ok(())
}

#[tokio::test]
async fn whoever_is_signed_out_elsewhere_is_told() -> Result<()> {
    let mut desk = Desk::new().await?;
    let person = desk.customer("Acme Stores").await?;
    desk.open(&format!("/customers/{}", person.id)).await?;
    desk.page.sees("Live").await?;
    let other = desk.page.new_tab().await?;
    other.goto(&format!("{}/customers", desk.site.url)).await?;
    other.click_button("Sign out").await?;
    other.sees("Sign in").await?;
    // The connection that lasts does not.
    desk.site.kill();
    desk.site.restart().await?;
    sees_by_and_by(&desk.page, "Not updated any more").await
}

#[tokio::test]
async fn a_page_that_was_left_open_tells_nothing_more_once_somebody_signed_out() -> Result<()> {
    let desk = Desk::new().await?;
    let person = desk.customer("Acme Stores").await?;
    desk.open(&format!("/customers/{}", person.id)).await?;
    desk.page.sees("Live").await?;
    let other = desk.page.new_tab().await?;
    other.goto(&format!("{}/customers", desk.site.url)).await?;
    other.click_button("Sign out").await?;
    other.sees("Sign in").await?;
    tell(&desk.admin, &person, "Create", 1, End::At(Step::Bucket)).await?;
    desk.page.sees("Not updated any more").await?;
    assert!(!desk.page.text().await?.contains("The stack is being created"), "it still tells");
    Ok(())
}

#[tokio::test]
async fn whatever_is_changed_of_a_customer_is_in_the_audit_log() -> Result<()> {
    let desk = Desk::new().await?;
    let person = desk.customer("Acme Stores").await?;
    let changed = [
        ("name", "Acme Stores"),
        CONTACT,
        ONE_REGION,
        ("account", person.account.as_str()),
        ("existing_bucket", "acme-logs"),
        ("retention_days", "30"),
        ("expires_days", "30"),
        ("owner", "admin@localhost"),
    ];
    let answer = desk.admin.post(&format!("/customers/{}/edit", person.id), &changed).await?;
    ensure!(answer.status == 303, "{}", answer.text);
    desk.open("/audit?action=change+customer").await?;
    desk.page.click("tbody summary").await?;
    let now = desk.page.text_of("tbody").await?;
    for words in ["365", "30", "acme-logs", "admin@localhost"] {
        assert!(now.contains(words), "the audit log does not tell of {words}: {now}");
    }
    desk.leave().await
}
