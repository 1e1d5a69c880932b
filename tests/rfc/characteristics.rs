//! What the characteristics of an attribute do (RFC 7643 §7).

use serde_json::{Value, json};

use crate::covers;
use crate::custom::{self, WARRANTY, WIDGET, appliance_of, widget_of};
use crate::support::{ENTERPRISE, GROUP, Server, USER, id};

/// Creates a widget and returns it with its path.
async fn widget(server: &Server, attributes: Value) -> (Value, String) {
    let widget = server.post("/Widgets", widget_of(attributes)).await.expect(201).json;
    let path = format!("/Widgets/{}", id(&widget));
    (widget, path)
}

fn replace(path: &str, value: impl Into<Value>) -> Value {
    let value: Value = value.into();
    json!([{ "op": "replace", "path": path, "value": value }])
}

#[tokio::test]
async fn required_attributes_are_demanded() {
    covers!("RFC7643-7-15");
    let server = Server::rfc().await;
    let full = [
        ("/Users", USER, json!({ "schemas": [USER], "userName": "ada", "title": "T" })),
        ("/Groups", GROUP, json!({ "schemas": [GROUP], "displayName": "g", "externalId": "x" })),
    ];
    for (endpoint, uri, body) in full {
        let created = server.post(endpoint, body.clone()).await.expect(201).json;
        let schema = server.get(&format!("/Schemas/{uri}")).await.expect(200).json;
        let attributes = schema["attributes"].as_array().unwrap();
        let required: Vec<&str> = attributes
            .iter()
            .filter(|a| a["required"] == true)
            .map(|a| a["name"].as_str().unwrap())
            .collect();
        assert!(!required.is_empty());
        for name in required {
            let mut without = body.clone();
            without.as_object_mut().unwrap().remove(name);
            server.post(endpoint, without.clone()).await.expect_error(400, Some("invalidValue"));
            let path = format!("{endpoint}/{}", id(&created));
            server.put(&path, without).await.expect_error(400, Some("invalidValue"));
        }
    }
}

#[tokio::test]
async fn filters_heed_the_letter_case_of_the_attribute() {
    covers!("RFC7643-7-17", "RFC7643-7-18");
    let server = custom::server().await;
    widget(&server, json!({ "exact": "MiXed", "plain": "MiXed", "externalId": "MiXed" })).await;
    for (filter, found) in [
        ("exact eq \"MiXed\"", 1),
        ("exact eq \"mixed\"", 0),
        ("exact co \"IX\"", 0),
        ("exact sw \"mi\"", 0),
        ("exact ew \"ED\"", 0),
        ("exact ne \"mixed\"", 1),
        ("externalId eq \"mixed\"", 0),
        ("plain eq \"mIXED\"", 1),
        ("plain co \"IX\"", 1),
        ("plain sw \"mi\"", 1),
        ("plain ew \"ED\"", 1),
        ("plain ne \"mixed\"", 0),
    ] {
        let list = server.get(&format!("/Widgets?filter={filter}")).await.expect(200).json;
        assert_eq!(list["totalResults"], found, "{filter}");
    }
    let widget = server.get("/Widgets").await.json["Resources"][0].clone();
    assert_eq!((&widget["exact"], &widget["externalId"]), (&json!("MiXed"), &json!("MiXed")));
}

#[tokio::test]
async fn read_only_values_are_not_taken_from_clients() {
    covers!("RFC7643-7-21");
    let server = custom::server().await;
    let (created, path) = widget(&server, json!({ "stamp": "mine" })).await;
    assert_eq!(created.get("stamp"), None);
    let replaced = server.put(&path, widget_of(json!({ "stamp": "mine" }))).await.expect(200).json;
    assert_eq!(replaced.get("stamp"), None);
    for operation in [
        json!({ "op": "add", "path": "stamp", "value": "mine" }),
        json!({ "op": "replace", "path": "stamp", "value": "mine" }),
        json!({ "op": "add", "value": { "stamp": "mine", "plain": "p" } }),
        json!({ "op": "remove", "path": "stamp" }),
    ] {
        server.patch(&path, json!([operation])).await.expect_error(400, Some("mutability"));
    }
    let shown = server.get(&path).await.json;
    assert_eq!((shown.get("stamp"), shown.get("plain")), (None, None));
}

