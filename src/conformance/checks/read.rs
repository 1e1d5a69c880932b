//! Reading one resource (RFC 7644 §3.4.1) and what every resource has (RFC 7643 §3).

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::compare::{Place, creatable, expect_same, get, get_in, look};
use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Answer, Created, Trial, shortened};
use crate::conformance::verdict::{Flaw, Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] =
    &[BY_ID, UNKNOWN, ID_ONLY, OTHER_ENDPOINT, CASE_EXACT, NO_EFFECT, ODD_IDS, HEAD, CONTENT_LOCATION];

check! {
    /// GET of the endpoint and the id answers 200 with the resource itself.
    ///
    /// Why: it is how identity providers look at an account before they change it. A list with one element, or an answer
    /// without the id, cannot be read as the account.
    ///
    /// Fix: answer `GET {endpoint}/{id}` with 200 and the resource as a JSON object.
    BY_ID = by_id,
    id: "read.by-id",
    title: "GET of an id answers with the resource",
    level: Must,
    requirements: ["RFC7644-3.4.1-01", "RFC7643-3.1-05", "RFC7643-3-01"],
    needs: [],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn by_id(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let created = t.create(&kind).await?;
        let answer = t.get(&created.path).await?;
        if t.soft(breaking(answer.expect_status(&[200]), &["RFC7644-3.4.1-01"]))?.is_none() {
            continue;
        }
        let Some(resource) = t.soft(breaking(answer.resource(), &["RFC7644-3.4.1-01"]))? else { continue };
        let id = get(resource, "id");
        if id.and_then(Value::as_str) != Some(created.id.as_str()) {
            t.note(
                answer
                    .flaw(format!("{} answers with something else than the resource", answer.asked))
                    .expected(format!("a resource with the id {}", created.id))
                    .got(shortened(&resource.to_string()))
                    .breaks(if id.is_some() { &["RFC7644-3.4.1-01"] } else { &["RFC7643-3.1-05"] }),
            );
        }
        if get(resource, "schemas").is_none_or(|schemas| !schemas.is_array()) {
            t.note(
                answer
                    .flaw("the resource has no `schemas`")
                    .expected("a non-empty array")
                    .got(resource.get("schemas").map_or_else(|| "nothing".to_owned(), Value::to_string))
                    .breaks(&["RFC7643-3-01"]),
            );
        }
    }
    Ok(())
}

check! {
    /// GET of an id that nobody has answers 404 with a SCIM Error.
    ///
    /// Why: identity providers ask for the id that they remember and create the account again when it is gone. An empty 200
    /// or a 500 tells them nothing, and they go on failing in every cycle.
    ///
    /// Fix: answer 404 with a body of the schema `urn:ietf:params:scim:api:messages:2.0:Error`.
    UNKNOWN = unknown,
    id: "read.unknown-id",
    title: "GET of an unknown id answers 404",
    level: Must,
    requirements: ["RFC7644-3.4.1-03"],
    needs: [],
    breaks: [Okta, Entra],
}

async fn unknown(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let path = t.absent(&kind).await?;
        let answer = t.get(&path).await?;
        if t.soft(answer.expect_status(&[404]))?.is_some() && !answer.is_scim_error() {
            t.note(
                answer
                    .flaw(format!("404 to {} has no SCIM Error as its body", answer.asked))
                    .expected("schemas with urn:ietf:params:scim:api:messages:2.0:Error")
                    .got(shortened(&String::from_utf8_lossy(&answer.body))),
            );
        }
    }
    Ok(())
}

check! {
    /// A resource is addressed by its id and by nothing else: its userName or externalId in the place of the id finds nothing.
    ///
    /// Why: names change and are given to others. A link made of a name leads to another person after a while, and a userName
    /// that equals somebody's id becomes a way to that account.
    ///
    /// Fix: look the last segment of the path up as an id only.
    ID_ONLY = id_only,
    id: "read.id-only",
    title: "a resource is found by its id only, not by its name",
    level: Should,
    requirements: ["RFC7644-3.4.1-02"],
    needs: [Users],
    breaks: [],
}

