//! Every page, in every state, as everybody meets it: light and dark, wide and narrow, with another's
//! colours, without scripts, printed, by keyboard, and held against WCAG 2.2 AA.

mod scenes;
pub(super) mod seeded;

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    fs,
    path::PathBuf,
};

use anyhow::{Context, Result};
use futures_util::future::{join_all, try_join_all};
use harness::{
    browser::{Browser, Look, Page, Violation},
    site::{PASSWORD, Site, Visitor},
    target,
};
use onboarding_web::routes;

use self::{
    scenes::{Do, FILES, FRAGMENTS, Scene, Who},
    seeded::Seeded,
};

const WIDE: Look = Look {
    dark: false,
    width: 1280,
    height: 800,
    javascript: true,
    reduced_motion: false,
    forced_colors: false,
};
const NARROW: Look = Look { width: 320, height: 640, ..WIDE };

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
struct View {
    name: &'static str,
    look: Look,
    /// Walks through the page with the Tab key.
    by_keyboard: bool,
    /// Looks at one state of each page only.
    quick: bool,
}

/// Each page is looked at in the first four, and in each of its states in two of them.
const VIEWS: [View; 6] = [
    View { name: "light-1280", look: WIDE, by_keyboard: true, quick: false },
    View { name: "dark-1280", look: Look { dark: true, ..WIDE }, by_keyboard: false, quick: true },
    View { name: "light-320", look: NARROW, by_keyboard: false, quick: true },
    View { name: "dark-320", look: Look { dark: true, ..NARROW }, by_keyboard: true, quick: false },
    View {
        name: "forced-colours",
        look: Look { forced_colors: true, reduced_motion: true, ..WIDE },
        by_keyboard: true,
        quick: true,
    },
    View {
        name: "no-javascript",
        look: Look { javascript: false, ..WIDE },
        by_keyboard: false,
        quick: true,
    },
];

/// Everybody who looks at a site.
struct Staff {
    site: String,
    admin: Visitor,
    viewer: Visitor,
}

