//! `excludedAttributes`: what is left out, and what stays (RFC 7644 §3.4.2.5, §3.9).

use super::list::blocked_by_count;
use super::projection::{
    blocked_without_excluded, expect_part, expect_without, listing, name_parts, names, others, resource,
    shown,
};
use super::query::{Field, breaking, listed, target};
use super::team::membership;
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Slot, Trial, or_nothing};
use crate::conformance::verdict::{Verdict, skip};
use crate::protocol::schema::Returned;

pub(super) const CHECKS: &[Check] = &[
    EXCLUDED,
    EXCLUDED_LIST,
    EXCLUDED_KEEPS_ID,
    EXCLUDED_KEEPS_EXTENSIONS,
    EXCLUDED_PART,
    EXCLUDED_QUALIFIED,
    EXCLUDED_MEMBERS,
    BOTH,
];
check! {
    /// `excludedAttributes` leaves out these attributes, and returns the rest of what is returned by default.
    ///
    /// Why: clients leave out photos, certificates and members, which make answers large. What they do not leave out they rely on.
    ///
    /// Fix: take the named attributes from the default set, at every place where resources are returned.
    EXCLUDED = excluded,
    id: "projection.excluded",
    title: "excludedAttributes leaves out what it names, and nothing else",
    level: Must,
    requirements: ["RFC7644-3.4.2.5-02", "RFC7644-3.9-11"],
    needs: [Users],
    breaks: [Entra],
}

async fn excluded(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let others = others(&field, "delta");
    if others.is_empty() {
        return skip("users show nothing but `userName`");
    }
    let gone: Vec<&str> = others.iter().rev().take(2).map(String::as_str).collect();
    let answer = shown(&field, "delta", &[("excludedAttributes", &gone.join(","))]).await?;
    breaking(expect_without(&answer, &field.member("delta").json, &gone), &["RFC7644-3.4.2.5-02"])
}

check! {
    /// `excludedAttributes` works for lists as for single resources.
    ///
    /// Why: it is in lists that size matters.
    ///
    /// Fix: apply the projection to every resource of a list.
    EXCLUDED_LIST = excluded_list,
    id: "projection.excluded-list",
    title: "excludedAttributes works in lists",
    level: Must,
    requirements: ["RFC7644-3.4.2.5-02", "RFC7644-3.9-11"],
    needs: [Users],
    breaks: [Entra],
}

async fn excluded_list(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    // What every user of the run has: the list may show any of them.
    let body = t.body(field.kind()).await?;
    let mut others = others(&field, "delta");
    others.retain(|name| body.get(name.as_str()).is_some());
    let Some(gone) = others.pop() else { return skip("users show nothing but `userName`") };
    let answer = field.ask(&[("excludedAttributes", &gone), ("count", "3")]).await?;
    blocked_by_count(t, &answer).await?;
    answer.expect_status(&[200])?;
    let list = listed(&answer)?;
    for user in list.resources {
        let found = names(user);
        let is_ours = field.cohort.members.iter().find(|member| user["id"] == member.json["id"]);
        let lost = is_ours.is_some() && !found.contains("username");
        if found.contains(&gone.to_lowercase()) || !found.contains("id") || lost {
            let rule = match found.contains(&gone.to_lowercase()) {
                true => "RFC7644-3.4.2.5-02",
                false => "RFC7644-3.9-11",
            };
            return Err(answer
                .flaw(format!("`excludedAttributes={gone}` is not applied to a list"))
                .expected(format!("everything but `{gone}`"))
                .got(listing(user))
                .breaks(&[rule])
                .into());
        }
    }
    Ok(())
}

check! {
    /// What is always returned cannot be excluded: `id`, and whatever the schema says `returned: always` of.
    ///
    /// Why: without the id a client cannot do anything with the resource.
    ///
    /// Fix: add the attributes that are always returned after the projection.
    EXCLUDED_KEEPS_ID = excluded_keeps_id,
    id: "projection.excluded-keeps-id",
    title: "excludedAttributes does not leave out what is always returned",
    level: Must,
    requirements: ["RFC7644-3.4.2.5-05", "RFC7644-3.9-10", "RFC7643-3.1-14", "RFC7643-7-27"],
    needs: [Users],
    breaks: [],
}

