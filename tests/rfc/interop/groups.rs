//! Groups and their members (section 11.7 of the catalogue).

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{interop, members, patch, users};
use crate::covers;
use crate::support::{GROUP, Server, id};

/// A group of these members, and its path.
async fn group(server: &Server, members: &[String]) -> (Value, String) {
    let members: Vec<_> = members.iter().map(|id| json!({ "value": id })).collect();
    let group = server.group(json!({ "displayName": "Engineers", "members": members })).await;
    let path = format!("/Groups/{}", id(&group));
    (group, path)
}

/// The members after an operation.
async fn after(server: &Server, path: &str, operation: Value) -> Vec<String> {
    let answer = patch(server, path, operation.clone()).await;
    assert_eq!(answer.status, 200, "{operation}: {}", answer.json);
    let read = server.get(path).await.expect(200).json;
    assert_eq!(members(&read), members(&answer.json));
    members(&read).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn remove_with_a_value_removes_only_what_it_lists() {
    covers!("Q-G01", "Q-G19");
    let server = interop().await;
    let [a, b, c, d] = users(&server, ["a", "b", "c", "d"]).await;
    let all = [a.clone(), b.clone(), c.clone(), d.clone()];
    let (_, path) = group(&server, &all).await;
    let remove = |value: Value| json!({ "op": "Remove", "path": "members", "value": value });
    assert_eq!(after(&server, &path, remove(json!([{ "$ref": null, "value": a }]))).await, all[1..]);
    assert_eq!(after(&server, &path, remove(json!([{ "value": a }, { "value": "nobody" }]))).await, all[1..]);
    assert_eq!(after(&server, &path, remove(json!({ "members": [{ "value": b }] }))).await, all[2..]);
    assert_eq!(after(&server, &path, remove(json!({ "value": c }))).await, all[3..]);
    assert_eq!(after(&server, &path, remove(json!([d]))).await, [""; 0]);
}

#[tokio::test]
async fn remove_with_a_filter_removes_one_and_forgives_none() {
    covers!("Q-G02");
    let server = interop().await;
    let [a, b] = users(&server, ["a", "b"]).await;
    let (_, path) = group(&server, &[a.clone(), b.clone()]).await;
    let remove = json!({ "op": "remove", "path": format!("members[value eq \"{a}\"]") });
    for _ in 0..2 {
        assert_eq!(after(&server, &path, remove.clone()).await, std::slice::from_ref(&b));
    }
}

#[tokio::test]
async fn members_are_added_once_whatever_stands_beside_them() {
    covers!("Q-G03", "Q-G04", "Q-G17", "Q-G18");
    let server = interop().await;
    let [a, b, c] = users(&server, ["a", "b", "c"]).await;
    let (_, path) = group(&server, std::slice::from_ref(&a)).await;
    let add = |value: Value| json!({ "op": "Add", "path": "members", "value": value });
    let ab = [a.clone(), b.clone()];
    assert_eq!(after(&server, &path, add(json!([{ "$ref": null, "value": b }]))).await, ab);
    assert_eq!(after(&server, &path, add(json!([{ "$ref": null, "value": b }, { "value": a }]))).await, ab);
    assert_eq!(
        after(&server, &path, add(json!([{ "value": a, "displayName": "A", "display": null }]))).await,
        ab
    );
    let abc = [a, b, c.clone()];
    assert_eq!(after(&server, &path, add(json!([c]))).await, abc);
    assert_eq!(after(&server, &path, add(json!(c))).await, abc);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_additions_are_all_kept() {
    covers!("Q-G05");
    let server = Arc::new(interop().await);
    let all = users(&server, ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]).await;
    let (_, path) = group(&server, &[]).await;
    let mut tasks = JoinSet::new();
    for member in all.clone() {
        let (server, path) = (Arc::clone(&server), path.clone());
        tasks.spawn(async move {
            let add = json!({ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": member }] });
            patch(&server, &path, add).await.status
        });
    }
    assert_eq!(tasks.join_all().await, [200; 10]);
    let read = server.get(&path).await.json;
    let mut found = members(&read);
    found.sort_unstable();
    let mut all = all.each_ref().map(String::as_str);
    all.sort_unstable();
    assert_eq!(found, all);
}

#[tokio::test]
async fn a_group_may_name_foreign_schemas_and_have_no_members() {
    covers!("Q-G06", "Q-G25");
    let server = interop().await;
    let body = json!({
        "schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": "object-1", "displayName": "Engineering", "meta": { "resourceType": "Group" },
    });
    let created = server.post("/Groups", body).await.expect(201).json;
    assert_eq!(created["schemas"], json!([GROUP]));
    assert_eq!(created["externalId"], "object-1");
    assert!(members(&created).is_empty());
    let path = format!("/Groups/{}", id(&created));
    let external = json!({ "op": "replace", "value": { "externalId": "object-2" } });
    let after = patch(&server, &path, external).await.expect(200).json;
    assert_eq!((&after["externalId"], &after["displayName"]), (&json!("object-2"), &json!("Engineering")));
}

#[tokio::test]
async fn renaming_keeps_id_and_members() {
    covers!("Q-G07", "Q-G08", "Q-G28");
    let server = interop().await;
    let [a] = users(&server, ["a"]).await;
    let (before, path) = group(&server, &[a]).await;
    for (n, operation) in [
        json!({ "op": "Replace", "path": "displayName", "value": "name 0" }),
        json!({ "op": "replace", "value": { "id": id(&before), "displayName": "name 1" } }),
        json!({ "op": "replace", "value": { "id": "another", "displayName": "name 2" } }),
    ]
    .into_iter()
    .enumerate()
    {
        let after = patch(&server, &path, operation).await.expect(200).json;
        assert_eq!(after["displayName"], format!("name {n}"));
        assert_eq!(after["id"], before["id"]);
        assert_eq!(after["members"], before["members"]);
    }
}

#[tokio::test]
async fn replacing_members_is_exact() {
    covers!("Q-G09", "Q-G10");
    let server = interop().await;
    let [a, b, c] = users(&server, ["a", "b", "c"]).await;
    let (_, path) = group(&server, &[a.clone(), b.clone()]).await;
    let list =
        |ids: &[&String]| ids.iter().map(|id| json!({ "value": id, "display": "x" })).collect::<Vec<_>>();
    let at_path = |value: Vec<Value>| json!({ "op": "replace", "path": "members", "value": value });
    let path_less = |value: Vec<Value>| json!({ "op": "replace", "value": { "members": value } });
    for operation in [at_path, path_less] {
        assert_eq!(after(&server, &path, operation(list(&[&b, &c]))).await, [b.clone(), c.clone()]);
        assert_eq!(after(&server, &path, operation(list(&[]))).await, [""; 0]);
        assert_eq!(after(&server, &path, operation(list(&[&a]))).await, std::slice::from_ref(&a));
    }
}

#[tokio::test]
async fn mixed_operations_run_in_order_and_parts_add_up() {
    covers!("Q-G11", "Q-G13", "Q-G26");
    let server = interop().await;
    let [a, b, c, d] = users(&server, ["a", "b", "c", "d"]).await;
    let (_, path) = group(&server, &[a.clone(), b.clone()]).await;
    let remove = |id: &String| json!({ "op": "remove", "path": format!("members[value eq \"{id}\"]") });
    let add = |ids: &[&String]| {
        let value: Vec<_> = ids.iter().map(|id| json!({ "value": id, "display": "x" })).collect();
        json!({ "op": "add", "path": "members", "value": value })
    };
    let mixed = json!([remove(&a), remove(&b), add(&[&c, &d]), add(&[&a])]);
    let group = server.patch(&path, mixed).await.expect(200).json;
    assert_eq!(members(&group), [&c, &d, &a]);
    server.patch(&path, json!([add(&[&b])])).await.expect(200);
    let group = server.patch(&path, json!([add(&[&b, &c])])).await.expect(200).json;
    assert_eq!(members(&group), [&c, &d, &a, &b]);
    let group = server.patch(&path, json!([remove(&b), add(&[&b]), remove(&b)])).await.expect(200).json;
    assert_eq!(members(&group), [&c, &d, &a]);
    let group = server.patch(&path, json!([add(&[&b]), remove(&b)])).await.expect(200).json;
    assert_eq!(members(&group), [&c, &d, &a]);
}

#[tokio::test]
async fn a_whole_group_can_be_put_with_null_displays() {
    covers!("Q-G12");
    let server = interop().await;
    let [a, b] = users(&server, ["a", "b"]).await;
    let (before, path) = group(&server, std::slice::from_ref(&a)).await;
    let mut whole = before.clone();
    whole["members"] = json!([{ "value": b, "display": null }, { "value": a, "display": null }]);
    let after = server.put(&path, whole).await.expect(200).json;
    assert_eq!(members(&after), [&b, &a]);
    assert_eq!(after["displayName"], before["displayName"]);
}

#[tokio::test]
async fn stale_members_and_groups_are_clear_errors() {
    covers!("Q-G14", "Q-G15");
    let server = interop().await;
    let [a] = users(&server, ["a"]).await;
    let (_, path) = group(&server, std::slice::from_ref(&a)).await;
    for operation in [
        json!({ "op": "add", "path": "members", "value": [{ "value": "stale" }] }),
        json!({ "op": "replace", "path": "members", "value": [{ "value": a }, { "value": "stale" }] }),
    ] {
        patch(&server, &path, operation).await.expect_error(400, Some("invalidValue"));
        assert_eq!(members(&server.get(&path).await.json), [&a]);
    }
    server.delete(&path).await.expect(204);
    server.get(&path).await.expect_error(404, None);
    patch(&server, &path, json!({ "op": "replace", "value": { "displayName": "x" } }))
        .await
        .expect_error(404, None);
}

#[tokio::test]
async fn a_name_of_a_group_is_taken_once() {
    covers!("Q-G16");
    let server = interop().await;
    group(&server, &[]).await;
    for name in ["Engineers", "ENGINEERS"] {
        let body = json!({ "schemas": [GROUP], "displayName": name });
        server.post("/Groups", body).await.expect_error(409, Some("uniqueness"));
    }
    let other = server.group(json!({ "displayName": "Others" })).await;
    let rename = json!({ "op": "Replace", "path": "displayName", "value": "engineers" });
    patch(&server, &format!("/Groups/{}", id(&other)), rename).await.expect_error(409, Some("uniqueness"));
    // A user may be called like a group.
    server.user(json!({ "userName": "x", "displayName": "Engineers" })).await;
}

#[tokio::test]
async fn a_whole_group_as_a_path_less_value_is_applied() {
    covers!("Q-G20");
    let server = interop().await;
    let [a, b] = users(&server, ["a", "b"]).await;
    let (before, path) = group(&server, &[a]).await;
    let mut whole = before.clone();
    whole["displayName"] = json!("Renamed");
    whole["id"] = json!("other");
    let operations = json!([
        { "op": "replace", "value": whole },
        { "op": "add", "path": "members", "value": [{ "value": b }] },
    ]);
    let after = server.patch(&path, operations).await.expect(200).json;
    assert_eq!(after["displayName"], "Renamed");
    assert_eq!(after["id"], before["id"]);
    assert_eq!(members(&after).len(), 2);
}

#[tokio::test]
async fn a_large_group_is_changed_at_once_and_read_without_its_members() {
    covers!("Q-G21", "Q-G22");
    let server = interop().await;
    let operations: Vec<_> =
        (0..1000).map(|n| crate::bulk::post_user(&format!("u{n}"), &format!("u{n}"))).collect();
    let answer = crate::bulk::bulk(&server, json!(operations)).await.expect(200).json;
    let results = answer["Operations"].as_array().unwrap().iter();
    let ids = results.map(|result| result["location"].as_str().unwrap().rsplit('/').next().unwrap());
    let value: Vec<_> = ids.map(|id| json!({ "value": id })).collect();
    let (_, path) = group(&server, &[]).await;
    let after = patch(&server, &path, json!({ "op": "add", "path": "members", "value": value }))
        .await
        .expect(200)
        .json;
    assert_eq!(members(&after).len(), 1000);
    for query in
        [format!("{path}?excludedAttributes=members"), "/Groups?excludedAttributes=members".to_owned()]
    {
        let answer = server.get(&query).await.expect(200).json;
        assert!(answer.to_string().len() < 2000, "{answer}");
        assert!(!answer.to_string().contains("\"members\""));
    }
}

#[tokio::test]
async fn a_deleted_group_vanishes_from_its_members() {
    covers!("Q-G24");
    let server = interop().await;
    let [a] = users(&server, ["a"]).await;
    let (group, path) = group(&server, std::slice::from_ref(&a)).await;
    let user = format!("/Users/{a}");
    assert_eq!(server.get(&user).await.json["groups"][0]["value"], group["id"]);
    server.delete(&path).await.expect(204);
    assert!(server.get(&user).await.json.get("groups").is_none());
}

#[tokio::test]
async fn a_group_may_be_a_member() {
    covers!("Q-G27");
    let server = interop().await;
    let [a] = users(&server, ["a"]).await;
    let inner = server.group(json!({ "displayName": "Inner", "members": [{ "value": a }] })).await;
    let (_, path) = group(&server, &[]).await;
    let add = json!({ "op": "add", "path": "members", "value": [{ "value": id(&inner), "type": "Group" }] });
    let outer = patch(&server, &path, add).await.expect(200).json;
    assert_eq!(outer["members"][0]["type"], "Group");
    assert_eq!(outer["members"][0]["$ref"], inner["meta"]["location"]);
    let user = server.get(&format!("/Users/{a}")).await.json;
    let kinds: Vec<_> = user["groups"].as_array().unwrap().iter().map(|g| &g["type"]).collect();
    assert_eq!(kinds, ["direct", "indirect"]);
}
