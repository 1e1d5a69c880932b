//! The interoperability profile of draft-zollner-scim-interop-profile: discovery, bodies, searches and deletion.
//!
//! A draft that narrows the RFCs. Where it contradicts them, or what identity providers send today, the check says so; its
//! verdicts never count as verdicts on the RFCs.

use serde_json::{Value, json};

use super::interop::{expect_nothing, expect_only, first_full_page, posted, seen, text_of};
use super::query::breaking;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::trial::slot::slots;
use crate::conformance::trial::{Answer, Trial, component};
use crate::conformance::verdict::{Flaw, Verdict, skip};
use crate::protocol::message::member;

pub(super) const CHECKS: &[Check] = &[
    FLAG, DISCOVERY, TYPE_ID, CANONICAL, MEDIA, CASE, ATTRIBUTE, SCHEMA, EQ_AND, FILTER, PAGING, DELETE, TLS,
    BASIC,
];

/// An attribute that no schema has.
pub(super) const UNKNOWN: &str = "scimulatorUnknown";

check! {
    /// ServiceProviderConfig has `interopProfileConformant: true`. Only who claims to follow the draft has to.
    ///
    /// Why: it is how a client of draft-zollner-scim-interop-profile learns that it may rely on it.
    ///
    /// Fix: once everything else of the profile holds, add the boolean to ServiceProviderConfig.
    FLAG = flag,
    id: "interop-profile.flag",
    title: "ServiceProviderConfig claims the interoperability profile",
    level: Interop,
    requirements: ["IPROF-01"],
    needs: [],
    breaks: [InteropProfile],
}

async fn flag(t: &Trial) -> Verdict {
    let answer = t.get("/ServiceProviderConfig").await?;
    let flag = member(answer.object()?, "interopProfileConformant");
    if flag == Some(&Value::Bool(true)) {
        return Ok(());
    }
    Err(answer
        .flaw("ServiceProviderConfig does not claim the interoperability profile")
        .expected("\"interopProfileConformant\": true")
        .got(seen(flag))
        .into())
}

check! {
    /// The three discovery endpoints are there, and every schema that a resource type names is at `/Schemas`.
    ///
    /// Why: clients of draft-zollner-scim-interop-profile build their mappings from these documents and from nothing else.
    ///
    /// Fix: serve `/ServiceProviderConfig`, `/ResourceTypes` and `/Schemas`, with one schema for each URN that is used.
    DISCOVERY = discovery,
    id: "interop-profile.discovery",
    title: "the discovery endpoints are there and name every schema",
    level: Interop,
    requirements: ["IPROF-02", "IPROF-03"],
    needs: [],
    breaks: [InteropProfile],
}

async fn discovery(t: &Trial) -> Verdict {
    t.soft(breaking(t.get("/ServiceProviderConfig").await?.expect_status(&[200]), &["IPROF-02"]))?;
    let schemas = t.get("/Schemas").await?;
    let types = t.get("/ResourceTypes").await?;
    let published =
        breaking(schemas.list(), &["IPROF-02"])?.ids().iter().map(|id| id.to_lowercase()).collect::<Vec<_>>();
    for kind in breaking(types.list(), &["IPROF-02"])?.resources {
        let extensions = kind["schemaExtensions"].as_array().into_iter().flatten();
        let named = std::iter::once(&kind["schema"]).chain(extensions.map(|extension| &extension["schema"]));
        for urn in named.filter_map(Value::as_str) {
            if !published.contains(&urn.to_lowercase()) {
                t.note(
                    schemas
                        .flaw(format!(
                            "the resource type {} names a schema that is not at /Schemas",
                            kind["name"]
                        ))
                        .expected(urn)
                        .got(format!("{} other schemas", published.len()))
                        .breaks(&["IPROF-03"]),
                );
            }
        }
    }
    Ok(())
}

check! {
    /// Every resource type has an `id`, and it is its name.
    ///
    /// RFC 7643 §6 makes the id optional.
    ///
    /// Why: with draft-zollner-scim-interop-profile one word is enough to ask for a resource type.
    ///
    /// Fix: add `id` with the value of `name` to each resource type.
    TYPE_ID = type_id,
    id: "interop-profile.resource-type-id",
    title: "the id of a resource type is its name",
    level: Interop,
    requirements: ["IPROF-04"],
    needs: [ResourceTypes],
    breaks: [InteropProfile],
}

async fn type_id(t: &Trial) -> Verdict {
    let answer = t.get("/ResourceTypes").await?;
    for kind in answer.list()?.resources {
        if kind["name"].is_null() || kind["id"] != kind["name"] {
            t.note(
                answer
                    .flaw("a resource type has another id than name")
                    .expected(format!("\"id\": {}", kind["name"]))
                    .got(format!("\"id\": {}", kind["id"])),
            );
        }
    }
    Ok(())
}

