//! Intrinsic functions as readable text: `arn:${AWS::Partition}:s3:::dtlogs-*`.

use serde_norway::Value;

use super::document::{fields, function, scalar};

/// What opens a value that is known only when the stack is launched.
const OPEN: &str = "${";
/// Longer than any policy that IAM takes, in bytes.
const LONGEST: usize = 20_480;

/// A template whose values can be written out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'t> {
    root: &'t Value,
}

impl<'t> Reader<'t> {
    /// Reads values of this template.
    pub(crate) fn new(root: &'t Value) -> Self {
        Self { root }
    }

    /// The value as text; `${…}` stands for what is known only when the stack is launched.
    pub(crate) fn text(self, value: &Value) -> String {
        match (value, function(value)) {
            (_, Some((name, argument))) => self.call(name, argument),
            (Value::Sequence(items), _) => self.list(items, ", "),
            (Value::Mapping(_), _) => {
                let pairs: Vec<String> = fields(value)
                    .map(|(key, field)| format!("{key}: {}", self.text(field)))
                    .collect();
                format!("{{{}}}", pairs.join(", "))
            }
            (plain, _) => scalar(plain),
        }
    }

    /// The type of one of the template's resources, such as `AWS::Logs::LogGroup`.
    pub(super) fn resource_type(self, logical_id: &str) -> Option<&'t str> {
        self.root.get("Resources")?.get(logical_id)?.get("Type")?.as_str()
    }

    /// One of the template's parameters.
    pub(super) fn parameter(self, name: &str) -> Option<&'t Value> {
        self.root.get("Parameters")?.get(name)
    }

    fn list(self, items: &[Value], by: &str) -> String {
        items.iter().map(|item| self.text(item)).collect::<Vec<_>>().join(by)
    }

    fn call(self, name: &str, argument: &Value) -> String {
        match (name, argument) {
            ("Ref", target) => launch(&self.text(target)),
            ("Fn::GetAtt", Value::Sequence(path)) => launch(&self.list(path, ".")),
            ("Fn::GetAtt", path) => launch(&self.text(path)),
            ("Fn::Sub", Value::Sequence(pair)) if pair.len() == 2 => self.sub(&pair[0], &pair[1]),
            ("Fn::Sub", text) => self.sub(text, &Value::Null),
            ("Fn::Join", Value::Sequence(pair)) if pair.len() == 2 => match &pair[1] {
                Value::Sequence(items) => self.list(items, &scalar(&pair[0])),
                list => self.text(list),
            },
            ("Fn::FindInMap", Value::Sequence(path)) if path.len() >= 3 => self.mapping(&path[..3]),
            ("Fn::Select", Value::Sequence(pair)) if pair.len() == 2 => {
                self.select(&pair[0], &pair[1])
            }
            ("Fn::If", Value::Sequence(parts)) if parts.len() == 3 => launch(&format!(
                "{}, or {} unless condition {} holds",
                self.text(&parts[1]),
                self.text(&parts[2]),
                scalar(&parts[0])
            )),
            (other, argument) => {
                let other = other.trim_start_matches("Fn::");
                launch(&format!("{other} of {}", self.text(argument)))
            }
        }
    }

    fn sub(self, text: &Value, own: &Value) -> String {
        let text = scalar(text);
        // Each once: values in values in values would otherwise multiply.
        let own: Vec<(&str, String)> =
            fields(own).map(|(name, value)| (name, self.text(value))).collect();
        let mut result = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once(OPEN) {
            result.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                result.push_str(OPEN);
                rest = after;
                continue;
            };
            match own.iter().find(|(variable, _)| *variable == name) {
                Some((_, value)) => result.push_str(value),
                // `${!x}` is how a template writes `${x}` itself, which IAM fills in at each request.
                None => result.push_str(&launch(name.trim_start_matches('!'))),
            }
            if result.len() > LONGEST {
                return launch("a text too long to show");
            }
            rest = after;
        }
        result + rest
    }

    /// The one value that all matching entries have, or the path to them.
    fn mapping(self, path: &[Value]) -> String {
        let keys: Vec<String> = path.iter().map(|key| self.text(key)).collect();
        let mut found: Vec<&Value> = self.root.get("Mappings").into_iter().collect();
        for key in &keys {
            found = if key.contains(OPEN) {
                found.into_iter().flat_map(|entry| fields(entry).map(|(_, field)| field)).collect()
            } else {
                found.into_iter().filter_map(|entry| entry.get(key.as_str())).collect()
            };
        }
        match found.as_slice() {
            // A mapping holds plain values; a function in it would be an error of the template.
            [first, others @ ..]
                if function(first).is_none() && others.iter().all(|other| other == first) =>
            {
                match first {
                    Value::Sequence(items) => {
                        items.iter().map(scalar).collect::<Vec<_>>().join(", ")
                    }
                    plain => scalar(plain),
                }
            }
            _ => launch(&keys.iter().map(|key| bare(key)).collect::<Vec<_>>().join(".")),
        }
    }

    fn select(self, index: &Value, list: &Value) -> String {
        let position = scalar(index).parse::<usize>().ok();
        let number = position.map_or_else(|| self.text(index), |index| (index + 1).to_string());
        match (list, function(list)) {
            (Value::Sequence(items), _) => match position.and_then(|index| items.get(index)) {
                Some(item) => self.text(item),
                None => launch(&format!("item {number} of {}", self.text(list))),
            },
            (_, Some(("Fn::Split", Value::Sequence(pair)))) if pair.len() == 2 => {
                part(&number, &self.text(&pair[0]), &self.text(&pair[1]))
            }
            _ => launch(&format!("item {number} of {}", self.text(list))),
        }
    }
}

