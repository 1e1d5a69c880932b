//! Header fields, and whether there is a body at all.

use serde_json::Value;

use crate::protocol::version::TagList;

use super::notes::{At, Notes, quoted};
use super::{Seen, rules};

/// Looks at the header fields.
pub(super) fn check(seen: &Seen<'_>, notes: &mut Notes) {
    let headers = seen.headers;
    match headers.get("user-agent").map(str::trim) {
        None | Some("") => {
            notes.add(&rules::USER_AGENT_MISSING, Some("Q-H05"), &"header User-Agent", "there is none")
        }
        Some(_) => {}
    }
    if matches!(seen.method, "GET" | "HEAD") {
        accept(headers.get("accept"), notes);
    }
    if headers.contains("accept-charset") {
        let what = "it is there";
        notes.add(&rules::ACCEPT_CHARSET, Some("Q-H04"), &"header Accept-Charset", what);
    }
    if headers.contains("adscimversion") {
        notes.add(&rules::HEADER_ADSCIM, Some("Q-H06"), &"header ADSCIMVersion", "it is there");
    }
    let scheme = headers.get("authorization").and_then(|value| value.split(' ').next()).unwrap_or_default();
    if scheme.eq_ignore_ascii_case("basic") {
        notes.add(&rules::AUTH_BASIC, Some("Q-H15"), &"header Authorization", "it is HTTP Basic");
    }
    for name in ["If-Match", "If-None-Match"] {
        if headers.get(name).is_some_and(|value| TagList::parse(value).is_err()) {
            let what = "it is no list of entity tags";
            notes.add(&rules::CONDITION_SYNTAX, None, &format!("header {name}"), what);
        }
    }
}

fn accept(value: Option<&str>, notes: &mut Notes) {
    let (rule, what) = match value.map(str::trim) {
        None | Some("") => (&rules::ACCEPT_MISSING, "there is none".to_owned()),
        Some(value) => {
            let ranges = value.split(',').map(essence);
            let mut known = ranges.map(|range| {
                ["application/scim+json", "application/json", "application/*", "*/*"]
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(range))
            });
            if known.any(|known| known) {
                return;
            }
            (&rules::ACCEPT_OTHER, format!("it is {}", quoted(value)))
        }
    };
    notes.add(rule, Some("Q-H03"), &"header Accept", what);
}

/// A media type without its parameters.
fn essence(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

/// The JSON of a request that has a body, or should have one.
pub(super) fn json_body(seen: &Seen<'_>, notes: &mut Notes) -> Option<Value> {
    let announced = seen.headers.contains("transfer-encoding")
        || seen.headers.get("content-length").is_some_and(|length| length.trim() != "0");
    match seen.method {
        "POST" | "PUT" | "PATCH" => {}
        _ => {
            if announced || !seen.body.is_empty() {
                let what = format!("{} has one", quoted(seen.method));
                notes.add(&rules::BODY_UNEXPECTED, None, &"body", what);
            }
            return None;
        }
    }
    if seen.body.is_empty() {
        if !announced {
            notes.add(&rules::BODY_MISSING, None, &"body", "there is none");
        }
        return None;
    }
    content_type(seen.headers.get("content-type"), notes);
    match serde_json::from_slice(seen.body) {
        Ok(json) => Some(json),
        Err(error) => {
            let what = match std::str::from_utf8(seen.body) {
                Err(_) => "it is not UTF-8".to_owned(),
                Ok(_) => format!("it is no JSON, from line {} column {} on", error.line(), error.column()),
            };
            notes.add(&rules::BODY_NOT_JSON, None, &At::Root("body"), what);
            None
        }
    }
}

fn content_type(value: Option<&str>, notes: &mut Notes) {
    let place = "header Content-Type";
    let Some(value) = value.map(str::trim).filter(|value| !value.is_empty()) else {
        return notes.add(&rules::CONTENT_TYPE_MISSING, None, &place, "there is none");
    };
    let shown = || format!("it is {}", quoted(value));
    let is_scim = essence(value).eq_ignore_ascii_case("application/scim+json");
    if essence(value).eq_ignore_ascii_case("application/json") {
        notes.add(&rules::CONTENT_TYPE_PLAIN, Some("Q-H02"), &place, shown());
    } else if !is_scim {
        return notes.add(&rules::CONTENT_TYPE_OTHER, None, &place, shown());
    }
    let charset = value.split(';').skip(1).filter_map(|parameter| parameter.split_once('=')).find_map(
        |(name, value)| name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"')),
    );
    match charset {
        Some(charset) if !charset.eq_ignore_ascii_case("utf-8") => {
            notes.add(&rules::CONTENT_TYPE_CHARSET, None, &place, shown());
        }
        _ if is_scim && value.contains(';') => {
            notes.add(&rules::CONTENT_TYPE_PARAMETER, Some("Q-H01"), &place, shown());
        }
        _ => {}
    }
}
