//! What /Schemas says of each attribute, held against what the target does with it (RFC 7643 §2.3, §7).
//!
//! These checks are generated from the target's own schemas: every attribute of every resource type, extensions included. They
//! write as many as possible with one request and go one by one only where that is refused, so that one bad attribute does not
//! hide the others. Where a standard schema stands in for one that is not published, nothing is judged. Helpers for the other
//! files of the topic live here too.

use std::sync::Arc;

use base64::Engine;
use serde_json::{Value, json};

use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::{is_unassigned, is_writable, slots};
use crate::conformance::trial::{Answer, Created, Slot, Trial, shortened};
use crate::conformance::verdict::{Flaw, Stop, Verdict, skip};
use crate::protocol::message::member;
use crate::protocol::schema::{Attribute, Mutability, Returned, Type, Uniqueness};
use crate::protocol::value;

pub(super) const CHECKS: &[Check] = &[CREATE_KEEPS, REPLACE_KEEPS, PATCH_KEEPS];

/// Most requests that one sweep over the attributes of a type may take.
const BUDGET: usize = 40;

/// Attributes whose values name something that the application must know beforehand.
const NAMED_ELSEWHERE: &[&str] = &["roles", "entitlements"];

// --- what is published ---

/// The attributes that the target itself publishes for a type, extensions included.
pub(super) fn published(t: &Trial, kind: &Kind) -> Vec<Slot> {
    let is_published = |slot: &Slot| {
        let uri = slot.extension.as_deref().unwrap_or(&kind.schema.core.id);
        t.discovery().schemas.iter().any(|schema| schema.id.eq_ignore_ascii_case(uri))
    };
    slots(&kind.schema).filter(|slot| kind.is_published && is_published(slot)).collect()
}

/// The resource types of which something can be created. A type that takes nothing does not hide the others.
pub(super) async fn creatable(t: &Trial) -> Result<Vec<Arc<Kind>>, Stop> {
    choose(t, t.kinds().iter().collect(), "the target has no resource type").await
}

/// Those of them that the target itself publishes attributes for.
pub(super) async fn open_kinds(t: &Trial) -> Result<Vec<Arc<Kind>>, Stop> {
    let described = t.kinds().iter().filter(|kind| !published(t, kind).is_empty()).collect();
    choose(t, described, "/Schemas describes no resource type that can be created").await
}

async fn choose(t: &Trial, kinds: Vec<&Arc<Kind>>, none: &str) -> Result<Vec<Arc<Kind>>, Stop> {
    let mut open = Vec::new();
    let mut blocked = None;
    for kind in kinds {
        match t.survey(kind).await {
            Ok(_) => open.push(Arc::clone(kind)),
            Err(Stop::Blocked(reason)) => blocked = Some(reason),
            Err(stop) => return Err(stop),
        }
    }
    match (open.is_empty(), blocked) {
        (false, _) => Ok(open),
        (true, Some(reason)) => Err(Stop::Blocked(reason)),
        (true, None) => skip(none),
    }
}

/// Whether the values of an attribute refer to other resources, so that none can be made up.
pub(super) fn refers(attribute: &Attribute) -> bool {
    let to_resources = |attribute: &Attribute| {
        attribute.kind == Type::Reference
            && attribute.reference_types.iter().any(|kind| !matches!(kind.as_str(), "external" | "uri"))
    };
    to_resources(attribute)
        || attribute.sub_attributes.iter().any(to_resources)
        || ["members", "manager", "groups"].contains(&attribute.name.as_str())
        || NAMED_ELSEWHERE.contains(&attribute.name.as_str())
}

/// Whether what is written can be read back by default.
fn is_shown(attribute: &Attribute) -> bool {
    attribute.mutability != Mutability::WriteOnly
        && matches!(attribute.returned, Returned::Default | Returned::Always)
}

/// The attributes of a type that can be filled with made-up values.
pub(super) fn fillable(t: &Trial, kind: &Kind) -> Vec<Slot> {
    let mut found = published(t, kind);
    found.retain(|slot| {
        is_writable(&slot.attribute) && !refers(&slot.attribute) && !is_unassigned(&slot.sample("x"))
    });
    found
}

