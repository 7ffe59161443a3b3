//! The bucket that answers are PUT into, and what an answer has to be.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Result, bail, ensure};
use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use url::form_urlencoded;

/// What happens to an answer instead of being taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerFault {
    /// S3 answers with this status.
    Status(u16),
    /// The connection breaks before anything comes back.
    Reset,
    /// Nothing comes back.
    Hang,
}

/// An answer that was taken, byte for byte.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    uri: String,
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
}

#[derive(Debug, Default)]
struct Inner {
    taken: Vec<Taken>,
    faults: VecDeque<AnswerFault>,
}

#[derive(Debug)]
pub(super) struct Answers {
    port: u16,
    inner: Arc<Mutex<Inner>>,
}

fn lock(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Answers {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let inner = Arc::new(Mutex::new(Inner::default()));
        let app = Router::new().fallback(take).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { port, inner })
    }

    /// An address as CloudFormation signs it.
    pub(super) fn url(&self, stack_id: &str, request_id: &str) -> String {
        let encoded: String = form_urlencoded::byte_serialize(stack_id.as_bytes()).collect();
        format!(
            "http://127.0.0.1:{}/{encoded}%7CInvokeLambdaFunction%7C{request_id}\
             ?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA%2F20261121%2Fs3%2Faws4_request\
             &X-Amz-Expires=7200&X-Amz-SignedHeaders=host&X-Amz-Signature=canary{request_id}",
            self.port
        )
    }

    pub(super) fn spoil(&self, faults: Vec<AnswerFault>) {
        lock(&self.inner).faults.extend(faults);
    }

    /// The answers that were taken for an event.
    pub(super) fn taken(&self, event: &Value) -> Vec<Taken> {
        let url = event["ResponseURL"].as_str().unwrap_or_default();
        let here = format!("http://127.0.0.1:{}", self.port);
        let path = url.strip_prefix(&here).unwrap_or_default();
        lock(&self.inner).taken.iter().filter(|one| one.uri == path).cloned().collect()
    }
}

async fn take(State(inner): State<Arc<Mutex<Inner>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap_or_default();
    let fault = lock(&inner).faults.pop_front();
    match fault {
        Some(AnswerFault::Status(status)) => {
            return StatusCode::from_u16(status).unwrap_or_default().into_response();
        }
        Some(AnswerFault::Reset) => {
            // A panic in a connection's task drops the connection.
            std::panic::resume_unwind(Box::new("reset"));
        }
        Some(AnswerFault::Hang) => tokio::time::sleep(Duration::from_hours(1)).await,
        None => {}
    }
    let content_type = parts.headers.get("content-type");
    let taken = Taken {
        uri: parts.uri.to_string(),
        content_type: content_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
        body: body.to_vec(),
    };
    if parts.method != http::Method::PUT {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    lock(&inner).taken.push(taken);
    StatusCode::OK.into_response()
}

/// What the handler answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `SUCCESS` or `FAILED`.
    pub status: String,
    /// What the stack event says.
    pub reason: String,
    /// What the handler calls the resource.
    pub physical_id: String,
    /// For `Fn::GetAtt`.
    pub data: Map<String, Value>,
}

impl Answer {
    /// Whether it is FAILED.
    pub fn failed(&self) -> bool {
        self.status == "FAILED"
    }

    /// An attribute.
    pub fn attribute(&self, name: &str) -> &str {
        self.data.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Holds an answer, and the content type that it came with, against CloudFormation's contract.
    pub fn check(content_type: &str, body: &[u8], event: &Value) -> Result<Self> {
        ensure!(body.len() <= 4096, "the answer has {} bytes", body.len());
        ensure!(
            content_type.is_empty(),
            "Content-Type is {content_type}: S3 would say SignatureDoesNotMatch"
        );
        let body: Value = serde_json::from_slice(body)?;
        for name in ["StackId", "RequestId", "LogicalResourceId"] {
            ensure!(body[name] == event[name], "{name} was not repeated");
        }
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let data = body["Data"].as_object().cloned().unwrap_or_default();
        let answer = Self {
            status: text("Status"),
            reason: text("Reason"),
            physical_id: text("PhysicalResourceId"),
            data,
        };
        match answer.status.as_str() {
            "SUCCESS" => answer.check_success(event)?,
            "FAILED" => ensure!(!answer.reason.is_empty(), "FAILED without a reason"),
            other => bail!("Status is {other}"),
        }
        let length = answer.physical_id.len();
        ensure!((1..=1024).contains(&length), "PhysicalResourceId has {length} characters");
        if let Some(given) = event["PhysicalResourceId"].as_str().filter(|given| !given.is_empty())
        {
            ensure!(answer.physical_id == given, "PhysicalResourceId changed");
        }
        Ok(answer)
    }

    fn check_success(&self, event: &Value) -> Result<()> {
        if event["RequestType"] != "Delete" {
            for name in templates::properties::ATTRIBUTES {
                ensure!(!self.attribute(name).is_empty(), "Fn::GetAtt {name} would fail the stack");
            }
        }
        Ok(())
    }
}
