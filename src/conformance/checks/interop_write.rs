//! What identity providers send: new users, the form of the body.

use serde_json::{Value, json};

use super::interop::{
    elements, enterprise_texts, expect, expect_no_crash, expect_unassigned, known, mapped_text, posted, seen,
};
use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::trial::slot::add_schema;
use crate::conformance::trial::{Slot, Trial};
use crate::conformance::verdict::{Verdict, skip};
use crate::protocol::schema::ENTERPRISE_USER;

pub(super) const CHECKS: &[Check] = &[
    SURPLUS_SCHEMA,
    UNDECLARED_EXTENSION,
    READ_ONLY,
    EMPTY_VALUES,
    OLD_SCHEMAS,
    UNKNOWN_ATTRIBUTES,
    BODY,
    KEY_ORDER,
];

check! {
    /// A user whose `schemas` names the enterprise extension is created although the body has nothing of it.
    ///
    /// Why: Microsoft Entra ID and JumpCloud always name both schemas. A server that demands the object, or does not know the
    /// extension and refuses the URI, refuses every user.
    ///
    /// Fix: ignore URIs in `schemas` that nothing in the body belongs to.
    SURPLUS_SCHEMA = surplus_schema,
    id: "interop.surplus-schema",
    title: "the enterprise URN in schemas without its object is no obstacle",
    level: Interop,
    requirements: ["Q-C01"],
    needs: [Users],
    breaks: [Entra, JumpCloud],
}

async fn surplus_schema(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let Some(object) = body.as_object_mut() else { return skip("there is no body to send") };
    if object.contains_key(ENTERPRISE_USER) {
        return skip("the target demands the enterprise extension");
    }
    add_schema(object, ENTERPRISE_USER);
    posted(t, &users, &body).await?;
    Ok(())
}

check! {
    /// An extension object whose URN is missing in `schemas` is taken all the same, and the user then shows the URN.
    ///
    /// RFC 7643 §3 wants the URN named, so that a refusal is right by the letter.
    ///
    /// Why: Microsoft Entra ID does not add the URN of a custom extension that an administrator maps. The refusal costs every user
    /// with such a value.
    ///
    /// Fix: take the URN for named when the body has its object, and list it in `schemas` from then on.
    UNDECLARED_EXTENSION = undeclared_extension,
    id: "interop.undeclared-extension",
    title: "an extension object is taken although schemas does not name it",
    level: Interop,
    requirements: ["Q-C02"],
    needs: [Users, Enterprise],
    breaks: [Entra],
}

async fn undeclared_extension(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = enterprise_texts(t, &users).await?.swap_remove(0);
    let mut body = t.body(&users).await?;
    let value = json!(t.ground().fresh_name());
    slot.set(&mut body, value.clone());
    body["schemas"] = json!([users.schema.core.id]);
    let (answer, _, stored) = posted(t, &users, &body).await?;
    expect(&answer, &stored, &slot, &value)?;
    let is_named = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(ENTERPRISE_USER));
    if elements(&stored, "schemas").iter().any(is_named) {
        return Ok(());
    }
    Err(answer
        .flaw("the user has the extension, and its `schemas` does not name it")
        .expected(ENTERPRISE_USER)
        .got(seen(stored.get("schemas")))
        .into())
}

