//! Numbers, dateTimes and binary values as finely as they can be written, and qualified names (RFC 7643 §2.3, RFC 7644 §3.10).

use std::sync::Arc;

use serde_json::{Value, json};

use super::attributes::{differences, fillable, is_same, open_kinds};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Answer, Slot, Trial, component, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::{Mutability, Returned, Type};

pub(super) const CHECKS: &[Check] =
    &[NUMBERS, DATE_TIMES, BINARY, QUALIFIED, QUALIFIED_FILTER, QUALIFIED_PATH];

/// Published singular attributes of a type that can be written and read back.
async fn places(t: &Trial, kinds: &[Type]) -> Result<Vec<(Arc<Kind>, Slot)>, Stop> {
    let mut found = Vec::new();
    for kind in open_kinds(t).await? {
        for slot in fillable(t, &kind) {
            let is_open = slot.attribute.mutability == Mutability::ReadWrite
                && matches!(slot.attribute.returned, Returned::Default | Returned::Always);
            if is_open && kinds.contains(&slot.attribute.kind) && !slot.attribute.multi_valued {
                found.push((Arc::clone(&kind), slot.clone()));
            }
            if is_open && slot.attribute.is_complex() && !slot.attribute.multi_valued {
                let subs = slot.attribute.sub_attributes.iter().filter(|sub| {
                    kinds.contains(&sub.kind) && !sub.multi_valued && sub.mutability == Mutability::ReadWrite
                });
                found.extend(subs.map(|sub| (Arc::clone(&kind), slot.with_sub(sub))));
            }
        }
    }
    Ok(found)
}

/// Writes a value and compares what is stored. A refusal is left alone: ranges are for the server to say.
async fn round_trip(t: &Trial, kind: &Arc<Kind>, slot: &Slot, sent: &Value) -> Verdict {
    let mut body = t.body(kind).await?;
    slot.set(&mut body, sent.clone());
    let answer = t.post(kind.endpoint(), &body).await?;
    let what = |done: &str| format!("{} for `{}` {done}", shortened(&sent.to_string()), slot.path());
    if answer.status >= 500 {
        let flaw = answer.flaw(what("breaks the server")).expected("201 or 400").got(answer.said());
        t.note(flaw.breaks(&["RFC7644-3.12-17"]).violation());
        return Ok(());
    }
    if !answer.is_success() {
        return Ok(());
    }
    let stored = t.read(&t.created_by(kind, &answer)?).await?;
    let shown = slot.get(&stored);
    if !shown.is_some_and(|shown| is_same(slot.leaf(), sent, shown)) {
        let got = shown.map_or_else(|| "nothing".to_owned(), |shown| shortened(&shown.to_string()));
        let rule = match slot.leaf().kind {
            Type::Integer => "RFC7643-2.3.4-01",
            Type::Decimal => "RFC7643-2.3.3-01",
            _ => "RFC7643-2.3.5-01",
        };
        let flaw = answer.flaw(what("comes back as another value")).expected(sent.to_string()).got(got);
        t.note(flaw.breaks(&[rule]));
    }
    Ok(())
}

check! {
    /// Numbers come back as they were sent: large integers are not rounded, decimals keep their fraction.
    ///
    /// Why: a counter or a key that goes through a floating point number loses its last digits, and a decimal in an integer column its
    /// fraction.
    ///
    /// Fix: use integer and decimal types of sufficient size; refuse with 400 what does not fit.
    NUMBERS = numbers,
    id: "values.numbers",
    title: "numbers come back as they were sent",
    level: Must,
    requirements: ["RFC7643-2.3.3-01", "RFC7643-2.3.4-01", "RFC7644-3.12-17"],
    needs: [Schemas],
    breaks: [],
}

async fn numbers(t: &Trial) -> Verdict {
    let places = places(t, &[Type::Integer, Type::Decimal]).await?;
    if places.is_empty() {
        return skip("no published schema has a number that clients write");
    }
    for (kind, slot) in places.iter().take(4) {
        let values: &[Value] = match slot.leaf().kind {
            Type::Integer => &[json!(0), json!(-1), json!(2_147_483_647), json!(9_007_199_254_740_993_i64)],
            _ => &[json!(0.1), json!(-1.5), json!(1_234_567.891)],
        };
        for value in values {
            round_trip(t, kind, slot, value).await?;
        }
    }
    Ok(())
}

check! {
    /// A dateTime comes back as the same instant, whatever offset and however many digits of a second it was sent with.
    ///
    /// Why: a server that drops the offset moves an end of employment by hours: access ends on the wrong day.
    ///
    /// Fix: parse xsd:dateTime with its offset, store the instant, answer with `Z` or an offset.
    DATE_TIMES = date_times,
    id: "values.date-times",
    title: "a dateTime comes back as the same instant",
    level: Must,
    requirements: ["RFC7643-2.3.5-01", "RFC7643-2.3.5-02", "RFC7644-3.12-17"],
    needs: [Schemas],
    breaks: [],
}

