//! Who calls the API: a program with a token, and what its scopes let it do.

use std::net::IpAddr;

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{StatusCode, header::AUTHORIZATION, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::failure::Failure;
use crate::{
    access::{Ip, network},
    app::App,
    store::{Actor, ApiToken, Role},
};

/// What a token lets a program do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// See customers, without their links.
    CustomersRead,
    /// Add and change customers, and see their links.
    CustomersWrite,
    /// See templates.
    TemplatesRead,
    /// Read the audit log.
    AuditRead,
    /// Say who is told of changes.
    WebhooksWrite,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 5] = [
        Self::CustomersRead,
        Self::CustomersWrite,
        Self::TemplatesRead,
        Self::AuditRead,
        Self::WebhooksWrite,
    ];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::CustomersRead => "customers:read",
            Self::CustomersWrite => "customers:write",
            Self::TemplatesRead => "templates:read",
            Self::AuditRead => "audit:read",
            Self::WebhooksWrite => "webhooks:write",
        }
    }

    /// Who may do the same on the pages.
    pub fn role(self) -> Role {
        match self {
            Self::CustomersRead | Self::TemplatesRead | Self::AuditRead => Role::Viewer,
            Self::CustomersWrite => Role::Editor,
            Self::WebhooksWrite => Role::Admin,
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::CustomersRead => "See customers, without their links",
            Self::CustomersWrite => "Add and change customers, and see their links",
            Self::TemplatesRead => "See templates and what changed between them",
            Self::AuditRead => "Read the audit log",
            Self::WebhooksWrite => {
                "Say who is told of changes, with the customer's name and account"
            }
        }
    }

    /// What a token was made for.
    pub fn of(token: &ApiToken) -> impl Iterator<Item = Self> {
        token.scopes.split(' ').filter_map(Self::from_name)
    }

    /// Reads [`Self::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// Who calls.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The token.
    pub token: ApiToken,
    /// Where from.
    pub ip: IpAddr,
}

impl Caller {
    /// As whom things are done.
    pub fn actor(&self) -> Actor {
        self.token.actor(&self.ip.to_string())
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        // Only routes for tokens have it; on another one this is a fault of ours.
        parts.extensions.get::<Self>().cloned().ok_or_else(Failure::not_found)
    }
}

/// Lets a request through if its token has the scope.
pub async fn require(
    State((app, scope)): State<(App, Scope)>,
    mut request: Request,
    next: Next,
) -> Response {
    match check(&app, scope, &mut request).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    }
}

async fn check(app: &App, scope: Scope, request: &mut Request) -> Result<Caller, Failure> {
    let ip = request.extensions().get::<Ip>().copied().ok_or_else(Failure::not_found)?.0;
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|header| header.split_once(' '));
    let token = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, token)) = token else {
        let detail =
            "Send the header `Authorization: Bearer TOKEN`. Admins make tokens under Settings.";
        return Err(Failure::new(StatusCode::UNAUTHORIZED, "A token is needed", detail));
    };
    let found = app.store.api_token(token.trim()).await?;
    let Some(token) = found.filter(|token| token.is_valid(app.store.now())) else {
        if app.limits.unknown_tokens.check_key(&network(ip)).is_err() {
            return Err(Failure::too_many(60));
        }
        let detail =
            "It is unknown, has expired or was revoked. An admin makes a new one under Settings.";
        return Err(Failure::new(StatusCode::UNAUTHORIZED, "The token is not valid", detail));
    };
    if app.limits.api.check_key(&token.id).is_err() {
        return Err(Failure::too_many(10));
    }
    if !Scope::of(&token).any(|one| one == scope) {
        let detail = format!(
            "This takes the scope {}; the token has {}. An admin makes another token under Settings.",
            scope.name(),
            token.scopes
        );
        return Err(Failure::new(StatusCode::FORBIDDEN, "The token may not do this", detail));
    }
    if !token.is_backed(scope.role()) {
        let detail = format!(
            "Whoever made the token may no longer do what {} lets it do. An admin makes another token \
             under Settings.",
            scope.name()
        );
        return Err(Failure::new(StatusCode::FORBIDDEN, "The token has stopped", detail));
    }
    app.store.api_token_used(&token).await?;
    Ok(Caller { token, ip })
}
