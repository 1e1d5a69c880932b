//! What real identity providers send, row by row of the traffic catalogue (11.5, 11.7), under the interop policy; and
//! that the strict reading does not take it where it is not the RFC's.

use serde_json::{Value, json};

use super::{INTEROP, STRICT, ada, message, outcome, patched, tour, with};
use crate::protocol::patch::PatchRequest;
use crate::protocol::schema::{ENTERPRISE_USER, USER};

/// Checks what one operation makes of the example user under the interop policy, and what the strict reading says.
fn becomes(rows: &[(Value, Value, &str)]) {
    for (operation, expected, strict) in rows {
        assert_eq!(
            patched(&ada(), json!([operation]), INTEROP),
            with(ada(), expected.clone()),
            "{operation}"
        );
        assert_eq!(outcome(&ada(), json!([operation]), STRICT), *strict, "strict {operation}");
    }
}

fn enterprise(name: &str) -> String {
    format!("{ENTERPRISE_USER}:{name}")
}

fn with_manager(manager: Value) -> Value {
    match manager {
        Value::Null => json!({ ENTERPRISE_USER: { "department": "R" } }),
        manager => json!({ ENTERPRISE_USER: { "department": "R", "manager": manager } }),
    }
}

#[test]
fn q_u01_and_q_u02_capitals_and_string_booleans() {
    becomes(&[
        (
            json!({ "op": "Replace", "path": "active", "value": "False" }),
            json!({ "active": false }),
            "invalidSyntax",
        ),
        (
            json!({ "op": "ADD", "path": "active", "value": "false" }),
            json!({ "active": false }),
            "invalidSyntax",
        ),
        (json!({ "op": "Remove", "path": "title" }), json!({ "title": null }), "invalidSyntax"),
        (
            json!({ "op": "replace", "path": "active", "value": "FALSE" }),
            json!({ "active": false }),
            "invalidValue",
        ),
        (
            json!({ "op": "replace", "value": { "active": "False" } }),
            json!({ "active": false }),
            "invalidValue",
        ),
    ]);
}

#[test]
fn q_u03_and_q_u23_path_less_values() {
    becomes(&[
        (json!({ "op": "replace", "value": { "active": false } }), json!({ "active": false }), "ok"),
        (json!({ "op": "replace", "value": { "password": "p" } }), json!({ "password": "p" }), "ok"),
    ]);
}

#[test]
fn q_u04_dotted_keys() {
    becomes(&[
        (
            json!({ "op": "replace", "value": { "name.familyName": "King", "displayName": "Ada" } }),
            json!({ "name": { "givenName": "Ada", "familyName": "King" }, "displayName": "Ada" }),
            "ok",
        ),
        (
            json!({ "op": "add", "value": { "emails[type eq \"home\"].value": "x" } }),
            json!({ "emails": [ada()["emails"][0], { "value": "x", "type": "home" }] }),
            "unchanged",
        ),
        (
            json!({ "op": "add", "value": { "name.bogus": 1, "na me.x": 1, "name.": 1 } }),
            json!({}),
            "unchanged",
        ),
    ]);
    let nameless = with(ada(), json!({ "name": null }));
    let operations = json!([{ "op": "replace", "value": { "name.givenName": "A", "name.familyName": "B" } }]);
    assert_eq!(
        patched(&nameless, operations, INTEROP)["name"],
        json!({ "givenName": "A", "familyName": "B" })
    );
}

#[test]
fn q_u05_and_q_u06_urns_as_keys_and_paths() {
    becomes(&[
        (
            json!({ "op": "replace", "value": { enterprise("department"): "S", enterprise("manager.value"): "m2" } }),
            json!({ ENTERPRISE_USER: { "department": "S", "manager": { "value": "m2", "$ref": "../Users/m1" } } }),
            "unchanged",
        ),
        (
            json!({ "op": "replace", "path": enterprise("department"), "value": "S" }),
            json!({ ENTERPRISE_USER: { "department": "S", "manager": { "value": "m1", "$ref": "../Users/m1" } } }),
            "ok",
        ),
        (
            json!({ "op": "add", "value": { format!("{USER}:title"): "T" } }),
            json!({ "title": "T" }),
            "unchanged",
        ),
    ]);
}

