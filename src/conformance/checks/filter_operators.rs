//! Filters: each operator on the types that the target has (RFC 7644 §3.4.2.2, table 3).

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::query::{Field, breaking, each, strictly, values};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::cohort::{leaves, place};
use crate::conformance::trial::{Slot, Trial};
use crate::conformance::verdict::{Verdict, skip};
use crate::protocol::schema::{Returned, Type};

pub(super) const CHECKS: &[Check] =
    &[NOT_EQUAL, CONTAINS, ENDS_WITH, PRESENT, PRESENT_COMPLEX, ORDER_TEXT, RESOURCE_TYPE, SCHEMAS];

/// Fails unless comparisons select the members whose stored values they hold for.
pub(super) async fn compared(field: &Field<'_>, cases: &[(&Slot, &str, Value)]) -> Verdict {
    let run = cases.iter().map(|(slot, operator, operand)| async move {
        let filter = format!("{} {operator} {operand}", slot.path());
        field.finds_here(&filter, &field.ids_where(slot, operator, operand)).await
    });
    each(field.t, join_all(run).await)
}

/// A text attribute whose stored value differs between all members.
pub(super) fn distinct(field: &Field<'_>, path: &str) -> Option<Slot> {
    let slot = place(field.kind(), path)?;
    let mut found: Vec<String> = field
        .cohort
        .members
        .iter()
        .filter_map(|m| Some(slot.get(&m.json)?.as_str()?.to_lowercase()))
        .collect();
    found.sort();
    found.dedup();
    (found.len() == field.cohort.members.len()).then_some(slot)
}

check! {
    /// `ne` selects the resources whose value is another than the operand.
    ///
    /// Why: reports and clean-up jobs ask for everybody but the service accounts. An `ne` that behaves like `eq`, or leaves people
    /// out, hides accounts from them.
    ///
    /// Fix: negate the comparison of `eq`, with the same letter case rules.
    NOT_EQUAL = not_equal,
    id: "filter.not-equal",
    title: "ne selects values other than the operand",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-11"],
    needs: [Filter, Users],
    breaks: [],
}

async fn not_equal(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let mut verdicts = Vec::new();
    for path in ["userName", "displayName"] {
        let Some(slot) = distinct(&field, path) else { continue };
        let Some(value) = slot.get(&field.member("alpha").json).cloned() else { continue };
        verdicts.push(compared(&field, &[(&slot, "ne", value)]).await);
    }
    each(t, verdicts)
}

check! {
    /// `co` selects the values that contain the operand, wherever it stands.
    ///
    /// Why: JumpCloud, PingOne and administrators search by a part of a name. A search that only knows beginnings of words, or
    /// compares whole values, finds nobody.
    ///
    /// Fix: look for the whole operand anywhere in the value, without tokenising either.
    CONTAINS = contains,
    id: "filter.contains",
    title: "co selects values that contain the operand",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-12"],
    needs: [Filter, Users],
    breaks: [],
}

async fn contains(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let inner = &field.cohort.prefix[1..];
    let whole = field.member("bravo").json["userName"].as_str().unwrap_or_default().to_owned();
    let cases = [
        (format!("{inner}-"), field.everybody()),
        (format!("{inner}-brav"), vec![field.id("bravo")]),
        (whole.clone(), vec![field.id("bravo")]),
        // The operand contains the value, not the other way round.
        (format!("{whole}x"), vec![]),
    ];
    let run = cases.iter().map(|(operand, expected)| {
        let filter = format!("userName co {}", json!(operand));
        let field = &field;
        async move { field.finds(&filter, expected).await }
    });
    each(t, join_all(run).await)
}

check! {
    /// `ew` selects the values that end with the operand, the one that equals it included.
    ///
    /// Why: accounts of one mail domain are found this way.
    ///
    /// Fix: compare the operand with the end of the value.
    ENDS_WITH = ends_with,
    id: "filter.ends-with",
    title: "ew selects values that end with the operand",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-14"],
    needs: [Filter, Users],
    breaks: [],
}

