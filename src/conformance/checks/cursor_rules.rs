//! Cursor paging: cursors that are wrong, both methods side by side, and what is announced (RFC 9865 §2.1, §2.3, §2.4, §4, §5).

use serde_json::Value;

use super::cursor::{cursor, next, page};
use super::list::blocked_by_count;
use super::query::{Field, Parameters, breaking, each, listed, quoted, target};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Support;
use crate::conformance::trial::encoded;
use crate::conformance::trial::{Trial, or_nothing};
use crate::conformance::verdict::{Verdict, skip};
use crate::exchange::{Auth, Request};
use crate::protocol::message::member;

pub(super) const CHECKS: &[Check] = &[
    INVALID,
    FORGED,
    OTHER_QUERY,
    CHANGED_COUNT,
    UNAUTHENTICATED,
    METHODS,
    DEFAULT_METHOD,
    UNASKED,
    ANNOUNCED,
    NOT_SUPPORTED,
];

check! {
    /// A cursor that no answer held is refused with 400 and the scimType `invalidCursor`.
    ///
    /// Why: a server that begins again from the first page sends the client round in circles.
    ///
    /// Fix: answer 400 with an Error body and `invalidCursor` for whatever cannot be decoded.
    INVALID = invalid,
    id: "cursor.invalid",
    title: "a made-up cursor is refused with invalidCursor",
    level: Should,
    requirements: ["RFC9865-2-17", "RFC9865-2.1-01", "RFC9865-2.1-02"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn invalid(t: &Trial) -> Verdict {
    let users = t.users()?;
    for made_up in ["scimulator", "%%%", "A.B-C_D~1", "../../etc"] {
        let answer = t.get(&target(users.endpoint(), &[("cursor", made_up), ("count", "2")])).await?;
        if answer.is_success() {
            let flaw = answer.flaw("a made-up cursor is answered with a page");
            t.note(
                flaw.expected("400 invalidCursor")
                    .got(format!("{} resources", listed(&answer)?.resources.len()))
                    .breaks(&["RFC9865-2.1-01", "RFC9865-2.1-02"]),
            );
        } else {
            let refused = answer.expect_error(&[400], Some("invalidCursor"));
            t.soft(breaking(refused, &["RFC9865-2.1-01", "RFC9865-2.1-02"]))?;
        }
    }
    Ok(())
}

check! {
    /// A cursor that was changed is refused with `invalidCursor`.
    ///
    /// Why: a cursor that is only an encoded offset lets anybody jump anywhere, and a damaged one shows some other page.
    ///
    /// Fix: sign the cursor, or keep its state on the server.
    FORGED = forged,
    id: "cursor.forged",
    title: "a changed cursor is refused with invalidCursor",
    level: Should,
    requirements: ["RFC9865-5.2-04"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn forged(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let first = page(&field, "", &[("count", "2")]).await?;
    let real = next(&first)?;
    let scope = field.scope().await?;
    // Not at the end, where base64 has bits that mean nothing.
    for at in [real.len() / 3, real.len() / 2] {
        if !real.is_char_boundary(at) || !real.is_char_boundary(at + 1) {
            continue;
        }
        let mut forged = real.clone();
        let other = match &real[at..=at] {
            "A" => "B",
            "1" => "2",
            digit if digit.chars().all(|c| c.is_ascii_digit()) => "1",
            _ => "A",
        };
        forged.replace_range(at..=at, other);
        let answer = field.ask(&[("filter", &scope), ("cursor", &forged), ("count", "2")]).await?;
        if answer.is_success() {
            let flaw = answer.flaw("a changed cursor is answered with a page");
            t.note(
                flaw.expected("400 invalidCursor")
                    .got(format!("{} resources", listed(&answer)?.resources.len())),
            );
        } else {
            t.soft(answer.expect_error(&[400], Some("invalidCursor")))?;
        }
    }
    Ok(())
}

check! {
    /// A cursor belongs to the query that returned it. With another filter it is refused, or answered with what that filter selects.
    ///
    /// Why: the answer to a mixture of two queries is true for neither.
    ///
    /// Fix: put a fingerprint of the query into the cursor, and answer 400 invalidCursor when it is another.
    OTHER_QUERY = other_query,
    id: "cursor.other-query",
    title: "a cursor is not taken for another query",
    level: Should,
    requirements: ["RFC9865-2-16", "RFC9865-2-17"],
    needs: [Cursor, Filter, Users],
    breaks: [],
}

async fn other_query(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let first = page(&field, "", &[("count", "2")]).await?;
    let cursor = next(&first)?;
    let nobody = format!("userName eq {}", quoted(&t.ground().fresh_name()));
    let answer = field.ask(&[("filter", &nobody), ("cursor", &cursor), ("count", "2")]).await?;
    breaking(answer.expect_status(&[200, 400]), &["RFC9865-2-16"])?;
    if answer.status == 200 && !listed(&answer)?.resources.is_empty() {
        return Err(answer
            .flaw("a cursor is answered although the filter is another, with resources that do not match it")
            .expected("400 invalidCursor, or what the filter selects")
            .got(field.people(&listed(&answer)?.ids()))
            .breaks(&["RFC9865-2-16"])
            .into());
    }
    // Somebody who stands before the position that the cursor is about.
    let Some(passed) = listed(&first)?.ids().first().copied() else { return Ok(()) };
    let Some(member) = field.cohort.members.iter().find(|member| member.id() == passed) else {
        return Ok(());
    };
    let filter = format!("userName eq {}", member.json["userName"]);
    let answer = field.ask(&[("filter", &filter), ("cursor", &cursor), ("count", "2")]).await?;
    breaking(answer.expect_status(&[200, 400]), &["RFC9865-2-16"])?;
    if answer.status == 200 && listed(&answer)?.resources.is_empty() {
        return Err(answer
            .flaw("a cursor is answered although the filter is another, without the resource that matches it")
            .expected("400 invalidCursor, or what the filter selects")
            .got("an empty list")
            .breaks(&["RFC9865-2-16"])
            .into());
    }
    Ok(())
}

check! {
    /// A `count` that is no number, or another than in the first request, is refused with `invalidCount` or cut; the page never holds
    /// more than that.
    ///
    /// Why: a client may have less room for later pages.
    ///
    /// Fix: apply the `count` of each request, or answer 400 invalidCount.
    CHANGED_COUNT = changed_count,
    id: "cursor.changed-count",
    title: "another count on a later page is kept to or refused with invalidCount",
    level: Should,
    requirements: ["RFC9865-2.1-04", "RFC9865-2.1-01"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn changed_count(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let scope = field.scope().await?;
    let first = page(&field, "", &[("count", "2")]).await?;
    let real = next(&first)?;
    let answer = field.ask(&[("filter", &scope), ("cursor", &real), ("count", "1")]).await?;
    match answer.status {
        200 => {
            let held = listed(&answer)?.resources.len();
            if held > 1 {
                let flaw = answer.flaw("a later page holds more resources than its own `count` allows");
                let flaw = flaw.expected("at most 1, or 400 invalidCount").got(held.to_string());
                t.note(flaw.breaks(&["RFC9865-2.1-04"]));
            }
        }
        _ => drop(t.soft(answer.expect_error(&[400], Some("invalidCount")))?),
    }
    let answer = field.ask(&[("filter", &scope), ("cursor", ""), ("count", "abc")]).await?;
    t.soft(answer.expect_status(&[200, 400]))?;
    Ok(())
}

check! {
    /// A cursor gives no rights: a page is asked for with credentials like everything else.
    ///
    /// Why: cursors end up in logs. Whoever finds one there must not be able to read the directory with it.
    ///
    /// Fix: authenticate every request before the cursor is looked at.
    UNAUTHENTICATED = unauthenticated,
    id: "cursor.unauthenticated",
    title: "a cursor without credentials is refused",
    level: Must,
    requirements: ["RFC9865-5.2-02"],
    needs: [Cursor, Users, Credentials],
    breaks: [],
}

async fn unauthenticated(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let first = page(&field, "", &[("count", "2")]).await?;
    let scope = field.scope().await?;
    let real = next(&first)?;
    let ask = async |cursor: &str| {
        let target =
            target(field.kind().endpoint(), &[("filter", &scope), ("cursor", cursor), ("count", "2")]);
        let request = Request { auth: Auth::None, ..Request::new("GET", encoded(&target)) };
        t.send(request).await
    };
    if ask("").await?.is_success() {
        return skip("users can be read without credentials (topic `authentication`)");
    }
    let answer = ask(&real).await?;
    match answer.is_success() {
        false => Ok(()),
        true => Err(answer
            .flaw("a page is returned for a cursor without credentials")
            .expected("401")
            .got(answer.said())
            .into()),
    }
}

check! {
    /// Where both methods are offered, `startIndex` asks for index paging and `cursor` for cursor paging.
    ///
    /// Why: old clients know `startIndex` only. When it is answered with cursors, they read the first page and stop.
    ///
    /// Fix: decide by the parameter that is there.
    METHODS = methods,
    id: "cursor.methods",
    title: "startIndex and cursor each choose their method",
    level: Must,
    requirements: ["RFC9865-2.4-01"],
    needs: [Cursor, IndexPaging, Users],
    breaks: [],
}

async fn methods(t: &Trial) -> Verdict {
    if !matches!(t.discovery().supports("pagination", "index"), Support::Yes) {
        return skip("ServiceProviderConfig does not say that both methods are offered");
    }
    let field = Field::of(t).await?;
    let scope = field.scope().await?;
    let by_index = field.ask(&[("filter", &scope), ("startIndex", "3"), ("count", "2")]).await?;
    by_index.expect_status(&[200])?;
    if listed(&by_index)?.number("startIndex") != Some(3) {
        let flaw = by_index.flaw("`startIndex` is not answered with index paging");
        t.note(flaw.expected("\"startIndex\": 3").got(or_nothing(listed(&by_index)?.number("startIndex"))));
    }
    let by_cursor = page(&field, "", &[("count", "2")]).await?;
    if cursor(&by_cursor, "nextCursor").is_none() {
        t.note(
            by_cursor.flaw("`cursor` is not answered with cursor paging").expected("nextCursor").got("none"),
        );
    }
    Ok(())
}

check! {
    /// Where both methods are offered, one of them answers requests that name neither, always the same, and the one that
    /// ServiceProviderConfig announces.
    ///
    /// Why: a client cannot be written for a server that changes its mind.
    ///
    /// Fix: choose one, and announce it as `pagination.defaultPaginationMethod`.
    DEFAULT_METHOD = default_method,
    id: "cursor.default-method",
    title: "one method is the default, as announced",
    level: Must,
    requirements: ["RFC9865-2.4-02", "RFC9865-4-04"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn default_method(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let scope = field.scope().await?;
    let mut found = Vec::new();
    for _ in 0..3 {
        let answer = field.ask(&[("filter", &scope), ("count", "2")]).await?;
        breaking(answer.expect_status(&[200]), &["RFC9865-2.4-02"])?;
        found.push((cursor(&answer, "nextCursor").is_some(), answer));
    }
    let by_cursor = found.iter().filter(|(by_cursor, _)| *by_cursor).count();
    let (_, last) = &found[found.len() - 1];
    if by_cursor != 0 && by_cursor != found.len() {
        return Err(last
            .flaw("the same request is sometimes answered with a cursor and sometimes without")
            .breaks(&["RFC9865-2.4-02"])
            .expected("one method")
            .got(format!("a cursor in {by_cursor} of {} answers", found.len()))
            .into());
    }
    let config = t.discovery().config.as_ref().and_then(Value::as_object);
    let announced = config
        .and_then(|config| member(member(config, "pagination")?.as_object()?, "defaultPaginationMethod"));
    let used = if by_cursor > 0 { "cursor" } else { "index" };
    match announced.and_then(Value::as_str) {
        Some(announced) if announced != used => Err(last
            .flaw("the default method is another than `pagination.defaultPaginationMethod`")
            .expected(announced.to_owned())
            .got(used)
            .breaks(&["RFC9865-4-04"])
            .into()),
        _ => Ok(()),
    }
}

check! {
    /// A server that pages by cursor only says so with a `nextCursor` even when nobody asked for one, and the cursor works.
    ///
    /// Why: a list that is cut without a way to go on loses everybody behind the cut.
    ///
    /// Fix: add `nextCursor` to every list that is not complete.
    UNASKED = unasked,
    id: "cursor.unasked",
    title: "a list that is cut leads on, also when no cursor was asked for",
    level: Must,
    requirements: ["RFC9865-2.3-01", "RFC9865-2-09"],
    needs: [Cursor, Users],
    breaks: [],
}

async fn unasked(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let scope = field.scope().await?;
    let answer = field.ask(&[("filter", &scope), ("count", "4")]).await?;
    answer.expect_status(&[200])?;
    let Some(next) = cursor(&answer, "nextCursor") else {
        return match t.discovery().supports("pagination", "index") {
            Support::No(_) => Err(answer
                .flaw("a list is cut and leads nowhere, although there is no index paging")
                .expected("nextCursor")
                .got("none")
                .breaks(&["RFC9865-2-09"])
                .into()),
            _ => skip("index paging is the default"),
        };
    };
    let rest = page(&field, &next, &[("count", "4")]).await?;
    let mut met = listed(&answer)?.ids();
    met.extend(listed(&rest)?.ids());
    let missed = field.everybody().iter().filter(|id| !met.contains(*id)).count();
    match missed {
        0 => Ok(()),
        _ if cursor(&rest, "nextCursor").is_some() => Ok(()),
        _ => Err(rest
            .flaw("the cursor of a list that was not asked by cursor does not lead to the rest")
            .expected("everybody")
            .got(field.people(&met))
            .breaks(&["RFC9865-2-09"])
            .into()),
    }
}

check! {
    /// ServiceProviderConfig announces cursors in `pagination`: `cursor` and `index` as booleans, and the optional members in
    /// their forms.
    ///
    /// Why: clients decide by it how they page. Sizes that are text or zero cannot be planned with.
    ///
    /// Fix: publish `pagination` with `cursor`, `index`, and where known `defaultPaginationMethod`, `defaultPageSize`, `maxPageSize`,
    /// `cursorTimeout`.
    ANNOUNCED = announced,
    id: "cursor.announced",
    title: "ServiceProviderConfig announces cursors in the right form",
    level: Must,
    requirements: [
        "RFC9865-4-01",
        "RFC9865-4-02",
        "RFC9865-4-03",
        "RFC9865-4-04",
        "RFC9865-4-05",
        "RFC9865-4-06",
        "RFC9865-4-07",
    ],
    needs: [Users],
    breaks: [],
}

async fn announced(t: &Trial) -> Verdict {
    let answer = t.get("/ServiceProviderConfig").await?;
    let pagination =
        answer.json.as_ref().and_then(Value::as_object).and_then(|config| member(config, "pagination"));
    let Some(pagination) = pagination else {
        let users = t.users()?;
        let page = t.get(&target(users.endpoint(), &[("cursor", ""), ("count", "1")])).await?;
        return match cursor(&page, "nextCursor") {
            Some(_) => Err(page
                .flaw("cursors work, and ServiceProviderConfig does not announce them")
                .breaks(&["RFC9865-4-01"])
                .concern()
                .expected("`pagination` in ServiceProviderConfig")
                .got("none")
                .into()),
            None => skip("the target has no cursor paging"),
        };
    };
    let empty = serde_json::Map::new();
    let object = pagination.as_object().unwrap_or(&empty);
    let is_bool = |value: Option<&Value>| value.is_some_and(Value::is_boolean);
    let is_method = |value: Option<&Value>| {
        value.is_none_or(|value| value.is_null() || matches!(value.as_str(), Some("cursor" | "index")))
    };
    let is_size = |value: Option<&Value>| {
        value.is_none_or(|value| value.is_null() || value.as_u64().is_some_and(|size| size > 0))
    };
    let rules: [(&str, bool, &str, &[&'static str]); 6] = [
        ("cursor", is_bool(member(object, "cursor")), "a boolean", &["RFC9865-4-02"]),
        ("index", is_bool(member(object, "index")), "a boolean", &["RFC9865-4-03"]),
        (
            "defaultPaginationMethod",
            is_method(member(object, "defaultPaginationMethod")),
            "`cursor` or `index`",
            &["RFC9865-4-04"],
        ),
        (
            "defaultPageSize",
            is_size(member(object, "defaultPageSize")),
            "a positive integer",
            &["RFC9865-4-05"],
        ),
        ("maxPageSize", is_size(member(object, "maxPageSize")), "a positive integer", &["RFC9865-4-06"]),
        ("cursorTimeout", is_size(member(object, "cursorTimeout")), "a positive integer", &["RFC9865-4-07"]),
    ];
    for (name, is_right, expected, row) in rules {
        if !is_right {
            let flaw = answer.flaw(format!("`pagination.{name}` is not what it must be")).breaks(row);
            t.note(flaw.expected(expected).got(member(object, name).unwrap_or(&Value::Null).to_string()));
        }
    }
    Ok(())
}

check! {
    /// A server without cursors ignores the parameter, or refuses it with 400 or 501.
    ///
    /// Why: a client may try a cursor without having looked whether there are any.
    ///
    /// Fix: do not let an unknown parameter make the server fail.
    NOT_SUPPORTED = not_supported,
    id: "cursor.not-supported",
    title: "a cursor does no harm where there are none",
    level: Should,
    requirements: ["RFC9865-4-10"],
    needs: [Users],
    breaks: [],
}

async fn not_supported(t: &Trial) -> Verdict {
    if matches!(t.discovery().supports("pagination", "cursor"), Support::Yes) {
        return skip("the target has cursor paging");
    }
    let users = t.users()?;
    let queries: [Parameters<'_>; 2] =
        [&[("cursor", "scimulator"), ("count", "1")], &[("cursor", ""), ("count", "1")]];
    let mut verdicts = Vec::new();
    for parameters in queries {
        let answer = t.get(&target(users.endpoint(), parameters)).await?;
        blocked_by_count(t, &answer).await?;
        verdicts.push(breaking(answer.expect_status(&[200, 400, 501]).map(drop), &["RFC9865-4-10"]));
    }
    each(t, verdicts)
}
