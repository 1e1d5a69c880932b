//! Multi-valued attributes: one primary value, labels, repetition, order (RFC 7643 §2.4).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::attributes::creatable;
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Answer, Created, List, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] =
    &[SINGLE, SEVERAL, SAME_VALUE, REPEATED, MEMBER_ORDER, STABLE_FORM, STANDARD_PARTS];

/// The first type that has a list, users before others.
async fn list(t: &Trial) -> Result<(Arc<Kind>, List), Stop> {
    let mut last = None;
    for kind in creatable(t).await? {
        match t.list(&kind).await {
            Ok(list) => return Ok((kind, list)),
            Err(Stop::Skip(reason)) => last = Some(reason),
            Err(stop) => return Err(stop),
        }
    }
    skip(last.unwrap_or_else(|| "the target has no resource type".to_owned()))
}

/// Elements with distinct values and types.
pub(super) fn elements(t: &Trial, list: &List, count: usize) -> Vec<Value> {
    let tag = t.ground().fresh_name();
    (0..count).map(|index| list.element(&format!("{tag}x{index}"), index)).collect()
}

pub(super) fn value(list: &List, element: &Value) -> String {
    element[list.value.leaf().name.as_str()].as_str().unwrap_or_default().to_owned()
}

/// Creates a resource with these elements.
pub(super) async fn post(
    t: &Trial,
    kind: &Kind,
    list: &List,
    elements: &[Value],
) -> Result<(Answer, Value), Stop> {
    let mut body = t.body(kind).await?;
    list.slot.set(&mut body, json!(elements));
    let answer = t.post(kind.endpoint(), &body).await?;
    Ok((answer, body))
}

/// The same, because a check needs it.
pub(super) async fn with(
    t: &Trial,
    kind: &Kind,
    list: &List,
    elements: &[Value],
) -> Result<(Created, Value), Stop> {
    let (answer, body) = post(t, kind, list, elements).await?;
    Ok((t.created_by(kind, &answer)?, body))
}

