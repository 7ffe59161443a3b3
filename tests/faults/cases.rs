//! All cases, as data; and how one is played.

mod contract;
mod crashes;
mod edits;
mod life;
mod races;
mod schedules;
mod single_faults;
mod sites;
mod starting_states;

use std::sync::PoisonError;

use futures_util::future::LocalBoxFuture;
use harness::model::{
    account::Account,
    fault::{Fault, Kind},
};
use libtest_mimic::{Failed, Trial};
use tokio::runtime;

use crate::{
    clients::CANARIES,
    cloudformation::Stage,
    report::{self, Tally},
    worlds::World,
};

/// What an event must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// SUCCESS.
    Succeeds,
    /// FAILED, with a reason.
    Fails,
    /// FAILED before the first change.
    Refuses,
    /// One of the two.
    Answers,
    /// Whatever it likes: too much goes wrong to say.
    Anything,
    /// Nothing: the answer itself cannot arrive.
    Nothing,
}

/// What CloudFormation plays.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Story {
    /// Create, the same Create again, Update, Delete.
    Life,
    /// The function is killed and nobody tries again: CloudFormation takes back what was begun.
    NoRetry,
    /// Create arrives twice at once, then Delete.
    Twice,
    /// Create is overtaken by a Delete under an id that CloudFormation invented.
    Overtaken,
    /// One of its own.
    Told(for<'a> fn(&'a Case, &'a Stage) -> LocalBoxFuture<'a, ()>),
}

/// One case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// What it is counted under.
    pub group: &'static str,
    /// What happens.
    pub name: String,
    /// What is there before.
    pub world: World,
    /// What CloudFormation plays.
    pub story: Story,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// What the customer does where the faults say so.
    pub edit: Option<fn(&mut Account)>,
    /// What a phase must come to; SUCCESS, unless said otherwise.
    pub expect: Vec<(&'static str, Expect)>,
    /// Without the second Create and without the Update.
    pub brief: bool,
    /// How long each call takes.
    pub seed: u64,
}

impl Case {
    /// What a phase must come to.
    pub(crate) fn expected(&self, phase: &str) -> Expect {
        let said = self.expect.iter().find(|(name, _)| *name == phase);
        said.map_or(Expect::Succeeds, |(_, expect)| *expect)
    }

    fn trial(self) -> Trial {
        let name = format!("{} · {}", self.group, self.name);
        Trial::test(name, move || self.run())
    }

    pub(crate) fn run(&self) -> Result<(), Failed> {
        let stage = self.play();
        let (tally, words) = self.judge(&stage);
        report::add(self.group, tally);
        if words.is_empty() { Ok(()) } else { Err(words.join("\n").into()) }
    }

    /// Plays it to its end, in virtual time.
    pub(crate) fn play(&self) -> Stage {
        fastrand::seed(self.seed);
        let stage = Stage::new(&self.world, self.seed);
        stage.aws.state().faults.clone_from(&self.faults);
        stage.aws.state().edit = self.edit;
        stage.log.listen();
        let runtime = runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            match self.story {
                Story::Life => life::play(self, &stage).await,
                Story::NoRetry => crashes::play(self, &stage).await,
                Story::Twice => races::play_twice(self, &stage).await,
                Story::Told(told) => told(self, &stage).await,
                Story::Overtaken => races::play_overtaken(self, &stage).await,
            }
        });
        stage
    }

    /// Whether an answer is taken and the function never hears of it: then Lambda delivers the event
    /// again, what was so may have changed, and CloudFormation keeps to the first answer.
    fn receipt_is_lost(&self) -> bool {
        self.faults.iter().any(|fault| {
            let after =
                matches!(fault.kind, Kind::ResetAfter | Kind::HangAfter | Kind::KilledAfter);
            fault.site.operation == "Answer" && after
        })
    }

    fn judge(&self, stage: &Stage) -> (Tally, Vec<String>) {
        let all = stage.aws.state();
        let found = stage.findings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut problems = stage.problems().clone();
        problems.other.extend(all.violations.clone());
        problems.other.extend(found.other);
        if self.receipt_is_lost() {
            problems.double_answers.clear();
        }
        let answers: String =
            all.answers.iter().map(|taken| String::from_utf8_lossy(&taken.body)).collect();
        let said = stage.log.text() + &answers;
        let seen = CANARIES.iter().filter(|canary| said.contains(*canary));
        problems.secrets.extend(seen.map(|canary| format!("{canary} can be read")));
        let tally = Tally {
            cases: 1,
            answers: all.answers.len(),
            hangs: problems.hangs.len(),
            leaks: problems.leaks.len(),
            foreign_changes: found.foreign.len(),
            double_answers: problems.double_answers.len(),
            object_deletes: found.objects.len(),
            secrets_found: problems.secrets.len(),
            failed: 0,
        };
        let words = [
            problems.hangs,
            problems.leaks,
            found.foreign,
            problems.double_answers,
            found.objects,
            problems.secrets,
            problems.other,
        ]
        .concat();
        (Tally { failed: usize::from(!words.is_empty()), ..tally }, words)
    }
}

/// Every case there is.
pub(crate) fn all() -> Vec<Trial> {
    let tables = [
        single_faults::cases(),
        crashes::cases(),
        races::cases(),
        edits::cases(),
        starting_states::cases(),
        contract::cases(),
    ];
    let mut all: Vec<Trial> = tables.into_iter().flatten().map(Case::trial).collect();
    all.push(sites::trial());
    all.extend(schedules::trials());
    all
}
