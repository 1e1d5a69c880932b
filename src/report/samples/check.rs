//! A check run, and a selftest, in which everything occurs.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::super::collected::Collected;
use crate::conformance::Explanation;
use crate::event::{
    Event, Finding, Item, Kind, Known, Observer, Problem, Readiness, Severity, Status, TargetInfo,
};
use crate::exchange::{Auth, Exchange, Request, Response, SCIM_JSON};
use crate::redact::{Redacted, Secrets};

/// Stands in an answer of the target, and must be harmless wherever it is shown.
pub(crate) const HOSTILE: &str =
    "</script><script>alert('x')</script>\u{1b}[31m\u{202e} \"quoted\" | `tick` ``` --> ]]>";

/// The secret of the run.
pub(crate) const SECRET: &str = "s3cr3t-t0ken-of-the-run";

/// What the checks of the samples explain.
pub(crate) fn explanation() -> Explanation {
    Explanation {
        rule: "A replace sets what it names and nothing else.".into(),
        why: "Okta and Entra deactivate people with it: an account that stays active after somebody has left is \
              the most expensive bug of provisioning."
            .into(),
        fix: "Apply `active` of a path-less replace, and `\"False\"` as a text where the client sends it.".into(),
    }
}

/// The events of the run, in the order in which they occur.
pub(crate) fn events() -> Vec<Event> {
    let mut events = vec![Event::Started {
        kind: Kind::Check,
        target: TargetInfo { url: "https://app.example.test/scim/v2".into(), name: "staging".into() },
        planned: 10,
        started: jiff::Timestamp::UNIX_EPOCH,
        options: vec!["--for okta,entra".into()],
    }];
    for finding in findings() {
        events.push(Event::ItemStarted(Arc::clone(&finding.item)));
        for exchange in &finding.exchanges {
            events.push(Event::Exchanged {
                item: Arc::clone(&finding.item),
                step: "patch the user".into(),
                exchange: exchange.clone(),
            });
        }
        events.push(Event::Finished(Box::new(finding)));
    }
    events.push(Event::Notice("1 user was left on the target".into()));
    events.push(Event::Readiness(readiness()));
    events.push(Event::Ended { elapsed: Duration::from_millis(1_240), interrupted: false });
    events
}

/// The same, collected.
pub(crate) fn run() -> Collected {
    collected(&events())
}

/// A selftest: one defect is found, one is not.
pub(crate) fn selftest_events() -> Vec<Event> {
    let defect = |id: &str, title: &str| item(id, title, "patch", "must", &[], &[]);
    let found = Finding::plain(
        defect("patch-add-replaces", "add replaces the values that are there"),
        Status::Pass,
        "patch.add-appends, patch.add-keeps-primary",
    );
    let missed = Finding::plain(
        defect("delete-keeps", "DELETE answers 204 and keeps the resource"),
        Status::Fail,
        "no check found it",
    );
    vec![
        Event::Started {
            kind: Kind::Selftest,
            target: TargetInfo { url: "http://127.0.0.1/scim/v2".into(), name: "rfc".into() },
            planned: 2,
            started: jiff::Timestamp::UNIX_EPOCH,
            options: Vec::new(),
        },
        Event::Finished(Box::new(found)),
        Event::Finished(Box::new(missed)),
        Event::Ended { elapsed: Duration::from_millis(2_100), interrupted: false },
    ]
}

/// The selftest, collected.
pub(crate) fn selftest() -> Collected {
    collected(&selftest_events())
}

fn collected(events: &[Event]) -> Collected {
    let mut run = Collected::new();
    events.iter().for_each(|event| run.observe(event));
    run
}

fn readiness() -> Vec<Readiness> {
    let row = |audience: &str, ready, blockers: &[&str], undecided: &[&str]| Readiness {
        audience: audience.into(),
        ready,
        blockers: blockers.iter().map(|id| (*id).to_owned()).collect(),
        undecided: undecided.iter().map(|id| (*id).to_owned()).collect(),
        judged: 41,
    };
    vec![
        row("okta", false, &["sample.replace-active", "sample.hostile"], &["sample.bulk-order"]),
        row("entra", false, &[], &["sample.unreachable"]),
        row("ping", true, &[], &[]),
    ]
}

pub(crate) fn item(
    id: &str,
    title: &str,
    topic: &str,
    level: &'static str,
    rules: &[&str],
    breaks: &[&str],
) -> Arc<Item> {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Arc::new(Item {
        id: id.into(),
        title: title.into(),
        topic: topic.into(),
        level: Some(level),
        requirements: owned(rules),
        breaks: owned(breaks),
        file: None,
    })
}

fn problem(severity: Severity, rules: &[&str], what: &str, exchange: Option<usize>) -> Problem {
    Problem {
        severity,
        requirements: rules.iter().map(|rule| (*rule).to_owned()).collect(),
        what: what.into(),
        expected: None,
        got: None,
        exchange,
    }
}

