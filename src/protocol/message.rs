//! The URNs of the protocol messages (RFC 7644 §8.2) and the ListResponse (§3.4.2).

use serde_json::{Value, json};

/// Answer to every query.
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// Body of a `POST …/.search`.
pub const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
/// Body of a PATCH.
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// Body of a `POST /Bulk`.
pub const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// Answer to a `POST /Bulk`.
pub const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
/// Body of every answer with a status of 400 and above.
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// A ListResponse that holds all results, as the discovery endpoints send it (RFC 7644 §4).
pub fn complete_list(resources: Vec<Value>) -> Value {
    json!({
        "schemas": [LIST_RESPONSE],
        "totalResults": resources.len(),
        "itemsPerPage": resources.len(),
        "startIndex": 1,
        "Resources": resources,
    })
}

/// Whether the `schemas` of a message body names `urn` (URNs compare case-insensitively, RFC 8141).
pub fn declares(body: &serde_json::Map<String, Value>, urn: &str) -> bool {
    member(body, "schemas")
        .and_then(Value::as_array)
        .is_some_and(|list| list.iter().filter_map(Value::as_str).any(|s| s.eq_ignore_ascii_case(urn)))
}

/// The member of a JSON object whose name equals `name` without regard to case (RFC 7643 §2.1).
///
/// The exact spelling wins where both are present.
pub fn member<'v>(object: &'v serde_json::Map<String, Value>, name: &str) -> Option<&'v Value> {
    object
        .get(name)
        .or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}
