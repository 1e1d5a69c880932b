//! Filters that are none, and filters that nobody can mean (RFC 7644 §3.4.2.2, §3.12).

use futures_util::future::join_all;

use super::query::{Field, each, listed, quoted, target};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Access, Answer, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};

pub(super) const CHECKS: &[Check] = &[
    UNKNOWN_OPERATOR,
    EMPTY,
    INCOMPLETE,
    UNBALANCED,
    UNTERMINATED,
    UNQUOTED,
    UNKNOWN_ATTRIBUTE,
    NULL,
    ODD_OPERAND,
];

/// How a filter that is none may be answered.
#[derive(Clone, Copy, PartialEq)]
enum Leniency {
    /// It must be refused.
    None,
    /// It may be read as something that it could mean, but not as everything.
    Reading,
}

/// What came for a filter that is none: a crash, everybody, or another status than 400 are wrong, whatever the check weighs.
async fn refused(t: &Trial, filter: &str, leniency: Leniency) -> Verdict {
    let users = t.users()?;
    let answer = t.get(&target(users.endpoint(), &[("filter", filter), ("count", "2")])).await?;
    let shown = if filter.is_empty() { "an empty filter".to_owned() } else { format!("`{filter}`") };
    match answer.status {
        400 => match answer.expect_error(&[400], Some("invalidFilter")) {
            Err(Stop::Problem(flaw)) if leniency == Leniency::None => Err(flaw.concern().into()),
            Ok(_) | Err(Stop::Problem(_)) => Ok(()),
            Err(stop) => Err(stop),
        },
        // It does not filter at all, and says so.
        501 => Ok(()),
        status if status >= 500 => Err(answer
            .flaw(format!("{shown} makes the server fail"))
            .expected("400 invalidFilter")
            .got(answer.said())
            .violation()
            .into()),
        200 => accepted(t, &answer, &shown, leniency),
        _ => Err(answer
            .flaw(format!("{shown} is refused with another status than 400"))
            .expected("400 invalidFilter")
            .got(answer.said())
            .concern()
            .into()),
    }
}

fn accepted(t: &Trial, answer: &Answer, shown: &str, leniency: Leniency) -> Verdict {
    let list = listed(answer)?;
    if !list.resources.is_empty() {
        let flaw = answer.flaw(format!("{shown} is ignored, and resources are returned as if they matched"));
        return Err(flaw.expected("400 invalidFilter").got(answer.said()).violation().into());
    }
    if leniency == Leniency::None {
        let flaw = answer.flaw(format!("{shown} is no filter, and is answered with an empty list"));
        t.note(flaw.expected("400 invalidFilter").got(answer.said()));
    }
    Ok(())
}

/// Makes sure that «everybody» is somebody. A target that may only be read is taken to have users.
async fn somebody(t: &Trial) -> Verdict {
    match t.ground().access() {
        Access::Read => Ok(()),
        Access::Write => t.cohort().await.map(drop),
    }
}

/// Each filter must be refused. Names in them are nobody's, so that reading half of a filter finds nobody.
async fn all_refused(t: &Trial, filters: &[String], leniency: Leniency) -> Verdict {
    somebody(t).await?;
    each(t, join_all(filters.iter().map(|filter| refused(t, filter, leniency))).await)
}

check! {
    /// An operator that the server does not know is refused with 400 and the scimType `invalidFilter`.
    ///
    /// Why: a server that ignores what it does not understand answers with everybody. The client takes the first user for the one
    /// that it asked for.
    ///
    /// Fix: parse the whole filter before anything is queried, and refuse it as soon as something is not understood.
    UNKNOWN_OPERATOR = unknown_operator,
    id: "filter.unknown-operator",
    title: "an unknown operator is refused with invalidFilter",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-47", "RFC7644-3.12-19"],
    needs: [Filter, Users],
    breaks: [],
}

