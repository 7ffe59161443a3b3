//! What each person sets for themselves, and what admins set for all.

use askama::Template;

use super::{
    customers::Choice,
    frame::{FieldError, Frame, Tag},
};

/// `GET /settings`, and its forms when they are sent back.
#[derive(Template)]
#[template(path = "settings.html")]
pub struct Settings {
    /// Around the page; it also knows whether shortcuts are on.
    pub frame: Frame,
    /// What is wrong with the form that was sent.
    pub errors: Vec<FieldError>,
    /// `auto`, `light` or `dark`.
    pub themes: Vec<Choice>,
    /// Where one's own password is changed; `None` for accounts without one.
    pub password_url: Option<String>,
    /// What only admins see.
    pub admin: Option<AdminSettings>,
}

impl Settings {
    /// Whether the form that adds somebody is shown at once: when something in it is wrong.
    pub fn add_open(&self) -> bool {
        self.errors.iter().any(|error| ["email", "name", "role"].contains(&error.field.as_str()))
    }
}

/// What admins set for all.
#[derive(Debug, Clone)]
pub struct AdminSettings {
    /// A password made just now, shown this once.
    pub one_time: Option<OneTimePassword>,
    /// Everybody who may sign in.
    pub staff: Vec<StaffRow>,
    /// The form that adds somebody, as typed; none where passwords are not used.
    pub new_staff: Option<NewStaff>,
    /// How long links work unless said otherwise: 7, 14 or 30 days.
    pub expires: Vec<Choice>,
    /// The e-mail to customers.
    pub email: EmailEditor,
    /// Constants of the vendor that the templates carry: name and value; read-only.
    pub vendor: Vec<(String, String)>,
    /// Region and the bucket there that Lambda takes its code from; read-only.
    pub code_buckets: Vec<(String, String)>,
}

/// A password to hand over.
#[derive(Debug, Clone)]
pub struct OneTimePassword {
    /// Whose.
    pub email: String,
    /// The password; it has to be changed at the first sign-in.
    pub password: String,
}

/// Somebody who may sign in.
#[derive(Debug, Clone)]
pub struct StaffRow {
    /// Part of the form's address and of ids.
    pub id: String,
    /// Name.
    pub name: String,
    /// What they sign in with.
    pub email: String,
    /// `viewer`, `editor` or `admin`.
    pub roles: Vec<Choice>,
    /// Active or disabled.
    pub tag: Tag,
    /// Whether they may not sign in.
    pub disabled: bool,
    /// Whether their role follows from groups at the company's sign-in.
    pub managed: bool,
    /// Such as `today at 10:31 UTC` or `never`.
    pub last_seen: String,
    /// Whether it is oneself: nobody takes their own role away.
    pub own: bool,
}

/// The form that adds somebody.
#[derive(Debug, Clone, Default)]
pub struct NewStaff {
    /// What they sign in with.
    pub email: String,
    /// Name.
    pub name: String,
    /// `viewer`, `editor` or `admin`.
    pub roles: Vec<Choice>,
}

/// The text of the e-mail, with placeholders.
#[derive(Debug, Clone, Default)]
pub struct EmailEditor {
    /// The subject line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// What may stand in them: placeholder and what it becomes.
    pub placeholders: Vec<(String, String)>,
    /// Subject and body for an invented customer, if asked for.
    pub preview: Option<(String, String)>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::pages::customers::tests::{HOSTILE, LONG, rendered};

    fn roles(selected: &str) -> Vec<Choice> {
        let all = [
            ("viewer", "Viewer: may look"),
            ("editor", "Editor: may also change customers"),
            ("admin", "Admin: may also change settings"),
        ];
        Choice::list(all, selected)
    }

    fn member(id: &str, name: &str, role: &str, disabled: bool) -> StaffRow {
        let tag = if disabled {
            Tag::new("neutral", "minus", "Disabled")
        } else {
            Tag::new("ok", "check", "Active")
        };
        StaffRow {
            id: id.into(),
            name: name.into(),
            email: format!("{id}@northlight.example"),
            roles: roles(role),
            tag,
            disabled,
            managed: id == "ines",
            last_seen: "today at 10:31 UTC".into(),
            own: id == "rosa",
        }
    }

