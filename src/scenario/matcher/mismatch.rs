//! Where and how an answer is not as expected.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, SourceFile};
use crate::protocol::error::shortened;
use crate::yaml::Span;

/// One thing in which an answer is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The expectation in the scenario file.
    pub span: Span,
    /// What part of the answer it is about.
    pub place: Place,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// What the author may have meant.
    pub help: Option<&'static str>,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The status code.
    Status,
    /// A header field.
    Header(String),
    /// The whole body, or the member with this JSON Pointer.
    Body(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Status => f.write_str("the status"),
            Place::Header(name) => write!(f, "the header `{name}`"),
            Place::Body(pointer) if pointer.is_empty() => f.write_str("the body"),
            Place::Body(pointer) => write!(f, "`{pointer}` in the body"),
        }
    }
}

impl Place {
    /// The place of a member or element.
    pub(super) fn member(&self, name: &str) -> Place {
        match self {
            Place::Body(pointer) => {
                Place::Body(format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")))
            }
            other => other.clone(),
        }
    }
}

impl Mismatch {
    /// As a diagnostic at the expectation; `answer` names the answer it was compared with.
    pub fn diagnostic(&self, source: &Arc<SourceFile>, answer: &str) -> Diagnostic {
        let title = format!("{}: expected {}, found {}", self.place, self.expected, self.found);
        let mut diagnostic = Diagnostic::error(title)
            .at(source, self.span.clone(), format!("expected {}", self.expected))
            .with_note(format!("in {answer}"));
        diagnostic.help.extend(self.help.map(str::to_owned));
        diagnostic
    }
}

/// A value for messages: JSON on one line, cut where it is long.
pub(in crate::scenario) fn shown(value: &Value) -> String {
    format!("`{}`", cut(&value.to_string()))
}

/// Text for messages, cut where it is long.
pub(in crate::scenario) fn cut(text: &str) -> String {
    shortened(text, LONG).into_owned()
}

/// Values in messages are cut behind so many characters.
const LONG: usize = 120;
