//! Which member of a JSON value changed.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Changes, Pair, aligned};
use crate::protocol::error::shortened;

/// Values are shown up to this length, in characters.
const SHOWN: usize = 80;

/// Compares two values; `path` is the JSON Pointer so far.
pub(super) fn compare(old: &Value, new: &Value, place: &str, path: &str, changes: &mut Changes) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => objects(old, new, place, path, changes),
        (Value::Array(old), Value::Array(new)) => arrays(old, new, place, path, changes),
        _ if old == new => {}
        _ => changes.add(&at(place, path), format!("{} → {}", short(old), short(new))),
    }
}

fn objects(
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    place: &str,
    path: &str,
    changes: &mut Changes,
) {
    let below = |name: &str| format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
    for (name, value) in old {
        match new.get(name) {
            Some(new) => compare(value, new, place, &below(name), changes),
            None => changes.add(&at(place, &below(name)), format!("removed, was {}", short(value))),
        }
    }
    for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        changes.add(&at(place, &below(name)), format!("added, {}", short(value)));
    }
    let common = |object: &Map<String, Value>, other: &Map<String, Value>| {
        object.keys().filter(|name| other.contains_key(*name)).cloned().collect::<Vec<_>>()
    };
    let (before, after) = (common(old, new), common(new, old));
    if before != after {
        changes.add(
            &at(place, path),
            format!("members reordered, {} → {}", before.join(", "), after.join(", ")),
        );
    }
}

fn arrays(old: &[Value], new: &[Value], place: &str, path: &str, changes: &mut Changes) {
    let Some(key) = ["id", "value"].into_iter().find(|key| identifies(key, old) && identifies(key, new))
    else {
        return by_position(old, new, place, path, changes);
    };
    let name = |element: &Value| element.get(key).map(short).unwrap_or_default();
    let below = |element: &Value| format!("{path}[{key} {}]", name(element));
    let find =
        |list: &[Value], element: &Value| list.iter().position(|other| other.get(key) == element.get(key));
    let mut kept = Vec::new();
    for element in old {
        match find(new, element) {
            Some(index) => {
                compare(element, &new[index], place, &below(element), changes);
                kept.push(index);
            }
            None => changes.add(&at(place, &below(element)), format!("removed, was {}", short(element))),
        }
    }
    for element in new.iter().filter(|element| find(old, element).is_none()) {
        changes.add(&at(place, &below(element)), format!("added, {}", short(element)));
    }
    if !kept.is_sorted() {
        changes.add(&at(place, path), "elements reordered");
    }
}

/// Whether every element is an object with a text of its own under `key`.
fn identifies(key: &str, list: &[Value]) -> bool {
    let mut seen = HashSet::new();
    list.iter().all(|element| element.get(key).and_then(Value::as_str).is_some_and(|text| seen.insert(text)))
}

fn by_position(old: &[Value], new: &[Value], place: &str, path: &str, changes: &mut Changes) {
    let texts = |list: &[Value]| list.iter().map(Value::to_string).collect::<Vec<_>>();
    for pair in aligned(&texts(old), &texts(new)) {
        match pair {
            Pair::Both(a, b) => compare(&old[a], &new[b], place, &format!("{path}/{b}"), changes),
            Pair::Old(a) => {
                changes.add(&at(place, &format!("{path}/{a}")), format!("removed, was {}", short(&old[a])));
            }
            Pair::New(b) => {
                changes.add(&at(place, &format!("{path}/{b}")), format!("added, {}", short(&new[b])))
            }
        }
    }
}

fn at(place: &str, path: &str) -> String {
    if path.is_empty() { place.to_owned() } else { format!("{place} {path}") }
}

/// A value on one line, cut where it is long.
pub(super) fn short(value: &Value) -> String {
    shortened(&value.to_string(), SHOWN).into_owned()
}

/// The same for other text.
pub(super) fn short_text(text: &str) -> String {
    shortened(&format!("{text:?}"), SHOWN).into_owned()
}
