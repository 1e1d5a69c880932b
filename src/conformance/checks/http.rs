//! Endpoints, methods, locations and protocol versions (RFC 7644 §1.3, §3.2, §3.13; RFC 9110).

use serde_json::{Value, json};

use super::errors::body as body_of;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::trial::{Answer, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::exchange::Request;
use crate::protocol::message::{declares, member};
use crate::protocol::schema::SERVICE_PROVIDER_CONFIG;

pub(super) const CHECKS: &[Check] = &[
    UNKNOWN_ENDPOINT,
    METHODS,
    WRONG_METHODS,
    ALLOW,
    HEAD,
    LOCATION,
    CONTENT_LOCATION,
    URIS,
    VERSION,
    UNVERSIONED,
];

check! {
    /// An endpoint that does not exist is answered with 404 and a SCIM error.
    ///
    /// Why: clients try endpoints to see what there is. A welcome page with 200, or HTML, is read as a broken resource.
    ///
    /// Fix: answer 404 with the error message for everything below the base URL that is no endpoint; mind the error page of the
    /// framework.
    UNKNOWN_ENDPOINT = unknown_endpoints_are_not_found,
    id: "http.unknown-endpoint",
    title: "an unknown endpoint is answered with 404 and a SCIM error",
    level: Must,
    requirements: ["RFC7644-3.2-11", "RFC7644-3.12-13"],
    needs: [],
    breaks: [],
}

async fn unknown_endpoints_are_not_found(t: &Trial) -> Verdict {
    let answer = t.get(&format!("/{}", t.ground().fresh_name())).await?;
    let flaw = answer.flaw(format!("an endpoint that does not exist is answered {}", answer.said()));
    let flaw = flaw.expected("404").got(answer.said());
    match answer.status {
        404 => {}
        400..=499 | 501 => t.note(flaw.breaks(&["RFC7644-3.12-13"]).concern()),
        _ => return Err(flaw.into()),
    }
    if !answer.is_scim_error() {
        let flaw = answer.flaw("the refusal of an unknown endpoint is no SCIM error");
        let flaw = flaw.expected("a JSON object with the schema of errors").got(body_of(&answer));
        t.note(flaw.breaks(&["RFC7644-3.2-11"]));
    }
    Ok(())
}

check! {
    /// Resources are created with POST, read with GET, replaced with PUT, changed with PATCH (where it is supported) and deleted
    /// with DELETE; no method is missing.
    ///
    /// Why: identity providers differ in what they use: Okta replaces with PUT, Entra changes with PATCH, most delete. A target without one of
    /// them works with some and not with others.
    ///
    /// Fix: implement the methods; where deleting is not wanted, deactivate behind DELETE and hide the person from then on.
    METHODS = every_method_is_there,
    id: "http.methods",
    title: "users can be created, read, replaced, changed and deleted",
    level: Must,
    requirements: ["RFC7644-3.2-06"],
    needs: [Users],
    breaks: [Okta, Entra, OneLogin, JumpCloud],
}

async fn every_method_is_there(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let body = t.body(&kind).await?;
    let created = t.create_from(&kind, &body).await?;
    let mut answers =
        vec![t.get(kind.endpoint()).await?, t.get(&created.path).await?, t.put(&created.path, &body).await?];
    if t.lacks(Need::Patch).await?.is_none() {
        let operations = json!([{ "op": "replace", "path": "userName", "value": body["userName"] }]);
        answers.push(t.patch(&created.path, operations).await?);
    }
    answers.push(t.delete(&created.path).await?);
    for answer in answers {
        if matches!(answer.status, 405 | 501) {
            let flaw = answer.flaw(format!("{} is not there", answer.asked));
            t.note(flaw.expected("an answer of the method").got(answer.said()));
        }
    }
    Ok(())
}

/// Requests whose method has no meaning where they are sent. They go to what the run owns.
async fn wrong_methods(t: &Trial) -> Result<Vec<(Answer, bool)>, Stop> {
    let kind = t.users()?;
    let body = t.body(&kind).await?;
    let created = t.create_from(&kind, &body).await?;
    let nobody = t.made_up("/ServiceProviderConfig");
    let mut answers = vec![
        (t.post(&created.path, &body).await?, false),
        (t.post("/ServiceProviderConfig", &t.discovery().config.clone().unwrap_or(json!({}))).await?, false),
        (t.delete(&nobody).await?, false),
    ];
    answers.push((t.send(Request::new("SCIMULATE", created.path.as_str())).await?, true));
    let after = t.get(&created.path).await?;
    if after.status != 200 {
        let flaw = after.flaw("a user is gone after requests that have no meaning").expected("200");
        return Err(flaw.got(after.said()).violation().into());
    }
    Ok(answers)
}

check! {
    /// A method that has no meaning at a place is refused with 405, and one that nobody knows with 501 or 405; neither does anything.
    ///
    /// Why: a POST to a single user is a mistake of a client. An answer of 200 hides it, and a server error blames the wrong side.
    ///
    /// Fix: answer 405 with `Allow` for methods that the place does not take, 501 for methods that you do not know.
    WRONG_METHODS = wrong_methods_are_refused,
    id: "http.wrong-methods",
    title: "methods without a meaning are refused with 405 or 501",
    level: Should,
    requirements: ["RFC9110-9.1-02"],
    needs: [Users],
    breaks: [],
}

async fn wrong_methods_are_refused(t: &Trial) -> Verdict {
    for (answer, is_unknown) in wrong_methods(t).await? {
        let flaw = answer.flaw(format!("{} answers {}", answer.asked, answer.said()));
        let flaw = flaw.expected(if is_unknown { "501 or 405" } else { "405 or 501" }).got(answer.said());
        match answer.status {
            // Routers that go by method and path together know no such route; proxies refuse unknown methods with 400.
            405 | 501 | 404 => {}
            400 | 403 if is_unknown => {}
            _ => t.note(flaw),
        }
    }
    Ok(())
}

check! {
    /// An answer with status 405 says in `Allow` which methods there are.
    ///
    /// Why: it is the only way for a client to learn what it should have sent.
    ///
    /// Fix: `Allow: GET, PUT, PATCH, DELETE` at single resources, `Allow: GET` at the discovery endpoints.
    ALLOW = allowed_methods_are_told,
    id: "http.allow",
    title: "a 405 says which methods are allowed",
    level: Must,
    requirements: ["RFC9110-15.5.6-01"],
    needs: [Users],
    breaks: [],
}

async fn allowed_methods_are_told(t: &Trial) -> Verdict {
    let mut seen = 0;
    for (answer, _) in wrong_methods(t).await? {
        if answer.status != 405 {
            continue;
        }
        seen += 1;
        let method = answer.asked.split(' ').next().unwrap_or_default().to_owned();
        match answer.headers.get("allow") {
            None => {
                let flaw = answer.flaw(format!("{} answers 405 without `Allow`", answer.asked));
                t.note(flaw.expected("Allow with the methods of this place").got("no Allow"));
            }
            Some(allow) if allow.split(',').any(|allowed| allowed.trim() == method) => {
                let flaw = answer.flaw(format!("{} answers 405, and `Allow` names {method}", answer.asked));
                t.note(flaw.expected("the other methods").got(allow).concern());
            }
            Some(_) => {}
        }
    }
    if seen == 0 { skip("no wrong method is answered with 405") } else { Ok(()) }
}

check! {
    /// HEAD is answered like GET, without a body.
    ///
    /// Why: proxies and monitors ask with HEAD whether a resource is there. HTTP demands it of every general-purpose server, though SCIM never
    /// mentions it.
    ///
    /// Fix: let the framework derive HEAD from GET.
    HEAD = head_is_like_get,
    id: "http.head",
    title: "HEAD is answered like GET",
    level: Should,
    requirements: ["RFC9110-9.1-01", "RFC9110-9.3.2-01"],
    needs: [Users],
    breaks: [],
}

async fn head_is_like_get(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let created = t.create(&kind).await?;
    let get = t.get(&created.path).await?;
    let head = t.send(Request::new("HEAD", created.path.as_str())).await?;
    if head.status != get.status {
        let flaw = head.flaw(format!("HEAD is answered {}, and GET {}", head.said(), get.status));
        t.note(flaw.expected(get.status.to_string()).got(head.said()).breaks(&["RFC9110-9.1-01"]));
    }
    if !head.body.is_empty() {
        let flaw = head.flaw("the answer to HEAD has a body").expected("no body").got(body_of(&head));
        t.note(flaw.violation().breaks(&["RFC9110-9.3.2-01"]));
    }
    Ok(())
}

/// The member `meta.location` of a resource.
fn location(json: Option<&Value>) -> Option<&str> {
    member(member(json?.as_object()?, "meta")?.as_object()?, "location")?.as_str()
}

/// Whether two URIs lead to the same place: alike, or one the relative form of the other.
fn same_place(a: &str, b: &str) -> bool {
    let path = |uri: &str| -> String {
        let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
        percent_encoding::percent_decode_str(rest.trim_end_matches('/')).decode_utf8_lossy().into_owned()
    };
    let (is_whole_a, is_whole_b) = (a.contains("://"), b.contains("://"));
    match is_whole_a == is_whole_b {
        true => {
            a.trim_end_matches('/') == b.trim_end_matches('/')
                || (path(a) == path(b) && origin(a) == origin(b))
        }
        false => {
            path(a) == path(b)
                || path(a).ends_with(&format!("/{}", path(b).trim_start_matches('/')))
                || path(b).ends_with(&format!("/{}", path(a).trim_start_matches('/')))
        }
    }
}

/// Scheme and authority in small letters.
fn origin(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    let authority = rest.split('/').next().unwrap_or(rest);
    Some(format!("{scheme}://{authority}").to_ascii_lowercase())
}

check! {
    /// The answer to a creation has a `Location` that is a whole URL, is the same as `meta.location`, and leads to the resource.
    ///
    /// Why: a client that keeps the address instead of the id uses it for everything that follows. Targets behind a proxy often build
    /// it from a name that nobody outside can reach.
    ///
    /// Fix: build `Location` and `meta.location` from one function that knows the public base URL (`X-Forwarded-Host` and
    /// `X-Forwarded-Proto` where a proxy is in front).
    LOCATION = locations_lead_to_resources,
    id: "http.location",
    title: "Location of a new resource equals meta.location and leads there",
    level: Must,
    requirements: ["RFC7644-3.3-08", "RFC7644-3.3-09", "RFC9110-10.2.2-01"],
    needs: [],
    breaks: [],
}

async fn locations_lead_to_resources(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first() else { return skip("the target has no resource types") };
    let posted = t.post(kind.endpoint(), &t.body(kind).await?).await?;
    let created = t.created_by(kind, &posted)?;
    let Some(header) = posted.headers.get("location").filter(|header| !header.is_empty()) else {
        let flaw =
            posted.flaw("the answer to a creation has no `Location`").expected("the URL of the resource");
        return Err(flaw.got("no Location").breaks(&["RFC7644-3.3-08"]).into());
    };
    if let Some(member) = location(posted.json.as_ref())
        && !same_place(header, member)
    {
        let flaw = posted.flaw("`Location` is another than `meta.location`").expected(member).got(header);
        t.note(flaw.breaks(&["RFC7644-3.3-09"]));
    }
    let base = t.ground().target().base().to_owned();
    if !header.contains("://") {
        let flaw = posted.flaw("`Location` is no whole URL").expected(format!("{base}{}", created.path));
        t.note(flaw.got(header).breaks(&["RFC9110-10.2.2-01"]).concern());
    } else if origin(header) != origin(&base) {
        let flaw = posted.flaw("`Location` leads to another server than the one that was asked");
        let flaw = flaw.expected(format!("{base}{}", created.path)).got(header);
        t.note(flaw.breaks(&["RFC9110-10.2.2-01"]).concern());
        return Ok(());
    }
    let target = match (header.strip_prefix(base.as_str()), header.contains("://")) {
        (Some(target), _) if target.starts_with('/') => target.to_owned(),
        (_, true) => header.to_owned(),
        // A relative reference is resolved against the URL of the request: below the server, or beside the endpoint.
        (_, false) => match (header.starts_with('/'), origin(&base)) {
            (true, Some(origin)) => format!("{origin}{header}"),
            _ => format!("/{header}"),
        },
    };
    let read = t.get(&target).await?;
    if read.status != 200 || read.text("id").is_some_and(|id| id != created.id) {
        let flaw = read
            .flaw("`Location` does not lead to the resource")
            .expected(format!("200 with the id {}", created.id));
        t.note(flaw.got(read.said()).breaks(&["RFC7644-3.3-08", "RFC9110-10.2.2-01"]));
    }
    Ok(())
}

check! {
    /// `Location` and `Content-Location`, where an answer has them, are the same as `meta.location`.
    ///
    /// Why: three addresses for one resource make three entries in a cache, and two of them are never refreshed.
    ///
    /// Fix: write the same URL into all of them, or leave the headers out; only the answer to a creation needs one.
    CONTENT_LOCATION = headers_agree_with_the_body,
    id: "http.content-location",
    title: "Content-Location and Location equal meta.location",
    level: Must,
    requirements: ["RFC7643-3.1-29"],
    needs: [],
    breaks: [],
}

async fn headers_agree_with_the_body(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first() else { return skip("the target has no resource types") };
    let body = t.body(kind).await?;
    let posted = t.post(kind.endpoint(), &body).await?;
    let created = t.created_by(kind, &posted)?;
    let mut seen = 0;
    for answer in [posted, t.get(&created.path).await?, t.put(&created.path, &body).await?] {
        let Some(member) = location(answer.json.as_ref()).filter(|_| answer.is_success()) else { continue };
        for name in ["content-location", "location"] {
            let Some(given) = answer.headers.get(name) else { continue };
            seen += 1;
            if !same_place(given, member) {
                let flaw = answer.flaw(format!("the header {name} is another than `meta.location`"));
                let flaw = flaw.expected(member).got(given);
                t.note(if name == "location" { flaw.concern() } else { flaw });
            }
        }
    }
    if seen == 0 { skip("no answer has Content-Location or Location and `meta.location`") } else { Ok(()) }
}

/// Every `location` of `meta` and every `$ref` in a value.
fn uris<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                match value.as_str() {
                    Some(uri) if name == "$ref" || name == "location" => found.push(uri),
                    _ => uris(value, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| uris(value, found)),
        _ => {}
    }
}

