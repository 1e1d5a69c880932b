//! From joining to leaving: activation, deactivation, renames, and the id that stays.

use serde_json::{Value, json};

use super::compare::{core, expect_same, get, get_in, has_id, look, named, outlast};
use super::query::breaking;
use super::replace::{next_body, put};
use crate::conformance::check::{Check, Need, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Answer, Created, Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::Mutability;
use crate::protocol::value::parse_date_time;

pub(super) const CHECKS: &[Check] =
    &[AS_SENT, DEACTIVATE, REACTIVATE, PUT_ACTIVE, FOUND, RENAME, ID_STAYS, MODIFIED, WHOLE_LIFE];

/// `active` of users.
fn active(users: &Kind) -> Result<Slot, Stop> {
    core(users, "active").map_or_else(|| skip("users have no `active`"), Ok)
}

/// A user who is or is not active.
///
/// # Errors
/// [`Stop::Blocked`] where that does not work.
async fn user(t: &Trial, users: &Kind, slot: &Slot, is_active: bool) -> Result<(Created, Value), Stop> {
    let mut body = t.body(users).await?;
    slot.set(&mut body, json!(is_active));
    let created = t.create_from(users, &body).await?;
    let json = t.read(&created).await?;
    match slot.get(&json) == Some(&json!(is_active)) {
        true => Ok((created, json)),
        false => Err(Stop::Blocked(format!(
            "a user that is created with active {is_active} is not (check `lifecycle.active-as-sent`)"
        ))),
    }
}

async fn set_active(t: &Trial, user: &Created, value: bool) -> Result<Answer, Stop> {
    t.patch(&user.path, json!([{ "op": "replace", "path": "active", "value": value }])).await
}

check! {
    /// A user is active or not as the client asserted when it was created.
    ///
    /// Why: Okta compares `active` with what it sent and repeats the change for ever when a user who is waiting for an
    /// invitation comes back as inactive. A user who was created inactive and is active has access too early.
    ///
    /// Fix: store `active` as it was sent; keep the state of an invitation in an attribute of its own.
    AS_SENT = as_sent,
    id: "lifecycle.active-as-sent",
    title: "active of a new user is what the client sent",
    level: Interop,
    requirements: ["Q-D11"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn as_sent(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = active(&users)?;
    for sent in [true, false] {
        let mut body = t.body(&users).await?;
        slot.set(&mut body, json!(sent));
        let answer = t.post(users.endpoint(), &body).await?;
        let created = t.created_by(&users, &answer)?;
        let read = look(t, &created).await?;
        let stored = slot.get(read.resource()?);
        if stored != Some(&json!(sent)) {
            t.note(
                read.flaw(format!("a user that was created with active {sent} is shown otherwise"))
                    .expected(format!("active {sent}"))
                    .got(stored.map_or_else(|| "no active".to_owned(), Value::to_string)),
            );
        }
    }
    Ok(())
}

check! {
    /// PATCH `active` false deactivates a user and does nothing else: the resource stays, readable under its id.
    ///
    /// Why: this is how Okta and Entra ID take access away. A change that is answered well and has no effect leaves somebody in
    /// who left; one that deletes the account loses what belongs to it, and its id.
    ///
    /// Fix: store the value, take access away, and go on answering GET with 200 and `"active": false`.
    DEACTIVATE = deactivate,
    id: "lifecycle.deactivate",
    title: "PATCH active false deactivates a user and keeps it readable",
    level: Must,
    requirements: ["RFC7643-4.1.1-17"],
    needs: [Users, Patch],
    breaks: [Okta, Entra],
}

async fn deactivate(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = active(&users)?;
    let (created, before) = user(t, &users, &slot, true).await?;
    judge_switch(t, &users, &slot, &created, &before, false).await
}

/// Switches `active` by PATCH and looks what became of the user.
async fn judge_switch(
    t: &Trial,
    users: &Kind,
    slot: &Slot,
    created: &Created,
    before: &Value,
    value: bool,
) -> Verdict {
    let answer = set_active(t, created, value).await?;
    answer.expect_success()?;
    let read = t.get(&created.path).await?;
    if read.status != 200 {
        return Err(read
            .flaw(format!("after PATCH active {value} the user cannot be read any more"))
            .expected("200")
            .got(read.said())
            .into());
    }
    let stored = slot.get(read.resource()?);
    if stored != Some(&json!(value)) {
        return Err(read
            .flaw(format!("PATCH active {value} is answered {} and has no effect", answer.status))
            .expected(format!("active {value}"))
            .got(stored.map_or_else(|| "no active".to_owned(), Value::to_string))
            .into());
    }
    let same = expect_same(users, before, &read, &["active"], "PATCH of `active` changed other attributes");
    // An attribute of the target's own may say the same as `active` in other words.
    same.map_err(|stop| match stop {
        Stop::Problem(flaw) => flaw.concern().into(),
        stop => stop,
    })
}

check! {
    /// PATCH `active` true brings a user back, under the same id and as it was.
    ///
    /// Why: people come back after a leave. A target that can only deactivate, or that gives a new id, makes every return
    /// a case for the help desk.
    ///
    /// Fix: let `active` be switched in both directions on the same resource.
    REACTIVATE = reactivate,
    id: "lifecycle.reactivate",
    title: "PATCH active true brings an inactive user back as it was",
    level: Must,
    requirements: ["RFC7643-4.1.1-17"],
    needs: [Users, Patch],
    breaks: [Okta, Entra],
}

async fn reactivate(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = active(&users)?;
    let (created, _) = user(t, &users, &slot, true).await?;
    let off = set_active(t, &created, false).await?;
    let before = look(t, &created).await;
    let is_off =
        before.as_ref().is_ok_and(|b| b.json.as_ref().and_then(|json| slot.get(json)) == Some(&json!(false)));
    let Ok(before) = before else {
        return Err(Stop::Blocked(
            "an inactive user cannot be read (check `lifecycle.deactivate`)".to_owned(),
        ));
    };
    if !off.is_success() || !is_off {
        return Err(Stop::Blocked("a user cannot be deactivated (check `lifecycle.deactivate`)".to_owned()));
    }
    judge_switch(t, &users, &slot, &created, before.resource()?, true).await
}

check! {
    /// PUT with `active` false deactivates a user, and with true brings it back.
    ///
    /// Why: OneLogin, JumpCloud and Okta's own apps switch users by PUT. A target that only listens to PATCH leaves everybody
    /// active.
    ///
    /// Fix: treat `active` in the body of a PUT like any other value.
    PUT_ACTIVE = put_active,
    id: "lifecycle.put-active",
    title: "PUT switches active in both directions",
    level: Must,
    requirements: ["RFC7643-4.1.1-17", "RFC7644-3.5.1-03"],
    needs: [Users],
    breaks: [Okta, OneLogin, JumpCloud],
}

async fn put_active(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = active(&users)?;
    let mut body = t.body(&users).await?;
    slot.set(&mut body, json!(true));
    let created = t.create_from(&users, &body).await?;
    for value in [false, true] {
        slot.set(&mut body, json!(value));
        put(t, &created, &body).await?;
        let read = t.get(&created.path).await?;
        if read.status != 200 {
            return Err(read
                .flaw(format!("after PUT with active {value} the user cannot be read any more"))
                .expected("200")
                .got(read.said())
                .into());
        }
        let stored = slot.get(read.resource()?);
        if stored != Some(&json!(value)) {
            return Err(read
                .flaw(format!("PUT with active {value} has no effect"))
                .expected(format!("active {value}"))
                .got(stored.map_or_else(|| "no active".to_owned(), Value::to_string))
                .into());
        }
    }
    Ok(())
}

check! {
    /// A user who is not active is still found by a query.
    ///
    /// Why: identity providers look people up before they bring them back. One who is hidden is created again, which ends in a
    /// conflict or in a second account.
    ///
    /// Fix: leave inactive users in every list and in every filter that they match.
    FOUND = found,
    id: "lifecycle.inactive-found",
    title: "an inactive user is found by a query",
    level: Must,
    requirements: ["RFC7644-3.4.2-12", "RFC7643-4.1.1-17"],
    needs: [Users, Filter],
    breaks: [Okta, Entra, OneLogin],
}

async fn found(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = active(&users)?;
    let (created, json) = user(t, &users, &slot, true).await?;
    let name = get(&json, "userName").and_then(Value::as_str).unwrap_or_default().to_owned();
    let (answer, before) = named(t, &users, &name).await?;
    if !has_id(&before, &created.id) {
        return Err(Stop::Blocked(format!("{} does not find the user (topic `filter`)", answer.asked)));
    }
    let off = match t.lacks(Need::Patch).await? {
        None => set_active(t, &created, false).await?,
        Some(_) => {
            let mut body = next_body(t, &users, &json).await?;
            body["userName"] = json!(name);
            slot.set(&mut body, json!(false));
            t.put(&created.path, &body).await?
        }
    };
    if !off.is_success() {
        return Err(Stop::Blocked("a user cannot be deactivated (check `lifecycle.deactivate`)".to_owned()));
    }
    let (answer, after) = named(t, &users, &name).await?;
    let Some(listed) = after.iter().find(|user| get(user, "id").and_then(Value::as_str) == Some(&created.id))
    else {
        return Err(answer
            .flaw("a user who was deactivated is not found any more")
            .expected("the user, with active false")
            .got("totalResults without it")
            .breaks(&["RFC7644-3.4.2-12"])
            .into());
    };
    if slot.get(listed) == Some(&json!(true)) {
        return Err(answer
            .flaw("a list shows a deactivated user as active")
            .expected("active false")
            .got("active true")
            .breaks(&["RFC7643-4.1.1-17"])
            .into());
    }
    Ok(())
}

check! {
    /// A user who gets another userName stays the same resource: the same id, found under the new name and not under the old.
    ///
    /// Why: people marry, and directories are renamed. An account that changes its id with its name is lost to the identity
    /// provider, and an old name that still finds it keeps the name from its next owner.
    ///
    /// Fix: keep the id apart from the userName, and update the index of names with the rename.
    RENAME = rename,
    id: "lifecycle.rename",
    title: "a renamed user keeps its id and is found under the new name only",
    level: Must,
    requirements: ["RFC7643-3.1-08", "RFC7643-7-22", "RFC7644-3.4.2.2-02", "RFC7644-3.4.2.2-08"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn rename(t: &Trial) -> Verdict {
    let users = t.users()?;
    let created = t.create(&users).await?;
    let before = t.read(&created).await?;
    let old = get(&before, "userName").and_then(Value::as_str).unwrap_or_default().to_owned();
    let new = format!("{}@example.com", t.ground().fresh_name());
    let renamed = match t.lacks(Need::Patch).await? {
        None => {
            let operations = json!([{ "op": "replace", "path": "userName", "value": new }]);
            t.patch(&created.path, operations).await?
        }
        Some(_) => {
            let mut body = next_body(t, &users, &before).await?;
            body["userName"] = json!(new);
            t.put(&created.path, &body).await?
        }
    };
    // Whether that is refused is judged by `attributes.immutable-patch`.
    if core(&users, "userName").is_some_and(|slot| slot.attribute.mutability != Mutability::ReadWrite) {
        return skip("the schema says that a userName cannot be changed");
    }
    if !renamed.is_success() {
        return Err(renamed
            .flaw("a user cannot be renamed, although the schema says that userName is readWrite")
            .expected("success")
            .got(renamed.said())
            .breaks(&["RFC7643-7-22"])
            .concern()
            .into());
    }
    let read = t.get(&created.path).await?;
    if read.status != 200 {
        return Err(read
            .flaw("after a rename the user is no longer at its id")
            .expected("200")
            .got(read.said())
            .breaks(&["RFC7643-3.1-08"])
            .into());
    }
    let name = get(read.resource()?, "userName").and_then(Value::as_str).unwrap_or_default();
    if !name.eq_ignore_ascii_case(&new) {
        return Err(read
            .flaw("a rename is answered well and has no effect")
            .expected(new)
            .got(name)
            .breaks(&["RFC7643-7-22"])
            .into());
    }
    for name in ["id", "location"] {
        let at = |json: &Value| match name {
            "id" => get(json, name).cloned(),
            _ => get_in(json, "meta", name).cloned(),
        };
        if at(&before) != at(read.resource()?) {
            t.note(
                read.flaw(format!("a rename changed the {name}"))
                    .expected(at(&before).unwrap_or_default().to_string())
                    .got(at(read.resource()?).unwrap_or_default().to_string())
                    .breaks(&["RFC7643-3.1-08"]),
            );
        }
    }
    if t.lacks(Need::Filter).await?.is_some() {
        return Ok(());
    }
    let (answer, under_new) = named(t, &users, &new).await?;
    if !has_id(&under_new, &created.id) {
        let flaw = answer.flaw("a renamed user is not found under the new name").expected("the user");
        t.note(flaw.breaks(&["RFC7644-3.4.2.2-08"]));
    }
    let answer = t.search(&users, &format!("userName eq {}", super::compare::quoted(&old))).await?;
    if answer.list().is_ok_and(|list| has_id(list.resources, &created.id)) {
        let flaw = answer.flaw("a renamed user is still found under the old name").expected("nobody");
        t.note(flaw.breaks(&["RFC7644-3.4.2.2-02"]));
    }
    Ok(())
}

check! {
    /// The id of a resource stays through every kind of change: PUT, PATCH and a switch of `active`.
    ///
    /// Why: the id is the only link that an identity provider keeps. When it changes, the next request goes nowhere, and the
    /// account is created a second time.
    ///
    /// Fix: assign the id once and never again.
    ID_STAYS = id_stays,
    id: "lifecycle.id-stays",
    title: "the id stays through every change",
    level: Must,
    requirements: ["RFC7643-3.1-08", "RFC7643-3.1-05", "RFC7643-3.1-13"],
    needs: [Users],
    breaks: [Okta, Entra, OneLogin, JumpCloud],
}

async fn id_stays(t: &Trial) -> Verdict {
    let users = t.users()?;
    let created = t.create(&users).await?;
    let body = next_body(t, &users, &t.read(&created).await?).await?;
    let mut answers = vec![t.put(&created.path, &body).await?];
    if t.lacks(Need::Patch).await?.is_none() {
        if let Ok(slot) = t.text(&users).await {
            let value = slot.sample(&t.ground().fresh_name());
            let operation = json!([{ "op": "replace", "path": slot.path(), "value": value }]);
            answers.push(t.patch(&created.path, operation).await?);
        }
        if core(&users, "active").is_some() {
            answers.push(set_active(t, &created, false).await?);
            answers.push(set_active(t, &created, true).await?);
        }
    }
    answers.push(t.get(&created.path).await?);
    let last = answers.len() - 1;
    for (index, answer) in answers.iter().enumerate() {
        if !answer.is_success() && index < last {
            continue; // Judged elsewhere.
        }
        breaking(answer.expect_success(), &["RFC7643-3.1-08"])?;
        let Some(Value::Object(_)) = &answer.json else { continue };
        let id = answer.json.as_ref().and_then(|json| get(json, "id"));
        if id.and_then(Value::as_str) != Some(created.id.as_str()) {
            t.note(
                answer
                    .flaw(format!("the answer to {} has another id", answer.asked))
                    .expected(format!("\"id\": \"{}\"", created.id))
                    .got(id.map_or_else(|| "no id".to_owned(), Value::to_string))
                    .breaks(if id.is_some() { &["RFC7643-3.1-08"] } else { &["RFC7643-3.1-05"] }),
            );
        }
    }
    Ok(())
}

check! {
    /// A change by PATCH moves `meta.lastModified` on and leaves `meta.created` as it is.
    ///
    /// Why: incremental imports ask for what changed since the last time. A change that does not show there is never seen.
    ///
    /// Fix: set `meta.lastModified` with every write that changes something, and `meta.created` only once.
    MODIFIED = modified,
    id: "lifecycle.last-modified",
    title: "lastModified moves on with a change, created does not",
    level: Must,
    requirements: ["RFC7643-3.1-27", "RFC7643-3.1-25"],
    needs: [Users, Patch],
    breaks: [Okta],
}

async fn modified(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = t.text(&users).await?;
    let moment =
        |json: &Value, name| get_in(json, "meta", name).and_then(Value::as_str).and_then(parse_date_time);
    let created = t.create(&users).await?;
    let before = t.read(&created).await?;
    let was = get_in(&before, "meta", "lastModified").and_then(Value::as_str).unwrap_or_default();
    let is_telling = outlast(t, was).await;
    let value = slot.sample(&t.ground().fresh_name());
    let operation = json!([{ "op": "replace", "path": slot.path(), "value": value }]);
    let answer = t.patch(&created.path, operation).await?;
    if !answer.is_success() {
        return Err(Stop::Blocked(format!(
            "{} answers {} (topic `patch-replace`)",
            answer.asked,
            answer.said()
        )));
    }
    let read = look(t, &created).await?;
    let after = read.resource()?;
    let first = moment(&before, "created").zip(moment(after, "created"));
    if first.is_none_or(|(a, b)| a != b) {
        t.note(
            read.flaw("PATCH changed meta.created")
                .expected(before["meta"]["created"].to_string())
                .got(after["meta"]["created"].to_string())
                .breaks(&["RFC7643-3.1-25"]),
        );
    }
    let was = moment(&before, "lastModified");
    let is_late = |is| was.is_none_or(|was| if is_telling { is > was } else { is >= was });
    if !moment(after, "lastModified").is_some_and(is_late) {
        t.note(
            read.flaw("meta.lastModified after a change does not move on")
                .expected(format!("later than {}", before["meta"]["lastModified"]))
                .got(after["meta"]["lastModified"].to_string())
                .breaks(&["RFC7643-3.1-27"]),
        );
    }
    Ok(())
}

check! {
    /// A whole life in one run: a user joins, moves, is deactivated, comes back, leaves and is deleted, and each step shows.
    ///
    /// Why: each step may work alone and the sequence may not: a change of an inactive user is refused, or coming back undoes
    /// the move before it.
    ///
    /// Fix: let every write work on the stored resource whatever its state is.
    WHOLE_LIFE = whole_life,
    id: "lifecycle.joiner-mover-leaver",
    title: "a user can join, move, pause, come back and leave",
    level: Must,
    requirements: ["RFC7643-4.1.1-17", "RFC7644-3.6-01", "RFC7643-7-22"],
    needs: [Users, Patch],
    breaks: [Okta, Entra],
}

async fn whole_life(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = active(&users)?;
    let texts = t.texts(&users, 1).await?;
    // Parts of a name may show up in other attributes too.
    let Some(text) = texts.into_iter().find(|slot| slot.sub.is_none()) else {
        return skip("users keep no text that stands alone");
    };
    let (created, joined) = user(t, &users, &slot, true).await?;
    let mut expected = joined;
    let moves = [(json!("Berlin"), None), (json!("Paris"), Some(false)), (json!("Oslo"), Some(true))];
    for (place, state) in moves {
        let mut operations = vec![json!({ "op": "replace", "path": text.path(), "value": place })];
        if let Some(state) = state {
            operations.push(json!({ "op": "replace", "path": "active", "value": state }));
        }
        let answer = t.patch(&created.path, json!(operations)).await?;
        if !answer.is_success() && state.is_none() {
            return Err(Stop::Blocked(format!(
                "{} answers {} (topic `patch-replace`)",
                answer.asked,
                answer.said()
            )));
        }
        let rules: &[&'static str] = match state {
            Some(_) => &["RFC7643-4.1.1-17", "RFC7643-7-22"],
            None => &["RFC7643-7-22"],
        };
        breaking(answer.expect_success(), rules)?;
        text.set(&mut expected, place);
        if let Some(state) = state {
            slot.set(&mut expected, json!(state));
        }
        let read = look(t, &created).await?;
        let what = "a step in the life of a user has another result";
        breaking(expect_same(&users, &expected, &read, &[], what), rules)?;
        // While somebody is inactive the profile can still be changed.
        if state == Some(false) {
            let operation = json!([{ "op": "replace", "path": text.path(), "value": "Rome" }]);
            breaking(t.patch(&created.path, operation).await?.expect_success(), &["RFC7643-7-22"])?;
            text.set(&mut expected, json!("Rome"));
            let read = look(t, &created).await?;
            let what = "a change of an inactive user has another result";
            breaking(expect_same(&users, &expected, &read, &[], what), &["RFC7643-7-22"])?;
        }
    }
    breaking(t.delete(&created.path).await?.expect_success(), &["RFC7644-3.6-01"])?;
    let gone = t.get(&created.path).await?;
    breaking(gone.expect_status(&[404, 410]).map(drop), &["RFC7644-3.6-01"])
}
