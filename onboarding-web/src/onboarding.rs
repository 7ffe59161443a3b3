//! Where an onboarding stands, decided without any I/O.
//!
//! What is kept of a stack is what its reports said, request by request. Where it stands is a function
//! of that, so it makes no difference in which order reports arrive, how often, or how late.

pub mod logs;
mod state;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use templates::report::{Phase, Report, Step};

use self::logs::{Heard, Logs};
pub use self::state::State;
use crate::clock::{MINUTE, Millis};

/// A running stack that has not been heard of for so long is stale: the function ends after 4 minutes,
/// CloudFormation waits 10 at most.
pub const STALE_AFTER: Millis = 15 * MINUTE;
/// Requests that are remembered; a stack that is updated daily need not grow for ever.
const REMEMBERED: usize = 24;

/// Said of a Create whose last report was lost.
const LOST: &str =
    "The stack was rolled back before it was complete; its last message did not arrive here";

/// One region's onboarding of one customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Onboarding {
    /// When the customer's page was first opened; 0 if it was not.
    pub opened: Millis,
    /// The stack that is bound to it.
    pub stack: Option<Stack>,
    /// The last stack that reported with the right token from the wrong place.
    pub misdirected: Option<Misdirected>,
    /// What is known of its logs; nothing where others take them in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logs: Option<Logs>,
}

/// A stack, as far as its reports tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stack {
    /// Its ARN.
    pub id: String,
    /// What CloudFormation asked of the handler, by request id.
    pub requests: BTreeMap<String, Request>,
}

/// A report from an account or region that the link is not for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misdirected {
    /// In words.
    pub reason: String,
    /// When.
    pub at: Millis,
}

/// One request of CloudFormation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// `Create`, `Update` or `Delete`.
    pub kind: String,
    /// When the handler took it up, by the handler's clock.
    pub begun: Millis,
    /// When we first heard of it, by our own clock.
    pub noticed: Millis,
    /// When we last heard of it.
    pub heard: Millis,
    /// When each step was first heard of.
    pub steps: BTreeMap<Step, Millis>,
    /// How it ended.
    pub ended: Option<Ended>,
    /// The release that carried it out.
    pub version: String,
    /// A digest of what was asked.
    pub configuration: String,
}

/// The end of a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ended {
    /// When the handler that ended it took it up: of two ends, the later try counts.
    pub begun: Millis,
    /// Whether it failed; of two ends of one try, the failure counts.
    pub failed: bool,
    /// The handler's words.
    pub reason: String,
    /// What is set up.
    pub outputs: Vec<(String, String)>,
    /// When we first heard of it.
    #[serde(default)]
    pub at: Millis,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// The customer's page was opened.
    Opened,
    /// The stack reported.
    Reported(Report),
    /// A stack reported from the wrong place; in words.
    Misdirected(String),
    /// The stack in the wrong place was deleted, or the place was corrected.
    Cleared,
    /// Logs are taken in here, for the bound stack too.
    Watched,
    /// Something was heard of logs.
    Logs(Heard),
}

/// What went wrong last and still matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// `Create`, `Update`, `Delete`, or empty for a stack in the wrong place.
    pub kind: String,
    /// The handler's words, or ours.
    pub reason: String,
    /// When we heard of it.
    pub at: Millis,
    /// Whether CloudFormation has put back what was before.
    pub put_back: bool,
}

/// What the requests come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether logging is set up as far as we know.
    pub set_up: bool,
    /// What went wrong last.
    pub failure: Option<Failure>,
    /// What is set up.
    pub outputs: Vec<(String, String)>,
    /// The release that is deployed.
    pub version: String,
    /// Whether the stack was deleted after it had been set up.
    pub removed: bool,
    /// When we first heard of the request that set up what is there; 0 if nothing is.
    pub set_up_at: Millis,
    configuration: String,
}

