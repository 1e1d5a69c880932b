//! The PatchOp message (RFC 7644 §3.5.2).

use serde_json::{Map, Value};

use crate::protocol::attr::Bound;
use crate::protocol::filter::Filter;
use crate::protocol::message::{PATCH_OP, declares, member};
use crate::protocol::patch::Op;
use crate::protocol::path::{self, PatchPath};
use crate::protocol::policy::Policy;
use crate::protocol::schema::{Attribute, GROUP, Mutability, TypeSchema};
use crate::protocol::value::kind;

use super::filter::{self, NameQuirks, Scope, spelled};
use super::notes::{At, Notes, quoted};
use super::resource::{self, Write};
use super::{rules, value};

/// The paths that some clients write.
const BARE: Policy = Policy { bare_filter_literals: true, ..Policy::STRICT };

/// From this number of members on, a request is a large one.
const MANY_MEMBERS: usize = 200;

/// The members of a group that a request changes.
#[derive(Default)]
struct Members<'v> {
    added: Vec<&'v str>,
    removed: Vec<String>,
}

/// Looks at the body of a PATCH.
pub(super) fn check(kind: &TypeSchema, body: &Map<String, Value>, at: &At<'_>, notes: &mut Notes) {
    if !declares(body, PATCH_OP) {
        let what = format!("{} is not in it", quoted(PATCH_OP));
        notes.add(&rules::PATCH_SCHEMA, None, &At::Member(at, "schemas"), what);
    }
    for name in body.keys() {
        match ["schemas", "Operations"].iter().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => spelled(name, known, &At::Member(at, name), notes),
            None => {
                let what = format!("the message has no {}", quoted(name));
                notes.add(&rules::PATCH_EXTRA, Some("Q-U18"), &At::Member(at, name), what);
            }
        }
    }
    let at = At::Member(at, "Operations");
    let operations = match member(body, "Operations") {
        Some(Value::Array(operations)) if !operations.is_empty() => operations,
        Some(Value::Array(_)) => {
            return notes.add(&rules::PATCH_OPERATIONS, Some("Q-U17"), &at, "it is empty");
        }
        Some(other) => {
            return notes.add(&rules::PATCH_OPERATIONS, None, &at, format!("it is {}", self::kind(other)));
        }
        None => return notes.add(&rules::PATCH_OPERATIONS, None, &at, "there is none"),
    };
    let mut members = Members::default();
    for (index, json) in operations.iter().enumerate() {
        let at = At::Element(&at, index);
        match json.as_object() {
            Some(json) => operation(kind, json, &at, &mut members, notes),
            None => notes.add(&rules::PATCH_OP_MISSING, None, &at, format!("it is {}", self::kind(json))),
        }
    }
    changed(members, &at, notes);
}

/// Looks at all changes of members together.
fn changed(members: Members<'_>, at: &At<'_>, notes: &mut Notes) {
    let Members { mut added, removed } = members;
    if added.len() + removed.len() > MANY_MEMBERS {
        let what = format!("{} members are in it", added.len() + removed.len());
        notes.add(&rules::PATCH_MANY_MEMBERS, Some("Q-G21"), at, what);
    }
    added.sort_unstable();
    if removed.iter().any(|id| added.binary_search(&id.as_str()).is_ok()) {
        notes.add(&rules::PATCH_SAME_MEMBER, Some("Q-G26"), at, "one member is added and removed");
    }
}

fn operation<'v>(
    kind: &TypeSchema,
    json: &'v Map<String, Value>,
    at: &At<'_>,
    members: &mut Members<'v>,
    notes: &mut Notes,
) {
    for name in json.keys() {
        match ["op", "path", "value"].iter().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => spelled(name, known, &At::Member(at, name), notes),
            None => {
                let what = format!("an operation has no {}", quoted(name));
                notes.add(&rules::PATCH_EXTRA, Some("Q-U18"), &At::Member(at, name), what);
            }
        }
    }
    let Some(op) = op(member(json, "op"), at, notes) else { return };
    let given = member(json, "value");
    missing_value(op, given, at, notes);
    let text = match member(json, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.as_str()),
        Some(other) => {
            let what = format!("it is {}", self::kind(other));
            return notes.add(&rules::PATCH_PATH, None, &At::Member(at, "path"), what);
        }
    };
    match (op, text, given) {
        (Op::Remove, None, _) => notes.add(&rules::PATCH_REMOVE_NO_PATH, None, at, "there is no path"),
        (_, None, Some(value)) => without_path(kind, op, value, at, members, notes),
        (_, None, None) => {}
        (_, Some(text), _) => with_path(kind, op, text, given, at, members, notes),
    }
}

