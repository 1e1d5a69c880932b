//! Carrying a request out: operation by operation, on a copy.

use std::cell::Cell;

use serde_json::{Map, Value};

use super::attribute::Edit;
use super::message::{Op, Operation, PatchRequest, located};
use super::target::{self, Place, Target};
use crate::protocol::Resource;
use crate::protocol::attr::Container;
use crate::protocol::error::ScimError;
use crate::protocol::ingest::at::At;
use crate::protocol::ingest::coerce::unknown;
use crate::protocol::ingest::{CANNOT_CHANGE, check_required, schemas};
use crate::protocol::policy::{Policy, Unknown};
use crate::protocol::schema::{Attribute, Extension, Mutability, TypeSchema, find};
use crate::protocol::value::is_unassigned;
use crate::protocol::value::kind;

/// How many values the operations of one request may look at, and each of them once for every term of a filter: as many
/// as 10,000 operations on 10,000 elements do. It keeps a small request on a large resource from running for minutes.
pub const MAX_WORK: usize = 100_000_000;

/// What a PATCH made of a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The canonical resource, with `schemas` brought up to date.
    pub resource: Resource,
    /// Whether it differs from what it was. Where it does not, `meta.lastModified` stays (RFC 7644 §3.5.2.1).
    pub changed: bool,
}

/// Applies all operations in order, or none (RFC 7644 §3.5.2).
///
/// `current` is a canonical resource. What it holds of the provider's own (`id`, `meta`, `groups`) is carried over.
///
/// # Errors
/// 400 with `invalidPath`, `invalidFilter`, `noTarget`, `mutability`, `invalidValue` or `invalidSyntax`; the detail
/// names the operation by its index, except for a required value that is missing at the end. 413 for more work than
/// [`MAX_WORK`], and when one value becomes too much because it goes into many elements.
pub fn apply(
    schema: &TypeSchema,
    current: &Resource,
    request: &PatchRequest,
    policy: &Policy,
) -> Result<Applied, ScimError> {
    apply_within(schema, current, request, policy, MAX_WORK)
}

/// The same with another limit than [`MAX_WORK`].
pub(super) fn apply_within(
    schema: &TypeSchema,
    current: &Resource,
    request: &PatchRequest,
    policy: &Policy,
    limit: usize,
) -> Result<Applied, ScimError> {
    let mut resource = current.clone();
    let work = Cell::new(limit);
    let copied = Cell::new(0);
    for (index, operation) in request.operations.iter().enumerate() {
        let patcher = Patcher { schema, policy, op: operation.op, work: &work, copied: &copied };
        patcher.run(&mut resource, operation).map_err(|error| located(error, index))?;
    }
    let changed = resource != *current;
    if changed {
        check_required(schema, &resource)?;
        schemas::stamp(schema, &mut resource);
    }
    Ok(Applied { resource, changed })
}

/// One operation at work.
struct Patcher<'a> {
    schema: &'a TypeSchema,
    policy: &'a Policy,
    op: Op,
    /// What is left of the work that the request may do.
    work: &'a Cell<usize>,
    /// See [`Edit::copied`].
    copied: &'a Cell<usize>,
}

