//! Is the target what the directory says? Person by person and attribute by attribute, group by group and member by member.
//!
//! The target is read with plain requests, not in the words of the dialect: this is the judge. Where there are many
//! people they are read in pages, and only those who are not found there, or differ, are asked for by their id: what a list
//! leaves out is not held against anybody. `attribute` compares one attribute of an account, `group` a group.

use std::collections::{HashMap, HashSet};

use futures_util::StreamExt;
use serde_json::{Map, Value};

use super::dialect::shape;
use super::directory::scope::Scope;
use super::engine::Engine;
use super::engine::expect::Expected;
use super::engine::state::Why;
use super::engine::wire::Wire;
use super::mapping::Profile;
use crate::encoding::Encoding;
use crate::exchange::{Exchange, Request};
use crate::protocol::message::member;
use crate::protocol::value;

mod attribute;
mod group;

/// From so many people on they are read in pages.
const PAGES_FROM: usize = 50;
/// A page.
const PAGE: u64 = 100;
/// A target that holds more than this many times the people of the directory is not read as a whole.
const CROWD: u64 = 4;
/// How often something is read before it counts as unreadable.
const ATTEMPTS: usize = 3;
/// Reads at the same time.
const AT_ONCE: usize = 4;

/// One difference between the target and the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// One sentence.
    pub what: String,
    /// What should be there.
    pub expected: Option<String>,
    /// What is there.
    pub got: Option<String>,
    /// Who it is about, where it is about several.
    pub names: Option<String>,
}

impl Difference {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), expected: None, got: None, names: None }
    }

    fn between(what: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { what: what.into(), expected: Some(expected.into()), got: Some(got.into()), names: None }
    }
}

/// What was found out about one person or group.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The key in the directory.
    pub key: String,
    /// Whether it is a group.
    pub is_group: bool,
    /// userName or displayName.
    pub name: String,
    /// What differs; nothing where the target is as it should be.
    pub differences: Vec<Difference>,
    /// Why nothing is expected of the target.
    pub skipped: Option<String>,
    /// It could not be found out.
    pub unclear: Option<String>,
    /// The exchange that shows it.
    pub exchange: Option<Exchange>,
}

impl Judged {
    fn person(key: &str, name: &str) -> Self {
        Self {
            key: key.to_owned(),
            is_group: false,
            name: name.to_owned(),
            differences: Vec::new(),
            skipped: None,
            unclear: None,
            exchange: None,
        }
    }
}

/// How many items a comparison will judge.
pub fn count(engine: &Engine, scope: &Scope<'_>) -> usize {
    let groups = if engine.pushes_groups() { scope.assigned_groups().count() } else { 0 };
    scope.directory().people.len() + strangers(engine, scope).len() + groups
}

/// Holds the target against the directory and tells what it finds, one object at a time.
pub async fn compare<W: Wire>(engine: &Engine, scope: &Scope<'_>, wire: &W, mut tell: impl FnMut(Judged)) {
    let accounts = shared(engine.state().people.iter().map(|(key, link)| (link.id.as_str(), key.as_str())));
    let mut wanted: Vec<Wanted> = Vec::new();
    for (person, _) in scope.people() {
        let name = person.user_name();
        let expected = engine.expected(scope, person);
        match &expected {
            Expected::Nothing { reason } => {
                tell(Judged { skipped: Some(reason.clone()), ..Judged::person(&person.key, name) });
            }
            Expected::Missing { reason } => {
                let why = reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
                let mut judged = Judged::person(&person.key, name);
                judged.differences.push(Difference::new(format!("was not provisioned{why}")));
                tell(judged);
            }
            _ => wanted.push(Wanted::new(&person.key, name, expected, &accounts)),
        }
    }
    for key in strangers(engine, scope) {
        let expected = engine.expected_of_left(&key, Why::Deleted);
        wanted.push(Wanted::new(&key, &key, expected, &accounts));
    }
    let mut found = Found::default();
    if wanted.len() >= PAGES_FROM {
        found = pages(&wanted, wire).await;
    }
    let (right, rest): (Vec<Wanted>, Vec<Wanted>) =
        wanted.into_iter().partition(|one| one.others.is_empty() && found.right.contains(&one.key));
    for wanted in right {
        tell(Judged::person(&wanted.key, &wanted.name));
    }
    let asked = rest.into_iter().map(|wanted| ask(wanted, found.is_whole, &found.others, wire));
    let mut asked = futures_util::stream::iter(asked).buffered(AT_ONCE);
    while let Some(judged) = asked.next().await {
        tell(judged);
    }
    if engine.pushes_groups() {
        let people: HashMap<&str, &str> =
            engine.state().people.iter().map(|(key, link)| (link.id.as_str(), key.as_str())).collect();
        let links = engine.state().groups.iter();
        let groups = shared(links.map(|(key, link)| (link.id.as_str(), key.as_str())));
        for group in scope.assigned_groups() {
            let mut judged = group::judge(engine, scope, group, &people, wire).await;
            let id = engine.state().groups.get(&group.key).map_or("", |link| link.id.as_str());
            if let Some(keys) = groups.get(id).filter(|_| judged.unclear.is_none()) {
                let others: Vec<&str> = keys.iter().copied().filter(|key| *key != group.key).collect();
                judged.differences = vec![shares("group", id, &others)];
            }
            tell(judged);
        }
    }
}