/// A value for the place that differs from [`Slot::sample`] of the same tag also where that has few to choose from.
pub(super) fn other(slot: &Slot, tag: &str) -> Value {
    fn vary(attribute: &Attribute, value: Value) -> Value {
        match (value, attribute.canonical_values.last()) {
            (Value::Array(items), _) => items.into_iter().map(|item| vary(attribute, item)).collect(),
            (Value::Object(members), _) => members
                .into_iter()
                .map(|(name, value)| match attribute.sub(&name) {
                    Some(sub) => (name, vary(sub, value)),
                    None => (name, value),
                })
                .collect(),
            (Value::Bool(flag), _) if !attribute.name.eq_ignore_ascii_case("primary") => json!(!flag),
            (Value::String(_), Some(last)) => json!(last),
            (value, _) => value,
        }
    }
    vary(slot.leaf(), slot.sample(tag))
}

// --- writing many at once ---

/// How a sweep writes.
pub(super) enum Way<'a> {
    /// A new resource for each batch.
    Post(&'a Kind),
    /// Over one resource, with what it must have.
    Put(&'a Created, &'a Value),
    /// Into one resource.
    Patch(&'a Created),
}

/// Places with values that were written with one request, and the resource as it was read afterwards.
pub(super) struct Written {
    pub(super) values: Vec<(Slot, Value)>,
    pub(super) answer: Answer,
    pub(super) stored: Value,
}

/// What a sweep did.
#[derive(Default)]
pub(super) struct Sweep {
    pub(super) written: Vec<Written>,
    /// Places whose value is refused even when nothing else is written with it.
    pub(super) refused: Vec<(Slot, Value, Answer)>,
}

/// Writes as many of the values together as the target takes.
pub(super) async fn sweep(t: &Trial, way: &Way<'_>, values: Vec<(Slot, Value)>) -> Result<Sweep, Stop> {
    let mut sweep = Sweep::default();
    let mut waiting = vec![values];
    let mut spent = 0;
    while let Some(batch) = waiting.pop() {
        if batch.is_empty() || spent >= BUDGET {
            continue;
        }
        spent += 1;
        let answer = write(t, way, &batch).await?;
        if answer.is_success() {
            let stored = match way {
                Way::Post(kind) => t.read(&t.created_by(kind, &answer)?).await?,
                Way::Put(created, _) | Way::Patch(created) => t.read(created).await?,
            };
            sweep.written.push(Written { values: batch, answer, stored });
        } else if let [(slot, value)] = &batch[..] {
            sweep.refused.push((slot.clone(), value.clone(), answer));
        } else if matches!(answer.status, 404 | 405 | 501) {
            let judge = match way {
                Way::Post(_) => "create.minimal",
                Way::Put(..) => "replace.works",
                Way::Patch(_) => "patch.supported",
            };
            return Err(Stop::Blocked(format!(
                "{} answers {} (check `{judge}`)",
                answer.asked,
                answer.said()
            )));
        } else {
            let mut front = batch;
            let back = front.split_off(front.len() / 2);
            waiting.extend([back, front]);
        }
    }
    Ok(sweep)
}

async fn write(t: &Trial, way: &Way<'_>, values: &[(Slot, Value)]) -> Result<Answer, Stop> {
    let filled = |mut body: Value| {
        for (slot, value) in values {
            slot.set(&mut body, value.clone());
        }
        body
    };
    match way {
        Way::Post(kind) => t.post(kind.endpoint(), &filled(t.body(kind).await?)).await,
        Way::Put(created, base) => t.put(&created.path, &filled((*base).clone())).await,
        Way::Patch(created) => {
            let operation = |(slot, value): &(Slot, Value)| json!({ "op": "replace", "path": slot.path(), "value": value });
            t.patch(&created.path, values.iter().map(operation).collect()).await
        }
    }
}

// --- reading back ---

/// A leaf whose value did not come back as it was sent.
pub(super) struct Difference<'a> {
    /// The way to it: `emails.type`.
    pub(super) path: String,
    pub(super) leaf: &'a Attribute,
    pub(super) sent: Value,
    /// Nothing where it is gone.
    pub(super) stored: Option<Value>,
}

