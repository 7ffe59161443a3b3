//! The model's state, and how a request goes through it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

use super::{
    account::Account,
    elb,
    fault::{Counts, Fault, Kind, Site},
    reply::Reply,
    request::Request,
    s3, sns,
};
use crate::{
    checks,
    iam::Policy,
    wire::{Call, is_read},
};

/// How long after a change a read may still show what was before.
const SHOWN_AFTER: Duration = Duration::from_secs(5);

/// How AWS behaves in one account.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// 12 digits.
    pub account: String,
    /// Where everything is.
    pub region: String,
    /// What the handler may do; everything, if there is none.
    pub role: Option<Policy>,
    /// For how long after the start the role is not known yet.
    pub role_known_after: Duration,
    /// For how long Elastic Load Balancing does not see a bucket policy that was just written.
    pub policy_shows_after: Duration,
    /// Elastic Load Balancing refuses an empty bucket name even with logging off.
    pub refuses_empty_bucket: bool,
    /// New buckets are not blocked for the public.
    pub public_buckets: bool,
    /// The vendor confirms a subscription at once.
    pub vendor_confirms: bool,
    /// How long each call takes on its way; some time of chance, if it is not set.
    pub latency: Option<Duration>,
    /// Buckets whose policy does not show yet.
    pub hidden: BTreeSet<String>,
}

impl Rules {
    /// Whether the policy of a bucket is known everywhere by now.
    pub(super) fn shows(&self, bucket: &str) -> bool {
        !self.hidden.contains(bucket)
    }
}

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What CloudFormation was doing.
    pub phase: Arc<str>,
    /// In which invocation of the function.
    pub invocation: usize,
    /// The operation's name; `Answer` is the PUT to ResponseURL.
    pub operation: String,
    /// What it was about.
    pub about: String,
    /// IAM's names for it.
    pub actions: Vec<&'static str>,
    /// The HTTP status; 0 while there is none.
    pub status: u16,
    /// When it left.
    pub begun: Instant,
}

/// An answer that was PUT to a ResponseURL and taken.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Where it went.
    pub url: String,
    /// By which invocation.
    pub invocation: usize,
    /// What it says.
    pub body: Vec<u8>,
    /// When it was taken.
    pub at: Instant,
    /// The content type that it came with, which it must not.
    pub content_type: String,
    /// Whether the function was told that it was taken.
    pub received: bool,
}

/// Told of every change, while it is so.
pub type Watch = Box<dyn FnMut(&State, &Seen) + Send>;

/// What the model keeps.
#[derive(Default)]
pub struct State {
    /// The account as it is.
    pub account: Account,
    /// The account as it would be without us: what the customer does is done to both.
    pub baseline: Account,
    /// What the customer removed himself.
    pub removed: BTreeSet<String>,
    /// How AWS behaves.
    pub rules: Rules,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// What the customer does where the faults say so.
    pub edit: Option<fn(&mut Account)>,
    /// Every request so far.
    pub calls: Vec<Seen>,
    /// Every answer that was taken.
    pub answers: Vec<Taken>,
    /// What the handler did that it must not do.
    pub violations: Vec<String>,
    invocations: usize,
    pub(super) counts: Counts,
    pub(super) random: Option<fastrand::Rng>,
    before: BTreeMap<String, (Account, Instant)>,
    policy_changed: BTreeMap<String, Instant>,
    started: Option<Instant>,
    watch: Option<Watch>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("calls", &self.calls.len()).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    gates: Mutex<BTreeMap<String, Arc<Gate>>>,
}

/// Where a call waits.
#[derive(Debug, Default)]
pub(super) struct Gate {
    pub(super) reached: Notify,
    pub(super) released: Notify,
}

/// AWS as one invocation of the function sees it. Clones share the account.
#[derive(Debug, Clone)]
pub struct Aws {
    pub(super) shared: Arc<Shared>,
    pub(super) phase: Arc<str>,
    pub(super) invocation: usize,
    pub(super) killed: Arc<Notify>,
}

