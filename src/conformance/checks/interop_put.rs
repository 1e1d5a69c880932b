//! What identity providers send: PUT, and the switch between active and inactive.

use serde_json::{Value, json};

use super::interop::{active, elements, expect, expect_no_crash, expect_same, known, mapped_text, put, seen};
use super::query::breaking;
use super::team::membership;
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Answer, Created, Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] =
    &[ECHO, MINIMAL, WITHOUT_ACTIVE, DEACTIVATE, OKTA_ACTIVATION, ACTIVE_TEXT, PASSWORD, TWO_PRIMARIES];

check! {
    /// PUT takes back what GET gave, `id`, `meta`, `groups` and the rest included, and changes only what was changed in it.
    ///
    /// Why: Okta updates a user by reading it, changing what it knows, and sending everything back. A server that complains of the
    /// readOnly members refuses every update; one that does not have PUT gets no update from Okta, OneLogin, JumpCloud or Ping.
    ///
    /// Fix: ignore readOnly members of a PUT body (RFC 7644 §3.5.1), and answer 200 with the user.
    ECHO = echo,
    id: "interop.put-echo",
    title: "PUT takes back what GET gave",
    level: Interop,
    requirements: ["Q-U19", "Q-U20", "Q-C03"],
    needs: [Users],
    breaks: [Okta, OneLogin, JumpCloud, Ping],
}

async fn echo(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let user = t.create(&users).await?;
    if let Ok(groups) = t.groups() {
        // So that there is something in `groups`; where groups do not work, there is not.
        let mut body = t.body(&groups).await?;
        body["members"] = membership(t, &groups, &[&user]);
        t.post(groups.endpoint(), &body).await?;
    }
    let before = t.read(&user).await?;
    let mut changed = before.clone();
    let value = json!(t.ground().fresh_name());
    slot.set(&mut changed, value.clone());
    let answer = t.put(&user.path, &changed).await?;
    let rules: &[&'static str] = match answer.status {
        405 | 501 => &["Q-U20"],
        _ => &["Q-U19", "Q-C03"],
    };
    breaking(answer.expect_success(), rules)?;
    let after = t.read(&user).await?;
    breaking(expect(&answer, &after, &slot, &value), &["Q-U19"])?;
    if after["id"] != before["id"] {
        return Err(answer
            .flaw("PUT changes the id")
            .expected(before["id"].to_string())
            .got(after["id"].to_string())
            .breaks(&["Q-U19"])
            .into());
    }
    let survey = t.survey(&users).await?;
    for other in survey.texts(&users.schema).iter().filter(|other| other.path() != slot.path()) {
        // A name that is put together from parts follows them.
        if !matches!(other.path().as_str(), "displayName" | "name.formatted") {
            t.soft(breaking(expect_same(&answer, &before, &after, other), &["Q-U19"]))?;
        }
    }
    for list in survey.lists(&users.schema) {
        if list.values(&before) != list.values(&after) {
            t.note(
                answer
                    .flaw(format!("{} changes `{}`, which is sent as it was", answer.asked, list.slot.path()))
                    .expected(seen(list.slot.get(&before)))
                    .got(seen(list.slot.get(&after)))
                    .breaks(&["Q-U19"]),
            );
        }
    }
    Ok(())
}

check! {
    /// PUT with `"emails": null` and empty arrays succeeds and clears these attributes.
    ///
    /// Why: JumpCloud updates users so: active, emails null, id, name, schemas and userName. RFC 7643 §2.5 makes null the same as no
    /// value; a type error there stops every update of everybody who has no address.
    ///
    /// Fix: take null and `[]` for absent before validating, and clear what is absent.
    MINIMAL = minimal,
    id: "interop.put-nulls",
    title: "PUT with emails null and empty arrays clears them",
    level: Interop,
    requirements: ["Q-U21", "Q-C04", "RFC7643-2.5-02"],
    needs: [Users],
    breaks: [JumpCloud],
}

