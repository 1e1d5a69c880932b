//! Lists (RFC 7644 §3.4.2): the message, and that everything is in it.

use serde_json::{Value, json};

use super::compare::{differences, get, get_in, has_id, look, named, quoted};
use super::query::breaking;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::discovery::Role;
use crate::conformance::trial::{Answer, Trial, or_nothing, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::{LIST_RESPONSE, member};

/// Ends a check whose query fails for the sake of `count` alone, which the checks of paging judge.
pub(super) async fn blocked_by_count(t: &Trial, answer: &Answer) -> Verdict {
    if answer.status < 500 {
        return Ok(());
    }
    let Some(kind) = t.kinds().first() else { return Ok(()) };
    let plain = t.get(kind.endpoint()).await?;
    let counted = t.get(&format!("{}?count=1", kind.endpoint())).await?;
    match plain.is_success() && counted.status >= 500 {
        true => {
            Err(Stop::Blocked(format!("{} answers {} (check `paging.count`)", counted.asked, counted.status)))
        }
        false => Ok(()),
    }
}

pub(super) const CHECKS: &[Check] =
    &[MESSAGE, NO_MATCH, COMPLETE, OWN_TYPE, SAME_AS_READ, UNKNOWN_PARAMETER, ROOT];

check! {
    /// A query is answered with a ListResponse: `schemas`, a whole number in `totalResults`, and `Resources` with resources.
    ///
    /// Why: every import and every look-up begins with a list. A member that is missing, misspelt or of the wrong type
    /// ends it, and a resource without id or schemas cannot be told from others.
    ///
    /// Fix: answer 200 with `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": n,
    /// "Resources": […]}`, each resource as GET by id shows it.
    MESSAGE = message,
    id: "list.message",
    title: "a query is answered with a ListResponse",
    level: Must,
    requirements: [
        "RFC7644-3.4.2-04", "RFC7644-3.4.2-05", "RFC7644-3.4.2-07", "RFC7644-3.4.2-08", "RFC7644-3.4.2-01",
        "RFC7644-3.4.2.4-12",
    ],
    needs: [],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn message(t: &Trial) -> Verdict {
    let mut asked: Vec<String> =
        t.kinds().iter().map(|kind| format!("{}?count=3", kind.endpoint())).collect();
    if let (Ok(users), true) = (t.users(), t.lacks(Need::Filter).await?.is_none()) {
        asked.push(format!("{}?filter=userName eq {}", users.endpoint(), quoted(&t.ground().fresh_name())));
    }
    for target in asked {
        let mut answer = t.get(&target).await?;
        if blocked_by_count(t, &answer).await.is_err() {
            answer = t.get(target.split('?').next().unwrap_or_default()).await?;
        }
        // A type of the target's own may be hidden from this client, or have no list.
        let own = t.kinds().iter().filter(|kind| kind.role == Role::Other);
        let is_own = own.into_iter().any(|kind| target.starts_with(kind.endpoint()));
        if answer.status == 403 || (is_own && !answer.is_success()) {
            continue;
        }
        t.soft(judge_message(t, &answer))?;
    }
    Ok(())
}

fn judge_message(t: &Trial, answer: &Answer) -> Verdict {
    breaking(answer.expect_status(&[200]), &["RFC7644-3.4.2-01"])?;
    let object = breaking(answer.object(), &["RFC7644-3.4.2-04"])?;
    let schemas = member(object, "schemas");
    if schemas != Some(&json!([LIST_RESPONSE])) {
        t.note(
            answer
                .flaw(format!("{} answers with something that is no ListResponse", answer.asked))
                .expected(format!("schemas [\"{LIST_RESPONSE}\"]"))
                .got(schemas.map_or_else(|| "no schemas".to_owned(), Value::to_string))
                .breaks(&["RFC7644-3.4.2-04"]),
        );
    }
    for name in ["totalResults", "itemsPerPage", "startIndex"] {
        let value = member(object, name).filter(|value| !value.is_null());
        let is_wrong = match value {
            None => name == "totalResults",
            Some(value) => value.as_u64().is_none(),
        };
        // Paging by cursor may leave the total out (RFC 9865 §2).
        let is_excused = value.is_none() && member(object, "nextCursor").is_some();
        if is_wrong && !is_excused {
            t.note(
                answer
                    .flaw(format!("`{name}` in the answer to {} is no whole number", answer.asked))
                    .expected("a whole number, 0 or more")
                    .got(value.map_or_else(|| "nothing".to_owned(), Value::to_string))
                    .breaks(if value.is_some() { &["RFC7644-3.4.2.4-12"] } else { &["RFC7644-3.4.2-05"] }),
            );
        }
    }
    let total = member(object, "totalResults").and_then(Value::as_u64).unwrap_or(0);
    let resources = match member(object, "Resources") {
        Some(Value::Array(resources)) => resources.as_slice(),
        None | Some(Value::Null) if total == 0 => &[],
        other => {
            return Err(answer
                .flaw(format!("the answer to {} has {total} results and no `Resources`", answer.asked))
                .expected("an array")
                .got(other.map_or_else(|| "nothing".to_owned(), Value::to_string))
                .breaks(&["RFC7644-3.4.2-07"])
                .into());
        }
    };
    if member(object, "Resources").is_some() && !object.contains_key("Resources") {
        t.note(
            answer
                .flaw("`Resources` is written in another letter case")
                .expected("Resources")
                .breaks(&["RFC7644-3.4.2-07"])
                .concern(),
        );
    }
    for resource in resources {
        let lacking: Vec<&str> =
            ["id", "schemas"].into_iter().filter(|name| get(resource, name).is_none()).collect();
        if !lacking.is_empty() {
            return Err(answer
                .flaw(format!(
                    "a resource in the answer to {} has no {}",
                    answer.asked,
                    lacking.join(" and ")
                ))
                .expected("a whole resource")
                .got(shortened(&resource.to_string()))
                .breaks(&["RFC7644-3.4.2-08"])
                .into());
        }
    }
    Ok(())
}

check! {
    /// A query that finds nothing succeeds: 200, `totalResults` 0 and no resources.
    ///
    /// Why: identity providers ask for a name before they create it. With 404 some stop, Entra ID puts the whole job into
    /// quarantine; with somebody else's account in the answer they change that one.
    ///
    /// Fix: answer an empty ListResponse with 200.
    NO_MATCH = no_match,
    id: "list.no-match",
    title: "a query that finds nothing answers 200 with totalResults 0",
    level: Must,
    requirements: ["RFC7644-3.4.2-11"],
    needs: [Users, Filter],
    breaks: [Okta, Entra, OneLogin, JumpCloud],
}

async fn no_match(t: &Trial) -> Verdict {
    let users = t.users()?;
    let filter = format!("userName eq {}", quoted(&t.ground().fresh_name()));
    let answer = t.search(&users, &filter).await?;
    let list = answer.list()?;
    if list.total == Some(0) && list.resources.is_empty() {
        return Ok(());
    }
    Err(answer
        .flaw("a query for a name that nobody has finds something")
        .expected("totalResults 0 and no resources")
        .got(format!("totalResults {}, {} resources", or_nothing(list.total), list.resources.len()))
        .into())
}

/// How many pages are walked, at most, and how long they are.
const PAGES: u64 = 6;
const PAGE: u64 = 200;

check! {
    /// A list without a filter has every resource of the type, those that are not active included.
    ///
    /// Why: imports and reconciliations read the whole list. Whoever is missing there is taken for gone and created again, or
    /// keeps an account that nobody knows of.
    ///
    /// Fix: leave nothing out of a list; a flag such as `active` is a value to filter by, not a reason to hide.
    COMPLETE = complete,
    id: "list.complete",
    title: "a list has every resource, inactive users included",
    level: Must,
    requirements: ["RFC7644-3.4.2-12"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn complete(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let mut missing: Vec<&str> = cohort.members.iter().map(|member| member.id()).collect();
    let mut evidence = None;
    // Others come and go while pages are turned, so that one walk alone proves nothing.
    for _ in 0..3 {
        let mut seen = 0;
        let mut start = 1;
        for page in 0..=PAGES {
            if page == PAGES {
                return skip("the target has more users than can be looked through");
            }
            let target = format!("{}?startIndex={start}&count={PAGE}", cohort.kind.endpoint());
            let answer = t.get(&target).await?;
            blocked_by_count(t, &answer).await?;
            let Ok(list) = answer.list() else {
                return Err(Stop::Blocked(format!("{} is no list (check `list.message`)", answer.asked)));
            };
            missing.retain(|id| !has_id(list.resources, id));
            let length = list.resources.len() as u64;
            seen += length;
            start += length;
            let is_last = length == 0 || list.total.is_none_or(|total| seen >= total);
            evidence = Some((answer.index, seen));
            if is_last || missing.is_empty() {
                break;
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
    }
    let (index, seen) = evidence.unwrap_or_default();
    let shown =
        |id: &&&str| cohort.members.iter().any(|m| m.id() == **id && m.json["active"] == json!(false));
    let inactive = missing.iter().filter(shown).count();
    Err(crate::conformance::verdict::Flaw::new("users that were created are not in the list of users")
        .at(index)
        .expected("all six that were created")
        .got(format!("{} are missing among {seen}; {inactive} of them are inactive", missing.len()))
        .into())
}

check! {
    /// A list at the endpoint of a type has resources of that type and of no other.
    ///
    /// Why: an import of users that finds groups among them creates people who are called like teams, and gives them accounts.
    ///
    /// Fix: query the resources of the type that the endpoint is for.
    OWN_TYPE = own_type,
    id: "list.own-type",
    title: "a list of users has no groups in it",
    level: Must,
    requirements: ["RFC7644-3.4.2-12", "RFC7644-3.4.2-01"],
    needs: [Users, Groups],
    breaks: [Okta, Entra],
}

async fn own_type(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let group = t.create(&groups).await?;
    let mut asked = vec![format!("{}?count={PAGE}", users.endpoint())];
    if t.lacks(Need::Filter).await?.is_none() {
        asked.push(format!("{}?filter=id eq {}", users.endpoint(), quoted(&group.id)));
    }
    for target in asked {
        let answer = t.get(&target).await?;
        let Ok(list) = answer.list() else { continue };
        let is_group = |resource: &&Value| {
            let name = get_in(resource, "meta", "resourceType").and_then(Value::as_str);
            name == Some(groups.name()) && groups.name() != users.name()
        };
        if let Some(stranger) = list.resources.iter().find(is_group) {
            return Err(answer
                .flaw("a list of users has a group in it")
                .expected("users only")
                .got(shortened(&stranger.to_string()))
                .breaks(&["RFC7644-3.4.2-12"])
                .into());
        }
    }
    Ok(())
}

check! {
    /// A list shows a resource as GET by its id does.
    ///
    /// Why: identity providers look accounts up in lists and compare what they find. A list that leaves attributes out, or is
    /// made from stale data, shows differences that are none, and changes are sent again and again.
    ///
    /// Fix: make both from the same stored resource, with the same default attributes.
    SAME_AS_READ = same_as_read,
    id: "list.same-as-read",
    title: "a list shows a resource as GET by id does",
    level: Must,
    requirements: ["RFC7644-3.4-01", "RFC7644-3.1-06"],
    needs: [Users, Filter],
    breaks: [Entra],
}

async fn same_as_read(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let member = cohort.named("delta");
    let Some(name) = get(&member.json, "userName").and_then(Value::as_str) else {
        return Err(Stop::Blocked("a user has no userName (check `user.user-name-shown`)".to_owned()));
    };
    let (answer, found) = named(t, &cohort.kind, name).await?;
    let Some(listed) = found.iter().find(|user| get(user, "id").and_then(Value::as_str) == Some(member.id()))
    else {
        return Err(Stop::Blocked(format!("{} does not find the user (topic `filter`)", answer.asked)));
    };
    let read = look(t, &member.created).await?;
    let found = differences(&cohort.kind, read.resource()?, listed, &[]);
    if found.is_empty() {
        return Ok(());
    }
    Err(answer
        .flaw("a list shows a user otherwise than GET by its id")
        .expected("the same resource")
        .got(found.join("; "))
        .breaks(&["RFC7644-3.1-06"])
        .into())
}

check! {
    /// A query parameter without a meaning is ignored.
    ///
    /// Why: Entra ID adds parameters to every request when a flag is set in its URL, and proxies add their own. A target that
    /// refuses them cannot be used at all.
    ///
    /// Fix: read the parameters that are known and leave the rest alone.
    UNKNOWN_PARAMETER = unknown_parameter,
    id: "list.unknown-parameter",
    title: "an unknown query parameter is ignored",
    level: Should,
    requirements: ["RFC7644-3.4.2-03"],
    needs: [Users],
    breaks: [Entra],
}

async fn unknown_parameter(t: &Trial) -> Verdict {
    let users = t.users()?;
    let answer = t.get(&format!("{}?count=1&foo=bar&unheard", users.endpoint())).await?;
    blocked_by_count(t, &answer).await?;
    answer.expect_status(&[200])?;
    if t.lacks(Need::Filter).await?.is_some() {
        return Ok(());
    }
    let cohort = t.cohort().await?;
    let scope = quoted(&cohort.prefix);
    let plain = t.get(&format!("{}?filter=userName sw {scope}", users.endpoint())).await?;
    let more = t.get(&format!("{}?filter=userName sw {scope}&foo=bar", users.endpoint())).await?;
    let (Ok(plain), Ok(with)) = (plain.list(), more.list()) else {
        return Ok(()); // `sw` need not be there; that is judged elsewhere.
    };
    let sorted = |list: crate::conformance::trial::Listed<'_>| {
        let mut ids: Vec<String> = list.ids().into_iter().map(str::to_owned).collect();
        ids.sort();
        ids
    };
    if sorted(plain) != sorted(with) {
        return Err(more.flaw("an unknown parameter changes what is found").into());
    }
    Ok(())
}

check! {
    /// Where the base URL itself answers queries, they cover the resources of every type.
    ///
    /// Why: a client that searches everything at once, by externalId for example, takes what is missing there for missing
    /// everywhere.
    ///
    /// Fix: search all types, or answer 404, 403 or 501 at the base URL.
    ROOT = root,
    id: "list.root",
    title: "a query at the base URL covers every resource type, where there is one",
    level: Must,
    requirements: ["RFC7644-3.4.2.1-01", "RFC7644-3.4.2.1-02"],
    needs: [Users, Groups, Filter],
    breaks: [],
}

async fn root(t: &Trial) -> Verdict {
    let tag = t.ground().fresh_name();
    let mut ids = Vec::new();
    for kind in [t.users()?, t.groups()?] {
        let mut body = t.body(&kind).await?;
        body["externalId"] = json!(tag);
        ids.push((t.create_from(&kind, &body).await?.id, kind.name().to_owned()));
    }
    let answer = t.get(&format!("/?filter=externalId eq {}", quoted(&tag))).await?;
    if answer.status >= 500 && answer.status != 501 {
        return Err(answer
            .flaw("a query at the base URL ends in an internal error")
            .expected("a list, or 404, 403 or 501")
            .got(answer.said())
            .breaks(&["RFC7644-3.4.2.1-01"])
            .concern()
            .into());
    }
    let Ok(list) = answer.list() else {
        return skip(format!("the base URL answers no queries ({})", answer.said()));
    };
    let absent: Vec<&str> =
        ids.iter().filter(|(id, _)| !has_id(list.resources, id)).map(|(_, kind)| kind.as_str()).collect();
    if absent.is_empty() {
        return Ok(());
    }
    let flaw = answer
        .flaw(format!("a query at the base URL does not find the {}", absent.join(" and the ")))
        .expected("a user and a group with that externalId")
        .got(format!("{} resources", list.resources.len()))
        .breaks(&["RFC7644-3.4.2.1-02"]);
    // Where it finds neither, it may be the filter that is not understood there.
    Err(if absent.len() == ids.len() { flaw.concern() } else { flaw }.into())
}
