//! The letter of RFC 7644 §3.5.2. Unless a test says otherwise, the rules hold under both policies.

use serde_json::{Value, json};

use super::{INTEROP, STRICT, ada, badged, message, outcome, patched, run, run_typed, tour, with};
use crate::protocol::message::PATCH_OP;
use crate::protocol::patch::PatchRequest;
use crate::protocol::policy::{Policy, Unknown};
use crate::protocol::schema::{ENTERPRISE_USER, USER};

/// Checks a table of operations on a resource under both policies.
fn table(resource: &Value, rows: &[(Value, &str)]) {
    for (operation, expected) in rows {
        for (name, policy) in [("strict", STRICT), ("interop", INTEROP)] {
            assert_eq!(outcome(resource, json!([operation]), policy), *expected, "{name} {operation}");
        }
    }
}

/// Checks what one operation makes of single members of the example user.
fn becomes(rows: &[(Value, Value)]) {
    for (operation, expected) in rows {
        for policy in [STRICT, INTEROP] {
            assert_eq!(
                patched(&ada(), json!([operation]), policy),
                with(ada(), expected.clone()),
                "{operation}"
            );
        }
    }
}

fn parse_outcome(body: Value, policy: &Policy) -> &'static str {
    match PatchRequest::parse(&body, policy) {
        Ok(_) => "ok",
        Err(error) => error.scim_type.map_or("none", |scim_type| scim_type.keyword()),
    }
}

#[test]
fn the_message_must_be_a_patch_op() {
    let operation = json!({ "op": "remove", "path": "title" });
    for (body, expected) in [
        (json!({ "schemas": [PATCH_OP], "Operations": [operation] }), "ok"),
        (
            json!({ "SCHEMAS": [PATCH_OP.to_uppercase()], "operations": [{ "OP": "remove", "Path": "title" }] }),
            "ok",
        ),
        (
            json!({ "schemas": [PATCH_OP], "id": "x", "Operations": [{ "op": "remove", "path": "title", "name": "n" }] }),
            "ok",
        ),
        (json!({ "Operations": [operation] }), "invalidSyntax"),
        (json!({ "schemas": [], "Operations": [operation] }), "invalidSyntax"),
        (json!({ "schemas": [USER], "Operations": [operation] }), "invalidSyntax"),
        (json!({ "schemas": PATCH_OP, "Operations": [operation] }), "invalidSyntax"),
        (json!({ "schemas": [PATCH_OP] }), "invalidSyntax"),
        (json!({ "schemas": [PATCH_OP], "Operations": [] }), "invalidSyntax"),
        (json!({ "schemas": [PATCH_OP], "Operations": {} }), "invalidSyntax"),
        (json!({ "schemas": [PATCH_OP], "Operations": ["x"] }), "invalidSyntax"),
        (
            json!({ "schemas": [PATCH_OP], "Operations": [{ "path": "title", "value": "x" }] }),
            "invalidSyntax",
        ),
        (
            json!({ "schemas": [PATCH_OP], "Operations": [{ "op": "add", "Op": "add", "path": "title", "value": "x" }] }),
            "invalidSyntax",
        ),
        (json!([]), "invalidSyntax"),
    ] {
        assert_eq!(parse_outcome(body.clone(), STRICT), expected, "{body}");
    }
}

#[test]
fn operations_must_be_complete() {
    for (operation, expected) in [
        (json!({ "op": "move", "path": "title", "value": "x" }), "invalidSyntax"),
        (json!({ "op": 1, "path": "title", "value": "x" }), "invalidSyntax"),
        (json!({ "op": "add", "path": "title" }), "invalidValue"),
        (json!({ "op": "replace", "path": "title" }), "invalidValue"),
        (json!({ "op": "add" }), "invalidValue"),
        (json!({ "op": "add", "value": "x" }), "invalidValue"),
        (json!({ "op": "replace", "value": [] }), "invalidValue"),
        (json!({ "op": "remove" }), "noTarget"),
        (json!({ "op": "remove", "path": null }), "noTarget"),
        (json!({ "op": "replace", "path": 1, "value": "x" }), "invalidPath"),
    ] {
        for policy in [STRICT, INTEROP] {
            assert_eq!(parse_outcome(message(json!([operation])), policy), expected, "{operation}");
        }
    }
    assert_eq!(
        outcome(&ada(), json!([{ "op": "Replace", "path": "title", "value": "x" }]), STRICT),
        "invalidSyntax"
    );
}

