//! Asking for the cohort: what the checks of filters, sorting, paging, projection and searches share. It has no checks of its
//! own.
//!
//! A target may hold thousands of users that are not ours. What a filter says of the values of the cohort alone is asked as it is
//! ([`Field::finds`]); what it says of everybody is confined to the cohort by `(…) and userName sw "…"`
//! ([`Field::finds_here`]). When an answer is wrong, and only then, it is found out whether the confinement is to blame.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::conformance::discovery::{Kind, Support};
use crate::conformance::trial::cohort::{Cohort, Member, Scoping};
use crate::conformance::trial::{Answer, Listed, Slot, Trial, component};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::member;
use crate::protocol::value;

/// Parameters of a query.
pub(super) type Parameters<'p> = &'p [(&'p str, &'p str)];

/// A request target with parameters, which are encoded.
pub(super) fn target(endpoint: &str, parameters: Parameters<'_>) -> String {
    let parameters: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={}", component(value))).collect();
    match parameters.is_empty() {
        true => endpoint.to_owned(),
        false => format!("{endpoint}?{}", parameters.join("&")),
    }
}

pub(super) use super::compare::quoted;

/// The cohort, and the trial that asks for it.
pub(super) struct Field<'t> {
    pub t: &'t Trial,
    pub cohort: Arc<Cohort>,
}

impl<'t> Field<'t> {
    pub async fn of(t: &'t Trial) -> Result<Self, Stop> {
        Ok(Self { t, cohort: t.cohort().await? })
    }

    pub fn kind(&self) -> &Kind {
        &self.cohort.kind
    }

    /// A member by the part of its userName.
    pub fn member(&self, user: &str) -> &Member {
        self.cohort.named(user)
    }

    /// The id of a member.
    pub fn id(&self, user: &str) -> &str {
        self.member(user).id()
    }

    /// The userName of a member, as an operand of a filter.
    pub fn user_name(&self, user: &str) -> String {
        self.member(user).json["userName"].to_string()
    }

    /// The ids of all members.
    pub fn everybody(&self) -> Vec<&str> {
        self.cohort.members.iter().map(Member::id).collect()
    }

    /// The ids of the members that a comparison holds for, as far as their stored values tell.
    pub fn ids_where(&self, slot: &Slot, operator: &str, operand: &Value) -> Vec<&str> {
        self.cohort.ids_where(|json| holds(slot, json, operator, operand))
    }

    /// Queries the users.
    pub async fn ask(&self, parameters: Parameters<'_>) -> Result<Answer, Stop> {
        self.t.get(&target(self.kind().endpoint(), parameters)).await
    }

    /// Fails unless a filter selects exactly these members. Its values must be such that nobody else can match.
    pub async fn finds(&self, filter: &str, expected: &[&str]) -> Verdict {
        let answer = self.ask(&[("filter", filter)]).await?;
        self.selected(&answer, filter, expected, false)
    }

    /// Fails unless a filter selects exactly these members of the cohort, whomever it selects besides.
    pub async fn finds_here(&self, filter: &str, expected: &[&str]) -> Verdict {
        let first = match self.cohort.scoping.get() {
            None => Some(self.cohort.scope()),
            Some((Scoping::Filters, scope)) => Some(scope.clone()),
            Some(_) => None,
        };
        if let Some(scope) = first {
            let verdict = self.finds_within(filter, expected, &scope).await;
            if verdict.is_ok() {
                return verdict;
            }
            match self.scoping().await? {
                (Scoping::Filters, works) if *works == scope => return verdict,
                (Scoping::Filters, works) => return self.finds_within(filter, expected, works).await,
                _ => {}
            }
        }
        // Where everything that matches is on one page, the others can be left out here.
        let answer = self.ask(&[("filter", filter)]).await?;
        let is_whole = answer.status != 200
            || listed(&answer).is_ok_and(|list| list.total.is_none_or(|n| n <= list.resources.len() as u64));
        if !is_whole {
            return Err(self.unconfined().await?);
        }
        self.selected(&answer, filter, expected, true)
    }

    /// Asks a filter as it is, where a value of the cohort in it makes sure that nobody else matches, and confined otherwise.
    pub async fn finds_either(&self, filter: &str, expected: &[&str]) -> Verdict {
        match filter.contains(&self.cohort.prefix) {
            true => self.finds(filter, expected).await,
            false => self.finds_here(filter, expected).await,
        }
    }

    /// Fails where a filter that is asked as it is leaves out a member or selects one that it must not, whomever it selects besides.
    pub async fn finds_bare(&self, filter: &str, expected: &[&str]) -> Verdict {
        let answer = self.ask(&[("filter", filter)]).await?;
        self.selected(&answer, filter, expected, true)
    }

