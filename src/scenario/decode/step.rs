//! The steps of a scenario.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{BEARER, Decoder, EXPECT, FILE, SAVE_HEADER, STEP, UNTIL};
use crate::diagnostic::SourceFile;
use crate::scenario::scope::{Owner, Shape};
use crate::scenario::template::Template;
use crate::scenario::{Body, RequestStep, Save, SaveFrom, Step, StepAuth, Until};
use crate::yaml::decode::field;
use crate::yaml::{Entry, Node, Value};

/// Between two attempts of `until` where `pause` is absent.
const DEFAULT_PAUSE: Duration = Duration::from_millis(500);
/// What `auth` looks like.
const AUTH: &str = "write `auth: none` or `auth: { bearer: TOKEN }`";
/// The longest `pause`.
const MAX_PAUSE: Duration = Duration::from_secs(60);

impl Decoder<'_> {
    pub(super) fn steps(&mut self, root: &Node, entries: &[Entry]) -> Vec<Step> {
        let Some(node) = field(entries, "steps") else {
            let help = "write `steps:` and below it a list of requests: `- request: GET /Users`";
            self.mistakes.add_with_help(
                &super::first_key(root),
                "`steps` is missing",
                "no steps in this file",
                help,
            );
            return Vec::new();
        };
        let Some(items) = self.mistakes.list(node, "`steps`") else { return Vec::new() };
        if items.is_empty() {
            self.mistakes.add(&node.span, "`steps` is empty", "at least one step is needed");
        }
        let mut steps = Vec::with_capacity(items.len());
        for item in items {
            let before = self.mistakes.found.len() + self.foreign.len();
            let step = self.step(item);
            debug_assert!(step.is_some() || self.mistakes.found.len() + self.foreign.len() > before);
            steps.extend(step);
        }
        steps
    }

    fn step(&mut self, node: &Node) -> Option<Step> {
        let Value::Map(entries) = &node.value else {
            let text = node.as_text().is_some_and(|text| text.contains(" /"));
            self.mistakes.wrong_type(node, "a step", "a map");
            if let Some(mistake) = self.mistakes.found.last_mut().filter(|_| text) {
                mistake.help.push(format!("write `request: {}`", node.as_text().unwrap_or_default()));
            }
            return None;
        };
        if field(entries, "idp").is_some() {
            return self.idp_step(entries).map(|step| Step::Idp(Box::new(step)));
        }
        for entry in entries.iter().filter(|entry| !STEP.known.contains(&entry.key.as_str())) {
            self.mistakes.unknown_key(entry, &STEP, &[&EXPECT, &UNTIL, &FILE]);
        }
        let repeat =
            field(entries, "repeat").and_then(|node| self.mistakes.integer(node, "`repeat`", 1..=1000));
        if field(entries, "repeat").is_some() {
            self.scope.define("index", Shape::Single, Owner::Program);
        }
        let step = self.step_fields(node, entries, repeat.and_then(|number| u32::try_from(number).ok()));
        self.scope.forget("index");
        // A variable of a step is there for the steps after it.
        for entry in field(entries, "save").map_or(&[][..], Node::entries) {
            self.check_name(&entry.key, &entry.key_span);
            self.scope.define(&entry.key, Shape::Any, Owner::File);
        }
        step.map(|step| Step::Request(Box::new(step)))
    }

    fn step_fields(&mut self, node: &Node, entries: &[Entry], repeat: Option<u32>) -> Option<RequestStep> {
        let request = match field(entries, "request") {
            Some(node) => self.request_line(node).map(|(method, target)| (method, target, node)),
            None => {
                self.missing_request(node, entries);
                None
            }
        };
        let name = field(entries, "name").and_then(|node| self.mistakes.line(node, "`name`"));
        let headers = field(entries, "headers").map_or(Vec::new(), |node| self.headers(node));
        let auth = field(entries, "auth").map_or(Some(StepAuth::Target), |node| self.auth(node));
        let encoding = self.encoding(entries);
        let body = self.body(entries);
        let expect = field(entries, "expect").and_then(|node| self.expectation(node)).unwrap_or_default();
        let save = field(entries, "save").map_or(Vec::new(), |node| self.saves(node));
        let until = field(entries, "until").and_then(|node| self.until(node));
        let prepares = field(entries, "prepares").and_then(|node| self.mistakes.boolean(node, "`prepares`"));
        if let (Some(true), Some((codes, span))) = (prepares, &expect.status)
            && codes.iter().any(|code| *code >= 300)
        {
            self.mistakes.add(
                span,
                "a step that only sets the scene has to succeed",
                "what this step is refused with is what the scenario is about: leave out `prepares`",
            );
        }
        let (method, target, request) = request?;
        let line = request.as_text().unwrap_or_default().trim();
        Some(RequestStep {
            name: name.unwrap_or(line).to_owned(),
            method,
            target,
            request_span: request.span.clone(),
            headers,
            auth: auth?,
            encoding,
            body: body?,
            expect,
            save,
            repeat,
            until,
            prepares: prepares.unwrap_or(false),
        })
    }

    /// A step without `request`: perhaps it stands one level too deep.
    fn missing_request(&mut self, node: &Node, entries: &[Entry]) {
        let misspelt = entries.iter().any(|entry| {
            !STEP.known.contains(&entry.key.as_str())
                && crate::diagnostic::nearest(&entry.key, ["request"]).is_some()
        });
        if misspelt {
            return; // The unknown key says it all.
        }
        let span = entries.first().map_or(node.span.clone(), |entry| entry.key_span.clone());
        let nested = entries.iter().find_map(|outer| {
            let inner = outer.value.entries().iter().find(|inner| inner.key == "request")?;
            Some((outer.key.clone(), inner.key_span.clone()))
        });
        let mistake = self.mistakes.add(&span, "the step has no `request`", "this step");
        match nested {
            Some((outer, place)) => {
                *mistake =
                    mistake.clone().with_context(place, format!("this `request` belongs to `{outer}`"));
                mistake.help.push("indent `request` like the other keys of the step".into());
            }
            None => mistake.help.push(
                "every step sends one: `request: GET /Users`; only the first key of a step has a `- `".into(),
            ),
        }
    }

    fn auth(&mut self, node: &Node) -> Option<StepAuth> {
        match &node.value {
            Value::Text(text) if text == "none" => Some(StepAuth::None),
            Value::Map(_) => {
                let entries = self.mistakes.map(node, &BEARER, &[])?;
                let token = self.mistakes.required(node, entries, "bearer", BEARER.of, AUTH)?;
                let text = self.mistakes.text(token, "a bearer token")?;
                self.template(token, text).map(StepAuth::Bearer)
            }
            _ => {
                let help = "write `auth: none` or `auth: { bearer: TOKEN }`";
                self.mistakes.add_with_help(
                    &node.span,
                    "`auth` is `none` or a bearer token",
                    "neither",
                    help,
                );
                None
            }
        }
    }

    fn body(&mut self, entries: &[Entry]) -> Option<Body> {
        let mut given = entries.iter().filter(|entry| ["body", "text", "file"].contains(&entry.key.as_str()));
        let Some(first) = given.next() else { return Some(Body::Nothing) };
        if let Some(second) = given.next() {
            let title = format!("a step sends `{}` or `{}`, not both", first.key, second.key);
            let mistake = self.mistakes.add(&second.key_span, title, "and this");
            *mistake = mistake.clone().with_context(first.key_span.clone(), "this");
        }
        let node = &first.value;
        match first.key.as_str() {
            "body" => self.tree(node).map(Body::Json),
            "text" => {
                let text = self.mistakes.text(node, "`text`")?;
                self.template(node, text).map(Body::Text)
            }
            _ => {
                let (path, bytes) = self.file(node, "`file`")?;
                let text = match String::from_utf8(bytes) {
                    Ok(text) => text,
                    Err(binary) => return Some(Body::Bytes(Bytes::from(binary.into_bytes()))),
                };
                let source = SourceFile::new(path, text);
                self.text_file(source)
            }
        }
    }

    fn text_file(&mut self, source: Arc<SourceFile>) -> Option<Body> {
        match Template::parse(&source.text) {
            Ok(template) => {
                self.check_references(&template, &source);
                Some(Body::TextFile(template, source))
            }
            Err(error) => {
                let mut mistake =
                    crate::diagnostic::Diagnostic::error(error.problem).at(&source, error.at, "here");
                mistake.help.extend(error.help.map(str::to_owned));
                self.foreign.push(mistake);
                None
            }
        }
    }

    fn saves(&mut self, node: &Node) -> Vec<Save> {
        let Value::Map(members) = &node.value else {
            self.mistakes.wrong_type(node, "`save`", "a map");
            return Vec::new();
        };
        let mut saves = Vec::new();
        for member in members {
            let from = match &member.value.value {
                Value::Map(_) => self.save_header(&member.value),
                _ => self.pointer(&member.value),
            };
            let span = member.value.span.clone();
            saves.extend(from.map(|from| Save { name: member.key.clone(), from, span }));
        }
        saves
    }

    fn save_header(&mut self, node: &Node) -> Option<SaveFrom> {
        let entries = self.mistakes.map(node, &SAVE_HEADER, &[])?;
        let help = "write `{ header: ETag }`";
        let name = self.mistakes.required(node, entries, "header", SAVE_HEADER.of, help)?;
        let text = self.mistakes.line(name, "the name of a header")?;
        self.check_header(text, &name.span);
        Some(SaveFrom::Header(text.to_owned()))
    }

    fn pointer(&mut self, node: &Node) -> Option<SaveFrom> {
        let what = "a source of `save`";
        let text = match &node.value {
            Value::Text(text) => text,
            _ => {
                self.mistakes.wrong_type(node, what, "a JSON Pointer or `{ header: NAME }`");
                return None;
            }
        };
        if text.is_empty() {
            return Some(SaveFrom::Body(Vec::new()));
        }
        let Some(path) = text.strip_prefix('/') else {
            let slashes =
                text.trim_start_matches('$').trim_matches('.').replace(['.', '['], "/").replace(']', "");
            let title = format!("`{text}` is not a JSON Pointer");
            self.mistakes.add_with_help(
                &node.span,
                title,
                "it begins with `/`",
                format!("write `/{slashes}`"),
            );
            return None;
        };
        let bad_escape = path.split('~').skip(1).any(|after| !after.starts_with(['0', '1']));
        if bad_escape {
            let help = "`~0` stands for `~` and `~1` for `/`";
            self.mistakes.add_with_help(
                &node.span,
                format!("`{text}` is not a JSON Pointer"),
                "a single `~`",
                help,
            );
            return None;
        }
        Some(SaveFrom::Body(
            path.split('/').map(|token| token.replace("~1", "/").replace("~0", "~")).collect(),
        ))
    }

    fn until(&mut self, node: &Node) -> Option<Until> {
        let entries = self.mistakes.map(node, &UNTIL, &[&STEP])?;
        let help = "`attempts: 5` gives up behind the fifth answer";
        let attempts = self.mistakes.required(node, entries, "attempts", UNTIL.of, help);
        let attempts = attempts.and_then(|node| self.mistakes.integer(node, "`attempts`", 1..=100));
        let pause = match field(entries, "pause") {
            Some(node) => self.pause(node),
            None => Some(DEFAULT_PAUSE),
        };
        let expect = self.expectation_fields(entries);
        let attempts = attempts.and_then(|number| u32::try_from(number).ok())?;
        Some(Until { expect, attempts, pause: pause? })
    }

    fn pause(&mut self, node: &Node) -> Option<Duration> {
        let duration = node.as_text().and_then(duration);
        let fitting = duration.filter(|duration| *duration <= MAX_PAUSE);
        if fitting.is_none() {
            let title = "`pause` is a duration of at most a minute";
            let label = if duration.is_some() { "too long" } else { "not a duration" };
            self.mistakes.add_with_help(&node.span, title, label, "write it such as `500ms` or `2s`");
        }
        fitting
    }
}

/// `500ms`, `2s`, `1m`.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit.trim_start() {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        _ => None,
    }
}
