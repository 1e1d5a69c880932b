//! Media types and representations (RFC 7644 §3.1, §3.8, §8.1; RFC 9110 §15.5).

use serde_json::{Value, json};

use super::errors::body as body_of;
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Answer, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::exchange::{Request, SCIM_JSON};

pub(super) const CHECKS: &[Check] =
    &[ANSWERS, ACCEPT_SCIM, ACCEPT_JSON, ACCEPT_ANY, ACCEPT_OTHER, REQUESTS, UTF8, OTHER_TYPES, OBJECTS];

/// The media type of an answer, without parameters and in small letters.
pub(super) fn media_type(answer: &Answer) -> Option<String> {
    let value = answer.headers.get("content-type")?;
    Some(value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase())
}

/// Judges the media type of an answer that has a body.
pub(super) fn expect_scim_json(
    t: &Trial,
    answer: &Answer,
    type_row: &'static [&'static str],
    should: &'static [&'static str],
) {
    if answer.body.is_empty() {
        return;
    }
    let given = answer.headers.get("content-type");
    let flaw = answer.flaw(format!("the answer to {} does not say that it is SCIM", answer.asked));
    let flaw = flaw.expected(SCIM_JSON).got(given.unwrap_or("no Content-Type"));
    match media_type(answer).as_deref() {
        Some(SCIM_JSON) => {}
        Some("application/json") => t.note(flaw.breaks(should).concern()),
        _ => t.note(flaw.breaks(type_row)),
    }
}

/// A GET with that `Accept`.
async fn accepting(t: &Trial, target: &str, accept: &str) -> Result<Answer, Stop> {
    let mut request = Request::new("GET", target);
    request.headers.append("Accept", accept);
    t.send(request).await
}

check! {
    /// Answers are marked as `application/scim+json`; parameters such as a charset do no harm.
    ///
    /// Why: clients choose their parser by the type. `text/html` or nothing at all makes them give up, and Microsoft's validator stops even at
    /// `application/json`.
    ///
    /// Fix: set `Content-Type: application/scim+json` on every answer with a body, also on discovery documents.
    ANSWERS = answers_are_scim,
    id: "media.answers",
    title: "answers are application/scim+json",
    level: Must,
    requirements: ["RFC7644-3.1-01", "RFC7644-8.1-01"],
    needs: [],
    breaks: [Entra],
}

async fn answers_are_scim(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first() else { return skip("the target has no resource types") };
    let posted = t.post(kind.endpoint(), &t.body(kind).await?).await?;
    let created = t.created_by(kind, &posted)?;
    let mut answers =
        vec![posted, t.get(&created.path).await?, t.get(&format!("{}?count=1", kind.endpoint())).await?];
    for path in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"] {
        answers.push(t.discovered(path).await?);
    }
    for answer in answers.iter().filter(|answer| answer.is_success()) {
        expect_scim_json(t, answer, &["RFC7644-3.1-01"], &["RFC7644-8.1-01"]);
    }
    Ok(())
}

/// Judges that a request with that `Accept` gets JSON.
async fn expect_json(t: &Trial, accept: &str) -> Result<Answer, Stop> {
    let Some(kind) = t.kinds().first() else { return skip("the target has no resource types") };
    let answer = accepting(t, &format!("{}?count=1", kind.endpoint()), accept).await?;
    if answer.status == 406 || answer.status >= 500 {
        let flaw = answer.flaw(format!("`Accept: {accept}` is answered {}", answer.said()));
        return Err(flaw.expected("200").got(answer.said()).into());
    }
    if answer.status == 200 && answer.json.is_none() {
        let flaw = answer.flaw(format!("`Accept: {accept}` is answered with something that is no JSON"));
        return Err(flaw.expected("JSON").got(body_of(&answer)).into());
    }
    Ok(answer)
}

