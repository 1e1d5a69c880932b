//! Filters: letter case, and values that parsers stumble over (RFC 7644 §3.4.2.2; RFC 7643 §3.1, §7).

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::query::{
    Field, breaking, each, holds, listed, quoted, strictly, understood, unless_refused, values,
};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::cohort::{ODD, place};
use crate::conformance::trial::{Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::Type;

pub(super) const CHECKS: &[Check] = &[
    CASE_INSENSITIVE,
    CASE_EXACT,
    ID,
    EXTERNAL_ID,
    EXTERNAL_ID_CASE,
    QUOTES,
    WILDCARDS,
    WORDS_IN_VALUES,
    RESERVED_CHARACTERS,
    UNICODE,
    UNICODE_ESCAPES,
    UNICODE_FORMS,
    PASSWORD,
];

/// Text with the letter case of every ASCII letter changed.
fn swapped(text: &str) -> String {
    let swap = |c: char| if c.is_ascii_uppercase() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() };
    text.chars().map(swap).collect()
}

/// Text attributes that a member has a value of: those that everybody knows, and those that the cohort uses.
fn texts(field: &Field<'_>) -> Vec<Slot> {
    let places = &field.cohort.places;
    let known = ["userName", "displayName", "name.familyName"].map(|path| place(field.kind(), path));
    let list = places.list.as_ref().map(|list| list.value.clone());
    let mut found: Vec<Slot> = known
        .into_iter()
        .flatten()
        .chain(places.partial.clone())
        .chain(places.odd.clone())
        .chain(places.extended.clone())
        .chain(list)
        .collect();
    found.retain(|slot| {
        slot.leaf().kind == Type::String && !values(slot, &field.member("delta").json).is_empty()
    });
    found
}

check! {
    /// Text is compared without regard to letter case, unless the schema says `caseExact`. A userName always is.
    ///
    /// Why: Entra and Okta look a user up in the letter case of their own directory. When `Ada@x` does not find `ada@x`, the user
    /// is created again, which fails with a conflict, or worse, succeeds.
    ///
    /// Fix: compare case-folded values, for instance with an index on the lower-case form, for every attribute that is not
    /// `caseExact`.
    CASE_INSENSITIVE = case_insensitive,
    id: "filter.case-insensitive",
    title: "text is compared without regard to letter case unless caseExact",
    level: Must,
    requirements: ["RFC7643-4.1.1-05", "RFC7643-7-17", "RFC7644-3.4.2.2-49"],
    needs: [Filter, Users],
    breaks: [Okta, Entra],
}

async fn case_insensitive(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let field = &field;
    let run = texts(field)
        .into_iter()
        .filter(|slot| !slot.leaf().case_exact || slot.path() == "userName")
        .map(|slot| async move {
            let json = &field.member("delta").json;
            let Some(stored) = values(&slot, json).first().and_then(|value| value.as_str()) else {
                return Ok(());
            };
            let mut folded = slot.clone();
            folded.attribute.case_exact = false;
            let operand = json!(swapped(stored));
            let filter = format!("{} eq {operand}", slot.path());
            let expected = field.ids_where(&folded, "eq", &operand);
            // As identity providers ask it, where the value is nobody else's.
            let is_own = stored.contains(&field.cohort.prefix);
            let verdict = match is_own {
                true => field.finds(&filter, &expected).await,
                false => field.finds_here(&filter, &expected).await,
            };
            // An attribute that cannot be filtered for at all is another matter.
            let plain = format!("{} eq {}", slot.path(), json!(stored));
            match verdict {
                Err(Stop::Problem(flaw)) if field.finds_here(&plain, &expected).await.is_ok() => {
                    let broken: &[&'static str] = match slot.path().as_str() {
                        "userName" => &["RFC7643-4.1.1-05", "RFC7644-3.4.2.2-49"],
                        _ => &["RFC7643-7-17", "RFC7644-3.4.2.2-49"],
                    };
                    Err(flaw.breaks(broken).into())
                }
                Err(Stop::Problem(_)) => Ok(()),
                other => other,
            }
        });
    each(t, join_all(run).await)?;
    let Some(user_name) = place(field.kind(), "userName") else { return Ok(()) };
    if user_name.leaf().case_exact {
        return Ok(());
    }
    let operand = json!(format!("{}-CHAR", field.cohort.prefix.to_uppercase()));
    let expected = field.cohort.ids_where(|json| holds(&user_name, json, "sw", &operand));
    // Whether `sw` works at all is judged elsewhere.
    let verdict = field.finds(&format!("userName sw {operand}"), &expected).await;
    let plain = format!("userName sw {}", quoted(&field.cohort.prefix));
    match verdict {
        Err(Stop::Problem(_)) if field.finds(&plain, &field.everybody()).await.is_err() => Ok(()),
        verdict => verdict,
    }
}

