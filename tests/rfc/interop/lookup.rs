//! Lookups before a write (section 11.3 of the catalogue).

use serde_json::json;

use super::{ada, found, interop, users};
use crate::covers;
use crate::support::{ENTERPRISE, USER, id};

#[tokio::test]
async fn user_names_match_in_any_case_and_external_ids_exactly() {
    covers!("Q-L01", "Q-L02");
    let server = interop().await;
    let (user, _) = ada(&server).await;
    for filter in ["userName eq \"ADA@X.TEST\"", "username eq \"Ada@x.test\"", "externalId eq \"Ext-1\""] {
        let list = server.get(&format!("/Users?filter={filter}")).await.expect(200).json;
        assert_eq!(list["totalResults"], 1, "{filter}");
        assert_eq!(list["Resources"][0]["id"], user["id"]);
        assert_eq!(list["Resources"][0]["externalId"], "Ext-1");
    }
    assert_eq!(found(&server, "externalId eq \"ext-1\"").await, 0);
}

#[tokio::test]
async fn literals_without_quotes_are_read_as_meant() {
    covers!("Q-L03", "Q-L08");
    let server = interop().await;
    ada(&server).await;
    server.user(json!({ "userName": "jyoung", "externalId": "jyoung" })).await;
    assert_eq!(found(&server, "externalId eq jyoung").await, 1);
    assert_eq!(found(&server, "externalId eq nobody").await, 0);
    assert_eq!(found(&server, "meta.created gt 2015-10-10T14:38:21.8617979-07:00").await, 2);
    assert_eq!(found(&server, "meta.Created gt 2999-10-10T14:38:21.8617979Z").await, 0);
    assert_eq!(
        found(
            &server,
            "name.FamilyName eq Lovelace and (emails.Value co \"home\" or emails.Value co \"no\")"
        )
        .await,
        1
    );
}

#[tokio::test]
async fn a_value_path_with_a_sub_attribute_behind_it_matches_one_element() {
    covers!("Q-L04");
    let server = interop().await;
    ada(&server).await;
    assert_eq!(found(&server, "emails[type eq \"work\"].value eq \"ada@x.test\"").await, 1);
    assert_eq!(found(&server, "emails[type eq \"work\"].value eq \"ada@home.test\"").await, 0);
}

#[tokio::test]
async fn a_manager_is_compared_by_its_id_in_either_order() {
    covers!("Q-L05");
    let server = interop().await;
    let [boss, other] = users(&server, ["boss", "other"]).await;
    let user = server.user(json!({ "userName": "ada", ENTERPRISE: { "manager": { "value": boss } } })).await;
    let own = id(&user);
    for (filter, count) in [
        (format!("id eq \"{own}\" and manager eq \"{boss}\""), 1),
        (format!("manager eq \"{boss}\" and id eq \"{own}\""), 1),
        (format!("id eq \"{own}\" and manager eq \"{other}\""), 0),
        (format!("id eq \"{own}\" and {ENTERPRISE}:manager eq \"{boss}\""), 1),
        (format!("{ENTERPRISE}:manager.value eq \"{boss}\""), 1),
    ] {
        let list = server.get(&format!("/Users?filter={filter}&attributes=id")).await.expect(200).json;
        assert_eq!(list["totalResults"], count, "{filter}");
        if count == 1 {
            assert_eq!(list["Resources"][0]["id"], own);
            assert!(list["Resources"][0].get("userName").is_none(), "{list}");
        }
    }
}

#[tokio::test]
async fn groups_are_found_by_names_with_spaces_and_shown_without_members() {
    covers!("Q-L06");
    let server = interop().await;
    let [member] = users(&server, ["u"]).await;
    server.group(json!({ "displayName": "EDU All personal", "members": [{ "value": member }] })).await;
    let query = "/Groups?excludedAttributes=members&filter=displayName+eq+%22EDU+All+personal%22";
    let list = server.get(query).await.expect(200).json;
    assert_eq!(list["totalResults"], 1);
    assert_eq!(list["Resources"][0]["displayName"], "EDU All personal");
    assert!(list["Resources"][0].get("members").is_none(), "{list}");
}

#[tokio::test]
async fn operators_match_in_any_case_and_unknown_attributes_are_refused() {
    covers!("Q-L07");
    let server = interop().await;
    ada(&server).await;
    assert_eq!(found(&server, "username Eq \"ada@x.test\"").await, 1);
    assert_eq!(found(&server, "emails.value Co \"HOME\"").await, 1);
    assert_eq!(found(&server, "userName SW \"ada\" AND active EQ true").await, 1);
    let answer = server.get("/Users?filter=email Co \"x\"").await;
    answer.expect_error(400, Some("invalidFilter"));
}

