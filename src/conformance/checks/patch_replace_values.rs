//! The `replace` operation on values that a filter selects (RFC 7644 §3.5.2.3).

use serde_json::{Value, json};

use super::subject::{Listing, Refusal, is_beyond, mistake, told};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::Trial;
use crate::conformance::verdict::{Stop, Verdict};

pub(super) const CHECKS: &[Check] = &[ELEMENT, ALL_ELEMENTS, VALUE_PATH, ALL_VALUE_PATHS, NO_MATCH];

check! {
    /// `replace` of an element that a filter selects replaces that element; the others stay as they were.
    ///
    /// A clean refusal of the filter (400 invalidPath or invalidFilter, or 501) is a warning, as it is for filters of queries.
    ///
    /// Why: a target that assigns the attribute leaves one address of three.
    ///
    /// Fix: put the new element in the place of each element that matches.
    ELEMENT = element,
    id: "patch.replace-element",
    title: "replace through a filter replaces the matching element only",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-09", "RFC7644-3.5.2-11"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn element(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1, 2], false).await?;
    let new = listing.another(t, 1);
    let operations = json!([{ "op": "replace", "path": listing.with_value(1), "value": new }]);
    let expected = listing.with(vec![listing.sent[0].clone(), new, listing.sent[2].clone()]);
    listing.subject.becomes(t, operations, &expected).await.map(drop)
}

check! {
    /// `replace` of the elements that a filter selects replaces all of them, not only the first.
    ///
    /// Why: the values that are left behind are the ones that the client meant to get rid of.
    ///
    /// Fix: go on after the first match. Elements that have become equal may be kept once.
    ALL_ELEMENTS = all_elements,
    id: "patch.replace-all-elements",
    title: "replace through a filter replaces every matching element",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-09"],
    needs: [Patch, Users],
    breaks: [],
}

async fn all_elements(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 0, 1], true).await?;
    let new = listing.another(t, 0);
    let operations = json!([{ "op": "replace", "path": listing.with_type(0), "value": new }]);
    either(t, &listing, operations, &new).await
}

/// After the operation the first two elements are the new one, once or twice.
async fn either(t: &Trial, listing: &Listing, operations: Value, new: &Value) -> Verdict {
    let told = told(&operations);
    let answer = listing.subject.patch(t, operations).await?;
    let after = listing.subject.now(t, &answer).await?;
    let twice = listing.with(vec![new.clone(), new.clone(), listing.sent[2].clone()]);
    let once = listing.with(vec![new.clone(), listing.sent[2].clone()]);
    match listing.subject.judge(&answer, &told, &once, &after) {
        Ok(()) => Ok(()),
        Err(_) => listing.subject.judge(&answer, &told, &twice, &after),
    }
}

check! {
    /// `replace` of a sub-attribute that a filter selects changes it in the matching element, and in no other.
    ///
    /// A clean refusal of the filter (400 invalidPath or invalidFilter, or 501) is a warning, as it is for filters of queries.
    ///
    /// Why: Entra ID changes the work address this way in every cycle. A target that assigns the whole list loses the
    /// home address; one that ignores the filter changes both.
    ///
    /// Fix: evaluate the filter for each element, and set the sub-attribute in those that match.
    VALUE_PATH = value_path,
    id: "patch.replace-value-path",
    title: "replace of a sub-attribute through a filter changes the match only",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-10", "RFC7644-3.5.2-11"],
    needs: [Patch, Users],
    breaks: [Okta, Entra],
}

async fn value_path(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1], true).await?;
    let name = listing.list.value.leaf().name.as_str();
    let new = listing.another(t, 0);
    let path = format!("{}.{name}", listing.with_type(0));
    let operations = json!([{ "op": "replace", "path": path, "value": new[name] }]);
    let expected = listing.with(vec![new, listing.sent[1].clone()]);
    listing.subject.becomes(t, operations, &expected).await.map(drop)
}

check! {
    /// `replace` of a sub-attribute that a filter selects changes it in every matching element.
    ///
    /// Why: of two work addresses, one keeps the old street when a target stops at the first match.
    ///
    /// Fix: go on after the first match. Elements that have become equal may be kept once.
    ALL_VALUE_PATHS = all_value_paths,
    id: "patch.replace-all-value-paths",
    title: "replace of a sub-attribute through a filter changes every match",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-10"],
    needs: [Patch, Users],
    breaks: [],
}

async fn all_value_paths(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 0, 1], true).await?;
    let name = listing.list.value.leaf().name.as_str();
    let new = listing.another(t, 0);
    let path = format!("{}.{name}", listing.with_type(0));
    let operations = json!([{ "op": "replace", "path": path, "value": new[name] }]);
    either(t, &listing, operations, &new).await
}

