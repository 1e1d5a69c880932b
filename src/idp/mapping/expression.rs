//! The expressions of a mapping: a small subset of the functions that Entra ID has, written as there.
//!
//! | | |
//! |---|---|
//! | `[userName]` | an attribute of the person, as a path |
//! | `"text"` | a constant; `\"` and `\\` within |
//! | `Join(" ", a, b, …)` | the values that there are, with the first argument between them |
//! | `ToLower(a)`, `ToUpper(a)` | |
//! | `Split(a, "@")` | the parts, for `Item` |
//! | `Item(list, 1)` | one of them, counted from 1 |
//! | `Switch(a, default, key, value, …)` | the value beside the key that equals `a`; the default may be empty |
//! | `Coalesce(a, b, …)` | the first that there is |
//!
//! What has no value yields none: an attribute that is absent is not sent.

use std::fmt;

use serde_json::Value;

use super::shape::{Shape, take_one};
use super::{MappingError, Place};

/// How deep functions may stand in functions.
const MAX_DEPTH: usize = 16;
/// The longest expression, in bytes.
const MAX_LENGTH: usize = 4096;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// Always the same text.
    Constant(String),
    /// An attribute of the person.
    Source(Place),
    /// A function of other values.
    Call(Function, Vec<Option<Expression>>),
}

macro_rules! functions {
    ($( $(#[$doc:meta])* $name:ident takes $least:literal to $most:literal; )*) => {
        /// A function of an expression.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Function { $( $(#[$doc])* $name, )* }

        impl Function {
            const ALL: &'static [(&'static str, Function, usize, usize)] =
                &[ $( (stringify!($name), Function::$name, $least, $most), )* ];
        }
    };
}

functions! {
    /// Values with a text between them.
    Join takes 2 to 64;
    /// In small letters.
    ToLower takes 1 to 1;
    /// In capitals.
    ToUpper takes 1 to 1;
    /// The parts of a text.
    Split takes 2 to 2;
    /// One part, counted from 1.
    Item takes 2 to 2;
    /// A value chosen by another.
    Switch takes 4 to 256;
    /// The first value that there is.
    Coalesce takes 2 to 64;
}

impl Function {
    fn row(self) -> &'static (&'static str, Function, usize, usize) {
        &Self::ALL[self as usize]
    }
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        if text.len() > MAX_LENGTH {
            let message = format!("{} bytes are too many, at most {MAX_LENGTH} are read", text.len());
            return Err(MappingError { at: 0..text.len(), message, help: None });
        }
        let mut parser = Parser { text, at: 0 };
        let expression = parser.expression(0)?;
        parser.blanks();
        match parser.at == text.len() {
            true => Ok(expression),
            false => Err(parser.wrong("nothing is expected behind the expression", None)),
        }
    }

    /// The value for one person; `source` looks up their attributes.
    pub fn eval(&self, source: &impl Fn(&Place) -> Option<Value>) -> Option<Value> {
        match self {
            Self::Constant(text) => Some(Value::from(text.as_str())),
            Self::Source(place) => source(place),
            Self::Call(function, arguments) => {
                let value = |index: usize| arguments.get(index)?.as_ref()?.eval(source);
                let text = |index: usize| value(index).and_then(|value| as_text(&value));
                match function {
                    Function::Join => {
                        let joint = text(0).unwrap_or_default();
                        let parts: Vec<String> = (1..arguments.len()).filter_map(text).collect();
                        (!parts.is_empty()).then(|| parts.join(&joint).into())
                    }
                    Function::ToLower => text(0).map(|text| text.to_lowercase().into()),
                    Function::ToUpper => text(0).map(|text| text.to_uppercase().into()),
                    Function::Split => {
                        let (whole, separator) = (text(0)?, text(1)?);
                        Some(match separator.is_empty() {
                            true => vec![whole].into(),
                            false => whole.split(separator.as_str()).map(Value::from).collect(),
                        })
                    }
                    Function::Item => {
                        let index: usize = text(1)?.trim().parse().ok()?;
                        let list = value(0)?;
                        list.as_array()?.get(index.checked_sub(1)?).cloned()
                    }
                    Function::Switch => {
                        let chosen = text(0);
                        let pairs = (2..arguments.len().saturating_sub(1)).step_by(2);
                        let hit = pairs.filter(|index| chosen.is_some() && text(*index) == chosen).min();
                        value(hit.map_or(1, |index| index + 1))
                    }
                    Function::Coalesce => (0..arguments.len()).find_map(value),
                }
            }
        }
    }

    /// The attributes of the person that go into it.
    pub fn sources(&self) -> Box<dyn Iterator<Item = &Place> + '_> {
        match self {
            Self::Constant(_) => Box::new(std::iter::empty()),
            Self::Source(place) => Box::new(std::iter::once(place)),
            Self::Call(_, arguments) => Box::new(arguments.iter().flatten().flat_map(Self::sources)),
        }
    }

    /// Whether the attribute of this name goes into it.
    pub fn uses(&self, name: &str) -> bool {
        self.sources().any(|source| source.is(name))
    }
}

