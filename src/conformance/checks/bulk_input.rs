//! Bulk requests that are wrong or too large, and `failOnErrors` (RFC 7644 §3.7, §3.7.3, §3.7.4).

use bytes::Bytes;
use serde_json::{Value, json};

use super::bulk::{failing, first, is_success, new_id, post, read, result_of, send, status, told};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Answer, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::exchange::{Request, SCIM_JSON};
use crate::protocol::message::{BULK_REQUEST, PATCH_OP};

pub(super) const CHECKS: &[Check] =
    &[STOPS, BELOW, MESSAGE, OPERATIONS, REPEATED_ID, LIMITS, MAX_OPERATIONS, MAX_PAYLOAD, AT_LIMIT];

/// Limits above these are not tried: a test must not be a burden.
const MOST_OPERATIONS: u64 = 1_000;
const MOST_BYTES: u64 = 2 << 20;

async fn with_limit(t: &Trial, limit: u64, operations: &[Value]) -> Result<(Answer, Vec<Value>), Stop> {
    let body = json!({ "schemas": [BULK_REQUEST], "failOnErrors": limit, "Operations": operations });
    let answer = t.post("/Bulk", &body).await?;
    let results = read(&answer)?;
    Ok((answer, results))
}

check! {
    /// With `failOnErrors: 1` the first failure ends the request: what came before stays, what comes after is not done, and the answer is
    /// 200 with the results so far.
    ///
    /// Why: a client that asks for this relies on the order: it does not want people added to a group that could not be created.
    ///
    /// Fix: count failed operations and stop when the number is reached; do not roll back.
    STOPS = stops,
    id: "bulk.fail-on-errors",
    title: "failOnErrors stops the request and keeps what was done",
    level: Must,
    requirements: ["RFC7644-3.7-22", "RFC7644-3.7.3-05", "RFC7644-3.7.3-07"],
    needs: [Bulk],
    breaks: [],
}

async fn stops(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let operations =
        [post(t, &kind, "before").await?, failing(t, &kind).await?, post(t, &kind, "after").await?];
    let (answer, results) = with_limit(t, 1, &operations).await?;
    let made = |name: &str| results.iter().find(|result| result["bulkId"] == name && is_success(result));
    if made("after").is_some()
        || results.len() > 2 && results.iter().filter(|result| is_success(result)).count() > 1
    {
        let flaw =
            answer.flaw("operations go on after failOnErrors is reached").expected("201, 404 and no more");
        t.note(flaw.got(told(&results)).breaks(&["RFC7644-3.7-22", "RFC7644-3.7.3-05"]));
    }
    let before = made("before").or_else(|| results.first().filter(|result| is_success(result)));
    let is_kept = match before.and_then(new_id) {
        Some(id) => t.get(&format!("{}/{id}", kind.endpoint())).await?.status == 200,
        None => false,
    };
    if !is_kept {
        let flaw =
            answer.flaw("what was done before the failure is not there").expected("201, and the resource");
        t.note(flaw.got(told(&results)).breaks(&["RFC7644-3.7.3-07"]));
    }
    Ok(())
}

check! {
    /// As long as fewer operations fail than `failOnErrors` says, all of them are processed.
    ///
    /// Why: a limit of ten does not mean that one failure ends everything.
    ///
    /// Fix: compare the number of failures with the limit, not with zero.
    BELOW = below,
    id: "bulk.below-fail-on-errors",
    title: "fewer failures than failOnErrors stop nothing",
    level: Must,
    requirements: ["RFC7644-3.7.3-06", "RFC7644-3.7-04"],
    needs: [Bulk],
    breaks: [],
}

async fn below(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let operations = [failing(t, &kind).await?, failing(t, &kind).await?, post(t, &kind, "good").await?];
    let (answer, results) = with_limit(t, 3, &operations).await?;
    if !result_of(&operations, &results, 2).is_some_and(is_success) {
        let flaw = answer.flaw("two failures stop a request that accepts three").expected("404, 404, 201");
        return Err(flaw.got(told(&results)).breaks(&["RFC7644-3.7.3-06"]).into());
    }
    Ok(())
}

/// Whether nothing of a request was done: it was refused, or each of its operations.
fn is_refused(answer: &Answer) -> bool {
    match answer.status {
        400..500 => true,
        200 => read(answer).is_ok_and(|results| results.iter().all(|result| !is_success(result))),
        _ => false,
    }
}

