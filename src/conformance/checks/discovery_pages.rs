//! What the configuration says of paging, and whether it is so (RFC 9865 §4, RFC 7643 §5).

use futures_util::future::join_all;
use serde_json::{Map, Value};

use super::discovery::config;
use super::discovery_documents::{assigned, shown};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Answer, Trial, component};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::member;

pub(super) const CHECKS: &[Check] = &[PAGINATION, PAGINATION_ANNOUNCED, PAGE_SIZES];

/// The member `pagination` of the configuration.
fn pagination(answer: &Answer) -> Result<Option<&Map<String, Value>>, Stop> {
    match assigned(answer.object()?, "pagination") {
        None => Ok(None),
        Some(Value::Object(pagination)) => Ok(Some(pagination)),
        Some(other) => Err(answer
            .flaw("`pagination` is no object")
            .expected("an object with `cursor` and `index`")
            .got(shown(Some(other)))
            .breaks(&["RFC9865-4-02", "RFC9865-4-03"])
            .into()),
    }
}

check! {
    /// Where the configuration has a member `pagination` (RFC 9865), it says with true or false whether there is paging by
    /// cursor and by index; method and limits, where they are stated, are legal.
    ///
    /// Why: a client chooses by it how to read everybody. When the flags cannot be read, it falls back to paging by
    /// index, which a target with cursors alone does not understand.
    ///
    /// Fix: `"pagination": { "cursor": true, "index": false }`; sizes and the timeout are numbers above 0, the default method
    /// is `cursor` or `index`.
    PAGINATION = pagination_is_stated,
    id: "discovery.pagination",
    title: "the paging methods are stated with flags and positive numbers",
    level: Must,
    requirements: [
        "RFC9865-4-02", "RFC9865-4-03", "RFC9865-4-04", "RFC9865-4-05", "RFC9865-4-06", "RFC9865-4-07",
    ],
    needs: [],
    breaks: [],
}

async fn pagination_is_stated(t: &Trial) -> Verdict {
    let answer = config(t).await?;
    let Some(pagination) = pagination(&answer)? else {
        return skip("the configuration has no member `pagination`");
    };
    for (name, requirement) in [("cursor", "RFC9865-4-02"), ("index", "RFC9865-4-03")] {
        if !member(pagination, name).is_some_and(Value::is_boolean) {
            t.note(
                answer
                    .flaw(format!("`pagination.{name}` is neither true nor false"))
                    .expected("true or false")
                    .got(shown(member(pagination, name)))
                    .breaks(&[requirement]),
            );
        }
    }
    let method = assigned(pagination, "defaultPaginationMethod");
    if let Some(method) = method.filter(|method| !matches!(method.as_str(), Some("cursor" | "index"))) {
        t.note(
            answer
                .flaw("`pagination.defaultPaginationMethod` is no method of paging")
                .expected("cursor or index")
                .got(shown(Some(method)))
                .breaks(&["RFC9865-4-04"]),
        );
    }
    for (name, requirement) in [
        ("defaultPageSize", "RFC9865-4-05"),
        ("maxPageSize", "RFC9865-4-06"),
        ("cursorTimeout", "RFC9865-4-07"),
    ] {
        let Some(number) = assigned(pagination, name) else { continue };
        if number.as_u64().is_none_or(|number| number == 0) {
            t.note(
                answer
                    .flaw(format!("`pagination.{name}` is no positive number"))
                    .expected("a whole number above 0, or nothing")
                    .got(shown(Some(number)))
                    .breaks(&[requirement]),
            );
        }
    }
    Ok(())
}

check! {
    /// A target that pages by cursor says so in the configuration.
    ///
    /// Why: a client that knows nothing of the cursors reads the first page and may take it for everybody, because
    /// the index that it asks for next means nothing to the target.
    ///
    /// Fix: add `"pagination": { "cursor": true, "index": … }` to /ServiceProviderConfig.
    PAGINATION_ANNOUNCED = cursors_are_announced,
    id: "discovery.pagination-announced",
    title: "paging by cursor is announced where it works",
    level: Should,
    requirements: ["RFC9865-4-01"],
    needs: [Users],
    breaks: [],
}

async fn cursors_are_announced(t: &Trial) -> Verdict {
    let answer = config(t).await?;
    let is_announced = pagination(&answer)?.is_some_and(|p| member(p, "cursor") == Some(&Value::Bool(true)));
    let cohort = t.cohort().await?;
    let page = t.get(&format!("{}?cursor&count=1", cohort.kind.endpoint())).await?;
    let cursor = page.text("nextCursor").filter(|_| page.status == 200);
    match cursor {
        Some(cursor) if !is_announced => Err(page
            .flaw("the target pages by cursor, and its configuration does not say so")
            .expected("pagination.cursor true")
            .got(format!(
                "nextCursor {cursor}, and pagination {}",
                shown(assigned(answer.object()?, "pagination"))
            ))
            .into()),
        Some(_) => Ok(()),
        None if is_announced => Ok(()),
        None => skip("the target does not page by cursor"),
    }
}

check! {
    /// A page is never larger than the configuration announces: than `pagination.defaultPageSize` where the client asks for
    /// no size, than `pagination.maxPageSize` ever, and than `filter.maxResults` where there is a filter.
    ///
    /// Why: clients reserve room and time for a page of the announced size; larger ones time out or are cut.
    ///
    /// Fix: cap every page at the announced numbers, or announce the real ones.
    PAGE_SIZES = pages_keep_their_size,
    id: "discovery.page-sizes",
    title: "no page is larger than the configuration announces",
    level: May,
    requirements: ["RFC7643-5-10", "RFC9865-4-05", "RFC9865-4-06"],
    needs: [Users],
    breaks: [],
}

async fn pages_keep_their_size(t: &Trial) -> Verdict {
    let answer = config(t).await?;
    let pagination = pagination(&answer)?;
    let number = |name: &str| pagination.and_then(|p| member(p, name)?.as_u64()).filter(|size| *size > 0);
    let of_filter = t.discovery().limit("filter", "maxResults").filter(|size| *size > 0);
    let (usual, largest) = (number("defaultPageSize"), number("maxPageSize"));
    if usual.or(largest).or(of_filter).is_none() {
        return skip("the configuration announces no page sizes");
    }
    // At least so many are there to be shown.
    let cohort = t.cohort().await?;
    let endpoint = cohort.kind.endpoint();
    let scope = component(&cohort.scope());
    let asked = [
        usual.map(|size| (String::new(), size, "RFC9865-4-05")),
        largest.map(|size| (format!("&count={}", size.saturating_add(1)), size, "RFC9865-4-06")),
        of_filter
            .map(|size| (format!("&filter={scope}&count={}", size.saturating_add(1)), size, "RFC7643-5-10")),
    ];
    let pages = join_all(asked.into_iter().flatten().map(|(query, size, requirement)| {
        let target = format!("{endpoint}?attributes=userName{query}");
        async move { (t.get(&target).await, size, requirement) }
    }));
    for (page, size, requirement) in pages.await {
        let page = page?;
        // A size beyond the largest may be refused, and so may a listing of everybody.
        let Ok(listed) = page.list() else { continue };
        let found = listed.resources.len() as u64;
        if found > size {
            t.note(
                page.flaw("a page is larger than the configuration announces")
                    .expected(format!("at most {size} resources"))
                    .got(format!("{found} resources"))
                    .breaks(&[requirement]),
            );
        }
    }
    Ok(())
}
