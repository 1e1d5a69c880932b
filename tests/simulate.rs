//! `simulate` through the program: what a rollout would see, and that it converges whatever gets in its way.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod common;
#[path = "common/flaky.rs"]
mod flaky;

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use common::{Sandbox, Server, TOKEN, assert_run, closed_port};
use flaky::Fate;
use serde_json::Value;

const ACME: &str = include_str!("../fixtures/acme.yaml");
const DIALECTS: [&str; 11] = [
    "okta",
    "okta-aiw",
    "entra",
    "entra-aadoptscim",
    "onelogin",
    "jumpcloud",
    "pingfederate",
    "pingone",
    "google",
    "rippling",
    "authentik",
];

/// Six people, one of whom leads another, and two groups. The texts between are changes.
const TEAM: &str = "\
people:
  ada: { userName: Ada@acme.example.com, externalId: e-ada, displayName: Ada Byron, title: Engineer, active: ~, name: { givenName: Ada, familyName: Byron }, emails: [{ value: ada@acme.example.com, type: work }] }
  bob: { userName: bob@acme.example.com, externalId: e-bob, displayName: Bob Ross, name: { givenName: Bob, familyName: Ross }, emails: [{ value: bob@acme.example.com, type: work }], manager: ada }
  cyd: { userName: cyd@acme.example.com, externalId: e-cyd, displayName: Cyd Chao, name: { givenName: Cyd, familyName: Chao }, emails: [{ value: cyd@acme.example.com, type: work }] }
groups:
  team: { displayName: Team, externalId: e-team, members: [ada, bob, cyd] }
  rest: { displayName: Rest, externalId: e-rest, members: [cyd] }
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("acme.yaml", ACME);
    sandbox.write("team.yaml", &TEAM.replace(" active: ~,", ""));
    sandbox
}

/// The arguments against a target.
fn against<'a>(dialect: &'a str, directory: &'a str, url: &'a str) -> Vec<&'a str> {
    vec!["simulate", "--as", dialect, "--directory", directory, "--target", url]
}

/// Runs the program and returns its exit code and its JSON report.
fn report(sandbox: &Sandbox, arguments: &[&str]) -> (Option<i32>, Value) {
    let all: Vec<&str> = arguments.iter().chain(&["--report", "json=report.json"]).copied().collect();
    let output = sandbox.command(&all).env("SCIM_TOKEN", TOKEN).output().unwrap();
    let shown =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!shown.contains(TOKEN) && !shown.contains("panicked"), "{shown}");
    let code = output.status.code();
    let text = match code {
        Some(0 | 1) => sandbox.read("report.json"),
        _ => panic!("exit code {code:?}: {shown}"),
    };
    assert!(!text.contains(TOKEN));
    (code, serde_json::from_str(&text).unwrap())
}

/// What is wrong, a line each.
fn wrong(report: &Value) -> Vec<String> {
    let results = report["results"].as_array().unwrap();
    let wrong = results.iter().filter(|result| result["status"] != "pass" && result["status"] != "skip");
    wrong
        .map(|result| format!("{}: {}", result["id"].as_str().unwrap(), result["message"].as_str().unwrap()))
        .collect()
}

#[test]
fn every_dialect_provisions_the_pilot_and_leaves_it_as_the_directory_says() {
    for dialect in DIALECTS {
        let sandbox = sandbox();
        let (code, report) = report(&sandbox, &["simulate", "--as", dialect, "--directory", "acme.yaml"]);
        assert_eq!((code, wrong(&report)), (Some(0), vec![]), "{dialect}");
        let passed = report["summary"]["pass"].as_u64().unwrap();
        // The connection test, six people, and three groups where groups are pushed.
        assert_eq!(passed, if dialect == "google" { 7 } else { 10 }, "{dialect}");
    }
}