async fn unknown_operator(t: &Trial) -> Verdict {
    let filters = ["userName regex \"x\"", "userName like \"x\"", "userName = \"x\""].map(str::to_owned);
    let users = t.users()?;
    somebody(t).await?;
    let run = filters.iter().map(|filter| {
        let users = &users;
        async move {
            let answer = t.get(&target(users.endpoint(), &[("filter", filter), ("count", "2")])).await?;
            if answer.is_success() {
                let flaw = answer.flaw(format!("`{filter}` is answered, although there is no such operator"));
                return Err(flaw.expected("400 invalidFilter").got(answer.said()).into());
            }
            answer.expect_error(&[400], Some("invalidFilter")).map(drop)
        }
    });
    each(t, join_all(run).await)
}

check! {
    /// A filter holds at least one expression; an empty one is refused.
    ///
    /// Why: an empty filter is the bug of a client that lost its condition. Answered with everybody, the bug goes unnoticed until
    /// the wrong people are changed.
    ///
    /// Fix: treat `filter=` as a malformed filter, not as a missing one.
    EMPTY = empty,
    id: "filter.empty",
    title: "an empty filter is refused with invalidFilter",
    level: Should,
    requirements: ["RFC7644-3.4.2.2-05"],
    needs: [Filter, Users],
    breaks: [],
}

async fn empty(t: &Trial) -> Verdict {
    let users = t.users()?;
    for filter in ["", " ", "()"] {
        let answer = t.get(&target(users.endpoint(), &[("filter", filter), ("count", "1")])).await?;
        if answer.status >= 500 && answer.status != 501 {
            let flaw = answer.flaw(format!("the filter `{filter}` makes the server fail")).violation();
            t.note(flaw.expected("400 invalidFilter").got(answer.said()));
        } else if answer.is_success() {
            // A parameter without a value is often taken for no parameter.
            let flaw = answer.flaw(format!("the filter `{filter}` holds no expression, and is not refused"));
            t.note(flaw.expected("400 invalidFilter").got(answer.said()));
        } else {
            t.soft(answer.expect_error(&[400], Some("invalidFilter")))?;
        }
    }
    Ok(())
}

check! {
    /// A filter with something missing is refused with 400 and the scimType `invalidFilter`: no operator, no operand, no attribute,
    /// nothing after `and`.
    ///
    /// Why: whatever a server makes of half a filter, it is not what was meant. The worst of it is to return everybody.
    ///
    /// Fix: parse the whole filter before anything is queried.
    INCOMPLETE = incomplete,
    id: "filter.incomplete",
    title: "a filter with something missing is refused with invalidFilter",
    level: Should,
    requirements: ["RFC7644-3.4.2.2-06", "RFC7644-3.4.2.2-34"],
    needs: [Filter, Users],
    breaks: [],
}

async fn incomplete(t: &Trial) -> Verdict {
    let name = quoted(&t.ground().fresh_name());
    let filters = [
        "userName".to_owned(),
        "userName eq".to_owned(),
        format!("eq {name}"),
        name.clone(),
        format!("userName {name}"),
        format!("userName eq {name} and"),
        format!("or userName eq {name}"),
        format!("userName eq {name} userName pr"),
        format!("userName eq eq {name}"),
        "not".to_owned(),
    ];
    all_refused(t, &filters, Leniency::None).await
}

check! {
    /// A filter whose parentheses or brackets do not match is refused with 400 and the scimType `invalidFilter`.
    ///
    /// Why: a parser that closes them itself guesses what was meant.
    ///
    /// Fix: refuse what is left over after the filter, and what ends too early.
    UNBALANCED = unbalanced,
    id: "filter.unbalanced",
    title: "unbalanced parentheses are refused with invalidFilter",
    level: Should,
    requirements: ["RFC7644-3.4.2.2-34"],
    needs: [Filter, Users],
    breaks: [],
}

