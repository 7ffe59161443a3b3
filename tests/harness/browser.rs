//! The site as people see it: pages in Debian's Chromium, driven through `tests/browser/driver.mjs`.
//!
//! One Chromium serves all tests of a process and ends with it, however it ends. Each [`Page`] has
//! cookies and a cache of its own. Everything waits up to 10 seconds for what it needs. What fails
//! names what was asked and tells what the page showed.
//!
//! A *name* is what a screen reader says of a button or a link, in full. A *field* is a label's text
//! in full, or a CSS selector that begins with `#`, `.`, `[` or `css=`. A *selector* is CSS with
//! Playwright's extensions: `tr:has-text("Alpha") >> role=button[name="Copy link"]`.

mod driver;
mod seen;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::{Result, bail};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use self::driver::Driver;
pub use self::seen::{Cookie, Download, Node, Problem, Request, Stop, Violation};

/// The running Chromium.
#[derive(Debug, Clone)]
pub struct Browser(Arc<Driver>);

/// How somebody looks at the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own in a browser")]
pub struct Look {
    /// Prefers a dark theme.
    pub dark: bool,
    /// Of the window, in CSS pixels.
    pub width: u32,
    /// Of the window, in CSS pixels.
    pub height: u32,
    /// Whether the page's scripts run.
    pub javascript: bool,
    /// Prefers less motion.
    pub reduced_motion: bool,
    /// Has the system replace all colours.
    pub forced_colors: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            dark: false,
            width: 1280,
            height: 800,
            javascript: true,
            reduced_motion: false,
            forced_colors: false,
        }
    }
}

/// A tab. It closes when it is dropped; the first one of a [`Browser::page`] takes its cookies and
/// further tabs along.
#[derive(Debug)]
pub struct Page {
    driver: Arc<Driver>,
    id: u64,
}

#[derive(Debug, Deserialize)]
struct Audit {
    violations: Vec<Violation>,
    open: Vec<Violation>,
}

#[derive(Debug, Deserialize)]
struct Widths {
    scroll: u32,
    inner: u32,
}

impl Browser {
    /// The Chromium of this test process; the first call starts it, and the first call on a machine
    /// installs what drives it.
    pub async fn start() -> Result<Self> {
        let started = tokio::task::spawn_blocking(driver::shared).await?;
        match started {
            Ok(driver) => Ok(Self(driver)),
            Err(reason) => bail!("{reason}"),
        }
    }

    /// Chromium's version.
    pub async fn version(&self) -> Result<String> {
        self.0.ask(json!({ "do": "version" })).await
    }

    /// A window of somebody who was never here before.
    pub async fn page(&self, look: Look) -> Result<Page> {
        let id = self
            .0
            .ask(json!({
                "do": "open", "dark": look.dark, "width": look.width, "height": look.height,
                "javascript": look.javascript, "reduced_motion": look.reduced_motion,
                "forced_colors": look.forced_colors,
            }))
            .await?;
        Ok(Page { driver: Arc::clone(&self.0), id })
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.driver.tell(json!({ "do": "close", "page": self.id }));
    }
}

/// Going somewhere, and what came.
impl Page {
    /// Opens an address and waits until all of it is loaded; the status.
    pub async fn goto(&self, url: &str) -> Result<u16> {
        self.ask("goto", json!({ "url": url })).await
    }

    /// Loads the page again; the status.
    pub async fn reload(&self) -> Result<u16> {
        self.ask("reload", json!({})).await
    }

    /// Goes back one page; the status.
    pub async fn back(&self) -> Result<u16> {
        self.ask("back", json!({})).await
    }

    /// Another tab with the same cookies.
    pub async fn new_tab(&self) -> Result<Self> {
        let id = self.ask("new_tab", json!({})).await?;
        Ok(Self { driver: Arc::clone(&self.driver), id })
    }

    /// The status of the document that is shown, however it was reached; 0 in a tab that a link
    /// opened, until it goes on.
    pub async fn status(&self) -> Result<u16> {
        self.ask("status", json!({})).await
    }

    /// The headers of the document that is shown, by their names in lower case.
    pub async fn headers(&self) -> Result<BTreeMap<String, String>> {
        self.ask("headers", json!({})).await
    }

    /// Everything that came since the document was asked for and is complete: a page's weight.
    pub async fn requests(&self) -> Result<Vec<Request>> {
        self.ask("weight", json!({})).await
    }

    /// What went wrong since the tab was opened.
    pub async fn problems(&self) -> Result<Vec<Problem>> {
        self.ask("problems", json!({})).await
    }

    /// All cookies.
    pub async fn cookies(&self) -> Result<Vec<Cookie>> {
        self.ask("cookies", json!({})).await
    }

    /// Forgets all cookies.
    pub async fn clear_cookies(&self) -> Result<()> {
        self.ask("clear_cookies", json!({})).await
    }

    /// Cuts all tabs of this window from the network, or joins them again.
    pub async fn offline(&self, on: bool) -> Result<()> {
        self.ask("offline", json!({ "on": on })).await
    }
}

/// What a person does.
impl Page {
    /// Clicks a button and waits until the page it leads to, if any, is loaded.
    pub async fn click_button(&self, name: &str) -> Result<()> {
        self.click_role("button", name).await
    }

    /// Follows a link and waits until the page is loaded.
    pub async fn click_link(&self, name: &str) -> Result<()> {
        self.click_role("link", name).await
    }

    /// Clicks what has this ARIA role and name, such as `tab`.
    pub async fn click_role(&self, role: &str, name: &str) -> Result<()> {
        self.ask("click", json!({ "role": role, "name": name })).await
    }

