//! Entity tags and preconditions (RFC 7644 §3.14; RFC 9110 §8.8.3, §13).
//!
//! Tags are compared weakly everywhere. RFC 9110 §13.1.1 wants strong comparison for `If-Match`, under
//! which a weak tag never matches; but RFC 7644 §3.14 uses `If-Match: W/"…"` and expects a match, and so do
//! SCIM clients.

use std::fmt;

use super::error::ScimError;

/// An entity tag: `"text"` or `W/"text"` (RFC 9110 §8.8.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntityTag {
    /// Whether it is written with `W/`.
    pub weak: bool,
    /// The text between the quotation marks.
    pub tag: String,
}

/// The value of an `If-Match` or `If-None-Match` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagList {
    /// `*`: whatever the current version is.
    Any,
    /// One of these.
    Tags(Vec<EntityTag>),
}

/// What to do with a request whose preconditions did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// Go on with the method.
    Proceed,
    /// Answer 304 without a body: the client has the current version.
    NotModified,
}

impl EntityTag {
    /// A weak tag, which is what a provider of JSON documents can promise.
    ///
    /// `tag` must consist of visible characters other than `"`.
    pub fn weak(tag: impl Into<String>) -> Self {
        Self { weak: true, tag: tag.into() }
    }

    /// Reads one tag, as it stands in an `ETag` header, in `meta.version`, or as the `version` of a bulk operation.
    ///
    /// # Errors
    /// 400 `invalidSyntax` when it is not of the form `"text"` or `W/"text"`.
    pub fn parse(text: &str) -> Result<EntityTag, ScimError> {
        match take_tag(text.trim()) {
            Some((tag, "")) => Ok(tag),
            _ => Err(malformed(text)),
        }
    }

    /// Weak comparison (RFC 9110 §8.8.3.2): the texts are equal, whether weak or not.
    pub fn matches(&self, other: &EntityTag) -> bool {
        self.tag == other.tag
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\"{}\"", if self.weak { "W/" } else { "" }, self.tag)
    }
}

impl TagList {
    /// Reads a header value: `*`, or tags separated by commas (RFC 9110 §13.1.1, §13.1.2). Empty list
    /// elements are skipped (RFC 9110 §5.6.1). Several header lines are joined with commas beforehand.
    ///
    /// # Errors
    /// 400 `invalidSyntax`: to ignore a malformed `If-Match` would lose the update that it was to protect.
    pub fn parse(header: &str) -> Result<TagList, ScimError> {
        if header.trim() == "*" {
            return Ok(TagList::Any);
        }
        let mut rest = header.trim();
        let mut tags = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix(',') {
                rest = after.trim_start();
                continue;
            }
            let (tag, after) = take_tag(rest).ok_or_else(|| malformed(header))?;
            tags.push(tag);
            rest = after.trim_start();
            if !rest.is_empty() && !rest.starts_with(',') {
                return Err(malformed(header));
            }
        }
        match tags.is_empty() {
            true => Err(malformed(header)),
            false => Ok(TagList::Tags(tags)),
        }
    }

    /// Whether the list covers the current version. Nothing covers a resource that does not exist.
    pub fn matches(&self, current: Option<&EntityTag>) -> bool {
        match (self, current) {
            (_, None) => false,
            (TagList::Any, Some(_)) => true,
            (TagList::Tags(tags), Some(current)) => tags.iter().any(|tag| tag.matches(current)),
        }
    }
}

/// Evaluates the conditional headers of a request in the order of RFC 9110 §13.2.2.
///
/// `method` is the HTTP method in upper case, `current` the tag of the resource as it is now, absent where
/// there is none. Call it only where the request would succeed otherwise (RFC 9110 §13.2.1): a missing
/// resource is a 404 first.
///
/// # Errors
/// 412 when a precondition failed; 400 `invalidSyntax` when a header does not parse.
pub fn precondition(
    method: &str,
    if_match: Option<&str>,
    if_none_match: Option<&str>,
    current: Option<&EntityTag>,
) -> Result<Precondition, ScimError> {
    if let Some(header) = if_match
        && !TagList::parse(header)?.matches(current)
    {
        return Err(failed("the resource is not at the version that `If-Match` names", current));
    }
    if let Some(header) = if_none_match
        && TagList::parse(header)?.matches(current)
    {
        return match method {
            "GET" | "HEAD" => Ok(Precondition::NotModified),
            _ => Err(failed("the resource is at a version that `If-None-Match` rules out", current)),
        };
    }
    Ok(Precondition::Proceed)
}

fn failed(problem: &str, current: Option<&EntityTag>) -> ScimError {
    let now = match current {
        Some(tag) => format!("; its version is `{tag}` now"),
        None => String::new(),
    };
    ScimError::status(412, format!("{problem}{now}"))
}

