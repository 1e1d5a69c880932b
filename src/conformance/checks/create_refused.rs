//! Creating resources (RFC 7644 §3.3): bodies that have to be refused, and that nothing is left of them.

use serde_json::{Value, json};

use super::compare::{creatable, expect_refusal, look, named};
use super::query::breaking;
use crate::conformance::check::{Check, Need, check};
use crate::conformance::discovery::{Kind, Role};
use crate::conformance::trial::slot::{is_writable, slots};
use crate::conformance::trial::{Answer, Slot, Trial};
use crate::conformance::verdict::{Verdict, skip};
use crate::exchange::Request;
use crate::protocol::schema::Attribute;
use crate::protocol::value;

pub(super) const CHECKS: &[Check] =
    &[REQUIRED, REQUIRED_EXTENSION, MALFORMED, WRONG_TYPES, WITHOUT_SCHEMAS, WRONG_SCHEMAS, LEAVES_NOTHING];

/// The attributes besides userName that a type demands.
fn demanded(kind: &Kind) -> Vec<Slot> {
    let is_in_force = |slot: &Slot| match &slot.extension {
        None => true,
        Some(urn) => kind.schema.extension(urn).is_some_and(|extension| extension.required),
    };
    slots(&kind.schema)
        .filter(|slot| slot.attribute.required && is_writable(&slot.attribute) && is_in_force(slot))
        .filter(|slot| !(kind.role == Role::User && slot.attribute.name == "userName"))
        .collect()
}

check! {
    /// What a schema marks as required is demanded: a POST without it is refused with 400.
    ///
    /// Why: a client that forgets a mapping has to hear of it. A resource that lacks what every consumer counts on breaks
    /// them later, where nobody sees the reason.
    ///
    /// Fix: answer 400 with `"scimType": "invalidValue"` and the name of the attribute, or publish it as optional.
    REQUIRED = required,
    id: "create.required",
    title: "a POST without a required attribute is refused",
    level: Should,
    requirements: ["RFC7643-7-15", "RFC7644-3.3-12"],
    needs: [Schemas],
    breaks: [],
}

async fn required(t: &Trial) -> Verdict {
    let mut is_judged = false;
    for kind in creatable(t).await?.into_iter().filter(|kind| kind.is_published) {
        for slot in demanded(&kind) {
            let mut body = t.body(&kind).await?;
            slot.remove(&mut body);
            let answer = t.post(kind.endpoint(), &body).await?;
            is_judged = true;
            if answer.is_success() {
                // A default counts as a value.
                let read = look(t, &t.created_by(&kind, &answer)?).await?;
                if slot.get(read.resource()?).is_some() {
                    continue;
                }
            }
            t.soft(expect_refusal(&answer, &[400], &format!("no {} of a {}", slot.path(), kind.name())))?;
        }
    }
    if is_judged { Ok(()) } else { skip("no schema requires anything besides userName") }
}

check! {
    /// An extension that a resource type marks as required is demanded with its required attributes.
    ///
    /// Why: the resource type says that every resource has the extension. Clients that rely on it stumble over each one that
    /// was created without.
    ///
    /// Fix: answer 400 when the extension is missing, or set `required` of the extension to false.
    REQUIRED_EXTENSION = required_extension,
    id: "create.required-extension",
    title: "a POST without a required extension is refused",
    level: Must,
    requirements: ["RFC7643-6-14"],
    needs: [ResourceTypes],
    breaks: [],
}

async fn required_extension(t: &Trial) -> Verdict {
    let mut is_judged = false;
    for kind in creatable(t).await? {
        for extension in kind.schema.extensions.iter().filter(|extension| extension.required) {
            let urn = &extension.schema.id;
            let mut body = t.body(&kind).await?;
            if let Some(object) = body.as_object_mut() {
                object.shift_remove(urn);
                if let Some(list) = object.get_mut("schemas").and_then(Value::as_array_mut) {
                    list.retain(|known| known.as_str() != Some(urn.as_str()));
                }
            }
            let answer = t.post(kind.endpoint(), &body).await?;
            is_judged = true;
            if answer.is_success() {
                let read = look(t, &t.created_by(&kind, &answer)?).await?;
                if read.resource()?.get(urn).is_some_and(|data| !data.is_null()) {
                    continue;
                }
            }
            t.soft(expect_refusal(&answer, &[400], &format!("no {urn}")))?;
        }
    }
    if is_judged { Ok(()) } else { skip("no resource type requires an extension") }
}

check! {
    /// A body that is no JSON, or no JSON object, is refused with 400.
    ///
    /// Why: what is cut off on its way must not become half a resource, and an internal error makes clients repeat what can
    /// never succeed.
    ///
    /// Fix: catch the error of the parser and answer 400 with `"scimType": "invalidSyntax"`.
    MALFORMED = malformed,
    id: "create.malformed",
    title: "a POST body that is no JSON object is refused with 400",
    level: Should,
    requirements: ["RFC7644-3.3-11", "RFC7644-3.12-10"],
    needs: [Users],
    breaks: [],
}

