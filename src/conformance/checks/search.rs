//! Queries by POST to `.search` (RFC 7644 §3.4.3).

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::projection::{expect_only, names};
use super::query::{Field, Parameters, breaking, compare, each, listed, quoted, target};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Support;
use crate::conformance::trial::cohort::{SIZE, place};
use crate::conformance::trial::{Answer, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::exchange::{Request, SCIM_JSON};
use crate::protocol::message::{LIST_RESPONSE, SEARCH_REQUEST, declares};

pub(super) const CHECKS: &[Check] = &[
    OFFERED,
    QUERY,
    SAME_AS_GET,
    ATTRIBUTES,
    EXCLUDED,
    NOTATION,
    SORT,
    PAGING,
    INVALID_FILTER,
    SCOPE,
    ROOT,
    WITHOUT_SCHEMA,
    MALFORMED,
    CURSOR,
];

/// A search below an endpoint; the empty one is the root.
async fn search(t: &Trial, endpoint: &str, mut members: Value) -> Result<Answer, Stop> {
    members["schemas"] = json!([SEARCH_REQUEST]);
    t.post(&format!("{endpoint}/.search"), &members).await
}

/// A search among the users of the cohort.
async fn here(field: &Field<'_>, mut members: Value) -> Result<Answer, Stop> {
    members["filter"] = json!(field.scope().await?);
    let answer = search(field.t, field.kind().endpoint(), members).await?;
    answer.expect_success()?;
    Ok(answer)
}

/// A search among the users, confined to the cohort where that can be done, of which only a part of each resource is asked for. Where
/// the same search is refused without that as well, `attributes` is not to blame.
async fn in_part(field: &Field<'_>, member: &str, names: Value) -> Result<Answer, Stop> {
    let users = field.kind().endpoint();
    let mut members = json!({ "count": 2 });
    match field.scope().await {
        Ok(scope) => members["filter"] = json!(scope),
        Err(Stop::Skip(_) | Stop::Blocked(_)) => {}
        Err(stop) => return Err(stop),
    }
    let mut asked = members.clone();
    asked[member] = names;
    let answer = search(field.t, users, asked).await?;
    if !answer.is_success() {
        let plain = search(field.t, users, members).await?;
        if !plain.is_success() {
            return Err(Stop::Blocked(format!(
                "{} answers {} whatever is asked (check `search.query`)",
                plain.asked,
                plain.said()
            )));
        }
    }
    answer.expect_success()?;
    Ok(answer)
}

check! {
    /// Each endpoint of resources takes queries by POST at `/.search`.
    ///
    /// Why: filters with personal data do not belong into URLs, which are logged everywhere. Clients that keep to that have no
    /// other way to ask.
    ///
    /// Fix: accept `POST /Users/.search` and `POST /.search`, and read the parameters from the body.
    OFFERED = offered,
    id: "search.offered",
    title: "queries can be sent by POST to /.search",
    level: Should,
    requirements: ["RFC7644-3.2-10"],
    needs: [],
    breaks: [],
}

async fn offered(t: &Trial) -> Verdict {
    for kind in t.kinds() {
        let answer = search(t, kind.endpoint(), json!({ "count": 1 })).await?;
        match answer.status {
            501 => return skip(format!("{} is not implemented, and the target says so", answer.asked)),
            404 | 405 => {
                t.soft(answer.expect_status(&[200, 501]))?;
                continue;
            }
            _ => {}
        }
        // Whether the answer is right is judged by the other checks.
        let get = t.get(&format!("{}/.search", kind.endpoint())).await?;
        if get.is_success()
            && get.json.as_ref().and_then(Value::as_object).is_some_and(|o| declares(o, LIST_RESPONSE))
        {
            let flaw = get.flaw(format!("{} is answered as if it were a search", get.asked));
            t.note(flaw.expected("404 or 405: searches are sent by POST").got(get.said()));
        }
    }
    Ok(())
}

check! {
    /// A POST to `/.search` is a query: it is answered with 200 and a ListResponse, and creates nothing.
    ///
    /// Why: a server that routes it to its create function answers 400, or makes a user named `.search`.
    ///
    /// Fix: route paths that end in `/.search` before those of POST to the collection.
    QUERY = query,
    id: "search.query",
    title: "a search is answered with 200 and a list, and creates nothing",
    level: Must,
    requirements: ["RFC7644-3.4.3-01", "RFC7644-3.4.3-11"],
    needs: [Search, Users],
    breaks: [],
}

async fn query(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let users = field.kind();
    if let Support::No(_) = t.discovery().supports("filter", "supported") {
        let answer = search(t, users.endpoint(), json!({ "count": 1 })).await?;
        answer.expect_status(&[200])?;
        return answer.list().map(drop);
    }
    let name = field.user_name("alpha");
    let nobody = quoted(&t.ground().fresh_name());
    for (operand, expected) in [(&name, vec![field.id("alpha")]), (&nobody, vec![])] {
        let filter = format!("userName eq {operand}");
        let answer = search(t, users.endpoint(), json!({ "filter": filter })).await?;
        let Some(_) = t.soft(answer.expect_status(&[200]))? else { continue };
        if !declares(answer.object()?, LIST_RESPONSE) {
            t.note(
                answer
                    .flaw("the answer to a search is no ListResponse")
                    .expected(LIST_RESPONSE)
                    .got(answer.said()),
            );
        }
        let list = listed(&answer)?;
        t.soft(compare(&answer, &filter, &list.ids(), &expected, true, |ids| field.people(ids)))?;
    }
    Ok(())
}

check! {
    /// A search gives what the same parameters give by GET.
    ///
    /// Why: clients choose the one or the other by the length of the URL.
    ///
    /// Fix: turn the body into the same query object that the URL is turned into.
    SAME_AS_GET = same_as_get,
    id: "search.same-as-get",
    title: "a search gives what the same query by GET gives",
    level: Must,
    requirements: ["RFC7644-3.4.3-02", "RFC7644-3.4.3-11"],
    needs: [Search, Users, Filter],
    breaks: [],
}

async fn same_as_get(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let users = field.kind().endpoint();
    let scope = field.scope().await?;
    let cases: [(Value, Parameters<'_>); 3] = [
        (json!({ "filter": scope }), &[("filter", &scope)]),
        (json!({ "filter": scope, "count": 2 }), &[("filter", &scope), ("count", "2")]),
        (
            json!({ "filter": scope, "attributes": ["userName"] }),
            &[("filter", &scope), ("attributes", "userName")],
        ),
    ];
    for (body, parameters) in cases {
        let by_get = t.get(&target(users, parameters)).await?;
        if by_get.status != 200 {
            return Err(Stop::Blocked(format!(
                "{} answers {} (topics `filter`, `paging`)",
                by_get.asked, by_get.status
            )));
        }
        let by_search = search(t, users, body).await?;
        let Some(_) = t.soft(by_search.expect_status(&[200]))? else { continue };
        let (one, other) = (listed(&by_get)?, listed(&by_search)?);
        let shapes = [one, other].map(|list| {
            let shown = list.resources.first().map(names).unwrap_or_default();
            (list.total, list.resources.len(), shown)
        });
        if shapes[0] != shapes[1] {
            let said = |(total, held, shown): &(Option<u64>, usize, std::collections::BTreeSet<String>)| {
                let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
                format!("{held} of {} resources with {}", total.unwrap_or_default(), shown.join(", "))
            };
            let flaw = by_search.flaw(format!("a search gives something else than {}", by_get.asked));
            t.note(flaw.expected(said(&shapes[0])).got(said(&shapes[1])));
        }
    }
    Ok(())
}

check! {
    /// `attributes` in the body is an array of names; they replace the default set.
    ///
    /// Why: a server that expects text with commas ignores the array, and sends everything.
    ///
    /// Fix: read the member as an array of strings.
    ATTRIBUTES = attributes,
    id: "search.attributes",
    title: "attributes in a search is an array of names",
    level: Must,
    requirements: ["RFC7644-3.4.3-04"],
    needs: [Search, Users],
    breaks: [],
}

async fn attributes(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let answer = in_part(&field, "attributes", json!(["userName"])).await?;
    let list = listed(&answer)?;
    let shown = list.resources.iter().take(2);
    each(t, shown.map(|user| expect_only(&answer, field.kind(), user, &["userName"])))
}

check! {
    /// `excludedAttributes` in the body is an array of names; what is always returned stays.
    ///
    /// Why: as for GET; without the id nothing can be done with the result.
    ///
    /// Fix: read the member as an array of strings, and use the projection of GET.
    EXCLUDED = excluded,
    id: "search.excluded",
    title: "excludedAttributes in a search leaves out what it names, but not id",
    level: Must,
    requirements: ["RFC7644-3.4.3-05", "RFC7644-3.4.3-06"],
    needs: [Search, Users],
    breaks: [],
}

async fn excluded(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let answer = in_part(&field, "excludedAttributes", json!(["id", "meta", "userName"])).await?;
    for user in listed(&answer)?.resources {
        let found = names(user);
        if !found.contains("id") {
            let flaw = answer.flaw("`excludedAttributes` leaves out `id`").breaks(&["RFC7644-3.4.3-06"]);
            t.note(flaw.expected("id").got(user.to_string()));
        }
        let always = super::projection::minimum(field.kind());
        if found.contains("username") && !always.contains("username") {
            let flaw =
                answer.flaw("`excludedAttributes` is ignored in a search").breaks(&["RFC7644-3.4.3-05"]);
            return Err(flaw.expected("no `userName`").got(user.to_string()).into());
        }
    }
    Ok(())
}

check! {
    /// Names in the body are written as everywhere: qualified with a URN, and with a dot before a sub-attribute.
    ///
    /// Why: attributes of extensions can only be named so.
    ///
    /// Fix: use the parser for names that GET uses.
    NOTATION = notation,
    id: "search.notation",
    title: "a search takes qualified names and sub-attributes",
    level: Must,
    requirements: ["RFC7644-3.4.3-09"],
    needs: [Search, Users, Filter],
    breaks: [],
}

async fn notation(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let users = field.kind();
    let urn = &users.schema.core.id;
    let mut wanted = vec!["userName".to_owned()];
    let mut list = vec![format!("{urn}:userName")];
    let json = &field.member("delta").json;
    if place(users, "name.familyName").is_some_and(|slot| slot.get(json).is_some()) {
        list.push("name.familyName".to_owned());
        wanted.push("name".to_owned());
    }
    if let Some(slot) = field.cohort.places.extended.iter().find(|slot| slot.get(json).is_some()) {
        list.push(slot.path());
        wanted.extend(slot.extension.clone());
    }
    let filter = format!("userName eq {}", field.user_name("delta"));
    let answer = search(t, users.endpoint(), json!({ "attributes": list, "filter": filter })).await?;
    answer.expect_success()?;
    let found = listed(&answer)?.resources.iter().find(|user| user["id"] == json["id"]);
    let Some(user) = found else {
        return Err(Stop::Blocked(
            "a search does not find a user by userName (check `search.query`)".to_owned(),
        ));
    };
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    expect_only(&answer, users, user, &wanted)
}

check! {
    /// `sortBy` and `sortOrder` in the body sort the result.
    ///
    /// Why: the latest changes are asked for by POST as well; unsorted, the first page holds anybody.
    ///
    /// Fix: read them from the body as from the URL.
    SORT = sort,
    id: "search.sort",
    title: "sortBy and sortOrder sort a search",
    level: Must,
    requirements: ["RFC7644-3.4.3-08"],
    needs: [Search, Sort, Users, Filter],
    breaks: [],
}

async fn sort(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let up = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot"].map(|user| field.id(user));
    let mut down = up;
    down.reverse();
    for (order, expected) in [("ascending", up), ("descending", down)] {
        let answer = here(&field, json!({ "sortBy": "userName", "sortOrder": order })).await?;
        let ids = listed(&answer)?.ids();
        if ids.len() == SIZE && ids != expected {
            let flaw = answer.flaw(format!("a search is not in {order} order"));
            t.note(flaw.expected(field.people(&expected)).got(field.people(&ids)));
        }
    }
    Ok(())
}

check! {
    /// `startIndex` and `count` in the body are numbers, and page as they do by GET.
    ///
    /// Why: a search without pages answers with the whole directory, whatever the client has room for.
    ///
    /// Fix: read them from the body as from the URL.
    PAGING = paging,
    id: "search.paging",
    title: "startIndex and count page a search",
    level: Must,
    requirements: ["RFC7644-3.4.3-10"],
    needs: [Search, IndexPaging, Users, Filter],
    breaks: [],
}

async fn paging(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    // A page may hold fewer resources than were asked for, but not none.
    for (body, most) in [
        (json!({ "startIndex": 5, "count": 10 }), 2),
        (json!({ "startIndex": 6, "count": 10 }), 1),
        (json!({ "startIndex": 1, "count": 2 }), 2),
        (json!({ "startIndex": 0, "count": 10 }), SIZE),
        (json!({ "count": 0 }), 0),
        (json!({ "count": -1 }), 0),
    ] {
        let shown = body.to_string();
        let Some(answer) = t.soft(here(&field, body).await)? else { continue };
        let list = listed(&answer)?;
        let held = list.resources.len();
        if held > most || (held == 0 && most > 0) || list.total != Some(SIZE as u64) {
            let flaw = answer.flaw(format!("a search with {shown} gives the wrong page"));
            let total = list.total.unwrap_or_default();
            t.note(
                flaw.expected(format!("{most} of {SIZE} resources"))
                    .got(format!("{held} of {total} resources")),
            );
        }
    }
    Ok(())
}

check! {
    /// A filter in the body that is none is refused with 400 and the scimType `invalidFilter`.
    ///
    /// Why: a filter that is dropped makes the search return everybody.
    ///
    /// Fix: use the parser of GET.
    INVALID_FILTER = invalid_filter,
    id: "search.invalid-filter",
    title: "an invalid filter in a search is refused with invalidFilter",
    level: Must,
    requirements: ["RFC7644-3.4.3-07", "RFC7644-3.12-19"],
    needs: [Search, Users, Filter],
    breaks: [],
}

async fn invalid_filter(t: &Trial) -> Verdict {
    let users = t.users()?;
    for filter in ["userName scimulator \"x\"", "userName eq"] {
        let answer = search(t, users.endpoint(), json!({ "filter": filter, "count": 2 })).await?;
        if answer.is_success() {
            let flaw = answer.flaw(format!("a search with the filter `{filter}` is answered"));
            t.note(
                flaw.expected("400 invalidFilter")
                    .got(format!("{} resources", listed(&answer)?.resources.len())),
            );
        } else {
            t.soft(answer.expect_error(&[400], Some("invalidFilter")))?;
        }
    }
    Ok(())
}

check! {
    /// A search below an endpoint finds resources of its type only.
    ///
    /// Why: a group among users cannot be read by a client that asked for users.
    ///
    /// Fix: confine the query to the type of the endpoint.
    SCOPE = scope,
    id: "search.scope",
    title: "a search finds resources of its endpoint only",
    level: Must,
    requirements: ["RFC7644-3.4.3-12", "RFC7644-3.2-10"],
    needs: [Search, Users, Groups, Filter],
    breaks: [],
}

async fn scope(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let (user, group) = (t.create(&users).await?, t.create(&groups).await?);
    let run = [(&users, &user.id, &group.id), (&groups, &group.id, &user.id)].map(
        |(kind, own, other)| async move {
            let filter = format!("id eq {} or id eq {}", quoted(own), quoted(other));
            let answer = search(t, kind.endpoint(), json!({ "filter": filter })).await?;
            if answer.status != 200 {
                return Err(Stop::Blocked(format!(
                    "{} answers {} (checks `filter.id`, `filter.or`)",
                    answer.asked,
                    answer.said()
                )));
            }
            let ids = listed(&answer)?.ids();
            if ids.contains(&other.as_str()) {
                let flaw = answer.flaw(format!("{} finds a resource of another type", answer.asked));
                let flaw = flaw.expected(format!("{} only", kind.name())).got(other.clone());
                return Err(flaw.breaks(&["RFC7644-3.4.3-12"]).into());
            }
            match ids.contains(&own.as_str()) {
                true => Ok(()),
                false => Err(answer
                    .flaw(format!("{} does not find a resource of its type", answer.asked))
                    .expected(own.clone())
                    .got(ids.join(", "))
                    .breaks(&["RFC7644-3.4.3-12"])
                    .into()),
            }
        },
    );
    each(t, join_all(run).await)
}

check! {
    /// Where the root of the server can be searched, it finds resources of every type.
    ///
    /// Why: it is the one question that is about people and groups at once.
    ///
    /// Fix: query every type, with a filter that is false where an attribute does not exist; or answer 404 or 501.
    ROOT = root,
    id: "search.root",
    title: "a search at the root finds resources of every type",
    level: Must,
    requirements: ["RFC7644-3.2-10", "RFC7644-3.4.3-12", "RFC7644-3.4.2.1-02", "RFC7644-3.4.2.1-06"],
    needs: [Users, Groups, Filter],
    breaks: [],
}

async fn root(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let probe = search(t, "", json!({ "count": 1 })).await?;
    if probe.status != 200 {
        return skip(format!("the root of the target cannot be searched: {}", probe.said()));
    }
    let (user, group) = (t.create(&users).await?, t.create(&groups).await?);
    let filter = format!("id eq {} or id eq {}", quoted(&user.id), quoted(&group.id));
    let both = [user.id.as_str(), group.id.as_str()];
    let only_user = format!("({filter}) and userName pr");
    let cases: [(&String, &[&str], &[&'static str]); 2] = [
        (&filter, &both, &["RFC7644-3.4.3-12", "RFC7644-3.2-10", "RFC7644-3.4.2.1-02"]),
        (&only_user, &both[..1], &["RFC7644-3.4.2.1-06"]),
    ];
    for (filter, expected, rows) in cases {
        let answer = search(t, "", json!({ "filter": filter })).await?;
        let verdict = super::query::understood(&answer, filter);
        let Some(()) = t.soft(breaking(verdict, rows))? else { continue };
        let found = listed(&answer)?.ids();
        let verdict = compare(&answer, filter, &found, expected, true, |ids| ids.join(", "));
        t.soft(breaking(verdict, rows))?;
    }
    Ok(())
}

check! {
    /// A search says what it is by the schema `SearchRequest`. A body without it is refused with 400, or read as the search that it
    /// was sent as; nothing else becomes of it.
    ///
    /// Why: a body that was meant for something else must not create anything, and a forgotten `schemas` must not make the server
    /// fail.
    ///
    /// Fix: check `schemas` of the body and answer 400 invalidSyntax or invalidValue, or do without it.
    WITHOUT_SCHEMA = without_schema,
    id: "search.without-schema",
    title: "a search without its schema is refused or read as a search",
    level: Should,
    requirements: ["RFC7644-3.4.3-03"],
    needs: [Search, Users],
    breaks: [],
}

async fn without_schema(t: &Trial) -> Verdict {
    let endpoint = format!("{}/.search", t.users()?.endpoint());
    let wrong = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
    for body in [json!({ "count": 1 }), json!({ "schemas": [wrong], "count": 1 })] {
        let answer = t.post(&endpoint, &body).await?;
        let Some(_) = t.soft(answer.expect_status(&[200, 400]))? else { continue };
        if answer.status == 200 && listed(&answer).is_err() {
            let flaw = answer.flaw("a search without its schema is answered with something that is no list");
            t.note(flaw.expected("400, or a list").got(answer.said()));
        }
    }
    Ok(())
}

check! {
    /// A body that is no JSON object is refused with 400 and the scimType `invalidSyntax`.
    ///
    /// Why: a mistake of a client must not become a failure of the server.
    ///
    /// Fix: answer the error of the JSON parser with 400 invalidSyntax.
    MALFORMED = malformed,
    id: "search.malformed",
    title: "a search that is no JSON is refused with invalidSyntax",
    level: Must,
    requirements: ["RFC7644-3.4.3-13"],
    needs: [Search, Users],
    breaks: [],
}

async fn malformed(t: &Trial) -> Verdict {
    let endpoint = format!("{}/.search", t.users()?.endpoint());
    for body in ["{", "[1", "{\"schemas\": "] {
        let mut request = Request::new("POST", endpoint.clone());
        request.headers.set("Content-Type", SCIM_JSON);
        request.body = body.as_bytes().to_vec().into();
        let answer = t.send(request).await?;
        let Some(_) = t.soft(answer.expect_status(&[400]))? else { continue };
        // The keyword need not be there; another one would be wrong.
        if answer.text("scimType").is_some()
            && let Err(Stop::Problem(flaw)) = answer.expect_error(&[400], Some("invalidSyntax"))
        {
            t.note(flaw.concern());
        }
    }
    Ok(())
}

check! {
    /// `cursor` and `count` in the body page by cursor.
    ///
    /// Why: as for GET: a search with many results has to lead on.
    ///
    /// Fix: read `cursor` from the body too, and return `nextCursor`.
    CURSOR = cursor,
    id: "search.cursor",
    title: "a search pages by cursor",
    level: Must,
    requirements: ["RFC9865-3-01"],
    needs: [Search, Cursor, Users, Filter],
    breaks: [],
}

async fn cursor(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let mut met: Vec<String> = Vec::new();
    let mut cursor = String::new();
    let mut last = None;
    for _ in 0..=SIZE {
        let answer = here(&field, json!({ "cursor": cursor, "count": 2 })).await?;
        met.extend(listed(&answer)?.ids().into_iter().map(str::to_owned));
        let next = super::cursor::cursor(&answer, "nextCursor");
        last = Some(answer);
        match next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    let Some(answer) = last else { return Ok(()) };
    let met: Vec<&str> = met.iter().map(String::as_str).collect();
    compare(&answer, "cursor", &met, &field.everybody(), true, |ids| field.people(ids))
}
