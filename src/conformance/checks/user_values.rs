//! Values of users that are more than a line of text (RFC 7643 §4.1.2).

use std::sync::Arc;

use serde_json::{Value, json};

use super::compare::{core, expect_refusal, get, holds, look};
use super::query::breaking;
use super::user_formats::{Fate, expect_kept, fate, holds_but_type, place, suggested};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::{Attribute, Type};

pub(super) const CHECKS: &[Check] = &[ADDRESS_PARTS, ADDRESS_LINES, COUNTRY, ROLES, CERTIFICATE];

check! {
    /// Every part of an address is optional.
    ///
    /// Why: directories know the country of everybody and the street of nobody. Demanding the rest refuses the person for an
    /// address that is not complete.
    ///
    /// Fix: accept an address with any of its parts, or publish as required what is.
    ADDRESS_PARTS = address_parts,
    id: "user.address-parts",
    title: "an address may have any of its parts",
    level: May,
    requirements: ["RFC7643-4.1.2-15"],
    needs: [Users],
    breaks: [],
}

/// Addresses, when no part of them is required.
fn addresses(t: &Trial) -> Result<(Arc<Kind>, Slot), Stop> {
    let (users, slot) = place(t, "addresses")?;
    if slot.attribute.sub_attributes.iter().any(|sub| sub.required) {
        return skip("the schema demands parts of an address");
    }
    Ok((users, slot))
}

async fn address_parts(t: &Trial) -> Verdict {
    let (users, slot) = addresses(t)?;
    let word = suggested(&slot, "type").first().map_or("home", String::as_str);
    let mut values = vec![json!([{ "type": word, "locality": "Oslo" }])];
    if slot.attribute.sub("country").is_some() {
        values.push(json!([{ "country": "US" }]));
    }
    expect_kept(t, &users, &slot, &values, holds_but_type, &["RFC7643-4.1.2-15"]).await
}

check! {
    /// Line breaks in a formatted address or a street are kept.
    ///
    /// Why: an address on one line is wrong on every letter, and a control character that is refused keeps the person out.
    ///
    /// Fix: store text with its line breaks.
    ADDRESS_LINES = address_lines,
    id: "user.address-lines",
    title: "line breaks in an address are kept",
    level: May,
    requirements: ["RFC7643-4.1.2-16"],
    needs: [Users],
    breaks: [],
}

async fn address_lines(t: &Trial) -> Verdict {
    let (users, slot) = addresses(t)?;
    let mut address = json!({});
    for name in ["formatted", "streetAddress"] {
        if slot.attribute.sub(name).is_some() {
            address[name] = json!("100 Universal City Plaza\nHollywood");
        }
    }
    if address == json!({}) {
        return skip("addresses have no text of several lines");
    }
    // A line may end in one character or in two.
    let same = |_: &Attribute, sent: &Value, stored: &Value| {
        let lines = |value: &Value| {
            value[0].as_object().map(|members| {
                let text = |name: &str| {
                    members.get(name).and_then(Value::as_str).map(|text| text.replace("\r\n", "\n"))
                };
                (text("formatted"), text("streetAddress"))
            })
        };
        let (Some(sent), Some(stored)) = (lines(sent), lines(stored)) else { return false };
        let is_kept = |sent: &Option<String>, stored: &Option<String>| {
            sent.is_none() || stored.is_none() || sent == stored
        };
        is_kept(&sent.0, &stored.0) && is_kept(&sent.1, &stored.1)
    };
    expect_kept(t, &users, &slot, &[json!([address])], same, &["RFC7643-4.1.2-16"]).await
}

check! {
    /// A country is a code of two letters of ISO 3166-1, and stays one.
    ///
    /// Why: taxes, languages and data protection hang on it. A name in the place of the code is understood by nobody else.
    ///
    /// Fix: store and return the code; show a name where people read it.
    COUNTRY = country,
    id: "user.country",
    title: "a country stays a code of two letters",
    level: Must,
    requirements: ["RFC7643-4.1.2-14"],
    needs: [Users],
    breaks: [],
}

async fn country(t: &Trial) -> Verdict {
    let (users, slot) = addresses(t)?;
    if slot.attribute.sub("country").is_none() {
        return skip("addresses have no country");
    }
    let word = suggested(&slot, "type").first().map_or("work", String::as_str);
    let value = json!([{ "type": word, "locality": "Springfield", "country": "US" }]);
    match fate(t, &users, &slot, &value).await? {
        Fate::Stored(read, stored) => {
            let shown = get(&stored[0], "country").and_then(Value::as_str);
            match shown {
                Some(code) if !code.eq_ignore_ascii_case("US") => Err(read
                    .flaw("the country `US` comes back as something else")
                    .expected("US")
                    .got(code)
                    .into()),
                _ => Ok(()),
            }
        }
        Fate::Refused(answer) => Err(answer
            .flaw("an address with the country `US` is refused")
            .expected("201")
            .got(answer.said())
            .concern()
            .into()),
        Fate::Dropped => skip("users do not keep addresses (check `create.full`)"),
    }
}

