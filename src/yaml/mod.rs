//! Floor 1: YAML files as trees that know where they were written.
//!
//! Scenarios and fixtures are read through this module, so that they agree on what a plain scalar means, on
//! limits, and on how mistakes are shown. [`parse()`] turns a file into [`Node`]s, [`decode`] has what decoders
//! need to report every mistake of a file at its place.
//! [`parse_with`] hands out the members of large sections as they are complete, so that the whole tree is never kept.
//!
//! The reading is the one of JSON: an unquoted `true`, `false`, `null`, `~` or JSON number is that value, nothing
//! at all is null, everything else is text (`yes`, `012`, `1_000`, `2024-01-01`). What other readers take for a
//! boolean or null (`True`, `NULL`) is refused, because nobody can tell what was meant; quotes always make text.

use std::ops::Range;

pub mod decode;
mod parse;
mod problem;

pub use parse::{parse, parse_with};

/// How much of a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A file may be this long, in bytes; less than 4 GiB.
    pub bytes: usize,
    /// A file may have this many nodes, those that aliases repeat included.
    pub nodes: usize,
}

impl Limits {
    /// What people write by hand: scenarios and the like.
    pub const SCENARIO: Limits = Limits { bytes: 1 << 20, nodes: 10_000 };
    /// Directories, which programs write too: 50,000 people with all that is known of them.
    pub const DIRECTORY: Limits = Limits { bytes: 64 << 20, nodes: 6_000_000 };
}

/// Collections may be nested this deep.
pub const MAX_DEPTH: usize = 64;

/// A byte range within the file.
pub type Span = Range<usize>;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it stands: a block from its first to its last character, nothing at all at the key or dash before it.
    pub span: Span,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number in the syntax of JSON.
    Number(serde_json::Number),
    /// Everything else that is not a collection.
    Text(String),
    /// A sequence.
    Seq(Vec<Node>),
    /// A mapping, in the order written; no key stands twice.
    Map(Vec<Entry>),
}

/// One member of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key, always text.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The value as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(flag) => (*flag).into(),
            Value::Number(number) => number.clone().into(),
            Value::Text(text) => text.as_str().into(),
            Value::Seq(items) => items.iter().map(Node::to_json).collect(),
            Value::Map(entries) => {
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect()
            }
        }
    }

    /// The value as JSON, without copying its text.
    pub fn into_json(self) -> serde_json::Value {
        match self.value {
            Value::Text(text) => text.into(),
            Value::Seq(items) => items.into_iter().map(Node::into_json).collect(),
            Value::Map(entries) => {
                entries.into_iter().map(|entry| (entry.key, entry.value.into_json())).collect()
            }
            _ => self.to_json(),
        }
    }

    /// The member with exactly that key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The members of a mapping; none of anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Seq(items) => items,
            _ => &[],
        }
    }

    /// The text, where it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, for messages: `a list`.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::Seq(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// Where a part of a text stands in the file. `part` is a byte range of the text; where the text is written
    /// with escapes or folded, the nearest that can be told is the same characters, or else the whole node.
    pub fn part_span(&self, file: &str, part: Range<usize>) -> Span {
        let (Some(text), Some(raw)) = (self.as_text(), file.get(self.span.clone())) else {
            return self.span.clone();
        };
        let quote = usize::from(raw.starts_with(['"', '\'']));
        if raw.get(quote..).is_some_and(|raw| raw.starts_with(text)) {
            let start = self.span.start + quote;
            return start + part.start..start + part.end;
        }
        match text
            .get(part)
            .filter(|part| !part.is_empty())
            .and_then(|part| Some((raw.find(part)?, part.len())))
        {
            Some((at, length)) => self.span.start + at..self.span.start + at + length,
            None => self.span.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
