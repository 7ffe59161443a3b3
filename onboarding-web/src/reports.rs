//! What stacks report, and whether it is believed.
//!
//! A report is taken if its token is known and its stack is where the token's customer is. Whoever
//! has a token can at most say something about that customer's own stack.

use std::net::IpAddr;

use axum::{
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use templates::report::{Phase, Report};

use crate::{
    access::{Ip, network},
    app::App,
    clock::{DAY, Millis},
    error::{Problem, refused},
    onboarding::{Signal, next},
    store::{Actor, Change, Customer, Event, NewAudit, Region},
    token::digest,
};

/// A link that has expired still binds a stack for so long: the page may have been open.
const GRACE: Millis = DAY;
/// No word of a report is longer than this.
const LONGEST: usize = 4096;

/// What comes of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It counts.
    Accepted,
    /// It does not; why, for the log.
    Refused(String),
    /// It does not, and people should know: the right token from the wrong place.
    Misdirected(String),
}

/// Where a stack is: `arn:P:cloudformation:R:A:stack/NAME/ID`.
struct Place<'a> {
    partition: &'a str,
    region: &'a str,
    account: &'a str,
}

fn place(stack_id: &str) -> Option<Place<'_>> {
    let parts: Vec<&str> = stack_id.splitn(6, ':').collect();
    let ["arn", partition, "cloudformation", region, account, resource] = parts.as_slice() else {
        return None;
    };
    let resource: Vec<&str> = resource.split('/').collect();
    let well_formed =
        matches!(resource.as_slice(), ["stack", name, id] if !name.is_empty() && !id.is_empty());
    let printable = stack_id.chars().all(|c| c.is_ascii_graphic());
    (well_formed && printable && stack_id.len() <= 1024).then_some(Place {
        partition,
        region,
        account,
    })
}

/// Whether a report counts. `generation` is that of the link that the token was made for.
pub fn judge(
    customer: &Customer,
    region: &Region,
    generation: i64,
    report: &Report,
    now: Millis,
) -> Verdict {
    let Some(place) = place(&report.stack_id) else {
        return Verdict::Refused("StackId is not the ARN of a stack".to_owned());
    };
    if !["Create", "Update", "Delete"].contains(&report.request_type.as_str()) {
        return Verdict::Refused("the request is none of Create, Update, Delete".to_owned());
    }
    let onboarding = &region.onboarding;
    let bound = onboarding.stack.as_ref().is_some_and(|stack| stack.id == report.stack_id);
    let valid = generation == customer.generation
        && customer.revoked_at == 0
        && customer.offboarded_at == 0
        && now <= customer.expires_at + GRACE;
    if let Some(why) = misplaced(customer, region, &place) {
        // Whoever holds a link that is over cannot alarm anybody with it.
        return if valid { Verdict::Misdirected(why) } else { Verdict::Refused(why) };
    }
    if bound {
        return Verdict::Accepted;
    }
    if !onboarding.accepts(report, now) {
        return Verdict::Refused("another stack is bound to this customer and region".to_owned());
    }
    if !valid {
        let why = "the link that this stack was launched with is not valid any more";
        return Verdict::Refused(why.to_owned());
    }
    Verdict::Accepted
}

/// In words, if a stack is not where the link is for.
fn misplaced(customer: &Customer, region: &Region, place: &Place<'_>) -> Option<String> {
    if place.account != customer.account || place.partition != customer.partition {
        let (account, own) = (place.account, &customer.account);
        return Some(format!("The stack is in account {account}, the link is for {own}"));
    }
    let (there, own) = (place.region, &region.region);
    (there != own).then(|| format!("The stack is in region {there}, the link is for {own}"))
}

/// What is to be kept of a report.
pub fn change(
    verdict: &Verdict,
    customer: &Customer,
    region: &Region,
    report: &Report,
    now: Millis,
) -> Change {
    let events = event(verdict, region, report, now).into_iter().collect();
    let why = match verdict {
        Verdict::Accepted => {
            let signal = Signal::Reported(report.clone());
            let onboarding = Some(next(region.onboarding.clone(), &signal, now));
            return Change { onboarding, events, ..Change::default() };
        }
        Verdict::Misdirected(why) | Verdict::Refused(why) => why,
    };
    // A stack that is there and works is not touched by what another one says.
    let lives = region.onboarding.stack.as_ref().is_some_and(|stack| !stack.is_over());
    let gone = report.request_type == "Delete" && report.phase == Phase::Succeeded;
    let signal = match verdict {
        Verdict::Misdirected(_) if gone => Some(Signal::Cleared),
        Verdict::Misdirected(why) if !lives => Some(Signal::Misdirected(why.clone())),
        _ => None,
    };
    let entry = NewAudit {
        action: "refuse report",
        customer_id: customer.id.clone(),
        subject: customer.name.clone(),
        before: String::new(),
        after: format!("{why}\n{}", report.stack_id),
    };
    Change {
        onboarding: signal.map(|signal| next(region.onboarding.clone(), &signal, now)),
        events,
        audit: Some(entry),
        quiet: false,
    }
}

