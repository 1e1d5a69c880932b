//! The keywords in `scimType` (RFC 7644 §3.12, table 9; RFC 9865 §2.1).

use serde_json::{Value, json};

use super::errors::body as body_of;
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::cohort::place;
use crate::conformance::trial::{Answer, Created, Trial, component};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::{PATCH_OP, member};
use crate::protocol::schema::Mutability;

pub(super) const CHECKS: &[Check] =
    &[FILTER, UNIQUENESS, MUTABILITY, PATH, NO_TARGET, VALUE, SENSITIVE, TOO_MANY, CURSOR, INJECTION];

/// Notes a keyword that is another than those that fit. None at all is no mistake here.
fn expect_keyword(t: &Trial, answer: &Answer, fitting: &[&str], broken: &[&'static str]) {
    if let Some(given) = answer.text("scimType").filter(|given| !fitting.contains(given)) {
        let flaw =
            answer.flaw(format!("{} is refused with a keyword that says something else", answer.asked));
        let flaw =
            flaw.expected(fitting.first().map_or_else(String::new, |first| format!("scimType {first}")));
        t.note(flaw.got(format!("scimType {given}")).breaks(broken).concern());
    }
}

check! {
    /// A filter that cannot be read is refused with 400 and the keyword `invalidFilter`, and with words that say what is wrong.
    ///
    /// Why: people write filters by hand in the console of their identity provider. An empty result, or everybody, hides the mistake.
    ///
    /// Fix: answer `"status": "400", "scimType": "invalidFilter", "detail": "…"`, with the place of the mistake.
    FILTER = broken_filters_are_told,
    id: "errors.invalid-filter",
    title: "a broken filter is refused with 400 invalidFilter and a reason",
    level: Must,
    requirements: ["RFC7644-3.12-19", "RFC7644-3.4.2.2-48"],
    needs: [Filter, Users],
    breaks: [Okta],
}

async fn broken_filters_are_told(t: &Trial) -> Verdict {
    let kind = t.users()?;
    for filter in ["userName eq", "userName ?? \"x\"", "(userName eq \"x\""] {
        let answer = t.search(&kind, filter).await?;
        match answer.expect_error(&[400], Some("invalidFilter")) {
            Ok(_) => {}
            Err(Stop::Problem(flaw)) => {
                t.note(flaw.breaks(&["RFC7644-3.12-19"]));
                continue;
            }
            Err(stop) => return Err(stop),
        }
        let detail = answer.text("detail").unwrap_or_default();
        if detail.trim().is_empty() {
            let flaw = answer.flaw("the refusal of a filter does not say what is wrong").expected("`detail`");
            t.note(flaw.got(body_of(&answer)).breaks(&["RFC7644-3.4.2.2-48"]).concern());
        }
    }
    Ok(())
}

check! {
    /// A value that somebody else has is refused with the keyword `uniqueness`: with 409 on creation, and with 409 (or 400) when a
    /// resource is replaced or changed.
    ///
    /// Why: the keyword tells an identity provider that the person exists already, so that it links the accounts instead of trying again.
    ///
    /// Fix: answer 409 with `"scimType": "uniqueness"` from POST, PUT and PATCH alike.
    UNIQUENESS = conflicts_are_told,
    id: "errors.uniqueness",
    title: "a conflict is told with 409 and the keyword uniqueness",
    level: Must,
    requirements: ["RFC7644-3.12-14", "RFC7644-3.12-21"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn conflicts_are_told(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let taken = t.body(&kind).await?;
    t.create_from(&kind, &taken).await?;
    let mut body = t.body(&kind).await?;
    let other = t.create_from(&kind, &body).await?;
    body["userName"] = taken["userName"].clone();
    let mut answers = vec![t.post(kind.endpoint(), &body).await?, t.put(&other.path, &body).await?];
    if t.lacks(crate::conformance::check::Need::Patch).await?.is_none() {
        let operations = json!([{ "op": "replace", "path": "userName", "value": taken["userName"] }]);
        answers.push(t.patch(&other.path, operations).await?);
    }
    let is_fixed =
        place(&kind, "userName").is_some_and(|slot| slot.leaf().mutability != Mutability::ReadWrite);
    let mut unread = Ok(());
    let mut refusals = 0;
    for answer in answers {
        let is_post = answer.asked.starts_with("POST");
        // A name that cannot be changed at all, or not in that way, says nothing of conflicts.
        let is_fixed = is_fixed || matches!(answer.text("scimType"), Some("mutability" | "invalidPath"));
        if !is_post && (is_fixed || matches!(answer.status, 403..=405 | 501)) {
            continue;
        }
        if answer.is_success() {
            // What is taken twice is judged by the checks of uniqueness; here is only how a refusal looks.
            continue;
        }
        refusals += 1;
        if answer.status != 409 {
            let flaw =
                answer.flaw(format!("a conflict is answered {}", answer.said())).expected("409 uniqueness");
            t.note(flaw.got(answer.said()).breaks(&["RFC7644-3.12-14"]).concern());
        }
        if answer.is_other_text() {
            unread = Err(Stop::Blocked(format!(
                "{} answers {} with a body that is no JSON (check `errors.message`)",
                answer.asked, answer.status
            )));
            continue;
        }
        let given = answer.text("scimType");
        // Only the refusal of a POST has to say why (RFC 7644 §3.3).
        if given != Some("uniqueness") && (is_post || (given.is_some() && answer.status < 500)) {
            let flaw = answer.flaw("a conflict does not say that it is one").expected("scimType uniqueness");
            let flaw = flaw.got(answer.said()).breaks(&["RFC7644-3.12-21"]);
            t.note(if is_post { flaw } else { flaw.concern() });
        }
    }
    match refusals {
        0 => skip("no conflict is refused, which the checks of uniqueness judge"),
        _ if t.is_clean() => unread,
        _ => Ok(()),
    }
}

/// A PATCH of one operation on a user.
async fn patched(t: &Trial, user: &Created, operation: Value) -> Result<Answer, Stop> {
    let body = json!({ "schemas": [PATCH_OP], "Operations": [operation] });
    t.call("PATCH", &user.path, Some(&body)).await
}

/// A user as it was created.
async fn user(t: &Trial) -> Result<(std::sync::Arc<Kind>, Created), Stop> {
    let kind = t.users()?;
    let created = t.create(&kind).await?;
    Ok((kind, created))
}

check! {
    /// A PATCH that changes what is read-only, or removes what is required, is refused with 400 and the keyword `mutability`, and
    /// changes nothing.
    ///
    /// Why: an id that is changed, or a userName that is removed, breaks the link to the person. Success without effect hides a mapping that
    /// never works.
    ///
    /// Fix: check the definition of the attribute before the operation is applied, and answer 400 with `"scimType": "mutability"`.
    MUTABILITY = mutability_is_told,
    id: "errors.mutability",
    title: "a PATCH against mutability is refused with 400 mutability",
    level: Must,
    requirements: ["RFC7644-3.5.2-16", "RFC7644-3.5.2-25", "RFC7644-3.12-22"],
    needs: [Patch, Users],
    breaks: [],
}

async fn mutability_is_told(t: &Trial) -> Verdict {
    let (_, user) = user(t).await?;
    for (what, operation, demanded) in [
        ("a new `id`", json!({ "op": "replace", "path": "id", "value": "another" }), false),
        ("the removal of `userName`", json!({ "op": "remove", "path": "userName" }), true),
    ] {
        let answer = patched(t, &user, operation).await?;
        let flaw = answer.flaw(format!("{what} is answered {}", answer.said()));
        let flaw = flaw.expected("400 mutability").got(answer.said());
        match answer.status {
            400 if !answer.is_scim_error() => {
                let flaw =
                    answer.flaw(format!("the refusal of {what} is no SCIM error")).expected("a SCIM error");
                t.note(flaw.got(body_of(&answer)).breaks(&["RFC7644-3.5.2-16", "RFC7644-3.5.2-25"]));
            }
            400 if demanded && answer.text("scimType") != Some("mutability") => {
                t.note(flaw.breaks(&["RFC7644-3.12-22"]));
            }
            400 => expect_keyword(t, &answer, &["mutability"], &["RFC7644-3.12-22"]),
            401..=499 | 501 => t.note(flaw.breaks(&["RFC7644-3.5.2-16"]).concern()),
            _ => t.note(flaw.breaks(&["RFC7644-3.5.2-16"])),
        }
    }
    let after = t.read(&user).await?;
    if after["id"] != json!(user.id) || after["userName"].is_null() {
        let answer = t.get(&user.path).await?;
        let flaw = answer.flaw("the id or the userName of a user was changed against their mutability");
        return Err(flaw
            .expected("the user as it was")
            .got(body_of(&answer))
            .breaks(&["RFC7644-3.5.2-16"])
            .into());
    }
    Ok(())
}

check! {
    /// A PATCH path that cannot be read is refused with 400 and the keyword `invalidPath`.
    ///
    /// Why: paths are written by people who map attributes. «Success» for a path with a missing bracket is a mapping that never works and
    /// that nobody looks at.
    ///
    /// Fix: parse the path before anything is applied; answer 400 with `"scimType": "invalidPath"`.
    PATH = broken_paths_are_told,
    id: "errors.invalid-path",
    title: "a broken PATCH path is refused with 400 invalidPath",
    level: Must,
    requirements: ["RFC7644-3.12-24"],
    needs: [Patch, Users],
    breaks: [],
}

async fn broken_paths_are_told(t: &Trial) -> Verdict {
    let (_, user) = user(t).await?;
    for path in ["emails[type eq \"work\"", "name..givenName"] {
        let answer = patched(t, &user, json!({ "op": "replace", "path": path, "value": "x" })).await?;
        if answer.status != 400 {
            let flaw = answer.flaw(format!("the path `{path}` is answered {}", answer.said()));
            let flaw = flaw.expected("400 invalidPath").got(answer.said());
            t.note(if matches!(answer.status, 401..=499 | 501) { flaw.concern() } else { flaw });
            continue;
        }
        // A bracket is a matter of the filter in it, too.
        expect_keyword(t, &answer, &["invalidPath", "invalidFilter"], &["RFC7644-3.12-24"]);
    }
    Ok(())
}

check! {
    /// A `replace` whose path selects nothing, and a `remove` without a path, are refused with 400 and the keyword `noTarget`.
    ///
    /// Why: the identity provider believes that the value is written, and never sends it again.
    ///
    /// Fix: answer 400 with `"scimType": "noTarget"` when the filter in the path matches no element.
    NO_TARGET = missing_targets_are_told,
    id: "errors.no-target",
    title: "a PATCH that selects nothing is refused with 400 noTarget",
    level: Must,
    requirements: ["RFC7644-3.12-25"],
    needs: [Patch, Users],
    breaks: [],
}

async fn missing_targets_are_told(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let list = t.list(&kind).await?;
    let mut body = t.body(&kind).await?;
    list.slot.set(&mut body, json!([list.element(&t.ground().fresh_name(), 0)]));
    let user = t.create_from(&kind, &body).await?;
    let sub = list.value.leaf().name.clone();
    let path = format!("{}[{sub} eq \"{}\"].{sub}", list.slot.path(), t.ground().fresh_name());
    let value = list.value.sample(&t.ground().fresh_name());
    let answer = patched(t, &user, json!({ "op": "replace", "path": path, "value": value })).await?;
    if answer.is_success() {
        // Some targets create the element instead, because Entra wants that; nothing is lost then.
        let after = t.read(&user).await?;
        if !list.elements(&after).iter().any(|element| element.get(sub.as_str()) == Some(&value)) {
            let flaw = answer.flaw("a replace that selects nothing succeeds, and nothing is written");
            t.note(flaw.expected("400 noTarget").got(answer.said()));
        }
    } else if answer.status != 501
        && !matches!(answer.text("scimType"), Some("invalidPath" | "invalidFilter"))
    {
        // One that does not know such paths at all and says so is judged by the topic `patch`.
        t.soft(answer.expect_error(&[400], Some("noTarget")))?;
    }
    let answer = patched(t, &user, json!({ "op": "remove" })).await?;
    t.soft(answer.expect_error(&[400], Some("noTarget")))?;
    Ok(())
}

check! {
    /// A value that is missing or of the wrong type is refused with 400; the keyword, where there is one, is `invalidValue`.
    ///
    /// Why: the keyword tells whether the mapping is wrong (`invalidValue`) or the client (`invalidSyntax`). With 409 or 500 the identity
    /// provider draws other conclusions.
    ///
    /// Fix: answer 400 with `"scimType": "invalidValue"` and the name of the attribute in `detail`.
    VALUE = wrong_values_are_told,
    id: "errors.invalid-value",
    title: "a missing or wrong value is refused with 400",
    level: Should,
    requirements: ["RFC7644-3.12-10", "RFC7644-3.12-26"],
    needs: [Users],
    breaks: [],
}

async fn wrong_values_are_told(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let mut missing = t.body(&kind).await?;
    if let Some(object) = missing.as_object_mut() {
        object.shift_remove("userName");
    }
    let mut wrong = t.body(&kind).await?;
    wrong["userName"] = json!({ "value": "text" });
    for (what, body) in [("a user without userName", missing), ("a userName that is an object", wrong)] {
        let answer = t.post(kind.endpoint(), &body).await?;
        if answer.status != 400 {
            let flaw =
                answer.flaw(format!("{what} is answered {}", answer.said())).expected("400 invalidValue");
            t.note(flaw.got(answer.said()).breaks(&["RFC7644-3.12-10"]));
            continue;
        }
        // The whole body does not conform, either.
        expect_keyword(t, &answer, &["invalidValue", "invalidSyntax"], &["RFC7644-3.12-26"]);
    }
    Ok(())
}

check! {
    /// A filter on `password` may be refused because URLs are no place for secrets; then with 403 (or 400), the status of the error
    /// the same as the response's, and the keyword `sensitive` or none.
    ///
    /// Why: the example of the RFC had a wrong status in it, and some have copied it. A filter that is answered tells who has which password.
    ///
    /// Fix: answer 403 with `"status": "403", "scimType": "sensitive"`.
    SENSITIVE = secrets_in_urls_are_refused_properly,
    id: "errors.sensitive",
    title: "the refusal of a secret in a URL says 403 in both places",
    level: May,
    requirements: ["RFC7644-3.12-28", "RFC7644-7.5.2-03", "RFC7644-3.12-17"],
    needs: [Filter, Users],
    breaks: [],
}

async fn secrets_in_urls_are_refused_properly(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let answer = t.search(&kind, "password eq \"Nobody-Has-This-1\"").await?;
    if answer.is_success() {
        return skip("filters on `password` are answered");
    }
    if answer.status >= 500 && answer.status != 501 {
        let flaw = answer.flaw(format!("a filter on `password` is answered {}", answer.said()));
        let flaw = flaw.expected("403 sensitive").got(answer.said());
        return Err(flaw.breaks(&["RFC7644-3.12-17"]).into());
    }
    if let Some(status) = answer.text("status").filter(|status| *status != answer.status.to_string()) {
        let flaw =
            answer.flaw("the error states another status than the response").breaks(&["RFC7644-7.5.2-03"]);
        t.note(flaw.expected(format!("\"{}\"", answer.status)).got(format!("\"{status}\"")));
    }
    expect_keyword(t, &answer, &["sensitive", "invalidFilter", "invalidValue"], &["RFC7644-3.12-28"]);
    Ok(())
}

check! {
    /// A query that yields more than the target is willing to answer is refused with 400 and the keyword `tooMany`; better, it is answered
    /// in pages.
    ///
    /// Why: a client that learns `tooMany` narrows its filter. One that gets 413, 403 or 500 gives up or repeats.
    ///
    /// Fix: page the result, or answer 400 with `"scimType": "tooMany"`.
    TOO_MANY = too_many_is_told,
    id: "errors.too-many",
    title: "a query is paged, or refused with 400 tooMany",
    level: Must,
    requirements: ["RFC7644-3.4.2.1-04", "RFC7644-3.12-20"],
    needs: [Filter, Users],
    breaks: [],
}

async fn too_many_is_told(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let filter = component("userName pr");
    let answer = t.get(&format!("{}?filter={filter}&count=2&attributes=userName", kind.endpoint())).await?;
    match (answer.status, answer.text("scimType")) {
        (200, _) | (400, Some("tooMany")) => Ok(()),
        // The filter itself is not understood: that is another matter.
        (400, Some("invalidFilter")) | (501, _) => skip("`userName pr` is refused as a filter"),
        _ => Err(answer
            .flaw(format!("a query for everybody, in pages of 2, is answered {}", answer.said()))
            .expected("200, or 400 tooMany")
            .got(answer.said())
            .into()),
    }
}

check! {
    /// A cursor that the target never gave is refused with 400 and the keyword `invalidCursor`, a count that is no number with
    /// `invalidCount`; two forged cursors are refused alike.
    ///
    /// Why: a client begins anew when it learns that its cursor is no good. Refusals that differ tell an attacker which cursors exist.
    ///
    /// Fix: answer every cursor that cannot be read or verified with the same 400 `invalidCursor`.
    CURSOR = wrong_cursors_are_told,
    id: "errors.cursor",
    title: "wrong cursors and counts are refused with their keywords",
    level: Must,
    requirements: ["RFC9865-2.1-02", "RFC9865-2.1-04", "RFC9865-5.2-05"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn wrong_cursors_are_told(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let endpoint = cohort.kind.endpoint();
    let first = t.get(&format!("{endpoint}?cursor&count=2")).await?;
    let Some(cursor) = first.text("nextCursor").filter(|_| first.status == 200) else {
        return Err(Stop::Blocked("the first page has no nextCursor (topic `cursor`)".to_owned()));
    };
    // The forgery is a good cursor with its middle changed.
    let at = cursor.len() / 2;
    let forged: String = cursor
        .char_indices()
        .map(|(index, c)| if index == at { if c == 'a' { 'b' } else { 'a' } } else { c })
        .collect();
    let mut refusals = Vec::new();
    for wrong in [format!("{}x", t.ground().fresh_name()), forged] {
        let answer = t.get(&format!("{endpoint}?cursor={}&count=2", component(&wrong))).await?;
        if answer.status == 400 {
            expect_keyword(t, &answer, &["invalidCursor", "expiredCursor"], &["RFC9865-2.1-02"]);
            refusals.push(answer);
            continue;
        }
        let flaw = answer.flaw(format!("a cursor that was never given is answered {}", answer.said()));
        let flaw = flaw.expected("400 invalidCursor").got(answer.said()).breaks(&["RFC9865-2.1-02"]);
        t.note(if matches!(answer.status, 401..=499) { flaw.concern() } else { flaw });
    }
    if let [one, other] = &refusals[..]
        && one.text("scimType") != other.text("scimType")
    {
        let flaw = other.flaw("two forged cursors are refused with different keywords").expected(one.said());
        t.note(flaw.got(other.said()).breaks(&["RFC9865-5.2-05"]).concern());
    }
    let answer = t.get(&format!("{endpoint}?cursor&count=many")).await?;
    let flaw = answer.flaw(format!("a count that is no number is answered {}", answer.said()));
    match answer.status {
        400 => expect_keyword(
            t,
            &answer,
            &["invalidCount", "invalidValue", "invalidSyntax"],
            &["RFC9865-2.1-04"],
        ),
        // Tolerance is no mistake; a crash is.
        500.. => t.note(flaw.expected("400 invalidCount").got(answer.said()).breaks(&["RFC9865-2.1-04"])),
        _ => {}
    }
    Ok(())
}

check! {
    /// Quotation marks and other characters with a meaning for databases are nothing but text: they select nobody, and they break nothing.
    ///
    /// Why: a filter comes from outside and goes to a database. Where it is put together as text, a single quotation mark is enough to read
    /// everybody.
    ///
    /// Fix: pass values to the database as parameters, never as part of the query.
    INJECTION = text_is_only_text,
    id: "errors.injection",
    title: "characters with a meaning for databases are only text",
    level: Should,
    requirements: ["RFC7643-9.2-02", "RFC7644-7.7-01", "RFC7644-3.12-17"],
    needs: [Filter, Users],
    breaks: [],
}

async fn text_is_only_text(t: &Trial) -> Verdict {
    let kind = t.users()?;
    // Somebody is there to be found by mistake.
    t.create(&kind).await?;
    let words = ["' or '1'='1", "x') or ('1'='1", "*)(uid=*", "%", "{\\\"$ne\\\":null}", "x'; select 1; --"];
    for word in words {
        let answer = t.search(&kind, &format!("userName eq \"{word}\"")).await?;
        if answer.status >= 500 && answer.status != 501 {
            let flaw =
                answer.flaw(format!("a filter for the userName `{word}` is answered {}", answer.said()));
            let flaw = flaw.expected("an empty list").got(body_of(&answer));
            t.note(flaw.breaks(&["RFC7644-3.12-17"]));
            continue;
        }
        let found = answer.json.as_ref().and_then(|json| member(json.as_object()?, "Resources")?.as_array());
        let others = found.into_iter().flatten().filter(|user| {
            let name =
                user.as_object().and_then(|user| member(user, "userName")?.as_str()).unwrap_or_default();
            !name.eq_ignore_ascii_case(&word.replace('\\', ""))
        });
        let others = others.count();
        if answer.status == 200 && others > 0 {
            let flaw = answer.flaw(format!("a filter for the userName `{word}` finds others")).violation();
            let flaw = flaw.expected("an empty list").got(format!("{others} users with other names"));
            t.note(flaw.breaks(&["RFC7643-9.2-02", "RFC7644-7.7-01"]));
        }
    }
    Ok(())
}
