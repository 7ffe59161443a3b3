//! Reads a template as CloudFormation does: parameters in, resolved values out.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::iam::Policy;

/// A template with the parameters and pseudo parameters of one stack.
#[derive(Debug, Clone)]
pub struct Template {
    document: Value,
    values: BTreeMap<String, Value>,
}

impl Template {
    /// Reads the text and takes the parameters' values, or their defaults.
    pub fn new(text: &str, stack_id: &str, parameters: &[(&str, &str)]) -> Result<Self> {
        let document = plain(serde_norway::from_str(text)?)?;
        let parts: Vec<&str> = stack_id.split(':').collect();
        let [_, partition, _, region, account, resource] = parts.as_slice() else {
            bail!("not the ARN of a stack: {stack_id}")
        };
        let mut values = BTreeMap::from([
            ("AWS::Partition".to_owned(), json!(partition)),
            ("AWS::Region".to_owned(), json!(region)),
            ("AWS::AccountId".to_owned(), json!(account)),
            ("AWS::StackId".to_owned(), json!(stack_id)),
            ("AWS::StackName".to_owned(), json!(resource.split('/').nth(1))),
        ]);
        for (name, declared) in document["Parameters"].as_object().into_iter().flatten() {
            let given =
                parameters.iter().find(|(key, _)| key == name).map(|(_, value)| json!(value));
            let value = given.or_else(|| declared.get("Default").cloned());
            let value = value.with_context(|| format!("parameter {name} has no value"))?;
            let value = match (&declared["Type"], &value) {
                (Value::String(kind), Value::String(text)) if kind == "CommaDelimitedList" => {
                    json!(text.split(',').map(str::trim).collect::<Vec<_>>())
                }
                _ => value,
            };
            values.insert(name.clone(), value);
        }
        Ok(Self { document, values })
    }

    /// The whole template, functions written out.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// A resource's properties as its handler gets them: every scalar is text.
    pub fn properties(&self, logical_id: &str) -> Result<Map<String, Value>> {
        let raw = &self.document["Resources"][logical_id]["Properties"];
        let resolved = stringified(self.resolve(raw)?);
        resolved.as_object().cloned().with_context(|| format!("{logical_id} has no properties"))
    }

    /// The inline policy of a role.
    pub fn role_policy(&self, logical_id: &str) -> Result<Policy> {
        let raw = &self.document["Resources"][logical_id]["Properties"]["Policies"][0];
        let statements = self.resolve(&raw["PolicyDocument"]["Statement"])?;
        Ok(Policy { statements: statements.as_array().cloned().context("no statements")? })
    }

    fn resolve(&self, value: &Value) -> Result<Value> {
        match value {
            Value::Array(items) => items.iter().map(|item| self.resolve(item)).collect(),
            Value::Object(fields) => match fields.iter().next() {
                Some((name, argument)) if fields.len() == 1 && is_function(name) => {
                    self.call(name, argument)
                }
                _ => fields
                    .iter()
                    .map(|(name, field)| Ok((name.clone(), self.resolve(field)?)))
                    .collect::<Result<Map<_, _>>>()
                    .map(Value::Object),
            },
            scalar => Ok(scalar.clone()),
        }
    }

    fn call(&self, function: &str, argument: &Value) -> Result<Value> {
        let list = || argument.as_array().with_context(|| format!("{function} takes a list"));
        match function {
            "Ref" => self.reference(argument.as_str().unwrap_or_default()),
            "Fn::GetAtt" => Ok(json!(format!("attribute:{argument}"))),
            "Fn::Sub" => self.substitute(argument),
            "Fn::Select" => {
                let index =
                    list()?[0].as_u64().and_then(|n| usize::try_from(n).ok()).context("index")?;
                Ok(self.resolve(&list()?[1])?[index].clone())
            }
            "Fn::Split" => {
                let by = list()?[0].as_str().unwrap_or_default();
                let text = self.resolve(&list()?[1])?;
                Ok(json!(text.as_str().unwrap_or_default().split(by).collect::<Vec<_>>()))
            }
            "Fn::FindInMap" => {
                let path =
                    list()?.iter().map(|key| self.resolve(key)).collect::<Result<Vec<_>>>()?;
                let mut found = &self.document["Mappings"];
                for key in &path {
                    found = &found[key.as_str().unwrap_or_default()];
                }
                anyhow::ensure!(!found.is_null(), "no mapping {path:?}");
                Ok(found.clone())
            }
            other => bail!("the harness does not know {other}"),
        }
    }

    fn reference(&self, name: &str) -> Result<Value> {
        if let Some(value) = self.values.get(name) {
            return Ok(value.clone());
        }
        let known = self.document["Resources"].get(name).is_some();
        if known {
            Ok(json!(format!("reference:{name}")))
        } else {
            bail!("nothing is called {name}")
        }
    }

    fn substitute(&self, argument: &Value) -> Result<Value> {
        let (text, own) = match argument {
            Value::Array(pair) => (pair[0].as_str(), self.resolve(&pair[1])?),
            text => (text.as_str(), json!({})),
        };
        let mut result = String::new();
        let mut rest = text.context("Fn::Sub takes text")?;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').context("an open ${")?;
            let value = match own.get(name) {
                Some(value) => value.clone(),
                None => self.reference(name)?,
            };
            result.push_str(before);
            result.push_str(value.as_str().unwrap_or_default());
            rest = after;
        }
        result.push_str(rest);
        Ok(json!(result))
    }
}

fn is_function(name: &str) -> bool {
    name == "Ref" || name.starts_with("Fn::")
}

/// CloudFormation hands numbers and booleans to custom resources as text.
fn stringified(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::String(number.to_string()),
        Value::Bool(truth) => Value::String(truth.to_string()),
        Value::Array(items) => items.into_iter().map(stringified).collect(),
        Value::Object(fields) => Value::Object(
            fields.into_iter().map(|(name, field)| (name, stringified(field))).collect(),
        ),
        other => other,
    }
}

/// YAML with CloudFormation's short tags as plain JSON: `!Sub x` becomes `{"Fn::Sub": x}`.
fn plain(value: serde_norway::Value) -> Result<Value> {
    Ok(match value {
        serde_norway::Value::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let tag = tag.trim_start_matches('!');
            let name = if tag == "Ref" { tag.to_owned() } else { format!("Fn::{tag}") };
            json!({ name: plain(tagged.value)? })
        }
        serde_norway::Value::Sequence(items) => {
            Value::Array(items.into_iter().map(plain).collect::<Result<_>>()?)
        }
        serde_norway::Value::Mapping(fields) => {
            let pair = |(key, field): (serde_norway::Value, serde_norway::Value)| {
                Ok((key.as_str().context("a key that is not text")?.to_owned(), plain(field)?))
            };
            Value::Object(fields.into_iter().map(pair).collect::<Result<_>>()?)
        }
        scalar => serde_json::to_value(scalar)?,
    })
}
