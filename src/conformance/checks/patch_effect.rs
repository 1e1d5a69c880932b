//! What a PATCH changes, and what it leaves alone (RFC 7644 §3.5.2).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::patch::{instant, member_of_meta, words};
use super::query::breaking;
use super::subject::{Listing, Subject, fresh, texts, told, with};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::slot::{is_plain, slots};
use crate::conformance::trial::{Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::value::{DateTime, parse_date_time};

pub(super) const CHECKS: &[Check] = &[KEEPS_REST, EVERY_ATTRIBUTE, LAST_MODIFIED, PRIMARY];

/// How long a resource must have been there before a new modification time must differ from the time of creation,
/// however coarse the clock of the target is below its digits.
const CLOCK: Duration = Duration::from_millis(20);

check! {
    /// A PATCH of one attribute leaves every other attribute as it was: other values, other extensions, the primary
    /// value of a list, the time of creation and the id.
    ///
    /// Why: targets that load a resource into an internal model and write it back lose whatever the model does not
    /// have. Nobody notices until a phone number, a cost centre or the role of somebody is gone.
    ///
    /// Fix: apply the operations to the stored resource itself, and write only what they name.
    KEEPS_REST = keeps_rest,
    id: "patch.keeps-rest",
    title: "PATCH of one attribute leaves everything else as it was",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-02", "RFC7644-3.5.2.3-03", "RFC7644-3.5.2.1-03", "RFC7643-3.1-25", "RFC7643-3.1-08"],
    needs: [Patch, Users],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn keeps_rest(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let mut subject = Subject::full(t, &users).await?;
    let pathless = |value: &Value| {
        let mut object = json!({});
        slot.set(&mut object, value.clone());
        if let Some(object) = object.as_object_mut() {
            object.shift_remove("schemas");
        }
        object
    };
    for op in ["replace", "add"] {
        let value = fresh(t, &slot);
        let operations = match op {
            "replace" => json!([{ "op": op, "path": slot.path(), "value": value }]),
            _ => json!([{ "op": op, "value": pathless(&value) }]),
        };
        let told = told(&operations);
        let rule = if op == "add" { "RFC7644-3.5.2.1-03" } else { "RFC7644-3.5.2.3-03" };
        let answer = breaking(subject.patch(t, operations).await, &[rule])?;
        let after = subject.now(t, &answer).await?;
        let expected = with(&subject.before, &slot, value);
        t.soft(breaking(subject.judge(&answer, &told, &expected, &after), &[rule]))?;
        let (was, is) = (member_of_meta(&subject.before, "created"), member_of_meta(&after, "created"));
        if instant(was) != instant(is) {
            t.note(
                answer
                    .flaw("PATCH has changed `meta.created`")
                    .expected(words(was))
                    .got(words(is))
                    .breaks(&["RFC7643-3.1-25"]),
            );
        }
        subject.before = after;
    }
    Ok(())
}

check! {
    /// Every attribute that the schema calls readWrite can be changed by PATCH, and the new value is stored.
    ///
    /// Why: administrators map what /Schemas offers. An attribute that is accepted and not stored is sent again in
    /// every cycle, and the people whose job title changes keep the old one.
    ///
    /// Fix: store what the schema calls readWrite, or publish it as readOnly.
    EVERY_ATTRIBUTE = every_attribute,
    id: "patch.every-attribute",
    title: "every simple readWrite attribute can be changed by PATCH",
    level: May,
    requirements: ["RFC7643-7-22"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn every_attribute(t: &Trial) -> Verdict {
    for kind in t.kinds() {
        let survey = t.survey(kind).await?;
        let subject = Subject::full(t, kind).await?;
        let mut places: Vec<(Slot, Value)> = Vec::new();
        for slot in
            slots(&kind.schema).filter(|slot| is_plain(&slot.attribute) && !slot.attribute.multi_valued)
        {
            let subs = slot.attribute.sub_attributes.iter().filter(|sub| is_plain(sub) && !sub.multi_valued);
            let leaves: Vec<Slot> = match slot.attribute.is_complex() {
                true => subs.map(|sub| slot.with_sub(sub)).collect(),
                false => vec![slot],
            };
            // What the target makes of parts, and of people who are switched off, is judged elsewhere.
            let leaves = leaves.into_iter().filter(|leaf| {
                survey.keeps(leaf) && !["formatted", "active"].contains(&leaf.leaf().name.as_str())
            });
            for leaf in leaves {
                let value = match leaf.get(&subject.before) {
                    Some(Value::Bool(flag)) => json!(!flag),
                    _ => fresh(t, &leaf),
                };
                places.push((leaf, value));
            }
        }
        if places.is_empty() {
            continue;
        }
        let operation =
            |(slot, value): &(Slot, Value)| json!({ "op": "replace", "path": slot.path(), "value": value });
        let all: Vec<Value> = places.iter().map(operation).collect();
        let answer = t.patch(&subject.created.path, json!(all)).await?;
        let mut last = answer.clone();
        if !answer.is_success() {
            // One after the other, to tell which it is.
            for place in &places {
                let answer = subject.patch(t, json!([operation(place)])).await;
                if let Some(answer) = t.soft(answer)? {
                    last = answer;
                }
            }
            if t.is_clean() {
                t.note(
                    answer
                        .flaw(format!(
                            "{} changes at once are refused, although each is made alone",
                            places.len()
                        ))
                        .expected("200 or 204")
                        .got(answer.said()),
                );
            }
            if !last.is_success() {
                continue;
            }
        }
        let after = subject.now(t, &last).await?;
        for (slot, value) in &places {
            let stored = slot.get(&after);
            if !stored.is_some_and(|stored| crate::protocol::value::equal(slot.leaf(), value, stored))
                && t.is_clean()
            {
                t.note(
                    last.flaw(format!(
                        "`{}` can be created, but a change of it by PATCH is not stored",
                        slot.path()
                    ))
                    .expected(value.to_string())
                    .got(words(stored)),
                );
            }
        }
    }
    Ok(())
}

check! {
    /// A PATCH that changes something advances `meta.lastModified`, and `meta.version` where there is one.
    ///
    /// Why: imports that go by the time of the last change never see a change that leaves it as it was. Clients that
    /// guard against lost updates by version overwrite each other.
    ///
    /// Fix: set `lastModified` and a new version in the transaction that stores the change.
    LAST_MODIFIED = last_modified,
    id: "patch.last-modified",
    title: "a PATCH that changes something advances meta.lastModified",
    level: Must,
    requirements: ["RFC7644-3.5.2-29", "RFC7643-3.1-27"],
    needs: [Patch, Users],
    breaks: [],
}

async fn last_modified(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = texts(t, &users, 1).await?.swap_remove(0);
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let clock = Instant::now();
    let Some((before, precision)) =
        member_of_meta(&subject.before, "lastModified").and_then(Value::as_str).and_then(moment)
    else {
        return skip("the target does not tell `meta.lastModified`, which other checks judge");
    };
    t.pause(CLOCK).await;
    let elapsed = clock.elapsed();
    let operations = json!([{ "op": "replace", "path": slot.path(), "value": fresh(t, &slot) }]);
    let answer = subject.patch(t, operations).await?;
    let after = subject.now(t, &answer).await?;
    if slot.get(&after) == slot.get(&subject.before) {
        return Err(Stop::Blocked("the change is not made (check `patch.replace`)".to_owned()));
    }
    let shown = member_of_meta(&after, "lastModified");
    let now = shown.and_then(Value::as_str).and_then(moment);
    let told = words(member_of_meta(&subject.before, "lastModified"));
    let stands = now.is_some_and(|(now, _)| now == before);
    let coarse = now.map_or(precision, |(_, other)| other.min(precision));
    if now.is_none_or(|(now, _)| now < before) || (stands && elapsed >= CLOCK.max(2 * coarse)) {
        t.note(
            answer
                .flaw("a change by PATCH does not advance `meta.lastModified`")
                .expected(format!("later than {told}"))
                .got(words(shown)),
        );
    }
    let version = member_of_meta(&subject.before, "version");
    // A version that is made from a coarse time cannot tell more than the time does.
    let is_due = !stands || elapsed >= CLOCK.max(2 * coarse);
    if is_due && version.is_some() && version == member_of_meta(&after, "version") {
        t.note(
            answer
                .flaw("a change by PATCH leaves `meta.version` as it was")
                .expected("another version")
                .got(words(version))
                .breaks(&["RFC7644-3.5.2-29"]),
        );
    }
    Ok(())
}

check! {
    /// When a PATCH makes one value of a multi-valued attribute primary, no other is primary any more, whichever way it
    /// is said; the other values stay.
    ///
    /// Why: the primary address is the one that mail goes to. With two of them, programs take either, and the old one
    /// may belong to somebody who has left.
    ///
    /// Fix: after each operation that sets `primary` to true, set it to false in every other element of the attribute.
    PRIMARY = primary,
    id: "patch.primary",
    title: "a new primary value takes the place of the old one",
    level: Must,
    requirements: [
        "RFC7644-3.5.2-22", "RFC7644-3.5.2.3-12", "RFC7643-2.4-04", "RFC7644-3.5.2.1-08", "RFC7644-3.5.2.3-10",
        "RFC7644-3.5.2-11",
    ],
    needs: [Patch, Users],
    breaks: [Okta, Entra, Ping],
}

async fn primary(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut judged = false;
    for way in 0..3 {
        let listing = Listing::with_primary(t, &users).await?;
        let (subject, path) = (&listing.subject, listing.list.slot.path());
        let name = listing.list.value.leaf().name.as_str();
        let (mut new, mut changed) = (listing.another(t, 2), listing.sent[1].clone());
        new["primary"] = json!(true);
        changed["primary"] = json!(true);
        let (operations, chosen, all) = match way {
            0 => {
                let all = [listing.sent.clone(), vec![new.clone()]].concat();
                (json!([{ "op": "add", "path": path, "value": [new] }]), new[name].clone(), all)
            }
            1 => {
                let path = format!("{}.primary", listing.with_value(1));
                let operations = json!([{ "op": "replace", "path": path, "value": true }]);
                (operations, listing.value(1).clone(), listing.sent.clone())
            }
            _ => {
                let operations =
                    json!([{ "op": "replace", "path": listing.with_value(1), "value": changed }]);
                (operations, listing.value(1).clone(), listing.sent.clone())
            }
        };
        let told = told(&operations);
        // That it can be said in this way at all is judged elsewhere.
        let answer = t.patch(&subject.created.path, operations).await?;
        if !answer.is_success() {
            subject.blocked_without_patch(t, &answer).await?;
            continue;
        }
        judged = true;
        let after = subject.now(t, &answer).await?;
        let found = listing.primaries(&after);
        if found != [chosen.clone()] {
            let mut rules = vec!["RFC7644-3.5.2-22"];
            rules.extend((way > 0).then_some("RFC7644-3.5.2.3-12"));
            rules.extend((found.len() > 1).then_some("RFC7643-2.4-04"));
            t.note(
                answer
                    .flaw(format!("after {told}, {} values are primary", found.len()))
                    .expected(format!("only {chosen}"))
                    .got(words(Some(&json!(found))))
                    .breaks(&rules),
            );
        }
        // Who is primary was judged; that nobody is lost is left.
        let all = all.into_iter().map(|element| without_primary(&element)).collect();
        let rule = ["RFC7644-3.5.2.1-08", "RFC7644-3.5.2.3-10", "RFC7644-3.5.2-11"][way];
        t.soft(breaking(subject.judge(&answer, &told, &listing.with(all), &after), &[rule]))?;
    }
    match judged {
        true => Ok(()),
        false => Err(Stop::Blocked("no value can be made primary (check `patch.add-appends`)".to_owned())),
    }
}

fn without_primary(element: &Value) -> Value {
    let members = element.as_object().into_iter().flatten();
    members
        .filter(|(name, _)| *name != "primary")
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// A dateTime, and how fine it is: zeros at the end may mean that nothing finer is known.
fn moment(text: &str) -> Option<(DateTime, Duration)> {
    let time = parse_date_time(text)?;
    let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
    let digits: String = fraction.chars().take_while(char::is_ascii_digit).take(9).collect();
    let digits = digits.trim_end_matches('0').len();
    Some((time, Duration::from_secs_f64(0.1_f64.powi(i32::try_from(digits).ok()?))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_a_time_tell_how_fine_it_is() {
        let fine = |text: &str| moment(text).unwrap().1;
        assert_eq!(fine("2024-02-01T00:00:00Z"), Duration::from_secs(1));
        assert_eq!(fine("2024-02-01T00:00:00.000Z"), Duration::from_secs(1));
        assert!(fine("2024-02-01T00:00:00.120+01:00") >= Duration::from_millis(9));
        assert!(fine("2024-02-01T00:00:00.123456Z") < Duration::from_micros(2));
    }
}
