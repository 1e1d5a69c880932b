//! `/Schemas` as an endpoint (RFC 7644 §4), and what a schema is as a whole (RFC 7643 §7, §10).

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Map, Value};

use super::discovery_documents::{assigned, shown};
use super::discovery_documents::{elements, expect_complete_list};
use super::discovery_types::expect_unknown;
use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Answer, Trial, component};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::{PATCH_OP, declares, member};
use crate::protocol::schema::{ENTERPRISE_USER, GROUP, RESOURCE_TYPE, SCHEMA, SERVICE_PROVIDER_CONFIG, USER};

pub(super) const CHECKS: &[Check] = &[LISTED, BY_URI, UNKNOWN, NO_MESSAGES, IDS, NAMESPACES];

/// `/Schemas`, for checks of what is in it.
pub(super) async fn published(t: &Trial) -> Result<Answer, Stop> {
    let answer = t.discovered("/Schemas").await?;
    elements(&answer, "schemas.list")?;
    Ok(answer)
}

/// The published schemas.
pub(super) fn schemas(answer: &Answer) -> Result<Vec<&Map<String, Value>>, Stop> {
    elements(answer, "schemas.list")
}

/// A schema for messages.
pub(super) fn called(schema: &Map<String, Value>) -> &str {
    let text = |name: &str| member(schema, name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text("id").or_else(|| text("name")).unwrap_or("a schema without an id")
}

check! {
    /// Where `/Schemas` is served, it answers with all schemas in one ListResponse.
    ///
    /// Why: this is how a client learns which attributes it can map. Entra reads it for apps of its gallery and refuses a bare
    /// array.
    ///
    /// Fix: answer `{ "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": n,
    /// "Resources": [ … ] }` with every schema on one page.
    LISTED = schemas_are_listed,
    id: "schemas.list",
    title: "/Schemas is a complete ListResponse",
    level: Must,
    requirements: ["RFC7643-1.2-02", "RFC7643-7-03", "RFC7644-4-03", "RFC7644-4-09"],
    needs: [],
    breaks: [Entra],
}

async fn schemas_are_listed(t: &Trial) -> Verdict {
    let answer = t.discovered("/Schemas").await?;
    if matches!(answer.status, 404 | 501) {
        return skip(format!(
            "the target does not publish its schemas: GET /Schemas answers {}",
            answer.status
        ));
    }
    expect_complete_list(t, &answer, &["RFC7644-4-03", "RFC7644-4-09"], &["RFC7644-4-03"])?;
    let silent: Vec<&str> =
        schemas(&answer)?.into_iter().filter(|schema| !declares(schema, SCHEMA)).map(called).collect();
    if !silent.is_empty() {
        // The example of RFC 7643 section 8.7.1 leaves it out too (erratum 5999).
        t.note(
            answer
                .flaw(format!("{} published schemas do not name the schema of schemas", silent.len()))
                .expected(format!("schemas [\"{SCHEMA}\"]"))
                .got(format!("none for {}", silent.join(", ")))
                .breaks(&["RFC7643-7-03"])
                .concern(),
        );
    }
    Ok(())
}

check! {
    /// Every schema can be read alone at `/Schemas/` followed by its URI, and is the same there as in the list.
    ///
    /// Why: a client that knows which schema it needs asks for that one. A 404 tells it that the attributes do not exist.
    ///
    /// Fix: route everything behind `/Schemas/` to a look-up by URI, percent-encoded or not, and answer with the one object.
    BY_URI = schemas_have_addresses,
    id: "schemas.by-uri",
    title: "a schema can be read by its URI",
    level: Must,
    requirements: ["RFC7643-7-05", "RFC7644-4-04"],
    needs: [Schemas],
    breaks: [],
}

async fn schemas_have_addresses(t: &Trial) -> Verdict {
    let answer = published(t).await?;
    let listed: Vec<(&str, usize)> = schemas(&answer)?
        .into_iter()
        .filter_map(|schema| Some((member(schema, "id")?.as_str()?, count_of_attributes(schema))))
        .collect();
    let read = listed
        .iter()
        .map(|(id, attributes)| async move { (t.get(&format!("/Schemas/{id}")).await, *id, *attributes) });
    for (one, id, attributes) in join_all(read).await {
        let one = one?;
        if t.soft(breaking(one.expect_status(&[200]), &["RFC7644-4-04"]))?.is_none() {
            continue;
        }
        let object = one.json.as_ref().and_then(Value::as_object);
        let given = object.and_then(|object| member(object, "id"));
        if given.and_then(Value::as_str).is_none_or(|given| !given.eq_ignore_ascii_case(id)) {
            let flaw = one.flaw(format!("{} does not answer with that schema", one.asked));
            let rules: &[&'static str] = match given {
                Some(_) => &["RFC7644-4-04"],
                None => &["RFC7644-4-04", "RFC7643-7-05"],
            };
            let flaw = flaw.expected(format!("one object with the id {id}"));
            t.note(flaw.got(format!("id {}", shown(given))).breaks(rules));
        } else if object.is_some_and(|object| count_of_attributes(object) != attributes) {
            let flaw = one.flaw(format!("{} shows another schema than the list", one.asked)).concern();
            t.note(
                flaw.expected(format!("{attributes} attributes"))
                    .got(format!("{} attributes", object.map(count_of_attributes).unwrap_or_default()))
                    .breaks(&["RFC7644-4-04"]),
            );
        }
    }
    if let Some((id, _)) = listed.first() {
        // HTTP libraries encode the colons of a path segment, and some servers look for the text as it comes.
        let encoded = t.get(&format!("/Schemas/{}", component(id))).await?;
        if encoded.status != 200 && t.is_clean() {
            let flaw = encoded.flaw("a schema is not found when the colons of its URI are percent-encoded");
            t.note(flaw.expected("200").got(encoded.said()).breaks(&["RFC7644-4-04"]).concern());
        }
    }
    Ok(())
}

fn count_of_attributes(schema: &Map<String, Value>) -> usize {
    member(schema, "attributes").and_then(Value::as_array).map_or(0, Vec::len)
}

check! {
    /// A schema that is not there is answered with 404.
    ///
    /// Why: clients find out in this way whether an extension is supported. Any other answer lets them send it.
    ///
    /// Fix: answer 404 with a SCIM error for every URI that is not in the list.
    UNKNOWN = unknown_schemas_are_not_found,
    id: "schemas.unknown",
    title: "an unknown schema is answered with 404",
    level: Must,
    requirements: ["RFC7644-4-05", "RFC7644-3.12-01"],
    needs: [Schemas],
    breaks: [],
}

async fn unknown_schemas_are_not_found(t: &Trial) -> Verdict {
    let answer = t.get(&format!("/Schemas/urn:example:{}", t.ground().fresh_name())).await?;
    expect_unknown(t, &answer, &["RFC7644-4-05"])
}

check! {
    /// The schemas of messages, such as ListResponse and PatchOp, are not published.
    ///
    /// Why: a client that builds its mapping from /Schemas would offer `Operations` and `totalResults` as attributes of people.
    ///
    /// Fix: leave everything that begins with `urn:ietf:params:scim:api:` out of /Schemas.
    NO_MESSAGES = messages_are_not_published,
    id: "schemas.no-messages",
    title: "message schemas are not published",
    level: Must,
    requirements: ["RFC7644-3.1-04"],
    needs: [Schemas],
    breaks: [],
}

async fn messages_are_not_published(t: &Trial) -> Verdict {
    let answer = published(t).await?;
    let is_message = |id: &str| id.to_ascii_lowercase().starts_with("urn:ietf:params:scim:api:");
    let ids = schemas(&answer)?.into_iter().filter_map(|schema| member(schema, "id")?.as_str());
    let messages: Vec<&str> = ids.filter(|id| is_message(id)).collect();
    if !messages.is_empty() {
        let flaw = answer.flaw("/Schemas lists the schemas of messages");
        return Err(flaw.expected("schemas of resources only").got(messages.join(", ")).into());
    }
    let one = t.get(&format!("/Schemas/{PATCH_OP}")).await?;
    if one.is_success() {
        let flaw = one.flaw("the schema of a message can be read by its URI");
        return Err(flaw.expected("404").got(one.said()).into());
    }
    Ok(())
}

check! {
    /// Every schema has an `id` of its own, which is its URI; `name` and `description` are text.
    ///
    /// Why: the URI is what `schemas` of a resource, extensions and PATCH paths refer to. A number or a GUID in its place
    /// connects to nothing.
    ///
    /// Fix: use the URN as `id`, such as `urn:ietf:params:scim:schemas:core:2.0:User`.
    IDS = schemas_have_uris,
    id: "schemas.ids",
    title: "every schema has its URI as id",
    level: Must,
    requirements: ["RFC7643-7-05", "RFC7643-7-06"],
    needs: [Schemas],
    breaks: [],
}

async fn schemas_have_uris(t: &Trial) -> Verdict {
    let answer = published(t).await?;
    let mut seen = BTreeSet::new();
    for schema in schemas(&answer)? {
        let id = member(schema, "id");
        match id.and_then(Value::as_str) {
            Some(uri) if is_uri(uri) => {
                if !seen.insert(uri.to_ascii_lowercase()) {
                    let flaw = answer.flaw("two schemas have the same id").breaks(&["RFC7643-7-05"]);
                    t.note(flaw.expected("every URI once").got(format!("{uri} twice")));
                }
            }
            _ => t.note(
                answer
                    .flaw("the `id` of a schema is no URI")
                    .expected("a URI such as urn:ietf:params:scim:schemas:core:2.0:User")
                    .got(shown(id))
                    .breaks(&["RFC7643-7-05"]),
            ),
        }
        if assigned(schema, "name").is_none_or(|name| name == "") {
            let flaw = answer.flaw(format!("{} has no name", called(schema))).expected("`name`, for people");
            t.note(flaw.got(shown(member(schema, "name"))).breaks(&["RFC7643-7-06"]).concern());
        }
        for name in ["name", "description"] {
            if let Some(other) = assigned(schema, name).filter(|value| !value.is_string()) {
                let flaw = answer.flaw(format!("`{name}` of {} is no text", called(schema)));
                t.note(flaw.expected("a string").got(shown(Some(other))).breaks(&["RFC7643-7-06"]));
            }
        }
    }
    Ok(())
}

/// Whether a text has the form of a URI: a scheme, a colon and something behind it, without spaces.
pub(super) fn is_uri(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
            && !rest.is_empty()
            && !text.contains(char::is_whitespace)
    })
}

