//! The JSON Schema says the same as the decoder.

use serde_json::{Value, json};

use super::decode::{ASSIGNMENTS, FILE, GROUP};
use super::generate::{DEFAULT_DOMAIN, Plan, generate};
use super::{ENTERPRISE, JSON_SCHEMA, PersonStatus, parse};
use crate::diagnostic::SourceFile;
use crate::idp::Dialect;
use crate::protocol::schema::Registry;
use crate::yaml::{self, Limits};

fn schema() -> Value {
    serde_json::from_str(JSON_SCHEMA).unwrap()
}

fn keys(pointer: &str) -> Vec<String> {
    schema().pointer(pointer).and_then(Value::as_object).unwrap().keys().cloned().collect()
}

fn tree(text: &str) -> Value {
    yaml::parse(&SourceFile::new("f", text), Limits::DIRECTORY).map_or(json!(null), |node| node.to_json())
}

#[test]
fn the_schema_has_the_keys_and_words_of_the_decoder() {
    assert_eq!(keys("/properties"), FILE.known);
    assert_eq!(keys("/$defs/group/properties"), GROUP.known);
    assert_eq!(keys("/$defs/assignments/properties"), ASSIGNMENTS.known);
    let dialects: Vec<&str> = Dialect::WORDS.iter().map(|(word, _)| *word).collect();
    assert_eq!(keys("/properties/mappings/properties"), dialects);
    let statuses: Value = PersonStatus::WORDS.iter().map(|(word, _)| *word).collect();
    assert_eq!(schema()["$defs"]["person"]["properties"]["status"]["enum"], statuses);
}

#[test]
fn the_schema_has_the_attributes_of_the_protocol() {
    let registry = Registry::standard();
    let user = registry.by_name("User").unwrap();
    let foreign = ["id", "meta", "schemas", "groups", "active"];
    let mut attributes: Vec<&str> = user.attributes().map(|attribute| attribute.name.as_str()).collect();
    attributes.retain(|name| !foreign.contains(name));
    attributes.extend(["manager", "status", ENTERPRISE]);
    attributes.sort_unstable();
    let mut known = keys("/$defs/person/properties");
    known.sort_unstable();
    assert_eq!(known, attributes);
}

#[test]
fn the_schema_takes_what_is_shipped_generated_and_shown() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let plan = Plan { people: 200, groups: 30, seed: 5, domain: DEFAULT_DOMAIN.to_owned() };
    let generated = String::from_utf8(generate(&plan, Vec::new()).unwrap()).unwrap();
    let docs = include_str!("../../../docs/directories.md");
    let shown = docs.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let shipped = [
        include_str!("../../../fixtures/acme.yaml"),
        include_str!("../../../fixtures/company.yaml"),
        &generated,
    ];
    let mut count = 0;
    for text in shipped.into_iter().chain(shown) {
        let errors: Vec<String> = validator
            .iter_errors(&tree(text))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}\n{text}");
        if let Err(mistakes) = parse(&SourceFile::new("f", text)) {
            panic!("{}", mistakes[0].render(false));
        }
        count += 1;
    }
    assert!(count >= 4);
}

#[test]
fn the_schema_and_the_decoder_agree() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let person = |attributes: &str| format!("people: {{ ada: {{ userName: ada, {attributes} }} }}\n");
    let with = |rest: &str| format!("people: {{ ada: {{ userName: ada }} }}\n{rest}\n");
    for (text, good) in [
        (person("status: suspended, manager: ada, title: ~"), true),
        (person("emails: [{ value: x, primary: true }], name: { givenName: A }"), true),
        (person("urn:x:y: { anything: [1] }"), true),
        (with("groups: { g: { displayName: G, members: [ada] } }"), true),
        (with("assignments: {}"), true),
        (with("assignments: { users: all, groups: [], scope: title pr }"), true),
        (with("mappings: { entra: { title: ~, displayName: '[title]' } }"), true),
        (with("mapping: {}"), false),
        (person("status: gone"), false),
        (person("titel: x"), false),
        (person("title: 7"), false),
        (person("active: false"), false),
        (person("id: x"), false),
        (person("emails: { value: x }"), false),
        (person("emails: [{ valu: x }]"), false),
        (person("name: Ada"), false),
        (person("urn:x:y: text"), false),
        (person(&format!("{ENTERPRISE}: {{ manager: x }}")), false),
        ("people: { ada: {} }\n".to_owned(), false),
        ("people: { base: { userName: x } }\n".to_owned(), false),
        ("people: { 1a: { userName: x } }\n".to_owned(), false),
        ("people: { a: { userName: ' ' } }\n".to_owned(), false),
        ("people: []\n".to_owned(), false),
        (with("groups: { g: { members: [] } }"), false),
        (with("groups: { g: { displayName: G, members: ada } }"), false),
        (with("assignments: { users: some }"), false),
        (with("assignments: { scope: 7 }"), false),
        (with("mappings: { entar: {} }"), false),
        (with("mappings: { entra: { title: '' } }"), false),
        (with("mappings: { entra: { title: [x] } }"), false),
    ] {
        assert_eq!(validator.is_valid(&tree(&text)), good, "schema: {text}");
        assert_eq!(parse(&SourceFile::new("f", text.as_str())).is_ok(), good, "decoder: {text}");
    }
}
