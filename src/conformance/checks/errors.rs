//! The error message (RFC 7644 §3.12).

use serde_json::{Value, json};

use super::discovery_documents::shown;
use super::media::expect_scim_json;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::trial::{Answer, Trial, component, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::exchange::{Request, SCIM_JSON};
use crate::protocol::error::ScimType;
use crate::protocol::message::{PATCH_OP, member};

pub(super) const CHECKS: &[Check] =
    &[MESSAGE, STATUS, MEDIA_TYPE, DETAIL, NOT_FOUND, NOT_FOUND_ANY_ID, CLIENT_MISTAKES, MALFORMED];

/// The body of an answer for a message.
pub(super) fn body(answer: &Answer) -> String {
    match (&answer.json, answer.body.is_empty()) {
        (_, true) => "no body".to_owned(),
        (Some(json), _) => shortened(&json.to_string()),
        (None, _) => format!("`{}`", shortened(&String::from_utf8_lossy(&answer.body))),
    }
}

/// A request with a body as it is written.
pub(super) fn raw(method: &str, target: &str, body: &str) -> Request {
    let mut request = Request::new(method, target);
    request.headers.append("Content-Type", SCIM_JSON);
    request.body = body.to_owned().into();
    request
}

/// Refusals of several kinds, each as it comes: something absent, a broken body, a wrong value, a conflict, a broken filter, a broken
/// PATCH. Requests that are not refused are left out; others judge them.
async fn refusals(t: &Trial) -> Result<Vec<Answer>, Stop> {
    let Some(kind) = t.kinds().first() else { return skip("the target has no resource types") };
    let absent = t.absent(kind).await?;
    let body = t.body(kind).await?;
    let created = t.create_from(kind, &body).await?;
    let mut answers = vec![
        t.get(&absent).await?,
        t.delete(&absent).await?,
        t.send(raw("POST", kind.endpoint(), "{ \"schemas\": ")).await?,
        t.post(kind.endpoint(), &json!({ "schemas": [kind.schema.core.id] })).await?,
        t.post(kind.endpoint(), &body).await?,
    ];
    if t.lacks(Need::Filter).await?.is_none() {
        answers.push(t.get(&format!("{}?filter={}", kind.endpoint(), component("userName eq"))).await?);
    }
    if t.lacks(Need::Patch).await?.is_none() {
        let body = json!({ "schemas": [PATCH_OP], "Operations": [{ "op": "nonsense", "path": "userName" }] });
        answers.push(t.call("PATCH", &created.path, Some(&body)).await?);
    }
    answers.retain(|answer| answer.status >= 400);
    match answers.is_empty() {
        true => skip("nothing that was tried is refused"),
        false => Ok(answers),
    }
}

check! {
    /// Every refusal has a JSON object with the schema of errors as its body; `scimType`, where it is there, is a known keyword.
    ///
    /// Why: what went wrong stands in the body, and clients show it to administrators. Okta and Entra parse it in any case: an HTML page
    /// gives «not able to deserialize», and the reason is lost.
    ///
    /// Fix: answer `{ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "404", "detail": "…" }` for every
    /// status of 400 and above, also where the framework refuses the request before your code sees it.
    MESSAGE = refusals_are_messages,
    id: "errors.message",
    title: "every refusal has a SCIM error as its body",
    level: Must,
    requirements: [
        "RFC7644-3.2-12", "RFC7644-3.5.2-25", "RFC7644-3.12-01", "RFC7644-3.12-02", "RFC7644-3.12-05",
    ],
    needs: [],
    breaks: [Okta, Entra],
}

async fn refusals_are_messages(t: &Trial) -> Verdict {
    for answer in refusals(t).await? {
        let is_patch = answer.asked.starts_with("PATCH");
        if answer.json.as_ref().and_then(Value::as_object).is_none() {
            let flaw = answer.flaw(format!("the body of the refusal {} is no JSON object", answer.status));
            let flaw = flaw.expected("a SCIM error").got(body(&answer));
            t.note(flaw.breaks(if is_patch {
                &["RFC7644-3.2-12", "RFC7644-3.5.2-25", "RFC7644-3.12-01"]
            } else {
                &["RFC7644-3.2-12", "RFC7644-3.12-01"]
            }));
            continue;
        }
        if !answer.is_scim_error() {
            let flaw = answer
                .flaw(format!("the body of the refusal {} does not say that it is an error", answer.status));
            let flaw = flaw.expected(format!("schemas [\"{}\"]", crate::protocol::message::ERROR));
            t.note(flaw.got(body(&answer)).breaks(&["RFC7644-3.12-02"]));
        }
        if let Some(keyword) = member(answer.object()?, "scimType").filter(|keyword| !keyword.is_null()) {
            let is_known = |text: &str| ScimType::ALL.iter().any(|known| known.keyword() == text);
            if !keyword.as_str().is_some_and(is_known) {
                let flaw = answer.flaw("`scimType` is no keyword that the RFCs define").concern();
                let known: Vec<&str> = ScimType::ALL.iter().map(|known| known.keyword()).collect();
                t.note(
                    flaw.expected(known.join(", ")).got(shown(Some(keyword))).breaks(&["RFC7644-3.12-05"]),
                );
            }
        }
    }
    Ok(())
}

/// Three refusals of different kinds.
async fn some_refusals(t: &Trial) -> Result<Vec<Answer>, Stop> {
    let Some(kind) = t.kinds().first() else { return skip("the target has no resource types") };
    let mut answers = vec![
        t.get(&t.absent(kind).await?).await?,
        t.send(raw("POST", kind.endpoint(), "{ \"schemas\": ")).await?,
        t.post(kind.endpoint(), &json!({ "schemas": [kind.schema.core.id] })).await?,
    ];
    answers.retain(|answer| answer.status >= 400);
    match answers.is_empty() {
        true => skip("nothing that was tried is refused"),
        false => Ok(answers),
    }
}

check! {
    /// `status` of an error is the status of the response, as text.
    ///
    /// Why: clients with types in their language read a text there. A number makes Okta's and others' parsers fail on the one answer that
    /// says what is wrong.
    ///
    /// Fix: `"status": "404"`, with quotation marks, and the same as in the status line.
    STATUS = statuses_agree,
    id: "errors.status",
    title: "status of an error is the HTTP status as text",
    level: Must,
    requirements: ["RFC7644-3.12-03", "RFC7644-3.12-04", "RFC7644-3.2-12"],
    needs: [],
    breaks: [Okta],
}

async fn statuses_agree(t: &Trial) -> Verdict {
    let mut seen = 0;
    for answer in some_refusals(t).await? {
        let Some(object) = answer.json.as_ref().and_then(Value::as_object) else { continue };
        seen += 1;
        let given = member(object, "status");
        let flaw = answer.flaw(format!("`status` of the error is not \"{}\"", answer.status));
        let flaw = flaw.expected(format!("\"{}\"", answer.status)).got(shown(given));
        match given {
            Some(Value::String(text)) if *text == answer.status.to_string() => {}
            Some(Value::String(_)) => t.note(flaw.breaks(&["RFC7644-3.12-04", "RFC7644-3.2-12"])),
            Some(Value::Number(number)) if number.as_u64() == Some(u64::from(answer.status)) => {
                t.note(flaw.breaks(&["RFC7644-3.12-03"]));
            }
            _ => t.note(flaw.breaks(&["RFC7644-3.12-03", "RFC7644-3.2-12"])),
        }
    }
    match seen {
        0 => {
            Err(Stop::Blocked("no refusal has a JSON object as its body (check `errors.message`)".to_owned()))
        }
        _ => Ok(()),
    }
}

check! {
    /// Errors are marked as `application/scim+json`, as other answers are.
    ///
    /// Why: a client that sees `text/html` does not look for the reason in the body.
    ///
    /// Fix: set the header where errors are written, too; frameworks have their own default for errors.
    MEDIA_TYPE = errors_are_scim,
    id: "errors.content-type",
    title: "errors are application/scim+json",
    level: Must,
    requirements: ["RFC7644-3.12-07"],
    needs: [],
    breaks: [Entra],
}

async fn errors_are_scim(t: &Trial) -> Verdict {
    for answer in some_refusals(t).await? {
        expect_scim_json(t, &answer, &["RFC7644-3.12-07"], &["RFC7644-3.12-07"]);
    }
    Ok(())
}

check! {
    /// An error says in `detail`, as text for people, what is wrong, and shows nothing of the inside of the target.
    ///
    /// Why: it is what administrators see in the log of their identity provider. Without it every failure is a support case; a stack trace
    /// helps attackers and nobody else.
    ///
    /// Fix: name the attribute and the reason: `"detail": "userName is required"`.
    DETAIL = errors_are_explained,
    id: "errors.detail",
    title: "errors say what is wrong",
    level: May,
    requirements: ["RFC7644-3.12-06", "RFC7644-3.12-17"],
    needs: [],
    breaks: [],
}

async fn errors_are_explained(t: &Trial) -> Verdict {
    for answer in some_refusals(t).await? {
        let Some(object) = answer.json.as_ref().and_then(Value::as_object) else { continue };
        match member(object, "detail") {
            Some(Value::String(text)) if shows_code(text) => {
                let flaw = answer.flaw("`detail` of an error shows the inside of the target");
                t.note(
                    flaw.expected("a sentence for people").got(shortened(text)).breaks(&["RFC7644-3.12-06"]),
                );
            }
            Some(Value::String(text)) if !text.trim().is_empty() => {}
            other => {
                let flaw = answer
                    .flaw(format!("the refusal {} does not say in `detail` what is wrong", answer.status));
                t.note(flaw.expected("text").got(shown(other)).breaks(&["RFC7644-3.12-06"]));
            }
        }
    }
    Ok(())
}

/// Whether a text is a stack trace, as the usual languages print it.
fn shows_code(text: &str) -> bool {
    let is_frame = |line: &str| {
        let line = line.trim();
        (line.starts_with("at ") && line.contains('(') && line.ends_with(')'))
            || (line.starts_with("File \"") && line.contains(", line "))
            || line.starts_with("goroutine ")
    };
    text.contains("Traceback (most recent call last)") || text.lines().any(is_frame)
}

check! {
    /// A resource that does not exist is answered with 404, whichever method asks for it.
    ///
    /// Why: identity providers keep ids and look again when they get 404. Any other status is taken for a failure, and the person is
    /// retried for weeks.
    ///
    /// Fix: answer 404 with a SCIM error for ids that are not there, before anything else is looked at.
    NOT_FOUND = absent_resources_are_not_found,
    id: "errors.not-found",
    title: "a resource that does not exist is answered with 404",
    level: Should,
    requirements: ["RFC7644-3.12-13"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn absent_resources_are_not_found(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let absent = t.absent(&kind).await?;
    let body = t.body(&kind).await?;
    for answer in [t.get(&absent).await?, t.put(&absent, &body).await?, t.delete(&absent).await?] {
        t.soft(answer.expect_status(&[404]))?;
    }
    Ok(())
}

check! {
    /// An id that the target could never have given is answered with 404 too, not with 400 or a server error.
    ///
    /// Why: clients hold ids from other times and other systems. Whether an id has the form of a UUID is nothing that they know.
    ///
    /// Fix: treat an id that cannot be parsed as one that is not there.
    NOT_FOUND_ANY_ID = odd_ids_are_not_found,
    id: "errors.odd-id",
    title: "an id of another form is answered with 404",
    level: Should,
    requirements: ["RFC7644-3.12-13"],
    needs: [Users],
    breaks: [],
}

async fn odd_ids_are_not_found(t: &Trial) -> Verdict {
    let kind = t.users()?;
    for id in [t.ground().fresh_name(), format!("{}%40example.com", t.ground().fresh_name())] {
        let answer = t.get(&format!("{}/{id}", kind.endpoint())).await?;
        t.soft(answer.expect_status(&[404]))?;
    }
    Ok(())
}

check! {
    /// Mistakes of a client are answered with a status of the 400s, never with a server error.
    ///
    /// Why: identity providers repeat what fails with 500, for hours or weeks, because the fault is not theirs. A mistake in one person then
    /// fills the logs of both sides, and Entra puts the whole app into quarantine.
    ///
    /// Fix: validate what comes in, and turn errors of parsers and databases into 400.
    CLIENT_MISTAKES = mistakes_are_told_as_such,
    id: "errors.client-mistakes",
    title: "mistakes of a client are no server errors",
    level: Should,
    requirements: ["RFC7644-3.12-10", "RFC7644-3.12-17"],
    needs: [Users],
    breaks: [Entra],
}

async fn mistakes_are_told_as_such(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let schemas = json!([kind.schema.core.id]);
    let mut answers = vec![
        t.post(kind.endpoint(), &json!({ "schemas": schemas })).await?,
        t.post(kind.endpoint(), &json!({ "schemas": schemas, "userName": 5 })).await?,
        t.post(kind.endpoint(), &json!({ "schemas": schemas, "userName": { "value": [] } })).await?,
        t.post(kind.endpoint(), &json!({ "schemas": "text", "userName": t.ground().fresh_name() })).await?,
        t.send(raw("POST", kind.endpoint(), "")).await?,
    ];
    if t.get(&format!("{}?count=1", kind.endpoint())).await?.status == 200 {
        answers.push(t.get(&format!("{}?startIndex=x&count=y", kind.endpoint())).await?);
    }
    for answer in answers {
        if answer.status < 500 || answer.status == 501 {
            continue;
        }
        let flaw =
            answer.flaw(format!("a mistake of the client is answered {}", answer.said())).expected("400");
        t.note(flaw.got(answer.said()));
        if !answer.is_scim_error() {
            let flaw = answer.flaw("the server error is no SCIM error").expected("a SCIM error with advice");
            t.note(flaw.got(body(&answer)).breaks(&["RFC7644-3.12-17"]));
        }
    }
    Ok(())
}

check! {
    /// A body that is no JSON is refused with 400, by POST, PUT and PATCH alike, and changes nothing.
    ///
    /// Why: a body that was cut off on its way must not be half applied, and its sender must know that it was the body.
    ///
    /// Fix: parse the whole body first; answer 400 with `"scimType": "invalidSyntax"` when that fails.
    MALFORMED = broken_bodies_are_refused,
    id: "errors.malformed-json",
    title: "a body that is no JSON is refused with 400 and changes nothing",
    level: Must,
    requirements: ["RFC7644-3.5.1-17", "RFC7644-3.12-10", "RFC7644-3.12-23"],
    needs: [Users],
    breaks: [],
}

async fn broken_bodies_are_refused(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let body = t.body(&kind).await?;
    let created = t.create_from(&kind, &body).await?;
    let before = t.read(&created).await?;
    let text = body.to_string();
    let cut = &text[..text.len() - 1];
    let mut requests = vec![raw("POST", kind.endpoint(), cut), raw("PUT", &created.path, cut)];
    if t.lacks(Need::Patch).await?.is_none() {
        requests.push(raw(
            "PATCH",
            &created.path,
            "{ \"schemas\": [\"urn:ietf:params:scim:api:messages:2.0:PatchOp\"], \"Operations\": [",
        ));
    }
    for request in requests {
        let answer = t.send(request).await?;
        let flaw =
            answer.flaw(format!("{} with a body that is no JSON answers {}", answer.asked, answer.said()));
        let flaw = flaw.expected("400").got(answer.said());
        match answer.status {
            400 => {
                // The other keyword for bodies is tolerated: a value that is missing is what a parser sees.
                let keyword =
                    answer.text("scimType").filter(|k| !matches!(*k, "invalidSyntax" | "invalidValue"));
                if let Some(keyword) = keyword {
                    let flaw = answer.flaw("a body that is no JSON is refused with another keyword");
                    t.note(
                        flaw.expected("invalidSyntax").got(keyword).breaks(&["RFC7644-3.12-23"]).concern(),
                    );
                }
            }
            401..=499 => t.note(flaw.breaks(&["RFC7644-3.12-10"]).concern()),
            500.. => t.note(flaw.breaks(&["RFC7644-3.12-10"]).concern()),
            _ => t.note(flaw.breaks(&["RFC7644-3.5.1-17", "RFC7644-3.12-10"])),
        }
    }
    let after = t.get(&created.path).await?;
    let kept = |name: &String| after.json.as_ref().and_then(|json| json.get(name)) == before.get(name);
    let changed = body.as_object().into_iter().flatten().map(|(name, _)| name).find(|name| !kept(name));
    if let Some(name) = changed {
        let flaw =
            after.flaw(format!("a body that is no JSON changed `{name}`")).expected(shown(before.get(name)));
        let got = after.json.as_ref().and_then(|json| json.get(name));
        t.note(flaw.got(shown(got)).breaks(&["RFC7644-3.5.1-17"]));
    }
    Ok(())
}
