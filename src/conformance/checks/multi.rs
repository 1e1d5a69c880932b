//! Multi-valued attributes: one primary value, labels, repetition, order (RFC 7643 §2.4).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Answer, Created, List, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] = &[
    SINGLE,
    SEVERAL,
    ONE_PRIMARY,
    ONE_PRIMARY_PUT,
    PRIMARY_ADD,
    PRIMARY_REPLACE,
    UNMARKED,
    SAME_VALUE,
    REPEATED,
    MEMBER_ORDER,
    STABLE_FORM,
    STANDARD_PARTS,
];

/// The first type that has a list, users before others.
async fn list(t: &Trial) -> Result<(Arc<Kind>, List), Stop> {
    let mut last = None;
    for kind in t.kinds() {
        match t.list(kind).await {
            Ok(list) => return Ok((Arc::clone(kind), list)),
            Err(Stop::Skip(reason)) => last = Some(reason),
            Err(stop) => return Err(stop),
        }
    }
    skip(last.unwrap_or_else(|| "the target has no resource type".to_owned()))
}

/// The first list that keeps `primary`.
async fn list_with_primary(t: &Trial) -> Result<(Arc<Kind>, List), Stop> {
    for kind in t.kinds() {
        let survey = match t.survey(kind).await {
            Err(Stop::Blocked(_)) if kind.role == crate::conformance::discovery::Role::Other => continue,
            made => made?,
        };
        let found = survey.lists(&kind.schema).into_iter().find(|list| list.has_primary);
        if let Some(list) = found {
            return Ok((Arc::clone(kind), list));
        }
    }
    skip("the target keeps no multi-valued attribute with `primary`")
}

/// Elements with distinct values and types.
fn elements(t: &Trial, list: &List, count: usize) -> Vec<Value> {
    let tag = t.ground().fresh_name();
    (0..count).map(|index| list.element(&format!("{tag}x{index}"), index)).collect()
}

fn value(list: &List, element: &Value) -> String {
    element[list.value.leaf().name.as_str()].as_str().unwrap_or_default().to_owned()
}

/// Creates a resource with these elements.
async fn post(t: &Trial, kind: &Kind, list: &List, elements: &[Value]) -> Result<(Answer, Value), Stop> {
    let mut body = t.body(kind).await?;
    list.slot.set(&mut body, json!(elements));
    let answer = t.post(kind.endpoint(), &body).await?;
    Ok((answer, body))
}

/// The same, because a check needs it.
async fn with(t: &Trial, kind: &Kind, list: &List, elements: &[Value]) -> Result<(Created, Value), Stop> {
    let (answer, body) = post(t, kind, list, elements).await?;
    Ok((t.created_by(kind, &answer)?, body))
}

fn primaries(list: &List, resource: &Value) -> Vec<String> {
    let is_primary = |element: &&Value| element["primary"] == true;
    list.elements(resource).iter().filter(is_primary).map(|element| value(list, element)).collect()
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
        t.note(read.flaw(what).expected(element).got(shortened(&found.join(", "))));
    }
    Ok(())
}

check! {
    /// At most one element is primary. A POST with two is refused, or the server keeps the mark on one.
    ///
    /// Why: with two primary addresses every reader picks another one; mails go here and there.
    ///
    /// Fix: answer 400 with scimType `invalidValue`, or keep the last one that is marked.
    ONE_PRIMARY = one_primary,
    id: "multi.one-primary-post",
    title: "a new resource has at most one primary value",
    level: Must,
    requirements: ["RFC7643-2.4-04"],
    needs: [],
    breaks: [Entra],
}

async fn one_primary(t: &Trial) -> Verdict {
    let (kind, list) = list_with_primary(t).await?;
    let (answer, _) = post(t, &kind, &list, &two_primaries(t, &list)).await?;
    judge_two(t, &kind, &list, &answer, None).await
}

fn two_primaries(t: &Trial, list: &List) -> Vec<Value> {
    let mut two = elements(t, list, 2);
    two.iter_mut().for_each(|element| element["primary"] = json!(true));
    two
}

async fn judge_two(
    t: &Trial,
    kind: &Kind,
    list: &List,
    answer: &Answer,
    created: Option<&Created>,
) -> Verdict {
    if answer.status >= 500 {
        return Err(answer
            .flaw("two primary values break the server")
            .expected("400 or one of them")
            .got(answer.said())
            .into());
    }
    if !answer.is_success() && created.is_none() {
        return Ok(());
    }
    let created = match created {
        Some(created) => created.clone(),
        None => t.created_by(kind, answer)?,
    };
    let stored = t.read(&created).await?;
    let found = primaries(list, &stored);
    if found.len() > 1 {
        let flaw =
            answer.flaw(format!("two values of `{}` are primary", list.slot.path())).expected("at most one");
        return Err(flaw.got(found.join(" and ")).into());
    }
    Ok(())
}

check! {
    /// At most one element is primary after a PUT, whatever it carried.
    ///
    /// Why: with two primary addresses every reader picks another one; mails go here and there.
    ///
    /// Fix: check the list in PUT as in POST.
    ONE_PRIMARY_PUT = one_primary_put,
    id: "multi.one-primary-put",
    title: "a PUT leaves at most one primary value",
    level: Must,
    requirements: ["RFC7643-2.4-04"],
    needs: [],
    breaks: [Okta],
}

async fn one_primary_put(t: &Trial) -> Verdict {
    let (kind, list) = list_with_primary(t).await?;
    let (created, mut body) = with(t, &kind, &list, &elements(t, &list, 1)).await?;
    list.slot.set(&mut body, json!(two_primaries(t, &list)));
    let answer = t.put(&created.path, &body).await?;
    judge_two(t, &kind, &list, &answer, Some(&created)).await
}

