//! The JSON report: one envelope for every command, with a published schema ([`SCHEMA`]).
//!
//! Scripts rely on it: members are added, none is renamed or removed.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::collected::Collected;
use super::words;
use crate::event::{Finding, Known, Problem, Readiness, Severity, SnapshotState, Status};
use crate::exchange::{Exchange, FailureKind, Headers};
use crate::redact::Redacted;

/// The JSON Schema of the report.
pub const SCHEMA: &str = include_str!("report.schema.json");

/// Bodies are written up to this many bytes; longer ones are cut and become text.
const LARGEST_BODY: usize = 64 * 1024;

/// The report as text.
pub fn render(run: &Collected) -> String {
    let mut text = format!("{:#}", report(run));
    text.push('\n');
    text
}

fn report(run: &Collected) -> Value {
    let mut report = Map::new();
    report.insert("kind".into(), run.kind.word().into());
    report.insert("version".into(), env!("CARGO_PKG_VERSION").into());
    report.insert("target".into(), json!({ "url": run.target.url, "name": run.target.name }));
    let counts = Status::ALL.map(|status| (status.word().to_owned(), run.tally.of(status).into()));
    let mut summary: Map<String, Value> = counts.into_iter().collect();
    if run.known.total() > 0 {
        summary.insert("known".into(), run.known.total().into());
    }
    report.insert("summary".into(), summary.into());
    if run.incomplete {
        report.insert("incomplete".into(), true.into());
    }
    report.insert("elapsed_ms".into(), milliseconds(run.elapsed));
    report.insert("results".into(), run.findings.iter().map(result).collect());
    report.insert("readiness".into(), run.readiness.iter().map(readiness).collect());
    Value::Object(report)
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
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn the_report_keeps_its_shape() {
        let text = render(&samples::run()).replace(env!("CARGO_PKG_VERSION"), "<program>");
        insta::assert_snapshot!(text, @r#"
        {
          "kind": "run",
          "version": "<program>",
          "target": {
            "url": "http://127.0.0.1/scim/v2",
            "name": "rfc"
          },
          "summary": {
            "pass": 1,
            "fail": 3,
            "warn": 0,
            "skip": 1,
            "blocked": 0,
            "error": 1
          },
          "elapsed_ms": 640.0,
          "results": [
            {
              "id": "okta/users/create@okta",
              "title": "What okta users create shows \u001b[31m<&>",
              "topic": "okta/users",
              "status": "pass",
              "level": null,
              "requirements": [],
              "message": "",
              "breaks": [],
              "duration_ms": 12.0,
              "file": "scenarios/okta/users/create.yaml",
              "snapshot": "unchanged",
              "exchanges": [
                {
                  "request": {
                    "method": "POST",
                    "target": "/Users",
                    "headers": {
                      "Content-Type": "application/scim+json"
                    },
                    "body": {
                      "userName": "ada",
                      "password": "<redacted>"
                    }
                  },
                  "response": {
                    "status": 201,
                    "headers": {
                      "Content-Type": "application/scim+json",
                      "Set-Cookie": "<redacted>",
                      "Vary": "A, B"
                    },
                    "body": {
                      "id": "1",
                      "userName": "ada",
                      "active": true
                    }
                  },
                  "duration_ms": 3.4,
                  "attempt": 1,
                  "started": "1970-01-01T00:00:00Z"
                }
              ]
            },
            {
              "id": "okta/users/deactivate@okta",
              "title": "What okta users deactivate shows \u001b[31m<&>",
              "topic": "okta/users",
              "status": "fail",
              "level": null,
              "requirements": [],
              "message": "the transcript differs from its snapshot",
              "breaks": [],
              "duration_ms": 12.0,
              "file": "scenarios/okta/users/deactivate.yaml",
              "snapshot": "changed",
              "changes": [
                "2. deactivate: response body: /active: false -> true"
              ],
              "exchanges": [
                {
                  "request": {
                    "method": "POST",
                    "target": "/Users",
                    "headers": {
                      "Content-Type": "application/scim+json"
                    },
                    "body": {
                      "userName": "ada",
                      "password": "<redacted>"
                    }
                  },
                  "response": {
                    "status": 201,
                    "headers": {
                      "Content-Type": "application/scim+json",
                      "Set-Cookie": "<redacted>",
                      "Vary": "A, B"
                    },
                    "body": {
                      "id": "1",
                      "userName": "ada",
                      "active": true
                    }
                  },
                  "duration_ms": 3.4,
                  "attempt": 1,
                  "started": "1970-01-01T00:00:00Z"
                }
              ]
            },
            {
              "id": "rfc/bulk/create",
              "title": "What rfc bulk create shows \u001b[31m<&>",
              "topic": "rfc/bulk",
              "status": "skip",
              "level": null,
              "requirements": [],
              "message": "needs `bulk`, which the target does not offer",
              "breaks": [],
              "duration_ms": 12.0,
              "file": "scenarios/rfc/bulk/create.yaml",
              "exchanges": []
            },
            {
              "id": "rfc/errors/conflict",
              "title": "What rfc errors conflict shows \u001b[31m<&>",
              "topic": "rfc/errors",
              "status": "fail",
              "level": null,
              "requirements": [],
              "message": "1 expectation does not hold\nscenarios/rfc/errors/conflict.yaml:4:22: the status is 201",
              "breaks": [],
              "duration_ms": 12.0,
              "file": "scenarios/rfc/errors/conflict.yaml",
              "line": 4,
              "exchanges": [
                {
                  "request": {
                    "method": "POST",
                    "target": "/Users",
                    "headers": {
                      "Content-Type": "application/scim+json"
                    },
                    "body": {
                      "userName": "ada",
                      "password": "<redacted>"
                    }
                  },
                  "response": {
                    "status": 201,
                    "headers": {
                      "Content-Type": "application/scim+json",
                      "Set-Cookie": "<redacted>",
                      "Vary": "A, B"
                    },
                    "body": {
                      "id": "1",
                      "userName": "ada",
                      "active": true
                    }
                  },
                  "duration_ms": 3.4,
                  "attempt": 1,
                  "started": "1970-01-01T00:00:00Z"
                }
              ]
            },
            {
              "id": "rfc/me",
              "title": "What rfc me shows \u001b[31m<&>",
              "topic": "rfc",
              "status": "fail",
              "level": null,
              "requirements": [],
              "message": "there is no snapshot yet",
              "breaks": [],
              "duration_ms": 12.0,
              "file": "scenarios/rfc/me.yaml",
              "snapshot": "missing",
              "changes": [],
              "exchanges": []
            },
            {
              "id": "rfc/paging",
              "title": "What rfc paging shows \u001b[31m<&>",
              "topic": "rfc",
              "status": "error",
              "level": null,
              "requirements": [],
              "message": "no connection to 127.0.0.1:9",
              "breaks": [],
              "duration_ms": 12.0,
              "file": "scenarios/rfc/paging.yaml",
              "exchanges": [
                {
                  "request": {
                    "method": "POST",
                    "target": "/Users",
                    "headers": {
                      "Content-Type": "application/scim+json"
                    },
                    "body": {
                      "userName": "ada",
                      "password": "<redacted>"
                    }
                  },
                  "failure": {
                    "kind": "connect",
                    "message": "no connection to 127.0.0.1:9: refused"
                  },
                  "duration_ms": 3.4,
                  "attempt": 1,
                  "started": "1970-01-01T00:00:00Z"
                }
              ]
            }
          ],
          "readiness": []
        }
        "#);
    }

    #[test]
    fn every_report_obeys_the_schema() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let complete = report(&samples::run());
        let mut run = samples::run();
        run.incomplete = true;
        run.findings.clear();
        let (check, selftest) = (report(&samples::check::run()), report(&samples::check::selftest()));
        for report in [complete, report(&run), check, selftest] {
            let mistakes: Vec<String> = validator
                .iter_errors(&report)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert_eq!(mistakes, Vec::<String>::new());
        }
        assert!(!validator.is_valid(&json!({ "kind": "run" })));
    }

    #[test]
    fn a_check_has_problems_what_is_known_and_readiness() {
        let mut report = report(&samples::check::run());
        assert!(!report.to_string().contains(samples::check::SECRET));
        for result in report["results"].as_array_mut().unwrap() {
            result["exchanges"] = result["exchanges"].as_array().unwrap().len().into();
        }
        let results = report["results"].as_array_mut().unwrap();
        results.retain(|result| {
            ["sample.known", "sample.replace-active"].map(Value::from).contains(&result["id"])
        });
        insta::assert_snapshot!(format!("{report:#}"), @r#"
        {
          "kind": "check",
          "version": "0.1.0",
          "target": {
            "url": "https://app.example.test/scim/v2",
            "name": "staging"
          },
          "summary": {
            "pass": 2,
            "fail": 3,
            "warn": 1,
            "skip": 2,
            "blocked": 1,
            "error": 1,
            "known": 1
          },
          "elapsed_ms": 1240.0,
          "results": [
            {
              "id": "sample.known",
              "title": "What sample.known is about",
              "topic": "errors",
              "status": "fail",
              "level": "must",
              "requirements": [
                "RFC7643-3.1-05"
              ],
              "message": "`status` is a number",
              "breaks": [
                "okta"
              ],
              "duration_ms": 12.0,
              "problems": [
                {
                  "severity": "violation",
                  "requirements": [
                    "RFC7644-3.12-03"
                  ],
                  "what": "`status` is a number",
                  "expected": null,
                  "got": null,
                  "exchange": null
                }
              ],
              "known": {
                "reason": "ticket 42",
                "until": "2027-01-31"
              },
              "exchanges": 0
            },
            {
              "id": "sample.replace-active",
              "title": "replace of active without a path deactivates the user",
              "topic": "patch",
              "status": "fail",
              "level": "must",
              "requirements": [
                "RFC7644-3.5.2.3-02",
                "RFC7644-3.5.2.3-03",
                "Q-G07",
                "RFC0000-0-00"
              ],
              "message": "after the PATCH the user is still active (and 1 more)",
              "breaks": [
                "okta",
                "entra",
                "somebody"
              ],
              "duration_ms": 31.0,
              "problems": [
                {
                  "severity": "violation",
                  "requirements": [
                    "RFC7644-3.5.2.3-02",
                    "RFC7644-3.5.2.3-03"
                  ],
                  "what": "after the PATCH the user is still active",
                  "expected": "\"active\": false",
                  "got": "\"active\": true",
                  "exchange": 1
                },
                {
                  "severity": "concern",
                  "requirements": [
                    "Q-G07",
                    "RFC0000-0-00"
                  ],
                  "what": "the name is gone as well",
                  "expected": null,
                  "got": "no `displayName`",
                  "exchange": 1
                }
              ],
              "exchanges": 2
            }
          ],
          "readiness": [
            {
              "idp": "okta",
              "ready": false,
              "blockers": [
                "sample.replace-active",
                "sample.hostile"
              ],
              "undecided": [
                "sample.bulk-order"
              ],
              "judged": 41
            },
            {
              "idp": "entra",
              "ready": false,
              "blockers": [],
              "undecided": [
                "sample.unreachable"
              ],
              "judged": 41
            },
            {
              "idp": "ping",
              "ready": true,
              "blockers": [],
              "undecided": [],
              "judged": 41
            }
          ]
        }
        "#);
    }

    #[test]
    fn a_big_body_is_cut_and_says_so() {
        let mut message = Map::new();
        let big = format!("[{}1]", "1,".repeat(LARGEST_BODY));
        body(&mut message, big.as_bytes());
        assert_eq!(message["body_bytes"], big.len());
        let text = message["body"].as_str().unwrap();
        assert!(text.len() < LARGEST_BODY + 100 && text.ends_with(&format!("{} bytes in all)", big.len())));
    }
}