#[tokio::test]
async fn every_read_write_attribute_can_be_changed_at_any_time() {
    covers!("RFC7643-7-22");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let other = server.user(json!({ "userName": "other" })).await;
    let group = server.group(json!({ "displayName": "g" })).await;
    let mut changed = 0;
    for (uri, prefix, resource) in [
        (USER, String::new(), &user),
        (GROUP, String::new(), &group),
        (ENTERPRISE, format!("{ENTERPRISE}:"), &user),
    ] {
        let endpoint = if uri == GROUP { "Groups" } else { "Users" };
        let path = format!("/{endpoint}/{}", id(resource));
        let schema = server.get(&format!("/Schemas/{uri}")).await.expect(200).json;
        for attribute in schema["attributes"].as_array().unwrap() {
            if attribute["mutability"] != "readWrite" {
                continue;
            }
            let name = attribute["name"].as_str().unwrap();
            for round in 0..2 {
                let single = match (attribute["type"].as_str().unwrap(), name) {
                    ("boolean", _) => json!(round == 0),
                    ("reference", _) => json!(format!("https://x.test/{round}")),
                    ("string", _) => json!(format!("value {round}")),
                    (_, "members" | "manager") => {
                        json!({ "value": if round == 0 { id(&user) } else { id(&other) } })
                    }
                    (_, "name") => json!({ "givenName": format!("value {round}") }),
                    (_, "addresses") => json!({ "locality": format!("value {round}") }),
                    (_, "photos") => json!({ "value": format!("https://x.test/{round}") }),
                    (_, "x509Certificates") => json!({ "value": format!("AAA{round}") }),
                    (_, _) => json!({ "value": format!("value {round}") }),
                };
                let value = if attribute["multiValued"] == true { json!([single]) } else { single };
                server.patch(&path, replace(&format!("{prefix}{name}"), value.clone())).await.expect(200);
                let shown = server.get(&path).await.expect(200).json;
                let held = if uri == ENTERPRISE { &shown[ENTERPRISE][name] } else { &shown[name] };
                match name {
                    // These hold what the provider adds besides.
                    "members" => assert_eq!(held[0]["value"], value[0]["value"]),
                    "manager" => assert_eq!(held["value"], value["value"]),
                    _ => assert_eq!(*held, value, "{name}"),
                }
                changed += 1;
            }
        }
    }
    assert!(changed > 50, "{changed}");
}

#[tokio::test]
async fn an_immutable_attribute_is_written_once() {
    covers!("RFC7643-7-23", "RFC7643-7-24");
    let server = custom::server().await;
    let (created, path) = widget(&server, json!({ "serial": "S1" })).await;
    assert_eq!(created["serial"], "S1");

    let (_, by_put) = widget(&server, json!({})).await;
    let body = widget_of(json!({ "serial": "S1" }));
    assert_eq!(server.put(&by_put, body.clone()).await.expect(200).json["serial"], "S1");
    let (_, by_patch) = widget(&server, json!({})).await;
    let add = json!([{ "op": "add", "path": "serial", "value": "S1" }]);
    assert_eq!(server.patch(&by_patch, add).await.expect(200).json["serial"], "S1");

    for path in [path, by_put, by_patch] {
        // The same value again is no change.
        server.put(&path, body.clone()).await.expect(200);
        server.patch(&path, replace("serial", "S1")).await.expect(200);
        for value in [json!("S2"), Value::Null] {
            let wrong = widget_of(json!({ "serial": value, "plain": "p" }));
            server.put(&path, wrong).await.expect_error(400, Some("mutability"));
        }
        for operation in [
            json!({ "op": "replace", "path": "serial", "value": "S2" }),
            json!({ "op": "add", "value": { "serial": "S2", "plain": "p" } }),
            json!({ "op": "remove", "path": "serial" }),
        ] {
            server.patch(&path, json!([operation])).await.expect_error(400, Some("mutability"));
        }
        let shown = server.get(&path).await.json;
        assert_eq!((&shown["serial"], shown.get("plain")), (&json!("S1"), None));
    }
}

