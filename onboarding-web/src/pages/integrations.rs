//! What admins set up for programs: tokens for the API, webhooks.

use askama::Template;

use super::{
    customers::{Choice, Moment},
    frame::{FieldError, Frame, Tag},
};

/// `GET /settings/tokens`
#[derive(Template)]
#[template(path = "api_tokens.html")]
pub struct ApiTokens {
    /// Around the page.
    pub frame: Frame,
    /// What is wrong with the form that was sent.
    pub errors: Vec<FieldError>,
    /// A token made just now, shown this once.
    pub made: Option<MadeToken>,
    /// The newest first.
    pub tokens: Vec<TokenRow>,
    /// The form, as typed.
    pub new: NewToken,
}

/// A token to keep.
#[derive(Debug, Clone)]
pub struct MadeToken {
    /// What it is for.
    pub name: String,
    /// The token.
    pub token: String,
}

/// A token, without the token.
#[derive(Debug, Clone)]
pub struct TokenRow {
    /// What it is for.
    pub name: String,
    /// As the audit log has it beside the name.
    pub id: String,
    /// Valid, stopped, expired or revoked.
    pub tag: Tag,
    /// What it was made for, and whether whoever made it may still do that.
    pub scopes: Vec<(String, bool)>,
    /// It is valid, and its maker lost what some of that takes.
    pub stopped: bool,
    /// Who made it.
    pub by: String,
    /// Such as `3 days ago`.
    pub made: String,
    /// Such as `3 minutes ago` or `never`.
    pub used: String,
    /// The day.
    pub ends: String,
    /// Where it is revoked, while it is valid.
    pub revoke_url: Option<String>,
}

/// The form for a token.
#[derive(Debug, Clone, Default)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Choice>,
    /// How long it lives, in days.
    pub days: Vec<Choice>,
}

/// `GET /settings/webhooks`
#[derive(Template)]
#[template(path = "webhooks.html")]
pub struct Webhooks {
    /// Around the page.
    pub frame: Frame,
    /// What is wrong with the form that was sent.
    pub errors: Vec<FieldError>,
    /// The secret of a webhook made just now, shown this once.
    pub made: Option<String>,
    /// Everybody who is told.
    pub webhooks: Vec<WebhookRow>,
    /// The address, as typed.
    pub typed: String,
}

/// Somebody who is told.
#[derive(Debug, Clone)]
pub struct WebhookRow {
    /// In addresses.
    pub id: String,
    /// Where.
    pub url: String,
    /// Who added it.
    pub by: String,
    /// Such as `3 days ago`.
    pub made: String,
    /// The newest first.
    pub deliveries: Vec<DeliveryRow>,
}

/// One thing that was told.
#[derive(Debug, Clone)]
pub struct DeliveryRow {
    /// The receiver knows it by this.
    pub id: String,
    /// Such as `customer.state_changed`.
    pub event: String,
    /// When it happened.
    pub at: Moment,
    /// Waiting, delivered or given up.
    pub tag: Tag,
    /// How often it was tried.
    pub attempts: i64,
    /// What came of the last try.
    pub outcome: String,
    /// When the next one is; empty if there is none.
    pub next: String,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::pages::customers::tests::{HOSTILE, LONG, rendered};

    fn tokens() -> ApiTokens {
        let row = |name: &str, tag: Tag, revoke_url: Option<&str>| TokenRow {
            name: name.into(),
            id: "dfd855d0047626fed679e3e63ece536e".into(),
            stopped: tag.word == "Partly stopped",
            tag,
            scopes: vec![("customers:read".into(), true), ("customers:write".into(), false)],
            by: "rosa@northlight.example".into(),
            made: "3 days ago".into(),
            used: "never".into(),
            ends: "22 February 2027".into(),
            revoke_url: revoke_url.map(str::to_owned),
        };
        ApiTokens {
            frame: Frame::staff_sample("API tokens", "settings"),
            errors: vec![],
            made: Some(MadeToken { name: "CRM".into(), token: "onb_x".into() }),
            tokens: vec![
                row("CRM", Tag::new("ok", "check", "Valid"), Some("/settings/tokens/1/revoke")),
                row("Shop", Tag::new("warn", "lock", "Partly stopped"), None),
                row(HOSTILE, Tag::new("neutral", "lock", "Revoked"), None),
                row(LONG, Tag::new("neutral", "clock", "Expired"), None),
            ],
            new: NewToken {
                name: HOSTILE.into(),
                scopes: Choice::list([("customers:read", "See customers")], "customers:read"),
                days: Choice::list([("90", "90 days")], "90"),
            },
        }
    }

    fn webhooks() -> Webhooks {
        let delivery = DeliveryRow {
            id: "msg_1".into(),
            event: "customer.state_changed".into(),
            at: Moment { words: "just now".into(), at: "2026-11-22T08:00:00Z".into() },
            tag: Tag::new("bad", "cross", "Given up"),
            attempts: 9,
            outcome: HOSTILE.into(),
            next: String::new(),
        };
        Webhooks {
            frame: Frame::staff_sample("Webhooks", "settings"),
            errors: vec![FieldError::new("url", "The address must begin with https://")],
            made: Some("whsec_x".into()),
            webhooks: vec![WebhookRow {
                id: "1".into(),
                url: LONG.into(),
                by: HOSTILE.into(),
                made: "just now".into(),
                deliveries: vec![delivery],
            }],
            typed: HOSTILE.into(),
        }
    }

    #[test]
    fn every_sample_is_sound() {
        let empty = ApiTokens { tokens: vec![], made: None, ..tokens() };
        let alone = Webhooks { webhooks: vec![], made: None, errors: vec![], ..webhooks() };
        rendered(vec![("tokens", tokens()), ("tokens-empty", empty)]);
        rendered(vec![("webhooks", webhooks()), ("webhooks-empty", alone)]);
    }
}
