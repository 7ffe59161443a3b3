//! Tells the onboarding service how far a request is. Best effort: at most two seconds, and whatever
//! comes of it, the stack goes on.

use std::time::Duration;

use templates::report::{Phase, Report};
use tokio::time::{Instant, timeout};

use crate::{
    desired::Reporting,
    event::{Event, RequestType},
};

const AT_MOST: Duration = Duration::from_secs(2);

/// What a phase is reported as.
pub fn report(event: &Event, request: RequestType, phase: Phase, reason: &str) -> Report {
    Report {
        stack_id: event.stack_id.clone(),
        request_id: event.request_id.clone(),
        request_type: request.as_str().to_owned(),
        phase,
        reason: reason.to_owned(),
    }
}

/// Sends a report if somebody wants one.
pub async fn send(
    http: &reqwest::Client,
    to: Option<&Reporting>,
    report: Report,
    deadline: Instant,
) {
    let Some(to) = to else { return };
    let Ok(body) = serde_json::to_vec(&report) else { return };
    let request = http
        .post(&to.url)
        .bearer_auth(to.token.expose())
        .header("content-type", "application/json")
        .body(body);
    // Lambda would count a function that is stopped here as failed, and deliver the event again.
    let left = deadline.saturating_duration_since(Instant::now()) / 2;
    match timeout(AT_MOST.min(left), request.send()).await {
        Ok(Ok(answer)) if answer.status().is_success() => {}
        Ok(Ok(answer)) => {
            tracing::warn!(status = answer.status().as_u16(), "the report was not taken");
        }
        Ok(Err(_)) | Err(_) => tracing::warn!("the report did not arrive"),
    }
}
