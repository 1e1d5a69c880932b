//! Creating resources (RFC 7644 §3.3): what clients may send and do not decide.

use serde_json::{Value, json};

use super::compare::{expect_same, get, get_in, holds, look};
use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::trial::slot::{is_unassigned, slots};
use crate::conformance::trial::{Slot, Trial};
use crate::conformance::verdict::{Verdict, skip};
use crate::protocol::schema::{Mutability, Type};

pub(super) const CHECKS: &[Check] = &[CLIENT_ID, CLIENT_META, READ_ONLY];

check! {
    /// An `id` in the body of a POST is ignored: the server gives an id of its own, and nothing that has the id already is
    /// touched.
    ///
    /// Why: Okta and others send the ids of their own system. A target that takes them over lets one client overwrite the
    /// account of another, and hands out ids that it cannot keep unique.
    ///
    /// Fix: drop `id` from the body before anything is stored, without an error.
    CLIENT_ID = client_id,
    id: "create.client-id-ignored",
    title: "an id in the body of a POST is ignored",
    level: Must,
    requirements: ["RFC7643-3.1-10", "RFC7644-3.3-02"],
    needs: [Users],
    breaks: [Okta],
}

async fn client_id(t: &Trial) -> Verdict {
    let users = t.users()?;
    let victim = t.create(&users).await?;
    let before = t.read(&victim).await?;
    for id in [t.ground().fresh_name(), victim.id.clone()] {
        let mut body = t.body(&users).await?;
        body["id"] = json!(id);
        let answer = t.post(users.endpoint(), &body).await?;
        if !answer.is_success() {
            t.note(
                answer
                    .flaw("a POST whose body has an `id` is refused")
                    .expected("201; a readOnly attribute is ignored")
                    .got(answer.said())
                    .breaks(&["RFC7644-3.3-02"]),
            );
            continue;
        }
        let created = t.created_by(&users, &answer)?;
        if created.id == id {
            t.note(
                answer
                    .flaw("the new resource has the id that the client sent")
                    .expected("an id that the server chose")
                    .got(format!("\"id\": \"{id}\"")),
            );
        }
    }
    let after = look(t, &victim).await?;
    let what = "a POST with the id of another user changed that user";
    breaking(expect_same(&users, &before, &after, &[], what), &["RFC7643-3.1-10"])
}

