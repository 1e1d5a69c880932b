//! The `remove` operation (RFC 7644 §3.5.2.2).

use std::sync::Arc;

use serde_json::json;

use super::subject::{Listing, Refusal, Subject, mistake, texts, told, with, without};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::{is_plain, is_unassigned, slots};
use crate::conformance::trial::{Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::Type;

pub(super) const CHECKS: &[Check] = &[
    SINGULAR,
    SUB_ATTRIBUTE,
    WHOLE_LIST,
    BY_VALUE,
    BY_TWO_CONDITIONS,
    SEVERAL_MATCHES,
    LAST_MATCH,
    TWO_REMOVALS,
    PART_OF_ELEMENT,
    NO_MATCH,
    UNASSIGNED,
    WITHOUT_PATH,
    REQUIRED,
    READ_ONLY,
];

/// A place that may lose its value, and a user who has one there.
pub(super) async fn removable(t: &Trial, fits: impl Fn(&Slot) -> bool) -> Result<(Subject, Slot), Stop> {
    let users = t.users()?;
    let found = texts(t, &users, 1).await?;
    let subject = Subject::full(t, &users).await?;
    let fits = |slot: &&Slot| !slot.leaf().required && slot.get(&subject.before).is_some() && fits(slot);
    match found.iter().find(fits).cloned() {
        Some(slot) => Ok((subject, slot)),
        None => skip("the User resource type keeps no such optional text"),
    }
}

check! {
    /// `remove` of a single-valued attribute leaves it without a value: absent or null, and not empty text.
    ///
    /// Why: an attribute that is cleared in the directory stays here for ever, such as the title of somebody who no
    /// longer has it. Empty text counts as a value in filters and in user interfaces.
    ///
    /// Fix: delete the attribute from the stored resource.
    SINGULAR = singular,
    id: "patch.remove",
    title: "remove clears a single-valued attribute",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-02"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn singular(t: &Trial) -> Verdict {
    let (subject, slot) = removable(t, |slot| slot.sub.is_none() && slot.extension.is_none()).await?;
    let operations = json!([{ "op": "remove", "path": slot.path() }]);
    subject.becomes(t, operations, &without(&subject.before, &slot)).await.map(drop)
}

check! {
    /// `remove` of a sub-attribute of a complex attribute clears it and leaves the others. An empty text in its place is a warning.
    ///
    /// Why: clearing a middle name must not cost the family name.
    ///
    /// Fix: follow the path to the sub-attribute, and remove only that.
    SUB_ATTRIBUTE = sub_attribute,
    id: "patch.remove-sub-attribute",
    title: "remove of a sub-attribute leaves the others",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-09"],
    needs: [Patch, Users],
    breaks: [],
}

async fn sub_attribute(t: &Trial) -> Verdict {
    let users = t.users()?;
    let (subject, _, part) = super::patch_replace::complex_subject(t, &users).await?;
    if part.leaf().required {
        return skip(format!("{} is required", part.path()));
    }
    let operations = json!([{ "op": "remove", "path": part.path() }]);
    let told = told(&operations);
    let answer = subject.patch(t, operations).await?;
    let after = subject.now(t, &answer).await?;
    let empty = json!("");
    if part.get(&after) != Some(&empty) {
        return subject.judge(&answer, &told, &without(&subject.before, &part), &after);
    }
    t.note(
        answer
            .flaw(format!("after {told}, the value is an empty text instead of none"))
            .expected(format!("no `{}`", part.path()))
            .got(format!("{}: \"\"", part.path()))
            .concern(),
    );
    subject.judge(&answer, &told, &with(&subject.before, &part, empty), &after)
}

check! {
    /// `remove` of a multi-valued attribute without a filter removes all of its values.
    ///
    /// Why: values that stay behind are addresses and phones of somebody who no longer has them.
    ///
    /// Fix: delete the attribute with all of its elements.
    WHOLE_LIST = whole_list,
    id: "patch.remove-list",
    title: "remove of a multi-valued attribute removes all values",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-03"],
    needs: [Patch, Users],
    breaks: [],
}

async fn whole_list(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1, 2], false).await?;
    if listing.list.slot.attribute.required {
        return skip(format!("{} is required", listing.list.slot.path()));
    }
    let operations = json!([{ "op": "remove", "path": listing.list.slot.path() }]);
    listing.subject.becomes(t, operations, &listing.with(vec![])).await.map(drop)
}