#[test]
fn the_number_of_operations_is_bounded() {
    let operations = vec![json!({ "op": "remove", "path": "title" }); super::super::MAX_OPERATIONS + 1];
    assert_eq!(PatchRequest::parse(&message(operations.into()), STRICT).unwrap_err().status, 413);
}

#[test]
fn messages_name_the_operation_and_the_place() {
    let detail = |operations| run(&ada(), operations, STRICT).unwrap_err().detail;
    let fine = json!({ "op": "replace", "path": "title", "value": "x" });
    insta::assert_snapshot!(
        detail(json!([fine, fine, { "op": "add", "path": "emails", "value": [{ "value": 1 }] }])),
        @"Operations[2]: emails[0].value: expected a string, found `1`"
    );
    insta::assert_snapshot!(detail(json!([{ "op": "move" }])), @"Operations[0]: `op`: `move` is not one of `add`, `remove`, `replace`");
    insta::assert_snapshot!(
        detail(json!([{ "op": "replace", "path": "emails[type eq \"x\"].value", "value": "x" }])),
        @r#"Operations[0]: `emails[type eq "x"].value` matches no value of the resource"#
    );
    insta::assert_snapshot!(
        detail(json!([{ "op": "replace", "path": "meta.created", "value": "x" }])),
        @"Operations[0]: `meta.created`: `meta` is readOnly"
    );
    insta::assert_snapshot!(
        detail(json!([{ "op": "remove", "path": "userName" }])),
        @"Operations[0]: userName: is required and cannot be removed"
    );
    insta::assert_snapshot!(
        detail(json!([{ "op": "remove", "path": "emails", "value": [{ "value": "ada@work" }] }])),
        @r#"Operations[0]: emails: `remove` takes no `value`; name the values in the path, such as `emails[value eq "…"]`"#
    );
    insta::assert_snapshot!(
        detail(json!([{ "op": "replace", "path": "shoe.size", "value": 1 }])),
        @"Operations[0]: `shoe.size` names no attribute of resource type User"
    );
}

#[test]
fn add_sets_merges_and_appends() {
    becomes(&[
        (json!({ "op": "add", "path": "nickName", "value": "A" }), json!({ "nickName": "A" })),
        (json!({ "op": "add", "path": "TITLE", "value": "A" }), json!({ "title": "A" })),
        (
            json!({ "op": "add", "path": "name", "value": { "middleName": "K" } }),
            json!({ "name": { "givenName": "Ada", "familyName": "Lovelace", "middleName": "K" } }),
        ),
        (
            json!({ "op": "add", "path": "name.givenName", "value": "A" }),
            json!({ "name": { "givenName": "A", "familyName": "Lovelace" } }),
        ),
        (
            json!({ "op": "add", "path": "emails", "value": { "value": "x" } }),
            json!({ "emails": [ada()["emails"][0], ada()["emails"][1], { "value": "x" }] }),
        ),
        (json!({ "op": "add", "path": "emails", "value": [] }), json!({})),
        (
            json!({ "op": "add", "path": "phoneNumbers", "value": [{ "value": "1" }] }),
            json!({ "phoneNumbers": [{ "value": "1" }] }),
        ),
        (
            json!({ "op": "add", "path": "emails[type eq \"home\"].value", "value": "x" }),
            json!({ "emails": [ada()["emails"][0], { "value": "x", "type": "home" }] }),
        ),
        (
            json!({ "op": "add", "path": "emails[type eq \"home\"]", "value": { "display": "x" } }),
            json!({ "emails": [ada()["emails"][0], { "value": "ada@home", "type": "home", "display": "x" }] }),
        ),
        (
            json!({ "op": "add", "value": { ENTERPRISE_USER: { "division": "D" }, "title": "T" } }),
            json!({ "title": "T", ENTERPRISE_USER:
                { "department": "R", "manager": { "value": "m1", "$ref": "../Users/m1" }, "division": "D" } }),
        ),
    ]);
}

