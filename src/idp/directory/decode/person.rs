//! People: what they are called by, and attributes as the schemas have them.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Map;

use super::super::{ENTERPRISE, PersonStatus};
use super::{Decoder, Person};
use crate::diagnostic::nearest;
use crate::idp::mapping::USER;
use crate::protocol::schema::{Attribute, Type};
use crate::yaml::decode::{Mistakes, field};
use crate::yaml::{Entry, Node, Value};

/// Keys of a person that are no attributes.
pub(in super::super) const OWN: [&str; 2] = ["manager", "status"];

/// Attributes that somebody else gives, with what to say about them.
const FOREIGN: [&str; 4] = ["id", "meta", "groups", "schemas"];

/// The attributes that a person may have: those of the User schema and, below their URNs, of its extensions.
struct Attributes {
    core: HashMap<String, Attribute>,
    enterprise: HashMap<String, Attribute>,
}

/// What the texts of a person are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Texts {
    /// They stand for themselves.
    Plain,
    /// They may hold variables, of which only a run knows the values.
    Templates,
}

impl Texts {
    /// Whether it is not known yet what the text will say.
    fn is_open(self, text: &str) -> bool {
        self == Texts::Templates && text.contains("{{")
    }

    /// Whether it is not known yet what the value will be.
    fn is_open_value(self, node: &Node) -> bool {
        node.as_text().is_some_and(|text| self.is_open(text))
    }
}

/// Notes what is wrong with changes of a person: attributes as in a directory, but only those that change; null takes one away.
/// Texts may be templates, what stands for one is not judged. Whether there is a person with the key of `manager` is left to
/// whoever knows the directory.
pub fn check_changes(mistakes: &mut Mistakes, changes: &[Entry]) {
    for member in changes.iter().filter(|member| !Texts::Templates.is_open(&member.key)) {
        let node = &member.value;
        match member.key.as_str() {
            "status" => {
                let title = "the `status` of a person is no attribute that changes";
                let help = "say `suspend: KEY`, `restore: KEY` or `delete: KEY`";
                mistakes.add_with_help(&member.key_span, title, "not said here", help);
            }
            "active" => {
                let title = "`active` follows from the `status` of a person";
                let help = "say `suspend: KEY` or `restore: KEY`";
                mistakes.add_with_help(&member.key_span, title, "not said here", help);
            }
            "manager" if node.value == Value::Null => {}
            "manager" => drop(mistakes.text(node, "`manager`")),
            "userName" if node.value == Value::Null => {
                let help = "every person has one; leave the line out where it stays";
                mistakes.add_with_help(&node.span, "`userName` cannot be taken away", "no value", help);
            }
            "userName" => drop(mistakes.line(node, "`userName`")),
            key if key.contains(':') && node.value == Value::Null => {}
            _ => STANDARD.check(mistakes, member, Texts::Templates),
        }
    }
}

/// Those of RFC 7643.
static STANDARD: LazyLock<Attributes> = LazyLock::new(|| {
    let by_name = |attributes: Vec<Attribute>| -> HashMap<String, Attribute> {
        attributes.into_iter().map(|attribute| (attribute.name.clone(), attribute)).collect()
    };
    let user = USER.as_ref();
    let extension = user.and_then(|user| user.extension(ENTERPRISE));
    Attributes {
        core: by_name(user.map(|user| user.attributes().cloned().collect()).unwrap_or_default()),
        enterprise: by_name(extension.map(|it| it.schema.attributes.clone()).unwrap_or_default()),
    }
});

impl Decoder {
    /// Decodes a person.
    pub(super) fn person(&mut self, entry: Entry) {
        let Value::Map(members) = &entry.value.value else {
            self.mistakes.wrong_type(&entry.value, "a person", "a map");
            return;
        };
        let misspelt = match field(members, "userName") {
            None => self.missing(&entry, members, "userName"),
            Some(node) => {
                self.user_name(node);
                None
            }
        };
        let status = field(members, "status")
            .and_then(|node| self.mistakes.word(node, "a status", &PersonStatus::WORDS))
            .unwrap_or_default();
        let manager = field(members, "manager").and_then(|node| {
            let key = self.mistakes.text(node, "`manager`")?;
            self.managers.push((self.people.len(), node.span.clone()));
            Some(key.to_owned())
        });
        let is_attribute = |key: &str| !OWN.contains(&key);
        for member in members {
            let key = member.key.as_str();
            if !is_attribute(key) || key == "userName" || misspelt == Some(key) {
                continue;
            }
            STANDARD.check(&mut self.mistakes, member, Texts::Plain);
        }
        let Entry { key, value, .. } = entry;
        let Value::Map(members) = value.value else { return };
        // With room for exactly what stays: collected, the map would grow by doubling.
        let count = members.iter().filter(|member| is_attribute(&member.key)).count();
        let mut attributes = Map::with_capacity(count);
        let kept = members.into_iter().filter(|member| is_attribute(&member.key));
        attributes.extend(kept.map(|member| (member.key, member.value.into_json())));
        self.people.push(Person { key, attributes, manager, status });
    }

    fn user_name(&mut self, node: &Node) {
        let Some(name) = self.mistakes.line(node, "`userName`") else { return };
        let folded = name.to_lowercase();
        if let Some(first) = self.user_names.get(&folded) {
            let first = first.clone();
            let title = format!("two people with the userName `{name}`");
            let mistake = self.mistakes.add(&node.span, title, "again here");
            *mistake = mistake.clone().with_context(first, "first here");
            return;
        }
        self.user_names.insert(folded, node.span.clone());
    }
}