#[test]
fn q_u07_an_element_is_made_from_the_filter() {
    let phones = |element: Value| json!({ "phoneNumbers": [element] });
    becomes(&[
        (
            json!({ "op": "replace", "path": "phoneNumbers[type eq \"work\"].value", "value": "1" }),
            phones(json!({ "type": "work", "value": "1" })),
            "noTarget",
        ),
        (
            json!({ "op": "add", "path": "phoneNumbers[type eq \"work\" and primary eq true].value", "value": "1" }),
            phones(json!({ "type": "work", "primary": true, "value": "1" })),
            "noTarget",
        ),
        (
            json!({ "op": "add", "path": "phoneNumbers[TYPE eq \"work\"]", "value": { "Value": "1", "Type": "WORK" } }),
            phones(json!({ "type": "WORK", "value": "1" })),
            "noTarget",
        ),
        (
            json!({ "op": "add", "path": "phoneNumbers.value", "value": "1" }),
            phones(json!({ "value": "1" })),
            "noTarget",
        ),
        (
            json!({ "op": "replace", "path": "phoneNumbers[type eq \"work\"].value", "value": null }),
            json!({}),
            "noTarget",
        ),
        (
            json!({ "op": "replace", "path": "phoneNumbers[type eq \"work\"].value", "value": "" }),
            json!({}),
            "noTarget",
        ),
    ]);
    for filter in
        ["type ne \"work\"", "type eq \"work\" or type eq \"home\"", "type pr", "not (type eq \"work\")"]
    {
        let operation =
            json!([{ "op": "add", "path": format!("phoneNumbers[{filter}].value"), "value": "1" }]);
        assert_eq!(outcome(&ada(), operation, INTEROP), "noTarget", "{filter}");
    }
}

#[test]
fn q_u10_to_q_u12_shapes_of_manager() {
    let path = enterprise("manager");
    let merged = with_manager(json!({ "value": "m2", "$ref": "../Users/m1" }));
    let set = with_manager(json!({ "value": "m2", "$ref": "../Users/m2" }));
    let listed = json!([{ "$ref": "../Users/m2", "value": "m2" }]);
    becomes(&[
        (json!({ "op": "add", "path": path, "value": "m2" }), merged.clone(), "invalidValue"),
        (json!({ "op": "replace", "path": path, "value": ["m2"] }), merged.clone(), "invalidValue"),
        (json!({ "op": "add", "path": "manager", "value": listed }), set, "invalidPath"),
        (json!({ "op": "replace", "value": { "manager": "m2" } }), merged.clone(), "unchanged"),
        (json!({ "op": "replace", "path": "manager.value", "value": "m2" }), merged, "invalidPath"),
        (json!({ "op": "replace", "path": path, "value": "" }), with_manager(Value::Null), "invalidValue"),
        (json!({ "op": "remove", "path": "manager" }), with_manager(Value::Null), "invalidPath"),
    ]);
    for (operation, strict) in [
        (json!({ "op": "replace", "path": path, "value": { "value": "" } }), "ok"),
        (json!({ "op": "replace", "path": enterprise("manager.value"), "value": "" }), "ok"),
        (json!({ "op": "replace", "value": { ENTERPRISE_USER: { "manager": { "value": "" } } } }), "ok"),
    ] {
        becomes(&[(operation, with_manager(Value::Null), strict)]);
    }
}

#[test]
fn q_u13_and_q_u14_roles() {
    let document = "{\"id\":\"1\",\"value\":\"Admin\"}";
    becomes(&[
        (
            json!({ "op": "add", "path": "roles", "value": [{ "value": document }] }),
            json!({ "roles": [{ "value": document }] }),
            "ok",
        ),
        (
            json!({ "op": "add", "path": "roles[primary eq \"True\"].value", "value": "Admin" }),
            json!({ "roles": [{ "primary": true, "value": "Admin" }] }),
            "invalidFilter",
        ),
    ]);
    let operations = json!([
        { "op": "Add", "path": "roles[primary eq \"True\"].value", "value": "Admin" },
        { "op": "Add", "path": "roles[primary eq \"True\"].display", "value": "Administrator" },
        { "op": "Add", "path": "roles[primary eq true].type", "value": "app" },
    ]);
    let role = json!({ "primary": true, "value": "Admin", "display": "Administrator", "type": "app" });
    assert_eq!(patched(&ada(), operations, INTEROP)["roles"], json!([role]));
}

