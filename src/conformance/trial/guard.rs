//! Which requests may be sent: nothing that the run did not create is changed or deleted, whatever a check asks for.

use serde_json::Value;

use super::answer::Answer;
use super::ground::{Access, Ground};
use crate::conformance::verdict::Stop;
use crate::exchange::Request;
use crate::protocol::message::member;
use crate::target::journaled::{last_segment, path};

/// Why a check is skipped on a target that may only be read.
pub(super) const READ_ONLY: &str = "it has to write, and `--read-only` forbids that";

/// Lets a request pass, or says why not.
///
/// # Errors
/// [`Stop::Skip`] for a write of a run that may only read. [`Stop::Error`] for a change of something foreign: a bug of
/// the check, which must never reach a target.
pub(super) fn permit(ground: &Ground, request: &Request) -> Result<(), Stop> {
    let path = path(&request.target);
    let method = request.method.to_ascii_uppercase();
    let reads = matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS")
        || (method == "POST" && path.ends_with("/.search"));
    if reads {
        return Ok(());
    }
    if ground.access() == Access::Read {
        return Err(Stop::Skip(READ_ONLY.to_owned()));
    }
    let foreign = match method.as_str() {
        "POST" if path.eq_ignore_ascii_case("/Bulk") => foreign_in_bulk(ground, request),
        // What is created at /Me would be somebody's account.
        "POST" if path.eq_ignore_ascii_case("/Me") => Some(path.to_owned()),
        "POST" => None,
        _ => (!ground.owns(path)).then(|| path.to_owned()),
    };
    match foreign {
        None => Ok(()),
        Some(path) => Err(Stop::Error(format!(
            "not sent: `{method} {path}` is about something that this run did not create"
        ))),
    }
}

/// The path of the first bulk operation that would change something foreign. Paths with a `bulkId:` reference are about
/// what the same request creates.
fn foreign_in_bulk(ground: &Ground, request: &Request) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    let operations = member(body.as_object()?, "Operations")?.as_array()?;
    let foreign = |operation: &Value| {
        let operation = operation.as_object()?;
        let method = member(operation, "method")?.as_str()?;
        let path = member(operation, "path")?.as_str()?;
        let changes = ["PUT", "PATCH", "DELETE"].iter().any(|m| m.eq_ignore_ascii_case(method));
        let path = path.strip_prefix(ground.target().base()).unwrap_or(path);
        (changes && !path.contains("bulkId:") && !ground.owns(&format!("/{}", path.trim_start_matches('/'))))
            .then(|| path.to_owned())
    };
    operations.iter().find_map(foreign)
}

/// Whether an answer to the request may tell of something new.
pub(super) fn creates(request: &Request) -> bool {
    let path = path(&request.target);
    // A PUT may create where it should not.
    match request.method.as_str() {
        "POST" => !path.ends_with("/.search"),
        "PUT" => true,
        _ => false,
    }
}

/// Paths of what a request created.
pub(super) fn created(request: &Request, answer: &Answer, base: &str) -> Vec<String> {
    let endpoint = path(&request.target);
    if request.method == "PUT" {
        return if answer.status == 201 { vec![endpoint.to_owned()] } else { Vec::new() };
    }
    if endpoint.eq_ignore_ascii_case("/Bulk") {
        return created_in_bulk(request, answer, base);
    }
    if !answer.is_success() {
        return Vec::new();
    }
    let id = answer
        .text("id")
        .map(str::to_owned)
        .or_else(|| answer.headers.get("location").and_then(last_segment));
    let id = id.filter(|id| !id.is_empty());
    id.map(|id| format!("{}/{}", endpoint.trim_end_matches('/'), super::component(&id))).into_iter().collect()
}

fn created_in_bulk(request: &Request, answer: &Answer, base: &str) -> Vec<String> {
    let operations = |body: &Value| {
        let operations = member(body.as_object()?, "Operations")?.as_array()?.clone();
        Some(operations)
    };
    let results = answer.json.as_ref().and_then(operations).unwrap_or_default();
    let sent: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let sent = operations(&sent).unwrap_or_default();
    let text =
        |operation: &Value, name: &str| member(operation.as_object()?, name)?.as_str().map(str::to_owned);
    // A result that does not repeat its method is known by its bulkId.
    let asked = |result: &Value| {
        let bulk_id = text(result, "bulkId")?;
        sent.iter().find(|operation| text(operation, "bulkId").as_deref() == Some(&bulk_id))
    };
    let created = |result: &Value| {
        let asked = asked(result);
        let method = text(result, "method").or_else(|| text(asked?, "method"))?;
        let status = member(result.as_object()?, "status")?.to_string();
        if !method.eq_ignore_ascii_case("POST") || !(status.contains("201") || status.contains("200")) {
            return None;
        }
        let located = text(result, "location").and_then(|location| {
            let path = location.strip_prefix(base).unwrap_or(&location);
            let mut segments = path.trim_matches('/').rsplit('/');
            let (id, endpoint) = (segments.next()?, segments.next()?);
            Some(format!("/{endpoint}/{id}"))
        });
        located.or_else(|| {
            let response = member(result.as_object()?, "response")?;
            let (id, endpoint) = (text(response, "id")?, text(asked?, "path")?);
            Some(format!("/{}/{}", endpoint.trim_matches('/'), super::component(&id)))
        })
    };
    results.iter().filter_map(created).collect()
}
