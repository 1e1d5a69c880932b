//! PATCH as a whole: the message, paths, order, atomicity, answers (RFC 7644 §3.5.2).

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use scimulator::provider::ProviderConfig;
use scimulator::provider::profile::Profile;
use scimulator::provider::world::World;
use serde_json::{Value, json};

use crate::covers;
use crate::support::{ENTERPRISE, PATCH_OP, Server, USER, id};

/// A provider whose clock goes on by a second each time somebody looks at it.
async fn ticking() -> Server {
    let seconds = AtomicI64::new(1_800_000_000);
    let now = move || Timestamp::from_second(seconds.fetch_add(1, Ordering::Relaxed)).unwrap();
    let profile = Profile::named("rfc").unwrap();
    Server::with(ProviderConfig::loopback(profile, World::real().with_clock(now))).await
}

/// A user with something to patch, and its path.
async fn ada(server: &Server) -> (Value, String) {
    let user = server
        .user(json!({
            "userName": "ada", "displayName": "Ada", "nickName": "a",
            "name": { "givenName": "Ada", "familyName": "Lovelace" },
            "emails": [{ "value": "w@x.test", "type": "work", "primary": true },
                       { "value": "h@x.test", "type": "home" }],
        }))
        .await;
    let path = format!("/Users/{}", id(&user));
    (user, path)
}

fn replace(path: &str, value: Value) -> Value {
    json!([{ "op": "replace", "path": path, "value": value }])
}

#[tokio::test]
async fn patch_is_supported_as_announced_and_501_where_it_is_not() {
    covers!("RFC7644-3.5-02", "RFC7644-3.5-03", "RFC7644-3.5.2-01");
    let server = Server::rfc().await;
    let (_, path) = ada(&server).await;
    let config = server.get("/ServiceProviderConfig").await.expect(200).json;
    assert_eq!(config["patch"]["supported"], true);
    server.patch(&path, replace("title", json!("x"))).await.expect(200);

    let mut profile = Profile::named("rfc").unwrap();
    profile.features.patch = false;
    let server = Server::with(ProviderConfig::loopback(profile, World::real())).await;
    let (before, path) = ada(&server).await;
    let config = server.get("/ServiceProviderConfig").await.expect(200).json;
    assert_eq!(config["patch"]["supported"], false);
    server.patch(&path, replace("title", json!("x"))).await.expect_error(501, None);
    assert_eq!(server.get(&path).await.json, before);
}

#[tokio::test]
async fn json_patch_is_not_scim_patch() {
    covers!("RFC7644-3.5.2-02");
    let server = Server::rfc().await;
    let (before, path) = ada(&server).await;
    for op in ["move", "copy", "test"] {
        let operation = json!([{ "op": op, "path": "nickName", "from": "displayName", "value": "a" }]);
        server.patch(&path, operation).await.expect_error(400, Some("invalidSyntax"));
    }
    for index in ["emails[0].value", "emails[0]", "/emails/0", "/emails/0/value", "/nickName", "emails/0"] {
        let answer = server.patch(&path, replace(index, json!("evil@x.test"))).await;
        assert_eq!(answer.status, 400, "{index}");
        let scim_type = answer.json["scimType"].as_str().unwrap();
        assert!(["invalidPath", "invalidFilter"].contains(&scim_type), "{index}: {}", answer.json);
    }
    let bare = json!([{ "op": "replace", "path": "/nickName", "value": "x" }]);
    server.call("PATCH", &path, Some(bare)).await.expect_error(400, Some("invalidSyntax"));
    assert_eq!(server.get(&path).await.json, before);
}

