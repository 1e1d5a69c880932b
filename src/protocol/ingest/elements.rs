//! Elements of multi-valued attributes: when two are the same, and which one is primary.
//!
//! RFC 7643 §2.4 does not want the same (type, value) pair twice in one attribute, and wants at most one
//! `primary`. Elements that have a `value` are therefore the same when their `value` and `type` are; others
//! when all their sub-attributes are, `primary` aside. Letter case counts as the schema says. The later of two
//! equal elements is merged into the earlier one: its sub-attributes win, the place in the list stays.
//!
//! Where `value` is immutable, an element is a reference to something, as `Group.members` are. Such elements are the
//! same when their `value` is, to the letter, because ids are case-exact (RFC 7643 §3.1).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::at::At;
use crate::protocol::error::ScimError;
use crate::protocol::policy::Policy;
use crate::protocol::schema::{Attribute, Mutability};
use crate::protocol::value::fold;

/// Whether the elements are references that their `value` alone identifies.
pub(in crate::protocol) fn are_references(attribute: &Attribute) -> bool {
    attribute.sub("value").is_some_and(|value| value.mutability == Mutability::Immutable)
}

/// Adds canonical elements to a list, merging those that it has already. Returns the places of those that were
/// asserted to be primary.
pub(in crate::protocol) fn join(
    attribute: &Attribute,
    list: &mut Vec<Value>,
    fresh: Vec<Value>,
) -> Vec<usize> {
    // Most lists start with one element, which is not worth an index.
    if list.is_empty() && fresh.len() == 1 {
        list.extend(fresh);
        return if list.first().is_some_and(|only| is_primary(attribute, only)) {
            vec![0]
        } else {
            Vec::new()
        };
    }
    if let Some(place) = place_of_reference(attribute, list, &fresh) {
        let is_primary = fresh.iter().any(|element| is_primary(attribute, element));
        for element in fresh {
            match list.get_mut(place) {
                Some(known) => merge(attribute, known, element),
                None => list.push(element),
            }
        }
        return if is_primary { vec![place] } else { Vec::new() };
    }
    let keys: Vec<String> = fresh.iter().map(|element| key(attribute, element).into_owned()).collect();
    let mut places: HashMap<&str, Option<usize>> = keys.iter().map(|key| (key.as_str(), None)).collect();
    for (index, element) in list.iter().enumerate() {
        if let Some(place) = places.get_mut(key(attribute, element).as_ref()) {
            place.get_or_insert(index);
        }
    }
    let mut primaries = Vec::new();
    for (element, key) in fresh.into_iter().zip(&keys) {
        let is_primary = is_primary(attribute, &element);
        let place = match places.get(key.as_str()).copied().flatten() {
            Some(place) => {
                if let Some(known) = list.get_mut(place) {
                    merge(attribute, known, element);
                }
                place
            }
            None => {
                places.insert(key, Some(list.len()));
                list.push(element);
                list.len() - 1
            }
        };
        if is_primary {
            primaries.push(place);
        }
    }
    primaries
}

/// Where a single reference is in a list, or where it would go: clients add members one by one, ten thousand times in
/// a request, so that this must not cost an index each time. `None` where `fresh` is anything else.
fn place_of_reference(attribute: &Attribute, list: &[Value], fresh: &[Value]) -> Option<usize> {
    let [only] = fresh else { return None };
    let value = attribute.sub("value").filter(|value| value.mutability == Mutability::Immutable)?;
    let id = member(only, value)?.as_str()?;
    let is_it = |element: &Value| {
        // A few members are searched faster than hashed.
        let mut members = element.as_object().into_iter().flatten();
        members.find(|(name, _)| **name == value.name).and_then(|(_, known)| known.as_str()) == Some(id)
    };
    Some(list.iter().position(is_it).unwrap_or(list.len()))
}

/// Lets the sub-attributes of `fresh` win, but for immutable ones that have a value.
fn merge(attribute: &Attribute, known: &mut Value, fresh: Value) {
    match (known, fresh) {
        (Value::Object(known), Value::Object(fresh)) => {
            for (name, value) in fresh {
                let immutable =
                    attribute.sub(&name).is_some_and(|sub| sub.mutability == Mutability::Immutable);
                if !(immutable && known.contains_key(&name)) {
                    known.insert(name, value);
                }
            }
        }
        (known, fresh) => *known = fresh,
    }
}

