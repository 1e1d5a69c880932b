//! The JSON report: one envelope for every command, with a published schema ([`SCHEMA`]).
//!
//! Scripts rely on it: members are added, none is renamed or removed.

use std::fmt::Write as _;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use super::collected::Collected;
use super::words;
use crate::event::{Finding, Kind, Known, Problem, Readiness, Severity, SnapshotState, Status};
use crate::exchange::{Exchange, FailureKind, Headers};
use crate::redact::Redacted;

mod provisioning;

/// The JSON Schema of the report.
pub const SCHEMA: &str = include_str!("report.schema.json");

/// Bodies are written up to this many bytes; longer ones are cut and become text.
const LARGEST_BODY: usize = 64 * 1024;

/// The report as text.
///
/// # Errors
/// The library could not write it.
pub fn render(run: &Collected) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&Report(run))?;
    text.push('\n');
    Ok(text)
}

/// The report, of which one result at a time is made: a simulation may have 50,000.
struct Report<'a>(&'a Collected);

impl Serialize for Report<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let run = self.0;
        let mut report = serializer.serialize_map(None)?;
        report.serialize_entry("kind", run.kind.word())?;
        report.serialize_entry("version", env!("CARGO_PKG_VERSION"))?;
        report.serialize_entry("target", &json!({ "url": run.target.url, "name": run.target.name }))?;
        if let Some(started) = run.started {
            report.serialize_entry("started", &started.to_string())?;
        }
        report.serialize_entry("options", &run.options)?;
        let counts = Status::ALL.map(|status| (status.word().to_owned(), run.tally.of(status).into()));
        let mut summary: Map<String, Value> = counts.into_iter().collect();
        if run.known.total() > 0 {
            summary.insert("known".into(), run.known.total().into());
        }
        report.serialize_entry("summary", &summary)?;
        if run.incomplete {
            report.serialize_entry("incomplete", &true)?;
        }
        report.serialize_entry("elapsed_ms", &milliseconds(run.elapsed))?;
        if run.kind == Kind::Simulate {
            report.serialize_entry("provisioning", &provisioning::member(&run.provisioning))?;
        }
        report.serialize_entry("results", &Results(&run.findings))?;
        let readiness: Vec<Value> = run.readiness.iter().map(readiness).collect();
        report.serialize_entry("readiness", &readiness)?;
        report.end()
    }
}

struct Results<'a>(&'a [Finding]);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(result))
    }
}

fn readiness(row: &Readiness) -> Value {
    json!({
        "idp": row.audience,
        "ready": row.ready,
        "blockers": row.blockers,
        "undecided": row.undecided,
        "judged": row.judged,
    })
}

fn problem(problem: &Problem) -> Value {
    let mut object = Map::new();
    let severity = match problem.severity {
        Severity::Violation => "violation",
        Severity::Concern => "concern",
    };
    object.insert("severity".into(), severity.into());
    object.insert("requirements".into(), problem.requirements.clone().into());
    object.insert("what".into(), problem.what.as_str().into());
    object.insert("expected".into(), problem.expected.clone().into());
    object.insert("got".into(), problem.got.clone().into());
    object.insert("exchange".into(), problem.exchange.into());
    Value::Object(object)
}

fn result(finding: &Finding) -> Value {
    let item = &finding.item;
    let mut result = Map::new();
    result.insert("id".into(), item.id.as_str().into());
    result.insert("title".into(), item.title.as_str().into());
    result.insert("topic".into(), item.topic.as_str().into());
    result.insert("status".into(), finding.status.word().into());
    result.insert("level".into(), item.level.into());
    result.insert("requirements".into(), item.requirements.clone().into());
    result.insert("message".into(), message(finding).into());
    result.insert("breaks".into(), item.breaks.clone().into());
    result.insert("duration_ms".into(), milliseconds(finding.duration));
    if let Some((file, line)) = words::place(finding) {
        result.insert("file".into(), file.into());
        if let Some(line) = line {
            result.insert("line".into(), line.into());
        }
    }
    if !finding.problems.is_empty() {
        result.insert("problems".into(), finding.problems.iter().map(problem).collect());
    }
    if let Some(Known { reason, until }) = &finding.known {
        result.insert("known".into(), json!({ "reason": reason, "until": until }));
    }
    if let Some(snapshot) = finding.snapshot {
        result.insert("snapshot".into(), snapshot_word(snapshot).into());
    }
    if let Some(difference) = &finding.difference {
        result.insert("changes".into(), difference.changes.clone().into());
    }
    result.insert("exchanges".into(), finding.exchanges.iter().map(exchange).collect());
    Value::Object(result)
}

