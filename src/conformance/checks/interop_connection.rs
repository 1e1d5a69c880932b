//! What identity providers send: connection tests, and the errors that they have to understand.

use serde_json::{Map, Value, json};

use super::authentication::{with, wrong_token};
use super::interop::{expect_nothing, mapped_text, plus, seen, text_of};
use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Answer, Trial, component};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::exchange::Request;
use crate::protocol::schema::Type;

pub(super) const CHECKS: &[Check] = &[
    ENTRA,
    ENTRA_GROUPS,
    OKTA,
    OKTA_USER,
    ONELOGIN,
    JUMPCLOUD,
    SCHEMAS,
    UNAUTHORIZED,
    JSON_ERRORS,
    PATCH_SUPPORTED,
];

check! {
    /// A search for a userName that nobody has, and that is no e-mail address, is answered 200 with an empty list, each time.
    ///
    /// Why: this is how Microsoft Entra ID tests a connection, with a random GUID, and it repeats the request for ever to see
    /// that the target is alive. 404, or 400 because the name looks wrong, fails the test and later puts the whole job in quarantine.
    ///
    /// Fix: do not validate operands of filters, and answer a search without a match with a ListResponse of totalResults 0.
    ENTRA = entra,
    id: "interop.entra-connection-test",
    title: "a search for a GUID as userName is answered with an empty list",
    level: Interop,
    requirements: ["Q-T01", "Q-T02", "Q-L14", "Q-L11"],
    needs: [Users],
    breaks: [Entra],
}

async fn entra(t: &Trial) -> Verdict {
    let users = t.users()?;
    let guid = uuid::Uuid::new_v4();
    let query = format!("{}?filter={}", users.endpoint(), plus(&format!("userName eq \"{guid}\"")));
    for round in 0..3 {
        let answer = t.get(&query).await?;
        let rules: &[&'static str] = match (round, answer.status) {
            (0, 404) => &["Q-T01", "Q-L14", "Q-L11"],
            (0, _) => &["Q-T01"],
            (_, 404) => &["Q-T02", "Q-L14", "Q-L11"],
            _ => &["Q-T02"],
        };
        breaking(expect_nothing(&answer), rules)?;
    }
    Ok(())
}

check! {
    /// A search below `/Groups` for a name that no group has is answered 200 with an empty list, also where there are no groups.
    ///
    /// Why: Microsoft Entra ID asks for groups when the connection is tested, even if only users are to be provisioned, and
    /// again and again later. A 404 there ends the test with `SystemForCrossDomainIdentityManagementServiceIncompatible`.
    ///
    /// Fix: answer `GET /Groups` with an empty ListResponse where the product has no groups.
    ENTRA_GROUPS = entra_groups,
    id: "interop.entra-groups-probe",
    title: "a search below /Groups that finds nothing is answered with an empty list",
    level: Interop,
    requirements: ["Q-T03", "Q-T02", "Q-L14"],
    needs: [],
    breaks: [Entra],
}

