//! What identity providers send: PATCH of users, the values: managers, roles, names and identifiers.

use serde_json::{Value, json};

use super::interop::{
    Report, elements, enterprise, expect, expect_at_most, expect_gone, expect_no_crash, expect_only,
    expect_same, is_found, known, mapped_text, patched, report, role, seen, text_of,
};
use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Trial, component};
use crate::conformance::verdict::{Verdict, skip};

pub(super) const CHECKS: &[Check] = &[
    MANAGER_TEXT,
    MANAGER_BARE,
    MANAGER_CLEARED,
    ROLE_DOCUMENTS,
    ROLE_PRIMARY,
    WRAPPED,
    RESEND,
    EXTERNAL_ID,
    RENAME,
    WHOLE,
];

check! {
    /// The manager may be set with the id as text: `{"path": "urn:…:User:manager", "value": "<id>"}`.
    ///
    /// RFC 7643 §4.3 has an object with `value` there.
    ///
    /// Why: this is how Microsoft Entra ID sets managers. A server that wants the object answers 400, or fails on the cast; one that
    /// stores the text shows it where an object belongs, and the manager is sent again in every cycle.
    ///
    /// Fix: take text for a complex attribute that has a `value` sub-attribute for that value.
    MANAGER_TEXT = manager_text,
    id: "interop.manager-text",
    title: "a manager can be set with the id as text",
    level: Interop,
    requirements: ["Q-U10"],
    needs: [Users, Patch, Enterprise],
    breaks: [Entra],
}

async fn manager_text(t: &Trial) -> Verdict {
    let Report { user, manager, .. } = report(t).await?;
    let other = t.create(&user.kind).await?;
    let operation = json!([{ "op": "add", "path": enterprise("manager"), "value": other.id }]);
    let (answer, after) = patched(t, &user, operation).await?;
    expect(&answer, &after, &manager, &json!(other.id))
}

check! {
    /// The manager may be set as Microsoft's documentation prints it: `"path": "manager"` without the URN, and a list with one object.
    ///
    /// RFC 7644 §3.10 wants the URN before attributes of an extension.
    ///
    /// Why: it is the documented example for reference attributes of Microsoft Entra ID. Where it is refused the manager is never set.
    ///
    /// Fix: look for a name that the base schema does not have in the extensions, and take the only element of a list.
    MANAGER_BARE = manager_bare,
    id: "interop.manager-without-urn",
    title: "a manager can be set by the path manager and a list of one",
    level: Interop,
    requirements: ["Q-U11"],
    needs: [Users, Patch, Enterprise],
    breaks: [Entra],
}

async fn manager_bare(t: &Trial) -> Verdict {
    let Report { user, manager, .. } = report(t).await?;
    let other = t.create(&user.kind).await?;
    let reference = format!("{}{}", t.ground().target().base(), other.path);
    let value = json!([{ "$ref": reference, "value": other.id }]);
    let (answer, after) =
        patched(t, &user, json!([{ "op": "add", "path": "manager", "value": value }])).await?;
    expect(&answer, &after, &manager, &json!(other.id))
}

check! {
    /// An empty text as manager, plain or as `{"value": ""}`, takes the manager away, and no empty text is left behind.
    ///
    /// RFC 7644 has `remove` for that.
    ///
    /// Why: this is how Microsoft Entra ID and its validator take a manager away. A server that stores the empty text shows a manager
    /// whose id is nothing; one that looks for a user with that id refuses.
    ///
    /// Fix: treat an empty text for a reference as null.
    MANAGER_CLEARED = manager_cleared,
    id: "interop.manager-cleared",
    title: "an empty text takes the manager away",
    level: Interop,
    requirements: ["Q-U12"],
    needs: [Users, Patch, Enterprise],
    breaks: [Entra],
}

