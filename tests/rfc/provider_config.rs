//! `/ServiceProviderConfig` (RFC 7643 §5).

use scimulator::exchange::{Auth, Request};
use scimulator::provider::ProviderConfig;
use scimulator::provider::profile::Profile;
use scimulator::provider::world::World;
use serde_json::{Value, json};

use crate::covers;
use crate::support::{Answer, Server, USER, id};

const CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

async fn config(server: &Server) -> Value {
    server.get("/ServiceProviderConfig").await.expect(200).json
}

/// Asserts that a member, where it is there, is the URL of a web page.
#[track_caller]
fn assert_web_page(holder: &Value, name: &str) {
    let Some(value) = holder.get(name) else { return };
    let uri: http::Uri = value.as_str().unwrap().parse().unwrap();
    assert!(matches!(uri.scheme_str(), Some("http" | "https")), "{value}");
}

#[tokio::test]
async fn the_configuration_is_one_resource() {
    covers!("RFC7643-5-01", "RFC7643-5-03", "RFC7643-5-04");
    let server = Server::rfc().await;
    let config = config(&server).await;
    assert_eq!(config["schemas"], json!([CONFIG]));
    assert_eq!(config.get("Resources"), None);
    assert!(config.get("id").is_none_or(Value::is_string));
    assert_eq!(config["meta"]["resourceType"], "ServiceProviderConfig");
    assert_eq!(config["meta"]["location"], format!("{}/ServiceProviderConfig", server.target.base()));
    assert_web_page(&config, "documentationUri");
}

#[tokio::test]
async fn the_configuration_cannot_be_changed() {
    covers!("RFC7643-5-02");
    let server = Server::rfc().await;
    let before = config(&server).await;
    let mut body = before.clone();
    body["patch"]["supported"] = false.into();
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        server.call(method, "/ServiceProviderConfig", Some(body.clone())).await.expect_error(405, None);
    }
    assert_eq!(config(&server).await, before);
}

#[tokio::test]
async fn every_feature_is_there_with_its_limits() {
    covers!(
        "RFC7643-5-05",
        "RFC7643-5-06",
        "RFC7643-5-07",
        "RFC7643-5-08",
        "RFC7643-5-09",
        "RFC7643-5-10",
        "RFC7643-5-11",
        "RFC7643-5-12",
        "RFC7643-5-13"
    );
    // Also where a feature is switched off.
    for supported in [true, false] {
        let server = with_all_features(supported).await;
        let config = config(&server).await;
        for feature in ["patch", "bulk", "filter", "changePassword", "sort", "etag"] {
            assert_eq!(config[feature]["supported"], supported, "{feature}");
        }
        for pointer in ["/bulk/maxOperations", "/bulk/maxPayloadSize", "/filter/maxResults"] {
            assert!(
                config.pointer(pointer).and_then(Value::as_u64).is_some_and(|limit| limit > 0),
                "{pointer}"
            );
        }
    }
}

#[tokio::test]
async fn authentication_schemes_are_described() {
    covers!("RFC7643-5-14", "RFC7643-5-16", "RFC7643-5-17", "RFC7643-5-18", "RFC7643-5-19");
    let server = Server::rfc().await;
    let config = config(&server).await;
    let schemes = config["authenticationSchemes"].as_array().unwrap();
    assert!(!schemes.is_empty());
    for scheme in schemes {
        let kinds = ["oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest"];
        assert!(kinds.contains(&scheme["type"].as_str().unwrap()), "{scheme}");
        for name in ["name", "description"] {
            assert!(!scheme[name].as_str().unwrap().is_empty(), "{scheme}");
        }
        assert_web_page(scheme, "specUri");
        assert_web_page(scheme, "documentationUri");
    }
    // What is announced is what works: the tests themselves send bearer tokens.
    assert_eq!(schemes[0]["type"], "oauthbearertoken");
}

#[tokio::test]
async fn authentication_schemes_can_be_read_without_authentication() {
    covers!("RFC7643-5-15");
    let server = Server::rfc().await;
    let mut request = Request::new("GET", "/ServiceProviderConfig");
    request.auth = Auth::None;
    let answer = server.send(request).await.expect(200);
    assert!(answer.json["authenticationSchemes"].is_array());
}

/// A provider that has all optional features, or none.
async fn with_all_features(supported: bool) -> Server {
    let mut profile = Profile::named("rfc").unwrap();
    let features = &mut profile.features;
    for feature in [
        &mut features.patch,
        &mut features.bulk,
        &mut features.filter,
        &mut features.change_password,
        &mut features.sort,
        &mut features.etag,
    ] {
        *feature = supported;
    }
    Server::with(ProviderConfig::loopback(profile, World::real())).await
}

/// Status 501, in the form of a SCIM error, or 200.
#[track_caller]
fn assert_available(answer: Answer, supported: bool) -> Value {
    if supported { answer.expect(200).json } else { answer.expect_error(501, None).json }
}

#[tokio::test]
async fn what_is_announced_is_what_happens() {
    covers!("RFC7643-5-20");
    for supported in [true, false] {
        let server = with_all_features(supported).await;
        let bob = server.user(json!({ "userName": "bob" })).await;
        server.user(json!({ "userName": "ada" })).await;
        let path = format!("/Users/{}", id(&bob));

        let filtered = server.get("/Users?filter=userName eq \"bob\"").await;
        let filtered = assert_available(filtered, supported);
        assert_eq!(filtered["totalResults"] == 1, supported);

        let sorted = server.get("/Users?sortBy=userName").await.expect(200).json;
        assert_eq!(sorted["Resources"][0]["userName"], if supported { "ada" } else { "bob" });

        let patch = json!([{ "op": "add", "path": "title", "value": "T" }]);
        assert_available(server.patch(&path, patch).await, supported);
        assert_eq!(server.get(&path).await.json["title"] == "T", supported);

        let bulk = json!({ "schemas": [BULK], "Operations": [{ "method": "DELETE", "path": path }] });
        assert_available(server.post("/Bulk", bulk).await, supported);
        assert_eq!(server.get(&path).await.status, if supported { 404 } else { 200 });

        let ada = server.get("/Users").await.json["Resources"][0].clone();
        let answer = server.get(&format!("/Users/{}", id(&ada))).await.expect(200);
        assert_eq!(answer.headers.contains("etag"), supported);
    }
}

#[tokio::test]
async fn a_password_can_be_changed_where_that_is_announced() {
    covers!("RFC7643-5-20");
    for supported in [true, false] {
        let mut profile = Profile::named("rfc").unwrap();
        profile.features.change_password = supported;
        let server = Server::with(ProviderConfig::loopback(profile, World::real())).await;
        let user = server.user(json!({ "userName": "ada", "password": "one" })).await;
        let path = format!("/Users/{}", id(&user));
        let patch = json!([{ "op": "replace", "path": "password", "value": "two" }]);
        assert_eq!(server.patch(&path, patch).await.status == 200, supported);
        let body = json!({ "schemas": [USER], "userName": "ada", "password": "two" });
        assert_eq!(server.put(&path, body).await.status == 200, supported);
        // Everything else can be changed either way.
        server.put(&path, json!({ "schemas": [USER], "userName": "eve" })).await.expect(200);
    }
}