fn findings() -> Vec<Finding> {
    let timed = |finding| Finding { duration: Duration::from_millis(12), ..finding };
    let plain = |id: &str, topic: &str, status, message: &str| {
        let item = item(id, &format!("What {id} is about"), topic, "must", &["RFC7643-3.1-05"], &["okta"]);
        timed(Finding::plain(item, status, message))
    };
    let skipped = "the target does not advertise bulk operations";
    vec![
        replace_active(),
        hostile(),
        warned(),
        plain("sample.id", "create", Status::Pass, ""),
        plain("sample.bulk-create", "bulk", Status::Skip, skipped),
        plain("sample.bulk-order", "bulk", Status::Skip, skipped),
        plain("sample.read", "read", Status::Blocked, "needs `sample.id`, which failed"),
        plain("sample.unreachable", "read", Status::Error, "no answer within 10 s"),
        Finding {
            known: Some(Known { reason: "ticket 42".into(), until: Some("2027-01-31".into()) }),
            problems: vec![problem(Severity::Violation, &["RFC7644-3.12-03"], "`status` is a number", None)],
            ..plain("sample.known", "errors", Status::Fail, "`status` is a number")
        },
        Finding { exchanges: vec![patched()], ..plain("sample.delete", "delete", Status::Pass, "") },
    ]
}

fn replace_active() -> Finding {
    let rules = ["RFC7644-3.5.2.3-02", "RFC7644-3.5.2.3-03", "Q-G07", "RFC0000-0-00"];
    let item = item(
        "sample.replace-active",
        "replace of active without a path deactivates the user",
        "patch",
        "must",
        &rules,
        &["okta", "entra", "somebody"],
    );
    let message = "after the PATCH the user is still active (and 1 more)";
    Finding {
        problems: vec![
            Problem {
                expected: Some("\"active\": false".into()),
                got: Some("\"active\": true".into()),
                ..problem(
                    Severity::Violation,
                    &rules[..2],
                    "after the PATCH the user is still active",
                    Some(1),
                )
            },
            Problem {
                got: Some("no `displayName`".into()),
                ..problem(Severity::Concern, &rules[2..], "the name is gone as well", Some(1))
            },
        ],
        exchanges: vec![patched(), read()],
        duration: Duration::from_millis(31),
        ..Finding::plain(item, Status::Fail, message)
    }
}

fn hostile() -> Finding {
    let item = item("sample.hostile", HOSTILE, "unicode & <b>", "must", &["RFC7643-3.1-05"], &["okta"]);
    let answer = json!({ "id": HOSTILE, "token": SECRET, "long": "x".repeat(5_000) });
    let request = Request::new("POST", "/Users").with_json(&json!({ "userName": "o'brien <b>" }));
    Finding {
        problems: vec![Problem {
            expected: Some(HOSTILE.into()),
            got: Some(HOSTILE.into()),
            ..problem(Severity::Violation, &["RFC7643-3.1-05"], HOSTILE, Some(0))
        }],
        exchanges: vec![exchange(request, 500, Bytes::from(answer.to_string()))],
        ..Finding::plain(item, Status::Fail, HOSTILE)
    }
}

fn warned() -> Finding {
    let rules = ["RFC7644-3.12-07"];
    let item = item("sample.media-type", "errors are SCIM", "errors", "should", &rules, &[]);
    let mut request = Request::new("GET", "/Users/no-such-user");
    request.auth = Auth::None;
    Finding {
        problems: vec![Problem {
            expected: Some(SCIM_JSON.into()),
            got: Some("text/html".into()),
            ..problem(Severity::Concern, &rules, "the error comes as a page", Some(0))
        }],
        exchanges: vec![exchange(request, 404, Bytes::from_static(b"<html><h1>Not Found</h1></html>"))],
        ..Finding::plain(item, Status::Warn, "the error comes as a page")
    }
}

fn patched() -> Redacted<Exchange> {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "value": { "active": false, "password": "hunter2hunter2" } }],
    });
    exchange(Request::new("PATCH", "/Users/2819").with_json(&body), 200, user())
}

fn read() -> Redacted<Exchange> {
    exchange(Request::new("GET", "/Users/2819?attributes=active"), 200, user())
}

fn user() -> Bytes {
    let emails: Vec<_> = (0..12).map(|n| json!({ "value": format!("ada{n}@example.test") })).collect();
    Bytes::from(json!({ "id": "2819", "userName": "ada", "active": true, "emails": emails }).to_string())
}

fn exchange(request: Request, status: u16, body: Bytes) -> Redacted<Exchange> {
    let secrets = Secrets::new();
    secrets.add(SECRET);
    let media = if body.starts_with(b"{") { SCIM_JSON } else { "text/html" };
    let headers = [("Content-Type", media), ("Date", "Thu, 01 Jan 1970 00:00:00 GMT")].into_iter().collect();
    secrets.exchange(&Exchange {
        request,
        outcome: Ok(Response { status, headers, body }),
        started: jiff::Timestamp::UNIX_EPOCH,
        duration: Duration::from_micros(3_400),
        attempt: 1,
    })
}
