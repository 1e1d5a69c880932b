//! Text with variables in it: `{{ name.member.0 }}`.
//!
//! A path names a variable and walks into it: member names and list indexes, separated by dots. A member whose
//! name has other characters than letters, digits, `_`, `$` and `-` stands in single quotes:
//! `{{ ada.'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'.department }}`. A quoted text alone stands
//! for itself, so that `{{ '{{' }}` prints two braces.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::diagnostic::{Diagnostic, SourceFile, nearest};
use crate::yaml::{Node, Span};

/// Text with variables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable(Reference),
}

/// The use of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Name of the variable, then members and indexes; never empty.
    pub path: Vec<String>,
    /// Where it stands, braces included: within the text when parsed from text, within the file after
    /// [`Template::located`].
    pub span: Span,
}

/// Text that is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct TemplateError {
    /// Byte range of the mistake within the text.
    pub at: Range<usize>,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub help: Option<&'static str>,
}

/// A variable, or a member of one, that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{title}")]
pub struct Undefined {
    /// What is missing.
    pub title: String,
    /// Where it is used.
    pub span: Span,
    /// The nearest name that does exist.
    pub nearest: Option<String>,
    /// The names that exist, where they are few and none is near.
    pub known: Vec<String>,
}

/// A piece of rendered text: whether the author wrote it or a variable brought it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'t> {
    /// As written.
    Literal(&'t str),
    /// The printed value of a variable.
    Value(String),
}