async fn excluded_keeps_id(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let json = &field.member("delta").json;
    let always: Vec<String> = field
        .kind()
        .schema
        .core
        .attributes
        .iter()
        .filter(|attribute| attribute.returned == Returned::Always)
        .map(|attribute| attribute.name.clone())
        .filter(|name| !name.eq_ignore_ascii_case("id") && names(json).contains(&name.to_lowercase()))
        .collect();
    let list = ["id".to_owned()].into_iter().chain(always.clone()).collect::<Vec<_>>().join(",");
    for parameters in [[("excludedAttributes", list.as_str())], [("attributes", "meta")]] {
        let answer = shown(&field, "delta", &parameters).await?;
        for name in ["id".to_owned()].iter().chain(&always) {
            if !names(resource(&answer)).contains(&name.to_lowercase()) {
                let flaw = answer
                    .flaw(format!("the answer to {} lacks `{name}`, which is always returned", answer.asked));
                let rules: &[&'static str] = match (parameters[0].0, name.as_str()) {
                    ("attributes", "id") => &["RFC7643-3.1-14", "RFC7643-7-27"],
                    ("attributes", _) => &["RFC7643-7-27"],
                    (_, "id") => &["RFC7644-3.4.2.5-05", "RFC7644-3.9-10", "RFC7643-3.1-14", "RFC7643-7-27"],
                    _ => &["RFC7644-3.4.2.5-05", "RFC7644-3.9-10", "RFC7643-7-27"],
                };
                let flaw = flaw.expected(name.clone()).got(resource(&answer).to_string());
                t.note(flaw.breaks(rules));
            }
        }
    }
    Ok(())
}

check! {
    /// Extensions stay when `excludedAttributes` names something else.
    ///
    /// Why: a client that sees a person without a department writes the department again, in every cycle.
    ///
    /// Fix: take the excluded attributes away from the whole resource; do not build it anew from the base schema.
    EXCLUDED_KEEPS_EXTENSIONS = excluded_keeps_extensions,
    id: "projection.excluded-keeps-extensions",
    title: "excludedAttributes leaves extensions alone",
    level: Must,
    requirements: ["RFC7644-3.9-11"],
    needs: [Users],
    breaks: [Entra],
}

async fn excluded_keeps_extensions(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let json = &field.member("delta").json;
    let kept: Vec<&Slot> =
        field.cohort.places.extended.iter().filter(|slot| slot.get(json).is_some()).collect();
    if kept.is_empty() {
        return skip("the target keeps no text of an extension of users");
    }
    let Some(gone) = others(&field, "delta").pop() else { return skip("users show nothing but `userName`") };
    let answer = shown(&field, "delta", &[("excludedAttributes", &gone)]).await?;
    for slot in kept {
        if slot.get(resource(&answer)) != slot.get(json) {
            let flaw = answer.flaw(format!("`excludedAttributes={gone}` leaves out `{}`", slot.path()));
            t.note(flaw.expected(or_nothing(slot.get(json))).got(or_nothing(slot.get(resource(&answer)))));
        }
    }
    Ok(())
}

check! {
    /// A sub-attribute in `excludedAttributes` leaves out this part only.
    ///
    /// Why: with the whole name gone, the person looks as if there were none.
    ///
    /// Fix: resolve the part after the dot, and take it away from the complex value.
    EXCLUDED_PART = excluded_part,
    id: "projection.excluded-part",
    title: "excludedAttributes takes sub-attributes",
    level: Must,
    requirements: ["RFC7644-3.9-12"],
    needs: [Users],
    breaks: [],
}

async fn excluded_part(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let (family, given) = name_parts(&field)?;
    blocked_without_excluded(t, &field.member("delta").created.path, "name").await?;
    let answer = shown(&field, "delta", &[("excludedAttributes", "name.givenName")]).await?;
    expect_part(t, &answer, &family, &given, &field.member("delta").json);
    expect_without(&answer, &field.member("delta").json, &[])
}

