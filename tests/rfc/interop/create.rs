//! Creating users as identity providers do (section 11.4 of the catalogue).

use serde_json::{Value, json};

use super::{found, interop, users};
use crate::covers;
use crate::support::{ENTERPRISE, Server, USER, id};

/// Creates a user of exactly this body.
async fn create(server: &Server, body: Value) -> Value {
    server.post("/Users", body).await.expect(201).json
}

#[tokio::test]
async fn schemas_may_name_more_or_less_than_there_is() {
    covers!("Q-C01", "Q-C02", "Q-C09");
    let server = interop().await;
    let surplus = create(&server, json!({ "schemas": [USER, ENTERPRISE], "userName": "a" })).await;
    assert_eq!(surplus["schemas"], json!([USER]));
    let body = json!({ "schemas": [USER], "userName": "b", ENTERPRISE: { "department": "D" } });
    let missing = create(&server, body).await;
    assert_eq!(missing["schemas"], json!([USER, ENTERPRISE]));
    assert_eq!(missing[ENTERPRISE], json!({ "department": "D" }));

    let old = [
        json!(["urn:scim:schemas:core:1.0", "urn:scim:schemas:extension:enterprise:1.0"]),
        json!(["urn:scim:schemas:core:2.0", "urn:scim:schemas:extension:enterprise:2.0"]),
    ];
    for (n, schemas) in old.into_iter().enumerate() {
        let user = create(&server, json!({ "schemas": schemas, "userName": format!("c{n}") })).await;
        assert_eq!(user["schemas"], json!([USER]));
        let path = format!("/Users/{}", id(&user));
        server.put(&path, json!({ "schemas": schemas, "userName": format!("c{n}") })).await.expect(200);
    }
}

#[tokio::test]
async fn read_only_attributes_are_ignored() {
    covers!("Q-C03");
    let server = interop().await;
    let body = json!({ "schemas": [USER], "userName": "ada", "id": "mine", "groups": [],
                       "meta": { "resourceType": "User", "location": "x" } });
    let user = create(&server, body).await;
    assert_ne!(user["id"], "mine");
    assert_ne!(user["meta"]["location"], "x");
    assert!(user.get("groups").is_none());
}

#[tokio::test]
async fn null_and_empty_arrays_mean_absent() {
    covers!("Q-C04");
    let server = interop().await;
    let body = json!({ "schemas": [USER], "userName": "ada", "roles": [], "addresses": [], "emails": null,
                       "title": null, "name": null, "manager": null, ENTERPRISE: null });
    let user = create(&server, body).await;
    let mut names: Vec<_> = user.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["id", "meta", "schemas", "userName"]);
}

