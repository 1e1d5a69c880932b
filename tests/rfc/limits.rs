//! Input that no honest client sends, and what must not come of it.

use serde_json::json;

use crate::support::{Server, TOKEN, id};
use crate::wire::Wire;

fn authorization() -> String {
    format!("Authorization: Bearer {TOKEN}")
}

#[tokio::test]
async fn a_host_that_is_too_long_for_one_is_not_repeated_in_locations() {
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let target = format!("/Users/{}", id(&user));
    for (host, is_taken) in [("a".repeat(253), true), ("a".repeat(261), false)] {
        let request = format!(
            "GET /scim/v2{target} HTTP/1.1\r\nHost: {host}\r\n{}\r\nConnection: close\r\n\r\n",
            authorization()
        );
        let answer = Wire::to(&server).exchange(&request).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.content.contains(&host), is_taken, "{} characters", host.len());
    }
}

#[tokio::test]
async fn a_condition_with_bytes_beyond_ascii_is_a_condition() {
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let target = format!("/Users/{}", id(&user));
    let lines = [authorization(), "If-Match: \"\u{e9}\"".to_owned()];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(Wire::to(&server).ask("DELETE", &target, &lines, "").await.status, 412);
    server.get(&target).await.expect(200);
}

#[tokio::test]
async fn an_id_is_looked_up_within_its_resource_type_and_to_the_letter() {
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada", "title": "Countess" })).await;
    let count = async |target: &str, filter: String| {
        let answer = server.get(&format!("{target}?filter={filter}")).await.expect(200);
        answer.json["totalResults"].as_u64().unwrap()
    };
    let id = id(&user);
    assert_eq!(count("/Users", format!("id eq \"{id}\"")).await, 1);
    assert_eq!(count("/Users", format!("id eq \"{id}\" and title eq \"countess\"")).await, 1);
    assert_eq!(count("/Users", format!("id eq \"{id}\" and title eq \"Duke\"")).await, 0);
    assert_eq!(count("/", format!("id eq \"{id}\"")).await, 1);
    assert_eq!(count("/Groups", format!("id eq \"{id}\"")).await, 0);
    assert_eq!(count("/Users", format!("id eq \"{} \"", id)).await, 0);
}

#[tokio::test]
async fn members_that_come_one_by_one_are_there_once_each() {
    let server = Server::rfc().await;
    let mut operations = Vec::new();
    for name in ["ada", "bob"] {
        let user = server.user(json!({ "userName": name })).await;
        for _ in 0..2 {
            let member = json!({ "value": id(&user), "type": "Device" });
            operations.push(json!({ "op": "add", "path": "members", "value": [member] }));
        }
    }
    let group = server.group(json!({ "displayName": "Tour" })).await;
    let target = format!("/Groups/{}", id(&group));
    let changed = server.patch(&target, operations.clone().into()).await.expect(200).json;
    let members = changed["members"].as_array().unwrap();
    assert_eq!(members.len(), 2);
    assert!(members.iter().all(|member| member["type"] == "User"));
    let again = server.patch(&target, operations.into()).await.expect(200).json;
    assert_eq!(again["meta"]["version"], changed["meta"]["version"]);
}
