//! Reading scenario files, and the mistakes that are told.

use super::*;
use crate::scenario::Step;
use crate::scenario::id_of;
use crate::scenario::matcher::MATCHERS;
use proptest::prelude::*;

mod keys;
mod values;

const FIXTURE: &str = "people:\n  ada: { userName: ada@acme.test, emails: [{ value: ada@acme.test }] }\ngroups:\n  engineering: { displayName: Engineering, members: [ada] }\n";

fn read(path: &Path) -> io::Result<Vec<u8>> {
    match path.to_str() {
        Some("fixtures/acme.yaml") => Ok(FIXTURE.into()),
        Some("fixtures/broken.yaml") => Ok("people:\n  ada: { usrName: x }\n".into()),
        Some("scenarios/okta/body.json") => Ok("{ \"userName\": \"{{ ada.userNme }}\" }".into()),
        Some("scenarios/okta/photo.jpg") => Ok(vec![0xff, 0xd8]),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}

pub(super) fn decoded(text: &str) -> Result<Scenario, Vec<Diagnostic>> {
    let path = Path::new("scenarios/okta/a.yaml");
    load(path, &id_of(path, Path::new("scenarios")), &|asked| {
        if asked == path { Ok(text.into()) } else { read(asked) }
    })
}

pub(super) fn mistakes(text: &str) -> String {
    let found = decoded(text).unwrap_err();
    found.iter().map(|mistake| mistake.render(false)).collect::<Vec<_>>().join("\n\n")
}

/// The mistakes of one step, in a file that is fine otherwise.
fn step_mistakes(step: &str) -> String {
    let indented = step.trim_end().replace('\n', "\n    ");
    mistakes(&format!("scenario: x\ndirectory: ../../fixtures/acme.yaml\nsteps:\n  - {indented}\n"))
}

fn request(step: &Step) -> &crate::scenario::RequestStep {
    match step {
        Step::Request(step) => step,
        Step::Idp(step) => panic!("`{}` is an `idp` step", step.name),
    }
}

#[test]
fn the_example_of_the_documentation_is_read() {
    let docs = include_str!("../../../../docs/scenarios.md");
    let example = docs.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let scenario = decoded(example).unwrap();
    assert_eq!(scenario.id, "okta/a");
    assert_eq!(scenario.folder(), "okta");
    assert_eq!(scenario.title, "Okta deactivates a user that it may not delete");
    assert_eq!(scenario.dialects, [Dialect::Okta]);
    assert_eq!(scenario.needs, [Capability::Patch]);
    assert_eq!(scenario.profile, "interop");
    assert_eq!(scenario.steps.len(), 3);
    assert_eq!(scenario.steps[0].name(), "create the user");
    assert_eq!(request(&scenario.steps[1]).expect.status.as_ref().unwrap().0, [200, 204]);
}

#[test]
fn the_other_examples_of_the_documentation_are_read() {
    let docs = include_str!("../../../../docs/scenarios.md");
    let block = |begin: &str| {
        let mut blocks = docs.split("```yaml\n").filter_map(|rest| rest.split("```").next());
        blocks.find(|block| block.starts_with(begin)).unwrap().trim_end().replace('\n', "\n    ")
    };
    let text = format!("scenario: x\nsteps:\n  - request: GET /Users\n    {}\n", block("expect:"));
    assert_eq!(request(&decoded(&text).unwrap().steps[0]).expect.headers.len(), 3);
    let text = format!("scenario: x\nas: [okta]\nsteps:\n  - idp: cycle\n    {}\n", block("faults:"));
    let scenario = decoded(&text).unwrap();
    assert!(matches!(&scenario.steps[0], Step::Idp(step) if step.faults.len() == 4));
    // Its people are those of the pilot, not of the fixture of these tests.
    let text = block("scenario: Somebody").replace("\n    ", "\n").replace("grace", "ada");
    assert_eq!(decoded(&text).unwrap().steps.len(), 3);
}

#[test]
fn defaults_are_plain() {
    let scenario = decoded("scenario: x\nsteps:\n  - request: GET /Users\n").unwrap();
    assert_eq!((scenario.profile.as_str(), scenario.encoding), ("rfc", Encoding::Percent));
    assert!(scenario.dialects.is_empty() && scenario.needs.is_empty() && scenario.profile_span.is_none());
    assert_eq!(scenario.steps[0].name(), "GET /Users");
}

#[test]
fn a_scenario_that_is_not_utf_8() {
    let found = load(Path::new("a.yaml"), "a", &|_| Ok(b"a: 1\nb: \xff\n".to_vec())).unwrap_err();
    insta::assert_snapshot!(found[0].render(false), @r"error: `a.yaml` is not UTF-8: the first byte that is not stands in line 2, column 4");
}

#[test]
fn an_unknown_profile_is_pointed_at() {
    let scenario = decoded("scenario: x\nprofile: interup\nsteps: [{ request: GET / }]\n").unwrap();
    assert!(scenario.unknown_profile(&["interup"]).is_none());
    insta::assert_snapshot!(scenario.unknown_profile(&["rfc", "interop"]).unwrap().render(false), @r"
    error: there is no profile `interup`
     --> scenarios/okta/a.yaml:2:10
      |
    2 | profile: interup
      |          ^^^^^^^ not known
      |
      = note: known are `rfc`, `interop`
      = help: did you mean `interop`?
    ");
}

/// Text of values that may stand anywhere, right or wrong.
fn any_value() -> impl Strategy<Value = String> {
    let words: Vec<&str> = vec![
        "~",
        "true",
        "1",
        "200",
        "1001",
        "x",
        "none",
        "GET /Users",
        "\"{{ ada.userName }}\"",
        "\"{{ nope }}\"",
        "\"{{\"",
        "/id",
        "raw",
        "okta",
        "body.json",
        "{}",
        "[]",
        "[1]",
        "5ms",
    ];
    let keys: Vec<&str> = [
        FILE.known,
        STEP.known,
        UNTIL.known,
        BEARER.known,
        SAVE_HEADER.known,
        &MATCHERS,
        &["$x", "idp", "ada"],
    ]
    .concat();
    let leaf = proptest::sample::select(words).prop_map(str::to_owned);
    leaf.prop_recursive(3, 24, 4, move |inner| {
        let member = (proptest::sample::select(keys.clone()), inner.clone());
        prop_oneof![
            proptest::collection::vec(inner, 1..3).prop_map(|items| format!("[{}]", items.join(", "))),
            proptest::collection::vec(member, 1..4).prop_map(|members| {
                let members: Vec<String> =
                    members.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{ {} }}", members.join(", "))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_cannot_be_decoded_is_said(
        members in proptest::collection::vec((proptest::sample::select([FILE.known, STEP.known].concat()), any_value()), 0..3),
        step in proptest::collection::vec((proptest::sample::select(STEP.known), any_value()), 0..4),
    ) {
        let write = |(key, value): &(&str, String)| format!("{key}: {value}");
        let members: String = members.iter().map(|member| write(member) + "\n").collect();
        let step: Vec<String> = step.iter().map(write).collect();
        let text = format!("scenario: x\n{members}steps:\n  - {{ request: GET /, {} }}\n", step.join(", "));
        match decoded(&text) {
            Ok(scenario) => prop_assert_eq!(scenario.steps.len(), 1),
            Err(found) => prop_assert!(!found.is_empty()),
        }
    }
}
