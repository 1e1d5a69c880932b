//! ServiceProviderConfig (RFC 7643 §5, RFC 7644 §4).

use serde_json::Value;

use super::discovery_documents::{assigned, shown};
use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Answer, Trial};
use crate::conformance::verdict::{Flaw, Stop, Verdict};
use crate::exchange::{Auth, Request};
use crate::protocol::message::{declares, member};
use crate::protocol::schema::SERVICE_PROVIDER_CONFIG;

pub(super) const CHECKS: &[Check] = &[CONFIG, FEATURES, LIMITS, SCHEMES, LINKS, PUBLIC];

/// The configuration, for checks of its members.
pub(super) async fn config(t: &Trial) -> Result<Answer, Stop> {
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
    requirements: ["RFC7643-5-01", "RFC7643-5-03", "RFC7644-4-01", "RFC7644-4-02", "Q-T09"],
    needs: [],
    breaks: [],
}

async fn is_one_object(t: &Trial) -> Verdict {
    let answer = t.discovered("/ServiceProviderConfig").await?;
    breaking(answer.expect_status(&[200]), &["RFC7644-4-01", "RFC7644-4-02", "Q-T09"])?;
    let object = breaking(answer.object(), &["RFC7644-4-01", "Q-T09"])?;
    if member(object, "Resources").is_some() {
        let flaw = answer.flaw("the configuration is wrapped in a list").breaks(&["RFC7644-4-01", "Q-T09"]);
        return Err(flaw.expected("the configuration itself").got("a member `Resources`").into());
    }
    if !declares(object, SERVICE_PROVIDER_CONFIG) {
        return Err(answer
            .flaw("the configuration does not name its schema")
            .expected(format!("schemas [\"{SERVICE_PROVIDER_CONFIG}\"]"))
            .got(format!("schemas {}", shown(member(object, "schemas"))))
            .breaks(&["RFC7643-5-01", "RFC7644-4-01", "Q-T09"])
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
