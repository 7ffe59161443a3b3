//! What can go wrong with a request, as the page that people get; the detail goes to the log.

use askama::Template;
use axum::{
    Json,
    extract::{Request, State},
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use tower_http::csrf::ProtectionError;

use crate::{
    access::SignedIn,
    api::failure::Failure,
    app::App,
    catalogue::CatalogueError,
    pages::{errors::ErrorPage, frame::Frame},
    store::StoreError,
    token::random_id,
};

/// Why a request was not served.
#[derive(Debug, Clone)]
pub enum Problem {
    /// There is no such page.
    NotFound,
    /// The customer's link is unknown, expired or revoked; which one is nobody's business.
    LinkGone,
    /// The role is too low; the one that is needed.
    Forbidden(&'static str),
    /// Too often; seconds to wait.
    TooMany(u64),
    /// The request makes no sense; in words, and what to do.
    Bad(StatusCode, &'static str, String),
    /// A fault of ours; what to find it by in the log.
    Internal(String),
}

impl Problem {
    /// A fault of ours: it goes to the log, its code to the page.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        let code = random_id()[..8].to_owned();
        tracing::error!(code, %error, "a request failed");
        Self::Internal(code)
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::LinkGone => StatusCode::NOT_FOUND,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Bad(status, ..) => *status,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn page(&self, frame: Frame, app: &App) -> ErrorPage {
        let contact = app.site.contact_way();
        match self {
            Self::NotFound => ErrorPage::not_found(frame),
            Self::LinkGone => ErrorPage::link_gone(frame, &contact),
            Self::Forbidden(role) => ErrorPage::forbidden(frame, role),
            Self::TooMany(seconds) => ErrorPage::too_many(frame, &format!("in {seconds} seconds")),
            Self::Bad(status, title, next) => ErrorPage::other(frame, status.as_u16(), title, next),
            Self::Internal(code) => ErrorPage::failed(frame, code, &contact),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let bad = |status, title, next: String| Self::Bad(status, title, next);
        match error {
            StoreError::Taken(_) => {
                let next = format!("{error}. Nothing was changed.");
                return bad(StatusCode::CONFLICT, "Somebody else has it", next);
            }
            StoreError::OtherRequest => {
                let next =
                    "This Idempotency-Key came with another request before. Choose a new one.";
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return bad(status, "The key was used before", next.to_owned());
            }
            _ => {}
        }
        // PostgreSQL keeps no text with a zero byte, so nothing can be found by one.
        if error.is_unkeepable_text() {
            return Self::NotFound;
        }
        Self::internal(&error)
    }
}

impl From<CatalogueError> for Problem {
    fn from(error: CatalogueError) -> Self {
        match error {
            CatalogueError::Store(error) => error.into(),
            error => Self::internal(&error),
        }
    }
}

impl From<askama::Error> for Problem {
    fn from(error: askama::Error) -> Self {
        Self::internal(&error)
    }
}

/// Carries the problem to [`render`], which knows the frame.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if let Self::TooMany(seconds) = self {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Who is answered, and so in which words.
enum Asks {
    Person,
    Stack,
    Program,
}

/// Turns problems into pages, and what other layers refused as well.
pub async fn render(State(app): State<App>, request: Request, next: Next) -> Response {
    let asks = match request.uri().path() {
        "/reports" => Asks::Stack,
        path if path.starts_with("/api/") => Asks::Program,
        _ => Asks::Person,
    };
    let response = next.run(request).await;
    if speaks_for_itself(&response) {
        return response;
    }
    let foreign = response.extensions().get::<ProtectionError>().is_some();
    let problem = response.extensions().get::<Problem>().cloned();
    let Some(problem) = problem.or_else(|| refused_by_layer(response.status(), foreign)) else {
        return response;
    };
    let status = problem.status();
    let words = match asks {
        Asks::Program => return Failure::from(problem).into_response(),
        Asks::Stack => {
            let words = status.canonical_reason().unwrap_or_default().to_lowercase();
            return refused(status, &words);
        }
        Asks::Person if foreign => ErrorPage::foreign_form(app.site.frame("")),
        Asks::Person => {
            let frame = match response.extensions().get::<SignedIn>() {
                Some(SignedIn { staff, .. }) => app.site.staff_frame(staff, "", ""),
                None => app.site.frame(""),
            };
            problem.page(frame, &app)
        }
    };
    let mut page = (status, Html(words.render().unwrap_or_default())).into_response();
    if let Some(wait) = response.headers().get(RETRY_AFTER) {
        page.headers_mut().insert(RETRY_AFTER, wait.clone());
    }
    page
}

/// What a status means that a layer or an extractor answered with.
fn refused_by_layer(status: StatusCode, foreign: bool) -> Option<Problem> {
    let (title, next) = match status {
        _ if foreign => ("This was not sent from here", "Send it from the site's own pages."),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("That cannot be done here", "Go back and use the page's own buttons.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            ("That is too large", "Send less at once: a list of customers may have 2 MB.")
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE => {
            ("That took too long", "Try again in a minute.")
        }
        status if is_unread(status) => {
            ("That could not be read", "Go back, reload the page and try again.")
        }
        status if status.is_server_error() => {
            return Some(Problem::internal(&"a layer failed, and said no more"));
        }
        _ => return None,
    };
    let status = if foreign { StatusCode::FORBIDDEN } else { status };
    Some(Problem::Bad(status, title, next.to_owned()))
}

/// A page or JSON of ours, whatever its status: a form that says what is wrong with it, for one.
fn speaks_for_itself(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    [&b"text/html"[..], b"application/json", b"application/problem+json"]
        .iter()
        .any(|own| kind.starts_with(own))
}

/// What a stack is told that may not report, or not so.
pub fn refused(status: StatusCode, why: &str) -> Response {
    (status, Json(serde_json::json!({ "refused": why }))).into_response()
}

/// What axum's own extractors answer when a form or an address cannot be read.
fn is_unread(status: StatusCode) -> bool {
    [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY, StatusCode::UNSUPPORTED_MEDIA_TYPE]
        .contains(&status)
}

/// A page as the answer.
pub fn page(page: &impl Template) -> Result<Response, Problem> {
    Ok(Html(page.render()?).into_response())
}
