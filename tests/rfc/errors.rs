//! The error message, statuses and keywords (RFC 7644 §3.2, §3.12).

use serde_json::{Value, json};

use crate::covers;
use crate::gadget::{rfc_config, with_profile};
use crate::support::{Answer, ERROR, PATCH_OP, Server, USER, id};

const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// A request that cannot be fulfilled, and how it is refused. `{ada}` in a target is the path of a user.
struct Refused {
    method: &'static str,
    target: &'static str,
    body: Value,
    status: u16,
    scim_type: Option<&'static str>,
}

fn refused(
    method: &'static str,
    target: &'static str,
    body: Value,
    status: u16,
    scim_type: Option<&'static str>,
) -> Refused {
    Refused { method, target, body, status, scim_type }
}

fn patch(operation: Value, status: u16, scim_type: &'static str) -> Refused {
    let body = json!({ "schemas": [PATCH_OP], "Operations": [operation] });
    refused("PATCH", "{ada}", body, status, Some(scim_type))
}

fn user(members: Value) -> Value {
    let mut user = members;
    user["schemas"] = json!([USER]);
    user
}

/// Requests that fail, one for each situation of tables 8 and 9 that a request alone can bring about.
fn catalogue() -> Vec<Refused> {
    let none = Value::Null;
    vec![
        refused("GET", "/Users?filter=userName", none.clone(), 400, Some("invalidFilter")),
        refused("GET", "/Users?filter=active gt true", none.clone(), 400, Some("invalidFilter")),
        refused(
            "POST",
            "/.search",
            json!({ "schemas": [SEARCH], "filter": "userName eq" }),
            400,
            Some("invalidFilter"),
        ),
        patch(
            json!({ "op": "replace", "path": "emails[primary gt true].value", "value": "x" }),
            400,
            "invalidFilter",
        ),
        refused("POST", "/Users", user(json!({ "userName": "ADA" })), 409, Some("uniqueness")),
        refused("PUT", "{ada}", user(json!({ "userName": "bob" })), 409, Some("uniqueness")),
        patch(json!({ "op": "replace", "path": "userName", "value": "Bob" }), 409, "uniqueness"),
        patch(json!({ "op": "replace", "path": "id", "value": "x" }), 400, "mutability"),
        patch(json!({ "op": "remove", "path": "userName" }), 400, "mutability"),
        patch(
            json!({ "op": "add", "path": "meta.created", "value": "2020-01-01T00:00:00Z" }),
            400,
            "mutability",
        ),
        patch(json!({ "op": "add", "path": "emails[", "value": "x" }), 400, "invalidPath"),
        patch(json!({ "op": "add", "path": "name..givenName", "value": "x" }), 400, "invalidPath"),
        patch(
            json!({ "op": "replace", "path": "emails[type eq \"nope\"].value", "value": "x" }),
            400,
            "noTarget",
        ),
        patch(json!({ "op": "remove" }), 400, "noTarget"),
        patch(json!({ "op": "replace", "path": "active", "value": "maybe" }), 400, "invalidValue"),
        patch(json!({ "op": "replace", "path": "userName", "value": null }), 400, "invalidValue"),
        patch(json!({ "op": "move", "path": "title", "value": "x" }), 400, "invalidSyntax"),
        refused("POST", "/Users", user(json!({})), 400, Some("invalidValue")),
        refused("POST", "/Users", user(json!({ "userName": "" })), 400, Some("invalidValue")),
        refused("POST", "/Users", user(json!({ "userName": 7 })), 400, Some("invalidValue")),
        refused(
            "POST",
            "/Users",
            user(json!({ "userName": "x", "active": "yes" })),
            400,
            Some("invalidValue"),
        ),
        refused("PUT", "{ada}", user(json!({ "title": "x" })), 400, Some("invalidValue")),
        refused("GET", "/Users?count=many", none.clone(), 400, Some("invalidValue")),
        refused("POST", "/Users", json!({ "userName": "x" }), 400, Some("invalidSyntax")),
        refused("PUT", "{ada}", json!({ "userName": "x" }), 400, Some("invalidSyntax")),
        refused("PATCH", "{ada}", json!({ "Operations": [] }), 400, Some("invalidSyntax")),
        refused("POST", "/Bulk", json!({ "schemas": [BULK] }), 400, Some("invalidSyntax")),
        refused("GET", "/Users?filter=password eq \"x\"", none.clone(), 403, Some("sensitive")),
        refused("GET", "/Schemas?filter=id pr", none.clone(), 403, None),
        refused("GET", "/Users?cursor=bogus", none.clone(), 400, Some("invalidCursor")),
        refused("GET", "/Users?cursor=&count=x", none.clone(), 400, Some("invalidCount")),
        refused("GET", "/Users/none", none.clone(), 404, None),
        refused("GET", "/Users/not~a~uuid", none.clone(), 404, None),
        refused("DELETE", "/Users/none", none.clone(), 404, None),
        refused("PUT", "/Users/none", user(json!({ "userName": "x" })), 404, None),
        refused("GET", "/Nowhere", none.clone(), 404, None),
        refused("POST", "/Schemas", json!({}), 405, None),
        refused("GET", "/Bulk", none, 405, None),
    ]
}

