//! Formats of the values of users (RFC 7643 §4.1): what is allowed is taken and kept.

use std::sync::Arc;

use serde_json::{Value, json};

use super::compare::{core, expect_refusal, get, holds, look};
use crate::conformance::check::{Check, check};
use crate::conformance::discovery::Kind;
use crate::conformance::trial::{Answer, Slot, Trial};
use crate::conformance::verdict::{Stop, Verdict, skip};
use crate::protocol::schema::{Attribute, Type};

pub(super) const CHECKS: &[Check] =
    &[USER_TYPE, LANGUAGE, LOCALE, TIMEZONE, PROFILE_URL, EMAIL, PHONE, IMS, LABELS, PHOTOS];

/// What became of a value.
pub(super) enum Fate {
    /// The POST was refused.
    Refused(Answer),
    /// It is there, or something else is.
    Stored(Answer, Value),
    /// Nothing is there. Whether the attribute is kept at all is judged by `create.full`.
    Dropped,
}

/// Creates a user with that value and looks what is stored.
pub(super) async fn fate(t: &Trial, users: &Arc<Kind>, slot: &Slot, value: &Value) -> Result<Fate, Stop> {
    let mut body = t.body(users).await?;
    slot.set(&mut body, value.clone());
    let answer = t.post(users.endpoint(), &body).await?;
    if !answer.is_success() {
        return Ok(Fate::Refused(answer));
    }
    let read = look(t, &t.created_by(users, &answer)?).await?;
    let stored = slot.get(read.resource()?).cloned();
    Ok(stored.map_or(Fate::Dropped, |stored| Fate::Stored(read, stored)))
}

/// Users and that core attribute.
pub(super) fn place(t: &Trial, name: &str) -> Result<(Arc<Kind>, Slot), Stop> {
    let users = t.users()?;
    match core(&users, name) {
        Some(slot) => Ok((users, slot)),
        None => skip(format!("users have no `{name}`")),
    }
}

/// Notes what is wrong with the fate of values that these rules allow: refused, or changed so that they are not the same.
pub(super) async fn expect_kept(
    t: &Trial,
    users: &Arc<Kind>,
    slot: &Slot,
    values: &[Value],
    same: impl Fn(&Attribute, &Value, &Value) -> bool,
    rules: &[&'static str],
) -> Verdict {
    let mut is_kept = false;
    for value in values {
        match fate(t, users, slot, value).await? {
            Fate::Refused(answer) => {
                is_kept = true;
                t.note(
                    answer
                        .flaw(format!("{} of {value} is refused", slot.path()))
                        .expected("201")
                        .got(answer.said())
                        .breaks(rules),
                );
            }
            Fate::Stored(read, stored) => {
                is_kept = true;
                if !same(&slot.attribute, value, &stored) {
                    t.note(
                        read.flaw(format!("{} comes back as another value", slot.path()))
                            .expected(value.to_string())
                            .got(stored.to_string())
                            .breaks(rules),
                    );
                }
            }
            Fate::Dropped => {}
        }
    }
    if is_kept { Ok(()) } else { skip(format!("users do not keep {} (check `create.full`)", slot.path())) }
}

/// Text is the same in any letter case, a list when it has the same elements.
fn alike(attribute: &Attribute, sent: &Value, stored: &Value) -> bool {
    match (sent, stored) {
        (Value::String(sent), Value::String(stored)) => sent.eq_ignore_ascii_case(stored),
        _ => holds(attribute, sent, stored),
    }
}

/// As [`holds`], but for the types of the elements, which a target may not know.
pub(super) fn holds_but_type(attribute: &Attribute, sent: &Value, stored: &Value) -> bool {
    let mut sent = sent.clone();
    for element in sent.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        element.shift_remove("type");
    }
    holds(attribute, &sent, stored)
}

/// The words that a schema suggests for a sub-attribute.
pub(super) fn suggested<'a>(slot: &'a Slot, sub: &str) -> &'a [String] {
    slot.attribute.sub(sub).map(|sub| sub.canonical_values.as_slice()).unwrap_or_default()
}

check! {
    /// userType takes any text; the words in the RFC are examples.
    ///
    /// Why: every company has kinds of people of its own: interns, robots, partners. A fixed list refuses them for a word.
    ///
    /// Fix: store userType as free text, or publish the allowed words as canonicalValues.
    USER_TYPE = user_type,
    id: "user.user-type",
    title: "userType takes any text",
    level: Must,
    requirements: ["RFC7643-4.1.1-12"],
    needs: [Users],
    breaks: [],
}

