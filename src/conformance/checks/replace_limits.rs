//! Replacing resources with PUT (RFC 7644 §3.5.1): what has to be ignored or refused, and that nothing changes then.

use serde_json::{Value, json};

use super::compare::{core, expect_refusal, expect_same, get, look};
use super::create_refused::judge_accepted;
use super::query::breaking;
use super::replace::{next_body, put, try_put, unless_broken};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Trial, or_nothing};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::Type;

pub(super) const CHECKS: &[Check] =
    &[UNKNOWN_ID, OTHER_ID, GROUPS, REQUIRED, OWN_NAME, WRONG_VALUE, UNKNOWN_ATTRIBUTE];

check! {
    /// PUT on an id that nobody has answers 404 and creates nothing.
    ///
    /// Why: ids are chosen by the server. A PUT that creates brings an account back that was deleted a moment ago, under an id
    /// that the client made up.
    ///
    /// Fix: look the resource up first, and answer 404 where there is none.
    UNKNOWN_ID = unknown_id,
    id: "replace.unknown-id",
    title: "PUT on an unknown id answers 404 and creates nothing",
    level: Must,
    requirements: ["RFC7644-3.5.1-01", "RFC7644-3.2-05", "RFC7644-3.12-13"],
    needs: [Users],
    breaks: [Okta, OneLogin, JumpCloud],
}

async fn unknown_id(t: &Trial) -> Verdict {
    let users = t.users()?;
    let path = t.absent(&users).await?;
    let body = t.body(&users).await?;
    let answer = try_put(t, &path, &body).await?;
    let after = t.get(&path).await?;
    if after.is_success() {
        return Err(after
            .flaw("PUT on an unknown id created a resource")
            .expected("404, and no resource")
            .got(format!("PUT: {}; GET: {}", answer.said(), after.said()))
            .into());
    }
    if answer.status == 404 {
        return Ok(());
    }
    let flaw = answer
        .flaw(format!("PUT on an unknown id answers {}", answer.said()))
        .expected("404")
        .got(answer.said())
        .breaks(if answer.is_success() { &["RFC7644-3.5.1-01"] } else { &["RFC7644-3.12-13"] });
    // Nothing was created, which is what the rule is about.
    Err(if (400..500).contains(&answer.status) { flaw.concern() } else { flaw }.into())
}

check! {
    /// Another `id` in the body of a PUT is ignored, or refused; neither resource takes it over.
    ///
    /// Why: the path says which resource is meant. When the body wins, an update of one person lands on another.
    ///
    /// Fix: take the id from the path and drop the one in the body.
    OTHER_ID = other_id,
    id: "replace.other-id",
    title: "another id in the body of a PUT changes neither resource's id",
    level: Must,
    requirements: ["RFC7643-3.1-13", "RFC7643-3.1-08", "RFC7644-3.5.1-11"],
    needs: [Users],
    breaks: [],
}

async fn other_id(t: &Trial) -> Verdict {
    let users = t.users()?;
    let (meant, other) = (t.create(&users).await?, t.create(&users).await?);
    let bystander = t.read(&other).await?;
    let mut body = next_body(t, &users, &t.read(&meant).await?).await?;
    body["id"] = json!(other.id);
    let answer = try_put(t, &meant.path, &body).await?;
    let after = look(t, &other).await?;
    let what = "PUT with the id of another user in its body changed that user";
    t.soft(breaking(expect_same(&users, &bystander, &after, &[], what), &["RFC7644-3.5.1-11"]))?;
    let read = t.get(&meant.path).await?;
    if read.status != 200 || read.text("id") != Some(meant.id.as_str()) {
        t.note(
            read.flaw("after a PUT with another id in its body the resource is no longer at its id")
                .expected(format!("200 and \"id\": \"{}\"", meant.id))
                .got(read.said()),
        );
    }
    if answer.status >= 500 {
        t.note(
            answer
                .flaw("PUT with another id in its body ends in an internal error")
                .expected("200, or 400")
                .got(answer.said())
                .breaks(&["RFC7644-3.5.1-11"])
                .concern(),
        );
    }
    Ok(())
}