async fn minimal(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Some(emails) = known(&users, "emails") else { return skip("User has no `emails`") };
    if emails.attribute.required {
        return skip("the target demands `emails`");
    }
    let created = t.body(&users).await?;
    let user = t.create_from(&users, &created).await?;
    let before = t.read(&user).await?;
    let mut body = t.minimal(&users);
    body["active"] = json!(true);
    body["emails"] = Value::Null;
    body["id"] = json!(user.id);
    if let Some(name) = created.get("name") {
        body["name"] = name.clone();
    }
    body["userName"] = created["userName"].clone();
    for list in ["addresses", "phoneNumbers"] {
        if known(&users, list).is_some() {
            body[list] = json!([]);
        }
    }
    let (answer, after) = put(t, &user, &body).await?;
    let values = |resource: &Value| -> Vec<String> {
        elements(resource, "emails").iter().filter_map(|e| e["value"].as_str().map(str::to_owned)).collect()
    };
    let left: Vec<String> =
        values(&after).into_iter().filter(|value| values(&before).contains(value)).collect();
    match left.first() {
        None => Ok(()),
        Some(left) => Err(answer
            .flaw("PUT with `emails: null` leaves an address in place")
            .expected("no `emails`")
            .got(format!("\"{left}\""))
            .into()),
    }
}

check! {
    /// PUT without `active` does not deactivate anybody.
    ///
    /// Why: the templates of OneLogin often have no `active`. RFC 7644 §3.5.1 lets a server give a default to what is missing,
    /// and false is the one default that locks people out.
    ///
    /// Fix: leave `active` as it is, or make it true, when PUT does not name it.
    WITHOUT_ACTIVE = without_active,
    id: "interop.put-without-active",
    title: "PUT without active does not deactivate",
    level: Interop,
    requirements: ["Q-U22"],
    needs: [Users],
    breaks: [OneLogin],
}

async fn without_active(t: &Trial) -> Verdict {
    let users = t.users()?;
    let active = active(&users)?;
    if active.attribute.required {
        return skip("the target demands `active`");
    }
    let mut body = t.body(&users).await?;
    active.set(&mut body, json!(true));
    let user = t.create_from(&users, &body).await?;
    if active.get(&t.read(&user).await?) != Some(&json!(true)) {
        return skip("a new user is not active (check `interop.put-active`)");
    }
    active.remove(&mut body);
    let (answer, after) = put(t, &user, &body).await?;
    match active.get(&after) {
        Some(Value::Bool(false)) => Err(answer
            .flaw("PUT without `active` deactivates the user")
            .expected("active true, or absent")
            .got("active false")
            .into()),
        _ => Ok(()),
    }
}

check! {
    /// PUT with `active: false` deactivates, and with `active: true` activates again; the user stays where it is.
    ///
    /// Why: applications that an administrator of Okta adds by hand are switched by PUT, and so are those of OneLogin and JumpCloud. A
    /// user that stays active keeps its access; one that vanishes cannot come back.
    ///
    /// Fix: store `active` like any other value, and keep the resource.
    DEACTIVATE = deactivate,
    id: "interop.put-active",
    title: "PUT with active false deactivates, with true activates again",
    level: Interop,
    requirements: ["Q-D03", "Q-D11"],
    needs: [Users],
    breaks: [Okta, OneLogin, JumpCloud],
}

async fn deactivate(t: &Trial) -> Verdict {
    let users = t.users()?;
    let active = active(&users)?;
    let user = active_user(t, &users, &active).await?;
    for value in [false, true] {
        let mut whole = t.read(&user).await?;
        active.set(&mut whole, json!(value));
        let answer = t.put(&user.path, &whole).await?;
        breaking(answer.expect_success(), &["Q-D03"])?;
        let effect = expect_active(t, &answer, &user, &active, value).await;
        breaking(effect, if value { &["Q-D11"] } else { &["Q-D03"] })?;
    }
    Ok(())
}

