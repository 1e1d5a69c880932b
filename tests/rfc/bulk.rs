//! Bulk requests: the message, its limits, and what it answers (RFC 7644 §3.7).

use scimulator::exchange::Request;
use scimulator::provider::ProviderConfig;
use scimulator::provider::profile::Profile;
use scimulator::provider::world::World;
use serde_json::{Value, json};

use crate::covers;
use crate::support::{Answer, PATCH_OP, Server, USER, id};

pub const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
pub const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// Sends these operations.
pub async fn bulk(server: &Server, operations: Value) -> Answer {
    server.post("/Bulk", json!({ "schemas": [BULK_REQUEST], "Operations": operations })).await
}

/// The results of these operations.
pub async fn results(server: &Server, operations: Value) -> Vec<Value> {
    let answer = bulk(server, operations).await.expect(200);
    answer.json["Operations"].as_array().unwrap().clone()
}

pub fn post_user(bulk_id: &str, name: &str) -> Value {
    let data = json!({ "schemas": [USER], "userName": name });
    json!({ "method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data })
}

fn patch(path: &str, operations: Value) -> Value {
    let data = json!({ "schemas": [PATCH_OP], "Operations": operations });
    json!({ "method": "PATCH", "path": path, "data": data })
}

fn set_title(path: &str, title: &str) -> Value {
    patch(path, json!([{ "op": "replace", "path": "title", "value": title }]))
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["status"].as_str().unwrap()).collect()
}

/// Asserts that an operation was refused, and how.
#[track_caller]
pub fn assert_failed(result: &Value, status: u16, scim_type: Option<&str>) {
    let error = &result["response"];
    assert_eq!(result["status"], status.to_string(), "{result}");
    assert_eq!(error["schemas"], json!([crate::support::ERROR]), "{result}");
    assert_eq!(error["status"], status.to_string(), "{result}");
    assert_eq!(error.get("scimType").and_then(Value::as_str), scim_type, "{result}");
    assert!(error["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{result}");
}

/// A provider that takes so many operations and bytes in one bulk request.
async fn limited(operations: usize, bytes: usize) -> Server {
    let mut profile = Profile::named("rfc").unwrap();
    profile.limits.bulk_operations = operations;
    profile.limits.bulk_payload_bytes = bytes;
    Server::with(ProviderConfig::loopback(profile, World::real())).await
}

#[tokio::test]
async fn bulk_is_supported_as_announced_and_501_where_it_is_not() {
    covers!("RFC7644-3.7-01");
    let server = Server::rfc().await;
    assert_eq!(server.get("/ServiceProviderConfig").await.json["bulk"]["supported"], true);
    bulk(&server, json!([post_user("a", "ada")])).await.expect(200);

    let mut profile = Profile::named("rfc").unwrap();
    profile.features.bulk = false;
    let server = Server::with(ProviderConfig::loopback(profile, World::real())).await;
    assert_eq!(server.get("/ServiceProviderConfig").await.json["bulk"]["supported"], false);
    bulk(&server, json!([post_user("a", "ada")])).await.expect_error(501, None);
    assert!(server.names("userName pr").await.is_empty());
}

#[tokio::test]
async fn the_response_is_a_bulk_response_with_a_result_for_each_operation() {
    covers!(
        "RFC7644-3.7-03",
        "RFC7644-3.7-05",
        "RFC7644-3.7-19",
        "RFC7644-3.7-24",
        "RFC7644-3.7.3-01",
        "RFC7644-3.7.3-06"
    );
    let server = Server::rfc().await;
    let operations = json!([
        post_user("a", "ada"), post_user("b", "ADA"), { "method": "DELETE", "path": "/Users/x", "bulkId": "c" },
        post_user("d", "bob"),
    ]);
    for fail_on_errors in [None, Some(3)] {
        let mut body = json!({ "schemas": [BULK_REQUEST], "Operations": operations });
        if let Some(limit) = fail_on_errors {
            body["failOnErrors"] = limit.into();
        }
        let answer = server.post("/Bulk", body).await.expect(200);
        assert_eq!(answer.headers.get("content-type"), Some("application/scim+json"));
        assert_eq!(answer.json["schemas"], json!([BULK_RESPONSE]));
        let mut names: Vec<_> = answer.json.as_object().unwrap().keys().collect();
        names.sort();
        assert_eq!(names, ["Operations", "schemas"]);
        let results = answer.json["Operations"].as_array().unwrap();
        let ids: Vec<_> = results.iter().map(|result| result["bulkId"].as_str().unwrap()).collect();
        assert_eq!(ids, ["a", "b", "c", "d"]);
        assert_eq!(statuses(results), ["201", "409", "404", "201"]);
        for user in server.get("/Users").await.json["Resources"].as_array().unwrap() {
            server.delete(&format!("/Users/{}", id(user))).await.expect(204);
        }
    }
}

#[tokio::test]
async fn a_broken_message_fails_as_a_whole() {
    covers!("RFC7644-3.7-02", "RFC7644-3.7-04", "RFC7644-3.7-06", "RFC7644-3.7-20");
    let server = Server::rfc().await;
    let good = json!([post_user("a", "ada")]);
    let broken = [
        json!({ "Operations": good }),
        json!({ "schemas": [], "Operations": good }),
        json!({ "schemas": [PATCH_OP], "Operations": good }),
        json!({ "schemas": [BULK_REQUEST] }),
        json!({ "schemas": [BULK_REQUEST], "Operations": [] }),
        json!({ "schemas": [BULK_REQUEST], "Operations": {} }),
        json!({ "schemas": [BULK_REQUEST], "Operations": "x" }),
        json!({ "schemas": [BULK_REQUEST], "failOnErrors": "x", "Operations": good }),
        json!({ "schemas": [BULK_REQUEST], "failOnErrors": 1.5, "Operations": good }),
        json!({ "schemas": [BULK_REQUEST], "failOnErrors": [1], "Operations": good }),
    ];
    for body in broken {
        server.post("/Bulk", body).await.expect_error(400, Some("invalidSyntax"));
    }
    server
        .call_raw("POST", "/Bulk", "application/scim+json", "{bad")
        .await
        .expect_error(400, Some("invalidSyntax"));
    for limit in [0, -1] {
        let body = json!({ "schemas": [BULK_REQUEST], "failOnErrors": limit, "Operations": good });
        server.post("/Bulk", body).await.expect_error(400, Some("invalidValue"));
    }
    assert!(server.names("userName pr").await.is_empty());
    let body = json!({ "schemas": [BULK_REQUEST], "failOnErrors": 1, "Operations": good });
    server.post("/Bulk", body).await.expect(200);
}

#[tokio::test]
async fn a_broken_operation_fails_alone() {
    covers!(
        "RFC7644-3.7-07",
        "RFC7644-3.7-08",
        "RFC7644-3.7-09",
        "RFC7644-3.7-11",
        "RFC7644-3.7-12",
        "RFC7644-3.7-13",
        "RFC7644-3.7-14"
    );
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    let without = |mut operation: Value, name: &str| {
        operation.as_object_mut().unwrap().shift_remove(name);
        operation
    };
    let put_data = json!({ "schemas": [USER], "userName": "ada" });
    let broken = [
        json!({ "method": "GET", "path": path }),
        json!({ "method": "post", "path": "/Users", "bulkId": "x", "data": put_data }),
        json!({ "method": 7, "path": path }),
        json!({ "path": path }),
        without(post_user("x", "eve"), "bulkId"),
        without(post_user("x", "eve"), "path"),
        without(post_user("x", "eve"), "data"),
        json!({ "method": "DELETE" }),
        json!({ "method": "PUT", "path": path }),
        json!({ "method": "PATCH", "path": path }),
        json!({ "method": "PUT", "path": path, "data": "x" }),
        json!({ "method": "POST", "path": path, "bulkId": "x", "data": put_data }),
        json!({ "method": "DELETE", "path": "/Users" }),
        json!({ "method": "PATCH", "path": "/Users", "data": {} }),
        json!({ "method": "DELETE", "path": "/" }),
        json!({ "method": "DELETE", "path": format!("{path}/x") }),
        json!({ "method": "PATCH", "path": path, "data": [{ "op": "add", "path": "title", "value": "x" }] }),
        json!({ "method": "PATCH", "path": path, "data": { "Operations": [] } }),
        json!({ "method": "PATCH", "path": path, "data": put_data }),
        json!("DELETE"),
        json!(null),
    ];
    let count = broken.len();
    let mut operations = Vec::new();
    for (at, operation) in broken.into_iter().enumerate() {
        operations.push(operation);
        operations.push(set_title(&path, &format!("title {at}")));
    }
    let results = results(&server, json!(operations)).await;
    assert_eq!(results.len(), 2 * count);
    for (pair, sent) in results.chunks(2).zip(operations.chunks(2)) {
        assert_eq!(pair[0]["status"], "400", "{}", sent[0]);
        assert_failed(&pair[0], 400, Some("invalidSyntax"));
        assert_eq!(pair[1]["status"], "200");
    }
    assert_eq!(server.get(&path).await.json["title"], format!("title {}", count - 1));
    assert_eq!(server.names("userName pr").await, ["ada"]);
}

#[tokio::test]
async fn a_bulk_id_names_one_operation() {
    covers!("RFC7644-3.7-09");
    let server = Server::rfc().await;
    let operations = json!([post_user("same", "ada"), post_user("same", "bob"), post_user("other", "eve")]);
    let results = results(&server, operations).await;
    assert_eq!(statuses(&results), ["201", "400", "201"]);
    assert_failed(&results[1], 400, Some("invalidValue"));
    assert_eq!(server.names("userName pr").await, ["ada", "eve"]);
}

#[tokio::test]
async fn every_result_but_that_of_a_failed_post_has_a_location() {
    covers!(
        "RFC7644-3.7-15",
        "RFC7644-3.7-16",
        "RFC7644-3.7-18",
        "RFC7644-3.7.3-02",
        "RFC7644-3.7.3-04",
        "RFC7644-3.7-07"
    );
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    let put = |path: &str, name: &str| json!({ "method": "PUT", "path": path, "data": { "schemas": [USER], "userName": name } });
    let results = results(
        &server,
        json!([
            post_user("a", "bob"),
            put(&path, "ada"),
            set_title(&path, "x"),
            post_user("b", "bob"),
            put(&path, "bob"),
            put("/Users/none", "x"),
            set_title("/Users/none", "x"),
            { "method": "DELETE", "path": "/Users/none" },
            { "method": "DELETE", "path": path },
            put("Users/none", "x"),
            // Refused for its form; it is about the same resource.
            { "method": "PUT", "path": "Users/none" },
        ]),
    )
    .await;
    let methods: Vec<_> = results.iter().map(|result| result["method"].as_str().unwrap()).collect();
    assert_eq!(
        methods,
        ["POST", "PUT", "PATCH", "POST", "PUT", "PUT", "PATCH", "DELETE", "DELETE", "PUT", "PUT"]
    );
    assert_eq!(
        statuses(&results),
        ["201", "200", "200", "409", "409", "404", "404", "404", "204", "404", "400"]
    );
    let base = server.provider.base_url();
    let new = results[0]["location"].as_str().unwrap();
    let read = server.get(new.strip_prefix(&base).unwrap()).await.expect(200).json;
    assert_eq!(read["userName"], "bob");
    assert_eq!(read["meta"]["location"], new);
    for at in [1, 2, 4, 8] {
        assert_eq!(results[at]["location"], format!("{base}{path}"), "{}", results[at]);
    }
    for at in [5, 6, 7, 9, 10] {
        assert_eq!(results[at]["location"], format!("{base}/Users/none"));
    }
    assert!(results[3].get("location").is_none(), "{}", results[3]);
    for (at, status, scim_type) in [
        (3, 409, Some("uniqueness")),
        (4, 409, Some("uniqueness")),
        (5, 404, None),
        (6, 404, None),
        (7, 404, None),
    ] {
        assert_failed(&results[at], status, scim_type);
    }
}

#[tokio::test]
async fn each_operation_gets_the_status_that_it_would_have_alone() {
    covers!("RFC7644-3.7-10", "RFC7644-3.7-26", "RFC7644-3.7.3-03");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    let with_version = |mut operation: Value, version: &Value| {
        operation["version"] = version.clone();
        operation
    };
    let stale = json!("W/\"stale\"");
    let fresh = &user["meta"]["version"];
    let operations = json!([
        with_version(set_title(&path, "stale"), &stale),
        with_version(json!({ "method": "DELETE", "path": path }), &stale),
        with_version(
            json!({ "method": "PUT", "path": path, "data": { "schemas": [USER], "userName": "x" } }),
            &stale,
        ),
        with_version(set_title(&path, "fresh"), fresh),
        // The one before has made it stale.
        with_version(set_title(&path, "again"), fresh),
        post_user("a", "ADA"),
        { "method": "POST", "path": "/Users", "bulkId": "b", "data": { "schemas": [USER] } },
        patch(&path, json!([{ "op": "remove", "path": "userName" }])),
        patch(&path, json!([{ "op": "replace", "path": "emails[type eq \"x\"].value", "value": "x" }])),
        { "method": "POST", "path": "/Nothing", "bulkId": "c", "data": {} },
        post_user("d", "bob"),
        { "method": "DELETE", "path": path },
        { "method": "DELETE", "path": path },
    ]);
    let results = results(&server, operations).await;
    assert_eq!(
        statuses(&results),
        ["412", "412", "412", "200", "412", "409", "400", "400", "400", "404", "201", "204", "404"]
    );
    let kinds: Vec<_> = results.iter().map(|r| r["response"]["scimType"].as_str().unwrap_or("-")).collect();
    assert_eq!(
        kinds,
        ["-", "-", "-", "-", "-", "uniqueness", "invalidValue", "mutability", "noTarget", "-", "-", "-", "-"]
    );
    assert_ne!(results[3]["version"], *fresh);
    server.get(&path).await.expect_error(404, None);
    assert_eq!(server.names("userName pr").await, ["bob"]);
}

#[tokio::test]
async fn what_fails_does_not_hold_up_the_rest_nor_take_it_back() {
    covers!("RFC7644-3.7-20", "RFC7644-3.7-21");
    let server = Server::rfc().await;
    let bad = json!({ "method": "POST", "path": "/Users", "bulkId": "bad", "data": { "schemas": [USER] } });
    let operations = json!([post_user("a", "ada"), bad, post_user("b", "bob")]);
    assert_eq!(statuses(&results(&server, operations).await), ["201", "400", "201"]);
    assert_eq!(server.names("userName pr").await, ["ada", "bob"]);
    // Even when everything fails.
    let operations = json!([post_user("a", "ada"), post_user("b", "bob")]);
    assert_eq!(statuses(&results(&server, operations).await), ["409", "409"]);
}

#[tokio::test]
async fn fail_on_errors_stops_and_keeps_what_was_done() {
    covers!("RFC7644-3.7-22", "RFC7644-3.7.3-05", "RFC7644-3.7.3-07");
    let server = Server::rfc().await;
    let bad =
        |id: &str| json!({ "method": "POST", "path": "/Users", "bulkId": id, "data": { "schemas": [USER] } });
    let check = async |limit: u64, operations: Vec<Value>, expected: &[&str], created: &[&str]| {
        let body = json!({ "schemas": [BULK_REQUEST], "failOnErrors": limit, "Operations": operations });
        let answer = server.post("/Bulk", body).await.expect(200);
        assert_eq!(statuses(answer.json["Operations"].as_array().unwrap()), expected);
        assert_eq!(server.names("userName pr").await, created);
        for user in server.get("/Users").await.json["Resources"].as_array().unwrap() {
            server.delete(&format!("/Users/{}", id(user))).await.expect(204);
        }
    };
    let user = |name: &str| post_user(name, name);
    check(1, vec![bad("x"), user("a")], &["400"], &[]).await;
    check(1, vec![user("a"), bad("x"), user("b")], &["201", "400"], &["a"]).await;
    let operations = vec![bad("x"), user("a"), bad("y"), user("b"), bad("z")];
    check(2, operations, &["400", "201", "400"], &["a"]).await;
    check(3, vec![bad("x"), bad("y"), user("a")], &["400", "400", "201"], &["a"]).await;
}

#[tokio::test]
async fn the_limits_are_announced_and_exact() {
    covers!(
        "RFC7644-3.7.4-01",
        "RFC7644-3.7.4-02",
        "RFC7644-3.7.4-03",
        "RFC7644-3.7.4-04",
        "RFC7644-3.7.4-05",
        "RFC7644-3.7.4-06"
    );
    let server = limited(5, 4000).await;
    let config = server.get("/ServiceProviderConfig").await.expect(200).json;
    assert_eq!(config["bulk"]["maxOperations"], 5);
    assert_eq!(config["bulk"]["maxPayloadSize"], 4000);
    let plain = Server::rfc().await.get("/ServiceProviderConfig").await.json;
    assert!(plain["bulk"]["maxOperations"].as_u64().unwrap() > 0);
    assert!(plain["bulk"]["maxPayloadSize"].as_u64().unwrap() > 0);

    let users =
        |count: usize| (0..count).map(|n| post_user(&format!("b{n}"), &format!("u{n}"))).collect::<Vec<_>>();
    let refused = bulk(&server, json!(users(6))).await.expect_error(413, None);
    let detail = refused.json["detail"].as_str().unwrap();
    assert!(detail.contains("maxOperations") && detail.contains('5'), "{detail}");
    assert!(server.names("userName pr").await.is_empty());
    assert_eq!(results(&server, json!(users(5))).await.len(), 5);

    // Padded with spaces to the byte.
    let padded = |size: usize| {
        let mut text =
            json!({ "schemas": [BULK_REQUEST], "Operations": [post_user("p", "padded")] }).to_string();
        text.extend(std::iter::repeat_n(' ', size - text.len()));
        let mut request = Request::new("POST", "/Bulk");
        request.headers.append("Content-Type", "application/scim+json");
        request.body = text.into();
        request
    };
    let refused = server.send(padded(4001)).await.expect_error(413, None);
    let detail = refused.json["detail"].as_str().unwrap();
    assert!(detail.contains("maxPayloadSize") && detail.contains("4000"), "{detail}");
    assert!(server.names("userName eq \"padded\"").await.is_empty());
    let accepted = server.send(padded(4000)).await.expect(200);
    assert_eq!(statuses(accepted.json["Operations"].as_array().unwrap()), ["201"]);
}
