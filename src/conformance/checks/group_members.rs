//! The members of groups as a whole: replaced, nested, many, and left behind (RFC 7643 §4.2).

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::delete::expect_gone;
use super::patch::words;
use super::query::breaking;
use super::team::{RENAMED, Team, are_renamed, expect_members, ids, members_of, reference, view};
use crate::conformance::check::{Check, Need, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::add_schema;
use crate::conformance::trial::{Answer, Created, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::BULK_REQUEST;

pub(super) const CHECKS: &[Check] = &[PUT_MEMBERS, NESTED, LARGE, DELETE, VALUE_NEEDED, DELETED_USER];

/// How many members a group has whose size is to be noticed, where users can be created at once.
const MANY: usize = 150;
/// And how many where each user is a request.
const FEW: usize = 30;
/// How many users are created at the same time.
const AT_ONCE: usize = 10;

check! {
    /// A PUT of a group with other members replaces the members: those that are not in the body leave, the new ones
    /// join.
    ///
    /// Why: Okta, JumpCloud and OneLogin keep groups up to date this way. That parts of a member are immutable only
    /// means that one member is not turned into another; the list itself can be written.
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
    // Some take members by PUT and not by POST.
    let team = match Team::of(t, &[&crowd[0], &crowd[1]]).await {
        Err(Stop::Blocked(_)) => Team::of(t, &[]).await?,
        team => team?,
    };
    let kind = &team.subject.kind;
    let mut body = t.body(kind).await?;
    body["displayName"] = team.subject.before["displayName"].clone();
    if let Some(object) = body.as_object_mut() {
        add_schema(object, &kind.schema.core.id);
    }
    let wanted = [&crowd[1], &crowd[2]];
    team.members.set(&mut body, wanted.iter().map(|to| reference(t, &team.members, to)).collect());
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
    let expected: Vec<String> = wanted.iter().map(|to| to.id.clone()).collect();
    if are_renamed(&ids(&team.members, &after), &expected) {
        return Err(Stop::Blocked(RENAMED.to_owned()));
    }
    expect_members(&answer, &team.members, &after, &wanted)
}

check! {
    /// A group can be a member of a group, or is refused. Where it is taken, it stays a member of its own kind.
    ///
    /// Why: directories nest groups. A target that cannot do that should say so when it is asked, and not store the
    /// inner group as a person, or drop it silently.
    ///
    /// Fix: look members up among groups as well, and store their type; or refuse them with 400, and publish only User
    /// as the type of members.
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
    let mut element = reference(t, &slot, &inner);
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
            .expected(format!("type `{}`", groups.name()))
            .got(format!("type `{word}`"))
            .into()),
        _ => Ok(()),
    }
}

check! {
    /// A group with many members shows all of them: 150 where users can be created in bulk, otherwise 30.
    ///
    /// Why: members are no page of a list; there is no way to ask for the rest. A client that sees the first hundred
    /// takes the others for gone, and the next full update removes them.
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
    let elements: Vec<Value> = users.iter().map(|to| reference(t, &team.members, to)).collect();
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
        team.subject.blocked_without_patch(t, &answer).await?;
        return Err(answer
            .flaw(format!("{} members at once are refused: {}", users.len(), answer.said()))
            .expected("200 or 204")
            .got(answer.said())
            .breaks(match answer.asked.starts_with("PATCH") {
                true => &["RFC7643-4.2-04", "RFC7644-3.5.2.1-17"],
                false => &["RFC7643-4.2-04"],
            })
            .into());
    }
    let after = team.subject.now(t, &answer).await?;
    if ids(&team.members, &after).is_empty() {
        return Err(Stop::Blocked("added members are not shown (check `membership.add`)".to_owned()));
    }
    if are_renamed(&ids(&team.members, &after), &users.iter().map(|user| user.id.clone()).collect::<Vec<_>>())
    {
        return Err(Stop::Blocked(RENAMED.to_owned()));
    }
    breaking(expect_members(&answer, &team.members, &after, &users), &["RFC7644-3.9-01"])
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
    /// Why: identity providers delete a group when it is no longer assigned. A target that deletes the members with it
    /// throws people out; one that still shows the group at its former members grants what the group stood for.
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

check! {
    /// Where the schema says that a part of a member is required, a member without it is refused.
    ///
    /// Why: a member that names nobody is counted, shown, and cannot be removed.
    ///
    /// Fix: check each element of `members` against the sub-attributes that the schema calls required.
    VALUE_NEEDED = value_needed,
    id: "membership.value-needed",
    title: "a member without a value is refused where the schema demands one",
    level: May,
    requirements: ["RFC7643-4.2-09"],
    needs: [Groups],
    breaks: [],
}

async fn value_needed(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    let slot = members_of(&groups)?;
    if !slot.attribute.sub("value").is_some_and(|sub| sub.required) {
        return skip("the Group schema does not call `members.value` required");
    }
    let mut body = t.body(&groups).await?;
    slot.set(&mut body, json!([{ "display": "nobody" }]));
    let answer = t.post(groups.endpoint(), &body).await?;
    match answer.status {
        400..=499 => Ok(()),
        _ => Err(answer
            .flaw("a member without `value` is not refused, although the schema says that it is required")
            .expected("400 invalidValue")
            .got(answer.said())
            .into()),
    }
}

check! {
    /// After a user was deleted, the groups that the user was in can still be read, and do not show the user any more.
    ///
    /// Why: the RFC does not say what becomes of the membership. A reference that leads to 404 trips clients that read
    /// groups, and the next user with that name must not inherit it.
    ///
    /// Fix: end all memberships of a user in the transaction that deletes the user.
    DELETED_USER = deleted_user,
    id: "membership.deleted-user",
    title: "a deleted user is no member any more",
    level: Should,
    requirements: ["RFC7644-3.6-08"],
    needs: [Groups, Users],
    breaks: [],
}

async fn deleted_user(t: &Trial) -> Verdict {
    let users = t.users()?;
    let crowd = t.crowd().await?;
    let user = t.create(&users).await?;
    let team = Team::of(t, &[&crowd[0], &user]).await?;
    let deleted = t.delete(&user.path).await?;
    if !deleted.is_success() {
        return Err(Stop::Blocked(format!("{} answers {} (topic `delete`)", deleted.asked, deleted.status)));
    }
    let after = match team.subject.now(t, &deleted).await {
        Ok(after) => after,
        Err(Stop::Problem(flaw)) => return Err(flaw.violation().into()),
        Err(stop) => return Err(stop),
    };
    let left = ids(&team.members, &after);
    if !left.contains(&crowd[0].id) {
        t.note(
            deleted
                .flaw("with a deleted user another member has left the group")
                .expected(format!("the member {}", crowd[0].id))
                .got(words(team.members.get(&after)))
                .violation(),
        );
    }
    if left.contains(&user.id) {
        expect_gone(t, &user).await?;
        t.note(
            deleted
                .flaw("a deleted user is still shown as a member")
                .expected("no such member")
                .got(words(team.members.get(&after))),
        );
    }
    Ok(())
}
