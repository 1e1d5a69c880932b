//! The `replace` operation (RFC 7644 §3.5.2.3).

use std::sync::Arc;

use serde_json::{Value, json};

use super::patch::booleans;
use super::patch_add::VALUE;
use super::query::breaking;
use super::subject::{Listing, Refusal, Subject, fresh, mistake, texts, told, with, without};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::Type;

pub(super) const CHECKS: &[Check] = &[
    SINGULAR,
    SAME_VALUE,
    BOOLEAN,
    UNSET,
    SUB_ATTRIBUTE,
    COMPLEX,
    COMPLEX_NEEDS_OBJECT,
    WITHOUT_PATH,
    LIST,
    EMPTY_LIST,
    NULL,
    WRONG_TYPE,
    VALUE_MISSING,
    REQUIRED,
];

check! {
    /// `replace` of a single-valued attribute sets the new value, and leaves everything else.
    ///
    /// Why: this is the operation that identity providers send most. When it is confirmed and not done, people keep old
    /// names and titles.
    ///
    /// Fix: set the attribute that the path names, store the resource, and answer from what was stored.
    SINGULAR = singular,
    id: "patch.replace",
    title: "replace sets a single-valued attribute",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-03"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn singular(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let subject = Subject::full(t, &users).await?;
    let value = fresh(t, &slot);
    let expected = with(&subject.before, &slot, value.clone());
    let operations = json!([{ "op": "replace", "path": slot.path(), "value": value }]);
    subject.becomes(t, operations, &expected).await.map(drop)
}

check! {
    /// `replace` by the value that is there already succeeds.
    ///
    /// Why: identity providers repeat values in every cycle. Targets that answer «nothing to update» with an error
    /// drive Entra ID into quarantine.
    ///
    /// Fix: answer as for any other change.
    SAME_VALUE = same_value,
    id: "patch.replace-same-value",
    title: "replace by the same value succeeds",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-03"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn same_value(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let subject = Subject::full(t, &users).await?;
    let Some(value) = slot.get(&subject.before) else {
        return skip(format!("the target does not keep {}", slot.path()));
    };
    let operations = json!([{ "op": "replace", "path": slot.path(), "value": value }]);
    subject.becomes(t, operations, &subject.before).await.map(drop)
}

check! {
    /// `replace` switches a Boolean off and on again.
    ///
    /// Why: `active` is how people lose access and get it back. A target that only knows one direction, or that answers
    /// 200 and does nothing, leaves somebody with access who must not have it, or without it who needs it.
    ///
    /// Fix: store the Boolean that is sent, false as well as true.
    BOOLEAN = boolean,
    id: "patch.replace-boolean",
    title: "replace switches a Boolean off and on again",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-03", "RFC7643-4.1.1-17"],
    needs: [Patch, Users],
    breaks: [Okta, Entra, OneLogin, Ping],
}

async fn boolean(t: &Trial) -> Verdict {
    let users = t.users()?;
    let found = booleans(t, &users).await?;
    let Some(slot) = found.iter().find(|slot| slot.path() == "active").or(found.first()) else {
        return skip("the User resource type keeps no Boolean");
    };
    let mut subject = Subject::full(t, &users).await?;
    for value in [false, true] {
        let operations = json!([{ "op": "replace", "path": slot.path(), "value": value }]);
        let expected = with(&subject.before, slot, json!(value));
        let rules: &[&'static str] = match slot.path().as_str() {
            "active" => &["RFC7644-3.5.2.3-03", "RFC7643-4.1.1-17"],
            _ => &["RFC7644-3.5.2.3-03"],
        };
        subject.before = breaking(subject.becomes(t, operations, &expected).await, rules)?;
    }
    Ok(())
}

