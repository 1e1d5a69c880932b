//! The directory: people and groups on the identity provider's side, read from a YAML fixture.
//!
//! ```yaml
//! people:
//!   ada:
//!     userName: ada@acme.example.com
//!     name: { givenName: Ada, familyName: Byron }
//!     emails: [{ value: ada@acme.example.com, type: work, primary: true }]
//!     urn:ietf:params:scim:schemas:extension:enterprise:2.0:User: { department: Research }
//!     manager: grace
//! groups:
//!   engineering: { displayName: Engineering, members: [ada, grace] }
//! ```
//!
//! The keys (`ada`, `engineering`) are names for the fixture only; no two are the same, people and groups together.
//! A person has `userName` and any further SCIM attributes, written as in a User resource. `manager` is the key
//! of another person.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::diagnostic::{Diagnostic, SourceFile, nearest};
use crate::yaml::decode::{Keys, Mistakes, field};
use crate::yaml::{self, Entry, Node, Span};

/// People and groups.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Directory {
    /// In the order of the file.
    pub people: Vec<Person>,
    /// In the order of the file.
    pub groups: Vec<Group>,
}

/// Somebody who may be provisioned.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// Name within the fixture.
    pub key: String,
    /// SCIM attributes, `userName` among them, as they would stand in a User resource.
    pub attributes: Map<String, Value>,
    /// Key of the person that this one reports to.
    pub manager: Option<String>,
}

/// A group of people.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Name within the fixture.
    pub key: String,
    /// The name that is shown and, on most targets, identifies the group.
    pub display_name: String,
    /// The identifier on the side of the identity provider.
    pub external_id: Option<String>,
    /// Keys of people.
    pub members: Vec<String>,
}

const FILE: Keys = Keys { of: "a directory", known: &["people", "groups"] };
const GROUP: Keys = Keys { of: "a group", known: &["displayName", "externalId", "members"] };

/// Names that mean something else where variables are used.
const RESERVED: [&str; 3] = ["base", "run", "index"];

/// Reads a fixture.
///
/// # Errors
/// Every mistake of the file.
pub fn parse(source: &Arc<SourceFile>) -> Result<Directory, Vec<Diagnostic>> {
    let root = yaml::parse(source)?;
    let mut mistakes = Mistakes::new(source);
    let entries = mistakes.map(&root, &FILE, &[&GROUP]).unwrap_or(&[]);
    let mut keys = HashMap::new();
    let people = section(&mut mistakes, entries, "people", &mut keys);
    let known: Vec<&str> = people.iter().map(|entry| entry.key.as_str()).collect();
    let groups = section(&mut mistakes, entries, "groups", &mut keys);
    let directory = Directory {
        people: people.iter().filter_map(|entry| person(&mut mistakes, entry, &known)).collect(),
        groups: groups.iter().filter_map(|entry| group(&mut mistakes, entry, &known)).collect(),
    };
    mistakes.finish(Some(directory))
}

/// The members of `people` or `groups`, their keys checked.
fn section<'n>(
    mistakes: &mut Mistakes,
    entries: &'n [Entry],
    name: &'static str,
    taken: &mut HashMap<&'n str, Span>,
) -> Vec<&'n Entry> {
    let Some(node) = field(entries, name) else { return Vec::new() };
    let yaml::Value::Map(members) = &node.value else {
        mistakes.wrong_type(node, &format!("`{name}`"), "a map");
        return Vec::new();
    };
    for entry in members {
        let key = entry.key.as_str();
        let span = &entry.key_span;
        if !is_key(key) {
            let label = "not a key";
            mistakes.add(
                span,
                format!("`{key}` cannot be a key: a letter, then letters, digits, `_` and `-`"),
                label,
            );
        } else if RESERVED.contains(&key) {
            mistakes.add(span, format!("`{key}` is a variable of its own"), "choose another key");
        } else if let Some(first) = taken.insert(key, span.clone()) {
            let mistake = mistakes.add(span, format!("two entries with the key `{key}`"), "again here");
            *mistake = mistake
                .clone()
                .with_context(first, "first here")
                .with_help("people and groups share their keys");
        }
    }
    members.iter().collect()
}