const ESCAPE_HELP: &str = "`{{ '{{' }}` prints two braces";

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`] with the place of the first mistake.
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        let mut template = Template::default();
        let mut at = 0;
        while let Some(open) = text[at..].find("{{").map(|open| at + open) {
            template.push_literal(&text[at..open]);
            let (inside, end) = expression(text, open)?;
            match inside {
                Expression::Quoted(literal) => template.push_literal(literal),
                Expression::Path(path) => {
                    template.parts.push(Part::Variable(Reference { path, span: open..end }));
                }
            }
            at = end;
        }
        template.push_literal(&text[at..]);
        Ok(template)
    }

    /// Reads the text of a YAML node; places are within the file.
    ///
    /// # Errors
    /// [`TemplateError`] whose place is within the file.
    pub fn located(node: &Node, text: &str, file: &str) -> Result<Template, TemplateError> {
        let offset = node.as_text().and_then(|whole| whole.find(text)).unwrap_or(0);
        let place = |at: &Range<usize>| node.part_span(file, offset + at.start..offset + at.end);
        let mut template =
            Template::parse(text).map_err(|error| TemplateError { at: place(&error.at), ..error })?;
        for reference in template.parts.iter_mut().filter_map(Part::variable_mut) {
            reference.span = place(&reference.span);
        }
        Ok(template)
    }

    /// Text without variables.
    pub fn literal(text: impl Into<String>) -> Template {
        let mut template = Template::default();
        template.push_literal(&text.into());
        template
    }

    fn push_literal(&mut self, text: &str) {
        match self.parts.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Literal(before)) => before.push_str(text),
            _ => self.parts.push(Part::Literal(text.to_owned())),
        }
    }

    /// The variables that it uses.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Variable(reference) => Some(reference),
        })
    }

    /// The text, where no variable is in it.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The variable, where the text is nothing but one.
    pub fn as_reference(&self) -> Option<&Reference> {
        match self.parts.as_slice() {
            [Part::Variable(reference)] => Some(reference),
            _ => None,
        }
    }

    /// The text with the same text in place of every variable.
    pub(super) fn literals_with(&self, stand_in: &str) -> String {
        let texts = self.parts.iter().map(|part| match part {
            Part::Literal(text) => text.as_str(),
            Part::Variable(_) => stand_in,
        });
        texts.collect()
    }

    /// The pieces of the text, variables printed.
    ///
    /// # Errors
    /// The first variable that does not exist.
    pub fn pieces(&self, variables: &Variables) -> Result<Vec<Piece<'_>>, Undefined> {
        let pieces = self.parts.iter().map(|part| match part {
            Part::Literal(text) => Ok(Piece::Literal(text.as_str())),
            Part::Variable(reference) => variables.get(reference).map(|value| Piece::Value(printed(value))),
        });
        pieces.collect()
    }

    /// The text, variables printed: text as it is, everything else as JSON.
    ///
    /// # Errors
    /// The first variable that does not exist.
    pub fn text(&self, variables: &Variables) -> Result<String, Undefined> {
        let pieces = self.pieces(variables)?;
        Ok(pieces.iter().map(Piece::text).collect())
    }

    /// The value: of the variable, where the text is nothing but one; the text otherwise.
    ///
    /// # Errors
    /// The first variable that does not exist.
    pub fn value(&self, variables: &Variables) -> Result<Value, Undefined> {
        match self.as_reference() {
            Some(reference) => variables.get(reference).cloned(),
            None => self.text(variables).map(Value::String),
        }
    }
}

impl Part {
    fn variable_mut(&mut self) -> Option<&mut Reference> {
        match self {
            Part::Literal(_) => None,
            Part::Variable(reference) => Some(reference),
        }
    }
}

impl Piece<'_> {
    /// The text of the piece.
    pub fn text(&self) -> &str {
        match self {
            Piece::Literal(text) => text,
            Piece::Value(text) => text,
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Variable(reference) => write!(f, "{{{{ {reference} }}}}")?,
                Part::Literal(text) => {
                    let escaped = text.replace("{{", "{{ '{{' }}");
                    // A brace before a variable would join its braces.
                    match escaped.strip_suffix('{') {
                        Some(before) if index + 1 < self.parts.len() => write!(f, "{before}{{{{ '{{' }}}}")?,
                        _ => f.write_str(&escaped)?,
                    }
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&path_text(&self.path))
    }
}

/// A path as it is written.
fn path_text(path: &[String]) -> String {
    let segment = |segment: &String| match !segment.is_empty() && segment.bytes().all(is_bare) {
        true => segment.clone(),
        false => format!("'{segment}'"),
    };
    path.iter().map(segment).collect::<Vec<_>>().join(".")
}

fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'-')
}

/// Whether `text` can be the name of a variable: a letter or `_`, then letters, digits, `_` and `-`.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|byte| is_bare(byte) && byte != b'$')
}

enum Expression<'t> {
    Quoted(&'t str),
    Path(Vec<String>),
}

/// Reads from the `{{` at `open` to its `}}`; returns the offset behind it.
fn expression(text: &str, open: usize) -> Result<(Expression<'_>, usize), TemplateError> {
    let wrong = |at: Range<usize>, problem: &str| TemplateError {
        at,
        problem: problem.into(),
        help: Some(ESCAPE_HELP),
    };
    let mut rest = text[open + 2..].trim_start();
    let place = |rest: &str| text.len() - rest.len();
    let mut path = Vec::new();
    let mut quoted = None;
    loop {
        if let Some(content) = rest.strip_prefix('\'') {
            let end = content
                .find('\'')
                .ok_or_else(|| wrong(place(rest)..place(rest) + 1, "the quote `'` is never closed"))?;
            quoted = (path.is_empty()).then_some(&content[..end]);
            path.push(content[..end].to_owned());
            rest = &content[end + 1..];
        } else {
            let length = rest.bytes().take_while(|byte| is_bare(*byte)).count();
            if length == 0 {
                let at = place(rest);
                return Err(match rest.chars().next() {
                    None => wrong(open..open + 2, "`{{` is never closed with `}}`"),
                    Some(found) => wrong(at..at + found.len_utf8(), "the name of a variable is missing here"),
                });
            }
            path.push(rest[..length].to_owned());
            rest = &rest[length..];
        }
        let spaced = rest.trim_start();
        if let Some(after) = spaced.strip_prefix("}}") {
            return match quoted {
                Some(literal) if path.len() == 1 => Ok((Expression::Quoted(literal), place(after))),
                Some(_) => Err(wrong(open + 2..place(spaced), "a variable has a name without quotes")),
                None if !is_name(&path[0]) => {
                    Err(wrong(open + 2..place(spaced), "the name of a variable begins with a letter"))
                }
                None => Ok((Expression::Path(path), place(after))),
            };
        }
        rest = rest.strip_prefix('.').ok_or_else(|| match spaced.chars().next() {
            None => wrong(open..open + 2, "`{{` is never closed with `}}`"),
            Some(found) => {
                let at = place(spaced);
                wrong(at..at + found.len_utf8(), &format!("`{found}` cannot stand in the name of a variable"))
            }
        })?;
    }
}

