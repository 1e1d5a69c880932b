//! The rules of POST and PUT bodies, each in the strict and in the interop reading where they differ.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::generate::{arbitrary_json, user_body};
use super::{create, replace};
use crate::protocol::error::ScimError;
use crate::protocol::policy::{Policy, Unknown};
use crate::protocol::schema::{
    ENTERPRISE_USER, GROUP, Registry, ResourceType, Schema, TypeSchema, USER, standard,
};

const STRICT: &Policy = &Policy::STRICT;
const INTEROP: &Policy = &Policy::INTEROP;

static STANDARD: LazyLock<Registry> = LazyLock::new(Registry::standard);

fn standard_type(name: &str) -> &'static TypeSchema {
    STANDARD.by_name(name).unwrap()
}

/// A user type with a required extension that has one attribute of each mutability.
fn custom_type() -> TypeSchema {
    let extension = json!({ "id": "urn:example:Badge", "attributes": [
        { "name": "number", "required": true }, { "name": "issued", "mutability": "immutable" },
        { "name": "pin", "mutability": "writeOnly" }, { "name": "printed", "mutability": "readOnly" },
        { "name": "doors", "type": "complex", "multiValued": true, "subAttributes": [
            { "name": "value", "required": true }, { "name": "level", "type": "integer" } ] },
        { "name": "holder", "type": "complex", "subAttributes": [
            { "name": "since", "type": "dateTime", "mutability": "immutable" }, { "name": "note" } ] },
    ]});
    let mut schemas = standard::schemas();
    schemas.push(Schema::from_json(&extension).unwrap());
    let mut user = standard::resource_types().remove(0);
    user.extensions = vec![("urn:example:Badge".into(), true)];
    let registry = Registry::new(schemas, vec![ResourceType { name: "Badged".into(), ..user }]).unwrap();
    registry.by_name("Badged").unwrap().as_ref().clone()
}

fn user(extra: Value) -> Value {
    let mut body = json!({ "schemas": [USER, ENTERPRISE_USER], "userName": "ada" });
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    body
}

fn created(extra: Value, policy: &Policy) -> Result<Value, ScimError> {
    create(standard_type("User"), user(extra), policy).map(Value::Object)
}

/// The member of the created resource; null when it is not there.
fn member(extra: Value, name: &str, policy: &Policy) -> Value {
    created(extra, policy).unwrap()[name].clone()
}

fn keyword(result: Result<Value, ScimError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(error) => error.scim_type.map_or("none", |scim_type| scim_type.keyword()),
    }
}

#[test]
fn names_take_the_spelling_of_the_schema_in_every_object() {
    let body = json!({
        "SCHEMAS": [USER.to_uppercase()], "USERNAME": "Ada", "Name": { "GIVENNAME": "Ada" }, "EXTERNALID": "X",
        "Emails": [{ "VALUE": "a@x", "Primary": true }],
    });
    assert_eq!(
        Value::Object(create(standard_type("User"), body, STRICT).unwrap()),
        json!({
            "schemas": [USER], "userName": "Ada", "name": { "givenName": "Ada" }, "externalId": "X",
            "emails": [{ "value": "a@x", "primary": true }],
        })
    );
}

#[test]
fn members_that_differ_in_letter_case_only_are_refused() {
    for extra in [
        json!({ "USERNAME": "b" }),
        json!({ "title": "a", "TITLE": null }),
        json!({ "name": { "givenName": "a", "GivenName": "b" } }),
        json!({ "Schemas": [USER] }),
        json!({ ENTERPRISE_USER: {}, ENTERPRISE_USER.to_uppercase(): {} }),
        json!({ ENTERPRISE_USER: { "division": "a", "DIVISION": "b" } }),
    ] {
        assert_eq!(keyword(created(extra.clone(), STRICT)), "invalidSyntax", "{extra}");
        assert_eq!(keyword(created(extra.clone(), INTEROP)), "invalidSyntax", "{extra}");
    }
}

#[test]
fn the_body_must_be_an_object() {
    for body in [json!([]), json!("x"), json!(null), json!(1)] {
        assert_eq!(
            create(standard_type("User"), body, INTEROP).unwrap_err().scim_type.unwrap().keyword(),
            "invalidSyntax"
        );
    }
}

