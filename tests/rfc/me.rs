//! `/Me` (RFC 7644 §3.11).

use scimulator::exchange::{Auth, Request};
use scimulator::provider::DEFAULT_ME;
use serde_json::json;

use crate::covers;
use crate::gadget::with_profile;
use crate::support::{Server, USER, id};

#[tokio::test]
async fn me_is_answered_with_the_permanent_location() {
    covers!("RFC7644-3.11-04");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": DEFAULT_ME })).await;
    let me = server.get("/Me").await.expect(200);
    let location = me.headers.get("location").unwrap();
    assert_eq!(Some(location), user["meta"]["location"].as_str());
    assert_eq!(location, format!("{}/Users/{}", server.provider.base_url(), id(&user)));
    assert_eq!(me.json, user);
    let there = server.get(location.strip_prefix(&server.provider.base_url()).unwrap()).await.expect(200);
    assert_eq!(there.json, user);
}

#[tokio::test]
async fn every_method_acts_on_the_aliased_user() {
    covers!("RFC7644-3.11-05", "RFC7644-3.11-06", "RFC7644-3.11-04");
    let server = Server::rfc().await;
    server.get("/Me").await.expect_error(404, None);
    let body = json!({ "schemas": [USER], "userName": DEFAULT_ME });
    let created = server.post("/Me", body.clone()).await.expect(201);
    let target = format!("/Users/{}", id(&created.json));
    assert!(created.headers.get("location").is_some_and(|location| location.ends_with(&target)));
    assert_eq!(created.json["meta"]["resourceType"], "User");
    server.post("/Me", body).await.expect_error(409, Some("uniqueness"));

    let operations = json!([{ "op": "add", "path": "nickName", "value": "n" }]);
    let patched = server.patch("/Me", operations).await.expect(200);
    assert!(patched.headers.get("location").is_none_or(|location| location.ends_with(&target)));
    assert_eq!(server.get(&target).await.json["nickName"], "n");
    let put = server.put("/Me", json!({ "schemas": [USER], "userName": DEFAULT_ME, "title": "t" })).await;
    assert_eq!(put.expect(200).json["id"], created.json["id"]);
    let after = server.get(&target).await.json;
    assert_eq!((&after["title"], after.get("nickName")), (&json!("t"), None));
    assert_eq!(server.get("/Me?attributes=title").await.expect(200).json["title"], "t");
    let stale = [("If-Match", "W/\"stale\"")];
    server.call_with("DELETE", "/Me", &stale, None).await.expect_error(412, None);
    let wrong = json!([{ "op": "replace", "path": "id", "value": "x" }]);
    server.patch("/Me", wrong).await.expect_error(400, Some("mutability"));
    server.delete("/Me").await.expect(204);
    server.get(&target).await.expect_error(404, None);
}

#[tokio::test]
async fn a_provider_without_me_says_so() {
    covers!("RFC7644-3.11-02", "RFC7644-3.12-18");
    let server = with_profile(|profile| profile.features.me = false).await;
    server.user(json!({ "userName": DEFAULT_ME })).await;
    server.get("/Me").await.expect_error(501, None);
    server.delete("/Me").await.expect_error(501, None);
    server.post("/Me", json!({ "schemas": [USER], "userName": "x" })).await.expect_error(501, None);
    assert_eq!(server.get("/Users").await.json["totalResults"], 1);
}

#[tokio::test]
async fn each_token_is_somebody_else() {
    covers!("RFC7644-2-07");
    let server = Server::rfc().await;
    let other = "other-token-0123456789";
    server.provider.add_tenant(&other.into());
    let mine = server.user(json!({ "userName": DEFAULT_ME, "title": "mine" })).await;
    let request = |method: &str, target: &str| Request {
        auth: Auth::Bearer(other.to_owned()),
        ..Request::new(method, target)
    };
    server.send(request("GET", "/Me")).await.expect_error(404, None);
    let body = json!({ "schemas": [USER], "userName": DEFAULT_ME, "title": "theirs" });
    let theirs = server.send(request("POST", "/Me").with_json(&body)).await.expect(201).json;
    assert_ne!(id(&theirs), id(&mine));
    assert_eq!(server.send(request("GET", "/Me")).await.json["title"], "theirs");
    assert_eq!(server.get("/Me").await.json, mine);
}