async fn entra_groups(t: &Trial) -> Verdict {
    let endpoint = t.groups().map_or_else(|_| "/Groups".to_owned(), |kind| kind.endpoint().to_owned());
    let guid = uuid::Uuid::new_v4();
    let filter = component(&format!("displayName eq \"{guid}\""));
    let answer = t.get(&format!("{endpoint}?excludedAttributes=members&filter={filter}")).await?;
    let rules: &[&'static str] = if answer.status == 404 { &["Q-T03", "Q-L14"] } else { &["Q-T03"] };
    breaking(expect_nothing(&answer), rules)
}

check! {
    /// The first page of users and of groups comes as asked for, with numbers that are numbers and a total that is not too small.
    ///
    /// Why: `GET /Users?startIndex=1&count=2` is Okta's connection test, and with groups `GET /Groups?startIndex=1&count=100`. Okta
    /// reads the paging members into numbers, so that text in their place fails the test.
    ///
    /// Fix: return a ListResponse whose `totalResults`, `itemsPerPage` and `startIndex` are JSON integers, at most `count` resources,
    /// and the number of all matches as the total.
    OKTA = okta,
    id: "interop.okta-connection-test",
    title: "first pages come with numbers and an honest total",
    level: Interop,
    requirements: ["Q-T04", "Q-T05"],
    needs: [Users],
    breaks: [Okta],
}

async fn okta(t: &Trial) -> Verdict {
    let users = t.users()?;
    // So that there is something on the page.
    t.cohort().await?;
    for query in ["startIndex=1&count=2", "count=2&startIndex=1"] {
        t.soft(breaking(first_page(t, &format!("{}?{query}", users.endpoint()), 2, 1).await, &["Q-T04"]))?;
    }
    if let Ok(groups) = t.groups() {
        let page = first_page(t, &format!("{}?startIndex=1&count=100", groups.endpoint()), 100, 0).await;
        t.soft(breaking(page, &["Q-T05"]))?;
    }
    Ok(())
}

/// Asks up to three times: others create and delete between the count and the page, but what is wrong stays wrong.
async fn first_page(t: &Trial, query: &str, most: usize, least: usize) -> Verdict {
    let mut verdict = Ok(());
    for _ in 0..3 {
        verdict = expect_page(&t.get(query).await?, most, least);
        if verdict.is_ok() {
            break;
        }
    }
    verdict
}

/// Fails unless an answer is a page of at most so many resources with honest numbers.
fn expect_page(answer: &Answer, most: usize, least: usize) -> Verdict {
    let list = answer.list()?;
    let length = list.resources.len();
    if length > most || length < least {
        return Err(answer
            .flaw(format!("{} returns {length} resources", answer.asked))
            .expected(format!("{least} to {most} resources"))
            .got(format!("{length} resources"))
            .into());
    }
    let total = list.number("totalResults");
    if total.is_none_or(|total| total < i64::try_from(length).unwrap_or(i64::MAX)) {
        return Err(answer
            .flaw(format!("{} tells a totalResults that cannot be", answer.asked))
            .expected(format!("a number, {length} or more"))
            .got(seen(list.object.get("totalResults")))
            .into());
    }
    for name in ["itemsPerPage", "startIndex"] {
        let shown = list.object.get(name);
        if shown.is_some_and(|shown| !shown.is_i64() && !shown.is_u64()) {
            return Err(answer
                .flaw(format!("`{name}` is no number in the answer to {}", answer.asked))
                .expected("a JSON integer")
                .got(seen(shown))
                .into());
        }
    }
    Ok(())
}

check! {
    /// A user in a list has what Okta reads: id, userName, active, name.givenName, name.familyName and an e-mail address.
    ///
    /// Why: Okta's certification suite demands these members of the first user that it lists, and an import takes people from them.
    /// OneLogin reads the parts of the name as well.
    ///
    /// Fix: store the attributes and return them by default, `active` as a JSON boolean.
    OKTA_USER = okta_user,
    id: "interop.okta-listed-user",
    title: "a listed user shows what Okta's suite looks for",
    level: Interop,
    requirements: ["Q-T04", "Q-C18"],
    needs: [Users],
    breaks: [Okta],
}

async fn okta_user(t: &Trial) -> Verdict {
    let users = t.users()?;
    let body = t.body(&users).await?;
    t.create_from(&users, &body).await?;
    let filter = component(&format!("userName eq \"{}\"", text_of(&body, "userName")?));
    let answer = t.get(&format!("{}?filter={filter}&startIndex=1&count=1", users.endpoint())).await?;
    let list = answer.list()?;
    let Some(user) = list.resources.first() else {
        return Err(Stop::Blocked(format!("{} finds nobody (check `interop.okta-lookup`)", answer.asked)));
    };
    let text =
        |pointer: &str| user.pointer(pointer).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let mut missing: Vec<&str> =
        ["/id", "/userName", "/name/givenName", "/name/familyName", "/emails/0/value"]
            .into_iter()
            .filter(|pointer| !text(pointer))
            .collect();
    if !user["active"].is_boolean() {
        missing.push("/active");
    }
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = missing.iter().map(|pointer| pointer[1..].replace('/', ".")).collect();
    Err(answer
        .flaw("a user in a list lacks attributes that Okta reads")
        .expected("id, userName, active, name.givenName, name.familyName, emails[0].value")
        .got(format!("nothing for {}", names.join(", ")))
        .breaks(&["Q-T04"])
        .into())
}

check! {
    /// OneLogin's connection test is answered: a search for a userName that nobody has, with `&` at the end and without `User-Agent`.
    ///
    /// Why: OneLogin takes an empty list or 404 for «nobody has it». Anything else, 400 or 500 above all, fails the connection.
    ///
    /// Fix: answer 200 with an empty ListResponse.
    ONELOGIN = onelogin,
    id: "interop.onelogin-connection-test",
    title: "a search for a userName that nobody has is answered 200 or 404",
    level: Interop,
    requirements: ["Q-T07", "Q-H05", "Q-H07"],
    needs: [Users],
    breaks: [OneLogin],
}

async fn onelogin(t: &Trial) -> Verdict {
    let users = t.users()?;
    let filter = plus(&format!("userName eq \"onelogin-test-{}\"", t.ground().fresh_name()));
    let mut request = Request::new("GET", format!("{}?filter={filter}&", users.endpoint()));
    request.headers.append("User-Agent", "");
    let answer = t.send(request).await?;
    if answer.status == 404 {
        return Ok(());
    }
    breaking(expect_nothing(&answer), &["Q-T07"])
}

check! {
    /// A test user and a test group can be created and deleted; where users cannot be deleted, PUT with `active: false` works.
    ///
    /// Why: JumpCloud does this when an integration is activated, with an address that the administrator gives, and refuses to
    /// activate when one of the requests fails.
    ///
    /// Fix: support POST and DELETE of users and groups, and take a body whose members stand in any order.
    JUMPCLOUD = jumpcloud,
    id: "interop.jumpcloud-activation",
    title: "a test user and a test group come and go",
    level: Interop,
    requirements: ["Q-T08", "Q-D09", "Q-C21"],
    needs: [Users, Groups],
    breaks: [JumpCloud],
}

async fn jumpcloud(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let mut body = alphabetical(t.body(&users).await?);
    let answer = t.post(users.endpoint(), &body).await?;
    breaking(answer.expect_success(), &["Q-T08"])?;
    let user = t.created_by(&users, &answer)?;
    let answer = t.post(groups.endpoint(), &alphabetical(t.body(&groups).await?)).await?;
    breaking(answer.expect_success(), &["Q-T08"])?;
    let group = t.created_by(&groups, &answer)?;
    t.soft(breaking(t.delete(&group.path).await?.expect_success(), &["Q-T08"]))?;
    let answer = t.delete(&user.path).await?;
    if matches!(answer.status, 405 | 501) {
        body["active"] = json!(false);
        body["id"] = json!(user.id);
        breaking(t.put(&user.path, &body).await?.expect_success(), &["Q-D09"])?;
        return Ok(());
    }
    breaking(answer.expect_success(), &["Q-T08", "Q-D09"])?;
    Ok(())
}

/// An object with its members in alphabetical order, as JumpCloud writes them.
fn alphabetical(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<(String, Value)> = members.into_iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(
                sorted.into_iter().map(|(name, value)| (name, alphabetical(value))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => items.into_iter().map(alphabetical).collect(),
        other => other,
    }
}

check! {
    /// `/Schemas` is a ListResponse without null members, and attribute names begin with a small letter.
    ///
    /// Why: for applications of its gallery Microsoft Entra ID reads `/Schemas` to fill the mapping page. A bare array, nulls or
    /// names in other spellings leave the page empty.
    ///
    /// Fix: wrap the schemas in a ListResponse, leave out what has no value, and write attribute names in camel case.
    SCHEMAS = schemas,
    id: "interop.entra-schemas",
    title: "/Schemas is a list without nulls, with names in camel case",
    level: Interop,
    requirements: ["Q-T10"],
    needs: [Schemas],
    breaks: [Entra],
}

async fn schemas(t: &Trial) -> Verdict {
    let answer = t.get("/Schemas").await?;
    let list = answer.list()?;
    for schema in list.resources {
        let name = schema["id"].as_str().unwrap_or("a schema without id");
        if let Some(path) = null_in(schema) {
            t.note(
                answer
                    .flaw(format!("{name} has a member that is null"))
                    .expected("members without a value left out")
                    .got(format!("{path}: null")),
            );
        }
    }
    for schema in &t.discovery().schemas {
        let odd = schema.attributes.iter().flat_map(|attribute| {
            let subs = attribute.sub_attributes.iter().filter(|_| attribute.kind == Type::Complex);
            std::iter::once(&attribute.name).chain(subs.map(|sub| &sub.name))
        });
        let odd = odd.filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase()));
        if let Some(name) = odd.into_iter().next() {
            t.note(
                answer
                    .flaw(format!("{} has an attribute name that begins with a capital letter", schema.id))
                    .expected("camel case, such as `userName`")
                    .got(format!("`{name}`")),
            );
        }
    }
    Ok(())
}

