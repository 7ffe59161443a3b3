//! What a page tells of itself.

use serde::Deserialize;

/// What axe-core finds fault with, or cannot decide.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Violation {
    /// axe-core's name of the rule, such as `color-contrast`.
    pub id: String,
    /// From `minor` to `critical`.
    pub impact: Option<String>,
    /// The rule in words.
    pub help: String,
    /// Where.
    pub nodes: Vec<Node>,
}

/// An element that a [`Violation`] is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Node {
    /// Its CSS selector.
    pub target: String,
    /// Its start tag.
    pub html: String,
    /// What to mend.
    pub why: String,
}

/// Where the Tab key leads.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Stop {
    /// Such as `a`.
    pub tag: String,
    /// Such as `link`.
    pub role: String,
    /// The accessible name.
    pub name: String,
    /// Whether an outline or a shadow shows the focus.
    pub outlined: bool,
    /// Whether something else lies over its middle, or it is scrolled out of sight.
    pub covered: bool,
}

/// Something that came over the wire for a document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Request {
    /// In full.
    pub url: String,
    /// Such as `document`, `stylesheet`, `script`, `image`.
    pub kind: String,
    /// The HTTP status.
    pub status: u16,
    /// The body's bytes as sent, so after compression; 0 from the cache.
    pub body_bytes: u64,
    /// The bytes of status line and headers.
    pub header_bytes: u64,
}

/// What went wrong in a page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// `csp` (blocked by the Content-Security-Policy), `console` (an error or a warning there),
    /// `script` (an exception) or `request` (no answer).
    pub kind: String,
    /// Chromium's words.
    pub text: String,
}

/// A cookie as the browser keeps it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The host it goes to.
    pub domain: String,
    /// The path it goes to.
    pub path: String,
    /// Unix seconds; -1 if it ends with the browser.
    pub expires: f64,
    /// Kept from scripts.
    pub http_only: bool,
    /// Kept from plain http.
    pub secure: bool,
    /// `Strict`, `Lax` or `None`.
    pub same_site: String,
}

/// A file that a link or a button gave.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Download {
    /// The name it would be saved under.
    pub name: String,
    /// What is in it.
    pub text: String,
}