async fn malformed(t: &Trial) -> Verdict {
    let users = t.users()?;
    let whole = t.body(&users).await?.to_string();
    let cut = whole[..whole.len() - 1].to_owned();
    let bodies = [
        ("a body that is cut off", cut),
        ("a body that is no JSON", "{bad".to_owned()),
        ("an array as its body", "[]".to_owned()),
        ("text as its body", "\"x\"".to_owned()),
        ("an empty body", String::new()),
    ];
    for (mistake, body) in bodies {
        let answer = t.send(json_request("POST", users.endpoint(), &body)).await?;
        // Without a body the lack of a length or of a media type may come first.
        let accepted: &[u16] = if body.is_empty() { &[400, 411, 415] } else { &[400] };
        t.soft(expect_refusal(&answer, accepted, mistake))?;
    }
    Ok(())
}

/// A request with this text as its body, labelled as SCIM.
pub(super) fn json_request(method: &str, target: &str, body: &str) -> Request {
    let mut request = Request::new(method, target);
    request.headers.set("content-type", "application/scim+json");
    request.body = body.to_owned().into();
    request
}

check! {
    /// A value of the wrong shape is refused with 400: text where a list or an object belongs, an object where text belongs.
    ///
    /// Why: mappings are typed by hand. A value that is stored in the wrong shape breaks every client that reads it; one that
    /// is dropped without a word is missed when it is too late.
    ///
    /// Fix: check each value against the type in the schema and answer 400 with `"scimType": "invalidValue"`.
    WRONG_TYPES = wrong_types,
    id: "create.wrong-types",
    title: "a value of the wrong shape is refused with 400",
    level: Should,
    requirements: ["RFC7644-3.3-12", "RFC7644-3.12-10"],
    needs: [Users],
    breaks: [],
}

async fn wrong_types(t: &Trial) -> Verdict {
    let users = t.users()?;
    let survey = t.survey(&users).await?;
    let mut wrong: Vec<(Slot, Value)> = Vec::new();
    wrong.extend(survey.lists(&users.schema).into_iter().take(1).map(|list| (list.slot, json!("x"))));
    wrong.extend(survey.complexes(&users.schema).into_iter().take(1).map(|(slot, _)| (slot, json!("x"))));
    let texts = survey.texts(&users.schema).into_iter().filter(|slot| slot.sub.is_none());
    let text = texts.take(1).next();
    wrong.extend(text.clone().map(|slot| (slot, json!({ "a": 1 }))));
    wrong.extend(text.map(|slot| (slot, json!(42))));
    if wrong.is_empty() {
        return skip("users keep no attribute whose shape could be wrong");
    }
    for (slot, value) in wrong {
        let mut body = t.body(&users).await?;
        slot.set(&mut body, value.clone());
        let answer = t.post(users.endpoint(), &body).await?;
        if answer.is_success() {
            let read = look(t, &t.created_by(&users, &answer)?).await?;
            t.soft(judge_accepted(&read, &answer, &slot, &value))?;
            continue;
        }
        t.soft(expect_refusal(&answer, &[400], &format!("{value} for {}", slot.path())))?;
    }
    Ok(())
}

/// Judges the fate of a value of the wrong shape that was accepted: one that was made to fit is fine, as some identity
/// providers need that.
pub(super) fn judge_accepted(read: &Answer, answer: &Answer, slot: &Slot, sent: &Value) -> Verdict {
    let stored = slot.get(read.resource()?);
    let flaw = match stored {
        // A number that becomes text is what the client never sent.
        Some(Value::String(_)) if sent.is_number() => {
            answer.flaw(format!("{sent} for {} is accepted and stored as text", slot.path())).concern()
        }
        Some(stored) if fits(&slot.attribute, slot.leaf(), stored) => return Ok(()),
        Some(stored) => {
            answer.flaw(format!("{} is stored as {stored}, which is not its type", slot.path())).violation()
        }
        None => answer.flaw(format!("{sent} for {} is accepted and dropped", slot.path())).concern(),
    };
    Err(flaw.expected("400").got(answer.said()).into())
}

/// Whether a value has the shape that the schema gives it.
fn fits(attribute: &Attribute, leaf: &Attribute, value: &Value) -> bool {
    let is_list = attribute.multi_valued && std::ptr::eq(attribute, leaf);
    match value {
        Value::Array(items) if is_list || leaf.multi_valued => {
            items.iter().all(|item| value::check(leaf, item).is_ok())
        }
        one => !is_list && !leaf.multi_valued && value::check(leaf, one).is_ok(),
    }
}