/// Why it did not pass, with every located mistake on a line of its own.
fn message(finding: &Finding) -> String {
    let mut message = finding.message.clone();
    for diagnostic in &finding.diagnostics {
        let separator = if message.is_empty() { "" } else { "\n" };
        let place = match (&diagnostic.source, diagnostic.line_column()) {
            (Some(source), Some((line, column))) => format!("{}:{line}:{column}: ", source.path),
            _ => String::new(),
        };
        let _ = write!(message, "{separator}{place}{}", diagnostic.title);
    }
    message
}

/// The word for how a transcript relates to its snapshot.
fn snapshot_word(state: SnapshotState) -> &'static str {
    match state {
        SnapshotState::Unchanged => "unchanged",
        SnapshotState::Missing => "missing",
        SnapshotState::Changed => "changed",
        SnapshotState::Updated => "updated",
    }
}

/// One exchange as it stands in a report.
fn exchange(exchange: &Redacted<Exchange>) -> Value {
    let exchange = exchange.get();
    let mut request = Map::new();
    request.insert("method".into(), exchange.request.method.as_str().into());
    request.insert("target".into(), exchange.request.target.as_str().into());
    request.insert("headers".into(), headers(&exchange.request.headers));
    body(&mut request, &exchange.request.body);
    let (outcome, what) = match &exchange.outcome {
        Ok(answer) => {
            let mut response = Map::new();
            response.insert("status".into(), answer.status.into());
            response.insert("headers".into(), headers(&answer.headers));
            body(&mut response, &answer.body);
            ("response", Value::Object(response))
        }
        Err(failure) => {
            ("failure", json!({ "kind": failure_word(failure.kind), "message": failure.message }))
        }
    };
    json!({
        "request": request,
        outcome: what,
        "duration_ms": milliseconds(exchange.duration),
        "attempt": exchange.attempt,
        "started": exchange.started.to_string(),
    })
}

/// Fields as an object; several of one name are joined with a comma (RFC 9110 §5.3).
fn headers(headers: &Headers) -> Value {
    let mut object: Map<String, Value> = Map::new();
    for (name, value) in headers.iter() {
        match object.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, Value::String(known))) => {
                known.push_str(", ");
                known.push_str(value);
            }
            _ => {
                object.insert(name.to_owned(), value.into());
            }
        }
    }
    Value::Object(object)
}

/// Puts a body into a message: JSON as JSON, anything else as text, nothing as null.
fn body(message: &mut Map<String, Value>, body: &[u8]) {
    let value = if body.is_empty() {
        Value::Null
    } else if body.len() > LARGEST_BODY {
        message.insert("body_bytes".into(), body.len().into());
        let text = String::from_utf8_lossy(body);
        format!("{}… (cut, {} bytes in all)", words::cut(&text, LARGEST_BODY), body.len()).into()
    } else {
        serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
    };
    message.insert("body".into(), value);
}

/// The word for a kind of transport failure.
fn failure_word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Connect => "connect",
        FailureKind::Tls => "tls",
        FailureKind::Timeout => "timeout",
        FailureKind::Broken => "broken",
        FailureKind::Protocol => "protocol",
        FailureKind::TooLarge => "too-large",
        FailureKind::Request => "request",
    }
}

/// Milliseconds with a precision of microseconds.
fn milliseconds(duration: std::time::Duration) -> Value {
    (duration.as_micros() as f64 / 1000.0).into()
}

#[cfg(test)]
mod tests;
