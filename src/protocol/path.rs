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