#[test]
fn q_u15_and_q_c08_plurality() {
    becomes(&[
        (
            json!({ "op": "replace", "path": "title", "value": ["T"] }),
            json!({ "title": "T" }),
            "invalidValue",
        ),
        (
            json!({ "op": "replace", "path": "emails", "value": { "value": "x" } }),
            json!({ "emails": [{ "value": "x" }] }),
            "invalidValue",
        ),
    ]);
}

/// The Entra validator builds a user by many `add` operations in one request.
#[test]
fn q_u16_a_user_built_by_operations() {
    let minimal = json!({ "schemas": [USER], "id": "1", "userName": "ada" });
    let operations: Vec<Value> = [
        ("displayName", json!("Ada")),
        ("name.givenName", json!("Ada")),
        ("name.familyName", json!("King")),
        ("emails[type eq \"work\"].value", json!("a@x")),
        ("emails[type eq \"work\"].primary", json!(true)),
        ("phoneNumbers[type eq \"work\"].value", json!("1")),
        ("phoneNumbers[type eq \"fax\"].value", json!("2")),
        ("addresses[type eq \"work\"].locality", json!("Oslo")),
        ("addresses[type eq \"work\"].country", json!("NO")),
        ("roles[primary eq \"True\"].display", json!("Admin")),
        ("roles[primary eq \"True\"].value", json!("admin")),
    ]
    .into_iter()
    .map(|(path, value)| json!({ "op": "add", "path": path, "value": value }))
    .chain([json!({ "op": "add", "path": enterprise("department"), "value": "R" })])
    .collect();
    assert_eq!(
        patched(&minimal, operations.into(), INTEROP),
        json!({
            "schemas": [USER, ENTERPRISE_USER], "id": "1", "userName": "ada", "displayName": "Ada",
            "name": { "givenName": "Ada", "familyName": "King" },
            "emails": [{ "type": "work", "value": "a@x", "primary": true }],
            "phoneNumbers": [{ "type": "work", "value": "1" }, { "type": "fax", "value": "2" }],
            "addresses": [{ "type": "work", "locality": "Oslo", "country": "NO" }],
            "roles": [{ "primary": true, "display": "Admin", "value": "admin" }],
            ENTERPRISE_USER: { "department": "R" },
        })
    );
}

#[test]
fn q_u17_no_operations_is_a_mistake_also_here() {
    let error = PatchRequest::parse(&message(json!([])), INTEROP).unwrap_err();
    assert_eq!(error.scim_type.unwrap().keyword(), "invalidSyntax");
}

#[test]
fn q_u18_a_message_without_schemas_and_with_foreign_members() {
    let body = json!({ "id": "x", "Operations": [{ "name": "addMember", "op": "add", "path": "title", "value": "T" }] });
    assert!(PatchRequest::parse(&body, INTEROP).is_ok());
    assert!(PatchRequest::parse(&body, STRICT).is_err());
}

#[test]
fn q_u27_unknown_paths_are_skipped() {
    for path in [
        "bogus",
        "name.bogus",
        "bogus[type eq \"x\"].value",
        "urn:custom:2.0:User:hat",
        "emails[type eq \"work\"].hat",
    ] {
        let operations = json!([
            { "op": "Add", "path": path, "value": "x" }, { "op": "Replace", "path": "title", "value": "T" }]);
        assert_eq!(patched(&ada(), operations, INTEROP), with(ada(), json!({ "title": "T" })), "{path}");
    }
}

#[test]
fn q_u31_and_q_g08_read_only_members_of_a_path_less_value_are_skipped() {
    let whole = with(ada(), json!({ "id": "other", "title": "T", "schemas": [USER], "groups": [] }));
    becomes(&[(json!({ "op": "replace", "value": whole }), json!({ "title": "T" }), "mutability")]);
    let operations = json!([{ "op": "replace", "value": { "id": "g", "displayName": "Eng" } }]);
    assert_eq!(patched(&tour(), operations, INTEROP), with(tour(), json!({ "displayName": "Eng" })));
}

