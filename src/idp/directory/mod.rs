//! The directory: people, groups and app assignments on the identity provider's side, the source of truth of a
//! simulation. docs/directories.md is the contract of the format.
//!
//! ```yaml
//! people:
//!   ada:
//!     userName: ada@acme.example.com
//!     name: { givenName: Ada, familyName: Byron }
//!     emails: [{ value: ada@acme.example.com, type: work, primary: true }]
//!     urn:ietf:params:scim:schemas:extension:enterprise:2.0:User: { department: Research }
//!     manager: grace
//!   grace: { userName: grace@acme.example.com, status: suspended }
//! groups:
//!   engineering: { displayName: Engineering, members: [ada, grace] }
//! assignments:
//!   groups: [engineering]
//!   scope: 'userType eq "Employee"'
//! mappings:
//!   entra: { title: ~ }
//! ```
//!
//! The keys (`ada`, `engineering`) are names for the file only; no two are the same, people and groups together.
//!
//! | module | what lives there |
//! |---|---|
//! | `decode` | from YAML to the types below, every mistake at its place |
//! | [`doubles`] | what two have that should tell them apart |
//! | [`edit`] | changes, as an administrator makes them |
//! | [`scope`] | who is assigned and who is not, and who belongs to which group |
//! | [`mod@write`] | back to YAML |
//! | [`generate`] | large directories of invented people |
//! | [`import`] | directories from tables and from SCIM services |
//! | `keys` | keys for people and groups that have none |
//! | `variables` | what scenarios use of it |

use serde_json::{Map, Value};

use super::Dialect;
use crate::protocol::filter::Filter;
use crate::yaml::Span;

mod decode;
pub mod doubles;
pub mod edit;
pub mod generate;
pub mod import;
mod keys;
pub mod scope;
mod variables;
pub mod write;

pub use decode::{check_changes, parse};

/// The enterprise extension of a User (RFC 7643 §4.3), whose attributes people have below this key.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The JSON Schema of directories, for editors and other tools.
pub const JSON_SCHEMA: &str = include_str!("directory.schema.json");

/// People, groups, and who of them is assigned to the application.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Directory {
    /// In the order of the file.
    pub people: Vec<Person>,
    /// In the order of the file.
    pub groups: Vec<Group>,
    /// Who is assigned; `None` is everybody, and every group.
    pub assignments: Option<Assignments>,
    /// What differs from the vendors' default attribute mappings, in the order of the file, a dialect once.
    pub mappings: Vec<DialectMapping>,
}

/// Somebody who may be provisioned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Person {
    /// Name within the file.
    pub key: String,
    /// SCIM attributes, `userName` among them, as they would stand in a User resource, in the spelling of the
    /// schema. `active` is not among them: [`Person::status`] says it.
    pub attributes: Map<String, Value>,
    /// Key of the person that this one reports to.
    pub manager: Option<String>,
    /// Whether the account is in use.
    pub status: PersonStatus,
}

impl Person {
    /// The userName; the key where there is none, which a directory that was read never lacks.
    pub fn user_name(&self) -> &str {
        self.attributes.get("userName").and_then(Value::as_str).unwrap_or(&self.key)
    }
}

/// Whether an account is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PersonStatus {
    /// It is.
    #[default]
    Active,
    /// It is not, but may be again: disabled, on leave, suspended.
    Suspended,
    /// It was deleted; identity providers keep such accounts for a while.
    Deleted,
}

impl PersonStatus {
    /// Every status with the word for it in files.
    pub const WORDS: [(&'static str, Self); 3] =
        [("active", Self::Active), ("suspended", Self::Suspended), ("deleted", Self::Deleted)];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deleted => "deleted",
        }
    }
}

/// A group of people and of further groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Name within the file.
    pub key: String,
    /// The name that is shown and, on most targets, identifies the group.
    pub display_name: String,
    /// The identifier on the side of the identity provider.
    pub external_id: Option<String>,
    /// In the order of the file. No chain of groups leads back to its beginning in a directory that was read.
    pub members: Vec<Member>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Member {
    /// The key of a person.
    Person(String),
    /// The key of a group, which is nested in this one.
    Group(String),
}

impl Member {
    /// The key of the person or group.
    pub fn key(&self) -> &str {
        match self {
            Member::Person(key) | Member::Group(key) => key,
        }
    }
}

/// Who is assigned to the application.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Assignments {
    /// People who are assigned themselves.
    pub users: Assigned,
    /// Groups whose members are assigned, and which are provisioned.
    pub groups: Assigned,
    /// What a person must fit besides; see [`scope::ScopeFilter`] for what it looks at.
    pub scope: Option<Filter>,
}

/// Which people or groups are assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assigned {
    /// Every one of them.
    All,
    /// Those with these keys.
    These(Vec<String>),
}

impl Default for Assigned {
    fn default() -> Self {
        Assigned::These(Vec::new())
    }
}

/// What differs from a vendor's default attribute mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct DialectMapping {
    /// Whose mapping it is.
    pub dialect: Dialect,
    /// In the order of the file.
    pub rules: Vec<MappingText>,
}

/// One attribute of the target and where its value comes from, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct MappingText {
    /// Path of the target's attribute.
    pub target: String,
    /// Where the path stands in the file.
    pub target_span: Span,
    /// The expression and where it stands; `None` where the attribute is not mapped (`null`).
    pub expression: Option<(String, Span)>,
}

#[cfg(test)]
mod schema_tests;
#[cfg(test)]
mod tests;
