//! Signing in and out with a local account. Single sign-on ends in the same [`begin_session`].

use std::net::IpAddr;

use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use tower_sessions::Session;

use super::address;
use crate::{
    access::{Ip, SignedIn, begin_session, network, signed_in},
    app::App,
    clock,
    error::{Problem, page},
    pages::{
        frame::FieldError,
        help::HelpPage,
        sign_in::{Elsewhere, PasswordPage, SignInPage},
    },
    password,
    store::{Actor, NewAudit, Staff},
    token::digest,
};

/// Where to go after signing in.
#[derive(Debug, Deserialize)]
pub struct Next {
    #[serde(default)]
    pub(super) next: String,
}

/// The form.
#[derive(Deserialize)]
pub struct SignIn {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// A path of this site, or the start: what comes from an address could lead anywhere.
pub(super) fn own_path(next: &str) -> &str {
    let own = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(['\\', '\r', '\n', '\t'])
        && next.is_ascii();
    if own { next } else { "/customers" }
}

/// The button for single sign-on, if there is one.
fn elsewhere(app: &App, next: &str) -> Option<Elsewhere> {
    let provider = app.single_sign_on.as_ref()?;
    let url = address("/sign-in/oidc", &[("next", own_path(next))]);
    Some(Elsewhere { name: provider.name.clone(), url })
}

fn form(app: &App, typed: &SignIn, errors: Vec<FieldError>) -> Result<Response, Problem> {
    page(&SignInPage {
        frame: app.site.frame("Sign in"),
        email: typed.email.clone(),
        next: own_path(&typed.next).to_owned(),
        local: app.local_sign_in,
        elsewhere: elsewhere(app, &typed.next),
        errors,
    })
}

/// `GET /sign-in`
pub async fn show(
    State(app): State<App>,
    session: Session,
    Query(next): Query<Next>,
) -> Result<Response, Problem> {
    if signed_in(&app, &session).await?.is_some() {
        return Ok(Redirect::to(own_path(&next.next)).into_response());
    }
    let typed = SignIn { email: String::new(), password: String::new(), next: next.next };
    form(&app, &typed, Vec::new())
}

/// `POST /sign-in`
pub async fn sign_in(
    State(app): State<App>,
    Ip(ip): Ip,
    session: Session,
    Form(typed): Form<SignIn>,
) -> Result<Response, Problem> {
    if !app.local_sign_in {
        let next = "Sign in with your company's account instead.".to_owned();
        return Err(Problem::Bad(StatusCode::FORBIDDEN, "Passwords are not used here", next));
    }
    let store = &app.store;
    let refused = |typed: &SignIn| -> Result<Response, Problem> {
        let page = form(&app, typed, vec![SignInPage::refused()])?;
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
    };
    let email = typed.email.trim().to_lowercase();
    if email.len() > 254 || email.contains(char::is_control) {
        return refused(&SignIn { email: String::new(), ..typed });
    }
    // Counted before the password is looked at, so that many at once do not get more tries.
    let place = digest(&format!("place {email} {}", network(ip)));
    let known = store.is_known_place(&place).await?;
    let subjects = subjects(&email, ip, known);
    let tried = store.count_sign_in_try(&subjects).await?;
    let before = match tried {
        Ok(before) => before,
        Err(wait) => return locked(&app, &typed, wait),
    };
    let usable = |staff: &Staff| staff.disabled == 0 && !staff.is_managed();
    let staff = store.staff_by_email(&email).await?.filter(usable);
    let hash = staff.as_ref().map(|staff| staff.password.clone());
    let fits = password::fits(typed.password.clone(), hash).await;
    let Some(staff) = staff.filter(|_| fits) else {
        note_failure(&app, &email, ip).await?;
        return refused(&typed);
    };
    store.remember_place(&place).await?;
    for (at, (subject, _)) in subjects.iter().enumerate() {
        let last = before.get(subject).copied().unwrap_or_default();
        // Whoever signs in from here may mistype again; what others did elsewhere still counts.
        match at {
            0 => store.forget_sign_in_failures(subject).await?,
            _ => store.forgive_sign_in_try(subject, last).await?,
        }
    }
    begin_session(&session, &staff, store.now()).await?;
    store.signed_in(&staff.actor(&ip.to_string()), &staff).await?;
    Ok(Redirect::to(own_path(&typed.next)).into_response())
}

fn locked(app: &App, typed: &SignIn, wait: clock::Millis) -> Result<Response, Problem> {
    let when = format!("in {}", clock::span(wait.max(clock::MINUTE)));
    let page = form(app, typed, vec![SignInPage::locked(&when)])?;
    Ok((StatusCode::TOO_MANY_REQUESTS, page).into_response())
}

/// What tries are counted by, and how many are free: the account from one address, the address, and,
/// more generously, the account from everywhere it was never signed in from.
///
/// The last one stops whoever guesses from many addresses, and would let them lock out whom they name.
/// So it is not for an address that this account was signed in to from: what others do elsewhere makes
/// nobody wait there, and whoever guesses from there has the few tries of one address.
fn subjects(email: &str, ip: IpAddr, known: bool) -> Vec<(String, i64)> {
    let network = network(ip);
    let mut all = vec![
        (digest(&format!("account {email} from {network}")), password::FREE_TRIES),
        (digest(&format!("address {network}")), password::FREE_TRIES_OF_ADDRESS),
    ];
    if !known {
        let everywhere = digest(&format!("account {email}"));
        all.push((everywhere, password::FREE_TRIES_FROM_EVERYWHERE));
    }
    all
}

/// Wrong passwords go to the audit log; what was typed as an address may be a password, so only that
/// of a known account does.
async fn note_failure(app: &App, email: &str, ip: IpAddr) -> Result<(), Problem> {
    metrics::counter!("onboarding_sign_in_failures_total").increment(1);
    let Some(staff) = app.store.staff_by_email(email).await? else { return Ok(()) };
    let subject = staff.email.clone();
    let entry = NewAudit { action: "fail to sign in", subject, ..NewAudit::default() };
    let actor = Actor { name: "visitor".to_owned(), ip: ip.to_string() };
    app.store.record(&actor, &entry).await?;
    Ok(())
}

/// `POST /sign-out`
pub async fn sign_out(session: Session) -> Result<Response, Problem> {
    session.flush().await.map_err(|error| Problem::internal(&error))?;
    Ok(Redirect::to("/sign-in").into_response())
}

/// `GET /help`
pub async fn help(State(app): State<App>, session: Session) -> Result<Response, Problem> {
    let frame = match signed_in(&app, &session).await? {
        Some(staff) => app.site.staff_frame(&staff, "Help", ""),
        None => app.site.frame("Help"),
    };
    page(&HelpPage::new(frame, app.site.contact.clone(), app.site.contact_url()))
}

/// The form for a new password.
#[derive(Deserialize)]
pub struct NewPassword {
    #[serde(default)]
    current: String,
    #[serde(default)]
    new: String,
}

const NOT_KEPT_HERE: &str = "You sign in with your company's account. Change its password there.";

fn password_form(
    app: &App,
    signed: &SignedIn,
    errors: Vec<FieldError>,
) -> Result<Response, Problem> {
    page(&PasswordPage {
        frame: signed.frame(app, "Change your password", "settings"),
        email: signed.staff.email.clone(),
        action_url: "/settings/password".to_owned(),
        back_url: "/settings".to_owned(),
        min_length: password::SHORTEST,
        forced: signed.staff.must_change != 0,
        errors,
    })
}

/// `GET /settings/password`
pub async fn show_password(State(app): State<App>, signed: SignedIn) -> Result<Response, Problem> {
    if signed.staff.is_managed() {
        return signed.refused("/settings", NOT_KEPT_HERE).await;
    }
    password_form(&app, &signed, Vec::new())
}

/// `POST /settings/password`
pub async fn change_password(
    State(app): State<App>,
    signed: SignedIn,
    Form(typed): Form<NewPassword>,
) -> Result<Response, Problem> {
    let staff = &signed.staff;
    if staff.is_managed() {
        return signed.refused("/settings", NOT_KEPT_HERE).await;
    }
    let mut errors = Vec::new();
    if !password::fits(typed.current.clone(), Some(staff.password.clone())).await {
        errors.push(FieldError::new("current", "Enter the password that you use now"));
    }
    if let Some(why) = password::too_weak(&typed.new, &staff.email) {
        errors.push(FieldError::new("new", why));
    } else if typed.new == typed.current {
        errors.push(FieldError::new("new", "Choose a password other than the one you use now"));
    }
    if !errors.is_empty() {
        let page = password_form(&app, &signed, errors)?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    set_password(&app, &signed, staff, typed.new, false).await?;
    // All sessions of the account are over, this one too; it goes on under a new name.
    let Some(staff) = app.store.staff(&staff.id).await? else { return Err(Problem::NotFound) };
    begin_session(&signed.session, &staff, app.store.now()).await?;
    signed.done("/settings", "Your password was changed. Other devices were signed out.").await
}

/// Sets somebody's password.
pub async fn set_password(
    app: &App,
    signed: &SignedIn,
    staff: &Staff,
    new: String,
    must_change: bool,
) -> Result<(), Problem> {
    let hash = password::hash(new).await.map_err(|error| Problem::internal(&error))?;
    app.store.set_password(&signed.actor(), staff, &hash, must_change).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_sent_on_to_pages_of_this_site_only() {
        let start = "/customers";
        assert_eq!(own_path("/customers/7?x=1"), "/customers/7?x=1");
        for elsewhere in [
            "https://evil.test",
            "//evil.test",
            "/\\evil.test",
            "",
            "javascript:x",
            "/a\r\nb",
            "/ü",
        ] {
            assert_eq!(own_path(elsewhere), start, "{elsewhere}");
        }
    }
}
