//! The `remove` operation (RFC 7644 §3.5.2.2).

use serde_json::{Value, json};

use crate::covers;
use crate::support::{ENTERPRISE, Server, USER, id};

/// A user with something to remove, and its path.
async fn ada(server: &Server) -> (Value, String) {
    let user = server
        .user(json!({
            "userName": "ada", "title": "Countess",
            "name": { "givenName": "Ada", "middleName": "K", "familyName": "Lovelace" },
            "emails": [
                { "value": "a@example.com", "type": "work", "display": "A" },
                { "value": "b@other.test", "type": "work", "display": "B" },
                { "value": "c@example.com", "type": "home", "display": "C" },
            ],
            "addresses": [{ "type": "work", "region": "Kent", "locality": "Deal" }],
            ENTERPRISE: { "department": "D", "manager": { "value": "m" } },
        }))
        .await;
    let path = format!("/Users/{}", id(&user));
    (user, path)
}

/// A group of three users, its path, and their ids.
async fn group(server: &Server) -> (Value, String, Vec<String>) {
    let mut ids = Vec::new();
    for name in ["u1", "u2", "u3"] {
        ids.push(id(&server.user(json!({ "userName": name })).await).to_owned());
    }
    let members: Vec<_> = ids.iter().map(|id| json!({ "value": id })).collect();
    let group = server.group(json!({ "displayName": "G", "members": members })).await;
    let path = format!("/Groups/{}", id(&group));
    (group, path, ids)
}

fn remove(path: &str) -> Value {
    json!([{ "op": "remove", "path": path }])
}

