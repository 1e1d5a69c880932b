//! The many ways to say that there is no value, and what JSON leaves open (RFC 7643 §2.1, §2.3.8, §2.5).

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::values::texts;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::cohort::place;
use crate::conformance::trial::{Slot, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::exchange::{Request, SCIM_JSON};

pub(super) const CHECKS: &[Check] = &[UNASSIGNED, CLEARED, NAME_CASE, ORDER, TWICE, NUMBER_FOR_TEXT];

/// A text place and a list of one type.
async fn text_and_list(t: &Trial) -> Result<(Arc<Kind>, Slot, Option<Slot>), Stop> {
    let (kind, mut slots) = texts(t).await?;
    // One that nothing demands, so that it can be left out.
    slots.retain(|slot| !slot.leaf().required && !slot.attribute.required);
    let Some(slot) = slots.into_iter().next() else { return skip("every text attribute is required") };
    let list = t.list(&kind).await.ok().map(|list| list.slot).filter(|slot| !slot.attribute.required);
    Ok((kind, slot, list))
}

check! {
    /// An attribute that is left out, null, or an empty array is in the same state: it has no value. The three look alike, and `pr` finds
    /// none of them.
    ///
    /// Why: serializers of clients differ in exactly this. A server that stores `[]` as «has e-mail addresses», or refuses null, treats
    /// two equal people differently.
    ///
    /// Fix: drop null and empty arrays from bodies before anything else is done with them.
    UNASSIGNED = unassigned,
    id: "values.unassigned",
    title: "absent, null and empty array are the same state",
    level: Must,
    requirements: ["RFC7643-2.5-01", "RFC7643-2.5-03", "RFC7644-3.3-05"],
    needs: [],
    breaks: [Entra, JumpCloud],
}

async fn unassigned(t: &Trial) -> Verdict {
    let (kind, text, list) = text_and_list(t).await?;
    let filters = t.lacks(Need::Filter).await?.is_none();
    for (form, null_list) in
        [("absent", None), ("null", Some(Value::Null)), ("an empty array", Some(json!([])))]
    {
        let mut body = t.body(&kind).await?;
        // An empty array is for lists: the text is left out then, so that null is not blamed on the array.
        let is_array = null_list.as_ref().is_some_and(Value::is_array);
        if is_array && list.is_none() {
            continue;
        }
        let mut places = vec![(&text, null_list.as_ref().filter(|_| !is_array).map(|_| Value::Null))];
        places.extend(list.as_ref().map(|list| (list, null_list.clone())));
        for (slot, value) in &places {
            match value {
                Some(value) => slot.set(&mut body, value.clone()),
                None => slot.remove(&mut body),
            }
        }
        let answer = t.post(kind.endpoint(), &body).await?;
        if !answer.is_success() {
            if form == "absent" {
                // More is demanded than the schema says; that is for the checks of creation.
                return skip(format!("a {} without `{}` is refused", kind.name(), text.path()));
            }
            t.note(
                answer
                    .flaw(format!("a body in which attributes are {form} is refused"))
                    .expected("201")
                    .got(answer.said())
                    .breaks(&["RFC7643-2.5-01", "RFC7644-3.3-05"]),
            );
            continue;
        }
        let created = t.created_by(&kind, &answer)?;
        let stored = t.read(&created).await?;
        for (slot, _) in places.iter().filter(|(_, sent)| sent.is_some() || form == "absent") {
            // A default of the server is no value of the client (RFC 7644 §3.3); null asks for none.
            if let Some(value) =
                slot.get(&stored).filter(|value| form != "absent" && value.as_str() != Some(""))
            {
                let what = format!("`{}` that was sent as {form} has a value", slot.path());
                let flaw = answer.flaw(what).expected("no value").got(shortened(&value.to_string()));
                let flaw = flaw.breaks(&["RFC7643-2.5-01"]);
                let odd = value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("null"));
                t.note(if odd { flaw } else { flaw.concern() });
            }
            if filters && form != "absent" && slot.get(&stored).is_none() {
                expect_not_present(t, &kind, slot, &created.id, form).await?;
            }
        }
    }
    Ok(())
}

