//! What a target makes of the `schemas` of a request, and of extensions (RFC 7643 §3, §6, §7).

use serde_json::{Map, Value, json};

use super::discovery_documents::shown;
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::{is_plain, slots};
use crate::conformance::trial::{Answer, Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::{declares, member};
use crate::protocol::schema::Type;

pub(super) const CHECKS: &[Check] =
    &[ORDER, UNKNOWN, MISSING, BASE, CONTAINER, REQUIRED, OPTIONAL, CANONICAL];

/// A place for text in an extension of a type that the target keeps.
async fn extension_text(t: &Trial, kind: &Kind) -> Result<Option<Slot>, Stop> {
    let texts = t.survey(kind).await?.texts(&kind.schema);
    Ok(texts.into_iter().find(|slot| slot.extension.is_some() && slot.sub.is_none()))
}

/// The first type with such a place.
async fn extended(t: &Trial) -> Result<(&Kind, Slot), Stop> {
    for kind in t.kinds() {
        if let Some(slot) = extension_text(t, kind).await? {
            return Ok((kind, slot));
        }
    }
    skip("no resource type has an extension with a text attribute that is kept")
}

check! {
    /// The order of the URIs in `schemas` means nothing: a resource whose extension comes first is taken like any other.
    ///
    /// Why: clients collect the URIs in sets and write them in any order. A target that takes the first for the base schema
    /// refuses every other person, or stores them without the extension.
    ///
    /// Fix: look for the URIs in the array; never rely on `schemas[0]`.
    ORDER = order_means_nothing,
    id: "schemas.order",
    title: "the order of schemas makes no difference",
    level: Must,
    requirements: ["RFC7643-3-07"],
    needs: [],
    breaks: [Entra],
}

async fn order_means_nothing(t: &Trial) -> Verdict {
    let (kind, slot) = extended(t).await?;
    let value = slot.sample(&t.ground().fresh_name());
    let mut body = t.body(kind).await?;
    slot.set(&mut body, value.clone());
    if let Some(schemas) = body["schemas"].as_array_mut() {
        schemas.reverse();
    }
    let answer = t.post(kind.endpoint(), &body).await?;
    if !answer.is_success() {
        let flaw = answer.flaw("a resource whose extension is listed before the base schema is refused");
        return Err(flaw.expected("201").got(answer.said()).into());
    }
    let created = t.created_by(kind, &answer)?;
    let read = t.get(&created.path).await?;
    let stored = slot.get(read.resource()?);
    if stored != Some(&value) {
        let flaw = read.flaw("the extension is lost when it is listed before the base schema");
        return Err(flaw.expected(format!("{} {value}", slot.path())).got(shown(stored)).into());
    }
    Ok(())
}

check! {
    /// A schema URI that the resource type does not know is refused or left out; it is never taken over into the resource.
    ///
    /// Why: a target that stores what it does not know promises attributes that it does not keep, and sends the URI back to every
    /// other client.
    ///
    /// Fix: answer 400, or drop the URI; both are seen with identity providers that send URNs of their own.
    UNKNOWN = unknown_uris_are_not_adopted,
    id: "schemas.unknown-uri",
    title: "an unknown schema URI is not adopted",
    level: Must,
    requirements: ["RFC7643-3-04", "RFC7643-3-05", "RFC7644-3.12-17"],
    needs: [Users],
    breaks: [],
}

async fn unknown_uris_are_not_adopted(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let bogus = format!("urn:example:{}:2.0:User", t.ground().fresh_name());
    let mut body = t.body(&kind).await?;
    if let Some(schemas) = body["schemas"].as_array_mut() {
        schemas.push(bogus.as_str().into());
    }
    let answer = t.post(kind.endpoint(), &body).await?;
    if !answer.is_success() {
        return expect_refusal(&answer, "a body with an unknown schema URI");
    }
    let created = t.created_by(&kind, &answer)?;
    let read = t.get(&created.path).await?;
    let given = member(read.object()?, "schemas");
    let adopted = given.and_then(Value::as_array).is_some_and(|uris| uris.contains(&json!(bogus)));
    if adopted {
        let flaw = read.flaw("a schema URI that no resource type knows was taken over");
        return Err(flaw.expected("400, or `schemas` without it").got(shown(given)).into());
    }
    Ok(())
}

/// Fails where something that has to be refused is answered with a server error.
fn expect_refusal(answer: &Answer, what: &str) -> Verdict {
    match answer.status {
        400..=499 => Ok(()),
        _ => Err(answer
            .flaw(format!("{what} is answered {}", answer.said()))
            .expected("400")
            .got(answer.said())
            .breaks(&["RFC7644-3.12-17"])
            .violation()
            .into()),
    }
}

check! {
    /// A resource that is sent without `schemas` is refused with 400, or is taken for what its endpoint says and gets the `schemas`
    /// that it should have had.
    ///
    /// Why: some clients leave it out. A target that crashes on it, or stores the resource without a type, hurts everybody who reads it
    /// later.
    ///
    /// Fix: answer 400 with `"scimType": "invalidSyntax"`, or fill in the base schema of the resource type.
    MISSING = schemas_are_never_missing,
    id: "schemas.missing",
    title: "a resource sent without schemas is refused, or gets its own",
    level: Must,
    requirements: ["RFC7643-3-01", "RFC7643-3.3-01", "RFC7644-3.12-17"],
    needs: [Users],
    breaks: [],
}

async fn schemas_are_never_missing(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let mut body = t.body(&kind).await?;
    if let Some(object) = body.as_object_mut() {
        object.shift_remove("schemas");
    }
    expect_refusal_or_base(t, &kind, &body, "a resource without `schemas`").await
}

/// Judges that a body without its base schema is refused, or is stored with it.
async fn expect_refusal_or_base(t: &Trial, kind: &Kind, body: &Value, what: &str) -> Verdict {
    let answer = t.post(kind.endpoint(), body).await?;
    if !answer.is_success() {
        return match answer.status {
            400..=499 => Ok(()),
            _ => {
                let flaw = answer.flaw(format!("{what} is answered {}", answer.said())).expected("400");
                Err(flaw.got(answer.said()).breaks(&["RFC7644-3.12-17"]).into())
            }
        };
    }
    let created = t.created_by(kind, &answer)?;
    let read = t.get(&created.path).await?;
    let object = read.object()?;
    if !declares(object, &kind.schema.core.id) {
        let flaw = read.flaw(format!("{what} is stored without its base schema"));
        let flaw = flaw.expected(format!("400, or schemas with {}", kind.schema.core.id));
        let given = member(object, "schemas");
        let is_empty = given.and_then(Value::as_array).is_none_or(Vec::is_empty);
        let rules: &[&'static str] =
            if is_empty { &["RFC7643-3-01", "RFC7643-3.3-01"] } else { &["RFC7643-3.3-01"] };
        return Err(flaw.got(format!("schemas {}", shown(given))).breaks(rules).into());
    }
    Ok(())
}

check! {
    /// A resource whose `schemas` names only an extension is refused, or is stored with the base schema.
    ///
    /// Why: an extension alone is no user. When the target stores the list as it came, the resource has lost its type.
    ///
    /// Fix: answer 400 when the base schema of the resource type is not listed, or add it.
    BASE = base_schema_is_never_missing,
    id: "schemas.base-missing",
    title: "a resource sent without its base schema is refused, or gets it",
    level: Must,
    requirements: ["RFC7643-3.3-01", "RFC7644-3.12-17"],
    needs: [Users],
    breaks: [],
}

async fn base_schema_is_never_missing(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let Some(extension) = kind.schema.extensions.first() else {
        return skip("users have no extension");
    };
    let mut body = t.body(&kind).await?;
    body["schemas"] = json!([extension.schema.id]);
    expect_refusal_or_base(t, &kind, &body, "a resource without its base schema").await
}

check! {
    /// Attributes of an extension live in an object under its URN. At the top level they are not taken for the extension's,
    /// and they are not returned there.
    ///
    /// Why: `department` at the top and `department` in the extension would be two ways to write one value, and clients that look
    /// under the URN see nothing.
    ///
    /// Fix: read and write extension attributes below their URN only; ignore or refuse unknown attributes at the top.
    CONTAINER = extensions_have_containers,
    id: "schemas.extension-container",
    title: "extension attributes live below the URN of their extension",
    level: Must,
    requirements: ["RFC7643-3-09", "RFC7643-3.3-06", "RFC7644-3.12-17"],
    needs: [],
    breaks: [Okta, Entra],
}

async fn extensions_have_containers(t: &Trial) -> Verdict {
    // Not only places that are kept: a target that moves the values keeps none.
    let is_text = |slot: &Slot| {
        slot.extension.is_some()
            && slot.attribute.kind == Type::String
            && !slot.attribute.multi_valued
            && is_plain(&slot.attribute)
    };
    let found = t.kinds().iter().find_map(|kind| Some((kind, slots(&kind.schema).find(is_text)?)));
    let Some((kind, slot)) = found else {
        return skip("no resource type has an extension with a text attribute");
    };
    let Some(urn) = slot.extension.clone() else { return skip("there is no extension") };
    let name = slot.attribute.name.clone();
    let value = slot.sample(&t.ground().fresh_name());
    let mut body = t.body(kind).await?;
    slot.set(&mut body, value.clone());
    let created = t.create_from(kind, &body).await?;
    let read = t.get(&created.path).await?;
    let object = read.object()?;
    let is_core = kind.schema.core.attributes.iter().any(|core| core.name.eq_ignore_ascii_case(&name));
    if (!is_core && member(object, &name).is_some()) || is_moved(object, &value, &urn) {
        let flaw = read.flaw(format!("`{name}` of an extension is not where it belongs"));
        let flaw = flaw.expected(format!("\"{urn}\": {{ \"{name}\": {value} }}"));
        let got = format!(
            "below the URN {}, at the top {}",
            shown(slot.get(read.resource()?)),
            shown(member(object, &name))
        );
        t.note(flaw.got(got));
    }
    if is_core || !t.is_clean() {
        return Ok(());
    }
    let value = slot.sample(&t.ground().fresh_name());
    let mut body = t.body(kind).await?;
    slot.remove(&mut body);
    body[name.as_str()] = value.clone();
    if let Some(schemas) = body["schemas"].as_array_mut() {
        schemas.retain(|uri| *uri != json!(kind.schema.core.id));
        schemas.insert(0, kind.schema.core.id.as_str().into());
        if !schemas.contains(&json!(urn)) {
            schemas.push(urn.as_str().into());
        }
    }
    let answer = t.post(kind.endpoint(), &body).await?;
    if !answer.is_success() {
        return expect_refusal(&answer, "an extension attribute at the top level");
    }
    let created = t.created_by(kind, &answer)?;
    let read = t.get(&created.path).await?;
    if slot.get(read.resource()?) == Some(&value) {
        let flaw = read.flaw(format!("`{name}` at the top level is taken for the extension's"));
        return Err(flaw
            .expected("400, or the attribute ignored")
            .got(format!("{} {value}", slot.path()))
            .into());
    }
    Ok(())
}

/// Whether a value of an extension stands elsewhere: under another URN than its own.
fn is_moved(object: &Map<String, Value>, value: &Value, urn: &str) -> bool {
    let holds =
        |container: &Value| container.as_object().is_some_and(|c| c.values().any(|other| other == value));
    object
        .iter()
        .any(|(key, container)| key.starts_with("urn:") && !key.eq_ignore_ascii_case(urn) && holds(container))
}

check! {
    /// An extension that a resource type marks as required must be there: a resource without it is refused, and every resource has
    /// it.
    ///
    /// Why: a client relies on `required` to decide what it has to map. When it is only said and not done, people appear
    /// without data that the application needs.
    ///
    /// Fix: refuse resources without the extension with 400, or set `required` to false.
    REQUIRED = required_extensions_are_required,
    id: "schemas.required-extension",
    title: "a required extension cannot be left out",
    level: Must,
    requirements: ["RFC7643-6-14", "RFC7644-3.12-17"],
    needs: [ResourceTypes],
    breaks: [],
}

async fn required_extensions_are_required(t: &Trial) -> Verdict {
    let mut seen = 0;
    for kind in t.kinds() {
        for extension in kind.schema.extensions.iter().filter(|extension| extension.required) {
            seen += 1;
            let urn = &extension.schema.id;
            let mut body = t.body(kind).await?;
            if let Some(object) = body.as_object_mut() {
                object.shift_remove(urn);
            }
            if let Some(schemas) = body["schemas"].as_array_mut() {
                schemas.retain(|uri| uri != urn);
            }
            let answer = t.post(kind.endpoint(), &body).await?;
            if answer.is_success() {
                let flaw = answer.flaw(format!("a {} without a required extension is accepted", kind.name()));
                t.note(flaw.expected("400").got(format!("{} without {urn}", answer.said())));
            } else {
                t.soft(expect_refusal(&answer, "a resource without a required extension"))?;
            }
        }
    }
    if seen == 0 { skip("no resource type has a required extension") } else { Ok(()) }
}

check! {
    /// A resource need not have an extension that is not required.
    ///
    /// Why: identity providers send an extension only where somebody mapped it. A target that insists on it refuses everybody
    /// else.
    ///
    /// Fix: accept resources without the extension, or set `required` to true in /ResourceTypes.
    OPTIONAL = optional_extensions_are_optional,
    id: "schemas.optional-extension",
    title: "an extension that is not required can be left out",
    level: May,
    requirements: ["RFC7643-6-15"],
    needs: [ResourceTypes],
    breaks: [Okta, Entra, OneLogin, JumpCloud, Ping],
}

async fn optional_extensions_are_optional(t: &Trial) -> Verdict {
    let mut seen = 0;
    for kind in t.kinds() {
        let optional: Vec<&str> =
            kind.schema.extensions.iter().filter(|e| !e.required).map(|e| e.schema.id.as_str()).collect();
        if optional.is_empty() {
            continue;
        }
        seen += 1;
        let mut body = t.body(kind).await?;
        if let Some(object) = body.as_object_mut() {
            object.retain(|key, _| !optional.contains(&key.as_str()));
        }
        if let Some(schemas) = body["schemas"].as_array_mut() {
            schemas.retain(|uri| !uri.as_str().is_some_and(|uri| optional.contains(&uri)));
        }
        let answer = t.post(kind.endpoint(), &body).await?;
        if !answer.is_success() {
            let flaw = answer.flaw(format!("a {} without an optional extension is refused", kind.name()));
            t.note(flaw.expected("201").got(answer.said()));
        }
    }
    if seen == 0 { skip("no resource type has an optional extension") } else { Ok(()) }
}

check! {
    /// Canonical values are suggestions: another value is kept, ignored or refused with 400, and nothing breaks.
    ///
    /// Why: administrators invent types of e-mail addresses. A target that crashes on one takes the whole person with it.
    ///
    /// Fix: keep the value, drop it, or answer 400 `invalidValue`.
    CANONICAL = other_values_do_no_harm,
    id: "schemas.other-values",
    title: "a value beside the canonical ones is kept, ignored or refused",
    level: May,
    requirements: ["RFC7643-7-16"],
    needs: [Users],
    breaks: [],
}

async fn other_values_do_no_harm(t: &Trial) -> Verdict {
    let kind = t.users()?;
    let list = t.list(&kind).await?;
    let Some(sub) = list.kind.as_ref().map(|kind| kind.leaf().name.clone()) else {
        return skip("the list has no types");
    };
    let mut element = list.element(&t.ground().fresh_name(), 0);
    element[sub.as_str()] = json!("unheard-of");
    let mut body = t.body(&kind).await?;
    list.slot.set(&mut body, json!([element]));
    let answer = t.post(kind.endpoint(), &body).await?;
    if answer.is_success() || answer.status == 400 {
        return Ok(());
    }
    let flaw = answer.flaw(format!(
        "another {}.{sub} than the canonical ones is answered {}",
        list.slot.path(),
        answer.said()
    ));
    Err(flaw.expected("201 or 400").got(answer.said()).into())
}
