//! Several clients at once: nothing is lost, nothing is there twice.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::subject::{Subject, fresh, texts};
use super::team::{RENAMED, Team, are_renamed, ids, reference};
use crate::conformance::check::{Check, Need, check};
use crate::conformance::trial::{Answer, Created, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] = &[MEMBERS, ATTRIBUTES, CREATE, RENAME, CHURN];

/// How many requests are sent at the same time.
const AT_ONCE: usize = 10;

/// How often they are sent, as long as nothing is wrong: requests that do not meet prove nothing.
const ROUNDS: usize = 3;

/// The answers, or the first reason why there is none.
async fn all(
    requests: impl Iterator<Item = impl Future<Output = Result<Answer, Stop>>>,
) -> Result<Vec<Answer>, Stop> {
    join_all(requests).await.into_iter().collect()
}

/// Notes internal errors; tells whether there was one.
fn note_failures(t: &Trial, what: &str, answers: &[Answer]) -> bool {
    let failed: Vec<&Answer> =
        answers.iter().filter(|answer| answer.status >= 500 && answer.status != 501).collect();
    if let Some(first) = failed.first() {
        let count = failed.len();
        let flaw = first
            .flaw(format!("{what} at the same time: {count} of {} end in an internal error", answers.len()))
            .expected("no 5xx")
            .got(first.said())
            .breaks(&["RFC7644-3.12-17"]);
        // A target that is busy may say so.
        t.note(if failed.iter().all(|answer| answer.status == 503) { flaw.concern() } else { flaw });
    }
    !failed.is_empty()
}

check! {
    /// Members that are added and removed by several requests at the same time are all added and all removed: what was
    /// confirmed is so afterwards.
    ///
    /// Why: Entra ID and Okta send changes of one group in parallel. Targets that read the group, change it and write
    /// it back lose all but the last one, and nobody is told.
    ///
    /// Fix: apply membership changes in a transaction with a lock or a version, or store each membership as a row of
    /// its own. A request that cannot be carried out is refused with 409 or 412, never with 2xx.
    MEMBERS = members,
    id: "concurrency.members",
    title: "membership changes at the same time are all kept",
    level: Must,
    requirements: ["RFC7644-3.5.2-23", "RFC7644-3.5.2.1-08", "RFC7644-3.5.2.2-04", "RFC7644-3.12-17"],
    needs: [Patch, Groups, Users],
    breaks: [Okta, Entra],
}

async fn members(t: &Trial) -> Verdict {
    for _ in 0..ROUNDS {
        change_members(t).await?;
        if !t.is_clean() {
            break;
        }
    }
    Ok(())
}

