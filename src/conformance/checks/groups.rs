//! Groups and their members (RFC 7643 §4.2): creation, shape, renaming, replacement, deletion, nesting, many members.

use serde_json::{Value, json};

use super::list::blocked_by_count;
use super::patch::words;
use super::patch_remove::FORBIDDEN;
use super::query::breaking;
use super::subject::{Subject, mistake};
use super::team::{Team, expect_members, expect_reference, ids, members_of, reference, view};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Support;
use crate::conformance::trial::{Created, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::declares;
use crate::protocol::schema::{GROUP, Uniqueness, find};

pub(super) const CHECKS: &[Check] =
    &[CREATE, CREATE_WITH_MEMBERS, MEMBER_REFERENCE, NAMELESS, SAME_NAME, RENAME, REMOVE_NAME, METHODS];

check! {
    /// A group can be created without members. It is a Group resource: its `schemas` name the core Group schema, and
    /// `meta.resourceType` is the name of the type.
    ///
    /// Why: identity providers create the group first and fill it afterwards, and keep the id of the answer. A target
    /// that demands members never gets a group to fill.
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
    breaking(read.expect_status(&[200]), &["RFC7644-3.3-01"])?;
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
    /// Why: Okta pushes groups with their members in one request. When the members are dropped, everybody loses the
    /// access that the group stands for; when `value` is a name, nobody can be found by it.
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
    slot.set(&mut body, wanted.iter().map(|to| reference(t, &slot, to)).collect());
    let answer = t.post(groups.endpoint(), &body).await?;
    if !answer.is_success() {
        return Err(answer
            .flaw(format!("a group with members is refused: {}", answer.said()))
            .expected("201")
            .got(answer.said())
            .breaks(&["RFC7643-4.2-04"])
            .into());
    }
    let created = t.created_by(&groups, &answer)?;
    let read = t.get(&view(&slot, &created.path)).await?;
    read.expect_status(&[200])?;
    let shown = ids(&slot, read.resource()?);
    let rules: &[&'static str] = match wanted.iter().any(|to| shown.contains(&to.id)) || shown.is_empty() {
        true => &["RFC7643-4.2-04"],
        false => &["RFC7643-4.2-06"],
    };
    breaking(expect_members(&read, &slot, read.resource()?, &wanted), rules)
}

check! {
    /// Where a member has a `$ref`, it leads to that member.
    ///
    /// Why: clients follow the reference to read the person. One that leads nowhere, or to somebody else, ends in an
    /// error or in the wrong name in a list of members.
    ///
    /// Fix: build `$ref` from the base URL, the endpoint and the id, as in `meta.location`.
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
        t.soft(breaking(expect_reference(t, &read, reference, id).await, &["RFC7643-4.2-07"]))?;
    }
    // That it is there is a convention and no obligation.
    if seen { Ok(()) } else { skip("members have no `$ref`") }
}

check! {
    /// A group has a displayName; one without is refused with 400.
    ///
    /// Why: the name is all that people see of a group, and what identity providers match it by. A nameless group is
    /// found by nobody and created again and again.
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
    /// Whether two groups may have the same name is what the schema says: with a uniqueness of server or global the
    /// second one is refused with 409, with none it is created.
    ///
    /// Why: no rule makes names of groups unique, but Entra ID matches groups by them. Clients can only rely on what
    /// the schema says.
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
    /// Why: renaming is the most harmless change that there is, until it empties the group: everybody loses access at
    /// once. A new id makes the identity provider create the group a second time.
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
    if !super::patch_mutability::is_read_write(&*t.groups()?, "displayName") {
        return skip("the Group schema of the target does not call displayName readWrite");
    }
    let crowd = t.crowd().await?;
    let mut team = Team::of(t, &[&crowd[0], &crowd[1]]).await?;
    let name = |t: &Trial| t.ground().fresh_name();
    let (first, second) = (name(t), name(t));
    let steps = [
        (json!([{ "op": "replace", "path": "displayName", "value": first }]), first),
        (json!([{ "op": "replace", "value": { "displayName": second } }]), second),
    ];
    for (at, (operations, name)) in steps.into_iter().enumerate() {
        let mut expected = team.subject.before.clone();
        expected["displayName"] = json!(name);
        let after = team.subject.becomes(t, operations, &expected).await;
        let rules: &[&'static str] = match at {
            0 => &["RFC7644-3.5.2.3-03"],
            _ => &["RFC7644-3.5.2.3-03", "RFC7644-3.5.2.3-02"],
        };
        team.subject.before = match t.soft(breaking(after, rules))? {
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
    /// Why: each identity provider has its own favourite: Okta and JumpCloud replace groups by PUT, Entra ID only
    /// patches, and all of them delete.
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
        let mut answer = t.call(method, target, body).await?;
        if target == list && blocked_by_count(t, &answer).await.is_err() {
            answer = t.get(groups.endpoint()).await?;
        }
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
