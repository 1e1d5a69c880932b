//! Holding an answer against an expectation.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use super::assignment::assign;
use super::mismatch::{Mismatch, Place, cut, shown};
use super::{Expectation, JsonType, Matcher, Order, Pattern, PatternKind};
use crate::exchange::{Response, reason};
use crate::protocol::message::member;
use crate::protocol::value::parse_date_time;
use crate::scenario::template::{Undefined, Variables};
use crate::scenario::tree::Tree;
use crate::yaml::Span;

pub(super) fn check(
    expectation: &Expectation,
    response: &Response,
    variables: &Variables,
) -> Result<Vec<Mismatch>, Vec<Undefined>> {
    let mut check = Check { variables, mismatches: Vec::new(), undefined: Vec::new() };
    if let Some((allowed, span)) = &expectation.status
        && !allowed.contains(&response.status)
    {
        let codes: Vec<String> = allowed.iter().map(|code| format!("`{code}`")).collect();
        let found = format!("`{}` ({})", response.status, reason(response.status));
        check.wrong(span, &Place::Status, codes.join(" or "), found);
        // Another answer than the one that is described; its parts say nothing more.
        return Ok(check.mismatches);
    }
    for (name, pattern) in &expectation.headers {
        let values: Vec<&str> = response
            .headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect();
        let value = (!values.is_empty()).then(|| Value::String(values.join(", ")));
        check.pattern(
            pattern,
            Found { value: value.as_ref(), loose: true, ..Found::default() },
            &Place::Header(name.clone()),
        );
    }
    if let Some(pattern) = &expectation.body {
        let text = || Value::String(String::from_utf8_lossy(&response.body).into_owned());
        let value = response.json().unwrap_or_else(|_| text());
        let found = Found { value: Some(&value), no_body: response.body.is_empty(), ..Found::default() };
        check.pattern(pattern, found, &Place::Body(String::new()));
    }
    match check.undefined.is_empty() {
        true => Ok(check.mismatches),
        false => Err(check.undefined),
    }
}

/// What is held against a pattern.
#[derive(Clone, Copy, Default)]
struct Found<'v> {
    /// The value, where there is one.
    value: Option<&'v Value>,
    /// Whether it stands for an empty body: nothing, and the empty text to those who ask for text.
    no_body: bool,
    /// Whether text counts as a number where a number is asked for, as in header fields.
    loose: bool,
}

impl<'v> Found<'v> {
    fn within(self, value: Option<&'v Value>) -> Self {
        Self { value, no_body: false, ..self }
    }

    /// RFC 7643 §2.5: absent, null and `[]` are the same.
    fn is_unassigned(self) -> bool {
        match self.value {
            _ if self.no_body => true,
            None | Some(Value::Null) => true,
            Some(Value::Array(list)) => list.is_empty(),
            Some(_) => false,
        }
    }

    fn number(self) -> Option<Number> {
        match self.value {
            Some(Value::Number(number)) => Some(number.clone()),
            Some(Value::String(text)) if self.loose => serde_json::from_str(text.trim()).ok(),
            _ => None,
        }
    }

    fn shown(self) -> String {
        self.value.filter(|_| !self.no_body).map_or_else(|| "nothing".into(), shown)
    }
}

struct Check<'c> {
    variables: &'c Variables,
    mismatches: Vec<Mismatch>,
    undefined: Vec<Undefined>,
}