async fn ends_with(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let prefix = &field.cohort.prefix;
    let whole = field.member("bravo").json["userName"].as_str().unwrap_or_default().to_owned();
    let cases = [
        (whole[1..].to_owned(), vec![field.id("bravo")]),
        (whole, vec![field.id("bravo")]),
        // In the middle, and at the beginning.
        (format!("{prefix}-bravo"), vec![]),
    ];
    let run = cases.iter().map(|(operand, expected)| {
        let filter = format!("userName ew {}", json!(operand));
        let field = &field;
        async move { field.finds(&filter, expected).await }
    });
    each(t, join_all(run).await)?;
    let Some(slot) = place(field.kind(), "userName") else { return Ok(()) };
    compared(&field, &[(&slot, "ew", json!("o@example.com"))]).await
}

check! {
    /// `pr` selects the resources that have a value of the attribute.
    ///
    /// Why: «who has no cost centre yet» is asked with `not (… pr)`. When `pr` holds for empty attributes too, everybody seems to
    /// be complete.
    ///
    /// Fix: an attribute that is absent, null, or an empty list is not present.
    PRESENT = present,
    id: "filter.present",
    title: "pr selects resources that have a value",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-16"],
    needs: [Filter, Users],
    breaks: [],
}

async fn present(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let user_name = place(field.kind(), "userName");
    let is_absent = |slot: &Slot| {
        slot.leaf().returned == Returned::Default
            && slot.sub.is_none()
            && slot.leaf().kind == Type::String
            && field.cohort.members.iter().all(|member| values(slot, &member.json).is_empty())
    };
    let absent = leaves(field.kind()).into_iter().find(is_absent);
    let places = &field.cohort.places;
    let cases: Vec<(&Slot, &str, Value)> = [user_name.as_ref(), places.partial.as_ref(), absent.as_ref()]
        .into_iter()
        .flatten()
        .map(|slot| (slot, "pr", Value::Null))
        .collect();
    let field = &field;
    let run = cases.iter().map(|(slot, operator, operand)| async move {
        let filter = format!("{} pr", slot.path());
        field.finds_here(&filter, &field.ids_where(slot, operator, operand)).await
    });
    each(t, join_all(run).await)
}

check! {
    /// `pr` on a complex attribute holds when one of its parts has a value.
    ///
    /// Why: «who has an address» can only be asked this way. A server that wants a part to be named refuses the question.
    ///
    /// Fix: take a complex attribute for present when at least one sub-attribute is, and a list when it has an element.
    PRESENT_COMPLEX = present_complex,
    id: "filter.present-complex",
    title: "pr on a complex attribute holds when a part has a value",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-17"],
    needs: [Filter, Users],
    breaks: [],
}

async fn present_complex(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let whole: Vec<Slot> = crate::conformance::trial::slot::slots(&field.kind().schema)
        .filter(|slot| slot.attribute.is_complex() && slot.attribute.returned == Returned::Default)
        .filter(|slot| !slot.attribute.name.eq_ignore_ascii_case("groups"))
        .collect();
    let count = |slot: &Slot| field.cohort.members.iter().filter(|m| slot.get(&m.json).is_some()).count();
    // One that all have, one that none has, and what only some have.
    let all = whole.iter().filter(|slot| count(slot) == field.cohort.members.len()).take(2);
    let none = whole.iter().filter(|slot| count(slot) == 0).take(1);
    let slots: Vec<&Slot> = all.chain(none).collect();
    if slots.is_empty() {
        return skip("the target keeps no complex attribute of users");
    }
    let field = &field;
    let run = slots.into_iter().map(|slot| async move {
        let expected = field.cohort.ids_where(|json| slot.get(json).is_some());
        field.finds_here(&format!("{} pr", slot.path()), &expected).await
    });
    each(t, join_all(run).await)
}

