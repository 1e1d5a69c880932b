//! Replacing resources with PUT (RFC 7644 §3.5.1): what becomes of the values.

use serde_json::{Value, json};

use super::compare::{core, creatable, differences, expect_same, get, get_in, holds, look, outlast, same};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::slots;
use crate::conformance::trial::{Answer, Created, List, Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::Mutability;
use crate::protocol::value::parse_date_time;

pub(super) const CHECKS: &[Check] = &[
    WORKS,
    VALUES,
    COMPLEX,
    OMITTED,
    ANSWER_IS_STATE,
    ECHO,
    NULL,
    IDEMPOTENT,
    IDENTITY,
    MODIFIED,
    WITHOUT_ACTIVE,
    EXTENSION,
];

/// The answer to a PUT that has to work.
///
/// # Errors
/// [`Stop::Blocked`] where it does not.
pub(super) async fn put(t: &Trial, resource: &Created, body: &Value) -> Result<Answer, Stop> {
    let answer = t.put(&resource.path, body).await?;
    match answer.is_success() {
        true => Ok(answer),
        false => {
            Err(Stop::Blocked(format!("{} answers {} (check `replace.works`)", answer.asked, answer.said())))
        }
    }
}

/// A body with new values for a resource that is there; what may be set only once stays as it is.
///
/// # Errors
/// [`Stop::Blocked`] where nothing can be created.
pub(super) async fn next_body(t: &Trial, kind: &Kind, stored: &Value) -> Result<Value, Stop> {
    let mut body = t.body(kind).await?;
    for slot in slots(&kind.schema).filter(|slot| slot.attribute.mutability == Mutability::Immutable) {
        match slot.get(stored) {
            Some(value) => slot.set(&mut body, value.clone()),
            None => slot.remove(&mut body),
        }
    }
    Ok(body)
}

check! {
    /// PUT replaces a resource and answers 200 with it.
    ///
    /// Why: OneLogin, JumpCloud and Okta's own apps update people by PUT and by nothing else. RFC 7644 demands PUT of every
    /// server; PATCH is the optional one.
    ///
    /// Fix: implement PUT for every resource type that can be created, and answer 200 with the resource as it is stored.
    WORKS = works,
    id: "replace.works",
    title: "PUT replaces a resource and answers 200 with it",
    level: Must,
    requirements: ["RFC7644-3.5-01", "RFC7644-3.5.1-13", "RFC9110-9.3.4-01"],
    needs: [],
    breaks: [Okta, OneLogin, JumpCloud],
}

async fn works(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let body = t.body(&kind).await?;
        let created = t.create_from(&kind, &body).await?;
        let answer = t.put(&created.path, &body).await?;
        let flaw = match answer.status {
            200 if answer.body.is_empty() => {
                answer.flaw("200 to PUT comes without the resource").breaks(&["RFC7644-3.5.1-13"]).concern()
            }
            200 => {
                t.soft(judge_body(&answer, &created))?;
                continue;
            }
            201 => answer.flaw("PUT of a resource that is there answers 201").breaks(&["RFC9110-9.3.4-01"]),
            202..300 => answer
                .flaw(format!("PUT answers {} instead of 200 with the resource", answer.status))
                .breaks(&["RFC7644-3.5.1-13"])
                .concern(),
            _ => answer.flaw(format!("a {} cannot be replaced", kind.name())).breaks(&["RFC7644-3.5-01"]),
        };
        t.note(flaw.expected("200 with the resource").got(answer.said()));
    }
    Ok(())
}

fn judge_body(answer: &Answer, created: &Created) -> Verdict {
    let id = get(answer.resource()?, "id");
    if id.and_then(Value::as_str) == Some(created.id.as_str()) {
        return Ok(());
    }
    Err(answer
        .flaw("the answer to PUT is not the resource")
        .expected(format!("\"id\": \"{}\"", created.id))
        .got(id.map_or_else(|| "no id".to_owned(), Value::to_string))
        .breaks(&["RFC7644-3.5.1-13"])
        .into())
}

check! {
    /// The values in the body of a PUT take the place of those that were stored; a list is exchanged as a whole, and nothing
    /// else changes.
    ///
    /// Why: a PUT is what the directory says now. When a list is merged, the address or the role that somebody lost stays for
    /// ever; when a value is not written, the change of a name never arrives.
    ///
    /// Fix: store the attributes of the body in the place of the stored ones; never add the elements of a list to the old ones.
    VALUES = values,
    id: "replace.values",
    title: "PUT stores the new values and exchanges lists as a whole",
    level: Must,
    requirements: ["RFC7644-3.5.1-03"],
    needs: [Users],
    breaks: [Okta, OneLogin, JumpCloud],
}

