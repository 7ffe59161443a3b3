//! Every address of the site in one table, with who may call it.

use axum::{
    Router,
    extract::{DefaultBodyLimit, MatchedPath, Request, State},
    handler::Handler,
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Redirect, Response},
    routing::{MethodFilter, MethodRouter, on},
};
use std::time::{Duration, Instant};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, csrf::CsrfLayer,
    timeout::TimeoutLayer,
};
use tower_sessions::{Expiry, SessionManagerLayer, cookie::SameSite};

use crate::{
    access::{self, Access},
    api::{self, caller::Scope},
    app::App,
    assets, error,
    error::Problem,
    intake::door,
    launch, reports,
    staff::{
        audit, customer, customers, form, import, integrations, pop_roles, settings, sign_in,
        single_sign_on, templates,
    },
    store::{Role, Sessions},
};

/// One address.
#[derive(Debug, Clone)]
pub struct Route {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: Method,
    /// As axum matches it.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    handler: MethodRouter<App>,
}

/// A form or a report has at most this many bytes.
const BODY: usize = 256 * 1024;
/// A list of customers has at most this many, with what goes around it.
const UPLOAD: usize = crate::import::MAX_BYTES + 64 * 1024;

fn route<T: 'static>(
    method: Method,
    path: &'static str,
    access: Access,
    handler: impl Handler<T, App>,
) -> Route {
    let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
    Route { method, path, access, handler: on(filter, handler) }
}

/// The table. There is no other way to an address.
pub fn table() -> Vec<Route> {
    [
        anyone(),
        of_links(),
        of_customers(),
        of_import(),
        of_templates(),
        of_audit(),
        of_settings(),
        of_api(),
    ]
    .concat()
}

fn anyone() -> Vec<Route> {
    let (get, post, who) = (Method::GET, Method::POST, Access::Anyone);
    vec![
        route(get.clone(), "/", who, start),
        route(get.clone(), "/sign-in", who, sign_in::show),
        route(post.clone(), "/sign-in", who, sign_in::sign_in),
        route(get.clone(), "/sign-in/oidc", who, single_sign_on::begin),
        route(get.clone(), "/sign-in/oidc/return", who, single_sign_on::finish),
        route(post.clone(), "/sign-out", who, sign_in::sign_out),
        route(get.clone(), "/help", who, sign_in::help),
        route(get.clone(), "/assets/{hash}/{name}", who, assets::get),
        route(get.clone(), "/favicon.ico", who, assets::favicon),
        route(get.clone(), "/favicon.svg", who, assets::favicon),
        route(get.clone(), "/healthz", who, alive),
        route(get, "/readyz", who, ready),
        route(post.clone(), "/reports", Access::Stack, reports::take),
        route(post, "/intake/sns", Access::Sns, door::take),
    ]
}

fn of_links() -> Vec<Route> {
    let (get, who) = (Method::GET, Access::Link);
    vec![
        route(get.clone(), "/c/{token}", who, launch::show),
        route(get.clone(), "/c/{token}/progress", who, launch::fragment),
        route(get.clone(), "/c/{token}/events", who, launch::events),
        route(get.clone(), "/c/{token}/permissions", who, launch::permissions),
        route(get.clone(), "/c/{token}/explain", who, launch::explain),
        route(get.clone(), "/c/{token}/template.yaml", who, launch::download),
        route(get, "/c/{token}/launch-role.yaml", who, launch::download_launch_role),
    ]
}

fn of_customers() -> Vec<Route> {
    let (get, post) = (Method::GET, Method::POST);
    let (viewer, editor) = (Access::Staff(Role::Viewer), Access::Staff(Role::Editor));
    vec![
        route(get.clone(), "/customers", viewer, customers::list),
        route(get.clone(), "/customers/new", editor, form::new),
        route(post.clone(), "/customers/new", editor, form::add),
        route(get.clone(), "/customers/new/parse", editor, form::parse),
        route(get.clone(), "/customers/{id}", viewer, customer::show),
        route(get.clone(), "/customers/{id}/progress", viewer, customer::fragment),
        route(get.clone(), "/customers/{id}/events", viewer, customer::events),
        route(get.clone(), "/customers/{id}/preview", editor, customer::preview),
        route(get.clone(), "/customers/{id}/edit", editor, form::edit),
        route(post.clone(), "/customers/{id}/edit", editor, form::change),
        route(post.clone(), "/customers/{id}/notes", editor, customer::notes),
        route(get.clone(), "/customers/{id}/rotate", editor, customer::ask_rotate),
        route(post.clone(), "/customers/{id}/rotate", editor, customer::rotate),
        route(get.clone(), "/customers/{id}/revoke", editor, customer::ask_revoke),
        route(post.clone(), "/customers/{id}/revoke", editor, customer::revoke),
        route(get, "/customers/{id}/offboard", editor, customer::ask_offboard),
        route(post.clone(), "/customers/{id}/offboard", editor, customer::offboard),
        route(post, "/customers/{id}/reinstate", editor, customer::reinstate),
    ]
}

