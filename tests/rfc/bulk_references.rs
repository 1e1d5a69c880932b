//! bulkId references within a bulk request, and the order of operations (RFC 7644 §3.7.1, §3.7.2).

use serde_json::{Value, json};

use crate::bulk::{assert_failed, post_user, results};
use crate::covers;
use crate::support::{ENTERPRISE, GROUP, PATCH_OP, Server, USER, id};

fn post_group(bulk_id: &str, name: &str, members: &[&str]) -> Value {
    let members: Vec<_> = members.iter().map(|member| json!({ "value": member })).collect();
    let data = json!({ "schemas": [GROUP], "displayName": name, "members": members });
    json!({ "method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data })
}

/// The id at the end of the location of a result.
fn new_id(result: &Value) -> &str {
    result["location"].as_str().unwrap_or_else(|| panic!("{result}")).rsplit('/').next().unwrap()
}

async fn members(server: &Server, group: &str) -> Vec<String> {
    let group = server.get(&format!("/Groups/{group}")).await.expect(200).json;
    let members = group["members"].as_array().map(Vec::as_slice).unwrap_or_default();
    members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect()
}

/// Asserts that no reference was stored as it came.
async fn assert_no_literals(server: &Server) {
    let everything = server.get("/").await.expect(200).json;
    assert!(!everything.to_string().contains("bulkId"), "{everything}");
}

#[tokio::test]
async fn a_reference_becomes_the_id_of_what_was_created() {
    covers!("RFC7644-3.7-23", "RFC7644-3.7.2-01", "RFC7644-3.7.2-02");
    let server = Server::rfc().await;
    let operations = json!([post_user("qwerty", "ada"), post_group("g", "Tour Guides", &["bulkId:qwerty"])]);
    let results = results(&server, operations).await;
    assert_eq!(members(&server, new_id(&results[1])).await, [new_id(&results[0])]);
    let group = server.get(&format!("/Groups/{}", new_id(&results[1]))).await.json;
    assert_eq!(group["members"][0]["$ref"], results[0]["location"]);
    assert_no_literals(&server).await;

    // The bare id of an operation is no reference.
    let operations = json!([post_user("u", "bob"), post_group("g", "Others", &["u"])]);
    let results = crate::bulk::results(&server, operations).await;
    assert_eq!(results[0]["status"], "201");
    assert_failed(&results[1], 400, Some("invalidValue"));
}

#[tokio::test]
async fn references_work_in_extensions_too() {
    covers!("RFC7644-3.7.2-03");
    let server = Server::rfc().await;
    let bob = json!({ "schemas": [USER, ENTERPRISE], "userName": "bob",
                      ENTERPRISE: { "employeeNumber": "1", "manager": { "value": "bulkId:alice" } } });
    let bob = json!({ "method": "POST", "path": "/Users", "bulkId": "bob", "data": bob });
    let results = results(&server, json!([post_user("alice", "alice"), bob])).await;
    let bob = server.get(&format!("/Users/{}", new_id(&results[1]))).await.expect(200).json;
    assert_eq!(bob[ENTERPRISE]["manager"]["value"], new_id(&results[0]));
    assert_eq!(bob[ENTERPRISE]["employeeNumber"], "1");
    assert_no_literals(&server).await;
}

#[tokio::test]
async fn references_may_lead_forward_and_results_keep_their_order() {
    covers!("RFC7644-3.7.2-04", "RFC7644-3.7-25");
    let server = Server::rfc().await;
    let operations = json!([
        post_group("outer", "Outer", &["bulkId:inner", "bulkId:u2"]),
        post_group("inner", "Inner", &["bulkId:u1"]),
        post_user("u1", "u1"),
        post_user("u2", "u2"),
    ]);
    let results = results(&server, operations).await;
    let ids: Vec<_> = results.iter().map(|result| result["bulkId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["outer", "inner", "u1", "u2"]);
    assert_eq!(members(&server, new_id(&results[0])).await, [new_id(&results[1]), new_id(&results[3])]);
    assert_eq!(members(&server, new_id(&results[1])).await, [new_id(&results[2])]);
    assert_no_literals(&server).await;
}

#[tokio::test]
async fn operations_on_one_resource_end_as_if_done_in_order() {
    covers!("RFC7644-3.7-25");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let path = format!("/Users/{}", id(&user));
    let patch = |path: &str, operation: Value| {
        let data = json!({ "schemas": [PATCH_OP], "Operations": [operation] });
        json!({ "method": "PATCH", "path": path, "data": data })
    };
    let title = |value: &str| patch(&path, json!({ "op": "replace", "path": "title", "value": value }));
    let operations = json!([
        title("first"),
        patch(&path, json!({ "op": "replace", "path": "userName", "value": "countess" })),
        title("second"),
        // The name is free now, and taken by the next one.
        post_user("n", "ada"),
        patch(&path, json!({ "op": "replace", "path": "userName", "value": "ada" })),
        title("last"),
    ]);
    let results = results(&server, operations).await;
    let statuses: Vec<_> = results.iter().map(|result| result["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["200", "200", "200", "201", "409", "200"]);
    let after = server.get(&path).await.json;
    assert_eq!(after["title"], "last");
    assert_eq!(after["userName"], "countess");
}

#[tokio::test]
async fn a_reference_to_nothing_fails_and_is_not_stored() {
    covers!("RFC7644-3.7.2-05");
    let server = Server::rfc().await;
    let failing =
        json!({ "method": "POST", "path": "/Users", "bulkId": "bad", "data": { "schemas": [USER] } });
    let operations = json!([
        post_group("g1", "G1", &["bulkId:none"]),
        failing,
        post_group("g2", "G2", &["bulkId:bad"]),
        // What hangs on a failure fails as well.
        post_group("g3", "G3", &["bulkId:g2"]),
        post_group("g4", "G4", &[]),
    ]);
    let results = results(&server, operations).await;
    assert_failed(&results[0], 400, Some("invalidValue"));
    assert_failed(&results[1], 400, Some("invalidValue"));
    assert_failed(&results[2], 409, None);
    assert_failed(&results[3], 409, None);
    assert_eq!(results[4]["status"], "201");
    let groups = server.get("/Groups").await.json;
    assert_eq!(groups["totalResults"], 1);
    assert_eq!(groups["Resources"][0]["displayName"], "G4");
    assert_no_literals(&server).await;
}

#[tokio::test]
async fn references_work_in_paths_and_in_patch_data() {
    covers!("RFC7644-3.7.2-06");
    let server = Server::rfc().await;
    let operations = |operations: Value| json!({ "schemas": [PATCH_OP], "Operations": operations });
    let results = results(
        &server,
        json!([
            post_group("g", "G", &[]),
            post_user("u", "ada"),
            post_user("v", "bob"),
            { "method": "PATCH", "path": "/Groups/bulkId:g", "data": operations(json!([
                { "op": "add", "path": "members", "value": [{ "value": "bulkId:u" }, { "value": "bulkId:v" }] },
            ])) },
            { "method": "PATCH", "path": "/Groups/bulkId:g", "data": operations(json!([
                { "op": "remove", "path": "members[value eq \"bulkId:u\"]" },
            ])) },
            { "method": "PUT", "path": "/Users/bulkId:v",
              "data": { "schemas": [USER], "userName": "bob", "title": "put" } },
            { "method": "DELETE", "path": "/Users/bulkId:u" },
        ]),
    )
    .await;
    let statuses: Vec<_> = results.iter().map(|result| result["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["201", "201", "201", "200", "200", "200", "204"], "{results:?}");
    let group = results[0]["location"].as_str().unwrap();
    assert_eq!(results[3]["location"], group);
    assert_eq!(members(&server, new_id(&results[0])).await, [new_id(&results[2])]);
    let bob = server.get(&format!("/Users/{}", new_id(&results[2]))).await.json;
    assert_eq!(bob["title"], "put");
    server.get(&format!("/Users/{}", new_id(&results[1]))).await.expect_error(404, None);
}

#[tokio::test]
async fn circular_references_are_resolved() {
    covers!("RFC7644-3.7.1-01");
    let server = Server::rfc().await;
    let operations = json!([
        post_group("a", "A", &["bulkId:b"]),
        post_user("u", "ada"),
        post_group("b", "B", &["bulkId:c", "bulkId:u"]),
        post_group("c", "C", &["bulkId:a"]),
    ]);
    let results = results(&server, operations).await;
    let ids: Vec<_> = results.iter().map(new_id).collect();
    assert_eq!(members(&server, ids[0]).await, [ids[2]]);
    assert_eq!(members(&server, ids[2]).await, [ids[3], ids[1]]);
    assert_eq!(members(&server, ids[3]).await, [ids[0]]);
    // The circle is no trap for who reads it.
    let user = server.get(&format!("/Users/{}", ids[1])).await.expect(200).json;
    assert_eq!(user["groups"].as_array().unwrap().len(), 3);
    assert_no_literals(&server).await;
}

#[tokio::test]
async fn a_circle_that_cannot_be_closed_fails_as_a_conflict_and_leaves_nothing() {
    covers!("RFC7644-3.7.1-02");
    let server = Server::rfc().await;
    let mut bad = post_group("b", "B", &["bulkId:a"]);
    bad["data"].as_object_mut().unwrap().shift_remove("displayName");
    let operations = json!([post_group("a", "A", &["bulkId:b"]), bad, post_user("u", "ada")]);
    let results = results(&server, operations).await;
    assert_failed(&results[0], 409, None);
    assert_failed(&results[1], 400, Some("invalidValue"));
    assert_eq!(results[2]["status"], "201");
    assert_eq!(server.get("/Groups").await.json["totalResults"], 0);
}

#[tokio::test]
async fn a_resource_may_refer_to_itself() {
    covers!("RFC7644-3.7.1-01");
    let server = Server::rfc().await;
    let ada = json!({ "schemas": [USER, ENTERPRISE], "userName": "ada",
                      ENTERPRISE: { "manager": { "value": "bulkId:ada" } } });
    let ada = json!({ "method": "POST", "path": "/Users", "bulkId": "ada", "data": ada });
    let results = results(&server, json!([ada])).await;
    let ada = server.get(&format!("/Users/{}", new_id(&results[0]))).await.expect(200).json;
    assert_eq!(ada[ENTERPRISE]["manager"]["value"], ada["id"]);
}