/// Creates a user who is active, which has to show.
async fn active_user(t: &Trial, users: &Kind, active: &Slot) -> Result<Created, Stop> {
    let mut body = t.body(users).await?;
    active.set(&mut body, json!(true));
    let answer = t.post(users.endpoint(), &body).await?;
    let user = t.created_by(users, &answer)?;
    breaking(expect_active(t, &answer, &user, active, true).await, &["Q-D11"])?;
    Ok(user)
}

/// Fails unless the user can be read and is as active as was asked for.
async fn expect_active(t: &Trial, answer: &Answer, user: &Created, active: &Slot, value: bool) -> Verdict {
    let read = t.get(&user.path).await?;
    if read.status == 404 {
        return Err(read
            .flaw(format!("after {} with active {value} the user is gone", answer.asked))
            .expected(format!("200 with \"active\": {value}"))
            .got(read.said())
            .into());
    }
    read.expect_status(&[200])?;
    let resource = read.resource()?;
    if resource["id"] != user.id.as_str() {
        return Err(read
            .flaw(format!("after {} the user has another id", answer.asked))
            .expected(format!("\"{}\"", user.id))
            .got(seen(resource.get("id")))
            .into());
    }
    match active.get(resource) {
        Some(Value::Bool(is)) if *is == value => Ok(()),
        other => Err(read
            .flaw(format!(
                "{} is answered with success, and `active` is not {value} afterwards",
                answer.asked
            ))
            .expected(format!("\"active\": {value}"))
            .got(seen(other))
            .into()),
    }
}

check! {
    /// Okta's PATCH without a path, `{"op": "replace", "value": {"active": false}}`, deactivates, and with true activates again.
    ///
    /// Conflict: the interoperability profile (draft-zollner-scim-interop-profile) demands that operations without `path` are refused.
    ///
    /// Why: this is how Okta takes access away. A server that wants a path answers 400, or changes nothing and says 200; in both
    /// cases somebody who has left stays active. Okta never deletes users. When the answer to an activation shows a user that
    /// is still inactive, Okta sends it again for ever.
    ///
    /// Fix: without `path`, take `value` for an object of attributes and set each of them (RFC 7644 §3.5.2.3).
    OKTA_ACTIVATION = okta_activation,
    id: "interop.okta-activation",
    title: "PATCH without a path switches active off and on",
    level: Interop,
    requirements: ["Q-U03", "Q-D02", "Q-D04", "Q-D11"],
    needs: [Users, Patch],
    breaks: [Okta],
}

async fn okta_activation(t: &Trial) -> Verdict {
    let rules = Rules { form: &["Q-U03"], off: &["Q-U03", "Q-D02", "Q-D04"], on: &["Q-U03", "Q-D11"] };
    switch(t, rules, |value| json!([{ "op": "replace", "value": { "active": value } }])).await
}

check! {
    /// `{"op": "replace", "path": "active", "value": "False"}` deactivates, and with `"True"` activates again.
    ///
    /// RFC 7643 has a JSON boolean there, so that a refusal is right by the letter.
    ///
    /// Why: unless the administrator sets a flag, Microsoft Entra ID sends the text. A server that refuses it leaves everybody active who
    /// was disabled; one that takes any text for true does the same and says 200.
    ///
    /// Fix: read `True`, `true`, `False` and `false` in quotes as booleans where the schema says boolean; store a real boolean.
    ACTIVE_TEXT = active_text,
    id: "interop.active-text",
    title: "PATCH with \"False\" and \"True\" switches active off and on",
    level: Interop,
    requirements: ["Q-U02", "Q-D01", "Q-D04", "Q-D07"],
    needs: [Users, Patch],
    breaks: [Entra],
}

async fn active_text(t: &Trial) -> Verdict {
    let text = |value: bool| if value { "True" } else { "False" };
    let rules = Rules { form: &["Q-U02"], off: &["Q-U02", "Q-D01", "Q-D04"], on: &["Q-U02", "Q-D07"] };
    switch(t, rules, |value| json!([{ "op": "replace", "path": "active", "value": text(value) }])).await
}

