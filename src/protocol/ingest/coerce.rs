//! The one place that turns a JSON value from outside into the canonical value of an attribute.
//!
//! POST, PUT and PATCH all go through here, so that they agree about types, tolerances, unknown members
//! and unassigned values. What is required is not looked at here: a value may be one part of several.

use serde_json::{Map, Value};

use super::at::At;
use super::elements;
use crate::protocol::error::ScimError;
use crate::protocol::policy::{Policy, Unknown};
use crate::protocol::schema::{Attribute, Mutability, Type};
use crate::protocol::value::{check, is_unassigned, kind};

/// A member that a client asserted. Members that it may not write (readOnly) are left out.
#[derive(Debug)]
pub(in crate::protocol) struct Asserted<'s> {
    /// Its definition; `None` for an unknown member that the policy keeps.
    pub(in crate::protocol) attribute: Option<&'s Attribute>,
    /// Its name, spelled as in the schema.
    pub(in crate::protocol) name: String,
    /// Its canonical value; `None` where the client asserts that it has none (null, `[]`).
    pub(in crate::protocol) value: Option<Value>,
}

/// The members that a client asserted within one object.
#[derive(Debug, Default)]
pub(in crate::protocol) struct Assertions<'s>(pub(in crate::protocol) Vec<Asserted<'s>>);

impl<'s> Assertions<'s> {
    /// Reads one member.
    ///
    /// # Errors
    /// 400 `invalidSyntax` when the member occurred before in other letter case, or is unknown and the policy
    /// refuses such; 400 `invalidValue` when the value does not fit.
    pub(in crate::protocol) fn read(
        &mut self,
        attribute: Option<&'s Attribute>,
        name: String,
        value: Value,
        object: &At<'_>,
        policy: &Policy,
    ) -> Result<(), ScimError> {
        let Some(attribute) = attribute else { return self.read_unknown(name, value, object, policy) };
        let at = At::Member(object, &attribute.name);
        if self.get(attribute).is_some() {
            return Err(ScimError::invalid_syntax(format!(
                "{at} is given twice; attribute names are the same in any letter case"
            )));
        }
        if attribute.mutability != Mutability::ReadOnly {
            let value = whole(attribute, value, &at, policy)?;
            let name = if name == attribute.name { name } else { attribute.name.clone() };
            self.0.push(Asserted { attribute: Some(attribute), name, value });
        }
        Ok(())
    }

    fn read_unknown(
        &mut self,
        name: String,
        value: Value,
        object: &At<'_>,
        policy: &Policy,
    ) -> Result<(), ScimError> {
        match policy.unknown_attributes {
            Unknown::Ignore => {}
            Unknown::Reject => return Err(unknown(&At::Member(object, &name))),
            Unknown::Keep => {
                let value = (!is_unassigned(&value)).then_some(value);
                self.0.push(Asserted { attribute: None, name, value });
            }
        }
        Ok(())
    }

    /// What was asserted about `attribute`.
    pub(in crate::protocol) fn get(&self, attribute: &Attribute) -> Option<&Asserted<'s>> {
        self.0.iter().find(|asserted| asserted.name == attribute.name)
    }

    /// The object that holds the assigned values; `None` when there are none.
    pub(in crate::protocol) fn into_object(self) -> Option<Map<String, Value>> {
        let object: Map<_, _> =
            self.0.into_iter().filter_map(|a| a.value.map(|value| (a.name, value))).collect();
        (!object.is_empty()).then_some(object)
    }
}

/// 400 `invalidSyntax` for a member that no schema defines.
pub(in crate::protocol) fn unknown(at: &At<'_>) -> ScimError {
    ScimError::invalid_syntax(format!("{at} is not an attribute of this resource type"))
}

/// The canonical value of an attribute; `None` when it is unassigned (RFC 7643 §2.5).
///
/// # Errors
/// 400 `invalidValue` names the place and says what would fit; `invalidSyntax` as [`Assertions::read`].
pub(in crate::protocol) fn whole(
    attribute: &Attribute,
    value: Value,
    at: &At<'_>,
    policy: &Policy,
) -> Result<Option<Value>, ScimError> {
    if attribute.multi_valued {
        let items = list(attribute, value, at, policy)?;
        return Ok((!items.is_empty()).then_some(Value::Array(items)));
    }
    element(attribute, singular(attribute, value, at, policy)?, at, policy)
}