async fn user_type(t: &Trial) -> Verdict {
    let (users, slot) = place(t, "userType")?;
    if !slot.attribute.canonical_values.is_empty() {
        return skip("the schema lists the values of userType");
    }
    expect_kept(t, &users, &slot, &[json!("Robot")], alike, &["RFC7643-4.1.1-12"]).await
}

check! {
    /// preferredLanguage is what HTTP has in Accept-Language: one tag, or a list with weights.
    ///
    /// Why: directories keep it in that form. A target that wants one tag refuses people who speak two languages.
    ///
    /// Fix: accept tags and weighted lists, and store them as they are.
    LANGUAGE = language,
    id: "user.preferred-language",
    title: "preferredLanguage takes what Accept-Language allows",
    level: Should,
    requirements: ["RFC7643-4.1.1-13"],
    needs: [Users],
    breaks: [],
}

async fn language(t: &Trial) -> Verdict {
    let (users, slot) = place(t, "preferredLanguage")?;
    let squeezed = |_: &Attribute, sent: &Value, stored: &Value| {
        let bare = |value: &Value| value.as_str().map(|text| text.replace(' ', "").to_ascii_lowercase());
        bare(sent) == bare(stored)
    };
    expect_kept(
        t,
        &users,
        &slot,
        &[json!("en-US"), json!("fr-CA, en;q=0.8")],
        squeezed,
        &["RFC7643-4.1.1-13"],
    )
    .await
}

check! {
    /// locale is a language tag of BCP 47, such as `en-US` or `es-419`; one with an underscore is no internal error.
    ///
    /// Why: it decides how numbers and dates are shown. A target that only knows two letters and two letters refuses most of
    /// Latin America.
    ///
    /// Fix: check locale against the grammar of BCP 47, if at all.
    LOCALE = locale,
    id: "user.locale",
    title: "locale takes language tags of BCP 47",
    level: Should,
    requirements: ["RFC7643-4.1.1-14", "RFC7643-4.1.1-15", "RFC7643-2.3.1-03", "RFC7644-3.12-17"],
    needs: [Users],
    breaks: [],
}

async fn locale(t: &Trial) -> Verdict {
    let (users, slot) = place(t, "locale")?;
    for odd in ["en_US", "en US", "?"] {
        no_crash(t, &users, &slot, &json!(odd)).await?;
    }
    let same = |_: &Attribute, sent: &Value, stored: &Value| {
        let bare = |value: &Value| value.as_str().map(|text| text.replace('_', "-").to_ascii_lowercase());
        bare(sent) == bare(stored)
    };
    expect_kept(t, &users, &slot, &[json!("en-US"), json!("es-419")], same, &["RFC7643-4.1.1-14"]).await
}

/// Notes an internal error; anything else is allowed.
async fn no_crash(t: &Trial, users: &Arc<Kind>, slot: &Slot, value: &Value) -> Verdict {
    if let Fate::Refused(answer) = fate(t, users, slot, value).await?
        && answer.status >= 500
    {
        t.note(
            answer
                .flaw(format!("{} of {value} ends in an internal error", slot.path()))
                .expected("201 or 400")
                .got(answer.said())
                .breaks(&["RFC7644-3.12-17"]),
        );
    }
    Ok(())
}

check! {
    /// timezone is a name of the IANA database, such as `America/Los_Angeles`.
    ///
    /// Why: identity providers send these names. A target with a list of its own refuses people for where they live.
    ///
    /// Fix: accept the names of the IANA database, also those with three parts.
    TIMEZONE = timezone,
    id: "user.timezone",
    title: "timezone takes the names of the IANA database",
    level: Should,
    requirements: ["RFC7643-4.1.1-16", "RFC7643-2.3.1-03", "RFC7644-3.12-17"],
    needs: [Users],
    breaks: [],
}

async fn timezone(t: &Trial) -> Verdict {
    let (users, slot) = place(t, "timezone")?;
    no_crash(t, &users, &slot, &json!("PST8 and so on")).await?;
    let zones = [json!("America/Los_Angeles"), json!("America/Argentina/Buenos_Aires")];
    expect_kept(t, &users, &slot, &zones, alike, &["RFC7643-4.1.1-16"]).await
}

check! {
    /// profileUrl is a URL: one is kept, and what cannot be a URL is refused.
    ///
    /// Why: it is shown as a link. Text that is no URL gives a broken link at best, and a script at worst.
    ///
    /// Fix: parse the value as a URI reference and answer 400 with `"scimType": "invalidValue"` where that fails.
    PROFILE_URL = profile_url,
    id: "user.profile-url",
    title: "profileUrl takes a URL and nothing else",
    level: Should,
    requirements: ["RFC7643-4.1.1-11"],
    needs: [Users],
    breaks: [],
}