async fn manager_cleared(t: &Trial) -> Verdict {
    let Report { user, boss, manager } = report(t).await?;
    for value in [json!({ "value": "" }), json!("")] {
        let clear = json!([{ "op": "replace", "path": enterprise("manager"), "value": value }]);
        if let Some((answer, after)) = t.soft(patched(t, &user, clear).await)? {
            t.soft(expect_gone(&answer, &after, &manager))?;
        }
        let set = json!([{ "op": "replace", "path": enterprise("manager"), "value": { "value": boss.id } }]);
        if !t.patch(&user.path, set).await?.is_success() {
            break;
        }
    }
    Ok(())
}

check! {
    /// A role whose `value` is a JSON document as text is stored as it is, taken apart, or refused with 400; it does not make the server fail.
    ///
    /// Why: with `AppRoleAssignmentsComplex` Microsoft Entra ID packs id, name and description of a role into the text.
    ///
    /// Fix: treat the value as opaque text, and allow for its length and its quotation marks.
    ROLE_DOCUMENTS = role_documents,
    id: "interop.role-document",
    title: "a role whose value is a JSON document does no harm",
    level: Interop,
    requirements: ["Q-U13"],
    needs: [Users, Patch],
    breaks: [Entra],
}

async fn role_documents(t: &Trial) -> Verdict {
    let users = t.users()?;
    if known(&users, "roles.value").is_none() {
        return skip("User has no `roles`");
    }
    let user = t.create(&users).await?;
    let name = t.ground().fresh_name();
    let document = json!({ "id": name, "value": "Admin", "displayName": "Admin" }).to_string();
    let add = json!([{ "op": "add", "path": "roles", "value": [{ "value": document }] }]);
    let answer = t.patch(&user.path, add).await?;
    expect_no_crash(&answer)?;
    if answer.is_success() {
        t.read(&user).await?;
    }
    Ok(())
}

check! {
    /// `roles[primary eq "True"].value` makes the primary role where there is none, with a boolean, and changes it where there is one.
    ///
    /// By the letter a boolean is compared with a text there, which matches nothing.
    ///
    /// Why: with `SingleAppRoleAssignment` Microsoft Entra ID writes the role of a user so, and its validator does too. Servers have stored an
    /// attribute with the name `roles[primary eq "True"]`, added a role each time, or answered noTarget.
    ///
    /// Fix: read the text as a boolean, look for the element, and make it from the filter when it is not there.
    ROLE_PRIMARY = role_primary,
    id: "interop.role-primary",
    title: "roles[primary eq \"True\"].value makes and changes the primary role",
    level: Interop,
    requirements: ["Q-U14"],
    needs: [Users, Patch],
    breaks: [Entra],
}

async fn role_primary(t: &Trial) -> Verdict {
    let users = t.users()?;
    if !role(t).await? {
        return skip("the target does not keep `roles.primary`");
    }
    let user = t.create(&users).await?;
    let path = "roles[primary eq \"True\"].value";
    for op in ["add", "replace"] {
        let name = t.ground().fresh_name();
        let (answer, after) = patched(t, &user, json!([{ "op": op, "path": path, "value": name }])).await?;
        let odd = after.as_object().and_then(|object| object.keys().find(|key| key.starts_with("roles[")));
        if let Some(odd) = odd {
            return Err(answer
                .flaw("the path is stored as the name of an attribute")
                .expected("an element of `roles`")
                .got(format!("\"{odd}\""))
                .into());
        }
        let roles = elements(&after, "roles");
        if roles.len() != 1 || roles[0]["value"] != name.as_str() || roles[0]["primary"] != true {
            return Err(answer
                .flaw(format!("after `{op}` there is not one primary role with the value"))
                .expected(json!([{ "primary": true, "value": name }]).to_string())
                .got(seen(after.get("roles")))
                .into());
        }
    }
    Ok(())
}

