//! The `schemas` of resources and messages (RFC 7643 §3, RFC 7644 §3.1, §8.2).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::discovery_documents::shown;
use super::schemas::is_uri;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::discovery::{Kind, Role};
use crate::conformance::trial::{Answer, Trial, or_nothing};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::{
    BULK_REQUEST, BULK_RESPONSE, ERROR, LIST_RESPONSE, SEARCH_REQUEST, declares, member,
};

pub(super) const CHECKS: &[Check] = &[PRESENT, DECLARED, TRIMMED, COMMON, MESSAGES];

/// Representations of a resource of a type: the answers to POST, GET, PUT, PATCH, and an element of a list. Each comes
/// with the answer that holds it.
async fn representations(t: &Trial, kind: &Kind) -> Result<Vec<(Answer, Value)>, Stop> {
    let body = t.body(kind).await?;
    let posted = t.post(kind.endpoint(), &body).await?;
    let created = t.created_by(kind, &posted)?;
    let mut answers = vec![posted, t.get(&created.path).await?, t.put(&created.path, &body).await?];
    if t.lacks(Need::Patch).await?.is_none() {
        let name = if kind.role == Role::Group { "displayName" } else { "userName" };
        if let (Role::User | Role::Group, Some(value)) = (kind.role, body.get(name)) {
            let operations = json!([{ "op": "replace", "path": name, "value": value }]);
            answers.push(t.patch(&created.path, operations).await?);
        }
    }
    let mut found = Vec::new();
    for answer in answers.into_iter().filter(|answer| matches!(answer.status, 200 | 201)) {
        // A body after POST, PUT and PATCH is a recommendation; where there is none, there is nothing to judge.
        if let Some(json) = answer.json.clone() {
            found.push((answer, json));
        } else if !answer.body.is_empty() {
            answer.object()?;
        }
    }
    let listed = t.get(&format!("{}?count=2", kind.endpoint())).await?;
    let list =
        listed.json.as_ref().and_then(|json| member(json.as_object()?, "Resources")?.as_array()).cloned();
    found.extend(list.into_iter().flatten().take(2).map(|resource| (listed.clone(), resource)));
    Ok(found)
}

/// What a preparation made; where it is blocked for one resource type, the others are judged all the same.
pub(super) fn unless_blocked<T>(
    made: Result<T, Stop>,
    blocked: &mut Option<String>,
) -> Result<Option<T>, Stop> {
    match made {
        Ok(made) => Ok(Some(made)),
        Err(Stop::Blocked(reason)) => {
            blocked.get_or_insert(reason);
            Ok(None)
        }
        Err(stop) => Err(stop),
    }
}

/// The end of a check that went over the resource types: blocked where it saw nothing because of that.
pub(super) fn seen_something(seen: usize, blocked: Option<String>) -> Verdict {
    match (seen, blocked) {
        (0, Some(reason)) => Err(Stop::Blocked(reason)),
        (0, None) => skip("the target has no resource types"),
        _ => Ok(()),
    }
}

check! {
    /// Every representation of a resource is an object with `schemas`: an array of URIs, none of them twice, the base schema
    /// among them.
    ///
    /// Why: `schemas` tells a client how to read the rest. When it is missing, or is text instead of an array, clients refuse the
    /// resource as a whole.
    ///
    /// Fix: write `"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]`, with the extensions in use, into every
    /// representation: after POST, GET, PUT and PATCH, and into the elements of lists.
    PRESENT = schemas_are_present,
    id: "schemas.in-resources",
    title: "every representation lists its schemas, the base schema among them",
    level: Must,
    requirements: [
        "RFC7643-2.1-01", "RFC7643-3-01", "RFC7643-3-02", "RFC7643-3-03", "RFC7643-3.3-01",
    ],
    needs: [],
    breaks: [Okta, Entra],
}

