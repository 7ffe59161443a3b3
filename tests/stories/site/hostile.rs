//! Texts that would be more than texts, wherever somebody can put one; and requests that are none.

mod markup;
mod texts;

use std::{collections::HashMap, fmt::Write as _, time::Duration};

use anyhow::{Context, Result, ensure};
use harness::{
    postgres::Postgres,
    site::{Answered, Visitor},
};
use http::{Method, StatusCode};
use onboarding_web::{
    access::Access,
    customer_form::{self, RawCustomer, Rules},
    hints,
    store::{Actor, Role},
};
use templates::report::{Phase, Report};

use super::access::{
    rows::ROWS,
    world::{OWN, Prepared, REGION, Subject, World, new_account, read},
};

/// Collects what is wrong, so that one run tells all of it.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn check(&mut self, what: &str, text: &str, answer: &Answered, url: &str) {
        if let Some(why) = markup::fault(answer, text, url) {
            let text: String = text.chars().take(60).collect();
            self.0.push(format!("{what} with {text:?}: {why}"));
        }
    }

    fn none(self) -> Result<()> {
        let (count, mut all) = (self.0.len(), self.0);
        all.truncate(60);
        ensure!(count == 0, "{count} faults:\n{}", all.join("\n"));
        Ok(())
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn there_are_more_than_a_hundred_texts_and_each_once() {
    let all = texts::all();
    let each: std::collections::BTreeSet<&String> = all.iter().collect();
    assert!(all.len() > 100 && each.len() == all.len(), "{} of {}", each.len(), all.len());
}

/// What the form for a customer takes of a text, field by field, and what it refuses.
fn taken(text: &str) -> (RawCustomer, RawCustomer) {
    let good = RawCustomer {
        name: "Harmless Ltd".to_owned(),
        email: "ops@customer.test".to_owned(),
        account: new_account(),
        load_balancers: format!("{REGION} all"),
        ..RawCustomer::default()
    };
    let (mut accepted, mut refused) = (good.clone(), good.clone());
    refused.account = text.to_owned();
    let tries: [(&[&str], fn(&mut RawCustomer) -> &mut String); 7] = [
        (&["TEXT", "Acme TEXT"], |raw| &mut raw.name),
        (&["TEXT", "TEXT@customer.test", "ops@TEXT.test"], |raw| &mut raw.email),
        (&["TEXT", "eu-west-1 tag:Team=TEXT", "eu-west-1 tag:TEXT=x"], |raw| {
            &mut raw.load_balancers
        }),
        (&["TEXT"], |raw| &mut raw.existing_bucket),
        (&["TEXT"], |raw| &mut raw.retention_days),
        (&["TEXT"], |raw| &mut raw.owner),
        (&["TEXT"], |raw| &mut raw.notes),
    ];
    let versions = ["0.1.0".to_owned()];
    let rules = Rules {
        known_region: &|region| region == REGION,
        template_versions: &versions,
        default_expiry_days: 14,
    };
    for (forms, field) in tries {
        for form in forms {
            let mut raw = good.clone();
            *field(&mut raw) = form.replace("TEXT", text);
            let value = field(&mut raw).clone();
            if customer_form::check(&raw, &rules).is_ok() {
                *field(&mut accepted) = value;
            } else {
                *field(&mut refused) = value;
            }
        }
    }
    (accepted, refused)
}

fn fields(raw: &RawCustomer) -> Vec<(&str, &str)> {
    vec![
        ("name", &raw.name),
        ("email", &raw.email),
        ("account", &raw.account),
        ("load_balancers", &raw.load_balancers),
        ("existing_bucket", &raw.existing_bucket),
        ("retention_days", &raw.retention_days),
        ("owner", &raw.owner),
        ("notes", &raw.notes),
    ]
}

/// A stack whose every word is the text.
fn report(customer: &Subject, text: &str, phase: Phase) -> Report {
    Report {
        stack_id: format!(
            "arn:aws:cloudformation:{REGION}:{}:stack/logs-analysis/1",
            customer.account
        ),
        request_id: text.to_owned(),
        request_type: "Update".to_owned(),
        phase,
        step: None,
        reason: format!("Stopped: {text}"),
        begun: 0,
        version: text.to_owned(),
        configuration: text.to_owned(),
        outputs: vec![("Buckets".to_owned(), text.to_owned()), (text.to_owned(), text.to_owned())],
    }
}

impl World {
    /// Adds a customer by the form.
    async fn typed(&self, raw: &RawCustomer) -> Result<Result<Subject, Answered>> {
        let answer = self.editor.post("/customers/new", &fields(raw)).await?;
        let Some(id) = answer.location.strip_prefix("/customers/") else { return Ok(Err(answer)) };
        let key = self.store.key();
        Ok(Ok(Subject {
            id: id.to_owned(),
            name: raw.name.clone(),
            account: raw.account.clone(),
            page: key.page_token(id, 1),
            stack: key.stack_token(id, REGION, 1),
        }))
    }

    /// What staff and customer see of a customer.
    async fn all_pages(&self, customer: &Subject) -> Result<Vec<(String, Answered)>> {
        let mut pages = Vec::new();
        for end in ["", "/progress", "/edit", "/rotate", "/revoke", "/offboard", "/preview"] {
            let answer = self.editor.get(&format!("/customers/{}{end}", customer.id)).await?;
            pages.push((format!("/customers/ID{end}"), answer));
        }
        for end in ["", "/progress", "/permissions", "/explain"] {
            let path = format!("/c/{}{end}", customer.page);
            pages.push((format!("/c/TOKEN{end}"), read(self.request(Method::GET, &path)).await?));
        }
        Ok(pages)
    }

    /// Fails a stack, then completes it, each with the text in every word; the pages after each.
    async fn lived(&self, customer: &Subject, text: &str) -> Result<Vec<(String, Answered)>> {
        let mut pages = Vec::new();
        for phase in [Phase::Failed, Phase::Succeeded] {
            let request_id = format!("{text}{phase:?}");
            let report = Report { request_id, ..report(customer, text, phase) };
            let body = serde_json::to_string(&report)?;
            let answer = self.site.anyone().report(&customer.stack, &body).await?;
            ensure!(answer.status == StatusCode::NO_CONTENT, "{text:?}: {}", answer.text);
            let after = self.all_pages(customer).await?;
            pages.extend(after.into_iter().map(|(path, page)| (format!("{path} {phase:?}"), page)));
        }
        Ok(pages)
    }
}

/// Which fields hold the text: pages of customers with the same ones have the same tags.
fn shape(raw: &RawCustomer, text: &str) -> Vec<bool> {
    let held = fields(raw).into_iter().map(|(_, value)| !text.is_empty() && value.contains(text));
    held.collect()
}

/// The harmless twin of a customer: the same fields are filled in.
fn twin(shape: &[bool]) -> RawCustomer {
    let fill = |at: usize, harmless: &str, otherwise: &str| {
        if shape[at] { harmless.to_owned() } else { otherwise.to_owned() }
    };
    RawCustomer {
        name: "Harmless Ltd".to_owned(),
        email: "ops@customer.test".to_owned(),
        account: new_account(),
        load_balancers: fill(3, "eu-west-1 tag:Team=shop", "eu-west-1 all"),
        existing_bucket: fill(4, "harmless-bucket", ""),
        retention_days: fill(5, "30", ""),
        owner: fill(6, "Rosa", ""),
        notes: fill(7, "Thursdays", ""),
        ..RawCustomer::default()
    }
}

#[tokio::test]
async fn no_stored_text_becomes_a_part_of_a_page() -> Result<()> {
    let world = World::start().await?;
    let (url, mut faults) = (world.site.url.clone(), Faults::default());
    let mut twins: HashMap<Vec<bool>, Vec<Vec<String>>> = HashMap::new();
    for text in texts::all() {
        let (accepted, refused) = taken(&text);
        match world.typed(&refused).await? {
            Err(page) => faults.check("the form that is refused", &text, &page, &url),
            Ok(_) => faults.0.push(format!("{text:?} is an account")),
        }
        let customer = match world.typed(&accepted).await? {
            Ok(customer) => customer,
            Err(page) => {
                faults.0.push(format!("{text:?} is refused: {}", page.status));
                continue;
            }
        };
        assert!(hints::explain(&text).is_none(), "{text:?} has a hint");
        let shape = shape(&accepted, &text);
        if !twins.contains_key(&shape) {
            let twin = world.typed(&twin(&shape)).await?.ok().context("a twin is refused")?;
            let mut pages = world.all_pages(&twin).await?;
            pages.extend(world.lived(&twin, "harmless").await?);
            let skeletons = pages.iter().map(|(path, page)| {
                assert_eq!(page.status, StatusCode::OK, "{path}");
                markup::skeleton(&page.text).map_err(|why| anyhow::anyhow!("{path}: {why}"))
            });
            twins.insert(shape.clone(), skeletons.collect::<Result<_>>()?);
        }
        let mut pages = world.all_pages(&customer).await?;
        pages.extend(world.lived(&customer, &text).await?);
        for ((path, page), expected) in pages.iter().zip(&twins[&shape]) {
            faults.check(path, &text, page, &url);
            if page.status != StatusCode::OK {
                faults.0.push(format!("{path} with {text:?}: {}", page.status));
            } else if markup::skeleton(&page.text).as_ref() != Ok(expected) {
                faults.0.push(format!("{path} with {text:?}: other tags than its harmless twin"));
            }
        }
    }
    lists(&world, &mut faults).await?;
    faults.none()
}

/// Every list that shows what was stored, to its last page.
async fn lists(world: &World, faults: &mut Faults) -> Result<()> {
    let all = texts::all();
    for list in ["/customers?sort=name", "/customers?sort=changed", "/audit?"] {
        for page in 1..=40 {
            let path = format!("{list}&page={page}");
            let answer = world.admin.get(&path).await?;
            for text in &all {
                faults.check(&path, text, &answer, &world.site.url);
            }
            if !answer.text.contains(&format!("page={}", page + 1)) {
                break;
            }
        }
    }
    for path in ["/audit/export.csv", "/audit/export.csv?action=customer"] {
        inert(path, &world.admin.get(path).await?.text, faults);
    }
    let json = world.admin.get("/audit/export.json").await?;
    assert_eq!(json.headers["content-type"], "application/json");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json.text)?;
    assert!(rows.len() > 200, "{}", rows.len());
    Ok(())
}

