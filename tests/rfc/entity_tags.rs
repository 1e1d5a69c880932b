//! Versions of resources (RFC 7644 §3.14).

use serde_json::{Value, json};

use crate::covers;
use crate::gadget::with_profile;
use crate::support::{Answer, Server, USER, id};

/// The entity tag of an answer, which must stand in `meta.version` too.
#[track_caller]
fn tag(answer: &Answer) -> String {
    let header = answer.headers.get("etag").expect("an ETag header");
    assert_eq!(answer.json["meta"]["version"], header);
    let opaque = header.strip_prefix("W/").unwrap_or(header);
    let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).expect("quotes");
    assert!(!inner.is_empty() && inner.bytes().all(|b| b == 0x21 || (0x23..=0x7e).contains(&b)), "{header}");
    header.to_owned()
}

fn body(title: &str) -> Value {
    json!({ "schemas": [USER], "userName": "ada", "title": title })
}

fn retitled(title: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "title", "value": title }],
    })
}

#[tokio::test]
async fn every_representation_carries_its_version_in_header_and_meta() {
    covers!("RFC7644-3.14-01", "RFC7644-3.14-02", "RFC7644-3.14-03");
    let server = Server::rfc().await;
    let config = server.get("/ServiceProviderConfig").await.expect(200).json;
    assert_eq!(config["etag"]["supported"], true);
    let created = server.post("/Users", body("a")).await.expect(201);
    let target = format!("/Users/{}", id(&created.json));
    tag(&created);
    assert_eq!(tag(&server.get(&target).await), tag(&created));
    let put = server.put(&target, body("b")).await.expect(200);
    assert_eq!(tag(&server.get(&target).await), tag(&put));
    let patched = server.call("PATCH", &target, Some(retitled("c"))).await.expect(200);
    assert_eq!(tag(&server.get(&target).await), tag(&patched));
    let listed = server.get("/Users").await.expect(200);
    assert_eq!(listed.json["Resources"][0]["meta"]["version"], tag(&patched));
}

#[tokio::test]
async fn the_version_changes_with_the_resource_and_only_then() {
    covers!("RFC7644-3.14-04");
    let server = Server::rfc().await;
    let created = server.post("/Users", body("a")).await.expect(201);
    let target = format!("/Users/{}", id(&created.json));
    let mut seen = vec![tag(&created)];
    assert_eq!(tag(&server.get(&target).await), seen[0]);
    for title in ["b", "a", "c"] {
        let patched = server.call("PATCH", &target, Some(retitled(title))).await.expect(200);
        let new = tag(&patched);
        assert!(!seen.contains(&new), "{title}: {new}");
        let same = server.call("PATCH", &target, Some(retitled(title))).await.expect(200);
        assert_eq!(tag(&same), new, "nothing changed");
        assert_eq!(tag(&server.get(&target).await), new);
        seen.push(new);
    }
    let other = server.post("/Users", json!({ "schemas": [USER], "userName": "x" })).await.expect(201);
    assert_eq!(tag(&server.get(&target).await), seen[3], "another resource is not this one");
    tag(&other);
}

#[tokio::test]
async fn a_get_brings_only_what_the_client_does_not_have() {
    covers!("RFC7644-3.14-05", "RFC7644-3.14-06");
    let server = Server::rfc().await;
    let created = server.post("/Users", body("a")).await.expect(201);
    let target = format!("/Users/{}", id(&created.json));
    let old = tag(&created);
    let get = async |tags: &str| server.call_with("GET", &target, &[("If-None-Match", tags)], None).await;
    for tags in [old.as_str(), "*", &format!("\"other\", {old}"), old.trim_start_matches("W/")] {
        let unchanged = get(tags).await;
        assert_eq!((unchanged.status, &unchanged.json), (304, &Value::Null), "{tags}");
        assert_eq!(unchanged.headers.get("etag"), Some(old.as_str()), "{tags}");
    }
    server.call("PATCH", &target, Some(retitled("b"))).await.expect(200);
    let changed = get(&old).await.expect(200);
    assert_eq!(changed.json["title"], "b");
    assert_ne!(tag(&changed), old);
    assert_eq!(get(&tag(&changed)).await.status, 304);
}

#[tokio::test]
async fn a_write_over_a_newer_version_is_refused_and_changes_nothing() {
    covers!("RFC7644-3.14-07", "RFC7644-3.14-08", "RFC7644-3.14-09", "RFC7644-3.12-15");
    let server = Server::rfc().await;
    let created = server.post("/Users", body("a")).await.expect(201);
    let target = format!("/Users/{}", id(&created.json));
    let old = tag(&created);
    let current = server.call("PATCH", &target, Some(retitled("b"))).await.expect(200).json;
    for stale in [old.as_str(), "W/\"other\"", "\"other\"", &format!("{old}, \"x\"")] {
        for (method, body) in [("PUT", Some(body("c"))), ("PATCH", Some(retitled("c"))), ("DELETE", None)] {
            let answer = server.call_with(method, &target, &[("If-Match", stale)], body).await;
            assert_eq!(answer.status, 412, "{method} {stale}: {}", answer.json);
            answer.expect_error(412, None);
        }
    }
    assert_eq!(server.get(&target).await.expect(200).json, current);
}

#[tokio::test]
async fn a_write_over_the_version_that_the_client_knows_succeeds() {
    covers!("RFC7644-3.14-10");
    let server = Server::rfc().await;
    let created = server.post("/Users", body("a")).await.expect(201);
    let target = format!("/Users/{}", id(&created.json));
    let mut current = tag(&created);
    for (method, sent, title) in [
        ("PUT", body("b"), "b"),
        ("PATCH", retitled("c"), "c"),
        ("PUT", body("d"), "d"),
        ("PATCH", retitled("e"), "e"),
    ] {
        let tags = format!("\"other\", {current}");
        let answer = server.call_with(method, &target, &[("If-Match", &tags)], Some(sent)).await.expect(200);
        assert_eq!(answer.json["title"], title);
        current = tag(&answer);
    }
    server.call_with("PUT", &target, &[("If-Match", "*")], Some(body("f"))).await.expect(200);
    current = tag(&server.get(&target).await);
    server.call_with("DELETE", &target, &[("If-Match", &current)], None).await.expect(204);
    server.get(&target).await.expect_error(404, None);
}

#[tokio::test]
async fn a_provider_without_versions_names_none() {
    covers!("RFC7644-3.14-02", "RFC7644-3.14-03");
    let server = with_profile(|profile| profile.features.etag = false).await;
    let config = server.get("/ServiceProviderConfig").await.expect(200).json;
    assert_eq!(config["etag"]["supported"], false);
    let created = server.post("/Users", body("a")).await.expect(201);
    assert!(
        !created.headers.contains("etag") && created.json["meta"].get("version").is_none(),
        "{}",
        created.json
    );
}