check! {
    /// Text of an attribute with `caseExact` is compared with regard to letter case.
    ///
    /// Why: codes and keys that differ in letter case only are different things. A comparison that takes them for one finds two
    /// accounts, or the wrong one.
    ///
    /// Fix: use a collation that is sensitive to case for the columns of `caseExact` attributes.
    CASE_EXACT = case_exact,
    id: "filter.case-exact",
    title: "text with caseExact is compared with regard to letter case",
    level: Must,
    requirements: ["RFC7643-7-17", "RFC7644-3.4.2.2-49"],
    needs: [Filter, Users],
    breaks: [],
}

async fn case_exact(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let exact: Vec<Slot> = texts(&field)
        .into_iter()
        .filter(|slot| slot.leaf().case_exact && slot.path() != "userName")
        .collect();
    if exact.is_empty() {
        return skip(
            "the target keeps no text attribute of users with `caseExact`, besides `id` and `externalId`",
        );
    }
    let field = &field;
    let run = exact.iter().map(|slot| async move {
        let json = &field.member("delta").json;
        let Some(stored) = values(slot, json).first().and_then(|value| value.as_str()) else { return Ok(()) };
        let operand = json!(swapped(stored));
        field
            .finds_here(&format!("{} eq {operand}", slot.path()), &field.ids_where(slot, "eq", &operand))
            .await
    });
    each(t, join_all(run).await)
}

check! {
    /// `id eq "…"` selects the resource with that id; the letter case of an id counts.
    ///
    /// Why: Entra asks whether somebody is a member of a group by `id eq` together with a condition.
    ///
    /// Fix: let filters see `id`, compared exactly.
    ID = id,
    id: "filter.id",
    title: "id can be filtered for, with regard to letter case",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-08", "RFC7644-3.4.2.2-49", "RFC7643-3.1-12", "RFC7643-7-17"],
    needs: [Filter, Users],
    breaks: [Entra],
}

async fn id(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let id = field.id("alpha");
    let right = breaking(field.finds(&format!("id eq {}", quoted(id)), &[id]).await, &["RFC7644-3.4.2.2-08"]);
    let other = swapped(id);
    if other == id || right.is_err() {
        return right;
    }
    // An id in another letter case may, if rarely, be somebody else's.
    let filter = format!("id eq {}", quoted(&other));
    let answer = field.ask(&[("filter", &filter)]).await?;
    if answer.status == 200 && listed(&answer)?.ids().contains(&id) {
        return Err(answer
            .flaw(format!("`{filter}` selects the resource with the id {id}"))
            .breaks(&["RFC7644-3.4.2.2-49", "RFC7643-3.1-12", "RFC7643-7-17"])
            .expected("nobody: an id is compared exactly")
            .got("the resource")
            .into());
    }
    for kind in t.kinds().iter().filter(|kind| kind.endpoint() != field.kind().endpoint()) {
        // What cannot be created, or cannot be filtered, has checks of its own.
        let Ok(created) = t.create(kind).await else { continue };
        let answer = t.search(kind, &format!("id eq {}", quoted(&created.id))).await?;
        if answer.status == 200 && listed(&answer)?.ids() != [created.id.as_str()] {
            let flaw = answer.flaw(format!("a look-up by id does not find the {}", kind.name()));
            let flaw = flaw.expected(created.id.as_str()).got(listed(&answer)?.ids().join(", "));
            t.note(flaw.breaks(&["RFC7644-3.4.2.2-08"]));
        }
    }
    Ok(())
}

check! {
    /// `externalId eq "…"` selects the resource that the client gave this identifier.
    ///
    /// Why: the externalId is the identity provider's own key. Where it cannot be searched for, a renamed person cannot be found
    /// again and is created a second time.
    ///
    /// Fix: store `externalId` as it is sent, and let filters compare it.
    EXTERNAL_ID = external_id,
    id: "filter.external-id",
    title: "externalId can be filtered for",
    level: Must,
    requirements: ["RFC7643-3.1-21"],
    needs: [Filter, Users],
    breaks: [Entra],
}

async fn external_id(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let member = field.member("bravo");
    let Some(value @ Value::String(_)) = member.json.get("externalId") else {
        return skip("the target does not keep the `externalId` of users");
    };
    strictly(field.finds(&format!("externalId eq {value}"), &[member.id()]).await)
}