/// Whether no cell of a CSV file begins as a formula does. Every cell is in quotation marks, and
/// those within one are doubled, so a comma or a line's beginning before a single one begins a cell.
fn inert(what: &str, csv: &str, faults: &mut Faults) {
    assert!(csv.starts_with('"'), "{what}: {csv}");
    for live in ['=', '+', '-', '@', '\t', '\r', '\0', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'] {
        for before in [",\"", "\r\n\""] {
            let cell = format!("{before}{live}");
            // An empty cell at a line's end looks like one that begins with a line break.
            let found = csv.match_indices(&cell).find(|(at, _)| {
                live != '\r' || !csv[at + before.len()..].starts_with("\r\n\"")
            });
            if let Some((at, _)) = found {
                let near: String = csv[at..].chars().take(60).collect();
                faults.0.push(format!("{what} has a live cell: {near:?}"));
            }
        }
    }
}

#[tokio::test]
async fn no_imported_text_becomes_a_part_of_a_page_or_a_formula() -> Result<()> {
    let world = World::start().await?;
    let (url, mut faults) = (world.site.url.clone(), Faults::default());
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let columns = ["name", "email", "account", "load_balancers", "existing_bucket", "owner", "notes"];
    let mut csv = columns.join(",") + "\n";
    for text in texts::all() {
        let (good, bad) = taken(&text);
        for raw in [good, bad] {
            let RawCustomer { name, email, account, load_balancers, existing_bucket, .. } = &raw;
            let cells = [name, email, account, load_balancers, existing_bucket, &raw.owner, &raw.notes];
            let cells: Vec<String> = cells.into_iter().map(|cell| quoted(cell)).collect();
            writeln!(csv, "{}", cells.join(","))?;
        }
    }
    let upload = world.prepare_upload("list.csv", &csv);
    let answer = world.send(&upload, world.editor.cookie(), OWN).await?;
    let path = answer.location.clone();
    ensure!(path.starts_with("/customers/import/"), "{}: {}", answer.status, answer.text);
    let shown = world.editor.get(&path).await?;
    let errors = world.editor.get(&format!("{path}/errors.csv")).await?.text;
    inert("errors.csv", &errors, &mut faults);
    assert!(errors.lines().count() > 100, "{errors}");
    let answer = world.editor.post(&path, &[("mode", "good")]).await?;
    assert_eq!(answer.location, path, "{}", answer.text);
    let done = world.editor.get(&path).await?;
    let links = world.editor.get(&format!("{path}/links.csv")).await?.text;
    inert("links.csv", &links, &mut faults);
    assert!(links.lines().count() > 100, "{links}");
    let lists = world.editor.get("/customers?sort=name").await?;
    for text in texts::all() {
        for (what, page) in [("the check", &shown), ("the result", &done), ("the list", &lists)] {
            faults.check(what, &text, page, &url);
        }
    }
    faults.none()
}

