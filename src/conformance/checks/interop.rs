//! What the checks of identity providers' traffic have in common: places by the paths that identity providers write,
//! groups with members, and the look at what became of a write.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::team::{RENAMED, are_renamed, membership};
use crate::conformance::discovery::{Kind, Support};
use crate::conformance::trial::slot::{is_unassigned, slots};
use crate::conformance::trial::{Answer, Created, Slot, Trial, component, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::exchange::Request;
use crate::protocol::message::member;
use crate::protocol::schema::ENTERPRISE_USER;
use crate::protocol::value;

// --- places ---

/// The place that a path names, where the schema of the type has it.
pub(super) fn known(kind: &Kind, path: &str) -> Option<Slot> {
    slots(&kind.schema).find_map(|slot| {
        if slot.path().eq_ignore_ascii_case(path) {
            return Some(slot);
        }
        let mut subs = slot.attribute.sub_attributes.iter().map(|sub| slot.with_sub(sub));
        subs.find(|sub| sub.path().eq_ignore_ascii_case(path))
    })
}

/// The place that a path names, where the target keeps its values.
pub(super) async fn kept(t: &Trial, kind: &Kind, path: &str) -> Result<Slot, Stop> {
    let survey = t.survey(kind).await?;
    match known(kind, path) {
        None => skip(format!("{} has no `{path}`", kind.name())),
        Some(slot) if !survey.keeps(&slot) => {
            skip(format!("{} does not keep `{path}` as it is sent", kind.name()))
        }
        Some(slot) => Ok(slot),
    }
}

/// `active`, where the schema has it. Whether it is kept is what checks find out.
pub(super) fn active(kind: &Kind) -> Result<Slot, Stop> {
    known(kind, "active").ok_or_else(|| Stop::Skip(format!("{} has no `active`", kind.name())))
}

/// A place for text that identity providers fill by default, or else any for text.
pub(super) async fn mapped_text(t: &Trial, kind: &Kind) -> Result<Slot, Stop> {
    let survey = t.survey(kind).await?;
    let usual = ["displayName", "title", "name.familyName", "name.givenName"];
    match usual.iter().filter_map(|path| known(kind, path)).find(|slot| survey.keeps(slot)) {
        Some(slot) => Ok(slot),
        None => t.text(kind).await,
    }
}

/// Texts of the enterprise extension that the target keeps, at least one.
pub(super) async fn enterprise_texts(t: &Trial, kind: &Kind) -> Result<Vec<Slot>, Stop> {
    let survey = t.survey(kind).await?;
    let names = ["department", "employeeNumber", "costCenter", "organization", "division"];
    let found: Vec<Slot> = names
        .iter()
        .filter_map(|name| known(kind, &enterprise(name)))
        .filter(|slot| survey.keeps(slot))
        .collect();
    match found.is_empty() {
        false => Ok(found),
        true => skip("the target keeps no text of the enterprise extension"),
    }
}

/// The path of an attribute of the enterprise extension.
pub(super) fn enterprise(name: &str) -> String {
    format!("{ENTERPRISE_USER}:{name}")
}

// --- requests ---

/// A filter in a URL as a form writes it: spaces as `+`, quotes and the rest percent-encoded.
pub(super) fn plus(filter: &str) -> String {
    component(filter).replace("%20", "+")
}

/// A request with a JSON body of that content type.
pub(super) fn with_type(method: &str, target: &str, content_type: &str, body: &Value) -> Request {
    let mut request = Request::new(method, target);
    request.headers.append("Content-Type", content_type);
    request.with_json(body)
}

/// A PATCH body with these operations.
pub(super) fn patch_body(operations: Value) -> Value {
    json!({ "schemas": [crate::protocol::message::PATCH_OP], "Operations": operations })
}

/// Sends operations, which have to succeed, and reads the resource as it is then.
pub(super) async fn patched(
    t: &Trial,
    resource: &Created,
    operations: Value,
) -> Result<(Answer, Value), Stop> {
    let answer = t.patch(&resource.path, operations).await?;
    answer.expect_success()?;
    let after = t.read(resource).await?;
    Ok((answer, after))
}

/// Replaces a resource, which has to succeed, and reads it as it is then.
pub(super) async fn put(t: &Trial, resource: &Created, body: &Value) -> Result<(Answer, Value), Stop> {
    let answer = t.put(&resource.path, body).await?;
    answer.expect_success()?;
    let after = t.read(resource).await?;
    Ok((answer, after))
}

/// Posts a user, which has to succeed, and reads it.
pub(super) async fn posted(t: &Trial, kind: &Kind, body: &Value) -> Result<(Answer, Created, Value), Stop> {
    let answer = t.post(kind.endpoint(), body).await?;
    answer.expect_success()?;
    let created = t.created_by(kind, &answer)?;
    let stored = t.read(&created).await?;
    Ok((answer, created, stored))
}

// --- judging ---

/// Fails unless the resource has that value at that place after a write.
pub(super) fn expect(answer: &Answer, after: &Value, slot: &Slot, wanted: &Value) -> Verdict {
    let found = slot.get(after);
    if found.is_some_and(|found| value::equal(slot.leaf(), found, wanted)) {
        return Ok(());
    }
    let what =
        format!("{} is answered with success, but `{}` is not what was sent", answer.asked, slot.path());
    Err(answer.flaw(what).expected(wanted.to_string()).got(seen(found)).into())
}

/// Fails where there is a value at that place after a write.
pub(super) fn expect_unassigned(answer: &Answer, after: &Value, slot: &Slot) -> Verdict {
    match slot.get(after) {
        None => Ok(()),
        found => {
            let what =
                format!("{} is answered with success, but `{}` still has a value", answer.asked, slot.path());
            Err(answer.flaw(what).expected("no value").got(seen(found)).into())
        }
    }
}

/// Fails where a place that nobody asked to change is not what it was.
pub(super) fn expect_same(answer: &Answer, before: &Value, after: &Value, slot: &Slot) -> Verdict {
    let (old, new) = (slot.get(before), slot.get(after));
    let same = match (old, new) {
        (Some(old), Some(new)) => old == new || value::equal(slot.leaf(), old, new),
        (old, new) => old.is_none() && new.is_none(),
    };
    if same {
        return Ok(());
    }
    let what = format!("{} changes `{}`, which it does not name", answer.asked, slot.path());
    Err(answer.flaw(what).expected(seen(old)).got(seen(new)).into())
}

/// Fails where a resource has a member whose name is a path: the key was stored as it was written.
pub(super) fn expect_no_flat_key(answer: &Answer, after: &Value, key: &str) -> Verdict {
    if after.as_object().is_none_or(|object| !object.contains_key(key)) {
        return Ok(());
    }
    let what = format!("{} stores an attribute of the name `{key}`", answer.asked);
    Err(answer
        .flaw(what)
        .expected("the attribute that the key names is set")
        .got(format!("\"{key}\""))
        .into())
}

/// Fails where a request that a target need not take makes it fail: 5xx other than 501.
pub(super) fn expect_no_crash(answer: &Answer) -> Verdict {
    if answer.status < 500 || answer.status == 501 {
        return Ok(());
    }
    let what = format!("{} makes the target fail: it answers {}", answer.asked, answer.said());
    Err(answer.flaw(what).expected("success, or 4xx with a SCIM Error").got(answer.said()).into())
}

/// Fails unless a query finds exactly this resource.
pub(super) fn expect_only(answer: &Answer, id: &str) -> Verdict {
    let list = answer.list()?;
    if list.ids() == [id] && list.total.is_none_or(|total| total == 1) {
        return Ok(());
    }
    let got = format!("totalResults {}, {} resources", number(list.total), list.resources.len());
    let what = format!("{} does not find exactly the resource that it asks for", answer.asked);
    Err(answer.flaw(what).expected(format!("the one resource with id {id}")).got(got).into())
}

/// Whether a plain look-up finds just this resource, for checks of what goes beyond that.
pub(super) async fn is_found(
    t: &Trial,
    kind: &Kind,
    (attribute, value): (&str, &str),
    id: &str,
) -> Result<bool, Stop> {
    let filter = component(&format!("{attribute} eq {}", json!(value)));
    let answer = t.get(&format!("{}?filter={filter}", kind.endpoint())).await?;
    Ok(expect_only(&answer, id).is_ok())
}

/// Hands on what is wrong with a look-up, unless a plain one by userName is wrong as well, which other checks say.
pub(super) async fn unless_lost(t: &Trial, kind: &Kind, user: &Value, verdict: Verdict) -> Verdict {
    let Err(Stop::Problem(_)) = &verdict else { return verdict };
    let (Some(name), Some(id)) = (user["userName"].as_str(), user["id"].as_str()) else { return verdict };
    if is_found(t, kind, ("userName", name), id).await? {
        return verdict;
    }
    let judge = match t.discovery().supports("filter", "supported") {
        Support::No(_) => "filter.not-supported",
        _ => "interop.okta-lookup",
    };
    Err(Stop::Blocked(format!("nobody is found by `userName eq` (check `{judge}`)")))
}

/// Fails unless a query finds nothing and says so with an empty list.
pub(super) fn expect_nothing(answer: &Answer) -> Verdict {
    if answer.status == 404 {
        let what = format!("{} answers 404 where nothing matches", answer.asked);
        return Err(answer.flaw(what).expected("200 with totalResults 0").got(answer.said()).into());
    }
    let list = answer.list()?;
    if list.resources.is_empty() && list.total.is_none_or(|total| total == 0) {
        return Ok(());
    }
    let got = format!("totalResults {}, {} resources", number(list.total), list.resources.len());
    let what = format!("{} finds something, and nothing matches", answer.asked);
    Err(answer.flaw(what).expected("an empty list").got(got).into())
}

/// Fails where a query that may be refused finds anything but these resources.
pub(super) fn expect_at_most(answer: &Answer, allowed: &[&str]) -> Verdict {
    expect_no_crash(answer)?;
    if !answer.is_success() {
        return Ok(());
    }
    let list = answer.list()?;
    if list.ids().iter().all(|id| allowed.contains(id)) && list.resources.len() <= allowed.len() {
        return Ok(());
    }
    let what = format!("{} finds resources that it does not ask for", answer.asked);
    let got = format!("totalResults {}, {} resources", number(list.total), list.resources.len());
    Err(answer.flaw(what).expected("the match, nothing, or 400 invalidFilter").got(got).into())
}

/// A value for a message.
pub(super) fn seen(value: Option<&Value>) -> String {
    value.map_or_else(|| "no value".to_owned(), |value| shortened(&value.to_string()))
}

fn number(value: Option<u64>) -> String {
    value.map_or_else(|| "absent".to_owned(), |value| value.to_string())
}

/// The text of a member of a resource that a check needs.
pub(super) fn text_of<'v>(resource: &'v Value, name: &str) -> Result<&'v str, Stop> {
    resource
        .as_object()
        .and_then(|object| member(object, name))
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Stop::Skip(format!("the target returns no `{name}`")))
}