/// The stack's id is the GUID that ends its ARN: the third part between slashes.
fn part(number: &str, by: &str, of: &str) -> String {
    match (number, by, of) {
        ("3", "/", "${AWS::StackId}") => launch("stack id"),
        (_, "-", "${stack id}") => launch(&format!("stack id, part {number}")),
        _ => launch(&format!("part {number} of {of}, split at {by:?}")),
    }
}

fn launch(name: &str) -> String {
    format!("{OPEN}{name}}}")
}

fn bare(text: &str) -> &str {
    text.strip_prefix(OPEN).and_then(|text| text.strip_suffix('}')).unwrap_or(text)
}

/// The text between `${` and `}`, if the whole text is one such value.
pub(super) fn only_value(text: &str) -> Option<&str> {
    let inner = text.strip_prefix(OPEN)?.strip_suffix('}')?;
    (!inner.contains(['{', '}'])).then_some(inner)
}

/// Splits at the separator, but not within `${…}`; at most so many pieces.
pub(super) fn split_outside(text: &str, by: char, pieces: usize) -> Vec<&str> {
    let (mut found, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if character == by && depth == 0 && found.len() + 1 < pieces => {
                found.push(&text[start..at]);
                start = at + by.len_utf8();
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found
}

/// The text as a pattern: what is known only when the stack is launched may be anything.
pub(super) fn pattern(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        result.push_str(before);
        result.push('*');
        rest = after_value(after);
    }
    result + rest
}

fn after_value(text: &str) -> &str {
    let mut depth = 1_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[at + 1..];
        }
    }
    ""
}

/// Whether an IAM pattern with `*` and `?` covers a text, itself perhaps a pattern; case is not told apart.
pub(super) fn covers(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let (mut at, mut read, mut star) = (0, 0, None);
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            // A star in the text stands for many characters, which `?` does not cover.
            Some(&sign) if sign == text[read] || (sign == '?' && text[read] != '*') => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((back, from)) => {
                    star = Some((back, from + 1));
                    at = back + 1;
                    read = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|sign| *sign == '*')
}