/// The one value of a singular attribute, out of the array that some clients wrap it in.
pub(in crate::protocol) fn singular(
    attribute: &Attribute,
    value: Value,
    at: &At<'_>,
    policy: &Policy,
) -> Result<Value, ScimError> {
    match value {
        Value::Array(mut items)
            if policy.loose_plurality || (policy.bare_values && attribute.is_complex()) =>
        {
            match items.len() {
                0 | 1 => Ok(items.pop().unwrap_or(Value::Null)),
                count => Err(at.invalid(format!("expected one value, found an array of {count}"))),
            }
        }
        Value::Array(_) => Err(at.invalid(format!("expected {}, found an array", expected(attribute)))),
        other => Ok(other),
    }
}

/// The elements of a multi-valued attribute: canonical, each once, at most one of them primary.
pub(in crate::protocol) fn list(
    attribute: &Attribute,
    value: Value,
    at: &At<'_>,
    policy: &Policy,
) -> Result<Vec<Value>, ScimError> {
    let items = match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items,
        Value::String(text) if text.is_empty() && policy.empty_string_clears && attribute.is_complex() => {
            Vec::new()
        }
        one if policy.loose_plurality || is_bare(attribute, &one, policy) => vec![one],
        other => return Err(at.invalid(format!("expected an array, found {}", kind(&other)))),
    };
    let mut fresh = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        fresh.extend(element(attribute, item, &At::Element(at, index), policy)?);
    }
    let mut settled = Vec::with_capacity(fresh.len());
    let primaries = elements::join(attribute, &mut settled, fresh);
    elements::make_primary(attribute, &mut settled, &primaries, at, policy)?;
    Ok(settled)
}

/// One value of an attribute: that of a singular one, or one element of a multi-valued one.
pub(in crate::protocol) fn element(
    attribute: &Attribute,
    value: Value,
    at: &At<'_>,
    policy: &Policy,
) -> Result<Option<Value>, ScimError> {
    if attribute.is_complex() {
        let asserted = assertions(attribute, value, at, policy)?;
        return Ok(asserted.and_then(Assertions::into_object).map(Value::Object));
    }
    let value = match value {
        Value::Null => return Ok(None),
        Value::String(text) if attribute.kind == Type::Boolean && policy.string_booleans => boolean(text),
        other => other,
    };
    check(attribute, &value).map_err(|problem| at.invalid(problem))?;
    Ok(Some(value))
}

/// What a client asserts about the sub-attributes of one complex value; `None` when the whole of it is
/// unassigned.
pub(in crate::protocol) fn assertions<'s>(
    attribute: &'s Attribute,
    value: Value,
    at: &At<'_>,
    policy: &Policy,
) -> Result<Option<Assertions<'s>>, ScimError> {
    let mut asserted = Assertions::default();
    match value {
        Value::Null => return Ok(None),
        Value::String(text) if text.is_empty() && policy.empty_string_clears => return Ok(None),
        bare @ Value::String(_) if is_bare(attribute, &bare, policy) => {
            asserted.read(attribute.sub("value"), "value".to_owned(), bare, at, policy)?;
        }
        Value::Object(members) => {
            for (name, value) in members {
                asserted.read(attribute.sub(&name), name, value, at, policy)?;
            }
        }
        other => {
            return Err(at.invalid(format!("expected an object of sub-attributes, found {}", kind(&other))));
        }
    }
    let cleared = policy.empty_string_clears
        && attribute
            .sub("value")
            .and_then(|value| asserted.get(value))
            .is_some_and(|value| value.value.as_ref().and_then(Value::as_str) == Some(""));
    Ok((!cleared).then_some(asserted))
}

/// Whether the sub-attribute `value` of a canonical complex value is the empty string, by which some clients
/// mean that there is no value at all (Q-U12).
pub(in crate::protocol) fn is_cleared(
    attribute: &Attribute,
    object: &Map<String, Value>,
    policy: &Policy,
) -> bool {
    policy.empty_string_clears
        && attribute.sub("value").and_then(|value| object.get(&value.name)).and_then(Value::as_str)
            == Some("")
}

/// Whether `value` is text that may stand for `{"value": …}`.
fn is_bare(attribute: &Attribute, value: &Value, policy: &Policy) -> bool {
    policy.bare_values && value.is_string() && attribute.sub("value").is_some()
}

/// A boolean that was sent as text; other text is returned as it is and refused by the type check.
fn boolean(text: String) -> Value {
    if text.eq_ignore_ascii_case("true") {
        Value::Bool(true)
    } else if text.eq_ignore_ascii_case("false") {
        Value::Bool(false)
    } else {
        Value::String(text)
    }
}

fn expected(attribute: &Attribute) -> &'static str {
    if attribute.is_complex() { "an object of sub-attributes" } else { "one value" }
}