check! {
    /// A single value in a list of one, `"value": ["Platform"]`, is taken for the value.
    ///
    /// By the letter it is of the wrong type.
    ///
    /// Why: Microsoft Entra ID has been seen to wrap values so. A server that stores the list shows an array where text belongs.
    ///
    /// Fix: take the only element of an array for a single-valued attribute, and refuse longer arrays with invalidValue.
    WRAPPED = wrapped,
    id: "interop.wrapped-value",
    title: "a list of one stands for its value",
    level: Interop,
    requirements: ["Q-U15"],
    needs: [Users, Patch],
    breaks: [Entra],
}

async fn wrapped(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let user = t.create(&users).await?;
    let value = json!(t.ground().fresh_name());
    let operation = json!([{ "op": "replace", "path": slot.path(), "value": [value] }]);
    let (answer, after) = patched(t, &user, operation).await?;
    expect(&answer, &after, &slot, &value)
}

check! {
    /// A value that is there already can be sent again: success, and nothing changes.
    ///
    /// Why: Microsoft Entra ID sends again whatever it is not sure of, cycle after cycle. A 400 or 409 for «no change» counts as a
    /// failure, and many of them put the whole job in quarantine.
    ///
    /// Fix: answer 200 or 204 when an operation changes nothing (RFC 7644 §3.5.2).
    RESEND = resend,
    id: "interop.same-value-again",
    title: "a value that is there already can be sent again",
    level: Interop,
    requirements: ["Q-U24", "Q-E10"],
    needs: [Users, Patch],
    breaks: [Entra],
}

async fn resend(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let active = known(&users, "active");
    let mut body = t.body(&users).await?;
    let value = json!(t.ground().fresh_name());
    slot.set(&mut body, value.clone());
    let user = t.create_from(&users, &body).await?;
    let before = t.read(&user).await?;
    let mut operations = vec![json!({ "op": "replace", "path": slot.path(), "value": value })];
    if let Some(is) = active.as_ref().and_then(|active| active.get(&before)).filter(|is| is.is_boolean()) {
        operations.push(json!({ "op": "replace", "path": "active", "value": is }));
    }
    let (answer, after) = patched(t, &user, json!(operations)).await?;
    for slot in std::iter::once(&slot).chain(&active) {
        expect_same(&answer, &before, &after, slot)?;
    }
    Ok(())
}

check! {
    /// externalId can be changed, and the user is found by the new one and no more by the old one.
    ///
    /// Why: when an administrator maps externalId to something else, Microsoft Entra ID changes it for everybody. A server that takes it
    /// for fixed refuses, and the next search by the new value creates everybody again.
    ///
    /// Fix: treat externalId as readWrite, and keep its index up to date.
    EXTERNAL_ID = external_id,
    id: "interop.external-id-change",
    title: "externalId can be changed and is found",
    level: Interop,
    requirements: ["Q-U25", "Q-L02"],
    needs: [Users, Patch],
    breaks: [Entra],
}

async fn external_id(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let [old, new] = [0, 1].map(|_| format!("Ext-{}", t.ground().fresh_name()));
    body["externalId"] = json!(old);
    let user = t.create_from(&users, &body).await?;
    if t.read(&user).await?["externalId"] != old.as_str() {
        return skip("the target does not keep externalId (check `interop.lookup-external-id`)");
    }
    let operation = json!([{ "op": "replace", "path": "externalId", "value": new }]);
    let (answer, after) = breaking(patched(t, &user, operation).await, &["Q-U25"])?;
    if after["externalId"] != new.as_str() {
        return Err(answer
            .flaw(format!("{} is answered with success, but externalId is not what was sent", answer.asked))
            .expected(format!("\"{new}\""))
            .got(seen(after.get("externalId")))
            .breaks(&["Q-U25"])
            .into());
    }
    let find = async |value: &str| {
        let filter = component(&format!("externalId eq \"{value}\""));
        t.get(&format!("{}?filter={filter}", users.endpoint())).await
    };
    breaking(expect_only(&find(&new).await?, &user.id), &["Q-L02"])?;
    breaking(expect_at_most(&find(&old).await?, &[]), &["Q-L02"])
}