fn screenshots() -> Result<PathBuf> {
    let folder = target().join("screenshots");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A tab of somebody who has a session already.
pub(super) async fn tab(browser: &Browser, look: Look, site: &str, who: &Visitor) -> Result<Page> {
    let page = browser.page(look).await?;
    if !who.cookie().is_empty() {
        page.goto(&format!("{site}/help")).await?;
        page.evaluate::<String>(&format!("document.cookie = '{}; path=/'", who.cookie())).await?;
    }
    Ok(page)
}

impl Staff {
    async fn of(site: &Site) -> Result<Self> {
        let (admin, viewer) = (site.admin().await?, site.staff("viewer").await?);
        Ok(Self { site: site.url.clone(), admin, viewer })
    }

    async fn tab(&self, browser: &Browser, look: Look, who: Who) -> Result<Page> {
        let nobody = self.admin.with_cookie("");
        let visitor = match who {
            Who::Anyone => &nobody,
            Who::Viewer => &self.viewer,
            Who::Admin => &self.admin,
        };
        tab(browser, look, &self.site, visitor).await
    }
}

/// Looks at all scenes in all views; what is wrong, a line each.
async fn faults(staff: &Staff, scenes: &[Scene], views: &[View]) -> Result<Vec<String>> {
    let browser = Browser::start().await?;
    let folder = screenshots()?;
    let all = views.iter().map(|view| {
        let (browser, folder) = (&browser, &folder);
        async move {
            let mut found = Vec::new();
            let (mut seen, mut tabs) = (BTreeSet::new(), BTreeMap::new());
            for scene in scenes {
                let first = seen.insert(scene.route);
                if !first && view.quick {
                    continue;
                }
                let page = match tabs.entry(scene.who) {
                    Entry::Occupied(tab) => tab.into_mut(),
                    Entry::Vacant(place) => {
                        place.insert(staff.tab(browser, view.look, scene.who).await?)
                    }
                };
                let name = format!("{} {}", scene.name, view.name);
                let wrong = match look_at(page, &staff.site, scene, view, first).await {
                    Ok(wrong) => wrong,
                    Err(error) => vec![format!("{error:#}")],
                };
                let file = format!("{}-{}.png", scene.name, view.name);
                page.screenshot(&folder.join(file)).await?;
                found.extend(wrong.into_iter().map(|fault| format!("{name}: {fault}")));
            }
            anyhow::Ok(found)
        }
    });
    Ok(try_join_all(all).await?.concat())
}

/// Opens a page, brings it into its state, and says what is wrong; the first state of a page is also
/// walked through with the Tab key.
async fn look_at(
    page: &Page,
    site: &str,
    scene: &Scene,
    view: &View,
    first: bool,
) -> Result<Vec<String>> {
    let (by_keyboard, before) = (first && view.by_keyboard, page.problems().await?.len());
    let mut status = page.goto(&format!("{site}{}", scene.path)).await?;
    for step in &scene.steps {
        step.take(page, view.name).await?;
        status = page.status().await?;
    }
    let mut wrong = Vec::new();
    if status != scene.status {
        wrong.push(format!("status {status}, not {}", scene.status));
    }
    wrong.extend(of_the_document(page, scene).await?);
    wrong.extend(page.axe().await?.iter().map(violation));
    if page.overflows().await? {
        wrong.push("wider than the window".to_owned());
    }
    if by_keyboard {
        wrong.extend(of_the_keyboard(page).await?);
    }
    wrong.extend(of_the_focus(page).await?);
    if view.look.reduced_motion {
        let moving: usize = page
            .evaluate(
                "document.getAnimations().filter((one) => one.playState === 'running').length",
            )
            .await?;
        if moving > 0 {
            wrong.push(format!("{moving} animations for somebody who wants none"));
        }
    }
    if view.name == "light-1280" {
        wrong.extend(of_large_text(page).await?);
    }
    wrong.extend(
        page.problems()
            .await?
            .into_iter()
            .skip(before)
            .map(|one| format!("{}: {}", one.kind, one.text)),
    );
    Ok(wrong)
}

fn violation(one: &Violation) -> String {
    let nodes: Vec<String> =
        one.nodes.iter().take(3).map(|node| format!("{} {}", node.target, node.why)).collect();
    format!("axe {} ({} places): {}", one.id, one.nodes.len(), nodes.join(" | "))
}

async fn of_the_document(page: &Page, scene: &Scene) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let title = page.title().await?;
    let heading = page.count("h1").await?;
    if heading != 1 {
        wrong.push(format!("{heading} headings of the first level"));
    }
    let parts: Vec<&str> = title.split(" – ").collect();
    if parts.len() < 2 || parts.iter().any(|part| part.trim().is_empty()) {
        wrong.push(format!("the title is '{title}'"));
    }
    let summary = page.count(".error-summary").await? > 0;
    if summary != title.starts_with("Error: ") {
        wrong.push(format!("the title '{title}' does not say whether something is wrong"));
    }
    if scene.status == 422 && !summary {
        wrong.push("nothing says first what is wrong".to_owned());
    }
    let owned: Option<u32> = page.evaluate("window.owned ?? null").await?;
    if owned.is_some() {
        wrong.push("text that somebody typed was run as a script".to_owned());
    }
    let words = page.text().await?;
    for never in ["{{ ui", "{%", "undefined", "NaN", "[object"] {
        if words.contains(never) {
            wrong.push(format!("'{never}' is on the page"));
        }
    }
    Ok(wrong)
}

