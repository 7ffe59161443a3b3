//! The list of customers, and the form that adds or edits one.

use askama::Template;

use super::frame::{FieldError, Frame, Pager, Tag};

/// One entry of a select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: String,
    /// Whether it is the one in force.
    pub selected: bool,
}

impl Choice {
    /// Choices from pairs of value and label; `selected` is the value in force.
    pub fn list<V: Into<String>, L: Into<String>>(
        pairs: impl IntoIterator<Item = (V, L)>,
        selected: &str,
    ) -> Vec<Self> {
        let choice = |(value, label): (V, L)| {
            let value = value.into();
            Self { selected: value == selected, value, label: label.into() }
        };
        pairs.into_iter().map(choice).collect()
    }
}

/// A moment as people read it and as programs do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moment {
    /// Such as `3 minutes ago` or `22 November 2026, 10:31 UTC`.
    pub words: String,
    /// RFC 3339.
    pub at: String,
}

impl Frame {
    /// Whether the person at the keyboard is at least an editor.
    pub fn can_edit(&self) -> bool {
        self.staff.as_ref().is_some_and(|signed| signed.can_edit)
    }

    /// Whether the person at the keyboard is an admin.
    pub fn is_admin(&self) -> bool {
        self.staff.as_ref().is_some_and(|signed| signed.is_admin)
    }
}

/// `GET /customers`.
#[derive(Template)]
#[template(path = "customers.html")]
pub struct Customers {
    /// Around the page.
    pub frame: Frame,
    /// Whether there is no customer at all yet; then nothing else is shown.
    pub empty: bool,
    /// Why the list could not be read; what is known of it stays below.
    pub problem: Option<String>,
    /// What was asked for.
    pub filters: Filters,
    /// The table's caption: `37 customers, 4 need attention`.
    pub caption: String,
    /// Links that sort the table.
    pub sorts: Sorts,
    /// One page of customers.
    pub rows: Vec<Row>,
    /// The other pages.
    pub pager: Pager,
}

/// The row of filters; the first choice of each is "any", with an empty value.
#[derive(Debug, Clone, Default)]
pub struct Filters {
    /// Name, account, region, load balancer or the end of a token.
    pub q: String,
    /// State of a region.
    pub states: Vec<Choice>,
    /// AWS region.
    pub regions: Vec<Choice>,
    /// Template version.
    pub versions: Vec<Choice>,
    /// Who looks after the customer.
    pub owners: Vec<Choice>,
    /// The order in force: `attention`, `name`, `state` or `changed`; kept when filtering.
    pub sort: String,
    /// Whether any filter is in force, so that it can be cleared.
    pub active: bool,
}

/// The orders that the table can have.
#[derive(Debug, Clone, Default)]
pub struct Sorts {
    /// Leads back to those that need attention first; `None` when that is the order in force.
    pub attention: Option<String>,
    /// By name.
    pub name: Sort,
    /// By state.
    pub state: Sort,
    /// By last change.
    pub changed: Sort,
}

/// A column's heading that sorts.
#[derive(Debug, Clone, Default)]
pub struct Sort {
    /// The list in this order (or the other way round, if it is in force).
    pub url: String,
    /// The value of `aria-sort`: `ascending`, `descending`, or `none` when another column sorts.
    pub order: &'static str,
}

/// A customer in the list.
#[derive(Debug, Clone)]
pub struct Row {
    /// The customer's page for staff.
    pub url: String,
    /// The customer's name.
    pub name: String,
    /// `1234 5678 9012`.
    pub account: String,
    /// The state most in need of attention.
    pub tag: Tag,
    /// Such as `eu-west-1 · 2`.
    pub regions: Vec<String>,
    /// Such as `expires in 5 days`; empty if the tag says it all.
    pub link_words: String,
    /// For a link that no longer opens.
    pub link_tag: Option<Tag>,
    /// The template version the customer has.
    pub version: String,
    /// Whether a newer one is published.
    pub newer: bool,
    /// Who looks after the customer; may be empty.
    pub owner: String,
    /// When something last happened.
    pub changed: Moment,
    /// The customer page's address, for editors.
    pub link: Option<String>,
}

