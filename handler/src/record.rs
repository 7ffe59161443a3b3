//! What was before us: kept as tags on our topic, written before anything is changed, read back on
//! Update and Delete.
//!
//! A tag value takes 256 of letters, digits, space and `_.:/=+-@`, a topic 50 tags (SNS API). The
//! record is one text, cut over as many tags as it needs. Entries are separated by `@`, fields by `+`,
//! and what a field may not hold is written `=XX`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use crate::desired::LogKind;

const TAG: &str = "logs-analysis:record:";
const CHUNK: usize = 256;
/// The rest of the 50 is for ownership and for stacks that listen.
const MAX_CHUNKS: usize = 36;

/// Everything an undo needs to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The bucket we made.
    pub own_bucket: Option<String>,
    /// Every bucket whose policy or notifications we added to.
    pub buckets: BTreeSet<String>,
    /// Every place we point load balancers at: a setting that names none of these is not ours.
    pub targets: BTreeSet<Target>,
    /// What each load balancer said before us, by `app/NAME/ID` and kind of log.
    pub load_balancers: BTreeMap<(String, LogKind), Setting>,
    /// Load balancers that are selected and that we changed nothing of, as `app/NAME/ID`.
    pub left_alone: BTreeSet<String>,
    /// Other people's topics that we listen to, and whether the subscription is ours to remove.
    pub topics: BTreeMap<String, bool>,
    /// The addresses that we subscribed: other subscriptions are the customer's own.
    pub endpoints: BTreeSet<String>,
}

/// A folder in a bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The bucket's name.
    pub bucket: String,
    /// The folder; may be empty.
    pub prefix: String,
}

/// What a load balancer says of one kind of log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setting {
    /// Whether it writes.
    pub enabled: bool,
    /// Where to; may be empty while off.
    pub bucket: String,
    /// Below which folder.
    pub prefix: String,
}

impl Setting {
    /// Logging on, to a place.
    pub fn on(target: &Target) -> Self {
        Self { enabled: true, bucket: target.bucket.clone(), prefix: target.prefix.clone() }
    }

    /// The place it names.
    pub fn target(&self) -> Target {
        Target { bucket: self.bucket.clone(), prefix: self.prefix.clone() }
    }
}

impl Record {
    /// Everything that either record holds. Where both know a load balancer, the older one is right:
    /// it was written before we changed anything.
    #[must_use]
    pub fn union(&self, newer: &Self) -> Self {
        let mut all = self.clone();
        all.own_bucket = all.own_bucket.or_else(|| newer.own_bucket.clone());
        all.buckets.extend(newer.buckets.iter().cloned());
        all.targets.extend(newer.targets.iter().cloned());
        all.left_alone.extend(newer.left_alone.iter().cloned());
        all.endpoints.extend(newer.endpoints.iter().cloned());
        for (key, setting) in &newer.load_balancers {
            all.load_balancers.entry(key.clone()).or_insert_with(|| setting.clone());
        }
        for (topic, ours) in &newer.topics {
            all.topics.entry(topic.clone()).or_insert(*ours);
        }
        all
    }

    /// The tags to set, or how many load balancers are too many.
    pub fn to_tags(&self) -> Result<Vec<(String, String)>, String> {
        let text = self.encode();
        let chunks: Vec<&str> = text
            .as_bytes()
            .chunks(CHUNK - 3)
            .map(|chunk| std::str::from_utf8(chunk).unwrap_or_default())
            .collect();
        if chunks.len() > MAX_CHUNKS {
            return Err(format!(
                "{} load balancers are more than one stack can keep account of. Launch several \
                 stacks, each with a part of them, chosen by tag",
                self.paths().len()
            ));
        }
        let count = chunks.len();
        Ok(chunks
            .iter()
            .enumerate()
            .map(|(index, chunk)| (format!("{TAG}{index:02}"), format!("{count:02}:{chunk}")))
            .collect())
    }

    /// Whether a tag is a part of a record.
    pub fn is_part(key: &str) -> bool {
        key.starts_with(TAG)
    }