async fn change_members(t: &Trial) -> Verdict {
    let crowd = t.crowd().await?;
    let team = Team::of(t, &[]).await?;
    let users: Vec<&Created> = crowd.iter().take(AT_ONCE).collect();
    let path = team.subject.created.path.as_str();
    let (slot, list) = (&team.members, team.members.path());
    let list = list.as_str();
    let answers = all(users.iter().map(|user| {
        t.patch(path, json!([{ "op": "add", "path": list, "value": [reference(t, slot, user)] }]))
    }))
    .await?;
    if answers.iter().all(|answer| !answer.is_success()) {
        return Err(Stop::Blocked("members cannot be added (check `membership.add`)".to_owned()));
    }
    note_failures(t, "additions to one group", &answers);
    let shown = current(t, &team).await?;
    if shown.is_empty() {
        return Err(Stop::Blocked("added members are not shown (check `membership.add`)".to_owned()));
    }
    if are_renamed(&shown, &users.iter().map(|user| user.id.clone()).collect::<Vec<_>>()) {
        return Err(Stop::Blocked(RENAMED.to_owned()));
    }
    let lost: Vec<usize> =
        (0..users.len()).filter(|at| answers[*at].is_success() && !shown.contains(&users[*at].id)).collect();
    if let Some(first) = lost.first() {
        // What is lost without a rush as well is another matter.
        t.patch(path, json!([{ "op": "add", "path": list, "value": [reference(t, slot, users[*first])] }]))
            .await?;
        let then = current(t, &team).await?;
        if shown.iter().any(|id| !then.contains(id)) {
            return Err(Stop::Blocked(
                "a member that is added replaces others (check `membership.add`)".to_owned(),
            ));
        }
        t.note(
            answers[*first]
                .flaw(format!(
                    "{} of {} members that were added at the same time are lost, although each addition was confirmed",
                    lost.len(),
                    users.len()
                ))
                .expected(format!("{} members", users.len()))
                .got(format!("{} members", shown.len()))
                .breaks(&["RFC7644-3.5.2-23", "RFC7644-3.5.2.1-08"]),
        );
        return Ok(());
    }
    if shown.len() > users.len() {
        t.note(
            answers[0]
                .flaw("members that were added at the same time are there more than once")
                .expected(format!("{} members", users.len()))
                .got(format!("{} members", shown.len()))
                .breaks(&["RFC7644-3.5.2.1-08"]),
        );
    }
    // Every other one leaves, while the others are confirmed.
    let answers = all(users.iter().enumerate().map(|(at, user)| {
        let operations = match at % 2 {
            0 => json!([{ "op": "remove", "path": team.one(user) }]),
            _ => json!([{ "op": "add", "path": list, "value": [reference(t, slot, user)] }]),
        };
        async move { t.patch(path, operations).await }
    }))
    .await?;
    note_failures(t, "changes of one group", &answers);
    let shown = current(t, &team).await?;
    for (at, user) in users.iter().enumerate().filter(|(at, _)| answers[*at].is_success()) {
        let (is_there, should_be) = (shown.contains(&user.id), at % 2 == 1);
        if is_there != should_be {
            if is_there {
                t.patch(path, json!([{ "op": "remove", "path": team.one(user) }])).await?;
                if current(t, &team).await?.contains(&user.id) {
                    return Err(Stop::Blocked(
                        "a member cannot be removed (check `membership.remove-one`)".to_owned(),
                    ));
                }
            }
            let (what, rule) = match should_be {
                true => ("a member is lost", "RFC7644-3.5.2.1-08"),
                false => ("a member is back", "RFC7644-3.5.2.2-04"),
            };
            t.note(
                answers[at]
                    .flaw(format!("{what} that was changed at the same time as others, although the change was confirmed"))
                    .expected(if should_be { "the member" } else { "no such member" })
                    .got(format!("{} members", shown.len()))
                    .breaks(&["RFC7644-3.5.2-23", rule]),
            );
            break;
        }
    }
    Ok(())
}

async fn current(t: &Trial, team: &Team) -> Result<Vec<String>, Stop> {
    let read = t.get(&team.subject.view).await?;
    read.expect_status(&[200])?;
    Ok(ids(&team.members, read.resource()?))
}

