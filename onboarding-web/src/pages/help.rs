//! Help: links, signing in, states, keys.

use askama::Template;

use super::frame::{Frame, Tag};

/// `/help`, for everybody.
#[derive(Debug, Template)]
#[template(path = "help.html")]
pub struct HelpPage {
    /// With navigation if somebody is signed in.
    pub frame: Frame,
    /// The e-mail address or the name of a support page.
    pub contact: String,
    /// `mailto:` or `https://`.
    pub contact_url: String,
    /// Each state and what it means.
    pub states: Vec<(Tag, &'static str)>,
    /// Each key and what it does.
    pub keys: [(&'static str, &'static str); 7],
}

/// As shown, in the order things happen.
const STATES: [(&str, &str); 10] = [
    ("sent", "The link was made. Nobody has opened it yet."),
    ("opened", "Somebody opened the link. No stack has reported."),
    ("running", "A stack is being created, updated or deleted."),
    (
        "failed",
        "The stack stopped, and what it had changed was put back. The customer’s page says why.",
    ),
    ("waiting", "The stack is complete. No log has come yet."),
    ("active", "The stack is complete, and logs can be read."),
    ("silent", "No log has come for longer than it should, or the subscription was ended."),
    ("unreadable", "Logs are written, and we may not read them. The customer’s page says why."),
    ("stale", "It was connected, but nothing has come for longer than it should."),
    ("removed", "The stack was deleted. Logs stay with the customer."),
];

const KEYS: [(&str, &str); 7] = [
    ("/", "Search"),
    ("n", "Add a customer"),
    ("j", "Next row"),
    ("k", "Row before"),
    ("Enter", "Open the row"),
    ("c", "Copy the row’s link"),
    ("?", "List of keys"),
];

impl HelpPage {
    /// The page, with whom to ask.
    pub fn new(frame: Frame, contact: String, contact_url: String) -> Self {
        let states = STATES.map(|(state, words)| (Tag::of_state(state), words)).into();
        Self { frame, contact, contact_url, states, keys: KEYS }
    }
}

#[cfg(test)]
pub(crate) fn sample(frame: Frame) -> HelpPage {
    HelpPage::new(
        frame,
        "onboarding@northlight.example".into(),
        "mailto:onboarding@northlight.example".into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_read_about_links_first_and_staff_do_not() {
        let html = sample(Frame::sample("Help")).render().expect("renders");
        assert!(html.contains("You were sent a link") && html.contains("Connected"));
        let html = sample(Frame::staff_sample("Help", "")).render().expect("renders");
        assert!(!html.contains("You were sent a link") && html.contains("<kbd>j</kbd>"));
    }
}
