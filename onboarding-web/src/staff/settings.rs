//! What each person sets for themselves, and what admins set for all.

use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use templates::partition::REGIONS;

use super::sign_in::set_password;
use crate::{
    access::SignedIn,
    app::App,
    clock,
    customer_form::OFFERED_EXPIRY_DAYS,
    customers::{default_expiry, settings_of_email},
    email,
    error::{Problem, page},
    pages::{
        customers::Choice,
        frame::{FieldError, Tag},
        settings::{AdminSettings, EmailEditor, NewStaff, OneTimePassword, Settings, StaffRow},
    },
    password,
    settings::email as check_email,
    store::{Customer, Role, Staff},
    token::random_password,
};

/// What the page shows beside what is stored.
#[derive(Debug, Default)]
struct Shown {
    errors: Vec<FieldError>,
    one_time: Option<OneTimePassword>,
    new_staff: (String, String, String),
    editor: Option<EmailEditor>,
}

async fn settings(app: &App, signed: &SignedIn, shown: Shown) -> Result<Response, Problem> {
    let frame = signed.frame(app, "Settings", "settings");
    let admin = frame.is_admin();
    let themes = [("auto", "As the device is set"), ("light", "Light"), ("dark", "Dark")];
    let status =
        if shown.errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let errors = shown.errors.clone();
    let admin = if admin { Some(of_admin(app, signed, shown).await?) } else { None };
    let themes = Choice::list(themes, &signed.staff.theme);
    let own_password = !signed.staff.is_managed();
    let password_url = own_password.then(|| "/settings/password".to_owned());
    let page = page(&Settings { frame, errors, themes, password_url, admin })?;
    Ok((status, page).into_response())
}

async fn of_admin(app: &App, signed: &SignedIn, shown: Shown) -> Result<AdminSettings, Problem> {
    let staff = app.store.all_staff().await?;
    let days = default_expiry(app).await?.to_string();
    let words = |days: u16| (days.to_string(), format!("{days} days"));
    let site = &app.site;
    let regions: Vec<&str> = if site.regions.is_empty() {
        REGIONS.to_vec()
    } else {
        site.regions.iter().map(String::as_str).collect()
    };
    let bucket = |region: &str| format!("{}-{region}", site.constants.code_bucket_prefix);
    let vendor = [
        ("AWS account that reads logs", site.constants.account_id.clone()),
        ("Told of new logs", site.constants.notification_endpoint.clone()),
        ("Where stacks report", site.constants.report_url.clone()),
        ("Contact for customers", site.contact.clone()),
    ];
    let (email, name, role) = shown.new_staff;
    Ok(AdminSettings {
        one_time: shown.one_time,
        staff: staff.iter().map(|one| row(app, signed, one)).collect(),
        new_staff: app.local_sign_in.then(|| NewStaff { email, name, roles: roles(&role) }),
        expires: Choice::list(OFFERED_EXPIRY_DAYS.map(words), &days),
        email: match shown.editor {
            Some(editor) => editor,
            None => editor(app, None).await?,
        },
        vendor: vendor.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        code_buckets: regions.iter().map(|one| ((*one).to_owned(), bucket(one))).collect(),
    })
}

fn roles(selected: &str) -> Vec<Choice> {
    let words = [
        ("viewer", "Viewer: looks"),
        ("editor", "Editor: adds and changes customers"),
        ("admin", "Admin: also staff and settings"),
    ];
    Choice::list(words, selected)
}

fn row(app: &App, signed: &SignedIn, one: &Staff) -> StaffRow {
    let disabled = one.disabled != 0;
    let tag = match (disabled, one.must_change != 0) {
        (true, _) => Tag::new("neutral", "minus", "Switched off"),
        (false, true) => Tag::new("info", "clock", "First password"),
        (false, false) => Tag::new("ok", "check", "Active"),
    };
    let last_seen = match one.signed_in_at {
        0 => "never".to_owned(),
        at => clock::ago(at, app.store.now()),
    };
    StaffRow {
        id: one.id.clone(),
        name: one.name.clone(),
        email: one.email.clone(),
        roles: roles(&one.role_name),
        tag,
        disabled,
        managed: one.is_managed(),
        last_seen,
        own: one.id == signed.staff.id,
    }
}