fn op(json: Option<&Value>, at: &At<'_>, notes: &mut Notes) -> Option<Op> {
    let at = At::Member(at, "op");
    let text = match json {
        Some(Value::String(text)) => text.as_str(),
        Some(other) => {
            notes.add(&rules::PATCH_OP_UNKNOWN, None, &at, format!("it is {}", kind(other)));
            return None;
        }
        None => {
            notes.add(&rules::PATCH_OP_MISSING, None, &at, "there is none");
            return None;
        }
    };
    let all = [Op::Add, Op::Remove, Op::Replace];
    let Some(op) = all.into_iter().find(|op| op.keyword().eq_ignore_ascii_case(text)) else {
        notes.add(&rules::PATCH_OP_UNKNOWN, None, &at, format!("it is {}", quoted(text)));
        return None;
    };
    if op.keyword() != text {
        let what = format!("{} is written with capitals; the RFC has `{op}`", quoted(text));
        notes.add(&rules::PATCH_OP_CASE, Some("Q-U01"), &at, what);
    }
    Some(op)
}

fn missing_value(op: Op, value: Option<&Value>, at: &At<'_>, notes: &mut Notes) {
    let rule = match (op, value) {
        (Op::Add, None) => &rules::PATCH_VALUE_MISSING,
        (Op::Replace, None) => &rules::PATCH_REPLACE_VALUE_MISSING,
        _ => return,
    };
    notes.add(rule, None, at, "there is no value");
}

/// Looks at an operation on the resource as a whole.
fn without_path<'v>(
    kind: &TypeSchema,
    op: Op,
    value: &'v Value,
    at: &At<'_>,
    members: &mut Members<'v>,
    notes: &mut Notes,
) {
    let at = At::Member(at, "value");
    let Some(object) = value.as_object() else {
        let what = format!("it is {}", self::kind(value));
        return notes.add(&rules::PATCH_NO_OBJECT, None, &at, what);
    };
    let is_group = kind.core.id == GROUP;
    let keys: Vec<&str> = object.keys().map(String::as_str).collect();
    let is_whole = member(object, "schemas").is_some();
    let whole = if is_group { "Q-G20" } else { "Q-U31" };
    if is_whole {
        notes.add(&rules::PATCH_WHOLE, Some(whole), &at, "`schemas` is among the attributes");
    }
    for name in &keys {
        let Some(attribute) = kind.attribute(name).filter(|a| a.mutability == Mutability::ReadOnly) else {
            continue;
        };
        let quirk = match (is_whole, is_group, attribute.name.as_str()) {
            // What is readOnly comes with the whole of a user or of a group alike.
            (true, ..) => Some("Q-U31"),
            (false, true, "id") => Some("Q-G08"),
            _ => None,
        };
        let what = format!("`{}` is the provider's to set", attribute.name);
        notes.add(&rules::PATCH_READ_ONLY, quirk, &At::Member(&at, name), what);
    }
    let known_shape = match (keys.as_slice(), is_group) {
        (["active"], false) => Some("Q-U03"),
        (["password"], false) => Some("Q-U23"),
        (["members"], true) => Some("Q-G10"),
        (["externalId"], true) => Some("Q-G25"),
        _ => None,
    };
    if let (Op::Replace, Some(quirk), Some(key)) = (op, known_shape, keys.first()) {
        notes.add(&rules::PATCH_PATHLESS, Some(quirk), &at, format!("`{key}` is replaced without a path"));
    }
    resource::members(kind, Write::Patch(op), object, &at, notes);
    if let Some(Value::Array(list)) = member(object, "members").filter(|_| op != Op::Remove) {
        members.added.extend(ids(list));
    }
}

/// The ids in a list of members.
fn ids(list: &[Value]) -> impl Iterator<Item = &str> {
    list.iter().filter_map(|element| member(element.as_object()?, "value")?.as_str())
}

