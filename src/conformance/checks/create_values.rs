//! Creating resources (RFC 7644 §3.3): what becomes of the values in the body.

use serde_json::{Value, json};

use super::compare::{core, get, get_in, look};
use crate::conformance::check::{Check, check};
use crate::conformance::trial::slot::{is_plain, slots};
use crate::conformance::trial::{Answer, Slot, Trial};
use crate::conformance::verdict::{Verdict, skip};
use crate::protocol::schema::Type;

pub(super) const CHECKS: &[Check] =
    &[EXTERNAL_ID, NOT_INVENTED, USER_NAME, TEXT, NULL, FULL, UNDECLARED, UNKNOWN];

check! {
    /// `externalId` is stored as the client sent it, letter by letter, and comes back.
    ///
    /// Why: it is the client's own name for the resource. Entra ID and others look accounts up by it; when it is lost or
    /// changes its letter case, the next cycle finds nobody and creates the account again.
    ///
    /// Fix: store `externalId` for every resource type as case-exact text.
    EXTERNAL_ID = external_id,
    id: "create.external-id",
    title: "externalId is stored as it was sent",
    level: Must,
    requirements: ["RFC7643-3.1-01", "RFC7643-3.1-15", "RFC7643-7-18"],
    needs: [],
    breaks: [Entra, Okta],
}

async fn external_id(t: &Trial) -> Verdict {
    for kind in super::compare::creatable(t).await? {
        let mut body = t.body(&kind).await?;
        let sent = format!("Ext-{}", t.ground().fresh_name());
        body["externalId"] = json!(sent);
        let answer = t.post(kind.endpoint(), &body).await?;
        if !answer.is_success() {
            t.note(
                answer
                    .flaw(format!("a {} with an externalId is refused", kind.name()))
                    .expected("201")
                    .got(answer.said())
                    .breaks(&["RFC7643-3.1-01", "RFC7643-3.1-15"]),
            );
            continue;
        }
        let read = look(t, &t.created_by(&kind, &answer)?).await?;
        let stored = get(read.resource()?, "externalId");
        match stored.and_then(Value::as_str) {
            Some(stored) if stored == sent => {}
            Some(stored) if stored.eq_ignore_ascii_case(&sent) => t.note(
                read.flaw("externalId comes back in another letter case")
                    .expected(sent)
                    .got(stored)
                    .breaks(&["RFC7643-7-18"]),
            ),
            _ => {
                let flaw = read
                    .flaw(format!("externalId of a {} is not stored", kind.name()))
                    .expected(sent)
                    .got(stored.map_or_else(|| "nothing".to_owned(), Value::to_string))
                    .breaks(&["RFC7643-3.1-01", "RFC7643-3.1-15"]);
                // Nobody provisions types that only this target has without looking at its schema.
                let is_own = kind.role == crate::conformance::discovery::Role::Other;
                t.note(if is_own { flaw.concern() } else { flaw });
            }
        }
    }
    Ok(())
}

check! {
    /// A resource that was created without `externalId` has none.
    ///
    /// Why: the name belongs to the client. A client that finds an externalId that it never gave takes the account for one of
    /// another system, or links it to the wrong person.
    ///
    /// Fix: never fill `externalId` from the id, the userName or anything else.
    NOT_INVENTED = not_invented,
    id: "create.external-id-not-invented",
    title: "the server never makes up an externalId",
    level: Must,
    requirements: ["RFC7643-3.1-16"],
    needs: [],
    breaks: [Entra],
}

async fn not_invented(t: &Trial) -> Verdict {
    for kind in super::compare::creatable(t).await? {
        let body = t.body(&kind).await?;
        if get(&body, "externalId").is_some() {
            continue; // The run was told to send one.
        }
        let read = look(t, &t.create_from(&kind, &body).await?).await?;
        if let Some(invented) = get(read.resource()?, "externalId").filter(|value| **value != json!("")) {
            t.note(
                read.flaw(format!("a {} that was created without externalId has one", kind.name()))
                    .expected("no externalId")
                    .got(invented.to_string()),
            );
        }
    }
    Ok(())
}

