use std::path::Path;
use std::time::Duration;

use super::*;
use crate::exchange::{Auth, FailureKind, Headers};
use crate::scenario::load;
use serde_json::json;

fn scenario(text: &str) -> Scenario {
    let read = |path: &Path| match path.to_str() {
        Some("a.yaml") => Ok(text.as_bytes().to_vec()),
        Some("acme.yaml") => Ok(b"people: { ada: { userName: ada@acme.test } }".to_vec()),
        _ => Ok(b"{ \"n\": {{ n }} }".to_vec()),
    };
    match load(Path::new("a.yaml"), "a", &read) {
        Ok(scenario) => scenario,
        Err(found) => panic!("{}", found.iter().map(|mistake| mistake.render(false)).collect::<String>()),
    }
}

fn exchange(request: Request, outcome: Result<Response, TransportFailure>) -> Exchange {
    Exchange { request, outcome, started: jiff::Timestamp::UNIX_EPOCH, duration: Duration::ZERO, attempt: 1 }
}

fn answer(status: u16, body: Value) -> Response {
    let headers: Headers = [("ETag", "W/\"7\"")].into_iter().collect();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Response { status, headers, body: body.into() }
}

/// Plays against answers that a function makes from the number of the request, from 0, and the request.
fn played(
    scenario: &Scenario,
    run: &str,
    mut respond: impl FnMut(usize, &Request) -> Response + Send,
) -> (Played, Vec<Request>) {
    let mut sent = Vec::new();
    let mut player = |request: Request| {
        let response = respond(sent.len(), &request);
        sent.push(request.clone());
        std::future::ready(exchange(request, Ok(response)))
    };
    let settings = Settings {
        base: "http://host/v2".into(),
        run: run.into(),
        dialect: scenario.dialects.first().copied(),
    };
    let mut told = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let played =
        runtime.block_on(play(scenario, &mut player, &settings, |step, _| told.push(step.to_owned())));
    let names = played.steps.iter().flat_map(|step| step.exchanges.iter().map(|_| step.name.clone()));
    assert_eq!(told, names.collect::<Vec<_>>());
    (played, sent)
}

