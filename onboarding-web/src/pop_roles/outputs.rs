//! What a launched stack put out, in the forms in which people have it, as the six ARNs.

use serde_json::{Value, json};

use super::OUTPUTS;

/// Nothing that a stack puts out is longer.
const MAX_BYTES: usize = 200_000;

/// The ARNs of the six roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arns {
    /// The account that the roles are in: 12 digits.
    pub account: String,
    /// Output, which is also the parameter of POP's main template, and ARN, in the order of
    /// [`OUTPUTS`].
    pub all: Vec<(&'static str, String)>,
}

impl Arns {
    /// The parameters of POP's main template, as `--parameters file://` and `--parameter-overrides
    /// file://` take them.
    pub fn parameters(&self) -> Value {
        let one = |(name, arn): &(&'static str, String)| json!({"ParameterKey": name, "ParameterValue": arn});
        self.all.iter().map(one).collect()
    }

    /// The same as a text.
    pub fn parameters_text(&self) -> String {
        format!("{:#}", self.parameters())
    }

    /// The same as words for `--parameters`, one a line.
    pub fn words(&self) -> String {
        let one = |(name, arn): &(&'static str, String)| {
            // In the AWS CLI's shorthand a comma begins the next field, unless it is quoted.
            let plain =
                arn.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/.-_".contains(&byte));
            if plain {
                format!("ParameterKey={name},ParameterValue={arn}")
            } else {
                format!("'ParameterKey={name},ParameterValue=\"{arn}\"'")
            }
        };
        self.all.iter().map(one).collect::<Vec<_>>().join(" \\\n")
    }
}

/// The name of the role in an ARN, without its path.
pub fn role_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

/// Reads JSON of `describe-stacks` or of its outputs, a copied table, or lines `Key=Value`.
pub fn read(text: &str) -> Result<Arns, Vec<String>> {
    if text.len() > MAX_BYTES {
        return Err(vec!["This is too long for the outputs of a stack.".to_owned()]);
    }
    // As some programs put it before a text.
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(vec!["Paste the outputs of the stack.".to_owned()]);
    }
    let mut found = Vec::new();
    match serde_json::from_str::<Value>(text) {
        Ok(value) if value.is_object() || value.is_array() => from_json(&value, &mut found),
        _ => found = from_lines(text),
    }
    arns(&found)
}

/// The six ARNs of all outputs.
pub fn arns(found: &[(String, String)]) -> Result<Arns, Vec<String>> {
    let (mut all, mut problems, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for output in OUTPUTS {
        let mut values: Vec<&str> =
            found.iter().filter(|(key, _)| key == output).map(|(_, value)| &**value).collect();
        values.dedup();
        match values.as_slice() {
            [] => missing.push(output),
            [arn] if account(arn).is_some() => all.push((output, (*arn).to_owned())),
            [other] => problems.push(format!(
                "{output} is {}, which is no ARN of a role. It has to be like \
                 arn:aws:iam::111122223333:role/POP.Scheduler.app.",
                shown(other)
            )),
            _ => problems.push(format!(
                "{output} is there with several values. Take the outputs of one stack."
            )),
        }
    }
    if missing.len() == OUTPUTS.len() {
        problems.push(format!(
            "None of the six outputs is there. They are called {}.",
            OUTPUTS.join(", ")
        ));
    } else if !missing.is_empty() {
        problems.push(format!("Not there: {}. Take all outputs of the stack.", missing.join(", ")));
    }
    problems.extend(disagreements(&all));
    let account = all.first().and_then(|(_, arn)| account(arn)).unwrap_or_default().to_owned();
    if problems.is_empty() { Ok(Arns { account, all }) } else { Err(problems) }
}

/// What speaks against ARNs that are sound by themselves.
fn disagreements(all: &[(&'static str, String)]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut accounts: Vec<&str> = all.iter().filter_map(|(_, arn)| account(arn)).collect();
    accounts.sort_unstable();
    accounts.dedup();
    if accounts.len() > 1 {
        problems.push(format!(
            "The roles are in several accounts: {}. Take the outputs of one stack.",
            accounts.join(", ")
        ));
    }
    for (index, (output, arn)) in all.iter().enumerate() {
        if let Some((earlier, _)) = all[..index].iter().find(|(_, other)| other == arn) {
            problems.push(format!("{earlier} and {output} are the same role, {}.", shown(arn)));
        }
    }
    problems
}

/// The account of a role's ARN, if it is one.
fn account(arn: &str) -> Option<&str> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts.as_slice() else { return None };
    let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let named = resource.strip_prefix("role/").is_some_and(|name| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&byte);
        (1..=576).contains(&name.len()) && name.bytes().all(fits) && !name.ends_with('/')
    });
    let partition = *partition == "aws" || partition.starts_with("aws-");
    (partition && digits && named).then_some(*account)
}

/// What was given, short enough for a sentence.
fn shown(text: &str) -> String {
    const MOST: usize = 80;
    let short: String = text.chars().filter(|one| !one.is_control()).take(MOST).collect();
    match text.chars().count() {
        0 => "empty".to_owned(),
        count if count > MOST => format!("{short}…"),
        _ => short,
    }
}

/// Every pair of `OutputKey` and `OutputValue`, or of the same of parameters, wherever it stands; and plain `"Name": "value"`.
fn from_json(value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Array(list) => list.iter().for_each(|one| from_json(one, found)),
        Value::Object(map) => {
            for (key, value) in [("OutputKey", "OutputValue"), ("ParameterKey", "ParameterValue")] {
                if let (Some(key), Some(value)) = (map.get(key), map.get(value)) {
                    let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_owned();
                    found.push((text(key), text(value)));
                    return;
                }
            }
            for (key, one) in map {
                match one {
                    Value::String(text) => found.push((key.clone(), text.trim().to_owned())),
                    other => from_json(other, found),
                }
            }
        }
        _ => {}
    }
}

/// Words of lines and tables: after an output's name comes its value.
fn from_lines(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut words = text
        .split(|letter: char| letter.is_whitespace() || letter == '|')
        .map(|word| word.trim_matches(['"', '\'', ',', ';']))
        .filter(|word| !word.is_empty() && !is_label(word))
        .peekable();
    while let Some(word) = words.next() {
        let word = word.strip_prefix("ParameterKey=").unwrap_or(word);
        let Some((output, rest)) = OUTPUTS.iter().find_map(|output| {
            word.strip_prefix(output).map(|rest| (*output, rest.trim_start_matches(['"', '\''])))
        }) else {
            continue;
        };
        let value = match rest {
            "" | ":" | "=" => {
                let is_value = |next: &&str| !OUTPUTS.iter().any(|one| next.starts_with(one));
                let next = words.next_if(is_value).unwrap_or_default();
                match next {
                    "=" | ":" => words.next_if(is_value).unwrap_or_default(),
                    other => other,
                }
            }
            rest => match rest.strip_prefix([',', '=', ':']) {
                Some(value) => value.strip_prefix("ParameterValue=").unwrap_or(value),
                // A longer word that begins like an output.
                None => continue,
            },
        };
        found.push((output.to_owned(), value.trim_matches(['"', '\'']).to_owned()));
    }
    found
}

/// What stands before values where `aws --output yaml` or `table` wrote them.
fn is_label(word: &str) -> bool {
    ["OutputKey", "OutputValue", "-"].contains(&word.trim_end_matches(':'))
}

#[cfg(test)]
#[path = "outputs_tests.rs"]
mod tests;
