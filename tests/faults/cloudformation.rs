//! Plays CloudFormation and Lambda to the handler, in process and in virtual time: Create, a duplicate
//! of it, Update, Delete; rollback after a failure; Lambda's retries; the hour that does not come.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use handler::{Function, Unanswered, handle, identity::Identity};
use harness::{
    cloudformation::{Answer, Launch, RESOURCE},
    model::{
        Aws, Seen,
        account::{Account, Tags},
    },
};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    clients::{CANARIES, clients},
    invariants::{self, Findings, NoGap},
    log::Log,
    worlds::{self, ACCOUNT, REGION, STACK, World},
};

const FUNCTION_TIMEOUT: Duration = Duration::from_mins(4);
const SERVICE_TIMEOUT: Duration = Duration::from_mins(10);
/// Lambda tries an event that failed again after these pauses.
const RETRY_AFTER: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(2)];
/// No request needs more calls than this, not even if AWS fails all the time.
const CALLS_AT_MOST: usize = 700;

/// What came of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The function ended well.
    Well,
    /// It ended with an error, so Lambda delivers the event again.
    Badly(String),
    /// It was killed.
    Killed,
}

/// What went wrong in a case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Problems {
    /// Nobody was answered.
    pub hangs: Vec<String>,
    /// Left behind, untold.
    pub leaks: Vec<String>,
    /// Answered in two ways.
    pub double_answers: Vec<String>,
    /// A secret was seen.
    pub secrets: Vec<String>,
    /// Any other promise.
    pub other: Vec<String>,
}

/// One stack in one account.
#[derive(Debug)]
pub(crate) struct Stage {
    /// AWS.
    pub aws: Aws,
    /// What the watch found.
    pub findings: Findings,
    /// What else was found.
    pub problems: Arc<Mutex<Problems>>,
    /// Whether logs must be told of all the time.
    pub no_gap: NoGap,
    /// Everything that was written to the function's log, and every error.
    pub log: Log,
    /// What the stack looks like to CloudFormation by now.
    pub current: Mutex<Launch>,
    world: World,
    requests: Mutex<usize>,
    retries: AtomicBool,
    stack_id: String,
}

impl Stage {
    /// A world before the stack; `seed` says how long each call takes.
    pub(crate) fn new(world: &World, seed: u64) -> Self {
        let (_, role) = worlds::template(&world.launch);
        let mut rules = world.rules.clone();
        rules.role = Some(role);
        let aws = Aws::new(world.account.clone(), rules, seed);
        let (findings, no_gap) = (Findings::default(), NoGap::default());
        aws.watch(invariants::watch(&findings, &no_gap));
        Self {
            aws,
            findings,
            problems: Arc::default(),
            no_gap,
            log: Log::default(),
            current: Mutex::new(world.launch.clone()),
            world: world.clone(),
            requests: Mutex::default(),
            retries: AtomicBool::new(true),
            stack_id: STACK.to_owned(),
        }
    }

    /// A second stack in the same account, of the same template.
    pub(crate) fn of_another_stack(&self) -> Self {
        // Each stack's function has a role of its own; the model knows one at a time.
        self.aws.state().rules.role = None;
        Self {
            aws: self.aws.clone(),
            findings: Arc::clone(&self.findings),
            problems: Arc::clone(&self.problems),
            no_gap: self.no_gap.clone(),
            log: self.log.clone(),
            current: Mutex::new(self.world.launch.clone()),
            world: self.world.clone(),
            requests: Mutex::new(1000),
            retries: AtomicBool::new(true),
            stack_id: STACK.replace("0f1e2d3c", "ffffffff"),
        }
    }

    /// Who the stack is.
    pub(crate) fn identity(&self) -> Identity {
        Identity::new(&self.stack_id, RESOURCE).expect("the ARN of a stack")
    }

