//! Is the target what the directory says? Person by person and attribute by attribute, group by group and member by member.
//!
//! The target is read with plain requests, not in the words of the dialect: this is the judge. Where there are many
//! people they are read in pages, and only those who are not found there, or differ, are asked for by their id: what a list
//! leaves out is not held against anybody.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::StreamExt;
use serde_json::{Map, Value};

use super::dialect::shape;
use super::directory::Group;
use super::directory::scope::Scope;
use super::engine::Engine;
use super::engine::expect::Expected;
use super::engine::state::Why;
use super::engine::wire::Wire;
use super::mapping::{Place, Profile};
use crate::encoding::Encoding;
use crate::exchange::{Exchange, Request};
use crate::protocol::error::shortened;
use crate::protocol::message::member;
use crate::protocol::schema::Attribute;
use crate::protocol::value;

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
            let mut judged = self::group(engine, scope, group, &people, wire).await;
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
                mapped.filter_map(|(place, wanted)| attribute(place, wanted, resource)).collect()
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

async fn group<W: Wire>(
    engine: &Engine,
    scope: &Scope<'_>,
    group: &Group,
    people: &HashMap<&str, &str>,
    wire: &W,
) -> Judged {
    let mut judged = Judged { is_group: true, ..Judged::person(&group.key, &group.display_name) };
    let Some(link) = engine.state().groups.get(&group.key) else {
        let trouble = engine.state().troubles.get(&group.key);
        let why = trouble.map_or(String::new(), |trouble| format!(": {}", trouble.reason));
        judged.differences.push(Difference::new(format!("was not provisioned{why}")));
        return judged;
    };
    let expected = engine.expected_members(scope, group);
    let mut exchange = read(wire, shape::group(&link.id)).await;
    let status = exchange.response().map(|response| response.status);
    let Some(found) = resource(&exchange).filter(|_| status == Some(200)) else {
        match status {
            Some(404 | 410) => judged.differences.push(Difference::new("is not at the target any more")),
            _ => judged.unclear = Some(unread(&exchange)),
        }
        judged.exchange = Some(exchange);
        return judged;
    };
    let name = member(&found, "displayName").and_then(Value::as_str).unwrap_or_default();
    if name != group.display_name {
        judged.differences.push(Difference::between("has another displayName", &group.display_name, name));
    }
    let mut members = member(&found, "members").cloned();
    if members.is_none() && !expected.is_empty() {
        // Members that are only shown on request.
        let again = read(wire, format!("{}?attributes=members", shape::group(&link.id))).await;
        members = resource(&again).and_then(|body| member(&body, "members").cloned());
        exchange = if members.is_some() { again } else { exchange };
    }
    let ids: HashSet<&str> = members
        .iter()
        .flat_map(|members| members.as_array())
        .flatten()
        .filter_map(|one| match one {
            Value::Object(one) => member(one, "value")?.as_str(),
            Value::String(id) => Some(id.as_str()),
            _ => None,
        })
        .collect();
    let missing: Vec<&str> =
        expected.iter().filter(|one| !ids.contains(one.id.as_str())).map(|one| one.key.as_str()).collect();
    let known: BTreeMap<&str, &str> =
        expected.iter().map(|one| (one.id.as_str(), one.key.as_str())).collect();
    let (mut extra, mut strange) = (Vec::new(), Vec::new());
    for id in ids.iter().filter(|id| !known.contains_key(*id)) {
        match people.get(*id) {
            Some(key) => extra.push(*key),
            None => strange.push(*id),
        }
    }
    extra.sort_unstable();
    strange.sort_unstable();
    let has = match ids.len() {
        1 => "1 member".to_owned(),
        number => format!("{number} members"),
    };
    if !missing.is_empty() {
        let names = Some(few(&missing));
        let difference = Difference::between("members are missing", few(&missing), &has);
        judged.differences.push(Difference { names, ..difference });
    }
    if !extra.is_empty() || !strange.is_empty() {
        let wanted = format!("{} of the directory", expected.len());
        let all: Vec<&str> = extra.iter().chain(&strange).copied().collect();
        let difference =
            Difference::between("has members that it should not have", wanted, format!("also {}", few(&all)));
        // An id says nothing to anybody; it stands in the details.
        let mut names: Vec<String> = (!extra.is_empty()).then(|| few(&extra)).into_iter().collect();
        names.extend((!strange.is_empty()).then(|| format!("{} that nobody is linked to", strange.len())));
        judged.differences.push(Difference { names: Some(names.join(" and ")), ..difference });
    }
    if let Some(trouble) = engine.state().troubles.get(&group.key).filter(|_| !judged.differences.is_empty())
    {
        judged.differences.push(Difference::new(format!("the last push failed: {}", trouble.reason)));
    }
    judged.exchange = Some(exchange);
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

/// The difference in one attribute.
fn attribute(place: &Place, wanted: &Value, resource: &Map<String, Value>) -> Option<Difference> {
    let found = place.get(resource);
    let definition = place.definition();
    let is_same = found.is_some_and(|found| same(definition, wanted, found));
    (!is_same).then(|| {
        let got = found.map_or("nothing".to_owned(), shown);
        Difference::between(format!("`{place}` differs"), shown(wanted), got)
    })
}

fn same(definition: Option<&Attribute>, wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        // A reference that is mapped as an id, such as the manager, is shown as a complex value.
        (Value::String(_), Value::Object(members)) => {
            member(members, "value").is_some_and(|inner| same(None, wanted, inner))
        }
        // A target may add members such as `display` to what it was given.
        (Value::Object(wanted), Value::Object(found)) => wanted.iter().all(|(name, wanted)| {
            let sub = definition.and_then(|definition| definition.sub(name));
            value::is_unassigned(wanted) || member(found, name).is_some_and(|found| same(sub, wanted, found))
        }),
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len()
                && wanted.iter().all(|one| found.iter().any(|other| same(definition, one, other)))
        }
        (wanted, found) => match definition {
            Some(definition) => value::equal(definition, wanted, found),
            None => wanted == found,
        },
    }
}

fn shown(value: &Value) -> String {
    const LONGEST: usize = 120;
    shortened(&value.to_string(), LONGEST).into_owned()
}
