//! Bodies and requests that several dialects share.

use serde_json::{Map, Value, json};

use super::{Member, Subject};
use crate::encoding::Encoding;
use crate::exchange::Request;
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
    let mapped = person.profile.values.iter().filter(|(place, _)| !skip(place));
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

/// The representation that the target showed, with the mapped attributes set (Q-U19): everything else in it goes back as
/// it came.
pub fn merged(current: Option<&Map<String, Value>>, person: &Subject) -> Map<String, Value> {
    let mut resource = current.cloned().unwrap_or_default();
    for (place, value) in &person.profile.values {
        place.set(&mut resource, value.clone());
    }
    resource
}

/// `[{ "value": id }, …]`, each shaped by the dialect.
pub fn members<'m>(members: impl IntoIterator<Item = &'m Member>, shape: impl Fn(&Member) -> Value) -> Value {
    Value::Array(members.into_iter().map(shape).collect())
}

/// The keys of members.
pub fn keys(members: &[Member]) -> Vec<String> {
    members.iter().map(|member| member.key.clone()).collect()
}