#[tokio::test]
async fn a_message_of_the_wrong_form_is_refused() {
    covers!("RFC7644-3.5.2-03", "RFC7644-3.5.2-04", "RFC7644-3.5.2-05", "RFC7644-3.5.2-06");
    let server = Server::rfc().await;
    let (before, path) = ada(&server).await;
    let good = json!([{ "op": "replace", "path": "nickName", "value": "x" }]);
    let mut messages = vec![
        json!({ "Operations": good }),
        json!({ "schemas": [], "Operations": good }),
        json!({ "schemas": [USER], "Operations": good }),
        json!({ "schemas": PATCH_OP, "Operations": good }),
        json!({ "schemas": [PATCH_OP] }),
    ];
    for operations in [json!([]), json!({}), json!("replace"), json!([7]), json!([[]]), json!(null)] {
        messages.push(json!({ "schemas": [PATCH_OP], "Operations": operations }));
    }
    let ops = [
        json!(null),
        json!(""),
        json!("update"),
        json!("delete"),
        json!("Replace"),
        json!(1),
        json!(["add"]),
    ];
    for op in ops {
        let operation = json!([{ "op": op, "path": "nickName", "value": "x" }]);
        messages.push(json!({ "schemas": [PATCH_OP], "Operations": operation }));
    }
    messages.push(json!({ "schemas": [PATCH_OP], "Operations": [{ "path": "nickName", "value": "x" }] }));
    for message in messages {
        let answer = server.call("PATCH", &path, Some(message.clone())).await;
        assert_eq!(answer.status, 400, "{message}");
        answer.expect_error(400, Some("invalidSyntax"));
    }
    let twice = format!(
        "{{\"schemas\":[\"{PATCH_OP}\"],\"Operations\":[{{\"op\":\"add\",\"OP\":\"remove\",\"path\":\"nickName\",\"value\":\"x\"}}]}}"
    );
    let answer = server.call_raw("PATCH", &path, "application/scim+json", twice).await;
    answer.expect_error(400, Some("invalidSyntax"));
    assert_eq!(server.get(&path).await.json, before);
}

#[tokio::test]
async fn a_path_that_is_malformed_or_names_nothing_known_is_refused() {
    covers!("RFC7644-3.5.2-09", "RFC7644-3.5.2-10");
    let server = Server::rfc().await;
    let (before, path) = ada(&server).await;
    let malformed = [
        "",
        " ",
        ".",
        "..",
        "name.",
        ".name",
        "name..givenName",
        "name.givenName.x",
        "emails[",
        "emails]",
        "emails[]",
        "emails[type eq]",
        "emails[type eq \"work\"",
        "emails[type eq \"work\"]value",
        "emails[type eq \"work\"].",
        "emails[type eq \"work\"].value.x",
        "emails[type is \"work\"]",
        "emails[type eq \"work\"][value pr]",
        "emails[(type pr]",
        "7name",
        "na me",
        "urn:",
        "urn:x:",
    ];
    let unknown = [
        "bogusAttr",
        "name.bogus",
        "emails.bogus",
        "emails[type eq \"work\"].bogus",
        "emails[bogus pr]",
        "urn:example:2.0:Bogus:attr",
        &format!("{ENTERPRISE}:bogus"),
        &format!("{USER}:bogus"),
        "department",
    ];
    for bad in malformed.iter().chain(&unknown) {
        for op in ["add", "replace", "remove"] {
            let operation = json!([{ "op": op, "path": bad, "value": "x" }]);
            let answer = server.patch(&path, operation).await;
            assert_eq!(answer.status, 400, "{op} `{bad}`: {}", answer.json);
            let scim_type = answer.json["scimType"].as_str().unwrap();
            assert!(["invalidPath", "invalidFilter"].contains(&scim_type), "`{bad}`: {}", answer.json);
            let is_filter = bad.contains('[');
            assert!(is_filter || scim_type == "invalidPath", "`{bad}`: {}", answer.json);
        }
    }
    assert_eq!(server.get(&path).await.json, before);
}

#[tokio::test]
async fn paths_are_read_in_any_case_with_or_without_the_urn() {
    covers!("RFC7644-3.5.2-11", "RFC7644-3.5.2-17", "RFC7644-3.5.2-18");
    let server = Server::rfc().await;
    let (_, path) = ada(&server).await;
    let enterprise = |rest: &str| format!("{ENTERPRISE}:{rest}");
    let department = format!("/{ENTERPRISE}/department");
    let manager = format!("/{ENTERPRISE}/manager/value");
    let table = [
        ("displayName".into(), "/displayName"),
        ("DISPLAYNAME".into(), "/displayName"),
        (format!("{USER}:displayName"), "/displayName"),
        (format!("{}:DisplayName", USER.to_uppercase()), "/displayName"),
        ("NAME.GivenName".into(), "/name/givenName"),
        (format!("{USER}:name.familyName"), "/name/familyName"),
        (enterprise("department"), &department),
        (enterprise("DEPARTMENT").to_uppercase(), &department),
        (enterprise("manager.value"), &manager),
        ("Emails[TYPE EQ \"HOME\"].Value".into(), "/emails/1/value"),
    ];
    for (at, (target, place)) in table.iter().enumerate() {
        let value = json!(format!("value {at}"));
        let after = server.patch(&path, replace(target, value.clone())).await;
        assert_eq!(after.status, 200, "{target}: {}", after.json);
        assert_eq!(after.json.pointer(place), Some(&value), "{target}");
        // Only the element that the filter selects.
        assert_eq!(after.json["emails"][0]["value"], "w@x.test");
        assert_eq!(server.get(&path).await.json, after.json);
    }
}

