//! `WWW-Authenticate` and `Authorization` (RFC 6750, RFC 9110 §11).

use secrecy::ExposeSecret;

use super::authentication::{with, wrong_token};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Answer, Trial, component};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::exchange::{Auth, Request};

pub(super) const CHECKS: &[Check] = &[CHALLENGE, BEARER, ERROR_CODE, SCHEME, MALFORMED, IN_QUERY];

/// A challenge of a `WWW-Authenticate` header.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Challenge {
    scheme: String,
    /// What stands behind the scheme, in order; names in small letters, values without their quotation marks.
    parameters: Vec<(String, String)>,
    /// A token68 in place of parameters.
    token: Option<String>,
}

/// The challenges of a header value (RFC 9110 §11.6.1): a list of schemes, each with a list of parameters, both separated by
/// commas. What cannot be read is left out.
fn challenges(header: &str) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    for part in split(header) {
        let part = part.trim();
        let Some((name, rest)) = word(part) else { continue };
        if let Some(value) = rest.trim_start().strip_prefix('=')
            && !value.is_empty()
        {
            add(&mut found, name, value.trim());
            continue;
        }
        found.push(Challenge { scheme: name.to_owned(), parameters: Vec::new(), token: None });
        let rest = rest.trim();
        match word(rest).map(|(name, rest)| (name, rest.trim_start().strip_prefix('='))) {
            Some((name, Some(value))) if !value.trim_start_matches('=').is_empty() => {
                add(&mut found, name, value.trim())
            }
            _ if !rest.is_empty() => {
                if let Some(last) = found.last_mut() {
                    last.token = Some(rest.to_owned());
                }
            }
            _ => {}
        }
    }
    found
}

fn add(found: &mut [Challenge], name: &str, value: &str) {
    if let Some(last) = found.last_mut() {
        let inner = value.strip_prefix('"').map(|value| value.strip_suffix('"').unwrap_or(value));
        let value = inner
            .map_or_else(|| value.to_owned(), |quoted| quoted.replace("\\\"", "\"").replace("\\\\", "\\"));
        last.parameters.push((name.to_ascii_lowercase(), value));
    }
}

/// A token of HTTP at the beginning, and the rest.
fn word(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)))
        .unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// Splits at commas outside of quotation marks.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// The challenges of an answer, from all fields of that name.
fn of(answer: &Answer) -> Vec<Challenge> {
    let fields = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"));
    fields.flat_map(|(_, value)| challenges(value)).collect()
}

/// `WWW-Authenticate` for a message.
fn header(answer: &Answer) -> String {
    answer.headers.get("www-authenticate").map_or_else(|| "no WWW-Authenticate".to_owned(), str::to_owned)
}

/// The refusals of a request without credentials and of one with a wrong token, where they are 401.
async fn refusals(t: &Trial) -> Result<Vec<(bool, Answer)>, Stop> {
    let target = format!("{}?count=1", t.users()?.endpoint());
    let mut found = Vec::new();
    for (has_token, auth) in [(false, Auth::None), (true, wrong_token(t))] {
        let answer = t.send(with(auth, "GET", &target, None)).await?;
        if answer.status == 401 {
            found.push((has_token, answer));
        }
    }
    match found.is_empty() {
        true => skip("no request is answered with 401 (check `authentication.required`)"),
        false => Ok(found),
    }
}

check! {
    /// An answer with status 401 says in `WWW-Authenticate` with which scheme to come back.
    ///
    /// Why: HTTP clients look for the header and send credentials by themselves only when it is there. Without it the refusal is a dead end
    /// for browsers, gateways and libraries.
    ///
    /// Fix: add `WWW-Authenticate: Bearer realm="scim"` (or the scheme that you take) to every 401.
    CHALLENGE = refusals_have_a_challenge,
    id: "authentication.challenge",
    title: "every 401 has a WWW-Authenticate header",
    level: Must,
    requirements: ["RFC6750-3-01", "RFC7644-2-05", "RFC9110-11.6.1-01"],
    needs: [Credentials, Users],
    breaks: [Ping],
}

