//! What identity providers send: new users.

use serde_json::{Map, Value, json};

use super::interop::{
    elements, enterprise, enterprise_texts, expect, expect_no_crash, expect_unassigned, kept, known,
    mapped_text, report, role, seen, text_of,
};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::slot::{add_schema, slots};
use crate::conformance::trial::{Answer, Created, Trial, component};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::{ENTERPRISE_USER, Mutability, Type};

pub(super) const CHECKS: &[Check] = &[
    SURPLUS_SCHEMA,
    UNDECLARED_EXTENSION,
    READ_ONLY,
    EMPTY_VALUES,
    PASSWORD,
    STRING_PRIMARY,
    STRING_ACTIVE,
    EMAILS_OBJECT,
    OLD_SCHEMAS,
    UNKNOWN_ATTRIBUTES,
    SPARSE,
    PHONE_URI,
    MANAGER_SHAPES,
    UNKNOWN_MANAGER,
    BODY,
    AS_SENT,
    KEY_ORDER,
];

/// Posts a user, which has to succeed, and reads it.
async fn posted(t: &Trial, kind: &Kind, body: &Value) -> Result<(Answer, Created, Value), Stop> {
    let answer = t.post(kind.endpoint(), body).await?;
    answer.expect_success()?;
    let created = t.created_by(kind, &answer)?;
    let stored = t.read(&created).await?;
    Ok((answer, created, stored))
}

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
    /// null and empty arrays in a new user mean that there is no value.
    ///
    /// Why: Microsoft Entra ID sends `"roles": []`, JumpCloud `"addresses": []`, and Microsoft's examples carry `"title": null`. RFC 7643 §2.5
    /// makes all of them the same as leaving the attribute out; a type check that runs before that refuses every user.
    ///
    /// Fix: remove null and empty arrays from a body before it is validated.
    EMPTY_VALUES = empty_values,
    id: "interop.empty-values",
    title: "null and [] in a new user mean that there is no value",
    level: Interop,
    requirements: ["Q-C04", "RFC7643-2.5-01"],
    needs: [Users],
    breaks: [Entra, JumpCloud],
}

async fn empty_values(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let mut empty = Vec::new();
    let writable = slots(&users.schema).filter(|slot| {
        slot.extension.is_none()
            && !slot.attribute.required
            && slot.attribute.mutability == Mutability::ReadWrite
            && body.get(&slot.attribute.name).is_none()
            && slot.attribute.kind != Type::Boolean
    });
    for slot in writable {
        empty.push(slot);
    }
    if empty.is_empty() {
        return skip("User has no optional attribute");
    }
    for slot in &empty {
        let value = if slot.attribute.multi_valued { json!([]) } else { Value::Null };
        slot.set(&mut body, value);
    }
    let (answer, _, stored) = posted(t, &users, &body).await?;
    for slot in empty.iter().filter(|slot| slot.attribute.multi_valued) {
        t.soft(expect_unassigned(&answer, &stored, slot))?;
    }
    Ok(())
}

check! {
    /// A password in a new user is taken, and comes back in no answer.
    ///
    /// Why: Okta sends a random password with every user, also when passwords are not synchronised. A server that refuses the
    /// attribute gets nobody; one that stores and returns it shows secrets to everybody who may read users.
    ///
    /// Fix: accept `password`, hash it or throw it away, and leave it out of every representation.
    PASSWORD = password,
    id: "interop.password-taken",
    title: "a password in a new user is taken and never shown",
    level: Interop,
    requirements: ["Q-C05", "RFC7643-4.1.1-18"],
    needs: [Users],
    breaks: [Okta],
}

async fn password(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let secret = format!("Pw7!{}-xK9#", t.ground().fresh_name());
    body["password"] = json!(secret);
    let filter = component(&format!("userName eq \"{}\"", text_of(&body, "userName")?));
    let (answer, created, _) = posted(t, &users, &body).await?;
    let answers =
        [answer, t.get(&created.path).await?, t.get(&format!("{}?filter={filter}", users.endpoint())).await?];
    for answer in answers {
        let text = String::from_utf8_lossy(&answer.body);
        if text.contains(&secret) || text.contains("\"password\"") {
            return Err(answer
                .flaw(format!("the answer to {} shows the password or its hash", answer.asked))
                .expected("no `password`")
                .got("`password` or its value in the body")
                .into());
        }
    }
    Ok(())
}

