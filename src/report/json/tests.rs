use super::super::samples;
use super::*;

fn report(run: &Collected) -> Value {
    serde_json::to_value(Report(run)).unwrap()
}

#[test]
fn the_report_keeps_its_shape() {
    let text = render(&samples::run()).unwrap().replace(env!("CARGO_PKG_VERSION"), "<program>");
    insta::assert_snapshot!(text, @r#"
    {
      "kind": "run",
      "version": "<program>",
      "target": {
        "url": "http://127.0.0.1/scim/v2",
        "name": "rfc"
      },
      "started": "1970-01-01T00:00:00Z",
      "options": [],
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
    let (simulate, mut endless) = (report(&samples::simulate::run()), samples::simulate::run());
    endless.provisioning.earlier_cycles = 7;
    endless.provisioning.reasons.others = 7;
    endless.provisioning.traffic = None;
    for report in [complete, report(&run), check, selftest, simulate, report(&endless)] {
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
    results
        .retain(|result| ["sample.known", "sample.replace-active"].map(Value::from).contains(&result["id"]));
    insta::assert_snapshot!(format!("{report:#}"), @r#"
    {
      "kind": "check",
      "version": "0.1.0",
      "target": {
        "url": "https://app.example.test/scim/v2",
        "name": "staging"
      },
      "started": "1970-01-01T00:00:00Z",
      "options": [
        "--for okta,entra"
      ],
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
fn a_simulation_tells_what_was_done() {
    let report = report(&samples::simulate::run());
    let lines: Vec<String> = report["provisioning"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(name, value)| match value {
            Value::Array(rows) => rows.iter().map(|row| format!("{name}: {row}")).collect(),
            value => vec![format!("{name}: {value}")],
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    cycles: {"number":1,"time":"1970-01-01T00:00:00Z","initial":true,"success":10,"skipped":1,"failure":2,"quarantine":null,"stopped":null}
    cycles: {"number":2,"time":"1970-01-01T00:40:00Z","initial":false,"success":2,"skipped":1,"failure":1,"quarantine":null,"stopped":null}
    actions: {"kind":"user","action":"create","success":3,"skipped":0,"failure":2}
    actions: {"kind":"user","action":"match","success":1,"skipped":0,"failure":0}
    actions: {"kind":"user","action":"update","success":1,"skipped":0,"failure":0}
    actions: {"kind":"user","action":"disable","success":1,"skipped":0,"failure":0}
    actions: {"kind":"user","action":"manager","success":1,"skipped":0,"failure":0}
    actions: {"kind":"user","action":"none","success":0,"skipped":2,"failure":0}
    actions: {"kind":"group","action":"create","success":2,"skipped":0,"failure":0}
    actions: {"kind":"group","action":"match","success":1,"skipped":0,"failure":0}
    actions: {"kind":"group","action":"members","success":2,"skipped":0,"failure":1}
    reasons: {"status":"success","kind":"user","reason":"the target did not keep title","entries":1,"objects":1,"examples":["grace"]}
    reasons: {"status":"skipped","kind":"user","reason":"not assigned","entries":2,"objects":1,"examples":["jun"]}
    reasons: {"status":"failure","kind":"user","reason":"POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken","entries":2,"objects":1,"examples":["alan"]}
    reasons: {"status":"failure","kind":"group","reason":"PATCH /Groups/46718047-7f76-453a-919d-413861904646 is answered with 404 Not Found: no such member","entries":1,"objects":1,"examples":["security"]}
    differences: {"kind":"user","what":"`title` differs","objects":1,"examples":["grace"]}
    differences: {"kind":"user","what":"is disabled in the directory and can still log in","objects":1,"examples":["lin"]}
    differences: {"kind":"user","what":"was not provisioned: POST /Users is answered with 409 Conflict: userName alan.okeefe@acme.example.com is taken","objects":1,"examples":["alan"]}
    differences: {"kind":"group","what":"1 of 2 members are missing: alan","objects":1,"examples":["security"]}
    traffic: {"requests":47,"elapsed_ms":310.0,"per_second":151.6,"median_ms":1.9,"p90_ms":3.0,"p99_ms":8.1,"longest_ms":40.0}
    "#);
    let lin =
        report["results"].as_array().unwrap().iter().find(|result| result["id"] == "users/lin").unwrap();
    assert_eq!((&lin["status"], lin["exchanges"].as_array().unwrap().len()), (&json!("fail"), 2));
    assert_eq!(lin["problems"][0]["exchange"], 1);
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
