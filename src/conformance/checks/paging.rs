//! `startIndex` and `count` (RFC 7644 §3.4.2.4).
//!
//! Other checks create and delete users at the same time, so that what counts resources is confined to the cohort.

use futures_util::future::join_all;
use serde_json::Value;

use super::query::{Field, Parameters, breaking, each, listed, target};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::cohort::SIZE;
use crate::conformance::trial::{Answer, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::member;

pub(super) const CHECKS: &[Check] = &[
    COUNT,
    COUNT_ZERO,
    COUNT_NEGATIVE,
    HUGE_COUNT,
    NO_COUNT,
    MAX_RESULTS,
    START_INDEX,
    START_BELOW_ONE,
    BEYOND_END,
    NOT_A_NUMBER,
];

/// A page of the cohort.
pub(super) async fn page(field: &Field<'_>, parameters: Parameters<'_>) -> Result<Answer, Stop> {
    let scope = field.scope().await?;
    let mut all = vec![("filter", scope.as_str())];
    all.extend(parameters);
    let answer = field.ask(&all).await?;
    answer.expect_status(&[200])?;
    Ok(answer)
}

/// Fails unless a page holds as many resources as it can: a server may return fewer, but not none.
pub(super) fn expect_held(answer: &Answer, most: usize) -> Verdict {
    let held = listed(answer)?.resources.len();
    if held <= most && (held > 0) == (most > 0) {
        return Ok(());
    }
    Err(answer
        .flaw(format!("{} holds the wrong number of resources", answer.asked))
        .expected(most.to_string())
        .got(held.to_string())
        .into())
}

/// Fails unless a number of a list is this.
pub(super) fn expect_number(answer: &Answer, name: &str, expected: usize) -> Verdict {
    let found = member(answer.object()?, name);
    // A number in quotation marks is judged by `paging.integers`.
    let number = found.and_then(|n| n.as_u64().or_else(|| n.as_str()?.parse().ok()));
    if number == Some(expected as u64) {
        return Ok(());
    }
    Err(answer
        .flaw(format!("`{name}` in the answer to {} is wrong", answer.asked))
        .expected(format!("\"{name}\": {expected}"))
        .got(format!("\"{name}\": {}", found.unwrap_or(&Value::Null)))
        .into())
}

check! {
    /// A page holds at most `count` resources.
    ///
    /// Why: a client that asks for 100 has room for 100. Okta's connection test asks for one.
    ///
    /// Fix: limit the query by `count`.
    COUNT = count,
    id: "paging.count",
    title: "a page holds at most count resources",
    level: Must,
    requirements: ["RFC7644-3.4.2.4-08"],
    needs: [Users, IndexPaging],
    breaks: [Okta, Ping],
}

async fn count(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    for (count, most) in [("1", 1), ("2", 2)] {
        let answer = field.ask(&[("startIndex", "1"), ("count", count)]).await?;
        answer.expect_status(&[200])?;
        let held = listed(&answer)?.resources.len();
        if held > most {
            let flaw = answer.flaw(format!("a page holds more resources than `count={count}` allows"));
            t.note(flaw.expected(format!("at most {most}")).got(held.to_string()));
        } else if held == 0 {
            let flaw = answer.flaw(format!("a page with `count={count}` is empty, although there are users"));
            t.note(flaw.expected("a user").got("no resources"));
        }
    }
    Ok(())
}

check! {
    /// `count=0` asks for the number of results only: `totalResults` and no resources.
    ///
    /// Why: it is the cheap way to count. Taken for «no limit» it returns the whole directory.
    ///
    /// Fix: treat 0 as a number, not as «not given».
    COUNT_ZERO = count_zero,
    id: "paging.count-zero",
    title: "count=0 returns totalResults and no resources",
    level: Must,
    requirements: ["RFC7644-3.4.2.4-07"],
    needs: [Users, IndexPaging],
    breaks: [],
}

async fn count_zero(t: &Trial) -> Verdict {
    only_the_total(t, "0").await
}

check! {
    /// A negative `count` is taken for 0.
    ///
    /// Why: a database that gets a negative limit fails, or returns everything.
    ///
    /// Fix: take the larger of `count` and 0.
    COUNT_NEGATIVE = count_negative,
    id: "paging.count-negative",
    title: "a negative count is taken for 0",
    level: Must,
    requirements: ["RFC7644-3.4.2.4-06"],
    needs: [Users, IndexPaging],
    breaks: [],
}

async fn count_negative(t: &Trial) -> Verdict {
    only_the_total(t, "-1").await
}

async fn only_the_total(t: &Trial, count: &str) -> Verdict {
    let field = Field::of(t).await?;
    let answer = match page(&field, &[("count", count)]).await {
        Err(Stop::Skip(_)) => {
            // Without filters the total is anybody's.
            let answer = field.ask(&[("count", count)]).await?;
            answer.expect_status(&[200])?;
            return expect_held(&answer, 0);
        }
        answer => answer?,
    };
    each(t, [expect_held(&answer, 0), expect_number(&answer, "totalResults", SIZE)])
}

check! {
    /// A `count` that is larger than what the server returns at once gives a smaller page, not an error.
    ///
    /// Why: clients do not know the limit of every server. Many ask for 1000 and go on from what they get.
    ///
    /// Fix: take the smaller of `count` and the limit.
    HUGE_COUNT = huge_count,
    id: "paging.huge-count",
    title: "a huge count is cut, not refused",
    level: Should,
    requirements: ["RFC7644-3.4.2.4-09"],
    needs: [Users, IndexPaging],
    breaks: [],
}

async fn huge_count(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    for count in ["1000000", "2147483647"] {
        let scope = field.scope().await?;
        let answer = field.ask(&[("filter", &scope), ("count", count)]).await?;
        t.soft(answer.expect_status(&[200]))?;
        if answer.status == 200 {
            t.soft(expect_held(&answer, SIZE))?;
        }
    }
    // No number of any usual kind: it may be refused, but must not make the server fail.
    let answer = field.ask(&[("count", "99999999999999999999999"), ("startIndex", "100000000")]).await?;
    t.soft(answer.expect_status(&[200, 400, 404]))?;
    Ok(())
}

check! {
    /// Without `count` the server chooses the size of the page, and tells the whole number of results all the same.
    ///
    /// Why: a list that was cut and does not say so looks complete; whoever is missing from it is taken for deleted.
    ///
    /// Fix: return `totalResults` for all matches, and `startIndex` and `itemsPerPage` whenever the list was cut.
    NO_COUNT = no_count,
    id: "paging.no-count",
    title: "a list that the server cuts says so",
    level: Must,
    requirements: ["RFC7644-3.4.2.4-10"],
    needs: [Users, Filter, IndexPaging],
    breaks: [Okta, Entra],
}

async fn no_count(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let answer = page(&field, &[]).await?;
    let list = listed(&answer)?;
    let (users, scope) = (field.kind().endpoint(), field.scope().await?);
    t.soft(expect_total(t, users, &scope, &answer, SIZE).await)?;
    if list.resources.len() < SIZE && member(list.object, "nextCursor").is_none() {
        each(
            t,
            [
                expect_number(&answer, "startIndex", 1),
                expect_number(&answer, "itemsPerPage", list.resources.len()),
            ],
        )?;
    }
    Ok(())
}

check! {
    /// No page holds more resources than ServiceProviderConfig announces with `filter.maxResults`, and a request for more gets as many
    /// as that.
    ///
    /// Why: clients plan with the number. Okta asks for 100 at once whatever it says.
    ///
    /// Fix: cut pages at `filter.maxResults`, or announce the real limit.
    MAX_RESULTS = max_results,
    id: "paging.max-results",
    title: "no page exceeds filter.maxResults",
    level: Must,
    requirements: ["RFC7644-3.4.2.4-16"],
    needs: [Users, IndexPaging],
    breaks: [],
}

async fn max_results(t: &Trial) -> Verdict {
    let Some(most) = t.discovery().limit("filter", "maxResults").filter(|most| *most > 0) else {
        return skip("ServiceProviderConfig announces no `filter.maxResults`");
    };
    if most > 1000 {
        return skip(format!("a page of more than {most} resources is too much to ask for"));
    }
    let field = Field::of(t).await?;
    let wanted = (most + 1).to_string();
    let answer = field.ask(&[("count", &wanted), ("attributes", "userName")]).await?;
    answer.expect_status(&[200])?;
    let held = listed(&answer)?.resources.len() as u64;
    match held <= most {
        true => Ok(()),
        false => Err(answer
            .flaw("a page holds more resources than `filter.maxResults` announces")
            .expected(format!("at most {most}"))
            .got(held.to_string())
            .into()),
    }
}

check! {
    /// `startIndex` counts from 1, and the page begins with the result of that number.
    ///
    /// Why: Okta and Ping read page after page. Counted from 0, the first person of every page is left out or read twice.
    ///
    /// Fix: skip `startIndex - 1` results, and return `startIndex` as the number of the first one on the page.
    START_INDEX = start_index,
    id: "paging.start-index",
    title: "startIndex counts from 1",
    level: Must,
    requirements: ["RFC7644-3.4.2.4-02", "RFC7644-3.4.2.4-04"],
    needs: [Users, Filter, IndexPaging],
    breaks: [Okta, Ping],
}

async fn start_index(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let cases: [(Parameters<'_>, usize, usize); 5] = [
        (&[("startIndex", "1"), ("count", "10")], SIZE, 1),
        (&[("startIndex", "5"), ("count", "10")], SIZE - 4, 5),
        (&[("startIndex", "6"), ("count", "10")], SIZE - 5, 6),
        (&[("startIndex", "4")], SIZE - 3, 4),
        (&[("count", "4")], 4, 1),
    ];
    let field = &field;
    let run = cases.map(|(parameters, held, first)| async move {
        let answer = page(field, parameters).await?;
        t.soft(breaking(expect_held(&answer, held), &["RFC7644-3.4.2.4-02"]))?;
        // It may be left out where nothing was cut.
        match member(listed(&answer)?.object, "startIndex") {
            None if first == 1 => Ok(()),
            _ => breaking(expect_number(&answer, "startIndex", first), &["RFC7644-3.4.2.4-04"]),
        }
    });
    each(t, join_all(run).await)
}

check! {
    /// A `startIndex` below 1 is taken for 1.
    ///
    /// Why: clients that count from 0 exist. A server that computes an offset of -1 fails, or returns nothing.
    ///
    /// Fix: take the larger of `startIndex` and 1.
    START_BELOW_ONE = start_below_one,
    id: "paging.start-below-one",
    title: "a startIndex below 1 is taken for 1",
    level: Must,
    requirements: ["RFC7644-3.4.2.4-03"],
    needs: [Users, IndexPaging],
    breaks: [],
}

async fn start_below_one(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    match field.scope().await {
        Ok(_) => {}
        Err(Stop::Skip(_) | Stop::Blocked(_)) => return start_below_one_of_all(&field).await,
        Err(stop) => return Err(stop),
    }
    let first = page(&field, &[("startIndex", "1"), ("count", "10")]).await?;
    let held = listed(&first)?.resources.len();
    for start in ["0", "-5"] {
        let Some(answer) = t.soft(page(&field, &[("startIndex", start), ("count", "10")]).await)? else {
            continue;
        };
        let found = listed(&answer)?.resources.len();
        if found != held {
            let flaw = answer.flaw(format!("a page with `startIndex={start}` is another than with 1"));
            t.note(flaw.expected(format!("{held} resources")).got(found.to_string()));
        }
        if member(listed(&answer)?.object, "startIndex").is_some() {
            t.soft(expect_number(&answer, "startIndex", 1))?;
        }
    }
    Ok(())
}

/// The same where a listing cannot be confined to the cohort: others come and go, so that pages are not compared.
async fn start_below_one_of_all(field: &Field<'_>) -> Verdict {
    let t = field.t;
    let mut count = Some(("count", "2"));
    let mut first = field.ask(&[("startIndex", "1"), ("count", "2")]).await?;
    if first.status != 200 {
        count = None;
        first = field.ask(&[("startIndex", "1")]).await?;
    }
    if first.status != 200 {
        return Err(Stop::Blocked(format!(
            "{} answers {} (check `paging.count`)",
            first.asked,
            first.said()
        )));
    }
    for start in ["0", "-5"] {
        let parameters: Vec<_> = [("startIndex", start)].into_iter().chain(count).collect();
        let answer = field.ask(&parameters).await?;
        let Some(_) = t.soft(answer.expect_status(&[200]))? else { continue };
        if listed(&answer)?.resources.is_empty() {
            let flaw = answer.flaw(format!("a page with `startIndex={start}` is empty"));
            t.note(flaw.expected("the first users").got("no resources"));
        }
        if member(listed(&answer)?.object, "startIndex").is_some() {
            t.soft(expect_number(&answer, "startIndex", 1))?;
        }
    }
    Ok(())
}

/// Fails unless `totalResults` is right for what a filter selects. Where it is wrong on a first page as well, the check `paging.total`
/// says so.
pub(super) async fn expect_total(
    t: &Trial,
    endpoint: &str,
    filter: &str,
    answer: &Answer,
    expected: usize,
) -> Verdict {
    let verdict = expect_number(answer, "totalResults", expected);
    if verdict.is_ok() {
        return verdict;
    }
    let plain = t.get(&target(endpoint, &[("filter", filter), ("count", "1")])).await?;
    match plain.status == 200 && expect_number(&plain, "totalResults", expected).is_err() {
        true => Ok(()),
        false => verdict,
    }
}

check! {
    /// A `startIndex` beyond the end gives an empty page, not an error.
    ///
    /// Why: the last person may have been deleted while a client reads; a client that only stops at an empty page asks once more.
    ///
    /// Fix: answer 200 with `totalResults` and no resources.
    BEYOND_END = beyond_end,
    id: "paging.beyond-end",
    title: "a page beyond the end is empty and no error",
    level: Must,
    requirements: ["RFC7644-3.4.2.4-15"],
    needs: [Users, Filter, IndexPaging],
    breaks: [],
}

async fn beyond_end(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    for start in ["7", "1000"] {
        let Some(answer) = t.soft(page(&field, &[("startIndex", start), ("count", "2")]).await)? else {
            continue;
        };
        t.soft(expect_held(&answer, 0))?;
        let (users, scope) = (field.kind().endpoint(), field.scope().await?);
        t.soft(expect_total(t, users, &scope, &answer, SIZE).await)?;
    }
    Ok(())
}

check! {
    /// `count` and `startIndex` are whole numbers; anything else is refused with 400 or ignored, and does not make the server fail.
    ///
    /// Why: a parameter from outside must never become a 500.
    ///
    /// Fix: answer 400 invalidValue when the number cannot be read.
    NOT_A_NUMBER = not_a_number,
    id: "paging.not-a-number",
    title: "count and startIndex that are no numbers do not make the server fail",
    level: Should,
    requirements: ["RFC7644-3.4.2.4-05"],
    needs: [Users, IndexPaging],
    breaks: [],
}

async fn not_a_number(t: &Trial) -> Verdict {
    let users = t.users()?;
    for (name, value) in [("count", "abc"), ("startIndex", "abc"), ("count", "1.5"), ("count", "")] {
        let mut parameters = vec![(name, value)];
        if name != "count" {
            parameters.push(("count", "1"));
        }
        let answer = t.get(&target(users.endpoint(), &parameters)).await?;
        t.soft(answer.expect_status(&[200, 400]))?;
    }
    Ok(())
}
