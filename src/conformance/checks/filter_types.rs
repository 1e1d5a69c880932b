//! Filters: comparisons by the type of the attribute (RFC 7644 §3.4.2.2, table 3).

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp, tz};
use serde_json::json;

use super::filter_operators::compared;
use super::query::{Field, each};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::cohort::{leaves, place};
use crate::conformance::trial::{Answer, Slot, Trial, component};
use crate::conformance::verdict::{Verdict, skip};
use crate::protocol::schema::Type;

pub(super) const CHECKS: &[Check] =
    &[BOOLEAN_EQUAL, BOOLEAN_ORDER, BINARY_ORDER, DATE_TIME_ORDER, DATE_TIME_EQUAL, NUMBER, REFERENCE];
check! {
    /// Booleans are compared with the bare words `true` and `false`.
    ///
    /// Why: `active eq true` is how clients count licences and review access. A server that wants quotes, or compares text, finds
    /// nobody.
    ///
    /// Fix: read the operand as a JSON value and compare by the type of the attribute.
    BOOLEAN_EQUAL = boolean_equal,
    id: "filter.boolean-equal",
    title: "booleans are compared with true and false",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-09"],
    needs: [Filter, Users],
    breaks: [],
}

async fn boolean_equal(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let Some(slot) = place(field.kind(), "active") else { return skip("users have no `active`") };
    let given = |value: bool| field.ids_where(&slot, "eq", &json!(value)).len();
    if given(true) == 0 || given(false) == 0 {
        return skip("the target does not keep both values of `active`");
    }
    let cases = [(&slot, "eq", json!(false)), (&slot, "eq", json!(true)), (&slot, "ne", json!(true))];
    compared(&field, &cases).await
}

/// Fails unless the four operators of order are refused for an attribute.
async fn unordered(t: &Trial, slot: &Slot, operand: &str, what: &str) -> Verdict {
    let users = t.users()?;
    let run = ["gt", "ge", "lt", "le"].map(|operator| {
        let (users, filter) = (&users, format!("{} {operator} {operand}", slot.path()));
        async move {
            let answer: Answer =
                t.get(&format!("{}?filter={}&count=1", users.endpoint(), component(&filter))).await?;
            if answer.is_success() {
                return Err(answer
                    .flaw(format!("`{filter}` is evaluated, although {what} has no order"))
                    .expected("400 invalidFilter")
                    .got(answer.said())
                    .into());
            }
            answer.expect_error(&[400], Some("invalidFilter")).map(drop)
        }
    });
    let verdicts = join_all(run).await;
    if verdicts.iter().any(Result::is_err) {
        // Where equality is refused as well, it is the attribute that cannot be filtered by, and not its order.
        let filter = component(&format!("{} eq {operand}", slot.path()));
        let equal = t.get(&format!("{}?filter={filter}&count=1", users.endpoint())).await?;
        if !equal.is_success() && equal.status < 500 {
            return skip(format!("the target does not filter by `{}`", slot.path()));
        }
    }
    each(t, verdicts)
}

check! {
    /// `gt`, `ge`, `lt` and `le` on a boolean are refused with 400 and the scimType `invalidFilter`.
    ///
    /// Why: there is no order of true and false. A server that lets the database decide answers with an arbitrary half of the
    /// users, and another database with the other half.
    ///
    /// Fix: check the type of the attribute before the filter is evaluated.
    BOOLEAN_ORDER = boolean_order,
    id: "filter.boolean-order",
    title: "an order of booleans is refused with invalidFilter",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-24"],
    needs: [Filter, Users],
    breaks: [],
}

async fn boolean_order(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut found: Vec<Slot> =
        leaves(&users).into_iter().filter(|slot| slot.leaf().kind == Type::Boolean).collect();
    found.sort_by_key(|slot| (slot.sub.is_some(), !slot.path().eq_ignore_ascii_case("active")));
    match found.first() {
        Some(slot) => unordered(t, slot, "true", "a boolean").await,
        None => skip("users have no boolean attribute"),
    }
}

check! {
    /// `gt`, `ge`, `lt` and `le` on a binary attribute are refused with 400 and the scimType `invalidFilter`.
    ///
    /// Why: an order of base64 text says nothing about what it encodes.
    ///
    /// Fix: check the type of the attribute before the filter is evaluated.
    BINARY_ORDER = binary_order,
    id: "filter.binary-order",
    title: "an order of binary values is refused with invalidFilter",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-25"],
    needs: [Filter, Users],
    breaks: [],
}

async fn binary_order(t: &Trial) -> Verdict {
    let users = t.users()?;
    match leaves(&users).iter().find(|slot| slot.leaf().kind == Type::Binary) {
        Some(slot) => unordered(t, slot, "\"AAAA\"", "a binary value").await,
        None => skip("users have no binary attribute"),
    }
}

/// An instant an hour before the first and one an hour after the last, written with offsets that mislead whoever compares text.
fn around(field: &Field<'_>, slot: &Slot) -> Option<(String, String)> {
    let instants: Vec<Timestamp> = field
        .cohort
        .members
        .iter()
        .map(|member| slot.get(&member.json)?.as_str()?.parse().ok())
        .collect::<Option<_>>()?;
    let hour = SignedDuration::from_hours(1);
    let before = instants.iter().min()?.checked_sub(hour).ok()?.display_with_offset(tz::offset(14));
    let after = instants.iter().max()?.checked_add(hour).ok()?.display_with_offset(tz::offset(-12));
    Some((before.to_string(), after.to_string()))
}

