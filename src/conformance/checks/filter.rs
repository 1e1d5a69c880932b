//! Filters: what they select, and how they are put together (RFC 7644 §3.4.2.2).

use futures_util::future::join_all;
use serde_json::Value;

use super::query::{Field, breaking, each, listed, quoted, strictly};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::cohort::place;
use crate::conformance::trial::{Answer, Trial};
use crate::conformance::verdict::Verdict;

pub(super) const CHECKS: &[Check] =
    &[EQUAL, NO_MATCH, STARTS_WITH, AND, OR, GROUPING, NOT, PRECEDENCE, ATTRIBUTE_CASE, OPERATOR_CASE];

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
    let cases = ["alpha", "delta"].map(|user| {
        let filter = format!("userName eq {}", field.user_name(user));
        let field = &field;
        async move { strictly(field.finds(&filter, &[field.id(user)]).await) }
    });
    each(t, join_all(cases).await)?;
    // The beginning of a name is not the name.
    let part = format!("userName eq {}", quoted(&field.cohort.prefix));
    strictly(field.finds(&part, &[]).await)
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
    let name = t.ground().fresh_name();
    // Okta's and Entra's connection tests ask for words that are no address.
    for name in [format!("{name}@example.com"), name] {
        let filter = format!("userName eq {}", quoted(&name));
        let answer = t.search(&users, &filter).await?;
        t.soft(empty(&answer))?;
    }
    Ok(())
}

/// Fails unless an answer is an empty list.
fn empty(answer: &Answer) -> Verdict {
    answer.expect_status(&[200])?;
    let list = listed(answer)?;
    if !list.resources.is_empty() {
        return Err(answer
            .flaw("a filter that nobody matches selects somebody")
            .expected("no Resources")
            .got(format!("{} resources", list.resources.len()))
            .into());
    }
    // A number in quotation marks is judged by `paging.integers`.
    let text = list.object.get("totalResults").and_then(Value::as_str);
    match list.total {
        Some(0) => Ok(()),
        None if text == Some("0") => Ok(()),
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
    let verdicts = join_all(cases.iter().map(|(filter, expected)| field.finds(filter, expected))).await;
    each(t, verdicts.into_iter().map(|verdict| breaking(verdict, &["RFC7644-3.4.2.2-26"])))
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
    let [alpha, bravo, charlie] = ["alpha", "bravo", "charlie"].map(|user| field.user_name(user));
    let nobody = quoted(&format!("{}-nobody", field.cohort.prefix));
    let cases = [
        (format!("userName eq {alpha} or userName eq {bravo}"), vec!["alpha", "bravo"]),
        (format!("userName eq {nobody} or userName eq {bravo}"), vec!["bravo"]),
        (format!("userName eq {bravo} or userName eq {nobody}"), vec!["bravo"]),
        (
            format!("userName eq {alpha} or userName eq {bravo} or userName eq {charlie}"),
            vec!["alpha", "bravo", "charlie"],
        ),
    ];
    let field = &field;
    let run = cases.iter().map(|(filter, expected)| async move {
        let ids: Vec<&str> = expected.iter().map(|user| field.id(user)).collect();
        breaking(field.finds(filter, &ids).await, &["RFC7644-3.4.2.2-27"])
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
    let cases: [(String, &[&str]); 5] = [
        // From left to right: (a or b) and c, which nobody is.
        (format!("{a} or {b} and {c}"), &alpha),
        // From right to left: c and (b or a).
        (format!("{c} and {b} or {a}"), &alpha),
        (format!("{a} or {b} and {a} or {c}"), &both),
        (format!("userName pr and {a}"), &alpha),
        // With `not` over everything that follows: not (b and b), and so everybody else.
        (format!("not ({b}) and {b}"), &[]),
    ];
    each(t, join_all(cases.iter().map(|(filter, expected)| field.finds(filter, expected))).await)?;
    // With `not` over everything that follows: not ((userName pr) or a). There may be others whose userName is empty.
    field.finds_bare(&format!("not (userName pr) or {a}"), &alpha).await
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
    let name = field.user_name("bravo");
    let bravo = [field.id("bravo")];
    let mut cases =
        vec![(format!("username eq {name}"), String::new()), (format!("USERNAME eq {name}"), String::new())];
    let family = place(field.kind(), "name.familyName");
    if let Some(value) = family.as_ref().and_then(|slot| slot.get(&field.member("bravo").json)) {
        cases.push((format!("NAME.familyname eq {value}"), format!("name.familyName eq {value}")));
    }
    spelled(&field, &cases, &bravo).await
}

/// Fails unless filters select these members however they are spelled. Each is judged only where its usual spelling, the second of
/// a pair, is understood, which other checks see to.
pub(super) async fn spelled(field: &Field<'_>, cases: &[(String, String)], expected: &[&str]) -> Verdict {
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
    let (name, other) = (field.user_name("bravo"), field.user_name("delta"));
    let bravo = [field.id("bravo")];
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
    spelled(&field, &cases, &bravo).await
}
