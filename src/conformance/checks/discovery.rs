//! ServiceProviderConfig (RFC 7643 §5, RFC 7644 §4, RFC 9865 §4).

use futures_util::future::join_all;
use serde_json::{Map, Value};

use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Answer, Trial, component, shortened};
use crate::conformance::verdict::{Flaw, Stop, Verdict, skip};
use crate::exchange::{Auth, Request};
use crate::protocol::message::{declares, member};
use crate::protocol::schema::SERVICE_PROVIDER_CONFIG;

pub(super) const CHECKS: &[Check] =
    &[CONFIG, FEATURES, LIMITS, SCHEMES, LINKS, PAGINATION, PAGINATION_ANNOUNCED, PAGE_SIZES, PUBLIC];

/// A member for a message.
pub(super) fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| shortened(&value.to_string()))
}

/// Whether a member is there with a value; null stands for none (RFC 7643 §2.5).
pub(super) fn assigned<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    member(object, name).filter(|value| !value.is_null())
}

/// The configuration, for checks of its members.
async fn config(t: &Trial) -> Result<Answer, Stop> {
    let answer = t.discovered("/ServiceProviderConfig").await?;
    match (answer.status, &answer.json) {
        (200, Some(Value::Object(_))) => Ok(answer),
        _ => Err(Stop::Blocked(format!(
            "GET /ServiceProviderConfig answers {} and no JSON object (check `discovery.config`)",
            answer.status
        ))),
    }
}

check! {
    /// `GET /ServiceProviderConfig` is answered with one JSON object whose `schemas` names the configuration schema; it is
    /// not wrapped in a list, and its name is singular.
    ///
    /// Why: a client that asks before it acts learns here whether it may PATCH, filter or sort. Without the document
    /// it has to guess, and testers and connectors that ask first give up.
    ///
    /// Fix: serve the configuration at `/ServiceProviderConfig` below the base URL, as an object with
    /// `"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]`.
    CONFIG = is_one_object,
    id: "discovery.config",
    title: "/ServiceProviderConfig is one object with its schema",
    level: Must,
    requirements: ["RFC7643-5-01", "RFC7643-5-03", "RFC7644-4-01", "RFC7644-4-02"],
    needs: [],
    breaks: [],
}

async fn is_one_object(t: &Trial) -> Verdict {
    let answer = t.discovered("/ServiceProviderConfig").await?;
    answer.expect_status(&[200])?;
    let object = answer.object()?;
    if member(object, "Resources").is_some() {
        let flaw = answer.flaw("the configuration is wrapped in a list").breaks(&["RFC7644-4-01"]);
        return Err(flaw.expected("the configuration itself").got("a member `Resources`").into());
    }
    if !declares(object, SERVICE_PROVIDER_CONFIG) {
        return Err(answer
            .flaw("the configuration does not name its schema")
            .expected(format!("schemas [\"{SERVICE_PROVIDER_CONFIG}\"]"))
            .got(format!("schemas {}", shown(member(object, "schemas"))))
            .breaks(&["RFC7643-5-01", "RFC7644-4-01"])
            .into());
    }
    // The configuration needs no id; one that is there is text like any other.
    if let Some(id) = assigned(object, "id").filter(|id| !id.is_string()) {
        let flaw = answer.flaw("the `id` of the configuration is no text").breaks(&["RFC7643-5-03"]);
        return Err(flaw.expected("a string, or no `id`").got(id.to_string()).into());
    }
    Ok(())
}

/// The features that every configuration states, with the requirement that says so.
const FLAGS: [(&str, &str); 6] = [
    ("patch", "RFC7643-5-05"),
    ("bulk", "RFC7643-5-06"),
    ("filter", "RFC7643-5-09"),
    ("changePassword", "RFC7643-5-11"),
    ("sort", "RFC7643-5-12"),
    ("etag", "RFC7643-5-13"),
];

