//! What identity providers send: new users, the values.

use serde_json::{Map, Value, json};

use super::interop::{
    elements, enterprise, expect, expect_no_crash, kept, known, posted, report, role, seen, text_of,
};
use super::query::breaking;
use crate::conformance::check::{Check, check};
use crate::conformance::trial::{Trial, component};
use crate::conformance::verdict::{Verdict, skip};
use crate::protocol::schema::Mutability;

pub(super) const CHECKS: &[Check] = &[
    PASSWORD,
    STRING_PRIMARY,
    STRING_ACTIVE,
    EMAILS_OBJECT,
    SPARSE,
    PHONE_URI,
    MANAGER_SHAPES,
    UNKNOWN_MANAGER,
    AS_SENT,
];

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
    let (answer, created, _) = breaking(posted(t, &users, &body).await, &["Q-C05"])?;
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
    body["userName"] = json!(format!("Ada.{tag}@example.com"));
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
    let address = format!("Ada.{tag}@example.com");
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
