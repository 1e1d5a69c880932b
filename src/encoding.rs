//! Floor 1: how path and query are written on the wire.
//!
//! | encoding | path | query |
//! |---|---|---|
//! | `percent` | percent-encoded (RFC 3986) | percent-encoded, a space is `%20` |
//! | `form` | percent-encoded (RFC 3986) | as browsers and many HTTP libraries do it: a space is `+`, all but letters, digits and `*-._` encoded |
//! | `raw` | as written | as written |
//!
//! Scenario files and dialects both write request lines; what they have to escape is decided here.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// How a request line is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// `%20` for a space.
    #[default]
    Percent,
    /// `+` for a space in the query.
    Form,
    /// Nothing is changed.
    Raw,
}

impl Encoding {
    /// The words in scenario files.
    pub const WORDS: [(&'static str, Encoding); 3] =
        [("percent", Encoding::Percent), ("form", Encoding::Form), ("raw", Encoding::Raw)];
}

/// What is encoded of a value: all but the unreserved characters of RFC 3986 §2.3.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What is encoded of a literal path: all that cannot stand in a path (RFC 3986 §3.3).
const PATH: &AsciiSet = &VALUE
    .remove(b'/')
    .remove(b':')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');
/// What is encoded of a literal query: all that cannot stand in one (RFC 3986 §3.4), and `+`, which many servers
/// take for a space.
const QUERY: &AsciiSet = &PATH.remove(b'?').add(b'+');
/// What is encoded of a value in a form (WHATWG URL, application/x-www-form-urlencoded).
const FORM_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');
/// What is encoded of a literal query in a form.
const FORM_QUERY: &AsciiSet = &FORM_VALUE.remove(b'&').remove(b'=').remove(b'?');

impl Encoding {
    /// A value within a path or a query: `&`, `=` and `/` in it are encoded too. It is a value also where the text
    /// around it is raw.
    pub fn value(self, text: &str, in_query: bool) -> String {
        match (self, in_query) {
            (Self::Form, true) => form(text, FORM_VALUE),
            _ => utf8_percent_encode(text, VALUE).to_string(),
        }
    }

    /// Text whose `&`, `=`, `?` and `/` are structure.
    pub fn literal(self, text: &str, in_query: bool) -> String {
        match (self, in_query) {
            (Self::Raw, _) => text.to_owned(),
            (Self::Form, true) => form(text, FORM_QUERY),
            (_, true) => utf8_percent_encode(text, QUERY).to_string(),
            (_, false) => utf8_percent_encode(text, PATH).to_string(),
        }
    }
}

/// A character that cannot stand in a request line as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} cannot stand in a request line")]
pub struct Unsendable {
    /// The character.
    pub found: char,
}

impl Unsendable {
    /// Nothing where the line can be sent.
    ///
    /// # Errors
    /// It has white space, control characters, `#`, or characters outside of ASCII.
    pub fn check(line: &str) -> Result<(), Self> {
        match line.chars().find(|c| !c.is_ascii_graphic() || *c == '#') {
            None => Ok(()),
            Some(found) => Err(Self { found }),
        }
    }
}

fn form(text: &str, set: &'static AsciiSet) -> String {
    utf8_percent_encode(text, set).to_string().replace("%20", "+")
}
