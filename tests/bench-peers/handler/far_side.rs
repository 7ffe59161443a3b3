//! AWS as the measured programs see it: the tests' model behind TLS, under AWS's own names, each service
//! on a host of its own, with the time that a call takes. In a network of its own ([`super::network`]).

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use aws_smithy_runtime_api::client::{http::HttpConnector, orchestrator::HttpRequest};
use aws_smithy_types::body::SdkBody;
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    response::Response,
    serve::Listener,
};
use harness::{
    model::{
        Aws, Rules,
        account::{Account, LoadBalancer},
    },
    wire,
};
use http::StatusCode;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256, RsaKeySize,
};
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::Instant,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    },
    server::TlsStream,
};

/// The customer's account.
pub(crate) const ACCOUNT: &str = "111122223333";
/// Where everything is.
pub(crate) const REGION: &str = "eu-west-1";

/// Where CloudFormation takes answers.
pub(crate) const ANSWERS: &str =
    "cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com";
/// S3, and the end of the names of all buckets' hosts.
pub(crate) const S3: &str = "s3.eu-west-1.amazonaws.com";
/// Every host, and its address.
pub(crate) const HOSTS: [(&str, &str); 4] = [
    ("elasticloadbalancing.eu-west-1.amazonaws.com", "127.0.0.2"),
    (S3, "127.0.0.3"),
    ("sns.eu-west-1.amazonaws.com", "127.0.0.4"),
    (ANSWERS, "127.0.0.5"),
];

/// An answer of a measured program, and when it had come in whole.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What it says.
    pub(crate) body: Value,
    /// When it was there.
    pub(crate) at: Instant,
}

/// The far side, listening.
pub(crate) struct FarSide {
    /// The certificates that the programs are to trust, as one file.
    pub(crate) trusted: PathBuf,
    /// Of those the one that the machine does not have, for programs that bring the others along.
    pub(crate) authority: PathBuf,
    /// What programs answered.
    pub(crate) answers: mpsc::UnboundedReceiver<Answer>,
    account: Arc<Mutex<Inner>>,
}

/// The account of the day, and what was asked of it.
#[derive(Default)]
struct Inner {
    aws: Option<Aws>,
    calls: Vec<Call>,
}

/// A call, as it was seen on the wire.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// Its name in the API.
    pub(crate) operation: String,
    /// From when to when it took.
    pub(crate) span: (Instant, Instant),
}

impl FarSide {
    /// Starts it; files go into the folder.
    pub(crate) async fn start(folder: &Path) -> Result<Self> {
        let (tls, authority) = identity()?;
        // As many as a Lambda function has to read.
        let mut trusted = fs::read_to_string("/etc/ssl/certs/ca-certificates.crt")
            .context("ca-certificates is not installed")?;
        trusted.push_str(&authority);
        let (file, own) = (folder.join("trusted.pem"), folder.join("authority.pem"));
        fs::write(&file, trusted)?;
        fs::write(&own, authority)?;
        let account: Arc<Mutex<Inner>> = Arc::default();
        let (sender, answers) = mpsc::unbounded_channel();
        for (host, address) in HOSTS {
            let app = if host == ANSWERS {
                Router::new().fallback(take).with_state(sender.clone())
            } else {
                Router::new().fallback(pass).with_state(Arc::clone(&account))
            };
            listen(&tls, address, app).await?;
        }
        Ok(Self { trusted: file, authority: own, answers, account })
    }

    /// A new account with so many load balancers that do not log; their ARNs.
    pub(crate) fn renew(&self, count: usize, latency: Duration) -> Vec<String> {
        let arn = |at: usize| {
            format!(
                "arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/web-{at}/50dc6c49{at:08x}"
            )
        };
        let arns: Vec<String> = (0..count).map(arn).collect();
        let mut account = Account::default();
        for arn in &arns {
            account.load_balancers.insert(arn.clone(), LoadBalancer::new(arn));
        }
        let rules = Rules {
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            latency: Some(latency),
            ..Rules::default()
        };
        let aws = Some(Aws::new(account, rules, 1));
        *lock(&self.account) = Inner { aws, calls: Vec::new() };
        arns
    }

