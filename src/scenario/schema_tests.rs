//! The JSON Schema says the same as the decoder.

use std::path::Path;

use serde_json::{Value, json};

use super::capability::Capability;
use super::decode::{
    ACTIONS, BEARER, EXPECT, FAILED, FAULT, FILE, GENERATED, IDP_STEP, SAVE_HEADER, STEP, UNTIL,
};
use super::matcher::{JsonType, MATCHERS};
use super::{JSON_SCHEMA, load};
use crate::diagnostic::SourceFile;
use crate::encoding::Encoding;
use crate::idp::Dialect;
use crate::yaml;

fn schema() -> Value {
    serde_json::from_str(JSON_SCHEMA).unwrap()
}

fn keys(schema: &Value, pointer: &str) -> Vec<String> {
    schema.pointer(pointer).and_then(Value::as_object).unwrap().keys().cloned().collect()
}

fn words<T>(table: &[(&'static str, T)]) -> Value {
    table.iter().map(|(word, _)| *word).collect()
}

fn examples() -> Vec<String> {
    let docs = include_str!("../../docs/scenarios.md");
    let blocks = docs.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks
        .map(|block| {
            let inner = block.trim_end().replace('\n', "\n    ");
            match block.split(':').next() {
                Some("scenario") => block.to_owned(),
                Some("faults") => format!("scenario: x\nsteps:\n  - idp: cycle\n    {inner}\n"),
                _ => format!("scenario: x\nsteps:\n  - request: GET /\n    {inner}\n"),
            }
        })
        .collect()
}

#[test]
fn the_schema_has_the_keys_of_the_decoder() {
    let schema = schema();
    for (pointer, known) in [
        ("/properties", FILE.known),
        ("/$defs/step/properties", STEP.known),
        ("/$defs/expect/properties", EXPECT.known),
        ("/$defs/until/properties", UNTIL.known),
        ("/$defs/step/properties/auth/oneOf/1/properties", BEARER.known),
        ("/$defs/step/properties/save/additionalProperties/oneOf/1/properties", SAVE_HEADER.known),
        ("/$defs/matchers/properties", &MATCHERS[..]),
        ("/$defs/generated/properties", GENERATED.known),
        ("/$defs/idpStep/properties", IDP_STEP.known),
        ("/$defs/idpStep/properties/expect/properties", FAILED.known),
        ("/$defs/actions/properties", ACTIONS.known),
        ("/$defs/fault/properties", FAULT.known),
    ] {
        assert_eq!(keys(&schema, pointer), known, "{pointer}");
    }
}

#[test]
fn the_schema_has_the_words_of_the_decoder() {
    let schema = schema();
    assert_eq!(schema["properties"]["as"]["items"]["enum"], words(Dialect::WORDS));
    assert_eq!(schema["properties"]["needs"]["items"]["enum"], words(Capability::WORDS));
    assert_eq!(schema["$defs"]["encoding"]["enum"], words(&Encoding::WORDS));
    assert_eq!(schema["$defs"]["matchers"]["properties"]["$type"]["enum"], words(&JsonType::WORDS));
}

#[test]
fn the_schema_takes_what_the_documentation_shows() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let examples = examples();
    assert!(examples.len() >= 4);
    for example in examples {
        let tree = yaml::parse(&SourceFile::new("docs", example), yaml::Limits::SCENARIO).unwrap().to_json();
        let errors: Vec<String> = validator.iter_errors(&tree).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

/// Files that both take, and files that both refuse.
#[test]
fn the_schema_and_the_decoder_agree() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let step = |step: &str| format!("scenario: x\nsteps:\n  - {step}\n");
    let idp = |step: &str| format!("scenario: x\nas: [okta]\nsteps:\n  - {step}\n");
    for (text, good) in [
        (step("{ request: GET / }"), true),
        (step("{ request: 'GET {{ base }}/Users' }"), true),
        (step("{ request: GET / , save: { a: '', b: /x, c: { header: ETag } } }"), true),
        (step("{ request: GET / , until: { attempts: 3, pause: 2s, status: 200 } }"), true),
        (
            step(
                "{ request: GET / , expect: { body: [{ $ref: x }, { $not: { $any: [1, ~] } }, { '': 1 }] } }",
            ),
            true,
        ),
        (step("{ request: GET / , expect: { headers: { A: 1, B: { $length: 3 } } } }"), true),
        (step("{ request: GET / , headers: { A: 1, B: ~ }, auth: none, encoding: raw, repeat: 1000 }"), true),
        (idp("{ idp: test-connection }"), true),
        (
            idp("{ idp: { assign: all, advance: 31d, cycle: ~ }, prepares: true, silent: true, name: x }"),
            true,
        ),
        (idp("{ idp: cycle, faults: [{ request: 1, answer: 503 }, { requests: 2-3, answer: lost }] }"), true),
        (idp("{ idp: cycle, faults: [{ requests: GET /, answer: 429, retry-after: 5 }] }"), true),
        (idp("{ idp: cycle, expect: { failed: any } }"), true),
        (idp("{ idp: cycle, expect: { failed: [connection, import] } }"), true),
        (idp("{ idp: { create-group: { g: { displayName: G } }, add-member: { g: all } } }"), true),
        (
            "scenario: x\ndirectory: { people: 2, groups: 1, seed: 7 }\nsteps: [{ request: GET / }]\n"
                .to_owned(),
            true,
        ),
        ("scenario: x\ndirectory: { groups: 1 }\nsteps: [{ request: GET / }]\n".to_owned(), false),
        ("scenario: x\ndirectory: { people: 9999 }\nsteps: [{ request: GET / }]\n".to_owned(), false),
        (idp("{ idp: synchronise }"), false),
        (idp("{ idp: {} }"), false),
        (idp("{ idp: { cycle: now } }"), false),
        (idp("{ idp: { advance: soon } }"), false),
        (idp("{ idp: { update: { a: b } } }"), false),
        (idp("{ idp: { create-group: { g: {} } } }"), false),
        (idp("{ idp: cycle, request: GET / }"), false),
        (idp("{ idp: cycle, expect: { status: 200 } }"), false),
        (idp("{ idp: cycle, expect: {} }"), false),
        (idp("{ idp: cycle, faults: [{ answer: 503 }] }"), false),
        (idp("{ idp: cycle, faults: [{ request: 1, requests: 1-2, answer: 503 }] }"), false),
        (idp("{ idp: cycle, faults: [{ request: 1, answer: 200 }] }"), false),
        (idp("{ idp: cycle, faults: [{ request: get users, answer: 500 }] }"), false),
        (step("{ request: GET Users }"), false),
        (step("{ request: get /Users }"), false),
        (step("{ name: x }"), false),
        (step("{ request: GET / , expect: { status: 99 } }"), false),
        (step("{ request: GET / , expect: { status: [] } }"), false),
        (step("{ request: GET / , expect: { body: { $foo: 1 } } }"), false),
        (step("{ request: GET / , expect: { body: { $length: 1, a: 1 } } }"), false),
        (step("{ request: GET / , expect: { body: { $length: many } } }"), false),
        (step("{ request: GET / , expect: { headers: { A: ~ } } }"), false),
        (step("{ request: GET / , save: { 1a: /x } }"), false),
        (step("{ request: GET / , save: { a: x } }"), false),
        (step("{ request: GET / , until: { status: 200 } }"), false),
        (step("{ request: GET / , until: { attempts: 3, pause: soon } }"), false),
        (step("{ request: GET / , repeat: 1001 }"), false),
        (step("{ request: GET / , auth: { token: x } }"), false),
        (step("{ request: GET / , auth: {} }"), false),
        (step("{ request: GET / , body: {}, text: x }"), false),
        ("scenario: x\nsteps: []\n".to_owned(), false),
        ("scenario: x\nas: [okta, okta]\nsteps: [{ request: GET / }]\n".to_owned(), false),
        ("scenario: x\ntags: [a b]\nsteps: [{ request: GET / }]\n".to_owned(), false),
        ("steps: [{ request: GET / }]\n".to_owned(), false),
    ] {
        let tree = yaml::parse(&SourceFile::new("f", text.as_str()), yaml::Limits::SCENARIO)
            .map_or(json!(null), |node| node.to_json());
        assert_eq!(validator.is_valid(&tree), good, "schema: {text}");
        let read = load(Path::new("a.yaml"), "a", &|_| Ok(text.clone().into_bytes()));
        assert_eq!(read.is_ok(), good, "decoder: {text}");
    }
}
