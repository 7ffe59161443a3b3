//! Bucket notifications: our rule, what it would collide with, and how to add and remove it without
//! touching a rule that is not ours.
//!
//! S3 refuses two rules of one bucket that share an event type and could match the same key (S3 user
//! guide, "Configuring event notifications using object key name filtering").

use std::collections::BTreeSet;

use crate::{arn::Home, identity::Identity, policy::log_folder};

/// All notifications of a bucket, loss-free, so that what is written back is what was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notifications {
    /// In the order in which S3 gave them.
    pub rules: Vec<Rule>,
    /// Leaving this out of a write would switch it off.
    pub event_bridge: bool,
}

/// Where a rule sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// An SNS topic.
    Topic,
    /// An SQS queue.
    Queue,
    /// A Lambda function.
    Function,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Unique in the bucket; S3 makes one up where none was given.
    pub id: Option<String>,
    /// To what kind of thing.
    pub destination: Destination,
    /// To which one.
    pub arn: String,
    /// `s3:ObjectCreated:*` and the like.
    pub events: Vec<String>,
    /// Key filter rules as they were given, `prefix`/`suffix` and value; `None` is no filter at all.
    pub filter: Option<Vec<(String, String)>>,
}

/// A change of the rules that are ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotificationEdit {
    /// To be there, whatever was there under the same id.
    pub put: Vec<Rule>,
    /// Ids to be gone.
    pub remove: BTreeSet<String>,
}

/// What stands in the way of our rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clash {
    /// This rule already tells a topic of everything that ours would: listen to that topic.
    Listen(String),
    /// This rule cannot be joined; the words say why, and the ways out.
    Refuse(String),
}

/// The rule that tells our topic of every log below a prefix. Test objects do not end in `.log.gz`.
pub fn rule(id: &Identity, prefix: &str) -> Rule {
    Rule {
        id: Some(id.rule_id(prefix)),
        destination: Destination::Topic,
        arn: id.topic_arn(),
        events: vec!["s3:ObjectCreated:*".to_owned()],
        filter: Some(vec![
            ("prefix".to_owned(), log_keys(prefix, &id.home)),
            ("suffix".to_owned(), ".log.gz".to_owned()),
        ]),
    }
}

/// `[prefix/]AWSLogs/<account>/elasticloadbalancing/<region>/`, where the logs of this region go.
pub fn log_keys(prefix: &str, home: &Home) -> String {
    format!("{}/elasticloadbalancing/{}/", log_folder(prefix, home), home.region)
}

impl Rule {
    fn part(&self, name: &str) -> &str {
        let parts = self.filter.as_deref().unwrap_or_default();
        parts
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value.as_str())
    }

    /// Whether S3 would refuse both rules on one bucket.
    pub fn overlaps(&self, other: &Self) -> bool {
        let share_events = self
            .events
            .iter()
            .any(|mine| other.events.iter().any(|theirs| events_meet(mine, theirs)));
        let (a, b) = (self.part("prefix"), other.part("prefix"));
        let (x, y) = (self.part("suffix"), other.part("suffix"));
        share_events && (a.starts_with(b) || b.starts_with(a)) && (x.ends_with(y) || y.ends_with(x))
    }

    /// Whether this rule tells of everything that the other would.
    fn covers(&self, other: &Self) -> bool {
        let every_way = ["s3:ObjectCreated:Put", "s3:ObjectCreated:CompleteMultipartUpload"];
        let all_events = self.events.iter().any(|event| event == "s3:ObjectCreated:*")
            || every_way.iter().all(|way| self.events.iter().any(|event| event == way));
        all_events
            && other.part("prefix").starts_with(self.part("prefix"))
            && other.part("suffix").ends_with(self.part("suffix"))
    }

    /// The rule's name for a person.
    fn label(&self) -> &str {
        self.id.as_deref().unwrap_or("(without a name)")
    }
}

/// `s3:ObjectCreated:*` meets `s3:ObjectCreated:Put`.
fn events_meet(a: &str, b: &str) -> bool {
    let within = |wide: &str, narrow: &str| {
        wide.strip_suffix('*').is_some_and(|start| narrow.starts_with(start))
    };
    a == b || within(a, b) || within(b, a)
}

