//! PATCH as a whole: whether it is there, what it answers, order and atomicity (RFC 7644 §3.5.2).

use serde_json::{Value, json};

use super::comparison::differences;
use super::query::breaking;
use super::subject::{Subject, fresh, mistake, texts, told};
use crate::conformance::check::{Check, Need, check};
use crate::conformance::discovery::{Kind, Role, Support};
use crate::conformance::trial::{Slot, Trial, shortened};
use crate::conformance::verdict::{Flaw, Stop, Verdict, skip};
use crate::protocol::message::member;
use crate::protocol::schema::Type;
use crate::protocol::value::{DateTime, parse_date_time};

pub(super) const CHECKS: &[Check] =
    &[OFFERED, UNSUPPORTED, SUPPORTED, STATUS, BODY, ATTRIBUTES, UNKNOWN_ID, ERROR_BODY];

check! {
    /// A service provider should offer PATCH, so that a change of one attribute does not need the whole resource.
    ///
    /// Why: Entra ID knows no other way to change anything, and Okta turns to it for groups, for deactivation and for
    /// passwords. Without PATCH, a change of one member means sending all members, and two clients at once overwrite
    /// each other.
    ///
    /// Fix: implement PATCH and say `"patch": {"supported": true}` in /ServiceProviderConfig.
    OFFERED = offered,
    id: "patch.offered",
    title: "PATCH is offered",
    level: Should,
    requirements: ["RFC7644-3.5-02"],
    needs: [],
    breaks: [Okta, Entra, OneLogin],
}

async fn offered(t: &Trial) -> Verdict {
    match t.discovery().supports("patch", "supported") {
        Support::Yes => Ok(()),
        Support::No(reason) => {
            Err(Flaw::new("PATCH is not offered").expected("patch.supported = true").got(reason).into())
        }
        Support::Unknown(reason) => skip(format!("{reason}; `patch.supported` tries it")),
    }
}

check! {
    /// A service provider that says that it has no PATCH answers PATCH with 501.
    ///
    /// Why: 501 tells the client to change the resource by PUT. With 404 it concludes that the resource is gone and may
    /// create it anew; with 200 it believes that the change was made.
    ///
    /// Fix: answer 501 with an Error body for every PATCH as long as `patch.supported` is false.
    UNSUPPORTED = unsupported,
    id: "patch.unsupported",
    title: "PATCH that is not offered is answered with 501",
    level: May,
    requirements: ["RFC7644-3.5.2-01", "RFC7644-3.12-18"],
    needs: [Users],
    breaks: [],
}

async fn unsupported(t: &Trial) -> Verdict {
    let Support::No(_) = t.discovery().supports("patch", "supported") else {
        return skip("the target does not say that it has no PATCH");
    };
    let users = t.users()?;
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let operations = json!([{ "op": "replace", "path": "userName", "value": subject.before["userName"] }]);
    let answer = t.patch(&subject.created.path, operations).await?;
    // 405 says the same of a method.
    if matches!(answer.status, 501 | 405) {
        return Ok(());
    }
    Err(answer
        .flaw("PATCH is not offered, and yet it is not answered with 501")
        .expected("501")
        .got(answer.said())
        .into())
}

check! {
    /// What /ServiceProviderConfig says about PATCH is true: simple changes of a user, and of a group where there are
    /// groups, are made, and each of `replace`, `add` and `remove` is known.
    ///
    /// Why: clients read the configuration once and then rely on it. Okta sees 501 on a PATCH as an error and does not
    /// try PUT instead.
    ///
    /// Fix: route PATCH for every resource endpoint, or say `"patch": {"supported": false}`.
    SUPPORTED = supported,
    id: "patch.supported",
    title: "PATCH works as /ServiceProviderConfig says",
    level: Must,
    requirements: ["RFC7644-3.5-03", "RFC7643-5-20"],
    needs: [Patch],
    breaks: [Okta, Entra, OneLogin],
}