fn texts(resource: &Value, list: &str, member: &str) -> Vec<String> {
    let elements = resource[list].as_array().map(Vec::as_slice).unwrap_or_default();
    elements.iter().map(|element| element[member].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn remove_needs_a_path() {
    covers!("RFC7644-3.5.2-08", "RFC7644-3.5.2.2-01");
    let server = Server::rfc().await;
    let (before, path) = ada(&server).await;
    for operation in [
        json!({ "op": "remove" }),
        json!({ "op": "remove", "path": null }),
        json!({ "op": "remove", "value": { "title": "Countess" } }),
        json!({ "op": "remove", "value": ["title"] }),
    ] {
        server.patch(&path, json!([operation])).await.expect_error(400, Some("noTarget"));
    }
    assert_eq!(server.get(&path).await.json, before);
}

#[tokio::test]
async fn remove_leaves_an_attribute_unassigned() {
    covers!("RFC7644-3.5.2.2-02", "RFC7644-3.5.2.2-03");
    let server = Server::rfc().await;
    let (_, path) = ada(&server).await;
    for name in ["title", "name", "emails", "addresses"] {
        let after = server.patch(&path, remove(name)).await.expect(200).json;
        assert!(after.get(name).is_none(), "{after}");
        assert!(server.names(&format!("{name} pr")).await.is_empty(), "{name}");
    }
    let department = format!("{ENTERPRISE}:department");
    let after = server.patch(&path, remove(&department)).await.expect(200).json;
    assert_eq!(after[ENTERPRISE]["manager"]["value"], "m");
    assert!(after[ENTERPRISE].get("department").is_none());
    let after = server.patch(&path, remove(&format!("{ENTERPRISE}:manager"))).await.expect(200).json;
    assert!(after.get(ENTERPRISE).is_none());
    assert_eq!(after["schemas"], json!([USER]));

    let (_, path, ids) = group(&server).await;
    let after = server.patch(&path, remove("members")).await.expect(200).json;
    assert!(after.get("members").is_none(), "{after}");
    let user = server.get(&format!("/Users/{}", ids[0])).await.json;
    assert!(user.get("groups").is_none(), "{user}");
}

#[tokio::test]
async fn remove_with_a_filter_takes_the_matching_elements_only() {
    covers!("RFC7644-3.5.2.2-04", "RFC7644-3.5.2.2-06");
    let server = Server::rfc().await;
    let (_, path, ids) = group(&server).await;
    let one = format!("members[value eq \"{}\"]", ids[1]);
    let after = server.patch(&path, remove(&one)).await.expect(200).json;
    assert_eq!(texts(&after, "members", "value"), [ids[0].as_str(), &ids[2]]);

    let table: [(&str, &[&str]); 5] = [
        ("emails[type eq \"work\" and value ew \"example.com\"]", &["b@other.test", "c@example.com"]),
        ("emails[type eq \"work\"]", &["c@example.com"]),
        ("emails[type eq \"home\" or display eq \"B\"]", &["a@example.com"]),
        ("emails[not (type eq \"work\")]", &["a@example.com", "b@other.test"]),
        ("emails[VALUE EQ \"A@EXAMPLE.COM\"]", &["b@other.test", "c@example.com"]),
    ];
    for (target, left) in table {
        let (_, path) = ada(&server).await;
        let after = server.patch(&path, remove(target)).await.expect(200).json;
        assert_eq!(texts(&after, "emails", "value"), left, "{target}");
        server.delete(&path).await.expect(204);
    }
}

#[tokio::test]
async fn when_a_filter_takes_the_last_element_the_attribute_is_unassigned() {
    covers!("RFC7644-3.5.2.2-05", "RFC7644-3.5.2.2-08");
    let server = Server::rfc().await;
    let (_, path) = ada(&server).await;
    for (target, name) in [("addresses[type eq \"work\"]", "addresses"), ("emails[value pr]", "emails")] {
        let after = server.patch(&path, remove(target)).await.expect(200).json;
        assert!(after.get(name).is_none(), "{after}");
        assert!(server.names(&format!("{name} pr")).await.is_empty());
    }
    let (_, path, ids) = group(&server).await;
    let all: Vec<_> = ids
        .iter()
        .map(|id| json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") }))
        .collect();
    let after = server.patch(&path, json!(all)).await.expect(200).json;
    assert!(after.get("members").is_none(), "{after}");
}

#[tokio::test]
async fn remove_of_a_sub_attribute_leaves_the_rest_of_its_record() {
    covers!("RFC7644-3.5.2.2-07", "RFC7644-3.5.2.2-09");
    let server = Server::rfc().await;
    let (_, path) = ada(&server).await;
    let after = server.patch(&path, remove("emails[type eq \"work\"].display")).await.expect(200).json;
    let emails = json!([
        { "value": "a@example.com", "type": "work" },
        { "value": "b@other.test", "type": "work" },
        { "value": "c@example.com", "type": "home", "display": "C" },
    ]);
    assert_eq!(after["emails"], emails);
    let after = server.patch(&path, remove("addresses[type eq \"work\"].region")).await.expect(200).json;
    assert_eq!(after["addresses"], json!([{ "type": "work", "locality": "Deal" }]));
    let after = server.patch(&path, remove("name.middleName")).await.expect(200).json;
    assert_eq!(after["name"], json!({ "givenName": "Ada", "familyName": "Lovelace" }));
}

#[tokio::test]
async fn what_is_required_or_read_only_cannot_be_removed() {
    covers!("RFC7644-3.5.2.2-10", "RFC7644-3.5.2.2-11");
    let server = Server::rfc().await;
    let (group, group_path, ids) = group(&server).await;
    let path = format!("/Users/{}", ids[0]);
    let before = server.get(&path).await.json;
    assert_eq!(before["groups"].as_array().unwrap().len(), 1);
    let in_group = format!("groups[value eq \"{}\"]", id(&group));
    for target in [
        "userName",
        "id",
        "meta",
        "meta.created",
        "meta.version",
        "groups",
        "groups.value",
        &in_group,
        "schemas",
    ] {
        let answer = server.patch(&path, remove(target)).await;
        assert_eq!(answer.json["scimType"], "mutability", "{target}: {}", answer.json);
        answer.expect_error(400, Some("mutability"));
    }
    assert_eq!(server.get(&path).await.json, before);
    server.patch(&group_path, remove("displayName")).await.expect_error(400, Some("mutability"));
    assert_eq!(server.get(&group_path).await.json, group);
}

#[tokio::test]
async fn remove_of_what_is_not_there_changes_nothing_and_succeeds() {
    covers!("RFC7644-3.5.2.2-12", "RFC7644-3.5.2.2-13");
    let server = Server::rfc().await;
    let (before, path, _) = group(&server).await;
    let stranger = server.user(json!({ "userName": "stranger" })).await;
    for value in [id(&stranger), "nobody"] {
        let target = format!("members[value eq \"{value}\"]");
        let after = server.patch(&path, remove(&target)).await.expect(200);
        assert_eq!(after.json, before);
    }
    let (before, path) = ada(&server).await;
    for target in ["nickName", "phoneNumbers", "name.honorificPrefix", &format!("{ENTERPRISE}:costCenter")] {
        let after = server.patch(&path, remove(target)).await.expect(200);
        assert_eq!(after.json, before, "{target}");
    }
}

#[tokio::test]
async fn a_value_beside_remove_never_empties_the_group_unnoticed() {
    covers!("RFC7644-3.5.2.2-14");
    let server = Server::rfc().await;
    let (before, path, ids) = group(&server).await;
    for value in [json!([{ "value": ids[0] }]), json!({ "value": ids[0] }), json!([]), json!(ids[0])] {
        let operation = json!([{ "op": "remove", "path": "members", "value": value }]);
        server.patch(&path, operation).await.expect_error(400, Some("invalidValue"));
        assert_eq!(server.get(&path).await.json, before, "{value}");
    }
}
