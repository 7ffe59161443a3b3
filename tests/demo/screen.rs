//! What the demo shows: chapters, what was done and how long it took, and what held.

use std::{
    io::{Write, stdout},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

/// Writes lines as things happen; on a terminal, a spinner tells what is going on meanwhile.
pub(crate) struct Screen {
    spinner: ProgressBar,
    since: Instant,
    held: bool,
}

impl Screen {
    pub(crate) fn new() -> Self {
        let spinner = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg} ({elapsed})") {
            spinner.set_style(style);
        }
        spinner.enable_steady_tick(Duration::from_millis(120));
        Self { spinner, since: Instant::now(), held: true }
    }

    /// Whether everything that was checked held.
    pub(crate) fn all_held(&self) -> bool {
        self.held
    }

    pub(crate) fn line(&self, text: &str) {
        self.spinner.suspend(|| {
            let _ = writeln!(stdout(), "{text}");
        });
    }

    pub(crate) fn chapter(&mut self, title: &str) {
        self.line(&format!("\n{title}"));
        self.since = Instant::now();
    }

    pub(crate) fn doing(&self, what: &str) {
        self.spinner.reset_elapsed();
        self.spinner.set_message(what.to_owned());
    }

    pub(crate) fn event(&self, row: &str) {
        self.line(&format!("    {row}"));
    }

    pub(crate) fn did(&mut self, what: &str) {
        self.spinner.set_message("");
        let took = self.since.elapsed();
        let took = if took < Duration::from_millis(100) {
            String::new()
        } else {
            format!("  [{:.1} s]", took.as_secs_f64())
        };
        self.line(&format!("  ✓ {what}{took}"));
        self.since = Instant::now();
    }

    pub(crate) fn check(&mut self, holds: bool, what: &str) {
        if holds {
            self.did(what);
        } else {
            self.fail(what);
        }
    }

    pub(crate) fn fail(&mut self, what: &str) {
        self.held = false;
        self.line(&format!("  ✗ {what}"));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.spinner.finish_and_clear();
    }
}
