//! What identity providers send: who belongs to a group.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::interop::{expect_members, expect_no_crash, ids, member_ids, patched, references, team};
use super::query::breaking;
use super::team::{RENAMED, are_renamed};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Created, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] = &[
    REMOVE_BY_VALUE,
    REMOVE_BY_FILTER,
    REMOVE_STRANGER,
    REMOVE_OBJECT,
    NULL_REF,
    PRESENT,
    PARALLEL,
    REPLACE,
    REPLACE_PATH_LESS,
    MIXED,
    SPLIT,
    ADD_AND_REMOVE,
    STALE,
    ODD,
];

/// A member by its id.
fn reference(user: &Created) -> Value {
    json!({ "value": user.id })
}

check! {
    /// `{"op": "remove", "path": "members", "value": [{"value": "<id>"}]}` removes that member and no other.
    ///
    /// RFC 7644 §3.5.2.2 gives `remove` no value: by the letter all members go. This is what Microsoft Entra ID and authentik send all
    /// the same, so that a server which reads the letter is right and empties the group.
    ///
    /// Why: somebody leaves one team, and the whole team loses its access. It is the commonest and dearest bug of SCIM servers. The
    /// other forms of it: the request is refused, so that the person stays in; or nothing happens and the answer says 204.
    ///
    /// Fix: when `remove` comes with a value for a multi-valued attribute, remove the elements whose `value` is listed; a `$ref` that is
    /// null counts for nothing.
    REMOVE_BY_VALUE = remove_by_value,
    id: "interop.remove-listed-member",
    title: "remove of members with a list removes only who is listed",
    level: Interop,
    requirements: ["Q-G01"],
    needs: [Users, Groups, Patch],
    breaks: [Entra],
}

async fn remove_by_value(t: &Trial) -> Verdict {
    let team = team(t, 3, 0).await?;
    let [a, b, c] = &team.inside[..] else { return skip("there are no members") };
    let remove = |user: &Created| {
        let value = json!([{ "$ref": null, "value": user.id }]);
        json!([{ "op": "remove", "path": "members", "value": value }])
    };
    team.patch(t, remove(b), &[a, c]).await?;
    // One that is in nobody's way: the same again must not take the others.
    let again = t.patch(&team.group.path, remove(b)).await?;
    expect_members(&again, &t.read(&team.group).await?, &[a, c])
}

check! {
    /// `{"op": "remove", "path": "members[value eq \"<id>\"]"}` removes that member and no other.
    ///
    /// Why: Okta removes members so, and Microsoft Entra ID with the flag `aadOptscim062020`. Servers have answered 204 and removed nobody,
    /// everybody, or the one beside.
    ///
    /// Fix: evaluate the filter on each element, and remove those that match.
    REMOVE_BY_FILTER = remove_by_filter,
    id: "interop.remove-matching-member",
    title: "remove of members[value eq …] removes that member only",
    level: Interop,
    requirements: ["Q-G02"],
    needs: [Users, Groups, Patch],
    breaks: [Okta, Entra],
}

async fn remove_by_filter(t: &Trial) -> Verdict {
    let team = team(t, 4, 0).await?;
    let [a, b, c, d] = &team.inside[..] else { return skip("there are no members") };
    let remove = |user: &Created| json!({ "op": "remove", "path": member_path(user) });
    team.patch(t, json!([remove(b)]), &[a, c, d]).await?;
    team.patch(t, json!([remove(a), remove(d)]), &[c]).await
}

/// `members[value eq "…"]`
fn member_path(user: &Created) -> String {
    format!("members[value eq \"{}\"]", user.id)
}

check! {
    /// Removing somebody who is no member succeeds and changes nothing.
    ///
    /// RFC 7644 can be read either way: §3.5.2.2 makes it a success, the table of errors has noTarget.
    ///
    /// Why: after a timeout Okta and Microsoft Entra ID send the same removal again. An error then marks the push of the whole group
    /// as failed, and other changes of the same request are lost.
    ///
    /// Fix: answer 200 or 204 when a filter of `remove` matches nothing.
    REMOVE_STRANGER = remove_stranger,
    id: "interop.remove-who-is-no-member",
    title: "removing somebody who is no member succeeds",
    level: Interop,
    requirements: ["Q-G02", "Q-E10"],
    needs: [Users, Groups, Patch],
    breaks: [Okta, Entra],
}

async fn remove_stranger(t: &Trial) -> Verdict {
    let team = team(t, 2, 1).await?;
    let remove = json!([{ "op": "remove", "path": member_path(&team.outside[0]) }]);
    team.patch(t, remove, &team.inside.iter().collect::<Vec<_>>()).await
}