#[tokio::test]
async fn an_extension_attribute_brings_its_urn_into_schemas() {
    covers!("RFC7644-3.5.2-19", "RFC7644-3.5.2-20");
    let server = Server::rfc().await;
    let number = format!("{ENTERPRISE}:employeeNumber");
    let (before, path) = ada(&server).await;
    assert_eq!(before["schemas"], json!([USER]));
    let add = json!([{ "op": "add", "path": number, "value": "1" }]);
    let after = server.patch(&path, add).await.expect(200).json;
    assert_eq!(after["schemas"], json!([USER, ENTERPRISE]));
    assert_eq!(after[ENTERPRISE], json!({ "employeeNumber": "1" }));
    let gone = server.patch(&path, json!([{ "op": "remove", "path": number }])).await.expect(200).json;
    assert_eq!(gone["schemas"], json!([USER]));

    let both = json!([
        { "op": "add", "path": "schemas", "value": [ENTERPRISE] },
        { "op": "add", "value": { ENTERPRISE: { "employeeNumber": "2" } } },
    ]);
    let after = server.patch(&path, both).await.expect(200).json;
    assert_eq!(after["schemas"], json!([USER, ENTERPRISE]));
    assert_eq!(after[ENTERPRISE], json!({ "employeeNumber": "2" }));
}

#[tokio::test]
async fn operations_run_in_order_each_on_the_result_of_the_one_before() {
    covers!("RFC7644-3.5.2-21");
    let server = Server::rfc().await;
    let (_, path) = ada(&server).await;
    let operations = json!([
        { "op": "replace", "path": "nickName", "value": "A" },
        { "op": "replace", "path": "nickName", "value": "B" },
        { "op": "remove", "path": "emails" },
        { "op": "add", "path": "emails", "value": [{ "value": "x@x.test", "type": "other" }] },
        { "op": "replace", "path": "emails[type eq \"other\"].value", "value": "y@x.test" },
        { "op": "add", "path": "title", "value": "T" },
        { "op": "remove", "path": "title" },
    ]);
    let after = server.patch(&path, operations).await.expect(200).json;
    assert_eq!(after["nickName"], "B");
    assert_eq!(after["emails"], json!([{ "value": "y@x.test", "type": "other" }]));
    assert!(after.get("title").is_none());
}

#[tokio::test]
async fn a_new_primary_value_resets_the_old_one() {
    covers!("RFC7644-3.5.2-22", "RFC7644-3.5.2.3-12");
    let server = Server::rfc().await;
    let primaries = |user: &Value| -> Vec<String> {
        let emails = user["emails"].as_array().unwrap().iter();
        emails.filter(|e| e["primary"] == true).map(|e| e["value"].as_str().unwrap().to_owned()).collect()
    };
    let table = [
        (
            json!({ "op": "add", "path": "emails", "value": [{ "value": "n@x.test", "primary": true }] }),
            "n@x.test",
        ),
        (
            json!({ "op": "add", "path": "emails", "value": { "value": "n@x.test", "primary": true } }),
            "n@x.test",
        ),
        (
            json!({ "op": "add", "value": { "emails": [{ "value": "n@x.test", "primary": true }] } }),
            "n@x.test",
        ),
        (json!({ "op": "replace", "path": "emails[type eq \"home\"].primary", "value": true }), "h@x.test"),
        (json!({ "op": "add", "path": "emails[type eq \"home\"].primary", "value": true }), "h@x.test"),
        (
            json!({ "op": "replace", "path": "emails[type eq \"home\"]",
                    "value": { "value": "n@x.test", "type": "home", "primary": true } }),
            "n@x.test",
        ),
    ];
    for (operation, primary) in table {
        let (user, path) = ada(&server).await;
        assert_eq!(primaries(&user), ["w@x.test"]);
        let after = server.patch(&path, json!([operation])).await.expect(200).json;
        assert_eq!(primaries(&after), [primary], "{operation}");
        assert!(after["emails"].as_array().unwrap().iter().any(|email| email["value"] == "w@x.test"));
        server.delete(&path).await.expect(204);
    }
}

