//! The wire: the SDK's HTTP client and the handler's own way out, with what goes wrong on it.

use std::{future::pending, io};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use futures_util::future::BoxFuture;
use handler::http::{Sender, Unsent};
use tokio::time::{Instant, sleep};

use super::{
    fault::{Kind, SLOW},
    reply::Reply,
    request::Request,
    world::{Aws, Taken, denied},
};
use crate::wire::is_read;

impl Aws {
    /// What the SDK's clients are built with to talk to this AWS.
    pub fn sdk_config(&self, credentials: Credentials) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.state().rules.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(SharedHttpClient::new(self.clone()))
            .timeout_config(handler::aws::timeouts())
            .retry_config(handler::aws::retries())
            // Nobody listens there, and nobody has to.
            .endpoint_url("http://127.0.0.1:9")
            .build()
    }
}

impl HttpClient for Aws {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let aws = self.clone();
        HttpConnectorFuture::new(async move {
            let account = aws.state().rules.account.clone();
            let request = read(request, &account)?;
            aws.travel().await;
            let reply = aws.carry(&request).await?;
            aws.travel().await;
            response(reply)
        })
    }
}

fn read(request: HttpRequest, account: &str) -> Result<Request, ConnectorError> {
    let request =
        request.try_into_http1x().map_err(|error| ConnectorError::user(Box::new(error)))?;
    let (parts, body) = request.into_parts();
    let body = body.bytes().unwrap_or_default();
    Ok(Request::read(&parts.method, &parts.uri, parts.headers, body, account))
}