async fn schemas_are_present(t: &Trial) -> Verdict {
    let (mut seen, mut blocked) = (0, None);
    for kind in t.kinds() {
        let Some(found) = unless_blocked(representations(t, kind).await, &mut blocked)? else { continue };
        for (answer, resource) in found {
            seen += 1;
            let flaw = |what: &str| answer.flaw(format!("{what} in the answer to {}", answer.asked));
            let Some(object) = resource.as_object() else {
                let flaw = flaw("a resource is no object").expected("an object");
                t.note(flaw.got(shown(Some(&resource))).breaks(&["RFC7643-2.1-01"]));
                continue;
            };
            let given = member(object, "schemas");
            let Some(uris) = given.and_then(Value::as_array).filter(|uris| !uris.is_empty()) else {
                let flaw = flaw("`schemas` is no array with at least one URI");
                let flaw = flaw.expected(format!("[\"{}\"]", kind.schema.core.id)).got(shown(given));
                t.note(flaw.breaks(&["RFC7643-2.1-01", "RFC7643-3-01", "RFC7643-3.3-01"]));
                continue;
            };
            if let Some(odd) = uris.iter().find(|uri| !uri.as_str().is_some_and(is_uri)) {
                let flaw = flaw("an element of `schemas` is no URI").expected("a URI");
                t.note(flaw.got(shown(Some(odd))).breaks(&["RFC7643-3-02"]));
            }
            let texts: Vec<String> =
                uris.iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect();
            if texts.iter().collect::<BTreeSet<_>>().len() < texts.len() {
                let flaw = flaw("`schemas` lists a URI twice").expected("every URI once");
                t.note(flaw.got(shown(given)).breaks(&["RFC7643-3-03"]));
            }
            if !declares(object, &kind.schema.core.id) {
                let flaw =
                    flaw("`schemas` does not name the base schema").expected(kind.schema.core.id.clone());
                t.note(flaw.got(shown(given)).breaks(&["RFC7643-3.3-01"]));
            }
        }
    }
    seen_something(seen, blocked)
}

check! {
    /// `schemas` lists the base schema and the extensions that the resource type declares, and nothing else; whatever extension
    /// has data in the resource is listed.
    ///
    /// Why: a client looks every URI up. One that no resource type knows leads nowhere, and data under a URN that is not
    /// listed is skipped.
    ///
    /// Fix: fill `schemas` from what the resource really holds, and declare every extension in /ResourceTypes.
    DECLARED = schemas_are_declared,
    id: "schemas.declared",
    title: "schemas lists declared schemas only, and every extension in use",
    level: Must,
    requirements: ["RFC7643-3-04", "RFC7643-3.1-03", "RFC7643-3.3-02", "RFC7643-3.3-03"],
    needs: [ResourceTypes],
    breaks: [],
}

async fn schemas_are_declared(t: &Trial) -> Verdict {
    let (mut seen, mut blocked) = (0, None);
    for kind in t.kinds() {
        let Some(found) = unless_blocked(representations(t, kind).await, &mut blocked)? else { continue };
        for (answer, resource) in found {
            seen += 1;
            let Some(object) = resource.as_object() else { continue };
            let given = member(object, "schemas").and_then(Value::as_array);
            for uri in given.into_iter().flatten().filter_map(Value::as_str) {
                let is_declared = kind.schema.core.id.eq_ignore_ascii_case(uri)
                    || kind
                        .schema
                        .resource_type
                        .extensions
                        .iter()
                        .any(|(urn, _)| urn.eq_ignore_ascii_case(uri));
                if !is_declared {
                    let flaw =
                        answer.flaw(format!("`schemas` lists a schema that {} does not have", kind.name()));
                    let flaw = flaw.expected("the base schema and declared extensions").got(uri);
                    t.note(flaw.breaks(&["RFC7643-3-04", "RFC7643-3.1-03"]));
                }
            }
            for (key, value) in object.iter().filter(|(key, _)| key.to_ascii_lowercase().starts_with("urn:"))
            {
                let has_data = value.as_object().is_some_and(|data| data.values().any(|v| !v.is_null()));
                if has_data && !declares(object, key) {
                    let flaw =
                        answer.flaw("a resource has data of an extension that `schemas` does not list");
                    let flaw = flaw.expected(format!("schemas with {key}"));
                    let flaw = flaw.got(format!("schemas {}", shown(member(object, "schemas"))));
                    t.note(flaw.breaks(&["RFC7643-3.3-02", "RFC7643-3.3-03"]));
                }
            }
        }
    }
    seen_something(seen, blocked)
}

check! {
    /// A representation that was trimmed with `attributes` still has its `schemas`.
    ///
    /// Why: a client that asks for two attributes reads the answer with the same code as a whole resource, and that code begins with
    /// `schemas`.
    ///
    /// Fix: treat `schemas` as always returned.
    TRIMMED = schemas_stay,
    id: "schemas.trimmed",
    title: "schemas stays in a representation trimmed by attributes",
    level: Should,
    requirements: ["RFC7644-3.9-13"],
    needs: [Users],
    breaks: [],
}

