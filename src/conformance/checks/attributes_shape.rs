//! What values look like in answers: the JSON form of their type, arrays, references, nothing that is not declared.

use serde_json::{Map, Value, json};

use super::attributes::{Way, fillable, open_kinds, published, sweep};
use super::team::membership;
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Answer, Created, Slot, Trial, shortened};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::member;
use crate::protocol::schema::{Attribute, Type};
use crate::protocol::value;

pub(super) const CHECKS: &[Check] = &[TYPES, ARRAYS, UNDECLARED, MESSAGE_NUMBERS, REFERENCES, DANGLING];

/// A resource with as many attributes as the target takes, as created and as read.
async fn full(t: &Trial, kind: &Kind) -> Result<Vec<Answer>, Stop> {
    let tag = t.ground().fresh_name();
    let values = fillable(t, kind).into_iter().map(|slot| {
        let value = slot.sample(&tag);
        (slot, value)
    });
    let mut answers = Vec::new();
    for written in sweep(t, &Way::Post(kind), values.collect()).await?.written {
        let created = t.created_by(kind, &written.answer)?;
        answers.push(written.answer);
        answers.push(t.get(&created.path).await?);
    }
    Ok(answers)
}

/// Goes through every published attribute of a resource that has a value.
fn visit(slots: &[Slot], resource: &Value, look: &mut dyn FnMut(&str, &Attribute, &Value)) {
    for slot in slots {
        let Some(value) = slot.get(resource) else { continue };
        look(&slot.path(), &slot.attribute, value);
        let elements = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        for element in elements.iter().filter_map(Value::as_object) {
            for sub in &slot.attribute.sub_attributes {
                if let Some(value) = member(element, &sub.name).filter(|value| !value.is_null()) {
                    look(&format!("{}.{}", slot.path(), sub.name), sub, value);
                }
            }
        }
    }
}

check! {
    /// Every value in an answer has the JSON form of the type that the schema states: booleans are true or false, integers have
    /// neither fraction nor exponent, dateTimes are xsd:dateTime with date and time, binary values are base64, references are URIs.
    ///
    /// Why: clients are generated from the schema. `"active": "true"` is read as «not a boolean» or as false, and an epoch number
    /// instead of a dateTime ends an import.
    ///
    /// Fix: serialize by the published type, or publish the type that is really sent.
    TYPES = types,
    id: "attributes.types",
    title: "values in answers have the JSON form of their published type",
    level: Must,
    requirements: ["RFC7643-2.3.1-01", "RFC7643-2.3.2-01", "RFC7643-2.3.3-01", "RFC7643-2.3.4-01", "RFC7643-2.3.5-01",
        "RFC7643-2.3.5-02", "RFC7643-2.3.6-01", "RFC7643-2.3.6-02", "RFC7643-2.3.7-01", "RFC7643-2.1-01"],
    needs: [Schemas],
    breaks: [Okta, Entra, OneLogin],
}

/// The requirements that a value of the wrong form breaks.
fn of_type(kind: Type) -> &'static [&'static str] {
    match kind {
        Type::String => &["RFC7643-2.3.1-01"],
        Type::Boolean => &["RFC7643-2.3.2-01"],
        Type::Decimal => &["RFC7643-2.3.3-01"],
        Type::Integer => &["RFC7643-2.3.4-01"],
        Type::DateTime => &["RFC7643-2.3.5-01", "RFC7643-2.3.5-02"],
        Type::Binary => &["RFC7643-2.3.6-01"],
        Type::Reference => &["RFC7643-2.3.7-01"],
        Type::Complex => &["RFC7643-2.1-01"],
    }
}

async fn types(t: &Trial) -> Verdict {
    for kind in open_kinds(t).await? {
        let slots = published(t, &kind);
        let mut told: Vec<String> = Vec::new();
        for answer in full(t, &kind).await?.iter().filter(|answer| answer.json.is_some()) {
            visit(&slots, answer.resource()?, &mut |path, attribute, value| {
                let elements = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
                let url = |value: &Value| {
                    json!(value.as_str().map(|text| text.replace('-', "+").replace('_', "/")))
                };
                let wrong = |value: &Value| match value::check(attribute, value) {
                    // An attribute may call for base64url (RFC 7643 §2.3.6).
                    Err(_) if attribute.kind == Type::Binary => value::check(attribute, &url(value)).err(),
                    checked => checked.err(),
                };
                let Some(problem) = elements.iter().find_map(wrong) else { return };
                if told.iter().any(|known| known == path) {
                    return;
                }
                told.push(path.to_owned());
                t.note(
                    answer
                        .flaw(format!(
                            "`{path}` is published as {} and has another form",
                            attribute.kind.keyword()
                        ))
                        .expected(problem)
                        .got(shortened(&value.to_string()))
                        .breaks(of_type(attribute.kind)),
                );
            });
        }
    }
    Ok(())
}

