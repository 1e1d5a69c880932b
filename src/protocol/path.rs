//! PATCH paths (RFC 7644 §3.5.2 figure 7): `attribute`, `attribute.sub`, `attribute[filter]`,
//! `attribute[filter].sub`, each with an optional schema URI in front.
//!
//! The URI of an extension alone names its container; it reads as a path and is told apart when it is bound
//! ([`super::attr::Bound::Container`]). Simple multi-valued attributes are filtered by the name `value`:
//! `schemas[value eq "…"]`.

use std::fmt;

use super::attr::{AttrPath, is_attribute_name};
use super::error::ScimError;
use super::filter::{Filter, FilterError, MAX_LENGTH, Parser, Position};
use super::policy::Policy;

/// The target of a PATCH operation, not bound to a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchPath {
    /// The attribute; its `sub` is used only where there is no filter.
    pub attr: AttrPath,
    /// Which elements are meant.
    pub filter: Option<Filter>,
    /// The sub-attribute named after the filter.
    pub sub: Option<String>,
}

/// Text that is not a PATCH path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("path, column {}: {message}", .position.column)]
pub struct PathError {
    /// Where the text is wrong.
    pub position: Position,
    /// What is wrong and what would be right.
    pub message: String,
    /// The mistake is in the filter between the brackets (RFC 7644 table 9: `invalidFilter`).
    pub in_filter: bool,
}

impl From<PathError> for ScimError {
    fn from(error: PathError) -> Self {
        let detail = error.to_string();
        if error.in_filter { ScimError::invalid_filter(detail) } else { ScimError::invalid_path(detail) }
    }
}

impl PathError {
    fn new(text: &str, offset: usize, message: impl Into<String>) -> Self {
        Self { position: Position::new(text, offset), message: message.into(), in_filter: false }
    }

    /// A mistake that the filter parser found. Where the text ended before the filter did, the brackets are what is
    /// wrong.
    fn in_filter(text: &str, error: FilterError) -> Self {
        let position = error.position.unwrap_or(Position::new(text, 0));
        Self { position, message: error.message, in_filter: position.offset < text.len() }
    }
}

/// Reads a path; the policy is that of the filter's literals.
///
/// # Errors
/// [`PathError`] with the position of the mistake.
pub fn parse(text: &str, policy: &Policy) -> Result<PatchPath, PathError> {
    if text.len() > MAX_LENGTH {
        let message = format!("{} bytes are too many, at most {MAX_LENGTH} are read", text.len());
        return Err(PathError::new(text, 0, message));
    }
    let bracket = text.find('[');
    let attr = AttrPath::parse(&text[..bracket.unwrap_or(text.len())])
        .map_err(|error| PathError::new(text, error.offset, error.problem))?;
    let Some(bracket) = bracket else { return Ok(PatchPath { attr, filter: None, sub: None }) };
    if let Some(sub) = &attr.sub {
        let message = format!("a filter follows an attribute, not a sub-attribute such as `{sub}`");
        return Err(PathError::new(text, bracket, message));
    }
    let (filter, rest) = Parser::at(text, bracket, policy)
        .and_then(Parser::bracketed)
        .map_err(|error| PathError::in_filter(text, error))?;
    let sub = match rest.strip_prefix('.') {
        Some(sub) if is_attribute_name(sub) => Some(sub.to_owned()),
        None if rest.is_empty() => None,
        _ => {
            let message = "expected `.` and a sub-attribute, or the end of the path, after `]`";
            return Err(PathError::new(text, text.len() - rest.len(), message));
        }
    };
    Ok(PatchPath { attr, filter: Some(filter), sub })
}

