//! What identity providers send: imports, page by page.

use std::collections::BTreeSet;

use serde_json::json;

use super::interop::{first_full_page, seen};
use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::{Kind, Role, Support};
use crate::conformance::trial::{Answer, Trial, component};
use crate::conformance::verdict::{Flaw, Stop, Verdict};

pub(super) const CHECKS: &[Check] = &[NUMBERS, ONE, USERS, GROUPS, HUNDRED];

check! {
    /// In a page, `totalResults`, `itemsPerPage` and `startIndex` are JSON integers, and `itemsPerPage` is the number of resources returned.
    ///
    /// Why: an import by Okta goes on by these numbers. Text in their place stops it, and an itemsPerPage that repeats the
    /// requested number makes it skip or repeat people.
    ///
    /// Fix: write the three members as numbers, count the resources of the page for itemsPerPage, and the matches for totalResults.
    NUMBERS = numbers,
    id: "interop.import-numbers",
    title: "itemsPerPage is the number returned, and paging members are integers",
    level: Interop,
    requirements: ["Q-P03", "RFC7644-3.4.2.4-11", "RFC7644-3.4.2.4-12"],
    needs: [Users, IndexPaging],
    breaks: [Okta],
}

async fn numbers(t: &Trial) -> Verdict {
    t.cohort().await?;
    for kind in t.kinds().iter().filter(|kind| kind.role != Role::Other) {
        let answer = t.get(&format!("{}?startIndex=1&count=100", kind.endpoint())).await?;
        let list = breaking(answer.list(), &["Q-P03"])?;
        for name in ["totalResults", "itemsPerPage", "startIndex"] {
            if list.number(name).is_none() {
                t.note(
                    answer
                        .flaw(format!("`{name}` is no integer in the answer to {}", answer.asked))
                        .expected("a JSON integer")
                        .got(seen(list.object.get(name)))
                        .breaks(&["Q-P03", "RFC7644-3.4.2.4-12"]),
                );
            }
        }
        if let Some(shown) = list.number("itemsPerPage") {
            let count = expect_count(&answer, shown, list.resources.len());
            t.soft(breaking(count, &["Q-P03", "RFC7644-3.4.2.4-11"]))?;
        }
    }
    Ok(())
}

fn expect_count(answer: &Answer, shown: i64, length: usize) -> Verdict {
    if usize::try_from(shown) == Ok(length) {
        return Ok(());
    }
    Err(answer
        .flaw("`itemsPerPage` is not the number of resources on the page")
        .expected(format!("itemsPerPage {length}"))
        .got(format!("itemsPerPage {shown}"))
        .into())
}

check! {
    /// `?count=1&startIndex=1` returns one resource and says so in `itemsPerPage`.
    ///
    /// Why: Okta's suite for entitlements asks every endpoint so and demands the 1. A server that ignores `count` sends its whole
    /// directory instead.
    ///
    /// Fix: cut the page to `count`, and count what is on it.
    ONE = one,
    id: "interop.one-item-page",
    title: "count=1 returns one resource and itemsPerPage 1",
    level: Interop,
    requirements: ["Q-T14"],
    needs: [IndexPaging],
    breaks: [Okta],
}

async fn one(t: &Trial) -> Verdict {
    for kind in t.kinds() {
        t.create(kind).await?;
        let answer = t.get(&format!("{}?count=1&startIndex=1", kind.endpoint())).await?;
        let list = answer.list()?;
        if list.resources.len() != 1 || list.number("itemsPerPage") != Some(1) {
            t.note(
                answer
                    .flaw(format!("a page of one {} is not what it should be", kind.name()))
                    .expected("one resource, itemsPerPage 1")
                    .got(format!(
                        "{} resources, itemsPerPage {}",
                        list.resources.len(),
                        seen(list.object.get("itemsPerPage"))
                    )),
            );
        }
    }
    Ok(())
}

check! {
    /// Users come page by page, each exactly once, in the same order the next time, with the same total on every page.
    ///
    /// Why: an import by Okta asks for `startIndex=1`, `101`, `201` and so on, in separate requests, until it has totalResults. Without a
    /// fixed order people are missing from the import, or are there twice.
    ///
    /// Fix: sort by something that does not change, such as the time of creation and then the id, and count all matches for the total.
    USERS = users,
    id: "interop.import-users",
    title: "users come page by page, each exactly once",
    level: Interop,
    requirements: ["Q-P01", "Q-P02"],
    needs: [Users, IndexPaging, Filter],
    breaks: [Okta],
}

async fn users(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let all: BTreeSet<&str> = cohort.members.iter().map(|member| member.id()).collect();
    breaking(pages(t, &cohort.kind, &cohort.scope(), &all).await, &["Q-P01"])
}