#[test]
fn schemas_must_list_the_base_schema_and_nothing_foreign() {
    let foreign = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
    let group = |schemas: Value, policy| {
        let body = json!({ "schemas": schemas, "displayName": "Tour" });
        keyword(create(standard_type("Group"), body, policy).map(Value::Object))
    };
    for (schemas, strict, interop) in [
        (json!([GROUP]), "ok", "ok"),
        (json!([GROUP.to_lowercase()]), "ok", "ok"),
        (json!(null), "invalidSyntax", "ok"),
        (json!([]), "invalidSyntax", "ok"),
        (json!([foreign]), "invalidSyntax", "ok"),
        (json!([GROUP, foreign]), "invalidSyntax", "ok"),
        (json!([GROUP, GROUP.to_uppercase()]), "invalidSyntax", "ok"),
        (json!([USER]), "invalidSyntax", "ok"),
        (json!([GROUP, 1]), "invalidSyntax", "invalidSyntax"),
        (json!(GROUP), "invalidSyntax", "invalidSyntax"),
    ] {
        assert_eq!(group(schemas.clone(), STRICT), strict, "strict {schemas}");
        assert_eq!(group(schemas.clone(), INTEROP), interop, "interop {schemas}");
    }
}

#[test]
fn schemas_of_the_result_lists_the_extensions_with_data() {
    let with = json!({ ENTERPRISE_USER: { "department": "R" } });
    assert_eq!(member(with, "schemas", STRICT), json!([USER, ENTERPRISE_USER]));
    for without in
        [json!({}), json!({ ENTERPRISE_USER: {} }), json!({ ENTERPRISE_USER: { "department": null } })]
    {
        assert_eq!(member(without.clone(), "schemas", STRICT), json!([USER]), "{without}");
        assert_eq!(member(without, ENTERPRISE_USER, STRICT), Value::Null);
    }
    let reversed = json!({ "schemas": [ENTERPRISE_USER, USER], ENTERPRISE_USER: { "department": "R" } });
    assert_eq!(member(reversed, "schemas", STRICT), json!([USER, ENTERPRISE_USER]));
}

#[test]
fn an_extension_that_is_used_must_be_declared() {
    let body = json!({ "schemas": [USER], ENTERPRISE_USER: { "department": "R" } });
    assert_eq!(keyword(created(body.clone(), STRICT)), "invalidSyntax");
    assert_eq!(member(body, "schemas", INTEROP), json!([USER, ENTERPRISE_USER]));
    assert_eq!(keyword(created(json!({ "schemas": [USER], ENTERPRISE_USER: {} }), STRICT)), "ok");
}

#[test]
fn read_only_values_are_ignored_whatever_they_are() {
    let extra = json!({
        "id": 7, "meta": { "created": "never" }, "groups": [],
        ENTERPRISE_USER: { "manager": { "value": "m", "displayName": "Boss" } },
    });
    assert_eq!(
        created(extra, STRICT).unwrap(),
        json!({ "schemas": [USER, ENTERPRISE_USER], "userName": "ada", ENTERPRISE_USER: { "manager": { "value": "m" } } })
    );
}

#[test]
fn unassigned_values_are_absent() {
    let extra = json!({
        "title": null, "emails": [], "roles": null, "name": { "givenName": null }, "phoneNumbers": [{}, null, { "value": null }],
    });
    for policy in [STRICT, INTEROP] {
        assert_eq!(created(extra.clone(), policy).unwrap(), json!({ "schemas": [USER], "userName": "ada" }));
    }
}

#[test]
fn values_must_fit_their_type_and_plurality() {
    for (extra, strict, interop) in [
        (json!({ "displayName": 42 }), "invalidValue", "invalidValue"),
        (json!({ "displayName": { "a": 1 } }), "invalidValue", "invalidValue"),
        (json!({ "active": "maybe" }), "invalidValue", "invalidValue"),
        (json!({ "active": "True" }), "invalidValue", "ok"),
        (json!({ "active": 1 }), "invalidValue", "invalidValue"),
        (json!({ "displayName": ["Ada"] }), "invalidValue", "ok"),
        (json!({ "displayName": ["Ada", "Lovelace"] }), "invalidValue", "invalidValue"),
        (json!({ "displayName": [] }), "invalidValue", "ok"),
        (json!({ "name": "Ada" }), "invalidValue", "invalidValue"),
        (json!({ "name": [{ "givenName": "Ada" }] }), "invalidValue", "ok"),
        (json!({ "emails": { "value": "a@x" } }), "invalidValue", "ok"),
        (json!({ "emails": "a@x" }), "invalidValue", "ok"),
        (json!({ "emails": ["a@x"] }), "invalidValue", "ok"),
        (json!({ "emails": [["a@x"]] }), "invalidValue", "invalidValue"),
        (json!({ "emails": 5 }), "invalidValue", "invalidValue"),
        (json!({ "emails": [{ "value": [1] }] }), "invalidValue", "invalidValue"),
        (json!({ "x509Certificates": [{ "value": "not base64!" }] }), "invalidValue", "invalidValue"),
        (json!({ ENTERPRISE_USER: "x" }), "invalidValue", "invalidValue"),
        (json!({ ENTERPRISE_USER: { "manager": "m" } }), "invalidValue", "ok"),
        (json!({ ENTERPRISE_USER: { "manager": [{ "value": "m" }] } }), "invalidValue", "ok"),
        (json!({ "emails": [{ "value": "a@x", "type": "fax" }] }), "ok", "ok"),
    ] {
        assert_eq!(keyword(created(extra.clone(), STRICT)), strict, "strict {extra}");
        assert_eq!(keyword(created(extra.clone(), INTEROP)), interop, "interop {extra}");
    }
}

