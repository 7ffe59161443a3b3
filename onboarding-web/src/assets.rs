//! The style sheet, the script and the icon: in the binary, each under an address with its hash, so
//! that browsers may keep it for ever.

use axum::{
    extract::Path,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;
use templates::digest::hex;

use crate::error::Problem;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

fn hash(file: &rust_embed::EmbeddedFile) -> String {
    hex(&file.metadata.sha256_hash()[..6])
}

/// Where a file is found, for instance `/assets/0123456789ab/style.css`.
pub fn url(name: &str) -> String {
    Assets::get(name).map(|file| format!("/assets/{}/{name}", hash(&file))).unwrap_or_default()
}

/// `GET /assets/{hash}/{name}`
pub async fn get(Path((wanted, name)): Path<(String, String)>) -> Result<Response, Problem> {
    let file = Assets::get(&name).filter(|file| hash(file) == wanted).ok_or(Problem::NotFound)?;
    let kind = mime_guess::from_path(&name).first_or_octet_stream().to_string();
    let forever = "public, max-age=31536000, immutable".to_owned();
    Ok(([(CONTENT_TYPE, kind), (CACHE_CONTROL, forever)], file.data).into_response())
}

/// `GET /favicon.ico`: browsers ask without being told.
pub async fn favicon() -> Result<Response, Problem> {
    let file = Assets::get("favicon.svg").ok_or(Problem::NotFound)?;
    Ok(([(CONTENT_TYPE, "image/svg+xml")], file.data).into_response())
}
