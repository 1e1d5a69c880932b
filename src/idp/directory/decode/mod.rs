//! From a YAML file to a [`Directory`]: every mistake at its place.
//!
//! People and groups are decoded as the parser completes them, so that the tree of a large file is never kept. What they refer to
//! may stand below them: references are resolved at the end.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Directory, Group, Member, Person};
use crate::diagnostic::{Diagnostic, SourceFile, nearest};
use crate::yaml::decode::{Keys, Mistakes, field};
use crate::yaml::{self, Entry, Limits, Node, Span, Value};

mod assignments;
mod cycles;
mod group;
mod mappings;
mod person;

pub(super) use assignments::ASSIGNMENTS;
pub(super) use cycles::cycles;
pub(super) use group::GROUP;
pub use person::check_changes;

pub(super) const FILE: Keys =
    Keys { of: "a directory", known: &["people", "groups", "assignments", "mappings"] };

/// Names that mean something else where variables are used.
const RESERVED: [&str; 3] = ["base", "run", "index"];

/// So many mistakes are looked for; a file with more is of another kind.
const MAX_MISTAKES: usize = 1_000;
/// So many are shown.
const SHOWN_MISTAKES: usize = 50;

/// Reads a directory.
///
/// # Errors
/// The mistakes of the file, in its order; the first 50 of them.
pub fn parse(source: &Arc<SourceFile>) -> Result<Directory, Vec<Diagnostic>> {
    let mut decoder = Decoder::new(source);
    let root = yaml::parse_with(source, Limits::DIRECTORY, &mut |section, entry| {
        match Kind::of_section(section) {
            None => return Some(entry),
            Some(kind) => decoder.member(kind, entry),
        }
        None
    })?;
    decoder.finish(root)
}

/// What a key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Person,
    Group,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Person => "person",
            Kind::Group => "group",
        }
    }

    fn of_section(name: &str) -> Option<Self> {
        match name {
            "people" => Some(Kind::Person),
            "groups" => Some(Kind::Group),
            _ => None,
        }
    }
}

/// A key: what it names and where it is written.
#[derive(Debug, Clone)]
struct Known {
    kind: Kind,
    span: Span,
}

/// What was read so far.
struct Decoder {
    mistakes: Mistakes,
    keys: HashMap<String, Known>,
    /// In lower case, because targets compare them without regard to it.
    user_names: HashMap<String, Span>,
    people: Vec<Person>,
    /// Index of a person whose manager is not looked up yet, and where the manager is named.
    managers: Vec<(usize, Span)>,
    groups: Vec<Group>,
    /// Where the members of each group are named, in the order of `groups`.
    members: Vec<Vec<Span>>,
}

impl Decoder {
    fn new(source: &Arc<SourceFile>) -> Self {
        Self {
            mistakes: Mistakes::new(source),
            keys: HashMap::new(),
            user_names: HashMap::new(),
            people: Vec::new(),
            managers: Vec::new(),
            groups: Vec::new(),
            members: Vec::new(),
        }
    }

    /// Whether there are so many mistakes that no more are looked for.
    fn is_full(&self) -> bool {
        self.mistakes.found.len() >= MAX_MISTAKES
    }

    /// Decodes one member of `people` or `groups`.
    fn member(&mut self, kind: Kind, entry: Entry) {
        if self.is_full() {
            return;
        }
        self.key(&entry, kind);
        match kind {
            Kind::Person => self.person(entry),
            Kind::Group => self.group(&entry),
        }
    }

    /// Decodes what is left of the tree and resolves references.
    fn finish(mut self, root: Node) -> Result<Directory, Vec<Diagnostic>> {
        self.mistakes.map(&root, &FILE, &[&GROUP, &ASSIGNMENTS]);
        let mut entries = match root.value {
            Value::Map(entries) => entries,
            _ => Vec::new(),
        };
        for entry in &mut entries {
            let Some(kind) = Kind::of_section(&entry.key) else { continue };
            match std::mem::replace(&mut entry.value.value, Value::Null) {
                // Everything was handed out, unless it has an anchor.
                Value::Map(members) => members.into_iter().for_each(|member| self.member(kind, member)),
                value => {
                    entry.value.value = value;
                    self.mistakes.wrong_type(&entry.value, &format!("`{}`", entry.key), "a map");
                }
            }
        }
        self.resolve();
        let assignments = field(&entries, "assignments").and_then(|node| self.assignments(node));
        let mappings = field(&entries, "mappings").map(|node| self.mappings(node)).unwrap_or_default();
        self.cycles();
        let directory = Directory { people: self.people, groups: self.groups, assignments, mappings };
        self.mistakes.finish(Some(directory)).map_err(shorten)
    }

