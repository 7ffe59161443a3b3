//! What is known of a stack's logs: whether the vendor hears of them, and has read one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::State;
use crate::clock::{DAY, MINUTE, Millis};

/// The last log of a load balancer is noted no finer than this: busy ones write many at once.
const FINENESS: Millis = MINUTE;
/// A log is read again after so long, to see that the vendor still may.
const READ_AGAIN: Millis = DAY;
/// What a list in the stack's outputs has room for; a longer one was cut.
const WHOLE: usize = 3500;

/// The logs of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Logs {
    /// When the vendor confirmed the subscription; 0 if he did not.
    pub confirmed_at: Millis,
    /// When the subscription ended; 0 if it stands.
    pub lost_at: Millis,
    /// Why it could not be confirmed, in words; empty if it could.
    pub not_confirmed: String,
    /// Whether no load balancer at all was heard of for too long.
    pub silent: bool,
    /// What is known of each load balancer, as `app/NAME/ID`.
    pub sources: BTreeMap<String, Source>,
}

/// The logs of a load balancer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Source {
    /// When the first one was read; 0 if none was.
    pub first_at: Millis,
    /// Its key.
    pub first_key: String,
    /// When one was last read, to see that it still can be.
    pub read_at: Millis,
    /// The buckets that one was read in since: each has to be proved to be the customer's.
    pub buckets: BTreeSet<String>,
    /// When the last one was written.
    pub last_at: Millis,
    /// Its key.
    pub last_key: String,
    /// Whether none came for too long.
    pub silent: bool,
    /// Why the last one that was tried could not be read.
    pub trouble: Option<Trouble>,
}

/// Why a log could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trouble {
    /// What kind of trouble.
    pub kind: TroubleKind,
    /// The object, and what AWS said.
    pub said: String,
    /// When.
    pub at: Millis,
}

/// What kind of trouble it is to read a log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TroubleKind {
    /// The bucket does not let the vendor read, or is another account's.
    #[default]
    Denied,
    /// It is encrypted with a key that the vendor may not use.
    Encrypted,
    /// It is not there any more.
    Gone,
    /// It is no log of this load balancer.
    NotALog,
    /// The vendor's own side failed.
    Ours,
}

impl TroubleKind {
    /// What support finds it by.
    pub fn code(self) -> &'static str {
        match self {
            Self::Denied => "log-denied",
            Self::Encrypted => "log-encrypted",
            Self::Gone => "log-gone",
            Self::NotALog => "not-a-log",
            Self::Ours => "log-not-read",
        }
    }
}

/// Something that happened to logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The vendor confirmed the subscription.
    Confirmed,
    /// He could not; why, in words.
    NotConfirmed(String),
    /// The subscription ended.
    Lost,
    /// A log of a load balancer was read: of which, in which bucket, and its key.
    Read(String, String, String),
    /// One of a load balancer that was read before was written: which one.
    Written(String, String),
    /// One could not be read.
    Unreadable(String, Trouble),
    /// Nothing that was written before this moment counts as heard.
    QuietSince(Millis),
}

impl Source {
    /// Whether what is known of its logs still holds.
    fn is_proved(&self, now: Millis) -> bool {
        self.first_at != 0 && self.trouble.is_none() && now - self.read_at <= READ_AGAIN
    }

    /// Whether a log in this bucket has to be read before it counts.
    pub fn needs_proof(&self, bucket: &str, now: Millis) -> bool {
        !self.is_proved(now) || !self.buckets.contains(bucket)
    }
}

