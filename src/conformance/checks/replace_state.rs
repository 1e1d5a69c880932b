//! Replacing resources with PUT (RFC 7644 §3.5.1): what has to stay as it is.

use serde_json::{Value, json};

use super::compare::{core, differences, expect_same, get, get_in, look, outlast};

use super::replace::{next_body, put, two, unless_broken};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Answer, Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::value::parse_date_time;

pub(super) const CHECKS: &[Check] = &[IDEMPOTENT, IDENTITY, MODIFIED, WITHOUT_ACTIVE, EXTENSION];

check! {
    /// The same PUT twice gives the same resource.
    ///
    /// Why: clients repeat a PUT when the answer was lost. Elements that pile up, or a second failure, make that unsafe.
    ///
    /// Fix: replace instead of adding, and do not count the resource itself as a conflict.
    IDEMPOTENT = idempotent,
    id: "replace.idempotent",
    title: "the same PUT twice gives the same resource",
    level: Must,
    requirements: ["RFC7644-3.5.1-18"],
    needs: [Users],
    breaks: [Okta, OneLogin],
}

async fn idempotent(t: &Trial) -> Verdict {
    let users = t.users()?;
    let created = t.create(&users).await?;
    let mut body = next_body(t, &users, &t.read(&created).await?).await?;
    if let Some(list) = t.survey(&users).await?.lists(&users.schema).into_iter().next() {
        list.slot.set(&mut body, two(&list, t));
    }
    put(t, &created, &body).await?;
    let first = t.read(&created).await?;
    let again = t.put(&created.path, &body).await?;
    if !again.is_success() {
        return Err(again
            .flaw("the same PUT is refused the second time")
            .expected("200")
            .got(again.said())
            .into());
    }
    let second = look(t, &created).await?;
    expect_same(&users, &first, &second, &[], "the same PUT has another result the second time")
}

check! {
    /// A PUT leaves the id, the location and the time of creation as they are, whatever the body says of them.
    ///
    /// Why: the id is the link that the identity provider keeps. A target that deletes and creates again breaks it, and a
    /// creation time that moves makes everybody look new.
    ///
    /// Fix: update the stored resource in its place, and ignore `id` and `meta` in the body.
    IDENTITY = identity,
    id: "replace.identity",
    title: "PUT leaves id, location and meta.created as they are",
    level: Must,
    requirements: [
        "RFC7644-3.5.1-14", "RFC7643-3.1-08", "RFC7643-3.1-22", "RFC7643-3.1-25", "RFC7644-3.5.1-11",
    ],
    needs: [Users],
    breaks: [Okta, OneLogin, JumpCloud],
}

async fn identity(t: &Trial) -> Verdict {
    let users = t.users()?;
    let created = t.create(&users).await?;
    let before = t.read(&created).await?;
    let plain = next_body(t, &users, &before).await?;
    let mut body = plain.clone();
    body["meta"] = json!({
        "resourceType": "Robot",
        "created": "1999-01-01T00:00:00Z",
        "lastModified": "1999-01-01T00:00:00Z",
        "location": "https://elsewhere.example/Users/1",
    });
    let answer = t.put(&created.path, &body).await?;
    if !answer.is_success() {
        let flaw = answer
            .flaw("PUT with `meta` in its body is refused")
            .expected("200; `meta` is ignored")
            .got(answer.said())
            .breaks(&["RFC7643-3.1-22", "RFC7644-3.5.1-11"]);
        t.note(unless_broken(t, &created, &plain, flaw).await?);
    }
    let read = t.get(&created.path).await?;
    if read.status == 404 {
        return Err(read
            .flaw("after a PUT the resource is no longer at its id")
            .expected("200")
            .got(read.said())
            .breaks(&["RFC7644-3.5.1-14", "RFC7643-3.1-08"])
            .into());
    }
    let read = look(t, &created).await?;
    let resource = read.resource()?;
    let kept = json!({ "id": before["id"], "meta": before["meta"] });
    let now = json!({ "id": resource["id"], "meta": resource["meta"] });
    let found = differences(&users, &kept, &now, &[]);
    if !found.is_empty() {
        let of = |json: &Value, name: &str| get_in(json, "meta", name).cloned();
        let is_taken = ["resourceType", "created", "location"]
            .into_iter()
            .any(|name| of(resource, name) == of(&body, name) && of(resource, name) != of(&before, name));
        let mut rules = vec!["RFC7644-3.5.1-14"];
        rules.extend((resource["id"] != before["id"]).then_some("RFC7643-3.1-08"));
        rules.extend((of(resource, "created") != of(&before, "created")).then_some("RFC7643-3.1-25"));
        if is_taken {
            rules.extend(["RFC7643-3.1-22", "RFC7644-3.5.1-11"]);
        }
        t.note(
            read.flaw("PUT changed what identifies the resource")
                .expected("id and meta as they were")
                .got(found.join("; "))
                .breaks(&rules),
        );
    }
    if get_in(resource, "meta", "lastModified") == Some(&json!("1999-01-01T00:00:00Z")) {
        t.note(
            read.flaw("PUT takes meta.lastModified from the client")
                .expected("the time of the change")
                .got(resource["meta"].to_string())
                .breaks(&["RFC7643-3.1-22", "RFC7644-3.5.1-11"]),
        );
    }
    Ok(())
}

check! {
    /// A change moves `meta.lastModified` on.
    ///
    /// Why: incremental imports ask for what changed since the last time. A change that does not show there is never seen.
    ///
    /// Fix: set `meta.lastModified` to the time of every write that changes something.
    MODIFIED = modified,
    id: "replace.last-modified",
    title: "a change by PUT moves meta.lastModified on",
    level: Must,
    requirements: ["RFC7643-3.1-25", "RFC7643-3.1-27", "RFC7644-3.5.1-14"],
    needs: [Users],
    breaks: [Okta],
}

