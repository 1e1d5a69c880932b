//! Replacing resources with PUT (RFC 7644 §3.5.1).

use scimulator::protocol::schema::{Registry, ResourceType, Schema};
use scimulator::provider::ProviderConfig;
use scimulator::provider::profile::Profile;
use scimulator::provider::world::World;
use serde_json::{Value, json};

use crate::covers;
use crate::support::{ENTERPRISE, Server, USER, id};

const ASSET: &str = "urn:example:params:scim:schemas:Asset";

/// A provider of one resource type at `/Assets`, with attributes of every mutability.
pub async fn assets() -> Server {
    let attribute = |name: &str, kind: &str, mutability: &str| json!({ "name": name, "type": kind, "multiValued": false, "mutability": mutability });
    let schema = json!({
        "id": ASSET,
        "name": "Asset",
        "attributes": [
            attribute("label", "string", "readWrite"),
            attribute("serial", "string", "immutable"),
            attribute("weight", "decimal", "immutable"),
            { "name": "pin", "type": "string", "mutability": "writeOnly", "returned": "never" },
            { "name": "vendor", "type": "complex", "mutability": "readWrite", "subAttributes": [
                attribute("code", "string", "immutable"), attribute("phone", "string", "readWrite"),
            ] },
        ],
    });
    let kind = json!({ "id": "Asset", "name": "Asset", "endpoint": "/Assets", "schema": ASSET });
    let registry = Registry::new(
        vec![Schema::from_json(&schema).unwrap()],
        vec![ResourceType::from_json(&kind).unwrap()],
    );
    let config = ProviderConfig::loopback(Profile::named("rfc").unwrap(), World::real());
    Server::with(ProviderConfig { registry: registry.unwrap(), ..config }).await
}

pub fn asset(attributes: Value) -> Value {
    let mut body = attributes;
    body["schemas"] = json!([ASSET]);
    body
}

fn user(attributes: Value) -> Value {
    let mut body = attributes;
    body["schemas"] = json!([USER]);
    body
}

#[tokio::test]
async fn put_replaces_the_resource_and_answers_with_it() {
    covers!("RFC7644-3.5-01", "RFC7644-3.5.1-03", "RFC7644-3.5.1-05", "RFC7644-3.5.1-13", "RFC7644-3.5.1-14");
    let server = Server::rfc().await;
    let before = server
        .user(json!({
            "userName": "ada", "displayName": "Ada", "title": "Countess", "active": true,
            "name": { "givenName": "Ada", "familyName": "Lovelace" },
            "emails": [{ "value": "old@x.test", "type": "work" }, { "value": "home@x.test", "type": "home" }],
        }))
        .await;
    let path = format!("/Users/{}", id(&before));
    let body = user(json!({
        "userName": "ada.l", "displayName": "A. Lovelace", "name": { "familyName": "King" },
        "emails": [{ "value": "new@x.test", "type": "work" }],
    }));
    let after = server.put(&path, body).await.expect(200).json;
    assert_eq!(after["userName"], "ada.l");
    assert_eq!(after["displayName"], "A. Lovelace");
    assert_eq!(after["name"], json!({ "familyName": "King" }));
    assert_eq!(after["emails"], json!([{ "value": "new@x.test", "type": "work" }]));
    assert!(after.get("title").is_none(), "{after}");
    assert!(after.get("active").is_none(), "{after}");

    assert_eq!(after["id"], before["id"]);
    assert_eq!(after["meta"]["created"], before["meta"]["created"]);
    assert_ne!(after["meta"]["version"], before["meta"]["version"]);
    let time = |user: &Value| user["meta"]["lastModified"].as_str().unwrap().to_owned();
    assert!(time(&after) >= time(&before));
    assert_eq!(server.get(&path).await.expect(200).json, after);
}

#[tokio::test]
async fn put_does_not_create_resources() {
    covers!("RFC7644-3.5.1-01");
    let server = Server::rfc().await;
    let body = user(json!({ "userName": "ada", "id": "chosen" }));
    server.put("/Users/chosen", body.clone()).await.expect_error(404, None);
    server.get("/Users/chosen").await.expect_error(404, None);
    assert!(server.names("userName eq \"ada\"").await.is_empty());
    server.put("/Users", body).await.expect_error(405, None);
}