check! {
    /// The userName comes back as it was sent, in the same letter case.
    ///
    /// Why: Entra ID compares what it reads with what it sent and repeats the change in every cycle when they differ. A
    /// target that puts the e-mail address in its place cannot be matched at all.
    ///
    /// Fix: store the userName as it was sent; compare it without regard to case, and change nothing for that.
    USER_NAME = user_name,
    id: "create.user-name-kept",
    title: "the userName comes back as it was sent",
    level: Interop,
    requirements: ["Q-C20", "RFC7643-7-19"],
    needs: [Users],
    breaks: [Entra],
}

async fn user_name(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let sent = format!("Ada.{}@Example.com", t.ground().fresh_name());
    body["userName"] = json!(sent);
    // Another address than the name, so that one cannot be taken for the other.
    if let Some(emails) = core(&users, "emails").filter(|emails| emails.attribute.is_complex()) {
        let address = format!("{}@example.com", t.ground().fresh_name());
        emails.set(&mut body, json!([{ "value": address }]));
    }
    let answer = t.post(users.endpoint(), &body).await?;
    let created = t.created_by(&users, &answer)?;
    let read = look(t, &created).await?;
    let shown = get(read.resource()?, "userName");
    if shown.and_then(Value::as_str) == Some(sent.as_str()) {
        return Ok(());
    }
    let is_recased = shown.and_then(Value::as_str).is_some_and(|text| text.eq_ignore_ascii_case(&sent));
    let what = if is_recased {
        "the userName comes back in another letter case"
    } else {
        "the user has another userName than was sent"
    };
    Err(read
        .flaw(what)
        .expected(sent)
        .got(shown.map_or_else(|| "nothing".to_owned(), Value::to_string))
        .breaks(&["Q-C20"])
        .into())
}

check! {
    /// Text is Unicode: letters of every script, emoji, quotes, backslashes and markup come back as they were sent.
    ///
    /// Why: people have names. An answer that is cut, escaped twice or full of question marks never equals what the identity
    /// provider has, and quotes that are not escaped are the beginning of an injection.
    ///
    /// Fix: store text as UTF-8 without escaping it; escape where it is put into SQL, HTML or a filter.
    TEXT = text,
    id: "create.unicode",
    title: "text of any script comes back as it was sent",
    level: Must,
    requirements: ["RFC7643-2.3.1-01"],
    needs: [Users],
    breaks: [Okta, Entra],
}

async fn text(t: &Trial) -> Verdict {
    let users = t.users()?;
    let slot = t.text(&users).await?;
    let tag = t.ground().fresh_name();
    let framed = format!("  {tag} ");
    let texts =
        ["Zoë Ångström 漢字 Ελένη עברית 😀", "O'Brien \"Bob\" \\ <b>&amp;</b> %41 {x} ; --", framed.as_str()];
    for text in texts {
        let mut body = t.body(&users).await?;
        slot.set(&mut body, json!(text));
        let answer = t.post(users.endpoint(), &body).await?;
        if !answer.is_success() {
            // A target may have rules for names; a letter that it cannot take is no internal error.
            let flaw = answer
                .flaw(format!("{} of `{text}` is refused", slot.path()))
                .expected("201")
                .got(answer.said());
            t.note(if answer.status < 500 { flaw.concern() } else { flaw });
            continue;
        }
        let read = look(t, &t.created_by(&users, &answer)?).await?;
        let stored = slot.get(read.resource()?);
        if stored != Some(&json!(text)) {
            let flaw = read
                .flaw(format!("{} comes back changed", slot.path()))
                .expected(text)
                .got(stored.map_or_else(|| "nothing".to_owned(), Value::to_string));
            // Spaces at the ends are rarely meant.
            let is_trimmed = stored.and_then(Value::as_str) == Some(text.trim());
            t.note(if is_trimmed { flaw.concern() } else { flaw });
        }
    }
    Ok(())
}

