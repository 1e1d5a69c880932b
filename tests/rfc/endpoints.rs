//! Endpoints, methods, single resources and protocol versions (RFC 7644 §1.3, §3.2, §3.4.1, §3.13).

use scimulator::exchange::{Auth, Request};
use scimulator::target::{Target, TargetConfig};
use serde_json::{Value, json};

use crate::covers;
use crate::support::{Answer, GROUP, Server, TOKEN, USER, id};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn locations_have_no_query() {
    covers!("RFC7644-1.3-01");
    let server = Server::rfc().await;
    let body = json!({ "schemas": [USER], "userName": "a" });
    let created = server.post("/Users?attributes=userName,meta&x=1", body).await.expect(201);
    let group = json!({ "displayName": "g", "members": [{ "value": id(&created.json) }] });
    let group = server.group(group).await;
    let user = server.get(&format!("/Users/{}?tenant=1", id(&created.json))).await.expect(200).json;
    let schemas = server.get("/Schemas?tenant=1").await.expect(200).json;
    for location in [
        created.headers.get("location"),
        created.json["meta"]["location"].as_str(),
        user["meta"]["location"].as_str(),
        user["groups"][0]["$ref"].as_str(),
        group["members"][0]["$ref"].as_str(),
        schemas["Resources"][0]["meta"]["location"].as_str(),
    ] {
        let location = location.unwrap();
        assert!(location.starts_with(&server.provider.base_url()) && !location.contains('?'), "{location}");
    }
}

#[tokio::test]
async fn resource_types_live_at_the_plural_of_their_names() {
    covers!("RFC7644-3.2-01", "RFC7644-3.2-02", "RFC7644-4-12");
    let server = Server::rfc().await;
    let types = server.get("/ResourceTypes").await.expect(200).json;
    let types = types["Resources"].as_array().unwrap();
    let named = |name: &str| types.iter().find(|t| t["name"] == name).unwrap();
    assert_eq!(named("User")["endpoint"], "/Users");
    assert_eq!(named("Group")["endpoint"], "/Groups");
    for resource_type in types {
        let endpoint = resource_type["endpoint"].as_str().unwrap();
        assert_eq!(endpoint, format!("/{}s", resource_type["name"].as_str().unwrap()));
        server.get(endpoint).await.expect(200);
    }
}

#[tokio::test]
async fn users_and_groups_take_every_method() {
    covers!("RFC7644-3.2-06", "RFC7644-3.2-07", "RFC7644-3.4.1-01");
    let server = Server::rfc().await;
    for (endpoint, schema, name) in [("/Users", USER, "userName"), ("/Groups", GROUP, "displayName")] {
        let body = json!({ "schemas": [schema], name: "a" });
        let created = server.post(endpoint, body.clone()).await.expect(201).json;
        let target = format!("{endpoint}/{}", id(&created));
        let got = server.get(&target).await.expect(200).json;
        assert_eq!((id(&got), &got[name]), (id(&created), &json!("a")));
        assert!(got.get("Resources").is_none());
        server.get(endpoint).await.expect(200);
        server.put(&target, body).await.expect(200);
        let operation = json!([{ "op": "replace", "path": name, "value": "b" }]);
        assert_eq!(server.patch(&target, operation).await.expect(200).json[name], "b");
        let gone = server.delete(&target).await.expect(204);
        assert_eq!(gone.json, Value::Null);
        server.get(&target).await.expect_error(404, None);
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    covers!("RFC7644-3.2-06");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "a" })).await;
    for target in [format!("/Users/{}", id(&user)), "/Users".to_owned(), "/Schemas".to_owned()] {
        let (head, get) = (server.call("HEAD", &target, None).await, server.get(&target).await);
        assert_eq!((head.status, head.json), (200, Value::Null), "{target}");
        for header in ["content-type", "content-length", "etag", "location"] {
            assert_eq!(head.headers.get(header), get.headers.get(header), "{target}, {header}");
        }
    }
}

#[tokio::test]
async fn each_endpoint_refuses_the_methods_that_are_not_its_own() {
    covers!("RFC7644-3.2-08", "RFC7644-3.2-09", "RFC7644-3.2-10");
    let server = Server::rfc().await;
    for (target, taken) in [
        ("/ServiceProviderConfig", &["GET"][..]),
        ("/ResourceTypes", &["GET"]),
        ("/ResourceTypes/User", &["GET"]),
        ("/Schemas", &["GET"]),
        ("/Bulk", &["POST"]),
        ("/.search", &["POST"]),
        ("/Users/.search", &["POST"]),
        ("/Users", &["GET", "POST"]),
        ("/Users/x", &["GET", "PUT", "PATCH", "DELETE"]),
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"].iter().filter(|m| !taken.contains(m)) {
            let body =
                (!matches!(*method, "GET" | "DELETE")).then(|| json!({ "schemas": [USER], "userName": "a" }));
            let answer = server.call(method, target, body).await;
            assert_eq!(answer.status, 405, "{method} {target}: {}", answer.json);
            let allow = answer.headers.get("allow").unwrap().to_owned();
            let named: Vec<_> =
                allow.split(", ").filter(|method| !["HEAD", "OPTIONS"].contains(method)).collect();
            assert_eq!(named, taken, "{target}");
            answer.expect_error(405, None);
        }
    }
    assert_eq!(server.get("/Users").await.json["totalResults"], 0);
}

