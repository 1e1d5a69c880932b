//! Entity tags and preconditions (RFC 9110 §8.8, §13, §15.4.5).

use serde_json::{Value, json};

use crate::covers;
use crate::support::{Answer, Server, TOKEN, USER, id};
use crate::wire::Wire;

const STALE: &str = "W/\"stale\"";

/// A user and its path and entity tag.
async fn user(server: &Server) -> (Value, String, String) {
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    let tag = tag(server, &path).await;
    (user, path, tag)
}

async fn tag(server: &Server, path: &str) -> String {
    server.get(path).await.expect(200).headers.get("etag").unwrap().to_owned()
}

/// A write of that method with that condition.
async fn write(server: &Server, method: &str, path: &str, condition: (&str, &str)) -> Answer {
    let body = match method {
        "PUT" => Some(json!({ "schemas": [USER], "userName": "changed" })),
        "PATCH" => Some(json!({ "schemas": [crate::support::PATCH_OP], "Operations": [
            { "op": "replace", "path": "userName", "value": "changed" },
        ] })),
        _ => None,
    };
    server.call_with(method, path, &[condition], body).await
}

#[tokio::test]
async fn entity_tags_have_their_form() {
    covers!("RFC9110-8.8.3-01");
    let server = Server::rfc().await;
    let (user, path, _) = user(&server).await;
    let group = server.group(json!({ "displayName": "g", "members": [{ "value": id(&user) }] })).await;
    let patch = json!([{ "op": "add", "path": "title", "value": "T" }]);
    for answer in [
        server.get(&path).await,
        server.get(&format!("/Groups/{}", id(&group))).await,
        server.patch(&path, patch).await,
        server.post("/Users", json!({ "schemas": [USER], "userName": "bob" })).await,
    ] {
        for tag in [answer.headers.get("etag").unwrap(), answer.json["meta"]["version"].as_str().unwrap()] {
            let quoted = tag.strip_prefix("W/").unwrap_or(tag);
            let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap();
            assert!(inner.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..)), "{tag}");
        }
    }
}

#[tokio::test]
async fn every_change_of_what_is_seen_makes_another_tag() {
    covers!("RFC9110-8.8.1-01", "RFC9110-8.8.1-02");
    let server = Server::rfc().await;
    let (user, path, first) = user(&server).await;
    let group = server.group(json!({ "displayName": "g" })).await;
    let group_path = format!("/Groups/{}", id(&group));
    let mut seen = vec![first];
    for (target, operation) in [
        (&path, json!({ "op": "add", "path": "title", "value": "T" })),
        (&path, json!({ "op": "add", "path": "emails", "value": [{ "value": "a@x.test" }] })),
        (&path, json!({ "op": "remove", "path": "title" })),
        // `groups` is a part of what is seen of a user.
        (&group_path, json!({ "op": "add", "path": "members", "value": [{ "value": id(&user) }] })),
        (&group_path, json!({ "op": "replace", "path": "displayName", "value": "h" })),
    ] {
        server.patch(target, json!([operation])).await.expect(200);
        let now = tag(&server, &path).await;
        assert!(!seen.contains(&now), "{operation}: {now} again");
        seen.push(now);
    }
    // What does not change keeps it.
    assert_eq!(tag(&server, &path).await, *seen.last().unwrap());
    // Representations that differ may share a tag only when it is weak.
    let part = tag(&server, &format!("{path}?attributes=userName")).await;
    assert!(part.starts_with("W/") || !seen.contains(&part), "{part}");
}

#[tokio::test]
async fn if_none_match_compares_weakly() {
    covers!("RFC9110-8.8.3.2-01", "RFC9110-13.1.2-01", "RFC9110-13.1.2-02");
    let server = Server::rfc().await;
    let (_, path, tag) = user(&server).await;
    let opaque = tag.strip_prefix("W/").unwrap_or(&tag);
    for method in ["GET", "HEAD"] {
        for (condition, status) in [
            (opaque.to_owned(), 304),
            (format!("W/{opaque}"), 304),
            ("*".to_owned(), 304),
            (format!("\"other\", W/{opaque}"), 304),
            (STALE.to_owned(), 200),
            ("\"other\", \"another\"".to_owned(), 200),
        ] {
            let answer = server.call_with(method, &path, &[("If-None-Match", &condition)], None).await;
            assert_eq!(answer.status, status, "{method} {condition}");
        }
    }
}

#[tokio::test]
async fn a_304_has_the_headers_of_the_200_and_no_content() {
    covers!("RFC9110-15.4.5-01", "RFC9110-15.4.5-02");
    let server = Server::rfc().await;
    let (_, path, tag) = user(&server).await;
    let full = server.get(&path).await.expect(200);
    let lines = [format!("Authorization: Bearer {TOKEN}"), format!("If-None-Match: {tag}")];
    let unchanged = Wire::to(&server).ask("GET", &path, &lines.each_ref().map(String::as_str), "").await;
    assert_eq!((unchanged.status, unchanged.content.as_str()), (304, ""));
    assert_eq!(unchanged.header("etag"), Some(tag.as_str()));
    assert!(unchanged.header("date").is_some());
    for name in ["cache-control", "content-location", "expires", "vary"] {
        assert_eq!(unchanged.header(name), full.headers.get(name), "{name}");
    }
}