check! {
    /// Groups come page by page, each exactly once, in the same order the next time, with the same total on every page.
    ///
    /// Why: PingFederate reads all groups to look for a name among them, and Okta imports them. A group that falls between two pages is
    /// created a second time.
    ///
    /// Fix: sort by something that does not change, and count all matches for the total.
    GROUPS = groups,
    id: "interop.import-groups",
    title: "groups come page by page, each exactly once",
    level: Interop,
    requirements: ["Q-P07", "Q-L12", "Q-P01", "Q-P02"],
    needs: [Groups, IndexPaging, Filter],
    breaks: [Okta, Ping],
}

async fn groups(t: &Trial) -> Verdict {
    let groups = t.groups()?;
    let prefix = t.ground().fresh_name();
    let mut ids = Vec::new();
    for index in 0..4 {
        let mut body = t.body(&groups).await?;
        body["displayName"] = json!(format!("{prefix}-{index}"));
        ids.push(t.create_from(&groups, &body).await?.id);
    }
    let all = ids.iter().map(String::as_str).collect();
    let verdict = pages(t, &groups, &format!("displayName sw \"{prefix}-\""), &all).await;
    breaking(verdict, &["Q-P07", "Q-L12", "Q-P01"])
}

/// Goes through what a filter finds, two at a time, and then once more.
async fn pages(t: &Trial, kind: &Kind, filter: &str, all: &BTreeSet<&str>) -> Verdict {
    let first = walk(t, kind, filter, all).await?;
    let second = walk(t, kind, filter, all).await?;
    if first != second && t.is_clean() {
        let answer =
            t.get(&format!("{}?filter={}&startIndex=1&count=2", kind.endpoint(), component(filter))).await?;
        return Err(answer
            .flaw(format!("the order of {} resources changes from one walk to the next", kind.name()))
            .expected("the same order each time")
            .got("another order")
            .into());
    }
    Ok(())
}

async fn walk(t: &Trial, kind: &Kind, filter: &str, all: &BTreeSet<&str>) -> Result<Vec<String>, Stop> {
    let mut seen_ids: Vec<String> = Vec::new();
    let mut start = 1;
    for _ in 0..=all.len() {
        let query = format!("{}?filter={}&startIndex={start}&count=2", kind.endpoint(), component(filter));
        let answer = t.get(&query).await?;
        if answer.status == 400 || answer.status == 501 {
            return Err(Stop::Skip(format!(
                "the target does not search by `sw`: it answers {}",
                answer.said()
            )));
        }
        let list = answer.list()?;
        if list.total != Some(all.len() as u64) {
            t.note(
                answer
                    .flaw("totalResults is not the number of all matches")
                    .expected(format!("totalResults {}", all.len()))
                    .got(format!("totalResults {}", seen(list.object.get("totalResults"))))
                    .breaks(&["Q-P02"]),
            );
        }
        if list.resources.is_empty() {
            break;
        }
        start += list.resources.len();
        seen_ids.extend(list.ids().into_iter().map(str::to_owned));
        if start > all.len() {
            break;
        }
    }
    let distinct: BTreeSet<&str> = seen_ids.iter().map(String::as_str).collect();
    if distinct != *all || seen_ids.len() != all.len() {
        let missing = all.difference(&distinct).count();
        return Err(Flaw::new(format!(
            "the pages of {} resources do not add up to all of them",
            kind.name()
        ))
        .expected(format!("{} resources, each once", all.len()))
        .got(format!(
            "{} resources, {missing} of them missing, {} of them twice or not asked for",
            seen_ids.len(),
            seen_ids.len() + missing - all.len()
        ))
        .into());
    }
    Ok(seen_ids)
}

check! {
    /// A page of 100 is possible: `count=100` returns 100 resources where there are so many.
    ///
    /// Why: Okta asks for 100 and goes on with `startIndex=101`. A server that returns less and has more loses everybody
    /// in between.
    ///
    /// Fix: allow pages of at least 100 resources.
    HUNDRED = hundred,
    id: "interop.page-of-hundred",
    title: "a page holds 100 resources where there are so many",
    level: Interop,
    requirements: ["Q-P06"],
    needs: [Users, IndexPaging],
    breaks: [Okta],
}

async fn hundred(t: &Trial) -> Verdict {
    let users = t.users()?;
    let shown = first_full_page(t, &users).await? as u64;
    let filters = !matches!(t.discovery().supports("filter", "supported"), Support::No(_));
    for (feature, name) in [("pagination", "maxPageSize"), ("filter", "maxResults")] {
        let limit = t.discovery().limit(feature, name).filter(|limit| (1..100).contains(limit));
        let Some(limit) = limit.filter(|_| feature != "filter" || filters) else { continue };
        // A page that holds more than that says more than the announcement.
        if shown <= limit {
            return Err(Flaw::new(format!(
                "ServiceProviderConfig announces pages of at most {limit}: {feature}.{name}"
            ))
            .expected("100 or more")
            .got(limit.to_string())
            .into());
        }
    }
    Ok(())
}