#[test]
fn replace_exchanges_or_merges() {
    becomes(&[
        (json!({ "op": "replace", "path": "title", "value": "T" }), json!({ "title": "T" })),
        (json!({ "op": "replace", "path": "nickName", "value": "N" }), json!({ "nickName": "N" })),
        (json!({ "op": "replace", "path": "title", "value": null }), json!({ "title": null })),
        (
            json!({ "op": "replace", "path": "name", "value": { "familyName": "King", "givenName": null } }),
            json!({ "name": { "familyName": "King" } }),
        ),
        (json!({ "op": "replace", "path": "name", "value": null }), json!({ "name": null })),
        (json!({ "op": "replace", "path": "emails", "value": [] }), json!({ "emails": null })),
        (json!({ "op": "replace", "path": "emails", "value": null }), json!({ "emails": null })),
        (
            json!({ "op": "replace", "path": "emails", "value": [{ "value": "x" }] }),
            json!({ "emails": [{ "value": "x" }] }),
        ),
        (
            json!({ "op": "replace", "path": "emails[type eq \"home\"]", "value": { "value": "x" } }),
            json!({ "emails": [ada()["emails"][0], { "value": "x" }] }),
        ),
        (
            json!({ "op": "replace", "path": "emails[type eq \"home\"]", "value": null }),
            json!({ "emails": [ada()["emails"][0]] }),
        ),
        (
            json!({ "op": "replace", "path": "emails.type", "value": "other" }),
            json!({ "emails": [
                { "value": "ada@work", "type": "other", "primary": true }, { "value": "ada@home", "type": "other" }] }),
        ),
        (
            json!({ "op": "replace", "path": format!("{ENTERPRISE_USER}:manager.value"), "value": "m2" }),
            json!({ ENTERPRISE_USER: { "department": "R", "manager": { "value": "m2", "$ref": "../Users/m1" } } }),
        ),
        (
            json!({ "op": "replace", "path": format!("{USER}:displayName").to_uppercase(), "value": "D" }),
            json!({ "displayName": "D" }),
        ),
        (
            json!({ "op": "replace", "path": ENTERPRISE_USER, "value": { "department": "S" } }),
            json!({ ENTERPRISE_USER: { "department": "S", "manager": { "value": "m1", "$ref": "../Users/m1" } } }),
        ),
    ]);
}

#[test]
fn remove_unassigns() {
    becomes(&[
        (json!({ "op": "remove", "path": "title" }), json!({ "title": null })),
        (json!({ "op": "remove", "path": "title", "value": "ignored" }), json!({ "title": null })),
        (json!({ "op": "remove", "path": "nickName" }), json!({})),
        (json!({ "op": "remove", "path": "phoneNumbers" }), json!({})),
        (json!({ "op": "remove", "path": "phoneNumbers.type" }), json!({})),
        (
            json!({ "op": "remove", "path": "name.givenName" }),
            json!({ "name": { "familyName": "Lovelace" } }),
        ),
        (json!({ "op": "remove", "path": "name.middleName" }), json!({})),
        (json!({ "op": "remove", "path": "emails" }), json!({ "emails": null })),
        (
            json!({ "op": "remove", "path": "emails[type eq \"work\"]" }),
            json!({ "emails": [ada()["emails"][1]] }),
        ),
        (json!({ "op": "remove", "path": "emails[value pr]" }), json!({ "emails": null })),
        (
            json!({ "op": "remove", "path": "emails[type eq \"home\"].type" }),
            json!({ "emails": [ada()["emails"][0], { "value": "ada@home" }] }),
        ),
        (
            json!({ "op": "remove", "path": "emails.type" }),
            json!({ "emails": [{ "value": "ada@work", "primary": true }, { "value": "ada@home" }] }),
        ),
        (
            json!({ "op": "remove", "path": format!("{ENTERPRISE_USER}:manager") }),
            json!({ ENTERPRISE_USER: { "department": "R" } }),
        ),
        (
            json!({ "op": "remove", "path": ENTERPRISE_USER }),
            json!({ ENTERPRISE_USER: null, "schemas": [USER] }),
        ),
    ]);
}

