//! The account lifecycle profile of OpenID IPSIE for SCIM, as far as a target can be seen from outside.
//!
//! A draft. Its rules about tokens, sessions, logs, rate limits and changes made inside the application cannot be seen here, or could
//! only be provoked by a flood of requests.

use serde_json::{Value, json};

use super::interop::{active, changes_one_text, expect, expect_only, first_full_page, known, member_ids};
use super::interop::{posted, references, seen, team, text_of};
use super::interop_profile::{expect_tls, scheme_types};
use super::query::breaking;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::discovery::{Role, Support};
use crate::conformance::trial::{Trial, component};
use crate::conformance::verdict::{Flaw, Verdict, skip};

pub(super) const CHECKS: &[Check] = &[
    DISCOVERY,
    ATTRIBUTES,
    UPDATE,
    ACTIVATION,
    DELETE,
    FILTERS,
    PAGING,
    GROUP_LOOKUP,
    ADD_MEMBERS,
    REMOVE_MEMBER,
    REMOVE_ALL,
    ERRORS,
    OAUTH,
    TLS,
];

check! {
    /// The three discovery endpoints are there, users and groups are among the resource types, both have a schema, and
    /// ServiceProviderConfig says that PATCH and filters are supported.
    ///
    /// Why: the IPSIE profile builds on both resource types, on PATCH and on filters, and wants an application to say so.
    ///
    /// Fix: serve `/ServiceProviderConfig`, `/ResourceTypes` and `/Schemas`, true to what the application does.
    DISCOVERY = discovery,
    id: "ipsie.discovery",
    title: "discovery names users, groups, PATCH and filters",
    level: Interop,
    requirements: ["IPSIE-19", "IPSIE-20", "IPSIE-21", "IPSIE-22", "IPSIE-23", "IPSIE-24"],
    needs: [],
    breaks: [Ipsie],
}

async fn discovery(t: &Trial) -> Verdict {
    let discovery = t.discovery();
    let endpoints =
        [("/ServiceProviderConfig", "IPSIE-21"), ("/ResourceTypes", "IPSIE-19"), ("/Schemas", "IPSIE-23")];
    for (path, rule) in endpoints {
        t.soft(breaking(t.get(path).await?.expect_status(&[200]), &[rule]))?;
    }
    for (role, name) in [(Role::User, "User"), (Role::Group, "Group")] {
        let kind = discovery.kind(role);
        if !kind.is_some_and(|kind| kind.is_published) {
            t.note(
                Flaw::new(format!("discovery has no {name}"))
                    .expected(format!("a resource type {name} with its schema"))
                    .got("none")
                    .breaks(&[if kind.is_some() { "IPSIE-24" } else { "IPSIE-20" }]),
            );
        }
    }
    for feature in ["patch", "filter"] {
        if let Support::No(reason) = discovery.supports(feature, "supported") {
            let flaw = Flaw::new(reason).expected(format!("{feature}.supported = true")).got("false");
            t.note(flaw.breaks(&["IPSIE-22"]));
        }
    }
    Ok(())
}

check! {
    /// A user keeps an identifier of the enterprise, such as externalId, and a primary e-mail address.
    ///
    /// Why: by the former the IPSIE profile tells whose account it is, by the latter it reaches the person.
    ///
    /// Fix: store and return `externalId` and `emails` with `primary`.
    ATTRIBUTES = attributes,
    id: "ipsie.user-attributes",
    title: "a user keeps externalId and a primary address",
    level: Interop,
    requirements: ["IPSIE-02", "IPSIE-03"],
    needs: [Users],
    breaks: [Ipsie],
}

async fn attributes(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let external = format!("Ext-{}", t.ground().fresh_name());
    let address = format!("{}@example.com", t.ground().fresh_name());
    body["externalId"] = json!(external);
    let mut email = json!({ "value": address, "primary": true });
    if known(&users, "emails.type").is_some() {
        email["type"] = json!("work");
    }
    body["emails"] = json!([email]);
    let (answer, _, stored) = posted(t, &users, &body).await?;
    if stored["externalId"] != external.as_str() {
        t.note(
            answer
                .flaw("externalId does not come back as it was sent")
                .expected(format!("\"{external}\""))
                .got(seen(stored.get("externalId")))
                .breaks(&["IPSIE-02"]),
        );
    }
    if stored.pointer("/emails/0/value").and_then(Value::as_str) != Some(address.as_str()) {
        t.note(
            answer
                .flaw("the primary e-mail address does not come back as it was sent")
                .expected(format!("\"{address}\""))
                .got(seen(stored.get("emails")))
                .breaks(&["IPSIE-03"]),
        );
    }
    Ok(())
}

