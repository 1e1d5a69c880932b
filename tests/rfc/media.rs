//! Media types, encoding and the form of bodies (RFC 7644 §3.1, §3.8, §8.1, §8.2).

use scimulator::exchange::Request;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::covers;
use crate::gadget::{gadget, server as gadgets};
use crate::support::{Answer, ENTERPRISE, Server, TOKEN, USER, id};

const MESSAGES: &str = "urn:ietf:params:scim:api:messages:2.0:";

/// One request of each kind that is answered with a body, right and wrong ones.
async fn answers(server: &Server) -> Vec<(String, Answer)> {
    let user = server.user(json!({ "userName": "seed" })).await;
    let target = format!("/Users/{}", id(&user));
    let mut answers = Vec::new();
    for (method, target, body) in [
        ("GET", "/Users", None),
        ("GET", target.as_str(), None),
        ("GET", "/Users?filter=userName eq \"nobody\"", None),
        ("GET", "/", None),
        ("GET", "/ServiceProviderConfig", None),
        ("GET", "/ResourceTypes", None),
        ("GET", "/ResourceTypes/User", None),
        ("GET", "/Schemas", None),
        ("POST", "/Users", Some(json!({ "schemas": [USER], "userName": "new" }))),
        ("PUT", target.as_str(), Some(json!({ "schemas": [USER], "userName": "put" }))),
        (
            "PATCH",
            target.as_str(),
            Some(json!({
                "schemas": [format!("{MESSAGES}PatchOp")], "Operations": [{ "op": "add", "value": { "title": "t" } }],
            })),
        ),
        ("POST", "/Users/.search", Some(json!({ "schemas": [format!("{MESSAGES}SearchRequest")] }))),
        (
            "POST",
            "/Bulk",
            Some(json!({
                "schemas": [format!("{MESSAGES}BulkRequest")],
                "Operations": [{ "method": "DELETE", "path": "/Users/none" }],
            })),
        ),
        ("GET", "/Users/none", None),
        ("GET", "/Nowhere", None),
        ("GET", "/Users?filter=userName", None),
        ("POST", "/Users", Some(json!({ "schemas": [USER] }))),
        ("POST", "/Users", Some(json!({ "schemas": [USER], "userName": "new" }))),
        ("PUT", "/ServiceProviderConfig", Some(json!({}))),
    ] {
        answers.push((format!("{method} {target}"), server.call(method, target, body).await));
    }
    answers
}

#[tokio::test]
async fn every_body_is_a_scim_json_object() {
    covers!("RFC7644-3.1-01", "RFC7644-3.1-02", "RFC7644-3.12-07", "RFC7644-8.1-01");
    let server = Server::rfc().await;
    for (request, answer) in answers(&server).await {
        assert_eq!(answer.headers.get("content-type"), Some("application/scim+json"), "{request}");
        assert!(answer.json.is_object(), "{request}: {}", answer.json);
        assert!(answer.json["schemas"].is_array(), "{request}: {}", answer.json);
    }
    for body in ["[]", r#"[{ "userName": "a" }]"#, r#""a""#, "1", "null", "true"] {
        let answer = server.call_raw("POST", "/Users", "application/scim+json", body).await;
        answer.expect_error(400, Some("invalidSyntax"));
    }
}

#[tokio::test]
async fn messages_carry_the_uris_that_the_rfc_gives_them() {
    covers!("RFC7644-3.1-03", "RFC7644-8.2-01");
    let server = Server::rfc().await;
    for (request, answer) in answers(&server).await {
        let is_list = answer.json.get("Resources").is_some();
        let expected = match () {
            () if answer.status >= 400 => "Error",
            () if is_list => "ListResponse",
            () if request == "POST /Bulk" => "BulkResponse",
            () => continue,
        };
        assert_eq!(answer.json["schemas"], json!([format!("{MESSAGES}{expected}")]), "{request}");
    }
    // Those that clients send are taken by exactly these names.
    let user = server.user(json!({ "userName": "x" })).await;
    let target = format!("/Users/{}", id(&user));
    let operations = json!([{ "op": "add", "path": "title", "value": "t" }]);
    for (method, target, name, operations) in [
        ("PATCH", target.as_str(), "PatchOp", operations),
        ("POST", "/Bulk", "BulkRequest", json!([{ "method": "DELETE", "path": "/Users/none" }])),
        ("POST", "/.search", "SearchRequest", json!([])),
    ] {
        let sent = |uri: String| json!({ "schemas": [uri], "Operations": operations.clone() });
        server.call(method, target, Some(sent(format!("{MESSAGES}{name}")))).await.expect(200);
        for wrong in
            [format!("urn:scim:api:messages:2.0:{name}"), format!("{MESSAGES}{name}s"), USER.to_owned()]
        {
            let answer = server.call(method, target, Some(sent(wrong))).await;
            answer.expect_error(400, Some("invalidSyntax"));
        }
    }
}

