//! The BulkRequest message (RFC 7644 §3.7): each operation is looked at like the request that it stands for.

use serde_json::{Map, Value};

use crate::protocol::message::{BULK_REQUEST, declares, member};
use crate::protocol::schema::Registry;
use crate::protocol::value::kind;

use super::address::{Endpoint, of_operation};
use super::notes::{At, Notes, quoted};
use super::rules;

/// Looks at the body of a bulk request.
pub(super) fn check(registry: &Registry, body: &Map<String, Value>, at: &At<'_>, notes: &mut Notes) {
    if !declares(body, BULK_REQUEST) {
        let what = format!("{} is not in it", quoted(BULK_REQUEST));
        notes.add(&rules::BULK_SCHEMA, None, &At::Member(at, "schemas"), what);
    }
    match member(body, "failOnErrors") {
        None | Some(Value::Null) => {}
        Some(value) if value.is_u64() || value.is_i64() => {}
        Some(other) => {
            let what = format!("it is {}", kind(other));
            notes.add(&rules::BULK_FAIL_ON_ERRORS, None, &At::Member(at, "failOnErrors"), what);
        }
    }
    let at = At::Member(at, "Operations");
    let operations = match member(body, "Operations") {
        Some(Value::Array(operations)) if !operations.is_empty() => operations,
        Some(Value::Array(_)) => return notes.add(&rules::BULK_OPERATIONS, None, &at, "it is empty"),
        Some(other) => {
            return notes.add(&rules::BULK_OPERATIONS, None, &at, format!("it is {}", kind(other)));
        }
        None => return notes.add(&rules::BULK_OPERATIONS, None, &at, "there is none"),
    };
    let mut ids = std::collections::HashSet::new();
    for (index, json) in operations.iter().enumerate() {
        let at = At::Element(&at, index);
        let Some(json) = json.as_object() else {
            notes.add(&rules::BULK_OPERATIONS, None, &at, format!("it is {}", kind(json)));
            continue;
        };
        if let Some(id) = member(json, "bulkId").and_then(Value::as_str)
            && !ids.insert(id)
        {
            let what = format!("{} occurs twice", quoted(id));
            notes.add(&rules::BULK_ID_TWICE, None, &At::Member(&at, "bulkId"), what);
        }
        operation(registry, json, &at, notes);
    }
}

fn operation(registry: &Registry, json: &Map<String, Value>, at: &At<'_>, notes: &mut Notes) {
    let method = member(json, "method").and_then(Value::as_str).unwrap_or_default();
    if !matches!(method, "POST" | "PUT" | "PATCH" | "DELETE") {
        let what =
            if method.is_empty() { "there is none".to_owned() } else { format!("it is {}", quoted(method)) };
        return notes.add(&rules::BULK_METHOD, None, &At::Member(at, "method"), what);
    }
    if method == "POST" && member(json, "bulkId").and_then(Value::as_str).is_none_or(str::is_empty) {
        notes.add(&rules::BULK_ID, None, at, "a POST has no bulkId");
    }
    let place = At::Member(at, "path");
    let Some(path) = member(json, "path").and_then(Value::as_str) else {
        return notes.add(&rules::BULK_PATH, None, &place, "there is none");
    };
    let endpoint = of_operation(registry, path);
    let fits = match endpoint {
        Endpoint::Collection(_) => method == "POST",
        Endpoint::Resource(_) => method != "POST",
        _ => false,
    };
    if !fits || !path.starts_with('/') {
        let what = format!("{} is no path for {method}", quoted(path));
        notes.add(&rules::BULK_PATH_FORM, None, &place, what);
    }
    if method == "DELETE" {
        return;
    }
    let place = At::Member(at, "data");
    match member(json, "data") {
        None | Some(Value::Null) => notes.add(&rules::BULK_DATA, None, &place, "there is none"),
        Some(data @ Value::Object(_)) if fits => {
            super::message(registry, method, &endpoint, data, &place, notes)
        }
        Some(Value::Object(_)) => {}
        Some(other) => notes.add(&rules::BULK_DATA_FORM, None, &place, format!("it is {}", kind(other))),
    }
}
