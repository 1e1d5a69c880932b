//! Several operations in one PATCH: all of them, in order, or none (RFC 7644 §3.5.2).

use serde_json::{Value, json};

use super::comparison::changes;
use super::patch::{instant, member_of_meta, words};
use super::subject::{Listing, Subject, fresh, texts, told, with, without};
use super::team::{Team, reference};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::cohort::place;
use crate::conformance::trial::slot::is_plain;
use crate::conformance::trial::{Answer, Slot, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] = &[SEVERAL, ORDER, ATOMIC];

check! {
    /// Operations on different attributes in one request are all carried out.
    ///
    /// Why: identity providers collect all changes of a person in one request. A target that takes the first, or one
    /// for each kind of operation, stores half of what it confirms.
    ///
    /// Fix: go through the whole array, and apply each operation to the result of the one before.
    SEVERAL = several,
    id: "patch.several-operations",
    title: "all operations of a PATCH are carried out",
    level: Must,
    requirements: ["RFC7644-3.5.2-21"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn several(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1], false).await?;
    let slots = texts(t, &users, 2).await?;
    let (one, two) = (fresh(t, &slots[0]), fresh(t, &slots[1]));
    let element = listing.another(t, 2);
    let operations = json!([
        { "op": "replace", "path": slots[0].path(), "value": one },
        { "op": "add", "path": listing.list.slot.path(), "value": [element] },
        { "op": "add", "path": slots[1].path(), "value": two },
    ]);
    let expected = listing.with([listing.sent.clone(), vec![element]].concat());
    let expected = with(&with(&expected, &slots[0], one), &slots[1], two);
    listing.subject.becomes(t, operations, &expected).await.map(drop)
}