#[tokio::test]
async fn no_files_name_becomes_a_part_of_a_page() -> Result<()> {
    let world = World::start().await?;
    let (url, mut faults) = (world.site.url.clone(), Faults::default());
    let good = "name,email,account,load_balancers\nListed,a@b.test,1,x\n";
    for text in texts::all() {
        // As browsers write names into this header.
        let name = text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
        for (name, content) in [(name.as_str(), good), ("a.csv", text.as_str())] {
            let upload = world.prepare_upload(name, content);
            let answer = world.send(&upload, world.editor.cookie(), OWN).await?;
            faults.check("upload", &text, &answer, &url);
            if !answer.location.is_empty() {
                let page = world.editor.get(&answer.location).await?;
                faults.check("the check", &text, &page, &url);
            }
        }
        // And as no browser does.
        let upload = world.prepare_upload(&text, good);
        let answer = world.send(&upload, world.editor.cookie(), OWN).await?;
        faults.check("upload with a raw name", &text, &answer, &url);
    }
    faults.none()
}

#[tokio::test]
async fn no_text_about_staff_becomes_a_part_of_a_page() -> Result<()> {
    let world = World::start().await?;
    let (url, mut faults) = (world.site.url.clone(), Faults::default());
    let actor = Actor::of("test");
    let (mut stored, mut by_form) = (0, 0);
    for (at, text) in texts::all().iter().enumerate() {
        let address = format!("{at}@vendor.test");
        let takes = |name: &str| {
            let name = name.trim();
            !name.is_empty() && name.chars().count() <= 120 && !name.chars().any(char::is_control)
        };
        // Hashing a password takes long: the form for some, the store's own way for the others.
        let fields = [("email", address.as_str()), ("name", text), ("role", "viewer")];
        if !takes(text) || at % 12 == 0 {
            let answer = world.admin.post("/settings/staff", &fields).await?;
            faults.check("a name", text, &answer, &url);
            let refused = answer.status == StatusCode::UNPROCESSABLE_ENTITY;
            assert_eq!(refused, !takes(text), "{text:?}: {}", answer.status);
            by_form += 1;
        } else {
            let who = (address.as_str(), text.trim());
            assert!(world.store.add_staff(&actor, who, Role::Viewer, "-").await?);
            stored += 1;
        }
        let address = format!("{text}@vendor.test");
        let fields = [("email", address.as_str()), ("name", ""), ("role", text)];
        let answer = world.admin.post("/settings/staff", &fields).await?;
        faults.check("an address", text, &answer, &url);
        if !address.contains(|c: char| c.is_whitespace() || c.is_control()) && address.len() < 254 {
            world.store.add_staff(&actor, (&address, "Somebody"), Role::Viewer, "-").await?;
        }
    }
    assert!(stored > 50 && by_form > 10, "{stored} {by_form}");
    for path in ["/settings", "/customers/new", "/audit?action=add+staff", "/audit?page=2"] {
        let answer = world.admin.get(path).await?;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        for text in texts::all() {
            faults.check(path, &text, &answer, &url);
        }
    }
    let filtered = world.admin.get("/audit/export.csv?action=add+staff").await?.text;
    inert("/audit/export.csv", &filtered, &mut faults);
    faults.none()
}