/// What comes of a signal.
pub fn next(mut onboarding: Onboarding, signal: &Signal, now: Millis) -> Onboarding {
    match signal {
        Signal::Opened if onboarding.opened == 0 => onboarding.opened = now,
        Signal::Opened => {}
        Signal::Misdirected(reason) => {
            onboarding.misdirected = Some(Misdirected { reason: reason.clone(), at: now });
        }
        Signal::Cleared => onboarding.misdirected = None,
        Signal::Watched => {
            onboarding.logs.get_or_insert_default();
        }
        Signal::Logs(heard) => {
            let set_up_at = onboarding.stack.as_ref().map_or(0, |one| one.standing().set_up_at);
            onboarding.logs.get_or_insert_default().hear(heard, now, set_up_at);
        }
        Signal::Reported(report) => {
            if onboarding.stack.as_ref().is_none_or(|stack| stack.id != report.stack_id) {
                // Another stack has another topic.
                onboarding.logs = onboarding.logs.map(|_| Logs::default());
                onboarding.stack = Some(Stack { id: report.stack_id.clone(), ..Stack::default() });
            }
            if let Some(stack) = &mut onboarding.stack {
                stack.hear(report, now);
            }
            onboarding.misdirected = None;
        }
    }
    onboarding
}

impl Onboarding {
    /// Whether a stack may report: the bound one, or a new one once the bound one has come to its end. As
    /// reports can be lost, so has one that was not heard of for too long, and one whose name another
    /// stack has by now: CloudFormation gives a name again only when the stack is gone. A new stack
    /// never begins with a Delete.
    pub fn accepts(&self, report: &Report, now: Millis) -> bool {
        let Some(stack) = &self.stack else { return true };
        let renewed = name(&stack.id) == name(&report.stack_id);
        let over = stack.is_over() || stack.state(now) == State::Stale || renewed;
        stack.id == report.stack_id || (over && report.request_type != "Delete")
    }

    /// Where it stands.
    pub fn state(&self, now: Millis) -> State {
        if self.misdirected.is_some() {
            return State::Failed;
        }
        match &self.stack {
            Some(stack) => match (stack.state(now), &self.logs) {
                (State::Active, Some(logs)) => {
                    logs.state(logs::load_balancers(&stack.standing().outputs).as_deref())
                }
                (state, _) => state,
            },
            None if self.opened > 0 => State::Opened,
            None => State::Sent,
        }
    }

    /// What went wrong last, if anything that still matters did.
    pub fn failure(&self) -> Option<Failure> {
        if let Some(misdirected) = &self.misdirected {
            let Misdirected { reason, at } = misdirected.clone();
            return Some(Failure { kind: String::new(), reason, at, put_back: false });
        }
        self.stack.as_ref().and_then(|stack| stack.standing().failure)
    }
}

/// The name in a stack's ARN.
fn name(stack_id: &str) -> Option<&str> {
    stack_id.split('/').nth(1)
}

impl Stack {
    fn hear(&mut self, report: &Report, now: Millis) {
        // A clock that is far ahead must not make all that follows look old.
        let begun = i64::try_from(report.begun).unwrap_or(0);
        let begun = if begun <= 0 { now } else { begun.min(now + 5 * MINUTE) };
        let request = self.requests.entry(report.request_id.clone()).or_default();
        request.hear(report, begun, now);
        while self.requests.len() > REMEMBERED {
            let oldest = self.requests.iter().min_by_key(|(id, one)| (one.begun, id.as_str()));
            let Some(oldest) = oldest.map(|(id, _)| id.clone()) else { break };
            self.requests.remove(&oldest);
        }
    }

    /// The requests in the order in which the handler took them up.
    pub fn in_order(&self) -> Vec<&Request> {
        let mut all: Vec<(&String, &Request)> = self.requests.iter().collect();
        all.sort_by_key(|(id, request)| (request.begun, id.as_str()));
        all.into_iter().map(|(_, request)| request).collect()
    }

    /// The request that was taken up last.
    pub fn last(&self) -> Option<&Request> {
        self.in_order().pop()
    }

    /// What all requests that ended come to. A Create that never ended and was followed by a Delete has
    /// failed, whatever became of its last report.
    pub fn standing(&self) -> Standing {
        let mut standing = Standing::default();
        let requests = self.in_order();
        for (at, request) in requests.iter().enumerate() {
            let next = requests.get(at + 1).map(|next| next.kind.as_str());
            let lost =
                request.ended.is_none() && request.kind == "Create" && next == Some("Delete");
            if lost && !standing.set_up {
                standing.failure = Some(Failure {
                    kind: request.kind.clone(),
                    reason: LOST.to_owned(),
                    at: request.heard,
                    put_back: false,
                });
            }
            standing = standing.after(request);
        }
        standing
    }

