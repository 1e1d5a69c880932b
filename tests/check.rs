//! `check` as a user meets it: a good guest on a populated target, calm before broken ones.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use common::{Sandbox, Server, TOKEN, assert_run, closed_port};
use serde_json::{Value, json};

/// A plain HTTP exchange with a server on the loopback interface; the status and the body.
fn http(url: &str, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
    let rest = url.strip_prefix("http://").unwrap();
    let (authority, base) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    let body = body.map(Value::to_string).unwrap_or_default();
    let request = format!(
        "{method} /{base}{path} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/scim+json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let answer = std::io::read_to_string(stream).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

/// Puts people and groups on a server that have nothing to do with the run.
fn populate(server: &Server) {
    let mut ids = Vec::new();
    for number in 0..30 {
        let user = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": format!("resident{number}@acme.test"),
            "externalId": format!("r{number}"),
            "displayName": format!("Resident {number}"),
            "name": { "givenName": "Resident", "familyName": format!("No {number}") },
            "emails": [{ "value": format!("resident{number}@acme.test"), "type": "work", "primary": true }],
            "active": number % 3 != 0,
        });
        let (status, user) = http(&server.url, "POST", "/Users", Some(&user));
        assert_eq!(status, 201);
        ids.push(user["id"].clone());
    }
    for number in 0..4 {
        let members: Vec<Value> =
            ids.iter().skip(number * 5).take(8).map(|id| json!({ "value": id })).collect();
        let group = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": format!("Residents {number}"),
            "members": members,
        });
        assert_eq!(http(&server.url, "POST", "/Groups", Some(&group)).0, 201);
    }
}

/// Everything that is on a server, versions and times included.
fn everything(server: &Server) -> (Value, Value) {
    let all = |path: &str| http(&server.url, "GET", &format!("{path}?count=1000"), None).1;
    (all("/Users"), all("/Groups"))
}