fn response(reply: Reply) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(reply.status)
        .map_err(|error| ConnectorError::other(Box::new(error), None))?;
    let mut response = HttpResponse::new(status, SdkBody::from(reply.body));
    for (name, value) in reply.headers {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

fn reset() -> ConnectorError {
    ConnectorError::io(Box::new(io::Error::from(io::ErrorKind::ConnectionReset)))
}

impl Aws {
    async fn carry(&self, request: &Request) -> Result<Reply, ConnectorError> {
        let (number, fault) = self.arrive(request);
        match fault {
            None => return Ok(self.perform(number, request, false)),
            Some(Kind::Stale) => return Ok(self.perform(number, request, true)),
            Some(fault) => self.before(fault, number, request).await?,
        }
        let fault = fault.unwrap_or(Kind::Slow);
        let account = self.state().rules.account.clone();
        if let Some(refused) = refusal(fault, request, &account) {
            self.failed(number, refused.status);
            return Ok(refused);
        }
        let reply = self.perform(number, request, false);
        if fault == Kind::WrittenBack && !is_read(&request.call.operation) {
            self.write_back(request);
        }
        self.after(fault, reply).await
    }

    /// What happens before anything was done.
    async fn before(
        &self,
        fault: Kind,
        number: usize,
        request: &Request,
    ) -> Result<(), ConnectorError> {
        match fault {
            Kind::Refused => {
                self.failed(number, 0);
                let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
                return Err(ConnectorError::io(Box::new(refused)).never_connected());
            }
            Kind::ResetBefore => {
                self.failed(number, 0);
                return Err(reset());
            }
            Kind::HangBefore => pending().await,
            Kind::Slow => sleep(SLOW).await,
            Kind::Gone => self.remove(request),
            Kind::Edited => self.edit(),
            Kind::WrittenBack if is_read(&request.call.operation) => self.write_back(request),
            Kind::KilledBefore => self.die().await,
            Kind::HeldBefore => self.hold().await,
            _ => {}
        }
        Ok(())
    }

    /// What happens when all has been done.
    async fn after(&self, fault: Kind, reply: Reply) -> Result<Reply, ConnectorError> {
        match fault {
            Kind::ResetAfter => return Err(reset()),
            Kind::HangAfter => pending().await,
            Kind::KilledAfter => self.die().await,
            Kind::HeldAfter => self.hold().await,
            Kind::Malformed if reply.is_success() => {
                return Ok(Reply { body: "<<not what it should be".to_owned(), ..reply });
            }
            _ => {}
        }
        Ok(reply)
    }

    async fn die(&self) {
        self.killed.notify_one();
        pending::<()>().await;
    }

    async fn hold(&self) {
        let gate = self.gate(&self.phase);
        gate.reached.notify_one();
        gate.released.notified().await;
    }
}

/// What AWS answers instead of doing something.
fn refusal(fault: Kind, request: &Request, account: &str) -> Option<Reply> {
    let call = &request.call;
    let s3 = call.service == "s3";
    let error = |status, code, message| Some(Reply::error(&call.service, status, code, message));
    match fault {
        _ if call.operation == "HeadBucket" => {
            let status = match fault {
                Kind::Throttled | Kind::Unavailable => 503,
                Kind::Broken => 500,
                Kind::Denied => 403,
                Kind::Conflict => 409,
                _ => return None,
            };
            Some(Reply { status, ..Reply::default() })
        }
        Kind::Throttled if s3 => error(503, "SlowDown", "Please reduce your request rate."),
        Kind::Throttled => error(400, "Throttling", "Rate exceeded"),
        Kind::Broken => error(500, if s3 { "InternalError" } else { "InternalFailure" }, "Failed"),
        Kind::Unavailable => error(503, "ServiceUnavailable", "Try later"),
        Kind::Denied => Some(denied(call, account, &call.operation)),
        Kind::Conflict if s3 => {
            error(409, "OperationAborted", "A conflicting conditional operation is in progress")
        }
        Kind::Conflict if call.service == "sns" => {
            error(400, "ConcurrentAccess", "Can't perform multiple operations on a tag at once")
        }
        Kind::Conflict => {
            error(409, "InvalidConfigurationRequest", "Access Denied for bucket: another change")
        }
        _ => None,
    }
}

/// CloudFormation's bucket, and whoever wants to hear reports.
impl Sender for Aws {
    fn send(
        &self,
        request: handler::http::Request,
    ) -> BoxFuture<'_, Result<handler::http::StatusCode, Unsent>> {
        Box::pin(async move {
            self.travel().await;
            let operation = if request.method().as_str() == "PUT" { "Answer" } else { "Report" };
            let fault = self.leave(operation, request.url().as_str());
            let refused =
                |status: u16| Ok(handler::http::StatusCode::from_u16(status).unwrap_or_default());
            match fault {
                Some(Kind::Throttled) => return refused(429),
                Some(Kind::Broken) => return refused(500),
                Some(Kind::Unavailable) => return refused(503),
                Some(Kind::Denied) => return refused(403),
                Some(Kind::Conflict) => return refused(409),
                Some(Kind::Gone) => return refused(404),
                Some(Kind::Refused) => return Err(Unsent { connecting: true }),
                Some(Kind::ResetBefore) => return Err(Unsent { connecting: false }),
                Some(Kind::HangBefore) => pending().await,
                Some(Kind::Slow) => sleep(SLOW / 2).await,
                Some(Kind::KilledBefore) => self.die().await,
                Some(Kind::HeldBefore) => self.hold().await,
                _ => {}
            }
            if operation == "Answer" {
                let lost = [Kind::ResetAfter, Kind::HangAfter, Kind::KilledAfter, Kind::HeldAfter];
                let received = !fault.is_some_and(|fault| lost.contains(&fault));
                let answer = Taken { invocation: self.invocation, received, ..taken(&request) };
                self.state().answers.push(answer);
            }
            match fault {
                Some(Kind::ResetAfter) => return Err(Unsent { connecting: false }),
                Some(Kind::HangAfter) => pending().await,
                Some(Kind::KilledAfter) => self.die().await,
                Some(Kind::HeldAfter) => self.hold().await,
                _ => {}
            }
            self.travel().await;
            refused(200)
        })
    }
}

fn taken(request: &handler::http::Request) -> Taken {
    let content_type = request.headers().get("content-type");
    Taken {
        invocation: 0,
        url: request.url().to_string(),
        body: request.body().and_then(|body| body.as_bytes()).unwrap_or_default().to_vec(),
        at: Instant::now(),
        content_type: content_type.and_then(|one| one.to_str().ok()).unwrap_or_default().to_owned(),
        received: true,
    }
}