    /// A promise that has to hold.
    pub(crate) fn must(&self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.problems().other.push(otherwise());
        }
    }

    /// How many buckets and topics have tags that say that this stack made them.
    pub(crate) fn tagged(&self) -> (usize, usize) {
        let account = self.account();
        let ours = |tags: &Tags| tags.values().any(|value| *value == self.stack_id);
        let buckets = account.buckets.values().filter(|bucket| ours(&bucket.tags)).count();
        (buckets, account.topics.values().filter(|topic| ours(&topic.tags)).count())
    }

    /// From now on Lambda does not deliver an event again.
    pub(crate) fn never_retry(&self) {
        self.retries.store(false, Ordering::Relaxed);
    }

    /// What the case has found so far.
    pub(crate) fn problems(&self) -> MutexGuard<'_, Problems> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the stack is launched with.
    pub(crate) fn launch(&self) -> &Launch {
        &self.world.launch
    }

    /// What it is updated with.
    pub(crate) fn update(&self) -> &Launch {
        &self.world.update
    }

    /// An event with an answer address of its own.
    pub(crate) fn event(&self, request: &str, id: Option<&str>, launch: &Launch) -> Value {
        let number = {
            let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            *requests += 1;
            *requests
        };
        let (properties, _) = worlds::template(launch);
        let token = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:handler");
        let with_token = |mut properties: Map<String, Value>| {
            properties.insert("ServiceToken".to_owned(), json!(token));
            properties
        };
        let mut event = json!({
            "RequestType": request,
            "ServiceToken": token,
            "ResponseURL": format!(
                "https://cloudformation-custom-resource-response-euwest1.s3.{REGION}.amazonaws.com/\
                 stack%7CInvokeLambdaFunction%7C{number}?X-Amz-Signature={}", CANARIES[0]
            ),
            "StackId": self.stack_id,
            "RequestId": format!("00000000-0000-4000-8000-{number:012}"),
            "LogicalResourceId": RESOURCE,
            "ResourceType": "Custom::LogsAnalysisOnboarding",
            "ResourceProperties": with_token(properties),
        });
        if let Some(id) = id {
            event["PhysicalResourceId"] = json!(id);
        }
        event
    }

    /// One run of the function.
    pub(crate) async fn invoke(&self, phase: &str, event: &Value) -> Ended {
        let aws = self.aws.during(phase);
        let world =
            handler::World { aws: clients(&aws), http: Arc::new(aws.clone()), on_emulator: false };
        let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:handler");
        let function = Function::from_arn(&arn).expect("the ARN of a function");
        let deadline = Instant::now() + FUNCTION_TIMEOUT;
        let ended = tokio::select! {
            biased;
            () = aws.killed() => Ended::Killed,
            outcome = handle(&world, &function, event, deadline) => match outcome {
                Ok(()) => Ended::Well,
                Err(error) => Ended::Badly(self.unanswered(&error)),
            },
            () = sleep_until(deadline) => {
                let late = format!("{phase}: Lambda stopped the function at its timeout");
                self.problems().other.push(late);
                Ended::Killed
            }
        };
        self.check_invocation(&aws, phase, deadline);
        ended
    }

    fn unanswered(&self, error: &Unanswered) -> String {
        let text = format!("{error} {error:?}");
        self.log.add(text.as_bytes());
        text
    }

    /// I2, I12 and I13.
    fn check_invocation(&self, aws: &Aws, phase: &str, deadline: Instant) {
        let state = self.aws.state();
        let mine: Vec<_> =
            state.calls.iter().filter(|seen| seen.invocation == aws.invocation()).collect();
        let mut problems = self.problems();
        if mine.len() > CALLS_AT_MOST {
            problems.other.push(format!("{phase}: {} calls", mine.len()));
        }
        if let Some(first) = mine.iter().find(|seen| seen.operation == "Answer")
            && first.begun + Duration::from_secs(5) > deadline
        {
            problems.other.push(format!("{phase}: the answer left less than 5 s before the end"));
        }
        let taken = state.answers.iter().find(|answer| answer.invocation == aws.invocation());
        let received = taken.filter(|taken| taken.received);
        let again = |seen: &&&Seen| {
            seen.operation == "Answer" && received.is_some_and(|taken| seen.begun > taken.at)
        };
        if mine.iter().any(|seen| again(&seen)) {
            problems
                .double_answers
                .push(format!("{phase}: answered again after the answer was taken"));
        }
        let later = |seen: &&&Seen| {
            taken.is_some_and(|taken| seen.begun > taken.at)
                && !["Answer", "Report"].contains(&seen.operation.as_str())
        };
        if let Some(seen) = mine.iter().find(later) {
            problems.other.push(format!("{phase}: {} after the answer", seen.operation));
        }
    }

    /// Lambda: an event, again if the function fails; what CloudFormation was told within its time.
    pub(crate) async fn deliver(&self, phase: &str, event: &Value) -> Option<Answer> {
        let start = Instant::now();
        let mut pauses = RETRY_AFTER.into_iter();
        while self.invoke(phase, event).await != Ended::Well {
            let Some(pause) = pauses.next().filter(|_| self.retries.load(Ordering::Relaxed)) else {
                break;
            };
            if start.elapsed() + pause >= SERVICE_TIMEOUT {
                break;
            }
            sleep(pause).await;
        }
        let answer = self.taken(event);
        if answer.is_none() {
            sleep_until(start + SERVICE_TIMEOUT).await;
        }
        answer
    }

    /// The first answer that was taken for an event. I1 and I9.
    pub(crate) fn taken(&self, event: &Value) -> Option<Answer> {
        let state = self.aws.state();
        let url = event["ResponseURL"].as_str().unwrap_or_default();
        let all: Vec<_> = state.answers.iter().filter(|taken| taken.url == url).collect();
        let first = all.first()?;
        let mut problems = self.problems();
        if let Some(other) = all.iter().find(|other| other.body != first.body) {
            let (one, two) =
                (String::from_utf8_lossy(&first.body), String::from_utf8_lossy(&other.body));
            problems.double_answers.push(format!("{one} and {two}"));
        }
        match Answer::check(&first.content_type, &first.body, event) {
            Ok(answer) => Some(answer),
            Err(wrong) => {
                problems.other.push(format!("an answer breaks the contract: {wrong}"));
                None
            }
        }
    }

    /// The same event once more, after it was answered: nothing is to happen. I8.
    pub(crate) async fn again(&self, phase: &str, event: &Value) {
        let before = self.aws.state().account.clone();
        let ended = self.invoke(phase, event).await;
        if self.aws.state().removed.is_empty() {
            let _ = self.taken(event);
        }
        let changed = before.differences(&self.aws.state().account);
        let untouched = self.aws.state().removed.is_empty();
        if ended != Ended::Well || (untouched && !changed.is_empty()) {
            let what = format!("{phase}: {ended:?}, changed {}", Value::Object(changed));
            self.problems().other.push(what);
        }
    }

    /// Time goes by between one event and the next.
    pub(crate) async fn pass(&self) {
        sleep(Duration::from_secs(10)).await;
    }

    /// A Delete under an id that CloudFormation invented, since no Create has answered.
    pub(crate) fn delete_event(&self) -> Value {
        let id = format!("logs-{RESOURCE}-1A2B3C4D5E6F7");
        self.event("Delete", Some(&id), self.launch())
    }

    /// When all is over: whatever is left was told by one of the answers.
    pub(crate) fn nothing_is_left(&self, phase: &str) {
        let said: String = {
            let state = self.aws.state();
            state.answers.iter().map(|taken| String::from_utf8_lossy(&taken.body)).collect()
        };
        self.told_of_all(phase, &said);
    }

    /// Deletes the stack until CloudFormation is satisfied; what was left behind must have been told.
    pub(crate) async fn delete(&self, phase: &str, id: Option<&str>) -> Option<Answer> {
        let id = id.map_or_else(|| format!("logs-{RESOURCE}-1A2B3C4D5E6F7"), str::to_owned);
        let launch = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let event = self.event("Delete", Some(&id), &launch);
        let answer = self.deliver(phase, &event).await;
        if let Some(answer) = answer.as_ref().filter(|answer| !answer.failed()) {
            self.told_of_all(phase, &answer.reason);
            return Some(answer.clone());
        }
        // DELETE_FAILED: the customer deletes the stack again, once AWS works.
        self.aws.state().faults.clear();
        self.pass().await;
        let event = self.event("Delete", Some(&id), &launch);
        let last = self.deliver("SecondDelete", &event).await;
        match &last {
            Some(last) if !last.failed() => self.told_of_all("SecondDelete", &last.reason),
            other => {
                self.problems().leaks.push(format!("a second Delete did not work: {other:?}"));
            }
        }
        answer
    }

    fn told_of_all(&self, phase: &str, reason: &str) {
        let left = invariants::left_behind(&self.aws.state());
        for (name, what) in left {
            let short = name.rsplit("loadbalancer/").next().unwrap_or(&name);
            // Without the record nobody knows what was subscribed where, and that is said.
            let unknown = name.contains(":sns:") && reason.contains("that kept account");
            if !reason.contains(short) && !unknown {
                let words = format!("{phase} left {name} and said '{reason}': {what}");
                self.problems().leaks.push(words);
            }
        }
    }

    /// The account as it is.
    pub(crate) fn account(&self) -> Account {
        self.aws.state().account.clone()
    }
}