/// A person of whom something is expected.
struct Wanted {
    key: String,
    name: String,
    expected: Expected,
    /// Keys of others that are linked to the same account.
    others: Vec<String>,
}

/// By id: the keys of those that are linked to it, where that is more than one.
fn shared<'l>(links: impl Iterator<Item = (&'l str, &'l str)>) -> HashMap<&'l str, Vec<&'l str>> {
    let mut keys: HashMap<&str, Vec<&str>> = HashMap::new();
    for (id, key) in links {
        keys.entry(id).or_default().push(key);
    }
    keys.retain(|_, keys| keys.len() > 1);
    keys
}

/// That several are linked to the same: whatever else differs follows from it.
fn shares(what: &str, id: &str, others: &[&str]) -> Difference {
    let difference = Difference::between(
        format!("is the same {what} as another"),
        format!("{what} of its own"),
        format!("the {what} `{id}` that {} is linked to", few(others)),
    );
    Difference { names: Some(few(others)), ..difference }
}

/// Keys of people who are linked, or were deleted, and are no longer in the directory.
fn strangers(engine: &Engine, scope: &Scope<'_>) -> Vec<String> {
    let linked = engine.state().people.keys().map(String::as_str);
    let mut keys: Vec<String> = linked
        .chain(engine.deleted().map(|(key, _)| key))
        .filter(|key| scope.person(key).is_none())
        .map(str::to_owned)
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

/// What the pages of all users told.
#[derive(Default)]
struct Found {
    /// Keys of those who are as they should be.
    right: HashSet<String>,
    /// By key: ids of further accounts with the same userName.
    others: HashMap<String, Vec<String>>,
    /// Whether every page was read.
    is_whole: bool,
}

async fn pages<W: Wire>(wanted: &[Wanted], wire: &W) -> Found {
    let mut by_id = HashMap::new();
    let mut by_name = HashMap::new();
    for one in wanted {
        if let Some(id) = one.id() {
            by_id.insert(id, one);
        }
        if let Some(name) = one.account().and_then(|profile| profile.text("userName")) {
            by_name.insert(value::fold(name), one);
        }
    }
    let mut found = Found::default();
    let mut start = 1;
    let mut seen = HashSet::new();
    loop {
        let exchange = read(wire, format!("/Users?startIndex={start}&count={PAGE}")).await;
        let Some(body) = resource(&exchange) else { return found };
        let total = member(&body, "totalResults").and_then(Value::as_u64).unwrap_or(0);
        let resources = member(&body, "Resources").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if total > CROWD * wanted.len() as u64 + PAGE {
            return Found::default();
        }
        for resource in resources.iter().filter_map(Value::as_object) {
            let Some(id) = member(resource, "id").and_then(Value::as_str) else { continue };
            if !seen.insert(id.to_owned()) {
                continue;
            }
            match by_id.get(id) {
                Some(one) if one.differences(Some(resource)).is_empty() => {
                    found.right.insert(one.key.clone());
                }
                Some(_) => {}
                None => {
                    let name = member(resource, "userName").and_then(Value::as_str).map(value::fold);
                    if let Some(one) = name.and_then(|name| by_name.get(&name)) {
                        found.others.entry(one.key.clone()).or_default().push(id.to_owned());
                    }
                }
            }
        }
        start += resources.len() as u64;
        if resources.is_empty() || start > total {
            found.is_whole = start > total;
            found.right.retain(|key| !found.others.contains_key(key));
            return found;
        }
    }
}

impl Wanted {
    fn new(key: &str, name: &str, expected: Expected, accounts: &HashMap<&str, Vec<&str>>) -> Self {
        let mut wanted = Self { key: key.to_owned(), name: name.to_owned(), expected, others: Vec::new() };
        let keys = wanted.id().and_then(|id| accounts.get(id)).map_or(&[][..], Vec::as_slice);
        wanted.others = keys.iter().filter(|other| **other != key).map(|other| (*other).to_owned()).collect();
        wanted
    }

    fn id(&self) -> Option<&str> {
        match &self.expected {
            Expected::Account { id, .. } | Expected::Inactive { id, .. } | Expected::Gone { id } => Some(id),
            Expected::Missing { .. } | Expected::Nothing { .. } => None,
        }
    }

    fn account(&self) -> Option<&Profile> {
        match &self.expected {
            Expected::Account { profile, .. } => Some(profile),
            _ => None,
        }
    }

    /// What differs between what is expected and the account, or its absence.
    fn differences(&self, found: Option<&Map<String, Value>>) -> Vec<Difference> {
        let active = |resource: &Map<String, Value>| member(resource, "active").cloned();
        match (&self.expected, found) {
            (Expected::Account { .. }, None) => vec![Difference::new("is not at the target any more")],
            (Expected::Account { profile, .. }, Some(resource)) => {
                // A password is never shown (RFC 7643 §4.1.1), neither by the target nor here.
                let mapped = profile.values.iter().filter(|(place, _)| !place.is("password"));
                mapped.filter_map(|(place, wanted)| attribute::difference(place, wanted, resource)).collect()
            }
            (Expected::Inactive { why, .. }, Some(resource)) => match active(resource) {
                Some(Value::Bool(false)) => Vec::new(),
                shown => {
                    let got =
                        shown.map_or("no `active` at all".to_owned(), |shown| format!("active: {shown}"));
                    vec![Difference::between(
                        format!("{} and can still log in", left(*why)),
                        "active: false",
                        got,
                    )]
                }
            },
            // Set inactive, and no longer shown at all: nobody can log in, but nobody can come back either.
            (Expected::Inactive { .. }, None) => {
                vec![Difference::between(
                    "was set inactive and cannot be read any more",
                    "active: false",
                    "no account",
                )]
            }
            (Expected::Gone { .. }, None) => Vec::new(),
            (Expected::Gone { id }, Some(_)) => {
                vec![Difference::between(
                    "was deleted and is still there",
                    "no account",
                    format!("the account `{id}`"),
                )]
            }
            (Expected::Missing { .. } | Expected::Nothing { .. }, _) => Vec::new(),
        }
    }
}

fn left(why: Why) -> &'static str {
    match why {
        Why::Unassigned => "is no longer assigned",
        Why::Suspended => "is disabled in the directory",
        Why::Deleted => "was deleted from the directory",
    }
}

