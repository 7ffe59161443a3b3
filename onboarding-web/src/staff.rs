//! The pages of staff: what is asked of them, and the answers.

pub mod audit;
pub mod customer;
pub mod customers;
pub mod form;
pub mod import;
pub mod integrations;
mod next_step;
pub mod pop_roles;
pub mod settings;
pub mod sign_in;
pub mod single_sign_on;
pub mod templates;

use crate::{
    clock::{self, Millis},
    pages::customers::Moment,
};

/// A time, as a page shows it.
fn moment(at: Millis, now: Millis) -> Moment {
    Moment { words: clock::ago(at, now), at: clock::rfc3339(at) }
}

/// The address of a list with some filters; empty ones are left out.
fn address(path: &str, filters: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in filters.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Which page of a list: from 1, never beyond the last.
fn page_of(wanted: &str, total: i64, size: i64) -> (i64, i64) {
    let last = ((total + size - 1) / size).max(1);
    (wanted.parse().unwrap_or(1).clamp(1, last), last)
}
