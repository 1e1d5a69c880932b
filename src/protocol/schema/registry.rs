//! The schemas and resource types of one provider, bound together.

use std::sync::Arc;

use super::{Attribute, DefinitionError, ResourceType, Schema, SchemaRef, common_attributes, find};
use crate::protocol::Resource;
use crate::protocol::attr::{AttrPath, Bound, Container, UnknownAttribute};

/// An extension of a resource type.
#[derive(Debug, Clone)]
pub struct Extension {
    /// Its definitions; `schema.id` is the key of its container in a resource.
    pub schema: SchemaRef,
    /// Whether every resource of the type must have it.
    pub required: bool,
}

/// One resource type with the definitions of everything that its resources may hold.
#[derive(Debug, Clone)]
pub struct TypeSchema {
    /// Name, endpoint and URIs.
    pub resource_type: ResourceType,
    /// The base schema.
    pub core: SchemaRef,
    /// The extensions, in declared order.
    pub extensions: Vec<Extension>,
}

impl TypeSchema {
    /// The extension with that URI, without regard to case.
    pub fn extension(&self, urn: &str) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.schema.id.eq_ignore_ascii_case(urn))
    }

    /// The common or base attribute of that name, without regard to case. Common attributes win (RFC 7643 §3.1).
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        find(common_attributes(), name).or_else(|| find(&self.core.attributes, name))
    }

    /// The common and then the base attributes. A base schema that redefines a common attribute does not count.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        let own = self.core.attributes.iter().filter(|a| find(common_attributes(), &a.name).is_none());
        common_attributes().iter().chain(own)
    }

    /// Whether `urn` is the base schema or an extension of this type, without regard to case.
    pub fn knows(&self, urn: &str) -> bool {
        self.core.id.eq_ignore_ascii_case(urn) || self.extension(urn).is_some()
    }

    /// Binds an attribute path to its definition.
    ///
    /// A path may be the URN of an extension alone (its container), which the ABNF does not derive but
    /// path-less PATCH values and `attributes` lists use. An unqualified name is looked up in the common
    /// and base attributes only.
    ///
    /// # Errors
    /// [`UnknownAttribute`] says which part is not known.
    pub fn bind(&self, path: &AttrPath) -> Result<Bound<'_>, UnknownAttribute> {
        let attribute = match &path.schema {
            None => self.attribute(&path.name).map(|a| (Container::Core, a)),
            Some(urn) if self.core.id.eq_ignore_ascii_case(urn) => {
                self.attribute(&path.name).map(|a| (Container::Core, a))
            }
            Some(urn) => match self.extension(urn) {
                Some(extension) => find(&extension.schema.attributes, &path.name)
                    .map(|a| (Container::Extension(&extension.schema.id), a)),
                // `urn:…:2.0:User` reads as attribute `User` of `urn:…:2.0`; it is the container itself.
                None if path.sub.is_none() => {
                    let whole = format!("{urn}:{}", path.name);
                    return match self.extension(&whole) {
                        Some(extension) => Ok(Bound::Container(extension)),
                        None => Err(UnknownAttribute::new(path)),
                    };
                }
                None => None,
            },
        };
        let (container, attribute) = attribute.ok_or_else(|| UnknownAttribute::new(path))?;
        let sub = match &path.sub {
            None => None,
            Some(name) => Some(attribute.sub(name).ok_or_else(|| UnknownAttribute::new(path))?),
        };
        Ok(Bound::Attribute { container, attribute, sub })
    }

    /// The object that holds the attributes of `container` in a canonical resource.
    pub fn container<'r>(&self, resource: &'r Resource, container: Container<'_>) -> Option<&'r Resource> {
        match container {
            Container::Core => Some(resource),
            Container::Extension(urn) => resource.get(urn).and_then(|value| value.as_object()),
        }
    }
}

/// Every schema and resource type that one provider serves.
#[derive(Debug, Clone)]
pub struct Registry {
    schemas: Vec<SchemaRef>,
    types: Vec<Arc<TypeSchema>>,
}

impl Registry {
    /// Binds resource types to schemas.
    ///
    /// # Errors
    /// A resource type that names a schema which is not given, or a name or endpoint that occurs twice.
    pub fn new(schemas: Vec<Schema>, types: Vec<ResourceType>) -> Result<Registry, DefinitionError> {
        let schemas: Vec<SchemaRef> = schemas.into_iter().map(Arc::new).collect();
        let wrong = |path: String, problem: String| Err(DefinitionError { path, problem });
        for (index, schema) in schemas.iter().enumerate() {
            if schemas[..index].iter().any(|other| other.id.eq_ignore_ascii_case(&schema.id)) {
                return wrong("schemas".into(), format!("`{}` is given twice", schema.id));
            }
        }
        let by_urn = |urn: &str, path: &str| {
            schemas.iter().find(|schema| schema.id.eq_ignore_ascii_case(urn)).cloned().ok_or_else(|| {
                DefinitionError { path: path.to_owned(), problem: format!("there is no schema `{urn}`") }
            })
        };
        let mut bound: Vec<Arc<TypeSchema>> = Vec::new();
        for resource_type in types {
            let name = resource_type.name.clone();
            if bound.iter().any(|other| {
                other.resource_type.name == name || other.resource_type.endpoint == resource_type.endpoint
            }) {
                return wrong(format!("resourceTypes.{name}"), "its name or endpoint is taken".into());
            }
            let core = by_urn(&resource_type.schema, &format!("resourceTypes.{name}.schema"))?;
            let mut extensions = Vec::new();
            for (urn, required) in &resource_type.extensions {
                let schema = by_urn(urn, &format!("resourceTypes.{name}.schemaExtensions"))?;
                extensions.push(Extension { schema, required: *required });
            }
            bound.push(Arc::new(TypeSchema { resource_type, core, extensions }));
        }
        Ok(Registry { schemas, types: bound })
    }

    /// The standard schemas (User, Group, EnterpriseUser and the three discovery schemas) with the
    /// resource types User and Group.
    pub fn standard() -> Registry {
        Registry::new(standard_schemas(), super::standard::resource_types())
            .unwrap_or(Registry { schemas: Vec::new(), types: Vec::new() })
    }

    /// All schemas, in publishing order.
    pub fn schemas(&self) -> &[SchemaRef] {
        &self.schemas
    }

    /// All resource types, in publishing order.
    pub fn types(&self) -> &[Arc<TypeSchema>] {
        &self.types
    }

    /// The schema with that URI, without regard to case.
    pub fn schema(&self, urn: &str) -> Option<&SchemaRef> {
        self.schemas.iter().find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// The type served at `/segment`. Endpoints are case-exact (erratum 8475).
    pub fn by_endpoint(&self, segment: &str) -> Option<&Arc<TypeSchema>> {
        self.types.iter().find(|t| t.resource_type.endpoint.strip_prefix('/') == Some(segment))
    }

    /// The type with that name.
    pub fn by_name(&self, name: &str) -> Option<&Arc<TypeSchema>> {
        self.types.iter().find(|t| t.resource_type.name == name)
    }
}

fn standard_schemas() -> Vec<Schema> {
    super::standard::schemas()
}
