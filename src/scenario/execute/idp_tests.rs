//! `idp:` steps against a target of a few lines.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::*;
use crate::exchange::Headers;
use crate::scenario::load;

const DIRECTORY: &str = r#"
people:
  ada: { userName: ada@acme.test, name: { familyName: King } }
  bob: { userName: bob@acme.test }
groups:
  team: { displayName: Team, members: [ada] }
"#;

/// Users by id. OneLogin sends nothing but GET, POST and PUT for them.
#[derive(Default)]
struct Target {
    users: BTreeMap<String, Value>,
    /// It answers PUT, and keeps what it had.
    forgets: bool,
}

impl Target {
    fn answer(&mut self, request: &Request) -> Response {
        let body = || serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
        let path = request.target.split('?').next().unwrap_or_default();
        let id = path.strip_prefix("/Users/").map(str::to_owned);
        let (status, body) = match (request.method.as_str(), id) {
            ("POST", _) => {
                let id = format!("u{}", self.users.len() + 1);
                let mut user = body();
                user["id"] = id.as_str().into();
                self.users.insert(id, user.clone());
                (201, user)
            }
            ("GET", None) => {
                let found = self.users.values().filter(|user| {
                    let name = user["userName"].as_str().unwrap_or_default().replace('@', "%40");
                    request.target.contains(&format!("%22{name}%22"))
                });
                let found: Vec<&Value> = found.collect();
                (200, json!({ "totalResults": found.len(), "Resources": found }))
            }
            ("GET", Some(id)) => match self.users.get(&id) {
                Some(user) => (200, user.clone()),
                None => (404, json!({ "status": "404" })),
            },
            ("PUT", Some(id)) => {
                let mut user = body();
                user["id"] = id.as_str().into();
                if !self.forgets {
                    self.users.insert(id, user.clone());
                }
                (200, user)
            }
            _ => (501, json!({ "status": "501", "detail": "not here" })),
        };
        let headers: Headers = [("Content-Type", "application/scim+json")].into_iter().collect();
        Response { status, headers, body: body.to_string().into() }
    }
}

/// Plays steps as OneLogin, and tells what was sent with the number of its step.
fn play_steps(steps: &str, forgets: bool) -> (Played, Vec<String>) {
    let text = format!("scenario: x\nas: [onelogin]\ndirectory: d.yaml\nsteps:\n{steps}");
    let read = |path: &Path| match path.to_str() {
        Some("d.yaml") => Ok(DIRECTORY.as_bytes().to_vec()),
        _ => Ok(text.as_bytes().to_vec()),
    };
    let scenario = match load(Path::new("a.yaml"), "a", &read) {
        Ok(scenario) => scenario,
        Err(found) => panic!("{}", found.iter().map(|mistake| mistake.render(false)).collect::<String>()),
    };
    let target = Arc::new(Mutex::new(Target { forgets, ..Target::default() }));
    let mut player = |request: Request| {
        let response = target.lock().unwrap().answer(&request);
        std::future::ready(Exchange {
            request,
            outcome: Ok(response),
            started: jiff::Timestamp::UNIX_EPOCH,
            duration: std::time::Duration::ZERO,
            attempt: 1,
        })
    };
    let settings =
        Settings { base: "http://host".into(), run: String::new(), dialect: Some(Dialect::OneLogin) };
    let mut told = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let played = runtime.block_on(play(&scenario, &mut player, &settings, |step, exchange| {
        let path = exchange.request.target.split('?').next().unwrap_or_default();
        let status = exchange.outcome.as_ref().map_or("-".into(), |response| response.status.to_string());
        told.push(format!("{step}: {} {path} {status}", exchange.request.method));
    }));
    (played, told)
}