check! {
    /// A user is updated by PATCH.
    ///
    /// Why: the IPSIE profile has no other way to change a user.
    ///
    /// Fix: implement PATCH (RFC 7644 §3.5.2).
    UPDATE = update,
    id: "ipsie.update-user",
    title: "PATCH updates a user",
    level: Interop,
    requirements: ["IPSIE-04"],
    needs: [Users],
    breaks: [Ipsie],
}

async fn update(t: &Trial) -> Verdict {
    changes_one_text(t).await
}

check! {
    /// A user is deactivated by PATCH, stays readable, and can be activated again.
    ///
    /// That sessions, tokens and keys of the user end with it, as the draft demands, cannot be seen by SCIM.
    ///
    /// Why: deactivation is what the lowest level of the IPSIE profile is about.
    ///
    /// Fix: store `active`, and end every access of somebody who is inactive.
    ACTIVATION = activation,
    id: "ipsie.activation",
    title: "PATCH deactivates a user and activates it again",
    level: Interop,
    requirements: ["IPSIE-05", "IPSIE-06"],
    needs: [Users],
    breaks: [Ipsie],
}

async fn activation(t: &Trial) -> Verdict {
    let users = t.users()?;
    let active = active(&users)?;
    let user = t.create(&users).await?;
    for value in [false, true] {
        let operations = json!([{ "op": "replace", "path": "active", "value": value }]);
        let answer = t.patch(&user.path, operations).await?;
        let rule = if value { "IPSIE-06" } else { "IPSIE-05" };
        breaking(answer.expect_success(), &[rule])?;
        let read = t.get(&user.path).await?;
        breaking(read.expect_status(&[200]), &[rule])?;
        breaking(expect(&answer, read.resource()?, &active, &json!(value)), &[rule])?;
    }
    Ok(())
}

check! {
    /// After a user was deleted, a new one with the same userName can be created.
    ///
    /// Why: the IPSIE profile demands it, so that somebody who comes back gets an account.
    ///
    /// Fix: leave deleted users out of the uniqueness check.
    DELETE = delete,
    id: "ipsie.delete-frees-name",
    title: "a deleted user's name can be used again",
    level: Interop,
    requirements: ["IPSIE-07", "IPSIE-08"],
    needs: [Users],
    breaks: [Ipsie],
}

async fn delete(t: &Trial) -> Verdict {
    let users = t.users()?;
    let body = t.body(&users).await?;
    let user = t.create_from(&users, &body).await?;
    breaking(t.delete(&user.path).await?.expect_success(), &["IPSIE-07"])?;
    breaking(posted(t, &users, &body).await, &["IPSIE-08"])?;
    Ok(())
}

check! {
    /// Users are found by `username eq`, `externalId eq` and `emails[value eq "…"]`, whatever ServiceProviderConfig says.
    ///
    /// Why: these are the three searches of the IPSIE profile.
    ///
    /// Fix: support `eq` on the three, attribute names in any letter case, and a value filter on `emails`.
    FILTERS = filters,
    id: "ipsie.filters",
    title: "users are found by username, externalId and emails[value eq …]",
    level: Interop,
    requirements: ["IPSIE-10", "IPSIE-11", "IPSIE-12"],
    needs: [Users],
    breaks: [Ipsie],
}

async fn filters(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let external = format!("Ext-{}", t.ground().fresh_name());
    body["externalId"] = json!(external);
    let name = text_of(&body, "userName")?.to_owned();
    let address = body.pointer("/emails/0/value").and_then(Value::as_str).map(str::to_owned);
    let user = t.create_from(&users, &body).await?;
    let mut filters = vec![format!("username eq \"{name}\""), format!("externalId eq \"{external}\"")];
    filters.extend(address.map(|address| format!("emails[value eq \"{address}\"]")));
    for filter in filters {
        let answer = t.get(&format!("{}?filter={}", users.endpoint(), component(&filter))).await?;
        let rule = match filter.split([' ', '[']).next() {
            Some("externalId") => "IPSIE-11",
            Some("emails") => "IPSIE-12",
            _ => "IPSIE-10",
        };
        t.soft(breaking(expect_only(&answer, &user.id), &[rule]))?;
    }
    Ok(())
}

check! {
    /// Users and groups can be read page by page, by index or by cursor.
    ///
    /// The limits on the rate of requests that the draft demands besides are not provoked here.
    ///
    /// Why: with the IPSIE profile everybody is read now and then, to find accounts that nobody manages.
    ///
    /// Fix: support `startIndex` and `count`, or cursors (RFC 9865).
    PAGING = paging,
    id: "ipsie.paging",
    title: "users and groups can be read page by page",
    level: Interop,
    requirements: ["IPSIE-09", "IPSIE-13"],
    needs: [Users],
    breaks: [Ipsie],
}