check! {
    /// A `meta` in the body of a POST is ignored.
    ///
    /// Why: Entra ID sends `meta.resourceType`, and clients that copy resources send all of it. Refusing that keeps people
    /// out; taking it over gives resources a false age and an address that leads elsewhere.
    ///
    /// Fix: drop `meta` from the body without an error, and fill it from what the server knows, also in the answer.
    CLIENT_META = client_meta,
    id: "create.client-meta-ignored",
    title: "meta in the body of a POST is ignored",
    level: Must,
    requirements: ["RFC7643-3.1-22", "RFC7643-3.1-02", "RFC7644-3.3-02"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn client_meta(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let sent = json!({
        "resourceType": "Robot",
        "created": "1999-01-01T00:00:00Z",
        "lastModified": "1999-01-01T00:00:00Z",
        "location": "https://elsewhere.example/Users/1",
        "version": "W/\"1999\"",
    });
    body["meta"] = sent.clone();
    let answer = t.post(users.endpoint(), &body).await?;
    if !answer.is_success() {
        return Err(answer
            .flaw("a POST whose body has `meta` is refused")
            .expected("201; `meta` is ignored")
            .got(answer.said())
            .breaks(&["RFC7643-3.1-22", "RFC7644-3.3-02"])
            .into());
    }
    let created = t.created_by(&users, &answer)?;
    let read = look(t, &created).await?;
    for shown in [&answer, &read].into_iter().filter(|shown| !shown.body.is_empty()) {
        let resource = shown.resource()?;
        let taken =
            |name: &str| get_in(resource, "meta", name).is_some_and(|value| Some(value) == sent.get(name));
        let names = ["resourceType", "created", "lastModified", "location", "version"];
        let adopted: Vec<&str> = names.into_iter().filter(|name| taken(name)).collect();
        if !adopted.is_empty() {
            t.note(
                shown
                    .flaw(format!(
                        "the answer to {} has the meta.{} of the client",
                        shown.asked,
                        adopted.join(", ")
                    ))
                    .expected("what the server knows")
                    .got(resource["meta"].to_string()),
            );
        }
    }
    Ok(())
}

check! {
    /// readOnly attributes in the body of a POST are ignored, `groups` of a user above all.
    ///
    /// Why: clients send back what they have read. When `groups` counts on create, a client can put somebody into a group
    /// without the right to change the group; when it is an error, Okta cannot create anybody.
    ///
    /// Fix: drop readOnly attributes from the body without an error.
    READ_ONLY = read_only,
    id: "create.read-only-ignored",
    title: "readOnly attributes in the body of a POST are ignored",
    level: Must,
    requirements: ["RFC7644-3.3-02", "RFC7643-4.1.2-17", "RFC7643-7-21", "RFC7644-3.1-06"],
    needs: [Users],
    breaks: [Okta],
}

async fn read_only(t: &Trial) -> Verdict {
    let users = t.users()?;
    let tag = t.ground().fresh_name();
    let mut body = t.body(&users).await?;
    let group = match t.groups() {
        Ok(groups) => t.create(&groups).await.ok(),
        Err(_) => None,
    };
    let read_only = |slot: &Slot| slot.attribute.mutability == Mutability::ReadOnly;
    let places: Vec<Slot> = slots(&users.schema).filter(read_only).collect();
    let mut sent: Vec<(Slot, Value)> = Vec::new();
    for slot in places {
        let is_groups = slot.extension.is_none() && slot.attribute.name.eq_ignore_ascii_case("groups");
        let value = match &group {
            Some(group) if is_groups => json!([{ "value": group.id, "display": "x" }]),
            None if is_groups => json!([{ "value": tag, "display": "x" }]),
            _ => slot.sample(&tag),
        };
        slot.set(&mut body, value.clone());
        sent.push((slot, value));
    }
    if sent.is_empty() {
        return skip("the User schema has no readOnly attribute");
    }
    let answer = t.post(users.endpoint(), &body).await?;
    if !answer.is_success() {
        return Err(answer
            .flaw("a POST with readOnly attributes is refused")
            .expected("201; they are ignored")
            .got(answer.said())
            .breaks(&["RFC7644-3.3-02"])
            .into());
    }
    let created = t.created_by(&users, &answer)?;
    let read = look(t, &created).await?;
    for shown in [&answer, &read].into_iter().filter(|shown| !shown.body.is_empty()) {
        let resource = shown.resource()?;
        for (slot, value) in &sent {
            // A boolean or a word from a short list may be the same by chance.
            let is_telling = matches!(slot.attribute.kind, Type::String | Type::Complex)
                && slot.attribute.canonical_values.is_empty()
                && !is_unassigned(value);
            let stored = slot.get(resource).filter(|stored| holds(&slot.attribute, value, stored));
            if let Some(stored) = stored.filter(|_| is_telling) {
                let is_groups = slot.extension.is_none() && slot.path().eq_ignore_ascii_case("groups");
                let rules: &[&'static str] = match is_groups {
                    true => &["RFC7644-3.3-02", "RFC7643-7-21", "RFC7643-4.1.2-17"],
                    false => &["RFC7644-3.3-02", "RFC7643-7-21"],
                };
                t.note(
                    shown
                        .flaw(format!(
                            "the answer to {} has {}, which is readOnly, as the client sent it",
                            shown.asked,
                            slot.path()
                        ))
                        .expected("the value is ignored")
                        .got(stored.to_string())
                        .breaks(rules),
                );
            }
        }
    }
    let Some(group) = group else { return Ok(()) };
    let after = look(t, &group).await?;
    let members = get(after.resource()?, "members").and_then(Value::as_array);
    let is_in = |member: &Value| get(member, "value").and_then(Value::as_str) == Some(created.id.as_str());
    if members.is_some_and(|members| members.iter().any(is_in)) {
        t.note(
            after
                .flaw("`groups` in the body of a new user made it a member")
                .expected("a group without the user")
                .breaks(&["RFC7643-4.1.2-17"]),
        );
    }
    Ok(())
}
