//! An exchange as two HTTP messages, the way people read them.

use std::fmt::Write as _;

use serde_json::Value;

use super::words;
use crate::exchange::{Auth, Exchange, Headers, SCIM_JSON, reason};
use crate::redact::{Redacted, authorization};

/// The request and what came of it; JSON is laid out over several lines.
pub(super) fn render(exchange: &Redacted<Exchange>) -> String {
    sent(exchange, "> ") + &came(exchange, "< ")
}

/// The request as an HTTP message.
pub(super) fn request(exchange: &Redacted<Exchange>) -> String {
    sent(exchange, "")
}

/// What came of the request, as an HTTP message where there is one.
pub(super) fn answer(exchange: &Redacted<Exchange>) -> String {
    came(exchange, "")
}

fn sent(exchange: &Redacted<Exchange>, mark: &str) -> String {
    let request = &exchange.get().request;
    let mut text = format!("{mark}{} {}\n", request.method, request.target);
    credentials(&mut text, mark, &request.auth);
    fields(&mut text, mark, &request.headers);
    body(&mut text, mark, &request.body);
    clean(&text)
}

fn came(exchange: &Redacted<Exchange>, mark: &str) -> String {
    let exchange = exchange.get();
    let again = match exchange.attempt {
        0 | 1 => String::new(),
        attempt => format!(", attempt {attempt}"),
    };
    let took = words::seconds(exchange.duration);
    let mut text = String::new();
    match &exchange.outcome {
        Ok(response) => {
            let status = format!("{} {}", response.status, reason(response.status));
            let _ = writeln!(text, "{mark}{} ({took}{again})", status.trim_end());
            fields(&mut text, mark, &response.headers);
            body(&mut text, mark, &response.body);
        }
        Err(failure) => {
            let _ = writeln!(text, "{mark}nothing: {} ({took}{again})", failure.message);
        }
    }
    clean(&text)
}

/// How much of an exchange is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Lines of each body.
    pub lines: usize,
    /// Characters of a value in JSON, and of a line of anything else.
    pub characters: usize,
}

/// Header fields that decide something in SCIM; the rest is noise to who looks at one finding.
const TELLING: [&str; 9] = [
    "if-match",
    "if-none-match",
    "accept",
    "content-type",
    "etag",
    "location",
    "www-authenticate",
    "retry-after",
    "allow",
];

/// The exchange shortened to what matters: no other header fields than those that decide something, and no SCIM media
/// type, which is what everybody expects; long bodies and values are cut.
pub(super) fn short(exchange: &Redacted<Exchange>, limits: Limits) -> String {
    let mut text = led(exchange, limits);
    if let Ok(response) = &exchange.get().outcome {
        telling(&mut text, "< ", &response.headers);
        text.push_str(&cut_body(&response.body, limits));
    }
    clean(&text)
}

/// The same for an exchange that only led to another one: of the answer the status is enough.
pub(super) fn led(exchange: &Redacted<Exchange>, limits: Limits) -> String {
    let Exchange { request, outcome, .. } = exchange.get();
    let mut text = format!("> {} {}\n", request.method, request.target);
    credentials(&mut text, "> ", &request.auth);
    telling(&mut text, "> ", &request.headers);
    text.push_str(&cut_body(&request.body, limits));
    let answer = match outcome {
        Ok(response) => format!("{} {}", response.status, reason(response.status)),
        Err(failure) => format!("nothing: {}", failure.message),
    };
    let _ = writeln!(text, "< {}", answer.trim_end());
    clean(&text)
}

fn telling(text: &mut String, mark: &str, headers: &Headers) {
    let is_telling = |name: &str, value: &str| {
        TELLING.iter().any(|telling| name.eq_ignore_ascii_case(telling)) && !value.starts_with(SCIM_JSON)
    };
    for (name, value) in headers.iter().filter(|(name, value)| is_telling(name, value)) {
        let _ = writeln!(text, "{mark}{name}: {value}");
    }
}

fn cut_body(body: &[u8], limits: Limits) -> String {
    if body.is_empty() {
        return String::new();
    }
    let whole = match serde_json::from_slice::<Value>(body) {
        Ok(mut json) => {
            shorten(&mut json, limits.characters);
            format!("{json:#}")
        }
        Err(_) => {
            let text = String::from_utf8_lossy(body);
            let cut: Vec<String> = text.trim_end().lines().map(|line| cut(line, limits.characters)).collect();
            cut.join("\n")
        }
    };
    match words::first_lines(&whole, limits.lines) {
        (text, 0) => format!("{text}\n"),
        (text, rest) => format!("{text}\n… {}\n", words::count(rest, "more line")),
    }
}

/// Cuts the long texts in a JSON value.
fn shorten(json: &mut Value, characters: usize) {
    match json {
        Value::String(text) => *text = cut(text, characters),
        Value::Array(values) => values.iter_mut().for_each(|value| shorten(value, characters)),
        Value::Object(members) => members.values_mut().for_each(|value| shorten(value, characters)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text, or its beginning and its size.
fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

/// Text without the characters that could make a terminal or a reader see something else than is there: control
/// characters, and those that turn the direction of writing. Line breaks stay.
pub(super) fn clean(text: &str) -> String {
    text.chars().map(|c| if is_deceptive(c) { '\u{fffd}' } else { c }).collect()
}

fn is_deceptive(c: char) -> bool {
    (c.is_control() && c != '\n') || turns(c)
}

/// Whether a character turns the direction of writing.
pub(super) fn turns(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What goes with a request instead of the credentials of the target.
fn credentials(text: &mut String, mark: &str, auth: &Auth) {
    if let Some(value) = authorization(auth) {
        let _ = writeln!(text, "{mark}Authorization: {value}");
    }
}

fn fields(text: &mut String, mark: &str, headers: &Headers) {
    for (name, value) in headers.iter() {
        let _ = writeln!(text, "{mark}{name}: {value}");
    }
}

/// The body; without marks, an empty line parts it from the header.
fn body(text: &mut String, mark: &str, body: &[u8]) {
    if body.is_empty() {
        return;
    }
    if mark.is_empty() {
        text.push('\n');
    }
    let shown = match serde_json::from_slice::<Value>(body) {
        Ok(json) => format!("{json:#}"),
        Err(_) => String::from_utf8_lossy(body).trim_end().to_owned(),
    };
    let _ = writeln!(text, "{shown}");
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn an_exchange_reads_as_http_without_secrets() {
        let run = samples::run();
        let shown: Vec<String> =
            run.findings.iter().flat_map(|finding| finding.exchanges.iter().map(render)).collect();
        insta::assert_snapshot!(shown[0], @r#"
        > POST /Users
        > Content-Type: application/scim+json
        {
          "userName": "ada",
          "password": "<redacted>"
        }
        < 201 Created (3.4 ms)
        < Content-Type: application/scim+json
        < Set-Cookie: <redacted>
        < Vary: A
        < vary: B
        {
          "id": "1",
          "userName": "ada",
          "active": true
        }
        "#);
        insta::assert_snapshot!(shown[3], @r#"
        > POST /Users
        > Content-Type: application/scim+json
        {
          "userName": "ada",
          "password": "<redacted>"
        }
        < nothing: no connection to 127.0.0.1:9: refused (3.4 ms)
        "#);
    }
}
