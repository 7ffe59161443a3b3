//! What the API answers when it does not do what was asked: a problem (RFC 9457).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{customer_form::FieldError, error::Problem, store::StoreError};

/// Why something was not done.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Failure {
    /// Says nothing more than the status.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// In a few words.
    #[schema(example = "Some fields are wrong")]
    title: String,
    /// The status of the answer.
    #[schema(example = 422)]
    status: u16,
    /// What to do about it.
    detail: String,
    /// What is wrong with which field, or with which row of a file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem>,
    #[serde(skip)]
    retry_after: Option<u64>,
}

/// What is wrong with a field.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldProblem {
    /// The field's name.
    #[schema(example = "account")]
    pub field: String,
    /// In words.
    #[schema(example = "AWS account must be 12 digits, and '1234' has 4")]
    pub message: String,
}

impl Failure {
    /// With a status, a title and what to do.
    pub fn new(status: StatusCode, title: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// Some fields are wrong.
    pub fn of_fields(errors: Vec<FieldError>) -> Self {
        let field =
            |one: FieldError| FieldProblem { field: one.field.to_owned(), message: one.message };
        let detail = "Nothing was changed. Correct what `errors` names, and send it again.";
        let failure = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Some fields are wrong", detail);
        Self { errors: errors.into_iter().map(field).collect(), ..failure }
    }

    /// One field is wrong.
    pub fn of_field(field: &'static str, message: impl Into<String>) -> Self {
        Self::of_fields(vec![FieldError { field, message: message.into() }])
    }

    /// There is no such thing.
    pub fn not_found() -> Self {
        let detail = "Look at the address and the id in it.";
        Self::new(StatusCode::NOT_FOUND, "There is no such thing", detail)
    }

    /// Too often; seconds to wait.
    pub fn too_many(seconds: u64) -> Self {
        let detail = format!("Try again in {seconds} seconds.");
        let failure = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests", detail);
        Self { retry_after: Some(seconds), ..failure }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::NotFound | Problem::LinkGone => Self::not_found(),
            Problem::TooMany(seconds) => Self::too_many(seconds),
            Problem::Forbidden(role) => {
                let detail = format!("This takes the role {role}.");
                Self::new(StatusCode::FORBIDDEN, "This may not be done", detail)
            }
            Problem::Bad(status, title, detail) => Self::new(status, title, detail),
            Problem::Internal(code) => {
                let detail = format!("It is our fault. Tell us the code {code}.");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", detail)
            }
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl From<crate::catalogue::CatalogueError> for Failure {
    fn from(error: crate::catalogue::CatalogueError) -> Self {
        Problem::from(error).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let text = serde_json::to_string(&self).unwrap_or_default();
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let mut response = (status, kind, text).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