/// What is broken where a form of PATCH is refused, and where it has no effect.
struct Rules {
    form: &'static [&'static str],
    off: &'static [&'static str],
    on: &'static [&'static str],
}

/// Deactivates and activates a user, and finds it all the while.
async fn switch(t: &Trial, rules: Rules, operations: impl Fn(bool) -> Value) -> Verdict {
    let users = t.users()?;
    let active = active(&users)?;
    let user = active_user(t, &users, &active).await?;
    for value in [false, true] {
        let answer = t.patch(&user.path, operations(value)).await?;
        breaking(answer.expect_success(), rules.form)?;
        let effect = expect_active(t, &answer, &user, &active, value).await;
        breaking(effect, if value { rules.on } else { rules.off })?;
    }
    Ok(())
}

check! {
    /// A password can be set by PATCH without a path, and is not shown in the answer.
    ///
    /// Why: with password synchronisation switched on, Okta sends every new password so. A refusal leaves people with their old one.
    ///
    /// Fix: let PATCH write the writeOnly attribute `password`, and never return it.
    PASSWORD = password,
    id: "interop.password-patch",
    title: "PATCH without a path sets a password",
    level: Interop,
    requirements: ["Q-U23"],
    needs: [Users, Patch, ChangePassword],
    breaks: [Okta],
}

async fn password(t: &Trial) -> Verdict {
    let users = t.users()?;
    let user = t.create(&users).await?;
    let secret = format!("Pw8!{}-zQ4#", t.ground().fresh_name());
    let answer = t.patch(&user.path, json!([{ "op": "replace", "value": { "password": secret } }])).await?;
    answer.expect_success()?;
    let read = t.get(&user.path).await?;
    for answer in [answer, read] {
        if String::from_utf8_lossy(&answer.body).contains(&secret) {
            return Err(answer
                .flaw(format!("the answer to {} shows the password", answer.asked))
                .expected("no `password`")
                .got("the password in the body")
                .into());
        }
    }
    Ok(())
}

check! {
    /// Two addresses that are both marked as primary are refused, or one of them loses the mark; two are never stored.
    ///
    /// Why: PingOne may mark two. RFC 7643 §2.4 allows one; with two, whoever looks for the primary address finds either.
    ///
    /// Fix: keep `primary` on one element and take it from the others, or answer 400 invalidValue.
    TWO_PRIMARIES = two_primaries,
    id: "interop.two-primaries",
    title: "of two primary addresses one at most stays primary",
    level: Interop,
    requirements: ["Q-U29"],
    needs: [Users],
    breaks: [Ping],
}

async fn two_primaries(t: &Trial) -> Verdict {
    let users = t.users()?;
    let survey = t.survey(&users).await?;
    let Some(list) = survey.lists(&users.schema).into_iter().find(|list| list.has_primary) else {
        return skip("the target keeps no `primary`");
    };
    let mut body = t.body(&users).await?;
    let user = t.create_from(&users, &body).await?;
    let both: Vec<Value> = (0..2)
        .map(|index| {
            let mut element = list.element(&t.ground().fresh_name(), index);
            element["primary"] = json!(true);
            element
        })
        .collect();
    list.slot.set(&mut body, json!(both));
    let answer = t.put(&user.path, &body).await?;
    expect_no_crash(&answer)?;
    if !answer.is_success() {
        return Ok(());
    }
    let after = t.read(&user).await?;
    let primaries = list.elements(&after).iter().filter(|element| element["primary"] == true).count();
    if primaries < 2 {
        return Ok(());
    }
    Err(answer
        .flaw(format!("`{}` has {primaries} primary elements afterwards", list.slot.path()))
        .expected("at most one element with `primary: true`, or 400")
        .got(seen(list.slot.get(&after)))
        .into())
}
