//! Canonical text: lower-case operators, single spaces, brackets only where precedence or nesting needs them.
//!
//! Printing and parsing are inverse: a printed filter parses to the same value.

use std::fmt::{self, Display, Formatter, Write};

use super::{Filter, Literal, Op};

impl Display for Filter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Filter::Compare { path, op, value } => write!(f, "{path} {op} {value}"),
            Filter::Present(path) => write!(f, "{path} pr"),
            // Within an `and` both joins need brackets, within an `or` only another `or`.
            Filter::And(all) => {
                join(f, all, " and ", |inner| matches!(inner, Filter::And(_) | Filter::Or(_)))
            }
            Filter::Or(all) => join(f, all, " or ", |inner| matches!(inner, Filter::Or(_))),
            Filter::Not(inner) => write!(f, "not ({inner})"),
            Filter::Element { path, filter } => write!(f, "{path}[{filter}]"),
        }
    }
}

fn join(f: &mut Formatter<'_>, all: &[Filter], by: &str, grouped: fn(&Filter) -> bool) -> fmt::Result {
    for (index, inner) in all.iter().enumerate() {
        if index > 0 {
            f.write_str(by)?;
        }
        if grouped(inner) { write!(f, "({inner})")? } else { inner.fmt(f)? }
    }
    Ok(())
}

impl Display for Op {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.keyword())
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Literal::String(text) => quoted(f, text),
            Literal::Number(number) => number.fmt(f),
            Literal::Bool(flag) => flag.fmt(f),
            Literal::Null => f.write_str("null"),
        }
    }
}

/// A JSON string.
fn quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\u{0}'..='\u{1f}' => write!(f, "\\u{:04x}", u32::from(c))?,
            _ => f.write_char(c)?,
        }
    }
    f.write_char('"')
}