#[tokio::test]
async fn a_whole_representation_can_be_put_back_and_its_read_only_parts_are_ignored() {
    covers!("RFC7644-3.5.1-02", "RFC7644-3.5.1-11");
    let server = Server::rfc().await;
    let created = server.user(json!({ "userName": "ada", "title": "x" })).await;
    let path = format!("/Users/{}", id(&created));
    let other = server.group(json!({ "displayName": "Others" })).await;
    server.group(json!({ "displayName": "Engineers", "members": [{ "value": id(&created) }] })).await;
    let before = server.get(&path).await.json;
    assert_eq!(before["groups"].as_array().unwrap().len(), 1);

    let mut echo = before.clone();
    echo["title"] = json!("y");
    let same = server.put(&path, echo.clone()).await.expect(200).json;
    assert_eq!(same["title"], "y");
    assert_eq!(same["groups"], before["groups"]);

    echo["id"] = json!("another");
    echo["meta"] = json!({ "created": "1999-01-01T00:00:00Z", "resourceType": "Group" });
    echo["groups"] = json!([{ "value": id(&other) }]);
    let after = server.put(&path, echo).await.expect(200).json;
    assert_eq!(after["id"], before["id"]);
    assert_eq!(after["meta"]["created"], before["meta"]["created"]);
    assert_eq!(after["meta"]["resourceType"], "User");
    assert_eq!(after["groups"], before["groups"]);
    assert!(server.get(&format!("/Groups/{}", id(&other))).await.json.get("members").is_none());
}

#[tokio::test]
async fn null_and_empty_arrays_clear_in_put() {
    covers!("RFC7644-3.5.1-07");
    let server = Server::rfc().await;
    let body = json!({ "userName": "ada", "nickName": "a", "emails": [{ "value": "a@x.test" }],
                       "name": { "givenName": "Ada", "familyName": "L" } });
    let path = format!("/Users/{}", id(&server.user(body).await));
    let cleared = user(json!({ "userName": "ada", "nickName": null, "emails": [],
                               "name": { "givenName": "Ada", "familyName": null } }));
    let put = server.put(&path, cleared).await.expect(200).json;
    let read = server.get(&path).await.json;
    for user in [put, read] {
        assert!(user.get("nickName").is_none(), "{user}");
        assert!(user.get("emails").is_none(), "{user}");
        assert_eq!(user["name"], json!({ "givenName": "Ada" }));
    }
    assert!(server.names("nickName pr or emails pr").await.is_empty());
}

#[tokio::test]
async fn an_immutable_value_can_be_set_once_repeated_and_not_changed() {
    covers!("RFC7644-3.5.1-08", "RFC7644-3.5.1-09", "RFC7644-3.5.1-10");
    let server = assets().await;
    let created = server.post("/Assets", asset(json!({ "label": "a", "vendor": { "phone": "1" } }))).await;
    let path = format!("/Assets/{}", id(&created.expect(201).json));

    let first =
        json!({ "label": "a", "serial": "S-1", "weight": 1.5, "vendor": { "code": "V", "phone": "1" } });
    let set = server.put(&path, asset(first.clone())).await.expect(200).json;
    assert_eq!(set["serial"], "S-1");
    assert_eq!(set["weight"], 1.5);
    assert_eq!(set["vendor"], json!({ "code": "V", "phone": "1" }));

    let mut again = first.clone();
    again["label"] = json!("b");
    again["vendor"]["phone"] = json!("2");
    let same = server.put(&path, asset(again)).await.expect(200).json;
    assert_eq!(same["label"], "b");
    assert_eq!(same["serial"], "S-1");
    assert_eq!(same["vendor"], json!({ "code": "V", "phone": "2" }));

    for (pointer, value) in [
        ("/serial", json!("S-2")),
        ("/weight", json!(2)),
        ("/vendor/code", json!("W")),
        ("/serial", Value::Null),
    ] {
        let mut other = first.clone();
        other["label"] = json!("c");
        *other.pointer_mut(pointer).unwrap() = value;
        server.put(&path, asset(other)).await.expect_error(400, Some("mutability"));
        assert_eq!(server.get(&path).await.json, same, "{pointer}");
    }
}

