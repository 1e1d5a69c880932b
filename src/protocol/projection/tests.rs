use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::protocol::policy::Policy;
use crate::protocol::schema::{Registry, ResourceType, Schema, USER};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const BADGE: &str = "urn:example:badge:1.0";

/// User with the enterprise extension and one that has every value of `returned`, on both levels.
fn registry() -> Registry {
    let standard = Registry::standard();
    let mut schemas: Vec<Schema> = standard.schemas().iter().map(|schema| Schema::clone(schema)).collect();
    schemas.push(
        Schema::from_json(&json!({
            "id": BADGE, "name": "Badge", "description": "",
            "attributes": [
                { "name": "serial", "type": "string", "multiValued": false, "returned": "always" },
                { "name": "pin", "type": "string", "multiValued": false, "returned": "never" },
                { "name": "photo", "type": "string", "multiValued": false, "returned": "request" },
                { "name": "colour", "type": "string", "multiValued": false },
                { "name": "doors", "type": "complex", "multiValued": true, "subAttributes": [
                    { "name": "value", "type": "string", "multiValued": false, "returned": "always" },
                    { "name": "code", "type": "string", "multiValued": false, "returned": "never" },
                    { "name": "map", "type": "string", "multiValued": false, "returned": "request" },
                    { "name": "display", "type": "string", "multiValued": false }
                ] },
                { "name": "audit", "type": "complex", "multiValued": false, "returned": "request", "subAttributes": [
                    { "name": "value", "type": "string", "multiValued": false, "returned": "always" },
                    { "name": "by", "type": "string", "multiValued": false }
                ] }
            ]
        }))
        .unwrap(),
    );
    let user = ResourceType {
        extensions: vec![(ENTERPRISE.into(), false), (BADGE.into(), false)],
        ..standard.by_name("User").unwrap().resource_type.clone()
    };
    Registry::new(schemas, vec![user]).unwrap()
}

fn object(value: Value) -> Resource {
    value.as_object().cloned().unwrap()
}

fn user() -> Resource {
    object(json!({
        "schemas": [USER, ENTERPRISE, BADGE],
        "id": "2819c223",
        "externalId": "bjensen",
        "userName": "bjensen",
        "password": "t1meMa$heen",
        "name": { "familyName": "Jensen", "givenName": "Barbara" },
        "emails": [{ "value": "a@example.com", "type": "work", "primary": true }, { "value": "b@example.com" }],
        "shoeSize": 42,
        "meta": { "resourceType": "User", "version": "W/\"1\"" },
        ENTERPRISE: { "department": "Tours", "manager": { "value": "26118915", "displayName": "John" } },
        BADGE: {
            "serial": "77", "pin": "0000", "photo": "…", "colour": "red",
            "doors": [{ "value": "d1", "code": "9", "map": "m", "display": "Main" }],
            "audit": { "value": "x", "by": "y" }
        }
    }))
}

fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn project(attributes: &[&str], excluded: &[&str]) -> Value {
    let registry = registry();
    let schema = registry.by_name("User").unwrap();
    Value::Object(Projection::new(&list(attributes), &list(excluded), schema).unwrap().apply(&user(), schema))
}

/// The paths of a JSON document, without the always-returned ones of [`user`].
fn paths(value: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, out: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    let key = match key.as_str() {
                        ENTERPRISE => "E",
                        BADGE => "B",
                        key => key,
                    };
                    walk(value, &format!("{path}{}{key}", if path.is_empty() { "" } else { "." }), out);
                }
            }
            Value::Array(elements) if elements.iter().any(Value::is_object) => {
                elements
                    .iter()
                    .enumerate()
                    .for_each(|(at, value)| walk(value, &format!("{path}[{at}]"), out));
            }
            _ => out.push(path.to_owned()),
        }
    }
    let mut out = Vec::new();
    walk(value, "", &mut out);
    for always in ["schemas", "id", "B.serial", "B.doors[0].value"] {
        assert!(out.iter().any(|path| path == always), "{always} is missing in {out:?}");
    }
    out.retain(|path| !["schemas", "id", "B.serial", "B.doors[0].value"].contains(&path.as_str()));
    out
}