/// Two elements without anything in common but the kind of their values.
fn two(list: &List, t: &Trial) -> Value {
    json!([list.element(&t.ground().fresh_name(), 0), list.element(&t.ground().fresh_name(), 1)])
}

async fn values(t: &Trial) -> Verdict {
    let users = t.users()?;
    let survey = t.survey(&users).await?;
    let text = survey.texts(&users.schema).into_iter().next();
    let list = survey.lists(&users.schema).into_iter().next();
    let mut places: Vec<Slot> = text.into_iter().collect();
    let mut before = t.body(&users).await?;
    let mut after = before.clone();
    for slot in &places {
        slot.set(&mut before, slot.sample(&t.ground().fresh_name()));
        slot.set(&mut after, slot.sample(&t.ground().fresh_name()));
    }
    if let Some(list) = list {
        list.slot.set(&mut before, two(&list, t));
        list.slot.set(&mut after, json!([list.element(&t.ground().fresh_name(), 0)]));
        places.push(list.slot);
    }
    if places.is_empty() {
        return skip("users keep neither text nor a list");
    }
    let created = t.create_from(&users, &before).await?;
    let was = t.read(&created).await?;
    put(t, &created, &after).await?;
    let read = look(t, &created).await?;
    let resource = read.resource()?;
    for slot in &places {
        // The whole attribute that the place belongs to was sent.
        let whole = Slot { sub: None, ..slot.clone() };
        let (Some(sent), stored) = (whole.get(&after), whole.get(resource)) else { continue };
        if !stored.is_some_and(|stored| holds(&whole.attribute, sent, stored)) {
            t.note(
                read.flaw(format!("PUT does not replace {}", whole.path()))
                    .expected(sent.to_string())
                    .got(stored.map_or_else(|| "nothing".to_owned(), Value::to_string)),
            );
        }
    }
    let touched: Vec<String> = places.iter().map(Slot::parent).collect();
    let except: Vec<&str> = touched.iter().map(String::as_str).collect();
    expect_same(&users, &was, &read, &except, "PUT changed what the body had as it was")
}

check! {
    /// A complex attribute in the body of a PUT takes the place of the stored one, with all its parts.
    ///
    /// Why: a middle name or a title that was dropped in the directory goes on being shown when only the parts in the body
    /// are written. The RFC lets a server fill in what is left out, so that this is a warning.
    ///
    /// Fix: replace the complex value; merge it with the stored one for PATCH only.
    COMPLEX = complex,
    id: "replace.complex",
    title: "PUT replaces a complex attribute with all its parts",
    level: Must,
    requirements: ["RFC7644-3.5.1-03", "RFC7644-3.5.1-05"],
    needs: [Users],
    breaks: [JumpCloud, OneLogin],
}

async fn complex(t: &Trial) -> Verdict {
    let users = t.users()?;
    let (whole, parts) = t.complex(&users).await?;
    let is_required = |part: &&Slot| !part.leaf().required;
    let (Some(kept), Some(dropped)) = (parts.first(), parts.iter().skip(1).find(is_required)) else {
        return skip("users keep no complex attribute with an optional part");
    };
    let mut body = t.body(&users).await?;
    whole.remove(&mut body);
    for part in [kept, dropped] {
        part.set(&mut body, part.sample(&t.ground().fresh_name()));
    }
    let created = t.create_from(&users, &body).await?;
    whole.remove(&mut body);
    let sent = kept.sample(&t.ground().fresh_name());
    kept.set(&mut body, sent.clone());
    put(t, &created, &body).await?;
    let read = look(t, &created).await?;
    let resource = read.resource()?;
    if !kept.get(resource).is_some_and(|stored| holds(kept.leaf(), &sent, stored)) {
        t.note(
            read.flaw(format!("PUT does not replace {}", kept.path()))
                .expected(sent.to_string())
                .got(kept.get(resource).map_or_else(|| "nothing".to_owned(), Value::to_string))
                .breaks(&["RFC7644-3.5.1-03"]),
        );
    }
    if let Some(stale) = dropped.get(resource) {
        t.note(
            read.flaw(format!("PUT of {} keeps {}, which the body left out", whole.path(), dropped.path()))
                .expected("no value")
                .got(stale.to_string())
                .concern(),
        );
    }
    Ok(())
}