/// Asks for one account by its id, and whether there is a second one of the same name.
async fn ask<W: Wire>(
    wanted: Wanted,
    has_list: bool,
    others: &HashMap<String, Vec<String>>,
    wire: &W,
) -> Judged {
    let mut judged = Judged::person(&wanted.key, &wanted.name);
    let Some(id) = wanted.id() else { return judged };
    let exchange = read(wire, shape::user(id)).await;
    let status = exchange.response().map(|response| response.status);
    match (status, resource(&exchange)) {
        (Some(200), Some(resource)) => judged.differences = wanted.differences(Some(&resource)),
        (Some(404 | 410), _) => judged.differences = wanted.differences(None),
        _ => judged.unclear = Some(unread(&exchange)),
    }
    judged.exchange = Some(exchange);
    if !wanted.others.is_empty() && judged.unclear.is_none() {
        let others: Vec<&str> = wanted.others.iter().map(String::as_str).collect();
        judged.differences = vec![shares("account", id, &others)];
        return judged;
    }
    let mut others = others.get(&wanted.key).cloned().unwrap_or_default();
    if let Some(name) = wanted.account().and_then(|profile| profile.text("userName")).filter(|_| !has_list) {
        let query = shape::found_by("/Users", "userName", name, Encoding::Percent);
        let exchange = read(wire, query).await;
        let body = resource(&exchange).unwrap_or_default();
        let resources = member(&body, "Resources").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let same = resources.iter().filter_map(Value::as_object).filter(|resource| {
            // A target that does not understand filters answers with everybody.
            let found = member(resource, "userName").and_then(Value::as_str);
            found.is_some_and(|found| value::fold(found) == value::fold(name))
        });
        let ids = same.filter_map(|resource| member(resource, "id")?.as_str()).map(str::to_owned);
        others.extend(ids.filter(|found| found != id));
        if !others.is_empty() && judged.differences.is_empty() {
            judged.exchange = Some(exchange);
        }
    }
    if !others.is_empty() {
        let ids: Vec<String> = std::iter::once(id.to_owned()).chain(others).collect();
        let got = format!("{} accounts: {}", ids.len(), ids.join(", "));
        judged.differences.push(Difference::between("is at the target more than once", "one account", got));
    }
    judged
}

/// The first of many.
fn few(keys: &[&str]) -> String {
    const SHOWN: usize = 5;
    let shown = keys.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match keys.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}

/// Reads with a plain request; what gets no answer, or one that is only for now, is read again.
async fn read<W: Wire>(wire: &W, target: String) -> Exchange {
    let mut exchange = wire.send(Request::new("GET", target.clone())).await;
    for _ in 1..ATTEMPTS {
        match exchange.response().map(|response| response.status) {
            None | Some(429 | 500..) => exchange = wire.send(Request::new("GET", target.clone())).await,
            Some(_) => break,
        }
    }
    exchange
}

fn resource(exchange: &Exchange) -> Option<Map<String, Value>> {
    match exchange.response()?.json() {
        Ok(Value::Object(body)) => Some(body),
        _ => None,
    }
}

fn unread(exchange: &Exchange) -> String {
    let path = exchange.request.target.split('?').next().unwrap_or_default();
    match &exchange.outcome {
        Ok(response) => format!("GET {path} is answered with {}", response.status),
        Err(failure) => format!("GET {path} got no answer: {failure}"),
    }
}