/// What the rules that are not ours mean for one of ours; `None` if nothing is in the way.
pub fn clash(id: &Identity, bucket: &str, there: &Notifications, wanted: &Rule) -> Option<Clash> {
    let foreign = there.rules.iter().filter(|rule| !is_own(id, rule));
    let clashing: Vec<&Rule> = foreign.filter(|rule| rule.overlaps(wanted)).collect();
    let first = clashing.first()?;
    let joinable =
        clashing.iter().find(|rule| rule.destination == Destination::Topic && rule.covers(wanted));
    Some(match joinable {
        Some(rule) if is_at_home(&rule.arn, &id.home) => Clash::Listen(rule.arn.clone()),
        Some(rule) => Clash::Refuse(refusal(
            bucket,
            rule,
            "sends to a topic of another account or region, which this stack may not subscribe to",
        )),
        None if first.destination == Destination::Topic => Clash::Refuse(refusal(
            bucket,
            first,
            "tells its topic of only a part of the load balancer logs",
        )),
        None => Clash::Refuse(refusal(bucket, first, "already takes the same events")),
    })
}

fn refusal(bucket: &str, rule: &Rule, why: &str) -> String {
    let what = match rule.destination {
        Destination::Topic => "topic",
        Destination::Queue => "queue",
        Destination::Function => "Lambda function",
    };
    format!(
        "Bucket {bucket} has the event notification '{}' ({} below '{}', to {what} {}), which {why}; \
         S3 allows only one. Ways out: send that notification to an SNS topic of \
         this account and region for s3:ObjectCreated:* below a prefix that covers the logs, and this \
         stack will listen to that topic; or narrow its prefix so that it leaves out \
         AWSLogs/…/elasticloadbalancing/; or choose another bucket",
        rule.label(),
        rule.events.join(" "),
        rule.part("prefix"),
        rule.arn,
    )
}

fn is_at_home(topic: &str, home: &Home) -> bool {
    let Home { partition, region, account } = home;
    topic.starts_with(&format!("arn:{partition}:sns:{region}:{account}:"))
}

/// A foreign rule may carry an id like ours; only one that sends to our topic is ours.
pub fn is_own(id: &Identity, rule: &Rule) -> bool {
    rule.arn == id.topic_arn() && rule.id.as_deref().is_some_and(|name| id.owns_rule(name))
}

/// The ids of the rules that are this stack's.
pub fn own_ids(id: &Identity, there: &Notifications) -> BTreeSet<String> {
    there.rules.iter().filter(|rule| is_own(id, rule)).filter_map(|rule| rule.id.clone()).collect()
}

/// The notifications after an edit. Foreign rules keep their place and their every field.
pub fn merge(there: &Notifications, edit: &NotificationEdit) -> Notifications {
    let replaced = |rule: &Rule| {
        let same = |wanted: &Rule| wanted.id == rule.id && wanted.arn == rule.arn;
        rule.id.as_ref().is_some_and(|id| edit.remove.contains(id)) || edit.put.iter().any(same)
    };
    let mut rules: Vec<Rule> = there.rules.iter().filter(|rule| !replaced(rule)).cloned().collect();
    rules.extend(edit.put.iter().cloned());
    Notifications { rules, event_bridge: there.event_bridge }
}

/// Whether an edit would change anything.
pub fn changes(there: &Notifications, edit: &NotificationEdit) -> bool {
    let same = |a: &Rule, b: &Rule| {
        let (mut x, mut y) = (a.filter.clone(), b.filter.clone());
        for parts in [&mut x, &mut y].into_iter().flatten() {
            for (name, _) in parts.iter_mut() {
                *name = name.to_ascii_lowercase();
            }
            parts.sort();
        }
        a.id == b.id && a.arn == b.arn && a.events == b.events && x == y
    };
    let gone =
        !there.rules.iter().any(|rule| rule.id.as_ref().is_some_and(|id| edit.remove.contains(id)));
    let put = edit.put.iter().all(|wanted| there.rules.iter().any(|rule| same(rule, wanted)));
    !(gone && put)
}

#[cfg(test)]
#[path = "notification_tests.rs"]
mod tests;
