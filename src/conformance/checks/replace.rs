//! Replacing resources with PUT (RFC 7644 §3.5.1): what becomes of the values.

use serde_json::{Value, json};

use super::compare::{creatable, differences, expect_same, get, holds, look, same};
use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::{Kind, Role};
use crate::conformance::trial::slot::slots;
use crate::conformance::trial::{Answer, Created, List, Slot, Trial};
use crate::conformance::verdict::{Flaw, Stop, Verdict, skip};
use crate::protocol::schema::Mutability;

pub(super) const CHECKS: &[Check] =
    &[WORKS, VALUES, COMPLEX, OMITTED, ANSWER_IS_STATE, EXTERNAL_ID, ECHO, NULL];

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

/// PUT where its answer is what is judged.
///
/// # Errors
/// [`Stop::Blocked`] where there is no PUT at all.
pub(super) async fn try_put(t: &Trial, path: &str, body: &Value) -> Result<Answer, Stop> {
    let answer = t.put(path, body).await?;
    match answer.status {
        405 | 501 => {
            Err(Stop::Blocked(format!("{} answers {} (check `replace.works`)", answer.asked, answer.said())))
        }
        _ => Ok(answer),
    }
}

/// A problem with a PUT that was refused, unless one with a plain body is refused as well.
///
/// # Errors
/// [`Stop::Blocked`] where that is so.
pub(super) async fn unless_broken(
    t: &Trial,
    resource: &Created,
    plain: &Value,
    flaw: Flaw,
) -> Result<Flaw, Stop> {
    put(t, resource, plain).await.map(|_| flaw)
}

/// A body with new values for a resource that is there; its userName and what may be set only once stay as they are.
///
/// # Errors
/// [`Stop::Blocked`] where nothing can be created.
pub(super) async fn next_body(t: &Trial, kind: &Kind, stored: &Value) -> Result<Value, Stop> {
    let mut body = t.body(kind).await?;
    if let Some(name) = get(stored, "userName") {
        body["userName"] = name.clone();
    }
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
        // A type of the target's own may not be meant to be changed.
        let flaw = if kind.role == Role::Other { flaw.concern() } else { flaw };
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
pub(super) fn two(list: &List, t: &Trial) -> Value {
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
        let (Some(sent), stored) = (slot.get(&after), slot.get(resource)) else { continue };
        if !stored.is_some_and(|stored| is_replaced(slot, sent, stored)) {
            t.note(
                read.flaw(format!("PUT does not replace {}", slot.path()))
                    .expected(sent.to_string())
                    .got(stored.map_or_else(|| "nothing".to_owned(), Value::to_string)),
            );
        }
    }
    // What the body leaves out may have lost a default, and what is not kept as it was sent is made of something else.
    let is_kept = |slot: &Slot| match (slot.get(&after), slot.get(&before), slot.get(&was)) {
        (Some(_), Some(sent), Some(stored)) => holds(&slot.attribute, sent, stored),
        _ => false,
    };
    let left_out = slots(&users.schema).filter(|slot| !is_kept(slot));
    let touched: Vec<String> = places.iter().cloned().chain(left_out).map(|slot| slot.parent()).collect();
    let mut except: Vec<&str> = touched.iter().map(String::as_str).collect();
    if get(&after, "externalId").is_none() {
        except.push("externalId");
    }
    let found = differences(&users, &was, resource, &except);
    if found.is_empty() {
        return Ok(());
    }
    Err(read
        .flaw("PUT changed what the body had as it was")
        .expected("only what differs in the body changes")
        .got(found.join("; "))
        .into())
}