#[test]
fn an_extension_without_data_leaves_schemas() {
    for policy in [STRICT, INTEROP] {
        let operations = json!([
            { "op": "remove", "path": format!("{ENTERPRISE_USER}:manager") },
            { "op": "replace", "path": format!("{ENTERPRISE_USER}:department"), "value": null },
        ]);
        assert_eq!(
            patched(&ada(), operations, policy),
            with(ada(), json!({ ENTERPRISE_USER: null, "schemas": [USER] }))
        );
    }
}

#[test]
fn what_changes_nothing_says_so() {
    table(
        &ada(),
        &[
            (json!({ "op": "replace", "path": "title", "value": "Countess" }), "unchanged"),
            (json!({ "op": "add", "path": "name", "value": { "givenName": "Ada" } }), "unchanged"),
            (
                json!({ "op": "add", "path": "emails", "value": [{ "type": "work", "value": "ada@work" }] }),
                "unchanged",
            ),
            (
                json!({ "op": "add", "path": "emails", "value": [{ "type": "home", "value": "ada@home", "primary": null }] }),
                "unchanged",
            ),
            (json!({ "op": "replace", "path": "emails", "value": ada()["emails"] }), "unchanged"),
            (
                json!({ "op": "replace", "value": { "active": true, ENTERPRISE_USER: { "department": "R" } } }),
                "unchanged",
            ),
            (json!({ "op": "remove", "path": "nickName" }), "unchanged"),
            (json!({ "op": "add", "value": {} }), "unchanged"),
            (json!({ "op": "replace", "path": "title", "value": "countess" }), "ok"),
        ],
    );
    let there_and_back = json!([
        { "op": "replace", "path": "title", "value": "x" }, { "op": "replace", "path": "title", "value": "Countess" }]);
    assert_eq!(outcome(&ada(), there_and_back, STRICT), "unchanged");
}

#[test]
fn operations_apply_in_order_and_see_each_other() {
    let operations = json!([
        { "op": "remove", "path": "emails" },
        { "op": "add", "path": "emails", "value": [{ "value": "n", "type": "work" }] },
        { "op": "replace", "path": "emails[type eq \"work\"].value", "value": "m" },
    ]);
    assert_eq!(patched(&ada(), operations, STRICT)["emails"], json!([{ "value": "m", "type": "work" }]));
    let operations = json!([
        { "op": "add", "path": "members", "value": [{ "value": "c" }] },
        { "op": "remove", "path": "members[value eq \"c\"]" },
    ]);
    assert_eq!(outcome(&tour(), operations, STRICT), "unchanged");
}

#[test]
fn read_only_attributes_cannot_be_written() {
    table(
        &ada(),
        &[
            (json!({ "op": "replace", "path": "id", "value": "2" }), "mutability"),
            (json!({ "op": "remove", "path": "id" }), "mutability"),
            (
                json!({ "op": "replace", "path": "meta.created", "value": "2021-01-01T00:00:00Z" }),
                "mutability",
            ),
            (json!({ "op": "remove", "path": "meta" }), "mutability"),
            (json!({ "op": "add", "path": "groups", "value": [{ "value": "g" }] }), "mutability"),
            (json!({ "op": "remove", "path": "groups[value eq \"g1\"]" }), "mutability"),
            (
                json!({ "op": "replace", "path": format!("{ENTERPRISE_USER}:manager.displayName"), "value": "x" }),
                "mutability",
            ),
        ],
    );
    for key in ["id", "meta", "groups"] {
        let operation = json!([{ "op": "replace", "value": { key: [], "title": "x" } }]);
        assert_eq!(outcome(&ada(), operation, STRICT), "mutability", "{key}");
    }
}

