//! Changes of membership, and what users show of it (RFC 7643 §4.1.2 and §4.2, RFC 7644 §3.5.2).

use serde_json::json;

use super::patch::words;
use super::patch_add::expect_no_change;
use super::query::breaking;
use super::subject::{Refusal, Subject, mistake, told};
use super::team::{Team, ids, members_of, reference};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::slot::slots;
use crate::conformance::trial::{Created, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::Mutability;

pub(super) const CHECKS: &[Check] = &[
    ADD,
    ADD_EXISTING,
    REMOVE_ONE,
    REMOVE_TWO,
    REMOVE_ALL,
    REMOVE_STRANGER,
    REPLACE,
    REPLACE_BY_NONE,
    THERE_AND_BACK,
    SWAP,
    UNKNOWN,
    INACTIVE,
    IMMUTABLE,
];

check! {
    /// `add` on `members` adds the new members, one or several at once, to those that are there.
    ///
    /// Why: this is how people get access. A target that takes the new list for the whole list throws everybody else
    /// out; one that takes only the first leaves the others waiting.
    ///
    /// Fix: append the new members to the stored ones.
    ADD = add,
    id: "membership.add",
    title: "add adds one member or several and keeps the others",
    level: Must,
    requirements: ["RFC7644-3.5.2.1-08", "RFC7644-3.5.2.1-17", "RFC7643-4.2-04"],
    needs: [Patch, Groups, Users],
    breaks: [Okta, Entra],
}

async fn add(t: &Trial) -> Verdict {
    let crowd = t.crowd().await?;
    let mut team = Team::of(t, &[&crowd[0], &crowd[1]]).await?;
    let path = team.members.path();
    let element = |at: usize, team: &Team| reference(t, &team.members, &crowd[at]);
    let one = json!([{ "op": "add", "path": path, "value": [element(2, &team)] }]);
    let added = team.becomes(t, one, &[&crowd[0], &crowd[1], &crowd[2]]).await;
    team.subject.before = breaking(added, &["RFC7644-3.5.2.1-08", "RFC7643-4.2-04"])?;
    let value = [element(3, &team), element(4, &team)];
    let several = json!([{ "op": "add", "path": path, "value": value }]);
    let all: Vec<&Created> = crowd.iter().take(5).collect();
    breaking(team.becomes(t, several, &all).await.map(drop), &["RFC7644-3.5.2.1-17"])
}

check! {
    /// `add` of somebody who is a member already succeeds, makes no second entry, and leaves the group as it was.
    ///
    /// Why: Entra ID repeats members in every cycle. A conflict stops the update of the group; a second entry makes
    /// people members twice, and a removal then leaves them in.
    ///
    /// Fix: compare by `value`, and when the member is there, do nothing and answer with success.
    ADD_EXISTING = add_existing,
    id: "membership.add-existing",
    title: "add of a member who is there already changes nothing and succeeds",
    level: Must,
    requirements: ["RFC7644-3.5.2.1-13", "RFC7644-3.5.2.1-14", "RFC7644-3.5.2.1-15"],
    needs: [Patch, Groups, Users],
    breaks: [Okta, Entra],
}

async fn add_existing(t: &Trial) -> Verdict {
    let crowd = t.crowd().await?;
    let team = Team::of(t, &[&crowd[0], &crowd[1]]).await?;
    let value = [reference(t, &team.members, &crowd[0])];
    let operations = json!([{ "op": "add", "path": team.members.path(), "value": value }]);
    expect_no_change(t, &team.subject, operations).await
}

check! {
    /// `remove` with a filter on `value` removes that member of three, and keeps the two others.
    ///
    /// Why: this is how people lose access. A target that confirms and does nothing leaves somebody in who must be out;
    /// one that ignores the filter throws everybody out.
    ///
    /// Fix: evaluate the filter for each member, and remove those that match.
    REMOVE_ONE = remove_one,
    id: "membership.remove-one",
    title: "remove with a filter removes that member and keeps the others",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-04", "RFC7643-4.2-04"],
    needs: [Patch, Groups, Users],
    breaks: [Okta, Entra],
}

async fn remove_one(t: &Trial) -> Verdict {
    let crowd = t.crowd().await?;
    let team = Team::of(t, &[&crowd[0], &crowd[1], &crowd[2]]).await?;
    let operations = json!([{ "op": "remove", "path": team.one(&crowd[1]) }]);
    team.becomes(t, operations, &[&crowd[0], &crowd[2]]).await.map(drop)
}

check! {
    /// Two removals in one PATCH remove these two members, and no others.
    ///
    /// Why: Okta sends a removal for each person in one request. A target that turns filters into indices first removes
    /// the wrong person with the second one.
    ///
    /// Fix: evaluate each filter on the result of the operation before.
    REMOVE_TWO = remove_two,
    id: "membership.remove-two",
    title: "two removals in one PATCH remove the right members",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-04", "RFC7644-3.5.2-21"],
    needs: [Patch, Groups, Users],
    breaks: [Okta, Entra],
}

async fn remove_two(t: &Trial) -> Verdict {
    let crowd = t.crowd().await?;
    let team = Team::of(t, &[&crowd[0], &crowd[1], &crowd[2], &crowd[3]]).await?;
    let shown = team.ids();
    // By the order of the target, so that an index that shifts is noticed.
    let at = |index: usize| crowd.iter().find(|user| user.id == shown[index]);
    let (Some(first), Some(second), Some(third), Some(fourth)) = (at(0), at(1), at(2), at(3)) else {
        return Err(Stop::Blocked(
            "the members are not shown (check `groups.create-with-members`)".to_owned(),
        ));
    };
    let operations = json!([
        { "op": "remove", "path": team.one(first) },
        { "op": "remove", "path": team.one(third) },
    ]);
    team.becomes(t, operations, &[second, fourth]).await.map(drop)
}

check! {
    /// `remove` of `members` without a filter empties the group.
    ///
    /// Why: whoever is left in a group that was emptied keeps what it grants.
    ///
    /// Fix: remove every member when the path has no filter.
    REMOVE_ALL = remove_all,
    id: "membership.remove-all",
    title: "remove of members without a filter empties the group",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-03"],
    needs: [Patch, Groups, Users],
    breaks: [Okta, Entra],
}

async fn remove_all(t: &Trial) -> Verdict {
    let crowd = t.crowd().await?;
    let team = Team::of(t, &[&crowd[0], &crowd[1], &crowd[2]]).await?;
    let operations = json!([{ "op": "remove", "path": team.members.path() }]);
    team.becomes(t, operations, &[]).await.map(drop)
}

check! {
    /// `remove` of somebody who is no member changes nothing and succeeds.
    ///
    /// Why: identity providers remove people to be sure. Targets that look an index up and use -1 remove somebody else;
    /// an error makes the client repeat the whole update.
    ///
    /// Fix: when no member matches, do nothing and answer with success.
    REMOVE_STRANGER = remove_stranger,
    id: "membership.remove-stranger",
    title: "remove of somebody who is no member changes nothing and succeeds",
    level: Must,
    requirements: ["RFC7644-3.5.2.2-12"],
    needs: [Patch, Groups, Users],
    breaks: [Okta, Entra],
}

async fn remove_stranger(t: &Trial) -> Verdict {
    let crowd = t.crowd().await?;
    let team = Team::of(t, &[&crowd[0], &crowd[1]]).await?;
    let operations = json!([{ "op": "remove", "path": team.one(&crowd[2]) }]);
    let told = told(&operations);
    let answer = t.patch(&team.subject.created.path, operations).await?;
    if !answer.is_success() {
        team.subject.blocked_without_patch(t, &answer).await?;
        let flaw = answer
            .flaw(format!("the removal of somebody who is no member is refused: {}", answer.said()))
            .expected("success, and no change")
            .got(answer.said());
        // Table 9 speaks for noTarget, the text for success.
        t.note(if answer.status == 400 { flaw.concern() } else { flaw });
    }
    let after = team.subject.now(t, &answer).await?;
    team.subject.judge_unchanged(&answer, &told, &after)
}

check! {
    /// `replace` of `members` makes the new list the list of members: those that are not in it leave.
    ///
    /// Why: Okta pushes the whole list. Whoever was taken out of it and stays has access that nobody knows of.
    ///
    /// Fix: assign the list, and end the membership of those that are not in it.
    REPLACE = replace,
    id: "membership.replace",
    title: "replace of members leaves exactly the new members",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-04"],
    needs: [Patch, Groups, Users],
    breaks: [Okta],
}

async fn replace(t: &Trial) -> Verdict {
    let crowd = t.crowd().await?;
    let mut team = Team::of(t, &[&crowd[0], &crowd[1], &crowd[2]]).await?;
    let value = [reference(t, &team.members, &crowd[1]), reference(t, &team.members, &crowd[3])];
    let operations = json!([{ "op": "replace", "path": team.members.path(), "value": value }]);
    team.subject.before = team.becomes(t, operations, &[&crowd[1], &crowd[3]]).await?;
    let name = team.members.attribute.name.as_str();
    let value = [reference(t, &team.members, &crowd[0]), reference(t, &team.members, &crowd[3])];
    let operations = json!([{ "op": "replace", "value": { name: value } }]);
    team.becomes(t, operations, &[&crowd[0], &crowd[3]]).await.map(drop)
}

check! {
    /// `replace` of `members` by an empty array empties the group.
    ///
    /// Why: Okta sends it when the last person leaves. A target that refuses it keeps that person in.
    ///
    /// Fix: treat an empty array as «no members».
    REPLACE_BY_NONE = replace_by_none,
    id: "membership.replace-by-none",
    title: "replace of members by [] empties the group",
    level: Must,
    requirements: ["RFC7644-3.5.2.3-05"],
    needs: [Patch, Groups, Users],
    breaks: [Okta],
}

async fn replace_by_none(t: &Trial) -> Verdict {
    let crowd = t.crowd().await?;
    let team = Team::of(t, &[&crowd[0], &crowd[1]]).await?;
    let operations = json!([{ "op": "replace", "path": team.members.path(), "value": [] }]);
    team.becomes(t, operations, &[]).await.map(drop)
}

check! {
    /// When one PATCH adds a member and removes the same one again, the last operation counts; the other way round as
    /// well.
    ///
    /// Why: the Microsoft validator does this. A target that does all additions before all removals, or the reverse,
    /// ends up with the opposite of what was asked.
    ///
    /// Fix: carry out the operations in the order of the array.
    THERE_AND_BACK = there_and_back,
    id: "membership.there-and-back",
    title: "add and remove of one member in one PATCH: the last one counts",
    level: Must,
    requirements: ["RFC7644-3.5.2-21"],
    needs: [Patch, Groups, Users],
    breaks: [Entra, Okta],
}

async fn there_and_back(t: &Trial) -> Verdict {
    let crowd = t.crowd().await?;
    let mut team = Team::of(t, &[&crowd[0], &crowd[1]]).await?;
    let path = team.members.path();
    let operations = json!([
        { "op": "add", "path": path, "value": [reference(t, &team.members, &crowd[2])] },
        { "op": "remove", "path": team.one(&crowd[2]) },
    ]);
    team.subject.before = team.becomes(t, operations, &[&crowd[0], &crowd[1]]).await?;
    let operations = json!([
        { "op": "remove", "path": team.one(&crowd[0]) },
        { "op": "add", "path": path, "value": [reference(t, &team.members, &crowd[0])] },
    ]);
    team.becomes(t, operations, &[&crowd[0], &crowd[1]]).await.map(drop)
}

check! {
    /// A removal and an addition of different members in one PATCH are both carried out.
    ///
    /// Why: Okta mixes both in one request when somebody replaces somebody else. When one of them is skipped, either
    /// two people have the role or nobody has.
    ///
    /// Fix: carry out every operation of the array.
    SWAP = swap,
    id: "membership.swap",
    title: "one PATCH removes one member and adds another",
    level: Must,
    requirements: ["RFC7644-3.5.2-21", "RFC7644-3.5.2.2-04", "RFC7644-3.5.2.1-08"],
    needs: [Patch, Groups, Users],
    breaks: [Okta, Entra],
}

async fn swap(t: &Trial) -> Verdict {
    let crowd = t.crowd().await?;
    let team = Team::of(t, &[&crowd[0], &crowd[1]]).await?;
    let operations = json!([
        { "op": "remove", "path": team.one(&crowd[0]) },
        { "op": "add", "path": team.members.path(), "value": [reference(t, &team.members, &crowd[2])] },
    ]);
    let told = told(&operations);
    let answer = breaking(team.subject.patch(t, operations).await, &["RFC7644-3.5.2-21"])?;
    let after = team.subject.now(t, &answer).await?;
    let shown = ids(&team.members, &after);
    let rules: &[&'static str] = match (shown.contains(&crowd[0].id), shown.contains(&crowd[2].id)) {
        (true, true) => &["RFC7644-3.5.2-21", "RFC7644-3.5.2.2-04"],
        (true, false) => &["RFC7644-3.5.2.2-04", "RFC7644-3.5.2.1-08"],
        (false, false) => &["RFC7644-3.5.2-21", "RFC7644-3.5.2.1-08"],
        (false, true) => &["RFC7644-3.5.2.2-04"],
    };
    let expected = team.with(t, &[&crowd[1], &crowd[2]]);
    breaking(team.subject.judge(&answer, &told, &expected, &after), rules)
}

check! {
    /// A member that does not exist is refused, ignored or kept as a dangling reference; it is never created, and never
    /// ends in an internal error.
    ///
    /// Why: identity providers push ids that were deleted here meanwhile. Where such an id becomes an account, anybody
    /// who can write a group can make accounts; where it ends in 500, the whole group is never updated again.
    ///
    /// Fix: look the ids up, and answer 400 with `"scimType": "invalidValue"` when one is not there, or skip it.
    UNKNOWN = unknown,
    id: "membership.unknown-member",
    title: "a member that does not exist is neither created nor an internal error",
    level: Must,
    requirements: ["RFC7643-2.3.7-07", "RFC7643-3.1-10", "RFC7644-3.12-17", "RFC7644-3.5.2.1-08"],
    needs: [Patch, Groups, Users],
    breaks: [Okta, Entra],
}

async fn unknown(t: &Trial) -> Verdict {
    let users = t.users()?;
    let crowd = t.crowd().await?;
    let path = t.absent(&users).await?;
    let segment = path.rsplit('/').next().unwrap_or_default();
    let id = percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let team = Team::of(t, &[&crowd[0]]).await?;
    let nobody = Created { kind: users, id, path: path.clone() };
    let elements = [reference(t, &team.members, &nobody)];
    let operations = json!([{ "op": "add", "path": team.members.path(), "value": elements }]);
    let answer = t.patch(&team.subject.created.path, operations).await?;
    if answer.status >= 500 {
        team.subject.blocked_without_patch(t, &answer).await?;
        t.note(
            answer
                .flaw(format!("a member that does not exist ends in an internal error: {}", answer.said()))
                .expected("400, or success")
                .got(answer.said())
                .breaks(&["RFC7644-3.12-17"]),
        );
    }
    let after = team.subject.now(t, &answer).await?;
    if !ids(&team.members, &after).contains(&crowd[0].id) {
        t.note(
            answer
                .flaw("the member that was there is lost")
                .expected(format!("the member {}", crowd[0].id))
                .got(words(team.members.get(&after)))
                .breaks(&["RFC7644-3.5.2.1-08"]),
        );
    }
    let user = t.get(&path).await?;
    if user.status == 200 {
        t.note(
            user.flaw("adding an unknown id to a group has created a user")
                .expected("404")
                .got(user.said())
                .breaks(&["RFC7643-3.1-10"]),
        );
    }
    Ok(())
}

check! {
    /// A user who is not active can be a member like any other.
    ///
    /// Why: people are switched off and on again, and stay in their groups meanwhile. A target that refuses them stops
    /// the update of the whole group because of one person.
    ///
    /// Fix: do not look at `active` when members are stored.
    INACTIVE = inactive,
    id: "membership.inactive-member",
    title: "a user who is not active can be a member",
    level: May,
    requirements: ["RFC7643-4.2-04"],
    needs: [Patch, Groups, Users],
    breaks: [Okta, Entra],
}

async fn inactive(t: &Trial) -> Verdict {
    let users = t.users()?;
    if !slots(&users.schema).any(|slot| slot.path() == "active") {
        return skip("the User schema has no `active`");
    }
    let mut body = t.body(&users).await?;
    body["active"] = json!(false);
    let user = Subject::of(t, &users, &body).await?;
    if user.before["active"] != json!(false) {
        return Err(Stop::Blocked("a user cannot be created inactive (topic `lifecycle`)".to_owned()));
    }
    let crowd = t.crowd().await?;
    let team = Team::of(t, &[&crowd[0]]).await?;
    let value = [reference(t, &team.members, &user.created)];
    let operations = json!([{ "op": "add", "path": team.members.path(), "value": value }]);
    team.becomes(t, operations, &[&crowd[0], &user.created]).await.map(drop)
}

check! {
    /// The parts of a member cannot be changed in place: one member is not turned into another. Such a PATCH is refused
    /// with 400 mutability.
    ///
    /// Why: `$ref`, `type` and `display` belong to the member that `value` names. Changed one by one they no longer fit
    /// each other, and the group shows one person and means another.
    ///
    /// Fix: refuse operations on parts of existing members; members are exchanged by remove and add.
    IMMUTABLE = immutable,
    id: "membership.member-immutable",
    title: "a member cannot be turned into another in place",
    level: Must,
    requirements: ["RFC7643-4.2-05", "RFC7644-3.5.2-14", "RFC7643-7-24", "RFC7644-3.5.2-16"],
    needs: [Patch, Groups, Users],
    breaks: [],
}

async fn immutable(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    let sub = members_of(&groups)?.attribute.sub("value").map(|sub| sub.mutability);
    if sub != Some(Mutability::Immutable) {
        return skip("the Group schema of the target does not call `members.value` immutable");
    }
    let crowd = t.crowd().await?;
    let team = Team::of(t, &[&crowd[0], &crowd[1]]).await?;
    let path = format!("{}.value", team.one(&crowd[0]));
    let operations = json!([{ "op": "replace", "path": path, "value": crowd[2].id }]);
    // A target may not know such paths at all.
    let refusal = Refusal {
        keywords: &["mutability", "invalidPath"],
        is_demanded: false,
        answer: &["RFC7644-3.5.2-16"],
    };
    team.subject.refuses(t, &refusal, [mistake(operations)]).await.map(drop)
}