/// Text, numbers and truth values as text; nothing else is one.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        // As Entra compares and sends it: `Switch([IsSoftDeleted], , "False", "True", "True", "False")`.
        Value::Bool(true) => Some("True".into()),
        Value::Bool(false) => Some("False".into()),
        _ => None,
    }
}

/// Whether a text says which one of a list is meant.
fn is_number_of_item(text: &str) -> bool {
    text.trim().parse::<usize>().is_ok_and(|number| number > 0)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn expression(&mut self, depth: usize) -> Result<Expression, MappingError> {
        if depth > MAX_DEPTH {
            return Err(self.wrong(&format!("functions stand at most {MAX_DEPTH} deep in each other"), None));
        }
        self.blanks();
        match self.rest().chars().next() {
            Some('"') => self.constant().map(Expression::Constant),
            Some('[') => self.source(),
            Some(c) if c.is_ascii_digit() => {
                let digits =
                    self.rest().len() - self.rest().trim_start_matches(|c: char| c.is_ascii_digit()).len();
                let number = self.rest()[..digits].to_owned();
                self.at += digits;
                Ok(Expression::Constant(number))
            }
            Some(c) if c.is_ascii_alphabetic() => self.call(depth),
            _ => Err(self.wrong(
                "expected an attribute, a text or a function",
                Some(r#"such as `[userName]`, `"text"` or `ToLower([userName])`"#),
            )),
        }
    }

    fn constant(&mut self) -> Result<String, MappingError> {
        let start = self.at;
        let mut text = String::new();
        let mut escaped = false;
        for (offset, c) in self.rest().char_indices().skip(1) {
            match (escaped, c) {
                (true, _) => {
                    text.push(c);
                    escaped = false;
                }
                (false, '\\') => escaped = true,
                (false, '"') => {
                    self.at += offset + 1;
                    return Ok(text);
                }
                (false, _) => text.push(c),
            }
        }
        self.at = start;
        Err(self.wrong("the text has no end", Some("close it with `\"`")))
    }

    fn source(&mut self) -> Result<Expression, MappingError> {
        let start = self.at + 1;
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        for (offset, c) in self.rest().char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '[' if !quoted => depth += 1,
                ']' if !quoted => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let end = self.at + offset;
                let place = Place::parse(&self.text[start..end]).map_err(|error| MappingError {
                    at: start + error.at.start..start + error.at.end.max(error.at.start),
                    ..error
                })?;
                self.at = end + 1;
                return Ok(Expression::Source(place));
            }
        }
        Err(self.wrong("the attribute has no end", Some("close it with `]`")))
    }

    fn call(&mut self, depth: usize) -> Result<Expression, MappingError> {
        let rest = self.rest();
        let name = &rest[..rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).len()];
        let row = Function::ALL.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name));
        let Some((known, function, least, most)) = row else {
            let names = || Function::ALL.iter().map(|(known, ..)| *known);
            let help = match (
                rest[name.len()..].trim_start().starts_with('('),
                crate::diagnostic::nearest(name, names()),
            ) {
                (_, Some(near)) => format!("did you mean `{near}`?"),
                (true, None) => format!("known are {}", names().collect::<Vec<_>>().join(", ")),
                (false, None) => format!("an attribute stands in brackets: `[{name}]`"),
            };
            let at = self.at..self.at + name.len();
            return Err(MappingError { at, message: format!("`{name}` is no function"), help: Some(help) });
        };
        let start = self.at;
        self.at += name.len();
        self.blanks();
        if !self.take('(') {
            return Err(self.wrong(&format!("expected `(` behind `{known}`"), None));
        }
        let mut arguments: Vec<Option<Expression>> = Vec::new();
        let mut places = Vec::new();
        loop {
            self.blanks();
            let from = self.at;
            // An argument that is left out: the default of `Switch`.
            let is_empty = self.rest().starts_with([',', ')']);
            arguments.push(if is_empty { None } else { Some(self.expression(depth + 1)?) });
            places.push(from..self.at);
            self.blanks();
            match (self.take(','), self.take(')')) {
                (true, false) if arguments.len() < *most => {}
                (false, true) => break,
                _ => return Err(self.wrong("expected `,` or `)`", None)),
            }
        }
        let is_complete = arguments
            .iter()
            .enumerate()
            .all(|(index, argument)| argument.is_some() || (*function == Function::Switch && index == 1));
        let pairs = *function != Function::Switch || arguments.len().is_multiple_of(2);
        if !(*least..=*most).contains(&arguments.len()) || !is_complete || !pairs {
            let (at, message) = (start..self.at, format!("`{known}` does not have these arguments"));
            return Err(MappingError { at, message, help: Some(format!("write {}", function.example())) });
        }
        for (index, (argument, at)) in arguments.iter().zip(places).enumerate() {
            if let Some((message, help)) = argument.as_ref().and_then(|it| function.refuses(index, it)) {
                return Err(MappingError { at, message, help: Some(help) });
            }
        }
        Ok(Expression::Call(*function, arguments))
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take(&mut self, c: char) -> bool {
        let is_there = self.rest().starts_with(c);
        self.at += if is_there { c.len_utf8() } else { 0 };
        is_there
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn wrong(&self, message: &str, help: Option<&str>) -> MappingError {
        let end = self.at + self.rest().chars().next().map_or(0, char::len_utf8);
        MappingError { at: self.at..end, message: message.into(), help: help.map(str::to_owned) }
    }
}

