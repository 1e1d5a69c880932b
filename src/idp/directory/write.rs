//! From a [`Directory`] to YAML that a person reads with pleasure, and that [`super::parse`] reads back.

use std::io::{self, Write};

use serde_json::Value;
use unicode_normalization::char::is_combining_mark;

use super::{Assigned, Assignments, DialectMapping, Directory, Group, Member, Person, PersonStatus};

/// Lists are broken into lines of about so many characters.
const WIDTH: usize = 110;

/// Writes a directory part by part, so that a large one need not be kept. People come before groups.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    section: Option<&'static str>,
}

impl<W: Write> Writer<W> {
    /// Nothing is written yet.
    pub fn new(out: W) -> Self {
        Self { out, section: None }
    }

    /// A comment before everything else, one line of the file for each of its lines.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn comment(&mut self, text: &str) -> io::Result<()> {
        let printable = |line: &str| {
            line.replace(|c: char| c.is_control() || ('\u{2028}'..='\u{2029}').contains(&c), " ")
        };
        text.lines().try_for_each(|line| writeln!(self.out, "# {}", printable(line)))
    }

    fn section(&mut self, name: &'static str) -> io::Result<()> {
        if self.section == Some(name) {
            return Ok(());
        }
        self.section = Some(name);
        writeln!(self.out, "{name}:")
    }

    /// One person.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn person(&mut self, person: &Person) -> io::Result<()> {
        self.section("people")?;
        writeln!(self.out, "  {}:", key(&person.key))?;
        for (name, value) in &person.attributes {
            self.attribute(name, value)?;
        }
        if let Some(manager) = &person.manager {
            writeln!(self.out, "    manager: {}", scalar(manager))?;
        }
        match person.status {
            PersonStatus::Active => Ok(()),
            status => writeln!(self.out, "    status: {}", status.word()),
        }
    }

    fn attribute(&mut self, name: &str, value: &Value) -> io::Result<()> {
        let name = key(name);
        match value {
            Value::Array(elements) if !elements.is_empty() => {
                writeln!(self.out, "    {name}:")?;
                elements.iter().try_for_each(|element| writeln!(self.out, "      - {}", flow(element)))
            }
            // Extensions have many members.
            Value::Object(members) if name.contains(':') && !members.is_empty() => {
                writeln!(self.out, "    {name}:")?;
                members
                    .iter()
                    .try_for_each(|(name, value)| writeln!(self.out, "      {}: {}", key(name), flow(value)))
            }
            value => writeln!(self.out, "    {name}: {}", flow(value)),
        }
    }

    /// One group.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn group(&mut self, group: &Group) -> io::Result<()> {
        self.section("groups")?;
        writeln!(self.out, "  {}:", key(&group.key))?;
        writeln!(self.out, "    displayName: {}", scalar(&group.display_name))?;
        if let Some(id) = &group.external_id {
            writeln!(self.out, "    externalId: {}", scalar(id))?;
        }
        if group.members.is_empty() {
            return Ok(());
        }
        self.list("    members: ", group.members.iter().map(Member::key))
    }

    fn list<'k>(&mut self, before: &str, keys: impl Iterator<Item = &'k str>) -> io::Result<()> {
        write!(self.out, "{before}[")?;
        let mut column = before.len();
        for (index, item) in keys.enumerate() {
            let item = scalar(item);
            if index > 0 {
                column += item.len() + 2;
                let is_full = column > WIDTH;
                self.out.write_all(if is_full { b",\n      " } else { b", " })?;
                if is_full {
                    column = item.len();
                }
            }
            self.out.write_all(item.as_bytes())?;
        }
        writeln!(self.out, "]")
    }

    /// Who is assigned.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn assignments(&mut self, assignments: &Assignments) -> io::Result<()> {
        if *assignments == Assignments::default() {
            return writeln!(self.out, "assignments: {{}}");
        }
        self.section("assignments")?;
        for (name, assigned) in [("users", &assignments.users), ("groups", &assignments.groups)] {
            match assigned {
                Assigned::All => writeln!(self.out, "  {name}: all")?,
                Assigned::These(keys) if keys.is_empty() => {}
                Assigned::These(keys) => {
                    self.list(&format!("  {name}: "), keys.iter().map(String::as_str))?;
                }
            }
        }
        match &assignments.scope {
            None => Ok(()),
            Some(scope) => writeln!(self.out, "  scope: {}", quoted(&scope.to_string())),
        }
    }

    /// What differs from the mapping of one vendor.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn mapping(&mut self, mapping: &DialectMapping) -> io::Result<()> {
        self.section("mappings")?;
        if mapping.rules.is_empty() {
            return writeln!(self.out, "  {}: {{}}", mapping.dialect);
        }
        writeln!(self.out, "  {}:", mapping.dialect)?;
        mapping.rules.iter().try_for_each(|rule| {
            let expression = rule.expression.as_ref().map_or("null".to_owned(), |(text, _)| scalar(text));
            writeln!(self.out, "    {}: {expression}", key(&rule.target))
        })
    }

    /// The end; a directory without anything is one too.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        if self.section.is_none() {
            writeln!(self.out, "people: {{}}")?;
        }
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Writes a whole directory.
///
/// # Errors
/// It cannot be written.
pub fn write<W: Write>(directory: &Directory, comment: &str, out: W) -> io::Result<W> {
    let mut writer = Writer::new(out);
    writer.comment(comment)?;
    directory.people.iter().try_for_each(|person| writer.person(person))?;
    directory.groups.iter().try_for_each(|group| writer.group(group))?;
    directory.assignments.iter().try_for_each(|assignments| writer.assignments(assignments))?;
    directory.mappings.iter().try_for_each(|mapping| writer.mapping(mapping))?;
    writer.finish()
}

