//! Filters on groups, on what links resources, and at the root of the server (RFC 7644 §3.4.2.1, §3.4.2.2).

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::query::{Field, breaking, compare, each, listed, quoted, strictly, target, understood, values};
use super::team::{membership, reference};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::cohort::place;
use crate::conformance::trial::{Answer, Trial};
use crate::conformance::verdict::{Verdict, skip};

pub(super) const CHECKS: &[Check] = &[MANAGER, GROUP_NAME, GROUP_MEMBERS, USER_GROUPS, ROOT];
check! {
    /// The manager of the enterprise extension can be filtered for: `urn:…:enterprise:2.0:User:manager.value eq "…"`.
    ///
    /// Why: Entra asks whether a manager is set by a filter, and writes the manager again in every cycle when it is not found.
    ///
    /// Fix: let filters see the parts of complex attributes of extensions.
    MANAGER = manager,
    id: "filter.manager",
    title: "manager.value of the enterprise extension can be filtered for",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-39", "RFC7644-3.4.2.2-38"],
    needs: [Filter, Users, Enterprise],
    breaks: [Entra],
}

async fn manager(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let users = t.users()?;
    let found = crate::conformance::trial::slot::slots(&users.schema)
        .find(|slot| slot.extension.is_some() && slot.attribute.name == "manager");
    let Some(slot) = found.filter(|slot| slot.attribute.sub("value").is_some()) else {
        return skip("the extension has no `manager.value`");
    };
    let mut body = t.body(&users).await?;
    slot.set(&mut body, reference(t, &slot, &field.member("delta").created));
    let answer = t.post(users.endpoint(), &body).await?;
    if (400..500).contains(&answer.status) {
        return skip(format!("the target takes no manager: {}", answer.said()));
    }
    let created = t.created_by(&users, &answer)?;
    let stored = t.read(&created).await?;
    let value = slot.get(&stored).and_then(|manager| manager.get("value")).and_then(Value::as_str);
    if value != Some(field.id("delta")) {
        return skip("the target does not keep `manager.value`");
    }
    let filter = format!("{}.value eq {}", slot.path(), quoted(field.id("delta")));
    let answer = t.search(&users, &filter).await?;
    exactly(&answer, &filter, &[&created.id])
}

/// Fails unless an answer lists exactly these ids.
fn exactly(answer: &Answer, filter: &str, expected: &[&str]) -> Verdict {
    let name = |ids: &[&str]| match ids.is_empty() {
        true => "nothing".to_owned(),
        false => ids.join(", "),
    };
    if answer.status == 404 {
        // That nothing was found is told by an empty list, which the check `filter.no-match` judges.
        return compare(answer, filter, &[], expected, true, name);
    }
    understood(answer, filter)?;
    let list = listed(answer)?;
    compare(answer, filter, &list.ids(), expected, true, name)
}

check! {
    /// `displayName eq "…"` selects the group with that name; letter case does not count unless the schema says so.
    ///
    /// Why: Entra, Okta and PingFederate look a group up by its name before they create it. When it is not found, there are two.
    ///
    /// Fix: evaluate filters at `/Groups` as at `/Users`.
    GROUP_NAME = group_name,
    id: "filter.group-name",
    title: "groups can be filtered for by displayName",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-02", "RFC7644-3.4.2.2-08", "RFC7644-3.4.2.2-49"],
    needs: [Filter, Groups],
    breaks: [Okta, Entra, Ping],
}

async fn group_name(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    let Some(slot) = place(&groups, "displayName") else { return skip("groups have no `displayName`") };
    let name = format!("Sales and Marketing {}", t.ground().fresh_name());
    let (mut one, mut other) = (t.body(&groups).await?, t.body(&groups).await?);
    slot.set(&mut one, json!(name));
    slot.set(&mut other, json!(format!("{name} West")));
    let created = t.create_from(&groups, &one).await?;
    t.create_from(&groups, &other).await?;
    let nobody = format!("{name} East");
    let mut cases = vec![(quoted(&name), Some(&created.id)), (quoted(&nobody), None)];
    if !slot.leaf().case_exact {
        cases.push((quoted(&name.to_uppercase()), Some(&created.id)));
    }
    for (at, (operand, expected)) in cases.iter().enumerate() {
        let filter = format!("displayName eq {operand}");
        let answer = t.search(&groups, &filter).await?;
        let expected: Vec<&str> = expected.iter().map(|id| id.as_str()).collect();
        let broken: &[&'static str] = match at {
            2 => &["RFC7644-3.4.2.2-49"],
            _ => &["RFC7644-3.4.2.2-02", "RFC7644-3.4.2.2-08"],
        };
        t.soft(breaking(strictly(exactly(&answer, &filter, &expected)), broken))?;
    }
    Ok(())
}

check! {
    /// `members.value eq "…"` selects the groups that have this member.
    ///
    /// Why: Entra asks whether a user is in a group this way before it adds or removes the user.
    ///
    /// Fix: join the memberships when `members.value` is compared.
    GROUP_MEMBERS = group_members,
    id: "filter.group-members",
    title: "groups can be filtered for by their members",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-38", "RFC7644-3.4.2.2-42"],
    needs: [Filter, Users, Groups],
    breaks: [],
}

