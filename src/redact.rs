//! What may leave the program.
//!
//! [`Secrets`] knows the credentials of a run and makes [`Redacted`] values, in which they are replaced by
//! `<redacted>`. Whatever writes to the outside (terminal, reports, snapshots, recordings) takes redacted values only,
//! so that forgetting to hide a secret does not compile.
//!
//! Some things are hidden whether or not the secret is known: the values of credential headers, `password` and token
//! members of JSON bodies (also in PATCH operations), tokens in query strings, and the bearer token of a single request.

use std::borrow::Cow;
use std::ops::{Deref, Range};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use memchr::memmem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use regex::bytes::Regex;
use secrecy::{ExposeSecret, SecretString};

use crate::exchange::{Auth, Exchange, Headers};

mod json;

/// What stands where a secret was.
pub const PLACEHOLDER: &str = "<redacted>";

/// Secrets shorter than this are hidden in header values only: in running text they would hit ordinary words.
const SHORTEST_IN_TEXT: usize = 4;

/// Secrets that one exchange reveals by itself (a password in its body) are looked for in the rest of the exchange
/// from this length on; test data such as `secret` would otherwise blank out error texts.
const SHORTEST_LEARNED: usize = 8;

/// A value without secrets. Only [`Secrets`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// The value, for reading.
    pub fn get(&self) -> &T {
        &self.0
    }

    /// The value itself.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Redacted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// The secrets of a run, in every form in which they may show up.
///
/// Clones share their content: a token that is fetched later is hidden everywhere from then on.
#[derive(Clone, Default)]
pub struct Secrets(Arc<RwLock<Needles>>);

/// Text forms to look for.
#[derive(Clone, Default)]
struct Needles {
    /// Looked for everywhere.
    long: Vec<String>,
    /// Looked for in header values only.
    short: Vec<String>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// No secrets; credential headers and passwords are hidden all the same.
    pub fn new() -> Self {
        Self::default()
    }

    /// Hides this text from now on: raw, in base64, percent-encoded, form-encoded and JSON-escaped.
    ///
    /// Secrets of fewer than four characters are hidden in header values only. An empty one is ignored.
    pub fn add(&self, secret: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).add(secret);
    }

    /// The same for a secret that is kept as one.
    pub fn add_secret(&self, secret: &SecretString) {
        self.add(secret.expose_secret());
    }

    /// Hides a password and the `user:password` pair as HTTP Basic authentication sends it.
    pub fn add_basic(&self, user: &str, password: &str) {
        self.add(password);
        self.add(&format!("{user}:{password}"));
    }

    /// Text without secrets.
    pub fn text(&self, text: &str) -> Redacted<String> {
        Redacted(self.needles().text(text, false))
    }

    /// An exchange without secrets. Bodies in which nothing is hidden stay byte for byte as they were.
    pub fn exchange(&self, exchange: &Exchange) -> Redacted<Exchange> {
        let mut needles = self.needles();
        needles.learn(exchange);
        let mut exchange = exchange.clone();
        let request = &mut exchange.request;
        request.method = needles.text(&request.method, false);
        request.target = needles.target(&request.target);
        needles.headers(&mut request.headers);
        request.body = needles.body(&request.body);
        match &mut request.auth {
            Auth::Bearer(token) => *token = PLACEHOLDER.to_owned(),
            Auth::MadeUp(value) => *value = needles.text(value, true),
            Auth::Target | Auth::None => {}
        }
        match &mut exchange.outcome {
            Ok(response) => {
                needles.headers(&mut response.headers);
                response.body = needles.body(&response.body);
            }
            Err(failure) => failure.message = needles.text(&failure.message, false),
        }
        Redacted(exchange)
    }

    fn needles(&self) -> Needles {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The `Authorization` field of a request as people read it, where other credentials than those of the target go with it.
pub fn authorization(auth: &Auth) -> Option<String> {
    match auth {
        Auth::Target => None,
        Auth::None => Some("<none>".to_owned()),
        Auth::Bearer(_) => Some(format!("Bearer {PLACEHOLDER}")),
        Auth::MadeUp(value) => Some(value.clone()),
    }
}

/// Whether the value of a header of this name is a credential.
pub fn is_credential_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(
        name.as_str(),
        "authorization"
            | "proxy-authorization"
            | "cookie"
            | "set-cookie"
            | "api-key"
            | "apikey"
            | "x-api-key"
    ) || ["-token", "-secret", "-apikey"].iter().any(|end| name.ends_with(end))
}

/// Names of JSON members and form fields whose values are secret.
const SECRET_MEMBERS: [&str; 5] = ["password", "access_token", "refresh_token", "id_token", "client_secret"];

/// Whether an attribute name or path, with or without a schema URN before it, names a secret.
fn is_secret_member(name: &str) -> bool {
    let name = name.split('[').next().unwrap_or_default();
    let name = name.rsplit(':').next().unwrap_or_default();
    let name = name.split('.').next().unwrap_or_default().trim();
    SECRET_MEMBERS.iter().any(|secret| name.eq_ignore_ascii_case(secret))
}

/// `access_token=…` and its like in query strings and form bodies, wherever they stand.
static PARAMETER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?i-u)\b(?:access_token|refresh_token|id_token|client_secret|password)=([^&\s"'\\#<>]+)"#)
});

/// A secret member in text that looks like JSON and is none, because it is cut off or wrong on purpose.
static LOOSE_MEMBER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i-u)["'](?:[^"'\s]*:)?(?:password|access_token|refresh_token|id_token|client_secret)["']\s*:\s*(?:"((?s-u:[^"\\]|\\.)*)|'([^']*)|([0-9][^\s,}\]]*))"#,
    )
});