check! {
    /// A multi-valued attribute is an array in every answer, also when it has one value, and a singular one never is.
    ///
    /// Why: serializers that unwrap lists of one are common. Everything works until the first person has exactly one e-mail address;
    /// then the import fails with a type error.
    ///
    /// Fix: decide by `multiValued` of the schema, not by the number of values.
    ARRAYS = arrays,
    id: "attributes.arrays",
    title: "values are arrays exactly where the schema says multi-valued",
    level: Must,
    requirements: ["RFC7643-2.4-01", "RFC7643-7-13"],
    needs: [Schemas],
    breaks: [Okta, Entra, OneLogin, JumpCloud],
}

async fn arrays(t: &Trial) -> Verdict {
    for kind in open_kinds(t).await? {
        let slots = published(t, &kind);
        let mut told: Vec<String> = Vec::new();
        for answer in full(t, &kind).await?.iter().filter(|answer| answer.json.is_some()) {
            visit(&slots, answer.resource()?, &mut |path, attribute, value| {
                if value.is_array() == attribute.multi_valued || told.iter().any(|known| known == path) {
                    return;
                }
                told.push(path.to_owned());
                let (wanted, got) = if attribute.multi_valued {
                    ("an array", "one value")
                } else {
                    ("one value", "an array")
                };
                let what = format!(
                    "`{path}` is published with multiValued {} and comes as {got}",
                    attribute.multi_valued
                );
                let rules: &[&'static str] = match attribute.multi_valued {
                    true => &["RFC7643-2.4-01", "RFC7643-7-13"],
                    false => &["RFC7643-7-13"],
                };
                let flaw = answer.flaw(what).expected(wanted).got(shortened(&value.to_string()));
                t.note(flaw.breaks(rules));
            });
        }
    }
    Ok(())
}

check! {
    /// Answers hold nothing that no schema of the resource declares: attributes stand in the base schema or below the URI of an
    /// extension of the resource type.
    ///
    /// Why: clients that validate drop or refuse what they do not know, and an extension attribute at the top level is not found where
    /// it is looked for. Internal fields that leak out (database keys, hashes) show up here too.
    ///
    /// Fix: publish the attribute, in an extension with a URI of your own where it is not a standard one, or leave it out.
    UNDECLARED = undeclared,
    id: "attributes.undeclared",
    title: "answers hold only attributes that the schemas declare",
    level: Should,
    requirements: ["RFC7643-3-09", "RFC7643-7-01"],
    needs: [Schemas, ResourceTypes],
    breaks: [],
}

async fn undeclared(t: &Trial) -> Verdict {
    for kind in open_kinds(t).await? {
        let answers = full(t, &kind).await?;
        let mut told: Vec<String> = Vec::new();
        for answer in answers.iter().filter(|answer| answer.json.is_some()) {
            for path in strangers(&kind, answer.object()?) {
                if !told.contains(&path) {
                    let what = format!("`{path}` of a {} is declared by no schema", kind.name());
                    // Data below a URI that no extension of the type has, or a single attribute.
                    let extensions = &kind.schema.extensions;
                    let of = |urn: &str| path.to_ascii_lowercase().starts_with(&urn.to_ascii_lowercase());
                    let is_foreign = path.to_ascii_lowercase().starts_with("urn:")
                        && !extensions.iter().any(|extension| of(&extension.schema.id));
                    let rule = if is_foreign { "RFC7643-7-01" } else { "RFC7643-3-09" };
                    let flaw =
                        answer.flaw(what).expected("only declared attributes").got(format!("`{path}`"));
                    t.note(flaw.breaks(&[rule]));
                    told.push(path);
                }
            }
        }
    }
    Ok(())
}