check! {
    /// The URLs that the target makes have no query and no user name in them, and keep the path of the base URL.
    ///
    /// Why: a client appends `/…` and `?…` to them. With a query in the middle the result is an address of something else; and a password
    /// in a URL is a password in every log.
    ///
    /// Fix: build URLs from the public base URL, the endpoint and the id, and from nothing that the request brought along.
    URIS = own_uris_are_clean,
    id: "http.uris",
    title: "URLs of resources have no query and keep the base path",
    level: Must,
    requirements: ["RFC7644-1.3-01", "RFC7644-1.3-02", "RFC7644-3.13-02", "RFC7644-7.1-01"],
    needs: [],
    breaks: [],
}

async fn own_uris_are_clean(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first() else { return skip("the target has no resource types") };
    let created = t.create(kind).await?;
    let mut answers = vec![t.get(&format!("{}?unknown=1", created.path)).await?];
    for path in ["/ResourceTypes", "/Schemas"] {
        answers.push(t.discovered(path).await?);
    }
    let base = t.ground().target().base().to_owned();
    let base_path =
        base.split_once("://").map_or("", |(_, rest)| rest.find('/').map_or("", |at| &rest[at..])).to_owned();
    let mut seen = 0;
    for answer in answers.iter().filter(|answer| answer.status == 200) {
        let mut found = Vec::new();
        if let Some(json) = &answer.json {
            uris(json, &mut found);
        }
        // One of each kind of mistake is enough for a document.
        let (mut query, mut user, mut prefix) = (None, None, None);
        for uri in found {
            seen += 1;
            let Some((_, rest)) = uri.split_once("://") else { continue };
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            if uri.contains('?') {
                query.get_or_insert(uri);
            }
            if authority.contains('@') {
                user.get_or_insert(uri);
            }
            if origin(uri) == origin(&base) && !path.starts_with(base_path.as_str()) {
                prefix.get_or_insert(uri);
            }
        }
        let flaw = |what: &str, uri: &str| {
            answer.flaw(what).expected(format!("a URL below {base}")).got(uri.to_owned())
        };
        if let Some(uri) = query {
            t.note(flaw("the URL of a resource has a query", uri).breaks(&["RFC7644-1.3-01"]));
        }
        if let Some(uri) = user {
            t.note(flaw("the URL of a resource has a user name in it", uri).breaks(&["RFC7644-7.1-01"]));
        }
        if let Some(uri) = prefix {
            let flaw = flaw("the URL of a resource does not keep the path of the base URL", uri);
            t.note(flaw.breaks(&["RFC7644-1.3-02", "RFC7644-3.13-02"]).concern());
        }
    }
    if seen == 0 { skip("no document has URLs of resources") } else { Ok(()) }
}