async fn refusals_have_a_challenge(t: &Trial) -> Verdict {
    // RFC 6750 binds those that take bearer tokens.
    let rules: &[&'static str] = match takes_bearer_tokens(t) {
        Ok(()) => &["RFC6750-3-01", "RFC7644-2-05", "RFC9110-11.6.1-01"],
        Err(_) => &["RFC7644-2-05", "RFC9110-11.6.1-01"],
    };
    for (has_token, answer) in refusals(t).await? {
        if of(&answer).is_empty() {
            let who = if has_token { "with a wrong token" } else { "without credentials" };
            let flaw = answer.flaw(format!("the refusal of a request {who} names no scheme"));
            t.note(flaw.expected("WWW-Authenticate with a scheme").got(header(&answer)).breaks(rules));
        }
    }
    Ok(())
}

/// Whether bearer tokens are what the target takes, so that RFC 6750 binds it.
fn takes_bearer_tokens(t: &Trial) -> Verdict {
    match t.ground().target().bearer() {
        Some(_) => Ok(()),
        None => skip("the run does not authenticate with a bearer token of its own"),
    }
}

check! {
    /// A target that takes bearer tokens challenges with the scheme Bearer, followed by at least one parameter; no parameter is
    /// there twice, and error texts hold no quotation marks or control characters.
    ///
    /// Why: clients parse the challenge. `Bearer` without anything behind it, or a quotation mark in the middle of a text, breaks parsers
    /// that follow the grammar.
    ///
    /// Fix: `WWW-Authenticate: Bearer realm="scim"`, and with a wrong token `, error="invalid_token",
    /// error_description="the token is unknown"`.
    BEARER = bearer_challenges_are_well_formed,
    id: "authentication.bearer-challenge",
    title: "the challenge is Bearer with well-formed parameters",
    level: Must,
    requirements: ["RFC6750-3-02", "RFC6750-3-03", "RFC6750-3-04", "RFC6750-3-06"],
    needs: [Credentials, Users],
    breaks: [],
}

async fn bearer_challenges_are_well_formed(t: &Trial) -> Verdict {
    takes_bearer_tokens(t)?;
    let mut seen = 0;
    for (_, answer) in refusals(t).await? {
        let all = of(&answer);
        if all.is_empty() {
            // That is what the check of the header itself is about.
            continue;
        }
        seen += 1;
        let flaw = |what: &str| answer.flaw(what).got(header(&answer));
        let Some(bearer) = all.iter().find(|challenge| challenge.scheme.eq_ignore_ascii_case("bearer"))
        else {
            t.note(
                flaw("bearer tokens are taken, and the challenge names another scheme")
                    .expected("Bearer")
                    .breaks(&["RFC6750-3-02"]),
            );
            continue;
        };
        if bearer.parameters.is_empty() {
            let flaw = flaw("the scheme Bearer has no parameter").expected("Bearer realm=\"…\"");
            t.note(flaw.breaks(&["RFC6750-3-03"]));
        }
        for name in ["realm", "scope", "error", "error_description", "error_uri"] {
            if bearer.parameters.iter().filter(|(given, _)| given == name).count() > 1 {
                let flaw =
                    flaw("a parameter of the challenge is there twice").expected(format!("`{name}` once"));
                t.note(flaw.breaks(&["RFC6750-3-04"]));
            }
        }
        let plain = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        for (name, value) in &bearer.parameters {
            if matches!(name.as_str(), "error" | "error_description") && !value.bytes().all(plain) {
                let flaw = flaw("a text of the challenge has characters that it must not have");
                let flaw =
                    flaw.expected(format!("`{name}` in ASCII without quotation marks and backslashes"));
                t.note(flaw.breaks(&["RFC6750-3-06"]));
            }
        }
    }
    if seen == 0 { skip("no 401 has a challenge (check `authentication.challenge`)") } else { Ok(()) }
}

