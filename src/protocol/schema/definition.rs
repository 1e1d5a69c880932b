//! Schemas and resource types from and to JSON.
//!
//! The reader states defaults where the JSON is silent (RFC 7643 §2.2) and points at what is wrong by the
//! path of the member, so that the author of a custom schema finds it.

use serde_json::{Map, Value, json};

use super::{Attribute, Mutability, RESOURCE_TYPE, ResourceType, Returned, SCHEMA, Schema, Type, Uniqueness};
use crate::protocol::message::member;
use crate::protocol::value::kind;

/// A schema or resource type that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct DefinitionError {
    /// Path of the member, such as `attributes[3].mutability`.
    pub path: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// An object within a definition, together with its path for messages.
struct Node<'v> {
    object: &'v Map<String, Value>,
    path: String,
}

impl<'v> Node<'v> {
    fn new(value: &'v Value, path: String) -> Result<Self, DefinitionError> {
        match value {
            Value::Object(object) => Ok(Self { object, path }),
            other => {
                Err(DefinitionError { path, problem: format!("expected an object, found {}", kind(other)) })
            }
        }
    }

    fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn wrong<T>(&self, name: &str, problem: impl Into<String>) -> Result<T, DefinitionError> {
        Err(DefinitionError { path: self.at(name), problem: problem.into() })
    }

    fn text(&self, name: &str) -> Result<Option<&'v str>, DefinitionError> {
        match member(self.object, name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => self.wrong(name, format!("expected a string, found {}", kind(other))),
        }
    }

    fn required_text(&self, name: &str) -> Result<&'v str, DefinitionError> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => self.wrong(name, "is required and must not be empty"),
        }
    }

    fn flag(&self, name: &str) -> Result<bool, DefinitionError> {
        match member(self.object, name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => self.wrong(name, format!("expected true or false, found {}", kind(other))),
        }
    }

    fn list(&self, name: &str) -> Result<&'v [Value], DefinitionError> {
        match member(self.object, name) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(other) => self.wrong(name, format!("expected an array, found {}", kind(other))),
        }
    }

    fn texts(&self, name: &str) -> Result<Vec<String>, DefinitionError> {
        let read = |(index, value): (usize, &Value)| match value {
            Value::String(text) => Ok(text.clone()),
            other => {
                self.wrong(&format!("{name}[{index}]"), format!("expected a string, found {}", kind(other)))
            }
        };
        self.list(name)?.iter().enumerate().map(read).collect()
    }

    /// One of a closed set of keywords, or the default where the member is absent.
    fn keyword<T: Copy>(&self, name: &str, table: &[(&str, T)], default: T) -> Result<T, DefinitionError> {
        let Some(text) = self.text(name)? else { return Ok(default) };
        match table.iter().find(|(keyword, _)| *keyword == text) {
            Some((_, value)) => Ok(*value),
            None => {
                let known: Vec<_> = table.iter().map(|(keyword, _)| *keyword).collect();
                self.wrong(name, format!("`{text}` is not one of {}", known.join(", ")))
            }
        }
    }
}

const TYPES: &[(&str, Type)] = &[
    ("string", Type::String),
    ("boolean", Type::Boolean),
    ("decimal", Type::Decimal),
    ("integer", Type::Integer),
    ("dateTime", Type::DateTime),
    ("binary", Type::Binary),
    ("reference", Type::Reference),
    ("complex", Type::Complex),
];
const MUTABILITIES: &[(&str, Mutability)] = &[
    ("readOnly", Mutability::ReadOnly),
    ("readWrite", Mutability::ReadWrite),
    ("immutable", Mutability::Immutable),
    ("writeOnly", Mutability::WriteOnly),
];
const RETURNED: &[(&str, Returned)] = &[
    ("always", Returned::Always),
    ("never", Returned::Never),
    ("default", Returned::Default),
    ("request", Returned::Request),
];
const UNIQUENESS: &[(&str, Uniqueness)] =
    &[("none", Uniqueness::None), ("server", Uniqueness::Server), ("global", Uniqueness::Global)];