check! {
    /// `remove` of `members` with the value `{"members": [{"value": "<id>"}]}` removes that member or is refused, and nobody else goes.
    ///
    /// The clients known to send it are none of those whose readiness is judged. A violation stands in nobody's way, and the check runs when
    /// it is named.
    ///
    /// Why: a server that does not look at the value empties the group.
    ///
    /// Fix: remove who is listed, or answer 400 invalidValue.
    REMOVE_OBJECT = remove_object,
    id: "interop.remove-member-object",
    title: "remove with an object of members removes nobody else",
    level: Interop,
    requirements: ["Q-G19"],
    needs: [Users, Groups, Patch],
    breaks: [],
}

async fn remove_object(t: &Trial) -> Verdict {
    let team = team(t, 3, 0).await?;
    let [a, b, c] = &team.inside[..] else { return skip("there are no members") };
    let value = json!({ "members": [reference(b)] });
    let answer =
        t.patch(&team.group.path, json!([{ "op": "remove", "path": "members", "value": value }])).await?;
    expect_no_crash(&answer)?;
    let after = t.read(&team.group).await?;
    match answer.is_success() {
        true => expect_members(&answer, &after, &[a, c]),
        false => expect_members(&answer, &after, &[a, b, c]),
    }
}

check! {
    /// A member with `"$ref": null` is added like one without `$ref`.
    ///
    /// Why: Microsoft Entra ID writes every member so. RFC 7643 §2.5 makes null the same as absent; a check of the URI that runs on
    /// null refuses every member.
    ///
    /// Fix: drop members of an object that are null before validating them.
    NULL_REF = null_ref,
    id: "interop.member-null-ref",
    title: "a member with $ref null is added",
    level: Interop,
    requirements: ["Q-G03"],
    needs: [Users, Groups, Patch],
    breaks: [Entra],
}

async fn null_ref(t: &Trial) -> Verdict {
    let team = team(t, 1, 1).await?;
    let value = json!([{ "$ref": null, "value": team.outside[0].id }]);
    let add = json!([{ "op": "add", "path": "members", "value": value }]);
    team.patch(t, add, &[&team.inside[0], &team.outside[0]]).await
}

check! {
    /// Adding somebody who is a member already succeeds, and nobody is a member twice.
    ///
    /// Why: when one member goes, Microsoft Entra ID adds all the others once more. An error then fails the removal too; a second
    /// entry comes back with the next removal.
    ///
    /// Fix: treat `members` as a set of ids, and answer 200 or 204.
    PRESENT = present,
    id: "interop.add-present-member",
    title: "adding who is a member already changes nothing",
    level: Interop,
    requirements: ["Q-G04", "Q-E10"],
    needs: [Users, Groups, Patch],
    breaks: [Entra],
}

async fn present(t: &Trial) -> Verdict {
    let team = team(t, 2, 1).await?;
    let [a, b] = &team.inside[..] else { return skip("there are no members") };
    let add = |users: &[&Created]| {
        let value: Value = users.iter().map(|user| reference(user)).collect();
        json!([{ "op": "add", "path": "members", "value": value }])
    };
    team.patch(t, add(&[a]), &[a, b]).await?;
    team.patch(t, add(&[b, &team.outside[0]]), &[a, b, &team.outside[0]]).await
}

check! {
    /// Of several PATCHes of one group at the same time, each of which adds a member, none is lost.
    ///
    /// Why: Microsoft Entra ID sends one request for each member, some of them side by side. A server that reads the group, adds to it
    /// and writes it back loses those that came in between, and answers 204 to all.
    ///
    /// Fix: lock the group while it is changed, or add the member to a table of memberships.
    PARALLEL = parallel,
    id: "interop.parallel-members",
    title: "members that are added at the same time are all there",
    level: Interop,
    requirements: ["Q-G05"],
    needs: [Users, Groups, Patch],
    breaks: [Entra],
}