async fn profile_url(t: &Trial) -> Verdict {
    let (users, slot) = place(t, "profileUrl")?;
    let url = format!("https://example.com/people/{}", t.ground().fresh_name());
    expect_kept(t, &users, &slot, &[json!(url)], alike, &["RFC7643-4.1.1-11"]).await?;
    let wrong = json!("not a url %%");
    let mut body = t.body(&users).await?;
    slot.set(&mut body, wrong.clone());
    let answer = t.post(users.endpoint(), &body).await?;
    // Where the schema says that it is text, text it is.
    if answer.is_success() && slot.attribute.kind != Type::Reference {
        return Ok(());
    }
    expect_refusal(&answer, &[400], &format!("{wrong} for profileUrl"))
}

/// An element of a list with that value, and the first suggested type.
fn element(slot: &Slot, value: &str) -> Value {
    let mut element = json!({ "value": value });
    if let Some(word) = suggested(slot, "type").first() {
        element["type"] = json!(word);
    }
    element
}

/// Notes a display form that has nothing to do with its value.
fn expect_display(t: &Trial, read: &Answer, slot: &Slot) -> Verdict {
    let elements = slot.get(read.resource()?).and_then(Value::as_array).cloned().unwrap_or_default();
    let bare = |value: Option<&Value>| {
        let text = value.and_then(Value::as_str).unwrap_or_default();
        text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase()
    };
    for element in &elements {
        let (display, value) = (bare(get(element, "display")), bare(get(element, "value")));
        if !display.is_empty() && !value.contains(&display) && !display.contains(&value) {
            t.note(
                read.flaw(format!("{}.display is no form of the value", slot.path()))
                    .expected(value)
                    .got(element.to_string())
                    .breaks(&["RFC7643-4.1.2-04"]),
            );
        }
    }
    Ok(())
}

check! {
    /// An e-mail address of the form of RFC 5321 is taken; the server may write it in a canonical form, and no more than that.
    ///
    /// Why: a plus in the local part is how people sort their mail. A target that refuses or drops it sends mail to nobody.
    ///
    /// Fix: check addresses loosely, fold the case of the domain at most, and keep the local part.
    EMAIL = email,
    id: "user.email-format",
    title: "e-mail addresses of RFC 5321 are taken and still deliverable",
    level: Should,
    requirements: ["RFC7643-4.1.2-01", "RFC7643-4.1.2-02", "RFC7643-4.1.2-04"],
    needs: [Users],
    breaks: [],
}

async fn email(t: &Trial) -> Verdict {
    let (users, slot) = place(t, "emails")?;
    let tag = t.ground().fresh_name();
    let values: Vec<Value> =
        [format!("Ada.{tag}+scim@EXAMPLE.com"), format!("o'brien-{tag}@sub.example.org")]
            .iter()
            .map(|address| json!([element(&slot, address)]))
            .collect();
    expect_kept(t, &users, &slot, &values, holds_but_type, &["RFC7643-4.1.2-01"]).await?;
    if let Fate::Stored(read, _) =
        fate(t, &users, &slot, &json!([element(&slot, &format!("{tag}@example.com"))])).await?
    {
        expect_display(t, &read, &slot)?;
    }
    Ok(())
}

check! {
    /// A phone number as a `tel:` URI of RFC 3966 is taken; whatever canonical form it gets, it is the same number.
    ///
    /// Why: JumpCloud and others send `tel:+1-201-555-0123`. A target that refuses it loses the person, one that mangles it loses
    /// the number.
    ///
    /// Fix: accept numbers with and without `tel:`, and change separators at most.
    PHONE = phone,
    id: "user.phone-format",
    title: "a phone number as a tel: URI is taken and stays the same number",
    level: Should,
    requirements: ["RFC7643-4.1.2-05", "RFC7643-4.1.2-06", "RFC7643-4.1.2-04"],
    needs: [Users],
    breaks: [JumpCloud],
}

async fn phone(t: &Trial) -> Verdict {
    let (users, slot) = place(t, "phoneNumbers")?;
    let digits = |value: &Value| -> String {
        let first = value.as_array().and_then(|items| get(items.first()?, "value")?.as_str());
        first.unwrap_or_default().chars().filter(char::is_ascii_digit).collect()
    };
    // Numbers that are set aside for fiction, so that no directory refuses them as wrong.
    let numbers = ["tel:+1-201-555-0123", "+1 201 555 0199"];
    let values: Vec<Value> = numbers.iter().map(|number| json!([element(&slot, number)])).collect();
    let same = |_: &Attribute, sent: &Value, stored: &Value| digits(sent) == digits(stored);
    expect_kept(t, &users, &slot, &values, same, &["RFC7643-4.1.2-05"]).await?;
    if let Fate::Stored(read, _) = fate(t, &users, &slot, &values[0]).await? {
        expect_display(t, &read, &slot)?;
    }
    Ok(())
}

