//! Which attributes a response holds: `attributes`, `excludedAttributes` and `returned`
//! (RFC 7644 §3.4.2.5, §3.9; RFC 7643 §7).
//!
//! | `returned` | plain | with `attributes` | with `excludedAttributes` |
//! |---|---|---|---|
//! | `always`, and `schemas` | yes | yes | yes |
//! | `default`, and attributes that no schema defines | yes | if named | unless named |
//! | `request` | if supplied in a write | if named | if supplied in a write, unless named |
//! | `never` | no | no | no |
//!
//! The table holds for sub-attributes too. To name a complex attribute names its `default` sub-attributes;
//! to name an extension by its URN alone names its `default` attributes; `request` ones want their own name. A
//! sub-attribute that is `always` stays, and with it its parent, unless the parent is `never`, or `request` and not
//! asked for. Whatever ends up empty is left out.

use serde_json::Value;

use super::Resource;
use super::attr::{AttrPath, Bound, Container};
use super::error::ScimError;
use super::patch::PatchRequest;
use super::path::PatchPath;
use super::schema::{Attribute, Returned, TypeSchema, find};

/// Which attributes to return, for one resource type.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Projection {
    mode: Mode,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Mode {
    /// Neither parameter was given.
    #[default]
    Default,
    /// `attributes`.
    Only(Names),
    /// `excludedAttributes`.
    Except(Names),
}

/// A set of attribute names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names(Vec<Name>);

/// `container` is the URN of an extension, or `None` for the top level; without an `attribute` it is all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Name {
    container: Option<String>,
    attribute: Option<String>,
    sub: Option<String>,
}

/// How far a set of names covers an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cover {
    /// Not at all.
    Not,
    /// Only some of its sub-attributes.
    Subs,
    /// As a part of its named container.
    Container,
    /// By its own name.
    Itself,
}

impl Cover {
    fn is_whole(self) -> bool {
        matches!(self, Cover::Itself | Cover::Container)
    }
}

impl Names {
    /// Reads attribute notations (RFC 7644 §3.10), names in any letter case. The URN of a schema alone stands for
    /// all of its attributes. Text that is not attribute notation names nothing (Q-L09), as do
    /// unknown names, unless the resource holds an attribute of that name that no schema defines.
    pub fn parse<'n>(notations: impl IntoIterator<Item = &'n str>, schema: &TypeSchema) -> Names {
        let mut names = Vec::new();
        for notation in notations {
            // Before it is read as notation: a URN may end in something that looks like `name.sub`.
            if schema.knows(notation) {
                names.push(Name { container: container_key(notation, schema), attribute: None, sub: None });
                continue;
            }
            let Ok(path) = AttrPath::parse(notation) else { continue };
            if path.schema.is_some() && path.sub.is_none() {
                // It may also be the URN of a container that no schema defines.
                names.push(Name { container: Some(notation.to_owned()), attribute: None, sub: None });
            }
            names.push(Name {
                container: path.schema.and_then(|urn| container_key(&urn, schema)),
                attribute: Some(path.name),
                sub: path.sub,
            });
        }
        Names(names)
    }

    /// The attributes and sub-attributes that the body of a POST or PUT holds.
    pub fn of_body(body: &Resource, schema: &TypeSchema) -> Names {
        let mut names = Vec::new();
        for (key, value) in body {
            match (is_container(key, schema), value) {
                (true, Value::Object(members)) => {
                    let container = container_key(key, schema);
                    members
                        .iter()
                        .for_each(|(key, value)| names.extend(names_in(container.as_deref(), key, value)));
                }
                _ => names.extend(names_in(None, key, value)),
            }
        }
        Names(names)
    }

    /// The attributes and sub-attributes that the operations of a PATCH name or hold values for.
    pub fn of_patch(request: &PatchRequest, schema: &TypeSchema) -> Names {
        let names =
            request.operations.iter().flat_map(|operation| match (&operation.path, &operation.value) {
                (Some(path), value) => names_at(&path.parsed, value.as_ref(), schema),
                (None, Some(Value::Object(members))) => Names::of_body(members, schema).0,
                (None, _) => Vec::new(),
            });
        Names(names.collect())
    }

    fn cover(&self, container: Option<&str>, attribute: &str) -> Cover {
        let mut cover = Cover::Not;
        for name in self.0.iter().filter(|name| same(name.container.as_deref(), container)) {
            cover = match &name.attribute {
                None if cover != Cover::Itself => Cover::Container,
                Some(named) if named.eq_ignore_ascii_case(attribute) => match name.sub {
                    None => return Cover::Itself,
                    Some(_) if cover == Cover::Not => Cover::Subs,
                    Some(_) => cover,
                },
                _ => cover,
            };
        }
        cover
    }

    fn holds_sub(&self, container: Option<&str>, attribute: &str, sub: &str) -> bool {
        self.0.iter().any(|name| {
            same(name.container.as_deref(), container)
                && same(name.attribute.as_deref(), Some(attribute))
                && same(name.sub.as_deref(), Some(sub))
        })
    }
}