check! {
    /// null and `[]` in the body of a POST mean that the attribute has no value.
    ///
    /// Why: Entra ID, JumpCloud and others send every mapped attribute, with null or `[]` where a person has nothing. A
    /// target that refuses that, or stores an empty value, cannot take in people with gaps.
    ///
    /// Fix: treat null and `[]` like an attribute that is not there, before anything is validated.
    NULL = null,
    id: "create.null",
    title: "null and [] in the body of a POST stand for no value",
    level: Must,
    requirements: ["RFC7643-2.5-01", "RFC7644-3.3-05"],
    needs: [Users],
    breaks: [Entra, JumpCloud],
}

async fn null(t: &Trial) -> Verdict {
    let users = t.users()?;
    let survey = t.survey(&users).await?;
    let texts = survey.texts(&users.schema).into_iter().filter(|slot| slot.sub.is_none());
    let mut places: Vec<(Slot, Value)> = texts
        .filter(|slot| !slot.leaf().required && slot.extension.is_none())
        .take(1)
        .map(|s| (s, Value::Null))
        .collect();
    let lists = survey.lists(&users.schema);
    for (list, value) in lists.into_iter().zip([json!([]), Value::Null]) {
        places.push((list.slot, value));
    }
    places.extend(survey.complexes(&users.schema).into_iter().take(1).map(|(slot, _)| (slot, Value::Null)));
    places.retain(|(slot, _)| !slot.attribute.required);
    if places.is_empty() {
        return skip("users keep no optional attribute that could be left empty");
    }
    let mut body = t.body(&users).await?;
    let demanded = t.minimal(&users);
    places.retain(|(slot, _)| slot.get(&demanded).is_none());
    for (slot, value) in &places {
        slot.set(&mut body, value.clone());
    }
    let names: Vec<String> = places.iter().map(|(slot, value)| format!("{}: {value}", slot.path())).collect();
    let answer = t.post(users.endpoint(), &body).await?;
    if !answer.is_success() {
        return Err(answer
            .flaw(format!("a POST with {} is refused", names.join(", ")))
            .expected("201")
            .got(answer.said())
            .into());
    }
    let created = t.created_by(&users, &answer)?;
    let read = look(t, &created).await?;
    let resource = read.resource()?;
    for (slot, _) in &places {
        // The server may have a default, which is no empty value.
        if let Some(value) = slot.get(resource).filter(|value| is_hollow(value)) {
            t.note(
                read.flaw(format!("{} was sent without a value and has an empty one", slot.path()))
                    .expected("no value")
                    .got(value.to_string())
                    .breaks(&["RFC7643-2.5-01"])
                    .concern(),
            );
        }
    }
    Ok(())
}

/// Text without a character, the word `null`, or a list of nothing.
fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() || text == "null",
        Value::Array(items) => items.iter().any(is_hollow),
        Value::Object(members) => members.values().all(is_hollow),
        _ => false,
    }
}

check! {
    /// A user with every attribute that its schema lets a client write is created, and each of them is stored.
    ///
    /// Why: a schema is a promise. An attribute that is published as readWrite and dropped without a word is mapped by
    /// administrators, sent in every cycle, and never arrives.
    ///
    /// Fix: store what /Schemas publishes as readWrite, or take it out of the schema.
    FULL = full,
    id: "create.full",
    title: "a user with all published attributes is created and keeps them",
    level: Should,
    requirements: ["RFC7643-7-22"],
    needs: [Users, Schemas],
    breaks: [Okta, Entra],
}

/// What needs something else to refer to, or has an encoding that a target may look into.
const NOT_SENT: &[&str] =
    &["members", "manager", "groups", "password", "entitlements", "roles", "x509Certificates"];

