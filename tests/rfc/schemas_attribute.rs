//! The `schemas` attribute, resource types and extensions in resources (RFC 7643 §3, §3.2, §3.3).

use serde_json::{Value, json};

use crate::covers;
use crate::custom::{self, APPLIANCE, WARRANTY, WIDGET, appliance_of, widget_of};
use crate::support::{ENTERPRISE, GROUP, Server, USER, id};

/// The URIs that a representation or message declares; checks their form.
#[track_caller]
fn declared(json: &Value) -> Vec<&str> {
    let uris = json["schemas"].as_array().unwrap_or_else(|| panic!("no array of schemas: {json}"));
    assert!(!uris.is_empty(), "{json}");
    let uris: Vec<&str> = uris.iter().map(|uri| uri.as_str().unwrap()).collect();
    for (index, uri) in uris.iter().enumerate() {
        assert!(reqwest::Url::parse(uri).is_ok_and(|uri| uri.scheme() == "urn"), "{uri}");
        assert!(!uris[..index].contains(uri), "{uri} twice");
    }
    uris
}

#[tokio::test]
async fn every_body_declares_its_schemas() {
    covers!("RFC7643-3-01", "RFC7643-3-02", "RFC7643-3-03", "RFC7643-3.1-03", "RFC7643-10.2.1-01");
    let server = Server::rfc().await;
    let enterprise = json!({ "department": "D" });
    let user = server.user(json!({ "userName": "ada", ENTERPRISE: enterprise })).await;
    let path = format!("/Users/{}", id(&user));
    // Extension data a second time does not declare its schema a second time.
    let patch = json!([{ "op": "add", "value": { ENTERPRISE: { "division": "E" } } }]);
    let patched = server.patch(&path, patch).await.expect(200).json;
    let group = server.group(json!({ "displayName": "g" })).await;
    let bulk = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
        { "method": "DELETE", "path": format!("/Groups/{}", id(&group)) },
    ] });
    let mut bodies = vec![user, patched, group];
    for target in [path.as_str(), "/Users", "/Users?filter=userName eq \"x\"", "/", "/Users/none", "/none"] {
        bodies.push(server.get(target).await.json);
    }
    for target in ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/ResourceTypes/User"] {
        bodies.push(server.get(target).await.expect(200).json);
    }
    bodies.push(server.post("/Bulk", bulk).await.expect(200).json);
    bodies.push(server.post("/Users", json!({})).await.expect(400).json);
    let listed: Vec<Value> =
        bodies.iter().filter_map(|body| body["Resources"].as_array()).flatten().cloned().collect();
    assert!(listed.len() > 8);
    for body in bodies.iter().chain(&listed) {
        for uri in declared(body) {
            let rest = uri.strip_prefix("urn:ietf:params:scim:").unwrap();
            let (kind, name) = rest.split_once(':').unwrap();
            assert!(matches!(kind, "schemas" | "api"), "{uri}");
            // No schema of its own for common attributes.
            assert!(name.ends_with(|c: char| c.is_ascii_alphabetic()), "{uri}");
            assert!(!uri.contains("Common") && !uri.ends_with("Meta"), "{uri}");
        }
    }
}

#[tokio::test]
async fn a_resource_declares_only_what_its_type_knows() {
    covers!("RFC7643-3-04", "RFC7643-3-05", "RFC7643-3.3-01", "RFC7643-7-01");
    let server = custom::server().await;
    let types = server.get("/ResourceTypes").await.expect(200).json;
    server.user(json!({ "userName": "ada", ENTERPRISE: { "department": "D" } })).await;
    server.group(json!({ "displayName": "g" })).await;
    server.post("/Widgets", widget_of(json!({}))).await.expect(201);
    server.post("/Appliances", appliance_of(json!({ "months": 1 }))).await.expect(201);
    for resource_type in types["Resources"].as_array().unwrap() {
        let base = resource_type["schema"].as_str().unwrap();
        let extensions = resource_type["schemaExtensions"].as_array().into_iter().flatten();
        let known: Vec<&str> =
            extensions.map(|extension| extension["schema"].as_str().unwrap()).chain([base]).collect();
        let list = server.get(resource_type["endpoint"].as_str().unwrap()).await.expect(200).json;
        let resource = &list["Resources"][0];
        let uris = declared(resource);
        assert!(uris.contains(&base), "{resource}");
        for uri in uris {
            assert!(known.contains(&uri), "{uri}");
            assert_eq!(server.get(&format!("/Schemas/{uri}")).await.expect(200).json["id"], uri);
        }
    }
    for unknown in ["urn:example:bogus", GROUP, WARRANTY, "User"] {
        let body = json!({ "schemas": [USER, unknown], "userName": "x", unknown: { "a": 1 } });
        server.post("/Users", body).await.expect_error(400, Some("invalidSyntax"));
    }
}

#[tokio::test]
async fn a_body_without_its_base_schema_is_refused() {
    covers!("RFC7643-3-06", "RFC7643-3.3-01");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    for schemas in [
        json!(null),
        json!([]),
        json!([ENTERPRISE]),
        json!(USER),
        json!([5]),
        json!([USER, USER]),
        json!([USER, USER.to_uppercase()]),
    ] {
        let body = json!({ "schemas": schemas, "userName": "x" });
        server.post("/Users", body.clone()).await.expect_error(400, Some("invalidSyntax"));
        server.put(&format!("/Users/{}", id(&user)), body).await.expect_error(400, Some("invalidSyntax"));
    }
    server.post("/Users", json!({ "userName": "x" })).await.expect_error(400, Some("invalidSyntax"));
    assert_eq!(server.get("/Users").await.json["totalResults"], 1);
}