check! {
    /// `"primary": "True"` in a role becomes the boolean true.
    ///
    /// RFC 7643 has a JSON boolean there, so that a refusal is right by the letter.
    ///
    /// Why: Microsoft's SCIM Validator creates its user so, and Microsoft Entra ID writes roles so. A server that stores the text returns
    /// it as text, and comparisons with true fail from then on.
    ///
    /// Fix: read `True`, `true`, `False` and `false` in quotes as booleans where the schema says boolean, and return real booleans.
    STRING_PRIMARY = string_primary,
    id: "interop.role-primary-text",
    title: "primary: \"True\" in a new user's role becomes true",
    level: Interop,
    requirements: ["Q-C06"],
    needs: [Users],
    breaks: [Entra],
}

async fn string_primary(t: &Trial) -> Verdict {
    let users = t.users()?;
    if !role(t).await? {
        return skip("the target does not keep `roles.primary`");
    }
    let mut body = t.body(&users).await?;
    body["roles"] = json!([{ "primary": "True", "value": t.ground().fresh_name() }]);
    let (answer, _, stored) = posted(t, &users, &body).await?;
    match elements(&stored, "roles").first().and_then(|role| role.get("primary")) {
        Some(Value::Bool(true)) => Ok(()),
        other => Err(answer
            .flaw("a role with `primary: \"True\"` is not stored with a boolean")
            .expected("\"primary\": true")
            .got(seen(other))
            .into()),
    }
}

check! {
    /// `"active": "True"` in a new user becomes the boolean true.
    ///
    /// Microsoft's published collection of test requests creates users so; Microsoft Entra ID itself is only known to send the text in PATCH.
    /// A violation stands in nobody's way, and the check runs when it is named.
    ///
    /// Why: text that is stored as text is neither true nor false for whoever checks access.
    ///
    /// Fix: read `True`, `true`, `False` and `false` in quotes as booleans where the schema says boolean, or refuse them with 400
    /// invalidValue; never store them.
    STRING_ACTIVE = string_active,
    id: "interop.active-text-in-create",
    title: "active: \"True\" in a new user becomes true",
    level: Interop,
    requirements: ["Q-C07"],
    needs: [Users],
    breaks: [],
}

async fn string_active(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = kept(t, &users, "active").await?;
    for (text, value) in [("True", true), ("False", false)] {
        let mut body = t.body(&users).await?;
        slot.set(&mut body, json!(text));
        let (answer, _, stored) = posted(t, &users, &body).await?;
        t.soft(expect(&answer, &stored, &slot, &json!(value)))?;
    }
    Ok(())
}

check! {
    /// `emails` as one object instead of an array is read as a list of one, or refused with 400; it neither fails nor vanishes.
    ///
    /// Why: the user body of OneLogin is a template that administrators copy, and many copies have an object there. A 500 tells them
    /// nothing, and an address that is dropped without a word is missed weeks later.
    ///
    /// Fix: put a single object for a multi-valued attribute into a list, or answer 400 invalidValue.
    EMAILS_OBJECT = emails_object,
    id: "interop.emails-object",
    title: "emails as one object is a list of one, or refused",
    level: Interop,
    requirements: ["Q-C08"],
    needs: [Users],
    breaks: [OneLogin],
}