#[tokio::test]
async fn write_only_values_are_not_returned() {
    covers!("RFC7643-7-25", "RFC7643-7-28");
    let server = custom::server().await;
    let body = widget_of(json!({ "pin": "4711-secret", "plain": "p" }));
    let created = server.post("/Widgets?attributes=pin,plain", body.clone()).await.expect(201).json;
    let path = format!("/Widgets/{}", id(&created));
    let list = server.get("/Widgets?attributes=pin").await.expect(200).json;
    for shown in [
        created,
        list,
        server.get(&path).await.json,
        server.get(&format!("{path}?attributes=pin")).await.json,
        server.put(&path, body).await.expect(200).json,
        server.patch(&format!("{path}?attributes=pin"), replace("pin", "4711-secret")).await.expect(200).json,
    ] {
        let text = shown.to_string();
        assert!(!text.contains("\"pin\"") && !text.contains("4711"), "{text}");
    }
}

#[tokio::test]
async fn attributes_that_are_always_returned_always_are() {
    covers!("RFC7643-7-27");
    let server = custom::server().await;
    let body = widget_of(json!({ "label": "L", "plain": "p" }));
    let created = server.post("/Widgets?excludedAttributes=label,id", body.clone()).await.expect(201).json;
    assert_eq!((&created["label"], created["id"].is_string()), (&json!("L"), true));
    let path = format!("/Widgets/{}", id(&created));
    for query in
        ["?attributes=plain", "?excludedAttributes=label", "?excludedAttributes=id,label", "?attributes=none"]
    {
        let patch = replace("plain", query);
        let listed = server.get(&format!("/Widgets{query}")).await.expect(200).json["Resources"][0].clone();
        for shown in [
            listed,
            server.get(&format!("{path}{query}")).await.expect(200).json,
            server.put(&format!("{path}{query}"), body.clone()).await.expect(200).json,
            server.patch(&format!("{path}{query}"), patch).await.expect(200).json,
        ] {
            assert_eq!((&shown["label"], &shown["id"]), (&json!("L"), &created["id"]), "{query}");
        }
    }
}

#[tokio::test]
async fn attributes_returned_by_default_can_be_left_out() {
    covers!("RFC7643-7-30");
    let server = custom::server().await;
    let (_, path) = widget(&server, json!({ "plain": "p", "size": 1 })).await;
    for (query, shown) in [
        ("", true),
        ("?attributes=size", false),
        ("?attributes=plain", true),
        ("?attributes=size,PLAIN", true),
        ("?excludedAttributes=plain", false),
        ("?excludedAttributes=size", true),
    ] {
        let one = server.get(&format!("{path}{query}")).await.expect(200).json;
        let listed = server.get(&format!("/Widgets{query}")).await.expect(200).json["Resources"][0].clone();
        for resource in [one, listed] {
            assert_eq!(resource.get("plain").is_some(), shown, "{query}");
        }
    }
}

#[tokio::test]
async fn attributes_returned_on_request_want_to_be_named_or_written() {
    covers!("RFC7643-7-31");
    let server = custom::server().await;
    let attributes = json!({ "notes": "N", "parts": [{ "value": "v", "remark": "R" }], "plain": "p" });
    let (created, path) = widget(&server, attributes.clone()).await;
    assert_eq!((&created["notes"], &created["parts"][0]["remark"]), (&json!("N"), &json!("R")));
    let replaced = server.put(&path, widget_of(attributes)).await.expect(200).json;
    assert_eq!((&replaced["notes"], &replaced["parts"][0]["remark"]), (&json!("N"), &json!("R")));

    for shown in [server.get(&path).await.json, server.get("/Widgets").await.json["Resources"][0].clone()] {
        assert_eq!((shown.get("notes"), shown["parts"][0].get("remark")), (None, None));
        assert_eq!(shown["parts"][0]["value"], "v");
    }
    let named = server.get(&format!("{path}?attributes=notes,parts.remark")).await.json;
    assert_eq!((&named["notes"], &named["parts"][0]["remark"]), (&json!("N"), &json!("R")));

    // A PATCH shows what it modified, and nothing else of the kind.
    let unrelated = server.patch(&path, replace("plain", "q")).await.expect(200).json;
    assert_eq!((unrelated.get("notes"), unrelated["parts"][0].get("remark")), (None, None));
    for operation in [
        json!({ "op": "replace", "path": "notes", "value": "M" }),
        json!({ "op": "add", "path": format!("{WIDGET}:NOTES"), "value": "M" }),
        json!({ "op": "add", "value": { "notes": "M" } }),
    ] {
        let patched = server.patch(&path, json!([operation])).await.expect(200).json;
        assert_eq!(
            (&patched["notes"], patched["parts"][0].get("remark")),
            (&json!("M"), None),
            "{operation}"
        );
    }
    for operation in [
        json!({ "op": "replace", "path": "parts[value eq \"v\"].remark", "value": "S" }),
        json!({ "op": "replace", "path": "parts[value eq \"v\"]", "value": { "value": "v", "remark": "S" } }),
        json!({ "op": "replace", "path": "parts", "value": [{ "value": "v", "remark": "S" }] }),
        json!({ "op": "replace", "value": { "parts": [{ "value": "v", "remark": "S" }] } }),
    ] {
        let patched = server.patch(&path, json!([operation])).await.expect(200).json;
        assert_eq!(
            (&patched["parts"][0]["remark"], patched.get("notes")),
            (&json!("S"), None),
            "{operation}"
        );
    }
}

