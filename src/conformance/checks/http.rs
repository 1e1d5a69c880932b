//! Endpoints and methods (RFC 7644 §3.2, RFC 9110 §9, §15.5).

use serde_json::json;

use super::errors::body as body_of;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::trial::{Answer, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::exchange::Request;

pub(super) const CHECKS: &[Check] = &[UNKNOWN_ENDPOINT, METHODS, WRONG_METHODS, ALLOW, HEAD];

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
