//! What is special about users (RFC 7643 §4.1) and about the enterprise extension (§4.3).

use serde_json::{Value, json};

use super::compare::{Place, core, expect_refusal, get, get_in, look, quoted};
use super::delete::member_of_group;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::trial::slot::{Slot, slots};
use crate::conformance::trial::{Answer, Created, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::{BULK_REQUEST, member};
use crate::protocol::schema::{ENTERPRISE_USER, USER};

pub(super) const CHECKS: &[Check] = &[
    SCHEMA,
    NAME_REQUIRED,
    NAME_EMPTY,
    NAME_SHOWN,
    FORMATTED,
    DISPLAY_NAME,
    GROUPS,
    PASSWORD_ACCEPTED,
    PASSWORD_HIDDEN,
    PASSWORD_WEAK,
    ENTERPRISE,
    MANAGER,
    MANAGER_IN_BULK,
];

check! {
    /// Users are at /Users and have the schema `urn:ietf:params:scim:schemas:core:2.0:User`.
    ///
    /// Why: identity providers do not ask what a target calls its people; they send this URI and look for it. One of SCIM
    /// 1.1 or of the target's own is not understood.
    ///
    /// Fix: use the URI of the RFC as base schema of the type at /Users and in `schemas` of every user.
    SCHEMA = schema,
    id: "user.schema",
    title: "the resources at /Users have the core User schema",
    level: Must,
    requirements: ["RFC7643-4.1-01"],
    needs: [],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn schema(t: &Trial) -> Verdict {
    let kinds = t.kinds();
    let Some(kind) = kinds.iter().find(|kind| kind.endpoint().eq_ignore_ascii_case("/Users")) else {
        return skip("the target has no /Users");
    };
    if kind.schema.core.id != USER {
        return Err(crate::conformance::verdict::Flaw::new("the type at /Users has another base schema")
            .expected(USER)
            .got(kind.schema.core.id.clone())
            .into());
    }
    let created = t.create(kind).await?;
    let read = look(t, &created).await?;
    let listed = get(read.resource()?, "schemas").and_then(Value::as_array);
    if listed.is_some_and(|list| list.iter().any(|urn| urn == USER)) {
        return Ok(());
    }
    Err(read
        .flaw("`schemas` of a user does not name the core User schema")
        .expected(USER)
        .got(read.resource()?["schemas"].to_string())
        .into())
}

check! {
    /// A user has a userName: a POST without one, or with null, is refused with 400.
    ///
    /// Why: the userName is what people log in with and what identity providers look up. Without it there is an account that
    /// nobody can use and no look-up finds.
    ///
    /// Fix: answer 400 with `"scimType": "invalidValue"` when userName is missing.
    NAME_REQUIRED = name_required,
    id: "user.user-name-required",
    title: "a user without userName is refused",
    level: Must,
    requirements: ["RFC7643-4.1.1-01", "RFC7644-3.3-12"],
    needs: [Users],
    breaks: [],
}

async fn name_required(t: &Trial) -> Verdict {
    let users = t.users()?;
    for value in [None, Some(Value::Null)] {
        let mut body = t.body(&users).await?;
        if let Some(object) = body.as_object_mut() {
            object.shift_remove("userName");
        }
        let mistake = if value.is_some() { "userName null" } else { "no userName" };
        if let Some(value) = value {
            body["userName"] = value;
        }
        let answer = t.post(users.endpoint(), &body).await?;
        if answer.is_success() {
            let read = look(t, &t.created_by(&users, &answer)?).await?;
            // A name that the server made up is a default, and a user has one.
            if let Some(made_up) = get(read.resource()?, "userName") {
                t.note(
                    answer
                        .flaw(format!("a user with {mistake} is accepted, and the server makes a name up"))
                        .expected("400")
                        .got(format!("userName {made_up}"))
                        .concern(),
                );
                continue;
            }
        }
        t.soft(expect_refusal(&answer, &[400], mistake))?;
    }
    Ok(())
}

check! {
    /// An empty userName is no userName: it is refused with 400.
    ///
    /// Why: a mapping that yields nothing sends an empty text. The first such user is created, the next one is a conflict with
    /// it, and both are nobody.
    ///
    /// Fix: treat an empty text like a missing value where an attribute is required.
    NAME_EMPTY = name_empty,
    id: "user.user-name-empty",
    title: "a user with an empty userName is refused",
    level: Must,
    requirements: ["RFC7643-4.1.1-02", "RFC7643-4.1.1-01"],
    needs: [Users],
    breaks: [],
}

async fn name_empty(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    body["userName"] = json!("");
    let answer = t.post(users.endpoint(), &body).await?;
    expect_refusal(&answer, &[400], "an empty userName")
}

check! {
    /// Every user is shown with its userName.
    ///
    /// Why: identity providers match what they read by the userName. A list of users without names is of no use to them.
    ///
    /// Fix: return userName by default, in GET and in lists.
    NAME_SHOWN = name_shown,
    id: "user.user-name-shown",
    title: "every user is shown with a userName",
    level: Must,
    requirements: ["RFC7643-4.1.1-01"],
    needs: [Users],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn name_shown(t: &Trial) -> Verdict {
    let users = t.users()?;
    let created = t.create(&users).await?;
    let read = look(t, &created).await?;
    let list = t.get(&format!("{}?count=10", users.endpoint())).await?;
    let listed = list.list().map(|list| list.resources.to_vec()).unwrap_or_default();
    for (answer, shown) in [(&read, std::slice::from_ref(read.resource()?)), (&list, listed.as_slice())] {
        let is_named =
            |user: &Value| get(user, "userName").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
        if let Some(user) = shown.iter().find(|user| !is_named(user)) {
            t.note(
                answer
                    .flaw(format!("the answer to {} shows a user without userName", answer.asked))
                    .expected("a non-empty userName")
                    .got(crate::conformance::trial::shortened(&user.to_string())),
            );
        }
    }
    Ok(())
}

check! {
    /// `name.formatted` that the server makes from the parts of a name says the same as they do, also after a change.
    ///
    /// Why: applications greet people with it. Somebody who married still reads the old name, and no change in the directory
    /// helps.
    ///
    /// Fix: make `name.formatted` anew when a part changes, or do not return it.
    FORMATTED = formatted,
    id: "user.formatted-name",
    title: "a formatted name that the server makes agrees with the parts",
    level: Should,
    requirements: ["RFC7643-4.1.1-06", "RFC7643-4.1.1-07"],
    needs: [Users],
    breaks: [],
}

async fn formatted(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Some(name) = core(&users, "name") else { return skip("users have no `name`") };
    let tag = t.ground().fresh_name();
    let mut body = t.body(&users).await?;
    let (given, family, new) = (format!("Ada{tag}"), format!("Lovelace{tag}"), format!("King{tag}"));
    name.set(&mut body, json!({ "givenName": given, "familyName": family }));
    if core(&users, "displayName").is_some_and(|slot| !slot.attribute.required) {
        body.as_object_mut().map(|object| object.shift_remove("displayName"));
    }
    let created = t.create_from(&users, &body).await?;
    let read = look(t, &created).await?;
    let shown = |answer: &Answer| {
        let value = answer.json.as_ref().and_then(|json| get_in(json, "name", "formatted").cloned());
        value.and_then(|value| value.as_str().map(str::to_lowercase))
    };
    let has_part = |part: &str| get_in(&body, "name", part).is_some();
    let parts_kept = read.resource().is_ok_and(|json| get_in(json, "name", "familyName").is_some());
    let Some(text) = shown(&read).filter(|_| has_part("familyName") && parts_kept) else {
        return Ok(()); // The parts alone are enough, and so is a formatted name alone.
    };
    if !text.contains(&given.to_lowercase()) && !text.contains(&family.to_lowercase()) {
        return Err(read
            .flaw("name.formatted says something else than the parts of the name")
            .expected(format!("{given} {family}"))
            .got(text)
            .into());
    }
    if t.lacks(Need::Patch).await?.is_some() {
        return Ok(());
    }
    let operation = json!([{ "op": "replace", "path": "name.familyName", "value": new }]);
    if !t.patch(&created.path, operation).await?.is_success() {
        return Err(Stop::Blocked("name.familyName cannot be changed (topic `patch`)".to_owned()));
    }
    let read = look(t, &created).await?;
    match shown(&read) {
        Some(text) if text.contains(&family.to_lowercase()) => Err(read
            .flaw("name.formatted has the old family name after a change")
            .expected(format!("{given} {new}"))
            .got(text)
            .into()),
        _ => Ok(()),
    }
}

check! {
    /// A user can be created without displayName; where the server makes one, it is a name and not an id.
    ///
    /// Why: the displayName is what people see of each other. An opaque id there is of no use to anybody, and demanding it keeps
    /// out who is not given one.
    ///
    /// Fix: make it optional, and make a missing one from `name` or `userName`.
    DISPLAY_NAME = display_name,
    id: "user.display-name",
    title: "displayName is optional, and a name where the server makes one",
    level: Should,
    requirements: ["RFC7643-4.1.1-08", "RFC7643-4.1.1-09"],
    needs: [Users],
    breaks: [],
}

async fn display_name(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Some(slot) = core(&users, "displayName").filter(|slot| !slot.attribute.required) else {
        return skip("the schema demands a displayName, or has none");
    };
    let mut body = t.body(&users).await?;
    slot.remove(&mut body);
    let answer = t.post(users.endpoint(), &body).await?;
    if !answer.is_success() {
        return Err(answer
            .flaw("a user without displayName is refused, although the schema says that it is optional")
            .expected("201")
            .got(answer.said())
            .breaks(&["RFC7643-4.1.1-08"])
            .into());
    }
    let created = t.created_by(&users, &answer)?;
    let read = look(t, &created).await?;
    let shown = slot.get(read.resource()?).and_then(Value::as_str).unwrap_or_default();
    // An id that is the userName is a name as well.
    let is_opaque = shown == created.id && body["userName"] != json!(shown);
    if !is_opaque {
        return Ok(());
    }
    Err(read
        .flaw("the server makes the displayName of a user from its id")
        .expected("the full name, or the userName")
        .got(shown)
        .breaks(&["RFC7643-4.1.1-09"])
        .into())
}

check! {
    /// `groups` of a user shows the groups that it was made a member of.
    ///
    /// Why: clients that only read users decide by `groups` what somebody may do. When it is empty although the schema has it,
    /// everybody looks as if they had no rights.
    ///
    /// Fix: compute `groups` from the memberships when a user is read, or take it out of the schema.
    GROUPS = groups,
    id: "user.groups",
    title: "groups of a user shows its memberships",
    level: Must,
    requirements: ["RFC7643-4.1.2-20", "RFC7643-4.1.2-18"],
    needs: [Users, Groups],
    breaks: [],
}

async fn groups(t: &Trial) -> Verdict {
    let users = t.users()?;
    if core(&users, "groups").is_none() {
        return skip("users have no `groups`");
    }
    let (user, group) = member_of_group(t).await?;
    let read = look(t, &user).await?;
    let groups = get(read.resource()?, "groups").and_then(Value::as_array);
    let is_it = |entry: &Value| get(entry, "value").and_then(Value::as_str) == Some(group.id.as_str());
    if groups.is_some_and(|list| list.iter().any(is_it)) {
        return Ok(());
    }
    let flaw = read
        .flaw("`groups` of a user does not show the group that it is a member of")
        .expected(format!("an entry with the value {}", group.id))
        .got(groups.map_or_else(|| "nothing".to_owned(), |list| json!(list).to_string()));
    Err(if users.is_published { flaw } else { flaw.concern() }.into())
}

/// A password that policies accept, and that nothing else contains.
fn secret(t: &Trial) -> String {
    format!("Zx9!{}-Qw7#", t.ground().fresh_name())
}

check! {
    /// A password in the body of a POST is accepted.
    ///
    /// Why: Okta sends one with every new user, random where there is no other. A target that refuses it, because people log in
    /// elsewhere, gets no users.
    ///
    /// Fix: accept `password`; where it is of no use, drop it.
    PASSWORD_ACCEPTED = password_accepted,
    id: "user.password-accepted",
    title: "a user can be created with a password",
    level: Interop,
    requirements: ["Q-C05"],
    needs: [Users],
    breaks: [Okta],
}

async fn password_accepted(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    body["password"] = json!(secret(t));
    let answer = t.post(users.endpoint(), &body).await?;
    if answer.is_success() {
        return Ok(());
    }
    Err(answer.flaw("a user with a password is refused").expected("201").got(answer.said()).into())
}

check! {
    /// A password is never returned: not by the request that sets it, not by GET or a list, and not when it is asked for by name.
    ///
    /// Why: a password that comes back is in the logs of every client and proxy on the way, and one that comes back shows that
    /// it is kept in the clear. A hash can be broken at leisure.
    ///
    /// Fix: give `password` the characteristics writeOnly and returned never, and leave it out of every representation.
    PASSWORD_HIDDEN = password_hidden,
    id: "user.password-hidden",
    title: "a password is never returned",
    level: Must,
    requirements: [
        "RFC7643-4.1.1-18", "RFC7643-4.1.1-19", "RFC7643-7-25", "RFC7643-7-28", "RFC7643-4.1.1-26",
        "RFC7644-3.5.1-04",
    ],
    needs: [Users],
    breaks: [Okta],
}

async fn password_hidden(t: &Trial) -> Verdict {
    let users = t.users()?;
    let (first, second, third) = (secret(t), secret(t), secret(t));
    let mut body = t.body(&users).await?;
    body["password"] = json!(first);
    let posted = t.post(users.endpoint(), &body).await?;
    if !posted.is_success() {
        return skip("a user cannot be created with a password (check `user.password-accepted`)");
    }
    let created = t.created_by(&users, &posted)?;
    let mut answers = vec![posted, t.get(&created.path).await?];
    answers.push(t.get(&format!("{}?attributes=password", created.path)).await?);
    let name = quoted(body["userName"].as_str().unwrap_or_default());
    if t.lacks(Need::Filter).await?.is_none() {
        answers.push(t.search(&users, &format!("userName eq {name}")).await?);
        let target = format!("{}?attributes=userName,password&filter=userName eq {name}", users.endpoint());
        answers.push(t.get(&target).await?);
    }
    body["password"] = json!(second);
    let put = t.put(&created.path, &body).await?;
    judge_set(t, &users, &put, "PUT");
    answers.push(put);
    if t.lacks(Need::Patch).await?.is_none() {
        let operation = json!([{ "op": "replace", "path": "password", "value": third }]);
        let patched = t.patch(&created.path, operation).await?;
        judge_set(t, &users, &patched, "PATCH");
        answers.push(patched);
        let operation = json!([{ "op": "replace", "path": "externalId", "value": t.ground().fresh_name() }]);
        answers.push(t.patch(&created.path, operation).await?);
    }
    for answer in &answers {
        let text = String::from_utf8_lossy(&answer.body);
        let is_told = [&first, &second, &third].into_iter().any(|secret| text.contains(secret.as_str()));
        // In an error the word may stand for the attribute.
        let is_member = answer.is_success() && answer.json.as_ref().is_some_and(has_password);
        if is_told || is_member {
            t.note(
                answer
                    .flaw(format!("the answer to {} has the password", answer.asked))
                    .expected("no `password`")
                    .got(if is_told { "the password as it was sent" } else { "a member `password`" })
                    .breaks(&["RFC7643-4.1.1-18", "RFC7643-4.1.1-19", "RFC7643-7-25", "RFC7643-7-28"]),
            );
        }
    }
    Ok(())
}

/// A password that is published can be changed too; policies and missing rights are no mistake.
fn judge_set(t: &Trial, users: &crate::conformance::discovery::Kind, answer: &Answer, method: &str) {
    let is_published = core(users, "password").is_some();
    if is_published && !answer.is_success() && !matches!(answer.status, 403 | 405 | 501) {
        t.note(
            answer
                .flaw(format!("{method} with a new password is refused"))
                .expected("success")
                .got(answer.said())
                .breaks(&["RFC7643-4.1.1-26", "RFC7644-3.5.1-04"])
                .concern(),
        );
    }
}

/// Whether there is a password in a resource or in the resources of a list.
fn has_password(json: &Value) -> bool {
    match json {
        Value::Object(members) => {
            let own = member(members, "password").is_some_and(|value| !value.is_null());
            own || member(members, "Resources").is_some_and(has_password)
        }
        Value::Array(items) => items.iter().any(has_password),
        _ => false,
    }
}

check! {
    /// A weak password is refused as an invalid value, or accepted; it is no internal error.
    ///
    /// Why: policies differ, and the client has to hear which rule was broken. An internal error is repeated for days and tells
    /// nobody that the password is too short.
    ///
    /// Fix: answer 400 with `"scimType": "invalidValue"` and the rule that the password breaks.
    PASSWORD_WEAK = password_weak,
    id: "user.password-weak",
    title: "a weak password is accepted or refused, and no internal error",
    level: Should,
    requirements: ["RFC7643-4.1.1-22"],
    needs: [Users],
    breaks: [],
}

async fn password_weak(t: &Trial) -> Verdict {
    let users = t.users()?;
    if core(&users, "password").is_none() {
        return skip("users have no `password`");
    }
    let mut body = t.body(&users).await?;
    body["password"] = json!("a");
    let answer = t.post(users.endpoint(), &body).await?;
    if answer.status < 500 {
        return Ok(());
    }
    Err(answer
        .flaw("a weak password ends in an internal error")
        .expected("201 or 400")
        .got(answer.said())
        .into())
}

check! {
    /// The attributes of the enterprise extension are text in the object under its URI, and are stored.
    ///
    /// Why: Entra ID and Okta send employee number, cost centre, department and the like there. A target that publishes them and
    /// drops them, or returns a number for `0701984`, gets the same change in every cycle.
    ///
    /// Fix: store the five attributes as strings under
    /// `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`, and list the URI in `schemas`.
    ENTERPRISE = enterprise,
    id: "user.enterprise",
    title: "attributes of the enterprise extension are stored as text under its URI",
    level: Must,
    requirements: ["RFC7643-4.3-01", "RFC7643-4.3-02", "RFC7643-3-09", "RFC7643-3.3-06", "RFC7643-3.3-03"],
    needs: [Enterprise, Users],
    breaks: [Okta, Entra, OneLogin, JumpCloud],
}

const ENTERPRISE_TEXTS: &[&str] = &["employeeNumber", "costCenter", "organization", "division", "department"];

async fn enterprise(t: &Trial) -> Verdict {
    let users = t.users()?;
    let is_text = |slot: &Slot| {
        slot.extension.as_deref().is_some_and(|urn| urn.eq_ignore_ascii_case(ENTERPRISE_USER))
            && ENTERPRISE_TEXTS.contains(&slot.attribute.name.as_str())
    };
    let places: Vec<Slot> = slots(&users.schema).filter(is_text).collect();
    if places.is_empty() {
        return skip("the enterprise extension has none of its text attributes");
    }
    let mut body = t.body(&users).await?;
    let tag = t.ground().fresh_name();
    for slot in &places {
        // Digits, which must stay text.
        let value = if slot.attribute.name == "employeeNumber" { "0701984".to_owned() } else { tag.clone() };
        slot.set(&mut body, json!(value));
    }
    let answer = t.post(users.endpoint(), &body).await?;
    if !answer.is_success() {
        return Err(answer
            .flaw("a user with the enterprise extension is refused")
            .expected("201")
            .got(answer.said())
            .breaks(&["RFC7643-4.3-02", "RFC7643-3.3-06"])
            .into());
    }
    let read = look(t, &t.created_by(&users, &answer)?).await?;
    let resource = read.resource()?;
    let wrong: Vec<String> = places
        .iter()
        .filter(|slot| slot.get(resource) != slot.get(&body))
        .map(|slot| {
            let stored = slot.get(resource).map_or_else(|| "nothing".to_owned(), Value::to_string);
            format!("{}: {stored}", slot.attribute.name)
        })
        .collect();
    if !wrong.is_empty() {
        t.note(
            read.flaw("attributes of the enterprise extension are not stored as they were sent")
                .expected(get(&body, ENTERPRISE_USER).unwrap_or(&Value::Null).to_string())
                .got(wrong.join("; "))
                .breaks(&["RFC7643-4.3-02", "RFC7643-3-09", "RFC7643-3.3-06"]),
        );
    }
    for flaw in super::create::schemas_flaws(&read, &users)? {
        t.note(flaw.breaks(&["RFC7643-3.3-03", "RFC7643-4.3-01"]));
    }
    Ok(())
}

check! {
    /// `manager` is an object with the id of the manager; a `$ref` in it leads there, and its displayName is the server's.
    ///
    /// Why: Entra ID reads the manager back and compares the id. A bare text, or a reference that leads nowhere, makes it set the
    /// manager again in every cycle.
    ///
    /// Fix: store `manager.value` as it was sent, make `$ref` from it, and ignore `manager.displayName` in requests.
    MANAGER = manager,
    id: "user.manager",
    title: "manager is an object with the id of another user",
    level: Should,
    requirements: ["RFC7643-4.3-03", "RFC7643-4.3-04", "RFC7643-4.3-05"],
    needs: [Enterprise, Users],
    breaks: [Entra, Okta],
}

fn manager_slot(users: &crate::conformance::discovery::Kind) -> Option<Slot> {
    slots(&users.schema).find(|slot| {
        slot.extension.as_deref().is_some_and(|urn| urn.eq_ignore_ascii_case(ENTERPRISE_USER))
            && slot.attribute.name.eq_ignore_ascii_case("manager")
    })
}

async fn manager(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Some(slot) = manager_slot(&users) else { return skip("the enterprise extension has no `manager`") };
    let boss = t.create(&users).await?;
    let mut body = t.body(&users).await?;
    slot.set(&mut body, json!({ "value": boss.id, "displayName": "Fake Name" }));
    let answer = t.post(users.endpoint(), &body).await?;
    if !answer.is_success() {
        return Err(answer
            .flaw("a user with a manager is refused")
            .expected("201")
            .got(answer.said())
            .breaks(&["RFC7643-4.3-03"])
            .into());
    }
    let read = look(t, &t.created_by(&users, &answer)?).await?;
    let stored = slot.get(read.resource()?);
    let shown = stored.map_or_else(|| "nothing".to_owned(), Value::to_string);
    let value = stored.and_then(|manager| get(manager, "value")).and_then(Value::as_str);
    if value != Some(boss.id.as_str()) {
        return Err(read
            .flaw("the manager of a user is not stored as an object with its id")
            .expected(format!("{{\"value\": \"{}\"}}", boss.id))
            .got(shown)
            .breaks(&["RFC7643-4.3-03"])
            .into());
    }
    if stored.and_then(|manager| get(manager, "displayName")) == Some(&json!("Fake Name")) {
        t.note(
            read.flaw("manager.displayName, which is readOnly, is taken from the client")
                .expected("the displayName of the manager, or nothing")
                .got(shown.clone())
                .breaks(&["RFC7643-4.3-05"]),
        );
    }
    if let Some(reference) = stored.and_then(|manager| get(manager, "$ref")).and_then(Value::as_str) {
        // A relative reference starts at the base URL (RFC 7643 §2.3.7), `../Users/1` in its examples too.
        let reference = reference.trim_start_matches("../");
        if !Place::of(t.ground().target().base(), "/", reference).is(&boss.path) {
            t.note(
                read.flaw("manager.$ref does not lead to the manager")
                    .expected(boss.path)
                    .got(shown)
                    .breaks(&["RFC7643-4.3-04"]),
            );
        }
    }
    Ok(())
}

check! {
    /// A manager may be named by the bulkId of a user that the same bulk request creates.
    ///
    /// Why: a whole department is created at once, before anybody has an id. A reference that is stored as the text
    /// `bulkId:…` leads nowhere for ever.
    ///
    /// Fix: replace `bulkId:` in every reference, those of extensions included, when the id is known.
    MANAGER_IN_BULK = manager_in_bulk,
    id: "user.manager-by-bulk-id",
    title: "manager can be a bulkId of the same bulk request",
    level: Must,
    requirements: ["RFC7644-3.7.2-03"],
    needs: [Enterprise, Users, Bulk],
    breaks: [],
}

async fn manager_in_bulk(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Some(slot) = manager_slot(&users) else { return skip("the enterprise extension has no `manager`") };
    let boss = t.body(&users).await?;
    let mut report = t.body(&users).await?;
    slot.set(&mut report, json!({ "value": "bulkId:boss" }));
    let operation = |id: &str, data: &Value| json!({ "method": "POST", "path": users.endpoint(), "bulkId": id, "data": data });
    let operations = json!([operation("boss", &boss), operation("report", &report)]);
    let answer = t.post("/Bulk", &json!({ "schemas": [BULK_REQUEST], "Operations": operations })).await?;
    let boss = created_in_bulk(t, &users, &answer, "boss")?;
    let report = created_in_bulk(t, &users, &answer, "report")?;
    let read = look(t, &report).await?;
    let stored = slot.get(read.resource()?);
    let value = stored.and_then(|manager| get(manager, "value")).and_then(Value::as_str);
    if value == Some(boss.id.as_str()) {
        return Ok(());
    }
    Err(read
        .flaw("a manager named by its bulkId is not resolved to its id")
        .expected(format!("\"value\": \"{}\"", boss.id))
        .got(stored.map_or_else(|| "nothing".to_owned(), Value::to_string))
        .into())
}

/// What the operation with that bulkId created.
fn created_in_bulk(
    t: &Trial,
    users: &std::sync::Arc<crate::conformance::discovery::Kind>,
    answer: &Answer,
    id: &str,
) -> Result<Created, Stop> {
    let blocked =
        || Stop::Blocked(format!("{} does not tell what `{id}` created (topic `bulk`)", answer.asked));
    let operations = answer.json.as_ref().and_then(|json| get(json, "Operations")).and_then(Value::as_array);
    let operations = operations.ok_or_else(blocked)?;
    let found = operations.iter().find(|op| get(op, "bulkId").and_then(Value::as_str) == Some(id));
    let location = found.and_then(|op| get(op, "location")).and_then(Value::as_str).ok_or_else(blocked)?;
    let (Place::Below(path) | Place::Elsewhere(path)) =
        Place::of(t.ground().target().base(), "/Bulk", location);
    let id = path.rsplit('/').next().unwrap_or_default().to_owned();
    let path = format!("{}/{}", users.endpoint(), crate::conformance::trial::component(&id));
    Ok(Created { kind: users.clone(), id, path })
}
