//! Multi-valued attributes and unassigned values (RFC 7643 §2.4, §2.5).

use serde_json::{Value, json};

use crate::covers;
use crate::support::{Server, USER, id};

#[tokio::test]
async fn one_value_of_a_multi_valued_attribute_is_an_array_too() {
    covers!("RFC7643-2.4-01");
    let server = Server::rfc().await;
    let emails = json!([{ "value": "a@x.test" }]);
    let body = json!({ "schemas": [USER], "userName": "ada", "emails": emails });
    let created = server.post("/Users", body.clone()).await.expect(201).json;
    let path = format!("/Users/{}", id(&created));
    let patch = json!([{ "op": "add", "path": "title", "value": "T" }]);
    let listed = server.get("/Users?filter=userName eq \"ada\"").await.json["Resources"][0].clone();
    for shown in [
        created,
        listed,
        server.get(&path).await.json,
        server.put(&path, body).await.json,
        server.patch(&path, patch).await.json,
        server.get(&format!("{path}?attributes=emails.value")).await.json,
    ] {
        assert_eq!(shown["emails"], emails, "{shown}");
    }
    let bare = json!({ "schemas": [USER], "userName": "bob", "emails": { "value": "b@x.test" } });
    server.post("/Users", bare).await.expect_error(400, Some("invalidValue"));
}

#[tokio::test]
async fn at_most_one_element_is_primary() {
    covers!("RFC7643-2.4-04", "RFC7643-2.4-05");
    let server = Server::rfc().await;
    let two = json!([{ "value": "a@x.test", "primary": true }, { "value": "b@x.test", "primary": true }]);
    let body = json!({ "schemas": [USER], "userName": "two", "emails": two });
    server.post("/Users", body).await.expect_error(400, Some("invalidValue"));

    let one = json!([{ "value": "a@x.test", "primary": true }, { "value": "b@x.test" }]);
    let user = server.user(json!({ "userName": "ada", "emails": one })).await;
    assert_eq!(server.names("emails[value eq \"a@x.test\" and primary eq true]").await, ["ada"]);
    assert!(server.names("emails[value eq \"b@x.test\" and primary eq true]").await.is_empty());

    // A new primary element takes it from the old one.
    let patch =
        json!([{ "op": "add", "path": "emails", "value": [{ "value": "c@x.test", "primary": true }] }]);
    let patched = server.patch(&format!("/Users/{}", id(&user)), patch).await.expect(200).json;
    let emails = patched["emails"].as_array().unwrap();
    let primary: Vec<_> = emails.iter().filter(|email| email["primary"] == true).collect();
    assert_eq!(primary.len(), 1);
    assert_eq!(primary[0]["value"], "c@x.test");
}

#[tokio::test]
async fn a_value_may_repeat_under_other_labels_but_not_under_the_same() {
    covers!("RFC7643-2.4-10", "RFC7643-2.4-11");
    let server = Server::rfc().await;
    let labels = json!([{ "value": "a@x.test", "type": "work" }, { "value": "a@x.test", "type": "home" }]);
    let user = server.user(json!({ "userName": "ada", "emails": labels })).await;
    assert_eq!(user["emails"], labels);

    let same = json!([{ "value": "a@x.test", "type": "work" }, { "type": "work", "value": "a@x.test" }]);
    let user = server.user(json!({ "userName": "bob", "emails": same })).await;
    assert_eq!(user["emails"], json!([{ "value": "a@x.test", "type": "work" }]));
    let path = format!("/Users/{}", id(&user));
    let patch =
        json!([{ "op": "add", "path": "emails", "value": [{ "value": "a@x.test", "type": "work" }] }]);
    server.patch(&path, patch).await.expect(200);
    assert_eq!(server.get(&path).await.json["emails"], user["emails"]);
}