#[tokio::test]
async fn the_order_of_schemas_makes_no_difference() {
    covers!("RFC7643-3-07", "RFC7643-3.3-02");
    let server = Server::rfc().await;
    for (name, schemas) in [("a", json!([ENTERPRISE, USER])), ("b", json!([USER, ENTERPRISE]))] {
        let body = json!({ "schemas": schemas, "userName": name, ENTERPRISE: { "department": "D" } });
        let created = server.post("/Users", body).await.expect(201).json;
        let mut uris = declared(&created);
        uris.sort_unstable();
        assert_eq!(uris, [USER, ENTERPRISE]);
        assert_eq!(created["userName"], name);
        assert_eq!(created[ENTERPRISE]["department"], "D");
    }
}

#[tokio::test]
async fn common_attributes_belong_to_every_resource() {
    covers!("RFC7643-3-08", "RFC7643-3-10", "RFC7643-3.1-01", "RFC7643-6-05");
    let server = custom::server().await;
    let mut appliance = appliance_of(json!({ "months": 12 }));
    appliance["externalId"] = "x".into();
    for (endpoint, name, body) in [
        ("/Users", "User", json!({ "schemas": [USER], "userName": "ada", "externalId": "x" })),
        ("/Groups", "Group", json!({ "schemas": [GROUP], "displayName": "g", "externalId": "x" })),
        ("/Widgets", "Widget", widget_of(json!({ "externalId": "x" }))),
        ("/Appliances", "Appliance", appliance),
    ] {
        let created = server.post(endpoint, body).await.expect(201).json;
        let shown = server.get(&format!("{endpoint}/{}", id(&created))).await.expect(200).json;
        assert!(!id(&shown).is_empty());
        assert_eq!(shown["externalId"], "x");
        assert_eq!(shown["meta"]["resourceType"], name);
        assert_eq!(server.get(&format!("/ResourceTypes/{name}")).await.expect(200).json["name"], name);
    }
}

#[tokio::test]
async fn extension_attributes_live_in_the_object_named_by_their_schema() {
    covers!("RFC7643-3-09", "RFC7643-3.3-03", "RFC7643-3.3-06");
    let server = Server::rfc().await;
    let extension = json!({ "employeeNumber": "7", "department": "D" });
    let user = server.user(json!({ "userName": "ada", ENTERPRISE: extension, "costCenter": "top" })).await;
    let path = format!("/Users/{}", id(&user));
    for shown in [&user, &server.get(&path).await.json, &server.get("/Users").await.json["Resources"][0]] {
        assert_eq!(shown[ENTERPRISE], extension);
        for key in shown.as_object().unwrap().keys() {
            assert!(!["employeeNumber", "department", "costCenter"].contains(&key.as_str()), "{shown}");
            assert!(!key.contains(':') || declared(shown).contains(&key.as_str()), "{shown}");
        }
    }
    // Data that goes takes its declaration with it.
    let patched = server.patch(&path, json!([{ "op": "remove", "path": ENTERPRISE }])).await.expect(200).json;
    assert_eq!((declared(&patched), patched.get(ENTERPRISE)), (vec![USER], None));
    // A container that `schemas` does not declare is no part of the representation.
    let hidden = json!({ "schemas": [USER], "userName": "x", ENTERPRISE: { "department": "D" } });
    server.post("/Users", hidden).await.expect_error(400, Some("invalidSyntax"));
}

#[tokio::test]
async fn every_endpoint_is_announced_with_its_schema() {
    covers!("RFC7643-3.2-01");
    let server = custom::server().await;
    let types = server.get("/ResourceTypes").await.expect(200).json;
    let announced: Vec<(&str, &str)> = types["Resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| (t["endpoint"].as_str().unwrap(), t["schema"].as_str().unwrap()))
        .collect();
    assert_eq!(
        announced,
        [("/Users", USER), ("/Groups", GROUP), ("/Widgets", WIDGET), ("/Appliances", APPLIANCE)]
    );
    for (endpoint, schema) in announced {
        server.get(endpoint).await.expect(200);
        server.get(&format!("/Schemas/{schema}")).await.expect(200);
    }
    server.get("/Devices").await.expect_error(404, None);
}

#[tokio::test]
async fn a_required_extension_must_be_there_and_an_optional_one_need_not() {
    covers!("RFC7643-6-14", "RFC7643-6-15");
    let server = custom::server().await;
    server.user(json!({ "userName": "no extension" })).await;
    for body in [
        json!({ "schemas": [APPLIANCE] }),
        json!({ "schemas": [APPLIANCE, WARRANTY] }),
        appliance_of(json!({})),
        appliance_of(json!({ "terms": "T" })),
        appliance_of(json!({ "months": null })),
    ] {
        server.post("/Appliances", body).await.expect_error(400, Some("invalidValue"));
    }
    let appliance = server.post("/Appliances", appliance_of(json!({ "months": 12 }))).await.expect(201).json;
    let path = format!("/Appliances/{}", id(&appliance));
    server.put(&path, json!({ "schemas": [APPLIANCE] })).await.expect_error(400, Some("invalidValue"));
    for target in [WARRANTY.to_owned(), format!("{WARRANTY}:months")] {
        let patch = json!([{ "op": "remove", "path": target }]);
        server.patch(&path, patch).await.expect_error(400, Some("mutability"));
    }
    for appliance in server.get("/Appliances").await.json["Resources"].as_array().unwrap() {
        assert_eq!(appliance[WARRANTY], json!({ "months": 12 }));
    }
}
