//! Creating resources: POST to the endpoint of a resource type (RFC 7644 §3.3).

use serde_json::json;

use crate::covers;
use crate::support::{ENTERPRISE, Server, USER, id};

#[tokio::test]
async fn post_creates_a_resource_and_answers_with_it() {
    covers!("RFC7644-3.3-01", "RFC7644-3.3-06", "RFC7644-3.3-07", "RFC7644-3.3-08", "RFC7644-3.3-09");
    let server = Server::rfc().await;
    let body = json!({ "schemas": [USER], "userName": "ada", "name": { "familyName": "Lovelace" } });
    let created = server.post("/Users", body).await.expect(201);
    assert_eq!(created.json["userName"], "ada");
    assert_eq!(created.json["name"], json!({ "familyName": "Lovelace" }));

    let location = created.headers.get("location").unwrap();
    let expected = format!("{}/Users/{}", server.provider.base_url(), id(&created.json));
    assert_eq!(location, expected);
    assert_eq!(created.json["meta"]["location"], expected.as_str());

    let path = location.strip_prefix(&server.provider.base_url()).unwrap();
    assert_eq!(server.get(path).await.expect(200).json, created.json);
}

#[tokio::test]
async fn read_only_attributes_of_a_new_resource_are_ignored() {
    covers!("RFC7644-3.3-02", "RFC7644-3.3.1-01", "RFC7644-3.3.1-02");
    let server = Server::rfc().await;
    let manager = server.user(json!({ "userName": "boss", "displayName": "The Boss" })).await;
    let group = server.group(json!({ "displayName": "Engineers" })).await;
    let meta = json!({
        "resourceType": "Robot", "created": "1999-01-01T00:00:00Z", "lastModified": "1999-01-01T00:00:00Z",
        "location": "https://elsewhere.test/Users/mine", "version": "W/\"mine\"",
    });
    let user = server
        .user(json!({
            "userName": "ada",
            "id": "mine",
            "meta": meta,
            "groups": [{ "value": id(&group), "display": "Engineers" }],
            ENTERPRISE: { "manager": { "value": id(&manager), "displayName": "Mine" } },
        }))
        .await;
    assert_ne!(id(&user), "mine");
    assert_eq!(user["meta"]["resourceType"], "User");
    for member in ["created", "lastModified", "location", "version"] {
        assert_ne!(user["meta"][member], meta[member], "{member}");
    }
    assert!(user.get("groups").is_none(), "{user}");
    assert_ne!(user[ENTERPRISE]["manager"]["displayName"], "Mine");
    assert!(server.get(&format!("/Groups/{}", id(&group))).await.json.get("members").is_none());
    server.get("/Users/mine").await.expect_error(404, None);

    let group = server.group(json!({ "displayName": "Admins", "meta": { "resourceType": "User" } })).await;
    assert_eq!(group["meta"]["resourceType"], "Group");
}

#[tokio::test]
async fn null_and_empty_arrays_leave_attributes_of_a_new_resource_unassigned() {
    covers!("RFC7644-3.3-05");
    let server = Server::rfc().await;
    let body = json!({
        "userName": "ada", "nickName": null, "name": null, "emails": [], "phoneNumbers": null,
        ENTERPRISE: { "department": null, "costCenter": "7" },
    });
    let user = server.user(body).await;
    for name in ["nickName", "name", "emails", "phoneNumbers"] {
        assert!(user.get(name).is_none(), "{user}");
    }
    assert_eq!(user[ENTERPRISE], json!({ "costCenter": "7" }));
    assert!(server.names("nickName pr or name pr or emails pr").await.is_empty());
}