/// `GET` and `POST` of `/customers/new` and `/customers/{id}/edit`.
#[derive(Template)]
#[template(path = "customer_new.html")]
pub struct CustomerForm {
    /// Around the page; its title is the heading.
    pub frame: Frame,
    /// Whether the customer exists already: some fields then say what a change of them means.
    pub editing: bool,
    /// Where the form is sent.
    pub action: String,
    /// Where "Cancel" leads.
    pub cancel: String,
    /// What is wrong with what was sent.
    pub errors: Vec<FieldError>,
    /// What was typed.
    pub typed: Typed,
    /// 7, 14 or 30 days.
    pub expires: Vec<Choice>,
    /// Template versions, the newest first.
    pub versions: Vec<Choice>,
    /// Staff who may look after the customer; the first is nobody.
    pub owners: Vec<Choice>,
    /// What the account and the load balancers typed so far mean.
    pub parse: Parse,
}

impl CustomerForm {
    /// Whether the options are shown at once: when one of them is wrong, or set already.
    pub fn options_open(&self) -> bool {
        const OPTIONS: [&str; 6] = [
            "existing_bucket",
            "retention_days",
            "expires_days",
            "template_version",
            "owner",
            "notes",
        ];
        self.editing || self.errors.iter().any(|error| OPTIONS.contains(&error.field.as_str()))
    }
}

/// The text fields of the form, as typed.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// The customer's name.
    pub name: String,
    /// Contact e-mail.
    pub email: String,
    /// AWS account id, spaces and all.
    pub account: String,
    /// One load balancer a line.
    pub load_balancers: String,
    /// A bucket to use; may be empty.
    pub existing_bucket: String,
    /// Days that logs are kept in a new bucket.
    pub retention_days: String,
    /// For staff only.
    pub notes: String,
}

/// `GET /customers/new/parse`: what the account and the load balancers typed so far mean.
#[derive(Template, Debug, Clone, Default)]
#[template(path = "parse.html")]
pub struct Parse {
    /// `1234 5678 9012`; empty when no account was typed.
    pub account: String,
    /// Such as `3 load balancers in 2 regions: 2 links. 1 line needs a look.`; empty for no line.
    pub summary: String,
    /// One per line that is not blank.
    pub rows: Vec<ParseRow>,
}

/// A line of the load balancers field.
#[derive(Debug, Clone)]
pub struct ParseRow {
    /// Its number, from 1.
    pub line: usize,
    /// Such as `eu-west-1`; may be empty.
    pub region: String,
    /// Such as `Application Load Balancer` or `Every load balancer`; may be empty.
    pub kind: String,
    /// The load balancer's name, or the line as typed.
    pub name: String,
    /// What is wrong with it and what to do.
    pub problem: Option<String>,
}