#[test]
fn without_parameters_never_and_request_attributes_are_left_out() {
    insta::assert_snapshot!(
        paths(&project(&[], &[])).join(" "),
        @"externalId userName name.familyName name.givenName emails[0].value emails[0].type emails[0].primary emails[1].value shoeSize meta.resourceType meta.version E.department E.manager.value E.manager.displayName B.colour B.doors[0].display"
    );
}

#[test]
fn examples_of_rfc_7644_3_4_2_5_and_3_9() {
    let registry = Registry::standard();
    let schema = registry.by_name("User").unwrap();
    let resource = object(json!({
        "schemas": [USER], "id": "2819c223-7f76-453a-919d-413861904646", "userName": "bjensen",
        "displayName": "Babs", "password": "t1meMa$heen", "meta": { "resourceType": "User" }
    }));
    let apply = |attributes: &[&str], excluded: &[&str]| {
        Value::Object(
            Projection::new(&list(attributes), &list(excluded), schema).unwrap().apply(&resource, schema),
        )
    };
    let id = "2819c223-7f76-453a-919d-413861904646";
    // §3.9, GET /Users/2819c223-7f76-453a-919d-413861904646?attributes=userName; §3.4.2, GET /Users?attributes=userName
    assert_eq!(apply(&["userName"], &[]), json!({ "schemas": [USER], "id": id, "userName": "bjensen" }));
    // §3.4.3, "attributes": ["displayName", "userName"]
    assert_eq!(
        apply(&["displayName", "userName"], &[]),
        json!({ "schemas": [USER], "id": id, "userName": "bjensen", "displayName": "Babs" })
    );
    // §3.14, GET /Users/2819c223-7f76-453a-919d-413861904646?attributes=displayName
    assert_eq!(apply(&["displayName"], &[]), json!({ "schemas": [USER], "id": id, "displayName": "Babs" }));
    // §3.4.2.5: "SHALL have no effect on attributes whose schema `returned` setting is always".
    assert_eq!(
        apply(&[], &["id", "schemas", "userName", "meta"]),
        json!({ "schemas": [USER], "id": id, "displayName": "Babs" })
    );
}

#[test]
fn attributes_selects() {
    for (attributes, expected) in [
        (&["USERNAME"][..], "userName"),
        (&["urn:ietf:params:scim:schemas:core:2.0:user:userName"], "userName"),
        (&["name.givenName"], "name.givenName"),
        (&["name"], "name.familyName name.givenName"),
        (&["name", "name.givenName"], "name.familyName name.givenName"),
        (&["emails.value"], "emails[0].value emails[1].value"),
        (&["emails.type"], "emails[0].type"),
        (&["emails.Type", "emails.primary"], "emails[0].type emails[0].primary"),
        (&[ENTERPRISE], "E.department E.manager.value E.manager.displayName"),
        (&["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"], "E.manager.value"),
        (&["urn:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:User:department"], "E.department"),
        (&["department"], ""),
        (&["bogus", "bogus.sub", "urn:bogus:x", "name.bogus"], ""),
        (&["emails[type eq \"work\"]", "", ":", "a b", "."], ""),
        (&["emails[type eq \"work\"]", "userName"], "userName"),
        (&["password", "urn:example:badge:1.0:pin", "urn:example:badge:1.0:doors.code"], ""),
        (&["shoesize"], "shoeSize"),
        (&["urn:example:badge:1.0"], "B.colour B.doors[0].display"),
        (&["urn:example:badge:1.0:photo"], "B.photo"),
        (&["urn:example:badge:1.0:doors"], "B.doors[0].display"),
        (&["urn:example:badge:1.0:doors.map"], "B.doors[0].map"),
        (&["urn:example:badge:1.0:audit"], "B.audit.value B.audit.by"),
        (&["urn:example:badge:1.0:audit.by"], "B.audit.value B.audit.by"),
    ] {
        assert_eq!(paths(&project(attributes, &[])).join(" "), expected, "{attributes:?}");
    }
}

