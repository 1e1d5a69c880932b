//! Bodies and requests that several dialects share.

use serde_json::{Map, Value, json};

use super::{Change, GroupSubject, Member, MemberChange, MemberRequest, Subject};
use crate::encoding::Encoding;
use crate::exchange::{Request, SCIM_JSON};
use crate::idp::mapping::Place;
use crate::protocol::value::is_unassigned;

/// URN of the core User schema.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URN of the core Group schema.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// URN of the enterprise extension.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// URN of a PATCH message.
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// `Content-Type` of most products (Q-H01).
pub const SCIM_JSON_UTF8: &str = "application/scim+json; charset=utf-8";

/// The path of an account.
pub fn user(id: &str) -> String {
    format!("/Users/{}", Encoding::Percent.value(id, false))
}

/// The path of a group.
pub fn group(id: &str) -> String {
    format!("/Groups/{}", Encoding::Percent.value(id, false))
}

/// `attribute eq "value"`, the value as a JSON string (RFC 7644 §3.4.2.2).
pub fn equals(attribute: &str, value: &str) -> String {
    format!("{attribute} eq {}", Value::from(value))
}

/// A collection with a filter for one value.
pub fn found_by(endpoint: &str, attribute: &str, value: &str, encoding: Encoding) -> String {
    format!("{endpoint}?filter={}", encoding.value(&equals(attribute, value), true))
}

/// A request with a JSON body and the content type of the product.
pub fn send(method: &str, target: impl Into<String>, content_type: &str, body: &Value) -> Request {
    let mut request = Request::new(method, target);
    request.headers.append("Content-Type", content_type);
    request.with_json(body)
}

/// A PATCH message.
pub fn patch(operations: Vec<Value>) -> Value {
    json!({ "schemas": [PATCH_OP], "Operations": operations })
}

/// The mapped attributes as a resource, without `schemas`; `skip` says which are left out.
pub fn resource(person: &Subject, skip: impl Fn(&Place) -> bool) -> Map<String, Value> {
    let mut resource = Map::new();
    for (place, value) in person.profile.values.iter().filter(|(place, _)| !skip(place)) {
        place.set(&mut resource, value.clone());
    }
    resource
}

/// The mapped attributes as a whole resource: `schemas` first, with the URN of every extension that is in it.
pub fn whole(person: &Subject) -> Map<String, Value> {
    let attributes = resource(person, |_| false);
    let extensions = attributes.keys().filter(|name| name.to_ascii_lowercase().starts_with("urn:"));
    let schemas = std::iter::once(USER.into()).chain(extensions.map(|urn| urn.as_str().into())).collect();
    let mut whole = Map::from_iter([("schemas".to_owned(), Value::Array(schemas))]);
    whole.extend(attributes);
    whole
}

/// An attribute that was mapped without saying which element is meant becomes a list of that one element.
pub fn listed(resource: &mut Map<String, Value>, name: &str) {
    if let Some(attribute) = resource.get_mut(name).filter(|attribute| attribute.is_object()) {
        *attribute = Value::Array(vec![attribute.take()]);
    }
}

/// A mapped attribute whose value at the target is another.
#[derive(Debug, Clone, PartialEq)]
pub struct Differing<'p> {
    /// Which.
    pub place: &'p Place,
    /// What it should be.
    pub value: &'p Value,
    /// Whether the target shows a value at all.
    pub is_there: bool,
}

/// The mapped attributes that the target shows otherwise; `skip` says which are not looked at.
pub fn differing<'p>(
    person: &'p Subject,
    current: &Map<String, Value>,
    skip: impl Fn(&Place) -> bool,
) -> Vec<Differing<'p>> {
    // A password is never shown (RFC 7643 §4.1.1), so that nothing can be said about it.
    let is_shown = |place: &Place| !place.is("password") && !skip(place);
    let mapped = person.profile.values.iter().filter(|(place, _)| is_shown(place));
    let differing = mapped.filter_map(|(place, value)| {
        let found = place.get(current).filter(|found| !is_unassigned(found));
        let is_there = found.is_some();
        (!found.is_some_and(|found| same(found, value))).then_some(Differing { place, value, is_there })
    });
    differing.collect()
}