async fn paging(t: &Trial) -> Verdict {
    if t.lacks(Need::IndexPaging).await?.is_some() && t.lacks(Need::Cursor).await?.is_some() {
        return Err(Flaw::new("ServiceProviderConfig denies index paging and cursor paging")
            .expected("one of them")
            .got("neither")
            .into());
    }
    for kind in t.kinds().iter().filter(|kind| kind.role != Role::Other) {
        let rule = if kind.role == Role::Group { "IPSIE-13" } else { "IPSIE-09" };
        t.soft(breaking(first_full_page(t, kind).await, &[rule]))?;
        let answer = t.get(&format!("{}?startIndex=1&count=1", kind.endpoint())).await?;
        let listed = breaking(answer.list(), &[rule])?.resources.len();
        if listed > 1 {
            t.note(
                answer
                    .flaw(format!("{} ignores `count`", answer.asked))
                    .expected("one resource at most")
                    .got(format!("{listed} resources"))
                    .breaks(&[rule]),
            );
        }
    }
    Ok(())
}

check! {
    /// Groups are read and found without their members.
    ///
    /// Why: the IPSIE profile reads groups with `excludedAttributes=members` only, so that large ones do no harm.
    ///
    /// Fix: honour `excludedAttributes` for one group and in lists, and support `displayName eq`.
    GROUP_LOOKUP = group_lookup,
    id: "ipsie.group-lookup",
    title: "groups are read and found without their members",
    level: Interop,
    requirements: ["IPSIE-14", "IPSIE-15"],
    needs: [Users, Groups],
    breaks: [Ipsie],
}

async fn group_lookup(t: &Trial) -> Verdict {
    let team = team(t, 1, 0).await?;
    let stored = t.read(&team.group).await?;
    let name = text_of(&stored, "displayName")?;
    let filter = component(&format!("displayName eq \"{name}\""));
    let endpoint = team.group.kind.endpoint();
    let found = t.get(&format!("{endpoint}?filter={filter}&excludedAttributes=members")).await?;
    t.soft(breaking(expect_only(&found, &team.group.id), &["IPSIE-15"]))?;
    let read = t.get(&format!("{}?excludedAttributes=members", team.group.path)).await?;
    breaking(read.expect_status(&[200]), &["IPSIE-14"])?;
    let first = found.list().ok().and_then(|list| list.resources.first().cloned());
    for (answer, group, rule) in [(&read, read.json.clone(), "IPSIE-14"), (&found, first, "IPSIE-15")] {
        if group.is_some_and(|group| !member_ids(&group).is_empty()) {
            t.note(
                answer
                    .flaw(format!("{} shows the members that it leaves out", answer.asked))
                    .expected("no `members`")
                    .got("members")
                    .breaks(&[rule]),
            );
        }
    }
    Ok(())
}

check! {
    /// `add` with the path `members` and a list adds these members and keeps the others.
    ///
    /// Why: it is the only way of the IPSIE profile to give somebody a role.
    ///
    /// Fix: append to `members` (RFC 7644 §3.5.2.1).
    ADD_MEMBERS = add_members,
    id: "ipsie.add-members",
    title: "add with the path members adds members",
    level: Interop,
    requirements: ["IPSIE-16"],
    needs: [Users, Groups],
    breaks: [Ipsie],
}

async fn add_members(t: &Trial) -> Verdict {
    let team = team(t, 1, 2).await?;
    let add = json!([{ "op": "add", "path": "members", "value": references(&team.outside) }]);
    let all: Vec<_> = team.inside.iter().chain(&team.outside).collect();
    team.patch(t, add, &all).await
}

check! {
    /// `remove` with the path `members[value eq "<id>"]` and no value removes that member only.
    ///
    /// Conflict: draft-zollner-scim-interop-profile forbids paths that end with a filter; and Microsoft Entra ID, unless a flag is set, removes
    /// members by a list of values (check `interop.remove-listed-member`), which this draft does not have.
    ///
    /// Why: it is the only way of the IPSIE profile to take a role from somebody.
    ///
    /// Fix: evaluate the filter on each element, and remove those that match.
    REMOVE_MEMBER = remove_member,
    id: "ipsie.remove-member",
    title: "remove with members[value eq …] removes that member only",
    level: Interop,
    requirements: ["IPSIE-17"],
    needs: [Users, Groups],
    breaks: [Ipsie],
}

async fn remove_member(t: &Trial) -> Verdict {
    let team = team(t, 3, 0).await?;
    let [a, b, c] = &team.inside[..] else { return skip("there are no members") };
    let path = format!("members[value eq \"{}\"]", b.id);
    team.patch(t, json!([{ "op": "remove", "path": path }]), &[a, c]).await
}