impl Patcher<'_> {
    fn run(&self, resource: &mut Resource, operation: &Operation) -> Result<(), ScimError> {
        let value = operation.value.as_ref().unwrap_or(&Value::Null);
        let Some(path) = &operation.path else {
            let Value::Object(members) = value else { return Ok(()) };
            let resolve = |key: &str| target::of_key(self.schema, key, self.policy);
            return self.members(resource, members, Container::Core, resolve);
        };
        match target::of_path(self.schema, path, self.policy)? {
            None => Ok(()),
            Some(Target::Extension(extension)) => self.extension(resource, extension, value),
            Some(Target::Attribute(place)) => self.place(resource, &place, value, &path.text),
        }
    }

    /// The members of a path-less value, or of the container of an extension.
    fn members<'s>(
        &self,
        resource: &mut Resource,
        members: &Map<String, Value>,
        container: Container<'_>,
        resolve: impl Fn(&str) -> Result<Option<Target<'s>>, ScimError>,
    ) -> Result<(), ScimError> {
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in members {
            let target = resolve(key)?;
            let is_whole = match &target {
                Some(Target::Extension(_)) => true,
                Some(Target::Attribute(place)) => place.sub.is_none() && place.selector.is_none(),
                None => false,
            };
            if is_whole && seen.iter().any(|other| other.eq_ignore_ascii_case(key)) {
                return Err(ScimError::invalid_syntax(format!(
                    "`{key}` is given twice; attribute names are the same in any letter case"
                )));
            }
            match target {
                Some(Target::Extension(extension)) => self.extension(resource, extension, value)?,
                Some(Target::Attribute(place)) if self.policy.skip_unknown_paths && is_providers(&place) => {}
                Some(Target::Attribute(place)) => self.place(resource, &place, value, key)?,
                None => self.unknown(resource, container, key, value)?,
            }
            if is_whole {
                seen.push(key);
            }
        }
        Ok(())
    }

    fn unknown(
        &self,
        resource: &mut Resource,
        container: Container<'_>,
        key: &str,
        value: &Value,
    ) -> Result<(), ScimError> {
        match self.policy.unknown_attributes {
            Unknown::Ignore => {}
            Unknown::Reject => return Err(unknown(&At::Member(&At::In(container), key))),
            Unknown::Keep => {
                if let Some(object) = container_mut(resource, container) {
                    if is_unassigned(value) {
                        object.shift_remove(key);
                    } else {
                        object.insert(key.to_owned(), value.clone());
                    }
                }
                prune(resource, container);
            }
        }
        Ok(())
    }

    fn extension(
        &self,
        resource: &mut Resource,
        extension: &Extension,
        value: &Value,
    ) -> Result<(), ScimError> {
        let urn = extension.schema.id.as_str();
        let container = Container::Extension(urn);
        match value {
            _ if self.op == Op::Remove => remove_extension(resource, extension),
            Value::Null => remove_extension(resource, extension),
            Value::Object(members) => self.members(resource, members, container, |key| {
                let attribute = find(&extension.schema.attributes, key);
                Ok(attribute.map(|attribute| Target::Attribute(Place::whole(container, attribute))))
            }),
            other => {
                let found = kind(other);
                Err(At::In(container).invalid(format!("expected an object of attributes, found {found}")))
            }
        }
    }

    fn place(
        &self,
        resource: &mut Resource,
        place: &Place<'_>,
        value: &Value,
        written: &str,
    ) -> Result<(), ScimError> {
        if is_schemas(place) {
            return self.schemas(resource, place, value);
        }
        self.charge(resource, place)?;
        let edit = Edit { op: self.op, policy: self.policy, written, copied: self.copied };
        if let Some(object) = container_mut(resource, place.container) {
            edit.apply(object, place, value.clone(), &At::In(place.container))?;
        }
        prune(resource, place.container);
        Ok(())
    }

    /// Takes the work of one edit from what is left of it.
    fn charge(&self, resource: &Resource, place: &Place<'_>) -> Result<(), ScimError> {
        let container = self.schema.container(resource, place.container);
        let values = container.and_then(|object| object.get(&place.attribute.name)).and_then(Value::as_array);
        let terms = place.selector.as_ref().map_or(1, |selector| selector.filter.terms());
        let cost = values.map_or(0, Vec::len).saturating_mul(terms);
        let left = self.work.get().checked_sub(cost).ok_or_else(|| {
            let detail = format!(
                "the operations look at more values of `{}` than one request may; send them in several requests",
                place.attribute.name
            );
            ScimError::status(413, detail)
        })?;
        self.work.set(left);
        Ok(())
    }

    /// `schemas` follows from the data, so that an operation on it can only agree with that.
    fn schemas(&self, resource: &Resource, place: &Place<'_>, value: &Value) -> Result<(), ScimError> {
        let follows = "`schemas` follows from the data: to take an extension away, remove what its URN names";
        if self.op == Op::Remove || place.selector.is_some() {
            return Err(ScimError::mutability(follows));
        }
        let entries = match value {
            Value::Array(entries) => entries.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut named: Vec<&str> = Vec::new();
        for entry in entries {
            let Value::String(urn) = entry else {
                let found = kind(entry);
                return Err(ScimError::invalid_value(format!("`schemas`: expected URIs, found {found}")));
            };
            if !self.schema.knows(urn) && !self.policy.loose_schemas {
                return Err(ScimError::invalid_value(format!(
                    "`schemas`: `{urn}` is neither the base schema nor an extension of resource type {}",
                    self.schema.resource_type.name
                )));
            }
            named.push(urn);
        }
        let used = std::iter::once(&self.schema.core.id).chain(
            self.schema
                .extensions
                .iter()
                .map(|extension| &extension.schema.id)
                .filter(|urn| resource.contains_key(*urn)),
        );
        for urn in used {
            if self.op == Op::Replace && !named.iter().any(|name| name.eq_ignore_ascii_case(urn)) {
                return Err(ScimError::mutability(format!("`{urn}` is in use; {follows}")));
            }
        }
        Ok(())
    }
}

/// Removes what a client may remove of an extension.
fn remove_extension(resource: &mut Resource, extension: &Extension) -> Result<(), ScimError> {
    let container = Container::Extension(&extension.schema.id);
    let at = At::In(container);
    if extension.required {
        return Err(at.immutable("is required and cannot be removed"));
    }
    let Some(Value::Object(stored)) = resource.get_mut(&extension.schema.id) else { return Ok(()) };
    let definition = |name: &str| find(&extension.schema.attributes, name);
    let is =
        |attribute: Option<&Attribute>, mutability| attribute.is_some_and(|a| a.mutability == mutability);
    if let Some(name) = stored.keys().find(|name| is(definition(name), Mutability::Immutable)) {
        return Err(At::Member(&at, name).immutable(CANNOT_CHANGE));
    }
    stored.retain(|name, _| is(definition(name), Mutability::ReadOnly));
    prune(resource, container);
    Ok(())
}

/// Whether only the provider may write there.
fn is_providers(place: &Place<'_>) -> bool {
    is_schemas(place) || is_read_only(place.attribute) || place.sub.is_some_and(is_read_only)
}

fn is_read_only(attribute: &Attribute) -> bool {
    attribute.mutability == Mutability::ReadOnly
}

fn is_schemas(place: &Place<'_>) -> bool {
    place.container == Container::Core && place.attribute.name == "schemas"
}

/// The object that holds the attributes of a container; it is made where it is missing.
fn container_mut<'r>(resource: &'r mut Resource, container: Container<'_>) -> Option<&'r mut Resource> {
    match container {
        Container::Core => Some(resource),
        Container::Extension(urn) => {
            resource.entry(urn).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
        }
    }
}

/// Takes away the container of an extension that has nothing in it.
fn prune(resource: &mut Resource, container: Container<'_>) {
    if let Container::Extension(urn) = container
        && resource.get(urn).and_then(Value::as_object).is_some_and(Map::is_empty)
    {
        resource.shift_remove(urn);
    }
}
