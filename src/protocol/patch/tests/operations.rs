//! What add, remove and replace do, under both policies.

use serde_json::{Value, json};

use super::*;

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

/// What tells two elements apart may be what a request takes away.
#[test]
fn removing_a_sub_attribute_leaves_no_two_equal_elements() {
    let operations = json!([
        { "op": "add", "path": "emails", "value": [{ "type": "WORK" }] },
        { "op": "remove", "path": "emails[type eq \"work\"].value" },
    ]);
    for policy in [STRICT, INTEROP] {
        assert_eq!(
            patched(&ada(), operations.clone(), policy)["emails"],
            json!([{ "type": "WORK", "primary": true }, ada()["emails"][1]])
        );
    }
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
