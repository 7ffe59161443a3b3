//! Stands between the site and the emulator: refuses what is in another account's bucket than the call
//! says, which the emulator does not, and writes down what was read.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;
use harness::sns::Sns;
use serde_json::Value;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use tokio::net::TcpListener;

/// A proxy on loopback.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    pub(super) port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    upstream: u16,
    http: reqwest::Client,
    state: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    owners: BTreeMap<String, String>,
    refused: BTreeMap<String, &'static str>,
    read: Vec<String>,
    without_owner: Vec<String>,
    signs: Option<Sns>,
}

impl Gate {
    pub(super) async fn start(upstream: u16) -> Result<Self> {
        let http = reqwest::Client::builder().build()?;
        let shared = Arc::new(Shared { upstream, http, state: Mutex::default() });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let app = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { port, shared })
    }

    /// A bucket belongs to an account.
    pub(super) fn owns(&self, account: &str, bucket: &str) {
        self.shared.state().owners.insert(bucket.to_owned(), account.to_owned());
    }

    /// What is in a bucket cannot be read from now on, as S3 says it: with this body.
    pub(super) fn refuse(&self, bucket: &str, body: &'static str) {
        self.shared.state().refused.insert(bucket.to_owned(), body);
    }

    /// What is in a bucket can be read again.
    pub(super) fn allow(&self, bucket: &str) {
        self.shared.state().refused.remove(bucket);
    }

    /// Messages of topics that come out of queues are signed from now on, as SNS does.
    pub(super) fn sign_with(&self, sns: &Sns) {
        self.shared.state().signs = Some(sns.clone());
    }

    /// What was read, as paths.
    pub(super) fn read(&self) -> Vec<String> {
        self.shared.state().read.clone()
    }

    /// Reads that did not say whose the bucket must be.
    pub(super) fn without_owner(&self) -> Vec<String> {
        self.shared.state().without_owner.clone()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What S3 answers instead.
    fn refusal(&self, path: &str, owner: Option<&str>) -> Option<&'static str> {
        let bucket = path.split('/').nth(1).unwrap_or_default();
        let mut state = self.state();
        let belongs = state.owners.get(bucket)?.clone();
        match owner {
            None => state.without_owner.push(path.to_owned()),
            Some(owner) if owner != belongs => return Some(DENIED),
            Some(_) => {}
        }
        state.refused.get(bucket).copied()
    }
}

/// What S3 answers to whoever may not.
pub(super) const DENIED: &str =
    "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
/// And to whoever may not use the key.
pub(super) const KMS: &str = "<Error><Code>AccessDenied</Code><Message>User is not authorized to perform: \
    kms:Decrypt on this resource</Message></Error>";

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (path, get) = (parts.uri.path().to_owned(), parts.method == http::Method::GET);
    let owner = parts.headers.get("x-amz-expected-bucket-owner");
    let owner = owner.and_then(|value| value.to_str().ok());
    let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    let target = target.unwrap_or_default().to_owned();
    if let Some(refusal) = shared.refusal(&path, owner) {
        return answer(StatusCode::FORBIDDEN, refusal.into());
    }
    let body = to_bytes(body, 16 << 20).await.unwrap_or_default();
    let mut headers = parts.headers.clone();
    headers.remove("content-length");
    let url = format!("http://127.0.0.1:{}{}", shared.upstream, parts.uri);
    let request = shared.http.request(parts.method.clone(), url).headers(headers).body(body);
    let Ok(reply) = request.send().await else {
        return answer(StatusCode::BAD_GATEWAY, Body::empty());
    };
    if get && reply.status().is_success() {
        shared.state().read.push(path);
    }
    let (status, headers) = (reply.status(), reply.headers().clone());
    let body = reply.bytes().await.unwrap_or_default();
    let signs = shared.state().signs.clone().filter(|_| target.ends_with(".ReceiveMessage"));
    let body = match signs {
        Some(sns) => signed(&sns, &body).unwrap_or_else(|| body.to_vec()),
        None => body.to_vec(),
    };
    let mut response = answer(status, body.into());
    for (name, value) in &headers {
        if !["transfer-encoding", "connection", "content-length"].contains(&name.as_str()) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
}

/// What a queue gave, with the messages in it signed; `None` if there are none.
fn signed(sns: &Sns, body: &[u8]) -> Option<Vec<u8>> {
    let mut answer: Value = serde_json::from_slice(body).ok()?;
    for one in answer["Messages"].as_array_mut()? {
        let Ok(mut message) = serde_json::from_str::<Value>(one["Body"].as_str()?) else {
            continue;
        };
        if message["Signature"] != "FAKE" {
            continue;
        }
        message["SignatureVersion"] = "2".into();
        message["SigningCertURL"] = sns.certificate_url().into();
        sns.signer().sign(&mut message).ok()?;
        one["Body"] = message.to_string().into();
        one.as_object_mut()?.remove("MD5OfBody");
    }
    serde_json::to_vec(&answer).ok()
}

fn answer(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}
