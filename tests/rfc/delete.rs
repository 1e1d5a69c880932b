//! Deleting resources (RFC 7644 §3.6).

use serde_json::{Value, json};

use crate::covers;
use crate::support::{PATCH_OP, Server, USER, id};

#[tokio::test]
async fn delete_answers_204_without_a_body() {
    covers!("RFC7644-3.6-06");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let group = server.group(json!({ "displayName": "Engineers" })).await;
    for path in [format!("/Users/{}", id(&user)), format!("/Groups/{}", id(&group))] {
        let answer = server.delete(&path).await.expect(204);
        assert_eq!(answer.json, Value::Null);
        assert!(!answer.headers.contains("content-type"));
    }
}

#[tokio::test]
async fn a_deleted_resource_is_not_found_by_any_method() {
    covers!("RFC7644-3.6-01", "RFC7644-3.6-02");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    server.delete(&path).await.expect(204);

    let patch = json!({
        "schemas": [PATCH_OP],
        "Operations": [{ "op": "replace", "path": "title", "value": "x" }],
    });
    let put = json!({ "schemas": [USER], "userName": "ada" });
    for (method, body) in [("GET", None), ("PUT", Some(put)), ("PATCH", Some(patch)), ("DELETE", None)] {
        server.call(method, &path, body).await.expect_error(404, None);
    }
    assert!(server.names("userName eq \"ada\"").await.is_empty());
}

#[tokio::test]
async fn a_deleted_resource_is_in_no_query() {
    covers!("RFC7644-3.6-04");
    let server = Server::rfc().await;
    let ada = server.user(json!({ "userName": "ada", "title": "x" })).await;
    server.user(json!({ "userName": "bob", "title": "x" })).await;
    server.delete(&format!("/Users/{}", id(&ada))).await.expect(204);

    let search = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": "title eq \"x\"",
    });
    let answers = [
        server.get("/Users").await,
        server.get("/").await,
        server.get("/Users?filter=title eq \"x\"").await,
        server.post("/Users/.search", search.clone()).await,
        server.post("/.search", search).await,
    ];
    for answer in answers {
        let answer = answer.expect(200);
        assert_eq!(answer.json["totalResults"], 1, "{}", answer.json);
        assert_eq!(answer.json["Resources"][0]["userName"], "bob");
    }
    let by_id = format!("/Users?filter=id eq \"{}\"", id(&ada));
    assert_eq!(server.get(&by_id).await.expect(200).json["totalResults"], 0);
}

#[tokio::test]
async fn a_deleted_resource_stands_in_nobodys_way() {
    covers!("RFC7644-3.6-05");
    let server = Server::rfc().await;
    let first = server.user(json!({ "userName": "ada", "title": "first" })).await;
    server.delete(&format!("/Users/{}", id(&first))).await.expect(204);
    let second = server.user(json!({ "userName": "ADA" })).await;
    assert_ne!(id(&first), id(&second));
    assert!(second.get("title").is_none());

    // The same for a rename.
    let bob = server.user(json!({ "userName": "bob" })).await;
    server.delete(&format!("/Users/{}", id(&second))).await.expect(204);
    let renamed = json!([{ "op": "replace", "path": "userName", "value": "ada" }]);
    server.patch(&format!("/Users/{}", id(&bob)), renamed).await.expect(200);
}

#[tokio::test]
async fn what_never_existed_cannot_be_deleted() {
    covers!("RFC7644-3.6-07");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    for path in [
        "/Users/00000000-0000-4000-8000-000000000000".to_owned(),
        "/Users/x".to_owned(),
        format!("/Groups/{}", id(&user)),
    ] {
        server.delete(&path).await.expect_error(404, None);
    }
    server.get(&format!("/Users/{}", id(&user))).await.expect(200);
}

#[tokio::test]
async fn a_deleted_member_leaves_its_groups() {
    covers!("RFC7644-3.6-08");
    let server = Server::rfc().await;
    let ada = server.user(json!({ "userName": "ada" })).await;
    let bob = server.user(json!({ "userName": "bob" })).await;
    let members = json!([{ "value": id(&ada) }, { "value": id(&bob) }]);
    let group = server.group(json!({ "displayName": "Engineers", "members": members })).await;
    let path = format!("/Groups/{}", id(&group));

    server.delete(&format!("/Users/{}", id(&ada))).await.expect(204);
    let left = server.get(&path).await.expect(200).json;
    assert_eq!(left["members"].as_array().unwrap().len(), 1, "{left}");
    assert_eq!(left["members"][0]["value"], id(&bob));
    assert_ne!(left["meta"]["version"], group["meta"]["version"]);

    server.delete(&format!("/Users/{}", id(&bob))).await.expect(204);
    let left = server.get(&path).await.expect(200).json;
    assert!(left.get("members").is_none(), "{left}");

    // And the other way round: a deleted group is on no user.
    let eve = server.user(json!({ "userName": "eve" })).await;
    let group = server.group(json!({ "displayName": "Ops", "members": [{ "value": id(&eve) }] })).await;
    let eve = format!("/Users/{}", id(&eve));
    assert_eq!(server.get(&eve).await.json["groups"][0]["value"], id(&group));
    server.delete(&format!("/Groups/{}", id(&group))).await.expect(204);
    assert!(server.get(&eve).await.json.get("groups").is_none());
}
