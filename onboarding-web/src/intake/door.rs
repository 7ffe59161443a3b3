//! Where SNS comes in: what is refused, and what is kept before it is acknowledged.
//!
//! The cheap questions come first. A certificate is fetched only for a topic of a customer's account, and
//! only from where SNS keeps them.

use std::net::IpAddr;

use axum::{
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{
    Intake,
    certificates::NoCertificate,
    message::{self, Message, Version},
    queue,
    topic::Topic,
};
use crate::{
    access::{Ip, network},
    app::App,
    clock::Millis,
    error::{Problem, refused},
    store::Incoming,
};

/// What comes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is kept; whether it is a new one.
    Kept(bool),
    /// It is no message of a customer's topic.
    Refused(String),
    /// SNS is to bring it again.
    Later(String),
}

/// How a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By HTTPS, from this address.
    Https(IpAddr),
    /// By the vendor's queue.
    Queue,
}

impl By {
    /// How long it may have been on its way.
    fn oldest(self) -> Millis {
        match self {
            Self::Https(_) => message::OLDEST,
            Self::Queue => queue::OLDEST,
        }
    }

    /// Who asks for the certificate, so that nobody takes the turns of others.
    fn asks(self, topic: &Topic) -> String {
        match self {
            Self::Https(ip) => network(ip).to_string(),
            Self::Queue => format!("{} {}", topic.account, topic.region),
        }
    }
}

/// `POST /intake/sns`
pub async fn take(
    State(app): State<App>,
    Ip(ip): Ip,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let Some(intake) = app.intake.clone().filter(|intake| intake.settings.by_https()) else {
        return Err(Problem::NotFound);
    };
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return Ok(refused(rejection.status(), &rejection.body_text())),
    };
    let verdict = take_in(&app, &intake, &body, By::Https(ip)).await?;
    Ok(match verdict {
        Verdict::Kept(_) => StatusCode::OK.into_response(),
        // SNS takes a status of 4xx for an end, and comes again after one of 5xx.
        Verdict::Refused(why) => refused(StatusCode::FORBIDDEN, &why),
        Verdict::Later(why) => refused(StatusCode::SERVICE_UNAVAILABLE, &why),
    })
}

/// Checks a message and keeps it.
pub async fn take_in(app: &App, intake: &Intake, body: &[u8], by: By) -> Result<Verdict, Problem> {
    let verdict = match check(app, intake, body, by).await? {
        Err(verdict) => verdict,
        Ok(message) => {
            let incoming = Incoming::new(&message, app.store.now());
            match intake.inbox.keep(incoming).await {
                Ok(new) => Verdict::Kept(new),
                Err(_) => Verdict::Later("it could not be kept".to_owned()),
            }
        }
    };
    count(&verdict);
    Ok(verdict)
}

/// A message of SNS about a customer's topic, or what comes of it otherwise.
pub async fn check(
    app: &App,
    intake: &Intake,
    body: &[u8],
    by: By,
) -> Result<Result<Message, Verdict>, Problem> {
    let refuse = |why: &str| Ok(Err(Verdict::Refused(why.to_owned())));
    let now = app.store.now();
    let message = match Message::read(body) {
        Ok(message) => message,
        Err(why) => return refuse(&why),
    };
    if message.is_older_than(by.oldest(), now) {
        return refuse("the message is too old");
    }
    let ahead = message.is_ahead(now).then_some("the message is of the future");
    if let (Some(why), By::Https(_)) = (ahead, by) {
        return refuse(why);
    }
    let topic = &message.topic;
    if message.version == Version::Sha1 && topic.is_ours() {
        return refuse("our topics sign with version 2");
    }
    if !intake.places.has(&app.store, topic).await? {
        return refuse("the topic is not in the account and region of a customer");
    }
    let url = &message.envelope.signing_cert_url;
    let certificate = intake.certificates.get(url, topic, &by.asks(topic), now).await;
    let certificate = match certificate {
        Ok(certificate) => certificate,
        Err(NoCertificate::Refused(why)) => return refuse(&why),
        Err(NoCertificate::Later(why)) => return Ok(Err(Verdict::Later(why))),
    };
    if let Err(why) = certificate.verify(&message, now) {
        return refuse(&why);
    }
    // What a queue refuses is gone, and if SNS says so, it is our clock that is late.
    if let Some(why) = ahead {
        return Ok(Err(Verdict::Later(why.to_owned())));
    }
    // After the signature: what somebody else sends in a customer's name takes nothing from him.
    if app.limits.intake.check_key(&topic.account).is_err() {
        return Ok(Err(Verdict::Later("this account sends too much at once".to_owned())));
    }
    Ok(Ok(message))
}

fn count(verdict: &Verdict) {
    let outcome = match verdict {
        Verdict::Kept(true) => "kept",
        Verdict::Kept(false) => "known",
        Verdict::Refused(why) => {
            tracing::warn!(why, "a message was refused");
            "refused"
        }
        Verdict::Later(why) => {
            tracing::warn!(why, "a message has to come again");
            "later"
        }
    };
    metrics::counter!("onboarding_intake_messages_total", "outcome" => outcome).increment(1);
}
