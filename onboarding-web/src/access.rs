//! Who may call what: one function decides, for every route.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{StatusCode, header::ORIGIN, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use tower_sessions::Session;

use crate::{
    api::caller::Scope,
    app::App,
    clock::{HOUR, MINUTE, Millis},
    error::Problem,
    pages::frame::{Flash, Frame},
    store::{Actor, Role, Staff},
};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Anyone,
    /// Whoever has the link to a customer's page, while it is valid.
    Link,
    /// Stacks, with their token.
    Stack,
    /// SNS, for the topics of customers, by its signature.
    Sns,
    /// Staff of this role or a higher one.
    Staff(Role),
    /// Programs with a token of this scope.
    Token(Scope),
}

/// A session ends so long after signing in, however much it is used.
pub const LONGEST_SESSION: Millis = 12 * HOUR;
/// A session that is not used ends after so long, in seconds.
pub const IDLE_SESSION_SECONDS: i64 = 2 * 3600;

const STAFF: &str = "staff";
const EPOCH: &str = "epoch";
const SINCE: &str = "since";
const FLASH: &str = "flash";
const SEEN: &str = "seen";

/// Who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The account, as it is now.
    pub staff: Staff,
    /// The session.
    pub session: Session,
    /// Where the request came from.
    pub ip: IpAddr,
    flash: Option<(String, String)>,
}

impl SignedIn {
    /// As whom things are done.
    pub fn actor(&self) -> Actor {
        self.staff.actor(&self.ip.to_string())
    }

    /// The frame of a page for this one, with what just happened.
    pub fn frame(&self, app: &App, title: &str, current: &'static str) -> Frame {
        let mut frame = app.site.staff_frame(&self.staff, title, current);
        frame.flash = self.flash.clone().map(|(kind, text)| {
            let kind = if kind == "ok" { "ok" } else { "bad" };
            Flash { kind, text }
        });
        frame
    }

    /// Goes to another page, which says what just happened.
    pub async fn done(&self, to: &str, text: &str) -> Result<Response, Problem> {
        self.go(to, "ok", text).await
    }

    /// Goes to another page, which says what was refused.
    pub async fn refused(&self, to: &str, text: &str) -> Result<Response, Problem> {
        self.go(to, "bad", text).await
    }

    async fn go(&self, to: &str, kind: &str, text: &str) -> Result<Response, Problem> {
        let inserted = self.session.insert(FLASH, (kind, text)).await;
        inserted.map_err(|error| Problem::internal(&error))?;
        Ok(Redirect::to(to).into_response())
    }
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Only routes for staff have it; on another one this is a fault of ours.
        parts.extensions.get::<Self>().cloned().ok_or(Problem::NotFound)
    }
}

/// Begins a session for somebody who proved who they are. The session gets a new name, so that one
/// that was planted before is worth nothing.
pub async fn begin_session(session: &Session, staff: &Staff, now: Millis) -> Result<(), Problem> {
    let failed = |error| Problem::internal(&error);
    session.cycle_id().await.map_err(failed)?;
    session.insert(STAFF, &staff.id).await.map_err(failed)?;
    session.insert(EPOCH, staff.epoch).await.map_err(failed)?;
    session.insert(SEEN, now).await.map_err(failed)?;
    session.insert(SINCE, now).await.map_err(failed)
}

/// Who a session belongs to, if it is still good.
pub async fn signed_in(app: &App, session: &Session) -> Result<Option<Staff>, Problem> {
    let failed = |error| Problem::internal(&error);
    let Some(id) = session.get::<String>(STAFF).await.map_err(failed)? else { return Ok(None) };
    let epoch: i64 = session.get(EPOCH).await.map_err(failed)?.unwrap_or_default();
    let since: Millis = session.get(SINCE).await.map_err(failed)?.unwrap_or_default();
    let staff = app.store.staff(&id).await?;
    let good = |staff: &Staff| {
        staff.disabled == 0
            && staff.epoch == epoch
            && app.takes(staff)
            && app.store.now() - since < LONGEST_SESSION
    };
    Ok(staff.filter(good))
}

/// Lets a request for staff through if its role suffices.
pub async fn require(
    State((app, role)): State<(App, Role)>,
    mut request: Request,
    next: Next,
) -> Response {
    match check(&app, role, &mut request).await {
        Ok(signed) => {
            let mut response = next.run(request).await;
            response.extensions_mut().insert(signed);
            response
        }
        Err(response) => response,
    }
}