check! {
    /// `groups` in the body of a PUT is ignored: membership is changed at the group.
    ///
    /// Why: Okta sends `groups` back as it has read it. When it counts, a stale copy puts people back into groups that they
    /// left; when it is an error, no update arrives.
    ///
    /// Fix: ignore `groups` of a user in every request body.
    GROUPS = groups,
    id: "replace.groups-ignored",
    title: "groups in the body of a PUT is ignored",
    level: Must,
    requirements: ["RFC7644-3.5.1-11", "RFC7643-4.1.2-17"],
    needs: [Users, Groups],
    breaks: [Okta],
}

async fn groups(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Some(slot) = core(&users, "groups") else { return skip("users have no `groups`") };
    let kind = t.groups()?;
    let group = t.create(&kind).await?;
    let user = t.create(&users).await?;
    let mut element = json!({ "value": group.id, "display": "x" });
    // What the schema does not have may be refused.
    if slot.attribute.sub("type").is_some() {
        element["type"] = json!("direct");
    }
    for value in [json!([element]), json!([])] {
        let mut body = next_body(t, &users, &t.read(&user).await?).await?;
        body["groups"] = value.clone();
        let answer = try_put(t, &user.path, &body).await?;
        if !answer.is_success() {
            let flaw = answer
                .flaw(format!("PUT with `groups` {value} is refused"))
                .expected("200; it is ignored")
                .got(answer.said())
                .breaks(&["RFC7644-3.5.1-11"]);
            let plain = next_body(t, &users, &t.read(&user).await?).await?;
            t.note(unless_broken(t, &user, &plain, flaw).await?);
            continue;
        }
        let after = look(t, &group).await?;
        let members = get(after.resource()?, "members").and_then(Value::as_array);
        let is_in = |member: &Value| get(member, "value").and_then(Value::as_str) == Some(user.id.as_str());
        if members.is_some_and(|members| members.iter().any(is_in)) {
            return Err(after
                .flaw("PUT with `groups` in its body made the user a member")
                .expected("a group without the user")
                .into());
        }
    }
    Ok(())
}

check! {
    /// A PUT without a required attribute is refused with 400, and the resource stays as it was.
    ///
    /// Why: a user without userName cannot log in and is found by no look-up. A mapping that yields nothing must be heard
    /// of before the name is lost.
    ///
    /// Fix: validate the body of a PUT like that of a POST: 400 with `"scimType": "invalidValue"`.
    REQUIRED = required,
    id: "replace.required",
    title: "PUT without a required attribute is refused and changes nothing",
    level: Must,
    requirements: ["RFC7644-3.5.1-12", "RFC7643-7-15", "RFC7643-4.1.1-01", "RFC7644-3.5.1-17"],
    needs: [Users],
    breaks: [],
}

async fn required(t: &Trial) -> Verdict {
    let users = t.users()?;
    let created = t.create(&users).await?;
    let before = t.read(&created).await?;
    let mut body = next_body(t, &users, &before).await?;
    if let Some(object) = body.as_object_mut() {
        object.shift_remove("userName");
    }
    let answer = try_put(t, &created.path, &body).await?;
    let read = look(t, &created).await?;
    let name = get(read.resource()?, "userName").and_then(Value::as_str).filter(|name| !name.is_empty());
    if name.is_none() {
        return Err(read
            .flaw(match get(read.resource()?, "userName") {
                Some(Value::String(_)) => "after a PUT without userName that of the user is empty",
                _ => "a PUT without userName left the user without one",
            })
            .expected("400, and the user as it was")
            .got(format!(
                "PUT: {}; userName: {}",
                answer.said(),
                or_nothing(get(read.resource()?, "userName"))
            ))
            .into());
    }
    if answer.is_success() {
        // The name was kept although the client is told that its body is now the resource.
        return Err(answer
            .flaw("a PUT without the required userName is accepted")
            .expected("400")
            .got(answer.said())
            .breaks(&["RFC7644-3.5.1-12", "RFC7643-7-15"])
            .concern()
            .into());
    }
    t.soft(breaking(expect_refusal(&answer, &[400], "no userName"), &["RFC7644-3.5.1-12"]))?;
    let same = expect_same(&users, &before, &read, &[], "a PUT that was refused changed the user");
    breaking(same, &["RFC7644-3.5.1-17"])
}

