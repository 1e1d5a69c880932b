//! Attributes that are written once (RFC 7643 §7, RFC 7644 §3.5.1, §3.5.2).

use std::sync::Arc;

use serde_json::{Value, json};

use super::attributes::{open_kinds, other, published, refers};
use super::team::Team;
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Answer, Created, Slot, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::{Mutability, Returned};

pub(super) const CHECKS: &[Check] = &[IMMUTABLE_SET, IMMUTABLE_KEPT, IMMUTABLE_PATCH, MEMBER_VALUE];

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
    // What is not changed breaks only the rule for the answer.
    let refusal = if requirement == "RFC7644-3.5.2-14" { "RFC7644-3.5.2-16" } else { requirement };
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
        t.note(answer.flaw(what).expected("400 mutability").got(answer.said()).breaks(&[refusal]));
    } else if answer.status != 400 {
        // RFC 7644 §3.5.1: SHOULD. PATCH has to refuse it (§3.5.2), and what it ignores is not refused.
        let flaw = answer
            .flaw(format!("another value for the immutable `{path}` is answered with {}", answer.status));
        let flaw = flaw.expected("400 mutability").got(answer.said()).breaks(&[refusal]);
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
    requirements: ["RFC7643-4.2-05", "RFC7644-3.5.2-14", "RFC7643-2.4-06", "RFC7644-3.5.2-16"],
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
    let group = Team::of(t, &[&first]).await?.subject.created;
    let path = format!("members[value eq \"{}\"].value", first.id);
    let answer = t.patch(&group.path, json!([{ "op": "replace", "path": path, "value": second.id }])).await?;
    let stored = t.read(&group).await?;
    let members = &stored["members"];
    let all = members.as_array().map_or_else(|| std::slice::from_ref(members), Vec::as_slice);
    let ids: Vec<&str> = all.iter().filter_map(|member| member["value"].as_str()).collect();
    if ids != [first.id.as_str()] {
        let flaw = answer
            .flaw("a PATCH rewrites the value of a member")
            .expected("400 mutability, and the member stays")
            .breaks(&["RFC7643-4.2-05", "RFC7644-3.5.2-14"]);
        return Err(flaw.got(format!("{}, and the members are {}", answer.said(), json!(ids))).into());
    }
    if answer.status == 501 {
        return Err(Stop::Blocked(format!("{} answers 501 (check `patch.supported`)", answer.asked)));
    }
    if answer.status >= 500 {
        return Err(answer
            .flaw("rewriting a member breaks the server")
            .expected("400 mutability")
            .got(answer.said())
            .breaks(&["RFC7644-3.5.2-16"])
            .into());
    }
    if answer.is_success() {
        let flaw = answer.flaw("rewriting a member is ignored with success").expected("400 mutability");
        return Err(flaw.got(answer.said()).breaks(&["RFC7644-3.5.2-16"]).concern().into());
    }
    Ok(())
}