impl fmt::Display for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.attr.fmt(f)?;
        if let Some(filter) = &self.filter {
            write!(f, "[{filter}]")?;
        }
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::filter::strategies::{element_filter, name, path};
    use super::*;
    use crate::protocol::error::ScimType;

    fn mistake(text: &str) -> (String, ScimType) {
        let error = ScimError::from(parse(text, &Policy::STRICT).expect_err(text));
        (error.detail, error.scim_type.unwrap())
    }

    #[test]
    fn the_parts_of_a_path_are_told_apart() {
        for (text, attr, filter, sub) in [
            ("members", "members", None, None),
            ("name.familyName", "name.familyName", None, None),
            (r#"emails[type eq "work"]"#, "emails", Some(r#"type eq "work""#), None),
            (r#"emails[type eq"]."].value"#, "emails", Some(r#"type eq "].""#), Some("value")),
            ("members[a pr or b pr].$ref", "members", Some("a pr or b pr"), Some("$ref")),
            ("urn:x:2.0:User:manager[value pr]", "urn:x:2.0:User:manager", Some("value pr"), None),
            ("urn:x:2.0:User", "urn:x:2.0:User", None, None),
        ] {
            let path = parse(text, &Policy::STRICT).unwrap();
            let filter: Option<Filter> = filter.map(|text| super::super::filter::parse(text).unwrap());
            assert_eq!(path.attr.to_string(), attr, "{text}");
            assert_eq!((path.filter, path.sub.as_deref()), (filter, sub), "{text}");
        }
    }

    #[test]
    fn the_policy_of_filters_counts_within_the_brackets() {
        let lenient = Policy { bare_filter_literals: true, ..Policy::STRICT };
        let path = parse("roles[primary eq True].value", &lenient).unwrap();
        assert_eq!(path.to_string(), r#"roles[primary eq "True"].value"#);
        assert!(parse("roles[primary eq True].value", &Policy::STRICT).is_err());
    }

    #[test]
    fn a_mistake_within_the_brackets_is_an_invalid_filter() {
        for text in [
            "emails[]",
            "emails[type]",
            "emails[type eq x]",
            r#"a[b eq "x]"#,
            "a[b pr c]",
            "a[b[c pr]]",
            "a[b pr)",
        ] {
            assert_eq!(mistake(text).1, ScimType::InvalidFilter, "{text}");
        }
        insta::assert_snapshot!(mistake("emails[type foo 1]").0, @"path, column 13: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr), found `foo`");
        insta::assert_snapshot!(mistake("emails[type eq x]").0, @"path, column 16: expected a value (a string in double quotes, a number, true, false or null), found `x`");
    }

    #[test]
    fn any_other_mistake_is_an_invalid_path() {
        for text in [
            "",
            " ",
            "emails[",
            "emails[type",
            r#"emails[type eq "x""#,
            "emails[type pr].",
            "emails[type pr].4",
            "emails]",
            "emails[a pr]x",
            "emails[a pr].b.c",
            "emails[a pr][b pr]",
            "emails[a pr].b[c pr]",
            "a.b[c pr]",
            "a.b.c",
            "a b",
            " members",
            "members ",
            "members.",
            "[a pr]",
            ":a",
            "a/b",
            r#"schemas eq "x""#,
        ] {
            assert_eq!(mistake(text).1, ScimType::InvalidPath, "{text}");
        }
        insta::assert_snapshot!(mistake("emails[type eq \"x\"").0, @"path, column 19: expected `and`, `or` or `]`, found the end");
        insta::assert_snapshot!(mistake("emails[type pr].").0, @"path, column 16: expected `.` and a sub-attribute, or the end of the path, after `]`");
        insta::assert_snapshot!(mistake("name.x[type pr]").0, @"path, column 7: a filter follows an attribute, not a sub-attribute such as `x`");
        insta::assert_snapshot!(mistake("é").0, @"path, column 1: `é` is not an attribute name (a letter, then letters, digits, `-`, `_`)");
        assert_eq!(mistake(&"a".repeat(MAX_LENGTH + 1)).1, ScimType::InvalidPath);
    }

    fn patch_path() -> impl Strategy<Value = PatchPath> {
        let filtered =
            (path(), element_filter(), proptest::option::of(name())).prop_map(|(attr, filter, sub)| {
                PatchPath { attr: AttrPath { sub: None, ..attr }, filter: Some(filter), sub }
            });
        prop_oneof![path().prop_map(|attr| PatchPath { attr, filter: None, sub: None }), filtered]
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(path in patch_path()) {
            let text = path.to_string();
            prop_assume!(text.len() <= MAX_LENGTH);
            prop_assert_eq!(parse(&text, &Policy::STRICT)?, path);
        }

        #[test]
        fn no_input_panics(text in any::<String>(), near in "(a|eq|pr|\\[|\\]|\"|'|\\\\|\\.|:| |é|1){0,16}") {
            for text in [text, near] {
                let _ = (parse(&text, &Policy::STRICT), parse(&text, &Policy::INTEROP));
            }
        }

        #[test]
        fn mutated_paths_never_panic_and_point_into_the_text(
            path in patch_path(), at: prop::sample::Index, change in "[a-z()\\[\\]\"' .é]{0,2}", cut in 0..3_usize,
        ) {
            let mut text: Vec<char> = path.to_string().chars().collect();
            let start = at.index(text.len());
            let end = text.len().min(start + cut);
            text.splice(start..end, change.chars());
            let text: String = text.into_iter().collect();
            if let Err(error) = parse(&text, &Policy::STRICT) {
                prop_assert!(text.is_char_boundary(error.position.offset));
            }
        }
    }
}