#[tokio::test]
async fn write_only_values_are_replaced_and_never_returned() {
    covers!("RFC7644-3.5.1-04");
    let server = Server::rfc().await;
    let before = server.user(json!({ "userName": "ada", "password": "Tiger-1!" })).await;
    let path = format!("/Users/{}", id(&before));
    let body = user(json!({ "userName": "ada", "password": "Lion-2!" }));
    let after = server.put(&path, body).await.expect(200).json;
    // That a password was written shows in the version only.
    assert_ne!(after["meta"]["version"], before["meta"]["version"]);
    let asked = server.get(&format!("{path}?attributes=password")).await.expect(200).json;
    for shown in [before, after, asked] {
        assert!(shown.get("password").is_none());
        assert!(!shown.to_string().contains("Lion-2!") && !shown.to_string().contains("Tiger-1!"));
    }
}

#[tokio::test]
async fn a_put_without_a_required_attribute_is_refused() {
    covers!("RFC7644-3.5.1-12");
    let server = Server::rfc().await;
    let before = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&before));
    for body in [json!({ "title": "x" }), json!({ "userName": null }), json!({ "userName": "" })] {
        server.put(&path, user(body)).await.expect_error(400, Some("invalidValue"));
    }
    assert_eq!(server.get(&path).await.json, before);
}

#[tokio::test]
async fn a_put_that_would_duplicate_a_unique_value_is_a_conflict_but_not_with_itself() {
    covers!("RFC7644-3.5.1-15", "RFC7644-3.5.1-16");
    let server = Server::rfc().await;
    let ada = server.user(json!({ "userName": "ada" })).await;
    let bob = server.user(json!({ "userName": "bob" })).await;
    let path = format!("/Users/{}", id(&bob));
    for taken in ["ada", "ADA"] {
        let body = user(json!({ "userName": taken, "title": "x" }));
        server.put(&path, body).await.expect_error(409, Some("uniqueness"));
    }
    assert_eq!(server.get(&path).await.json, bob);
    assert_eq!(server.get(&format!("/Users/{}", id(&ada))).await.json, ada);

    for own in ["bob", "Bob"] {
        let answer = server.put(&path, user(json!({ "userName": own, "title": own }))).await.expect(200);
        assert_eq!(answer.json["userName"], own);
    }
}

#[tokio::test]
async fn a_put_that_is_refused_changes_nothing() {
    covers!("RFC7644-3.5.1-17");
    let server = Server::rfc().await;
    let before = server.user(json!({ "userName": "ada", "title": "x" })).await;
    let path = format!("/Users/{}", id(&before));
    for body in ["{bad", "[]", "", "\"x\"", "{\"userName\":\"eve\"", "{\"schemas\":7,\"userName\":\"eve\"}"] {
        let answer = server.call_raw("PUT", &path, "application/scim+json", body).await;
        answer.expect_error(400, Some("invalidSyntax"));
    }
    for wrong in [json!({ "emails": 5 }), json!({ "active": "yes" }), json!({ "name": ["x"] })] {
        let mut body = user(json!({ "userName": "eve", "title": "y" }));
        body.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        server.put(&path, body).await.expect_error(400, Some("invalidValue"));
    }
    assert_eq!(server.get(&path).await.json, before);
}

#[tokio::test]
async fn the_same_put_twice_gives_the_same_state() {
    covers!("RFC7644-3.5.1-18");
    let server = Server::rfc().await;
    let path = format!("/Users/{}", id(&server.user(json!({ "userName": "ada" })).await));
    let body = json!({
        "schemas": [USER, ENTERPRISE], "userName": "ada", "active": false,
        "emails": [{ "value": "a@x.test", "type": "work", "primary": true }, { "value": "b@x.test" }],
        ENTERPRISE: { "department": "D" },
    });
    let mut first = server.put(&path, body.clone()).await.expect(200).json;
    let mut second = server.put(&path, body).await.expect(200).json;
    for user in [&mut first, &mut second] {
        user["meta"].as_object_mut().unwrap().retain(|name, _| name != "lastModified" && name != "version");
    }
    assert_eq!(first, second);
    assert_eq!(first["emails"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_put_without_an_extension_takes_it_out_of_schemas_too() {
    covers!("RFC7644-3.5.1-19");
    let server = Server::rfc().await;
    let created = server.user(json!({ "userName": "ada", ENTERPRISE: { "department": "D" } })).await;
    assert_eq!(created["schemas"], json!([USER, ENTERPRISE]));
    let path = format!("/Users/{}", id(&created));
    let put = server.put(&path, user(json!({ "userName": "ada" }))).await.expect(200).json;
    let read = server.get(&path).await.json;
    for user in [put, read] {
        assert_eq!(user["schemas"], json!([USER]));
        assert!(user.get(ENTERPRISE).is_none());
    }
}
