//! A simulation in which everything occurs: six people and three groups, two cycles, one person out of scope.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::collected::Collected;
use super::check::HOSTILE;
use crate::event::provisioning::{Action, CycleDone, Entry, Kind as Of, Status as Outcome, Traffic};
use crate::event::{Event, Finding, Item, Kind, Observer, Problem, Severity, Status, TargetInfo};
use crate::exchange::{Exchange, Request, Response, SCIM_JSON};
use crate::redact::{Redacted, Secrets};

/// The events of the run, in the order in which they occur.
pub(crate) fn events() -> Vec<Event> {
    let mut events = vec![
        Event::Started {
            kind: Kind::Simulate,
            target: TargetInfo { url: "https://app.example.test/scim/v2".into(), name: "staging".into() },
            planned: 11,
            started: Timestamp::UNIX_EPOCH,
            options: vec!["--as entra".into(), "--directory acme.yaml".into()],
        },
        finished(plain(
            "connection-test",
            "connection",
            "Microsoft Entra ID accepts the connection",
            Status::Pass,
            "",
        )),
    ];
    events.extend(first_cycle());
    events.extend(second_cycle());
    events.push(phase(2, "comparison", 10));
    events.extend(findings().into_iter().map(finished));
    events.push(Event::Traffic(Traffic {
        requests: 47,
        elapsed: Duration::from_millis(310),
        median: Duration::from_micros(1_900),
        p90: Duration::from_millis(3),
        p99: Duration::from_micros(8_100),
        longest: Duration::from_millis(40),
    }));
    events.push(Event::Ended { elapsed: Duration::from_millis(420), interrupted: false });
    events
}

/// The same, collected.
pub(crate) fn run() -> Collected {
    let mut run = Collected::new();
    events().iter().for_each(|event| run.observe(event));
    run
}

fn first_cycle() -> Vec<Event> {
    let conflict =
        "POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken";
    let create = |key: &str| Entry {
        target_id: Some(id(key)),
        requests: 2,
        ..entry(1, Of::User, key, Action::Create, Outcome::Success)
    };
    let group = |key: &str, action| Entry {
        target_id: Some(id(key)),
        requests: 2,
        ..entry(1, Of::Group, key, action, Outcome::Success)
    };
    let gone = format!("PATCH /Groups/{} is answered with 404 Not Found: no such member", id("security"));
    vec![
        skipped(1),
        phase(1, "users", 5),
        exchanged("users/ada", created()),
        done(create("ada")),
        done(Entry { reason: Some("the target did not keep title".into()), ..create("grace") }),
        done(Entry {
            reason: Some(conflict.into()),
            target_id: None,
            status: Outcome::Failure,
            ..create("alan")
        }),
        done(create("zoe")),
        done(Entry {
            changes: vec!["displayName".into(), "emails[type eq \"work\"].value".into()],
            action: Action::Match,
            ..create("lin")
        }),
        phase(1, "groups", 3),
        done(group("engineering", Action::Create)),
        done(group("everyone", Action::Create)),
        done(group("security", Action::Match)),
        phase(1, "managers", 1),
        done(Entry { action: Action::Manager, requests: 1, ..create("ada") }),
        phase(1, "members", 3),
        done(Entry { changes: vec!["3 added".into()], ..group("engineering", Action::Members) }),
        done(Entry { changes: vec!["5 added".into()], ..group("everyone", Action::Members) }),
        done(Entry { reason: Some(gone), status: Outcome::Failure, ..group("security", Action::Members) }),
        cycle(1, 14, 2),
    ]
}

fn second_cycle() -> Vec<Event> {
    let conflict =
        "POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken";
    let user = |key: &str, action| Entry {
        target_id: Some(id(key)),
        requests: 1,
        ..entry(2, Of::User, key, action, Outcome::Success)
    };
    vec![
        skipped(2),
        phase(2, "users", 3),
        done(Entry { changes: vec!["title".into()], ..user("grace", Action::Update) }),
        done(user("lin", Action::Disable)),
        done(Entry {
            reason: Some(conflict.into()),
            target_id: None,
            status: Outcome::Failure,
            ..user("alan", Action::Create)
        }),
        phase(2, "groups", 3),
        phase(2, "managers", 0),
        phase(2, "members", 3),
        cycle(2, 3, 1),
    ]
}

