//! The User resource (RFC 7643 §4.1).

use serde_json::{Value, json};

use crate::covers;
use crate::support::{Server, USER, id};

/// The body of a POST with these attributes.
fn body(attributes: &Value) -> Value {
    let mut body = json!({ "schemas": [USER], "userName": "ada" });
    body.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    body
}

/// Asserts that these attributes came back as they were written.
#[track_caller]
fn assert_kept(shown: &Value, attributes: &Value) {
    for (name, value) in attributes.as_object().unwrap() {
        assert_eq!(&shown[name], value, "{name}");
    }
}

#[tokio::test]
async fn users_have_the_user_schema() {
    covers!("RFC7643-4.1-01");
    let server = Server::rfc().await;
    let user = server.post("/Users", body(&json!({}))).await.expect(201).json;
    let uri = "urn:ietf:params:scim:schemas:core:2.0:User";
    assert_eq!(user["schemas"], json!([uri]));
    assert_eq!(server.get("/ResourceTypes/User").await.expect(200).json["schema"], uri);
}

#[tokio::test]
async fn a_user_has_a_user_name() {
    covers!("RFC7643-4.1.1-01", "RFC7643-4.1.1-02");
    let server = Server::rfc().await;
    for wrong in [json!({ "userName": "" }), json!({ "userName": null })] {
        server.post("/Users", body(&wrong)).await.expect_error(400, Some("invalidValue"));
    }
    server.post("/Users", json!({ "schemas": [USER] })).await.expect_error(400, Some("invalidValue"));
    let user = server.post("/Users", body(&json!({}))).await.expect(201).json;
    let path = format!("/Users/{}", id(&user));
    server.put(&path, json!({ "schemas": [USER] })).await.expect_error(400, Some("invalidValue"));
    let remove = json!([{ "op": "remove", "path": "userName" }]);
    server.patch(&path, remove).await.expect_error(400, Some("mutability"));
    let empty = json!([{ "op": "replace", "path": "userName", "value": "" }]);
    server.patch(&path, empty).await.expect_error(400, Some("invalidValue"));
    assert_eq!(server.get(&path).await.json["userName"], "ada");
    assert_eq!(server.get("/Users").await.json["Resources"][0]["userName"], "ada");
}

#[tokio::test]
async fn user_names_are_unique_in_any_letter_case() {
    covers!("RFC7643-4.1.1-03", "RFC7643-4.1.1-04", "RFC7643-7-33");
    let server = Server::rfc().await;
    server.user(json!({ "userName": "bjensen" })).await;
    let other = server.user(json!({ "userName": "other" })).await;
    let path = format!("/Users/{}", id(&other));
    for taken in ["bjensen", "BJENSEN", "BJensen"] {
        let wrong = body(&json!({ "userName": taken }));
        server.post("/Users", wrong.clone()).await.expect_error(409, Some("uniqueness"));
        server.put(&path, wrong).await.expect_error(409, Some("uniqueness"));
        let patch = json!([{ "op": "replace", "path": "userName", "value": taken }]);
        server.patch(&path, patch).await.expect_error(409, Some("uniqueness"));
    }
    assert_eq!(server.get("/Users").await.json["totalResults"], 2);
    // A user does not stand in its own way.
    server.put(&path, body(&json!({ "userName": "OTHER" }))).await.expect(200);
}

#[tokio::test]
async fn user_names_are_compared_in_any_letter_case() {
    covers!("RFC7643-4.1.1-05", "RFC7643-7-19");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "BJensen" })).await;
    assert!(user["userName"].as_str().unwrap().eq_ignore_ascii_case("bjensen"));
    for filter in [
        "userName eq \"BJENSEN\"",
        "userName sw \"bJ\"",
        "userName co \"JENS\"",
        "userName ew \"SEN\"",
        "userName ge \"bjensen\"",
    ] {
        assert_eq!(server.names(filter).await.len(), 1, "{filter}");
    }
    assert!(server.names("userName ne \"bjensen\"").await.is_empty());
}

