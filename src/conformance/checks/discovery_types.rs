//! ResourceTypes (RFC 7643 §6, RFC 7644 §3.2, §4).

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Map, Value};

use super::discovery_documents::{assigned, elements, expect_complete_list, shown};
use super::query::breaking;
use super::schemas_resources::{seen_something, unless_blocked};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Role;
use crate::conformance::trial::{Answer, Trial, component};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::{declares, member};
use crate::protocol::schema::{GROUP, RESOURCE_TYPE, USER};

pub(super) const CHECKS: &[Check] =
    &[LISTED, MEMBERS, UNIQUE, SCHEMAS, BY_ID, UNKNOWN, SERVED, STANDARD, PLURAL, NAMED];

/// The resource types, with their answer.
async fn types(t: &Trial) -> Result<Answer, Stop> {
    let answer = t.discovered("/ResourceTypes").await?;
    elements(&answer, "discovery.types")?;
    Ok(answer)
}

/// A resource type for messages.
fn called(resource_type: &Map<String, Value>) -> String {
    let text = |name: &str| member(resource_type, name).and_then(Value::as_str);
    text("name").or_else(|| text("id")).unwrap_or("without a name").to_owned()
}

check! {
    /// `GET /ResourceTypes` is answered with all resource types in one ListResponse, each with the schema of resource
    /// types.
    ///
    /// Why: a client that wants to know what it can provision reads this list. An array without the envelope, or one
    /// that is cut into pages, makes it stop before it begins.
    ///
    /// Fix: answer `{ "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": n,
    /// "Resources": [ … ] }` with every type, each with
    /// `"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"]`.
    LISTED = types_are_listed,
    id: "discovery.types",
    title: "/ResourceTypes is a complete ListResponse",
    level: Must,
    requirements: ["RFC7643-6-01", "RFC7644-4-06", "RFC7644-4-09"],
    needs: [],
    breaks: [],
}

async fn types_are_listed(t: &Trial) -> Verdict {
    let answer = t.discovered("/ResourceTypes").await?;
    expect_complete_list(t, &answer, &["RFC7644-4-06", "RFC7644-4-09"], &["RFC7644-4-06"])?;
    for resource_type in elements(&answer, "discovery.types")? {
        if !declares(resource_type, RESOURCE_TYPE) {
            t.note(
                answer
                    .flaw(format!("the resource type {} does not name its schema", called(resource_type)))
                    .expected(format!("schemas [\"{RESOURCE_TYPE}\"]"))
                    .got(format!("schemas {}", shown(member(resource_type, "schemas"))))
                    .breaks(&["RFC7643-6-01"]),
            );
        }
    }
    Ok(())
}

check! {
    /// Every resource type has a `name`, an `endpoint` that is relative to the base URL, and a `schema`; extensions are
    /// listed with their URI and with true or false for `required`.
    ///
    /// Why: a client builds its URLs and payloads from these members. With an absolute or missing endpoint it asks the
    /// wrong address; without `required` it leaves out what the target insists on.
    ///
    /// Fix: complete the entries: `{ "name": "User", "endpoint": "/Users", "schema": "urn:…", "schemaExtensions": [
    /// { "schema": "urn:…", "required": false } ] }`.
    MEMBERS = types_are_whole,
    id: "discovery.type-members",
    title: "every resource type has name, endpoint, schema and whole extensions",
    level: Must,
    requirements: [
        "RFC7643-6-03", "RFC7643-6-04", "RFC7643-6-07", "RFC7643-6-08", "RFC7643-6-10", "RFC7643-6-11",
        "RFC7643-6-13",
    ],
    needs: [],
    breaks: [],
}

