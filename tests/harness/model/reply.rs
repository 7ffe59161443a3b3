//! What AWS writes back: XML, as each service does it.

use crate::wire::{self, escape};

/// An answer of AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Headers that mean something.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// It worked, and there is nothing to say.
    pub fn nothing() -> Self {
        Self { status: 200, ..Self::default() }
    }

    /// It worked, with this body.
    pub fn of(body: String) -> Self {
        Self { status: 200, body, headers: Vec::new() }
    }

    /// It did not work.
    pub fn error(service: &str, status: u16, code: &str, message: &str) -> Self {
        Self { status, body: wire::error_body(service, code, message), headers: Vec::new() }
    }

    /// Whether it worked.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The result of an operation of the query protocol.
    pub fn result(operation: &str, inner: &str) -> Self {
        Self::of(format!(
            "<{operation}Response><{operation}Result>{inner}</{operation}Result>\
             <ResponseMetadata><RequestId>m</RequestId></ResponseMetadata></{operation}Response>"
        ))
    }
}

/// An element with text.
pub fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// Elements `<member>` with what is in each.
pub fn members(inner: impl Iterator<Item = String>) -> String {
    inner.fold(String::new(), |all, one| all + "<member>" + &one + "</member>")
}

/// A pair of elements, as tags and attributes are written.
pub fn pair(names: (&str, &str), (key, value): (&str, &str)) -> String {
    element(names.0, key) + &element(names.1, value)
}
