//! Stands in front of an emulator: does what AWS does and the emulator does not, keeps a list of the
//! handler's calls, holds each against the template's role, and makes calls fail on demand.
//!
//! The handler and the customer come in by different doors; only the handler's is watched.

mod elb;
mod faults;
mod rules;
mod s3;
mod sns;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use tokio::{net::TcpListener, time::Instant};

use self::faults::Fault;
pub use self::faults::{Breakage, Held};
use crate::{
    checks,
    customer::Clients,
    emulators::Kind,
    iam::Policy,
    wire::{self, Call},
};

/// A running proxy for one customer's account.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Where the handler sends its calls.
    pub handler_port: u16,
    /// Where the customer sends his.
    pub customer_port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    kind: Kind,
    upstream: u16,
    account: String,
    region: String,
    http: reqwest::Client,
    root: Clients,
    state: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    calls: Vec<Seen>,
    violations: Vec<String>,
    role: Option<Policy>,
    faults: BTreeMap<String, VecDeque<Fault>>,
    attributes: BTreeMap<String, BTreeMap<String, String>>,
    network: BTreeSet<String>,
    refuses_empty_bucket: bool,
}

/// One call of the handler.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The operation's name.
    pub operation: String,
    /// IAM's names for it.
    pub actions: Vec<&'static str>,
    /// The bucket or ARN it was about.
    pub resource: String,
    /// The HTTP status it got.
    pub status: u16,
    begun: Instant,
    ended: Instant,
}

impl Proxy {
    /// Starts a proxy for an account of the emulator that listens, or will listen, on `upstream`.
    pub async fn start(kind: Kind, upstream: u16, account: &str, region: &str) -> Result<Self> {
        let root = Clients::new(upstream, kind, account, region).await?;
        let shared = Arc::new(Shared {
            kind,
            upstream,
            account: account.to_owned(),
            region: region.to_owned(),
            http: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?,
            root,
            state: Mutex::default(),
        });
        let handler_port = serve(Arc::clone(&shared), true).await?;
        let customer_port = serve(Arc::clone(&shared), false).await?;
        Ok(Self { handler_port, customer_port, shared })
    }

    /// From now on the handler may do what this policy allows and nothing else.
    pub fn enforce(&self, role: Policy) {
        self.shared.state().role = Some(role);
    }

    /// From now on whoever calls may do everything, as before the first role.
    pub fn allow_everything(&self) {
        self.shared.state().role = None;
    }

    /// Elastic Load Balancing refuses an empty bucket name, as it was seen to.
    pub fn refuse_empty_bucket(&self) {
        self.shared.state().refuses_empty_bucket = true;
    }

    /// Emulators give every load balancer the ARN of an application load balancer; this one is a
    /// network load balancer.
    pub fn is_network(&self, name: &str) {
        self.shared.state().network.insert(name.to_owned());
    }

    /// The handler's calls so far.
    pub fn calls(&self) -> Vec<Seen> {
        self.shared.state().calls.clone()
    }

    /// Forgets the handler's calls so far.
    pub fn forget_calls(&self) {
        self.shared.state().calls.clear();
    }

    /// What the handler did that it must not do.
    pub fn violations(&self) -> Vec<String> {
        self.shared.state().violations.clone()
    }
}

/// How many of the calls had to wait for one another: the longest run of calls each of which began
/// after the one before had ended.
pub fn depth(spans: impl Iterator<Item = (Instant, Instant)>) -> usize {
    let mut ordered: Vec<(Instant, Instant)> = spans.collect();
    ordered.sort_by_key(|(_, ended)| *ended);
    let mut longest = 0;
    let mut last_end = None;
    for (begun, ended) in ordered {
        if last_end.is_none_or(|end| begun >= end) {
            longest += 1;
            last_end = Some(ended);
        }
    }
    longest
}

impl Seen {
    /// From when to when it took.
    pub fn span(&self) -> (Instant, Instant) {
        (self.begun, self.ended)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn serve(shared: Arc<Shared>, watched: bool) -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    let app = Router::new().fallback(pass).with_state((shared, watched));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(port)
}

async fn pass(State((shared, watched)): State<(Arc<Shared>, bool)>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 16 << 20).await.unwrap_or_default();
    let call = wire::parse(&parts.method, &parts.uri, &parts.headers, &body, &shared.account);
    let message = Message { parts, body };
    if !watched {
        return shared.answer(&call, &message).await;
    }
    let begun = Instant::now();
    shared.watch(&call, &message);
    let response = shared.play(&call, &message).await;
    let seen = Seen {
        operation: call.operation,
        actions: call.actions,
        resource: call.resource,
        status: response.status().as_u16(),
        begun,
        ended: Instant::now(),
    };
    shared.state().calls.push(seen);
    response
}

/// A request as it came.
struct Message {
    parts: http::request::Parts,
    body: bytes::Bytes,
}

impl Message {
    fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Shared {
    /// Rules that every call of the handler has to keep.
    fn watch(&self, call: &Call, message: &Message) {
        let owner = message.header("x-amz-expected-bucket-owner");
        let wrong = checks::offences(call, owner, &self.account);
        self.state().violations.extend(wrong);
    }

    /// What AWS answers whom the role lets.
    async fn authorize(&self, call: &Call, message: &Message) -> Response {
        let denied = self.state().role.as_ref().and_then(|role| role.denies(call, &self.account));
        let Some(denied) = denied else { return self.answer(call, message).await };
        let code = if call.service == "sns" { "AuthorizationError" } else { "AccessDenied" };
        let message = format!(
            "User: arn:aws:sts::{}:assumed-role/handler is not authorized to perform: {denied} on \
             resource: {} because no identity-based policy allows the {denied} action",
            self.account, call.resource
        );
        failure(call, 403, code, &message)
    }
}

fn failure(call: &Call, status: u16, code: &str, message: &str) -> Response {
    let body = match call.operation.as_str() {
        "HeadBucket" => String::new(),
        _ => wire::error_body(&call.service, code, message),
    };
    respond(status, body)
}

fn respond(status: u16, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("text/xml"));
    response
}
