//! One operation on elements of a multi-valued attribute.

use serde_json::{Map, Value};

use super::attribute::Edit;
use super::message::Op;
use super::target::{Place, Selector};
use crate::protocol::error::ScimError;
use crate::protocol::ingest::at::At;
use crate::protocol::ingest::elements::{Selection, are_references, is_primary, join, make_primary};
use crate::protocol::ingest::{coerce, keep_subs};
use crate::protocol::schema::Attribute;

impl Edit<'_> {
    /// `add` to the list: values that it has already are brought up to date, not repeated.
    pub(super) fn add_elements(
        &self,
        attribute: &Attribute,
        old: Option<Value>,
        value: Value,
        at: &At<'_>,
    ) -> Result<Option<Value>, ScimError> {
        let value = match value {
            list @ (Value::Array(_) | Value::Null) => list,
            one => Value::Array(vec![one]),
        };
        let fresh = coerce::list(attribute, value, at, self.policy)?;
        let mut list = into_list(old);
        let primaries = join(attribute, &mut list, fresh);
        make_primary(attribute, &mut list, &primaries, at, self.policy)?;
        Ok(into_value(list))
    }

    /// `remove` of a whole attribute with a `value`: the elements that it lists (Q-G01, Q-G19).
    pub(super) fn remove_listed(
        &self,
        attribute: &Attribute,
        old: Option<Value>,
        value: Value,
        at: &At<'_>,
    ) -> Result<Option<Value>, ScimError> {
        if !self.policy.remove_by_value {
            return Err(at.invalid(format!(
                "`remove` takes no `value`; name the values in the path, such as `{}[value eq \"…\"]`",
                self.written
            )));
        }
        let mut examples = Vec::new();
        for (index, item) in listed(attribute, value).into_iter().enumerate() {
            let item = match item {
                Value::String(text) if attribute.is_complex() => Value::from_iter([("value", text)]),
                other => other,
            };
            examples.extend(coerce::element(attribute, item, &At::Element(at, index), self.policy)?);
        }
        let selection = Selection::new(attribute, &examples);
        let mut list = into_list(old);
        let before = list.len();
        list.retain(|element| !selection.contains(element));
        if list.len() == before {
            self.tolerate_no_match(attribute)?;
        }
        Ok(into_value(list))
    }

    /// The elements that a filter picks, or all of them where only a sub-attribute is named.
    pub(super) fn elements(
        &self,
        place: &Place<'_>,
        old: Option<Value>,
        value: Value,
        at: &At<'_>,
    ) -> Result<Option<Value>, ScimError> {
        let attribute = place.attribute;
        let mut list = into_list(old);
        let picked: Vec<bool> = list
            .iter()
            .map(|element| place.selector.as_ref().is_none_or(|selector| selector.filter.matches(element)))
            .collect();
        if !picked.contains(&true) {
            return self.without_match(place, list, value, at);
        }
        self.copy(&value, picked.iter().filter(|picked| **picked).count())?;
        let mut primaries = Vec::new();
        for (index, (element, _)) in
            list.iter_mut().zip(&picked).enumerate().filter(|(_, (_, picked))| **picked)
        {
            let at = At::Element(at, index);
            let edited = match (self.op, place.sub) {
                (Op::Remove, None) => None,
                (_, Some(sub)) => self.sub(attribute, sub, Some(element.take()), value.clone(), &at)?,
                (Op::Add, None) if attribute.is_complex() => {
                    self.merge(attribute, Some(element.take()), value.clone(), &at)?
                }
                (Op::Add | Op::Replace, None) => self.exchange(attribute, element, value.clone(), &at)?,
            };
            *element = edited.unwrap_or(Value::Null);
            if is_primary(attribute, element) {
                primaries.push(index);
            }
        }
        if self.op != Op::Remove {
            make_primary(attribute, &mut list, &primaries, at, self.policy)?;
        }
        list.retain(|element| !element.is_null());
        // An edit can make two elements the same; removing whole ones and editing references cannot.
        let removes_whole = self.op == Op::Remove && place.sub.is_none();
        if !removes_whole && !are_references(attribute) {
            let mut distinct = Vec::with_capacity(list.len());
            join(attribute, &mut distinct, list);
            list = distinct;
        }
        Ok(into_value(list))
    }

    /// A new element in the place of an old one.
    fn exchange(
        &self,
        attribute: &Attribute,
        old: &Value,
        value: Value,
        at: &At<'_>,
    ) -> Result<Option<Value>, ScimError> {
        let mut new = coerce::element(attribute, value, at, self.policy)?;
        if let (Some(Value::Object(new)), Value::Object(old)) = (&mut new, old) {
            keep_subs(attribute, new, old, at)?;
        }
        Ok(new)
    }

    fn without_match(
        &self,
        place: &Place<'_>,
        mut list: Vec<Value>,
        value: Value,
        at: &At<'_>,
    ) -> Result<Option<Value>, ScimError> {
        let attribute = place.attribute;
        match (self.op, &place.selector) {
            (Op::Remove, None) => {}
            (Op::Remove, Some(_)) => self.tolerate_no_match(attribute)?,
            (Op::Add | Op::Replace, selector) => {
                let example = self.example(attribute, selector.as_ref()).ok_or_else(|| self.no_target())?;
                if !value.is_null() {
                    let value = complete(place, example, value);
                    let element =
                        coerce::element(attribute, value, &At::Element(at, list.len()), self.policy)?;
                    let primaries = join(attribute, &mut list, element.into_iter().collect());
                    make_primary(attribute, &mut list, &primaries, at, self.policy)?;
                }
            }
        }
        Ok(into_value(list))
    }

    /// The sub-attributes of an element that has to be made because none matches; `None` where it must not or
    /// cannot be made (Q-U07).
    fn example(&self, attribute: &Attribute, selector: Option<&Selector<'_>>) -> Option<Map<String, Value>> {
        if !self.policy.create_on_absent || !attribute.is_complex() {
            return None;
        }
        match selector {
            None => Some(Map::new()),
            Some(selector) => selector.example.clone().map(|terms| terms.into_iter().collect()),
        }
    }

    fn tolerate_no_match(&self, attribute: &Attribute) -> Result<(), ScimError> {
        if self.policy.remove_without_match || are_references(attribute) {
            Ok(())
        } else {
            Err(self.no_target())
        }
    }

    fn no_target(&self) -> ScimError {
        ScimError::no_target(format!("`{}` matches no value of the resource", self.written))
    }
}