check! {
    /// `remove` with a filter on the value removes that value and leaves the others.
    ///
    /// A clean refusal of the filter (400 invalidPath or invalidFilter, or 501) is a warning, as it is for filters of queries.
    ///
    /// Why: clients remove one address at a time; members, which Okta and Microsoft Entra ID remove this way, have checks of their
    /// own (topic `membership`). A target that ignores the filter either removes everything, or nothing and says that it did.
    ///
    /// Fix: evaluate the filter for each element, and remove those that match.
    BY_VALUE = by_value,
    id: "patch.remove-by-value",
    title: "remove with a filter removes the matching value and no other",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-04", "RFC7644-3.5.2-11"],
    needs: [Patch, Users],
    breaks: [],
}

async fn by_value(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1, 2], false).await?;
    let operations = json!([{ "op": "remove", "path": listing.with_value(1) }]);
    listing.subject.becomes(t, operations, &listing.with(listing.only(&[0, 2]))).await.map(drop)
}

check! {
    /// A filter in a path may have two conditions; `remove` takes the elements for which both hold, and no others.
    ///
    /// Why: a target that looks at the first condition removes too much; one that gives up on the filter removes
    /// nothing, and answers 200.
    ///
    /// Fix: use the same filter evaluation for paths as for queries, with and, or, not and parentheses.
    BY_TWO_CONDITIONS = by_two_conditions,
    id: "patch.remove-by-two-conditions",
    title: "remove with two conditions removes what meets both",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-06", "RFC7644-3.5.2-11"],
    needs: [Patch, Users],
    breaks: [],
}

async fn by_two_conditions(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut listing = Listing::of(t, &users, &[0, 1, 0], true).await?;
    let (path, value) = (listing.list.slot.path(), listing.list.value.leaf().name.clone());
    let filter = |index: usize, at: usize, listing: &Listing| {
        let kind = listing.list.kind.as_ref().map_or("type", |kind| kind.leaf().name.as_str());
        let word = json!(listing.list.type_word(index));
        json!([{ "op": "remove", "path": format!("{path}[{kind} eq {word} and {value} eq {}]", listing.value(at)) }])
    };
    // Each condition holds for something, both hold for nothing: whatever is answered, everything stays.
    let operations = filter(0, 1, &listing);
    let told = told(&operations);
    let answer = t.patch(&listing.subject.created.path, operations).await?;
    let after = listing.subject.now(t, &answer).await?;
    t.soft(listing.subject.judge(&answer, &told, &listing.subject.before, &after))?;
    listing.subject.before = after;
    let expected = listing.with(listing.only(&[1, 2]));
    t.soft(listing.subject.becomes(t, filter(0, 0, &listing), &expected).await)?;
    Ok(())
}

check! {
    /// `remove` with a filter removes every element that matches.
    ///
    /// Why: somebody with two work phones keeps one of them when a target stops at the first match.
    ///
    /// Fix: go through all elements, from the end or into a new list, so that no index shifts under the loop.
    SEVERAL_MATCHES = several_matches,
    id: "patch.remove-all-matches",
    title: "remove with a filter removes every match",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-06"],
    needs: [Patch, Users],
    breaks: [],
}

async fn several_matches(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 0, 1], true).await?;
    let operations = json!([{ "op": "remove", "path": listing.with_type(0) }]);
    listing.subject.becomes(t, operations, &listing.with(listing.only(&[2]))).await.map(drop)
}

