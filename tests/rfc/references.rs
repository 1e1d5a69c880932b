//! Reference values (RFC 7643 §2.3.7, §2.4).

use serde_json::{Value, json};

use crate::covers;
use crate::support::{GROUP, Server, id};

/// A user who manages another, who is in a group within a group.
async fn related(server: &Server) -> (Value, Value, Value) {
    let boss = server.user(json!({ "userName": "boss" })).await;
    let manager = json!({ "manager": { "value": id(&boss) } });
    let user = server.user(json!({ "userName": "ada", crate::support::ENTERPRISE: manager })).await;
    let group = server.group(json!({ "displayName": "g", "members": [{ "value": id(&user) }] })).await;
    (boss, user, group)
}

/// The target below the base URL that a reference leads to.
fn below<'r>(server: &Server, reference: &'r Value) -> &'r str {
    let text = reference.as_str().unwrap();
    text.strip_prefix(server.target.base()).unwrap_or_else(|| panic!("`{text}` leads elsewhere"))
}

#[tokio::test]
async fn references_are_uris_that_lead_to_their_resource() {
    covers!(
        "RFC7643-2.3.7-01",
        "RFC7643-2.3.7-02",
        "RFC7643-2.3.7-05",
        "RFC7643-2.3.7-06",
        "RFC7643-2.4-08",
        "RFC7643-4.1.2-19",
        "RFC7643-4.2-06",
        "RFC7643-4.2-07",
        "RFC7643-4.3-04"
    );
    let server = Server::rfc().await;
    let (boss, user, group) = related(&server).await;
    let user = server.get(&format!("/Users/{}", id(&user))).await.json;
    let outer = server.group(json!({ "displayName": "outer", "members": [{ "value": id(&group) }] })).await;
    for (reference, target) in [
        (&group["members"][0]["$ref"], &user),
        (&outer["members"][0]["$ref"], &group),
        (&user["groups"][0]["$ref"], &group),
        (&user[crate::support::ENTERPRISE]["manager"]["$ref"], &boss),
        (&user["meta"]["location"], &user),
    ] {
        let uri: http::Uri = reference.as_str().unwrap().parse().unwrap();
        assert_eq!(uri.scheme_str(), Some("http"));
        assert_eq!(reference, &target["meta"]["location"]);
        let answer = server.get(below(&server, reference)).await.expect(200);
        assert_eq!(id(&answer.json), id(target));
    }
    assert_eq!(group["members"][0]["value"], user["id"]);
    let reference = below(&server, &group["members"][0]["$ref"]);
    server.delete(reference).await.expect(204);
    server.get(reference).await.expect_error(404, None);
}

#[tokio::test]
async fn reference_values_keep_their_letter_case() {
    covers!("RFC7643-2.3.7-03");
    let server = Server::rfc().await;
    let url = "https://Example.test/People/Ada?Q=A#Frag";
    let user = server.user(json!({ "userName": "ada", "profileUrl": url })).await;
    assert_eq!(server.get(&format!("/Users/{}", id(&user))).await.json["profileUrl"], url);
    assert_eq!(server.names(&format!("profileUrl eq \"{}\"", "https://Example.test/x")).await.len(), 0);
    server.user(json!({ "userName": "bob", "profileUrl": "https://x.test/A" })).await;
    assert_eq!(server.names("profileUrl eq \"https://x.test/A\"").await, ["bob"]);
    assert_eq!(server.names("profileUrl eq \"https://x.test/a\"").await.len(), 0);
}

#[tokio::test]
async fn a_reference_to_nothing_is_refused() {
    covers!("RFC7643-2.3.7-07");
    let server = Server::rfc().await;
    let missing = "00000000-0000-4000-8000-000000000000";
    let body = json!({ "schemas": [GROUP], "displayName": "g", "members": [{ "value": missing }] });
    server.post("/Groups", body).await.expect_error(400, Some("invalidValue"));
    assert_eq!(server.get("/Groups").await.json["totalResults"], 0);
    // Integrity holds over time: whoever is deleted leaves the groups.
    let (_, user, group) = related(&server).await;
    server.delete(&format!("/Users/{}", id(&user))).await.expect(204);
    let group = server.get(&format!("/Groups/{}", id(&group))).await.expect(200).json;
    assert_eq!(group.get("members"), None);
}

#[tokio::test]
async fn clients_need_not_send_the_uri_of_a_reference() {
    covers!("RFC7643-2.3.7-08");
    let server = Server::rfc().await;
    let (boss, user, group) = related(&server).await;
    assert_eq!(group["members"].as_array().unwrap().len(), 1);
    assert_eq!(group["members"][0]["value"], user["id"]);
    assert_eq!(user[crate::support::ENTERPRISE]["manager"]["value"], boss["id"]);
}

#[tokio::test]
async fn uris_that_differ_in_the_version_only_name_the_same_resource() {
    covers!("RFC7643-2.4-07");
    let server = Server::rfc().await;
    let user = server.user(json!({ "userName": "ada" })).await;
    let root = server.target.base().strip_suffix("/v2").unwrap();
    let forms = [format!("{root}/Users/{0}", id(&user)), format!("{root}/v1/Users/{0}", id(&user))];
    let group = server.group(json!({ "displayName": "g", "members": [{ "$ref": forms[0] }] })).await;
    let expected = json!([{ "value": user["id"], "$ref": user["meta"]["location"], "type": "User" }]);
    assert_eq!(group["members"], expected);
    // The same member by any of its names is one member.
    let path = format!("/Groups/{}", id(&group));
    for form in &forms {
        let patch = json!([{ "op": "add", "path": "members", "value": [{ "$ref": form }] }]);
        assert_eq!(server.patch(&path, patch).await.expect(200).json["members"], expected);
    }
    let body = json!({ "schemas": [GROUP], "displayName": "h", "members": [
        { "value": id(&user) }, { "$ref": forms[0] }, { "$ref": forms[1] },
    ] });
    assert_eq!(server.post("/Groups", body).await.expect(201).json["members"], expected);
}