fn messages(played: &Played) -> String {
    played.diagnostics.iter().map(|diagnostic| diagnostic.render(false)).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn the_content_type_of_the_file_goes_with_bodies_only() {
    let scenario = scenario(
        "scenario: x\nheaders: { Content-Type: application/json, Accept: a/b }\nsteps:\n\
         - request: GET /Users\n- { request: POST /Users, body: {} }\n",
    );
    let (_, sent) = played(&scenario, "", |_, _| answer(200, json!({})));
    let types: Vec<_> = sent.iter().map(|request| request.headers.get("content-type")).collect();
    assert_eq!(types, [None, Some("application/json")]);
    assert!(sent.iter().all(|request| request.headers.get("accept") == Some("a/b")));
}

#[test]
fn requests_are_rendered_with_everything_that_a_step_says() {
    let scenario = scenario(
        r#"
scenario: x
directory: acme.yaml
vars: { n: 7, mark: "m{{ run }}" }
headers: { Accept: application/scim+json, X-Mark: "{{ mark }}", User-Agent: A }
steps:
  - request: POST /Users
    headers: { user-agent: ~, X-Mark: b, X-New: 1 }
    auth: { bearer: "t{{ n }}" }
    body: { userName: "{{ ada.userName }}", n: "{{ n }}", "k{{ n }}": ["{{ n }}!"] }
    save: { id: /ID, etag: { header: etag }, member: /Members/0/value }
  - request: GET /Users/{{ id }}?filter=userName eq "{{ ada.userName }}"
    auth: none
    encoding: form
    headers: { If-None-Match: "{{ etag }}" }
  - request: PUT {{ member }}?x={{ id }}
    file: body.json
  - request: POST /Users
    text: "{ \"n\": {{ n }}"
"#,
    );
    let (played, sent) = played(&scenario, "k3", |index, _| match index {
        0 => answer(201, json!({ "id": "a b", "members": [{ "value": "http://host/v2/Users/x%20y" }] })),
        _ => answer(200, Value::Null),
    });
    assert_eq!(messages(&played), "");
    assert_eq!(played.outcome, Outcome::Completed);
    let headers: Vec<(&str, &str)> = sent[0].headers.iter().collect();
    assert_eq!(
        headers,
        [
            ("Accept", "application/scim+json"),
            ("X-Mark", "b"),
            ("X-New", "1"),
            ("Content-Type", "application/scim+json")
        ]
    );
    assert_eq!(sent[0].auth, Auth::Bearer("t7".into()));
    assert_eq!(sent[0].body, r#"{"userName":"ada.k3@acme.test","n":7,"k7":["7!"]}"#);
    assert_eq!(sent[1].target, "/Users/a%20b?filter=userName+eq+%22ada.k3%40acme.test%22");
    assert_eq!(
        (sent[1].headers.get("if-none-match"), sent[1].headers.get("x-mark")),
        (Some("W/\"7\""), Some("mk3"))
    );
    assert_eq!(sent[1].auth, Auth::None);
    assert_eq!(sent[2].target, "/Users/x%20y?x=a%20b");
    assert_eq!((&sent[2].body[..], sent[2].headers.get("content-type")), (&b"{ \"n\": 7 }"[..], None));
    assert_eq!(sent[3].body, "{ \"n\": 7");
}

#[test]
fn a_step_is_repeated_with_its_index() {
    let scenario = scenario(
        "scenario: x\nsteps:\n  - request: GET /{{ index }}\n    repeat: 3\n  - request: GET /end\n",
    );
    let (played, sent) = played(&scenario, "", |_, _| answer(200, Value::Null));
    assert_eq!(
        sent.iter().map(|request| request.target.as_str()).collect::<Vec<_>>(),
        ["/1", "/2", "/3", "/end"]
    );
    assert_eq!(played.steps.iter().map(|step| step.exchanges.len()).collect::<Vec<_>>(), [3, 1]);
}

#[test]
fn until_ends_as_soon_as_the_answer_fits() {
    let scenario = scenario(
        "scenario: x\nsteps:\n  - request: GET /Users\n    until: { body: { totalResults: 1 }, attempts: 5, pause: 0ms }\n    expect: { status: 200 }\n",
    );
    let (patient, sent) = played(&scenario, "", |index, _| answer(200, json!({ "totalResults": index / 2 })));
    assert_eq!((patient.outcome, sent.len()), (Outcome::Completed, 3));
    let (gave_up, sent) = played(&scenario, "", |_, _| answer(200, json!({ "totalResults": 0 })));
    assert_eq!((&gave_up.outcome, sent.len()), (&Outcome::Failed, 5));
    insta::assert_snapshot!(messages(&gave_up), @"
    error: `/totalResults` in the body: expected `1`, found `0`
     --> a.yaml:4:36
      |
    4 |     until: { body: { totalResults: 1 }, attempts: 5, pause: 0ms }
      |                                    ^ expected `1`
      |
      = note: in the answer 200 OK to step 1, `GET /Users`
      = note: still so at the last of 5 attempts
    ");
}

#[test]
fn a_step_that_only_sets_the_scene_cannot_expect_a_refusal() {
    let text = "scenario: x\nsteps:\n  - request: POST /Users\n    prepares: true\n    expect: { status: [201, 409] }\n";
    let mistakes = load(Path::new("a.yaml"), "a", &|_| Ok(text.as_bytes().to_vec())).unwrap_err();
    assert_eq!(mistakes[0].title, "a step that only sets the scene has to succeed");
}

#[test]
fn a_step_that_only_sets_the_scene_fails_apart() {
    let scenario = scenario(
        "scenario: x\nsteps:\n  - request: POST /Users\n    prepares: true\n    expect: { status: 201 }\n  - request: GET /Users\n    expect: { status: 200 }\n",
    );
    let (unprepared, sent) = played(&scenario, "", |_, _| answer(400, json!({})));
    assert_eq!((unprepared.outcome, sent.len()), (Outcome::Unprepared, 1));
    let (failed, sent) =
        played(&scenario, "", |number, _| answer(if number == 0 { 201 } else { 500 }, json!({})));
    assert_eq!((failed.outcome, sent.len()), (Outcome::Failed, 2));
}

#[test]
fn a_step_that_fails_ends_the_scenario_with_all_that_was_wrong() {
    let scenario = scenario(
        "scenario: x\nsteps:\n  - name: create\n    request: POST /Users\n    expect: { status: 201, body: { active: false } }\n    save: { id: /id }\n  - request: GET /Users/{{ id }}\n",
    );
    let (played, sent) = played(&scenario, "", |_, _| answer(400, json!({ "active": true })));
    assert_eq!((&played.outcome, sent.len(), played.steps.len()), (&Outcome::Failed, 1, 1));
    insta::assert_snapshot!(messages(&played), @r#"
    error: the status: expected `201`, found `400` (Bad Request)
     --> a.yaml:5:23
      |
    5 |     expect: { status: 201, body: { active: false } }
      |                       ^^^ expected `201`
      |
      = note: in the answer 400 Bad Request to step 1, `create`
      = note: the body is `{"active":true}`
    "#);
}

#[test]
fn what_cannot_be_saved_fails_the_step() {
    let scenario = scenario(
        "scenario: x\nsteps:\n  - request: GET /Users\n    save:\n      id: /Resources/0/id\n      next: { header: Link }\n",
    );
    let (played, _) = played(&scenario, "", |_, _| answer(200, json!({ "Resources": [] })));
    assert_eq!(played.outcome, Outcome::Failed);
    insta::assert_snapshot!(messages(&played), @r#"
    error: `id` cannot be saved: the answer has no `/Resources/0/id` in the body
     --> a.yaml:5:11
      |
    5 |       id: /Resources/0/id
      |           ^^^^^^^^^^^^^^^ not there
      |
      = note: looked for in the answer 200 OK to `GET /Users`
      = note: the body is `{"Resources":[]}`

    error: `next` cannot be saved: the answer has no header `Link`
     --> a.yaml:6:13
      |
    6 |       next: { header: Link }
      |             ^^^^^^^^^^^^^^^^ not there
      |
      = note: looked for in the answer 200 OK to `GET /Users`
      = note: the body is `{"Resources":[]}`
    "#);
}

#[test]
fn a_member_that_a_saved_value_does_not_have_is_reported_where_it_is_used() {
    let scenario = scenario(
        "scenario: x\nsteps:\n  - request: GET /Users\n    save: { first: /Resources/0 }\n  - request: GET /Users/{{ first.Id }}\n",
    );
    let (played, _) = played(&scenario, "", |_, _| answer(200, json!({ "Resources": [{ "id": "1" }] })));
    insta::assert_snapshot!(messages(&played), @r"
    error: `first` has no member `Id`
     --> a.yaml:5:25
      |
    5 |   - request: GET /Users/{{ first.Id }}
      |                         ^^^^^^^^^^^^^^ not defined
      |
      = help: did you mean `id`?
    ");
}

#[test]
fn what_cannot_be_sent_is_reported_before_anything_is_sent() {
    let raw =
        scenario("scenario: x\nencoding: raw\nsteps:\n  - request: GET /Users?filter=userName eq \"x\"\n");
    let (raw_played, sent) = played(&raw, "", |_, _| answer(200, Value::Null));
    assert!(sent.is_empty());
    insta::assert_snapshot!(messages(&raw_played), @r#"
    error: ' ' cannot stand in a request line
     --> a.yaml:4:14
      |
    4 |   - request: GET /Users?filter=userName eq "x"
      |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ `encoding: raw` sends this as it is
      |
      = help: write it percent-encoded, or leave `encoding: raw` out
    "#);
    let foreign = scenario(
        "scenario: x\nvars: { place: http://elsewhere/Users/1 }\nsteps:\n  - request: GET {{ place }}\n    headers: { X: \"a\\nb\" }\n",
    );
    let (foreign_played, sent) = played(&foreign, "", |_, _| answer(200, Value::Null));
    assert!(sent.is_empty());
    insta::assert_snapshot!(messages(&foreign_played), @r"
    error: `http://elsewhere/Users/1` is not a URL below the base URL, nor a path
     --> a.yaml:4:14
      |
    4 |   - request: GET {{ place }}
      |              ^^^^^^^^^^^^^^^ the variable at the beginning of this request
    ");
}

#[test]
fn no_answer_aborts_the_scenario() {
    let scenario = scenario("scenario: x\nsteps:\n  - request: GET /Users\n  - request: GET /Groups\n");
    let failure = TransportFailure { kind: FailureKind::Connect, message: "connection refused".into() };
    let mut player = |request: Request| std::future::ready(exchange(request, Err(failure.clone())));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let played = runtime.block_on(play(&scenario, &mut player, &Settings::default(), |_, _| {}));
    assert_eq!((&played.outcome, played.steps.len()), (&Outcome::Aborted(failure.clone()), 1));
    insta::assert_snapshot!(messages(&played), @r"
    error: no answer: connection refused
     --> a.yaml:3:14
      |
    3 |   - request: GET /Users
      |              ^^^^^^^^^^ to this request
    ");
}

#[test]
fn a_play_can_be_given_to_another_thread() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    let scenario = scenario("scenario: x\nsteps:\n  - request: GET /Users\n");
    let mut player = |request: Request| std::future::ready(exchange(request, Ok(answer(200, Value::Null))));
    let settings = Settings::default();
    drop(is_send(play(&scenario, &mut player, &settings, |_, _| {})));
}