async fn unbalanced(t: &Trial) -> Verdict {
    let name = quoted(&t.ground().fresh_name());
    let filters = [
        format!("(userName eq {name}"),
        format!("userName eq {name})"),
        format!("((userName eq {name})"),
        "emails[type eq \"work\"".to_owned(),
        "emails type eq \"work\"]".to_owned(),
    ];
    all_refused(t, &filters, Leniency::None).await
}

check! {
    /// A text operand that does not end, or holds an escape that JSON does not know, is refused.
    ///
    /// Why: this is what a badly quoted name looks like, and what somebody tries who wants to break out of the quotation marks.
    ///
    /// Fix: read operands with a JSON parser, and answer 400 invalidFilter when it fails.
    UNTERMINATED = unterminated,
    id: "filter.unterminated",
    title: "text without its end is refused with invalidFilter",
    level: Should,
    requirements: ["RFC7644-3.4.2.2-35", "RFC7644-3.4.2.2-34"],
    needs: [Filter, Users],
    breaks: [],
}

async fn unterminated(t: &Trial) -> Verdict {
    let filters = [
        "userName eq \"scimulator".to_owned(),
        "userName eq \"".to_owned(),
        "userName eq \"a\\\"".to_owned(),
        "userName eq \"a\"b\"".to_owned(),
        "userName eq \"\\x\"".to_owned(),
    ];
    all_refused(t, &filters, Leniency::None).await
}

check! {
    /// Operands without quotation marks, or with single ones, are no JSON. They may be read as text, but never as everything, and
    /// never make the server fail.
    ///
    /// Why: Microsoft's documents and old clients write `externalId eq jyoung`. A server that crashes on it stops their cycle; one
    /// that returns everybody links people to the wrong accounts.
    ///
    /// Fix: answer 400 invalidFilter, or take the word for the text.
    UNQUOTED = unquoted,
    id: "filter.unquoted",
    title: "operands without double quotes never select everybody",
    level: Should,
    requirements: ["RFC7644-3.4.2.2-35", "RFC7644-3.4.2.2-36"],
    needs: [Filter, Users],
    breaks: [],
}

async fn unquoted(t: &Trial) -> Verdict {
    let name = t.ground().fresh_name();
    let filters =
        [format!("userName eq {name}"), format!("userName eq '{name}'"), format!("externalId eq {name}")];
    all_refused(t, &filters, Leniency::Reading).await
}

check! {
    /// A filter on an attribute that the resource type does not have selects nobody, or is refused. It never selects everybody.
    ///
    /// Why: PingOne asks for `email`, others for attributes of their own schemas. A server that drops what it does not know answers
    /// with the whole directory.
    ///
    /// Fix: refuse unknown attributes with 400 invalidFilter, or let every comparison with them fail.
    UNKNOWN_ATTRIBUTE = unknown_attribute,
    id: "filter.unknown-attribute",
    title: "a filter on an unknown attribute never selects everybody",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-52"],
    needs: [Filter, Users],
    breaks: [],
}

async fn unknown_attribute(t: &Trial) -> Verdict {
    let filters = [
        "scimulatorBogus eq \"x\"",
        "scimulatorBogus pr",
        "scimulatorBogus co \"\"",
        "name.scimulatorBogus eq \"x\"",
        "urn:example:scimulator:2.0:Bogus:userName pr",
    ];
    all_refused(t, &filters.map(str::to_owned), Leniency::Reading).await
}

/// Asks for members of the cohort by a filter that may be refused; tells whom it selects.
async fn tried(field: &Field<'_>, filter: &str) -> Result<Option<(Answer, Vec<String>)>, Stop> {
    let Some(answer) = field.ask_within(filter).await? else {
        return Err(field.unconfined().await?);
    };
    if answer.status >= 500 && answer.status != 501 {
        let flaw = answer.flaw(format!("`{filter}` makes the server fail")).violation();
        return Err(flaw.expected("200, or 400 invalidFilter").got(answer.said()).into());
    }
    if answer.status != 200 {
        return Ok(None);
    }
    let ids = listed(&answer)?.ids().into_iter().map(str::to_owned).collect();
    Ok(Some((answer, ids)))
}