check! {
    /// A body without `schemas` is no SCIM representation: it is refused with 400, or taken for one of the base schema, and then
    /// the resource has `schemas`.
    ///
    /// Why: some clients leave it out. What matters is that its absence is no internal error, which is repeated for days, and
    /// that no resource is left without what says how it is to be read.
    ///
    /// Fix: answer 400 with `"scimType": "invalidSyntax"`, or go on as if the base schema were named.
    WITHOUT_SCHEMAS = without_schemas,
    id: "create.without-schemas",
    title: "a POST body without schemas is refused, or the base schema is filled in",
    level: Should,
    requirements: ["RFC7643-3-06", "RFC7643-3-01"],
    needs: [Users],
    breaks: [],
}

async fn without_schemas(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    if let Some(object) = body.as_object_mut() {
        object.shift_remove("schemas");
    }
    let answer = t.post(users.endpoint(), &body).await?;
    refused_or_stamped(t, &users, &answer, "no `schemas`", "RFC7643-3-06").await
}

/// Either the body was refused, or the resource has the schemas that belong to it.
async fn refused_or_stamped(
    t: &Trial,
    users: &Kind,
    answer: &Answer,
    mistake: &str,
    rule: &'static str,
) -> Verdict {
    if !answer.is_success() {
        return breaking(expect_refusal(answer, &[400], mistake), &[rule]);
    }
    let read = look(t, &t.created_by(users, answer)?).await?;
    for flaw in super::create_meta::schemas_flaws(&read, users)? {
        t.note(flaw.violation());
    }
    Ok(())
}

check! {
    /// A body whose `schemas` lacks the base schema, or names one that does not belong to the type, is refused with 400, or
    /// the resource gets the schemas that belong to it.
    ///
    /// Why: a URI that a client made up must not end up in the resource, where every other client reads it. Some clients
    /// send the URIs of SCIM 1.1, so that taking them for what they mean is allowed.
    ///
    /// Fix: compare `schemas` with the resource type and answer 400 where it does not fit, or fill it in from the type.
    WRONG_SCHEMAS = wrong_schemas,
    id: "create.wrong-schemas",
    title: "a POST body with foreign schemas is refused, or they are left out",
    level: Should,
    requirements: ["RFC7643-3-05", "RFC7643-3-04", "RFC7643-3.3-01"],
    needs: [Users],
    breaks: [],
}

async fn wrong_schemas(t: &Trial) -> Verdict {
    const BOGUS: &str = "urn:example:params:scim:schemas:bogus:2.0:Thing";
    let users = t.users()?;
    let alone = (json!([BOGUS]), "a foreign URI as its only schema");
    let beside = (json!([users.schema.core.id, BOGUS]), "a foreign URI among its schemas");
    for (schemas, mistake) in [alone, beside] {
        let mut body = t.body(&users).await?;
        body["schemas"] = schemas;
        let answer = t.post(users.endpoint(), &body).await?;
        t.soft(refused_or_stamped(t, &users, &answer, mistake, "RFC7643-3-05").await)?;
    }
    Ok(())
}

check! {
    /// A POST that is refused leaves nothing behind: the resource is not there, and its userName is still free.
    ///
    /// Why: when half a user stays behind, the corrected request is a conflict with it, and nobody knows the id by which
    /// it could be deleted.
    ///
    /// Fix: validate the whole body before anything is stored, or create in one transaction.
    LEAVES_NOTHING = leaves_nothing,
    id: "create.refused-leaves-nothing",
    title: "a refused POST leaves no resource behind",
    level: Must,
    requirements: ["RFC7644-3.3-13"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn leaves_nothing(t: &Trial) -> Verdict {
    let users = t.users()?;
    let survey = t.survey(&users).await?;
    let mut wrong: Vec<(Slot, Value)> = Vec::new();
    wrong.extend(super::compare::core(&users, "active").map(|slot| (slot, json!({ "a": 1 }))));
    wrong.extend(survey.complexes(&users.schema).into_iter().take(1).map(|(slot, _)| (slot, json!("x"))));
    wrong.extend(survey.texts(&users.schema).into_iter().take(1).map(|slot| (slot, json!({ "a": 1 }))));
    wrong.extend(survey.lists(&users.schema).into_iter().take(1).map(|list| (list.slot, json!("x"))));
    for (slot, value) in wrong {
        let good = t.body(&users).await?;
        let mut body = good.clone();
        slot.set(&mut body, value.clone());
        let refused = t.post(users.endpoint(), &body).await?;
        if refused.is_success() {
            continue;
        }
        if t.lacks(Need::Filter).await?.is_none()
            && let Some(name) = good["userName"].as_str()
        {
            let (answer, found) = named(t, &users, name).await?;
            if !found.is_empty() {
                t.note(
                    answer
                        .flaw(format!("a POST that was refused with {} created a user", refused.status))
                        .expected("no user of that name")
                        .got(format!("{} of them", found.len())),
                );
            }
        }
        let again = t.post(users.endpoint(), &good).await?;
        if again.status == 409 {
            t.note(
                again
                    .flaw("the corrected POST is a conflict with the one that was refused")
                    .expected("201")
                    .got(again.said()),
            );
        }
        return Ok(());
    }
    skip("the target refuses none of the wrong bodies that were tried (check `create.wrong-types`)")
}
