//! Who may do what (RFC 7644 §2, §3.12, §7).

use serde_json::{Value, json};

use super::discovery_documents::shown;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::trial::{Answer, Trial, component};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::exchange::{Auth, Request};
use crate::protocol::message::{PATCH_OP, member};

pub(super) const CHECKS: &[Check] = &[
    ANONYMOUS_READS,
    WRONG_TOKEN,
    WRITES,
    CREATION,
    FORBIDDEN,
    ERROR_BODY,
    ANNOUNCED,
    COOKIES,
    TRANSPORT,
    CURSOR,
];

/// A token that nobody was given.
pub(super) fn wrong_token(t: &Trial) -> Auth {
    Auth::MadeUp(format!("Bearer wrong-{}", t.ground().fresh_name()))
}

/// The same request with other credentials.
pub(super) fn with(auth: Auth, method: &str, target: &str, body: Option<&Value>) -> Request {
    let request = Request { auth, ..Request::new(method, target) };
    match body {
        Some(body) => request.with_json(body),
        None => request,
    }
}

/// Judges the refusal of a request that had no right to be answered: 401, and nothing else but with a concern.
fn expect_unauthorized(t: &Trial, answer: &Answer, who: &str, broken: &[&'static str]) {
    let flaw = answer.flaw(format!("{} {who} answers {}", answer.asked, answer.said())).expected("401");
    let flaw = flaw.got(answer.said());
    match answer.status {
        401 => {}
        // What is hidden is safe, but a client cannot tell what it did wrong; so it is with a page for logging in.
        300..=499 => t.note(flaw.breaks(&["RFC7644-3.12-11"]).concern()),
        500.. => t.note(flaw.breaks(&["RFC7644-3.12-11"])),
        _ => t.note(flaw.breaks(broken)),
    }
}

check! {
    /// People and groups cannot be read without credentials; the answer is 401.
    ///
    /// Why: names, addresses and memberships of a whole company are behind these endpoints. Some targets protect the collection and
    /// forget the single resource, or search.
    ///
    /// Fix: put authentication before the routes, so that none is forgotten, and answer 401 with `WWW-Authenticate`.
    ANONYMOUS_READS = nothing_is_read_without_credentials,
    id: "authentication.required",
    title: "resources cannot be read without credentials",
    level: Must,
    requirements: ["RFC7643-9.3-01", "RFC7644-3.12-11"],
    needs: [Credentials, Users],
    breaks: [],
}

async fn nothing_is_read_without_credentials(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let mut targets = vec![format!("{}?count=1", kind.endpoint())];
    if let Ok(groups) = t.groups() {
        targets.push(format!("{}?count=1", groups.endpoint()));
    }
    let created = t.create(&kind).await?;
    targets.push(created.path);
    for target in targets {
        let answer = t.send(with(Auth::None, "GET", &target, None)).await?;
        expect_unauthorized(t, &answer, "without credentials", &["RFC7643-9.3-01"]);
    }
    if t.lacks(Need::Search).await?.is_none() {
        let body = json!({ "schemas": [crate::protocol::message::SEARCH_REQUEST], "count": 1 });
        let target = format!("{}/.search", kind.endpoint());
        let answer = t.send(with(Auth::None, "POST", &target, Some(&body))).await?;
        expect_unauthorized(t, &answer, "without credentials", &["RFC7643-9.3-01"]);
    }
    Ok(())
}

check! {
    /// A token that the target never gave out is refused with 401, also when it differs from a good one in little.
    ///
    /// Why: targets have been seen that only look whether there is a token, that compare its beginning, or that compare without
    /// letter case. Okta's test suite sends a wrong token and wants 401.
    ///
    /// Fix: compare the whole token, letter by letter and in constant time, and answer 401 with
    /// `WWW-Authenticate: Bearer realm="…", error="invalid_token"`.
    WRONG_TOKEN = wrong_tokens_are_refused,
    id: "authentication.wrong-token",
    title: "a wrong token is refused with 401",
    level: Must,
    requirements: ["RFC7644-2-03", "RFC7644-3.12-11", "RFC6750-3.1-02"],
    needs: [Credentials, Users],
    breaks: [Okta],
}

async fn wrong_tokens_are_refused(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let target = format!("{}?count=1", kind.endpoint());
    let mut wrong = vec![("with a made-up token", wrong_token(t))];
    for (who, token) in altered(t) {
        // A target may repeat it, and most of it is the good one.
        t.ground().secrets().add(&token);
        wrong.push((who, Auth::Bearer(token)));
    }
    for (who, auth) in wrong {
        let answer = t.send(with(auth, "GET", &target, None)).await?;
        expect_unauthorized(t, &answer, who, &["RFC7644-2-03"]);
    }
    Ok(())
}

/// The own token, changed a little. Each differs from it in a way that a careless comparison overlooks.
fn altered(t: &Trial) -> Vec<(&'static str, String)> {
    use secrecy::ExposeSecret;
    let Some(token) = t.ground().target().bearer().map(|token| token.expose_secret().to_owned()) else {
        return Vec::new();
    };
    // A signed token (two dots) has parts that mean nothing for the signature at its very end.
    if token.len() < 8 || !token.is_ascii() || token.matches('.').count() == 2 {
        return Vec::new();
    }
    let swapped: String = token
        .chars()
        .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    let mut found = vec![
        ("with the beginning of a good token", token[..token.len() - 1].to_owned()),
        ("with a good token and something behind it", format!("{token}x")),
    ];
    if swapped != token {
        found.push(("with a good token in other letter case", swapped));
    }
    found
}

check! {
    /// PUT, PATCH and DELETE without credentials, or with a wrong token, are refused with 401 and change nothing.
    ///
    /// Why: an answer of 401 that comes after the change protects nobody. Targets with authentication in each route forget
    /// it for one method more often than for all.
    ///
    /// Fix: authenticate before the request is looked at, for every method.
    WRITES = nothing_is_changed_without_credentials,
    id: "authentication.writes",
    title: "nothing is changed or deleted without credentials",
    level: Must,
    requirements: ["RFC7643-9.3-01", "RFC7644-2-03", "RFC7644-3.12-11"],
    needs: [Credentials, Users],
    breaks: [],
}

async fn nothing_is_changed_without_credentials(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let slot = t.text(&kind).await?;
    let mut body = t.body(&kind).await?;
    let created = t.create_from(&kind, &body).await?;
    let before = t.read(&created).await?;
    let tag = t.ground().fresh_name();
    slot.set(&mut body, slot.sample(&tag));
    let operations = json!([{ "op": "replace", "path": slot.path(), "value": slot.sample(&tag) }]);
    let patch = json!({ "schemas": [PATCH_OP], "Operations": operations });
    let mut refused = true;
    for (method, body) in [("PATCH", Some(&patch)), ("PUT", Some(&body)), ("DELETE", None)] {
        for (who, auth, broken) in [
            ("without credentials", Auth::None, &["RFC7643-9.3-01"]),
            ("with a wrong token", wrong_token(t), &["RFC7644-2-03"]),
        ] {
            let answer = t.send(with(auth, method, &created.path, body)).await?;
            refused &= !answer.is_success();
            expect_unauthorized(t, &answer, who, broken);
        }
    }
    let answer = t.get(&created.path).await?;
    if refused && (answer.status != 200 || slot.get(answer.resource()?) != slot.get(&before)) {
        let what = "requests without the right credentials were refused, and changed the user all the same";
        let flaw = answer.flaw(what).expected("the user as it was").got(answer.said());
        return Err(flaw.breaks(&["RFC7643-9.3-01", "RFC7644-2-03"]).into());
    }
    Ok(())
}

check! {
    /// A POST with a wrong token creates nobody, and one without credentials creates nobody either, unless the target means to let
    /// people register themselves.
    ///
    /// Why: whoever can create accounts can log in to the application. Self-registration is allowed by RFC 7644 section 2.2, but
    /// hardly meant by a target that takes credentials.
    ///
    /// Fix: authenticate before anything is stored. Where anonymous registration is meant, create people inactive.
    CREATION = nobody_is_created_without_credentials,
    id: "authentication.creation",
    title: "nobody is created without credentials",
    level: Must,
    requirements: ["RFC7644-2-03", "RFC7644-2.2-01", "RFC7644-3.12-11", "RFC7644-7.6-01"],
    needs: [Credentials, Users],
    breaks: [],
}

async fn nobody_is_created_without_credentials(t: &Trial) -> Verdict {
    let kind = t.users()?;
    for (who, auth) in [("without credentials", Auth::None), ("with a wrong token", wrong_token(t))] {
        let is_anonymous = auth == Auth::None;
        let body = t.body(&kind).await?;
        let answer = t.send(with(auth, "POST", kind.endpoint(), Some(&body))).await?;
        if answer.is_success() {
            let flaw = answer.flaw(format!("a user was created {who}")).expected("401").got(answer.said());
            t.note(match is_anonymous {
                true => flaw.breaks(&["RFC7644-2.2-01", "RFC7644-7.6-01"]).concern(),
                false => flaw.breaks(&["RFC7644-2-03"]),
            });
            continue;
        }
        expect_unauthorized(t, &answer, who, &["RFC7644-2-03"]);
        let (Some(name), None) = (body["userName"].as_str(), t.lacks(Need::Filter).await?) else { continue };
        let filter = component(&format!("userName eq \"{name}\""));
        let found = t.get(&format!("{}?filter={filter}", kind.endpoint())).await?;
        let users = found.json.as_ref().and_then(|json| member(json.as_object()?, "Resources")?.as_array());
        let is_there = |user: &Value| {
            user.as_object()
                .and_then(|user| member(user, "userName")?.as_str())
                .is_some_and(|given| given == name)
        };
        if found.status == 200 && users.is_some_and(|users| users.iter().any(is_there)) {
            for user in users.into_iter().flatten().filter(|user| is_there(user)) {
                if let Some(id) = user["id"].as_str() {
                    t.adopt(&kind, id);
                }
            }
            let flaw = found.flaw(format!("a POST {who} was refused, and created the user all the same"));
            let flaw = flaw.expected("nobody of that userName").got("a user");
            t.note(flaw.breaks(&["RFC7644-2-03", "RFC7644-3.12-11"]));
        }
    }
    Ok(())
}

check! {
    /// A request that a good token may not make is refused with 403; 401 is for tokens that are not known.
    ///
    /// Why: on 401 a client stops altogether, or fetches new tokens without end, because it believes that its token is gone. 403 tells it
    /// that this one request is not allowed.
    ///
    /// Fix: answer 403, with `error="insufficient_scope"` in the challenge, when the token is known and its rights do not suffice.
    FORBIDDEN = good_tokens_are_not_called_unknown,
    id: "authentication.forbidden",
    title: "what a good token may not do is refused with 403",
    level: Should,
    requirements: ["RFC6750-3.1-03", "RFC7644-2-06", "RFC7644-3.12-12"],
    needs: [Credentials, Users],
    breaks: [Entra],
}

async fn good_tokens_are_not_called_unknown(t: &Trial) -> Verdict {
    use secrecy::ExposeSecret;
    let kind = t.users()?;
    let Some(token) = t.ground().target().bearer() else {
        return skip("the run does not authenticate with a bearer token of its own");
    };
    // Said outright, so that a 401 is an answer and not the end of the run.
    let own = || Auth::Bearer(token.expose_secret().to_owned());
    let read = t.send(with(own(), "GET", &format!("{}?count=1", kind.endpoint()), None)).await?;
    if read.status != 200 {
        return skip(format!("reading is answered {}", read.said()));
    }
    let write = t.send(with(own(), "POST", kind.endpoint(), Some(&t.minimal(&kind)))).await?;
    if write.status == 401 {
        let flaw = write.flaw("a token that is good for reading is called unknown when it writes");
        let flaw = flaw.expected("403, or 201").got(write.said());
        return Err(flaw.breaks(&["RFC7644-3.12-12", "RFC6750-3.1-03"]).into());
    }
    Ok(())
}

check! {
    /// A refusal for missing or wrong credentials is a SCIM error like any other: JSON, with the status as text.
    ///
    /// Why: clients read every answer with one parser. An HTML page or an empty body in this place turns «wrong token» into
    /// «the target is broken», and administrators look in the wrong corner.
    ///
    /// Fix: answer `{ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "401", "detail": "…" }`, also where
    /// a gateway or a filter refuses the request.
    ERROR_BODY = refusals_are_errors,
    id: "authentication.error-body",
    title: "a 401 has a SCIM error as its body",
    level: Must,
    requirements: ["RFC7644-3.12-01", "RFC7644-3.12-03"],
    needs: [Credentials, Users],
    breaks: [Okta, Ping],
}

async fn refusals_are_errors(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let target = format!("{}?count=1", kind.endpoint());
    let mut seen = 0;
    for auth in [Auth::None, wrong_token(t)] {
        let answer = t.send(with(auth, "GET", &target, None)).await?;
        if !matches!(answer.status, 401 | 403) {
            continue;
        }
        seen += 1;
        if !answer.is_scim_error() {
            let flaw = answer.flaw(format!("the {} has no SCIM error as its body", answer.status));
            let flaw = flaw.expected("a JSON object with the schema of errors").breaks(&["RFC7644-3.12-01"]);
            t.note(flaw.got(super::errors::body(&answer)));
        } else if answer.text("status") != Some(&answer.status.to_string()) {
            let given = answer.object()?.get("status");
            let flaw = answer.flaw("the error does not state its status").breaks(&["RFC7644-3.12-03"]);
            t.note(flaw.expected(format!("\"status\": \"{}\"", answer.status)).got(shown(given)));
        }
    }
    if seen == 0 { skip("no request without the right credentials is refused") } else { Ok(()) }
}

check! {
    /// The scheme with which the run authenticates is among those that the configuration announces.
    ///
    /// Why: people choose the credentials by the list. One that works and is not announced is not found; one that is announced
    /// and does not work is worse.
    ///
    /// Fix: list bearer tokens as `oauthbearertoken` (or `oauth2`), Basic authentication as `httpbasic`.
    ANNOUNCED = scheme_is_announced,
    id: "authentication.announced",
    title: "the scheme that works is announced",
    level: Should,
    requirements: ["RFC7644-2-01"],
    needs: [Credentials],
    breaks: [],
}

async fn scheme_is_announced(t: &Trial) -> Verdict {
    if t.ground().target().bearer().is_none() {
        return skip("the run does not authenticate with a bearer token of its own");
    }
    let answer = t.discovered("/ServiceProviderConfig").await?;
    let schemes =
        answer.json.as_ref().and_then(|json| member(json.as_object()?, "authenticationSchemes")?.as_array());
    let Some(schemes) = schemes.filter(|schemes| !schemes.is_empty()) else {
        return skip("the configuration announces no schemes (check `discovery.authentication-schemes`)");
    };
    let types: Vec<&str> =
        schemes.iter().filter_map(|scheme| member(scheme.as_object()?, "type")?.as_str()).collect();
    if !types.iter().any(|kind| matches!(*kind, "oauthbearertoken" | "oauth2" | "oauth")) {
        let flaw = answer.flaw("bearer tokens are accepted, and the configuration does not say so");
        return Err(flaw.expected("oauthbearertoken or oauth2").got(types.join(", ")).into());
    }
    Ok(())
}

check! {
    /// Where the target sets cookies, they go over secure connections only and end with the session.
    ///
    /// Why: a cookie that holds a session is as good as a token. One that lives for a year, or that is sent in the clear, will be
    /// found by somebody else.
    ///
    /// Fix: set no cookies at all for SCIM, or set them with `Secure` and without `Max-Age` and `Expires`.
    COOKIES = cookies_are_safe,
    id: "authentication.cookies",
    title: "cookies are secure and end with the session",
    level: Must,
    requirements: ["RFC6750-5.3-02", "RFC7644-7.4-04"],
    needs: [Users],
    breaks: [],
}

async fn cookies_are_safe(t: &Trial) -> Verdict {
    let answer = t.get(&format!("{}?count=1", t.users()?.endpoint())).await?;
    let token = t.ground().target().bearer().map(|token| {
        use secrecy::ExposeSecret;
        token.expose_secret().to_owned()
    });
    for (_, cookie) in answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
        let name = cookie.split('=').next().unwrap_or_default();
        let attributes: Vec<String> =
            cookie.split(';').skip(1).map(|a| a.trim().to_ascii_lowercase()).collect();
        let has = |wanted: &str| attributes.iter().any(|a| a.split('=').next() == Some(wanted));
        let holds_token = token.as_ref().is_some_and(|token| cookie.contains(token.as_str()));
        if holds_token && !has("secure") {
            let flaw =
                answer.flaw(format!("the cookie `{name}` holds the token and may be sent in the clear"));
            t.note(flaw.expected("`Secure`, or no cookie").got("no `Secure`").breaks(&["RFC6750-5.3-02"]));
        }
        let age = attributes.iter().find_map(|a| a.strip_prefix("max-age=")?.parse::<i64>().ok());
        let outlives = age.map_or_else(|| has("expires"), |age| age > 24 * 60 * 60);
        if outlives {
            let flaw = answer.flaw(format!("the cookie `{name}` outlives the session")).concern();
            t.note(
                flaw.expected("no Max-Age and no Expires")
                    .got(attributes.join("; "))
                    .breaks(&["RFC7644-7.4-04"]),
            );
        }
    }
    Ok(())
}

