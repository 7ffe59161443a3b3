//! How far a customer's stacks are, in words.

mod logs;

use templates::report::Step;

use crate::{
    app::Site,
    clock::{self, Millis},
    hints::{self, Left},
    onboarding::{Failure, Onboarding, Request, Stack, Standing, State},
    pages::{
        frame::Tag,
        progress::{Problem, Progress, RegionProgress, StepRow},
    },
    store::{Customer, Region},
};

/// The progress of all regions of a customer.
pub fn of(site: &Site, customer: &Customer, now: Millis, staff: bool, page: &str) -> Progress {
    let regions: Vec<RegionProgress> =
        customer.regions.iter().map(|one| region(site, customer, one, now, staff)).collect();
    Progress {
        staff,
        is_final: customer.offboarded_at != 0
            && customer.regions.iter().all(|one| one.onboarding.state(now) == State::Removed),
        regions,
        updated: format!("{} UTC", clock::time_of_day(now)),
        poll_url: format!("{page}/progress"),
        events_url: format!("{page}/events"),
        refresh_url: page.to_owned(),
    }
}

fn region(
    site: &Site,
    customer: &Customer,
    region: &Region,
    now: Millis,
    staff: bool,
) -> RegionProgress {
    let onboarding = &region.onboarding;
    let state = onboarding.state(now);
    let stack = onboarding.stack.as_ref();
    let failure = onboarding.failure();
    let last = stack.and_then(Stack::last);
    let standing = stack.map(Stack::standing).unwrap_or_default();
    RegionProgress {
        region: region.region.clone(),
        tag: Tag::of_state(state.name()),
        headline: headline(site, region, state, failure.as_ref(), staff),
        steps: last.map(steps).unwrap_or_default(),
        problem: logs::problem(site, customer, state, onboarding.logs.as_ref(), staff).or_else(
            || {
                let failure = failure.filter(|_| state != State::Running);
                failure.map(|failure| problem(site, customer, onboarding, &failure, staff))
            },
        ),
        logs: logs::rows(&standing, onboarding.logs.as_ref()),
        facts: facts(&standing),
        stack: stack.map_or_else(String::new, |stack| stack.id.clone()),
    }
}

fn headline(
    site: &Site,
    region: &Region,
    state: State,
    failure: Option<&Failure>,
    staff: bool,
) -> String {
    let stack = region.onboarding.stack.as_ref();
    let kind = stack.and_then(Stack::last).map_or("", |last| last.kind.as_str());
    let words = match (state, kind) {
        (State::Sent, _) if staff => "The link was not opened yet.",
        (State::Opened, _) if staff => "The page was opened. No stack has reported yet.",
        (State::Sent | State::Opened, _) => {
            "Not launched yet. As soon as the stack runs in AWS, you see here how far it is."
        }
        (State::Running, "Delete") => {
            "The stack is being deleted: everything is put back as it was."
        }
        (State::Running, "Update") => "The stack is being updated.",
        (State::Running, _) => "The stack is being created. This takes about three minutes.",
        (State::Stale, _) => {
            "We have not heard of the stack for more than 15 minutes. Look at the stack's events in AWS: \
             if it is complete or failed there, its last message was lost on the way."
        }
        (State::Active | State::Waiting | State::Silent | State::Unreadable, _) => {
            return connected(site, region, state, failure, staff);
        }
        (State::Removed, _) => {
            "The stack was deleted and everything was put back. Logs that were written stay in their \
             bucket."
        }
        (State::Failed, "Delete") if failure.is_some_and(|one| one.kind == "Delete") => {
            "The stack could not be deleted. Something is still set up."
        }
        (State::Failed, _) if failure.is_some_and(|failure| failure.kind.is_empty()) => {
            "A stack was launched in the wrong place. Nothing is set up here."
        }
        (State::Failed, _) if failure.is_some_and(|failure| failure.put_back) => {
            "It did not work. What was begun has been put back."
        }
        (State::Failed, _) => "It did not work. AWS is putting back what was begun.",
    };
    words.to_owned()
}

/// What is said of a stack that works.
fn connected(
    site: &Site,
    region: &Region,
    state: State,
    failure: Option<&Failure>,
    staff: bool,
) -> String {
    let of_logs = logs::headline(site, state, region.onboarding.logs.as_ref());
    if let Some(words) = of_logs.clone().filter(|_| state != State::Active) {
        return words;
    }
    let words = if region.dropped_at != 0 {
        "This region was taken off the list. Its stack is still there: delete it in AWS to end it."
    } else if region.wants_update() && staff {
        "Connected. What was asked for has changed since: the customer has to update the stack, and their \
         page says how."
    } else if region.wants_update() {
        "Connected. What is to be analysed has changed since: update the stack, as described below."
    } else if failure.is_some_and(|failure| failure.put_back) {
        "Connected. The last change did not work, and AWS put back what was before."
    } else if let Some(words) = of_logs {
        return words;
    } else {
        return format!(
            "Connected. Logging is on, and {} is told of each new log. The first logs come within about \
             five minutes of traffic.",
            site.vendor
        );
    };
    words.to_owned()
}