#[tokio::test]
async fn a_filter_in_a_list_of_attributes_does_no_harm() {
    covers!("Q-L09");
    let server = interop().await;
    let (user, _) = ada(&server).await;
    let answer = server.get("/Users?attributes=emails[type eq \"work\"]").await;
    match answer.status {
        200 => assert_eq!(answer.json["Resources"][0]["id"], user["id"]),
        _ => drop(answer.expect_error(400, None)),
    }
}

#[tokio::test]
async fn a_filter_goes_with_paging() {
    covers!("Q-L10");
    let server = interop().await;
    for n in 0..5 {
        server.user(json!({ "userName": format!("u{n}"), "title": if n < 3 { "x" } else { "y" } })).await;
    }
    let list = server.get("/Users?filter=title eq \"x\"&startIndex=2&count=100").await.expect(200).json;
    assert_eq!(list["totalResults"], 3);
    assert_eq!(list["startIndex"], 2);
    assert_eq!(list["itemsPerPage"], 2);
    let names: Vec<_> = list["Resources"].as_array().unwrap().iter().map(|user| &user["userName"]).collect();
    assert_eq!(names, ["u1", "u2"]);
    let list = server.get("/Users?filter=userName eq \"u4\"&startIndex=1&count=100").await.expect(200).json;
    assert_eq!((&list["totalResults"], &list["itemsPerPage"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn no_match_is_an_empty_list() {
    covers!("Q-L11", "Q-L14");
    let server = interop().await;
    ada(&server).await;
    for query in [
        "/Users?filter=userName eq \"x\"",
        "/Groups?filter=displayName eq \"x\"",
        "/Users?filter=id eq \"x\"",
    ] {
        let list = server.get(query).await.expect(200).json;
        assert_eq!(list["totalResults"], 0, "{query}");
        assert_eq!(list["Resources"], json!([]));
    }
}

#[tokio::test]
async fn deactivated_users_are_still_found() {
    covers!("Q-L13", "Q-C16");
    let server = interop().await;
    let (_, path) = ada(&server).await;
    server.patch(&path, json!([{ "op": "Replace", "path": "active", "value": "False" }])).await.expect(200);
    for filter in ["userName eq \"ada@x.test\"", "externalId eq \"Ext-1\"", "active eq false"] {
        let list = server.get(&format!("/Users?filter={filter}")).await.expect(200).json;
        assert_eq!(list["totalResults"], 1, "{filter}");
        assert_eq!(list["Resources"][0]["active"], false);
    }
    assert_eq!(server.get(&path).await.expect(200).json["active"], false);
}

#[tokio::test]
async fn a_boolean_may_be_written_as_text() {
    covers!("Q-L15");
    let server = interop().await;
    let roles = json!([{ "value": "admin", "primary": true }, { "value": "user" }]);
    server.user(json!({ "userName": "ada", "roles": roles })).await;
    for literal in ["true", "\"true\"", "\"True\""] {
        assert_eq!(found(&server, &format!("roles[primary eq {literal}]")).await, 1, "{literal}");
        assert_eq!(found(&server, &format!("roles[primary eq {literal} and value eq \"user\"]")).await, 0);
    }
    assert_eq!(found(&server, "roles[primary eq \"False\"]").await, 0);
}

#[tokio::test]
async fn values_are_decoded_once() {
    covers!("Q-L16");
    let server = interop().await;
    let names = [
        "ada+tag@x.test",
        "say \"hi\"",
        "back\\slash",
        "rock and roll or not",
        "żółć@x.test",
        "日本",
        "a%20b",
        "50% (x)",
        "[brackets]",
        "tab\there",
        " pr",
    ];
    for name in names {
        server.user(json!({ "userName": name })).await;
    }
    for name in names {
        let literal = serde_json::Value::from(name).to_string();
        let encoded: String = literal.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for query in [format!("userName%20eq%20{encoded}"), format!("userName+eq+{encoded}")] {
            let list = server.get(&format!("/Users?filter={query}")).await.expect(200).json;
            assert_eq!(list["totalResults"], 1, "{name}");
            assert_eq!(list["Resources"][0]["userName"], name);
        }
    }
}

#[tokio::test]
async fn at_most_one_user_has_a_name() {
    covers!("Q-L17");
    let server = interop().await;
    ada(&server).await;
    for name in ["ada@x.test", "ADA@X.TEST"] {
        let body = json!({ "schemas": [USER], "userName": name });
        server.post("/Users", body).await.expect_error(409, Some("uniqueness"));
    }
    assert_eq!(found(&server, "userName eq \"ada@x.test\"").await, 1);
}