#[test]
fn required_attributes_stay() {
    table(
        &ada(),
        &[
            (json!({ "op": "remove", "path": "userName" }), "mutability"),
            (json!({ "op": "replace", "path": "userName", "value": null }), "invalidValue"),
            (json!({ "op": "replace", "path": "userName", "value": "" }), "invalidValue"),
            (json!({ "op": "replace", "value": { "userName": null } }), "invalidValue"),
        ],
    );
    table(
        &tour(),
        &[
            (json!({ "op": "remove", "path": "displayName" }), "mutability"),
            (json!({ "op": "replace", "path": "displayName", "value": "" }), "invalidValue"),
        ],
    );
    let (schema, resource) = badged();
    let badge = "urn:example:2.0:Badge";
    for (operation, expected) in [
        (json!({ "op": "remove", "path": format!("{badge}:number") }), "mutability"),
        (json!({ "op": "remove", "path": format!("{badge}:doors[value eq \"d1\"].value") }), "mutability"),
        (
            json!({ "op": "replace", "path": format!("{badge}:doors[value eq \"d1\"].value"), "value": "" }),
            "invalidValue",
        ),
        (json!({ "op": "add", "path": format!("{badge}:doors"), "value": [{ "level": 1 }] }), "invalidValue"),
    ] {
        let error = run_typed(&schema, &resource, json!([operation]), STRICT).unwrap_err();
        assert_eq!(error.scim_type.unwrap().keyword(), expected, "{operation}");
    }
    let plain = json!({ "schemas": [USER], "userName": "ada" });
    let colours = json!({ "op": "add", "path": format!("{badge}:colours"), "value": ["red"] });
    let number = json!({ "op": "add", "path": format!("{badge}:number"), "value": "1" });
    assert!(run_typed(&schema, &plain, json!([colours]), STRICT).is_err(), "the extension lacks its number");
    assert!(
        run_typed(&schema, &plain, json!([colours, number]), STRICT).is_ok(),
        "the order does not matter"
    );
}

#[test]
fn immutable_attributes_are_set_once() {
    let (schema, resource) = badged();
    let unset = with(
        resource.clone(),
        json!({ "urn:example:2.0:Badge": { "number": "1", "doors": [{ "value": "d1" }] } }),
    );
    for (operation, when_set, when_unset) in [
        (json!({ "op": "add", "path": "issued", "value": "2021" }), "mutability", "ok"),
        (json!({ "op": "replace", "path": "issued", "value": "2020" }), "unchanged", "ok"),
        (json!({ "op": "remove", "path": "issued" }), "mutability", "unchanged"),
        (json!({ "op": "replace", "path": "issued", "value": null }), "mutability", "unchanged"),
        (json!({ "op": "add", "path": "seats", "value": [{ "value": "s1" }] }), "unchanged", "ok"),
        (json!({ "op": "add", "path": "seats", "value": [{ "value": "s2" }] }), "mutability", "ok"),
        (json!({ "op": "remove", "path": "seats[value eq \"s1\"]" }), "mutability", "noTarget"),
        (json!({ "op": "replace", "path": "doors[value eq \"d1\"].key", "value": "l" }), "mutability", "ok"),
        (json!({ "op": "replace", "path": "doors[value eq \"d1\"].key", "value": "k" }), "unchanged", "ok"),
        (
            json!({ "op": "add", "path": "doors[value eq \"d1\"]", "value": { "key": "l" } }),
            "mutability",
            "ok",
        ),
        (
            json!({ "op": "replace", "path": "doors[value eq \"d1\"]", "value": { "value": "d2", "key": "l" } }),
            "mutability",
            "ok",
        ),
        (json!({ "op": "replace", "path": "doors", "value": [{ "value": "d1", "key": "l" }] }), "ok", "ok"),
        (json!({ "op": "remove", "path": "doors[value eq \"d1\"]" }), "ok", "ok"),
    ] {
        let mut operation = operation;
        operation["path"] = format!("urn:example:2.0:Badge:{}", operation["path"].as_str().unwrap()).into();
        for (resource, expected) in [(&resource, when_set), (&unset, when_unset)] {
            let found = match run_typed(&schema, resource, json!([operation]), STRICT) {
                Ok((_, changed)) => {
                    if changed {
                        "ok"
                    } else {
                        "unchanged"
                    }
                }
                Err(error) => error.scim_type.unwrap().keyword(),
            };
            assert_eq!(found, expected, "{operation}");
        }
    }
    let replaced = json!([{ "op": "replace", "path": "urn:example:2.0:Badge:doors[value eq \"d1\"]", "value": { "value": "d2" } }]);
    let (result, _) = run_typed(&schema, &resource, replaced, STRICT).unwrap();
    assert_eq!(result["urn:example:2.0:Badge"]["doors"], json!([{ "value": "d2", "key": "k" }]));
}