#[test]
fn messages_name_the_place() {
    let detail = |extra| created(extra, STRICT).unwrap_err().detail;
    insta::assert_snapshot!(
        detail(json!({ "emails": [{ "value": "a" }, { "primary": "x" }] })),
        @"emails[1].primary: expected true or false, found the string `x`"
    );
    insta::assert_snapshot!(
        detail(json!({ ENTERPRISE_USER: { "manager": "m" } })),
        @"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager: expected an object of sub-attributes, found a string"
    );
    insta::assert_snapshot!(detail(json!({ "emails": {} })), @"emails: expected an array, found an object");
    insta::assert_snapshot!(detail(json!({ "userName": "" })), @"userName: is required");
    insta::assert_snapshot!(detail(json!({ "schemas": [USER, "urn:x"] })), @"`schemas[1]`: `urn:x` is neither the base schema nor an extension of resource type User");
}

#[test]
fn interop_shapes_become_canonical() {
    let manager = |value| member(json!({ ENTERPRISE_USER: { "manager": value } }), ENTERPRISE_USER, INTEROP);
    for shape in [json!("m"), json!(["m"]), json!([{ "value": "m" }]), json!({ "value": "m", "$ref": null })]
    {
        assert_eq!(manager(shape.clone()), json!({ "manager": { "value": "m" } }), "{shape}");
    }
    for empty in [json!(""), json!({ "value": "" }), json!({ "value": "", "$ref": "../Users/" }), json!([])] {
        assert_eq!(manager(empty.clone()), Value::Null, "{empty}");
    }
    let roles = member(json!({ "roles": [{ "primary": "True", "value": "r" }] }), "roles", INTEROP);
    assert_eq!(roles, json!([{ "primary": true, "value": "r" }]));
    assert_eq!(
        member(json!({ "emails": { "value": "a@x" } }), "emails", INTEROP),
        json!([{ "value": "a@x" }])
    );
}

#[test]
fn required_values_must_be_there() {
    for (body, found) in [
        (json!({ "schemas": [USER] }), "invalidValue"),
        (json!({ "schemas": [USER], "userName": null }), "invalidValue"),
        (json!({ "schemas": [USER], "userName": "" }), "invalidValue"),
    ] {
        for policy in [STRICT, INTEROP] {
            let result = create(standard_type("User"), body.clone(), policy).map(Value::Object);
            assert_eq!(keyword(result), found, "{body}");
        }
    }
    let badge = "urn:example:Badge";
    for (extension, found) in [
        (json!(null), "invalidValue"),
        (json!({}), "invalidValue"),
        (json!({ "pin": "1" }), "invalidValue"),
        (json!({ "number": "1" }), "ok"),
        (json!({ "number": "1", "doors": [{ "level": 1 }] }), "invalidValue"),
        (json!({ "number": "1", "doors": [{ "level": 1, "value": "d" }] }), "ok"),
    ] {
        let body = json!({ "schemas": [USER, badge], "userName": "ada", badge: extension });
        let result = create(&custom_type(), body.clone(), STRICT).map(Value::Object);
        assert_eq!(keyword(result), found, "{body}");
    }
}

#[test]
fn at_most_one_value_is_primary() {
    let two = json!({ "emails": [
        { "value": "a", "primary": false }, { "value": "b", "primary": true }, { "value": "c", "primary": true } ] });
    assert_eq!(keyword(created(two.clone(), STRICT)), "invalidValue");
    assert_eq!(
        member(two, "emails", INTEROP),
        json!([{ "value": "a", "primary": false }, { "value": "b", "primary": true }, { "value": "c", "primary": false }])
    );
}