    /// Notes a key, and what is wrong with it.
    fn key(&mut self, entry: &Entry, kind: Kind) {
        let Entry { key, key_span: span, .. } = entry;
        if !is_key(key) {
            let title = format!("`{key}` cannot be a key: a letter, then letters, digits, `_` and `-`");
            self.mistakes.add(span, title, "not a key");
        } else if is_reserved(key) {
            let title = format!("`{key}` is a variable of its own");
            self.mistakes.add(span, title, "choose another key");
        } else if let Some(first) = self.keys.get(key) {
            let first = first.span.clone();
            let title = format!("two entries with the key `{key}`");
            let mistake = self.mistakes.add(span, title, "again here");
            *mistake = mistake
                .clone()
                .with_context(first, "first here")
                .with_help("people and groups share their keys");
            return;
        }
        self.keys.insert(key.clone(), Known { kind, span: span.clone() });
    }

    /// Looks up the managers and the members of groups.
    fn resolve(&mut self) {
        for (person, span) in std::mem::take(&mut self.managers) {
            if let Some(manager) = self.people[person].manager.clone() {
                self.reference(&manager, &span, &[Kind::Person]);
            }
        }
        for index in 0..self.groups.len() {
            let mut members = std::mem::take(&mut self.groups[index].members);
            let spans = std::mem::take(&mut self.members[index]);
            for (member, span) in members.iter_mut().zip(&spans) {
                let kind = self.reference(member.key(), span, &[Kind::Person, Kind::Group]);
                if kind == Some(Kind::Group) {
                    *member = Member::Group(member.key().to_owned());
                }
            }
            self.groups[index].members = members;
            self.members[index] = spans;
        }
    }

    /// What a key names, where it is of one of these kinds; noted where it is not.
    fn reference(&mut self, key: &str, span: &Span, kinds: &[Kind]) -> Option<Kind> {
        match self.keys.get(key) {
            Some(known) if kinds.contains(&known.kind) => return Some(known.kind),
            _ if self.is_full() => return None,
            Some(known) => {
                let title = format!("`{key}` is a {}", known.kind.word());
                let wanted = kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(" or a ");
                let first = known.span.clone();
                let mistake = self.mistakes.add(span, title, format!("a {wanted} belongs here"));
                *mistake = mistake.clone().with_context(first, "defined here");
            }
            None => {
                // The search is over all keys, which takes long for many mistakes.
                let near = (self.mistakes.found.len() < SHOWN_MISTAKES)
                    .then(|| {
                        let fitting = self.keys.iter().filter(|(_, known)| kinds.contains(&known.kind));
                        let mut fitting: Vec<_> =
                            fitting.map(|(key, known)| (known.span.start, key.as_str())).collect();
                        fitting.sort_unstable();
                        nearest(key, fitting.into_iter().map(|(_, key)| key)).map(str::to_owned)
                    })
                    .flatten();
                let kinds = kinds.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(" or ");
                let title = format!("there is no {kinds} with the key `{key}`");
                let mistake = self.mistakes.add(span, title, "not known");
                mistake.help.extend(near.map(|near| format!("did you mean `{near}`?")));
            }
        }
        None
    }

    /// Notes that an entry lacks a key; returns the one that was probably meant to be it.
    fn missing<'e>(&mut self, entry: &Entry, members: &'e [Entry], key: &str) -> Option<&'e str> {
        let near = nearest(key, members.iter().map(|member| member.key.as_str()));
        let title = format!("`{}` has no `{key}`", entry.key);
        let mistake = self.mistakes.add(&entry.key_span, title, format!("`{key}` is missing"));
        mistake.help.extend(near.map(|near| format!("is `{near}` meant to be `{key}`?")));
        near
    }
}

/// The first mistakes, and that there are more.
fn shorten(mut mistakes: Vec<Diagnostic>) -> Vec<Diagnostic> {
    if mistakes.len() > SHOWN_MISTAKES {
        mistakes.truncate(SHOWN_MISTAKES);
        if let Some(last) = mistakes.last_mut() {
            last.notes.push(format!("the file has more mistakes; these are the first {SHOWN_MISTAKES}"));
        }
    }
    mistakes
}

/// Whether a text can name a person or a group.
pub(super) fn is_key(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Whether a key means something else where variables are used.
pub(super) fn is_reserved(key: &str) -> bool {
    RESERVED.contains(&key)
}
