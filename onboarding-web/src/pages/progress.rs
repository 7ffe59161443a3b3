//! The eight steps of each region, live: for the customer and, with more words, for staff.

use askama::Template;

use super::frame::Tag;

/// What the event stream and the poll send: the inside of the live block.
#[derive(Debug, Template)]
#[template(path = "progress.html")]
pub struct ProgressFragment<'a> {
    /// Worded for whoever looks.
    pub progress: &'a Progress,
}

/// How far each region is.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// For staff: what is set up stands open, problems carry a reply.
    pub staff: bool,
    /// In the order of the launch sections.
    pub regions: Vec<RegionProgress>,
    /// When this was made, in words with the time zone.
    pub updated: String,
    /// Nothing more is to come without somebody acting; the page stops asking.
    pub is_final: bool,
    /// The fragment, by GET.
    pub poll_url: String,
    /// The event stream whose `message` events carry the fragment.
    pub events_url: String,
    /// The page itself, for those without a script.
    pub refresh_url: String,
}

/// One region's stack.
#[derive(Debug, Clone)]
pub struct RegionProgress {
    /// Such as `eu-west-1`; also part of ids.
    pub region: String,
    /// The state.
    pub tag: Tag,
    /// Where it stands and what comes next, one or two sentences; read aloud when it changes.
    pub headline: String,
    /// In the order they run; empty until there is something to tell.
    pub steps: Vec<StepRow>,
    /// What went wrong.
    pub problem: Option<Problem>,
    /// What is known of each load balancer's logs; empty where others take them in.
    pub logs: Vec<StepRow>,
    /// What is set up: name and value.
    pub facts: Vec<(String, String)>,
    /// Name or ARN of the stack; empty if unknown.
    pub stack: String,
}

/// One step.
#[derive(Debug, Clone)]
pub struct StepRow {
    /// What is done, such as "Bucket for the logs".
    pub label: String,
    /// Waiting, Running, Done, Failed or Skipped.
    pub word: String,
    /// `waiting`, `running`, `done`, `failed` or `skipped`.
    pub class: &'static str,
    /// When it came to this; empty while waiting.
    pub time: String,
}

impl StepRow {
    /// The name of its icon.
    pub fn icon(&self) -> &'static str {
        match self.class {
            "done" => "check",
            "running" => "running",
            "failed" => "cross",
            "skipped" => "minus",
            _ => "dot",
        }
    }
}

/// Why a stack failed and what to do.
#[derive(Debug, Clone, Default)]
pub struct Problem {
    /// What went wrong, in a few words.
    pub title: String,
    /// The text as AWS or the function gave it, to the letter.
    pub said: String,
    /// What to do next.
    pub next: String,
    /// What support finds it by; may be empty.
    pub code: String,
    /// Staff only: the text to send to the customer.
    pub reply: Option<String>,
    /// Whom to ask, with the address.
    pub support: Option<String>,
}

#[cfg(test)]
pub(crate) mod samples {
    use std::cmp::Ordering;

    use super::*;

    const LABELS: [&str; 8] = [
        "Look at what is there",
        "Notification topic",
        "Bucket for the logs",
        "Permission to write and to read",
        "Notice of new logs",
        "Vendor subscribed",
        "Logging turned on",
        "Everything checked",
    ];

    fn steps(done: usize, last: &'static str) -> Vec<StepRow> {
        let row = |(at, label): (usize, &&str)| {
            let class = match at.cmp(&done) {
                Ordering::Less => "done",
                Ordering::Equal => last,
                Ordering::Greater => "waiting",
            };
            let (first, rest) = class.split_at(1);
            let word = first.to_uppercase() + rest;
            let time = if at > done { String::new() } else { format!("12:03:{at:02}") };
            StepRow { label: (*label).into(), word, class, time }
        };
        LABELS.iter().enumerate().map(row).collect()
    }

    fn region(region: &str, state: &str, headline: &str, steps: Vec<StepRow>) -> RegionProgress {
        RegionProgress {
            region: region.into(),
            tag: Tag::of_state(state),
            headline: headline.into(),
            steps,
            problem: None,
            logs: vec![],
            facts: vec![],
            stack: String::new(),
        }
    }

    fn of(regions: Vec<RegionProgress>, is_final: bool) -> Progress {
        Progress {
            staff: false,
            regions,
            updated: "22 November 2026 at 12:03:09 UTC".into(),
            is_final,
            poll_url: "/c/token/progress".into(),
            events_url: "/c/token/events".into(),
            refresh_url: "/c/token".into(),
        }
    }

    pub(crate) fn not_started() -> Progress {
        let words = "Nothing has reached us yet. It begins when you press Create stack in AWS.";
        of(vec![region("eu-west-1", "opened", words, steps(0, "waiting"))], false)
    }

    pub(crate) fn mixed() -> Progress {
        let mut failed = region(
            "us-east-1",
            "failed",
            "The stack failed at step 5 of 8. What it had changed was put back.",
            steps(4, "failed"),
        );
        failed.problem = Some(Problem {
            title: "Your bucket already sends a notice for these files".into(),
            said: "An error occurred (InvalidArgument) when calling the PutBucketNotificationConfiguration \
                   operation: Configurations overlap. <script>alert(1)</script>"
                .into(),
            next: "Ask us to listen to the topic that is there already, or choose another prefix. \
                   Then delete the failed stack and use the same link."
                .into(),
            code: "OVERLAP-7f3a".into(),
            reply: None,
            support: Some("Write to onboarding@northlight.example and name the code.".into()),
        });
        let mut done = region(
            "ap-southeast-2",
            "active",
            "Connected. The first log has arrived.",
            steps(8, "done"),
        );
        done.stack = "logs-analysis-acme".into();
        done.facts = vec![
            ("Bucket".into(), "logs-analysis-0f6b8c1e-5d7a-4f62-9d0c-9a7fb1b0c3de".into()),
            ("First log".into(), "12:09 UTC".into()),
        ];
        let running = region(
            "eu-west-1",
            "running",
            "Step 3 of 8: bucket for the logs.",
            steps(2, "running"),
        );
        of(vec![running, failed, done], false)
    }

    pub(crate) fn staff() -> Progress {
        let mut progress = Progress { staff: true, is_final: true, ..mixed() };
        for problem in progress.regions.iter_mut().filter_map(|region| region.problem.as_mut()) {
            problem.reply =
                Some("Hello,\n\nyour bucket already sends a notice to another topic.\n".into());
        }
        progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fragment_tells_each_step_and_escapes_what_aws_said() {
        let progress = samples::mixed();
        let html = ProgressFragment { progress: &progress }.render().expect("renders");
        assert_eq!(html.matches("<li class=").count(), 24);
        assert!(html.contains("Configurations overlap. &#60;script&#62;"), "{html}");
        assert!(!html.contains("<script>"));
    }

    #[test]
    fn a_final_state_ends_the_asking() {
        let progress = samples::staff();
        let html = ProgressFragment { progress: &progress }.render().expect("renders");
        assert!(html.contains("data-final") && html.contains("Reply to the customer"));
    }
}