check! {
    /// `replace` of an attribute that has no value sets it, as `add` would.
    ///
    /// Why: identity providers send `replace` for everything, whether there is a value or not. An error keeps new
    /// attributes out for good.
    ///
    /// Fix: treat `replace` of an attribute without a value as `add`.
    UNSET = unset,
    id: "patch.replace-unset",
    title: "replace sets an attribute that has no value",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-06"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn unset(t: &Trial) -> Verdict {
    let users = t.users()?;
    let list =
        t.survey(&users).await?.lists(&users.schema).into_iter().find(|list| !list.slot.attribute.required);
    let found = texts(t, &users, 1).await?;
    let mut places: Vec<(Slot, Value)> = Vec::new();
    for fits in [|slot: &&Slot| slot.sub.is_none(), |slot: &&Slot| slot.extension.is_some()] {
        if let Some(slot) = found.iter().filter(|slot| !slot.leaf().required).find(fits) {
            places.push((slot.clone(), fresh(t, slot)));
        }
    }
    if let Some(list) = list {
        let element = list.element(&t.ground().fresh_name(), 0);
        places.push((list.slot, json!([element])));
    }
    let mut body = t.body(&users).await?;
    for (slot, _) in &places {
        body = without(&body, slot);
    }
    let mut subject = Subject::of(t, &users, &body).await?;
    let mut judged = false;
    for (slot, value) in places {
        if slot.get(&subject.before).is_some() {
            continue;
        }
        judged = true;
        let expected = with(&subject.before, &slot, value.clone());
        let operations = json!([{ "op": "replace", "path": slot.path(), "value": value }]);
        let after = subject.becomes(t, operations, &expected).await;
        if let Some(after) = t.soft(after)? {
            subject.before = after;
        } else {
            subject.before = t.read(&subject.created).await?;
        }
    }
    if judged { Ok(()) } else { skip("the target gives every attribute a value of its own") }
}

/// A user with a singular complex attribute that has at least two parts, the attribute, and one of the parts.
pub(super) async fn complex_subject(t: &Trial, kind: &Arc<Kind>) -> Result<(Subject, Slot, Slot), Stop> {
    let (slot, mut subs) = t.complex(kind).await?;
    subs.retain(|sub| sub.leaf().name != "formatted");
    let subject = Subject::full(t, kind).await?;
    let held = subs.iter().filter(|sub| sub.get(&subject.before).is_some()).count();
    let part = subs.iter().find(|sub| !sub.leaf().required).or(subs.first()).cloned();
    match part {
        Some(part) if held >= 2 => Ok((subject, slot, part)),
        _ => skip(format!("the target does not keep several parts of {}", slot.path())),
    }
}

check! {
    /// `replace` of a sub-attribute by its path changes that and leaves the others.
    ///
    /// Why: Entra ID changes the parts of a name one by one. A target that replaces the whole name loses the other
    /// parts.
    ///
    /// Fix: follow the path to the sub-attribute, and set only that.
    SUB_ATTRIBUTE = sub_attribute,
    id: "patch.replace-sub-attribute",
    title: "replace of a sub-attribute leaves the others",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-03", "RFC7644-3.10-04"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn sub_attribute(t: &Trial) -> Verdict {
    let users = t.users()?;
    let (subject, _, part) = complex_subject(t, &users).await?;
    let value = fresh(t, &part);
    let expected = with(&subject.before, &part, value.clone());
    let operations = json!([{ "op": "replace", "path": part.path(), "value": value }]);
    subject.becomes(t, operations, &expected).await.map(drop)
}

check! {
    /// `replace` of a complex attribute sets the sub-attributes of `value`, and leaves those that it does not mention.
    /// The draft of the interoperability profile says otherwise; the RFC is what counts here.
    ///
    /// Why: a client that corrects the family name sends the family name. A target that replaces the whole object loses
    /// the given name.
    ///
    /// Fix: merge the object into the stored one, member by member.
    COMPLEX = complex,
    id: "patch.replace-complex",
    title: "replace of a complex attribute leaves what it does not mention",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-08"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn complex(t: &Trial) -> Verdict {
    let users = t.users()?;
    let (subject, slot, part) = complex_subject(t, &users).await?;
    let value = fresh(t, &part);
    let name = part.leaf().name.as_str();
    let operations = json!([{ "op": "replace", "path": slot.path(), "value": { name: value } }]);
    let expected = with(&subject.before, &part, value);
    subject.becomes(t, operations, &expected).await.map(drop)
}

check! {
    /// The value of a `replace` of a complex attribute is an object; text is refused with 400 invalidValue.
    ///
    /// Why: text where readers expect an object breaks every client that looks for a part of it.
    ///
    /// Fix: check the type of `value` against the schema of the target attribute.
    COMPLEX_NEEDS_OBJECT = complex_needs_object,
    id: "patch.replace-complex-text",
    title: "replace of a complex attribute by text is refused",
    level: Should,
    requirements: ["RFC7644-3.5.2.3-07"],
    needs: [Patch, Users],
    breaks: [],
}

async fn complex_needs_object(t: &Trial) -> Verdict {
    let users = t.users()?;
    let (subject, slot, _) = complex_subject(t, &users).await?;
    let operations = json!([{ "op": "replace", "path": slot.path(), "value": "text" }]);
    subject.refuses(t, &VALUE, [mistake(operations)]).await.map(drop)
}

