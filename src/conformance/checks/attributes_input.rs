//! What the target accepts: required attributes, types, suggested values (RFC 7643 §2.3, §7).

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::attributes::{Way, differences, fillable, open_kinds, published, refers, sweep};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::{is_unassigned, is_writable};
use crate::conformance::trial::{Answer, Slot, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::{Mutability, Returned, Type};
use crate::protocol::value;

pub(super) const CHECKS: &[Check] = &[REQUIRED, REQUIRED_EXTENSION, WRONG_TYPE, CANONICAL, NOT_CANONICAL];

/// So many requests are under way at the same time.
const TOGETHER: usize = 6;

// --- required ---

/// Published attributes that must have a value: of the base schema, and of extensions that must be there.
fn demanded(t: &Trial, kind: &Kind) -> Vec<Slot> {
    let must_be = |slot: &Slot| match &slot.extension {
        None => true,
        Some(urn) => kind.schema.extension(urn).is_some_and(|extension| extension.required),
    };
    let mut found = published(t, kind);
    found.retain(|slot| slot.attribute.required && is_writable(&slot.attribute) && must_be(slot));
    found
}

check! {
    /// A POST or PUT without an attribute that the schema marks as required is refused with 400.
    ///
    /// Why: the schema promises that every resource has it, so clients rely on it. Resources without it break the next import, or
    /// cannot be found by the name under which they should be looked for.
    ///
    /// Fix: check for required attributes before anything is stored and answer 400 with scimType `invalidValue` and the name of the
    /// attribute. If the attribute is not needed, do not publish it as required.
    REQUIRED = required,
    id: "attributes.required",
    title: "a body without a required attribute is refused with 400",
    level: Should,
    requirements: ["RFC7643-7-15", "RFC7644-3.3-12", "RFC7644-3.5.1-12", "RFC7644-3.5.1-17"],
    needs: [Schemas],
    breaks: [],
}

async fn required(t: &Trial) -> Verdict {
    let mut tried = false;
    for kind in open_kinds(t).await? {
        let demanded = demanded(t, &kind);
        if demanded.is_empty() {
            continue;
        }
        let base = t.body(&kind).await?;
        let created = t.create_from(&kind, &base).await?;
        for slot in demanded {
            tried = true;
            let mut without = t.body(&kind).await?;
            slot.remove(&mut without);
            let answer = t.post(kind.endpoint(), &without).await?;
            let stored = match answer.is_success() {
                true => t.read(&t.created_by(&kind, &answer)?).await?,
                false => Value::Null,
            };
            // A server may have a value of its own for it (RFC 7644 §3.3).
            judge_required(
                t,
                &answer,
                &slot,
                slot.get(&stored).is_some(),
                &["RFC7643-7-15", "RFC7644-3.3-12"],
            );
            let mut without = base.clone();
            slot.remove(&mut without);
            let answer = t.put(&created.path, &without).await?;
            judge_required(
                t,
                &answer,
                &slot,
                false,
                &["RFC7643-7-15", "RFC7644-3.5.1-12", "RFC7644-3.5.1-17"],
            );
        }
    }
    if tried { Ok(()) } else { skip("no published schema has a required attribute that clients write") }
}

fn judge_required(t: &Trial, answer: &Answer, slot: &Slot, has_default: bool, breaks: &[&'static str]) {
    if answer.status == 400 || has_default {
        return;
    }
    let what = format!("{} without the required `{}` answers {}", answer.asked, slot.path(), answer.said());
    let flaw = answer.flaw(what).expected("400 invalidValue").got(answer.said()).breaks(breaks);
    t.note(if answer.status >= 500 { flaw.violation() } else { flaw });
}

check! {
    /// Where an extension is marked as required, a resource without it is refused.
    ///
    /// Why: the resource type promises the extension for every resource. A client that relies on it finds people without the
    /// attributes by which it decides.
    ///
    /// Fix: refuse bodies without the extension or without its required attributes with 400, or publish `required: false`.
    REQUIRED_EXTENSION = required_extension,
    id: "attributes.required-extension",
    title: "a resource without a required extension is refused, an optional one may be left out",
    level: Must,
    requirements: ["RFC7643-6-14", "RFC7643-6-15"],
    needs: [Schemas, ResourceTypes],
    breaks: [],
}

async fn required_extension(t: &Trial) -> Verdict {
    for kind in open_kinds(t).await? {
        for extension in &kind.schema.extensions {
            let urn = extension.schema.id.as_str();
            let mut body = t.body(&kind).await?;
            let Some(object) = body.as_object_mut() else { continue };
            let was_there = object.shift_remove(urn).is_some();
            if let Some(schemas) = object.get_mut("schemas").and_then(Value::as_array_mut) {
                schemas.retain(|uri| uri != urn);
            }
            // The body that works has no optional extension, unless the target wants it.
            if !extension.required && !was_there {
                continue;
            }
            let answer = t.post(kind.endpoint(), &body).await?;
            match (extension.required, answer.is_success()) {
                (true, true) => t.note(
                    answer
                        .flaw(format!("a {} without the required extension {urn} is created", kind.name()))
                        .expected("400")
                        .got(answer.said())
                        .breaks(&["RFC7643-6-14"]),
                ),
                (false, false) => t.note(
                    answer
                        .flaw(format!("a {} without the optional extension {urn} is refused", kind.name()))
                        .expected("201")
                        .got(answer.said())
                        .breaks(&["RFC7643-6-15"])
                        .concern(),
                ),
                _ => {}
            }
        }
    }
    Ok(())
}

// --- types ---

/// A value of the wrong JSON type, one that nobody would coerce.
fn misfit(slot: &Slot) -> Value {
    let leaf = slot.leaf();
    match leaf.kind {
        _ if leaf.multi_valued => json!(42),
        Type::String | Type::Reference | Type::Binary => json!({ "unexpected": 1 }),
        Type::Boolean => json!("maybe"),
        Type::Decimal => json!("heavy"),
        Type::Integer => json!(1.5),
        Type::DateTime => json!("yesterday"),
        Type::Complex => json!(42),
    }
}

check! {
    /// A value of another JSON type than the schema states is refused with 400: an object for text, `"maybe"` for a boolean, 1.5 for
    /// an integer, `"yesterday"` for a dateTime, a number for a list.
    ///
    /// Why: what is not refused is stored as it came, or turned into something else without a word: `"maybe"` becomes true. The
    /// mistake in a mapping is seen only when somebody has access who should not.
    ///
    /// Fix: check every attribute against its published type before storing and answer 400 with scimType `invalidValue`. Turning
    /// `"true"` into true for the sake of a client is fine; turning anything into something is not.
    WRONG_TYPE = wrong_type,
    id: "attributes.wrong-type",
    title: "a value of the wrong JSON type is refused with 400, for each attribute",
    level: Should,
    requirements: ["RFC7643-2-01", "RFC7643-2.3.1-02", "RFC7643-2.3.2-02", "RFC7643-2.3.4-02", "RFC7643-2.3.5-03",
        "RFC7644-3.3-12"],
    needs: [Schemas],
    breaks: [],
}

async fn wrong_type(t: &Trial) -> Verdict {
    for kind in open_kinds(t).await? {
        let mut places: Vec<Slot> = Vec::new();
        for slot in published(t, &kind)
            .into_iter()
            .filter(|slot| is_writable(&slot.attribute) && !refers(&slot.attribute))
        {
            // Of the parts of a complex attribute, one of each type.
            let mut seen: Vec<Type> = Vec::new();
            if slot.attribute.is_complex() {
                for sub in slot
                    .attribute
                    .sub_attributes
                    .iter()
                    .filter(|sub| is_writable(sub) && sub.name != "display")
                {
                    if !seen.contains(&sub.kind) {
                        seen.push(sub.kind);
                        places.push(slot.with_sub(sub));
                    }
                }
            }
            places.push(slot);
        }
        for chunk in places.chunks(TOGETHER) {
            let results = join_all(chunk.iter().map(|slot| try_misfit(t, &kind, slot))).await;
            results.into_iter().collect::<Result<Vec<()>, Stop>>()?;
        }
    }
    Ok(())
}

async fn try_misfit(t: &Trial, kind: &Kind, slot: &Slot) -> Verdict {
    let mut body = t.body(kind).await?;
    let wrong = misfit(slot);
    match &slot.sub {
        // An element with all that it needs and one part that is wrong.
        Some(sub) if slot.attribute.multi_valued => {
            let whole = Slot { sub: None, ..slot.clone() };
            let mut elements = whole.sample(&t.ground().fresh_name());
            elements[0][sub.name.as_str()] = wrong.clone();
            whole.set(&mut body, elements);
        }
        _ => slot.set(&mut body, wrong.clone()),
    }
    let answer = t.post(kind.endpoint(), &body).await?;
    if (400..500).contains(&answer.status) {
        return Ok(());
    }
    let (path, leaf) = (slot.path(), slot.leaf());
    let requirement: &[&'static str] = match leaf.kind {
        Type::Boolean => &["RFC7643-2.3.2-02"],
        Type::Integer => &["RFC7643-2.3.4-02"],
        Type::DateTime => &["RFC7643-2.3.5-03"],
        Type::String => &["RFC7643-2.3.1-02", "RFC7643-2-01"],
        _ => &["RFC7643-2-01", "RFC7644-3.3-12"],
    };
    let sent = shortened(&wrong.to_string());
    let what = |done: &str| format!("`{path}` is published as {}, and {sent} {done}", form(slot));
    if answer.status >= 500 {
        let flaw = answer.flaw(what("breaks the server")).expected("400 invalidValue").got(answer.said());
        t.note(flaw.breaks(requirement).violation());
        return Ok(());
    }
    if !answer.is_success() {
        return Ok(());
    }
    let stored = t.read(&t.created_by(kind, &answer)?).await?;
    let value = match &slot.sub {
        Some(sub) if slot.attribute.multi_valued => {
            let whole = Slot { sub: None, ..slot.clone() };
            whole.get(&stored).and_then(|list| list.get(0)?.get(&sub.name)).cloned()
        }
        _ => slot.get(&stored).cloned(),
    };
    let elements = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let fits = |value: &Value| {
        value.is_array() == leaf.multi_valued
            && elements(value).iter().all(|value| value::check(leaf, value).is_ok())
    };
    if value.as_ref().is_none_or(&fits) && !keeps_right(t, kind, slot, value.as_ref()).await? {
        // What is never kept, or is made by the target, says nothing of what was sent.
        return Ok(());
    }
    let flaw = match &value {
        None => answer.flaw(what("is dropped without a word")),
        Some(value) if fits(value) => {
            answer.flaw(what("is turned into something else")).got(shortened(&value.to_string()))
        }
        // The target itself shows a value that its schema rules out.
        Some(value) => answer.flaw(what("is stored")).got(shortened(&value.to_string())).violation(),
    };
    t.note(flaw.expected("400 invalidValue").breaks(requirement));
    Ok(())
}

/// Whether a right value at this place is kept. For a boolean that is shown, whether the other one would be.
async fn keeps_right(t: &Trial, kind: &Kind, slot: &Slot, shown: Option<&Value>) -> Result<bool, Stop> {
    let survey = t.survey(kind).await?;
    let parts = &slot.attribute.sub_attributes;
    let is_kept = match slot.sub.is_none() && slot.attribute.is_complex() {
        true => parts.iter().any(|sub| survey.keeps(&slot.with_sub(sub))),
        false => survey.keeps(slot),
    };
    let (true, Some(Value::Bool(shown))) = (is_kept, shown) else { return Ok(is_kept) };
    let mut body = t.body(kind).await?;
    let whole = Slot { sub: None, ..slot.clone() };
    match &slot.sub {
        Some(sub) if slot.attribute.multi_valued => {
            let mut elements = whole.sample(&t.ground().fresh_name());
            elements[0][sub.name.as_str()] = json!(!shown);
            whole.set(&mut body, elements);
        }
        _ => slot.set(&mut body, json!(!shown)),
    }
    let answer = t.post(kind.endpoint(), &body).await?;
    if !answer.is_success() {
        return Ok(false);
    }
    let stored = t.read(&t.created_by(kind, &answer)?).await?;
    let value = match &slot.sub {
        Some(sub) if slot.attribute.multi_valued => {
            whole.get(&stored).and_then(|list| list.get(0)?.get(&sub.name)).cloned()
        }
        _ => slot.get(&stored).cloned(),
    };
    Ok(value == Some(json!(!shown)))
}

/// What a place holds, for messages: `boolean`, `a list of complex`.
fn form(slot: &Slot) -> String {
    let keyword = slot.leaf().kind.keyword();
    if slot.leaf().multi_valued { format!("a list of {keyword}") } else { keyword.to_owned() }
}

// --- suggested values ---

check! {
    /// The values that the schema suggests (`canonicalValues`) are taken and come back.
    ///
    /// Why: administrators choose from them when they map attributes. A suggestion that is refused is a mapping that fails for
    /// everybody.
    ///
    /// Fix: publish the values that the server knows, in the letter case that it returns.
    CANONICAL = canonical,
    id: "attributes.canonical-values",
    title: "every suggested value is taken and comes back",
    level: Should,
    requirements: ["RFC7643-7-16", "RFC7643-2.4-12"],
    needs: [Schemas],
    breaks: [],
}

async fn canonical(t: &Trial) -> Verdict {
    let mut tried = false;
    for kind in open_kinds(t).await? {
        let tag = t.ground().fresh_name();
        let mut values: Vec<(Slot, Value)> = Vec::new();
        for slot in fillable(t, &kind) {
            let is_open = slot.attribute.mutability == Mutability::ReadWrite
                && slot.attribute.returned != Returned::Never;
            let word = slot
                .attribute
                .sub_attributes
                .iter()
                .find(|sub| !sub.canonical_values.is_empty() && is_writable(sub));
            match word {
                Some(word) if is_open && slot.attribute.multi_valued => {
                    let elements = word.canonical_values.iter().enumerate().map(|(at, canonical)| {
                        let mut element = slot.sample(&format!("{tag}x{at}"))[0].clone();
                        element[word.name.as_str()] = json!(canonical);
                        if at > 0
                            && let Some(members) = element.as_object_mut()
                        {
                            members.retain(|name, _| !name.eq_ignore_ascii_case("primary"));
                        }
                        element
                    });
                    values.push((slot.clone(), elements.collect()));
                }
                None if is_open && !slot.attribute.canonical_values.is_empty() => {
                    let all = &slot.attribute.canonical_values;
                    let value = if slot.attribute.multi_valued { json!(all) } else { json!(all.last()) };
                    values.push((slot.clone(), value));
                }
                _ => {}
            }
        }
        if values.is_empty() {
            continue;
        }
        tried = true;
        let done = sweep(t, &Way::Post(&kind), values).await?;
        for written in &done.written {
            for (slot, sent) in &written.values {
                let lost = differences(slot, sent, &written.stored);
                for difference in
                    lost.iter().filter(|difference| !difference.leaf.canonical_values.is_empty())
                {
                    let what = format!("a suggested value of `{}` does not come back", difference.path);
                    let got =
                        difference.stored.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
                    let flaw = written.answer.flaw(what).expected(difference.sent.to_string());
                    t.note(flaw.got(shortened(&got)).breaks(&["RFC7643-7-16"]));
                }
            }
        }
        for (slot, value, answer) in &done.refused {
            let what = format!("`{}` does not take all the values that its schema suggests", slot.path());
            let flaw = answer.flaw(what).expected(shortened(&value.to_string())).got(answer.said());
            t.note(flaw.breaks(&["RFC7643-7-16"]));
        }
    }
    if tried { Ok(()) } else { skip("no published schema suggests values") }
}

check! {
    /// A value that is not among the suggested ones is kept, dropped or refused with a client error; it does not break the server.
    ///
    /// Why: identity providers have types of their own (`backup`, `alternate`). A 500 for one of them stops the sync of the person,
    /// and is tried again for ever.
    ///
    /// Fix: treat `canonicalValues` as suggestions, or answer 400 with scimType `invalidValue`.
    NOT_CANONICAL = not_canonical,
    id: "attributes.other-values",
    title: "a value beyond the suggested ones does not break the server",
    level: May,
    requirements: ["RFC7643-2.3.1-04", "RFC7643-7-16", "RFC7643-2.3.1-03", "RFC7644-3.12-17"],
    needs: [Schemas],
    breaks: [],
}

async fn not_canonical(t: &Trial) -> Verdict {
    let mut tried = false;
    for kind in open_kinds(t).await? {
        let mut places: Vec<(Slot, Value)> = Vec::new();
        for slot in fillable(t, &kind) {
            let mut value = slot.sample(&t.ground().fresh_name());
            let word = slot
                .attribute
                .sub_attributes
                .iter()
                .find(|sub| !sub.canonical_values.is_empty() && is_writable(sub));
            if let Some(word) = word {
                let element = if slot.attribute.multi_valued { &mut value[0] } else { &mut value };
                element[word.name.as_str()] = json!("zzz-other");
            } else if !slot.attribute.canonical_values.is_empty() {
                value = if slot.attribute.multi_valued { json!(["zzz-other"]) } else { json!("zzz-other") };
            } else {
                continue;
            }
            if !is_unassigned(&value) {
                places.push((slot, value));
            }
        }
        tried |= !places.is_empty();
        let done = sweep(t, &Way::Post(&kind), places).await?;
        for (slot, value, answer) in done.refused.iter().filter(|(.., answer)| answer.status >= 500) {
            let what = format!("{} for `{}` breaks the server", shortened(&value.to_string()), slot.path());
            let flaw = answer.flaw(what).expected("201 or 400 invalidValue").got(answer.said());
            t.note(flaw.breaks(&["RFC7644-3.12-17"]).violation());
        }
    }
    if tried { Ok(()) } else { skip("no published schema suggests values") }
}