    async fn finds_within(&self, filter: &str, expected: &[&str], scope: &str) -> Verdict {
        let confined = format!("({filter}) and {scope}");
        let answer = self.ask(&[("filter", &confined)]).await?;
        let verdict = self.selected(&answer, &confined, expected, false);
        // That parentheses within parentheses are refused is judged by the check `filter.grouping`.
        let is_refused = matches!(&verdict, Err(Stop::Problem(flaw)) if flaw.severity.is_some());
        if is_refused && filter.contains(['(', '[']) && !has_outer_or(filter) {
            let plain = format!("{scope} and {filter}");
            let answer = self.ask(&[("filter", &plain)]).await?;
            if self.selected(&answer, &plain, expected, false).is_ok() {
                return Ok(());
            }
        }
        verdict
    }

    /// Ends the check where `attributes` is not applied to one resource, whatever it names.
    pub async fn blocked_without_attributes(&self) -> Verdict {
        let path = &self.member("delta").created.path;
        super::projection::blocked_without_attributes(self.t, self.kind(), path).await
    }

    /// How far queries can be confined to the cohort, and by which filter.
    pub async fn scoping(&self) -> Result<&(Scoping, String), Stop> {
        let find_out = || async {
            if let Support::No(_) = self.t.discovery().supports("filter", "supported") {
                return Ok((Scoping::None, String::new()));
            }
            let everybody = self.everybody();
            for (means, joined) in [(Scoping::Filters, true), (Scoping::Listings, false)] {
                for scope in self.cohort.scopes() {
                    let filter = if joined { format!("({scope}) and {scope}") } else { scope.clone() };
                    let answer = self.ask(&[("filter", &filter)]).await?;
                    if self.selected(&answer, &filter, &everybody, false).is_ok() {
                        return Ok::<_, Stop>((means, scope));
                    }
                }
            }
            Ok((Scoping::None, String::new()))
        };
        self.cohort.scoping.get_or_try_init(find_out).await
    }

    /// What blocks a check whose filter cannot be confined to the cohort; names the check that says why.
    pub async fn unconfined(&self) -> Result<Stop, Stop> {
        let judge = match self.scoping().await? {
            (Scoping::Listings, scope) => {
                let joined = format!("{scope} and {scope}");
                let answer = self.ask(&[("filter", &joined)]).await?;
                match self.selected(&answer, &joined, &self.everybody(), false) {
                    Ok(()) => "filter.grouping",
                    Err(_) => "filter.and",
                }
            }
            _ => "filter.starts-with",
        };
        Ok(Stop::Blocked(format!("filters cannot be confined to the users of the run (check `{judge}`)")))
    }

    /// The filter that confines a listing to the cohort.
    pub async fn scope(&self) -> Result<String, Stop> {
        if let Support::No(reason) = self.t.discovery().supports("filter", "supported") {
            return skip(format!(
                "without filters a listing cannot be confined to the users of the run: {reason}"
            ));
        }
        match self.scoping().await? {
            (Scoping::None, _) => Err(Stop::Blocked(
                "a listing cannot be confined to the users of the run (check `filter.starts-with`)"
                    .to_owned(),
            )),
            (_, scope) => Ok(scope.clone()),
        }
    }