/// What stands behind `urn:ietf:params:scim:schemas:core:` and its like in published RFCs (7643, 9944).
const REGISTERED: [&str; 8] = [
    USER,
    GROUP,
    ENTERPRISE_USER,
    SERVICE_PROVIDER_CONFIG,
    RESOURCE_TYPE,
    SCHEMA,
    "urn:ietf:params:scim:schemas:core:2.0:Device",
    "urn:ietf:params:scim:schemas:core:2.0:EndpointApp",
];

check! {
    /// URNs below `urn:ietf:params:scim` have the form that was registered, and those of the core are used for what the RFCs
    /// define and for nothing else.
    ///
    /// Why: two vendors that invent a core schema of the same name cannot be served by one client, and a later RFC may give the
    /// name another meaning.
    ///
    /// Fix: name schemas of your own `urn:ietf:params:scim:schemas:extension:<your name>:2.0:…` or, better, with a URN of
    /// your own namespace.
    NAMESPACES = names_of_the_standard_are_kept,
    id: "schemas.namespaces",
    title: "core URNs are used for the schemas of the RFCs only",
    level: Should,
    requirements: ["RFC7643-10.2.1-01", "RFC7643-10.3.1-01"],
    needs: [Schemas],
    breaks: [],
}

async fn names_of_the_standard_are_kept(t: &Trial) -> Verdict {
    let answer = published(t).await?;
    for schema in schemas(&answer)? {
        let Some(id) = member(schema, "id").and_then(Value::as_str) else { continue };
        let lower = id.to_ascii_lowercase();
        let Some(rest) = lower.strip_prefix("urn:ietf:params:scim:") else { continue };
        let mut parts = rest.split(':');
        let (kind, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if !matches!(kind, "schemas" | "api" | "event") || name.is_empty() {
            t.note(
                answer
                    .flaw("a URN below urn:ietf:params:scim does not have the registered form")
                    .expected("urn:ietf:params:scim:schemas:… with a name behind it")
                    .got(id)
                    .breaks(&["RFC7643-10.2.1-01"]),
            );
        } else if name == "core" && !REGISTERED.iter().any(|known| known.eq_ignore_ascii_case(id)) {
            t.note(
                answer
                    .flaw("a schema has a core URN that no RFC defines")
                    .expected("a URN of the vendor")
                    .got(id)
                    .breaks(&["RFC7643-10.3.1-01"]),
            );
        }
    }
    Ok(())
}