#[test]
fn equal_elements_collapse_and_the_later_wins() {
    for (given, kept) in [
        (json!([{ "value": "a" }, { "value": "a" }]), json!([{ "value": "a" }])),
        (
            json!([{ "value": "a", "type": "work" }, { "value": "b" }, { "type": "WORK", "value": "A", "display": "A" }]),
            json!([{ "value": "A", "type": "WORK", "display": "A" }, { "value": "b" }]),
        ),
        (
            json!([{ "value": "a", "type": "work" }, { "value": "a", "type": "home" }, { "value": "a" }]),
            json!([{ "value": "a", "type": "work" }, { "value": "a", "type": "home" }, { "value": "a" }]),
        ),
        (
            json!([{ "type": "work" }, { "type": "work", "primary": false }]),
            json!([{ "type": "work", "primary": false }]),
        ),
    ] {
        assert_eq!(member(json!({ "emails": given }), "emails", STRICT), kept);
    }
}

#[test]
fn members_are_the_same_when_their_value_is() {
    let body = json!({ "schemas": [GROUP], "displayName": "Tour", "members": [
        { "value": "a", "type": "User" }, { "value": "A" }, { "value": "a", "type": "Group", "$ref": "../Users/a" } ] });
    assert_eq!(
        create(standard_type("Group"), body, STRICT).unwrap()["members"],
        json!([{ "value": "a", "type": "User", "$ref": "../Users/a" }, { "value": "A" }])
    );
}

#[test]
fn unknown_attributes_follow_the_policy_on_every_level() {
    let with = |unknown| Policy { unknown_attributes: unknown, ..Policy::STRICT };
    for (extra, kept) in [
        (json!({ "shoe": [1, null] }), json!({ "shoe": [1, null] })),
        (json!({ "name": { "nick": 1 } }), json!({ "name": { "nick": 1 } })),
        (json!({ "emails": [{ "nick": 1 }] }), json!({ "emails": [{ "nick": 1 }] })),
        (json!({ ENTERPRISE_USER: { "nick": 1 } }), json!({ ENTERPRISE_USER: { "nick": 1 } })),
    ] {
        assert_eq!(created(extra.clone(), STRICT).unwrap(), json!({ "schemas": [USER], "userName": "ada" }));
        assert_eq!(keyword(created(extra.clone(), &with(Unknown::Reject))), "invalidSyntax", "{extra}");
        let found = created(extra.clone(), &with(Unknown::Keep)).unwrap();
        for (name, value) in kept.as_object().unwrap() {
            assert_eq!(&found[name], value);
        }
    }
    let foreign =
        json!({ "schemas": [USER, "urn:example:Foreign"], "urn:example:Foreign": { "a": null, "b": 1 } });
    let found = created(foreign.clone(), &with(Unknown::Keep)).unwrap();
    assert_eq!(found["schemas"], json!([USER, "urn:example:Foreign"]));
    assert_eq!(found["urn:example:Foreign"]["b"], 1);
    assert_eq!(keyword(created(foreign, STRICT)), "invalidSyntax");
}

/// A stored resource of the custom type, as the provider holds it.
fn stored() -> Value {
    json!({
        "schemas": [USER, "urn:example:Badge"], "id": "1", "meta": { "resourceType": "User" }, "userName": "ada",
        "password": "s", "title": "Countess",
        "urn:example:Badge": {
            "number": "1", "issued": "2020", "pin": "0000", "printed": "yes",
            "holder": { "since": "2020-01-01T00:00:00Z", "note": "n" },
        },
    })
}

fn replaced(body: Value) -> Result<Value, ScimError> {
    replace(&custom_type(), stored().as_object().unwrap(), body, STRICT).map(Value::Object)
}

fn put(badge: Value) -> Value {
    json!({ "schemas": [USER, "urn:example:Badge"], "userName": "ada", "urn:example:Badge": badge })
}

#[test]
fn put_clears_what_it_may_and_keeps_the_rest() {
    assert_eq!(
        replaced(put(json!({ "number": "2" }))).unwrap(),
        json!({
            "schemas": [USER, "urn:example:Badge"], "userName": "ada", "password": "s",
            "urn:example:Badge": { "number": "2", "issued": "2020", "pin": "0000", "printed": "yes" },
        })
    );
}

#[test]
fn put_of_what_was_read_changes_nothing_but_id_and_meta() {
    let mut echo = stored();
    echo["id"] = "other".into();
    let mut result = replaced(echo).unwrap();
    result["id"] = "1".into();
    result["meta"] = json!({ "resourceType": "User" });
    assert_eq!(result, stored());
}