#[tokio::test]
async fn post_means_something_else_at_each_endpoint() {
    covers!("RFC7644-3.2-04");
    let server = Server::rfc().await;
    let message = |name: &str| json!([format!("urn:ietf:params:scim:api:messages:2.0:{name}")]);
    let body = json!({ "schemas": [USER], "userName": "a" });
    assert_eq!(server.post("/Users", body).await.expect(201).json["userName"], "a");
    let search = json!({ "schemas": message("SearchRequest"), "userName": "b" });
    let found = server.post("/Users/.search", search).await.expect(200);
    assert_eq!((&found.json["schemas"], &found.json["totalResults"]), (&message("ListResponse"), &json!(1)));
    let operation = json!({
        "method": "POST", "path": "/Users", "bulkId": "1", "data": { "schemas": [USER], "userName": "c" },
    });
    let bulk = json!({ "schemas": message("BulkRequest"), "Operations": [operation] });
    let done = server.post("/Bulk", bulk).await.expect(200);
    assert_eq!(done.json["schemas"], message("BulkResponse"));
    assert_eq!(server.get("/Users").await.json["totalResults"], 2);
}

#[tokio::test]
async fn put_creates_nothing() {
    covers!("RFC7644-3.2-05");
    let server = Server::rfc().await;
    for unknown in [NOBODY, "new", "a%20b"] {
        let target = format!("/Users/{unknown}");
        server.put(&target, json!({ "schemas": [USER], "userName": "a" })).await.expect_error(404, None);
        server.get(&target).await.expect_error(404, None);
    }
    assert_eq!(server.get("/Users").await.json["totalResults"], 0);
}

#[tokio::test]
async fn what_is_not_there_is_404_in_scim_words() {
    covers!("RFC7644-3.2-11", "RFC7644-3.4.1-03", "RFC7644-3.12-13");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "a" })).await;
    let below = format!("/Users/{}/emails", id(&user));
    for target in [
        "/Nonexistent",
        "/users",
        "/User",
        "/Users/none",
        "/Groups/none",
        "/ServiceProviderConfigs",
        "/Schemas/a/b",
        "/Nonexistent/.search",
        "/%00",
        below.as_str(),
    ] {
        server.get(target).await.expect_error(404, None);
    }
    let target = format!("/Users/{NOBODY}");
    server.get(&target).await.expect_error(404, None);
    server.delete(&target).await.expect_error(404, None);
    server.put(&target, json!({ "schemas": [USER], "userName": "b" })).await.expect_error(404, None);
    let operations = json!([{ "op": "replace", "path": "title", "value": "x" }]);
    server.patch(&target, operations).await.expect_error(404, None);
}

#[tokio::test]
async fn a_resource_is_found_by_its_id_and_at_its_own_endpoint_only() {
    covers!("RFC7644-3.4.1-01", "RFC7644-3.4.1-02", "RFC7644-3.4.1-04");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "bjensen", "externalId": "ext-1" })).await;
    let group = server.group(json!({ "displayName": "g" })).await;
    assert_eq!(server.get(&format!("/Users/{}", id(&user))).await.expect(200).json, user);
    for wrong in ["bjensen", "ext-1", &id(&user).to_uppercase(), id(&group)] {
        server.get(&format!("/Users/{wrong}")).await.expect_error(404, None);
    }
    let elsewhere = format!("/Groups/{}", id(&user));
    server.get(&elsewhere).await.expect_error(404, None);
    server.put(&elsewhere, json!({ "schemas": [GROUP], "displayName": "x" })).await.expect_error(404, None);
    server.delete(&elsewhere).await.expect_error(404, None);
    server.get(&format!("/Users/{}", id(&user))).await.expect(200);
}

#[tokio::test]
async fn reading_changes_nothing() {
    covers!("RFC7644-3.4.1-05", "RFC7644-3.14-04");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "a" })).await;
    let target = format!("/Users/{}", id(&user));
    let first = server.get(&target).await.expect(200);
    server.get("/Users").await.expect(200);
    server.get(&format!("{target}?attributes=userName")).await.expect(200);
    let again = server.get(&target).await.expect(200);
    assert_eq!((&first.json, first.headers.get("etag")), (&user, again.headers.get("etag")));
    assert_eq!(again.json, user);
}

/// A GET at another base URL of the same provider.
async fn at_base(server: &Server, path: &str, target: &str) -> Answer {
    let base = server.provider.base_url().replace("/scim/v2", path);
    let target_there = Target::connect(TargetConfig::new(base)).unwrap();
    let request = Request { auth: Auth::Bearer(TOKEN.to_owned()), ..Request::new("GET", target) };
    let response = target_there.send(request).await.outcome.unwrap();
    Answer { status: response.status, json: response.json().unwrap(), headers: response.headers }
}

#[tokio::test]
async fn another_protocol_version_is_refused_and_none_means_the_newest() {
    covers!("RFC7644-3.13-03", "RFC7644-3.13-04", "RFC7644-3.12-27");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "a" })).await;
    for version in ["v1", "v3", "v99", "v20", "V1"] {
        for target in ["/Users", "/ServiceProviderConfig", &format!("/Users/{}", id(&user))] {
            let answer = at_base(&server, &format!("/scim/{version}"), target).await;
            answer.expect_error(400, Some("invalidVers"));
        }
    }
    for elsewhere in ["", "/scimx", "/scim/v2/v2", "/scim/v2/v1"] {
        at_base(&server, elsewhere, "/Users").await.expect_error(404, None);
    }
    for target in ["/Users", "/ServiceProviderConfig", "/Schemas", &format!("/Users/{}", id(&user))] {
        let unversioned = at_base(&server, "/scim", target).await.expect(200);
        assert_eq!(unversioned.json, server.get(target).await.json, "{target}");
    }
}
