//! Methods, statuses and media types (RFC 9110).

use serde_json::{Value, json};

use crate::covers;
use crate::support::{GROUP, Server, TOKEN, USER, id};
use crate::wire::Wire;

#[tokio::test]
async fn head_is_get_without_content() {
    covers!("RFC9110-9.1-01", "RFC9110-9.3.2-01");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    let wire = Wire::to(&server);
    let credentials = format!("Authorization: Bearer {TOKEN}");
    for (target, status) in [
        (path.as_str(), 200),
        ("/Users", 200),
        ("/ServiceProviderConfig", 200),
        ("/Schemas", 200),
        ("/ResourceTypes/User", 200),
        ("/Users/none", 404),
        ("/none", 404),
    ] {
        let get = wire.ask("GET", target, &[&credentials], "").await;
        let head = wire.ask("HEAD", target, &[&credentials], "").await;
        assert_eq!((get.status, head.status), (status, status), "{target}");
        assert!(!get.content.is_empty());
        assert_eq!(head.content, "", "{target}");
        for name in ["content-type", "etag", "location", "content-length"] {
            assert_eq!(head.header(name), get.header(name), "{target} {name}");
        }
    }
    let head = wire.ask("HEAD", &path, &[], "").await;
    assert_eq!((head.status, head.content.as_str()), (401, ""));
}

#[tokio::test]
async fn unknown_methods_get_501_and_known_ones_405() {
    covers!("RFC9110-9.1-02", "RFC9110-15.5.6-01");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    for method in ["FOO", "PROPFIND", "TRACE", "get"] {
        server.call(method, "/Users", None).await.expect_error(501, None);
    }
    for (target, methods) in [
        ("/Users", &["PUT", "PATCH", "DELETE"][..]),
        ("/Groups", &["PUT", "PATCH", "DELETE"]),
        (&path, &["POST"]),
        ("/ServiceProviderConfig", &["POST", "PUT", "PATCH", "DELETE"]),
        ("/Schemas", &["POST", "PUT", "PATCH", "DELETE"]),
        ("/ResourceTypes/User", &["POST", "PUT", "PATCH", "DELETE"]),
        ("/Bulk", &["GET", "PUT", "PATCH", "DELETE"]),
        ("/.search", &["GET", "PUT", "DELETE"]),
        ("/Users/.search", &["GET", "PATCH", "DELETE"]),
    ] {
        for method in methods {
            let body = json!({ "schemas": [USER] });
            let answer = server.call(method, target, Some(body)).await.expect_error(405, None);
            let allowed: Vec<&str> = answer.headers.get("allow").unwrap().split(',').map(str::trim).collect();
            assert!(!allowed.contains(method), "{method} {target}: {allowed:?}");
            // What is said to be allowed is: no 405 and no 501 for it.
            for allowed in allowed {
                let body = matches!(allowed, "POST" | "PUT" | "PATCH").then(|| json!({}));
                let status = match allowed {
                    // Nothing that would end the test early.
                    "DELETE" => continue,
                    _ => server.call(allowed, target, body).await.status,
                };
                assert!(![405, 501].contains(&status), "{allowed} {target}");
            }
        }
    }
    server.get(&path).await.expect(200);
}

#[tokio::test]
async fn put_answers_200_with_the_resource() {
    covers!("RFC9110-9.3.4-01");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let body = json!({ "schemas": [USER], "userName": "bob" });
    let answer = server.put(&format!("/Users/{}", id(&user)), body).await.expect(200);
    assert_eq!((&answer.json["id"], &answer.json["userName"]), (&user["id"], &json!("bob")));
}

#[tokio::test]
async fn an_answer_without_content_has_none() {
    covers!("RFC9110-9.3.5-01", "RFC9110-15.3.5-01");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let credentials = format!("Authorization: Bearer {TOKEN}");
    let answer = Wire::to(&server).ask("DELETE", &format!("/Users/{}", id(&user)), &[&credentials], "").await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.content, "");
    for name in ["content-type", "content-length", "transfer-encoding", "etag"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn location_leads_to_what_was_created() {
    covers!("RFC9110-10.2.2-01");
    let server = Server::rfc().await;
    for (endpoint, body) in [
        ("/Users", json!({ "schemas": [USER], "userName": "ada" })),
        ("/Groups", json!({ "schemas": [GROUP], "displayName": "g" })),
    ] {
        let created = server.post(endpoint, body).await.expect(201);
        let asked = reqwest::Url::parse(&format!("{}{endpoint}", server.target.base())).unwrap();
        let location = asked.join(created.headers.get("location").unwrap()).unwrap();
        let target = location.as_str().strip_prefix(server.target.base()).unwrap();
        assert_eq!(server.get(target).await.expect(200).json, created.json);
    }
}

#[tokio::test]
async fn media_types_that_cannot_be_sent_get_the_default() {
    covers!("RFC9110-15.5.7-01");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    for target in [format!("/Users/{}", id(&user)), "/Users".to_owned(), "/Schemas".to_owned()] {
        for (accept, media_type) in [
            ("text/csv", "application/scim+json"),
            ("application/xml;q=0.9, text/html", "application/scim+json"),
            ("*/*", "application/scim+json"),
            ("application/scim+json", "application/scim+json"),
            ("application/json", "application/json"),
            ("", "application/scim+json"),
            (";;;", "application/scim+json"),
        ] {
            let answer = server.call_with("GET", &target, &[("Accept", accept)], None).await.expect(200);
            assert_eq!(answer.headers.get("content-type"), Some(media_type), "{accept}");
            assert!(answer.json.is_object());
        }
    }
}

#[tokio::test]
async fn bodies_of_other_media_types_are_refused() {
    covers!("RFC9110-15.5.16-01");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    let body = json!({ "schemas": [USER], "userName": "bob" }).to_string();
    for media_type in
        ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "json"]
    {
        for (method, target) in
            [("POST", "/Users"), ("PUT", &path), ("PATCH", &path), ("POST", "/Bulk"), ("POST", "/.search")]
        {
            let answer = server.call_raw(method, target, media_type, body.clone()).await;
            assert_eq!(answer.status, 415, "{media_type} {method} {target}");
            assert_eq!(answer.json["status"], "415");
        }
    }
    let users = server.get("/Users").await.json;
    assert_eq!((&users["totalResults"], &users["Resources"][0]["userName"]), (&json!(1), &json!("ada")));
    let taken: Value =
        server.call_raw("PUT", &path, "Application/SCIM+JSON; charset=utf-8", body).await.expect(200).json;
    assert_eq!(taken["userName"], "bob");
}