/// The leaves of a place that are not stored as they were sent.
pub(super) fn differences<'a>(slot: &'a Slot, sent: &Value, resource: &Value) -> Vec<Difference<'a>> {
    let stored = slot.get(resource);
    let mut found = Vec::new();
    let items = |value: Option<&Value>| match value {
        Some(Value::Array(items)) => items.clone(),
        Some(value) => vec![value.clone()],
        None => Vec::new(),
    };
    let (path, leaf) = (slot.path(), slot.leaf());
    let stored = items(stored);
    for sent in items(Some(sent)) {
        match &sent {
            Value::Object(members) => {
                // The stored element that has most in common with the one that was sent.
                let common = |item: &&Value| {
                    let same = |(name, sent): (&String, &Value)| {
                        let sub = leaf.sub(name)?;
                        let stored = member(item.as_object()?, name)?;
                        is_same(sub, sent, stored).then_some(if name == "value" { 10 } else { 1 })
                    };
                    members.iter().filter_map(same).sum::<usize>()
                };
                let twin = stored.iter().rev().max_by_key(common).and_then(Value::as_object);
                for (name, sent) in members {
                    let Some(sub) = leaf.sub(name).filter(|sub| is_shown(sub)) else { continue };
                    let stored =
                        twin.and_then(|twin| member(twin, name)).filter(|value| !is_unassigned(value));
                    if !stored.is_some_and(|stored| is_same(sub, sent, stored)) {
                        let (sent, stored) = (sent.clone(), stored.cloned());
                        found.push(Difference { path: format!("{path}.{name}"), leaf: sub, sent, stored });
                    }
                }
            }
            _ if !stored.iter().any(|stored| is_same(leaf, &sent, stored)) => {
                found.push(Difference { path: path.clone(), leaf, sent, stored: stored.first().cloned() });
            }
            _ => {}
        }
    }
    found
}

/// Whether two values are the same, with the latitude that RFC 7643 gives to their notation.
pub(super) fn is_same(attribute: &Attribute, sent: &Value, stored: &Value) -> bool {
    let bytes = |value: &Value| {
        let text = value.as_str()?.trim_end_matches('=').replace('-', "+").replace('_', "/");
        base64::engine::general_purpose::STANDARD_NO_PAD.decode(text).ok()
    };
    match (attribute.kind, sent, stored) {
        (_, Value::Array(sent), Value::Array(stored)) => {
            sent.iter().all(|sent| stored.iter().any(|stored| is_same(attribute, sent, stored)))
        }
        (Type::Binary, ..) => bytes(sent).is_some() && bytes(sent) == bytes(stored),
        _ => value::equal(attribute, sent, stored),
    }
}

impl Difference<'_> {
    /// What is wrong. Lost values and other values of an exact type weigh as the check does; text in another notation is a concern.
    fn flaw(&self, answer: &Answer) -> Option<Flaw> {
        let sent = shortened(&self.sent.to_string());
        let Some(stored) = &self.stored else {
            let what = format!("`{}` is taken and not kept", self.path);
            return Some(answer.flaw(what).expected(sent).got("nothing"));
        };
        // What is composed of other parts may be composed anew (RFC 7643 §4.1.1, §4.1.2).
        if self.leaf.name.eq_ignore_ascii_case("formatted") {
            return None;
        }
        let got = shortened(&stored.to_string());
        let flaw =
            answer.flaw(format!("`{}` comes back with another value", self.path)).expected(sent).got(got);
        let is_text = matches!(self.leaf.kind, Type::String | Type::Reference) && stored.is_string();
        Some(if is_text { flaw.concern() } else { flaw })
    }
}