#[tokio::test]
async fn a_name_may_have_any_of_its_parts() {
    covers!("RFC7643-4.1.1-06");
    let server = Server::rfc().await;
    for (index, name) in [
        json!({ "formatted": "Ms. Ada Lovelace" }),
        json!({ "givenName": "Ada", "familyName": "Lovelace" }),
        json!({ "formatted": "Ms. Ada B Lovelace II", "givenName": "Ada", "middleName": "B",
                "familyName": "Lovelace", "honorificPrefix": "Ms.", "honorificSuffix": "II" }),
    ]
    .into_iter()
    .enumerate()
    {
        let user = server.user(json!({ "userName": format!("u{index}"), "name": name })).await;
        let shown = server.get(&format!("/Users/{}", id(&user))).await.json;
        for (part, value) in name.as_object().unwrap() {
            assert_eq!(&shown["name"][part], value);
        }
    }
}

#[tokio::test]
async fn a_user_need_not_have_a_display_name() {
    covers!("RFC7643-4.1.1-08", "RFC7643-4.1.1-09");
    let server = Server::rfc().await;
    let name = json!({ "givenName": "Ada", "familyName": "Lovelace" });
    for user in [json!({ "userName": "ada" }), json!({ "userName": "eve", "name": name })] {
        let created = server.user(user).await;
        if let Some(display) = created["displayName"].as_str() {
            assert!(["ada", "Ada Lovelace"].contains(&display), "{display}");
        }
        assert!(!created["displayName"].as_str().unwrap_or_default().contains(id(&created)));
        let path = format!("/Users/{}", id(&created));
        let patch = json!([{ "op": "add", "path": "displayName", "value": "D" }]);
        assert_eq!(server.patch(&path, patch).await.expect(200).json["displayName"], "D");
    }
}

#[tokio::test]
async fn values_that_the_standard_formats_allow_are_taken_and_kept() {
    covers!(
        "RFC7643-4.1.1-12",
        "RFC7643-4.1.1-13",
        "RFC7643-4.1.1-14",
        "RFC7643-4.1.1-16",
        "RFC7643-4.1.2-01",
        "RFC7643-4.1.2-05",
        "RFC7643-4.1.2-12",
        "RFC7643-4.1.2-15",
        "RFC7643-4.1.2-16",
        "RFC7643-4.1.2-22"
    );
    let server = Server::rfc().await;
    for (index, attributes) in [
        json!({ "userType": "Robot" }),
        json!({ "preferredLanguage": "fr-CA, en;q=0.8" }),
        json!({ "preferredLanguage": "da, en-gb;q=0.8, en;q=0.7" }),
        json!({ "locale": "en-US" }),
        json!({ "locale": "es-419" }),
        json!({ "locale": "zh-Hant-TW" }),
        json!({ "timezone": "America/Los_Angeles" }),
        json!({ "timezone": "America/Argentina/Buenos_Aires" }),
        json!({ "emails": [{ "value": "ada+tag@x.test" }] }),
        json!({ "emails": [{ "value": "\"a b\"@x.test" }] }),
        json!({ "phoneNumbers": [{ "value": "tel:+1-201-555-0123" }] }),
        json!({ "phoneNumbers": [{ "value": "tel:7042;phone-context=example.com" }] }),
        json!({ "photos": [
            { "value": "https://x.test/a.jpg", "type": "photo" },
            { "value": "https://x.test/a.jpg", "type": "thumbnail" },
        ] }),
        json!({ "addresses": [{ "country": "US" }] }),
        json!({ "addresses": [{ "type": "home" }] }),
        json!({ "addresses": [{ "formatted": "A\nB", "streetAddress": "1\r\n2" }] }),
        json!({ "addresses": [{ "locality": "L" }, { "region": "R" }, { "postalCode": "P" }] }),
        json!({ "roles": [{ "value": "r1" }, { "value": "r2", "display": "R", "primary": true }] }),
        json!({ "entitlements": [{ "value": "{\"any\": 1}", "type": "own" }] }),
    ]
    .into_iter()
    .enumerate()
    {
        let mut given = body(&attributes);
        given["userName"] = format!("u{index}").into();
        let created = server.post("/Users", given).await.expect(201).json;
        assert_kept(&created, &attributes);
        assert_kept(&server.get(&format!("/Users/{}", id(&created))).await.json, &attributes);
    }
}