/// The words of the e-mail, or those that were just typed with what they become.
async fn editor(app: &App, typed: Option<(&str, &str)>) -> Result<EmailEditor, Problem> {
    let (subject, body) = settings_of_email(app).await?;
    let owned = |(name, about): (&str, &str)| (format!("{{{{ {name} }}}}"), about.to_owned());
    let placeholders = email::PLACEHOLDERS.map(owned).to_vec();
    let Some((subject, body)) = typed else {
        return Ok(EmailEditor { subject, body, placeholders, preview: None });
    };
    let (customer, link) = example(app);
    let fill = |text: &str| email::render(&app.site, &customer, &link, text);
    let preview = fill(subject).ok().zip(fill(body).ok());
    let preview = preview.map(|(subject, body)| (email::one_line(&subject), body));
    Ok(EmailEditor { subject: subject.to_owned(), body: body.to_owned(), placeholders, preview })
}

/// A customer to try the e-mail with.
fn example(app: &App) -> (Customer, String) {
    let now = app.store.now();
    let region = crate::store::Region {
        region: "eu-west-1".to_owned(),
        selectors: "all".to_owned(),
        stack_name: "logs-analysis-example".to_owned(),
        onboarding: crate::onboarding::Onboarding::default(),
        asked_at: 0,
        dropped_at: 0,
    };
    let customer = Customer {
        name: "Example Ltd".to_owned(),
        account: "111122223333".to_owned(),
        expires_at: now + 14 * clock::DAY,
        regions: vec![region],
        ..Customer::default()
    };
    (customer, app.site.page_url("the-customers-own-token"))
}

/// `GET /settings`
pub async fn show(State(app): State<App>, signed: SignedIn) -> Result<Response, Problem> {
    settings(&app, &signed, Shown::default()).await
}

/// What one's own pages look like.
#[derive(Debug, Deserialize)]
pub struct Preferences {
    #[serde(default)]
    theme: String,
    #[serde(default)]
    shortcuts: String,
}

/// `POST /settings/preferences`
pub async fn preferences(
    State(app): State<App>,
    signed: SignedIn,
    Form(sent): Form<Preferences>,
) -> Result<Response, Problem> {
    let theme = match sent.theme.as_str() {
        "light" => "light",
        "dark" => "dark",
        _ => "auto",
    };
    let shortcuts = sent.shortcuts == "on";
    app.store.set_preferences(&signed.staff.id, theme, shortcuts).await?;
    signed.done("/settings", "Your settings were saved.").await
}

/// Somebody new.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Add {
    email: String,
    name: String,
    role: String,
}

/// `POST /settings/staff`
pub async fn add_staff(
    State(app): State<App>,
    signed: SignedIn,
    Form(sent): Form<Add>,
) -> Result<Response, Problem> {
    if !app.local_sign_in {
        let why =
            "Passwords are not used here. Add people to the groups at your company's sign-in.";
        return signed.refused("/settings", why).await;
    }
    let mut errors = Vec::new();
    if check_email(&sent.email).is_err() {
        errors.push(FieldError::new("email", "Enter an e-mail address, such as rosa@example.com"));
    }
    let name = sent.name.trim();
    if name.is_empty() || name.chars().count() > 120 || name.chars().any(char::is_control) {
        errors.push(FieldError::new("name", "Enter a name of at most 120 characters"));
    }
    let role = Role::from_name(&sent.role);
    if role.is_none() {
        errors.push(FieldError::new("role", "Choose a role"));
    }
    let mut one_time = None;
    if let (Some(role), true) = (role, errors.is_empty()) {
        let first = random_password();
        let hash =
            password::hash(first.clone()).await.map_err(|error| Problem::internal(&error))?;
        let who = (sent.email.trim(), name);
        if app.store.add_staff(&signed.actor(), who, role, &hash).await? {
            let email = sent.email.trim().to_lowercase();
            one_time = Some(OneTimePassword { email, password: first });
        } else {
            errors.push(FieldError::new("email", "There is an account with this address already"));
        }
    }
    let new_staff = if one_time.is_some() {
        (String::new(), String::new(), "viewer".to_owned())
    } else {
        (sent.email, sent.name, sent.role)
    };
    settings(&app, &signed, Shown { errors, one_time, new_staff, editor: None }).await
}