/// Whether an IdP takes two values for the same: text and truth values by what they say.
pub fn same(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Bool(truth), Value::String(text)) | (Value::String(text), Value::Bool(truth)) => {
            text.eq_ignore_ascii_case(if *truth { "true" } else { "false" })
        }
        (found, wanted) => found == wanted,
    }
}

/// `[{ "value": id }, …]`, each shaped by the dialect.
pub fn members<'m>(members: impl IntoIterator<Item = &'m Member>, shape: impl Fn(&Member) -> Value) -> Value {
    Value::Array(members.into_iter().map(shape).collect())
}

/// The keys of members.
pub fn keys(members: &[Member]) -> Vec<String> {
    members.iter().map(|member| member.key.clone()).collect()
}

/// `replace` of one attribute by its path.
pub fn replace(path: &str, value: impl Into<Value>) -> Value {
    json!({ "op": "replace", "path": path, "value": value.into() })
}

/// One `replace` for each attribute that differs, `add` where the target shows none (RFC 7644 §3.5.2).
pub fn replacements(differing: &[Differing<'_>]) -> Vec<Value> {
    let operation = |one: &Differing<'_>| {
        let op = if one.is_there { "replace" } else { "add" };
        json!({ "op": op, "path": one.place.to_string(), "value": one.value })
    };
    differing.iter().map(operation).collect()
}

/// `[{ "value": id }, …]`.
pub fn ids(members: &[Member]) -> Value {
    self::members(members, |member| json!({ "value": member.id }))
}

/// One `add` for all of them.
pub fn add(members: &[Member]) -> Value {
    json!({ "op": "add", "path": "members", "value": ids(members) })
}

/// One `remove` for each, as RFC 7644 §3.5.2.2 has it (Q-G02).
pub fn remove_each(members: &[Member]) -> Vec<Value> {
    let path = |member: &Member| format!("members[{}]", equals("value", &member.id));
    members.iter().map(|member| json!({ "op": "remove", "path": path(member) })).collect()
}

/// PATCHes of so many members each: those who leave, then those who join.
pub fn in_batches(
    change: &MemberChange,
    size: usize,
    request: impl Fn(Vec<Value>) -> Request,
    remove: impl Fn(&[Member]) -> Vec<Value>,
    add: impl Fn(&[Member]) -> Vec<Value>,
) -> Vec<MemberRequest> {
    let out = change.removed.chunks(size).map(|batch| MemberRequest {
        request: request(remove(batch)),
        adds: Vec::new(),
        removes: keys(batch),
    });
    let into = change.added.chunks(size).map(|batch| MemberRequest {
        request: request(add(batch)),
        adds: keys(batch),
        removes: Vec::new(),
    });
    out.chain(into).collect()
}

/// The plainest client that RFC 7644 allows, for products of which no request is known: a PATCH with a path for each attribute
/// that differs.
pub fn plain_update(
    id: &str,
    person: &Subject,
    change: Change,
    current: Option<&Map<String, Value>>,
) -> Vec<Request> {
    let operations = match (change, current) {
        (Change::Deactivate, _) | (Change::Reactivate, None) => vec![replace("active", person.active)],
        (_, Some(current)) => replacements(&differing(person, current, |_| false)),
        (Change::Profile, None) => {
            let set = person.profile.values.iter();
            set.map(|(place, value)| replace(&place.to_string(), value.clone())).collect()
        }
    };
    match operations.is_empty() {
        true => Vec::new(),
        false => vec![send("PATCH", user(id), SCIM_JSON, &patch(operations))],
    }
}

/// The plain client creates a group without members.
pub fn plain_group(group: &GroupSubject) -> Request {
    let mut body = json!({ "schemas": [GROUP], "displayName": group.display_name });
    if let Some(external_id) = &group.external_id {
        body["externalId"] = external_id.as_str().into();
    }
    send("POST", "/Groups", SCIM_JSON, &body)
}

/// The plain client renames a group.
pub fn plain_rename(id: &str, group: &GroupSubject) -> Request {
    let operation = replace("displayName", group.display_name.as_str());
    send("PATCH", self::group(id), SCIM_JSON, &patch(vec![operation]))
}

/// The plain client changes members, a hundred in a request.
pub fn plain_members(id: &str, change: &MemberChange) -> Vec<MemberRequest> {
    let request = |operations| send("PATCH", group(id), SCIM_JSON, &patch(operations));
    in_batches(change, 100, request, remove_each, |batch| vec![add(batch)])
}
