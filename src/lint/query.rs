//! The parameters of a query, in a URL.

use percent_encoding::percent_decode_str;

use crate::exchange::Headers;
use crate::protocol::attr::AttrPath;
use crate::protocol::filter as grammar;
use crate::protocol::schema::{Registry, TypeSchema};

use super::address::{Endpoint, encoding};
use super::filter::{self, Scope};
use super::notes::{Notes, quoted};
use super::rules;

/// The parameters of RFC 7644 §3.4.2, §3.9 and RFC 9865 §2.
const PARAMETERS: [&str; 8] =
    ["filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", "attributes", "excludedAttributes"];

/// How many names of one list are looked at.
const MAX_NAMES: usize = 100;

/// Looks at the query of a URL, without its `?`.
pub(super) fn check(
    registry: &Registry,
    endpoint: &Endpoint<'_>,
    text: &str,
    headers: &Headers,
    notes: &mut Notes,
) {
    encoding(text, "query", notes);
    if text.split('&').any(str::is_empty) {
        let what = if text.is_empty() {
            "there is a `?` with nothing behind it"
        } else {
            "there is an `&` too many"
        };
        notes.add(&rules::QUERY_EMPTY_PIECE, Some("Q-H07"), &"query", what);
    }
    let types = types(registry, endpoint);
    let (mut included, mut excluded) = (false, false);
    for piece in text.split('&').filter(|piece| !piece.is_empty()) {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        // The base URL of a flagged tenant ends in `?aadOptscim062020`; what is joined to it may bring a second `?`.
        let name = name.trim_start_matches('?');
        let Some(known) = PARAMETERS.iter().find(|known| known.eq_ignore_ascii_case(name)) else {
            unknown(name, value, headers, notes);
            continue;
        };
        if *known != name {
            notes.add(
                &rules::QUERY_NAME_CASE,
                Some("Q-H13"),
                &"query",
                format!("{} is `{known}`", quoted(name)),
            );
        }
        let place = format!("query {known}");
        let literal = percent_decode_str(value).decode_utf8_lossy();
        let spaced = percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned();
        match *known {
            "filter" => {
                let as_form = literal != spaced && grammar::parse(&literal).is_err();
                if as_form {
                    let what = "spaces are written as `+`";
                    notes.add(&rules::QUERY_PLUS, Some("Q-H09"), &place, what);
                }
                let text = if as_form { spaced.as_str() } else { &literal };
                filter::check(text, Scope::Types(&types), &place, notes);
                filter::sensitive(text, &types, &place, notes);
            }
            "attributes" | "excludedAttributes" => {
                included |= *known == "attributes" && !value.is_empty();
                excluded |= *known != "attributes" && !value.is_empty();
                names(split(&spaced), &types, &place, notes);
            }
            "sortBy" => sort_by(&spaced, &types, &place, notes),
            "sortOrder" => sort_order(&spaced, &place, notes),
            "cursor" => cursor(&literal, &place, notes),
            _ => number(known, spaced.trim(), &place, notes),
        }
    }
    both(included, excluded, &"query", notes);
}

/// The resource types whose attributes may be named.
pub(super) fn types<'r>(registry: &'r Registry, endpoint: &Endpoint<'r>) -> Vec<&'r TypeSchema> {
    match endpoint {
        Endpoint::Collection(kind) | Endpoint::Resource(kind) | Endpoint::Search(Some(kind)) => vec![*kind],
        Endpoint::Me => registry.by_name("User").map(|kind| &**kind).into_iter().collect(),
        Endpoint::Root | Endpoint::Search(None) => registry.types().iter().map(|kind| &**kind).collect(),
        Endpoint::Bulk | Endpoint::Discovery | Endpoint::Unknown => Vec::new(),
    }
}

