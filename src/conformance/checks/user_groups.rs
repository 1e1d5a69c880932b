//! What users show of their groups (RFC 7643 §4.1.2).

use serde_json::{Value, json};

use super::patch::words;
use super::patch_mutability::MUTABILITY;
use super::subject::{Subject, mistake, told};
use super::team::{Team, expect_reference, ids};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::slot::{add_schema, slots};
use crate::conformance::trial::{Answer, Created, Slot, Trial, shortened};
use crate::conformance::verdict::{Flaw, Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] = &[SHOWN, GROUP_REFERENCE, INDIRECT, READ_ONLY, IGNORED];

/// The `groups` of users.
fn groups_of(t: &Trial) -> Result<Slot, Stop> {
    let users = t.users()?;
    match slots(&users.schema).find(|slot| slot.extension.is_none() && slot.attribute.name == "groups") {
        Some(slot) if users.is_published => Ok(slot),
        Some(_) => skip("the target publishes no User schema that says whether users show their groups"),
        None => skip("the User schema of the target has no `groups`"),
    }
}

/// The element of a user's `groups` that is about a group, with the answer that shows it.
async fn shown(t: &Trial, slot: &Slot, user: &Created, group: &str) -> Result<(Answer, Option<Value>), Stop> {
    let target = format!("{}?attributes=userName,groups", user.path);
    let read = t.get(&target).await?;
    read.expect_status(&[200])?;
    let elements = slot.get(read.resource()?).and_then(Value::as_array).cloned().unwrap_or_default();
    let found = elements.into_iter().find(|element| element["value"].as_str() == Some(group));
    Ok((read, found))
}

check! {
    /// Where users have `groups`, these follow the membership: a group is shown, by its id, once the user is in it, and
    /// not any more once the user has left.
    ///
    /// Why: Okta and others read the groups of a person from the person. A list that does not follow shows access that
    /// is gone, or hides access that is there.
    ///
    /// Fix: compute `groups` from the members of the groups when a user is read, with the id of the group in `value`.
    SHOWN = groups_shown,
    id: "membership.shown-at-user",
    title: "the groups of a user follow the membership",
    level: Must,
    requirements: ["RFC7643-4.1.2-18", "RFC7643-4.1.2-20", "RFC7643-4.1.2-21"],
    needs: [Patch, Groups, Users],
    breaks: [Okta],
}

async fn groups_shown(t: &Trial) -> Verdict {
    let slot = groups_of(t)?;
    let user = t.create(&*t.users()?).await?;
    let team = Team::of(t, &[&user]).await?;
    let id = team.subject.created.id.as_str();
    let (read, found) = shown(t, &slot, &user, id).await?;
    let Some(element) = found else {
        let elements = slot.get(read.resource()?);
        let flaw = read
            .flaw(match elements {
                None => "a user who is in a group shows no groups, although the schema has `groups`",
                Some(_) => "the groups of a user do not have the id of the group in `value`",
            })
            .expected(format!("an element with value {}", json!(id)))
            .got(words(elements));
        // The attribute need not be filled; what is in it must be right.
        return Err(match elements {
            None => flaw.breaks(&["RFC7643-4.1.2-20"]).concern(),
            Some(_) => flaw.breaks(&["RFC7643-4.1.2-18"]),
        }
        .into());
    };
    let operations = json!([{ "op": "remove", "path": team.one(&user) }]);
    let told = told(&operations);
    let answer = t.patch(&team.subject.created.path, operations).await?;
    let after = team.subject.now(t, &answer).await?;
    if ids(&team.members, &after).contains(&user.id) {
        let is_direct = element["type"].as_str().is_some_and(|word| word.eq_ignore_ascii_case("direct"));
        let is_forbidden = answer.status == 403 || answer.text("scimType") == Some("mutability");
        return match is_direct && is_forbidden {
            true => Err(answer
                .flaw("a membership that is called direct cannot be ended by removing the member")
                .expected("success, or another type than direct")
                .got(answer.said())
                .breaks(&["RFC7643-4.1.2-21"])
                .concern()
                .into()),
            false => {
                Err(Stop::Blocked("a member cannot be removed (check `membership.remove-one`)".to_owned()))
            }
        };
    }
    match shown(t, &slot, &user, id).await? {
        (_, None) => Ok(()),
        (read, Some(left)) => Err(read
            .flaw(format!("after {told}, the user still shows the group"))
            .expected("no such element in `groups`")
            .got(left.to_string())
            .breaks(&["RFC7643-4.1.2-20"])
            .into()),
    }
}

check! {
    /// Where a group of a user has a `$ref`, it leads to the group.
    ///
    /// Why: clients follow the reference to read the group. One that leads to the user, or nowhere, ends in an error.
    ///
    /// Fix: build `$ref` from the base URL, the endpoint of groups and the id of the group.
    GROUP_REFERENCE = group_reference,
    id: "membership.group-reference",
    title: "the $ref of a user's group leads to the group",
    level: Must,
    requirements: ["RFC7643-4.1.2-19"],
    needs: [Groups, Users],
    breaks: [],
}

async fn group_reference(t: &Trial) -> Verdict {
    let slot = groups_of(t)?;
    let user = t.create(&*t.users()?).await?;
    let team = Team::of(t, &[&user]).await?;
    let id = team.subject.created.id.as_str();
    let (read, found) = shown(t, &slot, &user, id).await?;
    let Some(element) = found else { return skip("the user does not show the group") };
    match element.get("$ref").and_then(Value::as_str) {
        Some(reference) => expect_reference(t, &read, reference, id).await,
        None => skip("the groups of a user have no `$ref`"),
    }
}

