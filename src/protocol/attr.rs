//! Attribute notation: `[URN ":"] name ["." sub]` (RFC 7644 §3.10), and what it names in a schema.

use std::fmt;

use super::schema::{Attribute, Extension};

/// A path as it was written. Equality is by text; names are compared without regard to case when they are
/// bound ([`super::schema::TypeSchema::bind`]).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttrPath {
    /// The schema URI before the last colon.
    pub schema: Option<String>,
    /// The attribute.
    pub name: String,
    /// The sub-attribute after the dot.
    pub sub: Option<String>,
}

/// Text that is not an attribute path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct NotationError {
    /// Byte offset of the mistake within the text.
    pub offset: usize,
    /// What is wrong.
    pub problem: String,
}

/// A well-formed path that no schema of the resource type defines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not an attribute of this resource type")]
pub struct UnknownAttribute {
    /// The path as written.
    pub path: String,
}

impl UnknownAttribute {
    pub(super) fn new(path: &AttrPath) -> Self {
        Self { path: path.to_string() }
    }
}

/// Where an attribute lives in a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container<'s> {
    /// At the top level.
    Core,
    /// In the object with this key (the URI as the schema spells it).
    Extension(&'s str),
}

/// What a path names.
#[derive(Debug, Clone, Copy)]
pub enum Bound<'s> {
    /// A whole extension container.
    Container(&'s Extension),
    /// An attribute, or one of its sub-attributes.
    Attribute {
        /// Where it lives.
        container: Container<'s>,
        /// The attribute.
        attribute: &'s Attribute,
        /// The sub-attribute, where one is named.
        sub: Option<&'s Attribute>,
    },
}

impl AttrPath {
    /// An unqualified name.
    pub fn simple(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into(), sub: None }
    }

    /// Reads a path. The schema URI ends at the last colon, so that the dots and colons of `2.0:User` do no harm.
    ///
    /// # Errors
    /// [`NotationError`] with the offset of the first character that cannot stand there.
    pub fn parse(text: &str) -> Result<AttrPath, NotationError> {
        let start = text.rfind(':').map_or(0, |colon| colon + 1);
        let schema = match start {
            0 => None,
            _ => {
                let uri = &text[..start - 1];
                if uri.is_empty() || uri.chars().any(|c| c.is_whitespace() || "\"()[]".contains(c)) {
                    return Err(NotationError { offset: 0, problem: format!("`{uri}` is not a schema URI") });
                }
                Some(uri.to_owned())
            }
        };
        let local = &text[start..];
        let (name, sub) = match local.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (local, None),
        };
        for (part, offset) in [(Some(name), start), (sub, start + name.len() + 1)] {
            let Some(part) = part else { continue };
            if part.is_empty() {
                return Err(NotationError { offset, problem: "an attribute name is missing here".into() });
            }
            if let Some(problem) = name_problem(part) {
                return Err(NotationError {
                    offset: offset + problem,
                    problem: format!(
                        "`{part}` is not an attribute name (a letter, then letters, digits, `-`, `_`)"
                    ),
                });
            }
        }
        Ok(AttrPath { schema, name: name.to_owned(), sub: sub.map(str::to_owned) })
    }
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}:")?;
        }
        f.write_str(&self.name)?;
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

impl Bound<'_> {
    /// The definition that a value at this path must fit: of the sub-attribute where one is named.
    pub fn leaf(&self) -> Option<&Attribute> {
        match self {
            Bound::Container(_) => None,
            Bound::Attribute { attribute, sub, .. } => Some(sub.unwrap_or(attribute)),
        }
    }
}

/// Whether `text` is an ATTRNAME: a letter, or `$` for `$ref` (erratum 8924), then letters, digits, `-`, `_`, `$`.
pub fn is_attribute_name(text: &str) -> bool {
    !text.is_empty() && name_problem(text).is_none()
}

/// Byte offset of the first character that cannot stand in an attribute name.
fn name_problem(text: &str) -> Option<usize> {
    let fits = |(index, c): &(usize, char)| match c {
        'a'..='z' | 'A'..='Z' | '$' => true,
        '0'..='9' | '-' | '_' => *index > 0,
        _ => false,
    };
    text.char_indices().find(|at| !fits(at)).map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_uri_ends_at_the_last_colon() {
        let path =
            AttrPath::parse("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value")
                .unwrap();
        assert_eq!(
            path.schema.as_deref(),
            Some("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")
        );
        assert_eq!((path.name.as_str(), path.sub.as_deref()), ("manager", Some("value")));
    }

    #[test]
    fn ref_is_an_attribute_name() {
        assert_eq!(AttrPath::parse("members.$ref").unwrap().sub.as_deref(), Some("$ref"));
    }

    #[test]
    fn mistakes_are_located() {
        for (text, offset) in
            [("", 0), ("name.", 5), ("na me", 2), ("name.given.x", 10), ("4x", 0), (":x", 0)]
        {
            assert_eq!(AttrPath::parse(text).unwrap_err().offset, offset, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(
            schema in proptest::option::of("urn(:[a-z0-9.]{1,8}){1,4}"), name in "[a-zA-Z][a-zA-Z0-9_-]{0,8}",
            sub in proptest::option::of("[$a-z][a-z0-9_-]{0,8}"),
        ) {
            let path = AttrPath { schema, name, sub };
            prop_assert_eq!(AttrPath::parse(&path.to_string()).unwrap(), path);
        }

        #[test]
        fn no_input_panics(text in ".*") {
            let _ = AttrPath::parse(&text);
        }
    }
}
