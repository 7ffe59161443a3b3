//! Tells the onboarding service how far a request is. Best effort: at most two seconds after the
//! answer, beside the work until then, and whatever comes of it, the stack goes on.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use reqwest::{
    Method, Request,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde_json::{Map, Value};
use templates::{
    digest::sha256,
    properties as names,
    report::{Phase, Report, Step},
};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use url::Url;

use crate::{
    desired::{self, Reporting},
    event::{Event, RequestType},
    http::Sender,
};

const AT_MOST: Duration = Duration::from_secs(2);

tokio::task_local! {
    /// Where the work says what it is at. Like a log's span it goes with the work without being handed
    /// from function to function, and is absent where nobody wants to know.
    static AT: watch::Sender<Option<Step>>;
}

/// Says what the work is at; steps that pass faster than a report travels are left out.
pub(crate) fn at(step: Step) {
    let _ = AT.try_with(|sender| sender.send_replace(Some(step)));
}

/// Reports one request, if somebody wants to hear of it.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    http: Arc<dyn Sender>,
    to: Reporting,
    base: Report,
    deadline: Instant,
}

impl Reporter {
    /// `None` if the event names nobody who wants to hear, or is no request.
    pub(crate) fn new(
        http: &Arc<dyn Sender>,
        event: &Event,
        on_emulator: bool,
        deadline: Instant,
    ) -> Option<Self> {
        let to = desired::reporting(&event.properties, on_emulator)?;
        let base = base(event, event.request?);
        Some(Self { http: Arc::clone(http), to, base, deadline })
    }

    /// Does the work and reports beside it that it began and what it is at.
    pub(crate) async fn beside<T>(reporter: Option<&Self>, work: impl Future<Output = T>) -> T {
        let Some(reporter) = reporter.cloned() else { return work.await };
        let (sender, receiver) = watch::channel(None);
        let telling = tokio::spawn(async move { reporter.tell(receiver).await });
        let outcome = AT.scope(sender, work).await;
        telling.abort();
        outcome
    }

    async fn tell(&self, mut at: watch::Receiver<Option<Step>>) {
        self.send(self.base.clone()).await;
        while at.changed().await.is_ok() {
            let step = *at.borrow_and_update();
            self.send(Report { phase: Phase::Progress, step, ..self.base.clone() }).await;
        }
    }

    /// Reports how it ended.
    pub(crate) async fn end(&self, phase: Phase, reason: &str, data: &[(&'static str, String)]) {
        let outputs = data.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let outputs = outputs.collect();
        let reason = reason.to_owned();
        self.send(Report { phase, reason, outputs, ..self.base.clone() }).await;
    }

    async fn send(&self, report: Report) {
        let Ok(body) = serde_json::to_vec(&report) else { return };
        let Some(request) = self.request(body) else { return };
        // Lambda would count a function that is stopped here as failed, and deliver the event again.
        let left = self.deadline.saturating_duration_since(Instant::now()) / 2;
        match timeout(AT_MOST.min(left), self.http.send(request)).await {
            Ok(Ok(status)) if status.is_success() => {}
            Ok(Ok(status)) => {
                tracing::warn!(status = status.as_u16(), "the report was not taken");
            }
            Ok(Err(_)) | Err(_) => tracing::warn!("the report did not arrive"),
        }
    }

    fn request(&self, body: Vec<u8>) -> Option<Request> {
        let mut request = Request::new(Method::POST, Url::parse(&self.to.url).ok()?);
        let token = format!("Bearer {}", self.to.token.expose());
        let mut token = HeaderValue::from_str(&token).ok()?;
        token.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, token);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(body.into());
        Some(request)
    }
}

/// What all reports of a request have in common; as it stands, that it was taken up.
fn base(event: &Event, request: RequestType) -> Report {
    let version = event.properties.get(names::VERSION).and_then(Value::as_str).unwrap_or_default();
    Report {
        stack_id: event.stack_id.clone(),
        request_id: event.request_id.clone(),
        request_type: request.as_str().to_owned(),
        phase: Phase::Started,
        step: None,
        reason: String::new(),
        begun: milliseconds(),
        version: version.to_owned(),
        configuration: configuration(&event.properties),
        outputs: Vec::new(),
    }
}

/// A digest of the properties in an order of its own: 16 hexadecimal digits.
fn configuration(properties: &Map<String, Value>) -> String {
    let sorted: BTreeMap<&String, &Value> = properties.iter().collect();
    let text = serde_json::to_string(&sorted).unwrap_or_default();
    let mut digest = sha256(text);
    digest.truncate(16);
    digest
}

fn milliseconds() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "orders reports; nothing waits by it")]
    let now = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