/// `pr` must not find what has no value.
async fn expect_not_present(t: &Trial, kind: &Kind, slot: &Slot, id: &str, form: &str) -> Verdict {
    let found = t.search(kind, &format!("id eq {} and {} pr", json!(id), slot.path())).await?;
    let Ok(list) = found.list() else { return Ok(()) };
    if list.ids().contains(&id) {
        let what = format!("`{} pr` finds a resource that has it as {form}", slot.path());
        t.note(found.flaw(what).expected("no result").got("the resource").breaks(&["RFC7643-2.5-01"]));
    }
    Ok(())
}

check! {
    /// null, and an empty array for a list, take the value away when they are sent with PUT.
    ///
    /// Why: it is how clients clear what an administrator emptied. If the old value stays, somebody keeps a telephone number or a title
    /// that is not theirs.
    ///
    /// Fix: treat null and `[]` in a PUT as «no value», not as «not mentioned», and not as an error.
    CLEARED = cleared,
    id: "values.cleared",
    title: "null and the empty array clear an attribute in PUT",
    level: Must,
    requirements: ["RFC7643-2.5-02", "RFC7644-3.5.1-07"],
    needs: [],
    breaks: [JumpCloud],
}

async fn cleared(t: &Trial) -> Verdict {
    let (kind, text, list) = text_and_list(t).await?;
    let mut body = t.body(&kind).await?;
    let tag = t.ground().fresh_name();
    let places: Vec<&Slot> = [Some(&text), list.as_ref()].into_iter().flatten().collect();
    for slot in &places {
        slot.set(&mut body, slot.sample(&tag));
    }
    for (form, empty) in [("null", Value::Null), ("an empty array", json!([]))] {
        // An empty array is for lists only.
        let set: Vec<&Slot> =
            places.iter().copied().filter(|slot| empty.is_null() || slot.attribute.multi_valued).collect();
        if set.is_empty() {
            continue;
        }
        let created = t.create_from(&kind, &body).await?;
        let before = t.read(&created).await?;
        let mut changed = body.clone();
        body = renamed(t, &kind, body).await?;
        // A value of the next one that follows from no other, such as an address that is no userName.
        let tag = t.ground().fresh_name();
        places.iter().for_each(|slot| slot.set(&mut body, slot.sample(&tag)));
        for slot in &places {
            match set.iter().any(|other| other.path() == slot.path()) {
                true => slot.set(&mut changed, empty.clone()),
                false => slot.remove(&mut changed),
            }
        }
        let answer = t.put(&created.path, &changed).await?;
        if !answer.is_success() {
            t.note(answer.flaw(format!("a PUT with {form} is refused")).expected("200").got(answer.said()));
            continue;
        }
        let stored = t.read(&created).await?;
        for slot in &set {
            let (old, now) = (slot.get(&before), slot.get(&stored));
            if old.zip(now).is_some_and(|(old, now)| is_stale(old, now)) {
                let what = format!("`{}` keeps its value although it was set to {form}", slot.path());
                t.note(
                    answer
                        .flaw(what)
                        .expected("no value")
                        .got(now.map(|now| shortened(&now.to_string())).unwrap_or_default()),
                );
            }
        }
    }
    Ok(())
}

/// Whether a value after the change is what was there before, or the word for what was sent, and no default of the server.
fn is_stale(old: &Value, now: &Value) -> bool {
    let values = |list: &Value| -> Vec<Value> {
        let value = |element: &Value| element.get("value").unwrap_or(element).clone();
        list.as_array().into_iter().flatten().map(value).collect()
    };
    let is_word = now.as_str().is_some_and(|text| text.eq_ignore_ascii_case("null"));
    let (before, after) = (values(old), values(now));
    is_word || old == now || after.iter().any(|value| before.contains(value))
}