#[test]
fn q_g01_and_q_g19_remove_with_a_list_removes_what_it_lists() {
    for value in [
        json!([{ "$ref": null, "value": "a" }]),
        json!({ "value": "a" }),
        json!([{ "value": "a", "display": "Ada", "type": "User" }]),
        json!("a"),
        json!(["a", "nobody"]),
        json!({ "members": [{ "value": "a" }] }),
        json!({ "Members": ["a"] }),
    ] {
        let operations = json!([{ "op": "Remove", "path": "members", "value": value }]);
        assert_eq!(patched(&tour(), operations, INTEROP)["members"], json!([{ "value": "b" }]), "{value}");
    }
    for value in [json!([]), json!(["nobody"]), json!([{}]), json!("A")] {
        let operations = json!([{ "op": "remove", "path": "members", "value": value }]);
        assert_eq!(outcome(&tour(), operations, INTEROP), "unchanged", "{value}");
    }
    for value in [json!(null), json!(["a", "b"])] {
        let operations = json!([{ "op": "remove", "path": "members", "value": value }]);
        assert_eq!(
            patched(&tour(), operations, INTEROP),
            with(tour(), json!({ "members": null })),
            "{value}"
        );
    }
}

#[test]
fn values_are_listed_by_value_and_type() {
    let emails =
        json!([{ "value": "a", "type": "work" }, { "value": "a", "type": "home" }, { "value": "b" }]);
    for (listed, kept) in [
        (json!([{ "value": "A" }]), json!([{ "value": "b" }])),
        (
            json!([{ "value": "a", "type": "home" }]),
            json!([{ "value": "a", "type": "work" }, { "value": "b" }]),
        ),
        (json!([{ "value": "a", "type": "other" }]), emails.clone()),
    ] {
        let operations = json!([{ "op": "remove", "path": "emails", "value": listed }]);
        let before = with(ada(), json!({ "emails": emails }));
        assert_eq!(patched(&before, operations, INTEROP)["emails"], kept, "{listed}");
    }
}

#[test]
fn q_g02_removing_what_is_not_there_succeeds() {
    for path in ["emails[type eq \"x\"]", "emails[type eq \"x\"].value", "phoneNumbers[value pr]"] {
        let operations = json!([{ "op": "remove", "path": path }]);
        assert_eq!(outcome(&ada(), operations, INTEROP), "unchanged", "{path}");
    }
}

#[test]
fn q_g03_g04_g17_and_g18_shapes_of_members() {
    for value in [
        json!([{ "$ref": null, "value": "c" }]),
        json!([{ "value": "a" }, { "value": "c", "displayName": "Cy" }]),
        json!(["c"]),
        json!("c"),
    ] {
        let operations = json!([{ "op": "Add", "path": "members", "value": value }]);
        let members = json!([{ "value": "a" }, { "value": "b" }, { "value": "c" }]);
        assert_eq!(patched(&tour(), operations, INTEROP)["members"], members, "{value}");
    }
    let again = json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": "a" }] }]);
    assert_eq!(outcome(&tour(), again, INTEROP), "unchanged");
}

#[test]
fn q_g09_to_q_g11_full_lists_and_mixed_operations() {
    for (operations, members) in [
        (
            json!([{ "op": "replace", "path": "members", "value": [{ "value": "c", "display": "x" }] }]),
            json!([{ "value": "c" }]),
        ),
        (json!([{ "op": "replace", "value": { "members": [{ "value": "b" }] } }]), json!([{ "value": "b" }])),
        (json!([{ "op": "replace", "path": "members", "value": [] }]), Value::Null),
        (
            json!([
                { "op": "remove", "path": "members[value eq \"a\"]" },
                { "op": "add", "path": "members", "value": [{ "value": "c" }, { "value": "d" }] },
                { "op": "remove", "path": "members[value eq \"c\"]" } ]),
            json!([{ "value": "b" }, { "value": "d" }]),
        ),
    ] {
        for policy in [STRICT, INTEROP] {
            assert_eq!(
                patched(&tour(), operations.clone(), policy),
                with(tour(), json!({ "members": members }))
            );
        }
    }
}

#[test]
fn q_g20_and_q_g21_many_members() {
    let members: Vec<Value> = (0..2000).map(|n| json!({ "value": format!("m{n}") })).collect();
    let at_once = json!([{ "op": "add", "path": "members", "value": members }]);
    let one_each: Vec<Value> =
        members.iter().map(|member| json!({ "op": "add", "path": "members", "value": [member] })).collect();
    let full = patched(&tour(), at_once, INTEROP);
    assert_eq!(full["members"].as_array().unwrap().len(), 2002);
    assert_eq!(patched(&tour(), one_each.into(), INTEROP), full);
    let remove = json!([{ "op": "remove", "path": "members", "value": members }]);
    assert_eq!(patched(&full, remove, INTEROP), tour());
}
