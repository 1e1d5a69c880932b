//! `run` and `review` as a user meets them.

mod common;

use common::{Sandbox, Server, TOKEN, assert_run, closed_port};
use serde_json::Value;

/// Creates a user, looks for it, and deletes it.
const LIFECYCLE: &str = r#"scenario: A user comes and goes
tags: [users, lifecycle]
directory: ../fixtures/people.yaml
steps:
  - name: create
    request: POST /Users
    body:
      schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"]
      userName: "{{ ada.userName }}"
      password: correct-horse-battery
      active: true
    expect: { status: 201 }
    save: { id: /id }
  - name: find it
    request: GET /Users?filter=userName eq "{{ ada.userName }}"
    expect: { status: 200, body: { totalResults: 1 } }
"#;

/// The same for two identity providers, with an expectation that does not hold.
const WRONG: &str = r#"scenario: A user that nobody knows
as: [okta, entra]
tags: [errors]
steps:
  - request: GET /Users/nobody
    expect:
      status: 200
"#;

const PEOPLE: &str = "people:\n  ada: { userName: ada@acme.test }\n";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("scenarios/lifecycle.yaml", LIFECYCLE).write("fixtures/people.yaml", PEOPLE);
    sandbox
}

#[test]
fn the_list_names_every_transcript() {
    let sandbox = sandbox();
    sandbox.write("scenarios/errors/unknown.yaml", WRONG);
    assert_run!(sandbox, ["run", "--list"], @r"
    success: true
    exit_code: 0
    ----- stdout -----
    errors/unknown@entra  A user that nobody knows  [errors]
    errors/unknown@okta   A user that nobody knows  [errors]
    lifecycle             A user comes and goes  [users, lifecycle]

    ----- stderr -----
    ");
    assert_run!(sandbox, ["run", "--list", "--as", "okta", "--filter", "NOBODY"], @r"
    success: true
    exit_code: 0
    ----- stdout -----
    errors/unknown@okta  A user that nobody knows  [errors]

    ----- stderr -----
    ");
    assert!(!sandbox.has("snapshots"));
}

#[test]
fn a_transcript_becomes_a_snapshot_and_is_compared_with_it() {
    let sandbox = sandbox();
    assert_run!(sandbox, ["run"], @r"
    success: false
    exit_code: 1
    ----- stdout -----
    FAIL    lifecycle ([TIME]): there is no snapshot `snapshots/rfc/lifecycle.snap`

    0 passed, 1 failed in [TIME]
    1 snapshot pending: `scimulator review` walks through, `scimulator run --update` accepts all

    ----- stderr -----
    ");
    assert_run!(sandbox, ["review"], @r"
    success: false
    exit_code: 1
    ----- stdout -----
    snapshots/rfc/lifecycle.snap.new
      new: there is no snapshot yet

    ----- stderr -----
    look at the new texts beside the snapshots, then use one of
      scimulator review                 on a terminal, to decide one by one
      scimulator review --accept-all    to make them the snapshots
      scimulator review --reject-all    to throw them away
    ");
    assert_run!(sandbox, ["review", "--accept-all"], @r"
    success: true
    exit_code: 0
    ----- stdout -----
    1 accepted

    ----- stderr -----
    ");
    assert_run!(sandbox, ["run"], @r"
    success: true
    exit_code: 0
    ----- stdout -----
    ok      lifecycle ([TIME])

    1 passed in [TIME]

    ----- stderr -----
    ");
    let snapshot = sandbox.read("snapshots/rfc/lifecycle.snap");
    assert!(!snapshot.contains("correct-horse-battery"), "{snapshot}");
    sandbox.write(
        "snapshots/rfc/lifecycle.snap",
        &snapshot.replace("\"totalResults\": 1", "\"totalResults\": 2"),
    );
    assert_run!(sandbox, ["run"], @r#"
    success: false
    exit_code: 1
    ----- stdout -----
    FAIL    lifecycle ([TIME]): the transcript differs from its snapshot: step 2 `find it`, response body /totalResults: 2 → 1

    --- lifecycle
    A user comes and goes
    the transcript differs from its snapshot: step 2 `find it`, response body /totalResults: 2 → 1

    changed from snapshots/rfc/lifecycle.snap:
      step 2 `find it`, response body /totalResults: 2 → 1

    --- snapshot
    +++ transcript
    @@ -42,7 +42,7 @@
       "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
       "itemsPerPage": 1,
       "startIndex": 1,
    -  "totalResults": 2,
    +  "totalResults": 1,
       "Resources": [
         {
           "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],

    the new transcript: snapshots/rfc/lifecycle.snap.new

    it alone: scimulator run scenarios/lifecycle.yaml

    0 passed, 1 failed in [TIME]
    1 snapshot pending: `scimulator review` walks through, `scimulator run --update` accepts all

    ----- stderr -----
    "#);
    assert_run!(sandbox, ["review", "--reject-all"], @r"
    success: true
    exit_code: 0
    ----- stdout -----
    1 rejected

    ----- stderr -----
    ");
    assert_run!(sandbox, ["run", "--update"], @r"
    success: true
    exit_code: 0
    ----- stdout -----
    ok      lifecycle ([TIME])

    1 passed in [TIME]
    1 snapshot written: look at `git diff` before you commit

    ----- stderr -----
    ");
    assert_eq!(sandbox.read("snapshots/rfc/lifecycle.snap"), snapshot);
}

#[test]
fn a_failed_expectation_is_shown_at_its_line() {
    let sandbox = sandbox();
    sandbox.write("scenarios/errors/unknown.yaml", WRONG);
    assert_run!(sandbox, ["run", "scenarios/errors", "--quiet", "--as", "okta"], @r#"
    success: false
    exit_code: 1
    ----- stdout -----
    FAIL    errors/unknown@okta ([TIME]): the status: expected `200`, found `404` (Not Found)

    --- errors/unknown@okta
    A user that nobody knows
    the status: expected `200`, found `404` (Not Found)

    error: the status: expected `200`, found `404` (Not Found)
     --> scenarios/errors/unknown.yaml:7:15
      |
    7 |       status: 200
      |               ^^^ expected `200`
      |
      = note: in the answer 404 Not Found to step 1, `GET /Users/nobody`
      = note: the answer says: there is no User with the id `nobody`

    the last exchange:
      > GET /Users/nobody
      < 404 Not Found ([TIME])
      < content-type: application/scim+json
      < content-length: 123
      < date: [DATE]
      {
        "schemas": [
          "urn:ietf:params:scim:api:messages:2.0:Error"
        ],
        "status": "404",
        "detail": "there is no User with the id `nobody`"
      }

    it alone: scimulator run scenarios/errors/unknown.yaml --as okta

    0 passed, 1 failed in [TIME]

    ----- stderr -----
    "#);
}

#[test]
fn in_ci_nothing_is_written_and_a_missing_snapshot_fails() {
    let sandbox = sandbox();
    assert_run!(sandbox, ["run"], [("CI", "true")], @r"
    success: false
    exit_code: 1
    ----- stdout -----
    FAIL    lifecycle ([TIME]): there is no snapshot `snapshots/rfc/lifecycle.snap`

    0 passed, 1 failed in [TIME]
    1 snapshot missing or different, nothing is written in CI: play outside of CI, `scimulator review`, commit

    ----- stderr -----
    ");
    assert!(!sandbox.has("snapshots"));
}

#[test]
fn every_mistake_of_every_file_is_told_before_anything_runs() {
    let sandbox = sandbox();
    sandbox.write("scenarios/broken.yaml", "scenario: x\nsteps:\n  - reqest: GET /Users\n");
    sandbox.write("scenarios/empty.yaml", "");
    assert_run!(sandbox, ["run"], @r"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: unknown key `reqest` in a step
     --> scenarios/broken.yaml:3:5
      |
    3 |   - reqest: GET /Users
      |     ^^^^^^ not a key of a step
      |
      = help: did you mean `request`?

    error: `scenarios/empty.yaml` is empty

    error: nothing was done because of these 2 mistakes
    ");
    assert!(!sandbox.has("snapshots"));
}

#[test]
fn a_profile_that_is_unknown_is_told_where_it_stands() {
    let sandbox = Sandbox::new();
    sandbox.write("scenarios/a.yaml", "scenario: x\nprofile: rcf\nsteps:\n  - request: GET /Users\n");
    assert_run!(sandbox, ["run"], @r"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: there is no profile `rcf`; there are rfc, interop
     --> scenarios/a.yaml:2:10
      |
    2 | profile: rcf
      |          ^^^ no such profile

    error: nothing was done because of this mistake
    ");
    assert_run!(sandbox, ["run", "--profile", "nope"], @r"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: there is no profile `nope`; there are rfc, interop
    ");
}

#[test]
fn nothing_selected_has_an_exit_code_of_its_own() {
    let sandbox = sandbox();
    assert_run!(sandbox, ["run", "--tag", "user", "--filter", "lifecycel"], @r"
    success: false
    exit_code: 4
    ----- stdout -----

    ----- stderr -----
    error: the one transcript that there is is not selected
      hint: no scenario has the tag `user`; did you mean `users`?
      hint: no id or title contains `lifecycel`; did you mean `lifecycle`?
      hint: `scimulator run --list` shows them all
    ");
    assert_run!(sandbox, ["run", "--as", "okta"], @r"
    success: false
    exit_code: 4
    ----- stdout -----

    ----- stderr -----
    error: the one transcript that there is is not selected
      hint: no scenario is played as `okta`
      hint: `scimulator run --list` shows them all
    ");
    std::fs::create_dir(sandbox.path().join("none")).unwrap();
    assert_eq!(sandbox.exit_code(&["run", "none"]), Some(4));
}

#[test]
fn wrong_usage_is_told_with_the_nearest() {
    let sandbox = sandbox();
    sandbox.write(
        "scimulator.toml",
        "[target.staging]\nurl = \"https://staging.test/scim\"\ntoken = \"hunter2\"\n",
    );
    assert_run!(sandbox, ["run", "--target", "stagin"], @r"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: there is no target `stagin` in scimulator.toml
      hint: did you mean `staging`?
    ");
    assert_run!(sandbox, ["run", "scenarios/lifecycel.yaml"], @r"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: there is no file or folder `scenarios/lifecycel.yaml`
      hint: did you mean `scenarios/lifecycle.yaml`?
    ");
    assert_run!(sandbox, ["run", "--as", "okto"], @r"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: invalid value 'okto' for '--as <DIALECT>': did you mean `okta`?

    For more information, try '--help'.
    ");
    assert_run!(sandbox, ["run", "--target", "staging", "--profile", "rfc"], @r"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: `--profile rfc` is for the built-in provider, not for a target
      hint: leave out `--profile` or `--target`; the target is `staging`
    ");
    assert_run!(sandbox, ["run", "--token", "a", "--basic", "b:c"], @r"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: the command line says to log in by `--token` and by `--basic`: choose one

    Usage: scimulator [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    sandbox.write(
        "scimulator.toml",
        "[target.staging]\nurl = \"https://staging.test/scim\"\ntokn = \"hunter2\"\n",
    );
    assert_run!(sandbox, ["run", "--target", "staging"], @r#"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: unknown key `tokn`
     --> scimulator.toml:3:1
      |
    3 | tokn = "*******"
      | ^^^^
      |
      = help: did you mean `token`?

    error: nothing was done because of this mistake
    "#);
}

#[test]
fn shards_share_the_transcripts_out() {
    let sandbox = Sandbox::new();
    for number in 0..7 {
        sandbox.write(&format!("scenarios/{number}.yaml"), LIFECYCLE);
    }
    sandbox.write("fixtures/people.yaml", PEOPLE);
    let listed = |shard: &str| {
        let output = sandbox.command(&["run", "--list", "--shard", shard]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().count()
    };
    assert_eq!(listed("1/2") + listed("2/2"), 7);
}

#[test]
fn fail_fast_leaves_the_rest_unplayed_and_says_so() {
    let sandbox = sandbox();
    sandbox.write("scenarios/errors/unknown.yaml", WRONG);
    assert_run!(sandbox, ["run", "--fail-fast", "--jobs", "1", "--quiet", "--report", "json=report.json"], @r#"
    success: false
    exit_code: 1
    ----- stdout -----
    FAIL    errors/unknown@entra ([TIME]): the status: expected `200`, found `404` (Not Found)

    --- errors/unknown@entra
    A user that nobody knows
    the status: expected `200`, found `404` (Not Found)

    error: the status: expected `200`, found `404` (Not Found)
     --> scenarios/errors/unknown.yaml:7:15
      |
    7 |       status: 200
      |               ^^^ expected `200`
      |
      = note: in the answer 404 Not Found to step 1, `GET /Users/nobody`
      = note: the answer says: there is no User with the id `nobody`

    the last exchange:
      > GET /Users/nobody
      < 404 Not Found ([TIME])
      < content-type: application/scim+json
      < content-length: 123
      < date: [DATE]
      {
        "schemas": [
          "urn:ietf:params:scim:api:messages:2.0:Error"
        ],
        "status": "404",
        "detail": "there is no User with the id `nobody`"
      }

    it alone: scimulator run scenarios/errors/unknown.yaml --as entra

    0 passed, 1 failed, 2 skipped in [TIME]

    ----- stderr -----
    "#);
    let report: Value = serde_json::from_str(&sandbox.read("report.json")).unwrap();
    assert_eq!(report["results"][2]["status"], "skip");
    assert!(report["results"][2]["message"].as_str().unwrap().contains("--fail-fast"));
}

#[test]
fn a_feature_that_the_target_does_not_have_is_a_skip_with_its_reason() {
    let sandbox = Sandbox::new();
    sandbox.write("scenarios/me.yaml", "scenario: x\nneeds: [me]\nsteps:\n  - request: GET /Me\n");
    assert_run!(sandbox, ["run"], @r"
    success: true
    exit_code: 0
    ----- stdout -----
    skip    me: needs `me`, but GET /Me answers 404

    0 passed, 1 skipped in [TIME]

    ----- stderr -----
    ");
}

#[test]
fn reports_obey_their_schema_and_hold_no_secret() {
    let sandbox = sandbox();
    sandbox.write("scenarios/errors/unknown.yaml", WRONG);
    let code = sandbox.exit_code(&["run", "--report", "json=out.json", "--report", "junit=out.xml"]);
    assert_eq!(code, Some(1));
    let text = sandbox.read("out.json");
    let report: Value = serde_json::from_str(&text).unwrap();
    let schema = sandbox.command(&["schema", "report"]).output().unwrap().stdout;
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    jsonschema::validate(&schema, &report).unwrap();
    assert_eq!(report["summary"]["fail"], 3);
    assert_eq!(report["results"].as_array().unwrap().len(), 3);
    let junit = sandbox.read("out.xml");
    assert_eq!(junit.matches("<testcase").count(), 3, "{junit}");
    for secret in ["correct-horse-battery", "Bearer"] {
        assert!(!text.contains(secret) && !junit.contains(secret), "{secret}");
    }
    assert_eq!(sandbox.files().iter().filter(|file| file.contains(".tmp")).count(), 0);
}

#[test]
fn a_report_on_standard_output_is_alone_there() {
    let output = sandbox().command(&["run", "--report", "json=-"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["kind"], "run");
    assert!(String::from_utf8(output.stderr).unwrap().contains("1 failed"));
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_the_run() {
    let sandbox = sandbox();
    assert_run!(sandbox, ["run", "--report", "json=missing/out.json"], @r"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: the report `missing/out.json` cannot be written: its folder does not exist
    ");
    assert_run!(sandbox, ["run", "--report", "htm=out.html"], @r"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: invalid value 'htm=out.html' for '--report <FORMAT=FILE>': unknown format `htm`; did you mean `html`?

    For more information, try '--help'.
    ");
    assert!(!sandbox.has("snapshots"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_for_the_report_keeps_the_verdict_and_changes_the_exit_code() {
    let sandbox = sandbox();
    assert_run!(sandbox, ["run", "--update", "--quiet", "--report", "json=/dev/full"], @r"
    success: false
    exit_code: 2
    ----- stdout -----
    1 passed in [TIME]
    1 snapshot written: look at `git diff` before you commit

    ----- stderr -----
    error: the report `/dev/full` cannot be written: No space left on device (os error [CODE])
    without this the exit code would be 0
    ");
}

#[test]
fn an_unreachable_target_cannot_be_judged() {
    let sandbox = sandbox();
    let url = format!("http://127.0.0.1:{}/scim/v2", closed_port());
    assert_run!(sandbox, ["run", "--target", &url, "--report", "json=out.json"], @r"
    success: false
    exit_code: 3
    ----- stdout -----

    ----- stderr -----
    error: the target http://127.0.0.1:[PORT]/scim/v2 cannot be judged: nothing listens on 127.0.0.1:[PORT] (connection refused)
      hint: is it running, and is the URL right?
    ");
    assert!(!sandbox.has("out.json") && !sandbox.has(".scimulator"));
}

#[test]
fn refused_credentials_cannot_be_judged() {
    let sandbox = sandbox();
    let server = Server::start(&sandbox);
    assert_run!(sandbox, ["run", "--target", &server.url, "--token", "wrong-token-1"], @"
    success: false
    exit_code: 3
    ----- stdout -----

    ----- stderr -----
    error: the target http://127.0.0.1:[PORT]/scim/v2 refuses the credentials: GET /Users answers 401
      hint: set a valid bearer token in SCIM_TOKEN; `--help` tells other ways to log in
    ");
}

#[test]
fn a_shared_target_is_left_as_it_was() {
    let sandbox = sandbox();
    sandbox.write("scenarios/wrong.yaml", &LIFECYCLE.replace("totalResults: 1", "totalResults: 7"));
    let server = Server::start(&sandbox);
    let config = format!("[target.here]\nurl = \"{}\"\ntoken = \"{TOKEN}\"\n", server.url);
    sandbox.write("scimulator.toml", &config);
    let arguments = ["run", "--target", "here", "--update", "--report", "json=out.json"];
    assert_eq!(sandbox.exit_code(&arguments), Some(1));
    assert_eq!(server.users(), 0);
    assert!(!sandbox.has(".scimulator"));
    let snapshot = sandbox.read("snapshots/here/lifecycle.snap");
    assert!(snapshot.contains("\"userName\": \"ada"), "{snapshot}");
    let report: Value = serde_json::from_str(&sandbox.read("out.json")).unwrap();
    assert_eq!(report["target"]["name"], "here");
    assert!(!sandbox.read("out.json").contains(TOKEN));
    // The run suffix differs from run to run, the snapshot does not show it.
    assert_eq!(sandbox.exit_code(&["run", "scenarios/lifecycle.yaml", "--target", "here"]), Some(0));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_cleans_up_and_writes_what_it_has() {
    use std::io::{BufRead, BufReader};

    let sandbox = sandbox();
    let server = Server::start(&sandbox);
    // The first ends quickly, the second never by itself.
    let endless = LIFECYCLE.replace(
        "    expect: { status: 200, body: { totalResults: 1 } }\n",
        "    until: { body: { totalResults: 2 }, attempts: 100, pause: 50s }\n",
    );
    sandbox.write("scenarios/z-endless.yaml", &endless);
    let mut child = sandbox
        .command(&["run", "--target", &server.url, "--token", TOKEN, "--update", "--verbose"])
        .args(["--report", "json=out.json"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("ok") {
        line.clear();
        assert_ne!(out.read_line(&mut line).unwrap(), 0);
    }
    while server.users() == 0 {
        std::thread::yield_now();
    }
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let rest = std::io::read_to_string(out).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(rest.contains("1 passed in") && rest.contains("(interrupted)"), "{rest}");
    let report: Value = serde_json::from_str(&sandbox.read("out.json")).unwrap();
    assert_eq!((&report["incomplete"], &report["summary"]["pass"]), (&Value::Bool(true), &1.into()));
    assert_eq!(server.users(), 0);
    assert!(!sandbox.has(".scimulator"));
}

#[cfg(unix)]
#[test]
fn what_a_killed_run_left_is_told_by_the_next() {
    let sandbox = sandbox();
    let server = Server::start(&sandbox);
    let endless = LIFECYCLE.replace(
        "    expect: { status: 200, body: { totalResults: 1 } }\n",
        "    until: { body: { totalResults: 2 }, attempts: 100, pause: 50s }\n",
    );
    sandbox.write("endless.yaml", &endless.replace("../fixtures", "fixtures"));
    let arguments = ["run", "endless.yaml", "--target", &server.url, "--token", TOKEN];
    let mut child = sandbox.command(&arguments).spawn().unwrap();
    while server.users() == 0 {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let output = sandbox.command(&["run", "--target", &server.url, "--token", TOKEN]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("an earlier run left 1 resource on http://127.0.0.1:"), "{said}");
    assert!(server.users() == 1 && sandbox.has(".scimulator"));
}

#[test]
fn github_shows_failures_at_their_lines() {
    let sandbox = sandbox();
    sandbox.write("scenarios/lifecycle.yaml", WRONG);
    let mut command = sandbox.command(&["run", "--quiet", "--as", "okta"]);
    command.envs([("GITHUB_ACTIONS", "true"), ("GITHUB_STEP_SUMMARY", "summary.md"), ("CI", "true")]);
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let annotation = said.lines().find(|line| line.starts_with("::error")).unwrap();
    assert!(
        annotation.contains("file=scenarios/lifecycle.yaml,line=7,title=lifecycle@okta::"),
        "{annotation}"
    );
    assert!(sandbox.read("summary.md").contains("### scimulator run: 0 passed, 1 failed"));
}

#[test]
fn snapshots_that_nothing_plays_are_noticed() {
    let sandbox = sandbox();
    assert_eq!(sandbox.exit_code(&["run", "--update"]), Some(0));
    sandbox.write("snapshots/rfc/gone.snap", "---\n---\nold\n");
    assert_run!(sandbox, ["run"], @r"
    success: true
    exit_code: 0
    ----- stdout -----
    ok      lifecycle ([TIME])

    1 passed in [TIME]

    ----- stderr -----
    notice: no scenario plays `snapshots/rfc/gone.snap` any more: delete it
    ");
    assert_run!(sandbox, ["run", "--filter", "user"], @r"
    success: true
    exit_code: 0
    ----- stdout -----
    ok      lifecycle ([TIME])

    1 passed in [TIME]

    ----- stderr -----
    ");
}

#[test]
fn what_is_verbose_shows_the_exchanges_without_secrets() {
    let sandbox = sandbox();
    let output = sandbox.command(&["run", "--update", "--verbose"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("# create") && said.contains("> POST /Users") && said.contains("< 201 Created"),
        "{said}"
    );
    assert!(!said.contains("correct-horse-battery"), "{said}");
}

#[test]
fn help_shows_no_secret_of_the_environment() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["run", "--help"]);
    command.env("SCIM_TOKEN", "hunter2").env("SCIMULATOR_BASIC", "ada:hunter2");
    let help = String::from_utf8(command.output().unwrap().stdout).unwrap();
    assert!(help.contains("SCIM_TOKEN") && !help.contains("hunter2"), "{help}");
}

#[test]
fn the_help_of_run_is_grouped() {
    assert_run!(Sandbox::new(), ["run", "-h"], @r"
    success: true
    exit_code: 0
    ----- stdout -----
    Replay scenarios and compare what comes back with the snapshots

    Usage: scimulator run [OPTIONS] [PATH]...

    Arguments:
      [PATH]...  Scenario files or folders [default: scenarios]

    Options:
      -h, --help  Print help (see more with '--help')

    Selection:
          --as <DIALECT>   Play only as these identity providers, separated by commas [env:
                           SCIMULATOR_AS]
          --tag <TAG>      Only scenarios with one of these tags, separated by commas [env:
                           SCIMULATOR_TAG]
          --filter <TEXT>  Only transcripts whose id or title contains this text [env:
                           SCIMULATOR_FILTER]
          --shard <I/N>    Only one part of several, for as many machines: 1/3 is the first of three
                           [env: SCIMULATOR_SHARD]
          --list           Print what would be played, and play nothing [env: SCIMULATOR_LIST]

    Playing:
          --profile <PROFILE>  Profile of the built-in provider for all scenarios, instead of what each
                               says [env: SCIMULATOR_PROFILE]
          --jobs <N>           How many transcripts are played at the same time [default: as many as
                               there are processor cores; 1 against a target, where they would see each
                               other's users] [env: SCIMULATOR_JOBS]
          --fail-fast          Begin nothing new after the first failure [env: SCIMULATOR_FAIL_FAST]

    Snapshots:
          --snapshots <DIR>  Folder that holds the snapshots [default: snapshots, beside the scenarios]
                             [env: SCIMULATOR_SNAPSHOTS]
          --update           Make what came the new snapshots [env: SCIMULATOR_UPDATE]

    Target:
          --target <URL|NAME>  Base URL of the SCIM service (https://host/scim/v2), or the name of a
                               target in scimulator.toml [env: SCIMULATOR_TARGET]
          --config <FILE>      Configuration file with named targets [env: SCIMULATOR_CONFIG]

    Credentials:
          --token <TOKEN>           Bearer token; better given by the environment, as other users can
                                    see command lines [env: SCIM_TOKEN]
          --token-file <FILE>       File that holds the bearer token, `-` for standard input [env:
                                    SCIMULATOR_TOKEN_FILE]
          --basic <USER:PASS>       User and password for basic authentication [env: SCIMULATOR_BASIC]
          --header <NAME: VALUE>    Header field sent with every request; may be repeated [env:
                                    SCIMULATOR_HEADER]
          --oauth-token-url <URL>   Token endpoint for OAuth 2.0 client credentials [env:
                                    SCIMULATOR_OAUTH_TOKEN_URL]
          --client-id <ID>          Client id for the token endpoint [env: SCIMULATOR_CLIENT_ID]
          --client-secret <SECRET>  Client secret for the token endpoint [env: SCIMULATOR_CLIENT_SECRET]
          --scope <SCOPE>           Scope to ask the token endpoint for [env: SCIMULATOR_SCOPE]

    Connection:
          --ca-file <FILE>      Certificates to trust beside the well-known ones (PEM) [env:
                                SCIMULATOR_CA_FILE]
          --client-cert <FILE>  Client certificate for mutual TLS (PEM) [env: SCIMULATOR_CLIENT_CERT]
          --client-key <FILE>   Private key of the client certificate (PEM) [env: SCIMULATOR_CLIENT_KEY]
          --insecure            Accept any certificate [env: SCIMULATOR_INSECURE]
          --proxy <URL>         Proxy to go through (http://host:port) [env: SCIMULATOR_PROXY]
          --timeout <TIME>      Longest time for one request: seconds, or such as 500ms, 10s [default:
                                30s] [env: SCIMULATOR_TIMEOUT]
          --rate <N/s>          Send at most that many requests per second (10/s) or minute (90/m) [env:
                                SCIMULATOR_RATE]

    Output:
          --color <WHEN>          When to use colours [env: SCIMULATOR_COLOR] [default: auto] [possible
                                  values: auto, always, never]
          --report <FORMAT=FILE>  Write a report: json=FILE, junit=FILE, html=FILE or markdown=FILE, `-`
                                  for standard output; may be repeated [env: SCIMULATOR_REPORT]
      -q, --quiet                 Print failures and the summary only [env: SCIMULATOR_QUIET]
      -v, --verbose               Print every exchange, and differences in full [env:
                                  SCIMULATOR_VERBOSE]

    ----- stderr -----
    ");
}

#[test]
fn a_wrong_base_url_is_not_a_target_without_features() {
    let sandbox = sandbox();
    sandbox
        .write("scenarios/lifecycle.yaml", &LIFECYCLE.replace("directory:", "needs: [filter]\ndirectory:"));
    let server = Server::start(&sandbox);
    let wrong = format!("{}x", server.url);
    assert_eq!(sandbox.exit_code(&["run", "--target", &wrong, "--token", TOKEN]), Some(1));
}

#[test]
fn a_target_that_is_typed_empty_is_not_the_built_in_provider() {
    let sandbox = sandbox();
    assert_eq!(sandbox.exit_code(&["run", "--update", "--target", ""]), Some(2));
    assert!(!sandbox.has("snapshots"));
    let mut command = sandbox.command(&["run", "--update"]);
    // CI systems set a variable to nothing where a secret is not there.
    assert_eq!(command.env("SCIMULATOR_TARGET", "").status().unwrap().code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_run_that_goes_on_at_the_same_time_is_no_earlier_one() {
    let sandbox = sandbox();
    let server = Server::start(&sandbox);
    let endless = LIFECYCLE.replace(
        "    expect: { status: 200, body: { totalResults: 1 } }\n",
        "    until: { body: { totalResults: 2 }, attempts: 100, pause: 50s }\n",
    );
    sandbox.write("endless.yaml", &endless.replace("../fixtures", "fixtures"));
    let arguments = ["run", "endless.yaml", "--target", &server.url, "--token", TOKEN];
    let mut child = sandbox.command(&arguments).spawn().unwrap();
    while server.users() == 0 {
        std::thread::yield_now();
    }
    let output = sandbox.command(&["run", "--target", &server.url, "--token", TOKEN]).output().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("an earlier run"), "{said}");
}

#[test]
fn a_scenario_is_the_same_wherever_the_command_is_called() {
    let sandbox = sandbox();
    sandbox.write("scenarios/okta/a.yaml", &LIFECYCLE.replace("../fixtures", "../../fixtures"));
    assert_eq!(sandbox.exit_code(&["run", "--update"]), Some(0));
    for (folder, path) in [
        ("scenarios/okta", "a.yaml"),
        ("scenarios", "okta"),
        ("scenarios", "."),
        ("fixtures", "../scenarios"),
    ] {
        let mut command = sandbox.command(&["run", path]);
        let output = command.current_dir(sandbox.path().join(folder)).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && said.contains("ok      okta/a"), "{folder} {path}: {said}");
    }
    assert!(!sandbox.has("scenarios/snapshots"));
}

#[test]
fn the_way_to_review_names_the_folder_of_the_snapshots() {
    let sandbox = sandbox();
    let output = sandbox.command(&["run", "--snapshots", "elsewhere"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("`scimulator review elsewhere` walks through"), "{said}");
}

#[test]
fn two_reports_do_not_go_to_one_place() {
    let sandbox = sandbox();
    for place in ["-", "out"] {
        let [json, junit] = ["json", "junit"].map(|format| format!("{format}={place}"));
        let output = sandbox.command(&["run", "--report", &json, "--report", &junit]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(said.contains(&format!("two reports go to `{place}`")), "{said}");
    }
    assert!(!sandbox.has("snapshots"));
}

#[test]
fn cleanup_with_refused_credentials_is_no_verdict_and_keeps_the_journal() {
    let sandbox = sandbox();
    let server = Server::start(&sandbox);
    let journal = format!(
        "{{\"run\":\"old\",\"base\":\"{}\"}}\n{{\"intend\":1,\"path\":\"/Users\",\"name\":\"a-old\"}}\n",
        server.url
    );
    sandbox.write(".scimulator/old.journal", &journal);
    let arguments = ["cleanup", "--target", &server.url, "--token", "wrong-token-1"];
    let output = sandbox.command(&arguments).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("refuses the credentials"), "{said}");
    assert!(sandbox.has(".scimulator/old.journal"));
}

#[test]
fn the_journal_of_a_target_that_is_gone_can_be_forgotten() {
    let sandbox = sandbox();
    for (name, base) in [("one", "http://127.0.0.1:9/scim/v2"), ("two", "http://127.0.0.1:8/scim/v2")] {
        let journal = format!(
            "{{\"run\":\"{name}\",\"base\":\"{base}\"}}\n{{\"intend\":1,\"path\":\"/Users\",\"name\":\"a\"}}\n"
        );
        sandbox.write(&format!(".scimulator/{name}.journal"), &journal);
    }
    let arguments = ["cleanup", "--forget", "--target", "http://127.0.0.1:9/scim/v2", "--token", TOKEN];
    let output = sandbox.command(&arguments).output().unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "forgotten: 1 left on http://127.0.0.1:9/scim/v2\n"
    );
    assert!(!sandbox.has(".scimulator/one.journal") && sandbox.has(".scimulator/two.journal"));
    assert_eq!(sandbox.command(&["cleanup", "--forget"]).output().unwrap().status.code(), Some(0));
    assert!(!sandbox.has(".scimulator"));
}

#[test]
fn what_is_left_on_a_target_is_told_even_quietly() {
    let sandbox = sandbox();
    sandbox.write(
        ".scimulator/old.journal",
        "{\"run\":\"old\",\"base\":\"http://x\"}\n{\"intend\":1,\"path\":\"/Users\",\"name\":\"a\"}\n",
    );
    let server = Server::start(&sandbox);
    let arguments = ["run", "--quiet", "--target", &server.url, "--token", TOKEN];
    let said = String::from_utf8(sandbox.command(&arguments).output().unwrap().stderr).unwrap();
    assert!(said.contains("an earlier run left 1 resource"), "{said}");
}