check! {
    /// The letter case of an externalId counts.
    ///
    /// Why: base64 object ids of a directory differ in letter case only. Compared without regard to it, one person's account is
    /// given to another.
    ///
    /// Fix: use a collation that is sensitive to case for `externalId`.
    EXTERNAL_ID_CASE = external_id_case,
    id: "filter.external-id-case",
    title: "externalId is compared with regard to letter case",
    level: Must,
    requirements: ["RFC7643-3.1-19", "RFC7643-7-17", "RFC7644-3.4.2.2-49"],
    needs: [Filter, Users],
    breaks: [],
}

async fn external_id_case(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let Some(Value::String(value)) = field.member("bravo").json.get("externalId") else {
        return skip("the target does not keep the `externalId` of users");
    };
    let filter = format!("externalId eq {}", quoted(&swapped(value)));
    let answer = field.ask(&[("filter", &filter)]).await?;
    if answer.status != 200 {
        return skip(format!("`externalId` cannot be filtered for: {}", answer.said()));
    }
    match listed(&answer)?.ids().contains(&field.id("bravo")) {
        false => Ok(()),
        true => Err(answer
            .flaw("an externalId in another letter case is taken for the same")
            .expected("nobody")
            .got(format!("the user with the externalId {value}"))
            .into()),
    }
}

/// The place of the odd values, with the one of a member as it is stored. Values that the target does not keep are judged by other
/// checks.
fn odd(field: &Field<'_>, index: usize) -> Result<(Slot, String), Stop> {
    let Some(slot) = field.cohort.places.odd.clone() else {
        return skip("the target keeps no free text attribute of users besides their names");
    };
    let sent = format!("{} {}", field.cohort.prefix, ODD[index]);
    let stored = slot.get(&field.cohort.members[index].json).and_then(Value::as_str);
    match stored {
        Some(stored) if stored == sent => Ok((slot, sent)),
        _ => skip(format!("the target does not keep `{}` in `{}`", ODD[index], slot.path())),
    }
}

/// Fails unless comparisons of text select the members for which they hold.
async fn selects(field: &Field<'_>, slot: &Slot, cases: &[(&str, String)]) -> Verdict {
    let run = cases.iter().map(|(operator, operand)| async move {
        let operand = json!(operand);
        let filter = format!("{} {operator} {operand}", slot.path());
        let expected = field.ids_where(slot, operator, &operand);
        // An `eq` is asked as identity providers ask it: the values are nobody else's.
        // Whether the target has the other operators is judged by checks of their own.
        if *operator != "eq" {
            return unless_refused(field.finds_here(&filter, &expected).await);
        }
        let verdict = field.finds(&filter, &expected).await;
        let is_refused = matches!(&verdict, Err(Stop::Problem(flaw)) if flaw.severity.is_some());
        // An attribute that cannot be filtered for at all tells nothing of the text.
        let plain = format!("{} eq {}", slot.path(), quoted(&format!("{}-nothing", field.cohort.prefix)));
        if is_refused && field.finds(&plain, &[]).await.is_err() {
            return skip(format!("the target does not filter by `{}`", slot.path()));
        }
        strictly(verdict)
    });
    each(field.t, join_all(run).await)
}

check! {
    /// Operands are JSON strings: `\"` and `\\` in them stand for a quotation mark and a backslash.
    ///
    /// Why: names with quotation marks exist, and Windows account names hold backslashes. A parser that ends the text at the
    /// first quotation mark refuses them, or reads the rest as a filter of its own.
    ///
    /// Fix: read the operand with a JSON parser.
    QUOTES = quotes,
    id: "filter.quotes",
    title: "quotation marks and backslashes in operands are read as JSON",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-35"],
    needs: [Filter, Users],
    breaks: [],
}

async fn quotes(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let (slot, value) = odd(&field, 2)?;
    let all = selects(&field, &slot, &[("eq", value.clone()), ("co", "\"hi\" \\".to_owned())]).await;
    each(t, [all])?;
    // The same text with other escapes.
    let escaped = json!(value).to_string().replace("says", "s\\u0061ys").replace("hi", "h\\u0069");
    let filter = format!("{} eq {escaped}", slot.path());
    field.finds(&filter, &[field.cohort.members[2].id()]).await
}

