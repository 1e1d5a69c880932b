//! At most one value of a multi-valued attribute is the primary one (RFC 7643 §2.4, RFC 7644 §3.5.2).

use std::sync::Arc;

use serde_json::{Value, json};

use super::attributes::creatable;
use super::multi::{elements, post, value, with};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Answer, Created, List, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] = &[ONE_PRIMARY, ONE_PRIMARY_PUT, PRIMARY_ADD, PRIMARY_REPLACE, UNMARKED];

/// The first list that keeps `primary`.
async fn list_with_primary(t: &Trial) -> Result<(Arc<Kind>, List), Stop> {
    for kind in creatable(t).await? {
        let lists = t.survey(&kind).await?.lists(&kind.schema);
        if let Some(list) = lists.into_iter().find(|list| list.has_primary) {
            return Ok((kind, list));
        }
    }
    skip("the target keeps no multi-valued attribute with `primary`")
}

/// A resource that keeps all of several elements, because a check begins from them.
async fn with_all(t: &Trial, kind: &Kind, list: &List, elements: &[Value]) -> Result<Created, Stop> {
    let (created, _) = with(t, kind, list, elements).await?;
    let stored = list.values(&t.read(&created).await?);
    match elements.iter().all(|element| stored.contains(&value(list, element))) {
        true => Ok(created),
        false => Err(Stop::Blocked(format!(
            "`{}` does not keep several values (check `multi.several-kept`)",
            list.slot.path()
        ))),
    }
}

fn primaries(list: &List, resource: &Value) -> Vec<String> {
    let is_primary = |element: &&Value| element["primary"] == true;
    list.elements(resource).iter().filter(is_primary).map(|element| value(list, element)).collect()
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
    let created = with_all(t, &kind, &list, &all[..2]).await?;
    let add = json!([{ "op": "add", "path": list.slot.path(), "value": [all[2]] }]);
    let answer = t.patch(&created.path, add).await?;
    expect_primary(t, &list, &created, &answer, &new, false).await
}

async fn expect_primary(
    t: &Trial,
    list: &List,
    created: &Created,
    answer: &Answer,
    wanted: &str,
    replaces: bool,
) -> Verdict {
    if !answer.is_success() {
        return Err(Stop::Blocked(format!("{} answers {} (topic `patch`)", answer.asked, answer.said())));
    }
    let stored = t.read(created).await?;
    let found = primaries(list, &stored);
    if found != [wanted] {
        let flaw =
            answer.flaw(format!("the primary value of `{}` is not the one that was set", list.slot.path()));
        let got = if found.is_empty() { "none".to_owned() } else { found.join(" and ") };
        let rules: &[&'static str] = match (found.len() > 1, replaces) {
            (true, true) => &["RFC7644-3.5.2.3-12", "RFC7644-3.5.2-22", "RFC7643-2.4-04"],
            (true, false) => &["RFC7644-3.5.2-22", "RFC7643-2.4-04"],
            (false, true) => &["RFC7644-3.5.2.3-12", "RFC7644-3.5.2-22"],
            (false, false) => &["RFC7644-3.5.2-22"],
        };
        return Err(flaw.expected(format!("{wanted} alone")).got(got).breaks(rules).into());
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
    let created = with_all(t, &kind, &list, &all).await?;
    let wanted = value(&list, &all[1]);
    let name = &list.value.leaf().name;
    let path = format!("{}[{name} eq {}].primary", list.slot.path(), json!(wanted));
    let answer = t.patch(&created.path, json!([{ "op": "replace", "path": path, "value": true }])).await?;
    expect_primary(t, &list, &created, &answer, &wanted, true).await
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
    let created = with_all(t, &kind, &list, &all).await?;
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
