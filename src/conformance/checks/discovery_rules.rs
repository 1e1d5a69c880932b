//! How the discovery endpoints behave, and whether what they say is true (RFC 7643 §5, RFC 7644 §3.2, §4).

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::compare::Place;
use super::discovery_documents::elements;
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::{Kind, Support};
use crate::conformance::trial::{Answer, Trial, component};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::{BULK_REQUEST, member};
use crate::protocol::schema::{RESOURCE_TYPE, SCHEMA};

pub(super) const CHECKS: &[Check] = &[PARAMETERS, FILTER, READ_ONLY, ANNOUNCED, DENIED, LOCATIONS];

check! {
    /// `meta.location` of a schema, a resource type and the configuration leads to that document.
    ///
    /// Why: tools that show what a server offers follow the addresses that it names. One that ends in a 404 or in a web page looks like a
    /// schema that is not there.
    ///
    /// Fix: build `meta.location` of discovery documents from the path at which they can be read: `/Schemas/{id}`,
    /// `/ResourceTypes/{id}`, `/ServiceProviderConfig`.
    LOCATIONS = locations,
    id: "discovery.locations",
    title: "meta.location of a discovery document leads to it",
    level: Must,
    requirements: ["RFC7643-3.1-28"],
    needs: [],
    breaks: [],
}

async fn locations(t: &Trial) -> Verdict {
    let base = t.ground().target().base();
    let text = |object: &serde_json::Map<String, Value>, name: &str| {
        member(object, name).and_then(Value::as_str).map(str::to_owned)
    };
    for path in ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig"] {
        let answer = t.discovered(path).await?;
        if answer.status != 200 {
            continue;
        }
        let is_single = path == "/ServiceProviderConfig";
        let documents = match (is_single, answer.json.as_ref().and_then(Value::as_object)) {
            (true, Some(object)) => vec![object],
            (false, _) => elements(&answer, "discovery.types").unwrap_or_default(),
            _ => Vec::new(),
        };
        for document in documents {
            let location =
                member(document, "meta").and_then(Value::as_object).and_then(|meta| text(meta, "location"));
            let Some(location) = location.filter(|location| !location.is_empty()) else { continue };
            let names = [text(document, "id"), text(document, "name")];
            let mut usual = names.iter().flatten().map(|name| format!("{path}/{name}"));
            let place = Place::of(base, path, &location);
            // What can be read there is judged by `schemas.by-uri` and `discovery.type-by-id`.
            let is_usual = if is_single { place.is(path) } else { usual.any(|usual| place.is(&usual)) };
            let Place::Below(below) = &place else { continue };
            if is_usual {
                continue;
            }
            let there = t.get(below).await?;
            let leads = there.status == 200
                && there.json.as_ref().is_some_and(Value::is_object)
                && (is_single
                    || names
                        .iter()
                        .flatten()
                        .any(|name| there.text("id") == Some(name) || there.text("name") == Some(name)));
            if !leads {
                t.note(
                    there
                        .flaw(format!("`meta.location` of a document in {path} does not lead to it"))
                        .expected(format!("200 with the document at {location}"))
                        .got(there.said()),
                );
                break;
            }
        }
    }
    Ok(())
}

/// What tells the elements of a discovery list apart.
fn keys(answer: &Answer) -> Result<Vec<String>, Stop> {
    let key = |element: &serde_json::Map<String, Value>| {
        let text = |name: &str| member(element, name).and_then(Value::as_str);
        text("id").or_else(|| text("name")).unwrap_or_default().to_owned()
    };
    let mut keys: Vec<String> = elements(answer, "discovery.types")?.into_iter().map(key).collect();
    keys.sort();
    Ok(keys)
}

/// The discovery lists that the target has.
async fn lists(t: &Trial) -> Result<Vec<(&'static str, Answer)>, Stop> {
    let mut found = Vec::new();
    if t.discovery().has_types {
        found.push(("/ResourceTypes", t.discovered("/ResourceTypes").await?));
    }
    if t.discovery().has_schemas {
        found.push(("/Schemas", t.discovered("/Schemas").await?));
    }
    match found.is_empty() {
        true => skip("neither /ResourceTypes nor /Schemas can be read"),
        false => Ok(found),
    }
}