/// The rules that are broken when a value is refused, or is stored as something else: that the attribute can be written, and those
/// of a type whose form the stored value does not have.
fn broken(way: &Way<'_>, attribute: &Attribute, difference: Option<&Difference<'_>>) -> Vec<&'static str> {
    let mut rules = match (way, attribute.mutability) {
        (Way::Put(..), _) => vec!["RFC7644-3.5.1-03", "RFC7643-7-22"],
        (Way::Post(_), Mutability::Immutable) => vec!["RFC7643-7-23"],
        (Way::Post(_), Mutability::WriteOnly) => vec!["RFC7643-2.3.1-01"],
        _ => vec!["RFC7643-7-22"],
    };
    let Some((leaf, stored)) = difference.and_then(|it| Some((it.leaf, it.stored.as_ref()?))) else {
        return rules;
    };
    if matches!(way, Way::Post(_)) {
        let is_form = value::check(leaf, stored).is_err();
        rules.extend(match leaf.kind {
            Type::String if is_form => Some("RFC7643-2.3.1-01"),
            Type::Boolean if is_form => Some("RFC7643-2.3.2-01"),
            Type::Decimal if is_form => Some("RFC7643-2.3.3-01"),
            Type::DateTime if is_form => Some("RFC7643-2.3.5-01"),
            Type::Binary if is_form => Some("RFC7643-2.3.6-01"),
            Type::Binary => Some("RFC7643-2.3.6-04"),
            _ => None,
        });
    }
    rules
}

/// Notes what a sweep found; a refusal weighs as a concern, because a format may stand behind it that no schema can state.
async fn judge(t: &Trial, sweep: &Sweep, way: &Way<'_>) -> Verdict {
    for written in &sweep.written {
        for (slot, sent) in written.values.iter().filter(|(slot, _)| is_shown(&slot.attribute)) {
            for difference in differences(slot, sent, &written.stored) {
                let Some(flaw) = difference.flaw(&written.answer) else { continue };
                // RFC 7644 §3.3: a server is free to ignore what was POSTed.
                let is_ignored = difference.stored.is_none() && matches!(way, Way::Post(_));
                let flaw = flaw.breaks(&broken(way, &slot.attribute, Some(&difference)));
                t.note(if is_ignored { flaw.concern() } else { flaw });
            }
        }
    }
    for (slot, value, answer) in &sweep.refused {
        let leaf = slot.leaf();
        let mut last = answer.clone();
        if leaf.kind == Type::String && leaf.canonical_values.is_empty() && answer.status < 500 {
            // Perhaps spaces and signs are not wanted.
            let word = json!(t.ground().fresh_name());
            let plain = if leaf.multi_valued { json!([word]) } else { word };
            last = write(t, way, &[(slot.clone(), plain)]).await?;
            if last.is_success() {
                continue;
            }
        }
        let flaw = last
            .flaw(format!("`{}` does not take a value that fits its definition", slot.path()))
            .expected(format!("{} is taken", shortened(&value.to_string())))
            .got(last.said())
            .breaks(&broken(way, &slot.attribute, None));
        t.note(if last.status >= 500 { flaw.violation() } else { flaw.concern() });
    }
    Ok(())
}

