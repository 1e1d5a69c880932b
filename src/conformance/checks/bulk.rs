//! Bulk requests: the message, what each operation does, and what is told of it (RFC 7644 §3.7).

use std::sync::Arc;

use serde_json::{Value, json};

use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::{Kind, Support};
use crate::conformance::trial::{Answer, Created, Slot, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::{BULK_REQUEST, BULK_RESPONSE, ERROR, PATCH_OP, declares, member};

pub(super) const CHECKS: &[Check] =
    &[CREATE, FORM, STATUS_FORM, BULK_ID, LOCATION, ERROR_BODY, GET, UNSUPPORTED];

// --- words for the files of the topic ---

/// Sends operations.
pub(super) async fn send(t: &Trial, operations: &[Value]) -> Result<Answer, Stop> {
    t.post("/Bulk", &json!({ "schemas": [BULK_REQUEST], "Operations": operations })).await
}

/// The results of operations that a target must be able to process.
pub(super) async fn results(t: &Trial, operations: &[Value]) -> Result<(Answer, Vec<Value>), Stop> {
    let answer = send(t, operations).await?;
    let results = read(&answer)?;
    Ok((answer, results))
}

/// The results in an answer, because a check needs them.
pub(super) fn read(answer: &Answer) -> Result<Vec<Value>, Stop> {
    let operations =
        answer.json.as_ref().and_then(Value::as_object).and_then(|body| member(body, "Operations"));
    match (answer.status, operations.and_then(Value::as_array)) {
        (200, Some(results)) => Ok(results.clone()),
        _ => Err(Stop::Blocked(format!("{} answers {} (check `bulk.create`)", answer.asked, answer.said()))),
    }
}

/// The status of a result, in whatever form it comes (notes: `"201"`, `{ "code": "201" }`, 201).
pub(super) fn status(result: &Value) -> Option<u16> {
    let status = match member(result.as_object()?, "status")? {
        Value::Object(object) => member(object, "code")?,
        plain => plain,
    };
    match status {
        Value::String(text) => text.trim().parse().ok(),
        number => number.as_u64()?.try_into().ok(),
    }
}

pub(super) fn is_success(result: &Value) -> bool {
    status(result).is_some_and(|status| (200..300).contains(&status))
}

/// The result of an operation: by its bulkId, or else by its place.
pub(super) fn result_of<'r>(operations: &[Value], results: &'r [Value], at: usize) -> Option<&'r Value> {
    let sent = operations.get(at)?;
    let by_id =
        || results.iter().find(|result| !sent["bulkId"].is_null() && result["bulkId"] == sent["bulkId"]);
    let by_place = || results.get(at).filter(|_| results.len() == operations.len());
    let by_method = || {
        let mut same = results.iter().filter(|result| result["method"] == sent["method"]);
        same.next().filter(|_| same.next().is_none())
    };
    by_id().or_else(by_place).or_else(by_method)
}

/// The id at the end of the location of a result.
pub(super) fn new_id(result: &Value) -> Option<&str> {
    let location = member(result.as_object()?, "location").and_then(Value::as_str);
    let last = location.and_then(|location| location.trim_end_matches('/').rsplit('/').next());
    last.filter(|id| !id.is_empty()).or_else(|| result["response"]["id"].as_str())
}

/// What an operation created, because a check needs it.
pub(super) fn created(
    t: &Trial,
    kind: &Arc<Kind>,
    answer: &Answer,
    result: Option<&Value>,
) -> Result<Created, Stop> {
    match result.filter(|result| is_success(result)).and_then(new_id) {
        Some(id) => {
            let path = format!("{}/{id}", kind.endpoint());
            let _ = t;
            Ok(Created { kind: Arc::clone(kind), id: id.to_owned(), path })
        }
        None => Err(Stop::Blocked(format!("{} creates nothing (check `bulk.create`)", answer.asked))),
    }
}

/// An operation that creates a resource.
pub(super) async fn post(t: &Trial, kind: &Kind, bulk_id: &str) -> Result<Value, Stop> {
    let data = t.body(kind).await?;
    Ok(json!({ "method": "POST", "path": kind.endpoint(), "bulkId": bulk_id, "data": data }))
}

/// An operation that sets text.
pub(super) fn patch(path: &str, slot: &Slot, text: &str) -> Value {
    let operation = json!({ "op": "replace", "path": slot.path(), "value": text });
    json!({ "method": "PATCH", "path": path, "data": { "schemas": [PATCH_OP], "Operations": [operation] } })
}

/// An operation that must fail: it is about something that does not exist.
pub(super) async fn failing(t: &Trial, kind: &Kind) -> Result<Value, Stop> {
    Ok(json!({ "method": "DELETE", "path": t.absent(kind).await? }))
}