check! {
    /// Operations are carried out in the order of the array, each on the result of the one before.
    ///
    /// Why: Entra ID sends remove, add and replace of one attribute in one request, and the last one counts. In any
    /// other order, people end up with the value that was meant to go.
    ///
    /// Fix: do not sort or group operations by kind or by path.
    ORDER = order,
    id: "patch.order",
    title: "operations are carried out in order",
    level: Must,
    requirements: ["RFC7644-3.5.2-21"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn order(t: &Trial) -> Verdict {
    let users = t.users()?;
    let found = texts(t, &users, 1).await?;
    let mut subject = Subject::full(t, &users).await?;
    let (slot, values) = (&found[0], [fresh(t, &found[0]), fresh(t, &found[0])]);
    let replace = |value: &Value| json!({ "op": "replace", "path": slot.path(), "value": value });
    let twice = json!([replace(&values[0]), replace(&values[1])]);
    let mut steps = vec![(twice, with(&subject.before, slot, values[1].clone()))];
    if let Some(slot) = found.iter().find(|slot| !slot.leaf().required && slot.get(&subject.before).is_some())
    {
        let value = fresh(t, slot);
        let add = json!({ "op": "add", "path": slot.path(), "value": value });
        let remove = json!({ "op": "remove", "path": slot.path() });
        let kept = &steps[0].1;
        let (there, gone) = (with(kept, slot, value), without(kept, slot));
        steps.push((json!([remove, add]), there));
        steps.push((json!([add, remove]), gone));
    }
    for (operations, expected) in steps {
        let told = told(&operations);
        let Some(answer) = t.soft(subject.patch(t, operations).await)? else { return Ok(()) };
        let mut after = subject.now(t, &answer).await?;
        // An empty text in the place of no value is no matter of order (check `patch.remove-sub-attribute`).
        for slot in &found {
            if slot.get(&expected).is_none() && slot.get(&after) == Some(&json!("")) {
                slot.remove(&mut after);
            }
        }
        if t.soft(subject.judge(&answer, &told, &expected, &after))?.is_none() {
            return Ok(());
        }
        subject.before = after;
    }
    Ok(())
}

check! {
    /// A PATCH is done as a whole or not at all: when one operation fails, wherever it stands, the resource is as it
    /// was before, and the answer is an error.
    ///
    /// Why: after an error the client believes that nothing has happened, and repeats the whole request or gives up.
    /// Changes that stayed are applied twice, or are in the target and nowhere else.
    ///
    /// Fix: apply all operations to a copy, check it, and store it in one transaction; on an error drop it.
    ATOMIC = atomic,
    id: "patch.atomic",
    title: "a PATCH that fails anywhere changes nothing",
    level: Must,
    requirements: ["RFC7644-3.5.2-23", "RFC7644-3.5.2-24"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

/// What a PATCH changes that has to be undone.
struct Whole {
    subject: Subject,
    /// A text.
    slot: Slot,
    /// A list with values.
    path: String,
    /// The part of its elements that tells them apart.
    value: String,
    /// A further element.
    element: Value,
}

impl Whole {
    async fn of_user(t: &Trial) -> Result<Self, Stop> {
        let users = t.users()?;
        let listing = Listing::of(t, &users, &[0, 1, 2], false).await?;
        Ok(Self {
            slot: texts(t, &users, 1).await?.swap_remove(0),
            path: listing.list.slot.path(),
            value: listing.list.value.leaf().name.clone(),
            element: listing.list.element(&t.ground().fresh_name(), 0),
            subject: listing.subject,
        })
    }

    /// A group with members, for a target whose users have no list or text that is fit for it.
    async fn of_group(t: &Trial, reason: String) -> Result<Self, Stop> {
        let Ok(groups) = t.groups() else { return skip(reason) };
        let slot = place(&groups, "displayName").filter(|slot| is_plain(slot.leaf()));
        let Some(slot) = slot else { return skip(reason) };
        let crowd = t.crowd().await?;
        match Team::of(t, &[&crowd[0], &crowd[1]]).await {
            Err(Stop::Skip(_) | Stop::Blocked(_)) => skip(reason),
            Err(stop) => Err(stop),
            Ok(team) => Ok(Self {
                slot,
                path: team.members.path(),
                value: "value".to_owned(),
                element: reference(t, &team.members, &crowd[2]),
                subject: team.subject,
            }),
        }
    }
}

async fn atomic(t: &Trial) -> Verdict {
    let Whole { mut subject, slot, path, value, element } = match Whole::of_user(t).await {
        Err(Stop::Skip(reason)) => Whole::of_group(t, reason).await?,
        whole => whole?,
    };
    let nobody = json!(t.ground().fresh_name());
    // The first fails when it is carried out, the others can be seen to fail beforehand.
    let failures = [
        json!({ "op": "replace", "path": format!("{path}[{value} eq {nobody}].{value}"), "value": nobody }),
        json!({ "op": "replace", "path": "id", "value": nobody }),
        json!({ "op": "remove" }),
    ];
    let mut judged = false;
    for position in 0..3 {
        for failure in &failures {
            let mut operations = vec![
                json!({ "op": "replace", "path": slot.path(), "value": fresh(t, &slot) }),
                json!({ "op": "remove", "path": path }),
            ];
            let at = position.min(operations.len());
            // Where the list is gone, nothing in it can be replaced, which some take for an addition.
            if at == 2 {
                operations.swap_remove(1);
                operations.push(json!({ "op": "add", "path": path, "value": [element] }));
            }
            operations.insert(at, failure.clone());
            let operations = json!(operations);
            let told = told(&operations);
            let answer = t.patch(&subject.created.path, operations).await?;
            if answer.is_success() {
                subject.before = t.read(&subject.created).await?;
                continue;
            }
            subject.blocked_without_patch(t, &answer).await?;
            judged = true;
            let after = subject.now(t, &answer).await?;
            expect_untouched(t, &subject, &answer, &told, &after);
            subject.before = after;
            break;
        }
    }
    match judged {
        true => Ok(()),
        false => Err(Stop::Blocked(
            "no operation is refused that must be (checks `patch.remove-without-path` and `patch.read-only`)"
                .to_owned(),
        )),
    }
}

fn expect_untouched(t: &Trial, subject: &Subject, answer: &Answer, told: &str, after: &Value) {
    let changed = changes(&subject.kind, &subject.before, after);
    if let Some(first) = changed.first() {
        let place =
            |resource: &Value| first.slot.as_ref().map(|slot| words(slot.get(resource))).unwrap_or_default();
        t.note(
            answer
                .flaw(format!(
                    "{told} fails with {}, and yet it has changed something: {}",
                    answer.status, first.text
                ))
                .expected(shortened(&place(&subject.before)))
                .got(shortened(&place(after))),
        );
        return;
    }
    for name in ["version", "lastModified"] {
        let (was, is) = (member_of_meta(&subject.before, name), member_of_meta(after, name));
        let same = if name == "version" { was == is } else { instant(was) == instant(is) };
        if !same {
            t.note(
                answer
                    .flaw(format!("{told} fails with {}, and yet `meta.{name}` is another", answer.status))
                    .expected(words(was))
                    .got(words(is))
                    .breaks(&["RFC7644-3.5.2-24"]),
            );
        }
    }
}
