//! The `add` operation (RFC 7644 §3.5.2.1).

use serde_json::{Value, json};

use super::patch::{instant, member_of_meta, words};
use super::query::breaking;
use super::subject::{Listing, Refusal, Subject, fresh, mistake, texts, told, with, without};
use super::team::{Team, membership};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Created, Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] = &[
    APPENDS,
    SINGLE_OBJECT,
    UNSET,
    REPLACES_SINGULAR,
    NO_CHANGE,
    WITHOUT_PATH,
    COMPLEX,
    SUB_ATTRIBUTE,
    COMPLEX_NEEDS_OBJECT,
    VALUE_PATH,
    NO_MATCH,
    VALUE_MISSING,
];

/// A value that does not fit.
pub(super) const VALUE: Refusal =
    Refusal { keywords: &["invalidValue", "invalidSyntax"], is_demanded: false, answer: &[] };

check! {
    /// `add` on a multi-valued attribute appends: the values that were there stay, one new value or several are added.
    ///
    /// Why: this is how second addresses, phones and members arrive. A target that stores only what it was sent throws
    /// away everything that others had put there.
    ///
    /// Fix: append the new elements to the stored array; never assign the array.
    APPENDS = appends,
    id: "patch.add-appends",
    title: "add appends to a multi-valued attribute",
    level: Must,
    requirements: ["RFC7644-3.5.2.1-08"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn appends(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut listing = match Listing::of(t, &users, &[0, 1], false).await {
        Err(Stop::Skip(reason)) => return appends_members(t, reason).await,
        listing => listing?,
    };
    let path = listing.list.slot.path();
    for types in [&[2][..], &[3, 3][..]] {
        let new: Vec<Value> = types.iter().map(|index| listing.another(t, *index)).collect();
        let operations = json!([{ "op": "add", "path": path, "value": new }]);
        let mut all = listing.sent.clone();
        all.extend(new);
        let expected = listing.with(all.clone());
        listing.subject.before = listing.subject.becomes(t, operations, &expected).await?;
        listing.sent = all;
    }
    Ok(())
}

/// The same with the members of a group, for a target whose users have no list that is fit for it.
async fn appends_members(t: &Trial, reason: String) -> Verdict {
    if t.groups().is_err() {
        return skip(reason);
    }
    let crowd = t.crowd().await?;
    let mut team = match Team::of(t, &[&crowd[0], &crowd[1]]).await {
        Err(Stop::Skip(_) | Stop::Blocked(_)) => return skip(reason),
        team => team?,
    };
    for (new, all) in [(2..3, 0..3), (3..5, 0..5)] {
        let new: Vec<&Created> = crowd[new].iter().collect();
        let all: Vec<&Created> = crowd[all].iter().collect();
        let value = membership(t, &team.subject.kind, &new);
        let operations = json!([{ "op": "add", "path": team.members.path(), "value": value }]);
        team.subject.before = team.becomes(t, operations, &all).await?;
    }
    Ok(())
}

check! {
    /// `add` on a multi-valued attribute takes one value as an object, not only as an array of one.
    ///
    /// Why: clients that add one value send it as it is. Refusing it stops the whole request.
    ///
    /// Fix: treat an object as an array with that object in it.
    SINGLE_OBJECT = single_object,
    id: "patch.add-object",
    title: "add takes a single value of a multi-valued attribute without an array",
    level: May,
    requirements: ["RFC7644-3.5.2.1-02"],
    needs: [Patch, Users],
    breaks: [],
}

async fn single_object(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1], false).await?;
    let new = listing.another(t, 2);
    let operations = json!([{ "op": "add", "path": listing.list.slot.path(), "value": new }]);
    let mut all = listing.sent.clone();
    all.push(new);
    listing.subject.becomes(t, operations, &listing.with(all)).await.map(drop)
}