pub(super) fn first(t: &Trial) -> Result<Arc<Kind>, Stop> {
    t.kinds().first().cloned().ok_or_else(|| Stop::Skip("the target has no resource type".to_owned()))
}

/// What results say, for messages.
pub(super) fn told(results: &[Value]) -> String {
    let words: Vec<String> = results
        .iter()
        .map(|result| status(result).map_or_else(|| "no status".to_owned(), |status| status.to_string()))
        .collect();
    if words.is_empty() { "no results".to_owned() } else { words.join(", ") }
}

// --- checks ---

check! {
    /// A bulk request with POST operations creates the resources and is answered with 200.
    ///
    /// Why: a first sync of thousands of people goes by bulk where it is offered. A target that offers it and fails loses all of them.
    ///
    /// Fix: process each operation like the single request, answer 200 with a BulkResponse, or say `bulk.supported: false`.
    CREATE = create,
    id: "bulk.create",
    title: "a bulk request creates resources",
    level: Must,
    requirements: ["RFC7644-3.7-20", "RFC7644-3.7-26", "RFC7644-3.7-17", "RFC7644-3.2-04"],
    needs: [Bulk],
    breaks: [],
}

async fn create(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let operations = [post(t, &kind, "a").await?, post(t, &kind, "b").await?];
    let answer = send(t, &operations).await?;
    breaking(answer.expect_status(&[200]), &["RFC7644-3.7-20"])?;
    let object = breaking(answer.object(), &["RFC7644-3.7-20"])?;
    let Some(results) = member(object, "Operations").and_then(Value::as_array) else {
        return Err(answer
            .flaw("the answer has no Operations")
            .expected("a result for each operation")
            .got("none")
            .breaks(&["RFC7644-3.7-20"])
            .into());
    };
    for (at, operation) in operations.iter().enumerate() {
        let result = result_of(&operations, results, at);
        let Some(id) = result.filter(|result| is_success(result)).and_then(new_id) else {
            let flaw = answer
                .flaw(format!("the POST operation with bulkId {} creates nothing", operation["bulkId"]));
            let got = result.map_or_else(|| "no result".to_owned(), Value::to_string);
            t.note(
                flaw.expected("status 201 and a location").got(shortened(&got)).breaks(&["RFC7644-3.7-26"]),
            );
            continue;
        };
        let read = t.get(&format!("{}/{id}", kind.endpoint())).await?;
        breaking(read.expect_status(&[200]), &["RFC7644-3.7-26"])?;
    }
    Ok(())
}

check! {
    /// The answer is a BulkResponse: that schema, `Operations` with a result for each operation, each with its method, and no
    /// `failOnErrors`.
    ///
    /// Why: the client learns from it which of its people arrived. Results that are missing or cannot be told apart are people that
    /// nobody knows of.
    ///
    /// Fix: answer with `urn:ietf:params:scim:api:messages:2.0:BulkResponse` and a result for every operation that was processed.
    FORM = form,
    id: "bulk.response",
    title: "the answer is a BulkResponse with a result for each operation",
    level: Must,
    requirements: ["RFC7644-3.7-03", "RFC7644-3.7-05", "RFC7644-3.7-06", "RFC7644-3.7-07", "RFC7644-3.7.3-01"],
    needs: [Bulk],
    breaks: [],
}

async fn form(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let operations = [post(t, &kind, "a").await?, failing(t, &kind).await?, post(t, &kind, "b").await?];
    let (answer, results) = results(t, &operations).await?;
    let object = answer.object()?;
    if !declares(object, BULK_RESPONSE) {
        let flaw = answer.flaw("the answer to a bulk request is no BulkResponse").expected(BULK_RESPONSE);
        let got = format!("schemas {}", object.get("schemas").unwrap_or(&Value::Null));
        t.note(flaw.got(shortened(&got)).breaks(&["RFC7644-3.7-03"]));
    }
    if member(object, "failOnErrors").is_some_and(|value| !value.is_null()) {
        t.note(
            answer
                .flaw("the answer has failOnErrors")
                .expected("only requests have it")
                .breaks(&["RFC7644-3.7-05"]),
        );
    }
    if results.len() != operations.len() {
        let flaw =
            answer.flaw("there is not a result for each operation").expected(operations.len().to_string());
        t.note(
            flaw.got(format!("{} results", results.len())).breaks(&["RFC7644-3.7.3-01", "RFC7644-3.7-06"]),
        );
    }
    for result in &results {
        let method = result["method"].as_str();
        if !method.is_some_and(|method| {
            ["POST", "PUT", "PATCH", "DELETE"].iter().any(|m| m.eq_ignore_ascii_case(method))
        }) {
            let flaw = answer.flaw("a result does not tell its method").expected("POST or DELETE");
            t.note(flaw.got(shortened(&result.to_string())).breaks(&["RFC7644-3.7-07"]));
            break;
        }
    }
    Ok(())
}