/// Whether the value is the new one; of a list only the values count, as a target may know no types.
fn is_replaced(slot: &Slot, sent: &Value, stored: &Value) -> bool {
    let values = |value: &Value| -> Option<Vec<String>> {
        let items = value.as_array()?;
        let mut values: Vec<String> =
            items.iter().filter_map(|item| get(item, "value")).map(Value::to_string).collect();
        values.sort();
        Some(values)
    };
    match (values(sent), values(stored)) {
        (Some(sent), Some(stored)) => sent == stored,
        _ => holds(slot.leaf(), sent, stored),
    }
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
    for part in parts.iter().filter(|part| part.leaf().required) {
        part.set(&mut body, part.sample(&t.ground().fresh_name()));
    }
    let least = body.clone();
    for part in [kept, dropped] {
        part.set(&mut body, part.sample(&t.ground().fresh_name()));
    }
    let created = t.create_from(&users, &body).await?;
    let before = t.read(&created).await?;
    body = least;
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
    // A server may put a default in its place (RFC 7644 §3.5.1): only what was there before is stale.
    let was = dropped.get(&before);
    if let Some(stale) =
        dropped.get(resource).filter(|now| was.is_some_and(|was| holds(dropped.leaf(), was, now)))
    {
        t.note(
            read.flaw(format!("PUT of {} keeps {}, which the body left out", whole.path(), dropped.path()))
                .expected("no value")
                .got(stale.to_string())
                .breaks(&["RFC7644-3.5.1-05"])
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
    expect_same(&users, answer.resource()?, &read, &[], what)
}

check! {
    /// A PUT can give a resource another externalId.
    ///
    /// Why: after a move to another directory every account gets the key of the new one. Where the old key stays, nobody is
    /// matched and everybody is created again.
    ///
    /// Fix: treat `externalId` like any readWrite attribute.
    EXTERNAL_ID = external_id,
    id: "replace.external-id",
    title: "PUT can change externalId",
    level: Must,
    requirements: ["RFC7643-3.1-20", "RFC7644-3.5.1-03"],
    needs: [Users],
    breaks: [Entra, Okta],
}

async fn external_id(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    body["externalId"] = json!(t.ground().fresh_name());
    let created = t.create_from(&users, &body).await?;
    if get(&t.read(&created).await?, "externalId") != get(&body, "externalId") {
        return Err(Stop::Blocked("externalId is not stored (check `create.external-id`)".to_owned()));
    }
    let plain = body.clone();
    body["externalId"] = json!(t.ground().fresh_name());
    let answer = try_put(t, &created.path, &body).await?;
    if !answer.is_success() {
        let flaw = answer
            .flaw("PUT with another externalId is refused")
            .expected("200; externalId is readWrite")
            .got(answer.said());
        return Err(unless_broken(t, &created, &plain, flaw).await?.into());
    }
    let read = look(t, &created).await?;
    let stored = get(read.resource()?, "externalId");
    if stored == get(&body, "externalId") {
        return Ok(());
    }
    Err(read
        .flaw("PUT does not store another externalId")
        .expected(body["externalId"].to_string())
        .got(stored.map_or_else(|| "nothing".to_owned(), Value::to_string))
        .into())
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
    requirements: ["RFC7644-3.1-07", "RFC7644-3.5.1-02", "RFC7644-3.5.1-11", "RFC7644-3.5.1-03"],
    needs: [],
    breaks: [Okta],
}

async fn echo(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let body = t.body(&kind).await?;
        let created = t.create_from(&kind, &body).await?;
        let before = t.read(&created).await?;
        let mut echo = before.clone();
        // A required list that is empty need not be shown, and has to be sent (RFC 7644 §3.5.1).
        for slot in slots(&kind.schema).filter(|slot| slot.attribute.required && slot.extension.is_none()) {
            let name = slot.attribute.name.as_str();
            if let (None, Some(sent)) = (before.get(name), body.get(name)) {
                echo[name] = sent.clone();
            }
        }
        let answer = t.put(&created.path, &echo).await?;
        if !answer.is_success() {
            let flaw = answer
                .flaw(format!("PUT of a {} as GET shows it is refused", kind.name()))
                .expected("200")
                .got(answer.said())
                .breaks(&["RFC7644-3.1-07", "RFC7644-3.5.1-02", "RFC7644-3.5.1-11"]);
            t.note(unless_broken(t, &created, &body, flaw).await?);
            continue;
        }
        let read = look(t, &created).await?;
        let same = expect_same(&kind, &before, &read, &[], "PUT of what GET shows changed the resource");
        t.soft(breaking(same, &["RFC7644-3.5.1-03"]))?;
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
    let mut body = minimal.clone();
    for slot in &places {
        slot.set(&mut body, if slot.attribute.multi_valued { json!([]) } else { Value::Null });
    }
    let answer = t.put(&created.path, &body).await?;
    if !answer.is_success() {
        let flaw = answer.flaw("PUT with null and [] is refused").expected("200").got(answer.said());
        return Err(unless_broken(t, &created, &minimal, flaw).await?.into());
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
