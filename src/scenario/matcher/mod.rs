//! Expectations: what an answer must be like, and where it is not.
//!
//! An [`Expectation`] is decoded from a scenario file once and checked against any number of answers. Everything
//! that does not hold becomes a [`Mismatch`] of its own, at its place in the file.

use regex::Regex;
use serde_json::Value;

use super::template::{Template, Undefined, Variables};
use super::tree::Tree;
use crate::exchange::Response;
use crate::yaml::Span;

mod assignment;
mod compare;
mod mismatch;

pub(in crate::scenario) use mismatch::cut;
pub use mismatch::{Mismatch, Place};

/// What an answer must be like.
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// The allowed status codes, with their place.
    pub status: Option<(Vec<u16>, Span)>,
    /// Header fields by name.
    pub headers: Vec<(String, Pattern)>,
    /// The body.
    pub body: Option<Pattern>,
}

/// What a value must be like.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: PatternKind,
}

/// The kinds of patterns.
#[derive(Debug, Clone)]
pub enum PatternKind {
    /// Null, a boolean or a number: the same.
    Scalar(Value),
    /// The same text; where it is nothing but a variable, the value that the variable has.
    Text(Template),
    /// A list of that length whose elements match one by one.
    List(Vec<Pattern>),
    /// An object that has at least these members.
    Object(Vec<(Template, Pattern)>),
    /// `$` matchers that must all hold, each with its place.
    Matchers(Vec<(Span, Matcher)>),
}

/// The `$` matchers of docs/scenarios.md.
#[derive(Debug, Clone)]
pub enum Matcher {
    /// `$absent: true` and `$present: false`.
    Absent,
    /// `$present: true` and `$absent: false`.
    Present,
    /// `$exact`.
    Exact(Tree),
    /// `$not`.
    Not(Box<Pattern>),
    /// `$matches`.
    Matches(TextRegex),
    /// `$contains`, with one pattern or with a list of them.
    Contains(Vec<Pattern>),
    /// `$length`.
    Length(Tree),
    /// `$unordered`.
    Unordered(Vec<Pattern>),
    /// `$any`.
    Any(Vec<Pattern>),
    /// `$type`.
    Type(JsonType),
    /// `$gt`, `$ge`, `$lt`, `$le`.
    Order(Order, Tree),
}

/// The names of all matchers, as they stand in files.
pub const MATCHERS: [&str; 14] = [
    "$absent",
    "$present",
    "$exact",
    "$not",
    "$matches",
    "$contains",
    "$length",
    "$unordered",
    "$any",
    "$type",
    "$gt",
    "$ge",
    "$lt",
    "$le",
];

/// A regular expression with variables in it, whose values stand for themselves.
#[derive(Debug, Clone)]
pub struct TextRegex {
    template: Template,
    /// Compiled already where there is no variable.
    constant: Option<Regex>,
}

impl TextRegex {
    /// Checks the expression.
    ///
    /// # Errors
    /// What the expression's parser said.
    pub fn new(template: Template) -> Result<Self, regex::Error> {
        match template.as_literal().map(Regex::new) {
            Some(regex) => Ok(Self { constant: Some(regex?), template }),
            None => {
                // Any value will do to see whether the rest is an expression.
                let literals = template.literals_with("x");
                Regex::new(&literals)?;
                Ok(Self { template, constant: None })
            }
        }
    }

    /// The expression with the variables put in.
    fn regex(&self, variables: &Variables) -> Result<Regex, Undefined> {
        if let Some(regex) = &self.constant {
            return Ok(regex.clone());
        }
        let pieces = self.template.pieces(variables)?;
        let text: String = pieces
            .iter()
            .map(|piece| match piece {
                super::template::Piece::Literal(text) => (*text).to_owned(),
                super::template::Piece::Value(text) => regex::escape(text),
            })
            .collect();
        // A value may be too long for an expression; then nothing can match it.
        Ok(Regex::new(&text).unwrap_or_else(|_| never()))
    }
}

/// An expression that matches nothing.
#[allow(clippy::unwrap_used)] // A constant expression.
fn never() -> Regex {
    Regex::new(r"[^\s\S]").unwrap()
}

/// The types of `$type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    /// Text.
    String,
    /// Any number.
    Number,
    /// A number written without fraction and exponent.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A list.
    Array,
    /// An object.
    Object,
    /// Text that is an xsd:dateTime (RFC 7643 §2.3.5).
    DateTime,
}

impl JsonType {
    /// The words in scenario files.
    pub const WORDS: [(&'static str, JsonType); 7] = [
        ("string", JsonType::String),
        ("number", JsonType::Number),
        ("integer", JsonType::Integer),
        ("boolean", JsonType::Boolean),
        ("array", JsonType::Array),
        ("object", JsonType::Object),
        ("dateTime", JsonType::DateTime),
    ];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).map_or("", |(word, _)| word)
    }
}

/// The comparisons of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `$gt`
    Greater,
    /// `$ge`
    GreaterOrEqual,
    /// `$lt`
    Less,
    /// `$le`
    LessOrEqual,
}

impl Expectation {
    /// Everything in which the answer is not as expected.
    ///
    /// # Errors
    /// Variables that do not exist; then nothing can be said about the answer.
    pub fn check(&self, response: &Response, variables: &Variables) -> Result<Vec<Mismatch>, Vec<Undefined>> {
        compare::check(self, response, variables)
    }
}

#[cfg(test)]
mod tests;
