//! What every page shares: the frame around it, tags, messages beside fields, the pager.

/// Around every page: header, navigation, flash and footer.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// The page's name in the browser's tab, without the product's; usually the `h1`.
    pub title: String,
    /// What the service is called.
    pub product: String,
    /// Who runs it, as customers know them.
    pub vendor: String,
    /// Where "Help" in the footer leads; the same for all pages of a side.
    pub help_url: String,
    /// `auto`, `light` or `dark`.
    pub theme: &'static str,
    /// Whether single keys do something (WCAG 2.1.4: they can be turned off).
    pub shortcuts: bool,
    /// What just happened, once.
    pub flash: Option<Flash>,
    /// Who is signed in; `None` on the customer's side and when signing in.
    pub staff: Option<Signed>,
    /// The navigation's item: `customers`, `templates`, `audit`, `settings` or empty.
    pub current: &'static str,
    /// Path of the style sheet, with its hash.
    pub css: String,
    /// Path of the script, with its hash.
    pub js: String,
}

/// A line above the page that says what just happened.
#[derive(Debug, Clone)]
pub struct Flash {
    /// `ok`, `warn` or `bad`.
    pub kind: &'static str,
    /// A sentence.
    pub text: String,
}

/// The person at the keyboard.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Name or e-mail.
    pub name: String,
    /// `viewer`, `editor` or `admin`.
    pub role: &'static str,
    /// At least an editor.
    pub can_edit: bool,
    /// An admin.
    pub is_admin: bool,
}

/// A state in colour, icon and word; never by colour alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// `neutral`, `info`, `running`, `ok`, `warn` or `bad`.
    pub class: &'static str,
    /// A name that the `icon` macro knows; any other is a dot.
    pub icon: &'static str,
    /// What it says.
    pub word: String,
}

impl Tag {
    /// A tag with a word of its own.
    pub fn new(class: &'static str, icon: &'static str, word: impl Into<String>) -> Self {
        Self { class, icon, word: word.into() }
    }

    /// The tag of a region's state by its stored name, such as `sent` or `active`.
    pub fn of_state(state: &str) -> Self {
        match state {
            "sent" => Self::new("neutral", "send", "Sent"),
            "opened" => Self::new("info", "eye", "Opened"),
            "running" => Self::new("running", "running", "Running"),
            "failed" => Self::new("bad", "cross", "Failed"),
            "active" => Self::new("ok", "check", "Connected"),
            "waiting" => Self::new("info", "clock", "Waiting for logs"),
            "silent" => Self::new("warn", "clock", "No logs"),
            "unreadable" => Self::new("bad", "lock", "Logs not readable"),
            "stale" => Self::new("warn", "clock", "Stale"),
            "removed" => Self::new("neutral", "minus", "Removed"),
            other => Self::new("neutral", "dot", other),
        }
    }

    /// Shown beside the state when a link no longer opens: `expired` or `revoked`.
    pub fn of_link(state: &str) -> Self {
        match state {
            "expired" => Self::new("warn", "clock", "Link expired"),
            "revoked" => Self::new("bad", "lock", "Link revoked"),
            other => Self::new("neutral", "dot", other),
        }
    }
}

/// What is wrong with one field of a form that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The control's id and name; empty when no single field is to blame.
    pub field: String,
    /// The same sentence for the summary and beside the field.
    pub message: String,
}

impl FieldError {
    /// An error of one field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// The first message for a field, if it has any.
pub fn error_for<'a>(errors: &'a [FieldError], field: &str) -> Option<&'a str> {
    errors.iter().find(|error| error.field == field).map(|error| error.message.as_str())
}

/// Links to the other pages of a list.
#[derive(Debug, Clone, Default)]
pub struct Pager {
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
    /// The numbers; one without URL that is not current is a gap.
    pub pages: Vec<PageLink>,
}

/// One number of a pager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageLink {
    /// The number.
    pub label: String,
    /// Where it leads; empty for a gap.
    pub url: String,
    /// Whether it is this page.
    pub current: bool,
}

impl Pager {
    /// The links of page `current` of `last` (both from 1); `url` makes a page's address.
    pub fn new(current: usize, last: usize, url: impl Fn(usize) -> String) -> Self {
        let mut pages: Vec<PageLink> = Vec::new();
        let mut before = 0;
        for page in
            (1..=last).filter(|&page| page == 1 || page == last || page.abs_diff(current) < 3)
        {
            if page > before + 1 {
                pages.push(PageLink { label: String::new(), url: String::new(), current: false });
            }
            let label = page.to_string();
            pages.push(PageLink { label, url: url(page), current: page == current });
            before = page;
        }
        Self {
            previous: (current > 1).then(|| url(current - 1)),
            next: (current < last).then(|| url(current + 1)),
            pages,
        }
    }

    /// Whether there is more than one page.
    pub fn needed(&self) -> bool {
        self.pages.len() > 1
    }
}

#[cfg(test)]
impl Frame {
    /// A customer's page.
    pub(crate) fn sample(title: &str) -> Self {
        Self {
            title: title.into(),
            product: "Log analysis onboarding".into(),
            vendor: "Northlight Analytics".into(),
            help_url: "/help".into(),
            theme: "auto",
            css: "/assets/style.css".into(),
            js: "/assets/site.js".into(),
            ..Self::default()
        }
    }

    /// A page for staff, with `current` lit in the navigation.
    pub(crate) fn staff_sample(title: &str, current: &'static str) -> Self {
        let name = "Rosa Lindqvist".into();
        let staff = Signed { name, role: "admin", can_edit: true, is_admin: true };
        Self { staff: Some(staff), shortcuts: true, current, ..Self::sample(title) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(pager: &Pager) -> String {
        let word = |page: &PageLink| match (page.current, page.url.is_empty()) {
            (true, _) => format!("[{}]", page.label),
            (false, true) => "…".to_owned(),
            (false, false) => page.label.clone(),
        };
        pager.pages.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_long_pager_leaves_out_what_is_far_away() {
        let pager = Pager::new(7, 200, |page| format!("?page={page}"));
        assert_eq!(words(&pager), "1 … 5 6 [7] 8 9 … 200");
        assert_eq!(pager.previous.as_deref(), Some("?page=6"));
    }

    #[test]
    fn a_single_page_needs_no_pager() {
        let pager = Pager::new(1, 1, |page| page.to_string());
        assert!(!pager.needed() && pager.next.is_none());
    }

    #[test]
    fn every_known_state_has_its_word() {
        let words: Vec<_> =
            ["sent", "active", "stale"].map(|state| Tag::of_state(state).word).into();
        assert_eq!(words, ["Sent", "Connected", "Stale"]);
    }
}