check! {
    /// The configuration says of each of `patch`, `bulk`, `filter`, `changePassword`, `sort` and `etag` whether it is
    /// supported, each in an object with a member `supported` that is true or false.
    ///
    /// Why: clients decide by these flags. One that is missing, or the text "true" instead of the value, is read as «no» by
    /// some clients and as «yes» by others, so that the same target works here and not there.
    ///
    /// Fix: state all six, also those that are not supported: `"sort": { "supported": false }`.
    FEATURES = features_are_stated,
    id: "discovery.features",
    title: "every optional feature is stated as supported or not",
    level: Must,
    requirements: [
        "RFC7643-5-05", "RFC7643-5-06", "RFC7643-5-09", "RFC7643-5-11", "RFC7643-5-12", "RFC7643-5-13",
    ],
    needs: [],
    breaks: [],
}

async fn features_are_stated(t: &Trial) -> Verdict {
    let answer = config(t).await?;
    let object = answer.object()?;
    for (feature, requirement) in FLAGS {
        let flag =
            member(object, feature).and_then(Value::as_object).and_then(|object| member(object, "supported"));
        if flag.is_some_and(Value::is_boolean) {
            continue;
        }
        let what = format!("the configuration does not say whether `{feature}` is supported");
        t.note(
            answer
                .flaw(what)
                .expected(format!("\"{feature}\": {{ \"supported\": true or false }}"))
                .got(shown(member(object, feature)))
                .breaks(&[requirement]),
        );
    }
    Ok(())
}

/// The limits that every configuration states, with the requirement that says so.
const LIMIT_MEMBERS: [(&str, &str, &str); 3] = [
    ("bulk", "maxOperations", "RFC7643-5-07"),
    ("bulk", "maxPayloadSize", "RFC7643-5-08"),
    ("filter", "maxResults", "RFC7643-5-10"),
];

check! {
    /// The configuration states the limits of bulk requests and of filters as whole numbers, even where the feature is
    /// switched off.
    ///
    /// Why: a client sizes its requests and pages by them. Without a number it sends too much and is refused, or
    /// it stops reading because a page is shorter than it expects.
    ///
    /// Fix: state `bulk.maxOperations`, `bulk.maxPayloadSize` (in bytes) and `filter.maxResults` as JSON numbers; 0 is a
    /// good value for what is not supported, and for nothing else.
    LIMITS = limits_are_stated,
    id: "discovery.limits",
    title: "the limits of bulk requests and filters are whole numbers",
    level: Must,
    requirements: ["RFC7643-5-07", "RFC7643-5-08", "RFC7643-5-10"],
    needs: [],
    breaks: [],
}

async fn limits_are_stated(t: &Trial) -> Verdict {
    let answer = config(t).await?;
    let object = answer.object()?;
    for (feature, name, requirement) in LIMIT_MEMBERS {
        let Some(holder) = member(object, feature).and_then(Value::as_object) else {
            if requirement == "RFC7643-5-08" {
                continue;
            }
            t.note(
                answer
                    .flaw(format!("the configuration states no `{feature}.{name}`"))
                    .expected("a whole number")
                    .got(shown(member(object, feature)))
                    .breaks(&[requirement]),
            );
            continue;
        };
        let limit = member(holder, name);
        let is_on = member(holder, "supported") == Some(&Value::Bool(true));
        match limit.and_then(Value::as_u64) {
            Some(0) if is_on => t.note(
                answer
                    .flaw(format!("`{feature}` is supported, and `{feature}.{name}` is 0"))
                    .expected("the real limit")
                    .got("0, which a client reads as «nothing at all»")
                    .breaks(&[requirement])
                    .concern(),
            ),
            Some(_) => {}
            None => t.note(
                answer
                    .flaw(format!("`{feature}.{name}` is no whole number"))
                    .expected("a whole number, 0 or more")
                    .got(shown(limit))
                    .breaks(&[requirement]),
            ),
        }
    }
    Ok(())
}

/// The kinds of authentication that RFC 7643 defines.
const SCHEME_TYPES: [&str; 5] = ["oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest"];