async fn types_are_whole(t: &Trial) -> Verdict {
    let answer = types(t).await?;
    for resource_type in elements(&answer, "discovery.types")? {
        let name = called(resource_type);
        for (member_name, requirement) in
            [("name", "RFC7643-6-04"), ("endpoint", "RFC7643-6-08"), ("schema", "RFC7643-6-10")]
        {
            let given = member(resource_type, member_name);
            if given.and_then(Value::as_str).is_none_or(str::is_empty) {
                t.note(
                    answer
                        .flaw(format!("the resource type {name} has no `{member_name}`"))
                        .expected("text that is not empty")
                        .got(shown(given))
                        .breaks(&[requirement]),
                );
            }
        }
        let endpoint = member(resource_type, "endpoint").and_then(Value::as_str).unwrap_or_default();
        if endpoint.contains("://") {
            t.note(
                answer
                    .flaw(format!("the endpoint of {name} is not relative to the base URL"))
                    .expected("a path such as /Users")
                    .got(endpoint)
                    .breaks(&["RFC7643-6-08"]),
            );
        }
        for (optional, requirement) in [("id", "RFC7643-6-03"), ("description", "RFC7643-6-07")] {
            if let Some(other) = assigned(resource_type, optional).filter(|value| !value.is_string()) {
                t.note(
                    answer
                        .flaw(format!("`{optional}` of the resource type {name} is no text"))
                        .expected("a string, or nothing")
                        .got(shown(Some(other)))
                        .breaks(&[requirement]),
                );
            }
        }
        extensions_are_whole(t, &answer, &name, assigned(resource_type, "schemaExtensions"));
    }
    Ok(())
}

fn extensions_are_whole(t: &Trial, answer: &Answer, name: &str, given: Option<&Value>) {
    let extensions = match given {
        None => return,
        Some(Value::Array(extensions)) => extensions,
        Some(other) => {
            let flaw = answer.flaw(format!("`schemaExtensions` of {name} is no array"));
            t.note(flaw.expected("an array of objects").got(shown(Some(other))).breaks(&["RFC7643-6-11"]));
            return;
        }
    };
    for extension in extensions {
        let Some(object) = extension.as_object() else {
            let flaw = answer.flaw(format!("an extension of {name} is no object"));
            let flaw = flaw.expected("an object with `schema` and `required`").breaks(&["RFC7643-6-11"]);
            t.note(flaw.got(shown(Some(extension))));
            continue;
        };
        let schema = member(object, "schema");
        if schema.and_then(Value::as_str).is_none_or(str::is_empty) {
            let flaw = answer.flaw(format!("an extension of {name} does not say which schema it is"));
            let flaw = flaw.expected("the URI of a schema").got(shown(schema));
            t.note(flaw.breaks(&["RFC7643-6-11"]));
        }
        let required = member(object, "required");
        if !required.is_some_and(Value::is_boolean) {
            let flaw = answer.flaw(format!("an extension of {name} does not say whether it is required"));
            t.note(flaw.expected("true or false").got(shown(required)).breaks(&["RFC7643-6-13"]));
        }
    }
}

check! {
    /// No two resource types share a name or an endpoint.
    ///
    /// Why: the name stands in `meta.resourceType` of every resource, and the endpoint tells where to send requests. When
    /// either means two things, a client applies the wrong schema.
    ///
    /// Fix: give every resource type a name and an endpoint of its own.
    UNIQUE = types_are_distinct,
    id: "discovery.type-names-unique",
    title: "names and endpoints of resource types are unique",
    level: Must,
    requirements: ["RFC7643-6-06"],
    needs: [],
    breaks: [],
}

async fn types_are_distinct(t: &Trial) -> Verdict {
    let answer = types(t).await?;
    for name in ["name", "endpoint"] {
        let mut seen = BTreeSet::new();
        for resource_type in elements(&answer, "discovery.types")? {
            let Some(value) = member(resource_type, name).and_then(Value::as_str) else { continue };
            if !seen.insert(value.trim_matches('/')) {
                let flaw = answer.flaw(format!("two resource types have the same {name}"));
                t.note(flaw.expected(format!("every {name} once")).got(format!("`{value}` twice")));
            }
        }
    }
    Ok(())
}

