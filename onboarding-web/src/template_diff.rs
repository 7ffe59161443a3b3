//! Two template texts side by side: what changes in permissions and parameters in words, and the
//! lines themselves.

use std::time::Duration;

use serde_norway::Value;
use similar::{Algorithm, ChangeTag, TextDiff};

use crate::permissions::{
    self, ReadError,
    changes::changes,
    document::{fields, parse},
    text::Reader,
};

pub use crate::permissions::changes::{Change, Direction};

/// Lines shown unchanged around each change.
const CONTEXT: usize = 3;
/// After this, texts with little in common are compared more coarsely instead of more slowly.
const PATIENCE: Duration = Duration::from_millis(500);

/// What is different in the newer of two template texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// Changes of permissions, in words; or one line that says which text cannot be read.
    pub permissions: Vec<Change>,
    /// Changes of parameters, in words.
    pub parameters: Vec<Change>,
    /// Changed lines with three lines around them; empty if the lines are the same.
    pub lines: Vec<Line>,
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In both texts.
    Same,
    /// In the newer text alone.
    Added,
    /// In the older text alone.
    Removed,
    /// So many lines that are in both texts are left out here.
    Skipped(usize),
}

/// A line of the comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What became of it.
    pub kind: Kind,
    /// Its number in the older text, counted from 1.
    pub old: Option<usize>,
    /// Its number in the newer text, counted from 1.
    pub new: Option<usize>,
    /// The text without its line ending; empty where lines are left out.
    pub text: String,
}

/// Compares two template texts. Texts that cannot be read as templates still get their lines.
pub fn diff(old: &str, new: &str) -> Diff {
    let (permissions, parameters) = match in_words(old, new) {
        Ok(words) => words,
        Err(line) => (vec![Change::changed(line)], Vec::new()),
    };
    Diff { permissions, parameters, lines: lines(old, new) }
}

fn in_words(old: &str, new: &str) -> Result<(Vec<Change>, Vec<Change>), String> {
    let failed = |which: &str, error: &ReadError| {
        format!(
            "The {which} text cannot be read as a template, so the changes cannot be told in words: \
             {error}. Compare the lines instead"
        )
    };
    let before = permissions::read(old).map_err(|error| failed("older", &error))?;
    let after = permissions::read(new).map_err(|error| failed("newer", &error))?;
    let old_root = parse(old).map_err(|error| failed("older", &error))?;
    let new_root = parse(new).map_err(|error| failed("newer", &error))?;
    Ok((changes(&before, &after), parameters(&old_root, &new_root)))
}

fn lines(old: &str, new: &str) -> Vec<Line> {
    let all = every_line(old, new);
    let changed: Vec<usize> =
        (0..all.len()).filter(|index| all[*index].kind != Kind::Same).collect();
    let mut shown = Vec::new();
    let mut done = 0;
    for at in changed {
        let start = at.saturating_sub(CONTEXT).max(done);
        skip(&mut shown, start - done);
        let end = (at + CONTEXT + 1).min(all.len()).max(start);
        shown.extend_from_slice(&all[start..end]);
        done = end;
    }
    if !shown.is_empty() {
        skip(&mut shown, all.len() - done);
    }
    shown
}

/// Both texts line by line. Lines are counted here: `similar` 2.7 gives an insertion that it has
/// moved a position in the older text that can be off.
fn every_line(old: &str, new: &str) -> Vec<Line> {
    let (before, after): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let comparison = TextDiff::configure()
        .algorithm(Algorithm::Patience)
        .timeout(PATIENCE)
        .diff_slices(&before, &after);
    let (mut old, mut new) = (1.., 1..);
    comparison
        .iter_all_changes()
        .map(|change| {
            let (kind, old, new) = match change.tag() {
                ChangeTag::Equal => (Kind::Same, old.next(), new.next()),
                ChangeTag::Insert => (Kind::Added, None, new.next()),
                ChangeTag::Delete => (Kind::Removed, old.next(), None),
            };
            Line { kind, old, new, text: change.value().to_owned() }
        })
        .collect()
}

