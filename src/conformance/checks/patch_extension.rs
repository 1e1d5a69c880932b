//! PATCH of attributes of extensions, which are named by the URI of their schema (RFC 7644 §3.5.2 and §3.10).

use serde_json::{Value, json};

use super::patch::words;
use super::patch_remove::removable;
use super::query::breaking;
use super::subject::{Subject, fresh, texts, told, with, without};
use super::team::reference;
use crate::conformance::check::{Check, check};
use crate::conformance::trial::slot::slots;
use crate::conformance::trial::{Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::declares;

pub(super) const CHECKS: &[Check] = &[EXTENSION_PATH, EXTENSION_OBJECT, REMOVE, MANAGER];

/// A text attribute of an extension, and a user without that extension.
pub(super) async fn extension(t: &Trial) -> Result<(Subject, Slot, String), Stop> {
    let users = t.users()?;
    let found = texts(t, &users, 1).await?;
    let found = found.into_iter().filter(|slot| slot.sub.is_none());
    let Some((slot, urn)) = found.filter_map(|slot| slot.extension.clone().map(|urn| (slot, urn))).next()
    else {
        return skip("no extension of the User resource type keeps a text");
    };
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    Ok((subject, slot, urn))
}

/// What an operation on an attribute of an extension has to lead to.
async fn expect_extension(
    t: &Trial,
    subject: &Subject,
    slot: &Slot,
    urn: &str,
    operations: Value,
    value: Value,
    (rule, listing): (&'static str, &'static str),
) -> Verdict {
    let expected = with(&subject.before, slot, value);
    let told = told(&operations);
    let answer = breaking(subject.patch(t, operations).await, &[rule])?;
    let after = subject.now(t, &answer).await?;
    t.soft(breaking(subject.judge(&answer, &told, &expected, &after), &[rule]))?;
    let listed = after["schemas"].as_array().map(Vec::as_slice).unwrap_or_default();
    let times =
        listed.iter().filter(|uri| uri.as_str().is_some_and(|uri| uri.eq_ignore_ascii_case(urn))).count();
    if times != 1 && slot.get(&after).is_some() {
        let (what, rule) = match times {
            0 => ("is not in", listing),
            _ => ("is more than once in", "RFC7643-3-03"),
        };
        t.note(
            answer
                .flaw(format!("the URI of the extension {what} `schemas` after {told}"))
                .expected(format!("{urn} once"))
                .got(words(after.get("schemas")))
                .breaks(&[rule]),
        );
    }
    Ok(())
}

check! {
    /// An attribute of an extension is set by its path, URI and name; the extension is then in `schemas`.
    ///
    /// Why: Entra ID sends department, employee number and cost centre this way. The URI has dots and colons, and
    /// targets that split at the first of them store the value under `0:User:department` or lose it.
    ///
    /// Fix: take the longest known schema URI off the beginning of the path, store the value in the object of the
    /// extension, and add the URI to `schemas`.
    EXTENSION_PATH = extension_path,
    id: "patch.add-extension-path",
    title: "add sets an extension attribute by its URI path",
    level: Must,
    requirements: ["RFC7644-3.5.2-17", "RFC7644-3.5.2-20", "RFC7643-3-03"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn extension_path(t: &Trial) -> Verdict {
    let (mut subject, slot, urn) = extension(t).await?;
    for op in ["add", "replace"] {
        let value = fresh(t, &slot);
        let operations = json!([{ "op": op, "path": slot.path(), "value": value }]);
        let rules = ("RFC7644-3.5.2-17", "RFC7644-3.5.2-20");
        expect_extension(t, &subject, &slot, &urn, operations, value, rules).await?;
        subject.before = t.read(&subject.created).await?;
    }
    Ok(())
}

check! {
    /// `add` without a path takes the attributes of an extension in an object under its URI, and leaves what the
    /// extension had besides.
    ///
    /// Why: it is the form in which resources have them everywhere else, and Okta sends it. A target that replaces the
    /// object loses the manager with the department.
    ///
    /// Fix: where a member of `value` is the URI of an extension, merge its object into that of the resource.
    EXTENSION_OBJECT = extension_object,
    id: "patch.add-extension-object",
    title: "add without a path takes the object of an extension",
    level: Must,
    requirements: ["RFC7644-3.5.2.1-04"],
    needs: [Patch, Users],
    breaks: [Okta],
}

async fn extension_object(t: &Trial) -> Verdict {
    let (mut subject, slot, urn) = extension(t).await?;
    let others = texts(t, &subject.kind, 1).await?;
    let other = others.into_iter().find(|other| {
        other.extension == slot.extension
            && other.sub.is_none()
            && other.attribute.name != slot.attribute.name
    });
    for slot in std::iter::once(slot).chain(other) {
        let value = fresh(t, &slot);
        let name = slot.attribute.name.as_str();
        let operations = json!([{ "op": "add", "value": { urn.as_str(): { name: value } } }]);
        let rules = ("RFC7644-3.5.2.1-04", "RFC7644-3.5.2.1-04");
        expect_extension(t, &subject, &slot, &urn, operations, value, rules).await?;
        subject.before = t.read(&subject.created).await?;
    }
    match declares(subject.before.as_object().unwrap_or(&serde_json::Map::new()), &urn) || !t.is_clean() {
        true => Ok(()),
        false => skip("the extension has no value"),
    }
}

check! {
    /// `remove` of an attribute of an extension by its URI path clears that attribute, and leaves the rest of the
    /// extension.
    ///
    /// Why: a person who leaves a department keeps the cost centre. A target that cannot read the path leaves both; one
    /// that removes the extension loses both.
    ///
    /// Fix: take the schema URI off the beginning of the path, and remove the attribute from the object of the
    /// extension.
    REMOVE = remove,
    id: "patch.remove-extension-path",
    title: "remove clears an extension attribute by its URI path",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-02", "RFC7644-3.5.2-17"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn remove(t: &Trial) -> Verdict {
    let (subject, slot) = removable(t, |slot| slot.sub.is_none() && slot.extension.is_some()).await?;
    let operations = json!([{ "op": "remove", "path": slot.path() }]);
    subject.becomes(t, operations, &without(&subject.before, &slot)).await.map(drop)
}

check! {
    /// The manager of a user, a complex attribute of the enterprise extension, is set, changed and removed by its URI
    /// path.
    ///
    /// Why: approvals go to the manager. A target that stores the reference in the wrong place, or only the first one,
    /// sends them to nobody or to the wrong person.
    ///
    /// Fix: resolve the URI path to the extension, and store `value` as a complex value.
    MANAGER = manager,
    id: "patch.manager",
    title: "the manager of a user can be set, changed and removed",
    level: Must,
    requirements: ["RFC7644-3.5.2-17", "RFC7644-3.5.2.3-06", "RFC7644-3.5.2.2-02"],
    needs: [Patch, Users, Enterprise],
    breaks: [Entra],
}

async fn manager(t: &Trial) -> Verdict {
    let users = t.users()?;
    let found =
        slots(&users.schema).find(|slot| slot.extension.is_some() && slot.attribute.name == "manager");
    let Some(slot) = found.filter(|slot| slot.attribute.is_complex() && !slot.attribute.multi_valued) else {
        return skip("the enterprise extension has no `manager`");
    };
    let Some(id) = slot.attribute.sub("value").map(|sub| slot.with_sub(sub)) else {
        return skip("`manager` has no `value`");
    };
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let crowd = t.crowd().await?;
    let steps = [
        (
            json!([{ "op": "add", "path": slot.path(), "value": reference(t, &slot, &crowd[0]) }]),
            Some(&crowd[0].id),
        ),
        (
            json!([{ "op": "replace", "path": slot.path(), "value": reference(t, &slot, &crowd[1]) }]),
            Some(&crowd[1].id),
        ),
        (json!([{ "op": "replace", "path": id.path(), "value": crowd[0].id }]), Some(&crowd[0].id)),
        (json!([{ "op": "remove", "path": slot.path() }]), None),
    ];
    for (operations, wanted) in steps {
        let told = told(&operations);
        let rules: &[&'static str] = match wanted {
            Some(_) => &["RFC7644-3.5.2-17"],
            None => &["RFC7644-3.5.2.2-02"],
        };
        let answer = breaking(subject.patch(t, operations).await, rules)?;
        let after = subject.now(t, &answer).await?;
        if id.get(&after).and_then(Value::as_str) != wanted.map(String::as_str) {
            return Err(answer
                .flaw(format!("after {told}, the manager is not the one that was sent"))
                .expected(
                    wanted.map_or("no manager".to_owned(), |wanted| format!("value: {}", json!(wanted))),
                )
                .got(words(slot.get(&after)))
                .breaks(rules)
                .into());
        }
    }
    Ok(())
}
