//! What identity providers send: groups as such.

use serde_json::{Value, json};

use super::interop::{Team, expect_members, expect_no_crash, member_ids, patched, seen, team, text_of};
use super::query::breaking;
use super::team::membership;
use crate::conformance::check::{Check, check};
use crate::conformance::trial::Trial;
use crate::conformance::verdict::Verdict;

pub(super) const CHECKS: &[Check] = &[
    ENTRA_CREATE,
    OKTA_CREATE,
    ENTRA_RENAME,
    OKTA_RENAME,
    EXTERNAL_ID,
    OKTA_PUT,
    DUPLICATE_NAME,
    WITHOUT_MEMBERS,
    NESTED,
];

check! {
    /// A group with a schema URI of Microsoft's and without `members` is created, and its externalId comes back.
    ///
    /// Conflict: the interoperability profile (draft-zollner-scim-interop-profile) demands that unknown URIs in `schemas` are refused.
    ///
    /// Why: Microsoft Entra ID creates every group so: `http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group` beside
    /// the core URN. A server that refuses what it does not know gets no group.
    ///
    /// Fix: pass over URIs in `schemas` that are not known, and do not demand members.
    ENTRA_CREATE = entra_create,
    id: "interop.entra-group",
    title: "a group with a foreign schema URI and without members is created",
    level: Interop,
    requirements: ["Q-G06", "Q-C03"],
    needs: [Groups],
    breaks: [Entra],
}

async fn entra_create(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    let mut body = t.body(&groups).await?;
    let external = uuid::Uuid::new_v4().to_string();
    body["schemas"] = json!([
        groups.schema.core.id,
        "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
    ]);
    body["externalId"] = json!(external);
    body["meta"] = json!({ "resourceType": "Group" });
    let answer = t.post(groups.endpoint(), &body).await?;
    answer.expect_success()?;
    let stored = t.read(&t.created_by(&groups, &answer)?).await?;
    if stored["externalId"] == external.as_str() {
        return Ok(());
    }
    Err(answer
        .flaw("the externalId of a group does not come back")
        .expected(format!("\"{external}\""))
        .got(seen(stored.get("externalId")))
        .breaks(&["Q-G06"])
        .into())
}

check! {
    /// A group with an empty list of members is created.
    ///
    /// Why: Okta pushes a group first and its members afterwards, so that every group begins with `"members": []`.
    ///
    /// Fix: take an empty array for absent (RFC 7643 §2.5), and let groups be empty.
    OKTA_CREATE = okta_create,
    id: "interop.okta-group",
    title: "a group with an empty list of members is created",
    level: Interop,
    requirements: ["Q-C04", "Q-G23"],
    needs: [Groups],
    breaks: [Okta],
}

async fn okta_create(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    let mut body = t.body(&groups).await?;
    body["members"] = json!([]);
    let answer = t.post(groups.endpoint(), &body).await?;
    breaking(answer.expect_success(), &["Q-C04"])?;
    let group = t.created_by(&groups, &answer)?;
    let stored = t.read(&group).await?;
    breaking(expect_members(&answer, &stored, &[]), &["Q-C04"])
}

check! {
    /// `Replace` of displayName renames a group; its id and its members stay.
    ///
    /// Why: Microsoft Entra ID renames so. A server that takes the change for the whole group empties it, and everybody loses
    /// what the group gave them.
    ///
    /// Fix: change the attribute that the path names, and nothing else.
    ENTRA_RENAME = entra_rename,
    id: "interop.entra-group-rename",
    title: "renaming a group by path keeps its members",
    level: Interop,
    requirements: ["Q-G07", "Q-G28"],
    needs: [Users, Groups, Patch],
    breaks: [Entra],
}

async fn entra_rename(t: &Trial) -> Verdict {
    let team = team(t, 2, 0).await?;
    let name = t.ground().fresh_name();
    let operations = json!([{ "op": "replace", "path": "displayName", "value": name }]);
    renamed(t, &team, &name, operations, "Q-G07").await
}

