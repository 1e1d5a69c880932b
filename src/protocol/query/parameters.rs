//! Reading single parameters.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::protocol::attr::AttrPath;
use crate::protocol::error::ScimError;
use crate::protocol::message::member;
use crate::protocol::policy::Policy;

/// Name and value of one parameter, decoded.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Splits the query of a URL, without its `?`, into names and values.
///
/// `+` is a space (Q-H09), empty pieces are skipped (Q-H07), and a name without `=` has an empty value (a bare
/// `cursor`, RFC 9865 §2). A `%` that begins no escape stands for itself.
///
/// # Errors
/// 400 `invalidSyntax` for a name or value that is not UTF-8.
pub fn decode_pairs(query: &str) -> Result<Vec<Pair<'_>>, ScimError> {
    let pieces = query.split('&').filter(|piece| !piece.is_empty());
    let pairs = pieces.map(|piece| piece.split_once('=').unwrap_or((piece, "")));
    pairs.map(|(name, value)| Ok((decode(name)?, decode(value)?))).collect()
}

fn decode(text: &str) -> Result<Cow<'_, str>, ScimError> {
    let not_utf8 = |_| ScimError::invalid_syntax("the query of the URL is not percent-encoded UTF-8");
    if !text.contains('+') {
        return percent_decode_str(text).decode_utf8().map_err(not_utf8);
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(not_utf8)?;
    Ok(Cow::Owned(decoded.into_owned()))
}

/// A whole number with an optional sign. What does not fit is cut off at 0 and [`u64::MAX`].
pub(super) fn number(name: &str, text: &str) -> Result<u64, ScimError> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    match digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty() {
        true if text.starts_with('-') => Ok(0),
        true => Ok(digits.parse().unwrap_or(u64::MAX)),
        false => Err(ScimError::invalid_value(format!("`{name}` must be a whole number"))),
    }
}

/// Where `sortBy` points.
pub(super) fn path(text: &str) -> Result<AttrPath, ScimError> {
    AttrPath::parse(text).map_err(|error| {
        ScimError::invalid_value(format!(
            "`sortBy` must be an attribute like `userName` or `name.familyName`: at character {}: {error}",
            text[..error.offset.min(text.len())].chars().count() + 1,
        ))
    })
}

/// The meaning of `sortOrder`.
pub(super) fn is_descending(text: &str) -> Result<bool, ScimError> {
    match text.to_ascii_lowercase().as_str() {
        "ascending" => Ok(false),
        "descending" => Ok(true),
        _ => Err(ScimError::invalid_value("`sortOrder` must be `ascending` or `descending`")),
    }
}

/// The names in a list separated by commas.
pub(super) fn names(list: &str) -> impl Iterator<Item = String> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// A member of a search that must be an array of names; a list as text passes where plurality is loose.
pub(super) fn list(body: &Map<String, Value>, name: &str, policy: &Policy) -> Result<Vec<String>, ScimError> {
    let wrong = || ScimError::invalid_syntax(format!("`{name}` must be an array of attribute names"));
    match member(body, name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(list)) if policy.loose_plurality => Ok(names(list).collect()),
        Some(Value::Array(elements)) => {
            let texts =
                elements.iter().map(|element| Ok(element.as_str().ok_or_else(wrong)?.trim().to_owned()));
            Ok(texts
                .collect::<Result<Vec<String>, ScimError>>()?
                .into_iter()
                .filter(|t| !t.is_empty())
                .collect())
        }
        Some(_) => Err(wrong()),
    }
}