fn findings() -> Vec<Finding> {
    let person = |key: &str, title: &str, status, message: &str| {
        plain(&format!("users/{key}"), "users", title, status, message)
    };
    let group = |key: &str, title: &str, status, message: &str| {
        plain(&format!("groups/{key}"), "groups", title, status, message)
    };
    let not_provisioned = "was not provisioned: POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken";
    let title = Problem {
        expected: Some("\"VP Engineering\"".into()),
        got: Some("nothing".into()),
        ..problem("`title` differs", Some(0))
    };
    let active = Problem {
        expected: Some("active: false".into()),
        got: Some("active: true".into()),
        ..problem("is disabled in the directory and can still log in", Some(1))
    };
    let missing = Problem {
        expected: Some("2 members".into()),
        got: Some("1 members".into()),
        ..problem("1 of 2 members are missing: alan", Some(0))
    };
    vec![
        person("ada", "ada@acme.example.com", Status::Pass, ""),
        Finding {
            problems: vec![problem(not_provisioned, None)],
            ..person("alan", "alan.okeefe@acme.example.com", Status::Fail, not_provisioned)
        },
        Finding {
            problems: vec![title],
            exchanges: vec![read("grace", &json!({ "active": true, "userName": "grace@acme.example.com" }))],
            ..person("grace", "grace@acme.example.com", Status::Fail, "`title` differs")
        },
        person("jun", "jun@acme.example.com", Status::Skip, "not assigned"),
        Finding {
            problems: vec![active],
            exchanges: vec![
                disabled(),
                read("lin", &json!({ "active": true, "userName": "lin@acme.example.com" })),
            ],
            ..person(
                "lin",
                "lin@acme.example.com",
                Status::Fail,
                "is disabled in the directory and can still log in",
            )
        },
        person("zoe", "zoe@acme.example.com", Status::Pass, ""),
        group("engineering", "Engineering", Status::Pass, ""),
        group("everyone", HOSTILE, Status::Pass, ""),
        Finding {
            problems: vec![missing],
            exchanges: vec![read("security", &json!({ "members": [{ "value": id("grace") }] }))],
            ..group("security", "Security", Status::Fail, "1 of 2 members are missing: alan")
        },
        Finding::plain(
            item("groups/sales", "groups", "Sales"),
            Status::Error,
            "GET /Groups got no answer: no answer within 10 s",
        ),
    ]
}

fn plain(id: &str, topic: &str, title: &str, status: Status, message: &str) -> Finding {
    Finding::plain(item(id, topic, title), status, message)
}

fn item(id: &str, topic: &str, title: &str) -> Arc<Item> {
    Arc::new(Item {
        id: id.into(),
        title: title.into(),
        topic: topic.into(),
        level: None,
        requirements: Vec::new(),
        breaks: Vec::new(),
        file: None,
    })
}

fn problem(what: &str, exchange: Option<usize>) -> Problem {
    Problem {
        severity: Severity::Violation,
        requirements: Vec::new(),
        what: what.into(),
        expected: None,
        got: None,
        exchange,
    }
}

fn finished(finding: Finding) -> Event {
    Event::Finished(Box::new(finding))
}

fn phase(cycle: u32, what: &'static str, objects: usize) -> Event {
    Event::Phase { cycle, what, objects }
}

fn done(entry: Entry) -> Event {
    Event::Provisioned(Box::new(entry))
}

fn exchanged(id: &str, exchange: Redacted<Exchange>) -> Event {
    Event::Exchanged { item: item(id, "users", ""), step: String::new(), exchange }
}

fn skipped(cycle: u32) -> Event {
    done(Entry {
        reason: Some("not assigned".into()),
        ..entry(cycle, Of::User, "jun", Action::None, Outcome::Skipped)
    })
}

/// The time at which a cycle runs: forty minutes lie between two.
fn time(cycle: u32) -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(2_400) * (cycle - 1)
}

fn entry(cycle: u32, kind: Of, key: &str, action: Action, status: Outcome) -> Entry {
    let name = match (kind, key) {
        (Of::User, "alan") => "alan.okeefe@acme.example.com".to_owned(),
        (Of::User, key) => format!("{key}@acme.example.com"),
        (Of::Group, "everyone") => HOSTILE.to_owned(),
        (Of::Group, key) => key[..1].to_uppercase() + &key[1..],
    };
    let key = key.to_owned();
    let (reason, target_id, changes) = (None, None, Vec::new());
    Entry {
        cycle,
        time: time(cycle),
        kind,
        key,
        name,
        action,
        status,
        reason,
        target_id,
        changes,
        requests: 0,
    }
}

fn cycle(number: u32, operations: usize, failures: usize) -> Event {
    Event::CycleDone(Box::new(CycleDone {
        number,
        time: time(number),
        is_initial: number == 1,
        operations,
        failures,
        quarantine: None,
        stopped: None,
    }))
}

fn id(key: &str) -> String {
    let number = key.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    format!("{number:08x}-7f76-453a-919d-413861904646")
}

fn created() -> Redacted<Exchange> {
    let body = json!({ "userName": "ada@acme.example.com", "password": "hunter2hunter2" });
    exchange(Request::new("POST", "/Users").with_json(&body), 201, &json!({ "id": id("ada") }))
}

fn disabled() -> Redacted<Exchange> {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "Replace", "path": "active", "value": "False" }],
    });
    exchange(
        Request::new("PATCH", format!("/Users/{}", id("lin"))).with_json(&body),
        200,
        &json!({ "id": id("lin") }),
    )
}

fn read(key: &str, body: &Value) -> Redacted<Exchange> {
    let endpoint = if key == "security" { "Groups" } else { "Users" };
    exchange(Request::new("GET", format!("/{endpoint}/{}", id(key))), 200, body)
}

fn exchange(request: Request, status: u16, body: &Value) -> Redacted<Exchange> {
    Secrets::new().exchange(&Exchange {
        request,
        outcome: Ok(Response {
            status,
            headers: [("Content-Type", SCIM_JSON)].into_iter().collect(),
            body: Bytes::from(body.to_string()),
        }),
        started: Timestamp::UNIX_EPOCH,
        duration: Duration::from_micros(3_400),
        attempt: 1,
    })
}