fn checked(sandbox: &Sandbox, server: &Server, arguments: &[&str]) -> std::process::Output {
    let mut all = vec!["check", "--target", &server.url];
    all.extend(arguments);
    sandbox.command(&all).env("SCIM_TOKEN", TOKEN).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_built_in_provider_is_without_a_finding() {
    for arguments in [
        &["check", "--report", "json=r.json"][..],
        &[
            "check",
            "--profile",
            "interop",
            "--for",
            "okta,entra,onelogin,jumpcloud,ping",
            "--report",
            "json=r.json",
        ],
    ] {
        let sandbox = Sandbox::new();
        let output = sandbox.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
        let report: Value = serde_json::from_str(&sandbox.read("r.json")).unwrap();
        assert_eq!(report["kind"], "check");
        for wrong in ["fail", "warn", "blocked", "error"] {
            assert_eq!(report["summary"][wrong], 0, "{arguments:?}: {wrong}\n{}", text(&output.stdout));
        }
        assert!(report["readiness"].as_array().unwrap().iter().all(|idp| idp["ready"] == true));
    }
}

#[test]
fn a_populated_target_is_left_exactly_as_it_was() {
    let (sandbox, server) = (Sandbox::new(), Server::start(&Sandbox::new()));
    populate(&server);
    let before = everything(&server);
    let output =
        checked(&sandbox, &server, &["--for", "okta,entra,onelogin,jumpcloud,ping,interop-profile,ipsie"]);
    assert!(output.status.code().is_some_and(|code| code <= 1), "{}", text(&output.stderr));
    assert_eq!(everything(&server), before);
    assert!(!sandbox.has(".scimulator"), "{}", text(&output.stderr));
}

#[test]
fn verdicts_are_the_same_in_any_order() {
    let statuses = |jobs: &str| -> Vec<(String, String)> {
        let sandbox = Sandbox::new();
        let arguments = ["check", "--jobs", jobs, "--report", "json=r.json"];
        assert_eq!(sandbox.exit_code(&arguments), Some(0));
        let report: Value = serde_json::from_str(&sandbox.read("r.json")).unwrap();
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        report["results"].as_array().unwrap().iter().map(|r| (word(&r["id"]), word(&r["status"]))).collect()
    };
    assert_eq!(statuses("1"), statuses("32"));
}

#[test]
fn the_token_is_nowhere() {
    let (sandbox, server) = (Sandbox::new(), Server::start(&Sandbox::new()));
    let output =
        checked(&sandbox, &server, &["--verbose", "--report", "json=r.json", "--report", "junit=r.xml"]);
    let mut said = text(&output.stdout) + &text(&output.stderr);
    for file in sandbox.files() {
        said.push_str(&sandbox.read(&file));
    }
    assert!(said.len() > 10_000 && !said.contains(TOKEN));
}

#[test]
fn what_a_killed_run_left_is_cleaned_up_later() {
    let (sandbox, server) = (Sandbox::new(), Server::start(&Sandbox::new()));
    populate(&server);
    let before = everything(&server);
    let mut child = sandbox
        .command(&["check", "--target", &server.url, "--rate", "40/s", "--for", "none"])
        .env("SCIM_TOKEN", TOKEN)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Until something is there that was not there before.
    while server.users() == 30 {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(sandbox.exit_code(&["cleanup"]), Some(1), "something is left");
    let output =
        sandbox.command(&["cleanup", "--target", &server.url]).env("SCIM_TOKEN", TOKEN).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(everything(&server), before);
    assert_eq!(sandbox.exit_code(&["cleanup"]), Some(0));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_cleans_up_before_it_ends() {
    let (sandbox, server) = (Sandbox::new(), Server::start(&Sandbox::new()));
    let child = sandbox
        .command(&["check", "--target", &server.url, "--rate", "100/s", "--report", "json=r.json"])
        .env("SCIM_TOKEN", TOKEN)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while server.users() == 0 {}
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(server.users(), 0);
    let report: Value = serde_json::from_str(&sandbox.read("r.json")).unwrap();
    assert_eq!(report["incomplete"], true);
}

/// A server that notes the first line of every request and answers with these bytes.
fn answering(bytes: &'static [u8]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/scim/v2", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let noted = Arc::clone(&noted);
            std::thread::spawn(move || {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    head.push(byte[0]);
                }
                noted
                    .lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&head).lines().next().unwrap_or("").to_owned());
                // Nobody may be there any more to read it.
                let _ = stream.write_all(bytes).and_then(|()| stream.shutdown(Shutdown::Both));
            });
        }
    });
    (url, seen)
}

