//! `idp:` steps.

use super::{Decoder, EXPECT, IDP_STEP, STEP};
use crate::idp::directory::{Directory, check_changes};
use crate::idp::span;
use crate::scenario::IdpStep;
use crate::scenario::action::{Action, Failed, Fault, FaultAnswer, Hits, Whom};
use crate::scenario::scope::{Owner, Shape};
use crate::yaml::decode::{Keys, field};
use crate::yaml::{Entry, Node, Value};

pub(crate) const ACTIONS: Keys = Keys {
    of: "`idp`",
    known: &[
        "test-connection",
        "cycle",
        "import",
        "advance",
        "assign",
        "unassign",
        "update",
        "suspend",
        "restore",
        "delete",
        "create-group",
        "rename-group",
        "delete-group",
        "add-member",
        "remove-member",
    ],
};
pub(crate) const FAILED: Keys = Keys { of: "`expect` of an `idp` step", known: &["failed"] };
pub(crate) const FAULT: Keys =
    Keys { of: "a fault", known: &["request", "requests", "answer", "retry-after"] };
/// Everybody and every group.
const ALL: &str = "all";
/// Whoever it meets.
const ANY: &str = "any";
/// What a failed test of the connection is called.
pub(crate) const CONNECTION: &str = "connection";
/// What a failed import is called.
pub(crate) const IMPORT: &str = "import";