    /// Asks for the members that a filter selects; none where filters cannot be confined to the cohort.
    pub async fn ask_within(&self, filter: &str) -> Result<Option<Answer>, Stop> {
        match self.scoping().await? {
            (Scoping::Filters, scope) => {
                let confined = format!("({filter}) and {scope}");
                self.ask(&[("filter", &confined)]).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The ids of the cohort in the order of a listing: confined by a filter, or else picked out of a complete one.
    pub async fn ordered(&self, parameters: Parameters<'_>) -> Result<(Answer, Vec<String>), Stop> {
        let mut parameters = parameters.to_vec();
        let (scoping, scope) = self.scoping().await?;
        if *scoping != Scoping::None {
            parameters.push(("filter", scope));
        }
        let answer = self.ask(&parameters).await?;
        answer.expect_status(&[200])?;
        let list = listed(&answer)?;
        let everybody = self.everybody();
        let ids: Vec<String> =
            list.ids().into_iter().filter(|id| everybody.contains(id)).map(str::to_owned).collect();
        if *scoping == Scoping::None && ids.len() < everybody.len() {
            return skip(
                "the listing does not show all users of the run on one page, and cannot be filtered",
            );
        }
        Ok((answer, ids))
    }

    /// Fails unless an answer lists exactly these members; `others` says whether it may list somebody else.
    fn selected(&self, answer: &Answer, filter: &str, expected: &[&str], others: bool) -> Verdict {
        if answer.status == 404 {
            // That nothing was found is told by an empty list, which the check `filter.no-match` judges.
            return compare(answer, filter, &[], expected, true, |ids| self.people(ids));
        }
        understood(answer, filter)?;
        let list = listed(answer)?;
        let everybody = self.everybody();
        let got: Vec<&str> = list.ids().into_iter().filter(|id| !others || everybody.contains(id)).collect();
        let is_whole = list.total.is_none_or(|total| total <= list.resources.len() as u64);
        compare(answer, filter, &got, expected, is_whole, |ids| self.people(ids))
    }

    /// Members for messages: `alpha, echo and 3 others`.
    pub fn people(&self, ids: &[&str]) -> String {
        let known: Vec<&str> = ids.iter().filter_map(|id| self.cohort.nickname(id)).collect();
        let others = ids.len() - known.len();
        let mut said: Vec<String> = known.into_iter().map(str::to_owned).collect();
        if others > 0 {
            said.push(format!("{others} not of this run"));
        }
        match said.is_empty() {
            true => "nobody".to_owned(),
            false => said.join(", "),
        }
    }
}

/// Whether a filter has an `or` outside of quotes, parentheses and brackets: an `and` before it would bind to its first term only.
fn has_outer_or(filter: &str) -> bool {
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    let mut outer = String::new();
    for c in filter.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => outer.push(c),
            _ => {}
        }
    }
    outer.split_whitespace().any(|word| word.eq_ignore_ascii_case("or"))
}

/// A list, read with patience: whether it says of itself that it is a ListResponse is judged by the topic `list`.
pub(super) fn listed(answer: &Answer) -> Result<Listed<'_>, Stop> {
    let object = answer.object()?;
    let total = member(object, "totalResults").and_then(Value::as_u64);
    match member(object, "Resources") {
        Some(Value::Array(resources)) => Ok(Listed { total, resources, object }),
        None | Some(Value::Null) if total.is_some() => Ok(Listed { total, resources: &[], object }),
        _ => answer.list(),
    }
}

/// The flaw of a verdict weighs what its check weighs, also where it is only a refusal.
pub(super) fn strictly(verdict: Verdict) -> Verdict {
    verdict.map_err(|stop| match stop {
        Stop::Problem(mut flaw) => {
            flaw.severity = None;
            Stop::Problem(flaw)
        }
        stop => stop,
    })
}

/// Leaves out a refusal, which another check judges.
pub(super) fn unless_refused(verdict: Verdict) -> Verdict {
    match verdict {
        Err(Stop::Problem(flaw)) if flaw.severity.is_some() => Ok(()),
        verdict => verdict,
    }
}

