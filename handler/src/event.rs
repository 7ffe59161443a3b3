//! The envelope of a CloudFormation event, read before anything can fail.

use serde_json::{Map, Value};

use crate::respond::ResponseUrl;

/// What every answer repeats, and what the work needs.
#[derive(Debug)]
pub struct Event {
    /// Where the answer goes.
    pub response_url: ResponseUrl,
    /// The stack's ARN.
    pub stack_id: String,
    /// This request; the same on every redelivery.
    pub request_id: String,
    /// The resource's name in the template.
    pub logical_id: String,
    /// What CloudFormation asks for; `None` if it is none of the three.
    pub request: Option<RequestType>,
    /// What CloudFormation calls the resource; absent on Create.
    pub physical_id: Option<String>,
    /// The properties as they came; scalars are strings.
    pub properties: Map<String, Value>,
}

/// What CloudFormation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestType {
    /// Make it.
    Create,
    /// Change it in place.
    Update,
    /// Put everything back.
    Delete,
}

impl RequestType {
    /// CloudFormation's own word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Delete => "Delete",
        }
    }
}

/// Reads the envelope. Only an event without a usable `ResponseURL` is an error: nobody can be
/// answered then. Everything else that is missing becomes an answer that says so.
pub fn parse(raw: &Value) -> Result<Event, &'static str> {
    let text = |key: &str| raw.get(key).and_then(Value::as_str).map(str::to_owned);
    let response_url = text("ResponseURL").ok_or("the event has no ResponseURL")?;
    Ok(Event {
        response_url: ResponseUrl::new(response_url),
        stack_id: text("StackId").unwrap_or_default(),
        request_id: text("RequestId").unwrap_or_default(),
        logical_id: text("LogicalResourceId").unwrap_or_default(),
        request: match raw.get("RequestType").and_then(Value::as_str) {
            Some("Create") => Some(RequestType::Create),
            Some("Update") => Some(RequestType::Update),
            Some("Delete") => Some(RequestType::Delete),
            _ => None,
        },
        physical_id: text("PhysicalResourceId"),
        properties: raw
            .get("ResourceProperties")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_that_lacks_everything_but_the_url_can_still_be_answered() {
        let event = parse(&json!({"ResponseURL": "https://x.test/"})).unwrap();
        assert_eq!(event.request, None);
        assert_eq!(event.stack_id, "");
        assert!(event.properties.is_empty());
    }

    #[test]
    fn without_a_url_nobody_can_be_answered() {
        for raw in [json!({}), json!([]), json!("x"), json!({"ResponseURL": 7})] {
            assert!(parse(&raw).is_err());
        }
    }

    #[test]
    fn properties_of_the_wrong_shape_count_as_none() {
        let event = parse(&json!({"ResponseURL": "u", "ResourceProperties": ["x"]})).unwrap();
        assert!(event.properties.is_empty());
    }
}