/// Each stop of the Tab key has a name and shows the focus, and the last one is left again.
async fn of_the_keyboard(page: &Page) -> Result<Vec<String>> {
    const MOST: usize = 600;
    page.evaluate::<Option<u8>>("document.activeElement?.blur()").await?;
    let stops = page.focus_order(MOST).await?;
    let mut wrong = Vec::new();
    if stops.len() == MOST || stops.is_empty() {
        wrong.push(format!("{} stops of the Tab key", stops.len()));
    }
    for stop in &stops {
        let what = format!("{} '{}' ({})", stop.role, stop.name, stop.tag);
        if !stop.outlined {
            wrong.push(format!("the focus does not show on {what}"));
        }
        if stop.name.is_empty() {
            wrong.push(format!("a stop without a name: {what}"));
        }
    }
    Ok(wrong)
}

/// What does not show that it has the focus, or then lies under something else or out of sight (WCAG
/// 2.4.7 and 2.4.11). Of what is larger than the window, the part that is in it counts.
async fn of_the_focus(page: &Page) -> Result<Vec<String>> {
    page.press("Tab").await?;
    page.evaluate(UNSEEN).await
}

const UNSEEN: &str = "[...document.querySelectorAll(
        'a[href], button, input:not([tabindex]), select, textarea, summary, [tabindex=\"0\"]'
    )].filter((one) => one.checkVisibility()).flatMap((one) => {
        one.focus();
        if (document.activeElement !== one) return [];
        const { left, right, top, bottom } = one.getBoundingClientRect();
        const x = (Math.max(left, 0) + Math.min(right, innerWidth)) / 2;
        const y = (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2;
        const there = document.elementFromPoint(x, y);
        const covered = !(there && (one.contains(there) || there.contains(one)));
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
        const shows = outlineStyle !== 'none' && parseFloat(outlineWidth) > 0 || boxShadow !== 'none';
        const what = one.outerHTML.slice(0, 120);
        return [...covered ? [`the focus is covered on ${what}`] : [],
            ...shows ? [] : [`the focus does not show on ${what}`]];
    })";

/// WCAG 1.4.4: text of twice the size.
async fn of_large_text(page: &Page) -> Result<Vec<String>> {
    page.evaluate::<String>("document.documentElement.style.fontSize = '200%'").await?;
    let wide = page.overflows().await?;
    page.evaluate::<String>("document.documentElement.style.fontSize = ''").await?;
    Ok(wide
        .then(|| "wider than the window with text of twice the size".to_owned())
        .into_iter()
        .collect())
}

fn told(faults: &[String]) -> String {
    format!("{} faults:\n{}", faults.len(), faults.join("\n"))
}

#[test]
fn every_page_of_the_site_is_looked_at() {
    let nobody = BTreeMap::new();
    let scenes = scenes::of_a_busy_site(&nobody);
    let pages: BTreeSet<&str> =
        scenes.iter().map(|scene| scene.route).filter(|route| !route.is_empty()).collect();
    let known: BTreeSet<&str> = pages.into_iter().chain(FRAGMENTS).chain(FILES).collect();
    let table = routes::table();
    let pages = table.iter().filter(|route| !route.path.starts_with("/api/"));
    let all = pages.filter(|route| route.method == http::Method::GET);
    let all: BTreeSet<&str> = all.map(|route| route.path).collect();
    assert_eq!(known, all);
}

#[tokio::test]
async fn everybody_can_use_every_page_in_every_state() -> Result<()> {
    let seeded = Seeded::new().await?;
    let staff = Staff::of(&seeded.site).await?;
    let scenes = scenes::of_a_busy_site(&seeded.people);
    let found = faults(&staff, &scenes, &VIEWS).await?;
    assert!(found.is_empty(), "{}", told(&found));
    Ok(())
}

#[tokio::test]
async fn everybody_can_use_a_site_on_which_nothing_has_happened() -> Result<()> {
    let site = Site::start(&["--vendor-name=Northlight Analytics"]).await?;
    let staff = Staff::of(&site).await?;
    let found = faults(&staff, &scenes::of_an_empty_site(), &VIEWS).await?;
    assert!(found.is_empty(), "{}", told(&found));

    // Somebody new signs in with a password that somebody else made.
    let (code, text) = site.run(&["staff", "add", "new@vendor.test"])?;
    assert_eq!(code, 0, "{text}");
    let first = text.split("with the password ").nth(1).context("no password")?;
    let first = first.split(',').next().unwrap_or_default();
    let mut viewer = site.anyone();
    assert_eq!(viewer.sign_in("new@vendor.test", first).await?.status, 303);
    let staff = Staff { viewer, ..staff };
    let found = faults(&staff, &[scenes::first_password()], &VIEWS).await?;
    assert!(found.is_empty(), "{}", told(&found));

    // Whoever guesses at links is asked to wait.
    for at in 0..40 {
        site.anyone().get(&format!("/c/guess-{at}")).await?;
    }
    // Many at once, since a try becomes free every two seconds and none of them may be left to the page.
    let guess = async || {
        let guesses = (0..16).map(|_| async {
            loop {
                drop(site.anyone().get("/c/guess").await);
            }
        });
        let _: Vec<()> = join_all(guesses).await;
    };
    let too_many = [scenes::too_many()];
    let mut found = Vec::new();
    // On a slow machine the page may be the first all the same; not three times in a row.
    for _ in 0..3 {
        found = tokio::select! {
            found = faults(&staff, &too_many, &VIEWS) => found?,
            () = guess() => Vec::new(),
        };
        if found.is_empty() {
            break;
        }
    }
    assert!(found.is_empty(), "{}", told(&found));
    Ok(())
}

#[tokio::test]
async fn files_and_parts_of_pages_are_what_they_are_said_to_be() -> Result<()> {
    let seeded = Seeded::new().await?;
    let paths = scenes::paths(&seeded.people);
    for route in FRAGMENTS.into_iter().chain(FILES) {
        let Some(path) = paths.get(route) else { continue };
        let answer = seeded.admin.get(path).await?;
        let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok());
        let html = kind.is_some_and(|kind| kind.starts_with("text/html"));
        let whole = answer.text.contains("<!doctype html>");
        assert_eq!(answer.status, 200, "{route}");
        assert!(!whole && html == FRAGMENTS.contains(&route), "{route} is {kind:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_customers_page_is_light() -> Result<()> {
    let seeded = Seeded::new().await?;
    let browser = Browser::start().await?;
    for who in ["sent", "active", "unknown"] {
        let page = browser.page(WIDE).await?;
        page.goto(&format!("{}{}", seeded.site.url, seeded.person(who).page)).await?;
        page.sees("Last update").await?;
        let requests = page.requests().await?;
        let bytes: u64 = requests.iter().map(|one| one.body_bytes + one.header_bytes).sum();
        let kinds: BTreeSet<&str> = requests.iter().map(|one| one.kind.as_str()).collect();
        assert!(kinds.is_superset(&["document", "stylesheet", "script"].into()), "{kinds:?}");
        assert!((1_000..=60 * 1024).contains(&bytes), "{who}: {bytes} bytes: {requests:#?}");
        let elsewhere = requests.iter().find(|one| !one.url.starts_with(&seeded.site.url));
        assert_eq!(elsewhere, None);
    }
    Ok(())
}

#[tokio::test]
async fn the_permissions_can_be_printed() -> Result<()> {
    let seeded = Seeded::new().await?;
    let browser = Browser::start().await?;
    let page = browser.page(Look { dark: true, ..WIDE }).await?;
    let path = &seeded.person("sent").page;
    page.goto(&format!("{}{path}/permissions", seeded.site.url)).await?;
    page.as_printed(true).await?;
    let paper = page.text().await?;
    for words in
        ["Permissions for your security team", "s3:PutBucketPolicy", "SHA-256", "Northlight"]
    {
        assert!(paper.contains(words), "'{words}' is not printed: {paper}");
    }
    for words in ["Skip to main content", "Copy", "Back"] {
        assert!(!paper.contains(words), "'{words}' is printed");
    }
    let colours: [String; 2] = page
        .evaluate("(({ backgroundColor, color }) => [backgroundColor, color])(getComputedStyle(document.body))")
        .await?;
    assert_eq!(colours, ["rgb(255, 255, 255)", "rgb(22, 33, 43)"], "ink on paper");
    page.screenshot(&screenshots()?.join("permissions-printed.png")).await?;

    // What is folded away on a screen is unfolded on paper.
    page.as_printed(false).await?;
    page.goto(&format!("{}{path}", seeded.site.url)).await?;
    assert!(!page.evaluate::<bool>(FOLDED_SHOWS).await?, "unfolded on the screen");
    page.as_printed(true).await?;
    assert!(page.evaluate::<bool>(FOLDED_SHOWS).await?, "folded away on paper");
    page.screenshot(&screenshots()?.join("launch-printed.png")).await
}

const FOLDED_SHOWS: &str = "document.querySelector('details:not([open]) pre').checkVisibility()";

#[tokio::test]
async fn all_of_it_works_without_scripts() -> Result<()> {
    let site = Site::start(&[]).await?;
    site.admin().await?;
    let page = Browser::start().await?.page(Look { javascript: false, ..WIDE }).await?;
    page.goto(&format!("{}/customers/new", site.url)).await?;
    page.fill("E-mail", "admin@localhost").await?;
    page.fill("Password", PASSWORD).await?;
    page.click_button("Sign in").await?;
    page.fill("Customer’s name", "Acme Stores").await?;
    page.fill("Contact e-mail", "ops@acme.test").await?;
    page.fill("Account ID", "1234").await?;
    page.fill("#load_balancers", "eu-west-1 all\nnonsense").await?;
    page.click_button("Add customer and make links").await?;
    assert_eq!(page.status().await?, 422);
    // What lines mean is told without scripts too, once the form was sent.
    page.sees("1 can be used, 1 cannot").await?;
    assert_eq!(page.value("Contact e-mail").await?, "ops@acme.test");
    page.fill("Account ID", "1111 2222 3333").await?;
    page.fill("#load_balancers", "eu-west-1 all").await?;
    page.click_button("Add customer and make links").await?;
    page.sees("The customer was added and the link is ready").await?;
    assert_eq!(page.count("button.copy:visible").await?, 0, "a button that does nothing");

    let link = page.text_of("#page-link").await?;
    page.goto(&link).await?;
    page.sees("Not launched yet").await?;
    page.click("summary:has-text('AWS CLI') >> visible=true").await?;
    page.sees("aws cloudformation create-stack").await?;
    let (person, region) = (link.trim_start_matches(&site.url), "eu-west-1");
    let token = site.anyone().links(person).await?.remove(0);
    let token = templates::quick_create::parse(&token)?.parameters.remove(1).1;
    let report = format!(
        r#"{{"stack_id":"arn:aws:cloudformation:{region}:111122223333:stack/logs-analysis-x/1",
        "request_id":"1","request_type":"Create","phase":"started"}}"#
    );
    assert_eq!(site.anyone().report(&token, &report).await?.status, 204);
    page.click_link("Check again").await?;
    page.sees("The stack is being created").await?;
    page.click_link("permissions for your security team").await?;
    page.click_link("Back").await?;
    page.click_link("Paste it here and see what to do").await?;
    page.fill("What AWS said", "Requires capabilities : [CAPABILITY_IAM]").await?;
    page.click_button("Explain").await?;
    page.sees("tick").await?;
    assert_eq!(page.problems().await?, vec![]);
    Ok(())
}

impl Do {
    async fn take(&self, page: &Page, view: &str) -> Result<()> {
        let number = VIEWS.iter().position(|one| one.name == view).unwrap_or_default();
        let own = |text: &str| text.replace("{n}", &number.to_string());
        match self {
            Self::Fill(field, text) => page.fill(field, &own(text)).await,
            Self::Upload(text) => page.upload("#file", "customers.csv", &own(text)).await,
            Self::Press(button) => page.click_button(button).await,
            Self::Click(css) => page.click(css).await,
        }
    }
}