check! {
    /// The discovery endpoints ignore parameters for paging and sorting: the whole list comes, whatever is asked.
    ///
    /// Why: general-purpose clients add `count` to every request. A list of schemas that is cut to the first page hides
    /// attributes and extensions that the target has.
    ///
    /// Fix: do not run /Schemas and /ResourceTypes through the code that pages users.
    PARAMETERS = parameters_are_ignored,
    id: "discovery.parameters-ignored",
    title: "discovery lists are neither paged nor sorted",
    level: Must,
    requirements: ["RFC7644-4-10"],
    needs: [],
    breaks: [],
}

async fn parameters_are_ignored(t: &Trial) -> Verdict {
    let lists = lists(t).await?;
    let asked = lists.iter().map(|(path, whole)| async move {
        (t.get(&format!("{path}?startIndex=2&count=1&sortBy=id&sortOrder=descending")).await, whole)
    });
    for (answer, whole) in join_all(asked).await {
        let answer = answer?;
        if t.soft(answer.expect_status(&[200]))?.is_none() {
            continue;
        }
        let (given, wanted) = (keys(&answer)?, keys(whole)?);
        if given != wanted {
            t.note(
                answer
                    .flaw(format!("{} does not answer with the whole list", answer.asked))
                    .expected(format!("all {} elements", wanted.len()))
                    .got(format!("{} elements", given.len())),
            );
        }
    }
    if t.ground().discovery().config.is_some() {
        let answer =
            t.get("/ServiceProviderConfig?startIndex=2&count=1&sortBy=id&sortOrder=descending").await?;
        if answer.status != 200 {
            // Of the lists the RFC says it; the configuration is one document, and a refusal of paging does little harm.
            let flaw = answer.flaw(format!("{} answers {}", answer.asked, answer.said())).concern();
            t.note(flaw.expected("200 with the configuration").got(answer.said()));
        }
    }
    Ok(())
}

check! {
    /// A filter on a discovery endpoint is refused with 403. It is never applied.
    ///
    /// Why: a client that filters and gets a list believes that everything in it matches. A plain refusal tells it to look for
    /// itself; a filter that is ignored lets it take the wrong schema.
    ///
    /// Fix: answer 403 with a SCIM error when `/Schemas`, `/ResourceTypes` or `/ServiceProviderConfig` is asked with `filter`.
    FILTER = filters_are_refused,
    id: "discovery.filter-refused",
    title: "a filter on a discovery endpoint is refused",
    level: Should,
    requirements: ["RFC7644-4-10", "RFC7644-4-11"],
    needs: [],
    breaks: [],
}

async fn filters_are_refused(t: &Trial) -> Verdict {
    let lists = lists(t).await?;
    let nothing = component("name eq \"no such name\"");
    let nothing = &nothing;
    let asked = lists
        .iter()
        .map(|(path, whole)| async move { (t.get(&format!("{path}?filter={nothing}")).await, whole) });
    for (answer, whole) in join_all(asked).await {
        let answer = answer?;
        if answer.status == 403 {
            continue;
        }
        let flaw = answer.flaw(format!("{} answers {}", answer.asked, answer.said())).expected("403");
        if answer.status != 200 {
            t.note(flaw.got(answer.said()).breaks(&["RFC7644-4-11"]));
        } else if keys(&answer)? == keys(whole)? {
            t.note(flaw.got("the whole list; the filter is ignored").breaks(&["RFC7644-4-11"]));
        } else {
            t.note(flaw.got("a filtered list").violation());
        }
    }
    if t.ground().discovery().config.is_some() {
        let answer = t.get(&format!("/ServiceProviderConfig?filter={nothing}")).await?;
        if answer.status != 403 {
            let flaw = answer.flaw(format!("{} answers {}", answer.asked, answer.said())).expected("403");
            t.note(flaw.got(answer.said()).breaks(&["RFC7644-4-11"]));
        }
    }
    Ok(())
}

