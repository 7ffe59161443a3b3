//! The template's text as a tree in which CloudFormation's short tags are written out.

use serde_norway::{
    Mapping, Value,
    value::{Tag, TaggedValue},
};

/// Why a text cannot be read as a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Neither YAML nor JSON; holds the parser's own words, with line and column.
    #[error("the text is neither valid YAML nor valid JSON: {0}")]
    Syntax(String),
    /// YAML or JSON, but not a CloudFormation template.
    #[error("the text has no Resources section, so it is not a CloudFormation template")]
    NotATemplate,
}

/// Reads YAML or JSON; `!Sub x` comes out as `{"Fn::Sub": x}`, whichever way it was written.
pub(crate) fn parse(body: &str) -> Result<Value, ReadError> {
    // JSON may be indented with tabs, which YAML forbids.
    let json = body.trim_start().starts_with('{').then(|| serde_json::from_str(body));
    let raw: Value = match json {
        Some(Ok(value)) => value,
        _ => serde_norway::from_str(body).map_err(|error| ReadError::Syntax(error.to_string()))?,
    };
    let root = plain(raw);
    match root.get("Resources") {
        Some(Value::Mapping(_)) => Ok(root),
        _ => Err(ReadError::NotATemplate),
    }
}

fn plain(value: Value) -> Value {
    match value {
        Value::Tagged(tagged) => written_out(*tagged),
        Value::Sequence(items) => Value::Sequence(items.into_iter().map(plain).collect()),
        Value::Mapping(fields) => Value::Mapping(
            fields
                .into_iter()
                .map(|(key, field)| (Value::String(scalar(&key)), plain(field)))
                .collect(),
        ),
        other => other,
    }
}

fn written_out(TaggedValue { tag, value }: TaggedValue) -> Value {
    let name = match tag {
        tag if tag == Tag::new("Ref") => "Ref".to_owned(),
        tag => format!("Fn::{}", tag.to_string().trim_start_matches('!')),
    };
    let field = (Value::String(name), plain(value));
    Value::Mapping(Mapping::from_iter([field]))
}

/// A scalar's text; anything else is empty.
pub(crate) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        _ => String::new(),
    }
}

/// An intrinsic function's name and argument.
pub(super) fn function(value: &Value) -> Option<(&str, &Value)> {
    let fields = value.as_mapping().filter(|fields| fields.len() == 1)?;
    let (name, argument) = fields.iter().next()?;
    let name = name.as_str()?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name, argument))
}

/// One of several values, and the template's conditions under which it is there.
#[derive(Debug, Clone)]
pub(super) struct Item<'v> {
    pub(super) value: &'v Value,
    pub(super) conditions: Vec<String>,
}

/// One value or a list of them, with both branches of every `Fn::If`: what could be is told.
pub(super) fn items(value: &Value) -> Vec<Item<'_>> {
    match (value, function(value)) {
        (Value::Null, _) => Vec::new(),
        (Value::Sequence(list), _) => list.iter().flat_map(items).collect(),
        (_, Some(("Fn::If", Value::Sequence(parts)))) if parts.len() == 3 => {
            let name = scalar(&parts[0]);
            let holds = format!("only where the template's condition {name} holds");
            let fails = format!("only where the template's condition {name} does not hold");
            [(&parts[1], holds), (&parts[2], fails)]
                .into_iter()
                .flat_map(|(branch, words)| under(branch, &words))
                .collect()
        }
        (_, Some(("Ref", Value::String(name)))) if name == "AWS::NoValue" => Vec::new(),
        _ => vec![Item { value, conditions: Vec::new() }],
    }
}

fn under<'v>(branch: &'v Value, words: &str) -> Vec<Item<'v>> {
    let mut found = items(branch);
    for item in &mut found {
        item.conditions.insert(0, words.to_owned());
    }
    found
}

/// The items below a key, none where the key is missing.
pub(super) fn items_at<'v>(value: &'v Value, key: &str) -> Vec<Item<'v>> {
    value.get(key).map(items).unwrap_or_default()
}

/// A mapping's fields in the order in which they are written.
pub(crate) fn fields(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let pair = |(key, field)| Some((Value::as_str(key)?, field));
    value.as_mapping().into_iter().flatten().filter_map(pair)
}
