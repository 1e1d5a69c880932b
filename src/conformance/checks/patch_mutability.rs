//! What PATCH may not change, or only under conditions: readOnly, immutable, unique and required attributes (RFC 7644 §3.5.2).

use std::sync::Arc;

use serde_json::{Value, json};

use super::patch::{instant, member_of_meta, words};
use super::query::breaking;
use super::subject::{Refusal, Subject, fresh, mistake, texts, with, without};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::slots;
use crate::conformance::trial::{Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::declares;
use crate::protocol::schema::{Mutability, Returned};

pub(super) const CHECKS: &[Check] = &[
    READ_ONLY,
    IMMUTABLE_ONCE,
    IMMUTABLE,
    TAKEN_NAME,
    NEW_NAME,
    OWN_NAME,
    EXTERNAL_ID,
    PASSWORD,
    SCHEMAS_FIRST,
];

/// A change that the mutability of the attribute forbids.
pub(super) const MUTABILITY: Refusal =
    Refusal { keywords: &["mutability"], is_demanded: false, answer: &["RFC7644-3.5.2-16"] };

check! {
    /// An operation that would change a readOnly attribute is an error, 400 mutability. It is neither carried out nor
    /// ignored.
    ///
    /// Why: the id is the link between the directory of the client and the account here. When it can be changed, the
    /// next update misses the account. When the attempt is confirmed, the client believes in a change that did not
    /// happen.
    ///
    /// Fix: check the mutability of the attribute that the path names before the operation is applied, and refuse the
    /// whole request.
    READ_ONLY = read_only,
    id: "patch.read-only",
    title: "a PATCH of a readOnly attribute is refused with mutability",
    level: Must,
    requirements: ["RFC7644-3.5.2-13", "RFC7643-3.1-13", "RFC7643-7-21", "RFC7644-3.12-22", "RFC7644-3.5.2-16"],
    needs: [Patch, Users],
    breaks: [],
}

async fn read_only(t: &Trial) -> Verdict {
    let users = t.users()?;
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let other = t.ground().fresh_name();
    let operations = [
        json!([{ "op": "replace", "path": "id", "value": other }]),
        json!([{ "op": "replace", "path": "meta.created", "value": "1999-01-01T00:00:00Z" }]),
        json!([{ "op": "add", "path": "meta.resourceType", "value": "Other" }]),
    ];
    subject.refuses(t, &MUTABILITY, operations.map(mistake)).await?;
    // The comparison leaves `meta` out, because every change advances parts of it.
    let read = t.get(&subject.view).await?;
    let after = read.resource()?;
    for name in ["created", "resourceType"] {
        let (was, is) = (member_of_meta(&subject.before, name), member_of_meta(after, name));
        let same = if name == "created" { instant(was) == instant(is) } else { was == is };
        if !same {
            t.note(
                read.flaw(format!("a PATCH has changed `meta.{name}`"))
                    .expected(words(was))
                    .got(words(is))
                    .breaks(&["RFC7644-3.5.2-13", "RFC7643-7-21"]),
            );
        }
    }
    Ok(())
}

/// Whether the schema says that an attribute can be written at any time.
pub(super) fn is_read_write(kind: &Kind, name: &str) -> bool {
    crate::protocol::schema::find(&kind.schema.core.attributes, name)
        .is_none_or(|attribute| attribute.mutability == Mutability::ReadWrite)
}

/// The singular simple attributes of a type that are written once.
fn immutable(kind: &Kind) -> Vec<Slot> {
    slots(&kind.schema)
        .filter(|slot| {
            let attribute = &slot.attribute;
            attribute.mutability == Mutability::Immutable
                && !attribute.multi_valued
                && !attribute.is_complex()
                && matches!(attribute.returned, Returned::Default | Returned::Always)
        })
        .collect()
}

/// A resource without a value at an immutable place, for each type that has one.
async fn unset(t: &Trial) -> Result<Vec<(Arc<Kind>, Slot)>, Stop> {
    let found: Vec<_> = t
        .kinds()
        .iter()
        .filter_map(|kind| Some((Arc::clone(kind), immutable(kind).into_iter().next()?)))
        .collect();
    match found.is_empty() {
        true => skip("no resource type has a simple immutable attribute"),
        false => Ok(found),
    }
}

check! {
    /// An immutable attribute that has no value yet can be given one by `add`.
    ///
    /// Why: the value is often known only after the account was created. A target that takes it at creation only can
    /// never be told.
    ///
    /// Fix: refuse a change of an immutable attribute only when it has a value already.
    IMMUTABLE_ONCE = immutable_once,
    id: "patch.immutable-once",
    title: "an immutable attribute without a value can be added",
    level: Should,
    requirements: ["RFC7644-3.5.2-15"],
    needs: [Patch],
    breaks: [],
}

async fn immutable_once(t: &Trial) -> Verdict {
    let mut judged = false;
    for (kind, slot) in unset(t).await? {
        if slot.attribute.required {
            continue;
        }
        let body = without(&t.body(&kind).await?, &slot);
        let subject = Subject::of(t, &kind, &body).await?;
        if slot.get(&subject.before).is_some() {
            continue;
        }
        judged = true;
        let value = fresh(t, &slot);
        let expected = with(&subject.before, &slot, value.clone());
        let operations = json!([{ "op": "add", "path": slot.path(), "value": value }]);
        t.soft(subject.becomes(t, operations, &expected).await)?;
    }
    if judged { Ok(()) } else { skip("every immutable attribute has a value from the beginning") }
}

check! {
    /// An immutable attribute that has a value is not changed: neither `add`, `replace` nor `remove` does, and the
    /// answer is 400 mutability.
    ///
    /// Why: other systems rely on the value, such as a serial number or an account name, and the schema promises that
    /// it stays.
    ///
    /// Fix: compare the new value with the stored one, and answer 400 mutability when they differ.
    IMMUTABLE = immutable_value,
    id: "patch.immutable",
    title: "an immutable attribute that has a value is not changed by PATCH",
    level: Must,
    requirements: ["RFC7644-3.5.2-14", "RFC7643-7-24", "RFC7644-3.5.2-16"],
    needs: [Patch],
    breaks: [],
}

async fn immutable_value(t: &Trial) -> Verdict {
    let mut judged = false;
    for (kind, slot) in unset(t).await? {
        let body = with(&t.body(&kind).await?, &slot, fresh(t, &slot));
        let subject = Subject::of(t, &kind, &body).await?;
        if slot.get(&subject.before).is_none() {
            continue;
        }
        judged = true;
        let path = slot.path();
        let operations = [
            json!([{ "op": "replace", "path": path, "value": fresh(t, &slot) }]),
            json!([{ "op": "add", "path": path, "value": fresh(t, &slot) }]),
            json!([{ "op": "remove", "path": path }]),
        ];
        subject.refuses(t, &MUTABILITY, operations.map(mistake)).await?;
    }
    if judged { Ok(()) } else { skip("the target keeps no immutable attribute") }
}

check! {
    /// A PATCH that would give a user the userName of another one is refused with 409 uniqueness, and changes nothing,
    /// also when only the letter case differs.
    ///
    /// Why: people marry and are renamed every day. Two accounts with one name mean that one of two people signs in as
    /// the other, and that neither can be found again.
    ///
    /// Fix: let the same unique index that guards creation guard every write, and answer 409 with `"scimType":
    /// "uniqueness"`.
    TAKEN_NAME = taken_name,
    id: "patch.taken-user-name",
    title: "a PATCH to a userName that is taken is refused with 409 uniqueness",
    level: Must,
    requirements: ["RFC7644-3.5.2-30", "RFC7643-4.1.1-03", "RFC7644-3.12-21", "RFC7644-3.5.2-24"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn taken_name(t: &Trial) -> Verdict {
    let users = t.users()?;
    let owner = Subject::of(t, &users, &t.body(&users).await?).await?;
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let taken = owner.before["userName"].as_str().unwrap_or_default().to_owned();
    let text =
        t.survey(&users).await?.texts(&users.schema).into_iter().find(|slot| slot.path() != "userName");
    let mut names = vec![taken.clone()];
    let is_exact = crate::protocol::schema::find(&users.schema.core.attributes, "userName")
        .is_some_and(|a| a.case_exact);
    if !is_exact && taken.to_uppercase() != taken {
        names.push(taken.to_uppercase());
    }
    let mut before = subject.before.clone();
    for name in names {
        // Another change beforehand, which must not stay behind.
        let mut operations = vec![json!({ "op": "replace", "path": "userName", "value": name })];
        if let Some(slot) = &text {
            operations.insert(0, json!({ "op": "replace", "path": slot.path(), "value": fresh(t, slot) }));
        }
        let answer = t.patch(&subject.created.path, json!(operations)).await?;
        let after = subject.now(t, &answer).await?;
        if answer.is_success() {
            let is_taken = after["userName"].as_str().is_some_and(|now| now.eq_ignore_ascii_case(&taken));
            let flaw = answer.flaw(match is_taken {
                true => format!("a user was renamed to `{name}`, which is the name of another user"),
                false => format!("a PATCH to the taken userName `{name}` succeeds, and does nothing"),
            });
            let rules: &[&'static str] = match is_taken {
                true => &["RFC7644-3.5.2-30", "RFC7643-4.1.1-03"],
                false => &["RFC7644-3.5.2-30"],
            };
            t.note(flaw.expected("409 uniqueness").got(answer.said()).breaks(rules));
            before = after;
            continue;
        }
        subject.blocked_without_patch(t, &answer).await?;
        let flaw = |text: &str| {
            answer.flaw(text).expected("409 uniqueness").got(answer.said()).breaks(&["RFC7644-3.5.2-30"])
        };
        let keyword = answer.text("scimType");
        match answer.status {
            409 if keyword == Some("uniqueness") => {}
            409 => t.note(
                flaw("the conflict is not called `uniqueness` in scimType")
                    .breaks(&["RFC7644-3.12-21"])
                    .concern(),
            ),
            400 if keyword == Some("mutability") && !is_read_write(&users, "userName") => {}
            400 => t.note(flaw("a userName that is taken is answered with 400 instead of 409").concern()),
            status if status >= 500 && status != 501 => {
                t.note(flaw("a userName that is taken ends in an internal error"));
            }
            _ => t.note(flaw("a userName that is taken is answered with another status than 409").concern()),
        }
        for difference in super::comparison::differences(&users, &before, &before, &after) {
            let flaw = answer.flaw(format!("the refused PATCH has changed the user: {}", difference.text));
            t.note(flaw.breaks(&["RFC7644-3.5.2-24"]));
        }
    }
    Ok(())
}

check! {
    /// A user can be renamed by PATCH: the userName is the new one, the id and everything else stay.
    ///
    /// Why: names change, and the account must follow. When the id changes with the name, the identity provider loses
    /// the account; when the userName is silently kept, the person cannot sign in any more.
    ///
    /// Fix: treat userName as any other attribute, and never derive the id from it.
    NEW_NAME = new_name,
    id: "patch.user-name",
    title: "a user can be renamed, and keeps the id",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-03", "RFC7643-3.1-08", "RFC7643-7-22"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn new_name(t: &Trial) -> Verdict {
    let users = t.users()?;
    if !is_read_write(&users, "userName") {
        return skip("the User schema of the target does not call userName readWrite");
    }
    let subject = Subject::full(t, &users).await?;
    let name = t.body(&users).await?["userName"].clone();
    let mut expected = subject.before.clone();
    expected["userName"] = name.clone();
    let operations = json!([{ "op": "replace", "path": "userName", "value": name }]);
    let verdict = subject.becomes(t, operations, &expected).await.map(drop);
    breaking(verdict, &["RFC7644-3.5.2.3-03", "RFC7643-7-22"])
}

check! {
    /// A PATCH that sets the userName that a user has already is no conflict.
    ///
    /// Why: identity providers repeat values that did not change. A user who is in conflict with itself can never be
    /// updated again.
    ///
    /// Fix: leave the resource itself out when looking for others with the same value.
    OWN_NAME = own_name,
    id: "patch.own-user-name",
    title: "the userName that a user has already is no conflict",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-03"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn own_name(t: &Trial) -> Verdict {
    let users = t.users()?;
    let subject = Subject::full(t, &users).await?;
    let name = &subject.before["userName"];
    for op in ["replace", "add"] {
        let operations = json!([{ "op": op, "path": "userName", "value": name }]);
        t.soft(subject.becomes(t, operations, &subject.before).await)?;
    }
    Ok(())
}

check! {
    /// The externalId can be set, changed and removed by PATCH.
    ///
    /// Why: it is the key of the client. After a migration or a merge of two directories the key changes, and a target
    /// that keeps the old one is matched to the wrong person.
    ///
    /// Fix: store externalId as the client sends it, for every resource type, at any time.
    EXTERNAL_ID = external_id,
    id: "patch.external-id",
    title: "externalId can be set, changed and removed by PATCH",
    level: Must,
    requirements: ["RFC7643-3.1-20"],
    needs: [Patch],
    breaks: [Okta, Entra],
}

async fn external_id(t: &Trial) -> Verdict {
    let mut judged = false;
    for kind in t.kinds() {
        let mut body = t.body(kind).await?;
        let first = t.ground().fresh_name();
        body["externalId"] = json!(first);
        let mut subject = Subject::of(t, kind, &body).await?;
        if subject.before.get("externalId") != Some(&json!(first)) {
            continue;
        }
        judged = true;
        let next = t.ground().fresh_name();
        let steps = [
            (json!([{ "op": "replace", "path": "externalId", "value": next }]), json!(next)),
            (json!([{ "op": "remove", "path": "externalId" }]), Value::Null),
            (json!([{ "op": "add", "path": "externalId", "value": first }]), json!(first)),
        ];
        for (operations, value) in steps {
            let mut expected = subject.before.clone();
            expected["externalId"] = value;
            let after = subject.becomes(t, operations, &expected).await;
            let Some(after) = t.soft(after)? else { break };
            subject.before = after;
        }
    }
    match judged {
        true => Ok(()),
        false => Err(Stop::Blocked("no resource keeps its externalId (topic `attributes`)".to_owned())),
    }
}

check! {
    /// A password can be set by PATCH, and does not come back in any answer.
    ///
    /// Why: Okta sends new passwords this way. A mutability error leaves people with the old password; an answer that
    /// repeats the password writes it into every log on the way.
    ///
    /// Fix: take `password` in PATCH, store only a hash, and leave it out of every answer.
    PASSWORD = password,
    id: "patch.password",
    title: "a password can be set by PATCH and is not shown",
    level: Must,
    requirements: ["RFC7643-4.1.1-26", "RFC7643-4.1.1-18"],
    needs: [Patch, Users, ChangePassword],
    breaks: [Okta],
}

async fn password(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Some(slot) = slots(&users.schema).find(|slot| slot.path() == "password") else {
        return skip("the User schema has no password");
    };
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let secret = fresh(t, &slot);
    let plain = secret.as_str().unwrap_or_default();
    let operations = json!([{ "op": "replace", "path": "password", "value": secret }]);
    let answer = subject.patch(t, operations).await?;
    let read = t.get(&format!("{}?attributes=userName,password", subject.created.path)).await?;
    for shown in [&answer, &read] {
        let has_member =
            shown.json.as_ref().is_some_and(|json| json.get("password").is_some_and(|p| !p.is_null()));
        if has_member || String::from_utf8_lossy(&shown.body).contains(plain) {
            t.note(
                shown
                    .flaw(format!("the answer to {} shows the password", shown.asked))
                    .expected("no password")
                    .got("a member `password`")
                    .breaks(&["RFC7643-4.1.1-18"]),
            );
        }
    }
    Ok(())
}

check! {
    /// When an operation adds a schema to `schemas`, the operations after it may use the attributes of that schema.
    ///
    /// Why: a client that works by the letter announces an extension before it uses it. A target that reads all paths
    /// by the schemas from before the request refuses what it was just told.
    ///
    /// Fix: let each operation see the resource as the one before it has left it, `schemas` included.
    SCHEMAS_FIRST = schemas_first,
    id: "patch.schemas-first",
    title: "operations may use a schema that an earlier one has added",
    level: Should,
    requirements: ["RFC7644-3.5.2-19"],
    needs: [Patch, Users],
    breaks: [],
}

async fn schemas_first(t: &Trial) -> Verdict {
    let users = t.users()?;
    let found = texts(t, &users, 1).await?;
    let Some((slot, urn)) = found
        .iter()
        .find_map(|slot| Some((slot, slot.extension.clone()?)))
        .filter(|(slot, _)| slot.sub.is_none())
    else {
        return skip("no extension of the User resource type keeps a text");
    };
    let mut body = t.body(&users).await?;
    if body.get(&urn).is_some() {
        return skip("every user has the extension from the beginning");
    }
    body["schemas"] = json!([users.schema.core.id]);
    let subject = Subject::of(t, &users, &body).await?;
    let value = fresh(t, slot);
    let name = slot.attribute.name.as_str();
    let operations = json!([
        { "op": "add", "path": "schemas", "value": [urn] },
        { "op": "add", "value": { urn.as_str(): { name: value } } },
    ]);
    let expected = with(&subject.before, slot, value);
    let after = subject.becomes(t, operations, &expected).await?;
    match after.as_object().is_some_and(|object| declares(object, &urn)) {
        true => Ok(()),
        false => {
            let read = t.get(&subject.view).await?;
            Err(read
                .flaw("`schemas` does not have the URI that was added")
                .expected(urn)
                .got(words(after.get("schemas")))
                .into())
        }
    }
}