check! {
    /// `gt`, `ge`, `lt` and `le` compare points in time, whatever offset they are written with.
    ///
    /// Why: an incremental import asks for what changed since the last one. A comparison of the text goes wrong as soon as the
    /// offsets differ, and changes are missed for hours.
    ///
    /// Fix: parse both sides into instants; compare those.
    DATE_TIME_ORDER = date_time_order,
    id: "filter.date-time-order",
    title: "dateTimes are ordered as points in time",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-22"],
    needs: [Filter, Users],
    breaks: [],
}

async fn date_time_order(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let (mut cases, mut slots) = (Vec::new(), Vec::new());
    slots.extend(["meta.created", "meta.lastModified"].iter().filter_map(|path| place(field.kind(), path)));
    for slot in &slots {
        let Some((before, after)) = around(&field, slot) else { continue };
        cases.extend([(slot, "gt", json!(before)), (slot, "lt", json!(after))]);
        if slot.path() == "meta.created" {
            cases.extend([(slot, "ge", json!(after)), (slot, "le", json!(before))]);
        }
    }
    let moment = field.cohort.places.moment.clone();
    if let Some(slot) = &moment {
        // An instant of one of them, in another offset.
        let operand = "2020-01-01T12:30:00+02:00";
        cases.extend(["gt", "ge", "lt", "le"].map(|operator| (slot, operator, json!(operand))));
    }
    if cases.is_empty() {
        return skip("users have no dateTime with an offset");
    }
    compared(&field, &cases).await?;
    // The same without anything else, as imports ask it.
    let Some(slot) = slots.first() else { return Ok(()) };
    let Some((before, after)) = around(&field, slot) else { return Ok(()) };
    let (path, everybody) = (slot.path(), field.everybody());
    let after = field.finds_bare(&format!("{path} gt {}", json!(after)), &[]).await;
    let before = field.finds_bare(&format!("{path} gt {}", json!(before)), &everybody).await;
    each(t, [after, before])
}

check! {
    /// `eq` on a dateTime holds for the value that the server shows, in any offset and with any number of zeros in its fraction.
    ///
    /// Why: a client that remembers `meta.lastModified` finds the resource again by it. Where the store keeps finer times than it
    /// shows, or compares text, it finds nothing.
    ///
    /// Fix: cut times to the precision that is shown when they are stored, and compare instants.
    DATE_TIME_EQUAL = date_time_equal,
    id: "filter.date-time-equal",
    title: "eq on a dateTime finds the value that is shown",
    level: Should,
    requirements: ["RFC7644-3.4.2.2-10"],
    needs: [Filter, Users],
    breaks: [],
}

async fn date_time_equal(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let mut cases = Vec::new();
    let created = place(field.kind(), "meta.created");
    if let Some(slot) = &created
        && let Some(shown) = slot.get(&field.member("alpha").json)
        // What is shown as whole seconds may be stored finer.
        && shown.as_str().is_some_and(|text| text.contains('.'))
        && let Some(instant) = shown.as_str().and_then(|text| text.parse::<Timestamp>().ok())
    {
        cases.push((slot, "eq", shown.clone()));
        cases.push((slot, "eq", json!(instant.display_with_offset(tz::offset(2)).to_string())));
    }
    let moment = field.cohort.places.moment.clone();
    if let Some(slot) = &moment {
        cases.push((slot, "eq", json!("2020-01-01T12:00:00.000+02:00")));
    }
    if cases.is_empty() {
        return skip("users have no dateTime with an offset");
    }
    compared(&field, &cases).await
}

check! {
    /// Numbers are compared by value.
    ///
    /// Why: compared as text, 10 is less than 9. Limits and sizes in custom attributes then select the wrong accounts.
    ///
    /// Fix: compare by the type of the attribute, not by its text.
    NUMBER = number,
    id: "filter.number",
    title: "numbers are compared by value",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-23"],
    needs: [Filter, Users],
    breaks: [],
}

async fn number(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let Some(slot) = field.cohort.places.number.clone() else {
        return skip("the target keeps no number attribute of users");
    };
    let cases: Vec<_> =
        ["eq", "ne", "gt", "ge", "lt", "le"].map(|operator| (&slot, operator, json!(10))).into();
    compared(&field, &cases).await
}

check! {
    /// `eq` on a reference holds for the same URI.
    ///
    /// Why: references are text for a filter; a server that cannot compare them leaves a gap that clients do not expect.
    ///
    /// Fix: treat reference attributes as strings in filters.
    REFERENCE = reference,
    id: "filter.reference",
    title: "eq on a reference finds the same URI",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-08"],
    needs: [Filter, Users],
    breaks: [],
}

async fn reference(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let Some(slot) = field.cohort.places.link.clone() else {
        return skip("the target keeps no reference attribute of users");
    };
    let Some(value) = slot.get(&field.member("delta").json).cloned() else {
        return skip(format!("the target did not keep `{}`", slot.path()));
    };
    field.finds(&format!("{} eq {value}", slot.path()), &field.ids_where(&slot, "eq", &value)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::value::parse_date_time;

    #[test]
    fn offsets_mislead_whoever_compares_text() {
        let instant: Timestamp = "2026-11-26T11:00:00Z".parse().unwrap();
        let before =
            (instant - SignedDuration::from_hours(1)).display_with_offset(tz::offset(14)).to_string();
        let after =
            (instant + SignedDuration::from_hours(1)).display_with_offset(tz::offset(-12)).to_string();
        assert_eq!(
            (before.as_str(), after.as_str()),
            ("2026-11-27T00:00:00+14:00", "2026-11-26T00:00:00-12:00")
        );
        let shown = "2026-11-26T11:00:00Z";
        assert!(before.as_str() > shown && parse_date_time(&before) < parse_date_time(shown));
        assert!(after.as_str() < shown && parse_date_time(&after) > parse_date_time(shown));
    }
}
