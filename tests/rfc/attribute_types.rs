//! Attributes and their data types (RFC 7643 §2.1 to §2.3).

use serde_json::{Value, json};

use crate::covers;
use crate::custom::{self, WIDGET, widget_of};
use crate::support::{ENTERPRISE, Server, USER, id};

#[tokio::test]
async fn each_attribute_of_a_request_is_held_against_its_definition() {
    covers!("RFC7643-2-01");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    let body = |extra: Value| {
        let mut body = json!({ "schemas": [USER], "userName": "ada" });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    let ignored = server.put(&path, body(json!({ "groups": [{ "value": "x" }], "title": "T" }))).await;
    let ignored = ignored.expect(200).json;
    assert_eq!((&ignored["title"], ignored.get("groups")), (&json!("T"), None));
    server.put(&path, body(json!({ "title": ["T"] }))).await.expect_error(400, Some("invalidValue"));
    assert_eq!(server.get(&path).await.json["title"], "T");
}

#[tokio::test]
async fn every_representation_is_an_object_that_declares_its_schemas() {
    covers!("RFC7643-2.1-01");
    let server = Server::rfc().await;
    let body = json!({ "schemas": [USER], "userName": "ada" });
    let created = server.post("/Users", body.clone()).await.expect(201).json;
    let path = format!("/Users/{}", id(&created));
    let patch = json!([{ "op": "add", "path": "title", "value": "T" }]);
    let listed = server.get("/Users").await.json["Resources"][0].clone();
    for shown in [
        created,
        server.get(&path).await.expect(200).json,
        server.put(&path, body).await.expect(200).json,
        server.patch(&path, patch).await.expect(200).json,
        listed,
    ] {
        assert!(shown.is_object(), "{shown}");
        assert_eq!(shown["schemas"], json!([USER]), "{shown}");
    }
}

#[tokio::test]
async fn attribute_names_are_matched_in_any_letter_case() {
    covers!("RFC7643-2.1-02");
    let server = Server::rfc().await;
    let body = json!({
        "SCHEMAS": [USER, ENTERPRISE], "USERNAME": "ada", "Active": true, "NAME": { "FAMILYNAME": "L" },
        "eMails": [{ "VALUE": "a@x.test" }], ENTERPRISE: { "DEPARTMENT": "D" },
    });
    let created = server.post("/Users", body).await.expect(201).json;
    let user = server.get(&format!("/Users/{}", id(&created))).await.json;
    assert_eq!(user["userName"], "ada");
    assert_eq!(user["active"], true);
    assert_eq!(user["name"], json!({ "familyName": "L" }));
    assert_eq!(user["emails"], json!([{ "value": "a@x.test" }]));
    assert_eq!(user[ENTERPRISE], json!({ "department": "D" }));
    let patch = json!([{ "op": "replace", "path": "USERname", "value": "bob" }]);
    server.patch(&format!("/Users/{}", id(&created)), patch).await.expect(200);
    assert_eq!(server.names("USERNAME eq \"bob\"").await, ["bob"]);
}

#[tokio::test]
async fn characteristics_that_a_definition_does_not_state_have_their_defaults() {
    covers!("RFC7643-2.2-01", "RFC7643-2.2-02");
    let server = custom::server().await;
    // Optional.
    let bare = server.post("/Widgets", widget_of(json!({}))).await.expect(201).json;
    let path = format!("/Widgets/{}", id(&bare));
    // Writable, returned by default, any value, and more than once.
    for _ in 0..2 {
        let given = server.post("/Widgets", widget_of(json!({ "plain": "MiXed" }))).await.expect(201).json;
        assert_eq!(given["plain"], "MiXed");
    }
    let patch = json!([{ "op": "replace", "path": "plain", "value": "Other" }]);
    server.patch(&path, patch).await.expect(200);
    assert_eq!(server.get(&path).await.json["plain"], "Other");
    // Not case-exact.
    let found = server.get("/Widgets?filter=plain eq \"OTHER\"").await.expect(200).json;
    assert_eq!(found["totalResults"], 1);
    // A string.
    for other in [json!(5), json!(true), json!({ "a": 1 }), json!(["x"])] {
        server
            .post("/Widgets", widget_of(json!({ "plain": other })))
            .await
            .expect_error(400, Some("invalidValue"));
    }
    let schema = server.get(&format!("/Schemas/{WIDGET}")).await.expect(200).json;
    let attributes = schema["attributes"].as_array().unwrap();
    let mut plain = attributes.iter().find(|attribute| attribute["name"] == "plain").unwrap().clone();
    plain.as_object_mut().unwrap().remove("description");
    assert_eq!(
        plain,
        json!({ "name": "plain", "type": "string", "multiValued": false, "required": false, "caseExact": false,
                "mutability": "readWrite", "returned": "default", "uniqueness": "none" })
    );
}

#[tokio::test]
async fn a_string_is_unicode_text_of_any_length() {
    covers!("RFC7643-2.3.1-01");
    let server = Server::rfc().await;
    for text in ["Zoë 漢字 😀", "", "e\u{301}", "a\"b\\c/d\n\t\u{1}", "\u{200d}\u{202e}\u{feff}", "𝒳"]
    {
        let name = format!("u{}", text.chars().map(u32::from).sum::<u32>());
        let created = server.user(json!({ "userName": name, "displayName": text })).await;
        assert_eq!(created["displayName"], text);
        assert_eq!(server.get(&format!("/Users/{}", id(&created))).await.json["displayName"], text);
    }
}

#[tokio::test]
async fn a_value_of_another_json_type_is_refused() {
    covers!("RFC7643-2.3.1-02", "RFC7643-2.3.2-02", "RFC7643-2.3.4-02", "RFC7643-2.3.5-03");
    let server = custom::server().await;
    for (name, wrong) in [
        ("displayName", json!(42)),
        ("displayName", json!({ "a": 1 })),
        ("displayName", json!(false)),
        ("displayName", json!(["x"])),
        ("active", json!("maybe")),
        ("active", json!("true")),
        ("active", json!(1)),
        ("name", json!("Ada")),
        ("emails", json!([{ "value": 1 }])),
        ("emails", json!([{ "value": "a@x.test", "primary": "yes" }])),
    ] {
        let body = json!({ "schemas": [USER], "userName": "x", name: wrong });
        server.post("/Users", body).await.expect_error(400, Some("invalidValue"));
    }
    let widget = server.post("/Widgets", widget_of(json!({}))).await.expect(201).json;
    let path = format!("/Widgets/{}", id(&widget));
    for (name, wrong) in [
        ("size", json!(1.5)),
        ("size", json!("1")),
        ("weight", json!("1.5")),
        ("built", json!("yesterday")),
        ("built", json!("2024-01-01")),
        ("built", json!("2024-02-30T00:00:00Z")),
        ("built", json!(1_700_000_000)),
        ("picture", json!("@@@")),
        ("manual", json!("not a url")),
    ] {
        let patch = json!([{ "op": "add", "path": name, "value": wrong }]);
        server.patch(&path, patch).await.expect_error(400, Some("invalidValue"));
        assert_eq!(server.get(&path).await.json.get(name), None, "{name}");
    }
}

#[tokio::test]
async fn an_integer_is_refused_in_other_notations() {
    covers!("RFC7643-2.3.4-02");
    let server = custom::server().await;
    for token in ["1.0", "1e2", "1E2", "-0.5", "1e400"] {
        let body = format!("{{\"schemas\":[\"{WIDGET}\"],\"size\":{token}}}");
        let answer = server.call_raw("POST", "/Widgets", "application/scim+json", body).await;
        assert_eq!(answer.status, 400, "{token}: {}", answer.json);
    }
    for token in ["0", "-1", "9007199254740993", "9223372036854775807"] {
        let body = format!("{{\"schemas\":[\"{WIDGET}\"],\"size\":{token}}}");
        let answer = server.call_raw("POST", "/Widgets", "application/scim+json", body).await.expect(201);
        assert_eq!(answer.json["size"].to_string(), token);
    }
}

#[tokio::test]
async fn values_outside_a_suggested_format_never_break_the_provider() {
    covers!("RFC7643-2.3.1-03", "RFC7643-2.3.1-04", "RFC7643-7-16", "RFC7643-4.1.1-15");
    let server = Server::rfc().await;
    for (index, attributes) in [
        json!({ "locale": "en_US" }),
        json!({ "locale": "en US" }),
        json!({ "timezone": "PST8" }),
        json!({ "preferredLanguage": ";;" }),
        json!({ "emails": [{ "value": "a@x.test", "type": "zzz" }] }),
        json!({ "phoneNumbers": [{ "value": "1", "type": "" }] }),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = json!({ "schemas": [USER], "userName": format!("u{index}") });
        body.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        let answer = server.post("/Users", body).await;
        match answer.status {
            201 => {
                for (name, value) in attributes.as_object().unwrap() {
                    assert_eq!(&answer.json[name], value);
                }
            }
            _ => drop(answer.expect_error(400, Some("invalidValue"))),
        }
    }
}

#[tokio::test]
async fn booleans_are_json_booleans() {
    covers!("RFC7643-2.3.2-01");
    let server = Server::rfc().await;
    let email = json!([{ "value": "a@x.test", "primary": true }]);
    let created = server.user(json!({ "userName": "ada", "active": false, "emails": email })).await;
    let user = server.get(&format!("/Users/{}", id(&created))).await.json;
    assert_eq!(user["active"], Value::Bool(false));
    assert_eq!(user["emails"][0]["primary"], Value::Bool(true));
    let config = server.get("/ServiceProviderConfig").await.expect(200).json;
    for feature in ["patch", "bulk", "filter", "changePassword", "sort", "etag"] {
        assert!(config[feature]["supported"].is_boolean(), "{feature}");
    }
}

#[tokio::test]
async fn a_decimal_comes_back_as_the_same_number() {
    covers!("RFC7643-2.3.3-01");
    let server = custom::server().await;
    for (written, read) in [("1.5", "1.5"), ("-0.25", "-0.25"), ("15e-1", "1.5"), ("3", "3")] {
        let body = format!("{{\"schemas\":[\"{WIDGET}\"],\"weight\":{written}}}");
        let created = server.call_raw("POST", "/Widgets", "application/scim+json", body).await.expect(201);
        let widget = server.get(&format!("/Widgets/{}", id(&created.json))).await.json;
        assert!(widget["weight"].is_number(), "{widget}");
        assert_eq!(widget["weight"].to_string(), read);
    }
}

#[tokio::test]
async fn integers_in_messages_have_neither_fraction_nor_exponent() {
    covers!("RFC7643-2.3.4-01");
    let server = Server::rfc().await;
    server.user(json!({ "userName": "ada" })).await;
    let list = server.get("/Users?startIndex=1&count=5").await.expect(200).json;
    for name in ["totalResults", "startIndex", "itemsPerPage"] {
        // A number with a fraction or an exponent is read as a float.
        assert!(list[name].is_u64(), "{name}: {}", list[name]);
    }
    let config = server.get("/ServiceProviderConfig").await.expect(200).json;
    for pointer in ["/bulk/maxOperations", "/bulk/maxPayloadSize", "/filter/maxResults"] {
        assert!(config.pointer(pointer).unwrap().is_u64(), "{pointer}");
    }
}

#[tokio::test]
async fn date_times_are_instants_with_date_and_time() {
    covers!("RFC7643-2.3.5-01", "RFC7643-2.3.5-02");
    let server = custom::server().await;
    let body = widget_of(json!({ "built": "2011-05-13T04:42:34+02:00" }));
    let widget = server.post("/Widgets", body).await.expect(201).json;
    assert!(widget["built"].is_string());
    // Compared as instants, so that what is sent denotes the instant that was written.
    let found = server.get("/Widgets?filter=built eq \"2011-05-13T02:42:34Z\"").await.expect(200).json;
    assert_eq!(found["totalResults"], 1);
    for name in ["created", "lastModified"] {
        let text = widget["meta"][name].as_str().unwrap();
        assert_eq!(text.as_bytes()[10], b'T', "{text}");
        assert!(text.parse::<jiff::Timestamp>().is_ok(), "{text}");
    }
}

#[tokio::test]
async fn binary_values_are_base64_and_keep_their_letters() {
    covers!("RFC7643-2.3.6-01", "RFC7643-2.3.6-03", "RFC7643-2.3.6-04");
    let server = Server::rfc().await;
    for (index, (written, unpadded)) in
        [("AQIDBA==", "AQIDBA"), ("aGVsbG8gV29ybGQ=", "aGVsbG8gV29ybGQ"), ("+/+/", "+/+/")].iter().enumerate()
    {
        let padded = server
            .user(json!({ "userName": format!("p{index}"), "x509Certificates": [{ "value": written }] }))
            .await;
        assert_eq!(padded["x509Certificates"], json!([{ "value": written }]));
        let bare = server
            .user(json!({ "userName": format!("u{index}"), "x509Certificates": [{ "value": unpadded }] }))
            .await;
        let kept = bare["x509Certificates"][0]["value"].as_str().unwrap();
        assert_eq!(kept.trim_end_matches('='), *unpadded);
    }
    for wrong in ["@@@", "-----BEGIN CERTIFICATE-----", "AQ-_", "A"] {
        let body = json!({ "schemas": [USER], "userName": "x", "x509Certificates": [{ "value": wrong }] });
        server.post("/Users", body).await.expect_error(400, Some("invalidValue"));
    }
    // The same letters in other case are another value.
    let certificates = json!([{ "value": "AAAB" }, { "value": "aaab" }]);
    let user = server.user(json!({ "userName": "both", "x509Certificates": certificates })).await;
    assert_eq!(user["x509Certificates"], certificates);
}

#[tokio::test]
async fn the_order_of_members_makes_no_difference() {
    covers!("RFC7643-2.3.8-01", "RFC7643-2.4-02");
    let server = Server::rfc().await;
    let email =
        r#""emails":[{"type":"work","primary":true,"value":"a@x.test"},{"value":"b@x.test","type":"home"}]"#;
    let schemas = format!("\"schemas\":[\"{USER}\"]");
    let mut seen = Vec::new();
    for (index, order) in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]].iter().enumerate() {
        let name = format!("\"userName\":\"u{index}\"");
        let members = [schemas.as_str(), &name, email, "\"name\":{\"givenName\":\"A\",\"familyName\":\"L\"}"];
        let body = format!("{{{}}}", order.map(|at| members[at]).join(","));
        let answer = server.call_raw("POST", "/Users", "application/scim+json", body).await.expect(201);
        let mut user = answer.json.as_object().unwrap().clone();
        for own in ["id", "meta", "userName"] {
            user.remove(own);
        }
        seen.push(Value::Object(user));
    }
    // JSON objects compare without regard to order here.
    assert!(seen.iter().all(|other| *other == seen[0]), "{seen:#?}");
    for filter in
        ["emails[value eq \"a@x.test\" and type eq \"work\"]", "emails[type eq \"work\" and primary eq true]"]
    {
        assert_eq!(server.names(filter).await.len(), 4, "{filter}");
    }
}
