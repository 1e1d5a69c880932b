//! POST and PUT bodies (RFC 7643 §3, RFC 7644 §3.3, §3.5.1).

use serde_json::{Map, Value};

use crate::protocol::message::member;
use crate::protocol::patch::Op;
use crate::protocol::schema::{Attribute, GROUP, Mutability, TypeSchema, USER, find};
use crate::protocol::value::is_unassigned;

use super::filter::spelled;
use super::notes::{At, Notes, quoted};
use super::{rules, value};

/// What a request does with the attributes in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    /// POST.
    Create,
    /// PUT.
    Replace,
    /// One operation of a PATCH.
    Patch(Op),
}

impl Write {
    /// Whether it is a PATCH.
    pub(super) fn is_patch(self) -> bool {
        matches!(self, Write::Patch(_))
    }
}

/// Looks at a whole resource.
pub(super) fn check(
    kind: &TypeSchema,
    write: Write,
    body: &Map<String, Value>,
    at: &At<'_>,
    notes: &mut Notes,
) {
    let declared = schemas(kind, body, at, notes);
    members(kind, write, body, at, notes);
    for extension in &kind.extensions {
        let urn = &extension.schema.id;
        let is_declared = declared.iter().any(|declared| declared.eq_ignore_ascii_case(urn));
        let is_there = member(body, urn).is_some();
        if is_declared && !is_there {
            let what = format!("{} is listed, and nothing of it is there", quoted(urn));
            notes.add(&rules::SCHEMAS_UNUSED, Some("Q-C01"), &At::Member(at, "schemas"), what);
        }
        if extension.required && !is_there {
            let what = format!("{} is missing", quoted(urn));
            notes.add(&rules::EXTENSION_REQUIRED, None, at, what);
        }
    }
    for key in body.keys().filter(|key| key.contains(':')) {
        let is_container = member(body, key).is_some_and(Value::is_object);
        if is_container && !declared.iter().any(|declared| declared.eq_ignore_ascii_case(key)) {
            let what = "its URN is not in `schemas`";
            notes.add(&rules::EXTENSION_UNDECLARED, Some("Q-C02"), &At::Member(at, key), what);
        }
    }
    required(kind, write, body, at, notes);
}

/// Looks at `schemas`, and returns what it lists.
fn schemas<'v>(
    kind: &TypeSchema,
    body: &'v Map<String, Value>,
    at: &At<'_>,
    notes: &mut Notes,
) -> Vec<&'v str> {
    let at = At::Member(at, "schemas");
    let entries = match member(body, "schemas") {
        Some(Value::Array(entries)) if !entries.is_empty() => entries,
        Some(Value::String(_)) => {
            notes.add(&rules::LIST_NOT_ARRAY, None, &at, "it is a string");
            return Vec::new();
        }
        Some(Value::Array(_)) => {
            notes.add(&rules::SCHEMAS_MISSING, None, &at, "it is empty");
            return Vec::new();
        }
        _ => {
            notes.add(&rules::SCHEMAS_MISSING, None, &at, "there is none");
            return Vec::new();
        }
    };
    let mut listed: Vec<&str> = Vec::new();
    let is_old = |urn: &str| urn.get(..9).is_some_and(|begin| begin.eq_ignore_ascii_case("urn:scim:"));
    // No resource type has more extensions than this; the rest of a hostile list is left alone.
    for (index, entry) in entries.iter().enumerate().take(100) {
        let at = At::Element(&at, index);
        let Some(urn) = entry.as_str().filter(|text| text.contains(':')) else {
            notes.add(&rules::SCHEMAS_NOT_URI, None, &at, "it is no URI");
            continue;
        };
        if listed.iter().any(|known| known.eq_ignore_ascii_case(urn)) {
            notes.add(&rules::SCHEMAS_TWICE, None, &at, format!("{} stands there twice", quoted(urn)));
        }
        listed.push(urn);
        if !kind.knows(urn) {
            let quirk = match () {
                () if is_old(urn) => Some("Q-C09"),
                () if urn.contains("schemas.microsoft.com") => Some("Q-G06"),
                () => None,
            };
            let what = format!("{} is no schema of a {}", quoted(urn), kind.resource_type.name);
            notes.add(&rules::SCHEMAS_UNKNOWN, quirk, &at, what);
        }
    }
    if !listed.iter().any(|urn| kind.core.id.eq_ignore_ascii_case(urn)) {
        let quirk = listed.iter().any(|urn| is_old(urn)).then_some("Q-C09");
        notes.add(&rules::SCHEMAS_BASE, quirk, &at, format!("{} is not in it", quoted(&kind.core.id)));
    }
    listed
}

/// Looks at the members of a resource, or of a PATCH value without a path.
pub(super) fn members(
    kind: &TypeSchema,
    write: Write,
    body: &Map<String, Value>,
    at: &At<'_>,
    notes: &mut Notes,
) {
    for (name, value) in body {
        if name.eq_ignore_ascii_case("schemas") {
            spelled(name, "schemas", &At::Member(at, name), notes);
            continue;
        }
        let at = At::Member(at, name);
        if let Some(extension) = kind.extension(name) {
            container(&extension.schema.attributes, write, value, &at, notes);
        } else if let Some(attribute) = kind.attribute(name) {
            spelled(name, &attribute.name, &at, notes);
            attribute_of(attribute, write, value, &at, notes);
        } else {
            unknown(kind, name, write, value, &at, notes);
        }
    }
}