#[test]
fn excluded_attributes_removes() {
    let all = paths(&project(&[], &[]));
    for (excluded, removed) in [
        (&["userName"][..], &["userName"][..]),
        (&["id", "schemas", "urn:example:badge:1.0:serial"], &[]),
        (&["name.GIVENNAME"], &["name.givenName"]),
        (&["emails.type"], &["emails[0].type"]),
        (&["meta"], &["meta.resourceType", "meta.version"]),
        (&[ENTERPRISE], &["E.department", "E.manager.value", "E.manager.displayName"]),
        (
            &["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"],
            &["E.manager.value", "E.manager.displayName"],
        ),
        (&["urn:example:badge:1.0"], &["B.colour", "B.doors[0].display"]),
        (&["urn:example:badge:1.0:doors.value"], &[]),
        (&["shoeSize"], &["shoeSize"]),
        (&["bogus", "emails[primary eq true]"], &[]),
    ] {
        let mut expected = all.clone();
        expected.retain(|path| !removed.contains(&path.as_str()));
        assert_eq!(paths(&project(&[], excluded)), expected, "{excluded:?}");
    }
}

#[test]
fn the_urn_of_the_base_schema_stands_for_all_of_its_attributes() {
    let selected = paths(&project(&[USER], &[]));
    assert!(
        selected.iter().any(|path| path == "userName") && !selected.iter().any(|path| path.starts_with('E'))
    );
    let rest = paths(&project(&[], &[USER]));
    assert_eq!(
        rest,
        ["E.department", "E.manager.value", "E.manager.displayName", "B.colour", "B.doors[0].display"]
    );
}

#[test]
fn both_parameters_together_are_refused() {
    let registry = registry();
    let schema = registry.by_name("User").unwrap();
    let error = Projection::new(&list(&["id"]), &list(&["id"]), schema).unwrap_err();
    insta::assert_snapshot!(error, @"400 invalidValue: `attributes` and `excludedAttributes` exclude each other: send one of them");
}

#[test]
fn a_write_returns_request_attributes_that_the_client_supplied() {
    let registry = registry();
    let schema = registry.by_name("User").unwrap();
    let body = object(json!({
        "urn:example:badge:1.0": { "PHOTO": "…", "pin": "0000", "doors": [{ "map": "m" }] }
    }));
    let by_body = Names::of_body(&body, schema);
    let by_name = Names::parse(["urn:example:badge:1.0:photo", "urn:example:badge:1.0:doors.map"], schema);
    for supplied in [by_body, by_name] {
        let written = |attributes: &[&str], excluded: &[&str]| {
            let projection = Projection::new(&list(attributes), &list(excluded), schema).unwrap();
            let kept = Value::Object(projection.apply_to_write(&user(), schema, &supplied));
            paths(&kept).into_iter().filter(|path| path.starts_with('B')).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(written(&[], &[]), "B.photo B.colour B.doors[0].map B.doors[0].display");
        assert_eq!(written(&["userName"], &[]), "", "`attributes` overrides the default set");
        assert_eq!(
            written(&[], &["urn:example:badge:1.0:photo"]),
            "B.colour B.doors[0].map B.doors[0].display"
        );
    }
}

#[test]
fn a_patch_supplies_what_its_operations_name_or_hold() {
    let registry = registry();
    let schema = registry.by_name("User").unwrap();
    let supplied = |operation: Value| {
        let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] });
        let request = PatchRequest::parse(&body, &Policy::STRICT).unwrap();
        let names = Names::of_patch(&request, schema);
        let kept = Projection::default().apply_to_write(&user(), schema, &names);
        let kept = paths(&Value::Object(kept));
        let on_request = ["B.photo", "B.doors[0].map", "B.audit.by"];
        kept.into_iter().filter(|path| on_request.contains(&path.as_str())).collect::<Vec<_>>().join(" ")
    };
    for (operation, shown) in [
        (json!({ "op": "add", "path": "title", "value": "T" }), ""),
        (json!({ "op": "add", "path": "urn:example:badge:1.0:PHOTO", "value": "x" }), "B.photo"),
        (json!({ "op": "add", "value": { BADGE: { "photo": "x" } } }), "B.photo"),
        (
            json!({ "op": "add", "path": "urn:example:badge:1.0:doors", "value": [{ "map": "m" }] }),
            "B.doors[0].map",
        ),
        (
            json!({ "op": "add", "path": "urn:example:badge:1.0:doors[value eq \"d1\"].map", "value": "m" }),
            "B.doors[0].map",
        ),
        (json!({ "op": "add", "path": "urn:example:badge:1.0:doors.display", "value": "m" }), ""),
        (json!({ "op": "add", "path": "urn:example:badge:1.0:audit.by", "value": "m" }), "B.audit.by"),
        (json!({ "op": "remove", "path": "urn:example:badge:1.0:audit.value" }), "B.audit.by"),
    ] {
        assert_eq!(supplied(operation.clone()), shown, "{operation}");
    }
}