async fn group_members(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let (one, two) = (t.create(&users).await?, t.create(&users).await?);
    let mut body = t.body(&groups).await?;
    body["members"] = membership(t, &groups, &[&one, &two]);
    let group = t.create_from(&groups, &body).await?;
    t.create(&groups).await?;
    let stored = t.read(&group).await?;
    if stored["members"].as_array().is_none_or(Vec::is_empty) {
        return skip("the target does not show the members of a group (topic `membership`)");
    }
    let filter = format!("members.value eq {}", quoted(&two.id));
    let answer = t.search(&groups, &filter).await?;
    each(t, [exactly(&answer, &filter, &[&group.id])])?;
    // Entra's question about one group.
    let filter = format!("id eq {} and members.value eq {}", quoted(&group.id), quoted(&one.id));
    let answer = t.search(&groups, &filter).await?;
    exactly(&answer, &filter, &[&group.id])
}

check! {
    /// `groups.value eq "…"` selects the users that are in this group.
    ///
    /// Why: reviews of access begin with the members of a group.
    ///
    /// Fix: let filters see what is shown: where users show `groups`, join the memberships.
    USER_GROUPS = user_groups,
    id: "filter.user-groups",
    title: "users can be filtered for by their groups",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-38", "RFC7644-3.4.2.2-42"],
    needs: [Filter, Users, Groups],
    breaks: [],
}

async fn user_groups(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let user = t.create(&users).await?;
    let mut body = t.body(&groups).await?;
    body["members"] = membership(t, &groups, &[&user]);
    let group = t.create_from(&groups, &body).await?;
    let stored = t.read(&user).await?;
    let slot = place(&users, "groups.value");
    let shown =
        slot.is_some_and(|slot| values(&slot, &stored).iter().any(|value| *value == &json!(group.id)));
    if !shown {
        return skip("users do not show their `groups` (topic `membership`)");
    }
    let filter = format!("groups.value eq {}", quoted(&group.id));
    let answer = t.search(&users, &filter).await?;
    exactly(&answer, &filter, &[&user.id])
}

check! {
    /// Where the root of the server can be queried, filters work there as at an endpoint of one type, and an attribute that a type does
    /// not have counts as having no value.
    ///
    /// Why: a query of everything is an option. Where it is offered, clients take its filter as seriously as any other.
    ///
    /// Fix: evaluate the filter for each resource with the schema of its type; refuse queries of the root with 501 or 404 if they
    /// are not offered.
    ROOT = root,
    id: "filter.root",
    title: "filters work at the root of the server, where it can be queried",
    level: Must,
    requirements: [
        "RFC7644-3.4.2.1-02",
        "RFC7644-3.4.2.1-03",
        "RFC7644-3.4.2.1-05",
        "RFC7644-3.4.2.1-06",
    ],
    needs: [Filter, Users, Groups],
    breaks: [],
}

async fn root(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let word = t.ground().fresh_name();
    let Some(slot) = place(&users, "displayName") else { return skip("users have no `displayName`") };
    let probe = format!("displayName eq {}", quoted(&word));
    let answer = t.get(&target("/", &[("filter", &probe)])).await?;
    if answer.status != 200 || listed(&answer).is_err() {
        return skip(format!("the root of the target cannot be queried: {}", answer.said()));
    }
    let (mut user, mut group) = (t.body(&users).await?, t.body(&groups).await?);
    slot.set(&mut user, json!(word));
    group["displayName"] = json!(word);
    let name = user["userName"].clone();
    let user = t.create_from(&users, &user).await?;
    let group = t.create_from(&groups, &group).await?;
    let shows = |json: Value| slot.get(&json).and_then(Value::as_str) == Some(word.as_str());
    if !shows(t.read(&user).await?) {
        return skip("the target does not keep the `displayName` of users");
    }
    let both: &[&str] = &[&user.id, &group.id];
    let run = [
        (probe.clone(), both, "RFC7644-3.4.2.1-05"),
        (format!("{probe} and meta.resourceType eq \"{}\"", users.name()), &both[..1], "RFC7644-3.4.2.1-03"),
        (format!("userName eq {name}"), &both[..1], "RFC7644-3.4.2.1-06"),
        (format!("{probe} and userName pr"), &both[..1], "RFC7644-3.4.2.1-06"),
    ]
    .map(|(filter, expected, row)| async move {
        let answer = t.get(&target("/", &[("filter", &filter)])).await?;
        let row: &[&'static str] = match row {
            "RFC7644-3.4.2.1-03" => &["RFC7644-3.4.2.1-03"],
            "RFC7644-3.4.2.1-05" => &["RFC7644-3.4.2.1-05", "RFC7644-3.4.2.1-02"],
            _ => &["RFC7644-3.4.2.1-06"],
        };
        breaking(exactly(&answer, &filter, expected), row)
    });
    each(t, join_all(run).await)
}
