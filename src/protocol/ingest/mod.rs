//! POST and PUT bodies: validation and canonical form (RFC 7643 §2, §3; RFC 7644 §3.3, §3.5.1).
//!
//! [`create`] and [`replace`] turn a body into a canonical resource or say what is wrong with it. What is
//! tolerated is a matter of the [`Policy`]; the rows named there are those of the traffic catalogue.
//!
//! Decisions where the RFCs leave room:
//!
//! * `schemas` of the result lists the base schema and exactly those extensions that have data.
//! * Elements of a multi-valued attribute with the same (`value`, `type`) collapse into one, and so do references
//!   such as members with the same `value`; see the module `elements`. Of several primary ones the first stays where
//!   the policy is loose about plurality, else they are refused.
//! * `canonicalValues` are suggestions: other values are taken, and letter case is kept.
//! * An empty string is a value (RFC 7643 §2.3.1), but not one that satisfies `required`.
//! * PUT keeps what the client cannot have read (writeOnly) or may not change (readOnly, immutable)
//!   when the body does not mention it, and clears the rest. Null for an immutable attribute that has a value is a
//!   change, hence `mutability`.

use serde_json::Value;

use super::Resource;
use super::attr::Container;
use super::error::ScimError;
use super::policy::Policy;
use super::schema::{Attribute, Extension, Mutability, TypeSchema, common_attributes, find};
use super::value::{equal, kind};

pub(in crate::protocol) mod at;
pub(in crate::protocol) mod coerce;
pub(in crate::protocol) mod elements;
#[cfg(test)]
pub(in crate::protocol) mod generate;
pub(in crate::protocol) mod schemas;
#[cfg(test)]
mod tests;

use at::At;
use coerce::{Asserted, Assertions};

/// The canonical resource that a POST body describes, without what the provider assigns (`id`, `meta`, readOnly
/// attributes: given ones are ignored, RFC 7644 §3.3).
///
/// # Errors
/// 400 `invalidSyntax` for a body of the wrong structure (not an object, `schemas` wrong, a member twice), 400
/// `invalidValue` for a value that is missing or does not fit. The detail names the first mistake.
pub fn create(schema: &TypeSchema, body: Value, policy: &Policy) -> Result<Resource, ScimError> {
    let resource = Body::read(schema, body, policy)?.into_resource(schema);
    check_required(schema, &resource)?;
    Ok(resource)
}

/// The canonical resource after a PUT of `body` on the canonical resource `current`.
///
/// `id` and `meta` are left to the caller, whatever the body says; other readOnly values are carried over from
/// `current` where it has them.
///
/// # Errors
/// As [`create`]; also 400 `mutability` when an immutable attribute that has a value would change.
pub fn replace(
    schema: &TypeSchema,
    current: &Resource,
    body: Value,
    policy: &Policy,
) -> Result<Resource, ScimError> {
    let mut body = Body::read(schema, body, policy)?;
    keep(schema.attributes(), &mut body.core, current, &At::In(Container::Core))?;
    for (extension, asserted) in &mut body.extensions {
        let urn = &extension.schema.id;
        if let Some(stored) = current.get(urn).and_then(Value::as_object) {
            keep(extension.schema.attributes.iter(), asserted, stored, &At::In(Container::Extension(urn)))?;
        }
    }
    let resource = body.into_resource(schema);
    check_required(schema, &resource)?;
    Ok(resource)
}

/// Puts back what a PUT does not touch, and refuses what it may not.
fn keep<'s>(
    definitions: impl Iterator<Item = &'s Attribute>,
    asserted: &mut Assertions<'s>,
    stored: &Resource,
    object: &At<'_>,
) -> Result<(), ScimError> {
    for attribute in definitions {
        let Some(old) = stored.get(&attribute.name) else { continue };
        let given = asserted.0.iter_mut().find(|given| given.name == attribute.name);
        match (attribute.mutability, given) {
            (Mutability::ReadWrite, Some(given)) if attribute.is_complex() && !attribute.multi_valued => {
                if let (Some(Value::Object(new)), Value::Object(old)) = (&mut given.value, old) {
                    keep_subs(attribute, new, old, &At::Member(object, &attribute.name))?;
                }
            }
            (Mutability::ReadWrite, _) | (Mutability::WriteOnly, Some(_)) => {}
            (Mutability::ReadOnly, _) if find(common_attributes(), &attribute.name).is_some() => {}
            (Mutability::Immutable, Some(given)) => {
                if !given.value.as_ref().is_some_and(|new| same(attribute, old, new)) {
                    return Err(At::Member(object, &attribute.name).immutable(CANNOT_CHANGE));
                }
                given.value = Some(old.clone());
            }
            (Mutability::ReadOnly | Mutability::WriteOnly | Mutability::Immutable, _) => {
                let value = Some(old.clone());
                asserted.0.push(Asserted { attribute: Some(attribute), name: attribute.name.clone(), value });
            }
        }
    }
    Ok(())
}

/// The same for the sub-attributes of one complex value. What the provider adds to it (readOnly sub-attributes)
/// goes, because it may not belong to the new value.
///
/// # Errors
/// 400 `mutability` when an immutable sub-attribute that has a value would change.
pub(in crate::protocol) fn keep_subs(
    attribute: &Attribute,
    new: &mut Resource,
    old: &Resource,
    at: &At<'_>,
) -> Result<(), ScimError> {
    for sub in &attribute.sub_attributes {
        let Some(value) = old.get(&sub.name) else { continue };
        match (sub.mutability, new.get(&sub.name)) {
            (Mutability::ReadOnly | Mutability::ReadWrite, _) | (Mutability::WriteOnly, Some(_)) => {}
            (Mutability::Immutable, Some(given)) if !same(sub, value, given) => {
                return Err(At::Member(at, &sub.name).immutable(CANNOT_CHANGE));
            }
            (Mutability::Immutable | Mutability::WriteOnly, _) => {
                new.insert(sub.name.clone(), value.clone());
            }
        }
    }
    Ok(())
}