async fn supported(t: &Trial) -> Verdict {
    for kind in t.kinds() {
        let created = t.create(kind).await?;
        let name = if kind.role == Role::User { "userName" } else { "displayName" };
        let text = t.survey(kind).await?.texts(&kind.schema).into_iter().next();
        let is_optional = text.as_ref().is_some_and(|slot| !slot.leaf().required);
        let slot = text.map_or_else(|| name.to_owned(), |slot| slot.path());
        let tag = t.ground().fresh_name();
        let value = if slot == "userName" { format!("{tag}@example.com") } else { tag };
        let operations = json!([{ "op": "replace", "path": slot, "value": value }]);
        let answer = t.patch(&created.path, operations).await?;
        let is_replaced = answer.is_success();
        if !answer.is_success() {
            t.note(
                answer
                    .flaw(format!("a simple PATCH of a {} is answered {}", kind.name(), answer.said()))
                    .expected("200 or 204")
                    .got(answer.said())
                    .breaks(&["RFC7643-5-20"]),
            );
        }
        if !is_replaced {
            continue;
        }
        // How the others work is judged by checks of their own, which need them to be known.
        let mut others = vec![json!({ "op": "add", "path": slot, "value": value })];
        if is_optional {
            others.push(json!({ "op": "remove", "path": slot }));
        }
        for operation in others {
            let told = super::subject::told(&json!([operation]));
            let answer = t.patch(&created.path, json!([operation])).await?;
            if matches!(answer.status, 403 | 404 | 405 | 501) {
                let flaw = answer.flaw(format!("{told} of a {} is answered {}", kind.name(), answer.said()));
                t.note(flaw.expected("200 or 204").got(answer.said()).breaks(&["RFC7643-5-20"]));
            }
        }
    }
    Ok(())
}

