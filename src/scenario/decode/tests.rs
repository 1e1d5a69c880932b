use super::*;
use crate::scenario::Step;
use crate::scenario::id_of;
use crate::scenario::matcher::MATCHERS;
use proptest::prelude::*;

const FIXTURE: &str = "people:\n  ada: { userName: ada@acme.test, emails: [{ value: ada@acme.test }] }\ngroups:\n  engineering: { displayName: Engineering, members: [ada] }\n";

fn read(path: &Path) -> io::Result<Vec<u8>> {
    match path.to_str() {
        Some("fixtures/acme.yaml") => Ok(FIXTURE.into()),
        Some("fixtures/broken.yaml") => Ok("people:\n  ada: { usrName: x }\n".into()),
        Some("scenarios/okta/body.json") => Ok("{ \"userName\": \"{{ ada.userNme }}\" }".into()),
        Some("scenarios/okta/photo.jpg") => Ok(vec![0xff, 0xd8]),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}

fn decoded(text: &str) -> Result<Scenario, Vec<Diagnostic>> {
    let path = Path::new("scenarios/okta/a.yaml");
    load(path, &id_of(path, Path::new("scenarios")), &|asked| {
        if asked == path { Ok(text.into()) } else { read(asked) }
    })
}

fn mistakes(text: &str) -> String {
    let found = decoded(text).unwrap_err();
    found.iter().map(|mistake| mistake.render(false)).collect::<Vec<_>>().join("\n\n")
}

/// The mistakes of one step, in a file that is fine otherwise.
fn step_mistakes(step: &str) -> String {
    let indented = step.trim_end().replace('\n', "\n    ");
    mistakes(&format!("scenario: x\ndirectory: ../../fixtures/acme.yaml\nsteps:\n  - {indented}\n"))
}

fn request(step: &Step) -> &crate::scenario::RequestStep {
    match step {
        Step::Request(step) => step,
        Step::Idp(step) => panic!("`{}` is an `idp` step", step.name),
    }
}

#[test]
fn the_example_of_the_documentation_is_read() {
    let docs = include_str!("../../../docs/scenarios.md");
    let example = docs.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let scenario = decoded(example).unwrap();
    assert_eq!(scenario.id, "okta/a");
    assert_eq!(scenario.folder(), "okta");
    assert_eq!(scenario.title, "Okta deactivates a user that it may not delete");
    assert_eq!(scenario.dialects, [Dialect::Okta]);
    assert_eq!(scenario.needs, [Capability::Patch]);
    assert_eq!(scenario.profile, "interop");
    assert_eq!(scenario.steps.len(), 3);
    assert_eq!(scenario.steps[0].name(), "create the user");
    assert_eq!(request(&scenario.steps[1]).expect.status.as_ref().unwrap().0, [200, 204]);
}

#[test]
fn the_other_examples_of_the_documentation_are_read() {
    let docs = include_str!("../../../docs/scenarios.md");
    let block = |begin: &str| {
        let mut blocks = docs.split("```yaml\n").filter_map(|rest| rest.split("```").next());
        blocks.find(|block| block.starts_with(begin)).unwrap().trim_end().replace('\n', "\n    ")
    };
    let text = format!("scenario: x\nsteps:\n  - request: GET /Users\n    {}\n", block("expect:"));
    assert_eq!(request(&decoded(&text).unwrap().steps[0]).expect.headers.len(), 3);
    let text = format!("scenario: x\nas: [okta]\nsteps:\n  - idp: cycle\n    {}\n", block("faults:"));
    let scenario = decoded(&text).unwrap();
    assert!(matches!(&scenario.steps[0], Step::Idp(step) if step.faults.len() == 4));
    // Its people are those of the pilot, not of the fixture of these tests.
    let text = block("scenario: Somebody").replace("\n    ", "\n").replace("grace", "ada");
    assert_eq!(decoded(&text).unwrap().steps.len(), 3);
}

#[test]
fn defaults_are_plain() {
    let scenario = decoded("scenario: x\nsteps:\n  - request: GET /Users\n").unwrap();
    assert_eq!((scenario.profile.as_str(), scenario.encoding), ("rfc", Encoding::Percent));
    assert!(scenario.dialects.is_empty() && scenario.needs.is_empty() && scenario.profile_span.is_none());
    assert_eq!(scenario.steps[0].name(), "GET /Users");
}

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

#[test]
fn a_variable_that_is_not_defined() {
    insta::assert_snapshot!(step_mistakes("request: GET /Users/{{ adda.id }}\nbody: { \"{{ ada.usrName }}\": \"a {{ engineering.members.3 }}\" }"), @r#"
    error: the variable `adda` is not defined
     --> scenarios/okta/a.yaml:4:25
      |
    4 |   - request: GET /Users/{{ adda.id }}
      |                         ^^^^^^^^^^^^^ not defined
      |
      = help: did you mean `ada`?

    error: `ada` has no member `usrName`
     --> scenarios/okta/a.yaml:5:14
      |
    5 |     body: { "{{ ada.usrName }}": "a {{ engineering.members.3 }}" }
      |              ^^^^^^^^^^^^^^^^^ not defined
      |
      = help: did you mean `userName`?

    error: `engineering.members` is a list of 1, it has no `3`
     --> scenarios/okta/a.yaml:5:37
      |
    5 |     body: { "{{ ada.usrName }}": "a {{ engineering.members.3 }}" }
      |                                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^ not defined
    "#);
}

#[test]
fn index_needs_repeat() {
    insta::assert_snapshot!(step_mistakes("request: GET /Users?startIndex={{ index }}"), @r"
    error: `index` is defined only in a step with `repeat`
     --> scenarios/okta/a.yaml:4:36
      |
    4 |   - request: GET /Users?startIndex={{ index }}
      |                                    ^^^^^^^^^^^ not defined
    ");
    assert!(decoded("scenario: x\nsteps:\n  - request: GET /Users/{{ index }}\n    repeat: 2\n").is_ok());
}

#[test]
fn variables_are_there_for_the_steps_behind_theirs() {
    let text = "scenario: x\nvars: { a: 1, b: \"{{ a }}\", c: { d: [\"{{ b }}\"] } }\nsteps:\n  - request: GET /{{ c.d.0 }}\n    save: { id: /id, tag: { header: ETag } }\n  - request: GET /Users/{{ id.anything.0 }}/{{ tag }}\n";
    assert!(decoded(text).is_ok());
    insta::assert_snapshot!(mistakes("scenario: x\nvars: { a: \"{{ b }}\", b: 1 }\nsteps:\n  - request: GET /{{ id }}\n    save: { id: /id }\n"), @r#"
    error: the variable `b` is not defined
     --> scenarios/okta/a.yaml:2:13
      |
    2 | vars: { a: "{{ b }}", b: 1 }
      |             ^^^^^^^ not defined
      |
      = note: defined are `base`, `run`

    error: the variable `id` is not defined
     --> scenarios/okta/a.yaml:4:19
      |
    4 |   - request: GET /{{ id }}
      |                   ^^^^^^^^ not defined
      |
      = note: defined are `a`, `b`, `base`, `run`
    "#);
}

#[test]
fn names_that_are_taken() {
    insta::assert_snapshot!(mistakes("scenario: x\ndirectory: ../../fixtures/acme.yaml\nvars: { ada: 1, run: 2, a b: 3 }\nsteps:\n  - request: GET /Users\n    save: { base: /id }\n"), @r"
    error: `ada` is a variable of the directory
     --> scenarios/okta/a.yaml:3:9
      |
    3 | vars: { ada: 1, run: 2, a b: 3 }
      |         ^^^ choose another name

    error: `run` is a variable of its own
     --> scenarios/okta/a.yaml:3:17
      |
    3 | vars: { ada: 1, run: 2, a b: 3 }
      |                 ^^^ choose another name

    error: `a b` cannot be a variable: a letter, then letters, digits, `_` and `-`
     --> scenarios/okta/a.yaml:3:25
      |
    3 | vars: { ada: 1, run: 2, a b: 3 }
      |                         ^^^ choose another name

    error: `base` is a variable of its own
     --> scenarios/okta/a.yaml:6:13
      |
    6 |     save: { base: /id }
      |             ^^^^ choose another name
    ");
}

#[test]
fn a_variable_that_is_not_closed() {
    insta::assert_snapshot!(step_mistakes("request: GET /Users/{{ ada.userName"), @r"
    error: `{{` is never closed with `}}`
     --> scenarios/okta/a.yaml:4:25
      |
    4 |   - request: GET /Users/{{ ada.userName
      |                         ^^ here
      |
      = help: `{{ '{{' }}` prints two braces
    ");
}

#[test]
fn an_unknown_matcher() {
    insta::assert_snapshot!(step_mistakes("request: GET /Users\nexpect: { body: { id: { $presnt: true }, meta: { $foo: 1 } } }"), @r"
    error: unknown matcher `$presnt`
     --> scenarios/okta/a.yaml:5:29
      |
    5 |     expect: { body: { id: { $presnt: true }, meta: { $foo: 1 } } }
      |                             ^^^^^^^ not a matcher
      |
      = help: did you mean `$present`?

    error: unknown matcher `$foo`
     --> scenarios/okta/a.yaml:5:54
      |
    5 |     expect: { body: { id: { $presnt: true }, meta: { $foo: 1 } } }
      |                                                      ^^^^ not a matcher
      |
      = note: the matchers are `$absent`, `$present`, `$exact`, `$not`, `$matches`, `$contains`, `$length`, `$unordered`, `$any`, `$type`, `$gt`, `$ge`, `$lt`, `$le`
    ");
}

#[test]
fn a_member_beside_a_matcher() {
    insta::assert_snapshot!(step_mistakes("request: GET /Users\nexpect: { body: { members: { $length: 1, value: x } } }"), @r"
    error: the member `value` stands beside a matcher
     --> scenarios/okta/a.yaml:5:46
      |
    5 |     expect: { body: { members: { $length: 1, value: x } } }
      |                                              ^^^^^ not a matcher
      |
      = help: matchers stand alone or with other matchers: give the member an object of its own
    ");
}

#[test]
fn ref_is_a_member() {
    assert!(decoded("scenario: x\nsteps:\n  - request: GET /Users\n    expect: { body: { members: [{ $ref: { $present: true } }] } }\n").is_ok());
}

#[test]
fn a_bad_regular_expression() {
    insta::assert_snapshot!(step_mistakes("request: GET /Users\nexpect: { headers: { ETag: { $matches: \"^W/(\" } } }"), @r#"
    error: `$matches` is not a regular expression
     --> scenarios/okta/a.yaml:5:44
      |
    5 |     expect: { headers: { ETag: { $matches: "^W/(" } } }
      |                                            ^^^^^^ unclosed group
      |
      = note: the syntax is the one of the Rust crate regex: no look-around, no back-references
    "#);
    assert!(decoded("scenario: x\nsteps:\n  - request: GET /\n    expect: { body: { a: { $matches: \"^{{ base }}/(Users|{{ run }})\" } } }\n").is_ok());
}

#[test]
fn wrong_types() {
    insta::assert_snapshot!(step_mistakes("request: GET /Users\nrepeat: many\nexpect: { status: \"200\", body: { a: { $absent: yes } } }"), @r#"
    error: `repeat` is a whole number from 1 to 1000, not text
     --> scenarios/okta/a.yaml:5:13
      |
    5 |     repeat: many
      |             ^^^^ expected a whole number from 1 to 1000

    error: `status` is a whole number from 100 to 599, not text
     --> scenarios/okta/a.yaml:6:23
      |
    6 |     expect: { status: "200", body: { a: { $absent: yes } } }
      |                       ^^^^^ expected a whole number from 100 to 599
      |
      = help: write `200` without quotes

    error: `$absent` is `true` or `false`, not text
     --> scenarios/okta/a.yaml:6:52
      |
    6 |     expect: { status: "200", body: { a: { $absent: yes } } }
      |                                                    ^^^ expected `true` or `false`
      |
      = help: write `true`
    "#);
}

#[test]
fn numbers_out_of_range() {
    insta::assert_snapshot!(step_mistakes("request: GET /Users\nrepeat: 0\nuntil: { attempts: 101, pause: 5 minutes }\nexpect: { status: 20 }"), @r"
    error: `repeat` is a whole number from 1 to 1000
     --> scenarios/okta/a.yaml:5:13
      |
    5 |     repeat: 0
      |             ^ out of range

    error: `attempts` is a whole number from 1 to 100
     --> scenarios/okta/a.yaml:6:24
      |
    6 |     until: { attempts: 101, pause: 5 minutes }
      |                        ^^^ out of range

    error: `pause` is a duration of at most a minute
     --> scenarios/okta/a.yaml:6:36
      |
    6 |     until: { attempts: 101, pause: 5 minutes }
      |                                    ^^^^^^^^^ not a duration
      |
      = help: write it such as `500ms` or `2s`

    error: `status` is a whole number from 100 to 599
     --> scenarios/okta/a.yaml:7:23
      |
    7 |     expect: { status: 20 }
      |                       ^^ out of range
    ");
}

#[test]
fn words_that_are_not_known() {
    insta::assert_snapshot!(mistakes("scenario: x\nas: [okto, okta, okta]\nneeds: [patsch, teleport]\nencoding: url\nsteps:\n  - request: GET /Users\n"), @r"
    error: `okto` is not a dialect
     --> scenarios/okta/a.yaml:2:6
      |
    2 | as: [okto, okta, okta]
      |      ^^^^ not known
      |
      = note: known are `okta`, `okta-aiw`, `entra`, `entra-aadoptscim`, `onelogin`, `jumpcloud`, `pingfederate`, `pingone`, `google`, `rippling`, `authentik`
      = help: did you mean `okta`?

    error: a dialect stands twice in `as`
     --> scenarios/okta/a.yaml:2:18
      |
    2 | as: [okto, okta, okta]
      |                  ^^^^ again here

    error: `patsch` is not a capability
     --> scenarios/okta/a.yaml:3:9
      |
    3 | needs: [patsch, teleport]
      |         ^^^^^^ not known
      |
      = note: known are `patch`, `bulk`, `filter`, `sort`, `etag`, `change-password`, `cursor`, `me`
      = help: did you mean `patch`?

    error: `teleport` is not a capability
     --> scenarios/okta/a.yaml:3:17
      |
    3 | needs: [patsch, teleport]
      |                 ^^^^^^^^ not known
      |
      = note: known are `patch`, `bulk`, `filter`, `sort`, `etag`, `change-password`, `cursor`, `me`

    error: `url` is not an encoding
     --> scenarios/okta/a.yaml:4:11
      |
    4 | encoding: url
      |           ^^^ not known
      |
      = note: known are `percent`, `form`, `raw`
    ");
}

#[test]
fn sources_of_save() {
    insta::assert_snapshot!(step_mistakes("request: GET /Users\nsave:\n  a: Resources[0].id\n  b: /a~2\n  c: 1\n  d: { heder: ETag }"), @r"
    error: `Resources[0].id` is not a JSON Pointer
     --> scenarios/okta/a.yaml:6:10
      |
    6 |       a: Resources[0].id
      |          ^^^^^^^^^^^^^^^ it begins with `/`
      |
      = help: write `/Resources/0/id`

    error: `/a~2` is not a JSON Pointer
     --> scenarios/okta/a.yaml:7:10
      |
    7 |       b: /a~2
      |          ^^^^ a single `~`
      |
      = help: `~0` stands for `~` and `~1` for `/`

    error: a source of `save` is a JSON Pointer or `{ header: NAME }`, not a number
     --> scenarios/okta/a.yaml:8:10
      |
    8 |       c: 1
      |          ^ expected a JSON Pointer or `{ header: NAME }`

    error: unknown key `heder` in a source of `save`
     --> scenarios/okta/a.yaml:9:12
      |
    9 |       d: { heder: ETag }
      |            ^^^^^ not a key of a source of `save`
      |
      = help: did you mean `header`?

    error: a source of `save` has no `header`
     --> scenarios/okta/a.yaml:9:12
      |
    9 |       d: { heder: ETag }
      |            ^^^^^ `header` is missing
      |
      = help: write `{ header: ETag }`
    ");
}

#[test]
fn two_bodies() {
    insta::assert_snapshot!(step_mistakes("request: POST /Users\nbody: {}\ntext: x"), @r"
    error: a step sends `body` or `text`, not both
     --> scenarios/okta/a.yaml:6:5
      |
    5 |     body: {}
      |     ---- this
    6 |     text: x
      |     ^^^^ and this
    ");
}

#[test]
fn headers_that_cannot_be_sent() {
    insta::assert_snapshot!(step_mistakes("request: GET /Users\nheaders: { \"X Y\": 1, Accept: a, accept: [b] }\nexpect: { headers: { ETag: ~ } }"), @r#"
    error: `X Y` cannot be the name of a header
     --> scenarios/okta/a.yaml:5:16
      |
    5 |     headers: { "X Y": 1, Accept: a, accept: [b] }
      |                ^^^^^ not a header name

    error: the header `accept` stands twice
     --> scenarios/okta/a.yaml:5:37
      |
    5 |     headers: { "X Y": 1, Accept: a, accept: [b] }
      |                                     ^^^^^^ names compare without regard to case

    error: the value of a header is text, not a list
     --> scenarios/okta/a.yaml:5:45
      |
    5 |     headers: { "X Y": 1, Accept: a, accept: [b] }
      |                                             ^^^^ expected text

    error: a header is text, or not there
     --> scenarios/okta/a.yaml:6:32
      |
    6 |     expect: { headers: { ETag: ~ } }
      |                                ^ nothing to compare with
      |
      = help: `{ $absent: true }` says that there is no such header
    "#);
}

#[test]
fn other_credentials() {
    insta::assert_snapshot!(step_mistakes("request: GET /Users\nauth: nobody"), @r"
    error: `auth` is `none` or a bearer token
     --> scenarios/okta/a.yaml:5:11
      |
    5 |     auth: nobody
      |           ^^^^^^ neither
      |
      = help: write `auth: none` or `auth: { bearer: TOKEN }`
    ");
    assert!(decoded("scenario: x\nsteps:\n  - request: GET /Users\n    auth: { bearer: wrong }\n  - request: GET /Users\n    auth: none\n").is_ok());
}

#[test]
fn files_that_are_not_there() {
    insta::assert_snapshot!(mistakes("scenario: x\ndirectory: ../fixtures/acme.yaml\nsteps:\n  - request: POST /Users/{{ ada.userName }}\n    file: nothing.json\n"), @r"
    error: cannot read `scenarios/fixtures/acme.yaml`: entity not found
     --> scenarios/okta/a.yaml:2:12
      |
    2 | directory: ../fixtures/acme.yaml
      |            ^^^^^^^^^^^^^^^^^^^^^ this file
      |
      = note: paths are relative to the scenario file

    error: cannot read `scenarios/okta/nothing.json`: entity not found
     --> scenarios/okta/a.yaml:5:11
      |
    5 |     file: nothing.json
      |           ^^^^^^^^^^^^ this file
      |
      = note: paths are relative to the scenario file
    ");
}

#[test]
fn mistakes_of_other_files_are_shown_there() {
    insta::assert_snapshot!(mistakes("scenario: x\ndirectory: ../../fixtures/broken.yaml\nsteps: [{ request: GET / }]\n"), @r"
    error: `ada` has no `userName`
     --> fixtures/broken.yaml:2:3
      |
    2 |   ada: { usrName: x }
      |   ^^^ `userName` is missing
      |
      = help: is `usrName` meant to be `userName`?
    ");
    insta::assert_snapshot!(step_mistakes("request: POST /Users\nfile: body.json"), @r#"
    error: `ada` has no member `userNme`
     --> scenarios/okta/body.json:1:16
      |
    1 | { "userName": "{{ ada.userNme }}" }
      |                ^^^^^^^^^^^^^^^^^ not defined
      |
      = help: did you mean `userName`?
    "#);
}

#[test]
fn files_that_are_not_text_are_sent_as_they_are() {
    let scenario = decoded("scenario: x\nsteps:\n  - request: POST /Users\n    file: photo.jpg\n").unwrap();
    assert!(
        matches!(&request(&scenario.steps[0]).body, super::super::Body::Bytes(bytes) if bytes[..] == [0xff, 0xd8])
    );
}

#[test]
fn a_scenario_that_is_not_utf_8() {
    let found = load(Path::new("a.yaml"), "a", &|_| Ok(b"a: 1\nb: \xff\n".to_vec())).unwrap_err();
    insta::assert_snapshot!(found[0].render(false), @r"error: `a.yaml` is not UTF-8: the first byte that is not stands in line 2, column 4");
}

#[test]
fn an_unknown_profile_is_pointed_at() {
    let scenario = decoded("scenario: x\nprofile: interup\nsteps: [{ request: GET / }]\n").unwrap();
    assert!(scenario.unknown_profile(&["interup"]).is_none());
    insta::assert_snapshot!(scenario.unknown_profile(&["rfc", "interop"]).unwrap().render(false), @r"
    error: there is no profile `interup`
     --> scenarios/okta/a.yaml:2:10
      |
    2 | profile: interup
      |          ^^^^^^^ not known
      |
      = note: known are `rfc`, `interop`
      = help: did you mean `interop`?
    ");
}

/// Text of values that may stand anywhere, right or wrong.
fn any_value() -> impl Strategy<Value = String> {
    let words: Vec<&str> = vec![
        "~",
        "true",
        "1",
        "200",
        "1001",
        "x",
        "none",
        "GET /Users",
        "\"{{ ada.userName }}\"",
        "\"{{ nope }}\"",
        "\"{{\"",
        "/id",
        "raw",
        "okta",
        "body.json",
        "{}",
        "[]",
        "[1]",
        "5ms",
    ];
    let keys: Vec<&str> = [
        FILE.known,
        STEP.known,
        UNTIL.known,
        BEARER.known,
        SAVE_HEADER.known,
        &MATCHERS,
        &["$x", "idp", "ada"],
    ]
    .concat();
    let leaf = proptest::sample::select(words).prop_map(str::to_owned);
    leaf.prop_recursive(3, 24, 4, move |inner| {
        let member = (proptest::sample::select(keys.clone()), inner.clone());
        prop_oneof![
            proptest::collection::vec(inner, 1..3).prop_map(|items| format!("[{}]", items.join(", "))),
            proptest::collection::vec(member, 1..4).prop_map(|members| {
                let members: Vec<String> =
                    members.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{ {} }}", members.join(", "))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_cannot_be_decoded_is_said(
        members in proptest::collection::vec((proptest::sample::select([FILE.known, STEP.known].concat()), any_value()), 0..3),
        step in proptest::collection::vec((proptest::sample::select(STEP.known), any_value()), 0..4),
    ) {
        let write = |(key, value): &(&str, String)| format!("{key}: {value}");
        let members: String = members.iter().map(|member| write(member) + "\n").collect();
        let step: Vec<String> = step.iter().map(write).collect();
        let text = format!("scenario: x\n{members}steps:\n  - {{ request: GET /, {} }}\n", step.join(", "));
        match decoded(&text) {
            Ok(scenario) => prop_assert_eq!(scenario.steps.len(), 1),
            Err(found) => prop_assert!(!found.is_empty()),
        }
    }
}

/// The mistakes of one `idp:` step.
fn idp_mistakes(step: &str) -> String {
    let indented = step.trim_end().replace('\n', "\n    ");
    mistakes(&format!(
        "scenario: x\nas: [okta]\ndirectory: ../../fixtures/acme.yaml\nsteps:\n  - {indented}\n"
    ))
}

#[test]
fn an_idp_step_is_read() {
    let scenario = decoded(
        "scenario: x\nas: [okta]\ndirectory: ../../fixtures/acme.yaml\nsteps:\n  - idp: { assign: [ada], advance: 31d, cycle: ~ }\n    faults: [{ requests: POST /Users, answer: 429, retry-after: 5 }]\n    expect: { failed: ada }\n  - request: GET /Users/{{ ada.id }}\n",
    )
    .unwrap();
    let Step::Idp(step) = &scenario.steps[0] else { panic!("a request") };
    assert_eq!(step.name, "assign: [ada], advance: 31d, cycle: ~");
    assert_eq!((step.actions.len(), step.faults.len(), step.prepares, step.silent), (3, 1, false, false));
    assert_eq!(step.failed, crate::scenario::action::Failed::These(vec!["ada".into()]));
    assert!(scenario.has_idp());
}

#[test]
fn a_generated_directory_is_made() {
    let scenario = decoded(
        "scenario: x\nas: [okta]\ndirectory: { people: 3, groups: 2, seed: 7 }\nsteps:\n  - idp: { assign: all }\n",
    )
    .unwrap();
    assert_eq!((scenario.directory.people.len(), scenario.directory.groups.len()), (3, 2));
    insta::assert_snapshot!(mistakes(
        "scenario: x\ndirectory: { people: 20000, group: 2 }\nsteps:\n  - request: GET /Users\n"
    ), @"
    error: `people` is a whole number from 1 to 2000
     --> scenarios/okta/a.yaml:2:22
      |
    2 | directory: { people: 20000, group: 2 }
      |                      ^^^^^ out of range

    error: unknown key `group` in a generated directory
     --> scenarios/okta/a.yaml:2:29
      |
    2 | directory: { people: 20000, group: 2 }
      |                             ^^^^^ not a key of a generated directory
      |
      = help: did you mean `groups`?
    ");
}

#[test]
fn actions_that_nobody_knows() {
    insta::assert_snapshot!(idp_mistakes("idp: synchronise"), @"
    error: `synchronise` is no action
     --> scenarios/okta/a.yaml:5:10
      |
    5 |   - idp: synchronise
      |          ^^^^^^^^^^^ not known
      |
      = help: alone stand `test-connection`, `cycle` and `import`; others say whom: `{ assign: ada }`
    ");
    insta::assert_snapshot!(idp_mistakes("idp: { asign: ada }"), @"
    error: unknown key `asign` in `idp`
     --> scenarios/okta/a.yaml:5:12
      |
    5 |   - idp: { asign: ada }
      |            ^^^^^ not a key of `idp`
      |
      = help: did you mean `assign`?
    ");
    insta::assert_snapshot!(idp_mistakes("idp: {}"), @"
    error: `idp` says nothing
     --> scenarios/okta/a.yaml:5:10
      |
    5 |   - idp: {}
      |          ^^ at least one action is needed
    ");
    insta::assert_snapshot!(idp_mistakes("idp: [ada]"), @"
    error: `idp` is an action, such as `{ assign: ada }`, not a list
     --> scenarios/okta/a.yaml:5:10
      |
    5 |   - idp: [ada]
      |          ^^^^^ expected an action, such as `{ assign: ada }`
    ");
    insta::assert_snapshot!(idp_mistakes("idp: { cycle: 3, advance: soon }"), @"
    error: `cycle` takes nothing
     --> scenarios/okta/a.yaml:5:19
      |
    5 |   - idp: { cycle: 3, advance: soon }
      |                   ^ not needed
      |
      = help: write `cycle: ~`, or `idp: cycle` where it stands alone

    error: `advance` is a span of time
     --> scenarios/okta/a.yaml:5:31
      |
    5 |   - idp: { cycle: 3, advance: soon }
      |                               ^^^^ not a span of time
      |
      = help: write a number with `d`, `h` or `m`, such as `31d`
    ");
}

#[test]
fn keys_that_nobody_has() {
    insta::assert_snapshot!(idp_mistakes("idp: { assign: [aada, 3], suspend: engineering, delete-group: ada }"), @"
    error: there is no person or group with the key `aada` in the directory
     --> scenarios/okta/a.yaml:5:21
      |
    5 |   - idp: { assign: [aada, 3], suspend: engineering, delete-group: ada }
      |                     ^^^^ not known
      |
      = help: did you mean `ada`?

    error: a key of the directory is text, not a number
     --> scenarios/okta/a.yaml:5:27
      |
    5 |   - idp: { assign: [aada, 3], suspend: engineering, delete-group: ada }
      |                           ^ expected text
      |
      = help: put it into quotes

    error: there is no person with the key `engineering` in the directory
     --> scenarios/okta/a.yaml:5:40
      |
    5 |   - idp: { assign: [aada, 3], suspend: engineering, delete-group: ada }
      |                                        ^^^^^^^^^^^ not known

    error: there is no group with the key `ada` in the directory
     --> scenarios/okta/a.yaml:5:67
      |
    5 |   - idp: { assign: [aada, 3], suspend: engineering, delete-group: ada }
      |                                                                   ^^^ not known
    ");
    insta::assert_snapshot!(idp_mistakes(
        "idp: { update: { bob: { manager: carl }, ada: { manager: carl } }, add-member: { everybody: all } }"
    ), @"
    error: there is no person with the key `bob` in the directory
     --> scenarios/okta/a.yaml:5:22
      |
    5 |   - idp: { update: { bob: { manager: carl }, ada: { manager: carl } }, add-member: { everybody: all } }
      |                      ^^^ not known

    error: there is no person with the key `carl` in the directory
     --> scenarios/okta/a.yaml:5:38
      |
    5 |   - idp: { update: { bob: { manager: carl }, ada: { manager: carl } }, add-member: { everybody: all } }
      |                                      ^^^^ not known

    error: there is no person with the key `carl` in the directory
     --> scenarios/okta/a.yaml:5:62
      |
    5 |   - idp: { update: { bob: { manager: carl }, ada: { manager: carl } }, add-member: { everybody: all } }
      |                                                              ^^^^ not known

    error: there is no group with the key `everybody` in the directory
     --> scenarios/okta/a.yaml:5:86
      |
    5 |   - idp: { update: { bob: { manager: carl }, ada: { manager: carl } }, add-member: { everybody: all } }
      |                                                                                      ^^^^^^^^^ not known
    ");
    insta::assert_snapshot!(idp_mistakes("idp: { update: { ada: x }, rename-group: { engineering: [x] }, add-member: ada }"), @"
    error: what changes of a person is a map of attributes, not text
     --> scenarios/okta/a.yaml:5:27
      |
    5 |   - idp: { update: { ada: x }, rename-group: { engineering: [x] }, add-member: ada }
      |                           ^ expected a map of attributes

    error: the name of a group is text, not a list
     --> scenarios/okta/a.yaml:5:61
      |
    5 |   - idp: { update: { ada: x }, rename-group: { engineering: [x] }, add-member: ada }
      |                                                             ^^^^ expected text

    error: this is a map from a key of the directory, not text
     --> scenarios/okta/a.yaml:5:80
      |
    5 |   - idp: { update: { ada: x }, rename-group: { engineering: [x] }, add-member: ada }
      |                                                                                ^^^ expected a map from a key of the directory
    ");
    insta::assert_snapshot!(idp_mistakes(
        "idp: { create-group: { ada: { displayName: A }, g: { name: G, members: [bob] }, h: 3 } }"
    ), @"
    error: `ada` is a variable of the directory
     --> scenarios/okta/a.yaml:5:28
      |
    5 |   - idp: { create-group: { ada: { displayName: A }, g: { name: G, members: [bob] }, h: 3 } }
      |                            ^^^ choose another name

    error: `g` has no `displayName`
     --> scenarios/okta/a.yaml:5:53
      |
    5 |   - idp: { create-group: { ada: { displayName: A }, g: { name: G, members: [bob] }, h: 3 } }
      |                                                     ^ this group

    error: unknown key `name` in a group
     --> scenarios/okta/a.yaml:5:58
      |
    5 |   - idp: { create-group: { ada: { displayName: A }, g: { name: G, members: [bob] }, h: 3 } }
      |                                                          ^^^^ not a key of a group
      |
      = note: the keys of a group are `displayName`, `externalId`, `members`

    error: there is no person or group with the key `bob` in the directory
     --> scenarios/okta/a.yaml:5:77
      |
    5 |   - idp: { create-group: { ada: { displayName: A }, g: { name: G, members: [bob] }, h: 3 } }
      |                                                                             ^^^ not known

    error: `h` has no `displayName`
     --> scenarios/okta/a.yaml:5:85
      |
    5 |   - idp: { create-group: { ada: { displayName: A }, g: { name: G, members: [bob] }, h: 3 } }
      |                                                                                     ^ this group
    ");
}

#[test]
fn keys_of_an_idp_step_that_nobody_knows() {
    insta::assert_snapshot!(idp_mistakes("idp: cycle\nrequest: GET /Users\nsilent: yes\nexpect: { status: 200 }"), @"
    error: unknown key `request` in an `idp` step
     --> scenarios/okta/a.yaml:6:5
      |
    6 |     request: GET /Users
      |     ^^^^^^^ not a key of an `idp` step
      |
      = help: `request` is a key of a step: is it indented as it should be?

    error: `silent` is `true` or `false`, not text
     --> scenarios/okta/a.yaml:7:13
      |
    7 |     silent: yes
      |             ^^^ expected `true` or `false`
      |
      = help: write `true`

    error: unknown key `status` in `expect` of an `idp` step
     --> scenarios/okta/a.yaml:8:15
      |
    8 |     expect: { status: 200 }
      |               ^^^^^^ not a key of `expect` of an `idp` step
      |
      = help: `status` is a key of `expect`: is it indented as it should be?

    error: `expect` of an `idp` step has no `failed`
     --> scenarios/okta/a.yaml:8:15
      |
    8 |     expect: { status: 200 }
      |               ^^^^^^ `failed` is missing
      |
      = help: name whom the identity provider cannot work on: `failed: [ada]`, or `failed: any`
    ");
    insta::assert_snapshot!(idp_mistakes("idp: cycle\nexpect: { failed: [ada, bob, connection] }"), @"
    error: there is no person or group with the key `bob` in the directory
     --> scenarios/okta/a.yaml:6:29
      |
    6 |     expect: { failed: [ada, bob, connection] }
      |                             ^^^ not known
    ");
}

#[test]
fn faults_that_cannot_happen() {
    insta::assert_snapshot!(idp_mistakes(
        "idp: cycle\nfaults:\n  - { answer: 503 }\n  - { request: 0, answer: 503 }\n  - { request: 1-2, answer: 503 }\n  - { requests: 3-2, answer: 503 }\n  - { request: get /Users, answer: 503 }\n  - { request: 1, requests: 1-2, answer: 503 }"
    ), @"
    error: which request does it happen to?
     --> scenarios/okta/a.yaml:7:9
      |
    7 |       - { answer: 503 }
      |         ^^^^^^^^^^^^^^^ this fault
      |
      = help: name one, or count the requests of the step from 1: `request: POST /Users` (the first one), `requests: POST /Users` (every one), `request: 3`, `requests: 3-5`

    error: `request` is a whole number from 1 to 100000
     --> scenarios/okta/a.yaml:8:20
      |
    8 |       - { request: 0, answer: 503 }
      |                    ^ out of range

    error: this is no request
     --> scenarios/okta/a.yaml:9:20
      |
    9 |       - { request: 1-2, answer: 503 }
      |                    ^^^ not known
      |
      = help: name one, or count the requests of the step from 1: `request: POST /Users` (the first one), `requests: POST /Users` (every one), `request: 3`, `requests: 3-5`

    error: these are no requests
      --> scenarios/okta/a.yaml:10:21
       |
    10 |       - { requests: 3-2, answer: 503 }
       |                     ^^^ not known
       |
       = help: name one, or count the requests of the step from 1: `request: POST /Users` (the first one), `requests: POST /Users` (every one), `request: 3`, `requests: 3-5`

    error: this is no request
      --> scenarios/okta/a.yaml:11:20
       |
    11 |       - { request: get /Users, answer: 503 }
       |                    ^^^^^^^^^^ not known
       |
       = help: name one, or count the requests of the step from 1: `request: POST /Users` (the first one), `requests: POST /Users` (every one), `request: 3`, `requests: 3-5`

    error: which request does it happen to?
      --> scenarios/okta/a.yaml:12:9
       |
    12 |       - { request: 1, requests: 1-2, answer: 503 }
       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this fault
       |
       = help: name one, or count the requests of the step from 1: `request: POST /Users` (the first one), `requests: POST /Users` (every one), `request: 3`, `requests: 3-5`
    ");
    insta::assert_snapshot!(idp_mistakes(
        "idp: cycle\nfaults:\n  - { request: 1 }\n  - { request: 1, answer: 200 }\n  - { request: 1, answer: gone }\n  - { request: 1, answer: lost, retry-after: 5 }\n  - { request: 1, answer: 503, retry-after: 5000 }"
    ), @"
    error: a fault has no `answer`
     --> scenarios/okta/a.yaml:7:11
      |
    7 |       - { request: 1 }
      |           ^^^^^^^ `answer` is missing
      |
      = help: a status such as `503`, `lost` (it arrives, its answer does not) or `unreachable` (it does not arrive)

    error: `answer` is a whole number from 400 to 599
     --> scenarios/okta/a.yaml:8:31
      |
    8 |       - { request: 1, answer: 200 }
      |                               ^^^ out of range

    error: this is no answer to a request
     --> scenarios/okta/a.yaml:9:31
      |
    9 |       - { request: 1, answer: gone }
      |                               ^^^^ not known
      |
      = help: a status such as `503`, `lost` (it arrives, its answer does not) or `unreachable` (it does not arrive)

    error: `retry-after` is a header of an answer
      --> scenarios/okta/a.yaml:10:50
       |
    10 |       - { request: 1, answer: lost, retry-after: 5 }
       |                                                  ^ nothing is answered here

    error: `retry-after` is a whole number from 0 to 300
      --> scenarios/okta/a.yaml:11:49
       |
    11 |       - { request: 1, answer: 503, retry-after: 5000 }
       |                                                 ^^^^ out of range
    ");
}

#[test]
fn an_idp_step_needs_a_dialect_and_a_directory() {
    insta::assert_snapshot!(mistakes("scenario: x\nsteps:\n  - idp: { assign: ada }\n"), @"
    error: whose words is this step said in?
     --> scenarios/okta/a.yaml:3:10
      |
    3 |   - idp: { assign: ada }
      |          ^^^^^^^^^^^^^^^ an action of an identity provider
      |
      = help: name the dialects at the top of the file, such as `as: [okta, entra]`

    error: there is no person or group with the key `ada` in the directory
     --> scenarios/okta/a.yaml:3:20
      |
    3 |   - idp: { assign: ada }
      |                    ^^^ not known
      |
      = help: name a directory: `directory: ../../fixtures/acme.yaml`
    ");
}