async fn emails_object(t: &Trial) -> Verdict {
    let users = t.users()?;
    kept(t, &users, "emails.value").await?;
    let mut body = t.body(&users).await?;
    let address = format!("{}@example.com", t.ground().fresh_name());
    let mut email = json!({ "value": address });
    if known(&users, "emails.type").is_some() {
        email["type"] = json!("work");
    }
    if known(&users, "emails.primary").is_some() {
        email["primary"] = json!(true);
    }
    body["emails"] = email;
    let answer = t.post(users.endpoint(), &body).await?;
    expect_no_crash(&answer)?;
    if !answer.is_success() {
        return Ok(());
    }
    let stored = t.read(&t.created_by(&users, &answer)?).await?;
    if elements(&stored, "emails").iter().any(|email| email["value"] == address.as_str()) {
        return Ok(());
    }
    Err(answer
        .flaw("a user with `emails` as one object is created, and the address is not there as a list of one")
        .expected(format!("[{{\"value\": \"{address}\"}}], or 400 invalidValue"))
        .got(seen(stored.get("emails")))
        .into())
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
    /// An element of `emails` or `phoneNumbers` may have a value and nothing else.
    ///
    /// Why: Okta sends `"phoneNumbers": [{"value": "…"}]`, OneLogin e-mail addresses without `primary` and `type`. No schema of the RFC
    /// requires them; a server that does refuses the user.
    ///
    /// Fix: treat `type`, `primary` and `display` as optional.
    SPARSE = sparse,
    id: "interop.sparse-elements",
    title: "emails and phoneNumbers may have value only",
    level: Interop,
    requirements: ["Q-C11"],
    needs: [Users],
    breaks: [Okta, OneLogin],
}

async fn sparse(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let mut sent = Vec::new();
    let survey = t.survey(&users).await?;
    for name in ["emails", "phoneNumbers"] {
        let Some(slot) = known(&users, &format!("{name}.value")).filter(|slot| survey.keeps(slot)) else {
            continue;
        };
        let value = slot.sample(&t.ground().fresh_name());
        body[name] = json!([{ "value": value }]);
        sent.push((name, value));
    }
    if sent.is_empty() {
        return skip("the target keeps neither `emails` nor `phoneNumbers`");
    }
    let (answer, _, stored) = posted(t, &users, &body).await?;
    for (name, value) in sent {
        if elements(&stored, name).iter().all(|element| element["value"] != value) {
            t.note(
                answer
                    .flaw(format!("an element of `{name}` that has a value only is not stored"))
                    .expected(value.to_string())
                    .got(seen(stored.get(name))),
            );
        }
    }
    Ok(())
}

check! {
    /// A phone number may be a `tel:` URI, and an address may be marked as primary.
    ///
    /// Why: JumpCloud writes numbers as RFC 7643 §4.1.2 asks for and puts `primary` on addresses, as §2.4 allows for every list. A pattern
    /// that wants digits only, or a closed list of sub-attributes, refuses its users.
    ///
    /// Fix: accept URIs as phone numbers, and accept or pass over `primary` in `addresses`.
    PHONE_URI = phone_uri,
    id: "interop.phone-uri",
    title: "tel: URIs and addresses.primary are taken",
    level: Interop,
    requirements: ["Q-C12"],
    needs: [Users],
    breaks: [JumpCloud],
}

async fn phone_uri(t: &Trial) -> Verdict {
    let users = t.users()?;
    if known(&users, "phoneNumbers.value").is_none() {
        return skip("User has no `phoneNumbers`");
    }
    let mut body = t.body(&users).await?;
    let part = |list: &str, name: &str| known(&users, &format!("{list}.{name}")).is_some();
    let pick = |list: &str, all: &[(&str, &str)], primary: bool| {
        let mut element: Map<String, Value> = all
            .iter()
            .filter(|(name, _)| part(list, name))
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        if primary {
            element.insert("primary".to_owned(), json!(true));
        }
        json!([element])
    };
    let phone = [("type", "work"), ("value", "tel:+1-201-555-0123")];
    body["phoneNumbers"] = pick("phoneNumbers", &phone, part("phoneNumbers", "primary"));
    if known(&users, "addresses").is_some() {
        let address = [
            ("country", "US"),
            ("locality", "Boulder"),
            ("postalCode", "80027"),
            ("region", "CO"),
            ("streetAddress", "1 Main Street"),
            ("type", "work"),
        ];
        body["addresses"] = pick("addresses", &address, true);
    }
    posted(t, &users, &body).await?;
    Ok(())
}

check! {
    /// The manager of a new user may be the id as text, an object with `value`, or a list of one such object.
    ///
    /// RFC 7643 §4.3 has the object only.
    ///
    /// Why: all three have been seen from Microsoft Entra ID, depending on the mapping. A refusal costs the user, a crash more.
    ///
    /// Fix: turn text into `{"value": …}` and take the only element of a list.
    MANAGER_SHAPES = manager_shapes,
    id: "interop.manager-shapes",
    title: "a new user's manager may be text, an object or a list of one",
    level: Interop,
    requirements: ["Q-C13"],
    needs: [Users, Enterprise],
    breaks: [Entra],
}