impl Decoder<'_> {
    pub(super) fn idp_step(&mut self, entries: &[Entry]) -> Option<IdpStep> {
        for entry in entries.iter().filter(|entry| !IDP_STEP.known.contains(&entry.key.as_str())) {
            self.mistakes.unknown_key(entry, &IDP_STEP, &[&STEP, &ACTIONS]);
        }
        let node = field(entries, "idp")?;
        if !self.has_dialects {
            self.mistakes.add_with_help(
                &node.span,
                "whose words is this step said in?",
                "an action of an identity provider",
                "name the dialects at the top of the file, such as `as: [okta, entra]`",
            );
        }
        let name =
            field(entries, "name").and_then(|node| self.mistakes.line(node, "`name`")).map(str::to_owned);
        let before = self.mistakes.found.len();
        let actions = self.actions(node);
        let faults = field(entries, "faults").map_or(Vec::new(), |node| self.faults(node));
        let failed = field(entries, "expect").and_then(|node| self.failed(node));
        let failed = failed.unwrap_or(Failed::These(Vec::new()));
        let flag = |decoder: &mut Self, key: &str, what: &str| {
            field(entries, key).and_then(|node| decoder.mistakes.boolean(node, what)).unwrap_or(false)
        };
        let prepares = flag(self, "prepares", "`prepares`");
        let silent = flag(self, "silent", "`silent`");
        if actions.is_empty() && self.mistakes.found.len() == before {
            self.mistakes.add(&node.span, "`idp` says nothing", "at least one action is needed");
        }
        let written = self.mistakes.source.text.get(node.span.clone()).unwrap_or_default();
        let written = written.trim().trim_start_matches('{').trim_end_matches('}').split_whitespace();
        let name = name.unwrap_or_else(|| written.collect::<Vec<_>>().join(" "));
        Some(IdpStep { name, span: node.span.clone(), actions, faults, failed, prepares, silent })
    }

    fn actions(&mut self, node: &Node) -> Vec<Action> {
        match &node.value {
            Value::Text(text) => match text.as_str() {
                "test-connection" => vec![Action::TestConnection],
                "cycle" => vec![Action::Cycle],
                "import" => vec![Action::Import],
                _ => {
                    let help = "alone stand `test-connection`, `cycle` and `import`; others say whom: `{ assign: ada }`";
                    self.mistakes.add_with_help(
                        &node.span,
                        format!("`{text}` is no action"),
                        "not known",
                        help,
                    );
                    Vec::new()
                }
            },
            Value::Map(entries) => {
                for entry in entries.iter().filter(|entry| !ACTIONS.known.contains(&entry.key.as_str())) {
                    self.mistakes.unknown_key(entry, &ACTIONS, &[&IDP_STEP]);
                }
                entries.iter().flat_map(|entry| self.action(entry)).collect()
            }
            _ => {
                self.mistakes.wrong_type(node, "`idp`", "an action, such as `{ assign: ada }`");
                Vec::new()
            }
        }
    }

    fn action(&mut self, entry: &Entry) -> Vec<Action> {
        let node = &entry.value;
        let one = |action: Option<Action>| action.into_iter().collect();
        match entry.key.as_str() {
            "test-connection" => self.alone(entry, Action::TestConnection),
            "cycle" => self.alone(entry, Action::Cycle),
            "import" => self.alone(entry, Action::Import),
            "advance" => one(self.advance(node)),
            "assign" => one(self.whom(node).map(Action::Assign)),
            "unassign" => one(self.whom(node).map(Action::Unassign)),
            "suspend" => one(self.keys(node, Known::Person).map(Action::Suspend)),
            "restore" => one(self.keys(node, Known::Person).map(Action::Restore)),
            "delete" => one(self.keys(node, Known::Person).map(Action::Delete)),
            "delete-group" => one(self.keys(node, Known::Group).map(Action::DeleteGroup)),
            "update" => self.each(node, Known::Person, Self::updated),
            "create-group" => self.created(node),
            "rename-group" => self.each(node, Known::Group, |decoder, key, value| {
                let text = decoder.mistakes.line(value, "the name of a group")?;
                decoder.template(value, text).map(|name| Action::RenameGroup(key, name))
            }),
            "add-member" => self.each(node, Known::Group, |decoder, key, value| {
                decoder.whom(value).map(|members| Action::AddMember(key, members))
            }),
            "remove-member" => self.each(node, Known::Group, |decoder, key, value| {
                decoder.whom(value).map(|members| Action::RemoveMember(key, members))
            }),
            _ => Vec::new(),
        }
    }

    /// An action that is about nobody in particular.
    fn alone(&mut self, entry: &Entry, action: Action) -> Vec<Action> {
        if entry.value.value != Value::Null {
            let title = format!("`{}` takes nothing", entry.key);
            let help = format!("write `{}: ~`, or `idp: {}` where it stands alone", entry.key, entry.key);
            self.mistakes.add_with_help(&entry.value.span, title, "not needed", help);
        }
        vec![action]
    }

    fn updated(&mut self, key: String, node: &Node) -> Option<Action> {
        let Value::Map(entries) = &node.value else {
            self.mistakes.wrong_type(node, "what changes of a person", "a map of attributes");
            return None;
        };
        check_changes(&mut self.mistakes, entries);
        if let Some((manager, key)) = field(entries, "manager").and_then(|node| Some((node, node.as_text()?)))
        {
            self.known(key, &manager.span, Known::Person);
        }
        self.tree(node).map(|tree| Action::Update(key, tree))
    }

    /// One action for each member of a map from keys of the directory.
    fn each(
        &mut self,
        node: &Node,
        known: Known,
        mut read: impl FnMut(&mut Self, String, &Node) -> Option<Action>,
    ) -> Vec<Action> {
        let Value::Map(entries) = &node.value else {
            self.mistakes.wrong_type(node, "this", "a map from a key of the directory");
            return Vec::new();
        };
        let mut actions = Vec::new();
        for entry in entries {
            self.known(&entry.key, &entry.key_span, known);
            actions.extend(read(self, entry.key.clone(), &entry.value));
        }
        actions
    }

    fn created(&mut self, node: &Node) -> Vec<Action> {
        let Value::Map(entries) = &node.value else {
            self.mistakes.wrong_type(node, "`create-group`", "a map from the key of a new group");
            return Vec::new();
        };
        let mut actions = Vec::new();
        for entry in entries {
            self.check_name(&entry.key, &entry.key_span);
            for inner in entry.value.entries() {
                if !["displayName", "externalId", "members"].contains(&inner.key.as_str()) {
                    let keys = Keys { of: "a group", known: &["displayName", "externalId", "members"] };
                    self.mistakes.unknown_key(inner, &keys, &[]);
                }
            }
            if let Some(members) = field(entry.value.entries(), "members") {
                drop(self.keys(members, Known::Anybody));
            }
            if let Some(id) = field(entry.value.entries(), "externalId") {
                self.mistakes.line(id, "`externalId`");
            }
            match field(entry.value.entries(), "displayName") {
                Some(name) => drop(self.mistakes.line(name, "`displayName`")),
                None => drop(self.mistakes.add(
                    &entry.key_span,
                    format!("`{}` has no `displayName`", entry.key),
                    "this group",
                )),
            }
            actions.extend(self.tree(&entry.value).map(|tree| Action::CreateGroup(entry.key.clone(), tree)));
            self.created_groups.push(entry.key.clone());
            self.scope.define(&entry.key, Shape::Any, Owner::File);
        }
        actions
    }

    /// `all`, one key, or a list of keys of people and groups.
    fn whom(&mut self, node: &Node) -> Option<Whom> {
        match node.as_text() {
            Some(ALL) => Some(Whom::All),
            _ => self.keys(node, Known::Anybody).map(Whom::These),
        }
    }

    /// One key or a list of keys.
    fn keys(&mut self, node: &Node, known: Known) -> Option<Vec<String>> {
        let items = match &node.value {
            Value::Text(_) => std::slice::from_ref(node),
            Value::Seq(items) => items,
            _ => {
                self.mistakes.wrong_type(node, "this", "a key of the directory, or a list of them");
                return None;
            }
        };
        let mut keys = Vec::new();
        for item in items {
            if let Some(key) = self.mistakes.text(item, "a key of the directory") {
                self.known(key, &item.span, known);
                keys.push(key.to_owned());
            }
        }
        Some(keys)
    }

    /// Notes a key that nobody in the directory has.
    fn known(&mut self, key: &str, span: &crate::yaml::Span, known: Known) {
        let Some(directory) = &self.directory else { return };
        let people = directory.people.iter().map(|person| person.key.as_str());
        let groups = directory.groups.iter().map(|group| group.key.as_str());
        let groups = groups.chain(self.created_groups.iter().map(String::as_str));
        let (what, candidates): (&str, Vec<&str>) = match known {
            Known::Person => ("person", people.collect()),
            Known::Group => ("group", groups.collect()),
            Known::Anybody => ("person or group", people.chain(groups).collect()),
        };
        if !candidates.contains(&key) {
            let near = match candidates.is_empty() && known != Known::Group {
                true => Some("name a directory: `directory: ../../fixtures/acme.yaml`".to_owned()),
                false => {
                    crate::diagnostic::nearest(key, candidates).map(|near| format!("did you mean `{near}`?"))
                }
            };
            let title = format!("there is no {what} with the key `{key}` in the directory");
            self.mistakes.add(span, title, "not known").help.extend(near);
        }
    }

    fn advance(&mut self, node: &Node) -> Option<Action> {
        let text = node.as_text().unwrap_or_default();
        match span::parse(text) {
            Ok(time) => Some(Action::Advance(time)),
            Err(_) => {
                let help = "write a number with `d`, `h` or `m`, such as `31d`";
                self.mistakes.add_with_help(
                    &node.span,
                    "`advance` is a span of time",
                    "not a span of time",
                    help,
                );
                None
            }
        }
    }

    fn failed(&mut self, node: &Node) -> Option<Failed> {
        let entries = self.mistakes.map(node, &FAILED, &[&EXPECT])?;
        let node = self.mistakes.required(
            node,
            entries,
            "failed",
            FAILED.of,
            "name whom the identity provider cannot work on: `failed: [ada]`, or `failed: any`",
        )?;
        if node.as_text() == Some(ANY) {
            return Some(Failed::Any);
        }
        let one = std::slice::from_ref(node);
        let items = if node.as_text().is_some() { one } else { self.mistakes.list(node, "`failed`")? };
        let mut failed = Vec::new();
        for item in items {
            match item.as_text() {
                Some(word @ (CONNECTION | IMPORT)) => failed.push(word.to_owned()),
                _ => failed.extend(self.keys(item, Known::Anybody).unwrap_or_default()),
            }
        }
        Some(Failed::These(failed))
    }

    fn faults(&mut self, node: &Node) -> Vec<Fault> {
        let items = self.mistakes.list(node, "`faults`").unwrap_or(&[]);
        items.iter().filter_map(|item| self.fault(item)).collect()
    }

    /// Which requests a fault happens to.
    fn hits(&mut self, node: &Node, entries: &[Entry]) -> Option<Hits> {
        let help = "name one, or count the requests of the step from 1: `request: POST /Users` (the first one), \
                    `requests: POST /Users` (every one), `request: 3`, `requests: 3-5`";
        let (node, is_every) = match (field(entries, "request"), field(entries, "requests")) {
            (Some(node), None) => (node, false),
            (None, Some(node)) => (node, true),
            _ => {
                let title = "which request does it happen to?";
                self.mistakes.add_with_help(&node.span, title, "this fault", help);
                return None;
            }
        };
        let named = node.as_text().and_then(|text| text.split_once(' '));
        let named = named.filter(|(method, path)| {
            method.bytes().all(|byte| byte.is_ascii_uppercase())
                && path.starts_with('/')
                && !path.contains(' ')
        });
        let numbers = match (is_every, &node.value) {
            (false, Value::Number(_)) => {
                let number = self.mistakes.integer(node, "`request`", 1..=100_000)?;
                u32::try_from(number).ok().map(|number| (number, number))
            }
            (true, Value::Text(text)) => {
                let range = text.split_once('-');
                range.and_then(|(from, to)| Some((from.trim().parse().ok()?, to.trim().parse().ok()?)))
            }
            _ => None,
        };
        match (named, numbers) {
            (Some((method, path)), _) if is_every => Some(Hits::Every(method.to_owned(), path.to_owned())),
            (Some((method, path)), _) => Some(Hits::First(method.to_owned(), path.to_owned())),
            (None, Some((from, to))) if 1 <= from && from <= to => Some(Hits::Numbers(from, to)),
            _ => {
                let title = if is_every { "these are no requests" } else { "this is no request" };
                self.mistakes.add_with_help(&node.span, title, "not known", help);
                None
            }
        }
    }

    fn fault(&mut self, node: &Node) -> Option<Fault> {
        let entries = self.mistakes.map(node, &FAULT, &[])?;
        let hits = self.hits(node, entries);
        let help = "a status such as `503`, `lost` (it arrives, its answer does not) or `unreachable` (it does not arrive)";
        let answer = self.mistakes.required(node, entries, "answer", FAULT.of, help)?;
        let retry_after = field(entries, "retry-after")
            .and_then(|node| self.mistakes.integer(node, "`retry-after`", 0..=300))
            .and_then(|seconds| u32::try_from(seconds).ok());
        let answer = match &answer.value {
            Value::Text(text) if text == "lost" => FaultAnswer::Lost,
            Value::Text(text) if text == "unreachable" => FaultAnswer::Unreachable,
            Value::Number(_) => {
                let status = self.mistakes.integer(answer, "`answer`", 400..=599)?;
                FaultAnswer::Status { status: u16::try_from(status).ok()?, retry_after }
            }
            _ => {
                self.mistakes.add_with_help(
                    &answer.span,
                    "this is no answer to a request",
                    "not known",
                    help,
                );
                return None;
            }
        };
        if let (Some(wait), FaultAnswer::Lost | FaultAnswer::Unreachable) =
            (field(entries, "retry-after"), answer)
        {
            let title = "`retry-after` is a header of an answer";
            self.mistakes.add(&wait.span, title, "nothing is answered here");
        }
        Some(Fault { hits: hits?, answer, span: node.span.clone() })
    }
}

/// Whose keys are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Person,
    Group,
    Anybody,
}

/// The shapes of people and groups with the id that a target gives them.
pub(super) fn with_ids(directory: &Directory, name: &str, shape: Shape) -> Shape {
    let is_known = directory.people.iter().any(|person| person.key == name)
        || directory.groups.iter().any(|group| group.key == name);
    match shape {
        Shape::Object(mut members) if is_known => {
            members.insert("id".to_owned(), Shape::Single);
            Shape::Object(members)
        }
        other => other,
    }
}
