//! Which parameters a template declares, and which values they take.
//!
//! CloudFormation checks the values only when somebody presses *Create stack*, and its console
//! silently drops what the template does not declare. So both are checked here, before a link goes
//! out.

use regex_lite::Regex;
use serde::Deserialize;
use serde_norway::Value;

/// CloudFormation takes at most this many bytes for the value of one parameter.
pub const MAX_VALUE_BYTES: usize = 4_096;

/// A parameter as a template's `Parameters` section declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// The name, case-sensitive.
    pub name: String,
    /// What the value is read as.
    pub kind: Kind,
    /// Hidden when the stack is described. A quick-create link cannot fill in such a parameter.
    pub no_echo: bool,
    /// What CloudFormation takes if nobody gives a value.
    pub default: Option<String>,
    /// A regular expression for the whole value, or for each entry of a list.
    pub allowed_pattern: Option<Pattern>,
    /// The only values there are; empty if there is no such list.
    pub allowed_values: Vec<String>,
    /// The least number of characters.
    pub min_length: Option<usize>,
    /// The largest number of characters.
    pub max_length: Option<usize>,
    /// The least number.
    pub min_value: Option<f64>,
    /// The largest number.
    pub max_value: Option<f64>,
    /// What the template says about it; may be empty.
    pub description: String,
    /// How the template puts what a value must be ("must be …"); may be empty.
    pub constraint_description: String,
}

/// An `AllowedPattern`, read once: values are checked at every page that shows a link.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    /// For a whole value, as CloudFormation applies it.
    whole: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Pattern {
    /// Reads a pattern as it stands in a template.
    fn new(text: String) -> Result<Self, regex_lite::Error> {
        // By itself too: `a)(b` becomes valid only by what is put around it.
        Regex::new(&text)?;
        let whole = Regex::new(&format!(r"\A(?:{text})\z"))?;
        Ok(Self { text, whole })
    }
}

/// A parameter's `Type`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    String,
    /// A whole or decimal number.
    Number,
    /// Texts with commas between them.
    CommaDelimitedList,
    /// Numbers with commas between them.
    NumberList,
    /// One of the types that stand for things of AWS, such as `AWS::EC2::VPC::Id`, as it is written.
    Other(String),
}

/// Why a template's parameters could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The text is no document.
    #[error("The template cannot be read as YAML or JSON: {0}. Correct the template there.")]
    Text(String),
    /// Something else stands where names are expected.
    #[error("{0} of the template does not hold names with values. Correct the template there.")]
    Section(&'static str),
    /// One parameter is not as CloudFormation wants it.
    #[error(
        "Parameter {name} of the template cannot be used: {problem}. Correct the template there."
    )]
    Parameter {
        /// Which.
        name: String,
        /// What is the matter with it.
        problem: String,
    },
}

/// The parameters that a template text declares, YAML or JSON, in the order in which they stand.
///
/// Functions elsewhere in the template, such as `!Sub`, do not matter. A template without parameters
/// is fine.
pub fn parameters(body: &str) -> Result<Vec<Declared>, ReadError> {
    let document = read(body)?;
    let document = document.as_mapping().ok_or(ReadError::Section("The top level"))?;
    let section = match document.get("Parameters") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(section) => section.as_mapping(),
    };
    let section = section.ok_or(ReadError::Section("The section Parameters"))?;
    section.iter().map(|(name, raw)| declared(name, raw)).collect()
}

/// JSON is tried by its own rules first: not all of it is YAML (tabs are not).
pub(crate) fn read(body: &str) -> Result<Value, ReadError> {
    if body.trim_start().starts_with('{')
        && let Ok(document) = serde_json::from_str(body)
    {
        return Ok(document);
    }
    serde_norway::from_str(body).map_err(|error| ReadError::Text(error.to_string()))
}

/// The attributes of a parameter, as loosely typed as CloudFormation takes them: `1` and `"1"` are
/// the same to it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(default)]
    no_echo: Value,
    #[serde(default)]
    default: Value,
    #[serde(default)]
    allowed_pattern: Value,
    #[serde(default)]
    allowed_values: Vec<Value>,
    #[serde(default)]
    min_length: Value,
    #[serde(default)]
    max_length: Value,
    #[serde(default)]
    min_value: Value,
    #[serde(default)]
    max_value: Value,
    #[serde(default)]
    description: Value,
    #[serde(default)]
    constraint_description: Value,
}