/// A value on one line.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(elements) => {
            format!("[{}]", elements.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{}: {}", key(name), flow(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        value => value.to_string(),
    }
}

/// Text as a key.
fn key(text: &str) -> String {
    let is_urn = text.starts_with("urn:")
        && !text.ends_with(':')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":._-".contains(&byte));
    if is_urn { text.to_owned() } else { scalar(text) }
}

/// Text as a value, in quotes where one reader of YAML or another would see something else in it.
fn scalar(text: &str) -> String {
    let is_plain =
        |c: char| c.is_alphanumeric() || " -_.@+/'&()".contains(c) || (!c.is_ascii() && is_combining_mark(c));
    let is_safe = text.starts_with(char::is_alphabetic)
        && !text.ends_with(' ')
        && text.chars().all(is_plain)
        && !is_word(text);
    if is_safe { text.to_owned() } else { quoted(text) }
}

/// Words that some readers take for a boolean or for nothing.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    text.len() <= 5 && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Text in double quotes.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\u{feff}' | '\u{2028}' | '\u{2029}' => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::super::{ENTERPRISE, MappingText, parse};
    use super::*;
    use crate::diagnostic::SourceFile;
    use crate::idp::Dialect;
    use crate::idp::mapping::Expression;

    fn text(directory: &Directory) -> String {
        String::from_utf8(write(directory, "a comment\nof two lines", Vec::new()).unwrap()).unwrap()
    }

    /// What is read, without the places of mappings.
    fn read(text: &str) -> Directory {
        let mut directory = parse(&SourceFile::new("a", text)).unwrap_or_else(|mistakes| {
            panic!("{}\n{text}", mistakes[0].render(false));
        });
        for rule in directory.mappings.iter_mut().flat_map(|mapping| &mut mapping.rules) {
            rule.target_span = 0..0;
            rule.expression.iter_mut().for_each(|(_, span)| *span = 0..0);
        }
        directory
    }

    #[test]
    fn a_directory_as_text() {
        let fixture = include_str!("../../../fixtures/acme.yaml");
        let mut directory = read(fixture);
        directory.people.truncate(4);
        directory.people.drain(1..3);
        directory.people[0].manager = Some("zoe".into());
        directory.people[1].manager = None;
        directory.people[1].status = PersonStatus::Suspended;
        directory.groups = vec![
            Group {
                key: "no".into(),
                display_name: "№ 1:".into(),
                external_id: Some("7".into()),
                members: Vec::new(),
            },
            Group {
                key: "all".into(),
                display_name: "Alle Kolleg:innen".into(),
                external_id: None,
                members: [Member::Group("no".into())]
                    .into_iter()
                    .chain((0..30).map(|_| Member::Person("ada".into())))
                    .collect(),
            },
        ];
        directory.assignments = Some(Assignments {
            users: Assigned::All,
            groups: Assigned::These(vec!["no".into()]),
            scope: crate::protocol::filter::parse("title pr").ok(),
        });
        let rule = |target: &str, expression: Option<&str>| MappingText {
            target: target.into(),
            target_span: 0..0,
            expression: expression.map(|text| (text.to_owned(), 0..0)),
        };
        directory.mappings = vec![DialectMapping {
            dialect: Dialect::Entra,
            rules: vec![rule("title", None), rule(r#"emails[type eq "work"].value"#, Some("[userName]"))],
        }];
        let text = text(&directory);
        insta::assert_snapshot!(text, @r#"
        # a comment
        # of two lines
        people:
          ada:
            userName: ada@acme.example.com
            externalId: "00u1acme7ada"
            name: { formatted: Ada Winterbourne, givenName: Ada, familyName: Winterbourne }
            displayName: Ada Winterbourne
            title: Staff Engineer
            preferredLanguage: en-GB
            locale: en-GB
            timezone: Europe/London
            userType: Employee
            emails:
              - { value: ada@acme.example.com, type: work, primary: true }
            phoneNumbers:
              - { value: "+44 20 7946 0101", type: work }
            addresses:
              - { type: work, streetAddress: "1 Example Wharf", locality: London, postalCode: E14 0AA, country: GB }
            urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:
              employeeNumber: "1001"
              department: Engineering
              costCenter: "4130"
              organization: Acme
            manager: zoe
          zoe:
            userName: zoë.müller@acme.example.com
            externalId: "00u1acme7zoe"
            name: { formatted: Zoë Müller-Łukasik, givenName: Zoë, familyName: Müller-Łukasik }
            displayName: Zoë Müller-Łukasik
            title: Sachbearbeiterin
            preferredLanguage: de-DE
            locale: de-DE
            timezone: Europe/Berlin
            userType: Employee
            emails:
              - { value: zoe.mueller@acme.example.com, type: work, primary: true }
            phoneNumbers:
              - { value: "+49 30 5550 0177", type: work }
              - { value: "+49 151 5550 0178", type: mobile }
            urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:
              employeeNumber: "1042"
              department: Finance
              costCenter: "7200"
            status: suspended
        groups:
          "no":
            displayName: "№ 1:"
            externalId: "7"
          all:
            displayName: "Alle Kolleg:innen"
            members: ["no", ada, ada, ada, ada, ada, ada, ada, ada, ada, ada, ada, ada, ada, ada, ada, ada, ada, ada, ada,
              ada, ada, ada, ada, ada, ada, ada, ada, ada, ada, ada]
        assignments:
          users: all
          groups: ["no"]
          scope: "title pr"
        mappings:
          entra:
            title: null
            "emails[type eq \"work\"].value": "[userName]"
        "#);
        assert_eq!(read(&text), directory);
        let empty = super::write(&Directory::default(), "", Vec::new()).unwrap();
        assert_eq!(read(&String::from_utf8(empty).unwrap()), Directory::default());
    }

    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-zA-Z0-9 :#,'\"\\[\\]{}|>&*!%@`~?.+/-]{0,10}",
            "(?s).{0,8}",
            prop::sample::select(vec![
                "true",
                "No",
                "null",
                "12",
                "1e3",
                "~",
                "<<",
                "0x1f",
                "日本",
                "नमस्ते",
                "\u{feff}",
                "2024-01-01"
            ])
            .prop_map(str::to_owned),
        ]
    }

    /// A text of one line that is not blank, as names must be.
    fn line() -> impl Strategy<Value = String> {
        any_text().prop_map(|text| match text.replace(['\n', '\r'], " ").trim() {
            "" => "x".to_owned(),
            text => text.to_owned(),
        })
    }

    fn person(index: usize) -> impl Strategy<Value = Person> {
        (
            line(),
            any_text(),
            any_text(),
            any::<bool>(),
            0..3usize,
            proptest::option::of(0..4usize),
            any::<i64>(),
        )
            .prop_map(move |(name, title, part, primary, status, manager, number)| {
                let mut attributes = Map::new();
                attributes.insert("userName".into(), format!("{name}{index}").into());
                attributes.insert("title".into(), title.clone().into());
                attributes.insert("name".into(), json!({ "familyName": part, "givenName": null }));
                attributes.insert("emails".into(), json!([{ "value": title, "primary": primary }, {}]));
                attributes.insert("photos".into(), json!([]));
                attributes.insert(ENTERPRISE.into(), json!({ "department": part }));
                attributes.insert(
                    "urn:x:custom".into(),
                    json!({ part: [number, { "a": title }, []], "f": 1.5, "o": {} }),
                );
                let manager = manager.map(|index| format!("p{index}"));
                Person {
                    key: format!("p{index}"),
                    attributes,
                    manager,
                    status: PersonStatus::WORDS[status].1,
                }
            })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            people in (person(0), person(1), person(2), person(3)),
            names in proptest::collection::vec((line(), proptest::option::of(line())), 0..4),
            members in proptest::collection::vec(0..4usize, 0..40),
            constant in proptest::option::of(any_text()),
            users in any::<bool>(),
        ) {
            let groups = names.into_iter().enumerate().map(|(index, (display_name, external_id))| Group {
                key: format!("g{index}"),
                display_name,
                external_id,
                members: members.iter().map(|at| match at + 1 < index {
                    true => Member::Group(format!("g{at}")),
                    false => Member::Person(format!("p{at}")),
                }).collect(),
            });
            // Any text may be a constant.
            let expression = constant.map(|text| (Expression::Constant(text).to_string(), 0..0));
            let directory = Directory {
                people: vec![people.0, people.1, people.2, people.3],
                groups: groups.collect(),
                assignments: users.then(|| Assignments { users: Assigned::These(vec!["p0".into()]), ..Assignments::default() }),
                mappings: vec![DialectMapping {
                    dialect: Dialect::Okta,
                    rules: vec![MappingText { target: "title".into(), target_span: 0..0, expression }],
                }],
            };
            prop_assert_eq!(read(&text(&directory)), directory);
        }
    }
}