check! {
    /// Attributes that the body of a PUT leaves out lose their values, or get the default of the server.
    ///
    /// Why: leaving an attribute out is how most clients clear it with PUT. A target that merges keeps the title, the phone
    /// number or the role that somebody no longer has.
    ///
    /// Fix: clear readWrite attributes that are not in the body; merge for PATCH only.
    OMITTED = omitted,
    id: "replace.omitted",
    title: "PUT clears what the body leaves out",
    level: May,
    requirements: ["RFC7644-3.5.1-05"],
    needs: [Users],
    breaks: [OneLogin, JumpCloud],
}

async fn omitted(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Filled { created, minimal, places } = filled(t, &users).await?;
    let was = t.read(&created).await?;
    put(t, &created, &minimal).await?;
    let read = look(t, &created).await?;
    let resource = read.resource()?;
    let is_kept = |slot: &&Slot| match (slot.get(&was), slot.get(resource)) {
        (Some(a), Some(b)) => same(&slot.attribute, a, b),
        _ => false,
    };
    let kept: Vec<String> = places.iter().filter(is_kept).map(Slot::path).collect();
    if kept.is_empty() {
        return Ok(());
    }
    Err(read
        .flaw(format!("PUT keeps the values of {}, which the body left out", kept.join(", ")))
        .expected("no value, or a default")
        .got(format!("{} of {} are as they were", kept.len(), places.len()))
        .into())
}

/// A user with values in places that no body needs.
struct Filled {
    created: Created,
    /// The body without them.
    minimal: Value,
    places: Vec<Slot>,
}

/// Creates a user with a text, a list and an extension, as far as they are kept.
async fn filled(t: &Trial, users: &Kind) -> Result<Filled, Stop> {
    let survey = t.survey(users).await?;
    let recipe = t.body(users).await?;
    let is_free = |slot: &Slot| slot.sub.is_none() && !slot.attribute.required && slot.get(&recipe).is_none();
    let texts: Vec<Slot> = survey.texts(&users.schema).into_iter().filter(is_free).collect();
    let mut places: Vec<Slot> =
        texts.iter().find(|slot| slot.extension.is_none()).cloned().into_iter().collect();
    places.extend(texts.iter().find(|slot| slot.extension.is_some()).cloned());
    let mut body = recipe.clone();
    for slot in &places {
        slot.set(&mut body, slot.sample(&t.ground().fresh_name()));
    }
    let lists = survey.lists(&users.schema);
    let list =
        lists.into_iter().find(|list| !list.slot.attribute.required && list.slot.get(&recipe).is_none());
    if let Some(list) = list {
        list.slot.set(&mut body, two(&list, t));
        places.push(list.slot);
    }
    if places.is_empty() {
        return skip("users keep no attribute that could be left out");
    }
    let created = t.create_from(users, &body).await?;
    Ok(Filled { created, minimal: recipe, places })
}

check! {
    /// The answer to a PUT shows the resource as it is stored: a GET right after it shows the same.
    ///
    /// Why: an answer that repeats the request hides what was not stored, and the client never sends it again.
    ///
    /// Fix: make the answer from what was stored.
    ANSWER_IS_STATE = answer_is_state,
    id: "replace.answer-is-state",
    title: "the answer to PUT shows what is stored",
    level: Must,
    requirements: ["RFC7644-3.1-06", "RFC7644-3.5.1-13"],
    needs: [Users],
    breaks: [Okta],
}

async fn answer_is_state(t: &Trial) -> Verdict {
    let users = t.users()?;
    let created = t.create(&users).await?;
    let mut body = next_body(t, &users, &t.read(&created).await?).await?;
    body["externalId"] = json!(t.ground().fresh_name());
    let answer = put(t, &created, &body).await?;
    if answer.body.is_empty() {
        return skip("the answer to PUT has no body (check `replace.works`)");
    }
    let read = look(t, &created).await?;
    let what = "the answer to PUT shows something else than what is stored";
    expect_same(&users, answer.resource()?, &read, &[], what)?;
    let name = get(read.resource()?, "userName").and_then(Value::as_str).unwrap_or_default();
    let sent = body["userName"].as_str().unwrap_or_default();
    if !name.eq_ignore_ascii_case(sent) {
        return Err(read
            .flaw("PUT does not store the new userName")
            .expected(sent)
            .got(name)
            .concern()
            .into());
    }
    Ok(())
}