fn of_import() -> Vec<Route> {
    let (get, post, editor) = (Method::GET, Method::POST, Access::Staff(Role::Editor));
    let mut upload = route(post.clone(), "/customers/import", editor, import::upload);
    upload.handler = upload.handler.layer(DefaultBodyLimit::max(UPLOAD));
    vec![
        upload,
        route(get.clone(), "/customers/import", editor, import::show),
        route(get.clone(), "/customers/import/sample.csv", editor, import::sample),
        route(get.clone(), "/customers/import/{id}", editor, import::check),
        route(post, "/customers/import/{id}", editor, import::confirm),
        route(get.clone(), "/customers/import/{id}/errors.csv", editor, import::errors),
        route(get, "/customers/import/{id}/links.csv", editor, import::links),
    ]
}

fn of_templates() -> Vec<Route> {
    let (get, viewer) = (Method::GET, Access::Staff(Role::Viewer));
    let retire = "/templates/{id}/{version}/retire";
    let restore = "/templates/{id}/{version}/restore";
    vec![
        route(get.clone(), "/templates", viewer, templates::list),
        route(get.clone(), "/templates/pop-roles", viewer, pop_roles::show),
        route(Method::POST, "/templates/pop-roles", viewer, pop_roles::read),
        route(get.clone(), "/templates/{id}/diff", viewer, templates::diff),
        route(get.clone(), "/templates/{id}/{version}", viewer, templates::show),
        route(get, "/templates/{id}/{version}/raw", viewer, templates::raw),
        route(Method::POST, retire, Access::Staff(Role::Admin), templates::retire),
        route(Method::POST, restore, Access::Staff(Role::Admin), templates::restore),
    ]
}

fn of_audit() -> Vec<Route> {
    let (get, viewer) = (Method::GET, Access::Staff(Role::Viewer));
    vec![
        route(get.clone(), "/audit", viewer, audit::list),
        route(get.clone(), "/audit/export.csv", viewer, audit::csv),
        route(get, "/audit/export.json", viewer, audit::json),
    ]
}

fn of_settings() -> Vec<Route> {
    let (get, post) = (Method::GET, Method::POST);
    let (viewer, admin) = (Access::Staff(Role::Viewer), Access::Staff(Role::Admin));
    vec![
        route(get.clone(), "/settings", viewer, settings::show),
        route(post.clone(), "/settings/preferences", viewer, settings::preferences),
        route(get.clone(), "/settings/password", viewer, sign_in::show_password),
        route(post.clone(), "/settings/password", viewer, sign_in::change_password),
        route(post.clone(), "/settings/staff", admin, settings::add_staff),
        route(post.clone(), "/settings/staff/{id}", admin, settings::change_staff),
        route(post.clone(), "/settings/links", admin, settings::links),
        route(post.clone(), "/settings/email", admin, settings::save_email),
        route(get.clone(), "/settings/tokens", admin, integrations::tokens),
        route(post.clone(), "/settings/tokens", admin, integrations::make_token),
        route(post.clone(), "/settings/tokens/{id}/revoke", admin, integrations::revoke_token),
        route(get, "/settings/webhooks", admin, integrations::list_webhooks),
        route(post.clone(), "/settings/webhooks", admin, integrations::add_webhook),
        route(post.clone(), "/settings/webhooks/{id}/test", admin, integrations::test_webhook),
        route(post, "/settings/webhooks/{id}/remove", admin, integrations::remove_webhook),
    ]
}