impl Function {
    /// Why an argument of which nothing can come is none, and what would be one.
    fn refuses(self, index: usize, argument: &Expression) -> Option<(String, String)> {
        let (name, shape) = (self.row().0, Shape::given_by(argument));
        match (self, index, argument) {
            (Self::Item, 0, _) if !shape.is_list() => {
                let message = format!("`{name}` takes one of a list, and `{argument}` is {shape}");
                Some((message, format!("`Split` makes a list: {}", self.example())))
            }
            (Self::Item, 1, Expression::Constant(number)) if !is_number_of_item(number) => {
                let message = format!("`{name}` counts from 1, and `{number}` is no such number");
                Some((message, "write `1` for the first".to_owned()))
            }
            (Self::Item, 0, _) | (Self::Coalesce, ..) => None,
            (Self::Switch, 1.., _) if index == 1 || index % 2 == 1 => None,
            _ if !shape.is_one() => {
                let message = format!("`{name}` takes one value here, and `{argument}` is {shape}");
                Some((message, take_one(argument, shape)))
            }
            _ => None,
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Join => r#"`Join(" ", [name.givenName], [name.familyName])`"#,
            Self::ToLower => "`ToLower([userName])`",
            Self::ToUpper => "`ToUpper([title])`",
            Self::Split => r#"`Split([userName], "@")`"#,
            Self::Item => r#"`Item(Split([userName], "@"), 1)`"#,
            Self::Switch => r#"`Switch([userType], "external", "Employee", "internal")`"#,
            Self::Coalesce => "`Coalesce([displayName], [userName])`",
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(text) => write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            Self::Source(place) => write!(f, "[{place}]"),
            Self::Call(function, arguments) => {
                write!(f, "{}(", function.row().0)?;
                for (index, argument) in arguments.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    if let Some(argument) = argument {
                        argument.fmt(f)?;
                    }
                }
                f.write_str(")")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn eval(text: &str) -> Option<Value> {
        let person = json!({
            "userName": "Ada@acme.example.com", "userType": "Employee", "name": { "givenName": "Ada" },
            "emails": [{ "type": "work", "value": "w" }], "disabled": false, "floor": 3,
        });
        let person = person.as_object().unwrap().clone();
        let expression = Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(Expression::parse(&expression.to_string()).as_ref(), Ok(&expression));
        expression.eval(&|place: &Place| place.get(&person).cloned())
    }

    #[test]
    fn expressions_have_values() {
        for (text, value) in [
            ("[userName]", json!("Ada@acme.example.com")),
            (r#""a \"b\" \\ c""#, json!(r#"a "b" \ c"#)),
            (r#"Join(" ", [name.givenName], [name.familyName])"#, json!("Ada")),
            (r#" tolower( [userName] ) "#, json!("ada@acme.example.com")),
            (r#"Item(Split([userName], "@"), 2)"#, json!("acme.example.com")),
            (
                r#"Switch([userType], "x", "Employee", "internal", "Contractor", "external")"#,
                json!("internal"),
            ),
            (r#"Switch([title], "x", "Employee", "internal")"#, json!("x")),
            (r#"Switch([disabled], , "False", "True", "True", "False")"#, json!("True")),
            (r#"Coalesce([title], [emails[type eq "work"].value])"#, json!("w")),
            (r#"Join("-", [floor], "b")"#, json!("3-b")),
        ] {
            assert_eq!(eval(text), Some(value), "{text}");
        }
        for nothing in [
            "[title]",
            "ToLower([title])",
            r#"Item(Split([userName], "@"), 3)"#,
            r#"Switch([title], , "a", "b")"#,
        ] {
            assert_eq!(eval(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_mistake_says_where_and_what_would_be_right() {
        let shown: Vec<String> = [
            "",
            "userName",
            "Jion(\" \", [a], [b])",
            "Nope([a])",
            "[a",
            "\"a",
            "ToLower()",
            "ToLower([a], [b])",
            "[a] [b]",
            "Switch([a], \"d\", \"k\")",
            "Join(\" \", , [a])",
            "[na me]",
            "ToLower[a]",
            "Item(Split([userName], \"@\"), 0)",
            "Item(Split([userName], \"@\"), \"first\")",
            "Item([userName], 1)",
            "Join(\" \", [title], [emails])",
            "ToLower([name])",
            "ToUpper(Split([userName], \"@\"))",
        ]
        .iter()
        .map(|text| match Expression::parse(text) {
            Ok(found) => panic!("{text}: {found}"),
            Err(error) => {
                let help = error.help.map(|help| format!(" ({help})")).unwrap_or_default();
                format!("{text:24} {:?}: {}{help}", error.at, error.message)
            }
        })
        .collect();
        insta::assert_snapshot!(shown.join("\n"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,60}", more in "[\\[\\]\"(),A-Za-z .@1]{0,40}") {
            let _ = Expression::parse(&text);
            if let Ok(expression) = Expression::parse(&more) {
                let _ = expression.eval(&|_: &Place| Some(json!("x@y")));
            }
        }
    }
}
