//! Who did what, when, and whether the record is whole.

use askama::Template;

use super::{
    customers::{Choice, Moment},
    frame::{FieldError, Frame, Pager, Tag},
};

/// `GET /audit`.
#[derive(Template)]
#[template(path = "audit.html")]
pub struct Audit {
    /// Around the page.
    pub frame: Frame,
    /// Filters that cannot be understood, such as a date that does not exist.
    pub errors: Vec<FieldError>,
    /// Whether anything was ever written down.
    pub empty: bool,
    /// What was asked for.
    pub filters: AuditFilters,
    /// Whether the record is whole.
    pub chain: Chain,
    /// The table's caption: `212 entries, newest first`.
    pub caption: String,
    /// One page of entries.
    pub rows: Vec<AuditRow>,
    /// The other pages.
    pub pager: Pager,
    /// The filters in force as a query, such as `?actor=rosa`, for the exports; may be empty.
    pub export_query: String,
}

/// The filters of the audit; the first choice of each is "any", with an empty value.
#[derive(Debug, Clone, Default)]
pub struct AuditFilters {
    /// Who, among staff.
    pub actors: Vec<Choice>,
    /// What was done.
    pub actions: Vec<Choice>,
    /// Part of a customer's name, or the customer's id.
    pub customer: String,
    /// First day, as `2026-11-22`; may be empty.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Whether any filter is in force.
    pub active: bool,
}

/// Whether the entries still hang together as they were written.
#[derive(Debug, Clone)]
pub struct Chain {
    /// Green when whole, red when not.
    pub tag: Tag,
    /// Such as `Verified up to entry 10,412 at 12:03 UTC.`, or what to do if it is broken.
    pub words: String,
}

/// An entry of the audit.
#[derive(Debug, Clone)]
pub struct AuditRow {
    /// Its number.
    pub number: String,
    /// When.
    pub at: Moment,
    /// Who: a name, or what stands for the machine.
    pub actor: String,
    /// From where; may be empty.
    pub address: String,
    /// What, in words: `Revoked the link`.
    pub action: String,
    /// Of which customer; may be empty.
    pub customer: String,
    /// The customer's page, if there is one still.
    pub customer_url: Option<String>,
    /// What changed, secrets masked; may be empty.
    pub changes: Vec<Change>,
    /// The entry's place in the chain, hexadecimal.
    pub hash: String,
}

/// One value before and after.
#[derive(Debug, Clone)]
pub struct Change {
    /// Which value.
    pub field: String,
    /// What it was; empty if it was not there.
    pub before: String,
    /// What it is; empty if it is gone.
    pub after: String,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::pages::customers::tests::{HOSTILE, LONG, moment, rendered};

    fn row(action: &str, customer: &str) -> AuditRow {
        let change = |field: &str, before: &str, after: &str| Change {
            field: field.into(),
            before: before.into(),
            after: after.into(),
        };
        AuditRow {
            number: "10,412".into(),
            at: moment("22 November 2026, 10:31:07 UTC"),
            actor: "Rosa Lindqvist".into(),
            address: "192.0.2.44".into(),
            action: action.into(),
            customer: customer.into(),
            customer_url: Some("/customers/7c9e".into()),
            changes: vec![
                change("Load balancers", "shop, shop-api", &format!("shop, {LONG}")),
                change("Token", "", "…f3Qa"),
            ],
            hash: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
        }
    }

    fn page(rows: Vec<AuditRow>) -> Audit {
        Audit {
            frame: Frame::staff_sample("Audit", "audit"),
            errors: vec![],
            empty: false,
            filters: AuditFilters {
                actors: Choice::list([("", "Anyone"), ("rosa", "Rosa Lindqvist")], "rosa"),
                actions: Choice::list([("", "Anything"), ("revoke", "Revoked a link")], ""),
                active: true,
                ..AuditFilters::default()
            },
            chain: Chain {
                tag: Tag::new("ok", "check", "Whole"),
                words: "Verified up to entry 10,412 at 12:03 UTC.".into(),
            },
            caption: "212 entries, newest first".into(),
            rows,
            pager: Pager::new(1, 5, |page| format!("/audit?page={page}")),
            export_query: "?actor=rosa".into(),
        }
    }

    /// Every sample of this module, rendered.
    pub(crate) fn samples() -> Vec<(&'static str, String)> {
        let mut empty = page(vec![]);
        empty.empty = true;
        let mut wrong = page(vec![row("Revoked the link", "Harbour Books")]);
        wrong.errors = vec![FieldError::new(
            "from",
            "31 November is not a date. Type a day such as 2026-11-30",
        )];
        wrong.filters.from = "2026-11-31".into();
        let mut broken = page(vec![row("Added the customer", "Harbour Books")]);
        broken.chain = Chain {
            tag: Tag::new("bad", "alert", "Broken"),
            words: "Entry 10,377 is not as it was written. Tell the person who runs this service."
                .into(),
        };
        let mut hostile = page(vec![row(HOSTILE, HOSTILE)]);
        hostile.filters.customer = HOSTILE.into();
        hostile.rows[0].changes[0].before = HOSTILE.into();
        rendered(vec![
            (
                "audit",
                page(vec![row("Revoked the link", "Harbour Books"), row("Changed", "Fern & Co")]),
            ),
            ("audit-empty", empty),
            ("audit-no-match", page(vec![])),
            ("audit-error", wrong),
            ("audit-broken", broken),
            ("audit-hostile", hostile),
        ])
    }

    #[test]
    fn every_sample_is_sound() {
        assert_eq!(samples().len(), 6);
    }
}