check! {
    /// Where elements of a list have a `type`, `/Schemas` names the values that it may have.
    ///
    /// Conflict: the schemas of RFC 7643 §8.7.1 name none for entitlements, roles and x509Certificates, so that a server which publishes
    /// them as they stand there does not satisfy the draft.
    ///
    /// Why: clients of draft-zollner-scim-interop-profile send no other types than those.
    ///
    /// Fix: add `canonicalValues` to each sub-attribute `type`, or leave `type` out.
    CANONICAL = canonical,
    id: "interop-profile.canonical-types",
    title: "/Schemas names the values of every `type`",
    level: Interop,
    requirements: ["IPROF-10"],
    needs: [Schemas],
    breaks: [InteropProfile],
}

async fn canonical(t: &Trial) -> Verdict {
    let answer = t.get("/Schemas").await?;
    for kind in t.kinds().iter().filter(|kind| kind.is_published) {
        let lists =
            slots(&kind.schema).filter(|slot| slot.attribute.multi_valued && slot.attribute.is_complex());
        for slot in lists {
            if slot.attribute.sub("type").is_some_and(|sub| sub.canonical_values.is_empty()) {
                t.note(
                    answer
                        .flaw(format!("`{}.type` of {} has no canonicalValues", slot.path(), kind.name()))
                        .expected("canonicalValues with the values that are taken")
                        .got("none"),
                );
            }
        }
    }
    Ok(())
}

check! {
    /// Every answer with a body is `application/scim+json`, errors and discovery included.
    ///
    /// RFC 7644 §3.8 lets a server answer `application/json` to those who ask for it.
    ///
    /// Why: draft-zollner-scim-interop-profile has one media type for everything.
    ///
    /// Fix: set the Content-Type of every answer to `application/scim+json`.
    MEDIA = media,
    id: "interop-profile.media-type",
    title: "every answer is application/scim+json",
    level: Interop,
    requirements: ["IPROF-11"],
    needs: [Users],
    breaks: [InteropProfile],
}

async fn media(t: &Trial) -> Verdict {
    let users = t.users()?;
    let user = t.create(&users).await?;
    let answers = [
        t.get("/ServiceProviderConfig").await?,
        t.get(&user.path).await?,
        t.get(&format!("{}?count=1", users.endpoint())).await?,
        t.get(&t.absent(&users).await?).await?,
    ];
    for answer in answers {
        let media =
            answer.headers.get("content-type").and_then(|value| value.split(';').next()).map(str::trim);
        if !media.is_some_and(|media| media.eq_ignore_ascii_case("application/scim+json")) {
            t.note(
                answer
                    .flaw(format!("the answer to {} is not application/scim+json", answer.asked))
                    .expected("Content-Type: application/scim+json")
                    .got(media.unwrap_or("no Content-Type")),
            );
        }
    }
    Ok(())
}

check! {
    /// Letter case counts the same in filters and for uniqueness: userName in any case, id and externalId exactly.
    ///
    /// Why: where the two differ a client of draft-zollner-scim-interop-profile does not find somebody who is there, and is then told of a conflict.
    ///
    /// Fix: compare with one function, which follows `caseExact`, in both places.
    CASE = case,
    id: "interop-profile.letter-case",
    title: "letter case counts the same in filters and for uniqueness",
    level: Interop,
    requirements: ["IPROF-05", "IPROF-06", "IPROF-07", "IPROF-28"],
    needs: [Users, Filter],
    breaks: [InteropProfile],
}

