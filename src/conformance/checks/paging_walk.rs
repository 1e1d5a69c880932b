//! What a page says of the whole, and reading page after page (RFC 7644 §3.4.2, §3.4.2.4).

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::list::blocked_by_count;
use super::paging::{expect_held, expect_number, expect_total, page};
use super::query::{Field, Parameters, breaking, each, listed, target};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::Trial;
use crate::conformance::trial::cohort::SIZE;
use crate::conformance::verdict::{Flaw, Stop, Verdict};
use crate::protocol::message::member;

pub(super) const CHECKS: &[Check] = &[PAGE_SIZE, TOTAL, PARTIAL, ITEMS_PER_PAGE, INTEGERS, WALK, GROUPS];
check! {
    /// `totalResults` counts everything that matches, not what is on the page.
    ///
    /// Why: Okta stops reading when it has seen `totalResults` people. With the size of the page there, an import ends after the
    /// first one, and the rest is taken for deleted.
    ///
    /// Fix: count the matches with a query of its own.
    TOTAL = total,
    id: "paging.total",
    title: "totalResults counts all matches",
    level: Must,
    requirements: ["RFC7644-3.4.2-06"],
    needs: [Users, Filter, IndexPaging],
    breaks: [Okta, Entra, Ping],
}

async fn total(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let parameters: [Parameters<'_>; 3] = [&[("count", "1")], &[("startIndex", "5"), ("count", "5")], &[]];
    for parameters in parameters {
        let answer = page(&field, parameters).await?;
        t.soft(expect_number(&answer, "totalResults", SIZE))?;
    }
    Ok(())
}

check! {
    /// A list that is not complete has `startIndex` and `itemsPerPage`.
    ///
    /// Why: without them a client cannot tell where the next page begins.
    ///
    /// Fix: return both whenever not everything is on the page.
    PARTIAL = partial,
    id: "paging.partial",
    title: "an incomplete list has startIndex and itemsPerPage",
    level: Must,
    requirements: ["RFC7644-3.4.2-09", "RFC7644-3.4.2-10"],
    needs: [Users, IndexPaging],
    breaks: [Okta],
}

async fn partial(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let mut answer = field.ask(&[("startIndex", "1"), ("count", "2")]).await?;
    if let Err(stop) = blocked_by_count(t, &answer).await {
        // The second and all that follow are no complete list either.
        answer = field.ask(&[("startIndex", "2")]).await?;
        if answer.status != 200 {
            return Err(stop);
        }
    }
    answer.expect_status(&[200])?;
    let list = listed(&answer)?;
    if list.total.is_some_and(|total| total <= list.resources.len() as u64) {
        return Err(Stop::Blocked(format!(
            "{} holds all users (checks `paging.count` and `paging.start-index`)",
            answer.asked
        )));
    }
    for (name, row) in [("startIndex", "RFC7644-3.4.2-09"), ("itemsPerPage", "RFC7644-3.4.2-10")] {
        if member(list.object, name).is_none_or(Value::is_null) {
            let row: &[&'static str] =
                if row.ends_with("09") { &["RFC7644-3.4.2-09"] } else { &["RFC7644-3.4.2-10"] };
            t.note(
                answer
                    .flaw(format!("a list that is not complete has no `{name}`"))
                    .breaks(row)
                    .expected(format!("`{name}`"))
                    .got(format!("{} resources of {}", list.resources.len(), list.total.unwrap_or_default())),
            );
        }
    }
    Ok(())
}

check! {
    /// `itemsPerPage` is the number of resources on this page.
    ///
    /// Why: Okta's certification compares the two. Clients that add `itemsPerPage` to `startIndex` skip people when it tells what was
    /// asked for instead.
    ///
    /// Fix: return the length of `Resources`.
    ITEMS_PER_PAGE = items_per_page,
    id: "paging.items-per-page",
    title: "itemsPerPage is the number of resources on the page",
    level: Should,
    requirements: ["RFC7644-3.4.2.4-11"],
    needs: [Users, Filter, IndexPaging],
    breaks: [Okta],
}

async fn items_per_page(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let parameters: [Parameters<'_>; 2] =
        [&[("startIndex", "5"), ("count", "4")], &[("startIndex", "1"), ("count", "2")]];
    for parameters in parameters {
        let answer = page(&field, parameters).await?;
        let list = listed(&answer)?;
        if member(list.object, "itemsPerPage").is_some() {
            t.soft(expect_number(&answer, "itemsPerPage", list.resources.len()))?;
        }
    }
    Ok(())
}

check! {
    /// `totalResults`, `startIndex` and `itemsPerPage` are JSON numbers, whole and not negative.
    ///
    /// Why: typed clients cannot read `"10"`, and `-1` for «unknown» makes them stop.
    ///
    /// Fix: write them as numbers, without quotation marks.
    INTEGERS = integers,
    id: "paging.integers",
    title: "the numbers of a list are non-negative integers",
    level: Must,
    requirements: ["RFC7644-3.4.2.4-12"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn integers(t: &Trial) -> Verdict {
    let users = t.users()?;
    let answer = t.get(&target(users.endpoint(), &[("startIndex", "1"), ("count", "2")])).await?;
    blocked_by_count(t, &answer).await?;
    answer.expect_status(&[200])?;
    let object = answer.object()?;
    for name in ["totalResults", "startIndex", "itemsPerPage"] {
        let Some(value) = member(object, name).filter(|value| !value.is_null()) else { continue };
        if value.as_u64().is_none() {
            let flaw = answer.flaw(format!("`{name}` is no non-negative integer"));
            t.note(flaw.expected("a JSON number such as 2").got(value.to_string()));
        }
    }
    Ok(())
}

check! {
    /// Reading page after page meets every resource once, and `totalResults` stays the same.
    ///
    /// Why: an import that meets somebody twice or never creates duplicates, or deactivates people who are there. It happens when the
    /// order of a query is left to the database.
    ///
    /// Fix: order every paged query by something unique, for instance the id, even when nothing else was asked for.
    WALK = walk,
    id: "paging.walk",
    title: "page after page meets every resource once",
    level: Must,
    requirements: ["RFC7644-3.4.2.4-13", "RFC7644-3.4.2.4-14"],
    needs: [Users, Filter, IndexPaging],
    breaks: [Okta, Ping],
}

async fn walk(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let scope = field.scope().await?;
    let rule = &["RFC7644-3.4.2.4-14"];
    breaking(walked(t, field.kind().endpoint(), &scope, &field.everybody(), "2").await, rule)?;
    breaking(walked(t, field.kind().endpoint(), &scope, &field.everybody(), "4").await, rule)
}

/// Walks over what a filter selects and fails unless each of these is met once.
async fn walked(t: &Trial, endpoint: &str, filter: &str, expected: &[&str], count: &str) -> Verdict {
    let (mut met, mut start) = (Vec::new(), 1_usize);
    let mut last = None;
    for _ in 0..=expected.len() {
        let from = start.to_string();
        let parameters = [("filter", filter), ("startIndex", from.as_str()), ("count", count)];
        let answer = t.get(&target(endpoint, &parameters)).await?;
        answer.expect_status(&[200])?;
        let ids: Vec<String> = listed(&answer)?.ids().into_iter().map(str::to_owned).collect();
        let verdict = expect_total(t, endpoint, filter, &answer, expected.len()).await;
        t.soft(breaking(verdict, &["RFC7644-3.4.2.4-13"]))?;
        let is_end = ids.is_empty();
        start += ids.len();
        met.extend(ids);
        last = Some(answer);
        if is_end || met.len() >= expected.len() {
            break;
        }
    }
    let Some(answer) = last else { return Ok(()) };
    let distinct: BTreeSet<&str> = met.iter().map(String::as_str).collect();
    let missed = expected.iter().filter(|id| !distinct.contains(**id)).count();
    if missed == 0 && distinct.len() == met.len() {
        return Ok(());
    }
    Err(answer
        .flaw(format!("a walk with {count} resources a page does not meet every resource once"))
        .breaks(&["RFC7644-3.4.2.4-14"])
        .expected(format!("{} resources, each once", expected.len()))
        .got(format!("{} missed, {} met again", missed, met.len() - distinct.len()))
        .into())
}

check! {
    /// Groups are paged like users.
    ///
    /// Why: PingFederate reads all groups page by page to match them by name. A group that is never met is created again.
    ///
    /// Fix: order the query of `/Groups` by something unique, and apply `startIndex` and `count` there too.
    GROUPS = groups,
    id: "paging.groups",
    title: "groups are paged like users",
    level: Must,
    requirements: ["RFC7644-3.4.2.4-14", "RFC7644-3.4.2.4-08"],
    needs: [Groups, Filter, IndexPaging],
    breaks: [Ping],
}

async fn groups(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    let name = t.ground().fresh_name();
    let mut ids = Vec::new();
    for word in ["two", "one", "three"] {
        let mut body = t.body(&groups).await?;
        body["displayName"] = json!(format!("{name} {word}"));
        ids.push(t.create_from(&groups, &body).await?.id);
    }
    let expected: Vec<&str> = ids.iter().map(String::as_str).collect();
    let filter = format!("displayName sw \"{name}\"");
    let answer = t.search(&groups, &filter).await?;
    let is_found = answer.status == 200 && {
        let list = listed(&answer)?;
        let ids = list.ids();
        ids.iter().all(|id| expected.contains(id))
            && list.total.is_none_or(|total| total == expected.len() as u64)
    };
    if !is_found {
        return Err(Stop::Blocked(
            "groups cannot be found by `displayName sw` (check `filter.starts-with`)".to_owned(),
        ));
    }
    let first = t.get(&target(groups.endpoint(), &[("filter", &filter), ("count", "2")])).await?;
    each(t, [breaking(expect_held(&first, 2), &["RFC7644-3.4.2.4-08"])])?;
    breaking(walked(t, groups.endpoint(), &filter, &expected, "2").await, &["RFC7644-3.4.2.4-14"])
}

check! {
    /// A page holds 100 resources when so many are asked for.
    ///
    /// Why: Okta asks for a hundred users at a time and goes on by a hundred, whatever came. Of pages of ten it sees one person in
    /// ten.
    ///
    /// Fix: allow pages of at least 100 resources.
    PAGE_SIZE = page_size,
    id: "paging.page-size",
    title: "a page holds as many resources as Okta asks for",
    level: Interop,
    requirements: ["Q-P06"],
    needs: [Users, Filter, IndexPaging],
    breaks: [Okta],
}

async fn page_size(t: &Trial) -> Verdict {
    /// More than the small pages that servers like to have, and not too many to create.
    const MANY: usize = 21;
    let users = t.users()?;
    let limits = [("filter", "maxResults"), ("pagination", "maxPageSize")];
    let announced = limits.iter().filter_map(|(feature, name)| t.discovery().limit(feature, name)).min();
    if let Some(most) = announced.filter(|most| *most > 0 && *most < 100) {
        return Err(Flaw::new("ServiceProviderConfig announces pages that are smaller than Okta's")
            .expected("at least 100")
            .got(most.to_string())
            .into());
    }
    let name = t.ground().fresh_name();
    let mut bodies = Vec::new();
    for index in 0..MANY {
        let mut body = t.body(&users).await?;
        body["userName"] = json!(format!("{name}-{index}@example.com"));
        bodies.push(body);
    }
    for created in join_all(bodies.iter().map(|body| t.create_from(&users, body))).await {
        created?;
    }
    let filter = format!("userName sw \"{name}\"");
    let parameters = [("filter", filter.as_str()), ("startIndex", "1"), ("count", "100")];
    let answer = t.get(&target(users.endpoint(), &parameters)).await?;
    if answer.status != 200 || listed(&answer)?.total != Some(MANY as u64) {
        return Err(Stop::Blocked(
            "a listing cannot be confined to the users of the check (check `filter.starts-with`)".to_owned(),
        ));
    }
    expect_held(&answer, MANY)?;
    match listed(&answer)?.resources.len() {
        MANY => Ok(()),
        held => Err(answer
            .flaw("a page holds fewer resources than Okta asks for")
            .expected(format!("{MANY}, as 100 were asked for"))
            .got(held.to_string())
            .into()),
    }
}
