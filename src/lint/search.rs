//! The SearchRequest message (RFC 7644 §3.4.3).

use serde_json::{Map, Value};

use crate::protocol::message::{SEARCH_REQUEST, declares, member};
use crate::protocol::schema::{Registry, TypeSchema};
use crate::protocol::value::kind;

use super::address::Endpoint;
use super::filter::{self, Scope};
use super::notes::{At, Notes, quoted};
use super::{query, rules};

/// Looks at the body of a search.
pub(super) fn check(
    registry: &Registry,
    of: Option<&TypeSchema>,
    body: &Map<String, Value>,
    at: &At<'_>,
    notes: &mut Notes,
) {
    if !declares(body, SEARCH_REQUEST) {
        let what = format!("{} is not in it", quoted(SEARCH_REQUEST));
        notes.add(&rules::SEARCH_SCHEMA, None, &At::Member(at, "schemas"), what);
    }
    let types = query::types(registry, &Endpoint::Search(of));
    let place = |name: &str| At::Member(at, name).to_string();
    let text = |name: &str| member(body, name).and_then(Value::as_str);
    if let Some(filter) = text("filter") {
        filter::check(filter, Scope::Types(&types), &place("filter"), notes);
    }
    if let Some(sort_by) = text("sortBy") {
        query::sort_by(sort_by, &types, &place("sortBy"), notes);
    }
    if let Some(order) = text("sortOrder") {
        query::sort_order(order, &place("sortOrder"), notes);
    }
    if let Some(cursor) = text("cursor") {
        query::cursor(cursor, &place("cursor"), notes);
    }
    for name in ["attributes", "excludedAttributes"] {
        match member(body, name) {
            None | Some(Value::Null) => {}
            Some(Value::Array(list)) => {
                query::names(list.iter().filter_map(Value::as_str), &types, &place(name), notes);
            }
            Some(other) => {
                notes.add(&rules::SEARCH_LIST, None, &place(name), format!("it is {}", kind(other)));
            }
        }
    }
    let asked =
        |name: &str| member(body, name).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    query::both(asked("attributes"), asked("excludedAttributes"), at, notes);
    for name in ["startIndex", "count"] {
        match member(body, name) {
            None | Some(Value::Null) => {}
            Some(Value::Number(number)) if number.is_i64() || number.is_u64() => {
                let least = if name == "count" { 0 } else { 1 };
                let is_small = number.as_i64().is_some_and(|number| number < least);
                query::range(name, is_small, &number.to_string(), &place(name), notes);
            }
            Some(_) => notes.add(&rules::PAGING_NUMBER, None, &place(name), "it is no whole number"),
        }
    }
}