check! {
    /// `authenticationSchemes` is an array; each scheme has a `type`, a `name` and a `description`.
    ///
    /// Why: this is where somebody who connects an identity provider looks up which credentials the target takes. A
    /// list that is missing or half filled sends them to support.
    ///
    /// Fix: list every scheme that is accepted, for bearer tokens
    /// `{ "type": "oauthbearertoken", "name": "OAuth Bearer Token", "description": "…" }`.
    SCHEMES = schemes_are_described,
    id: "discovery.authentication-schemes",
    title: "every authentication scheme has type, name and description",
    level: Must,
    requirements: ["RFC7643-5-14", "RFC7643-5-16", "RFC7643-5-17", "RFC7643-5-18"],
    needs: [],
    breaks: [],
}

async fn schemes_are_described(t: &Trial) -> Verdict {
    let answer = config(t).await?;
    let given = member(answer.object()?, "authenticationSchemes");
    let Some(schemes) = given.and_then(Value::as_array) else {
        return Err(answer
            .flaw("`authenticationSchemes` is no array")
            .expected("an array of objects")
            .got(shown(given))
            .breaks(&["RFC7643-5-14"])
            .into());
    };
    if schemes.is_empty() && t.ground().has_credentials() {
        t.note(
            answer
                .flaw("`authenticationSchemes` is empty, although the target takes credentials")
                .expected("the schemes that it takes")
                .got("[]")
                .breaks(&["RFC7643-5-14"])
                .concern(),
        );
    }
    for scheme in schemes {
        let Some(scheme) = scheme.as_object() else {
            t.note(
                answer
                    .flaw("an authentication scheme is no object")
                    .expected("an object")
                    .got(shown(Some(scheme)))
                    .breaks(&["RFC7643-5-14"]),
            );
            continue;
        };
        for (name, requirement) in
            [("type", "RFC7643-5-16"), ("name", "RFC7643-5-17"), ("description", "RFC7643-5-18")]
        {
            let text = member(scheme, name).and_then(Value::as_str);
            if text.is_none_or(str::is_empty) {
                t.note(
                    answer
                        .flaw(format!("an authentication scheme has no `{name}`"))
                        .expected("text that is not empty")
                        .got(shown(member(scheme, name)))
                        .breaks(&[requirement]),
                );
            } else if let Some(text) = text.filter(|text| name == "type" && !SCHEME_TYPES.contains(text)) {
                t.note(
                    answer
                        .flaw(format!("`{text}` is no kind of authentication that RFC 7643 defines"))
                        .expected(format!("one of {}", SCHEME_TYPES.join(", ")))
                        .got(text)
                        .breaks(&["RFC7643-5-16"])
                        .concern(),
                );
            }
        }
    }
    Ok(())
}

check! {
    /// Where the configuration links to documentation, the links are http or https URLs.
    ///
    /// Why: administrators follow them from the console of their identity provider. A file name, or the number of an RFC,
    /// leads nowhere.
    ///
    /// Fix: put complete URLs into `documentationUri` and `specUri`, or leave the members out.
    LINKS = links_are_urls,
    id: "discovery.documentation-links",
    title: "links of the configuration are http or https URLs",
    level: May,
    requirements: ["RFC7643-5-04", "RFC7643-5-19"],
    needs: [],
    breaks: [],
}

async fn links_are_urls(t: &Trial) -> Verdict {
    let answer = config(t).await?;
    let object = answer.object()?;
    let schemes = member(object, "authenticationSchemes").and_then(Value::as_array);
    let holders = schemes.into_iter().flatten().filter_map(Value::as_object);
    let own = [("documentationUri", assigned(object, "documentationUri"), "RFC7643-5-04")];
    let links = holders.flat_map(|scheme| {
        ["specUri", "documentationUri"].map(|name| (name, assigned(scheme, name), "RFC7643-5-19"))
    });
    for (name, link, requirement) in own.into_iter().chain(links) {
        let Some(link) = link else { continue };
        if !link.as_str().is_some_and(is_web_address) {
            t.note(
                answer
                    .flaw(format!("`{name}` is no URL that can be followed"))
                    .expected("an http or https URL")
                    .got(shown(Some(link)))
                    .breaks(&[requirement]),
            );
        }
    }
    Ok(())
}

fn is_web_address(text: &str) -> bool {
    let rest = text
        .split_once("://")
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"));
    rest.is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_alphanumeric() || c == '['))
}