    fn state(&self, now: Millis) -> State {
        let standing = self.standing();
        match self.last() {
            Some(last) if last.ended.is_none() => {
                if now - last.heard > STALE_AFTER {
                    State::Stale
                } else {
                    State::Running
                }
            }
            _ if standing.removed => State::Removed,
            _ => match standing.failure {
                // The customer's last change did not work, and what was before does.
                Some(failure) if !(failure.kind == "Update" && failure.put_back) => State::Failed,
                _ => State::Active,
            },
        }
    }

    /// Whether nothing of it is there any more, or nothing ever came to be.
    pub fn is_over(&self) -> bool {
        let standing = self.standing();
        standing.removed || (!standing.set_up && standing.failure.is_some())
    }
}

impl Request {
    fn hear(&mut self, report: &Report, begun: Millis, now: Millis) {
        self.begun = if self.begun == 0 { begun } else { self.begun.min(begun) };
        self.noticed = if self.noticed == 0 { now } else { self.noticed.min(now) };
        self.heard = self.heard.max(now);
        self.kind.clone_from(&report.request_type);
        self.version = std::mem::take(&mut self.version).max(report.version.clone());
        let configuration = std::mem::take(&mut self.configuration);
        self.configuration = configuration.max(report.configuration.clone());
        if let Some(step) = report.step {
            self.steps.entry(step).and_modify(|at| *at = (*at).min(now)).or_insert(now);
        }
        let failed = match report.phase {
            Phase::Started | Phase::Progress => return,
            Phase::Succeeded => false,
            Phase::Failed => true,
        };
        let (reason, outputs) = (report.reason.clone(), report.outputs.clone());
        let ended = Ended { begun, failed, reason, outputs, at: now };
        let same = |old: &Ended| Ended { at: 0, ..old.clone() } == Ended { at: 0, ..ended.clone() };
        self.ended = match self.ended.take() {
            Some(old) if same(&old) => Some(Ended { at: old.at.min(now), ..old }),
            old => old.max(Some(ended)),
        };
    }

    /// The steps in the order in which this request goes through them.
    pub fn order(&self) -> [Step; 8] {
        let mut order = Step::ALL;
        if self.kind == "Delete" {
            // The same things backwards, between a first look and the answer.
            order[1..7].reverse();
        }
        order
    }

    /// How many of the steps have begun.
    pub fn reached(&self) -> usize {
        let seen: BTreeSet<&Step> = self.steps.keys().collect();
        self.order().iter().rposition(|step| seen.contains(step)).map_or(0, |at| at + 1)
    }
}

impl Standing {
    fn after(mut self, request: &Request) -> Self {
        let Some(ended) = &request.ended else { return self };
        let failure = || Failure {
            kind: request.kind.clone(),
            reason: ended.reason.clone(),
            at: ended.at,
            put_back: false,
        };
        match (request.kind.as_str(), ended.failed) {
            ("Delete", false) => {
                let failed_to_delete = |failure: &Failure| failure.kind == "Delete";
                self.removed = self.set_up || self.failure.as_ref().is_none_or(failed_to_delete);
                self.set_up = false;
                match &mut self.failure {
                    Some(failure) if !self.removed => failure.put_back = true,
                    failure => *failure = None,
                }
                self.outputs = Vec::new();
            }
            (_, true) => {
                self.failure = Some(failure());
                self.removed = false;
            }
            ("Update", false)
                if self.failure.as_ref().is_some_and(|failure| failure.kind == "Update")
                    && self.configuration == request.configuration =>
            {
                if let Some(failure) = &mut self.failure {
                    failure.put_back = true;
                }
                self.set_up = true;
                self.outputs.clone_from(&ended.outputs);
            }
            (_, false) => {
                self = Self {
                    set_up: true,
                    failure: None,
                    outputs: ended.outputs.clone(),
                    version: request.version.clone(),
                    removed: false,
                    set_up_at: request.noticed,
                    configuration: request.configuration.clone(),
                };
            }
        }
        self
    }
}

/// Where a customer stands: where the most pressing of its regions does.
pub fn overall(states: impl Iterator<Item = State>) -> State {
    states.min().unwrap_or(State::Sent)
}

#[cfg(test)]
#[path = "onboarding_tests.rs"]
mod tests;