/// Paths that no schema of the type knows. The standard sub-attributes of multi-valued ones (RFC 7643 §2.4) need no declaration.
fn strangers(kind: &Kind, resource: &Map<String, Value>) -> Vec<String> {
    const COMMON: &[&str] = &["schemas", "id", "externalId", "meta"];
    const STANDARD_SUBS: &[&str] = &["type", "primary", "display", "value", "$ref"];
    let is_in = |list: &[&str], name: &str| list.iter().any(|known| known.eq_ignore_ascii_case(name));
    let schema = &kind.schema;
    let mut found = Vec::new();
    let mut look = |prefix: &str, object: &Map<String, Value>, attributes: &[Attribute]| {
        for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
            let path = format!("{prefix}{name}");
            let Some(attribute) = crate::protocol::schema::find(attributes, name) else {
                found.push(path);
                continue;
            };
            let elements = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
            let subs =
                elements.iter().filter_map(Value::as_object).flatten().filter(|(_, value)| !value.is_null());
            for (sub, _) in subs.filter(|_| attribute.is_complex()) {
                let standard = attribute.multi_valued && is_in(STANDARD_SUBS, sub);
                if attribute.sub(sub).is_none() && !standard && !sub.eq_ignore_ascii_case("$ref") {
                    found.push(format!("{path}.{sub}"));
                }
            }
        }
    };
    let (mut own, mut urns) = (resource.clone(), Vec::new());
    own.retain(|name, value| {
        let is_extension = name.contains(':');
        if is_extension {
            urns.push((name.clone(), value.clone()));
        }
        !is_extension && !is_in(COMMON, name)
    });
    look("", &own, &schema.core.attributes);
    for (urn, value) in urns {
        match (schema.extension(&urn), value.as_object()) {
            (Some(extension), Some(object)) => look(&format!("{urn}:"), object, &extension.schema.attributes),
            (Some(_), None) => {}
            (None, _) => look("", &Map::from_iter([(urn, value)]), &[]),
        }
    }
    found
}

check! {
    /// The numbers of a list and of ServiceProviderConfig are JSON integers, without fraction and exponent.
    ///
    /// Why: `10.0` is a float for most parsers, and a client that declares an integer fails on it; paging ends before it began.
    ///
    /// Fix: serialize counters as integers.
    MESSAGE_NUMBERS = message_numbers,
    id: "attributes.message-numbers",
    title: "counts and limits are JSON integers",
    level: Must,
    requirements: ["RFC7643-2.3.4-01"],
    needs: [],
    breaks: [Okta, Entra],
}

async fn message_numbers(t: &Trial) -> Verdict {
    let kind = t.kinds().first().cloned();
    let Some(kind) = kind else { return skip("the target has no resource type") };
    let list = t.get(&format!("{}?count=1", kind.endpoint())).await?;
    if let Some(object) = list.json.as_ref().and_then(Value::as_object) {
        for name in ["totalResults", "startIndex", "itemsPerPage"] {
            let wrong =
                member(object, name).filter(|value| !value.is_null() && !value.is_i64() && !value.is_u64());
            if let Some(value) = wrong {
                let what = format!("`{name}` is no JSON integer");
                t.note(list.flaw(what).expected("digits only").got(shortened(&value.to_string())));
            }
        }
    }
    let config = t.get("/ServiceProviderConfig").await?;
    for (feature, name) in [
        ("bulk", "maxOperations"),
        ("bulk", "maxPayloadSize"),
        ("filter", "maxResults"),
        ("pagination", "defaultPageSize"),
        ("pagination", "maxPageSize"),
        ("pagination", "cursorTimeout"),
    ] {
        let object = config.json.as_ref().and_then(Value::as_object);
        let value = object.and_then(|o| member(o, feature)?.as_object()).and_then(|o| member(o, name));
        if let Some(value) = value.filter(|value| !value.is_null() && !value.is_i64() && !value.is_u64()) {
            let what = format!("`{feature}.{name}` of ServiceProviderConfig is no JSON integer");
            t.note(config.flaw(what).expected("digits only").got(shortened(&value.to_string())));
        }
    }
    Ok(())
}

check! {
    /// A `$ref` is a URI that leads to the resource: absolute or relative to the base URL of the service, over http, in a
    /// normal form.
    ///
    /// Why: clients follow references to learn what a member is. A reference without the version prefix, or one that is relative to
    /// the resource, leads to 404, and the member is skipped.
    ///
    /// Fix: build `$ref` like `meta.location`; the two are the same URI.
    REFERENCES = references,
    id: "attributes.references",
    title: "references lead to the resource that they name",
    level: Must,
    requirements: ["RFC7643-2.3.7-01", "RFC7643-2.3.7-02", "RFC7643-2.3.7-05", "RFC7643-2.3.7-06", "RFC7643-2.3.7-08",
        "RFC7643-2.4-08"],
    needs: [Users, Groups],
    breaks: [],
}