async fn full(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let tag = t.ground().fresh_name();
    let mut sent: Vec<(Slot, Value)> = Vec::new();
    for slot in slots(&users.schema).filter(|slot| is_plain(&slot.attribute)) {
        if NOT_SENT.contains(&slot.attribute.name.as_str()) || slot.attribute.kind == Type::Reference {
            continue;
        }
        let value = match slot.get(&body) {
            Some(value) => value.clone(),
            None => slot.sample(&tag),
        };
        slot.set(&mut body, value.clone());
        sent.push((slot, value));
    }
    let answer = t.post(users.endpoint(), &body).await?;
    if !answer.is_success() {
        return Err(answer
            .flaw("a user with all attributes that the schema publishes is refused")
            .expected("201")
            .got(answer.said())
            .into());
    }
    let read = look(t, &t.created_by(&users, &answer)?).await?;
    let resource = read.resource()?;
    let lost: Vec<String> =
        sent.iter().filter(|(slot, _)| slot.get(resource).is_none()).map(|(slot, _)| slot.path()).collect();
    if lost.is_empty() {
        return Ok(());
    }
    Err(read
        .flaw(format!("published as readWrite, sent, and not stored: {}", lost.join(", ")))
        .expected("every one of them is stored")
        .got(format!("{} of {} are there", sent.len() - lost.len(), sent.len()))
        .into())
}

check! {
    /// Data of an extension whose URI is missing in `schemas` is either refused or taken, and then the URI is listed.
    ///
    /// Why: Entra ID leaves the URI out at times. A target may be strict about that, but one that stores the data and does
    /// not list the extension hides it from its clients, and an internal error stops the whole account.
    ///
    /// Fix: answer 400, or store the data and add the URI to `schemas`.
    UNDECLARED = undeclared,
    id: "create.extension-undeclared",
    title: "extension data without its URI in schemas is taken properly or refused",
    level: May,
    requirements: ["RFC7643-3.3-03"],
    needs: [Users],
    breaks: [Entra],
}

async fn undeclared(t: &Trial) -> Verdict {
    let users = t.users()?;
    let found = t.survey(&users).await?.texts(&users.schema);
    let Some(slot) = found.into_iter().rfind(|slot| slot.extension.is_some()) else {
        return skip("users keep no text of an extension");
    };
    let mut body = t.body(&users).await?;
    slot.set(&mut body, slot.sample(&t.ground().fresh_name()));
    body["schemas"] = json!([users.schema.core.id]);
    let answer = t.post(users.endpoint(), &body).await?;
    if (400..500).contains(&answer.status) {
        return Ok(());
    }
    answer.expect_success()?;
    let read = look(t, &t.created_by(&users, &answer)?).await?;
    for flaw in super::create_meta::schemas_flaws(&read, &users)? {
        t.note(flaw);
    }
    Ok(())
}

check! {
    /// What no schema defines is refused or left out; it is not stored, and it does not make the server fail.
    ///
    /// Why: identity providers map attributes that a target may not know. Storing them makes every client's typing error a
    /// part of the resource; an internal error stops a person for one attribute too many.
    ///
    /// Fix: drop attributes that no schema of the resource type defines, or answer 400.
    UNKNOWN = unknown,
    id: "create.unknown-attribute",
    title: "an attribute that no schema defines is ignored or refused",
    level: Should,
    requirements: ["RFC7644-3.3-14"],
    needs: [Users],
    breaks: [Entra, OneLogin],
}

async fn unknown(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut body = t.body(&users).await?;
    let name = format!("x{}", t.ground().fresh_name());
    body[name.as_str()] = json!("unknown");
    let mut inside = core(&users, "name").map(|slot| slot.attribute.name);
    if let Some(parent) =
        inside.as_ref().and_then(|parent| body.get_mut(parent)).and_then(Value::as_object_mut)
    {
        parent.insert(name.clone(), json!("unknown"));
    } else {
        inside = None;
    }
    let answer = t.post(users.endpoint(), &body).await?;
    if (400..500).contains(&answer.status) {
        return Ok(());
    }
    answer.expect_success()?;
    let read = look(t, &t.created_by(&users, &answer)?).await?;
    let resource = read.resource()?;
    tell_unknown(t, &read, get(resource, &name), &name);
    let inner = inside.as_ref().and_then(|parent| get_in(resource, parent, &name));
    tell_unknown(t, &read, inner, &format!("{}.{name}", inside.as_deref().unwrap_or_default()));
    Ok(())
}

fn tell_unknown(t: &Trial, read: &Answer, value: Option<&Value>, path: &str) {
    if let Some(value) = value {
        t.note(
            read.flaw(format!("{path}, which no schema defines, is stored and returned"))
                .expected("it is left out or refused")
                .got(value.to_string()),
        );
    }
}
