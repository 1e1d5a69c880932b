//! The schemas and resource types of RFC 7643, with the verified errata applied.
//!
//! They are the JSON files beside this one, compiled in. Applied: 5368 (Group.displayName required), 5606
//! and 8415 and 8435 (binary is a type), 5607 and 7522 (plurality in the discovery schemas), 6004 (complex
//! attributes have no uniqueness), 8471 (User.groups.$ref), 8472 (manager.value case-exact), 8475
//! (ResourceType name and endpoint unique). Beyond the verified ones, because the RFC text itself demands
//! it: binary values and references are case-exact (§2.3.6, §2.3.7; 6000, 6001), ServiceProviderConfig
//! lists etag and the type of a scheme (8011, 9018), `addresses` has `primary` (§2.4; 6005).

use std::sync::LazyLock;

use super::{Attribute, ENTERPRISE_USER, GROUP, ResourceType, Schema, USER};

static COMMON: LazyLock<Vec<Attribute>> =
    LazyLock::new(|| compiled_in(include_str!("common.json")).attributes);

/// A schema that is part of the program. A test reads every one of them.
#[allow(clippy::expect_used, reason = "compiled-in data, proven to read by a test; never outside input")]
fn compiled_in(json: &str) -> Schema {
    let value = serde_json::from_str(json).expect("compiled-in schema is JSON");
    Schema::from_json(&value).expect("compiled-in schema is well-formed")
}

/// `schemas`, `id`, `externalId` and `meta`, in that order.
pub(super) fn common() -> &'static [Attribute] {
    &COMMON
}

/// User, Group, EnterpriseUser, ServiceProviderConfig, ResourceType and Schema.
pub fn schemas() -> Vec<Schema> {
    [
        include_str!("user.json"),
        include_str!("group.json"),
        include_str!("enterprise_user.json"),
        include_str!("service_provider_config.json"),
        include_str!("resource_type.json"),
        include_str!("schema.json"),
    ]
    .map(compiled_in)
    .to_vec()
}

/// User (with the enterprise extension, optional) and Group.
pub fn resource_types() -> Vec<ResourceType> {
    let standard = |name: &str, description: &str, schema: &str, extensions| ResourceType {
        id: name.into(),
        name: name.into(),
        description: description.into(),
        endpoint: format!("/{name}s"),
        schema: schema.into(),
        extensions,
    };
    vec![
        standard("User", "User account", USER, vec![(ENTERPRISE_USER.to_owned(), false)]),
        standard("Group", "Group of users and groups", GROUP, Vec::new()),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::{Mutability, Registry, Returned, Type, Uniqueness, find};
    use super::*;

    #[test]
    fn every_compiled_in_schema_reads_and_prints_back_to_itself() {
        assert_eq!(common().len(), 4);
        for schema in schemas() {
            assert_eq!(Schema::from_json(&schema.to_json()).unwrap(), schema);
        }
    }

    #[test]
    fn the_standard_registry_is_complete() {
        let registry = Registry::standard();
        assert_eq!(registry.schemas().len(), 6);
        let user = registry.by_endpoint("Users").unwrap();
        assert_eq!(user.extensions.len(), 1);
        assert!(registry.by_name("Group").is_some());
    }

    #[test]
    fn security_relevant_characteristics() {
        let schemas = schemas();
        let user = &schemas[0].attributes;
        let password = find(user, "password").unwrap();
        assert_eq!((password.mutability, password.returned), (Mutability::WriteOnly, Returned::Never));
        let name = find(user, "USERNAME").unwrap();
        assert!(name.required && !name.case_exact && name.uniqueness == Uniqueness::Server);
        assert_eq!(find(user, "groups").unwrap().mutability, Mutability::ReadOnly);
        let certificate = find(user, "x509Certificates").unwrap().sub("value").unwrap();
        assert!(certificate.kind == Type::Binary && certificate.case_exact);
    }
}
