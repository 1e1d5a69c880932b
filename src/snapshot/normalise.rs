//! What differs from run to run, and its placeholders.
//!
//! A first pass over the transcript, in order, finds the values that the target made up: ids, versions, timestamps,
//! cursors. What a request said before is the client's own and stays. A second pass puts placeholders in their place, in
//! requests and responses alike, so that it still shows which values are equal.

use std::collections::HashSet;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::message::{Body, Message, Shown, Step};
use super::substitute::{Place, Sort, Substitute, Substitutes};
use crate::protocol::message::member;
use crate::protocol::value::{DateTime, parse_date_time};

/// What is known about a run beforehand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The base URL of the target.
    pub base: &'a str,
    /// The run suffix; empty where there is none.
    pub run_suffix: &'a str,
}

/// Puts placeholders into a transcript. Doing it twice changes nothing more.
pub fn normalise(steps: &mut [Step], known: Known<'_>) {
    let mut found = Found::default();
    for shown in steps.iter().flat_map(|step| &step.exchanges) {
        found.hear_request(&shown.request);
        found.hear_response(shown);
    }
    let mut all = found.substitutes;
    all.extend(addresses(known.base));
    all.extend(suffixes(known.run_suffix));
    let all = Substitutes::new(all);
    for step in steps {
        step.name = all.apply(&step.name, Place::Text);
        for shown in &mut step.exchanges {
            apply(&all, &mut shown.request, Place::Target);
            apply(&all, &mut shown.response, Place::Text);
        }
    }
}

/// The run suffix with what stands before it in the names of a directory, so that they are shown as the fixture has
/// them; and alone, wherever else a scenario put it.
fn suffixes(suffix: &str) -> Vec<Substitute> {
    let with = |before: &str| Substitute {
        sort: Sort::Suffix,
        value: if suffix.is_empty() { String::new() } else { format!("{before}{suffix}") },
        placeholder: String::new(),
    };
    [".", "-", " ", "%20", "+", ""].map(with).to_vec()
}

/// The base URL and the origin in front of its path, which some targets put into realms and documentation links.
fn addresses(base: &str) -> Vec<Substitute> {
    let base = base.trim_end_matches('/');
    let url = |value: &str, placeholder: &str| Substitute {
        sort: Sort::Url,
        value: value.to_owned(),
        placeholder: placeholder.to_owned(),
    };
    let mut all = vec![url(base, "<base>")];
    if let Some(start) = base.find("://").map(|at| at + 3)
        && let Some(path) = base[start..].find('/')
    {
        all.push(url(&base[..start + path], "<origin>"));
    }
    all
}

fn apply(all: &Substitutes, message: &mut Message, start: Place<'_>) {
    message.start = match (start, message.start.split_once(' ')) {
        (Place::Target, Some((method, target))) => format!("{method} {}", all.apply(target, start)),
        _ => all.apply(&message.start, start),
    };
    for (name, value) in &mut message.headers {
        *value = all.apply(value, Place::Header(name));
    }
    match &mut message.body {
        Body::Json(value) => apply_to_json(all, value, ""),
        Body::Text(text) => *text = all.apply(text, Place::Text),
        Body::None | Body::Bytes(_) => {}
    }
}