check! {
    /// An operation without a path that has the id and a new displayName renames a group; its members stay.
    ///
    /// By the letter `id` is readOnly, and an attempt to set it an error; it is the id that the group has.
    ///
    /// Why: Okta sends `{"op": "replace", "value": {"id": "…", "displayName": "…"}}` after it creates a group and with every push. A server
    /// that refuses the id fails every push; one that takes the value for the whole group removes all its members.
    ///
    /// Fix: pass over an `id` that is the own one, and set only what the value names.
    OKTA_RENAME = okta_rename,
    id: "interop.okta-group-rename",
    title: "renaming a group by id and displayName keeps its members",
    level: Interop,
    requirements: ["Q-G08", "Q-G28"],
    needs: [Users, Groups, Patch],
    breaks: [Okta],
}

async fn okta_rename(t: &Trial) -> Verdict {
    let team = team(t, 2, 0).await?;
    let name = t.ground().fresh_name();
    let value = json!({ "id": team.group.id, "displayName": name });
    renamed(t, &team, &name, json!([{ "op": "replace", "value": value }]), "Q-G08").await
}

/// Sends operations that rename a group, and looks for everything else.
async fn renamed(t: &Trial, team: &Team, name: &str, operations: Value, rule: &'static str) -> Verdict {
    let (answer, after) = breaking(patched(t, &team.group, operations).await, &[rule])?;
    if after["displayName"] != name {
        t.note(
            answer
                .flaw(format!("{} is answered with success, but the group is not renamed", answer.asked))
                .expected(format!("\"displayName\": \"{name}\""))
                .got(seen(after.get("displayName")))
                .breaks(&[rule]),
        );
    }
    if after["id"] != team.group.id.as_str() {
        t.note(
            answer
                .flaw("the id of the group has changed")
                .expected(format!("\"{}\"", team.group.id))
                .got(seen(after.get("id")))
                .breaks(&["Q-G28"]),
        );
    }
    breaking(expect_members(&answer, &after, &team.inside.iter().collect::<Vec<_>>()), &[rule])
}

check! {
    /// An operation without a path that has an externalId sets it; the name and the members stay.
    ///
    /// Why: Microsoft's SCIM Validator changes groups so, with displayName as well as with externalId.
    ///
    /// Fix: keep externalId for groups too, and set only what the value names.
    EXTERNAL_ID = external_id,
    id: "interop.group-external-id",
    title: "a path-less externalId changes that of a group and nothing else",
    level: Interop,
    requirements: ["Q-G25"],
    needs: [Users, Groups, Patch],
    breaks: [Entra],
}

async fn external_id(t: &Trial) -> Verdict {
    let team = team(t, 1, 0).await?;
    let before = t.read(&team.group).await?;
    let external = uuid::Uuid::new_v4().to_string();
    let operation = json!([{ "op": "replace", "value": { "externalId": external } }]);
    let (answer, after) = patched(t, &team.group, operation).await?;
    for (name, wanted) in [("externalId", &json!(external)), ("displayName", &before["displayName"])] {
        if after[name] != *wanted {
            t.note(
                answer
                    .flaw(format!("`{name}` is not what it should be after {}", answer.asked))
                    .expected(wanted.to_string())
                    .got(seen(after.get(name))),
            );
        }
    }
    expect_members(&answer, &after, &[&team.inside[0]])
}

check! {
    /// PUT of a whole group with other members, each with `"display": null`, makes the membership what the body says.
    ///
    /// Why: applications that an administrator of Okta adds by hand get groups by PUT, with null for a name that Okta does not know. A
    /// type error there stops every push; a server that leaves `members` alone says 200 and changes nothing.
    ///
    /// Fix: take null for absent, and replace `members` by the list of the body.
    OKTA_PUT = okta_put,
    id: "interop.okta-group-put",
    title: "PUT of a group with display null replaces its members",
    level: Interop,
    requirements: ["Q-G12", "Q-U20"],
    needs: [Users, Groups],
    breaks: [Okta],
}

async fn okta_put(t: &Trial) -> Verdict {
    let team = team(t, 2, 1).await?;
    let mut whole = t.read(&team.group).await?;
    let wanted = [&team.inside[1], &team.outside[0]];
    whole["members"] = wanted.iter().map(|user| json!({ "value": user.id, "display": null })).collect();
    let answer = t.put(&team.group.path, &whole).await?;
    let rule = if matches!(answer.status, 405 | 501) { "Q-U20" } else { "Q-G12" };
    breaking(answer.expect_success(), &[rule])?;
    let after = t.read(&team.group).await?;
    breaking(expect_members(&answer, &after, &wanted), &["Q-G12"])
}

