//! `id`, `externalId` and `meta` (RFC 7643 §3.1).

use std::collections::HashSet;

use jiff::{Timestamp, ToSpan};
use scimulator::exchange::{Auth, Request};
use scimulator::provider::ProviderConfig;
use scimulator::provider::profile::Profile;
use scimulator::provider::world::World;
use serde_json::{Value, json};

use crate::covers;
use crate::custom::{self, widget_of};
use crate::support::{GROUP, Server, USER, id};

fn instant(meta: &Value, name: &str) -> Timestamp {
    meta[name].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_provider_assigns_id_and_meta() {
    covers!("RFC7643-3.1-02", "RFC7643-3.1-24", "RFC7643-3.1-25", "RFC7643-3.1-26", "RFC7643-3.1-28");
    let server = Server::rfc().await;
    let before = Timestamp::now() - 1.minute();
    for (endpoint, name, body) in [
        ("/Users", "User", json!({ "schemas": [USER], "userName": "ada" })),
        ("/Groups", "Group", json!({ "schemas": [GROUP], "displayName": "g" })),
    ] {
        let created = server.post(endpoint, body).await.expect(201).json;
        let meta = &created["meta"];
        assert_eq!(meta["resourceType"], name);
        assert_eq!(meta["location"], format!("{}{endpoint}/{}", server.target.base(), id(&created)));
        assert!(meta["version"].is_string());
        assert!((before..before + 5.minutes()).contains(&instant(meta, "created")));
        let path = meta["location"].as_str().unwrap().strip_prefix(server.target.base()).unwrap();
        let shown = server.get(path).await.expect(200).json;
        assert_eq!(shown, created);
        assert_eq!(shown["meta"]["lastModified"], shown["meta"]["created"]);
    }
}

#[tokio::test]
async fn every_representation_has_its_id() {
    covers!("RFC7643-3.1-05", "RFC7643-3.1-06", "RFC7643-3.1-14");
    let server = Server::rfc().await;
    let body = json!({ "schemas": [USER], "userName": "ada" });
    let created = server.post("/Users?attributes=userName", body.clone()).await.expect(201).json;
    let path = format!("/Users/{}", id(&created));
    let mut shown = vec![created.clone()];
    for query in ["", "?attributes=userName", "?excludedAttributes=id", "?excludedAttributes=id,userName"] {
        let patch = json!([{ "op": "add", "path": "title", "value": "T" }]);
        shown.push(server.get(&format!("{path}{query}")).await.expect(200).json);
        shown.push(server.put(&format!("{path}{query}"), body.clone()).await.expect(200).json);
        shown.push(server.patch(&format!("{path}{query}"), patch).await.expect(200).json);
        shown.push(server.get(&format!("/Users{query}")).await.expect(200).json["Resources"][0].clone());
    }
    for wish in [json!({ "attributes": ["userName"] }), json!({ "excludedAttributes": ["id"] })] {
        let mut search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] });
        search.as_object_mut().unwrap().extend(wish.as_object().unwrap().clone());
        shown.push(server.post("/Users/.search", search).await.expect(200).json["Resources"][0].clone());
    }
    for shown in shown {
        assert_eq!(shown["id"], created["id"], "{shown}");
        assert!(!id(&shown).is_empty());
    }
}

#[tokio::test]
async fn an_id_names_one_resource_for_ever() {
    covers!("RFC7643-3.1-07", "RFC7643-3.1-08", "RFC7643-3.1-09", "RFC7643-3.1-11");
    let server = Server::rfc().await;
    let mut seen = HashSet::new();
    for round in 0..3 {
        let mut paths = Vec::new();
        for index in 0..20 {
            let user = server.user(json!({ "userName": format!("u{round}.{index}") })).await;
            let group = server.group(json!({ "displayName": "g" })).await;
            for (endpoint, resource) in [("Users", user), ("Groups", group)] {
                assert!(seen.insert(id(&resource).to_owned()), "{} given twice", id(&resource));
                assert!(!id(&resource).to_lowercase().contains("bulkid"));
                paths.push(format!("/{endpoint}/{}", id(&resource)));
            }
        }
        for path in paths {
            server.delete(&path).await.expect(204);
        }
    }
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    let renamed = json!({ "schemas": [USER], "userName": "bob" });
    assert_eq!(server.put(&path, renamed).await.expect(200).json["id"], user["id"]);
    let patch = json!([{ "op": "replace", "path": "userName", "value": "eve" }]);
    assert_eq!(server.patch(&path, patch).await.expect(200).json["id"], user["id"]);
    let shown = server.get(&path).await.expect(200).json;
    assert_eq!((&shown["id"], &shown["userName"]), (&user["id"], &json!("eve")));
}