check! {
    /// Operands have no wild cards: `%`, `_` and `*` stand for themselves.
    ///
    /// Why: an operand that reaches the database as a pattern selects people that were not meant, and lets anybody read the
    /// directory by guessing.
    ///
    /// Fix: escape what the store takes for a pattern before it is put into LIKE, regular expressions, or LDAP filters.
    WILDCARDS = wildcards,
    id: "filter.wildcards",
    title: "no character of an operand is a wild card",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-15"],
    needs: [Filter, Users],
    breaks: [],
}

async fn wildcards(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let (slot, value) = odd(&field, 0)?;
    let cases = [
        ("eq", value),
        ("co", "00% sure_th".to_owned()),
        ("co", "_".to_owned()),
        ("sw", format!("{}%", field.cohort.prefix)),
        ("sw", "*".to_owned()),
        ("ew", "thing %".to_owned()),
        ("co", ".*".to_owned()),
    ];
    selects(&field, &slot, &cases).await
}

check! {
    /// Words and brackets within the quotation marks of an operand belong to the value: ` and `, ` or `, ` pr`, `(`, `[`.
    ///
    /// Why: job titles and group names hold such words («Sales and Marketing»). Parsers that split the text of a filter refuse
    /// them, or ask for something else.
    ///
    /// Fix: split a filter into tokens first, with quoted text as one token.
    WORDS_IN_VALUES = words_in_values,
    id: "filter.words-in-values",
    title: "operators and brackets within quoted values are text",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-35", "RFC7644-3.4.2.2-34", "RFC7644-3.4.2.2-08"],
    needs: [Filter, Users],
    breaks: [Okta, Entra],
}

async fn words_in_values(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let name = field.member("alpha").json["userName"].as_str().unwrap_or_default().to_owned();
    // Nobody is called so, whatever part of it would be read as a filter.
    let nobody = [
        format!("{name} or userName pr"),
        format!("{name}) or (userName pr"),
        format!("x and userName sw {}", field.cohort.prefix),
        format!("{name} pr"),
    ];
    let run = nobody.iter().map(|operand| {
        let filter = format!("userName eq {}", quoted(operand));
        let field = &field;
        async move { strictly(field.finds(&filter, &[]).await) }
    });
    each(t, join_all(run).await)?;
    let (slot, value) = odd(&field, 3)?;
    selects(&field, &slot, &[("eq", value), ("co", "not z) pr [w eq".to_owned())]).await
}

check! {
    /// A filter is decoded exactly once: `+`, `&`, `%41`, `#`, `;` and `'` in values come through.
    ///
    /// Why: addresses with a plus sign are common. Decoded twice, or as a form, `ada+test@x` becomes `ada test@x`, nobody is
    /// found, and the account is created again.
    ///
    /// Fix: take the query apart at `&` and `=` first, decode each part once, and do not decode the filter again.
    RESERVED_CHARACTERS = reserved_characters,
    id: "filter.reserved-characters",
    title: "characters with a meaning in URLs come through in values",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-08", "RFC7644-3.4.2.2-15"],
    needs: [Filter, Users],
    breaks: [Okta, Entra, OneLogin, JumpCloud],
}

async fn reserved_characters(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let (slot, value) = odd(&field, 5)?;
    let cases = [
        ("eq", value),
        ("co", "a+b&c=d".to_owned()),
        ("ew", "g/h'i %41".to_owned()),
        ("co", "h'i A".to_owned()),
    ];
    selects(&field, &slot, &cases).await
}

