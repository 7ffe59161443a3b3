//! Medians, and how two programs compare in one run.

use serde::{Deserialize, Serialize};

/// Measurements of one thing, in any unit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series(Vec<f64>);

/// What is told of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// The middle one.
    pub(crate) median: f64,
    /// Nine of ten are at most this; of rates, at least this.
    pub(crate) p90: f64,
}

impl Series {
    /// One more.
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The value below which this part of all lies.
    fn at(&self, part: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "some dozen measurements"
        )]
        let place = ((sorted.len().saturating_sub(1)) as f64 * part).round() as usize;
        sorted.get(place).copied().unwrap_or(f64::NAN)
    }

    /// What is told of it; nothing of nothing.
    pub(crate) fn summary(&self) -> Option<Summary> {
        self.with(0.9)
    }

    /// The same where more is better.
    pub(crate) fn summary_of_rates(&self) -> Option<Summary> {
        self.with(0.1)
    }

    fn with(&self, part: f64) -> Option<Summary> {
        let round = |value: f64| (value * 1000.0).round() / 1000.0;
        let both = Summary { median: round(self.at(0.5)), p90: round(self.at(part)) };
        (!self.0.is_empty()).then_some(both)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_nine_of_ten() {
        let mut series = Series::default();
        assert_eq!(series.summary(), None);
        (1..=11).rev().for_each(|value| series.push(f64::from(value)));
        assert_eq!(series.summary(), Some(Summary { median: 6.0, p90: 10.0 }));
        assert_eq!(series.summary_of_rates(), Some(Summary { median: 6.0, p90: 2.0 }));
    }
}
