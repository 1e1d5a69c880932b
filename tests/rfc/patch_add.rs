//! The `add` operation (RFC 7644 §3.5.2.1).

use serde_json::{Value, json};

use crate::covers;
use crate::replace::{asset, assets};
use crate::support::{ENTERPRISE, Server, USER, id};

/// A user with something to add to, and its path.
async fn ada(server: &Server) -> (Value, String) {
    let user = server
        .user(json!({
            "userName": "ada", "displayName": "Ada",
            "name": { "givenName": "Ada", "familyName": "Lovelace" },
            "emails": [{ "value": "w@x.test", "type": "work" }],
        }))
        .await;
    let path = format!("/Users/{}", id(&user));
    (user, path)
}

fn add(path: &str, value: Value) -> Value {
    json!([{ "op": "add", "path": path, "value": value }])
}

/// Asserts that a resource differs from what it was in these members only.
#[track_caller]
fn assert_only(after: &Value, before: &Value, changes: Value) {
    let mut expected = before.clone();
    expected.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    let without_meta = |mut user: Value| {
        user.as_object_mut().unwrap().shift_remove("meta");
        user
    };
    assert_eq!(without_meta(after.clone()), without_meta(expected));
}

#[tokio::test]
async fn add_has_a_value_that_fits() {
    covers!("RFC7644-3.5.2.1-01", "RFC7644-3.5.2.1-06");
    let server = Server::rfc().await;
    let (before, path) = ada(&server).await;
    let refused = [
        json!({ "op": "add", "path": "nickName" }),
        json!({ "op": "add" }),
        json!({ "op": "add", "value": "x" }),
        json!({ "op": "add", "value": [{ "nickName": "x" }] }),
        json!({ "op": "add", "path": "name", "value": "G" }),
        json!({ "op": "add", "path": "name", "value": ["G"] }),
        json!({ "op": "add", "path": "name", "value": { "givenName": 7 } }),
        json!({ "op": "add", "path": "emails", "value": "a@x.test" }),
        json!({ "op": "add", "path": "emails", "value": ["a@x.test"] }),
        json!({ "op": "add", "path": "nickName", "value": { "value": "x" } }),
        json!({ "op": "add", "path": "active", "value": "true" }),
    ];
    for operation in refused {
        server.patch(&path, json!([operation])).await.expect_error(400, Some("invalidValue"));
    }
    assert_eq!(server.get(&path).await.json, before);
}

#[tokio::test]
async fn the_value_may_be_a_primitive_an_object_or_an_array() {
    covers!("RFC7644-3.5.2.1-02");
    let server = Server::rfc().await;
    let (before, path) = ada(&server).await;
    let work = &before["emails"][0];
    let table = [
        ("nickName", json!("x"), json!({ "nickName": "x" })),
        ("active", json!(false), json!({ "active": false })),
        (
            "name",
            json!({ "middleName": "M" }),
            json!({ "name": { "givenName": "Ada", "familyName": "Lovelace", "middleName": "M" } }),
        ),
        ("emails", json!([{ "value": "a@x.test" }]), json!({ "emails": [work, { "value": "a@x.test" }] })),
        ("emails", json!({ "value": "b@x.test" }), json!({ "emails": [work, { "value": "b@x.test" }] })),
    ];
    for (target, value, changes) in table {
        let after = server.patch(&path, add(target, value)).await.expect(200).json;
        assert_only(&after, &before, changes);
        server.put(&path, before.clone()).await.expect(200);
    }
}

#[tokio::test]
async fn add_without_a_path_merges_attributes_into_the_resource() {
    covers!("RFC7644-3.5.2-07", "RFC7644-3.5.2.1-03", "RFC7644-3.5.2.1-04");
    let server = Server::rfc().await;
    let (before, path) = ada(&server).await;
    let value = json!({ "emails": [{ "value": "h@x.test", "type": "home" }], "nickName": "N" });
    let after = server.patch(&path, json!([{ "op": "add", "value": value }])).await.expect(200).json;
    let emails = json!([{ "value": "w@x.test", "type": "work" }, { "value": "h@x.test", "type": "home" }]);
    assert_only(&after, &before, json!({ "emails": emails, "nickName": "N" }));

    let value = json!({ ENTERPRISE: { "department": "D", "manager": { "value": "m" } } });
    let with = server.patch(&path, json!([{ "op": "add", "value": value }])).await.expect(200).json;
    let extension = json!({ "department": "D", "manager": { "value": "m" } });
    assert_only(&with, &after, json!({ "schemas": [USER, ENTERPRISE], ENTERPRISE: extension }));

    let value = json!({ ENTERPRISE: { "costCenter": "C" } });
    let more = server.patch(&path, json!([{ "op": "add", "value": value }])).await.expect(200).json;
    let extension = json!({ "department": "D", "manager": { "value": "m" }, "costCenter": "C" });
    assert_only(&more, &with, json!({ ENTERPRISE: extension }));
}

#[tokio::test]
async fn add_sets_what_is_not_there() {
    covers!("RFC7644-3.5.2.1-05", "RFC7644-3.5.2.1-10");
    let server = Server::rfc().await;
    let (before, path) = ada(&server).await;
    let department = format!("{ENTERPRISE}:department");
    let table = [
        ("title", json!("T"), json!({ "title": "T" })),
        ("phoneNumbers", json!([{ "value": "1" }]), json!({ "phoneNumbers": [{ "value": "1" }] })),
        ("name.middleName", json!("M"), {
            json!({ "name": { "givenName": "Ada", "familyName": "Lovelace", "middleName": "M" } })
        }),
        (department.as_str(), json!("D"), {
            json!({ "schemas": [USER, ENTERPRISE], ENTERPRISE: { "department": "D" } })
        }),
    ];
    for (target, value, changes) in table {
        let after = server.patch(&path, add(target, value)).await.expect(200).json;
        assert_only(&after, &before, changes);
        server.put(&path, before.clone()).await.expect(200);
    }
}