check! {
    /// Text of any language can be filtered for.
    ///
    /// Why: people have such names. Where the filter is decoded in another encoding than UTF-8 they are never found, and created
    /// again.
    ///
    /// Fix: decode the query as UTF-8, and use a Unicode collation.
    UNICODE = unicode,
    id: "filter.unicode",
    title: "text beyond ASCII can be filtered for",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-08", "RFC7644-3.4.2.2-35"],
    needs: [Filter, Users],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn unicode(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let (slot, value) = odd(&field, 4)?;
    selects(&field, &slot, &[("eq", value), ("co", "東京 😀".to_owned())]).await
}

check! {
    /// Letters of an operand may be written as JSON writes them, with `\u` and their number.
    ///
    /// Why: an operand is a JSON string, and some JSON libraries escape everything beyond ASCII.
    ///
    /// Fix: read operands with a JSON parser.
    UNICODE_ESCAPES = unicode_escapes,
    id: "filter.unicode-escapes",
    title: "letters that are escaped as in JSON are the same letters",
    level: Must,
    requirements: ["RFC7644-3.4.2.2-35"],
    needs: [Filter, Users],
    breaks: [],
}

async fn unicode_escapes(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let (slot, _) = odd(&field, 4)?;
    let expected = field.ids_where(&slot, "co", &json!("東京"));
    let filter = format!("{} co \"\\u6771\\u4eac\"", slot.path());
    unless_refused(field.finds_here(&filter, &expected).await)
}

check! {
    /// Text is prepared before it is compared: an umlaut is the same letter in its composed and in its decomposed form.
    ///
    /// Why: macOS and some directories write `ü` as `u` with a mark. For people it is one name; for a byte-wise comparison there
    /// are two, and the person gets a second account.
    ///
    /// Fix: bring userNames into normal form C when they are stored and when they are compared (RFC 8265).
    UNICODE_FORMS = unicode_forms,
    id: "filter.unicode-forms",
    title: "composed and decomposed letters in userNames are the same",
    level: Should,
    requirements: ["RFC7644-7.8-01"],
    needs: [Filter, Users],
    breaks: [],
}

async fn unicode_forms(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let name = t.ground().fresh_name();
    body["userName"] = json!(format!("{name}-j\u{fc}rgen@example.com"));
    let answer = t.post(users.endpoint(), &body).await?;
    if (400..500).contains(&answer.status) {
        return skip(format!("the target takes no userName with an umlaut: {}", answer.said()));
    }
    let created = t.created_by(&users, &answer)?;
    let finds = async |text: &str| {
        let filter = format!("userName eq {}", quoted(text));
        let answer = t.search(&users, &filter).await?;
        understood(&answer, &filter)?;
        let found = listed(&answer)?.ids().contains(&created.id.as_str());
        Ok::<_, Stop>((found, answer))
    };
    if !finds(&format!("{name}-j\u{fc}rgen@example.com")).await?.0 {
        return Err(Stop::Blocked(
            "a userName with an umlaut cannot be filtered for (check `filter.unicode`)".to_owned(),
        ));
    }
    match finds(&format!("{name}-ju\u{308}rgen@example.com")).await? {
        (true, _) => Ok(()),
        (false, answer) => Err(answer
            .flaw("a decomposed letter in a filter does not match its composed form")
            .expected("the user, as both are the same text")
            .got("nobody")
            .into()),
    }
}

check! {
    /// Where `password` can be filtered for at all, a filter does not tell parts of it, and no answer shows it.
    ///
    /// Why: with `password co "a"` whoever may search can find out a password letter by letter.
    ///
    /// Fix: refuse filters on `password` with 400 invalidFilter, or let them match nobody.
    PASSWORD = password,
    id: "filter.password",
    title: "a filter on password does not help to guess it",
    level: May,
    requirements: ["RFC7643-4.1.1-25", "RFC7643-7-29", "RFC7644-3.12-17"],
    needs: [Filter, Users],
    breaks: [],
}

async fn password(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Some(slot) = place(&users, "password") else { return skip("users have no `password`") };
    let mut body = t.body(&users).await?;
    let tag = t.ground().fresh_name();
    slot.set(&mut body, slot.sample(&tag));
    let name = body["userName"].clone();
    let answer = t.post(users.endpoint(), &body).await?;
    if (400..500).contains(&answer.status) {
        return skip(format!("the target takes no password: {}", answer.said()));
    }
    let created = t.created_by(&users, &answer)?;
    let secret = slot.sample(&tag);
    let secret = secret.as_str().unwrap_or_default();
    let mut found = Vec::new();
    for operand in [&secret[..secret.len() / 2], "never in it"] {
        let filter = format!("userName eq {name} and password co {}", quoted(operand));
        let answer = t.search(&users, &filter).await?;
        if answer.status >= 500 && answer.status != 501 {
            let flaw = answer.flaw("a filter on `password` makes the server fail").violation();
            let flaw = flaw.expected("a list, or 400 invalidFilter").got(answer.said());
            return Err(flaw.breaks(&["RFC7644-3.12-17"]).into());
        }
        let is_found = answer.status == 200 && listed(&answer)?.ids().contains(&created.id.as_str());
        found.push((is_found, answer));
    }
    match &found[..] {
        [(true, answer), (false, _)] => Err(answer
            .flaw("a filter tells whether a password contains a text")
            .expected("no match, or 400 invalidFilter")
            .got("the user for a part of the password, and nobody for anything else")
            .breaks(&["RFC7643-4.1.1-25"])
            .into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapping_changes_every_letter_and_nothing_else() {
        assert_eq!(swapped("Ext-n7\u{fc}"), "eXT-N7\u{fc}");
    }
}