#[tokio::test]
async fn a_patch_that_fails_anywhere_changes_nothing_at_all() {
    covers!(
        "RFC7644-3.5.2-12",
        "RFC7644-3.5.2-16",
        "RFC7644-3.5.2-23",
        "RFC7644-3.5.2-24",
        "RFC7644-3.5.2-25"
    );
    let server = Server::rfc().await;
    let (before, path) = ada(&server).await;
    let failures = [
        (json!({ "op": "replace", "path": "id", "value": "y" }), "mutability"),
        (json!({ "op": "replace", "path": "meta.created", "value": "1999-01-01T00:00:00Z" }), "mutability"),
        (json!({ "op": "remove", "path": "userName" }), "mutability"),
        (json!({ "op": "replace", "path": "active", "value": "maybe" }), "invalidValue"),
        (json!({ "op": "replace", "path": "nickName", "value": { "a": 1 } }), "invalidValue"),
        (json!({ "op": "replace", "path": "emails[type eq \"fax\"].value", "value": "x" }), "noTarget"),
        (json!({ "op": "remove" }), "noTarget"),
        (json!({ "op": "replace", "path": "bogus", "value": "x" }), "invalidPath"),
        (json!({ "op": "explode", "path": "nickName" }), "invalidSyntax"),
        (json!({ "op": "add", "value": { "title": "x", "active": "maybe" } }), "invalidValue"),
    ];
    for (failure, scim_type) in failures {
        let operations = json!([
            { "op": "replace", "path": "displayName", "value": "X" },
            { "op": "remove", "path": "emails" },
            { "op": "add", "path": format!("{ENTERPRISE}:department"), "value": "D" },
            failure,
            { "op": "add", "path": "title", "value": "T" },
        ]);
        server.patch(&path, operations).await.expect_error(400, Some(scim_type));
        // Version and time included.
        assert_eq!(server.get(&path).await.json, before, "{failure}");
    }
}

#[tokio::test]
async fn read_only_attributes_are_not_patched() {
    covers!("RFC7644-3.5.2-13");
    let server = Server::rfc().await;
    let (user, path) = ada(&server).await;
    let group = server.group(json!({ "displayName": "G", "members": [{ "value": id(&user) }] })).await;
    let before = server.get(&path).await.json;
    let values = [
        ("id", json!("other")),
        ("meta", json!({ "resourceType": "Group" })),
        ("meta.created", json!("1999-01-01T00:00:00Z")),
        ("meta.lastModified", json!("1999-01-01T00:00:00Z")),
        ("groups", json!([{ "value": id(&group) }])),
        ("groups.display", json!("x")),
    ];
    for (target, value) in values {
        for op in ["add", "replace", "remove"] {
            let operation = json!([{ "op": op, "path": target, "value": value }]);
            let answer = server.patch(&path, operation).await;
            assert_eq!(answer.status, 400, "{op} {target}: {}", answer.json);
            answer.expect_error(400, Some("mutability"));
        }
    }
    for value in [json!({ "id": "other" }), json!({ "groups": [] }), json!({ "meta": { "version": "x" } })] {
        let operation = json!([{ "op": "replace", "value": value }]);
        server.patch(&path, operation).await.expect_error(400, Some("mutability"));
    }
    assert_eq!(server.get(&path).await.json, before);
}