#[tokio::test]
async fn a_password_is_taken_and_never_shown() {
    covers!("Q-C05");
    let server = interop().await;
    let body = json!({ "schemas": [USER], "userName": "ada", "password": "1mz050nq" });
    let user = create(&server, body).await;
    let path = format!("/Users/{}", id(&user));
    let answers = [
        user,
        server.get(&path).await.json,
        server.get(&format!("{path}?attributes=password")).await.json,
        server.get("/Users?attributes=userName,password").await.json,
        server.patch(&path, json!([{ "op": "replace", "value": { "password": "2nz161or" } }])).await.json,
    ];
    for answer in answers {
        let text = answer.to_string();
        assert!(
            !text.contains("password") && !text.contains("1mz050nq") && !text.contains("2nz161or"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn booleans_as_text_become_booleans() {
    covers!("Q-C06", "Q-C07");
    let server = interop().await;
    let roles = json!([{ "primary": "True", "display": "Admin", "value": "admin", "type": "x" }]);
    let body = json!({ "schemas": [USER], "userName": "ada", "active": "True", "roles": roles });
    let user = create(&server, body).await;
    assert_eq!(user["active"], true);
    assert_eq!(user["roles"][0]["primary"], true);
    for (text, value) in [("False", false), ("false", false), ("true", true)] {
        let user =
            create(&server, json!({ "schemas": [USER], "userName": text.to_owned() + "x", "active": text }))
                .await;
        assert_eq!(user["active"], value, "{text}");
        server.delete(&format!("/Users/{}", id(&user))).await.expect(204);
    }
    let wrong = json!({ "schemas": [USER], "userName": "x", "active": "perhaps" });
    server.post("/Users", wrong).await.expect_error(400, Some("invalidValue"));
}

#[tokio::test]
async fn one_object_stands_for_a_list_of_one() {
    covers!("Q-C08");
    let server = interop().await;
    let email = json!({ "value": "ada@x.test", "type": "work", "primary": true });
    let user = create(&server, json!({ "schemas": [USER], "userName": "ada", "emails": email })).await;
    assert_eq!(user["emails"], json!([email]));
}

#[tokio::test]
async fn unknown_attributes_are_ignored() {
    covers!("Q-C10");
    let server = interop().await;
    let body = json!({ "schemas": [USER], "userName": "ada", "department": "D", "customField": { "a": [1] },
                       "urn:acme:custom:2.0:User": { "x": 1 }, "title": "T" });
    let user = create(&server, body).await;
    assert_eq!(user["title"], "T");
    assert_eq!(user["schemas"], json!([USER]));
    for name in ["customField", "urn:acme:custom:2.0:User"] {
        assert!(user.get(name).is_none(), "{user}");
    }
}

#[tokio::test]
async fn sub_attributes_are_optional_and_phones_may_be_uris() {
    covers!("Q-C11", "Q-C12");
    let server = interop().await;
    let phones =
        json!([{ "value": "555" }, { "primary": true, "type": "work", "value": "tel:+1-555-555-5555" }]);
    let addresses = json!([{ "country": "US", "locality": "L", "primary": true, "type": "work" }]);
    let body = json!({ "schemas": [USER], "userName": "ada", "emails": [{ "value": "ada@x.test" }],
                       "phoneNumbers": phones, "addresses": addresses });
    let user = create(&server, body).await;
    assert_eq!(user["emails"], json!([{ "value": "ada@x.test" }]));
    assert_eq!(user["phoneNumbers"], phones);
    assert_eq!(user["addresses"][0]["locality"], "L");
}

#[tokio::test]
async fn a_manager_comes_in_many_shapes_and_need_not_exist() {
    covers!("Q-C13", "Q-C14");
    let server = interop().await;
    let [boss] = users(&server, ["boss"]).await;
    let shapes = [
        json!(boss),
        json!({ "value": boss }),
        json!([{ "value": boss }]),
        json!([boss]),
        json!({ "value": boss, "$ref": null, "displayName": null }),
    ];
    for (n, manager) in shapes.into_iter().enumerate() {
        let body = json!({ "schemas": [USER, ENTERPRISE], "userName": format!("u{n}"), ENTERPRISE: { "manager": manager } });
        let user = create(&server, body).await;
        assert_eq!(user[ENTERPRISE]["manager"]["value"], boss.as_str(), "{manager}");
    }
    let body = json!({ "schemas": [USER, ENTERPRISE], "userName": "x", ENTERPRISE: { "manager": { "value": "RANDOM" } } });
    let user = create(&server, body).await;
    assert_eq!(user[ENTERPRISE]["manager"]["value"], "RANDOM");
}

#[tokio::test]
async fn what_is_there_already_is_a_409_with_its_keyword_each_time() {
    covers!("Q-C15", "Q-C17", "Q-C19");
    let server = interop().await;
    let body = json!({ "schemas": [USER], "userName": "ada", "externalId": "1" });
    let user = create(&server, body.clone()).await;
    for _ in 0..3 {
        let answer = server.post("/Users", body.clone()).await.expect_error(409, Some("uniqueness"));
        assert_eq!(answer.json["status"], "409");
    }
    // The same name with another email is the same conflict.
    let other = json!({ "schemas": [USER], "userName": "ada", "emails": [{ "value": "else@x.test" }] });
    server.post("/Users", other).await.expect_error(409, Some("uniqueness"));
    assert_eq!(found(&server, "userName eq \"ada\"").await, 1);
    assert_eq!(server.get(&format!("/Users/{}", id(&user))).await.json, user);
}

#[tokio::test]
async fn the_answer_is_the_user_as_sent() {
    covers!("Q-C18", "Q-C20", "Q-C21");
    let server = interop().await;
    let body = json!({
        ENTERPRISE: { "department": "D" },
        "active": true,
        "displayName": "Ada",
        "emails": [{ "primary": true, "type": "work", "value": "Ada@X.test" }],
        "externalId": "0123456789abcdef01234567",
        "name": { "familyName": "Lovelace", "givenName": "Ada" },
        "userName": "Ada@X.Test",
        "schemas": [ENTERPRISE, USER],
    });
    let answer = server.post("/Users", body.clone()).await.expect(201);
    assert_eq!(answer.headers.get("location"), answer.json["meta"]["location"].as_str());
    assert!(!id(&answer.json).is_empty());
    for (name, value) in body.as_object().unwrap().iter().filter(|(name, _)| *name != "schemas") {
        assert_eq!(answer.json[name], *value);
    }
    assert_eq!(answer.json["schemas"], json!([USER, ENTERPRISE]));
}
