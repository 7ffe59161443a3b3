//! One thing goes wrong: every request of Create, Update and Delete, with every fault that it can have.

use harness::{
    model::fault::{
        Kind::{
            self, Broken, Conflict, Denied, Gone, HangAfter, HangBefore, Malformed, Refused,
            ResetAfter, ResetBefore, Slow, Stale, Throttled, Unavailable,
        },
        Site,
        Times::{self, ForEver, More, Once},
    },
    wire::is_read,
};

use super::{Case, Expect, sites};
use crate::worlds::{self, World};

/// What can go wrong with a read: in words, what it is, how often, and what a Create comes to then.
const READ: [(&str, Kind, Times, Expect); 14] = [
    ("is throttled", Throttled, Once, Expect::Succeeds),
    ("is throttled for ever", Throttled, ForEver, Expect::Fails),
    ("answers 500", Broken, Once, Expect::Succeeds),
    ("answers 503 for ever", Unavailable, ForEver, Expect::Fails),
    ("is refused a connection", Refused, Once, Expect::Succeeds),
    ("loses its connection", ResetBefore, Once, Expect::Succeeds),
    ("gets no answer", HangBefore, Once, Expect::Succeeds),
    ("gets no answer, for ever", HangBefore, ForEver, Expect::Fails),
    ("is slow", Slow, Once, Expect::Succeeds),
    ("cannot be understood", Malformed, Once, Expect::Answers),
    ("is denied until the role is known", Denied, More(2), Expect::Succeeds),
    ("is denied for ever", Denied, ForEver, Expect::Fails),
    ("finds its thing gone", Gone, Once, Expect::Answers),
    ("shows what was before, three times", Stale, More(2), Expect::Answers),
];

/// The same of a write.
const WRITE: [(&str, Kind, Times, Expect); 17] = [
    ("is throttled", Throttled, Once, Expect::Succeeds),
    ("is throttled for ever", Throttled, ForEver, Expect::Fails),
    ("answers 500", Broken, Once, Expect::Succeeds),
    ("answers 503 for ever", Unavailable, ForEver, Expect::Fails),
    ("is refused a connection", Refused, Once, Expect::Succeeds),
    ("loses its connection before it is done", ResetBefore, Once, Expect::Succeeds),
    ("loses its connection after it is done", ResetAfter, Once, Expect::Succeeds),
    ("gets no answer and is not done", HangBefore, Once, Expect::Succeeds),
    ("gets no answer and is done", HangAfter, Once, Expect::Succeeds),
    ("gets no answer, for ever", HangAfter, ForEver, Expect::Fails),
    ("is slow", Slow, Once, Expect::Succeeds),
    ("cannot be understood", Malformed, Once, Expect::Answers),
    ("is denied until the role is known", Denied, More(2), Expect::Succeeds),
    ("is denied for ever", Denied, ForEver, Expect::Fails),
    ("meets another change", Conflict, Once, Expect::Succeeds),
    ("meets other changes for ever", Conflict, ForEver, Expect::Fails),
    ("finds its thing gone", Gone, Once, Expect::Answers),
];

/// The same of the answer to CloudFormation.
const ANSWER: [(&str, Kind, Times, Expect); 13] = [
    ("is throttled", Throttled, Once, Expect::Succeeds),
    ("answers 500", Broken, Once, Expect::Succeeds),
    ("answers 503 four times", Unavailable, More(3), Expect::Succeeds),
    ("answers 503 for ever", Unavailable, ForEver, Expect::Nothing),
    ("is refused a connection", Refused, Once, Expect::Succeeds),
    ("is refused a connection for ever", Refused, ForEver, Expect::Nothing),
    ("loses its connection before it is taken", ResetBefore, Once, Expect::Succeeds),
    ("loses its connection after it is taken", ResetAfter, Once, Expect::Succeeds),
    ("gets no answer and is not taken", HangBefore, Once, Expect::Succeeds),
    ("gets no answer and is taken", HangAfter, Once, Expect::Succeeds),
    ("gets no answer, for ever", HangBefore, ForEver, Expect::Nothing),
    ("is denied for ever", Denied, ForEver, Expect::Nothing),
    ("finds the bucket gone", Gone, ForEver, Expect::Nothing),
];

pub(super) fn cases() -> Vec<Case> {
    let worlds = [
        ("", worlds::plain()),
        ("in the customer's bucket, ", worlds::with_own_bucket()),
        ("with the customer's topic, ", worlds::with_own_topic()),
    ];
    let mut all = Vec::new();
    for (place, world) in &worlds {
        all.push(Case { name: format!("{place}all goes well"), ..sites::calm(world) });
        for phase in ["Create", "Update", "Delete"] {
            for site in sites::of(world, phase) {
                all.extend(at(place, world, phase, &site));
            }
        }
    }
    all
}

fn at(place: &str, world: &World, phase: &'static str, site: &Site) -> Vec<Case> {
    let kinds: &[_] = match site.operation.as_str() {
        "Answer" => &ANSWER,
        read if is_read(read) => &READ,
        _ => &WRITE,
    };
    let case = |(words, kind, times, expect): &(&str, Kind, Times, Expect)| {
        let Site { operation, nth, .. } = site;
        Case {
            group: phase,
            name: format!("{place}{operation} {nth} of {phase} {words}"),
            faults: vec![sites::fault(site, *kind, *times)],
            expect: vec![(phase, expectation(site, *kind, *expect))],
            ..sites::calm(world)
        }
    };
    kinds.iter().map(case).collect()
}

/// Some failures are no reason to fail.
fn expectation(site: &Site, kind: Kind, expect: Expect) -> Expect {
    // A Delete says SUCCESS with what it had to leave, or FAILED while data still flows; a role that is
    // denied then is no new one.
    let leaving = site.phase == "Delete" && (expect == Expect::Fails || kind == Denied);
    // Whether a Delete ran beside us is asked at the end; an unsure answer to that is no proof.
    let last_look = site.operation == "ListTagsForResource" && site.nth > 1;
    // A bucket that is left and that we may not look at any more is left to Delete.
    let left = site.phase == "Update" && site.operation == "HeadBucket" && kind == Denied;
    let optional = leaving || last_look || left;
    if optional && expect != Expect::Nothing { Expect::Answers } else { expect }
}