async fn parallel(t: &Trial) -> Verdict {
    let team = team(t, 0, 6).await?;
    let add = |user: &Created| json!([{ "op": "add", "path": "members", "value": [reference(user)] }]);
    let answers = join_all(team.outside.iter().map(|user| t.patch(&team.group.path, add(user)))).await;
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;
    // Who was refused is tried again in the next cycle; who was told «done» is not.
    let promised = team.outside.iter().zip(&answers).filter(|(_, answer)| answer.is_success());
    let promised: Vec<&Created> = promised.map(|(user, _)| user).collect();
    let after = t.read(&team.group).await?;
    let there = member_ids(&after);
    if are_renamed(&there, &promised.iter().map(|user| user.id.clone()).collect::<Vec<_>>()) {
        return Err(Stop::Blocked(RENAMED.to_owned()));
    }
    let lost: Vec<&str> =
        promised.iter().map(|user| user.id.as_str()).filter(|id| !there.iter().any(|t| t == id)).collect();
    match (lost.is_empty(), answers.last()) {
        (false, Some(answer)) => Err(answer
            .flaw(format!(
                "{} of {} members that were added at the same time are lost",
                lost.len(),
                promised.len()
            ))
            .expected(shortened(&ids(&team.outside).join(", ")))
            .got(shortened(&there.join(", ")))
            .into()),
        _ => Ok(()),
    }
}

check! {
    /// `replace` of `members` makes the membership exactly the list, the empty list included.
    ///
    /// Why: Okta's «Push now» sends the whole list, and `[]` for an empty group. A server that adds instead keeps people who have left; one
    /// that refuses the empty list keeps all of them.
    ///
    /// Fix: replace the list; treat `[]` as «no members» (RFC 7643 §2.5).
    REPLACE = replace,
    id: "interop.replace-members",
    title: "replace of members is exact, also with an empty list",
    level: Interop,
    requirements: ["Q-G09"],
    needs: [Users, Groups, Patch],
    breaks: [Okta],
}

async fn replace(t: &Trial) -> Verdict {
    let team = team(t, 2, 1).await?;
    let wanted = [&team.inside[1], &team.outside[0]];
    let value: Value =
        wanted.iter().map(|user| json!({ "value": user.id, "display": "ada@example.com" })).collect();
    let replace = |value: &Value| json!([{ "op": "replace", "path": "members", "value": value }]);
    team.patch(t, replace(&value), &wanted).await?;
    team.patch(t, replace(&json!([])), &[]).await
}

check! {
    /// `replace` without a path, with `members` in the value, makes the membership exactly the list.
    ///
    /// Why: Okta sends this form too. A server that knows members by path only says 200 and changes nothing.
    ///
    /// Fix: without `path`, set every attribute that the value names (RFC 7644 §3.5.2.3).
    REPLACE_PATH_LESS = replace_path_less,
    id: "interop.replace-members-path-less",
    title: "replace without a path makes members the list",
    level: Interop,
    requirements: ["Q-G10"],
    needs: [Users, Groups, Patch],
    breaks: [Okta],
}

async fn replace_path_less(t: &Trial) -> Verdict {
    let team = team(t, 2, 1).await?;
    let wanted = [&team.inside[0], &team.outside[0]];
    let value: Value = wanted.iter().map(|user| reference(user)).collect();
    team.patch(t, json!([{ "op": "replace", "value": { "members": value } }]), &wanted).await
}

check! {
    /// One PATCH removes some members and adds others.
    ///
    /// Why: this is Okta's usual push. A server that stops after the first operation, or reads the group anew for each, ends with
    /// a mixture.
    ///
    /// Fix: apply the operations one after the other to one copy of the group.
    MIXED = mixed,
    id: "interop.mixed-member-operations",
    title: "one PATCH removes and adds members",
    level: Interop,
    requirements: ["Q-G11"],
    needs: [Users, Groups, Patch],
    breaks: [Okta],
}

async fn mixed(t: &Trial) -> Verdict {
    let team = team(t, 3, 2).await?;
    let [a, b, c] = &team.inside[..] else { return skip("there are no members") };
    let [d, e] = &team.outside[..] else { return skip("there is nobody to add") };
    let add: Value =
        [d, e].iter().map(|user| json!({ "value": user.id, "display": "ada@example.com" })).collect();
    let operations = json!([
        { "op": "remove", "path": member_path(a) },
        { "op": "remove", "path": member_path(b) },
        { "op": "add", "path": "members", "value": add },
    ]);
    team.patch(t, operations, &[c, d, e]).await
}

check! {
    /// Several PATCHes that add members add up.
    ///
    /// Why: Okta splits a large group into several requests. A server that takes each for the whole list ends with the last part.
    ///
    /// Fix: let `add` append to what is there, and never take its value for the whole list.
    SPLIT = split,
    id: "interop.split-member-pushes",
    title: "members of several PATCHes add up",
    level: Interop,
    requirements: ["Q-G13"],
    needs: [Users, Groups, Patch],
    breaks: [Okta],
}