fn messages(played: &Played) -> String {
    played.diagnostics.iter().map(|diagnostic| diagnostic.render(false)).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn what_happens_is_said_in_the_words_of_the_dialect() {
    let (played, told) = play_steps(
        r#"
- { name: a, idp: { assign: [ada, bob] } }
- { name: b, idp: { update: { ada: { name: { familyName: Byron } } }, suspend: bob } }
- { name: c, idp: { restore: bob, unassign: ada } }
- { name: d, request: "GET /Users/{{ ada.id }}", expect: { body: { active: false, name: { familyName: Byron } } } }
"#,
        false,
    );
    assert_eq!(messages(&played), "");
    assert_eq!(played.outcome, Outcome::Completed);
    assert_eq!(
        told,
        [
            "a: GET /Users 200",
            "a: POST /Users 201",
            "a: GET /Users 200",
            "a: POST /Users 201",
            "b: PUT /Users/u1 200",
            "b: PUT /Users/u2 200",
            "c: PUT /Users/u1 200",
            "c: GET /Users 200",
            "c: PUT /Users/u2 200",
            "d: GET /Users/u1 200",
        ]
    );
    assert_eq!(played.steps.iter().map(|step| step.exchanges.len()).collect::<Vec<_>>(), [4, 2, 3, 1]);
}

#[test]
fn nobody_is_assigned_when_a_scenario_begins() {
    let (played, told) = play_steps("- { name: a, idp: cycle }\n", false);
    assert_eq!((messages(&played).as_str(), told.len()), ("", 0));
}

#[test]
fn what_is_silent_is_told_and_not_part_of_the_transcript() {
    let (played, told) = play_steps("- { name: a, idp: { assign: ada }, silent: true }\n", false);
    assert_eq!((told.len(), played.steps[0].exchanges.len()), (2, 0));
}

#[test]
fn faults_happen_and_the_next_cycle_makes_up_for_them() {
    let (played, told) = play_steps(
        r#"
- name: a
  idp: { assign: [ada, bob] }
  faults: [{ request: POST /Users, answer: lost }, { request: 3, answer: 503 }]
  expect: { failed: any }
- { name: b, idp: cycle }
- name: c
  idp: { unassign: bob }
  faults: [{ requests: PUT /Users, answer: unreachable }]
  expect: { failed: bob }
"#,
        false,
    );
    assert_eq!(messages(&played), "");
    assert_eq!(
        told,
        [
            "a: GET /Users 200",
            "a: POST /Users -",
            "a: GET /Users 503",
            "b: GET /Users 200",
            "b: PUT /Users/u1 200",
            "b: GET /Users 200",
            "b: POST /Users 201",
            "c: PUT /Users/u2 -",
        ]
    );
}

#[test]
fn what_is_not_as_expected_is_said() {
    let (played, _) = play_steps(
        "- { name: a, idp: { assign: ada }, faults: [{ request: POST /Users, answer: 409 }] }\n",
        false,
    );
    insta::assert_snapshot!(messages(&played), @"
    error: onelogin cannot finish step 1 for `ada`: POST /Users is answered with 409 Conflict: Conflict
     --> a.yaml:5:19
      |
    5 | - { name: a, idp: { assign: ada }, faults: [{ request: POST /Users, answer: 409 }] }
      |                   ^^^^^^^^^^^^^^^ the identity provider is stuck here
    ");
    let (played, _) = play_steps("- { name: a, idp: { assign: ada }, expect: { failed: [bob] } }\n", false);
    insta::assert_snapshot!(messages(&played), @"
    error: step 1 was expected to fail for `bob`, and did not
     --> a.yaml:5:19
      |
    5 | - { name: a, idp: { assign: ada }, expect: { failed: [bob] } }
      |                   ^^^^^^^^^^^^^^^ everything worked
    ");
    let (played, _) = play_steps("- { name: a, idp: { assign: ada }, expect: { failed: any } }\n", false);
    insta::assert_snapshot!(messages(&played), @"
    error: step 1 was expected to fail for somebody, and did not
     --> a.yaml:5:19
      |
    5 | - { name: a, idp: { assign: ada }, expect: { failed: any } }
      |                   ^^^^^^^^^^^^^^^ everything worked
    ");
    let (played, _) = play_steps(
        "- { name: a, idp: { assign: ada }, faults: [{ requests: 2-3, answer: 500 }], expect: { failed: ada } }\n",
        false,
    );
    insta::assert_snapshot!(messages(&played), @"
    error: onelogin sends no such request in step 1, so this fault does not happen
     --> a.yaml:5:45
      |
    5 | - { name: a, idp: { assign: ada }, faults: [{ requests: 2-3, answer: 500 }], expect: { failed: ada } }
      |                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ no request is hit
    ");
    let (played, _) = play_steps("- { name: a, idp: { assign: team }, expect: { failed: team } }\n", false);
    insta::assert_snapshot!(messages(&played), @"");
}

#[test]
fn a_product_that_does_not_import_is_not_stuck() {
    let (played, _) = play_steps("- { name: a, idp: import }\n", false);
    insta::assert_snapshot!(messages(&played));
    let (played, _) = play_steps("- { name: a, idp: import, expect: { failed: import } }\n", false);
    insta::assert_snapshot!(messages(&played), @"");
}

#[test]
fn a_target_that_is_not_as_the_directory_fails_the_scenario_in_the_end() {
    let (played, _) = play_steps(
        "- { name: a, idp: { assign: ada } }\n- { name: b, idp: { unassign: ada } }\n- { name: c, request: GET /Users }\n",
        true,
    );
    assert_eq!(played.outcome, Outcome::Failed);
    insta::assert_snapshot!(messages(&played), @"
    error: in the end `ada` is no longer assigned and can still log in: expected active: false, got active: true
     --> a.yaml:6:19
      |
    6 | - { name: b, idp: { unassign: ada } }
      |                   ^^^^^^^^^^^^^^^^^^ the last step of the identity provider
    ");
}

#[test]
fn where_the_scene_cannot_be_set_the_scenario_is_blocked() {
    let (played, _) = play_steps(
        "- { name: a, idp: { assign: team }, prepares: true }\n- { name: b, idp: cycle }\n",
        false,
    );
    assert_eq!(played.outcome, Outcome::Unprepared);
}
