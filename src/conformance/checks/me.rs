//! `/Me`, the alias of whoever is asking (RFC 7644 §3.11). It is only read: what it stands for is somebody's account.

use serde_json::Value;

use super::compare::{Place, expect_same, get_in};
use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Answer, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] = &[ANSWER, SUBJECT, LOCATION, SAME];

check! {
    /// `/Me` answers with the resource of whoever is asking, redirects to it with 308, or says with 501 that there is no such
    /// feature.
    ///
    /// Why: a client has to tell «not here» from «you have no account» and from «something broke». A redirect with another status
    /// turns methods into GET.
    ///
    /// Fix: answer 501 with a SCIM Error where `/Me` is not offered; 404 with a SCIM Error where the client has no resource.
    ANSWER = answer,
    id: "me.answer",
    title: "/Me answers, redirects with 308, or says 501",
    level: Should,
    requirements: ["RFC7644-3.11-01", "RFC7644-3.11-02", "RFC7644-3.11-03"],
    needs: [],
    breaks: [],
}

async fn answer(t: &Trial) -> Verdict {
    let answer = t.get("/Me").await?;
    let flaw = match answer.status {
        200 | 501 | 403 => return Ok(()),
        308 if answer.headers.contains("location") => return Ok(()),
        // Whoever is asking may have no resource; then the error is one of SCIM.
        404 if answer.is_scim_error() => return Ok(()),
        404 => answer.flaw("/Me is not offered, and that is answered 404"),
        300..400 => answer.flaw(format!("/Me redirects with {}", answer.status)),
        _ => answer.flaw(format!("/Me answers {}", answer.said())),
    };
    let rule = if (300..400).contains(&answer.status) { "RFC7644-3.11-03" } else { "RFC7644-3.11-02" };
    Err(flaw.expected("200, 308 with a Location, or 501").got(answer.said()).breaks(&[rule]).into())
}

check! {
    /// `/Me` stands for whoever is asking, never for somebody who happens to be there.
    ///
    /// Why: who reads, changes or deletes its own account must not hit another one. The client of this run was there before the
    /// users that it creates, so that none of them can be its own.
    ///
    /// Fix: resolve `/Me` from the credentials of the request; answer 404 where they belong to no resource.
    SUBJECT = subject,
    id: "me.subject",
    title: "/Me is nobody that was created a moment ago",
    level: Must,
    requirements: ["RFC7644-3.11-01"],
    needs: [Users],
    breaks: [],
}

async fn subject(t: &Trial) -> Verdict {
    let users = t.users()?;
    t.create(&users).await?;
    let answer = answered(t).await?;
    let Some(id) = answer.text("id") else { return Ok(()) };
    let path = format!("{}/{}", users.endpoint(), crate::conformance::trial::component(id));
    if !t.ground().owns(&path) {
        return Ok(());
    }
    Err(answer
        .flaw("/Me shows a user that this run created")
        .expected("the resource of whoever is asking, or 404")
        .got(format!("\"id\": \"{id}\""))
        .into())
}

/// What `/Me` answers when it answers by itself.
async fn answered(t: &Trial) -> Result<Answer, Stop> {
    let answer = t.get("/Me").await?;
    match answer.status {
        200 => Ok(answer),
        _ => skip(format!("GET /Me answers {}", answer.said())),
    }
}

check! {
    /// The answer of `/Me` names the permanent URI of the resource in the Location header, the same as in `meta.location`.
    ///
    /// Why: the alias means somebody else for the next client. What is to be kept is the address of the resource itself.
    ///
    /// Fix: set `Location` to the URI below the endpoint of the resource type, never to `/Me`.
    LOCATION = location,
    id: "me.location",
    title: "/Me names the permanent URI of the resource",
    level: Must,
    requirements: ["RFC7644-3.11-04"],
    needs: [Me],
    breaks: [],
}

async fn location(t: &Trial) -> Verdict {
    let answer = answered(t).await?;
    let Some(location) = answer.headers.get("location") else {
        return Err(answer
            .flaw("the answer of /Me has no Location header")
            .expected("the permanent URI of the resource")
            .into());
    };
    let base = t.ground().target().base();
    let place = Place::of(base, "/Me", location);
    if place.is("/Me") {
        return Err(answer
            .flaw("the Location of /Me is /Me itself")
            .expected("the permanent URI of the resource")
            .got(location)
            .into());
    }
    let meta = get_in(answer.resource()?, "meta", "location").and_then(Value::as_str);
    if meta.is_some_and(|meta| Place::of(base, "/Me", meta) != place) {
        return Err(answer
            .flaw("the Location of /Me is another URI than meta.location")
            .expected(meta.unwrap_or_default())
            .got(location)
            .into());
    }
    let Place::Below(path) = place else { return Ok(()) };
    let there = t.get(&path).await?;
    if there.status == 200 && there.text("id") == answer.text("id") {
        return Ok(());
    }
    Err(there
        .flaw("the Location of /Me does not lead to the resource")
        .expected(format!("200 and the id {}", answer.text("id").unwrap_or_default()))
        .got(there.said())
        .into())
}

check! {
    /// `/Me` shows the same resource as GET by its id.
    ///
    /// Why: it is an alias and no resource of its own. Two views of one account make a client correct differences that are none.
    ///
    /// Fix: resolve `/Me` to the resource and go on as for a GET of its id.
    SAME = same,
    id: "me.same",
    title: "/Me shows the same resource as GET by its id",
    level: Must,
    requirements: ["RFC7644-3.11-01", "RFC7643-3.1-05"],
    needs: [Me, Users],
    breaks: [],
}

async fn same(t: &Trial) -> Verdict {
    let answer = answered(t).await?;
    let Some(id) = answer.text("id").filter(|id| !id.is_empty()) else {
        return Err(answer.flaw("the resource of /Me has no id").breaks(&["RFC7643-3.1-05"]).into());
    };
    let kind = get_in(answer.resource()?, "meta", "resourceType").and_then(Value::as_str);
    let known = t.kinds().iter().find(|known| Some(known.name()) == kind).cloned();
    let kind = match known {
        Some(kind) => kind,
        None => t.users()?,
    };
    let path = format!("{}/{}", kind.endpoint(), crate::conformance::trial::component(id));
    let there = t.get(&path).await?;
    if there.status != 200 {
        return Err(there
            .flaw("the resource of /Me is not found by its id")
            .expected("200")
            .got(there.said())
            .breaks(&["RFC7644-3.11-01"])
            .into());
    }
    let what = "/Me shows another resource than GET by its id";
    breaking(expect_same(&kind, answer.resource()?, &there, &[], what), &["RFC7644-3.11-01"])
}
