//! S3 as far as the intake asks: every log that is asked for is one.

use std::io::Write;

use anyhow::Result;
use axum::{Router, response::IntoResponse};
use flate2::{Compression, write::GzEncoder};
use tokio::net::TcpListener;

use crate::messages::LOAD_BALANCER;

/// Starts it on a port of loopback.
pub async fn start() -> Result<u16> {
    let line = format!("https 2026-11-21T23:39:43.945958Z {LOAD_BALANCER} 192.0.2.77:46532 x\n");
    let mut log = GzEncoder::new(Vec::new(), Compression::fast());
    log.write_all(line.as_bytes())?;
    let log = log.finish()?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    let app = Router::new().fallback(move || std::future::ready(log.clone().into_response()));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(port)
}
