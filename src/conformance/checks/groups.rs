//! Groups and their members (RFC 7643 §4.2): creation, shape, renaming, replacement, deletion, nesting, many members.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::patch::words;
use super::patch_remove::FORBIDDEN;
use super::subject::{Subject, mistake, with};
use crate::conformance::check::{Check, Need, check};
use crate::conformance::discovery::{Kind, Support};
use crate::conformance::trial::slot::{add_schema, slots};
use crate::conformance::trial::{Answer, Created, Slot, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::{BULK_REQUEST, declares, member};
use crate::protocol::schema::{GROUP, Returned, Uniqueness, find};

pub(super) const CHECKS: &[Check] = &[
    CREATE,
    CREATE_WITH_MEMBERS,
    MEMBER_REFERENCE,
    NAMELESS,
    SAME_NAME,
    RENAME,
    REMOVE_NAME,
    METHODS,
    PUT_MEMBERS,
    NESTED,
    LARGE,
    DELETE,
];

/// How many members a group has whose size is to be noticed, where users can be created at once.
const MANY: usize = 150;
/// And how many where each user is a request.
const FEW: usize = 30;
/// How many users are created at the same time.
const AT_ONCE: usize = 10;

/// A group with members that a check changes.
pub(super) struct Team {
    /// The group.
    pub subject: Subject,
    /// Its `members`.
    pub members: Slot,
}

/// The `members` of groups.
pub(super) fn members_of(kind: &Kind) -> Result<Slot, Stop> {
    match slots(&kind.schema).find(|slot| slot.extension.is_none() && slot.attribute.name == "members") {
        Some(slot) if slot.attribute.multi_valued => Ok(slot),
        _ => skip("the Group schema of the target has no `members`"),
    }
}

/// An element of `members`.
pub(super) fn reference(slot: &Slot, to: &Created) -> Value {
    let mut element = json!({ "value": to.id });
    // Nothing more is needed, unless the schema says so.
    if slot.attribute.sub("type").is_some_and(|sub| sub.required) {
        element["type"] = json!(to.kind.name());
    }
    element
}

/// The target of a GET that shows the members of a group.
fn view(slot: &Slot, path: &str) -> String {
    match slot.attribute.returned {
        Returned::Request => format!("{path}?attributes=displayName,members"),
        _ => path.to_owned(),
    }
}

/// The ids in `members`, in order, each as often as it is there.
pub(super) fn ids(slot: &Slot, group: &Value) -> Vec<String> {
    let id = |element: &Value| Some(member(element.as_object()?, "value")?.as_str()?.to_owned());
    slot.get(group).and_then(Value::as_array).into_iter().flatten().filter_map(id).collect()
}

impl Team {
    /// A group that is created with these members.
    ///
    /// # Errors
    /// [`Stop::Blocked`] where it does not show them afterwards.
    pub async fn of(t: &Trial, members: &[&Created]) -> Result<Self, Stop> {
        let kind = t.groups()?;
        let slot = members_of(&kind)?;
        let mut body = t.body(&kind).await?;
        if !members.is_empty() {
            let elements: Vec<Value> = members.iter().map(|to| reference(&slot, to)).collect();
            slot.set(&mut body, json!(elements));
        }
        let created = t.create_from(&kind, &body).await?;
        let view = view(&slot, &created.path);
        let read = t.get(&view).await?;
        let before = read.json.clone().filter(|_| read.status == 200).unwrap_or_default();
        let team = Self { subject: Subject { kind, created, view, before }, members: slot };
        let shown: BTreeSet<String> = team.ids().into_iter().collect();
        match shown.len() == members.len() && members.iter().all(|to| shown.contains(&to.id)) {
            true => Ok(team),
            false => Err(Stop::Blocked(
                "a group does not show the members that it was created with (check `groups.create-with-members`)"
                    .to_owned(),
            )),
        }
    }

    /// The ids of its members as last seen.
    pub fn ids(&self) -> Vec<String> {
        ids(&self.members, &self.subject.before)
    }

    /// The group with these members and no others.
    pub fn with(&self, members: &[&Created]) -> Value {
        let elements: Vec<Value> = members.iter().map(|to| reference(&self.members, to)).collect();
        match elements.is_empty() {
            true => super::subject::without(&self.subject.before, &self.members),
            false => with(&self.subject.before, &self.members, json!(elements)),
        }
    }

    /// The path of one member: `members[value eq "2819"]`.
    pub fn one(&self, of: &Created) -> String {
        format!("{}[value eq {}]", self.members.path(), json!(of.id))
    }

    /// Sends operations that have to succeed, after which the group has these members and is otherwise as it was.
    pub async fn becomes(&self, t: &Trial, operations: Value, members: &[&Created]) -> Result<Value, Stop> {
        self.subject.becomes(t, operations, &self.with(members)).await
    }
}

check! {
    /// A group can be created without members. It is a Group resource: its `schemas` name the core Group schema, and
    /// `meta.resourceType` is the name of the type.
    ///
    /// Why: identity providers create the group first and fill it afterwards, and keep the id of the answer. A target that demands members never gets a
    /// group to fill.
    ///
    /// Fix: demand nothing but what the Group schema calls required, and answer 201 with the group.
    CREATE = create,
    id: "groups.create",
    title: "a group can be created without members",
    level: Must,
    requirements: ["RFC7644-3.3-01", "RFC7643-4.2-01", "RFC7644-3.3.1-02"],
    needs: [Groups],
    breaks: [Okta, Entra],
}

async fn create(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    let answer = t.post(groups.endpoint(), &t.minimal(&groups)).await?;
    answer.expect_status(&[201]).map_err(|stop| match stop {
        Stop::Problem(flaw) => Stop::Problem(Box::new(flaw.breaks(&["RFC7644-3.3-01"]))),
        other => other,
    })?;
    let created = t.created_by(&groups, &answer)?;
    let read = t.get(&created.path).await?;
    read.expect_status(&[200])?;
    let group = read.resource()?;
    if !group.as_object().is_some_and(|object| declares(object, GROUP)) {
        t.note(
            read.flaw("the `schemas` of a group do not name the Group schema")
                .expected(GROUP)
                .got(words(group.get("schemas")))
                .breaks(&["RFC7643-4.2-01"]),
        );
    }
    let kind = super::patch::member_of_meta(group, "resourceType");
    if kind != Some(&json!(groups.name())) {
        t.note(
            read.flaw("the `meta.resourceType` of a group is not the name of its resource type")
                .expected(groups.name())
                .got(words(kind))
                .breaks(&["RFC7644-3.3.1-02"]),
        );
    }
    Ok(())
}

check! {
    /// A group can be created with members; it shows each of them once, with the id as `value`.
    ///
    /// Why: Okta pushes groups with their members in one request. When the members are dropped, everybody loses the access that the group
    /// stands for; when `value` is a name, nobody can be found by it.
    ///
    /// Fix: store the members of the POST body, and return each with the id of the resource in `value`.
    CREATE_WITH_MEMBERS = create_with_members,
    id: "groups.create-with-members",
    title: "a group that is created with members has them",
    level: Must,
    requirements: ["RFC7643-4.2-04", "RFC7643-4.2-06"],
    needs: [Groups, Users],
    breaks: [Okta, Entra, JumpCloud],
}

async fn create_with_members(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    let slot = members_of(&groups)?;
    let crowd = t.crowd().await?;
    let mut body = t.body(&groups).await?;
    let wanted: Vec<&Created> = crowd.iter().take(3).collect();
    slot.set(&mut body, wanted.iter().map(|to| reference(&slot, to)).collect());
    let answer = t.post(groups.endpoint(), &body).await?;
    if !answer.is_success() {
        return Err(answer
            .flaw(format!("a group with members is refused: {}", answer.said()))
            .expected("201")
            .got(answer.said())
            .into());
    }
    let created = t.created_by(&groups, &answer)?;
    let read = t.get(&view(&slot, &created.path)).await?;
    read.expect_status(&[200])?;
    expect_members(&read, &slot, read.resource()?, &wanted)
}

/// Fails unless a group has these members, each once.
fn expect_members(answer: &Answer, slot: &Slot, group: &Value, wanted: &[&Created]) -> Verdict {
    let mut shown = ids(slot, group);
    let mut expected: Vec<String> = wanted.iter().map(|to| to.id.clone()).collect();
    shown.sort();
    expected.sort();
    if shown == expected {
        return Ok(());
    }
    let missing = expected.iter().filter(|id| !shown.contains(id)).count();
    let what = match missing {
        0 => "the group shows more members than it has".to_owned(),
        _ => format!("the group does not show {missing} of its {} members", expected.len()),
    };
    Err(answer
        .flaw(what)
        .expected(shortened(&json!(expected).to_string()))
        .got(shortened(&slot.get(group).map_or("no members".to_owned(), Value::to_string)))
        .into())
}

check! {
    /// Where a member has a `$ref`, it leads to that member.
    ///
    /// Why: clients follow the reference to read the person. One that leads nowhere, or to somebody else, ends in an error or in the wrong
    /// name in a list of members.
    ///
    /// Fix: build `$ref` from the base URL, the endpoint and the id, as in `meta.location`. Return it, where the schema has it.
    MEMBER_REFERENCE = member_reference,
    id: "groups.member-reference",
    title: "the $ref of a member leads to the member",
    level: Must,
    requirements: ["RFC7643-4.2-07", "RFC7643-2.3.7-05", "RFC7643-2.3.7-06"],
    needs: [Groups, Users],
    breaks: [],
}

async fn member_reference(t: &Trial) -> Verdict {
    let crowd = t.crowd().await?;
    let team = Team::of(t, &[&crowd[0], &crowd[1]]).await?;
    let read = t.get(&team.subject.view).await?;
    let elements = team.members.get(read.resource()?).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut seen = false;
    for element in &elements {
        let Some(reference) = element.get("$ref").and_then(Value::as_str) else { continue };
        seen = true;
        let id = element["value"].as_str().unwrap_or_default();
        t.soft(expect_reference(t, &read, reference, id).await)?;
    }
    let published = team.members.attribute.sub("$ref");
    let is_published = team.subject.kind.is_published
        && published.is_some_and(|sub| matches!(sub.returned, Returned::Default | Returned::Always));
    match (seen, is_published) {
        (true, _) => Ok(()),
        (false, false) => skip("members have no `$ref`"),
        (false, true) => Err(read
            .flaw("members have no `$ref`, although the Group schema of the target says that it is returned")
            .expected("`$ref` with the URI of the member")
            .got(elements.first().map_or("no member".to_owned(), Value::to_string))
            .breaks(&["RFC7643-4.2-07"])
            .concern()
            .into()),
    }
}

/// Fails unless a reference leads to the resource with that id. One that leads away from the target is not followed.
pub(super) async fn expect_reference(t: &Trial, seen: &Answer, reference: &str, id: &str) -> Verdict {
    let base = t.ground().target().base();
    let target = match (reference.strip_prefix(base), reference.contains("://")) {
        (Some(rest), _) => format!("/{}", rest.trim_start_matches('/')),
        (None, true) => {
            // Behind a proxy the target may not know its own name: the end of the path tells which resource it is.
            let is_same = reference.trim_end_matches('/').rsplit('/').next().is_some_and(|last| last == id);
            return match is_same {
                true => Ok(()),
                false => Err(seen
                    .flaw(format!("the reference `{reference}` does not end with the id of the resource"))
                    .expected(format!("{base}/…/{id}"))
                    .got(reference)
                    .into()),
            };
        }
        (None, false) => {
            // Relative to the base URL, as the RFC says; some write the path from the root of the host.
            let path = base.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
            let rest = path.and_then(|path| reference.strip_prefix(path)).unwrap_or(reference);
            let rest = rest.trim_start_matches("../").trim_start_matches('/');
            format!("/{rest}")
        }
    };
    let answer = t.get(&target).await?;
    let found = answer.text("id").map(str::to_owned);
    if answer.status == 200 && found.as_deref() == Some(id) {
        return Ok(());
    }
    Err(answer
        .flaw(format!("the reference `{reference}` does not lead to the resource {id}"))
        .expected(format!("200 with the id {id}"))
        .got(match found {
            Some(other) if answer.status == 200 => format!("200 with the id {other}"),
            _ => answer.said(),
        })
        .into())
}

check! {
    /// A group has a displayName; one without is refused with 400.
    ///
    /// Why: the name is all that people see of a group, and what identity providers match it by. A nameless group is found by nobody and
    /// created again and again.
    ///
    /// Fix: refuse a POST without displayName with 400 invalidValue, and mark the attribute as required in the schema.
    NAMELESS = nameless,
    id: "groups.needs-name",
    title: "a group without displayName is refused",
    level: Must,
    requirements: ["RFC7643-4.2-02"],
    needs: [Groups],
    breaks: [],
}

async fn nameless(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    let mut body = t.minimal(&groups);
    if let Some(object) = body.as_object_mut() {
        object.shift_remove("displayName");
    }
    let answer = t.post(groups.endpoint(), &body).await?;
    if answer.is_success() {
        let flaw = answer.flaw("a group without displayName is created").expected("400").got(answer.said());
        // The schema in the RFC itself said so until an erratum corrected it.
        let is_required =
            find(&groups.schema.core.attributes, "displayName").is_some_and(|attribute| attribute.required);
        return Err(if is_required || !groups.is_published { flaw } else { flaw.concern() }.into());
    }
    if answer.status != 400 {
        let flaw = answer.flaw("a group without displayName is refused with another status than 400");
        let flaw = flaw.expected("400").got(answer.said());
        t.note(if answer.status >= 500 { flaw } else { flaw.concern() });
    }
    Ok(())
}

check! {
    /// Whether two groups may have the same name is what the schema says: with a uniqueness of server or global the second one is refused
    /// with 409, with none it is created.
    ///
    /// Why: no rule makes names of groups unique, but Entra ID matches groups by them. Clients can only rely on what the schema says.
    ///
    /// Fix: publish `"uniqueness": "server"` for displayName where a second group of that name is refused.
    SAME_NAME = same_name,
    id: "groups.same-name",
    title: "groups of the same name are taken or refused as the schema says",
    level: May,
    requirements: ["RFC7643-4.2-03"],
    needs: [Groups],
    breaks: [],
}

async fn same_name(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    let body = t.body(&groups).await?;
    t.create_from(&groups, &body).await?;
    let answer = t.post(groups.endpoint(), &body).await?;
    let attribute = find(&groups.schema.core.attributes, "displayName");
    let is_unique = attribute.is_some_and(|attribute| attribute.uniqueness != Uniqueness::None);
    match (answer.is_success(), is_unique) {
        (true, true) => Err(answer
            .flaw("the schema says that displayName is unique, and yet a second group of the same name is created")
            .expected("409 uniqueness")
            .got(answer.said())
            .into()),
        (false, _) if answer.status >= 500 => Err(answer
            .flaw("a second group of the same name ends in an internal error")
            .expected(if is_unique { "409 uniqueness" } else { "201" })
            .got(answer.said())
            .into()),
        // That a schema says too little is told where schemas are judged, and Entra ID wants the refusal.
        _ => Ok(()),
    }
}

check! {
    /// A group that is renamed by PATCH, with a path or without, keeps its id and its members.
    ///
    /// Why: renaming is the most harmless change that there is, until it empties the group: everybody loses access at once. A new id
    /// makes the identity provider create the group a second time.
    ///
    /// Fix: apply the operation to displayName, and leave `members` alone when the request does not name it.
    RENAME = rename,
    id: "groups.rename",
    title: "a renamed group keeps its id and its members",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-03", "RFC7644-3.5.2.3-02", "RFC7643-3.1-08"],
    needs: [Patch, Groups, Users],
    breaks: [Okta, Entra, OneLogin],
}

async fn rename(t: &Trial) -> Verdict {
    let crowd = t.crowd().await?;
    let mut team = Team::of(t, &[&crowd[0], &crowd[1]]).await?;
    let name = |t: &Trial| t.ground().fresh_name();
    let (first, second) = (name(t), name(t));
    let steps = [
        (json!([{ "op": "replace", "path": "displayName", "value": first }]), first),
        (json!([{ "op": "replace", "value": { "displayName": second } }]), second),
    ];
    for (operations, name) in steps {
        let mut expected = team.subject.before.clone();
        expected["displayName"] = json!(name);
        let after = team.subject.becomes(t, operations, &expected).await;
        team.subject.before = match t.soft(after)? {
            Some(after) => after,
            None => t.get(&team.subject.view).await?.json.unwrap_or_default(),
        };
    }
    Ok(())
}

check! {
    /// The displayName of a group cannot be removed: 400 mutability, because a group must have one.
    ///
    /// Why: a nameless group is found by nobody.
    ///
    /// Fix: check after each operation that required attributes have a value.
    REMOVE_NAME = remove_name,
    id: "groups.keeps-name",
    title: "the displayName of a group cannot be removed",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-10", "RFC7643-4.2-02"],
    needs: [Patch, Groups],
    breaks: [],
}

async fn remove_name(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    if groups.is_published
        && !find(&groups.schema.core.attributes, "displayName").is_some_and(|attribute| attribute.required)
    {
        return skip("the Group schema of the target does not call displayName required");
    }
    let subject = Subject::of(t, &groups, &t.body(&groups).await?).await?;
    let operations = json!([{ "op": "remove", "path": "displayName" }]);
    subject.refuses(t, &FORBIDDEN, [mistake(operations)]).await.map(drop)
}

check! {
    /// The endpoint of groups takes GET, POST, PUT and DELETE, and PATCH where that is offered.
    ///
    /// Why: each identity provider has its own favourite: Okta and JumpCloud replace groups by PUT, Entra ID only patches, and all of them delete.
    ///
    /// Fix: implement the missing method for /Groups as it is for /Users.
    METHODS = methods,
    id: "groups.methods",
    title: "groups can be read, listed, replaced, patched and deleted",
    level: Must,
    requirements: ["RFC7644-3.2-07"],
    needs: [Groups],
    breaks: [Okta, Entra, JumpCloud],
}

async fn methods(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    let body = t.body(&groups).await?;
    let created = t.create_from(&groups, &body).await?;
    let patches = !matches!(t.discovery().supports("patch", "supported"), Support::No(_));
    let rename = json!({
        "schemas": [crate::protocol::message::PATCH_OP],
        "Operations": [{ "op": "replace", "path": "displayName", "value": body["displayName"] }],
    });
    let list = format!("{}?count=1", groups.endpoint());
    let mut steps: Vec<(&str, &str, Option<&Value>)> =
        vec![("GET", &created.path, None), ("GET", &list, None), ("PUT", &created.path, Some(&body))];
    if patches {
        steps.push(("PATCH", &created.path, Some(&rename)));
    }
    steps.push(("DELETE", &created.path, None));
    for (method, target, body) in steps {
        let answer = t.call(method, target, body).await?;
        if !answer.is_success() {
            t.note(
                answer
                    .flaw(format!("{method} is not carried out for a group: {}", answer.said()))
                    .expected("success (2xx)")
                    .got(answer.said()),
            );
        }
    }
    Ok(())
}

check! {
    /// A PUT of a group with other members replaces the members: those that are not in the body leave, the new ones join.
    ///
    /// Why: Okta, JumpCloud and OneLogin keep groups up to date this way. That parts of a member are immutable only means that one
    /// member is not turned into another; the list itself can be written.
    ///
    /// Fix: take the list in the body as the new list, and do not answer with a mutability error.
    PUT_MEMBERS = put_members,
    id: "groups.put-members",
    title: "PUT of a group replaces its members",
    level: Must,
    requirements: ["RFC7643-4.2-04", "RFC7643-7-22"],
    needs: [Groups, Users],
    breaks: [Okta, JumpCloud, OneLogin],
}

async fn put_members(t: &Trial) -> Verdict {
    let crowd = t.crowd().await?;
    let team = Team::of(t, &[&crowd[0], &crowd[1]]).await?;
    let kind = &team.subject.kind;
    let mut body = t.body(kind).await?;
    body["displayName"] = team.subject.before["displayName"].clone();
    if let Some(object) = body.as_object_mut() {
        add_schema(object, &kind.schema.core.id);
    }
    let wanted = [&crowd[1], &crowd[2]];
    team.members.set(&mut body, wanted.iter().map(|to| reference(&team.members, to)).collect());
    let answer = t.put(&team.subject.created.path, &body).await?;
    if matches!(answer.status, 404 | 405 | 501) {
        return Err(Stop::Blocked(format!(
            "{} answers {} (check `groups.methods`)",
            answer.asked, answer.status
        )));
    }
    if !answer.is_success() {
        return Err(answer
            .flaw(format!("PUT of a group with other members is refused: {}", answer.said()))
            .expected("200")
            .got(answer.said())
            .into());
    }
    let after = team.subject.now(t, &answer).await?;
    expect_members(&answer, &team.members, &after, &wanted)
}

check! {
    /// A group can be a member of a group, or is refused. Where it is taken, it stays a member of its own kind.
    ///
    /// Why: directories nest groups. A target that cannot do that should say so when it is asked, and not store the inner group as a person, or
    /// drop it silently.
    ///
    /// Fix: look members up among groups as well, and store their type; or refuse them with 400, and publish only User as the type of members.
    NESTED = nested,
    id: "groups.nested",
    title: "a group as a member is kept as a group, or refused",
    level: May,
    requirements: ["RFC7643-4.2-08"],
    needs: [Groups],
    breaks: [],
}

async fn nested(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    let slot = members_of(&groups)?;
    let inner = t.create(&groups).await?;
    let mut element = json!({ "value": inner.id });
    if slot.attribute.sub("type").is_some() {
        element["type"] = json!(groups.name());
    }
    let mut body = t.body(&groups).await?;
    slot.set(&mut body, json!([element]));
    let answer = t.post(groups.endpoint(), &body).await?;
    if !answer.is_success() {
        let of = |sub: &str| slot.attribute.sub(sub);
        let promised = groups.is_published
            && (of("type").is_some_and(|sub| sub.canonical_values.iter().any(|word| word == groups.name()))
                || of("$ref")
                    .is_some_and(|sub| sub.reference_types.iter().any(|word| word == groups.name())));
        return match promised || answer.status >= 500 {
            false => Ok(()),
            true => Err(answer
                .flaw("a group as a member is refused, although the schema of the target says that members may be groups")
                .expected("201")
                .got(answer.said())
                .into()),
        };
    }
    let created = t.created_by(&groups, &answer)?;
    let read = t.get(&view(&slot, &created.path)).await?;
    read.expect_status(&[200])?;
    let group = read.resource()?;
    expect_members(&read, &slot, group, &[&inner])?;
    let kind = slot.get(group).and_then(|elements| elements[0].get("type")).filter(|kind| !kind.is_null());
    match kind.and_then(Value::as_str) {
        Some(word) if !word.eq_ignore_ascii_case(groups.name()) => Err(read
            .flaw("a member that is a group is shown as something else")
            .expected(format!("type {:?}", groups.name()))
            .got(format!("type {word:?}"))
            .into()),
        _ => Ok(()),
    }
}

check! {
    /// A group with many members shows all of them: 150 where users can be created in bulk, otherwise 30.
    ///
    /// Why: members are no page of a list; there is no way to ask for the rest. A client that sees the first hundred takes the others for gone,
    /// and the next full update removes them.
    ///
    /// Fix: return `members` in whole. Clients that do not want them say `excludedAttributes=members`.
    LARGE = large,
    id: "groups.many-members",
    title: "a group with many members shows all of them",
    level: Must,
    requirements: ["RFC7644-3.9-01", "RFC7643-4.2-04", "RFC7644-3.5.2.1-17"],
    needs: [Groups, Users],
    breaks: [Okta, Entra],
}

async fn large(t: &Trial) -> Verdict {
    let team = Team::of(t, &[]).await?;
    let crowd = t.crowd().await?;
    let mut users: Vec<Created> = crowd.to_vec();
    users.extend(many(t, users.len()).await?);
    let users: Vec<&Created> = users.iter().collect();
    let elements: Vec<Value> = users.iter().map(|to| reference(&team.members, to)).collect();
    let answer = match t.lacks(Need::Patch).await? {
        None => {
            let operations = json!([{ "op": "add", "path": team.members.path(), "value": elements }]);
            t.patch(&team.subject.created.path, operations).await?
        }
        Some(_) => {
            let mut body = t.body(&team.subject.kind).await?;
            team.members.set(&mut body, json!(elements));
            t.put(&team.subject.created.path, &body).await?
        }
    };
    if !answer.is_success() {
        return Err(answer
            .flaw(format!("{} members at once are refused: {}", users.len(), answer.said()))
            .expected("200 or 204")
            .got(answer.said())
            .into());
    }
    let after = team.subject.now(t, &answer).await?;
    expect_members(&answer, &team.members, &after, &users)
}

/// As many more users as fit the occasion.
async fn many(t: &Trial, there: usize) -> Result<Vec<Created>, Stop> {
    let kind = t.users()?;
    if t.lacks(Need::Bulk).await?.is_none()
        && t.discovery().limit("bulk", "maxOperations").is_none_or(|limit| limit >= MANY as u64)
    {
        let mut operations = Vec::new();
        for index in there..MANY {
            let body = t.minimal(&kind);
            operations.push(
                json!({ "method": "POST", "path": kind.endpoint(), "bulkId": format!("u{index}"), "data": body }),
            );
        }
        let body = json!({ "schemas": [BULK_REQUEST], "Operations": operations });
        let limit = t.discovery().limit("bulk", "maxPayloadSize").unwrap_or(u64::MAX);
        if (body.to_string().len() as u64) < limit {
            let answer = t.post("/Bulk", &body).await?;
            let made = in_bulk(&kind, &answer);
            if made.len() == operations.len() {
                return Ok(made);
            }
        }
    }
    let mut made = Vec::new();
    while there + made.len() < FEW {
        let wave = join_all((0..AT_ONCE).map(|_| t.create(&kind))).await;
        made.extend(wave.into_iter().collect::<Result<Vec<_>, _>>()?);
    }
    Ok(made)
}

/// The users that a bulk request created, by their locations.
fn in_bulk(kind: &Arc<Kind>, answer: &Answer) -> Vec<Created> {
    let operations = answer.json.as_ref().and_then(|json| json.get("Operations")).and_then(Value::as_array);
    let one = |operation: &Value| {
        let segment = operation["location"].as_str()?.trim_end_matches('/').rsplit('/').next()?;
        let id = percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned();
        let path = format!("{}/{segment}", kind.endpoint());
        (!id.is_empty()).then(|| Created { kind: Arc::clone(kind), id, path })
    };
    operations.into_iter().flatten().filter_map(one).collect()
}

check! {
    /// A group that is deleted is gone for the users, who themselves stay: their `groups` do not show it any more.
    ///
    /// Why: identity providers delete a group when it is no longer assigned. A target that deletes the members with it throws people out; one that still shows
    /// the group at its former members grants what the group stood for.
    ///
    /// Fix: delete the memberships with the group, and nothing else.
    DELETE = delete,
    id: "groups.delete-keeps-users",
    title: "deleting a group keeps its members and ends their membership",
    level: Must,
    requirements: ["RFC7643-4.1.2-20"],
    needs: [Groups, Users],
    breaks: [Okta, Entra],
}

async fn delete(t: &Trial) -> Verdict {
    let crowd = t.crowd().await?;
    let team = Team::of(t, &[&crowd[0], &crowd[1]]).await?;
    let answer = t.delete(&team.subject.created.path).await?;
    if !answer.is_success() {
        return Err(Stop::Blocked(format!(
            "{} answers {} (check `groups.methods`)",
            answer.asked, answer.status
        )));
    }
    for user in [&crowd[0], &crowd[1]] {
        let read = t.get(&user.path).await?;
        if read.status != 200 {
            return Err(read
                .flaw("a member of a group is gone after the group was deleted")
                .expected("200")
                .got(read.said())
                .into());
        }
        let groups = read.json.as_ref().and_then(|json| json.get("groups")).and_then(Value::as_array);
        let id = json!(team.subject.created.id);
        if let Some(left) = groups.into_iter().flatten().find(|group| group["value"] == id) {
            t.note(
                read.flaw("a user still shows a group that was deleted")
                    .expected("no such element in `groups`")
                    .got(left.to_string()),
            );
        }
    }
    Ok(())
}