#[tokio::test]
async fn a_collision_with_an_existing_resource_is_refused_as_409_uniqueness() {
    covers!("RFC7644-3.3-10");
    let server = Server::rfc().await;
    server.user(json!({ "userName": "ada" })).await;
    for name in ["ada", "ADA", "Ada"] {
        let body = json!({ "schemas": [USER], "userName": name, "title": "second" });
        server.post("/Users", body).await.expect_error(409, Some("uniqueness"));
    }
    assert!(server.names("title eq \"second\"").await.is_empty());
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused_as_invalid_syntax() {
    covers!("RFC7644-3.3-11");
    let server = Server::rfc().await;
    let named = |rest: &str| format!("{{\"schemas\":[\"{USER}\"],\"userName\":\"ada\"{rest}");
    let bodies = [
        "{bad".to_owned(),
        String::new(),
        " ".to_owned(),
        "[]".to_owned(),
        "\"x\"".to_owned(),
        "7".to_owned(),
        "null".to_owned(),
        "true".to_owned(),
        format!("[{}}}]", named("")),
        named(""),
        named(",}"),
        named("}}"),
        named("} {}"),
        named(",\"nickName\":'x'}"),
        named(",\"nickName\":NaN}"),
    ];
    for body in bodies {
        let answer = server.call_raw("POST", "/Users", "application/scim+json", body.clone()).await;
        assert_eq!(answer.json["scimType"], "invalidSyntax", "{body}: {}", answer.json);
        answer.expect_error(400, Some("invalidSyntax"));
    }
    assert!(server.names("userName pr").await.is_empty());
}

#[tokio::test]
async fn a_value_that_is_missing_or_of_the_wrong_type_is_refused_and_nothing_is_created() {
    covers!("RFC7644-3.3-12", "RFC7644-3.3-13");
    let server = Server::rfc().await;
    let wrong = [
        ("emails", json!("x")),
        ("emails", json!(["x"])),
        ("emails", json!([{ "value": 7 }])),
        ("emails", json!({ "value": "x@y.test" })),
        ("name", json!("Ada Lovelace")),
        ("name", json!([{ "familyName": "Lovelace" }])),
        ("name", json!({ "familyName": ["Lovelace"] })),
        ("active", json!("true")),
        ("active", json!(1)),
        ("nickName", json!(7)),
        ("nickName", json!(["a"])),
        ("externalId", json!({})),
        ("x509Certificates", json!([{ "value": "not base64!" }])),
        (ENTERPRISE, json!("sales")),
        (ENTERPRISE, json!({ "department": ["sales"] })),
    ];
    for (name, value) in wrong {
        let mut body = json!({ "schemas": [USER, ENTERPRISE], "userName": "ada" });
        body[name] = value.clone();
        let answer = server.post("/Users", body).await;
        assert_eq!(answer.status, 400, "{name}: {value}");
        answer.expect_error(400, Some("invalidValue"));
    }
    for missing in [json!({}), json!({ "userName": null }), json!({ "userName": "" })] {
        let mut body = json!({ "schemas": [USER], "displayName": "nobody" });
        body.as_object_mut().unwrap().extend(missing.as_object().unwrap().clone());
        server.post("/Users", body).await.expect_error(400, Some("invalidValue"));
    }
    let list = server.get("/Users").await.expect(200);
    assert_eq!(list.json["totalResults"], 0, "{}", list.json);
    // Nor does a refused body occupy the name.
    server.user(json!({ "userName": "ada" })).await;
}

#[tokio::test]
async fn attributes_that_no_schema_defines_are_dropped() {
    covers!("RFC7644-3.3-14");
    let server = Server::rfc().await;
    let body = json!({
        "userName": "ada", "unknownAttr": 1, "name": { "familyName": "L", "clan": "x" },
        ENTERPRISE: { "badge": true, "costCenter": "7" },
    });
    let created = server.user(body).await;
    let read = server.get(&format!("/Users/{}", id(&created))).await.json;
    for user in [created, read] {
        assert!(user.get("unknownAttr").is_none(), "{user}");
        assert_eq!(user["name"], json!({ "familyName": "L" }));
        assert_eq!(user[ENTERPRISE], json!({ "costCenter": "7" }));
    }
}
