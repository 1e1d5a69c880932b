//! What is special about users (RFC 7643 §4.1) and about the enterprise extension (§4.3).

use serde_json::{Value, json};

use super::compare::{core, expect_refusal, get, get_in, look};
use super::delete::member_of_group;
use super::query::breaking;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::trial::{Answer, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::USER;

pub(super) const CHECKS: &[Check] =
    &[SCHEMA, NAME_REQUIRED, NAME_EMPTY, NAME_SHOWN, FORMATTED, DISPLAY_NAME, GROUPS];

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
            if let Some(made_up) = get(read.resource()?, "userName").filter(|name| **name != json!("")) {
                t.note(
                    answer
                        .flaw(format!("a user with {mistake} is accepted, and the server makes a name up"))
                        .expected("400")
                        .got(format!("userName {made_up}"))
                        .breaks(&["RFC7644-3.3-12"])
                        .concern(),
                );
                continue;
            }
        }
        let rules: &[&'static str] = match answer.is_success() {
            true => &["RFC7643-4.1.1-01", "RFC7644-3.3-12"],
            false => &["RFC7644-3.3-12"],
        };
        t.soft(breaking(expect_refusal(&answer, &[400], mistake), rules))?;
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
    if answer.status == 409 {
        // There is such a user already, of this run or from before: the empty text was accepted then.
        return Err(answer
            .flaw("an empty userName counts as a name that somebody has")
            .expected("400 invalidValue")
            .got(answer.said())
            .into());
    }
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
    let others = |sub: &&crate::protocol::schema::Attribute| {
        sub.required && !["givenName", "familyName"].iter().any(|known| sub.name.eq_ignore_ascii_case(known))
    };
    if let Some(sub) = name.attribute.sub_attributes.iter().find(others) {
        return skip(format!("the target demands `name.{}`", sub.name));
    }
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
        value.and_then(|value| value.as_str().map(str::to_owned))
    };
    let holds = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
    let has_part = |part: &str| get_in(&body, "name", part).is_some();
    let parts_kept = read.resource().is_ok_and(|json| get_in(json, "name", "familyName").is_some());
    let Some(text) = shown(&read).filter(|_| has_part("familyName") && parts_kept) else {
        return Ok(()); // The parts alone are enough, and so is a formatted name alone.
    };
    if !holds(&text, &given) && !holds(&text, &family) {
        return Err(read
            .flaw("name.formatted says something else than the parts of the name")
            .expected(format!("{given} {family}"))
            .got(text)
            .breaks(&["RFC7643-4.1.1-07"])
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
        Some(text) if holds(&text, &family) => Err(read
            .flaw("name.formatted has the old family name after a change")
            .expected(format!("{given} {new}"))
            .got(text)
            .breaks(&["RFC7643-4.1.1-07"])
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
    // The attribute need not be filled, as in `membership.shown-at-user`; what is in it must be right.
    let is_filled = groups.is_some_and(|list| !list.is_empty());
    let rules: &[&'static str] =
        if is_filled { &["RFC7643-4.1.2-20", "RFC7643-4.1.2-18"] } else { &["RFC7643-4.1.2-20"] };
    let flaw = flaw.breaks(rules);
    Err(if users.is_published && is_filled { flaw } else { flaw.concern() }.into())
}
