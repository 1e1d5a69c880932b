//! Creating resources (RFC 7644 §3.3): that it works, and how it is answered.

use serde_json::Value;

use super::compare::{Place, creatable, expect_same, get, look};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Role;
use crate::conformance::trial::{Answer, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] = &[MINIMAL, ID, BODY, ANSWER_IS_STATE, LOCATION, DUPLICATE];

check! {
    /// A POST with nothing but what the schema demands creates a resource and is answered with 201.
    ///
    /// Why: identity providers send what their administrators map, which may be little. A target that demands more than its
    /// schema says refuses people for reasons that nobody can see beforehand, and clients that look for 201 count any
    /// other success as a failure.
    ///
    /// Fix: accept a body with the required attributes of /Schemas, or mark there what is required besides; answer 201.
    MINIMAL = minimal,
    id: "create.minimal",
    title: "a resource can be created from its required attributes",
    level: Must,
    requirements: ["RFC7644-3.3-01", "RFC7644-3.3-06", "RFC7644-3.3-03"],
    needs: [],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn minimal(t: &Trial) -> Verdict {
    for kind in t.kinds() {
        let answer = t.post(kind.endpoint(), &t.minimal(kind)).await?;
        if answer.is_success() {
            let status = answer.expect_status(&[201]);
            t.soft(status.map_err(|stop| breaking(stop, &["RFC7644-3.3-06"])))?;
            continue;
        }
        // Types of the target's own may be there only to be read, or refer to things that nobody can guess.
        let is_own = kind.role == Role::Other;
        if is_own && matches!(answer.status, 403 | 404 | 405 | 501) {
            continue;
        }
        let flaw = answer
            .flaw(format!("no {} can be created from what its schema demands", kind.name()))
            .expected("201")
            .got(answer.said())
            .breaks(&["RFC7644-3.3-01"]);
        t.note(if is_own || !kind.is_published { flaw.concern() } else { flaw });
    }
    Ok(())
}

/// The same problem, with the requirements that it breaks.
fn breaking(stop: Stop, requirements: &[&'static str]) -> Stop {
    match stop {
        Stop::Problem(flaw) => flaw.breaks(requirements).into(),
        stop => stop,
    }
}

check! {
    /// The server gives every new resource an id: text that is not empty, the same in every answer.
    ///
    /// Why: the id is the only link that an identity provider keeps. Without it, or when it changes, the next change of a
    /// person goes nowhere or creates a second account. The word `bulkId` in an id would be taken for a reference.
    ///
    /// Fix: return `id` as a non-empty JSON string in the answer to POST, and return the same one from then on.
    ID = id,
    id: "create.id",
    title: "a new resource has an id that stays",
    level: Must,
    requirements: ["RFC7643-3.1-05", "RFC7643-3.1-06", "RFC7643-3.1-08", "RFC7643-3.1-02", "RFC7643-3.1-11", "RFC7644-3.3-08"],
    needs: [],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn id(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let answer = t.post(kind.endpoint(), &t.body(&kind).await?).await?;
        if !answer.is_success() {
            return t.created_by(&kind, &answer).map(drop);
        }
        // A body is a SHOULD; where there is one, it has the id.
        if answer.body.is_empty() {
            if !answer.headers.contains("location") {
                let flaw = answer.flaw("the answer to POST tells neither an id nor a location");
                t.note(flaw.breaks(&["RFC7644-3.3-08"]));
                continue;
            }
        } else {
            let given = get(answer.resource()?, "id");
            if given.and_then(Value::as_str).is_none_or(str::is_empty) {
                let shown = given.map_or_else(|| "no id".to_owned(), Value::to_string);
                let broken: &[&'static str] =
                    if given.is_some() { &["RFC7643-3.1-06"] } else { &["RFC7643-3.1-05", "RFC7643-3.1-02"] };
                t.note(
                    answer
                        .flaw(format!("the answer to {} has no `id` that is text", answer.asked))
                        .expected("a non-empty string")
                        .got(shown)
                        .breaks(broken),
                );
            }
        }
        let created = t.created_by(&kind, &answer)?;
        if created.id.to_ascii_lowercase().contains("bulkid") {
            t.note(
                answer
                    .flaw("the id contains the reserved word `bulkId`")
                    .got(created.id.clone())
                    .breaks(&["RFC7643-3.1-11"]),
            );
        }
        let read = look(t, &created).await?;
        match &read.resource()?["id"] {
            Value::String(given) if *given == created.id => {}
            other => t.note(
                read.flaw(format!("the answer to {} has another `id` than the new resource", read.asked))
                    .expected(format!("\"id\": \"{}\"", created.id))
                    .got(format!("\"id\": {other}"))
                    .breaks(match other {
                        Value::Null => &["RFC7643-3.1-05"],
                        Value::String(_) => &["RFC7643-3.1-08"],
                        _ => &["RFC7643-3.1-06"],
                    }),
            ),
        }
    }
    Ok(())
}

check! {
    /// The answer to a successful POST has the new resource in its body.
    ///
    /// Why: Okta and others read the id from there and do not follow the Location header. Without a body the account exists
    /// and the identity provider does not know which one it is.
    ///
    /// Fix: answer 201 with the resource as it is stored, `schemas`, `id` and `meta` included.
    BODY = body,
    id: "create.body",
    title: "the answer to POST is the new resource",
    level: Should,
    requirements: ["RFC7644-3.3-07"],
    needs: [],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn body(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let sent = t.body(&kind).await?;
        let answer = t.post(kind.endpoint(), &sent).await?;
        if !answer.is_success() {
            return t.created_by(&kind, &answer).map(drop);
        }
        let Some(resource) = t.soft(answer.resource())? else { continue };
        let name = if kind.role == Role::User { "userName" } else { "schemas" };
        if get(resource, name).is_none() {
            t.note(
                answer
                    .flaw(format!("the answer to {} is no {}", answer.asked, kind.name()))
                    .expected(format!("a resource with `{name}`"))
                    .got(shortened(&resource.to_string())),
            );
        }
    }
    Ok(())
}

check! {
    /// The answer to a POST shows the resource as it is stored: a GET right after it shows the same.
    ///
    /// Why: an answer that is only an echo of the request hides that a value was dropped or changed. The identity provider
    /// believes that everything arrived and never sends it again.
    ///
    /// Fix: make the answer from what was stored, not from what was sent.
    ANSWER_IS_STATE = answer_is_state,
    id: "create.answer-is-state",
    title: "the answer to POST shows what is stored",
    level: Must,
    requirements: ["RFC7644-3.1-06"],
    needs: [],
    breaks: [Okta, Entra],
}

async fn answer_is_state(t: &Trial) -> Verdict {
    let mut is_judged = false;
    for kind in creatable(t).await? {
        let mut sent = t.body(&kind).await?;
        sent["externalId"] = t.ground().fresh_name().into();
        let answer = t.post(kind.endpoint(), &sent).await?;
        let created = t.created_by(&kind, &answer)?;
        if answer.body.is_empty() {
            continue;
        }
        is_judged = true;
        let read = look(t, &created).await?;
        let what = format!("the answer to {} shows something else than what is stored", answer.asked);
        t.soft(expect_same(&kind, answer.resource()?, &read, &[], &what))?;
    }
    if is_judged { Ok(()) } else { skip("the answer to POST has no body (check `create.body`)") }
}

check! {
    /// The answer to a successful POST has a Location header that leads to the new resource.
    ///
    /// Why: the header is the one place where every client finds the address of what it created, also when the body is left
    /// out. A location of the collection, or with a doubled path, sends it astray.
    ///
    /// Fix: set `Location` to the URI of the new resource, built from the public base URL and the id.
    LOCATION = location,
    id: "create.location",
    title: "the Location of a new resource leads to it",
    level: Must,
    requirements: ["RFC7644-3.3-08", "RFC9110-10.2.2-01"],
    needs: [],
    breaks: [Okta],
}

async fn location(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let answer = t.post(kind.endpoint(), &t.body(&kind).await?).await?;
        let created = t.created_by(&kind, &answer)?;
        let Some(location) = answer.headers.get("location") else {
            t.note(
                answer
                    .flaw(format!("the answer to {} has no Location header", answer.asked))
                    .expected(format!("Location: {}{}", t.ground().target().base(), created.path))
                    .got("no Location")
                    .breaks(&["RFC7644-3.3-08"]),
            );
            continue;
        };
        let place = Place::of(t.ground().target().base(), kind.endpoint(), location);
        t.soft(leads_to(t, &answer, location, &place, &created.path, &created.id).await)?;
    }
    Ok(())
}

/// Fails where a location is not that of the resource.
pub(super) async fn leads_to(
    t: &Trial,
    answer: &Answer,
    location: &str,
    place: &Place,
    path: &str,
    id: &str,
) -> Verdict {
    if place.is(path) {
        return Ok(());
    }
    // The path of a resource need not be made of its id as we think; what counts is where it leads.
    if let Place::Below(below) = place {
        let there = t.get(below).await?;
        if there.status == 200 && there.text("id") == Some(id) {
            return Ok(());
        }
    }
    Err(answer
        .flaw("the location of the new resource does not lead to it")
        .expected(format!("{}{path}", t.ground().target().base()))
        .got(location)
        .into())
}

check! {
    /// A POST with a userName that somebody has already is refused with 409 and the scimType `uniqueness`.
    ///
    /// Why: identity providers retry, and two of them may know the same person. Without the conflict there are two
    /// accounts for one person, and only one of them is ever deactivated. Another status than 409 is taken for a broken
    /// request or for a passing failure.
    ///
    /// Fix: keep a unique index on the case-folded userName, and answer 409 with `"scimType": "uniqueness"` when it is hit.
    DUPLICATE = duplicate,
    id: "create.duplicate",
    title: "a userName that is taken is refused with 409 uniqueness",
    level: Must,
    requirements: ["RFC7644-3.3-10", "RFC7643-4.1.1-03", "Q-C15"],
    needs: [Users],
    breaks: [Okta, Entra, OneLogin],
}

async fn duplicate(t: &Trial) -> Verdict {
    let users = t.users()?;
    let first = t.body(&users).await?;
    let created = t.create_from(&users, &first).await?;
    let before = t.read(&created).await?;
    let mut second = t.body(&users).await?;
    second["userName"] = first["userName"].clone();
    let answer = t.post(users.endpoint(), &second).await?;
    if answer.is_success() {
        t.note(
            answer
                .flaw("a second user with the same userName is accepted")
                .expected("409 uniqueness")
                .got(answer.said()),
        );
    } else {
        let refusal = answer.expect_error(&[409], Some("uniqueness")).map(drop);
        t.soft(refusal.map_err(|stop| breaking(stop, &["RFC7644-3.3-10", "Q-C15"])))?;
    }
    let after = look(t, &created).await?;
    let same =
        expect_same(&users, &before, &after, &[], "a refused duplicate changed the user that was there");
    same.map_err(|stop| breaking(stop, &["RFC7644-3.3-10"]))
}
