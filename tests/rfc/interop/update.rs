//! Updating users as identity providers do (section 11.5 of the catalogue).

use serde_json::{Value, json};

use super::{ada, found, interop, patch, users};
use crate::covers;
use crate::support::{ENTERPRISE, PATCH_OP, USER, id};

#[tokio::test]
async fn operations_and_booleans_are_read_in_any_spelling() {
    covers!("Q-U01", "Q-U02", "Q-D01", "Q-D07");
    let server = interop().await;
    let (user, path) = ada(&server).await;
    for (text, value) in
        [("False", false), ("True", true), ("false", false), ("true", true), ("FALSE", false), ("TRUE", true)]
    {
        for op in ["Replace", "Add", "replace", "REPLACE"] {
            let active = json!({ "op": op, "path": "active", "value": text });
            let after = patch(&server, &path, active).await.expect(200).json;
            assert_eq!(after["active"], value, "{op} {text}");
            assert_eq!(found(&server, "active eq true").await, u64::from(value));
            assert_eq!(after["id"], user["id"]);
        }
    }
    let after =
        patch(&server, &path, json!({ "op": "Remove", "path": "displayName" })).await.expect(200).json;
    assert!(after.get("displayName").is_none());
    patch(&server, &path, json!({ "op": "Explode", "path": "title" }))
        .await
        .expect_error(400, Some("invalidSyntax"));
    patch(&server, &path, json!({ "op": "Replace", "path": "active", "value": "no" }))
        .await
        .expect_error(400, Some("invalidValue"));
}

#[tokio::test]
async fn path_less_values_with_plain_dotted_and_urn_keys_are_applied() {
    covers!("Q-U03", "Q-U04", "Q-U05");
    let server = interop().await;
    let (_, path) = ada(&server).await;
    let number = format!("{ENTERPRISE}:employeeNumber");
    let manager = format!("{ENTERPRISE}:manager");
    let value = json!({ "active": false, "displayName": "A.", "name.familyName": "King", "name.middleName": "M",
                        (number): "42", (manager): "boss" });
    for op in ["replace", "add"] {
        let after = patch(&server, &path, json!({ "op": op, "value": value })).await.expect(200).json;
        assert_eq!(after["active"], false);
        assert_eq!(after["displayName"], "A.");
        assert_eq!(after["name"], json!({ "givenName": "Ada", "familyName": "King", "middleName": "M" }));
        assert_eq!(after[ENTERPRISE]["employeeNumber"], "42");
        assert_eq!(after[ENTERPRISE]["department"], "Engines");
        assert_eq!(after[ENTERPRISE]["manager"]["value"], "boss");
        assert_eq!(after["schemas"], json!([USER, ENTERPRISE]));
        let names = after.as_object().unwrap().keys();
        assert_eq!(names.filter(|name| name.contains('.') && *name != ENTERPRISE).count(), 0, "{after}");
    }
}

#[tokio::test]
async fn extension_paths_are_split_behind_the_urn() {
    covers!("Q-U06");
    let server = interop().await;
    let (_, path) = ada(&server).await;
    let target = format!("{ENTERPRISE}:department");
    let after =
        patch(&server, &path, json!({ "op": "Add", "path": target, "value": "R&D" })).await.expect(200).json;
    assert_eq!(after[ENTERPRISE], json!({ "department": "R&D" }));
    let after = patch(&server, &path, json!({ "op": "Remove", "path": target })).await.expect(200).json;
    assert!(after.get(ENTERPRISE).is_none());
}

