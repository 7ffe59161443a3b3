//! The Lambda Runtime API with a stopwatch: when a program asks for its first event, and when it is done.

use std::sync::Arc;

use anyhow::{Context, Result};
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc},
    time::Instant,
};

use super::far_side::{ACCOUNT, REGION};

/// What a program does at the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It asks for an event.
    Next,
    /// It is done with one.
    Done,
}

/// The API of one program.
pub(crate) struct Runtime {
    /// Where it listens.
    pub(crate) port: u16,
    events: mpsc::UnboundedSender<Value>,
    asked: mpsc::UnboundedReceiver<(Asked, Instant)>,
}

#[derive(Clone)]
struct Api {
    events: Arc<Mutex<mpsc::UnboundedReceiver<Value>>>,
    asked: mpsc::UnboundedSender<(Asked, Instant)>,
}

impl Runtime {
    /// Starts it.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (events, given) = mpsc::unbounded_channel();
        let (asked, heard) = mpsc::unbounded_channel();
        let api = Api { events: Arc::new(Mutex::new(given)), asked };
        let base = "/2018-06-01/runtime/invocation";
        let app = Router::new()
            .route(&format!("{base}/next"), get(next))
            .route(&format!("{base}/{{id}}/response"), post(done))
            .route(&format!("{base}/{{id}}/error"), post(done))
            .with_state(api);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { port, events, asked: heard })
    }

    /// Waits until the program asks for an event; when that was.
    pub(crate) async fn asked_for_next(&mut self) -> Result<Instant> {
        loop {
            let (asked, at) = self.asked.recv().await.context("the program is gone")?;
            if asked == Asked::Next {
                return Ok(at);
            }
        }
    }

    /// Gives it an event; when that was.
    pub(crate) fn give(&self, event: Value) -> Instant {
        let _ = self.events.send(event);
        Instant::now()
    }
}

async fn next(State(api): State<Api>) -> Response {
    let _ = api.asked.send((Asked::Next, Instant::now()));
    let Some(event) = api.events.lock().await.recv().await else {
        return http::StatusCode::GONE.into_response();
    };
    #[expect(clippy::disallowed_methods, reason = "Lambda's deadline is in the world's time")]
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let function = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:handler");
    let headers = [
        ("lambda-runtime-aws-request-id", uuid::Uuid::new_v4().to_string()),
        ("lambda-runtime-deadline-ms", (now.as_millis() + 300_000).to_string()),
        ("lambda-runtime-invoked-function-arn", function),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event.to_string()).into_response()
}

async fn done(State(api): State<Api>) -> http::StatusCode {
    let _ = api.asked.send((Asked::Done, Instant::now()));
    http::StatusCode::ACCEPTED
}
