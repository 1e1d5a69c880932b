//! ServiceProviderConfig, ResourceTypes and Schemas as endpoints (RFC 7644 §3.1, §4).

use serde_json::json;

use crate::covers;
use crate::gadget::{GADGET, server as gadgets};
use crate::support::{ENTERPRISE, GROUP, LIST, Server, USER};

const CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

#[tokio::test]
async fn the_configuration_is_one_object_at_a_singular_name() {
    covers!("RFC7644-4-01", "RFC7644-4-02");
    let server = Server::rfc().await;
    let config = server.get("/ServiceProviderConfig").await.expect(200).json;
    assert_eq!(config["schemas"], json!([CONFIG]));
    assert!(config.get("Resources").is_none());
    for feature in ["patch", "bulk", "filter", "changePassword", "sort", "etag"] {
        assert!(config[feature]["supported"].is_boolean(), "{feature}");
    }
    assert!(config["authenticationSchemes"].as_array().is_some_and(|schemes| !schemes.is_empty()));
}

#[tokio::test]
async fn schemas_are_listed_and_each_has_an_address() {
    covers!("RFC7644-4-03", "RFC7644-4-04", "RFC7644-4-05", "RFC7644-4-09");
    let server = gadgets().await;
    let list = server.get("/Schemas").await.expect(200).json;
    assert_eq!(list["schemas"], json!([LIST]));
    let schemas = list["Resources"].as_array().unwrap();
    assert_eq!(list["totalResults"], schemas.len());
    for uri in [USER, GROUP, ENTERPRISE, GADGET] {
        assert!(schemas.iter().any(|schema| schema["id"] == uri), "{uri}");
    }
    for schema in schemas {
        let uri = schema["id"].as_str().unwrap();
        for target in [uri.to_owned(), uri.replace(':', "%3A"), uri.to_uppercase()] {
            let one = server.get(&format!("/Schemas/{target}")).await.expect(200);
            assert_eq!(one.json, *schema, "{target}");
        }
    }
    for unknown in ["urn:ietf:params:scim:schemas:core:2.0:Nothing", "User", "x"] {
        server.get(&format!("/Schemas/{unknown}")).await.expect_error(404, None);
    }
}

#[tokio::test]
async fn resource_types_are_listed_and_each_has_an_address() {
    covers!("RFC7644-4-06", "RFC7644-4-07", "RFC7644-4-08", "RFC7644-4-09", "RFC7644-4-12");
    let server = gadgets().await;
    let list = server.get("/ResourceTypes").await.expect(200).json;
    assert_eq!(list["schemas"], json!([LIST]));
    let types = list["Resources"].as_array().unwrap();
    assert_eq!(list["totalResults"], types.len());
    let names: Vec<_> = types.iter().map(|resource_type| resource_type["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["User", "Group", "Gadget"]);
    for resource_type in types {
        for key in ["name", "id"] {
            let target = format!("/ResourceTypes/{}", resource_type[key].as_str().unwrap());
            assert_eq!(server.get(&target).await.expect(200).json, *resource_type);
        }
        let served = server.get(resource_type["endpoint"].as_str().unwrap()).await.expect(200);
        assert_eq!(served.json["schemas"], json!([LIST]));
    }
    for unknown in ["Nothing", "Users", "x"] {
        server.get(&format!("/ResourceTypes/{unknown}")).await.expect_error(404, None);
    }
}

#[tokio::test]
async fn sorting_and_paging_are_ignored_and_a_filter_is_refused() {
    covers!("RFC7644-4-10", "RFC7644-4-11");
    let server = Server::rfc().await;
    for target in ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig"] {
        let plain = server.get(target).await.expect(200).json;
        for parameters in [
            "count=1&startIndex=2&sortBy=id&sortOrder=descending",
            "count=0",
            "cursor=x",
            "count=abc&startIndex=x",
            "sortBy=...&sortOrder=up",
        ] {
            let answer = server.get(&format!("{target}?{parameters}")).await.expect(200);
            assert_eq!(answer.json, plain, "{target}?{parameters}");
        }
        for filter in ["name eq \"User\"", "bogus", "", "id pr"] {
            server.get(&format!("{target}?filter={filter}")).await.expect_error(403, None);
        }
    }
    server.get("/Schemas?FILTER=id pr").await.expect_error(403, None);
    server.get(&format!("/Schemas/{USER}?filter=id pr")).await.expect_error(403, None);
    server.get("/ResourceTypes/User?filter=id pr").await.expect_error(403, None);
}

#[tokio::test]
async fn message_schemas_cannot_be_discovered() {
    covers!("RFC7644-3.1-04");
    let server = Server::rfc().await;
    let list = server.get("/Schemas").await.expect(200).json;
    let schemas = list["Resources"].as_array().unwrap();
    assert!(!schemas.is_empty());
    for schema in schemas {
        assert!(!schema["id"].as_str().unwrap().starts_with("urn:ietf:params:scim:api:"), "{}", schema["id"]);
    }
    for name in ["ListResponse", "SearchRequest", "PatchOp", "BulkRequest", "BulkResponse", "Error"] {
        let target = format!("/Schemas/urn:ietf:params:scim:api:messages:2.0:{name}");
        server.get(&target).await.expect_error(404, None);
    }
}
