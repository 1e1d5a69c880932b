//! Values against the definition of their attribute.

use serde_json::{Map, Value};

use crate::protocol::patch::Op;
use crate::protocol::schema::{Attribute, Mutability, Returned, Type};
use crate::protocol::value as types;

use super::filter::spelled;
use super::notes::{At, Notes, quoted};
use super::resource::Write;
use super::{Rule, format, rules};

/// What a value of a multi-valued attribute may have although its schema does not list it (RFC 7643 §2.4).
const DEFAULT_SUB_ATTRIBUTES: [&str; 5] = ["type", "primary", "display", "value", "$ref"];

/// Looks at the whole value of an attribute.
pub(super) fn check(attribute: &Attribute, write: Write, value: &Value, at: &At<'_>, notes: &mut Notes) {
    match value {
        Value::Null => unassigned(attribute, write, "null", at, notes),
        Value::Array(items) if items.is_empty() => unassigned(attribute, write, "an empty array", at, notes),
        _ if attribute.multi_valued => list(attribute, write, value, at, notes),
        Value::Array(items) => {
            let quirk = match (write, attribute.name.as_str()) {
                (Write::Patch(_), "manager") => Some("Q-U11"),
                (_, "manager") => Some("Q-C13"),
                (Write::Patch(_), _) if items.len() == 1 => Some("Q-U15"),
                _ => None,
            };
            notes.add(&rules::ARRAY_FOR_ONE, quirk, at, format!("`{}` takes one value", attribute.name));
            for (index, item) in items.iter().enumerate().take(1) {
                element(attribute, write, item, &At::Element(at, index), notes);
            }
        }
        one => element(attribute, write, one, at, notes),
    }
}

/// null or `[]`.
fn unassigned(attribute: &Attribute, write: Write, found: &str, at: &At<'_>, notes: &mut Notes) {
    let quirk = match (write, attribute.name.as_str()) {
        (Write::Patch(_), "members") => {
            let what = "the list of members is emptied";
            return notes.add(&rules::PATCH_EMPTIED, Some("Q-G09"), at, what);
        }
        (_, "$ref") => Some("Q-G03"),
        // Whoever puts whole groups also empties them so.
        (Write::Replace, "display" | "members") => Some("Q-G12"),
        (Write::Create, _) => Some("Q-C04"),
        (Write::Replace, _) => Some("Q-U21"),
        (Write::Patch(_), _) => None,
    };
    notes.add(&rules::UNASSIGNED, quirk, at, format!("`{}` is {found}", attribute.name));
}

fn list(attribute: &Attribute, write: Write, value: &Value, at: &At<'_>, notes: &mut Notes) {
    let items = match value {
        Value::Array(items) => items,
        // RFC 7644 §3.5.2.1 lets `add` bring a single value.
        one if write == Write::Patch(Op::Add) => return element(attribute, write, one, at, notes),
        one => {
            let quirk = (one.is_object() && !write.is_patch()).then_some("Q-C08");
            let what = format!("`{}` is {}", attribute.name, types::kind(one));
            notes.add(&rules::LIST_NOT_ARRAY, quirk, at, what);
            return element(attribute, write, one, at, notes);
        }
    };
    for (index, item) in items.iter().enumerate() {
        element(attribute, write, item, &At::Element(at, index), notes);
    }
    let primary = |item: &&Value| item.get("primary") == Some(&Value::Bool(true));
    if items.iter().filter(primary).nth(1).is_some() {
        let what = format!("several values of `{}` are primary", attribute.name);
        notes.add(&rules::TWO_PRIMARIES, Some("Q-U29"), at, what);
    }
}

/// Looks at one value: that of a singular attribute, or an element.
pub(super) fn element(attribute: &Attribute, write: Write, value: &Value, at: &At<'_>, notes: &mut Notes) {
    match (attribute.is_complex(), value) {
        (_, Value::Null) => unassigned(attribute, write, "null", at, notes),
        (true, Value::Object(members)) => complex(attribute, write, members, at, notes),
        (true, other) => {
            let (rule, quirk) = not_complex(attribute, write, other);
            notes.add(rule, quirk, at, format!("`{}` is {}", attribute.name, types::kind(other)));
        }
        (false, value) => simple(attribute, write, value, at, notes),
    }
}