#[tokio::test]
async fn an_answer_shows_the_resource_as_the_provider_keeps_it() {
    covers!("RFC7644-3.1-06");
    let server = Server::rfc().await;
    let body = json!({
        "schemas": [USER], "USERNAME": "ada", "id": "mine", "meta": { "resourceType": "X" }, "nickName": null,
        "emails": [{ "value": "a@x.test", "TYPE": "work" }], "unheardOf": 1, "groups": [{ "value": "x" }],
    });
    let created = server.post("/Users", body.clone()).await.expect(201).json;
    let target = format!("/Users/{}", id(&created));
    assert_eq!(server.get(&target).await.json, created);
    assert_eq!(created["userName"], "ada");
    assert!(created.get("unheardOf").is_none() && created["id"] != "mine", "{created}");

    let put = server.put(&target, body).await.expect(200).json;
    assert_eq!(server.get(&target).await.json, put);
    let operations = json!([{ "op": "add", "value": { "TITLE": "t", "emails": [{ "value": "b@x.test" }] } }]);
    let patched = server.patch(&target, operations).await.expect(200).json;
    assert_eq!(patched["title"], "t");
    assert_eq!(server.get(&target).await.json, patched);
}

#[tokio::test]
async fn what_a_client_got_it_may_put_back() {
    covers!("RFC7644-3.1-07");
    let server = Server::rfc().await;
    let boss = server.user(json!({ "userName": "boss", "displayName": "The Boss" })).await;
    let user = json!({ "userName": "ada", ENTERPRISE: { "manager": { "value": id(&boss) } } });
    let user = server.user(user).await;
    let group = server.group(json!({ "displayName": "g", "members": [{ "value": id(&user) }] })).await;
    for target in [format!("/Users/{}", id(&user)), format!("/Groups/{}", id(&group))] {
        let got = server.get(&target).await.expect(200).json;
        assert!(got["meta"].is_object() && (got["groups"].is_array() || got["members"].is_array()), "{got}");
        let mut put = server.put(&target, got.clone()).await.expect(200).json;
        let mut got = got;
        for resource in [&mut got, &mut put] {
            let meta = resource["meta"].as_object_mut().unwrap();
            meta.remove("lastModified");
            meta.remove("version");
        }
        assert_eq!(put, got);
    }
}

#[tokio::test]
async fn text_is_utf_8_with_and_without_a_charset() {
    covers!("RFC7644-3.8-01", "RFC7644-3.8-02", "RFC7644-3.8-09", "RFC7644-3.8-10");
    let server = Server::rfc().await;
    let text = "Zoë Ångström 日本語 \u{1F600} \u{0}";
    for (index, content_type) in [
        "application/scim+json",
        "application/scim+json; charset=utf-8",
        "application/scim+json;charset=UTF-8",
        "Application/SCIM+JSON",
        "application/json",
        "application/json; charset=utf-8",
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({ "schemas": [USER], "userName": format!("u{index}"), "displayName": text });
        let answer = server.call_raw("POST", "/Users", content_type, body.to_string()).await;
        assert_eq!(answer.status, 201, "{content_type}: {}", answer.json);
        assert_eq!(answer.json["displayName"], text, "{content_type}");
        let got = server.get(&format!("/Users/{}", id(&answer.json))).await;
        assert_eq!(got.json["displayName"], text, "{content_type}");
    }
    let latin =
        b"{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"Zo\xEB\"}".as_slice();
    let answer = server.call_raw("POST", "/Users", "application/scim+json", latin).await;
    answer.expect_error(400, Some("invalidSyntax"));
    for content_type in ["text/plain", "application/xml", "application/x-www-form-urlencoded"] {
        server.call_raw("POST", "/Users", content_type, "{}").await.expect_error(415, None);
    }
}

