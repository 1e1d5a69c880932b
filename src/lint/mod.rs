//! Floor 1: judging a client by its requests.
//!
//! [`lint`] looks at one request and says where it breaks a rule that the RFCs address to clients, and where it shows a
//! habit that the RFCs allow and that is still worth knowing, because targets stumble over it. Remarks name the
//! requirement, and the `Q-…` row of the traffic catalogue where the shape is one that an identity provider is known for. A
//! request of a client that follows the RFCs brings no remark at all. [`Conversation`] also sees what only two requests
//! tell together.
//!
//! | module | what lives there |
//! |---|---|
//! | [`rules`] | every rule, as data |
//! | [`quirks`] | who is known for which quirk |
//! | `notes` | remarks as they are collected, and places in a body |
//! | `address`, `query`, `headers` | path, query and header fields |
//! | `filter` | filters, also those in PATCH paths |
//! | `resource`, `value`, `format` | POST and PUT bodies against the schemas |
//! | `patch`, `bulk`, `search` | the messages |
//! | `conversation` | what needs more than one request |
//!
//! `not_seen.csv` lists the requirements for clients and the quirks that no rule here sees, each with the reason.
//!
//! Pure: no I/O and no clock. The time grows with the size of the request, the number of remarks is bounded by
//! the number of rules, and no value of a secret is repeated.

use crate::exchange::Headers;
use crate::protocol::schema::Registry;

mod address;
mod bulk;
mod conversation;
mod filter;
mod format;
mod headers;
mod notes;
mod patch;
mod query;
pub mod quirks;
mod resource;
pub mod rules;
mod search;
mod value;

#[cfg(test)]
mod tests;

pub use conversation::Conversation;
pub use rules::{Kind, Rule};

use address::Endpoint;
use notes::{At, Notes};

/// The requirements and quirks that no rule sees, as CSV: `id,reason`.
pub const NOT_SEEN: &str = include_str!("not_seen.csv");

/// A request as the lint looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// Path and query below the base URL, as they were sent: still percent-encoded.
    pub target: &'a str,
    /// The header fields.
    pub headers: &'a Headers,
    /// The body; empty where there is none, or where nobody read it.
    pub body: &'a [u8],
}

/// What is to be said about a request. The same thing at several places of it is one remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The rule, with its kind and its requirement.
    pub rule: &'static Rule,
    /// The quirk that it is, where it is a known one: `Q-U01`.
    pub quirk: Option<&'static str>,
    /// Where, the first time: `query filter`, `body /Operations/0/op`, `header Content-Type`.
    pub place: String,
    /// What is there, the first time; a sentence without its full stop. Long values are cut, secrets are left out.
    pub what: String,
    /// At how many places.
    pub times: usize,
}

/// Looks at one request.
pub fn lint(registry: &Registry, seen: &Seen<'_>) -> Vec<Remark> {
    let mut notes = Notes::default();
    let endpoint = address::check(registry, seen, &mut notes);
    headers::check(seen, &mut notes);
    if let Some(json) = headers::json_body(seen, &mut notes) {
        let at = At::Root("body");
        message(registry, seen.method, &endpoint, &json, &at, &mut notes);
    }
    notes.found
}

/// Looks at the body of a request, or at the `data` of a bulk operation, which is one.
fn message(
    registry: &Registry,
    method: &str,
    endpoint: &Endpoint<'_>,
    json: &serde_json::Value,
    at: &At<'_>,
    notes: &mut Notes,
) {
    let Some(body) = json.as_object() else {
        let what = format!("it is {}, where every body is an object", crate::protocol::value::kind(json));
        return notes.add(&rules::BODY_NOT_OBJECT, None, at, what);
    };
    match (method, endpoint) {
        (_, Endpoint::Search(kind)) => search::check(registry, *kind, body, at, notes),
        (_, Endpoint::Bulk) => bulk::check(registry, body, at, notes),
        ("PATCH", Endpoint::Resource(kind)) => patch::check(kind, body, at, notes),
        ("POST", Endpoint::Collection(kind)) => {
            resource::check(kind, resource::Write::Create, body, at, notes)
        }
        ("PUT", Endpoint::Resource(kind)) => resource::check(kind, resource::Write::Replace, body, at, notes),
        ("PATCH", Endpoint::Me) => {
            if let Some(kind) = registry.by_name("User") {
                patch::check(kind, body, at, notes);
            }
        }
        _ => {}
    }
}
