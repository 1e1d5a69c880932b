//! Attributes that may not repeat, and whether letter case matters (RFC 7643 §7 `uniqueness` and `caseExact`).

use serde_json::{Value, json};

use super::attributes::{Way, creatable, fillable, open_kinds, sweep};
use crate::conformance::check::{Check, Need, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Slot, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::{Mutability, Returned, Type, Uniqueness};

pub(super) const CHECKS: &[Check] = &[UNIQUE, CASE_KEPT, CASE_FILTER];

check! {
    /// A value of an attribute that is published with uniqueness `server` or `global` cannot be given to a second resource, neither by
    /// POST nor by PATCH. userName has checks of its own.
    ///
    /// Why: clients look people up by what is published as unique (an employee number) and change the first one that they find.
    ///
    /// Fix: put a unique index on the attribute and answer 409 with scimType `uniqueness`, or publish `uniqueness: none`.
    UNIQUE = unique,
    id: "attributes.unique",
    title: "values of unique attributes cannot repeat",
    level: Should,
    requirements: ["RFC7643-7-34", "RFC7643-7-35", "RFC7643-7-33", "RFC7644-3.3-10", "RFC7644-3.5.2-30"],
    needs: [Schemas],
    breaks: [],
}

async fn unique(t: &Trial) -> Verdict {
    let mut tried = false;
    let patches = t.lacks(Need::Patch).await?.is_none();
    for kind in open_kinds(t).await? {
        let places = fillable(t, &kind).into_iter().filter(|slot| {
            slot.attribute.uniqueness != Uniqueness::None
                && matches!(slot.attribute.kind, Type::String | Type::Integer | Type::Reference)
                && slot.path() != "userName"
                && slot.attribute.mutability != Mutability::WriteOnly
                && slot.attribute.returned != Returned::Never
        });
        for slot in places {
            let value = slot.sample(&t.ground().fresh_name());
            let mut first = t.body(&kind).await?;
            slot.set(&mut first, value.clone());
            let answer = t.post(kind.endpoint(), &first).await?;
            if !answer.is_success() {
                continue;
            }
            // What is not kept cannot clash.
            if slot.get(&t.read(&t.created_by(&kind, &answer)?).await?) != Some(&value) {
                continue;
            }
            tried = true;
            let requirement: &'static str =
                if slot.attribute.uniqueness == Uniqueness::Server { "RFC7643-7-34" } else { "RFC7643-7-35" };
            let mut second = t.body(&kind).await?;
            slot.set(&mut second, value.clone());
            let by_post = t.post(kind.endpoint(), &second).await?;
            judge_conflict(t, &slot, &by_post, &[requirement, "RFC7644-3.3-10"], true);
            if patches && slot.attribute.mutability == Mutability::ReadWrite {
                let another = t.create(&kind).await?;
                let operation = json!([{ "op": "replace", "path": slot.path(), "value": value }]);
                let by_patch = t.patch(&another.path, operation).await?;
                judge_conflict(t, &slot, &by_patch, &[requirement, "RFC7644-3.5.2-30"], false);
            }
        }
    }
    if tried { Ok(()) } else { skip("no published schema has a unique attribute besides userName") }
}

fn judge_conflict(
    t: &Trial,
    slot: &Slot,
    answer: &crate::conformance::trial::Answer,
    requirements: &[&'static str],
    is_creation: bool,
) {
    let path = slot.path();
    // The first is about the value, the others are about the answer.
    let broken = if answer.is_success() { requirements } else { &requirements[1..] };
    let flaw = |what: String| answer.flaw(what).expected("409 uniqueness").got(answer.said()).breaks(broken);
    match answer.status {
        200..300 => t.note(flaw(format!("a second resource takes the unique `{path}` of another"))),
        500.. => t.note(flaw(format!("a taken value of the unique `{path}` breaks the server")).violation()),
        409 if !is_creation || answer.text("scimType") == Some("uniqueness") => {}
        409 => t.note(flaw(format!("the conflict over `{path}` has no scimType `uniqueness`")).violation()),
        _ => t.note(flaw(format!("a taken value of the unique `{path}` is refused with {}", answer.status))),
    }
}

/// Text attributes that tell case-exactness in their schema and whose values are read back by default.
fn texts(t: &Trial, kind: &Kind, case_exact: bool) -> Vec<Slot> {
    let mut found = fillable(t, kind);
    found.retain(|slot| {
        let is_shown = matches!(slot.attribute.returned, Returned::Default | Returned::Always);
        let is_text =
            slot.attribute.kind == Type::String || (case_exact && slot.attribute.kind == Type::Reference);
        is_text
            && slot.attribute.case_exact == case_exact
            && slot.attribute.canonical_values.is_empty()
            && slot.attribute.mutability != Mutability::WriteOnly
            && is_shown
            && !["userName", "locale", "timezone", "preferredLanguage"].contains(&slot.path().as_str())
    });
    found
}

/// Writes text in mixed letter case at these places and tells those that keep it as it is, with the text.
async fn mixed(t: &Trial, kind: &Kind, slots: Vec<Slot>) -> Result<Vec<(Slot, String, Value)>, Stop> {
    let word = format!("MiXed{}", t.ground().fresh_name());
    let text = |slot: &Slot| match slot.attribute.kind {
        Type::Reference => format!("https://example.com/{word}"),
        _ => word.clone(),
    };
    let value =
        |slot: &Slot| if slot.attribute.multi_valued { json!([text(slot)]) } else { json!(text(slot)) };
    let values = slots
        .into_iter()
        .map(|slot| {
            let value = value(&slot);
            (slot, value)
        })
        .collect();
    let done = sweep(t, &Way::Post(kind), values).await?;
    let mut kept = Vec::new();
    for written in done.written {
        for (slot, _) in written.values {
            let stored = slot.get(&written.stored).cloned().unwrap_or_default();
            let text = text(&slot);
            kept.push((slot, text, stored));
        }
    }
    Ok(kept)
}

check! {
    /// A value of a case-exact attribute comes back in the letter case in which it was sent: externalId, references, and whatever is
    /// published with `caseExact: true`.
    ///
    /// Why: identity providers put opaque ids there. In another letter case such an id names somebody else, or nobody.
    ///
    /// Fix: store the text as it came. Where a comparison shall not heed letter case, fold at the comparison.
    CASE_KEPT = case_kept,
    id: "attributes.case-kept",
    title: "case-exact values keep their letter case",
    level: Must,
    requirements: ["RFC7643-7-18", "RFC7643-2.3.7-03"],
    needs: [],
    breaks: [Okta, Entra, JumpCloud],
}

async fn case_kept(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let exact = texts(t, &kind, true);
        let mut body = t.body(&kind).await?;
        let external = format!("MiXed-{}", t.ground().fresh_name());
        body["externalId"] = json!(external);
        let answer = t.post(kind.endpoint(), &body).await?;
        if answer.is_success() {
            let stored = t.read(&t.created_by(&kind, &answer)?).await?;
            let shown = stored["externalId"].as_str();
            if let Some(shown) =
                shown.filter(|shown| *shown != external && shown.eq_ignore_ascii_case(&external))
            {
                t.note(
                    answer
                        .flaw("`externalId` changes its letter case")
                        .expected(external.as_str())
                        .got(shown)
                        .breaks(&["RFC7643-7-18"]),
                );
            }
        }
        for (slot, text, stored) in mixed(t, &kind, exact).await? {
            let shown = stored
                .as_array()
                .and_then(|items| items.first())
                .unwrap_or(&stored)
                .as_str()
                .unwrap_or_default();
            if shown != text && shown.eq_ignore_ascii_case(&text) {
                let what = format!("the case-exact `{}` changes its letter case", slot.path());
                let rules: &[&'static str] = match slot.leaf().kind {
                    Type::Reference => &["RFC7643-7-18", "RFC7643-2.3.7-03"],
                    _ => &["RFC7643-7-18"],
                };
                t.note(answer.flaw(what).expected(text).got(shown).breaks(rules));
            }
        }
    }
    Ok(())
}

check! {
    /// Filters heed `caseExact`: text of an attribute without it is found in any letter case, text of an attribute with it only in its
    /// own.
    ///
    /// Why: «is there somebody with this department?» must not depend on how somebody typed it, and an opaque key in another letter
    /// case must not find a stranger.
    ///
    /// Fix: compare case-folded text for `caseExact: false`, plain text for `caseExact: true`, and publish what is done.
    CASE_FILTER = case_filter,
    id: "attributes.case-filter",
    title: "filters heed the caseExact of each attribute",
    level: Must,
    requirements: ["RFC7643-7-17"],
    needs: [Schemas, Filter],
    breaks: [],
}

async fn case_filter(t: &Trial) -> Verdict {
    let mut tried = false;
    for kind in open_kinds(t).await? {
        for case_exact in [false, true] {
            let kept = mixed(t, &kind, texts(t, &kind, case_exact)).await?;
            let kept: Vec<(Slot, String)> = kept
                .into_iter()
                .filter(|(_, text, stored)| {
                    stored.as_str() == Some(text) || stored.get(0).and_then(Value::as_str) == Some(text)
                })
                .map(|(slot, text, _)| (slot, text))
                .collect();
            if kept.is_empty() {
                continue;
            }
            tried = true;
            let word = if case_exact { " or " } else { " and " };
            let flipped: Vec<String> = kept
                .iter()
                .map(|(slot, text)| format!("{} eq \"{}\"", slot.path(), text.to_ascii_uppercase()))
                .collect();
            // All places with one question, if they are in one resource; one by one where the answer is not what it should be.
            if flipped.len() > 1
                && count(t, &kind, &flipped.join(word)).await?.is_some_and(|found| (found > 0) != case_exact)
            {
                continue;
            }
            for ((slot, text), flipped) in kept.iter().zip(&flipped) {
                let path = slot.path();
                let Some(found) = count(t, &kind, flipped).await? else { continue };
                if (found > 0) != case_exact {
                    continue;
                }
                // A filter that does not find the text in its own letter case either is another matter.
                if count(t, &kind, &format!("{path} eq \"{text}\"")).await?.is_none_or(|found| found == 0) {
                    continue;
                }
                let (what, expected) = match case_exact {
                    true => (
                        format!("a filter finds the case-exact `{path}` in another letter case"),
                        "nothing is found",
                    ),
                    false => (
                        format!("a filter does not find `{path}` in another letter case"),
                        "the resource is found",
                    ),
                };
                let answer = t.search(&kind, flipped).await?;
                t.note(answer.flaw(what).expected(expected).got(shortened(&format!("{found} found"))));
            }
        }
    }
    if tried { Ok(()) } else { skip("no published text attribute keeps mixed letter case") }
}

/// How many resources a filter finds; nothing where it is not answered.
async fn count(t: &Trial, kind: &Kind, filter: &str) -> Result<Option<usize>, Stop> {
    let answer = t.search(kind, filter).await?;
    Ok(answer
        .list()
        .ok()
        .map(|list| list.total.and_then(|total| usize::try_from(total).ok()).unwrap_or(list.resources.len())))
}
