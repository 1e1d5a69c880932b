//! One operation on one attribute.

use std::cell::Cell;

use serde_json::{Map, Value};

use super::message::Op;
use super::target::Place;
use crate::protocol::Resource;
use crate::protocol::attr::Container;
use crate::protocol::error::ScimError;
use crate::protocol::ingest::at::At;
use crate::protocol::ingest::coerce::{self, Assertions};
use crate::protocol::ingest::{CANNOT_CHANGE, is_blank, same};
use crate::protocol::policy::Policy;
use crate::protocol::schema::{Attribute, Mutability};

/// An operation that is being applied.
#[derive(Clone, Copy)]
pub(super) struct Edit<'a> {
    pub(super) op: Op,
    pub(super) policy: &'a Policy,
    /// The path or key as the client wrote it, for messages.
    pub(super) written: &'a str,
    /// Bytes that the request has written into elements so far.
    pub(super) copied: &'a Cell<usize>,
}

/// The most bytes that the operations of one request may write into the elements that they pick. One value for 10,000 elements
/// would otherwise become 10,000 values.
const MAX_COPIED: usize = 16 * 1024 * 1024;

impl Edit<'_> {
    /// Applies the operation to the attribute of `object` that `place` names.
    pub(super) fn apply(
        &self,
        object: &mut Resource,
        place: &Place<'_>,
        value: Value,
        parent: &At<'_>,
    ) -> Result<(), ScimError> {
        let attribute = place.attribute;
        let at = At::Member(parent, &attribute.name);
        for named in [Some(attribute), place.sub].into_iter().flatten() {
            if named.mutability == Mutability::ReadOnly {
                return Err(ScimError::mutability(format!(
                    "`{}`: `{}` is readOnly",
                    self.written, named.name
                )));
            }
        }
        // What may not change stays in place, so that it can be compared with the outcome.
        let old = match object.get_mut(&attribute.name) {
            Some(stored) if attribute.mutability == Mutability::Immutable => Some(stored.clone()),
            Some(stored) => Some(stored.take()),
            None => None,
        };
        let new = match (&place.selector, place.sub) {
            (None, None) => self.whole(attribute, old, value, &at)?,
            (None, Some(sub)) if !attribute.multi_valued => self.sub(attribute, sub, old, value, &at)?,
            _ => self.elements(place, old, value, &at)?,
        };
        self.store(object, attribute, new, &at)
    }

    /// Accounts for a value that is written into `count` elements.
    ///
    /// # Errors
    /// 413 when the request has written too much.
    pub(super) fn copy(&self, value: &Value, count: usize) -> Result<(), ScimError> {
        let copied = self.copied.get().saturating_add(weight(value).saturating_mul(count));
        self.copied.set(copied);
        if copied <= MAX_COPIED {
            return Ok(());
        }
        Err(ScimError::status(
            413,
            format!(
                "`{}`: the request writes more than {MAX_COPIED} bytes into the values that it picks",
                self.written
            ),
        ))
    }

    /// The attribute as a whole.
    fn whole(
        &self,
        attribute: &Attribute,
        old: Option<Value>,
        value: Value,
        at: &At<'_>,
    ) -> Result<Option<Value>, ScimError> {
        match self.op {
            Op::Remove if attribute.multi_valued && !value.is_null() => {
                self.remove_listed(attribute, old, value, at)
            }
            Op::Remove => Ok(None),
            Op::Add if attribute.multi_valued => self.add_elements(attribute, old, value, at),
            Op::Add | Op::Replace if attribute.is_complex() && !attribute.multi_valued => {
                let value = coerce::singular(attribute, value, at, self.policy)?;
                self.merge(attribute, old, value, at)
            }
            Op::Add | Op::Replace => coerce::whole(attribute, value, at, self.policy),
        }
    }

    /// One sub-attribute of a complex value.
    pub(super) fn sub(
        &self,
        attribute: &Attribute,
        sub: &Attribute,
        old: Option<Value>,
        value: Value,
        at: &At<'_>,
    ) -> Result<Option<Value>, ScimError> {
        let mut object = into_object(old);
        self.apply(&mut object, &Place::whole(Container::Core, sub), value, at)?;
        Ok(self.finish(attribute, object))
    }

    /// A complex value with the given sub-attributes set and the others left alone (RFC 7644 §3.5.2.1, §3.5.2.3).
    pub(super) fn merge(
        &self,
        attribute: &Attribute,
        old: Option<Value>,
        value: Value,
        at: &At<'_>,
    ) -> Result<Option<Value>, ScimError> {
        let Some(Assertions(asserted)) = coerce::assertions(attribute, value, at, self.policy)? else {
            return Ok(None);
        };
        let mut object = into_object(old);
        for member in asserted {
            match (member.attribute, member.value) {
                (Some(sub), value) => self.store(&mut object, sub, value, &At::Member(at, &sub.name))?,
                (None, Some(value)) => {
                    object.insert(member.name, value);
                }
                (None, None) => {
                    object.shift_remove(&member.name);
                }
            }
        }
        Ok(self.finish(attribute, object))
    }

    /// A complex value after a change; `None` when nothing is left of it.
    fn finish(&self, attribute: &Attribute, object: Map<String, Value>) -> Option<Value> {
        let gone = object.is_empty() || coerce::is_cleared(attribute, &object, self.policy);
        (!gone).then_some(Value::Object(object))
    }

    /// Puts a canonical value into its place, or takes it away.
    fn store(
        &self,
        object: &mut Resource,
        attribute: &Attribute,
        new: Option<Value>,
        at: &At<'_>,
    ) -> Result<(), ScimError> {
        let old = object.get(&attribute.name).filter(|old| !old.is_null());
        if attribute.mutability == Mutability::Immutable
            && let Some(old) = old
        {
            return match new {
                Some(new) if same(attribute, old, &new) => Ok(()),
                _ => Err(at.immutable(CANNOT_CHANGE)),
            };
        }
        if attribute.required && is_blank(new.as_ref()) {
            return Err(match self.op {
                Op::Remove => at.immutable("is required and cannot be removed"),
                Op::Add | Op::Replace => at.invalid("is required and cannot be empty"),
            });
        }
        match new {
            Some(value) => object.insert(attribute.name.clone(), value),
            None => object.shift_remove(&attribute.name),
        };
        Ok(())
    }
}

/// About how many bytes a value takes.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => 8 + text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => members.iter().map(|(name, value)| name.len() + weight(value)).sum(),
    }
}

fn into_object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}
