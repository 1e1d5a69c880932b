//! A group: its name and its members.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::{Difference, Judged, few, read, resource, unread};
use crate::idp::dialect::shape;
use crate::idp::directory::Group;
use crate::idp::directory::scope::Scope;
use crate::idp::engine::Engine;
use crate::idp::engine::wire::Wire;
use crate::protocol::message::member;

/// Holds a group against the directory. `people` are the keys of those who are linked, by id.
pub(super) async fn judge<W: Wire>(
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
    let values: Vec<&str> = members
        .iter()
        .flat_map(|members| members.as_array())
        .flatten()
        .filter_map(|one| match one {
            Value::Object(one) => member(one, "value")?.as_str(),
            Value::String(id) => Some(id.as_str()),
            _ => None,
        })
        .collect();
    let ids: HashSet<&str> = values.iter().copied().collect();
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
    if values.len() > ids.len() {
        let got = format!("{} entries for {has}", values.len());
        let difference = Difference::between("has members more than once", "each member once", got);
        judged.differences.push(difference);
    }
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