    /// The record in a topic's tags; `None` if there is none or a part of it is missing.
    pub fn from_tags(tags: &[(String, String)]) -> Option<Self> {
        let chunk = |index: usize| {
            let key = format!("{TAG}{index:02}");
            tags.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str())
        };
        let count: usize = chunk(0)?.get(..2)?.parse().ok()?;
        let text = (0..count).map(|index| chunk(index)?.get(3..)).collect::<Option<String>>()?;
        Self::decode(&text)
    }

    fn paths(&self) -> BTreeSet<&str> {
        let changed = self.load_balancers.keys().map(|(path, _)| path.as_str());
        changed.chain(self.left_alone.iter().map(String::as_str)).collect()
    }

    fn encode(&self) -> String {
        let mut entries = vec!["1".to_owned()];
        let mut entry = |fields: &[&str]| {
            entries.push(fields.iter().map(|field| escape(field)).collect::<Vec<_>>().join("+"));
        };
        if let Some(bucket) = &self.own_bucket {
            entry(&["o", bucket]);
        }
        for bucket in &self.buckets {
            entry(&["b", bucket]);
        }
        for Target { bucket, prefix } in &self.targets {
            entry(&["d", bucket, prefix]);
        }
        for (topic, ours) in &self.topics {
            entry(&["t", if *ours { "1" } else { "0" }, topic]);
        }
        for address in &self.endpoints {
            entry(&["e", address]);
        }
        for path in &self.left_alone {
            entry(&["k", path]);
        }
        let mut alike: BTreeMap<(&str, bool, &str, &str), String> = BTreeMap::new();
        for ((path, kind), Setting { enabled, bucket, prefix }) in &self.load_balancers {
            *alike.entry((path, *enabled, bucket, prefix)).or_default() += letter(*kind);
        }
        for ((path, enabled, bucket, prefix), kinds) in alike {
            entry(&["l", path, &kinds, if enabled { "1" } else { "0" }, bucket, prefix]);
        }
        entries.join("@")
    }

    fn decode(text: &str) -> Option<Self> {
        let mut record = Self::default();
        let mut entries = text.split('@');
        if entries.next()? != "1" {
            return None;
        }
        for entry in entries {
            let fields: Vec<String> = entry.split('+').map(unescape).collect::<Option<_>>()?;
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            record.take(&fields)?;
        }
        Some(record)
    }

    fn take(&mut self, fields: &[&str]) -> Option<()> {
        match *fields {
            ["o", bucket] => self.own_bucket = Some(bucket.to_owned()),
            ["b", bucket] => {
                self.buckets.insert(bucket.to_owned());
            }
            ["d", bucket, prefix] => {
                self.targets
                    .insert(Target { bucket: bucket.to_owned(), prefix: prefix.to_owned() });
            }
            ["e", address] => {
                self.endpoints.insert(address.to_owned());
            }
            ["k", path] => {
                self.left_alone.insert(path.to_owned());
            }
            ["t", ours, topic] => {
                self.topics.insert(topic.to_owned(), ours == "1");
            }
            ["l", path, kinds, on, bucket, prefix] => {
                let setting = Setting {
                    enabled: on == "1",
                    bucket: bucket.to_owned(),
                    prefix: prefix.to_owned(),
                };
                for kind in LogKind::ALL.into_iter().filter(|kind| kinds.contains(letter(*kind))) {
                    self.load_balancers.insert((path.to_owned(), kind), setting.clone());
                }
            }
            _ => return None,
        }
        Some(())
    }
}

fn letter(kind: LogKind) -> &'static str {
    match kind {
        LogKind::Access => "a",
        LogKind::Connection => "c",
        LogKind::HealthCheck => "h",
    }
}

fn escape(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    for byte in field.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.:/-".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "={byte:02X}");
        }
    }
    text
}