check! {
    /// `excludedAttributes` takes names with their URN, of the base schema and of extensions.
    ///
    /// Why: an attribute of an extension can only be named so.
    ///
    /// Fix: match the known schema URNs first, and split the rest at the dot.
    EXCLUDED_QUALIFIED = excluded_qualified,
    id: "projection.excluded-qualified",
    title: "excludedAttributes takes qualified names",
    level: Must,
    requirements: ["RFC7644-3.10-01", "RFC7644-3.9-11"],
    needs: [Users],
    breaks: [],
}

async fn excluded_qualified(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let json = &field.member("delta").json;
    if let Some(other) = others(&field, "delta").pop() {
        blocked_without_excluded(t, &field.member("delta").created.path, &other).await?;
        let name = format!("{}:{other}", field.kind().schema.core.id);
        let answer = shown(&field, "delta", &[("excludedAttributes", &name)]).await?;
        t.soft(breaking(expect_without(&answer, json, &[&other]), &["RFC7644-3.10-01"]))?;
    }
    let Some(slot) = field.cohort.places.extended.iter().find(|slot| slot.get(json).is_some()) else {
        return Ok(());
    };
    let answer = shown(&field, "delta", &[("excludedAttributes", &slot.path())]).await?;
    match slot.get(resource(&answer)) {
        None => Ok(()),
        Some(value) => Err(answer
            .flaw(format!("`excludedAttributes={}` does not leave the attribute out", slot.path()))
            .expected("no such attribute")
            .got(value.to_string())
            .breaks(&["RFC7644-3.10-01"])
            .into()),
    }
}

check! {
    /// `excludedAttributes=members` leaves out the members of groups, in lists and for one group.
    ///
    /// Why: Entra asks for every group this way. Members that come nevertheless make answers of megabytes, and the requests time
    /// out.
    ///
    /// Fix: do not even load the members when they are excluded.
    EXCLUDED_MEMBERS = excluded_members,
    id: "projection.excluded-members",
    title: "excludedAttributes=members leaves out the members of groups",
    level: Must,
    requirements: ["RFC7644-3.4.2.5-02", "RFC7644-3.9-11"],
    needs: [Users, Groups],
    breaks: [Entra],
}

async fn excluded_members(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let user = t.create(&users).await?;
    let mut body = t.body(&groups).await?;
    body["members"] = membership(t, &groups, &[&user]);
    let name = body["displayName"].to_string();
    let group = t.create_from(&groups, &body).await?;
    let stored = t.read(&group).await?;
    if !names(&stored).contains("members") {
        return skip("the target does not show the members of a group (topic `membership`)");
    }
    let answer = t.get(&target(&group.path, &[("excludedAttributes", "members")])).await?;
    answer.expect_status(&[200])?;
    t.soft(breaking(expect_without(&answer, &stored, &["members"]), &["RFC7644-3.4.2.5-02"]))?;
    let filter = format!("displayName eq {name}");
    let parameters = [("excludedAttributes", "members"), ("filter", filter.as_str())];
    let answer = t.get(&target(groups.endpoint(), &parameters)).await?;
    if answer.status != 200 {
        return Ok(());
    }
    for group in listed(&answer)?.resources {
        if names(group).contains("members") {
            let flaw = answer.flaw("a list of groups holds members that were excluded");
            let flaw = flaw.expected("no `members`").got(group["members"].to_string());
            return Err(flaw.breaks(&["RFC7644-3.4.2.5-02"]).into());
        }
    }
    Ok(())
}

check! {
    /// `attributes` and `excludedAttributes` together contradict each other: the request is refused with 400, or one of them counts.
    ///
    /// Why: no RFC says what the two mean together; a client that sends both must not make the server fail.
    ///
    /// Fix: answer 400 invalidValue, or let `attributes` win.
    BOTH = both,
    id: "projection.both",
    title: "attributes and excludedAttributes together do not fail",
    level: Should,
    requirements: ["RFC7644-3.9-03"],
    needs: [Users],
    breaks: [],
}

async fn both(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let parameters = [("attributes", "userName"), ("excludedAttributes", "name")];
    let answer = t.get(&target(&field.member("delta").created.path, &parameters)).await?;
    answer.expect_status(&[200, 400])?;
    if answer.status == 200 && !names(resource(&answer)).contains("id") {
        return Err(answer
            .flaw("a resource has no `id`")
            .expected("id")
            .got(resource(&answer).to_string())
            .into());
    }
    Ok(())
}
