//! What values mean: types, equality and order (RFC 7643 §2.3, RFC 7644 §3.4.2.2).
//!
//! Everything that compares two attribute values goes through here, so that a filter, a uniqueness test,
//! a sort and the no-op test of PATCH agree on what "the same value" is. All functions look at single
//! values: for a multi-valued attribute the caller goes through the elements.

use std::cmp::Ordering;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Number, Value};

use super::error::shortened;
use super::message::member;
use super::schema::{Attribute, Type};

mod date_time;
mod text;

pub use date_time::{DateTime, parse_date_time};
pub(super) use text::TextKey;
pub use text::{fold, prepare_exact};

/// RFC 4648 §4, with the padding optional (RFC 7643 §2.3.6).
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether the value counts as not assigned (RFC 7643 §2.5): null, an empty array, or an object without
/// an assigned member.
pub fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.values().all(is_unassigned),
        _ => false,
    }
}

/// Whether one value (an element where the attribute is multi-valued) fits the type of the attribute.
///
/// The members of a complex value are not looked at.
///
/// # Errors
/// A sentence fragment that says what was expected and what was found.
pub fn check(attribute: &Attribute, value: &Value) -> Result<(), String> {
    let expected = match (attribute.kind, value) {
        (Type::String, Value::String(_))
        | (Type::Boolean, Value::Bool(_))
        | (Type::Decimal, Value::Number(_))
        | (Type::Complex, Value::Object(_)) => return Ok(()),
        (Type::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => return Ok(()),
        (Type::DateTime, Value::String(text)) if parse_date_time(text).is_some() => return Ok(()),
        (Type::Binary, Value::String(text)) if BASE64.decode(text).is_ok() => return Ok(()),
        (Type::Reference, Value::String(text)) if is_plausible_reference(text) => return Ok(()),
        (Type::String, _) => "a string",
        (Type::Boolean, _) => "true or false",
        (Type::Decimal, _) => "a number",
        (Type::Integer, _) => "a whole number without fraction or exponent",
        (Type::DateTime, _) => "a dateTime such as `2008-01-23T04:56:22Z`",
        (Type::Binary, _) => "base64 text",
        (Type::Reference, _) => "a URI without spaces",
        (Type::Complex, _) => "an object",
    };
    Err(format!("expected {expected}, found {}", describe(value)))
}

/// Any URI reference of RFC 3986 passes, also an empty or relative one. Only what cannot stand in one at
/// all is refused, because real identity providers do not encode every character that they should.
fn is_plausible_reference(text: &str) -> bool {
    !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>'))
}

/// A value as a message names it; long text is cut.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) | Value::Number(_) => format!("`{value}`"),
        Value::String(text) => format!("the string `{}`", shortened(text, 40)),
        Value::Array(_) => "an array".into(),
        Value::Object(_) => "an object".into(),
    }
}

/// Whether two single values of the attribute are the same value.
///
/// Strings compare as `caseExact` says, dateTimes as instants, numbers by value, binary values without
/// regard to padding, complex values member by member, where an absent member equals null and `[]`. A
/// value that does not fit its type compares as plain JSON.
pub fn equal(attribute: &Attribute, a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => equal_objects(attribute, a, b),
        _ => match compare(attribute, a, b) {
            Some(ordering) => ordering.is_eq(),
            None => a == b,
        },
    }
}

fn equal_objects(attribute: &Attribute, a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    let covers = |one: &Map<String, Value>, other: &Map<String, Value>| {
        one.iter().filter(|(_, value)| !is_unassigned(value)).all(|(name, value)| {
            match (attribute.sub(name), member(other, name)) {
                (_, None) => false,
                (Some(sub), Some(counterpart)) => equal_values(sub, value, counterpart),
                (None, Some(counterpart)) => value == counterpart,
            }
        })
    };
    covers(a, b) && covers(b, a)
}

