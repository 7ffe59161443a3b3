//! How requests are read.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE, request::Parts},
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error},
};
use templates::digest::sha256;
use utoipa::{IntoParams, ToSchema};

use super::{caller::Caller, failure::Failure};
use crate::store::Once;

fn bad(detail: String) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, "The request could not be read", detail)
}

/// A body of JSON, and its digest.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T, pub String);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            let detail = "Send JSON, with the header `Content-Type: application/json`.";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Failure::new(status, "Only JSON is read here", detail));
        }
        let bytes = body(request, state).await?;
        let read = serde_json::from_slice(&bytes).map_err(|error| bad(format!("{error}.")))?;
        Ok(Self(read, sha256(&bytes)))
    }
}

/// A body of text, and its digest.
#[derive(Debug, Clone)]
pub struct Text(pub Vec<u8>, pub String);

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let bytes = body(request, state).await?;
        let digest = sha256(&bytes);
        Ok(Self(bytes.to_vec(), digest))
    }
}

async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Failure> {
    let read = Bytes::from_request(request, state).await;
    read.map_err(|rejection| {
        let detail = format!("{}.", rejection.body_text());
        Failure::new(rejection.status(), "The request could not be read", detail)
    })
}

/// What stands after the question mark; names that are not known are refused, since they would be
/// believed to have an effect.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let read = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        read.map(|read| Self(read.0)).map_err(|error| bad(format!("{}.", error.body_text())))
    }
}

/// Reads a whole number, also where a program writes it as `30.0`: to JSON that is the same number.
pub fn whole<'de, D: Deserializer<'de>, T: TryFrom<i64>>(from: D) -> Result<T, D::Error> {
    let number = serde_json::Number::deserialize(from)?;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and within the range")]
    let of_float =
        |float: f64| (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64);
    let whole = number.as_i64().or_else(|| number.as_f64().and_then(of_float));
    let fits = whole.and_then(|whole| T::try_from(whole).ok());
    fits.ok_or_else(|| {
        D::Error::custom(format!("{number} is not a whole number that is expected here"))
    })
}

/// The same where there may be none.
pub fn whole_or_none<'de, D: Deserializer<'de>, T: TryFrom<i64>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(bound = "T: TryFrom<i64>")]
    struct Whole<T>(#[serde(deserialize_with = "whole")] T);
    Ok(Option::<Whole<T>>::deserialize(from)?.map(|whole| whole.0))
}

/// Which part of a list.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// From 1.
    pub page: u32,
    /// How many on a page.
    pub per_page: u32,
}

impl Part {
    /// From what was asked for.
    pub fn new(page: Option<u32>, per_page: Option<u32>) -> Result<Self, Failure> {
        let (page, per_page) = (page.unwrap_or(1), per_page.unwrap_or(50));
        if !(1..=1_000_000).contains(&page) {
            return Err(bad("`page` is from 1 to 1000000.".to_owned()));
        }
        if !(1..=200).contains(&per_page) {
            return Err(bad("`per_page` is from 1 to 200.".to_owned()));
        }
        Ok(Self { page, per_page })
    }

    /// For the store.
    pub fn limit(self) -> i64 {
        self.per_page.into()
    }

    /// For the store.
    pub fn offset(self) -> i64 {
        i64::from(self.page - 1) * i64::from(self.per_page)
    }

    /// The page that follows, if there is one.
    pub fn next(self, total: i64) -> Option<u32> {
        (i64::from(self.page) * i64::from(self.per_page) < total).then_some(self.page + 1)
    }
}

/// A part of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct List<T: ToSchema> {
    /// What is on the page.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: i64,
    /// The page that follows; none on the last one.
    pub next_page: Option<u32>,
}

/// The one header that requests may have of their own.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "read by hand, described for the document")]
pub struct IdempotencyKey {
    /// 1 to 200 printable ASCII characters of your choice. A request that comes again with the same
    /// key within a day is done once, and gets the same answer.
    #[serde(rename = "Idempotency-Key")]
    #[param(min_length = 1, max_length = 200, pattern = "^[!-~]{1,200}$")]
    idempotency_key: Option<String>,
}

/// The key that a request came with.
pub fn once(headers: &HeaderMap, caller: &Caller, what: &str) -> Result<Option<Once>, Failure> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok();
    let fits =
        |key: &&str| (1..=200).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    let Some(key) = key.filter(fits) else {
        let detail = "`Idempotency-Key` has 1 to 200 printable ASCII characters without blanks.";
        return Err(bad(detail.to_owned()));
    };
    Ok(Some(Once {
        token_id: caller.token.id.clone(),
        key: key.to_owned(),
        request_digest: sha256(what),
    }))
}