impl Check<'_> {
    fn wrong(&mut self, span: &Span, place: &Place, expected: impl Into<String>, found: impl Into<String>) {
        self.mismatches.push(Mismatch {
            span: span.clone(),
            place: place.clone(),
            expected: expected.into(),
            found: found.into(),
            help: None,
        });
    }

    /// The value, or `None` with the missing variable noted.
    fn rendered<T>(&mut self, result: Result<T, Undefined>) -> Option<T> {
        result.map_err(|undefined| self.undefined.push(undefined)).ok()
    }

    /// Whether a pattern holds, without reporting why not.
    fn holds(&mut self, pattern: &Pattern, found: Found<'_>) -> bool {
        let before = self.mismatches.len();
        self.pattern(pattern, found, &Place::Body(String::new()));
        let holds = self.mismatches.len() == before;
        self.mismatches.truncate(before);
        holds
    }

    fn pattern(&mut self, pattern: &Pattern, found: Found<'_>, place: &Place) {
        match &pattern.kind {
            PatternKind::Scalar(expected) => self.value(expected, &pattern.span, found, place),
            PatternKind::Text(template) => {
                let expected = template.value(self.variables);
                if let Some(expected) = self.rendered(expected) {
                    self.value(&expected, &pattern.span, found, place);
                }
            }
            PatternKind::List(patterns) => self.list(patterns, &pattern.span, found, place),
            PatternKind::Object(members) => {
                let Some(Value::Object(object)) = found.value else {
                    return self.wrong(&pattern.span, place, "an object", found.shown());
                };
                for (name, pattern) in members {
                    let name = name.text(self.variables);
                    if let Some(name) = self.rendered(name) {
                        self.pattern(pattern, found.within(member(object, &name)), &place.member(&name));
                    }
                }
            }
            PatternKind::Matchers(matchers) => {
                for (span, matcher) in matchers {
                    self.matcher(matcher, span, found, place);
                }
            }
        }
    }

    /// A value written out or brought in by a variable: objects as a subset, everything else the same.
    fn value(&mut self, expected: &Value, span: &Span, found: Found<'_>, place: &Place) {
        match (expected, found.value) {
            (Value::Object(members), Some(Value::Object(object))) => {
                for (name, expected) in members {
                    self.value(expected, span, found.within(member(object, name)), &place.member(name));
                }
            }
            (Value::Array(items), Some(Value::Array(list))) if items.len() == list.len() => {
                for (index, (expected, value)) in items.iter().zip(list).enumerate() {
                    self.value(expected, span, found.within(Some(value)), &place.member(&index.to_string()));
                }
            }
            (expected, Some(value)) if same_scalar(expected, value) => {}
            (Value::Number(expected), _) if found.number().is_some_and(|n| order(&n, expected).is_eq()) => {}
            _ => {
                self.wrong(span, place, shown(expected), found.shown());
                let unassigned =
                    matches!(expected, Value::Null) || expected.as_array().is_some_and(Vec::is_empty);
                if let Some(mismatch) =
                    self.mismatches.last_mut().filter(|_| unassigned && found.is_unassigned())
                {
                    mismatch.help = Some("`{ $absent: true }` holds for absent, null and `[]` alike");
                }
            }
        }
    }

    fn list(&mut self, patterns: &[Pattern], span: &Span, found: Found<'_>, place: &Place) {
        let Some(list) = self.list_of(patterns.len(), span, found, place) else { return };
        for (index, (pattern, value)) in patterns.iter().zip(list).enumerate() {
            self.pattern(pattern, found.within(Some(value)), &place.member(&index.to_string()));
        }
    }

    /// The list, where it is one of that length.
    fn list_of<'v>(
        &mut self,
        length: usize,
        span: &Span,
        found: Found<'v>,
        place: &Place,
    ) -> Option<&'v [Value]> {
        match found.value {
            Some(Value::Array(list)) if list.len() == length => return Some(list),
            Some(Value::Array(list)) => {
                let found = format!("a list of {}: {}", list.len(), found.shown());
                self.wrong(span, place, format!("a list of {length}"), found);
            }
            _ => {
                self.wrong(span, place, format!("a list of {length}"), found.shown());
                if let Some(mismatch) =
                    self.mismatches.last_mut().filter(|_| length == 0 && found.is_unassigned())
                {
                    mismatch.help = Some("`{ $absent: true }` holds for absent, null and `[]` alike");
                }
            }
        }
        None
    }

    fn matcher(&mut self, matcher: &Matcher, span: &Span, found: Found<'_>, place: &Place) {
        match matcher {
            Matcher::Absent => {
                if !found.is_unassigned() {
                    self.wrong(span, place, "nothing", found.shown());
                }
            }
            Matcher::Present => {
                if found.is_unassigned() {
                    self.wrong(span, place, "a value", found.shown());
                }
            }
            Matcher::Exact(tree) => {
                let expected = tree.render(self.variables);
                if let Some(expected) = self.rendered(expected) {
                    self.exact(&expected, span, found.value, place);
                }
            }
            Matcher::Not(pattern) => {
                if self.holds(pattern, found) {
                    self.wrong(span, place, "anything but this", found.shown());
                }
            }
            Matcher::Matches(expression) => {
                let regex = expression.regex(self.variables);
                let Some(regex) = self.rendered(regex) else { return };
                if !found.value.and_then(Value::as_str).is_some_and(|text| regex.is_match(text)) {
                    self.wrong(
                        span,
                        place,
                        format!("text that matches `{}`", cut(regex.as_str())),
                        found.shown(),
                    );
                }
            }
            Matcher::Contains(patterns) => self.contains(patterns, span, found, place),
            Matcher::Length(tree) => self.length(tree, span, found, place),
            Matcher::Unordered(patterns) => {
                if let Some(list) = self.list_of(patterns.len(), span, found, place) {
                    self.each_its_own(patterns, list, span, found, place);
                }
            }
            Matcher::Any(patterns) => {
                if !patterns.iter().any(|pattern| self.holds(pattern, found)) {
                    let expected = format!("one of these {} alternatives", patterns.len());
                    self.wrong(span, place, expected, found.shown());
                }
            }
            Matcher::Type(wanted) => {
                if !found.value.is_some_and(|value| is_of(*wanted, value)) {
                    self.wrong(span, place, format!("a value of the type {}", wanted.word()), found.shown());
                }
            }
            Matcher::Order(wanted, tree) => self.order(*wanted, tree, span, found, place),
        }
    }

    fn contains(&mut self, patterns: &[Pattern], span: &Span, found: Found<'_>, place: &Place) {
        match found.value {
            Some(Value::String(text)) => {
                for pattern in patterns {
                    let part = match &pattern.kind {
                        PatternKind::Text(template) => template.text(self.variables),
                        PatternKind::Scalar(value) => Ok(value.to_string()),
                        _ => {
                            return self.wrong(
                                &pattern.span,
                                place,
                                "a list with such an element",
                                found.shown(),
                            );
                        }
                    };
                    if let Some(part) = self.rendered(part)
                        && !text.contains(&part)
                    {
                        self.wrong(
                            &pattern.span,
                            place,
                            format!("text with `{}` in it", cut(&part)),
                            found.shown(),
                        );
                    }
                }
            }
            Some(Value::Array(list)) => self.each_its_own(patterns, list, span, found, place),
            _ => self.wrong(span, place, "a list or text", found.shown()),
        }
    }

    /// Each pattern matches an element that no other pattern needs.
    fn each_its_own(
        &mut self,
        patterns: &[Pattern],
        list: &[Value],
        span: &Span,
        found: Found<'_>,
        place: &Place,
    ) {
        let mut fits = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            let fitting =
                list.iter().enumerate().filter(|(_, value)| self.holds(pattern, found.within(Some(value))));
            fits.push(fitting.map(|(index, _)| index).collect::<Vec<_>>());
        }
        let assigned = assign(&fits, list.len());
        for ((pattern, fitting), assigned) in patterns.iter().zip(&fits).zip(&assigned) {
            let expected = match (assigned, fitting.is_empty()) {
                (Some(_), _) => continue,
                (None, true) => "an element like this".to_owned(),
                (None, false) => "one more element like this".to_owned(),
            };
            // A list of patterns has places of its own; a single one stands where the matcher stands.
            let span = if patterns.len() == 1 { span } else { &pattern.span };
            self.wrong(span, place, expected, format!("none in {}", found.shown()));
        }
    }

    fn length(&mut self, tree: &Tree, span: &Span, found: Found<'_>, place: &Place) {
        let length = match found.value {
            Some(Value::String(text)) => Some(text.chars().count()),
            Some(Value::Array(list)) => Some(list.len()),
            Some(Value::Object(object)) => Some(object.len()),
            _ => None,
        };
        let Some(wanted) = self.number(tree, span, place) else { return };
        match length {
            Some(length) if order(&length.into(), &wanted).is_eq() => {}
            Some(length) => self.wrong(
                span,
                place,
                format!("length `{wanted}`"),
                format!("length `{length}`: {}", found.shown()),
            ),
            None => self.wrong(span, place, format!("something of length `{wanted}`"), found.shown()),
        }
    }

    fn order(&mut self, wanted: Order, tree: &Tree, span: &Span, found: Found<'_>, place: &Place) {
        let Some(limit) = self.number(tree, span, place) else { return };
        let holds = found.number().is_some_and(|number| match (wanted, order(&number, &limit)) {
            (Order::Greater, ordering) => ordering.is_gt(),
            (Order::GreaterOrEqual, ordering) => ordering.is_ge(),
            (Order::Less, ordering) => ordering.is_lt(),
            (Order::LessOrEqual, ordering) => ordering.is_le(),
        });
        if !holds {
            let words = match wanted {
                Order::Greater => "greater than",
                Order::GreaterOrEqual => "of at least",
                Order::Less => "less than",
                Order::LessOrEqual => "of at most",
            };
            self.wrong(span, place, format!("a number {words} `{limit}`"), found.shown());
        }
    }

    /// The number that a matcher compares with.
    fn number(&mut self, tree: &Tree, span: &Span, place: &Place) -> Option<Number> {
        let value = tree.render(self.variables);
        match self.rendered(value)? {
            Value::Number(number) => Some(number),
            other => {
                self.wrong(
                    span,
                    place,
                    "a number to compare with",
                    format!("{} in the variable", shown(&other)),
                );
                None
            }
        }
    }

    /// The same value, nothing more and nothing less.
    fn exact(&mut self, expected: &Value, span: &Span, found: Option<&Value>, place: &Place) {
        match (expected, found) {
            (Value::Object(members), Some(Value::Object(object))) => {
                for (name, expected) in members {
                    self.exact(expected, span, member(object, name), &place.member(name));
                }
                for (name, value) in unexpected(members, object) {
                    self.wrong(span, &place.member(name), "exactly this, without this member", shown(value));
                }
            }
            (Value::Array(items), Some(Value::Array(list))) if items.len() == list.len() => {
                for (index, (expected, value)) in items.iter().zip(list).enumerate() {
                    self.exact(expected, span, Some(value), &place.member(&index.to_string()));
                }
            }
            (expected, Some(value)) if same_scalar(expected, value) => {}
            (expected, found) => {
                self.wrong(
                    span,
                    place,
                    format!("exactly {}", shown(expected)),
                    found.map_or("nothing".into(), shown),
                );
            }
        }
    }
}

