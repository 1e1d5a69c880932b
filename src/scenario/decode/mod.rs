//! From a scenario file to a [`Scenario`].
//!
//! Every mistake is collected, each at its place, so that one reading tells an author everything. What is checked
//! here needs no target: keys, types, templates and the variables they use, request lines, expressions.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::capability::Capability;
use super::scope::{Owner, Scope, Shape};
use super::template::Template;
use super::tree::Tree;
use super::{DEFAULT_PROFILE, HeaderRule, Scenario};
use crate::diagnostic::{Diagnostic, SourceFile};
use crate::encoding::Encoding;
use crate::idp::Dialect;
use crate::idp::directory::generate::{DEFAULT_DOMAIN, Plan, generate};
use crate::idp::directory::{self, Directory};
use crate::yaml::decode::{Keys, Mistakes, field};
use crate::yaml::{self, Entry, Limits, Node, Span, Value};

mod expect;
mod idp;
#[cfg(test)]
pub(super) use idp::{ACTIONS, FAILED, FAULT};
pub(super) use idp::{CONNECTION, IMPORT};
mod request;
mod step;

/// How files are read; paths are as given on the command line or relative to a scenario.
pub type ReadFile<'r> = &'r dyn Fn(&Path) -> io::Result<Vec<u8>>;

pub(super) const FILE: Keys = Keys {
    of: "a scenario file",
    known: &[
        "scenario",
        "about",
        "as",
        "tags",
        "needs",
        "profile",
        "directory",
        "vars",
        "headers",
        "encoding",
        "steps",
    ],
};
pub(super) const GENERATED: Keys = Keys { of: "a generated directory", known: &["people", "groups", "seed"] };
/// So many people or groups at most: a scenario is read as a whole whenever scenarios are listed.
const MAX_GENERATED: u64 = 2_000;
pub(super) const STEP: Keys = Keys {
    of: "a step",
    known: &[
        "name", "request", "headers", "auth", "encoding", "body", "text", "file", "expect", "save", "repeat",
        "until", "prepares",
    ],
};
pub(super) const IDP_STEP: Keys =
    Keys { of: "an `idp` step", known: &["name", "idp", "faults", "expect", "prepares", "silent"] };
pub(super) const EXPECT: Keys = Keys { of: "`expect`", known: &["status", "headers", "body"] };
pub(super) const UNTIL: Keys =
    Keys { of: "`until`", known: &["status", "headers", "body", "attempts", "pause"] };
pub(super) const BEARER: Keys = Keys { of: "`auth`", known: &["bearer"] };
pub(super) const SAVE_HEADER: Keys = Keys { of: "a source of `save`", known: &["header"] };

/// Reads a scenario and the files that it names.
///
/// `path` is shown in messages as it is; `id` is what the scenario is called, see [`id_of`](super::id_of).
///
/// # Errors
/// Every mistake, in the order of the file, and those of the directory that it names.
pub fn load(path: &Path, id: &str, read: ReadFile<'_>) -> Result<Scenario, Vec<Diagnostic>> {
    let shown = path.display().to_string();
    let bytes =
        read(path).map_err(|error| vec![Diagnostic::error(format!("cannot read `{shown}`: {error}"))])?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let (line, column) = place_in_bytes(error.as_bytes(), error.utf8_error().valid_up_to());
        let title = format!(
            "`{shown}` is not UTF-8: the first byte that is not stands in line {line}, column {column}"
        );
        vec![Diagnostic::error(title)]
    })?;
    let source = SourceFile::new(shown, text);
    let root_node = yaml::parse(&source, Limits::SCENARIO)?;
    let mut decoder = Decoder {
        mistakes: Mistakes::new(&source),
        scope: Scope::default(),
        folder: path.parent().unwrap_or(Path::new("")),
        read,
        foreign: Vec::new(),
        has_dialects: false,
        directory: None,
        created_groups: Vec::new(),
    };
    let scenario = decoder.scenario(&root_node, id.to_owned());
    let foreign = std::mem::take(&mut decoder.foreign);
    match decoder.mistakes.finish(scenario) {
        Ok(scenario) if foreign.is_empty() => Ok(scenario),
        Ok(_) => Err(foreign),
        Err(mut found) => {
            found.extend(foreign);
            Err(found)
        }
    }
}