check! {
    /// A PATCH that worked is answered with 200 and the whole resource, or with 204 and no body.
    ///
    /// Why: clients decide by these two what to do with the body. Entra ID and Okta take a 200 without a resource, or
    /// another 2xx, for an error, and repeat the change in every cycle.
    ///
    /// Fix: answer 200 with the complete resource, or 204 with nothing after the header. An ETag in either is that of
    /// the new state.
    STATUS = status,
    id: "patch.status",
    title: "PATCH answers 200 with the resource, or 204 without a body",
    level: Must,
    requirements: ["RFC7644-3.5.2-26", "RFC9110-15.3.5-01"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn status(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let operations = json!([{ "op": "replace", "path": slot.path(), "value": fresh(t, &slot) }]);
    let answer = breaking(subject.patch(t, operations).await, &["RFC7644-3.5.2-26"])?;
    match answer.status {
        200 => {
            let resource = answer.resource()?;
            if resource.get("id").and_then(Value::as_str) != Some(subject.created.id.as_str()) {
                t.note(
                    answer
                        .flaw("the body of the answer to PATCH is not the resource")
                        .expected(format!("the resource {}", subject.created.id))
                        .got(shortened(&resource.to_string()))
                        .breaks(&["RFC7644-3.5.2-26"]),
                );
            }
        }
        204 if answer.body.is_empty() => {}
        204 => t.note(answer.flaw("204 comes with a body").expected("no body").got("a body")),
        _ => t.note(
            answer
                .flaw(format!("PATCH succeeds with {}", answer.said()))
                .expected("200 with the resource, or 204")
                .got(answer.said())
                .breaks(&["RFC7644-3.5.2-26"]),
        ),
    }
    // Some frameworks put an ETag of their own on everything.
    let Some(tag) = answer.headers.get("etag").map(str::to_owned) else { return Ok(()) };
    if t.lacks(Need::Etag).await?.is_some() {
        return Ok(());
    }
    let read = t.get(&subject.view).await?;
    match read.headers.get("etag") {
        Some(now) if now != tag => Err(answer
            .flaw("the ETag of the answer to PATCH is not that of the new state")
            .expected(now)
            .got(tag)
            .breaks(&["RFC9110-15.3.5-01"])
            .into()),
        _ => Ok(()),
    }
}

check! {
    /// The resource in the answer to PATCH is the resource as it is afterwards: the next GET shows the same.
    ///
    /// Why: identity providers take the answer for the truth and do not read again. When it shows the old state, they
    /// repeat the change for ever; when it only echoes the request, they believe in values that were never stored.
    ///
    /// Fix: build the answer from what was stored, after it was stored, and not from the request or from the copy that
    /// was loaded before.
    BODY = body,
    id: "patch.body",
    title: "the body of the answer to PATCH is the resource as it is stored",
    level: Must,
    requirements: ["RFC7644-3.5.2-26", "RFC7644-3.1-06"],
    needs: [Patch, Users],
    breaks: [Okta, Entra, JumpCloud],
}

async fn body(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slots = texts(t, &users, 2).await?;
    let subject = Subject::full(t, &users).await?;
    let removable = slots.iter().find(|slot| !slot.leaf().required && slot.get(&subject.before).is_some());
    let mut steps = vec![
        json!([{ "op": "replace", "path": slots[0].path(), "value": fresh(t, &slots[0]) }]),
        json!([{ "op": "add", "path": slots[1].path(), "value": fresh(t, &slots[1]) }]),
    ];
    if let Some(list) = t.survey(&users).await?.lists(&users.schema).first() {
        let element = list.element(&t.ground().fresh_name(), 0);
        steps.push(json!([{ "op": "add", "path": list.slot.path(), "value": [element] }]));
    }
    if let Some(slot) = removable {
        steps.push(json!([{ "op": "remove", "path": slot.path() }]));
    }
    let mut seen = false;
    for operations in steps {
        let told = told(&operations);
        let answer = t.patch(&subject.created.path, operations).await?;
        if answer.status != 200 || answer.body.is_empty() {
            continue;
        }
        seen = true;
        let shown = answer.resource()?;
        let stored = t.read(&subject.created).await?;
        for difference in differences(&users, &stored, &stored, shown) {
            t.note(
                answer
                    .flaw(format!(
                        "the answer to {told} is not what is stored: {} in the answer",
                        difference.text
                    ))
                    .expected("the resource as the next GET shows it"),
            );
        }
        if member_of_meta(shown, "version") != member_of_meta(&stored, "version") {
            t.note(
                answer
                    .flaw(format!("the answer to {told} has another `meta.version` than the next GET"))
                    .expected(words(member_of_meta(&stored, "version")))
                    .got(words(member_of_meta(shown, "version"))),
            );
        }
    }
    if seen { Ok(()) } else { skip("PATCH is answered without a body") }
}

check! {
    /// A PATCH with the query parameter `attributes` is answered with 200 and these attributes, never with 204.
    ///
    /// Why: a client that names attributes wants to see them, for example a value that the target has to make. With 204
    /// it would have to ask again, and between the two requests somebody else may change the resource.
    ///
    /// Fix: when the request has `attributes`, answer 200 with the resource cut down to them, as a GET would be.
    ATTRIBUTES = attributes,
    id: "patch.attributes-parameter",
    title: "PATCH with `attributes` answers 200 with these attributes",
    level: Must,
    requirements: ["RFC7644-3.5.2-27"],
    needs: [Patch, Users],
    breaks: [],
}

async fn attributes(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let value = fresh(t, &slot);
    let operations = json!([{ "op": "replace", "path": slot.path(), "value": value }]);
    let target = format!("{}?attributes={}", subject.created.path, slot.path());
    let answer = t.patch(&target, operations.clone()).await?;
    if !answer.is_success() {
        // Whether it would work without.
        subject.patch(t, operations).await?;
    }
    answer.expect_status(&[200])?;
    let shown = answer.resource()?;
    if slot.get(shown) != Some(&value) {
        return Err(answer
            .flaw(format!("the answer does not have `{}`, which was asked for", slot.path()))
            .expected(format!("{}: {value}", slot.path()))
            .got(shortened(&shown.to_string()))
            .into());
    }
    if slot.path() != "userName" && shown.get("userName").is_some() && !is_always(&users, "userName") {
        super::projection::blocked_without_attributes(t, &users, &subject.created.path).await?;
        t.note(
            answer
                .flaw("the answer has `userName`, which was not asked for")
                .expected(format!("`{}` and what is always returned", slot.path()))
                .got(shortened(&shown.to_string())),
        );
    }
    Ok(())
}

fn is_always(kind: &Kind, name: &str) -> bool {
    use crate::protocol::schema::{Returned, find};
    find(&kind.schema.core.attributes, name).is_some_and(|attribute| attribute.returned == Returned::Always)
}

check! {
    /// PATCH of a resource that does not exist is answered with 404.
    ///
    /// Why: 404 is how identity providers learn that a person was deleted behind their back, and create the account
    /// again. After a 2xx they believe that a user is active who is not there; after a 400 or 500 they retry for days.
    ///
    /// Fix: look the resource up before anything else, and answer 404 with an Error body.
    UNKNOWN_ID = unknown_id,
    id: "patch.unknown-id",
    title: "PATCH of a resource that does not exist is answered with 404",
    level: Must,
    requirements: ["RFC7644-3.5.2-28"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn unknown_id(t: &Trial) -> Verdict {
    let users = t.users()?;
    let path = t.absent(&users).await?;
    let operations = json!([{ "op": "replace", "path": "userName", "value": format!("{}@example.com", t.ground().fresh_name()) }]);
    let answer = t.patch(&path, operations).await?;
    match answer.status {
        404 => return Ok(()),
        405 | 501 => {
            return Err(Stop::Blocked(format!(
                "{} answers {} (check `patch.supported`)",
                answer.asked, answer.status
            )));
        }
        _ => {}
    }
    Err(answer
        .flaw(format!("PATCH of a resource that is not there is answered {}", answer.said()))
        .expected("404")
        .got(answer.said())
        .into())
}

check! {
    /// A PATCH that fails is answered with an HTTP status and an Error message of SCIM in JSON.
    ///
    /// Why: Okta and Entra ID read the body of errors and show `detail` to the administrator. Without it all that
    /// people see is that something failed.
    ///
    /// Fix: answer with `schemas` that name the Error message, `status` as text, and `scimType` and `detail` that say
    /// what is wrong.
    ERROR_BODY = error_body,
    id: "patch.error-body",
    title: "a PATCH that fails is answered with a SCIM Error",
    level: Must,
    requirements: ["RFC7644-3.5.2-25", "RFC7644-3.5.2-16"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn error_body(t: &Trial) -> Verdict {
    let users = t.users()?;
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let nobody = t.ground().fresh_name();
    let mut judged = false;
    for operations in [
        json!([{ "op": "replace", "path": "id", "value": nobody }]),
        json!([{ "op": "replace", "path": "userName", "value": { "not": "text" } }]),
        json!([{ "op": "remove" }]),
    ] {
        let (told, message) = mistake(operations);
        let answer = t.call("PATCH", &subject.created.path, Some(&message)).await?;
        if answer.is_success() {
            continue;
        }
        subject.blocked_without_patch(t, &answer).await?;
        judged = true;
        if !answer.is_scim_error() {
            t.note(
                answer
                    .flaw(format!("{told} is refused without an Error message"))
                    .expected("a JSON object whose `schemas` name the Error message")
                    .got(match answer.body.is_empty() {
                        true => "no body".to_owned(),
                        false => format!("`{}`", shortened(&String::from_utf8_lossy(&answer.body))),
                    }),
            );
        }
    }
    match judged {
        true => Ok(()),
        false => Err(Stop::Blocked("no mistake is refused (check `patch.read-only`)".to_owned())),
    }
}

/// A sub-attribute of `meta`.
pub(super) fn member_of_meta<'v>(resource: &'v Value, name: &str) -> Option<&'v Value> {
    member(member(resource.as_object()?, "meta")?.as_object()?, name).filter(|value| !value.is_null())
}

/// The instant that a value names, or the value itself.
pub(super) fn instant(value: Option<&Value>) -> Result<DateTime, Option<&Value>> {
    value.and_then(Value::as_str).and_then(parse_date_time).ok_or(value)
}

/// A value in a message.
pub(super) fn words(value: Option<&Value>) -> String {
    value.map_or("no value".to_owned(), |value| shortened(&value.to_string()))
}

/// Simple places of a type that hold true or false.
pub(super) async fn booleans(t: &Trial, kind: &Kind) -> Result<Vec<Slot>, Stop> {
    Ok(t.survey(kind).await?.of_type(&kind.schema, Type::Boolean))
}