async fn references(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let user = t.create(&users).await?;
    let mut body = t.body(&groups).await?;
    body["members"] = membership(t, &groups, &[&user]);
    let group = t.create_from(&groups, &body).await?;
    for (holder, list, id) in [(&group, "members", &user.id), (&user, "groups", &group.id)] {
        let shown = t.get(&holder.path).await?;
        let Some(elements) = shown.json.as_ref().and_then(|json| json[list].as_array()) else { continue };
        for element in elements {
            let value = element["$ref"].as_str();
            // `$ref` is a convention (RFC 7643 §2.3.7).
            let Some(reference) = value.filter(|value| !value.is_empty()) else { continue };
            judge_reference(t, &shown, &format!("{list}.$ref"), reference, id).await?;
        }
    }
    Ok(())
}

async fn judge_reference(t: &Trial, shown: &Answer, path: &str, reference: &str, id: &str) -> Verdict {
    let wrong = |what: String, requirement: &[&'static str]| {
        t.note(shown.flaw(what).got(format!("`{}`", shortened(reference))).breaks(requirement));
    };
    if reference.chars().any(|c| c.is_whitespace() || c.is_control() || "\"<>".contains(c)) {
        wrong(format!("`{path}` is no URI"), &["RFC7643-2.3.7-01"]);
        return Ok(());
    }
    let base = t.ground().target().base();
    let scheme = reference.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if scheme.as_deref().is_some_and(|scheme| !matches!(scheme, "http" | "https"))
        || reference.starts_with("urn:")
    {
        wrong(format!("`{path}` cannot be reached over HTTP"), &["RFC7643-2.3.7-05"]);
        return Ok(());
    }
    let absolute = scheme.is_some();
    if absolute && (reference.contains("/../") || reference.contains("/./")) {
        wrong(format!("`{path}` is not in its normal form"), &["RFC7643-2.4-08"]);
    }
    // A target behind a proxy may name another host; what matters here is the way below it.
    let base_path =
        base.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or("");
    let local = match reference.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => reference,
    };
    let below = local.strip_prefix(base_path).filter(|_| absolute || local.starts_with('/')).unwrap_or(local);
    let below = below.trim_start_matches("../").trim_start_matches('/');
    let answer = t.get(&format!("/{below}")).await?;
    if answer.status != 200 || answer.text("id") != Some(id) {
        t.note(
            answer
                .flaw(format!("`{path}` does not lead to the resource"))
                .expected(format!("`{}` leads to the resource {id}", shortened(reference)))
                .got(answer.said())
                .breaks(match absolute {
                    true => &["RFC7643-2.3.7-06"],
                    false => &["RFC7643-2.3.7-02", "RFC7643-2.3.7-06"],
                }),
        );
    }
    Ok(())
}

check! {
    /// A reference to something that does not exist is stored or refused with a client error; the server does not fail over it.
    ///
    /// Why: groups arrive before their members. A 500 is tried again and again, and holds up the whole sync.
    ///
    /// Fix: look the id up and answer 400 with what is wrong, or keep the reference; do not let a foreign key of the database
    /// decide.
    DANGLING = dangling,
    id: "attributes.dangling-reference",
    title: "a reference to nothing does not break the server",
    level: May,
    requirements: ["RFC7643-2.3.7-07"],
    needs: [Users, Groups],
    breaks: [Okta, Entra],
}

async fn dangling(t: &Trial) -> Verdict {
    let (users, groups) = (t.users()?, t.groups()?);
    let absent = t.absent(&users).await?;
    let id = absent.rsplit('/').next().unwrap_or_default().to_owned();
    let nobody = Created { kind: users, id, path: absent };
    let mut body = t.body(&groups).await?;
    body["members"] = membership(t, &groups, &[&nobody]);
    let answer = t.post(groups.endpoint(), &body).await?;
    if answer.status >= 500 {
        let what = "a group with a member that does not exist breaks the server";
        return Err(answer.flaw(what).expected("201 or 400").got(answer.said()).into());
    }
    Ok(())
}