async fn id_only(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    body["externalId"] = json!(t.ground().fresh_name());
    let created = t.create_from(&users, &body).await?;
    for name in ["userName", "externalId"] {
        let Some(value) = get(&body, name).and_then(Value::as_str) else { continue };
        // An id is opaque; it may well be the name.
        if value.eq_ignore_ascii_case(&created.id) {
            continue;
        }
        let path = format!("{}/{}", users.endpoint(), crate::conformance::trial::component(value));
        let answer = t.get(&path).await?;
        if answer.is_success() {
            t.note(
                answer
                    .flaw(format!("a user is found by its {name} in the place of its id"))
                    .expected("404")
                    .got(answer.said()),
            );
        }
    }
    Ok(())
}

check! {
    /// The id of a user leads nowhere below another endpoint.
    ///
    /// Why: a client that mixes two types up must get 404. Otherwise it deletes or renames a user where it means a group.
    ///
    /// Fix: look an id up among the resources of the type that the endpoint is for.
    OTHER_ENDPOINT = other_endpoint,
    id: "read.other-endpoint",
    title: "the id of a user is unknown at the endpoint of groups",
    level: Must,
    requirements: ["RFC7644-3.4.1-04"],
    needs: [Users, Groups],
    breaks: [],
}

async fn other_endpoint(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let user = t.create(&users).await?;
    let there = t.get(&user.path.replacen(users.endpoint(), groups.endpoint(), 1)).await?;
    if there.status == 404 {
        return Ok(());
    }
    let is_group = there
        .json
        .as_ref()
        .and_then(|json| get_in(json, "meta", "resourceType"))
        .and_then(Value::as_str)
        .is_some_and(|name| name == groups.name());
    if there.is_success() && is_group && there.text("userName").is_none() {
        // Another resource with the same id is judged by `uniqueness.ids`.
        return skip("there is a group with the same id");
    }
    let flaw = there
        .flaw(format!("the id of a user is known at {}", groups.endpoint()))
        .expected("404")
        .got(there.said());
    Err(if there.is_success() { flaw } else { flaw.concern() }.into())
}

check! {
    /// An id is case-exact: the same letters in another case are another id.
    ///
    /// Why: when two spellings lead to one resource, clients that compare ids see two resources, and caches and audit logs
    /// disagree.
    ///
    /// Fix: compare ids letter by letter; where they are UUIDs, refuse the spelling that was not given out.
    CASE_EXACT = case_exact,
    id: "read.id-case-exact",
    title: "an id in another letter case is unknown",
    level: Should,
    requirements: ["RFC7643-3.1-12"],
    needs: [Users],
    breaks: [],
}

async fn case_exact(t: &Trial) -> Verdict {
    let users = t.users()?;
    let created = t.create(&users).await?;
    let flip = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    let flipped: String = created.id.chars().map(flip).collect();
    if flipped == created.id {
        return skip("ids have no letters");
    }
    let path = format!("{}/{}", users.endpoint(), crate::conformance::trial::component(&flipped));
    let answer = t.get(&path).await?;
    if answer.is_success() {
        return Err(answer
            .flaw("a user is found by its id in another letter case")
            .expected("404")
            .got(answer.said())
            .into());
    }
    Ok(())
}

check! {
    /// A GET changes nothing: the second one shows the same resource, the same version and the same time of the last change.
    ///
    /// Why: a client that reads often would make every resource look changed, and an entity tag that differs each time makes
    /// every conditional update fail.
    ///
    /// Fix: write nothing on a read; record logins and look-ups elsewhere than in `meta`.
    NO_EFFECT = no_effect,
    id: "read.no-effect",
    title: "GET does not change the resource",
    level: Must,
    requirements: ["RFC7644-3.4.1-05"],
    needs: [],
    breaks: [],
}

async fn no_effect(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let created = t.create(&kind).await?;
        let first = look(t, &created).await?;
        let second = look(t, &created).await?;
        let before = first.resource()?;
        t.soft(expect_same(&kind, before, &second, &[], "the second GET shows another resource"))?;
        let tag = |answer: &Answer| answer.headers.get("etag").map(str::to_owned);
        for name in ["lastModified", "version"] {
            let (a, b) = (get_in(before, "meta", name), get_in(second.resource()?, "meta", name));
            if a != b {
                t.note(
                    second
                        .flaw(format!("meta.{name} changes with a GET"))
                        .expected(a.map_or_else(|| "nothing".to_owned(), Value::to_string))
                        .got(b.map_or_else(|| "nothing".to_owned(), Value::to_string)),
                );
            }
        }
        if tag(&first) != tag(&second) {
            t.note(
                second
                    .flaw("the entity tag changes with a GET")
                    .expected(tag(&first).unwrap_or_default())
                    .got(tag(&second).unwrap_or_default()),
            );
        }
    }
    Ok(())
}