#[tokio::test]
async fn add_to_a_complex_attribute_leaves_the_other_sub_attributes() {
    covers!("RFC7644-3.5.2.1-07", "RFC7644-3.5.2.1-11");
    let server = Server::rfc().await;
    let (before, path) = ada(&server).await;
    let name = json!({ "middleName": "M", "familyName": "King" });
    let after = server.patch(&path, add("name", name)).await.expect(200).json;
    let name = json!({ "givenName": "Ada", "familyName": "King", "middleName": "M" });
    assert_only(&after, &before, json!({ "name": name }));

    let last = server.patch(&path, add("name.givenName", json!("G"))).await.expect(200).json;
    let name = json!({ "givenName": "G", "familyName": "King", "middleName": "M" });
    assert_only(&last, &after, json!({ "name": name }));
}

#[tokio::test]
async fn add_to_a_multi_valued_attribute_appends() {
    covers!("RFC7644-3.5.2.1-08");
    let server = Server::rfc().await;
    let (before, path) = ada(&server).await;
    let more = json!([{ "value": "h@x.test", "type": "home" }, { "value": "o@x.test", "type": "other" }]);
    let after = server.patch(&path, add("emails", more)).await.expect(200).json;
    let emails = json!([
        { "value": "w@x.test", "type": "work" },
        { "value": "h@x.test", "type": "home" },
        { "value": "o@x.test", "type": "other" },
    ]);
    assert_only(&after, &before, json!({ "emails": emails }));
}

#[tokio::test]
async fn add_replaces_a_single_value_that_is_there() {
    covers!("RFC7644-3.5.2.1-09", "RFC7644-3.5.2.1-12");
    let server = Server::rfc().await;
    let (before, path) = ada(&server).await;
    let after = server.patch(&path, add("displayName", json!("New"))).await.expect(200).json;
    assert_only(&after, &before, json!({ "displayName": "New" }));

    let target = "emails[type eq \"work\"].value";
    let last = server.patch(&path, add(target, json!("n@x.test"))).await.expect(200).json;
    assert_only(&last, &after, json!({ "emails": [{ "value": "n@x.test", "type": "work" }] }));
}

#[tokio::test]
async fn add_of_a_member_that_is_there_makes_no_second_one() {
    covers!("RFC7644-3.5.2.1-13", "RFC7644-3.5.2.1-14");
    let server = Server::rfc().await;
    let (user, _) = ada(&server).await;
    let group = server.group(json!({ "displayName": "G", "members": [{ "value": id(&user) }] })).await;
    let path = format!("/Groups/{}", id(&group));
    for value in [
        json!([{ "value": id(&user) }]),
        json!({ "value": id(&user) }),
        json!([{ "value": id(&user), "type": "User" }, { "value": id(&user), "display": "Ada" }]),
    ] {
        let after = server.patch(&path, add("members", value.clone())).await.expect(200);
        assert_eq!(after.json, group, "{value}");
    }
}

#[tokio::test]
async fn add_with_a_filter_that_matches_nothing_is_refused_and_never_passes_in_silence() {
    covers!("RFC7644-3.5.2.1-16");
    let server = Server::rfc().await;
    let (before, path) = ada(&server).await;
    for target in ["emails[type eq \"other\"].value", "phoneNumbers[type eq \"work\"].value"] {
        server.patch(&path, add(target, json!("z@x.test"))).await.expect_error(400, Some("noTarget"));
    }
    assert_eq!(server.get(&path).await.json, before);
}

#[tokio::test]
async fn one_operation_adds_several_members() {
    covers!("RFC7644-3.5.2.1-17");
    let server = Server::rfc().await;
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(id(&server.user(json!({ "userName": format!("u{n}") })).await).to_owned());
    }
    let group = server.group(json!({ "displayName": "G", "members": [{ "value": ids[0] }] })).await;
    let path = format!("/Groups/{}", id(&group));
    let value = json!([{ "value": ids[1] }, { "value": ids[0] }, { "value": ids[2] }, { "value": ids[3] }]);
    let after = server.patch(&path, add("members", value)).await.expect(200).json;
    let members: Vec<_> =
        after["members"].as_array().unwrap().iter().map(|m| m["value"].as_str().unwrap()).collect();
    assert_eq!(members, ids);
}

#[tokio::test]
async fn an_immutable_attribute_without_a_value_can_be_added_once() {
    covers!("RFC7644-3.5.2-15");
    let server = assets().await;
    let created = server.post("/Assets", asset(json!({ "label": "a" }))).await.expect(201).json;
    let path = format!("/Assets/{}", id(&created));
    let after = server.patch(&path, add("serial", json!("S"))).await.expect(200).json;
    assert_eq!(after["serial"], "S");
    server.patch(&path, add("serial", json!("S"))).await.expect(200);
    server.patch(&path, add("serial", json!("T"))).await.expect_error(400, Some("mutability"));
    server
        .patch(&path, json!([{ "op": "replace", "path": "serial", "value": "T" }]))
        .await
        .expect_error(400, Some("mutability"));
    server
        .patch(&path, json!([{ "op": "remove", "path": "serial" }]))
        .await
        .expect_error(400, Some("mutability"));
    assert_eq!(server.get(&path).await.json, after);
}