fn malformed(text: &str) -> ScimError {
    let shown: String = text.chars().take(80).collect();
    ScimError::invalid_syntax(format!(
        "`{shown}` is not an entity tag: write `\"text\"` or `W/\"text\"`, or `*` for any"
    ))
}

/// Splits off the tag that `text` begins with.
fn take_tag(text: &str) -> Option<(EntityTag, &str)> {
    // The `W` is case-sensitive (RFC 9110 §8.8.3).
    let (weak, text) = match text.strip_prefix("W/") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (tag, rest) = text.strip_prefix('"')?.split_once('"')?;
    let is_etagc = |c: char| !c.is_ascii_control() && c != ' ';
    tag.chars().all(is_etagc).then(|| (EntityTag { weak, tag: tag.to_owned() }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RFC_TAG: &str = "W/\"e180ee84f0671b1\"";

    fn status_of(result: Result<Precondition, ScimError>) -> u16 {
        match result {
            Ok(Precondition::Proceed) => 200,
            Ok(Precondition::NotModified) => 304,
            Err(error) => error.status,
        }
    }

    #[test]
    fn examples_of_rfc_7644_3_14() {
        let current = EntityTag::parse(RFC_TAG).unwrap();
        let stale = "W/\"a330bc54f0671c9\"";
        for (what, method, if_match, if_none_match, status) in [
            ("conditional retrieval, unchanged", "GET", None, Some(RFC_TAG), 304),
            ("conditional retrieval, changed", "GET", None, Some(stale), 200),
            ("PUT at the current version", "PUT", Some(RFC_TAG), None, 200),
            ("PATCH at the current version", "PATCH", Some(RFC_TAG), None, 200),
            ("PUT at a stale version", "PUT", Some(stale), None, 412),
            ("DELETE at a stale version", "DELETE", Some(stale), None, 412),
            ("no condition", "PUT", None, None, 200),
        ] {
            assert_eq!(
                status_of(precondition(method, if_match, if_none_match, Some(&current))),
                status,
                "{what}"
            );
        }
    }

    #[test]
    fn preconditions_of_rfc_9110() {
        let current = EntityTag::weak("a");
        for (method, if_match, if_none_match, exists, status) in [
            ("PUT", Some("\"a\""), None, true, 200),
            ("PUT", Some("\"x\", W/\"a\""), None, true, 200),
            ("PUT", Some("*"), None, true, 200),
            ("PUT", Some("*"), None, false, 412),
            ("PUT", Some("\"a\""), None, false, 412),
            ("PUT", None, Some("*"), true, 412),
            ("PUT", None, Some("*"), false, 200),
            ("HEAD", None, Some("\"x\",\"a\""), true, 304),
            ("DELETE", None, Some("\"a\""), true, 412),
            // If-Match is evaluated first.
            ("GET", Some("\"x\""), Some("\"a\""), true, 412),
            ("GET", Some("\"a\""), Some("\"a\""), true, 304),
            ("PUT", Some("a"), None, true, 400),
            ("PUT", Some(""), None, true, 400),
        ] {
            let current = exists.then_some(&current);
            assert_eq!(
                status_of(precondition(method, if_match, if_none_match, current)),
                status,
                "{method} {if_match:?} {if_none_match:?}"
            );
        }
    }

    #[test]
    fn lists_may_hold_commas_in_tags_and_empty_elements() {
        let tags = TagList::parse(" , \"a,b\" ,, W/\"\",").unwrap();
        assert_eq!(
            tags,
            TagList::Tags(vec![EntityTag { weak: false, tag: "a,b".into() }, EntityTag::weak("")])
        );
        for wrong in ["", ",", "a", "\"a", "w/\"a\"", "\"a\" \"b\"", "\"a b\"", "*, \"a\"", "W/ \"a\""] {
            assert_eq!(TagList::parse(wrong).unwrap_err().status, 400, "{wrong:?}");
        }
    }

    #[test]
    fn a_failed_precondition_names_the_current_version() {
        let error = precondition("PUT", Some("\"x\""), None, Some(&EntityTag::weak("7"))).unwrap_err();
        insta::assert_snapshot!(error, @r#"412 the resource is not at the version that `If-Match` names; its version is `W/"7"` now"#);
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(weak: bool, tag in "[!#-~\u{a0}-\u{ff}]{0,20}") {
            let tag = EntityTag { weak, tag };
            prop_assert_eq!(&EntityTag::parse(&tag.to_string()).unwrap(), &tag);
            let list = TagList::parse(&format!("{tag},{tag}")).unwrap();
            prop_assert_eq!(list, TagList::Tags(vec![tag; 2]));
        }

        #[test]
        fn no_input_panics(text in ".*") {
            let _ = EntityTag::parse(&text);
            let _ = TagList::parse(&text);
        }
    }
}