#[tokio::test]
async fn if_none_match_keeps_writes_from_happening() {
    covers!("RFC9110-13.1.2-03");
    let server = Server::rfc().await;
    let (before, path, tag) = user(&server).await;
    for method in ["PUT", "PATCH", "DELETE"] {
        for condition in ["*", &tag] {
            write(&server, method, &path, ("If-None-Match", condition)).await.expect_error(412, None);
        }
        assert_eq!(server.get(&path).await.expect(200).json, before, "{method}");
    }
    write(&server, "PUT", &path, ("If-None-Match", STALE)).await.expect(200);
}

#[tokio::test]
async fn if_match_keeps_writes_from_happening() {
    covers!("RFC9110-13.1.1-01", "RFC9110-13.1.1-02", "RFC9110-13.1.1-03");
    let server = Server::rfc().await;
    let (before, path, _) = user(&server).await;
    for method in ["PUT", "PATCH", "DELETE"] {
        for condition in [STALE, "\"bogus\"", "\"bogus\", W/\"other\""] {
            write(&server, method, &path, ("If-Match", condition)).await.expect_error(412, None);
        }
        assert_eq!(server.get(&path).await.expect(200).json, before, "{method}");
    }
    // SCIM sends weak tags in If-Match and expects them to match (RFC 7644 section 3.14).
    for method in ["PUT", "PATCH", "DELETE"] {
        let stale = tag(&server, &path).await;
        server.patch(&path, json!([{ "op": "replace", "path": "title", "value": method }])).await.expect(200);
        write(&server, method, &path, ("If-Match", &stale)).await.expect_error(412, None);
        let now = tag(&server, &path).await;
        let answer = write(&server, method, &path, ("If-Match", &now)).await;
        assert!(matches!(answer.status, 200 | 204), "{method}: {}", answer.json);
    }
    server.get(&path).await.expect_error(404, None);
}

#[tokio::test]
async fn if_match_takes_a_star_and_lists() {
    covers!("RFC9110-13.1.1-04", "RFC9110-13.1.1-05");
    let server = Server::rfc().await;
    let (_, path, _) = user(&server).await;
    write(&server, "PATCH", &path, ("If-Match", "*")).await.expect(200);
    for form in ["\"bogus\", {}", "{}, \"bogus\"", "\"a,b\" ,{}", ", {},"] {
        let now = tag(&server, &path).await;
        write(&server, "PUT", &path, ("If-Match", &form.replace("{}", &now))).await.expect(200);
    }
    // Several lines are one list.
    let now = tag(&server, &path).await;
    let headers = [("If-Match", "\"bogus\""), ("If-Match", now.as_str())];
    let body = json!({ "schemas": [USER], "userName": "twice" });
    server.call_with("PUT", &path, &headers, Some(body)).await.expect(200);
}

#[tokio::test]
async fn preconditions_do_not_matter_where_the_request_fails_anyway() {
    covers!("RFC9110-13.2.1-01");
    let server = Server::rfc().await;
    let (_, path, tag) = user(&server).await;
    for condition in [("If-Match", STALE), ("If-Match", "*"), ("If-None-Match", "*"), ("If-None-Match", &tag)]
    {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let missing = write(&server, method, "/Users/none", condition).await;
            assert_eq!(missing.status, 404, "{method} {condition:?}");
            let headers = [condition, ("Authorization", "Bearer wrong")];
            let refused = server.call_with(method, &path, &headers, None).await;
            assert_eq!(refused.status, 401, "{method} {condition:?}");
        }
        let both = format!("{path}?attributes=userName&excludedAttributes=title");
        assert_eq!(server.call_with("GET", &both, &[condition], None).await.status, 400, "{condition:?}");
        let wrong = server.call_with("POST", &path, &[condition], Some(json!({}))).await;
        assert_eq!(wrong.status, 405, "{condition:?}");
        let text = server
            .call_with("PUT", &path, &[condition, ("Content-Type", "text/plain")], Some(json!({})))
            .await;
        assert_eq!(text.status, 415, "{condition:?}");
    }
}

#[tokio::test]
async fn if_match_is_evaluated_first() {
    covers!("RFC9110-13.2.2-01");
    let server = Server::rfc().await;
    let (_, path, tag) = user(&server).await;
    let ask = async |if_match: &str, if_none_match: &str| {
        let headers = [("If-None-Match", if_none_match), ("If-Match", if_match)];
        server.call_with("GET", &path, &headers, None).await.status
    };
    assert_eq!(ask(STALE, &tag).await, 412);
    assert_eq!(ask(&tag, &tag).await, 304);
    assert_eq!(ask(&tag, STALE).await, 200);
    assert_eq!(ask(STALE, STALE).await, 412);
}