#[test]
fn pingfederate_creates_people_who_are_disabled_where_that_is_chosen() {
    let sandbox = sandbox();
    sandbox.write("new.yaml", "people:\n  kim: { userName: kim@acme.example.com, status: suspended }\n");
    for (option, created) in [(None, false), (Some("--create-disabled"), true)] {
        let mut arguments = vec!["simulate", "--as", "pingfederate", "--directory", "new.yaml"];
        arguments.extend(["--log", "csv=log.csv"]);
        arguments.extend(option);
        let (code, report) = report(&sandbox, &arguments);
        assert_eq!((code, wrong(&report)), (Some(0), vec![]));
        let log = sandbox.read("log.csv");
        assert_eq!(log.contains(",create,"), created, "{log}");
        assert_eq!(log.contains("disabled in the directory"), !created, "{log}");
    }
}

#[test]
fn a_later_run_is_an_incremental_cycle() {
    let sandbox = sandbox();
    let server = Server::with(&sandbox, &["--profile", "interop"]);
    let mut arguments = against("entra", "team.yaml", &server.url);
    arguments.extend(["--state", "state.jsonl", "--log", "csv=log.csv", "--cycles", "1"]);
    assert_eq!(report(&sandbox, &arguments).0, Some(0));
    assert!(sandbox.read("log.csv").contains("ada"));
    sandbox.write(
        "team.yaml",
        &TEAM
            .replace(" active: ~,", "")
            .replace("Engineer", "Countess")
            .replace("members: [ada, bob, cyd]", "members: [ada, cyd]"),
    );
    assert_eq!(report(&sandbox, &arguments).0, Some(0));
    let log = sandbox.read("log.csv");
    let rows: Vec<&str> = log.lines().skip(1).collect();
    assert!(rows.iter().all(|row| row.starts_with("2,")), "{log}");
    assert!(rows.iter().any(|row| row.contains(",user,ada,") && row.contains("title")), "{log}");
    assert!(rows.iter().any(|row| row.contains("group,team")), "{log}");
    assert!(!log.contains("bob"), "{log}");
    assert_eq!(server.users(), 3);
}

#[test]
fn a_target_that_fails_one_request_in_ten_ends_as_it_should() {
    for dialect in DIALECTS {
        let sandbox = sandbox();
        let server = Server::with(&sandbox, &["--profile", "interop"]);
        let address = server.url.trim_start_matches("http://").split('/').next().unwrap().to_owned();
        let proxy = flaky::before(address, |count| match count % 20 {
            7 => Fate::Refused,
            17 => Fate::Lost,
            _ => Fate::Passes,
        });
        let url = format!("http://{proxy}/scim/v2");
        let mut arguments = against(dialect, "acme.yaml", &url);
        arguments.extend(["--jobs", "1", "--state", "state.jsonl"]);
        // The comparison reads through the same target: what it could not read is read again by another run.
        let ended = (0..8).find(|_| {
            let all: Vec<&str> = arguments.iter().chain(&["--report", "json=report.json"]).copied().collect();
            let output = sandbox.command(&all).env("SCIM_TOKEN", TOKEN).output().unwrap();
            output.status.code() == Some(0)
        });
        assert!(
            ended.is_some(),
            "{dialect}: {:?}",
            wrong(&serde_json::from_str(&sandbox.read("report.json")).unwrap())
        );
        assert_eq!(server.users(), 6, "{dialect}");
    }
}

#[test]
fn killed_at_any_request_the_next_run_ends_as_it_should() {
    for (dialect, at) in [
        ("entra", 4),
        ("entra", 9),
        ("entra", 17),
        ("okta", 5),
        ("okta", 15),
        ("authentik", 3),
        ("jumpcloud", 12),
    ] {
        let sandbox = sandbox();
        let server = Server::with(&sandbox, &["--profile", "interop"]);
        let address = server.url.trim_start_matches("http://").split('/').next().unwrap().to_owned();
        let victim = Arc::new(AtomicU32::new(0));
        let killer = Arc::clone(&victim);
        let proxy = flaky::before(address, move |count| {
            if count == at {
                let pid = killer.load(Ordering::SeqCst).to_string();
                assert!(std::process::Command::new("kill").args(["-9", &pid]).status().unwrap().success());
                // The request arrives all the same, and nobody is there for its answer.
                return Fate::Lost;
            }
            Fate::Passes
        });
        let url = format!("http://{proxy}/scim/v2");
        let mut arguments = against(dialect, "acme.yaml", &url);
        arguments.extend(["--jobs", "1", "--state", "state.jsonl"]);
        let mut command = sandbox.command(&arguments);
        let mut child =
            command.env("SCIM_TOKEN", TOKEN).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        victim.store(child.id(), Ordering::SeqCst);
        assert_eq!(child.wait().unwrap().code(), None, "{dialect} {at}");
        let (code, report) = report(&sandbox, &arguments);
        assert_eq!((code, wrong(&report)), (Some(0), vec![]), "{dialect} {at}");
        assert_eq!(server.users(), 6, "{dialect} {at}");
    }
}