fn apply_to_json(all: &Substitutes, value: &mut Value, name: &str) {
    match value {
        Value::String(text) => *text = all.apply(text, Place::Member(name)),
        Value::Array(elements) => elements.iter_mut().for_each(|element| apply_to_json(all, element, name)),
        Value::Object(members) => {
            let old = std::mem::take(members);
            *members = old
                .into_iter()
                .map(|(name, mut value)| {
                    apply_to_json(all, &mut value, &name);
                    (all.apply(&name, Place::Text), value)
                })
                .collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What the first pass found so far.
#[derive(Default)]
struct Found {
    /// Texts that requests said: JSON strings, path segments and query values.
    said: HashSet<String>,
    /// Instants that requests said.
    said_instants: HashSet<DateTime>,
    substitutes: Vec<Substitute>,
    counts: [usize; 3],
}

impl Found {
    fn hear_request(&mut self, request: &Message) {
        let target = request.start.split_once(' ').map_or("", |(_, target)| target);
        for part in target.split(['/', '?', '&', '=', '#']) {
            self.say(&percent_decode_str(part).decode_utf8_lossy());
        }
        if let Body::Json(body) = &request.body {
            each_text(body, &mut |text| self.say(text));
        }
    }

    /// Notes what a request says by itself; what it repeats from an answer stays the target's.
    fn say(&mut self, text: &str) {
        if self.substitutes.iter().any(|known| known.value == text) {
            return;
        }
        if let Some(instant) = parse_date_time(text) {
            self.said_instants.insert(instant);
        }
        self.said.insert(text.to_owned());
    }

    fn hear_response(&mut self, shown: &Shown) {
        let path = shown.request.start.split_once(' ').map_or("", |(_, target)| target);
        let endpoint = path.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
        let discovery = is_discovery(endpoint);
        for (name, value) in &shown.response.headers {
            match name.to_ascii_lowercase().as_str() {
                "location" | "content-location" if !discovery => self.add_location(value, endpoint),
                "etag" => self.add_version(value),
                "retry-after" if value.bytes().any(|byte| byte.is_ascii_alphabetic()) => {
                    self.add(Sort::Timestamp, value);
                }
                _ => {}
            }
        }
        if let Body::Json(body) = &shown.response.body {
            if let (false, Value::Object(body)) = (discovery, body) {
                self.add_resource_ids(body, endpoint);
            }
            self.add_named(body, "");
        }
    }

    /// The ids of the resources in an answer: itself, those of a list, those of a bulk response.
    fn add_resource_ids(&mut self, body: &Map<String, Value>, endpoint: &str) {
        if describes_schema(body) {
            return;
        }
        if let Some(id) = text(body, "id") {
            self.add(Sort::Id, id);
        }
        for resource in objects(body, "Resources") {
            if let (false, Some(id)) = (describes_schema(resource), text(resource, "id")) {
                self.add(Sort::Id, id);
            }
        }
        for operation in objects(body, "Operations") {
            if let Some(location) = text(operation, "location") {
                self.add_location(location, endpoint);
            }
            if let Some(id) =
                member(operation, "response").and_then(Value::as_object).and_then(|r| text(r, "id"))
            {
                self.add(Sort::Id, id);
            }
        }
    }

    /// The id at the end of a location: what follows an endpoint of resources.
    fn add_location(&mut self, location: &str, endpoint: &str) {
        let path = location.split(['?', '#']).next().unwrap_or_default();
        let mut segments = path.rsplit('/');
        if let (Some(id), Some(parent)) = (segments.next(), segments.next())
            && ["Users", "Groups", endpoint].iter().any(|known| known.eq_ignore_ascii_case(parent))
            && !parent.is_empty()
        {
            self.add(Sort::Id, &percent_decode_str(id).decode_utf8_lossy());
        }
    }

    /// An entity tag: the placeholder stands for what is between the quotes, so that weak and strong tags, and
    /// tags that lack their quotes, still look different.
    fn add_version(&mut self, tag: &str) {
        let opaque = tag.strip_prefix("W/").unwrap_or(tag);
        let opaque = opaque.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(opaque);
        self.add(Sort::Version, opaque);
    }

    /// Values that their name, or their form, tells: versions, cursors, timestamps.
    fn add_named(&mut self, value: &Value, name: &str) {
        match value {
            Value::Array(elements) => elements.iter().for_each(|element| self.add_named(element, name)),
            Value::Object(members) => {
                let is = |known: &str| name.eq_ignore_ascii_case(known);
                if let (true, Some(version)) = (is("meta") || is("Operations"), text(members, "version")) {
                    self.add_version(version);
                }
                members.iter().for_each(|(name, value)| self.add_named(value, name));
            }
            Value::String(text) => {
                if ["nextCursor", "previousCursor"].iter().any(|cursor| cursor.eq_ignore_ascii_case(name)) {
                    self.add(Sort::Cursor, text);
                } else if parse_date_time(text).is_some_and(|instant| !self.said_instants.contains(&instant))
                {
                    self.add(Sort::Timestamp, text);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Notes a value that the target made up, unless a request said it first.
    fn add(&mut self, sort: Sort, value: &str) {
        let known = || self.substitutes.iter().any(|known| known.sort == sort && known.value == value);
        if value.is_empty() || is_placeholder(value) || self.said.contains(value) || known() {
            return;
        }
        let placeholder = match sort {
            Sort::Id if value.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) => return,
            Sort::Id => self.numbered(0, "id"),
            Sort::Version => self.numbered(1, "version"),
            Sort::Cursor => self.numbered(2, "cursor"),
            Sort::Timestamp => "<timestamp>".to_owned(),
            Sort::Url | Sort::Suffix => return,
        };
        self.substitutes.push(Substitute { sort, value: value.to_owned(), placeholder });
    }

    fn numbered(&mut self, counter: usize, word: &str) -> String {
        self.counts[counter] += 1;
        format!("<{word}:{}>", self.counts[counter])
    }
}

/// Whether the endpoint describes the target instead of holding resources; ids are names there.
fn is_discovery(endpoint: &str) -> bool {
    ["Schemas", "ResourceTypes", "ServiceProviderConfig"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(endpoint))
}

/// The same by the schema of a resource, for discovery resources in search results.
fn describes_schema(resource: &Map<String, Value>) -> bool {
    let schemas = member(resource, "schemas").and_then(Value::as_array).into_iter().flatten();
    schemas.filter_map(Value::as_str).any(|urn| {
        urn.rsplit_once(':').is_some_and(|(start, name)| {
            start.eq_ignore_ascii_case("urn:ietf:params:scim:schemas:core:2.0")
                && ["Schema", "ResourceType", "ServiceProviderConfig"].contains(&name)
        })
    })
}

/// A value that is a placeholder already.
fn is_placeholder(text: &str) -> bool {
    text.starts_with('<') && text.ends_with('>')
}

fn text<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    member(object, name).and_then(Value::as_str)
}

fn objects<'v>(object: &'v Map<String, Value>, name: &str) -> impl Iterator<Item = &'v Map<String, Value>> {
    member(object, name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

fn each_text(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => visit(text),
        Value::Array(elements) => elements.iter().for_each(|element| each_text(element, visit)),
        Value::Object(members) => members.values().for_each(|value| each_text(value, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
