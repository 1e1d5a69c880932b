//! The enterprise extension of users (RFC 7643 §4.3).

use serde_json::{Value, json};

use super::compare::{Place, get, look};
use super::team::reference;
use crate::conformance::check::{Check, check};
use crate::conformance::trial::slot::{Slot, slots};
use crate::conformance::trial::{Answer, Created, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::message::BULK_REQUEST;
use crate::protocol::schema::ENTERPRISE_USER;

pub(super) const CHECKS: &[Check] = &[ENTERPRISE, MANAGER, MANAGER_IN_BULK];

check! {
    /// The attributes of the enterprise extension are text in the object under its URI, and are stored.
    ///
    /// Why: Entra ID and Okta send employee number, cost centre, department and the like there. A target that publishes them and
    /// drops them, or returns a number for `0701984`, gets the same change in every cycle.
    ///
    /// Fix: store the five attributes as strings under
    /// `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`, and list the URI in `schemas`.
    ENTERPRISE = enterprise,
    id: "user.enterprise",
    title: "attributes of the enterprise extension are stored as text under its URI",
    level: Must,
    requirements: ["RFC7643-4.3-01", "RFC7643-4.3-02", "RFC7643-3-09", "RFC7643-3.3-06", "RFC7643-3.3-03"],
    needs: [Enterprise, Users],
    breaks: [Okta, Entra, OneLogin, JumpCloud],
}

const ENTERPRISE_TEXTS: &[&str] = &["employeeNumber", "costCenter", "organization", "division", "department"];

async fn enterprise(t: &Trial) -> Verdict {
    let users = t.users()?;
    let is_text = |slot: &Slot| {
        slot.extension.as_deref().is_some_and(|urn| urn.eq_ignore_ascii_case(ENTERPRISE_USER))
            && ENTERPRISE_TEXTS.contains(&slot.attribute.name.as_str())
    };
    let places: Vec<Slot> = slots(&users.schema).filter(is_text).collect();
    if places.is_empty() {
        return skip("the enterprise extension has none of its text attributes");
    }
    let mut body = t.body(&users).await?;
    let tag = t.ground().fresh_name();
    for slot in &places {
        // Digits, which must stay text.
        let digits = || tag.bytes().map(|byte| char::from(b'0' + byte % 10));
        let value = match slot.attribute.name.as_str() {
            "employeeNumber" => std::iter::once('0').chain(digits()).collect(),
            _ => tag.clone(),
        };
        slot.set(&mut body, json!(value));
    }
    let answer = t.post(users.endpoint(), &body).await?;
    if !answer.is_success() {
        return Err(answer
            .flaw("a user with the enterprise extension is refused")
            .expected("201")
            .got(answer.said())
            .breaks(&["RFC7643-4.3-02", "RFC7643-3.3-06"])
            .into());
    }
    let read = look(t, &t.created_by(&users, &answer)?).await?;
    let resource = read.resource()?;
    let wrong: Vec<String> = places
        .iter()
        .filter(|slot| slot.get(resource) != slot.get(&body))
        .map(|slot| {
            let stored = slot.get(resource).map_or_else(|| "nothing".to_owned(), Value::to_string);
            format!("{}: {stored}", slot.attribute.name)
        })
        .collect();
    if !wrong.is_empty() {
        t.note(
            read.flaw("attributes of the enterprise extension are not stored as they were sent")
                .expected(get(&body, ENTERPRISE_USER).unwrap_or(&Value::Null).to_string())
                .got(wrong.join("; "))
                .breaks(&["RFC7643-4.3-02", "RFC7643-3-09", "RFC7643-3.3-06"]),
        );
    }
    for flaw in super::create_meta::schemas_flaws(&read, &users)? {
        t.note(flaw.breaks(&["RFC7643-3.3-03", "RFC7643-4.3-01"]));
    }
    Ok(())
}

check! {
    /// `manager` is an object with the id of the manager; a `$ref` in it leads there, and its displayName is the server's.
    ///
    /// Why: Entra ID reads the manager back and compares the id. A bare text, or a reference that leads nowhere, makes it set the
    /// manager again in every cycle.
    ///
    /// Fix: store `manager.value` as it was sent, make `$ref` from it, and ignore `manager.displayName` in requests.
    MANAGER = manager,
    id: "user.manager",
    title: "manager is an object with the id of another user",
    level: Should,
    requirements: ["RFC7643-4.3-03", "RFC7643-4.3-04", "RFC7643-4.3-05"],
    needs: [Enterprise, Users],
    breaks: [Entra, Okta],
}

fn manager_slot(users: &crate::conformance::discovery::Kind) -> Option<Slot> {
    slots(&users.schema).find(|slot| {
        slot.extension.as_deref().is_some_and(|urn| urn.eq_ignore_ascii_case(ENTERPRISE_USER))
            && slot.attribute.name.eq_ignore_ascii_case("manager")
    })
}

async fn manager(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Some(slot) = manager_slot(&users) else { return skip("the enterprise extension has no `manager`") };
    let boss = t.create(&users).await?;
    let mut body = t.body(&users).await?;
    let mut element = reference(t, &slot, &boss);
    element["displayName"] = json!("Fake Name");
    slot.set(&mut body, element);
    let answer = t.post(users.endpoint(), &body).await?;
    if !answer.is_success() {
        return Err(answer
            .flaw("a user with a manager is refused")
            .expected("201")
            .got(answer.said())
            .breaks(&["RFC7643-4.3-03"])
            .into());
    }
    let read = look(t, &t.created_by(&users, &answer)?).await?;
    let stored = slot.get(read.resource()?);
    let shown = stored.map_or_else(|| "nothing".to_owned(), Value::to_string);
    let value = stored.and_then(|manager| get(manager, "value")).and_then(Value::as_str);
    if value != Some(boss.id.as_str()) {
        return Err(read
            .flaw("the manager of a user is not stored as an object with its id")
            .expected(format!("{{\"value\": \"{}\"}}", boss.id))
            .got(shown)
            .breaks(&["RFC7643-4.3-03"])
            .into());
    }
    if stored.and_then(|manager| get(manager, "displayName")) == Some(&json!("Fake Name")) {
        t.note(
            read.flaw("manager.displayName, which is readOnly, is taken from the client")
                .expected("the displayName of the manager, or nothing")
                .got(shown.clone())
                .breaks(&["RFC7643-4.3-05"]),
        );
    }
    if let Some(reference) = stored.and_then(|manager| get(manager, "$ref")).and_then(Value::as_str) {
        // A relative reference starts at the base URL (RFC 7643 §2.3.7), `../Users/1` in its examples too.
        let reference = reference.trim_start_matches("../");
        if !Place::of(t.ground().target().base(), "/", reference).is(&boss.path) {
            t.note(
                read.flaw("manager.$ref does not lead to the manager")
                    .expected(boss.path)
                    .got(shown)
                    .breaks(&["RFC7643-4.3-04"]),
            );
        }
    }
    Ok(())
}

check! {
    /// A manager may be named by the bulkId of a user that the same bulk request creates.
    ///
    /// Why: a whole department is created at once, before anybody has an id. A reference that is stored as the text
    /// `bulkId:…` leads nowhere for ever.
    ///
    /// Fix: replace `bulkId:` in every reference, those of extensions included, when the id is known.
    MANAGER_IN_BULK = manager_in_bulk,
    id: "user.manager-by-bulk-id",
    title: "manager can be a bulkId of the same bulk request",
    level: Must,
    requirements: ["RFC7644-3.7.2-03"],
    needs: [Enterprise, Users, Bulk],
    breaks: [],
}

async fn manager_in_bulk(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Some(slot) = manager_slot(&users) else { return skip("the enterprise extension has no `manager`") };
    let boss = t.body(&users).await?;
    let mut report = t.body(&users).await?;
    slot.set(&mut report, json!({ "value": "bulkId:boss" }));
    let operation = |id: &str, data: &Value| json!({ "method": "POST", "path": users.endpoint(), "bulkId": id, "data": data });
    let operations = json!([operation("boss", &boss), operation("report", &report)]);
    let answer = t.post("/Bulk", &json!({ "schemas": [BULK_REQUEST], "Operations": operations })).await?;
    let boss = created_in_bulk(t, &users, &answer, "boss")?;
    let report = created_in_bulk(t, &users, &answer, "report")?;
    let read = look(t, &report).await?;
    let stored = slot.get(read.resource()?);
    let value = stored.and_then(|manager| get(manager, "value")).and_then(Value::as_str);
    if value == Some(boss.id.as_str()) {
        return Ok(());
    }
    Err(read
        .flaw("a manager named by its bulkId is not resolved to its id")
        .expected(format!("\"value\": \"{}\"", boss.id))
        .got(stored.map_or_else(|| "nothing".to_owned(), Value::to_string))
        .into())
}

/// What the operation with that bulkId created.
fn created_in_bulk(
    t: &Trial,
    users: &std::sync::Arc<crate::conformance::discovery::Kind>,
    answer: &Answer,
    id: &str,
) -> Result<Created, Stop> {
    let blocked =
        || Stop::Blocked(format!("{} does not tell what `{id}` created (topic `bulk`)", answer.asked));
    let operations = answer.json.as_ref().and_then(|json| get(json, "Operations")).and_then(Value::as_array);
    let operations = operations.ok_or_else(blocked)?;
    let found = operations.iter().find(|op| get(op, "bulkId").and_then(Value::as_str) == Some(id));
    let location = found.and_then(|op| get(op, "location")).and_then(Value::as_str).ok_or_else(blocked)?;
    let (Place::Below(path) | Place::Elsewhere(path)) =
        Place::of(t.ground().target().base(), "/Bulk", location);
    let id = path.rsplit('/').next().unwrap_or_default().to_owned();
    let path = format!("{}/{}", users.endpoint(), crate::conformance::trial::component(&id));
    Ok(Created { kind: users.clone(), id, path })
}