#[tokio::test]
async fn an_id_is_case_exact_and_read_only() {
    covers!("RFC7643-3.1-12", "RFC7643-3.1-13");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada", "id": "mine" })).await;
    assert_ne!(id(&user), "mine");
    let flipped = id(&user).to_uppercase();
    assert_ne!(flipped, id(&user));
    server.get(&format!("/Users/{flipped}")).await.expect_error(404, None);
    assert!(server.names(&format!("id eq \"{flipped}\"")).await.is_empty());
    assert_eq!(server.names(&format!("id eq \"{}\"", id(&user))).await, ["ada"]);

    let path = format!("/Users/{}", id(&user));
    for operation in [
        json!({ "op": "replace", "path": "id", "value": "mine" }),
        json!({ "op": "replace", "value": { "id": "mine" } }),
        json!({ "op": "remove", "path": "id" }),
    ] {
        server.patch(&path, json!([operation])).await.expect_error(400, Some("mutability"));
    }
    let body = json!({ "schemas": [USER], "userName": "ada", "id": "mine" });
    assert_eq!(server.put(&path, body).await.expect(200).json["id"], user["id"]);
    server.get("/Users/mine").await.expect_error(404, None);
}

#[tokio::test]
async fn external_id_belongs_to_the_client() {
    covers!(
        "RFC7643-3.1-16",
        "RFC7643-3.1-18",
        "RFC7643-3.1-19",
        "RFC7643-3.1-20",
        "RFC7643-3.1-21",
        "RFC7643-7-18"
    );
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    assert_eq!(user.get("externalId"), None);

    let user = server.user(json!({ "userName": "bob", "externalId": "AbC" })).await;
    let path = format!("/Users/{}", id(&user));
    assert_eq!(server.get(&path).await.json["externalId"], "AbC");
    assert_eq!(server.names("externalId eq \"AbC\"").await, ["bob"]);
    assert!(server.names("externalId eq \"abc\"").await.is_empty());

    // Its uniqueness is the affair of the client.
    server.user(json!({ "userName": "eve", "externalId": "AbC" })).await;
    assert_eq!(server.names("externalId eq \"AbC\"").await, ["bob", "eve"]);

    let patch = json!([{ "op": "replace", "path": "externalId", "value": "new" }]);
    assert_eq!(server.patch(&path, patch).await.expect(200).json["externalId"], "new");
    assert_eq!(server.names("externalId eq \"new\"").await, ["bob"]);
    let patch = json!([{ "op": "remove", "path": "externalId" }]);
    assert_eq!(server.patch(&path, patch).await.expect(200).json.get("externalId"), None);
}

#[tokio::test]
async fn tenants_share_nothing() {
    covers!("RFC7643-3.1-17", "RFC7643-9.3-01");
    let server = Server::rfc().await;
    server.provider.add_tenant(&"another-token".into());
    let as_other = |method: &str, target: &str| {
        let mut request = Request::new(method, target);
        request.auth = Auth::Bearer("another-token".to_owned());
        request
    };
    let ours = server.user(json!({ "userName": "ada", "externalId": "x" })).await;
    let body = json!({ "schemas": [USER], "userName": "ada", "externalId": "x" });
    let theirs = server.send(as_other("POST", "/Users").with_json(&body)).await.expect(201).json;
    assert_ne!(id(&ours), id(&theirs));
    for (target, method) in [(id(&ours), "GET"), (id(&ours), "DELETE")] {
        server.send(as_other(method, &format!("/Users/{target}"))).await.expect_error(404, None);
    }
    let put = as_other("PUT", &format!("/Users/{}", id(&ours))).with_json(&body);
    server.send(put).await.expect_error(404, None);
    let found =
        server.send(as_other("GET", "/Users?filter=externalId%20eq%20%22x%22")).await.expect(200).json;
    assert_eq!(found["totalResults"], 1);
    assert_eq!(found["Resources"][0]["id"], theirs["id"]);
    // Nor can one tenant make a member of what belongs to the other.
    let group = json!({ "schemas": [GROUP], "displayName": "g", "members": [{ "value": id(&ours) }] });
    server.send(as_other("POST", "/Groups").with_json(&group)).await.expect_error(400, Some("invalidValue"));
    assert_eq!(server.get(&format!("/Users/{}", id(&ours))).await.expect(200).json, ours);
}

#[tokio::test]
async fn meta_of_a_client_is_ignored() {
    covers!("RFC7643-3.1-22");
    let server = Server::rfc().await;
    let meta = json!({ "created": "1999-01-01T00:00:00Z", "lastModified": "1999-01-01T00:00:00Z",
                       "location": "http://evil.test/", "resourceType": "X", "version": "W/\"x\"" });
    let body = json!({ "schemas": [USER], "userName": "ada", "meta": meta });
    let created = server.post("/Users", body.clone()).await.expect(201).json;
    let path = format!("/Users/{}", id(&created));
    let replaced = server.put(&path, body).await.expect(200).json;
    for shown in [&created, &replaced, &server.get(&path).await.json] {
        for (name, value) in meta.as_object().unwrap() {
            assert_ne!(&shown["meta"][name], value, "{name}");
        }
        assert_eq!(shown["meta"]["resourceType"], "User");
        assert_eq!(shown["meta"]["created"], created["meta"]["created"]);
    }
}