/// Fails unless a page of 100 holds as many resources as there are, up to 100.
/// Tells how many it holds.
pub(super) async fn first_full_page(t: &Trial, kind: &Kind) -> Result<usize, Stop> {
    let mut verdict = Ok(0);
    // Others create and delete between the count and the page; a page that is too short is so each time.
    for _ in 0..3 {
        verdict = expect_full(&t.get(&format!("{}?startIndex=1&count=100", kind.endpoint())).await?);
        if verdict.is_ok() {
            break;
        }
    }
    verdict
}

fn expect_full(answer: &Answer) -> Result<usize, Stop> {
    let list = answer.list()?;
    let there = list.total.unwrap_or(0).min(100);
    if list.resources.len() as u64 >= there {
        return Ok(list.resources.len());
    }
    Err(answer
        .flaw(format!("{} returns fewer resources than there are and were asked for", answer.asked))
        .expected(format!("{there} resources"))
        .got(format!("{} resources", list.resources.len()))
        .into())
}

// --- managers and roles ---

/// A user whose manager is another user.
pub(super) struct Report {
    pub(super) user: Created,
    pub(super) boss: Created,
    /// The place of the id of the manager.
    pub(super) manager: Slot,
}

/// Creates a user with a manager.
pub(super) async fn report(t: &Trial) -> Result<Report, Stop> {
    let users = t.users()?;
    let Some(manager) = known(&users, &format!("{}.value", enterprise("manager"))) else {
        return skip("the enterprise extension of the target has no `manager.value`");
    };
    let boss = t.create(&users).await?;
    let mut body = t.body(&users).await?;
    manager.set(&mut body, json!(boss.id));
    let user = t.create_from(&users, &body).await?;
    match manager.get(&t.read(&user).await?) {
        Some(Value::String(id)) if *id == boss.id => Ok(Report { user, boss, manager }),
        _ => skip("the target does not keep `manager` as it is sent"),
    }
}