check! {
    /// `replace` through a filter that nothing matches fails with 400 noTarget, and changes nothing.
    ///
    /// Why: a success tells the client that the address was changed. Nobody learns that there was none to change. Entra
    /// ID wants an element to be made where the filter says by `eq` what it would be; a target that does that is not
    /// accused here, one that confirms and does nothing is.
    ///
    /// Fix: answer 400 with `"scimType": "noTarget"` when the filter of a `replace` selects nothing.
    NO_MATCH = no_match,
    id: "patch.replace-no-match",
    title: "replace through a filter without a match is refused with noTarget",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-11", "RFC7644-3.12-25"],
    needs: [Patch, Users],
    breaks: [],
}

async fn no_match(t: &Trial) -> Verdict {
    let users = t.users()?;
    let listing = Listing::of(t, &users, &[0, 1], false).await?;
    let subject = &listing.subject;
    let (path, name) = (listing.list.slot.path(), &listing.list.value.leaf().name);
    let (other, new) = (listing.another(t, 0), listing.another(t, 0));
    // Nothing can be made of a beginning.
    let filtered = format!("{path}[{name} sw {}]", other[name]);
    let operations = [
        json!([{ "op": "replace", "path": format!("{filtered}.{name}"), "value": new[name] }]),
        json!([{ "op": "replace", "path": filtered, "value": new }]),
    ];
    let refusal = Refusal { keywords: &["noTarget"], is_demanded: true, answer: &[] };
    for operations in operations {
        let (told, message) = mistake(operations);
        let answer = t.call("PATCH", &subject.created.path, Some(&message)).await?;
        let after = subject.now(t, &answer).await?;
        if !answer.is_success() {
            subject.blocked_without_patch(t, &answer).await?;
            // Where such a filter is more than it understands, nothing was confirmed.
            if !is_beyond(&answer) {
                let is_other = answer.text("scimType") != Some("noTarget");
                if is_other {
                    expect_value_paths(t, &listing).await?;
                }
                refusal.judge(t, &told, &answer);
                if is_other {
                    // The question changed the resource; what follows would be compared with what it was before.
                    return subject.judge_unchanged(&answer, &told, &after);
                }
            }
            t.soft(subject.judge_unchanged(&answer, &told, &after))?;
            continue;
        }
        let flaw = match subject.judge_unchanged(&answer, &told, &after) {
            Ok(()) => {
                expect_value_paths(t, &listing).await?;
                answer.flaw(format!("{told} is accepted, and nothing is changed"))
            }
            Err(Stop::Problem(changed)) => answer.flaw(format!("{told} is accepted, and {}", changed.what)),
            Err(stop) => return Err(stop),
        };
        return Err(flaw.expected(refusal.words()).got(answer.said()).into());
    }
    let filtered = format!("{path}[{name} eq {}].{name}", other[name]);
    let (told, message) = mistake(json!([{ "op": "replace", "path": filtered, "value": new[name] }]));
    let answer = t.call("PATCH", &subject.created.path, Some(&message)).await?;
    let after = subject.now(t, &answer).await?;
    if !answer.is_success() {
        if !is_beyond(&answer) {
            if answer.text("scimType") != Some("noTarget") {
                expect_value_paths(t, &listing).await?;
            }
            refusal.judge(t, &told, &answer);
        }
        return subject.judge_unchanged(&answer, &told, &after);
    }
    if subject.judge_unchanged(&answer, &told, &after).is_ok() {
        expect_value_paths(t, &listing).await?;
        let flaw = answer.flaw(format!("{told} matches nothing, succeeds, and does nothing"));
        return Err(flaw.expected(refusal.words()).got(answer.said()).into());
    }
    let mut all = listing.sent.clone();
    all.push(json!({ name.as_str(): new[name] }));
    subject.judge(&answer, &told, &listing.with(all), &after)
}

/// Makes sure that a filter in a path is understood where it matches: one that is passed over matches nothing for another reason.
///
/// # Errors
/// [`Stop::Blocked`] naming the check that judges it.
async fn expect_value_paths(t: &Trial, listing: &Listing) -> Verdict {
    let name = listing.list.value.leaf().name.as_str();
    let new = listing.another(t, 0)[name].clone();
    let path = format!("{}.{name}", listing.with_value(0));
    let answer = t
        .patch(&listing.subject.created.path, json!([{ "op": "replace", "path": path, "value": new }]))
        .await?;
    let after = listing.subject.now(t, &answer).await?;
    let is_done = listing.list.elements(&after).iter().any(|element| element[name] == new);
    match is_done {
        true => Ok(()),
        false => Err(Stop::Blocked(format!(
            "a filter in the path of a replace changes nothing where it matches: {} (check `patch.replace-value-path`)",
            answer.said()
        ))),
    }
}
