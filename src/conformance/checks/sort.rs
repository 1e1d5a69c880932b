//! `sortBy` and `sortOrder` (RFC 7644 §3.4.2.3).

use serde_json::{Value, json};

use super::list::blocked_by_count;
use super::query::{Field, breaking, listed, target};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Support;
use crate::conformance::trial::cohort::place;
use crate::conformance::trial::{Answer, List, Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::Type;
use crate::protocol::value;

pub(super) const CHECKS: &[Check] = &[
    ASCENDING,
    DESCENDING,
    CASE_INSENSITIVE,
    CASE_EXACT,
    DATE_TIME,
    NUMBER,
    SUB_ATTRIBUTE,
    MULTI_VALUED,
    ABSENT,
    QUALIFIED,
    BEFORE_PAGING,
    ODD_PARAMETERS,
    ANNOUNCED,
];

/// How the resources of an answer must follow each other.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    Ascending,
    Descending,
}

impl Order {
    fn word(self) -> &'static str {
        match self {
            Order::Ascending => "ascending",
            Order::Descending => "descending",
        }
    }
}

/// What a resource is sorted by; none where it has no value.
type Key<'k> = &'k (dyn Fn(&Value) -> Option<Value> + Sync);

/// Fails unless ids follow each other in the order of their keys; those without a key may stand anywhere. `leaf` says how
/// keys compare.
fn expect_order(
    field: &Field<'_>,
    answer: &Answer,
    ids: &[String],
    slot: &Slot,
    key: Key<'_>,
    order: Order,
) -> Verdict {
    let find = |id: &String| field.cohort.members.iter().find(|member| member.id() == id);
    let keys: Vec<Value> = ids.iter().filter_map(|id| key(&find(id)?.json)).collect();
    let wrong = |pair: &&[Value]| {
        let found = value::compare(slot.leaf(), &pair[0], &pair[1]);
        match order {
            Order::Ascending => found.is_some_and(std::cmp::Ordering::is_gt),
            Order::Descending => found.is_some_and(std::cmp::Ordering::is_lt),
        }
    };
    let Some(pair) = keys.windows(2).find(wrong) else { return Ok(()) };
    let shown: Vec<String> =
        keys.iter().map(|key| key.as_str().map_or(key.to_string(), str::to_owned)).collect();
    Err(answer
        .flaw(format!("the resources are not in {} order of `{}`", order.word(), slot.path()))
        .expected(match order {
            Order::Ascending => format!("{} after {}", pair[0], pair[1]),
            Order::Descending => format!("{} before {}", pair[1], pair[0]),
        })
        .got(shown.join(", "))
        .into())
}

/// Sorts the cohort by an attribute and fails unless it comes in that order.
async fn sorted(field: &Field<'_>, slot: &Slot, key: Key<'_>, orders: &[Order]) -> Verdict {
    let path = slot.path();
    for order in orders {
        let (answer, ids) = field.ordered(&[("sortBy", &path), ("sortOrder", order.word())]).await?;
        field.t.soft(expect_order(field, &answer, &ids, slot, key, *order))?;
    }
    Ok(())
}

/// The place, if the cohort has at least two different values of it.
fn varied(field: &Field<'_>, path: &str) -> Option<Slot> {
    let slot = place(field.kind(), path)?;
    let mut found: Vec<String> =
        field.cohort.members.iter().filter_map(|member| Some(slot.get(&member.json)?.to_string())).collect();
    found.sort();
    found.dedup();
    (found.len() > 1).then_some(slot)
}

fn by(slot: &Slot) -> impl Fn(&Value) -> Option<Value> + Sync + use<> {
    let slot = slot.clone();
    move |json| slot.get(json).cloned()
}

check! {
    /// `sortBy` decides the order of the resources; without `sortOrder` it is ascending.
    ///
    /// Why: lists that people look at, and imports that resume after the last name, rely on the order.
    ///
    /// Fix: order the query by the attribute that `sortBy` names, ascending unless something else is asked for.
    ASCENDING = ascending,
    id: "sort.ascending",
    title: "sortBy sorts, ascending by default",
    level: Must,
    requirements: ["RFC7644-3.4.2.3-02", "RFC7644-3.4.2.3-03", "RFC7644-3.4.2.3-08"],
    needs: [Sort, Users],
    breaks: [],
}