impl Attributes {
    /// Notes what is wrong with one attribute of a person.
    fn check(&self, mistakes: &mut Mistakes, member: &Entry, texts: Texts) {
        let key = member.key.as_str();
        if FOREIGN.contains(&key) {
            let title = format!("`{key}` does not belong into a directory");
            mistakes.add(&member.key_span, title, "the target gives people this attribute");
        } else if key == "active" {
            let help = match member.value.value {
                Value::Bool(true) => "leave it out: people are active unless their `status` is another",
                _ => "write `status: suspended`, or `status: deleted`",
            };
            let title = "`active` follows from the `status` of a person";
            mistakes.add_with_help(&member.key_span, title, "not said here", help);
        } else if key == ENTERPRISE {
            self.enterprise(mistakes, member, texts);
        } else if key.contains(':') {
            match key.eq_ignore_ascii_case(ENTERPRISE) {
                true => {
                    mistakes.add_with_help(
                        &member.key_span,
                        "the enterprise extension in another spelling",
                        "letter case differs",
                        format!("write `{ENTERPRISE}`"),
                    );
                }
                // The schema of another extension is not known here.
                false if matches!(member.value.value, Value::Map(_)) => {}
                false if texts.is_open_value(&member.value) => {}
                false => mistakes.wrong_type(&member.value, "an extension", "a map"),
            }
        } else {
            match self.core.get(key) {
                Some(attribute) => value(mistakes, &member.value, (attribute, None), texts),
                None => self.unknown(mistakes, member, texts),
            }
        }
    }

    fn unknown(&self, mistakes: &mut Mistakes, member: &Entry, texts: Texts) {
        let key = &member.key;
        let title = format!("`{key}` is no attribute of a person");
        let mistake = mistakes.add(&member.key_span, title, "not known");
        if self.enterprise.contains_key(key) {
            mistake
                .help
                .push(format!("it is one of the enterprise extension: write it below `{ENTERPRISE}`"));
            return;
        }
        let own = OWN.into_iter().filter(|key| texts == Texts::Plain || *key != "status");
        let mut known: Vec<&str> = self.core.keys().map(String::as_str).chain(own).collect();
        known.sort_unstable();
        match nearest(key, known) {
            Some(near) => mistake.help.push(format!("did you mean `{near}`?")),
            None => {
                let note = "further attributes belong to an extension: a map below the URN of its schema";
                mistake.notes.push(note.into());
            }
        }
    }

    fn enterprise(&self, mistakes: &mut Mistakes, member: &Entry, texts: Texts) {
        if texts.is_open_value(&member.value) {
            return;
        }
        let Value::Map(entries) = &member.value.value else {
            mistakes.wrong_type(&member.value, "the enterprise extension", "a map");
            return;
        };
        for entry in entries.iter().filter(|entry| !texts.is_open(&entry.key)) {
            match self.enterprise.get(&entry.key) {
                _ if entry.key == "manager" => {
                    let help = "write `manager: KEY` beside `userName`, with the key of the manager";
                    let title = "a manager is named by key";
                    mistakes.add_with_help(&entry.key_span, title, "not here", help);
                }
                Some(attribute) => value(mistakes, &entry.value, (attribute, None), texts),
                None => {
                    let title = format!("`{}` is no attribute of the enterprise extension", entry.key);
                    let mistake = mistakes.add(&entry.key_span, title, "not known");
                    let mut known: Vec<&str> = self.enterprise.keys().map(String::as_str).collect();
                    known.sort_unstable();
                    mistake
                        .help
                        .extend(nearest(&entry.key, known).map(|near| format!("did you mean `{near}`?")));
                }
            }
        }
    }
}

/// An attribute, and the complex one that it is a part of.
type Of<'a> = (&'a Attribute, Option<&'a Attribute>);

/// Notes where a value does not fit its attribute. Null is no value.
fn value(mistakes: &mut Mistakes, node: &Node, of: Of<'_>, texts: Texts) {
    if texts.is_open_value(node) {
        return;
    }
    if !of.0.multi_valued || node.value == Value::Null {
        return single(mistakes, node, of, texts);
    }
    match &node.value {
        Value::Seq(items) => items.iter().for_each(|item| single(mistakes, item, of, texts)),
        _ => mistakes.wrong_type(node, &name(of), "a list"),
    }
}

fn single(mistakes: &mut Mistakes, node: &Node, of: Of<'_>, texts: Texts) {
    let (attribute, _) = of;
    let wanted = match (attribute.kind, &node.value) {
        (_, Value::Null) => return,
        (_, Value::Text(text)) if texts.is_open(text) => return,
        (Type::Complex, Value::Map(entries)) => {
            for entry in entries.iter().filter(|entry| !texts.is_open(&entry.key)) {
                match attribute.sub_attributes.iter().find(|sub| sub.name == entry.key) {
                    Some(sub) => value(mistakes, &entry.value, (sub, Some(attribute)), texts),
                    None => {
                        let title = format!("`{}` is no part of `{}`", entry.key, attribute.name);
                        let mistake = mistakes.add(&entry.key_span, title, "not known");
                        let known = attribute.sub_attributes.iter().map(|sub| sub.name.as_str());
                        mistake
                            .help
                            .extend(nearest(&entry.key, known).map(|near| format!("did you mean `{near}`?")));
                    }
                }
            }
            return;
        }
        (Type::Complex, _) => "a map",
        (Type::Boolean, Value::Bool(_)) | (Type::Integer | Type::Decimal, Value::Number(_)) => return,
        (Type::Boolean, _) => "`true` or `false`",
        (Type::Integer | Type::Decimal, _) => "a number",
        (_, Value::Text(_)) => return,
        _ => "text",
    };
    mistakes.wrong_type(node, &name(of), wanted);
}

fn name((attribute, of): Of<'_>) -> String {
    match of {
        None => format!("`{}`", attribute.name),
        Some(of) => format!("`{}.{}`", of.name, attribute.name),
    }
}
