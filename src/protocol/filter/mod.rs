//! Filters (RFC 7644 §3.4.2.2): grammar, printing, compilation, evaluation.
//!
//! Text becomes a [`Filter`] ([`parse`]), which knows nothing of schemas and prints back to text. Bound to
//! a resource type it becomes a [`Compiled`] filter that is run over resources; bound to one attribute it
//! becomes an [`ElementFilter`] that selects elements, as a PATCH path does.
//!
//! The parser accepts the ABNF of figure 1 and these supersets of it, because the RFC's own examples or large
//! clients use them: a space after `not` (erratum 7319), any amount of white space where one space may
//! stand and inside brackets, `$ref` (erratum 8924), a comparison after a value path
//! (`emails[type eq "work"].value eq "x"`, read as one more condition on the same element), and no space before a
//! quoted literal. Unquoted and single-quoted literals need [`Policy::bare_filter_literals`].
//!
//! Where the RFC is silent:
//! * a multi-valued attribute matches when any of its values does, also with `ne`; a missing value is
//!   different from everything, so that `ne` holds for it;
//! * `not` is plain negation: `not (a eq "x")` holds where no value of `a` is `x`;
//! * `eq null` means "has no value" and `ne null` the opposite; no other operator goes with null;
//! * `emails co "x"` means `emails.value` for every multi-valued complex attribute with a `value`.
//!
//! Length, depth and number of terms are bounded, so that neither parsing nor evaluation can exhaust
//! the stack.

use serde_json::{Number, Value};

use super::attr::AttrPath;
use super::error::ScimError;
use super::policy::Policy;

mod compile;
mod eval;
mod lexer;
mod parser;
mod print;
mod terms;

pub use compile::{Compiled, ElementFilter, bind};
pub(super) use parser::Parser;

/// Longest filter or path that is read, in bytes.
pub const MAX_LENGTH: usize = 8192;
/// How deep round and square brackets may nest.
pub const MAX_DEPTH: usize = 32;
/// How many comparisons, presence tests and value paths one filter may hold.
pub const MAX_TERMS: usize = 500;

/// A filter as it was written, not bound to a schema.
///
/// [`Filter::And`] and [`Filter::Or`] hold two or more filters. Grouping shows in the nesting: `(a and b) and c` is
/// an `And` within an `And`, `a and b and c` is a single one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// `path op value`.
    Compare {
        /// What is compared; within an [`Filter::Element`] the name of a sub-attribute.
        path: AttrPath,
        /// How.
        op: Op,
        /// With what.
        value: Literal,
    },
    /// `path pr`.
    Present(AttrPath),
    /// Every one of them holds.
    And(Vec<Filter>),
    /// At least one of them holds.
    Or(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// `path[filter]`: one element satisfies the whole inner filter.
    Element {
        /// The attribute whose elements are looked at.
        path: AttrPath,
        /// What one of them must satisfy. It never holds another [`Filter::Element`].
        filter: Box<Filter>,
    },
}

macro_rules! ops {
    ($( $(#[$doc:meta])* $name:ident = $keyword:literal; )*) => {
        /// A comparison operator (RFC 7644 table 3). `pr` takes no value and is [`Filter::Present`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Op { $( $(#[$doc])* $name, )* }

        impl Op {
            /// Every operator, in the order of the table.
            pub const ALL: &'static [Op] = &[ $( Op::$name, )* ];

            /// The operator as it is written, in lower case.
            pub const fn keyword(self) -> &'static str {
                match self { $( Op::$name => $keyword, )* }
            }
        }
    };
}

ops! {
    /// Equal.
    Eq = "eq";
    /// Not equal.
    Ne = "ne";
    /// Contains.
    Co = "co";
    /// Starts with.
    Sw = "sw";
    /// Ends with.
    Ew = "ew";
    /// Greater than.
    Gt = "gt";
    /// Greater than or equal to.
    Ge = "ge";
    /// Less than.
    Lt = "lt";
    /// Less than or equal to.
    Le = "le";
}

/// What an attribute is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// Text, unescaped.
    String(String),
    /// A number.
    Number(Number),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

impl Literal {
    /// The literal as a JSON value.
    pub fn to_json(&self) -> Value {
        match self {
            Literal::String(text) => Value::String(text.clone()),
            Literal::Number(number) => Value::Number(number.clone()),
            Literal::Bool(flag) => Value::Bool(*flag),
            Literal::Null => Value::Null,
        }
    }
}

/// Reads a filter by the strict literal rules (JSON strings, numbers, `true`, `false`, `null`).
///
/// # Errors
/// [`FilterError`] with the position of the mistake.
pub fn parse(text: &str) -> Result<Filter, FilterError> {
    parse_with(text, &Policy::STRICT)
}

/// Reads a filter; the policy says whether unquoted and single-quoted literals pass.
///
/// # Errors
/// [`FilterError`] with the position of the mistake.
pub fn parse_with(text: &str, policy: &Policy) -> Result<Filter, FilterError> {
    Parser::new(text, policy)?.whole()
}

/// A place in the text of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Bytes before it.
    pub offset: usize,
    /// Characters up to and including it, so that the first column is 1.
    pub column: usize,
}

impl Position {
    /// The position of the byte `offset` in `text`.
    pub(super) fn new(text: &str, offset: usize) -> Self {
        let column = text.char_indices().take_while(|(at, _)| *at < offset).count() + 1;
        Self { offset, column }
    }
}

/// A filter that cannot be read, or that does not fit the resource type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("filter{}: {message}", .position.map(|at| format!(", column {}", at.column)).unwrap_or_default())]
pub struct FilterError {
    /// Where the text is wrong. A filter that reads well but does not fit the schema has none; its message
    /// names the attribute.
    pub position: Option<Position>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl FilterError {
    /// A mistake in the text.
    pub(super) fn at(text: &str, offset: usize, message: impl Into<String>) -> Self {
        Self { position: Some(Position::new(text, offset)), message: message.into() }
    }

    /// A filter that does not fit the schema.
    fn meaning(message: impl Into<String>) -> Self {
        Self { position: None, message: message.into() }
    }
}

impl From<FilterError> for ScimError {
    fn from(error: FilterError) -> Self {
        ScimError::invalid_filter(error.to_string())
    }
}

#[cfg(test)]
mod grammar_tests;
#[cfg(test)]
mod meaning_tests;
#[cfg(test)]
mod rfc_examples;
#[cfg(test)]
pub(super) mod strategies;