/// The example with what the operation asserts.
fn complete(place: &Place<'_>, mut example: Map<String, Value>, value: Value) -> Value {
    let mut assert = |name: String, value: Value| {
        example.retain(|known, _| !known.eq_ignore_ascii_case(&name));
        example.insert(name, value);
    };
    match (place.sub, value) {
        (Some(sub), value) => assert(sub.name.clone(), value),
        (None, Value::Object(members)) => members.into_iter().for_each(|(name, value)| assert(name, value)),
        (None, Value::String(text)) => assert("value".to_owned(), Value::String(text)),
        (None, other) => return other,
    }
    Value::Object(example)
}

/// What a `remove` lists: an array, one value, or `{"members": […]}`.
fn listed(attribute: &Attribute, value: Value) -> Vec<Value> {
    let value = match value {
        Value::Object(mut object) => {
            let named = object.keys().find(|name| name.eq_ignore_ascii_case(&attribute.name)).cloned();
            let nested = named
                .filter(|name| attribute.sub(name).is_none())
                .and_then(|name| object.shift_remove(&name));
            nested.unwrap_or(Value::Object(object))
        }
        other => other,
    };
    match value {
        Value::Array(items) => items,
        one => vec![one],
    }
}

fn into_list(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    }
}

fn into_value(list: Vec<Value>) -> Option<Value> {
    (!list.is_empty()).then_some(Value::Array(list))
}