check! {
    /// The `status` of a result is the HTTP status code as text: `"201"`.
    ///
    /// Why: RFC 7644 shows two forms, and its errata settle on the text. Clients that are made for it fail on `{ "code": "201" }` and on
    /// numbers.
    ///
    /// Fix: write `"status": "201"`.
    STATUS_FORM = status_form,
    id: "bulk.status-form",
    title: "the status of a result is a code as text",
    level: Must,
    requirements: ["RFC7644-3.7-19"],
    needs: [Bulk],
    breaks: [],
}

async fn status_form(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let (answer, results) = results(t, &[post(t, &kind, "a").await?, failing(t, &kind).await?]).await?;
    for result in &results {
        let flaw = answer.flaw("the status of a result is not a code as text").expected("\"201\"");
        let flaw = flaw.got(format!("\"status\": {}", result["status"]));
        match (&result["status"], status(result)) {
            (Value::String(_), Some(100..600)) => {}
            // Section 3.7.2 of RFC 7644 shows it so.
            (_, Some(100..600)) => t.note(flaw.concern()),
            _ => t.note(flaw),
        }
        if !t.is_clean() {
            break;
        }
    }
    Ok(())
}

check! {
    /// The result of a POST operation has the bulkId of the operation, whether it succeeded or not.
    ///
    /// Why: the bulkId is the only link between what the client sent and the id that the server gave.
    ///
    /// Fix: copy `bulkId` from the operation to its result.
    BULK_ID = bulk_id,
    id: "bulk.bulk-id",
    title: "results carry the bulkId of their operation",
    level: Must,
    requirements: ["RFC7644-3.7-24"],
    needs: [Bulk],
    breaks: [],
}

async fn bulk_id(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let mut bad = post(t, &kind, "bad-1").await?;
    bad["data"] = json!({ "schemas": [kind.schema.core.id] });
    let (answer, results) = results(t, &[post(t, &kind, "Qwerty").await?, bad]).await?;
    for id in ["Qwerty", "bad-1"] {
        if !results.iter().any(|result| result["bulkId"] == id) {
            let flaw = answer
                .flaw(format!("no result has the bulkId {id}"))
                .expected(format!("\"bulkId\": \"{id}\""));
            let got: Vec<String> = results.iter().map(|result| result["bulkId"].to_string()).collect();
            let flaw = flaw.got(got.join(", "));
            // The rule names what was created.
            t.note(if id == "bad-1" { flaw.concern() } else { flaw });
        }
    }
    Ok(())
}

check! {
    /// Every result but that of a failed POST has the location of its resource.
    ///
    /// Why: for a new resource the location is the only place where the client learns the id, and for a failed operation it says which
    /// resource it was about.
    ///
    /// Fix: set `location` to the URL of the resource, also for failed PUT, PATCH and DELETE operations.
    LOCATION = location,
    id: "bulk.location",
    title: "results have the location of their resource",
    level: Must,
    requirements: ["RFC7644-3.7-15", "RFC7644-3.7.3-02"],
    needs: [Bulk],
    breaks: [],
}

async fn location(t: &Trial) -> Verdict {
    let kind = first(t)?;
    let mut body = t.body(&kind).await?;
    let replaced = t.create_from(&kind, &body).await?;
    let deleted = t.create(&kind).await?;
    if let Ok(slot) = t.text(&kind).await {
        slot.set(&mut body, json!(t.ground().fresh_name()));
    }
    let operations = [
        post(t, &kind, "a").await?,
        json!({ "method": "PUT", "path": replaced.path, "data": body }),
        json!({ "method": "DELETE", "path": deleted.path }),
        failing(t, &kind).await?,
    ];
    let (answer, results) = results(t, &operations).await?;
    for (at, operation) in operations.iter().enumerate() {
        let Some(result) = result_of(&operations, &results, at) else { continue };
        let path = operation["path"].as_str().unwrap_or_default();
        let location = result["location"].as_str().unwrap_or_default();
        let doing =
            format!("a {} operation with status {}", operation["method"], told(std::slice::from_ref(result)));
        if location.is_empty() {
            if at != 0 || is_success(result) {
                t.note(
                    answer
                        .flaw(format!("the result of {doing} has no location"))
                        .expected("the URL of the resource")
                        .got("none"),
                );
            }
            continue;
        }
        let last = |path: &str| path.trim_end_matches('/').rsplit('/').next().map(str::to_owned);
        if at != 0 && last(location) != last(path) {
            let flaw = answer.flaw(format!("the result of {doing} has the location of something else"));
            t.note(flaw.expected(path).got(location));
        }
    }
    Ok(())
}

