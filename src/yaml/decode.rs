//! What decoders of YAML files share: collecting every mistake of a file, each at its own place.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::{Entry, Node, Span, Value};
use crate::diagnostic::{Diagnostic, SourceFile, nearest};

/// Where the mistakes of one file gather.
#[derive(Debug)]
pub struct Mistakes {
    /// The file.
    pub source: Arc<SourceFile>,
    /// What was found so far, in the order found.
    pub found: Vec<Diagnostic>,
}

/// The keys of one kind of map.
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    /// What the map is, for messages: `a step`.
    pub of: &'static str,
    /// The keys that it may have.
    pub known: &'static [&'static str],
}

impl Mistakes {
    /// None yet.
    pub fn new(source: &Arc<SourceFile>) -> Self {
        Self { source: Arc::clone(source), found: Vec::new() }
    }

    /// Notes an error at a place; the result can be given notes and help.
    pub fn add(
        &mut self,
        span: &Span,
        title: impl Into<String>,
        label: impl Into<String>,
    ) -> &mut Diagnostic {
        let index = self.found.len();
        self.found.push(Diagnostic::error(title).at(&self.source, span.clone(), label));
        &mut self.found[index]
    }

    /// Notes an error with what would be right.
    pub fn add_with_help(
        &mut self,
        span: &Span,
        title: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(span, title, label).help.push(help.into());
    }

    /// Notes that a value is not of the type that its place wants.
    pub fn wrong_type(&mut self, node: &Node, what: &str, wanted: &str) {
        let title = format!("{what} is {wanted}, not {}", node.kind());
        let label = format!("expected {wanted}");
        let help = match (&node.value, wanted) {
            (Value::Number(_) | Value::Bool(_), "text") => Some("put it into quotes".to_owned()),
            (Value::Null, "text") if self.source.text.get(node.span.clone()) == Some("null") => {
                Some("put it into quotes".to_owned())
            }
            (Value::Text(text), "`true` or `false`") => {
                boolean_word(text).map(|word| format!("write `{word}`"))
            }
            (Value::Text(text), _) if wanted.contains("number") && text.parse::<u64>().is_ok() => {
                Some(format!("write `{text}` without quotes"))
            }
            _ => None,
        };
        self.add(&node.span, title, label).help.extend(help);
    }

    /// The map's members, after noting every unknown key; `None`, noted, where it is no map. `elsewhere` are the
    /// keys of maps around and within this one: a key of theirs is probably indented wrongly.
    pub fn map<'n>(&mut self, node: &'n Node, keys: &Keys, elsewhere: &[&Keys]) -> Option<&'n [Entry]> {
        let Value::Map(entries) = &node.value else {
            self.wrong_type(node, keys.of, "a map");
            return None;
        };
        for entry in entries.iter().filter(|entry| !keys.known.contains(&entry.key.as_str())) {
            self.unknown_key(entry, keys, elsewhere);
        }
        Some(entries)
    }

    /// Notes a key that the map does not have.
    pub fn unknown_key(&mut self, entry: &Entry, keys: &Keys, elsewhere: &[&Keys]) {
        let key = entry.key.as_str();
        let other = elsewhere.iter().find(|other| other.known.contains(&key));
        let near = nearest(key, keys.known.iter().copied());
        let known = keys.known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let title = format!("unknown key `{key}` in {}", keys.of);
        let mistake = self.add(&entry.key_span, title, format!("not a key of {}", keys.of));
        match (other, near) {
            (Some(other), _) => {
                mistake
                    .help
                    .push(format!("`{key}` is a key of {}: is it indented as it should be?", other.of));
            }
            (None, Some(near)) => mistake.help.push(format!("did you mean `{near}`?")),
            (None, None) => mistake.notes.push(format!("the keys of {} are {known}", keys.of)),
        }
    }

    /// The value of a key that the map must have; noted where it has not.
    pub fn required<'n>(
        &mut self,
        node: &Node,
        entries: &'n [Entry],
        key: &str,
        of: &str,
        help: &str,
    ) -> Option<&'n Node> {
        let found = field(entries, key);
        if found.is_none() {
            let span = entries.first().map_or(node.span.clone(), |entry| entry.key_span.clone());
            self.add_with_help(&span, format!("{of} has no `{key}`"), format!("`{key}` is missing"), help);
        }
        found
    }

    /// The text of a node; noted where it is none.
    pub fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        if node.as_text().is_none() {
            self.wrong_type(node, what, "text");
        }
        node.as_text()
    }

    /// A text of one line that is not blank; noted where it is something else.
    pub fn line<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        let text = self.text(node, what)?.trim();
        if text.is_empty() {
            self.add(&node.span, format!("{what} is empty"), "one line of text is expected");
            return None;
        }
        if text.contains(['\n', '\r']) {
            self.add(&node.span, format!("{what} is one line of text"), "not one line");
            return None;
        }
        Some(text)
    }

    /// The elements of a list; noted where it is none.
    pub fn list<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::Seq(items) => Some(items),
            _ => {
                self.wrong_type(node, what, "a list");
                None
            }
        }
    }

    /// A whole number of a range; noted where it is something else.
    pub fn integer(&mut self, node: &Node, what: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let number = match &node.value {
            Value::Number(number) => number.as_u64(),
            _ => None,
        };
        let fitting = number.filter(|number| range.contains(number));
        if fitting.is_none() {
            let wanted = format!("a whole number from {} to {}", range.start(), range.end());
            match node.value {
                Value::Number(_) => {
                    self.add(&node.span, format!("{what} is {wanted}"), "out of range");
                }
                _ => self.wrong_type(node, what, &wanted),
            }
        }
        fitting
    }

    /// A boolean; noted where it is something else.
    pub fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match node.value {
            Value::Bool(flag) => Some(flag),
            _ => {
                self.wrong_type(node, what, "`true` or `false`");
                None
            }
        }
    }

    /// One of several words; noted, with the nearest, where it is something else.
    pub fn word<T: Copy>(&mut self, node: &Node, what: &str, known: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(node, what)?;
        let found = known.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let words = known.iter().map(|(word, _)| *word);
            let near = nearest(text, words.clone());
            let all = words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
            let mistake = self.add(&node.span, format!("`{text}` is not {what}"), "not known");
            mistake.notes.push(format!("known are {all}"));
            mistake.help.extend(near.map(|near| format!("did you mean `{near}`?")));
        }
        found
    }

    /// The decoded value where there was no mistake.
    ///
    /// # Errors
    /// The mistakes, in the order of the file.
    pub fn finish<T: fmt::Debug>(mut self, value: Option<T>) -> Result<T, Vec<Diagnostic>> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => {
                self.found.sort_by_key(|mistake| mistake.labels.first().map(|label| label.span.start));
                Err(self.found)
            }
        }
    }
}

/// The value of a key in a map's members.
pub fn field<'n>(entries: &'n [Entry], key: &str) -> Option<&'n Node> {
    entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
}

/// The boolean that a word of other languages stands for.
fn boolean_word(text: &str) -> Option<&'static str> {
    match text.to_lowercase().as_str() {
        "true" | "yes" | "on" => Some("true"),
        "false" | "no" | "off" => Some("false"),
        _ => None,
    }
}