#[test]
fn a_member_cannot_become_another_one() {
    table(
        &tour(),
        &[
            (json!({ "op": "replace", "path": "members[value eq \"a\"].value", "value": "c" }), "mutability"),
            (json!({ "op": "replace", "path": "members[value eq \"a\"].value", "value": "a" }), "unchanged"),
            (
                json!({ "op": "replace", "path": "members[value eq \"a\"]", "value": { "value": "c" } }),
                "mutability",
            ),
            (json!({ "op": "remove", "path": "members[value eq \"a\"].value" }), "mutability"),
            (json!({ "op": "remove", "path": "members[value eq \"a\"].type" }), "unchanged"),
            (json!({ "op": "add", "path": "members[value eq \"a\"].type", "value": "User" }), "ok"),
            (json!({ "op": "remove", "path": "members[value eq \"nobody\"]" }), "unchanged"),
        ],
    );
}

#[test]
fn an_extension_is_removed_but_for_what_the_client_may_not_touch() {
    let (mut schema, resource) = badged();
    let remove = json!([{ "op": "remove", "path": "urn:example:2.0:Badge" }]);
    let error = run_typed(&schema, &resource, remove.clone(), STRICT).unwrap_err();
    assert_eq!(error.scim_type.unwrap().keyword(), "mutability", "it has immutable values");
    let badge = std::sync::Arc::make_mut(&mut schema.extensions[0].schema);
    badge.attributes.iter_mut().for_each(|attribute| attribute.required = false);
    let plain = with(resource, json!({ "urn:example:2.0:Badge": { "number": "1", "printed": "yes" } }));
    let (result, _) = run_typed(&schema, &plain, remove.clone(), STRICT).unwrap();
    assert_eq!(result, with(plain.clone(), json!({ "urn:example:2.0:Badge": { "printed": "yes" } })));
    schema.extensions[0].required = true;
    let error = run_typed(&schema, &plain, remove, STRICT).unwrap_err();
    assert_eq!(error.scim_type.unwrap().keyword(), "mutability", "it is required");
}

#[test]
fn simple_values_are_picked_by_the_name_value() {
    let (schema, resource) = badged();
    let colours = |operation: Value| {
        let (result, _) = run_typed(&schema, &resource, json!([operation]), STRICT).unwrap();
        result["urn:example:2.0:Badge"]["colours"].clone()
    };
    let path = "urn:example:2.0:Badge:colours";
    assert_eq!(
        colours(json!({ "op": "add", "path": path, "value": "green" })),
        json!(["red", "blue", "green"])
    );
    assert_eq!(colours(json!({ "op": "add", "path": path, "value": ["RED"] })), json!(["RED", "blue"]));
    assert_eq!(
        colours(json!({ "op": "remove", "path": format!("{path}[value eq \"red\"]") })),
        json!(["blue"])
    );
    let replace = json!({ "op": "replace", "path": format!("{path}[value eq \"red\"]"), "value": "green" });
    assert_eq!(colours(replace), json!(["green", "blue"]));
}

