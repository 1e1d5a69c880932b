//! The program as a user meets it: what it prints, what it writes, and its exit codes.

mod common;

use common::{Sandbox, assert_run};

#[test]
fn help_tells_the_commands() {
    assert_run!(Sandbox::new(), ["-h"], @"
    success: true
    exit_code: 0
    ----- stdout -----
    Will provisioning work between this identity provider and this application?

    Usage: scimulator [OPTIONS] <COMMAND>

    Commands:
      run          Replay scenarios and compare what comes back with the snapshots
      review       Walk through new and changed transcripts: accept, reject or skip each
      check        Check the RFC conformance of a target, and whether identity providers can work with
                   it
      simulate     Play an identity provider until a target is what a directory says
      checks       List the checks, or what they cover of the RFCs
      explain      Explain a check, a requirement, a habit of an identity provider or a defect
      cleanup      Delete what an interrupted run left on a target
      selftest     Prove that `check` finds every deliberate defect of the built-in provider
      serve        Run the built-in SCIM provider until it is told to stop
      report       Join JSON reports, or say what changed between two
      defects      List the deliberate bugs of the built-in provider
      directory    Make, import and check directories: the people and groups of an identity provider
      schema       Print the JSON Schema of a file format
      completions  Print the completion script of a shell
      man          Print the manual page
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Output:
          --color <WHEN>  When to use colours [env: SCIMULATOR_COLOR] [default: auto] [possible values:
                          auto, always, never]

    Exit codes: 0 all is well, 1 found wanting, 2 wrong usage or a broken file, 3 could not judge, 4
    nothing was selected, 130 interrupted.

    ----- stderr -----
    ");
}

#[test]
fn an_unknown_option_is_wrong_usage() {
    assert_run!(Sandbox::new(), ["schema", "--nmae"], @r"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: unexpected argument '--nmae' found

      tip: to pass '--nmae' as a value, use '-- --nmae'

    Usage: scimulator schema [OPTIONS] <NAME>

    For more information, try '--help'.
    ");
    assert_run!(Sandbox::new(), ["check", "http://127.0.0.1:9/scim/v2"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: unexpected argument 'http://127.0.0.1:[PORT]/scim/v2' found

    Usage: scimulator check [OPTIONS]

    For more information, try '--help'.
      hint: a target is named by an option: `--target http://127.0.0.1:[PORT]/scim/v2`
    ");
    assert_run!(Sandbox::new(), ["check", "--jobs", "0"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: invalid value '0' for '--jobs <N>': expected a number of at least 1

    For more information, try '--help'.
    ");
    assert_run!(Sandbox::new(), ["checks", "--only", "patc"], @"
    success: false
    exit_code: 4
    ----- stdout -----

    ----- stderr -----
    error: there is no check and no topic `patc`
      hint: `patc`: did you mean `patch`?
      hint: `scimulator checks` lists them all
    ");
    assert_run!(Sandbox::new(), ["defects", "--only", "patc"], @"
    success: false
    exit_code: 4
    ----- stdout -----

    ----- stderr -----
    error: there is no defect and no topic `patc`
      hint: did you mean `patch`?
    ");
    assert_run!(Sandbox::new(), ["chekc"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: unrecognized subcommand 'chekc'

      tip: some similar subcommands exist: 'schema', 'checks', 'check'

    Usage: scimulator [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn nothing_at_all_is_wrong_usage() {
    let output = Sandbox::new().command(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = Sandbox::new().command(&["completions", shell]).output().unwrap();
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains("scimulator"), "{shell}");
    }
}

#[test]
fn the_manual_page_tells_every_command() {
    let output = Sandbox::new().command(&["man"]).output().unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && page.contains(".TH scimulator 1"), "{page}");
    for command in ["run", "review", "serve", "defects", "schema", "completions"] {
        assert!(page.contains(&format!("scimulator\\-{command}")), "{command}");
    }
}

#[test]
fn schemas_are_json_schemas() {
    for name in ["scenario", "directory", "report"] {
        let output = Sandbox::new().command(&["schema", name]).output().unwrap();
        let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(jsonschema::meta::is_valid(&schema), "{name}");
    }
    assert_run!(Sandbox::new(), ["schema", "scenaro"], @"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: invalid value 'scenaro' for '<NAME>'
      [possible values: scenario, directory, report]

      tip: a similar value exists: 'scenario'

    For more information, try '--help'.
    ");
}

#[test]
fn defects_are_listed_for_people_and_for_programs() {
    let list = |format: &str| {
        let output = Sandbox::new().command(&["defects", "--format", format]).output().unwrap();
        assert!(output.status.success(), "{format}");
        String::from_utf8(output.stdout).unwrap()
    };
    let table = list("table");
    assert!(table.contains("\ncreate\n") || table.starts_with("create\n"), "{table}");
    let json: serde_json::Value = serde_json::from_str(&list("json")).unwrap();
    let all = json.as_array().unwrap();
    assert!(all.len() >= 110);
    for defect in all {
        assert!(table.contains(defect["id"].as_str().unwrap()), "{defect}");
        for member in ["title", "about", "profile"] {
            assert!(defect[member].is_string(), "{defect}");
        }
        assert!(defect["seen"].is_array() && defect["breaks"].get(0).is_some(), "{defect}");
    }
}

#[test]
fn a_defect_that_does_not_exist_is_wrong_usage() {
    assert_run!(Sandbox::new(), ["serve", "--defect", "create-answer-200"], @r"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: there is no defect `create-answer-200`; did you mean `create-answers-200`?
      hint: `scimulator defects` lists them
    ");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = Sandbox::new().command(&["schema", "report"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("error: cannot write to standard output: "), "{said}");
}

#[test]
fn a_reader_that_goes_away_is_no_mistake() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Sandbox::new().command(&["schema", "report"]).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

/// A small report of `check` with these results.
fn report(results: &[(&str, &str)]) -> String {
    let results: Vec<String> = results
        .iter()
        .map(|(id, status)| format!(r#"{{"id":"{id}","status":"{status}","message":"about {id}"}}"#))
        .collect();
    format!(
        r#"{{"kind":"check","version":"1","target":{{"url":"u","name":"n"}},"results":[{}],"readiness":[]}}"#,
        results.join(",")
    )
}

#[test]
fn two_reports_are_compared() {
    let sandbox = Sandbox::new();
    sandbox.write("old.json", &report(&[("a", "pass"), ("b", "fail")]));
    sandbox.write("new.json", &report(&[("a", "fail"), ("b", "pass")]));
    sandbox.write("broken.json", "{");
    assert_run!(sandbox, ["report", "diff", "old.json", "new.json"], @r"
    success: false
    exit_code: 1
    ----- stdout -----
    regressed
      a (pass -> fail): about a

    fixed
      b (fail -> pass): about b

    1 regressed, 1 fixed, 0 unchanged

    ----- stderr -----
    ");
    assert_eq!(sandbox.exit_code(&["report", "diff", "old.json", "old.json", "--format", "json"]), Some(0));
    assert_run!(sandbox, ["report", "diff", "old.json", "broken.json"], @r"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: `broken.json` is no JSON report: EOF while parsing an object at line 1 column 1
      hint: write one with `--report json=FILE`
    ");
    assert_run!(sandbox, ["report", "diff", "old.json", "none.json"], @r"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: `none.json` cannot be read: No such file or directory (os error [CODE])
    ");
}

#[test]
fn shards_are_joined() {
    let sandbox = Sandbox::new();
    sandbox.write("one.json", &report(&[("b", "pass")]));
    sandbox.write("two.json", &report(&[("a", "fail")]));
    assert_eq!(sandbox.exit_code(&["report", "merge", "one.json", "two.json", "-o", "all.json"]), Some(0));
    let all = sandbox.read("all.json");
    assert!(all.find(r#""id": "a""#).unwrap() < all.find(r#""id": "b""#).unwrap(), "{all}");
    assert!(all.contains(r#""pass": 1"#) && all.contains(r#""fail": 1"#), "{all}");
    assert_run!(sandbox, ["report", "merge", "one.json", "all.json"], @r"
    success: false
    exit_code: 2
    ----- stdout -----

    ----- stderr -----
    error: `b` is in `one.json` and in `all.json`: these are no shards of one run
    ");
}
