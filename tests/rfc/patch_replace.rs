//! The `replace` operation (RFC 7644 §3.5.2.3).

use serde_json::{Value, json};

use crate::covers;
use crate::support::{ENTERPRISE, Server, USER, id};

/// A user with something to replace, and its path.
async fn ada(server: &Server) -> (Value, String) {
    let user = server
        .user(json!({
            "userName": "ada", "title": "Countess", "displayName": "Ada", "active": true,
            "name": { "givenName": "Ada", "familyName": "Lovelace" },
            "emails": [{ "value": "w@x.test", "type": "work" }, { "value": "h@x.test", "type": "home" }],
            "phoneNumbers": [
                { "value": "1", "type": "work", "display": "one" },
                { "value": "2", "type": "home" },
                { "value": "3", "type": "work" },
            ],
            "addresses": [
                { "type": "work", "streetAddress": "1 A St", "locality": "Deal" },
                { "type": "work", "streetAddress": "2 B St" },
                { "type": "home", "streetAddress": "3 C St" },
            ],
        }))
        .await;
    let path = format!("/Users/{}", id(&user));
    (user, path)
}

fn replace(path: &str, value: Value) -> Value {
    json!([{ "op": "replace", "path": path, "value": value }])
}

/// Replaces, and asserts that nothing but these members came out differently; `null` for those that are gone.
async fn changes(server: &Server, operations: Value, changes: Value) {
    let (before, path) = ada(server).await;
    let answer = server.patch(&path, operations.clone()).await;
    assert_eq!(answer.status, 200, "{operations}: {}", answer.json);
    let read = server.get(&path).await.json;
    assert_eq!(answer.json, read);
    let mut expected = before;
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(expected.as_object_mut().unwrap().shift_remove(name)),
            value => expected[name] = value.clone(),
        }
    }
    expected["meta"] = read["meta"].clone();
    assert_eq!(read, expected, "{operations}");
    server.delete(&path).await.expect(204);
}

#[tokio::test]
async fn replace_without_a_path_replaces_the_attributes_listed_and_no_others() {
    covers!("RFC7644-3.5.2.3-01", "RFC7644-3.5.2.3-02");
    let server = Server::rfc().await;
    let value = json!({ "displayName": "D", "emails": [{ "value": "n@x.test" }] });
    changes(&server, json!([{ "op": "replace", "value": value }]), value.clone()).await;
    let extension = json!({ ENTERPRISE: { "department": "D" } });
    let after = json!({ "schemas": [USER, ENTERPRISE], ENTERPRISE: { "department": "D" } });
    changes(&server, json!([{ "op": "replace", "value": extension }]), after).await;

    let (before, path) = ada(&server).await;
    for value in [json!("x"), json!(["displayName"]), json!(true), json!(null)] {
        let answer = server.patch(&path, json!([{ "op": "replace", "value": value }])).await;
        answer.expect_error(400, Some("invalidValue"));
    }
    assert_eq!(server.get(&path).await.json, before);
}

#[tokio::test]
async fn replace_sets_a_single_value_whether_there_was_one_or_not() {
    covers!("RFC7644-3.5.2.3-03", "RFC7644-3.5.2.3-06");
    let server = Server::rfc().await;
    changes(&server, replace("title", json!("T")), json!({ "title": "T" })).await;
    changes(&server, replace("active", json!(false)), json!({ "active": false })).await;
    changes(&server, replace("nickName", json!("N")), json!({ "nickName": "N" })).await;
    let ims = json!([{ "value": "i" }]);
    changes(&server, replace("ims", ims.clone()), json!({ "ims": ims })).await;
    let number = format!("{ENTERPRISE}:employeeNumber");
    let after = json!({ "schemas": [USER, ENTERPRISE], ENTERPRISE: { "employeeNumber": "7" } });
    changes(&server, replace(&number, json!("7")), after).await;
}

#[tokio::test]
async fn replace_of_a_multi_valued_attribute_swaps_the_whole_list() {
    covers!("RFC7644-3.5.2.3-04", "RFC7644-3.5.2.3-05");
    let server = Server::rfc().await;
    let emails = json!([{ "value": "n@x.test", "type": "other" }]);
    changes(&server, replace("emails", emails.clone()), json!({ "emails": emails })).await;
    changes(&server, replace("emails", json!([])), json!({ "emails": null })).await;
    changes(&server, replace("emails", json!(null)), json!({ "emails": null })).await;
    let cleared = json!([{ "op": "replace", "value": { "emails": [], "title": null } }]);
    changes(&server, cleared, json!({ "emails": null, "title": null })).await;

    let (ada, _) = ada(&server).await;
    let bob = server.user(json!({ "userName": "bob" })).await;
    let group = server.group(json!({ "displayName": "G", "members": [{ "value": id(&ada) }] })).await;
    let path = format!("/Groups/{}", id(&group));
    let after =
        server.patch(&path, replace("members", json!([{ "value": id(&bob) }]))).await.expect(200).json;
    assert_eq!(after["members"].as_array().unwrap().len(), 1);
    assert_eq!(after["members"][0]["value"], id(&bob));
    let after = server.patch(&path, replace("members", json!([]))).await.expect(200).json;
    assert!(after.get("members").is_none(), "{after}");
}