check! {
    /// Changes of different attributes of one user at the same time are all kept.
    ///
    /// Why: two systems change one person at once: one the title, the other the department. Targets that write back the
    /// whole record put the old value of the one over the new value of the other.
    ///
    /// Fix: apply each PATCH in a transaction that locks the user or checks its version, and try again when the version
    /// has moved.
    ATTRIBUTES = attributes,
    id: "concurrency.attributes",
    title: "changes of different attributes at the same time are all kept",
    level: Must,
    requirements: ["RFC7644-3.5.2-23", "RFC7644-3.5.2.3-02", "RFC7644-3.12-17"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn attributes(t: &Trial) -> Verdict {
    for _ in 0..ROUNDS {
        change_attributes(t).await?;
        if !t.is_clean() {
            break;
        }
    }
    Ok(())
}

async fn change_attributes(t: &Trial) -> Verdict {
    let users = t.users()?;
    let places = texts(t, &users, 2).await?;
    let subject = Subject::full(t, &users).await?;
    let path = subject.created.path.as_str();
    let changes: Vec<(String, Value)> =
        places.iter().take(AT_ONCE).map(|slot| (slot.path(), fresh(t, slot))).collect();
    let answers = all(changes
        .iter()
        .map(|(place, value)| t.patch(path, json!([{ "op": "replace", "path": place, "value": value }]))))
    .await?;
    if answers.iter().all(|answer| !answer.is_success()) {
        return Err(Stop::Blocked("attributes cannot be changed (check `patch.replace`)".to_owned()));
    }
    note_failures(t, "changes of one user", &answers);
    let after = subject.now(t, &answers[0]).await?;
    let mut lost = Vec::new();
    for (at, (place, value)) in changes.iter().enumerate() {
        if !answers[at].is_success() || places[at].get(&after) == Some(value) {
            continue;
        }
        // What is not stored alone either is not lost to the others.
        let again = t.patch(path, json!([{ "op": "replace", "path": place, "value": value }])).await?;
        if places[at].get(&subject.now(t, &again).await?) == Some(value) {
            lost.push(at);
        }
    }
    if let Some(first) = lost.first() {
        return Err(answers[*first]
            .flaw(format!(
                "{} of {} changes of one user at the same time are lost, although each was confirmed",
                lost.len(),
                changes.len()
            ))
            .expected(format!("{}: {}", changes[*first].0, changes[*first].1))
            .got(super::patch::words(places[*first].get(&after)))
            .breaks(&["RFC7644-3.5.2-23"])
            .into());
    }
    Ok(())
}

check! {
    /// When one userName is created several times at once, one user is created, and the other requests are refused with
    /// 409.
    ///
    /// Why: identity providers repeat a request whose answer was slow. A target that looks for the name first and
    /// creates then has two accounts for one person, and only one of them is ever deactivated.
    ///
    /// Fix: let a unique index of the database decide, and answer 409 uniqueness when it is hit.
    CREATE = create,
    id: "concurrency.create",
    title: "of several creations of one userName at once, one succeeds",
    level: Must,
    requirements: ["RFC7644-3.3-10", "RFC7643-4.1.1-03", "RFC7644-3.12-17"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn create(t: &Trial) -> Verdict {
    for _ in 0..ROUNDS {
        create_one_name(t).await?;
        if !t.is_clean() {
            break;
        }
    }
    Ok(())
}

async fn create_one_name(t: &Trial) -> Verdict {
    let users = t.users()?;
    let name = t.body(&users).await?["userName"].clone();
    let mut bodies = Vec::new();
    for _ in 0..AT_ONCE {
        let mut body = t.body(&users).await?;
        body["userName"] = name.clone();
        bodies.push(body);
    }
    let answers = all(bodies.iter().map(|body| t.post(users.endpoint(), body))).await?;
    note_failures(t, "creations of one userName", &answers);
    let made: Vec<&Answer> = answers.iter().filter(|answer| answer.is_success()).collect();
    match made.as_slice() {
        [] => {
            if t.is_clean() {
                let first = &answers[0];
                t.note(
                    first
                        .flaw("of several creations of one userName at the same time, none succeeds")
                        .expected("one 201")
                        .got(first.said())
                        .breaks(&["RFC7644-3.3-10"]),
                );
            }
        }
        [_] => {}
        [_, second, ..] => {
            let ids: std::collections::BTreeSet<_> =
                made.iter().filter_map(|answer| answer.text("id")).collect();
            t.note(
                second
                    .flaw(format!("{} creations of one userName succeed", made.len()))
                    .expected("one 201, and 409 for the others")
                    .got(format!("{} users", ids.len().max(1)))
                    .breaks(&["RFC7644-3.3-10", "RFC7643-4.1.1-03"]),
            );
        }
    }
    let other =
        answers.iter().find(|answer| !answer.is_success() && answer.status != 409 && answer.status < 500);
    if let Some(other) = other {
        t.note(
            other
                .flaw("a userName that is taken at the same moment is refused with another status than 409")
                .expected("409 uniqueness")
                .got(other.said())
                .breaks(&["RFC7644-3.3-10"])
                .concern(),
        );
    }
    if made.len() == 1 && t.lacks(Need::Filter).await?.is_none() {
        let found = t.search(&users, &format!("userName eq {name}")).await?;
        if let Ok(list) = found.list()
            && list.resources.len() > 1
        {
            t.note(
                found
                    .flaw("one creation of a userName was confirmed, and yet there are several users with it")
                    .expected("one user")
                    .got(format!("{} users", list.resources.len()))
                    .breaks(&["RFC7643-4.1.1-03"]),
            );
        }
    }
    Ok(())
}

check! {
    /// When several users are renamed to one userName at once, at most one of them gets it.
    ///
    /// Why: a uniqueness that is checked before and not while the change is stored lets two people have one name.
    ///
    /// Fix: let a unique index decide on every write, not only on creation.
    RENAME = rename,
    id: "concurrency.rename",
    title: "of several users that are given one userName at once, one gets it",
    level: Must,
    requirements: ["RFC7644-3.5.2-30", "RFC7643-4.1.1-03", "RFC7644-3.12-17"],
    needs: [Patch, Users],
    breaks: [Entra],
}

async fn rename(t: &Trial) -> Verdict {
    for _ in 0..ROUNDS {
        give_one_name(t).await?;
        if !t.is_clean() {
            break;
        }
    }
    Ok(())
}

async fn give_one_name(t: &Trial) -> Verdict {
    let users = t.users()?;
    let name = t.body(&users).await?["userName"].clone();
    let created = join_all((0..4).map(|_| t.create(&users))).await;
    let created: Vec<Created> = created.into_iter().collect::<Result<_, _>>()?;
    let answers = all(created
        .iter()
        .map(|user| t.patch(&user.path, json!([{ "op": "replace", "path": "userName", "value": name }]))))
    .await?;
    note_failures(t, "renamings to one userName", &answers);
    let mut holders = Vec::new();
    for user in &created {
        if t.read(user).await?["userName"] == name {
            holders.push(user);
        }
    }
    match holders.len() {
        0 | 1 if answers.iter().any(Answer::is_success) => Ok(()),
        0 => skip("no user can be renamed, which `patch.user-name` judges"),
        1 => Ok(()),
        count => {
            let second = answers.iter().filter(|answer| answer.is_success()).nth(1).unwrap_or(&answers[0]);
            Err(second
                .flaw(format!("{count} users have the same userName now"))
                .expected("one user with it, and 409 for the others")
                .got(format!("{count} users"))
                .breaks(&["RFC7644-3.5.2-30", "RFC7643-4.1.1-03"])
                .into())
        }
    }
}

check! {
    /// Users that are created and deleted in quick succession are all created, and all gone.
    ///
    /// Why: an assignment and its withdrawal arrive within seconds. Where the deletion overtakes the creation, or answers come from a
    /// copy, an account stays that nobody looks after any more.
    ///
    /// Fix: answer a creation when it is stored and a deletion when it is done, and read from the same store.
    CHURN = churn,
    id: "concurrency.churn",
    title: "what is created and deleted in quick succession is gone",
    level: Must,
    requirements: ["RFC7644-3.6-01", "RFC7644-3.12-17"],
    needs: [Users],
    breaks: [],
}

async fn churn(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let mut bodies = Vec::new();
    for _ in 0..AT_ONCE {
        bodies.push(t.body(&kind).await?);
    }
    let posted = all(bodies.iter().map(|body| t.post(kind.endpoint(), body))).await?;
    note_failures(t, "creations", &posted);
    let taken = posted.iter().filter(|answer| answer.is_success());
    let created = taken.map(|answer| t.created_by(&kind, answer)).collect::<Result<Vec<_>, _>>()?;
    if created.is_empty() {
        return Err(Stop::Blocked("no user can be created (check `create.minimal`)".to_owned()));
    }
    let deleted = all(created.iter().map(|user| t.delete(&user.path))).await?;
    note_failures(t, "deletions", &deleted);
    let seen = all(created.iter().map(|user| t.get(&user.path))).await?;
    let left: Vec<usize> =
        (0..created.len()).filter(|at| deleted[*at].is_success() && seen[*at].is_success()).collect();
    let Some(first) = left.first() else { return Ok(()) };
    // What stays without a rush as well is another matter.
    let alone = t.create(&kind).await?;
    t.delete(&alone.path).await?;
    if t.get(&alone.path).await?.is_success() {
        return Err(Stop::Blocked("a deleted user is still there (check `delete.gone`)".to_owned()));
    }
    Err(seen[*first]
        .flaw(format!("{} of {} users are there after they were deleted", left.len(), created.len()))
        .expected("404 for each")
        .got(seen[*first].said())
        .breaks(&["RFC7644-3.6-01"])
        .into())
}