/// The member `pagination` of the configuration.
fn pagination(answer: &Answer) -> Result<Option<&Map<String, Value>>, Stop> {
    match assigned(answer.object()?, "pagination") {
        None => Ok(None),
        Some(Value::Object(pagination)) => Ok(Some(pagination)),
        Some(other) => Err(answer
            .flaw("`pagination` is no object")
            .expected("an object with `cursor` and `index`")
            .got(shown(Some(other)))
            .breaks(&["RFC9865-4-02", "RFC9865-4-03"])
            .into()),
    }
}

check! {
    /// Where the configuration has a member `pagination` (RFC 9865), it says with true or false whether there is paging by
    /// cursor and by index; method and limits, where they are stated, are legal.
    ///
    /// Why: a client chooses by it how to read everybody. When the flags cannot be read, it falls back to paging by
    /// index, which a target with cursors alone does not understand.
    ///
    /// Fix: `"pagination": { "cursor": true, "index": false }`; sizes and the timeout are numbers above 0, the default method
    /// is `cursor` or `index`.
    PAGINATION = pagination_is_stated,
    id: "discovery.pagination",
    title: "the paging methods are stated with flags and positive numbers",
    level: Must,
    requirements: [
        "RFC9865-4-02", "RFC9865-4-03", "RFC9865-4-04", "RFC9865-4-05", "RFC9865-4-06", "RFC9865-4-07",
    ],
    needs: [],
    breaks: [],
}

async fn pagination_is_stated(t: &Trial) -> Verdict {
    let answer = config(t).await?;
    let Some(pagination) = pagination(&answer)? else {
        return skip("the configuration has no member `pagination`");
    };
    for (name, requirement) in [("cursor", "RFC9865-4-02"), ("index", "RFC9865-4-03")] {
        if !member(pagination, name).is_some_and(Value::is_boolean) {
            t.note(
                answer
                    .flaw(format!("`pagination.{name}` is neither true nor false"))
                    .expected("true or false")
                    .got(shown(member(pagination, name)))
                    .breaks(&[requirement]),
            );
        }
    }
    let method = assigned(pagination, "defaultPaginationMethod");
    if let Some(method) = method.filter(|method| !matches!(method.as_str(), Some("cursor" | "index"))) {
        t.note(
            answer
                .flaw("`pagination.defaultPaginationMethod` is no method of paging")
                .expected("cursor or index")
                .got(shown(Some(method)))
                .breaks(&["RFC9865-4-04"]),
        );
    }
    for (name, requirement) in [
        ("defaultPageSize", "RFC9865-4-05"),
        ("maxPageSize", "RFC9865-4-06"),
        ("cursorTimeout", "RFC9865-4-07"),
    ] {
        let Some(number) = assigned(pagination, name) else { continue };
        if number.as_u64().is_none_or(|number| number == 0) {
            t.note(
                answer
                    .flaw(format!("`pagination.{name}` is no positive number"))
                    .expected("a whole number above 0, or nothing")
                    .got(shown(Some(number)))
                    .breaks(&[requirement]),
            );
        }
    }
    Ok(())
}

check! {
    /// A target that pages by cursor says so in the configuration.
    ///
    /// Why: a client that knows nothing of the cursors reads the first page and may take it for everybody, because
    /// the index that it asks for next means nothing to the target.
    ///
    /// Fix: add `"pagination": { "cursor": true, "index": … }` to /ServiceProviderConfig.
    PAGINATION_ANNOUNCED = cursors_are_announced,
    id: "discovery.pagination-announced",
    title: "paging by cursor is announced where it works",
    level: Should,
    requirements: ["RFC9865-4-01"],
    needs: [Users],
    breaks: [],
}

async fn cursors_are_announced(t: &Trial) -> Verdict {
    let answer = config(t).await?;
    let is_announced = pagination(&answer)?.is_some_and(|p| member(p, "cursor") == Some(&Value::Bool(true)));
    let cohort = t.cohort().await?;
    let page = t.get(&format!("{}?cursor&count=1", cohort.kind.endpoint())).await?;
    let cursor = page.text("nextCursor").filter(|_| page.status == 200);
    match cursor {
        Some(cursor) if !is_announced => Err(page
            .flaw("the target pages by cursor, and its configuration does not say so")
            .expected("pagination.cursor true")
            .got(format!(
                "nextCursor {cursor}, and pagination {}",
                shown(assigned(answer.object()?, "pagination"))
            ))
            .into()),
        Some(_) => Ok(()),
        None if is_announced => Ok(()),
        None => skip("the target does not page by cursor"),
    }
}