check! {
    /// What GET shows can be sent back by PUT as it is, `id`, `meta` and `groups` included, and changes nothing.
    ///
    /// Why: Okta reads the resource, changes one value and sends all of it back. When a readOnly attribute in the body is an
    /// error, no update of anybody arrives.
    ///
    /// Fix: ignore readOnly attributes in the body of a PUT instead of refusing them.
    ECHO = echo,
    id: "replace.echo",
    title: "PUT of what GET shows is accepted and changes nothing",
    level: Must,
    requirements: ["RFC7644-3.1-07", "RFC7644-3.5.1-02", "RFC7644-3.5.1-11"],
    needs: [],
    breaks: [Okta],
}

async fn echo(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let created = t.create(&kind).await?;
        let before = t.read(&created).await?;
        let answer = t.put(&created.path, &before).await?;
        if !answer.is_success() {
            t.note(
                answer
                    .flaw(format!("PUT of a {} as GET shows it is refused", kind.name()))
                    .expected("200")
                    .got(answer.said()),
            );
            continue;
        }
        let read = look(t, &created).await?;
        t.soft(expect_same(&kind, &before, &read, &[], "PUT of what GET shows changed the resource"))?;
    }
    Ok(())
}

check! {
    /// null and `[]` in the body of a PUT clear the attribute.
    ///
    /// Why: JumpCloud sends every attribute, with null or `[]` where a person has nothing any more. A target that refuses that
    /// takes no update; one that keeps the old value shows a title or a phone number for ever.
    ///
    /// Fix: treat null and `[]` like an attribute that is not there, and clear what is stored.
    NULL = null,
    id: "replace.null",
    title: "null and [] in the body of a PUT clear the attribute",
    level: Must,
    requirements: ["RFC7644-3.5.1-07", "RFC7643-2.5-02"],
    needs: [Users],
    breaks: [JumpCloud],
}

async fn null(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Filled { created, minimal, places } = filled(t, &users).await?;
    let was = t.read(&created).await?;
    let mut body = minimal;
    for slot in &places {
        slot.set(&mut body, if slot.attribute.multi_valued { json!([]) } else { Value::Null });
    }
    let answer = t.put(&created.path, &body).await?;
    if !answer.is_success() {
        return Err(answer.flaw("PUT with null and [] is refused").expected("200").got(answer.said()).into());
    }
    let read = look(t, &created).await?;
    let resource = read.resource()?;
    for slot in &places {
        if let (Some(a), Some(b)) = (slot.get(&was), slot.get(resource))
            && same(&slot.attribute, a, b)
        {
            t.note(
                read.flaw(format!("PUT with {} of null or [] leaves it as it was", slot.path()))
                    .expected("no value")
                    .got(b.to_string()),
            );
        }
    }
    Ok(())
}

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
    let mut body = next_body(t, &users, &before).await?;
    body["meta"] = json!({
        "resourceType": "Robot",
        "created": "1999-01-01T00:00:00Z",
        "lastModified": "1999-01-01T00:00:00Z",
        "location": "https://elsewhere.example/Users/1",
    });
    let answer = t.put(&created.path, &body).await?;
    if !answer.is_success() {
        t.note(
            answer
                .flaw("PUT with `meta` in its body is refused")
                .expected("200; `meta` is ignored")
                .got(answer.said())
                .breaks(&["RFC7643-3.1-22", "RFC7644-3.5.1-11"]),
        );
        body.as_object_mut().map(|object| object.shift_remove("meta"));
        put(t, &created, &body).await?;
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
        t.note(
            read.flaw("PUT changed what identifies the resource")
                .expected("id and meta as they were")
                .got(found.join("; ")),
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
    requirements: ["RFC7643-3.1-27", "RFC7644-3.5.1-14"],
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
    let is_telling = outlast(t, &created, &was).await?;
    let body = next_body(t, &users, first.resource()?).await?;
    put(t, &created, &body).await?;
    let second = look(t, &created).await?;
    let Some(is) = text(&second) else {
        return Err(second.flaw("after a PUT there is no meta.lastModified").into());
    };
    let (Some(a), Some(b)) = (parse_date_time(&was), parse_date_time(&is)) else {
        return Err(Stop::Blocked("meta.lastModified is no dateTime (check `create.meta`)".to_owned()));
    };
    if b < a || (b == a && is_telling) {
        return Err(second
            .flaw("meta.lastModified does not move on with a change")
            .expected(format!("later than {was}"))
            .got(is)
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