fn is_key(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn person(mistakes: &mut Mistakes, entry: &Entry, people: &[&str]) -> Option<Person> {
    let yaml::Value::Map(members) = &entry.value.value else {
        mistakes.wrong_type(&entry.value, "a person", "a map");
        return None;
    };
    match field(members, "userName") {
        None => missing(mistakes, entry, members, "userName"),
        Some(node) => drop(mistakes.line(node, "`userName`")),
    }
    let assigned =
        members.iter().filter(|member| ["id", "meta", "groups", "schemas"].contains(&member.key.as_str()));
    for member in assigned {
        let title = format!("`{}` does not belong into a directory", member.key);
        mistakes.add(&member.key_span, title, "the target gives people this attribute");
    }
    let manager = match field(members, "manager") {
        None => None,
        Some(node) => mistakes.text(node, "`manager`").map(str::to_owned),
    };
    if let (Some(manager), Some(node)) = (&manager, field(members, "manager")) {
        reference(mistakes, node, manager, people);
    }
    let attributes = members.iter().filter(|member| member.key != "manager");
    let attributes = attributes.map(|member| (member.key.clone(), member.value.to_json())).collect();
    Some(Person { key: entry.key.clone(), attributes, manager })
}

fn group(mistakes: &mut Mistakes, entry: &Entry, people: &[&str]) -> Option<Group> {
    let members = mistakes.map(&entry.value, &GROUP, &[])?;
    let display_name = match field(members, "displayName") {
        None => {
            missing(mistakes, entry, members, "displayName");
            None
        }
        Some(node) => mistakes.line(node, "`displayName`").map(str::to_owned),
    };
    let external_id = field(members, "externalId").and_then(|node| mistakes.line(node, "`externalId`"));
    let mut keys = Vec::new();
    for node in field(members, "members").and_then(|node| mistakes.list(node, "`members`")).unwrap_or(&[]) {
        if let Some(key) = mistakes.text(node, "a member") {
            reference(mistakes, node, key, people);
            keys.push(key.to_owned());
        }
    }
    Some(Group {
        key: entry.key.clone(),
        display_name: display_name?,
        external_id: external_id.map(str::to_owned),
        members: keys,
    })
}

fn missing(mistakes: &mut Mistakes, entry: &Entry, members: &[Entry], key: &str) {
    let near = nearest(key, members.iter().map(|member| member.key.as_str()));
    let mistake = mistakes.add(
        &entry.key_span,
        format!("`{}` has no `{key}`", entry.key),
        format!("`{key}` is missing"),
    );
    mistake.help.extend(near.map(|near| format!("is `{near}` meant to be `{key}`?")));
}

fn reference(mistakes: &mut Mistakes, node: &Node, key: &str, people: &[&str]) {
    if !people.contains(&key) {
        let near = nearest(key, people.iter().copied());
        let mistake =
            mistakes.add(&node.span, format!("there is no person with the key `{key}`"), "not known");
        mistake.help.extend(near.map(|near| format!("did you mean `{near}`?")));
    }
}

impl Directory {
    /// People and groups as variables, by key. With a run suffix, what identifies them carries it, so that
    /// runs against one shared target do not meet: `ada@acme.example.com` becomes `ada.SUFFIX@acme.example.com`, a group's
    /// `Engineering` becomes `Engineering SUFFIX`, an externalId gets `-SUFFIX`.
    pub fn variables(&self, suffix: &str) -> Map<String, Value> {
        let people = self.people.iter().map(|person| (person.key.clone(), person.variable(suffix)));
        let groups = self.groups.iter().map(|group| (group.key.clone(), group.variable(suffix)));
        people.chain(groups).collect()
    }
}

impl Person {
    fn variable(&self, suffix: &str) -> Value {
        let mut attributes = self.attributes.clone();
        if !suffix.is_empty() {
            change(attributes.get_mut("userName"), |name| mailbox(name, suffix));
            change(attributes.get_mut("externalId"), |id| format!("{id}-{suffix}"));
            if let Some(Value::Array(emails)) = attributes.get_mut("emails") {
                emails
                    .iter_mut()
                    .for_each(|email| change(email.get_mut("value"), |value| mailbox(value, suffix)));
            }
        }
        attributes.extend(self.manager.as_ref().map(|key| ("manager".to_owned(), key.as_str().into())));
        Value::Object(attributes)
    }
}

impl Group {
    fn variable(&self, suffix: &str) -> Value {
        let with = |text: &str, joint: &str| match suffix {
            "" => Value::from(text),
            suffix => format!("{text}{joint}{suffix}").into(),
        };
        let mut attributes = Map::new();
        attributes.insert("displayName".into(), with(&self.display_name, " "));
        attributes.extend(self.external_id.as_ref().map(|id| ("externalId".to_owned(), with(id, "-"))));
        attributes.insert("members".into(), self.members.iter().map(String::as_str).collect());
        Value::Object(attributes)
    }
}

fn change(value: Option<&mut Value>, to: impl Fn(&str) -> String) {
    if let Some(Value::String(text)) = value {
        *text = to(text);
    }
}

/// The name with the suffix before its last `@`, or behind it where it has none.
fn mailbox(name: &str, suffix: &str) -> String {
    match name.rsplit_once('@') {
        Some((local, domain)) => format!("{local}.{suffix}@{domain}"),
        None => format!("{name}.{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ACME: &str = include_str!("../../fixtures/acme.yaml");

    fn mistakes(text: &str) -> String {
        let found = parse(&SourceFile::new("fixtures/a.yaml", text)).unwrap_err();
        found.iter().map(|mistake| mistake.render(false)).collect::<Vec<_>>().join("\n\n")
    }

    #[test]
    fn the_shipped_fixture_is_a_pilot_of_six() {
        let acme = parse(&SourceFile::new("fixtures/acme.yaml", ACME)).unwrap();
        assert_eq!((acme.people.len(), acme.groups.len()), (6, 3));
        let everyone = acme.groups.iter().find(|group| group.key == "everyone").unwrap();
        assert_eq!(everyone.members, acme.people.iter().map(|person| person.key.clone()).collect::<Vec<_>>());
        assert_eq!(acme.variables("")["ada"]["userName"], "ada@acme.example.com");
    }

    #[test]
    fn identifying_values_carry_the_run_suffix() {
        let text = "people:\n  a: { userName: a@x.test, externalId: '7', emails: [{ value: a@x.test }, { value: A@y.test }], title: T, manager: b }\n  b: { userName: bare }\ngroups:\n  g: { displayName: G, externalId: g1, members: [b] }\n";
        let directory = parse(&SourceFile::new("f", text)).unwrap();
        assert_eq!(
            Value::Object(directory.variables("k3")),
            json!({
                "a": { "userName": "a.k3@x.test", "externalId": "7-k3", "title": "T", "manager": "b",
                       "emails": [{ "value": "a.k3@x.test" }, { "value": "A.k3@y.test" }] },
                "b": { "userName": "bare.k3" },
                "g": { "displayName": "G k3", "externalId": "g1-k3", "members": ["b"] },
            })
        );
        let plain = directory.variables("");
        assert_eq!(
            (
                &plain["a"]["userName"],
                &plain["a"]["externalId"],
                &plain["g"]["displayName"],
                &plain["b"]["userName"]
            ),
            (&json!("a@x.test"), &json!("7"), &json!("G"), &json!("bare"))
        );
    }

    #[test]
    fn every_mistake_of_a_fixture_is_reported() {
        let text = "people:\n  ada: { username: ada@acme.test, manager: grce }\n  grace: { userName: 7, id: x }\n  base: { userName: b }\ngroups:\n  ada: { displayName: A, membrs: [] }\n  team: { members: [graze] }\nuser: {}\n";
        insta::assert_snapshot!(mistakes(text), @r"
        error: `ada` has no `userName`
         --> fixtures/a.yaml:2:3
          |
        2 |   ada: { username: ada@acme.test, manager: grce }
          |   ^^^ `userName` is missing
          |
          = help: is `username` meant to be `userName`?

        error: there is no person with the key `grce`
         --> fixtures/a.yaml:2:44
          |
        2 |   ada: { username: ada@acme.test, manager: grce }
          |                                            ^^^^ not known
          |
          = help: did you mean `grace`?

        error: `userName` is text, not a number
         --> fixtures/a.yaml:3:22
          |
        3 |   grace: { userName: 7, id: x }
          |                      ^ expected text
          |
          = help: put it into quotes

        error: `id` does not belong into a directory
         --> fixtures/a.yaml:3:25
          |
        3 |   grace: { userName: 7, id: x }
          |                         ^^ the target gives people this attribute

        error: `base` is a variable of its own
         --> fixtures/a.yaml:4:3
          |
        4 |   base: { userName: b }
          |   ^^^^ choose another key

        error: two entries with the key `ada`
         --> fixtures/a.yaml:6:3
          |
        2 |   ada: { username: ada@acme.test, manager: grce }
          |   --- first here
        ...
        6 |   ada: { displayName: A, membrs: [] }
          |   ^^^ again here
          |
          = help: people and groups share their keys

        error: unknown key `membrs` in a group
         --> fixtures/a.yaml:6:26
          |
        6 |   ada: { displayName: A, membrs: [] }
          |                          ^^^^^^ not a key of a group
          |
          = help: did you mean `members`?

        error: `team` has no `displayName`
         --> fixtures/a.yaml:7:3
          |
        7 |   team: { members: [graze] }
          |   ^^^^ `displayName` is missing

        error: there is no person with the key `graze`
         --> fixtures/a.yaml:7:21
          |
        7 |   team: { members: [graze] }
          |                     ^^^^^ not known
          |
          = help: did you mean `grace`?

        error: unknown key `user` in a directory
         --> fixtures/a.yaml:8:1
          |
        8 | user: {}
          | ^^^^ not a key of a directory
          |
          = note: the keys of a directory are `people`, `groups`
        ");
    }
}
