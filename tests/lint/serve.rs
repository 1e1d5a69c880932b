//! `serve --lint` as a user meets it.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::common::{Sandbox, TOKEN};

/// A provider that judges its client.
struct Judge {
    child: Child,
    out: BufReader<ChildStdout>,
    authority: String,
}

impl Judge {
    fn start(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let all: Vec<&str> = ["serve", "--listen", "127.0.0.1:0", "--profile", "interop", "--lint"]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        let mut child = sandbox
            .command(&all)
            .env("SCIM_TOKEN", TOKEN)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on http://").unwrap();
        let authority = url.split('/').next().unwrap().to_owned();
        Self { child, out, authority }
    }

    /// Sends a request and returns the answer, head and body.
    fn send(&self, line: &str, headers: &str, body: &str) -> String {
        let (method, target) = line.split_once(' ').unwrap();
        let mut stream = TcpStream::connect(&self.authority).unwrap();
        let length =
            if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let head = format!(
            "{method} /scim/v2{target} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {TOKEN}\r\n{headers}{length}Connection: close\r\n\r\n",
            self.authority
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        std::io::read_to_string(stream).unwrap()
    }

    /// Stops it and returns everything that it wrote behind its first line.
    fn stop(mut self) -> String {
        let kill = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().unwrap();
        assert!(kill.success());
        let mut text = String::new();
        self.out.read_to_string(&mut text).unwrap();
        assert!(self.child.wait().unwrap().success());
        text
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a client that follows the RFCs sends with a body, and without.
const PLAIN: &str =
    "User-Agent: tests\r\nAccept: application/scim+json\r\nContent-Type: application/scim+json\r\n";
const ENTRA: &str = "User-Agent: tests\r\nADSCIMVersion: Date:2026-01-01\r\nContent-Type: application/scim+json; charset=utf-8\r\n";
const ONELOGIN: &str = "Accept: */*\r\nContent-Type: application/json\r\n";

/// A handful of requests: plain ones, then some as Entra and OneLogin send them.
fn converse(judge: &Judge) {
    let ada = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@acme.test","password":"correct-horse-battery"}"#;
    let answer = judge.send("POST /Users", PLAIN, ada);
    let id = answer.split(r#""id":""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
    judge.send(&format!("GET /Users/{id}"), PLAIN, "");
    judge.send("GET /Users?filter=userName+eq+%22a3f1c2de-5b60-4d0a-9c1e-2f7d8e9b0a14%22", ENTRA, "");
    let deactivate = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
        {"op":"Replace","path":"active","value":"False"},
        {"op":"Replace","path":"displayName","value":"Ada"},
        {"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"2819c223"}]}"#;
    judge.send(&format!("PATCH /Users/{id}"), ENTRA, deactivate);
    let template = r#"{"schemas":["urn:scim:schemas:core:2.0"],"userName":"grace","password":7,"emails":{"value":"grace@acme.test"}}"#;
    judge.send(&format!("PUT /Users/{id}?"), ONELOGIN, template);
    judge.send("GET /Users?filter=password%20eq%20%22correct-horse-battery%22", PLAIN, "");
    judge.send(&format!("GET /Users?access_token={TOKEN}"), PLAIN, "");
    judge.send(&format!("GET /Users/{TOKEN}/x"), PLAIN, "");
    judge.send(&format!("DELETE /Users/{id}"), PLAIN, "");
}

/// Ids differ from run to run.
fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"/Users/[0-9a-f]{8}-[0-9a-f-]{27}", "/Users/[ID]");
    settings
}

#[test]
fn requests_with_remarks_are_told_and_counted() {
    let sandbox = Sandbox::new();
    let judge = Judge::start(&sandbox, &[]);
    converse(&judge);
    let text = judge.stop();
    assert!(!text.contains("correct-horse") && !text.contains(TOKEN), "{text}");
    settings().bind(|| insta::assert_snapshot!(text));
}

#[test]
fn json_lines_are_for_programs() {
    let sandbox = Sandbox::new();
    let judge = Judge::start(&sandbox, &["--lint-format", "json"]);
    converse(&judge);
    let text = judge.stop();
    assert!(!text.contains("correct-horse") && !text.contains(TOKEN), "{text}");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (summary, requests) = lines.split_last().unwrap();
    assert_eq!(summary["summary"]["requests"], 9);
    assert_eq!(summary["summary"]["standard"], 3);
    assert_eq!(requests.len(), 6);
    let operator = requests.iter().flat_map(|request| request["remarks"].as_array().unwrap());
    let operator = operator.into_iter().find(|remark| remark["rule"] == "patch-op-case").unwrap();
    assert_eq!(operator["quirk"], "Q-U01");
    assert_eq!(operator["times"], 3);
    assert_eq!(operator["place"], "body /Operations/0/op");
}

#[test]
fn nothing_is_said_of_a_client_that_follows_the_rfcs() {
    let sandbox = Sandbox::new();
    let judge = Judge::start(&sandbox, &[]);
    judge.send("GET /ServiceProviderConfig", PLAIN, "");
    judge.send("GET /Groups?count=1", PLAIN, "");
    insta::assert_snapshot!(judge.stop(), @r"

    2 requests: 2 without a remark, 0 with habits only, 0 with violations
    ");
}