impl Projection {
    /// Reads the two parameters for one resource type. Empty lists count as absent.
    ///
    /// # Errors
    /// 400 `invalidValue` when both are given: they are mutually exclusive (RFC 7644 §3.9).
    pub fn new(
        attributes: &[String],
        excluded: &[String],
        schema: &TypeSchema,
    ) -> Result<Projection, ScimError> {
        let names = |list: &[String]| Names::parse(list.iter().map(String::as_str), schema);
        let mode = match (attributes.is_empty(), excluded.is_empty()) {
            (true, true) => Mode::Default,
            (false, true) => Mode::Only(names(attributes)),
            (true, false) => Mode::Except(names(excluded)),
            (false, false) => {
                return Err(ScimError::invalid_value(
                    "`attributes` and `excludedAttributes` exclude each other: send one of them",
                ));
            }
        };
        Ok(Projection { mode })
    }

    /// Whether neither parameter was given.
    pub fn is_default(&self) -> bool {
        self.mode == Mode::Default
    }

    /// Whether any part of the top-level attribute `attribute` (with `returned` `default`) is asked for, so that one
    /// which is costly to compute can be left out.
    pub fn needs(&self, attribute: &str) -> bool {
        match &self.mode {
            Mode::Default => true,
            Mode::Only(names) => names.cover(None, attribute) != Cover::Not,
            Mode::Except(names) => !names.cover(None, attribute).is_whole(),
        }
    }

    /// The part of a canonical resource that answers a query.
    pub fn apply(&self, resource: &Resource, schema: &TypeSchema) -> Resource {
        self.apply_to_write(resource, schema, &Names::default())
    }

    /// The part of a canonical resource that answers a POST, PUT or PATCH in which the client supplied the
    /// attributes `supplied` (RFC 7643 §7, `request`).
    pub fn apply_to_write(&self, resource: &Resource, schema: &TypeSchema, supplied: &Names) -> Resource {
        let choice = Choice { mode: &self.mode, supplied };
        let mut kept = Resource::new();
        for (key, value) in resource {
            let value = match (is_container(key, schema), value) {
                (true, Value::Object(members)) => {
                    let definitions = schema.extension(key).map_or(&[][..], |e| &e.schema.attributes[..]);
                    let container = container_key(key, schema);
                    let inner = members.iter().filter_map(|(key, value)| {
                        let value =
                            choice.attribute(container.as_deref(), key, find(definitions, key), value)?;
                        Some((key.clone(), value))
                    });
                    let inner: Resource = inner.collect();
                    (!inner.is_empty()).then_some(Value::Object(inner))
                }
                _ => choice.attribute(None, key, schema.attribute(key), value),
            };
            kept.extend(value.map(|value| (key.clone(), value)));
        }
        kept
    }
}

/// Everything that the decision about one attribute depends on.
struct Choice<'p> {
    mode: &'p Mode,
    supplied: &'p Names,
}