#[test]
fn values_must_fit() {
    table(
        &ada(),
        &[
            (json!({ "op": "replace", "path": "active", "value": "maybe" }), "invalidValue"),
            (json!({ "op": "replace", "path": "userName", "value": {} }), "invalidValue"),
            (json!({ "op": "add", "path": "name", "value": "Ada" }), "invalidValue"),
            (json!({ "op": "replace", "path": "emails", "value": [{ "value": 1 }] }), "invalidValue"),
            (
                json!({ "op": "replace", "path": "emails[type eq \"work\"].value", "value": 1 }),
                "invalidValue",
            ),
            (json!({ "op": "replace", "path": ENTERPRISE_USER, "value": "x" }), "invalidValue"),
            (json!({ "op": "replace", "value": { "displayName": 1 } }), "invalidValue"),
            (json!({ "op": "add", "value": { "title": "a", "TITLE": "b" } }), "invalidSyntax"),
        ],
    );
}

#[test]
fn paths_must_lead_somewhere() {
    table(
        &ada(),
        &[
            (json!({ "op": "replace", "path": "", "value": "x" }), "invalidPath"),
            (json!({ "op": "replace", "path": "emails[", "value": "x" }), "invalidPath"),
            (json!({ "op": "replace", "path": "emails[0].value", "value": "x" }), "invalidFilter"),
            (json!({ "op": "replace", "path": "/emails/0", "value": "x" }), "invalidPath"),
            (
                json!({ "op": "replace", "path": "emails[type eq \"work\"]value", "value": "x" }),
                "invalidPath",
            ),
            (
                json!({ "op": "replace", "path": "emails[bogus eq \"work\"].value", "value": "x" }),
                "invalidFilter",
            ),
            (
                json!({ "op": "replace", "path": "name[givenName eq \"Ada\"].familyName", "value": "x" }),
                "invalidPath",
            ),
        ],
    );
    for path in ["bogus", "name.bogus", "emails[type eq \"work\"].bogus", "urn:x:y:z", "manager"] {
        let operation = json!([{ "op": "replace", "path": path, "value": "x" }]);
        assert_eq!(outcome(&ada(), operation, STRICT), "invalidPath", "{path}");
    }
}

#[test]
fn a_filter_without_a_match_is_no_target() {
    for (operation, expected) in [
        (json!({ "op": "replace", "path": "emails[type eq \"x\"].value", "value": "x" }), "noTarget"),
        (json!({ "op": "replace", "path": "emails[type eq \"x\"]", "value": { "value": "x" } }), "noTarget"),
        (json!({ "op": "add", "path": "emails[type eq \"x\"].value", "value": "x" }), "noTarget"),
        (json!({ "op": "add", "path": "phoneNumbers.type", "value": "x" }), "noTarget"),
        (json!({ "op": "remove", "path": "emails[type eq \"x\"]" }), "noTarget"),
        (json!({ "op": "remove", "path": "emails[type eq \"x\"].value" }), "noTarget"),
    ] {
        assert_eq!(outcome(&ada(), json!([operation]), STRICT), expected, "{operation}");
    }
}

#[test]
fn a_new_primary_resets_the_others() {
    becomes(&[
        (
            json!({ "op": "add", "path": "emails", "value": [{ "value": "n", "primary": true }] }),
            json!({ "emails": [
                { "value": "ada@work", "type": "work", "primary": false }, ada()["emails"][1], { "value": "n", "primary": true }] }),
        ),
        (
            json!({ "op": "replace", "path": "emails[type eq \"home\"].primary", "value": true }),
            json!({ "emails": [
                { "value": "ada@work", "type": "work", "primary": false },
                { "value": "ada@home", "type": "home", "primary": true }] }),
        ),
        (
            json!({ "op": "add", "value": { "emails": [{ "value": "ada@home", "type": "home", "primary": true }] } }),
            json!({ "emails": [
                { "value": "ada@work", "type": "work", "primary": false },
                { "value": "ada@home", "type": "home", "primary": true }] }),
        ),
        (
            json!({ "op": "replace", "path": "emails[type eq \"work\"].primary", "value": false }),
            json!({ "emails": [{ "value": "ada@work", "type": "work", "primary": false }, ada()["emails"][1]] }),
        ),
    ]);
}