check! {
    /// The challenge says `error="invalid_token"` when a token was sent and is wrong, and has no error when nothing was sent.
    ///
    /// Why: the code tells a client whether to fetch a new token or to ask for credentials. When it is always there, or never, tokens are
    /// not renewed, or are renewed for ever.
    ///
    /// Fix: add the error only to answers to requests that had a token.
    ERROR_CODE = challenges_tell_what_is_wrong,
    id: "authentication.error-code",
    title: "the challenge says invalid_token for a wrong token, and nothing for none",
    level: Should,
    requirements: ["RFC6750-3-05", "RFC6750-3.1-02", "RFC6750-3.1-04"],
    needs: [Credentials, Users],
    breaks: [],
}

async fn challenges_tell_what_is_wrong(t: &Trial) -> Verdict {
    takes_bearer_tokens(t)?;
    let mut seen = 0;
    for (has_token, answer) in refusals(t).await? {
        let all = of(&answer);
        let Some(bearer) = all.iter().find(|challenge| challenge.scheme.eq_ignore_ascii_case("bearer"))
        else {
            continue;
        };
        seen += 1;
        let error =
            bearer.parameters.iter().find(|(name, _)| name == "error").map(|(_, value)| value.as_str());
        match (has_token, error) {
            (true, Some("invalid_token")) | (false, None) => {}
            (true, other) => t.note(
                answer
                    .flaw("the challenge does not say that the token is wrong")
                    .expected("error=\"invalid_token\"")
                    .got(header(&answer))
                    .breaks(if other.is_none() { &["RFC6750-3-05"] } else { &["RFC6750-3.1-02"] }),
            ),
            (false, Some(_)) => t.note(
                answer
                    .flaw("the challenge tells an error although no credentials were sent")
                    .expected("no `error`")
                    .got(header(&answer))
                    .breaks(&["RFC6750-3.1-04"]),
            ),
        }
    }
    if seen == 0 { skip("no 401 has a Bearer challenge") } else { Ok(()) }
}

check! {
    /// The name of the authentication scheme is compared without letter case: `bearer`, `Bearer` and `BEARER` are the same.
    ///
    /// Why: HTTP says so, and libraries write it in small letters. A target that insists on one spelling refuses good tokens.
    ///
    /// Fix: compare the word before the first space without letter case, and the token behind it exactly.
    SCHEME = schemes_have_no_letter_case,
    id: "authentication.scheme-case",
    title: "the scheme Bearer is taken in any letter case",
    level: Must,
    requirements: ["RFC6750-2.1-02", "RFC6750-2.1-03", "RFC9110-11.1-01"],
    needs: [Credentials, Users],
    breaks: [],
}

async fn schemes_have_no_letter_case(t: &Trial) -> Verdict {
    takes_bearer_tokens(t)?;
    let Some(token) = t.ground().target().bearer() else { return skip("there is no token") };
    let target = t.readable().await?;
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let mut request = Request { auth: Auth::None, ..Request::new("GET", target.as_str()) };
        request.headers.append("Authorization", format!("{scheme} {}", token.expose_secret()));
        let answer = t.send(request).await?;
        if matches!(answer.status, 401 | 403) || answer.status >= 500 {
            let flaw = answer.flaw(format!("a good token behind `{scheme}` is refused"));
            let rules: &[&'static str] = match scheme {
                "Bearer" => &["RFC6750-2.1-02"],
                _ => &["RFC6750-2.1-03", "RFC9110-11.1-01"],
            };
            t.note(flaw.expected("200").got(answer.said()).breaks(rules));
        }
    }
    Ok(())
}

check! {
    /// A malformed `Authorization` header is refused with 401 (or 400), and breaks nothing.
    ///
    /// Why: the header is the first thing that a stranger can send. Code that splits it and takes the second part fails where there is none.
    ///
    /// Fix: parse the header with care; answer 401 with a challenge for everything that is no scheme, one space and one token.
    MALFORMED = malformed_credentials_are_refused,
    id: "authentication.malformed",
    title: "malformed credentials are refused",
    level: Must,
    requirements: ["RFC6750-2.1-04", "RFC6750-3.1-01", "RFC7644-3.12-11"],
    needs: [Credentials, Users],
    breaks: [],
}

