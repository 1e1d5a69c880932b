//! Who may write an attribute, and how often (RFC 7643 §7, RFC 7644 §3.3, §3.5.1, §3.5.2).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::attributes::{open_kinds, other, published, refers};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::{is_unassigned, is_writable};
use crate::conformance::trial::{Answer, Created, Slot, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::{Mutability, Returned};

pub(super) const CHECKS: &[Check] = &[
    READ_ONLY_IGNORED,
    READ_ONLY_PATCH,
    REMOVE_READ_ONLY,
    REMOVE_REQUIRED,
    IMMUTABLE_SET,
    IMMUTABLE_KEPT,
    IMMUTABLE_PATCH,
    MEMBER_VALUE,
    MANAGER_NAME,
];

// --- readOnly ---

/// The published attributes of a type that no client may write, with a value that no server would have made up.
fn read_only(t: &Trial, kind: &Kind) -> Vec<(Slot, Value)> {
    let mut found = Vec::new();
    for slot in published(t, kind) {
        let tag = t.ground().fresh_name();
        if !is_writable(&slot.attribute) {
            let mut value = slot.sample(&tag);
            if slot.attribute.is_complex() {
                // The parts are readOnly too, so that a sample has none of them.
                let subs = slot
                    .attribute
                    .sub_attributes
                    .iter()
                    .filter(|sub| !sub.is_complex() && sub.name != "$ref");
                let forged: Map<String, Value> =
                    subs.map(|sub| (sub.name.clone(), slot.with_sub(sub).sample(&tag))).collect();
                value = if slot.attribute.multi_valued { json!([forged]) } else { json!(forged) };
            }
            if !is_unassigned(&value) {
                found.push((slot, value));
            }
        } else if slot.attribute.is_complex() && !slot.attribute.multi_valued && !refers(&slot.attribute) {
            let subs =
                slot.attribute.sub_attributes.iter().filter(|sub| !is_writable(sub) && !sub.is_complex());
            found.extend(subs.map(|sub| slot.with_sub(sub)).map(|slot| {
                let value = slot.sample(&tag);
                (slot, value)
            }));
        }
    }
    found
}

/// Whether a resource has something of a made-up value: text of it that names the run, or else all of it.
fn shows(t: &Trial, stored: &Value, forged: &Value) -> bool {
    let texts = |value: &Value| {
        let mut found = Vec::new();
        let mut waiting = vec![value];
        while let Some(value) = waiting.pop() {
            match value {
                Value::String(text) => found.push(text.clone()),
                Value::Array(items) => waiting.extend(items),
                Value::Object(members) => waiting.extend(members.values()),
                _ => {}
            }
        }
        found
    };
    let own: Vec<String> = texts(forged).into_iter().filter(|text| text.contains(t.ground().run())).collect();
    match own.is_empty() {
        false => texts(stored).iter().any(|text| own.contains(text)),
        true => stored == forged,
    }
}

check! {
    /// Values of readOnly attributes in a POST or PUT are ignored: the request succeeds, and the server's own values stay.
    ///
    /// Why: identity providers send back what they read, with `groups`, `meta` and all. A server that refuses that cannot be updated by
    /// PUT; one that believes it lets a client forge what only the server should say.
    ///
    /// Fix: drop readOnly attributes from the body before it is validated and stored.
    READ_ONLY_IGNORED = read_only_ignored,
    id: "attributes.read-only-ignored",
    title: "readOnly attributes are ignored in POST and PUT",
    level: Must,
    requirements: ["RFC7643-7-21", "RFC7644-3.3-02", "RFC7644-3.5.1-11", "RFC7644-3.1-07", "RFC7644-3.5.1-02"],
    needs: [Schemas],
    breaks: [Okta, OneLogin],
}

async fn read_only_ignored(t: &Trial) -> Verdict {
    let mut tried = false;
    for kind in open_kinds(t).await? {
        let forged = read_only(t, &kind);
        if forged.is_empty() {
            continue;
        }
        tried = true;
        // All at once, and one by one where that is refused.
        let (answer, created) = forge(t, &kind, None, &forged).await?;
        if let Some(created) = created {
            judge_forged(t, &answer, &created, &forged).await?;
        } else {
            for one in &forged {
                let one = std::slice::from_ref(one);
                let (answer, created) = forge(t, &kind, None, one).await?;
                match created {
                    Some(created) => judge_forged(t, &answer, &created, one).await?,
                    None => note_refused(t, &answer, &one[0].0, "RFC7644-3.3-02"),
                }
            }
        }
        let base = t.body(&kind).await?;
        let created = t.create_from(&kind, &base).await?;
        let (answer, done) = forge(t, &kind, Some((&created, &base)), &forged).await?;
        if done.is_some() {
            judge_forged(t, &answer, &created, &forged).await?;
            continue;
        }
        let (plain, done) = forge(t, &kind, Some((&created, &base)), &[]).await?;
        if done.is_none() {
            return Err(Stop::Blocked(format!(
                "{} answers {} (check `replace.works`)",
                plain.asked,
                plain.said()
            )));
        }
        for one in &forged {
            let (answer, done) = forge(t, &kind, Some((&created, &base)), std::slice::from_ref(one)).await?;
            if done.is_none() {
                note_refused(t, &answer, &one.0, "RFC7644-3.5.1-11");
            }
        }
    }
    if tried { Ok(()) } else { skip("no published schema has a readOnly attribute of its own") }
}

/// Sends made-up values to a new resource, or with PUT to one that is there. Tells the resource where it was taken.
async fn forge(
    t: &Trial,
    kind: &Arc<Kind>,
    over: Option<(&Created, &Value)>,
    forged: &[(Slot, Value)],
) -> Result<(Answer, Option<Created>), Stop> {
    let mut body = match over {
        Some((_, base)) => base.clone(),
        None => t.body(kind).await?,
    };
    for (slot, value) in forged {
        slot.set(&mut body, value.clone());
    }
    let answer = match over {
        Some((created, _)) => t.put(&created.path, &body).await?,
        None => t.post(kind.endpoint(), &body).await?,
    };
    let created = match (answer.is_success(), over) {
        (false, _) => None,
        (true, Some((created, _))) => Some(created.clone()),
        (true, None) => Some(t.created_by(kind, &answer)?),
    };
    Ok((answer, created))
}

async fn judge_forged(t: &Trial, answer: &Answer, created: &Created, forged: &[(Slot, Value)]) -> Verdict {
    let stored = t.read(created).await?;
    for (slot, value) in forged {
        let shown =
            [Some(&stored), answer.json.as_ref()].into_iter().flatten().find_map(|json| slot.get(json));
        if let Some(shown) = shown.filter(|shown| shows(t, shown, value)) {
            let what = format!("the readOnly `{}` takes the value of a client", slot.path());
            let flaw = answer.flaw(what).expected("the value is ignored").got(shortened(&shown.to_string()));
            t.note(flaw.breaks(&["RFC7643-7-21", "RFC7644-3.3-02", "RFC7644-3.5.1-11"]));
        }
    }
    Ok(())
}

fn note_refused(t: &Trial, answer: &Answer, slot: &Slot, requirement: &'static str) {
    let what = format!("a body with the readOnly `{}` is refused", slot.path());
    t.note(
        answer
            .flaw(what)
            .expected("the value is ignored")
            .got(answer.said())
            .breaks(&[requirement, "RFC7644-3.1-07"]),
    );
}

check! {
    /// A PATCH of a readOnly attribute is refused with an error and changes nothing.
    ///
    /// Why: PATCH names exactly what is to be changed. If that is ignored with a 2xx, the client believes in a change that never
    /// happened; if it is done, clients change what only the server may say.
    ///
    /// Fix: look at `mutability` of the attribute that each operation is about and answer 400 with scimType `mutability`.
    READ_ONLY_PATCH = read_only_patch,
    id: "attributes.read-only-patch",
    title: "a PATCH of a readOnly attribute is refused",
    level: Must,
    requirements: ["RFC7644-3.5.2-13", "RFC7644-3.5.2-16", "RFC7643-7-21", "RFC7643-3.1-13"],
    needs: [Schemas, Patch],
    breaks: [],
}

async fn read_only_patch(t: &Trial) -> Verdict {
    for kind in open_kinds(t).await? {
        let created = t.create(&kind).await?;
        let mut places =
            read_only(t, &kind).into_iter().map(|(slot, value)| (slot.path(), value)).collect::<Vec<_>>();
        places.push(("id".to_owned(), json!(t.ground().fresh_name())));
        for (path, value) in places {
            let answer =
                t.patch(&created.path, json!([{ "op": "replace", "path": path, "value": value }])).await?;
            if (400..500).contains(&answer.status) {
                if answer.status != 400 {
                    let what = format!("a PATCH of the readOnly `{path}` is refused with {}", answer.status);
                    t.note(answer.flaw(what).expected("400 mutability").got(answer.said()).concern());
                }
                continue;
            }
            let stored = t.read(&created).await?;
            let requirements: &[&'static str] = if path == "id" {
                &["RFC7643-3.1-13", "RFC7644-3.5.2-13"]
            } else {
                &["RFC7644-3.5.2-13", "RFC7644-3.5.2-16"]
            };
            let what = match answer.status {
                500.. => format!("a PATCH of the readOnly `{path}` breaks the server"),
                _ if shows(t, &stored, &value) => format!("a PATCH changes the readOnly `{path}`"),
                _ => format!("a PATCH of the readOnly `{path}` is ignored with {}", answer.status),
            };
            t.note(answer.flaw(what).expected("400 mutability").got(answer.said()).breaks(requirements));
        }
    }
    Ok(())
}

check! {
    /// `remove` on a readOnly attribute that has a value is refused with 400 and scimType `mutability`.
    ///
    /// Why: an answer of 2xx says that the id, the creation date or the groups of a person are gone. They are not, or worse, they are.
    ///
    /// Fix: check `mutability` in `remove` as in `replace`.
    REMOVE_READ_ONLY = remove_read_only,
    id: "attributes.remove-read-only",
    title: "removing a readOnly attribute is refused with mutability",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-11"],
    needs: [Patch],
    breaks: [],
}

async fn remove_read_only(t: &Trial) -> Verdict {
    let Some(kind) = t.kinds().first().cloned() else { return skip("the target has no resource type") };
    let created = t.create(&kind).await?;
    let before = t.read(&created).await?;
    for path in ["id", "meta"] {
        let answer = t.patch(&created.path, json!([{ "op": "remove", "path": path }])).await?;
        t.soft(expect_mutability(&answer, &format!("removing the readOnly `{path}`")))?;
        let after = t.read(&created).await?;
        if !is_unassigned(&before[path]) && is_unassigned(&after[path]) {
            let what = format!("`{path}` of a {} is gone after a PATCH", kind.name());
            t.note(answer.flaw(what).expected("it stays").got("it is gone"));
        }
    }
    Ok(())
}

/// The refusal that RFC 7644 §3.5.2.2 wants. Another client error than 400 is a refusal as well, a concern.
fn expect_mutability(answer: &Answer, doing: &str) -> Verdict {
    if !(400..500).contains(&answer.status) {
        let what = format!("{doing} is not refused");
        return Err(answer.flaw(what).expected("400 mutability").got(answer.said()).into());
    }
    if answer.status != 400 {
        let what = format!("{doing} is refused with {}", answer.status);
        return Err(answer.flaw(what).expected("400 mutability").got(answer.said()).concern().into());
    }
    answer.expect_error(&[400], Some("mutability")).map(|_| ())
}

check! {
    /// `remove` on a required attribute is refused with 400 and scimType `mutability`, and the value stays.
    ///
    /// Why: a user without userName, a group without displayName cannot be found again by anybody.
    ///
    /// Fix: check `required` when an operation would leave the attribute without a value, and answer 400 with scimType
    /// `mutability`.
    REMOVE_REQUIRED = remove_required,
    id: "attributes.remove-required",
    title: "removing a required attribute is refused with mutability",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-10"],
    needs: [Patch],
    breaks: [],
}

async fn remove_required(t: &Trial) -> Verdict {
    let mut tried = false;
    let mut blocked = None;
    for kind in t.kinds() {
        let created = match t.create(kind).await {
            Ok(created) => created,
            Err(Stop::Blocked(reason)) => {
                blocked = Some(reason);
                continue;
            }
            Err(stop) => return Err(stop),
        };
        let before = t.read(&created).await?;
        let slots = crate::conformance::trial::slot::slots(&kind.schema);
        let mut required: Vec<Slot> = slots
            .filter(|slot| slot.attribute.required && slot.attribute.mutability == Mutability::ReadWrite)
            .collect();
        required.retain(|slot| slot.get(&before).is_some());
        for slot in required {
            tried = true;
            let path = slot.path();
            let answer = t.patch(&created.path, json!([{ "op": "remove", "path": path }])).await?;
            t.soft(expect_mutability(&answer, &format!("removing the required `{path}`")))?;
            if slot.get(&t.read(&created).await?).is_none() {
                t.note(
                    answer
                        .flaw(format!("the required `{path}` is gone"))
                        .expected("it stays")
                        .got("it is gone"),
                );
            }
        }
    }
    match (tried, blocked) {
        (true, _) => Ok(()),
        (false, Some(reason)) => Err(Stop::Blocked(reason)),
        (false, None) => skip("no schema has a required attribute that clients write"),
    }
}

// --- immutable ---

/// The published immutable attributes of a type whose values can be made up.
fn immutable(t: &Trial, kind: &Kind) -> Vec<Slot> {
    let mut found = published(t, kind);
    found.retain(|slot| {
        let is_shown = matches!(slot.attribute.returned, Returned::Default | Returned::Always);
        slot.attribute.mutability == Mutability::Immutable && is_shown && !refers(&slot.attribute)
    });
    found
}

const NO_IMMUTABLE: &str = "no published schema has an immutable attribute whose values can be made up";

check! {
    /// An immutable attribute takes a value when the resource is created, and by PUT or PATCH `add` as long as it has none.
    ///
    /// Why: immutable means «once», not «never». An attribute that can be set at creation only cannot be delivered for people who
    /// exist already.
    ///
    /// Fix: compare with the stored value, and refuse only where there is one.
    IMMUTABLE_SET = immutable_set,
    id: "attributes.immutable-once",
    title: "an immutable attribute can be set once, by POST, PUT or PATCH add",
    level: Must,
    requirements: ["RFC7643-7-23", "RFC7644-3.5.1-10", "RFC7644-3.5.2-15"],
    needs: [Schemas],
    breaks: [],
}

async fn immutable_set(t: &Trial) -> Verdict {
    let mut tried = false;
    let patches = t.lacks(crate::conformance::check::Need::Patch).await?.is_none();
    for kind in open_kinds(t).await? {
        for slot in immutable(t, &kind) {
            tried = true;
            let value = slot.sample(&t.ground().fresh_name());
            let mut with = t.body(&kind).await?;
            slot.set(&mut with, value.clone());
            let by_post = t.post(kind.endpoint(), &with).await?;
            expect_set(t, &slot, &by_post, None, &kind, "RFC7643-7-23").await?;
            if slot.attribute.required {
                continue;
            }
            let value = slot.sample(&t.ground().fresh_name());
            let mut base = t.body(&kind).await?;
            slot.remove(&mut base);
            let created = t.create_from(&kind, &base).await?;
            // The server may have chosen a value itself.
            if slot.get(&t.read(&created).await?).is_some() {
                continue;
            }
            slot.set(&mut base, value.clone());
            let by_put = t.put(&created.path, &base).await?;
            expect_set(t, &slot, &by_put, Some(&created), &kind, "RFC7644-3.5.1-10").await?;
            if patches {
                let created = t.create(&kind).await?;
                if slot.get(&t.read(&created).await?).is_none() {
                    let add = json!([{ "op": "add", "path": slot.path(), "value": value }]);
                    let by_patch = t.patch(&created.path, add).await?;
                    expect_set(t, &slot, &by_patch, Some(&created), &kind, "RFC7644-3.5.2-15").await?;
                }
            }
        }
    }
    if tried { Ok(()) } else { skip(NO_IMMUTABLE) }
}

async fn expect_set(
    t: &Trial,
    slot: &Slot,
    answer: &Answer,
    created: Option<&Created>,
    kind: &Arc<Kind>,
    requirement: &'static str,
) -> Verdict {
    // Only PUT is told to take it (RFC 7644 §3.5.1); the others may.
    let weigh = |flaw: crate::conformance::verdict::Flaw| {
        if requirement == "RFC7644-3.5.1-10" { flaw } else { flaw.concern() }
    };
    if !answer.is_success() {
        let what = format!("the immutable `{}` cannot be set although it has no value", slot.path());
        t.note(weigh(answer.flaw(what).expected("success").got(answer.said()).breaks(&[requirement])));
        return Ok(());
    }
    let created = match created {
        Some(created) => created.clone(),
        None => t.created_by(kind, answer)?,
    };
    if slot.get(&t.read(&created).await?).is_none() {
        let what = format!("the immutable `{}` is dropped although it had no value", slot.path());
        t.note(weigh(answer.flaw(what).expected("it is stored").got("nothing").breaks(&[requirement])));
    }
    Ok(())
}

/// A resource whose immutable attribute has a value, with the body that made it; none where the target does not keep it.
async fn with_immutable(
    t: &Trial,
    kind: &Kind,
    slot: &Slot,
) -> Result<Option<(Created, Value, Value)>, Stop> {
    let mut body = t.body(kind).await?;
    slot.set(&mut body, slot.sample(&t.ground().fresh_name()));
    let answer = t.post(kind.endpoint(), &body).await?;
    if !answer.is_success() {
        return Ok(None);
    }
    let created = t.created_by(kind, &answer)?;
    let stored = slot.get(&t.read(&created).await?).cloned();
    Ok(stored.map(|stored| (created, body, stored)))
}

check! {
    /// A PUT that carries the stored value of an immutable attribute succeeds; one that carries another is refused with 400 and
    /// scimType `mutability`; in no case the value changes.
    ///
    /// Why: clients send the whole resource back. If the unchanged value is refused, nobody can be updated; if another one is taken,
    /// something changes that everybody believes to be fixed.
    ///
    /// Fix: compare with the stored value; equal is fine, different is 400 `mutability`.
    IMMUTABLE_KEPT = immutable_kept,
    id: "attributes.immutable-put",
    title: "PUT cannot change an immutable attribute that has a value",
    level: Must,
    requirements: ["RFC7643-7-24", "RFC7644-3.5.1-08", "RFC7644-3.5.1-09"],
    needs: [Schemas],
    breaks: [],
}

async fn immutable_kept(t: &Trial) -> Verdict {
    let mut tried = false;
    for kind in open_kinds(t).await? {
        for slot in immutable(t, &kind) {
            let Some((created, mut body, stored)) = with_immutable(t, &kind, &slot).await? else { continue };
            tried = true;
            let path = slot.path();
            let same = t.put(&created.path, &body).await?;
            if !same.is_success() {
                let what = format!("a PUT with the stored value of the immutable `{path}` is refused");
                t.note(same.flaw(what).expected("200").got(same.said()).breaks(&["RFC7644-3.5.1-08"]));
            }
            slot.set(&mut body, other(&slot, &t.ground().fresh_name()));
            let answer = t.put(&created.path, &body).await?;
            expect_unchanged(t, &slot, &created, &stored, &answer, "RFC7644-3.5.1-09").await?;
        }
    }
    if tried { Ok(()) } else { skip(NO_IMMUTABLE) }
}

async fn expect_unchanged(
    t: &Trial,
    slot: &Slot,
    created: &Created,
    stored: &Value,
    answer: &Answer,
    requirement: &'static str,
) -> Verdict {
    let (path, now) = (slot.path(), t.read(created).await?);
    if slot.get(&now) != Some(stored) {
        let what = format!("{} changes the immutable `{path}`", answer.asked);
        let got = slot.get(&now).map_or_else(|| "nothing".to_owned(), |now| shortened(&now.to_string()));
        t.note(
            answer
                .flaw(what)
                .expected(shortened(&stored.to_string()))
                .got(got)
                .breaks(&["RFC7643-7-24", requirement]),
        );
    } else if answer.status >= 500 {
        let what = format!("another value for the immutable `{path}` breaks the server");
        t.note(answer.flaw(what).expected("400 mutability").got(answer.said()).breaks(&[requirement]));
    } else if answer.status != 400 {
        // RFC 7644 §3.5.1: SHOULD. PATCH has to refuse it (§3.5.2), and what it ignores is not refused.
        let flaw = answer
            .flaw(format!("another value for the immutable `{path}` is answered with {}", answer.status));
        let flaw = flaw.expected("400 mutability").got(answer.said()).breaks(&[requirement]);
        let must = requirement == "RFC7644-3.5.2-14" && answer.is_success();
        t.note(if must { flaw } else { flaw.concern() });
    }
    Ok(())
}

check! {
    /// A PATCH that would change or remove an immutable attribute that has a value is refused and changes nothing.
    ///
    /// Why: PATCH is the way by which most changes come. A rule that only PUT knows is no rule.
    ///
    /// Fix: check `mutability` for `add`, `replace` and `remove` alike and answer 400 with scimType `mutability`.
    IMMUTABLE_PATCH = immutable_patch,
    id: "attributes.immutable-patch",
    title: "PATCH cannot change an immutable attribute that has a value",
    level: Must,
    requirements: ["RFC7643-7-24", "RFC7644-3.5.2-14", "RFC7644-3.5.2-16"],
    needs: [Schemas, Patch],
    breaks: [],
}

async fn immutable_patch(t: &Trial) -> Verdict {
    let mut tried = false;
    for kind in open_kinds(t).await? {
        for slot in immutable(t, &kind) {
            let Some((created, _, stored)) = with_immutable(t, &kind, &slot).await? else { continue };
            tried = true;
            let value = other(&slot, &t.ground().fresh_name());
            for operation in [
                json!({ "op": "replace", "path": slot.path(), "value": value }),
                json!({ "op": "remove", "path": slot.path() }),
            ] {
                let answer = t.patch(&created.path, json!([operation])).await?;
                expect_unchanged(t, &slot, &created, &stored, &answer, "RFC7644-3.5.2-14").await?;
            }
        }
    }
    if tried { Ok(()) } else { skip(NO_IMMUTABLE) }
}

check! {
    /// The `value` of a member of a group cannot be turned into another id: members are added and removed, not rewritten.
    ///
    /// Why: `members.value` is immutable. A server that rewrites it exchanges one person for another in place, past every rule
    /// for adding members.
    ///
    /// Fix: refuse `replace` on `members[…].value` with 400 and scimType `mutability`, or publish the sub-attribute as readWrite.
    MEMBER_VALUE = member_value,
    id: "attributes.member-value-immutable",
    title: "the value of an existing group member cannot be rewritten",
    level: Must,
    requirements: ["RFC7643-4.2-05", "RFC7644-3.5.2-14", "RFC7643-2.4-06"],
    needs: [Users, Groups, Schemas, Patch],
    breaks: [],
}

async fn member_value(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let members = published(t, &groups).into_iter().find(|slot| slot.path() == "members");
    let value = members.as_ref().and_then(|slot| slot.attribute.sub("value"));
    if value.is_none_or(|value| value.mutability != Mutability::Immutable) {
        return skip("the published Group schema does not say that members.value is immutable");
    }
    let (first, second) = (t.create(&users).await?, t.create(&users).await?);
    let mut body = t.body(&groups).await?;
    body["members"] = json!([{ "value": first.id }]);
    let group = t.create_from(&groups, &body).await?;
    let path = format!("members[value eq \"{}\"].value", first.id);
    let answer = t.patch(&group.path, json!([{ "op": "replace", "path": path, "value": second.id }])).await?;
    let stored = t.read(&group).await?;
    let members = &stored["members"];
    let all = members.as_array().map_or_else(|| std::slice::from_ref(members), Vec::as_slice);
    let ids: Vec<&str> = all.iter().filter_map(|member| member["value"].as_str()).collect();
    if ids != [first.id.as_str()] {
        let flaw = answer
            .flaw("a PATCH rewrites the value of a member")
            .expected("400 mutability, and the member stays");
        return Err(flaw.got(format!("{}, and the members are {ids:?}", answer.said())).into());
    }
    if answer.status >= 500 {
        return Err(answer
            .flaw("rewriting a member breaks the server")
            .expected("400 mutability")
            .got(answer.said())
            .into());
    }
    if answer.is_success() {
        let flaw = answer.flaw("rewriting a member is ignored with success").expected("400 mutability");
        return Err(flaw.got(answer.said()).concern().into());
    }
    Ok(())
}

check! {
    /// `manager.displayName` comes from the manager's own account; what a client sends for it is ignored.
    ///
    /// Why: the name of the manager is shown in org charts and used for approvals. If clients can set it, it need not be the name of
    /// the person that the id stands for.
    ///
    /// Fix: drop `manager.displayName` from bodies and fill it from the referenced user, or leave it out.
    MANAGER_NAME = manager_name,
    id: "attributes.manager-name-read-only",
    title: "the displayName of a manager is not taken from clients",
    level: Must,
    requirements: ["RFC7643-4.3-05", "RFC7643-7-21"],
    needs: [Users, Enterprise, Schemas],
    breaks: [],
}

async fn manager_name(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = published(t, &users)
        .into_iter()
        .find(|slot| slot.extension.is_some() && slot.attribute.name == "manager");
    let Some(slot) =
        slot.filter(|slot| slot.attribute.sub("displayName").is_some_and(|sub| !is_writable(sub)))
    else {
        return skip("the published schema has no readOnly manager.displayName");
    };
    let manager = t.create(&users).await?;
    let forged = format!("Forged {}", t.ground().fresh_name());
    let mut body = t.body(&users).await?;
    slot.set(&mut body, json!({ "value": manager.id, "displayName": forged }));
    let answer = t.post(users.endpoint(), &body).await?;
    if !answer.is_success() {
        let mut plain = t.body(&users).await?;
        slot.set(&mut plain, json!({ "value": manager.id }));
        t.create_from(&users, &plain).await?;
        let flaw = answer
            .flaw("a body with the readOnly manager.displayName is refused")
            .expected("the value is ignored");
        return Err(flaw.got(answer.said()).into());
    }
    let stored = t.read(&t.created_by(&users, &answer)?).await?;
    let shown = slot.get(&stored).map(Value::to_string).unwrap_or_default();
    if shown.contains(&forged) {
        let flaw = answer
            .flaw("manager.displayName takes the value of a client")
            .expected("the name of the manager, or nothing");
        return Err(flaw.got(shortened(&shown)).into());
    }
    Ok(())
}