#[tokio::test]
async fn no_text_of_the_e_mail_does_more_than_fill_in() -> Result<()> {
    let world = World::start().await?;
    let (url, mut faults) = (world.site.url.clone(), Faults::default());
    let customer = world.customer("Acme").await?;
    let key = std::fs::read_to_string(world.site.folder().join("onboarding.key"))?;
    for text in texts::all() {
        let body = format!("{text} {{{{ link }}}}");
        for action in ["preview", "save"] {
            let fields = [("subject", text.as_str()), ("body", &body), ("action", action)];
            let answer = world.admin.post("/settings/email", &fields).await?;
            faults.check("the editor", &text, &answer, &url);
            let own = [200, 303, 422].contains(&answer.status.as_u16());
            assert!(own, "{text:?}: {}", answer.status);
        }
        for path in ["/settings".to_owned(), format!("/customers/{}", customer.id)] {
            let page = world.admin.get(&path).await?;
            assert_eq!(page.status, StatusCode::OK, "{path} with {text:?}");
            faults.check(&path, &text, &page, &url);
            assert!(!page.text.contains(key.trim()) && !page.text.contains("root:"), "{text:?}");
        }
    }
    faults.none()
}

#[tokio::test]
async fn an_e_mail_that_never_ends_is_refused() -> Result<()> {
    let world = World::start().await?;
    let digits = "{% for a in [1,2,3,4,5,6,7,8,9,0] %}";
    let endless = format!("{}{{{{ link }}}}{}", digits.repeat(9), "{% endfor %}".repeat(9));
    let large = format!("{{% set a = '{}' %}}{}{{{{ link }}}}", "x".repeat(900), "{% set a = a ~ a %}".repeat(30));
    for body in [endless, large] {
        let fields = [("subject", "Hello"), ("body", &body), ("action", "preview")];
        let answer = world.admin.post("/settings/email", &fields);
        let answer = tokio::time::timeout(Duration::from_secs(10), answer).await;
        let answer = answer.context("still filling in the e-mail after 10 seconds")??;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text.len());
    }
    assert_eq!(world.viewer.get("/customers").await?.status, StatusCode::OK);
    Ok(())
}