#[tokio::test]
async fn an_immutable_sub_attribute_is_not_patched_once_it_has_a_value() {
    covers!("RFC7644-3.5.2-14");
    let server = Server::rfc().await;
    let (user, _) = ada(&server).await;
    let bob = server.user(json!({ "userName": "bob" })).await;
    let group = server.group(json!({ "displayName": "G", "members": [{ "value": id(&user) }] })).await;
    let path = format!("/Groups/{}", id(&group));
    let target = format!("members[value eq \"{}\"].value", id(&user));
    server.patch(&path, replace(&target, json!(id(&bob)))).await.expect_error(400, Some("mutability"));
    server
        .patch(&path, json!([{ "op": "remove", "path": target }]))
        .await
        .expect_error(400, Some("mutability"));
    assert_eq!(server.get(&path).await.json, group);
}

#[tokio::test]
async fn success_is_the_whole_resource_or_what_was_asked_for() {
    covers!("RFC7644-3.5.2-26", "RFC7644-3.5.2-27");
    let server = Server::rfc().await;
    let (_, path) = ada(&server).await;
    let answer = server.patch(&path, replace("title", json!("T"))).await.expect(200);
    assert_eq!(answer.json["title"], "T");
    assert_eq!(answer.json, server.get(&path).await.json);

    let with = format!("{path}?attributes=displayName");
    let part = server.patch(&with, replace("displayName", json!("D"))).await.expect(200).json;
    let mut names: Vec<_> = part.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["displayName", "id", "schemas"]);
    assert_eq!(part["displayName"], "D");
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_patched() {
    covers!("RFC7644-3.5.2-28");
    let server = Server::rfc().await;
    let (user, _) = ada(&server).await;
    for path in ["/Users/unknown".to_owned(), format!("/Groups/{}", id(&user))] {
        server.patch(&path, replace("displayName", json!("x"))).await.expect_error(404, None);
    }
}

#[tokio::test]
async fn only_a_change_advances_version_and_time() {
    covers!("RFC7644-3.5.2-29", "RFC7644-3.5.2.1-13", "RFC7644-3.5.2.1-14", "RFC7644-3.5.2.1-15");
    let server = ticking().await;
    let (mut before, path) = ada(&server).await;
    let changes = [
        json!({ "op": "add", "path": "title", "value": "T" }),
        json!({ "op": "replace", "path": "title", "value": "U" }),
        json!({ "op": "remove", "path": "title" }),
    ];
    for change in changes {
        let after = server.patch(&path, json!([change])).await.expect(200).json;
        let time = |user: &Value| user["meta"]["lastModified"].as_str().unwrap().to_owned();
        assert!(time(&after) > time(&before), "{change}");
        assert_ne!(after["meta"]["version"], before["meta"]["version"]);
        assert_eq!(after["meta"]["created"], before["meta"]["created"]);
        before = after;
    }
    let no_changes = [
        json!({ "op": "add", "path": "nickName", "value": "a" }),
        json!({ "op": "add", "path": "name", "value": { "givenName": "Ada" } }),
        json!({ "op": "add", "path": "emails", "value": [{ "value": "h@x.test", "type": "home" }] }),
        json!({ "op": "add", "value": { "displayName": "Ada", "nickName": "a" } }),
        json!({ "op": "replace", "path": "emails[type eq \"home\"].value", "value": "h@x.test" }),
        json!({ "op": "remove", "path": "title" }),
    ];
    for change in no_changes {
        let after = server.patch(&path, json!([change])).await.expect(200);
        assert_eq!(after.json, before, "{change}");
        assert_eq!(server.get(&path).await.json, before, "{change}");
    }
}

#[tokio::test]
async fn a_patch_into_a_conflict_is_refused() {
    covers!("RFC7644-3.5.2-30");
    let server = Server::rfc().await;
    let (before, path) = ada(&server).await;
    server.user(json!({ "userName": "bob" })).await;
    for operations in [
        replace("userName", json!("bob")),
        replace("userName", json!("BOB")),
        json!([{ "op": "add", "value": { "userName": "bob", "title": "x" } }]),
        json!([{ "op": "replace", "path": "title", "value": "x" }, { "op": "add", "path": "userName", "value": "bob" }]),
    ] {
        server.patch(&path, operations).await.expect_error(409, Some("uniqueness"));
        assert_eq!(server.get(&path).await.json, before);
    }
    server.patch(&path, replace("userName", json!("Ada"))).await.expect(200);
}