/// The body with the names of a new resource.
async fn renamed(t: &Trial, kind: &Kind, mut body: Value) -> Result<Value, Stop> {
    let fresh = t.body(kind).await?;
    for name in ["userName", "displayName", "externalId", "emails"] {
        if body.get(name).is_some() && fresh.get(name).is_some() {
            body[name] = fresh[name].clone();
        }
    }
    Ok(body)
}

check! {
    /// Names of attributes are matched without regard to letter case: `USERNAME` is `userName`.
    ///
    /// Why: some clients send names in another letter case (`DisplayName`). A server that compares exactly says that userName is missing,
    /// or drops the value.
    ///
    /// Fix: look members up case-insensitively, and answer in the spelling of the schema.
    NAME_CASE = name_case,
    id: "values.name-case",
    title: "attribute names are matched in any letter case",
    level: Should,
    requirements: ["RFC7643-2.1-02"],
    needs: [],
    breaks: [],
}

async fn name_case(t: &Trial) -> Verdict {
    let at_top = |slot: &Slot| slot.sub.is_none() && slot.extension.is_none();
    let found = match texts(t).await {
        Ok((kind, slots)) => slots.into_iter().find(at_top).map(|slot| (kind, slot)),
        Err(Stop::Skip(_)) => None,
        Err(stop) => return Err(stop),
    };
    let (kind, slot, text) = match found {
        Some((kind, slot)) => (kind, slot, t.ground().fresh_name()),
        None => {
            let users = t.users()?;
            let Some(slot) = place(&users, "userName") else {
                return skip("there is no text attribute at the top level");
            };
            let text = format!("{}@example.com", t.ground().fresh_name());
            (users, slot, text)
        }
    };
    let body = t.body(&kind).await?;
    let mut odd = Map::new();
    for (name, value) in
        body.as_object().into_iter().flatten().filter(|(name, _)| **name != slot.attribute.name)
    {
        let keep = name == "schemas" || name.contains(':');
        odd.insert(if keep { name.clone() } else { name.to_ascii_uppercase() }, value.clone());
    }
    odd.insert(slot.attribute.name.to_ascii_uppercase(), json!(text));
    let answer = t.post(kind.endpoint(), &Value::Object(odd)).await?;
    if !answer.is_success() {
        let flaw = answer.flaw("a body with attribute names in capitals is refused").expected("201");
        return Err(flaw.got(answer.said()).into());
    }
    let stored = t.read(&t.created_by(&kind, &answer)?).await?;
    if slot.get(&stored).and_then(Value::as_str) != Some(&text) {
        let flaw = answer.flaw(format!("`{}` in capitals is dropped", slot.attribute.name)).expected(text);
        let got = slot.get(&stored).map_or_else(|| "nothing".to_owned(), Value::to_string);
        return Err(flaw.got(got).into());
    }
    Ok(())
}

check! {
    /// The order of members in a body makes no difference; `schemas` may come last.
    ///
    /// Why: JSON objects have no order, and libraries sort as they like. A server that reads `schemas` first and then the rest fails with
    /// half of its clients.
    ///
    /// Fix: parse the whole body before looking at any member.
    ORDER = order,
    id: "values.member-order",
    title: "the order of members in a body makes no difference",
    level: Must,
    requirements: ["RFC7643-2.3.8-01"],
    needs: [],
    breaks: [JumpCloud, Okta],
}

async fn order(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first().cloned() else { return skip("the target has no resource type") };
    let body = t.body(&kind).await?;
    let reversed: Map<String, Value> = body
        .as_object()
        .into_iter()
        .flatten()
        .rev()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let answer = t.post(kind.endpoint(), &Value::Object(reversed)).await?;
    if !answer.is_success() {
        t.create(&kind).await?;
        let flaw = answer.flaw("a body whose members come in another order is refused").expected("201");
        return Err(flaw.got(answer.said()).into());
    }
    Ok(())
}