async fn answers() -> Vec<(Refused, Answer)> {
    let server = Server::rfc().await;
    let ada = server.user(json!({ "userName": "ada" })).await;
    let bob = server.user(json!({ "userName": "bob", "emails": [{ "value": "b@x.test" }] })).await;
    let path = format!("/Users/{}", id(&ada));
    let mut answers = Vec::new();
    for case in catalogue() {
        let body = (!case.body.is_null()).then(|| case.body.clone());
        let answer = server.call(case.method, &case.target.replace("{ada}", &path), body).await;
        answers.push((case, answer));
    }
    assert_eq!(server.get(&path).await.json, ada, "what was refused changed nothing");
    assert_eq!(server.get(&format!("/Users/{}", id(&bob))).await.json, bob);
    assert_eq!(server.get("/Users").await.json["totalResults"], 2);
    answers
}

#[tokio::test]
async fn each_failure_has_its_status_and_keyword() {
    covers!(
        "RFC7644-3.12-10",
        "RFC7644-3.12-13",
        "RFC7644-3.12-14",
        "RFC7644-3.12-19",
        "RFC7644-3.12-21",
        "RFC7644-3.12-22",
        "RFC7644-3.12-23",
        "RFC7644-3.12-24",
        "RFC7644-3.12-25",
        "RFC7644-3.12-26",
        "RFC7644-3.12-28",
        "RFC7644-7.5.2-02",
        "RFC7644-7.5.2-03",
    );
    for (case, answer) in answers().await {
        let keyword = answer.json["scimType"].as_str();
        let request = format!("{} {} {}", case.method, case.target, case.body);
        assert_eq!((answer.status, keyword), (case.status, case.scim_type), "{request}: {}", answer.json);
    }
}