check! {
    /// The schema of every resource type, and of each of its extensions, is published at /Schemas under exactly that URI.
    ///
    /// Why: a client follows the URI to learn which attributes there are. When it leads nowhere, the attributes cannot
    /// be mapped, and an extension that is announced is never used.
    ///
    /// Fix: publish the schema, or write its `id` into the resource type, letter by letter.
    SCHEMAS = types_lead_to_schemas,
    id: "discovery.type-schemas",
    title: "schemas and extensions of resource types are published",
    level: Must,
    requirements: ["RFC7643-3.2-01", "RFC7643-6-09", "RFC7643-6-12", "RFC7643-7-01"],
    needs: [ResourceTypes, Schemas],
    breaks: [],
}

async fn types_lead_to_schemas(t: &Trial) -> Verdict {
    let answer = types(t).await?;
    let published = t.discovered("/Schemas").await?;
    let listed = elements(&published, "schemas.list")?;
    let known: BTreeSet<&str> = listed.iter().filter_map(|s| member(s, "id")?.as_str()).collect();
    for resource_type in elements(&answer, "discovery.types")? {
        let name = called(resource_type);
        let extensions = member(resource_type, "schemaExtensions").and_then(Value::as_array);
        let extensions =
            extensions.into_iter().flatten().filter_map(|e| member(e.as_object()?, "schema")?.as_str());
        let base = member(resource_type, "schema").and_then(Value::as_str);
        let of_base = &["RFC7643-3.2-01", "RFC7643-6-09", "RFC7643-7-01"][..];
        let of_extension = &["RFC7643-6-12", "RFC7643-7-01"][..];
        let uris =
            base.map(|uri| (uri, of_base)).into_iter().chain(extensions.map(|uri| (uri, of_extension)));
        for (uri, broken) in uris.filter(|(uri, _)| !uri.is_empty() && !known.contains(uri)) {
            let near = known.iter().find(|known| known.eq_ignore_ascii_case(uri));
            let flaw =
                answer.flaw(format!("the resource type {name} names a schema that /Schemas does not list"));
            let flaw = flaw.expected(format!("a schema with the id {uri}")).breaks(broken);
            t.note(match near {
                Some(near) => {
                    flaw.got(format!("one with the id {near}, which differs in letter case")).concern()
                }
                None => flaw.got("no such schema"),
            });
        }
    }
    Ok(())
}

check! {
    /// A single resource type can be read at `/ResourceTypes/` followed by its id, and is answered as one object.
    ///
    /// Why: clients that know what they look for ask for `/ResourceTypes/User` instead of the whole list.
    ///
    /// Fix: answer with the one resource type, not with a list, and use the `id` (which is best the same as `name`) for its
    /// address.
    BY_ID = types_have_addresses,
    id: "discovery.type-by-id",
    title: "a resource type can be read by its id",
    level: Must,
    requirements: ["RFC7643-6-03", "RFC7644-4-07"],
    needs: [ResourceTypes],
    breaks: [],
}

async fn types_have_addresses(t: &Trial) -> Verdict {
    let answer = types(t).await?;
    let named = elements(&answer, "discovery.types")?.into_iter().filter_map(|resource_type| {
        let text = |name: &str| member(resource_type, name).and_then(Value::as_str).filter(|t| !t.is_empty());
        // Without an id there is only the name to ask by, and nobody promises that it works.
        Some((text("id").or_else(|| text("name"))?, text("id").is_some(), text("name")))
    });
    let read = named.map(|(key, is_id, name)| async move {
        (t.get(&format!("/ResourceTypes/{}", component(key))).await, is_id, name)
    });
    for (one, is_id, name) in join_all(read).await {
        let one = one?;
        if !is_id && one.status != 200 {
            let flaw = one.flaw("the resource type has no `id`, and its name is no address").expected("200");
            t.note(flaw.got(one.said()).breaks(&["RFC7644-4-07"]).concern());
            continue;
        }
        if t.soft(breaking(one.expect_status(&[200]), &["RFC7644-4-07"]))?.is_none() {
            continue;
        }
        let given = one.json.as_ref().and_then(|json| member(json.as_object()?, "name"));
        if given.and_then(Value::as_str) != name {
            let flaw = one.flaw(format!("{} does not answer with that resource type", one.asked));
            let flaw =
                flaw.expected(format!("one object with \"name\": {}", shown(name.map(Value::from).as_ref())));
            t.note(flaw.got(shown(one.json.as_ref())).breaks(&["RFC7644-4-07"]));
        }
    }
    Ok(())
}

