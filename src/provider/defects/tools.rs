//! Small helpers that several topics use.

use serde_json::Value;

use super::message::{Answer, Asked};
use super::seams::Writing;
use crate::protocol::Resource;
use crate::protocol::error::ScimError;
use crate::protocol::schema::{Attribute, Schema};

/// Changes the definition of an attribute, `name` or `name.sub`.
pub(super) fn define(schemas: &mut [Schema], urn: &str, path: &str, change: fn(&mut Attribute)) {
    let Some(schema) = schemas.iter_mut().find(|schema| schema.id == urn) else { return };
    let (name, sub) = path.split_once('.').map_or((path, None), |(name, sub)| (name, Some(sub)));
    let Some(attribute) = schema.attributes.iter_mut().find(|attribute| attribute.name == name) else {
        return;
    };
    match sub {
        None => change(attribute),
        Some(sub) => attribute.sub_attributes.iter_mut().filter(|a| a.name == sub).for_each(change),
    }
}

/// The elements of a multi-valued value.
pub(super) fn elements(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The elements of an attribute, to be changed.
pub(super) fn elements_mut<'r>(resource: &'r mut Resource, name: &str) -> Option<&'r mut Vec<Value>> {
    resource.get_mut(name)?.as_array_mut()
}

/// The value with which an element is compared: its `value`, or itself.
pub(super) fn key_of(element: &Value) -> &Value {
    element.get("value").unwrap_or(element)
}

/// Whether an attribute is multi-valued for that resource type.
pub(super) fn is_list(writing: &Writing<'_>, name: &str) -> bool {
    writing.schema.attribute(name).is_some_and(|attribute| attribute.multi_valued)
}

/// An answer to a write that went well, of that method.
pub(super) fn succeeded(asked: &Asked, answer: &Answer, method: &str) -> bool {
    asked.method == method
        && (200..300).contains(&answer.status)
        && !asked.is_search()
        && asked.endpoint() != "Bulk"
}

/// 500 with whatever the program said when it broke.
pub(super) fn crash(said: &str) -> ScimError {
    ScimError::status(500, said)
}

/// Changes every text in a value.
pub(super) fn each_text(value: &mut Value, change: fn(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, change)),
        Value::Object(members) => members.values_mut().for_each(|value| each_text(value, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Changes every text of a resource except for what names schemas and resources.
pub(super) fn each_own_text(resource: &mut Resource, change: fn(&mut String)) {
    for (name, value) in resource.iter_mut() {
        if !matches!(name.as_str(), "schemas" | "id" | "meta" | "members" | "groups") {
            each_text(value, change);
        }
    }
}
