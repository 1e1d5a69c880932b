//! Reading directories.

use proptest::prelude::*;

use super::scope::{Nesting, NotInScope, Scope};
use super::*;
use crate::diagnostic::SourceFile;

const ACME: &str = include_str!("../../../fixtures/acme.yaml");

fn read(text: &str) -> Directory {
    parse(&SourceFile::new("fixtures/a.yaml", text)).unwrap()
}

fn mistakes(text: &str) -> String {
    let found = parse(&SourceFile::new("fixtures/a.yaml", text)).unwrap_err();
    found.iter().map(|mistake| mistake.render(false)).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn the_shipped_fixture_is_a_pilot_of_six() {
    let acme = read(ACME);
    assert_eq!((acme.people.len(), acme.groups.len()), (6, 3));
    let everyone = acme.groups.iter().find(|group| group.key == "everyone").unwrap();
    let members: Vec<&str> = everyone.members.iter().map(Member::key).collect();
    assert_eq!(members, acme.people.iter().map(|person| person.key.as_str()).collect::<Vec<_>>());
    assert_eq!(acme.variables("")["ada"]["userName"], "ada@acme.example.com");
    let scope = Scope::new(&acme, Nesting::Direct);
    assert!(acme.assignments.is_none() && scope.people().all(|(_, standing)| standing.is_ok()));
    assert_eq!(scope.assigned_groups().count(), 3);
}

#[test]
fn every_mistake_of_a_fixture_is_reported() {
    let text = "people:\n  ada: { username: ada@acme.test, manager: grce }\n  grace: { userName: 7, id: x }\n  base: { userName: b }\ngroups:\n  ada: { displayName: A, membrs: [] }\n  team: { members: [graze] }\nuser: {}\n";
    insta::assert_snapshot!(mistakes(text), @"
    error: `ada` has no `userName`
     --> fixtures/a.yaml:2:3
      |
    2 |   ada: { username: ada@acme.test, manager: grce }
      |   ^^^ `userName` is missing
      |
      = help: is `username` meant to be `userName`?

    error: there is no person with the key `grce`
     --> fixtures/a.yaml:2:44
      |
    2 |   ada: { username: ada@acme.test, manager: grce }
      |                                            ^^^^ not known
      |
      = help: did you mean `grace`?

    error: `userName` is text, not a number
     --> fixtures/a.yaml:3:22
      |
    3 |   grace: { userName: 7, id: x }
      |                      ^ expected text
      |
      = help: put it into quotes

    error: `id` does not belong into a directory
     --> fixtures/a.yaml:3:25
      |
    3 |   grace: { userName: 7, id: x }
      |                         ^^ the target gives people this attribute

    error: `base` is a variable of its own
     --> fixtures/a.yaml:4:3
      |
    4 |   base: { userName: b }
      |   ^^^^ choose another key

    error: two entries with the key `ada`
     --> fixtures/a.yaml:6:3
      |
    2 |   ada: { username: ada@acme.test, manager: grce }
      |   --- first here
    ...
    6 |   ada: { displayName: A, membrs: [] }
      |   ^^^ again here
      |
      = help: people and groups share their keys

    error: unknown key `membrs` in a group
     --> fixtures/a.yaml:6:26
      |
    6 |   ada: { displayName: A, membrs: [] }
      |                          ^^^^^^ not a key of a group
      |
      = help: did you mean `members`?

    error: `team` has no `displayName`
     --> fixtures/a.yaml:7:3
      |
    7 |   team: { members: [graze] }
      |   ^^^^ `displayName` is missing

    error: there is no person or group with the key `graze`
     --> fixtures/a.yaml:7:21
      |
    7 |   team: { members: [graze] }
      |                     ^^^^^ not known
      |
      = help: did you mean `grace`?

    error: unknown key `user` in a directory
     --> fixtures/a.yaml:8:1
      |
    8 | user: {}
      | ^^^^ not a key of a directory
      |
      = note: the keys of a directory are `people`, `groups`, `assignments`, `mappings`
    ");
}

#[test]
fn mistakes_of_everything_else() {
    let text = r#"people:
  ada: { userName: ada@a.test, status: susspended, active: false, titel: Dr, emails: { value: x } }
  bob: { userName: ADA@a.test, department: X, name: { givenNam: B }, nickName: 7, manager: team }
  eve:
    userName: eve@a.test
    urn:ietf:params:scim:schemas:extension:enterprise:2.0:User: { manager: { value: x }, departmnt: Y }
    urn:ietf:params:scim:schemas:extension:Enterprise:2.0:User: {}
    urn:example:other: text
groups:
  team: { displayName: Team, members: [ada, inner] }
  inner: { displayName: Inner, members: [middle] }
  middle: { displayName: Middle, members: [bob, team] }
assignments:
  users: al
  groups: [ada, tema]
  scope: 'department eq "X"'
  scoop: x
mappings:
  entar: {}
  entra: { title: ~, displayName: "", nickName: [x] }
"#;
    insta::assert_snapshot!(mistakes(text), @r#"
    error: `susspended` is not a status
     --> fixtures/a.yaml:2:40
      |
    2 |   ada: { userName: ada@a.test, status: susspended, active: false, titel: Dr, emails: { value: x } }
      |                                        ^^^^^^^^^^ not known
      |
      = note: known are `active`, `suspended`, `deleted`
      = help: did you mean `suspended`?

    error: `active` follows from the `status` of a person
     --> fixtures/a.yaml:2:52
      |
    2 |   ada: { userName: ada@a.test, status: susspended, active: false, titel: Dr, emails: { value: x } }
      |                                                    ^^^^^^ not said here
      |
      = help: write `status: suspended`, or `status: deleted`

    error: `titel` is no attribute of a person
     --> fixtures/a.yaml:2:67
      |
    2 |   ada: { userName: ada@a.test, status: susspended, active: false, titel: Dr, emails: { value: x } }
      |                                                                   ^^^^^ not known
      |
      = help: did you mean `title`?

    error: `emails` is a list, not a map
     --> fixtures/a.yaml:2:86
      |
    2 |   ada: { userName: ada@a.test, status: susspended, active: false, titel: Dr, emails: { value: x } }
      |                                                                                      ^^^^^^^^^^^^^ expected a list

    error: two people with the userName `ADA@a.test`
     --> fixtures/a.yaml:3:20
      |
    2 |   ada: { userName: ada@a.test, status: susspended, active: false, titel: Dr, emails: { value: x } }
      |                    ---------- first here
    3 |   bob: { userName: ADA@a.test, department: X, name: { givenNam: B }, nickName: 7, manager: team }
      |                    ^^^^^^^^^^ again here

    error: `department` is no attribute of a person
     --> fixtures/a.yaml:3:32
      |
    3 |   bob: { userName: ADA@a.test, department: X, name: { givenNam: B }, nickName: 7, manager: team }
      |                                ^^^^^^^^^^ not known
      |
      = help: it is one of the enterprise extension: write it below `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`

    error: `givenNam` is no part of `name`
     --> fixtures/a.yaml:3:55
      |
    3 |   bob: { userName: ADA@a.test, department: X, name: { givenNam: B }, nickName: 7, manager: team }
      |                                                       ^^^^^^^^ not known
      |
      = help: did you mean `givenName`?

    error: `nickName` is text, not a number
     --> fixtures/a.yaml:3:80
      |
    3 |   bob: { userName: ADA@a.test, department: X, name: { givenNam: B }, nickName: 7, manager: team }
      |                                                                                ^ expected text
      |
      = help: put it into quotes

    error: `team` is a group
      --> fixtures/a.yaml:3:92
       |
     3 |   bob: { userName: ADA@a.test, department: X, name: { givenNam: B }, nickName: 7, manager: team }
       |                                                                                            ^^^^ a person belongs here
    ...
    10 |   team: { displayName: Team, members: [ada, inner] }
       |   ---- defined here

    error: a manager is named by key
     --> fixtures/a.yaml:6:67
      |
    6 |     urn:ietf:params:scim:schemas:extension:enterprise:2.0:User: { manager: { value: x }, departmnt: Y }
      |                                                                   ^^^^^^^ not here
      |
      = help: write `manager: KEY` beside `userName`, with the key of the manager

    error: `departmnt` is no attribute of the enterprise extension
     --> fixtures/a.yaml:6:90
      |
    6 |     urn:ietf:params:scim:schemas:extension:enterprise:2.0:User: { manager: { value: x }, departmnt: Y }
      |                                                                                          ^^^^^^^^^ not known
      |
      = help: did you mean `department`?

    error: the enterprise extension in another spelling
     --> fixtures/a.yaml:7:5
      |
    7 |     urn:ietf:params:scim:schemas:extension:Enterprise:2.0:User: {}
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ letter case differs
      |
      = help: write `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`

    error: an extension is a map, not text
     --> fixtures/a.yaml:8:24
      |
    8 |     urn:example:other: text
      |                        ^^^^ expected a map

    error: groups cannot contain themselves: `team` → `inner` → `middle` → `team`
      --> fixtures/a.yaml:12:49
       |
    12 |   middle: { displayName: Middle, members: [bob, team] }
       |                                                 ^^^^ this closes the circle

    error: `users` is `all` or a list of keys, not text
      --> fixtures/a.yaml:14:10
       |
    14 |   users: al
       |          ^^ expected `all` or a list of keys

    error: `ada` is a person
      --> fixtures/a.yaml:15:12
       |
     2 |   ada: { userName: ada@a.test, status: susspended, active: false, titel: Dr, emails: { value: x } }
       |   --- defined here
    ...
    15 |   groups: [ada, tema]
       |            ^^^ a group belongs here

    error: there is no group with the key `tema`
      --> fixtures/a.yaml:15:17
       |
    15 |   groups: [ada, tema]
       |                 ^^^^ not known
       |
       = help: did you mean `team`?

    error: the scope does not fit a person: `department` is no attribute of a person
      --> fixtures/a.yaml:16:11
       |
    16 |   scope: 'department eq "X"'
       |           ^^^^^^^^^^ this filter
       |
       = help: it is one of the enterprise extension: write `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`

    error: unknown key `scoop` in `assignments`
      --> fixtures/a.yaml:17:3
       |
    17 |   scoop: x
       |   ^^^^^ not a key of `assignments`
       |
       = note: the keys of `assignments` are `users`, `groups`, `scope`

    error: unknown key `entar` in `mappings`
      --> fixtures/a.yaml:19:3
       |
    19 |   entar: {}
       |   ^^^^^ not a key of `mappings`
       |
       = help: did you mean `entra`?

    error: an expression is missing
      --> fixtures/a.yaml:20:35
       |
    20 |   entra: { title: ~, displayName: "", nickName: [x] }
       |                                   ^^ empty
       |
       = help: write `null` for an attribute that is not mapped

    error: the expression of `nickName` is text, not a list
      --> fixtures/a.yaml:20:49
       |
    20 |   entra: { title: ~, displayName: "", nickName: [x] }
       |                                                 ^^^^ expected text
    "#);
}

#[test]
fn mistakes_of_scope_filters() {
    for (scope, place) in [
        ("userType eq Employee", "E"),
        ("title pr and titel pr", "titel"),
        (r#"emails[typ eq "work"]"#, "typ"),
        ("active eq 7", "active eq 7"),
        ("title gt 7 and", ""),
    ] {
        let text = format!("people: {{}}\nassignments:\n  scope: '{scope}'\n");
        let found = parse(&SourceFile::new("a", text.as_str())).unwrap_err();
        let label = &found[0].labels[0];
        assert!(text[label.span.clone()].contains(place), "{}", found[0].render(false));
    }
}

#[test]
fn everything_is_read() {
    let directory = read(
        "assignments: { users: [ada], groups: all, scope: title pr }\nmappings:\n  okta: { title: ~, displayName: 'ToLower([title])' }\ngroups:\n  team: { displayName: Team, members: [ada, inner] }\n  inner: { displayName: Inner, externalId: i, members: [] }\npeople:\n  ada: { userName: a, status: deleted, manager: ada }\n",
    );
    assert_eq!(directory.people[0].status, PersonStatus::Deleted);
    assert_eq!(directory.people[0].manager.as_deref(), Some("ada"));
    assert_eq!(directory.people[0].attributes.len(), 1);
    assert_eq!(directory.groups[0].members, [Member::Person("ada".into()), Member::Group("inner".into())]);
    let assignments = directory.assignments.unwrap();
    assert_eq!(assignments.users, Assigned::These(vec!["ada".into()]));
    assert_eq!(assignments.groups, Assigned::All);
    assert_eq!(assignments.scope.unwrap().to_string(), "title pr");
    let [okta] = &directory.mappings[..] else { panic!() };
    assert_eq!((okta.dialect, okta.rules[0].expression.as_ref()), (Dialect::Okta, None));
    assert_eq!(okta.rules[1].target, "displayName");
    assert_eq!(okta.rules[1].expression.as_ref().unwrap().0, "ToLower([title])");
}

#[test]
fn sections_that_are_repeated_by_alias_are_read_too() {
    let text = "people: &p\n  ada: &ada { userName: a }\ngroups: { g: { displayName: G, members: &m [ada] }, h: { displayName: H, members: *m } }\n";
    let directory = read(text);
    assert_eq!((directory.people.len(), directory.groups.len()), (1, 2));
    assert_eq!(directory.groups[1].members, [Member::Person("ada".into())]);
    assert!(
        mistakes("people: &p { ada: { userName: a } }\ngroups: *p\n")
            .contains("two entries with the key `ada`")
    );
}

#[test]
fn a_file_of_another_kind_is_refused_quickly() {
    let text = (0..200_000).map(|index| format!("  p{index}: x\n")).collect::<String>();
    let found = parse(&SourceFile::new("a", format!("people:\n{text}"))).unwrap_err();
    assert_eq!(found.len(), 50);
    assert!(found[49].notes[0].contains("more mistakes"));
}

#[test]
fn who_is_in_scope() {
    let text = r#"people:
  ada: { userName: ada, userType: Employee, manager: eve }
  bob: { userName: bob, userType: Contractor, urn:ietf:params:scim:schemas:extension:enterprise:2.0:User: { department: R&D } }
  eve: { userName: eve, status: suspended, userType: employee }
  joe: { userName: joe, userType: Employee }
groups:
  team: { displayName: Team, members: [inner, ada, bob, ada] }
  inner: { displayName: Inner, members: [eve, core] }
  core: { displayName: Core, members: [ada, joe] }
"#;
    let directory = |assignments: &str| read(&format!("{text}assignments: {assignments}\n"));
    let standing = |assignments: &str, nesting: Nesting| -> String {
        let directory = directory(assignments);
        let scope = Scope::new(&directory, nesting);
        let signs = scope.people().map(|(_, standing)| match standing {
            Ok(()) => '+',
            Err(NotInScope::NotAssigned) => '-',
            Err(NotInScope::OutsideScope) => '/',
        });
        signs.collect()
    };
    assert_eq!(standing("{}", Nesting::All), "----");
    assert_eq!(standing("{ users: all }", Nesting::Direct), "++++");
    assert_eq!(standing("{ users: [joe], groups: [inner] }", Nesting::Direct), "--++");
    assert_eq!(standing("{ groups: [team] }", Nesting::Direct), "++--");
    assert_eq!(standing("{ groups: [team] }", Nesting::All), "++++");
    assert_eq!(standing("{ groups: [inner] }", Nesting::All), "+-++");
    assert_eq!(standing("{ users: all, scope: 'userType eq \"Employee\"' }", Nesting::All), "+/++");
    assert_eq!(standing("{ users: all, scope: active eq true }", Nesting::All), "++/+");
    let urn = "'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    assert_eq!(standing(&format!("{{ users: all, scope: {urn}:department pr' }}"), Nesting::All), "/+//");
    assert_eq!(
        standing(&format!("{{ users: all, scope: {urn}:manager.value eq \"eve\"' }}"), Nesting::All),
        "+///"
    );

    let directory = directory("{ groups: [core, team] }");
    let scope = Scope::new(&directory, Nesting::Direct);
    let members = |group: &str, nesting: Nesting| -> Vec<&str> {
        scope.members_of(group, nesting).into_iter().map(|person| person.key.as_str()).collect()
    };
    assert_eq!(members("team", Nesting::Direct), ["ada", "bob"]);
    assert_eq!(members("team", Nesting::All), ["ada", "bob", "eve", "joe"]);
    assert_eq!(members("nobody", Nesting::All), [""; 0]);
    let assigned: Vec<&str> = scope.assigned_groups().map(|group| group.key.as_str()).collect();
    assert_eq!(assigned, ["team", "core"]);
    assert!(scope.is_assigned_group("core") && !scope.is_assigned_group("inner"));
    assert_eq!(scope.standing("eve"), Some(Err(NotInScope::NotAssigned)));
    assert!(scope.person("eve").is_some() && scope.group("core").is_some() && scope.person("core").is_none());
}

/// Text made of what directories are made of.
fn directoryish() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "people:",
        "groups:",
        "assignments:",
        "mappings:",
        "\n",
        "\n  ",
        "\n    ",
        "ada:",
        "team:",
        " ada",
        " team",
        " { ",
        " }",
        " [",
        "]",
        ", ",
        "userName: a",
        "userName: 7",
        "status: active",
        "manager: ada",
        "displayName: T",
        "members: ",
        "users: all",
        "scope: ",
        "title pr",
        "'emails[type eq \"work\"]'",
        "\"\\u00e9\"",
        "entra:",
        "title: ~",
        "&x ",
        "*x ",
        "name: ",
        "é",
        "active: true",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User: ",
        "department: x",
    ]);
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_panics(text in directoryish()) {
        if let Err(mistakes) = parse(&SourceFile::new("a", text)) {
            prop_assert!(!mistakes.is_empty());
            mistakes.iter().for_each(|mistake| drop(mistake.render(false)));
        }
    }
}

#[test]
fn mappings_that_give_something_else_than_their_target_takes() {
    let text = r#"people: {}
mappings:
  okta:
    emails: '"a"'
    title: '[name]'
    displayName: '[emails]'
    nickName: 'Split([userName], "@")'
    userType: 'Item(Split([userName], "@"), 0)'
    locale: 'Item([userName], 1)'
    timezone: 'ToLower([nam])'
"#;
    insta::assert_snapshot!(mistakes(text));
}

#[test]
fn an_empty_name_is_told_as_such() {
    let text = "people:\n  ada: { userName: ' ' }\n  bob: { userName: \"a\\nb\" }\ngroups:\n  team: { displayName: '' }\n";
    insta::assert_snapshot!(mistakes(text));
}