async fn schemas_stay(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let answer = t.get(&format!("{}?attributes=userName", cohort.members[0].created.path)).await?;
    answer.expect_status(&[200])?;
    let object = answer.object()?;
    if !declares(object, &cohort.kind.schema.core.id) {
        let flaw = answer.flaw("`attributes` removes `schemas`").expected(cohort.kind.schema.core.id.clone());
        return Err(flaw.got(format!("schemas {}", shown(member(object, "schemas")))).into());
    }
    Ok(())
}

check! {
    /// A published schema that lists common attributes such as `id` changes nothing about them: `id` is in every answer.
    ///
    /// Why: the id is the link between the two sides. A target that obeys its own listing and leaves the id out of trimmed answers
    /// breaks that link.
    ///
    /// Fix: give `id` the characteristics of RFC 7643 section 3.1 (always returned, case-exact, read-only), whatever /Schemas
    /// says.
    COMMON = common_attributes_win,
    id: "schemas.common-attributes",
    title: "common attributes keep their meaning when a schema lists them",
    level: Must,
    requirements: ["RFC7643-3.1-04"],
    needs: [Users],
    breaks: [],
}

async fn common_attributes_win(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let listed = ["id", "externalId", "meta"].iter().any(|name| {
        kind.schema.core.attributes.iter().any(|attribute| attribute.name.eq_ignore_ascii_case(name))
    });
    if !kind.is_published || !listed {
        return skip("the User schema of the target lists no common attributes");
    }
    let cohort = t.cohort().await?;
    let member = &cohort.members[0];
    let answer = t.get(&format!("{}?attributes=userName", member.created.path)).await?;
    answer.expect_status(&[200])?;
    if answer.text("id") != Some(member.id()) {
        let flaw = answer.flaw("`id` is left out because a schema lists it");
        return Err(flaw
            .expected(format!("id {}", member.id()))
            .got(format!("id {}", or_nothing(answer.text("id"))))
            .into());
    }
    Ok(())
}

check! {
    /// Messages carry exactly the URNs that RFC 7644 gives them: ListResponse, Error, BulkResponse.
    ///
    /// Why: clients compare the URN to know what they got. With the URN of SCIM 1.1, or a misspelled one, an answer is thrown away.
    ///
    /// Fix: use `urn:ietf:params:scim:api:messages:2.0:` and the name of the message, letter by letter.
    MESSAGES = messages_have_their_urns,
    id: "schemas.messages",
    title: "messages carry the URNs of RFC 7644",
    level: Must,
    requirements: ["RFC7644-3.1-03", "RFC7644-8.2-01"],
    needs: [],
    breaks: [Okta, Entra],
}

async fn messages_have_their_urns(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first() else { return skip("the target has no resource types") };
    let mut answers = vec![
        (t.get(&format!("{}?count=1", kind.endpoint())).await?, LIST_RESPONSE),
        (t.get(&t.absent(kind).await?).await?, ERROR),
    ];
    if t.lacks(Need::Search).await?.is_none() {
        let body = json!({ "schemas": [SEARCH_REQUEST], "count": 1 });
        answers.push((t.post(&format!("{}/.search", kind.endpoint()), &body).await?, LIST_RESPONSE));
    }
    if t.lacks(Need::Bulk).await?.is_none() {
        let path = t.made_up(kind.endpoint());
        let body = json!({ "schemas": [BULK_REQUEST], "Operations": [{ "method": "DELETE", "path": path }] });
        answers.push((t.post("/Bulk", &body).await?, BULK_RESPONSE));
    }
    for (answer, urn) in answers {
        // What is answered otherwise is judged by the checks of that message.
        let is_expected = if urn == ERROR { answer.status >= 400 } else { answer.status == 200 };
        let Some(object) = answer.json.as_ref().and_then(Value::as_object).filter(|_| is_expected) else {
            continue;
        };
        let given = member(object, "schemas");
        if given != Some(&json!([urn])) {
            let flaw =
                answer.flaw(format!("the answer to {} has another schema than its message", answer.asked));
            let flaw = flaw.expected(format!("schemas [\"{urn}\"]")).got(format!("schemas {}", shown(given)));
            // URNs compare without letter case, and one more does not hide the right one.
            let uris = given.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            let is_foreign = |uri: &str| !uri.starts_with("urn:ietf:params:scim:api:");
            let rules: &[&'static str] = match uris.into_iter().any(is_foreign) {
                true => &["RFC7644-3.1-03", "RFC7644-8.2-01"],
                false => &["RFC7644-8.2-01"],
            };
            let flaw = flaw.breaks(rules);
            t.note(if declares(object, urn) { flaw.concern() } else { flaw });
        }
    }
    Ok(())
}
