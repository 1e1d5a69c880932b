//! SCIM errors: one table of `scimType` keywords, one error type, one JSON form.
//!
//! Source: RFC 7644 §3.12 (tables 8 and 9, with the corrections of erratum 6893) and RFC 9865 §2.1.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::message::ERROR;

macro_rules! scim_types {
    ($( $(#[$doc:meta])* $name:ident = $keyword:literal, $status:literal; )*) => {
        /// The `scimType` keywords, each with the HTTP status that it goes with.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ScimType { $( $(#[$doc])* $name, )* }

        impl ScimType {
            /// Every keyword, in the order of the table.
            pub const ALL: &'static [ScimType] = &[ $( ScimType::$name, )* ];

            /// The keyword as it stands in an Error message.
            pub const fn keyword(self) -> &'static str {
                match self { $( ScimType::$name => $keyword, )* }
            }

            /// The HTTP status that the keyword goes with.
            pub const fn status(self) -> u16 {
                match self { $( ScimType::$name => $status, )* }
            }
        }
    };
}

scim_types! {
    /// The filter does not parse, or combines an attribute and an operator that do not go together.
    InvalidFilter = "invalidFilter", 400;
    /// The query yields more results than the server is willing to process.
    TooMany = "tooMany", 400;
    /// A value is in use already, or reserved. 409 by RFC 7644 §3.3, although table 9 is headed 400.
    Uniqueness = "uniqueness", 409;
    /// The change clashes with the attribute's mutability or with the current state.
    Mutability = "mutability", 400;
    /// The body is not JSON, or not of the structure that the message demands.
    InvalidSyntax = "invalidSyntax", 400;
    /// A PATCH path does not parse or names something that cannot be a target.
    InvalidPath = "invalidPath", 400;
    /// A PATCH path selects nothing that could be operated on.
    NoTarget = "noTarget", 400;
    /// A required value is missing, or a value does not fit the attribute's type or the operation.
    InvalidValue = "invalidValue", 400;
    /// The protocol version asked for is not supported.
    InvalidVers = "invalidVers", 400;
    /// The request would put sensitive data into a URI (RFC 7644 §7.5.2, erratum 6893: status 403).
    Sensitive = "sensitive", 403;
    /// The cursor is not one that this query returned (RFC 9865 §2.1).
    InvalidCursor = "invalidCursor", 400;
    /// The cursor is older than the provider keeps it (RFC 9865 §2.1).
    ExpiredCursor = "expiredCursor", 400;
    /// The page size is not acceptable, or changed between the pages of one query (RFC 9865 §2.1).
    InvalidCount = "invalidCount", 400;
}

/// A request that cannot be fulfilled: HTTP status, optional keyword, and a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {}{detail}", .scim_type.map(|t| format!("{}: ", t.keyword())).unwrap_or_default())]
pub struct ScimError {
    /// HTTP status code, 400..=599.
    pub status: u16,
    /// The keyword, where one is defined for the situation.
    pub scim_type: Option<ScimType>,
    /// What was wrong, where, and what would be right. Never holds a secret or an internal detail.
    pub detail: String,
}

impl ScimError {
    /// An error with a keyword and the status that belongs to it.
    pub fn new(scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self { status: scim_type.status(), scim_type: Some(scim_type), detail: detail.into() }
    }

    /// An error that has no keyword of its own.
    pub fn status(status: u16, detail: impl Into<String>) -> Self {
        Self { status, scim_type: None, detail: detail.into() }
    }

    /// 400 `invalidFilter`.
    pub fn invalid_filter(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidFilter, detail)
    }

    /// 400 `invalidSyntax`.
    pub fn invalid_syntax(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidSyntax, detail)
    }

    /// 400 `invalidValue`.
    pub fn invalid_value(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidValue, detail)
    }

    /// 400 `invalidPath`.
    pub fn invalid_path(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidPath, detail)
    }

    /// 400 `noTarget`.
    pub fn no_target(detail: impl Into<String>) -> Self {
        Self::new(ScimType::NoTarget, detail)
    }

    /// 400 `mutability`.
    pub fn mutability(detail: impl Into<String>) -> Self {
        Self::new(ScimType::Mutability, detail)
    }

    /// 409 `uniqueness`.
    pub fn uniqueness(detail: impl Into<String>) -> Self {
        Self::new(ScimType::Uniqueness, detail)
    }

    /// The Error message: `status` is a JSON string (RFC 7644 §3.12).
    pub fn to_json(&self) -> Value {
        let mut body = json!({ "schemas": [ERROR], "status": self.status.to_string() });
        if let Some(scim_type) = self.scim_type {
            body["scimType"] = scim_type.keyword().into();
        }
        if !self.detail.is_empty() {
            body["detail"] = self.detail.as_str().into();
        }
        body
    }
}

/// Text of somebody else for a message: at most `most` characters of it, and `…` where it has more.
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_a_string_and_the_keyword_is_present_only_when_defined() {
        assert_eq!(
            ScimError::uniqueness("userName is taken").to_json(),
            json!({ "schemas": [ERROR], "status": "409", "scimType": "uniqueness", "detail": "userName is taken" })
        );
        assert_eq!(ScimError::status(404, "").to_json(), json!({ "schemas": [ERROR], "status": "404" }));
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        for (text, cut) in [("", ""), ("Zoë", "Zoë"), ("Zoë M", "Zoë…"), ("健二健二", "健二健…")]
        {
            assert_eq!(shortened(text, 3), cut);
        }
    }

    #[test]
    fn keywords_are_distinct() {
        let mut keywords: Vec<_> = ScimType::ALL.iter().map(|t| t.keyword()).collect();
        keywords.sort_unstable();
        keywords.dedup();
        assert_eq!(keywords.len(), ScimType::ALL.len());
    }
}