/// Looks at the object of an extension.
fn container(attributes: &[Attribute], write: Write, value: &Value, at: &At<'_>, notes: &mut Notes) {
    let Some(members) = value.as_object() else {
        if !is_unassigned(value) {
            notes.add(&rules::COMPLEX_NOT_OBJECT, None, at, "an extension is an object");
        }
        return;
    };
    for (name, value) in members {
        let at = At::Member(at, name);
        match find(attributes, name) {
            Some(attribute) => {
                spelled(name, &attribute.name, &at, notes);
                value::check(attribute, write, value, &at, notes);
            }
            None => {
                let what = format!("the extension has no {}", quoted(name));
                notes.add(&rules::UNKNOWN_ATTRIBUTE, Some("Q-C10"), &at, what);
            }
        }
    }
}

fn attribute_of(attribute: &Attribute, write: Write, value: &Value, at: &At<'_>, notes: &mut Notes) {
    if attribute.mutability != Mutability::ReadOnly {
        return value::check(attribute, write, value, at, notes);
    }
    let what = format!("`{}` is the provider's to set", attribute.name);
    match write {
        Write::Create if attribute.name == "id" => notes.add(&rules::ID_CHOSEN, Some("Q-C03"), at, what),
        Write::Create => notes.add(&rules::READ_ONLY_SENT, Some("Q-C03"), at, what),
        Write::Replace => notes.add(&rules::READ_ONLY_ECHOED, Some("Q-U19"), at, what),
        // Which quirk it is shows in the value as a whole; see `patch`.
        Write::Patch(_) => {}
    }
}

fn unknown(kind: &TypeSchema, name: &str, write: Write, value: &Value, at: &At<'_>, notes: &mut Notes) {
    let is_urn = |urn: &str| urn.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn:"));
    // `urn:…:2.0:User:department`: the URN of a schema and one of its attributes.
    if let Some((urn, attribute)) = name.rsplit_once(':')
        && kind.knows(urn)
    {
        let quirk = write.is_patch().then_some("Q-U05");
        notes.add(&rules::KEY_URN, quirk, at, format!("the key is {}", quoted(name)));
        let (attribute, sub) = attribute.split_once('.').map_or((attribute, None), |(a, sub)| (a, Some(sub)));
        let attributes =
            kind.extension(urn).map_or(&kind.core.attributes, |extension| &extension.schema.attributes);
        let leaf = find(attributes, attribute).and_then(|leaf| sub.map_or(Some(leaf), |sub| leaf.sub(sub)));
        match leaf {
            Some(leaf) => value::check(leaf, write, value, at, notes),
            None => notes.add(&rules::UNKNOWN_ATTRIBUTE, Some("Q-C10"), at, "no schema has it"),
        }
    } else if is_urn(name) && value.is_object() {
        // A schema that the provider does not have; `schemas` has been spoken of.
    } else if let Some((attribute, sub)) = name.split_once('.')
        && let Some(leaf) = kind.attribute(attribute)
    {
        let quirk = write.is_patch().then_some("Q-U04");
        notes.add(&rules::KEY_DOTTED, quirk, at, format!("the key is {}", quoted(name)));
        if let Some(leaf) = leaf.sub(sub) {
            value::check(leaf, write, value, at, notes);
        }
    } else if kind.extensions.iter().any(|extension| find(&extension.schema.attributes, name).is_some()) {
        let what = format!("{} belongs to an extension", quoted(name));
        notes.add(&rules::EXTENSION_AT_TOP, Some("Q-C10"), at, what);
    } else {
        let what = format!("a {} has no {}", kind.resource_type.name, quoted(name));
        notes.add(&rules::UNKNOWN_ATTRIBUTE, Some("Q-C10"), at, what);
    }
}

/// Looks for what a whole resource must have.
fn required(kind: &TypeSchema, write: Write, body: &Map<String, Value>, at: &At<'_>, notes: &mut Notes) {
    let writable =
        |attribute: &&Attribute| attribute.required && attribute.mutability != Mutability::ReadOnly;
    for attribute in kind.core.attributes.iter().filter(writable) {
        let is_empty = |value: &Value| is_unassigned(value) || value.as_str() == Some("");
        if member(body, &attribute.name).is_some_and(|value| !is_empty(value)) {
            continue;
        }
        let rule = match (write, kind.core.id.as_str(), attribute.name.as_str()) {
            (Write::Replace, ..) => &rules::PUT_REQUIRED_MISSING,
            (_, USER, "userName") => &rules::USER_NAME_MISSING,
            (_, GROUP, "displayName") => &rules::GROUP_NAME_MISSING,
            _ => &rules::REQUIRED_MISSING,
        };
        notes.add(rule, None, at, format!("`{}` has no value", attribute.name));
    }
}
