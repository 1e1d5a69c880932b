//! What identity providers send: headers, media types and URLs.

use serde_json::{Value, json};

use super::interop::{
    expect, expect_only, is_found, mapped_text, patch_body, plus, seen, text_of, unless_lost, with_type,
};
use super::query::breaking;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::trial::{Answer, Trial, component};
use crate::conformance::verdict::Verdict;
use crate::exchange::Request;

pub(super) const CHECKS: &[Check] = &[
    CHARSET,
    PLAIN_JSON,
    ANY_ACCEPT,
    OKTA_HEADERS,
    NO_USER_AGENT,
    UNKNOWN_HEADER,
    EMPTY_QUERY,
    TRAILING_SLASH,
    ENTRA_FLAG,
    PLUS,
    PERCENT,
];

/// What Okta's client calls itself.
const OKTA: &str = "Okta SCIM Client 1.0.0";

check! {
    /// A body of `application/scim+json; charset=utf-8` is read like one without the parameter, letters beyond ASCII included.
    ///
    /// Why: Microsoft Entra ID and Okta put the charset on every request with a body. A server that compares the whole header
    /// answers 415, or its framework skips the parser and every request looks empty: nobody can be provisioned.
    ///
    /// Fix: compare the media type without its parameters, and register the JSON parser for `application/scim+json`.
    CHARSET = charset,
    id: "interop.charset-parameter",
    title: "bodies of application/scim+json; charset=utf-8 are read",
    level: Interop,
    requirements: ["Q-H01", "RFC7644-3.8-09"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn charset(t: &Trial) -> Verdict {
    written_as(t, "application/scim+json; charset=utf-8").await
}

check! {
    /// A body of `application/json` is taken in POST, PUT and PATCH.
    ///
    /// Why: OneLogin sends it unless the administrator adds a header, and Okta's test suite creates users with it. A server that
    /// insists on `application/scim+json` answers 415 to both.
    ///
    /// Fix: accept `application/json` as well as `application/scim+json`; RFC 7644 §3.8 expects older clients to send it.
    PLAIN_JSON = plain_json,
    id: "interop.plain-json",
    title: "bodies of application/json are read",
    level: Interop,
    requirements: ["Q-H02", "RFC7644-3.8-10"],
    needs: [Users],
    breaks: [Okta, OneLogin],
}

async fn plain_json(t: &Trial) -> Verdict {
    written_as(t, "application/json").await
}

/// Creates and changes a user with bodies of that content type.
async fn written_as(t: &Trial, content_type: &str) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let mut body = t.body(&users).await?;
    let first = json!(format!("{} Zoë", t.ground().fresh_name()));
    slot.set(&mut body, first.clone());
    let answer = t.send(with_type("POST", users.endpoint(), content_type, &body)).await?;
    answer.expect_success()?;
    let created = t.created_by(&users, &answer)?;
    expect(&answer, &t.read(&created).await?, &slot, &first)?;

    let second = json!(format!("{} Łukasz", t.ground().fresh_name()));
    slot.set(&mut body, second.clone());
    let answer = t.send(with_type("PUT", &created.path, content_type, &body)).await?;
    if !matches!(answer.status, 405 | 501) {
        answer.expect_success()?;
        expect(&answer, &t.read(&created).await?, &slot, &second)?;
    }
    if t.lacks(Need::Patch).await?.is_some() {
        return Ok(());
    }
    let third = json!(format!("{} Ümit", t.ground().fresh_name()));
    let patch = patch_body(json!([{ "op": "replace", "path": slot.path(), "value": third }]));
    let answer = t.send(with_type("PATCH", &created.path, content_type, &patch)).await?;
    answer.expect_success()?;
    expect(&answer, &t.read(&created).await?, &slot, &third)
}

check! {
    /// A GET whose `Accept` does not name `application/scim+json` is answered with JSON all the same.
    ///
    /// Why: the requests of Microsoft Entra ID carry no `Accept` that a strict framework can negotiate. Some frameworks answer 406
    /// to that, and the connection test fails before anything else is tried.
    ///
    /// Fix: do not negotiate: SCIM has one format, so answer `application/scim+json` whatever `Accept` says.
    ANY_ACCEPT = any_accept,
    id: "interop.any-accept",
    title: "no Accept header leads to 406",
    level: Interop,
    requirements: ["Q-H03"],
    needs: [Users],
    breaks: [Entra],
}

async fn any_accept(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    for accept in ["*/*", "application/json, text/plain, */*"] {
        let mut request = Request::new("GET", &cohort.members[0].created.path);
        request.headers.append("Accept", accept);
        let answer = t.send(request).await?;
        t.soft(answer.expect_status(&[200]))?;
        t.soft(answer.resource())?;
    }
    Ok(())
}

check! {
    /// The headers of Okta's client are taken: `Accept: application/scim+json`, `Accept-Charset`, `Accept-Encoding: gzip,deflate`,
    /// its own `User-Agent`, and `Connection: keep-alive` is what the connection does anyway.
    ///
    /// Why: web application firewalls and strict frameworks have refused each of them. Okta shows the administrator no more
    /// than that the connection failed.
    ///
    /// Fix: ignore `Accept-Charset` (it is obsolete), compress or do not, and let no rule look at `User-Agent`.
    OKTA_HEADERS = okta_headers,
    id: "interop.okta-headers",
    title: "the headers that Okta sends are no obstacle",
    level: Interop,
    requirements: ["Q-H04"],
    needs: [Users],
    breaks: [Okta],
}

async fn okta_headers(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let mut request = Request::new("GET", &cohort.members[0].created.path);
    for (name, value) in [
        ("Accept", "application/scim+json"),
        ("Accept-Charset", "utf-8"),
        ("User-Agent", OKTA),
        ("Accept-Encoding", "gzip,deflate"),
    ] {
        request.headers.append(name, value);
    }
    let answer = t.send(request).await?;
    answer.expect_status(&[200])?;
    // What is compressed is not unpacked here; that it came is enough.
    if answer.headers.get("content-encoding").is_none() {
        expect_same_user(&answer, cohort.members[0].id())?;
    }
    let media = answer.headers.get("content-type").and_then(|value| value.split(';').next());
    let media = media.map(|media| media.trim().to_ascii_lowercase());
    if !matches!(media.as_deref(), Some("application/scim+json" | "application/json")) {
        return Err(answer
            .flaw("the answer to `Accept: application/scim+json` has another media type")
            .expected("Content-Type: application/scim+json")
            .got(answer.headers.get("content-type").unwrap_or("no Content-Type"))
            .into());
    }
    Ok(())
}

check! {
    /// A request without `User-Agent` is answered like any other.
    ///
    /// Why: OneLogin sends none unless the administrator sets one, and firewalls like to drop such requests, which looks to the
    /// administrator like a wrong URL.
    ///
    /// Fix: exempt the SCIM endpoint from rules about `User-Agent`; the token says who is there.
    NO_USER_AGENT = no_user_agent,
    id: "interop.no-user-agent",
    title: "a request without User-Agent is answered",
    level: Interop,
    requirements: ["Q-H05"],
    needs: [Users],
    breaks: [OneLogin],
}

async fn no_user_agent(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let mut request = Request::new("GET", &cohort.members[0].created.path);
    // An empty value means to the client that the header is left out.
    request.headers.append("User-Agent", "");
    let answer = t.send(request).await?;
    answer.expect_status(&[200])?;
    expect_same_user(&answer, cohort.members[0].id())
}

check! {
    /// Headers that nobody has heard of are ignored.
    ///
    /// Why: Microsoft Entra ID puts `ADSCIMVersion` with a build date and an activity id on its requests, and OneLogin whatever the
    /// administrator configures.
    ///
    /// Fix: take no notice of unknown header fields, as RFC 9110 §5.1 has it.
    UNKNOWN_HEADER = unknown_header,
    id: "interop.unknown-headers",
    title: "unknown header fields are ignored",
    level: Interop,
    requirements: ["Q-H06", "Q-H05"],
    needs: [Users],
    breaks: [Entra, OneLogin],
}

async fn unknown_header(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let mut request = Request::new("GET", &cohort.members[0].created.path);
    let activity = uuid::Uuid::new_v4();
    request.headers.append("ADSCIMVersion", format!("Date:2026-06-20, ActivityId:{activity}"));
    request.headers.append("X-Customer", "acme");
    let answer = t.send(request).await?;
    answer.expect_status(&[200])?;
    expect_same_user(&answer, cohort.members[0].id())
}

check! {
    /// A `?` or `&` with nothing behind it changes nothing: `PUT /Users/{id}?`, `…%22&`.
    ///
    /// Why: OneLogin ends its URLs so. Routers that compare the whole target answer 404 or 405, and query parsers have read a
    /// nameless parameter as an error.
    ///
    /// Fix: route by the path alone, and skip empty pieces of the query.
    EMPTY_QUERY = empty_query,
    id: "interop.empty-query",
    title: "a ? or & with nothing behind it changes nothing",
    level: Interop,
    requirements: ["Q-H07"],
    needs: [Users],
    breaks: [OneLogin],
}

async fn empty_query(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let mut body = t.body(&users).await?;
    let created = t.create_from(&users, &body).await?;
    let name = text_of(&body, "userName")?.to_owned();
    let query = format!("{}?filter={}&", users.endpoint(), component(&format!("userName eq \"{name}\"")));
    let verdict = expect_only(&t.get(&query).await?, &created.id);
    if verdict.is_ok() || is_found(t, &users, ("userName", &name), &created.id).await? {
        t.soft(verdict)?;
    }
    t.soft(t.get(&format!("{}?", created.path)).await?.expect_status(&[200]))?;

    let value = json!(t.ground().fresh_name());
    slot.set(&mut body, value.clone());
    let answer = t.put(&format!("{}?", created.path), &body).await?;
    if t.soft(answer.expect_success())?.is_some() {
        t.soft(expect(&answer, &t.read(&created).await?, &slot, &value))?;
    }
    let Ok(groups) = t.groups() else { return Ok(()) };
    if t.lacks(Need::Patch).await?.is_some() {
        return Ok(());
    }
    let group = t.create(&groups).await?;
    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": created.id }] }]);
    t.soft(t.patch(&format!("{}?", group.path), add).await?.expect_success())?;
    Ok(())
}

check! {
    /// A slash at the end of a path changes nothing: `/Users/?filter=…`.
    ///
    /// No identity provider is known to send it by itself: Microsoft's published collection of test requests does, and so do scripts.
    /// Therefore a violation stands in nobody's way, and the check runs when it is named.
    ///
    /// Why: a 404 without a SCIM body, or a redirect that loses the `Authorization` header, is hard to tell from a wrong base URL.
    ///
    /// Fix: route both forms to the same handler; do not redirect.
    TRAILING_SLASH = trailing_slash,
    id: "interop.trailing-slash",
    title: "a slash at the end of a path changes nothing",
    level: Interop,
    requirements: ["Q-H08"],
    needs: [Users],
    breaks: [],
}

async fn trailing_slash(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let (member, name) = (&cohort.members[0], text_of(&cohort.members[0].json, "userName")?);
    let filter = component(&format!("userName eq \"{name}\""));
    let answer = t.get(&format!("{}/?filter={filter}", cohort.kind.endpoint())).await?;
    t.soft(expect_only(&answer, member.id()))?;
    let answer = t.get(&format!("{}/", member.created.path)).await?;
    answer.expect_status(&[200])?;
    expect_same_user(&answer, member.id())
}

check! {
    /// The query parameter `aadOptscim062020` is ignored wherever it stands.
    ///
    /// Why: administrators of Microsoft Entra ID append `?aadOptscim062020` to the tenant URL to get requests closer to the RFC. A
    /// server that refuses unknown parameters, or takes this one for a filter, refuses exactly those who try to help.
    ///
    /// Fix: ignore query parameters that are not known (RFC 7644 defines none with that name).
    ENTRA_FLAG = entra_flag,
    id: "interop.entra-flag",
    title: "the parameter aadOptscim062020 is ignored",
    level: Interop,
    requirements: ["Q-H11"],
    needs: [Users],
    breaks: [Entra],
}

async fn entra_flag(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let (member, name) = (&cohort.members[0], text_of(&cohort.members[0].json, "userName")?);
    let filter = component(&format!("userName eq \"{name}\""));
    let endpoint = cohort.kind.endpoint();
    for query in [format!("aadOptscim062020&filter={filter}"), format!("filter={filter}&aadOptscim062020")] {
        let answer = t.get(&format!("{endpoint}?{query}")).await?;
        let verdict = expect_only(&answer, member.id());
        if verdict.is_ok() || is_found(t, &cohort.kind, ("userName", name), member.id()).await? {
            t.soft(verdict)?;
        }
    }
    let answer = t.get(&format!("{}?aadOptscim062020", member.created.path)).await?;
    answer.expect_status(&[200])?;
    expect_same_user(&answer, member.id())
}

check! {
    /// A `+` in a query is a space: `filter=userName+eq+%22ada%40example.com%22`.
    ///
    /// Why: Microsoft Entra ID and OneLogin encode queries as HTML forms do. A server that decodes percent signs only sees one
    /// word without spaces, refuses the filter or finds nobody, and the same person is created again or never.
    ///
    /// Fix: decode the query string as `application/x-www-form-urlencoded`: `+` is a space, `%2B` is a plus.
    PLUS = plus_is_space,
    id: "interop.plus-is-space",
    title: "a + in a filter is read as a space",
    level: Interop,
    requirements: ["Q-H09"],
    needs: [Users],
    breaks: [Entra, OneLogin],
}

async fn plus_is_space(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let (member, name) = (&cohort.members[0], text_of(&cohort.members[0].json, "userName")?);
    let filter = plus(&format!("userName eq \"{name}\""));
    let answer = t.get(&format!("{}?filter={filter}", cohort.kind.endpoint())).await?;
    unless_lost(t, &cohort.kind, &member.json, expect_only(&answer, member.id())).await
}

check! {
    /// Okta's lookup finds the user: spaces as `%20`, the at sign as `%40`, and a page of 100 behind it.
    ///
    /// Why: Okta looks for everybody by this request before it creates them. When the page parameters are refused together with
    /// a filter, or ignored together with it, Okta links the wrong account or fails on the conflict.
    ///
    /// Fix: decode the filter once, apply it, and cut the page from what it finds; `totalResults` is the number of matches.
    PERCENT = okta_lookup,
    id: "interop.okta-lookup",
    title: "a filter by userName goes with startIndex and count",
    level: Interop,
    requirements: ["Q-H10", "Q-L10", "Q-L17"],
    needs: [Users],
    breaks: [Okta],
}

async fn okta_lookup(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let (member, name) = (&cohort.members[0], text_of(&cohort.members[0].json, "userName")?);
    let filter = component(&format!("userName eq \"{name}\""));
    let endpoint = cohort.kind.endpoint();
    let answer = t.get(&format!("{endpoint}?filter={filter}&startIndex=1&count=100")).await?;
    let several = answer.list().is_ok_and(|list| list.resources.len() > 1);
    let rules: &[&'static str] = if several { &["Q-L10", "Q-L17"] } else { &["Q-H10", "Q-L10"] };
    breaking(expect_only(&answer, member.id()), rules)?;
    let shown = answer.list()?.resources.first().and_then(|user| user.get("userName"));
    match shown {
        Some(Value::String(_)) => Ok(()),
        _ => Err(answer
            .flaw("the user that is found is shown without its userName")
            .expected(format!("\"userName\": \"{name}\""))
            .got("no userName")
            .breaks(&["Q-L10"])
            .into()),
    }
}

/// Fails unless an answer shows the resource with this id.
fn expect_same_user(answer: &Answer, id: &str) -> Verdict {
    match answer.resource()?.get("id") {
        Some(Value::String(shown)) if shown == id => Ok(()),
        shown => Err(answer
            .flaw(format!("{} shows something else than the user", answer.asked))
            .expected(format!("\"id\": \"{id}\""))
            .got(seen(shown))
            .into()),
    }
}
