//! The rules of PATCH: the RFC's own examples, the rules one by one, the tolerances, and what holds for any request.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{PatchRequest, apply};
use crate::protocol::error::ScimError;
use crate::protocol::message::PATCH_OP;
use crate::protocol::policy::Policy;
use crate::protocol::schema::{ENTERPRISE_USER, GROUP, Registry, Schema, TypeSchema, USER, standard};

mod interop;
mod message;
mod mutability;
mod operations;
mod property;
mod refusals;
mod rfc;

const STRICT: &Policy = &Policy::STRICT;
const INTEROP: &Policy = &Policy::INTEROP;

static STANDARD: LazyLock<Registry> = LazyLock::new(Registry::standard);

fn standard_type(name: &str) -> &'static TypeSchema {
    STANDARD.by_name(name).unwrap()
}

/// A user with something of everything.
fn ada() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE_USER], "id": "1", "externalId": "x1", "userName": "ada", "active": true,
        "name": { "givenName": "Ada", "familyName": "Lovelace" },
        "title": "Countess",
        "emails": [
            { "value": "ada@work", "type": "work", "primary": true },
            { "value": "ada@home", "type": "home" },
        ],
        "groups": [{ "value": "g1" }],
        ENTERPRISE_USER: { "department": "R", "manager": { "value": "m1", "$ref": "../Users/m1" } },
        "meta": { "resourceType": "User", "created": "2020-01-01T00:00:00Z" },
    })
}

fn tour() -> Value {
    json!({ "schemas": [GROUP], "id": "g", "displayName": "Tour", "members": [{ "value": "a" }, { "value": "b" }] })
}

fn message(operations: Value) -> Value {
    json!({ "schemas": [PATCH_OP], "Operations": operations })
}

/// The resource after the operations, and whether it changed.
fn run(resource: &Value, operations: Value, policy: &Policy) -> Result<(Value, bool), ScimError> {
    let name = if resource["schemas"][0] == GROUP { "Group" } else { "User" };
    run_typed(standard_type(name), resource, operations, policy)
}

fn run_typed(
    schema: &TypeSchema,
    resource: &Value,
    operations: Value,
    policy: &Policy,
) -> Result<(Value, bool), ScimError> {
    let request = PatchRequest::parse(&message(operations), policy)?;
    let applied = apply(schema, resource.as_object().unwrap(), &request, policy)?;
    Ok((Value::Object(applied.resource), applied.changed))
}

/// The same, where it must succeed.
fn patched(resource: &Value, operations: Value, policy: &Policy) -> Value {
    run(resource, operations.clone(), policy).unwrap_or_else(|error| panic!("{operations}: {error}")).0
}

/// The keyword of the refusal, or `ok`, or `unchanged`.
fn outcome(resource: &Value, operations: Value, policy: &Policy) -> &'static str {
    match run(resource, operations, policy) {
        Ok((_, true)) => "ok",
        Ok((_, false)) => "unchanged",
        Err(error) => error.scim_type.map_or("none", |scim_type| scim_type.keyword()),
    }
}

/// The example with some members set, or taken away where they are null.
fn with(mut resource: Value, changes: Value) -> Value {
    let members = resource.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => members.remove(name),
            value => members.insert(name.clone(), value.clone()),
        };
    }
    resource
}

/// A user type with an extension that has attributes of each mutability.
fn badged() -> (TypeSchema, Value) {
    let extension = json!({ "id": "urn:example:2.0:Badge", "attributes": [
        { "name": "number", "required": true }, { "name": "issued", "mutability": "immutable" },
        { "name": "printed", "mutability": "readOnly" }, { "name": "colours", "multiValued": true },
        { "name": "doors", "type": "complex", "multiValued": true, "subAttributes": [
            { "name": "value", "required": true }, { "name": "level", "type": "integer" },
            { "name": "opened", "type": "dateTime", "mutability": "readOnly" },
            { "name": "key", "mutability": "immutable" } ] },
        { "name": "seats", "type": "complex", "multiValued": true, "mutability": "immutable",
          "subAttributes": [{ "name": "value" }] },
    ]});
    let mut schemas = standard::schemas();
    schemas.push(Schema::from_json(&extension).unwrap());
    let mut user = standard::resource_types().remove(0);
    user.extensions = vec![("urn:example:2.0:Badge".into(), false)];
    let registry = Registry::new(schemas, vec![user]).unwrap();
    let resource = json!({
        "schemas": [USER, "urn:example:2.0:Badge"], "userName": "ada",
        "urn:example:2.0:Badge": {
            "number": "1", "issued": "2020", "printed": "yes", "colours": ["red", "blue"],
            "doors": [{ "value": "d1", "level": 1, "opened": "2020-01-01T00:00:00Z", "key": "k" }],
            "seats": [{ "value": "s1" }],
        },
    });
    (registry.by_name("User").unwrap().as_ref().clone(), resource)
}

/// Checks a table of operations on a resource under both policies.
fn table(resource: &Value, rows: &[(Value, &str)]) {
    for (operation, expected) in rows {
        for (name, policy) in [("strict", STRICT), ("interop", INTEROP)] {
            assert_eq!(outcome(resource, json!([operation]), policy), *expected, "{name} {operation}");
        }
    }
}

/// Checks what one operation makes of single members of the example user.
fn becomes(rows: &[(Value, Value)]) {
    for (operation, expected) in rows {
        for policy in [STRICT, INTEROP] {
            assert_eq!(
                patched(&ada(), json!([operation]), policy),
                with(ada(), expected.clone()),
                "{operation}"
            );
        }
    }
}