impl Choice<'_> {
    /// What is returned of an attribute.
    fn attribute(
        &self,
        container: Option<&str>,
        key: &str,
        definition: Option<&Attribute>,
        value: &Value,
    ) -> Option<Value> {
        let returned = definition.map_or(Returned::Default, |attribute| attribute.returned);
        let plain = match returned {
            Returned::Never => return None,
            Returned::Always | Returned::Default => true,
            Returned::Request => self.supplied.cover(container, key) != Cover::Not,
        };
        // Whether the attribute (of a complex one, its `default` sub-attributes) is returned, and if not,
        // whether sub-attributes that are `always` or named are.
        let (whole, reachable) = match self.mode {
            _ if returned == Returned::Always => (true, true),
            Mode::Default => (plain, plain),
            Mode::Only(names) => match (returned, names.cover(container, key)) {
                (_, Cover::Itself) | (Returned::Default, Cover::Container) => (true, true),
                (_, Cover::Subs) | (Returned::Default, _) => (false, true),
                _ => (false, false),
            },
            Mode::Except(names) => (plain && !names.cover(container, key).is_whole(), plain),
        };
        let part = |object: &Resource| -> Resource {
            let subs = object.iter().filter(|(sub, _)| {
                let returned = definition.and_then(|attribute| attribute.sub(sub)).map(|sub| sub.returned);
                reachable && self.sub(container, key, sub, returned.unwrap_or(Returned::Default), whole)
            });
            subs.map(|(sub, value)| (sub.clone(), value.clone())).collect()
        };
        match value {
            Value::Object(object) => Some(part(object)).filter(|part| !part.is_empty()).map(Value::Object),
            Value::Array(elements) => {
                let kept = elements.iter().filter_map(|element| match element {
                    Value::Object(object) => {
                        Some(part(object)).filter(|part| !part.is_empty()).map(Value::Object)
                    }
                    simple => whole.then(|| simple.clone()),
                });
                let kept: Vec<Value> = kept.collect();
                (!kept.is_empty()).then_some(Value::Array(kept))
            }
            simple => whole.then(|| simple.clone()),
        }
    }

    /// Whether a sub-attribute is returned, where `whole` says so of its parent.
    fn sub(
        &self,
        container: Option<&str>,
        attribute: &str,
        sub: &str,
        returned: Returned,
        whole: bool,
    ) -> bool {
        let named = |names: &Names| names.holds_sub(container, attribute, sub);
        match (returned, self.mode) {
            (Returned::Never, _) => false,
            (Returned::Always, _) => true,
            (Returned::Default, Mode::Default) => whole,
            (Returned::Default, Mode::Only(names)) => whole || named(names),
            (Returned::Default, Mode::Except(names)) => whole && !named(names),
            (Returned::Request, Mode::Default) => whole && named(self.supplied),
            (Returned::Request, Mode::Only(names)) => named(names),
            (Returned::Request, Mode::Except(names)) => whole && named(self.supplied) && !named(names),
        }
    }
}

/// Whether a key of a resource holds the attributes of an extension, known or not.
fn is_container(key: &str, schema: &TypeSchema) -> bool {
    key.contains(':') || schema.extension(key).is_some()
}

/// How [`Name::container`] spells a schema: nothing for the base schema, whose attributes are at the top level.
fn container_key(urn: &str, schema: &TypeSchema) -> Option<String> {
    (!schema.core.id.eq_ignore_ascii_case(urn)).then(|| urn.to_owned())
}

/// The names of one member of a body and of its sub-attributes.
fn names_in(container: Option<&str>, key: &str, value: &Value) -> Vec<Name> {
    let name = |sub: Option<&String>| Name {
        container: container.map(str::to_owned),
        attribute: Some(key.to_owned()),
        sub: sub.cloned(),
    };
    let elements = match value {
        Value::Array(elements) => &elements[..],
        single => std::slice::from_ref(single),
    };
    let subs = elements.iter().filter_map(Value::as_object).flat_map(|object| object.keys());
    std::iter::once(name(None)).chain(subs.map(|sub| name(Some(sub)))).collect()
}

/// What a PATCH path names, and what the value for it holds. An unknown path names nothing.
fn names_at(path: &PatchPath, value: Option<&Value>, schema: &TypeSchema) -> Vec<Name> {
    let value = value.unwrap_or(&Value::Null);
    match schema.bind(&path.attr) {
        Err(_) => Vec::new(),
        Ok(Bound::Container(extension)) => {
            let members = value.as_object().into_iter().flatten();
            members.flat_map(|(key, value)| names_in(Some(&extension.schema.id), key, value)).collect()
        }
        Ok(Bound::Attribute { container, attribute, sub }) => {
            let container = match container {
                Container::Core => None,
                Container::Extension(urn) => Some(urn),
            };
            match sub.map(|sub| &sub.name).or(path.sub.as_ref()) {
                None => names_in(container, &attribute.name, value),
                Some(sub) => vec![Name {
                    container: container.map(str::to_owned),
                    attribute: Some(attribute.name.clone()),
                    sub: Some(sub.clone()),
                }],
            }
        }
    }
}

fn same(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