check! {
    /// A PUT with the resource's own userName, in the same or another letter case, is no conflict.
    ///
    /// Why: nearly every PUT repeats the userName. A check for duplicates that finds the resource itself refuses all of them.
    ///
    /// Fix: leave the resource that is being changed out of the search for duplicates.
    OWN_NAME = own_name,
    id: "replace.own-name",
    title: "PUT with the resource's own userName is no conflict",
    level: Must,
    requirements: ["RFC7644-3.5.1-16"],
    needs: [Users],
    breaks: [Okta, OneLogin, JumpCloud],
}

async fn own_name(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let created = t.create_from(&users, &body).await?;
    let name = body["userName"].as_str().unwrap_or_default().to_owned();
    for own in [name.clone(), name.to_ascii_uppercase()] {
        body["userName"] = json!(own);
        let answer = try_put(t, &created.path, &body).await?;
        if answer.is_success() {
            continue;
        }
        let flaw = answer
            .flaw(format!("PUT with the user's own userName, `{own}`, is refused"))
            .expected("200")
            .got(answer.said());
        // Some give no new spelling to a name; only a conflict says that it is taken.
        t.note(if own == name || answer.status == 409 { flaw } else { flaw.concern() });
    }
    Ok(())
}

check! {
    /// A PUT with a value of the wrong type is refused with 400 as a whole; what was right in the body is not stored either.
    ///
    /// Why: the client is told that nothing happened. Half a change that nobody knows of is worse than none.
    ///
    /// Fix: validate the whole body before anything is stored.
    WRONG_VALUE = wrong_value,
    id: "replace.wrong-value",
    title: "PUT with a wrong value is refused and changes nothing",
    level: Must,
    requirements: ["RFC7644-3.5.1-17", "RFC7643-2-01"],
    needs: [Users],
    breaks: [],
}

async fn wrong_value(t: &Trial) -> Verdict {
    let users = t.users()?;
    let survey = t.survey(&users).await?;
    let list = survey.lists(&users.schema).into_iter().next().map(|list| list.slot);
    let boolean = survey.of_type(&users.schema, Type::Boolean).into_iter().next();
    let Some(slot) = list.or(boolean) else { return skip("users keep neither a list nor a boolean") };
    let created = t.create(&users).await?;
    let before = t.read(&created).await?;
    let mut body = next_body(t, &users, &before).await?;
    slot.set(&mut body, json!("x"));
    let answer = try_put(t, &created.path, &body).await?;
    let read = look(t, &created).await?;
    if answer.is_success() {
        return judge_accepted(&read, &answer, &slot, &json!("x"));
    }
    t.soft(expect_refusal(&answer, &[400], &format!("the text `x` for {}", slot.path())).map_err(softer))?;
    expect_same(&users, &before, &read, &[], "a PUT that was refused changed the user")
}

/// The RFC does not say which error it is.
fn softer(stop: Stop) -> Stop {
    match stop {
        Stop::Problem(flaw) => flaw.concern().into(),
        stop => stop,
    }
}

check! {
    /// What no schema defines is dropped from the body of a PUT, or refused; it is not stored.
    ///
    /// Why: identity providers map attributes that a target may not know, and one of them must not stop the whole update with
    /// an internal error or become a part of the resource.
    ///
    /// Fix: drop attributes that no schema of the resource type defines, or answer 400.
    UNKNOWN_ATTRIBUTE = unknown_attribute,
    id: "replace.unknown-attribute",
    title: "an attribute that no schema defines is ignored or refused by PUT",
    level: May,
    requirements: ["RFC7643-2-01"],
    needs: [Users],
    breaks: [OneLogin],
}

async fn unknown_attribute(t: &Trial) -> Verdict {
    let users = t.users()?;
    let body = t.body(&users).await?;
    let created = t.create_from(&users, &body).await?;
    let name = format!("x{}", t.ground().fresh_name());
    let mut more = body.clone();
    more[name.as_str()] = json!("unknown");
    let answer = try_put(t, &created.path, &more).await?;
    if (400..500).contains(&answer.status) {
        // It is the attribute that is refused, not the rest.
        put(t, &created, &body).await?;
        return Ok(());
    }
    answer.expect_success()?;
    let read = look(t, &created).await?;
    if let Some(value) = get(read.resource()?, &name) {
        return Err(read
            .flaw(format!("{name}, which no schema defines, is stored and returned"))
            .expected("it is left out or refused")
            .got(value.to_string())
            .into());
    }
    Ok(())
}
