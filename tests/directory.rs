//! `directory`: making, importing and checking directories.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Sandbox, Server, TOKEN, assert_run, closed_port};

const COMPANY: &str = include_str!("../fixtures/company.yaml");

#[test]
fn a_directory_is_summed_up() {
    let sandbox = Sandbox::new();
    sandbox.write("company.yaml", COMPANY).write("acme.yaml", include_str!("../fixtures/acme.yaml"));
    assert_run!(sandbox, ["directory", "check", "company.yaml"], @"
    success: true
    exit_code: 0
    ----- stdout -----
    people         60  56 active, 3 suspended, 1 deleted
    groups         12  2 with groups in them
    assigned       31  people, and 6 groups
    in scope       27
    out            33  29 not assigned, 4 outside the scope filter

    ----- stderr -----
    ");
    assert_run!(sandbox, ["directory", "check", "acme.yaml"], @"
    success: true
    exit_code: 0
    ----- stdout -----
    people          6  6 active
    groups          3
    assigned        6  everybody, as nothing is said
    in scope        6
    out             0

    ----- stderr -----
    ");
}

#[test]
fn mistakes_are_shown_at_their_place() {
    let sandbox = Sandbox::new();
    sandbox
        .write("a.yaml", "people:\n  ada: { userName: a, manager: bob }\nassignments: { scope: titel pr }\n");
    assert_run!(sandbox, ["directory", "check", "a.yaml"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: there is no person with the key `bob`
     --> a.yaml:2:32
      |
    2 |   ada: { userName: a, manager: bob }
      |                                ^^^ not known

    error: the scope does not fit a person: `titel` is no attribute of a person
     --> a.yaml:3:23
      |
    3 | assignments: { scope: titel pr }
      |                       ^^^^^ this filter
      |
      = help: did you mean `title`?

    error: nothing was done because of these 2 mistakes
    ");
    std::fs::write(sandbox.path().join("b.yaml"), b"people: \xff").unwrap();
    assert_run!(sandbox, ["directory", "check", "b.yaml"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: `b.yaml` is not UTF-8, from byte 8 on
      hint: save it as UTF-8
    ");
    assert_run!(sandbox, ["directory", "check", "c.yaml"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: cannot read `c.yaml`: No such file or directory (os error [CODE])
    ");
}

#[test]
fn a_generated_directory_is_always_the_same_and_can_be_read() {
    let sandbox = Sandbox::new();
    let generate = |more: &[&str]| {
        let arguments: Vec<&str> = ["directory", "generate", "--people", "500", "--groups", "60"]
            .iter()
            .chain(more)
            .copied()
            .collect();
        let output = sandbox.command(&arguments).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let text = generate(&[]);
    assert_eq!(text, generate(&["--seed", "1"]));
    assert_ne!(text, generate(&["--seed", "2"]));
    assert_eq!(generate(&["--output", "big.yaml"]), "");
    assert_eq!(sandbox.read("big.yaml"), text);
    assert!(generate(&["--domain", "hr.test"]).contains("@hr.test"));
    assert_run!(sandbox, ["directory", "check", "big.yaml"], @"
    success: true
    exit_code: 0
    ----- stdout -----
    people        500  488 active, 11 suspended, 1 deleted
    groups         60  4 with groups in them
    assigned      500  everybody, as nothing is said
    in scope      500
    out             0

    ----- stderr -----
    ");
    assert_run!(sandbox, ["directory", "generate", "--domain", "acme.com"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: invalid value 'acme.com' for '--domain <DOMAIN>': it must end in example.com, example.org, example.net, .example, .test or .invalid, in lower case, so that no mail reaches anybody

    For more information, try '--help'.
    ");
    assert_eq!(sandbox.exit_code(&["directory", "generate", "--people", "50001"]), Some(2));
}

#[test]
fn a_table_becomes_a_directory() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "people.csv",
        "userName,givenName,familyName,email,department,manager,status,groups\n\
         ada@a.test,Ada,Byron,ada@a.test,R&D,grace@a.test,,Staff;Research\n\
         grace@a.test,Grace,Hopper,,,,suspended,Staff\n",
    );
    assert_run!(sandbox, ["directory", "import", "--csv", "people.csv"], @"
    success: true
    exit_code: 0
    ----- stdout -----
    # From people.csv, read by `scimulator directory import`.
    people:
      ada:
        userName: ada@a.test
        name: { givenName: Ada, familyName: Byron }
        emails:
          - { value: ada@a.test, type: work, primary: true }
        urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:
          department: R&D
        manager: grace
      grace:
        userName: grace@a.test
        name: { givenName: Grace, familyName: Hopper }
        status: suspended
    groups:
      staff:
        displayName: Staff
        members: [ada, grace]
      research:
        displayName: Research
        members: [ada]

    ----- stderr -----
    2 people and 2 groups
    ");
    assert_eq!(
        sandbox.exit_code(&["directory", "import", "--csv", "people.csv", "--output", "a.yaml"]),
        Some(0)
    );
    assert_eq!(sandbox.exit_code(&["directory", "check", "a.yaml"]), Some(0));
}

#[test]
fn mistakes_of_a_table_are_shown_with_their_lines() {
    let sandbox = Sandbox::new();
    sandbox.write("a.csv", "userName,shoe size,manager\nada,42,graze\ngrace,,\nGRACE,,\n");
    assert_run!(sandbox, ["directory", "import", "--csv", "a.csv"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: column 2: `shoe size` is not known
     --> a.csv:1:10
      |
    1 | userName,shoe size,manager
      |          ^^^^^^^^^ this column
      |
      = help: columns that cannot be used are left out with `--ignore-unknown`

    error: nothing was done because of this mistake
    ");
    assert_run!(sandbox, ["directory", "import", "--csv", "a.csv", "--ignore-unknown"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: no row has the userName `graze` of this manager
     --> a.csv:2:8
      |
    2 | ada,42,graze
      |        ^^^^^ not known
      |
      = help: did you mean `grace`?

    error: two people with the userName `GRACE`
     --> a.csv:4:1
      |
    3 | grace,,
      | ------- first here
    4 | GRACE,,
      | ^^^^^ again here

    error: nothing was done because of these 2 mistakes
    ");
}

#[test]
fn nothing_to_import_from_is_wrong_usage() {
    assert_run!(Sandbox::new(), ["directory", "import"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: there is nothing to import from
      hint: give `--csv FILE` for a table, or `--target URL` for a SCIM service
    ");
    let target = format!("http://127.0.0.1:{}", closed_port());
    assert_eq!(Sandbox::new().exit_code(&["directory", "import", "--target", &target]), Some(3));
}

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

const PEOPLE: [&str; 2] = [
    r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"Zoë.Müller@a.test","password":"hunter2","active":false,"name":{"givenName":"Zoë"},"emails":[{"value":"z@a.test","type":"work","primary":true}],"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D","manager":{"value":"nobody"}}}"#,
    r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@a.test","title":"7"}"#,
];

/// Creates a resource and returns its id.
fn post(server: &Server, endpoint: &str, body: &str) -> String {
    let rest = server.url.strip_prefix("http://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(authority).unwrap();
    let length = body.len();
    let request = format!(
        "POST /{path}/{endpoint} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/scim+json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let answer = std::io::read_to_string(stream).unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    body["id"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
}

/// Resources of a provider become a directory.
#[test]
fn a_service_becomes_a_directory() {
    let sandbox = Sandbox::new();
    let server = Server::with(&sandbox, &["--profile", "interop"]);
    let ids: Vec<String> = PEOPLE.iter().map(|person| post(&server, "Users", person)).collect();
    let members =
        |ids: &[&str]| ids.iter().map(|id| format!(r#"{{"value":"{id}"}}"#)).collect::<Vec<_>>().join(",");
    let group = |name: &str, ids: &[&str]| {
        let schema = "urn:ietf:params:scim:schemas:core:2.0:Group";
        let members = members(ids);
        post(
            &server,
            "Groups",
            &format!(r#"{{"schemas":["{schema}"],"displayName":"{name}","members":[{members}]}}"#),
        )
    };
    let inner = group("Inner", &[&ids[1]]);
    group("Outer", &[&ids[0], &inner]);
    for number in 0..230 {
        post(&server, "Users", &format!(r#"{{"schemas":["{USER}"],"userName":"more-{number}@a.test"}}"#));
    }
    let import = ["directory", "import", "--target", &server.url, "--token", TOKEN, "--output", "a.yaml"];
    let output = sandbox.command(&import).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    let text = sandbox.read("a.yaml").replace(&server.url, "[URL]");
    assert!(!text.contains("hunter2"));
    // Over more than one page.
    assert_eq!(text.matches("userName: more-").count(), 230);
    let (people, rest) = text.split_once("  more-0-").or(text.split_once("  more-0:")).unwrap();
    let groups = rest.split_once("groups:").unwrap().1;
    insta::assert_snapshot!(format!("{people}…\ngroups:{groups}\n{said}"), @r#"
    # From [URL], read by `scimulator directory import`.
    people:
      zoe-muller:
        userName: Zoë.Müller@a.test
        name: { givenName: Zoë }
        emails:
          - { value: z@a.test, type: work, primary: true }
        urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:
          department: R&D
        status: suspended
      ada:
        userName: ada@a.test
        title: "7"
    …
    groups:
      inner:
        displayName: Inner
        members: [ada]
      outer:
        displayName: Outer
        members: [zoe-muller, inner]

    left out: a manager who is no user of the service
    232 people and 2 groups
    "#);
    assert_eq!(sandbox.exit_code(&["directory", "check", "a.yaml"]), Some(0));
    let refused = ["directory", "import", "--target", &server.url, "--token", "wrong"];
    assert_eq!(sandbox.exit_code(&refused), Some(3));
}
