//! What is said of a stack's logs.

use crate::{
    app::Site,
    clock::{self, Millis},
    intake::told,
    onboarding::{
        Standing, State,
        logs::{Logs, Source, load_balancers},
    },
    pages::progress::{Problem, StepRow},
    store::Customer,
};

/// Where a stack that is set up stands, in a sentence or two; `None` where others take the logs in.
pub(super) fn headline(site: &Site, state: State, logs: Option<&Logs>) -> Option<String> {
    let logs = logs?;
    let vendor = &site.vendor;
    Some(match state {
        State::Waiting if logs.confirmed_at == 0 && !logs.not_confirmed.is_empty() => {
            format!("Logging is set up, but {vendor} could not confirm the subscription yet.")
        }
        State::Waiting => format!(
            "Logging is set up. {vendor} waits for the first log, which comes within about five minutes of \
             traffic. The page turns green by itself when it was read."
        ),
        State::Active => format!("Connected. {vendor} reads the logs: the last ones are below."),
        State::Unreadable => format!("Logs are written, and {vendor} cannot read them."),
        State::Silent if logs.lost_at != 0 => format!(
            "The subscription was ended at {}: {vendor} does not hear of new logs any more.",
            clock::words(logs.lost_at)
        ),
        State::Silent => {
            "No logs have come for longer than they should. This ends by itself with the next log."
                .to_owned()
        }
        _ => return None,
    })
}

/// What is known of each load balancer.
pub(super) fn rows(standing: &Standing, logs: Option<&Logs>) -> Vec<StepRow> {
    let Some(logs) = logs.filter(|_| standing.set_up) else { return Vec::new() };
    let asked = load_balancers(&standing.outputs);
    let names = asked.unwrap_or_else(|| logs.sources.keys().cloned().collect());
    let none = Source::default();
    let row = |name: String| {
        let source = logs.sources.get(&name).unwrap_or(&none);
        let (word, class) = match source {
            one if one.trouble.is_some() => ("Not readable", "failed"),
            one if one.silent => ("Silent", "failed"),
            one if one.first_at != 0 => ("Read", "done"),
            _ if logs.silent => ("No log so far", "failed"),
            _ => ("Waiting for the first log", "waiting"),
        };
        let time = if source.last_at == 0 {
            String::new()
        } else {
            format!("last log {}", clock::words(source.last_at))
        };
        StepRow { label: name, word: word.to_owned(), class, time }
    };
    names.into_iter().map(row).collect()
}

/// What is wrong with the logs, and what to do.
pub(super) fn problem(
    site: &Site,
    customer: &Customer,
    state: State,
    logs: Option<&Logs>,
    staff: bool,
) -> Option<Problem> {
    let logs = logs?;
    let (title, next, said, code) = match state {
        State::Unreadable => unreadable(logs)?,
        State::Silent => silent(logs),
        State::Waiting if !logs.not_confirmed.is_empty() && logs.confirmed_at == 0 => (
            "The subscription could not be confirmed".to_owned(),
            "This is on our side, and we try again. Nothing needs to be done.".to_owned(),
            // The words are about our own account.
            if staff { logs.not_confirmed.clone() } else { String::new() },
            "subscription-not-confirmed",
        ),
        _ => return None,
    };
    let reply = || {
        let (name, contact) = (&customer.name, &site.contact);
        format!(
            "Hello {name},\n\n{title}.\n\n{next}\n\nQuestions? Write to {contact}.\n\n{}\n",
            site.vendor
        )
    };
    let support = (!staff).then(|| format!("Write to {} and name the code {code}", site.contact));
    Some(Problem { reply: staff.then(reply), title, said, next, code: code.to_owned(), support })
}

fn unreadable(logs: &Logs) -> Option<(String, String, String, &'static str)> {
    let troubles =
        logs.sources.iter().filter_map(|(name, one)| Some((name, one.trouble.as_ref()?)));
    let (name, trouble) = troubles.min_by_key(|(_, trouble)| trouble.at)?;
    let (title, next) = told::trouble(trouble.kind);
    Some((format!("{title} ({name})"), next.to_owned(), trouble.said.clone(), trouble.kind.code()))
}

fn silent(logs: &Logs) -> (String, String, String, &'static str) {
    if logs.lost_at != 0 {
        let next = "Somebody removed the subscription or the topic. Update the stack with the values that \
                    it has: it subscribes again. If you meant to end the log analysis, delete the stack.";
        let title = "The subscription was ended".to_owned();
        return (title, next.to_owned(), String::new(), "subscription-ended");
    }
    let quiet = logs.sources.iter().filter(|(_, one)| one.silent);
    let quiet: Vec<String> = quiet.map(|(name, one)| since(name, one.last_at)).collect();
    let title = if quiet.is_empty() { "No log has come so far" } else { "Logs have stopped" };
    let next = "Most likely there is no traffic: without requests, no log is written, and a network load \
                balancer logs TLS listeners only. Otherwise see whether the load balancer is still there \
                and still writes its logs to the bucket (its attributes, under Monitoring), and whether \
                the bucket still has the notification that the stack made (its properties). Updating the \
                stack puts all of these back.";
    (title.to_owned(), next.to_owned(), quiet.join("\n"), "no-logs")
}

fn since(name: &str, last_at: Millis) -> String {
    format!("{name}: the last log came at {}", clock::words(last_at))
}
