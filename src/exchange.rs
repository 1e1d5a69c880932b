//! One request and its response as data.
//!
//! Everything that is shown, diffed, reported or recorded is made of exchanges. They hold what went over
//! the wire, secrets included; nothing leaves the program but through [`crate::redact`].

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

/// Header fields in the order in which they were sent or received. Names compare without regard to case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// No headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Whether there is a field of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Adds a field at the end, beside others of that name.
    pub fn append(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Sets a field: the first of that name is replaced in its place, further ones go.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        match self.0.iter().position(|(n, _)| n.eq_ignore_ascii_case(name)) {
            None => self.append(name, value),
            Some(first) => {
                self.0[first].1 = value.into();
                let mut index = 0;
                self.0.retain(|(n, _)| {
                    index += 1;
                    index - 1 <= first || !n.eq_ignore_ascii_case(name)
                });
            }
        }
    }

    /// Removes every field of that name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    /// All fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// All values, for rewriting in place.
    pub fn values_mut(&mut self) -> impl Iterator<Item = (&str, &mut String)> {
        self.0.iter_mut().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there is no field at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(fields: T) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// A request as it is to be sent: relative to the base URL of a target, without its credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, …; any token, so that unknown methods can be tried.
    pub method: String,
    /// Path and query below the base URL, percent-encoded, with the leading slash: `/Users?count=1`.
    pub target: String,
    /// Header fields that the sender sets.
    pub headers: Headers,
    /// The body; empty means none.
    pub body: Bytes,
    /// Whose credentials go with it.
    pub auth: Auth,
}

/// The credentials of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// Those that the target was configured with.
    #[default]
    Target,
    /// None at all.
    None,
    /// This bearer token instead.
    Bearer(String),
    /// This value of the `Authorization` field instead, which was made up to be refused: no secret, and shown as it is.
    MadeUp(String),
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: impl Into<String>, target: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            target: target.into(),
            headers: Headers::new(),
            body: Bytes::new(),
            auth: Auth::Target,
        }
    }

    /// The same request with a JSON body; `Content-Type` is set where no header says otherwise.
    #[must_use]
    pub fn with_json(mut self, body: &Value) -> Self {
        if !self.headers.contains("content-type") {
            self.headers.append("Content-Type", SCIM_JSON);
        }
        self.body = Bytes::from(body.to_string());
        self
    }
}

/// The media type of SCIM (RFC 7644 §3.1, §8.1).
pub const SCIM_JSON: &str = "application/scim+json";

/// A response as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header fields.
    pub headers: Headers,
    /// The body, whole.
    pub body: Bytes,
}

impl Response {
    /// The body as JSON.
    ///
    /// # Errors
    /// What the parser said; also for an empty body.
    pub fn json(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_slice(&self.body).or_else(|error| match without_lone_surrogates(&self.body) {
            Some(mended) => serde_json::from_slice(&mended),
            None => Err(error),
        })
    }
}

/// JSON with `\ufffd` for every escaped half of a surrogate pair. The grammar allows such halves (RFC 8259 §8.2), the parser
/// does not, and one of them somewhere must not make a whole list unreadable. Nothing where there is none.
fn without_lone_surrogates(json: &[u8]) -> Option<Vec<u8>> {
    let unit = |at: usize| -> Option<u16> {
        let escape = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(escape).ok()?, 16).ok()
    };
    let mut mended = Vec::with_capacity(json.len());
    let (mut at, mut found) = (0, false);
    while let Some(byte) = json.get(at) {
        if *byte != b'\\' {
            mended.push(*byte);
            at += 1;
            continue;
        }
        let length = match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                mended.extend_from_slice(b"\\ufffd");
                (at, found) = (at + 6, true);
                continue;
            }
            (Some(_), _) => 6,
            (None, _) => 2,
        };
        let end = (at + length).min(json.len());
        mended.extend_from_slice(&json[at..end]);
        at = end;
    }
    found.then_some(mended)
}

/// Why there is no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// No connection: refused, no route, name not found.
    Connect,
    /// The TLS handshake failed, or the certificate is not trusted.
    Tls,
    /// Nothing came in time.
    Timeout,
    /// The connection broke before the response was whole.
    Broken,
    /// What came is not HTTP.
    Protocol,
    /// The body is larger than the limit.
    TooLarge,
    /// The request could not be built or sent.
    Request,
}

/// A request that got no complete response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TransportFailure {
    /// What kind of failure.
    pub kind: FailureKind,
    /// One sentence for a person, without secrets.
    pub message: String,
}

/// One request and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// What was sent.
    pub request: Request,
    /// What came back.
    pub outcome: Result<Response, TransportFailure>,
    /// When it was sent.
    pub started: Timestamp,
    /// From sending to the last byte of the answer.
    pub duration: Duration,
    /// 1 for the first attempt; retries after 429 and 503 are exchanges of their own.
    pub attempt: u32,
}

impl Exchange {
    /// The response, where there is one.
    pub fn response(&self) -> Option<&Response> {
        self.outcome.as_ref().ok()
    }
}

/// The reason phrase that goes with a status code, empty where none is registered.
pub fn reason(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_names_compare_without_case_and_set_replaces_all() {
        let mut headers: Headers = [("A", "1"), ("b", "2"), ("a", "3")].into_iter().collect();
        assert_eq!(headers.get("B"), Some("2"));
        headers.set("a", "4");
        assert_eq!(headers.iter().collect::<Vec<_>>(), [("A", "4"), ("b", "2")]);
        headers.remove("A");
        assert!(!headers.contains("a"));
    }
}
