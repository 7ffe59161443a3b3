//! What can go wrong with a call, and when.

use std::{collections::BTreeMap, time::Duration};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// AWS asks for patience; nothing was done.
    Throttled,
    /// AWS fails; nothing was done.
    Broken,
    /// AWS is not there; nothing was done.
    Unavailable,
    /// Nobody takes the connection.
    Refused,
    /// The connection breaks before the request has arrived.
    ResetBefore,
    /// The connection breaks when all has been done.
    ResetAfter,
    /// The request never arrives and nobody says so.
    HangBefore,
    /// All has been done, and nobody says so.
    HangAfter,
    /// The answer takes long.
    Slow,
    /// All has been done; what says so cannot be read.
    Malformed,
    /// The role may not.
    Denied,
    /// Somebody else changes the same thing just now.
    Conflict,
    /// The customer removes the thing just before.
    Gone,
    /// Somebody else changes something just before.
    Edited,
    /// Somebody writes back the document as he read it before the last change.
    WrittenBack,
    /// A read shows what was so before the last change.
    Stale,
    /// The function is killed before the request has left.
    KilledBefore,
    /// The function is killed when all has been done.
    KilledAfter,
    /// The call waits until it is let go, before anything is done.
    HeldBefore,
    /// The call waits until it is let go, when all has been done.
    HeldAfter,
}

impl Kind {
    /// Whether it makes a call wait, so that another event overtakes it.
    pub fn holds(self) -> bool {
        matches!(self, Self::HeldBefore | Self::HeldAfter)
    }
}

/// How long a slow call takes: less than what an attempt may take.
pub const SLOW: Duration = Duration::from_secs(12);

/// How often something goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Times {
    /// With one request.
    Once,
    /// With this request and as many after it of the same operation.
    More(usize),
    /// From this request on, with every one of the same operation.
    ForEver,
}

/// A request: the `nth` of an operation in a phase, counted from 1 and with the SDK's retries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    /// What CloudFormation was doing: `Create`, `Update`, `Delete`, …
    pub phase: String,
    /// The operation's name; `Answer` is the PUT to ResponseURL.
    pub operation: String,
    /// Which one.
    pub nth: usize,
}

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// From where on.
    pub site: Site,
    /// What.
    pub kind: Kind,
    /// How often.
    pub times: Times,
}

impl Fault {
    /// Whether it hits a request.
    pub fn hits(&self, at: &Site) -> bool {
        let same = self.site.phase == at.phase && self.site.operation == at.operation;
        same && match self.times {
            Times::Once => at.nth == self.site.nth,
            Times::More(more) => (self.site.nth..=self.site.nth + more).contains(&at.nth),
            Times::ForEver => at.nth >= self.site.nth,
        }
    }
}

/// How many requests there were of each operation in each phase.
#[derive(Debug, Clone, Default)]
pub struct Counts(BTreeMap<(String, String), usize>);

impl Counts {
    /// Counts one more.
    pub fn next(&mut self, phase: &str, operation: &str) -> Site {
        let count = self.0.entry((phase.to_owned(), operation.to_owned())).or_default();
        *count += 1;
        Site { phase: phase.to_owned(), operation: operation.to_owned(), nth: *count }
    }
}
