//! An exchange as two HTTP messages, the way people read them.

use std::fmt::Write as _;

use serde_json::Value;

use super::words;
use crate::exchange::{Exchange, Headers, reason};
use crate::redact::Redacted;

/// The request and what came of it; JSON is laid out over several lines.
pub(super) fn render(exchange: &Redacted<Exchange>) -> String {
    let exchange = exchange.get();
    let mut text = format!("> {} {}\n", exchange.request.method, exchange.request.target);
    fields(&mut text, "> ", &exchange.request.headers);
    body(&mut text, &exchange.request.body);
    let again = match exchange.attempt {
        0 | 1 => String::new(),
        attempt => format!(", attempt {attempt}"),
    };
    let took = words::seconds(exchange.duration);
    match &exchange.outcome {
        Ok(response) => {
            let status = format!("{} {}", response.status, reason(response.status));
            let _ = writeln!(text, "< {} ({took}{again})", status.trim_end());
            fields(&mut text, "< ", &response.headers);
            body(&mut text, &response.body);
        }
        Err(failure) => {
            let _ = writeln!(text, "< nothing: {} ({took}{again})", failure.message);
        }
    }
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

fn fields(text: &mut String, mark: &str, headers: &Headers) {
    for (name, value) in headers.iter() {
        let _ = writeln!(text, "{mark}{name}: {value}");
    }
}

fn body(text: &mut String, body: &[u8]) {
    if body.is_empty() {
        return;
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