/// The requirements that the flaw of a result breaks, where it does not name them itself.
pub(super) fn breaking<T>(result: Result<T, Stop>, requirements: &[&'static str]) -> Result<T, Stop> {
    result.map_err(|stop| match stop {
        Stop::Problem(flaw) if flaw.requirements.is_empty() => Stop::from(flaw.breaks(requirements)),
        stop => stop,
    })
}

/// Fails unless the ids of an answer are the expected ones; `name` says them for people.
pub(super) fn compare(
    answer: &Answer,
    filter: &str,
    got: &[&str],
    expected: &[&str],
    is_whole: bool,
    name: impl Fn(&[&str]) -> String,
) -> Verdict {
    let (found, wanted): (BTreeSet<&str>, BTreeSet<&str>) =
        (got.iter().copied().collect(), expected.iter().copied().collect());
    let what = match (found.difference(&wanted).next(), wanted.difference(&found).next()) {
        (Some(_), _) => format!("`{filter}` selects resources that do not match it"),
        (None, Some(_)) if is_whole => format!("`{filter}` does not select every resource that matches it"),
        _ if got.len() > found.len() => format!("`{filter}` selects a resource more than once"),
        _ => return Ok(()),
    };
    Err(answer.flaw(what).expected(name(expected)).got(name(got)).into())
}

/// Fails unless a filter was evaluated. Filters are optional, and so are their operators in practice: a clean refusal is
/// worth a warning, where a wrong result or a crash is a failure.
pub(super) fn understood(answer: &Answer, filter: &str) -> Verdict {
    match answer.status {
        200 => Ok(()),
        400 | 403 | 501 => Err(answer
            .flaw(format!("`{filter}` is refused"))
            .expected("200 with the resources that match")
            .got(answer.said())
            .concern()
            .into()),
        _ => Err(answer
            .flaw(format!("`{filter}` is not answered with a list"))
            .expected("200 with the resources that match")
            .got(answer.said())
            .into()),
    }
}

/// Whether a comparison holds for a stored resource, as the definition of the attribute says.
pub(super) fn holds(slot: &Slot, resource: &Value, operator: &str, operand: &Value) -> bool {
    let leaf = slot.leaf();
    let one = |value: &Value| {
        let order = value::compare(leaf, value, operand);
        let prepared = |text: &str| match leaf.case_exact {
            true => value::prepare_exact(text).into_owned(),
            false => value::fold(text).into_owned(),
        };
        let text = |test: fn(&str, &str) -> bool| match (value.as_str(), operand.as_str()) {
            (Some(value), Some(operand)) => test(&prepared(value), &prepared(operand)),
            _ => false,
        };
        match operator {
            "eq" => value::equal(leaf, value, operand),
            "ne" => !value::equal(leaf, value, operand),
            "co" => text(|value, operand| value.contains(operand)),
            "sw" => text(|value, operand| value.starts_with(operand)),
            "ew" => text(|value, operand| value.ends_with(operand)),
            "gt" => order.is_some_and(std::cmp::Ordering::is_gt),
            "ge" => order.is_some_and(std::cmp::Ordering::is_ge),
            "lt" => order.is_some_and(std::cmp::Ordering::is_lt),
            "le" => order.is_some_and(std::cmp::Ordering::is_le),
            "pr" => true,
            _ => false,
        }
    };
    values(slot, resource).into_iter().any(one)
}

/// The values at a place; those of each element where it is within a multi-valued attribute.
pub(super) fn values<'v>(slot: &Slot, resource: &'v Value) -> Vec<&'v Value> {
    let whole = Slot { sub: None, ..slot.clone() };
    let Some(value) = whole.get(resource) else { return Vec::new() };
    let elements = value.as_array().map_or(vec![value], |elements| elements.iter().collect());
    let part = |element: &'v Value| match &slot.sub {
        None => Some(element),
        Some(sub) => member(element.as_object()?, &sub.name),
    };
    elements.into_iter().filter_map(part).filter(|value| !value.is_null()).collect()
}

/// Notes what is wrong in each of several verdicts, and goes on.
pub(super) fn each(t: &Trial, verdicts: impl IntoIterator<Item = Verdict>) -> Verdict {
    for verdict in verdicts {
        t.soft(verdict)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::conformance::discovery::Role;
    use crate::conformance::trial::cohort::place;
    use crate::protocol::schema::{Registry, USER};

    #[test]
    fn comparisons_follow_the_definition() {
        let schema = Registry::standard().types().iter().find(|t| t.core.id == USER).unwrap().clone();
        let kind = Kind { schema, role: Role::User, is_published: true };
        let user = json!({
            "userName": "Ada", "externalId": "X", "active": false, "meta": { "created": "2020-01-01T00:00:00Z" },
            "emails": [{ "value": "a@x" }, { "value": "b@y", "type": "work" }],
        });
        for (path, operator, operand, expected) in [
            ("userName", "eq", json!("aDA"), true),
            ("userName", "sw", json!("AD"), true),
            ("userName", "gt", json!("abc"), true),
            ("externalId", "eq", json!("x"), false),
            ("active", "eq", json!(false), true),
            ("meta.created", "lt", json!("2020-01-01T01:30:00+01:00"), true),
            ("emails.value", "ew", json!("@Y"), true),
            ("emails.type", "eq", json!("home"), false),
            ("title", "ne", json!("x"), false),
        ] {
            let slot = place(&kind, path).unwrap();
            assert_eq!(holds(&slot, &user, operator, &operand), expected, "{path} {operator} {operand}");
        }
    }

    #[test]
    fn an_outer_or_is_told_from_an_inner_one() {
        for (filter, expected) in [
            (r#"not (a eq "x")"#, false),
            (r#"not (a eq "x" or b pr)"#, false),
            (r#"a[b eq "x" or c pr] and d pr"#, false),
            (r#"a eq "x\" or y""#, false),
            (r#"a eq "x" OR b pr"#, true),
            (r#"a[b pr] or c pr"#, true),
        ] {
            assert_eq!(has_outer_or(filter), expected, "{filter}");
        }
    }

    #[test]
    fn parameters_are_encoded() {
        let target = target("/Users", &[("filter", r#"a eq "x+y & z""#), ("count", "2")]);
        assert_eq!(target, "/Users?filter=a%20eq%20%22x%2By%20%26%20z%22&count=2");
    }
}
