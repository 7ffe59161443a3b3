//! SNS as far as its messages go: signs them with a key of its own, and gives out the certificate.
//!
//! Emulators deliver messages, and do not sign them so that it would hold. What they send goes through
//! here on its way to the vendor, and arrives as SNS would have sent it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::StatusCode;
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use rsa::{Pkcs1v15Sign, RsaPrivateKey, pkcs8::DecodePrivateKey};
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use time::{Duration as Span, OffsetDateTime, macros::format_description};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

/// A key, and the certificate that says whose it is.
pub struct Signer {
    /// The certificate, as PEM.
    pub pem: String,
    fast: RsaKeyPair,
    legacy: RsaPrivateKey,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// A new key with a certificate for a name, valid from so many days ago to so many from now.
    pub fn new(name: &str, (from, to): (i64, i64)) -> Result<Self> {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
        let mut parameters = CertificateParams::new(vec![name.to_owned()])?;
        parameters.distinguished_name.push(DnType::CommonName, name);
        let now = OffsetDateTime::now_utc();
        (parameters.not_before, parameters.not_after) =
            (now + Span::days(from), now + Span::days(to));
        let pem = parameters.self_signed(&key)?.pem();
        let der = key.serialize_der();
        let fast = RsaKeyPair::from_pkcs8(&der).ok().context("no key")?;
        Ok(Self { pem, fast, legacy: RsaPrivateKey::from_pkcs8_der(&der)? })
    }

    /// As SNS has it: for `sns.amazonaws.com`, valid for some months.
    pub fn of_sns() -> Result<Self> {
        Self::new("sns.amazonaws.com", (-30, 300))
    }

    /// Signs a message, which says with which version.
    pub fn sign(&self, message: &mut Value) -> Result<()> {
        let text = signed_text(message);
        let signature = if message["SignatureVersion"] == "1" {
            let digest = Sha1::digest(text.as_bytes());
            self.legacy.sign(Pkcs1v15Sign::new::<Sha1>(), &digest)?
        } else {
            let mut signature = vec![0; self.fast.public_modulus_len()];
            let random = SystemRandom::new();
            let signed =
                self.fast.sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature);
            signed.ok().context("not signed")?;
            signature
        };
        message["Signature"] = STANDARD.encode(signature).into();
        Ok(())
    }
}

/// What SNS signs: some fields in the order of their names.
fn signed_text(message: &Value) -> String {
    let names: &[&str] = if message["Type"] == "Notification" {
        &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    } else {
        &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    };
    let line = |name: &&str| Some(format!("{name}\n{}\n", message[*name].as_str()?));
    names.iter().filter_map(line).collect()
}

/// The time as SNS writes it, so many seconds from now.
pub fn timestamp(seconds: i64) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let at = OffsetDateTime::now_utc() + Span::seconds(seconds);
    at.format(format).unwrap_or_default()
}

/// A notification of a topic, not signed yet.
pub fn notification(topic: &str, message: &str, certificate: &str) -> Value {
    json!({
        "Type": "Notification",
        "MessageId": Uuid::new_v4().to_string(),
        "TopicArn": topic,
        "Subject": "Amazon S3 Notification",
        "Message": message,
        "Timestamp": timestamp(0),
        "SignatureVersion": "2",
        "Signature": "",
        "SigningCertURL": certificate,
        "UnsubscribeURL": format!("https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={topic}:x"),
    })
}

/// A topic's question whether to send, not signed yet. `kind` is `SubscriptionConfirmation` or
/// `UnsubscribeConfirmation`.
pub fn confirmation(kind: &str, topic: &str, certificate: &str) -> Value {
    let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    json!({
        "Type": kind,
        "MessageId": Uuid::new_v4().to_string(),
        "Token": token,
        "TopicArn": topic,
        "Message": format!("You have chosen to subscribe to the topic {topic}."),
        "SubscribeURL": format!("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}"),
        "Timestamp": timestamp(0),
        "SignatureVersion": "2",
        "Signature": "",
        "SigningCertURL": certificate,
    })
}

/// What S3 says of a new object.
pub fn s3_event(bucket: &str, key: &str) -> String {
    let key: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
    json!({ "Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-west-1",
        "eventTime": timestamp(0),
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": { "name": bucket, "arn": format!("arn:aws:s3:::{bucket}") },
            "object": { "key": key.replace("%2F", "/"), "size": 1234, "eTag": "e", "sequencer": "0A" },
        },
    }] })
    .to_string()
}

