//! Two to four things go wrong, anywhere, in any order: as many schedules as there are seeds.
//!
//! `SCHEDULES=1000000` plays that many; `SEED=7` plays one alone and says what it does.

use fastrand::Rng;
use harness::model::fault::{
    Fault,
    Kind::{self, KilledAfter, KilledBefore},
    Site, Times,
};
use libtest_mimic::{Failed, Trial};

use super::{Case, Expect, sites};
use crate::worlds;

/// How many are played if nobody says otherwise.
const USUAL: u64 = 20_000;
/// How many one test plays.
const PER_TEST: u64 = 500;

/// What may go wrong.
const KINDS: [Kind; 14] = [
    Kind::Throttled,
    Kind::Broken,
    Kind::Unavailable,
    Kind::Refused,
    Kind::ResetBefore,
    Kind::ResetAfter,
    Kind::HangBefore,
    Kind::HangAfter,
    Kind::Slow,
    Kind::Malformed,
    Kind::Denied,
    Kind::Conflict,
    Kind::KilledBefore,
    Kind::KilledAfter,
];

/// The tests, each of some seeds.
pub(super) fn trials() -> Vec<Trial> {
    if let Some(seed) = number("SEED") {
        let words = format!("{:?}", schedule(seed).faults);
        return vec![Trial::test(format!("schedule {seed}: {words}"), move || {
            schedule(seed).run()
        })];
    }
    let all = number("SCHEDULES").unwrap_or(USUAL);
    let starts = (0..all).step_by(usize::try_from(PER_TEST).unwrap_or(1));
    let test = |start: u64| {
        let end = (start + PER_TEST).min(all);
        Trial::test(format!("schedules {start} to {}", end - 1), move || play(start..end))
    };
    starts.map(test).collect()
}

#[expect(clippy::disallowed_methods, reason = "an option of the tests")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn play(seeds: std::ops::Range<u64>) -> Result<(), Failed> {
    let mut failed = Vec::new();
    for seed in seeds {
        if let Err(error) = schedule(seed).run() {
            let words = error.message().unwrap_or_default();
            failed.push(format!("replay with SEED={seed}: {words}"));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n").into()) }
}

/// What a seed stands for.
fn schedule(seed: u64) -> Case {
    let mut random = Rng::with_seed(seed);
    let brief = random.u8(..6) > 0;
    let worlds = [worlds::plain, worlds::with_own_bucket, worlds::with_own_topic];
    let world = worlds[random.usize(..worlds.len())]();
    let faults = (0..random.usize(2..=4))
        .map(|_| {
            let phases: &[&str] = if brief {
                &["Create", "Rollback", "Delete"]
            } else {
                &["Create", "Rollback", "Update", "UpdateRollback", "Delete"]
            };
            let phase = phases[random.usize(..phases.len())].to_owned();
            let operation = sites::OPERATIONS[random.usize(..sites::OPERATIONS.len())].to_owned();
            let kind = KINDS[random.usize(..KINDS.len())];
            let times = match random.u8(..4) {
                0 => Times::ForEver,
                1 => Times::More(random.usize(1..4)),
                _ => Times::Once,
            };
            let site = Site { phase, operation, nth: random.usize(1..=3) };
            sites::fault(&site, kind, times)
        })
        .collect::<Vec<_>>();
    let expect = ["Create", "Rollback", "Update", "UpdateRollback", "Delete"];
    let expect = expect.into_iter().map(|phase| (phase, expected(phase, &faults))).collect();
    Case {
        group: "schedule",
        name: format!("seed {seed}"),
        faults,
        expect,
        brief,
        seed,
        ..sites::calm(&world)
    }
}

/// Somebody is answered, unless the answer itself is in trouble or the function is killed.
fn expected(phase: &str, faults: &[Fault]) -> Expect {
    let silences = |fault: &&Fault| {
        let killed = matches!(fault.kind, KilledBefore | KilledAfter);
        fault.site.phase == phase && (killed || fault.site.operation == "Answer")
    };
    if faults.iter().any(|fault| silences(&fault)) { Expect::Anything } else { Expect::Answers }
}
