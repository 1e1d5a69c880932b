//! Keys that are misspelt, missing or at the wrong place.

use super::*;

#[test]
fn a_misspelt_key_of_the_file() {
    insta::assert_snapshot!(mistakes("scenario: x\ntag: [users]\nauthor: me\nsteps:\n  - request: GET /Users\n"), @r"
    error: unknown key `tag` in a scenario file
     --> scenarios/okta/a.yaml:2:1
      |
    2 | tag: [users]
      | ^^^ not a key of a scenario file
      |
      = help: did you mean `tags`?

    error: unknown key `author` in a scenario file
     --> scenarios/okta/a.yaml:3:1
      |
    3 | author: me
      | ^^^^^^ not a key of a scenario file
      |
      = note: the keys of a scenario file are `scenario`, `about`, `as`, `tags`, `needs`, `profile`, `directory`, `vars`, `headers`, `encoding`, `steps`
    ");
}

#[test]
fn missing_keys_of_the_file() {
    insta::assert_snapshot!(mistakes("about: x\n"), @r"
    error: `scenario` is missing
     --> scenarios/okta/a.yaml:1:1
      |
    1 | about: x
      | ^^^^^ the file begins here
      |
      = help: begin with `scenario:` and a title of one line

    error: `steps` is missing
     --> scenarios/okta/a.yaml:1:1
      |
    1 | about: x
      | ^^^^^ no steps in this file
      |
      = help: write `steps:` and below it a list of requests: `- request: GET /Users`
    ");
}

#[test]
fn no_steps_at_all() {
    insta::assert_snapshot!(mistakes("scenario: x\nsteps: []\n"), @r"
    error: `steps` is empty
     --> scenarios/okta/a.yaml:2:8
      |
    2 | steps: []
      |        ^^ at least one step is needed
    ");
}

#[test]
fn a_misspelt_key_of_a_step() {
    insta::assert_snapshot!(step_mistakes("reqest: GET /Users\nexpects: { status: 200 }"), @r"
    error: unknown key `reqest` in a step
     --> scenarios/okta/a.yaml:4:5
      |
    4 |   - reqest: GET /Users
      |     ^^^^^^ not a key of a step
      |
      = help: did you mean `request`?

    error: unknown key `expects` in a step
     --> scenarios/okta/a.yaml:5:5
      |
    5 |     expects: { status: 200 }
      |     ^^^^^^^ not a key of a step
      |
      = help: did you mean `expect`?
    ");
}

#[test]
fn a_key_of_expect_at_the_step() {
    insta::assert_snapshot!(step_mistakes("request: GET /Users\nstatus: 200"), @r"
    error: unknown key `status` in a step
     --> scenarios/okta/a.yaml:5:5
      |
    5 |     status: 200
      |     ^^^^^^ not a key of a step
      |
      = help: `status` is a key of `expect`: is it indented as it should be?
    ");
}

#[test]
fn a_key_of_a_step_within_expect() {
    insta::assert_snapshot!(step_mistakes("request: GET /Users\nexpect:\n  status: 200\n  save: { id: /id }"), @r"
    error: unknown key `save` in `expect`
     --> scenarios/okta/a.yaml:7:7
      |
    7 |       save: { id: /id }
      |       ^^^^ not a key of `expect`
      |
      = help: `save` is a key of a step: is it indented as it should be?
    ");
}

#[test]
fn a_request_one_level_too_deep() {
    insta::assert_snapshot!(step_mistakes("name: create\nheaders:\n  Accept: application/json\n  request: GET /Users"), @r"
    error: the step has no `request`
     --> scenarios/okta/a.yaml:4:5
      |
    4 |   - name: create
      |     ^^^^ this step
    ...
    7 |       request: GET /Users
      |       ------- this `request` belongs to `headers`
      |
      = help: indent `request` like the other keys of the step
    ");
}

#[test]
fn a_dash_before_every_key() {
    insta::assert_snapshot!(mistakes("scenario: x\nsteps:\n  - name: create\n  - request: GET /Users\n"), @r"
    error: the step has no `request`
     --> scenarios/okta/a.yaml:3:5
      |
    3 |   - name: create
      |     ^^^^ this step
      |
      = help: every step sends one: `request: GET /Users`; only the first key of a step has a `- `
    ");
}

#[test]
fn a_request_without_its_key() {
    insta::assert_snapshot!(mistakes("scenario: x\nsteps:\n  - GET /Users\n"), @r"
    error: a step is a map, not text
     --> scenarios/okta/a.yaml:3:5
      |
    3 |   - GET /Users
      |     ^^^^^^^^^^ expected a map
      |
      = help: write `request: GET /Users`
    ");
}

#[test]
fn a_step_of_an_identity_provider() {
    insta::assert_snapshot!(step_mistakes("idp: { assign: ada }"), @"
    error: whose words is this step said in?
     --> scenarios/okta/a.yaml:4:10
      |
    4 |   - idp: { assign: ada }
      |          ^^^^^^^^^^^^^^^ an action of an identity provider
      |
      = help: name the dialects at the top of the file, such as `as: [okta, entra]`
    ");
}

#[test]
fn request_lines() {
    for (line, title) in [
        ("/Users", "the method is missing in `request`"),
        ("GET", "the path is missing in `request`"),
        ("get /Users", "the method `get` is not upper case"),
        ("POST: /Users", "`POST:` is not a method"),
        ("GET Users", "the path begins with `/`"),
        ("GET https://host/scim/v2/Users", "`request` is relative to the base URL"),
        ("GET /Users HTTP/1.1", "`request` ends with the query"),
    ] {
        let found = decoded(&format!("scenario: x\nsteps:\n  - request: '{line}'\n")).unwrap_err();
        assert_eq!(found.iter().map(|mistake| mistake.title.as_str()).collect::<Vec<_>>(), [title], "{line}");
    }
    insta::assert_snapshot!(step_mistakes("request: GET Users?count=1"), @r"
    error: the path begins with `/`
     --> scenarios/okta/a.yaml:4:18
      |
    4 |   - request: GET Users?count=1
      |                  ^^^^^^^^^^^^^ no `/` here
      |
      = help: write `GET /Users?count=1`
    ");
}

#[test]
fn a_request_line_with_a_hash() {
    insta::assert_snapshot!(step_mistakes("request: GET /Groups?filter=displayName eq \"Team #1\""), @r#"
    error: the request line ends in a comment
     --> scenarios/okta/a.yaml:4:53
      |
    4 |   - request: GET /Groups?filter=displayName eq "Team #1"
      |                                                     ^^^^ YAML reads a comment here
      |
      = help: put the whole request line into single quotes
    "#);
    assert!(decoded("scenario: x\nsteps:\n  - request: GET /Users?filter=a eq \"b\" # the first\n").is_ok());
}