#[tokio::test]
async fn replace_of_a_complex_attribute_merges_and_demands_sub_attributes() {
    covers!("RFC7644-3.5.2.3-07", "RFC7644-3.5.2.3-08");
    let server = Server::rfc().await;
    let after = json!({ "name": { "givenName": "Ada", "familyName": "F", "middleName": "M" } });
    let value = json!({ "familyName": "F", "middleName": "M" });
    changes(&server, replace("name", value), after).await;

    let (before, path) = ada(&server).await;
    for value in [json!("x"), json!(7), json!(["x"]), json!([{ "familyName": "F" }])] {
        server.patch(&path, replace("name", value)).await.expect_error(400, Some("invalidValue"));
    }
    assert_eq!(server.get(&path).await.json, before);
}

#[tokio::test]
async fn replace_with_a_filter_concerns_every_match() {
    covers!("RFC7644-3.5.2.3-09", "RFC7644-3.5.2.3-10");
    let server = Server::rfc().await;
    // Two equal phones are one afterwards.
    let (_, path) = ada(&server).await;
    let value = json!({ "value": "9", "type": "work" });
    let after = server.patch(&path, replace("phoneNumbers[type eq \"work\"]", value)).await.expect(200).json;
    let left: Vec<_> = after["phoneNumbers"].as_array().unwrap().iter().map(|p| &p["value"]).collect();
    assert!(left.contains(&&json!("9")) && left.contains(&&json!("2")), "{after}");
    assert!(!left.contains(&&json!("1")) && !left.contains(&&json!("3")), "{after}");
    server.delete(&path).await.expect(204);

    let addresses = json!([
        { "type": "work", "streetAddress": "S", "locality": "Deal" },
        { "type": "work", "streetAddress": "S" },
        { "type": "home", "streetAddress": "3 C St" },
    ]);
    let street = replace("addresses[type eq \"work\"].streetAddress", json!("S"));
    changes(&server, street, json!({ "addresses": addresses })).await;
}

#[tokio::test]
async fn replace_with_a_filter_that_matches_nothing_has_no_target() {
    covers!("RFC7644-3.5.2.3-11");
    let server = Server::rfc().await;
    let (before, path) = ada(&server).await;
    for target in
        ["emails[type eq \"nope\"].value", "emails[type eq \"nope\"]", "ims[type eq \"xmpp\"].value"]
    {
        for value in [json!("x"), json!({ "value": "x" })] {
            let answer = server.patch(&path, replace(target, value)).await;
            answer.expect_error(400, Some("noTarget"));
        }
    }
    assert_eq!(server.get(&path).await.json, before);
}

#[tokio::test]
async fn replace_with_a_value_that_does_not_fit_is_refused() {
    covers!("RFC7644-3.5.2.3-13", "RFC7644-3.5.2.3-14", "RFC7644-3.5.2.3-15");
    let server = Server::rfc().await;
    let (before, path) = ada(&server).await;
    let wrong = [
        ("active", json!("maybe")),
        ("active", json!("false")),
        ("active", json!(0)),
        ("userName", json!({})),
        ("userName", json!(["eve"])),
        ("userName", json!(7)),
        ("userName", json!("")),
        ("userName", json!(null)),
        ("emails", json!("x@x.test")),
        ("emails[type eq \"work\"].value", json!({ "value": "x" })),
        ("emails[type eq \"work\"].primary", json!("yes")),
        ("name.givenName", json!([])),
    ];
    for (target, value) in wrong {
        let answer = server.patch(&path, replace(target, value.clone())).await;
        assert_eq!(answer.json["scimType"], "invalidValue", "{target}: {value}: {}", answer.json);
        answer.expect_error(400, Some("invalidValue"));
    }
    for operation in [json!({ "op": "replace", "path": "title" }), json!({ "op": "replace" })] {
        server.patch(&path, json!([operation])).await.expect_error(400, Some("invalidValue"));
    }
    assert_eq!(server.get(&path).await.json, before);
}