/// The base URL without its version segment, where it has one: `https://x/scim/v2` without `/v2`.
fn unversioned(base: &str) -> Option<&str> {
    let (rest, last) = base.rsplit_once('/')?;
    let is_version =
        last.strip_prefix(['v', 'V']).is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit()));
    (is_version && rest.contains("://") && !rest.ends_with('/')).then_some(rest)
}

check! {
    /// A protocol version that the target does not speak is refused, with 400 `invalidVers` or with 404; it is not served as if it were
    /// another.
    ///
    /// Why: a client that asks for a version and gets another misreads everything that changed between them.
    ///
    /// Fix: route only the versions that exist.
    VERSION = other_versions_are_refused,
    id: "http.version",
    title: "an unknown protocol version is refused",
    level: Must,
    requirements: ["RFC7644-3.13-03", "RFC7644-3.12-27"],
    needs: [],
    breaks: [],
}

async fn other_versions_are_refused(t: &Trial) -> Verdict {
    let base = t.ground().target().base().to_owned();
    // Beside the version in the base URL, or else below it.
    let root = unversioned(&base).unwrap_or(&base);
    let answer = t.get(&format!("{root}/v99/ServiceProviderConfig")).await?;
    let is_served = answer.status == 200
        && answer
            .json
            .as_ref()
            .and_then(Value::as_object)
            .is_some_and(|object| declares(object, SERVICE_PROVIDER_CONFIG));
    let flaw = answer.flaw(format!("version 99 of the protocol is answered {}", answer.said()));
    let flaw = flaw.expected("400 invalidVers, or 404").got(answer.said());
    if is_served {
        return Err(flaw.breaks(&["RFC7644-3.13-03"]).into());
    }
    if answer.status >= 500 && answer.status != 501 {
        return Err(flaw.breaks(&["RFC7644-3.12-27"]).concern().into());
    }
    if let Some(keyword) =
        answer.text("scimType").filter(|keyword| answer.status == 400 && *keyword != "invalidVers")
    {
        let flaw = answer.flaw("an unknown version is refused with another keyword").expected("invalidVers");
        return Err(flaw.got(keyword).breaks(&["RFC7644-3.12-27"]).concern().into());
    }
    Ok(())
}

