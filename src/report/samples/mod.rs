//! Runs in which everything occurs, for the tests of the reports.

pub(crate) mod check;
pub(crate) mod simulate;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::collected::Collected;
use crate::diagnostic::{Diagnostic, SourceFile};
use crate::event::{
    Event, Finding, Item, Kind, Observer, SnapshotDifference, SnapshotState, Status, TargetInfo,
};
use crate::exchange::{Exchange, FailureKind, Headers, Request, Response, SCIM_JSON, TransportFailure};
use crate::redact::{Redacted, Secrets};

/// The events of the run, in the order in which they occur.
pub(crate) fn events() -> Vec<Event> {
    let mut events = vec![Event::Started {
        kind: Kind::Run,
        target: TargetInfo { url: "http://127.0.0.1/scim/v2".into(), name: "rfc".into() },
        planned: 6,
        started: jiff::Timestamp::UNIX_EPOCH,
        options: Vec::new(),
    }];
    for finding in findings() {
        events.push(Event::ItemStarted(Arc::clone(&finding.item)));
        for exchange in &finding.exchanges {
            events.push(Event::Exchanged {
                item: Arc::clone(&finding.item),
                step: "create the user".into(),
                exchange: exchange.clone(),
            });
        }
        events.push(Event::Finished(Box::new(finding)));
    }
    events.push(Event::Notice("no scenario plays `snapshots/rfc/old.snap` any more".into()));
    events.push(Event::Ended { elapsed: Duration::from_millis(640), interrupted: false });
    events
}

/// The same, collected.
pub(crate) fn run() -> Collected {
    let mut run = Collected::new();
    events().iter().for_each(|event| run.observe(event));
    run
}

fn findings() -> Vec<Finding> {
    let plain = |id: &str, status, message: &str| Finding {
        duration: Duration::from_millis(12),
        ..Finding::plain(item(id), status, message)
    };
    let passed = Finding {
        snapshot: Some(SnapshotState::Unchanged),
        exchanges: vec![created()],
        ..plain("okta/users/create@okta", Status::Pass, "")
    };
    let changed = Finding {
        snapshot: Some(SnapshotState::Changed),
        difference: Some(SnapshotDifference {
            path: "snapshots/rfc/okta/users/deactivate@okta.snap".into(),
            pending: Some("snapshots/rfc/okta/users/deactivate@okta.snap.new".into()),
            changes: vec!["2. deactivate: response body: /active: false -> true".into()],
            text: "@@ -3,3 +3,3 @@\n {\n-  \"active\": false\n+  \"active\": true\n }\n".into(),
        }),
        exchanges: vec![created()],
        ..plain("okta/users/deactivate@okta", Status::Fail, "the transcript differs from its snapshot")
    };
    let unmet = Finding {
        diagnostics: vec![mistake()],
        exchanges: vec![created()],
        ..plain("rfc/errors/conflict", Status::Fail, "1 expectation does not hold")
    };
    let missing = Finding {
        snapshot: Some(SnapshotState::Missing),
        difference: Some(SnapshotDifference {
            path: "snapshots/rfc/rfc/me.snap".into(),
            pending: Some("snapshots/rfc/rfc/me.snap.new".into()),
            changes: Vec::new(),
            text: String::new(),
        }),
        ..plain("rfc/me", Status::Fail, "there is no snapshot yet")
    };
    let skipped = plain("rfc/bulk/create", Status::Skip, "needs `bulk`, which the target does not offer");
    let broken = Finding {
        exchanges: vec![refused()],
        ..plain("rfc/paging", Status::Error, "no connection to 127.0.0.1:9")
    };
    vec![unmet, passed, changed, missing, skipped, broken]
}

fn item(id: &str) -> Arc<Item> {
    let path = id.split('@').next().unwrap_or(id);
    Arc::new(Item {
        id: id.into(),
        title: format!("What {} shows \u{1b}[31m<&>", path.replace('/', " ")),
        topic: path.rsplit_once('/').map_or("", |(folder, _)| folder).into(),
        level: None,
        requirements: Vec::new(),
        breaks: Vec::new(),
        file: Some(format!("scenarios/{path}.yaml")),
    })
}

fn mistake() -> Diagnostic {
    let source = SourceFile::new(
        "scenarios/rfc/errors/conflict.yaml",
        "scenario: x\nsteps:\n  - request: POST /Users\n    expect: { status: 409 }\n",
    );
    Diagnostic::error("the status is 201").at(&source, 65..68, "expected 409").with_help("RFC 7644 §3.3")
}

fn request() -> Request {
    Request::new("POST", "/Users").with_json(&json!({ "userName": "ada", "password": "hunter2hunter2" }))
}

fn created() -> Redacted<Exchange> {
    exchange(Ok(Response {
        status: 201,
        headers: [("Content-Type", SCIM_JSON), ("Set-Cookie", "a=1"), ("Vary", "A"), ("vary", "B")]
            .into_iter()
            .collect::<Headers>(),
        body: Bytes::from_static(br#"{"id":"1","userName":"ada","active":true}"#),
    }))
}

fn refused() -> Redacted<Exchange> {
    exchange(Err(TransportFailure {
        kind: FailureKind::Connect,
        message: "no connection to 127.0.0.1:9: refused".into(),
    }))
}

fn exchange(outcome: Result<Response, TransportFailure>) -> Redacted<Exchange> {
    Secrets::new().exchange(&Exchange {
        request: request(),
        outcome,
        started: jiff::Timestamp::UNIX_EPOCH,
        duration: Duration::from_micros(3_400),
        attempt: 1,
    })
}