#[test]
fn two_primaries_at_once_are_refused() {
    for operation in [
        json!({ "op": "add", "path": "emails", "value": [{ "value": "n", "primary": true }, { "value": "m", "primary": true }] }),
        json!({ "op": "replace", "path": "emails", "value": [{ "value": "n", "primary": true }, { "value": "m", "primary": true }] }),
        json!({ "op": "replace", "path": "emails[value pr].primary", "value": true }),
        json!({ "op": "replace", "path": "emails.primary", "value": true }),
    ] {
        assert_eq!(outcome(&ada(), json!([operation]), STRICT), "invalidValue", "{operation}");
        let emails = patched(&ada(), json!([operation]), INTEROP)["emails"].clone();
        let primaries: Vec<bool> =
            emails.as_array().unwrap().iter().map(|email| email["primary"] == true).collect();
        assert_eq!(primaries.iter().filter(|primary| **primary).count(), 1, "{operation}");
        let first_given = if operation["op"] == "add" { 2 } else { 0 };
        assert!(primaries[first_given], "the first wins: {operation}");
    }
}

#[test]
fn remove_with_a_value_list_is_refused_by_the_strict_reading() {
    let operation = json!([{ "op": "remove", "path": "members", "value": [{ "value": "a" }] }]);
    assert_eq!(outcome(&tour(), operation, STRICT), "invalidValue");
}

#[test]
fn schemas_can_be_named_but_not_taken_away() {
    for (operation, expected) in [
        (json!({ "op": "add", "path": "schemas", "value": [ENTERPRISE_USER] }), "unchanged"),
        (json!({ "op": "add", "path": "schemas", "value": ENTERPRISE_USER.to_uppercase() }), "unchanged"),
        (json!({ "op": "replace", "path": "schemas", "value": [ENTERPRISE_USER, USER] }), "unchanged"),
        (json!({ "op": "replace", "path": "schemas", "value": [ENTERPRISE_USER] }), "mutability"),
        (json!({ "op": "replace", "path": "schemas", "value": [USER] }), "mutability"),
        (json!({ "op": "add", "path": "schemas", "value": ["urn:x"] }), "invalidValue"),
        (json!({ "op": "add", "path": "schemas", "value": [1] }), "invalidValue"),
        (json!({ "op": "remove", "path": "schemas" }), "mutability"),
        (json!({ "op": "remove", "path": format!("schemas[value eq \"{USER}\"]") }), "mutability"),
        (json!({ "op": "replace", "value": { "schemas": [USER, ENTERPRISE_USER] } }), "unchanged"),
    ] {
        assert_eq!(outcome(&ada(), json!([operation]), STRICT), expected, "{operation}");
    }
}

#[test]
fn unknown_members_of_a_path_less_value_follow_the_policy() {
    let operations =
        json!([{ "op": "add", "value": { "shoe": 42, "title": "T", ENTERPRISE_USER: { "hat": 1 } } }]);
    let known = with(ada(), json!({ "title": "T" }));
    assert_eq!(patched(&ada(), operations.clone(), STRICT), known);
    let reject = Policy { unknown_attributes: Unknown::Reject, ..Policy::STRICT };
    assert_eq!(outcome(&ada(), operations.clone(), &reject), "invalidSyntax");
    let keep = Policy { unknown_attributes: Unknown::Keep, ..Policy::STRICT };
    let kept = patched(&ada(), operations, &keep);
    assert_eq!((&kept["shoe"], &kept[ENTERPRISE_USER]["hat"]), (&json!(42), &json!(1)));
    let gone = patched(
        &kept,
        json!([{ "op": "replace", "value": { "shoe": null, ENTERPRISE_USER: { "hat": [] } } }]),
        &keep,
    );
    assert_eq!(gone, known);
}

/// A client must not be able to read a sub-attribute that it may not write as a mistake: the RFC's examples send
/// `members.display`.
#[test]
fn read_only_sub_attributes_of_a_value_are_ignored() {
    let operation = json!([{ "op": "replace", "path": format!("{ENTERPRISE_USER}:manager"), "value": { "value": "m2", "displayName": "x" } }]);
    for policy in [STRICT, INTEROP] {
        let manager = patched(&ada(), operation.clone(), policy)[ENTERPRISE_USER]["manager"].clone();
        assert_eq!(manager, json!({ "value": "m2", "$ref": "../Users/m1" }));
    }
}