/// Looks at an operation on what a path names.
fn with_path<'v>(
    kind: &TypeSchema,
    op: Op,
    text: &str,
    given: Option<&'v Value>,
    at: &At<'_>,
    members: &mut Members<'v>,
    notes: &mut Notes,
) {
    let place = At::Member(at, "path");
    let Some(path) = parsed(text, &place, notes) else { return };
    let is_members = kind.core.id == GROUP && path.attr.name.eq_ignore_ascii_case("members");
    if op == Op::Remove && given.is_some_and(|value| !value.is_null()) {
        let quirk = match given {
            Some(Value::Array(_)) if is_members => Some("Q-G01"),
            Some(Value::Object(object)) if is_members && member(object, "members").is_some() => Some("Q-G19"),
            _ => None,
        };
        let what = format!("`remove` of {} has a value", quoted(outer(text)));
        notes.add(&rules::PATCH_REMOVE_VALUE, quirk, &At::Member(at, "value"), what);
    }
    if is_members {
        count(op, &path, given, members);
    }
    // `urn:…:2.0:User`: the container of an extension.
    if let Ok(Bound::Container(extension)) = kind.bind(&path.attr) {
        let what = format!("{} is the URN of an extension", quoted(text));
        notes.add(&rules::PATCH_CONTAINER, None, &place, what);
        let object = given.and_then(Value::as_object);
        for (name, value) in object.into_iter().flatten() {
            if let Some(attribute) = crate::protocol::schema::find(&extension.schema.attributes, name) {
                value::check(attribute, Write::Patch(op), value, &At::Member(at, "value"), notes);
            }
        }
        return;
    }
    let bare = path.attr.name.eq_ignore_ascii_case("manager").then_some("Q-U11");
    let quirks = NameQuirks { bare, unknown: Some("Q-U27") };
    let leaf = filter::name(&path.attr, &[kind], &rules::PATCH_PATH_UNKNOWN, quirks, &place, notes);
    let Some(attribute) = leaf else { return };
    if let Some(filter) = &path.filter {
        filter::meaning(filter, Scope::Element(attribute), &place.to_string(), notes);
    }
    let leaf = match &path.sub {
        None => attribute,
        Some(sub) => match attribute.sub(sub) {
            Some(leaf) => {
                spelled(sub, &leaf.name, &place, notes);
                leaf
            }
            None => {
                let what = format!("`{}` has no {}", attribute.name, quoted(sub));
                return notes.add(&rules::PATCH_PATH_UNKNOWN, Some("Q-U27"), &place, what);
            }
        },
    };
    target(kind, op, &path, attribute, leaf, text, &place, notes);
    if let (Op::Add | Op::Replace, Some(value)) = (op, given) {
        let at = At::Member(at, "value");
        let at = At::Of(&at, &attribute.name);
        match (&path.filter, &path.sub) {
            // An element is replaced by one value.
            (Some(_), None) if !value.is_array() => value::element(leaf, Write::Patch(op), value, &at, notes),
            _ => value::check(leaf, Write::Patch(op), value, &at, notes),
        }
    }
}

/// The path, by the strict grammar or else by the tolerant one.
fn parsed(text: &str, place: &At<'_>, notes: &mut Notes) -> Option<PatchPath> {
    let error = match path::parse(text, &Policy::STRICT) {
        Ok(path) => {
            if text.contains('[') {
                filter::spelling(text, &place.to_string(), notes);
            }
            return Some(path);
        }
        Err(error) => error,
    };
    if let Ok(path) = path::parse(text, &BARE) {
        filter::bare(text, &place.to_string(), notes);
        return Some(path);
    }
    let what = format!("it cannot be read from column {} on", error.position.column);
    notes.add(&rules::PATCH_PATH, None, place, what);
    None
}

/// A path without the filter in it, which may hold anything.
fn outer(path: &str) -> &str {
    path.split('[').next().unwrap_or_default()
}

/// Whether what the path names may be changed.
#[expect(clippy::too_many_arguments, reason = "two of them are for the remark")]
fn target(
    kind: &TypeSchema,
    op: Op,
    path: &PatchPath,
    attribute: &Attribute,
    leaf: &Attribute,
    text: &str,
    place: &At<'_>,
    notes: &mut Notes,
) {
    if [attribute, leaf].iter().any(|named| named.mutability == Mutability::ReadOnly) {
        let what = format!("{} is the provider's to set", quoted(outer(text)));
        return notes.add(&rules::PATCH_READ_ONLY, None, place, what);
    }
    let is_whole = path.filter.is_none() && path.sub.is_none() && path.attr.sub.is_none();
    let of_core = kind.attribute(&attribute.name).is_some();
    if op == Op::Remove && is_whole && of_core && attribute.required {
        let what = format!("{} is required", quoted(text));
        notes.add(&rules::PATCH_REMOVE_REQUIRED, None, place, what);
    }
}

/// Notes whom an operation on members adds and removes.
fn count<'v>(op: Op, path: &PatchPath, value: Option<&'v Value>, members: &mut Members<'v>) {
    let listed = match value {
        Some(Value::Array(list)) => list.as_slice(),
        _ => &[],
    };
    match (op, &path.filter) {
        (Op::Add | Op::Replace, None) => members.added.extend(ids(listed)),
        (Op::Remove, None) => members.removed.extend(ids(listed).map(str::to_owned)),
        (Op::Remove, Some(filter)) => members.removed.extend(selected(filter)),
        _ => {}
    }
}

/// The ids that a filter over members compares with.
fn selected(filter: &Filter) -> Vec<String> {
    match filter {
        Filter::Or(all) => all.iter().flat_map(selected).collect(),
        other => {
            let terms = other.equalities();
            let by_id = terms.into_iter().filter(|(path, _)| path.name.eq_ignore_ascii_case("value"));
            by_id.filter_map(|(_, literal)| literal.to_json().as_str().map(str::to_owned)).collect()
        }
    }
}
