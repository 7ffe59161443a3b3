//! A customer looks before launching: the same decisions as the stack's, and nothing changed.

mod permissions;
mod refused;
mod use_of_it;
mod would_change;

use harness::cloudformation::Lab;
use serde_json::Value;

use crate::is_change;

/// Not one call that reached AWS changes anything, and every one is known.
fn only_looked(lab: &Lab) {
    let calls = lab.proxy.calls();
    assert!(!calls.is_empty(), "nothing was looked at");
    let changes: Vec<_> = calls.iter().filter(|call| is_change(&call.operation)).collect();
    assert!(changes.is_empty(), "{changes:?}");
    assert_eq!(lab.proxy.violations(), Vec::<String>::new());
}

/// A list of sentences in the document.
fn lines(document: &Value, name: &str) -> Vec<String> {
    let all = document[name].as_array().cloned().unwrap_or_default();
    all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// One of the sentences has these words.
fn says(lines: &[String], words: &str) {
    assert!(lines.iter().any(|line| line.contains(words)), "'{words}' is not in: {lines:#?}");
}
