//! Who may write an attribute, and how often (RFC 7643 §7, RFC 7644 §3.3, §3.5.1, §3.5.2).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::attributes::{open_kinds, published, refers};
use super::team::reference;
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::{is_unassigned, is_writable};
use crate::conformance::trial::{Answer, Created, Slot, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::Mutability;

pub(super) const CHECKS: &[Check] =
    &[READ_ONLY_IGNORED, READ_ONLY_PATCH, REMOVE_READ_ONLY, REMOVE_REQUIRED, MANAGER_NAME];

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
            let of_method =
                if answer.asked.starts_with("PUT") { "RFC7644-3.5.1-11" } else { "RFC7644-3.3-02" };
            t.note(flaw.breaks(&["RFC7643-7-21", of_method]));
        }
    }
    Ok(())
}

fn note_refused(t: &Trial, answer: &Answer, slot: &Slot, requirement: &'static str) {
    let what = format!("a body with the readOnly `{}` is refused", slot.path());
    t.note(answer.flaw(what).expected("the value is ignored").got(answer.said()).breaks(match requirement {
        "RFC7644-3.5.1-11" => &["RFC7644-3.5.1-11", "RFC7644-3.1-07"],
        _ => &["RFC7644-3.3-02"],
    }));
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
            if is_refusal(&answer) {
                if answer.status != 400 {
                    let what = format!("a PATCH of the readOnly `{path}` is refused with {}", answer.status);
                    let flaw = answer.flaw(what).expected("400 mutability").got(answer.said());
                    t.note(flaw.breaks(&["RFC7644-3.5.2-16"]).concern());
                }
                continue;
            }
            let stored = t.read(&created).await?;
            let requirements: &[&'static str] = match (answer.status, shows(t, &stored, &value)) {
                (500.., _) => &["RFC7644-3.5.2-16"],
                (_, true) if path == "id" => &["RFC7643-3.1-13", "RFC7643-7-21", "RFC7644-3.5.2-13"],
                (_, true) => &["RFC7643-7-21", "RFC7644-3.5.2-13"],
                _ => &["RFC7644-3.5.2-13", "RFC7644-3.5.2-16"],
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

/// Whether the server says that it does not do it; 501 says so as well.
fn is_refusal(answer: &Answer) -> bool {
    (400..500).contains(&answer.status) || answer.status == 501
}

/// The refusal that RFC 7644 §3.5.2.2 wants. Another client error than 400 is a refusal as well, a concern.
fn expect_mutability(answer: &Answer, doing: &str) -> Verdict {
    if !is_refusal(answer) {
        let what = match answer.status {
            500.. => format!("{doing} breaks the server"),
            _ => format!("{doing} is not refused"),
        };
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
    let mut element = reference(t, &slot, &manager);
    element["displayName"] = json!(forged);
    slot.set(&mut body, element);
    let answer = t.post(users.endpoint(), &body).await?;
    if !answer.is_success() {
        let mut plain = t.body(&users).await?;
        slot.set(&mut plain, reference(t, &slot, &manager));
        t.create_from(&users, &plain).await?;
        let flaw = answer
            .flaw("a body with the readOnly manager.displayName is refused")
            .expected("the value is ignored");
        return Err(flaw.got(answer.said()).breaks(&["RFC7643-4.3-05"]).into());
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