/// What to change of somebody.
#[derive(Debug, Deserialize)]
pub struct ChangeStaff {
    #[serde(default)]
    role: String,
    #[serde(default)]
    action: String,
}

/// `POST /settings/staff/{id}`
pub async fn change_staff(
    State(app): State<App>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(sent): Form<ChangeStaff>,
) -> Result<Response, Problem> {
    let staff = app.store.staff(&id).await?.ok_or(Problem::NotFound)?;
    if staff.id == signed.staff.id {
        let why = "Nobody changes their own role. Ask another admin.";
        return signed.refused("/settings", why).await;
    }
    if staff.is_managed() && ["password", "role"].contains(&sent.action.as_str()) {
        let why = "Role and password of this account are kept by your company's sign-in. Change them there.";
        return signed.refused("/settings", why).await;
    }
    if sent.action == "password" {
        return reset_password(&app, &signed, &staff).await;
    }
    let (role, disabled, told) = match sent.action.as_str() {
        "role" => {
            let role = Role::from_name(&sent.role).unwrap_or(staff.role());
            (role, staff.disabled != 0, "The role was changed.")
        }
        "disable" => (staff.role(), true, "The account was switched off and signed out."),
        "enable" => (staff.role(), false, "The account was switched on."),
        _ => return Err(Problem::NotFound),
    };
    if app.store.change_staff(&signed.actor(), &staff, role, disabled).await? {
        signed.done("/settings", told).await
    } else {
        signed
            .refused("/settings", "Nobody would be left who may administer. Nothing was changed.")
            .await
    }
}

/// Somebody forgot the password: a new first one, shown once.
async fn reset_password(app: &App, signed: &SignedIn, staff: &Staff) -> Result<Response, Problem> {
    let first = random_password();
    set_password(app, signed, staff, first.clone(), true).await?;
    let one_time = Some(OneTimePassword { email: staff.email.clone(), password: first });
    let new_staff = (String::new(), String::new(), "viewer".to_owned());
    settings(app, signed, Shown { one_time, new_staff, ..Shown::default() }).await
}

/// How long links live.
#[derive(Debug, Deserialize)]
pub struct Links {
    #[serde(default)]
    expires_days: String,
}

/// `POST /settings/links`
pub async fn links(
    State(app): State<App>,
    signed: SignedIn,
    Form(sent): Form<Links>,
) -> Result<Response, Problem> {
    let offered = OFFERED_EXPIRY_DAYS.iter().any(|days| days.to_string() == sent.expires_days);
    if !offered {
        return signed.refused("/settings", "Choose one of the lifetimes on offer.").await;
    }
    app.store.set_setting(&signed.actor(), "link_days", &sent.expires_days).await?;
    signed.done("/settings", "Saved. It counts for links that are made from now on.").await
}

/// The words of the e-mail.
#[derive(Debug, Deserialize)]
pub struct Email {
    #[serde(default)]
    subject: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    action: String,
}

/// `POST /settings/email`
pub async fn save_email(
    State(app): State<App>,
    signed: SignedIn,
    Form(sent): Form<Email>,
) -> Result<Response, Problem> {
    let body = sent.body.replace("\r\n", "\n");
    let subject = email::one_line(&sent.subject);
    let (customer, link) = example(&app);
    let mut errors = Vec::new();
    for (field, text) in [("subject", &subject), ("body", &body)] {
        if text.chars().count() > 10_000 {
            errors.push(FieldError::new(field, "Write at most 10,000 characters"));
        } else if let Err(why) = email::render(&app.site, &customer, &link, text) {
            errors.push(FieldError::new(field, why));
        }
    }
    let shows_link =
        email::render(&app.site, &customer, &link, &body).is_ok_and(|it| it.contains(&link));
    if errors.is_empty() && !body.trim().is_empty() && !shows_link {
        errors.push(FieldError::new("body", "Put {{ link }} somewhere, or nobody finds the page"));
    }
    if errors.is_empty() && sent.action == "save" {
        app.store.set_setting(&signed.actor(), "email_subject", &subject).await?;
        app.store.set_setting(&signed.actor(), "email_body", &body).await?;
        return signed.done("/settings", "The e-mail was saved.").await;
    }
    let editor = Some(editor(&app, Some((&subject, &body))).await?);
    settings(&app, &signed, Shown { errors, editor, ..Shown::default() }).await
}