check! {
    /// `replace` without a path replaces the attributes of `value`, lists as a whole, and leaves every other attribute.
    ///
    /// Why: Okta deactivates people this way, and renames groups. A target that demands a path refuses that; one that
    /// takes `value` for the whole resource empties the account.
    ///
    /// Fix: apply the operation to each member of `value` as if its name were the path.
    WITHOUT_PATH = without_path,
    id: "patch.replace-without-path",
    title: "replace without a path replaces what is listed and nothing else",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-01", "RFC7644-3.5.2.3-02", "RFC7644-3.5.2-07"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn without_path(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1, 2], false).await?;
    let found = texts(t, &users, 1).await?;
    let Some(slot) = found.iter().find(|slot| slot.extension.is_none() && slot.sub.is_none()) else {
        return skip("no core attribute keeps a text");
    };
    let value = fresh(t, slot);
    let mut object = json!({ slot.attribute.name.as_str(): value });
    let mut expected = with(&listing.subject.before, slot, value);
    if listing.list.slot.extension.is_none() {
        let new = listing.another(t, 0);
        object[listing.list.slot.attribute.name.as_str()] = json!([new]);
        expected = with(&expected, &listing.list.slot, json!([new]));
    }
    let (operations, subject) = (json!([{ "op": "replace", "value": object }]), &listing.subject);
    let told = told(&operations);
    let refusal = &["RFC7644-3.5.2.3-01", "RFC7644-3.5.2-07"];
    let answer = breaking(subject.patch(t, operations).await, refusal)?;
    let after = subject.now(t, &answer).await?;
    // What was listed has its value: then something else is wrong.
    let is_set = slot.get(&after) == slot.get(&expected)
        && listing.list.values(&after) == listing.list.values(&expected);
    let rule = if is_set { "RFC7644-3.5.2.3-02" } else { "RFC7644-3.5.2.3-01" };
    breaking(subject.judge(&answer, &told, &expected, &after), &[rule])
}

check! {
    /// `replace` of a multi-valued attribute without a filter replaces all of its values by the new ones.
    ///
    /// Why: a client that sends the whole list means the whole list. Where the old values stay, people keep addresses,
    /// roles and memberships that were taken from them.
    ///
    /// Fix: assign the array; do not append to it.
    LIST = list,
    id: "patch.replace-list",
    title: "replace of a multi-valued attribute replaces all values",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-04"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn list(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1, 2], false).await?;
    // One stays, one is new, two go.
    let new = vec![listing.sent[1].clone(), listing.another(t, 0)];
    let operations = json!([{ "op": "replace", "path": listing.list.slot.path(), "value": new }]);
    listing.subject.becomes(t, operations, &listing.with(new)).await.map(drop)
}

check! {
    /// `replace` of a multi-valued attribute by an empty array removes all of its values.
    ///
    /// Why: clients empty a list this way; that of the members of a group, which Okta does, has a check of its own
    /// (`membership.replace-by-none`). A target that refuses the empty array, or ignores it, keeps what should be gone.
    ///
    /// Fix: treat an empty array as «no value».
    EMPTY_LIST = empty_list,
    id: "patch.replace-empty-list",
    title: "replace of a multi-valued attribute by [] clears it",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-05", "RFC7643-2.5-02"],
    needs: [Patch, Users],
    breaks: [],
}

async fn empty_list(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1], false).await?;
    if listing.list.slot.attribute.required {
        return skip(format!("{} is required", listing.list.slot.path()));
    }
    let operations = json!([{ "op": "replace", "path": listing.list.slot.path(), "value": [] }]);
    listing.subject.becomes(t, operations, &listing.with(vec![])).await.map(drop)
}

