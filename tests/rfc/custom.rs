//! Resource types beyond the standard ones: an attribute for every data type and for every characteristic that the
//! schemas of RFC 7643 do not use.

use scimulator::protocol::schema::{Registry, ResourceType, Schema, standard};
use scimulator::provider::ProviderConfig;
use scimulator::provider::profile::Profile;
use scimulator::provider::world::World;
use serde_json::{Value, json};

use crate::support::Server;

/// Has attributes of every kind.
pub const WIDGET: &str = "urn:example:params:scim:schemas:Widget";
/// Has nothing of its own but an extension without which it cannot be.
pub const APPLIANCE: &str = "urn:example:params:scim:schemas:Appliance";
/// The extension that a appliance must have.
pub const WARRANTY: &str = "urn:example:params:scim:schemas:Warranty";

/// A provider with the standard resource types, `/Widgets` and `/Appliances`.
pub async fn server() -> Server {
    let mut schemas = standard::schemas();
    schemas.extend([widget(), appliance(), warranty()].map(|json| Schema::from_json(&json).unwrap()));
    let mut types = standard::resource_types();
    types.extend(
        [
            json!({ "name": "Widget", "endpoint": "/Widgets", "schema": WIDGET }),
            json!({ "name": "Appliance", "endpoint": "/Appliances", "schema": APPLIANCE,
                    "schemaExtensions": [{ "schema": WARRANTY, "required": true }] }),
        ]
        .map(|json| ResourceType::from_json(&json).unwrap()),
    );
    with(Registry::new(schemas, types).unwrap()).await
}

/// A provider with that registry.
pub async fn with(registry: Registry) -> Server {
    let profile = Profile::named("rfc").unwrap();
    Server::with(ProviderConfig { registry, ..ProviderConfig::loopback(profile, World::real()) }).await
}

/// The body of a widget.
pub fn widget_of(attributes: Value) -> Value {
    let mut body = json!({ "schemas": [WIDGET] });
    body.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    body
}

/// The body of a appliance with that warranty.
pub fn appliance_of(warranty: Value) -> Value {
    json!({ "schemas": [APPLIANCE, WARRANTY], WARRANTY: warranty })
}

fn widget() -> Value {
    json!({ "id": WIDGET, "name": "Widget", "attributes": [
        // Section 3.1 wins over both of these.
        { "name": "id", "type": "string", "caseExact": false, "mutability": "readWrite", "returned": "default" },
        { "name": "externalId", "type": "string", "caseExact": false, "mutability": "readOnly" },
        { "name": "plain" },
        { "name": "weight", "type": "decimal" },
        { "name": "size", "type": "integer" },
        { "name": "built", "type": "dateTime" },
        { "name": "picture", "type": "binary" },
        { "name": "manual", "type": "reference", "referenceTypes": ["external"] },
        { "name": "serial", "mutability": "immutable" },
        { "name": "stamp", "mutability": "readOnly" },
        { "name": "pin", "mutability": "writeOnly", "returned": "never" },
        { "name": "label", "returned": "always" },
        { "name": "notes", "returned": "request" },
        { "name": "exact", "caseExact": true },
        { "name": "code", "caseExact": true, "uniqueness": "server" },
        { "name": "tag", "uniqueness": "global" },
        { "name": "parts", "type": "complex", "multiValued": true, "subAttributes": [
            { "name": "value", "required": true }, { "name": "remark", "returned": "request" },
        ] },
    ] })
}

fn appliance() -> Value {
    json!({ "id": APPLIANCE, "name": "Appliance", "attributes": [{ "name": "plain" }] })
}

fn warranty() -> Value {
    json!({ "id": WARRANTY, "name": "Warranty", "attributes": [
        { "name": "months", "type": "integer", "required": true }, { "name": "terms", "returned": "request" },
    ] })
}