/// What people read of it in the timeline; steps are too many for that.
fn event(verdict: &Verdict, region: &Region, report: &Report, now: Millis) -> Option<Event> {
    let kind = report.request_type.as_str();
    let (what, detail) = match (verdict, report.phase) {
        (Verdict::Misdirected(why), _) => ("reported from the wrong place".to_owned(), why.clone()),
        (_, Phase::Started) => (format!("{kind} began"), report.stack_id.clone()),
        (_, Phase::Succeeded) => (format!("{kind} succeeded"), report.reason.clone()),
        (_, Phase::Failed) => (format!("{kind} failed"), report.reason.clone()),
        (_, Phase::Progress) => return None,
    };
    let what = format!("Stack in {}: {what}", region.region);
    // Of refusals, one line for each stack and reason is enough.
    let request = if *verdict == Verdict::Accepted { &report.request_id } else { &detail };
    let name = [&report.stack_id, request, &what].map(String::as_str).join("\n");
    Some(Event { id: digest(&name), at: now, who: "AWS".to_owned(), what, detail })
}

fn token(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Cuts what is too long and takes out what does not print; the reports are shown to people.
fn tidy(mut report: Report) -> Report {
    let cut = |text: &str, most: usize| {
        let keep = |c: &char| !c.is_control() || *c == '\n';
        text.chars().filter(keep).take(most).collect::<String>()
    };
    report.reason = cut(&report.reason, LONGEST);
    report.stack_id = cut(&report.stack_id, LONGEST);
    for text in [&mut report.version, &mut report.request_id, &mut report.configuration] {
        *text = cut(text, 128);
    }
    let outputs = report.outputs.iter().take(20);
    report.outputs = outputs.map(|(name, value)| (cut(name, 128), cut(value, LONGEST))).collect();
    report
}

/// `POST /reports`
pub async fn take(
    State(app): State<App>,
    Ip(ip): Ip,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let token = token(&headers).unwrap_or_default();
    let Some((id, region, generation)) = app.store.stack_token(token).await? else {
        let often = app.limits.unknown_tokens.check_key(&network(ip)).is_err();
        let status = if often { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::UNAUTHORIZED };
        return Ok(refused(status, "the token is not known"));
    };
    if app.limits.reports.check_key(&digest(token)).is_err() {
        return Ok(refused(StatusCode::TOO_MANY_REQUESTS, "too many reports"));
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return Ok(refused(rejection.status(), &rejection.body_text())),
    };
    let report = match serde_json::from_slice::<Report>(&body) {
        Ok(report) => tidy(report),
        Err(error) => return Ok(refused(StatusCode::BAD_REQUEST, &error.to_string())),
    };
    let found = (id, region, generation);
    // The handler waits two seconds and hangs up; what it said is kept all the same.
    let kept = tokio::spawn(async move { keep(&app, found, report, ip).await }).await;
    match kept.map_err(|error| Problem::internal(&error))?? {
        Some(Verdict::Accepted) => Ok(StatusCode::NO_CONTENT.into_response()),
        Some(Verdict::Refused(why) | Verdict::Misdirected(why)) => {
            Ok(refused(StatusCode::FORBIDDEN, &why))
        }
        None => Ok(refused(StatusCode::FORBIDDEN, "the region was taken off the list")),
    }
}

/// Keeps a report and tells who is looking. `None` if the region is not there any more.
async fn keep(
    app: &App,
    (id, region, generation): (String, String, i64),
    report: Report,
    ip: IpAddr,
) -> Result<Option<Verdict>, Problem> {
    let now = app.store.now();
    let actor = Actor { name: "stack".to_owned(), ip: ip.to_string() };
    let verdict = app
        .store
        .change_onboarding(&actor, (&id, &region), |customer, region| {
            let verdict = judge(customer, region, generation, &report, now);
            let mut change = change(&verdict, customer, region, &report, now);
            if app.intake.is_some() && verdict == Verdict::Accepted {
                change.onboarding =
                    change.onboarding.map(|onboarding| next(onboarding, &Signal::Watched, now));
            }
            (verdict, change)
        })
        .await?;
    app.live.changed(&id);
    metrics::counter!("onboarding_reports_total", "phase" => phase(report.phase)).increment(1);
    if let Some(Verdict::Refused(why) | Verdict::Misdirected(why)) = &verdict {
        tracing::warn!(customer.id = id, region, why, "a report was refused");
    }
    Ok(verdict)
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Started => "started",
        Phase::Progress => "progress",
        Phase::Succeeded => "succeeded",
        Phase::Failed => "failed",
    }
}

#[cfg(test)]
#[path = "reports_tests.rs"]
mod tests;