check! {
    /// `remove` with the path `members` and no value removes all members.
    ///
    /// Why: this is how the IPSIE profile empties a role.
    ///
    /// Fix: leave the attribute unassigned (RFC 7644 §3.5.2.2).
    REMOVE_ALL = remove_all,
    id: "ipsie.remove-all-members",
    title: "remove with the path members removes all members",
    level: Interop,
    requirements: ["IPSIE-18"],
    needs: [Users, Groups],
    breaks: [Ipsie],
}

async fn remove_all(t: &Trial) -> Verdict {
    let team = team(t, 2, 0).await?;
    team.patch(t, json!([{ "op": "remove", "path": "members" }]), &[]).await
}

check! {
    /// Errors are SCIM Errors and tell nothing of the inside of the application.
    ///
    /// Why: the IPSIE profile forbids details that help an attacker: stack traces, statements of a database, paths of files.
    ///
    /// Fix: write `detail` for the administrator of the other side, and keep the rest in the log.
    ERRORS = errors,
    id: "ipsie.errors",
    title: "errors are SCIM Errors without internal details",
    level: Interop,
    requirements: ["IPSIE-26", "IPSIE-27"],
    needs: [Users],
    breaks: [Ipsie],
}

async fn errors(t: &Trial) -> Verdict {
    let users = t.users()?;
    let body = t.body(&users).await?;
    t.create_from(&users, &body).await?;
    let mut odd = t.body(&users).await?;
    odd["userName"] = json!({ "value": ["x"] });
    let answers = [
        t.get(&t.absent(&users).await?).await?,
        t.post(users.endpoint(), &body).await?,
        t.post(users.endpoint(), &odd).await?,
        t.get(&format!("{}?filter=userName%20eq", users.endpoint())).await?,
    ];
    for answer in answers.iter().filter(|answer| !answer.is_success()) {
        if !answer.is_scim_error() {
            t.note(
                answer
                    .flaw(format!("the body of the {} to {} is no SCIM Error", answer.status, answer.asked))
                    .expected("schemas with urn:ietf:params:scim:api:messages:2.0:Error")
                    .got(seen(answer.json.as_ref()))
                    .breaks(&["IPSIE-26"]),
            );
        }
        let text = String::from_utf8_lossy(&answer.body);
        let marks = [
            "Traceback (most recent",
            "\tat ",
            "\\n    at ",
            "UNIQUE constraint failed",
            "SQLSTATE",
            "Stack trace:",
        ];
        if let Some(mark) = marks.iter().find(|mark| text.contains(**mark)) {
            t.note(
                answer
                    .flaw(format!("the error to {} tells of the inside of the application", answer.asked))
                    .expected("a sentence for the other side")
                    .got(format!("`{}`", mark.trim()))
                    .breaks(&["IPSIE-27"]),
            );
        }
    }
    Ok(())
}

check! {
    /// OAuth 2.0 is among the ways to authenticate.
    ///
    /// What the draft says of the tokens themselves, such as JWT client authentication, the scope and the time they last, cannot be seen here.
    ///
    /// Conflict: most identity providers are given a bearer token today that an administrator copies.
    ///
    /// Why: the IPSIE profile wants tokens that are short-lived and bound to a client.
    ///
    /// Fix: accept access tokens of an OAuth 2.0 server, and name `oauth2` or `oauthbearertoken` in `authenticationSchemes`.
    OAUTH = oauth,
    id: "ipsie.oauth",
    title: "OAuth 2.0 is among the ways to authenticate",
    level: Interop,
    requirements: ["IPSIE-01"],
    needs: [],
    breaks: [Ipsie],
}

async fn oauth(t: &Trial) -> Verdict {
    let answer = t.get("/ServiceProviderConfig").await?;
    let types = scheme_types(&answer);
    match types.iter().any(|name| name == "oauth2" || name == "oauthbearertoken") {
        true => Ok(()),
        false => Err(answer
            .flaw("OAuth 2.0 is not among the authenticationSchemes")
            .expected("oauth2 or oauthbearertoken")
            .got(if types.is_empty() { "none".to_owned() } else { types.join(", ") })
            .into()),
    }
}

check! {
    /// The target is reached by TLS.
    ///
    /// Why: the IPSIE profile allows TLS 1.2 and later, and nothing without.
    ///
    /// Fix: serve SCIM below an https URL.
    TLS = tls,
    id: "ipsie.tls",
    title: "the target is reached by TLS",
    level: Interop,
    requirements: ["IPSIE-25"],
    needs: [],
    breaks: [Ipsie],
}

async fn tls(t: &Trial) -> Verdict {
    expect_tls(t).await
}
