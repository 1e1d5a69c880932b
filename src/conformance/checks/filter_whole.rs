//! Filters: who is found, together with other parameters, and what is announced (RFC 7644 §3.4.2.2).

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::projection::minimum;
use super::query::{Field, breaking, each, listed, quoted, target, understood, values};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Support;
use crate::conformance::trial::cohort::place;
use crate::conformance::trial::{Answer, Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::SEARCH_REQUEST;

pub(super) const CHECKS: &[Check] = &[INACTIVE, COMBINED, DEFAULT_VALUE, EXAMPLES, ABSENT, NOT_SUPPORTED];
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
    requirements: ["RFC7644-3.4.2.2-02", "RFC7644-3.4.2.4-08", "RFC7644-3.4.2.5-01", "RFC7644-3.4.2.3-02"],
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
    let shown = list.resources.iter().find(|user| !is_in_part(&field, user));
    // Where `attributes` never works, that is said once.
    if let Some(user) = shown
        && projects(&field, &scope).await?
    {
        let flaw = answer.flaw("`attributes` is not applied when other parameters are there");
        t.note(flaw.breaks(&["RFC7644-3.4.2.5-01"]).expected("userName, id, schemas").got(user.to_string()));
    }
    let wanted = [field.id("echo"), field.id("delta")];
    if sorts && ids.len() == 2 && ids != wanted {
        t.note(
            answer
                .flaw("the page is not cut from the sorted result")
                .expected(field.people(&wanted))
                .got(field.people(&ids))
                .breaks(&["RFC7644-3.4.2.3-02"]),
        );
    }
    Ok(())
}

/// Whether `attributes` works with the filter alone, which the check `projection.attributes-list` judges.
async fn projects(field: &Field<'_>, scope: &str) -> Result<bool, Stop> {
    let answer = field.ask(&[("filter", scope), ("attributes", "userName")]).await?;
    Ok(answer.status == 200 && listed(&answer)?.resources.iter().all(|user| is_in_part(field, user)))
}

/// Whether a user is shown without what nobody asked for.
fn is_in_part(field: &Field<'_>, user: &Value) -> bool {
    let always = minimum(field.kind());
    ["emails", "name"].iter().all(|name| always.contains(*name) || user.get(*name).is_none())
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
        understood(&answer, &filter)?;
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
                // That nothing was found is judged by `filter.no-match`.
                404 => Ok(()),
                status if status >= 500 && status != 501 => {
                    let flaw =
                        answer.flaw(format!("the example `{filter}` makes the server fail")).violation();
                    Err(flaw.expected("200").got(answer.said()).into())
                }
                _ => understood(&answer, filter),
            }
        }
    });
    each(t, join_all(run).await)
}

check! {
    /// A filter works also where some resource has no value at the place that it names: that resource does not match.
    ///
    /// Why: not everybody has a phone, a manager or a family name. Where the filter is evaluated by code that takes the value for granted,
    /// one such person makes every look-up fail, for everybody.
    ///
    /// Fix: let a comparison with a missing value be false, on every step of a path.
    ABSENT = absent_attribute,
    id: "filter.absent-attribute",
    title: "a filter works although some resources lack the attribute",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-02", "RFC7644-3.4.2.2-08"],
    needs: [Filter, Users],
    breaks: [],
}

async fn absent_attribute(t: &Trial) -> Verdict {
    let users = t.users()?;
    let survey = t.survey(&users).await?;
    let mut texts = survey.texts(&users.schema);
    texts.retain(|slot| !matches!(slot.leaf().name.as_str(), "formatted" | "displayName"));
    let of = |fits: &dyn Fn(&Slot) -> bool| texts.iter().find(|slot| fits(slot)).cloned();
    let found = [
        of(&|slot| slot.extension.is_none() && slot.sub.is_none()),
        of(&|slot| slot.extension.is_none() && slot.sub.is_some()),
        of(&|slot| slot.extension.is_some()),
        survey.lists(&users.schema).into_iter().next().map(|list| list.value),
    ];
    let mut places: Vec<Slot> = found.into_iter().flatten().collect();
    places.retain(|slot| !slot.attribute.required && !slot.leaf().required);
    let whole = |slot: &Slot| Slot { sub: None, ..slot.clone() };
    let (mut body, mut bare) = (t.body(&users).await?, t.body(&users).await?);
    let tag = t.ground().fresh_name();
    for slot in &places {
        whole(slot).remove(&mut bare);
        whole(slot).set(&mut body, whole(slot).sample(&tag));
    }
    let answer = t.post(users.endpoint(), &bare).await?;
    if !answer.is_success() {
        return skip(format!("a user without these attributes is refused: {}", answer.said()));
    }
    let without = t.read(&t.created_by(&users, &answer)?).await?;
    let created = t.create_from(&users, &body).await?;
    let with = t.read(&created).await?;
    places.retain(|slot| whole(slot).get(&without).is_none());
    for slot in &places {
        let Some(value) = values(slot, &with).into_iter().find(|value| value.is_string()) else { continue };
        let filter = format!("{} eq {value}", slot.path());
        let finds = async |filter: &str| -> Result<(bool, Answer), Stop> {
            let answer = t.search(&users, filter).await?;
            let found = answer.status == 200 && listed(&answer)?.ids().contains(&created.id.as_str());
            Ok((found, answer))
        };
        let (is_found, answer) = finds(&filter).await?;
        // Whether the attribute can be filtered for at all is another matter: then it works for one who has it.
        if !is_found && finds(&format!("userName eq {} and {filter}", with["userName"])).await?.0 {
            t.note(
                answer
                    .flaw(format!(
                        "`{filter}` does not work, though it does for a user who has the attribute"
                    ))
                    .expected("200 with the user who has the value")
                    .got(answer.said())
                    .breaks(&["RFC7644-3.4.2.2-08"]),
            );
        }
    }
    Ok(())
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

/// Fails where a filter that nobody matches finds somebody.
fn expect_nobody(answer: &Answer) -> Verdict {
    match listed(answer)?.resources.len() {
        0 => Ok(()),
        held => Err(answer
            .flaw(format!(
                "the filter of {} is ignored, and the answer looks as if it had matched",
                answer.asked
            ))
            .expected("400, 403 or 501")
            .got(format!("200 with {held} resources"))
            .into()),
    }
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
    let body = json!({ "schemas": [SEARCH_REQUEST], "filter": filter, "count": 2 });
    for endpoint in [users.endpoint(), ""] {
        let answer = t.post(&format!("{endpoint}/.search"), &body).await?;
        // Where nothing can be searched, nothing is ignored.
        if answer.status == 200 && answer.list().is_ok() {
            t.soft(expect_nobody(&answer))?;
        }
    }
    let answer = t.search(&users, &filter).await?;
    if answer.status == 200 {
        expect_nobody(&answer)?;
    }
    breaking(
        match answer.status {
            status if status >= 500 && status != 501 => answer.expect_status(&[200, 400, 403, 501]).map(drop),
            _ => Ok(()),
        },
        &["RFC7644-3.4.2.2-01"],
    )
}
