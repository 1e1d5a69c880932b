//! The path of a request: what it is addressed to, and whether that takes the method.

use crate::protocol::schema::{Registry, TypeSchema};

use super::notes::{Notes, quoted};
use super::{Seen, query, rules};

/// What a path names.
#[derive(Debug, Clone, Copy)]
pub(super) enum Endpoint<'r> {
    /// The base URL.
    Root,
    /// `/Users`, `/Groups`, …
    Collection(&'r TypeSchema),
    /// One resource.
    Resource(&'r TypeSchema),
    /// `/.search`, `/Users/.search`.
    Search(Option<&'r TypeSchema>),
    /// `/Bulk`.
    Bulk,
    /// `/Me`.
    Me,
    /// `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas`.
    Discovery,
    /// Nothing that the provider serves.
    Unknown,
}

/// Looks at path and query.
pub(super) fn check<'r>(registry: &'r Registry, seen: &Seen<'_>, notes: &mut Notes) -> Endpoint<'r> {
    let (path, query) = match seen.target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (seen.target, None),
    };
    encoding(path, "path", notes);
    if path.len() > 1 && path.ends_with('/') {
        notes.add(
            &rules::URL_TRAILING_SLASH,
            Some("Q-H08"),
            &"path",
            format!("{} ends in a slash", quoted(path)),
        );
    }
    let endpoint = named(registry, path, notes);
    method(seen.method, &endpoint, notes);
    if let Some(text) = query {
        query::check(registry, &endpoint, text, seen.headers, notes);
    }
    endpoint
}

/// What a path names, without a word about its spelling.
fn named<'r>(registry: &'r Registry, path: &str, notes: &mut Notes) -> Endpoint<'r> {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).take(4).collect();
    let unknown = |notes: &mut Notes, quirk| {
        let what = format!("{} is no endpoint of the provider", quoted(path));
        notes.add(&rules::ENDPOINT_UNKNOWN, quirk, &"path", what);
        Endpoint::Unknown
    };
    if let [_, version, _, ..] = segments[..]
        && is_version(version)
    {
        let what = format!("{} stands behind an endpoint", quoted(version));
        notes.add(&rules::URL_VERSION_SEGMENT, None, &"path", what);
        return Endpoint::Unknown;
    }
    match segments[..] {
        [] => Endpoint::Root,
        [".search"] => Endpoint::Search(None),
        ["Bulk"] => Endpoint::Bulk,
        ["Me"] => Endpoint::Me,
        ["ServiceProviderConfig"] | ["ResourceTypes" | "Schemas"] | ["ResourceTypes" | "Schemas", _] => {
            Endpoint::Discovery
        }
        ["ServiceProviderConfigs"] => unknown(notes, Some("Q-T11")),
        ["serviceConfiguration"] => unknown(notes, Some("Q-T12")),
        [first] | [first, _] => match (registry.by_endpoint(first), segments.get(1)) {
            (None, _) => unknown(notes, None),
            (Some(kind), None) => Endpoint::Collection(kind),
            (Some(kind), Some(&".search")) => Endpoint::Search(Some(kind)),
            (Some(kind), Some(_)) => Endpoint::Resource(kind),
        },
        _ => unknown(notes, None),
    }
}

/// The target of an operation of a bulk request, which no rule about URLs looks at.
pub(super) fn of_operation<'r>(registry: &'r Registry, path: &str) -> Endpoint<'r> {
    named(registry, path, &mut Notes::default())
}

fn is_version(segment: &str) -> bool {
    segment.strip_prefix(['v', 'V']).is_some_and(|digits| {
        !digits.is_empty() && digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether the endpoint takes the method (RFC 7644 §3.2).
fn method(method: &str, endpoint: &Endpoint<'_>, notes: &mut Notes) {
    let reads = matches!(method, "GET" | "HEAD" | "OPTIONS");
    let broken = match (endpoint, method) {
        (Endpoint::Unknown, _) => return,
        (Endpoint::Search(_), "POST" | "OPTIONS")
        | (Endpoint::Bulk, "POST" | "OPTIONS")
        | (Endpoint::Me, _) => return,
        (Endpoint::Search(_), _) => &rules::METHOD_SEARCH,
        (Endpoint::Bulk, _) => &rules::METHOD_BULK,
        _ if reads => return,
        (Endpoint::Collection(_), "POST") | (Endpoint::Resource(_), "PUT" | "PATCH" | "DELETE") => return,
        (Endpoint::Collection(_), "PUT") => &rules::METHOD_PUT_CREATES,
        (Endpoint::Discovery, _) => &rules::METHOD_DISCOVERY,
        (Endpoint::Root | Endpoint::Collection(_) | Endpoint::Resource(_), _) => {
            &rules::METHOD_NOT_FOR_ENDPOINT
        }
    };
    notes.add(broken, None, &"method", format!("{} is sent there", quoted(method)));
}

/// Whether every byte may stand in a URL (RFC 3986 §2).
pub(super) fn encoding(text: &str, place: &str, notes: &mut Notes) {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => bytes.clone().take(2).filter(u8::is_ascii_hexdigit).count() == 2,
            _ => byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=".contains(&byte),
        };
        if !fits {
            let what = match byte {
                b'%' => "a `%` begins no escape".to_owned(),
                0x21..=0x7e => format!("`{}` is not percent-encoded", char::from(byte)),
                _ => format!("the byte {byte:#04x} is not percent-encoded"),
            };
            return notes.add(&rules::URL_ENCODING, None, &place, what);
        }
    }
}
