//! Values that do not fit: variables, matchers, types, words, files.

use super::*;

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
        matches!(&request(&scenario.steps[0]).body, crate::scenario::Body::Bytes(bytes) if bytes[..] == [0xff, 0xd8])
    );
}