#[tokio::test]
async fn the_label_of_a_member_cannot_be_changed() {
    covers!("RFC7643-2.4-06");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let group = server.group(json!({ "displayName": "g", "members": [{ "value": id(&user) }] })).await;
    let path = format!("/Groups/{}", id(&group));
    let target = format!("members[value eq \"{}\"].display", id(&user));
    let answer = server.patch(&path, json!([{ "op": "replace", "path": target, "value": "Fake" }])).await;
    // `display` is no attribute of members here, as in the schema of RFC 7643.
    assert_eq!(answer.status, 400, "{}", answer.json);
    assert_eq!(server.get(&path).await.json["members"], group["members"]);
}

#[tokio::test]
async fn values_have_the_same_form_in_every_answer() {
    covers!("RFC7643-2.4-09", "RFC7643-4.1.2-02", "RFC7643-4.1.2-06", "RFC7643-4.1.2-08");
    let server = Server::rfc().await;
    let attributes = json!({
        "emails": [{ "value": "A.b+c@EXAMPLE.TEST" }], "phoneNumbers": [{ "value": "+1 201 555 0123" }],
        "ims": [{ "value": "Some Handle", "type": "xmpp" }],
    });
    let mut body = json!({ "schemas": [USER], "userName": "ada" });
    body.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    let created = server.post("/Users", body.clone()).await.expect(201).json;
    let path = format!("/Users/{}", id(&created));
    let listed = server.get("/Users").await.json["Resources"][0].clone();
    for shown in [&created, &listed, &server.get(&path).await.json, &server.put(&path, body).await.json] {
        for name in ["emails", "phoneNumbers", "ims"] {
            assert_eq!(shown[name], created[name]);
        }
        let value = |name: &str| shown[name][0]["value"].as_str().unwrap();
        // The mailbox, the digits and the handle survive, in whatever canonical form.
        assert!(value("emails").starts_with("A.b+c@"), "{}", value("emails"));
        assert!(value("emails").eq_ignore_ascii_case("a.b+c@example.test"));
        let digits: String = value("phoneNumbers").chars().filter(char::is_ascii_digit).collect();
        assert_eq!(digits, "12015550123");
        let handle: String = value("ims").to_lowercase().split_whitespace().collect();
        assert_eq!(handle, "somehandle");
    }
}

#[tokio::test]
async fn absent_null_and_empty_are_the_same_state() {
    covers!("RFC7643-2.5-01", "RFC7643-2.5-03");
    let server = Server::rfc().await;
    let mut shown = Vec::new();
    for (name, attributes) in [
        ("absent", json!({})),
        ("null", json!({ "nickName": null, "emails": null, "name": null, "active": null })),
        ("empty", json!({ "emails": [], "name": {} })),
        ("hollow", json!({ "emails": [{}, { "value": null }], "name": { "givenName": null } })),
    ] {
        let mut body = json!({ "schemas": [USER], "userName": name });
        body.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        let created = server.post("/Users", body).await.expect(201).json;
        let mut user = server.get(&format!("/Users/{}", id(&created))).await.json;
        let user = user.as_object_mut().unwrap();
        for own in ["id", "meta", "userName"] {
            user.remove(own);
        }
        shown.push(Value::Object(user.clone()));
    }
    assert!(shown.iter().all(|user| *user == json!({ "schemas": [USER] })), "{shown:?}");
    for filter in ["nickName pr", "emails pr", "name pr", "name.givenName pr", "emails.value pr", "active pr"]
    {
        assert!(server.names(filter).await.is_empty(), "{filter}");
    }
}

#[tokio::test]
async fn null_and_the_empty_array_clear_an_attribute() {
    covers!("RFC7643-2.5-02");
    let server = Server::rfc().await;
    let full = json!({ "userName": "ada", "title": "T", "emails": [{ "value": "a@x.test" }], "name": { "givenName": "A" } });
    let user = server.user(full).await;
    let path = format!("/Users/{}", id(&user));
    let body = json!({ "schemas": [USER], "userName": "ada", "title": null, "emails": [], "name": null });
    let put = server.put(&path, body).await.expect(200).json;
    for shown in [put, server.get(&path).await.json] {
        for name in ["title", "emails", "name"] {
            assert!(shown.get(name).is_none(), "{shown}");
        }
    }
}
