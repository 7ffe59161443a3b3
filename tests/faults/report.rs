//! `target/reports/faults.json`: what was counted, per group of cases.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;

/// What is counted. Everything but the first two has to be zero.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Tally {
    /// How many cases there were.
    pub cases: usize,
    /// How many answers CloudFormation took.
    pub answers: usize,
    /// Events that nobody answered although somebody could have.
    pub hangs: usize,
    /// Things of ours that were left behind, and nobody was told.
    pub leaks: usize,
    /// Changes of what is not ours.
    pub foreign_changes: usize,
    /// Events that were answered in two ways.
    pub double_answers: usize,
    /// Objects that were touched.
    pub object_deletes: usize,
    /// Secrets in logs, errors or answers.
    pub secrets_found: usize,
    /// Cases with any of the above, or with another promise broken.
    pub failed: usize,
}

static TALLIES: Mutex<BTreeMap<&'static str, Tally>> = Mutex::new(BTreeMap::new());

/// Adds one case to its group.
pub(crate) fn add(group: &'static str, one: Tally) {
    let mut all = TALLIES.lock().unwrap_or_else(PoisonError::into_inner);
    let sum = all.entry(group).or_default();
    sum.cases += one.cases;
    sum.answers += one.answers;
    sum.hangs += one.hangs;
    sum.leaks += one.leaks;
    sum.foreign_changes += one.foreign_changes;
    sum.double_answers += one.double_answers;
    sum.object_deletes += one.object_deletes;
    sum.secrets_found += one.secrets_found;
    sum.failed += one.failed;
}

/// Writes the file, and a line per group.
pub(crate) fn write() {
    let all = TALLIES.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = harness::target().join("reports");
    let text = serde_json::to_string_pretty(&*all).unwrap_or_default();
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(folder.join("faults.json"), text));
    written.expect("target/reports/faults.json can be written");
    for (group, sum) in all.iter() {
        #[expect(clippy::print_stdout, reason = "whoever runs the tests wants to read it")]
        {
            println!("{group}: {} cases, {} failed", sum.cases, sum.failed);
        }
    }
}