impl Aws {
    /// An account as it is found, with the weather of a day; `seed` says how long each call takes.
    pub fn new(account: Account, rules: Rules, seed: u64) -> Self {
        let state = State {
            baseline: account.clone(),
            account,
            rules,
            random: Some(fastrand::Rng::with_seed(seed)),
            ..State::default()
        };
        let shared = Shared { state: Mutex::new(state), ..Shared::default() };
        Self {
            shared: Arc::new(shared),
            phase: Arc::from(""),
            invocation: 0,
            killed: Arc::default(),
        }
    }

    /// The same AWS for another invocation.
    #[must_use]
    pub fn during(&self, phase: &str) -> Self {
        let invocation = {
            let mut state = self.state();
            state.invocations += 1;
            state.invocations
        };
        let shared = Arc::clone(&self.shared);
        Self { shared, phase: Arc::from(phase), invocation, killed: Arc::default() }
    }

    /// Which invocation this is.
    pub fn invocation(&self) -> usize {
        self.invocation
    }

    /// What is kept.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on told of every request that was carried out.
    pub fn watch(&self, watch: Watch) {
        self.state().watch = Some(watch);
    }

    /// The customer does something himself.
    pub fn customer(&self, edit: impl Fn(&mut Account)) {
        let mut state = self.state();
        edit(&mut state.account);
        edit(&mut state.baseline);
    }

    /// Waits until a call of a phase is held.
    pub async fn reached(&self, phase: &str) {
        self.gate(phase).reached.notified().await;
    }

    /// Lets the held call of a phase go on.
    pub fn release(&self, phase: &str) {
        self.gate(phase).released.notify_one();
    }

    pub(super) fn gate(&self, phase: &str) -> Arc<Gate> {
        let mut gates = self.shared.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(phase.to_owned()).or_default())
    }

    /// Waits until the function is to be killed.
    pub async fn killed(&self) {
        self.killed.notified().await;
    }

    pub(super) async fn travel(&self) {
        let chance = |random: &mut fastrand::Rng| random.u64(3..30);
        let ms = self.state().random.as_mut().map_or(10, chance);
        let time = self.state().rules.latency.map_or(Duration::from_millis(ms), |whole| whole / 2);
        if !time.is_zero() {
            sleep(time).await;
        }
    }

    /// Takes note of a request; its number, and what goes wrong with it.
    pub(super) fn arrive(&self, request: &Request) -> (usize, Option<Kind>) {
        let mut state = self.state();
        let owner = request.header("x-amz-expected-bucket-owner");
        let wrong = checks::offences(&request.call, owner, &state.rules.account);
        state.violations.extend(wrong);
        let (site, fault) = state.fault(&self.phase, &request.call.operation);
        state.calls.push(Seen {
            phase: Arc::clone(&self.phase),
            invocation: self.invocation,
            operation: site.operation,
            about: request.about(),
            actions: request.call.actions.clone(),
            status: 0,
            begun: Instant::now(),
        });
        (state.calls.len() - 1, fault)
    }

    /// Carries a request out, and tells who watches.
    pub(super) fn perform(&self, number: usize, request: &Request, stale: bool) -> Reply {
        let mut all = self.state();
        let reply = all.answer(request, stale);
        all.finish(number, reply.status);
        reply
    }

    /// Takes note of a request that is not AWS's API; what goes wrong with it.
    pub(super) fn leave(&self, operation: &str, about: &str) -> Option<Kind> {
        let mut state = self.state();
        let (site, fault) = state.fault(&self.phase, operation);
        state.calls.push(Seen {
            phase: Arc::clone(&self.phase),
            invocation: self.invocation,
            operation: site.operation,
            about: about.to_owned(),
            actions: Vec::new(),
            status: 0,
            begun: Instant::now(),
        });
        fault
    }

    pub(super) fn failed(&self, number: usize, status: u16) {
        self.state().finish(number, status);
    }

    /// The customer removes what a request is about.
    pub(super) fn remove(&self, request: &Request) {
        let about = request.about();
        self.customer(|account| {
            account.buckets.remove(&about);
            account.topics.remove(&about);
            account.load_balancers.remove(&about);
        });
        self.state().removed.insert(about);
    }

    /// Somebody read the same document before our last change, and writes it now.
    pub(super) fn write_back(&self, request: &Request) {
        let mut state = self.state();
        let about = request.about();
        let before = state.before.get(&about).and_then(|(before, _)| before.buckets.get(&about));
        let Some(before) = before.cloned() else { return };
        if let Some(bucket) = state.account.buckets.get_mut(&about) {
            if request.call.operation.ends_with("BucketPolicy") {
                bucket.policy = before.policy;
            } else {
                bucket.notifications = before.notifications;
            }
        }
    }

    pub(super) fn edit(&self) {
        let edit = self.state().edit;
        if let Some(edit) = edit {
            self.customer(edit);
        }
    }
}