/// Detail for a change of an immutable value.
pub(in crate::protocol) const CANNOT_CHANGE: &str = "is immutable and has a value, so that it cannot change";

/// Whether two canonical values of an attribute are equal by its type. The order of elements counts.
pub(in crate::protocol) fn same(attribute: &Attribute, a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(attribute, a, b))
        }
        _ => equal(attribute, a, b),
    }
}

/// What a body asserts, container by container.
struct Body<'s> {
    core: Assertions<'s>,
    /// Every extension of the type, whether the body mentions it or not.
    extensions: Vec<(&'s Extension, Assertions<'s>)>,
}

impl<'s> Body<'s> {
    fn read(schema: &'s TypeSchema, body: Value, policy: &Policy) -> Result<Self, ScimError> {
        let Value::Object(body) = body else {
            let found = kind(&body);
            return Err(ScimError::invalid_syntax(format!("the body: expected an object, found {found}")));
        };
        // What is declared borrows from the body, which is taken apart below.
        let undeclared: Vec<&str> = {
            let declared = schemas::declared(schema, &body, policy)?;
            let urns = schema.extensions.iter().map(|extension| extension.schema.id.as_str());
            urns.filter(|urn| !policy.loose_schemas && !declared.contains(urn)).collect()
        };
        let mut core = Assertions::default();
        let mut extensions: Vec<_> = schema.extensions.iter().map(|e| (e, Assertions::default())).collect();
        let mut containers: Vec<&str> = Vec::new();
        for (name, value) in body {
            let attribute = schema.attribute(&name);
            let extension = match attribute {
                Some(_) => None,
                None => extensions.iter_mut().find(|(e, _)| e.schema.id.eq_ignore_ascii_case(&name)),
            };
            if name.eq_ignore_ascii_case("schemas") {
                continue;
            }
            let Some((extension, asserted)) = extension else {
                core.read(attribute, name, value, &At::In(Container::Core), policy)?;
                continue;
            };
            let urn = extension.schema.id.as_str();
            if containers.contains(&urn) {
                return Err(ScimError::invalid_syntax(format!("`{urn}` is given twice")));
            }
            containers.push(urn);
            read_container(extension, asserted, value, policy)?;
            if undeclared.contains(&urn) && asserted.0.iter().any(|asserted| asserted.value.is_some()) {
                return Err(ScimError::invalid_syntax(format!(
                    "`{urn}` has values but `schemas` does not list it"
                )));
            }
        }
        Ok(Self { core, extensions })
    }

    fn into_resource(self, schema: &TypeSchema) -> Resource {
        let mut resource = Resource::new();
        resource.insert("schemas".to_owned(), Value::Null);
        resource.extend(self.core.into_object().unwrap_or_default());
        for (extension, asserted) in self.extensions {
            if let Some(object) = asserted.into_object() {
                resource.insert(extension.schema.id.clone(), Value::Object(object));
            }
        }
        schemas::stamp(schema, &mut resource);
        resource
    }
}

fn read_container<'s>(
    extension: &'s Extension,
    asserted: &mut Assertions<'s>,
    value: Value,
    policy: &Policy,
) -> Result<(), ScimError> {
    let at = At::In(Container::Extension(&extension.schema.id));
    match value {
        Value::Null => Ok(()),
        Value::Object(members) => members.into_iter().try_for_each(|(name, value)| {
            asserted.read(find(&extension.schema.attributes, &name), name, value, &at, policy)
        }),
        other => Err(at.invalid(format!("expected an object of attributes, found {}", kind(&other)))),
    }
}

/// Checks that every required value of a canonical resource is there (RFC 7643 §2.2, §7).
///
/// # Errors
/// 400 `invalidValue` names the first one that is missing. What only the provider can set (readOnly) is its
/// own affair.
pub(in crate::protocol) fn check_required(schema: &TypeSchema, resource: &Resource) -> Result<(), ScimError> {
    check_object(schema.core.attributes.iter(), resource, &At::In(Container::Core))?;
    for extension in &schema.extensions {
        let urn = &extension.schema.id;
        let at = At::In(Container::Extension(urn));
        match resource.get(urn).and_then(Value::as_object) {
            Some(object) => check_object(extension.schema.attributes.iter(), object, &at)?,
            None if extension.required => {
                return Err(at.invalid(format!("resource type {} requires it", schema.resource_type.name)));
            }
            None => {}
        }
    }
    Ok(())
}

fn check_object<'s>(
    definitions: impl Iterator<Item = &'s Attribute>,
    object: &Resource,
    parent: &At<'_>,
) -> Result<(), ScimError> {
    for attribute in definitions {
        let nested = attribute.sub_attributes.iter().any(|sub| sub.required);
        if !attribute.required && !nested {
            continue;
        }
        let at = At::Member(parent, &attribute.name);
        let value = object.get(&attribute.name);
        if attribute.required && attribute.mutability != Mutability::ReadOnly && is_blank(value) {
            return Err(at.invalid("is required"));
        }
        match value {
            Some(Value::Object(members)) if nested => {
                check_object(attribute.sub_attributes.iter(), members, &at)?
            }
            Some(Value::Array(items)) if nested => {
                for (index, item) in items.iter().enumerate() {
                    if let Value::Object(members) = item {
                        check_object(attribute.sub_attributes.iter(), members, &At::Element(&at, index))?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a canonical value does not satisfy `required`.
pub(in crate::protocol) fn is_blank(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(_) => false,
    }
}
