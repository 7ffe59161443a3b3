//! Stands between `publish` and the emulator: says that calls came over TLS, writes down what is
//! changed, and fails or holds calls on demand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use http::{HeaderValue, Method, StatusCode};
use tokio::{net::TcpListener, sync::Notify};

/// A proxy on loopback.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    pub(super) port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    upstream: u16,
    tls: bool,
    http: reqwest::Client,
    state: Mutex<Inner>,
    held: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    writes: Vec<String>,
    violations: Vec<String>,
    hold: Vec<String>,
    deny: Option<String>,
}

impl Gate {
    pub(super) async fn start(upstream: u16, tls: bool) -> Result<Self> {
        let http =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        let (state, held) = (Mutex::default(), Notify::new());
        let shared = Arc::new(Shared { upstream, tls, http, state, held });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let app = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { port, shared })
    }

    /// What was changed successfully since the last time, as method, path and query.
    pub(super) fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state().writes)
    }

    /// Calls that did not keep to the rules for every call.
    pub(super) fn violations(&self) -> Vec<String> {
        self.shared.state().violations.clone()
    }

    /// Changes of paths with all of this in them get no answer from now on.
    pub(super) fn hold(&self, parts: [&str; 2]) {
        self.shared.state().hold = parts.map(str::to_owned).into();
    }

    /// Waits until a change is held.
    pub(super) async fn held(&self) {
        self.shared.held.notified().await;
    }

    /// Changes of paths with this in them are denied from now on.
    pub(super) fn deny(&self, part: &str) {
        self.shared.state().deny = Some(part.to_owned());
    }

    /// From now on nothing is held or denied.
    pub(super) fn open(&self) {
        let mut state = self.shared.state();
        (state.hold, state.deny) = (Vec::new(), None);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.to_string();
    let write = parts.method == Method::PUT || parts.method == Method::DELETE;
    if write {
        watch(&shared, &parts);
        let (hold, deny) = {
            let state = shared.state();
            let hold = &state.hold;
            let deny = state.deny.as_ref();
            (
                !hold.is_empty() && hold.iter().all(|part| path.contains(part)),
                deny.is_some_and(|part| path.contains(part)),
            )
        };
        if hold {
            shared.held.notify_one();
            std::future::pending::<()>().await;
        }
        if deny {
            let body = "<Error><Code>AccessDenied</Code><Message>not allowed</Message></Error>";
            return answer(StatusCode::FORBIDDEN, body.into());
        }
    }
    let body = to_bytes(body, 16 << 20).await.unwrap_or_default();
    let mut headers = parts.headers.clone();
    headers.remove("content-length");
    if shared.tls {
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
    }
    let url = format!("http://127.0.0.1:{}{path}", shared.upstream);
    let request = shared.http.request(parts.method.clone(), url).headers(headers).body(body);
    let Ok(reply) = request.send().await else {
        return answer(StatusCode::BAD_GATEWAY, Body::empty());
    };
    if write && reply.status().is_success() {
        shared.state().writes.push(format!("{} {path}", parts.method));
    }
    let (status, headers) = (reply.status(), reply.headers().clone());
    let head = parts.method == Method::HEAD;
    let mut response = answer(status, reply.bytes().await.unwrap_or_default().into());
    for (name, value) in &headers {
        let own = ["transfer-encoding", "connection"].contains(&name.as_str());
        if !own && (name != "content-length" || head) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

/// Rules that every change has to keep; emulators ignore both.
fn watch(shared: &Shared, parts: &http::request::Parts) {
    let segments: Vec<&str> = parts.uri.path().split('/').filter(|one| !one.is_empty()).collect();
    let object = segments.len() > 1;
    let creates = segments.len() == 1 && parts.uri.query().is_none_or(str::is_empty);
    let mut wrong = Vec::new();
    if !creates && !parts.headers.contains_key("x-amz-expected-bucket-owner") {
        wrong.push(format!("{} without ExpectedBucketOwner", parts.uri));
    }
    if object && parts.headers.get("if-none-match").is_none_or(|value| value != "*") {
        wrong.push(format!("{} could have overwritten", parts.uri));
    }
    if object && !parts.headers.contains_key("x-amz-checksum-sha256") {
        wrong.push(format!("{} without a checksum", parts.uri));
    }
    shared.state().violations.extend(wrong);
}

fn answer(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}
