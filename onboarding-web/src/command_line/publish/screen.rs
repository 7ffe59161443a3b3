//! What the person at the terminal sees, or the program that reads the output.

use std::process::ExitCode;

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::super::say;
use crate::publish::report::{Report, State};

/// Lines on the output as things happen, and a bar while it is a terminal.
pub(super) struct Screen {
    bar: ProgressBar,
    json: bool,
}

impl Screen {
    pub(super) fn new(json: bool) -> Self {
        let target = if json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar, json }
    }

    fn line(&self, words: &str) {
        if !self.json {
            self.bar.suspend(|| say(words));
        }
    }

    /// What is new, and what is left to do.
    pub(super) fn planned(&self, report: &Report) {
        for template in &report.templates {
            template.words().iter().for_each(|line| self.line(line));
        }
        for bucket in &report.buckets {
            self.line(&bucket.words());
        }
    }

    /// So many steps are about to be taken.
    pub(super) fn begin(&self, steps: usize) {
        self.bar.set_length(steps.try_into().unwrap_or(u64::MAX));
    }

    /// One was taken.
    pub(super) fn step(&self, region: &str, words: &str) {
        self.line(&format!("{region}: {words}"));
        self.bar.set_message(region.to_owned());
        self.bar.inc(1);
    }

    /// What came of it.
    pub(super) fn end(&self, report: &Report) -> Result<ExitCode> {
        self.bar.finish_and_clear();
        if self.json {
            say(&serde_json::to_string_pretty(report)?);
        }
        match (report.problems.as_slice(), self.json) {
            ([], _) => {
                self.line(&summary(report));
                Ok(ExitCode::SUCCESS)
            }
            (_, true) => Ok(ExitCode::FAILURE),
            (problems, false) => bail!("{}", problems.join("\nerror: ")),
        }
    }
}

fn summary(report: &Report) -> String {
    let idle = report.buckets.iter().all(|bucket| {
        bucket.settings.is_empty() && bucket.objects.iter().all(|one| one.state == State::Same)
    });
    let regions = match report.buckets.len() {
        1 => "1 region".to_owned(),
        count => format!("{count} regions"),
    };
    match (report.dry_run, idle) {
        (_, true) => {
            format!("Nothing to do: {regions} had all of it already, and it was read back.")
        }
        (true, false) => "This was a dry run: nothing was changed.".to_owned(),
        (false, false) => format!("Published to {regions}, and read back."),
    }
}
