//! What the operations of a bulk request do, each like the single request (RFC 7644 §3.7).

use serde_json::{Value, json};

use super::bulk::{
    failing, first, is_success, new_id, patch, post, read, result_of, results, send, status, told,
};
use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Created, Slot, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict};

pub(super) const CHECKS: &[Check] = &[REPLACE, PATCH, DELETE, STATUSES, CONTINUES, VERSION, ORDER];

check! {
    /// A PUT operation replaces the resource.
    ///
    /// Why: an operation that reports success and does nothing leaves people with their old data.
    ///
    /// Fix: hand the data of the operation to the code that handles single PUT requests.
    REPLACE = replace,
    id: "bulk.put",
    title: "a PUT operation replaces the resource",
    level: Must,
    requirements: ["RFC7644-3.7-26", "RFC7644-3.7.3-03"],
    needs: [Bulk],
    breaks: [],
}

async fn replace(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let slot = t.text(&kind).await?;
    let mut body = t.body(&kind).await?;
    let created = t.create_from(&kind, &body).await?;
    let text = t.ground().fresh_name();
    slot.set(&mut body, json!(text));
    let operation = json!({ "method": "PUT", "path": created.path, "data": body });
    breaking(expect_done(t, &[operation], &created, &slot, &text, &[200, 204]).await, &["RFC7644-3.7-26"])
}

/// Sends one operation that sets text and looks whether it is there.
async fn expect_done(
    t: &Trial,
    operations: &[Value],
    created: &Created,
    slot: &Slot,
    text: &str,
    accepted: &[u16],
) -> Verdict {
    let (answer, results) = results(t, operations).await?;
    let result = result_of(operations, &results, 0);
    let method = operations[0]["method"].as_str().unwrap_or_default();
    let got = result.map_or_else(|| "no result".to_owned(), |result| shortened(&result.to_string()));
    if !result.and_then(status).is_some_and(|status| accepted.contains(&status)) {
        let flaw = answer.flaw(format!("a {method} operation does not succeed")).expected("status 200");
        return Err(flaw.got(got).into());
    }
    let stored = t.read(created).await?;
    if slot.get(&stored).and_then(Value::as_str) != Some(text) {
        let flaw =
            answer.flaw(format!("a {method} operation reports success and changes nothing")).expected(text);
        let got = slot.get(&stored).map_or_else(|| "nothing".to_owned(), Value::to_string);
        return Err(flaw.got(got).into());
    }
    Ok(())
}

check! {
    /// A PATCH operation, whose data is a whole PatchOp message, changes the resource.
    ///
    /// Why: the example in RFC 7644 shows a bare array, which its errata correct; servers made after the example refuse what clients
    /// send.
    ///
    /// Fix: hand the data of the operation to the code that handles single PATCH requests.
    PATCH = patched,
    id: "bulk.patch",
    title: "a PATCH operation changes the resource",
    level: Must,
    requirements: ["RFC7644-3.7-14", "RFC7644-3.7-26"],
    needs: [Bulk, Patch],
    breaks: [],
}

async fn patched(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let slot = t.text(&kind).await?;
    let created = t.create(&kind).await?;
    let text = t.ground().fresh_name();
    expect_done(t, &[patch(&created.path, &slot, &text)], &created, &slot, &text, &[200, 204]).await
}

check! {
    /// A DELETE operation deletes the resource and has status 204.
    ///
    /// Why: leavers are deleted in bulk. Who is not deleted keeps access.
    ///
    /// Fix: hand the operation to the code that handles single DELETE requests.
    DELETE = delete,
    id: "bulk.delete",
    title: "a DELETE operation deletes the resource",
    level: Must,
    requirements: ["RFC7644-3.7-26", "RFC7644-3.7.3-03"],
    needs: [Bulk],
    breaks: [],
}

async fn delete(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let created = t.create(&kind).await?;
    let operations = [json!({ "method": "DELETE", "path": created.path })];
    let (answer, results) = results(t, &operations).await?;
    let result = result_of(&operations, &results, 0);
    let read = t.get(&created.path).await?;
    if read.status != 404 && read.status != 410 {
        let flaw = read.flaw("a resource is there after a DELETE operation").expected("404");
        let got = result.map_or_else(|| "no result".to_owned(), Value::to_string);
        let flaw = flaw.got(format!("{}; the result was {}", read.status, shortened(&got)));
        return Err(flaw.breaks(&["RFC7644-3.7-26"]).into());
    }
    match result.and_then(status) {
        Some(204) => Ok(()),
        got => {
            let flaw =
                answer.flaw("the status of a DELETE operation is not that of a DELETE").expected("\"204\"");
            Err(flaw
                .got(got.map_or_else(|| "none".to_owned(), |got| got.to_string()))
                .breaks(&["RFC7644-3.7.3-03"])
                .into())
        }
    }
}

check! {
    /// Each operation has the status that it would have alone: 201 for a new resource, 404 for one that is missing, 409 for a userName
    /// that is taken.
    ///
    /// Why: clients react to the status as to that of a single request. A bulk request that skips the rules for uniqueness creates the
    /// second account that a POST would have refused.
    ///
    /// Fix: run operations through the same code as single requests, and take over their status.
    STATUSES = statuses,
    id: "bulk.statuses",
    title: "operations have the status that they would have alone",
    level: Must,
    requirements: ["RFC7644-3.7.3-03", "RFC7644-3.7-26"],
    needs: [Bulk, Users],
    breaks: [],
}