/// Makes the first of the asserted elements the only primary one (RFC 7644 §3.5.2). Nothing asserted changes nothing.
///
/// # Errors
/// 400 `invalidValue` when several are asserted, unless the policy is loose about plurality (Q-U29).
pub(in crate::protocol) fn make_primary(
    attribute: &Attribute,
    list: &mut [Value],
    asserted: &[usize],
    at: &At<'_>,
    policy: &Policy,
) -> Result<(), ScimError> {
    let Some(&chosen) = asserted.first() else { return Ok(()) };
    if !policy.loose_plurality && asserted.iter().any(|place| *place != chosen) {
        return Err(at.invalid("at most one value can be primary"));
    }
    for (index, element) in list.iter_mut().enumerate() {
        if index != chosen
            && is_primary(attribute, element)
            && let Value::Object(members) = element
            && let Some(primary) = attribute.sub("primary")
        {
            members.insert(primary.name.clone(), Value::Bool(false));
        }
    }
    Ok(())
}

/// Whether an element says `"primary": true`.
pub(in crate::protocol) fn is_primary(attribute: &Attribute, element: &Value) -> bool {
    attribute.sub("primary").and_then(|primary| element.get(&primary.name)) == Some(&Value::Bool(true))
}

/// The elements that a list of examples picks: by `value` and, where the example has one, by `type`.
pub(in crate::protocol) struct Selection<'s> {
    attribute: &'s Attribute,
    keys: HashSet<String>,
}

impl<'s> Selection<'s> {
    /// A selection by canonical examples.
    pub(in crate::protocol) fn new(attribute: &'s Attribute, examples: &[Value]) -> Self {
        let key = |example| {
            let untyped = attribute.sub("type").is_none_or(|kind| member(example, kind).is_none());
            let by_value = untyped.then(|| value_key(attribute, example)).flatten();
            by_value.unwrap_or_else(|| key(attribute, example)).into_owned()
        };
        Self { attribute, keys: examples.iter().map(key).collect() }
    }

    /// Whether an element is one of those.
    pub(in crate::protocol) fn contains(&self, element: &Value) -> bool {
        self.keys.contains(key(self.attribute, element).as_ref())
            || value_key(self.attribute, element).is_some_and(|key| self.keys.contains(key.as_ref()))
    }
}

/// Text that is equal for elements that are the same.
fn key<'v>(attribute: &Attribute, element: &'v Value) -> Cow<'v, str> {
    let Value::Object(members) = element else { return text(Some(attribute), element) };
    let Some(value) = value_key(attribute, element) else { return Cow::Owned(full_key(attribute, members)) };
    match attribute.sub("type").and_then(|kind| member(element, kind).map(|text| (kind, text))) {
        Some((kind, label)) if !are_references(attribute) => {
            Cow::Owned(format!("{value}\u{0}{}", text(Some(kind), label)))
        }
        _ => value,
    }
}

/// The key by `value` alone, where the element has one.
fn value_key<'v>(attribute: &Attribute, element: &'v Value) -> Option<Cow<'v, str>> {
    let value = attribute.sub("value")?;
    let found = member(element, value)?;
    match found {
        Value::String(id) if are_references(attribute) => Some(Cow::Borrowed(id)),
        other => Some(text(Some(value), other)),
    }
}

/// The key by all sub-attributes but `primary`.
fn full_key(attribute: &Attribute, members: &Map<String, Value>) -> String {
    let mut parts: Vec<(&str, Cow<'_, str>)> = members
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("primary"))
        .map(|(name, value)| (name.as_str(), text(attribute.sub(name), value)))
        .collect();
    parts.sort_unstable();
    parts.iter().flat_map(|(name, value)| ["\u{0}", name, "\u{0}", value]).collect()
}

fn text<'v>(attribute: Option<&Attribute>, value: &'v Value) -> Cow<'v, str> {
    match value {
        Value::String(text) if attribute.is_none_or(|attribute| attribute.case_exact) => Cow::Borrowed(text),
        Value::String(text) => fold(text),
        other => Cow::Owned(other.to_string()),
    }
}

fn member<'v>(element: &'v Value, attribute: &Attribute) -> Option<&'v Value> {
    element.get(&attribute.name)
}