fn place_in_bytes(bytes: &[u8], offset: usize) -> (usize, usize) {
    let before = String::from_utf8_lossy(bytes.get(..offset).unwrap_or(bytes));
    SourceFile::new("", before.as_ref()).line_column(offset)
}

/// Decodes one file.
struct Decoder<'r> {
    mistakes: Mistakes,
    scope: Scope,
    /// The folder of the file.
    folder: &'r Path,
    read: ReadFile<'r>,
    /// Mistakes of other files.
    foreign: Vec<Diagnostic>,
    /// Whether the file says whose traffic it is.
    has_dialects: bool,
    /// The directory, once it was read.
    directory: Option<Directory>,
    /// Groups that `idp:` steps create.
    created_groups: Vec<String>,
}

impl Decoder<'_> {
    fn scenario(&mut self, root: &Node, id: String) -> Option<Scenario> {
        let entries = self.mistakes.map(root, &FILE, &[&STEP, &EXPECT])?;
        self.scope.define("base", Shape::Single, Owner::Program);
        self.scope.define("run", Shape::Single, Owner::Program);
        let title = match field(entries, "scenario") {
            Some(node) => self.mistakes.line(node, "`scenario`").map(str::to_owned),
            None => {
                self.mistakes.add_with_help(
                    &first_key(root),
                    "`scenario` is missing",
                    "the file begins here",
                    "begin with `scenario:` and a title of one line",
                );
                None
            }
        };
        let about = field(entries, "about").and_then(|node| self.mistakes.text(node, "`about`"));
        let about = about.map(|text| text.trim().to_owned());
        let dialects = self.words(entries, "as", "a dialect", Dialect::WORDS);
        self.has_dialects = field(entries, "as").is_some();
        let needs = self.words(entries, "needs", "a capability", Capability::WORDS);
        let tags = self.tags(entries);
        let profile = field(entries, "profile").and_then(|node| self.profile(node));
        let directory = self.directory(entries);
        let vars = self.vars(entries);
        let headers = field(entries, "headers").map_or(Vec::new(), |node| self.headers(node));
        let encoding = self.encoding(entries).unwrap_or_default();
        let steps = self.steps(root, entries);
        let (profile, profile_span) = match profile {
            Some((name, span)) => (name, Some(span)),
            None => (DEFAULT_PROFILE.to_owned(), None),
        };
        Some(Scenario {
            id,
            source: Arc::clone(&self.mistakes.source),
            title: title?,
            about,
            dialects,
            tags,
            needs,
            profile,
            profile_span,
            directory,
            vars,
            headers,
            encoding,
            steps,
        })
    }

    /// A list of words of a table, none twice.
    fn words<T: Copy + PartialEq>(
        &mut self,
        entries: &[Entry],
        key: &str,
        what: &str,
        known: &[(&'static str, T)],
    ) -> Vec<T> {
        let Some(node) = field(entries, key) else { return Vec::new() };
        let mut found = Vec::new();
        for item in self.mistakes.list(node, &format!("`{key}`")).unwrap_or(&[]) {
            let Some(word) = self.mistakes.word(item, what, known) else { continue };
            match found.contains(&word) {
                true => drop(self.mistakes.add(
                    &item.span,
                    format!("{what} stands twice in `{key}`"),
                    "again here",
                )),
                false => found.push(word),
            }
        }
        found
    }

    fn tags(&mut self, entries: &[Entry]) -> Vec<String> {
        let Some(node) = field(entries, "tags") else { return Vec::new() };
        let mut found = Vec::new();
        for item in self.mistakes.list(node, "`tags`").unwrap_or(&[]) {
            let Some(tag) = self.mistakes.line(item, "a tag") else { continue };
            if tag.contains(|c: char| c.is_whitespace() || c == ',') {
                let help = "`--tag a,b` takes tags without spaces and commas";
                self.mistakes.add_with_help(&item.span, "a tag is one word", "not one word", help);
            }
            found.push(tag.to_owned());
        }
        found
    }

    fn profile(&mut self, node: &Node) -> Option<(String, Span)> {
        let name = self.mistakes.line(node, "`profile`")?;
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            self.mistakes.add(
                &node.span,
                format!("`{name}` is not the name of a profile"),
                "letters, digits and `-`",
            );
            return None;
        }
        Some((name.to_owned(), node.span.clone()))
    }

    /// Reads the directory; its people and groups become variables.
    fn directory(&mut self, entries: &[Entry]) -> Directory {
        let Some(node) = field(entries, "directory") else {
            self.directory = Some(Directory::default());
            return Directory::default();
        };
        let directory = self.read_directory(node);
        let steps = field(entries, "steps").map_or(&[][..], Node::items);
        let has_idp = steps.iter().any(|step| field(step.entries(), "idp").is_some());
        match &directory {
            Some(directory) => {
                for (name, value) in directory.variables("") {
                    let shape = Shape::from(&value);
                    let shape = if has_idp { idp::with_ids(directory, &name, shape) } else { shape };
                    self.scope.define(&name, shape, Owner::Directory);
                }
            }
            None => self.scope.lose_count(),
        }
        self.directory.clone_from(&directory);
        directory.unwrap_or_default()
    }

    fn read_directory(&mut self, node: &Node) -> Option<Directory> {
        if let Value::Map(_) = node.value {
            return self.generated(node);
        }
        let (path, bytes) = self.file(node, "`directory`")?;
        let Ok(text) = String::from_utf8(bytes) else {
            self.mistakes.add(&node.span, format!("`{path}` is not UTF-8"), "this file");
            return None;
        };
        directory::parse(&SourceFile::new(path, text)).map_err(|mistakes| self.foreign.extend(mistakes)).ok()
    }

    /// A directory of invented people.
    fn generated(&mut self, node: &Node) -> Option<Directory> {
        let entries = self.mistakes.map(node, &GENERATED, &[])?;
        let help = "say how large it is: `directory: { people: 1000, groups: 3, seed: 7 }`";
        let people = self.mistakes.required(node, entries, "people", GENERATED.of, help)?;
        let people = self.mistakes.integer(people, "`people`", 1..=MAX_GENERATED);
        let mut number = |key: &str, most: u64| match field(entries, key) {
            Some(node) => self.mistakes.integer(node, &format!("`{key}`"), 0..=most),
            None => Some(0),
        };
        let (groups, seed) = (number("groups", MAX_GENERATED), number("seed", u64::from(u32::MAX)));
        let plan = Plan {
            people: usize::try_from(people?).ok()?,
            groups: usize::try_from(groups?).ok()?,
            seed: seed?,
            domain: DEFAULT_DOMAIN.to_owned(),
        };
        let text = generate(&plan, Vec::new()).ok().and_then(|bytes| String::from_utf8(bytes).ok())?;
        let source = SourceFile::new("a generated directory", text);
        directory::parse(&source).map_err(|mistakes| self.foreign.extend(mistakes)).ok()
    }

    /// The bytes of a file named relative to the scenario, and its path.
    fn file(&mut self, node: &Node, what: &str) -> Option<(String, Vec<u8>)> {
        let name = self.mistakes.line(node, what)?;
        if Path::new(name).is_absolute() {
            let help = "name it relative to the scenario file, such as `../../fixtures/acme.yaml`";
            self.mistakes.add_with_help(
                &node.span,
                format!("{what} is a relative path"),
                "an absolute path",
                help,
            );
            return None;
        }
        let path = tidy(&self.folder.join(name));
        match (self.read)(Path::new(&path)) {
            Ok(bytes) => Some((path, bytes)),
            Err(error) => {
                let title = format!("cannot read `{path}`: {error}");
                let mistake = self.mistakes.add(&node.span, title, "this file");
                mistake.notes.push("paths are relative to the scenario file".into());
                None
            }
        }
    }

    fn vars(&mut self, entries: &[Entry]) -> Vec<(String, Tree)> {
        let Some(node) = field(entries, "vars") else { return Vec::new() };
        let Value::Map(members) = &node.value else {
            self.mistakes.wrong_type(node, "`vars`", "a map");
            return Vec::new();
        };
        let mut vars = Vec::new();
        for member in members {
            self.check_name(&member.key, &member.key_span);
            let tree = self.tree(&member.value);
            let shape = tree.as_ref().map_or(Shape::Any, |tree| self.scope.shape_of(tree));
            self.scope.define(&member.key, shape, Owner::File);
            vars.extend(tree.map(|tree| (member.key.clone(), tree)));
        }
        vars
    }

    /// Notes a name that cannot be a variable of the file.
    fn check_name(&mut self, name: &str, span: &Span) {
        if let Some(refusal) = self.scope.refusal(name) {
            self.mistakes.add(span, refusal, "choose another name");
        }
    }

    fn encoding(&mut self, entries: &[Entry]) -> Option<Encoding> {
        field(entries, "encoding").and_then(|node| self.mistakes.word(node, "an encoding", &Encoding::WORDS))
    }

    fn headers(&mut self, node: &Node) -> Vec<HeaderRule> {
        let Value::Map(members) = &node.value else {
            self.mistakes.wrong_type(node, "`headers`", "a map");
            return Vec::new();
        };
        let mut rules: Vec<HeaderRule> = Vec::new();
        for member in members {
            self.check_header(&member.key, &member.key_span);
            if rules.iter().any(|rule| rule.name.eq_ignore_ascii_case(&member.key)) {
                let title = format!("the header `{}` stands twice", member.key);
                self.mistakes.add(&member.key_span, title, "names compare without regard to case");
            }
            let value = match &member.value.value {
                Value::Null => None,
                _ => match self.header_value(&member.value) {
                    Some(value) => Some(value),
                    None => continue,
                },
            };
            rules.push(HeaderRule { name: member.key.clone(), value, span: member.value.span.clone() });
        }
        rules
    }

    fn header_value(&mut self, node: &Node) -> Option<Template> {
        match &node.value {
            Value::Text(text) => self.template(node, text),
            Value::Number(number) => Some(Template::literal(number.to_string())),
            Value::Bool(flag) => Some(Template::literal(flag.to_string())),
            _ => {
                self.mistakes.wrong_type(node, "the value of a header", "text");
                None
            }
        }
    }

    /// Notes a name that no header field can have (RFC 9110 §5.1).
    fn check_header(&mut self, name: &str, span: &Span) {
        if !is_token(name) {
            self.mistakes.add(span, format!("`{name}` cannot be the name of a header"), "not a header name");
        }
    }

    /// A text with variables; mistakes in it and variables that are not defined are noted.
    fn template(&mut self, node: &Node, text: &str) -> Option<Template> {
        let file = Arc::clone(&self.mistakes.source);
        match Template::located(node, text, &file.text) {
            Ok(template) => {
                self.check_references(&template, &file);
                Some(template)
            }
            Err(error) => {
                let mistake = self.mistakes.add(&error.at, error.problem, "here");
                mistake.help.extend(error.help.map(str::to_owned));
                None
            }
        }
    }

    fn check_references(&mut self, template: &Template, source: &Arc<SourceFile>) {
        for reference in template.references() {
            if let Err(undefined) = self.scope.check(reference) {
                let own = Arc::ptr_eq(source, &self.mistakes.source);
                let found = if own { &mut self.mistakes.found } else { &mut self.foreign };
                found.push(undefined.diagnostic(source));
            }
        }
    }

    /// Any YAML as JSON with variables.
    fn tree(&mut self, node: &Node) -> Option<Tree> {
        match &node.value {
            Value::Text(text) => self.template(node, text).map(Tree::Text),
            Value::Seq(items) => {
                let items: Vec<Option<Tree>> = items.iter().map(|item| self.tree(item)).collect();
                items.into_iter().collect::<Option<_>>().map(Tree::List)
            }
            Value::Map(members) => {
                let members: Vec<Option<(Template, Tree)>> = members
                    .iter()
                    .map(|member| {
                        let name = self.member_name(member);
                        let value = self.tree(&member.value);
                        name.zip(value)
                    })
                    .collect();
                members.into_iter().collect::<Option<_>>().map(Tree::Object)
            }
            _ => Some(Tree::Scalar(node.to_json())),
        }
    }

    /// The name of a member, which may have variables in it.
    fn member_name(&mut self, member: &Entry) -> Option<Template> {
        let key = Node { value: Value::Text(member.key.clone()), span: member.key_span.clone() };
        self.template(&key, &member.key)
    }
}

/// Where the first key of the file stands.
fn first_key(root: &Node) -> Span {
    root.entries().first().map_or(root.span.clone(), |entry| entry.key_span.clone())
}

/// Whether a text is a token (RFC 9110 §5.6.2): methods, names of header fields.
fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

/// The path without `.` and with `..` resolved where a folder stands before it.
fn tidy(path: &Path) -> String {
    use std::path::Component;
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.iter().collect::<std::path::PathBuf>().display().to_string()
}

#[cfg(test)]
mod tests;