fn unknown(name: &str, value: &str, headers: &Headers, notes: &mut Notes) {
    let name = percent_decode_str(name).decode_utf8_lossy();
    match &*name {
        "access_token" => {
            if headers.contains("authorization") {
                let what = "a token is in the URL and in the header";
                notes.add(&rules::TOKEN_TWICE, None, &"query access_token", what);
            }
            let what = "the token is in the URL";
            notes.add(&rules::QUERY_TOKEN, None, &"query access_token", what);
        }
        flag if flag.eq_ignore_ascii_case("aadOptscim062020") => {
            let what = format!("the flag {} is repeated on the request", quoted(flag));
            notes.add(&rules::QUERY_FLAG, Some("Q-H11"), &"query", what);
            // What was joined to a base URL that ends in the flag.
            if value.contains('?') {
                notes.add(&rules::QUERY_UNKNOWN, None, &"query", "there is a second `?`");
            }
        }
        other => {
            let what = format!("{} is no parameter of RFC 7644", quoted(other));
            notes.add(&rules::QUERY_UNKNOWN, None, &"query", what);
        }
    }
}

/// The names of a list that is separated by commas, outside of brackets.
fn split(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// Looks at names of attributes that are to be returned or not.
pub(super) fn names<'n>(
    names: impl Iterator<Item = &'n str>,
    types: &[&TypeSchema],
    place: &str,
    notes: &mut Notes,
) {
    for name in names.take(MAX_NAMES) {
        match AttrPath::parse(name) {
            Err(_) => {
                let quirk = name.contains('[').then_some("Q-L09");
                let what = format!("{} is no attribute notation", quoted(name));
                notes.add(&rules::ATTRIBUTES_NOTATION, quirk, &place, what);
            }
            Ok(path) if types.is_empty() || is_schema(&path, types) => {}
            Ok(path) => {
                let quirks = filter::NameQuirks { bare: None, unknown: None };
                filter::name(&path, types, &rules::ATTRIBUTES_UNKNOWN, quirks, &place, notes);
            }
        }
    }
}

/// Whether the text is the URI of a schema as a whole, which `attributes` is often given.
fn is_schema(path: &AttrPath, types: &[&TypeSchema]) -> bool {
    let whole = path.to_string();
    types.iter().any(|kind| kind.knows(&whole))
}

/// Looks at `attributes` beside `excludedAttributes`.
pub(super) fn both(included: bool, excluded: bool, place: &impl std::fmt::Display, notes: &mut Notes) {
    if included && excluded {
        notes.add(&rules::ATTRIBUTES_BOTH, None, place, "both are there");
    }
}

/// Looks at `sortBy`.
pub(super) fn sort_by(text: &str, types: &[&TypeSchema], place: &str, notes: &mut Notes) {
    let Ok(path) = AttrPath::parse(text.trim()) else {
        let what = format!("{} is no attribute notation", quoted(text));
        return notes.add(&rules::SORT_NOTATION, None, &place, what);
    };
    if types.is_empty() {
        return;
    }
    let quirks = filter::NameQuirks { bare: None, unknown: None };
    let bound = filter::name(&path, types, &rules::ATTRIBUTES_UNKNOWN, quirks, &place, notes);
    if bound.is_some_and(|leaf| leaf.is_complex() && !leaf.multi_valued) {
        let what = format!("{} is complex", quoted(text));
        notes.add(&rules::SORT_COMPLEX, None, &place, what);
    }
}

/// Looks at `sortOrder`.
pub(super) fn sort_order(text: &str, place: &str, notes: &mut Notes) {
    if !["ascending", "descending"].contains(&text.trim()) {
        notes.add(&rules::SORT_ORDER, None, &place, format!("it is {}", quoted(text)));
    }
}

/// Looks at `cursor`.
pub(super) fn cursor(text: &str, place: &str, notes: &mut Notes) {
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) {
        let what = "it holds characters that no cursor has";
        notes.add(&rules::CURSOR_CHARACTERS, None, &place, what);
    }
}

/// Looks at `startIndex` or `count`.
fn number(name: &str, text: &str, place: &str, notes: &mut Notes) {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return notes.add(
            &rules::PAGING_NUMBER,
            None,
            &place,
            format!("{} is no whole number", quoted(text)),
        );
    }
    let is_zero = digits.bytes().all(|byte| byte == b'0');
    range(name, (text.starts_with('-') && !is_zero) || (name == "startIndex" && is_zero), text, place, notes);
}

/// Says that a number is too small.
pub(super) fn range(name: &str, is_small: bool, text: &str, place: &str, notes: &mut Notes) {
    if is_small {
        let counts = if name == "count" { 0 } else { 1 };
        let what = format!("{} counts as {counts}", quoted(text));
        notes.add(&rules::PAGING_RANGE, Some("Q-P05"), &place, what);
    }
}
