//! Groups and membership (RFC 7643 §4.1.2, §4.2).

use serde_json::{Value, json};

use crate::covers;
use crate::support::{GROUP, Server, USER, id};

async fn with_member(server: &Server) -> (Value, Value) {
    let user = server.user(json!({ "userName": "ada" })).await;
    let group = server.group(json!({ "displayName": "g", "members": [{ "value": id(&user) }] })).await;
    (user, group)
}

#[tokio::test]
async fn groups_have_the_group_schema() {
    covers!("RFC7643-4.2-01");
    let server = Server::rfc().await;
    let uri = "urn:ietf:params:scim:schemas:core:2.0:Group";
    assert_eq!(server.group(json!({ "displayName": "g" })).await["schemas"], json!([uri]));
    assert_eq!(server.get("/ResourceTypes/Group").await.expect(200).json["schema"], uri);
}

#[tokio::test]
async fn a_group_has_a_display_name() {
    covers!("RFC7643-4.2-02");
    let server = Server::rfc().await;
    for body in [
        json!({ "schemas": [GROUP] }),
        json!({ "schemas": [GROUP], "displayName": "" }),
        json!({ "schemas": [GROUP], "displayName": null }),
    ] {
        server.post("/Groups", body).await.expect_error(400, Some("invalidValue"));
    }
    let group = server.group(json!({ "displayName": "g" })).await;
    let path = format!("/Groups/{}", id(&group));
    server.put(&path, json!({ "schemas": [GROUP] })).await.expect_error(400, Some("invalidValue"));
    let patch = json!([{ "op": "remove", "path": "displayName" }]);
    server.patch(&path, patch).await.expect_error(400, Some("mutability"));
}

#[tokio::test]
async fn group_names_may_repeat_where_the_schema_does_not_forbid_it() {
    covers!("RFC7643-4.2-03");
    let server = Server::rfc().await;
    let schema = server.get(&format!("/Schemas/{GROUP}")).await.expect(200).json;
    assert_eq!(schema["attributes"][0]["name"], "displayName");
    assert_eq!(schema["attributes"][0]["uniqueness"], "none");
    let first = server.group(json!({ "displayName": "g" })).await;
    let second = server.group(json!({ "displayName": "g" })).await;
    assert_ne!(id(&first), id(&second));
}

#[tokio::test]
async fn members_come_and_go() {
    covers!("RFC7643-4.2-04", "RFC7643-4.1.2-20", "RFC7643-4.1.2-21", "RFC7643-4.1.2-18");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let group = server.group(json!({ "displayName": "g" })).await;
    let (user_path, path) = (format!("/Users/{}", id(&user)), format!("/Groups/{}", id(&group)));
    assert_eq!(server.get(&user_path).await.json.get("groups"), None);

    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id(&user) }] }]);
    server.patch(&path, add).await.expect(200);
    assert_eq!(server.get(&path).await.json["members"][0]["value"], user["id"]);
    let groups = server.get(&user_path).await.json["groups"].clone();
    assert_eq!(groups.as_array().unwrap().len(), 1);
    assert_eq!(groups[0]["value"], group["id"]);
    assert_eq!(groups[0]["display"], "g");
    assert_eq!(groups[0]["type"], "direct");

    // What is called direct can be changed through the group.
    let remove = json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", id(&user)) }]);
    server.patch(&path, remove).await.expect(200);
    assert_eq!(server.get(&path).await.json.get("members"), None);
    assert_eq!(server.get(&user_path).await.json.get("groups"), None);

    let body = json!({ "schemas": [GROUP], "displayName": "h", "members": [{ "value": id(&user) }] });
    server.put(&path, body).await.expect(200);
    assert_eq!(server.get(&user_path).await.json["groups"][0]["display"], "h");
    server.delete(&path).await.expect(204);
    assert_eq!(server.get(&user_path).await.json.get("groups"), None);
}