check! {
    /// `gt`, `ge`, `lt` and `le` compare text by its lexicographic order; `ge` and `le` include the operand itself.
    ///
    /// Why: clients that read a large directory piece by piece ask for the names after the last one. When the bound is wrong,
    /// somebody is read twice or never.
    ///
    /// Fix: use the order of the store with the collation that the letter case rule of the attribute asks for.
    ORDER_TEXT = order_text,
    id: "filter.order-text",
    title: "gt, ge, lt and le compare text by its order",
    level: Must,
    requirements: [
        "RFC7644-3.4.2.2-18",
        "RFC7644-3.4.2.2-19",
        "RFC7644-3.4.2.2-20",
        "RFC7644-3.4.2.2-21",
    ],
    needs: [Filter, Users],
    breaks: [],
}

async fn order_text(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let mut verdicts = Vec::new();
    for path in ["userName", "displayName"] {
        let Some(slot) = distinct(&field, path) else { continue };
        // Neither end of the order, and with an upper-case value in between.
        let user = if path == "userName" { "charlie" } else { "foxtrot" };
        let Some(value) = slot.get(&field.member(user).json).cloned() else { continue };
        let run = [("gt", "18"), ("ge", "19"), ("lt", "20"), ("le", "21")].map(|(operator, row)| {
            let (field, slot, value) = (&field, &slot, value.clone());
            let broken: &[&'static str] = match row {
                "18" => &["RFC7644-3.4.2.2-18"],
                "19" => &["RFC7644-3.4.2.2-19"],
                "20" => &["RFC7644-3.4.2.2-20"],
                _ => &["RFC7644-3.4.2.2-21"],
            };
            async move {
                let filter = format!("{} {operator} {value}", slot.path());
                let expected = field.ids_where(slot, operator, &value);
                breaking(field.finds_here(&filter, &expected).await, broken)
            }
        });
        verdicts.extend(join_all(run).await);
    }
    each(t, verdicts)
}

check! {
    /// `meta.resourceType` can be filtered for.
    ///
    /// Why: clients add it to a filter to be sure of what they get, above all at the root of the server.
    ///
    /// Fix: let filters see the sub-attributes of `meta`.
    RESOURCE_TYPE = resource_type,
    id: "filter.resource-type",
    title: "meta.resourceType can be filtered for",
    level: Should,
    requirements: ["RFC7644-3.4.2.2-38"],
    needs: [Filter, Users],
    breaks: [],
}

async fn resource_type(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let Some(given) = field.member("alpha").json["meta"].get("resourceType").cloned() else {
        return skip("users show no `meta.resourceType`");
    };
    let right = format!("meta.resourceType eq {given}");
    let wrong = format!("userName eq {} and meta.resourceType eq \"Scimulator\"", field.user_name("alpha"));
    each(t, [field.finds_here(&right, &field.everybody()).await, field.finds(&wrong, &[]).await])
}

check! {
    /// `schemas` can be filtered for: it selects the resources that name the URI there.
    ///
    /// Why: it is how clients find the users that have an extension.
    ///
    /// Fix: treat `schemas` as a multi-valued attribute in filters.
    SCHEMAS = schemas,
    id: "filter.schemas",
    title: "schemas can be filtered for",
    level: Should,
    requirements: ["RFC7644-3.4.2.2-50"],
    needs: [Filter, Users],
    breaks: [],
}

async fn schemas(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let urns = field.kind().schema.extensions.iter().map(|extension| extension.schema.id.clone());
    let urns: Vec<String> = [field.kind().schema.core.id.clone()].into_iter().chain(urns.take(1)).collect();
    let field = &field;
    let run = urns.iter().map(|urn| async move {
        let names = |json: &Value| {
            json["schemas"].as_array().is_some_and(|list| list.iter().any(|one| one.as_str() == Some(urn)))
        };
        let verdict =
            field.finds_here(&format!("schemas eq {}", json!(urn)), &field.cohort.ids_where(names)).await;
        strictly(verdict)
    });
    each(t, join_all(run).await)
}