check! {
    /// A userName can be changed, the id stays, and the user is found by the new name; a name that somebody has is refused with 409.
    ///
    /// Why: people marry, and companies change domains. Where the rename is refused or makes a new id, Microsoft Entra ID has lost the
    /// account; where two people end with one name, both are stopped as duplicates.
    ///
    /// Fix: let PATCH write userName, check its uniqueness as POST does, and keep the id.
    RENAME = rename,
    id: "interop.rename",
    title: "a userName can be changed, unless somebody has it",
    level: Interop,
    requirements: ["Q-U26"],
    needs: [Users, Patch],
    breaks: [Entra],
}

async fn rename(t: &Trial) -> Verdict {
    let users = t.users()?;
    let body = t.body(&users).await?;
    let old = text_of(&body, "userName")?.to_owned();
    let user = t.create_from(&users, &body).await?;
    let new = format!("{}@example.com", t.ground().fresh_name());
    let (answer, after) =
        patched(t, &user, json!([{ "op": "replace", "path": "userName", "value": new }])).await?;
    if after["userName"] != new.as_str() || after["id"] != user.id.as_str() {
        return Err(answer
            .flaw(format!("{} is answered with success, but the user is not renamed", answer.asked))
            .expected(format!("\"userName\": \"{new}\" and the id as before"))
            .got(format!("\"userName\": {}, \"id\": {}", after["userName"], after["id"]))
            .into());
    }
    let find = async |name: &str| {
        let filter = component(&format!("userName eq \"{name}\""));
        t.get(&format!("{}?filter={filter}", users.endpoint())).await
    };
    let cohort = t.cohort().await?;
    let known = &cohort.members[0];
    let verdicts = [expect_only(&find(&new).await?, &user.id), expect_at_most(&find(&old).await?, &[])];
    // Where nobody is found by name, or everybody, the change is not to blame.
    if verdicts.iter().all(Result::is_ok)
        || is_found(t, &users, ("userName", text_of(&known.json, "userName")?), known.id()).await?
    {
        verdicts.into_iter().try_for_each(|verdict| t.soft(verdict).map(drop))?;
    }

    let other = t.create(&users).await?;
    let taken = json!([{ "op": "replace", "path": "userName", "value": new }]);
    let answer = t.patch(&other.path, taken).await?;
    if answer.is_success() && t.read(&other).await?["userName"] == new.as_str() {
        return Err(answer
            .flaw("two users have the same userName after a PATCH")
            .expected("409 uniqueness")
            .got(answer.said())
            .into());
    }
    answer.expect_status(&[409])?;
    Ok(())
}

check! {
    /// A whole user as the value of an operation without a path is applied, but for its readOnly members.
    ///
    /// The clients known to send this (authentik among them) are none of those whose readiness is judged. A violation stands in nobody's way,
    /// and the check runs when it is named.
    ///
    /// Why: `id`, `meta` and `schemas` come along with the rest. By the letter an attempt to change them is an error; a client that
    /// only sends back what it got means no harm.
    ///
    /// Fix: pass over readOnly members of a path-less value when they come as they are.
    WHOLE = whole,
    id: "interop.whole-resource-patch",
    title: "a whole user as a path-less value is applied",
    level: Interop,
    requirements: ["Q-U31", "Q-G20"],
    needs: [Users, Patch],
    breaks: [],
}

async fn whole(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let user = t.create(&users).await?;
    let before = t.read(&user).await?;
    let mut changed = before.clone();
    let value = json!(t.ground().fresh_name());
    slot.set(&mut changed, value.clone());
    let (answer, after) = patched(t, &user, json!([{ "op": "replace", "value": changed }])).await?;
    expect(&answer, &after, &slot, &value)?;
    match after.get("id") {
        Some(Value::String(id)) if *id == user.id => Ok(()),
        other => Err(answer.flaw("the id has changed").expected(user.id).got(seen(other)).into()),
    }
}