async fn check(app: &App, role: Role, request: &mut Request) -> Result<SignedIn, Response> {
    let session = request.extensions().get::<Session>().cloned();
    let session = session.ok_or_else(|| Problem::NotFound.into_response())?;
    let found = signed_in(app, &session).await.map_err(IntoResponse::into_response)?;
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let Some(staff) = found else {
        let next = if request.method().is_safe() { path } else { "/customers".to_owned() };
        let query = url::form_urlencoded::Serializer::new(String::new());
        let query = { query }.append_pair("next", &next).finish();
        return Err(Redirect::to(&format!("/sign-in?{query}")).into_response());
    };
    if !request.method().is_safe() && !came_from_a_page(request) {
        let next = "Send it from the site's own pages, in a browser.".to_owned();
        let problem = Problem::Bad(StatusCode::FORBIDDEN, "Nothing was changed", next);
        return Err(problem.into_response());
    }
    let ip = client_ip(request, app.site.trusted_proxies);
    let changing = path == "/settings/password";
    if staff.must_change != 0 && !changing {
        return Err(Redirect::to("/settings/password").into_response());
    }
    let flash = take_flash(&session).await;
    keep_alive(&session, app.store.now()).await;
    let signed = SignedIn { staff, session, ip, flash };
    if signed.staff.role() < role {
        let mut response = Problem::Forbidden(role.name()).into_response();
        response.extensions_mut().insert(signed);
        return Err(response);
    }
    request.extensions_mut().insert(signed.clone());
    Ok(signed)
}

/// What just happened, once. A session that is not changed is not written again: a request that is on
/// its way while somebody signs out must not bring the session back.
async fn take_flash(session: &Session) -> Option<(String, String)> {
    session.get::<(String, String)>(FLASH).await.ok().flatten()?;
    session.remove(FLASH).await.ok().flatten()
}

/// Moves the end of a session that is in use, now and then.
async fn keep_alive(session: &Session, now: Millis) {
    let seen: Millis = session.get(SEEN).await.ok().flatten().unwrap_or_default();
    if now - seen > 5 * MINUTE {
        // Should it fail, the session ends earlier.
        let _ = session.insert(SEEN, now).await;
    }
}

/// Every browser says where a form comes from; what does not is no browser, and has no business with
/// a session. Whether the place is right is checked for all routes by the CSRF layer.
fn came_from_a_page(request: &Request) -> bool {
    request.headers().contains_key("sec-fetch-site") || request.headers().contains_key(ORIGIN)
}

/// The address that a request came from, as far as the proxies in front can be believed: each adds
/// one entry at the end of X-Forwarded-For.
pub fn client_ip(request: &Request, trusted_proxies: usize) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    if trusted_proxies == 0 {
        return peer;
    }
    let headers = request.headers().get_all("x-forwarded-for");
    let entries: Vec<&str> = headers
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let at = entries.len().checked_sub(trusted_proxies);
    at.and_then(|at| entries[at].parse().ok()).unwrap_or(peer)
}

/// What counts as one visitor: an address, or in IPv6 the /64 that one visitor has all of.
pub fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(six) => six
            .to_ipv4_mapped()
            .map_or_else(|| IpAddr::V6((six.to_bits() & !u128::from(u64::MAX)).into()), IpAddr::V4),
    }
}

/// The address that a request came from.
#[derive(Debug, Clone, Copy)]
pub struct Ip(pub IpAddr);

/// Notes the address before anything else looks at it.
pub async fn note_ip(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let ip = Ip(client_ip(&request, app.site.trusted_proxies));
    request.extensions_mut().insert(ip);
    next.run(request).await
}

impl<S: Sync> FromRequestParts<S> for Ip {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or(Self(Ipv4Addr::UNSPECIFIED.into())))
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn request(forwarded: &[&str]) -> Request {
        let mut builder = Request::builder().uri("/");
        for value in forwarded {
            builder = builder.header("x-forwarded-for", *value);
        }
        let mut request = builder.body(Body::empty()).unwrap();
        let peer = SocketAddr::from(([10, 0, 0, 1], 999));
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    }

    #[test]
    fn only_what_trusted_proxies_added_is_believed() {
        let cases: [(&[&str], usize, &str); 6] = [
            (&["1.1.1.1"], 0, "10.0.0.1"),
            (&["1.1.1.1"], 1, "1.1.1.1"),
            (&["6.6.6.6, 1.1.1.1"], 1, "1.1.1.1"),
            (&["6.6.6.6", "1.1.1.1, 2.2.2.2"], 2, "1.1.1.1"),
            (&["1.1.1.1"], 2, "10.0.0.1"),
            (&["nonsense"], 1, "10.0.0.1"),
        ];
        for (headers, proxies, expected) in cases {
            let found = client_ip(&request(headers), proxies);
            assert_eq!(found.to_string(), expected, "{headers:?} {proxies}");
        }
    }
}
