//! Who gets which answer from which address, written out.

use onboarding_web::{access::Access, api::caller::Scope, store::Role};

/// One address, and what it answers.
pub(crate) struct Row {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    /// To [`WHO`], in that order.
    pub(crate) answers: [&'static str; 8],
}

/// Whom the columns are about. The last four have no session: a customer with the link (or, for
/// reports, with the stack's token) of another one, with a link that expired, with one that was
/// revoked, and with one that never was.
pub(crate) const WHO: [&str; 8] =
    ["anyone", "viewer", "editor", "admin", "other customer", "expired", "revoked", "unknown"];

const fn row(
    method: &'static str,
    path: &'static str,
    access: Access,
    answers: [&'static str; 8],
) -> Row {
    Row { method, path, access, answers }
}

/// For everybody the same.
const fn open(method: &'static str, path: &'static str, answer: &'static str) -> Row {
    row(method, path, Access::Anyone, [answer; 8])
}

/// For whoever has a valid link; a session makes no difference.
const fn link(path: &'static str) -> Row {
    let answers = ["200", "200", "200", "200", "200", "gone", "gone", "gone"];
    row("GET", path, Access::Link, answers)
}

/// From viewers on.
const fn viewer(method: &'static str, path: &'static str, answer: &'static str) -> Row {
    let answers = ["in", answer, answer, answer, "in", "in", "in", "in"];
    row(method, path, Access::Staff(Role::Viewer), answers)
}

/// From editors on.
const fn editor(method: &'static str, path: &'static str, answer: &'static str) -> Row {
    let answers = ["in", "403", answer, answer, "in", "in", "in", "in"];
    row(method, path, Access::Staff(Role::Editor), answers)
}

/// For admins.
const fn admin(method: &'static str, path: &'static str, answer: &'static str) -> Row {
    let answers = ["in", "403", "403", answer, "in", "in", "in", "in"];
    row(method, path, Access::Staff(Role::Admin), answers)
}

/// `in`: sent to sign in. `403`: the page that names the role. `gone`: the page of a link that does
/// not work. Anything else is a status.
pub(crate) const ROWS: &[Row] = &[
    open("GET", "/", "303"),
    row(
        "GET",
        "/sign-in",
        Access::Anyone,
        ["200", "303", "303", "303", "200", "200", "200", "200"],
    ),
    open("POST", "/sign-in", "422"),
    open("GET", "/api/openapi.json", "200"),
    // Nobody's where there is no single sign-on.
    open("GET", "/sign-in/oidc", "404"),
    open("GET", "/sign-in/oidc/return", "404"),
    open("GET", "/help", "200"),
    open("GET", "/assets/{hash}/{name}", "200"),
    open("GET", "/favicon.ico", "200"),
    open("GET", "/favicon.svg", "200"),
    open("GET", "/healthz", "200"),
    open("GET", "/readyz", "200"),
    row(
        "POST",
        "/reports",
        Access::Stack,
        ["401", "401", "401", "401", "refused", "refused", "refused", "401"],
    ),
    // Nobody's where logs are not taken in.
    row("POST", "/intake/sns", Access::Sns, ["404"; 8]),
    link("/c/{token}"),
    link("/c/{token}/progress"),
    link("/c/{token}/events"),
    link("/c/{token}/permissions"),
    link("/c/{token}/explain"),
    link("/c/{token}/template.yaml"),
    link("/c/{token}/launch-role.yaml"),
    viewer("GET", "/customers", "200"),
    editor("GET", "/customers/new", "200"),
    editor("POST", "/customers/new", "303"),
    editor("GET", "/customers/new/parse", "200"),
    viewer("GET", "/customers/{id}", "200"),
    viewer("GET", "/customers/{id}/progress", "200"),
    viewer("GET", "/customers/{id}/events", "200"),
    editor("GET", "/customers/{id}/preview", "200"),
    editor("GET", "/customers/{id}/edit", "200"),
    editor("POST", "/customers/{id}/edit", "303"),
    editor("POST", "/customers/{id}/notes", "303"),
    editor("GET", "/customers/{id}/rotate", "200"),
    editor("POST", "/customers/{id}/rotate", "303"),
    editor("GET", "/customers/{id}/revoke", "200"),
    editor("POST", "/customers/{id}/revoke", "303"),
    editor("GET", "/customers/{id}/offboard", "200"),
    editor("POST", "/customers/{id}/offboard", "303"),
    editor("POST", "/customers/{id}/reinstate", "303"),
    editor("GET", "/customers/import", "200"),
    editor("POST", "/customers/import", "303"),
    editor("GET", "/customers/import/sample.csv", "200"),
    editor("GET", "/customers/import/{id}", "200"),
    editor("POST", "/customers/import/{id}", "303"),
    editor("GET", "/customers/import/{id}/errors.csv", "200"),
    editor("GET", "/customers/import/{id}/links.csv", "200"),
    viewer("GET", "/templates", "200"),
    viewer("GET", "/templates/pop-roles", "200"),
    viewer("POST", "/templates/pop-roles", "200"),
    viewer("GET", "/templates/{id}/diff", "200"),
    viewer("GET", "/templates/{id}/{version}", "200"),
    viewer("GET", "/templates/{id}/{version}/raw", "200"),
    admin("POST", "/templates/{id}/{version}/retire", "303"),
    admin("POST", "/templates/{id}/{version}/restore", "303"),
    viewer("GET", "/audit", "200"),
    viewer("GET", "/audit/export.csv", "200"),
    viewer("GET", "/audit/export.json", "200"),
    viewer("GET", "/settings", "200"),
    viewer("POST", "/settings/preferences", "303"),
    viewer("GET", "/settings/password", "200"),
    viewer("POST", "/settings/password", "422"),
    admin("POST", "/settings/staff", "200"),
    admin("POST", "/settings/staff/{id}", "303"),
    admin("POST", "/settings/links", "303"),
    admin("POST", "/settings/email", "303"),
    admin("GET", "/settings/tokens", "200"),
    admin("POST", "/settings/tokens", "422"),
    admin("POST", "/settings/tokens/{id}/revoke", "404"),
    admin("GET", "/settings/webhooks", "200"),
    admin("POST", "/settings/webhooks", "422"),
    admin("POST", "/settings/webhooks/{id}/test", "404"),
    admin("POST", "/settings/webhooks/{id}/remove", "404"),
    // Last, because it ends the sessions.
    open("POST", "/sign-out", "303"),
];

/// What programs call, and the one scope that lets them.
pub(crate) const API: &[(&str, &str, Scope)] = &[
    ("GET", "/api/v1/customers", Scope::CustomersRead),
    ("POST", "/api/v1/customers", Scope::CustomersWrite),
    ("POST", "/api/v1/customers/import", Scope::CustomersWrite),
    ("GET", "/api/v1/customers/{id}", Scope::CustomersRead),
    ("PUT", "/api/v1/customers/{id}", Scope::CustomersWrite),
    ("GET", "/api/v1/customers/{id}/events", Scope::CustomersRead),
    ("POST", "/api/v1/customers/{id}/offboard", Scope::CustomersWrite),
    ("POST", "/api/v1/customers/{id}/reinstate", Scope::CustomersWrite),
    ("GET", "/api/v1/customers/{id}/link", Scope::CustomersWrite),
    ("POST", "/api/v1/customers/{id}/link/rotate", Scope::CustomersWrite),
    ("POST", "/api/v1/customers/{id}/link/revoke", Scope::CustomersWrite),
    ("GET", "/api/v1/templates", Scope::TemplatesRead),
    ("GET", "/api/v1/templates/{id}/diff", Scope::TemplatesRead),
    ("GET", "/api/v1/templates/{id}/{version}", Scope::TemplatesRead),
    ("GET", "/api/v1/audit", Scope::AuditRead),
    ("GET", "/api/v1/webhooks", Scope::WebhooksWrite),
    ("POST", "/api/v1/webhooks", Scope::WebhooksWrite),
    ("DELETE", "/api/v1/webhooks/{id}", Scope::WebhooksWrite),
    ("POST", "/api/v1/webhooks/{id}/test", Scope::WebhooksWrite),
    ("GET", "/api/v1/webhooks/{id}/deliveries", Scope::WebhooksWrite),
];