check! {
    /// A page is never larger than the configuration announces: than `pagination.defaultPageSize` where the client asks for
    /// no size, than `pagination.maxPageSize` ever, and than `filter.maxResults` where there is a filter.
    ///
    /// Why: clients reserve room and time for a page of the announced size; larger ones time out or are cut.
    ///
    /// Fix: cap every page at the announced numbers, or announce the real ones.
    PAGE_SIZES = pages_keep_their_size,
    id: "discovery.page-sizes",
    title: "no page is larger than the configuration announces",
    level: May,
    requirements: ["RFC7643-5-10", "RFC9865-4-05", "RFC9865-4-06"],
    needs: [Users],
    breaks: [],
}

async fn pages_keep_their_size(t: &Trial) -> Verdict {
    let answer = config(t).await?;
    let pagination = pagination(&answer)?;
    let number = |name: &str| pagination.and_then(|p| member(p, name)?.as_u64()).filter(|size| *size > 0);
    let of_filter = t.discovery().limit("filter", "maxResults").filter(|size| *size > 0);
    let (usual, largest) = (number("defaultPageSize"), number("maxPageSize"));
    if usual.or(largest).or(of_filter).is_none() {
        return skip("the configuration announces no page sizes");
    }
    // At least so many are there to be shown.
    let cohort = t.cohort().await?;
    let endpoint = cohort.kind.endpoint();
    let scope = component(&cohort.scope());
    let asked = [
        usual.map(|size| (String::new(), size, "RFC9865-4-05")),
        largest.map(|size| (format!("&count={}", size.saturating_add(1)), size, "RFC9865-4-06")),
        of_filter
            .map(|size| (format!("&filter={scope}&count={}", size.saturating_add(1)), size, "RFC7643-5-10")),
    ];
    let pages = join_all(asked.into_iter().flatten().map(|(query, size, requirement)| {
        let target = format!("{endpoint}?attributes=userName{query}");
        async move { (t.get(&target).await, size, requirement) }
    }));
    for (page, size, requirement) in pages.await {
        let page = page?;
        // A size beyond the largest may be refused, and so may a listing of everybody.
        let Ok(listed) = page.list() else { continue };
        let found = listed.resources.len() as u64;
        if found > size {
            t.note(
                page.flaw("a page is larger than the configuration announces")
                    .expected(format!("at most {size} resources"))
                    .got(format!("{found} resources"))
                    .breaks(&[requirement]),
            );
        }
    }
    Ok(())
}

check! {
    /// What authentication a target wants can be read without credentials.
    ///
    /// Why: the document that says which credentials to send is of little use to somebody who needs credentials to read
    /// it. Setup assistants ask for it before they have any.
    ///
    /// Fix: answer `GET /ServiceProviderConfig` without authentication; it holds no secrets.
    PUBLIC = config_is_public,
    id: "discovery.without-credentials",
    title: "the authentication schemes can be read without credentials",
    level: Should,
    requirements: ["RFC7643-5-15"],
    needs: [Credentials],
    breaks: [],
}

async fn config_is_public(t: &Trial) -> Verdict {
    let known = config(t).await?;
    let request = Request { auth: Auth::None, ..Request::new("GET", "/ServiceProviderConfig") };
    let answer = t.send(request).await?;
    let flaw = |what: &str| -> Flaw { answer.flaw(what).expected("200 with authenticationSchemes") };
    if answer.status != 200 {
        return Err(flaw("the configuration cannot be read without credentials").got(answer.said()).into());
    }
    let schemes = answer.object()?.get("authenticationSchemes");
    if schemes.is_none() && member(known.object()?, "authenticationSchemes").is_some() {
        let flaw = flaw("without credentials the configuration does not tell the authentication schemes");
        return Err(flaw.got("no `authenticationSchemes`").into());
    }
    Ok(())
}