#[tokio::test]
async fn what_is_written_of_an_extension_is_shown_in_the_answer() {
    covers!("RFC7643-7-31");
    let server = custom::server().await;
    let body = appliance_of(json!({ "months": 12, "terms": "T" }));
    let created = server.post("/Appliances", body).await.expect(201).json;
    assert_eq!(created[WARRANTY]["terms"], "T");
    let path = format!("/Appliances/{}", id(&created));
    for operation in [
        json!({ "op": "add", "path": WARRANTY, "value": { "terms": "U" } }),
        json!({ "op": "add", "value": { WARRANTY: { "terms": "U" } } }),
        json!({ "op": "replace", "path": format!("{WARRANTY}:terms"), "value": "U" }),
    ] {
        let patched = server.patch(&path, json!([operation])).await.expect(200).json;
        assert_eq!(patched[WARRANTY]["terms"], "U", "{operation}");
    }
    assert_eq!(server.get(&path).await.json[WARRANTY], json!({ "months": 12 }));
}

#[tokio::test]
async fn unique_values_do_not_repeat() {
    covers!("RFC7643-7-34", "RFC7643-7-35", "RFC7643-7-33");
    let server = custom::server().await;
    widget(&server, json!({ "code": "A", "tag": "a" })).await;
    let (_, path) = widget(&server, json!({ "code": "B", "tag": "b" })).await;
    for (name, taken) in [("code", "A"), ("tag", "a"), ("tag", "A")] {
        let body = widget_of(json!({ name: taken }));
        server.post("/Widgets", body.clone()).await.expect_error(409, Some("uniqueness"));
        server.put(&path, body).await.expect_error(409, Some("uniqueness"));
        server.patch(&path, replace(name, taken)).await.expect_error(409, Some("uniqueness"));
    }
    // `code` is case-exact, so that this is another value.
    widget(&server, json!({ "code": "a" })).await;
    assert_eq!(server.get("/Widgets").await.json["totalResults"], 3);
}

#[tokio::test]
async fn text_of_other_query_languages_is_just_text() {
    covers!("RFC7643-9.2-02");
    let server = Server::rfc().await;
    server.user(json!({ "userName": "ada" })).await;
    let texts = [
        "' or '1'='1",
        "'; drop table users; --",
        "*)(uid=*))(|(uid=*",
        "{\"$gt\":\"\"}",
        "$ne",
        "%00",
        "\u{0}",
        "../../etc/passwd",
        "${jndi:ldap://x}",
        "<script>alert(1)</script>",
        "%",
        "_",
        "\\",
        "\"",
    ];
    for text in texts {
        let literal = serde_json::to_string(text).unwrap().replace('%', "%25").replace('&', "%26");
        assert!(server.names(&format!("userName eq {literal}")).await.is_empty(), "{text}");
        let search = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
            "filter": format!("userName eq {}", serde_json::to_string(text).unwrap()),
        });
        let found = server.post("/Users/.search", search.clone()).await.expect(200).json;
        assert_eq!(found["totalResults"], 0, "{text}");
        let created = server.user(json!({ "userName": text, "displayName": text })).await;
        let found = server.post("/Users/.search", search).await.expect(200).json;
        assert_eq!(found["totalResults"], 1, "{text}");
        assert_eq!(found["Resources"][0]["displayName"], text);
        server.delete(&format!("/Users/{}", id(&created))).await.expect(204);
        // Not even in the place of syntax.
        let answer = server.get(&format!("/Users?filter={}", text.replace('%', "%25"))).await;
        assert_eq!(answer.status, 400, "{text}: {}", answer.json);
    }
    assert_eq!(server.get("/Users").await.json["totalResults"], 1);
}