async fn case(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let external = format!("Ext-{}", t.ground().fresh_name());
    body["externalId"] = json!(external);
    let user = t.create_from(&users, &body).await?;
    let name = text_of(&body, "userName")?.to_uppercase();
    let find =
        async |filter: String| t.get(&format!("{}?filter={}", users.endpoint(), component(&filter))).await;
    let found = find(format!("userName eq \"{name}\"")).await?;
    let found = expect_only(&found, &user.id);
    if t.read(&user).await?["externalId"] == external.as_str() {
        let found = find(format!("externalId eq \"{external}\"")).await?;
        t.soft(breaking(expect_only(&found, &user.id), &["IPROF-06"]))?;
        let other = external.to_uppercase();
        let found = find(format!("externalId eq \"{other}\"")).await?;
        t.soft(breaking(expect_nothing(&found), &["IPROF-06"]))?;
    }
    let mut second = t.body(&users).await?;
    second["userName"] = json!(name);
    let answer = t.post(users.endpoint(), &second).await?;
    // Where the two differ, that is broken as well.
    let differing: &[&'static str] = &["IPROF-05", "IPROF-07"];
    let rules: &[&'static str] = match (answer.is_success(), found.is_ok()) {
        (true, true) => differing,
        (true, false) => &["IPROF-07"],
        (false, _) => &["IPROF-28"],
    };
    t.soft(breaking(found, if answer.status == 409 { differing } else { &["IPROF-07"] }))?;
    t.soft(breaking(answer.expect_error(&[409], Some("uniqueness")), rules))?;
    Ok(())
}

check! {
    /// A new user with an attribute that no schema defines is refused with 400 invalidSyntax.
    ///
    /// Conflict: RFC 7644 §3.3 lets a server ignore it, and what OneLogin and Microsoft Entra ID send needs that (check
    /// `interop.unknown-attributes`).
    ///
    /// Why: draft-zollner-scim-interop-profile would rather have an error than data that is lost without a word.
    ///
    /// Fix: hold bodies against the schemas of the resource type, if the profile matters more than these identity providers.
    ATTRIBUTE = attribute,
    id: "interop-profile.unknown-attribute",
    title: "an unknown attribute in a new user is refused with invalidSyntax",
    level: Interop,
    requirements: ["IPROF-08"],
    needs: [Users],
    breaks: [InteropProfile],
}

async fn attribute(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    body[UNKNOWN] = json!("x");
    t.post(users.endpoint(), &body).await?.expect_error(&[400], Some("invalidSyntax"))?;
    Ok(())
}

check! {
    /// A new user with a schema URI that the resource type does not have is refused with 400 invalidSyntax.
    ///
    /// Conflict: Microsoft Entra ID names a URI of its own for every group (check `interop.entra-group`), and templates of OneLogin name those
    /// of SCIM 1.1.
    ///
    /// Why: draft-zollner-scim-interop-profile would rather have an error than data that is lost without a word.
    ///
    /// Fix: hold `schemas` against the resource type, if the profile matters more than these identity providers.
    SCHEMA = schema,
    id: "interop-profile.unknown-schema",
    title: "an unknown schema URI in a new user is refused with invalidSyntax",
    level: Interop,
    requirements: ["IPROF-09"],
    needs: [Users],
    breaks: [InteropProfile],
}

async fn schema(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    if let Some(schemas) = body["schemas"].as_array_mut() {
        schemas.push(json!("urn:example:params:scim:schemas:extension:unknown:2.0:User"));
    }
    t.post(users.endpoint(), &body).await?.expect_error(&[400], Some("invalidSyntax"))?;
    Ok(())
}

check! {
    /// `eq` and `and` work in filters, whatever ServiceProviderConfig says. Other operators are not used.
    ///
    /// Why: draft-zollner-scim-interop-profile has no other way to find a resource but by its id.
    ///
    /// Fix: support filters with `eq` on the attributes of the schemas, and `and` between them.
    EQ_AND = eq_and,
    id: "interop-profile.eq-and",
    title: "eq and and work in filters",
    level: Interop,
    requirements: ["IPROF-12"],
    needs: [Users],
    breaks: [InteropProfile],
}

async fn eq_and(t: &Trial) -> Verdict {
    let cohort = t.cohort().await?;
    let (one, two) = (&cohort.members[0], &cohort.members[1]);
    let name = text_of(&one.json, "userName")?;
    let find = async |id: &str| {
        let filter = component(&format!("userName eq \"{name}\" and id eq \"{id}\""));
        t.get(&format!("{}?filter={filter}", cohort.kind.endpoint())).await
    };
    expect_only(&find(one.id()).await?, one.id())?;
    expect_nothing(&find(two.id()).await?)
}

check! {
    /// A filter on an attribute that no schema of the type defines is refused with 400 invalidFilter.
    ///
    /// The RFCs leave a server the choice between that and an empty list.
    ///
    /// Why: with draft-zollner-scim-interop-profile an empty list always means that nobody is there.
    ///
    /// Fix: hold the attributes of a filter against the schemas before searching.
    FILTER = filter,
    id: "interop-profile.unknown-filter-attribute",
    title: "a filter on an unknown attribute is refused with invalidFilter",
    level: Interop,
    requirements: ["IPROF-13"],
    needs: [Users],
    breaks: [InteropProfile],
}

async fn filter(t: &Trial) -> Verdict {
    let users = t.users()?;
    let answer = t.get(&format!("{}?filter={UNKNOWN}%20eq%20%22x%22", users.endpoint())).await?;
    answer.expect_error(&[400], Some("invalidFilter"))?;
    Ok(())
}

check! {
    /// There is index or cursor paging, a page of 100 is possible, and a count that is too large gets what there is.
    ///
    /// Why: clients of draft-zollner-scim-interop-profile ask for 100 and rely on getting them.
    ///
    /// Fix: allow pages of 100 resources, and cut larger counts to the limit instead of refusing them.
    PAGING = paging,
    id: "interop-profile.paging",
    title: "pages of 100 are possible, and larger counts are cut",
    level: Interop,
    requirements: ["IPROF-14", "IPROF-15", "IPROF-16"],
    needs: [Users],
    breaks: [InteropProfile],
}

async fn paging(t: &Trial) -> Verdict {
    let users = t.users()?;
    if t.lacks(Need::IndexPaging).await?.is_some() && t.lacks(Need::Cursor).await?.is_some() {
        return Err(Flaw::new("ServiceProviderConfig denies index paging and cursor paging")
            .expected("one of them")
            .got("neither")
            .breaks(&["IPROF-14"])
            .into());
    }
    breaking(first_full_page(t, &users).await, &["IPROF-15"])?;
    let many = t.get(&format!("{}?count=100000", users.endpoint())).await?;
    breaking(many.expect_status(&[200]), &["IPROF-16"])?;
    Ok(())
}

check! {
    /// DELETE really deletes: the user is gone from GET and from searches, and its userName is free again.
    ///
    /// Why: draft-zollner-scim-interop-profile keeps deactivation and deletion apart. A DELETE that only deactivates leaves a person and its name
    /// behind.
    ///
    /// Fix: answer 404 for what was deleted, leave it out of lists, and leave it out of the uniqueness check.
    DELETE = delete,
    id: "interop-profile.delete",
    title: "DELETE deletes, and the userName is free again",
    level: Interop,
    requirements: ["IPROF-25", "IPROF-26", "IPROF-27"],
    needs: [Users],
    breaks: [InteropProfile],
}

async fn delete(t: &Trial) -> Verdict {
    let users = t.users()?;
    let body = t.body(&users).await?;
    let user = t.create_from(&users, &body).await?;
    breaking(t.delete(&user.path).await?.expect_success(), &["IPROF-27"])?;
    let read = t.get(&user.path).await?;
    let rules: &[&'static str] = if read.is_success() { &["IPROF-25", "IPROF-27"] } else { &["IPROF-25"] };
    t.soft(breaking(read.expect_status(&[404]), rules))?;
    let filter = component(&format!("userName eq \"{}\"", text_of(&body, "userName")?));
    let found = t.get(&format!("{}?filter={filter}", users.endpoint())).await?;
    t.soft(breaking(expect_nothing(&found), &["IPROF-25"]))?;
    breaking(posted(t, &users, &body).await, &["IPROF-26"])?;
    Ok(())
}

check! {
    /// The target is reached by TLS.
    ///
    /// The draft demands TLS 1.3 besides; which version is spoken cannot be seen here.
    ///
    /// Why: draft-zollner-scim-interop-profile allows nothing else, and neither does RFC 7644 §7.2 between two machines.
    ///
    /// Fix: serve SCIM below an https URL.
    TLS = tls,
    id: "interop-profile.tls",
    title: "the target is reached by TLS",
    level: Interop,
    requirements: ["IPROF-29"],
    needs: [],
    breaks: [InteropProfile],
}

async fn tls(t: &Trial) -> Verdict {
    expect_tls(t).await
}

/// Fails unless the base URL is https.
pub(super) async fn expect_tls(t: &Trial) -> Verdict {
    let answer = t.get("/ServiceProviderConfig").await?;
    let base = t.ground().target().base();
    match base.starts_with("https://") {
        true => Ok(()),
        false => {
            Err(answer.flaw("the target is not reached by TLS").expected("an https URL").got(base).into())
        }
    }
}

check! {
    /// There is another way to authenticate than HTTP Basic.
    ///
    /// Why: draft-zollner-scim-interop-profile advises against Basic, because a password cannot be limited and is hard to exchange.
    ///
    /// Fix: accept OAuth 2.0 bearer tokens, and name them in `authenticationSchemes`.
    BASIC = basic,
    id: "interop-profile.authentication",
    title: "there is another way to authenticate than HTTP Basic",
    level: Interop,
    requirements: ["IPROF-30"],
    needs: [],
    breaks: [InteropProfile],
}

async fn basic(t: &Trial) -> Verdict {
    let answer = t.get("/ServiceProviderConfig").await?;
    let types = scheme_types(&answer);
    if types.is_empty() {
        return skip("ServiceProviderConfig names no way to authenticate");
    }
    match types.iter().all(|name| name == "httpbasic") {
        false => Ok(()),
        true => Err(answer
            .flaw("HTTP Basic is the only way to authenticate")
            .expected("oauthbearertoken or oauth2")
            .got("httpbasic")
            .into()),
    }
}

/// The types of the authentication schemes, in small letters.
pub(super) fn scheme_types(answer: &Answer) -> Vec<String> {
    let config = answer.json.as_ref().and_then(Value::as_object);
    let schemes = config.and_then(|config| member(config, "authenticationSchemes")).and_then(Value::as_array);
    let types = schemes.into_iter().flatten().filter_map(|scheme| scheme["type"].as_str());
    types.map(str::to_lowercase).collect()
}