impl askama::filters::HtmlSafe for Parse {}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What a person who means harm types into every field.
    pub(crate) const HOSTILE: &str = "\"><script>alert(1)</script>' onfocus='alert(2)";
    /// A word that does not break.
    pub(crate) const LONG: &str =
        "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft";

    /// A moment for samples.
    pub(crate) fn moment(words: &str) -> Moment {
        Moment { words: words.into(), at: "2026-11-22T10:31:07Z".into() }
    }

    /// Fails if a page breaks what holds for all of them: one `h1`, ids that are unique, nothing inline
    /// that the content security policy refuses, nothing unescaped.
    pub(crate) fn assert_sound(name: &str, html: &str) {
        let page = html.contains("<!doctype html>");
        assert_eq!(html.matches("<h1").count(), usize::from(page), "{name}: headings");
        for refused in
            [" style=", "<style", "javascript:", "<script>", " onclick=", "<script>alert"]
        {
            assert!(!html.contains(refused), "{name}: {refused}");
        }
        let mut ids: Vec<_> =
            html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{name}: an id stands twice");
    }

    /// Names and rendered pages; fails at the first that is not sound.
    pub(crate) fn rendered<T: Template>(
        samples: Vec<(&'static str, T)>,
    ) -> Vec<(&'static str, String)> {
        let page = |(name, sample): (&'static str, T)| {
            let html = sample.render().expect("a page");
            assert_sound(name, &html);
            (name, html)
        };
        samples.into_iter().map(page).collect()
    }

    fn row(name: &str, state: &str) -> Row {
        Row {
            url: "/customers/7c9e".into(),
            name: name.into(),
            account: "1234 5678 9012".into(),
            tag: Tag::of_state(state),
            regions: vec!["eu-west-1 · 2".into(), "us-east-1 · all".into()],
            link_words: "expires in 5 days".into(),
            link_tag: None,
            version: "0.1.0".into(),
            newer: state == "active",
            owner: "Rosa Lindqvist".into(),
            changed: moment("3 minutes ago"),
            link: Some("https://onboarding.example.com/c/Xk3v9Qw2".into()),
        }
    }

    fn filters(q: &str) -> Filters {
        let states = [("", "Any state"), ("failed", "Failed"), ("active", "Connected")];
        let regions = [("", "Any region"), ("eu-west-1", "eu-west-1")];
        Filters {
            q: q.into(),
            states: Choice::list(states, ""),
            regions: Choice::list(regions, "eu-west-1"),
            versions: Choice::list([("", "Any version"), ("0.1.0", "0.1.0")], ""),
            owners: Choice::list([("", "Anyone"), ("rosa", "Rosa Lindqvist")], ""),
            sort: "attention".into(),
            active: !q.is_empty(),
        }
    }

    fn list(rows: Vec<Row>, q: &str) -> Customers {
        let sort = |url: &str, order| Sort { url: url.into(), order };
        Customers {
            frame: Frame::staff_sample("Customers", "customers"),
            empty: false,
            problem: None,
            filters: filters(q),
            caption: "37 customers, 4 need attention".into(),
            sorts: Sorts {
                attention: Some("/customers?sort=attention".into()),
                name: sort("/customers?sort=-name", "ascending"),
                state: sort("/customers?sort=state", "none"),
                changed: sort("/customers?sort=changed", "none"),
            },
            rows,
            pager: Pager::new(2, 4, |page| format!("/customers?page={page}")),
        }
    }

    fn rows() -> Vec<Row> {
        let mut rows: Vec<_> = [
            "failed",
            "stale",
            "running",
            "opened",
            "sent",
            "active",
            "removed",
            "waiting",
            "silent",
            "unreadable",
        ]
        .map(|state| row("Harbour Books", state))
        .into();
        rows[3].link_tag = Some(Tag::of_link("expired"));
        rows[3].link_words = String::new();
        rows[4].link_tag = Some(Tag::of_link("revoked"));
        rows[4].link = None;
        rows[4].link_words = String::new();
        rows
    }

    fn lists() -> Vec<(&'static str, Customers)> {
        let mut empty = list(vec![], "");
        empty.empty = true;
        let mut broken = list(rows(), "harbour");
        broken.problem =
            Some("The list could not be read just now. What you see is two minutes old; reload the page.".into());
        let mut hostile = list(vec![row(HOSTILE, HOSTILE), row(LONG, "sent")], HOSTILE);
        hostile.rows[0].owner = HOSTILE.into();
        hostile.rows[0].link = Some(HOSTILE.into());
        let mut viewer = list(rows(), "");
        viewer.frame.staff = Some(crate::pages::frame::Signed {
            name: "Ines".into(),
            role: "viewer",
            can_edit: false,
            is_admin: false,
        });
        vec![
            ("customers", list(rows(), "")),
            ("customers-empty", empty),
            ("customers-no-match", list(vec![], "harbuor")),
            ("customers-error", broken),
            ("customers-hostile", hostile),
            ("customers-viewer", viewer),
        ]
    }

    fn parse(problem: &str) -> Parse {
        let row = |line, name: &str, problem: Option<String>| ParseRow {
            line,
            region: "eu-west-1".into(),
            kind: "Application Load Balancer".into(),
            name: name.into(),
            problem,
        };
        Parse {
            account: "1234 5678 9012".into(),
            summary: "2 load balancers in 1 region: 1 link. 1 line has a problem.".into(),
            rows: vec![
                row(1, "shop", None),
                row(2, "shop-api", None),
                row(3, "old", Some(problem.into())),
            ],
        }
    }

    fn form() -> CustomerForm {
        CustomerForm {
            frame: Frame::staff_sample("Add customer", "customers"),
            editing: false,
            action: "/customers/new".into(),
            cancel: "/customers".into(),
            errors: vec![],
            typed: Typed { retention_days: "365".into(), ..Typed::default() },
            expires: Choice::list([("7", "7 days"), ("14", "14 days"), ("30", "30 days")], "14"),
            versions: Choice::list([("0.1.0", "0.1.0 (newest)")], "0.1.0"),
            owners: Choice::list([("", "Nobody"), ("rosa", "Rosa Lindqvist")], "rosa"),
            parse: Parse::default(),
        }
    }

    fn forms() -> Vec<(&'static str, CustomerForm)> {
        let mut wrong = form();
        wrong.typed.account = "1234 5678".into();
        wrong.typed.load_balancers = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/50dc6c495c0c9188".into();
        wrong.parse = parse("A Classic Load Balancer keeps no such logs. Leave it out.");
        wrong.errors = vec![
            FieldError::new("account", "Type all 12 digits of the AWS account ID; these are 8"),
            FieldError::new("load_balancers", "Line 3 is a Classic Load Balancer. Leave it out"),
            FieldError::new("retention_days", "Type a number of days from 1 to 3650"),
        ];
        let mut hostile = form();
        hostile.editing = true;
        hostile.typed = Typed {
            name: HOSTILE.into(),
            load_balancers: HOSTILE.into(),
            notes: HOSTILE.into(),
            ..hostile.typed
        };
        hostile.parse = parse(HOSTILE);
        hostile.errors = vec![FieldError::new("name", HOSTILE)];
        let mut editing = form();
        editing.frame.title = "Change Harbour Books".into();
        editing.editing = true;
        editing.typed.name = "Harbour Books".into();
        editing.parse = parse("It stands twice. Leave one out.");
        vec![
            ("customer-new", form()),
            ("customer-new-error", wrong),
            ("customer-edit", editing),
            ("customer-new-hostile", hostile),
        ]
    }

    /// Every sample of this module, rendered.
    pub(crate) fn samples() -> Vec<(&'static str, String)> {
        let mut all = rendered(lists());
        all.extend(rendered(forms()));
        all.extend(rendered(vec![
            ("parse-hostile", parse(HOSTILE)),
            ("parse-empty", Parse::default()),
        ]));
        all
    }

    #[test]
    fn every_sample_is_sound() {
        assert_eq!(samples().len(), 12);
    }

    #[test]
    fn a_viewer_sees_neither_buttons_nor_links() {
        let all = samples();
        let (_, html) =
            all.iter().find(|(name, _)| *name == "customers-viewer").expect("the sample");
        assert!(!html.contains("/customers/new") && !html.contains("data-copy"));
    }

    #[test]
    fn options_open_when_one_of_them_is_wrong() {
        let mut sample = form();
        assert!(!sample.options_open());
        sample.errors = vec![FieldError::new("retention_days", "Type a number")];
        assert!(sample.options_open());
    }
}