    /// The calls since this was asked last, or the account was new.
    pub(crate) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut lock(&self.account).calls)
    }
}

fn lock(account: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    account.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A certificate for this machine, and its authority's as PEM.
fn identity() -> Result<(TlsAcceptor, String)> {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    let mut authority = CertificateParams::new(Vec::new())?;
    // With the name that both have by default, the other one would look signed by itself.
    authority.distinguished_name.push(DnType::CommonName, "authority of the measurement");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&key)?.pem();
    let issuer = Issuer::new(authority, key);
    let own = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    let mut names: Vec<String> = HOSTS.iter().map(|(host, _)| (*host).to_owned()).collect();
    names.push(format!("*.{S3}"));
    let certificate = CertificateParams::new(names)?;
    let certificate = certificate.signed_by(&own, &issuer)?;
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let own = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.serialize_der()));
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, own)?;
    Ok((TlsAcceptor::from(Arc::new(config)), pem))
}

/// Connections whose handshake is done, of one port.
struct Tls {
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(one) => one,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        Ok(self.address)
    }
}

async fn listen(acceptor: &TlsAcceptor, address: &str, app: Router) -> Result<()> {
    let tcp = TcpListener::bind((address, 443)).await?;
    let (done, ready) = mpsc::channel(64);
    let (acceptor, address) = (acceptor.clone(), tcp.local_addr()?);
    tokio::spawn(async move {
        while let Ok((stream, from)) = tcp.accept().await {
            // Each by itself: many may come at once.
            let (acceptor, done) = (acceptor.clone(), done.clone());
            tokio::spawn(async move {
                let _ = stream.set_nodelay(true);
                if let Ok(stream) = acceptor.accept(stream).await {
                    let _ = done.send((stream, from)).await;
                }
            });
        }
    });
    tokio::spawn(async move { axum::serve(Tls { ready, address }, app).await });
    Ok(())
}

async fn pass(State(account): State<Arc<Mutex<Inner>>>, request: Request) -> Response {
    let begun = Instant::now();
    let answer = async {
        let (mut parts, body) = request.into_parts();
        let body = to_bytes(body, 1 << 20).await?;
        put_bucket_into_path(&mut parts)?;
        let (method, uri, headers) = (&parts.method, &parts.uri, &parts.headers);
        let operation = wire::parse(method, uri, headers, &body, ACCOUNT).operation;
        let request = http::Request::from_parts(parts, SdkBody::from(body));
        let aws = lock(&account).aws.clone().context("there is no account")?;
        let reply = aws.call(HttpRequest::try_from(request)?).await?;
        let span = (begun, Instant::now());
        lock(&account).calls.push(Call { operation, span });
        anyhow::Ok(reply.try_into_http1x()?)
    };
    let Ok(reply) = answer.await else {
        let mut broken = Response::new(Body::empty());
        *broken.status_mut() = StatusCode::BAD_GATEWAY;
        return broken;
    };
    let (parts, body) = reply.into_parts();
    let body = body.bytes().map(Bytes::copy_from_slice).unwrap_or_default();
    Response::from_parts(parts, Body::from(body))
}

/// `BUCKET.s3.REGION.amazonaws.com/key` is `/BUCKET/key` to the model.
fn put_bucket_into_path(parts: &mut http::request::Parts) -> Result<()> {
    let host = parts.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let bucket = host.strip_suffix(S3).and_then(|rest| rest.strip_suffix('.'));
    if let Some(bucket) = bucket {
        parts.uri = format!("/{bucket}{}", parts.uri).parse()?;
    }
    Ok(())
}

async fn take(State(answers): State<mpsc::UnboundedSender<Answer>>, body: Bytes) -> StatusCode {
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let _ = answers.send(Answer { body, at: Instant::now() });
    StatusCode::OK
}