check! {
    /// When a filtered `remove` takes the last value of an attribute, the attribute has no value: it is absent, null or
    /// an empty array.
    ///
    /// A clean refusal of the filter (400 invalidPath or invalidFilter, or 501) is a warning, as it is for filters of queries.
    ///
    /// Why: an empty object that stays behind counts as a value, and breaks clients that expect `value` in it.
    ///
    /// Fix: remove the whole element, and the attribute with its last element.
    LAST_MATCH = last_match,
    id: "patch.remove-last-value",
    title: "an attribute whose last value is removed has none",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-05", "RFC7644-3.5.2.2-08"],
    needs: [Patch, Users],
    breaks: [],
}

async fn last_match(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0], false).await?;
    if listing.list.slot.attribute.required {
        return skip(format!("{} is required", listing.list.slot.path()));
    }
    let operations = json!([{ "op": "remove", "path": listing.with_value(0) }]);
    listing.subject.becomes(t, operations, &listing.with(vec![])).await.map(drop)
}

check! {
    /// Two filtered removals in one request remove these two values and no others.
    ///
    /// A clean refusal of the filter (400 invalidPath or invalidFilter, or 501) is a warning, as it is for filters of queries.
    ///
    /// Why: a target that turns filters into indices before it applies the operations hits the wrong values with the
    /// second one.
    ///
    /// Fix: evaluate each filter on the result of the operation before.
    TWO_REMOVALS = two_removals,
    id: "patch.remove-two",
    title: "two filtered removals in one PATCH remove the right values",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-04", "RFC7644-3.5.2-21"],
    needs: [Patch, Users],
    breaks: [],
}

async fn two_removals(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1, 2, 3], false).await?;
    let operations = json!([
        { "op": "remove", "path": listing.with_value(0) },
        { "op": "remove", "path": listing.with_value(2) },
    ]);
    listing.subject.becomes(t, operations, &listing.with(listing.only(&[1, 3]))).await.map(drop)
}

/// A multi-valued complex attribute with one sub-attribute to choose by, and one to change: what is chosen by, what is
/// changed.
pub(super) async fn parts(t: &Trial, kind: &Arc<Kind>) -> Result<Vec<(Slot, Slot)>, Stop> {
    let survey = t.survey(kind).await?;
    let mut found = Vec::new();
    for slot in slots(&kind.schema).filter(|slot| slot.attribute.multi_valued && is_plain(&slot.attribute)) {
        let subs: Vec<Slot> = slot
            .attribute
            .sub_attributes
            .iter()
            .filter(|sub| sub.kind == Type::String && is_plain(sub) && !sub.multi_valued)
            .map(|sub| slot.with_sub(sub))
            .filter(|sub| survey.keeps(sub) && sub.leaf().name != "formatted")
            .collect();
        let is_free = |sub: &&Slot| sub.sample("k3x9a").as_str().is_some_and(|text| text.contains("k3x9a"));
        let Some(key) = subs.iter().find(is_free) else { continue };
        let other = |sub: &&Slot| sub.leaf().name != key.leaf().name && !sub.leaf().required;
        let part = subs.iter().filter(other).find(is_free).or_else(|| subs.iter().find(other));
        if let Some(part) = part {
            found.push((key.clone(), part.clone()));
        }
    }
    // Free text is better than a type, which the target may supply.
    found.sort_by_key(|(_, part)| part.leaf().name == "type");
    match found.is_empty() {
        true => skip(format!("{} keeps no multi-valued attribute with two text parts", kind.name())),
        false => Ok(found),
    }
}

check! {
    /// `remove` of a sub-attribute that a filter selects clears it in that element; the element and all others stay.
    ///
    /// A clean refusal of the filter (400 invalidPath or invalidFilter, or 501) is a warning, as it is for filters of queries.
    ///
    /// Why: a target that removes the whole element deletes an address where only the region was to go.
    ///
    /// Fix: when the path goes on after the filter, remove the sub-attribute and not the element.
    PART_OF_ELEMENT = part_of_element,
    id: "patch.remove-value-path",
    title: "remove through a filter clears the sub-attribute of the match only",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-07"],
    needs: [Patch, Users],
    breaks: [],
}