/// The way to the first null in a value.
fn null_in(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Object(members) => {
            members.iter().find_map(|(name, value)| null_in(value).map(|path| format!("/{name}{path}")))
        }
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(at, item)| null_in(item).map(|path| format!("/{at}{path}")))
        }
        _ => None,
    }
}

check! {
    /// A wrong token is answered 401 with a SCIM Error as body.
    ///
    /// Why: Okta's certification suite demands it, and Okta parses every error body as JSON: the text or HTML of an
    /// authentication layer before the application is shown to administrators as a parser error.
    ///
    /// Fix: let the authentication layer answer `{"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "401"}` with
    /// the content type `application/scim+json`.
    UNAUTHORIZED = unauthorized,
    id: "interop.unauthorized-body",
    title: "401 comes with a SCIM Error",
    level: Interop,
    requirements: ["Q-T06", "Q-H15", "Q-E01", "RFC7644-3.12-01"],
    needs: [Credentials, Users],
    breaks: [Okta],
}

async fn unauthorized(t: &Trial) -> Verdict {
    let users = t.users()?;
    let target = format!("{}?count=1&startIndex=1", users.endpoint());
    let answer = t.send(with(wrong_token(t), "GET", &target, None)).await?;
    breaking(answer.expect_status(&[401]), &["Q-T06", "Q-H15"])?;
    let rules: &[&'static str] = match is_object(&answer) {
        true => &["Q-T06", "Q-H15", "Q-E01"],
        false => &["Q-T06", "Q-H15", "Q-E01", "RFC7644-3.12-01"],
    };
    breaking(expect_scim_error(&answer), rules)
}