/// The exit code against such a server, and what was said.
fn against(url: &str) -> (i32, String) {
    let sandbox = Sandbox::new();
    let output = sandbox
        .command(&["check", "--target", url, "--timeout", "1s", "--report", "json=r.json"])
        .env("SCIM_TOKEN", TOKEN)
        .output()
        .unwrap();
    (output.status.code().unwrap_or(-1), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn a_target_that_cannot_be_reached_is_not_judged() {
    let (code, said) = against(&format!("http://127.0.0.1:{}/scim", closed_port()));
    assert_eq!(code, 3, "{said}");
    let (url, _) = answering(b"");
    let (code, said) = against(&url);
    assert_eq!(code, 3, "{said}");
    let (url, _) = answering(b"\x16\x03\x01 not http at all\r\n\r\n");
    let (code, said) = against(&url);
    assert_eq!(code, 3, "{said}");
}

#[test]
fn a_target_that_hangs_is_not_judged() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/scim/v2", listener.local_addr().unwrap());
    let (code, said) = against(&url);
    assert_eq!(code, 3, "{said}");
    drop(listener);
}

#[test]
fn refused_credentials_are_no_verdict() {
    let (url, _) = answering(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let (code, said) = against(&url);
    assert_eq!(code, 3, "{said}");
}

#[test]
fn whatever_a_target_answers_there_is_a_verdict_and_no_crash() {
    let huge: &'static [u8] = {
        let body = format!("{{\"Resources\":[\"{}\"]}}", "x".repeat(10 * 1024 * 1024));
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        Box::leak((head + &body).into_bytes().into_boxed_slice())
    };
    let answers: [(&str, &'static [u8]); 6] = [
        ("HTML", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>hi</html>"),
        ("HTML that claims to be SCIM", b"HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<html>hi</html>"),
        ("an endless redirect", b"HTTP/1.1 302 Found\r\nLocation: /scim/v2/again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
        ("500", b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\nConnection: close\r\n\r\nboom"),
        ("JSON that is no SCIM", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnull"),
        ("10 MB", huge),
    ];
    for (name, bytes) in answers {
        let (url, _) = answering(bytes);
        let (code, said) = against(&url);
        assert!(code == 1 || code == 3, "{name}: {code}\n{said}");
        assert!(!said.contains("panicked") && !said.contains("bug of scimulator"), "{name}: {said}");
    }
}

#[test]
fn a_run_that_only_reads_writes_nothing() {
    let bytes = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (url, seen) = answering(bytes);
    let sandbox = Sandbox::new();
    let arguments = ["check", "--target", &url, "--read-only", "--for", "okta,entra,onelogin,jumpcloud,ping"];
    let output = sandbox.command(&arguments).env("SCIM_TOKEN", TOKEN).output().unwrap();
    assert!(output.status.code().is_some_and(|code| code == 1 || code == 3), "{}", text(&output.stdout));
    let seen = seen.lock().unwrap();
    assert!(!seen.is_empty());
    let reads = |line: &String| {
        ["GET ", "HEAD ", "OPTIONS "].iter().any(|method| line.starts_with(method))
            || (line.starts_with("POST ") && line.contains("/.search "))
    };
    let writes: Vec<_> = seen.iter().filter(|line| !reads(line)).collect();
    assert!(writes.is_empty(), "{writes:?}");
    assert!(!sandbox.has(".scimulator"));
}

#[test]
fn a_dry_run_sends_nothing_to_the_target() {
    let (url, seen) = answering(b"");
    let sandbox = Sandbox::new();
    let output =
        sandbox.command(&["check", "--target", &url, "--dry-run", "--only", "create"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stdout);
    assert!(said.contains("create.duplicate\n  POST /Users"), "{said}");
    assert!(seen.lock().unwrap().is_empty());
}

#[test]
fn a_baseline_accepts_what_is_known_and_nothing_else() {
    let (sandbox, server) =
        (Sandbox::new(), Server::with(&Sandbox::new(), &["--defect", "create-conflict-without-keyword"]));
    let check = |arguments: &[&str]| {
        let all: Vec<&str> = ["--only", "create.duplicate,create.id", "--baseline", "known.toml"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        checked(&sandbox, &server, &all)
    };
    assert_eq!(check(&[]).status.code(), Some(2), "it is not there yet");
    assert_eq!(check(&["--write-baseline"]).status.code(), Some(0));
    let written = sandbox.read("known.toml");
    assert!(written.contains("check = \"create.duplicate\"") && !written.contains("create.id"), "{written}");
    let output = check(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("1 known"), "{}", text(&output.stdout));
    sandbox.write("known.toml", &written.replace("create.duplicate", "create.id"));
    let output = check(&[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("`create.id` passes now"), "{}", text(&output.stderr));
}

#[test]
fn what_is_not_there_is_not_selected() {
    assert_run!(Sandbox::new(), ["check", "--only", "creat.duplicate"], @"
    success: false
    exit_code: 4
    ----- stdout -----

    ----- stderr -----
    error: there is no check and no topic `creat.duplicate`
      hint: `creat.duplicate`: did you mean `create.duplicate`?
      hint: `scimulator checks` lists them all
    ");
    assert_run!(Sandbox::new(), ["check", "--for", "oktta"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: `oktta` is nobody that readiness can be judged for
      hint: did you mean `okta`?
    ");
}