check! {
    /// `add` of an element with `primary: true` takes the mark from the element that had it.
    ///
    /// Why: a new main address is added in exactly this way. If the old one keeps its mark, the resource has two, and which one counts
    /// is chance.
    ///
    /// Fix: when an operation sets primary, clear it on all other elements of the attribute.
    PRIMARY_ADD = primary_add,
    id: "multi.primary-moves-by-add",
    title: "adding a primary value resets the old one",
    level: Must,
    requirements: ["RFC7644-3.5.2-22", "RFC7643-2.4-04"],
    needs: [Patch],
    breaks: [Entra],
}

async fn primary_add(t: &Trial) -> Verdict {
    let (kind, list) = list_with_primary(t).await?;
    let mut all = elements(t, &list, 3);
    all[0]["primary"] = json!(true);
    all[2]["primary"] = json!(true);
    let new = value(&list, &all[2]);
    let (created, _) = with(t, &kind, &list, &all[..2]).await?;
    let add = json!([{ "op": "add", "path": list.slot.path(), "value": [all[2]] }]);
    let answer = t.patch(&created.path, add).await?;
    expect_primary(t, &list, &created, &answer, &new).await
}

async fn expect_primary(t: &Trial, list: &List, created: &Created, answer: &Answer, wanted: &str) -> Verdict {
    if !answer.is_success() {
        return Err(Stop::Blocked(format!("{} answers {} (topic `patch`)", answer.asked, answer.said())));
    }
    let stored = t.read(created).await?;
    let found = primaries(list, &stored);
    if found != [wanted] {
        let flaw =
            answer.flaw(format!("the primary value of `{}` is not the one that was set", list.slot.path()));
        let got = if found.is_empty() { "none".to_owned() } else { found.join(" and ") };
        return Err(flaw.expected(format!("{wanted} alone")).got(got).into());
    }
    Ok(())
}

check! {
    /// `replace` that makes an element primary takes the mark from the element that had it.
    ///
    /// Why: «this is the main address now» is one operation for a client. It does not send another one for the old address.
    ///
    /// Fix: when an operation sets primary, clear it on all other elements of the attribute.
    PRIMARY_REPLACE = primary_replace,
    id: "multi.primary-moves-by-replace",
    title: "making a value primary resets the old one",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-12", "RFC7644-3.5.2-22", "RFC7643-2.4-04"],
    needs: [Patch],
    breaks: [Entra],
}

async fn primary_replace(t: &Trial) -> Verdict {
    let (kind, list) = list_with_primary(t).await?;
    let mut all = elements(t, &list, 2);
    all[0]["primary"] = json!(true);
    let (created, _) = with(t, &kind, &list, &all).await?;
    let wanted = value(&list, &all[1]);
    let name = &list.value.leaf().name;
    let path = format!("{}[{name} eq {}].primary", list.slot.path(), json!(wanted));
    let answer = t.patch(&created.path, json!([{ "op": "replace", "path": path, "value": true }])).await?;
    expect_primary(t, &list, &created, &answer, &wanted).await
}

check! {
    /// An element without `primary` is not primary: a filter for primary elements does not find it.
    ///
    /// Why: «people whose main address is …» must not find those who have it as their second.
    ///
    /// Fix: treat a missing `primary` as false wherever it is compared.
    UNMARKED = unmarked,
    id: "multi.unmarked-is-not-primary",
    title: "an element without primary is not found as primary",
    level: Must,
    requirements: ["RFC7643-2.4-05"],
    needs: [Filter],
    breaks: [],
}

async fn unmarked(t: &Trial) -> Verdict {
    let (kind, list) = list_with_primary(t).await?;
    let mut all = elements(t, &list, 2);
    all[0]["primary"] = json!(true);
    let (created, _) = with(t, &kind, &list, &all).await?;
    let stored = t.read(&created).await?;
    // A server may mark another one.
    if primaries(&list, &stored) != [value(&list, &all[0])] {
        return skip("the target chooses the primary value itself");
    }
    let name = &list.value.leaf().name;
    let find = |element: &Value| {
        format!("{}[{name} eq {} and primary eq true]", list.slot.path(), json!(value(&list, element)))
    };
    let marked = t.search(&kind, &find(&all[0])).await?;
    if !marked.list().is_ok_and(|list| list.resources.len() == 1) {
        return skip(format!(
            "the target does not evaluate such a filter: {} answers {}",
            marked.asked,
            marked.said()
        ));
    }
    let found = t.search(&kind, &find(&all[1])).await?;
    if !found.list()?.resources.is_empty() {
        let flaw = found.flaw("an element without `primary` is found as primary").expected("no result");
        return Err(flaw.got(format!("{} results", found.list()?.resources.len())).into());
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
        let flaw = answer.flaw(format!("`{}` shows the same value and type twice", list.slot.path()));
        return Err(flaw.expected("once").got(format!("{twice} times")).into());
    }
    Ok(())
}

check! {
    /// The order of members within an element, and of elements within the list, does not matter.
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
    let two = elements(t, &list, 2);
    let reversed = |element: &Value| -> Value {
        let members = element.as_object().into_iter().flatten().rev();
        Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
    };
    let sent: Vec<Value> = two.iter().rev().map(reversed).collect();
    let (answer, _) = post(t, &kind, &list, &sent).await?;
    if !answer.is_success() {
        with(t, &kind, &list, &two).await?;
        let flaw = answer.flaw("elements whose members come in another order are refused").expected("201");
        return Err(flaw.got(answer.said()).into());
    }
    let stored = t.read(&t.created_by(&kind, &answer)?).await?;
    for element in &two {
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