check! {
    /// Without a version in the URL, where that works, the newest version of the protocol is spoken.
    ///
    /// Why: clients that leave the version out expect SCIM 2.0. A target that falls back to 1.1 answers with other attribute names and
    /// another error format.
    ///
    /// Fix: let the URL without a version lead to SCIM 2.0, or answer 404.
    UNVERSIONED = no_version_means_the_newest,
    id: "http.no-version",
    title: "without a version the newest one is spoken",
    level: Should,
    requirements: ["RFC7644-3.13-04"],
    needs: [],
    breaks: [],
}

async fn no_version_means_the_newest(t: &Trial) -> Verdict {
    let base = t.ground().target().base().to_owned();
    let Some(root) = unversioned(&base) else { return skip("the base URL has no version") };
    let answer = t.get(&format!("{root}/ServiceProviderConfig")).await?;
    let Some(object) = answer.json.as_ref().and_then(Value::as_object).filter(|_| answer.status == 200)
    else {
        return skip("the base URL without its version leads nowhere");
    };
    let schemas = member(object, "schemas").map(Value::to_string).unwrap_or_default();
    if schemas.contains("urn:scim:schemas:core:1") {
        let flaw = answer.flaw("without a version in the URL an old version is spoken");
        return Err(flaw.expected(SERVICE_PROVIDER_CONFIG).got(schemas).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_the_same_however_they_are_written() {
        for (a, b, same) in [
            ("https://x/scim/v2/Users/1", "https://x/scim/v2/Users/1", true),
            ("https://x/scim/v2/Users/1/", "https://X/scim/v2/Users/1", true),
            ("https://x/scim/v2/Users/a%40b", "https://x/scim/v2/Users/a@b", true),
            ("/scim/v2/Users/1", "https://x/scim/v2/Users/1", true),
            ("Users/1", "https://x/scim/v2/Users/1", true),
            ("https://x/scim/v2/Users/1", "https://y/scim/v2/Users/1", false),
            ("https://x/scim/v2/Users/1", "https://x/scim/v2/Users/2", false),
            ("/Users/2", "https://x/scim/v2/Users/1", false),
        ] {
            assert_eq!(same_place(a, b), same, "{a} {b}");
        }
    }

    #[test]
    fn a_version_is_the_last_segment_of_the_base_url() {
        assert_eq!(unversioned("https://x/scim/v2"), Some("https://x/scim"));
        assert_eq!(unversioned("https://x/v2"), Some("https://x"));
        for none in ["https://x", "https://x/scim", "https://v2", "https://x/vault"] {
            assert_eq!(unversioned(none), None, "{none}");
        }
    }
}