check! {
    /// A multi-valued attribute with one value is an array of one element in every answer: to POST, GET, PUT, PATCH, a search and with
    /// `attributes`.
    ///
    /// Why: most people have exactly one e-mail address. A bare object instead of an array fails in every typed client.
    ///
    /// Fix: serialize by `multiValued` of the schema; turn off what unwraps arrays of one.
    SINGLE = single,
    id: "multi.single-is-array",
    title: "one value of a multi-valued attribute is still an array",
    level: Must,
    requirements: ["RFC7643-2.4-01"],
    needs: [],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn single(t: &Trial) -> Verdict {
    let (kind, list) = list(t).await?;
    let (posted, body) = post(t, &kind, &list, &elements(t, &list, 1)).await?;
    let created = t.created_by(&kind, &posted)?;
    let read = t.get(&created.path).await?;
    let part = t.get(&format!("{}?attributes={}", created.path, list.slot.path())).await?;
    let put = t.put(&created.path, &body).await?;
    for answer in [posted, read, part, put] {
        let Some(json) = answer.json.as_ref().filter(|_| answer.is_success()) else { continue };
        match list.slot.get(json) {
            None => {}
            Some(Value::Array(elements)) if elements.iter().all(Value::is_object) => {}
            Some(other) => {
                let what = format!(
                    "`{}` is no array of objects in the answer to {}",
                    list.slot.path(),
                    answer.asked
                );
                t.note(
                    answer.flaw(what).expected("an array with one object").got(shortened(&other.to_string())),
                );
            }
        }
    }
    Ok(())
}

check! {
    /// All values of a multi-valued attribute are kept, with their types, when a resource is created or replaced.
    ///
    /// Why: servers with one column for «the» e-mail address keep the first and lose the rest, and so the address that was meant.
    ///
    /// Fix: store the list as a list; a server that can hold one value only should publish fewer canonical types and say so.
    SEVERAL = several,
    id: "multi.several-kept",
    title: "all values of a multi-valued attribute are kept",
    level: Must,
    requirements: ["RFC7643-2.4-01", "RFC7644-3.5.1-03"],
    needs: [],
    breaks: [Okta, Entra, OneLogin],
}

async fn several(t: &Trial) -> Verdict {
    let (kind, list) = list(t).await?;
    let sent = elements(t, &list, 2);
    let (created, mut body) = with(t, &kind, &list, &sent).await?;
    expect_values(t, &list, &created, &sent, "POST").await?;
    let sent = elements(t, &list, 2);
    list.slot.set(&mut body, json!(sent));
    let put = t.put(&created.path, &body).await?;
    if !put.is_success() {
        return Err(Stop::Blocked(format!("{} answers {} (check `replace.works`)", put.asked, put.said())));
    }
    expect_values(t, &list, &created, &sent, "PUT").await
}

async fn expect_values(t: &Trial, list: &List, created: &Created, sent: &[Value], method: &str) -> Verdict {
    let read = t.get(&created.path).await?;
    let found = list.values(read.resource()?);
    for element in sent.iter().map(|element| value(list, element)).filter(|value| !found.contains(value)) {
        let what = format!("a value of `{}` is lost after {method}", list.slot.path());
        let rule = if method == "PUT" { "RFC7644-3.5.1-03" } else { "RFC7643-2.4-01" };
        t.note(read.flaw(what).expected(element).got(shortened(&found.join(", "))).breaks(&[rule]));
    }
    Ok(())
}

check! {
    /// The same value may stand in a list twice with different types: an address may be both for work and for home.
    ///
    /// Why: people give the same telephone for two purposes. A conflict or an error because of it stops the whole person.
    ///
    /// Fix: tell elements apart by value and type together, and do not put a unique index on the value.
    SAME_VALUE = same_value,
    id: "multi.same-value-other-type",
    title: "one value with two types is accepted",
    level: May,
    requirements: ["RFC7643-2.4-10"],
    needs: [],
    breaks: [],
}

async fn same_value(t: &Trial) -> Verdict {
    let (kind, list) = list(t).await?;
    if list.kind.is_none() || list.type_word(0) == list.type_word(1) {
        return skip(format!("`{}` keeps no two types", list.slot.path()));
    }
    let tag = t.ground().fresh_name();
    let two = [list.element(&tag, 0), list.element(&tag, 1)];
    let (answer, _) = post(t, &kind, &list, &two).await?;
    if !answer.is_success() {
        let flaw = answer.flaw("a value with two types is refused").expected("201");
        return Err(flaw.got(answer.said()).into());
    }
    let stored = t.read(&t.created_by(&kind, &answer)?).await?;
    if list.values(&stored).is_empty() {
        let flaw = answer
            .flaw("a value with two types is lost")
            .expected("the value, with one of the types at least");
        return Err(flaw.got("nothing").violation().into());
    }
    Ok(())
}

check! {
    /// A list does not show the same value with the same type twice, also when a client sent it twice.
    ///
    /// Why: repeated imports pile up copies, and a later removal by value takes one or all of them.
    ///
    /// Fix: drop an element that equals another one in value and type when the list is stored, or answer 400.
    REPEATED = repeated,
    id: "multi.no-repetition",
    title: "a value with the same type does not stand in a list twice",
    level: Should,
    requirements: ["RFC7643-2.4-11"],
    needs: [],
    breaks: [],
}

async fn repeated(t: &Trial) -> Verdict {
    let (kind, list) = list(t).await?;
    let one = elements(t, &list, 1).remove(0);
    let (answer, _) = post(t, &kind, &list, &[one.clone(), one.clone()]).await?;
    if answer.status >= 500 {
        let flaw = answer.flaw("a repeated value breaks the server").expected("201 with one of them, or 400");
        return Err(flaw.got(answer.said()).violation().into());
    }
    if !answer.is_success() {
        return Ok(());
    }
    let stored = t.read(&t.created_by(&kind, &answer)?).await?;
    let twice = list.values(&stored).iter().filter(|found| **found == value(&list, &one)).count();
    if twice > 1 {
        let same = if list.kind.is_some() { "value and type" } else { "value" };
        let flaw = answer.flaw(format!("`{}` shows the same {same} twice", list.slot.path()));
        return Err(flaw.expected("once").got(format!("{twice} times")).into());
    }
    Ok(())
}

check! {
    /// The order of members within an element does not matter.
    ///
    /// Why: JSON objects have no order, and serializers differ. A server that looks at the first member sees a type where it expects a
    /// value.
    ///
    /// Fix: read members by their names.
    MEMBER_ORDER = member_order,
    id: "multi.member-order",
    title: "the order of sub-attributes does not matter",
    level: Must,
    requirements: ["RFC7643-2.4-02", "RFC7643-2.3.8-01"],
    needs: [],
    breaks: [],
}

async fn member_order(t: &Trial) -> Verdict {
    let (kind, list) = list(t).await?;
    let one = elements(t, &list, 1);
    let reversed = |element: &Value| -> Value {
        let members = element.as_object().into_iter().flatten().rev();
        Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
    };
    let sent: Vec<Value> = one.iter().map(reversed).collect();
    let (answer, _) = post(t, &kind, &list, &sent).await?;
    if !answer.is_success() {
        with(t, &kind, &list, &one).await?;
        let flaw = answer.flaw("elements whose members come in another order are refused").expected("201");
        return Err(flaw.got(answer.said()).into());
    }
    let stored = t.read(&t.created_by(&kind, &answer)?).await?;
    for element in &one {
        let twin = list.elements(&stored).iter().find(|found| value(&list, found) == value(&list, element));
        let type_name = list.kind.as_ref().map(|kind| kind.leaf().name.as_str());
        let is_whole = twin.is_some_and(|twin| type_name.is_none_or(|name| twin[name] == element[name]));
        if !is_whole {
            let flaw =
                answer.flaw("an element whose members came in another order is not stored as it was sent");
            let got = twin.map_or_else(|| "nothing".to_owned(), Value::to_string);
            t.note(flaw.expected(element.to_string()).got(shortened(&got)));
        }
    }
    Ok(())
}

check! {
    /// The values of a list look the same in every answer: to the write, to a GET, in a search.
    ///
    /// Why: a server may bring values into a form of its own (lower-case domains, `tel:` numbers). If it does so in some answers only,
    /// clients see a change in every cycle.
    ///
    /// Fix: normalise before storing, not when serializing.
    STABLE_FORM = stable_form,
    id: "multi.stable-form",
    title: "values have the same form in every answer",
    level: Should,
    requirements: ["RFC7643-2.4-09"],
    needs: [],
    breaks: [],
}

async fn stable_form(t: &Trial) -> Verdict {
    let (kind, list) = list(t).await?;
    let (posted, body) = post(t, &kind, &list, &elements(t, &list, 2)).await?;
    let created = t.created_by(&kind, &posted)?;
    let read = t.get(&created.path).await?;
    let put = t.put(&created.path, &body).await?;
    let again = t.get(&created.path).await?;
    let wanted = list.values(read.resource()?);
    for answer in [posted, put, again] {
        let Some(json) = answer.json.as_ref().filter(|_| answer.is_success()) else { continue };
        let found = list.values(json);
        if !found.is_empty() && found != wanted {
            let what = format!("`{}` has other values in the answer to {}", list.slot.path(), answer.asked);
            t.note(
                answer.flaw(what).expected(shortened(&wanted.join(", "))).got(shortened(&found.join(", "))),
            );
        }
    }
    Ok(())
}

check! {
    /// Where an attribute has sub-attributes with the names `type`, `primary`, `display`, `value` and `$ref`, they are what RFC 7643 §2.4
    /// says: a label, a boolean, text for people, the value, a reference.
    ///
    /// Why: clients handle these names without looking at the schema. A `primary` that holds a rank is read as «true» or as an error.
    ///
    /// Fix: give the sub-attribute another name, or the standard type.
    STANDARD_PARTS = standard_parts,
    id: "multi.standard-parts",
    title: "type, primary, display and $ref keep their standard types",
    level: Must,
    requirements: ["RFC7643-2.4-03"],
    needs: [Schemas],
    breaks: [],
}

async fn standard_parts(t: &Trial) -> Verdict {
    use crate::protocol::schema::Type;
    let schemas = t.get("/Schemas").await?;
    for schema in &t.discovery().schemas {
        // The meta-schemas have a `type` and a `display` of their own.
        let of_core = schema.id.to_ascii_lowercase().starts_with("urn:ietf:params:scim:schemas:core:2.0:");
        let of_resource = t.kinds().iter().any(|kind| kind.schema.core.id.eq_ignore_ascii_case(&schema.id));
        if of_core && !of_resource {
            continue;
        }
        for attribute in
            schema.attributes.iter().filter(|attribute| attribute.is_complex() && attribute.multi_valued)
        {
            for (name, kind) in [
                ("type", Type::String),
                ("primary", Type::Boolean),
                ("display", Type::String),
                ("$ref", Type::Reference),
            ] {
                let Some(sub) = attribute.sub(name).filter(|sub| sub.kind != kind) else { continue };
                let what =
                    format!("`{}.{name}` of {} has another type than everywhere", attribute.name, schema.id);
                t.note(schemas.flaw(what).expected(kind.keyword()).got(sub.kind.keyword()));
            }
        }
    }
    Ok(())
}