async fn part_of_element(t: &Trial) -> Verdict {
    let users = t.users()?;
    for (key, part) in parts(t, &users).await? {
        let slot = Slot { sub: None, ..key.clone() };
        let elements = [0, 1].map(|_| {
            let tag = t.ground().fresh_name();
            let mut element = slot.sample(&tag)[0].clone();
            if let Some(object) = element.as_object_mut() {
                object.shift_remove("primary");
                object.shift_remove("formatted");
            }
            element
        });
        let mut body = t.body(&users).await?;
        slot.set(&mut body, json!(elements));
        let answer = t.post(users.endpoint(), &body).await?;
        if !answer.is_success() {
            continue;
        }
        let created = t.created_by(&users, &answer)?;
        let before = t.read(&created).await?;
        let view = created.path.clone();
        let subject = Subject { kind: Arc::clone(&users), created, view, before };
        let (by, name) = (key.leaf().name.as_str(), part.leaf().name.as_str());
        let kept = slot.get(&subject.before).and_then(|list| list.as_array()).cloned().unwrap_or_default();
        if kept.len() != 2 || kept.iter().any(|element| element.get(name).is_none_or(is_unassigned)) {
            continue;
        }
        let path = format!("{}[{by} eq {}].{name}", slot.path(), elements[0][by]);
        let operations = json!([{ "op": "remove", "path": path }]);
        let told = told(&operations);
        let answer = subject.patch(t, operations).await?;
        let after = subject.now(t, &answer).await?;
        let mut expected = elements.clone();
        if let Some(object) = expected[0].as_object_mut() {
            object.shift_remove(name);
        }
        let mut whole = subject.before.clone();
        slot.set(&mut whole, json!(expected));
        subject.judge(&answer, &told, &whole, &after)?;
        let found = slot.get(&after).and_then(|list| list.as_array()).cloned().unwrap_or_default();
        let left =
            found.iter().find(|element| element[by] == elements[0][by]).and_then(|element| element.get(name));
        return match left {
            // Another value is one that the target supplies.
            Some(value) if *value == elements[0][name] => Err(answer
                .flaw(format!("after {told}, the sub-attribute still has its value"))
                .expected(format!("no `{name}`"))
                .got(format!("`{name}`: {value}"))
                .into()),
            _ => Ok(()),
        };
    }
    skip("the target keeps no two elements with several parts")
}

check! {
    /// `remove` with a filter that nothing matches removes nothing. It may succeed or be refused with 400 noTarget.
    ///
    /// Why: the value may have gone meanwhile, and identity providers send what they believed to be there. Targets that
    /// look an index up and use -1 remove the last value instead: somebody else's membership or address.
    ///
    /// Fix: when no element matches, leave the list alone.
    NO_MATCH = no_match,
    id: "patch.remove-no-match",
    title: "remove with a filter without a match removes nothing",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-04"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn no_match(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1, 2], false).await?;
    let (path, name) = (listing.list.slot.path(), &listing.list.value.leaf().name);
    let other = listing.another(t, 0)[name].clone();
    let operations = json!([{ "op": "remove", "path": format!("{path}[{name} eq {other}]") }]);
    expect_nothing(t, &listing.subject, operations).await
}

/// An operation without an object: it succeeds or is refused with 400 noTarget, and changes nothing.
async fn expect_nothing(t: &Trial, subject: &Subject, operations: serde_json::Value) -> Verdict {
    let told = told(&operations);
    let answer = t.patch(&subject.created.path, operations).await?;
    if !answer.is_success() {
        subject.blocked_without_patch(t, &answer).await?;
        // A filter of that kind may be more than it understands, which other checks tell.
        let refusal = Refusal { keywords: &[], is_demanded: false, answer: &[] };
        refusal.judge(t, &told, &answer);
    }
    let after = subject.now(t, &answer).await?;
    subject.judge_unchanged(&answer, &told, &after)
}