check! {
    /// A body in which a member stands twice is read with one of the two values or refused; it does not break the server.
    ///
    /// Why: JSON leaves open what it means, so that two layers may read it differently: one checks the first value, the other stores the
    /// second.
    ///
    /// Fix: refuse such bodies with 400 and scimType `invalidSyntax`, or let one parser decide for all layers.
    TWICE = twice,
    id: "values.member-twice",
    title: "a member that stands twice does not break the server",
    level: Should,
    requirements: ["RFC7644-3.12-17", "RFC7644-3.12-10"],
    needs: [],
    breaks: [],
}

async fn twice(t: &Trial) -> Verdict {
    let (kind, slots) = texts(t).await?;
    let Some(slot) = slots.iter().find(|slot| slot.sub.is_none() && slot.extension.is_none()) else {
        return skip("there is no text attribute at the top level");
    };
    let mut body = t.body(&kind).await?;
    slot.remove(&mut body);
    let name = json!(slot.attribute.name);
    let text = body.to_string();
    let raw = format!(
        "{},{name}:\"first\",{name}:\"second\"}}",
        text.trim_end_matches('}').to_owned() + closing(&text)
    );
    let mut request = Request::new("POST", kind.endpoint());
    request.headers.append("Content-Type", SCIM_JSON);
    request.body = Bytes::from(raw);
    let answer = t.send(request).await?;
    if answer.status >= 500 {
        let flaw = answer.flaw("a member that stands twice breaks the server").expected("201 or 400");
        return Err(flaw.got(answer.said()).breaks(&["RFC7644-3.12-17"]).violation().into());
    }
    if !answer.is_success() {
        return Ok(());
    }
    let created = t.created_by(&kind, &answer)?;
    let stored = t.read(&created).await?;
    match slot.get(&stored) {
        None => Ok(()),
        Some(Value::String(text)) if text == "first" || text == "second" => Ok(()),
        Some(other) => {
            let flaw = answer
                .flaw("of a member that stands twice, neither value is stored")
                .expected("\"first\" or \"second\", or 400");
            Err(flaw.got(shortened(&other.to_string())).breaks(&["RFC7644-3.12-10"]).into())
        }
    }
}

/// The braces at the end of an object but the last.
fn closing(text: &str) -> &str {
    let braces = text.len() - text.trim_end_matches('}').len();
    &text[text.len() - braces..text.len() - 1]
}

check! {
    /// A number for a text attribute is refused with 400.
    ///
    /// Why: an employee number 00042 that was a number on its way is 42. Who turns numbers into text silently cannot tell which one was
    /// meant.
    ///
    /// Fix: answer 400 with scimType `invalidValue` when the JSON type is not the published one.
    NUMBER_FOR_TEXT = number_for_text,
    id: "values.number-for-text",
    title: "a number for a text attribute is refused",
    level: Should,
    requirements: ["RFC7643-2.3.1-02"],
    needs: [],
    breaks: [],
}

async fn number_for_text(t: &Trial) -> Verdict {
    let (kind, slots) = texts(t).await?;
    let Some(slot) = slots.first() else { return skip("there is no place for text") };
    let mut body = t.body(&kind).await?;
    slot.set(&mut body, json!(42));
    let answer = t.post(kind.endpoint(), &body).await?;
    if (400..500).contains(&answer.status) {
        return Ok(());
    }
    let flaw = answer
        .flaw(format!("`{}` takes a number although it is text", slot.path()))
        .expected("400 invalidValue");
    if answer.status >= 500 {
        return Err(flaw.got(answer.said()).violation().into());
    }
    let stored = t.read(&t.created_by(&kind, &answer)?).await?;
    let shown = slot.get(&stored).cloned().unwrap_or_default();
    let flaw = flaw.got(shortened(&shown.to_string()));
    // The target itself shows a value that its schema rules out.
    Err(if shown.is_number() { flaw.violation() } else { flaw }.into())
}
