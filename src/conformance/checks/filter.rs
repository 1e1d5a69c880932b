//! Filters: what they select, and how they are put together (RFC 7644 §3.4.2.2).

use futures_util::future::join_all;
use serde_json::Value;

use super::query::{Field, breaking, each, listed, quoted, strictly, target};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Support;
use crate::conformance::trial::Trial;
use crate::conformance::trial::cohort::place;
use crate::conformance::verdict::{Verdict, skip};

pub(super) const CHECKS: &[Check] = &[
    EQUAL,
    NO_MATCH,
    STARTS_WITH,
    AND,
    OR,
    GROUPING,
    NOT,
    PRECEDENCE,
    ATTRIBUTE_CASE,
    OPERATOR_CASE,
    INACTIVE,
    COMBINED,
    DEFAULT_VALUE,
    EXAMPLES,
    NOT_SUPPORTED,
];

check! {
    /// `userName eq "…"` selects the user with that name, and nobody else.
    ///
    /// Why: every identity provider looks a person up by this filter before it writes. A filter that is ignored, or that
    /// finds too much, links a person to somebody else's account; one that finds nothing creates a second account.
    ///
    /// Fix: evaluate `filter` before anything is returned, and compare the whole value, not a part of it.
    EQUAL = equal,
    id: "filter.equal",
    title: "userName eq selects that user and nobody else",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-02", "RFC7644-3.4.2.2-08"],
    needs: [Filter, Users],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn equal(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let cases = ["alpha", "foxtrot"].map(|user| {
        let filter = format!("userName eq {}", field.user_name(user));
        let field = &field;
        async move { strictly(field.finds(&filter, &[field.id(user)]).await) }
    });
    each(t, join_all(cases).await)?;
    // The beginning of a name is not the name.
    let part = format!("userName eq {}", quoted(&field.cohort.prefix));
    field.finds(&part, &[]).await
}

check! {
    /// A query that finds nothing succeeds: status 200, a ListResponse, `totalResults` 0.
    ///
    /// Why: before it creates somebody, an identity provider asks whether the person is there. Entra takes a 404 for a broken
    /// endpoint and puts the whole job into quarantine.
    ///
    /// Fix: answer an empty ListResponse with status 200 instead of 404.
    NO_MATCH = no_match,
    id: "filter.no-match",
    title: "a filter without a match is answered with 200 and an empty list",
    level: Must,
    requirements: ["RFC7644-3.4.2-11"],
    needs: [Filter, Users],
    breaks: [Entra, OneLogin, JumpCloud, Ping],
}

async fn no_match(t: &Trial) -> Verdict {
    let users = t.users()?;
    let filter = format!("userName eq {}", quoted(&format!("{}@example.com", t.ground().fresh_name())));
    let answer = t.search(&users, &filter).await?;
    answer.expect_status(&[200])?;
    let list = listed(&answer)?;
    if !list.resources.is_empty() {
        return Err(answer
            .flaw("a filter that nobody matches selects somebody")
            .expected("no Resources")
            .got(format!("{} resources", list.resources.len()))
            .into());
    }
    match list.total {
        Some(0) => Ok(()),
        _ => Err(answer
            .flaw("an empty list does not say that nothing was found")
            .expected("\"totalResults\": 0")
            .got(format!("\"totalResults\": {}", list.object.get("totalResults").unwrap_or(&Value::Null)))
            .into()),
    }
}

check! {
    /// `sw` selects the values that begin with the operand, the one that equals it included.
    ///
    /// Why: many other checks confine their questions by a common beginning of the names, and so do administrators who look
    /// for the accounts of a pilot.
    ///
    /// Fix: compare the operand with the beginning of the value; where the store is asked by LIKE, escape the operand and append
    /// `%` only.
    STARTS_WITH = starts_with,
    id: "filter.starts-with",
    title: "sw selects values that begin with the operand",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-13"],
    needs: [Filter, Users],
    breaks: [],
}

async fn starts_with(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let prefix = &field.cohort.prefix;
    let cases = [
        (format!("{prefix}-"), field.everybody()),
        (format!("{prefix}-bravo"), vec![field.id("bravo")]),
        (
            field.member("bravo").json["userName"].as_str().unwrap_or_default().to_owned(),
            vec![field.id("bravo")],
        ),
        // What does not begin the value.
        (prefix[1..].to_owned(), vec![]),
        (format!("{prefix}-bravox"), vec![]),
    ];
    let run = cases.iter().map(|(operand, expected)| {
        let filter = format!("userName sw {}", quoted(operand));
        let field = &field;
        async move { field.finds(&filter, expected).await }
    });
    each(t, join_all(run).await)
}

check! {
    /// `and` selects what both of its sides select.
    ///
    /// Why: with `and` taken for `or`, or only one side looked at, a narrow question gets a wide answer, and the identity
    /// provider takes the first account of it.
    ///
    /// Fix: evaluate both sides for each resource. Refuse with 400 invalidFilter what cannot be evaluated.
    AND = and,
    id: "filter.and",
    title: "and selects what matches both sides",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-26", "RFC7644-3.4.2.2-07"],
    needs: [Filter, Users],
    breaks: [Entra],
}

async fn and(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let [a, b] = ["alpha", "bravo"].map(|user| format!("userName eq {}", field.user_name(user)));
    let alpha = [field.id("alpha")];
    let cases: [(String, &[&str]); 5] = [
        (format!("{a} and {a}"), &alpha),
        (format!("{a} and {b}"), &[]),
        (format!("{b} and {a}"), &[]),
        (format!("{a} and {a} and {b}"), &[]),
        (format!("{a} and {a} and {a}"), &alpha),
    ];
    each(t, join_all(cases.iter().map(|(filter, expected)| field.finds(filter, expected))).await)
}

check! {
    /// `or` selects what either of its sides selects.
    ///
    /// Why: clients ask for several people at once with it. When only the first side counts, the others seem to be gone.
    ///
    /// Fix: evaluate the second side for each resource that the first does not select.
    OR = or,
    id: "filter.or",
    title: "or selects what matches either side",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-27", "RFC7644-3.4.2.2-07"],
    needs: [Filter, Users],
    breaks: [],
}

async fn or(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let [alpha, bravo, echo] = ["alpha", "bravo", "echo"].map(|user| field.user_name(user));
    let nobody = quoted(&format!("{}-nobody", field.cohort.prefix));
    let cases = [
        (format!("userName eq {alpha} or userName eq {bravo}"), vec!["alpha", "bravo"]),
        (format!("userName eq {nobody} or userName eq {bravo}"), vec!["bravo"]),
        (format!("userName eq {bravo} or userName eq {nobody}"), vec!["bravo"]),
        (
            format!("userName eq {alpha} or userName eq {bravo} or userName eq {echo}"),
            vec!["alpha", "bravo", "echo"],
        ),
    ];
    let field = &field;
    let run = cases.iter().map(|(filter, expected)| async move {
        let ids: Vec<&str> = expected.iter().map(|user| field.id(user)).collect();
        field.finds(filter, &ids).await
    });
    each(t, join_all(run).await)
}

check! {
    /// Parentheses are evaluated first, so that `or` can come before `and`.
    ///
    /// Why: a parser that drops parentheses reads another question than the one that was asked, and nobody notices until
    /// the wrong accounts are changed.
    ///
    /// Fix: parse by recursive descent (or, and, not, group), not by splitting the text at `and` and `or`.
    GROUPING = grouping,
    id: "filter.grouping",
    title: "parentheses decide what is evaluated first",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-29", "RFC7644-3.4.2.2-40"],
    needs: [Filter, Users],
    breaks: [],
}

async fn grouping(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let [a, b, c] =
        ["alpha", "bravo", "charlie"].map(|user| format!("userName eq {}", field.user_name(user)));
    let alpha = [field.id("alpha")];
    let cases: [(String, &[&str]); 6] = [
        (format!("({a})"), &alpha),
        // Without its parentheses each of these selects somebody else.
        (format!("({a} or {b}) and {c}"), &[]),
        (format!("{c} and ({b} or {a})"), &[]),
        (format!("({a} or {b}) and ({a} or {c})"), &alpha),
        (format!("(({c}) or ({a} or {b})) and {a}"), &alpha),
        (format!("{a} and ({b} or (userName pr and ({c} or {a})))"), &alpha),
    ];
    each(t, join_all(cases.iter().map(|(filter, expected)| field.finds(filter, expected))).await)
}

check! {
    /// `not (…)` selects what the expression in the parentheses does not select, with or without a space after `not`.
    ///
    /// Why: the grammar writes `not(` and the examples of the RFC write `not (`, so that clients send both.
    ///
    /// Fix: let the space after `not` be there or not, and negate the whole group.
    NOT = not,
    id: "filter.not",
    title: "not selects what its group does not",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-28"],
    needs: [Filter, Users],
    breaks: [],
}

async fn not(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let alpha = format!("userName eq {}", field.user_name("alpha"));
    let bravo = format!("userName eq {}", field.user_name("bravo"));
    let others = |left_out: &[&str]| -> Vec<&str> {
        let ids: Vec<&str> = left_out.iter().map(|user| field.id(user)).collect();
        field.everybody().into_iter().filter(|id| !ids.contains(id)).collect()
    };
    let cases = [
        (format!("not ({alpha})"), others(&["alpha"])),
        (format!("not({alpha})"), others(&["alpha"])),
        (format!("not ({alpha} or {bravo})"), others(&["alpha", "bravo"])),
        (format!("not (not ({alpha}))"), vec![field.id("alpha")]),
    ];
    each(t, join_all(cases.iter().map(|(filter, expected)| field.finds_here(filter, expected))).await)
}

check! {
    /// `not` binds tighter than `and`, and `and` tighter than `or`; comparisons bind tightest.
    ///
    /// Why: a parser that goes from left to right, or gives `and` and `or` the same rank, selects other people than were asked
    /// for as soon as a filter has three terms.
    ///
    /// Fix: use one grammar level each for `or`, `and`, `not`, and the comparison.
    PRECEDENCE = precedence,
    id: "filter.precedence",
    title: "not comes before and, and before or",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-40", "RFC7644-3.4.2.2-41"],
    needs: [Filter, Users],
    breaks: [],
}

async fn precedence(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let [a, b, c] =
        ["alpha", "bravo", "charlie"].map(|user| format!("userName eq {}", field.user_name(user)));
    let alpha = [field.id("alpha")];
    let both = [field.id("alpha"), field.id("charlie")];
    let cases: [(String, &[&str]); 6] = [
        // From left to right: (a or b) and c, which nobody is.
        (format!("{a} or {b} and {c}"), &alpha),
        // From right to left: c and (b or a).
        (format!("{c} and {b} or {a}"), &alpha),
        (format!("{a} or {b} and {a} or {c}"), &both),
        (format!("userName pr and {a}"), &alpha),
        // With `not` over everything that follows: not ((userName pr) or a).
        (format!("not (userName pr) or {a}"), &alpha),
        // With `not` over everything that follows: not (b and b), and so everybody else.
        (format!("not ({b}) and {b}"), &[]),
    ];
    each(t, join_all(cases.iter().map(|(filter, expected)| field.finds(filter, expected))).await)
}

check! {
    /// Attribute names in filters are read without regard to letter case.
    ///
    /// Why: clients write `username`, `userName` and `UserName`. The one that is not understood gets an error, or nobody.
    ///
    /// Fix: look attributes up by their case-folded name.
    ATTRIBUTE_CASE = attribute_case,
    id: "filter.attribute-case",
    title: "attribute names in filters are read in any letter case",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-03"],
    needs: [Filter, Users],
    breaks: [Ping],
}

async fn attribute_case(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let name = field.user_name("echo");
    let echo = [field.id("echo")];
    let mut cases =
        vec![(format!("username eq {name}"), String::new()), (format!("USERNAME eq {name}"), String::new())];
    let family = place(field.kind(), "name.familyName");
    if let Some(value) = family.as_ref().and_then(|slot| slot.get(&field.member("echo").json)) {
        cases.push((format!("NAME.familyname eq {value}"), format!("name.familyName eq {value}")));
    }
    spelled(&field, &cases, &echo).await
}

/// Fails unless filters select these members however they are spelled. Each is judged only where its usual spelling, the second of
/// a pair, is understood, which other checks see to.
async fn spelled(field: &Field<'_>, cases: &[(String, String)], expected: &[&str]) -> Verdict {
    let run = cases.iter().map(|(filter, usual)| async move {
        let verdict = strictly(field.finds(filter, expected).await);
        if verdict.is_ok() || usual.is_empty() || field.finds(usual, expected).await.is_ok() {
            return verdict;
        }
        Ok(())
    });
    each(field.t, join_all(run).await)
}

check! {
    /// Operators and the words `and`, `or`, `not` are read without regard to letter case.
    ///
    /// Why: PingOne sends `Eq`, others `EQ`. The RFC's own example is `userName Eq "john"`.
    ///
    /// Fix: compare operators after folding their letter case.
    OPERATOR_CASE = operator_case,
    id: "filter.operator-case",
    title: "operators in filters are read in any letter case",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-04"],
    needs: [Filter, Users],
    breaks: [Ping],
}

async fn operator_case(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let (name, other) = (field.user_name("echo"), field.user_name("delta"));
    let echo = [field.id("echo")];
    let cases = [
        (format!("userName Eq {name}"), String::new()),
        (format!("userName EQ {name}"), String::new()),
        (format!("userName Sw {name}"), format!("userName sw {name}")),
        (format!("userName CO {name}"), format!("userName co {name}")),
        (
            format!("userName eq {name} AND userName eq {name}"),
            format!("userName eq {name} and userName eq {name}"),
        ),
        (
            format!("userName eq {name} OR userName eq {name}"),
            format!("userName eq {name} or userName eq {name}"),
        ),
        (format!("userName eq {name} and userName PR"), format!("userName eq {name} and userName pr")),
        (
            format!("userName eq {name} and Not (userName eq {other})"),
            format!("userName eq {name} and not (userName eq {other})"),
        ),
    ];
    spelled(&field, &cases, &echo).await
}

check! {
    /// Deactivated users are found like all others.
    ///
    /// Why: an identity provider that wants to reactivate somebody looks for the account first. When the filter hides it, the
    /// provider creates the person again, and runs into a conflict that it cannot solve.
    ///
    /// Fix: do not leave inactive users out of queries. `active` is an attribute like any other; only a deleted resource is gone.
    INACTIVE = inactive,
    id: "filter.inactive",
    title: "deactivated users are found by filters",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-02"],
    needs: [Filter, Users],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn inactive(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let inactive: Vec<_> = field
        .cohort
        .members
        .iter()
        .filter(|member| member.json.get("active") == Some(&Value::Bool(false)))
        .collect();
    if inactive.is_empty() {
        return skip("the target keeps no inactive users (attribute `active`)");
    }
    let field = &field;
    let run = inactive.into_iter().map(|member| async move {
        let mut verdicts = Vec::new();
        for path in ["userName", "externalId"] {
            if let Some(value) = member.json.get(path) {
                let verdict = field.finds(&format!("{path} eq {value}"), &[member.id()]).await;
                // That nobody at all can be found by the attribute is no matter of activity.
                verdicts.push(match (path, &verdict) {
                    ("externalId", Err(_)) if !works(field, path).await => Ok(()),
                    _ => verdict,
                });
            }
        }
        verdicts
    });
    each(t, join_all(run).await.into_iter().flatten())
}

/// Whether an active user is found by the attribute.
async fn works(field: &Field<'_>, path: &str) -> bool {
    let member = field.member("alpha");
    match member.json.get(path) {
        Some(value) => field.finds(&format!("{path} eq {value}"), &[member.id()]).await.is_ok(),
        None => false,
    }
}

check! {
    /// `filter`, `sortBy`, `startIndex`, `count` and `attributes` work together in one query: what matches is sorted, cut into
    /// pages, and shown in part.
    ///
    /// Why: Okta sends a filter with `startIndex` and `count`; imports ask for a few attributes of one page. Servers that take
    /// another branch of code for each parameter forget the others.
    ///
    /// Fix: apply the parameters one after the other: filter, sort, page, then projection.
    COMBINED = combined,
    id: "filter.combined",
    title: "filter, sorting, paging and attributes work together",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-02", "RFC7644-3.4.2.4-08", "RFC7644-3.4.2.5-01"],
    needs: [Filter, Users, IndexPaging],
    breaks: [Okta],
}

async fn combined(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let scope = field.scope().await?;
    let mut parameters =
        vec![("filter", scope.as_str()), ("startIndex", "2"), ("count", "2"), ("attributes", "userName")];
    let sorts = matches!(t.discovery().supports("sort", "supported"), Support::Yes);
    if sorts {
        parameters.extend([("sortBy", "userName"), ("sortOrder", "descending")]);
    }
    let answer = field.ask(&parameters).await?;
    answer.expect_status(&[200])?;
    let list = listed(&answer)?;
    let ids = list.ids();
    let everybody = field.everybody();
    if let Some(stranger) = ids.iter().find(|id| !everybody.contains(id)) {
        return Err(answer
            .flaw("the filter is not applied when other parameters are there")
            .breaks(&["RFC7644-3.4.2.2-02"])
            .expected(format!("only users that match `{scope}`"))
            .got(format!("the resource {stranger}"))
            .into());
    }
    if ids.len() > 2 {
        let flaw = answer.flaw("`count` is not applied when other parameters are there");
        t.note(
            flaw.breaks(&["RFC7644-3.4.2.4-08"]).expected("2 resources at most").got(ids.len().to_string()),
        );
    }
    let shown = list.resources.iter().find(|user| user.get("emails").is_some() || user.get("name").is_some());
    if let Some(user) = shown {
        let flaw = answer.flaw("`attributes` is not applied when other parameters are there");
        t.note(flaw.breaks(&["RFC7644-3.4.2.5-01"]).expected("userName, id, schemas").got(user.to_string()));
    }
    let wanted = [field.id("echo"), field.id("delta")];
    if sorts && ids.len() == 2 && ids != wanted {
        t.note(
            answer
                .flaw("the page is not cut from the sorted result")
                .expected(field.people(&wanted))
                .got(field.people(&ids)),
        );
    }
    Ok(())
}

check! {
    /// Where the server fills in a value that the client did not send, a filter sees the value that was returned to the client.
    ///
    /// Why: a user who was created without `active` is shown as active. If `active eq true` does not find the user, a count of
    /// active accounts is wrong, and a review of access misses people.
    ///
    /// Fix: store defaults when the resource is created, instead of adding them when it is shown.
    DEFAULT_VALUE = default_value,
    id: "filter.default-value",
    title: "a value that the server filled in can be filtered for",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-45"],
    needs: [Filter, Users],
    breaks: [],
}

async fn default_value(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    if let Some(object) = body.as_object_mut() {
        object.shift_remove("active");
    }
    let name = body["userName"].clone();
    let created = t.create_from(&users, &body).await?;
    let stored = t.read(&created).await?;
    let Some(active @ Value::Bool(given)) = stored.get("active") else {
        return skip("the server fills in no `active` for a user that was created without");
    };
    for (value, expected) in [(active.clone(), true), (Value::Bool(!given), false)] {
        let filter = format!("userName eq {name} and active eq {value}");
        let answer = t.search(&users, &filter).await?;
        super::query::understood(&answer, &filter)?;
        if listed(&answer)?.ids().contains(&created.id.as_str()) != expected {
            return Err(answer
                .flaw(format!("`active eq {value}` does not agree with the value that is shown"))
                .expected(if expected { "the user" } else { "nobody" })
                .got(if expected { "nobody" } else { "the user" })
                .into());
        }
    }
    Ok(())
}

check! {
    /// The example filters of RFC 7644 (figure 2) are understood, as far as the target has their attributes.
    ///
    /// Why: the examples are what people try first, and what parsers are written after. One that is refused shows a gap
    /// in the grammar: qualified names, `not (`, brackets, dates.
    ///
    /// Fix: take the examples as test cases of the parser.
    EXAMPLES = examples,
    id: "filter.examples",
    title: "the example filters of the RFC are understood",
    level: Should,
    requirements: ["RFC7644-3.4.2.2-51"],
    needs: [Filter, Users],
    breaks: [],
}

async fn examples(t: &Trial) -> Verdict {
    let users = t.users()?;
    let has = |path: &str| place(&users, path).is_some();
    let core = &users.schema.core.id;
    let qualified = format!("{core}:userName sw \"J\"");
    let filters: Vec<(&str, &[&str])> = vec![
        (r#"userName eq "bjensen""#, &["userName"]),
        (r#"name.familyName co "O'Malley""#, &["name.familyName"]),
        (r#"userName sw "J""#, &["userName"]),
        (qualified.as_str(), &["userName"]),
        ("title pr", &["title"]),
        (r#"meta.lastModified gt "2011-05-13T04:42:34Z""#, &[]),
        (r#"meta.lastModified ge "2011-05-13T04:42:34Z""#, &[]),
        (r#"meta.lastModified lt "2011-05-13T04:42:34Z""#, &[]),
        (r#"meta.lastModified le "2011-05-13T04:42:34Z""#, &[]),
        (r#"title pr and userType eq "Employee""#, &["title", "userType"]),
        (r#"title pr or userType eq "Intern""#, &["title", "userType"]),
        (r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#, &[]),
        (
            r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
            &["userType", "emails.value"],
        ),
        (
            r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
            &["userType", "emails.value"],
        ),
        (r#"userType eq "Employee" and (emails.type eq "work")"#, &["userType", "emails.type"]),
        (
            r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#,
            &["userType", "emails.type"],
        ),
        (
            r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
            &["emails.type", "ims.type"],
        ),
    ];
    let asked = filters.into_iter().filter(|(_, paths)| paths.iter().all(|path| has(path)));
    let run = asked.map(|(filter, _)| {
        let users = &users;
        async move {
            let target = target(users.endpoint(), &[("filter", filter), ("count", "1")]);
            let answer = t.get(&target).await?;
            match answer.status {
                // Brackets are an option (RFC 7644 table 5).
                400 | 501 if filter.contains('[') => Ok(()),
                status if status >= 500 && status != 501 => {
                    let flaw =
                        answer.flaw(format!("the example `{filter}` makes the server fail")).violation();
                    Err(flaw.expected("200").got(answer.said()).into())
                }
                _ => super::query::understood(&answer, filter),
            }
        }
    });
    each(t, join_all(run).await)
}

check! {
    /// A server that says that it does not filter refuses a filter instead of returning everybody.
    ///
    /// Why: a client that asked for one person and gets a list takes the first entry for the answer.
    ///
    /// Fix: answer 400, 403 or 501 with an Error that says that filters are not supported.
    NOT_SUPPORTED = not_supported,
    id: "filter.not-supported",
    title: "a server without filters does not pretend to filter",
    level: May,
    requirements: ["RFC7644-3.4.2.2-01"],
    needs: [Users],
    breaks: [],
}

async fn not_supported(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Support::No(_) = t.discovery().supports("filter", "supported") else {
        // A server that says it filters must not turn the parameter away.
        let answer = t.search(&users, "userName eq \"scimulator\"").await?;
        return match answer.status {
            501 => Err(answer
                .flaw("ServiceProviderConfig says that filters are supported, and they are not implemented")
                .expected("200")
                .got(answer.said())
                .into()),
            _ => Ok(()),
        };
    };
    let filter = format!("userName eq {}", quoted(&t.ground().fresh_name()));
    let answer = t.search(&users, &filter).await?;
    if answer.status == 200 && !listed(&answer)?.resources.is_empty() {
        return Err(answer
            .flaw("a filter is ignored, and the answer looks as if it had matched")
            .expected("400, 403 or 501")
            .got(format!("200 with {} resources", listed(&answer)?.resources.len()))
            .into());
    }
    breaking(
        match answer.status {
            status if status >= 500 && status != 501 => answer.expect_status(&[200, 400, 403, 501]).map(drop),
            _ => Ok(()),
        },
        &["RFC7644-3.4.2.2-01"],
    )
}