impl Logs {
    /// What comes of it. `set_up_at` is since when something could have come.
    pub fn hear(&mut self, heard: &Heard, now: Millis, set_up_at: Millis) {
        match heard {
            Heard::Confirmed => {
                self.confirmed_at = if self.confirmed_at == 0 { now } else { self.confirmed_at };
                self.lost_at = 0;
                self.not_confirmed.clear();
            }
            Heard::NotConfirmed(why) => self.not_confirmed.clone_from(why),
            Heard::Lost => self.lost_at = now,
            Heard::Read(load_balancer, bucket, key) => {
                let source = self.sources.entry(load_balancer.clone()).or_default();
                if !source.is_proved(now) {
                    source.buckets.clear();
                }
                source.buckets.insert(bucket.clone());
                if source.first_at == 0 {
                    (source.first_at, source.first_key) = (now, key.clone());
                }
                (source.read_at, source.trouble) = (now, None);
                self.written(load_balancer, key, now);
            }
            Heard::Written(load_balancer, key) => self.written(load_balancer, key, now),
            Heard::Unreadable(load_balancer, trouble) => {
                let source = self.sources.entry(load_balancer.clone()).or_default();
                source.trouble = Some(trouble.clone());
            }
            Heard::QuietSince(since) => {
                for source in self.sources.values_mut().filter(|source| source.first_at != 0) {
                    source.silent = source.last_at < *since;
                }
                let any = self.sources.values().any(|source| source.first_at != 0);
                self.silent = !any && set_up_at != 0 && set_up_at < *since;
            }
        }
    }

    fn written(&mut self, load_balancer: &str, key: &str, now: Millis) {
        self.silent = false;
        // Whoever sends has a subscription.
        self.lost_at = 0;
        let Some(source) = self.sources.get_mut(load_balancer) else { return };
        source.silent = false;
        if now - source.last_at >= FINENESS {
            (source.last_at, source.last_key) = (now, key.to_owned());
        }
    }

    /// Where a stack that is set up stands, by its logs. `asked` are the load balancers that it is for;
    /// `None` if that is not known in full.
    pub fn state(&self, asked: Option<&[String]>) -> State {
        let counts = |name: &String| asked.is_none_or(|asked| asked.contains(name));
        let sources = || self.sources.iter().filter(|(name, _)| counts(name)).map(|(_, one)| one);
        if sources().any(|source| source.trouble.is_some()) {
            State::Unreadable
        } else if self.lost_at != 0 || self.silent || sources().any(|source| source.silent) {
            State::Silent
        } else if sources().any(|source| source.first_at != 0) {
            State::Active
        } else {
            State::Waiting
        }
    }
}

/// One value of a stack's outputs.
pub fn output<'a>(outputs: &'a [(String, String)], name: &str) -> &'a str {
    outputs.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value)
}

/// Whether a list in a stack's outputs has an entry.
pub fn names(outputs: &[(String, String)], name: &str, entry: &str) -> bool {
    output(outputs, name).split(", ").any(|one| one == entry)
}

/// The load balancers in a stack's outputs that are there, as `app/NAME/ID`; `None` if the list was
/// cut, or is of a release that did not write one.
pub fn load_balancers(outputs: &[(String, String)]) -> Option<Vec<String>> {
    let list = output(outputs, "LoadBalancers");
    if list.is_empty() || list.len() > WHOLE || list.contains('…') {
        return None;
    }
    let entry = |entry: &str| {
        let (name, what) = entry.split_once(": ")?;
        (!what.starts_with("does not exist")).then(|| name.to_owned())
    };
    Some(list.split(", ").filter_map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read_once_in_each_bucket_and_once_a_day() {
        let web = "app/web/50dc6c495c0c9188".to_owned();
        let mut logs = Logs::default();
        let read = |logs: &mut Logs, bucket: &str, now| {
            logs.hear(&Heard::Read(web.clone(), bucket.to_owned(), "key".to_owned()), now, 1);
        };
        let needed = |logs: &Logs, now| {
            ["one", "two"].map(|bucket| logs.sources[&web].needs_proof(bucket, now))
        };
        read(&mut logs, "one", 10);
        assert_eq!(needed(&logs, 10), [false, true]);
        read(&mut logs, "two", 20);
        assert_eq!(needed(&logs, 20), [false, false]);
        let tomorrow = 21 + DAY;
        assert_eq!(needed(&logs, tomorrow), [true, true]);
        read(&mut logs, "one", tomorrow);
        assert_eq!(needed(&logs, tomorrow), [false, true]);
        logs.hear(&Heard::Unreadable(web.clone(), Trouble::default()), tomorrow, 1);
        assert_eq!(needed(&logs, tomorrow), [true, true]);
    }
}