check! {
    /// `eq null` is a comparison that the grammar allows. It may match resources without a value, or nobody, or be refused; it never
    /// matches a resource that has a value.
    ///
    /// Why: RFCs say nothing of null, so that clients get anything from an error to the whole directory.
    ///
    /// Fix: take null for «no value», or refuse it with 400 invalidFilter.
    NULL = null,
    id: "filter.null",
    title: "a comparison with null does not fail and does not match values",
    level: Should,
    requirements: ["RFC7644-3.4.2.2-36"],
    needs: [Filter, Users],
    breaks: [],
}

async fn null(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let mut paths = vec!["userName".to_owned()];
    paths.extend(field.cohort.places.partial.as_ref().map(crate::conformance::trial::Slot::path));
    for path in paths {
        let filter = format!("{path} eq null");
        let Some((answer, ids)) = t.soft(tried(&field, &filter).await)?.flatten() else { continue };
        let has_value = |id: &&String| match (&field.cohort.places.partial, path.as_str()) {
            (_, "userName") | (None, _) => true,
            (Some(slot), _) => {
                let member = field.cohort.members.iter().find(|member| member.id() == id.as_str());
                member.is_none_or(|member| slot.get(&member.json).is_some())
            }
        };
        let wrong: Vec<&str> = ids.iter().filter(has_value).map(String::as_str).collect();
        if !wrong.is_empty() {
            let flaw = answer.flaw(format!("`{filter}` selects resources that have a value")).violation();
            t.note(flaw.expected("resources without a value, or nobody").got(field.people(&wrong)));
        }
    }
    Ok(())
}

check! {
    /// An operand of another type than the attribute matches nobody, or is refused; it never makes the server fail, and never
    /// matches what it does not equal.
    ///
    /// Why: Entra writes `"true"` in quotation marks, scripts forget them. A failed cast in the database becomes a 500, and the
    /// client tries again for hours.
    ///
    /// Fix: compare the types first; answer 400 invalidFilter where they cannot be compared.
    ODD_OPERAND = odd_operand,
    id: "filter.odd-operand",
    title: "an operand of another type does not make the server fail",
    level: Should,
    requirements: ["RFC7644-3.4.2.2-36"],
    needs: [Filter, Users],
    breaks: [],
}

async fn odd_operand(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let mut filters = vec!["userName eq 5", "userName eq true", "userName co 1", "meta.created gt \"soon\""];
    if crate::conformance::trial::cohort::place(field.kind(), "active").is_some() {
        filters.extend(["active eq \"scimulator\"", "active eq 7"]);
    }
    for filter in filters {
        let Some((answer, ids)) = t.soft(tried(&field, filter).await)?.flatten() else { continue };
        // The names of the cohort hold digits, so that a number taken for text may be found in them.
        if !ids.is_empty() && !filter.contains(" co ") {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let flaw = answer.flaw(format!("`{filter}` selects resources that do not match it"));
            t.note(flaw.expected("nobody, or 400 invalidFilter").got(field.people(&ids)));
        }
    }
    // Entra's quoted boolean: it may be read as a boolean, and may match nobody.
    let Some(slot) = crate::conformance::trial::cohort::place(field.kind(), "active") else {
        return skip("users have no `active`");
    };
    let filter = format!("active eq {}", quoted("false"));
    let Some((answer, ids)) = tried(&field, &filter).await? else { return Ok(()) };
    let right = field.ids_where(&slot, "eq", &serde_json::json!(false));
    let wrong: Vec<&str> = ids.iter().map(String::as_str).filter(|id| !right.contains(id)).collect();
    match wrong.is_empty() {
        true => Ok(()),
        false => {
            let flaw = answer.flaw(format!("`{filter}` selects users that are active")).violation();
            Err(flaw.expected(field.people(&right)).got(field.people(&wrong)).into())
        }
    }
}