check! {
    /// The refusals that identity providers meet every day are SCIM Errors in JSON, never HTML, and never 401, 403 or a redirect.
    ///
    /// Why: Okta parses every error body as JSON. Microsoft Entra ID gives up on HTML («not able to deserialize»), and takes 401 and 403
    /// for broken credentials of the whole connection, so that one wrong object stops everybody.
    ///
    /// Fix: turn every refusal into a SCIM Error before it leaves the application, also those of the framework.
    JSON_ERRORS = json_errors,
    id: "interop.json-errors",
    title: "refusals about one object are SCIM Errors with its status",
    level: Interop,
    requirements: ["Q-E01", "Q-E02", "Q-E06", "Q-E09", "Q-C17"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn json_errors(t: &Trial) -> Verdict {
    let users = t.users()?;
    let body = t.body(&users).await?;
    t.create_from(&users, &body).await?;
    let mut refusals = vec![
        (t.get(&t.absent(&users).await?).await?, "404"),
        (t.post(users.endpoint(), &body).await?, "409"),
    ];
    if let Ok(groups) = t.groups() {
        refusals.push((t.get(&t.absent(&groups).await?).await?, "404"));
    }
    for (answer, wanted) in refusals {
        if answer.is_success() {
            // Other checks judge that.
            continue;
        }
        if matches!(answer.status, 300..=399 | 401 | 403 | 500..) {
            let rule = match (answer.status, wanted) {
                (300..=399, _) => "Q-E02",
                (401 | 403, _) => "Q-E06",
                (_, "409") => "Q-C17",
                _ => "Q-E09",
            };
            let flaw = answer.flaw(format!("{} answers {}", answer.asked, answer.said()));
            t.note(flaw.expected(wanted).got(answer.said()).breaks(&[rule]));
            continue;
        }
        let rules: &[&'static str] = if is_object(&answer) { &["Q-E01"] } else { &["Q-E01", "Q-E02"] };
        t.soft(breaking(expect_scim_error(&answer), rules))?;
    }
    Ok(())
}

fn is_object(answer: &Answer) -> bool {
    matches!(answer.json, Some(Value::Object(_)))
}

/// Fails unless the body is a SCIM Error.
fn expect_scim_error(answer: &Answer) -> Verdict {
    answer.object()?;
    if answer.is_scim_error() {
        return Ok(());
    }
    Err(answer
        .flaw(format!("the body of the {} to {} is no SCIM Error", answer.status, answer.asked))
        .expected("schemas with urn:ietf:params:scim:api:messages:2.0:Error")
        .got(seen(answer.json.as_ref()))
        .into())
}

check! {
    /// PATCH is there, whatever ServiceProviderConfig says.
    ///
    /// Why: Microsoft Entra ID changes everything with PATCH, Okta activates and deactivates with it, and OneLogin, PingFederate and Okta
    /// change the members of groups with it. None of them reads ServiceProviderConfig, and none falls back to PUT.
    ///
    /// Fix: implement PATCH (RFC 7644 §3.5.2), at least with and without `path` and for `members`.
    PATCH_SUPPORTED = patch_supported,
    id: "interop.patch-supported",
    title: "PATCH is there",
    level: Interop,
    requirements: ["Q-E08"],
    needs: [Users],
    breaks: [Okta, Entra, OneLogin, Ping],
}

async fn patch_supported(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Ok(slot) = mapped_text(t, &users).await else {
        return skip("the target keeps no text that could be changed");
    };
    let user = t.create(&users).await?;
    let value = t.ground().fresh_name();
    let operations = json!([{ "op": "replace", "path": slot.path(), "value": value }]);
    let answer = t.patch(&user.path, operations).await?;
    if matches!(answer.status, 404 | 405 | 501) {
        return Err(answer
            .flaw(format!("PATCH is not there: {} answers {}", answer.asked, answer.said()))
            .expected("200 or 204")
            .got(answer.said())
            .into());
    }
    Ok(())
}
