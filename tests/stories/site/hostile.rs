//! Texts that would be more than texts, wherever somebody can put one.

mod markup;
mod texts;

use anyhow::{Result, ensure};
use harness::site::{Answered, Site};
use http::StatusCode;

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
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn no_stored_text_becomes_a_part_of_a_page() -> Result<()> {
    let site = Site::start(&[]).await?;
    let staff = site.admin().await?;
    let (mut faults, mut kept) = (Faults::default(), 0);
    for (at, text) in texts::all().iter().enumerate() {
        let account = format!("{:012}", 100_000_000_000 + at);
        let name = format!("Acme {text}");
        let fields = [
            ("name", name.as_str()),
            ("email", "ops@acme.test"),
            ("account", &account),
            ("load_balancers", "eu-west-1 all"),
            ("owner", text),
            ("notes", text),
        ];
        let answer = staff.post("/customers/new", &fields).await?;
        if answer.status != StatusCode::SEE_OTHER {
            faults.check("the form", text, &answer, &site.url);
            continue;
        }
        kept += 1;
        let page = answer.location.clone();
        faults.check("the customer", text, &staff.get(&page).await?, &site.url);
        let rotate = staff.get(&format!("{page}/rotate")).await?;
        faults.check("a question", text, &rotate, &site.url);
        let launch = staff.customer_page(page.trim_start_matches("/customers/")).await?;
        faults.check("the launch page", text, &site.anyone().get(&launch).await?, &site.url);
    }
    assert!(kept > 50, "only {kept} texts were taken at all");
    for path in ["/customers?sort=changed", "/audit"] {
        faults.check(path, "", &staff.get(path).await?, &site.url);
    }
    faults.none()
}

#[tokio::test]
async fn no_text_in_a_query_becomes_a_part_of_a_page() -> Result<()> {
    let site = Site::start(&[]).await?;
    let staff = site.admin().await?;
    let mut faults = Faults::default();
    let places = [
        "/customers?q=TEXT",
        "/customers?state=TEXT&region=TEXT&owner=TEXT&sort=TEXT&page=TEXT",
        "/audit?actor=TEXT&customer=TEXT&from=TEXT",
        "/customers/new/parse?load_balancers=TEXT&account=TEXT",
        "/sign-in?next=TEXT",
    ];
    for text in texts::all() {
        for place in places {
            let answer = staff.get(&place.replace("TEXT", &encoded(&text))).await?;
            faults.check(place, &text, &answer, &site.url);
        }
    }
    faults.none()
}