check! {
    /// A resource type that does not exist is answered with 404.
    ///
    /// Why: a client asks for `/ResourceTypes/Role` to find out whether there are roles. Any other answer lets it believe that
    /// there are.
    ///
    /// Fix: answer 404 with a SCIM error for every id that is not in the list.
    UNKNOWN = unknown_types_are_not_found,
    id: "discovery.type-unknown",
    title: "an unknown resource type is answered with 404",
    level: Must,
    requirements: ["RFC7644-4-08", "RFC7644-3.12-01"],
    needs: [ResourceTypes],
    breaks: [],
}

async fn unknown_types_are_not_found(t: &Trial) -> Verdict {
    let answer = t.get(&format!("/ResourceTypes/{}", t.ground().fresh_name())).await?;
    expect_unknown(t, &answer, &["RFC7644-4-08"])
}

/// Fails unless a discovery document that is not there is answered with 404, and with a SCIM error.
pub(super) fn expect_unknown(t: &Trial, answer: &Answer, rules: &[&'static str]) -> Verdict {
    breaking(answer.expect_status(&[404]), rules)?;
    if !answer.is_scim_error() {
        let flaw = answer.flaw(format!("the 404 to {} is no SCIM Error", answer.asked)).concern();
        t.note(flaw.expected("an Error message (RFC 7644 section 3.12)").breaks(&["RFC7644-3.12-01"]));
    }
    Ok(())
}

check! {
    /// At the endpoint of every resource type that is announced there really is something.
    ///
    /// Why: a client that finds a type in the list sends its resources there, and fails for each of them.
    ///
    /// Fix: serve the endpoint, or take the type out of /ResourceTypes.
    SERVED = types_are_served,
    id: "discovery.type-endpoints",
    title: "every announced resource type is served at its endpoint",
    level: Must,
    requirements: ["RFC7644-4-12", "RFC7643-6-08"],
    needs: [ResourceTypes],
    breaks: [],
}

async fn types_are_served(t: &Trial) -> Verdict {
    let answer = types(t).await?;
    let announced = elements(&answer, "discovery.types")?.into_iter().filter_map(|resource_type| {
        let endpoint = member(resource_type, "endpoint")?.as_str()?;
        (!endpoint.is_empty() && !endpoint.contains("://"))
            .then(|| format!("/{}?count=1", endpoint.trim_matches('/')))
    });
    let base = t.ground().target().base();
    let base_path =
        base.split_once("://").map_or("", |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
    let asked = announced.map(|target| async move { (t.get(&target).await, target) });
    for (answer, target) in join_all(asked).await {
        let answer = answer?;
        // Listing may be forbidden, or refused as too much; that is no reason to believe that nothing is there.
        let is_there = matches!(answer.status, 200 | 403)
            || (answer.status == 400 && answer.text("scimType") == Some("tooMany"));
        if is_there {
            continue;
        }
        let repeats = base_path.len() > 1 && target.starts_with(&format!("{base_path}/"));
        let what = match repeats {
            true => format!(
                "the endpoint repeats the path of the base URL: {} answers {}",
                answer.asked,
                answer.said()
            ),
            false => format!("{} answers {}", answer.asked, answer.said()),
        };
        let flaw = answer.flaw(what).expected("200 with a list").got(answer.said());
        t.note(flaw.breaks(if repeats { &["RFC7643-6-08"] } else { &["RFC7644-4-12"] }));
    }
    Ok(())
}

check! {
    /// Users live at `/Users` and groups at `/Groups`.
    ///
    /// Why: identity providers do not ask, they send people to `/Users` and groups to `/Groups` below the base URL.
    ///
    /// Fix: serve the core resource types at these two endpoints and say so in /ResourceTypes.
    STANDARD = standard_endpoints,
    id: "discovery.standard-endpoints",
    title: "users live at /Users and groups at /Groups",
    level: Must,
    requirements: ["RFC7644-3.2-01"],
    needs: [ResourceTypes],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn standard_endpoints(t: &Trial) -> Verdict {
    let answer = types(t).await?;
    let all = elements(&answer, "discovery.types")?;
    let mut seen = 0;
    for (schema, endpoint) in [(USER, "/Users"), (GROUP, "/Groups")] {
        let text = |resource_type: &Map<String, Value>, name: &str| {
            member(resource_type, name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let endpoints: Vec<String> = all
            .iter()
            .filter(|resource_type| text(resource_type, "schema").eq_ignore_ascii_case(schema))
            .map(|resource_type| text(resource_type, "endpoint"))
            .filter(|endpoint| !endpoint.is_empty())
            .collect();
        let Some(first) = endpoints.first() else { continue };
        seen += 1;
        // Some have several types of users; one of them has to be where everybody looks.
        let is_usual =
            |given: &String| given.trim_end_matches('/').rsplit('/').next() == endpoint.strip_prefix('/');
        if !endpoints.iter().any(is_usual) {
            let flaw = answer
                .flaw(format!("the resource type with the schema {schema} is somewhere else than usual"));
            // A client that reads /ResourceTypes finds them (RFC 7643 §6).
            t.note(flaw.expected(endpoint).got(first.clone()).concern());
        }
    }
    if seen == 0 { skip("the target has neither users nor groups") } else { Ok(()) }
}

check! {
    /// The endpoint of a further resource type is its name with an s at the end.
    ///
    /// Why: people who configure a connector by hand guess the address from the name.
    ///
    /// Fix: call the endpoint of `Device` `/Devices`, unless clients rely on another name already.
    PLURAL = endpoints_are_plurals,
    id: "discovery.plural-endpoints",
    title: "endpoints of further resource types are the name and an s",
    level: Should,
    requirements: ["RFC7644-3.2-02"],
    needs: [ResourceTypes],
    breaks: [],
}

async fn endpoints_are_plurals(t: &Trial) -> Verdict {
    let answer = types(t).await?;
    let others: Vec<_> = t.kinds().iter().filter(|kind| kind.role == Role::Other).collect();
    if others.is_empty() {
        return skip("the target has no resource types but users and groups");
    }
    for kind in others {
        let usual = format!("/{}s", kind.name());
        // English has plurals of other forms (`/Entries`), and nobody is misled by them.
        let is_plural = kind.endpoint().to_ascii_lowercase().ends_with('s');
        if !kind.endpoint().eq_ignore_ascii_case(&usual) && !is_plural {
            let flaw = answer.flaw(format!("the endpoint of {} is not the plural of its name", kind.name()));
            t.note(flaw.expected(usual).got(kind.endpoint()));
        }
    }
    Ok(())
}

check! {
    /// `meta.resourceType` of a resource is the name of its resource type, as /ResourceTypes spells it.
    ///
    /// Why: in mixed results this is the only way to tell users from groups. A client that looks the name up finds
    /// nothing.
    ///
    /// Fix: fill `meta.resourceType` from the `name` of the resource type.
    NAMED = resources_name_their_type,
    id: "discovery.type-of-resources",
    title: "meta.resourceType is a name of /ResourceTypes",
    level: Must,
    requirements: ["RFC7643-6-05"],
    needs: [ResourceTypes],
    breaks: [],
}

async fn resources_name_their_type(t: &Trial) -> Verdict {
    let (mut seen, mut blocked) = (0, None);
    for kind in t.kinds() {
        let Some(created) = unless_blocked(t.create(kind).await, &mut blocked)? else { continue };
        seen += 1;
        let answer = t.get(&created.path).await?;
        let meta = member(answer.object()?, "meta").and_then(Value::as_object);
        // A resource without it is judged by the checks of `meta`.
        let Some(given) = meta.and_then(|meta| member(meta, "resourceType")) else { continue };
        if given.as_str() != Some(kind.name()) {
            let flaw = answer
                .flaw(format!("`meta.resourceType` is no name of /ResourceTypes for {}", kind.endpoint()));
            t.note(flaw.expected(kind.name()).got(shown(Some(given))));
        }
    }
    seen_something(seen, blocked)
}
