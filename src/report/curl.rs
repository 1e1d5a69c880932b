//! A request as a `curl` line that sends it again.
//!
//! The credentials of the target stand in it as `$SCIM_TOKEN`; what was hidden in the exchange stays hidden.

use std::borrow::Cow;

use super::words::count;
use crate::exchange::{Auth, Request, SCIM_JSON};
use crate::redact::{PLACEHOLDER, Redacted};

/// Longer bodies are not written into the line.
const LARGEST_BODY: usize = 4 * 1024;

/// The line that sends the request of an exchange to the target with that base URL.
pub(super) fn line(base: &str, exchange: &Redacted<crate::exchange::Exchange>) -> String {
    let request = &exchange.get().request;
    let mut words: Vec<Cow<'_, str>> = vec!["curl -sS -i".into()];
    match request.method.as_str() {
        "GET" if request.body.is_empty() => {}
        "HEAD" => words.push("--head".into()),
        method => words.push(format!("-X {}", quoted(method)).into()),
    }
    let url = match request.target.starts_with('/') {
        true => format!("{}{}", base.trim_end_matches('/'), request.target),
        // A location of the target, as it was given.
        false => request.target.clone(),
    };
    if url.contains(['[', ']', '{', '}']) {
        words.push("--globoff".into());
    }
    if url.contains("/./") || url.contains("/../") || url.ends_with("/.") || url.ends_with("/..") {
        words.push("--path-as-is".into());
    }
    words.push(quoted(&url));
    headers(&mut words, request);
    body(&mut words, request);
    words.join(" ")
}

fn headers(words: &mut Vec<Cow<'_, str>>, request: &Request) {
    if !request.headers.contains("authorization") {
        match &request.auth {
            Auth::Target => words.push("-H \"Authorization: Bearer $SCIM_TOKEN\"".into()),
            Auth::None => {}
            Auth::MadeUp(value) => {
                words.push(format!("-H {}", quoted(&format!("Authorization: {value}"))).into())
            }
            Auth::Bearer(_) => {
                words.push(format!("-H 'Authorization: Bearer {PLACEHOLDER}'").into());
            }
        }
    }
    if !request.headers.contains("accept") {
        words.push(format!("-H 'Accept: {SCIM_JSON}'").into());
    }
    for (name, value) in request.headers.iter() {
        // `Name:` would make curl leave the field out.
        let field = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        words.push(format!("-H {}", quoted(&field)).into());
    }
    if !request.body.is_empty() && !request.headers.contains("content-type") {
        words.push("-H 'Content-Type:'".into());
    }
}

fn body(words: &mut Vec<Cow<'_, str>>, request: &Request) {
    if request.body.is_empty() {
        return;
    }
    let is_plain = |text: &&str| text.len() <= LARGEST_BODY && !text.contains(is_unprintable);
    match std::str::from_utf8(&request.body).ok().filter(is_plain) {
        Some(text) => words.push(format!("--data-raw {}", quoted(text)).into()),
        None => {
            let size = count(request.body.len(), "byte");
            words.push(format!("--data-binary @body.json  # the {size} of the request").into());
        }
    }
}

fn is_unprintable(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
}

/// A word as a POSIX shell reads it back.
pub(super) fn quoted(word: &str) -> Cow<'_, str> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    match !word.is_empty() && word.chars().all(is_safe) {
        true => word.into(),
        false => format!("'{}'", word.replace('\'', r"'\''")).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{Exchange, Response};
    use crate::redact::Secrets;
    use bytes::Bytes;
    use serde_json::json;
    use std::time::Duration;

    fn said(request: Request) -> String {
        let response = Response { status: 200, headers: Default::default(), body: Bytes::new() };
        let exchange = Exchange {
            request,
            outcome: Ok(response),
            started: jiff::Timestamp::UNIX_EPOCH,
            duration: Duration::ZERO,
            attempt: 1,
        };
        line("https://host.example.test/scim/v2/", &Secrets::new().exchange(&exchange))
    }

    #[test]
    fn a_request_becomes_a_line_for_a_shell() {
        let mut bare = Request::new("DELETE", "/Users/1");
        bare.auth = Auth::None;
        let mut wrong = Request::new("HEAD", "/Users/a/../[1]");
        wrong.auth = Auth::Bearer("not this".into());
        wrong.headers.append("If-Match", "W/\"1\"");
        wrong.headers.append("X-Empty", "");
        let mut made_up = Request::new("GET", "/Users");
        made_up.auth = Auth::MadeUp("Bearer a b".into());
        let mut raw = Request::new("POST", "/Users");
        raw.headers.append("Accept", "*/*");
        raw.body = Bytes::from_static(b"{'");
        let mut binary = Request::new("POST", "/Users");
        binary.body = Bytes::from_static(b"\xff");
        let lines = [
            said(Request::new("GET", "/Users?filter=userName%20eq%20%22ada%22")),
            said(Request::new("PATCH", "/Users/1").with_json(&json!({ "name": "O'Brien $(id) `id`" }))),
            said(bare),
            said(wrong),
            said(made_up),
            said(raw),
            said(binary),
        ];
        insta::assert_snapshot!(lines.join("\n"), @r#"
        curl -sS -i 'https://host.example.test/scim/v2/Users?filter=userName%20eq%20%22ada%22' -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json'
        curl -sS -i -X PATCH https://host.example.test/scim/v2/Users/1 -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json' -H 'Content-Type: application/scim+json' --data-raw '{"name":"O'\''Brien $(id) `id`"}'
        curl -sS -i -X DELETE https://host.example.test/scim/v2/Users/1 -H 'Accept: application/scim+json'
        curl -sS -i --head --globoff --path-as-is 'https://host.example.test/scim/v2/Users/a/../[1]' -H 'Authorization: Bearer <redacted>' -H 'Accept: application/scim+json' -H 'If-Match: W/"1"' -H 'X-Empty;'
        curl -sS -i https://host.example.test/scim/v2/Users -H 'Authorization: Bearer a b' -H 'Accept: application/scim+json'
        curl -sS -i -X POST https://host.example.test/scim/v2/Users -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: */*' -H 'Content-Type:' --data-raw '{'\'''
        curl -sS -i -X POST https://host.example.test/scim/v2/Users -H "Authorization: Bearer $SCIM_TOKEN" -H 'Accept: application/scim+json' -H 'Content-Type:' --data-binary @body.json  # the 1 byte of the request
        "#);
    }

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        let word = "it's \"$HOME\" `x` \\ \n !";
        let script = format!("printf %s {}", quoted(word));
        let output = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
    }
}