check! {
    /// An id with characters that mean something elsewhere is an unknown id: 404, or 400, and never an error of the server.
    ///
    /// Why: an id that is put into a query or a file name as it comes is a way in. An internal error shows that nobody thought of
    /// it, and a list in its place shows that the id was lost on the way.
    ///
    /// Fix: decode the segment once, look it up as an opaque text, and answer 404.
    ODD_IDS = odd_ids,
    id: "read.odd-ids",
    title: "an id with odd characters is just unknown",
    level: Should,
    requirements: ["RFC7644-3.4.1-03", "RFC7644-3.12-13"],
    needs: [Users],
    breaks: [],
}

async fn odd_ids(t: &Trial) -> Verdict {
    let users = t.users()?;
    let long = "a".repeat(1500);
    let ids = ["%23", "0", "-1", "%27%20OR%201%3D1", "%7B%7D", "null", "undefined", "%E2%98%83", &long];
    let paths: Vec<String> = ids.iter().map(|id| format!("{}/{id}", users.endpoint())).collect();
    let answers = join_all(paths.iter().map(|path| t.get(path))).await;
    for answer in answers {
        let answer = answer?;
        let is_fine = (400..500).contains(&answer.status);
        // A resource that happens to have that id is none of ours.
        let is_resource = answer.status == 200 && answer.text("id").is_some();
        if !is_fine && !is_resource {
            t.note(
                answer
                    .flaw(format!("{} is not answered as an unknown id", shortened(&answer.asked)))
                    .expected("404")
                    .got(answer.said()),
            );
        }
    }
    Ok(())
}

check! {
    /// HEAD of a resource answers like GET, without a body.
    ///
    /// Why: proxies, monitors and caches ask with HEAD. RFC 9110 demands GET and HEAD of every server.
    ///
    /// Fix: route HEAD to what answers GET; most frameworks do that when they are asked to.
    HEAD = head,
    id: "read.head",
    title: "HEAD is answered like GET",
    level: Should,
    requirements: ["RFC9110-9.1-01"],
    needs: [Users],
    breaks: [],
}

async fn head(t: &Trial) -> Verdict {
    let users = t.users()?;
    let created = t.create(&users).await?;
    let answer = t.call("HEAD", &created.path, None).await?;
    answer.expect_status(&[200]).map(drop)
}

check! {
    /// Where an answer has a Content-Location header, it is the same URI as `meta.location` in the body.
    ///
    /// Why: the header tells caches and clients which resource the body is. Another URI makes them file it under a resource
    /// that does not exist.
    ///
    /// Fix: fill the header from `meta.location`, or leave it out.
    CONTENT_LOCATION = content_location,
    id: "read.content-location",
    title: "Content-Location equals meta.location",
    level: Must,
    requirements: ["RFC7643-3.1-29"],
    needs: [Users],
    breaks: [],
}

async fn content_location(t: &Trial) -> Verdict {
    let users = t.users()?;
    let body = t.body(&users).await?;
    let posted = t.post(users.endpoint(), &body).await?;
    let created = t.created_by(&users, &posted)?;
    let read = look(t, &created).await?;
    let put = t.put(&created.path, &body).await?;
    let mut is_judged = false;
    let answers = [(posted, users.endpoint()), (read, created.path.as_str()), (put, created.path.as_str())];
    for (answer, asked) in answers {
        is_judged |= judge_content_location(t, &answer, asked, &created)?;
    }
    if is_judged { Ok(()) } else { skip("no answer has a Content-Location header") }
}

fn judge_content_location(t: &Trial, answer: &Answer, asked: &str, created: &Created) -> Result<bool, Stop> {
    let Some(header) = answer.headers.get("content-location").filter(|_| answer.is_success()) else {
        return Ok(false);
    };
    let Some(location) = answer.json.as_ref().and_then(|json| get_in(json, "meta", "location")) else {
        return Ok(false);
    };
    let base = t.ground().target().base();
    let meant = Place::of(base, asked, location.as_str().unwrap_or_default());
    if Place::of(base, asked, header) != meant {
        let flaw: Flaw = answer.flaw("Content-Location is another URI than meta.location");
        t.note(flaw.expected(location.to_string()).got(format!("{header} for {}", created.path)));
    }
    Ok(true)
}