    fn admin() -> AdminSettings {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        AdminSettings {
            one_time: None,
            staff: vec![
                member("rosa", "Rosa Lindqvist", "admin", false),
                member("ines", "Ines Marek", "editor", false),
                member("tom", "Tom Abel", "viewer", true),
            ],
            new_staff: Some(NewStaff { roles: roles("viewer"), ..NewStaff::default() }),
            expires: Choice::list([("7", "7 days"), ("14", "14 days"), ("30", "30 days")], "14"),
            email: EmailEditor {
                subject: "Connect your load balancer logs".into(),
                body: "Hello {{ customer }},\n\nplease open {{ link }}".into(),
                placeholders: vec![
                    pair("{{ customer }}", "The customer’s name"),
                    pair("{{ link }}", "The address of the customer’s page"),
                ],
                preview: None,
            },
            vendor: vec![
                pair("AWS account", "0000 0000 0000"),
                pair("Notification endpoint", "https://logs-intake.example.com/sns"),
                pair("Report URL", "https://onboarding.example.com/reports"),
            ],
            code_buckets: vec![pair("eu-west-1", "example-log-analysis-code-eu-west-1")],
        }
    }

    fn page(admin: Option<AdminSettings>) -> Settings {
        Settings {
            frame: Frame::staff_sample("Settings", "settings"),
            errors: vec![],
            themes: Choice::list(
                [("auto", "As the device"), ("light", "Light"), ("dark", "Dark")],
                "auto",
            ),
            password_url: Some("/settings/password".into()),
            admin,
        }
    }

    /// Every sample of this module, rendered.
    pub(crate) fn samples() -> Vec<(&'static str, String)> {
        let mut added = admin();
        let password = "correct-horse-battery".into();
        added.one_time =
            Some(OneTimePassword { email: "ines@northlight.example".into(), password });
        added.email.preview =
            Some((added.email.subject.clone(), "Hello Harbour Books,\n\nplease open …".into()));
        let mut wrong = page(Some(admin()));
        wrong.errors = vec![
            FieldError::new("email", "Somebody with this e-mail is there already"),
            FieldError::new("body", "{{ link }} is missing: without it the customer gets no link"),
        ];
        let mut alone = admin();
        alone.staff.truncate(1);
        alone.code_buckets.clear();
        alone.new_staff = None;
        let mut hostile = admin();
        hostile.staff[1].name = HOSTILE.into();
        hostile.staff[2].email = LONG.into();
        hostile.email.body = format!("</textarea>{HOSTILE}");
        hostile.email.preview = Some((HOSTILE.into(), HOSTILE.into()));
        hostile.new_staff = Some(NewStaff { name: HOSTILE.into(), ..NewStaff::default() });
        rendered(vec![
            ("settings", page(Some(admin()))),
            ("settings-added", page(Some(added))),
            ("settings-error", wrong),
            ("settings-alone", page(Some(alone))),
            ("settings-own", page(None)),
            ("settings-hostile", page(Some(hostile))),
        ])
    }

    #[test]
    fn every_sample_is_sound() {
        assert_eq!(samples().len(), 6);
    }

    #[test]
    fn the_role_of_a_company_account_is_not_changed_here() {
        let html = page(Some(admin())).render().expect("a page");
        let row = html.split("id=\"role-ines\"").nth(1).expect("a row");
        let row = row.split("</tr>").next().unwrap_or_default();
        assert!(row.contains("disabled") && row.contains("From your company’s groups"), "{row}");
        assert!(!row.contains("value=\"role\"") && !row.contains("value=\"password\""), "{row}");
        assert!(row.contains("value=\"disable\""), "{row}");
    }

    #[test]
    fn who_is_no_admin_sees_only_their_own() {
        let html = page(None).render().expect("a page");
        assert!(html.contains("/settings/preferences"));
        assert!(!html.contains("/settings/staff") && !html.contains("/settings/email"));
    }
}
