//! Mistakes of `idp:` steps, each at its place.

use super::tests::{decoded, mistakes};
use crate::scenario::Step;

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

#[test]
fn changes_of_a_person_that_no_directory_would_take() {
    insta::assert_snapshot!(idp_mistakes(
        "idp: { update: { ada: { titel: x, emails: 3, name: hello, userType: [1], active: false, status: suspended, id: 3 } } }"
    ));
    insta::assert_snapshot!(idp_mistakes(
        "idp: { update: { ada: { userName: ~, manager: [x], department: y, statsu: z, emails: [{ valu: a }], name: { givenName: 7 } } } }"
    ));
    insta::assert_snapshot!(idp_mistakes(
        "idp: { update: { ada: { userName: ' ', urn:ietf:params:scim:schemas:extension:enterprise:2.0:User: { departmnt: y } } } }"
    ));
}

#[test]
fn changes_of_a_person_are_partial_and_may_hold_variables() {
    let text = "scenario: x\nas: [okta]\ndirectory: ../../fixtures/acme.yaml\nvars: { name: n@acme.example.com }\nsteps:\n  - idp: { update: { ada: { title: ~, userName: '{{ name }}', emails: '{{ name }}', name: { givenName: '{{ name }}' }, manager: ~, urn:ietf:params:scim:schemas:extension:enterprise:2.0:User: ~, urn:example:own: { shoe: 42 } } } }\n";
    decoded(text).unwrap();
}