/// Equality of whole values: the elements of a multi-valued attribute have no order (RFC 7643 §2.4).
fn equal_values(attribute: &Attribute, a: &Value, b: &Value) -> bool {
    let (Value::Array(a), Value::Array(b)) = (a, b) else { return equal(attribute, a, b) };
    let mut unmatched: Vec<&Value> = b.iter().collect();
    a.len() == b.len()
        && a.iter().all(|element| {
            let found = unmatched.iter().position(|candidate| equal(attribute, element, candidate));
            found.map(|index| unmatched.swap_remove(index)).is_some()
        })
}

/// How two single simple values of the attribute are ordered; `None` where they have no order: complex
/// values, and values that do not fit the type.
///
/// Text is ordered by code point after preparation, `false` before `true`.
pub fn compare(attribute: &Attribute, a: &Value, b: &Value) -> Option<Ordering> {
    match (attribute.kind, a, b) {
        (Type::Boolean, Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Type::Decimal | Type::Integer, Value::Number(a), Value::Number(b)) => Some(compare_numbers(a, b)),
        (Type::DateTime, Value::String(a), Value::String(b)) => {
            Some(parse_date_time(a)?.cmp(&parse_date_time(b)?))
        }
        (Type::Binary, Value::String(a), Value::String(b)) => Some(unpadded(a).cmp(unpadded(b))),
        (Type::String | Type::Reference, Value::String(a), Value::String(b)) => {
            Some(text::compare(a, b, attribute.case_exact))
        }
        _ => None,
    }
}

/// Base64 text without its padding.
pub(super) fn unpadded(text: &str) -> &str {
    text.trim_end_matches('=')
}