    /// Clicks what a selector finds.
    pub async fn click(&self, css: &str) -> Result<()> {
        self.ask("click", json!({ "css": css })).await
    }

    /// Follows a link that opens a tab of its own; that tab.
    pub async fn click_link_to_new_tab(&self, name: &str) -> Result<Self> {
        let id = self.ask("click_to_new_tab", json!({ "role": "link", "name": name })).await?;
        Ok(Self { driver: Arc::clone(&self.driver), id })
    }

    /// Clicks what has this role, `link` or `button`, and name, and takes the file it gives.
    pub async fn download(&self, role: &str, name: &str) -> Result<Download> {
        self.ask("download", json!({ "role": role, "name": name })).await
    }

    /// Replaces what is in a field.
    pub async fn fill(&self, field: &str, text: &str) -> Result<()> {
        self.ask("fill", json!({ "field": field, "text": text })).await
    }

    /// Chooses an option by its words or its value.
    pub async fn select(&self, field: &str, choice: &str) -> Result<()> {
        self.ask("select", json!({ "field": field, "choice": choice })).await
    }

    /// Ticks a box or a radio button, or takes the tick from a box.
    pub async fn check(&self, field: &str, on: bool) -> Result<()> {
        self.ask("check", json!({ "field": field, "on": on })).await
    }

    /// Puts a file of this name and content into a file field.
    pub async fn upload(&self, field: &str, file: &str, text: &str) -> Result<()> {
        self.ask("upload", json!({ "field": field, "file": file, "text": text })).await
    }

    /// Presses a key or a chord, such as `Enter`, `/` or `Control+A`, where the focus is.
    pub async fn press(&self, key: &str) -> Result<()> {
        self.ask("press", json!({ "key": key })).await
    }
}

/// What a person sees.
impl Page {
    /// The address.
    pub async fn url(&self) -> Result<String> {
        self.ask("url", json!({})).await
    }

    /// The title.
    pub async fn title(&self) -> Result<String> {
        self.ask("title", json!({})).await
    }

    /// The document as it stands now.
    pub async fn html(&self) -> Result<String> {
        self.ask("html", json!({})).await
    }

    /// All text that shows, each run of white space as one space.
    pub async fn text(&self) -> Result<String> {
        self.ask("text", json!({})).await
    }

    /// The text that shows in what a selector finds.
    pub async fn text_of(&self, css: &str) -> Result<String> {
        self.ask("text", json!({ "css": css })).await
    }

    /// Waits until these words show.
    pub async fn sees(&self, words: &str) -> Result<()> {
        self.ask("wait_for_text", json!({ "text": words })).await
    }

    /// Waits until these words no longer show.
    pub async fn no_longer_sees(&self, words: &str) -> Result<()> {
        self.ask("wait_for_text", json!({ "text": words, "gone": true })).await
    }

    /// Waits until something that a selector finds shows.
    pub async fn has(&self, css: &str) -> Result<()> {
        self.ask("wait_for", json!({ "css": css })).await
    }

    /// How many elements a selector finds now.
    pub async fn count(&self, css: &str) -> Result<usize> {
        self.ask("count", json!({ "css": css })).await
    }

    /// An attribute of the one element that a selector finds.
    pub async fn attribute(&self, css: &str, name: &str) -> Result<Option<String>> {
        self.ask("attribute", json!({ "css": css, "name": name })).await
    }

    /// What is in a field.
    pub async fn value(&self, field: &str) -> Result<String> {
        self.ask("value", json!({ "field": field })).await
    }

    /// What was copied last. All tabs of a test process share one clipboard.
    pub async fn clipboard(&self) -> Result<String> {
        self.ask("clipboard", json!({})).await
    }

    /// The value of an expression; a promise is waited for.
    pub async fn evaluate<T: DeserializeOwned>(&self, js: &str) -> Result<T> {
        self.ask("evaluate", json!({ "js": js })).await
    }
}

/// Whether everybody can use it.
impl Page {
    /// What axe-core finds against WCAG 2.2 AA and its best practices.
    pub async fn axe(&self) -> Result<Vec<Violation>> {
        Ok(self.audit().await?.violations)
    }

    /// What axe-core leaves to a person to judge.
    pub async fn axe_open(&self) -> Result<Vec<Violation>> {
        Ok(self.audit().await?.open)
    }

    async fn audit(&self) -> Result<Audit> {
        self.ask("axe", json!({})).await
    }

    /// Where the Tab key leads from where the focus is, up to the end of the page.
    pub async fn focus_order(&self, most: usize) -> Result<Vec<Stop>> {
        self.ask("focus_order", json!({ "most": most })).await
    }

    /// Whether the page is wider than the window.
    pub async fn overflows(&self) -> Result<bool> {
        let widths: Widths = self.ask("widths", json!({})).await?;
        Ok(widths.scroll > widths.inner)
    }

    /// Makes the window larger or smaller.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        self.ask("resize", json!({ "width": width, "height": height })).await
    }

    /// Shows the page as it would be printed, or on a screen again.
    pub async fn as_printed(&self, on: bool) -> Result<()> {
        self.ask("media", json!({ "media": if on { "print" } else { "screen" } })).await
    }

    /// Saves a picture (PNG) of the whole page.
    pub async fn screenshot(&self, path: &Path) -> Result<()> {
        self.ask("screenshot", json!({ "path": path })).await
    }

    async fn ask<T: DeserializeOwned>(&self, what: &str, mut with: Value) -> Result<T> {
        with["do"] = what.into();
        with["page"] = self.id.into();
        self.driver.ask(with).await
    }
}