check! {
    /// `meta` and `groups` in a new user are ignored.
    ///
    /// Why: Microsoft Entra ID sends `"meta": {"resourceType": "User"}` and Okta `"groups": []` with every user. A server that calls
    /// this an attempt to write what is read-only creates nobody.
    ///
    /// Fix: drop readOnly attributes from POST bodies before validation (RFC 7644 §3.3).
    READ_ONLY = read_only,
    id: "interop.read-only-ignored",
    title: "meta and groups in a new user are ignored",
    level: Interop,
    requirements: ["Q-C03"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn read_only(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    body["meta"] = json!({ "resourceType": "User" });
    body["groups"] = json!([]);
    posted(t, &users, &body).await?;
    Ok(())
}

check! {
    /// Empty arrays in a new user mean that there is no value.
    ///
    /// Why: Microsoft Entra ID sends `"roles": []` and JumpCloud `"addresses": []`. RFC 7643 §2.5 makes that the same as leaving the
    /// attribute out; a check that wants one element at least refuses every user.
    ///
    /// Fix: remove empty arrays and null from a body before it is validated.
    EMPTY_VALUES = empty_values,
    id: "interop.empty-lists",
    title: "empty arrays in a new user mean that there is no value",
    level: Interop,
    requirements: ["Q-C04", "RFC7643-2.5-01"],
    needs: [Users],
    breaks: [Entra, JumpCloud],
}

async fn empty_values(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let names = ["roles", "addresses", "phoneNumbers"];
    let empty: Vec<Slot> = names
        .iter()
        .filter_map(|name| known(&users, name))
        .filter(|slot| !slot.attribute.required && slot.get(&body).is_none())
        .collect();
    if empty.is_empty() {
        return skip("User has none of `roles`, `addresses` and `phoneNumbers`");
    }
    for slot in &empty {
        slot.set(&mut body, json!([]));
    }
    let (answer, _, stored) = posted(t, &users, &body).await?;
    empty.iter().try_for_each(|slot| expect_unassigned(&answer, &stored, slot))
}

check! {
    /// URNs of SCIM 1.1 in `schemas` are passed over or refused with 400; they do not make the server fail.
    ///
    /// Why: templates of OneLogin still carry `urn:scim:schemas:core:2.0` and `urn:scim:schemas:extension:enterprise:2.0`. What a server does
    /// with them should be its decision.
    ///
    /// Fix: take the base schema of the endpoint for meant, or answer 400 invalidValue and name the URI.
    OLD_SCHEMAS = old_schemas,
    id: "interop.scim1-schemas",
    title: "URNs of SCIM 1.1 in schemas are passed over or refused",
    level: Interop,
    requirements: ["Q-C09"],
    needs: [Users],
    breaks: [OneLogin],
}

async fn old_schemas(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    body["schemas"] = json!(["urn:scim:schemas:core:2.0", "urn:scim:schemas:extension:enterprise:2.0"]);
    let answer = t.post(users.endpoint(), &body).await?;
    expect_no_crash(&answer)?;
    if answer.is_success() {
        t.read(&t.created_by(&users, &answer)?).await?;
    }
    Ok(())
}

check! {
    /// An attribute that no schema defines is passed over; the rest of the user is stored.
    ///
    /// Conflict: the interoperability profile (draft-zollner-scim-interop-profile) demands 400 invalidSyntax instead, which the templates of
    /// OneLogin and the mappings of Microsoft Entra ID run into today. RFC 7644 §3.3 lets a server ignore it.
    ///
    /// Why: one surplus attribute in a template or mapping costs every user.
    ///
    /// Fix: drop what is not in the schemas of the resource type.
    UNKNOWN_ATTRIBUTES = unknown_attributes,
    id: "interop.unknown-attributes",
    title: "unknown attributes in a new user are passed over",
    level: Interop,
    requirements: ["Q-C10", "Q-E03"],
    needs: [Users],
    breaks: [Entra, OneLogin],
}

async fn unknown_attributes(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let mut body = t.body(&users).await?;
    let value = json!(t.ground().fresh_name());
    slot.set(&mut body, value.clone());
    body["customField"] = json!("X");
    body["customObject"] = json!({ "code": "X" });
    let (answer, _, stored) = posted(t, &users, &body).await?;
    expect(&answer, &stored, &slot, &value)
}

check! {
    /// The answer to a new user has the user as body, with its id.
    ///
    /// Why: Okta takes the id from the body of the 201. Where there is none it reports «create new user returned empty user», and the
    /// account exists without anybody who can change it.
    ///
    /// Fix: answer POST with the stored resource and a Location.
    BODY = body,
    id: "interop.created-body",
    title: "the answer to POST has the user as body",
    level: Interop,
    requirements: ["Q-C18", "Q-E07"],
    needs: [Users],
    breaks: [Okta],
}

async fn body(t: &Trial) -> Verdict {
    let users = t.users()?;
    let answer = t.post(users.endpoint(), &t.body(&users).await?).await?;
    breaking(answer.expect_success(), &["Q-C18"])?;
    match answer.object()?.get("id").and_then(Value::as_str) {
        Some(id) if !id.is_empty() => Ok(()),
        _ => Err(answer
            .flaw("the body of the answer to POST has no `id`")
            .expected("the stored user with its id")
            .got(seen(answer.json.as_ref()))
            .into()),
    }
}

check! {
    /// The order of members does not matter: the extension first, `schemas` last.
    ///
    /// Why: JumpCloud and Okta order members differently from any example. A reader that wants `schemas` before everything else finds
    /// no type and refuses the user.
    ///
    /// Fix: read the whole JSON object before looking at its members.
    KEY_ORDER = key_order,
    id: "interop.member-order",
    title: "the order of members in a body does not matter",
    level: Interop,
    requirements: ["Q-C21"],
    needs: [Users],
    breaks: [Okta, JumpCloud],
}

async fn key_order(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = mapped_text(t, &users).await?;
    let mut body = t.body(&users).await?;
    let value = json!(t.ground().fresh_name());
    slot.set(&mut body, value.clone());
    let extension = enterprise_texts(t, &users).await.ok().map(|mut slots| slots.swap_remove(0));
    if let Some(extension) = &extension {
        extension.set(&mut body, value.clone());
    }
    let Some(members) = body.as_object() else { return skip("there is no body to send") };
    let mut sorted: Vec<(String, Value)> = members.clone().into_iter().collect();
    let rank = |name: &str| if name.starts_with("urn:") { 0 } else { 1 + usize::from(name == "schemas") };
    sorted.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    let body = Value::Object(sorted.into_iter().collect());
    let (answer, _, stored) = posted(t, &users, &body).await?;
    for slot in extension.iter().chain([&slot]) {
        t.soft(expect(&answer, &stored, slot, &value))?;
    }
    Ok(())
}