async fn date_times(t: &Trial) -> Verdict {
    let places = places(t, &[Type::DateTime]).await?;
    let Some((kind, slot)) = places.first() else {
        return skip("no published schema has a dateTime that clients write");
    };
    for text in [
        "2024-02-29T23:30:00Z",
        "2024-03-01T01:30:00+02:00",
        "2011-05-13T04:42:34.250Z",
        "1969-07-20T20:17:40-05:30",
    ] {
        round_trip(t, kind, slot, &json!(text)).await?;
    }
    Ok(())
}

check! {
    /// Binary values keep every bit: letter case of base64 matters, and padding may be left out.
    ///
    /// Why: certificates are binary. One letter in another case is another certificate, or none.
    ///
    /// Fix: store the bytes, or the text as it came, and compare without regard to padding.
    BINARY = binary,
    id: "values.binary",
    title: "binary values keep every bit, with or without padding",
    level: Must,
    requirements: ["RFC7643-2.3.6-01", "RFC7643-2.3.6-03", "RFC7643-2.3.6-04"],
    needs: [Schemas],
    breaks: [],
}

async fn binary(t: &Trial) -> Verdict {
    let mut tried = false;
    for kind in open_kinds(t).await? {
        for slot in fillable(t, &kind) {
            let is_binary = slot.attribute.kind == Type::Binary
                || slot.attribute.sub("value").is_some_and(|sub| sub.kind == Type::Binary);
            if !is_binary || slot.attribute.mutability != Mutability::ReadWrite {
                continue;
            }
            let padded = slot.sample(&t.ground().fresh_name());
            let bare: Value =
                serde_json::from_str(&padded.to_string().replace("=\"", "\"").replace("=\"", "\""))
                    .unwrap_or_default();
            let mut is_taken = false;
            for (form, value) in [("with padding", &padded), ("without padding", &bare)] {
                let mut body = t.body(&kind).await?;
                slot.set(&mut body, value.clone());
                let answer = t.post(kind.endpoint(), &body).await?;
                if !answer.is_success() {
                    if is_taken {
                        let what = format!("`{}` does not take base64 {form}", slot.path());
                        t.note(
                            answer
                                .flaw(what)
                                .expected("201")
                                .got(answer.said())
                                .breaks(&["RFC7643-2.3.6-03"])
                                .concern(),
                        );
                    }
                    continue;
                }
                let stored = t.read(&t.created_by(&kind, &answer)?).await?;
                let lost = differences(&slot, value, &stored);
                // What is not kept at all is judged by `attributes.create-keeps`.
                if lost.iter().any(|lost| lost.leaf.kind == Type::Binary && lost.stored.is_none()) {
                    continue;
                }
                (tried, is_taken) = (true, true);
                for difference in lost.iter().filter(|difference| difference.leaf.kind == Type::Binary) {
                    let what = format!("`{}` {form} comes back as other bytes", difference.path);
                    let got = difference
                        .stored
                        .as_ref()
                        .map_or_else(|| "nothing".to_owned(), |v| shortened(&v.to_string()));
                    let texts =
                        (difference.sent.as_str(), difference.stored.as_ref().and_then(Value::as_str));
                    let rule = match texts {
                        (Some(sent), Some(stored)) if sent.eq_ignore_ascii_case(stored) => "RFC7643-2.3.6-04",
                        _ => "RFC7643-2.3.6-01",
                    };
                    let flaw = answer.flaw(what).expected(shortened(&difference.sent.to_string())).got(got);
                    t.note(flaw.breaks(&[rule]));
                }
            }
        }
    }
    if tried { Ok(()) } else { skip("no published schema has a binary attribute that the target takes") }
}

// --- qualified names ---

/// A core text attribute at the top level with a resource that has it, and its value.
async fn named(t: &Trial) -> Result<(Arc<Kind>, Slot, crate::conformance::trial::Created, String), Stop> {
    let (kind, slots) = super::values::texts(t).await?;
    let Some(slot) = slots.into_iter().find(|slot| slot.extension.is_none()) else {
        return skip("there is no text attribute in a base schema");
    };
    let text = t.ground().fresh_name();
    let mut body = t.body(&kind).await?;
    slot.set(&mut body, json!(text));
    let created = t.create_from(&kind, &body).await?;
    Ok((kind, slot, created, text))
}