async fn malformed_credentials_are_refused(t: &Trial) -> Verdict {
    let target = format!("{}?count=1", t.users()?.endpoint());
    for authorization in ["Bearer", "Bearer a b", "Bearer \u{e9}\u{20ac}", "Basic ***", "Nonsense", ", ,="] {
        let made_up = Auth::MadeUp(authorization.to_owned());
        let answer = t.send(with(made_up, "GET", &target, None)).await?;
        let flaw = answer.flaw(format!("`Authorization: {authorization}` is answered {}", answer.said()));
        let flaw = flaw.expected("401").got(answer.said());
        match answer.status {
            400 | 401 => {}
            300..=499 => t.note(flaw.breaks(&["RFC7644-3.12-11"]).concern()),
            500.. => t.note(flaw.breaks(&["RFC6750-2.1-04", "RFC6750-3.1-01"])),
            _ => t.note(flaw.breaks(&["RFC6750-2.1-04"])),
        }
    }
    Ok(())
}

check! {
    /// A token in the query of a URL opens nothing; where it does, the answer may at least not be kept by caches.
    ///
    /// Why: URLs end in access logs, in histories and in monitoring, and the token with them. Whoever reads the logs can use it.
    ///
    /// Fix: take tokens from the `Authorization` header only. (The check is made on targets on this machine only, so that it does not
    /// itself write a good token into somebody's log.)
    IN_QUERY = tokens_in_urls_open_nothing,
    id: "authentication.token-in-url",
    title: "a token in the URL opens nothing",
    level: Should,
    requirements: ["RFC6750-2.3-01", "RFC6750-2.3-02"],
    needs: [Credentials, Users],
    breaks: [],
}

async fn tokens_in_urls_open_nothing(t: &Trial) -> Verdict {
    takes_bearer_tokens(t)?;
    if !t.is_local() {
        return skip("the token would stand in the logs of a target that is not on this machine");
    }
    let Some(token) = t.ground().target().bearer() else { return skip("there is no token") };
    let endpoint = t.users()?.endpoint().to_owned();
    let open = t.send(with(Auth::None, "GET", &format!("{endpoint}?count=1"), None)).await?;
    if open.is_success() {
        return skip("the target wants no credentials (check `authentication.required`)");
    }
    let target = format!("{endpoint}?count=1&access_token={}", component(token.expose_secret()));
    let answer = t.send(with(Auth::None, "GET", &target, None)).await?;
    if answer.is_success() {
        let flaw = answer.flaw("a token in the URL is accepted").expected("401").got(answer.said());
        t.note(flaw.breaks(&["RFC6750-2.3-01"]));
        let control = answer.headers.get("cache-control").unwrap_or_default();
        if !["private", "no-store"].iter().any(|word| control.to_ascii_lowercase().contains(word)) {
            let flaw = answer.flaw("the answer to a token in the URL may be kept by caches");
            let got = answer.headers.get("cache-control").unwrap_or("no Cache-Control");
            t.note(flaw.expected("Cache-Control: private").got(got).breaks(&["RFC6750-2.3-02"]));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_taken_apart() {
        let all = challenges(
            "Basic realm=\"a, b\", Bearer realm=\"x\", error = \"e\\\"f\" , Negotiate, Custom YWJj==",
        );
        let schemes: Vec<&str> = all.iter().map(|challenge| challenge.scheme.as_str()).collect();
        assert_eq!(schemes, ["Basic", "Bearer", "Negotiate", "Custom"]);
        assert_eq!(all[0].parameters, [("realm".to_owned(), "a, b".to_owned())]);
        assert_eq!(all[1].parameters[1], ("error".to_owned(), "e\"f".to_owned()));
        assert!(all[2].parameters.is_empty() && all[2].token.is_none());
        assert_eq!(all[3].token.as_deref(), Some("YWJj=="));
        assert_eq!(challenges("Bearer")[0].parameters.len(), 0);
        assert_eq!(challenges("Bearer realm=scim").first().unwrap().parameters.len(), 1);
        assert!(challenges("").is_empty() && challenges(" , ").is_empty());
    }
}