fn declared(name: &Value, raw: &Value) -> Result<Declared, ReadError> {
    let name = text(name).ok_or(ReadError::Section("The section Parameters"))?;
    let problem = |problem: String| ReadError::Parameter { name: name.clone(), problem };
    let raw: Raw =
        serde_norway::from_value(raw.clone()).map_err(|error| problem(error.to_string()))?;
    let allowed_pattern = text(&raw.allowed_pattern).map(Pattern::new).transpose();
    let allowed_pattern = allowed_pattern
        .map_err(|error| problem(format!("its AllowedPattern cannot be checked ({error})")))?;
    Ok(Declared {
        kind: Kind::named(raw.kind),
        no_echo: text(&raw.no_echo).is_some_and(|truth| truth.eq_ignore_ascii_case("true")),
        default: text(&raw.default),
        allowed_pattern,
        allowed_values: raw.allowed_values.iter().filter_map(text).collect(),
        min_length: number("MinLength", &raw.min_length).map_err(problem)?,
        max_length: number("MaxLength", &raw.max_length).map_err(problem)?,
        min_value: number("MinValue", &raw.min_value).map_err(problem)?,
        max_value: number("MaxValue", &raw.max_value).map_err(problem)?,
        description: text(&raw.description).unwrap_or_default(),
        constraint_description: text(&raw.constraint_description).unwrap_or_default(),
        name,
    })
}

/// A scalar as text; `None` for anything else, and for nothing at all.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn number<T: std::str::FromStr>(attribute: &str, value: &Value) -> Result<Option<T>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let number = text(value).and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| format!("its {attribute} is not a number that fits"))
}

impl Kind {
    fn named(name: String) -> Self {
        match name.as_str() {
            "String" => Self::String,
            "Number" => Self::Number,
            "CommaDelimitedList" => Self::CommaDelimitedList,
            "List<Number>" => Self::NumberList,
            _ => Self::Other(name),
        }
    }

    /// As templates write it.
    pub fn name(&self) -> &str {
        match self {
            Self::String => "String",
            Self::Number => "Number",
            Self::CommaDelimitedList => "CommaDelimitedList",
            Self::NumberList => "List<Number>",
            Self::Other(name) => name,
        }
    }

    fn is_list(&self) -> bool {
        match self {
            Self::CommaDelimitedList | Self::NumberList => true,
            Self::String | Self::Number => false,
            Self::Other(name) => name.starts_with("List<") || name.contains("<List<"),
        }
    }

    fn is_number(&self) -> bool {
        matches!(self, Self::Number | Self::NumberList)
    }
}

impl Declared {
    /// Whether CloudFormation will take the value; if not, what it must be, in words that follow a
    /// name ("must be …"). The value itself is not repeated: it may be a token.
    ///
    /// A list is checked entry by entry, spaces around them taken away, as AWS documents it for
    /// `AllowedPattern` and `AllowedValues`.
    pub fn check(&self, value: &str) -> Result<(), String> {
        if value.len() > MAX_VALUE_BYTES {
            let length = value.len();
            return Err(format!(
                "must be at most {MAX_VALUE_BYTES} bytes long, which is all that CloudFormation \
                 takes; it has {length}"
            ));
        }
        if !self.kind.is_list() {
            return self.check_entry(value);
        }
        for (index, entry) in value.split(',').enumerate() {
            self.check_entry(entry.trim_matches(' '))
                .map_err(|reason| format!("{reason} (entry {} of the list)", index + 1))?;
        }
        Ok(())
    }

    fn check_entry(&self, entry: &str) -> Result<(), String> {
        if let Some(pattern) = &self.allowed_pattern
            && !pattern.whole.is_match(entry)
        {
            return Err(self.must(|| format!("must be of the form {}", pattern.text)));
        }
        if !self.allowed_values.is_empty() && !self.allowed_values.iter().any(|one| one == entry) {
            return Err(self.must(|| format!("must be one of {}", self.allowed_values.join(", "))));
        }
        let length = entry.chars().count();
        if let Some(least) = self.min_length.filter(|least| length < *least) {
            return Err(self.must(|| format!("must be at least {least} characters long")));
        }
        if let Some(most) = self.max_length.filter(|most| length > *most) {
            return Err(self.must(|| format!("must be at most {most} characters long")));
        }
        if self.kind.is_number() { self.check_number(entry) } else { Ok(()) }
    }

    fn check_number(&self, entry: &str) -> Result<(), String> {
        let number = entry.parse::<f64>().ok().filter(|number| number.is_finite());
        let Some(number) = number else {
            return Err(self.must(|| "must be a number".to_owned()));
        };
        if let Some(least) = self.min_value.filter(|least| number < *least) {
            return Err(self.must(|| format!("must be {least} or more")));
        }
        if let Some(most) = self.max_value.filter(|most| number > *most) {
            return Err(self.must(|| format!("must be {most} or less")));
        }
        Ok(())
    }

    /// The template's own words if it has any, else these.
    fn must(&self, otherwise: impl FnOnce() -> String) -> String {
        let own = self.constraint_description.trim().trim_end_matches('.');
        if own.is_empty() { otherwise() } else { own.to_owned() }
    }
}

#[cfg(test)]
#[path = "declared_tests.rs"]
mod tests;
