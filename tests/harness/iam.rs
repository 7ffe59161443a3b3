//! IAM policies: whether one allows a call.

use serde_json::Value;

use crate::wire::Call;

/// The statements of an identity policy, with everything resolved.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// As in the document.
    pub statements: Vec<Value>,
}

impl Policy {
    /// Every action that the policy grants.
    pub fn actions(&self) -> Vec<String> {
        let mut all: Vec<String> =
            self.statements.iter().flat_map(|one| texts(&one["Action"])).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The same policy without one action.
    #[must_use]
    pub fn without(&self, action: &str) -> Self {
        let strip = |statement: &Value| {
            let left: Vec<String> =
                texts(&statement["Action"]).into_iter().filter(|one| one != action).collect();
            let mut statement = statement.clone();
            statement["Action"] = left.into();
            statement
        };
        Self { statements: self.statements.iter().map(strip).collect() }
    }

    /// The first action of a call that the policy does not allow.
    pub fn denies(&self, call: &Call, account: &str) -> Option<&'static str> {
        let allowed = |action: &str| {
            self.statements.iter().any(|statement| {
                let acts =
                    texts(&statement["Action"]).iter().any(|pattern| matches(pattern, action));
                let reaches = texts(&statement["Resource"])
                    .iter()
                    .any(|pattern| matches(pattern, &call.resource));
                acts && reaches && holds(&statement["Condition"], call, account)
            })
        };
        call.actions.iter().copied().find(|action| !allowed(action))
    }
}

fn holds(condition: &Value, call: &Call, account: &str) -> bool {
    let Some(operators) = condition.as_object() else { return true };
    operators.values().filter_map(Value::as_object).flatten().all(|(key, wanted)| {
        let actual = match key.as_str() {
            "s3:ResourceAccount" => account,
            "sns:Endpoint" => call.parameter("Endpoint").unwrap_or_default(),
            other => return panic_on(other),
        };
        texts(wanted).iter().any(|one| one == actual)
    })
}

/// A condition that nothing here can judge must not pass unnoticed.
fn panic_on(key: &str) -> bool {
    #[expect(clippy::panic, reason = "a test that cannot judge a policy has to say so")]
    {
        panic!("no story knows how to judge the condition key {key}")
    }
}

/// One text or a list of texts, as a list.
pub fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// IAM's wildcards: `*` for any run of characters, `?` for one.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t, mut star, mut mark) = (0, 0, None, 0);
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            (star, mark) = (Some(p), t);
            p += 1;
        } else if p < pattern.len() && (pattern[p] == b'?' || pattern[p] == text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some(at) = star {
            (p, mark) = (at + 1, mark + 1);
            t = mark;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_in_iam() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("s3:Get*", "s3:GetObject", true),
            ("s3:Get*", "s3:PutObject", false),
            ("arn:aws:s3:::a-*-b", "arn:aws:s3:::a-x-b-b", true),
            ("arn:aws:s3:::a-*-b", "arn:aws:s3:::a-x-c", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
