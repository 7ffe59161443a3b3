//! What is kept of customers and stacks: every text comes back as a text.

use std::{collections::HashMap, fmt::Write as _};

use anyhow::{Context, Result, ensure};
use harness::site::Answered;
use http::{Method, StatusCode};
use onboarding_web::{
    customer_form::{self, RawCustomer, Rules},
    hints,
};
use templates::report::{Phase, Report};

use super::{Faults, inert, markup, on_both, texts};
use crate::site::access::world::{OWN, REGION, Subject, World, new_account, read};

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
    text.clone_into(&mut refused.account);
    let tries: [(&[&str], Field); 7] = [
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
        // It says once that the customer was added.
        self.editor.get(&answer.location).await?;
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
            // Of a text that nothing is left of, no words are shown either.
            let nothing_left = text.chars().all(char::is_control);
            if page.status != StatusCode::OK {
                faults.0.push(format!("{path} with {text:?}: {}", page.status));
            } else if !nothing_left && markup::skeleton(&page.text).as_ref() != Ok(expected) {
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
    assert!(rows.len() > 130, "{}", rows.len());
    Ok(())
}

#[tokio::test]
async fn no_imported_text_becomes_a_part_of_a_page_or_a_formula() -> Result<()> {
    let world = World::start().await?;
    let (url, mut faults) = (world.site.url.clone(), Faults::default());
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let columns =
        ["name", "email", "account", "load_balancers", "existing_bucket", "owner", "notes"];
    let mut csv = columns.join(",") + "\n";
    for text in texts::all() {
        let (good, bad) = taken(&text);
        for raw in [good, bad] {
            let RawCustomer { name, email, account, load_balancers, existing_bucket, .. } = &raw;
            let cells =
                [name, email, account, load_balancers, existing_bucket, &raw.owner, &raw.notes];
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

#[tokio::test]
async fn whoever_the_form_takes_can_be_looked_at() -> Result<()> {
    let world = World::start().await?;
    let tag = |at: usize, value: &str| format!("eu-west-1 tag:Key{at}={value}");
    let arn = |account: &str| {
        format!(
            "arn:aws:elasticloadbalancing:eu-west-1:{account}:loadbalancer/app/web/50dc6c495c0c9188"
        )
    };
    let many_arns = move |account: &str| {
        let one = |at: usize| arn(account).replace("web", &format!("a-load-balancer-{at}"));
        (0..40).map(one).collect::<Vec<_>>().join("\n")
    };
    let lists: [(&str, List<'_>); 4] = [
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

/// A field of the form.
type Field = fn(&mut RawCustomer) -> &mut String;
/// Makes a list of load balancers of an account.
type List<'a> = Box<dyn Fn(&str) -> String + 'a>;
