//! What RFC 7643 §4 says of the text of single attributes. They are known by their names, wherever a schema uses them as
//! the RFC does.

use crate::protocol::schema::Attribute;

use super::notes::{At, Notes, quoted};
use super::{Rule, rules};

/// Looks at the text of a string attribute. An empty one says nothing.
pub(super) fn check(attribute: &Attribute, text: &str, at: &At<'_>, notes: &mut Notes) {
    if text.is_empty() {
        return;
    }
    let rule: &'static Rule = match attribute.name.as_str() {
        "country" if !is_country(text) => &rules::FORMAT_COUNTRY,
        "locale" if !is_language_tag(text) => &rules::FORMAT_LOCALE,
        "preferredLanguage" if !is_language_range(text) => &rules::FORMAT_LANGUAGE,
        "timezone" if !is_timezone(text) => &rules::FORMAT_TIMEZONE,
        "value" if at.is_within("emails") && !is_address(text) => &rules::FORMAT_EMAIL,
        "value" if (at.is_within("roles") || at.is_within("entitlements")) && is_json(text) => {
            return notes.add(&rules::JSON_IN_STRING, Some("Q-U13"), at, "the string is a JSON object");
        }
        _ => return,
    };
    notes.add(rule, None, at, format!("it is {}", quoted(text)));
}

/// ISO 3166-1 alpha-2 (RFC 7643 §4.1.2).
fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// RFC 5646, as far as its characters go; `_` for `-` is a common and allowed tolerance (RFC 7643 §4.1.1).
fn is_language_tag(text: &str) -> bool {
    text.split(['-', '_']).enumerate().all(|(index, part)| {
        let fits = |byte: u8| byte.is_ascii_alphabetic() || (index > 0 && byte.is_ascii_digit());
        (1..=8).contains(&part.len()) && part.bytes().all(fits)
    })
}

/// Accept-Language (RFC 9110 §12.5.4): tags, each perhaps with a weight.
fn is_language_range(text: &str) -> bool {
    text.split(',').all(|range| {
        let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
        let tag = tag.trim();
        let weight = weight.trim();
        (tag == "*" || is_language_tag(tag)) && (weight.is_empty() || weight.starts_with("q="))
    })
}

/// A name of the IANA database, as far as its characters go: `America/Los_Angeles`, `UTC`, `Etc/GMT+1`.
fn is_timezone(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte))
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
}

/// Something on both sides of an `@` (RFC 5321 §4.1.2, as far as no valid mailbox is touched).
fn is_address(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}

/// Whether the text is a JSON object.
fn is_json(text: &str) -> bool {
    text.starts_with('{') && serde_json::from_str::<serde_json::Map<_, _>>(text).is_ok()
}
