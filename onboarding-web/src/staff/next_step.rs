//! What staff should do next about a customer, in a sentence and a button.

use crate::{
    app::App,
    onboarding::State as Standing,
    pages::customer::{NextStep, Offer},
    store::{Customer, Region},
};

/// The next step. `shares` says whether the links are on the page to be copied.
pub(super) fn of(app: &App, customer: &Customer, standing: Standing, shares: bool) -> NextStep {
    let copy = |label: &str, target: &str| Offer::Copy {
        label: label.to_owned(),
        target: target.to_owned(),
    };
    let (sentence, offer) = before_the_rest(app, customer, standing).unwrap_or_else(|| match standing {
        Standing::Sent => ("Send the customer the link.", copy("Copy the e-mail", "email-body")),
        Standing::Opened => (
            "The customer has seen the page. Wait for the stack, or ask whether something is unclear.",
            copy("Copy the e-mail", "email-body"),
        ),
        Standing::Running => ("The stack is at work. Nothing to do.", Offer::Nothing),
        Standing::Failed => (
            "The stack failed. Send the customer the reply that says what to do.",
            Offer::Copy {
                label: "Copy the reply".to_owned(),
                target: format!("reply-{}", region_that(app, customer, Standing::Failed)),
            },
        ),
        Standing::Stale => (
            "We have not heard of the stack for too long. Ask the customer what its events say in AWS.",
            Offer::Nothing,
        ),
        Standing::Active if customer.regions.iter().any(Region::wants_update) => (
            "What was asked for has changed since the stack was set up. Ask the customer to update it; their \
             page says how.",
            copy("Copy the link", "page-link"),
        ),
        Standing::Active | Standing::Waiting | Standing::Silent | Standing::Unreadable => {
            by_logs(app, customer, standing)
        }
        Standing::Removed => (
            "The stack was deleted. To connect again, send the link again.",
            copy("Copy the link", "page-link"),
        ),
    });
    // What is not on the page cannot be copied; a reply always is.
    let there = |target: &str| shares || target.starts_with("reply-");
    let offer = match offer {
        Offer::Copy { target, .. } if !there(&target) => Offer::Nothing,
        offer => offer,
    };
    NextStep { sentence: sentence.to_owned(), offer }
}

/// What to do about logs that are read, awaited, missed, or closed to us.
fn by_logs(app: &App, customer: &Customer, standing: Standing) -> (&'static str, Offer) {
    let sentence = match standing {
        Standing::Waiting => {
            return (
                "Set up. The page turns green with the first log. Nothing to do.",
                Offer::Nothing,
            );
        }
        Standing::Silent => {
            "No logs come. Ask the customer, with the reply that names likely reasons."
        }
        Standing::Unreadable => {
            "We cannot read the logs. Send the customer the reply that says what to do."
        }
        _ => return ("Connected. Nothing to do.", Offer::Nothing),
    };
    let target = format!("reply-{}", region_that(app, customer, standing));
    (sentence, Offer::Copy { label: "Copy the reply".to_owned(), target })
}

/// What goes before where the stacks stand: that the customer is leaving, or has no link that works.
fn before_the_rest(
    app: &App,
    customer: &Customer,
    standing: Standing,
) -> Option<(&'static str, Offer)> {
    let before_a_stack = matches!(standing, Standing::Sent | Standing::Opened);
    let leaving = customer.offboarded_at != 0;
    if leaving && (before_a_stack || standing == Standing::Removed) {
        return Some(("Offboarded: no stack of this customer is there.", Offer::Nothing));
    }
    let needs_link = before_a_stack
        || leaving
        || matches!(standing, Standing::Failed | Standing::Removed)
        || customer.regions.iter().any(Region::wants_update);
    if needs_link && !customer.link_is_valid(app.store.now()) {
        let url = format!("/customers/{}/rotate", customer.id);
        return Some((
            "The customer will need the link, and it does not work any more. Make a new one and send it.",
            Offer::Open { label: "Make a new link…".to_owned(), url },
        ));
    }
    leaving.then(|| {
        let (label, target) = ("Copy the link".to_owned(), "page-link".to_owned());
        let sentence = "Offboarding: the customer has to delete the stack. Their page says how.";
        (sentence, Offer::Copy { label, target })
    })
}

/// The first region that stands somewhere.
fn region_that(app: &App, customer: &Customer, state: Standing) -> String {
    let now = app.store.now();
    let found = customer.regions.iter().find(|one| one.onboarding.state(now) == state);
    found.map(|one| one.region.clone()).unwrap_or_default()
}
