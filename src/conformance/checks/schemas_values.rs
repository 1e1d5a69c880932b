//! The values of resources beside the definitions of their schemas (RFC 7643 §2.3, §7; RFC 7644 §3.8).

use serde_json::{Map, Value, json};

use super::discovery_documents::shown;
use super::schemas_resources::{seen_something, unless_blocked};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::{is_plain, is_unassigned, slots};
use crate::conformance::trial::{Answer, Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::member;
use crate::protocol::schema::{Attribute, Type};

pub(super) const CHECKS: &[Check] = &[SHAPES, UNDECLARED, EXACT];

/// Places where a value has another JSON form than its definition says.
fn misshapen(
    at: &str,
    attributes: &[Attribute],
    object: &Map<String, Value>,
    found: &mut Vec<(String, String)>,
) {
    for attribute in attributes {
        let Some(value) = member(object, &attribute.name).filter(|value| !is_unassigned(value)) else {
            continue;
        };
        let path = format!("{at}{}", attribute.name);
        let values = match (value, attribute.multi_valued) {
            (Value::Array(values), true) => values.as_slice(),
            (Value::Array(_), false) => {
                found.push((path, "an array, although it is not multi-valued".to_owned()));
                continue;
            }
            (_, true) => {
                found.push((path, format!("no array: {}", shown(Some(value)))));
                continue;
            }
            (single, false) => std::slice::from_ref(single),
        };
        for value in values {
            let fits = match attribute.kind {
                Type::Boolean => value.is_boolean(),
                Type::Integer | Type::Decimal => value.is_number(),
                Type::Complex => value.is_object(),
                _ => value.is_string(),
            };
            if !fits {
                found.push((
                    path.clone(),
                    format!("{} for the type {}", shown(Some(value)), attribute.kind.keyword()),
                ));
            } else if let Some(inner) = value.as_object() {
                misshapen(&format!("{path}."), &attribute.sub_attributes, inner, found);
            }
        }
    }
}

/// Judges a resource by the schemas of its type: what `judge` finds in the core and in each extension.
async fn by_schema(
    t: &Trial,
    judge: impl Fn(&str, &[Attribute], &Map<String, Value>, &mut Vec<(String, String)>),
) -> Result<Vec<(Answer, String, String)>, Stop> {
    let (mut all, mut seen, mut blocked) = (Vec::new(), 0, None);
    for kind in t.kinds() {
        let Some(created) = unless_blocked(t.create(kind).await, &mut blocked)? else { continue };
        seen += 1;
        let answer = t.get(&created.path).await?;
        let object = answer.object()?;
        let mut found = Vec::new();
        judge("", &kind.schema.core.attributes, object, &mut found);
        for extension in &kind.schema.extensions {
            if let Some(container) = member(object, &extension.schema.id).and_then(Value::as_object) {
                judge(
                    &format!("{}:", extension.schema.id),
                    &extension.schema.attributes,
                    container,
                    &mut found,
                );
            }
        }
        all.extend(found.into_iter().map(|(path, got)| (answer.clone(), path, got)));
    }
    seen_something(seen, blocked)?;
    Ok(all)
}

check! {
    /// The JSON form of every value is the one of its definition: arrays exactly where an attribute is multi-valued, objects for
    /// complex ones, and booleans, numbers and texts as the type says.
    ///
    /// Why: a list with one element that is returned without its brackets, or `"active": "true"`, breaks clients that were written
    /// against the schema, and only for some people.
    ///
    /// Fix: serialise by the schema, not by the number of values.
    SHAPES = values_have_their_form,
    id: "schemas.value-forms",
    title: "values have the JSON form that their definition says",
    level: Must,
    requirements: ["RFC7643-7-13", "RFC7644-3.8-11"],
    needs: [],
    breaks: [Okta, Entra],
}

async fn values_have_their_form(t: &Trial) -> Verdict {
    for (answer, path, got) in by_schema(t, misshapen).await? {
        let flaw = answer.flaw(format!("`{path}` has another form than its definition says"));
        t.note(flaw.expected("the form of its type and plurality").got(got));
    }
    Ok(())
}

check! {
    /// A resource has no attributes but those of its schemas.
    ///
    /// Why: what no schema describes cannot be mapped, filtered or changed, and a strict client refuses the resource because of it.
    ///
    /// Fix: add the attribute to the schema, or put it into an extension, or leave it out.
    UNDECLARED = nothing_is_undeclared,
    id: "schemas.undeclared-attributes",
    title: "resources have no attributes that no schema describes",
    level: Should,
    requirements: ["RFC7643-7-01"],
    needs: [Schemas],
    breaks: [],
}

async fn nothing_is_undeclared(t: &Trial) -> Verdict {
    let undeclared = |at: &str,
                      attributes: &[Attribute],
                      object: &Map<String, Value>,
                      found: &mut Vec<(String, String)>| {
        for (name, value) in object {
            let is_common = at.is_empty()
                && (["schemas", "id", "externalId", "meta"]
                    .iter()
                    .any(|common| common.eq_ignore_ascii_case(name))
                    || name.to_ascii_lowercase().starts_with("urn:"));
            let is_known = attributes.iter().any(|attribute| attribute.name.eq_ignore_ascii_case(name));
            if !is_common && !is_known && !is_unassigned(value) {
                found.push((format!("{at}{name}"), shown(Some(value))));
            }
        }
    };
    for (answer, path, got) in by_schema(t, undeclared).await? {
        let flaw = answer.flaw(format!("`{path}` is in a resource and in no schema"));
        t.note(flaw.expected("a definition at /Schemas").got(got));
    }
    Ok(())
}

check! {
    /// Binary values and references are kept letter by letter, whatever /Schemas says of their letter case.
    ///
    /// Why: base64 in small letters is another certificate, and the path of a URL often distinguishes letter case.
    ///
    /// Fix: do not change the case of values of the types `binary` and `reference`.
    EXACT = values_are_exact,
    id: "schemas.exact-values",
    title: "binary values and references keep their letter case",
    level: Must,
    requirements: ["RFC7643-2.3.6-04", "RFC7643-2.3.7-03"],
    needs: [],
    breaks: [],
}

/// The places of a type that hold binary values or references as such, not as links to other resources.
fn exact_places(kind: &Kind) -> Vec<(Slot, Type)> {
    let mut found = Vec::new();
    for slot in slots(&kind.schema) {
        let is_text = |kind: Type| matches!(kind, Type::Binary | Type::Reference);
        if is_text(slot.attribute.kind) && !slot.attribute.multi_valued {
            found.push((slot.clone(), slot.attribute.kind));
        }
        for sub in slot.attribute.sub_attributes.iter().filter(|sub| is_text(sub.kind) && sub.name == "value")
        {
            found.push((slot.with_sub(sub), sub.kind));
        }
    }
    let is_usual = |slot: &Slot| is_plain(&slot.attribute) && is_plain(slot.leaf());
    found.retain(|(slot, _)| is_usual(slot));
    found
}

async fn values_are_exact(t: &Trial) -> Verdict {
    let (mut seen, mut refused) = (0, None);
    for kind in t.kinds() {
        let places = exact_places(kind);
        if places.is_empty() {
            continue;
        }
        let mut body = t.body(kind).await?;
        let tag = t.ground().fresh_name();
        let mut sent = Vec::new();
        for (slot, place_kind) in places {
            let value = match (place_kind, slot.sample(&tag)) {
                (Type::Reference, _) => json!(format!("https://example.com/Photos/AbC-{tag}.JPG")),
                (_, sample) => sample,
            };
            match (&slot.sub, slot.attribute.multi_valued) {
                (Some(sub), true) => {
                    let list = Slot { sub: None, ..slot.clone() };
                    list.set(&mut body, json!([{ sub.name.clone(): value.clone() }]));
                }
                _ => slot.set(&mut body, value.clone()),
            }
            sent.push((slot, value));
        }
        let answer = t.post(kind.endpoint(), &body).await?;
        if !answer.is_success() {
            refused = Some(format!("values for all of them are refused: {}", answer.said()));
            continue;
        }
        let created = t.created_by(kind, &answer)?;
        let read = t.get(&created.path).await?;
        let stored = read.resource()?;
        for (slot, value) in sent {
            let Some(kept) = stored_at(&slot, stored) else { continue };
            seen += 1;
            let (kept, value) = (kept.as_str().unwrap_or_default(), value.as_str().unwrap_or_default());
            if kept != value && kept.eq_ignore_ascii_case(value) {
                let flaw = read.flaw(format!("the letter case of `{}` is changed", slot.path()));
                let rule = match slot.leaf().kind {
                    Type::Binary => "RFC7643-2.3.6-04",
                    _ => "RFC7643-2.3.7-03",
                };
                t.note(flaw.expected(value).got(kept).breaks(&[rule]));
            }
        }
    }
    match (seen, refused) {
        (0, Some(reason)) => skip(reason),
        (0, None) => skip("the target keeps no binary values and no references"),
        _ => Ok(()),
    }
}

/// The value at a place; of a list its first element.
fn stored_at<'v>(slot: &Slot, resource: &'v Value) -> Option<&'v Value> {
    match (&slot.sub, slot.attribute.multi_valued) {
        (Some(sub), true) => {
            let list = Slot { sub: None, ..slot.clone() };
            member(list.get(resource)?.as_array()?.first()?.as_object()?, &sub.name)
        }
        _ => slot.get(resource),
    }
}