/// Orders numbers by value: 1 equals 1.0, and large whole numbers are not rounded.
pub(super) fn compare_numbers(a: &Number, b: &Number) -> Ordering {
    match (whole(a), whole(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        // One has a fraction, so that its magnitude is small enough for the other's rounding not to matter,
        // or it is far beyond the range of the other. JSON has neither NaN nor infinity.
        _ => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
    }
}

/// The number as an integer, where it is one and is not huge.
fn whole(number: &Number) -> Option<i128> {
    let integer = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    integer.or_else(|| {
        let float = number.as_f64()?;
        (float.fract() == 0.0 && float.abs() < 1e30).then_some(float as i128)
    })
}

/// The JSON type of a value, for messages.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::schema::Schema;

    /// A complex attribute with one sub-attribute of every type.
    fn sample() -> Attribute {
        let schema = json!({ "id": "urn:x", "attributes": [{ "name": "sample", "type": "complex", "subAttributes": [
            { "name": "folded", "type": "string" }, { "name": "exact", "type": "string", "caseExact": true },
            { "name": "boolean", "type": "boolean" }, { "name": "decimal", "type": "decimal" },
            { "name": "integer", "type": "integer" }, { "name": "dateTime", "type": "dateTime" },
            { "name": "binary", "type": "binary" }, { "name": "reference", "type": "reference" },
            { "name": "many", "type": "string", "multiValued": true },
        ]}]});
        Schema::from_json(&schema).unwrap().attributes.remove(0)
    }

    #[test]
    fn values_fit_their_type_or_are_refused() {
        let sample = sample();
        let cases = [
            ("folded", vec![json!(""), json!("x")], vec![json!(1), json!(null), json!(["x"])]),
            ("boolean", vec![json!(true)], vec![json!("true"), json!(1)]),
            ("decimal", vec![json!(1), json!(1.5)], vec![json!("1")]),
            (
                "integer",
                vec![json!(-1), json!(u64::MAX)],
                vec![json!(1.0), json!(1.5), json!(1e30), json!("1")],
            ),
            (
                "dateTime",
                vec![json!("2008-01-23T04:56:22Z")],
                vec![json!("2008-01-23"), json!("yesterday"), json!(0)],
            ),
            (
                "binary",
                vec![json!("AQ=="), json!("AQ"), json!("")],
                vec![json!("A"), json!("A_=="), json!("A Q="), json!(1)],
            ),
            (
                "reference",
                vec![json!("../Users/1"), json!("urn:a:b"), json!("")],
                vec![json!("a b"), json!("a\n"), json!(1)],
            ),
        ];
        for (name, good, bad) in cases {
            let attribute = sample.sub(name).unwrap();
            for value in good {
                assert_eq!(check(attribute, &value), Ok(()), "{name} {value}");
            }
            for value in bad {
                assert!(check(attribute, &value).is_err(), "{name} {value}");
            }
        }
        assert_eq!(check(&sample, &json!({})), Ok(()));
        let text = check(&sample, &json!("text")).unwrap_err();
        insta::assert_snapshot!(text, @"expected an object, found the string `text`");
    }

    #[test]
    fn equality_follows_the_type() {
        let sample = sample();
        for (name, a, b, same) in [
            ("folded", json!("Straße"), json!("STRAßE"), true),
            ("folded", json!("a"), json!("b"), false),
            ("exact", json!("a"), json!("A"), false),
            ("exact", json!("e\u{301}"), json!("\u{e9}"), true),
            ("decimal", json!(1), json!(1.0), true),
            ("decimal", json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992.0), false),
            ("dateTime", json!("2011-05-13T04:42:34Z"), json!("2011-05-13T06:42:34.000+02:00"), true),
            ("binary", json!("AQ=="), json!("AQ"), true),
            ("binary", json!("aq"), json!("AQ"), false),
            ("reference", json!("/A"), json!("/a"), false),
            ("boolean", json!(true), json!(true), true),
            ("boolean", json!(true), json!("true"), false),
            ("integer", json!("x"), json!("x"), true),
        ] {
            assert_eq!(equal(sample.sub(name).unwrap(), &a, &b), same, "{name} {a} {b}");
        }
    }

    #[test]
    fn complex_values_are_equal_member_by_member() {
        let sample = sample();
        let a = json!({ "folded": "A", "integer": 1, "many": ["x", "y"], "exact": null, "other": 1 });
        assert!(equal(&sample, &a, &json!({ "Integer": 1, "FOLDED": "a", "many": ["Y", "X"], "other": 1 })));
        for other in [
            json!({ "folded": "A", "integer": 1, "many": ["x", "x"], "other": 1 }),
            json!({ "folded": "A", "integer": 1, "many": ["x", "y"] }),
            json!({ "folded": "A", "integer": 1, "many": ["x", "y"], "other": 1, "exact": "e" }),
        ] {
            assert!(!equal(&sample, &a, &other), "{other}");
        }
    }

    #[test]
    fn order_follows_the_type() {
        let sample = sample();
        for (name, a, b, ordering) in [
            ("folded", json!("b"), json!("A"), Some(Ordering::Greater)),
            ("exact", json!("b"), json!("A"), Some(Ordering::Greater)),
            ("exact", json!("a"), json!("B"), Some(Ordering::Greater)),
            ("folded", json!("a"), json!("B"), Some(Ordering::Less)),
            ("integer", json!(-1), json!(u64::MAX), Some(Ordering::Less)),
            ("decimal", json!(1e300), json!(1), Some(Ordering::Greater)),
            ("decimal", json!(0.5), json!(1), Some(Ordering::Less)),
            (
                "dateTime",
                json!("2011-01-01T00:00:00Z"),
                json!("2011-01-01T00:00:00+01:00"),
                Some(Ordering::Greater),
            ),
            ("boolean", json!(false), json!(true), Some(Ordering::Less)),
            ("dateTime", json!("x"), json!("y"), None),
            ("integer", json!("1"), json!(1), None),
        ] {
            assert_eq!(compare(sample.sub(name).unwrap(), &a, &b), ordering, "{name} {a} {b}");
        }
    }

    #[test]
    fn null_and_empty_containers_are_unassigned() {
        for value in [json!(null), json!([]), json!({}), json!({ "a": null, "b": { "c": [] } })] {
            assert!(is_unassigned(&value), "{value}");
        }
        for value in [json!(""), json!(false), json!(0), json!([null]), json!({ "a": "" })] {
            assert!(!is_unassigned(&value), "{value}");
        }
    }
}