/// The notations of one attribute: short, qualified, qualified in capitals.
fn notations(kind: &Kind, slot: &Slot) -> [(&'static str, String); 3] {
    let qualified = format!("{}:{}", kind.schema.core.id, slot.path());
    [
        ("short", slot.path()),
        ("qualified", qualified.clone()),
        ("qualified in capitals", qualified.to_uppercase()),
    ]
}

check! {
    /// `attributes` takes a name in short and with the URN of its schema before it, in any letter case; sub-attributes are named with a
    /// dot.
    ///
    /// Why: clients qualify names as soon as a resource has extensions. Schema URNs have dots of their own (`2.0`), which trips up parsers
    /// that split at the first one.
    ///
    /// Fix: compare the beginning of the name with the known schema URNs, without regard to case, and split at dots only after
    /// that.
    QUALIFIED = qualified,
    id: "attributes.qualified-names",
    title: "attributes can be named with their schema URN in any case",
    level: Must,
    requirements: ["RFC7644-3.10-01", "RFC7644-3.10-02", "RFC7644-3.10-04", "RFC7644-3.10-05"],
    needs: [],
    breaks: [],
}

async fn qualified(t: &Trial) -> Verdict {
    let (kind, slot, created, text) = named(t).await?;
    for (form, name) in notations(&kind, &slot) {
        let answer = t.get(&format!("{}?attributes={}", created.path, component(&name))).await?;
        let shown = answer.json.as_ref().and_then(|json| slot.get(json)).and_then(Value::as_str);
        if shown == Some(&text) {
            continue;
        }
        if form == "short" {
            return Err(Stop::Blocked(format!(
                "{} does not show the attribute (topic `projection`)",
                answer.asked
            )));
        }
        t.note(flaw(&answer, form, &name, "is not shown when it is asked for"));
    }
    Ok(())
}

fn flaw(answer: &Answer, form: &str, name: &str, what: &str) -> crate::conformance::verdict::Flaw {
    let requirement: &[&'static str] =
        if form == "qualified" { &["RFC7644-3.10-01"] } else { &["RFC7644-3.10-05"] };
    let flaw = answer.flaw(format!("`{name}` ({form}) {what}"));
    flaw.expected("the same as for the short name").got(answer.said()).breaks(requirement)
}

check! {
    /// Filters take a name in short and with the URN of its schema before it, in any letter case.
    ///
    /// Why: extension attributes can only be named in this way, and clients qualify all names alike.
    ///
    /// Fix: resolve names in filters, `attributes`, `sortBy` and PATCH paths by the same code.
    QUALIFIED_FILTER = qualified_filter,
    id: "attributes.qualified-filter",
    title: "filters take attribute names with their schema URN",
    level: Must,
    requirements: ["RFC7644-3.10-01", "RFC7644-3.10-05"],
    needs: [Filter],
    breaks: [Entra],
}

async fn qualified_filter(t: &Trial) -> Verdict {
    let (kind, slot, created, text) = named(t).await?;
    for (form, name) in notations(&kind, &slot) {
        let answer = t.search(&kind, &format!("{name} eq \"{text}\"")).await?;
        if answer.list().is_ok_and(|list| list.ids().contains(&created.id.as_str())) {
            continue;
        }
        if form == "short" {
            return skip(format!("the target does not filter by `{name}`"));
        }
        let what = if answer.status == 200 { "finds nothing in a filter" } else { "is refused in a filter" };
        let flaw = flaw(&answer, form, &name, what);
        // As with every filter, a clean refusal is worth a warning.
        t.note(if matches!(answer.status, 400 | 403 | 501) { flaw.concern() } else { flaw });
    }
    Ok(())
}

check! {
    /// PATCH paths take a name in short and with the URN of its schema before it, in any letter case.
    ///
    /// Why: Entra sends the paths of extension attributes in this form, and of core attributes in some configurations.
    ///
    /// Fix: resolve names in filters, `attributes`, `sortBy` and PATCH paths by the same code.
    QUALIFIED_PATH = qualified_path,
    id: "attributes.qualified-path",
    title: "PATCH paths take attribute names with their schema URN",
    level: Must,
    requirements: ["RFC7644-3.10-01", "RFC7644-3.10-05"],
    needs: [Patch],
    breaks: [Entra],
}

async fn qualified_path(t: &Trial) -> Verdict {
    let (kind, slot, created, _) = named(t).await?;
    for (form, name) in notations(&kind, &slot) {
        let text = t.ground().fresh_name();
        let answer =
            t.patch(&created.path, json!([{ "op": "replace", "path": name, "value": text }])).await?;
        let stored = t.read(&created).await?;
        if slot.get(&stored).and_then(Value::as_str) == Some(&text) {
            continue;
        }
        if form == "short" {
            return Err(Stop::Blocked(format!(
                "{} does not change the attribute (topic `patch`)",
                answer.asked
            )));
        }
        t.note(flaw(&answer, form, &name, "is not changed by PATCH"));
    }

    Ok(())
}