check! {
    /// A client that accepts `application/scim+json` gets it.
    ///
    /// Why: this is what SCIM clients send. A target that answers 406 speaks with none of them.
    ///
    /// Fix: register the media type for answers.
    ACCEPT_SCIM = scim_is_acceptable,
    id: "media.accept-scim",
    title: "Accept: application/scim+json is supported",
    level: Must,
    requirements: ["RFC7644-3.8-06"],
    needs: [],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn scim_is_acceptable(t: &Trial) -> Verdict {
    expect_json(t, SCIM_JSON).await?;
    Ok(())
}

check! {
    /// A client that accepts only `application/json` is served too.
    ///
    /// Why: general HTTP libraries and older clients ask for plain JSON.
    ///
    /// Fix: answer 200 with `application/json` or `application/scim+json`.
    ACCEPT_JSON = json_is_acceptable,
    id: "media.accept-json",
    title: "Accept: application/json is supported",
    level: Should,
    requirements: ["RFC7644-3.8-07"],
    needs: [],
    breaks: [Okta, OneLogin],
}

async fn json_is_acceptable(t: &Trial) -> Verdict {
    expect_json(t, "application/json").await?;
    Ok(())
}

check! {
    /// A client that takes anything, or that prefers HTML as browsers do, gets SCIM's JSON.
    ///
    /// Why: Entra sends GET requests without a usable `Accept`. A target that falls back to an HTML page, or that refuses, looks down to it.
    ///
    /// Fix: make `application/scim+json` the default for everything below the base URL.
    ACCEPT_ANY = default_is_scim,
    id: "media.default",
    title: "application/scim+json is the default",
    level: Must,
    requirements: ["RFC7644-3.8-08"],
    needs: [],
    breaks: [Entra],
}

async fn default_is_scim(t: &Trial) -> Verdict {
    let answer = expect_json(t, "*/*").await?;
    if answer.status == 200 {
        expect_scim_json(t, &answer, &["RFC7644-3.8-08"], &["RFC7644-3.8-08"]);
    }
    if let Err(Stop::Problem(flaw)) = expect_json(t, "text/html,application/xhtml+xml,*/*;q=0.8").await {
        t.note(flaw.concern());
    }
    Ok(())
}

check! {
    /// A client that accepts only what the target cannot give is answered 406, or with the default all the same.
    ///
    /// Why: a target that crashes on an odd `Accept` fails for clients that send one by mistake.
    ///
    /// Fix: ignore `Accept` values that you do not know, or answer 406 with a SCIM error.
    ACCEPT_OTHER = unknown_types_do_no_harm,
    id: "media.not-acceptable",
    title: "an Accept that cannot be served gives 406 or the default",
    level: May,
    requirements: ["RFC9110-15.5.7-01"],
    needs: [],
    breaks: [],
}

async fn unknown_types_do_no_harm(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first() else { return skip("the target has no resource types") };
    let target = format!("{}?count=1", kind.endpoint());
    for accept in ["text/csv", "nonsense"] {
        let answer = accepting(t, &target, accept).await?;
        let is_fine =
            answer.status == 406 || answer.status == 400 || (answer.status == 200 && answer.json.is_some());
        if !is_fine {
            let flaw = answer.flaw(format!("`Accept: {accept}` is answered {}", answer.said()));
            t.note(flaw.expected("406, or 200 with JSON").got(answer.said()));
        }
    }
    Ok(())
}

/// A POST of that body with that media type.
async fn posting(t: &Trial, endpoint: &str, content_type: &str, body: &str) -> Result<Answer, Stop> {
    let mut request = Request::new("POST", endpoint);
    request.headers.append("Content-Type", content_type);
    request.body = body.to_owned().into();
    t.send(request).await
}

check! {
    /// Requests are taken as `application/scim+json`, with and without a charset and in any letter case, and as
    /// `application/json`.
    ///
    /// Why: Entra adds `; charset=utf-8`, Okta and OneLogin send `application/json`. A target that compares the whole header as text
    /// answers 415 to each of them.
    ///
    /// Fix: compare type and subtype without letter case, ignore parameters, and take both types.
    REQUESTS = requests_are_taken,
    id: "media.requests",
    title: "requests are taken as scim+json and as json, whatever the parameters",
    level: Must,
    requirements: ["RFC7644-3.8-09", "RFC7644-3.8-10"],
    needs: [],
    breaks: [Okta, Entra, OneLogin],
}

async fn requests_are_taken(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first() else { return skip("the target has no resource types") };
    let mut refused = Vec::new();
    let mut taken = 0;
    for content_type in [
        "application/scim+json",
        "application/scim+json; charset=utf-8",
        "application/scim+json;charset=UTF-8",
        "Application/SCIM+JSON",
        "application/json",
        "application/json; charset=utf-8",
    ] {
        let body = match t.body(kind).await {
            Ok(body) => body,
            // It may be the media type that keeps everything from being created.
            Err(Stop::Blocked(_)) => t.minimal(kind),
            Err(stop) => return Err(stop),
        };
        let answer = posting(t, kind.endpoint(), content_type, &body.to_string()).await?;
        if answer.is_success() {
            taken += 1;
        } else {
            refused.push((content_type, answer));
        }
    }
    if taken == 0 && !refused.iter().any(|(_, answer)| answer.status == 415) {
        return Err(Stop::Blocked("no body of any type is taken (check `create.minimal`)".to_owned()));
    }
    for (content_type, answer) in refused {
        let flaw = answer.flaw(format!("a body of the type `{content_type}` is refused"));
        let flaw = flaw.expected("201").got(answer.said());
        t.note(match content_type.starts_with("application/json") {
            true => flaw.breaks(&["RFC7644-3.8-10"]).concern(),
            false => flaw.breaks(&["RFC7644-3.8-09"]),
        });
    }
    Ok(())
}

check! {
    /// Text beyond ASCII is read and written as UTF-8, also where no charset is stated.
    ///
    /// Why: names of people have letters that Latin-1 does not. A target with another default turns Zoë into ZoÃ«, and the identity
    /// provider sees a difference in every cycle and writes it again.
    ///
    /// Fix: read and write JSON as UTF-8 whatever the platform's default is.
    UTF8 = text_is_utf_8,
    id: "media.utf-8",
    title: "text is UTF-8 in requests and answers",
    level: Must,
    requirements: ["RFC7644-3.8-01", "RFC7644-3.8-02"],
    needs: [],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn text_is_utf_8(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first() else { return skip("the target has no resource types") };
    let slot = t.text(kind).await?;
    let text = format!("Zo\u{eb} \u{141}uk\u{e1}\u{161} \u{65e5}\u{672c} {}", t.ground().fresh_name());
    let mut body = t.body(kind).await?;
    slot.set(&mut body, json!(text));
    let answer = posting(t, kind.endpoint(), SCIM_JSON, &body.to_string()).await?;
    if !answer.is_success() {
        let flaw = answer.flaw("text beyond ASCII is refused").expected("201").got(answer.said());
        return Err(flaw.breaks(&["RFC7644-3.8-01"]).into());
    }
    let created = t.created_by(kind, &answer)?;
    let read = t.get(&created.path).await?;
    if std::str::from_utf8(&read.body).is_err() {
        let flaw = read.flaw("an answer is not in UTF-8").expected("UTF-8");
        return Err(flaw
            .got(read.headers.get("content-type").unwrap_or("another encoding"))
            .breaks(&["RFC7644-3.8-01"])
            .into());
    }
    let stored = slot.get(read.resource()?);
    if stored != Some(&json!(text)) {
        let flaw = read.flaw(format!("text beyond ASCII is changed in `{}`", slot.path()));
        return Err(flaw.expected(text).got(super::discovery::shown(stored)).into());
    }
    Ok(())
}

check! {
    /// A body of a type that the target does not read is refused with 415 (or 400), or is read as JSON if that is what it is; it
    /// breaks nothing.
    ///
    /// Why: a wrong header is a common mistake of a new client. A server error sends its author to the wrong side.
    ///
    /// Fix: answer 415 with a SCIM error for media types that are not JSON.
    OTHER_TYPES = other_types_are_refused,
    id: "media.unsupported",
    title: "a body of another media type is refused with 415",
    level: Should,
    requirements: ["RFC9110-15.5.16-01"],
    needs: [],
    breaks: [],
}

async fn other_types_are_refused(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first() else { return skip("the target has no resource types") };
    let body = t.body(kind).await?.to_string();
    let form = "userName=nobody&displayName=nobody";
    for (content_type, body, is_json) in [
        ("application/xml", "<User><userName>nobody</userName></User>", false),
        ("application/x-www-form-urlencoded", form, false),
        ("text/plain", body.as_str(), true),
    ] {
        let answer = posting(t, kind.endpoint(), content_type, body).await?;
        let flaw = answer.flaw(format!("a body of the type `{content_type}` is answered {}", answer.said()));
        let flaw = flaw.expected("415").got(answer.said());
        match answer.status {
            400..=499 => {}
            // JSON is JSON, whatever it is called.
            200..=299 if is_json => {}
            500.. => t.note(flaw.violation()),
            _ => t.note(flaw),
        }
    }
    Ok(())
}

check! {
    /// Resources and messages are JSON objects: an array or a bare value is refused with 400, and no answer is one.
    ///
    /// Why: clients read members of an object. An array in its place makes them fail in ways that look like network problems.
    ///
    /// Fix: answer 400 with `invalidSyntax` to every body that is no object.
    OBJECTS = bodies_are_objects,
    id: "media.objects",
    title: "bodies are JSON objects",
    level: Must,
    requirements: ["RFC7644-3.1-02"],
    needs: [],
    breaks: [],
}

async fn bodies_are_objects(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first() else { return skip("the target has no resource types") };
    let body = t.body(kind).await?;
    for sent in [json!([body]), json!("text"), Value::Null] {
        let answer = posting(t, kind.endpoint(), SCIM_JSON, &sent.to_string()).await?;
        let flaw = answer.flaw(format!(
            "a body that is {} is answered {}",
            crate::protocol::value::kind(&sent),
            answer.said()
        ));
        let flaw = flaw.expected("400").got(answer.said());
        match answer.status {
            400 => {}
            401..=499 => t.note(flaw.concern()),
            _ => t.note(flaw),
        }
    }
    for target in [format!("{}?count=1", kind.endpoint()), "/ServiceProviderConfig".to_owned()] {
        let answer = t.get(&target).await?;
        if answer.status == 200 {
            t.soft(answer.object())?;
        }
    }
    Ok(())
}