fn steps(request: &Request) -> Vec<StepRow> {
    let deleting = request.kind == "Delete";
    let reached = request.reached();
    let ended = request.ended.as_ref();
    let failed = ended.is_some_and(|ended| ended.failed);
    let done = ended.is_some_and(|ended| !ended.failed);
    let row = |(at, step): (usize, Step)| {
        let (word, class) = match () {
            () if done || at + 1 < reached => ("Done", "done"),
            () if failed && at + 1 == reached.max(1) => ("Failed", "failed"),
            () if failed => ("Not begun", "skipped"),
            () if at + 1 == reached.max(1) => ("Running", "running"),
            () => ("Waiting", "waiting"),
        };
        let time = request.steps.get(&step).copied().map(clock::time_of_day).unwrap_or_default();
        StepRow { label: label(step, deleting).to_owned(), word: word.to_owned(), class, time }
    };
    request.order().into_iter().enumerate().map(row).collect()
}

fn label(step: Step, deleting: bool) -> &'static str {
    match (step, deleting) {
        (Step::Look, _) => "Look at what is there",
        (Step::Topic, false) => "Topic for notifications",
        (Step::Bucket, false) => "Bucket for the logs",
        (Step::Policy, false) => "Permission to write and to read logs",
        (Step::Notification, false) => "Notice of each new log",
        (Step::Subscription, false) => "Vendor subscribed",
        (Step::LoadBalancers, false) => "Logging turned on",
        (Step::Finish, _) => "Everything checked",
        (Step::Topic, true) => "Topic removed",
        (Step::Bucket, true) => "Bucket removed if it is empty",
        (Step::Policy, true) => "Permissions taken back",
        (Step::Notification, true) => "Notices ended",
        (Step::Subscription, true) => "Subscription removed",
        (Step::LoadBalancers, true) => "Logging put back as it was",
    }
}

fn problem(
    site: &Site,
    customer: &Customer,
    onboarding: &Onboarding,
    failure: &Failure,
    staff: bool,
) -> Problem {
    let hint = hints::explain(&failure.reason);
    let request = onboarding.stack.as_ref().and_then(Stack::last);
    let title =
        hint.map_or("The stack stopped for a reason that we have no words for", |one| one.title);
    let next = hint
        .map_or("Send the text below to support. Nothing needs to be done in a hurry.", |one| {
            one.customer
        });
    // What a hint says is left behind is true of a Create; a Delete's own headline says it.
    let left = hint.filter(|_| failure.kind == "Create" || failure.kind.is_empty());
    let left = left.filter(|one| one.left != Left::Fine).map_or("", |one| one.left.words());
    let code = hint.map_or("unknown-cause", |one| one.code);
    let support = hint.map(|one| format!("For support: {}", one.support));
    Problem {
        title: title.to_owned(),
        said: failure.reason.clone(),
        next: format!("{next} {left}").trim().to_owned(),
        code: code.to_owned(),
        reply: staff.then(|| {
            hints::reply(hint, &failure.reason, &customer.name, &site.vendor, &site.contact)
        }),
        support: if staff {
            support
        } else {
            let at = request.map(|one| clock::time_of_day(one.heard)).unwrap_or_default();
            Some(
                format!("Write to {} and name the code {code} {at}", site.contact)
                    .trim()
                    .to_owned(),
            )
        },
    }
}

fn facts(standing: &Standing) -> Vec<(String, String)> {
    let words = |name: &str| match name {
        "Buckets" => "Bucket of the logs",
        "TopicArn" => "Topic",
        "SubscriptionArn" => "Subscription",
        "Created" => "Created by the stack",
        "Adopted" => "Was there before and is used",
        "LoadBalancers" => "Load balancers",
        _ => "",
    };
    let known = standing.outputs.iter().filter(|(name, _)| !words(name).is_empty());
    let version = (!standing.version.is_empty() && standing.set_up)
        .then(|| ("Release".to_owned(), standing.version.clone()));
    known.map(|(name, value)| (words(name).to_owned(), value.clone())).chain(version).collect()
}