check! {
    /// The discovery endpoints are for reading: nobody can create, replace, change or delete what is there.
    ///
    /// Why: whoever may write schemas or the configuration decides what every other client believes. An endpoint that
    /// answers a write with success, even when it does nothing, also hides mistakes of clients.
    ///
    /// Fix: answer 405 with `Allow: GET` (or 501) to every other method at /ServiceProviderConfig, /ResourceTypes and
    /// /Schemas.
    READ_ONLY = discovery_is_read_only,
    id: "discovery.read-only",
    title: "discovery endpoints refuse writes",
    level: Must,
    requirements: ["RFC7643-5-02", "RFC7643-6-02", "RFC7643-7-02", "RFC7644-3.2-08"],
    needs: [],
    breaks: [],
}

async fn discovery_is_read_only(t: &Trial) -> Verdict {
    // A write that is taken must do no harm: the configuration is sent as it is, the others are incomplete, and what is
    // replaced, changed or deleted is not there.
    let config = t.discovery().config.clone();
    let mut requests = vec![
        ("POST", "/ResourceTypes".to_owned(), Some(json!({ "schemas": [RESOURCE_TYPE] })), "RFC7643-6-02"),
        ("POST", "/Schemas".to_owned(), Some(json!({ "schemas": [SCHEMA] })), "RFC7643-7-02"),
    ];
    requests.extend(
        config.map(|config| ("POST", "/ServiceProviderConfig".to_owned(), Some(config), "RFC7643-5-02")),
    );
    for (endpoint, schema, requirement) in
        [("/ResourceTypes", RESOURCE_TYPE, "RFC7643-6-02"), ("/Schemas", SCHEMA, "RFC7643-7-02")]
    {
        let path = t.made_up(endpoint);
        let body = json!({ "schemas": [schema] });
        requests.push(("PUT", path.clone(), Some(body), requirement));
        requests.push(("DELETE", path, None, requirement));
    }
    let sent = requests.iter().map(|(method, path, body, requirement)| async move {
        (t.call(method, path, body.as_ref()).await, *requirement)
    });
    for (answer, requirement) in join_all(sent).await {
        let answer = answer?;
        let flaw = answer.flaw(format!("{} answers {}", answer.asked, answer.said())).expected("405 or 501");
        let flaw = flaw.got(answer.said()).breaks(match requirement {
            "RFC7643-5-02" => &["RFC7643-5-02", "RFC7644-3.2-08"],
            "RFC7643-6-02" => &["RFC7643-6-02", "RFC7644-3.2-08"],
            _ => &["RFC7643-7-02", "RFC7644-3.2-08"],
        });
        match answer.status {
            403 | 404 | 405 | 415 | 501 => {}
            // It is refused, if not for what it is.
            400..=499 => t.note(flaw.concern()),
            _ => t.note(flaw),
        }
    }
    Ok(())
}

/// A refusal that says: there is no such thing here.
fn is_absent(answer: &Answer) -> bool {
    matches!(answer.status, 404 | 405 | 501)
}

/// The answer to a PATCH, of the forms that are tried the first that is not refused as unknown: a target need not know each.
async fn patched(t: &Trial, kind: &Kind) -> Result<Answer, Stop> {
    let body = t.body(kind).await?;
    let created = t.create_from(kind, &body).await?;
    let mut operations = vec![
        json!({ "op": "replace", "path": "userName", "value": body["userName"] }),
        json!({ "op": "replace", "value": { "active": true } }),
    ];
    if let Some(slot) = t.survey(kind).await?.texts(&kind.schema).first() {
        let value = slot.sample(&t.ground().fresh_name());
        operations.insert(0, json!({ "op": "replace", "path": slot.path(), "value": value }));
    }
    let mut answer = t.patch(&created.path, json!([operations[0]])).await?;
    for operation in &operations[1..] {
        if !is_absent(&answer) {
            break;
        }
        answer = t.patch(&created.path, json!([operation])).await?;
    }
    Ok(answer)
}

/// Whether users can be listed at all.
async fn can_list(t: &Trial, kind: &Kind) -> Result<bool, Stop> {
    Ok(t.get(&format!("{}?count=1", kind.endpoint())).await?.status == 200)
}