async fn ascending(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let Some(slot) = varied(&field, "userName") else { return skip("users have no `userName`") };
    let (answer, ids) = breaking(field.ordered(&[("sortBy", "userName")]).await, &["RFC7644-3.4.2.3-02"])?;
    let default = expect_order(&field, &answer, &ids, &slot, &by(&slot), Order::Ascending);
    t.soft(breaking(default, &["RFC7644-3.4.2.3-02", "RFC7644-3.4.2.3-08"]))?;
    if let Some(slot) = varied(&field, "displayName") {
        let rules = &["RFC7644-3.4.2.3-02", "RFC7644-3.4.2.3-03"];
        let parameters = [("sortBy", "displayName"), ("sortOrder", Order::Ascending.word())];
        let (answer, ids) = breaking(field.ordered(&parameters).await, rules)?;
        let order = expect_order(&field, &answer, &ids, &slot, &by(&slot), Order::Ascending);
        t.soft(breaking(order, rules))?;
    }
    Ok(())
}

check! {
    /// `sortOrder` takes `ascending` and `descending`.
    ///
    /// Why: whoever asks for the latest changes first gets the oldest ones when the parameter is ignored.
    ///
    /// Fix: read `sortOrder` in these two words, not `asc` and `desc`.
    DESCENDING = descending,
    id: "sort.descending",
    title: "sortOrder=descending turns the order round",
    level: Must,
    requirements: ["RFC7644-3.4.2.3-07"],
    needs: [Sort, Users],
    breaks: [],
}

async fn descending(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let Some(slot) = varied(&field, "userName") else { return skip("users have no `userName`") };
    sorted(&field, &slot, &by(&slot), &[Order::Descending, Order::Ascending]).await
}

check! {
    /// Text is sorted without regard to letter case, unless the schema says `caseExact`.
    ///
    /// Why: in the order of bytes `Zoe` stands before `adam`; people look in the wrong place.
    ///
    /// Fix: sort by the case-folded value, or use a collation that is not sensitive to case.
    CASE_INSENSITIVE = case_insensitive,
    id: "sort.case-insensitive",
    title: "text is sorted without regard to letter case",
    level: Must,
    requirements: ["RFC7644-3.4.2.3-09"],
    needs: [Sort, Users],
    breaks: [],
}

async fn case_insensitive(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let slots = [place(field.kind(), "displayName"), field.cohort.places.partial.clone()];
    // The values must be such that their case would make a difference.
    let differs = |slot: &Slot| {
        let mut texts: Vec<&str> =
            field.cohort.members.iter().filter_map(|member| slot.get(&member.json)?.as_str()).collect();
        texts.sort_unstable();
        let exact = texts.clone();
        texts.sort_by_key(|text| text.to_lowercase());
        texts != exact
    };
    let slot = slots.into_iter().flatten().find(|slot| !slot.leaf().case_exact && differs(slot));
    let Some(slot) = slot else { return skip("the target keeps no text of users whose letter case differs") };
    sorted(&field, &slot, &by(&slot), &[Order::Ascending]).await
}

check! {
    /// Text with `caseExact` is sorted with regard to letter case: values that differ in it only have an order.
    ///
    /// Why: without one, the two change places from page to page, and one of them is never read.
    ///
    /// Fix: sort `caseExact` attributes with a collation that tells letters of different case apart.
    CASE_EXACT = case_exact,
    id: "sort.case-exact",
    title: "text with caseExact is sorted with regard to letter case",
    level: Must,
    requirements: ["RFC7644-3.4.2.3-10"],
    needs: [Sort, Filter, Users],
    breaks: [],
}