check! {
    /// An address of an instant messenger is taken with every service that the schema suggests, and no letter of it is lost.
    ///
    /// Why: services come and go. A handle that is cut or a service that is refused makes the entry worthless.
    ///
    /// Fix: keep the handle; remove white space and fold case at most.
    IMS = ims,
    id: "user.ims-format",
    title: "addresses of instant messengers are taken and kept",
    level: Should,
    requirements: ["RFC7643-4.1.2-08", "RFC7643-4.1.2-09"],
    needs: [Users],
    breaks: [],
}

async fn ims(t: &Trial) -> Verdict {
    let (users, slot) = place(t, "ims")?;
    let bare = |value: &Value| -> String {
        let first = value.as_array().and_then(|items| get(items.first()?, "value")?.as_str());
        first.unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase()
    };
    let words = suggested(&slot, "type");
    let word = words.iter().find(|word| *word == "xmpp").or(words.first()).map_or("xmpp", String::as_str);
    let mut value = json!({ "value": format!("Some Handle {}", t.ground().fresh_name()) });
    if slot.attribute.sub("type").is_some() {
        value["type"] = json!(word);
    }
    let same = |_: &Attribute, sent: &Value, stored: &Value| bare(sent) == bare(stored);
    expect_kept(t, &users, &slot, &[json!([value])], same, &["RFC7643-4.1.2-08", "RFC7643-4.1.2-09"]).await
}

check! {
    /// A `type` that is not among the suggested ones is kept, dropped or refused; it is no internal error.
    ///
    /// Why: `work` and `home` are suggestions. An identity provider sends what its administrators typed, and has to hear when
    /// that is not possible.
    ///
    /// Fix: store the word, or answer 400 with `"scimType": "invalidValue"`.
    LABELS = labels,
    id: "user.types-beyond-the-suggested",
    title: "a type beyond the suggested ones is no internal error",
    level: May,
    requirements: ["RFC7643-4.1.2-03", "RFC7643-4.1.2-07", "RFC7643-4.1.2-10", "RFC7643-2.3.1-04", "RFC7644-3.12-17"],
    needs: [Users],
    breaks: [],
}

async fn labels(t: &Trial) -> Verdict {
    let users = t.users()?;
    let tag = t.ground().fresh_name();
    let cases = [
        ("emails", "backup", format!("{tag}@example.com")),
        ("phoneNumbers", "satellite", "tel:+1-201-555-0155".to_owned()),
        ("ims", "matrix", tag),
    ];
    let mut is_judged = false;
    for (name, word, value) in cases {
        let Some(slot) = core(&users, name).filter(|slot| slot.attribute.sub("type").is_some()) else {
            continue;
        };
        is_judged = true;
        no_crash(t, &users, &slot, &json!([{ "value": value, "type": word }])).await?;
    }
    if is_judged { Ok(()) } else { skip("users have no list with a type") }
}

check! {
    /// The same photo may be there in two sizes, one labelled photo and one thumbnail.
    ///
    /// Why: a list that keeps one value per address, or one value at all, loses the size that an application needs.
    ///
    /// Fix: keep every element of a list, also where values repeat with another type.
    PHOTOS = photos,
    id: "user.photos",
    title: "a photo and its thumbnail are both kept",
    level: May,
    requirements: ["RFC7643-4.1.2-12"],
    needs: [Users],
    breaks: [],
}

async fn photos(t: &Trial) -> Verdict {
    let (users, slot) = place(t, "photos")?;
    let words = suggested(&slot, "type");
    let is_known = |word: &str| words.is_empty() || words.iter().any(|known| known == word);
    if slot.attribute.sub("type").is_none() || !is_known("photo") || !is_known("thumbnail") {
        return skip("photos have no types for two sizes");
    }
    let at = format!("https://example.com/{}", t.ground().fresh_name());
    let value = json!([
        { "value": format!("{at}/F.jpg"), "type": "photo" },
        { "value": format!("{at}/T.jpg"), "type": "thumbnail" },
    ]);
    expect_kept(t, &users, &slot, &[value], holds_but_type, &["RFC7643-4.1.2-12"]).await
}