check! {
    /// A message that is no BulkRequest is refused with 400: no `schemas` or those of another message, no `Operations`, or a `failOnErrors`
    /// that is no number. A target that does without `schemas` in all bodies may do so here.
    ///
    /// Why: a server that guesses may do half of something that was meant otherwise.
    ///
    /// Fix: check the message before its first operation and answer 400 with scimType `invalidSyntax`.
    MESSAGE = message,
    id: "bulk.message",
    title: "a message that is no BulkRequest is refused with 400",
    level: Should,
    requirements: ["RFC7644-3.7-02", "RFC7644-3.7-04", "RFC7644-3.7-06", "RFC7644-3.7-20"],
    needs: [Bulk],
    breaks: [],
}

async fn message(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let cases: [(&str, Value, &'static str); 5] = [
        ("no schemas", json!({ "Operations": [post(t, &kind, "a").await?] }), "RFC7644-3.7-02"),
        (
            "the schema of another message",
            json!({ "schemas": [PATCH_OP], "Operations": [post(t, &kind, "a").await?] }),
            "RFC7644-3.7-02",
        ),
        ("no Operations", json!({ "schemas": [BULK_REQUEST] }), "RFC7644-3.7-06"),
        (
            "an object for Operations",
            json!({ "schemas": [BULK_REQUEST], "Operations": {} }),
            "RFC7644-3.7-06",
        ),
        (
            "a word for failOnErrors",
            json!({ "schemas": [BULK_REQUEST], "failOnErrors": "x", "Operations": [post(t, &kind, "a").await?] }),
            "RFC7644-3.7-04",
        ),
    ];
    // A target that takes every body without `schemas` means it so; that is judged where resources are created.
    let mut bare = t.body(&kind).await?;
    if let Some(members) = bare.as_object_mut() {
        members.shift_remove("schemas");
    }
    let is_lenient = t.post(kind.endpoint(), &bare).await?.is_success();
    for (what, body, requirement) in cases {
        let answer = t.post("/Bulk", &body).await?;
        let flaw = answer.flaw(format!("a bulk request with {what} answers {}", answer.said()));
        let flaw = flaw.expected("400 invalidSyntax").got(answer.said()).breaks(&[requirement]);
        match answer.status {
            400 => {}
            200 if requirement == "RFC7644-3.7-02" && is_lenient => {}
            500.. => t.note(flaw.violation()),
            _ => t.note(flaw),
        }
    }
    Ok(())
}

check! {
    /// An operation that lacks what it needs (a method, a path, data, a bulkId for POST) or that is about the wrong kind of path is
    /// refused, and nothing is created by it. Whether the operation or the whole request is refused is for the server to say.
    ///
    /// Why: what is executed half-way cannot be referred to, found or cleaned up by the client.
    ///
    /// Fix: check each operation before it is done, and give it status 400 with a SCIM error.
    OPERATIONS = operations,
    id: "bulk.broken-operations",
    title: "an operation that lacks something is refused",
    level: Should,
    requirements: ["RFC7644-3.7-07", "RFC7644-3.7-08", "RFC7644-3.7-11", "RFC7644-3.7-12", "RFC7644-3.7-13"],
    needs: [Bulk],
    breaks: [],
}

async fn operations(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let own = t.create(&kind).await?;
    let without = |mut operation: Value, name: &str| {
        if let Some(members) = operation.as_object_mut() {
            members.shift_remove(name);
        }
        operation
    };
    let mut on_resource = post(t, &kind, "f").await?;
    on_resource["path"] = json!(own.path);
    let cases: [(&str, Value, &'static str); 7] = [
        ("no method", without(post(t, &kind, "a").await?, "method"), "RFC7644-3.7-07"),
        ("the method GET", json!({ "method": "GET", "path": own.path }), "RFC7644-3.7-07"),
        ("POST and no bulkId", without(post(t, &kind, "b").await?, "bulkId"), "RFC7644-3.7-08"),
        ("POST and no path", without(post(t, &kind, "c").await?, "path"), "RFC7644-3.7-11"),
        ("POST and no data", without(post(t, &kind, "d").await?, "data"), "RFC7644-3.7-13"),
        ("PUT and no data", json!({ "method": "PUT", "path": own.path }), "RFC7644-3.7-13"),
        ("POST and the path of a resource", on_resource, "RFC7644-3.7-12"),
    ];
    for (what, operation, requirement) in cases {
        let answer = send(t, &[operation]).await?;
        if is_refused(&answer) {
            let crash =
                read(&answer).ok().and_then(|results| results.iter().find_map(status)).filter(|s| *s >= 500);
            if let Some(status) = crash {
                let flaw =
                    answer.flaw(format!("an operation with {what} breaks the server")).expected("status 400");
                t.note(flaw.got(status.to_string()).breaks(&[requirement]).violation());
            }
            continue;
        }
        let results = read(&answer).unwrap_or_default();
        let flaw = answer
            .flaw(format!("an operation with {what} is not refused"))
            .expected("400")
            .breaks(&[requirement]);
        let flaw = flaw.got(if answer.status == 200 { told(&results) } else { answer.said() });
        t.note(if answer.status >= 500 { flaw.violation() } else { flaw });
    }
    Ok(())
}

check! {
    /// Two POST operations with the same bulkId are not both done.
    ///
    /// Why: a reference to that bulkId could mean either of the two; membership ends at the wrong person.
    ///
    /// Fix: refuse the second one, or the whole request, with 400.
    REPEATED_ID = repeated_id,
    id: "bulk.repeated-bulk-id",
    title: "a bulkId names one operation only",
    level: Should,
    requirements: ["RFC7644-3.7-09"],
    needs: [Bulk],
    breaks: [],
}

async fn repeated_id(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let answer = send(t, &[post(t, &kind, "same").await?, post(t, &kind, "same").await?]).await?;
    if answer.status >= 500 {
        return Err(answer
            .flaw("a repeated bulkId breaks the server")
            .expected("400")
            .got(answer.said())
            .violation()
            .into());
    }
    let done = read(&answer).map_or(0, |results| results.iter().filter(|result| is_success(result)).count());
    if done > 1 {
        return Err(answer
            .flaw("two operations with the same bulkId are done")
            .expected("400 for one or all")
            .got("201, 201")
            .into());
    }
    Ok(())
}

// --- limits ---

check! {
    /// A target that offers bulk requests says how many operations and how many bytes it takes.
    ///
    /// Why: clients cut their work into pieces by these numbers. With 0 they cannot send anything, without them they have to guess.
    ///
    /// Fix: publish `bulk.maxOperations` and `bulk.maxPayloadSize` in ServiceProviderConfig, as they are enforced.
    LIMITS = limits,
    id: "bulk.limits-published",
    title: "the limits of bulk requests are published",
    level: Must,
    requirements: ["RFC7644-3.7.4-01", "RFC7644-3.7.4-02"],
    needs: [Bulk],
    breaks: [],
}

async fn limits(t: &Trial) -> Verdict {
    let config = t.get("/ServiceProviderConfig").await?;
    for name in ["maxOperations", "maxPayloadSize"] {
        if t.discovery().limit("bulk", name).is_none_or(|limit| limit == 0) {
            let got = config.json.as_ref().map(|json| json["bulk"].to_string()).unwrap_or_default();
            let flaw = config.flaw(format!("bulk.{name} of ServiceProviderConfig is no limit"));
            let flaw = flaw.expected("a number above 0").got(shortened(&got));
            t.note(flaw.breaks(&["RFC7644-3.7.4-01"]));
        }
    }
    Ok(())
}

/// As many operations as wanted that do nothing, because they are about something that does not exist.
async fn idle(t: &Trial, count: u64) -> Result<Vec<Value>, Stop> {
    let kind = first(t)?;
    let operation = failing(t, &kind).await?;
    Ok((0..count).map(|_| operation.clone()).collect())
}

fn limit(t: &Trial, name: &str, most: u64) -> Result<u64, Stop> {
    match t.discovery().limit("bulk", name) {
        Some(limit @ 1..) if limit <= most => Ok(limit),
        Some(limit @ 1..) => skip(format!("bulk.{name} is {limit}, which is too much to try")),
        _ => skip(format!("the target publishes no bulk.{name}")),
    }
}

/// 413 with an error that names the limit.
fn expect_too_large(t: &Trial, answer: &Answer, limit: u64, what: &str) -> Verdict {
    if answer.status != 413 {
        let flaw = answer.flaw(format!("a bulk request with {what} answers {}", answer.said()));
        return Err(flaw.expected("413").got(answer.said()).breaks(&[which(what), "RFC7644-3.12-16"]).into());
    }
    let text = String::from_utf8_lossy(&answer.body);
    let folded = text.to_lowercase();
    let names = folded.contains(&limit.to_string())
        || ["maxoperations", "maxpayloadsize", "operations", "payload", "bytes", "size", "entity too large"]
            .iter()
            .any(|word| folded.contains(word));
    if !names {
        let flaw = answer
            .flaw("a 413 does not say which limit is exceeded")
            .expected(format!("a detail that names {limit}"));
        t.note(flaw.got(shortened(&text)).breaks(&["RFC7644-3.7.4-05"]));
    }
    Ok(())
}

fn which(what: &str) -> &'static str {
    if what.contains("bytes") { "RFC7644-3.7.4-04" } else { "RFC7644-3.7.4-03" }
}

check! {
    /// A bulk request with more operations than `maxOperations` is refused with 413, and the error names the limit.
    ///
    /// Why: a client that gets 413 sends smaller pieces. A server that cuts off silently, or answers 400, loses the rest.
    ///
    /// Fix: count the operations before the first one is done; answer 413 with the limit in the detail.
    MAX_OPERATIONS = max_operations,
    id: "bulk.max-operations",
    title: "too many operations are refused with 413",
    level: Must,
    requirements: ["RFC7644-3.7.4-03", "RFC7644-3.7.4-05", "RFC7644-3.12-16"],
    needs: [Bulk],
    breaks: [],
}

async fn max_operations(t: &Trial) -> Verdict {
    let limit = limit(t, "maxOperations", MOST_OPERATIONS)?;
    let answer = send(t, &idle(t, limit + 1).await?).await?;
    expect_too_large(t, &answer, limit, &format!("{} operations, one too many,", limit + 1))
}

check! {
    /// A bulk request with more bytes than `maxPayloadSize` is refused with 413, and the error names the limit.
    ///
    /// Why: a client that gets 413 sends smaller pieces. A connection that is cut off is tried again as it was.
    ///
    /// Fix: look at the length before parsing; answer 413 with the limit in the detail.
    MAX_PAYLOAD = max_payload,
    id: "bulk.max-payload",
    title: "too large a request is refused with 413",
    level: Must,
    requirements: ["RFC7644-3.7.4-04", "RFC7644-3.7.4-05", "RFC7644-3.12-16"],
    needs: [Bulk],
    breaks: [],
}

async fn max_payload(t: &Trial) -> Verdict {
    let limit = limit(t, "maxPayloadSize", MOST_BYTES)?;
    let text = json!({ "schemas": [BULK_REQUEST], "Operations": idle(t, 1).await? }).to_string();
    let size = usize::try_from(limit + 1).unwrap_or(usize::MAX);
    if text.len() >= size {
        return skip(format!("bulk.maxPayloadSize is {limit}, less than the smallest request"));
    }
    // Spaces after the value belong to the body and mean nothing.
    let mut request = Request::new("POST", "/Bulk");
    request.headers.append("Content-Type", SCIM_JSON);
    request.body = Bytes::from(format!("{text}{}", " ".repeat(size - text.len())));
    let answer = t.send(request).await?;
    expect_too_large(t, &answer, limit, &format!("{} bytes, one too many,", limit + 1))
}

check! {
    /// A bulk request with exactly `maxOperations` operations is processed.
    ///
    /// Why: clients fill requests up to the limit. If that is one too many, every full request fails.
    ///
    /// Fix: refuse what is more than the limit, not what reaches it.
    AT_LIMIT = at_limit,
    id: "bulk.at-limit",
    title: "as many operations as the limit allows are processed",
    level: Must,
    requirements: ["RFC7644-3.7.4-06"],
    needs: [Bulk],
    breaks: [],
}

async fn at_limit(t: &Trial) -> Verdict {
    let limit = limit(t, "maxOperations", MOST_OPERATIONS)?;
    let operations = idle(t, limit).await?;
    let size = json!({ "schemas": [BULK_REQUEST], "Operations": operations }).to_string().len() as u64;
    if t.discovery().limit("bulk", "maxPayloadSize").is_some_and(|bytes| size > bytes) {
        return skip("so many operations are more than bulk.maxPayloadSize");
    }
    send(t, &operations).await?.expect_status(&[200])?;
    Ok(())
}