/// Where certificates are given out and messages are passed on.
#[derive(Debug, Clone)]
pub struct Sns {
    /// On loopback.
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    signer: Signer,
    file: String,
    region: String,
    target: Mutex<String>,
    certificates: Mutex<Vec<(String, Vec<u8>)>>,
    moto: Mutex<Option<u16>>,
    asked: AtomicUsize,
    passed: Mutex<Vec<Value>>,
    http: reqwest::Client,
}

impl Sns {
    /// Starts it for a region.
    pub async fn start(region: &str) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            signer: Signer::of_sns()?,
            file: format!("SimpleNotificationService-{}.pem", Uuid::new_v4().simple()),
            region: region.to_owned(),
            target: Mutex::default(),
            certificates: Mutex::default(),
            moto: Mutex::default(),
            asked: AtomicUsize::new(0),
            passed: Mutex::default(),
            http: reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?,
        });
        let app = Router::new()
            .route("/sns", post(pass_on))
            .route("/{file}", get(certificate))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { port, shared })
    }

    /// Where certificates are asked for, for the site's setting.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What topics are subscribed with.
    pub fn endpoint(&self) -> String {
        format!("{}/sns", self.url())
    }

    /// What comes in goes on to a site.
    pub fn pass_to(&self, site: &str) {
        let mut target = self.shared.target.lock().unwrap_or_else(PoisonError::into_inner);
        *target = format!("{site}/intake/sns");
    }

    /// Certificates that are not here are asked of moto, and what comes in is passed on as it is.
    pub fn of_moto(&self, port: u16) {
        *self.shared.moto.lock().unwrap_or_else(PoisonError::into_inner) = Some(port);
    }

    /// The key that signs.
    pub fn signer(&self) -> &Signer {
        &self.shared.signer
    }

    /// The address of the certificate, as it stands in messages.
    pub fn certificate_url(&self) -> String {
        self.url_of(&self.shared.file)
    }

    /// The address of a file, as it would stand in messages.
    pub fn url_of(&self, file: &str) -> String {
        format!("https://sns.{}.amazonaws.com/{file}", self.shared.region)
    }

    /// Gives out another file from now on.
    pub fn give_out(&self, file: &str, content: &[u8]) {
        let mut all = self.shared.certificates.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((file.to_owned(), content.to_vec()));
    }

    /// How often a certificate was asked for, whether there was one or not.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// The messages that were passed on.
    pub fn passed(&self) -> Vec<Value> {
        self.shared.passed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn certificate(State(shared): State<Arc<Shared>>, Path(file): Path<String>) -> Response {
    shared.asked.fetch_add(1, Ordering::SeqCst);
    if file == shared.file {
        return shared.signer.pem.clone().into_response();
    }
    let other = {
        let all = shared.certificates.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|(name, _)| *name == file).map(|(_, content)| content.clone())
    };
    if let Some(content) = other {
        return content.into_response();
    }
    let moto = *shared.moto.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(port) = moto else { return StatusCode::NOT_FOUND.into_response() };
    // moto finds its way to SNS by what signs a request.
    let scope = format!("123456789012/20260101/{}/sns/aws4_request", shared.region);
    let signed = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x");
    let request = shared.http.get(format!("http://127.0.0.1:{port}/{file}"));
    match request.header("authorization", signed).send().await {
        Ok(answer) => {
            let status = answer.status();
            (status, answer.bytes().await.unwrap_or_default()).into_response()
        }
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// Passes a message of an emulator on, signed.
async fn pass_on(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let is_moto = shared.moto.lock().unwrap_or_else(PoisonError::into_inner).is_some();
    let Ok(mut message) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if !is_moto {
        message["SignatureVersion"] = "2".into();
        message["SigningCertURL"] =
            format!("https://sns.{}.amazonaws.com/{}", shared.region, shared.file).into();
        if shared.signer.sign(&mut message).is_err() {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    }
    shared.passed.lock().unwrap_or_else(PoisonError::into_inner).push(message.clone());
    let target = shared.target.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let kind = headers.get("x-amz-sns-message-type").cloned();
    let mut request = shared
        .http
        .post(target)
        .header("content-type", "text/plain; charset=UTF-8")
        .header("user-agent", "Amazon Simple Notification Service Agent")
        .body(message.to_string());
    if let Some(kind) = kind {
        request = request.header("x-amz-sns-message-type", kind);
    }
    match request.send().await {
        Ok(answer) => answer.status().into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// A listener that nobody should ever reach, and how often somebody did.
#[derive(Debug, Clone)]
pub struct Trap {
    /// On loopback.
    pub port: u16,
    connections: Arc<AtomicUsize>,
}

impl Trap {
    /// Sets it up.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                drop::<TcpStream>(stream);
            }
        });
        Ok(Self { port, connections })
    }

    /// How often somebody came.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}
