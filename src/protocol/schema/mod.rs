//! Schemas and resource types as data (RFC 7643 §2, §6, §7).
//!
//! A [`Schema`] is a list of [`Attribute`] definitions with every characteristic. A [`ResourceType`] names
//! a base schema and extensions. A [`Registry`] binds them into one [`TypeSchema`] per resource type, which is
//! what validation, filters, PATCH and projection work with. The standard ones are JSON files beside this
//! file ([`standard`]); custom ones load from the same format ([`Schema::from_json`]).

use std::sync::Arc;

use serde_json::Value;

mod definition;
mod registry;
pub mod standard;

pub use definition::DefinitionError;
pub use registry::{Extension, Registry, TypeSchema};

/// URI of the User base schema.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URI of the Group base schema.
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// URI of the enterprise extension of User.
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// URI of the service provider configuration schema.
pub const SERVICE_PROVIDER_CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
/// URI of the ResourceType schema.
pub const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
/// URI of the Schema schema.
pub const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

/// Data type of an attribute (RFC 7643 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// Unicode text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A number with an optional fraction.
    Decimal,
    /// A whole number.
    Integer,
    /// xsd:dateTime text.
    DateTime,
    /// base64 text.
    Binary,
    /// A URI.
    Reference,
    /// An object of sub-attributes.
    Complex,
}

/// Whether and when a client may write an attribute (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mutability {
    /// Set by the provider only.
    ReadOnly,
    /// Freely read and written.
    ReadWrite,
    /// Written once.
    Immutable,
    /// Written, never returned.
    WriteOnly,
}

/// When an attribute is part of a response (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Returned {
    /// In every representation.
    Always,
    /// In none.
    Never,
    /// Unless left out by `attributes` or `excludedAttributes`.
    Default,
    /// Only when named by `attributes`, or when the client supplied it in a write.
    Request,
}

/// Over which range a value may occur only once (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Uniqueness {
    /// It may repeat.
    None,
    /// Once within the provider (tenant and endpoint).
    Server,
    /// Once in the world; enforced within the provider.
    Global,
}

/// One attribute definition with every characteristic of RFC 7643 §7.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Name as the schema spells it; compared without regard to case.
    pub name: String,
    /// Data type.
    pub kind: Type,
    /// Whether values come as an array.
    pub multi_valued: bool,
    /// For people.
    pub description: String,
    /// Whether a value must be present.
    pub required: bool,
    /// Suggested values.
    pub canonical_values: Vec<String>,
    /// Whether comparison is case-sensitive.
    pub case_exact: bool,
    /// Who may write it.
    pub mutability: Mutability,
    /// When it is returned.
    pub returned: Returned,
    /// Whether values may repeat.
    pub uniqueness: Uniqueness,
    /// For references: resource type names, `external` or `uri`.
    pub reference_types: Vec<String>,
    /// For complex attributes.
    pub sub_attributes: Vec<Attribute>,
}

impl Attribute {
    /// The sub-attribute of that name, without regard to case.
    pub fn sub(&self, name: &str) -> Option<&Attribute> {
        find(&self.sub_attributes, name)
    }

    /// Whether the attribute is complex.
    pub fn is_complex(&self) -> bool {
        self.kind == Type::Complex
    }
}

/// The attribute of that name in a list of definitions, without regard to case (RFC 7643 §2.1).
pub fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// A named set of attribute definitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The URI; compared without regard to case.
    pub id: String,
    /// For people.
    pub name: String,
    /// For people.
    pub description: String,
    /// The definitions, in publishing order.
    pub attributes: Vec<Attribute>,
}

impl Schema {
    /// Reads a schema from the JSON form of RFC 7643 §7. Unstated characteristics take the defaults of §2.2.
    ///
    /// # Errors
    /// Names the member that is missing or wrong, as a path into the JSON.
    pub fn from_json(json: &Value) -> Result<Schema, DefinitionError> {
        definition::schema(json)
    }

    /// The JSON form of RFC 7643 §7, with every characteristic stated, without `meta`.
    pub fn to_json(&self) -> Value {
        definition::schema_to_json(self)
    }
}

/// One kind of resource and the endpoint that serves it (RFC 7643 §6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceType {
    /// Equal to `name` in all standard types.
    pub id: String,
    /// The value of `meta.resourceType`.
    pub name: String,
    /// For people.
    pub description: String,
    /// Path below the base URL, with a leading slash: `/Users`.
    pub endpoint: String,
    /// URI of the base schema.
    pub schema: String,
    /// URIs of the extensions, each with whether it is required.
    pub extensions: Vec<(String, bool)>,
}

impl ResourceType {
    /// Reads a resource type from the JSON form of RFC 7643 §6.
    ///
    /// # Errors
    /// Names the member that is missing or wrong, as a path into the JSON.
    pub fn from_json(json: &Value) -> Result<ResourceType, DefinitionError> {
        definition::resource_type(json)
    }

    /// The JSON form of RFC 7643 §6, without `meta`.
    pub fn to_json(&self) -> Value {
        definition::resource_type_to_json(self)
    }
}

/// The attributes that every resource has besides its schemas (RFC 7643 §3, §3.1).
pub fn common_attributes() -> &'static [Attribute] {
    standard::common()
}

/// Shared handle on a schema.
pub type SchemaRef = Arc<Schema>;