#[tokio::test]
async fn meta_is_returned_by_default() {
    covers!("RFC7643-3.1-23");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    assert!(server.get(&path).await.json["meta"].is_object());
    assert_eq!(server.get(&format!("{path}?attributes=userName")).await.json.get("meta"), None);
    assert_eq!(server.get(&format!("{path}?excludedAttributes=meta")).await.json.get("meta"), None);
    let part = server.get(&format!("{path}?attributes=meta.created")).await.json;
    assert_eq!(part["meta"], json!({ "created": user["meta"]["created"] }));
}

#[tokio::test]
async fn last_modified_follows_changes_and_created_does_not() {
    covers!("RFC7643-3.1-25", "RFC7643-3.1-27");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    for by_put in [false, true] {
        let before = instant(&server.get(&path).await.json["meta"], "lastModified");
        let mut after = before;
        // Changes within one tick of the clock look simultaneous, so there are as many as it takes.
        for round in 0..1000 {
            let title = format!("{by_put} {round}");
            let changed = if by_put {
                server.put(&path, json!({ "schemas": [USER], "userName": "ada", "title": title })).await
            } else {
                server.patch(&path, json!([{ "op": "add", "path": "title", "value": title }])).await
            };
            let meta = &changed.expect(200).json["meta"];
            assert_eq!(meta["created"], user["meta"]["created"]);
            after = instant(meta, "lastModified");
            if after != before {
                break;
            }
        }
        assert!(after > before, "{after} {before}");
        assert_eq!(instant(&server.get(&path).await.json["meta"], "lastModified"), after);
    }
}

#[tokio::test]
async fn headers_agree_with_meta() {
    covers!("RFC7643-3.1-29", "RFC7643-3.1-30", "RFC7643-3.1-31");
    let server = Server::rfc().await;
    let body = json!({ "schemas": [USER], "userName": "ada" });
    let created = server.post("/Users", body.clone()).await.expect(201);
    let path = format!("/Users/{}", id(&created.json));
    let patch = json!([{ "op": "add", "path": "title", "value": "T" }]);
    let answers =
        [created, server.get(&path).await, server.put(&path, body).await, server.patch(&path, patch).await];
    for answer in answers {
        let meta = &answer.json["meta"];
        assert_eq!(answer.headers.get("location"), meta["location"].as_str());
        if let Some(location) = answer.headers.get("content-location") {
            assert_eq!(meta["location"], location);
        }
        let version = answer.headers.get("etag").unwrap();
        assert_eq!(meta["version"], version);
        let tag = version.strip_prefix("W/").unwrap_or(version);
        assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'), "{version}");
        assert!(!tag[1..tag.len() - 1].contains(['"', ' ']), "{version}");
    }
    // One tag for several representations is a weak one.
    let part = server.get(&format!("{path}?attributes=userName")).await;
    assert!(part.headers.get("etag").unwrap().starts_with("W/"));
}

#[tokio::test]
async fn versions_are_there_when_they_are_supported() {
    covers!("RFC7643-3.1-32");
    for supported in [true, false] {
        let mut profile = Profile::named("rfc").unwrap();
        profile.features.etag = supported;
        let server = Server::with(ProviderConfig::loopback(profile, World::real())).await;
        let config = server.get("/ServiceProviderConfig").await.json;
        assert_eq!(config["etag"]["supported"], supported);
        let user = server.user(json!({ "userName": "ada" })).await;
        let answer = server.get(&format!("/Users/{}", id(&user))).await.expect(200);
        assert_eq!(answer.headers.contains("etag"), supported);
        assert_eq!(answer.json["meta"]["version"].is_string(), supported);
    }
}

#[tokio::test]
async fn a_schema_that_redefines_common_attributes_does_not_count() {
    covers!("RFC7643-3.1-04");
    let server = custom::server().await;
    // Its schema says that `id` is writable and not always returned, and `externalId` neither.
    let body = widget_of(json!({ "id": "mine", "externalId": "AbC" }));
    let created = server.post("/Widgets", body).await.expect(201).json;
    assert_ne!(id(&created), "mine");
    assert_eq!(created["externalId"], "AbC");
    let path = format!("/Widgets/{}", id(&created));
    assert_eq!(server.get(&format!("{path}?attributes=plain")).await.json["id"], created["id"]);
    server.get(&format!("/Widgets/{}", id(&created).to_uppercase())).await.expect_error(404, None);
    for (value, found) in [("AbC", 1), ("abc", 0)] {
        let list = server.get(&format!("/Widgets?filter=externalId eq \"{value}\"")).await.expect(200).json;
        assert_eq!(list["totalResults"], found, "{value}");
    }
    let patch = json!([{ "op": "replace", "path": "id", "value": "mine" }]);
    server.patch(&path, patch).await.expect_error(400, Some("mutability"));
}