check! {
    /// `remove` of an attribute that has no value does no harm: it succeeds or is refused with 400 noTarget.
    ///
    /// Why: identity providers do not know what is stored, and clear attributes to be sure. An internal error makes
    /// them repeat the whole update for days.
    ///
    /// Fix: treat a missing attribute as removed already.
    UNASSIGNED = unassigned,
    id: "patch.remove-unassigned",
    title: "remove of an attribute without a value does no harm",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-13"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn unassigned(t: &Trial) -> Verdict {
    let users = t.users()?;
    let found = texts(t, &users, 1).await?;
    let Some(slot) = found.iter().find(|slot| !slot.leaf().required) else {
        return skip("the User resource type keeps no optional text");
    };
    let subject = Subject::of(t, &users, &without(&t.body(&users).await?, slot)).await?;
    if slot.get(&subject.before).is_some() {
        return skip(format!("the target gives {} a value of its own", slot.path()));
    }
    expect_nothing(t, &subject, json!([{ "op": "remove", "path": slot.path() }])).await
}

check! {
    /// `remove` without a path fails with 400 noTarget.
    ///
    /// Why: an operation that does not say what to remove is a mistake. A target that takes the resource for its target
    /// empties the account.
    ///
    /// Fix: answer 400 with `"scimType": "noTarget"` when a `remove` has no `path`.
    WITHOUT_PATH = without_path,
    id: "patch.remove-without-path",
    title: "remove without a path is refused with noTarget",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-01", "RFC7644-3.5.2-08", "RFC7644-3.12-25"],
    needs: [Patch, Users],
    breaks: [],
}

async fn without_path(t: &Trial) -> Verdict {
    let users = t.users()?;
    let subject = Subject::full(t, &users).await?;
    let refusal = Refusal { keywords: &["noTarget"], is_demanded: true, answer: &[] };
    subject.refuses(t, &refusal, [mistake(json!([{ "op": "remove" }]))]).await.map(drop)
}

/// A removal that is refused with this keyword and no other.
pub(super) const FORBIDDEN: Refusal = Refusal { keywords: &["mutability"], is_demanded: true, answer: &[] };

check! {
    /// `remove` of a required attribute is refused with 400 mutability.
    ///
    /// Why: a user without userName cannot sign in, cannot be found, and breaks every client that relies on the schema.
    ///
    /// Fix: check after each operation that every required attribute has a value, and answer 400 with `"scimType":
    /// "mutability"`.
    REQUIRED = required,
    id: "patch.remove-required",
    title: "remove of a required attribute is refused with mutability",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-10"],
    needs: [Patch, Users],
    breaks: [],
}

async fn required(t: &Trial) -> Verdict {
    let users = t.users()?;
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let operations = json!([{ "op": "remove", "path": "userName" }]);
    subject.refuses(t, &FORBIDDEN, [mistake(operations)]).await.map(drop)
}

check! {
    /// `remove` of a readOnly attribute that has a value is refused with 400 mutability.
    ///
    /// Why: a client that is told that the id is gone, or that the membership was cleared at the user, has been told
    /// something wrong and acts on it.
    ///
    /// Fix: check the mutability of the attribute before the operation is applied.
    READ_ONLY = read_only,
    id: "patch.remove-read-only",
    title: "remove of a readOnly attribute is refused with mutability",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-11"],
    needs: [Patch, Users],
    breaks: [],
}

async fn read_only(t: &Trial) -> Verdict {
    let users = t.users()?;
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let mut operations = vec![json!([{ "op": "remove", "path": "id" }])];
    if super::patch::member_of_meta(&subject.before, "created").is_some() {
        operations.push(json!([{ "op": "remove", "path": "meta.created" }]));
    }
    subject.refuses(t, &FORBIDDEN, operations.into_iter().map(mistake)).await.map(drop)
}