impl State {
    fn fault(&mut self, phase: &str, operation: &str) -> (Site, Option<Kind>) {
        let site = self.counts.next(phase, operation);
        let kind = self.faults.iter().find(|fault| fault.hits(&site)).map(|fault| fault.kind);
        (site, kind)
    }

    fn answer(&mut self, request: &Request, stale: bool) -> Reply {
        let started = *self.started.get_or_insert_with(Instant::now);
        if started.elapsed() < self.rules.role_known_after {
            return denied(&request.call, &self.rules.account, "any action yet");
        }
        let role = self.rules.role.as_ref();
        if let Some(action) = role.and_then(|role| role.denies(&request.call, &self.rules.account))
        {
            self.violations.push(format!("the role does not allow {action}"));
            return denied(&request.call, &self.rules.account, action);
        }
        let about = request.about();
        self.rules.hidden = self.not_shown_yet();
        let shows = |(_, since): &&(Account, Instant)| stale && since.elapsed() < SHOWN_AFTER;
        if let Some((before, _)) = self.before.get(&about).filter(shows) {
            return respond(&mut before.clone(), &self.rules, request);
        }
        let before = self.must_remember(&request.call.operation).then(|| self.account.clone());
        let reply = respond(&mut self.account, &self.rules, request);
        if let Some(before) = before.filter(|before| *before != self.account) {
            if request.call.operation.ends_with("BucketPolicy") {
                self.policy_changed.insert(about.clone(), Instant::now());
            }
            self.before.insert(about, (before, Instant::now()));
        }
        reply
    }

    /// Whether anything here asks how the account was before a call.
    fn must_remember(&self, operation: &str) -> bool {
        let late = operation.ends_with("BucketPolicy") && !self.rules.policy_shows_after.is_zero();
        let looks_back = |fault: &Fault| matches!(fault.kind, Kind::Stale | Kind::WrittenBack);
        !is_read(operation) && (late || self.faults.iter().any(looks_back))
    }

    fn not_shown_yet(&self) -> BTreeSet<String> {
        let hidden = |since: &Instant| since.elapsed() < self.rules.policy_shows_after;
        let all = self.policy_changed.iter();
        all.filter(|(_, since)| hidden(since)).map(|(bucket, _)| bucket.clone()).collect()
    }

    fn finish(&mut self, number: usize, status: u16) {
        let Some(seen) = self.calls.get_mut(number) else { return };
        seen.status = status;
        let seen = seen.clone();
        if let Some(mut watch) = self.watch.take() {
            watch(self, &seen);
            self.watch = Some(watch);
        }
    }
}

fn respond(account: &mut Account, rules: &Rules, request: &Request) -> Reply {
    match request.call.service.as_str() {
        "s3" => s3::answer(account, rules, request),
        "sns" => sns::answer(account, rules, &request.call),
        _ => elb::answer(account, rules, &request.call),
    }
}

pub(super) fn denied(call: &Call, account: &str, action: &str) -> Reply {
    let code = if call.service == "sns" { "AuthorizationError" } else { "AccessDenied" };
    let words = format!("arn:aws:sts::{account}:assumed-role/handler is not authorized: {action}");
    if call.operation == "HeadBucket" {
        return Reply { status: 403, ..Reply::default() };
    }
    Reply::error(&call.service, 403, code, &words)
}