/// The name of the attribute for roles and whether its elements keep `primary`: only where the target keeps a role.
pub(super) async fn role(t: &Trial) -> Result<bool, Stop> {
    let users = t.users()?;
    if known(&users, "roles.value").is_none() {
        return skip("User has no `roles`");
    }
    let mut body = t.body(&users).await?;
    let name = t.ground().fresh_name();
    let mut wanted = json!({ "value": name });
    let has_primary = known(&users, "roles.primary").is_some();
    if has_primary {
        wanted["primary"] = json!(true);
    }
    body["roles"] = json!([wanted]);
    let answer = t.post(users.endpoint(), &body).await?;
    if !answer.is_success() {
        return skip("the target does not take an unknown role");
    }
    let user = t.created_by(&users, &answer)?;
    let stored = t.read(&user).await?;
    match elements(&stored, "roles").first() {
        Some(role) if role["value"] == name.as_str() => Ok(role["primary"] == true),
        _ => skip("the target does not keep `roles`"),
    }
}

/// The elements of a multi-valued attribute.
pub(super) fn elements<'v>(resource: &'v Value, name: &str) -> &'v [Value] {
    let list = resource.as_object().and_then(|object| member(object, name)).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

// --- groups ---

/// A group, its members, and users who are none.
pub(super) struct Team {
    pub(super) group: Created,
    pub(super) inside: Vec<Created>,
    pub(super) outside: Vec<Created>,
}

