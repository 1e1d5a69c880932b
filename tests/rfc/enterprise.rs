//! The enterprise extension (RFC 7643 §4.3).

use serde_json::json;

use crate::covers;
use crate::support::{ENTERPRISE, Server, USER, id};

#[tokio::test]
async fn the_extension_has_its_uri_everywhere() {
    covers!("RFC7643-4.3-01");
    let server = Server::rfc().await;
    let uri = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let resource_type = server.get("/ResourceTypes/User").await.expect(200).json;
    assert_eq!(resource_type["schemaExtensions"], json!([{ "schema": uri, "required": false }]));
    assert_eq!(server.get(&format!("/Schemas/{uri}")).await.expect(200).json["id"], uri);
    let user = server.user(json!({ "userName": "ada", uri: { "department": "D" } })).await;
    assert!(user["schemas"].as_array().unwrap().contains(&json!(uri)));
    let old = "urn:ietf:params:scim:schemas:extension:enterprise:1.0";
    let body = json!({ "schemas": [USER, old], "userName": "x", old: { "department": "D" } });
    server.post("/Users", body).await.expect_error(400, Some("invalidSyntax"));
}

#[tokio::test]
async fn its_attributes_are_strings_in_the_container() {
    covers!("RFC7643-4.3-02");
    let server = Server::rfc().await;
    let given = json!({ "employeeNumber": "0701984", "costCenter": "4130", "organization": "Universal Studios",
                        "division": "Theme Park", "department": "Tour Operations" });
    let user = server.user(json!({ "userName": "ada", ENTERPRISE: given })).await;
    assert_eq!(server.get(&format!("/Users/{}", id(&user))).await.json[ENTERPRISE], given);
    for name in given.as_object().unwrap().keys() {
        for wrong in [json!(701984), json!(["D"]), json!(true)] {
            let body = json!({ "schemas": [USER, ENTERPRISE], "userName": "x", ENTERPRISE: { name: wrong } });
            server.post("/Users", body).await.expect_error(400, Some("invalidValue"));
        }
    }
}

#[tokio::test]
async fn a_manager_is_an_object_with_id_and_reference() {
    covers!("RFC7643-4.3-03", "RFC7643-4.3-04", "RFC7643-4.3-05");
    let server = Server::rfc().await;
    let boss = server.user(json!({ "userName": "boss", "displayName": "Boss" })).await;
    let manager = json!({ "value": id(&boss), "displayName": "Fake" });
    let user = server.user(json!({ "userName": "ada", ENTERPRISE: { "manager": manager } })).await;
    let path = format!("/Users/{}", id(&user));
    let body =
        json!({ "schemas": [USER, ENTERPRISE], "userName": "ada", ENTERPRISE: { "manager": manager } });
    for shown in [user, server.put(&path, body).await.expect(200).json, server.get(&path).await.json] {
        let manager = &shown[ENTERPRISE]["manager"];
        assert_eq!(manager["value"], boss["id"]);
        assert_ne!(manager["displayName"], "Fake");
        let reference = manager["$ref"].as_str().unwrap().strip_prefix(server.target.base()).unwrap();
        assert_eq!(server.get(reference).await.expect(200).json["id"], boss["id"]);
    }
    let target = format!("{ENTERPRISE}:manager.displayName");
    let patch = json!([{ "op": "replace", "path": target, "value": "Fake" }]);
    server.patch(&path, patch).await.expect_error(400, Some("mutability"));
    let bare =
        json!({ "schemas": [USER, ENTERPRISE], "userName": "x", ENTERPRISE: { "manager": id(&boss) } });
    server.post("/Users", bare).await.expect_error(400, Some("invalidValue"));
}
