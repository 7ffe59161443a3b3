//! Exactly one answer for every event: whatever the work does, and whether it ends or not.

use std::{any::Any, future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use serde_json::Value;
use templates::report::Phase;
use tokio::time::{Instant, sleep_until};

use crate::{
    arn::Home,
    aws::Clients,
    desired,
    error::Error,
    event::{self, Event, RequestType},
    http::Sender,
    identity::Identity,
    report::Reporter,
    respond::{self, Answer, Status, Undelivered},
    retry::{Clock, PROPAGATION},
    work::{self, Done},
};

/// No change is begun later than this before the deadline.
const CHANGES_END: Duration = Duration::from_secs(20);
/// The answer has this much time of its own before the deadline.
const ANSWER_TIME: Duration = Duration::from_secs(8);
/// How long a Delete waits for what AWS shows late: nothing it does is new.
const DELETE_PROPAGATION: Duration = Duration::from_secs(20);

/// Everything the handler reaches: built once at start-up.
#[derive(Debug, Clone)]
pub struct World {
    /// AWS.
    pub aws: Clients,
    /// The answer and the reports.
    pub http: Arc<dyn Sender>,
    /// Whether the function's environment points it at an emulator.
    pub on_emulator: bool,
}

/// The function that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Where it lives.
    pub home: Home,
}

impl Function {
    /// Reads `arn:P:lambda:R:A:function:NAME`.
    pub fn from_arn(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.split(':').collect();
        let ["arn", partition, "lambda", region, account, "function", ..] = parts.as_slice() else {
            return None;
        };
        Some(Self {
            home: Home {
                partition: (*partition).to_owned(),
                region: (*region).to_owned(),
                account: (*account).to_owned(),
            },
        })
    }
}

/// Why nobody was answered. Lambda then delivers the event again, which is the only thing left to try.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// There is no address that an answer could go to.
    #[error("the event cannot be answered: {0}")]
    Unanswerable(&'static str),
    /// The answer did not arrive.
    #[error(transparent)]
    Undelivered(#[from] Undelivered),
}

/// Handles one event: works, answers, reports.
pub async fn handle(
    world: &World,
    function: &Function,
    raw: &Value,
    deadline: Instant,
) -> Result<(), Unanswered> {
    let event = event::parse(raw).map_err(Unanswered::Unanswerable)?;
    if !event.response_url.is_answerable(&function.home, world.on_emulator) {
        let why = "ResponseURL is not an https address of S3 in this partition";
        return Err(Unanswered::Unanswerable(why));
    }
    let identity = Identity::new(&event.stack_id, &event.logical_id);
    if identity.as_ref().is_ok_and(|id| id.home != function.home) {
        let why = "StackId names another account or region than the function's own";
        return Err(Unanswered::Unanswerable(why));
    }
    let reporter = Reporter::new(&world.http, &event, world.on_emulator, deadline);
    let end = deadline.checked_sub(ANSWER_TIME).unwrap_or(deadline);
    let outcome = match (&identity, event.request) {
        (Ok(id), Some(request)) => {
            let work = guarded(Box::pin(run(world, id, &event, request, deadline)), end);
            Reporter::beside(reporter.as_ref(), work).await
        }
        (Err(why), _) => Err(Error::Refused(why.clone())),
        (_, None) => {
            Err(Error::Refused("RequestType is none of Create, Update, Delete".to_owned()))
        }
    };
    let answer = answer(&event, identity.as_ref().ok(), outcome);
    tracing::info!(status = ?answer.status, reason = answer.reason, "answering");
    // The last half second is the runtime's own.
    let until = deadline.checked_sub(Duration::from_millis(500)).unwrap_or(deadline);
    respond::put(&*world.http, &event.response_url, &answer, until).await?;
    if let Some(reporter) = reporter {
        let phase = if answer.status == Status::Success { Phase::Succeeded } else { Phase::Failed };
        reporter.end(phase, &answer.reason, &answer.data).await;
    }
    Ok(())
}

/// The work, or its failure: by an error, by a panic, or because its time is up. Whichever comes first
/// is the one that is answered, and nothing of the work goes on after that.
async fn guarded(
    work: impl Future<Output = Result<Done, Error>>,
    end: Instant,
) -> Result<Done, Error> {
    tokio::select! {
        biased;
        outcome = AssertUnwindSafe(work).catch_unwind() => {
            outcome.unwrap_or_else(|panic| Err(Error::Panicked(words(&*panic))))
        }
        () = sleep_until(end) => Err(Error::OutOfTime("AWS to answer".to_owned())),
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words").to_owned()
}

async fn run(
    world: &World,
    id: &Identity,
    event: &Event,
    request: RequestType,
    deadline: Instant,
) -> Result<Done, Error> {
    let propagation = match request {
        RequestType::Delete => DELETE_PROPAGATION,
        RequestType::Create | RequestType::Update => PROPAGATION,
    };
    let clock =
        Clock { last_change: deadline.checked_sub(CHANGES_END).unwrap_or(deadline), propagation };
    match request {
        RequestType::Create | RequestType::Update => {
            let desired = desired::check(&event.properties, &id.home, world.on_emulator)
                .map_err(Error::Refused)?;
            work::converge(&world.aws, id, &desired, clock).await
        }
        RequestType::Delete => work::delete(world, id, event, clock).await,
    }
}

fn answer(event: &Event, id: Option<&Identity>, outcome: Result<Done, Error>) -> Answer {
    let given = event.physical_id.clone().filter(|given| !given.is_empty());
    let physical_id = given.or_else(|| id.map(Identity::physical_id)).unwrap_or_default();
    let (status, reason, data) = match outcome {
        Ok(done) => (Status::Success, done.reason, done.data),
        Err(error) => (Status::Failed, error.reason(), Vec::new()),
    };
    Answer {
        status,
        reason,
        physical_resource_id: physical_id,
        stack_id: event.stack_id.clone(),
        request_id: event.request_id.clone(),
        logical_resource_id: event.logical_id.clone(),
        data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_panic_becomes_a_failure_with_words() {
        let end = Instant::now() + Duration::from_mins(1);
        let outcome = guarded(async { panic!("index {} out of range", 7) }, end).await;
        let Err(Error::Panicked(words)) = outcome else { panic!("not a panic") };
        assert_eq!(words, "index 7 out of range");
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_never_ends_is_cut_off_in_time() {
        let end = Instant::now() + Duration::from_mins(1);
        let outcome = guarded(std::future::pending(), end).await;
        assert!(matches!(outcome, Err(Error::OutOfTime(_))));
        assert_eq!(Instant::now(), end);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_ends_with_the_last_moment_counts() {
        let end = Instant::now() + Duration::from_mins(1);
        let work = async move {
            sleep_until(end).await;
            Ok(Done::default())
        };
        assert!(guarded(work, end).await.is_ok());
    }

    #[test]
    fn a_functions_arn_says_where_it_lives() {
        let arn = "arn:aws-cn:lambda:cn-north-1:111122223333:function:logs-fn:1";
        let function = Function::from_arn(arn).unwrap();
        assert_eq!(function.home.partition, "aws-cn");
        assert_eq!(Function::from_arn("arn:aws:iam::1:role/x"), None);
    }
}