check! {
    /// Where a user shows a group that the user is in through another group, that membership is called indirect.
    ///
    /// Why: an indirect membership cannot be ended at that group. A client that is told that it is direct tries in
    /// vain.
    ///
    /// Fix: set `type` to direct only where the user is in the members of the group itself.
    INDIRECT = indirect,
    id: "membership.indirect",
    title: "a membership through another group is called indirect",
    level: May,
    requirements: ["RFC7643-4.1.2-20"],
    needs: [Groups, Users],
    breaks: [],
}

async fn indirect(t: &Trial) -> Verdict {
    let slot = groups_of(t)?;
    let user = t.create(&*t.users()?).await?;
    let inner = Team::of(t, &[&user]).await?;
    let Ok(outer) = Team::of(t, &[&inner.subject.created]).await else {
        return skip("the target does not keep a group as a member of a group");
    };
    let (read, found) = shown(t, &slot, &user, &outer.subject.created.id).await?;
    let Some(element) = found else {
        return skip("users do not show the groups that they are in through others");
    };
    match element.get("type").and_then(Value::as_str) {
        Some(word) if !word.eq_ignore_ascii_case("indirect") => Err(read
            .flaw("a membership through another group is not called indirect")
            .expected("type \"indirect\"")
            .got(element.to_string())
            .into()),
        _ => Ok(()),
    }
}

check! {
    /// The groups of a user are readOnly: a PATCH of them is refused with 400 mutability, and makes nobody a member.
    ///
    /// Why: membership is a matter of the group, and of whoever may change the group. A user resource that can write it
    /// lets people put themselves into groups.
    ///
    /// Fix: check the mutability of the attribute before the operation is applied.
    READ_ONLY = read_only,
    id: "membership.groups-read-only",
    title: "a PATCH of the groups of a user is refused",
    level: Must,
    requirements: ["RFC7643-4.1.2-17", "RFC7644-3.5.2-13", "RFC7644-3.5.2-16"],
    needs: [Patch, Groups, Users],
    breaks: [],
}

async fn read_only(t: &Trial) -> Verdict {
    groups_of(t)?;
    let users = t.users()?;
    let subject = Subject::of(t, &users, &t.body(&users).await?).await?;
    let team = Team::of(t, &[]).await?;
    let groups = json!([{ "value": team.subject.created.id }]);
    let operations = ["add", "replace"].map(|op| json!([{ "op": op, "path": "groups", "value": groups }]));
    subject.refuses(t, &MUTABILITY, operations.map(mistake)).await?;
    // Without a path some skip what is readOnly, because clients send whole resources that way.
    let pathless = json!([{ "op": "replace", "value": { "groups": groups } }]);
    t.patch(&subject.created.path, pathless).await?;
    expect_no_member(t, &team, &subject.created).await
}

async fn expect_no_member(t: &Trial, team: &Team, user: &Created) -> Verdict {
    let read = t.get(&team.subject.view).await?;
    let after = read.resource()?;
    match ids(&team.members, after).contains(&user.id) {
        false => Ok(()),
        true => Err(read
            .flaw("a user became a member of a group through `groups` of the user")
            .expected("no such member")
            .got(shortened(&after.to_string()))
            .breaks(&["RFC7643-4.1.2-17"])
            .into()),
    }
}

check! {
    /// `groups` in the body of a POST or PUT of a user is ignored: it is no error, and makes nobody a member.
    ///
    /// Why: Okta sends the user back as it was read, groups and all. A mutability error stops every update; taking it
    /// at its word lets a user resource grant membership.
    ///
    /// Fix: drop readOnly attributes from the body of POST and PUT before anything else.
    IGNORED = ignored,
    id: "membership.groups-ignored",
    title: "groups in the body of a user are ignored",
    level: Must,
    requirements: ["RFC7643-4.1.2-17", "RFC7644-3.3-02", "RFC7644-3.5.1-11"],
    needs: [Groups, Users],
    breaks: [Okta],
}

async fn ignored(t: &Trial) -> Verdict {
    groups_of(t)?;
    let users = t.users()?;
    let team = Team::of(t, &[]).await?;
    let mut body = t.body(&users).await?;
    body["groups"] = json!([{ "value": team.subject.created.id }]);
    let answer = t.post(users.endpoint(), &body).await?;
    if !answer.is_success() {
        return Err(answer
            .flaw(format!("a user with `groups` in the body is refused: {}", answer.said()))
            .expected("201, and `groups` ignored")
            .got(answer.said())
            .breaks(&["RFC7644-3.3-02"])
            .into());
    }
    let created = t.created_by(&users, &answer)?;
    expect_no_member(t, &team, &created).await?;
    if let Some(object) = body.as_object_mut() {
        add_schema(object, &users.schema.core.id);
    }
    let answer = t.put(&created.path, &body).await?;
    if matches!(answer.status, 404 | 405 | 501) {
        return Ok(());
    }
    if !answer.is_success() {
        let flaw =
            Flaw::new(format!("a PUT of a user with `groups` in the body is refused: {}", answer.said()));
        let flaw = flaw.at(answer.index).expected("200, and `groups` ignored").got(answer.said());
        t.note(flaw.breaks(&["RFC7644-3.5.1-11"]));
    }
    expect_no_member(t, &team, &created).await
}