/// The members of an object that are not expected.
fn unexpected<'v>(
    expected: &'v Map<String, Value>,
    object: &'v Map<String, Value>,
) -> impl Iterator<Item = (&'v String, &'v Value)> {
    object.iter().filter(|(name, _)| member(expected, name).is_none())
}

/// The same null, boolean, number by value, or text.
fn same_scalar(expected: &Value, value: &Value) -> bool {
    match (expected, value) {
        (Value::Number(a), Value::Number(b)) => order(a, b).is_eq(),
        (Value::Array(_) | Value::Object(_), _) => false,
        (a, b) => a == b,
    }
}

/// The order of two numbers, exact for integers.
fn order(a: &Number, b: &Number) -> Ordering {
    let integer = |n: &Number| n.as_i64().map(i128::from).or_else(|| n.as_u64().map(i128::from));
    match (integer(a), integer(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => float(a).total_cmp(&float(b)),
    }
}

/// Zero without its sign.
fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN) + 0.0
}

fn is_of(wanted: JsonType, value: &Value) -> bool {
    match wanted {
        JsonType::String => value.is_string(),
        JsonType::Number => value.is_number(),
        JsonType::Integer => value.is_i64() || value.is_u64(),
        JsonType::Boolean => value.is_boolean(),
        JsonType::Array => value.is_array(),
        JsonType::Object => value.is_object(),
        JsonType::DateTime => value.as_str().is_some_and(|text| parse_date_time(text).is_some()),
    }
}