#[tokio::test]
async fn each_failure_is_told_in_an_error_message() {
    covers!(
        "RFC7644-3.2-12",
        "RFC7644-3.12-01",
        "RFC7644-3.12-02",
        "RFC7644-3.12-03",
        "RFC7644-3.12-04",
        "RFC7644-3.12-05",
        "RFC7644-3.12-06",
        "RFC7644-3.12-07",
    );
    let keywords = [
        "invalidFilter",
        "tooMany",
        "uniqueness",
        "mutability",
        "invalidSyntax",
        "invalidPath",
        "noTarget",
        "invalidValue",
        "invalidVers",
        "sensitive",
        "invalidCursor",
        "expiredCursor",
        "invalidCount",
    ];
    for (case, answer) in answers().await {
        let request = format!("{} {} {}", case.method, case.target, case.body);
        assert_eq!(answer.json["schemas"], json!([ERROR]), "{request}");
        assert_eq!(answer.json["status"], answer.status.to_string(), "{request}: a string, and the same");
        let keyword = answer.json.get("scimType");
        assert!(keyword.is_none_or(|keyword| keywords.iter().any(|known| keyword == known)), "{request}");
        assert!(answer.json["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{request}");
        assert_eq!(answer.headers.get("content-type"), Some("application/scim+json"), "{request}");
    }
}

#[tokio::test]
async fn malformed_json_is_a_syntax_error_everywhere() {
    covers!("RFC7644-3.12-10", "RFC7644-3.12-23");
    let server = Server::rfc().await;
    let ada = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&ada));
    for (method, target) in [
        ("POST", "/Users"),
        ("PUT", path.as_str()),
        ("PATCH", path.as_str()),
        ("POST", "/Bulk"),
        ("POST", "/.search"),
    ] {
        for body in ["{", "{\"a\":}", "", "{'a':1}", "\u{feff}{}x", "{} {}", "[]", "<a/>"] {
            let answer = server.call_raw(method, target, "application/scim+json", body).await;
            assert_eq!(answer.status, 400, "{method} {target} {body}: {}", answer.json);
            answer.expect_error(400, Some("invalidSyntax"));
        }
    }
}

#[tokio::test]
async fn too_large_a_bulk_request_is_413_and_told_the_limits() {
    covers!("RFC7644-3.12-16");
    let mut config = rfc_config();
    config.profile.limits.bulk_operations = 2;
    config.profile.limits.bulk_payload_bytes = 4096;
    let server = Server::with(config).await;
    let announced = server.get("/ServiceProviderConfig").await.expect(200).json["bulk"].clone();
    assert_eq!((&announced["maxOperations"], &announced["maxPayloadSize"]), (&json!(2), &json!(4096)));
    let bulk = |count: usize, name: &str| {
        let operation = |number: usize| {
            let data = user(json!({ "userName": format!("{name}{number}") }));
            json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": data })
        };
        json!({ "schemas": [BULK], "Operations": (0..count).map(operation).collect::<Vec<_>>() })
    };
    for (body, limit) in [(bulk(3, "u"), "2"), (bulk(1, &"x".repeat(4096)), "4096")] {
        let answer = server.post("/Bulk", body).await.expect_error(413, None);
        assert!(answer.json["detail"].as_str().unwrap().contains(limit), "{}", answer.json);
    }
    assert_eq!(server.get("/Users").await.json["totalResults"], 0);
    server.post("/Bulk", bulk(2, "u")).await.expect(200);
}

#[tokio::test]
async fn what_the_provider_does_not_offer_is_501() {
    covers!("RFC7644-3.12-18");
    let server = with_profile(|profile| {
        profile.features.patch = false;
        profile.features.bulk = false;
    })
    .await;
    let ada = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&ada));
    let config = server.get("/ServiceProviderConfig").await.expect(200).json;
    for feature in ["patch", "bulk"] {
        assert_eq!(config[feature]["supported"], false);
    }
    let operations = json!([{ "op": "replace", "path": "title", "value": "x" }]);
    server.patch(&path, operations.clone()).await.expect_error(501, None);
    let operation = json!({ "method": "PATCH", "path": path, "data": { "schemas": [PATCH_OP], "Operations": operations } });
    server
        .post("/Bulk", json!({ "schemas": [BULK], "Operations": [operation] }))
        .await
        .expect_error(501, None);
    assert_eq!(server.get(&path).await.json, ada);
    server.call("TRACE", &path, None).await.expect_error(501, None);
}