/// A value inside text.
fn printed(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The variables of a run, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Variables(Map<String, Value>);

impl Variables {
    /// These and no others.
    pub fn new(values: Map<String, Value>) -> Self {
        Self(values)
    }

    /// Defines a variable, or gives it a new value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    /// Sets a member of a variable that is an object; one that is not there becomes one.
    pub fn set_member(&mut self, name: &str, member: &str, value: impl Into<Value>) {
        let variable = self.0.entry(name).or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(members) = variable {
            members.insert(member.to_owned(), value.into());
        }
    }

    /// Forgets a variable.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// What a reference names.
    ///
    /// # Errors
    /// [`Undefined`] where the variable, or a member on the way, does not exist.
    pub fn get(&self, reference: &Reference) -> Result<&Value, Undefined> {
        let path = &reference.path;
        let (name, members) = path.split_first().unwrap_or((const { &String::new() }, &[]));
        let missing = |title, known: Vec<&str>, segment| undefined(title, reference, known, segment);
        let mut value = self.0.get(name).ok_or_else(|| {
            missing(
                format!("the variable `{name}` is not defined"),
                self.0.keys().map(String::as_str).collect(),
                name,
            )
        })?;
        for (depth, segment) in members.iter().enumerate() {
            let next = match value {
                Value::Object(object) => object.get(segment),
                Value::Array(list) => segment.parse::<usize>().ok().and_then(|index| list.get(index)),
                _ => None,
            };
            value = next.ok_or_else(|| {
                let whole = path_text(&path[..=depth]);
                match value {
                    Value::Object(object) => {
                        let known = object.keys().map(String::as_str).collect();
                        missing(format!("`{whole}` has no member `{segment}`"), known, segment)
                    }
                    Value::Array(list) => {
                        let title = format!("`{whole}` is a list of {}, it has no `{segment}`", list.len());
                        missing(title, Vec::new(), segment)
                    }
                    _ => missing(
                        format!("`{whole}` is a single value, it has no member `{segment}`"),
                        Vec::new(),
                        segment,
                    ),
                }
            })?;
        }
        Ok(value)
    }
}

/// The error for a reference, with the known name that is nearest to the missing one.
pub(super) fn undefined(title: String, reference: &Reference, known: Vec<&str>, missing: &str) -> Undefined {
    let near = nearest(missing, known.iter().copied()).map(str::to_owned);
    let few = if near.is_none() && known.len() <= FEW {
        known.into_iter().map(str::to_owned).collect()
    } else {
        Vec::new()
    };
    Undefined { title, span: reference.span.clone(), nearest: near, known: few }
}

/// So many names are listed in a message.
const FEW: usize = 12;

impl Undefined {
    /// As a mistake of the file that uses the variable.
    pub fn diagnostic(&self, source: &Arc<SourceFile>) -> Diagnostic {
        let mut diagnostic =
            Diagnostic::error(self.title.clone()).at(source, self.span.clone(), "not defined");
        diagnostic.help.extend(self.nearest.as_ref().map(|near| format!("did you mean `{near}`?")));
        if !self.known.is_empty() {
            let known = self.known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            diagnostic.notes.push(format!("defined are {known}"));
        }
        diagnostic
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn variables() -> Variables {
        let Value::Object(map) = json!({
            "ada": { "userName": "ada@acme.test", "active": true, "emails": [{ "value": "a@b" }],
                     "urn:x:2.0:User": { "department": "R&D" } },
            "count": 3, "none": null,
        }) else {
            unreachable!()
        };
        Variables::new(map)
    }

    fn rendered(text: &str) -> Result<Value, String> {
        let template = Template::parse(text).map_err(|error| format!("{} at {:?}", error, error.at))?;
        template.value(&variables()).map_err(|error| format!("{error}; {:?}", error.nearest))
    }

    #[test]
    fn a_text_that_is_one_variable_takes_its_type() {
        assert_eq!(rendered("{{ count }}"), Ok(json!(3)));
        assert_eq!(rendered("{{ada.active}}"), Ok(json!(true)));
        assert_eq!(rendered("{{ ada.emails.0 }}"), Ok(json!({ "value": "a@b" })));
        assert_eq!(rendered("{{ none }}"), Ok(Value::Null));
    }

    #[test]
    fn inside_other_text_variables_are_printed() {
        assert_eq!(rendered("{{ count }} of {{ ada.emails.0.value }}"), Ok(json!("3 of a@b")));
        assert_eq!(rendered(" {{ ada.active }}"), Ok(json!(" true")));
        assert_eq!(rendered("x{{ ada.emails }}"), Ok(json!("x[{\"value\":\"a@b\"}]")));
    }

    #[test]
    fn braces_and_odd_names_are_quoted() {
        assert_eq!(rendered("{{ '{{' }} x }}"), Ok(json!("{{ x }}")));
        assert_eq!(rendered("{{ ada.'urn:x:2.0:User'.department }}"), Ok(json!("R&D")));
        assert_eq!(rendered("{ a }"), Ok(json!("{ a }")));
    }

    #[test]
    fn mistakes_are_located() {
        for (text, message) in [
            ("a {{ b", "`{{` is never closed with `}}` at 2..4"),
            ("a {{", "`{{` is never closed with `}}` at 2..4"),
            ("{{ }}", "the name of a variable is missing here at 3..4"),
            ("{{ a. }}", "the name of a variable is missing here at 5..6"),
            ("{{ a b }}", "`b` cannot stand in the name of a variable at 5..6"),
            ("{{ a|b }}", "`|` cannot stand in the name of a variable at 4..5"),
            ("{{ 'a }}", "the quote `'` is never closed at 3..4"),
            ("{{ 1a }}", "the name of a variable begins with a letter at 2..6"),
        ] {
            assert_eq!(rendered(text), Err(message.into()), "{text}");
        }
    }

    #[test]
    fn the_nearest_name_is_offered() {
        assert_eq!(rendered("{{ adda }}"), Err("the variable `adda` is not defined; Some(\"ada\")".into()));
        assert_eq!(
            rendered("{{ ada.username }}"),
            Err("`ada` has no member `username`; Some(\"userName\")".into())
        );
        assert_eq!(
            rendered("{{ ada.emails.3 }}"),
            Err("`ada.emails` is a list of 1, it has no `3`; None".into())
        );
        assert_eq!(
            rendered("{{ count.x }}"),
            Err("`count` is a single value, it has no member `x`; None".into())
        );
    }

    fn part() -> impl Strategy<Value = Part> {
        let path = ("[a-z][A-Za-z0-9_-]{0,4}", proptest::collection::vec("[a-z:.{} $]{0,4}|[0-9]", 0..3));
        prop_oneof![
            "[{} 'a-zé\n]{1,6}".prop_map(Part::Literal),
            path.prop_map(|(name, members)| {
                let path = std::iter::once(name).chain(members).collect();
                Part::Variable(Reference { path, span: 0..0 })
            }),
        ]
    }

    fn normal(parts: Vec<Part>) -> Template {
        let mut template = Template::default();
        for part in parts {
            match part {
                Part::Literal(text) => template.push_literal(&text),
                variable => template.parts.push(variable),
            }
        }
        template
    }

    fn without_places(mut template: Template) -> Template {
        template.parts.iter_mut().filter_map(Part::variable_mut).for_each(|reference| reference.span = 0..0);
        template
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(parts in proptest::collection::vec(part(), 0..6)) {
            let template = normal(parts);
            let printed = template.to_string();
            prop_assert_eq!(without_places(Template::parse(&printed).unwrap()), template, "{}", printed);
        }

        #[test]
        fn no_input_panics(text in "[{}' .a-zé]{0,20}|.*") {
            match Template::parse(&text) {
                Ok(template) => drop(template.text(&variables())),
                Err(error) => prop_assert!(text.get(error.at).is_some()),
            }
        }

        #[test]
        fn text_without_braces_is_itself(text in "[^{]*") {
            let template = Template::parse(&text).unwrap();
            prop_assert_eq!(template.as_literal(), Some(text.as_str()));
        }
    }
}
