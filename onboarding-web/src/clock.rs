//! The time, which tests may set.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::UNIX_EPOCH,
};

use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

/// Milliseconds since 1970.
pub type Millis = i64;

/// A minute.
pub const MINUTE: Millis = 60_000;
/// An hour.
pub const HOUR: Millis = 60 * MINUTE;
/// A day.
pub const DAY: Millis = 24 * HOUR;

/// Says what time it is.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The world's time.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands until it is set.
    pub fn standing_at(now: Millis) -> Self {
        Self(Some(Arc::new(AtomicI64::new(now))))
    }

    /// Moves a standing clock on.
    pub fn advance(&self, by: Millis) {
        if let Some(now) = &self.0 {
            now.fetch_add(by, Ordering::SeqCst);
        }
    }

    /// Now.
    pub fn now(&self) -> Millis {
        if let Some(now) = &self.0 {
            return now.load(Ordering::SeqCst);
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the world's time comes in"
        )]
        let now = std::time::SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
    }
}

fn date_time(at: Millis) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// For machines: `2026-11-22T08:15:00Z`.
pub fn rfc3339(at: Millis) -> String {
    date_time(at).format(&Rfc3339).unwrap_or_default()
}

/// For people: `22 Nov 2026, 08:15 UTC`.
pub fn words(at: Millis) -> String {
    let format =
        format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute] UTC");
    date_time(at).format(format).unwrap_or_default()
}

/// For people, the day alone: `22 November 2026`.
pub fn day(at: Millis) -> String {
    let format = format_description!("[day padding:none] [month repr:long] [year]");
    date_time(at).format(format).unwrap_or_default()
}

/// The time of day: `08:15:02`.
pub fn time_of_day(at: Millis) -> String {
    date_time(at).format(format_description!("[hour]:[minute]:[second]")).unwrap_or_default()
}

/// The first moment of a day given as `2026-11-22`, as forms send it.
pub fn parse_day(text: &str) -> Option<Millis> {
    let day = time::Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
    Some(day.midnight().assume_utc().unix_timestamp() * 1000)
}

/// How long: `3 minutes`, `1 day`.
pub fn span(length: Millis) -> String {
    let (count, unit) = match length.abs() {
        short if short < MINUTE => return "less than a minute".to_owned(),
        minutes if minutes < HOUR => (minutes / MINUTE, "minute"),
        hours if hours < DAY => (hours / HOUR, "hour"),
        days => (days / DAY, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// How long something is still good: days are rounded up, so that two weeks begin as `14 days`.
pub fn left(length: Millis) -> String {
    if length > DAY { span((length + DAY - 1) / DAY * DAY) } else { span(length) }
}

/// How long ago: `3 minutes ago`.
pub fn ago(at: Millis, now: Millis) -> String {
    if now - at < MINUTE { "just now".to_owned() } else { format!("{} ago", span(now - at)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_words() {
        let at = 1_795_334_400_000;
        assert_eq!(rfc3339(at), "2026-11-22T08:00:00Z");
        assert_eq!(words(at), "22 Nov 2026, 08:00 UTC");
        assert_eq!(day(at), "22 November 2026");
        assert_eq!(parse_day("2026-11-22"), Some(at - 8 * HOUR));
        assert_eq!(parse_day("22.11.2026"), None);
        assert_eq!(ago(at, at + 3 * MINUTE), "3 minutes ago");
        assert_eq!(ago(at, at + DAY), "1 day ago");
        assert_eq!(ago(at, at + 2000), "just now");
        assert_eq!(left(14 * DAY - 5), "14 days");
        assert_eq!(left(3 * HOUR + 5), "3 hours");
    }

    #[test]
    fn a_standing_clock_moves_when_told() {
        let clock = Clock::standing_at(5);
        clock.advance(MINUTE);
        assert_eq!(clock.now(), 60_005);
    }
}