/// What it is when something else stands where an object is due.
fn not_complex(attribute: &Attribute, write: Write, value: &Value) -> (&'static Rule, Option<&'static str>) {
    let quirk = match (write, attribute.name.as_str(), value) {
        (_, "members", Value::String(_)) => Some("Q-G17"),
        (Write::Patch(_), "manager", Value::String(text)) if text.is_empty() => Some("Q-U12"),
        (Write::Patch(_), "manager", Value::String(_)) => Some("Q-U10"),
        (_, "manager", Value::String(_)) => Some("Q-C13"),
        _ => None,
    };
    let rule = match write {
        Write::Patch(Op::Add) => &rules::PATCH_ADD_COMPLEX,
        Write::Patch(_) => &rules::PATCH_REPLACE_COMPLEX,
        _ => &rules::COMPLEX_NOT_OBJECT,
    };
    (rule, quirk)
}

fn complex(
    attribute: &Attribute,
    write: Write,
    members: &Map<String, Value>,
    at: &At<'_>,
    notes: &mut Notes,
) {
    if attribute.name == "manager" && members.get("value").and_then(Value::as_str) == Some("") {
        let what = "the id of the manager is the empty string";
        notes.add(&rules::EMPTY_REFERENCE, Some("Q-U12"), at, what);
    }
    for (name, value) in members {
        let at = At::Member(at, name);
        let Some(sub) = attribute.sub(name) else {
            if attribute.multi_valued && DEFAULT_SUB_ATTRIBUTES.contains(&name.as_str()) {
                if value.is_null() {
                    let quirk = if name == "$ref" { "Q-G03" } else { "Q-G12" };
                    notes.add(&rules::UNASSIGNED, Some(quirk), &at, format!("`{name}` is null"));
                }
                continue;
            }
            let quirk = (attribute.name == "members" && name == "displayName").then_some("Q-G18");
            let what = format!("`{}` has no {}", attribute.name, quoted(name));
            notes.add(&rules::UNKNOWN_SUB_ATTRIBUTE, quirk, &at, what);
            continue;
        };
        spelled(name, &sub.name, &at, notes);
        check(sub, write, value, &at, notes);
    }
}

fn simple(attribute: &Attribute, write: Write, value: &Value, at: &At<'_>, notes: &mut Notes) {
    if types::check(attribute, value).is_ok() {
        if let Value::String(text) = value {
            format::check(attribute, text, at, notes);
        }
        return;
    }
    let is_secret = attribute.returned == Returned::Never || attribute.mutability == Mutability::WriteOnly;
    let found = match value {
        Value::Bool(_) | Value::Number(_) | Value::String(_) if is_secret => types::kind(value).to_owned(),
        Value::String(text) => format!("the string {}", quoted(text)),
        Value::Bool(_) | Value::Number(_) => quoted(&value.to_string()),
        other => types::kind(other).to_owned(),
    };
    let (rule, quirk) = match attribute.kind {
        Type::Boolean => (&rules::TYPE_BOOLEAN, boolean_quirk(attribute, write, value)),
        Type::Decimal => (&rules::TYPE_DECIMAL, None),
        Type::Integer => (&rules::TYPE_INTEGER, None),
        Type::DateTime if value.as_str().is_some_and(is_date) => (&rules::TYPE_DATE_ONLY, None),
        Type::DateTime => (&rules::TYPE_DATE_TIME, None),
        Type::Binary if at.is_within("x509Certificates") => (&rules::TYPE_CERTIFICATE, None),
        Type::Binary => (&rules::TYPE_BINARY, None),
        Type::Reference => (&rules::TYPE_REFERENCE, None),
        Type::String | Type::Complex => (&rules::TYPE_STRING, None),
    };
    notes.add(rule, quirk, at, format!("`{}` is {found}", attribute.name));
}

/// Which quirk a boolean as text is.
fn boolean_quirk(attribute: &Attribute, write: Write, value: &Value) -> Option<&'static str> {
    let text = value.as_str()?;
    if !["true", "false"].iter().any(|word| word.eq_ignore_ascii_case(text)) {
        return None;
    }
    match (write, attribute.name.as_str()) {
        (_, "primary") => Some("Q-C06"),
        (Write::Create | Write::Replace, "active") => Some("Q-C07"),
        (Write::Patch(_), "active") => Some("Q-U02"),
        _ => None,
    }
}

/// A date without a time.
fn is_date(text: &str) -> bool {
    text.len() == 10 && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit())
}
