//! What people read of the logs in a customer's timeline.

use super::{belongs::Owner, object::Object, topic::Topic};
use crate::{
    app::App,
    clock::{DAY, Millis},
    onboarding::{
        Onboarding,
        logs::{Logs, TroubleKind},
    },
    store::{Actor, Change, Event},
    token::{digest, random_id},
};

/// What changed, a line each.
pub fn events(region: &str, before: &Onboarding, after: &Onboarding, now: Millis) -> Vec<Event> {
    let none = Logs::default();
    let old = before.logs.as_ref().unwrap_or(&none);
    let new = after.logs.as_ref().unwrap_or(&none);
    let mut said: Vec<(String, String)> = Vec::new();
    let mut say = |what: String, detail: &str| said.push((what, detail.to_owned()));
    if old.confirmed_at == 0 && new.confirmed_at != 0 {
        say("the subscription was confirmed".to_owned(), "");
    }
    if old.not_confirmed.is_empty() && !new.not_confirmed.is_empty() {
        say("the subscription could not be confirmed".to_owned(), &new.not_confirmed);
    }
    if old.lost_at == 0 && new.lost_at != 0 {
        say("the subscription was ended".to_owned(), "");
    }
    if !old.silent && new.silent {
        say("no log has come since it was set up".to_owned(), "");
    }
    for (name, one) in &new.sources {
        let was = old.sources.get(name).cloned().unwrap_or_default();
        if was.first_at == 0 && one.first_at != 0 {
            say(format!("the first log of {name} was read"), &one.first_key);
        }
        match (&was.trouble, &one.trouble) {
            (None, Some(trouble)) => {
                say(format!("a log of {name} could not be read"), &trouble.said);
            }
            (Some(_), None) if was.first_at != 0 => {
                say(format!("logs of {name} can be read again"), "");
            }
            _ => {}
        }
        if !was.silent && one.silent {
            say(format!("no log of {name} has come for long"), "");
        }
        if was.silent && !one.silent {
            say(format!("logs of {name} come again"), "");
        }
    }
    let event = |(what, detail)| Event {
        id: random_id(),
        at: now,
        who: "AWS".to_owned(),
        what: format!("Logs in {region}: {what}"),
        detail,
    };
    said.into_iter().map(event).collect()
}

/// Says that a topic named an object that its stack has nothing to do with; once a day is enough.
pub async fn foreign(app: &App, owner: Owner<'_>, topic: &Topic, object: &Object) {
    let now = app.store.now();
    let (id, region) = (&owner.customer.id, &owner.region.region);
    let event = Event {
        id: digest(&format!("foreign\n{id}\n{region}\n{}", now / DAY)),
        at: now,
        who: "AWS".to_owned(),
        what: format!(
            "Logs in {region}: a notification named what is not this stack's, and was left out"
        ),
        detail: format!("{} named s3://{}/{}", topic.arn, object.bucket, object.key)
            .chars()
            .take(1000)
            .collect(),
    };
    let change = Change { events: vec![event], ..Change::default() };
    let actor = Actor::of("intake");
    let noted = app.store.change_onboarding(&actor, (id, region), |_, _| ((), change));
    if let Err(error) = noted.await {
        tracing::error!(%error, "a foreign notification could not be noted");
    }
}

/// Title and next step of a trouble, for the customer.
pub fn trouble(kind: TroubleKind) -> (&'static str, &'static str) {
    match kind {
        TroubleKind::Denied => (
            "The logs are there, and we may not read them",
            "Somebody changed the policy of the bucket, a policy of your organisation forbids other \
             accounts to read, or the bucket belongs to another account than the load balancer. Update the \
             stack with the values that it has: it puts the permission back. (S3 also says this of a log \
             that was deleted at once.)",
        ),
        TroubleKind::Encrypted => (
            "The logs are encrypted with a key that we may not use",
            "Elastic Load Balancing writes application load balancers' logs to buckets with SSE-S3 only. \
             Set the bucket's default encryption to SSE-S3 (AES-256), or allow us to decrypt with the KMS \
             key.",
        ),
        TroubleKind::Gone => (
            "A log was gone before we could read it",
            "Something deletes logs as soon as they are written, such as a lifecycle rule or a program. \
             Let logs stay for a day at least.",
        ),
        TroubleKind::NotALog => (
            "What was written is no log of this load balancer",
            "Another program writes where the load balancer's logs belong. Have it write elsewhere; the \
             next real log puts this right by itself.",
        ),
        TroubleKind::Ours => (
            "We could not read the log",
            "This is most likely on our side, and we try again. Nothing needs to be done.",
        ),
    }
}