fn unescape(field: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'=' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn setting(bucket: &str, prefix: &str) -> Setting {
        Setting { enabled: false, bucket: bucket.into(), prefix: prefix.into() }
    }

    #[test]
    fn what_was_recorded_first_is_what_was_before_us() {
        let key = ("app/web/1".to_owned(), LogKind::Access);
        let mut old = Record::default();
        old.load_balancers.insert(key.clone(), setting("before", ""));
        let mut new = Record::default();
        new.load_balancers.insert(key.clone(), setting("ours", ""));
        assert_eq!(old.union(&new).load_balancers[&key], setting("before", ""));
    }

    #[test]
    fn a_missing_part_is_noticed() {
        let mut record = Record::default();
        record.buckets.extend((0..40).map(|n| format!("a-bucket-with-a-long-name-{n}")));
        let mut tags = record.to_tags().unwrap();
        assert!(tags.len() > 2);
        tags.remove(1);
        assert_eq!(Record::from_tags(&tags), None);
    }

    #[test]
    fn a_shorter_record_is_not_confused_by_what_is_left_of_a_longer_one() {
        let mut long = Record::default();
        long.buckets.extend((0..40).map(|n| format!("a-bucket-with-a-long-name-{n}")));
        let mut tags: BTreeMap<_, _> = long.to_tags().unwrap().into_iter().collect();
        let short = Record { own_bucket: Some("b".into()), ..Record::default() };
        tags.extend(short.to_tags().unwrap());
        let tags: Vec<_> = tags.into_iter().collect();
        assert_eq!(Record::from_tags(&tags), Some(short));
    }

    #[test]
    fn too_many_load_balancers_are_refused_not_cut() {
        let mut record = Record::default();
        for n in 0..400 {
            let path = format!("app/a-load-balancer-of-thirty-two-c/{n:016x}");
            record.load_balancers.insert((path, LogKind::Access), Setting::default());
        }
        assert!(record.to_tags().unwrap_err().contains("400 load balancers"));
    }

    /// A record that is so long as text.
    fn of_length(length: usize) -> Record {
        let mut record = Record { own_bucket: Some(String::new()), ..Record::default() };
        let rest = length - record.encode().len();
        record.own_bucket = Some("b".repeat(rest));
        record
    }

    #[test]
    fn a_tag_is_filled_to_the_last_character_before_the_next_is_begun() {
        let full: usize = 256 - "00:".len();
        for (length, tags) in [(full, 1), (full + 1, 2), (2 * full, 2)] {
            assert_eq!(of_length(length).to_tags().unwrap().len(), tags, "{length}");
        }
    }

    #[test]
    fn a_record_may_fill_thirty_six_tags_and_no_more() {
        let full = 36 * (256 - "00:".len());
        let record = of_length(full);
        assert_eq!(Record::from_tags(&record.to_tags().unwrap()), Some(record));
        assert!(of_length(full + 1).to_tags().is_err());
    }

    #[test]
    fn only_the_tags_of_a_record_are_parts_of_it() {
        let record = of_length(1000).to_tags().unwrap();
        assert!(record.iter().all(|(key, _)| Record::is_part(key)));
        for other in ["team", "logs-analysis:stack-id", "logs-analysis:released"] {
            assert!(!Record::is_part(other), "{other}");
        }
    }

    /// Spelt out, each character takes three: a record of many load balancers would not fit.
    #[test]
    fn what_a_tag_may_hold_stands_there_as_it_is_and_only_the_rest_is_spelt_out() {
        assert_eq!(escape("arn:aws:sns:eu-west-1:1:A_b.c/d"), "arn:aws:sns:eu-west-1:1:A_b.c/d");
        assert_eq!(escape("a+b=c@d é"), "a=2Bb=3Dc=40d=20=C3=A9");
    }

    proptest! {
        #[test]
        fn a_record_is_read_back_as_it_was_written(
            own in proptest::option::of("[a-z0-9.-]{3,63}"),
            buckets in proptest::collection::btree_set("[a-z0-9.-]{3,63}", 0..4),
            prefix in "\\PC{0,40}",
            topic in "arn:aws:sns:eu-west-1:1:[A-Za-z0-9_-]{1,40}",
            enabled: bool,
        ) {
            let mut record = Record { own_bucket: own, buckets, ..Record::default() };
            record.targets.insert(Target { bucket: "b".into(), prefix: prefix.clone() });
            record.topics.insert(topic, enabled);
            record.endpoints.insert(format!("https://intake.test/{prefix}"));
            record.left_alone.insert("net/quiet/2".into());
            for kind in LogKind::ALL {
                let setting = Setting { enabled, bucket: "x".into(), prefix: prefix.clone() };
                record.load_balancers.insert(("app/web/1".into(), kind), setting);
            }
            let tags = record.to_tags().unwrap();
            for (_, value) in &tags {
                prop_assert!(value.len() <= 256);
                prop_assert!(value.bytes().all(|b| b.is_ascii_alphanumeric() || b" _.:/=+-@".contains(&b)));
            }
            prop_assert_eq!(Record::from_tags(&tags), Some(record));
        }
    }
}