#[tokio::test]
async fn labels_beyond_the_suggested_ones_are_taken() {
    covers!("RFC7643-4.1.2-03", "RFC7643-4.1.2-07", "RFC7643-4.1.2-09", "RFC7643-4.1.2-10");
    let server = Server::rfc().await;
    let suggested = ["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"];
    let schema = server.get(&format!("/Schemas/{USER}")).await.json;
    let ims = schema["attributes"].as_array().unwrap().iter().find(|a| a["name"] == "ims").unwrap();
    let label = ims["subAttributes"].as_array().unwrap().iter().find(|a| a["name"] == "type").unwrap();
    let published = label["canonicalValues"].as_array().unwrap();
    assert!(suggested.iter().all(|service| published.contains(&json!(service))), "{published:?}");

    let labels =
        [("emails", "backup"), ("phoneNumbers", "satellite"), ("ims", "matrix"), ("addresses", "boat")];
    for (name, label) in labels.into_iter().chain(suggested.map(|service| ("ims", service))) {
        let value = if name == "addresses" { "locality" } else { "value" };
        let attributes = json!({ name: [{ value: "v", "type": label }], "userName": label });
        let created = server.post("/Users", body(&attributes)).await.expect(201).json;
        assert_kept(&created, &attributes);
    }
}

#[tokio::test]
async fn a_display_form_is_that_of_the_value() {
    covers!("RFC7643-4.1.2-04");
    let server = Server::rfc().await;
    let user = server
        .user(json!({ "userName": "ada", "emails": [{ "value": "A@x.test" }], "phoneNumbers": [{ "value": "tel:+1-2" }] }))
        .await;
    for (name, value) in [("emails", "A@x.test"), ("phoneNumbers", "tel:+1-2")] {
        let display = user[name][0].get("display");
        assert!(display.is_none_or(|text| text.as_str().unwrap().eq_ignore_ascii_case(value)), "{user}");
    }
    // One that the client gave stays.
    let given = json!([{ "value": "b@x.test", "display": "Bob" }]);
    assert_eq!(server.user(json!({ "userName": "bob", "emails": given })).await["emails"], given);
}

#[tokio::test]
async fn a_profile_url_is_a_url() {
    covers!("RFC7643-4.1.1-11");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada", "profileUrl": "https://x.test/ada" })).await;
    let path = format!("/Users/{}", id(&user));
    for wrong in ["not a url %%", "<x>", "\"quoted\""] {
        let patch = json!([{ "op": "replace", "path": "profileUrl", "value": wrong }]);
        server.patch(&path, patch).await.expect_error(400, Some("invalidValue"));
    }
    assert_eq!(server.get(&path).await.json["profileUrl"], "https://x.test/ada");
}

#[tokio::test]
async fn active_is_switched_by_the_client() {
    covers!("RFC7643-4.1.1-17");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada", "active": true })).await;
    let path = format!("/Users/{}", id(&user));
    for active in [false, true, false] {
        let patch = json!([{ "op": "replace", "path": "active", "value": active }]);
        server.patch(&path, patch).await.expect(200);
        assert_eq!(server.get(&path).await.expect(200).json["active"], active);
        assert_eq!(server.names(&format!("active eq {active}")).await, ["ada"]);
    }
}

#[tokio::test]
async fn certificates_are_base64() {
    covers!("RFC7643-4.1.2-23");
    let server = Server::rfc().await;
    let made = rcgen::generate_simple_self_signed(["ada.test".to_owned()]).unwrap();
    let pem = made.cert.pem();
    let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let user = server.user(json!({ "userName": "ada", "x509Certificates": [{ "value": text }] })).await;
    let shown = server.get(&format!("/Users/{}", id(&user))).await.json;
    assert_eq!(shown["x509Certificates"], json!([{ "value": text }]));
    for wrong in ["@@@", pem.as_str(), "AQ==AQ=="] {
        let wrong = body(&json!({ "userName": "eve", "x509Certificates": [{ "value": wrong }] }));
        server.post("/Users", wrong).await.expect_error(400, Some("invalidValue"));
    }
}