#[expect(clippy::unwrap_used, reason = "the patterns are constants; the tests use each of them")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap()
}

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Needles {
    fn add(&mut self, secret: &str) {
        if secret.is_empty() {
            return;
        }
        if secret.chars().count() < SHORTEST_IN_TEXT {
            self.short.push(secret.to_owned());
            return;
        }
        let percent = utf8_percent_encode(secret, RESERVED).to_string();
        let quoted = serde_json::Value::from(secret).to_string();
        let escaped = &quoted[1..quoted.len() - 1];
        let forms = [
            secret.to_owned(),
            STANDARD_NO_PAD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            percent.replace("%20", "+"),
            lower_hex(&percent),
            percent,
            escaped.replace('/', "\\/"),
            escaped.to_owned(),
        ];
        for form in forms {
            if !self.long.contains(&form) {
                self.long.push(form);
            }
        }
    }

    /// Adds what the exchange itself tells to be secret, because the other side may echo it.
    fn learn(&mut self, exchange: &Exchange) {
        let request = &exchange.request;
        let mut found = Vec::new();
        if let Auth::Bearer(token) = &request.auth {
            found.push(token.clone());
        }
        for (name, value) in request.headers.iter() {
            if is_credential_header(name) {
                found.push(
                    value.split_once(' ').map_or(value, |(_, credentials)| credentials).trim().to_owned(),
                );
            }
        }
        if let Some(root) = json::parse(&request.body) {
            json::secret_texts(&root, &mut found);
        }
        for secret in found.iter().filter(|secret| secret.chars().count() >= SHORTEST_LEARNED) {
            self.add(secret);
        }
    }

    /// Where secrets stand in some text.
    fn places(&self, text: &[u8], in_header: bool) -> Vec<Range<usize>> {
        let short = if in_header { self.short.as_slice() } else { &[] };
        let mut places: Vec<Range<usize>> = Vec::new();
        for needle in self.long.iter().chain(short) {
            places.extend(memmem::find_iter(text, needle).map(|at| at..at + needle.len()));
        }
        for found in PARAMETER.captures_iter(text).filter_map(|found| found.get(1)) {
            places.push(found.range());
        }
        places
    }

    fn text(&self, text: &str, in_header: bool) -> String {
        let hidden = replace(text.as_bytes(), self.places(text.as_bytes(), in_header), PLACEHOLDER);
        String::from_utf8_lossy(&hidden).into_owned()
    }

    fn contained_in(&self, text: &str) -> bool {
        self.long.iter().any(|needle| text.contains(needle))
    }

    /// Path and query: each component is looked at decoded too, so that no way of encoding hides a secret.
    fn target(&self, target: &str) -> String {
        let mut places = Vec::new();
        let mut start = 0;
        for (at, separator) in target.char_indices().chain([(target.len(), '/')]) {
            if matches!(separator, '/' | '?' | '&' | '=' | '#') {
                let component = &target[start..at];
                let decoded = percent_decode_str(component).decode_utf8_lossy();
                if self.contained_in(&decoded) || self.contained_in(&decoded.replace('+', " ")) {
                    places.push(start..at);
                }
                start = at + separator.len_utf8();
            }
        }
        let hidden = replace(target.as_bytes(), places, PLACEHOLDER);
        self.text(&String::from_utf8_lossy(&hidden), false)
    }

    fn headers(&self, headers: &mut Headers) {
        let fields: Headers = headers
            .iter()
            .map(|(name, value)| {
                let value =
                    if is_credential_header(name) { hide_credentials(value) } else { self.text(value, true) };
                (self.text(name, false), value)
            })
            .collect();
        *headers = fields;
    }

    fn body(&self, body: &Bytes) -> Bytes {
        let hidden = match json::parse(body) {
            Some(root) => {
                json::hide(body, &root, |text| self.contained_in(text).then(|| self.text(text, false)))
            }
            None => {
                let found = LOOSE_MEMBER.captures_iter(body);
                let places =
                    found.filter_map(|found| found.iter().skip(1).flatten().next().map(|m| m.range()));
                replace(body, places.collect(), PLACEHOLDER)
            }
        };
        let places = self.places(&hidden, false);
        match replace(&hidden, places, PLACEHOLDER) {
            Cow::Owned(changed) => Bytes::from(changed),
            Cow::Borrowed(_) => match hidden {
                Cow::Owned(changed) => Bytes::from(changed),
                Cow::Borrowed(_) => body.clone(),
            },
        }
    }
}

/// The value of a credential header; the well-known schemes stay readable.
fn hide_credentials(value: &str) -> String {
    match value.split_once(' ') {
        Some((scheme, _)) if ["bearer", "basic"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
            format!("{scheme} {PLACEHOLDER}")
        }
        _ => PLACEHOLDER.to_owned(),
    }
}

/// Replaces places, which may overlap and come in any order.
fn replace<'t>(text: &'t [u8], mut places: Vec<Range<usize>>, with: &str) -> Cow<'t, [u8]> {
    places.retain(|place| !place.is_empty());
    if places.is_empty() {
        return Cow::Borrowed(text);
    }
    places.sort_by_key(|place| place.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for place in places {
        match merged.last_mut() {
            Some(last) if place.start < last.end => last.end = last.end.max(place.end),
            _ => merged.push(place),
        }
    }
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    for place in merged {
        out.extend_from_slice(&text[from..place.start]);
        out.extend_from_slice(with.as_bytes());
        from = place.end;
    }
    out.extend_from_slice(&text[from..]);
    Cow::Owned(out)
}

/// Percent-encoding with lower-case hexadecimal digits.
fn lower_hex(percent: &str) -> String {
    let mut digits = 0;
    percent
        .chars()
        .map(|c| {
            if c == '%' {
                digits = 2;
                c
            } else if digits > 0 {
                digits -= 1;
                c.to_ascii_lowercase()
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
