//! When a page cannot be shown: why, and a way on.

use askama::Template;

use super::frame::Frame;

/// Any error page.
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// Its title is the `h1`.
    pub frame: Frame,
    /// The HTTP status.
    pub status: u16,
    /// Why, and what to do, a paragraph each.
    pub text: Vec<String>,
    /// What support finds it by.
    pub code: Option<String>,
    /// Label and URL; the first is the best.
    pub ways: Vec<(String, String)>,
}

/// Whom to ask, for those who cannot help themselves.
#[derive(Debug, Clone)]
pub struct Contact {
    /// The e-mail address or the name of a support page.
    pub name: String,
    /// `mailto:` or `https://`.
    pub url: String,
}

impl Contact {
    fn way(&self) -> (String, String) {
        (format!("Write to {}", self.name), self.url.clone())
    }
}

impl ErrorPage {
    fn new(mut frame: Frame, status: u16, title: &str, text: &[&str]) -> Self {
        title.clone_into(&mut frame.title);
        frame.current = "";
        let text = text.iter().map(|&line| line.to_owned()).collect();
        Self { frame, status, text, code: None, ways: vec![] }
    }

    fn way(mut self, label: &str, url: &str) -> Self {
        self.ways.push((label.to_owned(), url.to_owned()));
        self
    }

    fn home(self) -> Self {
        if self.frame.staff.is_some() {
            self.way("Go to the customers", "/customers")
        } else {
            self.way("Sign in", "/sign-in")
        }
    }

    /// 403: signed in, but the role does not reach.
    pub fn forbidden(frame: Frame, needs: &str) -> Self {
        let why =
            format!("This needs the role {needs}. An admin can give it to you under Settings.");
        Self::new(frame, 403, "You may not do this", &[&why]).home()
    }

    /// 403: the form came from another site or is too old.
    pub fn foreign_form(frame: Frame) -> Self {
        let why = "The form was not sent from this site, so nothing was changed.";
        let next = "Open the page again and send the form once more.";
        Self::new(frame, 403, "Nothing was changed", &[why, next]).home()
    }

    /// 404, for staff.
    pub fn not_found(frame: Frame) -> Self {
        let why = "The address may be mistyped, or what stood here was removed.";
        Self::new(frame, 404, "There is no such page", &[why]).home()
    }

    /// 404 for a customer's link, in the same words whether it expired, was revoked or never was.
    pub fn link_gone(frame: Frame, contact: &Contact) -> Self {
        let why =
            "It may have expired, been replaced by a newer one, or been cut off on its way to you.";
        let next = "Ask for a new link. A stack that was launched already goes on working.";
        let mut page = Self::new(frame, 404, "This link does not work any more", &[why, next]);
        page.ways.push(contact.way());
        page
    }

    /// 429; `when` such as "in 4 minutes".
    pub fn too_many(frame: Frame, when: &str) -> Self {
        let why = "There were too many requests from your network in a short time.";
        Self::new(frame, 429, "Too many requests", &[why, &format!("Try again {when}.")])
    }

    /// 500, with what the log knows it by.
    pub fn failed(frame: Frame, code: &str, contact: &Contact) -> Self {
        let why = "The fault is ours and has been recorded. Nothing in an AWS account was touched.";
        let next = "Try again in a minute. If it stays, write to us and name the code.";
        let mut page = Self::new(frame, 500, "Something went wrong", &[why, next]);
        page.code = Some(code.to_owned());
        page.ways.push(contact.way());
        page
    }

    /// 503 while the database is being changed or cannot be reached.
    pub fn maintenance(frame: Frame, contact: &Contact) -> Self {
        let why =
            "It is being worked on. Stacks in AWS go on working, and their reports are sent again.";
        let next = "Try again in a few minutes.";
        let mut page = Self::new(frame, 503, "This site is not available just now", &[why, next]);
        page.ways.push(contact.way());
        page
    }

    /// Any other refusal, such as a form that is too large.
    pub fn other(frame: Frame, status: u16, title: &str, next: &str) -> Self {
        Self::new(frame, status, title, &[next]).home()
    }
}

#[cfg(test)]
pub(crate) fn samples() -> Vec<ErrorPage> {
    let contact = Contact {
        name: "onboarding@northlight.example".into(),
        url: "mailto:onboarding@northlight.example".into(),
    };
    let customer = || Frame::sample("");
    let staff = || Frame::staff_sample("", "customers");
    vec![
        ErrorPage::forbidden(staff(), "admin"),
        ErrorPage::foreign_form(staff()),
        ErrorPage::not_found(staff()),
        ErrorPage::link_gone(customer(), &contact),
        ErrorPage::too_many(customer(), "in 4 minutes"),
        ErrorPage::failed(staff(), "7f3a-91c2", &contact),
        ErrorPage::maintenance(customer(), &contact),
        ErrorPage::other(staff(), 413, "The file is too large", "Send at most 2 MB at a time."),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_title_and_says_what_to_do() {
        for page in samples() {
            let html = page.render().expect("renders");
            assert!(html.contains(&format!("<h1>{}</h1>", page.frame.title)), "{html}");
            assert!(page.status == 429 || !page.ways.is_empty(), "{} has no way on", page.status);
        }
    }

    #[test]
    fn a_fault_shows_its_code() {
        let html = samples().remove(5).render().expect("renders");
        assert!(html.contains("<code>7f3a-91c2</code>"));
    }
}
