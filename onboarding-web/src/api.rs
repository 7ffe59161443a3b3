//! The API: what the pages do, for programs. Its description is served as `/api/openapi.json`, made
//! from the same lines that make the answers.

pub mod audit;
pub mod caller;
pub mod customers;
pub mod failure;
pub mod import;
pub mod links;
pub mod records;
pub mod request;
pub mod templates;
pub mod webhooks;

use axum::{
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

/// The description of the API.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Log analysis onboarding",
        description = "What staff do on the site, for programs: add customers, send links, see how \
            their stacks stand, hear of changes.\n\nA token goes into the header `Authorization: \
            Bearer TOKEN`; admins make tokens under Settings. What is refused is answered as a problem \
            (RFC 9457). Times are RFC 3339 in UTC. A token may call 600 times a minute.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        customers::list, customers::add, customers::show, customers::change, customers::offboard,
        customers::reinstate, customers::events, import::run, links::show, links::rotate,
        links::revoke, templates::list, templates::show, templates::diff, audit::list,
        webhooks::list, webhooks::add, webhooks::remove, webhooks::test, webhooks::deliveries,
    ),
    components(schemas(customers::StateName, customers::SortName)),
    modifiers(&Token)
)]
pub struct Description;

struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// `GET /api/openapi.json`
pub async fn description() -> Response {
    let text = Description::openapi().to_json().unwrap_or_default();
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}