#[tokio::test]
async fn groups_nest() {
    covers!("RFC7643-4.2-08", "RFC7643-4.1.2-20");
    let server = Server::rfc().await;
    let (user, inner) = with_member(&server).await;
    let members = json!([{ "value": id(&inner), "type": "Group" }]);
    let outer = server.group(json!({ "displayName": "outer", "members": members })).await;
    assert_eq!(outer["members"][0]["type"], "Group");
    assert_eq!(outer["members"][0]["$ref"], inner["meta"]["location"]);
    let shown = server.get(&format!("/Users/{}", id(&user))).await.json;
    let mut found: Vec<(&str, &str)> = shown["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (group["display"].as_str().unwrap(), group["type"].as_str().unwrap()))
        .collect();
    found.sort_unstable();
    assert_eq!(found, [("g", "direct"), ("outer", "indirect")]);
    // Groups in a circle are no reason to hang.
    let patch = json!([{ "op": "add", "path": "members", "value": [{ "value": id(&outer) }] }]);
    server.patch(&format!("/Groups/{}", id(&inner)), patch).await.expect(200);
    assert_eq!(server.get(&format!("/Users/{}", id(&user))).await.json["groups"], shown["groups"]);
}

#[tokio::test]
async fn members_are_replaced_and_not_rewritten() {
    covers!("RFC7643-4.2-05", "RFC7643-4.2-06");
    let server = Server::rfc().await;
    let (user, group) = with_member(&server).await;
    let other = server.user(json!({ "userName": "other" })).await;
    let path = format!("/Groups/{}", id(&group));
    for (sub, value) in [("value", id(&other)), ("$ref", "https://x.test/Users/1"), ("type", "Group")] {
        let target = format!("members[value eq \"{}\"].{sub}", id(&user));
        let patch = json!([{ "op": "replace", "path": target, "value": value }]);
        server.patch(&path, patch).await.expect_error(400, Some("mutability"));
    }
    assert_eq!(server.get(&path).await.json["members"], group["members"]);
    // The list itself is readWrite.
    let body = json!({ "schemas": [GROUP], "displayName": "g", "members": [{ "value": id(&other) }] });
    let replaced = server.put(&path, body).await.expect(200).json;
    assert_eq!(replaced["members"].as_array().unwrap().len(), 1);
    assert_eq!(replaced["members"][0]["value"], other["id"]);
    server.get(&format!("/Users/{}", replaced["members"][0]["value"].as_str().unwrap())).await.expect(200);
}

#[tokio::test]
async fn the_groups_of_a_user_are_read_only() {
    covers!("RFC7643-4.1.2-17", "RFC7643-7-21");
    let server = Server::rfc().await;
    let group = server.group(json!({ "displayName": "g" })).await;
    let groups = json!([{ "value": id(&group) }]);
    let user = server.user(json!({ "userName": "ada", "groups": groups })).await;
    let path = format!("/Users/{}", id(&user));
    let body = json!({ "schemas": [USER], "userName": "ada", "groups": groups });
    server.put(&path, body).await.expect(200);
    for operation in [
        json!({ "op": "add", "path": "groups", "value": groups }),
        json!({ "op": "replace", "path": "groups", "value": groups }),
        json!({ "op": "add", "value": { "groups": groups } }),
        json!({ "op": "add", "path": "groups.display", "value": "Fake" }),
        json!({ "op": "replace", "path": "meta.created", "value": "1999-01-01T00:00:00Z" }),
    ] {
        server.patch(&path, json!([operation])).await.expect_error(400, Some("mutability"));
    }
    let shown = server.get(&path).await.json;
    assert_eq!(shown.get("groups"), None);
    assert_eq!(shown["meta"]["created"], user["meta"]["created"]);
    assert_eq!(server.get(&format!("/Groups/{}", id(&group))).await.json.get("members"), None);
}

#[tokio::test]
async fn an_element_of_members_names_somebody() {
    covers!("RFC7643-4.2-09");
    let server = Server::rfc().await;
    for member in [json!({ "type": "User" }), json!({ "display": "x", "type": "Group" })] {
        let body = json!({ "schemas": [GROUP], "displayName": "g", "members": [member] });
        server.post("/Groups", body).await.expect_error(400, Some("invalidValue"));
    }
    // Where a schema says that `value` is required, it is.
    let server = crate::custom::server().await;
    for parts in [json!([{ "remark": "R" }]), json!([{ "value": "v" }, { "remark": "R" }])] {
        let body = crate::custom::widget_of(json!({ "parts": parts }));
        server.post("/Widgets", body).await.expect_error(400, Some("invalidValue"));
    }
}