async fn split(t: &Trial) -> Verdict {
    let team = team(t, 1, 4).await?;
    let add = |users: &[Created]| json!([{ "op": "add", "path": "members", "value": references(users) }]);
    let (first, second) = team.outside.split_at(2);
    let inside = team.inside.iter();
    let after_first: Vec<&Created> = inside.clone().chain(first).collect();
    team.patch(t, add(first), &after_first).await?;
    let all: Vec<&Created> = inside.chain(&team.outside).collect();
    team.patch(t, add(second), &all).await
}

check! {
    /// Somebody who is added and removed by one PATCH is no member afterwards.
    ///
    /// Why: Microsoft's SCIM Validator sends it. A server that looks up whom to remove before it adds leaves the person in.
    ///
    /// Fix: apply the operations in their order.
    ADD_AND_REMOVE = add_and_remove,
    id: "interop.add-and-remove-member",
    title: "who is added and removed by one PATCH is no member",
    level: Interop,
    requirements: ["Q-G26"],
    needs: [Users, Groups, Patch],
    breaks: [Entra],
}

async fn add_and_remove(t: &Trial) -> Verdict {
    let team = team(t, 1, 1).await?;
    let user = &team.outside[0];
    let operations = json!([
        { "op": "add", "path": "members", "value": [reference(user)] },
        { "op": "remove", "path": member_path(user) },
    ]);
    team.patch(t, operations, &[&team.inside[0]]).await
}

check! {
    /// A member id that nobody has any more is refused with 4xx or passed over; the others stay, and the server does not fail.
    ///
    /// Why: after an application was restored from a backup, Okta still sends the ids of before. A 500, or the text of a database error,
    /// tells nobody what is wrong; a group that loses its members on the way is worse.
    ///
    /// Fix: answer 400 invalidValue and name the id, or leave it out.
    STALE = stale,
    id: "interop.stale-member",
    title: "a member id that nobody has does no harm",
    level: Interop,
    requirements: ["Q-G14"],
    needs: [Users, Groups, Patch],
    breaks: [Okta],
}

async fn stale(t: &Trial) -> Verdict {
    let team = team(t, 2, 0).await?;
    let users = t.users()?;
    let absent = t.absent(&users).await?;
    let id = absent.rsplit('/').next().unwrap_or_default();
    let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy();
    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
    let answer = t.patch(&team.group.path, add).await?;
    expect_no_crash(&answer)?;
    let after = member_ids(&t.read(&team.group).await?);
    let lost = ids(&team.inside).iter().filter(|id| !after.contains(id)).count();
    if lost == 0 {
        return Ok(());
    }
    Err(answer
        .flaw(format!("{lost} members are gone after {} with an id that nobody has", answer.asked))
        .expected(shortened(&ids(&team.inside).join(", ")))
        .got(shortened(&after.join(", ")))
        .into())
}

check! {
    /// A member as plain text instead of an object is read or refused with 400, and an unknown `displayName` in a member is passed over.
    ///
    /// No identity provider is known to send them; Microsoft's published collection of test requests does. A violation stands in nobody's
    /// way, and the check runs when it is named.
    ///
    /// Why: what is neither read nor refused ends as a member without an id, or as a 500.
    ///
    /// Fix: take text for `{"value": …}` or answer 400 invalidValue; ignore unknown sub-attributes.
    ODD = odd,
    id: "interop.odd-members",
    title: "a member as plain text or with an unknown part does no harm",
    level: Interop,
    requirements: ["Q-G17", "Q-G18"],
    needs: [Users, Groups, Patch],
    breaks: [],
}

async fn odd(t: &Trial) -> Verdict {
    let team = team(t, 1, 2).await?;
    let [text, extra] = &team.outside[..] else { return skip("there is nobody to add") };
    let answer =
        t.patch(&team.group.path, json!([{ "op": "add", "path": "members", "value": [text.id] }])).await?;
    breaking(expect_no_crash(&answer), &["Q-G17"])?;
    let mut wanted = vec![&team.inside[0]];
    if answer.is_success() {
        wanted.push(text);
    }
    breaking(expect_members(&answer, &t.read(&team.group).await?, &wanted), &["Q-G17"])?;
    let value = json!([{ "value": extra.id, "displayName": "Ada" }]);
    let add = json!([{ "op": "add", "path": "members", "value": value }]);
    let (answer, after) = breaking(patched(t, &team.group, add).await, &["Q-G18"])?;
    wanted.push(extra);
    breaking(expect_members(&answer, &after, &wanted), &["Q-G18"])
}
