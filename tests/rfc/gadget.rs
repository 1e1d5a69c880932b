//! A resource type of the tests, with every attribute type and every `returned`, and a few words for queries.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use scimulator::protocol::schema::{Registry, ResourceType, Schema};
use scimulator::provider::ProviderConfig;
use scimulator::provider::profile::Profile;
use scimulator::provider::world::World;
use serde_json::{Value, json};

use crate::support::{Answer, Server};

/// The schema of the resource type.
pub const GADGET: &str = "urn:example:params:scim:schemas:core:2.0:Gadget";

/// A provider of the profile `rfc` that serves `/Gadgets` beside `/Users` and `/Groups`.
pub async fn server() -> Server {
    let schema = json!({ "id": GADGET, "name": "Gadget", "attributes": [
        { "name": "label", "required": true },
        { "name": "code", "caseExact": true },
        { "name": "size", "type": "integer" },
        { "name": "weight", "type": "decimal" },
        { "name": "seen", "type": "dateTime" },
        { "name": "blob", "type": "binary" },
        { "name": "working", "type": "boolean" },
        { "name": "link", "type": "reference", "referenceTypes": ["external"] },
        { "name": "tags", "multiValued": true },
        { "name": "badge", "returned": "always" },
        { "name": "hint", "returned": "request" },
        { "name": "pin", "mutability": "writeOnly", "returned": "never" },
        { "name": "parts", "type": "complex", "multiValued": true, "subAttributes": [
            { "name": "value" },
            { "name": "rank", "type": "integer" },
            { "name": "mark", "returned": "always" },
            { "name": "note", "returned": "request" },
        ] },
    ] });
    let gadgets = json!({ "name": "Gadget", "endpoint": "/Gadgets", "schema": GADGET });
    let standard = Registry::standard();
    let mut schemas: Vec<Schema> = standard.schemas().iter().map(|schema| (**schema).clone()).collect();
    let mut types: Vec<ResourceType> = standard.types().iter().map(|t| t.resource_type.clone()).collect();
    schemas.push(Schema::from_json(&schema).unwrap());
    types.push(ResourceType::from_json(&gadgets).unwrap());
    let mut config = rfc_config();
    config.registry = Registry::new(schemas, types).unwrap();
    Server::with(config).await
}

/// The configuration of a plain provider, to be changed.
pub fn rfc_config() -> ProviderConfig {
    ProviderConfig::loopback(Profile::named("rfc").unwrap(), World::real())
}

/// A plain provider with a changed profile.
pub async fn with_profile(change: impl FnOnce(&mut Profile)) -> Server {
    let mut config = rfc_config();
    change(&mut config.profile);
    Server::with(config).await
}

/// Creates a gadget and returns the answer to its POST.
pub async fn gadget(server: &Server, mut attributes: Value) -> Value {
    attributes["schemas"] = json!([GADGET]);
    server.post("/Gadgets", attributes).await.expect(201).json
}

/// Creates users that have nothing but a userName.
pub async fn users(server: &Server, names: &[&str]) -> Vec<Value> {
    let mut users = Vec::new();
    for name in names {
        users.push(server.user(json!({ "userName": name })).await);
    }
    users
}

/// `endpoint?name=value&…` with the values encoded whole.
pub fn query(endpoint: &str, parameters: &[(&str, &str)]) -> String {
    let encoded = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    format!("{endpoint}?{}", encoded.collect::<Vec<_>>().join("&"))
}

/// A GET with that filter; every character of the filter arrives as it is written.
pub async fn filtered(server: &Server, endpoint: &str, filter: &str) -> Answer {
    server.get(&query(endpoint, &[("filter", filter)])).await
}

/// One member of each resource on the page, in order.
#[track_caller]
pub fn column(answer: &Answer, member: &str) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.json);
    let resources = answer.json["Resources"].as_array().map(Vec::as_slice).unwrap_or_default();
    resources.iter().map(|resource| resource[member].as_str().unwrap_or_default().to_owned()).collect()
}

/// The ids on the page, in order.
#[track_caller]
pub fn ids(answer: &Answer) -> Vec<String> {
    column(answer, "id")
}

/// The names of the members of an object, sorted.
#[track_caller]
pub fn keys(resource: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = resource.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
