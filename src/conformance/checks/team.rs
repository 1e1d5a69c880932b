//! What checks of groups share: a group with members.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::subject::{Subject, with, without};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::slots;
use crate::conformance::trial::{Answer, Created, Slot, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::member;
use crate::protocol::schema::Returned;

/// A group with members that a check changes.
pub(super) struct Team {
    /// The group.
    pub subject: Subject,
    /// Its `members`.
    pub members: Slot,
}

/// The `members` of groups.
pub(super) fn members_of(kind: &Kind) -> Result<Slot, Stop> {
    match slots(&kind.schema).find(|slot| slot.extension.is_none() && slot.attribute.name == "members") {
        Some(slot) if slot.attribute.multi_valued => Ok(slot),
        _ => skip("the Group schema of the target has no `members`"),
    }
}

/// An element of `members`, or another reference such as `manager`.
pub(super) fn reference(t: &Trial, slot: &Slot, to: &Created) -> Value {
    let mut element = json!({ "value": to.id });
    // Nothing more is needed, unless the schema says so.
    if slot.attribute.sub("type").is_some_and(|sub| sub.required) {
        element["type"] = json!(to.kind.name());
    }
    if slot.attribute.sub("$ref").is_some_and(|sub| sub.required) {
        element["$ref"] = json!(format!("{}{}", t.ground().target().base().trim_end_matches('/'), to.path));
    }
    element
}

/// The `members` of a group that a check needs for something else.
pub(super) fn membership(t: &Trial, groups: &Kind, of: &[&Created]) -> Value {
    let slot = members_of(groups).ok();
    let one = |to: &&Created| match &slot {
        Some(slot) => reference(t, slot, to),
        None => json!({ "value": to.id }),
    };
    of.iter().map(one).collect()
}

/// The target of a GET that shows the members of a group.
pub(super) fn view(slot: &Slot, path: &str) -> String {
    match slot.attribute.returned {
        Returned::Request => format!("{path}?attributes=displayName,members"),
        _ => path.to_owned(),
    }
}

/// The ids in `members`, in order, each as often as it is there.
pub(super) fn ids(slot: &Slot, group: &Value) -> Vec<String> {
    let id = |element: &Value| Some(member(element.as_object()?, "value")?.as_str()?.to_owned());
    slot.get(group).and_then(Value::as_array).into_iter().flatten().filter_map(id).collect()
}

impl Team {
    /// A group that is created with these members.
    ///
    /// # Errors
    /// [`Stop::Blocked`] where it does not show them afterwards.
    pub async fn of(t: &Trial, members: &[&Created]) -> Result<Self, Stop> {
        let kind = t.groups()?;
        let slot = members_of(&kind)?;
        let mut body = t.body(&kind).await?;
        if !members.is_empty() {
            let elements: Vec<Value> = members.iter().map(|to| reference(t, &slot, to)).collect();
            slot.set(&mut body, json!(elements));
        }
        let created = t.create_from(&kind, &body).await?;
        let view = view(&slot, &created.path);
        let read = t.get(&view).await?;
        let before = read.json.clone().filter(|_| read.status == 200).unwrap_or_default();
        let team = Self { subject: Subject { kind, created, view, before }, members: slot };
        let shown: BTreeSet<String> = team.ids().into_iter().collect();
        match shown.len() == members.len() && members.iter().all(|to| shown.contains(&to.id)) {
            true => Ok(team),
            false if are_renamed(
                &shown.into_iter().collect::<Vec<_>>(),
                &members.iter().map(|to| to.id.clone()).collect::<Vec<_>>(),
            ) =>
            {
                Err(Stop::Blocked(RENAMED.to_owned()))
            }
            false => Err(Stop::Blocked(
                "a group does not show the members that it was created with (check `groups.create-with-members`)"
                    .to_owned(),
            )),
        }
    }

    /// The ids of its members as last seen.
    pub fn ids(&self) -> Vec<String> {
        ids(&self.members, &self.subject.before)
    }

    /// The group with these members and no others.
    pub fn with(&self, t: &Trial, members: &[&Created]) -> Value {
        let elements: Vec<Value> = members.iter().map(|to| reference(t, &self.members, to)).collect();
        match elements.is_empty() {
            true => without(&self.subject.before, &self.members),
            false => with(&self.subject.before, &self.members, json!(elements)),
        }
    }

    /// The path of one member: `members[value eq "2819"]`.
    pub fn one(&self, of: &Created) -> String {
        format!("{}[value eq {}]", self.members.path(), json!(of.id))
    }

    /// Sends operations that have to succeed, after which the group has these members and is otherwise as it was.
    pub async fn becomes(&self, t: &Trial, operations: Value, members: &[&Created]) -> Result<Value, Stop> {
        self.subject.becomes(t, operations, &self.with(t, members)).await
    }
}

/// Whether there are as many members as there should be, and none of them under its id.
pub(super) fn are_renamed(shown: &[String], expected: &[String]) -> bool {
    !expected.is_empty() && shown.len() == expected.len() && !expected.iter().any(|id| shown.contains(id))
}

/// What blocks a check where members cannot be told apart by their ids.
pub(super) const RENAMED: &str =
    "members are shown under other values than their ids (check `groups.create-with-members`)";

/// Fails unless a group has these members, each once.
pub(super) fn expect_members(answer: &Answer, slot: &Slot, group: &Value, wanted: &[&Created]) -> Verdict {
    let mut shown = ids(slot, group);
    let mut expected: Vec<String> = wanted.iter().map(|to| to.id.clone()).collect();
    shown.sort();
    expected.sort();
    if shown == expected {
        return Ok(());
    }
    let missing = expected.iter().filter(|id| !shown.contains(id)).count();
    let what = match missing {
        _ if are_renamed(&shown, &expected) => {
            "the members of the group are shown under other values than their ids".to_owned()
        }
        0 => "the group shows more members than it has".to_owned(),
        _ => format!("the group does not show {missing} of its {} members", expected.len()),
    };
    Err(answer
        .flaw(what)
        .expected(shortened(&json!(expected).to_string()))
        .got(shortened(&slot.get(group).map_or("no members".to_owned(), Value::to_string)))
        .into())
}

/// Fails unless a reference leads to the resource with that id. One that leads away from the target is not followed.
pub(super) async fn expect_reference(t: &Trial, seen: &Answer, reference: &str, id: &str) -> Verdict {
    let base = t.ground().target().base();
    let target = match (reference.strip_prefix(base), reference.contains("://")) {
        (Some(rest), _) => format!("/{}", rest.trim_start_matches('/')),
        (None, true) => {
            // Behind a proxy the target may not know its own name: the end of the path tells which resource it is.
            let is_same = reference.trim_end_matches('/').rsplit('/').next().is_some_and(|last| last == id);
            return match is_same {
                true => Ok(()),
                false => Err(seen
                    .flaw(format!("the reference `{reference}` does not end with the id of the resource"))
                    .expected(format!("{base}/…/{id}"))
                    .got(reference)
                    .into()),
            };
        }
        (None, false) => {
            // Relative to the base URL, as the RFC says; some write the path from the root of the host.
            let path = base.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
            let rest = path.and_then(|path| reference.strip_prefix(path)).unwrap_or(reference);
            let rest = rest.trim_start_matches("../").trim_start_matches('/');
            format!("/{rest}")
        }
    };
    let answer = t.get(&target).await?;
    let found = answer.text("id").map(str::to_owned);
    if answer.status == 200 && found.as_deref() == Some(id) {
        return Ok(());
    }
    Err(answer
        .flaw(format!("the reference `{reference}` does not lead to the resource {id}"))
        .expected(format!("200 with the id {id}"))
        .got(match found {
            Some(other) if answer.status == 200 => format!("200 with the id {other}"),
            _ => answer.said(),
        })
        .into())
}
