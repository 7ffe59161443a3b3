//! What can go wrong while the handler works, case by case: AWS fails, hangs, lies or is slow, the
//! function is killed, CloudFormation sends twice or takes back, the customer changes the same things.
//!
//! Every case is a test with a name that says what happens, so that one can be run alone:
//! `cargo test -p tests --test faults -- 'CreateTopic 1 is throttled'`. A story is played by
//! [`cloudformation`] on the model of AWS, in virtual time; [`invariants`] are checked after every
//! change. [`report`] writes `target/reports/faults.json`.

#![expect(
    clippy::expect_used,
    reason = "what a case cannot do without has to stop it; clippy knows that of tests only"
)]

mod cases;
mod clients;
mod cloudformation;
mod invariants;
mod log;
mod report;
mod worlds;

use libtest_mimic::Arguments;
use mimalloc::MiMalloc;

/// What the cases allocate is small, and there are a hundred million of it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() {
    let arguments = Arguments::from_args();
    log::start();
    let conclusion = libtest_mimic::run(&arguments, cases::all());
    if !arguments.list {
        report::write();
    }
    conclusion.exit();
}