check! {
    /// A second group with the same displayName is refused with 409.
    ///
    /// No RFC demands it: RFC 7643 §4.2 leaves the uniqueness of displayName open, and some test suites demand the contrary.
    ///
    /// Why: Microsoft Entra ID finds groups by displayName, and where there are two it stops with a duplicate; Microsoft's SCIM Validator
    /// demands the 409.
    ///
    /// Fix: where the product allows it, keep displayName of groups unique and answer 409 with scimType uniqueness.
    DUPLICATE_NAME = duplicate_name,
    id: "interop.group-duplicate-name",
    title: "a second group with the same displayName is refused with 409",
    level: Interop,
    requirements: ["Q-G16"],
    needs: [Groups],
    breaks: [Entra],
}

async fn duplicate_name(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    let body = t.body(&groups).await?;
    t.create_from(&groups, &body).await?;
    let answer = t.post(groups.endpoint(), &body).await?;
    if answer.is_success() {
        return Err(answer
            .flaw("a second group with the same displayName was created")
            .expected("409 uniqueness")
            .got(answer.said())
            .into());
    }
    answer.expect_status(&[409])?;
    Ok(())
}

check! {
    /// `GET /Groups/{id}?excludedAttributes=members` shows the group without its members.
    ///
    /// Why: Microsoft Entra ID reads groups only so. A server that sends the members all the same makes the answer for a large group
    /// so slow that the request times out.
    ///
    /// Fix: honour excludedAttributes, and do not load what is not shown.
    WITHOUT_MEMBERS = without_members,
    id: "interop.group-without-members",
    title: "excludedAttributes=members leaves the members of a group out",
    level: Interop,
    requirements: ["Q-G22", "Q-L06"],
    needs: [Users, Groups],
    breaks: [Entra],
}

async fn without_members(t: &Trial) -> Verdict {
    let team = team(t, 1, 0).await?;
    let answer = t.get(&format!("{}?excludedAttributes=members", team.group.path)).await?;
    answer.expect_status(&[200])?;
    let shown = answer.resource()?;
    if !member_ids(shown).is_empty() {
        return Err(answer
            .flaw("the group is shown with the members that the request leaves out")
            .expected("no `members`")
            .got(seen(shown.get("members")))
            .into());
    }
    if text_of(shown, "id").is_err() || text_of(shown, "displayName").is_err() {
        return Err(answer
            .flaw("`id` or `displayName` is missing, which nobody left out")
            .expected("id and displayName")
            .got(seen(Some(shown)))
            .into());
    }
    Ok(())
}

check! {
    /// A group as a member of a group is taken, or refused with 4xx; it does not make the server fail.
    ///
    /// Why: Microsoft Entra ID adds nested groups as members of the first level. A server that looks for a user with that id and
    /// fails costs the other members of the same request.
    ///
    /// Fix: support members of type Group, or answer 400 invalidValue and say so in `/Schemas` (referenceTypes of `members.$ref`).
    NESTED = nested,
    id: "interop.nested-group",
    title: "a group as a member is taken or refused",
    level: Interop,
    requirements: ["Q-G27"],
    needs: [Groups, Patch],
    breaks: [Entra],
}

async fn nested(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    let (inner, outer) = (t.create(&groups).await?, t.create(&groups).await?);
    let value = json!([{ "value": inner.id }]);
    let answer = t.patch(&outer.path, json!([{ "op": "add", "path": "members", "value": value }])).await?;
    expect_no_crash(&answer)?;
    if !answer.is_success() {
        return Ok(());
    }
    let after = t.read(&outer).await?;
    if member_ids(&after).is_empty() {
        let full = membership(t, &groups, &[&inner]);
        let is_lean = full != value && {
            let again = json!([{ "op": "add", "path": "members", "value": full }]);
            t.patch(&outer.path, again).await?.is_success() && !member_ids(&t.read(&outer).await?).is_empty()
        };
        let what = match is_lean {
            true => {
                "a group as a member that has only a `value` is answered with success, and is no member afterwards"
            }
            false => "a group as a member is answered with success, and is no member afterwards",
        };
        return Err(answer.flaw(what).expected("the member, or 400 invalidValue").got("no members").into());
    }
    Ok(())
}