check! {
    /// A new resource keeps every attribute that was sent and that the schema publishes as writable.
    ///
    /// A value that comes back as another one, or of another type, is a failure. A value that is dropped is a warning: RFC 7644 §3.3
    /// leaves a server free to ignore content of a POST, also where its schema calls the attribute readWrite. (PUT has no such
    /// freedom, so that `attributes.replace-keeps` fails for it.)
    ///
    /// Why: what /Schemas offers is what administrators map. A value that is accepted and dropped is missing for good: the identity
    /// provider believes that it was delivered, or sends it again in every cycle because it never sees it.
    ///
    /// Fix: store the attribute and return it, or take it out of /Schemas, or publish it as readOnly. A schema lists what the
    /// server really supports, not all that the RFC defines.
    CREATE_KEEPS = create_keeps,
    id: "attributes.create-keeps",
    title: "every published attribute is kept when a resource is created",
    level: Must,
    requirements: ["RFC7643-2.3.1-01", "RFC7643-2.3.2-01", "RFC7643-2.3.3-01", "RFC7643-2.3.5-01", "RFC7643-2.3.6-01",
        "RFC7643-2.3.6-04", "RFC7643-2.2-01", "RFC7643-2.2-02", "RFC7643-7-22", "RFC7643-7-23", "RFC7643-3.3-06"],
    needs: [Schemas],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn create_keeps(t: &Trial) -> Verdict {
    for kind in open_kinds(t).await? {
        let tag = t.ground().fresh_name();
        let values = fillable(t, &kind).into_iter().map(|slot| {
            let value = slot.sample(&tag);
            (slot, value)
        });
        let way = Way::Post(&kind);
        let done = sweep(t, &way, values.collect()).await?;
        judge(t, &done, &way).await?;
    }
    Ok(())
}

/// The attributes of a type that can be written again and again, with new values.
fn rewritable(t: &Trial, kind: &Kind) -> Vec<(Slot, Value)> {
    let tag = t.ground().fresh_name();
    let plain = |slot: &Slot| {
        slot.attribute.mutability == Mutability::ReadWrite && slot.attribute.uniqueness == Uniqueness::None
    };
    let value = |slot: Slot| {
        let value = other(&slot, &tag);
        (slot, value)
    };
    fillable(t, kind).into_iter().filter(plain).filter(|slot| slot.path() != "userName").map(value).collect()
}

check! {
    /// A PUT gives every readWrite attribute the value that it carries.
    ///
    /// Why: Okta and OneLogin update people by PUT. An attribute that only POST writes keeps the old value for ever: a new
    /// department, a new name never arrives.
    ///
    /// Fix: let PUT write the same attributes as POST, extensions and sub-attributes included, and read the answer from the
    /// store.
    REPLACE_KEEPS = replace_keeps,
    id: "attributes.replace-keeps",
    title: "every published readWrite attribute can be written by PUT",
    level: Must,
    requirements: ["RFC7644-3.5.1-03", "RFC7643-7-22"],
    needs: [Schemas],
    breaks: [Okta, OneLogin, JumpCloud],
}

async fn replace_keeps(t: &Trial) -> Verdict {
    for kind in open_kinds(t).await? {
        let base = t.body(&kind).await?;
        let created = t.create_from(&kind, &base).await?;
        let way = Way::Put(&created, &base);
        let done = sweep(t, &way, rewritable(t, &kind)).await?;
        judge(t, &done, &way).await?;
    }
    Ok(())
}

check! {
    /// `replace` sets every readWrite attribute that is named by its path, also sub-attributes of complex ones.
    ///
    /// Why: Entra sends one operation for each changed attribute. Servers that know only a list of paths answer well and lose the
    /// rest, or refuse the whole request because of one attribute, so that nothing of it arrives.
    ///
    /// Fix: resolve paths against the schema instead of comparing them with a list. Whatever /Schemas publishes as readWrite can be
    /// the target of an operation.
    PATCH_KEEPS = patch_keeps,
    id: "attributes.patch-keeps",
    title: "every published readWrite attribute can be written by PATCH",
    level: Must,
    requirements: ["RFC7643-7-22"],
    needs: [Schemas, Patch],
    breaks: [Entra, Okta, Ping],
}

async fn patch_keeps(t: &Trial) -> Verdict {
    for kind in open_kinds(t).await? {
        let created = t.create(&kind).await?;
        let way = Way::Patch(&created);
        let whole = rewritable(t, &kind);
        let tag = t.ground().fresh_name();
        let parts: Vec<(Slot, Value)> = whole
            .iter()
            .filter(|(slot, _)| slot.attribute.is_complex() && !slot.attribute.multi_valued)
            .flat_map(|(slot, value)| {
                let subs = slot.attribute.sub_attributes.iter();
                let sent = subs
                    .filter(|sub| value.get(&sub.name).is_some() && sub.mutability == Mutability::ReadWrite);
                sent.map(|sub| slot.with_sub(sub))
            })
            .map(|slot| {
                let value = slot.sample(&tag);
                (slot, value)
            })
            .collect();
        for values in [whole, parts] {
            let done = sweep(t, &way, values).await?;
            judge(t, &done, &way).await?;
        }
    }
    Ok(())
}