/// What a rollout sees on a provider with a bug: first the team as it is, then with these changes.
fn damage(defect: &str, dialect: &str, changes: &[(&str, &str)]) -> String {
    let sandbox = sandbox();
    let server = Server::with(&sandbox, &["--profile", "interop", "--defect", defect]);
    let mut arguments = against(dialect, "team.yaml", &server.url);
    arguments.extend(["--state", "state.jsonl", "--jobs", "1"]);
    let mut shown = format!("{defect}, {dialect}:\n");
    let mut text = TEAM.replace(" active: ~,", "");
    for round in std::iter::once(None).chain(changes.iter().map(Some)) {
        if let Some((from, to)) = round {
            assert!(text.contains(from), "{from}");
            text = text.replace(from, to);
            sandbox.write("team.yaml", &text);
        }
        let (code, report) = report(&sandbox, &arguments);
        let wrong = wrong(&report);
        assert_eq!(code == Some(1), !wrong.is_empty(), "{defect}: {wrong:?}");
        for line in wrong {
            shown.push_str(&format!("  round {}: {line}\n", if round.is_none() { 1 } else { 2 }));
        }
    }
    shown
}

#[test]
fn a_defect_is_told_as_the_damage_that_a_rollout_would_see() {
    let leaves = ("title: Engineer,", "title: Engineer, status: suspended,");
    let loses_bob = ("members: [ada, bob, cyd]", "members: [ada, cyd]");
    let renamed = ("displayName: Team", "displayName: Tiger Team");
    let shown: String = [
        damage("deactivate-without-effect", "okta", &[leaves]),
        damage("deactivate-only-by-patch", "okta-aiw", &[leaves]),
        damage("interop-text-booleans-stored", "entra", &[leaves]),
        damage("interop-remove-members-removes-all", "authentik", &[loses_bob]),
        damage("inactive-not-found", "okta", &[leaves, (leaves.1, leaves.0)]),
        damage("inactive-is-gone", "entra", &[leaves]),
        damage("external-id-not-stored", "entra", &[]),
        damage("filter-ignored", "okta", &[]),
        damage("group-rename-empties", "okta", &[renamed]),
        damage("group-adds-first-member-only", "okta", &[]),
        damage(
            "interop-dotted-keys-dropped",
            "entra-aadoptscim",
            // One attribute alone would keep its path.
            &[("givenName: Ada, familyName: Byron", "givenName: Augusta, familyName: King")],
        ),
        damage("delete-without-effect", "authentik", &[("  cyd: {", "  cyd: { status: deleted,")]),
        damage("put-ignores-members", "okta-aiw", &[]),
        damage("new-user-is-inactive", "jumpcloud", &[]),
    ]
    .concat();
    insta::assert_snapshot!(shown);
}

