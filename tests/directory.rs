//! `directory`: making, importing and checking directories.

mod common;

use common::{Sandbox, Server, TOKEN, assert_run, closed_port};

const COMPANY: &str = include_str!("../fixtures/company.yaml");

#[test]
fn a_directory_is_summed_up() {
    let sandbox = Sandbox::new();
    sandbox.write("company.yaml", COMPANY).write("acme.yaml", include_str!("../fixtures/acme.yaml"));
    assert_run!(sandbox, ["directory", "check", "company.yaml"], @"");
    assert_run!(sandbox, ["directory", "check", "acme.yaml"], @"");
}

#[test]
fn mistakes_are_shown_at_their_place() {
    let sandbox = Sandbox::new();
    sandbox
        .write("a.yaml", "people:\n  ada: { userName: a, manager: bob }\nassignments: { scope: titel pr }\n");
    assert_run!(sandbox, ["directory", "check", "a.yaml"], @"");
    std::fs::write(sandbox.path().join("b.yaml"), b"people: \xff").unwrap();
    assert_run!(sandbox, ["directory", "check", "b.yaml"], @"");
    assert_run!(sandbox, ["directory", "check", "c.yaml"], @"");
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
    assert_run!(sandbox, ["directory", "check", "big.yaml"], @"");
    assert_run!(sandbox, ["directory", "generate", "--domain", "acme.com"], @"");
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
    assert_run!(sandbox, ["directory", "import", "--csv", "people.csv"], @"");
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
    assert_run!(sandbox, ["directory", "import", "--csv", "a.csv"], @"");
    assert_run!(sandbox, ["directory", "import", "--csv", "a.csv", "--ignore-unknown"], @"");
}

#[test]
fn nothing_to_import_from_is_wrong_usage() {
    assert_run!(Sandbox::new(), ["directory", "import"], @"");
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
    insta::assert_snapshot!(format!("{people}…\ngroups:{groups}\n{said}"), @"");
    assert_eq!(sandbox.exit_code(&["directory", "check", "a.yaml"]), Some(0));
    let refused = ["directory", "import", "--target", &server.url, "--token", "wrong"];
    assert_eq!(sandbox.exit_code(&refused), Some(3));
}