async fn modified(t: &Trial) -> Verdict {
    let users = t.users()?;
    let created = t.create(&users).await?;
    let first = look(t, &created).await?;
    let text = |answer: &Answer| {
        let value = answer.json.as_ref().and_then(|json| get_in(json, "meta", "lastModified"));
        value.and_then(Value::as_str).map(str::to_owned)
    };
    let Some(was) = text(&first) else {
        return Err(Stop::Blocked("meta has no lastModified (check `create.meta`)".to_owned()));
    };
    let is_telling = outlast(t, &was).await;
    let body = next_body(t, &users, first.resource()?).await?;
    put(t, &created, &body).await?;
    let second = look(t, &created).await?;
    let born = |answer: &Answer| {
        let value = answer.json.as_ref().and_then(|json| get_in(json, "meta", "created")).cloned();
        value.and_then(|value| parse_date_time(value.as_str()?).map(|moment| (value, moment)))
    };
    if let Some((first, second_born)) = born(&first).zip(born(&second))
        && first.1 != second_born.1
    {
        t.note(
            second
                .flaw("PUT changed meta.created")
                .expected(first.0.to_string())
                .got(second_born.0.to_string())
                .breaks(&["RFC7644-3.5.1-14", "RFC7643-3.1-25"]),
        );
    }
    let Some(is) = text(&second) else {
        let flaw = second.flaw("after a PUT there is no meta.lastModified");
        return Err(flaw.breaks(&["RFC7643-3.1-27"]).into());
    };
    let (Some(a), Some(b)) = (parse_date_time(&was), parse_date_time(&is)) else {
        return Err(Stop::Blocked("meta.lastModified is no dateTime (check `create.meta`)".to_owned()));
    };
    if b < a || (b == a && is_telling) {
        return Err(second
            .flaw("meta.lastModified does not move on with a change")
            .expected(format!("later than {was}"))
            .got(is)
            .breaks(&["RFC7643-3.1-27", "RFC7644-3.5.1-14"])
            .into());
    }
    Ok(())
}

check! {
    /// A PUT that does not mention `active` does not deactivate the user.
    ///
    /// Why: OneLogin leaves `active` out of its updates unless it changes. A target that reads the absence as false locks
    /// everybody out with the next change of a name.
    ///
    /// Fix: keep `active`, clear it, or set it to true when the body leaves it out; never to false.
    WITHOUT_ACTIVE = without_active,
    id: "replace.without-active",
    title: "PUT without active does not deactivate the user",
    level: Interop,
    requirements: ["Q-U22"],
    needs: [Users],
    breaks: [OneLogin],
}

async fn without_active(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Some(active) = core(&users, "active") else { return skip("users have no `active`") };
    if active.attribute.required {
        return skip("the target demands `active`");
    }
    let mut body = t.body(&users).await?;
    active.set(&mut body, json!(true));
    let created = t.create_from(&users, &body).await?;
    if active.get(&t.read(&created).await?) != Some(&json!(true)) {
        return Err(Stop::Blocked("a new user is not active (check `lifecycle.active-as-sent`)".to_owned()));
    }
    active.remove(&mut body);
    put(t, &created, &body).await?;
    let read = look(t, &created).await?;
    match active.get(read.resource()?) {
        Some(Value::Bool(false)) => Err(read
            .flaw("PUT without `active` deactivated the user")
            .expected("active true, or no value")
            .got("active false")
            .into()),
        _ => Ok(()),
    }
}

check! {
    /// After a PUT without an extension that was there, its data and its URI in `schemas` are either both gone or both there.
    ///
    /// Why: a URI without data, or data without its URI, makes clients read an extension that does not exist or miss one that
    /// does.
    ///
    /// Fix: fill `schemas` from the extensions that have values each time the resource is shown.
    EXTENSION = extension,
    id: "replace.extension",
    title: "PUT without an extension keeps schemas and data in step",
    level: Must,
    requirements: ["RFC7644-3.5.1-19"],
    needs: [Users],
    breaks: [],
}

async fn extension(t: &Trial) -> Verdict {
    let users = t.users()?;
    let body = t.body(&users).await?;
    let found = t.survey(&users).await?.texts(&users.schema);
    let is_free = |slot: &Slot| slot.extension.as_ref().is_some_and(|urn| body.get(urn).is_none());
    let Some(slot) = found.into_iter().find(is_free) else {
        return skip("users keep no text of an optional extension");
    };
    let Some(urn) = slot.extension.clone() else { return skip("users have no extension") };
    let mut with = body.clone();
    slot.set(&mut with, slot.sample(&t.ground().fresh_name()));
    let created = t.create_from(&users, &with).await?;
    put(t, &created, &body).await?;
    let read = look(t, &created).await?;
    let resource = read.resource()?;
    let is_listed = get(resource, "schemas").and_then(Value::as_array).is_some_and(|list| {
        list.iter().any(|known| known.as_str().is_some_and(|known| known.eq_ignore_ascii_case(&urn)))
    });
    let has_data = get(resource, &urn).is_some();
    if is_listed == has_data {
        return Ok(());
    }
    let what = if is_listed {
        "after a PUT without the extension `schemas` names it, and its data is gone"
    } else {
        "after a PUT without the extension its data is there, and `schemas` does not name it"
    };
    // A URI too many is allowed where a type has the extension; it misleads, and no more.
    let flaw = read.flaw(what).expected("both or none").got(resource["schemas"].to_string());
    Err(if is_listed { flaw.concern() } else { flaw }.into())
}