check! {
    /// The target is reached over TLS, and its token is long enough that nobody guesses it.
    ///
    /// Why: a bearer token is all that is needed to read and change everybody. Over plain HTTP every machine on the way can copy it.
    ///
    /// Fix: serve https only, and give out tokens of at least 128 random bits (22 characters in base64).
    TRANSPORT = transport_is_secure,
    id: "authentication.transport",
    title: "credentials travel over TLS and cannot be guessed",
    level: Must,
    requirements: ["RFC6750-5.3-01", "RFC7644-7.2-01", "RFC7644-7.4-01", "RFC7644-7.4-02"],
    needs: [Credentials],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn transport_is_secure(t: &Trial) -> Verdict {
    if t.is_local() {
        return skip("the target is on this machine, where nothing travels");
    }
    let answer = t.discovered("/ServiceProviderConfig").await?;
    if t.ground().target().base().to_ascii_lowercase().starts_with("http://") {
        // Somebody may have put TLS before it on the way that others take.
        let flaw =
            answer.flaw("the credentials of this run travel in the clear").expected("https").got("http");
        t.note(flaw.breaks(&["RFC6750-5.3-01", "RFC7644-7.2-01", "RFC7644-7.4-02"]).concern());
    }
    if let Some(token) = t.ground().target().bearer() {
        use secrecy::ExposeSecret;
        let length = token.expose_secret().len();
        if length < 22 {
            let flaw = answer
                .flaw("the token of this run is too short to be random")
                .expected("22 characters or more");
            t.note(flaw.got(format!("{length} characters")).breaks(&["RFC7644-7.4-01"]).concern());
        }
    }
    Ok(())
}

check! {
    /// A cursor is no credential: who follows it without the right token is refused.
    ///
    /// Why: cursors stand in URLs and in logs. One that opens the rest of the list to everybody leaks it long after the first
    /// request.
    ///
    /// Fix: authenticate and authorise every page like the first one.
    CURSOR = cursors_are_no_credentials,
    id: "authentication.cursor",
    title: "a cursor opens nothing without credentials",
    level: Must,
    requirements: ["RFC9865-5.2-02", "RFC9865-5.3-01"],
    needs: [Credentials, Cursor, Users],
    breaks: [],
}

async fn cursors_are_no_credentials(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let endpoint = cohort.kind.endpoint();
    let first = t.get(&format!("{endpoint}?cursor&count=2")).await?;
    let Some(cursor) = first.text("nextCursor").filter(|_| first.status == 200) else {
        return Err(Stop::Blocked("the first page has no nextCursor (checks of `cursor`)".to_owned()));
    };
    let target = format!("{endpoint}?cursor={}&count=2", component(cursor));
    for (who, auth) in [("without credentials", Auth::None), ("with a wrong token", wrong_token(t))] {
        let answer = t.send(with(auth, "GET", &target, None)).await?;
        let flaw = answer.flaw(format!("the next page {who} answers {}", answer.said()));
        let flaw = flaw.expected("401").got(answer.said());
        match answer.status {
            300..=499 => {}
            500.. => t.note(flaw.breaks(&["RFC9865-5.3-01"])),
            _ => t.note(flaw.breaks(&["RFC9865-5.2-02"])),
        }
    }
    Ok(())
}