/// Creates users, and a group of some of them.
pub(super) async fn team(t: &Trial, inside: usize, outside: usize) -> Result<Team, Stop> {
    let (users, groups) = (t.users()?, t.groups()?);
    // Found out once, and not by all at the same time.
    t.survey(&users).await?;
    let created = join_all((0..inside + outside).map(|_| t.create(&users))).await;
    let mut members = created.into_iter().collect::<Result<Vec<_>, _>>()?;
    let strangers = members.split_off(inside);
    let mut body = t.body(&groups).await?;
    if inside > 0 {
        body["members"] = membership(t, &groups, &members.iter().collect::<Vec<_>>());
    }
    let group = t.create_from(&groups, &body).await?;
    let team = Team { group, inside: members, outside: strangers };
    if inside == 0 || team.members(t).await? == ids(&team.inside) {
        return Ok(team);
    }
    // Some take members by PATCH only.
    let members = membership(t, &groups, &team.inside.iter().collect::<Vec<_>>());
    let add = json!([{ "op": "add", "path": "members", "value": members }]);
    let answer = t.patch(&team.group.path, add).await?;
    if answer.is_success() {
        let (shown, wanted) = (team.members(t).await?, ids(&team.inside));
        if shown == wanted {
            return Ok(team);
        }
        return Err(Stop::Blocked(match are_renamed(&shown, &wanted) {
            true => RENAMED.to_owned(),
            false => "a group does not keep its members (check `groups.create-with-members`)".to_owned(),
        }));
    }
    Err(Stop::Blocked(format!(
        "no group with members can be made: {} answers {} (checks of the topic `groups`)",
        answer.asked,
        answer.said()
    )))
}

