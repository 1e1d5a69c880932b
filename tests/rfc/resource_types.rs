//! `/ResourceTypes` (RFC 7643 §6).

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::covers;
use crate::custom;
use crate::support::{Server, USER};

const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";

async fn resource_types(server: &Server) -> Vec<Value> {
    let list = server.get("/ResourceTypes").await.expect(200).json;
    let types = list["Resources"].as_array().unwrap();
    assert!(types.len() >= 2, "{list}");
    types.clone()
}

#[tokio::test]
async fn resource_types_have_name_endpoint_and_schema() {
    covers!(
        "RFC7643-6-01",
        "RFC7643-6-03",
        "RFC7643-6-04",
        "RFC7643-6-07",
        "RFC7643-6-08",
        "RFC7643-6-09",
        "RFC7643-6-10"
    );
    let server = Server::rfc().await;
    for resource_type in resource_types(&server).await {
        let text = |name: &str| {
            let text = resource_type[name].as_str().unwrap_or_else(|| panic!("{name}: {resource_type}"));
            assert!(!text.is_empty(), "{name}: {resource_type}");
            text
        };
        assert_eq!(resource_type["schemas"], json!([RESOURCE_TYPE]));
        text("name");
        text("description");
        let found = server.get(&format!("/ResourceTypes/{}", text("id"))).await.expect(200).json;
        assert_eq!(found, resource_type);
        let endpoint = text("endpoint");
        assert!(endpoint.starts_with('/') && !endpoint.starts_with("//"), "{endpoint}");
        server.get(endpoint).await.expect(200);
        let schema = server.get(&format!("/Schemas/{}", text("schema"))).await.expect(200).json;
        assert_eq!(schema["id"], resource_type["schema"]);
    }
}

#[tokio::test]
async fn resource_types_cannot_be_changed() {
    covers!("RFC7643-6-02");
    let server = Server::rfc().await;
    let before = resource_types(&server).await;
    let body = json!({ "schemas": [RESOURCE_TYPE], "name": "User", "endpoint": "/People", "schema": USER });
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for target in ["/ResourceTypes", "/ResourceTypes/User"] {
            server.call(method, target, Some(body.clone())).await.expect_error(405, None);
        }
    }
    assert_eq!(resource_types(&server).await, before);
}

#[tokio::test]
async fn names_and_endpoints_are_unique_and_case_exact() {
    covers!("RFC7643-6-06");
    let server = custom::server().await;
    let types = resource_types(&server).await;
    for member in ["name", "endpoint"] {
        let values: HashSet<String> = types.iter().map(|t| t[member].to_string()).collect();
        assert_eq!(values.len(), types.len(), "{member}");
    }
    server.get("/users").await.expect_error(404, None);
    server.get("/ResourceTypes/user").await.expect_error(404, None);
}

#[tokio::test]
async fn extensions_are_listed_with_schema_and_necessity() {
    covers!("RFC7643-6-11", "RFC7643-6-12", "RFC7643-6-13");
    let server = custom::server().await;
    let mut listed = Vec::new();
    for resource_type in resource_types(&server).await {
        let Some(extensions) = resource_type.get("schemaExtensions") else { continue };
        for extension in extensions.as_array().unwrap() {
            let uri = extension["schema"].as_str().unwrap();
            assert_eq!(server.get(&format!("/Schemas/{uri}")).await.expect(200).json["id"], uri);
            listed.push((resource_type["name"].clone(), extension["required"].as_bool().unwrap()));
        }
    }
    assert_eq!(listed, [(json!("User"), false), (json!("Appliance"), true)]);
}