#[tokio::test]
async fn operations_in_bulk_fail_with_the_same_keywords() {
    covers!("RFC7644-3.12-29");
    let server = Server::rfc().await;
    let ada = server.user(json!({ "userName": "ada" })).await;
    server.user(json!({ "userName": "bob" })).await;
    let path = format!("/Users/{}", id(&ada));
    // An operation of a bulk request names its data; GET and the other endpoints have no place in one.
    let fitting = |case: &Refused| {
        matches!(case.method, "PATCH" | "PUT" | "DELETE") || (case.method, case.target) == ("POST", "/Users")
    };
    let cases: Vec<_> = catalogue().into_iter().filter(fitting).collect();
    assert!(cases.len() > 20);
    let operations = cases.iter().enumerate().map(|(index, case)| {
        let mut operation = json!({ "method": case.method, "path": case.target.replace("{ada}", &path) });
        if !case.body.is_null() {
            operation["data"] = case.body.clone();
        }
        if case.method == "POST" {
            operation["bulkId"] = format!("b{index}").into();
        }
        operation
    });
    let body = json!({ "schemas": [BULK], "Operations": operations.collect::<Vec<_>>() });
    let answer = server.post("/Bulk", body).await.expect(200);
    let results = answer.json["Operations"].as_array().unwrap();
    assert_eq!(results.len(), cases.len());
    for (case, result) in cases.iter().zip(results) {
        let request = format!("{} {} {}", case.method, case.target, case.body);
        assert_eq!(result["status"], case.status.to_string(), "{request}: {result}");
        assert_eq!(result["response"]["scimType"].as_str(), case.scim_type, "{request}: {result}");
        assert_eq!(result["response"]["status"], case.status.to_string(), "{request}");
    }
}

#[tokio::test]
async fn no_request_is_an_internal_error() {
    covers!("RFC7644-3.12-17", "RFC7644-7.7-01");
    let server = Server::rfc().await;
    let ada = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&ada));
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let nested = format!("{{\"schemas\":[\"{USER}\"],\"userName\":{deep}}}");
    let strange = [
        "'",
        "' OR '1'='1",
        "\"; DROP TABLE users; --",
        "${jndi:ldap://x}",
        "<script>",
        "%00",
        "%ff%fe",
        "..%2f..",
        "\u{202e}",
        "{{7*7}}",
        "a%0d%0aX-Evil: 1",
        "%",
        "%zz",
    ];
    for text in strange {
        for target in [
            format!("/Users/{text}"),
            format!("/{text}"),
            format!("/Users?filter={text}"),
            format!("/Users?filter=userName eq \"{text}\""),
            format!("/Users?sortBy={text}"),
            format!("/Users?attributes={text}"),
            format!("/Users?startIndex={text}&count={text}"),
            format!("/Schemas/{text}"),
        ] {
            let answer = server.get(&target).await;
            assert!(answer.status < 500, "{target}: {}", answer.json);
            assert!(!answer.headers.contains("x-evil"), "{target}");
        }
        let literal = user(json!({ "userName": text, "displayName": text }));
        let created = server.post("/Users", literal).await.expect(201).json;
        assert_eq!((&created["userName"], &created["displayName"]), (&json!(text), &json!(text)));
        let filter = format!("userName eq {}", json!(text));
        let found = crate::gadget::filtered(&server, "/Users", &filter).await.expect(200);
        assert_eq!(found.json["Resources"], json!([created]), "{text}");
    }
    for body in [
        nested.as_str(),
        &deep,
        "{\"schemas\":null}",
        "{\"schemas\":{}}",
        "{\"schemas\":[1]}",
        "{\"schemas\":[[]]}",
        "{\"Operations\":{}}",
        "{\"\":1}",
        "1e999999",
        "\"\\ud800\"",
        "{\"userName\":1e400}",
    ] {
        for (method, target) in [
            ("POST", "/Users"),
            ("PUT", path.as_str()),
            ("PATCH", path.as_str()),
            ("POST", "/Bulk"),
            ("POST", "/.search"),
        ] {
            let answer = server.call_raw(method, target, "application/scim+json", body.to_owned()).await;
            assert!((400..500).contains(&answer.status), "{method} {target}: {}", answer.json);
        }
    }
    assert_eq!(server.get(&path).await.json, ada);
}