impl Team {
    /// The ids of the members as they are now, sorted.
    pub(super) async fn members(&self, t: &Trial) -> Result<Vec<String>, Stop> {
        Ok(member_ids(&t.read(&self.group).await?))
    }

    /// Sends operations to the group, which have to succeed and to leave these members.
    pub(super) async fn patch(&self, t: &Trial, operations: Value, wanted: &[&Created]) -> Verdict {
        let (answer, after) = patched(t, &self.group, operations).await?;
        expect_members(&answer, &after, wanted)
    }
}

/// The ids of the members of a group, sorted.
pub(super) fn member_ids(group: &Value) -> Vec<String> {
    let id = |element: &Value| element.get("value")?.as_str().map(str::to_owned);
    let mut found: Vec<String> = elements(group, "members").iter().filter_map(id).collect();
    found.sort();
    found
}

/// Ids of resources, sorted.
pub(super) fn ids(resources: &[Created]) -> Vec<String> {
    let mut ids: Vec<String> = resources.iter().map(|resource| resource.id.clone()).collect();
    ids.sort();
    ids
}

/// `[{"value": "…"}, …]`
pub(super) fn references(resources: &[Created]) -> Value {
    resources.iter().map(|resource| json!({ "value": resource.id })).collect()
}

/// Fails unless a group has these members and no other.
pub(super) fn expect_members(answer: &Answer, group: &Value, wanted: &[&Created]) -> Verdict {
    let found = member_ids(group);
    let mut expected: Vec<&str> = wanted.iter().map(|user| user.id.as_str()).collect();
    expected.sort_unstable();
    if found == expected {
        return Ok(());
    }
    let lost = expected.iter().filter(|id| !found.iter().any(|f| f == *id)).count();
    let extra = found.iter().filter(|id| !expected.contains(&id.as_str())).count();
    let twice = found.windows(2).filter(|pair| pair[0] == pair[1]).count();
    let mut wrong = Vec::new();
    for (count, word) in
        [(lost, "missing"), (extra, "there that should not be"), (twice, "there more than once")]
    {
        if count > 0 {
            wrong.push(format!("{count} {word}"));
        }
    }
    let what = format!(
        "after {} the members of the group are not the right ones: {}",
        answer.asked,
        wrong.join(", ")
    );
    let list = |ids: Vec<&str>| match ids.is_empty() {
        true => "no members".to_owned(),
        false => format!("{} members: {}", ids.len(), shortened(&ids.join(", "))),
    };
    let got = list(found.iter().map(String::as_str).collect());
    Err(answer.flaw(what).expected(list(expected)).got(got).into())
}

/// Fails where a place is still said to have a value, an empty text or an object of empty texts included.
pub(super) fn expect_gone(answer: &Answer, after: &Value, slot: &Slot) -> Verdict {
    fn is_blank(value: &Value) -> bool {
        is_unassigned(value) || value.as_str().is_some_and(str::is_empty)
    }
    match slot.get(after) {
        None => Ok(()),
        Some(value) => {
            let what = match is_blank(value) {
                true => {
                    format!("after {} `{}` is an empty text instead of absent", answer.asked, slot.path())
                }
                false => format!("{} does not clear `{}`", answer.asked, slot.path()),
            };
            Err(answer.flaw(what).expected("no value").got(seen(Some(value))).into())
        }
    }
}

/// Changes one text of a user by PATCH in the plainest way, and looks whether it is changed.
pub(super) async fn changes_one_text(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let user = t.create(&users).await?;
    let value = json!(t.ground().fresh_name());
    let operation = json!([{ "op": "replace", "path": slot.path(), "value": value }]);
    let (answer, after) = patched(t, &user, operation).await?;
    expect(&answer, &after, &slot, &value)
}