fn skip(lines: &mut Vec<Line>, count: usize) {
    if count > 0 {
        lines.push(Line { kind: Kind::Skipped(count), old: None, new: None, text: String::new() });
    }
}

fn parameters(old: &Value, new: &Value) -> Vec<Change> {
    let empty = Value::Null;
    let before = old.get("Parameters").unwrap_or(&empty);
    let after = new.get("Parameters").unwrap_or(&empty);
    let mut lines = Vec::new();
    for (name, declared) in fields(after) {
        match before.get(name) {
            Some(earlier) => {
                let found = changed(name, (old, earlier), (new, declared));
                lines.extend(found.into_iter().map(Change::changed));
            }
            None => lines.push(Change::added(added(name, Reader::new(new), declared))),
        }
    }
    for (name, _) in fields(before) {
        if after.get(name).is_none() {
            lines.push(Change::removed(format!("Parameter {name} is gone")));
        }
    }
    lines
}

fn added(name: &str, reader: Reader<'_>, declared: &Value) -> String {
    let kind = declared.get("Type").map(|kind| reader.text(kind)).unwrap_or_default();
    let default = match declared.get("Default") {
        None => "without a default, so that it must be filled in at launch".to_owned(),
        Some(_) if is_secret(declared) => "with a default that is not shown (NoEcho)".to_owned(),
        Some(value) => format!("with the default {}", quoted(&reader.text(value))),
    };
    format!("Parameter {name} is new: {kind}, {default}")
}

fn changed(
    name: &str,
    (old_root, before): (&Value, &Value),
    (new_root, after): (&Value, &Value),
) -> Vec<String> {
    let (old_reader, new_reader) = (Reader::new(old_root), Reader::new(new_root));
    let secret = is_secret(before) || is_secret(after);
    let gone = fields(before).filter(|(key, _)| after.get(*key).is_none()).map(|(key, _)| key);
    let keys: Vec<&str> = fields(after).map(|(key, _)| key).chain(gone).collect();
    keys.into_iter()
        .filter_map(|key| {
            let was = before.get(key).map(|value| old_reader.text(value));
            let is = after.get(key).map(|value| new_reader.text(value));
            (was != is).then(|| {
                let hidden = secret && key == "Default";
                format!(
                    "Parameter {name}: {}",
                    property(key, hidden, was.as_deref(), is.as_deref())
                )
            })
        })
        .collect()
}

fn property(key: &str, hidden: bool, was: Option<&str>, is: Option<&str>) -> String {
    let key = match key {
        "Default" => "default",
        "Type" => "type",
        "Description" => "description",
        other => other,
    };
    match (was, is) {
        (Some(_), Some(_)) if hidden => format!("{key} changed (not shown: NoEcho)"),
        (None, Some(_)) if hidden => format!("{key} added (not shown: NoEcho)"),
        (Some(_), None) if key == "default" => {
            "default removed, so that it must be filled in at launch".to_owned()
        }
        (Some(was), Some(is)) => format!("{key} changed from {} to {}", quoted(was), quoted(is)),
        (None, Some(is)) => format!("{key} added: {}", quoted(is)),
        (Some(was), None) => format!("{key} removed, was {}", quoted(was)),
        (None, None) => format!("{key} changed"),
    }
}

fn is_secret(declared: &Value) -> bool {
    let no_echo = declared.get("NoEcho");
    no_echo.is_some_and(|value| permissions::document::scalar(value).eq_ignore_ascii_case("true"))
}

fn quoted(text: &str) -> String {
    if text.is_empty() { "blank".to_owned() } else { format!("“{text}”") }
}

#[cfg(test)]
#[path = "template_diff_tests.rs"]
mod tests;