check! {
    /// The result of an operation that failed has the SCIM error as its `response`, with the same status and an explanation.
    ///
    /// Why: a bare 409 in a list of hundreds does not say what to do about it.
    ///
    /// Fix: put the error body of the single request into `response`.
    ERROR_BODY = error_body,
    id: "bulk.error-response",
    title: "failed operations carry the error body",
    level: Must,
    requirements: ["RFC7644-3.7-16", "RFC7644-3.7-18", "RFC7644-3.7.3-04", "RFC7644-3.12-29"],
    needs: [Bulk, Users],
    breaks: [],
}

async fn error_body(t: &Trial) -> Verdict {
    let users = t.users()?;
    let taken = t.body(&users).await?;
    t.create_from(&users, &taken).await?;
    let mut duplicate = post(t, &users, "again").await?;
    duplicate["data"]["userName"] = taken["userName"].clone();
    let operations = [duplicate, failing(t, &users).await?];
    let (answer, results) = results(t, &operations).await?;
    for result in results.iter().filter(|result| !is_success(result)) {
        let status = status(result).unwrap_or_default();
        let flaw = |what: &str| {
            answer.flaw(format!("{what} of a failed operation")).got(shortened(&result.to_string()))
        };
        let Some(error) = result["response"].as_object() else {
            t.note(
                flaw("there is no response")
                    .expected("a SCIM Error")
                    .breaks(&["RFC7644-3.7-16", "RFC7644-3.7-18"]),
            );
            continue;
        };
        if !declares(error, ERROR) {
            t.note(flaw("the response is no SCIM Error").expected(ERROR).breaks(&["RFC7644-3.7-18"]));
        }
        let said =
            member(error, "status").map(|said| said.as_str().map_or_else(|| said.to_string(), str::to_owned));
        if said.is_some_and(|said| said != status.to_string()) {
            let expected = format!("\"status\": \"{status}\"");
            t.note(
                flaw("the response has another status than the result")
                    .expected(expected)
                    .breaks(&["RFC7644-3.7-18"]),
            );
        }
        if member(error, "detail").and_then(Value::as_str).is_none_or(str::is_empty) {
            t.note(
                flaw("there is no detail in the response")
                    .expected("an explanation")
                    .breaks(&["RFC7644-3.7.3-04"]),
            );
        }
        let keyword = member(error, "scimType").and_then(Value::as_str);
        if status == 409 && keyword.is_some_and(|keyword| keyword != "uniqueness") {
            t.note(
                flaw("the scimType is wrong").expected("uniqueness").breaks(&["RFC7644-3.12-29"]).concern(),
            );
        }
    }
    Ok(())
}

check! {
    /// `/Bulk` is there for POST only.
    ///
    /// Why: a 200 for a GET says that there is something to read.
    ///
    /// Fix: answer 405 with `Allow: POST`.
    GET = get,
    id: "bulk.get",
    title: "a GET of /Bulk is refused",
    level: Must,
    requirements: ["RFC7644-3.2-09"],
    needs: [Bulk],
    breaks: [],
}

async fn get(t: &Trial) -> Verdict {
    let answer = t.get("/Bulk").await?;
    answer.expect_status(&[405, 404, 501, 400, 403])?;
    Ok(())
}

check! {
    /// A target that does not offer bulk requests says so with 501, and does nothing.
    ///
    /// Why: a client that tries must learn that it has to send single requests. An error like 500 looks as if it were worth another
    /// try.
    ///
    /// Fix: answer POST `/Bulk` with 501 and a SCIM error.
    UNSUPPORTED = unsupported,
    id: "bulk.unsupported",
    title: "without support, a bulk request is refused and nothing is created",
    level: May,
    requirements: ["RFC7644-3.7-01"],
    needs: [],
    breaks: [],
}

async fn unsupported(t: &Trial) -> Verdict {
    if t.discovery().supports("bulk", "supported") == Support::Yes {
        return skip("the target supports bulk requests");
    }
    let kind = first(t)?;
    let answer = send(t, &[post(t, &kind, "a").await?]).await?;
    match answer.status {
        501 | 404 | 405 | 403 => Ok(()),
        200..300 => {
            let flaw =
                answer.flaw("bulk requests are processed although ServiceProviderConfig does not offer them");
            Err(flaw.expected("bulk.supported: true, or 501").got(answer.said()).into())
        }
        500.. => Err(answer
            .flaw("a bulk request breaks the server")
            .expected("501")
            .got(answer.said())
            .violation()
            .into()),
        _ => Err(answer
            .flaw("an unsupported bulk request is answered as if it were supported")
            .expected("501")
            .got(answer.said())
            .into()),
    }
}