fn of_api() -> Vec<Route> {
    let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);
    let (read, write) = (Access::Token(Scope::CustomersRead), Access::Token(Scope::CustomersWrite));
    let (templates, audit) = (Access::Token(Scope::TemplatesRead), Access::Token(Scope::AuditRead));
    let webhooks = Access::Token(Scope::WebhooksWrite);
    let mut import = route(post.clone(), "/api/v1/customers/import", write, api::import::run);
    import.handler = import.handler.layer(DefaultBodyLimit::max(UPLOAD));
    vec![
        import,
        route(get.clone(), "/api/openapi.json", Access::Anyone, api::description),
        route(get.clone(), "/api/v1/customers", read, api::customers::list),
        route(post.clone(), "/api/v1/customers", write, api::customers::add),
        route(get.clone(), "/api/v1/customers/{id}", read, api::customers::show),
        route(put, "/api/v1/customers/{id}", write, api::customers::change),
        route(get.clone(), "/api/v1/customers/{id}/events", read, api::customers::events),
        route(post.clone(), "/api/v1/customers/{id}/offboard", write, api::customers::offboard),
        route(post.clone(), "/api/v1/customers/{id}/reinstate", write, api::customers::reinstate),
        route(get.clone(), "/api/v1/customers/{id}/link", write, api::links::show),
        route(post.clone(), "/api/v1/customers/{id}/link/rotate", write, api::links::rotate),
        route(post.clone(), "/api/v1/customers/{id}/link/revoke", write, api::links::revoke),
        route(get.clone(), "/api/v1/templates", templates, api::templates::list),
        route(get.clone(), "/api/v1/templates/{id}/diff", templates, api::templates::diff),
        route(get.clone(), "/api/v1/templates/{id}/{version}", templates, api::templates::show),
        route(get.clone(), "/api/v1/audit", audit, api::audit::list),
        route(get.clone(), "/api/v1/webhooks", webhooks, api::webhooks::list),
        route(post.clone(), "/api/v1/webhooks", webhooks, api::webhooks::add),
        route(delete, "/api/v1/webhooks/{id}", webhooks, api::webhooks::remove),
        route(post, "/api/v1/webhooks/{id}/test", webhooks, api::webhooks::test),
        route(get, "/api/v1/webhooks/{id}/deliveries", webhooks, api::webhooks::deliveries),
    ]
}

async fn start() -> Redirect {
    Redirect::to("/customers")
}

async fn alive() -> &'static str {
    "alive\n"
}

async fn ready(State(app): State<App>) -> Result<&'static str, Problem> {
    app.store.ping().await?;
    Ok("ready\n")
}

/// The whole site.
pub fn router(app: &App) -> Router {
    let mut router = Router::new();
    for route in table() {
        let handler = match route.access {
            Access::Staff(role) => {
                route.handler.layer(from_fn_with_state((app.clone(), role), access::require))
            }
            Access::Token(scope) => {
                let state = (app.clone(), scope);
                route.handler.layer(from_fn_with_state(state, api::caller::require))
            }
            Access::Anyone | Access::Link | Access::Stack | Access::Sns => route.handler,
        };
        router = router.route(route.path, handler);
    }
    let name = if app.site.secure { "__Host-onboarding" } else { "onboarding" };
    let sessions = SessionManagerLayer::new(Sessions(app.store.clone()))
        .with_name(name)
        .with_secure(app.site.secure)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(time::Duration::seconds(access::IDLE_SESSION_SECONDS)));
    let slow = axum::http::StatusCode::REQUEST_TIMEOUT;
    let layers = ServiceBuilder::new()
        .layer(from_fn(measure))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(app.clone(), add_headers))
        .layer(from_fn_with_state(app.clone(), error::render))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), access::note_ip))
        .layer(CsrfLayer::new())
        .layer(TimeoutLayer::with_status_code(slow, Duration::from_secs(30)))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(sessions);
    router.fallback(nothing_here).layer(layers).with_state(app.clone())
}

async fn nothing_here() -> Problem {
    Problem::NotFound
}

#[expect(clippy::needless_pass_by_value, reason = "as the layer calls it")]
fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
    Problem::internal(&format!("a panic: {words}")).into_response()
}

/// What no page goes without. Everything a page loads comes from this site, and nothing is inline.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

async fn add_headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let (of_link, of_asset) = (path.starts_with("/c/"), path.starts_with("/assets/"));
    let mut response = next.run(request).await;
    let found = response.status().is_success();
    let headers = response.headers_mut();
    if of_link {
        // The address is the key: it goes to no other site.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if !(of_asset && found) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if app.site.secure {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    response
}

/// Counts and times requests by route, never by address: addresses hold tokens.
async fn measure(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let path = path.map_or("none", MatchedPath::as_str).to_owned();
    let (method, begun) = (request.method().clone(), Instant::now());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let took = begun.elapsed();
    let known =
        [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::HEAD].contains(&method);
    let method = if known { method.to_string() } else { "other".to_owned() };
    let labels =
        [("method", method.clone()), ("path", path.clone()), ("status", status.to_string())];
    metrics::counter!("onboarding_requests_total", &labels).increment(1);
    metrics::histogram!("onboarding_request_seconds", &labels[..2]).record(took.as_secs_f64());
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(method, path, status, ms, "request");
    response
}