async fn manager_shapes(t: &Trial) -> Verdict {
    let users = t.users()?;
    let given = report(t).await?;
    let id = json!(given.boss.id);
    let Some(manager) = known(&users, &enterprise("manager")) else { return Ok(()) };
    for shape in [id.clone(), json!([{ "value": id }])] {
        let mut body = t.body(&users).await?;
        manager.set(&mut body, shape);
        if let Some((answer, _, stored)) = t.soft(posted(t, &users, &body).await)? {
            t.soft(expect(&answer, &stored, &given.manager, &id))?;
        }
    }
    Ok(())
}

check! {
    /// A manager that does not exist does not keep a user from being created.
    ///
    /// Why: Microsoft's SCIM Validator sends a made-up id, and people arrive before their managers do. One reference that cannot be
    /// resolved yet must not cost the account.
    ///
    /// Fix: store the id as it is, or leave the manager out, and create the user.
    UNKNOWN_MANAGER = unknown_manager,
    id: "interop.unknown-manager",
    title: "a manager that does not exist does not cost the user",
    level: Interop,
    requirements: ["Q-C14", "Q-E03"],
    needs: [Users, Enterprise],
    breaks: [Entra],
}

async fn unknown_manager(t: &Trial) -> Verdict {
    let users = t.users()?;
    let Some(manager) = known(&users, &format!("{}.value", enterprise("manager"))) else {
        return skip("the enterprise extension of the target has no `manager.value`");
    };
    let mut body = t.body(&users).await?;
    manager.set(&mut body, json!(t.ground().fresh_name().to_uppercase()));
    posted(t, &users, &body).await?;
    Ok(())
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
    answer.expect_success()?;
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
    /// Values come back exactly as they were sent: capital letters in userName and addresses, spaces and brackets in numbers.
    ///
    /// Where userName is concerned RFC 7643 §7 would let a server change the case.
    ///
    /// Why: Microsoft Entra ID compares what it reads with what it sent. A value that was lower-cased or formatted differs for ever,
    /// and the same change is sent in every cycle.
    ///
    /// Fix: store what was sent, and keep a normalised copy for searching.
    AS_SENT = as_sent,
    id: "interop.values-as-sent",
    title: "values come back exactly as they were sent",
    level: Interop,
    requirements: ["Q-C20"],
    needs: [Users],
    breaks: [Entra],
}

async fn as_sent(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let tag = t.ground().fresh_name();
    body["userName"] = json!(format!("Ada.{tag}@Example.COM"));
    for (path, value) in [
        ("displayName", format!("Ada  McX ({tag})")),
        ("name.givenName", "Ada-Mae".to_owned()),
        ("name.familyName", "van der MEER".to_owned()),
        ("title", "VP, R&D".to_owned()),
    ] {
        if let Some(slot) =
            known(&users, path).filter(|slot| slot.attribute.mutability == Mutability::ReadWrite)
        {
            slot.set(&mut body, json!(value));
        }
    }
    let address = format!("Ada.{tag}@Example.COM");
    if body.get("emails").is_some() {
        body["emails"][0]["value"] = json!(address);
    }
    let (answer, _, stored) = posted(t, &users, &body).await?;
    for path in
        ["/userName", "/displayName", "/name/givenName", "/name/familyName", "/title", "/emails/0/value"]
    {
        let (Some(sent), Some(found)) = (body.pointer(path), stored.pointer(path)) else { continue };
        // What is not kept at all is another matter, and so is an order of addresses.
        if sent != found && same_but_for_form(sent, found) {
            t.note(
                answer
                    .flaw(format!("`{}` does not come back as it was sent", path[1..].replace('/', ".")))
                    .expected(sent.to_string())
                    .got(found.to_string()),
            );
        }
    }
    Ok(())
}

/// Whether two texts have the same letters and digits, in whatever case.
fn same_but_for_form(a: &Value, b: &Value) -> bool {
    let core = |value: &Value| -> Option<String> {
        Some(value.as_str()?.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect())
    };
    core(a).is_some_and(|a| core(b) == Some(a))
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
