//! Signing in with a company's account: to the provider, and back.

use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use tower_sessions::{Expiry, Session};

use super::sign_in::{Next, own_path};
use crate::{
    access::{Ip, begin_session, network, signed_in},
    app::App,
    clock::Millis,
    error::Problem,
    oidc::{Failure, Pending, Person, SIGN_IN_WITHIN, SingleSignOn},
    store::{Actor, Admission, NewAudit, Staff},
};

/// Where a session keeps who was sent to the provider.
const PENDING: &str = "oidc";
/// As many windows may be at the provider at once.
const AT_ONCE: usize = 5;
/// A session of somebody who never comes back is forgotten soon.
const WAITING: time::Duration = time::Duration::minutes(15);

/// What the provider sends back with the browser.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Returned {
    code: String,
    state: String,
    error: String,
    iss: String,
}

/// Why somebody was not signed in, in words: status, title, what to do.
struct Refusal(StatusCode, &'static str, String);

impl From<Refusal> for Problem {
    fn from(Refusal(status, title, next): Refusal) -> Self {
        Self::Bad(status, title, next)
    }
}

fn provider(app: &App) -> Result<&SingleSignOn, Problem> {
    app.single_sign_on.as_deref().ok_or(Problem::NotFound)
}

/// Both ways count, so that nobody has us ask the provider without end.
fn throttle(app: &App, ip: Ip) -> Result<(), Problem> {
    let allowed = app.limits.single_sign_on.check_key(&network(ip.0));
    allowed.map_err(|_| Problem::TooMany(60))
}

/// `GET /sign-in/oidc`
pub async fn begin(
    State(app): State<App>,
    ip: Ip,
    session: Session,
    Query(next): Query<Next>,
) -> Result<Response, Problem> {
    let provider = provider(&app)?;
    let next = own_path(&next.next);
    if signed_in(&app, &session).await?.is_some() {
        return Ok(Redirect::to(next).into_response());
    }
    throttle(&app, ip)?;
    let begun = provider.begin(next, app.store.now()).await;
    let (url, pending) = begun.map_err(|failure| refusal(&failure))?;
    remember(&session, pending).await?;
    Ok(Redirect::to(&url).into_response())
}

/// `GET /sign-in/oidc/return`
pub async fn finish(
    State(app): State<App>,
    ip: Ip,
    session: Session,
    Query(returned): Query<Returned>,
) -> Result<Response, Problem> {
    let provider = provider(&app)?;
    throttle(&app, ip)?;
    // Before anything else: each state is good once.
    let pending = take(&session, &returned.state, app.store.now()).await?;
    let pending = pending.ok_or_else(not_begun_here)?;
    let found = match answered(provider, &returned) {
        Ok(code) => provider.finish(code, &pending, app.store.now()).await,
        Err(refusal) => return Err(refusal.into()),
    };
    let person = match found {
        Ok(person) => person,
        Err(failure) => {
            note(&app, ip, "", &format!("{}: {failure}", provider.issuer())).await?;
            return Err(refusal(&failure));
        }
    };
    let staff = match admitted(&app, provider, ip, &person).await? {
        Ok(staff) => staff,
        Err((refusal, why)) => {
            let why = format!("{} at {}: {why}", person.subject, person.issuer);
            note(&app, ip, &person.email, &why).await?;
            return Err(refusal.into());
        }
    };
    let now = app.store.now();
    begin_session(&session, &staff, now).await?;
    forget(&session).await?;
    app.store.signed_in(&staff.actor(&ip.0.to_string()), &staff).await?;
    Ok(Redirect::to(own_path(&pending.next)).into_response())
}

/// The code, if the provider gave one.
fn answered(provider: &SingleSignOn, returned: &Returned) -> Result<String, Refusal> {
    // RFC 9207: an answer of another provider is not for this one.
    let other = !returned.iss.is_empty() && returned.iss != provider.issuer();
    if !returned.error.is_empty() && !other {
        let next = match returned.error.as_str() {
            "access_denied" => {
                "It was cancelled at your company's sign-in, or you may not use this \
                                site. Try again, or ask whoever looks after your accounts."
            }
            "temporarily_unavailable" | "server_error" => {
                "Your company's sign-in is not available just now. Try again in a few minutes."
            }
            _ => {
                "Your company's sign-in refused this site's question. Ask whoever looks after this site \
                 to check the settings of single sign-on."
            }
        };
        return Err(Refusal(StatusCode::FORBIDDEN, NOT_SIGNED_IN, next.to_owned()));
    }
    if other || returned.code.is_empty() {
        return Err(not_begun_here());
    }
    Ok(returned.code.clone())
}

const NOT_SIGNED_IN: &str = "You were not signed in";

fn not_begun_here() -> Refusal {
    let next =
        "Signing in took too long, was done already, or was begun in another browser. Begin \
                again."
            .to_owned();
    Refusal(StatusCode::BAD_REQUEST, NOT_SIGNED_IN, next)
}

/// The account of somebody, or why they are not let in: in words for them, and for the audit log.
async fn admitted(
    app: &App,
    provider: &SingleSignOn,
    ip: Ip,
    person: &Person,
) -> Result<Result<Staff, (Refusal, &'static str)>, Problem> {
    let refused = |status, next: &str, why| Ok(Err((refusal_of(status, next), why)));
    let Some(role) = provider.role(&person.groups) else {
        let known = app.store.staff_by_identity(&person.issuer, &person.subject).await?;
        if let Some(known) = known {
            app.store.end_sessions(&known).await?;
        }
        let next = "Your company's sign-in knows you, but you are in no group that may use this site. \
                    Ask whoever looks after your groups.";
        return refused(StatusCode::FORBIDDEN, next, "in no group that counts");
    };
    match app.store.admit(&ip.0.to_string(), person, role).await? {
        Admission::In(staff) if staff.disabled == 0 => Ok(Ok(*staff)),
        Admission::In(_) | Admission::SwitchedOff => {
            let next = "Your account on this site is switched off. An admin can switch it on under \
                        Settings.";
            refused(StatusCode::FORBIDDEN, next, "switched off")
        }
        Admission::Taken => {
            let next = "This site has another account with your e-mail address, and an address alone \
                        does not prove that it is yours. Sign in to it as before, or ask whoever looks \
                        after this site to link it to your company's account.";
            refused(StatusCode::CONFLICT, next, "another account has the address")
        }
    }
}

fn refusal_of(status: StatusCode, next: &str) -> Refusal {
    Refusal(status, NOT_SIGNED_IN, next.to_owned())
}

/// What somebody reads whom the provider could not or would not vouch for; the rest goes to the log.
fn refusal(failure: &Failure) -> Problem {
    metrics::counter!("onboarding_sign_in_failures_total").increment(1);
    tracing::warn!(why = %failure, "single sign-on failed");
    let (status, title, next) = match failure {
        Failure::Provider(_) => (
            StatusCode::BAD_GATEWAY,
            "Your company's sign-in does not answer",
            "Try again in a few minutes. Local accounts can sign in meanwhile, where they are used.",
        ),
        Failure::Code(_) | Failure::Token(_) => (
            StatusCode::FORBIDDEN,
            NOT_SIGNED_IN,
            "What your company's sign-in said could not be believed. Begin again; if it stays, ask \
             whoever looks after this site to look at its log.",
        ),
        Failure::Email => (
            StatusCode::FORBIDDEN,
            NOT_SIGNED_IN,
            "Your company's sign-in does not say that your e-mail address was checked. Ask whoever \
             looks after your account.",
        ),
    };
    Problem::Bad(status, title, next.to_owned())
}

/// Who was refused goes to the audit log, as far as the provider vouches for it.
async fn note(app: &App, ip: Ip, email: &str, why: &str) -> Result<(), Problem> {
    let after: String = why.chars().filter(|c| !c.is_control()).take(400).collect();
    let (action, subject) = ("fail to sign in", email.to_owned());
    let entry = NewAudit { action, subject, after, ..NewAudit::default() };
    let actor = Actor { name: "visitor".to_owned(), ip: ip.0.to_string() };
    app.store.record(&actor, &entry).await?;
    Ok(())
}

async fn remember(session: &Session, pending: Pending) -> Result<(), Problem> {
    let mut all = waiting(session).await?;
    all.push(pending);
    let late = all.len().saturating_sub(AT_ONCE);
    all.drain(..late);
    session.insert(PENDING, all).await.map_err(|error| Problem::internal(&error))?;
    session.set_expiry(Some(Expiry::OnInactivity(WAITING)));
    Ok(())
}

/// Who was sent with this state, if it was from this browser and not long ago. It is forgotten at
/// once, whatever comes of the rest.
async fn take(session: &Session, state: &str, now: Millis) -> Result<Option<Pending>, Problem> {
    let failed = |error| Problem::internal(&error);
    let mut all = waiting(session).await?;
    let Some(at) = all.iter().position(|one| !state.is_empty() && one.state == state) else {
        return Ok(None);
    };
    let found = all.swap_remove(at);
    session.insert(PENDING, all).await.map_err(failed)?;
    session.save().await.map_err(failed)?;
    Ok(Some(found).filter(|found| now - found.begun < SIGN_IN_WITHIN))
}

async fn waiting(session: &Session) -> Result<Vec<Pending>, Problem> {
    let all = session.get::<Vec<Pending>>(PENDING).await;
    Ok(all.map_err(|error| Problem::internal(&error))?.unwrap_or_default())
}

async fn forget(session: &Session) -> Result<(), Problem> {
    let gone = session.remove::<Vec<Pending>>(PENDING).await;
    gone.map(|_| ()).map_err(|error| Problem::internal(&error))
}