/// The address of the button that opens a mail program.
fn mailto(page: &str) -> Result<url::Url> {
    let href = page.split("href=\"mailto:").nth(1).and_then(|rest| rest.split('"').next());
    let href = href.context("no mailto on the page")?.replace("&#38;", "&").replace("&#39;", "'");
    Ok(url::Url::parse(&format!("mailto:{href}"))?)
}

#[tokio::test]
async fn the_e_mail_goes_to_the_customers_address_and_to_nobody_else() -> Result<()> {
    let world = World::start().await?;
    let local_parts = [
        "rosa",
        "rosa+aws",
        "o'neil",
        "a?bcc=everybody",
        "a&cc=everybody",
        "a%3Fbcc=everybody",
        "a%0d%0aBcc:b",
        "a#fragment",
        "a/b=c",
        "rosa{x}",
        "jürgen",
    ];
    let mut wrong = Vec::new();
    for local in local_parts {
        let (email, account) = (format!("{local}@customer.test"), new_account());
        let fields = [
            ("name", "Acme"),
            ("email", &email),
            ("account", &account),
            ("load_balancers", "eu-west-1 all"),
        ];
        let answer = world.editor.post("/customers/new", &fields).await?;
        if answer.location.is_empty() {
            assert!(local != "rosa" && local != "rosa+aws" && local != "o'neil", "{local}");
            continue;
        }
        let mailto = mailto(&world.editor.get(&answer.location).await?.text)?;
        let names: Vec<String> = mailto.query_pairs().map(|(name, _)| name.into_owned()).collect();
        let path: String = url::form_urlencoded::parse(
            format!("to={}", mailto.path().replace('+', "%2B")).as_bytes(),
        )
        .map(|(_, value)| value.into_owned())
        .collect();
        if names != ["subject", "body"] || path != email || mailto.fragment().is_some() {
            wrong.push(format!("{email}: {mailto:.120}"));
        }
        assert!(!mailto.as_str().contains('+') || path.contains('+'), "{mailto}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[tokio::test]
async fn whoever_the_form_takes_can_be_looked_at() -> Result<()> {
    let world = World::start().await?;
    let tag = |at: usize, value: &str| format!("eu-west-1 tag:Key{at}={value}");
    let arn = |account: &str| {
        format!("arn:aws:elasticloadbalancing:eu-west-1:{account}:loadbalancer/app/web/50dc6c495c0c9188")
    };
    let many_arns = |account: &str| {
        let one = |at: usize| arn(account).replace("web", &format!("a-load-balancer-{at}"));
        (0..40).map(one).collect::<Vec<_>>().join("\n")
    };
    let lists: [(&str, Box<dyn Fn(&str) -> String>); 4] = [
        ("tags of another script", Box::new(move |_| tag(1, &"日".repeat(80)))),
        (
            "an ARN and tags of another script",
            Box::new(move |account| {
                let tags: Vec<String> = (0..4).map(|at| tag(at, &"日".repeat(250))).collect();
                format!("{}\n{}", arn(account), tags.join("\n"))
            }),
        ),
        ("as many ARNs as fit", Box::new(many_arns)),
        ("a tag with signs", Box::new(move |_| tag(1, "a+b=c:d/e@f_g.h-i"))),
    ];
    let mut wrong = Vec::new();
    for (what, list) in lists {
        let account = new_account();
        let load_balancers = list(&account);
        let raw = RawCustomer {
            name: "Acme".to_owned(),
            email: "ops@customer.test".to_owned(),
            account,
            load_balancers,
            ..RawCustomer::default()
        };
        // What does not fit is to be said by the form, not by a page that fails.
        let Ok(customer) = world.typed(&raw).await? else { continue };
        for (path, page) in world.all_pages(&customer).await? {
            if page.status != StatusCode::OK {
                wrong.push(format!("{what}: {path} is {}", page.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Both engines, because each has texts of its own that it does not take.
async fn on_both(story: impl AsyncFn(&World) -> Result<()>) -> Result<()> {
    let database = Postgres::shared().await?.new_database().await?;
    let mut failed = Vec::new();
    for (engine, database) in [("SQLite", ""), ("PostgreSQL", database.as_str())] {
        if let Err(error) = story(&World::on(database).await.context(engine)?).await {
            failed.push(format!("{engine}: {error:#}"));
        }
    }
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}

/// Every page that takes something from its address, with the text in all of it.
fn asked(text: &str, customer: &Subject) -> Vec<String> {
    let text = encoded(text);
    let with = |path: &str, names: &[&str]| {
        let query: Vec<String> = names.iter().map(|name| format!("{name}={text}")).collect();
        format!("{path}?{}", query.join("&"))
    };
    let audit = ["actor", "action", "customer", "from", "to", "page"];
    let mut all = vec![
        with("/customers", &["q", "state", "region", "version", "owner", "sort", "page"]),
        with("/customers", &["q"]),
        with("/customers", &["owner", "sort"]),
        with("/audit", &audit),
        with("/audit", &["customer"]),
        with("/audit/export.csv", &audit),
        with("/audit/export.json", &["actor"]),
        with("/customers/new/parse", &["load_balancers", "account"]),
        with("/templates/logs-analysis-onboarding/diff", &["from", "to"]),
        with("/sign-in", &["next"]),
        with(&format!("/c/{}/explain", customer.page), &["text"]),
    ];
    for path in ["/customers/T", "/customers/T/progress", "/customers/T/events", "/customers/T/edit",
        "/customers/T/preview", "/customers/T/rotate", "/customers/import/T",
        "/customers/import/T/links.csv", "/templates/T/T", "/templates/T/T/raw",
        "/templates/T/diff", "/templates/logs-analysis-onboarding/T", "/c/T", "/assets/T/T", "/T"]
    {
        all.push(path.replace('T', &text));
    }
    all
}

#[tokio::test]
async fn no_text_in_an_address_becomes_a_part_of_a_page() -> Result<()> {
    on_both(async |world| {
        let mut faults = Faults::default();
        let customer = world.customer("Acme").await?;
        for text in texts::all() {
            for path in asked(&text, &customer) {
                let request = world.request(Method::GET, &path);
                let answer = read(request.header("cookie", world.editor.cookie())).await?;
                let shown: String = path.chars().take(40).collect();
                faults.check(&shown, &text, &answer, &world.site.url);
            }
        }
        faults.none()
    })
    .await
}

#[tokio::test]
async fn a_very_long_address_is_answered() -> Result<()> {
    on_both(async |world| {
        let mut faults = Faults::default();
        let customer = world.customer("Acme").await?;
        for text in ["_".repeat(30_000), "a".repeat(60_000), "\u{1f9e8}".repeat(4_000)] {
            for path in asked(&text, &customer).iter().filter(|path| path.len() < 65_000) {
                let request = world.request(Method::GET, path);
                let answer = read(request.header("cookie", world.editor.cookie())).await?;
                let shown: String = path.chars().take(40).collect();
                faults.check(&shown, &text, &answer, &world.site.url);
            }
        }
        faults.none()
    })
    .await
}

#[tokio::test]
async fn no_text_at_the_door_becomes_a_part_of_a_page() -> Result<()> {
    on_both(async |world| {
        let mut faults = Faults::default();
        for text in texts::all() {
            let fields = [("email", text.as_str()), ("password", &text), ("next", &text)];
            let answer = world.site.anyone().post("/sign-in", &fields).await?;
            faults.check("/sign-in", &text, &answer, &world.site.url);
            assert!(answer.status.is_client_error(), "{text:?}: {}", answer.status);
        }
        faults.none()
    })
    .await
}

/// Whether an answer is the site's own: a page, a way on, or JSON for stacks.
fn own_answer(path: &str, answer: &Answered) -> bool {
    let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default();
    if answer.status.is_server_error() {
        return false;
    }
    if path == "/reports" {
        return answer.status == StatusCode::NO_CONTENT
            || (kind == "application/json" && answer.text.starts_with("{\"refused\":"));
    }
    let page = kind.starts_with("text/html") && answer.text.starts_with("<!doctype html>");
    answer.status == StatusCode::SEE_OTHER
        || (page && answer.text.contains("<h1>") && answer.text.contains("site-footer"))
}

/// Bodies that no page of the site sends, by the one that it does.
fn malformed(valid: &Prepared) -> Vec<(&'static str, Vec<u8>)> {
    let multipart = |rest: &str| rest.as_bytes().to_vec();
    let twice = [valid.body.clone(), b"&".to_vec(), valid.body.clone()].concat();
    let nul = String::from_utf8_lossy(&valid.body).replace('&', "%00&") + "%00";
    let odd = [&b"name=\xff\xfe&email=\x80&notes=\xc3(&password="[..], &[0xf0, 0x28]].concat();
    let large = [valid.body.clone(), b"&notes=".to_vec(), vec![b'a'; 1024 * 1024]].concat();
    let deep = "[".repeat(50_000).into_bytes();
    let boundary = "multipart/form-data; boundary=XXX";
    vec![
        (FORM, vec![]),
        (FORM, b"&&&===&=&%&%zz&+".to_vec()),
        (FORM, twice),
        (FORM, nul.into_bytes()),
        (FORM, odd),
        (FORM, b"email=%ff%fe&name=%c3%28&action=%80&mode=%f0".to_vec()),
        (FORM, b"email[]=a&email[0]=b&email.x=c".to_vec()),
        (FORM, large.clone()),
        ("application/x-www-form-urlencoded; charset=utf-7", valid.body.clone()),
        ("", valid.body.clone()),
        ("text/plain", valid.body.clone()),
        ("application/xml", b"<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>&a;".to_vec()),
        ("application/json", deep),
        ("application/json", b"{\"email\": \"a\"}".to_vec()),
        ("multipart/form-data", multipart("--XXX--")),
        (boundary, vec![]),
        (boundary, multipart("no boundary at all")),
        (boundary, multipart("--XXX\r\n\r\n--XXX--\r\n")),
        (boundary, multipart("--XXX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ncut")),
        (boundary, multipart("--XXX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XXX--\r\n")),
        (boundary, multipart("--XXX\r\nContent-Disposition: nonsense\r\n\r\nx\r\n--XXX--\r\n")),
        (boundary, large),
        ("multipart/form-data; boundary=\"", multipart("--\r\n")),
    ]
}

#[tokio::test]
async fn what_is_no_form_gets_the_sites_own_answer() -> Result<()> {
    on_both(async |world| {
        let mut wrong = Vec::new();
        let customer = world.customer("Acme").await?;
        let bearer = format!("Bearer {}", customer.stack);
        for row in ROWS.iter().filter(|row| row.method == "POST" && row.path != "/sign-out") {
            let valid = world.prepare("POST", row.path, &world.admin).await?;
            for (kind, body) in malformed(&valid) {
                let shown = String::from_utf8_lossy(&body).chars().take(50).collect::<String>();
                let request = Prepared { kind: kind.to_owned(), body, ..valid.clone() };
                let mut headers = OWN.to_vec();
                if row.access == Access::Stack {
                    headers.push(("authorization", &bearer));
                }
                let answer = send_all(world, &request, &headers).await?;
                if !own_answer(row.path, &answer) {
                    let text: String = answer.text.chars().take(60).collect();
                    wrong.push(format!("{} {kind} {shown:?}: {} {text}", row.path, answer.status));
                }
            }
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    })
    .await
}

/// A request without content type has a body all the same here.
async fn send_all(world: &World, request: &Prepared, headers: &[(&str, &str)]) -> Result<Answered> {
    let mut builder = world.request(request.method.clone(), &request.path);
    builder = builder.header("cookie", world.admin.cookie()).body(request.body.clone());
    if !request.kind.is_empty() {
        builder = builder.header("content-type", &request.kind);
    }
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    read(builder).await.with_context(|| format!("{} {}", request.path, request.kind))
}

const QUERIES: [&str; 30] = [
    "q=%ff%fe",
    "q=%00",
    "q=%",
    "q=%zz",
    "q=a&q=b",
    "q[]=a&q[x]=b",
    "=&&&=",
    "%ff=%fe",
    "page=0",
    "page=-1",
    "page=abc",
    "page=1.5",
    "page=%2B1",
    "page=9223372036854775807",
    "page=-9223372036854775808",
    "page=99999999999999999999999999",
    "from=2026-99-99",
    "from=0000-00-00&to=0000-00-00",
    "from=9999-12-31&to=9999-12-31",
    "from=-9999-01-01&to=-9999-01-01",
    "from=%2B10000-01-01",
    "from=2026-11-22&to=2020-01-01",
    "actor=%00&action=%00&customer=%00",
    "state=%00&region=%00&version=%00&owner=%00&sort=%00",
    "text=%ff",
    "next=%00",
    "load_balancers=%ff&account=%00",
    "from=%00&to=%00",
    "sort=name;drop",
    "?#?#",
];

#[tokio::test]
async fn what_is_no_question_gets_the_sites_own_answer() -> Result<()> {
    on_both(async |world| {
        let mut wrong = Vec::new();
        let customer = world.customer("Acme").await?;
        for row in ROWS.iter().filter(|row| row.method == "GET") {
            let path = row.path.replace("/customers/{id}", &format!("/customers/{}", customer.id));
            let path = path.replace("{token}", &customer.page);
            let path = match path.as_str() {
                path if path.contains('{') => {
                    world.prepare("GET", row.path, &world.admin).await?.path
                }
                path => path.to_owned(),
            };
            let path = path.split('?').next().unwrap_or_default();
            for query in QUERIES {
                let request = world.request(Method::GET, &format!("{path}?{query}"));
                let answer = read(request.header("cookie", world.admin.cookie())).await?;
                let fine = answer.status.is_success() || own_answer(path, &answer);
                if !fine {
                    wrong.push(format!("{path}?{query}: {} {:.60}", answer.status, answer.text));
                }
            }
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    })
    .await
}

/// Notes take a way of their own into the store.
#[tokio::test]
async fn notes_are_kept_or_refused_whatever_is_in_them() -> Result<()> {
    on_both(async |world| {
        let mut faults = Faults::default();
        let customer = world.customer("Acme").await?;
        let path = format!("/customers/{}/notes", customer.id);
        for text in texts::all() {
            let answer = world.editor.post(&path, &[("notes", &text)]).await?;
            faults.check("notes", &text, &answer, &world.site.url);
            let page = world.editor.get(&format!("/customers/{}", customer.id)).await?;
            faults.check("the customer", &text, &page, &world.site.url);
            let body = serde_json::to_string(&report(&customer, &text, Phase::Failed))?;
            let answer = world.site.anyone().report(&customer.stack, &body).await?;
            faults.check("a report", &text, &answer, &world.site.url);
        }
        faults.none()
    })
    .await
}

/// What nobody may be told: whether a page exists below a customer's token or an id.
#[tokio::test]
async fn ids_that_look_alike_are_told_apart() -> Result<()> {
    let world = World::start().await?;
    let id = world.customer("Acme").await?.id;
    let near = [
        id.to_uppercase(),
        format!("{id} "),
        format!("{id}%00"),
        format!("{id}/."),
        format!("{}_", &id[..id.len() - 1]),
        "%25".to_owned(),
        format!("{}%25", &id[..4]),
    ];
    let viewer: &Visitor = &world.viewer;
    assert_eq!(viewer.get(&format!("/customers/{id}")).await?.status, StatusCode::OK);
    for one in near.iter().filter(|one| !one.ends_with("/.") && !one.ends_with(' ')) {
        let answer = viewer.get(&format!("/customers/{one}")).await?;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{one}");
    }
    Ok(())
}