/// The keyword that stands for `value`; every table holds every value of its type.
fn keyword_of<T: Copy + PartialEq>(table: &[(&'static str, T)], value: T) -> &'static str {
    table.iter().find(|(_, v)| *v == value).map_or("", |(keyword, _)| keyword)
}

impl Type {
    /// The keyword of RFC 7643 §2.3.
    pub fn keyword(self) -> &'static str {
        keyword_of(TYPES, self)
    }
}

impl Mutability {
    /// The keyword of RFC 7643 §7.
    pub fn keyword(self) -> &'static str {
        keyword_of(MUTABILITIES, self)
    }
}

pub(super) fn schema(json: &Value) -> Result<Schema, DefinitionError> {
    let node = Node::new(json, String::new())?;
    let id = node.required_text("id")?;
    let nested = id.eq_ignore_ascii_case(SCHEMA);
    Ok(Schema {
        id: id.to_owned(),
        name: node.text("name")?.unwrap_or_default().to_owned(),
        description: node.text("description")?.unwrap_or_default().to_owned(),
        attributes: attributes(&node, "attributes", 0, nested)?,
    })
}

fn attributes(
    parent: &Node<'_>,
    member: &str,
    depth: usize,
    nested: bool,
) -> Result<Vec<Attribute>, DefinitionError> {
    let mut found: Vec<Attribute> = Vec::new();
    for (index, json) in parent.list(member)?.iter().enumerate() {
        let node = Node::new(json, parent.at(&format!("{member}[{index}]")))?;
        let attribute = attribute(&node, depth, nested)?;
        if super::find(&found, &attribute.name).is_some() {
            return node.wrong("name", format!("`{}` is defined twice", attribute.name));
        }
        found.push(attribute);
    }
    Ok(found)
}

fn attribute(node: &Node<'_>, depth: usize, nested: bool) -> Result<Attribute, DefinitionError> {
    let name = node.required_text("name")?;
    if !crate::protocol::attr::is_attribute_name(name) {
        return node
            .wrong("name", format!("`{name}` is not a letter followed by letters, digits, `-`, `_` or `$`"));
    }
    let kind = node.keyword("type", TYPES, Type::String)?;
    let sub_attributes = attributes(node, "subAttributes", depth + 1, nested)?;
    if kind != Type::Complex && !sub_attributes.is_empty() {
        return node.wrong("subAttributes", "only a complex attribute has sub-attributes");
    }
    // RFC 7643 §2.3.8: nothing is complex within a complex attribute. Only the Schema schema is (§7).
    if kind == Type::Complex && depth > 0 && !(depth == 1 && nested) {
        return node.wrong("type", "a sub-attribute cannot be complex itself");
    }
    // Binary values and references are case-exact whatever is stated (RFC 7643 §2.3.6, §2.3.7).
    let case_exact = node.flag("caseExact")? || matches!(kind, Type::Binary | Type::Reference);
    Ok(Attribute {
        name: name.to_owned(),
        kind,
        multi_valued: node.flag("multiValued")?,
        description: node.text("description")?.unwrap_or_default().to_owned(),
        required: node.flag("required")?,
        canonical_values: node.texts("canonicalValues")?,
        case_exact,
        mutability: node.keyword("mutability", MUTABILITIES, Mutability::ReadWrite)?,
        returned: node.keyword("returned", RETURNED, Returned::Default)?,
        uniqueness: node.keyword("uniqueness", UNIQUENESS, Uniqueness::None)?,
        reference_types: node.texts("referenceTypes")?,
        sub_attributes,
    })
}

pub(super) fn schema_to_json(schema: &Schema) -> Value {
    json!({
        "schemas": [SCHEMA],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute_to_json).collect::<Vec<_>>(),
    })
}

fn attribute_to_json(attribute: &Attribute) -> Value {
    let mut json = Map::new();
    json.insert("name".into(), attribute.name.as_str().into());
    json.insert("type".into(), attribute.kind.keyword().into());
    json.insert("multiValued".into(), attribute.multi_valued.into());
    json.insert("description".into(), attribute.description.as_str().into());
    json.insert("required".into(), attribute.required.into());
    if !attribute.canonical_values.is_empty() {
        json.insert("canonicalValues".into(), attribute.canonical_values.clone().into());
    }
    // Neither case sensitivity nor uniqueness is defined for these types (RFC 7643 §2.3).
    if !matches!(
        attribute.kind,
        Type::Boolean | Type::Complex | Type::Decimal | Type::Integer | Type::DateTime
    ) {
        json.insert("caseExact".into(), attribute.case_exact.into());
    }
    json.insert("mutability".into(), attribute.mutability.keyword().into());
    json.insert("returned".into(), keyword_of(RETURNED, attribute.returned).into());
    if !matches!(attribute.kind, Type::Boolean | Type::Complex | Type::Binary) {
        json.insert("uniqueness".into(), keyword_of(UNIQUENESS, attribute.uniqueness).into());
    }
    if !attribute.reference_types.is_empty() {
        json.insert("referenceTypes".into(), attribute.reference_types.clone().into());
    }
    if attribute.is_complex() {
        let subs = attribute.sub_attributes.iter().map(attribute_to_json).collect();
        json.insert("subAttributes".into(), Value::Array(subs));
    }
    Value::Object(json)
}

pub(super) fn resource_type(json: &Value) -> Result<ResourceType, DefinitionError> {
    let node = Node::new(json, String::new())?;
    let name = node.required_text("name")?.to_owned();
    let endpoint = node.required_text("endpoint")?;
    let segment = endpoint.strip_prefix('/').unwrap_or(endpoint);
    if segment.is_empty() || segment.contains('/') {
        return node.wrong("endpoint", format!("`{endpoint}` is not one path segment such as `/Users`"));
    }
    let mut extensions = Vec::new();
    for (index, json) in node.list("schemaExtensions")?.iter().enumerate() {
        let extension = Node::new(json, node.at(&format!("schemaExtensions[{index}]")))?;
        extensions.push((extension.required_text("schema")?.to_owned(), extension.flag("required")?));
    }
    Ok(ResourceType {
        id: node.text("id")?.unwrap_or(&name).to_owned(),
        description: node.text("description")?.unwrap_or_default().to_owned(),
        endpoint: format!("/{segment}"),
        schema: node.required_text("schema")?.to_owned(),
        name,
        extensions,
    })
}

pub(super) fn resource_type_to_json(resource_type: &ResourceType) -> Value {
    let mut json = json!({
        "schemas": [RESOURCE_TYPE],
        "id": resource_type.id,
        "name": resource_type.name,
        "description": resource_type.description,
        "endpoint": resource_type.endpoint,
        "schema": resource_type.schema,
    });
    if !resource_type.extensions.is_empty() {
        let extensions = resource_type.extensions.iter();
        json["schemaExtensions"] =
            extensions.map(|(schema, required)| json!({ "schema": schema, "required": required })).collect();
    }
    json
}