#[test]
fn extensions_that_no_schema_defines_can_be_selected() {
    let registry = Registry::standard();
    let schema = registry.by_name("User").unwrap();
    let resource = object(json!({ "schemas": [], "id": "1", "urn:x:1": { "a": 1, "b": 2 } }));
    let keys = |attributes: &[&str], excluded: &[&str]| {
        let kept =
            Projection::new(&list(attributes), &list(excluded), schema).unwrap().apply(&resource, schema);
        kept.get("urn:x:1").cloned().unwrap_or(Value::Null)
    };
    assert_eq!(keys(&[], &[]), json!({ "a": 1, "b": 2 }));
    assert_eq!(keys(&["urn:x:1:a"], &[]), json!({ "a": 1 }));
    assert_eq!(keys(&[], &["urn:x:1:a"]), json!({ "b": 2 }));
    assert_eq!(keys(&["userName"], &[]), Value::Null);
    let resource = object(json!({ "schemas": [], "id": "1", "urn:x:y": { "a": 1 } }));
    let whole = Projection::new(&list(&["urn:x:y"]), &[], schema).unwrap().apply(&resource, schema);
    assert_eq!(whole.get("urn:x:y"), Some(&json!({ "a": 1 })));
}

#[test]
fn costly_attributes_are_needed_only_when_asked_for() {
    let registry = Registry::standard();
    let schema = registry.by_name("User").unwrap();
    for (attributes, excluded, needed) in [
        (&[][..], &[][..], true),
        (&["userName"], &[], false),
        (&["Groups"], &[], true),
        (&["groups.value"], &[], true),
        (&[USER], &[], true),
        (&[ENTERPRISE], &[], false),
        (&[], &["groups"], false),
        (&[], &["groups.display"], true),
        (&[], &["userName"], true),
        (&["groups[type eq \"direct\"]"], &[], false),
    ] {
        let projection = Projection::new(&list(attributes), &list(excluded), schema).unwrap();
        assert_eq!(projection.needs("groups"), needed, "{attributes:?} {excluded:?}");
    }
}

proptest! {
    #[test]
    fn secrets_are_never_returned_and_the_minimum_set_always(
        names in proptest::collection::vec(
            prop_oneof![
                "(id|schemas|password|name|emails|shoeSize|meta|userName)(\\.(value|givenName|x))?",
                "urn:example:badge:1.0(:(pin|serial|doors|photo)(\\.(code|value))?)?",
                Just(ENTERPRISE.to_owned()), Just(USER.to_owned()), ".*",
            ],
            0..5,
        ),
        exclude: bool,
    ) {
        let registry = registry();
        let schema = registry.by_name("User").unwrap();
        let (attributes, excluded) = if exclude { (Vec::new(), names) } else { (names, Vec::new()) };
        let projection = Projection::new(&attributes, &excluded, schema).unwrap();
        let supplied = Names::of_body(&user(), schema);
        for kept in [projection.apply(&user(), schema), projection.apply_to_write(&user(), schema, &supplied)] {
            let kept = Value::Object(kept);
            // `paths` checks the minimum set.
            let paths = paths(&kept);
            for secret in ["password", "B.pin", "B.doors[0].code"] {
                prop_assert!(!paths.iter().any(|path| path == secret), "{secret}");
            }
        }
    }
}