check! {
    /// `add` on an attribute that has no value sets it, be it simple or multi-valued.
    ///
    /// Why: attributes are filled in as a directory grows. A target that demands a value to be there already never gets
    /// the first one.
    ///
    /// Fix: treat a missing attribute as an empty one.
    UNSET = unset,
    id: "patch.add-unset",
    title: "add sets an attribute that has no value",
    level: Must,
    requirements: ["RFC7644-3.5.2.1-05", "RFC7644-3.5.2.1-10"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn unset(t: &Trial) -> Verdict {
    let users = t.users()?;
    let list =
        t.survey(&users).await?.lists(&users.schema).into_iter().find(|list| !list.slot.attribute.required);
    let slot =
        texts(t, &users, 1).await?.into_iter().find(|slot| !slot.leaf().required && slot.sub.is_none());
    let mut body = t.body(&users).await?;
    for place in slot.iter().chain(list.as_ref().map(|list| &list.slot)) {
        body = without(&body, place);
    }
    let mut subject = Subject::of(t, &users, &body).await?;
    let mut steps: Vec<(Slot, Value)> = Vec::new();
    if let Some(slot) = slot {
        let value = fresh(t, &slot);
        steps.push((slot, value));
    }
    if let Some(list) = list {
        let element = list.element(&t.ground().fresh_name(), 0);
        steps.push((list.slot, json!([element])));
    }
    steps.retain(|(slot, _)| slot.get(&subject.before).is_none());
    if steps.is_empty() {
        return skip("the target gives every attribute a value of its own");
    }
    for (slot, value) in steps {
        let expected = with(&subject.before, &slot, value.clone());
        let operations = json!([{ "op": "add", "path": slot.path(), "value": value }]);
        let after = subject.becomes(t, operations, &expected).await;
        if let Some(after) = t.soft(after)? {
            subject.before = after;
        } else {
            subject.before = t.read(&subject.created).await?;
        }
    }
    Ok(())
}

check! {
    /// `add` on a single-valued attribute that has a value replaces it.
    ///
    /// Why: Entra ID sends `add` for attributes that are set already. A conflict stops the update, and two values in
    /// one attribute break everybody who reads it.
    ///
    /// Fix: treat `add` on a single-valued attribute as `replace`.
    REPLACES_SINGULAR = replaces_singular,
    id: "patch.add-replaces",
    title: "add replaces the value of a single-valued attribute",
    level: Must,
    requirements: ["RFC7644-3.5.2.1-09", "RFC7644-3.5.2.1-12"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn replaces_singular(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let subject = Subject::full(t, &users).await?;
    let value = fresh(t, &slot);
    let expected = with(&subject.before, &slot, value.clone());
    let operations = json!([{ "op": "add", "path": slot.path(), "value": value }]);
    subject.becomes(t, operations, &expected).await.map(drop)
}

check! {
    /// `add` of a value that is there already succeeds, makes no second one, and leaves `meta.lastModified` as it is.
    ///
    /// Why: identity providers repeat themselves in every cycle. A refusal stops the provisioning of that person, a
    /// second copy shows up in every address book, and a new modification time makes the whole directory look changed.
    ///
    /// Fix: compare the new value with the stored ones first, and when nothing changes, store nothing.
    NO_CHANGE = no_change,
    id: "patch.add-no-change",
    title: "add of a value that is there already changes nothing and succeeds",
    level: Must,
    requirements: ["RFC7644-3.5.2.1-13", "RFC7644-3.5.2.1-14", "RFC7644-3.5.2.1-15"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn no_change(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let full = Subject::full(t, &users).await?;
    let mut subjects = Vec::new();
    if let Some(value) = slot.get(&full.before).cloned() {
        let operations = json!([{ "op": "add", "path": slot.path(), "value": value }]);
        subjects.push((full, operations));
    }
    if let Ok(listing) = Listing::of(t, &users, &[0, 1], false).await {
        let operations =
            json!([{ "op": "add", "path": listing.list.slot.path(), "value": [listing.sent[0]] }]);
        subjects.push((listing.subject, operations));
    }
    for (subject, operations) in subjects {
        expect_no_change(t, &subject, operations).await?;
    }
    Ok(())
}

/// An `add` of what is there already.
pub(super) async fn expect_no_change(t: &Trial, subject: &Subject, operations: Value) -> Verdict {
    let told = told(&operations);
    // A refusal is a failure although the word is SHOULD: no other rule lets a target refuse it.
    let success = breaking(subject.patch(t, operations).await, &["RFC7644-3.5.2.1-14"]);
    let Some(answer) = t.soft(success)? else { return Ok(()) };
    let after = subject.now(t, &answer).await?;
    if let Err(Stop::Problem(flaw)) = subject.judge(&answer, &told, &subject.before, &after) {
        let flaw = flaw.breaks(&["RFC7644-3.5.2.1-13"]);
        t.note(if has_lost(subject, &after) { flaw } else { flaw.concern() });
        return Ok(());
    }
    let (was, is) = (member_of_meta(&subject.before, "lastModified"), member_of_meta(&after, "lastModified"));
    if was.is_some() && instant(was) != instant(is) {
        t.note(
            answer
                .flaw(format!("{told} changes nothing, and yet `meta.lastModified` is another"))
                .expected(words(was))
                .got(words(is))
                .breaks(&["RFC7644-3.5.2.1-15"]),
        );
    }
    Ok(())
}

/// Whether something is gone, rather than there twice.
fn has_lost(subject: &Subject, after: &Value) -> bool {
    let differences = super::comparison::differences(&subject.kind, &subject.before, &subject.before, after);
    differences.iter().any(|difference| !difference.text.contains("which should not be there"))
}

check! {
    /// `add` without a path merges the attributes of `value` into the resource: single values are set, further values
    /// of multi-valued attributes are appended, and the rest stays.
    ///
    /// Why: Okta and Entra ID send several attributes in one such operation. A target that takes `value` for the whole
    /// resource deletes everything else; one that demands a path refuses the update.
    ///
    /// Fix: apply the operation to each member of `value` as if its name were the path.
    WITHOUT_PATH = without_path,
    id: "patch.add-without-path",
    title: "add without a path merges the attributes into the resource",
    level: Must,
    requirements: ["RFC7644-3.5.2.1-03", "RFC7644-3.5.2-07"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn without_path(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1], false).await?;
    let found = texts(t, &users, 1).await?;
    let Some(slot) = found.iter().find(|slot| slot.extension.is_none() && slot.sub.is_none()) else {
        return skip("no core attribute keeps a text");
    };
    if listing.list.slot.extension.is_some() {
        return skip("no core attribute keeps several values");
    }
    let (value, new) = (fresh(t, slot), listing.another(t, 2));
    let mut object = json!({ slot.attribute.name.as_str(): value });
    object[listing.list.slot.attribute.name.as_str()] = json!([new]);
    let mut all = listing.sent.clone();
    all.push(new);
    let expected = with(&listing.with(all), slot, value);
    let (operations, subject) = (json!([{ "op": "add", "value": object }]), &listing.subject);
    let told = told(&operations);
    let answer = breaking(subject.patch(t, operations).await, &["RFC7644-3.5.2.1-03", "RFC7644-3.5.2-07"])?;
    let after = subject.now(t, &answer).await?;
    breaking(subject.judge(&answer, &told, &expected, &after), &["RFC7644-3.5.2.1-03"])
}

check! {
    /// `add` on a complex attribute sets the sub-attributes of `value` and leaves the others.
    ///
    /// Why: a client that adds a middle name sends the middle name. A target that stores the object as it came loses
    /// the family name.
    ///
    /// Fix: merge the object into the stored one, member by member.
    COMPLEX = complex,
    id: "patch.add-complex",
    title: "add to a complex attribute leaves the other sub-attributes",
    level: Must,
    requirements: ["RFC7644-3.5.2.1-07"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn complex(t: &Trial) -> Verdict {
    let users = t.users()?;
    let (subject, slot, part) = super::patch_replace::complex_subject(t, &users).await?;
    let value = fresh(t, &part);
    let name = part.leaf().name.as_str();
    let operations = json!([{ "op": "add", "path": slot.path(), "value": { name: value } }]);
    let expected = with(&subject.before, &part, value);
    subject.becomes(t, operations, &expected).await.map(drop)
}

check! {
    /// `add` on the path of a sub-attribute sets that sub-attribute and no other.
    ///
    /// Why: Entra ID addresses the parts of a name one by one. A target that replaces the whole name keeps the last
    /// part only.
    ///
    /// Fix: follow the path to the sub-attribute and set it there.
    SUB_ATTRIBUTE = sub_attribute,
    id: "patch.add-sub-attribute",
    title: "add on the path of a sub-attribute sets only that",
    level: Must,
    requirements: ["RFC7644-3.5.2.1-11"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn sub_attribute(t: &Trial) -> Verdict {
    let users = t.users()?;
    let (mut subject, _, part) = super::patch_replace::complex_subject(t, &users).await?;
    let value = fresh(t, &part);
    let expected = with(&subject.before, &part, value.clone());
    let operations = json!([{ "op": "add", "path": part.path(), "value": value }]);
    subject.before = subject.becomes(t, operations, &expected).await?;
    if part.leaf().required {
        return Ok(());
    }
    // And where it has no value.
    let cleared = without(&subject.before, &part);
    let answer = t.patch(&subject.created.path, json!([{ "op": "remove", "path": part.path() }])).await?;
    let after = subject.now(t, &answer).await?;
    if !answer.is_success() || subject.judge(&answer, "", &cleared, &after).is_err() {
        return Ok(());
    }
    subject.before = after;
    let value = fresh(t, &part);
    let expected = with(&subject.before, &part, value.clone());
    let operations = json!([{ "op": "add", "path": part.path(), "value": value }]);
    subject.becomes(t, operations, &expected).await.map(drop)
}

check! {
    /// The value of an `add` to a complex attribute is an object; text is refused with 400 invalidValue.
    ///
    /// Why: text where readers expect an object breaks every client that looks for a part of it.
    ///
    /// Fix: check the type of `value` against the schema of the target attribute.
    COMPLEX_NEEDS_OBJECT = complex_needs_object,
    id: "patch.add-complex-text",
    title: "add of text to a complex attribute is refused",
    level: Should,
    requirements: ["RFC7644-3.5.2.1-06"],
    needs: [Patch, Users],
    breaks: [],
}

async fn complex_needs_object(t: &Trial) -> Verdict {
    let users = t.users()?;
    let (subject, slot, _) = super::patch_replace::complex_subject(t, &users).await?;
    let operations = json!([{ "op": "add", "path": slot.path(), "value": "text" }]);
    subject.refuses(t, &VALUE, [mistake(operations)]).await.map(drop)
}

check! {
    /// `add` on a sub-attribute that a filter selects replaces its value in that element; no element is added.
    ///
    /// Why: Entra ID sends `add` for an address that is there already. A target that appends ends up with one more work
    /// address in every cycle.
    ///
    /// Fix: evaluate the filter first, and set the sub-attribute in the elements that match.
    VALUE_PATH = value_path,
    id: "patch.add-value-path",
    title: "add through a filter replaces the value in the matching element",
    level: Must,
    requirements: ["RFC7644-3.5.2.1-12", "RFC7644-3.5.2-11"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn value_path(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1], true).await?;
    let name = listing.list.value.leaf().name.as_str();
    let new = listing.another(t, 1);
    let path = format!("{}.{name}", listing.with_type(1));
    let operations = json!([{ "op": "add", "path": path, "value": new[name] }]);
    let expected = listing.with(vec![listing.sent[0].clone(), new]);
    listing.subject.becomes(t, operations, &expected).await.map(drop)
}

check! {
    /// `add` through a filter that nothing matches either makes the element or is refused with 400 noTarget. It never
    /// succeeds without doing anything.
    ///
    /// Why: the RFC leaves it open. Entra ID expects the element to be made; an error tells it at least that it was
    /// not. A silent success leaves people without an address and nobody knows.
    ///
    /// Fix: make an element from the terms of the filter and the value, or answer 400 noTarget.
    NO_MATCH = no_match,
    id: "patch.add-no-match",
    title: "add through a filter without a match makes the element or says so",
    level: Should,
    requirements: ["RFC7644-3.5.2.1-16"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn no_match(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 0], true).await?;
    let name = listing.list.value.leaf().name.as_str();
    let new = listing.another(t, 1);
    let path = format!("{}.{name}", listing.with_type(1));
    let operations = json!([{ "op": "add", "path": path, "value": new[name] }]);
    let told = told(&operations);
    let answer = t.patch(&listing.subject.created.path, operations).await?;
    let after = listing.subject.now(t, &answer).await?;
    if !answer.is_success() {
        listing.subject.blocked_without_patch(t, &answer).await?;
        let refusal = Refusal { keywords: &["noTarget"], is_demanded: false, answer: &[] };
        refusal.judge(t, &told, &answer);
        return listing.subject.judge_unchanged(&answer, &told, &after);
    }
    let mut all = listing.sent.clone();
    all.push(new);
    let made = listing.subject.judge(&answer, &told, &listing.with(all), &after);
    if made.is_err() && listing.subject.judge_unchanged(&answer, &told, &after).is_ok() {
        return Err(answer
            .flaw(format!("{told} matches nothing, succeeds, and does nothing"))
            .expected("a new element, or 400 noTarget")
            .got(answer.said())
            .into());
    }
    made
}

check! {
    /// `add` without a value is refused with 400, and changes nothing.
    ///
    /// Why: a value that was left out by mistake would otherwise be read as null and clear the attribute, with a
    /// success to confirm it.
    ///
    /// Fix: answer 400 invalidValue when an `add` has no `value`.
    VALUE_MISSING = value_missing,
    id: "patch.add-without-value",
    title: "add without a value is refused",
    level: Should,
    requirements: ["RFC7644-3.5.2.1-01"],
    needs: [Patch, Users],
    breaks: [],
}

async fn value_missing(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let subject = Subject::full(t, &users).await?;
    let operations = [json!([{ "op": "add", "path": slot.path() }]), json!([{ "op": "add" }])];
    subject.refuses(t, &VALUE, operations.map(mistake)).await.map(drop)
}