check! {
    /// What the configuration announces is there: PATCH, filters, sorting and bulk requests are not refused as unknown.
    ///
    /// Why: clients choose their requests by the configuration. A feature that is announced and not there fails for every
    /// person, and the client sees no reason to try another way.
    ///
    /// Fix: implement the feature, or set its `supported` to false.
    ANNOUNCED = announced_features_work,
    id: "discovery.announced-features",
    title: "what the configuration announces is not refused",
    level: Must,
    requirements: ["RFC7643-5-20"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn announced_features_work(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let is_on = |feature: &str| t.discovery().supports(feature, "supported") == Support::Yes;
    let mut seen = 0;
    let mut note = |feature: &str, answer: &Answer, is_refused: bool| {
        seen += 1;
        if is_refused {
            let flaw = answer.flaw(format!(
                "the configuration announces `{feature}`, and {} answers {}",
                answer.asked,
                answer.said()
            ));
            t.note(flaw.expected("the feature, or `supported` false").got(answer.said()));
        }
    };
    if is_on("patch") {
        let answer = patched(t, &kind).await?;
        note("patch", &answer, is_absent(&answer));
    }
    for (feature, query) in
        [("filter", "filter=userName%20eq%20%22nobody%22"), ("sort", "sortBy=userName&count=1")]
    {
        if is_on(feature) {
            let answer = t.get(&format!("{}?{query}", kind.endpoint())).await?;
            note(feature, &answer, is_absent(&answer) && !(feature == "filter" && answer.status == 404));
        }
    }
    if is_on("bulk") {
        let path = t.made_up(kind.endpoint());
        let body = json!({ "schemas": [BULK_REQUEST], "Operations": [{ "method": "DELETE", "path": path }] });
        let answer = t.post("/Bulk", &body).await?;
        note("bulk", &answer, is_absent(&answer));
    }
    match seen {
        0 => skip("the configuration announces none of PATCH, filters, sorting and bulk requests"),
        _ => Ok(()),
    }
}

check! {
    /// What the configuration denies is refused, with 501 or another refusal; it does not work secretly, and it does not
    /// crash.
    ///
    /// Why: «not supported» that works half is worse than either. Clients that obey the configuration miss a feature, and those
    /// that try it rely on something that nobody promised. A filter that is ignored without a word hands out everybody.
    ///
    /// Fix: answer 501 to requests for what is switched off, or announce it.
    DENIED = denied_features_are_refused,
    id: "discovery.denied-features",
    title: "what the configuration denies is refused",
    level: Should,
    requirements: ["RFC7643-5-20", "RFC7644-3.12-18"],
    needs: [Users],
    breaks: [],
}

async fn denied_features_are_refused(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let is_off = |feature: &str| matches!(t.discovery().supports(feature, "supported"), Support::No(_));
    let mut answers = Vec::new();
    if is_off("patch") {
        answers.push(("patch", patched(t, &kind).await?));
    }
    if is_off("bulk") {
        let path = t.made_up(kind.endpoint());
        let body = json!({ "schemas": [BULK_REQUEST], "Operations": [{ "method": "DELETE", "path": path }] });
        answers.push(("bulk", t.post("/Bulk", &body).await?));
    }
    let can_list = (is_off("filter") || is_off("sort")) && can_list(t, &kind).await?;
    if is_off("filter") && can_list {
        t.create(&kind).await?;
        let nobody = component(&format!("userName eq \"{}\"", t.ground().fresh_name()));
        answers.push(("filter", t.get(&format!("{}?filter={nobody}&count=1", kind.endpoint())).await?));
    }
    if is_off("sort") && can_list {
        answers.push(("sort", t.get(&format!("{}?sortBy=userName&count=1", kind.endpoint())).await?));
    }
    if answers.is_empty() {
        return skip("the configuration denies none of PATCH, bulk requests, filters and sorting");
    }
    for (feature, answer) in answers {
        let flaw = answer
            .flaw(format!(
                "the configuration denies `{feature}`, and {} answers {}",
                answer.asked,
                answer.said()
            ))
            .expected("501")
            .got(answer.said());
        let is_fine = match (feature, answer.status) {
            (_, 501 | 400..=499) => true,
            // Sorting is a wish; not to fulfil it is no mistake.
            ("sort", 200) => true,
            // A filter that works better than promised does no harm.
            ("filter", 200) => {
                answer.list().is_ok_and(|list| list.total == Some(0) && list.resources.is_empty())
            }
            _ => false,
        };
        if !is_fine {
            let rule = if answer.status >= 500 { "RFC7644-3.12-18" } else { "RFC7643-5-20" };
            t.note(flaw.breaks(&[rule]));
        }
    }
    Ok(())
}
