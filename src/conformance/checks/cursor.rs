//! Cursor paging: a walk from the first page to the last (RFC 9865 §2).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::query::{Field, Parameters, breaking, each, listed, target};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::cohort::{SIZE, place};
use crate::conformance::trial::{Answer, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::{LIST_RESPONSE, declares, member};
use crate::protocol::value;

pub(super) const CHECKS: &[Check] = &[
    FIRST_PAGE,
    WALK,
    LAST_PAGE,
    COUNT,
    COUNT_ZERO,
    COUNT_NEGATIVE,
    NO_COUNT,
    CHARACTERS,
    PREVIOUS,
    FIRST_HAS_NO_PREVIOUS,
    TOTAL,
    MESSAGE,
    SORTED,
];

/// More pages than any walk over the cohort can have.
const MOST: usize = 12;

/// A page of the cohort by cursor; an empty one begins.
pub(super) async fn page(
    field: &Field<'_>,
    cursor: &str,
    parameters: Parameters<'_>,
) -> Result<Answer, Stop> {
    let scope = field.scope().await?;
    let mut all = vec![("filter", scope.as_str()), ("cursor", cursor)];
    all.extend(parameters);
    let answer = field.ask(&all).await?;
    if cursor.is_empty() && answer.status == 400 && answer.text("scimType") == Some("invalidCursor") {
        return Err(Stop::Blocked("no walk can be begun (check `cursor.first-page`)".to_owned()));
    }
    answer.expect_status(&[200])?;
    Ok(answer)
}

/// The cursor that an answer has under that name.
pub(super) fn cursor(answer: &Answer, name: &str) -> Option<String> {
    let object = answer.json.as_ref()?.as_object()?;
    member(object, name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The cursor of the second page, because a check needs one.
pub(super) fn next(answer: &Answer) -> Result<String, Stop> {
    cursor(answer, "nextCursor").ok_or_else(|| {
        Stop::Blocked(format!("{} leads to no further page (check `cursor.walk`)", answer.asked))
    })
}

/// Every page from the first to the last.
async fn pages(field: &Field<'_>, parameters: Parameters<'_>) -> Result<Vec<Answer>, Stop> {
    let mut pages = vec![page(field, "", parameters).await?];
    while let Some(cursor) = pages.last().and_then(|last| cursor(last, "nextCursor")) {
        if pages.len() > MOST {
            break;
        }
        pages.push(page(field, &cursor, parameters).await?);
    }
    Ok(pages)
}

/// The pages, where there is more than one.
async fn several(field: &Field<'_>, parameters: Parameters<'_>) -> Result<Vec<Answer>, Stop> {
    let pages = pages(field, parameters).await?;
    next(&pages[0])?;
    Ok(pages)
}

check! {
    /// A query with an empty `cursor` gives the first page and the cursor of the next: `?cursor=&count=2`, or `?cursor&count=2`.
    ///
    /// Why: this is how a client begins. A server that takes the empty value for a broken cursor cannot be read at all.
    ///
    /// Fix: take an empty `cursor`, with or without `=`, for the beginning.
    FIRST_PAGE = first_page,
    id: "cursor.first-page",
    title: "an empty cursor begins at the first page",
    level: Must,
    requirements: ["RFC9865-2-01"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn first_page(t: &Trial) -> Verdict {
    let users = t.users()?;
    t.cohort().await?;
    for query in ["cursor=&count=2", "cursor&count=2"] {
        let answer = t.get(&format!("{}?{query}", users.endpoint())).await?;
        t.soft(answer.expect_status(&[200]))?;
        if answer.status == 200 && cursor(&answer, "nextCursor").is_none() {
            let flaw = answer
                .flaw(format!("`?{query}` gives no cursor of the next page, although there are more users"));
            t.note(
                flaw.expected("nextCursor").got(format!("{} resources", listed(&answer)?.resources.len())),
            );
        }
    }
    Ok(())
}

check! {
    /// Following `nextCursor` meets every resource once; every page but the last has one.
    ///
    /// Why: a walk that ends too early, or repeats a page, makes an import incomplete without an error.
    ///
    /// Fix: remember in the cursor after which resource the next page begins, and order the query by something unique.
    WALK = walk,
    id: "cursor.walk",
    title: "following nextCursor meets every resource once",
    level: Must,
    requirements: ["RFC9865-2-02", "RFC9865-2-09", "RFC9865-2-11"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn walk(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    for count in ["2", "4"] {
        let pages = pages(&field, &[("count", count)]).await?;
        let mut met: Vec<&str> = Vec::new();
        for page in &pages {
            met.extend(listed(page)?.ids());
        }
        let distinct: BTreeSet<&str> = met.iter().copied().collect();
        let missed = field.everybody().iter().filter(|id| !distinct.contains(**id)).count();
        if missed > 0 || distinct.len() < met.len() {
            let last = &pages[pages.len() - 1];
            let broken: &[&'static str] = if missed > 0 {
                &["RFC9865-2-09", "RFC9865-2-11"]
            } else {
                &["RFC9865-2-02", "RFC9865-2-11"]
            };
            t.note(
                last.flaw(format!("a walk with {count} resources a page does not meet every resource once"))
                    .breaks(broken)
                    .expected(format!("{SIZE} users, each once"))
                    .got(format!("{missed} missed, {} met again", met.len() - distinct.len())),
            );
        }
    }
    Ok(())
}

check! {
    /// The last page has no `nextCursor`; nothing else says that the walk is over.
    ///
    /// Why: clients go on as long as there is one. With null or an empty text there, they ask for the first page again, for ever.
    ///
    /// Fix: leave `nextCursor` out of the last page.
    LAST_PAGE = last_page,
    id: "cursor.last-page",
    title: "the last page has no nextCursor",
    level: Must,
    requirements: ["RFC9865-2-10"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn last_page(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let pages = several(&field, &[("count", "4")]).await?;
    let last = &pages[pages.len() - 1];
    let found = last.object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case("nextCursor"));
    match found {
        None => Ok(()),
        // Null stands for «unassigned», and most clients read it so.
        Some((_, Value::Null)) => Err(last
            .flaw("the last page has a `nextCursor` that is null instead of none")
            .concern()
            .expected("no `nextCursor`")
            .got("\"nextCursor\": null")
            .into()),
        Some((_, value)) => Err(last
            .flaw(match value {
                Value::String(text) if !text.is_empty() => "the walk does not end",
                _ => "the last page has a `nextCursor` that leads nowhere",
            })
            .expected("no `nextCursor`")
            .got(format!("\"nextCursor\": {value}"))
            .into()),
    }
}

check! {
    /// No page holds more than `count` resources.
    ///
    /// Why: the client has room for that many.
    ///
    /// Fix: limit every page by `count`, not only the first.
    COUNT = count,
    id: "cursor.count",
    title: "no page holds more than count resources",
    level: Must,
    requirements: ["RFC9865-2-06"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn count(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    for page in pages(&field, &[("count", "2")]).await? {
        let held = listed(&page)?.resources.len();
        if held > 2 {
            t.note(
                page.flaw("a page holds more resources than `count` allows")
                    .expected("at most 2")
                    .got(held.to_string()),
            );
        }
    }
    Ok(())
}

/// Fails unless a page has no resources.
async fn no_resources(t: &Trial, count: &str) -> Verdict {
    let field = Field::of(t).await?;
    let answer = page(&field, "", &[("count", count)]).await?;
    let held = listed(&answer)?.resources.len();
    match held {
        0 => Ok(()),
        _ => Err(answer
            .flaw(format!("a page with `count={count}` holds resources"))
            .expected("none")
            .got(held.to_string())
            .into()),
    }
}

check! {
    /// `count=0` asks for `totalResults` only.
    ///
    /// Why: it is the cheap way to count.
    ///
    /// Fix: treat 0 as a number, not as «not given».
    COUNT_ZERO = count_zero,
    id: "cursor.count-zero",
    title: "count=0 with a cursor returns no resources",
    level: Must,
    requirements: ["RFC9865-2-05"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn count_zero(t: &Trial) -> Verdict {
    no_resources(t, "0").await
}

check! {
    /// A negative `count` is taken for 0.
    ///
    /// Why: it is so for index paging, and clients use the same code.
    ///
    /// Fix: take the larger of `count` and 0.
    COUNT_NEGATIVE = count_negative,
    id: "cursor.count-negative",
    title: "a negative count with a cursor is taken for 0",
    level: Must,
    requirements: ["RFC9865-2-04"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn count_negative(t: &Trial) -> Verdict {
    no_resources(t, "-3").await
}

check! {
    /// Without `count` the server chooses the size of the page: the announced `pagination.defaultPageSize`, and never more than
    /// `pagination.maxPageSize`.
    ///
    /// Why: clients plan with the announced numbers.
    ///
    /// Fix: use the announced size, or announce the one that is used.
    NO_COUNT = no_count,
    id: "cursor.no-count",
    title: "pages keep to the announced page sizes",
    level: Should,
    requirements: ["RFC9865-2-08", "RFC9865-4-05", "RFC9865-4-06"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn no_count(t: &Trial) -> Verdict {
    let users = t.users()?;
    t.cohort().await?;
    let limit = |name: &str| t.discovery().limit("pagination", name).filter(|size| *size > 0);
    let ask = async |parameters: Parameters<'_>| t.get(&target(users.endpoint(), parameters)).await;
    let answer = ask(&[("cursor", ""), ("attributes", "userName")]).await?;
    breaking(answer.expect_status(&[200]), &["RFC9865-2-08"])?;
    let held = listed(&answer)?.resources.len() as u64;
    if let Some(size) = limit("defaultPageSize").filter(|size| held > *size) {
        let flaw = answer.flaw("a page without `count` holds more than `pagination.defaultPageSize`");
        t.note(
            flaw.breaks(&["RFC9865-2-08", "RFC9865-4-05"])
                .expected(format!("at most {size}"))
                .got(held.to_string()),
        );
    }
    let Some(most) = limit("maxPageSize").filter(|most| *most <= 1000) else { return Ok(()) };
    let count = (most + 1).to_string();
    let answer = ask(&[("cursor", ""), ("count", &count), ("attributes", "userName")]).await?;
    if answer.status == 400 {
        return breaking(answer.expect_error(&[400], Some("invalidCount")).map(drop), &["RFC9865-4-06"]);
    }
    breaking(answer.expect_status(&[200]), &["RFC9865-4-06"])?;
    let held = listed(&answer)?.resources.len() as u64;
    match held <= most {
        true => Ok(()),
        false => Err(answer
            .flaw("a page holds more than `pagination.maxPageSize`")
            .breaks(&["RFC9865-4-06"])
            .expected(format!("at most {most}, or 400 invalidCount"))
            .got(held.to_string())
            .into()),
    }
}

check! {
    /// Cursors are texts of letters, digits and `-._~`.
    ///
    /// Why: clients put them into URLs as they are. Standard base64 has `+` and `/` and `=`, which arrive as something else.
    ///
    /// Fix: use base64url without padding.
    CHARACTERS = characters,
    id: "cursor.characters",
    title: "cursors are texts of unreserved characters",
    level: Must,
    requirements: ["RFC9865-2-03", "RFC9865-2-15"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn characters(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let is_fine = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c))
    };
    let mut first = page(&field, "", &[("count", "2")]).await?;
    for _ in 0..2 {
        let mut next = None;
        for name in ["nextCursor", "previousCursor"] {
            let Some(value) = member(first.object()?, name).filter(|value| !value.is_null()) else {
                continue;
            };
            if !value.as_str().is_some_and(is_fine) {
                let broken: &[&'static str] =
                    if value.is_string() { &["RFC9865-2-03"] } else { &["RFC9865-2-15"] };
                let flaw = first.flaw(format!("`{name}` is no text of unreserved characters")).breaks(broken);
                t.note(flaw.expected("letters, digits, `-`, `.`, `_`, `~`").got(value.to_string()));
            }
            if name == "nextCursor" {
                next = value.as_str().map(str::to_owned);
            }
        }
        let Some(next) = next.filter(|next| !next.is_empty()) else { break };
        first = page(&field, &next, &[("count", "2")]).await?;
    }
    Ok(())
}

check! {
    /// Where a page has a `previousCursor`, it leads to the page before.
    ///
    /// Why: it is an option; a client that finds it goes back with it.
    ///
    /// Fix: remember the direction in the cursor, or leave `previousCursor` out.
    PREVIOUS = previous,
    id: "cursor.previous",
    title: "previousCursor leads to the page before",
    level: Must,
    requirements: ["RFC9865-2-12", "RFC9865-2-14"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn previous(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let first = page(&field, "", &[("count", "2")]).await?;
    let second = page(&field, &next(&first)?, &[("count", "2")]).await?;
    let Some(back) = cursor(&second, "previousCursor") else {
        return skip("the target offers no `previousCursor`, which is an option");
    };
    let again = page(&field, &back, &[("count", "2")]).await?;
    let (mut found, mut wanted) = (listed(&again)?.ids(), listed(&first)?.ids());
    found.sort_unstable();
    wanted.sort_unstable();
    match found == wanted {
        true => Ok(()),
        false => Err(again
            .flaw("`previousCursor` does not lead to the page before")
            .expected(field.people(&wanted))
            .got(field.people(&found))
            .breaks(&["RFC9865-2-14"])
            .into()),
    }
}

check! {
    /// The first page has no `previousCursor`.
    ///
    /// Why: it is how a client that goes back knows that it has arrived.
    ///
    /// Fix: leave it out of the first page.
    FIRST_HAS_NO_PREVIOUS = first_has_no_previous,
    id: "cursor.first-has-no-previous",
    title: "the first page has no previousCursor",
    level: Must,
    requirements: ["RFC9865-2-13"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn first_has_no_previous(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let first = page(&field, "", &[("count", "2")]).await?;
    match member(first.object()?, "previousCursor") {
        None | Some(Value::Null) => Ok(()),
        Some(value) => Err(first
            .flaw("the first page has a `previousCursor`")
            .expected("none")
            .got(value.to_string())
            .into()),
    }
}

check! {
    /// `totalResults`, where it is given, counts the results of all pages.
    ///
    /// Why: with cursors it may be left out, as counting is dear. A wrong number is worse: progress and completeness are measured
    /// by it.
    ///
    /// Fix: count all matches, or leave `totalResults` out.
    TOTAL = total,
    id: "cursor.total",
    title: "totalResults counts all pages, or is left out",
    level: Must,
    requirements: ["RFC9865-2-18", "RFC9865-2-19"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn total(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    for page in several(&field, &[("count", "4")]).await? {
        let Some(total) = member(page.object()?, "totalResults").filter(|total| !total.is_null()) else {
            continue;
        };
        if total.as_u64() != Some(SIZE as u64) {
            let flaw = page.flaw("`totalResults` does not count the results of all pages");
            t.note(
                flaw.expected(format!("{SIZE}, or none")).got(total.to_string()).breaks(&["RFC9865-2-18"]),
            );
        }
    }
    Ok(())
}

check! {
    /// A page by cursor is a ListResponse; its `itemsPerPage`, where given, is the number of resources on it.
    ///
    /// Why: clients read it with the code that reads every list.
    ///
    /// Fix: use the usual message, with `nextCursor` in it.
    MESSAGE = message,
    id: "cursor.message",
    title: "a page by cursor is a ListResponse",
    level: Must,
    requirements: ["RFC9865-2-20"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn message(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    for page in several(&field, &[("count", "4")]).await? {
        let list = listed(&page)?;
        if !declares(list.object, LIST_RESPONSE) {
            let flaw = page.flaw("a page by cursor does not say that it is a ListResponse");
            t.note(
                flaw.expected(LIST_RESPONSE)
                    .got(list.object.get("schemas").unwrap_or(&Value::Null).to_string()),
            );
        }
        let items = member(list.object, "itemsPerPage").filter(|items| !items.is_null());
        if let Some(items) = items.filter(|items| items.as_u64() != Some(list.resources.len() as u64)) {
            let flaw = page.flaw("`itemsPerPage` is not the number of resources on the page").concern();
            t.note(flaw.expected(list.resources.len().to_string()).got(items.to_string()));
        }
    }
    Ok(())
}

check! {
    /// Where sorting is offered, a walk by cursor is sorted over all its pages.
    ///
    /// Why: a client that reads sorted pages merges them as they come.
    ///
    /// Fix: remember the sort key of the last resource in the cursor, with something unique behind it.
    SORTED = sorted,
    id: "cursor.sorted",
    title: "a walk by cursor is sorted over all pages",
    level: Must,
    requirements: ["RFC9865-2.2-01"],
    needs: [Cursor, Sort, Users],
    breaks: [],
}

async fn sorted(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let Some(slot) = place(field.kind(), "userName") else { return skip("users have no `userName`") };
    for order in ["ascending", "descending"] {
        let pages = several(&field, &[("count", "2"), ("sortBy", "userName"), ("sortOrder", order)]).await?;
        if pages.len() > MOST {
            return Err(Stop::Blocked("a walk by cursor does not end (check `cursor.walk`)".to_owned()));
        }
        let mut keys: Vec<&Value> = Vec::new();
        for page in &pages {
            keys.extend(listed(page)?.resources.iter().filter_map(|user| slot.get(user)));
        }
        let wrong = keys.windows(2).find(|pair| {
            let found = value::compare(slot.leaf(), pair[0], pair[1]);
            found.is_some_and(|found| if order == "ascending" { found.is_gt() } else { found.is_lt() })
        });
        if let Some(pair) = wrong {
            let last = &pages[pages.len() - 1];
            let flaw = last.flaw(format!("a walk by cursor is not in {order} order"));
            t.note(
                flaw.expected(format!("{} and {} the other way round", pair[0], pair[1]))
                    .got(shortened(&json!(keys).to_string())),
            );
        }
    }
    each(t, [])
}