check! {
    /// Roles and entitlements take values that no list foresees, or refuse them openly.
    ///
    /// Why: they carry rights. A value that is published as writable and vanishes without a word leaves somebody without access
    /// and the identity provider without an error.
    ///
    /// Fix: store the values, refuse them with 400, or take the attribute out of the schema.
    ROLES = roles,
    id: "user.roles",
    title: "roles and entitlements are kept or refused, never lost",
    level: Should,
    requirements: ["RFC7643-4.1.2-22"],
    needs: [Users],
    breaks: [Entra, Okta],
}

async fn roles(t: &Trial) -> Verdict {
    let users = t.users()?;
    let mut is_judged = false;
    for name in ["roles", "entitlements"] {
        let Some(slot) = core(&users, name).filter(|slot| users.is_published && is_open(slot)) else {
            continue;
        };
        is_judged = true;
        let mut body = t.body(&users).await?;
        let value = json!([{ "value": t.ground().fresh_name() }]);
        slot.set(&mut body, value.clone());
        let answer = t.post(users.endpoint(), &body).await?;
        if (400..500).contains(&answer.status) {
            continue;
        }
        t.soft(answer.expect_success())?;
        let Ok(created) = t.created_by(&users, &answer) else { continue };
        let read = look(t, &created).await?;
        let stored = slot.get(read.resource()?);
        if !stored.is_some_and(|stored| holds(&slot.attribute, &value, stored)) {
            t.note(
                read.flaw(format!("{name} is published as writable, accepted, and not stored"))
                    .expected(value.to_string())
                    .got(stored.map_or_else(|| "nothing".to_owned(), Value::to_string)),
            );
        }
    }
    if is_judged { Ok(()) } else { skip("users have neither roles nor entitlements that a client may write") }
}

fn is_open(slot: &Slot) -> bool {
    crate::conformance::trial::slot::is_plain(&slot.attribute)
        && suggested(slot, "value").is_empty()
        && slot.attribute.sub("value").is_some_and(|value| value.kind == Type::String)
}

check! {
    /// A certificate is one DER certificate in base64: it comes back byte for byte, and what is no base64 is refused.
    ///
    /// Why: the bytes are a key. A certificate that was wrapped, decoded or cut does not verify, and text that is no base64
    /// breaks every client that decodes it.
    ///
    /// Fix: store the bytes, return them as base64, and answer 400 with `"scimType": "invalidValue"` for anything else.
    CERTIFICATE = certificate,
    id: "user.certificate",
    title: "a certificate comes back byte for byte, and what is no base64 is refused",
    level: Must,
    requirements: ["RFC7643-4.1.2-23", "RFC7643-2.3.6-01"],
    needs: [Users],
    breaks: [],
}

async fn certificate(t: &Trial) -> Verdict {
    let (users, slot) = place(t, "x509Certificates")?;
    let Some(value) = slot.attribute.sub("value").map(|sub| slot.with_sub(sub)) else {
        return skip("certificates have no `value`");
    };
    let sent = json!([{ "value": value.sample("x") }]);
    let bytes = |value: &Value| -> Option<String> {
        let text = get(value.as_array()?.first()?, "value")?.as_str()?;
        Some(text.trim_end_matches('=').chars().filter(|c| !c.is_whitespace()).collect())
    };
    match fate(t, &users, &slot, &sent).await? {
        // A target may trust nobody's certificates but its own.
        Fate::Refused(answer) => {
            let flaw = answer.flaw("a certificate is refused").expected("201").got(answer.said());
            t.note(flaw.breaks(&["RFC7643-4.1.2-23"]).concern());
        }
        Fate::Stored(read, stored) if bytes(&sent) != bytes(&stored) => t.note(
            read.flaw("a certificate comes back changed")
                .expected(sent.to_string())
                .got(stored.to_string())
                .breaks(&["RFC7643-4.1.2-23"]),
        ),
        Fate::Stored(..) => {}
        Fate::Dropped => return skip("users do not keep x509Certificates (check `create.full`)"),
    }
    let wrong = json!([{ "value": "@@@" }]);
    match fate(t, &users, &slot, &wrong).await? {
        Fate::Refused(answer) => {
            breaking(expect_refusal(&answer, &[400], "`@@@` for a certificate"), &["RFC7643-2.3.6-01"])
        }
        Fate::Dropped => Ok(()),
        Fate::Stored(read, stored) => {
            let done = if stored.to_string().contains("@@@") { "stored" } else { "accepted" };
            let flaw = read
                .flaw(format!("`@@@`, which is no base64, is {done} as a certificate"))
                .expected("400")
                .got(stored.to_string());
            // Where the schema says text, the target does what it says.
            Err(if value.leaf().kind == Type::Binary { flaw } else { flaw.concern() }.into())
        }
    }
}
