//! Deleting resources (RFC 7644 §3.6).

use serde_json::{Value, json};

use super::compare::{creatable, expect_same, get, has_id, look, named, quoted};
use super::query::breaking;
use super::team::membership;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::trial::{Answer, Created, Trial};
use crate::conformance::verdict::{Stop, Verdict};
use crate::protocol::message::SEARCH_REQUEST;

pub(super) const CHECKS: &[Check] =
    &[WORKS, GONE, TWICE, WRITES, UNKNOWN, NOT_LISTED, RECREATE, ID_NOT_REUSED, MEMBER, GROUP];

/// Deletes a resource, because a check needs it gone.
///
/// # Errors
/// [`Stop::Blocked`] where that does not work.
async fn remove(t: &Trial, resource: &Created) -> Result<Answer, Stop> {
    let answer = t.delete(&resource.path).await?;
    match answer.is_success() {
        true => Ok(answer),
        false => {
            Err(Stop::Blocked(format!("{} answers {} (check `delete.works`)", answer.asked, answer.said())))
        }
    }
}

check! {
    /// DELETE answers 204 without a body, and takes away the one resource that it names.
    ///
    /// Why: Entra ID and JumpCloud delete accounts for good and look for 204. Where deleting fails, people who left keep
    /// their accounts; where it hits others, they lose them.
    ///
    /// Fix: answer 204 with no content; delete by id and nothing else.
    WORKS = works,
    id: "delete.works",
    title: "DELETE answers 204 without a body",
    level: Must,
    requirements: ["RFC7644-3.6-06", "RFC9110-9.3.5-01", "RFC7643-3.1-08"],
    needs: [],
    breaks: [Entra, JumpCloud],
}

async fn works(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let (doomed, other) = (t.create(&kind).await?, t.create(&kind).await?);
        let before = t.read(&other).await?;
        let answer = t.delete(&doomed.path).await?;
        if matches!(answer.status, 403 | 405 | 501) {
            // No sentence says that everything can be deleted; what cannot stays for ever.
            t.note(
                answer
                    .flaw(format!("a {} cannot be deleted", kind.name()))
                    .expected("204")
                    .got(answer.said())
                    .breaks(&["RFC7644-3.6-06"])
                    .concern(),
            );
            continue;
        }
        let status = breaking(answer.expect_status(&[204]), &["RFC7644-3.6-06"]);
        if t.soft(status)?.is_some() && !answer.body.is_empty() {
            t.note(
                answer
                    .flaw("204 comes with a body")
                    .expected("no content")
                    .got(String::from_utf8_lossy(&answer.body).into_owned())
                    .breaks(&["RFC9110-9.3.5-01"]),
            );
        }
        let after = t.get(&other.path).await?;
        if after.status == 404 {
            t.note(
                after
                    .flaw(format!("DELETE of one {} took another one away", kind.name()))
                    .expected("200")
                    .breaks(&["RFC7643-3.1-08"]),
            );
            continue;
        }
        let after = look(t, &other).await?;
        let same = expect_same(&kind, &before, &after, &[], "DELETE of one resource changed another one");
        t.soft(breaking(same, &["RFC7644-3.6-06"]))?;
    }
    Ok(())
}

check! {
    /// After a DELETE the resource cannot be read any more: GET answers 404.
    ///
    /// Why: identity providers look again to see whether the account is gone. One that is only switched off shows up as an
    /// orphan in every report.
    ///
    /// Fix: answer 404 for what was deleted, also where the record is kept internally.
    GONE = gone,
    id: "delete.gone",
    title: "GET of a deleted resource answers 404",
    level: Must,
    requirements: ["RFC7644-3.6-01", "Q-D05"],
    needs: [],
    breaks: [Entra],
}

async fn gone(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let created = t.create(&kind).await?;
        remove(t, &created).await?;
        let answer = t.get(&created.path).await?;
        t.soft(judge_gone(&answer))?;
    }
    Ok(())
}

/// 410 says the same with another number.
fn judge_gone(answer: &Answer) -> Verdict {
    if answer.status == 404 {
        return Ok(());
    }
    let flaw = answer
        .flaw(format!("{} of a deleted resource answers {}", method(answer), answer.said()))
        .expected("404")
        .got(answer.said());
    Err(if answer.status == 410 { flaw.concern() } else { flaw }.into())
}