#[test]
fn what_cannot_be_judged_is_said_before_anything_is_changed() {
    let sandbox = sandbox();
    let url = format!("http://127.0.0.1:{}/scim/v2", closed_port());
    assert_eq!(sandbox.exit_code(&against("entra", "acme.yaml", &url)), Some(3));
    let server = Server::with(&sandbox, &["--profile", "interop"]);
    let refused = against("okta", "acme.yaml", &server.url);
    assert_eq!(sandbox.exit_code(&refused), Some(3));
    assert_run!(sandbox, ["simulate", "--as", "entra", "--directory", "nothing.yaml"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: cannot read `nothing.yaml`: No such file or directory (os error [CODE])
    ");
    assert_run!(sandbox, ["simulate", "--as", "entra", "--directory", "acme.yaml", "--state", "s"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: `--state` keeps nothing of use without `--target`
      hint: the built-in provider forgets everything when the program ends; `scimulator serve` runs one that stays
    ");
    assert_run!(sandbox, ["simulate", "--as", "entra", "--directory", "acme.yaml", "--on-demand", "adda"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: there is nobody with the key `adda` in the directory
      hint: did you mean `ada`?
    ");
    assert_run!(sandbox, ["simulate", "--as", "okta", "--directory", "acme.yaml", "--deprovision", "delete"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: Okta does not let an administrator choose this
      hint: leave out `--deprovision`
    ");
    assert_run!(sandbox, ["simulate", "--as", "okta", "--directory", "acme.yaml", "--create-disabled"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: Okta does not let an administrator choose this
      hint: leave out `--create-disabled`
    ");
    assert_run!(sandbox, ["simulate", "--as", "pingfederate", "--directory", "acme.yaml", "--create-disabled", "--deprovision", "delete"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: `--create-disabled` is for a product that sets accounts inactive when somebody leaves
      hint: leave out `--deprovision` or `--create-disabled`
    ");
    assert_run!(sandbox, ["simulate", "--as", "entra", "--directory", "acme.yaml", "--match-by", "user name"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: `--match-by user name`: `user name` is not an attribute name (a letter, then letters, digits, `-`, `_`)
    ");
    assert_run!(sandbox, ["simulate", "--as", "entra", "--directory", "acme.yaml", "--match-by", "emails"], @r#"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: `--match-by emails` is no attribute that `entra` maps
      hint: mapped are externalId, userName, active, displayName, title, emails[type eq "work"].value, preferredLanguage, name.givenName, name.familyName, name.formatted, addresses[type eq "work"].formatted, addresses[type eq "work"].streetAddress, addresses[type eq "work"].locality, addresses[type eq "work"].region, addresses[type eq "work"].postalCode, addresses[type eq "work"].country, phoneNumbers[type eq "work"].value, phoneNumbers[type eq "mobile"].value, phoneNumbers[type eq "fax"].value, urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber, urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department, urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager
    "#);
    sandbox.write("bad.yaml", "people:\n  ada: { userName: ada }\nmappings:\n  entra:\n    title: 'Jion(\" \", [title], [title])'\n    'na me': '[title]'\n    department: '[title]'\n    userName: ~\n    id: '[title]'\n");
    assert_run!(sandbox, ["simulate", "--as", "entra", "--directory", "bad.yaml"], @r#"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: `Jion` is no function
     --> bad.yaml:5:13
      |
    5 |     title: 'Jion(" ", [title], [title])'
      |             ^^^^ here
      |
      = help: did you mean `Join`?

    error: `na me` is not an attribute name (a letter, then letters, digits, `-`, `_`)
     --> bad.yaml:6:8
      |
    6 |     'na me': '[title]'
      |        ^^^ here

    error: `department` is no attribute of a User
     --> bad.yaml:7:5
      |
    7 |     department: '[title]'
      |     ^^^^^^^^^^ this attribute
      |
      = help: it is one of the enterprise extension: write `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`

    error: `userName` has to be mapped
     --> bad.yaml:8:15
      |
    8 |     userName: ~
      |               ^ not mapped
      |
      = help: every User has one (RFC 7643 §4.1.1): write an expression, or leave the line out

    error: `id` is set by the target and cannot be mapped
     --> bad.yaml:9:5
      |
    9 |     id: '[title]'
      |     ^^ readOnly

    error: nothing was done because of these 5 mistakes
    "#);
}

/// The lines of the requests, without ids that a target or chance made.
fn requests(shown: &str) -> String {
    let is_id = |text: &str| {
        let parts: Vec<usize> = text.split('-').map(str::len).collect();
        parts == [8, 4, 4, 4, 12] && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
    };
    let mut lines = Vec::new();
    for line in shown.lines().filter(|line| line.starts_with("    ")) {
        let ids = (0..line.len().saturating_sub(35)).filter_map(|at| line.get(at..at + 36));
        let ids: Vec<&str> = ids.filter(|text| is_id(text)).collect();
        lines.push(ids.iter().fold(line.to_owned(), |line, id| line.replace(id, "[ID]")));
    }
    lines.join("\n")
}

#[test]
fn a_dry_run_changes_nothing() {
    let sandbox = sandbox();
    let server = Server::with(&sandbox, &["--profile", "interop"]);
    let mut arguments = against("entra", "team.yaml", &server.url);
    arguments.push("--dry-run");
    let dry = |arguments: &[&str]| {
        let output = sandbox.command(arguments).env("SCIM_TOKEN", TOKEN).output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{shown}");
        shown
    };
    let shown = dry(&arguments);
    insta::assert_snapshot!(requests(&shown), @"
    GET /Users?filter=userName+eq+%22[ID]%22  200
    GET /Groups?excludedAttributes=members&filter=displayName+eq+%22[ID]%22  200
    GET /Users?filter=userName+eq+%22Ada%40acme.example.com%22  200
    POST /Users  201
    GET /Users?filter=userName+eq+%22bob%40acme.example.com%22  200
    POST /Users  201
    GET /Users?filter=userName+eq+%22cyd%40acme.example.com%22  200
    POST /Users  201
    GET /Groups?excludedAttributes=members&filter=displayName+eq+%22Team%22  200
    POST /Groups  201
    GET /Groups?excludedAttributes=members&filter=displayName+eq+%22Rest%22  200
    POST /Groups  201
    GET /Users?filter=id+eq+%22dry-run-2%22+and+manager+eq+%22dry-run-1%22&attributes=id  200
    PATCH /Users/dry-run-2  204
    PATCH /Groups/dry-run-4  204
    PATCH /Groups/dry-run-5  204
    ");
    assert_eq!(server.users(), 0);
    let in_full = dry(&[&arguments[..], &["--verbose"]].concat());
    assert!(in_full.contains("\"userName\": \"Ada@acme.example.com\""), "{in_full}");
    // With a state, the requests of an incremental cycle; the file stays as it is.
    let with_state = [&arguments[..7], &["--state", "state.jsonl"]].concat();
    assert_eq!(report(&sandbox, &with_state[..]).0, Some(0));
    let kept = sandbox.read("state.jsonl");
    sandbox.write("team.yaml", &TEAM.replace(" active: ~,", "").replace("Engineer", "Countess"));
    let shown = dry(&[&with_state[..], &["--dry-run"]].concat());
    insta::assert_snapshot!(requests(&shown), @"
    GET /Users?filter=userName+eq+%22[ID]%22  200
    GET /Groups?excludedAttributes=members&filter=displayName+eq+%22[ID]%22  200
    GET /Users/[ID]  200
    PATCH /Users/[ID]  204
    ");
    assert_eq!(sandbox.read("state.jsonl"), kept);
}

#[test]
fn nobody_in_scope_is_nothing_selected() {
    let sandbox = sandbox();
    sandbox.write("none.yaml", "people:\n  ada: { userName: ada }\nassignments: { users: [] }\n");
    assert_run!(sandbox, ["simulate", "--as", "okta", "--directory", "none.yaml"], @"
    success: false
    exit_code: 4
    ----- stdout -----

    ----- stderr -----
    error: nobody in the directory is assigned and in scope
      hint: `scimulator directory check none.yaml` says who is in scope
    ");
    assert_run!(sandbox, ["simulate", "--as", "okta", "--directory", "acme.yaml", "--on-demand", "finance"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: `finance` is a group, and `--on-demand` provisions a person
    ");
}

#[test]
fn a_wrong_base_url_is_no_verdict() {
    for dialect in DIALECTS {
        let sandbox = sandbox();
        let server = Server::with(&sandbox, &["--profile", "interop"]);
        let url = server.url.replace("/scim/v2", "/elsewhere");
        let output =
            sandbox.command(&against(dialect, "team.yaml", &url)).env("SCIM_TOKEN", TOKEN).output().unwrap();
        let shown = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{dialect}: {shown}");
        assert!(
            shown.contains("every request was answered with 404: is the base URL right?"),
            "{dialect}: {shown}"
        );
    }
}

#[test]
fn two_that_are_one_account_are_told_as_such() {
    let sandbox = sandbox();
    let server = Server::with(&sandbox, &["--profile", "interop"]);
    sandbox.write(
        "twins.yaml",
        &TEAM
            .replace(" active: ~,", "")
            .replace("value: bob@", "value: ada@")
            .replace("displayName: Rest", "displayName: Team"),
    );
    let mut arguments = against("entra", "twins.yaml", &server.url);
    // One after the other: two lookups at the same time would find nobody, and make two accounts.
    arguments.extend(["--jobs", "1", "--match-by", "emails[type eq \"work\"].value"]);
    let (code, report) = report(&sandbox, &arguments);
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(wrong(&report).join("\n"), @"
    groups/rest: is the same group as another: team
    groups/team: is the same group as another: rest
    users/ada: is the same account as another: bob
    users/bob: is the same account as another: ada
    ");
    assert_run!(sandbox, ["directory", "check", "twins.yaml"], @"
    success: true
    exit_code: 0
    ----- stdout -----
    people          3  3 active
    groups          2
    assigned        3  everybody, as nothing is said
    in scope        3
    out             0

    2 people have the e-mail address `ada@acme.example.com`: ada, bob
    2 groups have the displayName `Team`: team, rest
    Accounts and groups are found by such values: two that share one may end up as the same.

    ----- stderr -----
    ");
}

#[test]
fn what_was_changed_at_the_target_is_found_by_a_restart() {
    let sandbox = sandbox();
    let server = Server::with(&sandbox, &["--profile", "interop"]);
    let mut arguments = against("entra", "team.yaml", &server.url);
    arguments.extend(["--state", "state.jsonl"]);
    assert_eq!(report(&sandbox, &arguments).0, Some(0));
    sandbox.write("other.yaml", &TEAM.replace(" active: ~,", "").replace("Ada Byron", "Somebody Else"));
    assert_eq!(report(&sandbox, &against("okta", "other.yaml", &server.url)).0, Some(0));
    let output = sandbox.command(&arguments).env("SCIM_TOKEN", TOKEN).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("is found with `--restart`"), "{said}");
    arguments.push("--restart");
    let (code, report) = report(&sandbox, &arguments);
    assert_eq!((code, wrong(&report)), (Some(0), vec![]));
}

#[test]
fn a_run_that_is_cut_short_says_what_was_done_and_how_to_go_on() {
    let sandbox = sandbox();
    let server = Server::with(&sandbox, &["--profile", "interop"]);
    let address = server.url.trim_start_matches("http://").split('/').next().unwrap().to_owned();
    let victim = Arc::new(AtomicU32::new(0));
    let stopped = Arc::clone(&victim);
    let proxy = flaky::before(address, move |count| {
        if count == 9 {
            let pid = stopped.load(Ordering::SeqCst).to_string();
            assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
            return Fate::Hangs;
        }
        Fate::Passes
    });
    let url = format!("http://{proxy}/scim/v2");
    let mut arguments = against("entra", "acme.yaml", &url);
    arguments.extend(["--jobs", "1", "--state", "state.jsonl", "--log", "csv=log.csv"]);
    let mut command = sandbox.command(&arguments);
    let child =
        command.env("SCIM_TOKEN", TOKEN).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    victim.store(child.id(), Ordering::SeqCst);
    let output = child.wait_with_output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(130), "{out}{err}");
    assert!(out.contains("cycle 1, cut short: users 3 created"), "{out}");
    assert!(out.contains("user  create                    3"), "{out}");
    assert!(err.contains("run it again with the same `--state` to go on"), "{err}");
    assert_eq!(sandbox.read("log.csv").lines().count(), 4);
    assert_eq!(report(&sandbox, &arguments).0, Some(0));
    assert_eq!(server.users(), 6);
}

#[test]
fn one_person_is_provisioned_on_demand() {
    let sandbox = sandbox();
    let server = Server::with(&sandbox, &["--profile", "interop"]);
    let mut arguments = against("entra", "acme.yaml", &server.url);
    arguments.extend(["--on-demand", "grace"]);
    assert_eq!(report(&sandbox, &arguments).0, Some(0));
    assert_eq!(server.users(), 1);
}

#[test]
fn a_guest_deletes_what_it_created() {
    let sandbox = sandbox();
    let server = Server::with(&sandbox, &["--profile", "interop"]);
    let mut arguments = against("okta", "acme.yaml", &server.url);
    arguments.push("--clean-up");
    assert_eq!(report(&sandbox, &arguments).0, Some(0));
    assert_eq!(server.users(), 0);
}

#[test]
fn deleted_people_are_purged_after_thirty_days() {
    let sandbox = sandbox();
    let server = Server::with(&sandbox, &["--profile", "interop"]);
    let mut arguments = against("entra", "team.yaml", &server.url);
    arguments.extend(["--state", "state.jsonl", "--cycles", "1"]);
    assert_eq!(report(&sandbox, &arguments).0, Some(0));
    sandbox.write("team.yaml", &TEAM.replace(" active: ~,", " status: deleted,"));
    assert_eq!(report(&sandbox, &arguments).0, Some(0));
    assert_eq!(server.users(), 3);
    arguments.extend(["--advance", "31d"]);
    assert_eq!(report(&sandbox, &arguments).0, Some(0));
    assert_eq!(server.users(), 2);
}

#[test]
fn whoever_is_taken_out_of_the_directory_can_use_the_account_no_longer() {
    for dialect in DIALECTS {
        let sandbox = sandbox();
        let server = Server::with(&sandbox, &["--profile", "interop"]);
        let mut arguments = against(dialect, "team.yaml", &server.url);
        arguments.extend(["--state", "state.jsonl", "--log", "csv=log.csv"]);
        assert_eq!(report(&sandbox, &arguments).0, Some(0), "{dialect}");
        let team = TEAM.replace(" active: ~,", "").replace(", bob,", ",");
        let without: Vec<&str> = team.lines().filter(|line| !line.starts_with("  bob:")).collect();
        sandbox.write("team.yaml", &without.join("\n"));
        let (code, report) = report(&sandbox, &arguments);
        assert_eq!((code, wrong(&report)), (Some(0), vec![]), "{dialect}");
        let found = server.list("/Users?filter=userName%20eq%20%22bob@acme.example.com%22");
        let bob = &found["Resources"][0];
        match dialect {
            "authentik" => assert_eq!(found["totalResults"], 0, "{dialect}"),
            _ => assert_eq!(bob["active"], false, "{dialect}: {bob}"),
        }
        // Where the whole account is replaced, nothing but `active` is another, and the log knows whom it was about.
        if ["onelogin", "jumpcloud", "pingfederate", "pingone"].contains(&dialect) {
            assert_eq!(
                (&bob["name"]["familyName"], bob["emails"].as_array().map(Vec::len)),
                (&"Ross".into(), Some(1))
            );
            let log = sandbox.read("log.csv");
            assert!(log.contains("user,bob,bob@acme.example.com,disable"), "{dialect}: {log}");
        }
        assert_eq!(server.users(), if dialect == "authentik" { 2 } else { 3 }, "{dialect}");
    }
}

#[test]
fn watching_reacts_to_a_saved_directory() {
    let sandbox = sandbox();
    let server = Server::with(&sandbox, &["--profile", "interop"]);
    let mut arguments = against("okta", "team.yaml", &server.url);
    arguments.extend(["--watch"]);
    let mut command = sandbox.command(&arguments);
    let mut child =
        command.env("SCIM_TOKEN", TOKEN).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    let mut wait_for =
        |text: &str| assert!(lines.by_ref().any(|line| line.unwrap().contains(text)), "{text}");
    wait_for("watching team.yaml");
    sandbox.write("team.yaml", "people: [broken");
    wait_for("error");
    sandbox.write(
        "team.yaml",
        &TEAM.replace(" active: ~,", "").replace("displayName: Team", "displayName: Tigers"),
    );
    let mut out = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert!(out.any(|line| line.unwrap().contains("Tigers")));
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    drop(out);
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn an_import_links_who_is_there_already() {
    let sandbox = sandbox();
    let server = Server::with(&sandbox, &["--profile", "interop"]);
    let mut first = against("okta", "acme.yaml", &server.url);
    first.extend(["--on-demand", "grace"]);
    assert_eq!(report(&sandbox, &first).0, Some(0));
    let mut arguments = against("okta", "acme.yaml", &server.url);
    arguments.extend(["--import", "--log", "csv=log.csv"]);
    let output = sandbox.command(&arguments).env("SCIM_TOKEN", TOKEN).output().unwrap();
    let talk = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{talk}");
    assert!(talk.contains("imported 1 users and 0 groups: 1 linked"), "{talk}");
    // Linked, so that the profile is pushed without a lookup.
    let log = sandbox.read("log.csv");
    assert!(log.lines().any(|row| row.contains(",user,grace,") && row.contains(",update,")), "{log}");
    assert_eq!(server.users(), 6);
    assert_eq!(
        sandbox.exit_code(&["simulate", "--as", "entra", "--directory", "acme.yaml", "--import"]),
        Some(3)
    );
}

#[test]
fn a_key_that_changed_takes_nothing_away_from_anybody() {
    let sandbox = sandbox();
    let server = Server::with(&sandbox, &["--profile", "interop"]);
    let mut arguments = against("entra", "team.yaml", &server.url);
    arguments.extend(["--state", "state.jsonl"]);
    assert_eq!(report(&sandbox, &arguments).0, Some(0));
    let renamed = TEAM.replace(" active: ~,", "").replace("ada:", "ada2:").replace("[ada,", "[ada2,");
    let renamed = renamed.replace("manager: ada", "manager: ada2").replace("team:", "team2:");
    sandbox.write("team.yaml", &renamed);
    let (code, report) = report(&sandbox, &arguments);
    assert_eq!((code, wrong(&report)), (Some(0), vec![]));
    assert_eq!(server.users(), 3);
    let actions = report["provisioning"]["actions"].to_string();
    assert!(!actions.contains("disable") && !actions.contains("delete"), "{actions}");
}

#[test]
fn a_password_is_neither_compared_nor_shown() {
    let sandbox = sandbox();
    sandbox.write(
        "team.yaml",
        &format!(
            "{}mappings: {{ entra: {{ password: '\"hunter2-secret\"' }} }}\n",
            TEAM.replace(" active: ~,", "")
        ),
    );
    let arguments = ["simulate", "--as", "entra", "--directory", "team.yaml", "-v"];
    let output = sandbox.command(&arguments).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.contains("<redacted>") && !shown.contains("hunter2-secret"), "{shown}");
}

#[test]
fn a_wrong_token_is_no_verdict_for_anybody() {
    let sandbox = sandbox();
    let server = Server::with(&sandbox, &["--profile", "interop"]);
    for dialect in DIALECTS {
        let output = sandbox
            .command(&against(dialect, "team.yaml", &server.url))
            .env("SCIM_TOKEN", "wrong-token-of-somebody")
            .output()
            .unwrap();
        let talk = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{dialect}: {talk}");
        assert!(
            talk.contains("SCIM_TOKEN") && !talk.contains("wrong-token-of-somebody"),
            "{dialect}: {talk}"
        );
        let url = format!("http://127.0.0.1:{}/scim/v2", closed_port());
        assert_eq!(sandbox.exit_code(&against(dialect, "team.yaml", &url)), Some(3), "{dialect}");
    }
}

#[test]
fn a_file_that_is_no_state_is_left_alone() {
    let sandbox = sandbox();
    let server = Server::with(&sandbox, &["--profile", "interop"]);
    let mut arguments = against("entra", "team.yaml", &server.url);
    arguments.extend(["--state", "acme.yaml"]);
    assert_eq!(sandbox.exit_code(&arguments), Some(2));
    arguments.push("--restart");
    assert_eq!(sandbox.exit_code(&arguments), Some(2));
    assert_eq!(sandbox.read("acme.yaml"), ACME);
}
