//! What may not be written: readOnly, required and immutable attributes, and `schemas`.

use serde_json::json;

use super::*;

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