async fn statuses(t: &Trial) -> Verdict {
    let users = t.users()?;
    let taken = t.body(&users).await?;
    t.create_from(&users, &taken).await?;
    let mut duplicate = post(t, &users, "again").await?;
    duplicate["data"]["userName"] = taken["userName"].clone();
    let operations = [post(t, &users, "new").await?, duplicate, failing(t, &users).await?];
    let (answer, results) = results(t, &operations).await?;
    for (at, wanted, what) in [
        (0, &[201][..], "a new resource"),
        (1, &[409][..], "a userName that is taken"),
        (2, &[404, 410][..], "a resource that does not exist"),
    ] {
        let Some(result) = result_of(&operations, &results, at) else { continue };
        if !status(result).is_some_and(|status| wanted.contains(&status)) {
            let flaw =
                answer.flaw(format!("an operation about {what} has another status than a single request"));
            t.note(flaw.expected(wanted[0].to_string()).got(told(std::slice::from_ref(result))));
        }
    }
    Ok(())
}

check! {
    /// Without `failOnErrors` all operations are processed: one that fails neither stops the others nor takes them back, and the answer is
    /// 200.
    ///
    /// Why: one person with a broken address must not keep a thousand others out.
    ///
    /// Fix: treat each operation as a transaction of its own.
    CONTINUES = continues,
    id: "bulk.continues",
    title: "a failed operation leaves the others alone",
    level: Must,
    requirements: ["RFC7644-3.7-21", "RFC7644-3.7-20", "RFC7644-3.7.3-06"],
    needs: [Bulk],
    breaks: [],
}

async fn continues(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let operations = [post(t, &kind, "a").await?, failing(t, &kind).await?, post(t, &kind, "b").await?];
    let answer = send(t, &operations).await?;
    breaking(answer.expect_status(&[200]), &["RFC7644-3.7-20"])?;
    let results = read(&answer)?;
    for at in [0, 2] {
        let id = result_of(&operations, &results, at).filter(|result| is_success(result)).and_then(new_id);
        let is_there = match id {
            Some(id) => t.get(&format!("{}/{id}", kind.endpoint())).await?.status == 200,
            None => false,
        };
        if !is_there {
            let which = if at == 0 { "before" } else { "after" };
            let flaw = answer
                .flaw(format!("the operation {which} one that failed is not done"))
                .expected("201, 404, 201");
            t.note(flaw.got(told(&results)).breaks(&["RFC7644-3.7-21", "RFC7644-3.7.3-06"]));
        }
    }
    Ok(())
}

check! {
    /// An operation with the `version` of an older state is refused like a request with `If-Match`; with the current version it is done.
    ///
    /// Why: it is the only protection against lost updates that a bulk request has.
    ///
    /// Fix: compare `version` with the stored one before the operation, and give it status 412.
    VERSION = version,
    id: "bulk.version",
    title: "the version of an operation is a precondition",
    level: Must,
    requirements: ["RFC7644-3.7-10", "RFC7644-3.7-26"],
    needs: [Bulk, Etag, Patch],
    breaks: [],
}

async fn version(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let slot = t.text(&kind).await?;
    let created = t.create(&kind).await?;
    let read = t.get(&created.path).await?;
    let Some(fresh) = super::versions::tag(&read).map(str::to_owned) else {
        return Err(Stop::Blocked(format!("{} has no ETag (check `versions.header`)", read.asked)));
    };
    let text = t.ground().fresh_name();
    let mut stale = patch(&created.path, &slot, &text);
    stale["version"] = json!("W/\"scimulator-stale\"");
    let (answer, results) = results(t, &[stale]).await?;
    if slot.get(&t.read(&created).await?).and_then(Value::as_str) == Some(&text) {
        let flaw = answer
            .flaw("an operation with an old version is done")
            .expected("status 412, and nothing changes");
        return Err(flaw.got(told(&results)).into());
    }
    match results.first().and_then(status) {
        Some(412) => {}
        _ => t.note(
            answer
                .flaw("an operation with an old version has another status")
                .expected("412")
                .got(told(&results))
                .concern(),
        ),
    }
    let text = t.ground().fresh_name();
    let mut current = patch(&created.path, &slot, &text);
    current["version"] = json!(fresh);
    let (answer, results) = self::results(t, &[current]).await?;
    if slot.get(&t.read(&created).await?).and_then(Value::as_str) != Some(&text) {
        let flaw = answer
            .flaw("an operation with the current version is not done")
            .expected("status 200")
            .got(told(&results));
        // By the letter of HTTP a weak tag never matches.
        t.note(if fresh.starts_with("W/") { flaw.concern() } else { flaw });
    }
    Ok(())
}

check! {
    /// Several operations on one resource end as if they had been done one after the other.
    ///
    /// Why: a server that sorts or parallelises operations may apply the older change last.
    ///
    /// Fix: keep the order of operations that are about the same resource.
    ORDER = order,
    id: "bulk.order",
    title: "operations end as if done in their order",
    level: Must,
    requirements: ["RFC7644-3.7-25"],
    needs: [Bulk, Patch],
    breaks: [],
}

async fn order(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let slot = t.text(&kind).await?;
    let created = t.create(&kind).await?;
    let texts: Vec<String> = (0..4).map(|_| t.ground().fresh_name()).collect();
    let operations: Vec<Value> = texts.iter().map(|text| patch(&created.path, &slot, text)).collect();
    let (answer, results) = results(t, &operations).await?;
    if !results.iter().all(is_success) {
        return Err(Stop::Blocked(format!(
            "PATCH operations have status {} (check `bulk.patch`)",
            told(&results)
        )));
    }
    let stored = t.read(&created).await?;
    let last = slot.get(&stored).and_then(Value::as_str).unwrap_or("nothing");
    if Some(last) != texts.last().map(String::as_str) {
        let flaw = answer.flaw("the last operation on a resource is not the one that counts");
        return Err(flaw.expected(texts.last().cloned().unwrap_or_default()).got(last).into());
    }
    Ok(())
}