check! {
    /// `replace` of an attribute by null leaves it without a value; null means the same as «not there».
    ///
    /// Why: clients that clear an attribute send null. When it is stored as text, or ignored, the old value lives on.
    ///
    /// Fix: treat null as «no value» wherever a value may stand.
    NULL = null,
    id: "patch.replace-null",
    title: "replace by null clears the attribute",
    level: Should,
    requirements: ["RFC7643-2.5-02"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn null(t: &Trial) -> Verdict {
    let users = t.users()?;
    let found = texts(t, &users, 1).await?;
    let subject = Subject::full(t, &users).await?;
    let fits =
        |slot: &&Slot| !slot.leaf().required && slot.sub.is_none() && slot.get(&subject.before).is_some();
    let Some(slot) = found.iter().find(fits) else {
        return skip("the User resource type keeps no optional text");
    };
    let operations = json!([{ "op": "replace", "path": slot.path(), "value": null }]);
    subject.becomes(t, operations, &without(&subject.before, slot)).await.map(drop)
}

check! {
    /// A value of another type than the attribute has is refused with 400 invalidValue: an object for text, a word for
    /// a Boolean.
    ///
    /// Why: what is stored with the wrong type comes back with the wrong type, and breaks every client that reads it. A
    /// word that is read as false switches people off.
    ///
    /// Fix: check each value against the type in the schema before it is applied.
    WRONG_TYPE = wrong_type,
    id: "patch.replace-wrong-type",
    title: "replace by a value of the wrong type is refused",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-13", "RFC7644-3.5.2-12", "RFC7644-3.5.2-16"],
    needs: [Patch, Users],
    breaks: [],
}

async fn wrong_type(t: &Trial) -> Verdict {
    let users = t.users()?;
    let text = texts(t, &users, 1).await?.swap_remove(0);
    let survey = t.survey(&users).await?;
    let subject = Subject::full(t, &users).await?;
    let mut wrong = vec![(text, json!({ "not": "text" }))];
    wrong.extend(booleans(t, &users).await?.into_iter().take(1).map(|slot| (slot, json!("maybe"))));
    for kind in [Type::Integer, Type::Decimal] {
        wrong.extend(
            survey.of_type(&users.schema, kind).into_iter().take(1).map(|slot| (slot, json!("many"))),
        );
    }
    wrong.extend(
        survey
            .of_type(&users.schema, Type::DateTime)
            .into_iter()
            .take(1)
            .map(|slot| (slot, json!("yesterday"))),
    );
    let mistakes = wrong.into_iter().map(|(slot, value)| {
        let (told, message) = mistake(json!([{ "op": "replace", "path": slot.path(), "value": value }]));
        (format!("{told} by {value}"), message)
    });
    subject.refuses(t, &VALUE, mistakes).await.map(drop)
}

check! {
    /// `replace` without a value is refused, or clears the attribute; it does no harm.
    ///
    /// Why: the client has forgotten something. A target that stores an empty object or fails with an internal error
    /// makes the mistake worse.
    ///
    /// Fix: answer 400 invalidValue when a `replace` has no `value`.
    VALUE_MISSING = value_missing,
    id: "patch.replace-without-value",
    title: "replace without a value is refused",
    level: Should,
    requirements: ["RFC7644-3.5.2.3-14"],
    needs: [Patch, Users],
    breaks: [],
}

async fn value_missing(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let subject = Subject::full(t, &users).await?;
    let operations = [json!([{ "op": "replace", "path": slot.path() }]), json!([{ "op": "replace" }])];
    subject.refuses(t, &VALUE, operations.map(mistake)).await.map(drop)
}

check! {
    /// A required attribute cannot be emptied: `replace` by null or by empty text is refused with 400.
    ///
    /// Why: a user without userName cannot sign in and cannot be found again, and the schema promises that there is
    /// one.
    ///
    /// Fix: check after each operation that every required attribute has a value.
    REQUIRED = required,
    id: "patch.replace-required",
    title: "a required attribute cannot be emptied by replace",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-15"],
    needs: [Patch, Users],
    breaks: [],
}

/// What has become of a value that was to be taken away, for messages.
fn emptied(value: Option<&Value>) -> &'static str {
    match value {
        None | Some(Value::Null) => "is gone",
        Some(Value::String(text)) if text.is_empty() => "is empty now",
        Some(_) => "is another one now",
    }
}

async fn required(t: &Trial) -> Verdict {
    let users = t.users()?;
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let refusal = Refusal {
        keywords: &["mutability", "invalidValue", "invalidSyntax"],
        is_demanded: false,
        answer: &[],
    };
    for value in [Value::Null, json!("")] {
        let (told, message) = mistake(json!([{ "op": "replace", "path": "userName", "value": value }]));
        let told = format!("{told} by {value}");
        let answer = t.call("PATCH", &subject.created.path, Some(&message)).await?;
        let after = subject.now(t, &answer).await?;
        let is_kept = after.get("userName") == subject.before.get("userName");
        if answer.is_success() {
            let flaw = answer
                .flaw(match is_kept {
                    true => format!("{told} is accepted, and nothing is changed"),
                    false => format!("{told} is accepted, and userName {}", emptied(after.get("userName"))),
                })
                .expected("400 mutability or invalidValue")
                .got(answer.said());
            t.note(if is_kept { flaw.concern() } else { flaw });
            if !is_kept {
                return Ok(());
            }
            continue;
        }
        subject.blocked_without_patch(t, &answer).await?;
        refusal.judge(t, &told, &answer);
        t.soft(subject.judge_unchanged(&answer, &told, &after))?;
    }
    Ok(())
}