async fn case_exact(t: &Trial) -> Verdict {
    let users = t.users()?;
    let name = t.ground().fresh_name();
    let mut ids = Vec::new();
    for word in ["Key", "kEY"] {
        let mut body = t.body(&users).await?;
        body["userName"] = json!(format!("{name}-{}@example.com", ids.len()));
        body["externalId"] = json!(format!("{word}-{name}"));
        let answer = t.post(users.endpoint(), &body).await?;
        if (400..500).contains(&answer.status) {
            return skip(format!(
                "the target takes no two externalIds that differ in letter case: {}",
                answer.said()
            ));
        }
        let created = t.created_by(&users, &answer)?;
        if t.read(&created).await?.get("externalId") != body.get("externalId") {
            return skip("the target does not keep the `externalId` of users");
        }
        ids.push(created.id);
    }
    let filter = format!("userName sw \"{name}\"");
    let ask = async |order: &str| {
        let parameters = [("filter", filter.as_str()), ("sortBy", "externalId"), ("sortOrder", order)];
        let answer = t.get(&target(users.endpoint(), &parameters)).await?;
        let found: Vec<String> = match answer.status {
            200 => listed(&answer)?.ids().into_iter().map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        if found.len() != 2 {
            return Err(Stop::Blocked(
                "`userName sw` does not find two users (check `filter.starts-with`)".to_owned(),
            ));
        }
        Ok((answer, found))
    };
    let (_, up) = ask("ascending").await?;
    let (answer, down) = ask("descending").await?;
    if up[0] != down[0] {
        return Ok(());
    }
    Err(answer
        .flaw("values that differ in letter case stand in the same order, ascending and descending")
        .expected("the reverse order")
        .got("the order of the ascending list")
        .into())
}

check! {
    /// Points in time are sorted as such, whatever offset they are written with.
    ///
    /// Why: imports ask for the latest changes first.
    ///
    /// Fix: sort by the instant, not by the text.
    DATE_TIME = date_time,
    id: "sort.date-time",
    title: "dateTimes are sorted as points in time",
    level: Must,
    requirements: ["RFC7644-3.4.2.3-11"],
    needs: [Sort, Users],
    breaks: [],
}

async fn date_time(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let slots: Vec<Slot> =
        [varied(&field, "meta.created"), field.cohort.places.moment.clone()].into_iter().flatten().collect();
    if slots.is_empty() {
        return skip("the users of the run were created in one and the same moment");
    }
    for slot in slots {
        sorted(&field, &slot, &by(&slot), &[Order::Ascending, Order::Descending]).await?;
    }
    Ok(())
}

check! {
    /// Numbers are sorted by value.
    ///
    /// Why: as text, 10 stands before 9.
    ///
    /// Fix: sort by the type of the attribute.
    NUMBER = number,
    id: "sort.number",
    title: "numbers are sorted by value",
    level: Must,
    requirements: ["RFC7644-3.4.2.3-11"],
    needs: [Sort, Users],
    breaks: [],
}

async fn number(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    match field.cohort.places.number.clone() {
        Some(slot) => sorted(&field, &slot, &by(&slot), &[Order::Ascending, Order::Descending]).await,
        None => skip("the target keeps no number attribute of users"),
    }
}

check! {
    /// `sortBy` may name a sub-attribute: `name.familyName`.
    ///
    /// Why: people are listed by their family names.
    ///
    /// Fix: resolve the path as in filters.
    SUB_ATTRIBUTE = sub_attribute,
    id: "sort.sub-attribute",
    title: "sortBy takes a sub-attribute",
    level: Must,
    requirements: ["RFC7644-3.4.2.3-05", "RFC7644-3.4.2.3-02"],
    needs: [Sort, Users],
    breaks: [],
}

async fn sub_attribute(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    match varied(&field, "name.familyName") {
        Some(slot) => sorted(&field, &slot, &by(&slot), &[Order::Ascending, Order::Descending]).await,
        None => skip("the target does not keep `name.familyName`"),
    }
}

/// The value that an element of a list is sorted by: of the primary one, or else of the first.
fn leading(list: &List, json: &Value) -> Option<Value> {
    let elements = list.elements(json);
    let primary = elements.iter().find(|element| element.get("primary") == Some(&Value::Bool(true)));
    primary.or(elements.first())?.get("value").cloned()
}

check! {
    /// Resources are sorted by the primary value of a multi-valued attribute, and where none is primary by the first.
    ///
    /// Why: a list of people by address shows the address that counts. Sorted by another one it looks shuffled.
    ///
    /// Fix: sort by the value of the element with `primary: true`, else by the first element.
    MULTI_VALUED = multi_valued,
    id: "sort.multi-valued",
    title: "a multi-valued attribute is sorted by its primary value",
    level: Must,
    requirements: ["RFC7644-3.4.2.3-04"],
    needs: [Sort, Users],
    breaks: [],
}

async fn multi_valued(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let Some(list) = field.cohort.places.list.clone().filter(|list| list.value.leaf().kind == Type::String)
    else {
        return skip("the target keeps no multi-valued attribute of users");
    };
    let key = |json: &Value| leading(&list, json);
    if field.cohort.members.iter().any(|member| key(&member.json).is_none()) {
        return skip(format!("the target does not keep the values of `{}`", list.slot.path()));
    }
    // The attribute alone is not judged: a complex one wants a path to a part.
    sorted(&field, &list.value, &key, &[Order::Ascending, Order::Descending]).await
}

check! {
    /// Resources without a value stand last in ascending and first in descending order.
    ///
    /// Why: databases disagree about nulls. Whoever looks for the people without a department expects them at the end.
    ///
    /// Fix: say `NULLS LAST` for ascending and `NULLS FIRST` for descending order.
    ABSENT = absent,
    id: "sort.absent",
    title: "resources without a value come last, and first in descending order",
    level: Must,
    requirements: ["RFC7644-3.4.2.3-06"],
    needs: [Sort, Users],
    breaks: [],
}

async fn absent(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let places = &field.cohort.places;
    let lacking = |slot: &Slot| {
        let count = field.cohort.members.iter().filter(|member| slot.get(&member.json).is_none()).count();
        count > 0 && count < field.cohort.members.len()
    };
    let slot = places.partial.iter().chain(&places.extended).find(|slot| lacking(slot)).cloned();
    let Some(slot) = slot else { return skip("the target keeps no attribute that only some users have") };
    let path = slot.path();
    for order in [Order::Ascending, Order::Descending] {
        let (answer, ids) = field.ordered(&[("sortBy", &path), ("sortOrder", order.word())]).await?;
        let has = |id: &String| {
            field.cohort.members.iter().any(|member| member.id() == id && slot.get(&member.json).is_some())
        };
        let has: Vec<bool> = ids.iter().map(has).collect();
        let wrong = has.windows(2).any(|pair| match order {
            Order::Ascending => !pair[0] && pair[1],
            Order::Descending => pair[0] && !pair[1],
        });
        if wrong {
            let people: Vec<&str> = ids.iter().map(String::as_str).collect();
            let place = if order == Order::Ascending { "last" } else { "first" };
            t.note(
                answer
                    .flaw(format!("users without `{path}` do not come {place} in {} order", order.word()))
                    .expected(format!(
                        "{place}: {}",
                        field.people(&field.cohort.ids_where(|json| slot.get(json).is_none()))
                    ))
                    .got(field.people(&people)),
            );
        }
    }
    Ok(())
}

check! {
    /// `sortBy` takes qualified names, in any letter case.
    ///
    /// Why: attributes of extensions can only be named so.
    ///
    /// Fix: resolve the path as in filters: known schema URNs first, without regard to letter case.
    QUALIFIED = qualified,
    id: "sort.qualified",
    title: "sortBy takes qualified names in any letter case",
    level: Must,
    requirements: ["RFC7644-3.10-01", "RFC7644-3.10-05"],
    needs: [Sort, Users],
    breaks: [],
}

async fn qualified(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    let Some(slot) = varied(&field, "userName") else { return skip("users have no `userName`") };
    let urn = &field.kind().schema.core.id;
    let mut cases = vec![(format!("{urn}:userName"), slot.clone()), ("USERNAME".to_owned(), slot.clone())];
    cases.push((format!("{urn}:userName").to_uppercase(), slot));
    cases.extend(field.cohort.places.extended.first().map(|slot| (slot.path(), slot.clone())));
    for (path, slot) in cases {
        let rules: &[&'static str] = match path.as_str() {
            "USERNAME" => &["RFC7644-3.10-05"],
            path if path.starts_with("URN:") => &["RFC7644-3.10-01", "RFC7644-3.10-05"],
            _ => &["RFC7644-3.10-01"],
        };
        let (answer, ids) = breaking(field.ordered(&[("sortBy", &path)]).await, rules)?;
        let order = expect_order(&field, &answer, &ids, &slot, &by(&slot), Order::Ascending);
        t.soft(breaking(order, rules))?;
    }
    Ok(())
}

check! {
    /// Pages are cut from the sorted result, not sorted one by one.
    ///
    /// Why: whoever reads page after page expects one order over all of them.
    ///
    /// Fix: sort in the query, before offset and limit.
    BEFORE_PAGING = before_paging,
    id: "sort.before-paging",
    title: "pages are cut from the sorted result",
    level: Must,
    requirements: ["RFC7644-3.4.2.3-12"],
    needs: [Sort, Filter, Users, IndexPaging],
    breaks: [],
}

async fn before_paging(t: &Trial) -> Verdict {
    let field = Field::of(t).await?;
    field.scope().await?;
    let Some(slot) = varied(&field, "userName") else { return skip("users have no `userName`") };
    let (mut seen, mut last) = (Vec::new(), None);
    for start in ["1", "3", "5"] {
        let parameters = [("sortBy", "userName"), ("startIndex", start), ("count", "2")];
        let (answer, ids) = field.ordered(&parameters).await?;
        if ids.len() != 2 {
            return Err(Stop::Blocked(format!(
                "{} does not hold 2 users (check `paging.start-index`)",
                answer.asked
            )));
        }
        seen.extend(ids);
        last = Some(answer);
    }
    match last {
        Some(answer) => expect_order(&field, &answer, &seen, &slot, &by(&slot), Order::Ascending),
        None => Ok(()),
    }
}

check! {
    /// What cannot be sorted by is refused or ignored: an unknown attribute, a complex one as a whole, an unknown `sortOrder`.
    ///
    /// Why: a parameter that comes from a user interface must not make the server fail.
    ///
    /// Fix: check `sortBy` against the schema and `sortOrder` against its two words; answer 400 invalidValue.
    ODD_PARAMETERS = odd_parameters,
    id: "sort.odd-parameters",
    title: "an unusable sortBy or sortOrder does not make the server fail",
    level: Should,
    requirements: ["RFC7644-3.4.2.3-05", "RFC7644-3.4.2.3-07"],
    needs: [Sort, Users],
    breaks: [],
}

async fn odd_parameters(t: &Trial) -> Verdict {
    let users = t.users()?;
    for parameters in [
        [("sortBy", "scimulatorBogus"), ("count", "1")].as_slice(),
        &[("sortBy", "name"), ("count", "1")],
        &[("sortBy", ""), ("count", "1")],
        &[("sortBy", "userName"), ("sortOrder", "up"), ("count", "1")],
        &[("sortOrder", "descending"), ("count", "1")],
    ] {
        let answer = t.get(&target(users.endpoint(), parameters)).await?;
        let is_order = parameters.iter().any(|(name, _)| *name == "sortOrder");
        let rule = if is_order { "RFC7644-3.4.2.3-07" } else { "RFC7644-3.4.2.3-05" };
        t.soft(breaking(answer.expect_status(&[200, 400, 501]), &[rule]))?;
    }
    Ok(())
}

check! {
    /// Sorting is an option. A server that does not offer it answers a query with `sortBy` all the same, unsorted, or refuses it.
    ///
    /// Why: a client may ask for an order without having looked whether there is one.
    ///
    /// Fix: ignore `sortBy` and `sortOrder` where they are not supported, or answer 400 or 501, and say so in
    /// ServiceProviderConfig.
    ANNOUNCED = announced,
    id: "sort.announced",
    title: "sortBy does no harm where sorting is not offered",
    level: May,
    requirements: ["RFC7644-3.4.2.3-01"],
    needs: [Users],
    breaks: [],
}

async fn announced(t: &Trial) -> Verdict {
    let users = t.users()?;
    let answer = t.get(&target(users.endpoint(), &[("sortBy", "userName"), ("count", "1")])).await?;
    blocked_by_count(t, &answer).await?;
    match t.discovery().supports("sort", "supported") {
        Support::Yes => answer.expect_status(&[200]).map(drop),
        _ => answer.expect_status(&[200, 400, 403, 501]).map(drop),
    }
}