fn method(answer: &Answer) -> &str {
    answer.asked.split(' ').next().unwrap_or_default()
}

check! {
    /// A second DELETE of the same resource answers 404.
    ///
    /// Why: the validator of Entra ID tests it. A second 204 says that there was something to delete, and hides that two
    /// systems manage the same account.
    ///
    /// Fix: look the resource up before it is deleted, and answer 404 where there is none.
    TWICE = twice,
    id: "delete.twice",
    title: "a second DELETE answers 404",
    level: Must,
    requirements: ["RFC7644-3.6-02", "Q-D06"],
    needs: [],
    breaks: [Entra],
}

async fn twice(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let created = t.create(&kind).await?;
        remove(t, &created).await?;
        t.soft(judge_gone(&t.delete(&created.path).await?))?;
    }
    Ok(())
}

check! {
    /// PUT and PATCH of a deleted resource answer 404 and do not bring it back.
    ///
    /// Why: an update that comes late must not revive the account of somebody who left.
    ///
    /// Fix: look the resource up before anything is written, and answer 404 where there is none.
    WRITES = writes,
    id: "delete.no-writes",
    title: "PUT and PATCH of a deleted resource answer 404",
    level: Must,
    requirements: ["RFC7644-3.6-02", "RFC7644-3.6-01"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn writes(t: &Trial) -> Verdict {
    let users = t.users()?;
    let body = t.body(&users).await?;
    let created = t.create_from(&users, &body).await?;
    remove(t, &created).await?;
    let mut answers = vec![t.put(&created.path, &body).await?];
    if t.lacks(Need::Patch).await?.is_none() {
        let name = json!(format!("{}@example.com", t.ground().fresh_name()));
        let operations = json!([{ "op": "replace", "path": "userName", "value": name }]);
        answers.push(t.patch(&created.path, operations).await?);
    }
    // Where a method is not offered at all, there is nothing to look for.
    answers.retain(|answer| !matches!(answer.status, 405 | 501));
    for answer in &answers {
        t.soft(breaking(judge_gone(answer), &["RFC7644-3.6-02"]))?;
    }
    let after = t.get(&created.path).await?;
    if after.is_success() {
        t.note(after.flaw("a write brought a deleted resource back").expected("404").got(after.said()));
    }
    Ok(())
}

check! {
    /// DELETE of an id that nobody has answers 404.
    ///
    /// Why: success for something that does not exist hides a wrong id; an internal error is repeated for days.
    ///
    /// Fix: answer 404 with a SCIM Error where there is nothing to delete.
    UNKNOWN = unknown,
    id: "delete.unknown-id",
    title: "DELETE of an unknown id answers 404",
    level: Must,
    requirements: ["RFC7644-3.6-07", "Q-D06"],
    needs: [],
    breaks: [Entra],
}

async fn unknown(t: &Trial) -> Verdict {
    for kind in creatable(t).await? {
        let path = t.absent(&kind).await?;
        let answer = t.delete(&path).await?;
        t.soft(answer.expect_status(&[404]))?;
    }
    Ok(())
}

check! {
    /// A deleted resource is in no list, whatever is asked for.
    ///
    /// Why: identity providers look accounts up by name. One that is found although it is gone is linked again, and every
    /// change of it fails.
    ///
    /// Fix: leave deleted records out of every query, and out of `totalResults`.
    NOT_LISTED = not_listed,
    id: "delete.not-listed",
    title: "a deleted resource is found by no query",
    level: Must,
    requirements: ["RFC7644-3.6-04", "Q-D05"],
    needs: [Users, Filter],
    breaks: [Okta, Entra],
}

async fn not_listed(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let external = t.ground().fresh_name();
    body["externalId"] = json!(external);
    let created = t.create_from(&users, &body).await?;
    let name = body["userName"].as_str().unwrap_or_default().to_owned();
    let (before, found) = named(t, &users, &name).await?;
    if !has_id(&found, &created.id) {
        return Err(Stop::Blocked(format!("{} does not find the user (topic `filter`)", before.asked)));
    }
    let is_only_one = before.list().is_ok_and(|list| list.total == Some(1));
    remove(t, &created).await?;
    let filters = [
        format!("userName eq {}", quoted(&name)),
        format!("id eq {}", quoted(&created.id)),
        format!("externalId eq {}", quoted(&external)),
    ];
    let mut answers = Vec::new();
    for filter in &filters {
        answers.push(t.search(&users, filter).await?);
    }
    if t.lacks(Need::Search).await?.is_none() {
        let body = json!({ "schemas": [SEARCH_REQUEST], "filter": filters[0] });
        answers.push(t.post(&format!("{}/.search", users.endpoint()), &body).await?);
    }
    for answer in answers {
        let Ok(list) = answer.list() else { continue };
        // Only the first filter is about one user for certain; others may not be understood.
        let counts =
            list.total.is_some_and(|total| total > 0) && answer.asked.contains("userName eq") && is_only_one;
        if has_id(list.resources, &created.id) || counts {
            t.note(answer.flaw("a deleted user is still found").expected("totalResults 0").got(format!(
                "totalResults {}, ids {}",
                list.total.map_or("absent".to_owned(), |total| total.to_string()),
                list.ids().join(", ")
            )));
        }
    }
    Ok(())
}

check! {
    /// What is deleted is no conflict: a resource with the same userName can be created again, and it gets an id of its own.
    ///
    /// Why: people come back. A name that stays taken for ever keeps them out; an old id that is given out again hands them the
    /// rights of whoever had it.
    ///
    /// Fix: leave deleted records out of the search for duplicates, and never use an id twice.
    RECREATE = recreate,
    id: "delete.recreate",
    title: "a deleted userName can be used again, by a resource with a new id",
    level: Should,
    requirements: ["RFC7644-3.6-05", "RFC7643-3.1-09", "Q-D08"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn recreate(t: &Trial) -> Verdict {
    let users = t.users()?;
    let body = t.body(&users).await?;
    let first = t.create_from(&users, &body).await?;
    remove(t, &first).await?;
    let answer = t.post(users.endpoint(), &body).await?;
    if !answer.is_success() {
        // What is taken may be something else of the body, such as the e-mail address.
        let mut other = t.body(&users).await?;
        other["userName"] = body["userName"].clone();
        let again = t.post(users.endpoint(), &other).await?;
        let what = match again.is_success() {
            true => {
                "a user cannot be created again as it was before it was deleted, though its userName can be used"
            }
            false => "a userName cannot be used again after its user was deleted",
        };
        return Err(answer
            .flaw(what)
            .expected("201")
            .got(answer.said())
            .breaks(&["RFC7644-3.6-05", "Q-D08"])
            .into());
    }
    let second = t.created_by(&users, &answer)?;
    if second.id == first.id {
        return Err(answer
            .flaw("the id of a deleted user was given to a new one")
            .expected("another id")
            .got(second.id)
            .breaks(&["RFC7643-3.1-09", "Q-D08"])
            .violation()
            .into());
    }
    look(t, &second).await.map(drop)
}

/// How many resources are created, deleted and created again.
const ROUND: usize = 4;

check! {
    /// An id is never given to another resource, also when the first one is gone.
    ///
    /// Why: identity providers and audit logs keep ids for ever. A number that is counted from what is left hands the history
    /// and the rights of one person to the next.
    ///
    /// Fix: use UUIDs, or a sequence that never goes back.
    ID_NOT_REUSED = id_not_reused,
    id: "delete.id-not-reused",
    title: "the id of a deleted resource is never given out again",
    level: Must,
    requirements: ["RFC7643-3.1-09"],
    needs: [Users],
    breaks: [],
}

async fn id_not_reused(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut gone = Vec::new();
    for _ in 0..ROUND {
        gone.push(t.create(&users).await?);
    }
    for created in &gone {
        remove(t, created).await?;
    }
    for _ in 0..ROUND {
        let answer = t.post(users.endpoint(), &t.body(&users).await?).await?;
        let created = t.created_by(&users, &answer)?;
        if gone.iter().any(|old| old.id == created.id) {
            return Err(answer
                .flaw("the id of a deleted user was given to a new one")
                .expected("an id that was never used")
                .got(created.id)
                .into());
        }
    }
    Ok(())
}

/// A user in a group, where the target lets one be created with members.
pub(super) async fn member_of_group(t: &Trial) -> Result<(Created, Created), Stop> {
    let (users, groups) = (t.users()?, t.groups()?);
    let user = t.create(&users).await?;
    let mut body = t.body(&groups).await?;
    body["members"] = membership(t, &groups, &[&user]);
    let group = t.create_from(&groups, &body).await?;
    if !is_member(&t.read(&group).await?, &user.id) {
        return Err(Stop::Blocked("a group does not keep its members (topic `groups`)".to_owned()));
    }
    Ok((user, group))
}

fn is_member(group: &Value, id: &str) -> bool {
    let members = get(group, "members").and_then(Value::as_array);
    members.is_some_and(|list| list.iter().any(|m| get(m, "value").and_then(Value::as_str) == Some(id)))
}

check! {
    /// A group does not list a member that was deleted, at least not with a reference that leads to something.
    ///
    /// Why: clients that read groups follow the member and stumble over 404; seats and rights are counted for somebody who is
    /// gone.
    ///
    /// Fix: take a user out of all groups in the transaction that deletes it.
    MEMBER = member,
    id: "delete.member",
    title: "a deleted user is no longer a member of groups",
    level: Should,
    requirements: ["RFC7644-3.6-08"],
    needs: [Users, Groups],
    breaks: [Entra, Okta],
}

/// Fails where a deleted resource can still be read: what refers to it is then no wonder.
///
/// # Errors
/// [`Stop::Blocked`] naming the check that judges it.
pub(super) async fn expect_gone(t: &Trial, resource: &Created) -> Verdict {
    let answer = t.get(&resource.path).await?;
    match answer.status {
        200 => Err(Stop::Blocked(format!(
            "{} answers 200 after DELETE: the resource is still there (check `delete.gone`)",
            answer.asked
        ))),
        _ => Ok(()),
    }
}

async fn member(t: &Trial) -> Verdict {
    let (user, group) = member_of_group(t).await?;
    remove(t, &user).await?;
    let after = look(t, &group).await?;
    if is_member(after.resource()?, &user.id) {
        expect_gone(t, &user).await?;
        return Err(after
            .flaw("a deleted user is still a member of its group")
            .expected("a group without the user")
            .got(after.resource()?["members"].to_string())
            .into());
    }
    Ok(())
}

check! {
    /// A group that is deleted leaves its members as they were.
    ///
    /// Why: a team is dissolved and its people stay. A deletion that cascades takes their accounts along.
    ///
    /// Fix: delete the memberships and the group, and nothing that the members are.
    GROUP = group,
    id: "delete.group",
    title: "DELETE of a group leaves its members in place",
    level: Must,
    requirements: ["RFC7644-3.6-01", "RFC7643-4.1.2-20", "RFC7643-3.1-08"],
    needs: [Users, Groups],
    breaks: [Okta, Entra],
}

async fn group(t: &Trial) -> Verdict {
    let (user, group) = member_of_group(t).await?;
    let before = t.read(&user).await?;
    remove(t, &group).await?;
    let after = t.get(&user.path).await?;
    if after.status == 404 {
        return Err(after
            .flaw("DELETE of a group deleted its member")
            .expected("200")
            .got(after.said())
            .breaks(&["RFC7643-3.1-08"])
            .into());
    }
    let after = look(t, &user).await?;
    let users = t.users()?;
    let same = expect_same(&users, &before, &after, &[], "DELETE of a group changed its member");
    breaking(same, &["RFC7643-4.1.2-20"])?;
    let groups = get(after.resource()?, "groups").and_then(Value::as_array);
    let is_in = |entry: &Value| get(entry, "value").and_then(Value::as_str) == Some(group.id.as_str());
    if groups.is_some_and(|list| list.iter().any(is_in)) {
        return Err(after
            .flaw("a user still has the group that was deleted")
            .expected("`groups` without it")
            .got(after.resource()?["groups"].to_string())
            .breaks(&["RFC7643-4.1.2-20"])
            .concern()
            .into());
    }
    Ok(())
}