#[test]
fn put_sets_write_only_values_and_clears_them_by_null() {
    let badge = |result: Value| result["urn:example:Badge"].clone();
    assert_eq!(badge(replaced(put(json!({ "number": "1", "pin": "1" }))).unwrap())["pin"], "1");
    assert_eq!(badge(replaced(put(json!({ "number": "1", "pin": null }))).unwrap()).get("pin"), None);
    assert_eq!(badge(replaced(put(json!({ "number": "1", "printed": "no" }))).unwrap())["printed"], "yes");
}

#[test]
fn put_may_repeat_an_immutable_value_but_not_change_it() {
    for (badge, found) in [
        (json!({ "number": "1", "issued": "2020" }), "ok"),
        (json!({ "number": "1", "issued": "2021" }), "mutability"),
        (json!({ "number": "1", "issued": null }), "mutability"),
        (json!({ "number": "1", "holder": { "note": "m" } }), "ok"),
        (json!({ "number": "1", "holder": { "since": "2020-01-01T01:00:00+01:00" } }), "ok"),
        (json!({ "number": "1", "holder": { "since": "2021-01-01T00:00:00Z" } }), "mutability"),
    ] {
        assert_eq!(keyword(replaced(put(badge.clone()))), found, "{badge}");
    }
    let unset = json!({ "schemas": [USER], "userName": "ada" });
    let body = put(json!({ "number": "1", "issued": "2021" }));
    let result = replace(&custom_type(), unset.as_object().unwrap(), body, STRICT).unwrap();
    assert_eq!(result["urn:example:Badge"]["issued"], "2021");
}

#[test]
fn put_may_give_a_group_other_members() {
    let current = json!({ "schemas": [GROUP], "displayName": "Tour", "members": [{ "value": "a" }] });
    let body =
        json!({ "schemas": [GROUP], "displayName": "Tour", "members": [{ "value": "b", "display": null }] });
    let result = replace(standard_type("Group"), current.as_object().unwrap(), body, STRICT).unwrap();
    assert_eq!(result["members"], json!([{ "value": "b" }]));
}

#[test]
fn put_without_a_required_value_is_refused() {
    assert_eq!(
        keyword(replaced(
            json!({ "schemas": [USER, "urn:example:Badge"], "urn:example:Badge": { "number": "1" } })
        )),
        "invalidValue"
    );
}

/// RFC 7644 §3.5.1: the example request.
#[test]
fn rfc7644_3_5_1_put() {
    let body = json!({
        "schemas": [USER], "id": "2819c223-7f76-453a-919d-413861904646", "userName": "bjensen", "externalId": "bjensen",
        "name": { "formatted": "Ms. Barbara J Jensen III", "familyName": "Jensen", "givenName": "Barbara", "middleName": "Jane" },
        "roles": [], "emails": [{ "value": "bjensen@example.com" }, { "value": "babs@jensen.org" }],
    });
    let current =
        json!({ "schemas": [USER], "userName": "bjensen", "roles": [{ "value": "admin" }], "title": "x" });
    let result = replace(standard_type("User"), current.as_object().unwrap(), body.clone(), STRICT).unwrap();
    let mut expected = body;
    expected.as_object_mut().unwrap().retain(|name, _| name != "id" && name != "roles");
    assert_eq!(Value::Object(result), expected);
}

/// Whether something unassigned is left anywhere.
fn holds_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty() || items.iter().any(holds_unassigned),
        Value::Object(members) => members.is_empty() || members.values().any(holds_unassigned),
        _ => false,
    }
}

proptest! {
    #[test]
    fn no_body_panics(body in arbitrary_json(), interop in any::<bool>()) {
        let policy = if interop { INTEROP } else { STRICT };
        let mut likely = user(json!({}));
        likely.as_object_mut().unwrap().extend(body.as_object().cloned().unwrap_or_default());
        for body in [body, likely] {
            let _ = create(standard_type("User"), body.clone(), policy);
            let _ = replace(standard_type("User"), stored().as_object().unwrap(), body, policy);
        }
    }

    #[test]
    fn the_canonical_form_is_a_fixed_point_and_holds_nothing_unassigned(body in user_body(), interop in any::<bool>()) {
        let policy = if interop { INTEROP } else { STRICT };
        let schema = standard_type("User");
        if let Ok(resource) = create(schema, body, policy) {
            prop_assert!(!holds_unassigned(&Value::Object(resource.clone())));
            let again = create(schema, Value::Object(resource.clone()), policy).unwrap();
            prop_assert_eq!(&again, &resource);
            let put = replace(schema, &resource, Value::Object(resource.clone()), policy).unwrap();
            prop_assert_eq!(put, resource);
        }
    }
}