#[tokio::test]
async fn an_element_that_is_missing_is_made() {
    covers!("Q-U07", "Q-U28");
    let server = interop().await;
    let (before, path) = ada(&server).await;
    for op in ["Replace", "Add"] {
        let phone = json!({ "op": op, "path": "phoneNumbers[type eq \"mobile\"].value", "value": "1" });
        let after = patch(&server, &path, phone.clone()).await.expect(200).json;
        assert_eq!(after["phoneNumbers"], json!([{ "type": "mobile", "value": "1" }]));
        // Again is no second one.
        assert_eq!(
            patch(&server, &path, phone).await.expect(200).json["phoneNumbers"],
            after["phoneNumbers"]
        );
        patch(&server, &path, json!({ "op": "Remove", "path": "phoneNumbers" })).await.expect(200);
    }
    // Only the element that matches.
    let work = json!({ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "new@x.test" });
    let after = patch(&server, &path, work).await.expect(200).json;
    assert_eq!(after["emails"][0], json!({ "value": "new@x.test", "type": "work", "primary": true }));
    assert_eq!(after["emails"][1], before["emails"][1]);
}

#[tokio::test]
async fn add_and_replace_work_whether_there_is_a_value_or_not() {
    covers!("Q-U08", "Q-U09");
    let server = interop().await;
    let (_, path) = ada(&server).await;
    for op in ["Add", "Replace"] {
        for (target, value) in
            [("displayName", "new"), ("title", "T"), ("name.givenName", "G"), ("name.middleName", "M")]
        {
            let after = patch(&server, &path, json!({ "op": op, "path": target, "value": value }))
                .await
                .expect(200)
                .json;
            assert_eq!(after.pointer(&format!("/{}", target.replace('.', "/"))), Some(&json!(value)));
        }
        server
            .patch(
                &path,
                json!([{ "op": "Remove", "path": "title" }, { "op": "Remove", "path": "name.middleName" }]),
            )
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn a_manager_is_set_in_many_shapes_and_cleared_by_nothing() {
    covers!("Q-U10", "Q-U11", "Q-U12");
    let server = interop().await;
    let (_, path) = ada(&server).await;
    let [boss] = users(&server, ["boss"]).await;
    let urn = format!("{ENTERPRISE}:manager");
    let sets = [
        json!({ "op": "Add", "path": urn, "value": boss }),
        json!({ "op": "Add", "path": "manager", "value": [{ "$ref": format!("http://x/Users/{boss}"), "value": boss }] }),
        json!({ "op": "Replace", "path": "manager", "value": boss }),
        json!({ "op": "replace", "path": urn, "value": { "value": boss } }),
        json!({ "op": "replace", "value": { (urn.clone()): { "value": boss } } }),
    ];
    let clears = [
        json!({ "op": "replace", "path": urn, "value": { "value": "" } }),
        json!({ "op": "Replace", "path": urn, "value": "" }),
        json!({ "op": "Replace", "path": "manager", "value": "" }),
        json!({ "op": "Remove", "path": urn }),
        json!({ "op": "Replace", "path": format!("{urn}.value"), "value": "" }),
    ];
    for (set, clear) in sets.into_iter().zip(clears) {
        let after = patch(&server, &path, set.clone()).await;
        assert_eq!(after.status, 200, "{set}: {}", after.json);
        assert_eq!(after.json[ENTERPRISE]["manager"]["value"], boss.as_str(), "{set}");
        let after = patch(&server, &path, clear.clone()).await;
        assert_eq!(after.status, 200, "{clear}: {}", after.json);
        assert_eq!(after.json[ENTERPRISE], json!({ "department": "Engines" }), "{clear}");
    }
}

#[tokio::test]
async fn app_roles_come_as_text_and_are_picked_by_a_boolean_in_quotes() {
    covers!("Q-U13", "Q-U14");
    let server = interop().await;
    let (_, path) = ada(&server).await;
    let document = "{\"id\":\"7\",\"value\":\"Admin\",\"displayName\":\"Admin\"}";
    let add = json!({ "op": "Add", "path": "roles", "value": [{ "value": document }] });
    let after = patch(&server, &path, add).await.expect(200).json;
    assert_eq!(after["roles"], json!([{ "value": document }]));

    let roles = [("value", "admin"), ("display", "Admin"), ("type", "x")].map(|(sub, value)| {
        json!({ "op": "Add", "path": format!("roles[primary eq \"True\"].{sub}"), "value": value })
    });
    let after = server.patch(&path, json!(roles)).await.expect(200).json;
    let admin = json!({ "primary": true, "value": "admin", "display": "Admin", "type": "x" });
    assert!(after["roles"].as_array().unwrap().contains(&admin), "{}", after["roles"]);
    assert_eq!(after["roles"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_scalar_in_an_array_is_unwrapped() {
    covers!("Q-U15");
    let server = interop().await;
    let (_, path) = ada(&server).await;
    for (target, pointer, value) in [
        ("title", "/title", json!("T")),
        ("active", "/active", json!(false)),
        ("name.givenName", "/name/givenName", json!("G")),
        ("emails[type eq \"work\"].value", "/emails/0/value", json!("n@x.test")),
    ] {
        let after = patch(&server, &path, json!({ "op": "Replace", "path": target, "value": [value] })).await;
        assert_eq!(after.status, 200, "{target}: {}", after.json);
        assert_eq!(after.json.pointer(pointer), Some(&value));
    }
}

#[tokio::test]
async fn many_additions_are_done_all_or_none() {
    covers!("Q-U16", "Q-U32");
    let server = interop().await;
    let user = server.user(json!({ "userName": "minimal" })).await;
    let path = format!("/Users/{}", id(&user));
    let mut operations: Vec<Value> = [
        "displayName",
        "title",
        "nickName",
        "userType",
        "locale",
        "timezone",
        "preferredLanguage",
        "externalId",
        "name.givenName",
        "name.familyName",
        "name.formatted",
        "name.middleName",
        "name.honorificPrefix",
        "name.honorificSuffix",
        "emails[type eq \"work\"].value",
        "phoneNumbers[type eq \"work\"].value",
        "phoneNumbers[type eq \"mobile\"].value",
        "phoneNumbers[type eq \"fax\"].value",
        "addresses[type eq \"work\"].formatted",
        "addresses[type eq \"work\"].streetAddress",
        "addresses[type eq \"work\"].locality",
        "addresses[type eq \"work\"].region",
        "addresses[type eq \"work\"].postalCode",
        "addresses[type eq \"work\"].country",
        "roles[primary eq \"True\"].display",
        "roles[primary eq \"True\"].value",
        "roles[primary eq \"True\"].type",
    ]
    .map(|target| json!({ "op": "add", "path": target, "value": "x" }))
    .into();
    for name in ["employeeNumber", "costCenter", "organization", "division", "department"] {
        operations.push(json!({ "op": "add", "path": format!("{ENTERPRISE}:{name}"), "value": "x" }));
    }
    operations.push(
        json!({ "op": "replace", "path": format!("{ENTERPRISE}:manager"), "value": { "value": "RANDOM" } }),
    );
    let mut broken = operations.clone();
    broken.push(json!({ "op": "add", "path": "active", "value": "perhaps" }));
    server.patch(&path, json!(broken)).await.expect_error(400, Some("invalidValue"));
    assert_eq!(server.get(&path).await.json, user);

    let after = server.patch(&path, json!(operations)).await.expect(200).json;
    assert_eq!(after["addresses"].as_array().unwrap().len(), 1);
    assert_eq!(after["addresses"][0]["country"], "x");
    assert_eq!(after["phoneNumbers"].as_array().unwrap().len(), 3);
    assert_eq!(after["roles"], json!([{ "primary": true, "display": "x", "value": "x", "type": "x" }]));
    assert_eq!(after[ENTERPRISE].as_object().unwrap().len(), 6);

    let in_order = json!([
        { "op": "Remove", "path": "title" },
        { "op": "Add", "path": "title", "value": "one" },
        { "op": "Replace", "path": "title", "value": "two" },
        { "op": "Remove", "path": "emails" },
        { "op": "Add", "path": "emails[type eq \"work\"].value", "value": "last@x.test" },
    ]);
    let after = server.patch(&path, in_order).await.expect(200).json;
    assert_eq!(after["title"], "two");
    assert_eq!(after["emails"], json!([{ "type": "work", "value": "last@x.test" }]));
}

#[tokio::test]
async fn the_message_may_be_empty_of_operations_or_full_of_extras() {
    covers!("Q-U17", "Q-U18");
    let server = interop().await;
    let (before, path) = ada(&server).await;
    let empty = json!({ "schemas": [PATCH_OP], "Operations": [] });
    server.call("PATCH", &path, Some(empty)).await.expect_error(400, Some("invalidSyntax"));
    assert_eq!(server.get(&path).await.json, before);
    let extras = json!({ "schemas": [PATCH_OP], "id": "x", "externalId": null, "Operations": [
        { "op": "Replace", "name": "addMember", "path": "title", "value": "T", "extra": [1] },
    ] });
    assert_eq!(server.call("PATCH", &path, Some(extras)).await.expect(200).json["title"], "T");
    let bare = json!({ "Operations": [{ "op": "replace", "value": { "title": "U" } }] });
    assert_eq!(server.call("PATCH", &path, Some(bare)).await.expect(200).json["title"], "U");
}

#[tokio::test]
async fn put_takes_back_what_get_gave_and_clears_what_is_null() {
    covers!("Q-U19", "Q-U20", "Q-U21", "Q-U22");
    let server = interop().await;
    let (before, path) = ada(&server).await;
    server.group(json!({ "displayName": "G", "members": [{ "value": id(&before) }] })).await;
    let mut echo = server.get(&path).await.json;
    echo["displayName"] = json!("Echo");
    echo["urn:okta:custom:1.0:user"] = json!({ "x": 1 });
    let after = server.put(&path, echo.clone()).await.expect(200).json;
    assert_eq!(after["displayName"], "Echo");
    for same in ["id", "userName", "emails", "groups", "name", ENTERPRISE, "active"] {
        assert_eq!(after[same], echo[same], "{same}");
    }
    let minimal = json!({ "active": true, "emails": null, "addresses": [], "phoneNumbers": [], "id": id(&before),
                          "name": { "givenName": "Ada" }, "schemas": [USER], "userName": "ada@x.test" });
    let after = server.put(&path, minimal).await.expect(200).json;
    assert!(after.get("emails").is_none() && after.get("addresses").is_none(), "{after}");
    assert_eq!(after["name"], json!({ "givenName": "Ada" }));

    // OneLogin: no `active`, an object for a list, other URNs.
    let template = json!({ "schemas": ["urn:scim:schemas:core:2.0"], "userName": "ada",
                           "emails": { "value": "ada@x.test", "type": "work", "primary": true } });
    let after = server.put(&format!("{path}?"), template).await.expect(200).json;
    assert_ne!(after["active"], false);
    assert_eq!(after["emails"], json!([{ "value": "ada@x.test", "type": "work", "primary": true }]));
}

#[tokio::test]
async fn a_password_alone_can_be_patched() {
    covers!("Q-U23");
    let server = interop().await;
    let (_, path) = ada(&server).await;
    let after = patch(&server, &path, json!({ "op": "replace", "value": { "password": "s3cret-x" } })).await;
    assert!(!after.expect(200).json.to_string().contains("s3cret-x"));
}

#[tokio::test]
async fn the_same_value_again_is_a_success_without_a_change() {
    covers!("Q-U24");
    let server = interop().await;
    let (before, path) = ada(&server).await;
    for operation in [
        json!({ "op": "Replace", "path": "displayName", "value": "Ada" }),
        json!({ "op": "Add", "path": "active", "value": "True" }),
        json!({ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "ada@x.test" }),
        json!({ "op": "replace", "value": { "name.givenName": "Ada", "externalId": "Ext-1" } }),
        json!({ "op": "Add", "path": format!("{ENTERPRISE}:department"), "value": "Engines" }),
    ] {
        assert_eq!(patch(&server, &path, operation).await.expect(200).json, before);
    }
}

#[tokio::test]
async fn identifiers_can_be_changed_unless_somebody_has_them() {
    covers!("Q-U25", "Q-U26");
    let server = interop().await;
    let (_, path) = ada(&server).await;
    users(&server, ["bob"]).await;
    let after =
        patch(&server, &path, json!({ "op": "Replace", "path": "externalId", "value": "Ext-2" })).await;
    assert_eq!(after.expect(200).json["externalId"], "Ext-2");
    assert_eq!(found(&server, "externalId eq \"Ext-2\"").await, 1);
    let taken = json!({ "op": "Replace", "path": "userName", "value": "BOB" });
    patch(&server, &path, taken).await.expect_error(409, Some("uniqueness"));
    let free = json!({ "op": "Replace", "path": "userName", "value": "countess" });
    assert_eq!(patch(&server, &path, free).await.expect(200).json["userName"], "countess");
}

#[tokio::test]
async fn a_path_to_an_unknown_attribute_does_not_hold_up_the_others() {
    covers!("Q-U27");
    let server = interop().await;
    let (_, path) = ada(&server).await;
    let operations = json!([
        { "op": "Add", "path": "urn:ietf:params:scim:schemas:extension:acme:2.0:User:tag", "value": "x" },
        { "op": "Replace", "path": "customField", "value": "x" },
        { "op": "Replace", "path": "customList[type eq \"x\"].value", "value": "x" },
        { "op": "Replace", "path": "title", "value": "T" },
        { "op": "replace", "value": { "anotherField": "x", "nickName": "N" } },
    ]);
    let after = server.patch(&path, operations).await.expect(200).json;
    assert_eq!((&after["title"], &after["nickName"]), (&json!("T"), &json!("N")));
    assert!(!after.to_string().contains("Field") && !after.to_string().contains("acme"), "{after}");
}

#[tokio::test]
async fn there_is_one_primary_value_at_most() {
    covers!("Q-U29");
    let server = interop().await;
    let emails = json!([{ "value": "a@x.test", "type": "work", "primary": true },
                        { "value": "b@x.test", "type": "home", "primary": true }]);
    let body = json!({ "schemas": [USER], "userName": "ada", "emails": emails });
    let created = server.post("/Users", body.clone()).await.expect(201).json;
    let path = format!("/Users/{}", id(&created));
    let put = server.put(&path, body).await.expect(200).json;
    let patched = patch(&server, &path, json!({ "op": "Replace", "path": "emails", "value": emails }))
        .await
        .expect(200)
        .json;
    for user in [created, put, patched] {
        let primaries = user["emails"].as_array().unwrap().iter().filter(|email| email["primary"] == true);
        assert_eq!(primaries.count(), 1, "{user}");
        assert_eq!(user["emails"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn replace_of_a_part_of_a_complex_attribute_keeps_the_rest() {
    covers!("Q-U30");
    let server = interop().await;
    let (_, path) = ada(&server).await;
    let name = json!({ "op": "replace", "path": "name", "value": { "familyName": "King" } });
    let after = patch(&server, &path, name).await.expect(200).json;
    assert_eq!(after["name"], json!({ "givenName": "Ada", "familyName": "King" }));
}

#[tokio::test]
async fn a_whole_resource_as_a_path_less_value_is_applied_but_for_its_read_only_parts() {
    covers!("Q-U31");
    let server = interop().await;
    let (_, path) = ada(&server).await;
    let mut whole = server.get(&path).await.json;
    let (own, created) = (whole["id"].clone(), whole["meta"]["created"].clone());
    whole["id"] = json!("other");
    whole["meta"] = json!({ "created": "1999-01-01T00:00:00Z" });
    whole["groups"] = json!([{ "value": "x" }]);
    whole["displayName"] = json!("Changed");
    whole["schemas"] = json!([USER]);
    let after = patch(&server, &path, json!({ "op": "replace", "value": whole })).await.expect(200).json;
    assert_eq!(after["displayName"], "Changed");
    assert_eq!((&after["id"], &after["meta"]["created"]), (&own, &created));
    assert!(after.get("groups").is_none());
    assert_eq!(after[ENTERPRISE]["department"], "Engines");
}