#[tokio::test]
async fn accept_chooses_between_the_names_of_json() {
    covers!("RFC7644-3.8-06", "RFC7644-3.8-07", "RFC7644-3.8-08");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "a" })).await;
    for target in [format!("/Users/{}", id(&user)), "/Users".to_owned(), "/Schemas".to_owned()] {
        for (accept, expected) in [
            ("application/scim+json", "application/scim+json"),
            ("application/json", "application/json"),
            ("application/scim+json, application/json", "application/scim+json"),
            ("*/*", "application/scim+json"),
            ("text/html,application/xhtml+xml,*/*;q=0.8", "application/scim+json"),
        ] {
            let answer = server.call_with("GET", &target, &[("Accept", accept)], None).await.expect(200);
            assert_eq!(answer.headers.get("content-type"), Some(expected), "{accept}");
            assert!(answer.json["schemas"].is_array());
        }
    }
}

#[tokio::test]
async fn without_accept_the_answer_is_scim_json() {
    covers!("RFC7644-3.8-08", "RFC7644-3.8-01");
    let server = Server::rfc().await;
    server.user(json!({ "userName": "Zoë" })).await;
    let base = server.provider.base_url();
    let authority = base.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let mut stream = TcpStream::connect(authority).await.unwrap();
    let head = format!(
        "GET /scim/v2/Users HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(head.to_ascii_lowercase().contains("\r\ncontent-type: application/scim+json\r\n"), "{head}");
    assert!(body.contains("Zoë"), "UTF-8 in the raw bytes: {body}");
}

#[tokio::test]
async fn values_have_the_json_form_of_their_attribute() {
    covers!("RFC7644-3.8-11");
    let server = gadgets().await;
    let boss = server.user(json!({ "userName": "boss" })).await;
    let user = json!({
        "userName": "ada", "active": true, "name": { "givenName": "A" }, "emails": [{ "value": "a@x.test" }],
        "roles": [{ "value": "r", "primary": true }], "x509Certificates": [{ "value": "QUJD" }],
        ENTERPRISE: { "department": "d", "manager": { "value": id(&boss) } },
    });
    let user = server.user(user).await;
    server.group(json!({ "displayName": "g", "members": [{ "value": id(&user) }] })).await;
    let full = json!({
        "label": "l", "code": "c", "size": 3, "weight": 1.5, "seen": "2020-01-01T00:00:00Z", "blob": "QUJD",
        "working": false, "link": "https://x.test", "tags": ["one"], "badge": "b",
        "parts": [{ "value": "v", "rank": 1 }],
    });
    gadget(&server, full).await;

    let mut schemas = server.get("/Schemas").await.expect(200).json["Resources"].clone();
    let schemas = schemas.as_array_mut().unwrap();
    let mut checked = 0;
    for resource in server.get("/").await.expect(200).json["Resources"].as_array().unwrap() {
        for uri in resource["schemas"].as_array().unwrap() {
            let schema = schemas.iter().find(|schema| schema["id"] == *uri).unwrap();
            let container = resource.get(uri.as_str().unwrap()).unwrap_or(resource);
            checked += check_forms(schema["attributes"].as_array().unwrap(), container);
        }
    }
    assert!(checked > 35, "{checked} values were looked at");
}

/// Checks the members of an object against attribute definitions and counts them.
fn check_forms(attributes: &[Value], object: &Value) -> usize {
    let mut checked = 0;
    for attribute in attributes {
        let Some(value) = object.get(attribute["name"].as_str().unwrap()) else { continue };
        let values = match value {
            Value::Array(values) if attribute["multiValued"] == true => values.as_slice(),
            single if attribute["multiValued"] == false => std::slice::from_ref(single),
            other => panic!("{} is multi-valued, but is {other}", attribute["name"]),
        };
        for value in values {
            let fits = match attribute["type"].as_str().unwrap() {
                "boolean" => value.is_boolean(),
                "integer" => value.is_i64(),
                "decimal" => value.is_number(),
                "complex" => value.is_object(),
                _ => value.is_string(),
            };
            assert!(fits, "{} is {value}", attribute["name"]);
            checked += 1;
            if let Some(subs) = attribute["subAttributes"].as_array() {
                checked += check_forms(subs, value);
            }
        }
    }
    checked
}

#[tokio::test]
async fn a_request_without_a_content_type_is_taken_for_scim() {
    covers!("RFC7644-3.1-01");
    let server = Server::rfc().await;
    let mut request = Request::new("POST", "/Users");
    request.body = json!({ "schemas": [USER], "userName": "a" }).to_string().into();
    server.send(request).await.expect(201);
}
