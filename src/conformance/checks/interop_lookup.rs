//! What identity providers send: the searches by which they find out whether somebody is there already.

use serde_json::{Value, json};

use super::interop::{
    Report, active, elements, expect_at_most, expect_no_crash, expect_only, is_found, kept, report, role,
    seen, text_of, unless_lost,
};
use super::query::breaking;
use super::team::membership;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Created, Trial, component};
use crate::conformance::verdict::{Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] = &[
    ANY_CASE,
    EXTERNAL_ID,
    UNQUOTED,
    WORK_EMAIL,
    MANAGER,
    GROUP,
    OPERATOR_CASE,
    SPECIAL,
    DEACTIVATED,
    ROLE_FILTER,
    ATTRIBUTE_FILTER,
];

check! {
    /// A userName is found in any letter case.
    ///
    /// Why: people are written differently in a directory and in an application. When Microsoft Entra ID or Okta does not find
    /// `Ada@example.com` as `ada@example.com` it creates her again, and the conflict stops her provisioning.
    ///
    /// Fix: compare userName by its case-folded form, in filters as well as for uniqueness.
    ANY_CASE = any_case,
    id: "interop.lookup-any-case",
    title: "a userName is found in any letter case",
    level: Interop,
    requirements: ["Q-L01", "RFC7643-4.1.1-05"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn any_case(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let member = &cohort.members[0];
    let name = text_of(&member.json, "userName")?;
    for other in [name.to_uppercase(), name.to_lowercase()] {
        let filter = component(&format!("userName eq \"{other}\""));
        let answer = t.get(&format!("{}?filter={filter}", cohort.kind.endpoint())).await?;
        let verdict = expect_only(&answer, member.id());
        t.soft(unless_lost(t, &cohort.kind, &member.json, verdict).await)?;
    }
    Ok(())
}

check! {
    /// externalId is stored and returned exactly as it was sent, and a search by it finds the one user.
    ///
    /// Why: Microsoft Entra ID and Rippling match people by externalId more and more. A server that drops it, or answers the search
    /// with everybody or an error, has everybody created twice or nobody at all.
    ///
    /// Fix: keep externalId per client as text, compare it exactly, index it, and support `externalId eq`.
    EXTERNAL_ID = external_id,
    id: "interop.lookup-external-id",
    title: "externalId is kept as sent and finds its user",
    level: Interop,
    requirements: ["Q-L02"],
    needs: [Users],
    breaks: [Entra],
}

async fn external_id(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let external = format!("Ext-{}", t.ground().fresh_name());
    body["externalId"] = json!(external);
    let answer = t.post(users.endpoint(), &body).await?;
    answer.expect_success()?;
    let user = t.created_by(&users, &answer)?;
    let read = t.get(&user.path).await?;
    let stored = read.resource()?.get("externalId");
    if stored.and_then(Value::as_str) != Some(external.as_str()) {
        t.note(
            read.flaw("externalId does not come back as it was sent")
                .expected(format!("\"{external}\""))
                .got(seen(stored)),
        );
    }
    let filter = component(&format!("externalId eq \"{external}\""));
    expect_only(&t.get(&format!("{}?filter={filter}", users.endpoint())).await?, &user.id)
}

check! {
    /// An operand without quotation marks is read as it is meant or refused with 400, but neither fails nor finds everybody.
    ///
    /// Why: Microsoft's documentation prints `externalId eq jyoung`, and its collection of test requests sends dates that way. A server
    /// that ignores what it cannot read answers with its whole directory, and the first user of it is taken for the match.
    ///
    /// Fix: answer 400 with scimType invalidFilter for what is no JSON value, or read a bare word as text. Never ignore a filter.
    UNQUOTED = unquoted,
    id: "interop.unquoted-operand",
    title: "an operand without quotation marks finds the match or is refused",
    level: Interop,
    requirements: ["Q-L03", "Q-L08"],
    needs: [Users],
    breaks: [Entra],
}

async fn unquoted(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let member = &cohort.members[0];
    let endpoint = cohort.kind.endpoint();
    let external = member.json.get("externalId").and_then(Value::as_str).unwrap_or("nobody");
    let answer =
        t.get(&format!("{endpoint}?filter={}", component(&format!("externalId eq {external}")))).await?;
    let verdict = breaking(expect_at_most(&answer, &[member.id()]), &["Q-L03"]);
    t.soft(unless_lost(t, &cohort.kind, &member.json, verdict).await)?;
    // A date that is long to come: whoever reads it finds nobody.
    let answer =
        t.get(&format!("{endpoint}?filter=meta.created%20gt%202999-10-10T14:38:21.8617979-07:00")).await?;
    let verdict = breaking(expect_at_most(&answer, &[]), &["Q-L08"]);
    t.soft(unless_lost(t, &cohort.kind, &member.json, verdict).await)?;
    Ok(())
}

check! {
    /// `emails[type eq "work"].value eq "…"` finds the user with that work address, and no other.
    ///
    /// RFC 7644 has no such form: what it has is `emails[type eq "work" and value eq "…"]`.
    ///
    /// Why: Microsoft Entra ID writes it when an administrator matches people by their e-mail address. A 400 stops the
    /// provisioning of everybody; a filter that is ignored links all of them to one account.
    ///
    /// Fix: read a sub-attribute and a comparison behind the brackets as one more condition on the same element.
    WORK_EMAIL = work_email,
    id: "interop.lookup-work-email",
    title: "emails[type eq \"work\"].value eq \"…\" finds the user",
    level: Interop,
    requirements: ["Q-L04"],
    needs: [Users, Filter],
    breaks: [Entra],
}

async fn work_email(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    kept(t, &cohort.kind, "emails.type").await?;
    kept(t, &cohort.kind, "emails.value").await?;
    let member = &cohort.members[1];
    let emails = elements(&member.json, "emails");
    let Some(work) =
        emails.iter().find(|email| email["type"] == "work").and_then(|email| email["value"].as_str())
    else {
        return skip("the target keeps no work address");
    };
    let find = |kind: &str| component(&format!("emails[type eq \"{kind}\"].value eq \"{work}\""));
    let endpoint = cohort.kind.endpoint();
    expect_only(&t.get(&format!("{endpoint}?filter={}", find("work"))).await?, member.id())?;
    // Whoever knows `work` only may refuse this, but not find somebody by it.
    expect_at_most(&t.get(&format!("{endpoint}?filter={}", find("other"))).await?, &[])
}

check! {
    /// `id eq "…" and manager eq "…"`, in either order and with `attributes=id`, says whether somebody has that manager.
    ///
    /// RFC 7644 would have `urn:…:User:manager.value`; here the URN and the sub-attribute are left out.
    ///
    /// Why: Microsoft Entra ID asks so before it writes the reference. Where the question is refused or never answered with yes, the
    /// manager is written again in every cycle.
    ///
    /// Fix: take a complex attribute without a sub-attribute for its `value`, and find `manager` in the enterprise extension.
    MANAGER = manager,
    id: "interop.lookup-manager",
    title: "id eq and manager eq together find the user with that manager",
    level: Interop,
    requirements: ["Q-L05"],
    needs: [Users, Filter, Enterprise],
    breaks: [Entra],
}

async fn manager(t: &Trial) -> Verdict {
    let Report { user, boss, .. } = report(t).await?;
    let find = async |filter: String| {
        t.get(&format!("{}?filter={}&attributes=id", user.kind.endpoint(), component(&filter))).await
    };
    let (own, his) = (&user.id, &boss.id);
    for filter in [
        format!("id eq \"{own}\" and manager eq \"{his}\""),
        format!("manager eq \"{his}\" and id eq \"{own}\""),
    ] {
        t.soft(expect_only(&find(filter).await?, own))?;
    }
    if t.is_clean() {
        expect_at_most(&find(format!("id eq \"{own}\" and manager eq \"{own}\"")).await?, &[])?;
    }
    Ok(())
}

check! {
    /// A group is found by its name, spaces included, and comes without members when `excludedAttributes=members` says so.
    ///
    /// Why: Microsoft Entra ID matches groups by this request. Members that come all the same make the answer for a large group so long
    /// that the request times out, and the group is created again.
    ///
    /// Fix: honour `excludedAttributes` in lists as well as for one resource, and do not load what is not shown.
    GROUP = group,
    id: "interop.lookup-group",
    title: "a group is found by a name with spaces and shown without its members",
    level: Interop,
    requirements: ["Q-L06"],
    needs: [Users, Groups],
    breaks: [Entra],
}

async fn group(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let user = t.create(&users).await?;
    let mut body = t.body(&groups).await?;
    let name = format!("EDU All {} personal", t.ground().fresh_name());
    body["displayName"] = json!(name);
    body["members"] = membership(t, &groups, &[&user]);
    let group = t.create_from(&groups, &body).await?;
    let filter = component(&format!("displayName eq \"{name}\""));
    let answer = t.get(&format!("{}?excludedAttributes=members&filter={filter}", groups.endpoint())).await?;
    expect_only(&answer, &group.id)?;
    let found = &answer.list()?.resources[0];
    if found.get("members").is_none_or(|members| members.as_array().is_some_and(Vec::is_empty)) {
        return Ok(());
    }
    Err(answer
        .flaw("the group that is found is shown with its members, which the request leaves out")
        .expected("no `members`")
        .got(seen(found.get("members")))
        .into())
}

check! {
    /// Operators and attribute names count in any letter case, and an attribute that nobody knows does not find everybody.
    ///
    /// Why: the filters of PingOne are `username Eq "…"` and `email Co "…"`. The first has to find the user; the second names no
    /// attribute of SCIM, and where it is ignored the whole directory is the match.
    ///
    /// Fix: compare operators and attribute names without regard to case, and answer 400 invalidFilter for what is not known.
    OPERATOR_CASE = operator_case,
    id: "interop.lookup-operator-case",
    title: "username Eq \"…\" finds the user",
    level: Interop,
    requirements: ["Q-L07"],
    needs: [Users],
    breaks: [Ping],
}

async fn operator_case(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let member = &cohort.members[3];
    let name = text_of(&member.json, "userName")?;
    let find = async |filter: String| {
        t.get(&format!("{}?filter={}", cohort.kind.endpoint(), component(&filter))).await
    };
    let verdict = expect_only(&find(format!("username Eq \"{name}\"")).await?, member.id());
    t.soft(unless_lost(t, &cohort.kind, &member.json, verdict).await)?;
    // A part of an address that the whole cohort has.
    let part = format!(".{}@", cohort.prefix);
    let all: Vec<&str> = cohort.members.iter().map(|member| member.id()).collect();
    let verdict = expect_at_most(&find(format!("email Co \"{part}\"")).await?, &all);
    t.soft(unless_lost(t, &cohort.kind, &member.json, verdict).await)?;
    Ok(())
}

check! {
    /// Names with a plus, an apostrophe, letters beyond ASCII or the word «and» are found by an `eq` filter.
    ///
    /// Why: `ada+test@…`, `o'neill@…` and `R and D` are ordinary names. A query that is decoded twice loses the plus, a filter that is
    /// pasted into SQL breaks at the apostrophe, and the user is not found and created again.
    ///
    /// Fix: decode the query once, read the operand as a JSON string, and hand it to the database as a parameter.
    SPECIAL = special,
    id: "interop.lookup-special-characters",
    title: "names with +, ', and, or letters beyond ASCII are found",
    level: Interop,
    requirements: ["Q-L16"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn special(t: &Trial) -> Verdict {
    let users = t.users()?;
    t.survey(&users).await?;
    let mut tried = 0;
    for shape in
        ["NAME+tag@example.com", "o'NAME@example.com", "zoëNAME@example.com", "a and NAME@example.com"]
    {
        let name = shape.replace("NAME", &t.ground().fresh_name());
        tried += usize::from(found_by_name(t, &users, "userName", &name).await?);
    }
    if let Ok(groups) = t.groups()
        && finds_groups(t, &groups).await?
    {
        for shape in ["R&D NAME", "say \"NAME\"", "back\\slash NAME", "50% (NAME) or not"] {
            let name = shape.replace("NAME", &t.ground().fresh_name());
            tried += usize::from(found_by_name(t, &groups, "displayName", &name).await?);
        }
    }
    match tried {
        0 => skip("the target takes none of these names"),
        _ => Ok(()),
    }
}

/// Whether a group of a plain name is found at all, which the check `interop.lookup-group` judges.
async fn finds_groups(t: &Trial, groups: &Kind) -> Result<bool, Stop> {
    let body = t.body(groups).await?;
    let created = t.create_from(groups, &body).await?;
    let name = text_of(&body, "displayName")?;
    is_found(t, groups, ("displayName", name), &created.id).await
}

/// Creates a resource of that name and looks for it; false where the name is not taken.
async fn found_by_name(t: &Trial, kind: &Kind, attribute: &str, name: &str) -> Result<bool, Stop> {
    let mut body = t.body(kind).await?;
    body[attribute] = json!(name);
    let answer = t.post(kind.endpoint(), &body).await?;
    if !answer.is_success() {
        return Ok(false);
    }
    let created = t.created_by(kind, &answer)?;
    // Only where the name is kept can it be found.
    if t.read(&created).await?.get(attribute).and_then(Value::as_str) != Some(name) {
        return Ok(false);
    }
    let filter = component(&format!("{attribute} eq {}", json!(name)));
    let answer = t.get(&format!("{}?filter={filter}", kind.endpoint())).await?;
    let verdict = expect_only(&answer, &created.id);
    if verdict.is_err() && attribute == "userName" {
        let plain = t.cohort().await?;
        t.soft(unless_lost(t, &plain.kind, &plain.members[0].json, verdict).await)?;
    } else {
        t.soft(verdict)?;
    }
    Ok(true)
}

check! {
    /// A deactivated user can still be read and is still found by userName.
    ///
    /// Why: deactivating is how identity providers take access away, and the next time they look for the same account. Where it has
    /// vanished, Okta and Microsoft Entra ID create it again and run into the conflict: the person never comes back.
    ///
    /// Fix: treat `active` as a value like any other: only DELETE makes a resource disappear from GET and from searches.
    DEACTIVATED = deactivated,
    id: "interop.deactivated-user-found",
    title: "a deactivated user can be read and is found",
    level: Interop,
    requirements: ["Q-L13", "Q-D02", "Q-D04", "Q-C16"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn deactivated(t: &Trial) -> Verdict {
    let users = t.users()?;
    active(&users)?;
    let body = t.body(&users).await?;
    let name = text_of(&body, "userName")?.to_owned();
    let user = t.create_from(&users, &body).await?;
    deactivate(t, &user, &body).await?;
    let answer = t.get(&user.path).await?;
    t.soft(breaking(answer.expect_status(&[200]), &["Q-D02", "Q-D04", "Q-L13"]))?;
    if answer.status == 200 && answer.resource()?["active"] != false {
        return Err(Stop::Blocked("deactivating has no effect (check `interop.okta-activation`)".to_owned()));
    }
    let filter = component(&format!("userName eq \"{name}\""));
    let found = t.get(&format!("{}?filter={filter}", users.endpoint())).await?;
    let verdict = breaking(expect_only(&found, &user.id), &["Q-L13", "Q-C16"]);
    if verdict.is_err() {
        // Where an active user is not found either, being inactive is not to blame.
        let cohort = t.cohort().await?;
        return unless_lost(t, &users, &cohort.members[0].json, verdict).await;
    }
    verdict
}

/// Deactivates a user by PATCH, or by PUT where there is no PATCH.
async fn deactivate(t: &Trial, user: &Created, body: &Value) -> Verdict {
    let answer = match t.lacks(Need::Patch).await? {
        None => {
            let operations = json!([{ "op": "replace", "path": "active", "value": false }]);
            t.patch(&user.path, operations).await?
        }
        Some(_) => {
            let mut inactive = body.clone();
            inactive["active"] = json!(false);
            t.put(&user.path, &inactive).await?
        }
    };
    match answer.is_success() {
        true => Ok(()),
        false => Err(Stop::Blocked(format!(
            "no user can be deactivated: {} answers {} (check `interop.okta-activation`)",
            answer.asked,
            answer.said()
        ))),
    }
}

check! {
    /// `roles[primary eq "True"]` compares a boolean: it finds what `roles[primary eq true]` finds, or is refused with 400.
    ///
    /// Why: Microsoft Entra ID compares `primary` with text. A server that takes the text literally finds nobody, and the role is
    /// written again in every cycle.
    ///
    /// Fix: read the text `True`, `true`, `False` and `false` as a boolean where the attribute is one.
    ROLE_FILTER = role_filter,
    id: "interop.lookup-role-primary",
    title: "primary eq \"True\" in a filter compares a boolean or is refused",
    level: Interop,
    requirements: ["Q-L15"],
    needs: [Users, Filter],
    breaks: [Entra],
}

async fn role_filter(t: &Trial) -> Verdict {
    let users = t.users()?;
    if !role(t).await? {
        return skip("the target does not keep `roles.primary`");
    }
    let mut body = t.body(&users).await?;
    let name = text_of(&body, "userName")?.to_owned();
    body["roles"] = json!([{ "value": t.ground().fresh_name(), "primary": true }]);
    let user = t.create_from(&users, &body).await?;
    let find = async |literal: &str| {
        let filter = component(&format!("userName eq \"{name}\" and roles[primary eq {literal}]"));
        t.get(&format!("{}?filter={filter}", users.endpoint())).await
    };
    if expect_only(&find("true").await?, &user.id).is_err() {
        return skip("the target does not search in `roles`");
    }
    for literal in ["\"true\"", "\"True\""] {
        let answer = find(literal).await?;
        t.soft(expect_at_most(&answer, &[&user.id]))?;
        if answer.is_success() {
            t.soft(expect_only(&answer, &user.id))?;
        }
    }
    Ok(())
}

check! {
    /// `attributes=emails[type eq "work"]`, which is no attribute notation, is refused with 400 or ignored, and does not fail.
    ///
    /// No identity provider is known to send it; Microsoft's published collection of test requests does. A violation stands in nobody's
    /// way, and the check runs when it is named.
    ///
    /// Why: a server that fails on what it cannot read will fail on the next surprise as well.
    ///
    /// Fix: read `attributes` as a list of attribute paths, and skip or refuse what is none.
    ATTRIBUTE_FILTER = attribute_filter,
    id: "interop.attributes-with-filter",
    title: "a filter in the parameter attributes does no harm",
    level: Interop,
    requirements: ["Q-L09"],
    needs: [Users],
    breaks: [],
}

async fn attribute_filter(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let path = format!("{}?attributes=emails%5Btype%20eq%20%22work%22%5D", cohort.members[0].created.path);
    let answer = t.get(&path).await?;
    expect_no_crash(&answer)?;
    if !answer.is_success() || answer.resource()?["id"] == cohort.members[0].id() {
        return Ok(());
    }
    Err(answer
        .flaw("the resource is shown without its id")
        .expected(format!("\"id\": \"{}\"", cohort.members[0].id()))
        .got(seen(answer.resource()?.get("id")))
        .into())
}
