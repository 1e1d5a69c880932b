//! Reading the message.

use serde_json::{Value, json};

use super::*;

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
    let operations =
        vec![json!({ "op": "remove", "path": "title" }); crate::protocol::patch::MAX_OPERATIONS + 1];
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
