//! Values that do not fit, and paths that lead nowhere.

use serde_json::json;

use super::*;
use crate::protocol::patch::apply::apply_within;
use crate::protocol::policy::Unknown;

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
fn remove_with_a_value_list_is_refused_by_the_strict_reading() {
    let operation = json!([{ "op": "remove", "path": "members", "value": [{ "value": "a" }] }]);
    assert_eq!(outcome(&tour(), operation, STRICT), "invalidValue");
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

#[test]
fn the_work_of_a_request_is_bounded() {
    let list: Vec<_> = (0..100).map(|n| json!({ "value": format!("{n}@x.test"), "type": "work" })).collect();
    let user = with(ada(), json!({ "emails": list }));
    let outcome = |operations: Value, limit: usize| {
        let request = PatchRequest::parse(&message(operations), STRICT).unwrap();
        match apply_within(standard_type("User"), user.as_object().unwrap(), &request, STRICT, limit) {
            Ok(_) => None,
            Err(error) => Some((error.status, error.detail)),
        }
    };
    let filter = "emails[type eq \"work\" and (value ew \"x.test\" or primary eq true)].display";
    let add = json!({ "op": "add", "path": "emails", "value": [{ "value": "n@x.test" }] });
    let table = [
        (json!([{ "op": "replace", "path": filter, "value": "x" }]), 300),
        (json!([add, add]), 100 + 101),
        (
            json!([{ "op": "remove", "path": "emails" }, add, { "op": "replace", "path": "title", "value": "x" }]),
            100,
        ),
    ];
    for (operations, work) in table {
        assert_eq!(outcome(operations.clone(), work), None, "{operations}");
        let (status, detail) = outcome(operations.clone(), work - 1).unwrap();
        assert_eq!(status, 413, "{operations}");
        assert!(detail.contains("`emails`"), "{detail}");
    }
}

#[test]
fn one_value_for_many_elements_is_bounded() {
    let emails: Vec<Value> = (0..2_000).map(|n| json!({ "value": format!("{n}@x") })).collect();
    let user = json!({ "schemas": [USER], "id": "1", "userName": "ada", "emails": emails });
    let replace =
        |length: usize| json!({ "op": "replace", "path": "emails.display", "value": "x".repeat(length) });
    let (after, _) = run(&user, json!([replace(1_000)]), STRICT).unwrap();
    assert_eq!(after["emails"][1_999]["display"].as_str().map(str::len), Some(1_000));
    assert_eq!(run(&user, json!([replace(10_000)]), STRICT).unwrap_err().status, 413);
    // Together, not each.
    let many: Vec<Value> = (0..10).map(|_| replace(1_000)).collect();
    assert_eq!(run(&user, many.into(), STRICT).unwrap_err().status, 413);
}
